// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of files: what contexts are checked for, and the commands that
 * show and set them.
 *
 * What an inode has is read when it is first asked for, outside of all locks
 * but those of the caller, and kept in its i_flags.  A reader that raced with a
 * change must not leave the old state behind: changes count up vx_iattr_seq
 * before they clear the flags under i_lock, where readers store only if it is what
 * it was before they read.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fileattr.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pid_namespace.h>
#include <linux/quotaops.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/vserver_fs.h>
#include <linux/xattr.h>
#include "internal.h"

#define VX_IATTR_OWN	(IATTR_BARRIER | IATTR_IUNLINK | IATTR_COW)
#define VX_S_OWN	(S_VX_BARRIER | S_VX_IUNLINK | S_VX_COW)
#define VX_S_ALL	(VX_S_OWN | S_VX_KNOWN | S_VX_PLAIN)
#define VX_SB_LABELLED	(SB_I_TAGGED | SB_I_TAGID)

static atomic_t vx_iattr_seq;

static unsigned int vx_to_sflags(u32 iattr)
{
	return (iattr & IATTR_BARRIER ? S_VX_BARRIER : 0) |
	       (iattr & IATTR_IUNLINK ? S_VX_IUNLINK : 0) |
	       (iattr & IATTR_COW ? S_VX_COW : 0);
}

static u32 vx_to_iattr(unsigned int sflags)
{
	return (sflags & S_VX_BARRIER ? IATTR_BARRIER : 0) |
	       (sflags & S_VX_IUNLINK ? IATTR_IUNLINK : 0) |
	       (sflags & S_VX_COW ? IATTR_COW : 0);
}

static void vx_forget_inode(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	inode_set_flags(inode, 0, VX_S_ALL);
	spin_unlock(&inode->i_lock);
}

/* @flags of @inode are what was found after vx_iattr_seq was @seq. */
static void vx_keep_flags(struct inode *inode, int seq, unsigned int flags)
{
	spin_lock(&inode->i_lock);
	if (atomic_read(&vx_iattr_seq) == seq)
		inode_set_flags(inode, flags, VX_S_ALL);
	spin_unlock(&inode->i_lock);
}

void __vx_xattr_changed(struct inode *inode)
{
	atomic_inc(&vx_iattr_seq);
	vx_forget_inode(inode);
}

static void vx_set_label_flags(struct super_block *sb, unsigned long flags)
{
	struct inode *inode;

	if (flags == sb->s_iflags)
		return;
	sb->s_iflags = flags;
	/* what is known of inodes is no longer right */
	atomic_inc(&vx_iattr_seq);
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		vx_forget_inode(inode);
	spin_unlock(&sb->s_inode_list_lock);
}

void vx_label_super(struct super_block *sb, bool tag, bool check)
{
	unsigned long flags = sb->s_iflags & ~(SB_I_TAGGED | SB_I_NOTAGCHECK);

	if (tag)
		flags |= check ? SB_I_TAGGED : SB_I_TAGGED | SB_I_NOTAGCHECK;
	vx_set_label_flags(sb, flags);
}

