/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants, with ourselves at both ends; forged and wild ones. */
#include "rt/rt.h"

static struct grant_entry_v1 *table;

static long gnttab(int cmd, void *op, u32 n)
{
	return HC_3(20, cmd, op, n);
}

static struct gnttab_map_grant_ref map(u32 ref, u64 at, u32 flags, u16 dom)
{
	struct gnttab_map_grant_ref m;

	memset(&m, 0, sizeof(m));
	m.host_addr = at;
	m.flags = flags;
	m.ref = ref;
	m.dom = dom;
	if (gnttab(GNTTABOP_map_grant_ref, &m, 1))
		m.status = -99;
	return m;
}

static long unmap(u64 at, u32 handle)
{
	struct gnttab_unmap_grant_ref u;

	memset(&u, 0, sizeof(u));
	u.host_addr = at;
	u.handle = handle;
	return gnttab(GNTTABOP_unmap_grant_ref, &u, 1) ? -99 : u.status;
}

static void grant(u32 ref, u64 mfn, u16 flags, u16 dom)
{
	table[ref].frame = (u32)mfn;
	table[ref].domid = dom;
	barrier();
	table[ref].flags = flags;
}

static long copy(u64 src, int src_gref, u32 soff, u64 dst, int dst_gref, u32 doff, u32 len)
{
	struct gnttab_copy c;

	memset(&c, 0, sizeof(c));
	if (src_gref) {
		c.source.u.ref = (u32)src;
		c.flags |= GNTCOPY_source_gref;
	} else {
		c.source.u.gmfn = src;
	}
	if (dst_gref) {
		c.dest.u.ref = (u32)dst;
		c.flags |= GNTCOPY_dest_gref;
	} else {
		c.dest.u.gmfn = dst;
	}
	c.source.domid = c.dest.domid = DOMID_SELF;
	c.source.offset = (u16)soff;
	c.dest.offset = (u16)doff;
	c.len = (u16)len;
	return gnttab(GNTTABOP_copy, &c, 1) ? -99 : c.status;
}

