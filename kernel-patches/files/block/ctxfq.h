/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fair queueing for a device that serves several requests at a time. No locks,
 * no memory, no requests of any particular kind in here: the caller keeps the
 * requests, in lists of its own, one for each flow, and asks which flow may
 * send the next one. See ctxfq.c for what is promised.
 *
 * Every function is called with one lock of the caller held. Time is any clock
 * in ns, which may wrap around.
 */
#ifndef _BLOCK_CTXFQ_H
#define _BLOCK_CTXFQ_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#define CTXFQ_WEIGHT_MIN	1
#define CTXFQ_WEIGHT_DEFAULT	100
#define CTXFQ_WEIGHT_MAX	10000

/* What a request takes, in the three units a rate can be given in. */
enum ctxfq_unit { CTXFQ_TIME, CTXFQ_BYTES, CTXFQ_IOS, CTXFQ_UNITS };

struct ctxfq_cost {
	u64 of[CTXFQ_UNITS];	/* TIME in ns of the device, as estimated */
};

/**
 * struct ctxfq_rate - a reservation or a limit
 * @unit: in which it counts
 * @units: so many units ...
 * @ns: ... in so many ns; both 1 .. 2^40, or @units 0 for no such rate
 * @tag: time at which what was sent so far has been paid for
 * @rem: what was rounded off @tag, in 1/@units ns
 */
struct ctxfq_rate {
	enum ctxfq_unit unit;
	u64 units;
	u64 ns;
	u64 tag;
	u64 rem;
};

enum ctxfq_state {
	CTXFQ_EMPTY,		/* nothing queued */
	CTXFQ_READY,		/* in the tree by start tag, and by reservation */
	CTXFQ_HELD,		/* over its limit; in the tree by limit tag */
};

/* One flow of requests on one device; the fields are for ctxfq.c only. */
struct ctxfq_flow {
	u64 start;		/* start tag of the next request */
	u32 weight;
	u32 start_rem;		/* what was rounded off it, in 1/weight */
	u32 ratio;		/* what requests took by estimate, see ctxfq_complete() */
	struct ctxfq_rate reserve;
	struct ctxfq_rate limit;
	unsigned int queued;
	unsigned int inflight;
	enum ctxfq_state state;
	bool active;
	bool sync;		/* set by the caller: somebody waits for its requests */
	u8 misses;		/* waited for it in vain, in a row */
	u64 left_at;		/* when its last request was done */
	u64 think;		/* mean time from there to its next one, ns */
	u64 arrived_at;		/* when a request came after there was none waiting */
	u64 sent_at;		/* when its last request was sent */
	u64 latency;		/* mean time of those that were alone in the flow, ns */
	bool lonely;		/* the one that came last found no other of the flow */
	bool single;		/* so has been the one under way, and still is */
	u64 idle_since;
	struct list_head idle_node;	/* in idle or away */
	struct rb_node node;
	struct rb_node reserve_node;
};

/* How the depth is found, see ctxfq_set_depth(). */
#define CTXFQ_WINDOWS	8

struct ctxfq_tune {
	bool on;
	bool known;			/* it was found with enough requests */
	bool starting;			/* twice as many as long as that gives more */
	u64 start_rate;			/* with half as many, per second */
	bool probing;			/* only one request at a time, for a while */
	bool growing;			/* a few more than the depth, for a window */
	bool gained;			/* twice as many gave more, this time */
	unsigned int proven;		/* 2: two gave more than one; or 1 */
	u64 probe_since;
	bool slack;			/* in this window requests were too few */
	bool waited;			/* and in it some were kept back */
	bool alone;			/* the one at the device has been so all along */
	u64 alone_since;
	u64 latency;			/* mean of a request alone, ns; 0 unknown */
	u64 latency_sum, latency_quarter, latency_half;
	unsigned int latency_n;
	u64 probe_at;			/* when to measure that again */
	u64 window_at;
	unsigned int done;		/* in this window */
	u64 rate[CTXFQ_WINDOWS];	/* per second; the last full windows */
	unsigned int window;
	unsigned int grow_in, grow_every;	/* windows */
};

