/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:70  Who runs on which processor, and when: the vCPUs' part; see bvt.h. */
#ifndef KEEL_SCHED_H
#define KEEL_SCHED_H

#include <keel/types.h>

struct domain;
struct vcpu;

void sched_init(void);
/* A domain's share starts with the default weight and no cap. */
void sched_domain_init(struct domain *d);
/* Its vCPUs are stopped for good: nothing of the scheduler refers to it afterwards. */
void sched_domain_destroy(struct domain *d);
/*
 * Weight 1..65535 and cap in hundredths of a processor (0: none), the caller has
 * checked them; they hold at once.
 */
void sched_set_share(struct domain *d, u32 weight, u32 cap);
/* ns of CPU time it had, up to now. */
u64 sched_cpu_time(struct vcpu *v);
/* The context switch allowance in ns. */
u64 sched_allowance(void);
void sched_set_allowance(u64 ns);

/* Sets or clears reasons not to run (PAUSE_*); any CPU. */
void vcpu_pause(struct vcpu *v, u32 why);
void vcpu_unpause(struct vcpu *v, u32 why);
/* Waits until v is not running anywhere (it must be paused, and not current). */
void vcpu_wait_stopped(struct vcpu *v);
/* Makes the processor running v look at its events soon. */
void vcpu_kick(struct vcpu *v);
/* Makes a processor look at its queue. */
void sched_poke(unsigned int cpu);
/* Lets others go first, as far as that costs no more than an allowance. */
void sched_yield(void);
/*
 * From the way out: picks the next vCPU of this CPU and loads it; idles until
 * there is one.
 */
void schedule(void);
/* Copies v's run state to where the guest wants it (v is current). */
void runstate_publish(struct vcpu *v);

#endif
