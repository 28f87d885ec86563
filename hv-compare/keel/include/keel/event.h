/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:80  Event channels, the 2-level ABI: 4096 ports per domain. */
#ifndef KEEL_EVENT_H
#define KEEL_EVENT_H

#include <keel/types.h>
#include <xen/event_channel.h>

struct domain;
struct vcpu;

enum evtchn_state {
	PORT_FREE, PORT_RESERVED, PORT_UNBOUND, PORT_INTERDOMAIN, PORT_PIRQ,
	PORT_VIRQ, PORT_IPI,
	PORT_KEEL,		/* the other end is keel: console ring */
};

/* Protected by the domain's event_lock (interdomain: by both). */
struct evtchn {
	u8 state;
	u8 vcpu;		/* notified vCPU */
	u16 virq;		/* or pirq */
	domid_t remote_id;	/* who may bind (UNBOUND) */
	struct domain *remote;	/* INTERDOMAIN; no reference, closed before it dies */
	u32 remote_port;
};

int evtchn_init(struct domain *d);
/* Closes every port; d does not run any more. */
void evtchn_destroy(struct domain *d);
/* A port whose other end is keel; the port or -ENOSPC. */
int evtchn_bind_keel(struct domain *d, unsigned int vcpu);
int evtchn_alloc_unbound(struct domain *d, domid_t remote);
/* Raises it; any context, takes event_lock of d. */
void evtchn_raise(struct domain *d, u32 port);
/* Raises v's VIRQ if it bound it (per-vCPU), or the domain's global one. */
void send_virq(struct vcpu *v, unsigned int virq);
void send_global_virq(struct domain *d, unsigned int virq);

/* Current vCPU: is there something to deliver now? */
static inline bool event_deliverable(const struct vcpu_info *vi)
{
	return vi->evtchn_upcall_pending && !vi->evtchn_upcall_mask;
}

/* After vcpu_info moved: let the guest look at everything. */
void vcpu_info_reset(struct vcpu *v);
/* Binds vcpu_info to guest memory: 0, -EINVAL. */
int vcpu_info_register(struct vcpu *v, u64 mfn, u32 offset);

/* The console ring keel serves for an unprivileged initial domain. */
void consring_create(struct domain *d);
void consring_notify(struct domain *d);		/* the guest wrote */
void consring_poll(void);			/* typed characters to the guest */

#endif
