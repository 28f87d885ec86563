// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks the queueing of ctxfq.c: that each choice is the one the tags ask for,
 * found by looking at every flow; that what flows get stays within the bounds of
 * the theory, counted outside of it in exact integers and fractions; and that
 * nothing is ever left waiting for nothing.
 *
 *	disk LEVEL		LEVEL times as much as the least; 1 is seconds
 *	disk --vectors		prints the table that the KUnit test uses
 */
#include <gmp.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include "ctxfq.h"
#include "tap.h"

#define FLOWS	9
#define REQS	1024		/* of a flow, waiting or under way, at a time */

typedef __int128 wide;

static wide larger(wide a, wide b)
{
	return a > b ? a : b;
}

/* A request, as its caller has it. */
struct req {
	struct ctxfq_cost cost;
	u64 actual;		/* ns, if the test decides it */
	u64 stamp, began;
	u64 arrived;
};

/* A flow, and what it should have got. */
struct flow {
	struct ctxfq_flow f;
	struct req wait[REQS];
	unsigned int head, n;
	struct req sent[REQS];
	unsigned int nsent;
	u64 cmax;
	wide cw_num, cw_den;	/* the largest c/w so far */
	wide w_sent, w_done;	/* cost, in ns */
};

/*
 * For two flows, since both have requests waiting: the range of the difference
 * of their normalized services. In ns * wi * wj, so integers.
 */
struct pair {
	bool on;
	wide sent0, sent_lo, sent_hi, done_lo, done_hi, done0;
	unsigned int most;	/* at the device at a time */
};

struct sim {
	struct ctxfq q;
	struct flow fl[FLOWS];
	unsigned int nflows;
	u64 now;
	struct pair pair[FLOWS][FLOWS];
	bool bounds;		/* check them: no reservations, exact estimates */
	unsigned int corrected;	/* 0: exact estimates */
	u64 busy, busy_at, charged;	/* device time, and what was accounted */
	unsigned int inflight;
	unsigned long choices;
};

static u64 wide_abs_ok(wide v)
{
	return (u64)(v < 0 ? -v : v);
}

static void sim_init(struct sim *s, unsigned int nflows, unsigned int depth, u64 now,
		     u64 vtime)
{
	memset(s, 0, sizeof(*s));
	s->nflows = nflows;
	s->now = s->busy_at = now;
	ctxfq_init(&s->q, depth, now);
	s->q.vtime = s->q.max_start = vtime;
	for (unsigned int i = 0; i < nflows; i++)
		ctxfq_flow_init(&s->fl[i].f);
}

static wide norm(const struct sim *s, unsigned int i, unsigned int j, bool sent)
{
	const struct flow *a = &s->fl[i], *b = &s->fl[j];

	return sent ? a->w_sent * b->f.weight - b->w_sent * a->f.weight :
		a->w_done * b->f.weight - b->w_done * a->f.weight;
}

/*
 * The bound for service as it is sent is SFQ's, ci/wi + cj/wj; as it is
 * completed, (D + 1) times that. A start tag is rounded down to 2^-7 ns / weight,
 * so two may be taken for equal that are not: one unit more for each. With estimates
 * corrected afterwards a tag can be wrong by what is under way, see
 * ctxfq_complete(): 3 D.
 */
static void pair_check(struct sim *s, unsigned int i, unsigned int j)
{
	struct pair *p = &s->pair[i][j];
	struct flow *a = &s->fl[i], *b = &s->fl[j];
	wide wi = a->f.weight, wj = b->f.weight, one, sent, done;

	if (!s->bounds || !p->on)
		return;
	sent = norm(s, i, j, true);
	done = norm(s, i, j, false);
	p->sent_lo = p->sent_lo < sent ? p->sent_lo : sent;
	p->sent_hi = larger(p->sent_hi, sent);
	p->done_lo = p->done_lo < done ? p->done_lo : done;
	p->done_hi = larger(p->done_hi, done);
	p->most = max(p->most, max(s->inflight, s->q.depth));
	/* ci/wi + cj/wj, times wi * wj, rounded up */
	one = (a->cw_num * wi * wj + a->cw_den - 1) / a->cw_den +
	      (b->cw_num * wi * wj + b->cw_den - 1) / b->cw_den +
	      (wi * wj + 63) / 64;
	if (!s->corrected && p->sent_hi - p->sent_lo > one)
		complain("flows %u and %u: sent differs by %" PRIu64 " of %" PRIu64,
			 i, j, wide_abs_ok(p->sent_hi - p->sent_lo), (u64)one);
	if (p->done_hi - p->done_lo >
	    one * (s->corrected ? 3 * (wide)p->most : (wide)p->most + 1))
		complain("flows %u and %u: done differs by %" PRIu64
			 " of %u times %" PRIu64, i, j,
			 wide_abs_ok(p->done_hi - p->done_lo), p->most + 1, (u64)one);
}

/* After anything happened. */
static void pairs_update(struct sim *s, int changed)
{
	for (unsigned int i = 0; i < s->nflows; i++)
		for (unsigned int j = 0; j < i; j++) {
			struct pair *p = &s->pair[i][j];
			bool on = s->fl[i].f.state == CTXFQ_READY &&
				  s->fl[j].f.state == CTXFQ_READY;

			if ((int)i == changed || (int)j == changed)
				p->on = false;
			if (on && !p->on) {
				p->sent_lo = p->sent_hi = norm(s, i, j, true);
				p->done_lo = p->done_hi = norm(s, i, j, false);
				p->most = s->inflight;
			}
			p->on = on;
			pair_check(s, i, j);
		}
}

static void largest(struct flow *fl)
{
	if ((wide)fl->cmax * fl->cw_den >= fl->cw_num * fl->f.weight) {
		fl->cw_num = fl->cmax;
		fl->cw_den = fl->f.weight;
	}
}

static void tick(struct sim *s, u64 ns)
{
	s->now += ns;
	if (s->inflight)
		s->busy += ns;
}

static bool eligible(const struct sim *s, const struct flow *fl)
{
	return fl->n && !(fl->f.limit.units && (s64)(s->now - fl->f.limit.tag) < 0);
}

static void counts(const struct sim *s)
{
	unsigned int queued = 0, inflight = 0, active = 0;

	for (unsigned int i = 0; i < s->nflows; i++) {
		const struct flow *fl = &s->fl[i];

		queued += fl->f.queued;
		inflight += fl->f.inflight;
		active += fl->f.active;
		if (fl->f.queued != fl->n || fl->f.inflight != fl->nsent)
			complain("flow %u: counts are wrong", i);
		if ((fl->f.queued || fl->f.inflight) && !fl->f.active)
			complain("flow %u: counts as absent", i);
	}
	if (queued != s->q.queued || inflight != s->q.inflight ||
	    inflight != s->inflight || active != s->q.active)
		complain("the device's counts are wrong");
}

static void enqueue(struct sim *s, unsigned int i, u64 estimate, u64 bytes, u64 actual)
{
	struct flow *fl = &s->fl[i];

	if (fl->n == REQS)
		return;
	fl->wait[(fl->head + fl->n++) % REQS] = (struct req){
		.cost.of = { estimate, bytes, 1 }, .actual = actual, .arrived = s->now,
	};
	fl->cmax = max(fl->cmax, max(estimate, actual));
	if (!fl->cw_den)
		fl->cw_den = 1;
	largest(fl);
	ctxfq_enqueue(&s->q, &fl->f, s->now);
	pairs_update(s, -1);
}

