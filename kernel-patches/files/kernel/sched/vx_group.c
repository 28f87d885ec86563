// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time of contexts: task groups, accounts, and the limit.
 *
 * Each context has a task group of its own, a child of the root group with no
 * cgroup behind it, as autogroups have. It is made with the context and not at
 * the first setting: a task group costs a few hundred bytes for each CPU, while
 * moving the tasks of a running context into a late one would race with their
 * forks, and accounts would begin in the middle.
 *
 * A context can be in another one: its group is then a child of that one's, and
 * its time, its waiting and its limit are that one's too. For the same reasons
 * that is settled when it is made.
 *
 * A limit is a token bucket, charged with what the tasks really use and
 * enforced in one place only: on the way back to user mode. A task in the
 * kernel, which may hold locks others wait for, runs on and the bucket goes
 * into debt. (The flag and set_notify_resume(), not task_work: io_uring runs
 * task works in the middle of system calls, with its locks held.)
 *
 * Locks: vx_sched_mutex; rq locks; vx_sched.lock, a leaf.
 */
#include <linux/cgroup-defs.h>
#include <linux/freezer.h>
#include <linux/kernel_stat.h>
#include <linux/mmu_context.h>
#include <linux/percpu-rwsem.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/vserver.h>
#include "sched.h"

/* A minute, for the reason that vx_key has. */
DEFINE_STATIC_KEY_DEFERRED_FALSE(vx_sched_key, 60 * HZ);

struct vx_sched *vx_host;
bool vx_host_on;
bool vx_nesting;

static DEFINE_MUTEX(vx_sched_mutex);	/* vx_sched_nr, vx_host* */
static unsigned int vx_sched_nr;

/* Sampled user and system time of all contexts there ever were, by CPU. */
struct vx_sampled {
	u64 utime;
	u64 stime;
};

static DEFINE_PER_CPU(struct vx_sampled, vx_sampled);

/* A CPU goes to the bucket after this time, or sooner if the bucket is small. */
#define VX_BATCH_MAX	NSEC_PER_MSEC
/* Held tasks that go on at once, for each CPU; the rest a moment later. */
#define VX_WAKE_BATCH	4
#define VX_WAKE_PAUSE	NSEC_PER_MSEC
/* A wait that long is looked at again, lest a rate near 0 arm a timer forever. */
#define VX_WAIT_MAX	NSEC_PER_SEC

/* ---- life ---- */

static void vx_sched_free_all(struct vx_sched *vs)
{
	/* its group, the parent of ours, has been there until now */
	vx_sched_put(vs->parent);
	free_percpu(vs->pc);
	kfree(vs);
}

static void vx_sched_release(struct work_struct *work)
{
	struct vx_sched *vs = container_of(work, struct vx_sched, work);
	struct task_group *tg = vs->tg;

	hrtimer_cancel(&vs->timer);

	mutex_lock(&vx_sched_mutex);
	vx_sched_nr--;
	mutex_unlock(&vx_sched_mutex);

#ifdef CONFIG_RT_GROUP_SCHED
	/* they are the root group's */
	tg->rt_se = NULL;
	tg->rt_rq = NULL;
#endif
	sched_release_group(tg);
	/* frees @vs too, after grace periods: vx_tg_free() */
	sched_destroy_group(tg);
	static_branch_slow_dec_deferred(&vx_sched_key);
}

/* Any context in which queue_work() is fine. */
void vx_sched_put(struct vx_sched *vs)
{
	if (vs && refcount_dec_and_test(&vs->ref))
		queue_work(system_unbound_wq, &vs->work);
}

static enum hrtimer_restart vx_hold_timer(struct hrtimer *timer);

/**
 * vx_sched_create - the scheduler's side of a new context
 * @xid: its id, for messages; 0 for the host
 * @parent: of the context that it is in, or NULL; the caller has a reference
 *
 * May sleep. Nothing is limited, the weight is the default.
 *
 * Return: it, with one reference for the caller, or an ERR_PTR: ENOMEM, or ELOOP
 * for one more than VX_SCHED_DEPTH contexts in each other.
 */
