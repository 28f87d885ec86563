// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of contexts: counting, refusing, telling.
 *
 * Each counter is one atomic number for the whole context, changed by a
 * compare-and-exchange that looks at the limit: what is refused has never been
 * counted, so a large request that fails takes nothing from a small one beside
 * it. Marks are exact upwards; downwards two that leave at once may miss each
 * other.
 *
 * Address space is charged ahead of its use: @vx_vm of a memory map is what its
 * total_vm is about to be. It is put right each time total_vm changes.
 */
#include <linux/fdtable.h>
#include <linux/filelock.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/vserver_ipc.h>
#include <linux/vserver_limit.h>
#include <linux/vserver_sock.h>
#include <net/sock.h>
#include <trace/events/vserver.h>
#include "internal.h"

/* The ids of Linux-VServer, in the order of our counters. */
static const u8 vx_limit_ids[VX_NR_LIMITS] = {
	[VX_LIMIT_NPROC] = VXR_NPROC,
	[VX_LIMIT_AS] = VXR_AS,
	[VX_LIMIT_LOCKS] = VXR_LOCKS,
	[VX_LIMIT_NSOCK] = VXR_NSOCK,
	[VX_LIMIT_OPENFD] = VXR_OPENFD,
	[VX_LIMIT_MSGQUEUE] = VXR_MSGQUEUE,
	[VX_LIMIT_SHMEM] = VXR_SHMEM,
	[VX_LIMIT_SEMARY] = VXR_SEMARY,
	[VX_LIMIT_NSEMS] = VXR_NSEMS,
};

void vx_init_limits(struct vx_info *vxi)
{
	unsigned int i;

	for (i = 0; i < VX_NR_LIMITS; i++) {
		vxi->vx_limits[i].soft = LONG_MAX;
		vxi->vx_limits[i].hard = LONG_MAX;
	}
}

static void vx_mark_max(struct vx_limit *l, long value)
{
	long old = READ_ONCE(l->max);

	while (value > old && !try_cmpxchg(&l->max, &old, value))
		;
}

/* @value would have been too much. */
static noinline void vx_hit(struct vx_info *vxi, enum vx_limit_nr nr, long value)
{
	struct vx_limit *l = &vxi->vx_limits[nr];

	atomic_long_inc(&l->hits);
	trace_context_limit(vxi->vx_id, vx_limit_ids[nr], value, READ_ONCE(l->hard));
}

static bool vx_charge(struct vx_info *vxi, enum vx_limit_nr nr, long n)
{
	struct vx_limit *l = &vxi->vx_limits[nr];
	long old = atomic_long_read(&l->cur), new;

	do {
		new = old + n;
		if (unlikely(new > READ_ONCE(l->hard) || new < 0)) {
			vx_hit(vxi, nr, new);
			return false;
		}
	} while (!atomic_long_try_cmpxchg(&l->cur, &old, new));
	vx_mark_max(l, new);
	return true;
}

/* Whatever the limit is: it is there already, or must be. */
static void vx_charge_anyway(struct vx_info *vxi, enum vx_limit_nr nr, long n)
{
	struct vx_limit *l = &vxi->vx_limits[nr];

	vx_mark_max(l, atomic_long_add_return(n, &l->cur));
}

static void vx_uncharge(struct vx_info *vxi, enum vx_limit_nr nr, long n)
{
	struct vx_limit *l = &vxi->vx_limits[nr];
	long new = atomic_long_sub_return(n, &l->cur);

	if (unlikely(new < READ_ONCE(l->min)))
		WRITE_ONCE(l->min, new);
}

/* ---- processes ---- */

/* A task is no member any more. */
void vx_uncharge_task(struct vx_info *vxi)
{
	vx_uncharge(vxi, VX_LIMIT_NPROC, 1);
}

/*
 * The child is a member from the first thing that was done for it. One too many
 * leaves here; its parent keeps the context alive.
 */
int __vx_check_fork(struct task_struct *p)
{
	struct vx_info *vxi = p->vx_info;

	if (!vxi || vx_charge(vxi, VX_LIMIT_NPROC, 1))
		return 0;
	p->vx_info = NULL;
	vx_unclaim(vxi);
	return -EAGAIN;
}

/* ---- sockets ---- */

struct vx_info *__vx_charge_sock(void)
{
	struct vx_info *vxi = current->vx_info;

	if (!vxi)
		return NULL;
	if (!vx_charge(vxi, VX_LIMIT_NSOCK, 1))
		return ERR_PTR(-ENOBUFS);
	vx_get(vxi);
	return vxi;
}

/* In interrupts: a connection that has come in. The listener keeps the context. */
bool __vx_charge_clone(const struct sock *sk)
{
	struct vx_info *vxi = sk->sk_vx;

	if (!vxi)
		return true;
	if (!vx_charge(vxi, VX_LIMIT_NSOCK, 1))
		return false;
	vx_get(vxi);
	return true;
}

