// SPDX-License-Identifier: GPL-2.0-or-later
/* R:73  Borrowed virtual time: the arithmetic. See bvt.h. */
#include <keel/bvt.h>

static u64 nominal_rate(const struct bvt *b)
{
	return (1UL << BVT_SHIFT) / b->weight;
}

void bvt_set_allowance(struct bvt_queue *q, u64 ns)
{
	q->allowance = ns;
	/*
	 * A domain that wakes up runs at once if it is ahead of who runs by no more
	 * than one allowance of its own, for as long as handling an interrupt and
	 * passing it on takes, a fifth of the time at most: more is computing, for
	 * which it takes its turn.
	 */
	q->warp = ns;
	q->warp_limit = ns / 5;
	q->warp_window = ns;
}

void bvt_queue_init(struct bvt_queue *q, u32 cpus, u64 allowance)
{
	*q = (struct bvt_queue){ .cpus = cpus };
	bvt_set_allowance(q, allowance);
}

void bvt_init(struct bvt *b)
{
	*b = (struct bvt){ .weight = BVT_WEIGHT_DEFAULT };
	b->rate = b->nominal = nominal_rate(b);
}

/* ---- who is in the queue ---- */

static void raise_svt(struct bvt_queue *q)
{
	const struct bvt *b = q->head;
	vt_t least;

	if (!b)
		return;
	for (least = b->a, b = b->next; b; b = b->next)
		if (b->a < least)
			least = b->a;
	if (least > q->svt)
		q->svt = least;
}

/* owed: ns of its time that it may be behind if it comes. */
static void settle_owing(struct bvt_queue *q, struct bvt *b, u64 owed)
{
	bool want = !b->held && b->running + b->waiting;
	vt_t least;

	q->stale = true;
	if (want == b->active)
		return;
	/* Both who comes and who is left behind are measured against those now here. */
	raise_svt(q);
	b->active = want;
	if (!want) {
		if (b->prev)
			b->prev->next = b->next;
		else
			q->head = b->next;
		if (b->next)
			b->next->prev = b->prev;
		q->waiting -= b->waiting;
		b->warped = false;
		return;
	}
	least = q->svt - (vt_t)owed * b->rate;
	if (b->a < least)
		b->a = least;
	b->prev = NULL;
	b->next = q->head;
	if (q->head)
		q->head->prev = b;
	q->head = b;
	q->waiting += b->waiting;
}

static void settle(struct bvt_queue *q, struct bvt *b)
{
	settle_owing(q, b, 0);
}

void bvt_wait(struct bvt_queue *q, struct bvt *b, bool woken, u64 now)
{
	if (b->active)
		q->waiting++;
	b->waiting++;
	settle(q, b);
	if (!woken || b->held)
		return;
	if (now - b->warp_since >= q->warp_window) {
		b->warp_since = now;
		b->warp_left = q->warp_limit;
	}
	b->warped = b->warp_left > 0;
}

void bvt_unwait(struct bvt_queue *q, struct bvt *b)
{
	if (b->active)
		q->waiting--;
	b->waiting--;
	settle(q, b);
}

void bvt_stop(struct bvt_queue *q, struct bvt *b)
{
	b->running--;
	settle(q, b);
}

/* ---- time ---- */

/* What `periods` bring in. */
static s64 inflow(const struct bvt *b, u64 periods)
{
	return (s64)(periods * BVT_CAP_PERIOD * b->cap);
}

/* The bucket at `now` if nothing flowed out since; `cap` flows in every nanosecond. */
static s64 budget_now(const struct bvt *b, u64 now)
{
	s64 most = inflow(b, BVT_CAP_KEEP), start = MIN(b->budget, most);
	u64 t = now - b->budget_at;

	/* Not multiplied before it is known to be small. */
	if (t >= (u64)(most - start) / b->cap + 1)
		return most;
	return start + (s64)(t * b->cap);
}

void bvt_run(struct bvt_queue *q, struct bvt *b, u64 now)
{
	if (b->active)
		q->waiting--;
	b->waiting--;
	/* What flowed over while none of it ran is gone. */
	if (!b->running++ && b->cap) {
		b->budget = budget_now(b, now);
		b->budget_at = now;
	}
}