struct vx_sched *vx_sched_create(u32 xid, struct vx_sched *parent)
{
	struct task_group *tg, *above = &root_task_group;
	struct vx_sched *vs;
	int cpu;

	if (parent && parent->depth >= VX_SCHED_DEPTH)
		return ERR_PTR(-ELOOP);
	vs = kzalloc(sizeof(*vs), GFP_KERNEL_ACCOUNT);
	if (!vs)
		return ERR_PTR(-ENOMEM);
	vs->depth = 1;
	if (parent) {
		refcount_inc(&parent->ref);
		vs->parent = parent;
		vs->depth += parent->depth;
		above = parent->tg;
	}
	vs->pc = alloc_percpu_gfp(struct vx_sched_cpu, GFP_KERNEL_ACCOUNT);
	if (!vs->pc)
		goto free;
	for_each_possible_cpu(cpu)
		prev_cputime_init(&per_cpu_ptr(vs->pc, cpu)->prev);

	mutex_lock(&vx_sched_mutex);
	if (vx_ctl_grow(vx_sched_nr + 1)) {
		mutex_unlock(&vx_sched_mutex);
		goto free;
	}
	vx_sched_nr++;
	mutex_unlock(&vx_sched_mutex);

	tg = sched_create_group(above);
	if (IS_ERR(tg)) {
		mutex_lock(&vx_sched_mutex);
		vx_sched_nr--;
		mutex_unlock(&vx_sched_mutex);
		goto free;
	}
#ifdef CONFIG_RT_GROUP_SCHED
	/* Real-time tasks are scheduled in the root group, as in autogroups. */
	free_rt_sched_group(tg);
	tg->rt_se = root_task_group.rt_se;
	tg->rt_rq = root_task_group.rt_rq;
#endif
	tg->vx_owner = vs;

	vs->tg = tg;
	vs->xid = xid;
	refcount_set(&vs->ref, 1);
	raw_spin_lock_init(&vs->lock);
	prev_cputime_init(&vs->prev);
	init_waitqueue_head(&vs->holdq);
	hrtimer_init(&vs->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	vs->timer.function = vx_hold_timer;
	INIT_LIST_HEAD(&vs->ctl_node);
	INIT_LIST_HEAD(&vs->ctl_inner);
	INIT_LIST_HEAD(&vs->ctl_outer);
	INIT_WORK(&vs->work, vx_sched_release);
	vs->params.weight = VX_CPU_WEIGHT_DEFAULT;
	vs->params.shares = scale_load_down(NICE_0_LOAD);
	vs->eff = vs->params.shares;

	static_branch_deferred_inc(&vx_sched_key);
	if (parent) {
		WRITE_ONCE(parent->nested, true);
		WRITE_ONCE(vx_nesting, true);
	}
	sched_online_group(tg, above);
	return vs;

free:
	vx_sched_free_all(vs);
	return ERR_PTR(-ENOMEM);
}

/* ---- tasks ---- */

/* Are tasks of @vs to be held, as far as is known without a refill? */
static bool vx_holding(struct vx_sched *vs, unsigned int gate)
{
	return (gate & VX_GATE_PAUSED) ||
	       ((gate & VX_GATE_HARD) && READ_ONCE(vs->bucket.hold));
}

/* ... of @vs or of a context that it is in? */
static bool vx_held_back(struct vx_sched *vs)
{
	for (; vs; vs = vs->parent)
		if (vx_holding(vs, READ_ONCE(vs->gate)))
			return true;
	return false;
}

void __vx_sched_fork(struct task_struct *p)
{
	struct vx_sched *vs = p->vx_sched;

	p->vx_hold = 0;
	if (!vs)
		return;
	refcount_inc(&vs->ref);
	/*
	 * Born while the others are held: held before its first instruction,
	 * or forking would be a way on.
	 */
	if (vx_held_back(vs)) {
		p->vx_hold = 1;
		set_tsk_thread_flag(p, TIF_NOTIFY_RESUME);
	}
}

void __vx_sched_free(struct task_struct *p)
{
	vx_sched_put(p->vx_sched);
}

/**
 * vx_sched_move - current goes to another context
 * @vs: its scheduler's side, or NULL for the host
 *
 * A cgroup attach that saw the old pointer did so under the rq lock, and is
 * followed by the move here; the old group stays until then.
 */
void vx_sched_move(struct vx_sched *vs)
{
	struct task_struct *p = current;
	struct vx_sched *old = p->vx_sched;

	if (old == vs)
		return;
	if (vs)
		refcount_inc(&vs->ref);
	WRITE_ONCE(p->vx_sched, vs);
	sched_move_task(p, true);
	vx_sched_put(old);
}

/* ---- groups ---- */

/**
 * vx_css_parent - under which group the group of a new cgroup goes
 * @parent: the group of the parent cgroup
 *
 * A cgroup that a context makes is a part of the context's share, wherever in
 * the tree of cgroups it is, and so is all below it, whoever makes it.
 */
struct task_group *vx_css_parent(struct task_group *parent)
{
	struct vx_sched *vs = current->vx_sched;