int vx_parse_tagid(struct fs_context *fc, struct fs_parameter *param)
{
	u32 tag;

	if (strcmp(param->key, "tagid"))
		return -ENOPARAM;
	if (vx_in_context() || !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (param->type != fs_value_is_string ||
	    kstrtouint(param->string, 10, &tag) || tag > VX_XID_MAX)
		return invalf(fc, "tagid: not a number from 0 to %u", VX_XID_MAX);
	fc->vx_tagid = tag;
	fc->vx_has_tagid = true;
	return 0;
}

void vx_label_remount(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	unsigned long flags = sb->s_iflags & ~SB_I_TAGID;

	if (!fc->vx_has_tagid)
		return;
	/* @fc may be used again, when others have said something else */
	fc->vx_has_tagid = false;
	WRITE_ONCE(sb->s_vx_tagid, fc->vx_tagid);
	vx_set_label_flags(sb, fc->vx_tagid ? flags | SB_I_TAGID : flags);
}

int vx_label_mount(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;

	if (fc->vx_has_tagid && (sb->s_flags & SB_BORN) &&
	    fc->vx_tagid != sb->s_vx_tagid) {
		errorf(fc, "tagid: mounted with another one");
		return -EBUSY;
	}
	vx_label_remount(fc);
	return 0;
}

void vx_show_tagid(struct seq_file *m, struct super_block *sb)
{
	u32 tag = READ_ONCE(sb->s_vx_tagid);

	/* contexts could not say it when they mount */
	if (tag && !vx_in_context())
		seq_printf(m, ",tagid=%u", tag);
}

/*
 * The attributes of ours that are on the file system, as IATTR_*, or a negative
 * errno.  @dentry names @inode.
 */
static int vx_read_iattr(struct dentry *dentry, struct inode *inode)
{
	__le32 word;
	ssize_t ret;

	ret = __vfs_getxattr(dentry, inode, VX_XATTR, &word, sizeof(word));
	if (ret == -ENODATA || ret == -EOPNOTSUPP)
		return 0;
	if (ret == -ERANGE || (ret >= 0 && ret != sizeof(word)))
		return 0;	/* not by us */
	if (ret < 0)
		return ret;
	return le32_to_cpu(word) & VX_IATTR_OWN;
}

/*
 * Make S_VX_* of @inode known.  Sleeps.  Returns 0 or a negative errno, then they
 * are not known.
 */
static int vx_know_inode(struct inode *inode)
{
	struct dentry *dentry;
	unsigned int flags;
	int seq, ret = 0;

	while (!(READ_ONCE(inode->i_flags) & S_VX_KNOWN)) {
		seq = atomic_read_acquire(&vx_iattr_seq);
		if (inode->i_opflags & IOP_XATTR) {
			dentry = d_find_any_alias(inode);
			if (!dentry)
				return -EACCES;
			ret = vx_read_iattr(dentry, inode);
			dput(dentry);
			if (ret < 0)
				return ret;
		}
		flags = vx_to_sflags(ret) | S_VX_KNOWN;
		if (!(flags & S_VX_BARRIER) &&
		    !(inode->i_sb->s_iflags & VX_SB_LABELLED))
			flags |= S_VX_PLAIN;
		vx_keep_flags(inode, seq, flags);
	}
	return 0;
}

/* The label of @inode, which is on a file system that has them. */
u32 vx_inode_tag(struct inode *inode)
{
	const struct dquot_operations *ops = inode->i_sb->dq_op;
	kprojid_t project;

	if (inode->i_sb->s_iflags & SB_I_TAGID)
		return READ_ONCE(inode->i_sb->s_vx_tagid);
	if (!ops || !ops->get_projid || ops->get_projid(inode, &project))
		return 0;
	return from_kprojid(&init_user_ns, project);
}

int __vx_inode_permission(struct inode *inode, int mask)
{
	int seq = atomic_read_acquire(&vx_iattr_seq);
	unsigned long iflags = READ_ONCE(inode->i_sb->s_iflags);
	u32 xid = vx_current_xid();
	u32 tag;
	int ret;

	/* of the attributes only the barrier is asked for, here */
	if (!(iflags & VX_SB_LABELLED) &&
	    (!S_ISDIR(inode->i_mode) || !(inode->i_opflags & IOP_XATTR))) {
		vx_keep_flags(inode, seq, S_VX_PLAIN);
		return 0;
	}
	if (xid == VX_XID_HOST || xid == VX_XID_WATCH)
		return 0;

	if ((iflags & VX_SB_LABELLED) && !(iflags & SB_I_NOTAGCHECK)) {
		tag = vx_inode_tag(inode);
		if (tag && tag != vx_current_tag())
			return -EACCES;
	}
	if (!S_ISDIR(inode->i_mode) || !(mask & MAY_EXEC))
		return 0;

	if (!(READ_ONCE(inode->i_flags) & S_VX_KNOWN)) {
		if (mask & MAY_NOT_BLOCK)
			return -ECHILD;
		ret = vx_know_inode(inode);
		if (ret)
			return ret;
	}
	return READ_ONCE(inode->i_flags) & S_VX_BARRIER ? -EACCES : 0;
}

int __vx_path_permission(const struct path *path)
{
	return vx_inode_permission(d_inode(path->dentry), 0);
}

/* Is @inode, which is immutable, one that can be linked and unlinked?  Sleeps. */
bool vx_may_unlink(struct inode *inode)
{
	return !vx_know_inode(inode) && (READ_ONCE(inode->i_flags) & S_VX_IUNLINK);
}

/*
 * A context may not make a unified file, which others have too, one it can write
 * to; nor anything of a barrier.
 */
int __vx_fileattr_permission(struct inode *inode)
{
	int ret = vx_know_inode(inode);

	if (ret)
		return ret;
	return READ_ONCE(inode->i_flags) & VX_S_OWN ? -EPERM : 0;
}

/*
 * Set those of VX_IATTR_OWN that are in @mask to @flags.  The caller has write
 * access to the mount and the inode's lock.  The inode may be immutable: that is
 * for others.
 */
int vx_write_iattr_locked(struct mnt_idmap *idmap, struct dentry *dentry, u32 flags,
			  u32 mask)
{
	__le32 word;
	int old, ret;

	old = vx_read_iattr(dentry, d_inode(dentry));
	if (old < 0)
		return old;
	flags = (old & ~mask) | (flags & mask);
	if (flags == old)
		return 0;
	if (flags) {
		word = cpu_to_le32(flags);
		return __vfs_setxattr_noperm(idmap, dentry, VX_XATTR, &word,
					     sizeof(word), 0);
	}
	ret = __vfs_removexattr(idmap, dentry, VX_XATTR);
	if (!ret)
		__vx_xattr_changed(d_inode(dentry));
	return ret;
}

/* The file system's own attributes, with the flag and the label as they shall be. */
static int vx_fill_fileattr(struct dentry *dentry, const bool *immutable,
			    const u32 *tag, struct fileattr *fa)
{
	struct inode *inode = d_inode(dentry);
	struct fileattr old = { .fsx_valid = true };
	u32 xflags;
	int ret;

	if (!inode->i_op->fileattr_get || !inode->i_op->fileattr_set)
		return -EOPNOTSUPP;
	ret = vfs_fileattr_get(dentry, &old);
	if (ret)
		return ret;
	xflags = old.fsx_xflags & ~FS_XFLAG_IMMUTABLE;
	if (immutable ? *immutable : old.fsx_xflags & FS_XFLAG_IMMUTABLE)
		xflags |= FS_XFLAG_IMMUTABLE;
	fileattr_fill_xflags(fa, xflags);
	/* what there is besides, such as that an inode has extents */
	fa->flags |= old.flags & ~FS_COMMON_FL;
	fa->fsx_extsize = old.fsx_extsize;
	fa->fsx_cowextsize = old.fsx_cowextsize;
	fa->fsx_projid = tag ? *tag : old.fsx_projid;
	return 0;
}

/*
 * Set or clear the file system's own flag if @immutable is not NULL, and the label
 * if @tag is not NULL, whoever the caller is; who has write access to the mount and
 * the inode's lock.
 */
int vx_write_fileattr_locked(struct mnt_idmap *idmap, struct dentry *dentry,
			     const bool *immutable, const u32 *tag)
{
	struct fileattr fa;
	int ret = vx_fill_fileattr(dentry, immutable, tag, &fa);

	if (ret)
		return ret;
	return d_inode(dentry)->i_op->fileattr_set(idmap, dentry, &fa);
}

/* What there can be for @inode on its file system. */
static u32 vx_iattr_mask(struct inode *inode)
{
	u32 mask = 0;

	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC)
		return vx_proc_iattr_mask(inode);
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)) {
		if (inode->i_op->fileattr_set)
			mask |= IATTR_IMMUTABLE;
		if (inode->i_opflags & IOP_XATTR)
			mask |= IATTR_IUNLINK |
				(S_ISDIR(inode->i_mode) ? IATTR_BARRIER : IATTR_COW);
	}
	if (inode->i_sb->s_iflags & VX_SB_LABELLED)
		mask |= IATTR_TAG;
	return mask;
}

