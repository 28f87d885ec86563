// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to a context, from the host.
 */
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <trace/events/vserver.h>
#include "internal.h"

static int vx_send(struct task_struct *p, int sig)
{
	struct kernel_siginfo info;

	if (!sig)
		return 0;
	clear_siginfo(&info);
	info.si_signo = sig;
	info.si_code = SI_USER;
	/* from outside: no number and the superuser, as across pid spaces */
	return do_send_sig_info(sig, &info, p, PIDTYPE_TGID);
}

/*
 * Is a process in the context?  Its leader may have exited and left before its
 * other threads.  Under RCU or tasklist_lock.
 */
static bool vx_has_process(struct vx_info *vxi, struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread(p, t)
		if (READ_ONCE(t->vx_info) == vxi)
			return true;
	return false;
}

/*
 * Send to all processes of the context, but not to the init if !@with_init.
 * Under tasklist_lock no fork can slip through: one in progress sees the
 * signal before its child becomes visible, and fails.
 *
 * Return: 0 if at least one got it, else the last error, -ESRCH without any.
 */
static int vx_send_all(struct vx_info *vxi, int sig, bool with_init)
{
	struct task_struct *p;
	int ret = -ESRCH;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		int err;

		if (!vx_has_process(vxi, p))
			continue;
		if (!with_init && task_tgid(p) == READ_ONCE(vxi->vx_init))
			continue;
		err = vx_send(p, sig);
		if (ret)
			ret = err;
	}
	read_unlock(&tasklist_lock);
	return ret;
}

void vx_kill_all(struct vx_info *vxi, int sig)
{
	vx_send_all(vxi, sig, true);
}

/*
 * @pid of the argument: 0 all, -1 all but the init, 1 the init, else one
 * process by its number on the host.
 */
static long vx_kill(struct vx_info *vxi, struct vcmd_ctx_kill *vc)
{
	bool admin = vx_state_flag(vxi, VXF_STATE_ADMIN);
	bool has_init = READ_ONCE(vxi->vx_init);
	struct task_struct *p;
	int sig = vc->sig;
	long ret = -ESRCH;

	if (!valid_signal(sig))
		return -EINVAL;

	/*
	 * A context that has given up STATE_ADMIN can still be asked to shut
	 * itself down, and no more than that.
	 */
	if (!admin) {
		if (vc->pid > 1 || (vc->pid < 1 && has_init))
			return -EACCES;
		if (vc->pid == 1 && atomic_read(&vxi->vx_tasks) > 1)
			sig = SIGINT;
	}

	switch (vc->pid) {
	case 0:
	case -1:
		return vx_send_all(vxi, sig, vc->pid == 0);
	case 1:
		rcu_read_lock();
		p = pid_task(READ_ONCE(vxi->vx_init), PIDTYPE_TGID);
		if (p)
			ret = vx_send(p, sig);
		rcu_read_unlock();
		return ret;
	default:
		rcu_read_lock();
		p = pid_task(find_pid_ns(vc->pid, &init_pid_ns), PIDTYPE_PID);
		if (p && vx_has_process(vxi, p))
			ret = vx_send(p, sig);
		rcu_read_unlock();
		return ret;
	}
}

long vc_ctx_kill(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_ctx_kill *vc = arg;
	long ret = vx_kill(vxi, vc);

	trace_context_kill(vxi->vx_id, vc->pid, vc->sig, ret);
	return ret;
}
