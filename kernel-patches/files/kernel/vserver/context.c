// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: making, finding, entering, leaving, ending.
 *
 * A context is in vx_contexts from its creation until its last claim goes.
 * Claims are the member tasks, plus one while VXF_PERSISTENT.  The last claim
 * takes the context out of the table, so its id can be used again at once;
 * what may sleep or call user space (helper, name spaces) is left to a work
 * item, and whoever waits for the end of the context is woken after that.
 *
 * The structure itself lives until the last reference, plus an RCU grace
 * period.  Claims, the table and the work item hold one reference each.
 *
 * Locks: vx_space_lock is taken by itself; vx_lock is a leaf, taken with
 * interrupts on (nothing here runs in interrupts).
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/key.h>
#include <linux/kstrtox.h>
#include <linux/oom.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vserver_net.h>
#include <linux/vserver_sched.h>
#include <linux/xarray.h>
#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/vserver.h>

/*
 * A minute, so that a host whose contexts restart, or run one after the other,
 * does not patch its code each time. Exported for hooks in file systems, which may
 * be modules.
 */
struct static_key_false_deferred vx_key = {
	.key = { STATIC_KEY_INIT_FALSE },
	.timeout = 60 * HZ,
	.work = __DELAYED_WORK_INITIALIZER(vx_key.work, jump_label_update_timeout, 0),
};
EXPORT_SYMBOL_GPL(vx_key);

static DEFINE_XARRAY(vx_contexts);
static struct kmem_cache *vx_cachep;
struct workqueue_struct *vx_wq;
static atomic_t vx_total = ATOMIC_INIT(0);	/* structures */
static atomic_t vx_live = ATOMIC_INIT(0);	/* in the table */

void vx_get(struct vx_info *vxi)
{
	refcount_inc(&vxi->vx_usecnt);
}

static void vx_free_rcu(struct rcu_head *head)
{
	struct vx_info *vxi = container_of(head, struct vx_info, vx_rcu);

	trace_context_free(vxi->vx_id);
	vx_free_cpu(vxi);
	vx_disk_free(vxi);
#ifdef CONFIG_KEYS
	key_put(vxi->vx_user_register);
#endif
	vx_free_traffic(vxi);
	vx_free_devices(vxi);
	kmem_cache_free(vx_cachep, vx_private(vxi));
	/* with the last thing that was charged to it, and not before */
	static_branch_slow_dec_deferred(&vx_key);
}

/* Drop a reference.  May be called under RCU. */
void vx_put(struct vx_info *vxi)
{
	if (!refcount_dec_and_test(&vxi->vx_usecnt))
		return;
	atomic_dec(&vx_total);
	call_rcu(&vxi->vx_rcu, vx_free_rcu);
}

/**
 * vx_lookup - find a context
 * @xid: its id; any negative number stands for the caller's own context
 *
 * Return: the context with a reference, or NULL.
 */
struct vx_info *vx_lookup(u32 xid)
{
	struct vx_info *vxi;

	if ((s32)xid < 0) {
		vxi = current->vx_info;
		if (vxi)
			vx_get(vxi);
		return vxi;
	}

	rcu_read_lock();
	vxi = xa_load(&vx_contexts, xid);
	if (vxi && !refcount_inc_not_zero(&vxi->vx_usecnt))
		vxi = NULL;
	rcu_read_unlock();
	return vxi;
}

/*
 * The context of an id without a reference, for as long as the caller stays
 * under rcu_read_lock(). Any context.
 */
struct vx_info *vx_peek(u32 xid)
{
	return xa_load(&vx_contexts, xid);
}

/* The smallest id of a context that is at least @xid, or 0. */
u32 vx_next_xid(u32 xid)
{
	unsigned long index = xid;

	return xa_find(&vx_contexts, &index, VX_XID_MAX, XA_PRESENT) ?
	       index : 0;
}

void vx_counts(int *total, int *active)
{
	*total = atomic_read(&vx_total);
	*active = atomic_read(&vx_live);
}