static long vx_get_iattr(const struct path *path, u32 *tag, u32 *flags, u32 *mask)
{
	struct inode *inode = d_inode(path->dentry);
	int ret;

	*tag = 0;
	*flags = 0;
	*mask = vx_iattr_mask(inode);
	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC) {
		*flags = vx_proc_iattr(inode);
		return 0;
	}
	if (*mask & VX_IATTR_OWN) {
		ret = vx_know_inode(inode);
		if (ret)
			return ret;
		*flags |= vx_to_iattr(READ_ONCE(inode->i_flags)) & *mask;
	}
	if (IS_IMMUTABLE(inode))
		*flags |= IATTR_IMMUTABLE & *mask;
	if (*mask & IATTR_TAG) {
		*flags |= IATTR_TAG;
		*tag = vx_inode_tag(inode);
	}
	return 0;
}

static long vx_set_iattr(const struct path *path, u32 tag, u32 flags, u32 mask)
{
	struct inode *inode = d_inode(path->dentry);
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	bool immutable = flags & IATTR_IMMUTABLE;
	struct fileattr fa;
	long ret;

	if (!capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if (mask & ~vx_iattr_mask(inode))
		return -EINVAL;
	if ((mask & IATTR_TAG) &&
	    (tag > VX_XID_MAX || (inode->i_sb->s_iflags & SB_I_TAGID)))
		return -EINVAL;
	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC) {
		vx_proc_set_iattr(inode, flags, mask);
		return 0;
	}

	ret = mnt_want_write(path->mnt);
	if (ret)
		return ret;
	/* before it is immutable it shall be known how much */
	if (mask & VX_IATTR_OWN) {
		inode_lock(inode);
		ret = vx_write_iattr_locked(idmap, path->dentry, flags,
					    mask & VX_IATTR_OWN);
		inode_unlock(inode);
	}
	if (!ret && (mask & (IATTR_IMMUTABLE | IATTR_TAG)))
		ret = vx_fill_fileattr(path->dentry,
				       mask & IATTR_IMMUTABLE ? &immutable : NULL,
				       mask & IATTR_TAG ? &tag : NULL, &fa);
	if (!ret && (mask & (IATTR_IMMUTABLE | IATTR_TAG)))
		ret = vfs_fileattr_set(idmap, path->dentry, &fa);
	mnt_drop_write(path->mnt);
	return ret;
}

