/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token bucket: what a session may read so that it never gets more than its
 * line speed, plus what has gathered while it waited (at most the bucket).
 * Whole numbers only, in bytes times nanoseconds a second: no drift.
 */
#ifndef BULKHEAD_WEB_PACE_H
#define BULKHEAD_WEB_PACE_H

#include <stdint.h>

#define PACE_NS 1000000000ULL

struct pace {
	uint64_t rate; /* bytes a second; 0: no limit */
	uint64_t burst; /* bytes */
	uint64_t credit; /* bytes * PACE_NS */
	uint64_t at; /* when credit was right */
};

/* @bits a second, a bucket of @ms; full at first. */
static inline void pace_init(struct pace *p, uint64_t bits, uint32_t ms,
			     uint64_t now)
{
	p->rate = bits / 8;
	p->burst = p->rate * ms / 1000;
	if (p->burst == 0)
		p->burst = 1;
	p->credit = p->burst * PACE_NS;
	p->at = now;
}

/* Bytes that may be read at @now. */
static inline uint64_t pace_may(struct pace *p, uint64_t now)
{
	uint64_t room, dt = now - p->at;

	if (p->rate == 0)
		return UINT64_MAX;
	p->at = now;
	room = p->burst * PACE_NS - p->credit;
	/* A long wait fills it; checked first, as dt * rate may be too large. */
	if (dt > room / p->rate)
		p->credit += room;
	else
		p->credit += dt * p->rate;
	return p->credit / PACE_NS;
}

/* Having read @n of what pace_may() allowed. */
static inline void pace_took(struct pace *p, uint64_t n)
{
	if (p->rate)
		p->credit -= n * PACE_NS;
}

/* Nanoseconds from the last pace_may() until @n bytes may be read. */
static inline uint64_t pace_wait(const struct pace *p, uint64_t n)
{
	if (n > p->burst)
		n = p->burst;
	if (p->rate == 0 || p->credit >= n * PACE_NS)
		return 0;
	return (n * PACE_NS - p->credit + p->rate - 1) / p->rate;
}

#endif
