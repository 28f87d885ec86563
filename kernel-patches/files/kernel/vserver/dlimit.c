// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of disk space for a tag on a file system.
 *
 * The file system's project quota counts and refuses; what Linux-VServer knows
 * beyond that, whether there is a limit at all and the part that is reserved, is
 * kept here until the file system is unmounted. Contexts cannot exceed a limit
 * whatever their capabilities: see vx_keeps_quota().
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/quotaops.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vserver_fs.h>
#include "internal.h"

/**
 * struct vx_dlimit - a limit
 * @node: of vx_dlimits
 * @sb: file system, no reference: __vx_forget_super() comes before its end
 * @tag: label
 * @space: KiB, or VXDL_INFINITY
 * @inodes: number, or VXDL_INFINITY
 * @reserved: percent of both that are not for the tag
 */
struct vx_dlimit {
	struct list_head	node;
	struct super_block	*sb;
	u32			tag;
	u32			space;
	u32			inodes;
	u32			reserved;
};

static LIST_HEAD(vx_dlimits);
/* The list, and the quota that it sets; taken within s_umount, as on unmounting. */
static DEFINE_MUTEX(vx_dlimit_lock);
int vx_nr_dlimits;

static struct vx_dlimit *vx_find_dlimit(struct super_block *sb, u32 tag)
{
	struct vx_dlimit *d;

	lockdep_assert_held(&vx_dlimit_lock);
	list_for_each_entry(d, &vx_dlimits, node)
		if (d->sb == sb && d->tag == tag)
			return d;
	return NULL;
}

static void vx_drop_dlimit(struct vx_dlimit *d)
{
	list_del(&d->node);
	WRITE_ONCE(vx_nr_dlimits, vx_nr_dlimits - 1);
	kfree(d);
}

void __vx_forget_super(struct super_block *sb)
{
	struct vx_dlimit *d, *next;

	mutex_lock(&vx_dlimit_lock);
	list_for_each_entry_safe(d, next, &vx_dlimits, node)
		if (d->sb == sb)
			vx_drop_dlimit(d);
	mutex_unlock(&vx_dlimit_lock);
}

/* Can the file system limit projects? */
static bool vx_limits_projects(struct super_block *sb)
{
	struct qc_state state;

	if (!sb->s_qcop || !sb->s_qcop->get_state || !sb->s_qcop->set_dqblk ||
	    !sb->s_qcop->get_dqblk || sb->s_qcop->get_state(sb, &state))
		return false;
	return state.s_state[PRJQUOTA].flags & QCI_LIMITS_ENFORCED;
}

/* What is left of @total, in units of @unit; 0 is quota's word for no limit. */
static u64 vx_hard_limit(u32 total, u32 reserved, u32 unit)
{
	u64 hard;

	if (total == VXDL_INFINITY)
		return 0;
	hard = div_u64((u64)total * (100 - reserved), 100) * unit;
	return max_t(u64, hard, 1);
}

static int vx_apply_dlimit(const struct vx_dlimit *d)
{
	struct qc_dqblk q = {
		.d_fieldmask = QC_SPC_HARD | QC_INO_HARD,
		.d_spc_hardlimit = vx_hard_limit(d->space, d->reserved, 1024),
		.d_ino_hardlimit = vx_hard_limit(d->inodes, d->reserved, 1),
	};

	return d->sb->s_qcop->set_dqblk(d->sb,
					make_kqid_projid(vx_tag_project(d->tag)),
					&q);
}

static int vx_get_used(const struct vx_dlimit *d, struct qc_dqblk *q)
{
	int ret = d->sb->s_qcop->get_dqblk(d->sb,
					   make_kqid_projid(vx_tag_project(d->tag)),
					   q);

	/* xfs: neither files nor a limit */
	return ret == -ENOENT ? 0 : ret;
}

enum vx_dlimit_op { VX_DLIMIT_ADD, VX_DLIMIT_REM, VX_DLIMIT_SET, VX_DLIMIT_GET };

static int vx_add_dlimit(struct super_block *sb, u32 tag)
{
	struct vx_dlimit *d;
	int ret;

	if (!vx_limits_projects(sb))
		return -EOPNOTSUPP;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->sb = sb;
	d->tag = tag;
	d->space = VXDL_INFINITY;
	d->inodes = VXDL_INFINITY;
	/* one of an earlier boot may still be on the disk */
	ret = vx_apply_dlimit(d);
	if (ret) {
		kfree(d);
		return ret;
	}
	list_add(&d->node, &vx_dlimits);
	WRITE_ONCE(vx_nr_dlimits, vx_nr_dlimits + 1);
	return 0;
}

