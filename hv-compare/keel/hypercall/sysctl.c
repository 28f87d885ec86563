// SPDX-License-Identifier: GPL-2.0-or-later
/* R:98  sysctl: what the tools ask about the machine. A privileged caller only. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/policy.h>
#include <keel/sched.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

_Static_assert(sizeof(struct xen_sysctl) == 136, "xen_sysctl");

static void physinfo(struct xen_sysctl_physinfo *p)
{
	u32 r[4];

	memset(p, 0, sizeof(*p));
	p->threads_per_core = p->cores_per_socket = 1;
	p->nr_cpus = nr_cpus;
	p->max_cpu_id = nr_cpus - 1;
	p->nr_nodes = 1;
	p->cpu_khz = tsc_khz();
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = heap_total_pages();
	p->free_pages = heap_free_pages();
	p->max_mfn = max_mfn - 1;
	cpuid(1, 0, r);
	p->hw_cap[0] = r[3];
	p->hw_cap[1] = r[2];
	cpuid(0x80000001, 0, r);
	p->hw_cap[2] = r[3];
	p->hw_cap[3] = r[2];
}

static long domain_list_op(struct xen_sysctl_getdomaininfolist *l)
{
	domid_t next = l->first_domain;
	u32 n;

	for (n = 0; n < l->max_domains; n++) {
		struct domain *d = domain_get_next(next);
		struct xen_domctl_getdomaininfo info;

		if (!d)
			break;
		domain_info(d, &info);
		next = d->id + 1;
		domain_put(d);
		if (copy_to_guest((u64)l->buffer.p + n * sizeof(info), &info, sizeof(info)))
			return -EFAULT;
	}
	l->num_domains = n;
	return 0;
}

static long cputopo(struct xen_sysctl_cputopoinfo *t)
{
	if (t->cputopo.p) {
		if (t->num_cpus < nr_cpus)
			return -ENOSPC;
		for (unsigned int i = 0; i < nr_cpus; i++) {
			struct xen_sysctl_cputopo c = { .core = 0, .socket = i, .node = 0 };

			if (copy_to_guest((u64)t->cputopo.p + i * sizeof(c), &c, sizeof(c)))
				return -EFAULT;
		}
	}
	t->num_cpus = nr_cpus;
	return 0;
}

static long numa(struct xen_sysctl_numainfo *n)
{
	struct xen_sysctl_meminfo m = {
		heap_total_pages() << PAGE_SHIFT, heap_free_pages() << PAGE_SHIFT,
	};
	u32 distance = 10;

	if ((n->meminfo.p || n->distance.p) && n->num_nodes < 1)
		return -ENOSPC;
	if (n->meminfo.p && copy_to_guest((u64)n->meminfo.p, &m, sizeof(m)))
		return -EFAULT;
	if (n->distance.p && copy_to_guest((u64)n->distance.p, &distance, sizeof(distance)))
		return -EFAULT;
	n->num_nodes = 1;
	return 0;
}

/* One pool, number 0, with every processor and every domain. */
static long cpupool(struct xen_sysctl_cpupool_op *c)
{
	u8 map[8] = { 0 };
	u32 bytes = MIN((c->cpumap.nr_bits + 7) / 8, 8U);

	switch (c->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		if (c->cpupool_id != 0 && c->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY)
			return -ENOENT;
		c->cpupool_id = 0;
		c->sched_id = XEN_SCHEDULER_CREDIT;
		c->n_dom = 0;
		for (domid_t next = 0; ; ) {
			struct domain *d = domain_get_next(next);

			if (!d)
				break;
			next = d->id + 1;
			c->n_dom++;
			domain_put(d);
		}
		for (unsigned int i = 0; i < nr_cpus; i++)
			map[i / 8] |= 1 << (i % 8);
		break;
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		break;
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return c->cpupool_id ? -ENOENT : 0;
	default:
		return -EOPNOTSUPP;
	}
	return bytes && copy_to_guest((u64)c->cpumap.bitmap.p, map, bytes) ? -EFAULT : 0;
}

