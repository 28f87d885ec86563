// SPDX-License-Identifier: GPL-2.0
/*
 * Start-time fair queueing with depth, SFQ(D), with reservations and limits.
 *
 * SFQ: Goyal, Vin, Cheng, "Start-time Fair Queuing", SIGCOMM 1996. With D
 * requests at the device: Jin, Chase, Kaur, "Interposed Proportional Sharing for
 * a Storage Service Utility", SIGMETRICS 2004. Reservation and limit as tags in
 * real time: Gulati, Merchant, Varman, "mClock", OSDI 2010. Tags are kept for
 * each flow's next request only, not for each request.
 *
 * What is promised, for costs as they are charged:
 *
 * - While flows i and j both have requests waiting, what is done for them
 *   differs by |Wi/wi - Wj/wj| <= (D + 1) * (ci/wi + cj/wj), with W the cost of
 *   completed requests, w the weight, c the largest request.
 * - A flow with something waiting and a reservation gets at least that, if the
 *   reservations add up to less than the device can do.
 * - A flow never gets more than its limit, plus CTXFQ_BURST_NS worth of it once.
 * - Nothing waits while fewer than D requests are at the device, unless all that
 *   wait are over their limits, or the device is kept for a flow that is behind,
 *   sends one request at a time, and would get more without the others.
 * - Nothing waits at all while the caller says that all has to go (hasty); what is
 *   sent by that counts as ever.
 *
 * Reserved service counts in the share: a flow gets the larger of the two. A
 * flow that gets more by reservation than by weight would collect a start tag
 * far ahead of the others, and stand still when the reservation ends; the lead
 * stops at CTXFQ_LEAD_NS. The same holds for what is sent out of turn.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include "ctxfq.h"
#include "../kernel/vserver/alg/wide.h"

/*
 * Start tags are device time * 2^7 / weight. With the remainder kept they are
 * exact; the 7 bits order flows of large weight. At weight 1 two tags can be
 * compared as long as they are less than 2 years of device time apart.
 */
#define VTIME_SHIFT	7

/* One request, in ns: more than a minute is a device that is not there. */
#define COST_MAX	BIT_ULL(36)

/* How far ahead of the others a flow can get by reservation or urgency. */
#define CTXFQ_LEAD_NS	BIT_ULL(30)

/* And how far for it to have more urgent requests. */
#define CTXFQ_DEBT_NS	100000000ULL

/* A reservation that could not be met is made up for this much time, not more. */
#define CTXFQ_CATCH_UP_NS	100000000ULL

/* Unused limit that can be saved: one tick of the slowest clock, so that a timer
 * that fires late costs nothing.
 */
#define CTXFQ_BURST_NS	10000000ULL

/*
 * A flow without requests is counted as present for so long, because a reader
 * that sends one request at a time is without one most of the time: if the
 * device were filled up in its pauses, it would wait for all of that.
 */
#define CTXFQ_IDLE_NS	100000000ULL

/*
 * Depth found by measuring: as many requests as are at the device on average when
 * it does all it can and each is served as quickly as if it were alone (the
 * product of bandwidth and delay that BBR keeps in flight; Cardwell et al., ACM
 * Queue 2016), and a quarter more so that one sees if there is more to be had.
 */
#define TUNE_MOST	4096U
#define TUNE_WINDOW_NS	100000000ULL
/*
 * At first one at a time, then twice as many as long as that gives a quarter more;
 * a window ends when everything at the device has changed a few times.
 */
#define TUNE_START_NS	10000000ULL
#define TUNE_START_TURNS	4U
/*
 * A flow that is alone may send four times the depth: some devices gain a little
 * from a deep queue, but whoever comes next has to wait for all of it.
 */
#define TUNE_ALONE	4U
#define TUNE_RATE_MOST	BIT_ULL(32)
/*
 * Of a latency; the better half of them, because one may have met a hiccup. Half as many
 * do if both halves of those agree within an eighth.
 */
#define TUNE_SAMPLES	32U
/*
 * One request at a time costs something on a parallel device: 16 or 32 in 5 s, or if
 * they take long, in fifty times what they take.
 */
#define TUNE_PROBE_NS	5000000000ULL
#define TUNE_PROBE_PART	50
/*
 * On a device that gains nothing from a second request, one at a time: whoever
 * sends single requests then waits for one other at most. Below one and a half it
 * may as well be noise.
 */
#define TUNE_SERIAL_PERCENT	150
/*
 * Where a request takes less time than the CPU needs to send the next one, rate and
 * latency are the CPU's, and one at a time would cost a switch to the thread that sends
 * for each. So what takes so long may always be there, up to so many.
 */
#define TUNE_LEAST_NS	200000ULL
#define TUNE_LEAST_MOST	8ULL
/* Windows between two with more than the depth; up to eight times if in vain. A
 * tenth more is not.
 */
#define TUNE_GROW_EVERY	8U

/*
 * Waiting for a flow that sends one request at a time: without it, whoever has
 * requests waiting gets the device in each of its pauses, and so half of it,
 * whatever the weights. Not idling as CFQ did, but only once the flow is behind by
 * more than a few requests of its service (FlashFQ, Shen and Park, USENIX ATC 2013),
 * or 8 ms if that is less or nothing is known; it may be behind by twice that, or
 * waiting would never begin.
 */
