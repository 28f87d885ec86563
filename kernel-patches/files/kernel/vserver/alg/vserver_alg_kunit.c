// SPDX-License-Identifier: GPL-2.0
/*
 * The algorithms as this kernel's compiler has them, against the table that
 * tests/alg has confirmed with exact fractions.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include "bucket.h"
#include "waterfill.h"
#include "vectors.h"

static void waterfill_vectors(struct kunit *test)
{
	struct vx_share s[8];
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(fill_cases); k++) {
		const struct fill_case *c = &fill_cases[k];
		const struct vx_share *want = &fill_shares[c->first];

		KUNIT_ASSERT_LE(test, c->n, ARRAY_SIZE(s));
		memcpy(s, want, c->n * sizeof(*s));
		for (i = 0; i < c->n; i++)
			s[i].out = ~s[i].out;
		KUNIT_EXPECT_EQ(test, vx_waterfill(s, c->n, c->capacity), 0);
		for (i = 0; i < c->n; i++)
			KUNIT_EXPECT_EQ_MSG(test, s[i].out, want[i].out,
					    "case %u, share %u", k, i);
	}
}

static void waterfill_refuses(struct kunit *test)
{
	struct vx_share s = { .weight = (u64)U32_MAX + 1, .out = 7 };

	KUNIT_EXPECT_EQ(test, vx_waterfill(&s, 1, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, vx_waterfill(&s, VX_SHARES_MAX + 1, 5), -EINVAL);
	s.weight = 1;
	KUNIT_EXPECT_EQ(test, vx_waterfill(&s, 1, VX_CAPACITY_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, s.out, 7);
	KUNIT_EXPECT_EQ(test, vx_waterfill(NULL, 0, 5), 0);
}

static void bucket_vectors(struct kunit *test)
{
	struct vx_bucket b;
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(bucket_cases); k++) {
		const struct bucket_case *c = &bucket_cases[k];
		u64 now = c->now;

		KUNIT_EXPECT_EQ(test, 0,
				vx_bucket_init(&b, c->rate_num, c->rate_den, c->min,
					       c->max, c->level, now));
		for (i = 0; i < c->n; i++) {
			const struct bucket_step *s = &bucket_steps[c->first + i];
			bool of_use;

			if (s->charge) {
				of_use = vx_bucket_charge(&b, s->arg);
			} else {
				now += s->arg;
				of_use = vx_bucket_refill(&b, now);
			}
			KUNIT_EXPECT_EQ_MSG(test, b.level, s->level,
					    "case %u, step %u", k, i);
			KUNIT_EXPECT_EQ_MSG(test, b.rem, s->rem,
					    "case %u, step %u", k, i);
			KUNIT_EXPECT_EQ_MSG(test, b.hold, s->hold,
					    "case %u, step %u", k, i);
			KUNIT_EXPECT_EQ_MSG(test, of_use, !s->hold,
					    "case %u, step %u", k, i);
			KUNIT_EXPECT_EQ_MSG(test, vx_bucket_wait(&b, now), s->wait,
					    "case %u, step %u", k, i);
		}
	}
}

static void bucket_refuses(struct kunit *test)
{
	struct vx_bucket b = {};

	KUNIT_EXPECT_EQ(test, vx_bucket_init(&b, 1, 0, 1, 2, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vx_bucket_init(&b, 1, 1, 3, 2, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vx_bucket_init(&b, 1, 1, 0, 0, 0, 0), -EINVAL);
}

static struct kunit_case alg_cases[] = {
	KUNIT_CASE(waterfill_vectors),
	KUNIT_CASE(waterfill_refuses),
	KUNIT_CASE(bucket_vectors),
	KUNIT_CASE(bucket_refuses),
	{}
};

static struct kunit_suite alg_suite = {
	.name = "vserver-alg",
	.test_cases = alg_cases,
};

kunit_test_suite(alg_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("Tests of the algorithms that contexts use");
MODULE_LICENSE("GPL");
