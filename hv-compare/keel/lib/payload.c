/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot modules: see keel/payload.h. Offsets of the setup header are those of
 * Documentation/arch/x86/boot.rst (payload_offset and payload_length), the
 * size behind the payload is what scripts/Makefile.lib appends to it.
 */
#include <lzma.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#define ZLIB_CONST
#include <zlib.h>

#include <keel/payload.h>

enum format { ELF, XZ, ZSTD, GZIP, LZ4 };

static const struct {
	const char *name;
	unsigned char size, magic[6];
} formats[] = {
	[ELF] = { "elf", 4, "\177ELF" },
	[XZ] = { "xz", 6, "\375" "7zXZ" },
	[ZSTD] = { "zstd", 4, "\x28\xb5\x2f\xfd" },
	[GZIP] = { "gzip", 3, "\x1f\x8b\x08" },
	[LZ4] = { "lz4", 4, "\x02\x21\x4c\x18" },
};

/* No kernel is as big; keeps sizes far from every overflow. */
#define SIZE_LIMIT (1UL << 30)

struct payload {
	const unsigned char *data;
	size_t len;	/* packed, without the size that follows */
	size_t size;	/* unpacked */
	enum format format;
};

static uint32_t get32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int find_format(const unsigned char *p, size_t len)
{
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (len >= formats[i].size &&
		    !memcmp(p, formats[i].magic, formats[i].size))
			return (int)i;
	return -EOPNOTSUPP;
}

static int find_payload(const void *img, size_t len, struct payload *pl)
{
	const unsigned char *p = img;
	int f = find_format(p, len);

	if (f == ELF || f == GZIP) {
		pl->data = p;
		pl->len = len;
	} else {
		uint64_t start, n;

		if (len < 0x250 || memcmp(p + 0x202, "HdrS", 4))
			return -ENOEXEC;
		if ((p[0x206] | p[0x207] << 8) < 0x208)
			return -EOPNOTSUPP;
		/* A count of 0 sectors means 4, for boot loaders of old. */
		start = ((p[0x1f1] ? p[0x1f1] : 4) + 1) * 512ULL + get32(p + 0x248);
		n = get32(p + 0x24c);
		if (start > len || n > len - start || n < 8)
			return -EINVAL;
		pl->data = p + start;
		pl->len = n;
		f = find_format(pl->data, n);
		if (f < 0)
			return f;
	}
	pl->format = (enum format)f;
	if (f == ELF) {
		pl->size = pl->len;
		return 0;
	}
	/* What gzip ends with by itself, the kernel build appends to the others. */
	if (pl->len < 8)
		return -EINVAL;
	pl->size = get32(pl->data + pl->len - 4);
	if (f != GZIP)
		pl->len -= 4;
	return pl->size && pl->size < SIZE_LIMIT ? 0 : -EINVAL;
}

long keel_payload_size(const void *img, size_t len)
{
	struct payload pl;
	int err = find_payload(img, len, &pl);

	return err ? err : (long)pl.size;
}

const char *keel_payload_format(const void *img, size_t len)
{
	struct payload pl;

	return find_payload(img, len, &pl) ? NULL : formats[pl.format].name;
}

/*
 * Work memory, handed out from the front and never taken back: a decoder
 * allocates at its start, and all of it is gone when unpacking ends.
 */
struct arena {
	unsigned char *at;
	size_t left;
};

static void *take(struct arena *a, size_t n)
{
	size_t skip = -(uintptr_t)a->at & 63;
	unsigned char *p = a->at + skip;

	if (skip > a->left || n > a->left - skip)
		return NULL;
	a->at = p + n;
	a->left -= skip + n;
	return p;
}

static void *lzma_take(void *opaque, size_t count, size_t size)
{
	if (size && count > SIZE_LIMIT / size)
		return NULL;
	return take(opaque, count * size);
}

static void lzma_give(void *opaque, void *p)
{
	(void)opaque;
	(void)p;
}

static int unpack_xz(const struct payload *pl, unsigned char *out, struct arena *a)
{
	lzma_allocator alloc = { lzma_take, lzma_give, a };
	uint64_t memlimit = UINT64_MAX;	/* the arena is the limit */
	size_t in = 0, at = 0;

	/*
	 * Check types by number: none, CRC32, SHA-256. The archive's CRC64 needs
	 * its constructor to have run, which a freestanding program does not do.
	 */
	if (pl->len < 12)
		return -EBADMSG;
	if (pl->data[7] != 0 && pl->data[7] != 1 && pl->data[7] != 10)
		return -EOPNOTSUPP;
	switch (lzma_stream_buffer_decode(&memlimit, 0, &alloc, pl->data, &in,
					  pl->len, out, &at, pl->size)) {
	case LZMA_OK:
		return at == pl->size ? 0 : -EBADMSG;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_OPTIONS_ERROR:
		return -EOPNOTSUPP;
	default:
		return -EBADMSG;
	}
}

static int unpack_zstd(const struct payload *pl, unsigned char *out, struct arena *a)
{
	size_t need = ZSTD_estimateDCtxSize(), n;
	void *mem = take(a, need);
	ZSTD_DCtx *ctx = mem ? ZSTD_initStaticDCtx(mem, need) : NULL;

	if (!ctx)
		return -ENOMEM;
	/* All at once, so the output is its own window, however large that is. */
	n = ZSTD_decompressDCtx(ctx, out, pl->size, pl->data, pl->len);
	return !ZSTD_isError(n) && n == pl->size ? 0 : -EBADMSG;
}

static void *zlib_take(void *opaque, unsigned int count, unsigned int size)
{
	return take(opaque, (size_t)count * size);
}

