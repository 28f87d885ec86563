// SPDX-License-Identifier: GPL-2.0
/*
 * Unified files: one inode that many contexts have links to, immutable but
 * unlinkable, until one of them would change it. Then that link becomes a copy.
 *
 * The copy is made under another name in the same directory and renamed over the
 * link, so that there is a whole file of that name at all times. It is made with
 * the kernel's credentials, since who may write to a file need not be allowed to
 * write to its directory; whether the caller may write is checked first, as if the
 * file were not immutable.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/init.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/vserver_fs.h>
#include <linux/xattr.h>
#include "internal.h"

const struct cred *vx_kernel_cred;
static atomic_t vx_copies;

/* May current do what is refused because @inode is immutable? */
static int vx_check_change(struct mnt_idmap *idmap, struct inode *inode, bool write)
{
	int ret;

	/* others may at most set its times to now, as who may write to it can */
	if (!write && inode_owner_or_capable(idmap, inode))
		return 0;
	if (inode->i_op->permission)
		ret = inode->i_op->permission(idmap, inode, MAY_WRITE);
	else
		ret = generic_permission(idmap, inode, MAY_WRITE);
	if (!ret)
		ret = vx_inode_permission(inode, MAY_WRITE);
	if (!ret)
		ret = security_inode_permission(inode, MAY_WRITE);
	/* the error without write access to the contents is that of the flag */
	return ret == -EACCES && !write ? -EPERM : ret;
}

/* Contents of @from, with its holes, into the empty file @to. */
static int vx_copy_data(struct file *from, struct file *to)
{
	loff_t size = i_size_read(file_inode(from)), pos = 0, end;
	ssize_t n;

	if (!size || vfs_clone_file_range(from, 0, to, 0, size, 0) == size)
		return 0;
	while (pos < size) {
		pos = vfs_llseek(from, pos, SEEK_DATA);
		if (pos == -ENXIO)
			break;	/* a hole up to the end */
		if (pos < 0)
			return pos;
		end = vfs_llseek(from, pos, SEEK_HOLE);
		if (end < 0)
			return end;
		while (pos < end) {
			if (fatal_signal_pending(current))
				return -EINTR;
			n = vfs_copy_file_range(from, pos, to, pos, end - pos, 0);
			if (n < 0)
				return n;
			if (!n)
				return -EIO;
			pos += n;
			cond_resched();
		}
	}
	return 0;
}

static int vx_copy_xattr(struct mnt_idmap *idmap, struct dentry *from,
			 struct dentry *to, const char *name)
{
	struct posix_acl *acl;
	char *value = NULL;
	int ret;

	if (!strcmp(name, VX_XATTR))
		return 0;
	if (is_posix_acl_xattr(name)) {
		acl = vfs_get_acl(idmap, from, name);
		if (IS_ERR(acl))
			return PTR_ERR(acl);
		ret = vfs_set_acl(idmap, to, name, acl);
		posix_acl_release(acl);
		return ret;
	}
	ret = vfs_getxattr_alloc(idmap, from, name, &value, 0, GFP_KERNEL);
	if (ret >= 0)
		ret = vfs_setxattr(idmap, to, name, value, ret, 0);
	kfree(value);
	return ret;
}

static int vx_copy_xattrs(struct mnt_idmap *idmap, struct dentry *from,
			  struct dentry *to)
{
	ssize_t size = vfs_listxattr(from, NULL, 0);
	char *list, *name;
	int ret = 0;

	if (size == -EOPNOTSUPP || !size)
		return 0;
	if (size < 0)
		return size;
	list = kvmalloc(size, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	size = vfs_listxattr(from, list, size);
	if (size < 0)
		ret = size;
	for (name = list; !ret && name < list + size; name += strlen(name) + 1)
		ret = vx_copy_xattr(idmap, from, to, name);
	kvfree(list);
	return ret;
}

static int vx_change(struct mnt_idmap *idmap, struct dentry *dentry,
		     struct iattr *attr)
{
	int ret;

