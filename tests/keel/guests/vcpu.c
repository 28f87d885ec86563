/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A second vcpu: from nothing to work, events both ways, down and up again. */
#include "rt/rt.h"

static volatile u32 ap_runs, ap_stop, ap_sum;
static long to_ap, to_bsp;
static struct vcpu_info moved __attribute__((aligned(64)));

static void ap(int n)
{
	volatile struct vcpu_info *v = vcpu_info();

	__sync_fetch_and_add(&ap_runs, 1);
	while (!ap_stop) {
		/* Masked until it blocks, or the answer could come before that. */
		v->evtchn_upcall_mask = 1;
		evt_send((u32)to_bsp);
		sched_op(SCHEDOP_block, NULL);
		ap_sum++;
	}
	vcpu_op(VCPUOP_down, n, NULL);
	/* Up again: goes on here. */
	__sync_fetch_and_add(&ap_runs, 1);
	for (;;)
		vcpu_op(VCPUOP_down, n, NULL);
}

void test_main(void)
{
	static struct vcpu_guest_context c;
	struct vcpu_register_vcpu_info reg;
	u32 n;
	long r;

	is(vcpu_op(VCPUOP_is_up, 0, NULL), 1, "vcpu 0 is up");
	is(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "vcpu 1 is not");
	is(vcpu_op(VCPUOP_is_up, 2, NULL), -XNOENT, "vcpu 2 does not exist");
	is(vcpu_op(VCPUOP_is_up, 8191, NULL), -XNOENT, "nor does 8191");
	is(vcpu_op(VCPUOP_is_up, -1, NULL), -XNOENT, "nor 2^32 - 1");
	is(vcpu_op(VCPUOP_up, 1, NULL), -XINVAL, "vcpu 1 cannot go up without a context");

	/* Contexts that must be refused; none makes it initialised. */
	is(vcpu_op(VCPUOP_initialise, 1, (void *)0xffff830000000000), -XFAULT, "context in the hypervisor");
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.ctrlreg[3] = mfn_of(&c) << 12;
	r = vcpu_op(VCPUOP_initialise, 1, &c);
	ok(r < 0, "page table that is an ordinary page (%ld)", r);
	c.ctrlreg[3] = 0xffffffffff000;
	r = vcpu_op(VCPUOP_initialise, 1, &c);
	ok(r < 0, "page table that is no memory (%ld)", r);
	c.ctrlreg[3] = mfn_of((void *)si->pt_base) << 12;
	c.gdt_ents = 65535;
	r = vcpu_op(VCPUOP_initialise, 1, &c);
	ok(r < 0, "a GDT of 65535 entries (%ld)", r);
	c.gdt_ents = 512;
	c.gdt_frames[0] = mfn_of((void *)si->pt_base);
	r = vcpu_op(VCPUOP_initialise, 1, &c);
	ok(r < 0, "a GDT that is a page table (%ld)", r);
	is(vcpu_op(VCPUOP_up, 1, NULL), -XINVAL, "vcpu 1 still cannot go up");
	is(vcpu_op(VCPUOP_initialise, 77, &c), -XNOENT, "initialise a vcpu that is none");

	to_ap = bind_ipi(1);
	to_bsp = bind_ipi(0);
	ok(to_ap > 0 && to_bsp > 0, "ports both ways");
	unmask((u32)to_ap);
	unmask((u32)to_bsp);
	irq_on();
	r = start_vcpu(1, ap);
	is(r, 0, "initialise and up");
	if (r)
		return;
	ok(wait_for(&evt_count[to_bsp], 1, 20000), "vcpu 1 sends its first event");
	is(vcpu_op(VCPUOP_is_up, 1, NULL), 1, "it is up");
	r = start_vcpu(1, ap);
	is(r, -XEXIST, "initialise again: it exists");
	for (n = 1; n <= 300; n++) {
		evt_send((u32)to_ap);
		if (!wait_for(&evt_count[to_bsp], n + 1, 20000))
			break;
	}
	is(n, 301, "300 events there and back, none lost");
	ok(upcalls[1] >= 1, "delivered on vcpu 1");
	ok(shared->vcpu_info[1].time.tsc_to_system_mul != 0, "it has its own time record");

	/* Down, and up again. */
	ap_stop = 1;
	evt_send((u32)to_ap);
	for (n = 0; n < 20000 && vcpu_op(VCPUOP_is_up, 1, NULL) == 1; n++)
		sched_op(SCHEDOP_yield, NULL);
	is(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "it goes down");
	is(vcpu_op(VCPUOP_up, 1, NULL), 0, "up again");
	ok(wait_for(&ap_runs, 2, 20000), "it goes on behind its down");
	is(vcpu_op(VCPUOP_up, 77, NULL), -XNOENT, "up of a vcpu that is none");
	is(vcpu_op(VCPUOP_down, 77, NULL), -XNOENT, "down of a vcpu that is none");
	is_any(vcpu_op(99, 0, NULL), -XNOSYS, -XINVAL, "operation 99");

	/* vcpu_info moves into the guest's memory, once. */
	reg.mfn = 0xffffffffff;
	reg.offset = 0;
	reg.rsvd = 0;
	ok(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg) < 0, "vcpu_info in no memory");
	reg.mfn = mfn_of((void *)si->pt_base);
	ok(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg) < 0, "in a page table");
	reg.mfn = mfn_of(&moved);
	reg.offset = 4096 - 32;
	is_any(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg), -XINVAL, -XNXIO, "across two pages");
	reg.offset = 0xffffffe0;
	is_any(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg), -XINVAL, -XNXIO, "at an offset that wraps");
	irq_off();
	shared->vcpu_info[0].arch.cr2 = 0x4711;
	reg.offset = (u32)((u64)&moved & 4095);
	is(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg), 0, "in a page of ours");
	is(moved.evtchn_upcall_mask, 1, "the event mask came along");
	is((long)moved.arch.cr2, 0x4711, "and the rest");
	is(moved.evtchn_upcall_pending, 1, "an upcall is pending, in case one was lost");
	is((long)moved.evtchn_pending_sel, -1, "all words are selected");
	ok(moved.time.tsc_to_system_mul != 0, "the time record is there");
	is(vcpu_op(VCPUOP_register_vcpu_info, 0, &reg), -XINVAL, "only once");
	moved.evtchn_upcall_pending = 0;
	moved.evtchn_pending_sel = 0;
	__sync_fetch_and_and(&shared->evtchn_pending[to_bsp / 64], ~(1UL << to_bsp % 64));
	evt_send((u32)to_bsp);
	is(moved.evtchn_upcall_pending, 1, "events arrive there");
	moved.evtchn_upcall_pending = 0;
	PROBE("mov (%0), %%al", :: "r"(0x123456789abcUL) : "rax", "memory");
	is((long)moved.arch.cr2, 0x123456789abc, "cr2 too");
	irq_off();
}