#define WAIT_LEAD_NS		8000000ULL
#define WAIT_LEAD_REQUESTS	4U
/* Twice its usual pause, and for whom that is more, not at all. */
#define WAIT_MOST_NS		4000000ULL
#define WAIT_LEAST_NS		200000ULL
#define WAIT_MISSES		3
/*
 * On a device that does more at a time, others are served in its pauses; there
 * it is waited for only if its requests take a tenth longer than one that is alone,
 * that is if the others keep it from what it could have, and only with what is at
 * the device beyond the product of bandwidth and delay. For one under way no longer
 * than four times its usual time: it may have met an error.
 */
#define WAIT_DEPTH		2
#define WAIT_SERVED_NS		100000000ULL

/* Mean of what a flow's requests took, by what was expected: within these, as all. */
#define RATIO_SHIFT	16
#define RATIO_LOW	(3U << (RATIO_SHIFT - 2))
#define RATIO_HIGH	(5U << (RATIO_SHIFT - 2))

/* Fixed point of the device's time per request in flight. */
#define SHARE_SHIFT	10

/* Is clock reading or tag a before b? Both wrap around. */
static bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static u64 later_of(u64 a, u64 b)
{
	return before(a, b) ? b : a;
}

/* ---- The three trees ---- */

static struct ctxfq_flow *by_node(struct rb_node *n)
{
	return n ? rb_entry(n, struct ctxfq_flow, node) : NULL;
}

static bool less_start(struct rb_node *a, const struct rb_node *b)
{
	return before(rb_entry(a, struct ctxfq_flow, node)->start,
		      rb_entry(b, struct ctxfq_flow, node)->start);
}

static bool less_limit(struct rb_node *a, const struct rb_node *b)
{
	return before(rb_entry(a, struct ctxfq_flow, node)->limit.tag,
		      rb_entry(b, struct ctxfq_flow, node)->limit.tag);
}

static bool less_reserve(struct rb_node *a, const struct rb_node *b)
{
	return before(rb_entry(a, struct ctxfq_flow, reserve_node)->reserve.tag,
		      rb_entry(b, struct ctxfq_flow, reserve_node)->reserve.tag);
}

static void take_out(struct ctxfq *q, struct ctxfq_flow *f)
{
	switch (f->state) {
	case CTXFQ_EMPTY:
		break;
	case CTXFQ_READY:
		rb_erase_cached(&f->node, &q->ready);
		if (f->reserve.units)
			rb_erase_cached(&f->reserve_node, &q->reserved);
		break;
	case CTXFQ_HELD:
		rb_erase_cached(&f->node, &q->held);
		break;
	}
	f->state = CTXFQ_EMPTY;
}

static void put_in(struct ctxfq *q, struct ctxfq_flow *f, u64 now)
{
	if (!f->queued)
		return;
	if (f->limit.units && before(now, f->limit.tag) && !q->hasty) {
		f->state = CTXFQ_HELD;
		rb_add_cached(&f->node, &q->held, less_limit);
		return;
	}
	f->state = CTXFQ_READY;
	rb_add_cached(&f->node, &q->ready, less_start);
	if (f->reserve.units)
		rb_add_cached(&f->reserve_node, &q->reserved, less_reserve);
}

/* ---- Tags ---- */

/* Moves a rate's tag behind what is sent now; not before @earliest. */
static void pay(struct ctxfq_rate *r, const struct ctxfq_cost *cost, u64 earliest)
{
	u64 ns, rem;

	if (before(r->tag, earliest)) {
		r->tag = earliest;
		r->rem = 0;
	}
	ns = vx_mul_div(min(cost->of[r->unit], COST_MAX), r->ns, r->units, &rem);
	rem += r->rem;
	if (rem >= r->units) {
		rem -= r->units;
		ns++;
	}
	r->rem = rem;
	/* 36 years: a tag must stay comparable with the time. */
	r->tag += min(ns, 1ULL << 60);
}

/* Device time in the units of this flow's start tag; @rem in 1/weight. */
static u64 normalized(const struct ctxfq_flow *f, u64 ns, u64 *rem)
{
	return div64_u64_rem(min(ns, COST_MAX) << VTIME_SHIFT, f->weight, rem);
}

static void start_forward(struct ctxfq *q, struct ctxfq_flow *f, u64 ns)
{
	u64 rem;

	f->start += normalized(f, ns, &rem);
	f->start_rem += rem;
	if (f->start_rem >= f->weight) {
		f->start_rem -= f->weight;
		f->start++;
	}
	q->max_start = later_of(q->max_start, f->start);
}

static void start_back(struct ctxfq *q, struct ctxfq_flow *f, u64 ns)
{
	u64 rem, end;

	f->start -= normalized(f, ns, &rem);
	if (f->start_rem < rem) {
		f->start_rem += f->weight;
		f->start--;
	}
	f->start_rem -= rem;

	/* It may get back more than it gave, if its weight became smaller. */
	end = q->vtime - normalized(f, CTXFQ_LEAD_NS, &rem);
	f->start = later_of(f->start, end);
}

/* The same with an end to the lead over the others. */
static void start_forward_led(struct ctxfq *q, struct ctxfq_flow *f, u64 ns)
{
	u64 rem, old = f->start, end;

	end = q->vtime + normalized(f, CTXFQ_LEAD_NS, &rem);
	start_forward(q, f, ns);
	if (before(end, f->start)) {
		f->start = later_of(old, end);
		f->start_rem = 0;
	}
}

/*
 * The device's time, split evenly among the requests at it: a clock that runs
 * with 1 / inflight of real time. The difference of two readings is the device
 * time of one request, whatever the device is like inside.
 */
