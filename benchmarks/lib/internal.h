/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared between the files of this library only. */
#ifndef BULKHEAD_BENCH_INTERNAL_H
#define BULKHEAD_BENCH_INTERNAL_H

#include <limits.h>
#include <time.h>

#include "bench.h"

enum bench_status { ST_OK, ST_SKIP, ST_FAIL, ST_INVALID };

struct bench_opts {
	const char *dir;
	const char *tmpfs;
	uint64_t batch_ns; /* 0: the fixed operation counts of the rows */
	uint64_t ops_scale;
	unsigned int batches;
	unsigned int warmup;
	uint64_t env_pad;
};

/* One batch as measured. */
struct bench_sample {
	uint64_t ops, ns;
	int64_t minflt, majflt, vol, invol; /* of the row's process */
	int64_t user, sys; /* ns, with those of children that were waited for */
};

/* What the process of a row tells the parent, in memory both share. */
struct bench_result {
	enum bench_status status;
	char why[256];
	unsigned int n_samples; /* warm-up first, then the measured ones */
	struct bench_sample samples[];
};

/* State of the machine that the parent finds out once, before any row. */
struct bench_host {
	int cpu; /* the only CPU used, or -1 when pinning failed */
	bool aslr; /* address space layout is random in spite of us */
	uint64_t tick_ns; /* length of a scheduler tick */
	uint64_t tick_phase; /* CLOCK_MONOTONIC of a tick, modulo tick_ns */
};

/* clock.c */
int clock_choose(void);
const char *clock_name(void);
uint64_t clock_res_ns(void);
uint64_t clock_now(void);
void clock_find_tick(struct bench_host *host);
void clock_settle(const struct bench_host *host);

/* run.c: runs one row in a process of its own, in a new directory that is
 * gone afterwards. @res is shared memory with room for all samples. */
void run_row(const struct bench_row *row, const struct bench_opts *opts,
	     const struct bench_host *host, struct bench_result *res);
/* Number of the signal that asked us to end, or 0. */
extern int run_interrupted;

/* env.c */
const char *env_fs_type(const char *path, char *buf, size_t len);
uint64_t env_fault_around(bool *known);
int env_print(const struct bench_program *program,
	      const struct bench_opts *opts, const struct bench_host *host);

/* standalone.c: programs that are no tables of rows. Print the env record of program
 * @name, which pins nothing; an exit code. */
int env_standalone(const char *name, const struct bench_opts *opts);

/* What the options say that all such programs have. */
struct standalone {
	const char *name;
	void (*help)(void);
	struct bench_opts opts;
	bool list, env;
};

/* For the end of a program's table; its own have values below these. */
enum {
	STANDALONE_DIR = 1000,
	STANDALONE_TMPFS,
	STANDALONE_ENV_PAD,
	STANDALONE_LIST,
	STANDALONE_ENV,
	STANDALONE_HELP,
};
#define STANDALONE_OPTIONS                                              \
	{ "dir", required_argument, NULL, STANDALONE_DIR },             \
	{ "tmpfs", required_argument, NULL, STANDALONE_TMPFS },         \
	{ "env-pad", required_argument, NULL, STANDALONE_ENV_PAD },     \
	{ "list", no_argument, NULL, STANDALONE_LIST },                 \
	{ "env", no_argument, NULL, STANDALONE_ENV },                   \
	{ "help", no_argument, NULL, STANDALONE_HELP }
/* What getopt_long() returned and the program does not know: an option of these, or a
 * mistake (the program's short options begin with ':'). -1, or the status to exit with. */
int standalone_option(struct standalone *s, int opt, char **argv);
/* A wrong command line: a line on standard error; the exit status. */
int standalone_usage(const char *name, const char *what, const char *arg);

/* record.c: print the samples or the verdict of a row; 0, or -1 when the
 * output could not be written. */
int record_row(const struct bench_row *row, const struct bench_opts *opts,
	       const struct bench_host *host, const struct bench_result *res);

#endif
