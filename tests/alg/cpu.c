// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks vx_waterfill() and the token bucket against references that compute
 * with exact fractions and work another way:
 *
 *	cpu LEVEL		LEVEL times as much as the least; 1 is seconds
 *	cpu --vectors		prints the table that the KUnit test uses
 */
#include <gmp.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/limits.h>
#include "bucket.h"
#include "waterfill.h"
#include "wide.h"
#include "tap.h"

static void set_u64(mpz_t z, u64 v)
{
	mpz_import(z, 1, 1, sizeof(v), 0, 0, &v);
}

static u64 get_u64(const mpz_t z)
{
	u64 v = 0;

	if (mpz_sizeinbase(z, 2) > 64 || mpz_sgn(z) < 0)
		abort();
	mpz_export(&v, NULL, 1, sizeof(v), 0, 0, z);
	return v;
}

static void q_set_u64(mpq_t q, u64 v)
{
	set_u64(mpq_numref(q), v);
	set_u64(mpq_denref(q), 1);
}

static void q_set_s64(mpq_t q, s64 v)
{
	q_set_u64(q, v < 0 ? -(u64)v : (u64)v);
	if (v < 0)
		mpq_neg(q, q);
}

/*
 * ---- Water-filling ----
 *
 * The reference tries every level at which something could change, takes the
 * last one that does not use too much, and solves the straight line after it.
 */

