// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Water-filling, errors, lag and Jain's index against values worked out by
 * hand, and against a second, slower way to get them.  Prints TAP.
 */
#include "fair.h"
#include "stats.h"
#include "util.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int count, failed;

static void check(bool good, const char *what)
{
	count++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", count, what);
}

static void near(double got, double want, double tol, const char *what)
{
	bool good = fabs(got - want) <= tol;

	check(good, what);
	if (!good)
		printf("# want %.12g within %g, got %.12g\n", want, tol, got);
}

#define N(x) (sizeof(x) / sizeof(*(x)))

static void fill(size_t n, double capacity, const double *w, const double *floor, const double *cap,
		 const double *want, const char *what)
{
	double out[8];
	bool good = true;

	fair_fill(n, capacity, w, floor, cap, out);
	for (size_t i = 0; i < n; i++)
		good &= fabs(out[i] - want[i]) <= 1e-9;
	check(good, what);
	for (size_t i = 0; i < n && !good; i++)
		printf("# %zu: want %.12g, got %.12g\n", i, want[i], out[i]);
}

static void test_fill(void)
{
	const double none[4] = { 0 }, all[4] = { 100, 100, 100, 100 }, one[4] = { 1, 1, 1, 1 };
	const double w123[] = { 1, 2, 3 }, w1111[] = { 1, 1, 1, 1 }, w1248[] = { 1, 2, 4, 8 };

	fill(3, 12, w123, none, all, (double[]){ 2, 4, 6 }, "in proportion to weight");
	fill(3, 9, w1111, none, (double[]){ 100, 100, 1 }, (double[]){ 4, 4, 1 },
	     "what a cap leaves over goes to the others");
	fill(4, 2, w1248, none, one, (double[]){ 1 / 7.0, 2 / 7.0, 4 / 7.0, 1 },
	     "1:2:4:8 of one thread each on two CPUs: the last has a CPU, the rest 1:2:4");
	fill(2, 8, w1111, (double[]){ 0, 6 }, all, (double[]){ 2, 6 }, "a floor above the share");
	fill(2, 8, w1111, (double[]){ 0, 3 }, all, (double[]){ 4, 4 }, "a floor below the share");
	fill(2, 8, w1111, (double[]){ 6, 6 }, all, (double[]){ 4, 4 }, "floors that do not fit are cut");
	fill(2, 8, w1111, (double[]){ 9, 3 }, all, (double[]){ 6, 2 }, "in proportion");
	fill(2, 8, w1111, (double[]){ 9, 0 }, (double[]){ 3, 100 }, (double[]){ 3, 5 },
	     "a floor above the cap is the cap");
	fill(3, 9, w1111, none, one, one, "capacity that nobody can use");
	fill(2, 0, w1111, (double[]){ 1, 1 }, all, none, "nothing to share");
	fill(2, 10, (double[]){ 1, 10000 }, none, all, (double[]){ 10 / 10001.0, 100000 / 10001.0 },
	     "weights four orders apart");
	/* Level 2: 2 (floor 2), 4, cap 5 of 8. */
	fill(3, 11, w1248, (double[]){ 2, 0, 0 }, (double[]){ 100, 100, 5 }, (double[]){ 2, 4, 5 },
	     "floor and cap at once");
}

