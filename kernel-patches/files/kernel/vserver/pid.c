// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees whom, and under which number.
 *
 * The rules, for a task of context "cur" that looks at one of context "x":
 *
 *   cur == x			sees it and reaches it
 *   cur == 1 (watch)		sees all, reaches only the watch id
 *   cur == 0 (host)		sees and reaches 0 and 1; sees its own children
 *				wherever they are, so that it can wait for
 *				them, and those it traces; sees all with
 *				kernel.vserver.host_sees_all
 *   otherwise			neither; without an init of its own a context
 *				sees the host's pid 1 in that role
 *
 * "Sees" is what look-ups and lists give; "reaches" is what signals and
 * priorities need.  Signals to a context from outside go through the
 * ctx_kill command.
 */
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "internal.h"

/*
 * The caller's init as long as it is to be shown as pid 1 in @ns, else NULL.
 * Under RCU: the pid stays attached to the exiting process until it is
 * released, which is after vx_exit_task() has cleared the pointer.
 */
static struct pid *vx_init_in(struct pid_namespace *ns)
{
	struct vx_info *vxi = current->vx_info;
	struct pid *init = vxi ? READ_ONCE(vxi->vx_fake_init) : NULL;

	return init && ns_of_pid(init) == ns ? init : NULL;
}

static bool vx_is_machine_init(struct pid *pid)
{
	return pid->level == 0 && pid->numbers[0].nr == 1;
}

/* Under RCU, or with a reference to the task. */
static bool vx_is_child(struct task_struct *p)
{
	bool ret;

	rcu_read_lock();
	ret = same_thread_group(rcu_dereference(p->real_parent), current);
	rcu_read_unlock();
	return ret;
}

/*
 * A host process that was traced before it entered a context stays with its
 * tracer, which could otherwise neither continue it nor let go of it.
 */
static bool vx_is_traced(struct task_struct *p)
{
	bool ret;

	rcu_read_lock();
	ret = READ_ONCE(p->ptrace) &&
	      same_thread_group(rcu_dereference(p->parent), current);
	rcu_read_unlock();
	return ret;
}

/* The rules above; one of @pid and @p may be NULL. */
static bool vx_sees(u32 xid, struct pid *pid, struct task_struct *p)
{
	u32 cur = vx_current_xid();
	struct vx_info *vxi;
	bool own;

	if (xid == cur || cur == VX_XID_WATCH)
		return true;

	if (cur == VX_XID_HOST) {
		if (xid == VX_XID_WATCH || READ_ONCE(vx_host_sees_all))
			return true;
		rcu_read_lock();
		if (!p)
			p = pid_task(pid, PIDTYPE_PID);
		own = p && (vx_is_child(p) || vx_is_traced(p));
		rcu_read_unlock();
		return own;
	}

	vxi = current->vx_info;
	if (xid == VX_XID_HOST && vxi && !READ_ONCE(vxi->vx_init)) {
		if (!pid)
			pid = task_tgid(p);
		return vx_is_machine_init(pid);
	}
	return false;
}

bool __vx_pid_visible(struct pid *pid)
{
	return vx_sees(READ_ONCE(pid->vx_xid), pid, NULL);
}

bool __vx_task_visible(struct task_struct *p)
{
	return vx_sees(READ_ONCE(p->xid), NULL, p);
}

bool __vx_task_reachable(struct task_struct *p)
{
	u32 cur = vx_current_xid(), xid = READ_ONCE(p->xid);

	return xid == cur ||
	       (cur == VX_XID_HOST && xid == VX_XID_WATCH) ||
	       same_thread_group(p, current);
}

/*
 * A task that has entered a context and not executed a program since: its
 * memory, files and directories are still those of the host, so the members
 * must not look into it.  Its own children have no more than it has as long as
 * it is in the same state itself, and it may trace them.
 */
static bool vx_just_entered(struct task_struct *p)
{
	return READ_ONCE(p->vx_entry_exec_id) == READ_ONCE(p->self_exec_id);
}