static u64 lesser(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* to = what a share gets at this level (NULL: endlessly high), exactly. */
static void ref_at(mpq_t to, const struct vx_share *s, u64 w, const mpq_t level)
{
	mpq_t t;

	mpq_init(t);
	q_set_u64(to, w);
	if (level)
		mpq_mul(to, to, level);
	q_set_u64(t, s->floor);
	if (mpq_cmp(to, t) < 0)
		mpq_set(to, t);
	q_set_u64(t, s->cap);
	if (mpq_cmp(to, t) > 0 || !level)
		mpq_set(to, t);
	mpq_clear(t);
}

/* In which pass it gets more than its floor. */
static int pass_of(const struct vx_share *s)
{
	return s->weight == 0;
}

/* The exact shares into ex[]. */
static void ref_waterfill(mpq_t *ex, const struct vx_share *in, unsigned int n,
			  u64 capacity)
{
	static struct vx_share s[1000];
	mpq_t sum, cap, best, level, slope, t;
	unsigned int i, j;

	mpq_inits(sum, cap, best, level, slope, t, NULL);
	q_set_u64(cap, capacity);

	for (i = 0; i < n; i++) {
		s[i].weight = in[i].weight;
		s[i].cap = lesser(in[i].cap, capacity);
		s[i].floor = lesser(in[i].floor, s[i].cap);
		q_set_u64(ex[i], s[i].floor);
		mpq_add(sum, sum, ex[i]);
	}
	if (mpq_cmp(sum, cap) > 0) {		/* scaled floors */
		mpq_div(t, cap, sum);
		for (i = 0; i < n; i++)
			mpq_mul(ex[i], ex[i], t);
		goto out;
	}

	/* Pass 0: those with weights share. Pass 1: they have their caps, and
	 * the others share as equals; if all have their caps, that is it. */
	for (int pass = 0; pass < 2; pass++) {
		bool found = false;

		for (i = 0; i < n; i++)
			if (s[i].weight && pass)
				ref_at(ex[i], &s[i], 0, NULL);
		for (i = 0; i <= 2 * n; i++) {
			const struct vx_share *e = &s[i / 2];
			u64 w;

			if (i == 2 * n) {
				q_set_u64(level, 0);
			} else {
				w = pass ? 1 : e->weight;
				if (pass_of(e) != pass)
					continue;
				q_set_u64(level, i % 2 ? e->cap : e->floor);
				q_set_u64(t, w);
				mpq_div(level, level, t);
			}
			if (found && mpq_cmp(level, best) <= 0)
				continue;
			q_set_u64(sum, 0);
			for (j = 0; j < n; j++) {
				if (pass_of(&s[j]) == pass)
					ref_at(t, &s[j], pass ? 1 : s[j].weight, level);
				else
					mpq_set(t, ex[j]);
				mpq_add(sum, sum, t);
			}
			if (mpq_cmp(sum, cap) <= 0) {
				found = true;
				mpq_set(best, level);
			}
		}
		if (!found)
			abort();
		/* From best on: who grows, and how far it is. */
		q_set_u64(sum, 0);
		q_set_u64(slope, 0);
		for (j = 0; j < n; j++) {
			if (pass_of(&s[j]) == pass) {
				u64 w = pass ? 1 : s[j].weight;

				ref_at(ex[j], &s[j], w, best);
				q_set_u64(t, w);
				mpq_mul(t, t, best);	/* not clamped */
				q_set_u64(level, s[j].cap);
				if (mpq_cmp(t, ex[j]) == 0 && mpq_cmp(t, level) < 0) {
					q_set_u64(t, w);
					mpq_add(slope, slope, t);
				}
			}
			mpq_add(sum, sum, ex[j]);
		}
		if (mpq_sgn(slope) > 0) {
			mpq_sub(t, cap, sum);
			mpq_div(t, t, slope);
			mpq_add(best, best, t);
			for (j = 0; j < n; j++)
				if (pass_of(&s[j]) == pass)
					ref_at(ex[j], &s[j],
					       pass ? 1 : s[j].weight, best);
			break;
		}
		if (mpq_cmp(sum, cap) == 0)
			break;
	}
out:
	mpq_clears(sum, cap, best, level, slope, t, NULL);
}

static void show(const struct vx_share *s, unsigned int n, u64 capacity)
{
	for (unsigned int i = 0; i < n && i < 6; i++)
		complain("  %u: weight %" PRIu64 " floor %" PRIu64 " cap %" PRIu64
			 " out %" PRIu64, i, s[i].weight, s[i].floor, s[i].cap,
			 s[i].out);
	complain("  capacity %" PRIu64, capacity);
}

/* Runs it and compares each result with the exact one and the rounding rule. */
static void check_waterfill(struct vx_share *s, unsigned int n, u64 capacity)
{
	static mpq_t *ex;
	static unsigned int have;
	struct vx_share before[8];
	mpq_t prefix;
	mpz_t z, last;
	unsigned long bad = tap_bad;
	u64 sum = 0, caps = 0;
	unsigned int i;
	int err;

	if (have < n) {
		ex = realloc(ex, n * sizeof(*ex));
		for (i = have; i < n; i++)
			mpq_init(ex[i]);
		have = n;
	}
	for (i = 0; i < n; i++)
		s[i].out = rnd();
	if (n <= 8)
		memcpy(before, s, n * sizeof(*s));
	err = vx_waterfill(s, n, capacity);
	if (err) {
		complain("vx_waterfill returns %d", err);
		show(s, n, capacity);
		return;
	}
	ref_waterfill(ex, s, n, capacity);
	mpq_init(prefix);
	mpz_inits(z, last, NULL);
	for (i = 0; i < n; i++) {
		mpq_add(prefix, prefix, ex[i]);
		mpz_fdiv_q(z, mpq_numref(prefix), mpq_denref(prefix));
		mpz_sub(last, z, last);
		if (s[i].out != get_u64(last)) {
			gmp_printf("# share %u is not %Zd, exactly %Qd\n", i, last, ex[i]);
			complain("wrong share");
		}
		if (s[i].out > s[i].cap)
			complain("share %u above its cap", i);
		mpz_set(last, z);
		sum += s[i].out;
		caps += lesser(s[i].cap, capacity);
		if (n <= 8 && (before[i].weight != s[i].weight ||
			       before[i].floor != s[i].floor ||
			       before[i].cap != s[i].cap))
			complain("input %u was changed", i);
	}
	if (sum != lesser(caps, capacity))
		complain("sum %" PRIu64 " is not %" PRIu64, sum,
			 lesser(caps, capacity));
	if (tap_bad != bad)
		show(s, n, capacity);
	mpq_clear(prefix);
	mpz_clears(z, last, NULL);
}

/* Every combination of a few small values in up to n shares. */
static unsigned long exhaust_waterfill(unsigned int n, const u64 *weights,
				       unsigned int nw, u64 top, u64 capacity)
{
	/* floors 0 .. top, caps 0 .. top and none */
	unsigned int per = nw * (top + 1) * (top + 2);
	unsigned long total = 1, k, checks = 0;
	struct vx_share s[4];

	for (unsigned int i = 0; i < n; i++)
		total *= per;
	for (k = 0; k < total; k++) {
		unsigned long v = k;

		for (unsigned int i = 0; i < n; i++) {
			unsigned int x = v % per;

			v /= per;
			s[i].weight = weights[x % nw];
			x /= nw;
			s[i].floor = x % (top + 1);
			x /= top + 1;
			s[i].cap = x == top + 1 ? U64_MAX : x;
		}
		for (u64 c = 0; c <= capacity; c++, checks++)
			check_waterfill(s, n, c);
	}
	return checks;
}

static unsigned long fuzz_waterfill(unsigned long rounds, unsigned int most)
{
	struct vx_share *s = calloc(most, sizeof(*s));

	for (unsigned long k = 0; k < rounds; k++) {
		unsigned int n = below(most + 1);
		u64 capacity = magnitude(VX_CAPACITY_MAX);
		u64 wmax = below(2) ? U32_MAX : 1 + below(100);
		u64 fmax = below(3) ? capacity / (n + 1) + 1 : U64_MAX;
		u64 cmax = below(3) ? 4 * (capacity / (n + 1) + 1) : U64_MAX;
		int style = below(4);

		for (unsigned int i = 0; i < n; i++) {
			s[i].weight = magnitude(wmax);
			s[i].floor = style & 1 ? magnitude(fmax) : 0;
			s[i].cap = style & 2 ? magnitude(cmax) : U64_MAX;
			/* ties */
			if (i && !below(4))
				s[i] = s[i - 1];
		}
		check_waterfill(s, n, capacity);
	}
	free(s);
	return rounds;
}

/* The largest numbers there are: sums and levels checked without a reference. */
static void large_waterfill(unsigned int n, u64 weight, u64 floor, u64 cap,
			    u64 capacity, u64 each_min, u64 each_max)
{
	struct vx_share *s = calloc(n, sizeof(*s));
	u64 sum = 0;

	for (unsigned int i = 0; i < n; i++)
		s[i] = (struct vx_share){ weight, floor, cap, 0 };
	if (vx_waterfill(s, n, capacity))
		complain("refused");
	for (unsigned int i = 0; i < n; i++) {
		sum += s[i].out;
		if (s[i].out < each_min || s[i].out > each_max)
			complain("share %u is %" PRIu64, i, s[i].out);
	}
	if (sum != capacity)
		complain("sum %" PRIu64 " is not %" PRIu64, sum, capacity);
	free(s);
}

static void refuse_waterfill(void)
{
	struct vx_share s[2] = { { 1, 2, 3, 77 }, { 1, 2, 3, 88 } };

	if (vx_waterfill(s, VX_SHARES_MAX + 1, 1) != -EINVAL)
		complain("too many shares are taken");
	if (vx_waterfill(s, 2, VX_CAPACITY_MAX + 1) != -EINVAL)
		complain("too large a capacity is taken");
	s[1].weight = (u64)U32_MAX + 1;
	if (vx_waterfill(s, 2, 5) != -EINVAL)
		complain("too large a weight is taken");
	if (s[0].out != 77 || s[1].out != 88)
		complain("results are written with an error");
	if (vx_waterfill(NULL, 0, 5) != 0)
		complain("no shares are refused");
}

/*
 * ---- Token bucket ----
 *
 * The reference holds the exact level as one fraction.
 */
enum { BUCKET_REFILL, BUCKET_CHARGE };

struct bucket_op {
	int op;
	u64 arg;	/* refill: how much later; charge: how much */
};

struct ref_bucket {
	mpq_t level, rate;
	u64 last, min;
	mpq_t max;
	bool hold;
};

static void ref_settle(struct ref_bucket *r)
{
	mpq_t t;

	mpq_init(t);
	if (mpq_cmp(r->level, r->max) > 0)
		mpq_set(r->level, r->max);
	q_set_u64(t, 1);
	if (mpq_cmp(r->level, t) < 0)		/* less than a whole ns: empty */
		r->hold = true;
	q_set_u64(t, r->min ? r->min : 1);
	if (mpq_cmp(r->level, t) >= 0)
		r->hold = false;
	mpq_clear(t);
}

static void ref_params(struct ref_bucket *r, u64 num, u64 den, u64 min, u64 max)
{
	set_u64(mpq_numref(r->rate), num);
	set_u64(mpq_denref(r->rate), den);
	mpq_canonicalize(r->rate);
	q_set_u64(r->max, max);
	r->min = min;
}

static void ref_refill(struct ref_bucket *r, u64 now)
{
	mpq_t t;

	if ((s64)(now - r->last) <= 0)
		return;
	mpq_init(t);
	q_set_u64(t, now - r->last);
	mpq_mul(t, t, r->rate);
	mpq_add(r->level, r->level, t);
	r->last = now;
	mpq_clear(t);
	ref_settle(r);
}

static void ref_charge(struct ref_bucket *r, u64 ns)
{
	mpq_t t;

	mpq_init(t);
	q_set_u64(t, ns);
	mpq_sub(r->level, r->level, t);
	/* The debt ends at S64_MIN, the fraction on top of it stays. */
	q_set_s64(t, S64_MIN);
	if (mpq_cmp(r->level, t) < 0) {
		mpz_t f;

		mpz_init(f);
		mpz_fdiv_r(f, mpq_numref(r->level), mpq_denref(r->level));
		mpz_set(mpq_numref(r->level), f);
		mpq_canonicalize(r->level);
		mpq_add(r->level, r->level, t);
		mpz_clear(f);
	}
	mpq_clear(t);
	ref_settle(r);
}

/* ceil((min - level) / rate) after the last refill, seen from now. */
static u64 ref_wait(const struct ref_bucket *r, u64 now)
{
	mpq_t t;
	mpz_t z, d;
	u64 ret = 0;

	mpq_init(t);
	mpz_inits(z, d, NULL);
	q_set_u64(t, r->min ? r->min : 1);
	if (mpq_cmp(r->level, t) < 0) {
		if (!mpq_sgn(r->rate)) {
			ret = U64_MAX;
		} else {
			mpq_sub(t, t, r->level);
			mpq_div(t, t, r->rate);
			mpz_cdiv_q(z, mpq_numref(t), mpq_denref(t));
			if ((s64)(now - r->last) > 0) {
				set_u64(d, now - r->last);
				mpz_sub(z, z, d);
			} else {
				set_u64(d, r->last - now);
				mpz_add(z, z, d);
			}
			if (mpz_sgn(z) <= 0)
				ret = 0;
			else if (mpz_sizeinbase(z, 2) > 64)
				ret = U64_MAX;
			else
				ret = get_u64(z);
		}
	}
	mpz_clears(z, d, NULL);
	mpq_clear(t);
	return ret;
}

static void ref_init(struct ref_bucket *r)
{
	mpq_inits(r->level, r->rate, r->max, NULL);
}

static void ref_clear(struct ref_bucket *r)
{
	mpq_clears(r->level, r->rate, r->max, NULL);
}

static bool same_bucket(const struct vx_bucket *b, const struct ref_bucket *r,
			u64 now)
{
	mpq_t t, u;
	bool same;

	mpq_inits(t, u, NULL);
	q_set_s64(t, b->level);
	set_u64(mpq_numref(u), b->rem);
	set_u64(mpq_denref(u), b->rate_den);
	mpq_canonicalize(u);
	mpq_add(t, t, u);
	same = mpq_equal(t, r->level) && b->rem < b->rate_den &&
	       b->hold == r->hold && b->last == r->last &&
	       vx_bucket_wait(b, now) == ref_wait(r, now);
	if (!same)
		gmp_printf("# level %Qd, should be %Qd; hold %d %d; wait %lu %lu\n",
			   t, r->level, b->hold, r->hold, vx_bucket_wait(b, now),
			   ref_wait(r, now));
	mpq_clears(t, u, NULL);
	return same;
}

/* The answer of vx_bucket_wait() by trying it out. */
static void try_wait(const struct vx_bucket *b, u64 now)
{
	struct vx_bucket c;
	u64 t = vx_bucket_wait(b, now);

	if (t >= (u64)S64_MAX / 2)
		return;
	c = *b;
	vx_bucket_refill(&c, now + t);
	if (c.level < (s64)c.min || c.hold)
		complain("not enough after the wait");
	if (t) {
		c = *b;
		vx_bucket_refill(&c, now + t - 1);
		if (c.level >= (s64)c.min)
			complain("enough before the end of the wait");
	}
}

/* One step of a bucket and of its reference. */
static void step(struct vx_bucket *b, struct ref_bucket *r,
		 const struct bucket_op *op, u64 *now)
{
	bool of_use;

	switch (op->op) {
	case BUCKET_REFILL:
		*now += op->arg;
		of_use = vx_bucket_refill(b, *now);
		ref_refill(r, *now);
		break;
	case BUCKET_CHARGE:
		of_use = vx_bucket_charge(b, op->arg);
		ref_charge(r, op->arg);
		break;
	default:
		abort();
	}
	if (of_use != !r->hold)
		complain("returns %d", of_use);
	if (!same_bucket(b, r, *now))
		complain("op %d arg %" PRIu64 ": level %" PRId64 " rem %" PRIu64
			 " rate %" PRIu64 "/%" PRIu64 " min %" PRIu64 " max %" PRIu64,
			 op->op, op->arg, b->level, b->rem, b->rate_num,
			 b->rate_den, b->min, b->max);
}

static void start(struct vx_bucket *b, struct ref_bucket *r, u64 num, u64 den,
		  u64 min_, u64 max_, s64 level, u64 now)
{
	if (vx_bucket_init(b, num, den, min_, max_, level, now))
		complain("refused");
	ref_params(r, num, den, min_, max_);
	q_set_s64(r->level, level);
	r->last = now;
	r->hold = false;
	ref_settle(r);
	if (!same_bucket(b, r, now))
		complain("wrong from the start");
}

/* All short sequences of all small buckets. */
static unsigned long exhaust_bucket(unsigned int len)
{
	static const struct bucket_op ops[] = {
		{ BUCKET_REFILL, 0 }, { BUCKET_REFILL, 1 }, { BUCKET_REFILL, 2 },
		{ BUCKET_REFILL, 7 }, { BUCKET_REFILL, -1ULL },
		{ BUCKET_CHARGE, 1 }, { BUCKET_CHARGE, 5 },
	};
	const unsigned int nops = sizeof(ops) / sizeof(ops[0]);
	unsigned long checks = 0, sequences = 1;
	struct vx_bucket b;
	struct ref_bucket r;

	ref_init(&r);
	for (unsigned int i = 0; i < len; i++)
		sequences *= nops;
	for (u64 num = 0; num <= 3; num++)
	for (u64 den = 1; den <= 3; den++)
	for (u64 most = 1; most <= 3; most++)
	for (u64 least = 0; least <= most; least++)
	for (unsigned long k = 0; k < sequences; k++) {
		unsigned long v = k;
		u64 now = -2ULL;	/* wraps around on the way */

		start(&b, &r, num, den, least, most, 1, now);
		for (unsigned int i = 0; i < len; i++, v /= nops, checks++) {
			step(&b, &r, &ops[v % nops], &now);
			try_wait(&b, now);
		}
	}
	ref_clear(&r);
	return checks;
}

static unsigned long fuzz_bucket(unsigned long rounds, unsigned int len)
{
	struct vx_bucket b;
	struct ref_bucket r;
	unsigned long checks = 0;
	mpz_t z;

	ref_init(&r);
	mpz_init(z);
	for (unsigned long k = 0; k < rounds; k++) {
		u64 most = magnitude(below(2) ? S64_MAX - 1 : 1000000) + 1;
		u64 now = below(3) ? rnd() : -magnitude(1000);
		u64 small = 1 + magnitude(1ULL << 40);

		start(&b, &r, magnitude(U32_MAX), 1 + magnitude(U32_MAX - 1),
		      magnitude(most), most,
		      (s64)magnitude(U64_MAX), now);
		for (unsigned int i = 0; i < len; i++, checks++) {
			struct bucket_op op;

			if (!below(50)) {
				/* New parameters: the fraction is rounded. */
				u64 num = magnitude(U32_MAX);
				u64 den = 1 + magnitude(U32_MAX - 1);
				u64 least;

				most = magnitude(below(2) ? S64_MAX - 1 : 1000000) + 1;
				least = magnitude(most);
				now += magnitude(small);
				if (vx_bucket_set(&b, num, den, least, most, now))
					complain("new parameters refused");
				ref_refill(&r, now);
				set_u64(z, den);
				mpz_mul(mpq_numref(r.level), mpq_numref(r.level), z);
				mpz_fdiv_q(mpq_numref(r.level), mpq_numref(r.level),
					   mpq_denref(r.level));
				set_u64(mpq_denref(r.level), den);
				mpq_canonicalize(r.level);
				ref_params(&r, num, den, least, most);
				ref_settle(&r);
				if (!same_bucket(&b, &r, now))
					complain("wrong with new parameters");
				continue;
			}
			op.op = below(2) ? BUCKET_REFILL : BUCKET_CHARGE;
			op.arg = below(20) ? below(small) :
				magnitude(op.op == BUCKET_REFILL ? S64_MAX : -1ULL);
			if (op.op == BUCKET_REFILL && !below(20))
				op.arg = -op.arg;
			step(&b, &r, &op, &now);
			try_wait(&b, now);
		}
	}
	mpz_clear(z);
	ref_clear(&r);
	return checks;
}

/* A bucket that is always empty gives exactly rate * time. */
static unsigned long long_run(unsigned long refills)
{
	struct vx_bucket b;
	u64 used = 0, begin = -12345, now = begin;

	vx_bucket_init(&b, 7, 32, 200, 1000000000, 0, now);
	for (unsigned long i = 0; i < refills; i++) {
		now += 1 + below(3000);
		if (vx_bucket_refill(&b, now)) {
			u64 use = 1 + below(2000);

			vx_bucket_charge(&b, use);
			used += use;
		}
	}
	vx_bucket_refill(&b, now);
	if ((s64)used + b.level != (s64)((now - begin) * 7 / 32))
		complain("%" PRIu64 " used, %" PRId64 " left, %" PRIu64 " came in",
			 used, b.level, (now - begin) * 7 / 32);
	return refills;
}

static void refuse_bucket(void)
{
	struct vx_bucket b, c;

	memset(&b, 0x5a, sizeof(b));
	b.hold = true;
	c = b;
	if (vx_bucket_init(&b, 1ULL << 32, 1, 1, 2, 0, 0) != -EINVAL ||
	    vx_bucket_init(&b, 1, 1ULL << 32, 1, 2, 0, 0) != -EINVAL ||
	    vx_bucket_init(&b, 1, 0, 1, 2, 0, 0) != -EINVAL ||
	    vx_bucket_init(&b, 1, 1, 0, 0, 0, 0) != -EINVAL ||
	    vx_bucket_init(&b, 1, 1, 3, 2, 0, 0) != -EINVAL ||
	    vx_bucket_init(&b, 1, 1, 1, 1ULL << 63, 0, 0) != -EINVAL ||
	    vx_bucket_set(&b, 1, 0, 1, 2, 0) != -EINVAL)
		complain("a bad parameter is taken");
	if (memcmp(&b, &c, sizeof(b)))
		complain("something is written with an error");
}

/* vx_mul_div() and vx_cmp_mul() against GMP, where they are hardest. */
static unsigned long products(unsigned long rounds)
{
	mpz_t x, y, z;

	mpz_inits(x, y, z, NULL);
	for (unsigned long i = 0; i < rounds; i++) {
		u64 a = magnitude(U64_MAX), b = magnitude(U64_MAX);
		u64 c = 1 + magnitude((1ULL << 63) - 1), d = below(2) ? rnd() : a;
		u64 q, rem;
		int cmp;

		set_u64(x, a);
		set_u64(y, b);
		mpz_mul(x, x, y);
		set_u64(y, c);
		mpz_fdiv_qr(z, y, x, y);
		q = vx_mul_div(a, b, c, &rem);
		if (mpz_sizeinbase(z, 2) > 64 ? q != U64_MAX || rem :
		    q != get_u64(z) || rem != get_u64(y))
			complain("%" PRIu64 " * %" PRIu64 " / %" PRIu64, a, b, c);
		set_u64(y, c);
		set_u64(z, d);
		mpz_mul(y, y, z);
		cmp = mpz_cmp(x, y);
		if ((cmp > 0) - (cmp < 0) != vx_cmp_mul(a, b, c, d))
			complain("%" PRIu64 " * %" PRIu64 " <> %" PRIu64 " * %" PRIu64,
				 a, b, c, d);
	}
	mpz_clears(x, y, z, NULL);
	return rounds;
}

/*
 * ---- The table of the KUnit test ----
 */
static struct vx_share vec_shares[1000];
static unsigned int vec_nshares, vec_cases;
static char vec_case[20000];

static void vec_fill(u64 capacity, unsigned int n, const struct vx_share *in)
{
	struct vx_share *s = &vec_shares[vec_nshares];

	memcpy(s, in, n * sizeof(*s));
	check_waterfill(s, n, capacity);
	sprintf(vec_case + strlen(vec_case), "\t{ %" PRIu64 "ULL, %u, %u },\n",
		capacity, vec_nshares, n);
	vec_nshares += n;
	vec_cases++;
}

static char *vec_u64(u64 v)
{
	static char text[4][32];
	static int k;

	k = (k + 1) % 4;
	if (v == U64_MAX)
		strcpy(text[k], "U64_MAX");
	else
		sprintf(text[k], "%" PRIu64 "ULL", v);
	return text[k];
}

static char *vec_s64(s64 v)
{
	static char text[32];

	if (v == S64_MIN)
		strcpy(text, "S64_MIN");
	else
		sprintf(text, "%" PRId64 "LL", v);
	return text;
}

#define FILL(capacity, ...) do { \
		const struct vx_share in[] = { __VA_ARGS__ }; \
		vec_fill(capacity, sizeof(in) / sizeof(in[0]), in); \
	} while (0)
