// SPDX-License-Identifier: GPL-2.0-or-later
/* R:11  Reads the multiboot information once and keeps copies. */
#include <keel/boot.h>
#include <keel/console.h>
#include <keel/lib.h>
#include <keel/mm.h>

#define MB_CMDLINE (1 << 2)
#define MB_MODULES (1 << 3)
#define MB_MMAP (1 << 6)

struct mb_module { u32 start, end, string, pad; };

struct e820_entry e820[E820_MAX];
unsigned int e820_count;
struct boot_module boot_module[BOOT_MODULES];
unsigned int boot_modules;

static char strings[8192];
static unsigned int strings_used;
const char *boot_cmdline = "";

/* A copy of the string at `pa`, without its first word (the file's name). */
static const char *keep_args(u64 pa)
{
	const char *s = phys_to_virt(pa);
	char *copy = strings + strings_used;
	size_t n;

	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	n = strlen(s) + 1;
	if (n > sizeof(strings) - strings_used)
		panic("boot: the command lines are longer than %zu bytes", sizeof(strings));
	memcpy(copy, s, n);
	strings_used += n;
	return copy;
}

void multiboot_parse(u32 magic, u64 info)
{
	const struct multiboot_info *mb = phys_to_virt(info);

	if (magic != MULTIBOOT_LOADED)
		panic("boot: not started by a multiboot loader (magic %x)", magic);
	if (mb->flags & MB_CMDLINE)
		boot_cmdline = keep_args(mb->cmdline);
	/* Only now can anything be said. */
	console_init(boot_cmdline);

	if (!(mb->flags & MB_MMAP))
		panic("boot: the loader gave no memory map");
	for (u32 off = 0; off < mb->mmap_length; ) {
		const u32 *size = phys_to_virt(mb->mmap_addr + off);

		if (e820_count < E820_MAX)
			memcpy(&e820[e820_count++], size + 1, sizeof(e820[0]));
		off += *size + 4;
	}

	if (mb->flags & MB_MODULES)
		for (u32 i = 0; i < mb->mods_count && i < BOOT_MODULES; i++) {
			const struct mb_module *m = phys_to_virt(mb->mods_addr + i * sizeof(*m));

			if (m->end < m->start)
				panic("boot: module %u ends before it starts", i);
			boot_module[i].start = m->start;
			boot_module[i].end = m->end;
			boot_module[i].args = m->string ? keep_args(m->string) : "";
			boot_modules++;
		}
}

const char *option_value(const char *name)
{
	size_t n = strlen(name);
	const char *p = boot_cmdline;

	while (*p) {
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return NULL;
}

bool option_flag(const char *name)
{
	size_t n = strlen(name);
	const char *p = boot_cmdline;

	while (*p) {
		if (!strncmp(p, name, n) && (!p[n] || p[n] == ' '))
			return true;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return false;
}

u64 parse_size(const char *s)
{
	u64 v = 0;

	while (*s >= '0' && *s <= '9')
		v = v * 10 + (*s++ - '0');
	switch (*s) {
	case 'G': case 'g': return v << 30;
	case 'M': case 'm': return v << 20;
	case 'K': case 'k': return v << 10;
	default: return v;
	}
}
