/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapping that the guest took away without flushing may live on in TLBs. When
 * the frame becomes a page table it must be gone there, on every processor.
 */
#include "rt/rt.h"

static volatile u8 *window;		/* what the second vcpu writes to */
static volatile u32 ap_go, ap_writes, ap_faults;

static int ap_fault(struct trap *t)
{
	if (t->vector != 14 || this_vcpu() != 1)
		return 0;
	ap_faults++;
	trap_rip(t)[0] = resume_rip;
	return 1;
}

static void ap(int n)
{
	(void)n;
	while (!ap_go)
		barrier();
	for (;;) {
		__asm__ volatile("movq $1f, resume_rip(%%rip)\n\t"
				 "movb $0x5a, 8(%0)\n"
				 "1:" : : "r"(window) : "memory");
		ap_writes++;
		if (ap_faults)
			break;
	}
	vcpu_op(VCPUOP_down, 1, NULL);
	for (;;)
		sched_op(SCHEDOP_yield, NULL);
}

void test_main(void)
{
	u64 *page, bad = 0;
	u32 n;

	for (int i = 0; i < 20; i++) {
		page = page_alloc();
		page[2] = 2;		/* into the TLB; not present */
		if (update_va(page, 0, UVMF_NONE) || mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0))
			bail("round %d", i);
		/* The frame is a page table now. */
		if (PROBE("movq $-1, 16(%0)", :: "r"(page) : "memory") != 14)
			bad++;
	}
	is((long)bad, 0, "no write through a stale mapping reaches a page table");
	bad = 0;
	for (int i = 0; i < 20; i++) {
		page = page_alloc();
		page[2] = 0;
		/* Read-only in the table, writable in the TLB. */
		if (mmu_update(l1e_maddr(page), pte_of(page, P | US | A)) ||
		    mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(page), 0))
			bail("round %d", i);
		if (PROBE("movq $-1, 16(%0)", :: "r"(page) : "memory") != 14)
			bad++;
	}
	is((long)bad, 0, "nor one through an entry made read-only");

	/* The same with the stale entry in another processor's TLB. */
	page = page_alloc();
	window = (volatile u8 *)page;
	if (start_vcpu(1, ap)) {
		ok(0, "vcpu 1 starts");
		return;
	}
	trap_hook = ap_fault;
	ap_go = 1;
	ok(wait_for(&ap_writes, 1000, 20000), "vcpu 1 writes to a page");
	memset(page, 0, PAGE);
	if (update_va(page, 0, UVMF_NONE))
		bail("unmap");
	n = (u32)mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0);
	/* It may have written 0x5a before it was unmapped: not present, allowed. */
	is((int)n, 0, "its frame becomes an L1");
	ok(wait_for(&ap_faults, 1, 20000), "vcpu 1 faults at its next write");
	trap_hook = NULL;
	{
		u64 *view = page_alloc(), before;

		update_va(view, mfn_of(page) << 12 | P | US | A, UVMF_INVLPG);
		before = view[1];
		is(mmu_update((mfn_of(page) << 12) + 8, 0), 0, "the table works");
		is((long)(before & ~0xffUL), 0, "and has nothing it should not have");
		is((long)view[1], 0, "no write arrives any more");
	}
}
