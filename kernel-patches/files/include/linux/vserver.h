/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts: isolated Linux systems on one kernel.
 *
 * A context (struct vx_info, id "xid") ties together the identity, isolation
 * and accounting of a set of tasks.  This header is all that the hooks in
 * the rest of the kernel see.  Every hook is behind vx_active(), a static
 * key that is off while no context exists, and compiles away completely
 * without CONFIG_VSERVER.
 *
 * Labels: task->xid is the number of the task's context and outlives the
 * context pointer (a zombie still has its xid).  struct pid carries the same
 * number for the task it was allocated for, so that a lookup by number can be
 * filtered without looking at the task.  Both change only when a
 * single-threaded task moves itself, see vx_migrate_self().
 *
 * task->vx_info is set and cleared by the task itself only.  Others may read
 * it under rcu_read_lock(): the structure is freed after a grace period.
 */
#ifndef _LINUX_VSERVER_H
#define _LINUX_VSERVER_H

#include <linux/types.h>
#include <linux/errno.h>
#include <uapi/linux/vserver.h>

struct cred;
struct nsproxy;
struct pid;
struct pid_namespace;
struct qstr;
struct seq_file;
struct task_struct;
struct user_namespace;
struct vx_cpu_settings;
struct vx_sched;
struct vx_disk;

#ifdef CONFIG_VSERVER

#include <linux/jump_label_ratelimit.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

extern struct static_key_false_deferred vx_key;

/* Is there any context at all?  A nop while there is none. */
#define vx_active()	static_branch_unlikely(&vx_key.key)

/* vx_info.vx_state */
enum {
	VXS_SHUTDOWN = 0,	/* last claim gone, id free for reuse */
	VXS_RELEASED,		/* helper has run, spaces are dropped */
	VXS_HELPER,		/* a reboot helper is running */
	VXS_INIT_GONE,		/* exit_code is that of the init */
};

/* What is counted as it happens; limit.c maps Linux-VServer's ids to these. */
enum vx_limit_nr {
	VX_LIMIT_NPROC,
	VX_LIMIT_AS,
	VX_LIMIT_LOCKS,
	VX_LIMIT_NSOCK,
	VX_LIMIT_OPENFD,
	VX_LIMIT_MSGQUEUE,
	VX_LIMIT_SHMEM,
	VX_LIMIT_SEMARY,
	VX_LIMIT_NSEMS,
	VX_NR_LIMITS
};

struct vx_limit {
	atomic_long_t		cur;
	long			min, max;	/* observed */
	long			soft, hard;	/* LONG_MAX: none */
	atomic_long_t		hits;
};

struct vx_space {
	unsigned long		mask;	/* CLONE_* recorded here */
	struct nsproxy		*nsproxy;
	struct fs_struct	*fs;
};

/**
 * struct vx_info - a context
 * @vx_fake_init: the init as long as it is presented as pid 1, else NULL;
 *	no reference is held: vx_exit_task() clears it before the pid can go
 * @vx_id: context id, 2..65535, constant
 * @vx_flags: cflags, changed under @vx_lock
 * @vx_bcaps: POSIX capabilities that members keep, as stored by userland
 * @vx_ecaps: @vx_bcaps after the clamp, what the capability check uses
 * @vx_usecnt: references to the structure
 * @vx_tasks: claims: members, plus one while VXF_PERSISTENT, plus one for each
 *	context in it; at zero the context is unhashed and shut down, once
 * @vx_init: pid of the init, NULL if none; lifetime as @vx_fake_init
 * @vx_initpid: its number in the initial pid namespace, or 0
 * @vx_reaper: process that inherits orphans, or NULL; lifetime as
 *	@vx_fake_init
 * @vx_parent: the context that it shares CPU time in, with a reference and, until
 *	the end, a claim; or NULL; constant
 * @vx_sched: the scheduler's side, constant
 * @vx_cpu: settings of CPU time, of kernel/vserver/sched.c
 * @vx_disks: accounts of disks, of kernel/vserver/disk.c
 * @vx_limits: counters and limits, of kernel/vserver/limit.c
 * @vx_born: when it was made, by the clock of boot time, in ns, constant
 * @vx_forks: processes and threads made in it
 * @vx_load: averages as the kernel keeps its own, of kernel/vserver/virt.c
 * @vx_load_updates: how often they were brought up to date
 * @vx_sample: runnable members, while the averages are brought up to date
 * @vx_sample_blocked: of these, those that wait without interruption
 * @vx_blocked: how many the last update found
 * @vx_lock: protects flag words, @vx_init*, @vx_reaper, exit status
 * @vx_space_lock: protects @vx_space; taken with no other lock held
 */
