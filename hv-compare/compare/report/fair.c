// SPDX-License-Identifier: GPL-2.0-or-later
#include "fair.h"

#include "stats.h"
#include "util.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What instance i has at level L. */
static double at_level(double level, double weight, double floor, double cap)
{
	double v = weight * level;

	v = v < floor ? floor : v;
	return v > cap ? cap : v;
}

void fair_fill(size_t n, double capacity, const double *weight, const double *floor,
	       const double *cap, double *out)
{
	double floors = 0, caps = 0, lo = 0, sum_lo, hi = INFINITY, sum_hi = 0;

	for (size_t i = 0; i < n; i++) {
		floors += fmin(floor[i], cap[i]);
		caps += cap[i];
	}
	if (capacity <= 0 || caps <= capacity || floors >= capacity) {
		for (size_t i = 0; i < n; i++) {
			double f = fmin(floor[i], cap[i]);

			out[i] = capacity <= 0	    ? 0 :
				 caps <= capacity   ? cap[i] :
						      f * (capacity / floors);
		}
		return;
	}
	/*
	 * The sum is piecewise linear in the level and bends where an instance
	 * leaves its floor or meets its cap. Between the last bend below the
	 * capacity and the first above it the level is exact.
	 */
	sum_lo = floors;
	for (size_t k = 0; k < 2 * n; k++) {
		double level = (k < n ? fmin(floor[k], cap[k]) : cap[k - n]) / weight[k % n], sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += at_level(level, weight[i], fmin(floor[i], cap[i]), cap[i]);
		if (sum <= capacity && level >= lo) {
			lo = level;
			sum_lo = sum;
		}
		if (sum > capacity && level < hi) {
			hi = level;
			sum_hi = sum;
		}
	}
	/* sum_hi > capacity >= sum_lo: the capacity is below the sum of caps. */
	lo += (hi - lo) * (capacity - sum_lo) / (sum_hi - sum_lo);
	for (size_t i = 0; i < n; i++)
		out[i] = at_level(lo, weight[i], fmin(floor[i], cap[i]), cap[i]);
}

double fair_jain(const double *x, size_t n)
{
	double sum = 0, sq = 0;

	for (size_t i = 0; i < n; i++) {
		sum += x[i];
		sq += x[i] * x[i];
	}
	return sq > 0 ? sum * sum / ((double)n * sq) : 1;
}

double fair_late(const double *t, size_t n)
{
	double *step, late;

	if (n < 3)
		return 0;
	step = xcalloc(n - 1, sizeof(*step));
	for (size_t k = 0; k + 1 < n; k++)
		step[k] = t[k + 1] - t[k];
	sort_doubles(step, n - 1);
	late = step[n - 2] - quantile_sorted(step, n - 1, 0.5);
	free(step);
	return late;
}

/* Does demand stay the same from sample a to sample b, and has it settled? */
static bool steady(const struct fair_case *c, size_t a, size_t b)
{
	for (size_t i = 0; i < c->n; i++) {
		double s = c->inst[i].start;

		if (s > c->t[a] - FAIR_SETTLE && s < c->t[b])
			return false;
	}
	return true;
}

static bool active(const struct fair_case *c, size_t a, size_t i)
{
	return c->inst[i].start <= c->t[a];
}

/* got[] and want[] of the instances active at a; returns how many there are. */
static size_t window(const struct fair_case *c, size_t a, size_t b, double *got, double *want, size_t *who)
{
	double *weight = xcalloc(3 * c->n, sizeof(*weight));
	double *floor = weight + c->n, *cap = floor + c->n;
	double len = c->t[b] - c->t[a], all = 0, demand = 0, most;
	size_t m = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct fair_inst *x = &c->inst[i];

		if (!active(c, a, i))
			continue;
		got[m] = x->service[b] - x->service[a];
		all += got[m];
		weight[m] = x->weight;
		floor[m] = x->floor * len;
		cap[m] = (x->cap > 0 && x->cap < x->demand ? x->cap : x->demand) * len;
		demand += cap[m];
		who[m++] = i;
	}
	/*
	 * A CPU also serves interrupts and the sampler. What is left of it is the
	 * most that a thread could have had: the part of what was asked for, of all
	 * CPUs at most, that was delivered.
	 */
	most = fmin(demand, c->ncpu * len);
	for (size_t k = 0; k < m; k++) {
		const struct fair_inst *x = &c->inst[who[k]];

		if (all < most && !(x->cap > 0 && x->cap < x->demand))
			cap[k] *= all / most;
	}
	fair_fill(m, all, weight, floor, cap, want);
	free(weight);
	return m;
}

void fair_share(const struct fair_case *c, size_t a, size_t b, size_t i, double *got, double *entitled)
{
	double *g = xcalloc(2 * c->n, sizeof(*g)), *w = g + c->n, all = 0;
	size_t *who = xcalloc(c->n, sizeof(*who));
	size_t m = window(c, a, b, g, w, who);

	*got = *entitled = 0;
	for (size_t k = 0; k < m; k++)
		all += g[k];
	for (size_t k = 0; k < m && all > 0; k++)
		if (who[k] == i) {
			*got = g[k] / all;
			*entitled = w[k] / all;
		}
	free(g);
	free(who);
}

