// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The statistics against values worked out by hand or in closed form.
 * Prints TAP.
 */
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

/* boots x execs x batches from f(boot, exec, batch). */
static struct hier make(uint32_t boots, uint32_t execs, uint32_t batches,
			double (*f)(uint32_t, uint32_t, uint32_t))
{
	struct hier h = { 0 };

	h.boot = xcalloc(boots, sizeof(*h.boot));
	h.exec = xcalloc((size_t)boots * execs, sizeof(*h.exec));
	h.n_boot = boots;
	h.n_exec = boots * execs;
	h.n_batch = h.n_exec * batches;
	for (uint32_t b = 0; b < boots; b++) {
		h.boot[b] = (struct hboot){ .boot = (int)b, .exec = &h.exec[b * execs], .n = execs };
		for (uint32_t e = 0; e < execs; e++) {
			struct hexec *x = &h.exec[b * execs + e];

			*x = (struct hexec){ .boot = (int)b, .exec = (int)e, .n = batches };
			x->batch = xcalloc(batches, sizeof(*x->batch));
			for (uint32_t i = 0; i < batches; i++)
				x->batch[i] = f(b, e, i);
			x->median = median(x->batch, batches);
		}
	}
	return h;
}

static double constant(uint32_t b, uint32_t e, uint32_t i)
{
	(void)b, (void)e, (void)i;
	return 42;
}

static double by_exec(uint32_t b, uint32_t e, uint32_t i)
{
	(void)b, (void)i;
	return e + 1;
}

static double by_boot(uint32_t b, uint32_t e, uint32_t i)
{
	(void)e, (void)i;
	return b;
}

static double by_batch(uint32_t b, uint32_t e, uint32_t i)
{
	(void)b, (void)e;
	return i;
}

/* Not the same in any two executions, but the same on both sides of a pair. */
static double shared_noise(uint32_t b, uint32_t e, uint32_t i)
{
	(void)i;
	return 100 + 10 * sin(1 + b * 17 + e * 5);
}

static double shared_noise_2pc(uint32_t b, uint32_t e, uint32_t i)
{
	return 1.02 * shared_noise(b, e, i);
}

static double share(const double *v, size_t n, double x)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += v[i] == x;
	return (double)k / (double)n;
}

static void test_median(void)
{
	double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 }, big[] = { 1e308, 1.7e308 };
	double d[] = { 1, 1, 2, 2, 4, 6, 9 }, flat[] = { 5, 5, 5, 5, 5.01, 5.2 };
	double q[] = { 10, 20, 30, 40, 50 };
	double many[1001];

	near(median(odd, 3), 3, 0, "median of three");
	near(median(even, 4), 2.5, 0, "median of four is the middle of two");
	near(median(one, 1), 7, 0, "median of one");
	check(isfinite(median(big, 2)), "median of two huge values does not overflow");
	for (int i = 0; i <= 1000; i++)
		many[i] = (i * 389) % 1001;
	near(median(many, 1001), 500, 0, "median of 0..1000 shuffled");
	near(mad(d, 7, 2), 1, 0, "MAD of the textbook example 1 1 2 2 4 6 9 is 1");
	check(count_outliers(d, 7, 2, 1) == 0, "nothing beyond 14.826 MAD there");
	d[6] = 17;
	check(count_outliers(d, 7, 2, 1) == 1, "17 is: its distance 15 is more than 14.826");
	check(count_outliers(flat, 6, 5, 0) == 1, "with MAD 0 only what is off by more than 1 % is flagged");
	near(quantile_sorted(q, 5, 0), 10, 0, "quantile 0 is the smallest");
	near(quantile_sorted(q, 5, 1), 50, 0, "quantile 1 is the largest");
	near(quantile_sorted(q, 5, 0.25), 20, 1e-12, "first quartile");
	near(quantile_sorted(q, 5, 0.1), 14, 1e-12, "between two values it interpolates");
	near(quantile_sorted(one, 1, 0.975), 7, 0, "any quantile of one value");
}

