// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time of contexts: settings and commands.
 *
 * Two sets of settings are kept, those of Linux-VServer's set_sched and our own
 * in plain units. What is in force follows from both and from the flag word, in
 * one place: vx_in_force(). The scheduler gets the result, see
 * <linux/vserver_sched.h>, and knows nothing of tokens and ticks.
 *
 * All settings are under vx_settings_mutex, as is the sum of what is
 * guaranteed. They are made anew for each change and replace the old ones when
 * everything has been checked: a refused change changes nothing.
 */
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/vserver_sched.h>
#include "internal.h"

#define VX_BIAS_MIN	(-20)
#define VX_BIAS_MAX	19

/* set_sched's defaults: 1/4 of each CPU, tokens in ticks */
#define VX_FILL_RATE	1
#define VX_INTERVAL	4
#define VX_TOKENS	(HZ >> 2)
#define VX_TOKENS_MIN	(HZ >> 4)
#define VX_TOKENS_MAX	(HZ >> 1)

/* set_sched's rates of one CPU: fill_rate tokens in interval ticks */
struct vx_rates {
	s32 fill_rate[2];
	s32 interval[2];
};

/**
 * struct vx_cpu_settings - what has been set for a context
 * @weight: our own: 1..10000
 * @guarantee: ns per second
 * @max: ns per second, 0 for none
 * @burst: ns
 * @resume: ns
 * @tokens: set_sched: ticks at the start of a limit
 * @tokens_min: ticks that end a hold
 * @tokens_max: ticks that are saved up
 * @prio_bias: -20..19
 * @idle_time: rate is a guarantee, rate2 a weight
 * @reserved: guarantee that counts towards what can be given, ns per second
 * @given: sum of @reserved of the contexts in this one
 * @inside: how many these are
 * @rates: for each CPU
 */
struct vx_cpu_settings {
	u32 weight;
	u64 guarantee;
	u64 max;
	u64 burst;
	u64 resume;
	s32 tokens;
	s32 tokens_min;
	s32 tokens_max;
	s32 prio_bias;
	bool idle_time;
	u64 reserved;
	u64 given;
	unsigned int inside;
	struct vx_rates rates[];
};

static DEFINE_MUTEX(vx_settings_mutex);
static u64 vx_reserved;		/* sum of all contexts that are in none */
static unsigned int vx_host_weight;

/* What can be guaranteed to the contexts that are in @parent, or in none. */
static u64 vx_reservable(struct vx_info *parent)
{
	if (parent)
		return parent->vx_cpu->reserved;
	/* the rest is for what cannot wait: threads of the kernel, interrupts */
	return num_online_cpus() * (NSEC_PER_SEC * 95 / 100);
}

/* Where the guarantees of contexts in @parent, or in none, are added up. */
static u64 *vx_given(struct vx_info *parent)
{
	return parent ? &parent->vx_cpu->given : &vx_reserved;
}

/* What rate @which comes to, of all CPUs, in ns per second. */
static u64 vx_rate(const struct vx_cpu_settings *s, int which)
{
	u64 sum = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		const struct vx_rates *r = &s->rates[cpu];
		u32 interval = r->interval[which];

		sum += div_u64((u64)min_t(u32, r->fill_rate[which], interval) *
			       NSEC_PER_SEC, interval);
	}
	return sum;
}

/* Rate 2 as a weight: the default rate, 1/4 of each CPU, is the default. */
static u32 vx_rate_weight(u64 rate)
{
	u64 weight = div_u64(rate * 4 * VX_CPU_WEIGHT_DEFAULT,
			     num_online_cpus() * NSEC_PER_SEC);

	return clamp_t(u64, weight, VX_CPU_WEIGHT_MIN, VX_CPU_WEIGHT_MAX);
}

static u64 vx_ticks(s32 ticks)
{
	return (u64)ticks * TICK_NSEC;
}

static void vx_in_force(const struct vx_cpu_settings *s, u64 flags,
			struct vx_sched_params *p)
{
	/* a rate of 0 is a limit too: never more than what is there */
	u64 rate = max(vx_rate(s, 0), 1ULL), rate2 = vx_rate(s, 1);
	bool tokens = false;

