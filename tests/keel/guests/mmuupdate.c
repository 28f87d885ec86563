/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmu_update and update_va_mapping: commands, counts, flags, errors. */
#include "rt/rt.h"

#define TBL (P | RW | US | A | D)

static long updates(struct mmu_update *u, u32 n, u32 *done, u64 dom)
{
	return HC_4(1, u, n, done, dom);
}

void test_main(void)
{
	u8 *a = page_alloc(), *b = page_alloc(), *c = page_alloc(), *spare = page_alloc();
	struct mmu_update u[4];
	u32 done;
	u64 mfn, v, *plain = (u64 *)page_alloc();

	a[0] = 'a';
	b[0] = 'b';
	c[0] = 'c';
	/* Several at once; the count says how far it came. */
	u[0] = (struct mmu_update){ l1e_maddr(a), pte_of(b, TBL) };
	u[1] = (struct mmu_update){ l1e_maddr(b), pte_of(c, TBL) };
	u[2] = (struct mmu_update){ l1e_maddr(c), pte_of(a, TBL) };
	done = 77;
	is(updates(u, 3, &done, DOMID_SELF), 0, "three entries");
	is(done, 3, "three done");
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	ok(a[0] == 'b' && b[0] == 'c' && c[0] == 'a', "three pages changed places");
	u[0].val = pte_of(a, TBL);
	u[1].val = pte_of((void *)si->pt_base, TBL);	/* refused */
	u[2].val = pte_of(c, TBL);
	done = 77;
	ok(updates(u, 3, &done, DOMID_SELF) < 0, "the second one is refused");
	is(done, 1, "one done");
	is((long)(l1e_read(b) & ADDR), (long)(pte_of(c, 0) & ADDR), "the second is as it was");
	is((long)(l1e_read(c) & ADDR), (long)(pte_of(a, 0) & ADDR), "the third was not tried");
	u[1].val = pte_of(b, TBL);
	is(updates(u, 3, NULL, DOMID_SELF), 0, "no count wanted");
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	ok(a[0] == 'a' && b[0] == 'b' && c[0] == 'c', "all are back");
	is(updates(u, 0, &done, DOMID_SELF), 0, "no entry at all");
	is(updates((void *)0xffff830000000000, 1, &done, DOMID_SELF), -XFAULT, "entries in the hypervisor");
	is_any(updates(u, 3, (void *)0xffff830000000000, DOMID_SELF), 0, -XFAULT,
	       "count into the hypervisor");
	is(updates((void *)0x1000, 3, &done, DOMID_SELF), -XFAULT, "entries where nothing is");
	{
		struct mmu_update *last;
		u8 *p = page_alloc(), *hole = page_alloc();

		if (hole != p + PAGE || update_va(hole, 0, UVMF_INVLPG))
			bail("pages are not neighbours");
		last = (struct mmu_update *)hole - 1;
		*last = (struct mmu_update){ l1e_maddr(spare), pte_of(spare, TBL) };
		done = 0;
		is_any(updates(last, 0x7fffffff, &done, DOMID_SELF), -XFAULT, -XINVAL,
		       "2^31 entries are not there");
		is_any(done, 1, 0, "but the first, unless the count was refused");
	}

	/* Which domain. */
	ok(updates(u, 3, &done, 0x1234) < 0, "a domain that is none");
	is(updates(u, 3, &done, 0x1234), -XSRCH, "is not found");
	is(updates(u, 3, &done, DOMID_INVALID), -XSRCH, "nor is the invalid one");
	is_any(mmu_update_dom(l1e_maddr(spare), pte_of(a, TBL), 0), 0, -XSRCH,
	       "domain 0, ourselves by number, is or is not foreign");
	mmu_update(l1e_maddr(spare), pte_of(spare, TBL));

	/* An entry of a plain writable page: an ordinary store. */
	is(mmu_update((mfn_of(plain) << 12) + 24, 0x1122334455667788), 0, "store to a writable page");
	is((long)plain[3], 0x1122334455667788, "is there");

	/* MACHPHYS. */
	mfn = mfn_of(spare);
	is(mmu_update(mfn << 12 | MMU_MACHPHYS_UPDATE, 0x4711), 0, "set an m2p entry");
	is((long)M2P[mfn], 0x4711, "reads back");
	is(mmu_update(mfn << 12 | MMU_MACHPHYS_UPDATE, pfn_of(spare)), 0, "and back");
	ok(mmu_update(0x100000000000UL | MMU_MACHPHYS_UPDATE, 1) < 0, "m2p entry of no memory");

	/* PRESERVE_AD: the bits the processor set survive. */
	is(mmu_update(l1e_maddr(spare), pte_of(spare, P | RW | US)), 0, "entry without A and D");
	mmuext(MMUEXT_INVLPG_LOCAL, (u64)spare, 0);
	spare[0] = 1;
	is((long)(l1e_read(spare) & (A | D)), A | D, "a write sets both");
	is(mmu_update(l1e_maddr(spare) | MMU_PT_UPDATE_PRESERVE_AD, pte_of(spare, P | US)), 0,
	   "PRESERVE_AD, read-only, without both");
	is((long)(l1e_read(spare) & (A | D | RW)), A | D, "both are kept, RW is gone");
	is(mmu_update(l1e_maddr(spare), pte_of(spare, P | US)), 0, "NORMAL without both");
	is((long)(l1e_read(spare) & (A | D)), 0, "both are gone");
	is(mmu_update(l1e_maddr(spare), pte_of(spare, TBL)), 0, "and back");

	/* update_va_mapping: flags. */
	for (u64 flags = 0; flags < 3; flags++) {
		is(update_va(spare, pte_of(spare, TBL), flags), 0, "flags %lu, local", flags);
		is(update_va(spare, pte_of(spare, TBL), flags | UVMF_ALL), 0, "flags %lu, all", flags);
	}
	{
		u64 mask = 3;

		is(update_va(spare, pte_of(spare, TBL), UVMF_INVLPG | (u64)&mask), 0, "a set of vcpus");
		is(update_va(spare, pte_of(spare, TBL), UVMF_TLB_FLUSH | (u64)&mask), 0, "flush there");
		mask = ~0UL;
		is(update_va(spare, pte_of(spare, TBL), UVMF_INVLPG | (u64)&mask), 0, "vcpus that are none");
	}
	v = (u64)update_va(spare, pte_of(spare, TBL), UVMF_INVLPG | 0xffff830000000000);
	is_any((long)v, -XFAULT, 0, "set of vcpus in the hypervisor");
	v = (u64)update_va(spare, pte_of(spare, TBL), UVMF_TLB_FLUSH | 0x10000);
	is_any((long)v, -XFAULT, 0, "set of vcpus where nothing is");

	/* update_va_mapping: addresses. */
	is(HC_3(14, 0xffff800000000000, 0, 0), -XINVAL, "address of the m2p table");
	is(HC_3(14, 0xffff830000000000, pte_of(spare, TBL), 0), -XINVAL, "address of the hypervisor");
	ok(HC_3(14, 0x7f0000000000, pte_of(spare, TBL), 0) < 0, "address without a table");
	v = (u64)HC_3(14, 0x8000000000000000, pte_of(spare, TBL), 0);
	ok((long)v < 0, "address that is none (%ld)", (long)v);
	is(update_va(spare + 123, pte_of(spare, TBL), 0), 0, "address inside a page");

	/* update_va_mapping_otherdomain (22): unknown domain. */
	is_any(HC_4(22, spare, pte_of(spare, TBL), 0, 0x1234), -XSRCH, -XNOSYS, "for a domain that is none");

	/* mmuext_op: flushes take what they are given; bad lists do no harm. */
	is(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "flush local");
	is(mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0, "flush all");
	is(mmuext(MMUEXT_INVLPG_ALL, (u64)spare, 0), 0, "invlpg all");
	is(mmuext(MMUEXT_INVLPG_LOCAL, 0x8000000000000000, 0), 0, "invlpg of no address");
	{
		u64 mask = 1;

		is(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (u64)&mask), 0, "flush a set");
		is(mmuext(MMUEXT_INVLPG_MULTI, (u64)spare, (u64)&mask), 0, "invlpg for a set");
		ok(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, 0xffff830000000000) < 0, "set in the hypervisor");
	}
	is(HC_4(26, 0xffff830000000000, 1, NULL, DOMID_SELF), -XFAULT, "operations in the hypervisor");
	is(HC_4(26, spare, 0, NULL, DOMID_SELF), 0, "no operation at all");
	is(HC_4(26, spare, 1, NULL, 0x1234), -XSRCH, "operations for a domain that is none");
}
