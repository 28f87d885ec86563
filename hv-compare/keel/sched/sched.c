// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:71  Scheduling, first version: each vCPU belongs to one processor, which
 * gives its runnable vCPUs 10 ms each in turn.
 *
 * An idle processor keeps the last vCPU's state loaded: when that one wakes up,
 * nothing has to be switched.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/time.h>
#include <keel/trap.h>

#define SLICE (10 * NS_PER_MS)

unsigned int sched_place(void)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < nr_cpus; i++)
		if (cpus[i].online && cpus[i].nr_vcpus < cpus[best].nr_vcpus)
			best = i;
	cpus[best].nr_vcpus++;
	return best;
}

/* ---- run state: sched_lock held ---- */

static void set_runstate(struct vcpu *v, int state)
{
	u64 now = system_time();

	if (v->runstate.state == state)
		return;
	v->runstate.time[v->runstate.state] += now - v->runstate.state_entry_time;
	v->runstate.state_entry_time = now;
	v->runstate.state = state;
}

static int not_running_state(const struct vcpu *v)
{
	u32 p = READ_ONCE(v->pause);

	return p & (PAUSE_DOWN | PAUSE_DOMAIN) ? RUNSTATE_offline :
	       p & PAUSE_BLOCKED ? RUNSTATE_blocked : RUNSTATE_runnable;
}

void runstate_publish(struct vcpu *v)
{
	struct vcpu_runstate_info info = v->runstate;
	u64 va = v->runstate_va;

	if (!va)
		return;
	/* The address is the kernel's: later, when its tables are loaded. */
	v->runstate_stale = !v->kernel_mode;
	if (v->runstate_stale)
		return;
	/* Best effort: a page that is gone is the guest's loss. */
	if (v->domain->vm_assist >> VMASST_TYPE_runstate_update_flag & 1) {
		u64 entry = info.state_entry_time | XEN_RUNSTATE_UPDATE;

		if (copy_to_guest(va + offsetof(struct vcpu_runstate_info, state_entry_time),
				  &entry, sizeof(entry)))
			return;
		info.state_entry_time = entry;
		if (copy_to_guest(va, &info, sizeof(info)))
			return;
		entry &= ~XEN_RUNSTATE_UPDATE;
		copy_to_guest(va + offsetof(struct vcpu_runstate_info, state_entry_time),
			      &entry, sizeof(entry));
		return;
	}
	copy_to_guest(va, &info, sizeof(info));
}

/* ---- queues: sched_lock held ---- */

static void enqueue(struct cpu *c, struct vcpu *v)
{
	if (v->queued || v->running)
		return;
	v->queued = true;
	v->run_next = NULL;
	if (c->runq_tail)
		c->runq_tail->run_next = v;
	else
		c->runq_head = v;
	c->runq_tail = v;
}

static void dequeue(struct cpu *c, struct vcpu *v)
{
	struct vcpu *prev = NULL;

	if (!v->queued)
		return;
	for (struct vcpu *x = c->runq_head; x != v; x = x->run_next)
		prev = x;
	if (prev)
		prev->run_next = v->run_next;
	else
		c->runq_head = v->run_next;
	if (c->runq_tail == v)
		c->runq_tail = prev;
	v->queued = false;
}

static void poke(struct cpu *c)
{
	WRITE_ONCE(c->need_resched, true);
	if (c != this_cpu())
		apic_send(c->id, VEC_RESCHED);
}

void sched_poke(unsigned int cpu)
{
	poke(&cpus[cpu]);
}

void vcpu_pause(struct vcpu *v, u32 why)
{
	struct cpu *c = &cpus[v->cpu];

	spin_lock(&c->sched_lock);
	v->pause |= why;
	if (v->running) {
		poke(c);
	} else {
		dequeue(c, v);
		set_runstate(v, not_running_state(v));
	}
	spin_unlock(&c->sched_lock);
}

void vcpu_unpause(struct vcpu *v, u32 why)
{
	struct cpu *c = &cpus[v->cpu];

	spin_lock(&c->sched_lock);
	v->pause &= ~why;
	if (!v->pause && v->initialised && !v->running) {
		enqueue(c, v);
		set_runstate(v, RUNSTATE_runnable);
		/* Only an idle processor has to look; others will in time. */
		if (!c->current)
			poke(c);
		else if (!c->slice_end) {
			c->slice_end = system_time() + SLICE;
			c->timer_work = true;
			if (c != this_cpu())
				apic_send(c->id, VEC_RESCHED);
		}
	}
	spin_unlock(&c->sched_lock);
}

void vcpu_kick(struct vcpu *v)
{
	struct cpu *c = &cpus[v->cpu];

	if (READ_ONCE(v->pause) & PAUSE_BLOCKED)
		vcpu_unpause(v, PAUSE_BLOCKED);
	else if (c != this_cpu() && READ_ONCE(v->running))
		apic_send(c->id, VEC_RESCHED);
}

void vcpu_wait_stopped(struct vcpu *v)
{
	while (READ_ONCE(v->running)) {
		cpu_serve();
		cpu_relax();
	}
}

void sched_yield(void)
{
	this_cpu()->need_resched = true;
}

static void idle(struct cpu *c)
{
	u64 start = system_time();

	c->idle_since = start;
	while (!READ_ONCE(c->need_resched) && !READ_ONCE(c->timer_work)) {
		consring_poll();
		/* sti takes effect after hlt has begun: no wake-up is lost. */
		asm volatile("sti; hlt; cli" ::: "memory");
	}
	c->idle_ns += system_time() - start;
}

void schedule(void)
{
	struct cpu *c = this_cpu();
	struct vcpu *prev = c->current, *next;

	c->need_resched = false;
	spin_lock(&c->sched_lock);
	if (prev) {
		prev->running = false;
		if (!prev->pause)
			enqueue(c, prev);
		set_runstate(prev, not_running_state(prev));
	}
	next = c->runq_head;
	if (next) {
		dequeue(c, next);
		next->running = true;
		set_runstate(next, RUNSTATE_running);
		/* Alone, it needs no interruption. */
		c->slice_end = c->runq_head ? system_time() + SLICE : 0;
		c->timer_work = true;
	} else {
		c->slice_end = 0;
	}
	c->current = next;
	spin_unlock(&c->sched_lock);

	if (!next) {
		/* A dying domain's state must not stay here. */
		if (c->loaded && READ_ONCE(c->loaded->domain->dying))
			context_unload();
		idle(c);
		return;
	}
	context_switch_to(next);
	if (next != prev)
		runstate_publish(next);
}