static void share_forward(struct ctxfq *q, u64 now)
{
	if (!before(q->share_at, now))
		return;
	if (q->inflight)
		q->share += div64_u64(min(now - q->share_at, COST_MAX) << SHARE_SHIFT,
				      q->inflight);
	q->share_at = now;
}

/* Time in which a flow had nothing to send, or must not, gives no credit. */
static void start_now(struct ctxfq *q, struct ctxfq_flow *f)
{
	if (before(f->start, q->vtime)) {
		f->start = q->vtime;
		f->start_rem = 0;
	}
}

/* ---- Presence ---- */

static void arrive(struct ctxfq *q, struct ctxfq_flow *f)
{
	if (!f->active) {
		/* Its tag may be so old that it no longer compares. */
		f->start = q->vtime;
		f->start_rem = 0;
		f->active = true;
		q->active++;
	}
	if (!list_empty(&f->idle_node))
		list_del_init(&f->idle_node);
}

/* A flow may have got nothing waiting, or even nothing under way any more. */
static void settle(struct ctxfq *q, struct ctxfq_flow *f, u64 now)
{
	if (!f->active || f->queued)
		return;
	if (f->inflight) {
		if (list_empty(&f->idle_node))
			list_add_tail(&f->idle_node, &q->away);
		return;
	}
	f->idle_since = now;
	f->left_at = now;
	list_move_tail(&f->idle_node, &q->idle);
}

static void forget(struct ctxfq *q, struct ctxfq_flow *f)
{
	if (q->awaited == f)
		q->awaited = NULL;
	if (q->kept == f)
		q->kept = NULL;
	list_del_init(&f->idle_node);
	f->active = false;
	q->active--;
}

static void forget_idle(struct ctxfq *q, u64 now)
{
	struct ctxfq_flow *f;

	while (!list_empty(&q->idle)) {
		f = list_first_entry(&q->idle, struct ctxfq_flow, idle_node);
		if (before(now, f->idle_since + CTXFQ_IDLE_NS))
			break;
		if (before(q->vtime, f->start)) {
			/* Still in debt: a nap must not pay it. */
			f->idle_since = now;
			list_move_tail(&f->idle_node, &q->idle);
		} else {
			forget(q, f);
		}
	}
}

/* With nothing waiting and nothing under way nobody owes anybody anything. */
static void maybe_level(struct ctxfq *q)
{
	if (!q->queued && !q->inflight)
		q->vtime = later_of(q->vtime, q->max_start);
}

/* ---- Flows about to come back ---- */

static u64 wait_of(const struct ctxfq_flow *f)
{
	return clamp(2 * f->think, WAIT_LEAST_NS, WAIT_MOST_NS);
}

static bool worth_waiting(const struct ctxfq_flow *f)
{
	return f->sync && f->misses < WAIT_MISSES && 2 * f->think <= WAIT_MOST_NS;
}

/* A flow without requests gets one: was it away for so short that it keeps its place? */
static bool came_back(struct ctxfq *q, struct ctxfq_flow *f, u64 now)
{
	u64 pause = now - f->left_at;
	bool soon;

	if (q->awaited == f)
		q->awaited = NULL;
	if (list_empty(&f->idle_node))
		return false;
	/* Others of its requests are under way: no pause at all. */
	if (f->inflight)
		return worth_waiting(f);
	soon = worth_waiting(f) && pause <= WAIT_MOST_NS;
	/* An exact mean is not needed, one that ends is. */
	f->think = f->think - f->think / 8 + min(pause, 4 * WAIT_MOST_NS) / 8;
	if (pause <= wait_of(f))
		f->misses = 0;
	return soon;
}

/* How far behind a flow may get before it is waited for, in ns of its service. */
static u64 wait_lead(const struct ctxfq *q)
{
	if (!q->tune.latency)
		return WAIT_LEAD_NS;
	return clamp(WAIT_LEAD_REQUESTS * q->tune.latency, WAIT_LEAST_NS, WAIT_LEAD_NS);
}

/* It keeps its place, however far behind it was, up to a bound. */
static void start_behind(struct ctxfq *q, struct ctxfq_flow *f)
{
	u64 rem, floor = q->vtime - normalized(f, 2 * wait_lead(q), &rem);

	if (before(f->start, floor)) {
		f->start = floor;
		f->start_rem = 0;
	}
}

/* Would it get more if the others were not there? */
static bool hindered(const struct ctxfq *q, const struct ctxfq_flow *g)
{
	return q->depth <= WAIT_DEPTH ||
	       (q->tune.latency && g->latency / 11 > q->tune.latency / 10);
}

/* Is @g so far behind @f that it is waited for? */
static bool far_behind(const struct ctxfq *q, const struct ctxfq_flow *g,
		       const struct ctxfq_flow *f)
{
	u64 rem;

	return before(g->start + normalized(g, wait_lead(q), &rem), f->start);
}

/* The device did nothing because of a flow, which pays for that. It has nothing waiting. */
static void pay_kept(struct ctxfq *q, u64 now)
{
	if (q->kept)
		start_forward(q, q->kept, now - q->kept_since);
	q->kept = NULL;
}

static void keep(struct ctxfq *q, struct ctxfq_flow *g, u64 now)
{
	if (q->kept == g)
		return;
	pay_kept(q, now);
	if (!g || q->inflight)
		return;
	q->kept = g;
	q->kept_since = now;
}

