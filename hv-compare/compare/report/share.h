/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The experiment "share": from the series of a run to judged cases. Like
 * analyse.h, but there is no baseline: each side is held against what its
 * instances were entitled to.
 */
#ifndef BH_SHARE_H
#define BH_SHARE_H

#include "fair.h"
#include "record.h"
#include "stats.h"

enum share_goal { GOAL_NONE, GOAL_MET, GOAL_MISSED };

/* A figure of a case that has a goal. */
enum share_what {
	SH_E1,		/* worst error over 1 s */
	SH_E10,		/* worst error over 10 s */
	SH_EALL,	/* of writers of files: error over all that was measured */
	SH_LAG,		/* ns */
	SH_JAIN,
	SH_WC,		/* delivered / delivered to the same load without instances */
	SH_FLOOR,	/* least part of the machine in any second, where guaranteed */
	SH_CAP,		/* got / allowed, where limited */
	SH_RATE,	/* of a disk: requests done in a second, all together */
	SH_P99,		/* ns: p99 latency of the one that has one request at a time */
	SH_SYNC,	/* ns: mean time of an fsync, beside a writer */
	SH_SYNC_X,	/* that, against the same alone */
	N_SHARE,
};

struct share_info {
	const char *key, *title, *what;
};

extern const struct share_info share_info[N_SHARE];

/* One case on one side. */
struct share_cell {
	int side;
	const char *by;			/* what an instance was */
	size_t repeats;
	enum status status;		/* ST_OK: there is at least one repeat */
	const char *why;
	struct spread num[N_SHARE], mean1;	/* over the repeats */
	enum share_goal goal[N_SHARE];	/* of the median */
	double goal_value[N_SHARE];
	double late;		/* ns, worst of the repeats: fair_late() */
	double clocks_off;	/* largest |instance's accounting / its tasks' clocks - 1| */
	/* The first repeat, for the figure; n == 0: none. Points into the run. */
	struct fair_case example;
	struct fair_inst *example_inst;	/* owned */
};

struct share_case {
	const struct bench *b;
	char *label;		/* owned: "weights 1:2:4:8, 2 threads each" */
	size_t n_cell;
	struct share_cell *cell;	/* in the order of sides */
};

struct share {
	const struct run *run;
	size_t n_case;
	struct share_case *c;
	double ncpu;
	bool disk;		/* a disk is shared, not CPUs */
	double late;		/* ns, worst of all cases */
	double max_load;	/* of the host while it was measured; -1 unknown */
};

/* Samples later than this: the host was too busy. That is a twentieth of what a
 * share of 20 % gets in a second. */
#define SHARE_LATE 10e6
/* Should a reader not believe these numbers? Then no goal is judged by them. */
bool share_disturbed(const struct share *s, const struct share_cell *c);

/* Never fails; n_case is 0 when the run has no such series. */
struct share *share_make(const struct run *r);
void share_free(struct share *s);

/* "3.2 %" and the like. */
void share_fmt(char *buf, size_t n, enum share_what w, double v);
/* Smallest to largest of the repeats, "3.9..6.0 %", or "-". */
void share_fmt_range(char *buf, size_t n, enum share_what w, const struct spread *x);

void share_table(const struct share *s, FILE *f, int width, bool ascii);
void share_html(const struct share *s, FILE *f);
/* One object a line, t "share". */
void share_summary(const struct share *s, FILE *f);
/* Share over time against the entitlement, one panel a side. */
void svg_share(const struct share *s, const struct share_case *c, FILE *f);

#endif
