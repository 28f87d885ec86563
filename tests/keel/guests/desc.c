/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables: what may be in them, and that they stay what they are. */
#include "rt/rt.h"

#define CODE64 0x00affb000000ffffUL	/* DPL 3, present, long mode code */
#define DATA   0x00cff3000000ffffUL	/* DPL 3, present, writable data */
#define CODE0  0x00af9b000000ffffUL	/* the same with DPL 0 */
#define TSS0   0x0000890000000067UL
#define INTG   0x00008e0000081234UL	/* interrupt gate */
#define CALLG  0x0000ec0000081234UL	/* call gate, DPL 3 */

static long set_gdt(u64 *frames, u64 n)
{
	return HC_2(2, frames, n);
}

static long update_desc(u64 *at, u64 v)
{
	return HC_2(10, (mfn_of(at) << 12) + ((u64)at & 4095), v);
}

static u64 *gdt_with(int slot, u64 v)
{
	u64 *g = page_alloc();

	g[slot] = v;
	if (make_ro(g))
		bail("make_ro");
	return g;
}

void test_main(void)
{
	u64 frames[16], *gdt = page_alloc(), *g, *ldt;
	long r;

	gdt[4] = CODE64;
	gdt[5] = DATA;
	frames[0] = mfn_of(gdt);
	ok(set_gdt(frames, 512) < 0, "a GDT page that is mapped writable is refused");
	make_ro(gdt);
	is(set_gdt(frames, 512), 0, "set_gdt");
	PROBE("mov %0, %%ds", :: "r"(5 * 8 + 3) : "memory");
	is(caught.vector, -1, "a selector of ours");
	PROBE("mov %0, %%ds", :: "r"(FLAT_KERNEL_DS) : "memory");
	is(caught.vector, -1, "one of the hypervisor's is still there");
	ok(make_rw(gdt) < 0, "the page cannot be mapped writable");
	ok(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(gdt), 0) < 0, "nor become a page table");
	PROBE("movq $0, (%0)", :: "r"(gdt + 5) : "memory");
	is(caught.vector, 14, "nor be written");

	/* update_descriptor. */
	is(update_desc(gdt + 6, DATA), 0, "update_descriptor: data");
	is((long)(gdt[6] & ~(1UL << 40)), (long)(DATA & ~(1UL << 40)), "is there");
	PROBE("mov %0, %%ds", :: "r"(6 * 8 + 3) : "memory");
	is(caught.vector, -1, "and can be loaded");
	is(update_desc(gdt + 7, CODE64), 0, "code");
	is(update_desc(gdt + 8, 0), 0, "nothing");
	r = update_desc(gdt + 8, CODE0);
	if (r == 0)
		is((long)(gdt[8] >> 45 & 3), 3, "code of ring 0: made one of ring 3");
	else
		ok(r < 0, "code of ring 0 is refused (%ld)", r);
	is(update_desc(gdt + 8, TSS0), -XINVAL, "a TSS is refused");
	is(update_desc(gdt + 8, TSS0 | 3UL << 45), -XINVAL, "one of ring 3 too");
	/* Xen takes call gates and emulates them. */
	is_any(update_desc(gdt + 8, CALLG), -XINVAL, 0, "a call gate is refused or emulated");
	is(update_desc(gdt + 8, INTG), -XINVAL, "an interrupt gate is refused");
	is(update_desc(gdt + 8, 0x0000820000000067UL), -XINVAL, "an LDT is refused");
	is(update_desc(gdt + 8, 0x123456789abcdef0UL & ~(1UL << 47)), 0, "anything not present is taken");
	is(update_desc(gdt + 8, 0), 0, "and nothing again");
	is(HC_2(10, mfn_of((void *)si->pt_base) << 12, DATA), -XINVAL, "in a page table: refused");
	is(HC_2(10, 0xfffffffffff8UL, DATA), -XINVAL, "in no memory: refused");
	is(HC_2(10, (mfn_of(gdt) << 12) + 4, DATA), -XINVAL, "not at an entry: refused");
	r = HC_2(10, mfn_of(page_alloc()) << 12, DATA);
	ok(r == 0 || r == -XINVAL, "in an ordinary page: a store, or refused (%ld)", r);

	/* Whole pages are looked at when they become a GDT. */
	g = gdt_with(9, TSS0);
	frames[0] = mfn_of(g);
	ok(set_gdt(frames, 512) < 0, "a GDT with a TSS is refused");
	g = gdt_with(511, INTG);
	frames[0] = mfn_of(g);
	ok(set_gdt(frames, 512) < 0, "one with an interrupt gate in its last entry too");
	g = gdt_with(9, CODE0);
	frames[0] = mfn_of(g);
	r = set_gdt(frames, 512);
	if (r == 0) {
		is((long)(g[9] >> 45 & 3), 3, "code of ring 0 in it: made one of ring 3");
		frames[0] = mfn_of(gdt);
		is(set_gdt(frames, 512), 0, "and back");
	} else {
		ok(1, "one with code of ring 0 is refused");
		ok(1, "the old one stays");
	}
	PROBE("mov %0, %%ds", :: "r"(6 * 8 + 3) : "memory");
	is(caught.vector, -1, "the old one is still in use");
	frames[0] = mfn_of((void *)si->pt_base);
	ok(set_gdt(frames, 512) < 0, "a page table is refused");
	frames[0] = 0xffffffffff;
	ok(set_gdt(frames, 512) < 0, "no memory is refused");
	frames[0] = mfn_of(gdt);
	frames[1] = mfn_of((void *)si->pt_base);
	ok(set_gdt(frames, 1024) < 0, "a bad second page is refused");
	for (int i = 0; i < 16; i++)
		frames[i] = mfn_of(gdt);
	is(set_gdt(frames, 7169), -XINVAL, "7169 entries are too many");
	is(set_gdt(frames, 0xffffffff), -XINVAL, "so are 2^32 - 1");
	is(set_gdt((u64 *)0xffff830000000000, 512), -XFAULT, "frames in the hypervisor");
	is(set_gdt(frames, 7168), 0, "7168 are not, nor one page many times");
	PROBE("mov %0, %%ds", :: "r"(13 * 4096 + 5 * 8 + 3) : "memory");
	is(caught.vector, -1, "a selector of the fourteenth page");
	PROBE("mov %0, %%ds", :: "r"(0) : "memory");
	is(set_gdt(frames, 512), 0, "one page again");
	PROBE("mov %0, %%ds", :: "r"(4096 + 5 * 8 + 3) : "memory");
	is(caught.vector, 13, "a selector of the second: #GP");
	is((long)caught.error, 4096 + 5 * 8, "error code: the selector");

	/* LDT. */
	ldt = page_alloc();
	ldt[3] = DATA;
	ok(mmuext(MMUEXT_SET_LDT, (u64)ldt + 1, 512) < 0, "an LDT not at a page is refused");
	ok(mmuext(MMUEXT_SET_LDT, (u64)ldt, 8193) < 0, "8193 entries are refused");
	make_ro(ldt);
	is(mmuext(MMUEXT_SET_LDT, (u64)ldt, 512), 0, "set an LDT");
	PROBE("mov %0, %%ds", :: "r"(3 * 8 + 7) : "memory");
	is(caught.vector, -1, "a selector of it");
	PROBE("mov %0, %%ds", :: "r"(4 * 8 + 7) : "memory");
	ok(caught.vector == 13 || caught.vector == 11, "an empty one: exception %ld", caught.vector);
	PROBE("mov %0, %%ds", :: "r"(0) : "memory");
	ok(make_rw(ldt) < 0, "its page cannot be mapped writable once in use");
	is(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
	PROBE("mov %0, %%ds", :: "r"(3 * 8 + 7) : "memory");
	is(caught.vector, 13, "a selector of it: #GP");
	is(make_rw(ldt), 0, "its page is writable again");

	/* No GDT of ours: its page is free again. */
	is(set_gdt(frames, 0), 0, "no GDT");
	is(make_rw(gdt), 0, "its page is writable again");
}
