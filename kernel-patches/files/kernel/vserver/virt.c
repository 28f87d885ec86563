// SPDX-License-Identifier: GPL-2.0
/*
 * What members of a context are told of the machine: their own part of it.
 *
 * Load averages are kept for each context as the kernel keeps its own: every
 * five seconds, from the number of tasks that run, could run, or wait without
 * interruption. One walk over all tasks serves all contexts; nothing is counted
 * on the way of the scheduler.
 *
 * Memory is what the control groups of the reader leave it: the least of all
 * limits above it, and of what is free below each of them.
 *
 * CPUs are as many as cpuset and limit let the context keep busy. Which ones of
 * those it is told of differs from context to context: programs that bind
 * themselves to CPUs they were told of must not meet on the same ones.
 */
#include <linux/cpuset.h>
#include <linux/kernel_stat.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pid_namespace.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/swap.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/vserver_sched.h>
#include <linux/vserver_virt.h>
#include "internal.h"

/* Current's context if it has the flag. */
static struct vx_info *vx_view(u64 flag)
{
	struct vx_info *vxi = current->vx_info;

	return vxi && vx_state_flag(vxi, flag) ? vxi : NULL;
}

/* ---- all tasks ---- */

#define VX_WALK_BATCH	64

/* @fn is called under RCU for each task of the machine, some of them new. */
static void vx_walk_tasks(void (*fn)(struct task_struct *p, void *data),
			  void *data)
{
	struct task_struct *p;
	bool more = true;
	struct pid *pid;
	unsigned int i;
	int nr = 1;

	while (more) {
		rcu_read_lock();
		for (i = 0; i < VX_WALK_BATCH; i++) {
			pid = idr_get_next(&init_pid_ns.idr, &nr);
			if (!pid) {
				more = false;
				break;
			}
			p = pid_task(pid, PIDTYPE_PID);
			if (p)
				fn(p, data);
			nr++;
		}
		rcu_read_unlock();
		cond_resched();
	}
}

static bool vx_task_runs(unsigned int state)
{
	return state == TASK_RUNNING;
}

static bool vx_task_blocked(unsigned int state)
{
	return (state & TASK_UNINTERRUPTIBLE) &&
	       !(state & (TASK_NOLOAD | TASK_FROZEN));
}

struct vx_census_of {
	struct vx_info *vxi;
	struct vx_census *c;
};

static void vx_census_task(struct task_struct *p, void *data)
{
	unsigned int state = READ_ONCE(p->__state);
	struct vx_census_of *of = data;
	struct vx_census *c = of->c;
	struct task_struct *t;

	if (READ_ONCE(p->vx_info) != of->vxi)
		return;
	c->threads++;
	if (vx_task_runs(state))
		c->running++;
	else if (vx_task_blocked(state))
		c->uninterruptible++;

	if (!thread_group_leader(p))
		return;
	t = find_lock_task_mm(p);
	if (!t)
		return;
	c->anon += get_mm_counter(t->mm, MM_ANONPAGES);
	c->file += get_mm_counter(t->mm, MM_FILEPAGES);
	c->shmem += get_mm_counter(t->mm, MM_SHMEMPAGES);
	c->locked += READ_ONCE(t->mm->locked_vm);
	task_unlock(t);
}

/* Without a scheduler's side: no time, no limit, and who asks is running. */
static struct vx_sched_state vx_sched_now(struct vx_info *vxi)
{
	struct vx_sched_state st = { .runnable = 1 };

#ifdef CONFIG_VSERVER_SCHED
	vx_sched_read(vxi->vx_sched, &st);
#endif
	return st;
}

/* Looks at every task of the machine: not for what is called often. */
void vx_take_census(struct vx_info *vxi, struct vx_census *c)
{
	struct vx_census_of of = { vxi, c };

	memset(c, 0, sizeof(*c));
	c->onhold = vx_sched_now(vxi).held;
	vx_walk_tasks(vx_census_task, &of);
}

/* ---- load averages ---- */

static void vx_update_loads(struct work_struct *work);
static DECLARE_DELAYED_WORK(vx_load_work, vx_update_loads);
static unsigned long vx_loads_at;	/* jiffies of the last update */