bool bvt_charge(struct bvt_queue *q, struct bvt *b, u64 ns, u64 now)
{
	u64 t = now - b->budget_at;

	b->a += (vt_t)ns * b->rate;
	if (b->warped) {
		b->warp_left = ns < b->warp_left ? b->warp_left - ns : 0;
		b->warped = b->warp_left > 0;
	}
	if (!b->cap)
		return false;
	/*
	 * What flows over flows over only when all that ran meanwhile has been charged,
	 * that is, when the next interval begins. (Nobody runs for 13 days uncharged.)
	 */
	if (t) {
		b->budget = MIN(b->budget, inflow(b, BVT_CAP_KEEP)) +
			    (s64)(MIN(t, 1UL << 50) * b->cap);
		b->budget_at = now;
	}
	b->budget -= (s64)(ns * 100);
	if (b->held || b->budget > 0)
		return false;
	b->held = true;
	settle(q, b);
	return true;
}

u64 bvt_held_for(const struct bvt *b, u64 now)
{
	s64 missing = b->cap ? inflow(b, 1) - budget_now(b, now) : 0;

	return missing <= 0 ? 0 : ((u64)missing + b->cap - 1) / b->cap;
}

bool bvt_release(struct bvt_queue *q, struct bvt *b, u64 now)
{
	if (!b->held || bvt_held_for(b, now))
		return false;
	b->held = false;
	/*
	 * To be held is not to sleep: it was kept from its share, and a bucket that is
	 * full should be used. What it gets is bounded by the cap.
	 */
	settle_owing(q, b, BVT_CAP_PERIOD);
	return true;
}

void bvt_set_weight(struct bvt_queue *q, struct bvt *b, u32 weight)
{
	vt_t most;

	b->weight = weight;
	b->rate = b->nominal = nominal_rate(b);
	q->stale = true;
	/* What it is ahead by was reckoned with the old weight: no more than an allowance. */
	raise_svt(q);
	most = q->svt + (vt_t)q->allowance * b->rate;
	if (b->a > most)
		b->a = most;
}

void bvt_set_cap(struct bvt_queue *q, struct bvt *b, u32 cap, u64 now)
{
	b->cap = cap;
	b->budget = inflow(b, 1);
	b->budget_at = now;
	bvt_release(q, b, now);
}

/* ---- whose turn ---- */

vt_t bvt_evt(const struct bvt_queue *q, const struct bvt *b)
{
	return b->warped ? b->a - (vt_t)q->warp * b->rate : b->a;
}

bool bvt_preempts(const struct bvt_queue *q, vt_t evt, bool warped, const struct bvt *cur)
{
	vt_t mine = bvt_evt(q, cur);

	return warped ? evt < mine : evt <= mine - (vt_t)q->allowance * cur->rate;
}

u64 bvt_slice(const struct bvt_queue *q, vt_t evt, const struct bvt *cur)
{
	vt_t left = evt - bvt_evt(q, cur) + (vt_t)q->allowance * cur->rate;

	if (left <= 0)
		return 0;
	if (left >= (vt_t)q->allowance * cur->rate)
		return q->allowance;
	/* Now it is less than allowance * rate; to a part in 2^8 at the least. */
	return MIN((u64)(left >> 16) / (cur->rate >> 16), q->allowance);
}

u64 bvt_cap_slice(const struct bvt *cur, u64 now)
{
	s64 left;

	if (!cur->cap)
		return ~0UL;
	left = budget_now(cur, now);
	/* It flows in while it flows out, but that only helps the next look. */
	return left <= 0 ? 0 : (u64)left / (100 * MAX(cur->running, 1U)) + 1;
}

void bvt_readjust(struct bvt_queue *q)
{
	u64 left = q->cpus, weights = 0, speed;
	bool again;

	/* On one processor nobody's weight is too large: rates stay as they are. */
	if (!q->stale || q->cpus == 1)
		return;
	q->stale = false;
	for (struct bvt *b = q->head; b; b = b->next) {
		b->rate = b->nominal;
		weights += b->weight;
	}
	/* Rate 0 marks those found; each takes a processor away from the rest. */
	do {
		again = false;
		for (struct bvt *b = q->head; b; b = b->next) {
			u64 n = MIN(b->running + b->waiting, q->cpus);

			if (!b->rate || b->weight * left <= n * weights)
				continue;
			b->rate = 0;
			left -= n;
			weights -= b->weight;
			again = true;
		}
	} while (again);
	/*
	 * How fast virtual time passes for the rest: so it does for those found. Is
	 * there no rest, any speed will do that is the same for all.
	 */
	speed = weights ? left * (1UL << BVT_SHIFT) / weights :
			  (1UL << BVT_SHIFT) / BVT_WEIGHT_DEFAULT;
	for (struct bvt *b = q->head; b; b = b->next)
		if (!b->rate)
			b->rate = speed / MIN(b->running + b->waiting, q->cpus);
}