static long featureset(struct xen_sysctl_cpu_featureset *f)
{
	u32 words[NR_FEATURE_WORDS];

	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EINVAL;
	if (f->features.p) {
		u32 n = MIN(f->nr_features, (u32)NR_FEATURE_WORDS);

		policy_features(words);
		/* keel has no other kind of guest. */
		if (f->index == XEN_SYSCTL_cpu_featureset_hvm ||
		    f->index == XEN_SYSCTL_cpu_featureset_hvm_max)
			memset(words, 0, sizeof(words));
		if (copy_to_guest((u64)f->features.p, words, n * 4))
			return -EFAULT;
		f->nr_features = n;
		return 0;
	}
	f->nr_features = NR_FEATURE_WORDS;
	return 0;
}

static long cpu_times(struct xen_sysctl_getcpuinfo *g)
{
	u32 n = MIN(g->max_cpus, nr_cpus);

	for (u32 i = 0; i < n; i++) {
		struct xen_sysctl_cpuinfo c = { .idletime = cpus[i].idle_ns };

		if (copy_to_guest((u64)g->info.p + i * sizeof(c), &c, sizeof(c)))
			return -EFAULT;
	}
	g->nr_cpus = n;
	return 0;
}

/*
 * The time slice is the context switch allowance. keel never takes a processor away
 * sooner than is planned for, but for who wakes up: there is no rate to limit.
 */
static long scheduler(struct xen_sysctl_scheduler_op *s)
{
	struct xen_sysctl_credit_schedule *p = &s->u.sched_credit;

	if (s->sched_id != XEN_SCHEDULER_CREDIT)
		return -EINVAL;
	switch (s->cmd) {
	case XEN_SYSCTL_SCHEDOP_putinfo:
		if (p->tslice_ms < XEN_SYSCTL_CSCHED_TSLICE_MIN ||
		    p->tslice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX)
			return -EINVAL;
		sched_set_allowance(p->tslice_ms * NS_PER_MS);
		/* The caller gets what holds now. */
		__attribute__((fallthrough));
	case XEN_SYSCTL_SCHEDOP_getinfo:
		p->tslice_ms = sched_allowance() / NS_PER_MS;
		p->ratelimit_us = 0;
		p->vcpu_migr_delay_us = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

/* "xl debug-keys". Xen has one for each letter; the result is on keel's console. */
static long debug_keys(const struct xen_sysctl_debug_keys *k)
{
	char key;

	if (k->nr_keys > 32)
		return -EINVAL;
	for (u32 i = 0; i < k->nr_keys; i++) {
		if (copy_from_guest(&key, (u64)k->keys.p + i, 1))
			return -EFAULT;
		if (key == 'm')
			memory_census();
		else
			printk("debug keys: only m, where all memory is\n");
	}
	return 0;
}

long do_sysctl(u64 arg, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct xen_sysctl op;
	long rc = 0;

	if (!current_vcpu()->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XEN_SYSCTL_physinfo:
		physinfo(&op.u.physinfo);
		break;
	case XEN_SYSCTL_sched_id:
		op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT;
		break;
	case XEN_SYSCTL_getdomaininfolist:
		rc = domain_list_op(&op.u.getdomaininfolist);
		break;
	case XEN_SYSCTL_debug_keys:
		rc = debug_keys(&op.u.debug_keys);
		break;
	case XEN_SYSCTL_getcpuinfo:
		rc = cpu_times(&op.u.getcpuinfo);
		break;
	case XEN_SYSCTL_availheap:
		op.u.availheap.avail_bytes = heap_free_pages() << PAGE_SHIFT;
		break;
	case XEN_SYSCTL_cputopoinfo:
		rc = cputopo(&op.u.cputopoinfo);
		break;
	case XEN_SYSCTL_numainfo:
		rc = numa(&op.u.numainfo);
		break;
	case XEN_SYSCTL_cpupool_op:
		rc = cpupool(&op.u.cpupool_op);
		break;
	case XEN_SYSCTL_scheduler_op:
		rc = scheduler(&op.u.scheduler_op);
		break;
	case XEN_SYSCTL_get_cpu_featureset:
		rc = featureset(&op.u.cpu_featureset);
		break;
	case XEN_SYSCTL_get_cpu_policy:
		if (op.u.cpu_policy.index > XEN_SYSCTL_cpu_policy_hvm_default ||
		    op.u.cpu_policy._rsvd)
			return -EINVAL;
		rc = policy_copy(&op.u.cpu_policy.nr_leaves, (u64)op.u.cpu_policy.leaves.p,
				 &op.u.cpu_policy.nr_msrs, (u64)op.u.cpu_policy.msrs.p);
		break;
	default:
		return -ENOSYS;
	}
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return rc;
}
