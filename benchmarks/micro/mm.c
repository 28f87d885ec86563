// SPDX-License-Identifier: GPL-2.0-or-later
/* Address spaces: mapping, touching, faulting. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "rows.h"

#define PAGE 4096UL

/* The touching loops stay out of the sanitizers' sight: their shadow memory
 * would fault as well, and faults are what we count. */
#define PLAIN __attribute__((noinline, no_sanitize("address", "undefined")))

static PLAIN void touch_write(char *p, size_t n, size_t stride)
{
	size_t i;

	for (i = 0; i < n; i++)
		*(volatile char *)(p + i * stride) = 1;
}

static PLAIN void touch_read(const char *p, size_t n, size_t stride)
{
	size_t i;

	for (i = 0; i < n; i++)
		bench_use((uint64_t) * (const volatile char *)(p + i * stride));
}

static int file = -1;

/*
 * A file of @len bytes, the first @cached of them in the page cache. It is one
 * hole: reading it fills the cache with clean pages and no block is ever
 * written, so there is no write-back to fall into a batch. Read page by page
 * as "random", for a cache of single pages: newer kernels read ahead in larger
 * units, and a fault maps the unit.
 */
static int make_file(struct bench *b, size_t len, size_t cached)
{
	static char buf[PAGE];
	size_t at;

	file = open("f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, (off_t)len) != 0)
		return bench_fail(b, "make a file: %s", strerror(errno));
	errno = posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
	if (errno != 0)
		return bench_fail(b, "posix_fadvise: %s", strerror(errno));
	for (at = 0; at < cached; at += sizeof(buf))
		if (pread(file, buf, sizeof(buf), (off_t)at) !=
		    (ssize_t)sizeof(buf))
			return bench_fail(b, "read: %s", strerror(errno));
	return 0;
}

#define MMAP_STRIDE 16384UL

/* Bytes at the beginning of a mapping that mm.mmap touches: a tenth. */
static size_t mmap_touched(size_t len)
{
	return len / 10 / MMAP_STRIDE * MMAP_STRIDE;
}

int mmap_setup(struct bench *b)
{
	size_t len = (size_t)bench_row(b)->a << 20;

	return make_file(b, len, mmap_touched(len) + 65536);
}

int mmap_batch(struct bench *b)
{
	size_t len = (size_t)bench_row(b)->a << 20;
	size_t touches = mmap_touched(len) / MMAP_STRIDE;
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			       file, 0);

		if (p == MAP_FAILED) {
			bad++;
			continue;
		}
		touch_read(p, touches, MMAP_STRIDE);
		bad += munmap(p, len) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "mmap or munmap failed") : 0;
}

/* Pages per mapping in mm.fault.anon. */
#define ANON_PAGES 1024UL

int fault_anon_batch(struct bench *b)
{
	uint64_t left = bench_ops(b);

	while (left) {
		size_t n = left < ANON_PAGES ? left : ANON_PAGES;
		char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return bench_fail(b, "mmap: %s", strerror(errno));
		bench_start(b);
		touch_write(p, n, PAGE);
		bench_stop(b);
		munmap(p, n * PAGE);
		left -= n;
	}
	return 0;
}

#define FAULT_FILE (16UL << 20)

static size_t around;

int fault_file_setup(struct bench *b)
{
	bool known;

	around = env_fault_around(&known);
	if (around > FAULT_FILE)
		return bench_skip(b, "fault_around_bytes is %zu", around);
	if (around < PAGE)
		around = PAGE;
	return make_file(b, FAULT_FILE, FAULT_FILE);
}

int fault_file_batch(struct bench *b)
{
	const size_t max = FAULT_FILE / around;
	uint64_t left = bench_ops(b);

	while (left) {
		size_t n = left < max ? left : max;
		/* As many bytes as get touched: a fault maps what lies around
		 * it, and the work for a page is the row's. */
		char *p =
			mmap(NULL, n * around, PROT_READ, MAP_SHARED, file, 0);

		if (p == MAP_FAILED)
			return bench_fail(b, "mmap: %s", strerror(errno));
		bench_start(b);
		touch_read(p, n, around);
		bench_stop(b);
		munmap(p, n * around);
		left -= n;
	}
	return 0;
}
