/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a session is served well, and when a number of sessions is. */
#ifndef BULKHEAD_WEB_RULES_H
#define BULKHEAD_WEB_RULES_H

#include "client.h"

/* @k is what a session got in @seconds: enough bits a second, less than 1 % of
 * its requests failed, and not one wrong byte. */
static inline bool rule_session(const struct client_counts *k, double seconds,
				uint64_t floor_bits)
{
	return (double)k->bytes * 8 >= (double)floor_bits * seconds &&
	       (k->errors == 0 || k->errors * 100 < k->requests) && k->bad == 0;
}

/* At least 99 % of the sessions: of fewer than 100, all. */
static inline bool rule_sessions(uint32_t sessions, uint32_t ok)
{
	return (uint64_t)(sessions - ok) * 100 <= sessions;
}

#endif
