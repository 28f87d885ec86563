// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: what they do to disks, and what they are to get of them.
 *
 * One record for each context and disk, made when the first request of the
 * context there is done or something is set for it, gone with the context. Disk
 * 0:0 stands for all disks. Records are found without a lock, from interrupts;
 * making one, and what is set in it, takes vx_disk_lock, a leaf.
 *
 * They are keyed by device number. A context whose id is used again while
 * requests of its predecessor are still under way is charged for those.
 *
 * Who schedules a disk registers to be told of changes, and looks them up. Locks:
 * vx_disk_mutex, of those who set; then a scheduler's lock; then vx_disk_lock.
 */
#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/moduleparam.h>
#include <linux/vserver_disk.h>
#include <linux/vserver_writeback.h>
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
	u32 set;			/* VXDISK_*: which of share */
	struct vx_disk_share share;
};

static const struct vx_disk_share vx_disk_default = {
	.weight = VX_DISK_WEIGHT_DEFAULT,
};

static DEFINE_SPINLOCK(vx_disk_lock);
static DEFINE_MUTEX(vx_disk_mutex);
static ATOMIC_NOTIFIER_HEAD(vx_disk_chain);
static struct vx_disk *vx_disk_host;	/* of what is in no context */

static struct vx_disk *vx_disk_find(struct vx_disk **head, dev_t dev)
{
	struct vx_disk *d;

	/* Pairs with the release in vx_disk_get(). */
	for (d = smp_load_acquire(head); d; d = d->next)
		if (d->dev == dev)
			return d;
	return NULL;
}

/* The record, made if there is none; NULL without memory. Under RCU. */
static struct vx_disk *vx_disk_get(struct vx_disk **head, dev_t dev)
{
	struct vx_disk *d = vx_disk_find(head, dev);
	unsigned long flags;

	if (likely(d))
		return d;

