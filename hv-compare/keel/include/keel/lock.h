/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spin locks. keel never takes an interrupt while it works, so there is one
 * kind only; but a CPU that waits must still serve TLB flushes, or two CPUs
 * could wait for each other: cpu_serve() in the loop does that.
 *
 * Lock order, outermost first; a lock is never held while an earlier one of
 * the list is taken:
 *   domctl_lock          what the tools do to domains (hypercall/domctl.c)
 *   domain.pt_lock       page tables of one domain (never two domains' at once)
 *   domain.event_lock    its ports (two domains': lower address first)
 *   gnttab.lock          one domain's grants; before event_lock, after pt_lock (never two)
 *   domain.page_lock     its list of frames
 *   ioapic_lock          cpu/ioapic.c
 *   domain_list_lock     domain/domain.c  who exists
 *   heap_lock            mm/heap.c
 *   sched_lock           sched/sched.c    who runs, who waits, on all CPUs
 *   timer.lock           one timer
 *   cpu.timer_lock       a CPU's timers (never two)
 *   console_lock         cpu/console.c
 */
#ifndef KEEL_LOCK_H
#define KEEL_LOCK_H

#include <keel/x86.h>

struct spinlock {
	u32 locked;
};

void cpu_serve(void);

static inline bool spin_trylock(struct spinlock *l)
{
	return !__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *l)
{
	while (!spin_trylock(l)) {
		cpu_serve();
		cpu_relax();
	}
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

#endif
