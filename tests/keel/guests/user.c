/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User mode: iret to it, system calls and faults from it, events in it. */
#include "rt/rt.h"

__asm__(".section .user, \"awx\", @progbits\n"
	".globl u_syscall, u_regs, u_read, u_write, u_spin, u_loop, u_hlt, u_cli, u_in, u_nops\n"
	"u_syscall: mov $0x5a, %eax; mov $0x1234, %r11d; std; syscall\n"
	"1: jmp 1b\n"
	"u_regs: mov %cs, %edi; mov %ss, %esi; mov %rcx, %r12; mov %r11, %r13\n"
	"	mov %rax, %r14; mov %rsp, %r15; syscall\n"
	"1: jmp 1b\n"
	"u_read: mov (%rbx), %rax\n"
	"	syscall\n"
	"1: jmp 1b\n"
	"u_write: movq $1, 0x510000\n"
	"1: jmp 1b\n"
	"u_spin: lock incl 0x500000\n"
	"	cmpl $0, 0x500004; je u_spin\n"
	"	syscall\n"
	"u_loop: jmp u_loop\n"
	"u_nops: nop; nop; nop\n"
	"1: jmp 1b\n"
	"u_hlt: hlt\n"
	"1: jmp 1b\n"
	"u_cli: cli\n"
	"1: jmp 1b\n"
	"u_in: in $0x71, %al\n"
	"1: jmp 1b\n"
	".text\n");
extern u8 user_text[], u_syscall[], u_regs[], u_read[], u_write[], u_spin[], u_loop[];
extern u8 u_hlt[], u_cli[], u_in[], u_nops[];

#define UTEXT 0x400000UL
#define UDATA 0x500000UL
#define USTACK 0x501000UL
#define UTOP (USTACK + 4096)

static u64 user(const u8 *p)
{
	return UTEXT + (u64)(p - user_text);
}

static struct trap *regs;
static u64 regs_copy[14];

/* Keeps the user's registers of the trap that ends run_user(). */
static int keep(struct trap *t)
{
	memcpy(regs_copy, t, sizeof(regs_copy));
	regs = t;
	return 0;
}

static u32 *data;
static u64 event_cs, event_rip;

static int on_event(struct trap *t)
{
	if (t->vector == EVENT) {
		u64 *f = trap_rip(t);

		event_rip = f[0];
		event_cs = f[1];
		data[1] = 1;	/* lets u_spin end */
	}
	return 0;
}

