/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vcpu whose event handler does not return; the other must not notice. */
#include "rt/rt.h"

static volatile u32 release, held, spins, rounds;
static long to_ap, timer;

static void hook(u32 port)
{
	if (port != (u32)to_ap || this_vcpu() != 1 || release)
		return;
	held = 1;
	while (!release)
		spins++;
}

static void ap(int n)
{
	vcpu_info()->evtchn_upcall_mask = 0;
	for (;;) {
		rounds++;
		sched_op(SCHEDOP_yield, NULL);
		if (release == 2)
			break;
	}
	vcpu_op(VCPUOP_down, n, NULL);
	for (;;)
		sched_op(SCHEDOP_yield, NULL);
}

void test_main(void)
{
	u64 start, bad = 0;
	u32 n;

	to_ap = bind_ipi(1);
	timer = bind_virq(VIRQ_TIMER, 0);
	ok(to_ap > 0 && timer > 0, "ports");
	evt_hook = hook;
	unmask((u32)to_ap);
	unmask((u32)timer);
	vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	is(start_vcpu(1, ap), 0, "start vcpu 1");
	ok(wait_for(&rounds, 10, 20000), "it runs");
	evt_send((u32)to_ap);
	ok(wait_for(&held, 1, 20000), "its handler is held");
	irq_on();
	/* Everything goes on here: events at it, timers, page tables, flushes. */
	for (int i = 0; i < 10000; i++)
		bad += evt_send((u32)to_ap) != 0;
	is((long)bad, 0, "10000 more events for it");
	start = now();
	for (n = 0; n < 20; n++) {
		u32 had = evt_count[timer];
		struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = now() + 1000000 };

		vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
		if (!wait_for(&evt_count[timer], had + 1, 20000))
			break;
	}
	is(n, 20, "20 timers fire here");
	for (n = 0; n < 200; n++) {
		u8 *p = page_alloc();

		bad += make_ro(p) != 0 || mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(p), 0) != 0;
		bad += mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0) != 0;
		bad += mmuext(MMUEXT_UNPIN_TABLE, mfn_of(p), 0) != 0 || make_rw(p) != 0;
		page_free(p);
	}
	is((long)bad, 0, "200 page tables made and unmade, with flushes everywhere");
	n = spins;
	ok(wait_for(&spins, n + 1, 20000), "vcpu 1 is still spinning");
	note("%lu ms", (now() - start) / 1000000);
	release = 1;
	n = rounds;
	ok(wait_for(&rounds, n + 10, 20000), "let go, it goes on where it was");
	ok(wait_for(&evt_count[to_ap], 2, 20000), "and gets what came in between");
	release = 2;
}
