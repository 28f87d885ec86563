/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When requests of an open loop are due. The times are drawn before anything
 * is known of the answers, and latency counts from the time a request was due,
 * not from when somebody got round to sending it: a server that stalls is
 * charged for everybody who would have come meanwhile. That is the correction
 * for coordinated omission (Tene); nothing has to be guessed afterwards.
 */
#ifndef BULKHEAD_WEB_ARRIVE_H
#define BULKHEAD_WEB_ARRIVE_H

#include <math.h>

#include "mix.h"

struct arrive {
	struct rng rng;
	bool poisson;
	double rate; /* a second */
	double at; /* of the last one, ns after @start */
	uint64_t start, n;
};

static inline void arrive_init(struct arrive *a, double rate, bool poisson,
			       uint64_t seed, uint64_t start)
{
	rng_seed(&a->rng, seed);
	a->poisson = poisson;
	a->rate = rate;
	a->at = 0;
	a->start = start;
	a->n = 0;
}

/* The time of the next request, in ns. */
static inline uint64_t arrive_next(struct arrive *a)
{
	a->n++;
	if (a->poisson)
		a->at -= log(rng_unit(&a->rng)) * 1e9 / a->rate;
	else
		a->at = (double)a->n * 1e9 / a->rate; /* no drift */
	return a->start + (uint64_t)a->at;
}

/*
 * Share @n users among targets: evenly, or by Zipf's law with exponent
 * @alpha > 0. Largest remainders, so that the shares are exact and the same
 * each time; @count[t] is what target t gets.
 */
void arrive_split(uint32_t n, uint32_t targets, double alpha, uint32_t *count);

#endif
