/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task groups of contexts: hooks of the scheduler. Included by sched.h.
 */
#ifndef _KERNEL_SCHED_VX_GROUP_H
#define _KERNEL_SCHED_VX_GROUP_H

#include <linux/vserver_sched.h>

#ifdef CONFIG_VSERVER_SCHED

#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/sched/cputime.h>
#include "../vserver/alg/bucket.h"

/* Written by who holds the rq lock of the CPU, or runs on it; read by all. */
struct vx_sched_cpu {
	u64			run;		/* rq lock */
	u64			delay;		/* rq lock */
	u64			pending;	/* rq lock; not in the bucket yet */
	u64			utime;		/* sampled, on the CPU */
	u64			stime;		/* sampled, on the CPU */
	u64			hold;		/* on the CPU */
	u64			holds;		/* on the CPU */
	struct prev_cputime	prev;
};

/* vx_sched.gate: what an account of CPU time has to look at */
#define VX_GATE_BUCKET		0x1	/* there is a limit, hard or soft */
#define VX_GATE_HARD		0x2	/* out of tokens means being held */
#define VX_GATE_PAUSED		0x4

/**
 * struct vx_sched - the scheduler's side of a context
 * @tg: its task group, a child of the root group or of that of @parent
 * @parent: the context it is in, with a reference, or NULL; constant
 * @depth: 1, or one more than @parent's
 * @nested: there is, or was, a context in it
 * @pc: accounts; of @parent's, these are a part
 * @gate: VX_GATE_*, written under @lock
 * @batch: ns that a CPU may use before it goes to the bucket
 * @ref: one of the context, one of each task, one of each nested task group,
 *	one of each context in it, one while the controller looks at it
 * @lock: bucket, parameters, count of held tasks; a leaf below the rq locks
 *	(only hrtimer bases are taken inside)
 * @timer: ends a hold; started by the first task that is held
 * @timer_on: under @lock
 * @holdq: held tasks, first come, first served
 * @held: how many; @held_since: sum of the times at which they began
 * @ctl_*, @lag, @eff: of the controller, see vx_lag.c
 */
struct vx_sched {
	struct task_group	*tg;
	struct vx_sched		*parent;
	unsigned int		depth;
	bool			nested;
	struct vx_sched_cpu __percpu *pc;
	unsigned int		gate;
	u32			xid;
	u64			batch;
	refcount_t		ref;

	raw_spinlock_t		lock;
	struct vx_bucket	bucket;
	struct vx_sched_params	params;
	struct hrtimer		timer;
	bool			timer_on;
	unsigned int		held;
	u64			held_since;
	wait_queue_head_t	holdq;
	struct prev_cputime	prev;

	struct llist_node	ctl_new;
	struct list_head	ctl_node;
	struct list_head	ctl_inner;	/* contexts in it */
	struct list_head	ctl_outer;	/* it has contexts in it */
	unsigned long		ctl_listed;	/* bit 0 */
	u64			ctl_run;	/* total at the last look */
	u64			ctl_got;	/* since the one before */
	unsigned int		ctl_nr;
	unsigned int		ctl_least;	/* of the last two ctl_nr */
	unsigned int		ctl_light;	/* periods that it counts as light */
	unsigned int		ctl_idle;
	unsigned int		ctl_age;	/* periods since it was listed */
	s64			lag;
	unsigned long		eff;

	struct work_struct	work;
};

/* The host's group, or NULL; never freed. And: are host tasks in it? */
extern struct vx_sched *vx_host;
extern bool vx_host_on;

/* There is, or was, a context in a context. */
extern bool vx_nesting;

void __vx_account_group(struct rq *rq, struct task_group *tg, u64 delta);
void __vx_account_task(struct rq *rq, struct task_struct *p, u64 delta);
void __vx_account_delay(struct rq *rq, struct task_struct *p, u64 delta);
void __vx_account_sampled(struct vx_sched *vs, int index, u64 ns);
struct task_group *vx_css_parent(struct task_group *parent);
void vx_tg_inherit(struct task_group *tg, struct task_group *parent);
void vx_tg_free(struct task_group *tg);
bool vx_tg_path(struct task_group *tg, char *buf, int len);
unsigned int vx_runnable(struct vx_sched *vs);
void vx_update_all(void);
u64 vx_run_total(struct vx_sched *vs);
bool vx_soft_out(struct vx_sched *vs);
/* fair.c */
void vx_update_curr(struct rq *rq);
/* vx_slice.c */
void __vx_slice_start(struct rq *rq);