/* The level by bisection, which needs no thought. */
static void reference(size_t n, double capacity, const double *w, const double *floor, const double *cap,
		      double *out)
{
	double lo = 0, hi = 1e9;

	for (int k = 0; k < 300; k++) {
		double mid = (lo + hi) / 2, sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += fmin(fmax(w[i] * mid, fmin(floor[i], cap[i])), cap[i]);
		if (sum > capacity)
			hi = mid;
		else
			lo = mid;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = fmin(fmax(w[i] * lo, fmin(floor[i], cap[i])), cap[i]);
}

static void test_fill_random(void)
{
	struct rng rng;
	double worst = 0, sum_off = 0;
	size_t tried = 0;

	rng_seed(&rng, 7);
	while (tried < 20000) {
		size_t n = 1 + rng_below(&rng, 8);
		double w[8], f[8], c[8], got[8], want[8], floors = 0, caps = 0, capacity, sum = 0;

		for (size_t i = 0; i < n; i++) {
			w[i] = 1 + rng_below(&rng, 10000);
			f[i] = rng_below(&rng, 2) ? 0 : rng_unit(&rng);
			c[i] = rng_below(&rng, 2) ? 2 : 2 * rng_unit(&rng);
			floors += fmin(f[i], c[i]);
			caps += c[i];
		}
		capacity = 4 * rng_unit(&rng);
		if (floors >= capacity || caps <= capacity)
			continue;
		tried++;
		fair_fill(n, capacity, w, f, c, got);
		reference(n, capacity, w, f, c, want);
		for (size_t i = 0; i < n; i++) {
			worst = fmax(worst, fabs(got[i] - want[i]));
			sum += got[i];
		}
		sum_off = fmax(sum_off, fabs(sum - capacity));
	}
	near(worst, 0, 1e-6, "20000 random cases agree with bisection");
	near(sum_off, 0, 1e-9, "and give out exactly what there is");
}

static void test_jain(void)
{
	near(fair_jain((double[]){ 1, 1, 1 }, 3), 1, 0, "Jain: all equal");
	near(fair_jain((double[]){ 1, 0, 0, 0 }, 4), 0.25, 0, "Jain: one has it all");
	near(fair_jain((double[]){ 1.2, 0.8 }, 2), 4 / 4.16, 1e-12, "Jain: 1.2 and 0.8");
	near(fair_jain((double[]){ 0, 0 }, 2), 1, 0, "Jain: nobody has anything");
}

#define STEPS 120

static double t[STEPS + 1], service[4][STEPS + 1];

/* Rates in CPUs of step k (from sample k to k + 1) of instance i. */
static struct fair_case make(double ncpu, size_t n, struct fair_inst *inst, double (*rate)(size_t, size_t))
{
	for (size_t k = 0; k <= STEPS; k++) {
		t[k] = 1e8 * (double)k;
		for (size_t i = 0; i < n; i++)
			service[i][k] = k ? service[i][k - 1] + 1e8 * rate(i, k - 1) : 0;
	}
	for (size_t i = 0; i < n; i++)
		inst[i].service = service[i];
	return (struct fair_case){ .ncpu = ncpu, .n = n, .inst = inst, .n_samples = STEPS + 1, .t = t };
}

static double even(size_t i, size_t k)
{
	(void)i, (void)k;
	return 0.5;
}

static double uneven(size_t i, size_t k)
{
	(void)k;
	return i ? 0.4 : 0.6;
}

/* A second of favour for the one, then for the other. */
static double seesaw(size_t i, size_t k)
{
	return ((k / 10) % 2 == i) ? 0.6 : 0.4;
}

/* Wrong in the first tenth of a second only. */
static double start(size_t i, size_t k)
{
	return k ? 0.5 : i ? 1 : 0;
}

static double weighted(size_t i, size_t k)
{
	(void)k;
	return 2 * (double)(1 << i) / 15;
}

/* Comes after three seconds and then has 30 % of the machine of two CPUs. */
static double floored(size_t i, size_t k)
{
	if (k < 30)
		return i ? 0 : 2;
	return i ? (k == 70 ? 0.5 : 0.6) : (k == 70 ? 1.5 : 1.4);
}

static double capped(size_t i, size_t k)
{
	(void)k;
	return i ? 0.7475 : 0.2525;
}

/* One CPU each, of which interrupts take 1 %. */
static double taxed(size_t i, size_t k)
{
	(void)i, (void)k;
	return 0.99;
}

static void test_judge(void)
{
	struct fair_inst inst[4] = { { .weight = 1, .demand = 1 }, { .weight = 1, .demand = 1 } };
	struct fair_case c = make(1, 2, inst, even);
	struct fair_result r;

	check(!fair_judge(&c, &r), "a case can be judged");
	near(r.e1.max, 0, 1e-12, "exactly fair: no error");
	near(r.lag, 0, 1e-3, "no lag");
	near(r.jain, 1, 1e-12, "Jain's index is 1");
	near(r.rate, 1, 1e-12, "one CPU was delivered");
	check(r.floor_got < 0 && r.cap_got < 0, "neither floor nor cap");
	/* 121 samples: from the second, which is the first that has settled. */
	near((double)r.e1.windows, 110, 0, "windows of a second begin at every sample");
	near((double)r.e10.windows, 20, 0, "and so do those of ten");

	c = make(1, 2, inst, uneven);
	fair_judge(&c, &r);
	near(r.e1.max, 0.2, 1e-9, "60 to 40 of equals: 20 % in a second");
	near(r.e10.max, 0.2, 1e-9, "and in ten");
	near(r.e1.mean, 0.2, 1e-9, "and in the mean");
	near(r.lag, 1.2e9, 1, "the lag grows to 1.2 s in 12 s");
	near(r.jain, 4 / 4.16, 1e-9, "Jain's index is that of 1.2 and 0.8");

	c = make(1, 2, inst, seesaw);
	fair_judge(&c, &r);
	near(r.e1.max, 0.2, 1e-9, "favour in turn: 20 % in some second");
	near(r.e10.max, 0, 1e-9, "nothing in ten");
	near(r.lag, 1e8, 1, "and 100 ms of lag");

	c = make(1, 2, inst, start);
	fair_judge(&c, &r);
	near(r.e1.max, 0, 1e-9, "the first 50 ms are no part of a window");
	near(r.lag, 0.05e9, 1, "but of the lag");

	for (int i = 0; i < 4; i++)
		inst[i] = (struct fair_inst){ .weight = 1 << i, .demand = 2 };
	c = make(2, 4, inst, weighted);
	fair_judge(&c, &r);
	near(r.e1.max, 0, 1e-9, "1:2:4:8 of two threads each on two CPUs");
	for (int i = 0; i < 4; i++)
		inst[i].demand = 1;
	c = make(2, 4, inst, weighted);
	fair_judge(&c, &r);
	/* The last cannot use 8/15 of two CPUs: entitled to 1, it got 16/15; the
	 * first to 1/7 of a CPU, it got 2/15. */
	near(r.e1.max, 1 / 15.0, 1e-9, "the same of one thread each: entitlements keep to what it can use");

	/* Both have what is left of a CPU of their own: that is what they can have. */
	for (int i = 0; i < 2; i++)
		inst[i] = (struct fair_inst){ .weight = i ? 10 : 1, .demand = 1 };
	c = make(2, 2, inst, taxed);
	fair_judge(&c, &r);
	near(r.lag, 0, 1, "interrupts are nobody's debt");
	near(r.e1.max, 0, 1e-9, "nor an error");

	near(fair_late((double[]){ 0, 100, 200, 350, 450 }, 5), 50, 1e-12, "a sample that was late by 50");
	near(fair_late((double[]){ 0, 500 }, 2), 0, 0, "two samples are no measure of it");

	inst[0] = (struct fair_inst){ .weight = 8, .demand = 2 };
	inst[1] = (struct fair_inst){ .weight = 1, .demand = 2, .floor = 0.6, .start = 3e9 };
	c = make(2, 2, inst, floored);
	fair_judge(&c, &r);
	near(r.floor_got, 0.295, 1e-9, "the worst second of a guarantee");
	near(r.floor_want, 0.3, 1e-9, "and what was guaranteed");
	near(r.e1.max, 0.01 / 0.6, 1e-9, "its error, against the floor");
	near((double)r.e1.windows, 20 + 80, 0, "no window across a start");
	near(r.jain_window, 8.9e9, 1e8, "Jain's index over the longer of the phases");

	inst[0] = (struct fair_inst){ .weight = 1, .demand = 1, .cap = 0.25 };
	inst[1] = (struct fair_inst){ .weight = 1, .demand = 1 };
	c = make(1, 2, inst, capped);
	fair_judge(&c, &r);
	near(r.cap_got, 1.01, 1e-9, "a limit passed by 1 %");
	near(r.cap_window, 10e9, 1e8, "in the last 10 s");
	c.n_samples = 61;
	fair_judge(&c, &r);
	near(r.cap_window, 3e9, 1e8, "or the second half of what is shorter");

	c.n_samples = 2;
	check(fair_judge(&c, &r) == -1, "two samples are no case");
	c.n_samples = 5;
	check(!fair_judge(&c, &r) && !r.e1.windows && !r.e10.windows, "half a second has no window of one");
	c.n = 0;
	check(fair_judge(&c, &r) == -1, "nor is one without instances");
}

int main(void)
{
	test_fill();
	test_fill_random();
	test_jain();
	test_judge();
	printf("1..%d\n", count);
	return failed ? 1 : 0;
}
