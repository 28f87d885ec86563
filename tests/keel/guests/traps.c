/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trap table, each exception, the frame it is delivered in. */
#include "rt/rt.h"

static u64 rsp_before;

/* What holds of every exception raised by PROBE in kernel mode. */
static void frame(const char *what, long vector, u64 error)
{
	ok(caught.vector == vector, "%s is exception %ld (got %ld)", what, vector, caught.vector);
	if (caught.vector != vector)
		return;
	ok(caught.error == error, "%s: error code %#lx (got %#lx)", what, error, caught.error);
	ok((caught.cs & 0xffffffff) == (FLAT_KERNEL_CS & ~3U),
	   "%s: CS is %#x, privilege bits clear", what, (u32)caught.cs);
}

static volatile int steps;
static volatile u64 step_rip;

/* Counts single steps; the second one ends them. */
static int step(struct trap *t)
{
	u64 *f = trap_rip(t);

	if (t->vector != 1)
		return 0;
	__asm__ volatile("pushf\n\tpop %0" : "=r"(caught.entry_flags));
	step_rip = f[0];
	if (++steps == 2)
		f[2] &= ~0x100UL;
	return 1;
}

void test_main(void)
{
	u64 nowhere = 0x123456789000;
	u8 *ro = page_alloc(), *nx = page_alloc();
	struct trap_info t[2];
	u64 flags;

	/* Table rules. */
	is(HC_1(0, (void *)0xffff830000000000), -XFAULT, "set_trap_table from the hypervisor");
	memset(t, 0, sizeof(t));
	t[0].vector = 6;
	t[0].cs = FLAT_KERNEL_CS;
	t[0].address = 0x1234567890abcdef;
	is_any(HC_1(0, t), -XINVAL, 0, "set_trap_table with an address that is none");
	set_traps();

	/* Faults, traps; RIP is at the instruction or behind it. */
	PROBE("xor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tdiv %%ecx", ::: "rax", "rcx", "rdx", "cc");
	frame("divide", 0, 0);
	is((long)caught.rip, (long)(probe_rip + 4), "divide: RIP at the instruction");
	PROBE("int3", ::: "memory");
	frame("int3", 3, 0);
	is((long)caught.rip, (long)(probe_rip + 1), "int3: RIP behind it");
	PROBE("ud2", ::: "memory");
	frame("ud2", 6, 0);
	is((long)caught.rip, (long)probe_rip, "ud2: RIP at the instruction");
	PROBE("hlt", ::: "memory");
	frame("hlt", 13, 0);
	PROBE("movabs $0x8000000000000000, %%rax\n\tmov (%%rax), %%rax", ::: "rax", "memory");
	frame("load from an address that is none", 13, 0);
	PROBE("mov %0, %%ds", :: "r"(0x1230) : "memory");
	frame("load of a bad selector", 13, 0x1230);
	PROBE("lidt (%0)", :: "r"(ro) : "memory");
	frame("lidt", 13, 0);
	PROBE("invlpg (%0)", :: "r"(ro) : "memory");
	frame("invlpg", 13, 0);
	PROBE("sysretq", ::: "memory");
	ok(caught.vector == 13 || caught.vector == 6, "sysret is refused");

	/* Page faults: error code and CR2. Bit 2 means user mode, not ring 3. */
	PROBE("mov (%0), %%al", :: "r"(nowhere + 0x123) : "rax", "memory");
	frame("read of nothing", 14, 0);
	is((long)caught.cr2, (long)(nowhere + 0x123), "cr2 is the address");
	is((long)caught.rip, (long)probe_rip, "RIP at the instruction");
	PROBE("movb $1, (%0)", :: "r"(nowhere + 0x456) : "memory");
	frame("write to nothing", 14, 2);
	is((long)caught.cr2, (long)(nowhere + 0x456), "cr2 is the address");
	make_ro(ro);
	PROBE("movb $1, 5(%0)", :: "r"(ro) : "memory");
	frame("write to a read-only page", 14, 3);
	is((long)caught.cr2, (long)(ro + 5), "cr2 is the address");
	/* Jumps, as a call would have moved the stack pointer already. */
	update_va(nx, pte_of(nx, P | RW | US | A | D | NX), UVMF_INVLPG | UVMF_ALL);
	nx[0] = 0x0f;		/* ud2, should it run */
	nx[1] = 0x0b;
	PROBE("jmp *%0", :: "r"(nx) : "memory");
	frame("execution of a no-execute page", 14, 0x11);
	PROBE("jmp *%0", :: "r"(nowhere) : "memory");
	ok(caught.vector == 14 && (caught.error & ~0x10UL) == 0,
	   "execution of nothing: page fault, error %#lx", caught.error);

	/* The frame: SS, RSP, RFLAGS, CS, RIP, [error], R11, RCX; 16-aligned. */
	{
		u64 rcx = 0x1122334455667788, r11 = 0x99aabbccddeeff00, rsp, rcx2, r112;

		__asm__ volatile(
			"mov %4, %%r11\n\t"
			"mov %%rsp, %2\n\t"
			"movq $10f, probe_rip(%%rip)\n\t"
			"movq $11f, resume_rip(%%rip)\n"
			"10:\tud2\n"
			"11:\tmov %%rcx, %0\n\tmov %%r11, %1"
			: "=&r"(rcx2), "=&r"(r112), "=&r"(rsp)
			: "c"(rcx), "r"(r11)
			: "r11", "memory");
		is((long)caught.rcx, (long)rcx, "frame: RCX");
		is((long)caught.r11, (long)r11, "frame: R11");
		ok(rcx2 == rcx && r112 == r11, "both are back after iret");
		is((long)caught.rsp, (long)rsp, "frame: RSP is that of the instruction");
		is((long)(caught.ss & 0xffff & ~3UL), FLAT_KERNEL_SS & ~3, "frame: SS");
		is((long)caught.frame_at, (long)((rsp & ~15UL) - 56),
		   "seven words below the stack pointer aligned to 16");
		/* Error code: one more. */
		rsp_before = rsp;
		PROBE("hlt", ::: "memory");
		is((long)caught.frame_at, (long)((caught.rsp & ~15UL) - 64),
		   "eight words with an error code");
	}
	{
		/* An odd stack pointer is aligned. */
		PROBE("sub $5, %%rsp\n\tud2\n\tnop", ::: "memory");
		__asm__ volatile("nop");
		/* resume went on with RSP as in the frame: give it back. */
		__asm__ volatile("add $5, %%rsp" ::: "memory", "cc");
		is((long)(caught.frame_at & 15), 8, "an odd stack pointer is aligned first");
		ok((caught.rsp & 15) != 8 && caught.rsp - caught.frame_at < 80,
		   "and kept in the frame");
	}

	/* Flags: IF in the frame is the inverse of the mask; TF, NT, RF cleared. */
	vcpu_info()->evtchn_upcall_mask = 0;
	PROBE("ud2", ::: "memory");
	is((long)(caught.flags & 0x200), 0x200, "events on: IF set in the frame");
	is((long)(caught.cs >> 32 & 0xff), 0, "and saved mask 0 in CS[39:32]");
	is(caught.mask, 0, "an ordinary entry leaves the mask");
	is(vcpu_info()->evtchn_upcall_mask, 0, "after iret still on");
	vcpu_info()->evtchn_upcall_mask = 1;
	PROBE("ud2", ::: "memory");
	is((long)(caught.flags & 0x200), 0, "events off: IF clear in the frame");
	is((long)(caught.cs >> 32 & 0xff), 1, "and saved mask 1 in CS[39:32]");
	is(vcpu_info()->evtchn_upcall_mask, 1, "after iret still off");
	vcpu_info()->evtchn_upcall_mask = 0;
	is(set_trap(6, 4, trap_entries[6]), 0, "an entry that masks events");
	PROBE("ud2", ::: "memory");
	is(caught.mask, 1, "the handler runs with events masked");
	is((long)(caught.cs >> 32 & 0xff), 0, "the frame has the mask of before");
	is(vcpu_info()->evtchn_upcall_mask, 0, "iret restores it");
	set_traps();

	is((long)(caught.flags & 0x3000), 0, "IOPL in the frame is 0");
	is((long)caught.entry_cs, FLAT_KERNEL_CS, "handlers run with CS %#x", FLAT_KERNEL_CS);
	ok((caught.entry_flags & 0x200) != 0, "and with the processor's IF on");
	__asm__ volatile("std");
	PROBE("ud2", ::: "memory");
	__asm__ volatile("cld");
	is((long)(caught.flags & 0x400), 0x400, "DF is saved in the frame");
	__asm__ volatile("pushf\n\torq $0x4000, (%%rsp)\n\tpopf" ::: "memory", "cc");
	PROBE("ud2", ::: "memory");
	__asm__ volatile("pushf\n\tandq $~0x4000, (%%rsp)\n\tpopf" ::: "memory", "cc");
	is((long)(caught.flags & 0x4000), 0x4000, "NT is saved in the frame");
	is((long)(caught.entry_flags & 0x4000), 0, "and clear in the handler");

	/* Single step: #DB behind each instruction until the handler clears TF. */
	{
		u64 at;

		steps = 0;
		trap_hook = step;
		__asm__ volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\t"
				 "nop\n\tnop\n"
				 "10:\tnop\n\tnop\n\tlea 10b(%%rip), %0"
				 : "=r"(at) : : "memory", "cc");
		trap_hook = NULL;
		is(steps, 2, "single step: one exception 1 per instruction");
		is((long)step_rip, (long)at, "RIP behind the instruction");
		is((long)(caught.entry_flags & 0x100), 0, "TF is clear in the handler");
	}

	/* Task switched: set by hypercall, #NM at the next FPU instruction. */
	is(HC_1(5, 1), 0, "fpu_taskswitch(1)");
	PROBE("fninit", ::: "memory");
	frame("FPU instruction with TS", 7, 0);
	is(HC_1(5, 0), 0, "fpu_taskswitch(0)");
	PROBE("fninit", ::: "memory");
	is(caught.vector, -1, "no exception without TS");

	/* FPU and SSE errors. */
	{
		u16 cw = 0x037b, cw0 = 0x037f;	/* divide by zero unmasked */
		u32 csr = 0x1f80 & ~0x200U, csr0 = 0x1f80;

		__asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp" : : "m"(cw));
		PROBE("fwait", ::: "memory");
		frame("x87 divide", 16, 0);
		__asm__ volatile("fnclex\n\tfldcw %0\n\tfninit" : : "m"(cw0));
		__asm__ volatile("ldmxcsr %0" : : "m"(csr));
		PROBE("xorps %%xmm1, %%xmm1\n\tcvtsi2ss %0, %%xmm0\n\tdivss %%xmm1, %%xmm0",
		      :: "r"(1) : "memory");
		if (caught.vector == -1)
			skip("this processor (an emulated one) raises none", "SSE divide");
		else
			frame("SSE divide", 19, 0);
		__asm__ volatile("ldmxcsr %0" : : "m"(csr0));
	}

	/* The handler's registers are those of the guest. */
	__asm__ volatile("mov $0x5a5a, %%eax\n\t"
			 "movq $11f, resume_rip(%%rip)\n\tud2\n11:" ::: "rax", "memory");
	is((long)caught.rax, 0x5a5a, "RAX in the handler is that of the instruction");
	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
	ok((flags & 0x200) && !(flags & 0x4100), "flags are clean at the end (%#lx)", flags);
}