/*
 * A flow for which the device is to be kept instead of serving @f, and until when.
 * Those that have just left are at the end of the list.
 */
static struct ctxfq_flow *wait_for(const struct ctxfq *q, const struct ctxfq_flow *f,
				   u64 now, u64 *until)
{
	/* Without the quarter more. */
	unsigned int room = q->depth <= WAIT_DEPTH ? 0 : q->depth * 4 / 5;
	struct ctxfq_flow *g;

	if (q->active <= 1 || q->inflight + 1 < room || q->impatient || q->hasty)
		return NULL;
	/* What the device can do is seen only while it is asked for that. */
	if (q->tune.on && (!q->tune.known || q->tune.growing))
		return NULL;
	/* Not more of them than are at the device. */
	list_for_each_entry(g, &q->away, idle_node) {
		u64 most = g->sent_at + min(4 * g->latency, WAIT_SERVED_NS);

		if (q->inflight < room || !g->single || !worth_waiting(g) || !before(now, most) ||
		    !hindered(q, g) || !far_behind(q, g, f))
			continue;
		*until = most;
		return g;
	}
	list_for_each_entry_reverse(g, &q->idle, idle_node) {
		if (!before(now, g->idle_since + WAIT_MOST_NS))
			break;
		if (!worth_waiting(g) || !before(now, g->left_at + wait_of(g)) ||
		    !hindered(q, g) || !far_behind(q, g, f))
			continue;
		*until = g->left_at + wait_of(g);
		return g;
	}
	return NULL;
}

/* ---- Depth ---- */

/* How many requests may be at the device now. */
static unsigned int limit_of(const struct ctxfq *q)
{
	unsigned int most = q->depth;

	if (q->hasty)
		return UINT_MAX;
	if (!q->tune.on)
		return q->active <= 1 ? UINT_MAX : most;
	if (q->tune.probing)
		return 1;
	if (q->tune.starting)
		return most;
	if (q->tune.growing)
		most += max(most / 4, 1U);
	return q->active <= 1 ? most * TUNE_ALONE : most;
}

/*
 * Requests per second: the mean of the windows with the mean or more, but for the
 * best one. Not the most, as BBR has it: a device that is held to a rate makes up
 * for what it missed.
 */
static u64 tune_rate(const struct ctxfq_tune *t)
{
	u64 mean = 0, best = 0, sum;
	unsigned int i, n, skip, round;

	for (i = 0, n = 0, skip = 0; i < CTXFQ_WINDOWS; i++) {
		n += !!t->rate[i];
		if (t->rate[i] > best) {
			best = t->rate[i];
			skip = i;
		}
	}
	if (n < 2)
		return best;
	for (round = 0; round < 2; round++) {
		for (i = 0, n = 0, sum = 0; i < CTXFQ_WINDOWS; i++) {
			if (i == skip || !t->rate[i] || t->rate[i] < mean)
				continue;
			sum += t->rate[i];
			n++;
		}
		mean = div64_u64(sum, n);
	}
	return mean;
}

static void tune_depth(struct ctxfq *q)
{
	struct ctxfq_tune *t = &q->tune;
	u64 rate = tune_rate(t), percent, least;

	if (!rate || !t->latency || t->starting)
		return;
	/* Requests per second times seconds; 2^40 a second in 2^24 s do not fit. */
	percent = div64_u64(rate * min(t->latency, 1ULL << 31), 10000000ULL);
	if (percent < TUNE_SERIAL_PERCENT)
		q->depth = 1;
	else
		q->depth = min(div64_u64(percent * 5 + 399, 400), (u64)TUNE_MOST);
	/* One at a time, rate times latency is never more than one; two show the rest. */
	q->depth = max(q->depth, t->proven);
	least = min(div64_u64(TUNE_LEAST_NS, t->latency), TUNE_LEAST_MOST);
	if (q->depth < least)
		q->depth = least;
}

static void tune_sent(struct ctxfq *q, u64 now)
{
	struct ctxfq_tune *t = &q->tune;

	t->alone = q->inflight == 1;
	t->alone_since = now;
}

static void tune_begin_window(struct ctxfq_tune *t, u64 now)
{
	t->window_at = now;
	t->done = 0;
	t->slack = false;
	t->waited = false;
}

static void tune_latency(struct ctxfq *q, u64 now)
{
	struct ctxfq_tune *t = &q->tune;
	unsigned int n;
	u64 a, b;

	t->latency_sum += min(now - t->alone_since, COST_MAX);
	switch (++t->latency_n) {
	case TUNE_SAMPLES / 4:
		t->latency_quarter = t->latency_sum;
		return;
	case TUNE_SAMPLES / 2:
		a = t->latency_quarter;
		b = t->latency_sum - a;
		t->latency_half = t->latency_sum;
		if (max(a, b) - min(a, b) > min(a, b) / 8)
			return;
		break;
	case TUNE_SAMPLES:
		a = t->latency_half;
		b = t->latency_sum - a;
		break;
	default:
		return;
	}
	n = t->latency_n;
	t->latency = max(min(a, b) / (n / 2), 1ULL);
	t->latency_sum = 0;
	t->latency_n = 0;
	if (t->starting && t->probing) {
		q->depth = 2;
		t->start_rate = div64_u64(1000000000ULL, t->latency);
		tune_begin_window(t, now);
	} else if (t->probing &&
		   div64_u64(n * 10000000000ULL, now - t->probe_since) >
		   9 * tune_rate(t)) {
		t->proven = 1;
	}
	t->probe_at = now + TUNE_PROBE_NS;
	if (t->probing)
		t->probe_at = later_of(t->probe_at,
				       now + TUNE_PROBE_PART * (now - t->probe_since));
	t->probing = false;
	tune_depth(q);
}