	return vs && !parent->vx_owner ? vs->tg : parent;
}

void vx_tg_inherit(struct task_group *tg, struct task_group *parent)
{
	struct vx_sched *vs = parent->vx_owner;

	if (vs)
		refcount_inc(&vs->ref);
	tg->vx_owner = vs;
}

/* @tg is about to be freed, two grace periods after its last use. */
void vx_tg_free(struct task_group *tg)
{
	struct vx_sched *vs = tg->vx_owner;

	if (!vs)
		return;
	if (vs->tg == tg)
		vx_sched_free_all(vs);
	else
		vx_sched_put(vs);
}

bool vx_tg_path(struct task_group *tg, char *buf, int len)
{
	if (!task_group_is_context(tg))
		return false;
	snprintf(buf, len, "/vx-%u", tg->vx_owner->xid);
	return true;
}

/**
 * vx_sched_set_host - one group for the tasks of the host
 * @weight: its weight, or 0 to let each task stand for itself
 *
 * In it are the host's tasks that are in no cgroup but the root and are not the
 * kernel's: cgroups of the host keep the weights they have. While there is such
 * a group, there are no autogroups.
 *
 * Return: 0 or -ENOMEM.
 */
int vx_sched_set_host(unsigned int weight)
{
	struct vx_sched_params params = {
		.weight = weight,
		.shares = vx_sched_shares(weight, 0),
	};
	struct task_struct *p, *t;

	if (weight && !READ_ONCE(vx_host)) {
		struct vx_sched *vs = vx_sched_create(0, NULL);

		if (IS_ERR(vs))
			return PTR_ERR(vs);
		if (cmpxchg(&vx_host, NULL, vs))
			vx_sched_put(vs);
	}
	if (!READ_ONCE(vx_host))
		return 0;

	/* Nobody is between the choice of its group and the list of tasks. */
	percpu_down_write(&cgroup_threadgroup_rwsem);
	if (weight)
		vx_sched_apply(vx_host, &params);
	if (vx_host_on != !!weight) {
		WRITE_ONCE(vx_host_on, !!weight);
		read_lock(&tasklist_lock);
		for_each_process_thread(p, t) {
			if (!(t->flags & PF_KTHREAD) && !t->exit_state &&
			    !READ_ONCE(t->vx_sched))
				sched_move_task(t, true);
		}
		read_unlock(&tasklist_lock);
	}
	percpu_up_write(&cgroup_threadgroup_rwsem);
	return 0;
}

/* ---- accounts ---- */

/*
 * Only flags are set here, under the rq lock. Workers of io_uring and vhost
 * never come to user mode; what they use is charged all the same.
 */
static void vx_mark_hold(struct vx_sched *vs, struct task_struct *p)
{
	if (READ_ONCE(p->vx_hold) ||
	    !vx_sched_within(READ_ONCE(p->vx_sched), vs) ||
	    (p->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER |
			 PF_EXITING)))
		return;
	WRITE_ONCE(p->vx_hold, 1);
	set_notify_resume(p);
}

