// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: what they do to disks.
 *
 * One record for each context and disk, made when the first request of the
 * context there is done, gone with the context. Records are found without a
 * lock, from interrupts; only making one takes vx_disk_lock, a leaf.
 *
 * They are keyed by device number. A context whose id is used again while
 * requests of its predecessor are still under way is charged for those.
 */
#include <linux/atomic.h>
#include <linux/blkdev.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vserver_disk.h>
#include "internal.h"

/* bi_xid sits where padding was. */
static_assert(offsetof(struct bio, __bi_remaining) ==
	      round_up(offsetofend(struct bio, bi_status), sizeof(atomic_t)));
static_assert(VX_XID_MAX <= U16_MAX);

enum vx_disk_op { VX_DISK_READ, VX_DISK_WRITE, VX_DISK_DISCARD, VX_DISK_OPS };

struct vx_disk {
	struct vx_disk *next;
	dev_t dev;
	atomic64_t ios[VX_DISK_OPS];
	atomic64_t bytes[VX_DISK_OPS];
};

static DEFINE_SPINLOCK(vx_disk_lock);

static struct vx_disk *vx_disk_find(struct vx_info *vxi, dev_t dev)
{
	struct vx_disk *d;

	/* Pairs with the release in vx_disk_get(). */
	for (d = smp_load_acquire(&vxi->vx_disks); d; d = d->next)
		if (d->dev == dev)
			return d;
	return NULL;
}

/* The record, made if there is none; NULL without memory. Under RCU. */
static struct vx_disk *vx_disk_get(struct vx_info *vxi, dev_t dev)
{
	struct vx_disk *d = vx_disk_find(vxi, dev);
	unsigned long flags;

	if (likely(d))
		return d;

	spin_lock_irqsave(&vx_disk_lock, flags);
	d = vx_disk_find(vxi, dev);
	if (!d) {
		d = kzalloc(sizeof(*d), GFP_ATOMIC | __GFP_NOWARN);
		if (d) {
			d->dev = dev;
			d->next = vxi->vx_disks;
			/* complete before it can be found */
			smp_store_release(&vxi->vx_disks, d);
		}
	}
	spin_unlock_irqrestore(&vx_disk_lock, flags);
	return d;
}

/**
 * __vx_disk_account - a part of a bio is done
 * @xid: whose bio
 * @disk: where
 * @op: of the request
 * @bytes: how much of it
 * @last: it was the last part
 *
 * Any context. What cannot be accounted for want of memory is lost.
 */
void __vx_disk_account(u32 xid, struct gendisk *disk, enum req_op op,
		       unsigned int bytes, bool last)
{
	enum vx_disk_op kind = op_is_discard(op) ? VX_DISK_DISCARD :
			       op_is_write(op) ? VX_DISK_WRITE : VX_DISK_READ;
	struct vx_info *vxi;
	struct vx_disk *d;

	if (!disk)
		return;
	rcu_read_lock();
	vxi = vx_peek(xid);
	d = vxi ? vx_disk_get(vxi, disk_devt(disk)) : NULL;
	if (d) {
		atomic64_add(bytes, &d->bytes[kind]);
		if (last)
			atomic64_inc(&d->ios[kind]);
	}
	rcu_read_unlock();
}

/* One line for each disk; the caller holds a reference. */
void vx_disk_show(struct seq_file *m, struct vx_info *vxi)
{
	struct vx_disk *d;

	/* Pairs with the release in vx_disk_get(). */
	for (d = smp_load_acquire(&vxi->vx_disks); d; d = d->next)
		seq_printf(m, "%u:%u rbytes=%lld wbytes=%lld rios=%lld wios=%lld dbytes=%lld dios=%lld\n",
			   MAJOR(d->dev), MINOR(d->dev),
			   atomic64_read(&d->bytes[VX_DISK_READ]),
			   atomic64_read(&d->bytes[VX_DISK_WRITE]),
			   atomic64_read(&d->ios[VX_DISK_READ]),
			   atomic64_read(&d->ios[VX_DISK_WRITE]),
			   atomic64_read(&d->bytes[VX_DISK_DISCARD]),
			   atomic64_read(&d->ios[VX_DISK_DISCARD]));
}

/* The structure goes; nobody can reach it any more. */
void vx_disk_free(struct vx_info *vxi)
{
	struct vx_disk *d, *next;

	for (d = vxi->vx_disks; d; d = next) {
		next = d->next;
		kfree(d);
	}
}
