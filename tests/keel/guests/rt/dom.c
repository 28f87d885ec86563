/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See dom.h. */
#include "dom.h"

/* Where things are in a domain: 4 KiB each, one page table for all. */
#define DOM_BASE 0x400000UL
enum { CODE, CONTROL, SHARED, STACKS, MAPPED = STACKS + DOM_MAX_VCPUS };
/* Frames it gets, in this order; SHARED is the hypervisor's. */
enum { F_L4, F_L3, F_L2, F_L1, F_CODE, F_CONTROL, F_STACKS, FRAMES = F_STACKS + DOM_MAX_VCPUS };
_Static_assert(FRAMES == DOM_FRAMES, "what dom.h says");

/* ---- what runs in them: position independent, in a page of its own ---- */

#define PAYLOAD __attribute__((section(".payload"), noinline, used))
#define INLINE static inline __attribute__((always_inline))

INLINE long call(long nr, u64 a1, u64 a2, u64 a3)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3) : "0"(nr)
			 : "rcx", "r11", "memory");
	return ret;
}

PAYLOAD void dom_payload(volatile struct dom_control *c, volatile struct shared_info *s, u64 vcpu);
PAYLOAD void dom_payload(volatile struct dom_control *c, volatile struct shared_info *s, u64 vcpu)
{
	u64 awake = time_of(&s->vcpu_info[vcpu].time);

	for (;;) {
		u64 what = c->what;

		c->count[vcpu]++;
		if (what == DO_YIELD) {
			call(29, SCHEDOP_yield, 0, 0);
		} else if (what == DO_HYPERCALL) {
			call(17, XENVER_version, 0, 0);
		} else if (what == DO_BLOCK) {
			call(29, SCHEDOP_block, 0, 0);
		} else if (what == DO_NAP) {
			u64 t = time_of(&s->vcpu_info[vcpu].time);

			if (t - awake >= c->run_ns) {
				struct sched_poll p = { .nr_ports = 0, .timeout = t + c->nap_ns };

				call(29, SCHEDOP_poll, (u64)&p, 0);
				awake = time_of(&s->vcpu_info[vcpu].time);
			}
		}
	}
}

/* ---- making and unmaking ---- */

long domctl(struct dom *d, u32 cmd, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = d->id;
	return HC_1(36, op);
}

static void must(struct dom *d, u32 cmd, struct xen_domctl *op, const char *what)
{
	long r = domctl(d, cmd, op);

	if (r)
		bail("domain %u: %s: %ld", d->id, what, r);
}

/* A frame of the domain's instead of one of our pages; what was there is returned. */
static u64 map_frame(void *at, u64 mfn, domid_t id)
{
	u64 old = l1e_read(at);
	long r = mmu_update_dom(l1e_maddr(at), mfn << 12 | P | RW | US | A | D, id);

	if (r)
		bail("domain %u: cannot map frame %#lx: %ld", id, mfn, r);
	mmuext(MMUEXT_INVLPG_ALL, (u64)at, 0);
	return old;
}

static void map_back(void *at, u64 old)
{
	if (mmu_update(l1e_maddr(at), old))
		bail("cannot map a page of our own again");
	mmuext(MMUEXT_INVLPG_ALL, (u64)at, 0);
}

static void fill(const struct dom *d, u64 mfn, const void *from, u64 bytes)
{
	u8 *window = page_alloc();
	u64 old = map_frame(window, mfn, d->id);

	memcpy(window, from, bytes);
	map_back(window, old);
	page_free(window);
}

static void one_entry(const struct dom *d, u64 table, unsigned int index, u64 mfn)
{
	static u64 t[512];

	memset(t, 0, sizeof(t));
	t[index] = mfn << 12 | P | RW | US | A | D;
	fill(d, table, t, sizeof(t));
}