/*
 * The rest of the end of a context, in process context without locks: user
 * space may be called and name spaces may go.  Nobody can claim the context
 * any more.
 */
static void vx_release(struct work_struct *work)
{
	struct vx_info *vxi = container_of(work, struct vx_info,
					   vx_release_work);

	vx_drop_spaces(vxi);
	if (vx_state_flag(vxi, VXF_SC_HELPER))
		vx_helper_wait(vxi->vx_id, "shutdown");

	set_bit(VXS_RELEASED, &vxi->vx_state);
	wake_up_all(&vxi->vx_wait);
	vx_put(vxi);
}

/* Take a claim; fails once the last one has gone. */
bool vx_claim(struct vx_info *vxi)
{
	if (!atomic_inc_not_zero(&vxi->vx_tasks))
		return false;
	vx_get(vxi);
	return true;
}

/*
 * Drop a claim, if @vxi is not NULL.  The last one ends the context, which drops its
 * claim on the one that it is in.  Process context.
 */
void vx_unclaim(struct vx_info *vxi)
{
	while (vxi) {
		struct vx_info *parent = NULL;

		if (atomic_dec_and_test(&vxi->vx_tasks)) {
			set_bit(VXS_SHUTDOWN, &vxi->vx_state);
			/* while nobody else can have the number */
			trace_context_exit(vxi->vx_id);
			vx_end_cpu(vxi);
			/* whoever finds it no longer does not count it either */
			atomic_dec(&vx_live);
			xa_erase(&vx_contexts, vxi->vx_id);
			vx_disk_end(vxi->vx_id);
			/* the claim that vx_create() took */
			parent = vx_parent(vxi);
			/* the table's reference goes to the work item */
			queue_work(vx_wq, &vxi->vx_release_work);
		}
		vx_put(vxi);
		vxi = parent;
	}
}

/*
 * A new context with one claim for the caller, not in the table yet.
 * The references are those of the table and of the claim.
 */
static struct vx_info *vx_alloc(u32 xid, u64 flags, struct vx_info *parent)
{
	struct vx_private *p = kmem_cache_zalloc(vx_cachep, GFP_KERNEL_ACCOUNT);
	struct vx_info *vxi;
	int ret;

	if (!p)
		return ERR_PTR(-ENOMEM);
	vxi = &p->vxi;
	vxi->vx_id = xid;
	vxi->vx_flags = flags;
	vxi->vx_bcaps = ~0ULL;
	ret = vx_init_traffic(vxi);
	if (!ret)
		ret = vx_init_cpu(vxi, parent);
	if (ret) {
		vx_free_traffic(vxi);
		kmem_cache_free(vx_cachep, p);
		return ERR_PTR(ret);
	}
	refcount_set(&vxi->vx_usecnt, 2);
	atomic_set(&vxi->vx_tasks, 1);
	spin_lock_init(&vxi->vx_lock);
	mutex_init(&vxi->vx_space_lock);
	init_waitqueue_head(&vxi->vx_wait);
	INIT_WORK(&vxi->vx_release_work, vx_release);
	vx_update_ecaps(vxi);
	vx_init_limits(vxi);
	vx_init_devices(vxi);
	vxi->vx_born = ktime_get_boottime_ns();
	atomic_inc(&vx_total);
	/* The hooks are on before anybody can find the context. */
	static_branch_deferred_inc(&vx_key);
	return vxi;
}

/*
 * Move the caller, a single-threaded task, into @vxi with a claim that the
 * caller of this function has taken, or out of any context (@vxi NULL).
 *
 * Single-threaded, because threads share what the context is about to guard:
 * memory, files, credentials in flight.  That also excludes tasks with
 * io_uring workers, which would go on outside.
 */
