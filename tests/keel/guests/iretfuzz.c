/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Returns from the hypervisor to places that are none: iret frames with every
 * kind of selector, flag and address, and system calls at the end of the address
 * space. Whatever it is, a trap of the guest must come of it.
 */
#include "rt/rt.h"

__asm__(".section .user, \"awx\", @progbits\n"
	".globl u_ud2\n"
	"u_ud2: ud2\n"
	"1: jmp 1b\n"
	".text\n"
	"landing: ud2\n");
extern u8 user_text[], u_ud2[], landing[];

#define UTEXT 0x400000UL
#define USTACK 0x500000UL

static volatile u64 escape_rsp;
static volatile u32 traps_seen[0x110];
static volatile u64 last_vector, landed_flags, landed_cs;

/* Whatever came: back to the kernel, behind the attempt. */
static int escape(struct trap *t)
{
	u64 *f = trap_rip(t);

	if (!escape_rsp)
		return 0;
	last_vector = t->vector;
	landed_flags = f[2];
	landed_cs = f[1];
	if (t->vector == EVENT)
		vcpu_info()->evtchn_upcall_pending = 0;
	if (t->vector < ARRAY(traps_seen))
		traps_seen[t->vector]++;
	f[0] = resume_rip;
	f[1] = FLAT_KERNEL_CS & ~3UL;
	f[2] = 0x202;
	f[3] = escape_rsp;
	f[4] = FLAT_KERNEL_SS & ~3UL;
	escape_rsp = 0;
	resume_rip = 0;
	return 1;
}

static void attempt(u64 *frame)
{
	__asm__ volatile("movq $11f, resume_rip(%%rip)\n\t"
			 "push %%rbx\n\tpush %%rbp\n\t"
			 "mov %%rsp, escape_rsp(%%rip)\n\t"
			 "mov %0, %%rsp\n\t"
			 "mov $23, %%eax\n\t"
			 "syscall\n"
			 "11:\tpop %%rbp\n\tpop %%rbx"
			 : : "r"(frame)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "memory", "cc");
}

/*
 * For kernel mode; not the 32-bit segment there is: it would cut the stack
 * pointer short, which is the guest's own end.
 */
static u64 kernel_cs(u64 sel)
{
	return (sel & ~7UL) == 0xe020 ? FLAT_KERNEL_CS & ~3UL : sel & ~3UL;
}

static u64 gs0(void)
{
	u64 v;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(v));
	return v;
}