/* There is a context. */
void vx_start_loads(void)
{
	if (queue_delayed_work(vx_wq, &vx_load_work, LOAD_FREQ))
		WRITE_ONCE(vx_loads_at, jiffies);
}

static void vx_sample_task(struct task_struct *p, void *data)
{
	unsigned int state = READ_ONCE(p->__state);
	struct vx_info *vxi = READ_ONCE(p->vx_info);

	if (!vxi)
		return;
	/* nobody but vx_update_loads() writes these */
	if (vx_task_runs(state)) {
		vxi->vx_sample++;
	} else if (vx_task_blocked(state)) {
		vxi->vx_sample++;
		vxi->vx_sample_blocked++;
	}
}

static void vx_update_load(struct vx_info *vxi, unsigned int periods)
{
	static const unsigned long decay[3] = { EXP_1, EXP_5, EXP_15 };
	/* who is held wants to run as well */
	unsigned long active = (vxi->vx_sample +
				vx_sched_now(vxi).held) * FIXED_1;
	unsigned int i;

	for (i = 0; i < 3; i++)
		WRITE_ONCE(vxi->vx_load[i],
			   calc_load_n(vxi->vx_load[i], decay[i], active,
				       periods));
	WRITE_ONCE(vxi->vx_load_updates, vxi->vx_load_updates + 1);
	WRITE_ONCE(vxi->vx_blocked, vxi->vx_sample_blocked);
}

static void vx_update_loads(struct work_struct *work)
{
	unsigned long now = jiffies;
	unsigned int periods = max((now - READ_ONCE(vx_loads_at)) / LOAD_FREQ,
				   1UL);
	struct vx_info *vxi;
	u32 xid;

	if (!vx_next_xid(VX_XID_MIN))
		return;
	WRITE_ONCE(vx_loads_at, now);

	for (xid = vx_next_xid(VX_XID_MIN); xid; xid = vx_next_xid(xid + 1)) {
		vxi = vx_lookup(xid);
		if (vxi) {
			vxi->vx_sample = 0;
			vxi->vx_sample_blocked = 0;
			vx_put(vxi);
		}
	}
	vx_walk_tasks(vx_sample_task, NULL);
	for (xid = vx_next_xid(VX_XID_MIN); xid; xid = vx_next_xid(xid + 1)) {
		vxi = vx_lookup(xid);
		if (vxi) {
			vx_update_load(vxi, periods);
			vx_put(vxi);
		}
	}

	queue_delayed_work(vx_wq, &vx_load_work, LOAD_FREQ);
}

/* Members; not the claim of a flag. */
static unsigned int vx_threads(struct vx_info *vxi)
{
	int tasks = atomic_read(&vxi->vx_tasks);

	if (vx_state_flag(vxi, VXF_PERSISTENT))
		tasks--;
	return max(tasks, 0);
}

bool __vx_view_load(unsigned long *loads, unsigned long offset, int shift,
		    unsigned int *running, unsigned int *threads)
{
	struct vx_info *vxi = vx_view(VXF_VIRT_LOAD);
	unsigned int i;

	if (!vxi)
		return false;
	for (i = 0; i < 3; i++)
		loads[i] = (READ_ONCE(vxi->vx_load[i]) + offset) << shift;
	*running = vx_sched_now(vxi).runnable;
	*threads = vx_threads(vxi);
	return true;
}

/* ---- time ---- */

static u64 vx_age(struct vx_info *vxi)
{
	return ktime_get_boottime_ns() - vxi->vx_born;
}

/* A time name space has a time of boot of its own: one of the two is enough. */
static struct vx_info *vx_view_time(void)
{
#ifdef CONFIG_TIME_NS
	if (current->nsproxy->time_ns != &init_time_ns)
		return NULL;
#endif
	return vx_view(VXF_VIRT_UPTIME);
}

void __vx_view_uptime(struct timespec64 *uptime, struct timespec64 *idle)
{
	struct vx_info *vxi = vx_view_time();
	u64 age, sum, run;

	if (!vxi)
		return;
	age = vx_age(vxi);
	*uptime = ns_to_timespec64(age);
	if (!idle)
		return;
	run = vx_sched_now(vxi).total.run;
	sum = age * num_online_cpus();
	*idle = ns_to_timespec64(sum > run ? sum - run : 0);
}

