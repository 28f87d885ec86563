// SPDX-License-Identifier: GPL-2.0
/*
 * Name spaces recorded in a context, for others to enter.
 *
 * There are two slots.  Slot 0 is what enter and exec use; slot 1 is the mount
 * name space from before pivot_root, by the convention of the tools.
 *
 * User name spaces are not recorded: entering one means taking credentials
 * over, which setns(2) does with all the checks that needs.
 */
#include <linux/fs_struct.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include "internal.h"

#define VX_SPACE_NS	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWPID | CLONE_NEWNET | \
			 (IS_ENABLED(CONFIG_CGROUPS) ? CLONE_NEWCGROUP : 0) | \
			 (IS_ENABLED(CONFIG_TIME_NS) ? CLONE_NEWTIME : 0))
#define VX_SPACE_ALL	((unsigned long)(CLONE_FS | VX_SPACE_NS))
#define VX_SPACE_V0	(CLONE_FS | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)
#define VX_SPACE_DEFAULT VX_SPACE_V0

atomic_t vx_proxies = ATOMIC_INIT(0);

static void vx_drop_space(struct vx_space *old)
{
	if (old->nsproxy) {
		atomic_dec(&vx_proxies);
		put_nsproxy(old->nsproxy);
	}
	if (old->fs)
		free_fs_struct(old->fs);
}

/* The end of a context; may sleep and unmount. */
void vx_drop_spaces(struct vx_info *vxi)
{
	struct vx_space old[VX_SPACES];
	int i;

	mutex_lock(&vxi->vx_space_lock);
	memcpy(old, vxi->vx_space, sizeof(old));
	memset(vxi->vx_space, 0, sizeof(vxi->vx_space));
	mutex_unlock(&vxi->vx_space_lock);

	for (i = 0; i < VX_SPACES; i++)
		vx_drop_space(&old[i]);
}

/*
 * The recorded proxy of slot @index if it has all of @need, with a reference,
 * else NULL.
 */
struct nsproxy *vx_recorded_nsproxy(struct vx_info *vxi, unsigned int index,
				    unsigned long need)
{
	struct vx_space *space = &vxi->vx_space[index];
	struct nsproxy *nsproxy = NULL;

	mutex_lock(&vxi->vx_space_lock);
	if (space->nsproxy && (space->mask & need) == need) {
		nsproxy = space->nsproxy;
		get_nsproxy(nsproxy);
	}
	mutex_unlock(&vxi->vx_space_lock);
	return nsproxy;
}

/*
 * Record the caller's current name spaces of @mask in slot @index; what was
 * recorded before and is not in @mask stays.
 */
static long vx_set_space(struct vx_info *vxi, unsigned long mask,
			 unsigned int index)
{
	struct vx_space *space, old = { };
	struct nsproxy *nsproxy = NULL;
	struct fs_struct *fs = NULL;
	long ret = -ENOMEM;

	if (index >= VX_SPACES || (mask & ~VX_SPACE_ALL))
		return -EINVAL;
	space = &vxi->vx_space[index];

	if (mask & CLONE_FS) {
		fs = copy_fs_struct(current->fs);
		if (!fs)
			return -ENOMEM;
	}

	mutex_lock(&vxi->vx_space_lock);
	if (test_bit(VXS_SHUTDOWN, &vxi->vx_state)) {
		/* nobody would drop it again */
		ret = -ESRCH;
		goto out_unlock;
	}
	if (mask & VX_SPACE_NS) {
		nsproxy = vx_nsproxy_merge(mask,
					   space->nsproxy ?: current->nsproxy,
					   current->nsproxy);
		if (IS_ERR(nsproxy)) {
			ret = PTR_ERR(nsproxy);
			goto out_unlock;
		}
		atomic_inc(&vx_proxies);
		old.nsproxy = space->nsproxy;
		space->nsproxy = nsproxy;
	}
	if (fs) {
		old.fs = space->fs;
		space->fs = fs;
		fs = NULL;
	}
	space->mask |= mask;
	ret = 0;
out_unlock:
	mutex_unlock(&vxi->vx_space_lock);
	if (fs)
		free_fs_struct(fs);
	vx_drop_space(&old);
	return ret;
}