void __vx_no_sock(struct vx_info *vxi)
{
	vx_uncharge(vxi, VX_LIMIT_NSOCK, 1);
	vx_put(vxi);
}

void __vx_label_sock(struct sock *sk, struct vx_info *vxi)
{
	sk->sk_vx = vxi;
	__vx_sock_family(sk);
}

void __vx_uncharge_sock(const struct sock *sk)
{
	if (sk->sk_vx)
		__vx_no_sock(sk->sk_vx);
}

/* ---- open files ---- */

static unsigned int vx_count_fds(struct files_struct *files)
{
	struct fdtable *fdt = files_fdtable(files);

	return bitmap_weight(fdt->open_fds, fdt->max_fds);
}

int __vx_charge_files(struct files_struct *files)
{
	struct vx_info *vxi = current->vx_info;
	unsigned int n;

	if (!vxi)
		return 0;
	rcu_read_lock();
	n = vx_count_fds(files);
	rcu_read_unlock();
	if (!vx_charge(vxi, VX_LIMIT_OPENFD, n))
		return -EAGAIN;
	vx_get(vxi);
	files->vx_info = vxi;
	files->vx_fds = n;
	return 0;
}

void __vx_uncharge_files(struct files_struct *files)
{
	struct vx_info *vxi = files->vx_info;

	if (!vxi)
		return;
	vx_uncharge(vxi, VX_LIMIT_OPENFD, files->vx_fds);
	files->vx_info = NULL;
	vx_put(vxi);
}

bool __vx_charge_fd(struct files_struct *files)
{
	struct vx_info *vxi = files->vx_info;

	lockdep_assert_held(&files->file_lock);
	if (!vxi)
		return true;
	if (!vx_charge(vxi, VX_LIMIT_OPENFD, 1))
		return false;
	files->vx_fds++;
	return true;
}

void __vx_uncharge_fd(struct files_struct *files)
{
	struct vx_info *vxi = files->vx_info;

	lockdep_assert_held(&files->file_lock);
	if (!vxi)
		return;
	files->vx_fds--;
	vx_uncharge(vxi, VX_LIMIT_OPENFD, 1);
}

/* ---- address space ---- */

void __vx_label_mm(struct mm_struct *mm)
{
	struct vx_info *vxi = current->vx_info;

	/* what a copied one has is the original's */
	mm->vx_info = vxi;
	mm->vx_vm = 0;
	if (vxi)
		vx_get(vxi);
}

bool __vx_charge_vm(struct mm_struct *mm, unsigned long npages)
{
	struct vx_info *vxi = mm->vx_info;
	unsigned long want = mm->total_vm + npages;

	if (!vxi)
		return true;
	if (want > mm->vx_vm) {
		if (!vx_charge(vxi, VX_LIMIT_AS, want - mm->vx_vm))
			return false;
	} else {
		vx_uncharge(vxi, VX_LIMIT_AS, mm->vx_vm - want);
	}
	mm->vx_vm = want;
	return true;
}

void __vx_sync_vm(struct mm_struct *mm)
{
	struct vx_info *vxi = mm->vx_info;
	unsigned long total = READ_ONCE(mm->total_vm);

	if (!vxi || total == mm->vx_vm)
		return;
	if (total > mm->vx_vm)
		vx_charge_anyway(vxi, VX_LIMIT_AS, total - mm->vx_vm);
	else
		vx_uncharge(vxi, VX_LIMIT_AS, mm->vx_vm - total);
	mm->vx_vm = total;
}

void __vx_free_mm(struct mm_struct *mm)
{
	struct vx_info *vxi = mm->vx_info;

	if (!vxi)
		return;
	vx_uncharge(vxi, VX_LIMIT_AS, mm->vx_vm);
	mm->vx_info = NULL;
	mm->vx_vm = 0;
	vx_put(vxi);
}

/* ---- locks ---- */

/*
 * Asked before the lists are changed, where it is too late to refuse; so many
 * threads at once may exceed the limit by their number.
 */
bool __vx_lock_allowed(void)
{
	struct vx_info *vxi = current->vx_info;
	struct vx_limit *l;

	if (!vxi)
		return true;
	l = &vxi->vx_limits[VX_LIMIT_LOCKS];
	if (likely(atomic_long_read(&l->cur) < READ_ONCE(l->hard)))
		return true;
	vx_hit(vxi, VX_LIMIT_LOCKS, atomic_long_read(&l->cur) + 1);
	return false;
}

void __vx_charge_lock(struct file_lock_core *flc)
{
	struct vx_info *vxi = current->vx_info;

	if (!vxi)
		return;
	vx_charge_anyway(vxi, VX_LIMIT_LOCKS, 1);
	vx_get(vxi);
	flc->flc_vx = vxi;
}

