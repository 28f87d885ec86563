/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule that keeps domains apart: a frame is a page table of one level, a
 * descriptor page, or writable, and never two of these; and only frames of the
 * domain itself can be mapped.
 */
#include "rt/rt.h"

#define TBL (P | RW | US | A | D)

/* Refused, and nothing in between: EINVAL, EBUSY (type in use), EPERM. */
static void refused(long r, const char *what)
{
	ok(r == -XINVAL || r == -XBUSY || r == -XPERM || r == -XNXIO,
	   "refused: %s (%ld)", what, r);
}

static long pin(int level, void *va)
{
	return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_of(va), 0);
}

static long unpin(void *va)
{
	return mmuext(MMUEXT_UNPIN_TABLE, mfn_of(va), 0);
}

/* A page that is read-only mapped, with one entry. */
static void *table_with(int slot, u64 entry)
{
	u64 *t = page_alloc();

	t[slot] = entry;
	if (make_ro(t))
		bail("make_ro");
	return t;
}

static long set_l4(int slot, u64 v)
{
	return mmu_update((mfn_of((void *)si->pt_base) << 12) + (u64)slot * 8, v);
}

void test_main(void)
{
	u8 *page = page_alloc(), *other = page_alloc();
	u64 *l1, *l2, *l3, *l4, *t, *u;
	void *l1_live = (void *)table_of((u64)page, 1);

	/* Live tables cannot become writable, by any way. */
	refused(make_rw(l1_live), "writable mapping of a live L1 (update_va_mapping)");
	refused(make_rw((void *)table_of((u64)page, 2)), "of a live L2");
	refused(make_rw((void *)table_of((u64)page, 3)), "of a live L3");
	refused(make_rw((void *)si->pt_base), "of the live L4");
	refused(update_va(page, pte_of(l1_live, TBL), 0), "at another address");
	refused(mmu_update(l1e_maddr(page), pte_of(l1_live, TBL)), "by mmu_update");
	refused(mmu_update(l1e_maddr(page) | 2, pte_of(l1_live, TBL)), "by mmu_update keeping A and D");
	refused(mmu_update(l1e_maddr(page), pte_of((void *)si->pt_base, TBL)), "L4 by mmu_update");
	is((long)(l1e_read(page) & ADDR) >> 12, (long)mfn_of(page), "the entry is as it was");
	page[0] = 1;
	is(update_va(page, pte_of(l1_live, P | US | A), UVMF_INVLPG), 0, "a read-only mapping is allowed");
	is(((u64 *)page)[0] == ((u64 *)l1_live)[0], 1, "and shows the table");
	is(make_rw(page), 0, "and back");

	/* A writable page cannot become a table. */
	for (int level = 1; level <= 4; level++)
		refused(pin(level, page), "pin of a writable page");
	memset(page, 0, PAGE);
	is(make_ro(page), 0, "read-only now");
	is(pin(1, page), 0, "pin as L1");
	refused(pin(1, page), "pin again");
	refused(pin(2, page), "pin of an L1 as L2");
	refused(make_rw(page), "writable mapping of a pinned L1");
	refused(update_va(other, pte_of(page, TBL), 0), "at another address");
	is(unpin(page), 0, "unpin");
	refused(unpin(page), "unpin again");
	is(make_rw(page), 0, "writable again");
	memset(page, 0, PAGE);

	/* Tables that would open a way. */
	t = page_alloc();
	t[3] = pte_of(t, TBL);
	make_ro(t);
	refused(pin(1, t), "L1 with a writable mapping of itself");
	is(make_rw(t), 0, "left without a type");
	t[3] = pte_of(l1_live, TBL);
	make_ro(t);
	refused(pin(1, t), "L1 with a writable mapping of a live table");
	is(make_rw(t), 0, "left without a type");
	t[3] = 0;
	u = table_alloc();
	t[3] = pte_of(u, TBL);
	make_ro(t);
	is(pin(1, t), 0, "L1 with a writable mapping of an ordinary page");
	refused(pin(1, u), "which then cannot be a table itself");
	is(unpin(t), 0, "unpin");
	is(pin(1, u), 0, "now it can");
	refused(pin(1, t), "and the first cannot any more");
	is(unpin(u), 0, "unpin");

	/* Levels. */
	l1 = table_alloc();
	refused(pin(2, table_with(5, pte_of(page, TBL))), "L2 over a writable page");
	l2 = table_with(5, pte_of(l1, TBL));
	is(pin(2, l2), 0, "L2 over an empty L1");
	refused(make_rw(l1), "writable mapping of that L1");
	refused(pin(2, l1), "that L1 as L2");
	refused(pin(3, table_with(0, pte_of(l1, TBL))), "L3 over an L1");
	l3 = table_with(7, pte_of(l2, TBL));
	is(pin(3, l3), 0, "L3 over it");
	refused(pin(4, table_with(0, pte_of(l2, TBL))), "L4 over an L2");
	refused(pin(4, table_with(0, pte_of(l1, TBL))), "L4 over an L1");
	l4 = table_with(0, pte_of(l3, TBL));
	is(pin(4, l4), 0, "L4 over it");
	is(unpin(l2) | unpin(l3), 0, "the middle ones stay typed without their pins");
	refused(make_rw(l2), "writable mapping of the L2 in use");
	refused(mmu_update((mfn_of(l2) << 12) + 8, pte_of(page, TBL)), "L2 entry of a writable page");
	refused(mmu_update((mfn_of(l2) << 12) + 8, pte_of(l2, TBL)), "L2 entry of itself");
	refused(mmu_update((mfn_of(l2) << 12) + 8, pte_of(l4, TBL)), "L2 entry of an L4");
	refused(mmu_update((mfn_of(l2) << 12) + 8, pte_of(l1, TBL | PSE)), "L2 entry of 2 MiB");
	refused(mmu_update((mfn_of(l3) << 12) + 8, pte_of(l2, TBL | PSE)), "L3 entry of 1 GiB");
	refused(mmu_update((mfn_of(l3) << 12) + 8, pte_of(l1, TBL)), "L3 entry of an L1");
	refused(mmu_update((mfn_of(l4) << 12) + 8, pte_of(l1, TBL)), "L4 entry of an L1");
	refused(mmu_update((mfn_of(l4) << 12) + 8, pte_of(l3, TBL | PSE)), "L4 entry with PSE");
	is(mmu_update((mfn_of(l2) << 12) + 8, pte_of(l1, TBL)), 0, "the same L1 twice in an L2");
	is(mmu_update((mfn_of(l2) << 12) + 8, 0), 0, "and out");
	refused(make_rw(l1), "writable mapping of the L1 still in use once");

	/* The hypervisor's slots of an L4. */
	for (int slot = 256; slot <= 271; slot += 5) {
		refused(mmu_update((mfn_of(l4) << 12) + (u64)slot * 8, 0), "clear an L4 slot of the hypervisor's");
		refused(mmu_update((mfn_of(l4) << 12) + (u64)slot * 8, pte_of(l3, TBL)),
			"set an L4 slot of the hypervisor's");
	}
	refused(set_l4(256, 0), "clear slot 256 of the live L4");
	refused(set_l4(271, pte_of(l3, TBL)), "set slot 271 of the live L4");
	is(set_l4(272, pte_of(l3, TBL)), 0, "slot 272 is the guest's");
	is(set_l4(272, 0), 0, "and out");
	is(set_l4(255, pte_of(l3, TBL)), 0, "slot 255 is the guest's");
	is(set_l4(255, 0), 0, "and out");
	/* Devalidation: all of it comes apart. */
	is(unpin(l4), 0, "unpin the L4");
	is(make_rw(l4) | make_rw(l3) | make_rw(l2) | make_rw(l1), 0, "all four are writable again");

	/* An L4 as base without a pin, then without anything. */
	t = page_alloc();
	memcpy(t, (void *)si->pt_base, PAGE);
	for (int i = 256; i < 272; i++)
		t[i] = 0;
	make_ro(t);
	is(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(t), 0), 0, "new base pointer");
	is((long)M2P[mfn_of(page)], (long)pfn_of(page), "the hypervisor's slots are in it");
	refused(make_rw(t), "writable mapping of the L4 in use");
	is(mmuext(MMUEXT_NEW_BASEPTR, mfn_of((void *)si->pt_base), 0), 0, "and back");
	is(make_rw(t), 0, "then it is writable");
	refused(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(page), 0), "base pointer to a writable page");
	refused(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l1_live), 0), "to an L1");
	refused(mmuext(MMUEXT_NEW_BASEPTR, 0xffffffffff, 0), "to no memory");
	refused(mmuext(MMUEXT_NEW_BASEPTR, 0, 0), "to frame 0");
	refused(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(page), 0), "user base pointer to a writable page");

	/* Numbers out of range. */
	for (int level = 0; level < 4; level++) {
		refused(mmuext(MMUEXT_PIN_L1_TABLE + level, 0xffffffffffffffff, 0), "pin frame 2^64 - 1");
		refused(mmuext(MMUEXT_PIN_L1_TABLE + level, 1UL << 40, 0), "pin frame 2^40");
	}
	refused(mmuext(MMUEXT_UNPIN_TABLE, 0xffffffffffffffff, 0), "unpin frame 2^64 - 1");
	refused(mmu_update(0xfffffffffffff000, 0), "entry at 2^64 - 4096");
	refused(mmu_update(1UL << 51, 0), "entry at 2^51");
	is_any(mmuext(99, 0, 0), -XNOSYS, -XINVAL, "mmuext 99");

	/* Bits. */
	refused(update_va(page, pte_of(page, TBL) | 1UL << 51, 0), "address bit 51");
	is(update_va(page, pte_of(page, TBL | 7 << 9), UVMF_INVLPG), 0, "software bits 9 to 11");
	is((long)(l1e_read(page) >> 9 & 7), 7, "are kept");
	is(update_va(page, 0xdeadbeef00ULL << 8, UVMF_INVLPG), 0, "anything in an entry that is not present");
	is((long)l1e_read(page), (long)(0xdeadbeef00ULL << 8), "is kept");
	is(make_rw(page), 0, "and back");
	ok((l1e_read(page) & US) != 0, "the user bit is set in all entries");
}
