/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose dirty pages they are: the hooks in writeback.
 *
 * The kernel keeps a struct bdi_writeback, with lists of dirty inodes, a flusher
 * and a dirty limit, for each memory control group on each device. Contexts use
 * the same: what is kept is for each pair of memory control group and context, so
 * that a context needs no group of its own. A bio that writes pages back is the
 * context's whose structure the inode is with, see __vx_bio_owner().
 *
 * Whose a structure is stands in the upper half of its word of state.
 *
 * An inode comes to whoever makes the first page of it dirty, and again the first
 * one since a writeback of it began. The inodes of block devices are nobody's:
 * what they hold are mostly the metadata of file systems, which contexts share.
 */
#ifndef _LINUX_VSERVER_WRITEBACK_H
#define _LINUX_VSERVER_WRITEBACK_H

#include <linux/backing-dev-defs.h>
#include <linux/fs.h>

#if defined(CONFIG_VSERVER_DISK) && defined(CONFIG_CGROUP_WRITEBACK) && \
	defined(CONFIG_64BIT)
#define VX_WRITEBACK 1

#include <linux/atomic.h>
#include <linux/vserver.h>

#define VX_WB_SHIFT	32

extern bool vx_wb_each;		/* vserver.writeback; kernel/vserver/disk.c */

#define vx_wb_used()	vx_active()

/* Whose dirty pages those of the current task are. */
static inline u32 vx_wb_current_xid(void)
{
	u32 xid;

	if (!vx_active() || !READ_ONCE(vx_wb_each))
		return 0;
	/* The watch id has no context behind it. */
	xid = vx_current_xid();
	return xid < VX_XID_MIN ? 0 : xid;
}

/* The same for those of an inode. */
static inline u32 vx_wb_inode_xid(const struct inode *inode)
{
	return sb_is_blkdev_sb(inode->i_sb) ? 0 : vx_wb_current_xid();
}

/* Where bdi->cgwb_tree has it; what is nobody's is where it always was. */
static inline unsigned long vx_wb_key(int memcg_id, u32 xid)
{
	return (unsigned long)xid << VX_WB_SHIFT | (u32)memcg_id;
}

static inline u32 vx_wb_xid(const struct bdi_writeback *wb)
{
	return READ_ONCE(wb->state) >> VX_WB_SHIFT;
}

/* Before anybody can find it. */
static inline void vx_wb_set_xid(struct bdi_writeback *wb, u32 xid)
{
	wb->state |= (unsigned long)xid << VX_WB_SHIFT;
}

static inline void vx_wb_disown(struct bdi_writeback *wb)
{
	atomic_long_and((1L << VX_WB_SHIFT) - 1, (atomic_long_t *)&wb->state);
}

void vx_wb_end(u32 xid);	/* mm/backing-dev.c */

/* kernel/vserver/disk.c */
bool vx_wb_may_have(u32 xid);
int __vx_wb_hurry(struct inode *inode);
void __vx_wb_calm(int xid);
unsigned int __vx_wb_extent(struct inode *inode, unsigned int most);

/*
 * A commit of a journal waits for pages of an inode to be on the disk, and others
 * may wait for the commit: until vx_wb_calm(), the writes of whose they are do not
 * wait for their turn, at his expense. Returns what to hand to that.
 */
static inline int vx_wb_hurry(struct inode *inode)
{
	if (!vx_active() || !mapping_tagged(inode->i_mapping, PAGECACHE_TAG_WRITEBACK))
		return -1;
	return __vx_wb_hurry(inode);
}

static inline void vx_wb_calm(int xid)
{
	if (vx_active() && xid >= 0)
		__vx_wb_calm(xid);
}

/* How many blocks to allocate at a time for pages that are written back. */
static inline unsigned int vx_wb_extent(struct inode *inode, unsigned int most)
{
	return vx_active() ? __vx_wb_extent(inode, most) : most;
}

#else /* !VX_WRITEBACK */

#define vx_wb_used()	false

static inline u32 vx_wb_current_xid(void) { return 0; }
static inline u32 vx_wb_inode_xid(const struct inode *inode) { return 0; }

static inline unsigned long vx_wb_key(int memcg_id, u32 xid)
{
	return memcg_id;
}

static inline u32 vx_wb_xid(const struct bdi_writeback *wb) { return 0; }
static inline void vx_wb_set_xid(struct bdi_writeback *wb, u32 xid) { }
static inline bool vx_wb_may_have(u32 xid) { return true; }
static inline void vx_wb_end(u32 xid) { }
static inline int vx_wb_hurry(struct inode *inode) { return -1; }
static inline void vx_wb_calm(int xid) { }

static inline unsigned int vx_wb_extent(struct inode *inode, unsigned int most)
{
	return most;
}

#endif /* VX_WRITEBACK */
#endif /* _LINUX_VSERVER_WRITEBACK_H */