void __vx_uncharge_lock(struct file_lock_core *flc)
{
	struct vx_info *vxi = flc->flc_vx;

	if (!vxi)
		return;
	flc->flc_vx = NULL;
	vx_uncharge(vxi, VX_LIMIT_LOCKS, 1);
	vx_put(vxi);
}

/* ---- System V objects, message queues ---- */

bool __vx_charge_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n)
{
	struct vx_info *vxi = current->vx_info;

	if (!vxi)
		return true;
	if (!vx_charge(vxi, nr, n))
		return false;
	vx_get(vxi);
	owner->vxi = vxi;
	owner->n = n;
	return true;
}

void __vx_uncharge_ipc(struct vx_ipc *owner, enum vx_limit_nr nr)
{
	struct vx_info *vxi = owner->vxi;

	owner->vxi = NULL;
	vx_uncharge(vxi, nr, owner->n);
	vx_put(vxi);
}

bool __vx_grow_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n)
{
	if (!vx_charge(owner->vxi, nr, n))
		return false;
	owner->n += n;
	return true;
}

void __vx_shrink_ipc(struct vx_ipc *owner, enum vx_limit_nr nr, unsigned long n)
{
	owner->n -= n;
	vx_uncharge(owner->vxi, nr, n);
}

/* A set that is refused for its size has been counted for a moment. */
bool __vx_charge_sems(struct vx_ipc *owner, unsigned long n)
{
	struct vx_info *vxi = current->vx_info;

	if (!vxi)
		return true;
	if (!vx_charge(vxi, VX_LIMIT_SEMARY, 1))
		return false;
	if (__vx_charge_ipc(owner, VX_LIMIT_NSEMS, n))
		return true;
	vx_uncharge(vxi, VX_LIMIT_SEMARY, 1);
	return false;
}

void __vx_uncharge_sems(struct vx_ipc *owner)
{
	vx_uncharge(owner->vxi, VX_LIMIT_SEMARY, 1);
	__vx_uncharge_ipc(owner, VX_LIMIT_NSEMS);
}

/* ---- who moves takes along what is his alone ---- */

/*
 * Current, which has a single thread, has left @old and joined @new, either of
 * which may be NULL. Nothing is refused: who may enter a context may do so when
 * it is full. A table or a memory map that is shared stays where it was made.
 */
void vx_move_limits(struct vx_info *old, struct vx_info *new)
{
	struct files_struct *files = current->files;
	struct mm_struct *mm = current->mm;

	if (old)
		vx_uncharge_task(old);
	if (new)
		vx_charge_anyway(new, VX_LIMIT_NPROC, 1);

	if (files && atomic_read(&files->count) == 1) {
		spin_lock(&files->file_lock);
		if (files->vx_info) {
			vx_uncharge(files->vx_info, VX_LIMIT_OPENFD,
				    files->vx_fds);
			vx_put(files->vx_info);
		}
		files->vx_info = new;
		files->vx_fds = vx_count_fds(files);
		if (new) {
			vx_get(new);
			vx_charge_anyway(new, VX_LIMIT_OPENFD, files->vx_fds);
		}
		spin_unlock(&files->file_lock);
	}

	if (mm && atomic_read(&mm->mm_users) == 1) {
		mmap_write_lock(mm);
		__vx_free_mm(mm);
		if (new) {
			vx_get(new);
			mm->vx_info = new;
			__vx_sync_vm(mm);
		}
		mmap_write_unlock(mm);
	}
}

/* ---- commands ---- */

static struct vx_limit *vx_find_limit(struct vx_info *vxi, u32 id)
{
	unsigned int i;

	for (i = 0; i < VX_NR_LIMITS; i++)
		if (vx_limit_ids[i] == id)
			return &vxi->vx_limits[i];
	return NULL;
}

static u64 vx_limit_value(long value)
{
	return value == LONG_MAX ? VXR_INFINITY : value;
}

static long vx_limit_new(u64 value, long old)
{
	if (value == VXR_KEEP)
		return old;
	return min_t(u64, value, LONG_MAX);
}

long vc_get_rlimit_mask(struct vx_info *none, u32 id, void *arg)
{
	struct vcmd_rlimit_mask *vc = arg;
	unsigned int i;

	vc->minimum = 0;
	vc->softlimit = 0;
	for (i = 0; i < VX_NR_LIMITS; i++)
		vc->softlimit |= BIT(vx_limit_ids[i]);
	vc->maximum = vc->softlimit;
	return 0;
}

long vc_get_rlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_rlimit *vc = arg;
	struct vx_limit *l = vx_find_limit(vxi, vc->id);

	if (!l)
		return -EINVAL;
	vc->minimum = 0;
	vc->softlimit = vx_limit_value(READ_ONCE(l->soft));
	vc->maximum = vx_limit_value(READ_ONCE(l->hard));
	return 0;
}