static void vx_charge(struct vx_sched *vs, struct task_struct *p,
		      struct vx_sched_cpu *pc, unsigned int gate, u64 delta)
{
	if (gate & VX_GATE_BUCKET) {
		pc->pending += delta;
		if (pc->pending >= READ_ONCE(vs->batch)) {
			raw_spin_lock(&vs->lock);
			vx_bucket_refill(&vs->bucket, ktime_get_ns());
			vx_bucket_charge(&vs->bucket, pc->pending);
			raw_spin_unlock(&vs->lock);
			pc->pending = 0;
		}
	}
	if (vx_holding(vs, gate))
		vx_mark_hold(vs, p);
}

static void vx_account(struct vx_sched *vs, struct rq *rq,
		       struct task_struct *p, u64 delta)
{
	struct vx_sched_cpu *pc = per_cpu_ptr(vs->pc, cpu_of(rq));
	unsigned int gate = READ_ONCE(vs->gate);

	WRITE_ONCE(pc->run, pc->run + delta);
	if (unlikely(gate))
		vx_charge(vs, p, pc, gate, delta);
}

/*
 * Groups in a context's group are in its time already. Those of contexts in it
 * have a time of their own, of which they are told at their level.
 */
void __vx_account_group(struct rq *rq, struct task_group *tg, u64 delta)
{
	if (task_group_is_context(tg))
		vx_account(tg->vx_owner, rq,
			   rcu_dereference_protected(rq->curr, true), delta);
}

void __vx_account_task(struct rq *rq, struct task_struct *p, u64 delta)
{
	struct vx_sched *vs = task_group(p)->vx_owner;

	for (; vs; vs = vs->parent)
		vx_account(vs, rq, p, delta);
}

void __vx_account_delay(struct rq *rq, struct task_struct *p, u64 delta)
{
	struct vx_sched *vs = task_group(p)->vx_owner;
	struct vx_sched_cpu *pc;

	for (; vs; vs = vs->parent) {
		pc = per_cpu_ptr(vs->pc, cpu_of(rq));
		WRITE_ONCE(pc->delay, pc->delay + delta);
	}
}

void __vx_account_sampled(struct vx_sched *vs, int index, u64 ns)
{
	bool user = index == CPUTIME_USER || index == CPUTIME_NICE;
	bool sys = index == CPUTIME_SYSTEM;

	if (vs != READ_ONCE(vx_host)) {
		if (user)
			this_cpu_add(vx_sampled.utime, ns);
		else if (sys)
			this_cpu_add(vx_sampled.stime, ns);
	}
	for (; vs; vs = vs->parent) {
		if (user)
			this_cpu_add(vs->pc->utime, ns);
		else if (sys)
			this_cpu_add(vs->pc->stime, ns);
		__vx_ctl_seen(vs);
	}
}

/* Number of tasks that run or could, of the fair classes. */
unsigned int vx_runnable(struct vx_sched *vs)
{
	unsigned int nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(vs->tg->cfs_rq[cpu]->h_nr_runnable);
	return nr;
}

u64 vx_run_total(struct vx_sched *vs)
{
	u64 run = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		run += READ_ONCE(per_cpu_ptr(vs->pc, cpu)->run);
	return run;
}

/* Bring the account of what runs on @cpu up to date, if it is of @vs (or any). */
static void vx_update_cpu(struct vx_sched *vs, int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *curr;
	struct vx_sched *owner;
	struct rq_flags rf;

	rq_lock_irqsave(rq, &rf);
	curr = rcu_dereference_protected(rq->curr, true);	/* rq lock */
	owner = task_group(curr)->vx_owner;
	if (owner && (!vs || vx_sched_within(owner, vs)) &&
	    task_on_rq_queued(curr)) {
		update_rq_clock(rq);
		if (curr->sched_class == &fair_sched_class)
			vx_update_curr(rq);
		else
			curr->sched_class->update_curr(rq);
	}
	rq_unlock_irqrestore(rq, &rf);
}

