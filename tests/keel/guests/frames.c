/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No frame but the domain's own can be mapped: tried with every frame there is. */
#include "rt/rt.h"

#define E820_RAM 1
#define GRANT_FRAMES 4

struct e820 {
	u64 addr, size;
	u32 type;
} __attribute__((packed));

static u8 own[1 << 17];		/* bitmap of 2^20 frames: 4 GiB */

static int is_own(u64 mfn)
{
	return own[mfn >> 3] >> (mfn & 7) & 1;
}

void test_main(void)
{
	static struct e820 map[64];
	struct xen_memory_map m = { .nr_entries = 64 };
	u64 *p2m = (u64 *)si->mfn_list, got = 0, ro = 0, tried = 0, first = 0;
	static xen_pfn_t grant_frames[GRANT_FRAMES];
	struct gnttab_setup_table g = { .dom = DOMID_SELF, .nr_frames = GRANT_FRAMES };
	u8 *page = page_alloc();
	u64 at = l1e_maddr(page), old = l1e_read(page);
	long r;

	set_xen_guest_handle(m.buffer, map);
	r = memory_op(XENMEM_machine_memory_map, &m);
	if (privileged()) {
		is(r, 0, "machine memory map");
	} else {
		is(r, -XPERM, "no machine memory map for the unprivileged");
		/* Then everything counts, firmware and devices too. */
		map[0] = (struct e820){ 0, 1UL << 32, E820_RAM };
		m.nr_entries = 2;
	}
	ok(m.nr_entries > 1 && m.nr_entries <= 64, "%u entries", m.nr_entries);
	for (u64 pfn = 0; pfn < si->nr_pages; pfn++)
		if (p2m[pfn] < 1 << 20)
			own[p2m[pfn] >> 3] |= (u8)(1 << (p2m[pfn] & 7));
	/* The domain's pages that the hypervisor made: shared_info, grant table. */
	set_xen_guest_handle(g.frame_list, grant_frames);
	if (HC_3(20, GNTTABOP_setup_table, &g, 1) == 0 && g.status == 0)
		for (int i = 0; i < GRANT_FRAMES; i++)
			own[grant_frames[i] >> 3] |= (u8)(1 << (grant_frames[i] & 7));
	own[si->shared_info >> 15] |= (u8)(1 << (si->shared_info >> 12 & 7));

	/* Below 1 MiB firmware and RAM are mixed: not looked at. */
	for (u32 i = 0; i < m.nr_entries; i++) {
		u64 start = map[i].addr >> 12, end = (map[i].addr + map[i].size) >> 12;

		if (map[i].type != E820_RAM)
			continue;
		for (u64 mfn = privileged() && start < 256 ? 256 : start; mfn < end && mfn < 1 << 20; mfn++) {
			if (is_own(mfn))
				continue;
			tried++;
			if (!mmu_update(at, mfn << 12 | P | RW | US | A | D)) {
				first = got++ ? first : mfn;
				mmu_update(at, old);
			}
			if (!mmu_update(at, mfn << 12 | P | US | A)) {
				ro++;
				mmu_update(at, old);
			}
		}
	}
	note("tried %lu frames, first that could be mapped %#lx", tried, first);
	ok(tried > 10000, "there are frames that are not ours");
	is((long)got, 0, "none of them can be mapped writable");
	is((long)ro, 0, "none of them can be mapped read-only");
	is((long)(l1e_read(page) & ADDR), (long)(old & ADDR), "the entry is as it was");

	/* Machine registers that are the hypervisor's, whoever asks. */
	r = mmu_update(at, 0xfee00000UL | P | RW | US | A | D | PCD | PWT);
	ok(r < 0, "the local APIC cannot be mapped writable (%ld)", r);
	r = mmu_update(at, 0xfec00000UL | P | RW | US | A | D | PCD | PWT);
	if (r == 0) {
		/* Xen gives a read-only mapping of it to domain 0. */
		is((long)(l1e_read(page) & RW), 0, "the I/O APIC is mapped read-only at most");
		mmu_update(at, old);
	} else {
		ok(r < 0, "the I/O APIC cannot be mapped writable (%ld)", r);
	}
	/* What is no RAM the initial domain may have: firmware tables, video. */
	r = mmu_update(at, 0xf0000UL | P | US | A);
	ok(privileged() ? r == 0 : r < 0, "firmware below 1 MiB can be read by domain 0 (%ld)", r);
	r = mmu_update(at, 0xb8000UL | P | RW | US | A | D);
	ok(privileged() ? r == 0 : r < 0, "video memory can be mapped by domain 0 (%ld)", r);
	is(mmu_update(at, old), 0, "and back");

	/* By tables: the same frames in a table that is pinned. */
	{
		u64 *t, bad = 0, n = 0;

		for (u64 mfn = 0x1000; mfn < 0x1f000 && n < 200; mfn += 97) {
			if (is_own(mfn))
				continue;
			n++;
			t = page_alloc();
			t[7] = mfn << 12 | P | RW | US | A | D;
			make_ro(t);
			for (int level = 0; level < 4; level++)
				bad += mmuext(MMUEXT_PIN_L1_TABLE + level, mfn_of(t), 0) == 0;
			make_rw(t);
			page_free(t);
			bad += mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0) == 0;
			bad += mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0) == 0;
			bad += mmuext(MMUEXT_NEW_BASEPTR, mfn, 0) == 0;
			bad += mmuext(MMUEXT_UNPIN_TABLE, mfn, 0) == 0;
			bad += mmu_update(mfn << 12 | 0x18, 0) == 0;
			bad += mmu_update(mfn << 12 | MMU_MACHPHYS_UPDATE, 5) == 0;
			bad += HC_2(2, &mfn, 512) == 0;		/* set_gdt */
		}
		ok(n == 200, "200 frames that are not ours");
		is((long)bad, 0, "none can be a table, be in a table, be written or renamed");
	}
}