void test_main(void)
{
	long port;
	u64 frame_top;

	is(HC_2(30, CALLBACKOP_register, &((struct callback_register){
		.type = CALLBACKTYPE_syscall, .address = (u64)trap_syscall })), 0,
	   "register a system call handler");
	data = page_alloc();
	map_user(UTEXT, pte_of(user_text, P | US | A));
	map_user(UDATA, pte_of(data, P | RW | US | A | D));
	map_user(USTACK, pte_of(page_alloc(), P | RW | US | A | D));
	trap_hook = keep;
	run_user(user(u_syscall), UTOP, 0x202);
	is(caught.vector, SYSCALL, "a system call arrives at its handler");
	is((long)caught.rax, 0x5a, "its number is in RAX");
	is((long)caught.rip, (long)user(u_syscall) + 14, "RIP behind the instruction");
	is((long)caught.rcx, (long)caught.rip, "RCX is RIP too");
	ok(caught.r11 & 0x400, "R11 has the user's flags");
	is((long)caught.rsp, (long)UTOP, "RSP is the user's");
	is((long)(caught.cs & 3), 3, "CS has ring 3: user mode");
	is((long)(caught.ss & 3), 3, "SS too");
	is((long)(caught.entry_flags & 0x400), 0, "DF is clear in the handler");
	is(caught.mask, 0, "events are not masked, as the callback did not ask for it");
	frame_top = caught.frame_at + 56;
	ok((frame_top & 15) == 0, "the frame starts at kernel_sp of stack_switch");

	is(HC_2(30, CALLBACKOP_register, &((struct callback_register){
		.type = CALLBACKTYPE_syscall, .flags = CALLBACKF_mask_events,
		.address = (u64)trap_syscall })), 0, "register it with masked events");
	run_user(user(u_syscall), UTOP, 0x202);
	is(caught.mask, 1, "now they are masked in the handler");
	is((long)(caught.cs >> 32 & 0xff), 0, "the frame has the mask of before");

	/* What iret delivers. */
	run_user(user(u_regs), UTOP - 64, 0x202);
	is(caught.vector, SYSCALL, "iret to user mode works");
	is((long)(regs_copy[8] & 0xffff), FLAT_USER_CS, "CS there");
	is((long)(regs_copy[9] & 0xffff), FLAT_USER_SS, "SS there");
	is((long)regs_copy[3], 0x5555, "RCX is from the frame");
	is((long)regs_copy[2], 0x4444, "R11 is from the frame");
	is((long)regs_copy[1], 0x3333, "RAX is from the frame");
	is((long)regs_copy[0], (long)UTOP - 64, "RSP is from the frame");

	/* IOPL and VM in the frame's flags have no effect; IF is the event mask. */
	run_user(user(u_cli), UTOP, 0x202 | 0x3000);
	is(caught.vector, 13, "cli in user mode, IOPL 3 in the frame: #GP");
	run_user(user(u_in), UTOP, 0x202 | 0x3000);
	is(caught.vector, 13, "in from user mode, IOPL 3 in the frame: #GP");
	run_user(user(u_hlt), UTOP, 0x202);
	is(caught.vector, 13, "hlt in user mode: #GP");
	is((long)caught.error, 0, "error code 0");

	/* Single step, as debuggers do it: TF is for the guest to set. */
	run_user(user(u_nops), UTOP, 0x302);
	is(caught.vector, 1, "TF in the frame: single step in user mode");
	ok(caught.rip == user(u_nops) || caught.rip == user(u_nops) + 1,
	   "one instruction behind, or none (by the emulator), it is %ld",
	   (long)(caught.rip - user(u_nops)));
	is((long)(caught.flags & 0x100), 0x100, "TF is in the frame of the exception");
	is((long)(caught.entry_flags & 0x100), 0, "and not in the handler");

	/* Faults of user mode: bit 2 is set, and user mode sees its own L4 only. */
	run_user(user(u_write), UTOP, 0x202);
	is(caught.vector, 14, "write to nothing in user mode");
	is((long)caught.error, 6, "error code: user, write");
	is((long)caught.cr2, 0x510000, "cr2 is the address");
	{
		/* Reads through RBX, which user_enter() makes 0x1111: unmapped. */
		run_user(user(u_read), UTOP, 0x202);
		is(caught.vector, 14, "read of nothing in user mode");
		is((long)caught.error, 4, "error code: user");
		is((long)caught.cr2, 0x1111, "cr2 is the address");
	}
	run_user((u64)_image, UTOP, 0x202);
	is(caught.vector, 14, "user mode cannot run kernel code");
	is((long)caught.error & 6, 4, "error code: user");
	is((long)caught.cr2, (long)_image, "cr2 is the address");
	run_user(0x8000000000000000, UTOP, 0x202);
	ok(caught.vector == 13 || caught.vector == 14 || caught.vector == FAILSAFE,
	   "iret to an address that is none hurts the guest only (%ld)", caught.vector);
	run_user(0xffff830000000000, UTOP, 0x202);
	ok(caught.vector == 14 || caught.vector == 13,
	   "user mode cannot run the hypervisor (%ld)", caught.vector);

	/* An event interrupts user mode. */
	port = bind_ipi(0);
	ok(port > 0, "bind an event channel (%ld)", port);
	trap_hook = on_event;
	unmask((u32)port);
	vcpu_info()->evtchn_upcall_mask = 1;
	evt_send((u32)port);
	is((long)upcalls[0], 0, "masked: nothing yet");
	event_cs = 0;
	run_user(user(u_spin), UTOP, 0x202);	/* IF unmasks */
	is(caught.vector, SYSCALL, "user mode went on after the event");
	ok(evt_count[port] == 1, "the event was delivered");
	is((long)(event_cs & 3), 3, "in user mode");
	is((long)event_rip, (long)user(u_spin), "before its first instruction");

	/* And with IF clear in the frame it does not. */
	data[1] = 1;
	event_cs = 0;
	evt_send((u32)port);
	vcpu_info()->evtchn_upcall_mask = 1;
	run_user(user(u_spin), UTOP, 0x002);
	trap_hook = keep;
	is((long)evt_count[port], 2, "IF clear in the frame masked the event");
	is((long)(event_cs >> 32 & 0xff), 0, "it came after user mode had ended");

	is(HC_2(3, FLAT_KERNEL_DS, 0x8000000000000000UL), 0, "stack_switch takes any address");
	/* No user L4: iret to user mode is not possible. */
	is(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0, "no user page table");
	expect_crash("iret to user mode without a user page table");
	run_user(user(u_regs), UTOP, 0x202);
	die_unkilled();
}
