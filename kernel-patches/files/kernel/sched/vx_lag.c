// SPDX-License-Identifier: GPL-2.0
/*
 * Shares across CPUs: the lag controller.
 *
 * On one CPU, EEVDF is fair between the groups on it. Across CPUs nothing is:
 * a group alone on a CPU is compared with nobody, and three groups of one
 * thread on two CPUs get 1, 1/2 and 1/2. The load balancer moves weights, not
 * service. So this timer compares the service each group got with what it was
 * entitled to, and keeps the difference, the lag (as in EEVDF, but in CPU time
 * of the machine). The weight the scheduler works with is the group's own,
 * doubled for each VX_LAG_UNIT that the group is behind and halved for each
 * that it is ahead. Neighbours on a CPU follow at once, and the load balancer
 * does the rest.
 *
 * Entitlement is max-min by weight (alg/waterfill.c) of what the groups got
 * together, with a cap for what a group could have used, and floors: a
 * guarantee counts in full, whatever others, the host included, have taken.
 *
 * Looked at are groups that a tick finds running, until they have been idle for
 * a while: a thousand idle contexts cost nothing. Fewer than two, and there is
 * nothing to compare: the timer stops.
 *
 * Contexts in a context share what that one got, among themselves, in the same
 * way, and its own tasks are to them what the host's tasks are to the others: what
 * these take is not there to be shared, except out of a floor. So each context
 * with others in it has a list of its own, and all lists are treated alike.
 *
 * All ctl_* of a group, its lag and its eff are written by the timer only,
 * under vx_ctl_lock, which is outside the rq locks.
 */
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include "sched.h"
#include "../vserver/alg/waterfill.h"

#define VX_CTL_PERIOD	(10 * NSEC_PER_MSEC)
#define VX_CTL_IDLE	32			/* periods until forgotten */
#define VX_LAG_UNIT	(10 * NSEC_PER_MSEC)	/* doubles the weight */
#define VX_LAG_TURN	(20 * (s64)NSEC_PER_MSEC) /* who is alone had it long enough */
#define VX_LAG_MAX	(100 * (s64)NSEC_PER_MSEC)
#define VX_EFF_RANGE	5			/* doublings either way */
#define VX_FLOOR_RANGE	10			/* doublings up, for a floor */
#define VX_CTL_SETTLE	5			/* periods for the load to spread */
#define VX_LIGHT_PERIODS 8			/* since it last had nothing to run */
#define VX_LIGHT_DEBT	(VX_LAG_UNIT / 10)	/* that far ahead, it is not light */
#define VX_LIGHT_BONUS	(3 * VX_LAG_UNIT)	/* eight times the weight */

static int vx_ctl_enabled = 1;
static int vx_ctl_floors = 1;
static int vx_ctl_spread = 1;

static enum hrtimer_restart vx_ctl_fn(struct hrtimer *timer);
static struct hrtimer vx_ctl_timer;
static atomic_t vx_ctl_running;
static LLIST_HEAD(vx_ctl_seen);

static DEFINE_SPINLOCK(vx_ctl_lock);
static LIST_HEAD(vx_ctl_list);
/* Those with contexts in them that are looked at, in no order. */
static LIST_HEAD(vx_ctl_outer);
static struct vx_share *vx_ctl_shares;
static unsigned int vx_ctl_size;
static u64 vx_ctl_last;

/*
 * The only busy group, which needs no controller. An address to compare with,
 * no reference: a new group at the same place is looked at when a second comes.
 */
static struct vx_sched *vx_ctl_lone;

