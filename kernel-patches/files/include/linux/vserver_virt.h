/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What members of a context are told of the machine, by files and system calls:
 * of their own part, if the flags of the context say so (VXF_VIRT_*).
 *
 * Each function leaves what it was given alone where there is nothing else to
 * tell. All are for process context.
 */
#ifndef _LINUX_VSERVER_VIRT_H
#define _LINUX_VSERVER_VIRT_H

#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/vserver.h>

struct seq_file;
struct sysinfo;
struct timespec64;

#ifdef CONFIG_VSERVER

/* kernel/vserver/virt.c */
void __vx_view_uptime(struct timespec64 *uptime, struct timespec64 *idle);
void __vx_view_boottime(struct timespec64 *boottime);
u64 __vx_view_start(u64 boottime);
kernel_cap_t __vx_view_caps(struct task_struct *task, kernel_cap_t caps);
bool __vx_view_load(unsigned long *loads, unsigned long offset, int shift,
		    unsigned int *running, unsigned int *threads);
void __vx_view_memory(struct sysinfo *info);
void __vx_view_cpus(struct cpumask *mask);
bool __vx_cpu_shown(int cpu);
bool __vx_show_stat(struct seq_file *m);
bool __vx_show_meminfo(struct seq_file *m);
bool __vx_show_swaps(struct seq_file *m, bool line);

/* @idle: time that CPUs had nothing to do, added up, or NULL */
static inline void vx_view_uptime(struct timespec64 *uptime,
				  struct timespec64 *idle)
{
	if (vx_active())
		__vx_view_uptime(uptime, idle);
}

static inline void vx_view_boottime(struct timespec64 *boottime)
{
	if (vx_active())
		__vx_view_boottime(boottime);
}

/* When something started, in ns since boot. */
static inline u64 vx_view_start(u64 boottime)
{
	return vx_active() ? __vx_view_start(boottime) : boottime;
}

/* @caps of @task, without what the context of @task and current withholds. */
static inline kernel_cap_t vx_view_caps(struct task_struct *task,
					kernel_cap_t caps)
{
	return vx_active() ? __vx_view_caps(task, caps) : caps;
}

/*
 * @loads as from get_avenrun() with the same @offset and @shift; @running and
 * @threads of the context. False: the machine's are to be told.
 */
static inline bool vx_view_load(unsigned long *loads, unsigned long offset,
				int shift, unsigned int *running,
				unsigned int *threads)
{
	return vx_active() &&
	       __vx_view_load(loads, offset, shift, running, threads);
}

/* @info as from si_meminfo() and si_swapinfo() */
static inline void vx_view_memory(struct sysinfo *info)
{
	if (vx_active())
		__vx_view_memory(info);
}

/* Leaves at least one of the CPUs in @mask. */
static inline void vx_view_cpus(struct cpumask *mask)
{
	if (vx_active())
		__vx_view_cpus(mask);
}

static inline bool vx_cpu_shown(int cpu)
{
	return !vx_active() || __vx_cpu_shown(cpu);
}

/* The whole file, or false. */
static inline bool vx_show_stat(struct seq_file *m)
{
	return vx_active() && __vx_show_stat(m);
}

static inline bool vx_show_meminfo(struct seq_file *m)
{
	return vx_active() && __vx_show_meminfo(m);
}

/*
 * False: the machine's swap space is to be told. Else, with @line, all there is
 * to tell but the head of the table.
 */
static inline bool vx_show_swaps(struct seq_file *m, bool line)
{
	return vx_active() && __vx_show_swaps(m, line);
}

#else /* !CONFIG_VSERVER */

static inline void vx_view_uptime(struct timespec64 *uptime,
				  struct timespec64 *idle) { }
static inline void vx_view_boottime(struct timespec64 *boottime) { }
static inline u64 vx_view_start(u64 boottime) { return boottime; }
static inline kernel_cap_t vx_view_caps(struct task_struct *task,
					kernel_cap_t caps)
{
	return caps;
}

static inline bool vx_view_load(unsigned long *loads, unsigned long offset,
				int shift, unsigned int *running,
				unsigned int *threads)
{
	return false;
}

static inline void vx_view_memory(struct sysinfo *info) { }
static inline void vx_view_cpus(struct cpumask *mask) { }
static inline bool vx_cpu_shown(int cpu) { return true; }
static inline bool vx_show_stat(struct seq_file *m) { return false; }
static inline bool vx_show_meminfo(struct seq_file *m) { return false; }

static inline bool vx_show_swaps(struct seq_file *m, bool line)
{
	return false;
}

#endif /* CONFIG_VSERVER */
#endif /* _LINUX_VSERVER_VIRT_H */