void test_main(void)
{
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_map_grant_ref m, m2;
	xen_pfn_t frames[8];
	u64 *page = page_alloc(), *window = page_alloc(), *other = page_alloc();
	u64 *window2 = page_alloc();
	u16 me = own_domid();
	long r, bad;

	table = page_alloc();
	set_xen_guest_handle(s.frame_list, frames);
	r = gnttab(GNTTABOP_setup_table, &s, 1);
	if (r == -XNOSYS) {
		skip("not offered", "grants");
		return;
	}
	is(r, 0, "setup_table");
	is(s.status, GNTST_okay, "its status");
	r = update_va(table, (u64)frames[0] << 12 | P | RW | US | A | D, UVMF_INVLPG);
	is(r, 0, "map the grant table");
	is(gnttab(GNTTABOP_query_size, &q, 1), 0, "query_size");
	ok(q.status == GNTST_okay && q.nr_frames >= 1 && q.max_nr_frames >= q.nr_frames,
	   "%u of %u frames", q.nr_frames, q.max_nr_frames);
	s.nr_frames = 100000;
	gnttab(GNTTABOP_setup_table, &s, 1);
	ok(s.status != GNTST_okay, "100000 frames are refused");
	s.dom = 0x1234;
	s.nr_frames = 1;
	gnttab(GNTTABOP_setup_table, &s, 1);
	ok(s.status != GNTST_okay, "a domain that is none is refused");

	/* Grant a page to ourselves, map it, use it. */
	page[0] = 0x1111;
	grant(8, mfn_of(page), GTF_permit_access, me);
	/* Into entries that are not present, as nobody flushes for a map. */
	is(update_va(window, 0, UVMF_INVLPG) | update_va(window2, 0, UVMF_INVLPG), 0, "two windows");
	m = map(8, (u64)window, GNTMAP_host_map, DOMID_SELF);
	if (m.status != GNTST_okay)
		m = map(8, (u64)window, GNTMAP_host_map, me);
	is(m.status, GNTST_okay, "map a grant");
	if (m.status == GNTST_okay) {
		is((long)window[0], 0x1111, "shows the page");
		window[1] = 0x2222;
		is((long)page[1], 0x2222, "and can be written");
		is(table[8].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing,
		   "the entry says that it is mapped");
		is((long)(m.dev_bus_addr >> 12), (long)mfn_of(page), "its machine address");
		m2 = map(8, (u64)window2, GNTMAP_host_map | GNTMAP_readonly, me);
		is(m2.status, GNTST_okay, "map it again, read-only");
		is(PROBE("movq $1, (%0)", :: "r"(window2) : "memory"), 14, "which cannot be written");
		is(unmap((u64)window2, m2.handle), GNTST_okay, "unmap the second");
		is(table[8].flags & GTF_writing, GTF_writing, "the entry is still mapped");
		ok(unmap((u64)window2, m2.handle) < 0, "unmap it again: refused");
		ok(unmap((u64)other, m.handle) < 0, "unmap the first at a wrong address: refused");
		is((long)window[0], 0x1111, "it is still there");
		is(unmap((u64)window, m.handle), GNTST_okay, "unmap the first");
		is(table[8].flags & (GTF_reading | GTF_writing), 0, "the entry is free");
		is(PROBE("movq (%0), %%rax", :: "r"(window) : "rax", "memory"), 14, "and the page gone");
	}
	/* By the address of the entry, as gntdev does. */
	m = map(8, l1e_maddr(window), GNTMAP_host_map | GNTMAP_contains_pte, me);
	is(m.status, GNTST_okay, "map by the entry's machine address");
	if (m.status == GNTST_okay) {
		mmuext(MMUEXT_INVLPG_LOCAL, (u64)window, 0);
		is((long)window[0], 0x1111, "shows the page");
		is(unmap(l1e_maddr(window), m.handle), GNTST_okay, "unmap");
	}

	/* Copy. */
	for (int i = 0; i < 512; i++)
		page[i] = (u64)i * 3, other[i] = 0;
	is(copy(8, 1, 0, mfn_of(other), 0, 0, 4096), GNTST_okay, "copy a page from a grant");
	is(memcmp(page, other, PAGE), 0, "all of it");
	grant(9, mfn_of(page), GTF_permit_access | GTF_readonly, me);
	ok(copy(mfn_of(other), 0, 0, 9, 1, 0, 8) < 0, "copy into a read-only grant: refused");
	is(copy(9, 1, 8, mfn_of(other), 0, 4088, 8), GNTST_okay, "copy eight bytes from it");
	is((long)other[511], 3, "to the end of a page");
	ok(copy(8, 1, 1, mfn_of(other), 0, 0, 4096) < 0, "copy across the end of the source");
	ok(copy(8, 1, 0, mfn_of(other), 0, 4095, 2) < 0, "across the end of the target");
	ok(copy(8, 1, 0xffff, mfn_of(other), 0, 0, 0xffff) < 0, "offsets that wrap");
	bad = copy(mfn_of(page), 0, 0, 0x1f900, 0, 0, 8);
	ok(bad < 0, "copy to a frame that is not ours");
	bad = copy(mfn_of(page), 0, 0, mfn_of((void *)si->pt_base), 0, 0, 8);
	ok(bad < 0, "copy to a page table");
	bad = copy(mfn_of(page), 0, 0, ~0UL, 0, 0, 8);
	ok(bad < 0, "copy to frame 2^64 - 1");
	ok(copy(77, 1, 0, mfn_of(other), 0, 0, 8) < 0, "copy from an entry that is empty");

	/* Forged and wild. */
	m = map(9, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "map a read-only grant writable: refused");
	grant(10, 0x1f900, GTF_permit_access, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "a grant of a frame that is not ours: refused");
	grant(10, 0xffffffff, GTF_permit_access, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "of frame 2^32 - 1: refused");
	grant(10, mfn_of((void *)si->pt_base), GTF_permit_access, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "writable, of a page table: refused");
	grant(10, 0xfee00, GTF_permit_access, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "of the local APIC: refused");
	grant(10, mfn_of(other), GTF_permit_access, 0x123);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "made for another domain: refused");
	grant(10, mfn_of(other), 0, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "of type none: refused");
	grant(10, mfn_of(other), GTF_accept_transfer, me);
	m = map(10, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "of type transfer: refused");
	grant(10, mfn_of(other), GTF_permit_access, me);
	m = map(0xffffffff, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "entry 2^32 - 1");
	m = map(1 << 20, (u64)window, GNTMAP_host_map, me);
	ok(m.status < 0, "entry 2^20");
	m = map(10, (u64)window, GNTMAP_host_map, 0x1234);
	ok(m.status < 0, "of a domain that is none");
	m = map(10, 0xffff830000000000, GNTMAP_host_map, me);
	ok(m.status < 0, "at an address of the hypervisor's");
	m = map(10, 0x7f0000000000, GNTMAP_host_map, me);
	ok(m.status < 0, "at an address without a table");
	m = map(10, si->pt_base, GNTMAP_host_map | GNTMAP_contains_pte, me);
	ok(m.status < 0, "with an entry that is no machine address of a table");
	m = map(10, mfn_of(other) << 12, GNTMAP_host_map | GNTMAP_contains_pte, me);
	ok(m.status < 0, "with an entry in an ordinary page");
	m = map(10, l1e_maddr(window) + 4, GNTMAP_host_map | GNTMAP_contains_pte, me);
	ok(m.status < 0, "with an entry not at an entry");
	m = map(10, (u64)window, 0, me);
	ok(m.status < 0, "neither host nor device map");
	is(table[10].flags & (GTF_reading | GTF_writing), 0, "none of them left the entry in use");
	ok(unmap((u64)window, 0xffffffff) < 0, "unmap handle 2^32 - 1");
	ok(unmap((u64)window, 12345) < 0, "unmap a handle that is none");

	/* Lists. */
	is(gnttab(GNTTABOP_map_grant_ref, (void *)0xffff830000000000, 1), -XFAULT, "list in the hypervisor");
	is(gnttab(GNTTABOP_map_grant_ref, &m, 0), 0, "no entry at all");
	r = gnttab(GNTTABOP_copy, (void *)0x1000, 0x7fffffff);
	ok(r < 0, "2^31 entries (%ld)", r);
	r = gnttab(99, &m, 1);
	ok(r == -XNOSYS || r == -XINVAL, "operation 99 (%ld)", r);

	/* A mapped page cannot go away under the one who maps it. */
	m = map(10, (u64)window, GNTMAP_host_map, me);
	is(m.status, GNTST_okay, "map a good one");
	other[0] = 0x4242;
	table[10].flags = 0;
	is((long)window[0], 0x4242, "the owner's change of mind does not unmap it");
	ok(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(other), 0) < 0, "nor can the page become a table");
	is(unmap((u64)window, m.handle), GNTST_okay, "unmap");
}
