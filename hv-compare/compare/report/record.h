/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading run.jsonl: one JSON object per line, append-only, read in one pass.
 *
 * Rules: unknown keys are ignored; unknown record types are ignored and
 * counted; a missing required key, a wrong type, a second run or a mix of
 * accelerators rejects the file with "file:line: what"; a last line without
 * its newline that does not parse is what a killed run leaves behind, so it is
 * dropped with a warning.
 */
#ifndef BH_RECORD_H
#define BH_RECORD_H

#include "util.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_SIDES 64
/* Instances of one case: more is a mistake in a record. */
#define MAX_INST 1024

enum accel { ACCEL_NONE, ACCEL_KVM, ACCEL_TCG, ACCEL_ICOUNT };

enum status {
	ST_OK,		/* there are samples, or nothing was said */
	ST_SKIP,
	ST_FAIL,
	ST_DNR,		/* did not return a result */
	ST_UNSTABLE,	/* samples count, but are marked */
	ST_INVALID,	/* samples exist and must not be used */
	ST_MISSING,	/* planned, and no record says why it is not there */
	ST_PARTIAL,	/* samples count, but some executions gave none */
};

const char *status_name(enum status s);

/* The closed list of units, and which direction is better. */
enum direction { LOWER_BETTER, HIGHER_BETTER, NO_RATIO };

struct unit {
	const char *name;
	enum direction dir;
};

struct sample {
	double value;
	int boot, exec, inst, iter;
};

/* Everything recorded for one bench on one side. */
struct recs {
	struct sample *s;	/* measured batches only */
	size_t n, cap;
	size_t n_warmup;
	enum status status;	/* from a verdict record */
	char *why;		/* or NULL */
};

struct bench {
	char *id;
	const struct unit *unit;	/* NULL until a sample named it */
	struct recs *by_side[MAX_SIDES];
};

/* What a side says about itself (its file in platforms/); all of it may be missing. */
struct side_info {
	int order;		/* place in the tables; INT_MAX: did not say */
	char *label;		/* words for people, or NULL */
	char colour[8], dark[8];	/* "#rrggbb" or "" */
};

/* How much CPU time one instance of a case got, over time. */
struct series {
	size_t bench;		/* index into run.bench */
	int side, boot, exec, inst, n_inst;
	bool plain;		/* the same load without instances */
	char by[16];		/* what an instance was: cgroup, context, ... */
	double ncpu, weight, threads, floor, cap, start, task_ns;
	double self;		/* ns of CPU time the sampler used meanwhile; 0: not told */
	double duty;		/* CPUs that it wants; 0: all it can get */
	double io_ns;		/* of a disk: service that a request stands for; 0: CPU time */
	double p99;		/* ns, latency of its requests; 0: not told */
	size_t n, room;
	double *t, *service;	/* ns since the start of the case */
	size_t n_sync;		/* of another kind, without samples: so many calls of fsync */
	double sync_ns;		/* and what they took altogether */
};

struct run {
	char *path;		/* as given */
	char sha256[65];
	json_t *head;		/* the run record */
	json_t *env;		/* object: side -> first env record */
	json_t *end;		/* the end record or NULL */
	const char *id, *started, *profile;	/* inside head; profile may be "" */
	enum accel accel;
	int shift;		/* icount_shift, 0 unless tcg-icount */
	bool synthetic;		/* test data, says so on every page */

	char *side[MAX_SIDES];
	struct side_info info[MAX_SIDES];
	int n_sides;
	char *side_why[MAX_SIDES];		/* verdict for bench "*" */
	enum status side_status[MAX_SIDES];
	struct bench *bench;
	size_t n_bench;
	struct series *series;
	size_t n_series;

	/* How big the parts are: objects with "part" and any of text, data, bss, file
	 * (bytes), lines, changed. */
	json_t *footprint;

	double max_load;	/* of the host, as far as the events say; -1 unknown */

	size_t n_samples, n_warmup, n_unknown, n_lines, n_duplicates;
	int max_inst;
	struct strlist warn;

	json_t *bench_ix;	/* id -> index, a library's hash table */
	json_t *side_ix;
};

/*
 * Read the file.  NULL after one line on stderr when it cannot be used.
 * With accel tcg-icount the values of time units are already converted to
 * instructions (one guest nanosecond is 2^-shift instructions).
 */
struct run *run_read(const char *path);
void run_free(struct run *r);

/* The sides in the order of the tables, those with the same place as they came. */
void run_order(const struct run *r, int order[MAX_SIDES]);
int run_side(const struct run *r, const char *name);	/* index or -1 */
const char *accel_name(enum accel a);
bool emulated(const struct run *r);
/* The words every table and figure of this run must carry, or NULL. */
const char *run_banner(const struct run *r);
/* The same without the remark on made-up data, for lines that are short. */
const char *run_banner_short(const struct run *r);

#endif
