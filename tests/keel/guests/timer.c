/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time: the record of a vcpu, timers, runstate, the wall clock. */
#include "rt/rt.h"

static long timer_port;
static volatile u64 fired_at;

static void hook(u32 port)
{
	if (port == (u32)timer_port)
		fired_at = now();
}

static long singleshot(u64 at, u32 flags)
{
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = at, .flags = flags };

	return vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
}

void test_main(void)
{
	u64 a, b, back = 0, spread = 0;
	u32 n, before;

	/* The record. */
	ok(vcpu_info()->time.tsc_to_system_mul != 0, "the time record is filled");
	is(vcpu_info()->time.version & 1, 0, "its version is even");
	a = now();
	for (int i = 0; i < 100000; i++) {
		b = now();
		if (b < a)
			back++;
		else if (b - a > spread)
			spread = b - a;
		a = b;
	}
	is((long)back, 0, "time never goes back (100000 readings)");
	note("greatest step %lu ns, now %lu ns", spread, a);
	ok(a > 0 && a < 3600UL * 1000000000, "time since boot is less than an hour");
	a = now();
	for (int i = 0; i < 100; i++)
		sched_op(SCHEDOP_yield, NULL);
	ok(now() >= a, "nor across a yield");

	/* The wall clock: after 2020, before 2100. */
	{
		u64 sec = (u64)shared->wc_sec | (u64)shared->wc_sec_hi << 32;

		ok(sec > 1577836800 && sec < 4102444800, "the wall clock is set (%lu s)", sec);
		ok(shared->wc_nsec < 1000000000, "its nanoseconds are less than a second");
		is(shared->wc_version & 1, 0, "its version is even");
	}

	/* Singleshot timer. */
	timer_port = bind_virq(VIRQ_TIMER, 0);
	ok(timer_port > 0, "bind VIRQ_TIMER");
	evt_hook = hook;
	unmask((u32)timer_port);
	irq_on();
	is(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stop the periodic timer");
	a = now();
	n = evt_count[timer_port];
	is(singleshot(a + 5000000, 0), 0, "timer in 5 ms");
	ok(wait_for(&evt_count[timer_port], n + 1, 20000), "fires");
	ok(fired_at >= a + 5000000, "not early (%ld ns after)", (long)(fired_at - a - 5000000));
	a = now();
	while (now() < a + 20000000)
		barrier();
	is((long)(evt_count[timer_port] - n), 1, "once");

	/* Xen up to 4.14 refused it, later ones ignore the flag: Linux takes both. */
	n = evt_count[timer_port];
	a = (u64)singleshot(now() - 1000000, VCPU_SSHOTTMR_future);
	is_any((long)a, -XTIME, 0, "future flag, time past: refused, or the flag ignored");
	if (a == 0)
		ok(wait_for(&evt_count[timer_port], n + 1, 20000), "fires at once");
	else
		ok(evt_count[timer_port] == n, "does not fire");
	n = evt_count[timer_port];
	is(singleshot(now() - 1000000, 0), 0, "time past without the flag");
	ok(wait_for(&evt_count[timer_port], n + 1, 20000), "fires at once");
	n = evt_count[timer_port];
	is(singleshot(now() + 3000000000UL, VCPU_SSHOTTMR_future), 0, "timer in 3 s");
	is(singleshot(now() + 2000000, 0), 0, "replaced by one in 2 ms");
	ok(wait_for(&evt_count[timer_port], n + 1, 20000), "which fires");
	is(singleshot(now() + 30000000, 0), 0, "timer in 30 ms");
	is(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stopped");
	n = evt_count[timer_port];
	a = now();
	while (now() < a + 60000000)
		sched_op(SCHEDOP_yield, NULL);
	is((long)(evt_count[timer_port] - n), 0, "does not fire");
	is(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stopped twice");
	{
		struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = now() + 1000000 };

		is(vcpu_op(VCPUOP_set_singleshot_timer, 1, &t), -XINVAL, "for another vcpu: refused");
		is(vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)0xffff830000000000), -XFAULT,
		   "argument in the hypervisor");
	}

	/* Far and odd deadlines. */
	is(singleshot(0xffffffffffffffff, 0), 0, "a deadline at the end of time");
	n = evt_count[timer_port];
	is(singleshot(0, 0), 0, "a deadline at 0");
	ok(wait_for(&evt_count[timer_port], n + 1, 20000), "has passed");
	is_any(singleshot(0x8000000000000000, VCPU_SSHOTTMR_future), 0, -XTIME,
	       "one of 2^63 is far ahead or past");
	vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);

	/* set_timer_op, the older way. */
	n = evt_count[timer_port];
	a = now();
	is(HC_1(15, a + 2000000), 0, "set_timer_op in 2 ms");
	ok(wait_for(&evt_count[timer_port], n + 1, 20000), "fires");
	ok(fired_at >= a + 2000000, "not early");
	is(HC_1(15, 0), 0, "set_timer_op 0 stops");

	/* Block until a timer: no wakeup is lost, however often. */
	before = evt_count[timer_port];
	a = now();
	n = 0;
	for (int i = 0; i < 200; i++) {
		u32 had = evt_count[timer_port];
		/* From long ago to short ahead: fires before, in and after block. */
		u64 at = now() + (u64)(i % 20) * 20000;

		irq_off();
		if (singleshot(at, 0))
			break;
		while (evt_count[timer_port] == had) {
			sched_op(SCHEDOP_block, NULL);
			irq_off();
		}
		irq_on();
		n++;
	}
	is(n, 200, "200 times block, 200 times woken");
	is((long)(evt_count[timer_port] - before), 200, "by as many timers");
	note("took %lu ms", (now() - a) / 1000000);

	/* Periodic timer. */
	{
		struct vcpu_set_periodic_timer p = { .period_ns = 10000000 };

		is(vcpu_op(VCPUOP_set_periodic_timer, 0, &p), 0, "periodic timer of 10 ms");
		n = evt_count[timer_port];
		ok(wait_for(&evt_count[timer_port], n + 5, 30000), "fires again and again");
		is(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stop it");
		p.period_ns = 1;
		is(vcpu_op(VCPUOP_set_periodic_timer, 0, &p), -XINVAL, "a period of 1 ns is refused");
	}

	/* Runstate: states and their times. */
	{
		static struct vcpu_runstate_info area;
		struct vcpu_register_runstate_memory_area reg = { .addr.v = &area };
		struct vcpu_runstate_info r1, r2;
		u64 sum;

		is(vcpu_op(VCPUOP_get_runstate_info, 0, &r1), 0, "get_runstate_info");
		is(r1.state, RUNSTATE_running, "state is running");
		a = now();
		while (now() < a + 5000000)
			barrier();
		is(vcpu_op(VCPUOP_get_runstate_info, 0, &r2), 0, "again");
		ok(r2.time[RUNSTATE_running] > r1.time[RUNSTATE_running], "running time grows");
		is(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg), 0, "register an area");
		is(area.state, RUNSTATE_running, "it is filled at once");
		/* On a busy host a timer may fire before the block: longer, then. */
		for (u64 ns = 3000000; ns < 3000000000UL; ns *= 2) {
			irq_off();
			singleshot(now() + ns, 0);
			sched_op(SCHEDOP_block, NULL);
			irq_on();
			if (area.time[RUNSTATE_blocked] > r1.time[RUNSTATE_blocked])
				break;
		}
		vcpu_op(VCPUOP_get_runstate_info, 0, &r2);
		ok(area.time[RUNSTATE_blocked] > r1.time[RUNSTATE_blocked],
		   "blocked time grows in the area (%lu ns)", area.time[RUNSTATE_blocked]);
		is(area.state, RUNSTATE_running, "it says running again");
		sum = 0;
		for (int i = 0; i < 4; i++)
			sum += r2.time[i];
		a = now();
		ok(sum <= a, "the times add up to no more than time (%ld ns short)", (long)(a - sum));
		is(vcpu_op(VCPUOP_get_runstate_info, 99, &r2), -XNOENT, "of a vcpu that is none");
		reg.addr.v = (void *)0xffff830000000000;
		is_any(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg), -XFAULT, -XINVAL,
		       "an area in the hypervisor");
		irq_off();
		singleshot(now() + 1000000, 0);
		sched_op(SCHEDOP_block, NULL);
		irq_on();
		ok(1, "still here");
	}
}