#ifdef CONFIG_VSERVER_SCHED_SMP_FAIR
void __vx_ctl_seen(struct vx_sched *vs);
int vx_ctl_grow(unsigned int nr);
void vx_ctl_changed(struct vx_sched *vs);
/* fair.c */
void vx_reweight_group(struct task_group *tg);
#else
static inline void __vx_ctl_seen(struct vx_sched *vs) { }
static inline int vx_ctl_grow(unsigned int nr) { return 0; }
static inline void vx_ctl_changed(struct vx_sched *vs) { }
#endif

/* Is this a group that has no cgroup: that of a context, or of the host? */
static inline bool task_group_is_context(struct task_group *tg)
{
	return tg->vx_owner && tg->vx_owner->tg == tg;
}

/* Is @vs, or a context that it is in, @outer? */
static inline bool vx_sched_within(struct vx_sched *vs, struct vx_sched *outer)
{
	for (; vs; vs = vs->parent)
		if (vs == outer)
			return true;
	return false;
}

/* Of a group that runs: can one in it be that of a context? */
static inline bool vx_tg_nests(struct task_group *tg)
{
	return task_group_is_context(tg) && READ_ONCE(tg->vx_owner->nested);
}

/*
 * The group of a task whose cgroup has @tg. A cgroup made inside the task's
 * context is nested in the context's group and stays; every other one, whoever
 * made it, loses to the context.
 *
 * Called with the task's rq or pi lock, under which p->vx_sched is looked at
 * and the result used: vx_sched_move() relies on it.
 */
static inline struct task_group *
vx_task_group(struct task_struct *p, struct task_group *tg)
{
	struct vx_sched *vs;

	if (!vx_sched_active())
		return tg;

	vs = READ_ONCE(p->vx_sched);
	if (vs)
		return tg->vx_owner == vs ? tg : vs->tg;
	if (READ_ONCE(vx_host_on) && tg == &root_task_group &&
	    !(p->flags & PF_KTHREAD))
		return vx_host->tg;
	return tg;
}

/* For current, whose context nobody else changes: is it never in an autogroup? */
static inline bool vx_task_in_context(struct task_struct *p)
{
	return vx_sched_active() && p->vx_sched;
}

/*
 * CPU time of a group or of a task that is in none of the fair class, under the
 * rq lock. The owner of the task's group and not the task's context is charged:
 * it is the owner's weight that gave the time.
 */
static inline void vx_account_group(struct rq *rq, struct sched_entity *se,
				    u64 delta)
{
	if (vx_sched_active())
		__vx_account_group(rq, se->my_q->tg, delta);
}

static inline void vx_account_task(struct rq *rq, struct task_struct *p,
				   u64 delta)
{
	if (vx_sched_active())
		__vx_account_task(rq, p, delta);
}

/* A task got a CPU, or left the queue, after waiting; under the rq lock. */
static inline void vx_account_delay(struct rq *rq, struct task_struct *p,
				    u64 delta)
{
	if (vx_sched_active())
		__vx_account_delay(rq, p, delta);
}

/* CPU time by sampling; current, on its CPU, interrupts off. */
static inline void vx_account_sampled(struct task_struct *p, int index, u64 ns)
{
	struct vx_sched *vs;

	if (!vx_sched_active())
		return;
	vs = READ_ONCE(p->sched_task_group)->vx_owner;
	if (vs)
		__vx_account_sampled(vs, index, ns);
}

/* Weight of a group, scaled, after correction by the controller. */
static inline unsigned long vx_tg_shares(struct task_group *tg)
{
	if (vx_sched_active()) {
		unsigned long eff = READ_ONCE(tg->vx_eff_shares);

		if (eff)
			return eff;
	}
	return READ_ONCE(tg->shares);
}