struct vx_info {
	struct pid		*vx_fake_init;
	u32			vx_id;
	u64			vx_flags;
	u64			vx_ecaps;
	u64			vx_bcaps;
	u64			vx_ccaps;
	u64			vx_umask;
	u64			vx_wmask;
	s64			vx_badness;

	refcount_t		vx_usecnt;
	atomic_t		vx_tasks;
	unsigned long		vx_state;
	spinlock_t		vx_lock;	/* words, init, exit status */

	struct pid		*vx_init;
	pid_t			vx_initpid;
	struct pid		*vx_reaper;

	struct mutex		vx_space_lock;	/* vx_space */
	struct vx_space		vx_space[VX_SPACES];

#ifdef CONFIG_VSERVER_SCHED
	struct vx_info		*vx_parent;
	struct vx_sched		*vx_sched;
	struct vx_cpu_settings	*vx_cpu;
#endif

	wait_queue_head_t	vx_wait;
	u32			reboot_cmd;
	int			exit_code;

	char			vx_name[VX_VHI_NAME_LEN];
#ifdef CONFIG_VSERVER_DISK
	struct vx_disk		*vx_disks;
#endif
#ifdef CONFIG_VSERVER_LIMIT
	struct vx_limit		vx_limits[VX_NR_LIMITS];
#endif
#ifdef CONFIG_KEYS
	struct key		*vx_user_register;	/* <linux/vserver_keys.h> */
#endif
	u64			vx_born;
	atomic_long_t		vx_forks;
	unsigned long		vx_load[3];
	unsigned int		vx_load_updates;
	unsigned int		vx_sample;
	unsigned int		vx_sample_blocked;
	unsigned int		vx_blocked;
	struct work_struct	vx_release_work;
	struct rcu_head		vx_rcu;
};

static inline u32 vx_current_xid(void)
{
	return current->xid;
}

static inline void vx_label_pid(struct pid *pid)
{
	pid->vx_xid = vx_current_xid();
}

/* kernel/vserver/context.c */
void __vx_fork_task(struct task_struct *p);
void __vx_unfork_task(struct task_struct *p);
void __vx_exit_task(struct task_struct *p, long code, bool group_dead);

/* kernel/vserver/pid.c */
struct pid *vx_find_pid_ns(int nr, struct pid_namespace *ns);
struct pid *vx_find_ge_pid(unsigned int *nr, struct pid_namespace *ns);
bool __vx_pid_visible(struct pid *pid);
bool __vx_task_visible(struct task_struct *p);
bool __vx_task_reachable(struct task_struct *p);
bool __vx_ptrace_allowed(struct task_struct *p, unsigned int mode);
pid_t vx_view_nr(struct task_struct *p, unsigned int type,
		 struct pid_namespace *ns);
pid_t vx_view_pid(struct pid *pid, struct pid_namespace *ns);
struct task_struct *__vx_child_reaper(struct task_struct *father,
				      struct task_struct *reaper);
pid_t vx_view_ppid(struct task_struct *p, struct pid_namespace *ns);
int vx_proc_revalidate(struct task_struct *p, struct pid *pid,
		       const struct qstr *name, struct pid_namespace *ns);

/* kernel/vserver/cap.c */
bool __vx_cap_masked(int cap);
bool vx_uts_capable(void);
bool vx_ns_capable_space(struct user_namespace *ns, unsigned long flags);
int __vx_check_spaces(unsigned long flags);

/* kernel/vserver/helper.c */
int vx_reboot(unsigned int cmd, void __user *arg);

/* kernel/vserver/context.c */
long __vx_badness(struct task_struct *p, unsigned long totalpages);

/* fs/proc/vserver.c */
int proc_pid_vx_info(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *p);
int proc_pid_nx_info(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *p);
void proc_vserver_status(struct seq_file *m, struct task_struct *p);

/* kernel/nsproxy.c */
struct nsproxy *vx_nsproxy_merge(unsigned long mask, struct nsproxy *base,
				 struct nsproxy *from);

/*
 * Fork: the child is a member of the parent's context and claims it.  Never
 * fails: the parent's own claim keeps the context alive.
 */
static inline void vx_fork_task(struct task_struct *p)
{
	if (vx_active())
		__vx_fork_task(p);
}

/* A fork that failed after vx_fork_task(). */
static inline void vx_unfork_task(struct task_struct *p)
{
	if (vx_active())
		__vx_unfork_task(p);
}

/*
 * Exit: drop the claim before the parent can reap the task, so that whoever
 * waited for the last task finds the context gone.  May sleep.
 */
static inline void vx_exit_task(struct task_struct *p, long code,
				bool group_dead)
{
	if (vx_active())
		__vx_exit_task(p, code, group_dead);
}

static inline struct task_struct *vx_child_reaper(struct task_struct *father,
						  struct task_struct *reaper)
{
	if (vx_active())
		return __vx_child_reaper(father, reaper);
	return reaper;
}