/* The first sample at least `len` after sample a, allowing for samples that are
 * taken a little early or late; n_samples if there is none. */
static size_t window_end(const struct fair_case *c, size_t a, double len)
{
	double step = (c->t[c->n_samples - 1] - c->t[0]) / (double)(c->n_samples - 1);
	size_t b = a + 1;

	while (b < c->n_samples && c->t[b] - c->t[a] < len - step / 2)
		b++;
	return b;
}

static void error_over(const struct fair_case *c, double len, struct fair_err *e, double *jain,
		       struct fair_result *r)
{
	double *got = xcalloc(3 * c->n, sizeof(*got)), *want = got + c->n, *x = want + c->n;
	size_t *who = xcalloc(c->n, sizeof(*who));
	double sum = 0;
	size_t terms = 0;

	memset(e, 0, sizeof(*e));
	for (size_t a = 0; a + 1 < c->n_samples; a++) {
		size_t b = window_end(c, a, len), m;

		if (b == c->n_samples)
			break;
		if (!steady(c, a, b))
			continue;
		m = window(c, a, b, got, want, who);
		if (!m)
			continue;
		e->windows++;
		for (size_t k = 0; k < m; k++) {
			double d = want[k] > 0 ? fabs(got[k] / want[k] - 1) : 0;

			x[k] = want[k] > 0 ? got[k] / want[k] : 1;
			e->max = d > e->max ? d : e->max;
			sum += d;
			terms++;
			if (r && c->inst[who[k]].floor > 0) {
				double part = got[k] / (c->ncpu * (c->t[b] - c->t[a]));

				if (r->floor_got < 0 || part < r->floor_got)
					r->floor_got = part;
				r->floor_want = c->inst[who[k]].floor / c->ncpu;
			}
		}
		if (jain) {
			double j = fair_jain(x, m);

			*jain = j < *jain ? j : *jain;
		}
	}
	e->mean = terms ? sum / (double)terms : 0;
	free(got);
	free(who);
}

/* Longest stretch in which demand stays the same. */
static double longest_phase(const struct fair_case *c)
{
	double best = 0;

	for (size_t a = 0; a + 1 < c->n_samples; a++) {
		size_t b = a;

		while (b + 1 < c->n_samples && steady(c, a, b + 1))
			b++;
		best = fmax(best, c->t[b] - c->t[a]);
	}
	return best;
}

static double largest_lag(const struct fair_case *c)
{
	double *got = xcalloc(3 * c->n, sizeof(*got)), *want = got + c->n, *lag = want + c->n, most = 0;
	size_t *who = xcalloc(c->n, sizeof(*who));

	for (size_t a = 0; a + 1 < c->n_samples; a++) {
		size_t m = window(c, a, a + 1, got, want, who);

		for (size_t k = 0; k < m; k++) {
			lag[who[k]] += want[k] - got[k];
			most = fmax(most, fabs(lag[who[k]]));
		}
	}
	free(got);
	free(who);
	return most;
}

int fair_judge(const struct fair_case *c, struct fair_result *r)
{
	struct fair_err at_jain;
	size_t first = 0;
	double all = 0;

	memset(r, 0, sizeof(*r));
	r->floor_got = r->cap_got = -1;
	r->jain = 1;
	if (!c->n || c->n_samples < 3)
		return -1;
	error_over(c, 1e9, &r->e1, NULL, r);
	error_over(c, 10e9, &r->e10, NULL, NULL);
	r->jain_window = fmin(10e9, longest_phase(c));
	error_over(c, r->jain_window, &at_jain, &r->jain, NULL);
	r->lag = largest_lag(c);
	r->late = fair_late(c->t, c->n_samples);

	/* Rates over all that is left once the first ones have settled. */
	while (first + 2 < c->n_samples && c->t[first] < FAIR_SETTLE)
		first++;
	for (size_t i = 0; i < c->n; i++) {
		const struct fair_inst *x = &c->inst[i];
		size_t from = c->n_samples / 2;
		const double end = c->t[c->n_samples - 1];

		all += x->service[c->n_samples - 1] - x->service[first];
		/* What was saved up is spent long before a second is over. */
		if (x->start + FAIR_SPENT + FAIR_LONG <= end)
			for (from = c->n_samples - 2; from > 0 && end - c->t[from] < FAIR_LONG;)
				from--;
		while (from + 2 < c->n_samples && c->t[from] < x->start + FAIR_SETTLE)
			from++;
		if (x->cap > 0) {
			r->cap_window = end - c->t[from];
			r->cap_got = (x->service[c->n_samples - 1] - x->service[from]) /
				     (x->cap * r->cap_window);
		}
	}
	r->rate = all / (c->t[c->n_samples - 1] - c->t[first]) +
		  c->self / (c->t[c->n_samples - 1] - c->t[0]);
	return 0;
}