static void tune_double(struct ctxfq *q, u64 rate)
{
	q->tune.gained = q->tune.starting && q->tune.gained;
	q->tune.starting = true;
	q->tune.start_rate = rate;
	q->depth = min(q->depth * 2, TUNE_MOST);
}

/* Twice as many, or that was no use. */
static void tune_start(struct ctxfq *q, u64 now)
{
	struct ctxfq_tune *t = &q->tune;
	u64 rate;

	if (before(now, t->window_at + TUNE_START_NS))
		return;
	rate = div64_u64(t->done * 1000000000ULL, now - t->window_at);
	/* Sooner if it is obvious: whoever sends single requests waits for all of it. */
	if (t->done < q->depth ||
	    (t->done < TUNE_START_TURNS * q->depth && rate > t->start_rate))
		return;
	if (t->slack) {
		/* Nobody wants more; what they do will have to do. */
		if (before(now, t->window_at + TUNE_WINDOW_NS))
			return;
		t->starting = false;
		t->rate[t->window++ % CTXFQ_WINDOWS] = min(rate, TUNE_RATE_MOST);
		tune_depth(q);
	} else if (rate / 5 > t->start_rate / 4 && q->depth < TUNE_MOST) {
		tune_double(q, rate);
		t->gained = true;
	} else {
		q->depth /= 2;
		t->known = true;
		t->proven = t->gained ? 2 : 1;
		t->starting = false;
		t->rate[t->window++ % CTXFQ_WINDOWS] = min(rate, TUNE_RATE_MOST);
		tune_depth(q);
	}
	tune_begin_window(t, now);
}

static void tune_window(struct ctxfq *q, u64 now)
{
	struct ctxfq_tune *t = &q->tune;
	u64 rate, mean = tune_rate(t);

	rate = div64_u64(t->done * 1000000000ULL, now - t->window_at);
	/* Too few requests say only that the device can do as much, not more. */
	if (!(t->slack || t->waited) || rate > mean)
		t->rate[t->window++ % CTXFQ_WINDOWS] = min(rate, TUNE_RATE_MOST);
	tune_depth(q);

	if (t->growing) {
		t->growing = false;
		t->grow_every = min(t->grow_every * 2, 8 * TUNE_GROW_EVERY);
		if (!t->slack && rate / 11 > mean / 10) {
			t->grow_every = TUNE_GROW_EVERY;
			tune_double(q, mean);
		}
		t->grow_in = t->grow_every;
	} else if (!t->slack && !t->known) {
		tune_double(q, rate);
	} else if (!t->slack && !--t->grow_in) {
		t->growing = true;
	}
	tune_begin_window(t, now);
}

static void tune_done(struct ctxfq *q, u64 now)
{
	struct ctxfq_tune *t = &q->tune;

	if (!t->on)
		return;
	if (t->alone)
		tune_latency(q, now);
	t->alone = false;
	t->done++;
	if (t->probing || (!q->queued && q->inflight < q->depth))
		t->slack = true;
	if (t->starting) {
		if (!t->probing)
			tune_start(q, now);
		return;
	}
	if (!before(now, t->window_at + TUNE_WINDOW_NS))
		tune_window(q, now);
	/* With a depth of one every request is a measurement. */
	if (q->depth > 1 && q->active > 1 && !t->probing && !before(now, t->probe_at)) {
		t->probing = true;
		t->probe_since = now;
		t->latency_sum = 0;
		t->latency_n = 0;
	}
}

/* ---- Interface ---- */

/**
 * ctxfq_init - a device with nothing queued
 * @q: the device
 * @depth: see ctxfq_set_depth()
 * @now: the time
 */
void ctxfq_init(struct ctxfq *q, unsigned int depth, u64 now)
{
	*q = (struct ctxfq){
		.ready = RB_ROOT_CACHED,
		.reserved = RB_ROOT_CACHED,
		.held = RB_ROOT_CACHED,
		.share_at = now,
	};
	INIT_LIST_HEAD(&q->idle);
	INIT_LIST_HEAD(&q->away);
	ctxfq_set_depth(q, depth, now);
}

/**
 * ctxfq_set_depth - how many requests may be at the device
 * @q: the device
 * @depth: so many while more than one flow is present; 0: as many as measuring
 *	   finds useful. A flow that is alone may send as many as the device takes, or
 *	   if the depth is found by measuring, four times that.
 * @now: the time
 */
void ctxfq_set_depth(struct ctxfq *q, unsigned int depth, u64 now)
{
	q->depth = depth ?: 1;
	q->tune = (struct ctxfq_tune){
		.on = !depth,
		.starting = !depth,
		.probing = !depth,
		.probe_since = now,
		.proven = 1,
		.probe_at = now,
		.window_at = now,
		.grow_in = TUNE_GROW_EVERY,
		.grow_every = TUNE_GROW_EVERY,
	};
}

/**
 * ctxfq_flow_init - a flow of default weight, without reservation and limit
 * @f: the flow
 */
void ctxfq_flow_init(struct ctxfq_flow *f)
{
	*f = (struct ctxfq_flow){
		.weight = CTXFQ_WEIGHT_DEFAULT,
		.ratio = 1U << RATIO_SHIFT,
	};
	INIT_LIST_HEAD(&f->idle_node);
}

