/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels: each way to get one, to lose one, and delivery. */
#include "rt/rt.h"

static u32 hook_ports[16], hook_n;

static void hook(u32 port)
{
	if (hook_n < ARRAY(hook_ports))
		hook_ports[hook_n++] = port;
}

static struct evtchn_status status(u32 port, long *r)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

	*r = evtchn_op(EVTCHNOP_status, &s);
	return s;
}

static long poll_port(u32 port, u64 timeout)
{
	struct sched_poll p = { .nr_ports = 1, .timeout = timeout };
	evtchn_port_t list[1] = { port };

	set_xen_guest_handle(p.ports, list);
	return sched_op(SCHEDOP_poll, &p);
}

void test_main(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_unmask um;
	struct evtchn_status st;
	long ipi, ipi2, virq, r;
	u32 before, before_a;

	/* An IPI to ourselves. */
	ipi = bind_ipi(0);
	ok(ipi > 0 && ipi < 4096, "bind_ipi gives a port (%ld)", ipi);
	ipi2 = bind_ipi(0);
	ok(ipi2 > 0 && ipi2 != ipi, "a second one gives another (%ld)", ipi2);
	is(bind_ipi(2), -XNOENT, "bind_ipi to a vcpu that is none");
	is(bind_ipi(0x7fffffff), -XNOENT, "to vcpu 2^31 - 1");
	is(bind_ipi(-1), -XNOENT, "to vcpu 2^32 - 1");
	unmask((u32)ipi);
	irq_on();
	is(evt_send((u32)ipi), 0, "send");
	is(evt_count[ipi], 1, "is delivered at once");
	is(pending((u32)ipi), 0, "and not pending any more");
	is(vcpu_info()->evtchn_upcall_mask, 0, "events are on after it");
	evt_hook = hook;

	/* Masked by vcpu: comes when unmasked. */
	irq_off();
	evt_send((u32)ipi);
	evt_send((u32)ipi);
	is(evt_count[ipi], 1, "events off: not delivered");
	is(vcpu_info()->evtchn_upcall_pending, 1, "upcall pending");
	is(pending((u32)ipi), 1, "port pending");
	ok(vcpu_info()->evtchn_pending_sel >> (ipi / 64) & 1, "its word selected");
	irq_on();
	is(evt_count[ipi], 2, "events on: delivered, once");

	/* Masked by port: nothing until unmasked. */
	mask((u32)ipi);
	evt_send((u32)ipi);
	version_op(XENVER_version, NULL);
	is(evt_count[ipi], 2, "port masked: not delivered");
	is(pending((u32)ipi), 1, "pending");
	is(vcpu_info()->evtchn_upcall_pending, 0, "no upcall");
	um.port = (u32)ipi;
	is(evtchn_op(EVTCHNOP_unmask, &um), 0, "unmask");
	is(evt_count[ipi], 3, "re-raises what is pending");
	is(evtchn_op(EVTCHNOP_unmask, &um), 0, "unmask again");
	is(evt_count[ipi], 3, "raises nothing");

	/* Two ports in one upcall. */
	unmask((u32)ipi2);
	hook_n = 0;
	before = upcalls[0];
	irq_off();
	evt_send((u32)ipi2);
	evt_send((u32)ipi);
	irq_on();
	is((long)(upcalls[0] - before), 1, "two events, one upcall");
	is(hook_n, 2, "both delivered");

	/* Block: returns at once when something is pending, with events on after. */
	irq_off();
	evt_send((u32)ipi);
	before = evt_count[ipi];
	is(sched_op(SCHEDOP_block, NULL), 0, "block with an event pending returns");
	is(vcpu_info()->evtchn_upcall_mask, 0, "block unmasks");
	is((long)(evt_count[ipi] - before), 1, "and the event is delivered");

	/* A pair within the domain. */
	is(evtchn_op(EVTCHNOP_alloc_unbound, &a), 0, "alloc_unbound");
	st = status(a.port, &r);
	ok(r == 0 && st.status == EVTCHNSTAT_unbound, "its state is unbound");
	is(evt_send(a.port), 0, "send to an unbound port is not an error");
	b.remote_port = a.port;
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), 0, "bind_interdomain");
	ok(b.local_port != a.port, "gives another port");
	st = status(b.local_port, &r);
	ok(r == 0 && st.status == EVTCHNSTAT_interdomain && st.u.interdomain.port == a.port,
	   "its state names the other end");
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), -XINVAL, "it cannot be bound twice");
	/* By hypercall: a fresh pair may be pending, as one end may have sent early. */
	um.port = a.port;
	evtchn_op(EVTCHNOP_unmask, &um);
	um.port = b.local_port;
	evtchn_op(EVTCHNOP_unmask, &um);
	before = evt_count[b.local_port];
	before_a = evt_count[a.port];
	is(evt_send(a.port), 0, "send at one end");
	is((long)(evt_count[b.local_port] - before), 1, "arrives at the other");
	is((long)(evt_count[a.port] - before_a), 0, "and not at this one");
	is(evt_send(b.local_port), 0, "send at the other end");
	is((long)(evt_count[a.port] - before_a), 1, "arrives here");
	is(evt_close(b.local_port), 0, "close one end");
	st = status(a.port, &r);
	ok(r == 0 && st.status == EVTCHNSTAT_unbound, "the other is unbound again");
	st = status(b.local_port, &r);
	ok(r == 0 && st.status == EVTCHNSTAT_closed, "this one is closed");
	is(evt_send(b.local_port), -XINVAL, "send to it is an error");
	is(evt_close(b.local_port), -XINVAL, "and to close it again");
	is(evt_close(a.port), 0, "close the other");

	/* VIRQs: one port per kind and vcpu. */
	virq = bind_virq(VIRQ_DEBUG, 0);
	ok(virq > 0, "bind_virq DEBUG (%ld)", virq);
	is(bind_virq(VIRQ_DEBUG, 0), -XEXIST, "only once");
	is(bind_virq(NR_VIRQS, 0), -XINVAL, "a VIRQ that is none");
	is(bind_virq(-1, 0), -XINVAL, "VIRQ 2^32 - 1");
	is_any(bind_virq(VIRQ_TIMER, 77), -XNOENT, -XINVAL, "a vcpu that is none");
	is(evt_send((u32)virq), -XINVAL, "a VIRQ cannot be sent by the guest");
	is(evt_close((u32)virq), 0, "close it");
	virq = bind_virq(VIRQ_DEBUG, 0);
	ok(virq > 0, "then it can be bound again");
	evt_close((u32)virq);

	/* Ports that are none. */
	is(evt_send(0), -XINVAL, "send to port 0");
	is(evt_send(4000), -XINVAL, "to one that is not bound");
	is(evt_send(0x7fffffff), -XINVAL, "to 2^31 - 1");
	is(evt_send(0xffffffff), -XINVAL, "to 2^32 - 1");
	is(evt_close(0), -XINVAL, "close port 0");
	is(evt_close(0xffffffff), -XINVAL, "close 2^32 - 1");
	um.port = 0xffffffff;
	is(evtchn_op(EVTCHNOP_unmask, &um), -XINVAL, "unmask 2^32 - 1");
	b.remote_port = 4000;
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), -XINVAL, "bind to a port that is none");
	b.remote_port = 0xffffffff;
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), -XINVAL, "bind to 2^32 - 1");
	b.remote_port = (u32)ipi;
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), -XINVAL, "bind to an IPI");
	b.remote_dom = 0x1234;
	is(evtchn_op(EVTCHNOP_bind_interdomain, &b), -XSRCH, "bind to a domain that is none");
	a.remote_dom = 0x1234;
	r = evtchn_op(EVTCHNOP_alloc_unbound, &a);
	ok(r == 0 || r == -XSRCH, "alloc for a domain that is none yet (%ld)", r);
	a.dom = 0x1234;
	is(evtchn_op(EVTCHNOP_alloc_unbound, &a), -XSRCH, "alloc in a domain that is none");
	is_any(evtchn_op(99, &a), -XNOSYS, -XINVAL, "operation 99");
	is(evtchn_op(EVTCHNOP_send, (void *)0xffff830000000000), -XFAULT, "argument in the hypervisor");
	{
		struct evtchn_bind_vcpu bv = { .port = (u32)ipi, .vcpu = 0 };

		r = evtchn_op(EVTCHNOP_bind_vcpu, &bv);
		ok(r == -XINVAL || r == 0 || r == -XNOSYS, "bind_vcpu of an IPI (%ld)", r);
		bv.vcpu = 99;
		r = evtchn_op(EVTCHNOP_bind_vcpu, &bv);
		ok(r < 0, "bind_vcpu to a vcpu that is none (%ld)", r);
		bv.port = 0xffffffff;
		r = evtchn_op(EVTCHNOP_bind_vcpu, &bv);
		ok(r < 0, "bind_vcpu of port 2^32 - 1 (%ld)", r);
	}

	/* Polling, without a delivery. */
	irq_off();
	mask((u32)ipi);
	evt_send((u32)ipi);
	is(poll_port((u32)ipi, 0), 0, "poll of a pending port returns");
	before = evt_count[ipi];
	is(pending((u32)ipi), 1, "it stays pending");
	is((long)evt_count[ipi], before, "nothing was delivered");
	__sync_fetch_and_and(&shared->evtchn_pending[ipi / 64], ~(1UL << ipi % 64));
	is(poll_port((u32)ipi, now() + 2000000), 0, "poll with a time limit returns");
	is(poll_port(0xffffffff, now() + 2000000), -XINVAL, "poll of port 2^32 - 1");
	{
		struct sched_poll p = { .nr_ports = 1000 };

		is(sched_op(SCHEDOP_poll, &p), -XINVAL, "poll of 1000 ports");
	}
	irq_on();

	/* All ports can be had, and given back. */
	{
		u32 n = 0, max = 0;
		long p;

		while ((p = bind_ipi(0)) > 0 && n < 200000) {
			n++;
			max = (u32)p > max ? (u32)p : max;
		}
		note("%u ports, then error %ld, highest %u", n, p, max);
		ok(p == -XNOSPC || p == -XNOMEM, "at some time there are no more (%ld)", p);
		ok(n >= 1000 && max < 4096, "there are more than 1000, and below 4096");
		unmask(max);
		evt_send(max);
		is(evt_count[max], 1, "the highest works");
		for (u32 q = 1; q <= max; q++)
			if (q != (u32)ipi)
				evt_close(q);
		p = bind_ipi(0);
		ok(p > 0, "closed ones can be had again (%ld)", p);
	}
}
