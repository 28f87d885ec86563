// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:97  domctl: what the tools do to a domain. A privileged caller only; each
 * structure is copied in once, checked, and copied back where the tools read it.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/policy.h>
#include <keel/sched.h>
#include <keel/trap.h>
#include <xen/domctl.h>

_Static_assert(sizeof(struct xen_domctl) == 144, "xen_domctl");
_Static_assert(sizeof(struct xen_domctl_getdomaininfo) == 112, "getdomaininfo");
_Static_assert(sizeof(struct vcpu_guest_context) == 5168, "vcpu_guest_context");

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *i)
{
	struct vcpu *v;
	bool blocked = true, running = false;

	memset(i, 0, sizeof(*i));
	i->domain = d->id;
	i->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	FOR_EACH_VCPU(d, v) {
		i->max_vcpu_id = v->id;
		i->cpu_time += sched_cpu_time(v);
		if (v->pause & PAUSE_DOWN)
			continue;
		i->nr_online_vcpus++;
		running |= v->running;
		blocked &= !!(v->pause & PAUSE_BLOCKED);
	}
	i->flags = (d->dying ? XEN_DOMINF_dying : 0) |
		   (d->is_shut_down ? XEN_DOMINF_shutdown |
		    d->shutdown_code << XEN_DOMINF_shutdownshift : 0) |
		   (d->controller_paused ? XEN_DOMINF_paused : 0) |
		   (blocked && i->nr_online_vcpus ? XEN_DOMINF_blocked : 0) |
		   (running ? XEN_DOMINF_running : 0);
	i->tot_pages = d->tot_pages;
	i->max_pages = d->max_pages;
	i->shared_info_frame = d->shared_info ? virt_to_mfn(d->shared_info) : INVALID_MFN;
	memcpy(i->handle, d->handle, sizeof(i->handle));
	i->gpaddr_bits = cpu_features.phys_bits;
}

/* Ids go round, so that a new domain is not taken for one that just died. */
static long create(struct xen_domctl *op)
{
	static domid_t last;
	struct xen_domctl_createdomain *c = &op->u.createdomain;
	domid_t id = op->domain;
	struct domain *d;

	if (c->flags & ~(XEN_DOMCTL_CDF_xs_domain | XEN_DOMCTL_CDF_iommu) ||
	    c->max_vcpus < 1 || c->max_vcpus > MAX_VCPUS)
		return -EINVAL;
	if (id == 0 || id >= DOMID_FIRST_RESERVED) {
		unsigned int tries;

		for (tries = 0; tries < DOMID_FIRST_RESERVED; tries++) {
			last = last + 1U >= DOMID_FIRST_RESERVED ? 1 : last + 1;
			d = domain_get(last);
			if (!d)
				break;
			domain_put(d);
		}
		if (tries == DOMID_FIRST_RESERVED)
			return -ENOMEM;
		id = last;
	} else {
		d = domain_get(id);
		if (d) {
			domain_put(d);
			return -EEXIST;
		}
	}
	d = domain_create(id, false);
	if (!d)
		return -ENOMEM;
	memcpy(d->handle, c->handle, sizeof(d->handle));
	d->max_pages = 0;		/* until max_mem says otherwise */
	d->wanted_vcpus = c->max_vcpus;
	op->domain = id;
	return 0;
}

static struct vcpu *vcpu_of(struct domain *d, u32 id)
{
	return id < MAX_VCPUS ? d->vcpu[id] : NULL;
}

static long set_context(struct domain *d, const struct xen_domctl_vcpucontext *vc)
{
	struct vcpu *v = vcpu_of(d, vc->vcpu);
	struct vcpu_guest_context *c;
	long rc;

	if (!v)
		return -ESRCH;
	if (v->initialised || d->dying)
		return -EBUSY;
	c = kalloc(sizeof(*c), USE_SCRATCH, DOMID_XEN);
	if (!c)
		return -ENOMEM;
	rc = copy_from_guest(c, (u64)vc->ctxt.p, sizeof(*c));
	if (!rc)
		rc = vcpu_set_context(v, c);
	if (!rc && c->flags & VGCF_online)
		vcpu_unpause(v, PAUSE_DOWN);
	kfree(c, sizeof(*c));
	return rc;
}