/* Bring the accounts of all that runs up to date. */
void vx_update_all(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		vx_update_cpu(NULL, cpu);
}

static void vx_times(struct vx_sched_times *t, struct prev_cputime *prev,
		     u64 utime, u64 stime)
{
	struct task_cputime sampled = {
		.utime = utime,
		.stime = stime,
		.sum_exec_runtime = t->run,
	};

	/* Scale what was sampled to what is known exactly, never backwards. */
	cputime_adjust(&sampled, prev, &t->user, &t->sys);
	t->run = t->user + t->sys;
}

/**
 * vx_sched_read_cpu - the accounts of one CPU
 * @vs: whose
 * @cpu: a possible CPU
 * @t: filled
 */
void vx_sched_read_cpu(struct vx_sched *vs, int cpu, struct vx_sched_times *t)
{
	struct vx_sched_cpu *pc = per_cpu_ptr(vs->pc, cpu);

	vx_update_cpu(vs, cpu);
	t->run = READ_ONCE(pc->run);
	t->hold = READ_ONCE(pc->hold);
	t->holds = READ_ONCE(pc->holds);
	t->delay = READ_ONCE(pc->delay);
	vx_times(t, &pc->prev, READ_ONCE(pc->utime), READ_ONCE(pc->stime));
}

/**
 * vx_sched_host_cpu - user and system time on one CPU outside of contexts
 * @cpu: a possible CPU
 * @t: filled; only @user and @sys, which are sampled, are not 0
 */
void vx_sched_host_cpu(int cpu, struct vx_sched_times *t)
{
	struct vx_sampled *ctx = per_cpu_ptr(&vx_sampled, cpu);
	struct kernel_cpustat k;
	u64 user, sys;

	memset(t, 0, sizeof(*t));
	kcpustat_cpu_fetch(&k, cpu);
	user = k.cpustat[CPUTIME_USER] + k.cpustat[CPUTIME_NICE];
	sys = k.cpustat[CPUTIME_SYSTEM];
	t->user = user - min(user, READ_ONCE(ctx->utime));
	t->sys = sys - min(sys, READ_ONCE(ctx->stime));
}

/**
 * vx_sched_read - all about a context
 * @vs: whose
 * @st: filled
 *
 * What runs is counted up to now, so takes each rq lock once.
 */
void vx_sched_read(struct vx_sched *vs, struct vx_sched_state *st)
{
	u64 utime = 0, stime = 0, now;
	unsigned long flags;
	int cpu;

	memset(st, 0, sizeof(*st));
	for_each_possible_cpu(cpu) {
		struct vx_sched_cpu *pc = per_cpu_ptr(vs->pc, cpu);

		vx_update_cpu(vs, cpu);
		st->total.run += READ_ONCE(pc->run);
		st->total.hold += READ_ONCE(pc->hold);
		st->total.holds += READ_ONCE(pc->holds);
		st->total.delay += READ_ONCE(pc->delay);
		utime += READ_ONCE(pc->utime);
		stime += READ_ONCE(pc->stime);
	}
	vx_times(&st->total, &vs->prev, utime, stime);
	st->runnable = vx_runnable(vs);
	st->lag = READ_ONCE(vs->lag);

	raw_spin_lock_irqsave(&vs->lock, flags);
	now = ktime_get_ns();
	if (vs->gate & VX_GATE_BUCKET) {
		vx_bucket_refill(&vs->bucket, now);
		st->tokens = vs->bucket.level;
	}
	st->params = vs->params;
	st->eff = READ_ONCE(vs->tg->vx_eff_shares) ? READ_ONCE(vs->eff) :
		  vs->params.shares;
	st->held = vs->held;
	st->total.hold += vs->held * now - vs->held_since;
	raw_spin_unlock_irqrestore(&vs->lock, flags);
}

/* ---- the limit ---- */