static void vx_move_self(struct vx_info *vxi, u32 xid)
{
	struct task_struct *p = current;
	struct vx_info *old = p->vx_info;

	trace_context_migrate(xid, p->xid);
	/*
	 * Order: whoever finds the new number must find the pointer, and the
	 * exec id that keeps the members away until an exec.
	 */
	p->vx_entry_exec_id = p->self_exec_id;
	WRITE_ONCE(p->vx_info, vxi);
	smp_wmb();	/* pointer and exec id before the number */
	WRITE_ONCE(p->xid, xid);
	WRITE_ONCE(task_pid(p)->vx_xid, xid);
	vx_move_cpu(vxi);
	vx_move_limits(old, vxi);

	if (old)
		vx_unclaim(old);
}

/* The init may be presented as pid 1, or not: follow the flag. */
void vx_update_fake_init(struct vx_info *vxi)
{
	lockdep_assert_held(&vxi->vx_lock);
	WRITE_ONCE(vxi->vx_fake_init,
		   (vxi->vx_flags & VXF_INFO_INIT) ? vxi->vx_init : NULL);
}

/* The caller, a member, becomes the init, unless there is one. */
void vx_record_init(struct vx_info *vxi)
{
	spin_lock(&vxi->vx_lock);
	if (!vxi->vx_init) {
		vxi->vx_init = task_tgid(current);
		vxi->vx_initpid = task_tgid_nr(current);
		vx_update_fake_init(vxi);
	}
	spin_unlock(&vxi->vx_lock);
}

void vx_record_reaper(struct vx_info *vxi)
{
	spin_lock(&vxi->vx_lock);
	if (!vxi->vx_reaper)
		WRITE_ONCE(vxi->vx_reaper, task_tgid(current));
	spin_unlock(&vxi->vx_lock);
}

static bool vx_may_create(u32 id)
{
	return (s32)id >= VX_XID_MIN && id <= VX_XID_MAX &&
	       thread_group_empty(current);
}

/* Takes over a claim on @parent, if that is not NULL. */
static long vx_create(u32 id, u64 flags, struct vx_info *parent)
{
	struct vx_info *vxi;
	bool persistent;
	int ret;

	vxi = vx_alloc(id, flags, parent);
	if (IS_ERR(vxi)) {
		vx_unclaim(parent);
		return PTR_ERR(vxi);
	}

	/* The flag has its claim before anybody can find, and clear, the flag. */
	persistent = vxi->vx_flags & VXF_PERSISTENT;
	if (persistent)
		vx_claim(vxi);

	ret = xa_insert(&vx_contexts, id, vxi, GFP_KERNEL);
	if (ret) {
		if (ret == -EBUSY) {
			struct vx_info *other = vx_lookup(id);

			ret = -EEXIST;
			if (other) {
				if (vx_state_flag(other, VXF_STATE_SETUP))
					ret = -EBUSY;
				vx_put(other);
			}
		}
		vx_end_cpu(vxi);
		if (persistent)
			vx_put(vxi);
		vx_put(vxi);
		vx_put(vxi);
		vx_unclaim(parent);
		return ret;
	}
	trace_context_create(id, parent ? parent->vx_id : 0, flags);
	atomic_inc(&vx_live);
	vx_start_loads();

	if ((vxi->vx_flags & VXF_SC_HELPER) &&
	    vx_helper_wait(vxi->vx_id, "startup")) {
		/* No shutdown helper for what was never started. */
		spin_lock(&vxi->vx_lock);
		ret = (vxi->vx_flags & VXF_PERSISTENT) ? 1 : 0;
		vxi->vx_flags &= ~(VXF_SC_HELPER | VXF_PERSISTENT);
		spin_unlock(&vxi->vx_lock);
		if (ret)
			vx_unclaim(vxi);
		vx_unclaim(vxi);
		return -ENOEXEC;
	}

	vx_move_self(vxi, id);
	return id;
}

long vc_ctx_create(struct vx_info *none, u32 id, void *arg)
{
	struct vcmd_ctx_create *vc = arg;

	if (!vx_may_create(id))
		return -EINVAL;
	return vx_create(id, vc ? vc->flagword : VXF_INIT_SET, NULL);
}