	inode_lock(d_inode(dentry));
	ret = notify_change(idmap, dentry, attr, NULL);
	inode_unlock(d_inode(dentry));
	return ret;
}

/*
 * Size, owner, mode, attributes, times, label, in an order in which none undoes an
 * earlier one: a new owner takes file capabilities and set-id bits away.
 */
static int vx_copy_attributes(struct mnt_idmap *idmap, struct dentry *from,
			      struct dentry *to, bool truncate)
{
	struct inode *inode = d_inode(from);
	struct iattr owner = {
		.ia_valid = ATTR_UID | ATTR_GID,
		.ia_vfsuid = i_uid_into_vfsuid(idmap, inode),
		.ia_vfsgid = i_gid_into_vfsgid(idmap, inode),
	};
	struct iattr mode = {
		.ia_valid = ATTR_MODE,
		.ia_mode = inode->i_mode,
	};
	struct iattr times = {
		.ia_valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME |
			    ATTR_MTIME_SET,
		.ia_atime = inode_get_atime(inode),
		.ia_mtime = inode_get_mtime(inode),
	};
	int ret = 0;
	u32 tag;

	if (!truncate && i_size_read(d_inode(to)) != i_size_read(inode))
		ret = do_truncate(idmap, to, i_size_read(inode), 0, NULL);
	if (!ret)
		ret = vx_change(idmap, to, &owner);
	if (!ret)
		ret = vx_change(idmap, to, &mode);
	if (!ret)
		ret = vx_copy_xattrs(idmap, from, to);
	if (!ret)
		ret = vx_change(idmap, to, &times);
	if (!ret && (inode->i_sb->s_iflags & SB_I_TAGGED)) {
		tag = vx_current_tag() ? : vx_inode_tag(inode);
		inode_lock(d_inode(to));
		ret = vx_write_fileattr_locked(idmap, to, NULL, &tag);
		inode_unlock(d_inode(to));
	}
	return ret;
}

/*
 * The last link: nobody shares it, so it needs no copy. The lock of its directory
 * keeps the name what it is, the file's own lock keeps others from making a link.
 * Returns 1 if it is not the last, which needs a copy.
 */
static int vx_unshare_last(struct path *path, bool truncate)
{
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct inode *inode = d_inode(path->dentry);
	bool immutable = false;
	struct dentry *dir;
	int ret = 0;

	if (!truncate)
		ret = mnt_want_write(path->mnt);
	if (ret)
		return ret;
	dir = dget_parent(path->dentry);
	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	inode_lock(inode);
	if (d_unhashed(path->dentry) || path->dentry->d_parent != dir) {
		ret = -ESTALE;
	} else if (inode->i_nlink != 1) {
		ret = 1;
	} else {
		ret = vx_write_iattr_locked(idmap, path->dentry, 0,
					    IATTR_IUNLINK | IATTR_COW);
		if (!ret)
			ret = vx_write_fileattr_locked(idmap, path->dentry,
						       &immutable, NULL);
	}
	inode_unlock(inode);
	inode_unlock(d_inode(dir));
	dput(dir);
	if (!truncate)
		mnt_drop_write(path->mnt);
	return ret;
}

/* An empty file beside the one of @dentry; *@dir is their directory. */
static struct dentry *vx_make_beside(struct mnt_idmap *idmap,
				     struct dentry *dentry, struct dentry **dir)
{
	char name[32];
	struct dentry *new;
	int n, ret;