/*
 * Asks for one choice and checks it against every flow. Returns the flow that
 * sent a request, or -1; and then something must be there to wait for.
 */
static int dispatch(struct sim *s)
{
	bool may = ctxfq_may_send(&s->q, s->now);
	struct ctxfq_flow *f = ctxfq_next(&s->q, s->now);
	struct flow *fl = NULL;
	bool full = s->inflight >= s->q.depth && s->q.active > 1;
	bool any = false, reserved = false;
	unsigned int i;
	int chosen = -1;
	u64 when, vtime;

	if (!may && ctxfq_wakeup(&s->q, s->now, &when) && (s64)(when - s->now) <= 0)
		complain("a wake-up in the past");
	s->choices++;
	for (i = 0; i < s->nflows; i++) {
		fl = &s->fl[i];
		if (f == &fl->f)
			chosen = i;
		any |= eligible(s, fl);
		reserved |= eligible(s, fl) && fl->f.reserve.units &&
			    (s64)(s->now - fl->f.reserve.tag) >= 0;
	}
	/* Kept for a flow that is about to come back: so said, but only for a while. */
	if (!f && s->q.awaited && !full) {
		if (ctxfq_may_send(&s->q, s->now) ||
		    !ctxfq_wakeup(&s->q, s->now, &when) || (s64)(when - s->now) <= 0 ||
		    when - s->now > (s->q.awaited->inflight ? 100000000 : 4000000))
			complain("waits for a flow, and not for the time it may");
		if (s->q.awaited->queued || s->q.awaited->inflight > 1 || !s->q.awaited->sync)
			complain("waits for a flow that is there");
		return -1;
	}
	if (may && !f)
		complain("there is said to be work, and is none");
	if (f && !may && s->inflight < s->q.depth)
		complain("there is work, and is said to be none");
	if (!f) {
		if (any && !full)
			complain("idle with requests that may go");
		if (s->q.queued && !s->inflight && !ctxfq_wakeup(&s->q, s->now, &when))
			complain("requests wait and nothing will wake the queue");
		return -1;
	}
	if (full)
		complain("more at the device than there should be");
	fl = &s->fl[chosen];
	if (!eligible(s, fl))
		complain("flow %d may send nothing", chosen);
	for (i = 0; i < s->nflows; i++) {
		const struct flow *o = &s->fl[i];

		if (!eligible(s, o))
			continue;
		if (reserved) {
			if (o->f.reserve.units &&
			    (s64)(o->f.reserve.tag - f->reserve.tag) < 0)
				complain("flow %u has the earlier reservation", i);
		} else if ((s64)(o->f.start - f->start) < 0) {
			complain("flow %u has the earlier start tag than %d", i, chosen);
		}
	}
	/* Nobody is behind the others for having waited without being let. */
	if (!s->corrected && !reserved && (s64)(f->start - s->q.vtime) < 0)
		complain("flow %d has credit", chosen);
	if (reserved && (!f->reserve.units || (s64)(s->now - f->reserve.tag) < 0))
		complain("a reservation is passed over");

	struct req *r = &fl->sent[fl->nsent++];

	*r = fl->wait[fl->head];
	fl->head = (fl->head + 1) % REQS;
	fl->n--;
	r->began = s->now;
	fl->w_sent += r->cost.of[CTXFQ_TIME];
	s->inflight++;
	vtime = s->q.vtime;
	r->stamp = ctxfq_dispatch(&s->q, f, &r->cost, s->now);
	if ((s64)(s->q.vtime - vtime) < 0)
		complain("virtual time goes back");
	pairs_update(s, -1);
	return chosen;
}

/*
 * The k-th of a flow's requests under way is done. What it took is what the
 * request says, or if that is 0 what the queue measures.
 */
static void complete(struct sim *s, unsigned int i, unsigned int k)
{
	struct flow *fl = &s->fl[i];
	struct req r = fl->sent[k];
	u64 est = r.cost.of[CTXFQ_TIME], counted = est, actual;

	memmove(&fl->sent[k], &fl->sent[k + 1], (fl->nsent - k - 1) * sizeof(r));
	fl->nsent--;
	s->inflight--;
	if (s->corrected) {
		/* A stamp that makes the measured time the one wanted. */
		counted = min(max(r.actual, est / 2), est * 2);
		s->q.share_at = s->now;
		actual = ctxfq_complete(&s->q, &fl->f, est,
					s->q.share - (r.actual << 10), s->now);
		if (fl->f.ratio > 3 << 14 && fl->f.ratio < 5 << 14)
			counted = est;
		if (actual != r.actual)
			complain("measures %" PRIu64 ", not %" PRIu64, actual, r.actual);
	} else {
		/* Without a correction: as if it had measured the estimate. */
		s->q.share_at = s->now;
		ctxfq_complete(&s->q, &fl->f, est, s->q.share - (est << 10), s->now);
	}
	fl->w_done += counted;
	fl->w_sent += (wide)counted - est;
	pairs_update(s, -1);
}

/* A flow's next request goes out of turn. */
static void hurry(struct sim *s, unsigned int i)
{
	struct flow *fl = &s->fl[i];
	u64 start = fl->f.start;
	struct req *r;

	if (!fl->n)
		return;
	r = &fl->sent[fl->nsent++];
	*r = fl->wait[fl->head];
	fl->head = (fl->head + 1) % REQS;
	fl->n--;
	r->began = s->now;
	fl->w_sent += r->cost.of[CTXFQ_TIME];
	s->inflight++;
	r->stamp = ctxfq_hurry(&s->q, &fl->f, &r->cost, s->now);
	if ((s64)(fl->f.start - start) < 0)
		complain("flow %u pays nothing for being urgent", i);
	pairs_update(s, -1);
}

/* Everything out; whoever waits forever is found here. */
static void drain(struct sim *s)
{
	u64 when;

	for (unsigned int round = 0; round < 20 * FLOWS * REQS; round++) {
		unsigned int i;

		while (dispatch(s) >= 0)
			;
		counts(s);
		for (i = 0; i < s->nflows && !s->fl[i].nsent; i++)
			;
		if (i < s->nflows) {
			complete(s, i, 0);
			continue;
		}
		if (!s->q.queued)
			break;
		if (!ctxfq_wakeup(&s->q, s->now, &when)) {
			complain("%u requests wait forever", s->q.queued);
			return;
		}
		if ((s64)(when - s->now) <= 0) {
			complain("a wake-up that is over");
			return;
		}
		tick(s, when - s->now);
	}
	for (unsigned int i = 0; i < s->nflows; i++)
		if (!ctxfq_flow_exit(&s->q, &s->fl[i].f))
			complain("flow %u cannot leave", i);
	if (s->q.queued || s->q.inflight || s->q.active || s->q.ready.top ||
	    s->q.held.top || s->q.reserved.top || !list_empty(&s->q.idle) || !list_empty(&s->q.away))
		complain("something is left");
}

