// SPDX-License-Identifier: GPL-2.0-or-later
/* Latency histogram; the contract is in hist.h. */
#include <math.h>
#include <string.h>

#include "hist.h"

#define HIST_MAX ((1ULL << HIST_MAX_BITS) - 1)

void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

size_t hist_bucket(uint64_t ns)
{
	unsigned int e;

	if (ns > HIST_MAX)
		ns = HIST_MAX;
	if (ns < 2 * HIST_HALF)
		return (size_t)ns;
	/* The eleven highest bits decide, so that ns >> e is in 1024..2047. */
	e = 63 - (unsigned int)__builtin_clzll(ns) - 10;
	return (size_t)e * HIST_HALF + (size_t)(ns >> e);
}

uint64_t hist_low(size_t bucket)
{
	size_t e;

	if (bucket < 2 * HIST_HALF)
		return bucket;
	e = bucket / HIST_HALF - 1;
	return (uint64_t)(bucket - e * HIST_HALF) << e;
}

uint64_t hist_high(size_t bucket)
{
	return hist_low(bucket + 1) - 1;
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->count[hist_bucket(ns)]++;
	if (h->n == 0 || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->sum += (double)ns;
	h->n++;
}

void hist_merge(struct hist *to, const struct hist *from)
{
	size_t i;

	if (from->n == 0)
		return;
	for (i = 0; i < HIST_BUCKETS; i++)
		to->count[i] += from->count[i];
	if (to->n == 0 || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->sum += from->sum;
	to->n += from->n;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t rank, seen = 0;
	size_t i;

	if (h->n == 0)
		return 0;
	rank = (uint64_t)ceil(q * (double)h->n);
	if (rank < 1)
		rank = 1;
	if (rank > h->n)
		rank = h->n;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank)
			break;
	}
	return hist_high(i) < h->max ? hist_high(i) : h->max;
}

uint64_t hist_above(const struct hist *h, uint64_t ns)
{
	uint64_t n = 0;
	size_t i;

	for (i = hist_bucket(ns) + 1; i < HIST_BUCKETS; i++)
		n += h->count[i];
	return n;
}
