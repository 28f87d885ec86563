/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that takes all it can get of everything, and gives it back. */
#include "rt/rt.h"

#define SPARE 4000

static long reserve(u64 cmd, xen_pfn_t *list, u64 n, u32 order)
{
	struct xen_memory_reservation r;

	memset(&r, 0, sizeof(r));
	r.nr_extents = n;
	r.extent_order = order;
	r.domid = DOMID_SELF;
	set_xen_guest_handle(r.extent_start, list);
	return memory_op(cmd, &r);
}

static long current(void)
{
	domid_t d = DOMID_SELF;

	return memory_op(XENMEM_current_reservation, &d);
}

void test_main(void)
{
	static xen_pfn_t list[60000];
	domid_t self = DOMID_SELF;
	long before = current(), max = memory_op(XENMEM_maximum_reservation, &self), got, n, r;
	u64 bad = 0, *l1, *l2;

	/* Memory: up to the maximum, not a page more. */
	for (int i = 0; i < SPARE; i++)		/* from the end: not mapped yet */
		list[i] = ((u64 *)si->mfn_list)[si->nr_pages - 1 - (u64)i];
	is(reserve(XENMEM_decrease_reservation, list, SPARE, 0), SPARE, "give some away first");
	before = current();
	got = 0;
	while (got < (long)ARRAY(list)) {
		r = reserve(XENMEM_increase_reservation, list + got, 64, 0);
		if (r <= 0)
			break;
		got += r;
		if (r < 64)
			break;
	}
	note("had %ld pages of %ld, got %ld more", before, max, got);
	ok(current() == before + got, "the count agrees");
	ok(max <= 0 || max > 1L << 40 || current() <= max, "no more than the maximum");
	ok(got >= SPARE, "at least what was given away");
	ok(got < (long)ARRAY(list), "there is an end");
	r = reserve(XENMEM_increase_reservation, list + got, 1, 0);
	ok(r <= 0, "and it stays the end (%ld)", r);
	r = reserve(XENMEM_populate_physmap, list + got, 1, 9);
	ok(r <= 0, "for 2 MiB too (%ld)", r);
	is(version_op(XENVER_version, NULL), 0x00040011, "the hypervisor answers");
	n = reserve(XENMEM_decrease_reservation, list, (u64)got, 0);
	is(n, got, "all of it is given back");
	is(current(), before, "the count is as before");
	/* Again and again: what is given back can be had again. */
	for (int i = 0; i < 20; i++) {
		r = reserve(XENMEM_decrease_reservation, list, 0, 0);
		n = reserve(XENMEM_increase_reservation, list, got < 256 ? (u64)got : 256, 0);
		if (n > 0)
			bad += reserve(XENMEM_decrease_reservation, list, (u64)n, 0) != n;
	}
	is((long)bad, 0, "20 times up and down");
	is(current(), before, "the count is as before");

	/* Page tables: one L1 in as many L2 entries as there are. */
	l1 = table_alloc();
	bad = 0;
	for (int i = 0; i < 100; i++) {
		l2 = page_alloc();
		for (int k = 0; k < 512; k++)
			l2[k] = pte_of(l1, P | RW | US | A | D);
		make_ro(l2);
		bad += mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2), 0) != 0;
		list[i] = (u64)l2;
	}
	is((long)bad, 0, "51200 references to one L1");
	ok(make_rw(l1) < 0, "it cannot be mapped writable");
	for (int i = 0; i < 100; i++)
		bad += mmuext(MMUEXT_UNPIN_TABLE, mfn_of((void *)list[i]), 0) != 0 ||
		       make_rw((void *)list[i]) != 0;
	is((long)bad, 0, "all are taken back");
	is(make_rw(l1), 0, "then it can");

	/* A page mapped as often as there are entries. */
	{
		u8 *page = page_alloc();

		bad = 0;
		for (int i = 0; i < 60; i++) {
			u64 *t = (u64 *)list[i];

			for (int k = 0; k < 512; k++)
				t[k] = pte_of(page, P | RW | US | A | D);
			bad += make_ro(t) != 0 || mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t), 0) != 0;
		}
		is((long)bad, 0, "30720 writable mappings of one page");
		make_ro(page);
		ok(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0) < 0, "it cannot become a table");
		for (int i = 0; i < 60; i++)
			bad += mmuext(MMUEXT_UNPIN_TABLE, mfn_of((void *)list[i]), 0) != 0 ||
			       make_rw((void *)list[i]) != 0;
		is((long)bad, 0, "all are taken back");
		is(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0), 0,
		   "then it can");
	}

	/* Grant mappings of one entry. */
	{
		struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };
		struct gnttab_map_grant_ref m;
		struct gnttab_unmap_grant_ref u;
		struct grant_entry_v1 *table = page_alloc();
		xen_pfn_t frame;
		u64 *t = table_alloc();
		u32 handles[512];
		int k;

		set_xen_guest_handle(s.frame_list, &frame);
		if (HC_3(20, GNTTABOP_setup_table, &s, 1) == -XNOSYS) {
			skip("not offered", "grants");
			return;
		}
		update_va(table, (u64)frame << 12 | P | RW | US | A | D, UVMF_INVLPG);
		table[20].frame = (u32)mfn_of(page_alloc());
		table[20].domid = own_domid();
		table[20].flags = GTF_permit_access;
		is(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t), 0), 0, "an L1 for grants");
		for (k = 0; k < 512; k++) {
			memset(&m, 0, sizeof(m));
			m.host_addr = (mfn_of(t) << 12) + (u64)k * 8;
			m.flags = GNTMAP_host_map | GNTMAP_contains_pte;
			m.ref = 20;
			m.dom = table[20].domid;
			HC_3(20, GNTTABOP_map_grant_ref, &m, 1);
			if (m.status != GNTST_okay)
				break;
			handles[k] = m.handle;
		}
		note("%d mappings of one grant, then status %d", k, m.status);
		ok(k > 100, "many mappings of one grant");
		bad = 0;
		for (int i = 0; i < k; i++) {
			memset(&u, 0, sizeof(u));
			u.host_addr = (mfn_of(t) << 12) + (u64)i * 8;
			u.handle = handles[i];
			HC_3(20, GNTTABOP_unmap_grant_ref, &u, 1);
			bad += u.status != GNTST_okay;
		}
		is((long)bad, 0, "all are unmapped");
		is(table[20].flags, GTF_permit_access, "the entry is free");
		/* Left mapped at the end on purpose: the hypervisor has to clean up. */
		m.host_addr = mfn_of(t) << 12;
		HC_3(20, GNTTABOP_map_grant_ref, &m, 1);
	}
}
