// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:81  Event channels. A port is local state of a domain; what the guest sees
 * are two bit maps in shared_info and a selector word per vCPU. A pending bit is
 * set first, then the selector, then the upcall flag: the guest clears them in
 * the opposite order, so nothing is lost.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/irq.h>
#include <keel/sched.h>

#define NR_PORTS EVTCHN_2L_NR_CHANNELS
#define BUCKET 64
#define VIRQ_IS_PER_VCPU(v) ((v) == VIRQ_TIMER || (v) == VIRQ_DEBUG || (v) == VIRQ_XENOPROF || \
			     (v) == VIRQ_XENPMU)

/* event_lock held; NULL: never allocated or out of range. */
static struct evtchn *port_of(struct domain *d, u32 port)
{
	struct evtchn *b;

	if (port >= NR_PORTS)
		return NULL;
	b = d->evtchn[port / BUCKET];
	return b ? b + port % BUCKET : NULL;
}

static struct evtchn *port_in_use(struct domain *d, u32 port)
{
	struct evtchn *e = port_of(d, port);

	return e && e->state != PORT_FREE && e->state != PORT_RESERVED ? e : NULL;
}

/* event_lock held. A free port, its bits clear, or -ENOSPC. */
static int alloc_port(struct domain *d)
{
	if (d->dying)
		return -ESRCH;
	for (u32 p = 0; p < NR_PORTS; p++) {
		if (!d->evtchn[p / BUCKET]) {
			d->evtchn[p / BUCKET] = kalloc(BUCKET * sizeof(struct evtchn),
							 USE_EVENTS, d->id);
			if (!d->evtchn[p / BUCKET])
				return -ENOMEM;
		}
		if (port_of(d, p)->state == PORT_FREE) {
			test_and_clear_bit(p, d->shared_info->evtchn_pending);
			return p;
		}
	}
	return -ENOSPC;
}

int evtchn_init(struct domain *d)
{
	int p = alloc_port(d);

	if (p)
		return -ENOMEM;
	port_of(d, 0)->state = PORT_RESERVED;	/* 0 means "none" */
	return 0;
}

/* ---- raising ---- */

static void mark_pending(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->vcpu_info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
	else if (READ_ONCE(v->pause) & PAUSE_BLOCKED && !v->vcpu_info->evtchn_upcall_mask)
		vcpu_kick(v);
}

/* Pollers want to hear of ports that are masked. */
static void wake_pollers(struct domain *d, u32 port)
{
	struct vcpu *v;

	if (!READ_ONCE(d->poll_mask))
		return;
	FOR_EACH_VCPU(d, v) {
		if (v->polling && (v->polling == 1 || v->polling == port + 1)) {
			v->polling = 0;
			__atomic_and_fetch(&d->poll_mask, ~(1U << v->id), __ATOMIC_SEQ_CST);
			vcpu_unpause(v, PAUSE_BLOCKED);
		}
	}
}

static void set_pending(struct domain *d, u32 port, unsigned int vcpu)
{
	struct vcpu *v = d->vcpu[vcpu];

	if (!v || test_and_set_bit(port, d->shared_info->evtchn_pending))
		return;
	if (!test_bit(port, d->shared_info->evtchn_mask) &&
	    !test_and_set_bit(port / 64, &v->vcpu_info->evtchn_pending_sel))
		mark_pending(v);
	wake_pollers(d, port);
}

void evtchn_raise(struct domain *d, u32 port)
{
	struct evtchn *e;

	spin_lock(&d->event_lock);
	e = port_in_use(d, port);
	if (e)
		set_pending(d, port, e->vcpu);
	spin_unlock(&d->event_lock);
}

void send_virq(struct vcpu *v, unsigned int virq)
{
	u32 port = READ_ONCE(v->virq_port[virq]);

	if (port)
		evtchn_raise(v->domain, port);
}

/* A global one is bound on one vCPU at a time; it is kept with vCPU 0. */
void send_global_virq(struct domain *d, unsigned int virq)
{
	if (d->vcpu[0])
		send_virq(d->vcpu[0], virq);
}