static long max_vcpus(struct domain *d, u32 n)
{
	if (!n || n > d->wanted_vcpus || d->nr_vcpus > n || d->dying)
		return -EINVAL;
	for (u32 i = 0; i < n; i++)
		if (!d->vcpu[i] && !vcpu_create(d, i))
			return -ENOMEM;
	return 0;
}

static long put_bitmap(struct xenctl_bitmap *b, u64 bits)
{
	u8 out[8];
	u32 n = MIN((b->nr_bits + 7) / 8, 8U);

	/* No machine has so many; and the sum above does not wrap. */
	if (b->nr_bits > 8 * PAGE_SIZE)
		return -EINVAL;
	for (u32 i = 0; i < 8; i++)
		out[i] = bits >> (8 * i);
	if (n && copy_to_guest((u64)b->bitmap.p, out, n))
		return -EFAULT;
	if (b->nr_bits > 64 &&
	    clear_guest((u64)b->bitmap.p + 8, (b->nr_bits + 7) / 8 - 8))
		return -EFAULT;
	return 0;
}

/* vCPUs stay where they were placed; the whole machine is reported. */
static long affinity(struct domain *d, struct xen_domctl_vcpuaffinity *a)
{
	u64 all = (1UL << nr_cpus) - 1;
	long rc = 0;

	if (!vcpu_of(d, a->vcpu))
		return -ESRCH;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = put_bitmap(&a->cpumap_hard, all);
	if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
		rc = put_bitmap(&a->cpumap_soft, all);
	return rc;
}

static long vcpu_info_op(struct domain *d, struct xen_domctl_getvcpuinfo *i)
{
	struct vcpu *v = vcpu_of(d, i->vcpu);

	if (!v)
		return -ESRCH;
	i->online = !(v->pause & PAUSE_DOWN);
	i->blocked = !!(v->pause & PAUSE_BLOCKED);
	i->running = v->running;
	i->cpu_time = sched_cpu_time(v);
	i->cpu = v->cpu;
	return 0;
}

static long scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *s)
{
	u32 weight = d->bvt.weight, cap = d->bvt.cap;

	if (s->sched_id != XEN_SCHEDULER_CREDIT)
		return -EINVAL;
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit.weight = weight;
		s->u.credit.cap = cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		/* Weight 0 and cap 65535 mean "as it is". */
		if (s->u.credit.weight)
			weight = s->u.credit.weight;
		if (s->u.credit.cap != (u16)~0U)
			cap = s->u.credit.cap;
		if (cap > 100 * MAX_CPUS)
			return -EINVAL;
		sched_set_share(d, weight, cap);
		return 0;
	default:
		return -EINVAL;
	}
}

static long hypercall_init(struct domain *d, u64 gmfn)
{
	struct page *pg;

	if (!mfn_is_ram(gmfn))
		return -EACCES;
	pg = mfn_to_page(gmfn);
	if (get_page_and_type(pg, d, PT_WRITABLE))
		return -EACCES;
	hypercall_page_fill(page_to_virt(pg));
	put_page_and_type(pg);
	return 0;
}

