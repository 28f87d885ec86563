/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of hv-compare/keel/lib on the host, under sanitizers.
 *
 *	keellibtest unit		TAP on stdout
 *	keellibtest wrap IN SIZE OUT	a bzImage OUT around packed data IN
 *	keellibtest unpack IN OUT	what keel_payload_unpack() makes of IN
 *	keellibtest fuzz IN ROUNDS	damaged copies of IN must not do harm
 *	keellibtest kernel IN		IN must unpack to a kernel with Xen notes
 *
 * Buffers end at an inaccessible page: the decoders' archives are not
 * instrumented, and would otherwise overrun unseen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <keel/elf.h>
#include <keel/payload.h>

/* lib.c is compiled with its standard names prefixed, to stand beside libc. */
void *kt_memcpy(void *, const void *, size_t);
void *kt_memmove(void *, const void *, size_t);
void *kt_memset(void *, int, size_t);
int kt_memcmp(const void *, const void *, size_t);
size_t kt_strlen(const char *);
int kt_strcmp(const char *, const char *);
int kt_strncmp(const char *, const char *, size_t);
char *kt_strchr(const char *, int);

static int count, failed;

static void result(int good, const char *what, const char *detail)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, what);
	if (!good) {
		failed = 1;
		if (detail)
			printf("# %s\n", detail);
	}
}

static void die(const char *what, const char *name)
{
	fprintf(stderr, "keellibtest: %s: %s\n", what, name);
	exit(2);
}

/* xorshift64*: the same numbers in every run. */
static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dULL;
}

/* n bytes that end where an inaccessible page begins. */
static unsigned char *guarded(size_t n)
{
	size_t room = (n + 4095) & ~4095UL;
	unsigned char *p = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + room, 4096, PROT_NONE))
		die("no memory", "guarded buffer");
	return p + room - n;
}

static void give_back(unsigned char *p, size_t n)
{
	size_t room = (n + 4095) & ~4095UL;

	munmap(p + n - room, room + 4096);
}

static unsigned char *load(const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	long n;
	unsigned char *p;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
		die("cannot read", name);
	p = guarded((size_t)n);
	if (fread(p, 1, (size_t)n, f) != (size_t)n)
		die("cannot read", name);
	fclose(f);
	*len = (size_t)n;
	return p;
}