	*p = (struct vx_sched_params) {
		.weight	= s->weight,
		.floor	= s->guarantee,
		.limit	= s->max,
		.burst	= s->burst,
		.resume	= s->resume,
		.start	= s->burst,
		.paused	= flags & VXF_SCHED_PAUSE,
	};

	if (s->idle_time && (flags & VXF_SCHED_HARD)) {
		p->floor = max(p->floor, vx_rate(s, 0));
		if (rate2)
			p->weight = vx_rate_weight(rate2);
		else
			tokens = true;
	} else if (flags & (VXF_SCHED_HARD | VXF_SCHED_PRIO)) {
		tokens = true;
	}

	if (tokens && (!p->limit || rate < p->limit)) {
		/* softly only if that is all there is */
		p->soft = !(flags & VXF_SCHED_HARD) && !p->limit;
		if (p->soft || (flags & VXF_SCHED_HARD)) {
			p->limit = rate;
			p->burst = vx_ticks(s->tokens_max);
			p->resume = vx_ticks(s->tokens_min);
			p->start = vx_ticks(s->tokens);
		}
	}

	if (p->limit) {
		p->floor = min(p->floor, p->limit);
		p->resume = clamp(p->resume, 1ULL, p->burst);
	}

	p->shares = vx_sched_shares(p->weight, s->prio_bias);
}

static void vx_apply_settings(struct vx_info *vxi)
{
	struct vx_sched_params params;

	lockdep_assert_held(&vx_settings_mutex);
	vx_in_force(vxi->vx_cpu, READ_ONCE(vxi->vx_flags), &params);
	vx_sched_apply(vxi->vx_sched, &params);
}

static struct vx_cpu_settings *vx_copy_settings(struct vx_info *vxi)
{
	lockdep_assert_held(&vx_settings_mutex);
	return kmemdup(vxi->vx_cpu,
		       struct_size(vxi->vx_cpu, rates, nr_cpu_ids),
		       GFP_KERNEL_ACCOUNT);
}

/* Takes over @new: in force, or freed and refused. */
static int vx_replace_settings(struct vx_info *vxi, struct vx_cpu_settings *new)
{
	struct vx_cpu_settings *old = vxi->vx_cpu;
	u64 *given = vx_given(vxi->vx_parent);

	lockdep_assert_held(&vx_settings_mutex);
	/* counted from when it is set, so that a flag can never be refused */
	new->reserved = new->idle_time ? max(new->guarantee, vx_rate(new, 0)) :
					 new->guarantee;
	if (new->reserved && !IS_ENABLED(CONFIG_VSERVER_SCHED_SMP_FAIR)) {
		kfree(new);
		return -EOPNOTSUPP;
	}
	if (new->reserved > old->reserved &&
	    *given - old->reserved + new->reserved >
	    vx_reservable(vxi->vx_parent)) {
		kfree(new);
		return -ENOSPC;
	}
	if (new->reserved < old->reserved && new->reserved < new->given) {
		kfree(new);
		return -EBUSY;
	}
	/* the end of the context gives back what it has reserved, once */
	if (test_bit(VXS_SHUTDOWN, &vxi->vx_state))
		new->reserved = 0;
	*given += new->reserved - old->reserved;
	vxi->vx_cpu = new;
	vx_apply_settings(vxi);
	kfree(old);
	return 0;
}

/* ---- life of a context ---- */