/**
 * ctxfq_flow_exit - takes a flow out, before its memory is given back
 * @q: the device
 * @f: the flow
 *
 * Return: false, and nothing done, while it has requests waiting or under way.
 */
bool ctxfq_flow_exit(struct ctxfq *q, struct ctxfq_flow *f)
{
	if (f->queued || f->inflight)
		return false;
	if (f->active)
		forget(q, f);
	return true;
}

/**
 * ctxfq_set_weight - changes a flow's part of what is contended
 * @f: the flow
 * @weight: CTXFQ_WEIGHT_MIN .. CTXFQ_WEIGHT_MAX; counts from its next request on
 *
 * Return: 0 or -EINVAL.
 */
int ctxfq_set_weight(struct ctxfq_flow *f, u32 weight)
{
	if (weight < CTXFQ_WEIGHT_MIN || weight > CTXFQ_WEIGHT_MAX)
		return -EINVAL;
	f->weight = weight;
	f->start_rem = 0;
	return 0;
}

static int set_rate(struct ctxfq *q, struct ctxfq_flow *f, struct ctxfq_rate *r,
		    enum ctxfq_unit unit, u64 units, u64 ns, u64 now)
{
	if (unit >= CTXFQ_UNITS || units > 1ULL << 40 ||
	    (units && (!ns || ns > 1ULL << 40)))
		return -EINVAL;
	if (f->state == CTXFQ_HELD)
		start_now(q, f);
	take_out(q, f);
	*r = (struct ctxfq_rate){
		.unit = unit, .units = units, .ns = ns, .tag = now,
	};
	put_in(q, f, now);
	return 0;
}

/**
 * ctxfq_set_reserve - what a flow gets in any case, from now on
 * @q: the device
 * @f: the flow
 * @unit: in which it counts
 * @units: so many of them; 0 for no reservation
 * @ns: in so many ns
 * @now: the time
 *
 * The caller sees to it that all reservations together can be met.
 *
 * Return: 0 or -EINVAL.
 */
int ctxfq_set_reserve(struct ctxfq *q, struct ctxfq_flow *f,
		      enum ctxfq_unit unit, u64 units, u64 ns, u64 now)
{
	return set_rate(q, f, &f->reserve, unit, units, ns, now);
}

/**
 * ctxfq_set_limit - what a flow gets at most, from now on
 * @q: the device
 * @f: the flow
 * @unit: in which it counts
 * @units: so many of them; 0 for no limit
 * @ns: in so many ns
 * @now: the time
 *
 * A limit goes before a reservation. Return: 0 or -EINVAL.
 */
int ctxfq_set_limit(struct ctxfq *q, struct ctxfq_flow *f,
		    enum ctxfq_unit unit, u64 units, u64 ns, u64 now)
{
	return set_rate(q, f, &f->limit, unit, units, ns, now);
}

/**
 * ctxfq_enqueue - one more request of a flow waits
 * @q: the device
 * @f: the flow
 * @now: the time
 */
void ctxfq_enqueue(struct ctxfq *q, struct ctxfq_flow *f, u64 now)
{
	bool soon;

	q->queued++;
	f->lonely = !f->queued && !f->inflight;
	if (f->queued++)
		return;
	f->arrived_at = now;
	soon = came_back(q, f, now);
	arrive(q, f);
	if (soon)
		start_behind(q, f);
	else
		start_now(q, f);
	if (q->kept == f)
		pay_kept(q, now);
	if (before(f->reserve.tag, now)) {
		f->reserve.tag = now;
		f->reserve.rem = 0;
	}
	put_in(q, f, now);
}

/**
 * ctxfq_remove - a waiting request is gone without having been sent (merged)
 * @q: the device
 * @f: its flow
 * @now: the time
 */
void ctxfq_remove(struct ctxfq *q, struct ctxfq_flow *f, u64 now)
{
	q->queued--;
	if (--f->queued)
		return;
	take_out(q, f);
	settle(q, f, now);
	maybe_level(q);
}

/**
 * ctxfq_next - which flow may send a request now
 * @q: the device
 * @now: the time
 *
 * Return: the flow, which always has one waiting; the caller sends it and tells
 * ctxfq_dispatch(). NULL if nothing waits, if the device has enough (the next
 * completion may change that), or if all that waits is over its limit or has to
 * wait for a flow that is about to come back (see ctxfq_wakeup()).
 */
struct ctxfq_flow *ctxfq_next(struct ctxfq *q, u64 now)
{
	struct ctxfq_flow *f, *g;
	struct rb_node *n;
	u64 until;

	forget_idle(q, now);
	if (q->inflight >= limit_of(q))
		return NULL;

	while ((f = by_node(rb_first_cached(&q->held))) &&
	       (q->hasty || !before(now, f->limit.tag))) {
		take_out(q, f);
		start_now(q, f);
		put_in(q, f, now);
	}

	n = rb_first_cached(&q->reserved);
	if (n) {
		f = rb_entry(n, struct ctxfq_flow, reserve_node);
		if (!before(now, f->reserve.tag))
			return f;
	}
	f = by_node(rb_first_cached(&q->ready));
	g = f ? wait_for(q, f, now, &until) : NULL;
	if (q->awaited && q->awaited != g && q->awaited->misses < WAIT_MISSES &&
	    !q->awaited->inflight && !before(now, q->awaited->left_at + wait_of(q->awaited)))
		q->awaited->misses++;
	q->awaited = g;
	keep(q, g, now);
	/* The device could do more, but is not asked to. */
	if (g)
		q->tune.waited = true;
	return g ? NULL : f;
}