/* May current learn that this task exists? */
static inline bool vx_task_visible(struct task_struct *p)
{
	return !vx_active() || __vx_task_visible(p);
}

/* May current send a signal to the task, or change it? */
static inline bool vx_task_reachable(struct task_struct *p)
{
	return !vx_active() || __vx_task_reachable(p);
}

static inline bool vx_ptrace_allowed(struct task_struct *p, unsigned int mode)
{
	return !vx_active() || __vx_ptrace_allowed(p, mode);
}

/*
 * The number under which current's context sees @pid, given its plain number
 * in current's pid namespace: the init of a context with VXF_INFO_INIT is
 * pid 1, and a process of another context has no number.
 */
static inline pid_t vx_map_nr(struct pid *pid, pid_t nr)
{
	struct vx_info *vxi = current->vx_info;

	if (!nr || !vxi)
		return nr;
	if (unlikely(pid == READ_ONCE(vxi->vx_fake_init)))
		return 1;
	if (unlikely(pid->vx_xid != vxi->vx_id))
		return READ_ONCE(vxi->vx_fake_init) ? 0 : nr;
	return nr;
}

/*
 * Is the capability withheld from current by the bcaps of its context?  Holds
 * in every user namespace.
 */
static inline bool vx_cap_masked(int cap)
{
	return vx_active() && __vx_cap_masked(cap);
}

/* May current make, or move to, the name spaces of @flags (CLONE_NEW*)? */
static inline int vx_check_spaces(unsigned long flags)
{
	return vx_active() ? __vx_check_spaces(flags) : 0;
}

static inline bool vx_in_context(void)
{
	return vx_active() && vx_current_xid();
}

/* Does an object made under @xid belong to current's context? */
static inline bool vx_same_context(u32 xid)
{
	return !vx_active() || xid == vx_current_xid();
}

static inline bool vx_same_task_context(struct task_struct *a,
					struct task_struct *b)
{
	return !vx_active() || a->xid == b->xid;
}

static inline long vx_badness(struct task_struct *p, unsigned long totalpages)
{
	return vx_active() ? __vx_badness(p, totalpages) : 0;
}

#else /* !CONFIG_VSERVER */

#define vx_active()	false

static inline void vx_fork_task(struct task_struct *p) { }
static inline void vx_unfork_task(struct task_struct *p) { }
static inline void vx_exit_task(struct task_struct *p, long code,
				bool group_dead) { }

static inline struct task_struct *vx_child_reaper(struct task_struct *father,
						  struct task_struct *reaper)
{
	return reaper;
}

static inline bool vx_task_visible(struct task_struct *p) { return true; }
static inline bool vx_task_reachable(struct task_struct *p) { return true; }

static inline bool vx_ptrace_allowed(struct task_struct *p, unsigned int mode)
{
	return true;
}

static inline bool vx_cap_masked(int cap) { return false; }
static inline int vx_check_spaces(unsigned long flags) { return 0; }
static inline bool vx_in_context(void) { return false; }
static inline bool vx_same_context(u32 xid) { return true; }

static inline bool vx_same_task_context(struct task_struct *a,
					struct task_struct *b)
{
	return true;
}

static inline long vx_badness(struct task_struct *p, unsigned long totalpages)
{
	return 0;
}

static inline u32 vx_current_xid(void) { return 0; }
static inline void vx_label_pid(struct pid *pid) { }
static inline pid_t vx_map_nr(struct pid *pid, pid_t nr) { return nr; }

static inline struct pid *vx_find_pid_ns(int nr, struct pid_namespace *ns)
{
	return NULL;
}

static inline struct pid *vx_find_ge_pid(unsigned int *nr,
					 struct pid_namespace *ns)
{
	return NULL;
}

#define vx_view_nr(p, type, ns)		__task_pid_nr_ns(p, type, ns)
#define vx_view_pid(pid, ns)		pid_nr_ns(pid, ns)
#define vx_view_ppid(p, ns)		task_ppid_nr_ns(p, ns)
#define vx_uts_capable() \
	ns_capable(current->nsproxy->uts_ns->user_ns, CAP_SYS_ADMIN)
#define vx_ns_capable_space(ns, flags) \
	((void)(flags), ns_capable(ns, CAP_SYS_ADMIN))

static inline int vx_proc_revalidate(struct task_struct *p, struct pid *pid,
				     const struct qstr *name,
				     struct pid_namespace *ns)
{
	return 1;
}

static inline int vx_reboot(unsigned int cmd, void __user *arg)
{
	return -EPERM;
}

static inline void proc_vserver_status(struct seq_file *m,
				       struct task_struct *p) { }

#endif /* CONFIG_VSERVER */
#endif /* _LINUX_VSERVER_H */