static int vx_rem_dlimit(struct vx_dlimit *d)
{
	int ret;

	d->space = VXDL_INFINITY;
	d->inodes = VXDL_INFINITY;
	ret = vx_apply_dlimit(d);
	if (!ret)
		vx_drop_dlimit(d);
	return ret;
}

static int vx_set_dlimit(struct vx_dlimit *d, const struct vcmd_dlimit *vc)
{
	struct vx_dlimit new = *d;
	int ret;

	if (vc->space_total != VXDL_KEEP)
		new.space = vc->space_total;
	if (vc->inodes_total != VXDL_KEEP)
		new.inodes = vc->inodes_total;
	if (vc->reserved != VXDL_KEEP)
		new.reserved = vc->reserved;
	if (new.reserved > 100)
		return -EINVAL;
	/* what is used is counted by the file system, so this is a check only */
	if ((vc->space_used < VXDL_KEEP && vc->space_used > new.space) ||
	    (vc->inodes_used < VXDL_KEEP && vc->inodes_used > new.inodes))
		return -EINVAL;
	ret = vx_apply_dlimit(&new);
	if (ret)
		return ret;
	d->space = new.space;
	d->inodes = new.inodes;
	d->reserved = new.reserved;
	return 0;
}

static int vx_get_dlimit(struct vx_dlimit *d, struct vcmd_dlimit *vc)
{
	struct qc_dqblk q = { };
	int ret = vx_get_used(d, &q);

	if (ret)
		return ret;
	vc->space_used = min_t(u64, q.d_space >> 10, VXDL_KEEP - 1);
	vc->inodes_used = min_t(u64, q.d_ino_count, VXDL_KEEP - 1);
	vc->space_total = d->space;
	vc->inodes_total = d->inodes;
	vc->reserved = d->reserved;
	vc->flags = 0;
	return 0;
}

/* @name and @flags are what all four structures begin with or have. */
static long vx_dlimit(u32 tag, u64 name, u32 flags, enum vx_dlimit_op op,
		      struct vcmd_dlimit *vc)
{
	struct super_block *sb;
	struct vx_dlimit *d;
	struct path path;
	long ret;

	if (!tag || tag > VX_XID_MAX || flags)
		return -EINVAL;
	ret = user_path_at(AT_FDCWD, u64_to_user_ptr(name), LOOKUP_FOLLOW, &path);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	/* a change of what is on the disk needs what other changes need */
	if (op != VX_DLIMIT_GET)
		ret = mnt_want_write(path.mnt);
	if (ret)
		goto out;
	sb = path.dentry->d_sb;
	/* quotactl(2) has it for the same */
	down_read(&sb->s_umount);
	mutex_lock(&vx_dlimit_lock);
	d = vx_find_dlimit(sb, tag);
	if (op == VX_DLIMIT_ADD)
		ret = d ? -EEXIST : vx_add_dlimit(sb, tag);
	else if (!d)
		ret = -ESRCH;
	else if (op == VX_DLIMIT_REM)
		ret = vx_rem_dlimit(d);
	else if (op == VX_DLIMIT_SET)
		ret = vx_set_dlimit(d, vc);
	else
		ret = vx_get_dlimit(d, vc);
	mutex_unlock(&vx_dlimit_lock);
	up_read(&sb->s_umount);
	if (op != VX_DLIMIT_GET)
		mnt_drop_write(path.mnt);
out:
	path_put(&path);
	return ret;
}

long vc_add_dlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_dlimit_base *vc = arg;

	return vx_dlimit(id, vc->name, vc->flags, VX_DLIMIT_ADD, NULL);
}

long vc_rem_dlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_dlimit_base *vc = arg;

	return vx_dlimit(id, vc->name, vc->flags, VX_DLIMIT_REM, NULL);
}

long vc_set_dlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_dlimit *vc = arg;

	return vx_dlimit(id, vc->name, vc->flags, VX_DLIMIT_SET, vc);
}

long vc_get_dlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_dlimit *vc = arg;

	return vx_dlimit(id, vc->name, 0, VX_DLIMIT_GET, vc);
}
