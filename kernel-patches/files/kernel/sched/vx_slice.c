// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a context's slice, on time.
 *
 * EEVDF gives whoever is chosen a slice (0.7 ms, more on larger machines) and
 * looks at the tick whether it is over. At 250 Hz the slice is 4 ms then,
 * whatever was meant; a light context gets its share in few large pieces, and
 * what it has got in a second is off by such a piece: weight 1 of 15 is due 133
 * ms of a second of two CPUs. So a timer on each CPU looks when a slice of a
 * context is used up, as the scheduler's own HRTICK does for tasks.
 *
 * Unlike HRTICK, which sets its timer at every switch, this one is only ever
 * moved forward to an earlier time, and looks again if it comes too soon: not
 * more than one interrupt for each slice, and nothing to program in switches
 * that follow each other more quickly. Where a context runs alone there is no
 * timer at all.
 */
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include "sched.h"

/* So soon is not worth an interrupt; and what rounding might leave. */
#define VX_SLICE_MIN	(50 * NSEC_PER_USEC)
#define VX_SLICE_SLACK	(NSEC_PER_USEC)

static DEFINE_PER_CPU(struct hrtimer, vx_slice_timer);
/* Not before there are timers: contexts' hooks can be on from the start. */
static int vx_slice_enabled;

/*
 * Time until the slice of the context that runs on @rq is used up, or that of the
 * context in it that runs, whichever is sooner; 0 if none runs or they have nobody
 * to make way for. Under the rq lock.
 */
static u64 vx_slice_left(struct rq *rq)
{
	struct cfs_rq *cfs_rq = &rq->cfs;
	u64 least = U64_MAX;

	do {
		struct sched_entity *se = cfs_rq->curr;
		s64 left;

		if (!se || !se->my_q || !se->on_rq ||
		    !task_group_is_context(se->my_q->tg))
			break;
		if (cfs_rq->nr_running > 1) {
			left = max(se->deadline - se->vruntime, 0LL);
			least = min(least, mul_u64_u64_shr(left, se->load.weight,
							   NICE_0_LOAD_SHIFT));
		}
		cfs_rq = se->my_q;
	} while (vx_tg_nests(cfs_rq->tg));

	if (least == U64_MAX)
		return 0;
	return max(least + VX_SLICE_SLACK, VX_SLICE_MIN);
}

/* A context may have been chosen; on the CPU of @rq, under its lock. */
void __vx_slice_start(struct rq *rq)
{
	struct hrtimer *timer = this_cpu_ptr(&vx_slice_timer);
	ktime_t end;
	u64 left;

	if (rq != this_rq() || !READ_ONCE(vx_slice_enabled) ||
	    !hrtimer_is_hres_active(timer))
		return;
	left = vx_slice_left(rq);
	if (!left)
		return;
	end = ktime_add_ns(hrtimer_cb_get_time(timer), left);
	if (hrtimer_is_queued(timer) &&
	    ktime_compare(hrtimer_get_expires(timer), end) <= 0)
		return;
	hrtimer_start(timer, end, HRTIMER_MODE_ABS_PINNED_HARD);
}

static enum hrtimer_restart vx_slice_fn(struct hrtimer *timer)
{
	struct rq *rq = this_rq();
	struct rq_flags rf;
	u64 left;

	/* That of a CPU which has just gone offline. */
	if (timer != this_cpu_ptr(&vx_slice_timer))
		return HRTIMER_NORESTART;

	rq_lock(rq, &rf);
	left = vx_slice_left(rq);
	if (left) {
		update_rq_clock(rq);
		/* asks for another choice if the slice is used up */
		vx_update_curr(rq);
		/* of this slice, or of the next one, should it be chosen again */
		left = vx_slice_left(rq);
	}
	rq_unlock(rq, &rf);

	if (!left)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(timer, ktime_add_ns(hrtimer_cb_get_time(timer),
						left));
	return HRTIMER_RESTART;
}

static struct ctl_table vx_slice_table[] = {
	{
		/* 0: slices end at ticks, for comparisons */
		.procname	= "sched_slices",
		.data		= &vx_slice_enabled,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
};

static int __init vx_slice_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct hrtimer *timer = per_cpu_ptr(&vx_slice_timer, cpu);

		hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
		timer->function = vx_slice_fn;
	}
	vx_slice_enabled = 1;
	register_sysctl_init("kernel/vserver", vx_slice_table);
	return 0;
}

/* Early: no other CPU is up yet to see the flag before the timers. */
early_initcall(vx_slice_init);