/* ---- Every course of events of a small queue ---- */

struct setup {
	unsigned int nflows, depth;
	u32 weight[3];
	u64 cost[3];		/* of each request; the second of a flow costs 0 */
	int reserved, limited;	/* a flow, or -1 */
	u64 now, vtime;
};

/* The events, numbered; returns false if one makes no sense now. */
static bool event(struct sim *s, const struct setup *su, unsigned int e,
		  unsigned int *arrived)
{
	unsigned int i;

	if (e < 3) {					/* a request comes */
		if (e >= su->nflows || arrived[e] == 4)
			return false;
		enqueue(s, e, arrived[e]++ == 1 ? 0 : su->cost[e], 4096, 0);
		return true;
	}
	if (e < 5) {					/* the oldest, newest is done */
		unsigned int best = FLOWS;

		if (e == 4 && s->inflight < 2)
			return false;
		for (i = 0; i < s->nflows; i++) {
			if (!s->fl[i].nsent)
				continue;
			if (best == FLOWS || e == 4)
				best = i;
		}
		if (best == FLOWS)
			return false;
		complete(s, best, e == 4 ? s->fl[best].nsent - 1 : 0);
		return true;
	}
	switch (e) {
	case 5:						/* time goes on */
		tick(s, 300000000);
		return true;
	case 6:						/* ... or a little */
		tick(s, 7);
		return true;
	case 7:						/* another weight */
		ctxfq_set_weight(&s->fl[0].f, s->fl[0].f.weight == su->weight[0] ?
				 CTXFQ_WEIGHT_MAX : su->weight[0]);
		largest(&s->fl[0]);
		pairs_update(s, 0);
		return true;
	case 8:						/* a flow dies and is reborn */
		i = s->nflows - 1;
		if (!ctxfq_flow_exit(&s->q, &s->fl[i].f)) {
			if (!s->fl[i].n && !s->fl[i].nsent)
				complain("an idle flow cannot leave");
			return false;
		}
		ctxfq_flow_init(&s->fl[i].f);
		ctxfq_set_weight(&s->fl[i].f, su->weight[i]);
		largest(&s->fl[i]);
		return true;
	case 9:						/* a request is merged away */
		i = 0;
		if (!s->fl[i].n)
			return false;
		s->fl[i].n--;
		ctxfq_remove(&s->q, &s->fl[i].f, s->now);
		pairs_update(s, -1);
		return true;
	}
	return false;
}
#define EVENTS 10

static unsigned long model(const struct setup *su, unsigned int len)
{
	static struct sim s;
	unsigned int path[16] = { 0 }, arrived[3], k;
	unsigned long checks = 0;

	for (;;) {
		bool ok = true;

		sim_init(&s, su->nflows, su->depth, su->now, su->vtime);
		s.bounds = su->reserved < 0;
		memset(arrived, 0, sizeof(arrived));
		for (unsigned int i = 0; i < su->nflows; i++) {
			ctxfq_set_weight(&s.fl[i].f, su->weight[i]);
			if ((int)i == su->reserved)
				ctxfq_set_reserve(&s.q, &s.fl[i].f, CTXFQ_TIME, 1, 4,
						  s.now);
			if ((int)i == su->limited)
				ctxfq_set_limit(&s.q, &s.fl[i].f, CTXFQ_IOS, 1,
						100000000, s.now);
		}
		for (k = 0; k < len && ok; k++) {
			ok = event(&s, su, path[k], arrived);
			while (ok && dispatch(&s) >= 0)
				;
			if (ok)
				counts(&s);
		}
		if (ok) {
			drain(&s);
			checks += s.choices;
			k = len;
		}
		/* The next path that differs at k - 1 or before. */
		while (k && ++path[k - 1] == EVENTS)
			path[--k] = 0;
		if (!k)
			return checks;
		memset(&path[k], 0, (16 - k) * sizeof(path[0]));
		if (tap_bad > 5)
			return checks;
	}
}

static unsigned long models(unsigned int len)
{
	static const struct setup setups[] = {
		{ 2, 1, { 1, 1 }, { 100, 100 }, -1, -1, 0, 0 },
		{ 2, 2, { 1, 10000 }, { 1000, 3 }, -1, -1, -5ULL, -100000ULL },
		{ 3, 1, { 100, 200, 300 }, { 500, 700, 900 }, -1, -1, 1ULL << 63, -1ULL },
		{ 3, 2, { 100, 100, 50 }, { 4096, 1, 512 }, -1, 0, -300000000ULL, 5 },
		{ 3, 2, { 100, 100, 400 }, { 90, 90, 90 }, 1, 2, -300000001ULL, 0 },
		{ 2, 2, { 1, 10000 }, { 1ULL << 36, 1ULL << 36 }, 0, 0, -1ULL,
		  (1ULL << 63) - 5 },
	};
	unsigned long checks = 0;

	for (unsigned int k = 0; k < sizeof(setups) / sizeof(setups[0]); k++)
		checks += model(&setups[k], len);
	return checks;
}

/* ---- Any course of events of a larger one ---- */

static unsigned long fuzz(unsigned long rounds, unsigned int steps, bool corrected,
			  bool rates)
{
	static struct sim s;
	unsigned long checks = 0;

	for (unsigned long r = 0; r < rounds; r++) {
		u64 cost = 1 + magnitude(below(2) ? 1ULL << 36 : 100000);
		u64 span = 1 + magnitude(1ULL << 34);

		sim_init(&s, 2 + below(FLOWS - 1), 1 + magnitude(40),
			 below(2) ? rnd() : -magnitude(1ULL << 40),
			 below(2) ? rnd() : -magnitude(1ULL << 40));
		s.bounds = !rates;
		s.corrected = corrected;
		for (unsigned int i = 0; i < s.nflows; i++)
			ctxfq_set_weight(&s.fl[i].f, below(2) ? 100 :
					 1 + magnitude(CTXFQ_WEIGHT_MAX - 1));
		for (unsigned int k = 0; k < steps; k++) {
			unsigned int i = below(s.nflows);
			struct flow *fl = &s.fl[i];
			u64 est = below(8) ? 1 + below(cost) : !corrected ? 0 : 1;

			if (rates)
				fl->f.sync = below(2);
			switch (below(rates ? 16 : 14)) {
			default:
				enqueue(&s, i, est, below(1 << 20),
					corrected ? below(8 * est + 1) : 0);
				if (fl->f.weight > 200 && below(2))
					enqueue(&s, i, est, 512, corrected ? est : 0);
				break;
			case 0: case 1: case 2: case 3: case 4:
				if (fl->nsent)
					complete(&s, i, below(fl->nsent));
				break;
			case 5: case 6:
				while (fl->nsent)
					complete(&s, i, below(fl->nsent));
				break;
			case 7:
				tick(&s, below(span));
				break;
			case 8:
				if (below(4))
					break;
				ctxfq_set_weight(&fl->f, 1 + magnitude(CTXFQ_WEIGHT_MAX - 1));
				largest(fl);
				pairs_update(&s, i);
				break;
			case 9:
				if (below(4))
					break;
				ctxfq_set_depth(&s.q, 1 + magnitude(40), s.now);
				break;
			case 10:
				if (!fl->n || below(3))
					break;
				fl->n--;	/* the last one */
				ctxfq_remove(&s.q, &fl->f, s.now);
				pairs_update(&s, -1);
				break;
			case 14:
				ctxfq_set_limit(&s.q, &fl->f, below(CTXFQ_UNITS),
						magnitude(1ULL << 40) * below(2),
						1 + magnitude((1ULL << 40) - 1), s.now);
				break;
			case 15:
				if (below(2)) {
					ctxfq_set_reserve(&s.q, &fl->f, below(CTXFQ_UNITS),
							  magnitude(1ULL << 40) * below(2),
							  1 + magnitude((1ULL << 40) - 1),
							  s.now);
					break;
				}
				if (fl->nsent && below(2)) {
					/* comes back, and waits again */
					struct req q = fl->sent[--fl->nsent];

					s.inflight--;
					ctxfq_undo(&s.q, &fl->f,
						   q.cost.of[CTXFQ_TIME], s.now);
					enqueue(&s, i, q.cost.of[CTXFQ_TIME], 1, q.actual);
				} else {
					hurry(&s, i);
				}
				break;
			}
			for (unsigned int d = below(6); d && dispatch(&s) >= 0; d--)
				;
			counts(&s);
		}
		/* Held for years is right, but not what is to be seen here. */
		for (unsigned int i = 0; i < s.nflows; i++)
			ctxfq_set_limit(&s.q, &s.fl[i].f, CTXFQ_IOS, 0, 0, s.now);
		drain(&s);
		checks += s.choices;
	}
	return checks;
}

