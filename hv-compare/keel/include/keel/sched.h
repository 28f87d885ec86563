/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:70  Who runs on which processor. */
#ifndef KEEL_SCHED_H
#define KEEL_SCHED_H

#include <keel/types.h>

struct vcpu;

/* Puts a new vCPU on the processor with the fewest. */
unsigned int sched_place(void);
/* Sets or clears reasons not to run (PAUSE_*); any CPU. */
void vcpu_pause(struct vcpu *v, u32 why);
void vcpu_unpause(struct vcpu *v, u32 why);
/* Waits until v is not running anywhere (it must be paused, and not current). */
void vcpu_wait_stopped(struct vcpu *v);
/* Makes the processor running v look at its events soon. */
void vcpu_kick(struct vcpu *v);
/* Makes a processor look at its queue. */
void sched_poke(unsigned int cpu);
/* Gives up the rest of the slice. */
void sched_yield(void);
/*
 * From the way out: picks the next vCPU of this CPU and loads it; idles until
 * there is one.
 */
void schedule(void);
/* Copies v's run state to where the guest wants it (v is current). */
void runstate_publish(struct vcpu *v);

#endif
