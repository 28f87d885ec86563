/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:72  Borrowed virtual time: which domain's turn it is. After K. J. Duda and
 * D. R. Cheriton, "Borrowed-Virtual-Time (BVT) scheduling", SOSP 1999.
 *
 * Nothing here knows of processors, locks or clocks: the caller (sched/sched.c, or
 * the test tests/keel/bvttest.c in user space) holds whatever lock protects the
 * queue and says what time it is. What is scheduled is a domain, whatever the
 * number of its vCPUs, so that a domain with more of them has no larger share.
 *
 * A domain's virtual time is the CPU time it had, all its vCPUs together, divided by
 * its weight. The one with the least runs. It keeps the processor until it is ahead
 * of the next one by the context switch allowance. One that was asleep starts at
 * the least virtual time of those that were not (SVT): sleeping earns nothing. A
 * domain that wakes up may warp, that is, appear to be earlier than it is: it is
 * served at once and pays later. How much it may borrow is bounded by `warp`, for
 * how long and how often by `warp_limit` and `warp_window` (L and U in the paper).
 *
 * On several processors a domain cannot use more of them than it has vCPUs, however
 * large its weight. Its virtual time would fall behind without end, and with it SVT.
 * So virtual time passes for it as if its weight were the largest that can be
 * honoured (A. Chandra et al., "Surplus Fair Scheduling", OSDI 2000: weight
 * readjustment), for all others according to theirs.
 *
 * A cap is a bucket: `cap` hundredths of a processor's time flow in, CPU time flows
 * out. When it is empty the domain is held until one BVT_CAP_PERIOD's worth is there;
 * at most BVT_CAP_KEEP of them are kept. What it overdrew comes off the next filling,
 * so in any interval t it gets at most cap/100 * (t + BVT_CAP_KEEP periods), and one
 * slice's overrun.
 */
#ifndef KEEL_BVT_H
#define KEEL_BVT_H

#include <keel/types.h>

/* Nanoseconds of CPU time << BVT_SHIFT, by weight. 2^63 ns with weight 1 fit. */
typedef __int128 vt_t;
#define BVT_SHIFT 40

#define BVT_WEIGHT_MAX 65535U
#define BVT_WEIGHT_DEFAULT 256U
#define BVT_CAP_PERIOD 30000000UL	/* ns; that of Xen's credit scheduler */
#define BVT_CAP_KEEP 2UL

struct bvt {
	vt_t a;			/* actual virtual time */
	u64 rate;		/* virtual time per ns: 2^BVT_SHIFT / effective weight */
	u64 nominal;		/* the same for the weight as it was set */
	u32 weight;
	u32 running, waiting;	/* vCPUs on a processor, and without one */
	bool active;		/* in the queue: some of either, and not held */
	bool warped;
	u64 warp_left;		/* ns it may still run warped in this window */
	u64 warp_since;		/* when the window began */
	/* cap in hundredths of a processor, 0: none; the rest only means something then */
	u32 cap;
	bool held;
	s64 budget;		/* ns * 100 */
	u64 budget_at;		/* when it was that */
	struct bvt *next, *prev;
};

struct bvt_queue {
	struct bvt *head;	/* active ones, in no order */
	vt_t svt;		/* the least virtual time there was; never falls */
	u32 cpus;
	u32 waiting;		/* vCPUs of active domains without a processor */
	bool stale;		/* the set changed since the last bvt_readjust() */
	u64 allowance;		/* ns: C in the paper */
	u64 warp, warp_limit, warp_window;	/* ns: W (of the domain's own time), L, U */
};

void bvt_queue_init(struct bvt_queue *q, u32 cpus, u64 allowance);
void bvt_set_allowance(struct bvt_queue *q, u64 ns);
/* A domain that never ran, weight default, no cap. */
void bvt_init(struct bvt *b);
/* weight 1..BVT_WEIGHT_MAX; from now on. */
void bvt_set_weight(struct bvt_queue *q, struct bvt *b, u32 weight);
/* The bucket starts with one period's worth. A held domain is let go: see bvt_release(). */
void bvt_set_cap(struct bvt_queue *q, struct bvt *b, u32 cap, u64 now);

/*
 * One of its vCPUs wants a processor. Everything that runs must have been charged up
 * to now. woken: it was asleep, not preempted or paused: the domain may warp.
 */
void bvt_wait(struct bvt_queue *q, struct bvt *b, bool woken, u64 now);
/* One that waited does not any more. */
void bvt_unwait(struct bvt_queue *q, struct bvt *b);
/* One that waited runs from now on / one that ran does not. */
void bvt_run(struct bvt_queue *q, struct bvt *b, u64 now);
void bvt_stop(struct bvt_queue *q, struct bvt *b);

/*
 * ns of CPU time used by one of its vCPUs until `now`. True if that used up its cap:
 * it is held from now on, and the caller stops what still runs of it and calls
 * bvt_release() after bvt_held_for().
 */
bool bvt_charge(struct bvt_queue *q, struct bvt *b, u64 ns, u64 now);
/* How long from now until a held domain may go on. */
u64 bvt_held_for(const struct bvt *b, u64 now);
/* True if a held domain is not held any more: its vCPUs that wait are candidates. */
bool bvt_release(struct bvt_queue *q, struct bvt *b, u64 now);

/* Effective virtual time: what domains are compared by. */
vt_t bvt_evt(const struct bvt_queue *q, const struct bvt *b);
/*
 * Whether what waits, at effective virtual time `evt`, should have the processor that
 * runs cur: it is behind by the allowance, or warped and not ahead.
 */
bool bvt_preempts(const struct bvt_queue *q, vt_t evt, bool warped, const struct bvt *cur);
/* ns until what waits at `evt` preempts cur if nothing else happens: 0..allowance. */
u64 bvt_slice(const struct bvt_queue *q, vt_t evt, const struct bvt *cur);
/* ns for which `cur` may run before its cap, if any, is used up. */
u64 bvt_cap_slice(const struct bvt *cur, u64 now);
/* Effective weights anew, if the set changed. All that runs has been charged. */
void bvt_readjust(struct bvt_queue *q);

#endif