/*
 * ---- A device that does one thing after the other, in its own time ----
 *
 * Requests come at random times. Beside it runs the fluid that fair queueing
 * imitates (GPS: everybody with work is served at once, by weight), in exact
 * fractions. And each request has the deadline that SFQ guarantees (Goyal et al.,
 * theorem 4): with the rate wi/W of the device for itself it would begin at
 * EAT; it is done by EAT + c + the sum of the others' largest requests.
 */
static unsigned long fluid(unsigned long rounds, unsigned int reqs, double *worst)
{
	static struct sim s;
	unsigned long checks = 0;
	mpq_t backlog[FLOWS], got[FLOWS], eat[FLOWS], left, t, u, rate;
	u64 arrive_at[FLOWS];

	mpq_inits(left, t, u, rate, NULL);
	for (unsigned int i = 0; i < FLOWS; i++)
		mpq_inits(backlog[i], got[i], eat[i], NULL);
	for (unsigned long r = 0; r < rounds; r++) {
		unsigned int n = 2 + below(FLOWS - 2), todo = reqs;
		u64 cost = 1 + magnitude(1000000), end = 0, total = 0, sum = 0;
			sim_init(&s, n, 1, 0, -below(1000000));
		s.bounds = true;
		for (unsigned int i = 0; i < n; i++) {
			ctxfq_set_weight(&s.fl[i].f, 1 + magnitude(below(2) ? 9 : 9999));
			total += s.fl[i].f.weight;
			arrive_at[i] = below(cost);
			mpq_set_ui(backlog[i], 0, 1);
			mpq_set_ui(got[i], 0, 1);
			mpq_set_ui(eat[i], 0, 1);
		}
		while (todo || s.q.queued || s.inflight) {
			/* Until the next thing happens. */
			u64 next = s.inflight ? end : U64_MAX;
			unsigned int who = n;

			for (unsigned int i = 0; todo && i < n; i++)
				if (arrive_at[i] < next || (who == n && next == U64_MAX)) {
					next = arrive_at[i];
					who = i;
				}
			/* The fluid flows, in steps to where one runs dry. */
			mpz_set_ui(mpq_numref(left), next - s.now);
			mpz_set_ui(mpq_denref(left), 1);
			while (mpq_sgn(left) > 0) {
				unsigned long w = 0;

				for (unsigned int i = 0; i < n; i++)
					if (mpq_sgn(backlog[i]) > 0)
						w += s.fl[i].f.weight;
				if (!w)
					break;
				mpq_set(t, left);
				for (unsigned int i = 0; i < n; i++) {
					if (mpq_sgn(backlog[i]) <= 0)
						continue;
					mpq_set_ui(u, w, s.fl[i].f.weight);
					mpq_canonicalize(u);
					mpq_mul(u, u, backlog[i]);
					if (mpq_cmp(u, t) < 0)
						mpq_set(t, u);
				}
				for (unsigned int i = 0; i < n; i++) {
					if (mpq_sgn(backlog[i]) <= 0)
						continue;
					mpq_set_ui(rate, s.fl[i].f.weight, w);
					mpq_canonicalize(rate);
					mpq_mul(rate, rate, t);
					mpq_sub(backlog[i], backlog[i], rate);
					mpq_add(got[i], got[i], rate);
				}
				mpq_sub(left, left, t);
			}
			tick(&s, next - s.now);
			if (who < n) {
				struct flow *fl = &s.fl[who];
				u64 c = 1 + below(cost);

				if (fl->n < REQS) {
					todo--;
					enqueue(&s, who, c, 1, 0);
					mpz_set_ui(mpq_numref(t), c);
					mpz_set_ui(mpq_denref(t), 1);
					mpq_add(backlog[who], backlog[who], t);
				}
				/* Bursts, and more than the device can do at times. */
				arrive_at[who] = s.now + (below(3) ? below(2) :
					below(2 * cost * n));
			} else {
				unsigned int i;

				for (i = 0; !s.fl[i].nsent; i++)
					;
				sum = 0;
				for (unsigned int j = 0; j < n; j++)
					sum += s.fl[j].cmax;
				/*
				 * EAT of the next = max(its arrival, EAT + c W/w).
				 * Tags are rounded to 1/128 ns / weight.
				 */
				struct req *q = &s.fl[i].sent[0];
				u64 c = q->cost.of[CTXFQ_TIME];

				mpz_set_ui(mpq_numref(t), q->arrived);
				mpz_set_ui(mpq_denref(t), 1);
				if (mpq_cmp(eat[i], t) < 0)
					mpq_set(eat[i], t);
				mpz_set_ui(mpq_numref(t), sum - s.fl[i].cmax + c +
					   total / 128 + 1);
				mpz_set_ui(mpq_denref(t), 1);
				mpq_add(t, t, eat[i]);
				mpz_set_ui(mpq_numref(u), s.now);
				mpz_set_ui(mpq_denref(u), 1);
				if (mpq_cmp(u, t) > 0)
					complain("flow %u is late: done at %" PRIu64, i, s.now);
				mpq_set_ui(u, total, s.fl[i].f.weight);
				mpq_canonicalize(u);
				mpz_set_ui(mpq_numref(t), c);
				mpz_set_ui(mpq_denref(t), 1);
				mpq_mul(t, t, u);
				mpq_add(eat[i], eat[i], t);
				complete(&s, i, 0);
				/* Behind the fluid. */
				for (unsigned int j = 0; j < n; j++) {
					double behind;

					mpz_set_ui(mpq_numref(t), (u64)s.fl[j].w_done);
					mpz_set_ui(mpq_denref(t), 1);
					mpq_sub(t, got[j], t);
					behind = (mpq_get_d(t) - total / 128 - 1) / sum;
					if (behind > *worst)
						*worst = behind;
					checks++;
				}
			}
			if (!s.inflight) {
				int i = dispatch(&s);

				if (i >= 0)
					end = s.now + s.fl[i].sent[0].cost.of[CTXFQ_TIME];
			}
		}
	}
	for (unsigned int i = 0; i < FLOWS; i++)
		mpq_clears(backlog[i], got[i], eat[i], NULL);
	mpq_clears(left, t, u, rate, NULL);
	return checks;
}