#ifdef CONFIG_VSERVER_SCHED
long vc_ctx_create_in(struct vx_info *none, u32 id, void *arg)
{
	struct vcmd_ctx_create_in *vc = arg;
	struct vx_info *parent;
	long ret;

	if (!vx_may_create(id) || vc->zero)
		return -EINVAL;
	parent = vx_lookup(vc->parent);
	if (!parent)
		return -ESRCH;
	if (!vx_state_flag(parent, VXF_STATE_ADMIN))
		ret = -EACCES;
	else if (!vx_claim(parent))
		ret = -ESRCH;
	else
		ret = vx_create(id, vc->flagword, parent);
	vx_put(parent);
	return ret;
}
#endif

/*
 * Enter a context.  Without STATE_SETUP a private one is closed.  The watch
 * id has no context behind it: the caller gets the number and sees all.
 */
long vc_ctx_migrate(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_ctx_migrate *vc = arg;

	if (!thread_group_empty(current))
		return -EINVAL;

	if (!vxi) {
		vx_move_self(NULL, VX_XID_WATCH);
		return VX_XID_WATCH;
	}

	if (vx_state_flag(vxi, VXF_INFO_PRIVATE) &&
	    !vx_state_flag(vxi, VXF_STATE_SETUP))
		return -EACCES;
	if (!vx_claim(vxi))
		return -EFAULT;

	vx_move_self(vxi, vxi->vx_id);
	if (vc && (vc->flagword & VXM_SET_INIT))
		vx_record_init(vxi);
	if (vc && (vc->flagword & VXM_SET_REAPER))
		vx_record_reaper(vxi);
	return 0;
}

/* The id of a task by its number in the initial pid name space; 0 is self. */
long vc_task_xid(struct vx_info *none, u32 id, void *arg)
{
	struct task_struct *p;
	long ret = -ESRCH;

	if (!id)
		return vx_current_xid();

	rcu_read_lock();
	p = pid_task(find_pid_ns(id, &init_pid_ns), PIDTYPE_PID);
	if (p)
		ret = READ_ONCE(p->xid);
	rcu_read_unlock();
	return ret;
}

long vc_vx_info(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_vx_info *vc = arg;

	vc->xid = vxi->vx_id;
	vc->initpid = READ_ONCE(vxi->vx_initpid);
	return 0;
}

long vc_ctx_stat(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_ctx_stat *vc = arg;

	/* one reference is the dispatcher's own */
	vc->usecnt = refcount_read(&vxi->vx_usecnt) - 1;
	vc->tasks = atomic_read(&vxi->vx_tasks);
	return 0;
}

/*
 * Wait for the end of a context, which includes that its helpers have run.  The
 * reference keeps the result readable however quickly the context goes after
 * the look-up.
 */
long vc_wait_exit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_wait_exit *vc = arg;
	int ret;

	ret = wait_event_interruptible(vxi->vx_wait,
				       test_bit(VXS_RELEASED, &vxi->vx_state) &&
				       !test_bit(VXS_HELPER, &vxi->vx_state));
	if (ret)
		return ret;
	vc->reboot_cmd = vxi->reboot_cmd;
	vc->exit_code = vxi->exit_code;
	return 0;
}

/* dup_task_struct() has copied pointer and number. */
void __vx_fork_task(struct task_struct *p)
{
	struct vx_info *vxi = p->vx_info;

	if (vxi) {
		atomic_inc(&vxi->vx_tasks);
		vx_get(vxi);
		atomic_long_inc(&vxi->vx_forks);
	}
	nx_fork_task(p);
}

void __vx_unfork_task(struct task_struct *p)
{
	nx_exit_task(p);
	if (p->vx_info) {
		vx_uncharge_task(p->vx_info);
		vx_unclaim(p->vx_info);
	}
}

/*
 * The last thing a task does as a member.  The number stays: a zombie still
 * belongs to its context as far as others can see.
 */
