// SPDX-License-Identifier: GPL-2.0
/*
 * Device maps: for each context a list of devices, with what members can do with
 * each, and what they get instead of it.
 *
 * Lists are changed under vx_device_lock and read under RCU; they are short, and
 * opening devices is rare. The list of a context goes with the context, when
 * nobody can look at it any more. The one of id 0 is for all contexts that say
 * nothing about a device themselves; the host's own processes have no map.
 */
#include <linux/fcntl.h>
#include <linux/kdev_t.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/vserver_device.h>
#include "internal.h"

struct vx_device {
	struct list_head	node;
	struct rcu_head		rcu;
	umode_t			type;	/* S_IFBLK or S_IFCHR */
	dev_t			dev;	/* 0: all others of the type */
	dev_t			target;
	u32			flags;	/* VXDEV_* */
};

static DEFINE_MUTEX(vx_device_lock);
static LIST_HEAD(vx_default_devices);

/* entries of all lists */
atomic_t vx_nr_devices = ATOMIC_INIT(0);

void vx_init_devices(struct vx_info *vxi)
{
	INIT_LIST_HEAD(&vx_private(vxi)->devices);
}

/* After the last reader, and in interrupts. */
void vx_free_devices(struct vx_info *vxi)
{
	struct vx_device *d, *next;

	list_for_each_entry_safe(d, next, &vx_private(vxi)->devices, node) {
		kfree(d);
		atomic_dec(&vx_nr_devices);
	}
}

static struct list_head *vx_device_list(struct vx_info *vxi)
{
	return vxi ? &vx_private(vxi)->devices : &vx_default_devices;
}

/* The entry of just this device, or just the one of all others. */
static struct vx_device *vx_find_device(struct list_head *list, umode_t type,
					dev_t dev)
{
	struct vx_device *d;

	list_for_each_entry_rcu(d, list, node,
				lockdep_is_held(&vx_device_lock))
		if (d->type == type && d->dev == dev)
			return d;
	return NULL;
}

/* What there is about a device for current, which is in a context.  Under RCU. */
static const struct vx_device *vx_device_entry(umode_t type, dev_t dev)
{
	struct vx_info *vxi = current->vx_info;
	const struct vx_device *d = NULL;

	type &= S_IFMT;
	if (vxi) {
		d = vx_find_device(vx_device_list(vxi), type, dev) ?:
		    vx_find_device(vx_device_list(vxi), type, 0);
		if (!d)
			d = vx_find_device(&vx_default_devices, type, dev) ?:
			    vx_find_device(&vx_default_devices, type, 0);
	}
	return d;
}

bool __vx_may_open_dev(const struct inode *inode)
{
	const struct vx_device *d;

	guard(rcu)();
	d = vx_device_entry(inode->i_mode, inode->i_rdev);
	return !d || (d->flags & VXDEV_OPEN);
}

dev_t __vx_block_dev(dev_t dev)
{
	const struct vx_device *d;

	guard(rcu)();
	d = vx_device_entry(S_IFBLK, dev);
	return d && (d->flags & VXDEV_REMAP) ? d->target : dev;
}

/*
 * A character device's driver looks at the number of the node it is opened by, so
 * the node itself must have the other number; a block device's does not.
 */
int __vx_make_dev(umode_t mode, dev_t *dev)
{
	const struct vx_device *d;

	/* not a device, but how some file systems say that there is nothing */
	if (S_ISCHR(mode) && *dev == WHITEOUT_DEV)
		return 0;
	guard(rcu)();
	d = vx_device_entry(mode, *dev);
	if (!d)
		return 0;
	if (!(d->flags & VXDEV_CREATE))
		return -EPERM;
	if (S_ISCHR(mode) && (d->flags & VXDEV_REMAP))
		*dev = d->target;
	return 0;
}

/* ---- commands ---- */

/* The device of a path; 0 if there is no path. */
static int vx_user_device(u64 name, umode_t *type, dev_t *dev)
{
	struct inode *inode;
	struct path path;
	int ret;

	*type = 0;
	*dev = 0;
	if (!name)
		return 0;
	ret = user_path_at(AT_FDCWD, u64_to_user_ptr(name), LOOKUP_FOLLOW, &path);
	if (ret)
		return ret;
	inode = d_backing_inode(path.dentry);
	if ((S_ISBLK(inode->i_mode) || S_ISCHR(inode->i_mode)) && inode->i_rdev) {
		*type = inode->i_mode & S_IFMT;
		*dev = inode->i_rdev;
	} else {
		ret = -EINVAL;
	}
	path_put(&path);
	return ret;
}

/* What @vc says, without its flags. */
static int vx_user_mapping(const struct vcmd_mapping *vc, struct vx_device *d)
{
	umode_t type;
	int ret;

	ret = vx_user_device(vc->device, &d->type, &d->dev);
	if (ret)
		return ret;
	ret = vx_user_device(vc->target, &type, &d->target);
	if (ret)
		return ret;
	if (!d->type)
		d->type = type;
	return d->type && (!type || type == d->type) ? 0 : -EINVAL;
}

long vc_set_mapping(struct vx_info *vxi, u32 id, void *arg)
{
	const struct vcmd_mapping *vc = arg;
	struct list_head *list = vx_device_list(vxi);
	struct vx_device *new, *old;
	int ret;

	if ((vc->flags & ~VXDEV_ALL) ||
	    ((vc->flags & VXDEV_REMAP) && !vc->target))
		return -EINVAL;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	ret = vx_user_mapping(vc, new);
	if (ret) {
		kfree(new);
		return ret;
	}
	new->flags = vc->flags;

	mutex_lock(&vx_device_lock);
	old = vx_find_device(list, new->type, new->dev);
	if (old) {
		list_replace_rcu(&old->node, &new->node);
		kfree_rcu(old, rcu);
	} else {
		list_add_rcu(&new->node, list);
		atomic_inc(&vx_nr_devices);
	}
	mutex_unlock(&vx_device_lock);
	return 0;
}

long vc_unset_mapping(struct vx_info *vxi, u32 id, void *arg)
{
	struct vx_device what, *d;
	int ret;

	ret = vx_user_mapping(arg, &what);
	if (ret)
		return ret;
	mutex_lock(&vx_device_lock);
	d = vx_find_device(vx_device_list(vxi), what.type, what.dev);
	if (d) {
		list_del_rcu(&d->node);
		kfree_rcu(d, rcu);
		atomic_dec(&vx_nr_devices);
	}
	mutex_unlock(&vx_device_lock);
	return d ? 0 : -ESRCH;
}
