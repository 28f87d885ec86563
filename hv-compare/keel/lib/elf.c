/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF64 and its notes, from the System V ABI (gABI, chapters 4 and 5) and the
 * AMD64 supplement. See keel/elf.h.
 */
#include <keel/elf.h>

enum {
	PHDR_SIZE = 56,
	PT_LOAD = 1,
	PT_NOTE = 4,
	EM_X86_64 = 62,
};

/* Fields are read bytewise: an image may lie at any address. */
static uint16_t get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const unsigned char *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* True if [off, off + n) lies inside a thing of len bytes. */
static int inside(uint64_t off, uint64_t n, uint64_t len)
{
	return off <= len && n <= len - off;
}

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static void get_phdr(const struct keel_elf *elf, unsigned int i, struct phdr *ph)
{
	const unsigned char *p = elf->img + elf->phoff + (uint64_t)i * PHDR_SIZE;

	ph->type = get32(p);
	ph->flags = get32(p + 4);
	ph->offset = get64(p + 8);
	ph->vaddr = get64(p + 16);
	ph->paddr = get64(p + 24);
	ph->filesz = get64(p + 32);
	ph->memsz = get64(p + 40);
	ph->align = get64(p + 48);
}

int keel_elf_open(struct keel_elf *elf, const void *img, size_t len)
{
	const unsigned char *p = img;
	struct phdr a, b;
	int loads = 0;

	if (len < 64 || memcmp(p, "\177ELF", 4) || p[4] != 2 || p[5] != 1 ||
	    get16(p + 18) != EM_X86_64)
		return -ENOEXEC;
	elf->img = p;
	elf->len = len;
	elf->entry = get64(p + 24);
	elf->phoff = get64(p + 32);
	elf->phnum = get16(p + 56);
	elf->paddr_start = ~0ULL;
	elf->paddr_end = 0;
	if (get16(p + 54) != PHDR_SIZE || elf->phnum == 0)
		return -ENOEXEC;
	if (elf->phnum > KEEL_ELF_MAX_PHDRS ||
	    !inside(elf->phoff, (uint64_t)elf->phnum * PHDR_SIZE, len))
		return -EINVAL;

	for (unsigned int i = 0; i < elf->phnum; i++) {
		get_phdr(elf, i, &a);
		if (a.type != PT_LOAD && a.type != PT_NOTE)
			continue;
		if (!inside(a.offset, a.filesz, len))
			return -EINVAL;
		if (a.type != PT_LOAD || !a.memsz)
			continue;
		if (a.filesz > a.memsz || a.paddr + a.memsz < a.paddr ||
		    a.vaddr + (a.memsz - 1) < a.vaddr)
			return -EINVAL;
		for (unsigned int j = 0; j < i; j++) {
			get_phdr(elf, j, &b);
			if (b.type == PT_LOAD && b.memsz &&
			    a.paddr < b.paddr + b.memsz &&
			    b.paddr < a.paddr + a.memsz)
				return -EINVAL;
		}
		if (a.paddr < elf->paddr_start)
			elf->paddr_start = a.paddr;
		if (a.paddr + a.memsz > elf->paddr_end)
			elf->paddr_end = a.paddr + a.memsz;
		loads++;
	}
	return loads ? 0 : -ENOEXEC;
}

int keel_elf_next(const struct keel_elf *elf, unsigned int *iter,
		  struct keel_elf_seg *seg)
{
	struct phdr ph;

	while (*iter < elf->phnum) {
		get_phdr(elf, (*iter)++, &ph);
		if (ph.type != PT_LOAD || !ph.memsz)
			continue;
		seg->data = elf->img + ph.offset;
		seg->paddr = ph.paddr;
		seg->vaddr = ph.vaddr;
		seg->filesz = ph.filesz;
		seg->memsz = ph.memsz;
		seg->flags = ph.flags & 7;
		return 1;
	}
	return 0;
}

/* A number of 1, 2, 4 or 8 bytes; 0 if the note has another size. */
static int get_number(const unsigned char *desc, uint32_t size, uint64_t *out)
{
	switch (size) {
	case 1: *out = desc[0]; return 1;
	case 2: *out = get16(desc); return 1;
	case 4: *out = get32(desc); return 1;
	case 8: *out = get64(desc); return 1;
	default: return 0;
	}
}

static int get_text(const unsigned char *desc, uint32_t size, char *out, size_t room)
{
	size_t n = 0;

	while (n < size && n + 1 < room && desc[n]) {
		out[n] = (char)desc[n];
		n++;
	}
	out[n] = 0;
	return 1;
}

static void take_note(struct keel_elf_notes *n, uint32_t type,
		      const unsigned char *desc, uint32_t size)
{
	int good;

	switch (type) {
#define NUMBER(t, field) case KEEL_NOTE_##t: good = get_number(desc, size, &n->field); break
#define TEXT(t, field) case KEEL_NOTE_##t: \
	good = get_text(desc, size, n->field, sizeof(n->field)); break
	NUMBER(ENTRY, entry);
	NUMBER(HYPERCALL_PAGE, hypercall_page);
	NUMBER(VIRT_BASE, virt_base);
	NUMBER(PADDR_OFFSET, paddr_offset);
	NUMBER(HV_START_LOW, hv_start_low);
	NUMBER(SUSPEND_CANCEL, suspend_cancel);
	NUMBER(INIT_P2M, init_p2m);
	NUMBER(MOD_START_PFN, mod_start_pfn);
	NUMBER(SUPPORTED_FEATURES, supported_features);
	NUMBER(PHYS32_ENTRY, phys32_entry);
	TEXT(XEN_VERSION, xen_version);
	TEXT(GUEST_OS, guest_os);
	TEXT(GUEST_VERSION, guest_version);
	TEXT(LOADER, loader);
	TEXT(PAE_MODE, pae_mode);
	TEXT(FEATURES, features);
#undef NUMBER
#undef TEXT
	case KEEL_NOTE_L1_MFN_VALID:
		/* One pair or several; the first is what a PV guest uses. */
		good = size >= 16;
		if (good) {
			n->l1_mfn_mask = get64(desc);
			n->l1_mfn_value = get64(desc + 8);
		}
		break;
	default:
		good = type < KEEL_NOTE_COUNT;
	}
	if (good)
		n->present |= 1u << type;
}

int keel_elf_read_notes(const struct keel_elf *elf, struct keel_elf_notes *notes)
{
	struct phdr ph;

	memset(notes, 0, sizeof(*notes));
	for (unsigned int i = 0; i < elf->phnum; i++) {
		get_phdr(elf, i, &ph);
		if (ph.type != PT_NOTE)
			continue;

		const unsigned char *p = elf->img + ph.offset;
		/* Notes of GNU properties are padded to 8, all others to 4. */
		uint64_t pad = ph.align == 8 ? 7 : 3, at = 0;

		/* A rest too small for a header is padding. */
		while (inside(at, 12, ph.filesz)) {
			uint64_t namesz = get32(p + at), descsz = get32(p + at + 4);
			uint32_t type = get32(p + at + 8);
			uint64_t name = at + 12;
			uint64_t desc = (name + namesz + pad) & ~pad;

			if (!inside(name, namesz, ph.filesz) ||
			    !inside(desc, descsz, ph.filesz))
				return -EINVAL;
			if (namesz == 4 && !memcmp(p + name, "Xen", 4))
				take_note(notes, type, p + desc, (uint32_t)descsz);
			at = (desc + descsz + pad) & ~pad;
		}
	}
	return 0;
}