static void vx_start_timer(struct vx_sched *vs, u64 wait)
{
	lockdep_assert_held(&vs->lock);
	if (vs->timer_on)
		return;
	vs->timer_on = true;
	hrtimer_start(&vs->timer, ns_to_ktime(min(wait, VX_WAIT_MAX)),
		      HRTIMER_MODE_REL_SOFT);
}

/*
 * May tasks of @vs go on? If not because of the limit, sees to it that they are
 * woken when they may.
 */
static bool vx_may_run(struct vx_sched *vs)
{
	unsigned int gate = READ_ONCE(vs->gate);
	unsigned long flags;
	bool ok = true;
	u64 now;

	if (gate & VX_GATE_PAUSED)
		return false;
	if (!(gate & VX_GATE_HARD))
		return true;

	raw_spin_lock_irqsave(&vs->lock, flags);
	if (vs->gate & VX_GATE_HARD) {
		now = ktime_get_ns();
		ok = vx_bucket_refill(&vs->bucket, now);
		if (!ok)
			vx_start_timer(vs, vx_bucket_wait(&vs->bucket, now));
	}
	raw_spin_unlock_irqrestore(&vs->lock, flags);
	return ok;
}

static enum hrtimer_restart vx_hold_timer(struct hrtimer *timer)
{
	struct vx_sched *vs = container_of(timer, struct vx_sched, timer);
	u64 now, wait = VX_WAKE_PAUSE;
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&vs->lock, flags);
	if (vs->gate & VX_GATE_PAUSED) {
		/* whoever ends the pause wakes all, and they start it again */
		vs->timer_on = false;
		raw_spin_unlock_irqrestore(&vs->lock, flags);
		return HRTIMER_NORESTART;
	}
	now = ktime_get_ns();
	ok = !(vs->gate & VX_GATE_HARD) || vx_bucket_refill(&vs->bucket, now);
	if (!ok)
		wait = vx_bucket_wait(&vs->bucket, now);
	raw_spin_unlock_irqrestore(&vs->lock, flags);

	/* A few at a time, in the order in which they came. */
	if (ok)
		wake_up_nr(&vs->holdq, VX_WAKE_BATCH * num_online_cpus());

	raw_spin_lock_irqsave(&vs->lock, flags);
	/*
	 * Who joins the queue after this look asks vx_may_run() afterwards, and
	 * finds timer_on as it is left here.
	 */
	vs->timer_on = waitqueue_active(&vs->holdq);
	if (vs->timer_on)
		hrtimer_forward_now(timer,
				    ns_to_ktime(min(wait, VX_WAIT_MAX)));
	ok = vs->timer_on;
	raw_spin_unlock_irqrestore(&vs->lock, flags);
	return ok ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

/* NOLOAD: being held is no load; not INTERRUPTIBLE: nor is it optional. */
#define VX_HELD		(TASK_KILLABLE | TASK_FREEZABLE | TASK_NOLOAD)

static void vx_hold_at(struct vx_sched *vs)
{
	unsigned long flags;
	u64 start, now;

	raw_spin_lock_irqsave(&vs->lock, flags);
	start = ktime_get_ns();
	vs->held++;
	vs->held_since += start;
	raw_spin_unlock_irqrestore(&vs->lock, flags);

	(void)___wait_event(vs->holdq, vx_may_run(vs), VX_HELD, 1, 0,
			    schedule());

	raw_spin_lock_irqsave(&vs->lock, flags);
	now = ktime_get_ns();
	vs->held--;
	vs->held_since -= start;
	raw_spin_unlock_irqrestore(&vs->lock, flags);
	this_cpu_add(vs->pc->hold, now - start);
	this_cpu_inc(vs->pc->holds);
}

/*
 * On the way to user mode, no locks held. Only a fatal signal ends it early. A
 * task is held where it is not allowed to run, be it by its own context or by
 * one that this is in, and counted there; after that, all are asked again.
 */