#ifdef CONFIG_SMP
/*
 * Group @se is queued, stays queued, and one of its tasks comes or goes: can its
 * averages, those of the queue it is on, and its weight wait? @now is the PELT
 * clock of that queue.
 *
 * ___update_load_sum() changes sums at any time, but averages only when it
 * completes a period. A sum grows by time multiplied by a state: queued,
 * running, the weight. Until the group leaves the queue or another one is to
 * run, and both look for themselves, these stay the same, and it is all one
 * whether they are added in one step or in many. Only what the number of the
 * group's runnable tasks adds to runnable_avg comes out differently: it is
 * sampled at the first event after the end of a period, as it was before that
 * event. Time with few tasks is hit as often as it is long: there is no bias.
 *
 * The group's weight depends on the averages, and on how much of the group's
 * load is on this CPU now. Often that is all of it, and nothing ever changes;
 * else the weight is up to a period old, or a tick where no other event follows.
 * So is tg->load_avg, the other half of that quotient, and shares across CPUs
 * are not left to it anyway (vx_lag.c). The load balancer reads the averages,
 * and brings those of its CPU up to date before. What a task brings from another
 * CPU or takes there, or a new task brings, is passed on at once (propagate):
 * whoever looks for a CPU for the next fork sees it.
 */
static inline bool vx_same_period(struct sched_entity *se, u64 now)
{
	u64 age = now - se->avg.last_update_time +
		  ((u64)se->avg.period_contrib << 10);

	return age < 1024 << 10 && !se->my_q->propagate &&
	       se->my_q->tg->vx_owner;
}
#else
static inline bool vx_same_period(struct sched_entity *se, u64 now)
{
	return false;
}
#endif

/*
 * Is a context all that @rq has to run, and to be picked again? Not a context with
 * a limit, whose bucket wants to know of its time at every switch; not one that is
 * on its way off the queue (delayed); not where threads of a core compare their
 * virtual times. (On the CPU's own queue nothing is throttled.)
 */
static inline bool vx_only_choice(struct rq *rq)
{
	struct sched_entity *se = rq->cfs.curr;
	struct task_group *tg;

	if (rq->cfs.nr_running != 1 || !se || !se->my_q || !se->on_rq ||
	    se->sched_delayed || sched_core_enabled(rq))
		return false;
	tg = se->my_q->tg;
	return task_group_is_context(tg) && !READ_ONCE(tg->vx_owner->gate);
}

/* A task of the fair class was chosen to run on @rq next. */
static inline void vx_slice_start(struct rq *rq)
{
	if (vx_sched_active() &&
	    (rq->cfs.nr_running > 1 || READ_ONCE(vx_nesting)))
		__vx_slice_start(rq);
}

#else /* !CONFIG_VSERVER_SCHED */

static inline bool task_group_is_context(struct task_group *tg)
{
	return false;
}

static inline struct task_group *
vx_task_group(struct task_struct *p, struct task_group *tg)
{
	return tg;
}

static inline bool vx_task_in_context(struct task_struct *p)
{
	return false;
}

static inline struct task_group *vx_css_parent(struct task_group *parent)
{
	return parent;
}

static inline void vx_tg_inherit(struct task_group *tg,
				 struct task_group *parent) { }
static inline void vx_tg_free(struct task_group *tg) { }

static inline bool vx_tg_path(struct task_group *tg, char *buf, int len)
{
	return false;
}

static inline void vx_account_group(struct rq *rq, struct sched_entity *se,
				    u64 delta) { }
static inline void vx_account_task(struct rq *rq, struct task_struct *p,
				   u64 delta) { }
static inline void vx_account_delay(struct rq *rq, struct task_struct *p,
				    u64 delta) { }
static inline void vx_account_sampled(struct task_struct *p, int index,
				      u64 ns) { }

#define vx_tg_shares(tg)	READ_ONCE((tg)->shares)

static inline bool vx_same_period(struct sched_entity *se, u64 now)
{
	return false;
}

static inline bool vx_only_choice(struct rq *rq)
{
	return false;
}

static inline void vx_slice_start(struct rq *rq) { }

#endif /* CONFIG_VSERVER_SCHED */
#endif /* _KERNEL_SCHED_VX_GROUP_H */