/* A device. */
struct ctxfq {
	struct rb_root_cached ready;	/* by start tag */
	struct rb_root_cached reserved;	/* by reservation tag */
	struct rb_root_cached held;	/* by limit tag */
	struct list_head idle;		/* active flows with no request, oldest first */
	struct list_head away;		/* those whose requests are all at the device */
	bool impatient;			/* set by the caller: nobody is waited for */
	bool hasty;			/* and this: all that waits goes, whatever is due */
	struct ctxfq_flow *awaited;	/* one of either; see ctxfq_next() */
	struct ctxfq_flow *kept;	/* the device does nothing because of it */
	u64 kept_since;
	u64 vtime;
	u64 max_start;
	unsigned int depth;
	struct ctxfq_tune tune;
	unsigned int queued;
	unsigned int inflight;
	unsigned int active;		/* flows */
	u64 share;			/* device time per request in flight so far */
	u64 share_at;
};

void ctxfq_init(struct ctxfq *q, unsigned int depth, u64 now);
void ctxfq_set_depth(struct ctxfq *q, unsigned int depth, u64 now);

void ctxfq_flow_init(struct ctxfq_flow *f);
bool ctxfq_flow_exit(struct ctxfq *q, struct ctxfq_flow *f);
int ctxfq_set_weight(struct ctxfq_flow *f, u32 weight);
int ctxfq_set_reserve(struct ctxfq *q, struct ctxfq_flow *f,
		      enum ctxfq_unit unit, u64 units, u64 ns, u64 now);
int ctxfq_set_limit(struct ctxfq *q, struct ctxfq_flow *f,
		    enum ctxfq_unit unit, u64 units, u64 ns, u64 now);

void ctxfq_enqueue(struct ctxfq *q, struct ctxfq_flow *f, u64 now);
void ctxfq_remove(struct ctxfq *q, struct ctxfq_flow *f, u64 now);
struct ctxfq_flow *ctxfq_next(struct ctxfq *q, u64 now);
u64 ctxfq_dispatch(struct ctxfq *q, struct ctxfq_flow *f,
		   const struct ctxfq_cost *cost, u64 now);
u64 ctxfq_complete(struct ctxfq *q, struct ctxfq_flow *f, u64 estimate,
		   u64 stamp, u64 now);
void ctxfq_undo(struct ctxfq *q, struct ctxfq_flow *f, u64 estimate, u64 now);
bool ctxfq_may_hurry(const struct ctxfq *q, const struct ctxfq_flow *f);
u64 ctxfq_hurry(struct ctxfq *q, struct ctxfq_flow *f,
		const struct ctxfq_cost *cost, u64 now);
bool ctxfq_may_send(const struct ctxfq *q, u64 now);
bool ctxfq_has_room(const struct ctxfq *q);
bool ctxfq_wakeup(const struct ctxfq *q, u64 now, u64 *when);

static inline bool ctxfq_has_queued(const struct ctxfq *q)
{
	return q->queued;
}

/* ---- What a request costs ---- */

enum ctxfq_op { CTXFQ_READ, CTXFQ_WRITE, CTXFQ_DISCARD, CTXFQ_OPS };

#define CTXFQ_SIZES	8	/* up to 4 KiB, 8 KiB, ... 256 KiB, and above */

/* Means of what was measured, in ns, and out of how many (stops at 255). */
struct ctxfq_model {
	u64 mean[CTXFQ_OPS][2][CTXFQ_SIZES];	/* [op][sequential][size] */
	u8 seen[CTXFQ_OPS][2][CTXFQ_SIZES];
};

unsigned int ctxfq_size_class(u64 bytes);
u64 ctxfq_estimate(const struct ctxfq_model *m, enum ctxfq_op op, bool seq,
		   u64 bytes);
void ctxfq_learn(struct ctxfq_model *m, enum ctxfq_op op, bool seq, u64 bytes,
		 u64 actual);

#endif /* _BLOCK_CTXFQ_H */