/* For a new context, which nobody else knows yet, in @parent or in none (NULL). */
int vx_init_cpu(struct vx_info *vxi, struct vx_info *parent)
{
	struct vx_cpu_settings *s;
	struct vx_sched *vs;
	int cpu;

	s = kzalloc(struct_size(s, rates, nr_cpu_ids), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	vs = vx_sched_create(vxi->vx_id, parent ? parent->vx_sched : NULL);
	if (IS_ERR(vs)) {
		kfree(s);
		return PTR_ERR(vs);
	}

	s->weight = VX_CPU_WEIGHT_DEFAULT;
	s->burst = VX_CPU_BURST_DEFAULT;
	s->resume = VX_CPU_RESUME_DEFAULT;
	s->tokens = VX_TOKENS;
	s->tokens_min = VX_TOKENS_MIN;
	s->tokens_max = VX_TOKENS_MAX;
	for_each_possible_cpu(cpu) {
		s->rates[cpu] = (struct vx_rates) {
			.fill_rate = { VX_FILL_RATE, VX_FILL_RATE },
			.interval = { VX_INTERVAL, VX_INTERVAL },
		};
	}
	if (parent) {
		vx_get(parent);
		mutex_lock(&vx_settings_mutex);
		parent->vx_cpu->inside++;
		mutex_unlock(&vx_settings_mutex);
	}
	vxi->vx_parent = parent;
	vxi->vx_cpu = s;
	vxi->vx_sched = vs;

	vx_update_cpu(vxi, VXF_SCHED_FLAGS & vxi->vx_flags);
	return 0;
}

/* Flags have changed. */
void vx_update_cpu(struct vx_info *vxi, u64 changed)
{
	if (!(changed & VXF_SCHED_FLAGS))
		return;
	mutex_lock(&vx_settings_mutex);
	vx_apply_settings(vxi);
	mutex_unlock(&vx_settings_mutex);
}

/*
 * The context has ended, or never began: what it reserved is free. The one it was in
 * has not ended, while the caller has a claim on it.
 */
void vx_end_cpu(struct vx_info *vxi)
{
	mutex_lock(&vx_settings_mutex);
	if (vxi->vx_parent)
		vxi->vx_parent->vx_cpu->inside--;
	*vx_given(vxi->vx_parent) -= vxi->vx_cpu->reserved;
	vxi->vx_cpu->reserved = 0;
	mutex_unlock(&vx_settings_mutex);
}

/* The structure goes; any context. */
void vx_free_cpu(struct vx_info *vxi)
{
	kfree(vxi->vx_cpu);
	vx_sched_put(vxi->vx_sched);
	if (vxi->vx_parent)
		vx_put(vxi->vx_parent);
}

/* Current, a member or not any more, follows its context. */
void vx_move_cpu(struct vx_info *vxi)
{
	vx_sched_move(vxi ? vxi->vx_sched : NULL);
}

/* ---- commands of Linux-VServer ---- */

static bool vx_cpu_valid(s32 cpu)
{
	return cpu >= 0 && cpu < nr_cpu_ids && cpu_possible(cpu);
}

static s32 vx_interval(s32 interval, u32 mask)
{
	if (interval > 0 && (mask & VXSM_MSEC))
		interval = min_t(unsigned long, msecs_to_jiffies(interval),
				 S32_MAX);
	return interval > 0 ? interval : HZ;
}

static void vx_set_rates(struct vx_rates *r, const struct vcmd_sched_v5 *vc)
{
	if (vc->mask & VXSM_FILL_RATE)
		r->fill_rate[0] = max(vc->fill_rate[0], 0);
	if (vc->mask & VXSM_INTERVAL)
		r->interval[0] = vx_interval(vc->interval[0], vc->mask);
	if (vc->mask & VXSM_FILL_RATE2)
		r->fill_rate[1] = max(vc->fill_rate[1], 0);
	if (vc->mask & VXSM_INTERVAL2)
		r->interval[1] = vx_interval(vc->interval[1], vc->mask);
}

/* The rates are those of @cpus. */
static long vx_set_sched(struct vx_info *vxi, const struct vcmd_sched_v5 *vc,
			 const struct cpumask *cpus)
{
	const u32 rates = VXSM_FILL_RATE | VXSM_INTERVAL | VXSM_FILL_RATE2 |
			  VXSM_INTERVAL2;
	struct vx_cpu_settings *s;
	int cpu, ret;

	mutex_lock(&vx_settings_mutex);
	s = vx_copy_settings(vxi);
	if (!s) {
		mutex_unlock(&vx_settings_mutex);
		return -ENOMEM;
	}

	for_each_cpu_and(cpu, cpus, cpu_possible_mask)
		vx_set_rates(&s->rates[cpu], vc);
	if (vc->mask & VXSM_IDLE_TIME)
		s->idle_time = true;
	else if (vc->mask & rates)
		s->idle_time = false;

	if (vc->mask & VXSM_TOKENS_MAX)
		s->tokens_max = vc->tokens_max > 0 ? vc->tokens_max : HZ;
	if (vc->mask & VXSM_TOKENS_MIN)
		s->tokens_min = vc->tokens_min >= 0 ? vc->tokens_min : HZ / 3;
	s->tokens_min = min(s->tokens_min, s->tokens_max);
	if (vc->mask & VXSM_TOKENS)
		s->tokens = max(vc->tokens, 0);
	s->tokens = min(s->tokens, s->tokens_max);
	if (vc->mask & VXSM_PRIO_BIAS)
		s->prio_bias = clamp(vc->prio_bias, VX_BIAS_MIN, VX_BIAS_MAX);

	ret = vx_replace_settings(vxi, s);
	if (!ret && (vc->mask & VXSM_TOKENS))
		vx_sched_set_tokens(vxi->vx_sched, vx_ticks(s->tokens));
	mutex_unlock(&vx_settings_mutex);
	return ret;
}

long vc_set_sched(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_sched_v5 *vc = arg;

	if ((vc->mask & VXSM_BUCKET_ID) && vc->bucket_id)
		return -EINVAL;
	if ((vc->mask & VXSM_CPU_ID) && !vx_cpu_valid(vc->cpu_id))
		return -EINVAL;
	return vx_set_sched(vxi, vc, vc->mask & VXSM_CPU_ID ?
				     cpumask_of(vc->cpu_id) : cpu_possible_mask);
}

/* Versions 2 to 4 have one rate, which stands for both. */
long vc_set_sched_v4(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_set_sched_v4 *vc = arg;
	struct vcmd_sched_v5 v5 = {
		.mask		= vc->set_mask & ~(VXSM_FILL_RATE2 |
						   VXSM_INTERVAL2),
		.cpu_id		= vc->cpu_id,
		.bucket_id	= vc->bucket_id,
		.fill_rate	= { vc->fill_rate, vc->fill_rate },
		.interval	= { vc->interval, vc->interval },
		.tokens		= vc->tokens,
		.tokens_min	= vc->tokens_min,
		.tokens_max	= vc->tokens_max,
		.prio_bias	= vc->prio_bias,
	};

	if (v5.mask & VXSM_FILL_RATE)
		v5.mask |= VXSM_FILL_RATE2;
	if (v5.mask & VXSM_INTERVAL)
		v5.mask |= VXSM_INTERVAL2;
	return vc_set_sched(vxi, id, &v5);
}

long vc_set_sched_v3(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_set_sched_v3 *vc = arg;
	struct vcmd_set_sched_v4 v4 = {
		.set_mask	= vc->set_mask & ~(VXSM_CPU_ID |
						   VXSM_BUCKET_ID),
		.fill_rate	= vc->fill_rate,
		.interval	= vc->interval,
		.tokens		= vc->tokens,
		.tokens_min	= vc->tokens_min,
		.tokens_max	= vc->tokens_max,
		.prio_bias	= vc->priority_bias,
	};

	return vc_set_sched_v4(vxi, id, &v4);
}

static u32 vx_given_v2(s32 value, u32 bit)
{
	return value == VX_SCHED_KEEP ? 0 : bit;
}

/* Version 2 has a value instead of a mask, and CPUs, the first 64 of them. */
long vc_set_sched_v2(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_set_sched_v2 *vc = arg;
	struct vcmd_sched_v5 v5 = {
		.mask		= vx_given_v2(vc->fill_rate, VXSM_FILL_RATE |
							     VXSM_FILL_RATE2) |
				  vx_given_v2(vc->interval, VXSM_INTERVAL |
							    VXSM_INTERVAL2) |
				  vx_given_v2(vc->tokens, VXSM_TOKENS) |
				  vx_given_v2(vc->tokens_min, VXSM_TOKENS_MIN) |
				  vx_given_v2(vc->tokens_max, VXSM_TOKENS_MAX),
		.fill_rate	= { vc->fill_rate, vc->fill_rate },
		.interval	= { vc->interval, vc->interval },
		.tokens		= vc->tokens,
		.tokens_min	= vc->tokens_min,
		.tokens_max	= vc->tokens_max,
	};
	cpumask_var_t cpus;
	int cpu;
	long ret;

	if (!vc->cpu_mask)
		return vx_set_sched(vxi, &v5, cpu_possible_mask);
	if (!zalloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	for (cpu = 0; cpu < min_t(int, nr_cpu_ids, 64); cpu++)
		if ((vc->cpu_mask & BIT_ULL(cpu)) && cpu_possible(cpu))
			cpumask_set_cpu(cpu, cpus);
	ret = cpumask_empty(cpus) ? -EINVAL : vx_set_sched(vxi, &v5, cpus);
	free_cpumask_var(cpus);
	return ret;
}

long vc_get_sched(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_sched_v5 *vc = arg;
	struct vx_cpu_settings *s;
	struct vx_sched_state st;

	if (!vx_cpu_valid(vc->cpu_id) || vc->bucket_id)
		return -EINVAL;

	vx_sched_read(vxi->vx_sched, &st);
	mutex_lock(&vx_settings_mutex);
	s = vxi->vx_cpu;
	vc->mask = VXSM_FILL_RATE | VXSM_INTERVAL | VXSM_FILL_RATE2 |
		   VXSM_INTERVAL2 | VXSM_TOKENS | VXSM_TOKENS_MIN |
		   VXSM_TOKENS_MAX | VXSM_PRIO_BIAS | VXSM_CPU_ID |
		   VXSM_BUCKET_ID;
	if (s->idle_time)
		vc->mask |= VXSM_IDLE_TIME;
	memcpy(vc->fill_rate, s->rates[vc->cpu_id].fill_rate,
	       sizeof(vc->fill_rate));
	memcpy(vc->interval, s->rates[vc->cpu_id].interval,
	       sizeof(vc->interval));
	/* what is there now; without a limit, what one would start with */
	vc->tokens = st.params.limit ? div_s64(st.tokens, TICK_NSEC) : s->tokens;
	vc->tokens_min = s->tokens_min;
	vc->tokens_max = s->tokens_max;
	vc->prio_bias = s->prio_bias;
	mutex_unlock(&vx_settings_mutex);
	return 0;
}

/* vxi is NULL for id 0: everything outside of contexts. */
long vc_sched_info(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_sched_info *vc = arg;
	struct vx_sched_times t;

	if (!vx_cpu_valid(vc->cpu_id) || vc->bucket_id)
		return -EINVAL;
	if (vxi)
		vx_sched_read_cpu(vxi->vx_sched, vc->cpu_id, &t);
	else
		vx_sched_host_cpu(vc->cpu_id, &t);
	vc->user_msec = div_u64(t.user, NSEC_PER_MSEC);
	vc->sys_msec = div_u64(t.sys, NSEC_PER_MSEC);
	vc->hold_msec = div_u64(t.hold, NSEC_PER_MSEC);
	vc->token_usec = TICK_NSEC / NSEC_PER_USEC;
	vc->vavavoom = 0;
	return 0;
}

/* The bias is one for all CPUs: a group has one weight. */
long vc_set_prio_bias(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_prio_bias *vc = arg;
	struct vcmd_sched_v5 v5 = {
		.mask		= VXSM_PRIO_BIAS,
		.prio_bias	= vc->prio_bias,
	};

	if (!vx_cpu_valid(vc->cpu_id))
		return -EINVAL;
	return vc_set_sched(vxi, id, &v5);
}

long vc_get_prio_bias(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_prio_bias *vc = arg;

	if (!vx_cpu_valid(vc->cpu_id))
		return -EINVAL;
	vc->prio_bias = vx_prio_bias(vxi);
	return 0;
}

/* How many contexts are in this one. */
unsigned int vx_inside(struct vx_info *vxi)
{
	unsigned int nr;

	mutex_lock(&vx_settings_mutex);
	nr = vxi->vx_cpu->inside;
	mutex_unlock(&vx_settings_mutex);
	return nr;
}

int vx_prio_bias(struct vx_info *vxi)
{
	int bias;

	mutex_lock(&vx_settings_mutex);
	bias = vxi->vx_cpu->prio_bias;
	mutex_unlock(&vx_settings_mutex);
	return bias;
}

/* ---- our own ---- */

static bool vx_rate_valid(u64 rate)
{
	return !rate || (rate >= VX_CPU_RATE_MIN && rate <= VX_CPU_RATE_MAX);
}

static bool vx_burst_valid(u64 ns)
{
	return ns >= VX_CPU_BURST_MIN && ns <= VX_CPU_BURST_MAX;
}

long vc_set_cpu(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_cpu *vc = arg;
	struct vx_cpu_settings *s;
	int ret = -EINVAL;

	if (vc->mask & ~VXCPU_ALL)
		return -EINVAL;

	mutex_lock(&vx_settings_mutex);
	s = vx_copy_settings(vxi);
	if (!s) {
		mutex_unlock(&vx_settings_mutex);
		return -ENOMEM;
	}
	if (vc->mask & VXCPU_WEIGHT)
		s->weight = vc->weight;
	if (vc->mask & VXCPU_GUARANTEE)
		s->guarantee = vc->guarantee;
	if (vc->mask & VXCPU_MAX)
		s->max = vc->max;
	if (vc->mask & VXCPU_BURST)
		s->burst = vc->burst;
	if (vc->mask & VXCPU_RESUME)
		s->resume = vc->resume;

	if (s->weight >= VX_CPU_WEIGHT_MIN && s->weight <= VX_CPU_WEIGHT_MAX &&
	    vx_rate_valid(s->guarantee) && vx_rate_valid(s->max) &&
	    vx_burst_valid(s->burst) && s->resume <= VX_CPU_BURST_MAX &&
	    (!s->max || s->guarantee <= s->max))
		ret = vx_replace_settings(vxi, s);
	else
		kfree(s);
	mutex_unlock(&vx_settings_mutex);
	return ret;
}

long vc_get_cpu(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_cpu *vc = arg;
	struct vx_cpu_settings *s;

	mutex_lock(&vx_settings_mutex);
	s = vxi->vx_cpu;
	*vc = (struct vcmd_cpu) {
		.mask		= VXCPU_ALL,
		.weight		= s->weight,
		.guarantee	= s->guarantee,
		.max		= s->max,
		.burst		= s->burst,
		.resume		= s->resume,
	};
	mutex_unlock(&vx_settings_mutex);
	return 0;
}

/* ---- sysctl ---- */

static int vx_host_weight_handler(const struct ctl_table *table, int write,
				  void *buffer, size_t *lenp, loff_t *ppos)
{
	static const unsigned int max = VX_CPU_WEIGHT_MAX;
	unsigned int weight;
	struct ctl_table tmp = {
		.data	= &weight,
		.maxlen	= sizeof(weight),
		.mode	= table->mode,
		.extra1	= SYSCTL_ZERO,
		.extra2	= (void *)&max,
	};
	int ret;

	mutex_lock(&vx_settings_mutex);
	weight = vx_host_weight;
	ret = proc_douintvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (!ret && write && weight != vx_host_weight) {
		ret = vx_sched_set_host(weight);
		if (!ret)
			vx_host_weight = weight;
	}
	mutex_unlock(&vx_settings_mutex);
	return ret;
}

static struct ctl_table vx_sched_table[] = {
	{
		/* weight of the host's own tasks together; 0: each for itself */
		.procname	= "host_weight",
		.data		= &vx_host_weight,
		.maxlen		= sizeof(vx_host_weight),
		.mode		= 0644,
		.proc_handler	= vx_host_weight_handler,
	},
};

static int __init vx_settings_init(void)
{
	register_sysctl_init("kernel/vserver", vx_sched_table);
	return 0;
}
late_initcall(vx_settings_init);
