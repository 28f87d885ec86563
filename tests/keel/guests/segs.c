/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment bases and selectors, across kernel and user mode; the failsafe. */
#include "rt/rt.h"

__asm__(".section .user, \"awx\", @progbits\n"
	".globl u_gs, u_setgs\n"
	/* Reads through GS and FS as user mode finds them. */
	"u_gs: mov %gs:0, %r12; mov %fs:0, %r13; mov %gs, %r14d; mov %fs, %r15d; syscall\n"
	"1: jmp 1b\n"
	"u_setgs: xor %eax, %eax; mov %eax, %gs; mov $0xe02b, %eax; mov %eax, %ds; syscall\n"
	"1: jmp 1b\n"
	".text\n");
extern u8 user_text[], u_gs[], u_setgs[];

#define UTEXT 0x400000UL
#define UDATA 0x500000UL
#define UTOP (UDATA + 4096)

static u64 user(const u8 *p)
{
	return UTEXT + (u64)(p - user_text);
}

static u64 gs0(void)
{
	u64 v;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(v));
	return v;
}

static u64 fs0(void)
{
	u64 v;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(v));
	return v;
}

static u64 regs[14];

static int keep(struct trap *t)
{
	memcpy(regs, t, sizeof(regs));
	return 0;
}

static u64 rdmsr(u32 n)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(n));
	return (u64)hi << 32 | lo;
}