/* Give the caller a private fs_struct; the old one may be shared. */
static void vx_switch_fs(struct fs_struct *new)
{
	struct fs_struct *old;
	int users;

	task_lock(current);
	old = current->fs;
	spin_lock(&old->lock);
	current->fs = new;
	users = --old->users;
	spin_unlock(&old->lock);
	task_unlock(current);
	if (!users)
		free_fs_struct(old);
}

/*
 * Take over what is recorded in slot @index, or the part of it in @mask.
 * All that can fail comes before the first change.
 */
static long vx_enter_space(struct vx_info *vxi, unsigned long mask,
			   unsigned int index)
{
	struct nsproxy *nsproxy = NULL;
	struct fs_struct *fs = NULL;
	struct vx_space *space;
	long ret;

	if (index >= VX_SPACES)
		return -EINVAL;
	if (vx_state_flag(vxi, VXF_INFO_PRIVATE) &&
	    !vx_state_flag(vxi, VXF_STATE_SETUP))
		return -EACCES;
	if (!thread_group_empty(current))
		return -EINVAL;
	space = &vxi->vx_space[index];

	mutex_lock(&vxi->vx_space_lock);
	/* what was recorded goes, or has gone: zero is not all of nothing */
	ret = -ESRCH;
	if (test_bit(VXS_SHUTDOWN, &vxi->vx_state))
		goto out_unlock;
	ret = -EINVAL;
	if (!mask)
		mask = space->mask;
	if (mask & ~space->mask)
		goto out_unlock;

	ret = -ENOMEM;
	if (mask & CLONE_FS) {
		fs = copy_fs_struct(space->fs);
		if (!fs)
			goto out_unlock;
	}
	if (mask & VX_SPACE_NS) {
		nsproxy = vx_nsproxy_merge(mask, current->nsproxy,
					   space->nsproxy);
		if (IS_ERR(nsproxy)) {
			ret = PTR_ERR(nsproxy);
			if (fs)
				free_fs_struct(fs);
			goto out_unlock;
		}
	}
	mutex_unlock(&vxi->vx_space_lock);

	if (mask & CLONE_NEWIPC) {
		/* semaphore undo and segments belong to the old name space */
		exit_sem(current);
		exit_shm(current);
		shm_init_task(current);
	}
	if (fs)
		vx_switch_fs(fs);
	if (nsproxy) {
		if (mask & CLONE_NEWTIME)
			timens_commit(current, nsproxy->time_ns);
		switch_task_namespaces(current, nsproxy);
	}
	return 0;

out_unlock:
	mutex_unlock(&vxi->vx_space_lock);
	return ret;
}

long vc_enter_space_v0(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_enter_space(vxi, 0, 0);
}

long vc_enter_space_v1(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask_v1 *vc = arg;

	return vx_enter_space(vxi, vc->mask, 0);
}

long vc_enter_space(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask *vc = arg;

	return vx_enter_space(vxi, vc->mask, vc->index);
}

long vc_set_space_v0(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_set_space(vxi, VX_SPACE_DEFAULT, 0);
}

long vc_set_space_v1(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask_v1 *vc = arg;

	return vx_set_space(vxi, vc->mask, 0);
}

long vc_set_space(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask *vc = arg;

	return vx_set_space(vxi, vc->mask, vc->index);
}

long vc_get_space_mask_v0(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask_v1 *vc = arg;

	vc->mask = VX_SPACE_V0;
	return 0;
}

long vc_get_space_mask(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask_v1 *vc = arg;

	vc->mask = VX_SPACE_ALL;
	return 0;
}

long vc_get_space_default(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_space_mask_v1 *vc = arg;

	vc->mask = VX_SPACE_DEFAULT;
	return 0;
}
