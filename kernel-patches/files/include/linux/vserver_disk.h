/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose I/O it is: the hooks in the block layer.
 *
 * bio->bi_xid is the context that a bio is for, or 0. It is set once, when the
 * bio is first submitted, from the task that submits it, and copied to whatever
 * is made from the bio (clones, parts, bounce buffers). A kernel thread is in no
 * context: what it submits is nobody's, like journals, but for pages that it writes
 * back: those are whose their inode is (vserver_writeback.h).
 *
 * The field takes two bytes that were padding: struct bio does not grow.
 */
#ifndef _LINUX_VSERVER_DISK_H
#define _LINUX_VSERVER_DISK_H

#include <linux/blk-mq.h>
#include <linux/blk_types.h>
#include <linux/notifier.h>
#include <linux/vserver_writeback.h>

#ifdef CONFIG_VSERVER_DISK

#include <linux/vserver.h>

static inline u32 vx_bio_xid(const struct bio *bio)
{
	return bio->bi_xid;
}

static inline void vx_bio_set_xid(struct bio *bio, u32 xid)
{
	bio->bi_xid = xid;
}

/* kernel/vserver/disk.c */
u32 __vx_bio_owner(struct bio *bio);

/* Who has made the pages dirty that a bio writes back; 0 if it does nothing such. */
static inline u32 vx_bio_owner(struct bio *bio)
{
#ifdef VX_WRITEBACK
	if (bio->bi_iter.bi_size && bio->bi_io_vec &&
	    !bio_flagged(bio, BIO_PAGE_PINNED))
		return __vx_bio_owner(bio);
#endif
	return 0;
}

/* A bio is submitted; in the context of whoever wants it. */
static inline void vx_bio_label(struct bio *bio)
{
	if (!vx_active() || bio->bi_xid)
		return;
	if (bio_op(bio) == REQ_OP_WRITE)
		bio->bi_xid = vx_bio_owner(bio);
	if (!bio->bi_xid)
		bio->bi_xid = vx_current_xid();
}

/* May a bio join a request? Only that of the same context. */
static inline bool vx_bio_mergeable(struct request *rq, struct bio *bio)
{
	return !vx_active() || !rq->bio || rq->bio->bi_xid == bio->bi_xid;
}

/* What a context is to get of a disk; units as in struct vcmd_disk. */
struct vx_disk_rate {
	u32 unit;
	u64 value;			/* 0: none */
};

struct vx_disk_share {
	u32 weight;
	struct vx_disk_rate reserve;
	struct vx_disk_rate max;
};

/* kernel/vserver/disk.c */
bool vx_disk_get_share(u32 xid, dev_t dev, struct vx_disk_share *share);
/* What a scheduler is told of a context, see vx_disk_register(). */
enum { VX_DISK_CHANGED, VX_DISK_HURRY, VX_DISK_CALM };

int vx_disk_register(struct notifier_block *nb);
void vx_disk_unregister(struct notifier_block *nb);
void __vx_disk_account(u32 xid, struct gendisk *disk, enum req_op op,
		       unsigned int bytes, bool last);

/*
 * Bytes of a bio are done; called before it is advanced. Any context. A bio
 * without data (a flush) does not count.
 */
static inline void vx_disk_account(struct request *rq, struct bio *bio,
				   unsigned int bytes)
{
	if (vx_active() && bio->bi_xid && bytes)
		__vx_disk_account(bio->bi_xid, rq->q->disk, req_op(rq), bytes,
				  bytes == bio->bi_iter.bi_size);
}

#else /* !CONFIG_VSERVER_DISK */

static inline u32 vx_bio_xid(const struct bio *bio) { return 0; }
static inline void vx_bio_set_xid(struct bio *bio, u32 xid) { }
static inline void vx_bio_label(struct bio *bio) { }

static inline bool vx_bio_mergeable(struct request *rq, struct bio *bio)
{
	return true;
}

static inline void vx_disk_account(struct request *rq, struct bio *bio,
				   unsigned int bytes) { }

#endif /* CONFIG_VSERVER_DISK */
#endif /* _LINUX_VSERVER_DISK_H */