#define NONE U64_MAX

static void vectors_fill(void)
{
	struct vx_share s[8];

	FILL(20000000, { 1, 0, NONE, 0 });
	FILL(20000000, { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 });
	FILL(20000000, { 1, 0, NONE, 0 }, { 2, 0, NONE, 0 }, { 4, 0, NONE, 0 },
	     { 8, 0, NONE, 0 });
	/* two CPUs, 10 ms: a heavy single thread cannot use more than one */
	FILL(20000000, { 3, 0, 10000000, 0 }, { 1, 0, 20000000, 0 });
	/* a guarantee of a quarter beside eight hogs */
	FILL(20000000, { 1, 5000000, NONE, 0 }, { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 },
	     { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 },
	     { 1, 0, NONE, 0 }, { 1, 0, NONE, 0 });
	FILL(10, { 1, 8, NONE, 0 }, { 1, 8, NONE, 0 }, { 9, 0, NONE, 0 });
	FILL(100, { 1, 0, 3, 0 }, { 5, 0, 4, 0 });
	FILL(100, { 0, 10, NONE, 0 }, { 1, 0, 30, 0 }, { 0, 0, NONE, 0 });
	FILL(0, { 1, 0, NONE, 0 }, { 7, 5, NONE, 0 });
	FILL(VX_CAPACITY_MAX, { U32_MAX, 0, NONE, 0 }, { 1, 0, NONE, 0 },
	     { U32_MAX, NONE, 1, 0 });
	rnd_state = 4;
	while (vec_cases < 60) {
		unsigned int n = 1 + below(8);
		u64 capacity = magnitude(VX_CAPACITY_MAX);

		for (unsigned int i = 0; i < n; i++) {
			s[i].weight = magnitude(below(2) ? U32_MAX : 50);
			s[i].floor = below(2) ? 0 : magnitude(capacity / n + 1);
			s[i].cap = below(2) ? NONE : magnitude(capacity / n * 3);
			s[i].out = 0;
		}
		vec_fill(capacity, n, s);
	}

	printf("static const struct fill_case {\n"
	       "\tu64 capacity;\n\tunsigned int first, n;\t/* of fill_shares */\n"
	       "} fill_cases[] = {\n%s};\n\n", vec_case);
	printf("/* weight, floor, cap, expected */\n"
	       "static const struct vx_share fill_shares[] = {\n");
	for (unsigned int i = 0; i < vec_nshares; i++)
		printf("\t{ %s, %s, %s, %s },\n", vec_u64(vec_shares[i].weight),
		       vec_u64(vec_shares[i].floor), vec_u64(vec_shares[i].cap),
		       vec_u64(vec_shares[i].out));
	printf("};\n\n");
}