/**
 * ctxfq_may_send - would ctxfq_next() return a flow now?
 * @q: the device
 * @now: the time
 *
 * Return: whether it would, but: false also if it would because a flow has just
 * been away for long enough not to count; then a completion is due anyway. True
 * also if a flow has just come below its limit and would have to wait for one that
 * is about to come back; ctxfq_next() says so, and from then on this does, too.
 */
bool ctxfq_may_send(const struct ctxfq *q, u64 now)
{
	struct ctxfq_flow *f, *held = by_node(rb_first_cached(&q->held));
	struct rb_node *n;
	u64 until;

	if (q->inflight >= limit_of(q))
		return false;
	if (held && (q->hasty || !before(now, held->limit.tag)))
		return true;
	n = rb_first_cached(&q->reserved);
	if (n && !before(now, rb_entry(n, struct ctxfq_flow, reserve_node)->reserve.tag))
		return true;
	f = by_node(rb_first_cached(&q->ready));
	return f && !wait_for(q, f, now, &until);
}

/**
 * ctxfq_has_room - is it worth while to wake somebody who sends?
 * @q: the device
 *
 * To be asked when a request is done. Return: false while the device has the product of
 * bandwidth and delay, that is the depth without the quarter more; then another request
 * is under way, after which to ask again.
 */
bool ctxfq_has_room(const struct ctxfq *q)
{
	unsigned int most = limit_of(q);

	return !q->inflight || q->inflight <= most - most / 5 - !(most / 5);
}

/* What is the same of every request that is sent. The flow is in no tree. */
static u64 sent(struct ctxfq *q, struct ctxfq_flow *f, const struct ctxfq_cost *cost,
		u64 now)
{
	if (f->limit.units)
		pay(&f->limit, cost, now - CTXFQ_BURST_NS);
	f->queued--;
	q->queued--;
	put_in(q, f, now);

	share_forward(q, now);
	f->single = !f->inflight++ && f->lonely;
	f->sent_at = now;
	settle(q, f, now);
	q->inflight++;
	tune_sent(q, now);
	return q->share;
}

/**
 * ctxfq_dispatch - a waiting request goes to the device
 * @q: the device
 * @f: its flow, from ctxfq_next()
 * @cost: what it takes
 * @now: the time
 *
 * Return: a stamp to hand to ctxfq_complete().
 */
u64 ctxfq_dispatch(struct ctxfq *q, struct ctxfq_flow *f,
		   const struct ctxfq_cost *cost, u64 now)
{
	pay_kept(q, now);
	take_out(q, f);
	if (f->reserve.units && !before(now, f->reserve.tag)) {
		pay(&f->reserve, cost, now - CTXFQ_CATCH_UP_NS);
		start_forward_led(q, f, cost->of[CTXFQ_TIME]);
	} else {
		q->vtime = later_of(q->vtime, f->start);
		start_forward(q, f, cost->of[CTXFQ_TIME]);
	}
	return sent(q, f, cost, now);
}

/**
 * ctxfq_complete - a request is done
 * @q: the device
 * @f: its flow
 * @estimate: the cost in time it was sent with; 0 charges what it really took
 * @stamp: what ctxfq_dispatch() returned
 * @now: the time
 *
 * If the flow's requests take another time than expected, by a quarter on average,
 * its start tag is corrected by what the estimate was wrong; an outlier counts as
 * half or twice the estimate. Otherwise they count as all of their kind do: whoever
 * meets a hiccup of the device does not pay for it. Reservation and limit are not
 * corrected: they rely on estimates that are right on average.
 *
 * Return: what it took, in ns of the device's time.
 */
u64 ctxfq_complete(struct ctxfq *q, struct ctxfq_flow *f, u64 estimate,
		   u64 stamp, u64 now)
{
	u64 actual, counted;

	share_forward(q, now);
	f->inflight--;
	q->inflight--;
	actual = (q->share - stamp) >> SHARE_SHIFT;
	tune_done(q, now);
	if (f->single) {
		u64 took = min(now - f->arrived_at, COST_MAX);

		f->latency = f->latency ? f->latency - f->latency / 8 + took / 8 : took;
		f->single = false;
	}

	counted = actual;
	if (estimate) {
		estimate = min(estimate, COST_MAX);
		counted = clamp(actual, estimate / 2, estimate * 2);
		f->ratio += (s64)div64_u64(counted << RATIO_SHIFT, estimate) / 32 -
			    (s64)f->ratio / 32;
		if (f->ratio > RATIO_LOW && f->ratio < RATIO_HIGH)
			counted = estimate;
	}
	if (counted != estimate) {
		/* Its place changes; with what is held, the limit decides. */
		bool ready = f->state == CTXFQ_READY;

		if (ready)
			take_out(q, f);
		if (counted > estimate)
			start_forward(q, f, counted - estimate);
		else
			start_back(q, f, estimate - counted);
		if (ready)
			put_in(q, f, now);
	}
	settle(q, f, now);
	if (f == q->awaited && q->queued)
		keep(q, f, now);
	maybe_level(q);
	return actual;
}

/**
 * ctxfq_undo - a request that was sent comes back unserved
 * @q: the device
 * @f: its flow
 * @estimate: the cost in time it was sent with
 * @now: the time
 *
 * It counts as neither waiting nor sent until the caller says what becomes of it.
 */