	*dir = dget_parent(dentry);
	n = snprintf(name, sizeof(name), ".vserver-%08x",
		     atomic_inc_return(&vx_copies));
	inode_lock_nested(d_inode(*dir), I_MUTEX_PARENT);
	new = lookup_one(idmap, name, *dir, n);
	if (!IS_ERR(new)) {
		ret = d_is_positive(new) ? -EEXIST :
		      vfs_create(idmap, d_inode(*dir), new, 0600, true);
		if (ret) {
			dput(new);
			new = ERR_PTR(ret);
		}
	}
	inode_unlock(d_inode(*dir));
	if (IS_ERR(new)) {
		dput(*dir);
		*dir = NULL;
	}
	return new;
}

/* @new takes the place of @dentry, if that is still what it was. */
static int vx_replace(struct mnt_idmap *idmap, struct dentry *dir,
		      struct dentry *new, struct dentry *dentry)
{
	struct renamedata rd = {
		.old_mnt_idmap = idmap,
		.old_dir = d_inode(dir),
		.old_dentry = new,
		.new_mnt_idmap = idmap,
		.new_dir = d_inode(dir),
		.new_dentry = dentry,
	};
	int ret = -ESTALE;

	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	if (new->d_parent == dir && dentry->d_parent == dir &&
	    !d_unhashed(new) && !d_unhashed(dentry))
		ret = vfs_rename(&rd);
	inode_unlock(d_inode(dir));
	return ret;
}

static void vx_remove(struct mnt_idmap *idmap, struct dentry *dir,
		      struct dentry *new)
{
	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	if (new->d_parent == dir && !d_unhashed(new))
		vfs_unlink(idmap, d_inode(dir), new, NULL);
	inode_unlock(d_inode(dir));
}

/* Copying takes write access itself, so it is not held here. */
static int vx_fill(struct path *from, struct path *to)
{
	struct file *in, *out;
	int ret;

	in = dentry_open(from, O_RDONLY | O_LARGEFILE | O_NOATIME, current_cred());
	if (IS_ERR(in))
		return PTR_ERR(in);
	out = dentry_open(to, O_WRONLY | O_LARGEFILE, current_cred());
	if (IS_ERR(out)) {
		ret = PTR_ERR(out);
	} else {
		ret = vx_copy_data(in, out);
		fput(out);
	}
	fput(in);
	return ret;
}

static int vx_copy_link(struct path *path, bool truncate)
{
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct path to = { .mnt = path->mnt };
	struct dentry *dir;
	int ret = 0;

	if (!truncate)
		ret = mnt_want_write(path->mnt);
	if (ret)
		return ret;
	to.dentry = vx_make_beside(idmap, path->dentry, &dir);
	if (!truncate)
		mnt_drop_write(path->mnt);
	if (IS_ERR(to.dentry))
		return PTR_ERR(to.dentry);

	if (!truncate) {
		ret = vx_fill(path, &to);
		if (!ret)
			ret = mnt_want_write(path->mnt);
	}
	if (!ret) {
		ret = vx_copy_attributes(idmap, path->dentry, to.dentry, truncate);
		if (!ret)
			ret = vx_replace(idmap, dir, to.dentry, path->dentry);
		if (ret)
			vx_remove(idmap, dir, to.dentry);
		if (!truncate)
			mnt_drop_write(path->mnt);
	} else if (!truncate && !mnt_want_write(path->mnt)) {
		vx_remove(idmap, dir, to.dentry);
		mnt_drop_write(path->mnt);
	}
	dput(dir);
	if (ret) {
		dput(to.dentry);
		return ret;
	}
	dput(path->dentry);
	path->dentry = to.dentry;
	return 0;
}

/**
 * __vx_break_link - give @path a file of its own that can be changed
 * @path: in: what is to be changed, with references; out: what it is now
 * @write: contents are to be changed, not only attributes
 * @truncate: to nothing; the caller has write access to the mount, else it has
 *	not
 *
 * Context: process, no lock on the file or its directory held. May take as long as
 * it takes to copy the file.
 * Return: 0, and all can be tried again; -EPERM if it is not a unified file, or
 * may not be changed anyway; -ESTALE if @path is not what its name stands for any
 * more; another negative errno if it could not be copied.
 */
int __vx_break_link(struct path *path, bool write, bool truncate)
{
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct inode *inode = d_inode(path->dentry);
	const struct cred *old;
	int ret;

	/* the directory of what is mounted by itself is not in the mount */
	if (!S_ISREG(inode->i_mode) || path->dentry == path->mnt->mnt_root ||
	    !vx_may_unlink(inode))
		return -EPERM;
	/* most likely another has just put a copy in its place: look again */
	if (d_unlinked(path->dentry))
		return -ESTALE;
	ret = vx_check_change(idmap, inode, write);
	if (ret)
		return ret;

	old = override_creds(vx_kernel_cred);
	ret = inode->i_nlink == 1 ? vx_unshare_last(path, truncate) : 1;
	if (ret == 1)
		ret = vx_copy_link(path, truncate);
	revert_creds(old);
	return ret;
}

static int __init vx_cow_init(void)
{
	vx_kernel_cred = prepare_kernel_cred(&init_task);
	return vx_kernel_cred ? 0 : -ENOMEM;
}
core_initcall(vx_cow_init);