static void test_rng(void)
{
	struct rng a, b;
	double sum = 0, sq = 0;
	uint32_t seen[7] = { 0 };
	bool same = true, inside = true;

	rng_seed(&a, 1);
	rng_seed(&b, 1);
	for (int i = 0; i < 100; i++)
		same &= rng_next(&a) == rng_next(&b);
	check(same, "the same seed gives the same numbers");
	rng_seed(&b, 2);
	check(rng_next(&a) != rng_next(&b), "another seed gives others");
	for (int i = 0; i < 700000; i++) {
		uint32_t k = rng_below(&a, 7);

		inside &= k < 7;
		seen[k % 7]++;
	}
	check(inside, "below 7 stays below 7");
	for (int k = 0; k < 7; k++)
		sq += (seen[k] - 1e5) * (seen[k] - 1e5) / 1e5;
	/* Chi-squared, 6 degrees of freedom: 22.5 is the 0.1 % point. */
	check(sq < 22.5, "seven outcomes are equally likely (chi-squared)");
	sq = 0;
	for (int i = 0; i < 1000000; i++) {
		double u = rng_unit(&a);

		inside &= u > 0 && u < 1;
		sum += u;
		sq += u * u;
	}
	check(inside, "the unit interval is open");
	near(sum / 1e6, 0.5, 0.002, "mean of uniforms");
	near(sq / 1e6, 1.0 / 3, 0.002, "second moment of uniforms");
	check(hash_str(hash_str(0, "ab"), "c") != hash_str(hash_str(0, "a"), "bc"),
	      "seeds of ab,c and a,bc differ");
}

static void test_boot(void)
{
	const size_t n = 200000;
	double *out = xcalloc(n, sizeof(*out)), *other = xcalloc(n, sizeof(*other));
	struct hier h, g;
	struct rng r;
	bool all = true;

	rng_seed(&r, 3);
	h = make(3, 5, 7, constant);
	near(hier_median(&h), 42, 0, "median of constant data");
	boot_median(&h, &r, out, 1000);
	for (int i = 0; i < 1000; i++)
		all &= out[i] == 42;
	check(all, "every resample of constant data is that constant");
	hier_free(&h);

	/*
	 * Executions 1 2 3, one boot: the median of three draws is 2 with
	 * probability 13/27, 1 and 3 with 7/27 each.
	 */
	h = make(1, 3, 1, by_exec);
	near(hier_median(&h), 2, 0, "median over three executions");
	boot_median(&h, &r, out, n);
	near(share(out, n, 2), 13.0 / 27, 0.005, "three executions: middle with 13/27");
	near(share(out, n, 1), 7.0 / 27, 0.005, "three executions: low with 7/27");
	near(share(out, n, 3), 7.0 / 27, 0.005, "three executions: high with 7/27");
	hier_free(&h);

	/* The same law one level down: batches 0 1 2 of a single execution. */
	h = make(1, 1, 3, by_batch);
	boot_median(&h, &r, out, n);
	near(share(out, n, 1), 13.0 / 27, 0.005, "three batches: middle with 13/27");
	hier_free(&h);

	/* Four batches 0..3: an even number takes the middle of two; all 256
	 * equally likely draws are counted out here. */
	{
		size_t hits = 0;

		for (int k = 0; k < 256; k++) {
			double v[4] = { k & 3, k >> 2 & 3, k >> 4 & 3, k >> 6 & 3 };

			hits += median(v, 4) == 1.5;
		}
		h = make(1, 1, 4, by_batch);
		boot_median(&h, &r, out, n);
		near(share(out, n, 1.5), (double)hits / 256, 0.005, "four batches agree with all 256 draws counted out");
		hier_free(&h);
	}

	/* Boots are drawn whole: two boots with values 0 and 1, five executions
	 * each, give 0, 1/2 and 1 with probabilities 1/4, 1/2, 1/4. */
	h = make(2, 5, 3, by_boot);
	boot_median(&h, &r, out, n);
	near(share(out, n, 0), 0.25, 0.005, "two boots: both low in a quarter");
	near(share(out, n, 0.5), 0.5, 0.005, "two boots: one of each in half");
	near(share(out, n, 1), 0.25, 0.005, "two boots: both high in a quarter");
	hier_free(&h);

	/*
	 * More batches than are drawn one by one: the two ways must agree.  The
	 * standard error of the median of 0..k-1 is about k/(2 sqrt(k)).
	 */
	for (uint32_t k = 100; k <= 101; k++) {
		double mean = 0, var = 0;

		h = make(1, 1, k, by_batch);
		boot_median(&h, &r, out, n);
		for (size_t i = 0; i < n; i++)
			mean += out[i] / (double)n;
		for (size_t i = 0; i < n; i++)
			var += (out[i] - mean) * (out[i] - mean) / (double)n;
		near(mean, (k - 1) / 2.0, 0.1, "many batches: mean of the resampled median");
		near(sqrt(var), k / (2 * sqrt(k + 2)), 0.15, "many batches: its standard error");
		hier_free(&h);
	}

	/* Pairing: noise common to both sides cancels, otherwise it does not. */
	h = make(2, 5, 1, shared_noise);
	g = make(2, 5, 1, shared_noise_2pc);
	check(boot_pair(&g, &h, &r, out, other, 2000) == 1, "equal boots and executions are paired");
	all = true;
	for (int i = 0; i < 2000; i++)
		all &= fabs(out[i] / other[i] - 1.02) < 1e-9;
	check(all, "paired: common noise cancels in the ratio");
	g.exec[3].exec = 99;
	check(boot_pair(&g, &h, &r, out, other, 2000) == 0, "another execution key: not paired");
	all = true;
	for (int i = 0; i < 2000; i++)
		all &= fabs(out[i] / other[i] - 1.02) < 1e-9;
	check(!all, "unpaired: it does not");
	hier_free(&h);
	hier_free(&g);

	free(out);
	free(other);
}