void __vx_hold_current(void)
{
	struct vx_sched *vs = current->vx_sched;

	WRITE_ONCE(current->vx_hold, 0);
	if (current->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER |
			      PF_EXITING))
		return;
	while (vs && !fatal_signal_pending(current)) {
		if (vx_may_run(vs)) {
			vs = vs->parent;
			continue;
		}
		vx_hold_at(vs);
		vs = current->vx_sched;
	}
}

/* Is a soft limit out of tokens? */
bool vx_soft_out(struct vx_sched *vs)
{
	unsigned long flags;
	bool out = false;

	if (!(READ_ONCE(vs->gate) & VX_GATE_BUCKET))
		return false;
	raw_spin_lock_irqsave(&vs->lock, flags);
	if ((vs->gate & (VX_GATE_BUCKET | VX_GATE_HARD)) == VX_GATE_BUCKET)
		out = !vx_bucket_refill(&vs->bucket, ktime_get_ns());
	raw_spin_unlock_irqrestore(&vs->lock, flags);
	return out;
}

/* ---- settings ---- */

/* A weight of 1..10000 and a bias of -20..19, as nice has, as cpu.shares. */
unsigned long vx_sched_shares(u32 weight, int bias)
{
	u64 shares = (u64)weight * sched_prio_to_weight[bias + 20];

	shares = div_u64(shares, VX_CPU_WEIGHT_DEFAULT);
	return clamp_t(u64, shares, MIN_SHARES, MAX_SHARES);
}

/**
 * vx_sched_set_tokens - fill the bucket to a level
 * @vs: whose
 * @ns: the level; what is above the burst is lost
 */
void vx_sched_set_tokens(struct vx_sched *vs, u64 ns)
{
	struct vx_bucket *b = &vs->bucket;

	raw_spin_lock_irq(&vs->lock);
	if (vs->gate & VX_GATE_BUCKET)
		vx_bucket_init(b, b->rate_num, b->rate_den, b->min, b->max,
			       min(ns, S64_MAX), ktime_get_ns());
	raw_spin_unlock_irq(&vs->lock);
	wake_up_all(&vs->holdq);
}

static int vx_set_bucket(struct vx_sched *vs, const struct vx_sched_params *p)
{
	u64 num = p->limit, den = NSEC_PER_SEC, now = ktime_get_ns();

	/* the bucket counts with 32 bits: above 4 CPUs, in microseconds */
	if (num > U32_MAX) {
		num = div_u64(num, NSEC_PER_USEC);
		den = USEC_PER_SEC;
	}
	if (vs->gate & VX_GATE_BUCKET)
		return vx_bucket_set(&vs->bucket, num, den, p->resume,
				     p->burst, now);
	return vx_bucket_init(&vs->bucket, num, den, p->resume, p->burst,
			      min(p->start, S64_MAX), now);
}

/**
 * vx_sched_apply - put settings in force
 * @vs: for whom
 * @p: the settings, within their bounds
 *
 * May sleep. Callers for the same @vs are serialised by them.
 */
void vx_sched_apply(struct vx_sched *vs, const struct vx_sched_params *p)
{
	unsigned int gate = 0;
	u64 batch;

	if (p->limit)
		gate |= VX_GATE_BUCKET | (p->soft ? 0 : VX_GATE_HARD);
	if (p->paused)
		gate |= VX_GATE_PAUSED;
	batch = div_u64(p->burst, 4 * num_possible_cpus());

	raw_spin_lock_irq(&vs->lock);
	if (p->limit && WARN_ON_ONCE(vx_set_bucket(vs, p)))
		gate &= ~(VX_GATE_BUCKET | VX_GATE_HARD);
	WRITE_ONCE(vs->batch, min(batch, VX_BATCH_MAX));
	vs->params = *p;
	WRITE_ONCE(vs->gate, gate);
	raw_spin_unlock_irq(&vs->lock);

	/* Whoever need not wait any more goes on, the others go to sleep again. */
	wake_up_all(&vs->holdq);

	sched_group_set_shares(vs->tg, scale_load(p->shares));
	vx_ctl_changed(vs);
}
