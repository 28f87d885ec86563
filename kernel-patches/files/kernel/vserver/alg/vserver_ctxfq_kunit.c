// SPDX-License-Identifier: GPL-2.0
/*
 * The queueing of the context-fair elevator as this kernel's compiler and rbtree
 * have it: the course of events in the table, which tests/alg has confirmed, must
 * come out the same. A copy of its own, so that it does not depend on whether
 * the elevator is there.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include "../../../block/ctxfq.c"
#include "../../../block/ctxfq_vectors.h"

struct sent {
	u64 cost, stamp;
};

static void ctxfq_course(struct kunit *test)
{
	struct ctxfq_flow *flows, *f, *next;
	u64 (*costs)[ARRAY_SIZE(ctxfq_steps)], now = V_NOW, actual;
	struct sent (*sent)[ARRAY_SIZE(ctxfq_steps)];
	unsigned int arrived[V_FLOWS] = {}, head[V_FLOWS] = {}, done[V_FLOWS] = {};
	struct ctxfq q;
	unsigned int i, k;

	flows = kunit_kcalloc(test, V_FLOWS, sizeof(*flows), GFP_KERNEL);
	costs = kunit_kcalloc(test, V_FLOWS, sizeof(*costs), GFP_KERNEL);
	sent = kunit_kcalloc(test, V_FLOWS, sizeof(*sent), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, flows);
	KUNIT_ASSERT_NOT_NULL(test, costs);
	KUNIT_ASSERT_NOT_NULL(test, sent);

	ctxfq_init(&q, V_DEPTH, now);
	q.vtime = V_VTIME;
	q.max_start = V_VTIME;
	for (i = 0; i < V_FLOWS; i++)
		ctxfq_flow_init(&flows[i]);

	for (k = 0; k < ARRAY_SIZE(ctxfq_steps); k++) {
		const struct ctxfq_step *s = &ctxfq_steps[k];
		int err = 0;

		now += s->after;
		i = max(s->flow, 0);
		f = &flows[i];
		switch (s->op) {
		case V_WEIGHT:
			err = ctxfq_set_weight(f, s->arg);
			break;
		case V_LIMIT:
			err = ctxfq_set_limit(&q, f, CTXFQ_BYTES, s->arg, 1000000, now);
			break;
		case V_RESERVE:
			err = ctxfq_set_reserve(&q, f, CTXFQ_TIME, s->arg, 1000000, now);
			break;
		case V_ENQUEUE:
			costs[i][arrived[i]++] = s->arg;
			ctxfq_enqueue(&q, f, now);
			break;
		case V_NEXT:
			next = ctxfq_next(&q, now);
			KUNIT_ASSERT_PTR_EQ_MSG(test, next, s->flow < 0 ? NULL : f,
						"step %u", k);
			if (next) {
				u64 c = costs[i][head[i]];
				struct ctxfq_cost cost = { .of = { c, c, 1 } };

				KUNIT_EXPECT_EQ(test, c, s->arg);
				sent[i][head[i]].cost = c;
				sent[i][head[i]++].stamp = ctxfq_dispatch(&q, f, &cost, now);
			}
			break;
		case V_COMPLETE:
			/* As measured there: the clock of the device's time stands. */
			q.share_at = now;
			actual = ctxfq_complete(&q, f, sent[i][done[i]].cost,
						q.share - (s->arg << SHARE_SHIFT), now);
			KUNIT_EXPECT_EQ(test, actual, s->arg);
			done[i]++;
			break;
		}
		KUNIT_EXPECT_EQ(test, err, 0);
		if (s->flow >= 0)
			KUNIT_EXPECT_EQ_MSG(test, f->start, s->start, "step %u", k);
	}
}

static void ctxfq_refuses(struct kunit *test)
{
	struct ctxfq_flow f;
	struct ctxfq q;

	ctxfq_init(&q, 1, 0);
	ctxfq_flow_init(&f);
	KUNIT_EXPECT_EQ(test, ctxfq_set_weight(&f, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ctxfq_set_weight(&f, CTXFQ_WEIGHT_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ctxfq_set_limit(&q, &f, CTXFQ_IOS, 1, 0, 0), -EINVAL);
	ctxfq_enqueue(&q, &f, 0);
	KUNIT_EXPECT_FALSE(test, ctxfq_flow_exit(&q, &f));
	ctxfq_remove(&q, &f, 0);
	KUNIT_EXPECT_TRUE(test, ctxfq_flow_exit(&q, &f));
}

static void ctxfq_costs(struct kunit *test)
{
	struct ctxfq_model m = {};
	int i;

	KUNIT_EXPECT_EQ(test, ctxfq_estimate(&m, CTXFQ_READ, false, 4096), COLD_IO_NS);
	for (i = 1; i <= SEEN_ENOUGH; i++)
		ctxfq_learn(&m, CTXFQ_READ, false, 4096, i * 1000);
	KUNIT_EXPECT_EQ(test, ctxfq_estimate(&m, CTXFQ_READ, false, 4096), 4500);
	KUNIT_EXPECT_EQ(test, ctxfq_estimate(&m, CTXFQ_READ, true, 4096), COLD_IO_NS);
}

static struct kunit_case ctxfq_cases[] = {
	KUNIT_CASE(ctxfq_course),
	KUNIT_CASE(ctxfq_refuses),
	KUNIT_CASE(ctxfq_costs),
	{}
};

static struct kunit_suite ctxfq_suite = {
	.name = "vserver-ctxfq",
	.test_cases = ctxfq_cases,
};

kunit_test_suite(ctxfq_suite);

MODULE_DESCRIPTION("Tests of the queueing of the context-fair elevator");
MODULE_LICENSE("GPL");
