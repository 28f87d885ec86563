// SPDX-License-Identifier: GPL-2.0
/*
 * Weighted max-min shares with floors and caps ("water-filling").
 *
 * The shares are out_i = clamp(L * weight_i, floor_i, cap_i), with the one
 * level L at which they add up to the capacity.  That is the max-min fair
 * allocation (Bertsekas and Gallager, Data Networks, section 6.5.2) with a
 * weight for each taker and a lower bound besides the upper one.
 *
 * As L rises from 0, a share stands at its floor, starts to grow when L passes
 * floor_i / weight_i and stops at cap_i / weight_i.  Between two neighbouring
 * events the sum is a straight line in L.  So: sort both kinds of events, walk
 * through them until the line reaches the capacity, and L is a fraction of two
 * integers.  Nothing is approximated before the last step, the rounding.
 */
#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include "waterfill.h"
#include "wide.h"

/*
 * The sorting needs two indices for each share.  They are kept where the
 * results go, so nothing has to be allocated: order A (events "starts to grow")
 * in the low halves of out, order B (events "stops") in the high halves.
 */
enum vx_order { VX_STARTS, VX_STOPS };

static u32 order_get(const struct vx_share *s, enum vx_order o, u32 pos)
{
	return o == VX_STARTS ? (u32)s[pos].out : (u32)(s[pos].out >> 32);
}

static void order_set(struct vx_share *s, enum vx_order o, u32 pos, u32 idx)
{
	if (o == VX_STARTS)
		s[pos].out = (s[pos].out & ~(u64)U32_MAX) | idx;
	else
		s[pos].out = (s[pos].out & U32_MAX) | (u64)idx << 32;
}

/* One call's view: which shares take part, and with which numbers. */
struct vx_fill {
	struct vx_share *s;
	u32 n;
	u64 capacity;
	bool weightless;	/* those with weight 0 take part, as equals */
};

static bool takes_part(const struct vx_fill *f, u32 i)
{
	return !f->s[i].weight == f->weightless;
}

static u64 weight_of(const struct vx_fill *f, u32 i)
{
	return f->weightless ? 1 : f->s[i].weight;
}

static u64 cap_of(const struct vx_fill *f, u32 i)
{
	return min(f->s[i].cap, f->capacity);
}

static u64 floor_of(const struct vx_fill *f, u32 i)
{
	return min(f->s[i].floor, cap_of(f, i));
}

static u64 edge_of(const struct vx_fill *f, enum vx_order o, u32 i)
{
	return o == VX_STARTS ? floor_of(f, i) : cap_of(f, i);
}

/* Is the event of share @i later than the one of share @j? */
static bool later(const struct vx_fill *f, enum vx_order o, u32 i, u32 j)
{
	return vx_cmp_mul(edge_of(f, o, i), weight_of(f, j),
			  edge_of(f, o, j), weight_of(f, i)) > 0;
}

static void sift_down(const struct vx_fill *f, enum vx_order o, u32 pos, u32 m)
{
	u32 idx = order_get(f->s, o, pos), child;

	while ((child = 2 * pos + 1) < m) {
		u32 c = order_get(f->s, o, child);

		if (child + 1 < m && later(f, o, order_get(f->s, o, child + 1), c))
			c = order_get(f->s, o, ++child);
		if (!later(f, o, c, idx))
			break;
		order_set(f->s, o, pos, c);
		pos = child;
	}
	order_set(f->s, o, pos, idx);
}

/* Heapsort: no memory, no recursion, no bad case. */
static void sort(const struct vx_fill *f, enum vx_order o, u32 m)
{
	u32 i, top;

	for (i = m / 2; i-- > 0; )
		sift_down(f, o, i, m);
	for (i = m; i-- > 1; ) {
		top = order_get(f->s, o, 0);
		order_set(f->s, o, 0, order_get(f->s, o, i));
		order_set(f->s, o, i, top);
		sift_down(f, o, 0, i);
	}
}

/*
 * Finds the level at which those who take part use up @avail: num / den, with
 * floors <= avail < caps, the sums over those who take part.
 */
