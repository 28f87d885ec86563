/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU time of domains by weight and cap, from the hypervisor's own accounts.
 *
 * Options: seconds= how long each part runs; exact=1 where instructions are counted
 * for time, so that nothing but the scheduler has a say.
 *
 * On a busy host a processor of the machine stands still now and then, and who runs
 * on it is charged for that; the scheduler makes up for it later. So shares are read
 * every half second, and the median of the errors is what counts; and twice as much is
 * allowed as with exact=1, for one such moment is 2 % of what the smallest gets here.
 */
#include "rt/dom.h"

enum { ALONE, NAPPER = 8, DOMS };
#define READINGS 400

static struct {
	struct dom d;
	u32 weight, vcpus;
	u64 what, start, got;
	const char *name;
} dom[DOMS] = {
	{ .weight = 128, .vcpus = 1, .what = DO_SPIN, .name = "computes" },
	{ .weight = 256, .vcpus = 1, .what = DO_SPIN, .name = "computes" },
	{ .weight = 512, .vcpus = 1, .what = DO_SPIN, .name = "computes" },
	{ .weight = 1024, .vcpus = 1, .what = DO_SPIN, .name = "computes" },
	{ .weight = 100, .vcpus = 1, .what = DO_SPIN, .name = "computes" },
	{ .weight = 256, .vcpus = 2, .what = DO_SPIN, .name = "computes twice" },
	{ .weight = 256, .vcpus = 1, .what = DO_HYPERCALL, .name = "calls the hypervisor" },
	{ .weight = 256, .vcpus = 1, .what = DO_YIELD, .name = "yields" },
	{ .weight = 256, .vcpus = 1, .what = DO_NAP, .name = "sleeps shortly" },
};

static u64 seconds, per_weight, limit;

static void read_all(void)
{
	for (int i = 0; i < DOMS; i++)
		dom[i].got = dom_cpu_time(&dom[i].d) - dom[i].start;
}

static void start_all(void)
{
	nap(1000);
	for (int i = 0; i < DOMS; i++)
		dom[i].start = dom_cpu_time(&dom[i].d);
}

static int greedy(int i)
{
	return dom[i].what == DO_SPIN || dom[i].what == DO_HYPERCALL;
}

static u64 median(u64 *v, int n)
{
	for (int i = 1; i < n; i++)
		for (int k = i; k && v[k - 1] > v[k]; k--) {
			u64 t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	return v[n / 2];
}

/*
 * Largest deviation, in thousandths, of those who want all they can get from their
 * part of what they got together; `except` has another limit. How much more than by
 * its weight one of the others got goes to *gain.
 */
static u64 error_now(int except, u64 *gain)
{
	u64 sum = 0, weights = 0, worst = 0;

	read_all();
	for (int i = 0; i < DOMS; i++)
		if (greedy(i) && i != except) {
			sum += dom[i].got;
			weights += dom[i].weight;
		}
	per_weight = sum / weights;
	*gain = 0;
	for (int i = 0; i < DOMS; i++) {
		u64 fair = per_weight * dom[i].weight, e;

		if (i == except)
			continue;
		if (greedy(i)) {
			e = (dom[i].got > fair ? dom[i].got - fair : fair - dom[i].got) * 1000 / fair;
			worst = e > worst ? e : worst;
		} else if (dom[i].got > fair) {
			e = (dom[i].got - fair) * 1000 / fair;
			*gain = e > *gain ? e : *gain;
		}
	}
	return worst;
}

static void weights_hold(int except, const char *when)
{
	static u64 err[READINGS], gain[READINGS];
	int n = 0;

	start_all();
	nap(seconds * 500);
	for (u64 end = now() + seconds * 500000000; now() < end && n < READINGS; n++) {
		err[n] = error_now(except, &gain[n]);
		nap(500);
	}
	for (int i = 0; i < DOMS; i++)
		note("%s: weight %u got %lu ms, by weight %lu ms", dom[i].name, dom[i].weight,
		     dom[i].got / 1000000, per_weight * dom[i].weight / 1000000);
	ok(median(err, n) <= limit, "%s: weights are obeyed (off by %lu parts in 1000)", when,
	   median(err, n));
	ok(median(gain, n) <= limit, "%s: yielding and sleeping shortly gain nothing (%lu in 1000)",
	   when, median(gain, n));
}

static void cap_holds(int i, u64 cap)
{
	static u64 part[READINGS];
	int n = 0;
	u64 t;

	start_all();
	t = now();
	nap(seconds * 500);
	for (u64 end = now() + seconds * 500000000; now() < end && n < READINGS; n++) {
		read_all();
		part[n] = dom[i].got * 1000 / (now() - t);
		nap(500);
	}
	t = median(part, n);
	ok(t <= cap * 10 + 10 && t > 0, "capped at %lu %%: %lu parts in 1000 of a processor", cap, t);
	if (option("exact", 0))
		ok(t + 10 >= cap * 10, "and no less");
}

void test_main(void)
{
	struct dom probe;
	u64 free, before, t;

	if (!privileged()) {
		skip("not privileged", "domains made by a guest");
		return;
	}
	seconds = option("seconds", 20);
	limit = option("exact", 0) ? 40 : 80;
	/* The first one makes the hypervisor take pages for its small objects. */
	dom_create(&probe, 2, DO_SPIN);
	dom_destroy(&probe);
	nap(100);
	free = free_pages();

	for (int i = 0; i < DOMS; i++) {
		dom_create(&dom[i].d, dom[i].vcpus, dom[i].what);
		dom[i].d.control->run_ns = 1000000;
		dom[i].d.control->nap_ns = 50000;
		if (dom_share(&dom[i].d, dom[i].weight, 0))
			bail("weight %u refused", dom[i].weight);
	}
	/* Work conserving: alone, one vCPU has one processor. */
	dom_unpause(&dom[ALONE].d);
	nap(500);
	before = dom_cpu_time(&dom[ALONE].d);
	t = now();
	nap(2000);
	before = dom_cpu_time(&dom[ALONE].d) - before;
	t = now() - t;
	ok(before * 100 >= t * 95, "alone it has a processor (%lu ms of %lu)", before / 1000000,
	   t / 1000000);

	for (int i = 1; i < DOMS; i++)
		dom_unpause(&dom[i].d);
	weights_hold(-1, "at first");

	is(dom_share(&dom[3].d, 1024, 20), 0, "a cap");
	cap_holds(3, 20);
	weights_hold(3, "beside a capped domain");
	is(dom_share(&dom[3].d, 0, 0), 0, "no cap, the weight stays");

	/* Other weights, while they run. */
	for (int i = 0; i < DOMS; i++) {
		dom[i].weight = i == 0 ? 700 : i == 3 ? 100 : 256;
		if (dom_share(&dom[i].d, dom[i].weight, 65535))
			bail("weight %u refused", dom[i].weight);
	}
	weights_hold(-1, "after a change");

	is(dom_share(&dom[0].d, 256, 60000), on_xen() ? 0 : -XINVAL, "a cap beyond all processors");
	for (int i = 0; i < DOMS; i++) {
		u64 count = dom[i].d.control->count[0];

		if (!count)
			note("%s, weight %u: never ran", dom[i].name, dom[i].weight);
		dom_destroy(&dom[i].d);
	}
	nap(100);
	is((long)free_pages(), (long)free, "all frames are free again");
}