long vc_get_iattr(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_iattr *vc = arg;
	struct path path;
	long ret;

	/* the link itself, not what it points to */
	ret = user_path_at(AT_FDCWD, u64_to_user_ptr(vc->name), 0, &path);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	ret = vx_get_iattr(&path, &vc->tag, &vc->flags, &vc->mask);
	path_put(&path);
	return ret;
}

long vc_set_iattr(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_iattr *vc = arg;
	struct path path;
	long ret;

	ret = user_path_at(AT_FDCWD, u64_to_user_ptr(vc->name), 0, &path);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	ret = vx_set_iattr(&path, vc->tag, vc->flags, vc->mask);
	path_put(&path);
	return ret;
}

long vc_fget_iattr(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_fiattr *vc = arg;

	CLASS(fd_raw, f)(id);

	if (fd_empty(f))
		return -EBADF;
	return vx_get_iattr(&fd_file(f)->f_path, &vc->tag, &vc->flags, &vc->mask);
}

long vc_fset_iattr(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_fiattr *vc = arg;

	CLASS(fd_raw, f)(id);

	if (fd_empty(f))
		return -EBADF;
	return vx_set_iattr(&fd_file(f)->f_path, vc->tag, vc->flags, vc->mask);
}

long vc_tag_migrate(struct vx_info *vxi, u32 id, void *arg)
{
	if (id > VX_XID_MAX)
		return -EINVAL;
	WRITE_ONCE(current->fs->vx_tag, id);
	return 0;
}

long vc_task_tag(struct vx_info *vxi, u32 id, void *arg)
{
	struct task_struct *p;
	long tag = -ESRCH;

	if (!id)
		return vx_current_tag();
	rcu_read_lock();
	p = pid_task(find_pid_ns(id, &init_pid_ns), PIDTYPE_PID);
	if (p) {
		task_lock(p);
		tag = p->fs ? READ_ONCE(p->fs->vx_tag) : 0;
		task_unlock(p);
	}
	rcu_read_unlock();
	return tag;
}