/* ---- vcpu_info ---- */

void vcpu_info_reset(struct vcpu *v)
{
	v->vcpu_info->evtchn_pending_sel = ~0UL;
	barrier();
	mark_pending(v);
}

int vcpu_info_register(struct vcpu *v, u64 mfn, u32 offset)
{
	struct domain *d = v->domain;
	struct vcpu_info *new;
	struct page *pg;

	/* Whole and aligned in the page; once, as kernels expect. */
	if (offset > PAGE_SIZE - sizeof(*new) || offset & 7 || v->vcpu_info_page ||
	    !mfn_is_ram(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (get_page_and_type(pg, d, PT_WRITABLE))
		return -EINVAL;
	new = page_to_virt(pg) + offset;
	spin_lock(&d->event_lock);
	/* Another vCPU may have done it meanwhile. */
	if (v->vcpu_info_page) {
		spin_unlock(&d->event_lock);
		put_page_and_type(pg);
		return -EINVAL;
	}
	memcpy(new, v->vcpu_info, sizeof(*new));
	if (!v->initialised)
		new->evtchn_upcall_mask = 1;
	v->vcpu_info = new;
	v->vcpu_info_page = pg;
	spin_unlock(&d->event_lock);
	time_publish(v);
	/* Whatever was raised in the old place is looked at in the new one. */
	vcpu_info_reset(v);
	return 0;
}

/* ---- binding ---- */

int evtchn_bind_keel(struct domain *d, unsigned int vcpu)
{
	int p;

	spin_lock(&d->event_lock);
	p = alloc_port(d);
	if (p > 0)
		*port_of(d, p) = (struct evtchn){ .state = PORT_KEEL, .vcpu = vcpu };
	spin_unlock(&d->event_lock);
	return p;
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote)
{
	int p;

	spin_lock(&d->event_lock);
	p = alloc_port(d);
	if (p > 0)
		*port_of(d, p) = (struct evtchn){ .state = PORT_UNBOUND, .remote_id = remote };
	spin_unlock(&d->event_lock);
	return p;
}

static int bind_virq(struct evtchn_bind_virq *b)
{
	struct domain *d = current_vcpu()->domain;
	struct vcpu *v;
	int p;

	if (b->virq >= NR_VIRQS || b->vcpu >= MAX_VCPUS)
		return -EINVAL;
	v = d->vcpu[b->vcpu];
	if (!v)
		return -ENOENT;
	if (!VIRQ_IS_PER_VCPU(b->virq)) {
		if (b->vcpu)
			return -EINVAL;
		/* These tell about the whole machine. */
		if (!d->privileged)
			return -EPERM;
	}
	spin_lock(&d->event_lock);
	p = v->virq_port[b->virq] ? -EEXIST : alloc_port(d);
	if (p > 0) {
		*port_of(d, p) = (struct evtchn){
			.state = PORT_VIRQ, .vcpu = b->vcpu, .virq = b->virq };
		v->virq_port[b->virq] = p;
		b->port = p;
	}
	spin_unlock(&d->event_lock);
	return p < 0 ? p : 0;
}

static int bind_ipi(struct evtchn_bind_ipi *b)
{
	struct domain *d = current_vcpu()->domain;
	int p;

	if (b->vcpu >= MAX_VCPUS || !d->vcpu[b->vcpu])
		return -ENOENT;
	spin_lock(&d->event_lock);
	p = alloc_port(d);
	if (p > 0) {
		*port_of(d, p) = (struct evtchn){ .state = PORT_IPI, .vcpu = b->vcpu };
		b->port = p;
	}
	spin_unlock(&d->event_lock);
	return p < 0 ? p : 0;
}

static void lock_two(struct domain *a, struct domain *b)
{
	if (a > b)
		spin_lock(&b->event_lock);
	spin_lock(&a->event_lock);
	if (a < b)
		spin_lock(&b->event_lock);
}

static void unlock_two(struct domain *a, struct domain *b)
{
	spin_unlock(&a->event_lock);
	if (a != b)
		spin_unlock(&b->event_lock);
}

static int bind_interdomain(struct evtchn_bind_interdomain *b)
{
	struct domain *ld = current_vcpu()->domain, *rd = domain_get(b->remote_dom);
	struct evtchn *re;
	int p = -EINVAL;

	if (!rd)
		return -ESRCH;
	lock_two(ld, rd);
	re = port_of(rd, b->remote_port);
	if (re && re->state == PORT_UNBOUND &&
	    (re->remote_id == ld->id || (re->remote_id == DOMID_SELF && rd == ld))) {
		p = alloc_port(ld);
		if (p > 0) {
			*port_of(ld, p) = (struct evtchn){ .state = PORT_INTERDOMAIN,
				.remote = rd, .remote_port = b->remote_port };
			re->state = PORT_INTERDOMAIN;
			re->remote = ld;
			re->remote_port = p;
			b->local_port = p;
			/* The other side may have sent before there was one. */
			set_pending(ld, p, 0);
		}
	}
	unlock_two(ld, rd);
	domain_put(rd);
	return p < 0 ? p : 0;
}

static int alloc_unbound(struct evtchn_alloc_unbound *a)
{
	struct domain *cur = current_vcpu()->domain, *d = domain_get(a->dom);
	int p;

	if (!d)
		return -ESRCH;
	if (d != cur && !cur->privileged) {
		domain_put(d);
		return -EPERM;
	}
	p = evtchn_alloc_unbound(d, a->remote_dom == DOMID_SELF ? cur->id : a->remote_dom);
	domain_put(d);
	if (p < 0)
		return p;
	a->port = p;
	return 0;
}

/* ---- closing ---- */

/* event_lock of d, and of the peer when there is one, held. */
static void close_locked(struct domain *d, u32 port, struct evtchn *e)
{
	if (e->state == PORT_VIRQ && d->vcpu[e->vcpu])
		d->vcpu[e->vcpu]->virq_port[e->virq] = 0;
	if (e->state == PORT_INTERDOMAIN) {
		struct evtchn *re = port_of(e->remote, e->remote_port);

		re->state = PORT_UNBOUND;
		re->remote_id = d->id;
		re->remote = NULL;
	}
	memset(e, 0, sizeof(*e));
	test_and_clear_bit(port, d->shared_info->evtchn_pending);
}

static int evtchn_close(struct domain *d, u32 port)
{
	struct domain *peer = NULL;
	struct evtchn *e;
	int pirq = -1;

	for (;;) {
		/* The peer is known only under the lock, which must be taken in order. */
		if (peer)
			lock_two(d, peer);
		else
			spin_lock(&d->event_lock);
		e = port_in_use(d, port);
		if (!e || (e->state == PORT_INTERDOMAIN ? e->remote == peer || e->remote == d
							: true))
			break;
		struct domain *want = e->remote;

		/* It cannot end before it closed this port, for which it needs our lock. */
		__atomic_add_fetch(&want->refs, 1, __ATOMIC_SEQ_CST);
		if (peer) {
			unlock_two(d, peer);
			domain_put(peer);
		} else {
			spin_unlock(&d->event_lock);
		}
		peer = want;
	}
	if (e && e->state != PORT_KEEL) {
		if (e->state == PORT_PIRQ)
			pirq = e->virq;
		close_locked(d, port, e);
	} else if (e) {
		e = NULL;
	}
	if (peer) {
		unlock_two(d, peer);
		domain_put(peer);
	} else {
		spin_unlock(&d->event_lock);
	}
	if (pirq >= 0)
		line_unbind(d, pirq);
	return e ? 0 : -EINVAL;
}

void evtchn_destroy(struct domain *d)
{
	for (u32 p = 1; p < NR_PORTS; p++)
		evtchn_close(d, p);
	for (unsigned int i = 0; i < ARRAY_SIZE(d->evtchn); i++) {
		kfree(d->evtchn[i], BUCKET * sizeof(struct evtchn));
		d->evtchn[i] = NULL;
	}
}

/* ---- the rest ---- */

static int evtchn_send(u32 port)
{
	struct domain *d = current_vcpu()->domain, *rd;
	struct evtchn *e;
	bool keel = false;
	int rc = 0;

	spin_lock(&d->event_lock);
	e = port_in_use(d, port);
	switch (e ? e->state : PORT_FREE) {
	case PORT_INTERDOMAIN: {
		u32 rport = e->remote_port;

		rd = e->remote;
		if (rd == d) {
			set_pending(d, rport, port_of(d, rport)->vcpu);
			break;
		}
		__atomic_add_fetch(&rd->refs, 1, __ATOMIC_SEQ_CST);
		spin_unlock(&d->event_lock);
		/* It may be closed by now; then this is a spurious event there. */
		evtchn_raise(rd, rport);
		domain_put(rd);
		return 0;
	}
	case PORT_IPI:
		set_pending(d, port, e->vcpu);
		break;
	case PORT_KEEL:
		keel = true;
		break;
	case PORT_UNBOUND:
		break;
	default:
		rc = -EINVAL;
	}
	spin_unlock(&d->event_lock);
	if (keel)
		consring_notify(d);
	return rc;
}

static int evtchn_unmask(u32 port)
{
	struct domain *d = current_vcpu()->domain;
	struct evtchn *e;
	struct vcpu *v;

	spin_lock(&d->event_lock);
	e = port_in_use(d, port);
	v = e ? d->vcpu[e->vcpu] : NULL;
	if (v && test_and_clear_bit(port, d->shared_info->evtchn_mask) &&
	    test_bit(port, d->shared_info->evtchn_pending) &&
	    !test_and_set_bit(port / 64, &v->vcpu_info->evtchn_pending_sel))
		mark_pending(v);
	spin_unlock(&d->event_lock);
	return v ? 0 : -EINVAL;
}

static int bind_vcpu(const struct evtchn_bind_vcpu *b)
{
	struct domain *d = current_vcpu()->domain;
	struct evtchn *e;
	int rc = -EINVAL;

	if (b->vcpu >= MAX_VCPUS || !d->vcpu[b->vcpu])
		return -ENOENT;
	spin_lock(&d->event_lock);
	e = port_in_use(d, b->port);
	/* IPIs and per-vCPU VIRQs stay where they were bound. */
	if (e && e->state != PORT_IPI && !(e->state == PORT_VIRQ && VIRQ_IS_PER_VCPU(e->virq))) {
		e->vcpu = b->vcpu;
		rc = 0;
	}
	spin_unlock(&d->event_lock);
	return rc;
}

static int evtchn_status(struct evtchn_status *s)
{
	struct domain *cur = current_vcpu()->domain, *d = domain_get(s->dom);
	struct evtchn *e;
	int rc = 0;

	if (!d)
		return -ESRCH;
	if (d != cur && !cur->privileged) {
		domain_put(d);
		return -EPERM;
	}
	spin_lock(&d->event_lock);
	e = port_of(d, s->port);
	if (s->port >= NR_PORTS) {
		rc = -EINVAL;
	} else if (!e || e->state == PORT_FREE || e->state == PORT_RESERVED) {
		s->status = EVTCHNSTAT_closed;
	} else {
		s->vcpu = e->vcpu;
		switch (e->state) {
		case PORT_UNBOUND:
			s->status = EVTCHNSTAT_unbound;
			s->u.unbound.dom = e->remote_id;
			break;
		case PORT_INTERDOMAIN:
			s->status = EVTCHNSTAT_interdomain;
			s->u.interdomain.dom = e->remote->id;
			s->u.interdomain.port = e->remote_port;
			break;
		case PORT_KEEL:
			s->status = EVTCHNSTAT_interdomain;
			s->u.interdomain.dom = DOMID_XEN;
			break;
		case PORT_PIRQ:
			s->status = EVTCHNSTAT_pirq;
			s->u.pirq = e->virq;
			break;
		case PORT_VIRQ:
			s->status = EVTCHNSTAT_virq;
			s->u.virq = e->virq;
			break;
		default:
			s->status = EVTCHNSTAT_ipi;
		}
	}
	spin_unlock(&d->event_lock);
	domain_put(d);
	return rc;
}

/* Attaches a hardware interrupt line to a port of the caller. */
static int bind_pirq(struct evtchn_bind_pirq *b)
{
	struct domain *d = current_vcpu()->domain;
	int p, rc;

	if (!d->privileged)
		return -EPERM;
	spin_lock(&d->event_lock);
	p = alloc_port(d);
	if (p > 0)
		*port_of(d, p) = (struct evtchn){ .state = PORT_PIRQ, .virq = b->pirq };
	spin_unlock(&d->event_lock);
	if (p < 0)
		return p;
	rc = line_bind(d, b->pirq, p);
	if (rc) {
		spin_lock(&d->event_lock);
		memset(port_of(d, p), 0, sizeof(struct evtchn));
		spin_unlock(&d->event_lock);
		return rc;
	}
	b->port = p;
	return 0;
}

long do_event_channel_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	union {
		struct evtchn_alloc_unbound alloc_unbound;
		struct evtchn_bind_interdomain interdomain;
		struct evtchn_bind_virq virq;
		struct evtchn_bind_pirq pirq;
		struct evtchn_bind_ipi ipi;
		struct evtchn_close close;
		struct evtchn_send send;
		struct evtchn_status status;
		struct evtchn_bind_vcpu vcpu;
		struct evtchn_unmask unmask;
	} u;
	static const struct { u8 in, out; } size[] = {
		[EVTCHNOP_bind_interdomain] = { sizeof(u.interdomain), 1 },
		[EVTCHNOP_bind_virq] = { sizeof(u.virq), 1 },
		[EVTCHNOP_bind_pirq] = { sizeof(u.pirq), 1 },
		[EVTCHNOP_close] = { sizeof(u.close), 0 },
		[EVTCHNOP_send] = { sizeof(u.send), 0 },
		[EVTCHNOP_status] = { sizeof(u.status), 1 },
		[EVTCHNOP_alloc_unbound] = { sizeof(u.alloc_unbound), 1 },
		[EVTCHNOP_bind_ipi] = { sizeof(u.ipi), 1 },
		[EVTCHNOP_bind_vcpu] = { sizeof(u.vcpu), 0 },
		[EVTCHNOP_unmask] = { sizeof(u.unmask), 0 },
	};
	int rc;

	/* Linux falls back to this ABI when the FIFO one is refused. */
	if (cmd == EVTCHNOP_init_control)
		return -EINVAL;
	if (cmd >= ARRAY_SIZE(size) || !size[cmd].in)
		return -ENOSYS;
	if (copy_from_guest(&u, arg, size[cmd].in))
		return -EFAULT;
	switch (cmd) {
	case EVTCHNOP_bind_interdomain: rc = bind_interdomain(&u.interdomain); break;
	case EVTCHNOP_bind_virq: rc = bind_virq(&u.virq); break;
	case EVTCHNOP_bind_pirq: rc = bind_pirq(&u.pirq); break;
	case EVTCHNOP_close: rc = evtchn_close(current_vcpu()->domain, u.close.port); break;
	case EVTCHNOP_send: rc = evtchn_send(u.send.port); break;
	case EVTCHNOP_status: rc = evtchn_status(&u.status); break;
	case EVTCHNOP_alloc_unbound: rc = alloc_unbound(&u.alloc_unbound); break;
	case EVTCHNOP_bind_ipi: rc = bind_ipi(&u.ipi); break;
	case EVTCHNOP_bind_vcpu: rc = bind_vcpu(&u.vcpu); break;
	default: rc = evtchn_unmask(u.unmask.port); break;
	}
	if (!rc && size[cmd].out && copy_to_guest(arg, &u, size[cmd].in))
		return -EFAULT;
	return rc;
}