void ctxfq_undo(struct ctxfq *q, struct ctxfq_flow *f, u64 estimate, u64 now)
{
	bool ready = f->state == CTXFQ_READY;

	share_forward(q, now);
	f->inflight--;
	q->inflight--;
	q->tune.alone = false;
	f->single = false;
	if (ready)
		take_out(q, f);
	start_back(q, f, estimate);
	if (ready)
		put_in(q, f, now);
	settle(q, f, now);
	maybe_level(q);
}

/**
 * ctxfq_may_hurry - may a flow send something now that somebody else may wait for?
 * @q: the device
 * @f: the flow
 *
 * Return: false if it owes the others so much for such requests that the next ones
 * have to wait for their turn.
 */
bool ctxfq_may_hurry(const struct ctxfq *q, const struct ctxfq_flow *f)
{
	u64 rem;

	return !f->active ||
	       before(f->start, q->vtime + normalized(f, CTXFQ_DEBT_NS, &rem));
}

/**
 * ctxfq_hurry - a waiting request goes to the device, whosever turn it is
 * @q: the device
 * @f: its flow, of which at least one request waits
 * @cost: what it takes
 * @now: the time
 *
 * The flow pays by waiting longer with its next requests; depth and limit do not
 * hold it back, but it counts in both. Return: a stamp to hand to ctxfq_complete().
 */
u64 ctxfq_hurry(struct ctxfq *q, struct ctxfq_flow *f,
		const struct ctxfq_cost *cost, u64 now)
{
	pay_kept(q, now);
	take_out(q, f);
	start_now(q, f);
	start_forward_led(q, f, cost->of[CTXFQ_TIME]);
	return sent(q, f, cost, now);
}

/**
 * ctxfq_wakeup - when to ask again if nothing else happens
 * @q: the device
 * @now: the time
 * @when: (out) the time at which the first held flow comes below its limit, or at
 *	  which it is no use to wait for another any more
 *
 * To be asked when ctxfq_may_send() has said no; then @when is in the future. Its
 * own answer is no, too, while the device has enough: a flow may be below its limit
 * by now and must not wake anybody, the next completion does.
 *
 * Return: whether there is one.
 */
bool ctxfq_wakeup(const struct ctxfq *q, u64 now, u64 *when)
{
	struct ctxfq_flow *held = by_node(rb_first_cached(&q->held));
	struct ctxfq_flow *ready = by_node(rb_first_cached(&q->ready));
	bool wait;

	if (q->inflight >= limit_of(q))
		return false;
	wait = ready && wait_for(q, ready, now, when);
	if (held && (!wait || before(held->limit.tag, *when)))
		*when = held->limit.tag;
	return held || wait;
}

/* ---- What a request costs ---- */

/*
 * Before anything was measured: 100 us for a request, or 10 us for each 4 KiB
 * (400 MB/s), whichever is more. Never the sum: a device that is busy moving
 * bytes is not busy with the request as well, and charging for both left 60 % of
 * a disk unused elsewhere (seastar, issue 222). Only the ratio of one request to
 * another matters, and only until the first few are done.
 */
#define COLD_IO_NS		100000ULL
#define COLD_4K_NS		10000ULL

/* Measurements before a mean is believed. */
#define SEEN_ENOUGH		8

/**
 * ctxfq_size_class - the row of the table for a size
 * @bytes: the size
 *
 * Return: k, for sizes up to 4 KiB << k, the last one without end.
 */
unsigned int ctxfq_size_class(u64 bytes)
{
	unsigned int k = 0;

	while (k < CTXFQ_SIZES - 1 && bytes > 4096ULL << k)
		k++;
	return k;
}

/**
 * ctxfq_estimate - the device time a request will take
 * @m: what has been learnt
 * @op: what it does
 * @seq: it begins where the last one of its flow ended
 * @bytes: its size
 *
 * Return: ns, at least 1.
 */
u64 ctxfq_estimate(const struct ctxfq_model *m, enum ctxfq_op op, bool seq,
		   u64 bytes)
{
	unsigned int k = ctxfq_size_class(bytes);

	if (m->seen[op][seq][k] >= SEEN_ENOUGH)
		return max(m->mean[op][seq][k], 1ULL);
	return max(COLD_IO_NS, min(bytes, 1ULL << 40) / 4096 * COLD_4K_NS);
}

/**
 * ctxfq_learn - a request has been measured
 * @m: what has been learnt
 * @op: what it did
 * @seq: it began where the one before it ended
 * @bytes: its size
 * @actual: from ctxfq_complete()
 *
 * The mean of the first SEEN_ENOUGH, and then one that forgets: each new one
 * counts an eighth. Outliers are cut at four times the mean, both ways.
 */
void ctxfq_learn(struct ctxfq_model *m, enum ctxfq_op op, bool seq, u64 bytes,
		 u64 actual)
{
	unsigned int k = ctxfq_size_class(bytes);
	u64 *mean = &m->mean[op][seq][k];
	u8 *seen = &m->seen[op][seq][k];

	actual = min(actual, COST_MAX);
	if (*seen < SEEN_ENOUGH) {
		*mean = div64_u64(*mean * *seen + actual, *seen + 1);
		(*seen)++;
		return;
	}
	actual = clamp(actual, *mean / 4, max(*mean, 1ULL) * 4);
	*mean = *mean - *mean / 8 + actual / 8;
}
