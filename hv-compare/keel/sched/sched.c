// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:71  Scheduling. bvt.c says whose turn it is; here is what becomes of it: vCPUs,
 * processors, timers, states.
 *
 * There is one queue for all processors, so that shares hold across them: a domain
 * in it has a list of the vCPUs that wait, longest first. A processor that has
 * nothing to do, or whose vCPU has had its turn, takes the first vCPU of the domain
 * that is furthest behind. No processor is idle while one waits.
 *
 * An idle processor keeps the state of the last vCPU loaded: when that one wakes up,
 * nothing has to be switched. Such a vCPU is left to its processor, which is told.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/time.h>
#include <keel/trap.h>

#define ALLOWANCE (10 * NS_PER_MS)
/* A turn is never planned shorter: a timer interrupt has its cost, too. */
#define MIN_SLICE (NS_PER_MS / 2)
/* What a vCPU must be behind to go to another processor than its last one. */
#define MIGRATION_COST NS_PER_MS

static struct spinlock sched_lock;
static struct bvt_queue queue;

void sched_init(void)
{
	/* The other processors look at it already. */
	spin_lock(&sched_lock);
	bvt_queue_init(&queue, nr_cpus, ALLOWANCE);
	spin_unlock(&sched_lock);
}

/* ---- run state: sched_lock held ---- */

static void set_runstate(struct vcpu *v, int state, u64 now)
{
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

u64 sched_cpu_time(struct vcpu *v)
{
	u64 ns;

	spin_lock(&sched_lock);
	ns = v->runstate.time[RUNSTATE_running];
	if (v->runstate.state == RUNSTATE_running)
		ns += system_time() - v->runstate.state_entry_time;
	spin_unlock(&sched_lock);
	return ns;
}

/* ---- processors: sched_lock held ---- */

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

static bool idle_cpu(const struct cpu *c)
{
	return c->online && !c->current;
}

/* The domain may not run: who still does stops, a timer lets it go on. */
static void hold(struct domain *d, u64 now)
{
	timer_set(&d->cap_timer, this_cpu()->id, now + bvt_held_for(&d->bvt, now));
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (cpus[i].current && cpus[i].current->domain == d)
			poke(&cpus[i]);
}

/* Everything that runs has paid up to now: virtual times can be compared. */
static void charge_all(u64 now)
{
	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct cpu *c = &cpus[i];
		u64 ns = now - c->charged_at;

		/* Another processor's clock may have been read a little later. */
		if (!c->current || (s64)ns <= 0)
			continue;
		c->charged_at = now;
		if (bvt_charge(&queue, &c->current->domain->bvt, ns, now))
			hold(c->current->domain, now);
	}
	bvt_readjust(&queue);
}

static void plan_slice(struct cpu *c, u64 ns, u64 now)
{
	u64 end = now + MAX(ns, MIN_SLICE);

	if (c->slice_end && c->slice_end <= end)
		return;
	c->slice_end = end;
	WRITE_ONCE(c->timer_work, true);
	if (c != this_cpu())
		apic_send(c->id, VEC_RESCHED);
}

/* v waits: a processor for it, if one is idle or has somebody less urgent. */
static void find_cpu(struct vcpu *v, u64 now)
{
	const struct bvt *b = &v->domain->bvt;
	struct cpu *last = &cpus[v->cpu], *best = NULL;
	vt_t evt = bvt_evt(&queue, b), most = 0;

	if (b->held)
		return;
	if (idle_cpu(last)) {
		poke(last);
		return;
	}
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (idle_cpu(&cpus[i]) && !cpus[i].need_resched) {
			poke(&cpus[i]);
			return;
		}
	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct cpu *c = &cpus[i];
		const struct bvt *cur;
		vt_t theirs;

		if (!c->current || c->need_resched)
			continue;
		cur = &c->current->domain->bvt;
		theirs = bvt_evt(&queue, cur);
		if (cur == b || !bvt_preempts(&queue, evt, b->warped, cur))
			plan_slice(c, cur == b ? queue.allowance : bvt_slice(&queue, evt, cur), now);
		else if (!best || theirs > most || (theirs == most && c == last)) {
			best = c;
			most = theirs;
		}
	}
	if (best)
		poke(best);
}

/* ---- who waits: sched_lock held ---- */

