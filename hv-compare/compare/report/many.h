/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The experiment "scale": what it takes to have N instances at once, and how many
 * there can be; and what instances keep beside a hostile one. Like share.h: there is no baseline, sides stand beside each other
 * with absolute numbers.
 */
#ifndef BH_MANY_H
#define BH_MANY_H

#include "record.h"
#include "stats.h"

enum many_what {
	MANY_START, MANY_WORK, MANY_MEM, MANY_STOP,
	/* a unit of work of the fastest, the median and the slowest instance */
	MANY_FAST, MANY_MID, MANY_SLOW,
	/* answers: all at rest, at rest beside others that compute, one that computes */
	MANY_REST, MANY_IDLE, MANY_BUSY,
	N_MANY
};

/* Kinds of nuisance of the rows "isolate.", in the order of the tables. */
#define MAX_HOGS 8

struct many_side {
	int side;
	const char *why;	/* what ended it, or why there is nothing; or NULL */
	unsigned most;		/* instances that were there at once; 0: none */
	bool all;		/* as many as were asked for: there may be room for more */
	struct spread cold;	/* start when nothing is in memory */
	const char *cold_why;	/* there is none; or NULL */
	struct spread (*num)[N_MANY];	/* [many.n_size], over executions */
	struct spread kept[MAX_HOGS];	/* %, of the work of the worst victim */
	const char *hog_why[MAX_HOGS];	/* there is none; or NULL */
};

struct many {
	const struct run *run;
	size_t n_size;		/* 0: the run has no such rows */
	unsigned *size;		/* instances, ascending */
	size_t n_hog;
	const char *hog[MAX_HOGS];	/* "cpu", "fork", ... */
	size_t n_side;
	struct many_side *s;	/* in the order of sides */
	/* Places in s: the context and the hypervisor that it is held against; -1. */
	int context, vmm;
	size_t common;		/* place in size: the largest that all who ran had */
};

/* Never fails. */
struct many *many_make(const struct run *r);
void many_free(struct many *m);

/*
 * How many times as many contexts as domains there were; *at_least when more
 * contexts may have had room. 0 when it cannot be said.
 */
double many_ratio(const struct many *m, bool *at_least);

/*
 * The least that a victim of side s kept of its work, in %, over all kinds of nuisance;
 * which one is in *hog. -1 when not measured.
 */
double many_kept(const struct many *m, int s, const char **hog);

/* The most instances of side s for which there is such a figure, 0 if for none; it is
 * in *median. */
unsigned many_at_most(const struct many *m, const struct many_side *s, enum many_what w, double *median);

/* Is there such a figure of any side for the size at @i? */
bool many_any(const struct many *m, enum many_what w, size_t i);

/* Kinds of nuisance that no side was exposed to, in words, or NULL. Owned by the caller. */
char *many_untried(const struct many *m);

void many_table(const struct many *m, FILE *f, int width, bool ascii);
void many_html(const struct many *m, FILE *f);

#endif