	spin_lock_irqsave(&vx_disk_lock, flags);
	d = vx_disk_find(head, dev);
	if (!d) {
		d = kzalloc(sizeof(*d), GFP_ATOMIC | __GFP_NOWARN);
		if (d) {
			d->dev = dev;
			d->next = *head;
			/* complete before it can be found */
			smp_store_release(head, d);
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
	d = vxi ? vx_disk_get(&vxi->vx_disks, disk_devt(disk)) : NULL;
	if (d) {
		atomic64_add(bytes, &d->bytes[kind]);
		if (last)
			atomic64_inc(&d->ios[kind]);
	}
	rcu_read_unlock();
}

/* ---- What they are to get ---- */

static void vx_disk_take(const struct vx_disk *d, struct vx_disk_share *share)
{
	if (!d)
		return;
	if (d->set & VXDISK_WEIGHT)
		share->weight = d->share.weight;
	if (d->set & VXDISK_RESERVE)
		share->reserve = d->share.reserve;
	if (d->set & VXDISK_MAX)
		share->max = d->share.max;
}

/* What is in force for whose records these are. */
static void vx_disk_in_force(struct vx_disk **head, dev_t dev,
			     struct vx_disk_share *share)
{
	unsigned long flags;

	*share = vx_disk_default;
	spin_lock_irqsave(&vx_disk_lock, flags);
	vx_disk_take(vx_disk_find(head, 0), share);
	if (dev)
		vx_disk_take(vx_disk_find(head, dev), share);
	spin_unlock_irqrestore(&vx_disk_lock, flags);
}

/**
 * vx_disk_get_share - what a context is to get of a disk
 * @xid: the context, 0 for what is in none
 * @dev: the disk
 * @share: (out) the share in force, that of a new context if there is no @xid
 *
 * Any context. Return: whether there is such a context.
 */
bool vx_disk_get_share(u32 xid, dev_t dev, struct vx_disk_share *share)
{
	struct vx_info *vxi;

	if (!xid) {
		vx_disk_in_force(&vx_disk_host, dev, share);
		return true;
	}
	rcu_read_lock();
	vxi = vx_peek(xid);
	if (vxi)
		vx_disk_in_force(&vxi->vx_disks, dev, share);
	else
		*share = vx_disk_default;
	rcu_read_unlock();
	return vxi;
}
EXPORT_SYMBOL_GPL(vx_disk_get_share);

/**
 * vx_disk_register - be told of contexts
 * @nb: called under RCU with a pointer to the id (u32) of a context; must not sleep.
 *	VX_DISK_CHANGED: its shares may have changed, or it is gone. VX_DISK_HURRY: its
 *	writes are waited for by a journal until, as often, VX_DISK_CALM
 *
 * Return: 0.
 */
int vx_disk_register(struct notifier_block *nb)
{
	return atomic_notifier_chain_register(&vx_disk_chain, nb);
}
EXPORT_SYMBOL_GPL(vx_disk_register);

/* After it returns, @nb is not called any more. May sleep. */
void vx_disk_unregister(struct notifier_block *nb)
{
	atomic_notifier_chain_unregister(&vx_disk_chain, nb);
}
EXPORT_SYMBOL_GPL(vx_disk_unregister);

/* A context is out of the table. Process context. */
void vx_disk_end(u32 xid)
{
	vx_wb_end(xid);
	atomic_notifier_call_chain(&vx_disk_chain, VX_DISK_CHANGED, &xid);
}

static u32 vx_disk_reserved_by(struct vx_disk **head, dev_t dev)
{
	struct vx_disk_share share;

	vx_disk_in_force(head, dev, &share);
	return share.reserve.unit == VX_DISK_IN_TIME ? share.reserve.value : 0;
}

/* Do all reservations of a disk's time fit? */
static bool vx_disk_fits(dev_t dev)
{
	u64 sum = vx_disk_reserved_by(&vx_disk_host, dev);
	u32 xid = VX_XID_MIN;
	struct vx_info *vxi;

	while ((xid = vx_next_xid(xid))) {
		rcu_read_lock();
		vxi = vx_peek(xid++);
		if (vxi)
			sum += vx_disk_reserved_by(&vxi->vx_disks, dev);
		rcu_read_unlock();
	}
	return sum <= VX_DISK_TIME_RESERVED;
}

/*
 * The same of every disk that somebody has a share of its own on; each only
 * once, or a thousand contexts would take a million steps.
 */
static bool vx_disk_all_fit(void)
{
	dev_t dev = 0, next;
	u32 xid;

	do {
		struct vx_disk **h = &vx_disk_host;
		struct vx_info *vxi;
		struct vx_disk *d;

		if (!vx_disk_fits(dev))
			return false;
		/* The smallest device number above. */
		next = 0;
		xid = VX_XID_MIN;
		rcu_read_lock();
		while (h) {
			/* Pairs with the release in vx_disk_get(). */
			for (d = smp_load_acquire(h); d; d = d->next)
				if (d->set && d->dev > dev && (!next || d->dev < next))
					next = d->dev;
			h = NULL;
			while (!h && (xid = vx_next_xid(xid))) {
				vxi = vx_peek(xid++);
				if (vxi)
					h = &vxi->vx_disks;
			}
		}
		rcu_read_unlock();
		dev = next;
	} while (dev);
	return true;
}

static bool vx_disk_rate_ok(u32 unit, u64 value)
{
	if (!value)
		return unit <= VX_DISK_IN_IOS;
	switch (unit) {
	case VX_DISK_IN_TIME:
		return value <= VX_DISK_TIME_MAX;
	case VX_DISK_IN_BYTES:
		return value >= VX_DISK_BYTES_MIN && value <= VX_DISK_BYTES_MAX;
	case VX_DISK_IN_IOS:
		return value <= VX_DISK_IOS_MAX;
	}
	return false;
}

/* The device number of a command; -1 if it is none. */
static dev_t vx_disk_dev(const struct vcmd_disk *vc)
{
	if (vc->major >= 1U << (32 - MINORBITS) || vc->minor > MINORMASK ||
	    (!vc->major && vc->minor))
		return -1;
	return MKDEV(vc->major, vc->minor);
}

long vc_set_disk(struct vx_info *vxi, u32 id, void *arg)
{
	struct vx_disk **head = vxi ? &vxi->vx_disks : &vx_disk_host;
	struct vcmd_disk *vc = arg;
	dev_t dev = vx_disk_dev(vc);
	u32 xid = vxi ? vxi->vx_id : 0;
	u32 old_set = 0, set;
	struct vx_disk_share old = { };
	struct vx_disk *d;
	long ret = 0;

	if (dev == (dev_t)-1 || (vc->mask & ~(VXDISK_VALUES | VXDISK_INHERIT)))
		return -EINVAL;
	if ((vc->mask & VXDISK_WEIGHT) &&
	    (vc->weight < VX_DISK_WEIGHT_MIN || vc->weight > VX_DISK_WEIGHT_MAX))
		return -EINVAL;
	if ((vc->mask & VXDISK_RESERVE) &&
	    (!vx_disk_rate_ok(vc->reserve_unit, vc->reserve) ||
	     (vc->reserve_unit == VX_DISK_IN_TIME &&
	      vc->reserve > VX_DISK_TIME_RESERVED)))
		return -EINVAL;
	if ((vc->mask & VXDISK_MAX) && !vx_disk_rate_ok(vc->max_unit, vc->max))
		return -EINVAL;
	if ((vc->mask & VXDISK_RESERVE) && (vc->mask & VXDISK_MAX) && vc->max &&
	    vc->reserve_unit == vc->max_unit && vc->reserve > vc->max)
		return -EINVAL;

	mutex_lock(&vx_disk_mutex);
	rcu_read_lock();
	d = vc->mask & VXDISK_VALUES ? vx_disk_get(head, dev) : vx_disk_find(head, dev);
	rcu_read_unlock();
	if (!d) {
		/* Nothing to take back, or no memory. */
		ret = vc->mask & VXDISK_VALUES ? -ENOMEM : 0;
		goto out;
	}

	spin_lock_irq(&vx_disk_lock);
	old_set = d->set;
	old = d->share;
	set = vc->mask & VXDISK_VALUES;
	if (set & VXDISK_WEIGHT)
		d->share.weight = vc->weight;
	if (set & VXDISK_RESERVE)
		d->share.reserve = (struct vx_disk_rate){ vc->reserve_unit, vc->reserve };
	if (set & VXDISK_MAX)
		d->share.max = (struct vx_disk_rate){ vc->max_unit, vc->max };
	d->set = vc->mask & VXDISK_INHERIT ? set : old_set | set;
	spin_unlock_irq(&vx_disk_lock);

	if (!(dev ? vx_disk_fits(dev) : vx_disk_all_fit())) {
		spin_lock_irq(&vx_disk_lock);
		d->set = old_set;
		d->share = old;
		spin_unlock_irq(&vx_disk_lock);
		ret = -ENOSPC;
	}
	/* Also after a refusal: a new flow may have seen it. */
	atomic_notifier_call_chain(&vx_disk_chain, VX_DISK_CHANGED, &xid);
out:
	mutex_unlock(&vx_disk_mutex);
	return ret;
}

long vc_get_disk(struct vx_info *vxi, u32 id, void *arg)
{
	struct vx_disk **head = vxi ? &vxi->vx_disks : &vx_disk_host;
	struct vcmd_disk *vc = arg;
	dev_t dev = vx_disk_dev(vc);
	struct vx_disk_share share;
	struct vx_disk *d;

	if (dev == (dev_t)-1)
		return -EINVAL;
	d = vx_disk_find(head, dev);
	vx_disk_in_force(head, dev, &share);
	vc->mask = d ? READ_ONCE(d->set) : 0;
	vc->weight = share.weight;
	vc->reserve_unit = share.reserve.unit;
	vc->reserve = share.reserve.value;
	vc->max_unit = share.max.unit;
	vc->max = share.max.value;
	return 0;
}

/* ---- Dirty pages ---- */

#ifdef VX_WRITEBACK

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "vserver."

/* What is dirty when it is changed moves when it is next made dirty. */
bool vx_wb_each __read_mostly = true;
module_param_named(writeback, vx_wb_each, bool, 0644);
MODULE_PARM_DESC(writeback, "Each context has its dirty pages written in its name");

/*
 * May there be dirty pages of a context? The answer is no before vx_wb_end() is
 * called for it, so what is made after a yes and under cgwb_lock is found there.
 */
bool vx_wb_may_have(u32 xid)
{
	bool may;

	rcu_read_lock();
	may = !xid || vx_peek(xid);
	rcu_read_unlock();
	return may;
}

/* Whose dirty pages an inode's are, 0 for nobody's. */
static u32 vx_wb_inode_owner(struct inode *inode)
{
	struct bdi_writeback *wb;
	u32 xid;

	rcu_read_lock();
	wb = READ_ONCE(inode->i_wb);
	xid = wb ? vx_wb_xid(wb) : 0;
	rcu_read_unlock();
	return xid;
}

/**
 * __vx_bio_owner - whose data a bio writes
 * @bio: writes, and has data, not taken from a user for direct I/O
 *
 * Pages under writeback are those of whom their inode is with: flushers, journals
 * that flush data before a commit, reclaim, and whoever syncs another's file all
 * submit bios. A page that stays under writeback stays in its mapping. Data that a
 * file system has encrypted or compressed is not in pages of the file: it is
 * the submitter's.
 *
 * Return: its id, or 0 if there is no telling.
 */
u32 __vx_bio_owner(struct bio *bio)
{
	struct folio *folio = page_folio(bio_page(bio));
	struct address_space *mapping;
	u32 xid = 0;

	if (!folio_test_writeback(folio) || folio_test_anon(folio))
		return 0;
	rcu_read_lock();
	mapping = folio_mapping(folio);
	if (mapping && mapping->host)
		xid = vx_wb_inode_owner(mapping->host);
	rcu_read_unlock();
	return xid;
}

/*
 * Which disks a file system is on at last is not known here (device mapper), so all
 * schedulers are told; what the context has on other disks pays for itself as well.
 */
int __vx_wb_hurry(struct inode *inode)
{
	u32 xid = vx_wb_inode_owner(inode);

	atomic_notifier_call_chain(&vx_disk_chain, VX_DISK_HURRY, &xid);
	return xid;
}
EXPORT_SYMBOL_GPL(__vx_wb_hurry);

void __vx_wb_calm(int id)
{
	u32 xid = id;

	atomic_notifier_call_chain(&vx_disk_chain, VX_DISK_CALM, &xid);
}
EXPORT_SYMBOL_GPL(__vx_wb_calm);

/*
 * All blocks that a transaction has allocated in a file have to be written before it
 * is done, and others may wait for it: no more at a time than what is written in a
 * fortieth of a second, but 64 KiB.
 */
unsigned int __vx_wb_extent(struct inode *inode, unsigned int most)
{
	struct bdi_writeback *wb;
	unsigned long pages = 0;

	rcu_read_lock();
	wb = READ_ONCE(inode->i_wb);
	if (wb)
		pages = READ_ONCE(wb->avg_write_bandwidth) / 40;
	rcu_read_unlock();
	pages = max(pages, SZ_64K / PAGE_SIZE);
	return min(most, (pages << PAGE_SHIFT) >> inode->i_blkbits);
}
EXPORT_SYMBOL_GPL(__vx_wb_extent);

#endif

/* ---- Shown ---- */

static void vx_disk_show_rate(struct seq_file *m, const char *name,
			      const struct vx_disk_rate *r)
{
	if (!r->value)
		seq_printf(m, " %s=none", name);
	else if (r->unit == VX_DISK_IN_TIME)
		seq_printf(m, " %s=%llu.%llu%%", name, r->value / 10, r->value % 10);
	else
		seq_printf(m, " %s=%llu%s", name, r->value,
			   r->unit == VX_DISK_IN_IOS ? "io" : "");
}

static bool vx_disk_used(struct vx_disk *d)
{
	return atomic64_read(&d->bytes[VX_DISK_READ]) ||
	       atomic64_read(&d->bytes[VX_DISK_WRITE]) ||
	       atomic64_read(&d->bytes[VX_DISK_DISCARD]);
}

/* One line for each disk; the caller holds a reference. */
void vx_disk_show(struct seq_file *m, struct vx_info *vxi)
{
	struct vx_disk_share share;
	struct vx_disk *d;

	/* Pairs with the release in vx_disk_get(). */
	for (d = smp_load_acquire(&vxi->vx_disks); d; d = d->next) {
		if (!d->dev || (!READ_ONCE(d->set) && !vx_disk_used(d)))
			continue;
		vx_disk_in_force(&vxi->vx_disks, d->dev, &share);
		seq_printf(m, "%u:%u rbytes=%lld wbytes=%lld rios=%lld wios=%lld dbytes=%lld dios=%lld weight=%u",
			   MAJOR(d->dev), MINOR(d->dev),
			   atomic64_read(&d->bytes[VX_DISK_READ]),
			   atomic64_read(&d->bytes[VX_DISK_WRITE]),
			   atomic64_read(&d->ios[VX_DISK_READ]),
			   atomic64_read(&d->ios[VX_DISK_WRITE]),
			   atomic64_read(&d->bytes[VX_DISK_DISCARD]),
			   atomic64_read(&d->ios[VX_DISK_DISCARD]),
			   share.weight);
		vx_disk_show_rate(m, "reserve", &share.reserve);
		vx_disk_show_rate(m, "max", &share.max);
		seq_putc(m, '\n');
	}
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