static void find_level(const struct vx_fill *f, u64 avail, u64 floors,
		       u64 *num, u64 *den)
{
	u64 fixed = floors;	/* sum of those at their floor or cap */
	u64 weights = 0;	/* sum of weights of those between */
	u32 m = 0, a = 0, b = 0, i;

	for (i = 0; i < f->n; i++) {
		if (!takes_part(f, i))
			continue;
		order_set(f->s, VX_STARTS, m, i);
		order_set(f->s, VX_STOPS, m++, i);
	}
	sort(f, VX_STARTS, m);
	sort(f, VX_STOPS, m);

	/*
	 * Until the next event the sum is fixed + L * weights.  Nobody stops
	 * before it starts: floor <= cap, and at the same L starts come first.
	 * The last event is a stop, after which the sum is the one of the caps,
	 * which is more than avail: the loop ends before it is through.
	 */
	for (;;) {
		u32 ia = a < m ? order_get(f->s, VX_STARTS, a) : 0;
		u32 ib = order_get(f->s, VX_STOPS, b);
		bool start = a < m &&
			vx_cmp_mul(floor_of(f, ia), weight_of(f, ib),
				   cap_of(f, ib), weight_of(f, ia)) <= 0;

		i = start ? ia : ib;
		*num = start ? floor_of(f, i) : cap_of(f, i);
		*den = weight_of(f, i);
		if (vx_cmp_mul(avail - fixed, *den, *num, weights) <= 0)
			break;
		if (start) {
			fixed -= *num;
			weights += *den;
			a++;
		} else {
			fixed += *num;
			weights -= *den;
			b++;
		}
	}
	/* With nobody between, any level up to the event's will do. */
	if (weights) {
		*num = avail - fixed;
		*den = weights;
	}
}

/*
 * Rounding: a share of a / b is rounded up or down such that the sum of the
 * first i is always the exact sum rounded down.  Each is less than 1 from the
 * exact value, and the total, an integer, is exact.  @acc is what the earlier
 * ones lost; 0 at first.
 */
static u64 round_share(u64 x, u64 y, u64 den, u64 *acc)
{
	u64 rem, q = vx_mul_div(x, y, den, &rem);

	*acc += rem;
	if (*acc >= den) {
		*acc -= den;
		q++;
	}
	return q;
}

/**
 * vx_waterfill - weighted max-min shares of a capacity, with floors and caps
 * @s: the takers, see struct vx_share; only @out is written
 * @n: how many, at most VX_SHARES_MAX
 * @capacity: what there is, at most VX_CAPACITY_MAX
 *
 * The results add up to exactly min(capacity, sum of caps).  Floors hold while
 * they add up to no more than the capacity; beyond that everybody gets its
 * floor scaled down by the same factor, whatever its weight.  Each result is
 * less than 1 unit from the exact value, never below the floor (unless scaled)
 * and never above the cap; who is rounded up follows from the order in @s, so
 * the same input gives the same output.
 *
 * O(n log n), no allocation, no sleeping; the caller owns @s.
 *
 * Return: 0, or -EINVAL (and nothing written) for a number out of its range.
 */
int vx_waterfill(struct vx_share *s, unsigned int n, u64 capacity)
{
	struct vx_fill f = { .s = s, .n = n, .capacity = capacity };
	u64 floors[2] = { 0, 0 }, caps[2] = { 0, 0 };	/* [weightless] */
	u64 num = 0, den = 0, acc = 0;
	u64 all;
	u32 i;

	if (n > VX_SHARES_MAX || capacity > VX_CAPACITY_MAX)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (s[i].weight > U32_MAX)
			return -EINVAL;
		floors[!s[i].weight] += floor_of(&f, i);
		caps[!s[i].weight] += cap_of(&f, i);
	}

	all = floors[0] + floors[1];
	if (all > capacity) {
		for (i = 0; i < n; i++)
			s[i].out = round_share(floor_of(&f, i), capacity, all, &acc);
		return 0;
	}

	if (caps[0] + caps[1] > capacity) {
		/* Those without a weight come in when the others are at their caps. */
		f.weightless = caps[0] + floors[1] <= capacity;
		find_level(&f, capacity - (f.weightless ? caps[0] : floors[1]),
			   floors[f.weightless], &num, &den);
	}

	for (i = 0; i < n; i++) {
		u64 w = weight_of(&f, i);

		if (!den)			/* enough for everybody */
			s[i].out = cap_of(&f, i);
		else if (!takes_part(&f, i))
			s[i].out = f.weightless ? cap_of(&f, i) : floor_of(&f, i);
		else if (vx_cmp_mul(num, w, floor_of(&f, i), den) <= 0)
			s[i].out = floor_of(&f, i);
		else if (vx_cmp_mul(num, w, cap_of(&f, i), den) >= 0)
			s[i].out = cap_of(&f, i);
		else
			s[i].out = round_share(num, w, den, &acc);
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vx_waterfill);
