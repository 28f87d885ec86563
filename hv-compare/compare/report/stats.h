/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics of the report: medians, the hierarchical percentile bootstrap,
 * Holm's correction.  Nothing here knows about records, sides or output.
 *
 * Every function is a pure function of its arguments (the random numbers come
 * from a generator the caller seeds), so the same records always give the same
 * report, byte for byte.
 */
#ifndef BH_STATS_H
#define BH_STATS_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256** (Blackman and Vigna), state filled by splitmix64. */
struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform integer in [0, n), no modulo bias.  n must be > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* Uniform double in the open interval (0, 1). */
double rng_unit(struct rng *r);
/* FNV-1a, used to give each cell a seed that depends on its name only. */
uint64_t hash_str(uint64_t h, const char *s);

/* Median of v[0..n); reorders v.  n must be > 0. */
double median(double *v, size_t n);

/* Median and range of a few values; n == 0: there are none. */
struct spread {
	size_t n;
	double median, lo, hi;
};

/* Sorts v. */
struct spread spread_of(double *v, size_t n);
/* Median absolute deviation around m (not scaled).  n must be > 0. */
double mad(const double *v, size_t n, double m);
/*
 * Linear interpolation between order statistics; v sorted ascending, n > 0,
 * q in [0, 1].
 */
double quantile_sorted(const double *v, size_t n, double q);
void sort_doubles(double *v, size_t n);

/* How many values lie farther than 14.826 MAD from the median (e.5). */
size_t count_outliers(const double *v, size_t n, double m, double mad);

/* boots -> executions -> batches of one cell. */
struct hexec {
	int boot, exec, inst;	/* key: two sides with equal keys are paired */
	double *batch;		/* sorted ascending, owned */
	uint32_t n;		/* > 0 */
	double median;
};

struct hboot {
	int boot;
	struct hexec *exec;	/* points into hier.exec */
	uint32_t n;		/* > 0 */
};

struct hier {
	struct hboot *boot;
	uint32_t n_boot;
	struct hexec *exec;	/* sorted by boot, exec, inst */
	uint32_t n_exec;
	uint32_t n_batch;
};

void hier_free(struct hier *h);
/* Median of the execution medians.  h->n_exec must be > 0. */
double hier_median(const struct hier *h);
/* Same boots, same executions in each: their blocks can be compared in pairs. */
int hier_paired(const struct hier *a, const struct hier *b);

/*
 * Draw `resamples` values of the bootstrap distribution of the median of h:
 * boots with replacement, executions within each, batches within each.
 */
void boot_median(const struct hier *h, struct rng *r, double *out, size_t resamples);

/*
 * The same for two cells at once.  When the two are paired the same boots and
 * executions are drawn for both (batches independently), else each draws its
 * own.  Returns 1 when paired.
 */
int boot_pair(const struct hier *a, const struct hier *b, struct rng *r, double *out_a,
	      double *out_b, size_t resamples);

/*
 * Two-sided bootstrap p value of "the ratio is 1": twice the smaller tail,
 * with one added to numerator and denominator so that it is never 0.
 */
double boot_p(const double *ratio, size_t n);

/*
 * Holm: p[0..n) in any order; adj[i] becomes the adjusted p value.
 */
void holm(const double *p, double *adj, size_t n);

#endif