static void save(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(name, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		die("cannot write", name);
}

/* ---- memory and strings ------------------------------------------------ */

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_memory(void)
{
	unsigned char a[256], b[256];
	int good = 1;

	for (int round = 0; round < 20000; round++) {
		size_t n = rnd() % 100, x = rnd() % 100, y = rnd() % 100;
		int c = (int)rnd();

		for (size_t i = 0; i < sizeof(a); i++)
			a[i] = b[i] = (unsigned char)rnd();
		good &= kt_memmove(a + x, a + y, n) == a + x;
		memmove(b + x, b + y, n);
		good &= !memcmp(a, b, sizeof(a));
		good &= kt_memset(a + y, c, n) == a + y;
		memset(b + y, c, n);
		good &= !memcmp(a, b, sizeof(a));
		x = 128 + rnd() % 28;
		good &= kt_memcpy(a + x, a + y % 28, n) == a + x;
		memcpy(b + x, b + y % 28, n);
		good &= !memcmp(a, b, sizeof(a));
		memcpy(b, a, sizeof(a));
		if (n && rnd() & 1)
			b[rnd() % n] ^= 0x80;
		good &= sign(kt_memcmp(a, b, n)) == sign(memcmp(a, b, n));
	}
	result(good, "memcpy, memmove, memset, memcmp agree with libc", NULL);
}

static void test_strings(void)
{
	static const char *const s[] = {
		"", "a", "ab", "abc", "abd", "\377", "Xen", "xen-3.0-x86_64p", "b"
	};
	enum { N = sizeof(s) / sizeof(s[0]) };
	int good = 1;

	for (int i = 0; i < N; i++) {
		good &= kt_strlen(s[i]) == strlen(s[i]);
		for (int c = 0; c < 256; c++)
			good &= kt_strchr(s[i], c) == strchr(s[i], c);
		for (int j = 0; j < N; j++) {
			good &= sign(kt_strcmp(s[i], s[j])) == sign(strcmp(s[i], s[j]));
			for (size_t n = 0; n < 5; n++)
				good &= sign(kt_strncmp(s[i], s[j], n)) ==
					sign(strncmp(s[i], s[j], n));
		}
	}
	result(good, "strlen, strcmp, strncmp, strchr agree with libc", NULL);
}

#define FORMAT(...) do { \
	int n1_ = snprintf(want, sizeof(want), __VA_ARGS__); \
	int n2_ = keel_snprintf(got, sizeof(got), __VA_ARGS__); \
	if (n1_ != n2_ || strcmp(want, got)) { \
		snprintf(detail, sizeof(detail), "%s: \"%s\" %d, not \"%s\" %d", \
			 #__VA_ARGS__, got, n2_, want, n1_); \
		good = 0; \
	} } while (0)

static void test_printf(void)
{
	char want[128], got[128], detail[512] = "";
	int good = 1;

	FORMAT("%s", "");
	FORMAT("plain 100%%");
	FORMAT("%d %i %u %x %X", -5, 7, 4000000000u, 0xbeefu, 0xBEEFu);
	FORMAT("%d %d", -2147483647 - 1, 2147483647);
	FORMAT("%ld %lu %lx", -9223372036854775807L - 1, ~0UL, ~0UL);
	FORMAT("%lld %llx %zu", -1LL, 0x123456789abcdefULL, (size_t)42);
	FORMAT("%hhx %hx %hhd", 0x1ff & 0xff, 0x1ffff & 0xffff, -1);
	FORMAT("[%5d][%-5d][%05d][%5s][%-5s][%c]", 42, 42, -42, "ab", "ab", 'x');
	FORMAT("[%08x][%016lx][%8x][%2x]", 0xabcu, 0x1234UL, 0xabcu, 0xabcdefu);
	FORMAT("[%.3s][%.10s][%*d][%-*d][%.*s]", "abcdef", "abc", 6, 1, 6, 2, 2, "xyz");
	FORMAT("[%.5d][%8.5d][%-8.5d]", 42, 42, -42);
	FORMAT("[%#x][%#lx][%#10x][%#010x][%#X][%-#8x]", 0u, 0x12UL, 18u, 18u, 0xabu, 1u);
	FORMAT("[%*d]", -6, 3);
	FORMAT("%d %x %u", 0, 0, 0);
	FORMAT("[%3c][%-3c]", 'a', 'b');
	result(good, "printf agrees with libc", detail);

	/* Formats that the compiler would warn of are kept out of its sight. */
	const char *volatile odd = "%p %s %q";

	keel_snprintf(got, sizeof(got), odd, (void *)0x1234, (char *)NULL);
	result(!strcmp(got, "0x0000000000001234 (null) %q"), "printf's own ways", got);

	odd = "%999999999999999999999d";
	memset(got, 'z', sizeof(got));
	good = keel_snprintf(got, 4, "%s", "abcdef") == 6 && !memcmp(got, "abc\0z", 5);
	good &= keel_snprintf(got, 1, "%d", 12) == 2 && got[0] == 0;
	got[0] = 'q';
	good &= keel_snprintf(got, 0, "%d", 12) == 2 && got[0] == 'q';
	good &= keel_snprintf(NULL, 0, "%2000d", 1) == 2000;
	good &= keel_snprintf(got, sizeof(got), odd, 1) == 4095;
	result(good, "printf stays in its buffer", NULL);
}

/* ---- ELF --------------------------------------------------------------- */

struct builder {
	unsigned char b[8192];
	size_t len;
};

static void put(struct builder *x, size_t at, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		x->b[at + (size_t)i] = (unsigned char)(v >> 8 * i);
}

static void phdr(struct builder *x, int i, uint32_t type, uint64_t off,
		 uint64_t vaddr, uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	size_t at = 64 + 56 * (size_t)i;

	put(x, at, type, 4);
	put(x, at + 4, 5, 4);
	put(x, at + 8, off, 8);
	put(x, at + 16, vaddr, 8);
	put(x, at + 24, paddr, 8);
	put(x, at + 32, filesz, 8);
	put(x, at + 40, memsz, 8);
	put(x, at + 48, 4, 8);
}

static void note(struct builder *x, size_t *at, const char *owner, uint32_t type,
		 const void *desc, uint32_t n)
{
	uint32_t namesz = (uint32_t)strlen(owner) + 1;

	put(x, *at, namesz, 4);
	put(x, *at + 4, n, 4);
	put(x, *at + 8, type, 4);
	memcpy(x->b + *at + 12, owner, namesz);
	*at += 12 + ((namesz + 3) & ~3U);
	memcpy(x->b + *at, desc, n);
	*at += (n + 3) & ~3U;
}

/* Two load segments, an empty one, notes of two owners. */
static void good_image(struct builder *x)
{
	uint64_t entry = 0xffffffff81000100, base = 0xffffffff80000000;
	uint64_t pair[2] = { 1, 1 }, p2m = 0x8000000000;
	size_t at = 4096;

	memset(x, 0, sizeof(*x));
	memcpy(x->b, "\177ELF\2\1\1", 7);
	put(x, 16, 2, 2);
	put(x, 18, 62, 2);
	put(x, 20, 1, 4);
	put(x, 24, entry, 8);
	put(x, 32, 64, 8);
	put(x, 52, 64, 2);
	put(x, 54, 56, 2);
	put(x, 56, 4, 2);
	phdr(x, 0, 1, 0x400, base + 0x1000000, 0x1000000, 0x800, 0x3000);
	phdr(x, 1, 1, 0xc00, 0, 0x1003000, 0x300, 0x300);
	phdr(x, 2, 1, 0, base, 0x5000, 0, 0);
	note(x, &at, "GNU", 3, "0123456789", 10);
	note(x, &at, "Xen", 1, &entry, 8);
	note(x, &at, "Xen", 3, &base, 8);
	note(x, &at, "Xen", 5, "xen-3.0", 8);
	note(x, &at, "Xen", 6, "linux", 6);
	note(x, &at, "Xen", 9, "yes", 4);
	note(x, &at, "Xen", 10, "!writable_page_tables|pae_pgdir_above_4gb", 42);
	note(x, &at, "Xen", 13, pair, 16);
	note(x, &at, "Xen", 15, &p2m, 8);
	note(x, &at, "Xen", 17, "\1\x88\0", 4);
	note(x, &at, "Xen", 14, "\1", 1);
	note(x, &at, "Xen", 2, "123", 3);	/* no size of a number */
	note(x, &at, "Xen", 99, "", 0);
	phdr(x, 3, 4, 4096, 0, 0, at - 4096, 0);
	x->len = at;
}

static int open_at(const struct builder *x, size_t len)
{
	struct keel_elf elf;
	unsigned char *p = guarded(len);
	int err;

	memcpy(p, x->b, len);
	err = keel_elf_open(&elf, p, len);
	give_back(p, len);
	return err;
}

static void test_elf(void)
{
	struct builder x;
	struct keel_elf elf;
	struct keel_elf_seg seg;
	struct keel_elf_notes n;
	unsigned int it = 0;
	int good;

	good_image(&x);
	good = keel_elf_open(&elf, x.b, x.len) == 0;
	result(good && elf.entry == 0xffffffff81000100 &&
	       elf.paddr_start == 0x1000000 && elf.paddr_end == 0x1003300,
	       "a good image is accepted", NULL);
	good = keel_elf_next(&elf, &it, &seg) == 1 && seg.paddr == 0x1000000 &&
	       seg.vaddr == 0xffffffff81000000 && seg.filesz == 0x800 &&
	       seg.memsz == 0x3000 && seg.data == x.b + 0x400 && seg.flags == 5;
	good &= keel_elf_next(&elf, &it, &seg) == 1 && seg.paddr == 0x1003000;
	good &= keel_elf_next(&elf, &it, &seg) == 0;
	good &= keel_elf_next(&elf, &it, &seg) == 0;
	result(good, "load segments, without empty ones", NULL);

	good = keel_elf_read_notes(&elf, &n) == 0;
	result(good && n.entry == elf.entry && n.virt_base == 0xffffffff80000000 &&
	       !strcmp(n.xen_version, "xen-3.0") && !strcmp(n.guest_os, "linux") &&
	       !strcmp(n.pae_mode, "yes") && n.l1_mfn_mask == 1 &&
	       !strcmp(n.features, "!writable_page_tables|pae_pgdir_above_4gb") &&
	       n.init_p2m == 0x8000000000 && n.supported_features == 0x8801 &&
	       n.suspend_cancel == 1, "notes are read", NULL);
	result(n.present == (1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 9 |
			     1u << 10 | 1u << 13 | 1u << 14 | 1u << 15 | 1u << 17) &&
	       keel_elf_has(&n, KEEL_NOTE_ENTRY) &&
	       !keel_elf_has(&n, KEEL_NOTE_HYPERCALL_PAGE),
	       "present says which", NULL);

	/* Each of these is one thing wrong. */
	static const struct { size_t at; uint64_t v; int n, err; const char *what; } bad[] = {
		{ 0, 0x464c457e, 4, -ENOEXEC, "magic" },
		{ 4, 1, 1, -ENOEXEC, "32-bit" },
		{ 5, 2, 1, -ENOEXEC, "big-endian" },
		{ 18, 183, 2, -ENOEXEC, "machine" },
		{ 54, 32, 2, -ENOEXEC, "program header size" },
		{ 56, 0, 2, -ENOEXEC, "no program header" },
		{ 56, 65, 2, -EINVAL, "too many program headers" },
		{ 32, 8000, 8, -EINVAL, "headers outside" },
		{ 32, ~0ULL - 64, 8, -EINVAL, "header offset wraps" },
		{ 64 + 8, 1ULL << 40, 8, -EINVAL, "segment outside" },
		{ 64 + 8, ~0ULL - 0x10, 8, -EINVAL, "segment offset wraps" },
		{ 64 + 32, 0x4000, 8, -EINVAL, "more bytes than memory" },
		{ 64 + 40, ~0ULL, 8, -EINVAL, "memory wraps" },
		{ 64 + 40, 0x3001, 8, -EINVAL, "overlap" },
		{ 64 + 24, ~0ULL - 0x1000, 8, -EINVAL, "physical address wraps" },
		{ 64 + 56 * 3 + 32, 1 << 20, 8, -EINVAL, "notes outside" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char what[80];

		good_image(&x);
		put(&x, bad[i].at, bad[i].v, bad[i].n);
		snprintf(what, sizeof(what), "refused: %s", bad[i].what);
		result(open_at(&x, x.len) == bad[i].err, what, NULL);
	}
	good_image(&x);
	put(&x, 4096, ~0U, 4);
	good = keel_elf_open(&elf, x.b, x.len) == 0;
	result(good && keel_elf_read_notes(&elf, &n) == -EINVAL,
	       "refused: note name outside", NULL);
	good_image(&x);
	put(&x, 4096 + 4, 0xfffffffe, 4);
	good = keel_elf_open(&elf, x.b, x.len) == 0;
	result(good && keel_elf_read_notes(&elf, &n) == -EINVAL,
	       "refused: note text outside", NULL);
	good = 1;
	good_image(&x);
	for (size_t len = 0; len < x.len; len++)
		good &= open_at(&x, len) < 0;
	result(good, "refused: every truncated image", NULL);
}

/* Numbers at which parsers break. */
static uint64_t nasty(void)
{
	static const uint64_t v[] = {
		0, 1, 2, 3, 4, 7, 8, 11, 12, 55, 56, 63, 64, 4095, 4096, 8191, 8192,
		0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, ~0ULL - 4095, ~0ULL - 8, ~0ULL,
	};
	uint64_t r = rnd();

	return r & 1 ? v[(r >> 8) % (sizeof(v) / sizeof(v[0]))] : r >> (r >> 1 & 63);
}

static void test_elf_fuzz(void)
{
	static struct builder x, good;
	long opened = 0, noted = 0, refused = 0;
	volatile unsigned char sink;

	good_image(&good);
	for (int round = 0; round < 100000; round++) {
		struct keel_elf elf;
		struct keel_elf_seg seg;
		struct keel_elf_notes n;
		unsigned int it = 0;
		size_t len = good.len;
		unsigned char *p;

		x = good;
		for (uint64_t i = 1 + rnd() % 3; i; i--) {
			/* Mostly the headers and notes: the rest is only data. */
			size_t at = rnd() & 1 ? rnd() % 288 : 4096 + rnd() % 256;
			int width = 1 << rnd() % 4;

			put(&x, at, nasty(), width);
		}
		if (rnd() % 4 == 0)
			len = rnd() % (len + 1);
		p = malloc(len ? len : 1);
		if (!p)
			die("no memory", "fuzz");
		memcpy(p, x.b, len);
		if (keel_elf_open(&elf, p, len)) {
			refused++;
		} else {
			opened++;
			if (elf.paddr_end <= elf.paddr_start)
				die("broken promise", "bounds of an image");
			while (keel_elf_next(&elf, &it, &seg)) {
				if (seg.filesz > seg.memsz || !seg.memsz ||
				    seg.paddr < elf.paddr_start ||
				    seg.memsz > elf.paddr_end - seg.paddr)
					die("broken promise", "segment");
				for (uint64_t i = 0; i < seg.filesz; i++)
					sink = ((const unsigned char *)seg.data)[i];
			}
			noted += keel_elf_read_notes(&elf, &n) == 0;
		}
		free(p);
	}
	(void)sink;
	printf("# opened %ld, of them with good notes %ld, refused %ld\n",
	       opened, noted, refused);
	result(opened > 1000 && refused > 1000 && noted > 500 && noted < opened,
	       "100000 damaged images do no harm", NULL);
}

/* ---- payloads ---------------------------------------------------------- */

static void test_payload(void)
{
	unsigned char img[0x400];
	struct keel_elf elf;

	memset(img, 0, sizeof(img));
	result(keel_payload_size(img, sizeof(img)) == -ENOEXEC &&
	       keel_payload_size(img, 0) == -ENOEXEC &&
	       !keel_payload_format(img, sizeof(img)), "zeros are no payload", NULL);
	memcpy(img + 0x202, "HdrS\7\2", 6);
	result(keel_payload_size(img, sizeof(img)) == -EOPNOTSUPP,
	       "boot protocol 2.07 is too old", NULL);
	img[0x206] = 8;
	img[0x24c] = 16;
	result(keel_payload_size(img, sizeof(img)) == -EINVAL,
	       "payload outside the image", NULL);
	memset(img + 0x248, 0xff, 8);
	result(keel_payload_size(img, sizeof(img)) == -EINVAL,
	       "payload offset and length wrap", NULL);
	memset(img, 0, sizeof(img));
	memcpy(img, "\177ELF", 4);
	result(keel_payload_size(img, sizeof(img)) == sizeof(img) &&
	       keel_payload_unpack(img, sizeof(img), img + 1, 3, NULL, 0) == -ENOSPC &&
	       keel_elf_open(&elf, img, sizeof(img)) == -ENOEXEC,
	       "an ELF image is its own payload", NULL);
}

static int unpack(const unsigned char *img, size_t len, unsigned char **out, size_t *size)
{
	long n = keel_payload_size(img, len);
	unsigned char *work;
	int err;

	*out = NULL;
	if (n < 0)
		return (int)n;
	*size = (size_t)n;
	*out = guarded(*size);
	work = guarded(KEEL_PAYLOAD_WORK);
	err = keel_payload_unpack(img, len, *out, *size, work, KEEL_PAYLOAD_WORK);
	give_back(work, KEEL_PAYLOAD_WORK);
	if (err) {
		give_back(*out, *size);
		*out = NULL;
	}
	return err;
}

static int do_wrap(const char *in, const char *size, const char *outname)
{
	size_t n;
	unsigned char *data = load(in, &n);
	unsigned long s = strtoul(size, NULL, 10);
	/* One setup sector, and the payload 64 bytes into the rest. */
	size_t start = 1024 + 64, total = start + n + 4;
	unsigned char *p = calloc(1, total);

	if (!p)
		die("no memory", outname);
	p[0x1f1] = 1;
	memcpy(p + 0x202, "HdrS\x0f\2", 6);
	p[0x248] = 64;
	for (int i = 0; i < 4; i++) {
		p[0x24c + i] = (unsigned char)((n + 4) >> 8 * i);
		p[start + n + (size_t)i] = (unsigned char)(s >> 8 * i);
	}
	memcpy(p + start, data, n);
	save(outname, p, total);
	free(p);
	return 0;
}

static int do_unpack(const char *in, const char *outname)
{
	size_t n, size = 0;
	unsigned char *img = load(in, &n), *out;
	int err = unpack(img, n, &out, &size);

	if (err) {
		printf("error %d\n", err);
		return 1;
	}
	printf("%s %zu\n", keel_payload_format(img, n), size);
	save(outname, out, size);
	return 0;
}

static int do_fuzz(const char *in, const char *rounds)
{
	size_t n, size = 0, got;
	unsigned char *img = load(in, &n), *good, *out, *work;
	const char *format = keel_payload_format(img, n);
	long accepted = 0, refused = 0, left = strtol(rounds, NULL, 10);
	int lz4, wrong = 0;

	if (unpack(img, n, &good, &size)) {
		fprintf(stderr, "keellibtest: %s does not unpack\n", in);
		return 1;
	}
	lz4 = !strcmp(format, "lz4");	/* has no check sum */
	work = guarded(KEEL_PAYLOAD_WORK);
	for (; left > 0; left--) {
		size_t len = rnd() % 8 ? n : rnd() % n;
		unsigned char *p = guarded(len);
		long s;

		memcpy(p, img, len);
		for (uint64_t i = 1 + rnd() % 3; i && len; i--) {
			size_t at = rnd() % 4 ? rnd() % len : 0x1f0 + rnd() % 0x60;

			if (at < len)
				p[at] = (unsigned char)(rnd() & 1 ? nasty() : rnd());
		}
		s = keel_payload_size(p, len);
		if (s < 0 || s > 64 << 20) {
			refused++;
		} else {
			got = (size_t)s;
			out = guarded(got);
			if (keel_payload_unpack(p, len, out, got, work, KEEL_PAYLOAD_WORK)) {
				refused++;
			} else {
				accepted++;
				if (!lz4 && !strcmp(format, keel_payload_format(p, len)) &&
				    (got != size || memcmp(out, good, size)))
					wrong++;
			}
			give_back(out, got);
		}
		give_back(p, len);
	}
	printf("%s: accepted %ld, refused %ld, wrong %d\n", format, accepted, refused, wrong);
	return wrong || !accepted || !refused;
}

static int do_kernel(const char *in)
{
	size_t n, size = 0;
	unsigned char *img = load(in, &n), *out;
	struct keel_elf elf;
	struct keel_elf_notes notes;
	int err = unpack(img, n, &out, &size);

	if (!err)
		err = keel_elf_open(&elf, out, size);
	if (!err)
		err = keel_elf_read_notes(&elf, &notes);
	if (err) {
		printf("error %d\n", err);
		return 1;
	}
	printf("%s %zu bytes, entry %#lx, xen %s, base %#lx, features \"%s\" %#lx, present %#x\n",
	       keel_payload_format(img, n), size, notes.entry, notes.xen_version,
	       notes.virt_base, notes.features, notes.supported_features, notes.present);
	return !keel_elf_has(&notes, KEEL_NOTE_ENTRY) ||
	       !keel_elf_has(&notes, KEEL_NOTE_VIRT_BASE) ||
	       strcmp(notes.xen_version, "xen-3.0") != 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "unit")) {
		test_memory();
		test_strings();
		test_printf();
		test_elf();
		test_elf_fuzz();
		test_payload();
		printf("1..%d\n", count);
		return failed;
	}
	if (argc == 5 && !strcmp(argv[1], "wrap"))
		return do_wrap(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "unpack"))
		return do_unpack(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "fuzz"))
		return do_fuzz(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "kernel"))
		return do_kernel(argv[2]);
	fprintf(stderr, "usage: keellibtest unit | wrap IN SIZE OUT | unpack IN OUT | fuzz IN ROUNDS | kernel IN\n");
	return 2;
}
