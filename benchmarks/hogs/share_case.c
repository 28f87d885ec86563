// SPDX-License-Identifier: GPL-2.0-or-later
/* The cases: who is to get how much. */
#include <stdlib.h>
#include <string.h>

#include "../lib/words.h"
#include "share.h"

#define PREFIX "share.cpu."

/*
 * The default cases. Weights and thread counts of the goals (1:1, 1:2:4:8,
 * 1:10, one to eight threads), and the ones that a scheduler with one queue per
 * CPU finds hard on two CPUs: sets of single threads that cannot be divided,
 * and unequal numbers of threads.
 */
const struct share_row share_rows[] = {
	{ PREFIX "1-1.t1", "two equal, one thread each" },
	{ PREFIX "1-1.t8", "two equal, eight threads each" },
	{ PREFIX "1-1.t1-4", "two equal, one thread and four" },
	{ PREFIX "1-1-1.t1", "three equal, one thread each" },
	{ PREFIX "3-1.t2-1", "3:1, two threads and one" },
	{ PREFIX "1-2-4-8.t1", "1:2:4:8, one thread each" },
	{ PREFIX "1-2-4-8.t2", "1:2:4:8, two threads each" },
	{ PREFIX "1-2-4-8.t8", "1:2:4:8, eight threads each" },
	{ PREFIX "1-10.t2", "1:10, two threads each" },
	{ PREFIX "1-10.t8", "1:10, eight threads each" },
	{ PREFIX "guarantee", "25 % of the machine guaranteed, beside eight hogs" },
	{ PREFIX "limit", "limited to 25 % of a CPU, beside one hog" },
	{ PREFIX "wake", "1 ms of work every 10 ms, beside eight hogs: how long it waits" },
	{ PREFIX "wake-short", "the same, asking for slices of 0.3 ms (sched_setattr)" },
};

const size_t share_n_rows = sizeof(share_rows) / sizeof(share_rows[0]);

int share_parse(const char *id, unsigned int ncpu, struct share_case *c)
{
	unsigned int weight[MAX_INST], threads[MAX_INST], n_threads, i;

	memset(c, 0, sizeof(*c));
	if (strncmp(id, PREFIX, sizeof(PREFIX) - 1) != 0)
		return -1;
	id += sizeof(PREFIX) - 1;
	if (strcmp(id, "guarantee") == 0) {
		/* The one with the floor is the last to start: it has to get
		 * its part from those that already run. */
		for (i = 0; i < 8; i++)
			c->inst[i] = (struct share_inst){ .weight = 1, .threads = 1 };
		c->inst[8] = (struct share_inst){ .weight = 1,
						  .threads = ncpu < 2 ? 1 : 2,
						  .floor = 0.25 * ncpu,
						  .late = true };
		c->n = 9;
		return 0;
	}
	if (strcmp(id, "limit") == 0) {
		c->inst[0] = (struct share_inst){ .weight = 1, .threads = 2, .cap = 0.25 };
		c->inst[1] = (struct share_inst){ .weight = 1, .threads = ncpu };
		c->n = 2;
		return 0;
	}
	if (strcmp(id, "wake") == 0 || strcmp(id, "wake-short") == 0) {
		for (i = 0; i < 8; i++)
			c->inst[i] = (struct share_inst){ .weight = 1, .threads = 1 };
		c->inst[8] = (struct share_inst){ .weight = 1, .threads = 1, .duty = 0.1 };
		if (strcmp(id, "wake-short") == 0)
			c->inst[8].slice_ns = 300000;
		c->n = 9;
		return 0;
	}
	c->n = word_list(&id, 10000, MAX_INST, weight);
	if (!c->n || strncmp(id, ".t", 2) != 0)
		return -1;
	id += 2;
	n_threads = word_list(&id, MAX_THREADS, MAX_INST, threads);
	if (*id != '\0' || (n_threads != 1 && n_threads != c->n))
		return -1;
	for (i = 0; i < c->n; i++)
		c->inst[i] = (struct share_inst){
			.weight = weight[i],
			.threads = threads[n_threads == 1 ? 0 : i],
		};
	return 0;
}

double share_demand(const struct share_case *c, unsigned int ncpu)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		double d = c->inst[i].threads < ncpu ? c->inst[i].threads : ncpu;

		if (c->inst[i].cap > 0 && c->inst[i].cap < d)
			d = c->inst[i].cap;
		if (c->inst[i].duty > 0 && c->inst[i].duty < d)
			d = c->inst[i].duty;
		sum += d;
	}
	return sum < ncpu ? sum : ncpu;
}