static int unpack_gzip(const struct payload *pl, unsigned char *out, struct arena *a)
{
	z_stream z = {
		.next_in = pl->data, .avail_in = (unsigned int)pl->len,
		.next_out = out, .avail_out = (unsigned int)pl->size,
		.zalloc = zlib_take, .zfree = lzma_give, .opaque = a,
	};

	if (pl->len >= SIZE_LIMIT)
		return -EINVAL;
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return -ENOMEM;
	switch (inflate(&z, Z_FINISH)) {
	case Z_STREAM_END:
		return z.avail_out == 0 ? 0 : -EBADMSG;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

/*
 * One LZ4 block (lz4_Block_format.md): literals, then a copy from what was
 * written, again and again; the last sequence is literals only. Returns bytes
 * written at out, or -EBADMSG. Matches may not reach before `out` itself.
 */
static long lz4_block(const unsigned char *in, size_t inlen,
		      unsigned char *out, size_t room)
{
	size_t i = 0, o = 0;

	while (i < inlen) {
		size_t literals = in[i] >> 4, match = in[i] & 15, offset;
		unsigned char more;

		i++;
		if (literals == 15) {
			do {
				if (i >= inlen)
					return -EBADMSG;
				more = in[i++];
				literals += more;
			} while (more == 255);
		}
		if (literals > inlen - i || literals > room - o)
			return -EBADMSG;
		memcpy(out + o, in + i, literals);
		i += literals;
		o += literals;
		if (i == inlen)
			return (long)o;
		if (inlen - i < 2)
			return -EBADMSG;
		offset = in[i] | (size_t)in[i + 1] << 8;
		i += 2;
		if (match == 15) {
			do {
				if (i >= inlen)
					return -EBADMSG;
				more = in[i++];
				match += more;
			} while (more == 255);
		}
		match += 4;
		if (offset == 0 || offset > o || match > room - o)
			return -EBADMSG;
		/* Source and target overlap when a pattern repeats. */
		for (; match; match--, o++)
			out[o] = out[o - offset];
	}
	return -EBADMSG;
}

/* Legacy frame: magic, then blocks of {packed size u32, data}, 8 MiB unpacked each. */
static int unpack_lz4(const struct payload *pl, unsigned char *out)
{
	size_t i = 4, o = 0;

	while (o < pl->size) {
		size_t n, room = pl->size - o;
		long got;

		if (room > 8UL << 20)
			room = 8UL << 20;
		if (pl->len - i < 4)
			return -EBADMSG;
		n = get32(pl->data + i);
		i += 4;
		if (n > pl->len - i)
			return -EBADMSG;
		got = lz4_block(pl->data + i, n, out + o, room);
		if (got < 0)
			return -EBADMSG;
		/* Only the last block may be short. */
		if ((size_t)got != room)
			return -EBADMSG;
		i += n;
		o += (size_t)got;
	}
	return i == pl->len ? 0 : -EBADMSG;
}

static int unpack(const struct payload *pl, unsigned char *out, struct arena *a)
{
	switch (pl->format) {
	case ELF:
		memcpy(out, pl->data, pl->size);
		return 0;
	case XZ:
		return unpack_xz(pl, out, a);
	case ZSTD:
		return unpack_zstd(pl, out, a);
	case GZIP:
		return unpack_gzip(pl, out, a);
	case LZ4:
		return unpack_lz4(pl, out);
	}
	return -EOPNOTSUPP;
}

#ifndef KEEL_HOSTED
/*
 * What the archives expect of their surroundings, and a hypervisor does not
 * have. The stack protector's canary is at %fs:0x28, so FS must point to
 * something; the allocators are never called, as each decoder was given ours.
 */
static uint64_t canary_area[8];

static uint64_t swap_fs_base(uint64_t base)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0xc0000100u));
	__asm__ volatile("wrmsr" : : "c"(0xc0000100u), "a"((uint32_t)base),
			 "d"((uint32_t)(base >> 32)) : "memory");
	return lo | (uint64_t)hi << 32;
}

__attribute__((weak, noreturn)) void __stack_chk_fail(void);
__attribute__((weak, noreturn)) void __stack_chk_fail(void)
{
	/* A smashed stack cannot be returned on: stop where a debugger sees it. */
	for (;;)
		__asm__ volatile("ud2");
}

/*
 * Weak references of libzstd, tested against NULL. Undefined they would be
 * address 0, which code linked beyond 2 GiB cannot even name.
 */
unsigned long long ZSTD_trace_decompress_begin(const void *ctx);
unsigned long long ZSTD_trace_decompress_begin(const void *ctx)
{
	(void)ctx;
	return 0;
}

void ZSTD_trace_decompress_end(unsigned long long id, const void *trace);
void ZSTD_trace_decompress_end(unsigned long long id, const void *trace)
{
	(void)id;
	(void)trace;
}

__attribute__((weak)) void *malloc(size_t n);
__attribute__((weak)) void *malloc(size_t n)
{
	(void)n;
	return NULL;
}

__attribute__((weak)) void *calloc(size_t n, size_t size);
__attribute__((weak)) void *calloc(size_t n, size_t size)
{
	(void)n;
	(void)size;
	return NULL;
}

__attribute__((weak)) void free(void *p);
__attribute__((weak)) void free(void *p)
{
	(void)p;
}
#endif

int keel_payload_unpack(const void *img, size_t len, void *out, size_t outlen,
			void *work, size_t worklen)
{
	struct arena a = { work, worklen };
	struct payload pl;
	int err = find_payload(img, len, &pl);

	if (err)
		return err;
	if (outlen < pl.size)
		return -ENOSPC;
#ifndef KEEL_HOSTED
	uint64_t fs = swap_fs_base((uintptr_t)canary_area);
#endif
	err = unpack(&pl, out, &a);
#ifndef KEEL_HOSTED
	swap_fs_base(fs);
#endif
	return err;
}