/*
 * ---- Reservations and limits, on a device with some parallel servers ----
 *
 * Every flow always has requests waiting, or goes away for a while. A limit is
 * checked over every interval between two requests of the flow; a reservation
 * over every interval in which it had something waiting all the time.
 */
struct sample {
	u64 at;
	u64 units;	/* of the rate's unit, sent so far */
	unsigned int spell;	/* of having something waiting */
};

#define SAMPLES 3000

static unsigned long rates(unsigned long rounds, unsigned int reqs)
{
	static struct sim s;
	static struct sample seen[FLOWS][SAMPLES];
	unsigned long checks = 0;

	for (unsigned long r = 0; r < rounds; r++) {
		unsigned int n = 2 + below(6), servers = 1 + below(3), k;
		unsigned int nseen[FLOWS] = { 0 }, spell[FLOWS] = { 0 };
		u64 cost = 1000 + magnitude(1000000), off_until[FLOWS] = { 0 };
		u64 ends[8], sum = 0, per = 0;
		unsigned int owner[8];
		enum ctxfq_unit unit[FLOWS];

		sim_init(&s, n, servers, -below(1ULL << 32), rnd());
		for (unsigned int i = 0; i < n; i++) {
			struct ctxfq_flow *f = &s.fl[i].f;

			ctxfq_set_weight(f, 1 + magnitude(CTXFQ_WEIGHT_MAX - 1));
			off_until[i] = s.now;
			unit[i] = below(CTXFQ_UNITS);
			/* At most 0.8 of one server is reserved, as device time. */
			if (below(2) && per < 800) {
				u64 part = 1 + below(800 - per);

				per += part;
				ctxfq_set_reserve(&s.q, f, CTXFQ_TIME, part, 1000, s.now);
				unit[i] = CTXFQ_TIME;
			} else if (below(2)) {
				/* a tenth to twice of what one server can do */
				u64 units = unit[i] == CTXFQ_TIME ? cost / 2 :
					unit[i] == CTXFQ_BYTES ? 65536 : 1;

				ctxfq_set_limit(&s.q, f, unit[i], units * (1 + below(20)),
						10 * cost / 2, s.now);
			}
		}
		for (k = 0; k < servers; k++)
			owner[k] = FLOWS;
		for (unsigned int left = reqs; left; ) {
			u64 next, when;
			bool any = false;

			for (unsigned int i = 0; i < n; i++) {
				struct flow *fl = &s.fl[i];

				if ((s64)(s.now - off_until[i]) < 0)
					continue;
				if (!fl->n)
					spell[i]++;
				while (fl->n < 3)
					enqueue(&s, i, 1 + below(cost), below(131072), 0);
				if (!below(300))
					off_until[i] = s.now + below(200 * cost);
			}
			for (k = 0; k < servers; k++) {
				int i;

				if (owner[k] != FLOWS)
					continue;
				i = dispatch(&s);
				if (i < 0)
					break;
				left -= left > 0;
				owner[k] = i;
				struct req *q = &s.fl[i].sent[s.fl[i].nsent - 1];

				ends[k] = s.now + q->cost.of[CTXFQ_TIME];
				q->actual = k;		/* which server */
				if (nseen[i] < SAMPLES) {
					struct sample *m = &seen[i][nseen[i]++];

					m->at = s.now;
					m->units = q->cost.of[unit[i]];
					m->spell = s.fl[i].n ? spell[i] : spell[i]++;
				}
			}
			/* What happens next: an end, a wake-up, or somebody comes back. */
			next = s.now + (1ULL << 40);
			for (k = 0; k < servers; k++)
				if (owner[k] != FLOWS && (s64)(ends[k] - next) < 0)
					next = ends[k], any = true;
			if (ctxfq_wakeup(&s.q, s.now, &when) && (s64)(when - s.now) > 0 &&
			    (s64)(when - next) < 0)
				next = when, any = true;
			for (unsigned int i = 0; i < n; i++)
				if ((s64)(off_until[i] - s.now) > 0 &&
				    (s64)(off_until[i] - next) < 0)
					next = off_until[i], any = true;
			if (!any) {
				complain("nothing will ever happen");
				return checks;
			}
			tick(&s, next - s.now);
			for (k = 0; k < servers; k++) {
				unsigned int i = owner[k], j;

				if (i == FLOWS || ends[k] != s.now)
					continue;
				for (j = 0; s.fl[i].sent[j].actual != k; j++)
					;
				complete(&s, i, j);
				owner[k] = FLOWS;
			}
		}

		for (unsigned int i = 0; i < n; i++)
			sum += s.fl[i].cmax;
		for (unsigned int i = 0; i < n; i++) {
			const struct ctxfq_rate *l = &s.fl[i].f.limit;
			const struct ctxfq_rate *v = &s.fl[i].f.reserve;

			for (unsigned int a = 0; a < nseen[i]; a++) {
				wide got = 0;

				for (unsigned int b = a; b < nseen[i]; b++) {
					u64 span = seen[i][b].at - seen[i][a].at;

					/*
					 * All but the last fit into the limit, the
					 * 10 ms of it that may be saved, and rounding.
					 */
					if (l->units && got * l->ns >
					    (wide)l->units * (span + 10000000 + 1))
						complain("flow %u gets too much: %" PRIu64
							 " in %" PRIu64 " ns, with a limit of %"
							 PRIu64 " in %" PRIu64, i, (u64)got,
							 span, l->units, l->ns);
					/*
					 * Tags fall behind the time by no more than
					 * one request of everybody, and one that was
					 * under way.
					 */
					if (v->units && seen[i][a].spell ==
					    seen[i][b].spell &&
					    (got + s.fl[i].cmax) * v->ns <
					    (wide)v->units * ((wide)span - 2 * sum))
						complain("flow %u gets too little", i);
					got += seen[i][b].units;
					checks++;
				}
				if (tap_bad)
					return checks;
			}
		}
		drain(&s);
	}
	return checks;
}