void dom_create(struct dom *d, unsigned int vcpus, u64 what)
{
	static struct xen_domctl op;
	static struct vcpu_guest_context c;
	static xen_pfn_t frame[FRAMES];
	static u64 l1[512];
	struct xen_memory_reservation r = { .nr_extents = FRAMES };
	u64 shared_mfn;

	memset(&op, 0, sizeof(op));
	d->id = 0;
	op.u.createdomain.max_vcpus = vcpus;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = 4;
	op.u.createdomain.max_maptrack_frames = 4;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	must(d, XEN_DOMCTL_createdomain, &op, "createdomain");
	d->id = op.domain;
	op.u.max_vcpus.max = vcpus;
	must(d, XEN_DOMCTL_max_vcpus, &op, "max_vcpus");
	op.u.max_mem.max_memkb = FRAMES * 4;
	must(d, XEN_DOMCTL_max_mem, &op, "max_mem");
	for (u64 i = 0; i < FRAMES; i++)
		frame[i] = i;
	set_xen_guest_handle(r.extent_start, frame);
	r.domid = d->id;
	if (memory_op(XENMEM_populate_physmap, &r) != FRAMES)
		bail("domain %u: no memory", d->id);
	must(d, XEN_DOMCTL_getdomaininfo, &op, "getdomaininfo");
	shared_mfn = op.u.getdomaininfo.shared_info_frame;

	one_entry(d, frame[F_L4], 0, frame[F_L3]);
	one_entry(d, frame[F_L3], 0, frame[F_L2]);
	one_entry(d, frame[F_L2], DOM_BASE >> 21, frame[F_L1]);
	memset(l1, 0, sizeof(l1));
	l1[CODE] = frame[F_CODE] << 12 | P | US | A;
	l1[CONTROL] = frame[F_CONTROL] << 12 | P | RW | US | A | D;
	l1[SHARED] = shared_mfn << 12 | P | RW | US | A | D;
	for (unsigned int i = 0; i < DOM_MAX_VCPUS; i++)
		l1[STACKS + i] = frame[F_STACKS + i] << 12 | P | RW | US | A | D;
	fill(d, frame[F_L1], l1, sizeof(l1));
	fill(d, frame[F_CODE], (void *)((u64)dom_payload & ~(PAGE - 1)), PAGE);

	d->control = page_alloc();
	d->control_l1e = map_frame((void *)d->control, frame[F_CONTROL], d->id);
	d->control->what = what;

	for (u64 i = 0; i < vcpus; i++) {
		memset(&c, 0, sizeof(c));
		c.flags = VGCF_in_kernel | VGCF_online;
		c.user_regs.rip = DOM_BASE + CODE * PAGE + ((u64)dom_payload & (PAGE - 1));
		c.user_regs.rsp = DOM_BASE + (STACKS + i + 1) * PAGE - 8;
		c.user_regs.rdi = DOM_BASE + CONTROL * PAGE;
		c.user_regs.rsi = DOM_BASE + SHARED * PAGE;
		c.user_regs.rdx = i;
		c.user_regs.cs = FLAT_KERNEL_CS;
		c.user_regs.ss = FLAT_KERNEL_SS;
		c.user_regs.rflags = 0x200;
		c.kernel_ss = FLAT_KERNEL_SS;
		c.kernel_sp = c.user_regs.rsp;
		c.ctrlreg[3] = frame[F_L4] << 12;
		op.u.vcpucontext.vcpu = (u32)i;
		set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)&c);
		must(d, XEN_DOMCTL_setvcpucontext, &op, "setvcpucontext");
	}
}

void dom_destroy(struct dom *d)
{
	static struct xen_domctl op;

	if (d->control) {
		map_back((void *)d->control, d->control_l1e);
		page_free((void *)d->control);
		d->control = NULL;
	}
	must(d, XEN_DOMCTL_destroydomain, &op, "destroydomain");
}

void dom_unpause(struct dom *d)
{
	static struct xen_domctl op;

	must(d, XEN_DOMCTL_unpausedomain, &op, "unpausedomain");
}

void dom_pause(struct dom *d)
{
	static struct xen_domctl op;

	must(d, XEN_DOMCTL_pausedomain, &op, "pausedomain");
}

long dom_share(struct dom *d, u32 weight, u32 cap)
{
	static struct xen_domctl op;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit.weight = (u16)weight;
	op.u.scheduler_op.u.credit.cap = (u16)cap;
	return domctl(d, XEN_DOMCTL_scheduler_op, &op);
}

u64 dom_cpu_time(struct dom *d)
{
	static struct xen_domctl op;

	must(d, XEN_DOMCTL_getdomaininfo, &op, "getdomaininfo");
	return op.u.getdomaininfo.cpu_time;
}

static struct xen_sysctl *sysctl_physinfo(void)
{
	static struct xen_sysctl op;

	op.cmd = XEN_SYSCTL_physinfo;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (HC_1(35, &op))
		bail("physinfo");
	return &op;
}

u64 free_pages(void)
{
	return sysctl_physinfo()->u.physinfo.free_pages;
}

u32 physical_cpus(void)
{
	return sysctl_physinfo()->u.physinfo.nr_cpus;
}

void nap(u64 ms)
{
	struct sched_poll p = { .nr_ports = 0 };
	u64 end = now() + ms * 1000000;

	/* Woken early by an event: again. */
	while (now() < end) {
		p.timeout = end;
		sched_op(SCHEDOP_poll, &p);
	}
}