void __vx_view_boottime(struct timespec64 *boottime)
{
	struct vx_info *vxi = vx_view_time();

	if (vxi)
		*boottime = timespec64_add(*boottime,
					   ns_to_timespec64(vxi->vx_born));
}

u64 __vx_view_start(u64 boottime)
{
	struct vx_info *vxi = vx_view_time();

	if (!vxi)
		return boottime;
	/* who made the context, and moved in, is older than it */
	return boottime > vxi->vx_born ? boottime - vxi->vx_born : 0;
}

/*
 * Whatever the flags say: it is no secret, and who acts on what it cannot do is
 * not helped. What the context lacks for others is the host's to know.
 */
kernel_cap_t __vx_view_caps(struct task_struct *task, kernel_cap_t caps)
{
	struct vx_info *vxi = current->vx_info;

	if (vxi && task->xid == vxi->vx_id)
		caps.val &= READ_ONCE(vxi->vx_ecaps);
	return caps;
}

/* ---- CPUs ---- */

/*
 * Narrow @mask, of CPUs that could be used, to as many as the limit of the
 * context lets it keep busy.
 */
static void vx_narrow_cpus(struct vx_info *vxi, struct cpumask *mask)
{
	unsigned int all = cpumask_weight(mask), keep;
	u64 limit = vx_sched_now(vxi).params.limit;
	unsigned int cpu;

	if (!limit || !all)
		return;
	keep = min_t(u64, DIV_ROUND_UP_ULL(limit, NSEC_PER_SEC), all);

	/* of the circle of CPUs those from a place of its own on */
	for (cpu = cpumask_nth(vxi->vx_id % all, mask); all > keep; all--) {
		cpu = cpumask_next(cpu, mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(mask);
		cpumask_clear_cpu(cpu, mask);
	}
}

static void vx_context_cpus(struct vx_info *vxi, struct cpumask *mask)
{
	cpuset_cpus_allowed(current, mask);
	cpumask_and(mask, mask, cpu_online_mask);
	vx_narrow_cpus(vxi, mask);
}

void __vx_view_cpus(struct cpumask *mask)
{
	struct vx_info *vxi = vx_view(VXF_VIRT_CPU);
	cpumask_var_t own;

	if (!vxi || !alloc_cpumask_var(&own, GFP_KERNEL))
		return;
	vx_context_cpus(vxi, own);
	/* who is bound to others is told those */
	if (cpumask_intersects(mask, own))
		cpumask_and(mask, mask, own);
	free_cpumask_var(own);
}

bool __vx_cpu_shown(int cpu)
{
	struct vx_info *vxi = vx_view(VXF_VIRT_CPU);
	cpumask_var_t own;
	bool shown;

	if (!vxi || !alloc_cpumask_var(&own, GFP_KERNEL))
		return true;
	vx_context_cpus(vxi, own);
	shown = cpumask_test_cpu(cpu, own);
	free_cpumask_var(own);
	return shown;
}

static void vx_show_times(struct seq_file *m, const char *name, u64 run,
			  u64 sys, u64 there)
{
	u64 idle = there > run ? there - run : 0;

	seq_puts(m, name);
	seq_put_decimal_ull(m, " ", nsec_to_clock_t(run - min(sys, run)));
	seq_puts(m, " 0");
	seq_put_decimal_ull(m, " ", nsec_to_clock_t(sys));
	seq_put_decimal_ull(m, " ", nsec_to_clock_t(idle));
	seq_puts(m, " 0 0 0 0 0 0\n");
}

/*
 * A context that is told of all CPUs it could use is told what it used of each;
 * one that is told of fewer has its time spread over these evenly.
 */
static void vx_show_cpus(struct seq_file *m, struct vx_info *vxi,
			 const struct cpumask *cpus, u64 age)
{
	unsigned int n = max(cpumask_weight(cpus), 1U);
	struct vx_sched_times total = vx_sched_now(vxi).total, t;
	char name[16];
	bool all;
	int cpu;

	vx_show_times(m, "cpu ", total.run, total.sys, age * n);
	all = n == num_online_cpus();
	for_each_cpu(cpu, cpus) {
		t.run = div_u64(total.run, n);
		t.sys = div_u64(total.sys, n);
#ifdef CONFIG_VSERVER_SCHED
		if (all)
			vx_sched_read_cpu(vxi->vx_sched, cpu, &t);
#endif
		snprintf(name, sizeof(name), "cpu%d", cpu);
		vx_show_times(m, name, t.run, t.sys, age);
	}
}

bool __vx_show_stat(struct seq_file *m)
{
	struct vx_info *vxi = vx_view(VXF_VIRT_CPU);
	struct timespec64 boottime;
	cpumask_var_t cpus;

	if (!vxi || !alloc_cpumask_var(&cpus, GFP_KERNEL))
		return false;
	vx_context_cpus(vxi, cpus);
	vx_show_cpus(m, vxi, cpus, vx_age(vxi));
	free_cpumask_var(cpus);

	getboottime64(&boottime);
	timens_sub_boottime(&boottime);
	__vx_view_boottime(&boottime);
	/* interrupts are nobody's, and would tell of the neighbours */
	seq_printf(m,
		   "intr 0\n"
		   "ctxt 0\n"
		   "btime %llu\n"
		   "processes %lu\n"
		   "procs_running %u\n"
		   "procs_blocked %u\n"
		   "softirq 0 0 0 0 0 0 0 0 0 0 0\n",
		   (unsigned long long)boottime.tv_sec,
		   atomic_long_read(&vxi->vx_forks), vx_sched_now(vxi).runnable,
		   READ_ONCE(vxi->vx_blocked));
	return true;
}

/* ---- memory ---- */

#ifdef CONFIG_MEMCG

/* Pages; what limits the reader most is @memcg. */
struct vx_memory {
	unsigned long total, free;
	unsigned long swap_total, swap_free;
	struct mem_cgroup *memcg;
};

static void vx_least(struct page_counter *c, unsigned long *total,
		     unsigned long *free)
{
	unsigned long max = READ_ONCE(c->max), used = page_counter_read(c);

	if (max == PAGE_COUNTER_MAX)
		return;
	*total = min(*total, max);
	*free = min(*free, max > used ? max - used : 0);
}

/*
 * What the control groups of the reader leave of what is in @m, the machine's.
 * False: they limit nothing. Else @m->memcg has a reference.
 */
static bool vx_find_memory(struct vx_memory *m)
{
	unsigned long total = m->total, swap = m->swap_total;
	struct mem_cgroup *memcg, *least = NULL;

	if (mem_cgroup_disabled())
		return false;
	rcu_read_lock();
	for (memcg = mem_cgroup_from_task(current);
	     memcg && !mem_cgroup_is_root(memcg);
	     memcg = parent_mem_cgroup(memcg)) {
		unsigned long before = m->total;

		vx_least(&memcg->memory, &m->total, &m->free);
		if (cgroup_subsys_on_dfl(memory_cgrp_subsys))
			vx_least(&memcg->swap, &m->swap_total, &m->swap_free);
		/* its statistics are those of everything below the limit */
		if (!least || m->total < before)
			least = memcg;
	}
	/* an ancestor stays as long as its child, which current is in */
	if ((m->total == total && m->swap_total == swap) || !least ||
	    !css_tryget(&least->css)) {
		rcu_read_unlock();
		return false;
	}
	rcu_read_unlock();
	m->memcg = least;
	return true;
}

static void vx_memory_of(struct vx_memory *m, const struct sysinfo *info)
{
	*m = (struct vx_memory) {
		.total = info->totalram,
		.free = info->freeram,
		.swap_total = info->totalswap,
		.swap_free = info->freeswap,
	};
}

void __vx_view_memory(struct sysinfo *info)
{
	struct vx_memory m;

	if (!vx_view(VXF_VIRT_MEM))
		return;
	vx_memory_of(&m, info);
	if (!vx_find_memory(&m))
		return;
	info->totalram = m.total;
	info->freeram = m.free;
	info->totalswap = m.swap_total;
	info->freeswap = m.swap_free;
	info->bufferram = 0;
	info->sharedram = memcg_page_state(m.memcg, NR_SHMEM);
	info->totalhigh = 0;
	info->freehigh = 0;
	css_put(&m.memcg->css);
}

static void vx_show_kb(struct seq_file *m, const char *name, u64 kb)
{
	seq_put_decimal_ull_width(m, name, kb, 8);
	seq_write(m, " kB\n", 4);
}

static void vx_show_pages(struct seq_file *m, const char *name, u64 pages)
{
	vx_show_kb(m, name, pages << (PAGE_SHIFT - 10));
}

bool __vx_show_meminfo(struct seq_file *m)
{
	unsigned long file, cached, reclaimable, unreclaimable;
	unsigned long lru[NR_LRU_LISTS];
	struct mem_cgroup *memcg;
	struct sysinfo info;
	struct vx_memory mem;
	unsigned int i;

	if (!vx_view(VXF_VIRT_MEM))
		return false;
	si_meminfo(&info);
	si_swapinfo(&info);
	vx_memory_of(&mem, &info);
	if (!vx_find_memory(&mem))
		return false;

	memcg = mem.memcg;
	mem_cgroup_flush_stats(memcg);
	for (i = 0; i < NR_LRU_LISTS; i++)
		lru[i] = memcg_page_state(memcg, NR_LRU_BASE + i);
	file = lru[LRU_ACTIVE_FILE] + lru[LRU_INACTIVE_FILE];
	cached = memcg_page_state(memcg, NR_FILE_PAGES);
	/* of the kernel's slabs, in bytes */
	reclaimable = memcg_page_state(memcg, NR_SLAB_RECLAIMABLE_B) >> PAGE_SHIFT;
	unreclaimable = memcg_page_state(memcg, NR_SLAB_UNRECLAIMABLE_B) >>
			PAGE_SHIFT;

	vx_show_pages(m, "MemTotal:       ", mem.total);
	vx_show_pages(m, "MemFree:        ", mem.free);
	vx_show_pages(m, "MemAvailable:   ",
		      min3(mem.total, mem.free + file + reclaimable,
			   (unsigned long)max(si_mem_available(), 0L)));
	vx_show_pages(m, "Buffers:        ", 0);
	vx_show_pages(m, "Cached:         ", cached);
	vx_show_pages(m, "SwapCached:     ", 0);
	vx_show_pages(m, "Active:         ",
		      lru[LRU_ACTIVE_ANON] + lru[LRU_ACTIVE_FILE]);
	vx_show_pages(m, "Inactive:       ",
		      lru[LRU_INACTIVE_ANON] + lru[LRU_INACTIVE_FILE]);
	vx_show_pages(m, "Active(anon):   ", lru[LRU_ACTIVE_ANON]);
	vx_show_pages(m, "Inactive(anon): ", lru[LRU_INACTIVE_ANON]);
	vx_show_pages(m, "Active(file):   ", lru[LRU_ACTIVE_FILE]);
	vx_show_pages(m, "Inactive(file): ", lru[LRU_INACTIVE_FILE]);
	vx_show_pages(m, "Unevictable:    ", lru[LRU_UNEVICTABLE]);
	vx_show_pages(m, "Mlocked:        ", lru[LRU_UNEVICTABLE]);
	vx_show_pages(m, "SwapTotal:      ", mem.swap_total);
	vx_show_pages(m, "SwapFree:       ", mem.swap_free);
	vx_show_pages(m, "Dirty:          ",
		      memcg_page_state(memcg, NR_FILE_DIRTY));
	vx_show_pages(m, "Writeback:      ",
		      memcg_page_state(memcg, NR_WRITEBACK));
	vx_show_pages(m, "AnonPages:      ",
		      memcg_page_state(memcg, NR_ANON_MAPPED));
	vx_show_pages(m, "Mapped:         ",
		      memcg_page_state(memcg, NR_FILE_MAPPED));
	vx_show_pages(m, "Shmem:          ", memcg_page_state(memcg, NR_SHMEM));
	vx_show_pages(m, "KReclaimable:   ", reclaimable);
	vx_show_pages(m, "Slab:           ", reclaimable + unreclaimable);
	vx_show_pages(m, "SReclaimable:   ", reclaimable);
	vx_show_pages(m, "SUnreclaim:     ", unreclaimable);
	vx_show_kb(m, "KernelStack:    ",
		   memcg_page_state(memcg, NR_KERNEL_STACK_KB));
	vx_show_pages(m, "PageTables:     ",
		      memcg_page_state(memcg, NR_PAGETABLE));
	vx_show_pages(m, "CommitLimit:    ", mem.total + mem.swap_total);
	vx_show_pages(m, "Committed_AS:   ",
		      memcg_page_state(memcg, NR_ANON_MAPPED) +
		      memcg_page_state(memcg, NR_SHMEM));
	css_put(&memcg->css);
	return true;
}

bool __vx_show_swaps(struct seq_file *m, bool line)
{
	struct sysinfo info;
	struct vx_memory mem;

	if (!vx_view(VXF_VIRT_MEM))
		return false;
	memset(&info, 0, sizeof(info));
	si_meminfo(&info);
	si_swapinfo(&info);
	vx_memory_of(&mem, &info);
	if (!vx_find_memory(&mem))
		return false;
	css_put(&mem.memcg->css);
	if (line && mem.swap_total)
		seq_printf(m, "%-40svirtual\t\t%lu\t\t%lu\t\t0\n", "none",
			   mem.swap_total << (PAGE_SHIFT - 10),
			   (mem.swap_total - mem.swap_free) << (PAGE_SHIFT - 10));
	return true;
}

#else /* !CONFIG_MEMCG */

void __vx_view_memory(struct sysinfo *info) { }
bool __vx_show_meminfo(struct seq_file *m) { return false; }
bool __vx_show_swaps(struct seq_file *m, bool line) { return false; }

#endif /* CONFIG_MEMCG */

/* ---- for who looks from outside ---- */

long vc_virt_stat(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_virt_stat *vc = arg;
	struct vx_census c;
	unsigned int i;

	vx_take_census(vxi, &c);
	vc->offset = vxi->vx_born;
	vc->uptime = vx_age(vxi);
	vc->nr_threads = c.threads;
	vc->nr_running = c.running;
	vc->nr_uninterruptible = c.uninterruptible;
	vc->nr_onhold = c.onhold;
	vc->nr_forks = atomic_long_read(&vxi->vx_forks);
	for (i = 0; i < 3; i++)
		vc->load[i] = READ_ONCE(vxi->vx_load[i]);
	return 0;
}

/* /proc/virtual/<xid>/cvirt */
void vx_show_virtual(struct seq_file *m, struct vx_info *vxi)
{
	struct timespec64 born = ns_to_timespec64(vxi->vx_born);
	unsigned long load[3];
	struct vx_census c;
	unsigned int i;

	vx_take_census(vxi, &c);
	for (i = 0; i < 3; i++)
		load[i] = READ_ONCE(vxi->vx_load[i]) + FIXED_1 / 200;
	seq_printf(m, "BiasUptime:\t%llu.%02lu\n",
		   (unsigned long long)born.tv_sec,
		   born.tv_nsec / (NSEC_PER_SEC / 100));
	seq_printf(m, "nr_threads:\t%u\n", c.threads);
	seq_printf(m, "nr_running:\t%u\n", c.running);
	seq_printf(m, "nr_unintr:\t%u\n", c.uninterruptible);
	seq_printf(m, "nr_onhold:\t%u\n", c.onhold);
	seq_printf(m, "load_updates:\t%u\n", READ_ONCE(vxi->vx_load_updates));
	seq_printf(m, "loadavg:\t%lu.%02lu %lu.%02lu %lu.%02lu\n",
		   LOAD_INT(load[0]), LOAD_FRAC(load[0]),
		   LOAD_INT(load[1]), LOAD_FRAC(load[1]),
		   LOAD_INT(load[2]), LOAD_FRAC(load[2]));
	seq_printf(m, "total_forks:\t%lu\n", atomic_long_read(&vxi->vx_forks));
}
