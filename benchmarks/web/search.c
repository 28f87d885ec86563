// SPDX-License-Identifier: GPL-2.0-or-later
/* The search for S*; the contract is in search.h. */
#include "search.h"

struct search {
	const struct search_cfg *cfg;
	search_probe probe;
	void *arg;
	struct search_result *res;
	uint32_t lo, hi; /* known good and known bad; 0: not known */
	uint32_t num, den; /* the bracket's factor */
	int rc;
};

/* False when the search has to end: rc, or no probes left. */
static bool ask(struct search *s, uint32_t n, enum search_why why, bool *good)
{
	if (s->res->probes >= s->cfg->probes) {
		s->res->status = SEARCH_UNSTABLE;
		return false;
	}
	s->res->probes++;
	*good = false;
	s->rc = s->probe(s->arg, n, why, good);
	return s->rc == 0;
}

static uint32_t up(const struct search *s, uint32_t n)
{
	uint64_t v = ((uint64_t)n * s->num + s->den - 1) / s->den;

	if (v <= n)
		v = n + 1ULL;
	return v < s->cfg->max ? (uint32_t)v : s->cfg->max;
}

static uint32_t down(const struct search *s, uint32_t n)
{
	uint64_t v = (uint64_t)n * s->den / s->num;

	return v < n ? (uint32_t)(v ? v : 1) : n - 1;
}

/* Find a good and a bad number, from @n on; false when there is no pair. */
static bool bracket(struct search *s, uint32_t n)
{
	bool good;

	while (s->lo == 0 || s->hi == 0) {
		if (!ask(s, n, SEARCH_BRACKET, &good))
			return false;
		if (good)
			s->lo = n;
		else
			s->hi = n;
		if (good && n >= s->cfg->max) {
			s->res->status = SEARCH_AT_MAX;
			return false;
		}
		if (!good && n == 1) {
			s->res->status = SEARCH_NONE;
			return false;
		}
		n = good ? up(s, n) : down(s, n);
	}
	return true;
}

static bool bisect(struct search *s)
{
	bool good;

	while (s->hi - s->lo > 1 && (uint64_t)(s->hi - s->lo) * 50 > s->lo) {
		uint32_t n = s->lo + (s->hi - s->lo) / 2;

		if (!ask(s, n, SEARCH_BISECT, &good))
			return false;
		if (good)
			s->lo = n;
		else
			s->hi = n;
	}
	return true;
}

static bool vote(struct search *s, uint32_t n, enum search_why why,
		 uint32_t *count)
{
	uint32_t i;
	bool good;

	*count = 0;
	for (i = 0; i < s->cfg->confirm; i++) {
		if (!ask(s, n, why, &good))
			return false;
		*count += good;
	}
	return true;
}

int search_run(const struct search_cfg *cfg, search_probe probe, void *arg,
	       struct search_result *res)
{
	struct search s = {
		.cfg = cfg,
		.probe = probe,
		.arg = arg,
		.res = res,
		.num = 3,
		.den = 2,
	};
	uint32_t n = cfg->start, over;

	*res = (struct search_result){.status = SEARCH_OK};
	while (bracket(&s, n) && bisect(&s)) {
		/* At least one above S*, or it would be the same number. */
		over = s.lo + (s.lo + 19) / 20;
		if (cfg->confirm == 0)
			break;
		if (!vote(&s, s.lo, SEARCH_CONFIRM, &res->good))
			break;
		s.num = 11;
		s.den = 10;
		if (res->good * 2 < cfg->confirm) {
			if (s.lo == 1) {
				s.lo = 0;
				res->status = SEARCH_NONE;
				break;
			}
			s.hi = s.lo;
			s.lo = 0;
			n = down(&s, s.hi);
			continue;
		}
		if (over > cfg->max)
			over = cfg->max;
		if (over == s.lo)
			break;
		if (!vote(&s, over, SEARCH_OVER, &res->over))
			break;
		if (res->over * 2 < cfg->confirm)
			break;
		s.lo = over;
		if (over == cfg->max) {
			res->status = SEARCH_AT_MAX;
			break;
		}
		s.hi = 0;
		n = up(&s, over);
	}
	res->sessions = s.lo;
	return s.rc;
}
