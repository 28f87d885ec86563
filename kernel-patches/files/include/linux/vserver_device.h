/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device maps of contexts: which devices members can open and make nodes of,
 * and which others they get instead.
 *
 * Where no context has a map, all that is asked is whether there is one.
 */
#ifndef _LINUX_VSERVER_DEVICE_H
#define _LINUX_VSERVER_DEVICE_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/vserver.h>

#ifdef CONFIG_VSERVER_FS

/* kernel/vserver/device.c */
bool __vx_may_open_dev(const struct inode *inode);
dev_t __vx_block_dev(dev_t dev);
int __vx_make_dev(umode_t mode, dev_t *dev);
extern atomic_t vx_nr_devices;

static inline bool vx_devices_mapped(void)
{
	return vx_in_context() && atomic_read(&vx_nr_devices);
}

/* May current open @inode, which is a device? */
static inline bool vx_may_open_dev(const struct inode *inode)
{
	return !vx_devices_mapped() || __vx_may_open_dev(inode);
}

/* The block device that current gets for @dev. */
static inline dev_t vx_block_dev(dev_t dev)
{
	return vx_devices_mapped() ? __vx_block_dev(dev) : dev;
}

/* May current make a node of @dev?  Then @dev becomes what it is one of. */
static inline int vx_make_dev(umode_t mode, dev_t *dev)
{
	return vx_devices_mapped() ? __vx_make_dev(mode, dev) : 0;
}

#else

static inline bool vx_may_open_dev(const struct inode *inode) { return true; }
static inline dev_t vx_block_dev(dev_t dev) { return dev; }
static inline int vx_make_dev(umode_t mode, dev_t *dev) { return 0; }

#endif
#endif /* _LINUX_VSERVER_DEVICE_H */
