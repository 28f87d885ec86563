// SPDX-License-Identifier: GPL-2.0
/*
 * The host's helper program: told of the start and end of contexts that ask
 * for it (and waited for), and of reboot(2) calls inside (not waited for).
 *
 * It runs as a child of a kernel worker, on the host, as root, with the fixed
 * environment below.  No lock of a context is held while it runs.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/pid_namespace.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/umh.h>
#include <trace/events/vserver.h>
#include "internal.h"

static char vx_helper_path[256] = "/sbin/vshelper";

struct vx_helper_call {
	struct vx_info *vxi;
	char *argv[4];
	char *envp[7];
	char path[sizeof(vx_helper_path)];
	char xid[8];
	char uid[24];
	char pid[24];
	char cmd[16];
};

/* The path may be changed by sysctl at any time: the copy is what runs. */
static struct vx_helper_call *vx_helper_alloc(u32 id, const char *action)
{
	struct vx_helper_call *call = kzalloc(sizeof(*call), GFP_KERNEL);

	if (!call)
		return NULL;
	memcpy(call->path, vx_helper_path, sizeof(call->path));
	call->path[sizeof(call->path) - 1] = '\0';
	snprintf(call->xid, sizeof(call->xid), "%u", id);
	call->argv[0] = call->path;
	call->argv[1] = (char *)action;
	call->argv[2] = call->xid;
	call->envp[0] = "HOME=/";
	call->envp[1] = "TERM=linux";
	call->envp[2] = "PATH=/sbin:/usr/sbin:/bin:/usr/bin";
	return call;
}

/**
 * vx_helper_wait - tell the helper of a state, and wait for its end
 * @id: of the context or, for network contexts, of that
 * @action: "startup" or "shutdown", "netup" or "netdown"
 *
 * Return: 0 if it ran and exited with 0.
 */
int vx_helper_wait(u32 id, const char *action)
{
	struct vx_helper_call *call = vx_helper_alloc(id, action);
	int ret;

	if (!call)
		return -ENOMEM;
	ret = call_usermodehelper(call->path, call->argv, call->envp,
				  UMH_WAIT_PROC);
	kfree(call);
	return ret;
}

static void vx_helper_idle(struct vx_info *vxi)
{
	clear_bit(VXS_HELPER, &vxi->vx_state);
	smp_mb__after_atomic();	/* pairs with the waiter queueing itself */
	wake_up_all(&vxi->vx_wait);
}

static void vx_helper_done(struct subprocess_info *info)
{
	struct vx_helper_call *call = info->data;
	struct vx_info *vxi = call->vxi;

	vx_helper_idle(vxi);
	vx_put(vxi);
	kfree(call);
}

/*
 * A reboot helper is started and waited for by a worker, so that the caller
 * of reboot(2) returns at once.  There is one at a time for a context:
 * VXS_HELPER is set, and a reference held, until vx_helper_done().
 */
struct vx_reboot_work {
	struct work_struct work;
	struct subprocess_info *info;
};

static void vx_reboot_run(struct work_struct *work)
{
	struct vx_reboot_work *rw = container_of(work, struct vx_reboot_work,
						 work);
	struct subprocess_info *info = rw->info;

	kfree(rw);
	/* frees info through vx_helper_done(), whether it ran or not */
	call_usermodehelper_exec(info, UMH_WAIT_PROC);
}

static const char *vx_reboot_action(unsigned int cmd)
{
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		return "restart";
	case LINUX_REBOOT_CMD_HALT:
		return "halt";
	case LINUX_REBOOT_CMD_POWER_OFF:
		return "poweroff";
	case LINUX_REBOOT_CMD_SW_SUSPEND:
		return "swsusp";
	case 0xDEADBEEF:
		return "oom";
	default:
		return NULL;
	}
}

/**
 * vx_reboot - reboot(2) called by a member of a context
 * @cmd: LINUX_REBOOT_CMD_*
 * @arg: ignored
 *
 * The caller has CAP_SYS_BOOT after bcaps over its pid name space, and the magic
 * numbers were right.  If it has it over no more than that, the call is about
 * the pid name space, as ever.  The machine is never touched.
 *
 * Return: 0, -EAGAIN while a helper runs, -EPERM for the watch id and for
 * commands that only make sense for the machine.
 */
int vx_reboot(unsigned int cmd, void __user *arg)
{
	struct vx_info *vxi = current->vx_info;
	const char *action = vx_reboot_action(cmd);
	struct vx_helper_call *call;
	struct vx_reboot_work *rw;

	if (!vxi)
		return -EPERM;
	/* It may be no more than root of a user name space of its own. */
	if (!capable(CAP_SYS_BOOT))
		return reboot_pid_ns(task_active_pid_ns(current), cmd) ?: -EPERM;
	if (cmd == LINUX_REBOOT_CMD_CAD_ON || cmd == LINUX_REBOOT_CMD_CAD_OFF)
		return 0;
	if (!action)
		return cmd == LINUX_REBOOT_CMD_KEXEC ? -EPERM : -EINVAL;

	if (test_and_set_bit(VXS_HELPER, &vxi->vx_state))
		return -EAGAIN;

	call = vx_helper_alloc(vxi->vx_id, action);
	rw = kmalloc(sizeof(*rw), GFP_KERNEL);
	if (!call || !rw)
		goto out_free;
	call->vxi = vxi;
	snprintf(call->uid, sizeof(call->uid), "VS_UID=%u",
		 from_kuid(&init_user_ns, current_uid()));
	snprintf(call->pid, sizeof(call->pid), "VS_PID=%d",
		 task_tgid_nr(current));
	snprintf(call->cmd, sizeof(call->cmd), "VS_CMD=%08x", cmd);
	call->envp[3] = call->uid;
	call->envp[4] = call->pid;
	call->envp[5] = call->cmd;

	rw->info = call_usermodehelper_setup(call->path, call->argv,
					     call->envp, GFP_KERNEL, NULL,
					     vx_helper_done, call);
	if (!rw->info)
		goto out_free;

	vx_get(vxi);
	WRITE_ONCE(vxi->reboot_cmd, cmd);
	trace_context_reboot(vxi->vx_id, cmd);
	INIT_WORK(&rw->work, vx_reboot_run);
	/* not where call_usermodehelper() queues what this one waits for */
	queue_work(vx_wq, &rw->work);

	if (vx_state_flag(vxi, VXF_REBOOT_KILL))
		vx_kill_all(vxi, SIGKILL);
	return 0;

out_free:
	kfree(rw);
	kfree(call);
	vx_helper_idle(vxi);
	return -ENOMEM;
}

static struct ctl_table vx_helper_table[] = {
	{
		.procname	= "vshelper",
		.data		= vx_helper_path,
		.maxlen		= sizeof(vx_helper_path),
		.mode		= 0644,
		.proc_handler	= proc_dostring,
	},
};

static int __init vx_helper_init(void)
{
	register_sysctl_init("kernel", vx_helper_table);
	return 0;
}
late_initcall(vx_helper_init);
