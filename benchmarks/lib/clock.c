// SPDX-License-Identifier: GPL-2.0-or-later
/* Time: the clock samples are taken with, and where the ticks are. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define NS_PER_S 1000000000ULL

/* The raw clock is not slewed by NTP, so a batch is as long as the hardware
 * says. Where it does not work (it never steps between two readings far
 * apart), the ordinary monotonic one has to do; env records say which. */
static clockid_t sample_clock = CLOCK_MONOTONIC_RAW;

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Choose the clock for samples; -1 when the machine has none. */
int clock_choose(void)
{
	static const clockid_t ids[] = {CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC};
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint64_t first = read_clock(ids[i]);
		unsigned int tries = 0;

		if (first == 0)
			continue;
		/* More readings than fit into a tick of any clock source. */
		while (read_clock(ids[i]) == first && ++tries < 1000000)
			;
		if (tries < 1000000) {
			sample_clock = ids[i];
			return 0;
		}
	}
	return -1;
}

const char *clock_name(void)
{
	return sample_clock == CLOCK_MONOTONIC_RAW ? "CLOCK_MONOTONIC_RAW"
						   : "CLOCK_MONOTONIC";
}

uint64_t clock_res_ns(void)
{
	struct timespec ts;

	if (clock_getres(sample_clock, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(sample_clock);
}

/* The moment the coarse clock changes next; gives up after two ticks. */
static uint64_t next_change(uint64_t tick_ns)
{
	uint64_t coarse = read_clock(CLOCK_MONOTONIC_COARSE);
	uint64_t now, end = read_clock(CLOCK_MONOTONIC) + 2 * tick_ns;

	do {
		now = read_clock(CLOCK_MONOTONIC);
	} while (read_clock(CLOCK_MONOTONIC_COARSE) == coarse && now < end);
	return now;
}

/*
 * Find where the scheduler's ticks are. The coarse clock advances at ticks, so
 * its resolution is the tick's length and the moment it changes is the tick's
 * phase. It also catches up when the CPU leaves idle, and we may be preempted
 * when it changes: hence two changes have to agree. Measured rather than
 * assumed, because in a time namespace CLOCK_MONOTONIC has an offset that
 * ticks know nothing about.
 */
void clock_find_tick(struct bench_host *host)
{
	struct timespec res;
	uint64_t last, now, tick;
	int tries;

	host->tick_ns = 4000000;
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &res) == 0 &&
	    res.tv_sec == 0 && res.tv_nsec > 0)
		host->tick_ns = (uint64_t)res.tv_nsec;
	tick = host->tick_ns;
	last = next_change(tick);
	for (tries = 0; tries < 8; tries++) {
		now = next_change(tick);
		/* A hundredth of a tick is ample for the tick's own work. */
		if (now - last > tick - tick / 100 &&
		    now - last < tick + tick / 100)
			break;
		last = now;
	}
	host->tick_phase = now % tick;
}

/*
 * Sleep to a fixed distance after a tick, long enough for work the kernel
 * has put off (RCU callbacks, delayed frees) to happen now and not in the
 * batch. Batches then begin in the same state and meet the same number of
 * ticks; one tick more or less is 0.1 % of a batch of a few million
 * instructions.
 */
void clock_settle(const struct bench_host *host)
{
	const uint64_t min_ns = 12000000; /* three ticks at 250 Hz */
	const uint64_t after_ns = 100000; /* the tick's own work is over */
	uint64_t t = read_clock(CLOCK_MONOTONIC) + min_ns;
	struct timespec ts;

	t += host->tick_ns - (t - host->tick_phase) % host->tick_ns + after_ns;
	ts.tv_sec = (time_t)(t / NS_PER_S);
	ts.tv_nsec = (long)(t % NS_PER_S);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR)
		;
}