static void vectors_bucket(void)
{
	static const struct {
		u64 num, den, min, max;
		s64 level;
		u64 now, scale;
	} cases[] = {
		{ 1, 1, 1, 100, 100, 0, 50 },
		{ 7, 32, 800000000, 1000000000, 4000000, 1000, 100000000 },
		{ 1, 4, 60000000, 500000000, 0, -1000ULL, 4000000 },
		{ 2, 1, 4000000, 4000000, -5, -1ULL, 3000000 },
		{ 0, 1, 10, 20, 15, 5, 10 },
		{ 1, 3, 2, 5, 1, -4ULL, 6 },
		{ U32_MAX, U32_MAX - 1, 1, S64_MAX, 0, 0, 1ULL << 40 },
		{ 1, U32_MAX, 1, 3, S64_MIN, 1ULL << 63, 1ULL << 62 },
		{ U32_MAX, 1, S64_MAX, S64_MAX, -1, 7, 1ULL << 60 },
	};
	const unsigned int ncases = sizeof(cases) / sizeof(cases[0]), steps = 12;
	struct vx_bucket b;
	struct ref_bucket r;
	char text[20000] = "";

	ref_init(&r);
	printf("static const struct bucket_step {\n"
	       "\tbool charge;\t/* charge arg, or else refill when arg ns are over */\n"
	       "\tu64 arg;\n"
	       "\t/* after that */\n"
	       "\ts64 level;\n\tu64 rem;\n\tbool hold;\n\tu64 wait;\n"
	       "} bucket_steps[] = {\n");
	rnd_state = 5;
	for (unsigned int k = 0; k < ncases; k++) {
		u64 now = cases[k].now;

		start(&b, &r, cases[k].num, cases[k].den, cases[k].min,
		      cases[k].max, cases[k].level, now);
		sprintf(text + strlen(text),
			"\t{ %s, %s, %s, %s, %s, %s, %u, %u },\n",
			vec_u64(cases[k].num), vec_u64(cases[k].den),
			vec_u64(cases[k].min), vec_u64(cases[k].max),
			vec_s64(cases[k].level),
			({ static char t[32]; strcpy(t, vec_u64(now)); t; }),
			k * steps, steps);
		for (unsigned int i = 0; i < steps; i++) {
			struct bucket_op op = { below(2) ? BUCKET_CHARGE : BUCKET_REFILL,
						magnitude(cases[k].scale) };

			if (op.op == BUCKET_REFILL && !below(6))
				op.arg = -op.arg;
			step(&b, &r, &op, &now);
			printf("\t{ %s, %s, %s, %s, %s, %s },\n",
			       op.op == BUCKET_CHARGE ? "true" : "false",
			       vec_u64(op.arg), vec_s64(b.level), vec_u64(b.rem),
			       b.hold ? "true" : "false",
			       vec_u64(vx_bucket_wait(&b, now)));
		}
	}
	printf("};\n\n"
	       "static const struct bucket_case {\n"
	       "\tu64 rate_num, rate_den, min, max;\n\ts64 level;\n\tu64 now;\n"
	       "\tunsigned int first, n;\t/* of bucket_steps */\n"
	       "} bucket_cases[] = {\n%s};\n", text);
	ref_clear(&r);
}

