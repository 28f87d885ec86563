/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * int n, from kernel and from user mode: the trap table's DPL decides. QEMU up
 * to 7.2 gives a wrong error code for it in long mode (n * 16 + 2 instead of
 * n * 8 + 2), by which Xen takes int 0x20 for int 0x40 and so on: what Xen does
 * then is no reference, so those results are taken there as a note.
 */
#include "rt/rt.h"

__asm__(".section .user, \"awx\", @progbits\n"
	".globl u_int80, u_int81, u_int3, u_int82, u_int4\n"
	"u_int80: mov $0x77, %eax; int $0x80\n"
	"1: jmp 1b\n"
	"u_int81: int $0x81\n"
	"1: jmp 1b\n"
	"u_int82: int $0x82\n"
	"1: jmp 1b\n"
	"u_int3: int3\n"
	"1: jmp 1b\n"
	"u_int4: .byte 0xcd, 4\n"
	"1: jmp 1b\n"
	".text\n");
extern u8 user_text[], u_int80[], u_int81[], u_int82[], u_int3[], u_int4[];

#define UTEXT 0x400000UL
#define USTACK 0x500000UL

static u64 user(const u8 *p)
{
	return UTEXT + (u64)(p - user_text);
}

static int misdecoded;

static void expect(long vector, u64 error, u64 rip, const char *what)
{
	if (misdecoded && (caught.vector != vector || caught.error != error)) {
		skip("Xen mis-decodes int n in this emulator", "%s (exception %ld, error %#lx)",
		     what, caught.vector, caught.error);
		return;
	}
	is(caught.vector, vector, "%s", what);
	is((long)caught.error, (long)error, "%s: error code", what);
	is((long)caught.rip, (long)rip, "%s: RIP", what);
}

void test_main(void)
{
	/* Entries of which kernel and user may use 0x80, the kernel alone 0x81. */
	is(set_trap(0x80, 3, (u64)trap_int80), 0, "an entry of DPL 3");
	is(set_trap(0x81, 1, (u64)trap_int81), 0, "an entry of DPL 1");
	is(set_trap(0x82, 0, (u64)trap_int82), 0, "an entry of DPL 0");
	map_user(UTEXT, pte_of(user_text, P | US | A));
	map_user(USTACK, pte_of(page_alloc(), P | RW | US | A | D));
	misdecoded = on_xen();

	PROBE("int $0x80", ::: "memory");
	expect(0x80, 0, probe_rip + 2, "int 0x80 in kernel mode");
	PROBE("int $0x81", ::: "memory");
	expect(0x81, 0, probe_rip + 2, "int 0x81 (DPL 1) in kernel mode");
	PROBE("int $0x82", ::: "memory");
	expect(13, 0x82 * 8 + 2, probe_rip, "int 0x82 (DPL 0) in kernel mode: #GP");
	PROBE("int $0x83", ::: "memory");
	expect(13, 0x83 * 8 + 2, probe_rip, "int 0x83 (no entry): #GP");
	PROBE("int $0x0e", ::: "memory");
	expect(13, 14 * 8 + 2, probe_rip, "int 14 (DPL 0): #GP, not a page fault");

	run_user(user(u_int80), USTACK + 4096, 0x202);
	expect(0x80, 0, user(u_int80) + 7, "int 0x80 in user mode");
	ok(misdecoded || caught.rax == 0x77, "with the user's registers");
	run_user(user(u_int81), USTACK + 4096, 0x202);
	expect(13, 0x81 * 8 + 2, user(u_int81), "int 0x81 (DPL 1) in user mode: #GP");
	run_user(user(u_int82), USTACK + 4096, 0x202);
	expect(13, 0x82 * 8 + 2, user(u_int82), "int 0x82 (DPL 0) in user mode: #GP");
	run_user(user(u_int3), USTACK + 4096, 0x202);
	is(caught.vector, 3, "int3 in user mode");
	is((long)caught.rip, (long)user(u_int3) + 1, "RIP behind it");
	run_user(user(u_int4), USTACK + 4096, 0x202);
	expect(4, 0, user(u_int4) + 2, "int 4 (DPL 3) in user mode");
}
