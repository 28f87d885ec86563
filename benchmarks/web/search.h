/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * S*: the largest number of simultaneous sessions a server serves well.
 * The search knows nothing of servers and clocks; it asks a function.
 */
#ifndef BULKHEAD_WEB_SEARCH_H
#define BULKHEAD_WEB_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

enum search_why {
	SEARCH_BRACKET,
	SEARCH_BISECT,
	SEARCH_CONFIRM, /* at S* */
	SEARCH_OVER, /* at S* + 5 % */
};

/* Are @sessions served well? Sets @good; returns 0, or another number to end
 * the search, which search_run() then returns. */
typedef int (*search_probe)(void *arg, uint32_t sessions, enum search_why why,
			    bool *good);

struct search_cfg {
	uint32_t start; /* first probe, 1..max */
	uint32_t max; /* largest */
	uint32_t confirm; /* probes at S* and above it; odd; 0: none */
	uint32_t probes; /* at most, in all */
};

enum search_status {
	SEARCH_OK,
	SEARCH_AT_MAX, /* the server may well do more */
	SEARCH_NONE, /* not even one session */
	SEARCH_UNSTABLE, /* no agreement within the probes allowed */
};

struct search_result {
	enum search_status status;
	uint32_t sessions; /* S*; of an unstable search, the best guess */
	uint32_t probes;
	uint32_t good, over; /* good probes among the confirmations */
};

/*
 * Brackets by factors of 1.5, bisects until the bracket is at most 2 % of its
 * lower end (or 1), then confirms: the majority of @confirm probes at S* must
 * be good, and the majority at S* + 5 % bad. If not, the search goes on from
 * there in steps of 1.1.
 */
int search_run(const struct search_cfg *cfg, search_probe probe, void *arg,
	       struct search_result *res);

#endif