long vc_set_rlimit(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_rlimit *vc = arg;
	struct vx_limit *l = vx_find_limit(vxi, vc->id);
	long hard;

	if (!l)
		return -EINVAL;
	spin_lock(&vxi->vx_lock);
	hard = vx_limit_new(vc->maximum, l->hard);
	WRITE_ONCE(l->soft, min(vx_limit_new(vc->softlimit, l->soft), hard));
	WRITE_ONCE(l->hard, hard);
	spin_unlock(&vxi->vx_lock);
	return 0;
}

/* What is not counted as it happens is added up over the members. */
static long vx_census_value(const struct vx_census *c, u32 id)
{
	switch (id) {
	case VXR_RSS:
		return c->anon + c->file + c->shmem;
	case VXR_MEMLOCK:
		return c->locked;
	case VXR_ANON:
		return c->anon;
	case VXR_MAPPED:
		return c->file;
	default:
		return -1;
	}
}

long vc_rlimit_stat(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_rlimit_stat *vc = arg;
	struct vx_limit *l = vx_find_limit(vxi, vc->id);
	struct vx_census census;
	long value;

	if (l) {
		vc->hits = atomic_long_read(&l->hits);
		vc->value = max(atomic_long_read(&l->cur), 0L);
		vc->minimum = READ_ONCE(l->min);
		vc->maximum = READ_ONCE(l->max);
		return 0;
	}

	vx_take_census(vxi, &census);
	value = vx_census_value(&census, vc->id);
	if (value < 0)
		return -EINVAL;
	vc->hits = 0;
	vc->value = value;
	vc->minimum = 0;
	vc->maximum = 0;
	return 0;
}

long vc_reset_hits(struct vx_info *vxi, u32 id, void *arg)
{
	unsigned int i;

	for (i = 0; i < VX_NR_LIMITS; i++)
		atomic_long_set(&vxi->vx_limits[i].hits, 0);
	return 0;
}

long vc_reset_minmax(struct vx_info *vxi, u32 id, void *arg)
{
	unsigned int i;
	long cur;

	for (i = 0; i < VX_NR_LIMITS; i++) {
		cur = atomic_long_read(&vxi->vx_limits[i].cur);
		WRITE_ONCE(vxi->vx_limits[i].min, cur);
		WRITE_ONCE(vxi->vx_limits[i].max, cur);
	}
	return 0;
}

/* ---- /proc/virtual/<xid>/limit ---- */

static void vx_show_counter(struct seq_file *m, const char *name,
			    struct vx_limit *l)
{
	seq_printf(m, "%s:\t%8ld\t%8ld/%8ld\t%8lld/%8lld\t%6ld\n", name,
		   atomic_long_read(&l->cur), READ_ONCE(l->min),
		   READ_ONCE(l->max), (s64)vx_limit_value(READ_ONCE(l->soft)),
		   (s64)vx_limit_value(READ_ONCE(l->hard)),
		   atomic_long_read(&l->hits));
}

static void vx_show_sum(struct seq_file *m, const char *name, long value)
{
	seq_printf(m, "%s:\t%8ld\t%8d/%8d\t%8d/%8d\t%6d\n", name, value, 0, 0,
		   -1, -1, 0);
}

void vx_show_limits(struct seq_file *m, struct vx_info *vxi)
{
	struct vx_census c;

	vx_take_census(vxi, &c);
	seq_puts(m, "Limit\t current\t     min/max\t\t    soft/hard\t\thits\n");
	vx_show_counter(m, "PROC", &vxi->vx_limits[VX_LIMIT_NPROC]);
	vx_show_counter(m, "VM", &vxi->vx_limits[VX_LIMIT_AS]);
	vx_show_sum(m, "VML", c.locked);
	vx_show_sum(m, "RSS", c.anon + c.file + c.shmem);
	vx_show_sum(m, "ANON", c.anon);
	vx_show_sum(m, "RMAP", c.file);
	vx_show_counter(m, "OFD", &vxi->vx_limits[VX_LIMIT_OPENFD]);
	vx_show_counter(m, "LOCKS", &vxi->vx_limits[VX_LIMIT_LOCKS]);
	vx_show_counter(m, "SOCK", &vxi->vx_limits[VX_LIMIT_NSOCK]);
	vx_show_counter(m, "MSGQ", &vxi->vx_limits[VX_LIMIT_MSGQUEUE]);
	vx_show_counter(m, "SHM", &vxi->vx_limits[VX_LIMIT_SHMEM]);
	vx_show_counter(m, "SEMA", &vxi->vx_limits[VX_LIMIT_SEMARY]);
	vx_show_counter(m, "SEMS", &vxi->vx_limits[VX_LIMIT_NSEMS]);
}