static double noise(struct rng *r)
{
	double s = 0;

	for (int i = 0; i < 12; i++)
		s += rng_unit(r);
	return s - 6;
}

static struct rng cover_rng;

static double normal_data(uint32_t b, uint32_t e, uint32_t i)
{
	(void)b, (void)e, (void)i;
	return 100 + noise(&cover_rng);
}

/* Does a 95 % interval hold the truth about 95 times in 100? */
static void test_coverage(void)
{
	const size_t n = 400;
	double out[400];
	int hits = 0, runs = 600;

	rng_seed(&cover_rng, 11);
	for (int k = 0; k < runs; k++) {
		struct hier h = make(1, 20, 1, normal_data);
		struct rng r;

		rng_seed(&r, (uint64_t)k);
		boot_median(&h, &r, out, n);
		sort_doubles(out, n);
		hits += quantile_sorted(out, n, 0.025) <= 100 && quantile_sorted(out, n, 0.975) >= 100;
		hier_free(&h);
	}
	near((double)hits / runs, 0.95, 0.03, "the 95 % interval of normal data covers the truth 92 to 98 times in 100");
}

static void test_p_and_holm(void)
{
	double up[999], mid[1000], p[4] = { 0.01, 0.04, 0.03, 0.005 }, adj[4];
	double big[2] = { 0.9, 0.8 };

	for (int i = 0; i < 999; i++)
		up[i] = 1.1;
	for (int i = 0; i < 1000; i++)
		mid[i] = i < 500 ? 0.9 : 1.1;
	near(boot_p(up, 999), 2.0 / 1000, 1e-12, "no resample on the other side: p is 2/(B+1), not 0");
	near(boot_p(mid, 1000), 1, 1e-12, "half on each side: p is 1");
	holm(p, adj, 4);
	near(adj[3], 0.02, 1e-12, "Holm: smallest p times 4");
	near(adj[0], 0.03, 1e-12, "Holm: next times 3");
	near(adj[2], 0.06, 1e-12, "Holm: next times 2");
	near(adj[1], 0.06, 1e-12, "Holm: last never below the one before");
	holm(big, adj, 2);
	near(adj[0], 1, 0, "Holm: never above 1");
	holm(NULL, NULL, 0);
	check(true, "Holm of nothing");
}

static void test_sha256(const char *scratch)
{
	char hex[65];
	FILE *f = fopen(scratch, "w");

	if (!f || fputs("abc", f) < 0 || fclose(f)) {
		check(false, "scratch file");
		return;
	}
	check(!sha256_file(scratch, -1, hex) &&
		      !strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	      "sha256 of \"abc\" (FIPS 180 example)");
	check(!sha256_file(scratch, 0, hex) &&
		      !strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
	      "sha256 of the first 0 bytes");
	check(sha256_file("/does/not/exist", -1, hex) == -1, "sha256 of a missing file fails");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: stattest SCRATCHFILE\n", stderr);
		return 2;
	}
	test_median();
	test_rng();
	test_boot();
	test_coverage();
	test_p_and_holm();
	test_sha256(argv[1]);
	printf("1..%d\n", count);
	return failed ? 1 : 0;
}
