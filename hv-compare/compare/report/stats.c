// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Up to this many batches the resampled median is found by drawing every batch
 * and counting; above it the two middle order statistics are drawn from their
 * exact distribution instead, so that the cost does not grow with the number
 * of batches.  64 keeps every realistic run on the integer-only path, which
 * gives the same bits on every machine.
 */
#define DIRECT_BATCHES 64

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t out = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return out;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	/* Multiply-shift; the rejected zone removes the bias of a plain scale. */
	uint32_t threshold = -n % n;

	for (;;) {
		uint64_t m = (rng_next(r) >> 32) * n;

		if ((uint32_t)m >= threshold)
			return m >> 32;
	}
}

double rng_unit(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) * 0x1p-53;
}

uint64_t hash_str(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	/* A separator, so that ("ab","c") and ("a","bc") differ. */
	return (h ^ 0xff) * 0x100000001b3u;
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort_doubles(double *v, size_t n)
{
	/* Resampled medians come in tens: insertion sort beats qsort() there. */
	if (n > 24) {
		qsort(v, n, sizeof(*v), cmp_double);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		double x = v[i];
		size_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static double middle(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

double median(double *v, size_t n)
{
	sort_doubles(v, n);
	return middle(v, n);
}

double mad(const double *v, size_t n, double m)
{
	double *d = xcalloc(n, sizeof(*d));
	double out;

	for (size_t i = 0; i < n; i++)
		d[i] = fabs(v[i] - m);
	out = median(d, n);
	free(d);
	return out;
}

double quantile_sorted(const double *v, size_t n, double q)
{
	double pos = q * (double)(n - 1);
	size_t i = (size_t)pos;

	if (i + 1 >= n)
		return v[n - 1];
	return v[i] + (pos - (double)i) * (v[i + 1] - v[i]);
}

size_t count_outliers(const double *v, size_t n, double m, double mad)
{
	/*
	 * More than half of the values equal (usual with instruction counts)
	 * makes the MAD 0 and would flag every other value; then only what is
	 * off by 1 % of the median is worth a flag.
	 */
	double limit = mad > 0 ? 14.826 * mad : 0.01 * fabs(m);
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		out += fabs(v[i] - m) > limit;
	return out;
}

void hier_free(struct hier *h)
{
	for (uint32_t i = 0; i < h->n_exec; i++)
		free(h->exec[i].batch);
	free(h->exec);
	free(h->boot);
	memset(h, 0, sizeof(*h));
}

double hier_median(const struct hier *h)
{
	double *v = xcalloc(h->n_exec, sizeof(*v));
	double out;

	for (uint32_t i = 0; i < h->n_exec; i++)
		v[i] = h->exec[i].median;
	out = median(v, h->n_exec);
	free(v);
	return out;
}

int hier_paired(const struct hier *a, const struct hier *b)
{
	if (a->n_boot != b->n_boot || a->n_exec != b->n_exec)
		return 0;
	for (uint32_t i = 0; i < a->n_exec; i++) {
		const struct hexec *x = &a->exec[i], *y = &b->exec[i];

		if (x->boot != y->boot || x->exec != y->exec || x->inst != y->inst)
			return 0;
	}
	return 1;
}

/* Standard normal deviate, Marsaglia's polar method. */
static double rng_normal(struct rng *r)
{
	for (;;) {
		double x = 2 * rng_unit(r) - 1, y = 2 * rng_unit(r) - 1;
		double q = x * x + y * y;

		if (q > 0 && q < 1)
			return x * sqrt(-2 * log(q) / q);
	}
}

/* Gamma deviate of shape a >= 1, Marsaglia and Tsang's squeeze-free form. */
static double rng_gamma(struct rng *r, double a)
{
	double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = rng_normal(r), v = 1 + c * x;

		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(rng_unit(r)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

/* Median of e->n batches drawn with replacement from e. */
static double draw_batches(const struct hexec *e, struct rng *r)
{
	uint32_t n = e->n;

	if (n == 1)
		return e->batch[0];
	if (n <= DIRECT_BATCHES) {
		unsigned char count[DIRECT_BATCHES] = { 0 };
		uint32_t seen = 0, i = 0, lo;

		for (uint32_t k = 0; k < n; k++)
			count[rng_below(r, n)]++;
		/* Walk to the lower middle value, then on to the upper one. */
		while ((seen += count[i]) < (n + 1) / 2)
			i++;
		lo = i;
		while (seen < n / 2 + 1)
			seen += count[++i];
		return lo == i ? e->batch[i] : e->batch[lo] / 2 + e->batch[i] / 2;
	}

	/*
	 * The drawn indices are n independent uniforms; their k-th smallest is
	 * Beta(k, n+1-k), and given it the next one is the smallest of the n-k
	 * that remain above it.
	 */
	double k = (n + 1) / 2;
	double g = rng_gamma(r, k), h = rng_gamma(r, n + 1 - k);
	double u = g / (g + h), v = u;

	if (n % 2 == 0)
		v = 1 - (1 - u) * pow(rng_unit(r), 1 / (n - k));
	uint32_t i = (uint32_t)(u * n), j = (uint32_t)(v * n);

	if (i >= n)
		i = n - 1;
	if (j >= n)
		j = n - 1;
	return e->batch[i] / 2 + e->batch[j] / 2;
}

/* The most executions one resample can hold: every boot drawn is the largest. */
static size_t most_execs(const struct hier *h)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < h->n_boot; i++)
		if (h->boot[i].n > most)
			most = h->boot[i].n;
	return (size_t)most * h->n_boot;
}

void boot_median(const struct hier *h, struct rng *r, double *out, size_t resamples)
{
	double *pool = xcalloc(most_execs(h), sizeof(*pool));

	for (size_t s = 0; s < resamples; s++) {
		size_t n = 0;

		for (uint32_t i = 0; i < h->n_boot; i++) {
			const struct hboot *b = &h->boot[rng_below(r, h->n_boot)];

			for (uint32_t j = 0; j < b->n; j++)
				pool[n++] = draw_batches(&b->exec[rng_below(r, b->n)], r);
		}
		out[s] = median(pool, n);
	}
	free(pool);
}

int boot_pair(const struct hier *a, const struct hier *b, struct rng *r, double *out_a,
	      double *out_b, size_t resamples)
{
	if (!hier_paired(a, b)) {
		boot_median(a, r, out_a, resamples);
		boot_median(b, r, out_b, resamples);
		return 0;
	}

	double *pa = xcalloc(most_execs(a), sizeof(*pa));
	double *pb = xcalloc(most_execs(a), sizeof(*pb));

	for (size_t s = 0; s < resamples; s++) {
		size_t n = 0;

		for (uint32_t i = 0; i < a->n_boot; i++) {
			uint32_t k = rng_below(r, a->n_boot);
			const struct hboot *x = &a->boot[k], *y = &b->boot[k];

			for (uint32_t j = 0; j < x->n; j++, n++) {
				uint32_t e = rng_below(r, x->n);

				pa[n] = draw_batches(&x->exec[e], r);
				pb[n] = draw_batches(&y->exec[e], r);
			}
		}
		out_a[s] = median(pa, n);
		out_b[s] = median(pb, n);
	}
	free(pa);
	free(pb);
	return 1;
}

double boot_p(const double *ratio, size_t n)
{
	size_t below = 0, above = 0, tail;
	double p;

	for (size_t i = 0; i < n; i++) {
		below += ratio[i] <= 1;
		above += ratio[i] >= 1;
	}
	tail = below < above ? below : above;
	p = 2 * (double)(tail + 1) / (double)(n + 1);
	return p > 1 ? 1 : p;
}

struct ranked {
	double p;
	size_t at;
};

static int cmp_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

void holm(const double *p, double *adj, size_t n)
{
	struct ranked *r;
	double worst = 0;

	if (!n)
		return;
	r = xcalloc(n, sizeof(*r));
	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){ p[i], i };
	qsort(r, n, sizeof(*r), cmp_ranked);
	/* Step down: once one is not rejected, none after it is. */
	for (size_t i = 0; i < n; i++) {
		double a = r[i].p * (double)(n - i);

		if (a > worst)
			worst = a;
		adj[r[i].at] = worst > 1 ? 1 : worst;
	}
	free(r);
}

struct spread spread_of(double *v, size_t n)
{
	struct spread x = { .n = n };

	if (!n)
		return x;
	sort_doubles(v, n);
	x.lo = v[0];
	x.hi = v[n - 1];
	x.median = quantile_sorted(v, n, 0.5);
	return x;
}
