/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From records to judged numbers.  Output code prints what is in here and
 * computes nothing of its own.
 *
 * Ratios are oriented so that more than 1 always means slower (or costlier)
 * than the baseline: side/baseline for times and counts, baseline/side for
 * rates.
 */
#ifndef BH_ANALYSE_H
#define BH_ANALYSE_H

#include "record.h"
#include "stats.h"

/* Fewer executions than this give a range, not an interval (e.5). */
#define MIN_EXECS_CI 6
/* Runs of the experiment "share" on one page: by number of CPUs, and room. */
#define MAX_SHARE 6
/* "Same" means: the whole interval lies in here (e.5). */
#define SAME_LO 0.97
#define SAME_HI 1.03

struct options {
	const char *baseline;	/* NULL: chosen by itself */
	size_t resamples;
	int width;		/* columns of the terminal table */
	bool ascii;
	const char *beside;	/* records of a second run, or NULL */
};

struct share;
struct many;
struct publist;

enum ivkind {
	IV_NONE,
	IV_CI,		/* 95 % bootstrap interval */
	IV_RANGE,	/* smallest to largest: too few executions for more */
};

struct interval {
	double lo, hi;
	enum ivkind kind;
};

enum verdict { V_NONE, V_SAME, V_SLOWER, V_FASTER, V_UNDECIDED };

const char *verdict_name(enum verdict v);

/* One side against another on one row. */
struct cmp {
	bool has;		/* there is a ratio */
	const char *why_not;	/* when there is none */
	double ratio;
	struct interval iv;
	double p, p_adj;	/* 1 when the interval is a range */
	enum verdict verdict;
	unsigned need;		/* executions that would probably decide; 0 unknown */
	bool paired;
};

struct cell {
	const struct recs *rec;	/* NULL: nothing recorded */
	enum status status;
	const char *why;	/* never NULL when status needs a reason */
	struct hier h;		/* empty unless usable() */
	double median, mad, min, max;
	struct interval iv;
	size_t outliers;
	struct cmp cmp;		/* against the baseline */
};

bool usable(const struct cell *c);

/* Tables in the order of the papers. */
enum group { G_PROC, G_CTX, G_FILE, G_COMM, G_BW, G_LIFE, G_CONTROL, G_MACRO, G_MACRO_NET, G_WEB, G_WEB_NET, G_MANY, G_OTHER, N_GROUPS };
#define G_ALL N_GROUPS	/* the operating system rows: G_PROC to G_BW */

struct group_info {
	const char *key, *title, *what;
	bool counted;	/* part of the overall geometric mean */
};

extern const struct group_info group_info[N_GROUPS + 1];

/* Experiments whose rows are like those of the main run, shown from runs of their own. */
enum extra { EXTRA_MACRO, EXTRA_MACRO_NET, EXTRA_WEB, EXTRA_WEB_NET, N_EXTRA };

struct extra_info {
	const char *name;	/* of the experiment and of the option */
	enum group group;
	const char *words;	/* what a row is, in a sentence */
	const char *note;	/* what the terminal says below its table, or NULL */
};

extern const struct extra_info extra_info[N_EXTRA];

struct row {
	const struct bench *b;
	enum group group;
	bool derived;		/* x.overhead: shown, never compared */
	char *label;		/* words for people */
	struct cell *cell;	/* [run->n_sides] */
};

struct tally {
	size_t rows;		/* rows of the group that are not derived */
	size_t compared;	/* of these, with a ratio */
	size_t n[5];		/* by enum verdict */
	size_t no_result[ST_MISSING + 1];
	bool has;
	double geomean;
	struct interval iv;
	const struct row *worst;	/* largest ratio */
};

enum gate { GATE_TRUSTED, GATE_UNTRUSTED, GATE_UNCHECKED };

struct acceptance {
	const char *name;	/* "patched", "context" */
	int side;		/* -1: not in this run */
	double max_geomean, max_row;
	enum { ACC_MET, ACC_NOT_MET, ACC_NOT_EVALUATED } state;
	const char *why;	/* for ACC_NOT_EVALUATED */
	const struct row **over;	/* rows above max_row */
	size_t n_over, n_missing;
};

struct analysis {
	const struct run *run;
	const struct share *share[MAX_SHARE];	/* runs of how CPUs are shared, share.h */
	int n_share;
	const struct many *many;	/* a run of many instances, many.h, or NULL */
	const struct many *isolate[2];	/* runs with a hostile instance, the same kind */
	int n_isolate;
	const struct publist *published;	/* figures of others, published.h, or NULL */
	const struct analysis *extra[N_EXTRA];	/* each may be NULL */
	const struct analysis *beside;	/* the same sides under another accelerator, or NULL */
	struct options opt;
	int base;		/* index of the baseline side */
	int control;		/* the A/A side or -1 */
	int shown[MAX_SIDES];	/* display order, baseline first, control not in it */
	int n_shown;
	const char *suffix;	/* "up", "smp" or "" */
	struct row *row;	/* in display order */
	size_t n_row;
	struct tally tally[MAX_SIDES][N_GROUPS + 1];

	enum gate gate;
	char *gate_text;
	size_t control_rows, control_close;	/* close: within 0.1 % */
	struct acceptance acc[2];

	/* claim A1: the hypervisor's cost against the context's */
	int claim_vmm, claim_ctx;	/* sides or -1 */
	struct tally claim;
	struct strlist warn;
	size_t min_exec, max_exec, max_boot;	/* over usable cells */
};

/* NULL after one line on stderr (unknown baseline, no sides). */
struct analysis *analyse(const struct run *r, const struct options *opt);
void analysis_free(struct analysis *a);

/*
 * Compare two cells of one bench.  draws has room for `resamples` values and
 * holds the ratios of the resamples when out->iv.kind is IV_CI.  p_adj and the
 * verdict are before Holm.
 */
void compare_cells(const struct cell *x, const struct cell *base, const struct unit *u,
		   bool counted, uint64_t seed, size_t resamples, double *draws, struct cmp *out);
/* Apply Holm to n comparisons of one table: may turn a difference into undecided. */
void apply_holm(struct cmp **c, size_t n);
/* Interval of the geometric mean of comparisons; sum_log: per resample, or NULL. */
void geomean(struct cmp **c, size_t n, double *sum_log, size_t resamples, struct tally *t);

enum group bench_group(const char *id);
/* A string at a dotted path of the side's env record, or "". */
const char *env_string(const struct run *r, int side, const char *path);
json_t *json_path(json_t *o, const char *path);

#endif