static void enqueue(struct vcpu *v, bool woken, u64 now)
{
	struct domain *d = v->domain;

	v->queued = true;
	v->run_next = NULL;
	if (d->runq_tail)
		d->runq_tail->run_next = v;
	else
		d->runq_head = v;
	d->runq_tail = v;
	bvt_wait(&queue, &d->bvt, woken, now);
}

static void unlink_vcpu(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *prev = NULL;

	for (struct vcpu *x = d->runq_head; x != v; x = x->run_next)
		prev = x;
	if (prev)
		prev->run_next = v->run_next;
	else
		d->runq_head = v->run_next;
	if (d->runq_tail == v)
		d->runq_tail = prev;
	v->queued = false;
}

/* ---- what the rest of keel says ---- */

void vcpu_pause(struct vcpu *v, u32 why)
{
	spin_lock(&sched_lock);
	v->pause |= why;
	if (v->running) {
		poke(&cpus[v->cpu]);
	} else {
		u64 now = system_time();

		if (v->queued) {
			charge_all(now);
			unlink_vcpu(v);
			bvt_unwait(&queue, &v->domain->bvt);
		}
		set_runstate(v, not_running_state(v), now);
	}
	spin_unlock(&sched_lock);
}

void vcpu_unpause(struct vcpu *v, u32 why)
{
	u32 was;

	spin_lock(&sched_lock);
	was = v->pause;
	v->pause &= ~why;
	if (!v->pause && v->initialised && !v->running && !v->queued) {
		u64 now = system_time();

		charge_all(now);
		enqueue(v, was & PAUSE_BLOCKED, now);
		set_runstate(v, RUNSTATE_runnable, now);
		charge_all(now);	/* another one there: rates anew */
		find_cpu(v, now);
	}
	spin_unlock(&sched_lock);
}

void vcpu_kick(struct vcpu *v)
{
	/*
	 * The caller has written, with a locked instruction, what is to be noticed;
	 * its state is read after that. In schedule() it is the other way round.
	 */
	if (READ_ONCE(v->pause) & PAUSE_BLOCKED) {
		vcpu_unpause(v, PAUSE_BLOCKED);
	} else if (READ_ONCE(v->running)) {
		unsigned int cpu = READ_ONCE(v->cpu);

		if (cpu != this_cpu()->id)
			apic_send(cpu, VEC_RESCHED);
	}
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
	this_cpu()->yielded = true;
	this_cpu()->need_resched = true;
}

/* ---- shares ---- */

/* The bucket of a held domain should be full. */
static void cap_fired(void *arg)
{
	struct domain *d = arg;
	u64 now = system_time();

	spin_lock(&sched_lock);
	charge_all(now);
	if (bvt_release(&queue, &d->bvt, now)) {
		charge_all(now);
		for (struct vcpu *v = d->runq_head; v; v = v->run_next)
			find_cpu(v, now);
	} else if (d->bvt.held) {
		timer_set(&d->cap_timer, this_cpu()->id, now + bvt_held_for(&d->bvt, now));
	}
	spin_unlock(&sched_lock);
}

void sched_domain_init(struct domain *d)
{
	bvt_init(&d->bvt);
	d->cap_timer = (struct timer){ .fn = cap_fired, .arg = d };
}

void sched_domain_destroy(struct domain *d)
{
	timer_stop_sync(&d->cap_timer);
	BUG_ON(d->bvt.running || d->bvt.waiting);
}

void sched_set_share(struct domain *d, u32 weight, u32 cap)
{
	u64 now = system_time();

	spin_lock(&sched_lock);
	charge_all(now);
	if (weight != d->bvt.weight)
		bvt_set_weight(&queue, &d->bvt, weight);
	if (cap != d->bvt.cap) {
		bvt_set_cap(&queue, &d->bvt, cap, now);
		for (struct vcpu *v = d->runq_head; v; v = v->run_next)
			find_cpu(v, now);
	}
	charge_all(now);
	/* Slices were planned for other shares. */
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (cpus[i].current)
			poke(&cpus[i]);
	spin_unlock(&sched_lock);
}

u64 sched_allowance(void)
{
	return queue.allowance;
}

void sched_set_allowance(u64 ns)
{
	spin_lock(&sched_lock);
	bvt_set_allowance(&queue, ns);
	spin_unlock(&sched_lock);
}

/* ---- the choice ---- */

/*
 * The vCPU that should run on c next, of those that wait, and its domain's effective
 * virtual time; NULL if there is none for this processor.
 */
static struct vcpu *first_waiting(struct cpu *c, vt_t *evt)
{
	struct vcpu *best = NULL;

