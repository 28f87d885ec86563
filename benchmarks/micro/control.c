// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows that must be the same on every side: no kernel work in them. */
#include <stdlib.h>

#include "rows.h"

int empty_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;

	bench_start(b);
	for (i = 0; i < n; i++)
		bench_use(i);
	bench_stop(b);
	return 0;
}

/* Three arrays of 4 MiB: beyond the second-level cache, and small enough for
 * a guest of 384 MiB. */
#define TRIAD_LEN (4UL * 1024 * 1024 / sizeof(double))

/* Elements that one operation of mem.triad handles; main.c's bytes follow. */
#define TRIAD_CHUNK 4096UL

static double *triad[3];

int triad_setup(struct bench *b)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		triad[i] = bench_memory(b, TRIAD_LEN * sizeof(double));
		if (!triad[i])
			return -1;
	}
	for (i = 0; i < TRIAD_LEN; i++) {
		triad[1][i] = (double)i;
		triad[2][i] = 1.0;
	}
	return 0;
}

int triad_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), k, i;
	size_t at = 0;

	bench_start(b);
	for (k = 0; k < n; k++) {
		double *x = triad[0] + at, *y = triad[1] + at,
		       *z = triad[2] + at;

		for (i = 0; i < TRIAD_CHUNK; i++)
			x[i] = y[i] + 3.0 * z[i];
		__asm__ volatile("" : : : "memory");
		at = (at + TRIAD_CHUNK) % TRIAD_LEN;
	}
	bench_stop(b);
	if (triad[0][1] != triad[1][1] + 3.0)
		return bench_fail(b, "the arithmetic is wrong");
	return 0;
}

/* One cache line; loads are a line apart, in random order, so that neither
 * width nor prefetching helps. */
struct line {
	struct line *next;
	char pad[64 - sizeof(struct line *)];
};

static struct line *chase;

/* A fixed sequence (xorshift64), for the same order in each execution. */
static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

int chase_setup(struct bench *b)
{
	size_t n = (size_t)bench_row(b)->a * 1024 / sizeof(struct line), i;
	uint64_t seed = 88172645463325252ULL;
	struct line *mem = bench_memory(b, n * sizeof(struct line));
	struct line *p;

	if (!mem)
		return -1;
	for (i = 0; i < n; i++)
		mem[i].next = &mem[i];
	/* Sattolo's shuffle: always one cycle through all lines. */
	for (i = n - 1; i > 0; i--) {
		size_t j = next_random(&seed) % i;
		struct line *t = mem[i].next;

		mem[i].next = mem[j].next;
		mem[j].next = t;
	}
	for (i = 1, p = mem->next; p != mem; p = p->next)
		i++;
	if (i != n)
		return bench_fail(b, "the chain has %zu of %zu lines", i, n);
	chase = mem;
	return 0;
}

int chase_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;
	struct line *p = chase;

	bench_start(b);
	for (i = 0; i < n; i++)
		p = p->next;
	bench_use((uintptr_t)p);
	bench_stop(b);
	chase = p; /* go on where we are: not the same few lines again */
	return 0;
}
