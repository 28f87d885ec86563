/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes to read-only mapped L1 tables are emulated: the shapes Linux uses. */
#include "rt/rt.h"

#define TBL (P | RW | US | A | D)

/* Of no meaning to the guest: used bits, and the global bit, which is Xen's. */
#define SAME(x, y) ((((x) ^ (y)) & ~(u64)(A | D | G)) == 0)

static u8 *victim;		/* whose L1 entry is written */
static volatile u64 *entry;

static int alive(u8 value)
{
	/* A new value is seen at once, except for what the TLB still holds. */
	mmuext(MMUEXT_INVLPG_LOCAL, (u64)victim, 0);
	return PROBE("movb %b0, (%1)", :: "q"(value), "r"(victim) : "memory") == -1 &&
	       victim[0] == value;
}

static int dead(void)
{
	mmuext(MMUEXT_INVLPG_LOCAL, (u64)victim, 0);
	return PROBE("movb (%0), %%al", :: "r"(victim) : "rax", "memory") == 14;
}

__asm__(".section .user, \"awx\", @progbits\n"
	".globl u_store\n"
	"u_store: movq $0, 0x600000\n"
	"1: jmp 1b\n"
	".text\n");
extern u8 user_text[], u_store[];

void test_main(void)
{
	u64 rw, ro, old, bit, *l2;
	u8 zf;
	long r = HC_2(21, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);

	is(r, 0, "vm_assist: writable page tables");
	victim = page_alloc();
	entry = table_of((u64)victim, 1) + ((u64)victim >> 12 & 511);
	rw = pte_of(victim, TBL);
	ro = pte_of(victim, P | US | A);
	ok(!(l1e_read((void *)entry) & RW), "the table is mapped read-only");

	/* mov */
	is(PROBE("movq %0, (%1)", :: "r"(0UL), "r"(entry) : "memory"), -1, "mov 0: no fault");
	ok(dead(), "the page is gone");
	is(PROBE("movq %0, (%1)", :: "r"(rw), "r"(entry) : "memory"), -1, "mov back");
	ok(alive(1), "the page is there");
	is(PROBE("movq %0, (%1)", :: "r"(ro), "r"(entry) : "memory"), -1, "mov read-only");
	mmuext(MMUEXT_INVLPG_LOCAL, (u64)victim, 0);
	is(PROBE("movb $1, (%0)", :: "r"(victim) : "memory"), 14, "the page is read-only");
	is(PROBE("movq $0, (%0)", :: "r"(entry) : "memory"), -1, "mov of an immediate");
	is((long)*entry, 0, "is 0");
	{
		register u64 v __asm__("r13") = rw;

		is(PROBE("movq %0, 8(%1, %2, 8)", :: "r"(v), "r"((u64)entry - 24), "r"(2UL)
			 : "memory"), -1, "mov of a high register, address with index");
	}
	ok(alive(2), "the page is there");

	/* xchg */
	old = 0;
	is(PROBE("xchgq %0, (%1)", : "+r"(old) : "r"(entry) : "memory"), -1, "xchg 0: no fault");
	ok(SAME(old, rw), "gives the old entry (%#lx)", old);
	ok(dead(), "the page is gone");
	old = rw;
	is(PROBE("xchgq %0, (%1)", : "+r"(old) : "r"(entry) : "memory"), -1, "xchg back");
	is((long)old, 0, "gives 0");
	ok(alive(3), "the page is there");

	/* lock cmpxchg */
	old = *entry;
	{
		u64 rax = old;

		is(PROBE("lock cmpxchgq %3, (%2)\n\tsetz %1", : "+a"(rax), "=q"(zf)
			 : "r"(entry), "r"(ro) : "memory", "cc"), -1, "lock cmpxchg: no fault");
		ok(zf == 1 && rax == old, "it matched");
		ok(SAME(*entry, ro), "and stored (%#lx)", *entry);
		rax = 0x1234;
		is(PROBE("lock cmpxchgq %3, (%2)\n\tsetz %1", : "+a"(rax), "=q"(zf)
			 : "r"(entry), "r"(rw) : "memory", "cc"), -1, "one that does not match");
		ok(zf == 0 && SAME(rax, ro), "ZF clear, RAX is the entry");
		ok(SAME(*entry, ro), "nothing was stored");
		rax = *entry;
		PROBE("lock cmpxchgq %3, (%2)\n\tsetz %1", : "+a"(rax), "=q"(zf)
		      : "r"(entry), "r"(rw) : "memory", "cc");
		ok(zf == 1 && alive(4), "and back");
	}

	/* lock andb $0xfd: clears RW, and the flags are those of the result. */
	is(PROBE("lock andb $0xfd, (%1)\n\tsetz %0", : "=q"(zf) : "r"(entry) : "memory", "cc"), -1,
	   "lock andb: no fault");
	is((long)(*entry & (RW | P)), P, "RW is clear, the rest as it was");
	is(zf, 0, "ZF is that of the byte");
	mmuext(MMUEXT_INVLPG_LOCAL, (u64)victim, 0);
	is(PROBE("movb $1, (%0)", :: "r"(victim) : "memory"), 14, "the page is read-only");

	/* Others that compilers make of page table code. */
	is(PROBE("lock orb $2, (%0)", :: "r"(entry) : "memory", "cc"), -1, "lock orb");
	ok(alive(5), "the page is writable");
	is(PROBE("lock btrq $1, (%1)\n\tsetc %0", : "=q"(zf) : "r"(entry) : "memory", "cc"), -1, "lock btr");
	ok(zf == 1 && !(*entry & RW), "RW is clear, and was set");
	bit = 1;
	is(PROBE("lock btsq %2, (%1)\n\tsetc %0", : "=q"(zf) : "r"(entry), "r"(bit) : "memory", "cc"),
	   -1, "lock bts");
	ok(zf == 0 && alive(6), "the page is writable");
	is(PROBE("andq %0, (%1)", :: "r"(~(u64)RW), "r"(entry) : "memory", "cc"), -1, "andq");
	is(PROBE("orq %0, (%1)", :: "r"((u64)RW), "r"(entry) : "memory", "cc"), -1, "orq");
	ok(alive(7), "the page is writable");

	/* What mmu_update refuses is refused here: the fault goes to the guest. */
	old = *entry;
	is(PROBE("movq %0, (%1)", :: "r"(pte_of((void *)entry, TBL)), "r"(entry) : "memory"), 14,
	   "writable mapping of the table itself: page fault");
	is((long)caught.error, 3, "error code: write, present");
	is((long)caught.cr2, (long)entry, "cr2 is the entry");
	is((long)*entry, (long)old, "nothing was stored");
	is(PROBE("movq %0, (%1)", :: "r"(1UL << 51 | rw), "r"(entry) : "memory"), 14,
	   "address bit 51: page fault");
	is(PROBE("xchgq %0, (%1)", :: "r"(pte_of((void *)si->pt_base, TBL)), "r"(entry) : "memory"),
	   14, "xchg with a writable mapping of the L4: page fault");
	is((long)*entry, (long)old, "nothing was stored");
	/* Higher tables and descriptors are not emulated. */
	l2 = (u64 *)table_of((u64)victim, 2);
	is(PROBE("movq $0, (%0)", :: "r"(l2 + 300) : "memory"), 14, "write to an L2: page fault");
	is(PROBE("movq $0, (%0)", :: "r"(si->pt_base) : "memory"), 14, "write to the L4: page fault");
	{
		u64 *plain = page_alloc();

		make_ro(plain);
		is(PROBE("movq $0, (%0)", :: "r"(plain) : "memory"), 14,
		   "write to a read-only page that is no table: page fault");
		/* Across two entries. */
		is(PROBE("movq %0, (%1)", :: "r"(0UL), "r"((u64)entry + 4) : "memory"), 14,
		   "write across two entries: page fault");
		is((long)*entry, (long)old, "nothing was stored");
	}
	/* From user mode it is never emulated. */
	map_user(0x400000, pte_of(user_text, P | US | A));
	map_user(0x600000, pte_of((void *)((u64)entry & ~4095UL), P | US | A));
	map_user(0x500000, pte_of(page_alloc(), TBL));
	run_user(0x400000 + (u64)(u_store - user_text), 0x501000, 0x202);
	is(caught.vector, 14, "write from user mode: page fault");
	is((long)caught.error, 7, "error code: user, write, present");
	ok(alive(8), "the page is still there");
}