/* One operation on an existing domain; sets *back if the caller reads it again. */
static long one(struct domain *d, struct xen_domctl *op, bool *back)
{
	switch (op->cmd) {
	case XEN_DOMCTL_destroydomain:
		return domain_destroy(d);
	case XEN_DOMCTL_pausedomain:
		if (d == current_vcpu()->domain)
			return -EINVAL;
		domain_pause(d);
		return 0;
	case XEN_DOMCTL_unpausedomain:
		domain_unpause(d);
		return 0;
	case XEN_DOMCTL_resumedomain:
		if (d == current_vcpu()->domain || d->dying)
			return -EINVAL;
		d->is_shut_down = false;
		domain_unpause(d);
		return 0;
	case XEN_DOMCTL_getdomaininfo:
		domain_info(d, &op->u.getdomaininfo);
		op->domain = d->id;
		*back = true;
		return 0;
	case XEN_DOMCTL_max_vcpus:
		return max_vcpus(d, op->u.max_vcpus.max);
	case XEN_DOMCTL_max_mem:
		d->max_pages = op->u.max_mem.max_memkb > 1UL << 40 ? ~0UL >> PAGE_SHIFT :
			       op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
		return 0;
	case XEN_DOMCTL_setvcpucontext:
		return set_context(d, &op->u.vcpucontext);
	case XEN_DOMCTL_getvcpuinfo:
		*back = true;
		return vcpu_info_op(d, &op->u.getvcpuinfo);
	case XEN_DOMCTL_setvcpuaffinity:
	case XEN_DOMCTL_getvcpuaffinity:
		*back = true;
		return affinity(d, &op->u.vcpuaffinity);
	case XEN_DOMCTL_setnodeaffinity:
		return 0;
	case XEN_DOMCTL_getnodeaffinity:
		return put_bitmap(&op->u.nodeaffinity.nodemap, 1);
	case XEN_DOMCTL_scheduler_op:
		*back = true;
		return scheduler_op(d, &op->u.scheduler_op);
	case XEN_DOMCTL_setdomainhandle:
		memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
		return 0;
	case XEN_DOMCTL_set_address_size:
		return op->u.address_size.size == 64 ? 0 : -EINVAL;
	case XEN_DOMCTL_get_address_size:
		op->u.address_size.size = 64;
		*back = true;
		return 0;
	case XEN_DOMCTL_hypercall_init:
		return hypercall_init(d, op->u.hypercall_init.gmfn);
	case XEN_DOMCTL_settscinfo:
		/* All domains read the time-stamp counter as it is. */
		return 0;
	case XEN_DOMCTL_gettscinfo:
		memset(&op->u.tsc_info, 0, sizeof(op->u.tsc_info));
		op->u.tsc_info.tsc_mode = 2;
		op->u.tsc_info.gtsc_khz = tsc_khz();
		*back = true;
		return 0;
	case XEN_DOMCTL_set_cpu_policy:
		/* The tools may only take features away; keel shows the same to all. */
		return 0;
	case XEN_DOMCTL_get_cpu_policy:
		*back = true;
		return policy_copy(&op->u.cpu_policy.nr_leaves, (u64)op->u.cpu_policy.leaves.p,
				   &op->u.cpu_policy.nr_msrs, (u64)op->u.cpu_policy.msrs.p);
	case XEN_DOMCTL_irq_permission:
	case XEN_DOMCTL_iomem_permission:
	case XEN_DOMCTL_ioport_permission:
		/* Nothing can be given to a domain but what it has. */
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

/* One at a time: domain 0 may have several vCPUs, and no two must end one domain. */
static struct spinlock domctl_lock;

long do_domctl(u64 arg, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct xen_domctl op;
	struct domain *d;
	bool back = false;
	long rc;

	if (!current_vcpu()->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	spin_lock(&domctl_lock);
	if (op.cmd == XEN_DOMCTL_createdomain) {
		rc = create(&op);
		back = true;
	} else {
		/* The tools walk through all domains by the next one's number. */
		d = op.cmd == XEN_DOMCTL_getdomaininfo && op.domain < DOMID_FIRST_RESERVED ?
			domain_get_next(op.domain) : domain_get(op.domain);
		rc = d ? one(d, &op, &back) : -ESRCH;
		if (d)
			domain_put(d);
	}
	spin_unlock(&domctl_lock);
	if (!rc && back && copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return rc;
}
