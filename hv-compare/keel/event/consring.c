// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:82  The console ring of an unprivileged initial domain, with keel at the
 * other end: what the guest writes goes to the serial port, what is typed goes
 * to the guest. The ring lies in guest memory, so its indices mean nothing until
 * masked.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/mm.h>
#include <xen/io/console.h>

static struct domain *owner;
static struct xencons_interface *ring;

void consring_create(struct domain *d)
{
	int port = evtchn_bind_keel(d, 0);

	BUG_ON(port < 0);
	d->console_port = port;
	ring = mfn_to_virt(d->console_mfn);
	owner = d;
}

void consring_notify(struct domain *d)
{
	XENCONS_RING_IDX cons, prod;
	char buf[256];
	unsigned int n = 0;

	if (d != owner)
		return;
	cons = READ_ONCE(ring->out_cons);
	prod = READ_ONCE(ring->out_prod);
	barrier();
	if (prod - cons > sizeof(ring->out))
		cons = prod - sizeof(ring->out);	/* nonsense: at most one ring full */
	while (cons != prod) {
		char c = READ_ONCE(ring->out[MASK_XENCONS_IDX(cons++, ring->out)]);

		if (c != '\r')
			buf[n++] = c;
		if (n == sizeof(buf) || cons == prod) {
			console_write(buf, n);
			n = 0;
		}
	}
	barrier();
	WRITE_ONCE(ring->out_cons, cons);
	evtchn_raise(d, d->console_port);
}

void consring_poll(void)
{
	bool any = false;

	while (owner && console_has_input()) {
		XENCONS_RING_IDX prod = READ_ONCE(ring->in_prod);

		if (prod - READ_ONCE(ring->in_cons) >= sizeof(ring->in))
			break;
		ring->in[MASK_XENCONS_IDX(prod, ring->in)] = console_getc();
		barrier();
		WRITE_ONCE(ring->in_prod, prod + 1);
		any = true;
	}
	if (any)
		evtchn_raise(owner, owner->console_port);
}