bool __vx_ptrace_allowed(struct task_struct *p, unsigned int mode)
{
	u32 cur = vx_current_xid(), xid = READ_ONCE(p->xid);

	if (xid == cur)
		return cur < VX_XID_MIN || !vx_just_entered(p) ||
		       (vx_is_child(p) && vx_just_entered(current));
	if (mode & PTRACE_MODE_ATTACH)
		return cur == VX_XID_HOST && xid == VX_XID_WATCH;
	return cur < VX_XID_MIN && __vx_task_visible(p);
}

/**
 * vx_find_pid_ns - find_pid_ns() as the caller's context sees it
 * @nr: number
 * @ns: pid name space the number is from
 *
 * Called under RCU or tasklist_lock, like the plain function.
 */
struct pid *vx_find_pid_ns(int nr, struct pid_namespace *ns)
{
	struct pid *init = vx_init_in(ns);
	struct pid *pid;

	if (init && nr == 1)
		return init;
	pid = find_pid_ns(nr, ns);
	if (!pid || (init && pid == init) || !__vx_pid_visible(pid))
		return NULL;
	return pid;
}

/**
 * vx_find_ge_pid - find_ge_pid() as the caller's context sees it
 * @nr: in: smallest number wanted; out: number of the result
 * @ns: pid name space the number is from
 *
 * The init of the caller's context comes first, as 1.
 */
struct pid *vx_find_ge_pid(unsigned int *nr, struct pid_namespace *ns)
{
	struct pid *init = vx_init_in(ns);
	struct pid *pid;

	if (init && *nr <= 1) {
		*nr = 1;
		return init;
	}
	for (;;) {
		pid = find_ge_pid(*nr, ns);
		if (!pid)
			return NULL;
		*nr = pid_nr_ns(pid, ns);
		if (pid != init && __vx_pid_visible(pid))
			return pid;
		*nr += 1;
	}
}

/*
 * Numbers as they are shown in proc.  There the name space is that of the
 * mount, not necessarily the caller's.
 */
pid_t vx_view_pid(struct pid *pid, struct pid_namespace *ns)
{
	pid_t nr = pid_nr_ns(pid, ns);

	if (vx_active() && nr && vx_init_in(ns))
		nr = vx_map_nr(pid, nr);
	return nr;
}

pid_t vx_view_nr(struct task_struct *p, unsigned int type,
		 struct pid_namespace *ns)
{
	struct pid *pid;
	pid_t nr;

	if (!vx_active())
		return __task_pid_nr_ns(p, type, ns);

	rcu_read_lock();
	pid = type == PIDTYPE_PID ? READ_ONCE(p->thread_pid) :
				    READ_ONCE(p->signal->pids[type]);
	nr = vx_view_pid(pid, ns);
	rcu_read_unlock();
	return nr;
}

pid_t vx_view_ppid(struct task_struct *p, struct pid_namespace *ns)
{
	pid_t nr = 0;

	rcu_read_lock();
	if (pid_alive(p))
		nr = vx_view_nr(rcu_dereference(p->real_parent),
				PIDTYPE_TGID, ns);
	rcu_read_unlock();
	return nr;
}

/**
 * vx_proc_revalidate - is a cached entry of /proc good for the caller?
 * @p: the task it stands for
 * @pid: the pid it stands for
 * @name: name of the entry: the number of a process, or a file below it
 * @ns: pid name space of the mount
 *
 * Entries are shared by all who share the mount, but what "1" means, and what
 * exists at all, depends on who looks.
 *
 * Return: 1 good, 0 look it up again, -ENOENT does not exist for the caller.
 */
int vx_proc_revalidate(struct task_struct *p, struct pid *pid,
		       const struct qstr *name, struct pid_namespace *ns)
{
	bool visible = __vx_task_visible(p);
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < name->len; i++) {
		unsigned int digit = name->name[i] - '0';

		if (digit > 9 || nr > PID_MAX_LIMIT)
			return visible ? 1 : -ENOENT;
		nr = nr * 10 + digit;
	}

	/* only the init's number depends on the caller */
	if (nr == 1 || pid == vx_init_in(ns)) {
		struct pid *now = vx_find_pid_ns(nr, ns);

		if (now != pid)
			return now ? 0 : -ENOENT;
	}
	return visible ? 1 : -ENOENT;
}
