/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of contexts on what the kernel makes for their members.
 *
 * What is counted is charged to the context of the task that makes it, and keeps
 * a reference to that context until it is gone: it may outlive its maker, and the
 * context. The hooks therefore stay on until the last such thing has gone, see
 * vx_put().
 *
 *   processes	a task, from fork until it leaves its context in do_exit()
 *   memory map	struct mm_struct: @vx_vm pages of address space
 *   locks	struct file_lock_core, while it is in a list of an inode
 *   sockets	struct sock, of user space
 *   open files	struct files_struct: @vx_fds entries of the table
 *   IPC objects	see <linux/vserver_ipc.h>
 */
#ifndef _LINUX_VSERVER_LIMIT_H
#define _LINUX_VSERVER_LIMIT_H

#include <linux/fdtable.h>
#include <linux/vserver.h>

struct file_lock_core;
struct mm_struct;
struct sock;

#ifdef CONFIG_VSERVER_LIMIT

/* kernel/vserver/limit.c */
int __vx_check_fork(struct task_struct *p);
struct vx_info *__vx_charge_sock(void);
bool __vx_charge_clone(const struct sock *sk);
void __vx_uncharge_sock(const struct sock *sk);
void __vx_no_sock(struct vx_info *vxi);
void __vx_label_sock(struct sock *sk, struct vx_info *vxi);
int __vx_charge_files(struct files_struct *files);
void __vx_uncharge_files(struct files_struct *files);
bool __vx_charge_fd(struct files_struct *files);
void __vx_uncharge_fd(struct files_struct *files);
void __vx_label_mm(struct mm_struct *mm);
bool __vx_charge_vm(struct mm_struct *mm, unsigned long npages);
void __vx_sync_vm(struct mm_struct *mm);
void __vx_free_mm(struct mm_struct *mm);
bool __vx_lock_allowed(void);
void __vx_charge_lock(struct file_lock_core *flc);
void __vx_uncharge_lock(struct file_lock_core *flc);

/* May the context have @p, which has just been copied, too?  -EAGAIN if not. */
static inline int vx_check_fork(struct task_struct *p)
{
	return vx_active() ? __vx_check_fork(p) : 0;
}

/*
 * For a socket that is about to be made: its context, charged and with a
 * reference, NULL for none, or an error.
 */
static inline struct vx_info *vx_charge_sock(void)
{
	return vx_active() ? __vx_charge_sock() : NULL;
}

/* It was not made after all. */
static inline void vx_no_sock(struct vx_info *vxi)
{
	if (vx_active() && vxi)
		__vx_no_sock(vxi);
}

/* It was made, and is all zero but for its family. */
static inline void vx_label_sock(struct sock *sk, struct vx_info *vxi)
{
	if (vx_active() && vxi)
		__vx_label_sock(sk, vxi);
}

/* A socket is about to be copied, with its label. */
static inline bool vx_charge_clone(const struct sock *sk)
{
	return !vx_active() || __vx_charge_clone(sk);
}

/* Not, after all; or a socket goes. */
static inline void vx_uncharge_sock(const struct sock *sk)
{
	if (vx_active())
		__vx_uncharge_sock(sk);
}

static inline void vx_init_files(struct files_struct *files)
{
	files->vx_info = NULL;
	files->vx_fds = 0;
}

/* A table of open files that nobody else knows yet; -EAGAIN. */
static inline int vx_charge_files(struct files_struct *files)
{
	return vx_active() ? __vx_charge_files(files) : 0;
}

/* Nobody uses the table any more. */
static inline void vx_uncharge_files(struct files_struct *files)
{
	if (vx_active())
		__vx_uncharge_files(files);
}

/* One entry of the table; with its lock held. */
static inline bool vx_charge_fd(struct files_struct *files)
{
	return !vx_active() || __vx_charge_fd(files);
}

static inline void vx_uncharge_fd(struct files_struct *files)
{
	if (vx_active())
		__vx_uncharge_fd(files);
}

/* A new address space, of current's context. */
static inline void vx_label_mm(struct mm_struct *mm)
{
	if (vx_active())
		__vx_label_mm(mm);
}

/* May it grow by so many pages?  With the mmap lock held for writing. */
static inline bool vx_charge_vm(struct mm_struct *mm, unsigned long npages)
{
	return !vx_active() || __vx_charge_vm(mm, npages);
}

/* total_vm has changed. */
static inline void vx_sync_vm(struct mm_struct *mm)
{
	if (vx_active())
		__vx_sync_vm(mm);
}

/* It has no users any more, or nothing is left of it. */
static inline void vx_free_mm(struct mm_struct *mm)
{
	if (vx_active())
		__vx_free_mm(mm);
}

/* May current take another lock on a file? */
static inline bool vx_lock_allowed(void)
{
	return !vx_active() || __vx_lock_allowed();
}

static inline void vx_charge_lock(struct file_lock_core *flc)
{
	if (vx_active())
		__vx_charge_lock(flc);
}

static inline void vx_uncharge_lock(struct file_lock_core *flc)
{
	if (vx_active())
		__vx_uncharge_lock(flc);
}

#else /* !CONFIG_VSERVER_LIMIT */

static inline int vx_check_fork(struct task_struct *p) { return 0; }
static inline struct vx_info *vx_charge_sock(void) { return NULL; }
static inline bool vx_charge_clone(const struct sock *sk) { return true; }
static inline void vx_no_sock(struct vx_info *vxi) { }
static inline void vx_label_sock(struct sock *sk, struct vx_info *vxi) { }
static inline void vx_uncharge_sock(const struct sock *sk) { }
static inline void vx_init_files(struct files_struct *files) { }
static inline int vx_charge_files(struct files_struct *files) { return 0; }
static inline void vx_uncharge_files(struct files_struct *files) { }
static inline bool vx_charge_fd(struct files_struct *files) { return true; }
static inline void vx_uncharge_fd(struct files_struct *files) { }
static inline void vx_label_mm(struct mm_struct *mm) { }

static inline bool vx_charge_vm(struct mm_struct *mm, unsigned long npages)
{
	return true;
}

static inline void vx_sync_vm(struct mm_struct *mm) { }
static inline void vx_free_mm(struct mm_struct *mm) { }
static inline bool vx_lock_allowed(void) { return true; }
static inline void vx_charge_lock(struct file_lock_core *flc) { }
static inline void vx_uncharge_lock(struct file_lock_core *flc) { }

#endif /* CONFIG_VSERVER_LIMIT */
#endif /* _LINUX_VSERVER_LIMIT_H */
