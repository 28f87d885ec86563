/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot contract: start_info, first registers, first page tables. */
#include "rt/rt.h"

static int mapped(u64 va)
{
	volatile u64 *t = table_of(va, 1);

	return t && (t[va >> 12 & 511] & P);
}

void test_main(void)
{
	u64 base = (u64)si->pt_base, frames = si->nr_pt_frames, bad = 0;
	u64 *p2m = (u64 *)si->mfn_list, region_end;

	ok(!strncmp(si->magic, "xen-3.0-x86_64", 14), "magic is that of x86-64");
	note("magic \"%.32s\"", si->magic);
	ok(((u64)si & 7) == 0 && (u64)si >= (u64)_end, "start_info lies behind the image");
	ok(si->nr_pages >= 1024, "nr_pages is what memory there is");
	if (privileged())
		ok((si->flags & SIF_INITDOMAIN) != 0, "the initial domain is told that it is");
	else
		is(option("unprivileged", 0), 1, "an unprivileged one was wanted, if it is one");
	note("flags %#x pages %lu pt_base %#lx (%lu frames) mfn_list %#lx", si->flags,
	     (u64)si->nr_pages, base, frames, (u64)si->mfn_list);
	ok(!strncmp((char *)si->cmd_line, "guest", 5), "command line \"%.60s\"", si->cmd_line);
	ok((si->shared_info & 4095) == 0 && si->shared_info, "shared_info is a machine address");

	is((long)boot_cs, FLAT_KERNEL_CS, "CS at entry");
	is((long)boot_ss, FLAT_KERNEL_SS, "SS at entry");
	ok(!boot_seg[0] && !boot_seg[1] && !boot_seg[2] && !boot_seg[3],
	   "DS, ES, FS, GS are null");
	is((long)(boot_flags & 0x247fd5), 0x200, "RFLAGS: IF and nothing else");
	ok(boot_rsp > (u64)si && mapped(boot_rsp - 8) &&
	   (l1e_read((void *)(boot_rsp - 8)) & RW), "a stack that can be written");
	is(shared->vcpu_info[0].evtchn_upcall_mask, 1, "events are masked");
	/* Not 2, which vcpu_info[] has room for: only the first 32 exist. */
	ok(shared->vcpu_info[1].evtchn_upcall_mask == 1, "those of vcpu 1 too");

	/* Page tables: contiguous, read-only, and all of them in there. */
	for (u64 va = base; va < base + frames * PAGE; va += PAGE)
		bad += !mapped(va) || (l1e_read((void *)va) & RW);
	is((long)bad, 0, "page tables are mapped read-only");
	ok(base % PAGE == 0 && base >= (u64)_end, "page tables lie behind the image");
	bad = 0;
	/* To a boundary of 4 MiB, 512 KiB behind the stack or more. */
	region_end = (boot_rsp + 0x80000 + 0x3fffff) & ~0x3fffffUL;
	for (u64 va = VIRT_BASE; va < region_end; va += 1UL << 21) {
		for (int level = 1; level <= 4; level++) {
			u64 t = (u64)table_of(va, level);

			bad += t < base || t >= base + frames * PAGE;
		}
	}
	is((long)bad, 0, "every table of the region is among nr_pt_frames");

	/* The region: everything but the tables can be written. */
	bad = 0;
	for (u64 va = (u64)_image; va < region_end; va += PAGE) {
		if (va >= base && va < base + frames * PAGE)
			continue;
		bad += !mapped(va) || !(l1e_read((void *)va) & RW);
	}
	is((long)bad, 0, "the rest is writable, to a 4 MiB boundary past 512 KiB of slack");
	/* The two translations agree on all pages. */
	bad = 0;
	for (u64 pfn = 0; pfn < si->nr_pages; pfn++)
		bad += M2P[p2m[pfn]] != pfn;
	is((long)bad, 0, "m2p[p2m[pfn]] is pfn for all %lu pages", (u64)si->nr_pages);
	bad = 0;
	for (u64 va = (u64)_image; va < (u64)_end; va += PAGE)
		bad += va != (u64)shared &&	/* mapped by the runtime */
		       (l1e_read((void *)va) & ADDR) >> 12 != p2m[(va - VIRT_BASE) >> 12];
	is((long)bad, 0, "page tables and p2m agree on the image");
	ok(PROBE("movb $0, (%0)", :: "r"(M2P) : "memory") == 14,
	   "the m2p table cannot be written");
	ok(PROBE("movq (%0), %%rax", :: "r"(0xffff800000000000 + (1UL << 37)) : "rax") == 14,
	   "a hole of the m2p table faults to the guest");
	ok(PROBE("movq (%0), %%rax", :: "r"(0xffff830000000000) : "rax", "memory") == 14,
	   "the hypervisor's memory cannot be read");
	ok(PROBE("movq %%rax, (%0)", :: "r"(0xffff830000000000) : "rax", "memory") == 14,
	   "the hypervisor's memory cannot be written");
	is((long)si->mod_start, 0, "no module was given, none is there");
}