void __vx_exit_task(struct task_struct *p, long code, bool group_dead)
{
	struct vx_info *vxi = p->vx_info;

	nx_exit_task(p);
	if (!vxi)
		return;

	if (group_dead) {
		int status = p->signal->group_exit_code ?: (int)code;

		spin_lock(&vxi->vx_lock);
		if (vxi->vx_init == task_tgid(p)) {
			WRITE_ONCE(vxi->vx_fake_init, NULL);
			vxi->vx_init = NULL;
			WRITE_ONCE(vxi->vx_initpid, 0);
			vxi->exit_code = status;
			set_bit(VXS_INIT_GONE, &vxi->vx_state);
		} else if (!test_bit(VXS_INIT_GONE, &vxi->vx_state)) {
			vxi->exit_code = status;
		}
		if (vxi->vx_reaper == task_tgid(p))
			WRITE_ONCE(vxi->vx_reaper, NULL);
		spin_unlock(&vxi->vx_lock);
	}

	WRITE_ONCE(p->vx_info, NULL);
	vx_uncharge_task(vxi);
	vx_unclaim(vxi);
}

/**
 * __vx_child_reaper - who inherits the children of an exiting task
 * @father: the exiting task, which has left its context already
 * @reaper: who would inherit them otherwise
 *
 * Called with tasklist_lock held for writing, which keeps the reaper from
 * passing its children on while it is chosen here.
 */
struct task_struct *__vx_child_reaper(struct task_struct *father,
				      struct task_struct *reaper)
{
	struct task_struct *r = NULL, *t;
	struct vx_info *vxi;

	if (father->xid < VX_XID_MIN)
		return reaper;

	rcu_read_lock();
	vxi = xa_load(&vx_contexts, father->xid);
	if (vxi)
		r = pid_task(READ_ONCE(vxi->vx_reaper), PIDTYPE_TGID);
	if (r && task_active_pid_ns(r) == task_active_pid_ns(father)) {
		for_each_thread(r, t) {
			if (!(t->flags & PF_EXITING)) {
				reaper = t;
				break;
			}
		}
	}
	rcu_read_unlock();
	return reaper;
}

/*
 * In pages, as oom_badness() counts; the bias is in units of oom_score_adj, and
 * the two together have the range of one: the score is never negative.
 */
long __vx_badness(struct task_struct *p, unsigned long totalpages)
{
	long adj = p->signal->oom_score_adj;
	struct vx_info *vxi;
	s64 bias = 0;

	rcu_read_lock();
	vxi = READ_ONCE(p->vx_info);
	if (vxi)
		bias = READ_ONCE(vxi->vx_badness);
	rcu_read_unlock();

	bias = clamp_t(s64, bias, OOM_SCORE_ADJ_MIN - adj,
		       OOM_SCORE_ADJ_MAX - adj);
	return (long)bias * (long)(totalpages / 1000);
}

static bool vx_hooks_on __initdata;

/*
 * vserver.hooks=on: the hooks are there from the start, before other CPUs are,
 * and stay.  For a host that does not want its code patched while it runs.
 */
static int __init vx_hooks_setup(char *arg)
{
	return arg ? kstrtobool(arg, &vx_hooks_on) : -EINVAL;
}
early_param("vserver.hooks", vx_hooks_setup);

static int __init vx_hooks_init(void)
{
	if (!vx_hooks_on)
		return 0;
	static_branch_inc(&vx_key.key);
#ifdef CONFIG_VSERVER_SCHED
	static_branch_inc(&vx_sched_key.key);
#endif
	return 0;
}
early_initcall(vx_hooks_init);

static int __init vx_context_init(void)
{
	vx_cachep = kmem_cache_create("vx_info", sizeof(struct vx_private), 0,
				      SLAB_PANIC | SLAB_ACCOUNT, NULL);
	vx_wq = alloc_workqueue("vserver", WQ_UNBOUND, 0);
	return vx_wq ? 0 : -ENOMEM;
}
core_initcall(vx_context_init);
