/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileged instructions that are emulated, and those that are not. */
#include "rt/rt.h"

static u64 rdmsr(u32 n)
{
	u32 lo = 0, hi = 0;

	PROBE("rdmsr", : "=a"(lo), "=d"(hi) : "c"(n) : "memory");
	return (u64)hi << 32 | lo;
}

static void wrmsr(u32 n, u64 v)
{
	PROBE("wrmsr", :: "c"(n), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

void test_main(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	u64 v;
	u32 al;

	/* Ports need a virtual IOPL of 1. */
	PROBE("in $0x71, %%al", ::: "rax", "memory");
	is(caught.vector, 13, "in without IOPL: #GP");
	is((long)caught.error, 0, "error code 0");
	is((long)caught.rip, (long)probe_rip, "RIP at the instruction");
	iopl.iopl = 4;
	is(HC_2(33, PHYSDEVOP_set_iopl, &iopl), -XINVAL, "set_iopl 4 is refused");
	iopl.iopl = 1;
	is(HC_2(33, PHYSDEVOP_set_iopl, &iopl), 0, "set_iopl 1");
	PROBE("outb %%al, $0x70", :: "a"(0x0d) : "memory");
	is(caught.vector, -1, "out to the clock's index port");
	PROBE("inb $0x71, %%al", : "=a"(al) :: "memory");
	is(caught.vector, -1, "in from its data port");
	/* Register 13: bit 7 and nothing else. Others than domain 0 read all ones. */
	is(al & 0xff, privileged() ? 0x80 : 0xff, "the clock is valid");
	PROBE("inb %%dx, %%al", : "=a"(al) : "d"(0x71) : "memory");
	is(caught.vector, -1, "in by DX");
	__asm__ volatile("mov $-1, %%rax\n\tinw %%dx, %%ax\n\tmov %%eax, %0"
			 : "=r"(al) : "d"(0x70) : "rax");
	is(al >> 16, 0xffff, "in of a word leaves the upper half of EAX");
	__asm__ volatile("mov $-1, %%rax\n\tinl %%dx, %%eax\n\tshr $32, %%rax\n\tmov %%eax, %0"
			 : "=r"(al) : "d"(0xcf8) : "rax");
	is(al, 0, "in of a double word clears the upper half of RAX");
	if (!privileged()) {
		PROBE("inl %%dx, %%eax", : "=a"(al) : "d"(0xcfc) : "memory");
		is(al, 0xffffffff, "no PCI configuration for the unprivileged");
	}
	/* A port of the hypervisor's: the interrupt controller. */
	PROBE("inb $0x21, %%al", : "=a"(al) :: "memory");
	is(caught.vector, -1, "in from a port that is the hypervisor's: no exception");
	is(al & 0xff, 0xff, "all ones");
	PROBE("outb %%al, $0x21", :: "a"(0xff) : "memory");
	is(caught.vector, -1, "out to it: nothing");
	{
		static u8 buf[4] = { 0x0d, 9, 9, 9 };
		u8 *p = buf;

		PROBE("outsb", : "+S"(p) : "d"(0x70) : "memory");
		is(caught.vector, -1, "outsb");
		is(p - buf, 1, "RSI is one further");
		p = buf + 1;
		PROBE("insb", : "+D"(p) : "d"(0x71) : "memory");
		is(caught.vector, -1, "insb");
		ok(p == buf + 2 && (buf[1] & 0x80) && buf[2] == 9, "one byte, RDI one further");
		p = (u8 *)0xffff830000000000;
		PROBE("insb", : "+D"(p) : "d"(0x71) : "memory");
		ok(caught.vector == 14 || caught.vector == 13,
		   "insb into the hypervisor: exception %ld", caught.vector);
		p = buf;
		u64 n = 3;

		PROBE("rep outsb", : "+S"(p), "+c"(n) : "d"(0x80) : "memory");
		ok(caught.vector == -1 && n == 0 && p == buf + 3, "rep outsb");
	}

	/* Interrupt flag: no effect, no exception, once IOPL allows it. */
	vcpu_info()->evtchn_upcall_mask = 0;
	PROBE("cli", ::: "memory");
	is(caught.vector, -1, "cli");
	is(vcpu_info()->evtchn_upcall_mask, 0, "does not touch the event mask");
	PROBE("sti", ::: "memory");
	is(caught.vector, -1, "sti");

	/* Control registers. */
	PROBE("mov %%cr0, %0", : "=r"(v) :: "memory");
	is(caught.vector, -1, "read cr0");
	ok((v & 0x80000001) == 0x80000001 && !(v & 8), "PE and PG set, TS clear (%#lx)", v);
	HC_1(5, 1);
	PROBE("mov %%cr0, %0", : "=r"(v) :: "memory");
	is((long)(v & 8), 8, "TS after fpu_taskswitch(1)");
	PROBE("clts", ::: "memory");
	is(caught.vector, -1, "clts");
	PROBE("mov %%cr0, %0", : "=r"(v) :: "memory");
	is((long)(v & 8), 0, "TS is clear");
	PROBE("mov %0, %%cr0", :: "r"(v | 8) : "memory");
	is(caught.vector, -1, "cr0 with TS");
	PROBE("mov %%cr0, %0", : "=r"(v) :: "memory");
	is((long)(v & 8), 8, "is set");
	PROBE("clts", ::: "memory");
	PROBE("mov %0, %%cr0", :: "r"(v & ~0x80000001UL & ~8UL) : "memory");
	note("cr0 without paging: exception %ld", caught.vector);
	PROBE("mov %%cr0, %0", : "=r"(v) :: "memory");
	is((long)(v & 0x80000001), 0x80000001, "paging cannot be switched off");

	PROBE("mov (%0), %%al", :: "r"(0x123456789abcUL) : "rax", "memory");
	PROBE("mov %%cr2, %0", : "=r"(v) :: "memory");
	is((long)v, 0x123456789abc, "cr2 is that of the last page fault");
	PROBE("mov %0, %%cr2", :: "r"(0x4242UL) : "memory");
	is(caught.vector, -1, "write cr2");
	PROBE("mov %%cr2, %0", : "=r"(v) :: "memory");
	is((long)v, 0x4242, "reads back");
	PROBE("mov %%cr3, %0", : "=r"(v) :: "memory");
	is((long)(v & ~0xfffUL), (long)(mfn_of((void *)si->pt_base) << 12), "cr3 is the L4's machine address");
	PROBE("mov %0, %%cr3", :: "r"(v) : "memory");
	is(caught.vector, -1, "writing it back");
	PROBE("mov %0, %%cr3", :: "r"(mfn_of(page_alloc()) << 12 | 0) : "memory");
	note("cr3 of an empty page: exception %ld", caught.vector);
	PROBE("mov %0, %%cr3", :: "r"(v) : "memory");
	PROBE("mov %0, %%cr3", :: "r"(0xffffffffff000UL) : "memory");
	is(caught.vector, 13, "cr3 of no memory: #GP");
	PROBE("mov %%cr4, %0", : "=r"(v) :: "memory");
	is(caught.vector, -1, "read cr4");
	note("cr4 %#lx", v);
	PROBE("mov %0, %%cr4", :: "r"(v) : "memory");
	is(caught.vector, -1, "writing it back");
	PROBE("mov %0, %%cr4", :: "r"(v & ~(1UL << 5)) : "memory");
	PROBE("mov %%cr4, %0", : "=r"(v) :: "memory");
	is((long)(v >> 5 & 1), 1, "PAE cannot be cleared");
	PROBE("mov %%cr8, %0", : "=r"(v) :: "memory");
	ok(caught.vector == 13 || caught.vector == 6, "read cr8: exception %ld", caught.vector);

	/* Model-specific registers. */
	v = rdmsr(0x1b);
	is(caught.vector, -1, "rdmsr APIC_BASE");
	is((long)(v & 0x900), 0x900, "boot processor, enabled");
	v = rdmsr(0x277);
	is(caught.vector, -1, "rdmsr PAT");
	is((long)v, 0x0000050100070406, "its layout is WB WT UC- UC WC WP");
	wrmsr(0x277, 0);
	note("wrmsr PAT: exception %ld", caught.vector);
	is((long)rdmsr(0x277), 0x0000050100070406, "it cannot be changed");
	rdmsr(0x10);
	is(caught.vector, -1, "rdmsr TSC");
	rdmsr(0x12345678);
	is(caught.vector, 13, "rdmsr of none: #GP");
	is((long)caught.rip, (long)probe_rip, "RIP at the instruction");
	wrmsr(0x12345678, 0);
	is(caught.vector, 13, "wrmsr of none: #GP");
	v = rdmsr(0xc0000080);
	if (caught.vector == -1) {
		is((long)(v & 0xd01), 0xd01, "EFER: SCE, LME, LMA, NX");
		wrmsr(0xc0000080, 0);
		v = rdmsr(0xc0000080);
		is((long)(v & 0xd01), 0xd01, "it cannot be changed");
	} else {
		is(caught.vector, 13, "rdmsr EFER: #GP");
	}
	/* The system call target of the processor must never be the guest's. */
	wrmsr(0xc0000082, 0x1234);
	is(version_op(XENVER_version, NULL), 0x00040011, "LSTAR is out of reach");
	wrmsr(0x176, 0x1234);
	wrmsr(0xc0000083, 0x1234);
	wrmsr(0xc0000081, 0x0013000800000000);
	is(version_op(XENVER_version, NULL), 0x00040011, "so is STAR");

	/* xsetbv: only what makes sense. */
	PROBE("mov %%cr4, %0", : "=r"(v) :: "memory");
	PROBE("mov %0, %%cr4", :: "r"(v | 1UL << 18) : "memory");
	is(caught.vector, -1, "set OSXSAVE in cr4");
	PROBE("mov %%cr4, %0", : "=r"(v) :: "memory");
	is((long)(v >> 18 & 1), 1, "it reads back");
	PROBE("xgetbv", : "=a"(al) : "c"(0) : "rdx", "memory");
	if (caught.vector == -1) {
		PROBE("xsetbv", :: "a"(al), "d"(0), "c"(0) : "memory");
		is(caught.vector, -1, "xsetbv of the same value (%#x)", al);
		PROBE("xsetbv", :: "a"(0), "d"(0), "c"(0) : "memory");
		is(caught.vector, 13, "xsetbv without x87: #GP");
		PROBE("xsetbv", :: "a"(0xffffffff), "d"(0xffffffff), "c"(0) : "memory");
		is(caught.vector, 13, "xsetbv of everything: #GP");
		PROBE("xsetbv", :: "a"(al), "d"(0), "c"(7) : "memory");
		is(caught.vector, 13, "xsetbv of register 7: #GP");
		PROBE("xsetbv", :: "a"(3), "d"(0), "c"(0) : "memory");
		is(caught.vector, -1, "xsetbv of x87 and SSE");
		PROBE("xsetbv", :: "a"(al), "d"(0), "c"(0) : "memory");
	} else {
		skip("no XSAVE", "xsetbv (exception %ld)", caught.vector);
	}
	PROBE("wbinvd", ::: "memory");
	is(caught.vector, -1, "wbinvd");
	PROBE("invd", ::: "memory");
	is(caught.vector, 13, "invd: #GP");
	PROBE("mov %%dr7, %0", : "=r"(v) :: "memory");
	is(caught.vector, -1, "read dr7");
	PROBE("mov %0, %%dr0", :: "r"(0xffff830000000000) : "memory");
	note("dr0 in the hypervisor: exception %ld", caught.vector);
	PROBE("lgdt (%0)", :: "r"(si) : "memory");
	is(caught.vector, 13, "lgdt: #GP");
	PROBE("rdpmc", :: "c"(0) : "rax", "rdx", "memory");
	ok(caught.vector == 13 || caught.vector == -1, "rdpmc: exception %ld", caught.vector);
	PROBE("rdtsc", ::: "rax", "rdx", "memory");
	is(caught.vector, -1, "rdtsc");

	/* Emulated at a page's end, the next not mapped: no read beyond. */
	{
		u8 *p = page_alloc(), *q = page_alloc();

		if (q != p + PAGE)
			bail("pages are not neighbours");
		p[4094] = 0xfa;		/* cli */
		p[4095] = 0xf4;		/* hlt */
		is(update_va(q, 0, UVMF_INVLPG | UVMF_ALL), 0, "unmap the page behind");
		PROBE("jmp *%0", :: "r"(p + 4094) : "memory");
		is(caught.vector, 13, "cli was emulated, then hlt: #GP");
		is((long)caught.rip, (long)(p + 4095), "RIP at hlt");
	}
	iopl.iopl = 0;
	is(HC_2(33, PHYSDEVOP_set_iopl, &iopl), 0, "set_iopl 0");
	PROBE("in $0x71, %%al", ::: "rax", "memory");
	is(caught.vector, 13, "in: #GP again");
}