/* A reservation over the weight does not have to be paid back for long. */
static unsigned long leads(void)
{
	static struct sim s;
	u64 begin;

	sim_init(&s, 2, 1, 0, 0);
	ctxfq_set_reserve(&s.q, &s.fl[0].f, CTXFQ_TIME, 9, 10, 0);
	for (unsigned int k = 0; k < 20000; k++) {
		while (s.fl[0].n < 2)
			enqueue(&s, 0, 1000000, 1, 0);
		while (s.fl[1].n < 2)
			enqueue(&s, 1, 1000000, 1, 0);
		int i = dispatch(&s);

		tick(&s, 1000000);
		complete(&s, i, 0);
	}
	/* 20 s: 18 s by reservation to 2 s. Now 1:1 again, after a second or so. */
	if (s.fl[0].w_done < 17900000000 || s.fl[0].w_done > 18100000000)
		complain("the reservation got %" PRIu64, (u64)s.fl[0].w_done);
	ctxfq_set_reserve(&s.q, &s.fl[0].f, CTXFQ_TIME, 0, 0, s.now);
	begin = s.now;
	for (;;) {
		int i = dispatch(&s);

		tick(&s, 1000000);
		complete(&s, i, 0);
		enqueue(&s, i, 1000000, 1, 0);
		if (i == 0 || s.now - begin > 5000000000)
			break;
	}
	if (s.now - begin > 1100000000)
		complain("pays back for %" PRIu64 " ns", s.now - begin);
	drain(&s);
	return 2;
}

/*
 * Half of a flow's requests are urgent: they never wait, the others pay for them, and
 * the flow gets no more than its half. With nothing but urgent ones it may not hurry
 * any more, and gets its half as well.
 */
static unsigned long debts(void)
{
	static struct sim s;
	unsigned long n = 0;

	for (unsigned int all = 0; all < 2; all++) {
		unsigned int urgent = 0, refused = 0;

		sim_init(&s, 2, 1, 0, 0);
		for (unsigned int k = 0; k < 20000; k++, n++) {
			unsigned int i;

			for (i = 0; i < 2; i++)
				while (s.fl[i].n < 2)
					enqueue(&s, i, 1000000, 1, 0);
			if (!(k % 4) || all) {
				if (ctxfq_may_hurry(&s.q, &s.fl[0].f)) {
					hurry(&s, 0);
					urgent++;
				} else {
					refused++;
				}
			}
			if (!s.inflight)
				dispatch(&s);
			tick(&s, 1000000);
			complete(&s, s.fl[0].nsent ? 0 : 1, 0);
		}
		if (s.fl[0].w_done < 9800000000 || s.fl[0].w_done > 10200000000)
			complain("urgent requests get %" PRIu64, (u64)s.fl[0].w_done);
		if (all ? refused < 9000 : refused || urgent != 5000)
			complain("%u are urgent, %u are refused", urgent, refused);
		drain(&s);
	}
	return n;
}

/*
 * Device time is split among the requests at the device: what they are charged
 * adds up to the time it was busy, but for the rounding.
 */
static unsigned long sharing(unsigned long rounds)
{
	static struct sim s;
	static u64 stamp[64];
	unsigned long checks = 0;

	for (unsigned long r = 0; r < rounds; r++) {
		struct ctxfq_cost c = { .of = { 1000, 4096, 1 } };
		unsigned int n = 0, sends = 0;
		u64 charged = 0;

		sim_init(&s, 1, 64, -below(1ULL << 40), 0);
		for (unsigned int k = 0; k < 2000; k++) {
			tick(&s, magnitude(1000000));
			s.inflight = n;
			if (n < 64 && below(2)) {
				ctxfq_enqueue(&s.q, &s.fl[0].f, s.now);
				if (ctxfq_next(&s.q, s.now) != &s.fl[0].f)
					complain("nothing to send");
				stamp[n++] = ctxfq_dispatch(&s.q, &s.fl[0].f, &c, s.now);
				sends++;
			} else if (n) {
				unsigned int i = below(n);

				charged += ctxfq_complete(&s.q, &s.fl[0].f, 0, stamp[i],
							  s.now);
				stamp[i] = stamp[--n];
			}
			s.inflight = n;
		}
		while (n)
			charged += ctxfq_complete(&s.q, &s.fl[0].f, 0, stamp[--n], s.now);
		if (charged > s.busy || s.busy - charged > sends + 2000)
			complain("%" PRIu64 " charged of %" PRIu64, charged, s.busy);
		checks++;
	}
	return checks;
}

/* One request to the device, whatever the depth is at the moment. */
static int dispatch_any(struct sim *s)
{
	struct ctxfq_flow *f;
	struct flow *fl;
	unsigned int i;
	u64 when;

	if (ctxfq_may_send(&s->q, s->now) != !!(f = ctxfq_next(&s->q, s->now)))
		complain("there is said to be work, and is none, or the other way round");
	if (!f) {
		if (s->q.queued && !s->inflight && !ctxfq_wakeup(&s->q, s->now, &when))
			complain("requests wait and nothing will wake the queue");
		return -1;
	}
	for (i = 0; f != &s->fl[i].f; i++)
		;
	fl = &s->fl[i];
	struct req *r = &fl->sent[fl->nsent++];

	*r = fl->wait[fl->head];
	fl->head = (fl->head + 1) % REQS;
	fl->n--;
	r->began = s->choices++;
	r->actual = 0;
	s->inflight++;
	r->stamp = ctxfq_dispatch(&s->q, f, &r->cost, s->now);
	return i;
}

/* The first at the device that is not served yet: from now on by @server. */
static int serve(struct sim *s, unsigned int server)
{
	struct req *first = NULL;
	int flow = -1;

	for (unsigned int i = 0; i < s->nflows; i++)
		for (unsigned int k = 0; k < s->fl[i].nsent; k++) {
			struct req *r = &s->fl[i].sent[k];

			if (!r->actual && (!first || r->began < first->began)) {
				first = r;
				flow = i;
			}
		}
	if (first)
		first->actual = server;
	return flow;
}

static void served(struct sim *s, unsigned int flow, unsigned int server)
{
	struct flow *fl = &s->fl[flow];
	unsigned int k;
	struct req r;

	for (k = 0; fl->sent[k].actual != server; k++)
		;
	r = fl->sent[k];
	memmove(&fl->sent[k], &fl->sent[k + 1], (fl->nsent - k - 1) * sizeof(r));
	fl->nsent--;
	s->inflight--;
	ctxfq_complete(&s->q, &fl->f, r.cost.of[CTXFQ_TIME], r.stamp, s->now);
}

/*
 * Depth found by measuring: a device of so many servers, each of which takes the
 * same time, or a random one with the same mean; two flows that always have
 * requests waiting, and after three seconds one with a single request at a time.
 */
