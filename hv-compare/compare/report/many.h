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
#define MAX_HOGS 16

struct many_side {
	int side;
	const char *why;	/* what ended it, or why there is nothing; or NULL */
	unsigned most;		/* instances that were there at once; 0: none */
	bool all;		/* as many as were asked for: there may be room for more */
	struct spread cold;	/* start when nothing is in memory */
	const char *cold_why;	/* there is none; or NULL */
	struct spread (*num)[N_MANY];	/* [many.n_size], over executions */
	/* Beside each kind of nuisance, and why there is no figure, or NULL: */
	struct hog_figure {
		struct spread kept;	/* %, of the work of the worst victim */
		struct spread own;	/* %, of the work of the hostile one itself */
		struct spread back;	/* ns, until all victims are as before */
		const char *why, *own_why, *back_why;
		bool dnr, own_dnr, back_dnr;	/* it ran and did not answer */
	} hog[MAX_HOGS];
};

struct many {
	const struct run *run;
	size_t n_size;		/* 0: the run has no such rows */
	unsigned *size;		/* instances, ascending */
	size_t n_hog;
	char *hog[MAX_HOGS];	/* "cpu", "fork", ... */
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

/* All runs with rows "isolate.": a run of many instances among them. */
#define MAX_ISOLATE 4
struct isolation {
	int n;
	const struct many *m[MAX_ISOLATE];
};

struct analysis;
struct isolation isolation_of(const struct analysis *a);

/*
 * The least that a victim of the sides with this name, without what follows a "-", kept
 * of its work, in %, over all kinds of nuisance and runs; which one is in *hog, and 0 when
 * victims did not answer. -1 when not measured.
 */
double isolation_kept(const struct isolation *iso, const char *stem, const char **hog);

/* That side in the run that has this kind, or NULL; its place in hog[] is in *h. */
const struct many_side *isolation_side(const struct isolation *iso, const char *stem, const char *kind, size_t *h);

/* "context" or "context-up", but not "context-nolimits-up". */
bool many_is_side(const struct many *m, const struct many_side *s, const char *stem);

/* The most instances of side s for which there is such a figure, 0 if for none; it is
 * in *median. */
unsigned many_at_most(const struct many *m, const struct many_side *s, enum many_what w, double *median);

/* Is there such a figure of any side for the size at @i? */
bool many_any(const struct many *m, enum many_what w, size_t i);

/* Kinds of nuisance that no instance of @side was exposed to, in words, or NULL. Owned by the
 * caller. */
char *isolation_untried(const struct isolation *iso, const char *side);

void many_table(const struct many *m, FILE *f, int width, bool ascii);
/* @nth run with such tables on the page, from 0: it is part of their ids. */
void many_html(const struct many *m, FILE *f, int nth);

#endif
