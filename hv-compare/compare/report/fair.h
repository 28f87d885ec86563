/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fair a machine's time was shared out: from how much each instance got to
 * error, lag and Jain's index. Nothing here knows about records or output;
 * every function is a pure function of its arguments.
 *
 * Times are in ns, rates in CPUs.
 */
#ifndef BH_FAIR_H
#define BH_FAIR_H

#include <stddef.h>

/* One instance: what it may have, and what it got. */
struct fair_inst {
	double weight;		/* > 0 */
	double demand;		/* CPUs it could use: threads, but not more than there are */
	double duty;		/* CPUs it wants, if that is less; 0: it is not */
	double floor;		/* CPUs guaranteed, 0: none */
	double cap;		/* CPUs at most, 0: no limit */
	double start;		/* ns: it computes from here on */
	const double *service;	/* ns got until sample k, [n_samples] */
};

struct fair_case {
	double ncpu;
	size_t n;			/* instances */
	const struct fair_inst *inst;
	size_t n_samples;
	const double *t;		/* ns, ascending */
	double self;			/* ns of CPU time that looking at them took */
};

/*
 * Weighted max-min fairness with floors and caps (water-filling): the level L
 * with sum of min(max(weight L, floor), cap) = capacity. Floors that together
 * are more than the capacity are cut in proportion; an instance never gets less
 * than that nor more than its cap. A floor above the cap counts as the cap.
 * weight > 0, cap >= 0. O(n^2).
 */
void fair_fill(size_t n, double capacity, const double *weight, const double *floor,
	       const double *cap, double *out);

/*
 * The longest step between two of n ascending times, less the usual (median) one.
 * The sampler comes before everything else in its machine, so it is only late when
 * the machine itself did not run: a busy host, which the guest's accounts do
 * not show. 0 with fewer than three times.
 */
double fair_late(const double *t, size_t n);

/* (sum x)^2 / (n sum x^2): 1 when all are equal, 1/n when one has it all. */
double fair_jain(const double *x, size_t n);

/* Windows of one length. */
struct fair_err {
	size_t windows;		/* 0: the case is too short for any */
	double max, mean;	/* of |got / entitled - 1| over windows and instances */
};

struct fair_result {
	struct fair_err e1, e10;	/* windows of 1 s and of 10 s */
	double lag;		/* largest |entitled so far - got so far|, ns */
	double jain;		/* lowest of the windows of jain_window */
	double jain_window;	/* ns; 10 s, or the longest phase if that is shorter */
	double rate;		/* CPUs delivered to all, since the first settled, and to
				 * the one who looked at them: that was not lost */
	double floor_got;	/* least of any 1 s window of an instance with a floor, in
				 * parts of the machine; -1: there is none */
	double floor_want;	/* what was guaranteed, in parts of the machine */
	double late;		/* ns: how much longer than usual the longest step was */
	double cap_got;		/* got / allowed in the last 10 s, or the second half of a
				 * case too short for that, when what was saved up below
				 * the cap is spent; -1: there is no cap */
	double cap_window;	/* ns, of how long that is */
};

/*
 * A window counts when every instance in it computes from at least FAIR_SETTLE
 * before its beginning to its end, so that demand does not change within it.
 * Windows begin at every sample. The entitlement of a window is fair_fill() of
 * what was delivered in it, with as much of each demand as the CPUs delivered of
 * themselves; lag adds up the entitlements of single steps.
 * Instances that do not compute yet are no part of a window.
 * Returns 0, or -1 when there are fewer than three samples or no instance.
 */
int fair_judge(const struct fair_case *c, struct fair_result *r);

/* Share of what is delivered between samples a < b that instance i got, and was
 * entitled to; both 0 when nothing was delivered or i does not compute yet. */
void fair_share(const struct fair_case *c, size_t a, size_t b, size_t i, double *got,
		double *entitled);

#define FAIR_SETTLE 50e6
/* A limit is judged by so much time, from so long after it began: held tasks
 * go on when some time has been saved up again, which is 1 % of a short time. */
#define FAIR_LONG 10e9
#define FAIR_SPENT 1e9

#endif