/* Room for @nr groups. Process context, callers serialised. */
int vx_ctl_grow(unsigned int nr)
{
	struct vx_share *new, *old;

	if (nr <= vx_ctl_size)
		return 0;
	nr = max(roundup_pow_of_two(nr), 16UL);
	new = kvcalloc(nr, sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	spin_lock_bh(&vx_ctl_lock);
	old = vx_ctl_shares;
	vx_ctl_shares = new;
	vx_ctl_size = nr;
	spin_unlock_bh(&vx_ctl_lock);
	kvfree(old);
	return 0;
}

static void vx_ctl_start(void)
{
	if (!atomic_xchg(&vx_ctl_running, 1)) {
		WRITE_ONCE(vx_ctl_lone, NULL);
		hrtimer_start(&vx_ctl_timer, ns_to_ktime(VX_CTL_PERIOD),
			      HRTIMER_MODE_REL_SOFT);
	}
}

/* A tick found a task of @vs running. Interrupts are off. */
void __vx_ctl_seen(struct vx_sched *vs)
{
	if (likely(test_bit(0, &vs->ctl_listed)) || vs == READ_ONCE(vx_ctl_lone))
		return;
	if (test_and_set_bit(0, &vs->ctl_listed))
		return;
	if (!refcount_inc_not_zero(&vs->ref)) {
		clear_bit(0, &vs->ctl_listed);
		return;
	}
	llist_add(&vs->ctl_new, &vx_ctl_seen);
	vx_ctl_start();
}

/* The settings of @vs have changed: it may need the controller now. */
void vx_ctl_changed(struct vx_sched *vs)
{
	if (READ_ONCE(vx_ctl_lone) == vs)
		WRITE_ONCE(vx_ctl_lone, NULL);
}

/* 2^(i/32) * 1024 */
static const u16 vx_exp2_table[32] = {
	1024, 1046, 1069, 1093, 1117, 1141, 1166, 1192,
	1218, 1244, 1272, 1300, 1328, 1357, 1387, 1417,
	1448, 1480, 1512, 1545, 1579, 1614, 1649, 1686,
	1722, 1760, 1799, 1838, 1878, 1920, 1962, 2005,
};

/* @base * 2^(@lag / VX_LAG_UNIT), @up doublings at most, in bounds of weights */
static unsigned long vx_effective(unsigned long base, s64 lag, int up)
{
	s64 x = div_s64(lag * 32, VX_LAG_UNIT);
	u64 eff;

	x = clamp_t(s64, x, -32 * VX_EFF_RANGE, 32 * up);
	eff = (u64)base * vx_exp2_table[x & 31];
	/* 10 bits of the table; x >> 5 rounds down, as the table wants */
	if (x >= 0)
		eff <<= x >> 5;
	else
		eff >>= -(x >> 5);
	return clamp_t(u64, eff >> 10, MIN_SHARES, MAX_SHARES);
}

/*
 * At once, also where the group waits: the scheduler looks at a group's weight
 * when one of its tasks comes or goes and when a tick finds it running. One that
 * was cut down while it was ahead would wait by that small weight for as long
 * as it takes, and then come back with all it missed.
 */
static void vx_set_eff(struct vx_sched *vs, unsigned long eff)
{
	unsigned long old = vs->eff;
	unsigned long step = eff > old ? eff - old : old - eff;

	/* Small changes would only disturb the load averages. */
	if (step <= old / 16 && vs->tg->vx_eff_shares)
		return;
	WRITE_ONCE(vs->eff, eff);
	WRITE_ONCE(vs->tg->vx_eff_shares, scale_load(eff));
	vx_reweight_group(vs->tg);
}

/* Back to the plain weight. */
static void vx_reset_eff(struct vx_sched *vs)
{
	if (!vs->tg->vx_eff_shares)
		return;
	WRITE_ONCE(vs->tg->vx_eff_shares, 0);
	WRITE_ONCE(vs->eff, READ_ONCE(vs->params.shares));
	vx_reweight_group(vs->tg);
}

/* Needs no reference to the parent: @vs has one. */
static void vx_ctl_list_add(struct vx_sched *vs)
{
	struct vx_sched *parent = vs->parent;

	if (!parent) {
		list_add_tail(&vs->ctl_node, &vx_ctl_list);
		return;
	}
	if (list_empty(&parent->ctl_inner))
		list_add_tail(&parent->ctl_outer, &vx_ctl_outer);
	list_add_tail(&vs->ctl_node, &parent->ctl_inner);
}

static void vx_ctl_list_del(struct vx_sched *vs)
{
	list_del_init(&vs->ctl_node);
	if (vs->parent && list_empty(&vs->parent->ctl_inner))
		list_del_init(&vs->parent->ctl_outer);
}

static void vx_ctl_forget(struct vx_sched *vs)
{
	vx_ctl_list_del(vs);
	vx_reset_eff(vs);
	WRITE_ONCE(vs->lag, 0);
	clear_bit(0, &vs->ctl_listed);
	vx_sched_put(vs);
}

static void vx_ctl_collect(void)
{
	struct llist_node *new = llist_del_all(&vx_ctl_seen);
	struct vx_sched *vs, *next;

	llist_for_each_entry_safe(vs, next, new, ctl_new) {
		vs->ctl_run = vx_run_total(vs);
		vs->ctl_nr = vx_runnable(vs);
		vs->ctl_idle = 0;
		vs->ctl_age = 0;
		vs->ctl_light = 0;
		WRITE_ONCE(vs->lag, 0);
		vx_ctl_list_add(vs);
	}
}

/*
 * What a group could have used in a period of @span: what it got, and all of the
 * CPUs its tasks can fill, if they wanted them at both ends.  A sleeper gets no
 * credit for the time it slept.
 */
static u64 vx_demand(struct vx_sched *vs, u64 got, unsigned int nr, u64 span)
{
	u64 want = min3(nr, vs->ctl_nr, num_online_cpus()) * span;

	/* A CPU spends some time on interrupts, which is nobody's fault. */
	return max(got, want - want / 64);
}

/*
 * The weight at which a group with a floor would get what it is entitled to,
 * @out. @ref is a group whose entitlement follows from its weight, if there is
 * one; against the host alone, whose weight is not known, lag has to do it.
 */
static unsigned long vx_floor_base(unsigned long shares, u64 out,
				   const struct vx_share *ref)
{
	u64 base;

	if (!ref)
		return shares;
	base = div64_u64(out * ref->weight, ref->out);
	return clamp_t(u64, base, shares, (u64)shares << VX_FLOOR_RANGE);
}

/*
 * Does @vs, which had @nr tasks to run at the last look or the one before, want less
 * than its weight would give it? Then more weight gives it no more time, but the
 * same time sooner: EEVDF serves by virtual deadlines, and those of a larger weight
 * are earlier. One that starts to want all it can get is ahead within a period, has
 * its own weight from then on, and pays back what it had.
 *
 * The load balancer sees that weight too, for as long as @vs is runnable. Eight times
 * makes of an eighth of a CPU what a hog is. With more (as much as those who are behind
 * have, say) it leaves the light ones alone on a CPU with everybody else on the others,
 * who fall behind then.
 */
static bool vx_ctl_light(struct vx_sched *vs, unsigned int nr, s64 lag)
{
	if (!nr)
		vs->ctl_light = VX_LIGHT_PERIODS;
	else if (vs->ctl_light)
		vs->ctl_light--;
	if (lag < -VX_LIGHT_DEBT)
		vs->ctl_light = 0;
	return vs->ctl_light;
}

#ifdef CONFIG_SMP
/*
 * Have the load of all CPUs looked at by the next tick. The load balancer looks
 * rarely where nobody is idle, every 32 ms on two CPUs, and tries more than once
 * before it moves a task: groups that have just started where there was room, at
 * the time, can get a CPU too much or too little for a tenth of a second.
 */
static void vx_ctl_balance(void)
{
	unsigned long long_ago = HZ * num_online_cpus() / 10;
	struct sched_domain *sd;
	int cpu;

	rcu_read_lock();
	for_each_online_cpu(cpu) {
		for (sd = rcu_dereference(cpu_rq(cpu)->sd); sd;
		     sd = rcu_dereference(sd->parent))
			WRITE_ONCE(sd->last_balance, jiffies - long_ago);
		WRITE_ONCE(cpu_rq(cpu)->next_balance, jiffies);
	}
	rcu_read_unlock();
}
#else
static void vx_ctl_balance(void) { }
#endif

/*
 * What @vs got too much or too little while it was new depends on where its tasks
 * happened to start, and is held against nobody: a light group would have to
 * stand still for half a second. The others lose as much of the opposite.
 */
static void vx_ctl_forgive(struct vx_sched *vs, struct list_head *list)
{
	struct vx_sched *o;
	s64 lag = vs->lag, sum = 0, keep;

	list_for_each_entry(o, list, ctl_node)
		if ((o->lag ^ lag) < 0)
			sum += abs(o->lag);
	keep = max(sum - abs(lag), 0);
	list_for_each_entry(o, list, ctl_node)
		if ((o->lag ^ lag) < 0 && o->lag)
			WRITE_ONCE(o->lag, div64_s64(o->lag * (keep >> 10),
						     (sum >> 10) + 1));
	WRITE_ONCE(vs->lag, 0);
}

/*
 * A group has @lag, after it was @off what it was due in a period of @span: is that
 * for the load balancer, at once? What can happen where tasks cannot be divided is
 * a third of a CPU: one of three groups alone on a CPU. That is to be expected, until
 * it has gone on for a while: then it is another one's turn, and the balancer, left
 * to itself, may take another tenth of a second to see it.
 */
static bool vx_ctl_uneven(s64 lag, s64 off, u64 span)
{
	if (abs(lag) <= VX_LAG_UNIT)
		return false;
	if (abs(off) > (s64)(span / 8 * 3))
		return true;
	return abs(lag) > VX_LAG_TURN && abs(off) > (s64)(span / 8) &&
	       (lag ^ off) >= 0;
}

/*
 * A period of @span ns among those of @list, which are in one context or in none;
 * @most is what they could have got together. Does the load want to be looked at?
 */
static bool vx_ctl_period(struct list_head *list, u64 span, u64 most)
{
	bool floors = READ_ONCE(vx_ctl_floors), on = READ_ONCE(vx_ctl_enabled);
	struct vx_share *sh = vx_ctl_shares, *ref = NULL;
	u64 capacity, got = 0, kept = 0;
	struct vx_sched *vs, *next;
	unsigned int n = 0, i;
	bool uneven = false;

	list_for_each_entry(vs, list, ctl_node) {
		u64 run = vx_run_total(vs);
		unsigned int nr = vx_runnable(vs);

		if (WARN_ON_ONCE(n == vx_ctl_size))
			return false;
		vs->ctl_got = run - vs->ctl_run;
		sh[n].weight = READ_ONCE(vs->params.shares);
		sh[n].cap = vx_demand(vs, vs->ctl_got, nr, span);
		sh[n].floor = 0;
		if (floors && READ_ONCE(vs->params.floor))
			sh[n].floor = min(sh[n].cap,
					  mul_u64_u64_div_u64(vs->params.floor,
							      span,
							      NSEC_PER_SEC));
		got += vs->ctl_got;
		kept += sh[n].floor;
		vs->ctl_idle = nr || vs->ctl_got ? 0 : vs->ctl_idle + 1;
		vs->ctl_run = run;
		vs->ctl_least = min(nr, vs->ctl_nr);
		vs->ctl_nr = nr;
		n++;
	}

	/* Others, who are not in the list, keep what they took, but no floor's. */
	capacity = max(got, min(kept, most));
	if (WARN_ON_ONCE(vx_waterfill(sh, n, min(capacity, VX_CAPACITY_MAX))))
		return false;

	for (i = 0; i < n && !ref; i++)
		if (sh[i].out > sh[i].floor && sh[i].out < sh[i].cap)
			ref = &sh[i];

	i = 0;
	list_for_each_entry_safe(vs, next, list, ctl_node) {
		bool floor = sh[i].floor && sh[i].out == sh[i].floor;
		unsigned long base = sh[i].weight;
		s64 lag = vs->lag + (s64)(sh[i].out - vs->ctl_got);
		s64 boost = 0;

		/*
		 * Who does not run loses what it is owed soon, and what it owes
		 * not quite so soon: no hoarding, and no escape by a nap.
		 */
		if (!vs->ctl_nr)
			lag -= lag > 0 ? div_s64(lag, 4) : div_s64(lag, 16);
		lag = clamp(lag, -VX_LAG_MAX, VX_LAG_MAX);
		WRITE_ONCE(vs->lag, lag);
		uneven |= vx_ctl_uneven(lag, (s64)(sh[i].out - vs->ctl_got),
					span);

		if (vx_ctl_light(vs, vs->ctl_least, lag))
			boost = VX_LIGHT_BONUS;
		if (vx_soft_out(vs))
			base = max(base / 4, MIN_SHARES);
		else if (floor)
			base = vx_floor_base(base, sh[i].out, ref);
		if (on)
			vx_set_eff(vs, vx_effective(base, lag + boost,
						    floor ? VX_FLOOR_RANGE :
						    VX_EFF_RANGE));
		else if (base != sh[i].weight)
			vx_set_eff(vs, base);
		else
			vx_reset_eff(vs);
		if (vs->ctl_idle > VX_CTL_IDLE)
			vx_ctl_forget(vs);
		i++;
	}

	if (on && READ_ONCE(vx_ctl_spread))
		list_for_each_entry(vs, list, ctl_node)
			if (vs->ctl_age <= VX_CTL_SETTLE &&
			    vs->ctl_age++ == VX_CTL_SETTLE &&
			    !vs->params.floor)
				vx_ctl_forgive(vs, list);
	return uneven;
}

static void vx_ctl_all(u64 span)
{
	bool uneven = vx_ctl_period(&vx_ctl_list, span,
				    num_online_cpus() * span);
	struct vx_sched *vs, *next;

	/* who is alone in its list, and forgotten, takes the list with it */
	list_for_each_entry_safe(vs, next, &vx_ctl_outer, ctl_outer)
		uneven |= vx_ctl_period(&vs->ctl_inner, span, vs->ctl_got);
	if (uneven && READ_ONCE(vx_ctl_enabled) && READ_ONCE(vx_ctl_spread))
		vx_ctl_balance();
}

/*
 * Is there anything to do: two to compare, or one against the host? One in
 * another one is compared with nobody, but makes two.
 */
static bool vx_ctl_needed(void)
{
	struct vx_sched *vs;
	unsigned int nr = 0;

	if (!list_empty(&vx_ctl_outer))
		return true;
	list_for_each_entry(vs, &vx_ctl_list, ctl_node) {
		nr++;
		if (nr == 2 || READ_ONCE(vs->params.floor) ||
		    (READ_ONCE(vs->params.soft) && READ_ONCE(vs->params.limit)))
			return true;
	}
	return false;
}

static enum hrtimer_restart vx_ctl_fn(struct hrtimer *timer)
{
	struct vx_sched *vs;
	u64 now, span;

	vx_update_all();
	spin_lock(&vx_ctl_lock);
	now = ktime_get_ns();
	span = min(now - vx_ctl_last, NSEC_PER_SEC);
	vx_ctl_last = now;
	vx_ctl_all(span);
	vx_ctl_collect();
	if (!vx_ctl_needed()) {
		vs = list_first_entry_or_null(&vx_ctl_list, struct vx_sched,
					      ctl_node);
		WRITE_ONCE(vx_ctl_lone, vs);
		if (vs)
			vx_ctl_forget(vs);
		atomic_set_release(&vx_ctl_running, 0);
		/* Somebody was seen after the collection and did not start it? */
		smp_mb();
		if (llist_empty(&vx_ctl_seen) ||
		    atomic_xchg(&vx_ctl_running, 1)) {
			spin_unlock(&vx_ctl_lock);
			return HRTIMER_NORESTART;
		}
		WRITE_ONCE(vx_ctl_lone, NULL);
	}
	spin_unlock(&vx_ctl_lock);
	hrtimer_forward_now(timer, ns_to_ktime(VX_CTL_PERIOD));
	return HRTIMER_RESTART;
}

static struct ctl_table vx_ctl_table[] = {
	{
		/* 0: weights as they are set, for comparisons */
		.procname	= "sched_controller",
		.data		= &vx_ctl_enabled,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		/* 0: new groups wait for the load balancer, for comparisons */
		.procname	= "sched_spread",
		.data		= &vx_ctl_spread,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		/* 0: guarantees are not kept, for comparisons */
		.procname	= "sched_floors",
		.data		= &vx_ctl_floors,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
};

static int __init vx_ctl_init(void)
{
	hrtimer_init(&vx_ctl_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	vx_ctl_timer.function = vx_ctl_fn;
	register_sysctl_init("kernel/vserver", vx_ctl_table);
	return 0;
}
core_initcall(vx_ctl_init);
