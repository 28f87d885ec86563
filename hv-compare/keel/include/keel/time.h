/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time since boot in nanoseconds, and what is to happen at one. */
#ifndef KEEL_TIME_H
#define KEEL_TIME_H

#include <keel/lock.h>
#include <keel/types.h>

struct vcpu;

#define NS_PER_MS 1000000UL
#define NS_PER_SEC 1000000000UL

void time_init(void);
u64 system_time(void);
u64 tsc_khz(void);
/* Waits with interrupts off. */
void delay_us(u64 us);
/* Publishes the clock parameters in v's vcpu_info. */
void time_publish(struct vcpu *v);
/* Publishes the wall clock in a domain's shared_info. */
void wallclock_publish(struct shared_info *si);
void wallclock_set(u64 sec, u32 nsec, u64 system_time);

/*
 * fn runs once on the CPU the timer was set for, from the way out to the guest,
 * interrupts off, no lock held, the timer already idle again.
 */
struct timer {
	struct spinlock lock;	/* one at a time changes it; outside cpu.timer_lock */
	u64 deadline;
	void (*fn)(void *arg);
	void *arg;
	unsigned int cpu;
	bool active;
	struct timer *next;
};

/* Set replaces an earlier deadline. Any CPU may call both, several at once. */
void timer_set(struct timer *t, unsigned int cpu, u64 deadline);
void timer_stop(struct timer *t);
/* And waits until fn, if it is running somewhere, has returned and not set it again. */
void timer_stop_sync(struct timer *t);
/* Runs what is due on this CPU and programs the hardware for the next. */
void timers_run(void);

#endif
