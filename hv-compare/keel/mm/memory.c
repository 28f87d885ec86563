// SPDX-License-Identifier: GPL-2.0-or-later
/* R:49  memory_op: how much a domain has, and changing it. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <xen/memory.h>

#define CMD_BITS 6
#define MAX_ORDER 9		/* what an ordinary domain may ask for at once */
/* Frames before others get a turn: zeroing them takes its time. */
#define BATCH_FRAMES 4096UL

static struct domain *memory_target(domid_t id)
{
	struct domain *cur = current_vcpu()->domain, *d = domain_get(id);

	if (d && d != cur && !cur->privileged) {
		domain_put(d);
		return NULL;
	}
	return d;
}

/* Takes back one frame of d: 0, or -EINVAL if d does not own it. */
static int give_up(struct domain *d, u64 mfn)
{
	struct page *pg;
	int rc;

	if (!mfn_is_ram(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!get_page(pg, d))
		return -EINVAL;
	rc = disown_page(d, pg) ? 0 : -EINVAL;
	/* Users in page tables keep their references. */
	put_page(pg);
	return rc;
}

/* One extent: returns 0 and, for new memory, where it is. */
static int one_extent(struct domain *d, unsigned int op, unsigned int order, u64 *frame)
{
	u64 n = 1UL << order;
	struct page *pg;

	if (op == XENMEM_decrease_reservation) {
		for (u64 i = 0; i < n; i++)
			if (give_up(d, *frame + i))
				return -EINVAL;
		return 0;
	}
	pg = domain_alloc_pages(d, order);
	if (!pg)
		return -ENOMEM;
	if (op == XENMEM_populate_physmap)
		for (u64 i = 0; i < n; i++)
			m2p[page_to_mfn(pg) + i] = *frame + i;
	*frame = page_to_mfn(pg);
	return 0;
}

static long reservation(unsigned int op, u64 start, u64 arg)
{
	struct xen_memory_reservation r;
	struct vcpu *v = current_vcpu();
	struct domain *d;
	bool again = false;
	u64 i;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return start;
	if (r.extent_order > MAX_ORDER || start > r.nr_extents)
		return start;
	d = memory_target(r.domid);
	if (!d)
		return start;
	for (i = start; i < r.nr_extents; i++) {
		u64 slot = (u64)r.extent_start.p + i * 8, frame = 0;
		bool list = r.extent_start.p || op != XENMEM_increase_reservation;

		if (((i - start) << r.extent_order) >= BATCH_FRAMES) {
			again = true;
			break;
		}
		if (list && copy_from_guest(&frame, slot, 8))
			break;
		if (one_extent(d, op, r.extent_order, &frame))
			break;
		if (op != XENMEM_decrease_reservation && list && copy_to_guest(slot, &frame, 8)) {
			/* It would be lost: nobody knows where it is. */
			for (u64 j = 0; j < 1UL << r.extent_order; j++)
				give_up(d, frame + j);
			break;
		}
	}
	domain_put(d);
	if (again) {
		v->again[0] = op | i << CMD_BITS;
		return -ERESTART;
	}
	return i;
}

static long machine_memory_map(u64 arg)
{
	struct xen_memory_map m;

	if (!current_vcpu()->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.nr_entries < e820_count)
		return -EINVAL;
	m.nr_entries = e820_count;
	if (copy_to_guest((u64)m.buffer.p, e820, e820_count * sizeof(e820[0])) ||
	    copy_to_guest(arg, &m, sizeof(m)))
		return -EFAULT;
	return 0;
}

static long pages_of(u64 arg, unsigned int op)
{
	struct domain *d;
	domid_t id;
	long n;

	if (copy_from_guest(&id, arg, sizeof(id)))
		return -EFAULT;
	d = memory_target(id);
	if (!d)
		return -ESRCH;
	n = op == XENMEM_maximum_reservation ? MIN(d->max_pages, max_mfn) : d->tot_pages;
	domain_put(d);
	return n;
}

long do_memory_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	unsigned int op = cmd & ((1 << CMD_BITS) - 1);

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation(op, cmd >> CMD_BITS, arg);
	case XENMEM_maximum_ram_page:
		return max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
		return pages_of(arg, op);
	case XENMEM_machine_memory_map:
		return machine_memory_map(arg);
	case XENMEM_machphys_mapping: {
		struct xen_machphys_mapping m = {
			.v_start = M2P_VIRT, .v_end = M2P_VIRT + (1UL << 38), .max_mfn = max_mfn - 1,
		};

		return copy_to_guest(arg, &m, sizeof(m));
	}
	case XENMEM_acquire_resource:
		/* Says "not this way": the tools then map grant frames as foreign ones. */
		return -EOPNOTSUPP;
	case XENMEM_get_vnumainfo:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}