	for (struct bvt *b = queue.head; b; b = b->next) {
		struct domain *d = container_of(b, struct domain, bvt);
		struct vcpu *v;
		vt_t e;

		for (v = d->runq_head; v; v = v->run_next) {
			u32 on = READ_ONCE(v->loaded_on);

			/* Idle with it: that processor can go on where it was. */
			if (!on || on == c->id + 1 || !idle_cpu(&cpus[on - 1]))
				break;
			if (!cpus[on - 1].need_resched)
				poke(&cpus[on - 1]);
		}
		if (!v)
			continue;
		e = bvt_evt(&queue, b);
		if (v->cpu != c->id)
			e += (vt_t)MIGRATION_COST * b->rate;
		if (!best || e < *evt) {
			best = v;
			*evt = e;
		}
	}
	return best;
}

static struct vcpu *choose(struct cpu *c, struct vcpu *prev, bool may_stay, bool yielded, u64 now)
{
	const struct bvt *mine = prev ? &prev->domain->bvt : NULL;
	struct vcpu *next;
	vt_t evt = 0;

	next = first_waiting(c, &evt);
	if (!may_stay)
		return next;
	if (!next)
		return prev;
	if (next->domain != prev->domain) {
		if (bvt_preempts(&queue, evt, next->domain->bvt.warped, mine) ||
		    (yielded && evt <= bvt_evt(&queue, mine) + (vt_t)queue.allowance * mine->rate))
			return next;
		next = prev->domain->runq_head;
	}
	/* Among its own the turn goes round. */
	if (next && (yielded || now - c->turn_since >= queue.allowance) &&
	    (!next->loaded_on || next->loaded_on == c->id + 1 || !idle_cpu(&cpus[next->loaded_on - 1])))
		return next;
	return prev;
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

/* The end of the turn that begins or goes on now. */
static void set_slice(struct cpu *c, struct vcpu *v, u64 now)
{
	u64 slice = bvt_cap_slice(&v->domain->bvt, now);
	vt_t evt = 0;

	c->slice_end = 0;
	if (queue.waiting) {
		struct vcpu *w = first_waiting(c, &evt);

		/* Its own domain's turn is not the domain's. */
		if (w && w->domain != v->domain)
			slice = MIN(slice, bvt_slice(&queue, evt, &v->domain->bvt));
		slice = MIN(slice, queue.allowance);
	}
	/* Alone, it needs no interruption. */
	if (slice != ~0UL)
		c->slice_end = now + MAX(slice, MIN_SLICE);
	c->timer_work = true;
}

void schedule(void)
{
	struct cpu *c = this_cpu();
	struct vcpu *prev, *next;
	bool yielded = c->yielded, runnable;
	u64 now;

	c->need_resched = false;
	c->yielded = false;
	spin_lock(&sched_lock);
	now = system_time();
	charge_all(now);
	prev = c->current;
	runnable = prev && !prev->pause;
	next = choose(c, prev, runnable && !prev->domain->bvt.held, yielded, now);
	if (next != prev) {
		if (next) {
			unlink_vcpu(next);
			bvt_run(&queue, &next->domain->bvt, now);
			next->running = true;
			WRITE_ONCE(next->cpu, c->id);
			set_runstate(next, RUNSTATE_running, now);
			c->turn_since = now;
		}
		c->charged_at = now;
		c->current = next;
		if (prev) {
			if (runnable)
				enqueue(prev, false, now);
			bvt_stop(&queue, &prev->domain->bvt);
			set_runstate(prev, not_running_state(prev), now);
			WRITE_ONCE(prev->running, false);
		}
		bvt_readjust(&queue);
	}
	if (next)
		set_slice(c, next, now);
	else
		c->slice_end = 0;
	/* Who wakes up an idle processor wakes up one; it wakes up the next. */
	if (queue.waiting)
		for (unsigned int i = 0; i < nr_cpus; i++)
			if (idle_cpu(&cpus[i]) && &cpus[i] != c && !cpus[i].need_resched) {
				poke(&cpus[i]);
				break;
			}
	spin_unlock(&sched_lock);

	if (!next) {
		/* A dying domain's state must not stay here. */
		if (c->loaded && READ_ONCE(c->loaded->domain->dying))
			context_unload();
		idle(c);
		return;
	}
	context_switch_to(next);
	/* See vcpu_kick(): events are looked for after this. */
	smp_mb();
	if (next != prev)
		runstate_publish(next);
}