static unsigned long depths(void)
{
	static const unsigned int servers[] = { 1, 2, 8, 32 };
	static struct sim s;
	unsigned long checks = 0;

	for (unsigned int v = 0; v < 8; v++) {
		unsigned int k = servers[v % 4], owner[32];
		const u64 mean = 1600000;
		bool random = v >= 4;
		u64 ends[32], done = 0, single = 0, back, waits = 0, asked = 0, high = 0;

		sim_init(&s, 3, 0, -below(1ULL << 40), 0);
		for (unsigned int j = 0; j < k; j++)
			owner[j] = FLOWS;
		u64 begin = back = s.now, until = begin + 13000000000ULL, measured = begin + 3000000000ULL;
		while ((s64)(s.now - until) < 0) {
			u64 next = until;
			int i;

			for (unsigned int f = 0; f < 2; f++)
				while (s.fl[f].n < 64)
					enqueue(&s, f, mean, 4096, 0);
			if ((s64)(s.now - measured) >= 0 && !s.fl[2].n && !s.fl[2].nsent &&
			    (s64)(s.now - back) >= 0) {
				enqueue(&s, 2, mean, 4096, 0);
				asked = s.now;
			}
			/* What is at the device beyond its servers waits there, in order. */
			while (s.inflight < 64 && (i = dispatch_any(&s)) >= 0)
				;
			for (unsigned int j = 0; j < k; j++) {
				if (owner[j] == FLOWS) {
					int f = serve(&s, j + 1);

					if (f < 0)
						continue;
					owner[j] = f;
					ends[j] = s.now + (random ? 1 + below(2 * mean) : mean);
				}
				if ((s64)(ends[j] - next) < 0)
					next = ends[j];
			}
			if ((s64)(back - s.now) > 0 && (s64)(back - next) < 0)
				next = back;
			tick(&s, next - s.now);
			for (unsigned int j = 0; j < k; j++) {
				unsigned int f = owner[j];

				if (f == FLOWS || ends[j] != s.now)
					continue;
				served(&s, f, j + 1);
				owner[j] = FLOWS;
				if ((s64)(s.now - measured) < 0)
					continue;
				done++;
				high += s.q.depth > (5 * k + 3) / 4 + 1;
				if (f == 2) {
					single++;
					waits += s.now - asked;
					back = s.now + 100000;
				}
			}
		}
		u64 could = 10000000000ULL / mean * k;

		printf("# %u servers%s: depth %u, %.3f of the most, a single reader %.3f of it, %.2f ms\n",
		       k, random ? ", random" : "", s.q.depth, (double)done / could,
		       (double)single / could, waits / 1e6 / (single ? single : 1));
		if (done * 100 < could * (random ? 85 : 97))
			complain("%u servers: %" PRIu64 " of %" PRIu64, k, done, could);
		if (!random && high * 5 > done)
			complain("%u servers: depth %u", k, s.q.depth);
		if (k == 1 && !random && single * 100 < could * 30)
			complain("one at a time gets %" PRIu64 " of %" PRIu64, single, could);
		checks += done;
	}
	/* By hand, and back. */
	ctxfq_set_depth(&s.q, 5, s.now);
	if (s.q.depth != 5 || s.q.tune.on)
		complain("a depth by hand");
	return checks;
}

/*
 * Whoever sends one request at a time, beside one with many, on a device that does
 * one in 2 ms: gets its part by weight if its pauses are short, and costs the other
 * little; if they are long, or it does not come back, nothing is kept for it.
 */
static unsigned long pauses(void)
{
	static const struct {
		u32 weight;
		u64 think;		/* ns */
		unsigned int least, most;	/* of what is done, in 1/1000 */
		unsigned int work;	/* of what could be done */
	} c[] = {
		{ 100, 100000, 480, 520, 970 },
		{ 400, 100000, 780, 820, 950 },
		{ 900, 100000, 880, 920, 940 },
		{ 25, 100000, 180, 220, 990 },
		{ 400, 1500000, 500, 820, 620 },
		{ 400, 5000000, 100, 400, 990 },	/* too long to be kept for */
		{ 400, 50000000, 10, 60, 990 },
	};
	static struct sim s;
	const u64 cost = 2000000;
	unsigned long checks = 0;

	for (unsigned int v = 0; v < sizeof(c) / sizeof(c[0]); v++) {
		u64 end = 0, back, begin, done[2] = { 0 }, sums, gap = 0, when;
		bool gone = false;

		sim_init(&s, 2, v % 2, -below(1ULL << 40), rnd());
		ctxfq_set_weight(&s.fl[0].f, c[v].weight);
		s.fl[0].f.sync = s.fl[1].f.sync = true;
		begin = back = s.now;
		while (s.now - begin < 20000000000ULL) {
			u64 next = begin + 20000000000ULL;
			int i;

			/* After 15 s it does not come back. */
			gone = s.now - begin > 15000000000ULL;
			while (s.fl[1].n < 16)
				enqueue(&s, 1, cost, 4096, 0);
			if (!gone && !s.fl[0].n && !s.fl[0].nsent && (s64)(s.now - back) >= 0)
				enqueue(&s, 0, cost, 4096, 0);
			if (!s.inflight) {
				i = dispatch_any(&s);
				if (i >= 0) {
					serve(&s, 1);
					end = s.now + cost;
				}
			} else {
				i = 0;
			}
			if (s.inflight && (s64)(end - next) < 0)
				next = end;
			if (!s.inflight && ctxfq_wakeup(&s.q, s.now, &when) &&
			    (s64)(when - next) < 0)
				next = when;
			if (!s.inflight && (s64)(next - s.now) <= 0)
				complain("waits for what is over");
			if (!gone && (s64)(back - s.now) > 0 && (s64)(back - next) < 0)
				next = back;
			if (!s.inflight && gone)
				gap += next - s.now;
			tick(&s, next - s.now);
			if (s.inflight && s.now == end) {
				i = s.fl[0].nsent ? 0 : 1;
				served(&s, i, 1);
				if (!gone && s.now - begin > 2000000000ULL)
					done[i]++;
				if (!i)
					back = s.now + c[v].think;
			}
			checks++;
		}
		sums = done[0] + done[1];
		printf("# weight %u to 100, pauses of %" PRIu64 " us: %.3f of what is done, which is %.3f of what can be\n",
		       c[v].weight, c[v].think / 1000, (double)done[0] / sums,
		       sums * cost / 13e9);
		if (done[0] * 1000 < sums * c[v].least || done[0] * 1000 > sums * c[v].most)
			complain("case %u: %" PRIu64 " of %" PRIu64, v, done[0], sums);
		if (sums * cost / 13000000 < c[v].work)
			complain("case %u: only %" PRIu64 " done", v, sums);
		/* In vain a few times, each for 4 ms at most. */
		if (gap > 20000000)
			complain("case %u: %" PRIu64 " ns for one that is gone", v, gap);
	}
	return checks;
}

static unsigned long costs(void)
{
	struct ctxfq_model m = { 0 };
	u64 last = 0;

	/* Before anything is known: grows with the size, never the sum. */
	for (u64 bytes = 0; bytes <= 1 << 20; bytes += 4096) {
		u64 c = ctxfq_estimate(&m, CTXFQ_READ, false, bytes);

		if (c < last || c != (bytes / 4096 * 10000 > 100000 ?
				      bytes / 4096 * 10000 : 100000))
			complain("%" PRIu64 " bytes cost %" PRIu64, bytes, c);
		last = c;
	}
	/* The mean of what was measured, and it follows. */
	for (int i = 0; i < 8; i++)
		ctxfq_learn(&m, CTXFQ_READ, true, 4096, 1000 * (i + 1));
	if (ctxfq_estimate(&m, CTXFQ_READ, true, 4096) != 4500)
		complain("mean is %" PRIu64, ctxfq_estimate(&m, CTXFQ_READ, true, 4096));
	if (ctxfq_estimate(&m, CTXFQ_READ, false, 4096) != 100000 ||
	    ctxfq_estimate(&m, CTXFQ_WRITE, true, 4096) != 100000 ||
	    ctxfq_estimate(&m, CTXFQ_READ, true, 4097) != 100000)
		complain("learns about others as well");
	for (int i = 0; i < 200; i++)
		ctxfq_learn(&m, CTXFQ_READ, true, 4096, 80000);
	last = ctxfq_estimate(&m, CTXFQ_READ, true, 4096);
	if (last < 79000 || last > 80000)
		complain("does not follow: %" PRIu64, last);
	ctxfq_learn(&m, CTXFQ_READ, true, 4096, U64_MAX);
	if (ctxfq_estimate(&m, CTXFQ_READ, true, 4096) > last + last / 2)
		complain("an outlier counts too much");
	for (int i = 0; i < 500; i++)
		ctxfq_learn(&m, CTXFQ_READ, true, 4096, 0);
	if (!ctxfq_estimate(&m, CTXFQ_READ, true, 4096))
		complain("a request for nothing");
	return 7;
}

