/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of contexts on System V objects and on message queues of POSIX.
 *
 * An object is charged to the context of the task that makes it, and so is what
 * is put into it later, by whomever. It keeps a reference to that context, which
 * it may outlive as it outlives its maker: the id is free for another then, and
 * the structure goes with the last such object. What counts:
 *
 *   message queue	bytes, as the kernel keeps them: of System V the queue and the
 *			messages in it, of POSIX what the queue can hold at most
 *   shared memory	pages of the segment, until it has been removed and the last
 *			process has detached it
 *   semaphores		the set, and each of them
 */
#ifndef _LINUX_VSERVER_IPC_H
#define _LINUX_VSERVER_IPC_H

#include <linux/vserver.h>

/* In an object: whom it is charged to. */
struct vx_ipc {
#ifdef CONFIG_VSERVER_LIMIT
	struct vx_info	*vxi;	/* holds a reference; or NULL */
	unsigned long	n;	/* how much of it */
#endif
};

#ifdef CONFIG_VSERVER_LIMIT

/* kernel/vserver/limit.c */
bool __vx_charge_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n);
void __vx_uncharge_ipc(struct vx_ipc *owner, enum vx_limit_nr nr);
bool __vx_grow_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n);
void __vx_shrink_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n);
bool __vx_charge_sems(struct vx_ipc *owner, unsigned long n);
void __vx_uncharge_sems(struct vx_ipc *owner);

/*
 * The object of @owner is about to be made.  May current's context have it?  It
 * is uncharged when it goes, or was not made after all.
 */
static inline bool vx_charge_msq(struct vx_ipc *owner, unsigned long bytes)
{
	owner->vxi = NULL;
	return !vx_active() ||
	       __vx_charge_ipc(owner, VX_LIMIT_MSGQUEUE, bytes);
}

static inline void vx_uncharge_msq(struct vx_ipc *owner)
{
	if (vx_active() && owner->vxi)
		__vx_uncharge_ipc(owner, VX_LIMIT_MSGQUEUE);
}

/* A message is about to be put into the queue, which the caller has locked. */
static inline bool vx_grow_msq(struct vx_ipc *owner, unsigned long bytes)
{
	return !vx_active() || !owner->vxi ||
	       __vx_grow_ipc(owner, VX_LIMIT_MSGQUEUE, bytes);
}

static inline void vx_shrink_msq(struct vx_ipc *owner, unsigned long bytes)
{
	if (vx_active() && owner->vxi)
		__vx_shrink_ipc(owner, VX_LIMIT_MSGQUEUE, bytes);
}

static inline bool vx_charge_shm(struct vx_ipc *owner, unsigned long pages)
{
	owner->vxi = NULL;
	return !vx_active() || __vx_charge_ipc(owner, VX_LIMIT_SHMEM, pages);
}

static inline void vx_uncharge_shm(struct vx_ipc *owner)
{
	if (vx_active() && owner->vxi)
		__vx_uncharge_ipc(owner, VX_LIMIT_SHMEM);
}

/* A set of @n semaphores. */
static inline bool vx_charge_sems(struct vx_ipc *owner, unsigned long n)
{
	owner->vxi = NULL;
	return !vx_active() || __vx_charge_sems(owner, n);
}

static inline void vx_uncharge_sems(struct vx_ipc *owner)
{
	if (vx_active() && owner->vxi)
		__vx_uncharge_sems(owner);
}

#else

static inline bool vx_charge_msq(struct vx_ipc *owner, unsigned long bytes)
{
	return true;
}

static inline void vx_uncharge_msq(struct vx_ipc *owner) { }

static inline bool vx_grow_msq(struct vx_ipc *owner, unsigned long bytes)
{
	return true;
}

static inline void vx_shrink_msq(struct vx_ipc *owner, unsigned long bytes) { }

static inline bool vx_charge_shm(struct vx_ipc *owner, unsigned long pages)
{
	return true;
}

static inline void vx_uncharge_shm(struct vx_ipc *owner) { }

static inline bool vx_charge_sems(struct vx_ipc *owner, unsigned long n)
{
	return true;
}

static inline void vx_uncharge_sems(struct vx_ipc *owner) { }

#endif
#endif /* _LINUX_VSERVER_IPC_H */