static int vectors(void)
{
	printf("/* SPDX-License-Identifier: GPL-2.0 */\n"
	       "/*\n"
	       " * Made by tests/alg/cpu --vectors, whose reference in exact fractions has\n"
	       " * confirmed every number here. Do not edit; a test compares.\n"
	       " */\n\n");
	vectors_fill();
	vectors_bucket();
	return tap_bad != 0;
}

int main(int argc, char **argv)
{
	static const u64 weights[] = { 0, 1, 2, 3 }, heavy[] = { 1, U32_MAX };
	unsigned long m;

	if (argc == 2 && !strcmp(argv[1], "--vectors"))
		return vectors();
	m = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!m) {
		fprintf(stderr, "usage: cpu LEVEL | --vectors\n");
		return 2;
	}
	rnd_state = m;

	result("products and quotients are exact", products(100000 * m));
	result("water-filling: one share, everything small",
	       exhaust_waterfill(1, weights, 4, 3, 5));
	result("water-filling: two shares, everything small",
	       exhaust_waterfill(2, weights, m > 1 ? 4 : 3, m > 1 ? 3 : 2, 5));
	result("water-filling: two shares, weights far apart",
	       exhaust_waterfill(2, heavy, 2, 2, 5));
	if (m > 1)
		result("water-filling: three shares, everything small",
		       exhaust_waterfill(3, weights, 3, 1, 4));
	result("water-filling: any numbers", fuzz_waterfill(2000 * m, 12));
	result("water-filling: many shares", fuzz_waterfill(20 * m, 100));
	large_waterfill(65536, U32_MAX, 0, U64_MAX, VX_CAPACITY_MAX, 1 << 24, 1 << 24);
	large_waterfill(65536, U32_MAX, 0, U64_MAX, VX_CAPACITY_MAX - 1,
			(1 << 24) - 1, 1 << 24);
	large_waterfill(65536, U32_MAX, U64_MAX, U64_MAX, VX_CAPACITY_MAX - 1,
			(1 << 24) - 1, 1 << 24);
	large_waterfill(65536, 0, 0, U64_MAX, VX_CAPACITY_MAX - 1,
			(1 << 24) - 1, 1 << 24);
	large_waterfill(65536, 1, 1 << 24, 1 << 24, VX_CAPACITY_MAX, 1 << 24, 1 << 24);
	result("water-filling: 65536 shares of the largest numbers", 5);
	refuse_waterfill();
	result("water-filling: numbers out of range are refused", 5);
	result("bucket: every short life of a small one", exhaust_bucket(m > 1 ? 4 : 3));
	result("bucket: any numbers", fuzz_bucket(200 * m, 200));
	result("bucket: what was used is what came in", long_run(1000000 * m));
	refuse_bucket();
	result("bucket: numbers out of range are refused", 7);
	return finish();
}
