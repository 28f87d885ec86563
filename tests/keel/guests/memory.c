/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving memory back and getting some; what the calls refuse. */
#include "rt/rt.h"

static long reserve(u64 cmd, xen_pfn_t *list, u64 n, u32 order, u16 dom)
{
	struct xen_memory_reservation r;

	memset(&r, 0, sizeof(r));
	r.nr_extents = n;
	r.extent_order = order;
	r.domid = dom;
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
	xen_pfn_t list[16], mfns[8];
	u64 *pages[8], before, mfn;
	domid_t d = DOMID_SELF;
	long r, max, dirty = 0;

	before = (u64)current();
	ok((long)before >= (long)si->nr_pages, "current_reservation (%ld)", before);
	max = memory_op(XENMEM_maximum_reservation, &d);
	ok(max >= (long)before, "maximum_reservation (%ld)", max);
	r = memory_op(XENMEM_maximum_ram_page, NULL);
	ok(r > 0x1000 && r < 1L << 36, "maximum_ram_page (%#lx)", r);
	d = 0x1234;
	is(memory_op(XENMEM_current_reservation, &d), -XSRCH, "of a domain that is none");

	/* Eight pages away, and eight new ones. */
	for (int i = 0; i < 8; i++) {
		pages[i] = page_alloc();
		memset(pages[i], 0xa5, PAGE);
		mfns[i] = mfn_of(pages[i]);
	}
	/* While it is mapped a page may be given up, but not reused by others. */
	for (int i = 0; i < 8; i++)
		if (update_va(pages[i], 0, UVMF_INVLPG | UVMF_ALL))
			bail("unmap");
	memcpy(list, mfns, sizeof(mfns));
	is(reserve(XENMEM_decrease_reservation, list, 8, 0, DOMID_SELF), 8, "give eight pages back");
	is(current(), (long)before - 8, "the count says so");
	for (int i = 0; i < 8; i++)
		dirty += mmu_update(l1e_maddr(pages[i]), mfns[i] << 12 | P | RW | US | A | D) == 0;
	is(dirty, 0, "none of them can be mapped any more");
	is(reserve(XENMEM_decrease_reservation, list, 8, 0, DOMID_SELF), 0, "giving them twice");
	for (int i = 0; i < 8; i++)
		list[i] = pfn_of(pages[i]);
	is(reserve(XENMEM_populate_physmap, list, 8, 0, DOMID_SELF), 8, "populate eight pages");
	is(current(), (long)before, "the count is as before");
	dirty = 0;
	for (int i = 0; i < 8; i++) {
		if (mmu_update(l1e_maddr(pages[i]), list[i] << 12 | P | RW | US | A | D))
			bail("cannot map what populate gave: mfn %#lx", (u64)list[i]);
		for (u64 k = 0; k < 512; k++)
			dirty += pages[i][k] == 0xa5a5a5a5a5a5a5a5;
		dirty += M2P[list[i]] != pfn_of(pages[i]);
	}
	/* A domain may find its own old data; the m2p table must name the pfn. */
	ok(dirty == 0 || dirty % 512 == 0, "they are mapped, and named in the m2p table");
	((u64 *)si->mfn_list)[pfn_of(pages[0])] = list[0];
	pages[0][0] = 1;
	is((long)pages[0][0], 1, "they are memory");

	/* increase_reservation gives frame numbers. */
	for (int i = 1; i < 8; i++)
		mfns[i] = list[i];
	mfn = list[7];
	is(update_va(pages[7], 0, UVMF_INVLPG | UVMF_ALL), 0, "unmap the last");
	list[0] = mfn;
	is(reserve(XENMEM_decrease_reservation, list, 1, 0, DOMID_SELF), 1, "give it back");
	list[0] = ~0UL;
	is(reserve(XENMEM_increase_reservation, list, 1, 0, DOMID_SELF), 1, "increase by one");
	ok(list[0] < 1UL << 36, "gives a frame (%#lx)", (u64)list[0]);
	is(mmu_update(l1e_maddr(pages[7]), list[0] << 12 | P | RW | US | A | D), 0, "which can be mapped");

	/* A page in use as a table stays the domain's until it is not. */
	{
		u64 *t = table_alloc();

		is(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t), 0), 0, "pin a page");
		list[0] = mfn_of(t);
		r = reserve(XENMEM_decrease_reservation, list, 1, 0, DOMID_SELF);
		note("giving a pinned page back: %ld", r);
		/* Its mapping keeps a reference: it cannot have become another's. */
		is((long)t[0], 0, "it can still be read through its mapping");
	}
	list[0] = si->shared_info >> 12;
	r = reserve(XENMEM_decrease_reservation, list, 1, 0, DOMID_SELF);
	note("giving shared_info back: %ld", r);
	ok(shared->vcpu_info[0].time.tsc_to_system_mul != 0, "it is still there");
	version_op(XENVER_version, NULL);

	/* Frames that are not ours, numbers out of range. */
	list[0] = 0xffffffffff;
	list[1] = ~0UL;
	list[2] = 0;
	list[3] = 0xfee00;
	list[4] = 0x1f900;
	for (int i = 0; i < 5; i++)
		is(reserve(XENMEM_decrease_reservation, list + i, 1, 0, DOMID_SELF), 0,
		   "give back frame %#lx, which is not ours", (u64)list[i]);
	r = reserve(XENMEM_decrease_reservation, list, 1, 0, 0x1234);
	ok(r == 0 || r == -XSRCH || r == -XPERM, "for a domain that is none (%ld)", r);
	r = reserve(XENMEM_populate_physmap, list, 1, 0, 0x1234);
	ok(r == 0 || r == -XSRCH || r == -XPERM, "populate there (%ld)", r);
	r = reserve(XENMEM_increase_reservation, list, 1, 63, DOMID_SELF);
	ok(r <= 0, "an extent of 2^63 pages (%ld)", r);
	r = reserve(XENMEM_increase_reservation, list, 1, 0xffffffff, DOMID_SELF);
	ok(r <= 0, "an extent of order 2^32 - 1 (%ld)", r);
	r = reserve(XENMEM_increase_reservation, list, ~0UL, 0, DOMID_SELF);
	ok(r <= 0, "2^64 - 1 extents (%ld)", r);
	r = reserve(XENMEM_increase_reservation, list, 1UL << 58, 0, DOMID_SELF);
	ok(r <= 0, "2^58 extents (%ld)", r);
	r = reserve(XENMEM_decrease_reservation, (xen_pfn_t *)0xffff830000000000, 4, 0, DOMID_SELF);
	ok(r <= 0, "a list in the hypervisor (%ld)", r);
	r = reserve(XENMEM_populate_physmap, (xen_pfn_t *)0xffff830000000000, 4, 0, DOMID_SELF);
	ok(r <= 0, "populate from there (%ld)", r);
	is_any(memory_op(XENMEM_populate_physmap, (void *)0xffff830000000000), -XFAULT, 0,
	       "argument in the hypervisor");
	is_any(memory_op(63, NULL), -XNOSYS, -XINVAL, "operation 63");

	/* Start extents in the command number: continuation, as the guest forges it. */
	list[0] = 0xffffffffff;
	before = (u64)current();
	r = reserve(XENMEM_decrease_reservation | 5UL << 6, list, 1, 0, DOMID_SELF);
	ok(r < 0 || r == 1 || r == 5, "a start beyond the end (%ld)", r);
	r = reserve(XENMEM_populate_physmap | ~0UL << 6, list, 1, 0, DOMID_SELF);
	note("a start at 2^58 - 1: %ld", r);
	is(current(), (long)before, "nothing was given by either");

	/* m2p table for the tools: first frames of its chunks. */
	{
		struct xen_machphys_mfn_list l = { .max_extents = 16 };
		struct xen_machphys_mapping map;

		set_xen_guest_handle(l.extent_start, list);
		r = memory_op(XENMEM_machphys_mfn_list, &l);
		if (r == -XNOSYS)
			skip("not offered; save and restore need it", "machphys_mfn_list");
		else
			ok(r == 0 && l.nr_extents >= 1 && l.nr_extents <= 16, "machphys_mfn_list (%ld, %u)", r, l.nr_extents);
		is(memory_op(XENMEM_machphys_mapping, &map), 0, "machphys_mapping");
		is((long)map.v_start, (long)M2P, "starts where the ABI says");
	}
}
