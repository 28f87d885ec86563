// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Context switches: a token goes round a ring of processes joined by pipes,
 * and each process sums an array of its own before it passes the token on.
 * One operation is one hop (one switch). The raw cost of a hop is the row; the
 * same pipes and arrays used by one process alone are a row of their own
 * (".overhead") and never subtracted here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"

#define MAX_PROCS 16

static int pipes[MAX_PROCS][2];
static uint64_t *array;
static size_t words;

/* Read anew each time; unrolled, so that the sum is mostly loads and a small
 * part of a hop. All sizes are multiples of the unrolling. */
static uint64_t sum_array(void)
{
	uint64_t s = 0;
	size_t i;

	__asm__ volatile("" : : : "memory");
	for (i = 0; i < words; i += 8)
		s += array[i] + array[i + 1] + array[i + 2] + array[i + 3] +
		     array[i + 4] + array[i + 5] + array[i + 6] + array[i + 7];
	return s;
}

static int open_pipes(struct bench *b)
{
	int i;

	for (i = 0; i < (int)bench_row(b)->a; i++)
		if (pipe2(pipes[i], O_CLOEXEC) != 0)
			return bench_fail(b, "pipe: %s", strerror(errno));
	return 0;
}

/* Each process needs an array that shares no page with another's. */
static int make_array(struct bench *b)
{
	words = (size_t)bench_row(b)->b * 1024 / sizeof(*array);
	array = words ? bench_memory(b, words * sizeof(*array)) : NULL;
	return words && !array ? -1 : 0;
}

/* What a member of the ring does with the token, or the end of file. */
static int hop(int in, int out)
{
	uint32_t token;

	if (read(in, &token, sizeof(token)) != sizeof(token))
		return -1;
	bench_use(sum_array());
	return write(out, &token, sizeof(token)) == sizeof(token) ? 0 : -1;
}

struct member {
	struct bench *b;
	int in, out;
};

static void member_run(void *arg)
{
	struct member *m = arg;

	if (make_array(m->b) != 0)
		_exit(1);
	while (hop(m->in, m->out) == 0)
		;
}

int ctx_setup(struct bench *b)
{
	int n = (int)bench_row(b)->a, i;

	if (open_pipes(b) != 0)
		return -1;
	for (i = 1; i < n; i++) {
		struct member m = {b, pipes[i][0], pipes[(i + 1) % n][1]};

		if (bench_helper(b, member_run, &m) != 0)
			return -1;
	}
	return make_array(b);
}

int ctx_batch(struct bench *b)
{
	uint64_t rounds = bench_ops(b) / (uint64_t)bench_row(b)->a, i, bad = 0;
	uint32_t token = 1;

	/* One round untimed: every member sits in read() afterwards. */
	if (write(pipes[1][1], &token, sizeof(token)) != sizeof(token) ||
	    read(pipes[0][0], &token, sizeof(token)) != sizeof(token))
		return bench_fail(b, "the ring is broken");
	bench_start(b);
	for (i = 0; i < rounds; i++) {
		bad += write(pipes[1][1], &token, sizeof(token)) !=
		       sizeof(token);
		bad += read(pipes[0][0], &token, sizeof(token)) !=
		       sizeof(token);
		bench_use(sum_array());
	}
	bench_stop(b);
	return bad ? bench_fail(b, "the ring is broken") : 0;
}

int ctx_overhead_setup(struct bench *b)
{
	return open_pipes(b) == 0 ? make_array(b) : -1;
}

int ctx_overhead_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	int procs = (int)bench_row(b)->a, at = 0;
	uint32_t token = 1;

	bench_start(b);
	for (i = 0; i < n; i++) {
		bad += write(pipes[at][1], &token, sizeof(token)) !=
		       sizeof(token);
		bad += read(pipes[at][0], &token, sizeof(token)) !=
		       sizeof(token);
		bench_use(sum_array());
		at = at + 1 == procs ? 0 : at + 1;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "a pipe is broken") : 0;
}
