/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU time of contexts, as the rest of the kernel sees it.
 *
 * struct vx_sched is the scheduler's side of a context: its task group, its
 * accounts, its limit. It lives longer than the context: every task holds a
 * reference until its task_struct is freed, because the scheduler uses the
 * task's group until the last switch away from it, long after do_exit() has
 * let the context go.
 *
 * All hooks are behind vx_sched_active(), a static key that is on while a
 * struct vx_sched exists.
 */
#ifndef _LINUX_VSERVER_SCHED_H
#define _LINUX_VSERVER_SCHED_H

#include <linux/types.h>

struct task_struct;
struct vx_sched;

/**
 * struct vx_sched_params - what is in force for a context
 * @weight: 1..10000, for display; @shares is made of it
 * @shares: in the unit of cpu.shares, 1024 for the default weight
 * @floor: guarantee, ns of CPU time per second, 0 for none
 * @limit: ns of CPU time per second, 0 for none
 * @burst: ns, most that can be saved up below @limit
 * @resume: ns, what must be saved up before held tasks go on; at most @burst
 * @start: ns, what is there when a limit begins
 * @soft: out of tokens lowers the weight, nothing is held
 * @paused: hold everything
 */
struct vx_sched_params {
	u32 weight;
	unsigned long shares;
	u64 floor;
	u64 limit;
	u64 burst;
	u64 resume;
	u64 start;
	bool soft;
	bool paused;
};

/* Totals in ns since the context was made, of one CPU or of all. */
struct vx_sched_times {
	u64 run;
	u64 user;
	u64 sys;
	u64 hold;
	u64 delay;
	u64 holds;	/* a count */
};

struct vx_sched_state {
	struct vx_sched_params params;
	struct vx_sched_times total;
	unsigned long eff;	/* unit of cpu.shares */
	s64 lag;		/* ns */
	s64 tokens;		/* ns */
	unsigned int held;
	unsigned int runnable;
};

#ifdef CONFIG_VSERVER_SCHED

#include <linux/jump_label_ratelimit.h>
#include <linux/sched.h>

extern struct static_key_false_deferred vx_sched_key;

#define vx_sched_active()	static_branch_unlikely(&vx_sched_key.key)

/* Contexts in contexts: of the host's groups down to that of a task, at most. */
#define VX_SCHED_DEPTH		4

/* kernel/sched/vx_group.c */
struct vx_sched *vx_sched_create(u32 xid, struct vx_sched *parent);
void vx_sched_put(struct vx_sched *vs);
unsigned long vx_sched_shares(u32 weight, int bias);
void vx_sched_move(struct vx_sched *vs);
void vx_sched_apply(struct vx_sched *vs, const struct vx_sched_params *params);
void vx_sched_set_tokens(struct vx_sched *vs, u64 ns);
void vx_sched_read(struct vx_sched *vs, struct vx_sched_state *state);
void vx_sched_read_cpu(struct vx_sched *vs, int cpu,
		       struct vx_sched_times *times);
void vx_sched_host_cpu(int cpu, struct vx_sched_times *times);
int vx_sched_set_host(unsigned int weight);
void __vx_sched_fork(struct task_struct *p);
void __vx_sched_free(struct task_struct *p);
void __vx_hold_current(void);

/* A task_struct has just been copied from current's. */
static inline void vx_sched_fork(struct task_struct *p)
{
	if (vx_sched_active())
		__vx_sched_fork(p);
}

/* A task_struct is about to be freed. */
static inline void vx_sched_free(struct task_struct *p)
{
	if (vx_sched_active())
		__vx_sched_free(p);
}

/*
 * On the way to user mode: wait here while the context is out of CPU time.
 * The only place where a limit stops anybody, so no lock of the kernel is ever
 * held meanwhile.
 */
static inline void vx_hold_current(void)
{
	if (vx_sched_active() && READ_ONCE(current->vx_hold))
		__vx_hold_current();
}

#else /* !CONFIG_VSERVER_SCHED */

#define vx_sched_active()	false

static inline void vx_sched_fork(struct task_struct *p) { }
static inline void vx_sched_free(struct task_struct *p) { }
static inline void vx_hold_current(void) { }

#endif /* CONFIG_VSERVER_SCHED */
#endif /* _LINUX_VSERVER_SCHED_H */