static void wrmsr(u32 n, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(n), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static volatile u64 bad_iret_rsp;

/* Ends an attempt to reach user mode with a bad CS, however it failed. */
static int bad_iret(struct trap *t)
{
	u64 *f = trap_rip(t);

	if (!bad_iret_rsp || (t->vector != FAILSAFE && t->vector != 13))
		return 0;
	caught.vector = (long)t->vector;
	f[0] = resume_rip;
	f[1] = FLAT_KERNEL_CS & ~3UL;
	f[3] = bad_iret_rsp;
	f[4] = FLAT_KERNEL_SS & ~3UL;
	resume_rip = 0;
	bad_iret_rsp = 0;
	return 1;
}

void test_main(void)
{
	static u64 kernel_gs[8] = { 0x11 }, kernel_fs[8] = { 0x22 };
	u64 *udata = page_alloc();
	u64 non_canonical = 0x8000000000000000;
	u16 sel;

	map_user(UTEXT, pte_of(user_text, P | US | A));
	map_user(UDATA, pte_of(udata, P | RW | US | A | D));
	udata[0] = 0x33;
	udata[8] = 0x44;

	is(HC_2(25, SEGBASE_GS_KERNEL, kernel_gs), 0, "set GS base of kernel mode");
	is(HC_2(25, SEGBASE_FS, kernel_fs), 0, "set FS base");
	is(HC_2(25, SEGBASE_GS_USER, UDATA), 0, "set GS base of user mode");
	is((long)gs0(), 0x11, "GS of kernel mode");
	is((long)fs0(), 0x22, "FS");
	is(HC_2(25, SEGBASE_FS, UDATA + 64), 0, "FS base for user mode");
	trap_hook = keep;
	for (int i = 0; i < 3; i++) {
		run_user(user(u_gs), UTOP, 0x202);
		is(caught.vector, SYSCALL, "user mode, round %d", i);
		is((long)regs[3], 0x33, "GS of user mode");
		is((long)regs[2], 0x44, "FS of user mode");
		is((long)gs0(), 0x11, "GS of kernel mode is back");
	}
	/* An exception in kernel mode changes nothing; one in user mode swaps. */
	PROBE("ud2", ::: "memory");
	is((long)gs0(), 0x11, "GS after an exception in kernel mode");

	/* The same by MSR. */
	is((long)rdmsr(0xc0000101), (long)kernel_gs, "rdmsr GS_BASE");
	is((long)rdmsr(0xc0000102), (long)UDATA, "rdmsr KERNEL_GS_BASE is that of user mode");
	is((long)rdmsr(0xc0000100), (long)UDATA + 64, "rdmsr FS_BASE");
	wrmsr(0xc0000101, (u64)kernel_fs);
	is((long)gs0(), 0x22, "wrmsr GS_BASE");
	wrmsr(0xc0000101, (u64)kernel_gs);
	wrmsr(0xc0000102, UDATA + 64);
	wrmsr(0xc0000100, (u64)kernel_gs);
	is((long)fs0(), 0x11, "wrmsr FS_BASE");
	wrmsr(0xc0000100, UDATA);
	run_user(user(u_gs), UTOP, 0x202);
	is((long)regs[3], 0x44, "wrmsr KERNEL_GS_BASE reached user mode");
	is((long)regs[2], 0x33, "wrmsr FS_BASE reached user mode");

	/* Addresses that are none. */
	is(HC_2(25, SEGBASE_FS, non_canonical), -XINVAL, "FS base that is no address");
	is(HC_2(25, SEGBASE_GS_USER, non_canonical), -XINVAL, "user GS base that is none");
	is(HC_2(25, SEGBASE_GS_KERNEL, non_canonical), -XINVAL, "kernel GS base that is none");
	PROBE("wrmsr", :: "c"(0xc0000101), "a"(0), "d"(0x80000000) : "memory");
	is(caught.vector, 13, "wrmsr GS_BASE of it: #GP");
	PROBE("wrmsr", :: "c"(0xc0000102), "a"(0), "d"(0x80000000) : "memory");
	is(caught.vector, 13, "wrmsr KERNEL_GS_BASE of it: #GP");
	is((long)gs0(), 0x11, "GS is as it was");
	is_any(HC_2(25, 4, 0), -XINVAL, -XNOSYS, "set_segment_base 4 is none");
	is_any(HC_2(25, 0xffffffff, 0), -XINVAL, -XNOSYS, "nor is 2^32 - 1");

	/* GS selector of user mode, loaded while its base lies in the shadow. */
	is(HC_2(25, SEGBASE_GS_USER_SEL, FLAT_USER_DS), 0, "load user GS selector");
	is((long)gs0(), 0x11, "GS of kernel mode is unharmed");
	is(HC_2(25, SEGBASE_GS_USER, UDATA), 0, "then its base again");
	run_user(user(u_gs), UTOP, 0x202);
	is((long)(regs[1] & 0xfffc), FLAT_USER_DS & 0xfffc, "user mode has the selector");
	is((long)regs[3], 0x33, "and the base");
	is(HC_2(25, SEGBASE_GS_USER_SEL, 0x1230), 0, "a bad selector is no error");
	is((long)gs0(), 0x11, "GS of kernel mode is unharmed");
	run_user(user(u_setgs), UTOP, 0x202);
	is(caught.vector, SYSCALL, "user mode loads selectors");
	is((long)gs0(), 0x11, "GS of kernel mode is unharmed by it");
	HC_2(25, SEGBASE_GS_USER_SEL, 0);
	__asm__ volatile("mov %0, %%ds" : : "r"(0));

	/* Selectors in kernel mode. */
	PROBE("mov %0, %%es", :: "r"(FLAT_KERNEL_DS) : "memory");
	is(caught.vector, -1, "load ES");
	__asm__ volatile("mov %%es, %0" : "=r"(sel));
	is(sel & 0xfffc, FLAT_KERNEL_DS & 0xfffc, "it is there");
	PROBE("mov %0, %%es", :: "r"(0) : "memory");
	is(caught.vector, -1, "load a null selector");
	PROBE("mov %0, %%es", :: "r"(FLAT_KERNEL_CS) : "memory");
	note("a code selector into ES: exception %ld", caught.vector);
	PROBE("mov %0, %%es", :: "r"(0) : "memory");
	PROBE("mov %0, %%es", :: "r"(0xe000 + 8 * 100) : "memory");
	is(caught.vector, 13, "a selector out of the hypervisor's part");
	PROBE("ltr %w0", :: "r"(0xe040) : "memory");
	is(caught.vector, 13, "ltr is refused");
	PROBE("lldt %w0", :: "r"(0xe048) : "memory");
	is(caught.vector, 13, "lldt is refused");
	PROBE("swapgs", ::: "memory");
	is(caught.vector, 13, "swapgs is refused");
	is((long)gs0(), 0x11, "and GS is unharmed");

	/* iret to a bad CS is the guest's fault, and the guest must see it. */
	HC_2(25, SEGBASE_GS_USER, UDATA);
	run_user(user(u_gs), UTOP, 0x202);
	is(caught.vector, SYSCALL, "user mode still runs");
	trap_hook = bad_iret;
	{
		u64 cs = 0x1233;

		/* iret hypercall to user mode with a code selector that is none. */
		u64 frame[9] = { 0, 0, 0, 0, user(u_gs), cs, 0x202, UTOP, FLAT_USER_SS };

		caught.vector = -1;
		__asm__ volatile(
			"movq $11f, resume_rip(%%rip)\n\t"
			"mov %%rsp, bad_iret_rsp(%%rip)\n\t"
			"mov %0, %%rsp\n\t"
			"mov $23, %%eax\n\t"
			"syscall\n"
			"11:"
			: : "r"(frame) : "rax", "rcx", "r11", "memory");
		trap_hook = NULL;
		ok(caught.vector == FAILSAFE || caught.vector == 13,
		   "iret to a bad CS: failsafe or #GP in the guest (%ld)", caught.vector);
		is((long)gs0(), 0x11, "in kernel mode, with its GS");
	}
}