static void refused(void)
{
	static struct sim s;
	struct ctxfq_flow *f = &s.fl[0].f;

	sim_init(&s, 1, 1, 0, 0);
	if (ctxfq_set_weight(f, 0) != -EINVAL || ctxfq_set_weight(f, 10001) != -EINVAL ||
	    f->weight != CTXFQ_WEIGHT_DEFAULT)
		complain("a bad weight is taken");
	if (ctxfq_set_limit(&s.q, f, CTXFQ_UNITS, 1, 1, 0) != -EINVAL ||
	    ctxfq_set_limit(&s.q, f, CTXFQ_IOS, 1, 0, 0) != -EINVAL ||
	    ctxfq_set_limit(&s.q, f, CTXFQ_IOS, (1ULL << 40) + 1, 1, 0) != -EINVAL ||
	    ctxfq_set_reserve(&s.q, f, CTXFQ_IOS, 1, (1ULL << 40) + 1, 0) != -EINVAL ||
	    f->limit.units || f->reserve.units)
		complain("a bad rate is taken");
	enqueue(&s, 0, 1, 1, 0);
	if (ctxfq_flow_exit(&s.q, f))
		complain("a flow leaves with a request waiting");
	dispatch(&s);
	if (ctxfq_flow_exit(&s.q, f))
		complain("a flow leaves with a request under way");
	complete(&s, 0, 0);
	if (!ctxfq_flow_exit(&s.q, f))
		complain("a flow cannot leave");
}

/*
 * ---- The table of the KUnit test ----
 */
static int vectors(void)
{
	static struct sim s;
	u64 last;

	rnd_state = 6;
	sim_init(&s, 4, 3, -1000000ULL, -5000ULL);
	printf("/* SPDX-License-Identifier: GPL-2.0 */\n"
	       "/*\n"
	       " * Made by tests/alg/disk --vectors: a course of events during which every\n"
	       " * choice was checked against every flow. Do not edit; a test compares.\n"
	       " */\n\n"
	       "enum { V_WEIGHT, V_LIMIT, V_RESERVE, V_ENQUEUE, V_NEXT, V_COMPLETE };\n\n"
	       "#define V_FLOWS\t4\n#define V_DEPTH\t3\n"
	       "#define V_NOW\t(-1000000ULL)\n#define V_VTIME\t(-5000ULL)\n\n"
	       "static const struct ctxfq_step {\n"
	       "\tu8 op;\n\tu64 after;\t/* ns since the step before */\n"
	       "\tint flow;\t/* of V_NEXT: the one chosen, or -1 */\n"
	       "\tu64 arg;\t/* weight, rate per ms, cost or measured time */\n"
	       "\tu64 start;\t/* the flow's start tag after that */\n"
	       "} ctxfq_steps[] = {\n");
	last = s.now;
#define STEP(op, flow, arg) do { \
		printf("\t{ " op ", %" PRIu64 ", %d, %" PRIu64 ", %" PRIu64 "ULL },\n", \
		       s.now - last, flow, (u64)(arg), \
		       (flow) < 0 ? 0 : s.fl[(flow) < 0 ? 0 : (flow)].f.start); \
		last = s.now; \
	} while (0)
	for (int k = 0; k < 300; k++) {
		unsigned int i = below(4);
		struct flow *fl = &s.fl[i];
		u64 arg;
		int got;

		tick(&s, below(3) ? 0 : below(400000));
		switch (k < 3 ? k : (int)below(13)) {
		case 0:
			if (k >= 3 && below(3))
				break;
			ctxfq_set_weight(&fl->f, arg = 1 + magnitude(999));
			STEP("V_WEIGHT", (int)i, arg);
			break;
		case 1:
			if (k >= 3 && below(3))
				break;
			i = 1;
			ctxfq_set_limit(&s.q, &s.fl[i].f, CTXFQ_BYTES, arg = 4096 + below(65536),
					1000000, s.now);
			STEP("V_LIMIT", 1, arg);
			break;
		case 2:
			if (k >= 3 && below(3))
				break;
			ctxfq_set_reserve(&s.q, &s.fl[2].f, CTXFQ_TIME,
					  arg = below(400000), 1000000, s.now);
			STEP("V_RESERVE", 2, arg);
			break;
		case 3: case 4: case 5: case 6: case 7:
			arg = 1000 + below(300000);
			enqueue(&s, i, arg, arg, 0);
			STEP("V_ENQUEUE", (int)i, arg);
			break;
		case 8: case 9: case 10:
			got = dispatch(&s);
			STEP("V_NEXT", got, got < 0 ? 0 :
			     s.fl[got].sent[s.fl[got].nsent - 1].cost.of[0]);
			break;
		default:
			if (!fl->nsent)
				break;
			s.corrected = 1;
			fl->sent[0].actual = arg = below(2 * fl->sent[0].cost.of[0]);
			complete(&s, i, 0);
			STEP("V_COMPLETE", (int)i, arg);
			break;
		}
	}
	printf("};\n");
	return tap_bad != 0;
}

int main(int argc, char **argv)
{
	double worst = 0;
	unsigned long m, c;

	if (argc == 2 && !strcmp(argv[1], "--vectors"))
		return vectors();
	m = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!m) {
		fprintf(stderr, "usage: disk LEVEL | --vectors\n");
		return 2;
	}
	rnd_state = m;

	result("every course of a few events", models(m == 1 ? 4 : 5));
	result("any events: shares within the bounds of SFQ(D)",
	       fuzz(30 * m, 2000, false, false));
	result("any events, estimates corrected: within 3 D",
	       fuzz(30 * m, 2000, true, false));
	result("any events, reservations, limits, requeues, urgent requests",
	       fuzz(30 * m, 2000, true, true));
	c = fluid(20 * m, 1500, &worst);
	printf("# at most %.3f times the sum of everybody's largest request behind the fluid\n",
	       worst);
	if (worst > 1)
		complain("too far behind the fluid");
	result("a serial device: deadlines of SFQ, and near the fluid", c);
	result("reservations and limits over every interval", rates(20 * m, 800));
	result("a lead by reservation ends soon", leads());
	result("urgent requests do not wait, and are paid for", debts());
	result("what requests are charged is the device's time", sharing(20 * m));
	result("the depth follows what the device can do", depths());
	result("one request at a time beside many: its part by weight", pauses());
	result("cost estimates", costs());
	refused();
	result("numbers out of range, and flows in use, are refused", 8);
	return finish();
}
