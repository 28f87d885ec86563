// SPDX-License-Identifier: GPL-2.0
/*
 * A token bucket in whole nanoseconds that keeps every fraction, so that the
 * service over a long time is exactly rate * time, however often and at
 * whatever moments it is filled.
 *
 * Time is any clock in ns.  It may start anywhere and wrap around; two readings
 * are taken to be less than 2^63 ns (292 years) apart.
 */
#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include "bucket.h"
#include "wide.h"

/* Does a reading of the clock lie after the last refill? */
static bool is_later(const struct vx_bucket *b, u64 now)
{
	return (s64)(now - b->last) > 0;
}

static int set(struct vx_bucket *b, u64 rate_num, u64 rate_den, u64 min, u64 max)
{
	if (rate_num > U32_MAX || !rate_den || rate_den > U32_MAX ||
	    !max || max > (u64)S64_MAX || min > max)
		return -EINVAL;
	b->rate_num = rate_num;
	b->rate_den = rate_den;
	b->min = min ? min : 1;
	b->max = max;
	return 0;
}

/* What follows from the level: not above full, and empty or back to use. */
static void settle(struct vx_bucket *b)
{
	if (b->level >= (s64)b->max) {
		b->level = (s64)b->max;
		b->rem = 0;
	}
	if (b->level <= 0)
		b->hold = true;
	else if (b->level >= (s64)b->min)
		b->hold = false;
}

/**
 * vx_bucket_init - a new bucket
 * @b: the bucket
 * @rate_num: numerator of the rate
 * @rate_den: denominator of the rate
 * @min: level at which it is of use again after it was empty; 0 means 1
 * @max: level at which it is full
 * @level: what is in it, cut off at @max
 * @now: the time
 *
 * Return: 0, or -EINVAL (and nothing written) for a number out of its range;
 * for the ranges see struct vx_bucket.
 */
int vx_bucket_init(struct vx_bucket *b, u64 rate_num, u64 rate_den,
		   u64 min, u64 max, s64 level, u64 now)
{
	int err = set(b, rate_num, rate_den, min, max);

	if (err)
		return err;
	b->level = level;
	b->last = now;
	b->rem = 0;
	b->hold = false;
	settle(b);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vx_bucket_init);

/**
 * vx_bucket_set - new parameters for a bucket in use
 * @b: the bucket
 * @rate_num: numerator of the rate
 * @rate_den: denominator of the rate
 * @min: level at which it is of use again after it was empty; 0 means 1
 * @max: level at which it is full; what is above is lost
 * @now: the time; up to here the old rate counts, from here on the new one
 *
 * Level and debt stay; less than 1 ns of the level may be rounded off, once.
 *
 * Return: 0, or -EINVAL (and nothing changed) for a number out of its range.
 */
int vx_bucket_set(struct vx_bucket *b, u64 rate_num, u64 rate_den,
		  u64 min, u64 max, u64 now)
{
	struct vx_bucket new = *b;
	u64 rest;
	int err = set(&new, rate_num, rate_den, min, max);

	if (err)
		return err;
	vx_bucket_refill(b, now);
	new.level = b->level;
	new.last = b->last;
	new.hold = b->hold;
	new.rem = vx_mul_div(b->rem, rate_den, b->rate_den, &rest);
	settle(&new);
	*b = new;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vx_bucket_set);

/**
 * vx_bucket_refill - adds what the time since the last refill brings
 * @b: the bucket
 * @now: the time; one before the last refill (another CPU's clock) adds nothing
 *	 and takes nothing, and no span of time ever counts twice
 *
 * Return: whether it is of use: not held.
 */
bool vx_bucket_refill(struct vx_bucket *b, u64 now)
{
	u64 more, rem, room;

	if (is_later(b, now)) {
		more = vx_mul_div(now - b->last, b->rate_num, b->rate_den, &rem);
		rem += b->rem;
		if (rem >= b->rate_den) {
			rem -= b->rate_den;
			more += more != U64_MAX;
		}
		/* The level may be anything from S64_MIN up: room fits a u64. */
		room = b->max - (u64)b->level;
		b->level = (s64)((u64)b->level + min(more, room));
		b->rem = rem;
		b->last = now;
		settle(b);
	}
	return !b->hold;
}
EXPORT_SYMBOL_IF_KUNIT(vx_bucket_refill);

/**
 * vx_bucket_charge - takes out what was used
 * @b: the bucket
 * @ns: how much; more than is in it becomes a debt
 *
 * Does not refill.  A debt is never forgiven, but ends at S64_MIN.
 *
 * Return: whether it is of use: not held.
 */
bool vx_bucket_charge(struct vx_bucket *b, u64 ns)
{
	u64 room = (u64)b->level - (u64)S64_MIN;

	b->level = (s64)((u64)b->level - min(ns, room));
	settle(b);
	return !b->hold;
}
EXPORT_SYMBOL_IF_KUNIT(vx_bucket_charge);

/**
 * vx_bucket_wait - how long until there is enough in it
 * @b: the bucket, which is not changed
 * @now: the time
 *
 * Return: the smallest number of ns after which a refill, with no charge before
 * it, brings the level to @min or more: 0 if a refill now would do, U64_MAX for
 * never (or longer than a u64 can say).
 */
u64 vx_bucket_wait(const struct vx_bucket *b, u64 now)
{
	u64 past = now - b->last, need, rem, t, more;

	if (b->level >= (s64)b->min)
		return 0;
	if (!b->rate_num)
		return U64_MAX;
	need = b->min - (u64)b->level;

	/*
	 * The smallest t with rem + t * num >= need * den.  One of the need is
	 * kept apart, so that what is subtracted never exceeds what is there.
	 */
	t = vx_mul_div(need - 1, b->rate_den, b->rate_num, &rem);
	more = rem + (b->rate_den - b->rem);	/* < 2^33 */
	more = div64_u64_rem(more + b->rate_num - 1, b->rate_num, &rem);
	if (t > U64_MAX - more)
		return U64_MAX;
	t += more;
	/* t counts from the last refill, which may be before or after now. */
	if ((s64)past > 0)
		return t > past ? t - past : 0;
	return t > U64_MAX + past ? U64_MAX : t - past;
}
EXPORT_SYMBOL_IF_KUNIT(vx_bucket_wait);