void test_main(void)
{
	static u8 kstack[8192] __attribute__((aligned(16)));
	static u8 kstack2[4096] __attribute__((aligned(16)));
	static u64 mark[8] = { 0x5151 };
	static u64 wild[] = { 0, 0x1234, 0x7fffffffffff, 0x800000000000, 0x8000000000000000,
		0xffff7fffffffffff, 0xffff800000000000, 0xffff830000000000, ~0UL };
	u64 frame[9], good = 0, rounds = option("calls", 4000);
	u64 user = UTEXT + (u64)(u_ud2 - user_text);

	map_user(UTEXT, pte_of(user_text, P | US | A));
	map_user(USTACK, pte_of(page_alloc(), P | RW | US | A | D));
	HC_2(3, FLAT_KERNEL_DS, kstack + sizeof(kstack));
	HC_2(25, SEGBASE_GS_KERNEL, mark);
	vcpu_info()->evtchn_upcall_mask = 1;
	trap_hook = escape;

	/* One that works in each mode, to know that the method does. */
	memset(frame, 0, sizeof(frame));
	frame[4] = (u64)landing;
	frame[5] = FLAT_KERNEL_CS & ~3UL;
	frame[6] = 0x202;
	frame[7] = (u64)(kstack2 + 4096);
	frame[8] = FLAT_KERNEL_SS & ~3UL;
	attempt(frame);
	is((long)last_vector, 6, "iret to kernel mode arrives");
	is((long)(landed_cs & 3), 0, "in kernel mode");
	frame[4] = user;
	frame[5] = FLAT_USER_CS;
	frame[7] = USTACK + 4096;
	frame[8] = FLAT_USER_SS;
	attempt(frame);
	is((long)last_vector, 6, "iret to user mode arrives");
	is((long)(landed_cs & 3), 3, "in user mode");

	/* Flags: what the guest may not have is not there. */
	frame[6] = 0x202 | 0x3000 | 1 << 17 | 1 << 19 | 1 << 20;
	attempt(frame);
	is((long)(landed_flags & (0x3000 | 1 << 17)), 0, "IOPL and VM in the frame have no effect");

	/* Every selector of the hypervisor's page, and of the first of the guest's. */
	for (u64 sel = 0; sel < 0x400; sel++) {
		u64 s = sel < 0x200 ? 0xe000 + sel : sel - 0x200;

		frame[4] = user;
		frame[5] = s | 3;
		frame[6] = 0x202;
		frame[7] = USTACK + 4096;
		frame[8] = FLAT_USER_SS;
		attempt(frame);
		frame[5] = FLAT_USER_CS;
		frame[8] = s;
		attempt(frame);
		good += gs0() == 0x5151;
	}
	is((long)good, 0x400, "1024 selectors as CS and as SS end in the guest, with its GS");
	/* In kernel mode, with a stack that is good whatever happens. */
	good = 0;
	for (u64 sel = 0; sel < 0x200; sel++) {
		frame[4] = (u64)landing;
		frame[5] = kernel_cs(0xe000 + sel);
		frame[7] = (u64)(kstack2 + 4096);
		frame[8] = FLAT_KERNEL_SS & ~3UL;
		attempt(frame);
		good += gs0() == 0x5151;
	}
	is((long)good, 0x200, "512 selectors as CS of kernel mode");

	/* Addresses. */
	good = 0;
	for (u32 i = 0; i < ARRAY(wild); i++) {
		frame[5] = FLAT_USER_CS;
		frame[6] = 0x202;
		frame[8] = FLAT_USER_SS;
		frame[4] = wild[i];
		frame[7] = USTACK + 4096;
		attempt(frame);
		frame[4] = user;
		frame[7] = wild[i];
		attempt(frame);
		/* Kernel mode: only RIP, as a wild RSP there is the guest's end. */
		frame[5] = FLAT_KERNEL_CS & ~3UL;
		frame[8] = FLAT_KERNEL_SS & ~3UL;
		frame[4] = wild[i];
		frame[7] = (u64)(kstack2 + 4096);
		attempt(frame);
		good += gs0() == 0x5151;
	}
	is((long)good, (long)ARRAY(wild), "wild addresses end in the guest, with its GS");

	/* All of it at random. */
	good = 0;
	for (u64 n = 0; n < rounds; n++) {
		int to_user = rnd() & 1;

		for (int i = 0; i < 4; i++)
			frame[i] = rnd();
		frame[3] &= rnd() & 1 ? 0x1ff : ~0UL;
		frame[4] = rnd() & 1 ? wild[rnd() % ARRAY(wild)] : to_user ? user : (u64)landing;
		frame[5] = rnd() & 1 ? rnd() & 0xffff : FLAT_KERNEL_CS;
		frame[5] = to_user ? frame[5] | 3 : kernel_cs(frame[5]);
		frame[6] = rnd() & 0x3fffff;
		frame[7] = to_user ? (rnd() & 1 ? rnd() : wild[rnd() % ARRAY(wild)])
				   : (u64)(kstack2 + 4096) - rnd() % 64;
		frame[8] = to_user ? rnd() & 0xffff : (u64)FLAT_KERNEL_SS;
		attempt(frame);
		good += gs0() == 0x5151;
	}
	is((long)good, (long)rounds, "%lu random frames end in the guest, with its GS", rounds);
	note("exceptions: UD %u, GP %u, PF %u, DB %u, SS %u, AC %u, failsafe %u, events %u",
	     traps_seen[6], traps_seen[13], traps_seen[14], traps_seen[1], traps_seen[12],
	     traps_seen[17], traps_seen[FAILSAFE], traps_seen[EVENT]);
	vcpu_info()->evtchn_upcall_mask = 1;

	/*
	 * A hypercall whose return address is no address: the last two bytes below
	 * the hole. A hypervisor that returns by sysret without a look faults in
	 * ring 0 with the guest's stack on processors of one vendor (CVE-2012-0217).
	 */
	{
		u8 *p = page_alloc(), *l1 = table_alloc(), *l2 = table_alloc(), *l3 = table_alloc();
		u64 l4 = mfn_of((void *)si->pt_base) << 12, tbl = P | RW | US | A | D;
		long r;

		p[4094] = 0x0f;		/* syscall */
		p[4095] = 0x05;
		r = mmu_update(l4 + 255 * 8, pte_of(l3, tbl));
		r |= mmu_update((mfn_of(l3) << 12) + 511 * 8, pte_of(l2, tbl));
		r |= mmu_update((mfn_of(l2) << 12) + 511 * 8, pte_of(l1, tbl));
		r |= mmu_update((mfn_of(l1) << 12) + 511 * 8, pte_of(p, P | US | A));
		is(r, 0, "a page below the hole");
		__asm__ volatile("movq $11f, resume_rip(%%rip)\n\t"
				 "push %%rbx\n\tpush %%rbp\n\t"
				 "mov %%rsp, escape_rsp(%%rip)\n\t"
				 "mov $17, %%eax\n\txor %%edi, %%edi\n\txor %%esi, %%esi\n\t"
				 "jmp *%0\n"
				 "11:\tpop %%rbp\n\tpop %%rbx"
				 : : "r"(0x7ffffffffffeUL)
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
				   "r12", "r13", "r14", "r15", "memory", "cc");
		ok(last_vector == 13 || last_vector == 14,
		   "returning into the hole is exception %lu of the guest", last_vector);
		is((long)gs0(), 0x5151, "with its GS");
	}
	trap_hook = NULL;
	is(version_op(XENVER_version, NULL), 0x00040011, "the hypervisor answers");
}
