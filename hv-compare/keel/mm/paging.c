// SPDX-License-Identifier: GPL-2.0-or-later
/* R:42  keel's own address space, and its share of everybody else's. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>

extern char __text_start[], __rodata_start[], __data_start[], __image_end[];

u64 idle_cr3;
static u64 *idle_l4;
static u64 *ioremap_l3;

/* Early, memory comes from boot_alloc(); later (ioremap) from the heap. */
static bool heap_ready;

static u64 *new_table(void)
{
	u64 *t = heap_ready ? page_alloc(USE_TABLES, DOMID_XEN) : boot_alloc(1, 1);

	if (!t)
		panic("paging: no memory for a table");
	return t;
}

static u64 *next_table(u64 *entry, u64 flags)
{
	if (!(*entry & PTE_P))
		*entry = virt_to_mfn(new_table()) << PAGE_SHIFT | PTE_P | PTE_RW | flags;
	return mfn_to_virt(PTE_MFN(*entry));
}

/* Maps [va, va + size) to pa with pages of 4 KiB, or 2 MiB where PTE_PS is given. */
static void map(u64 va, u64 pa, u64 size, u64 flags)
{
	u64 step = flags & PTE_PS ? 1UL << 21 : PAGE_SIZE;
	u64 us = flags & PTE_US;

	for (u64 end = va + size; va < end; va += step, pa += step) {
		u64 *l3 = next_table(&idle_l4[L4_INDEX(va)], us);
		u64 *l2 = next_table(&l3[L3_INDEX(va)], us);

		if (flags & PTE_PS) {
			l2[L2_INDEX(va)] = pa | flags;
		} else {
			u64 *l1 = next_table(&l2[L2_INDEX(va)], us);

			l1[L1_INDEX(va)] = pa | flags;
		}
	}
}

static void map_image(const char *start, const char *end, u64 flags)
{
	map((u64)start, (u64)start - IMAGE_VIRT, end - start, flags | PTE_P | PTE_G);
}

void paging_init(void)
{
	u64 data = PTE_P | PTE_RW | PTE_NX | PTE_G | PTE_A | PTE_D;

	idle_l4 = boot_alloc(1, 1);
	/*
	 * The direct map covers RAM only: a stray pointer into device memory or
	 * a hole faults. keel's text is not writable through it either way it
	 * would take ring 0 to use it.
	 */
	for (unsigned int i = 0; i < e820_count; i++) {
		u64 start = e820[i].addr & ~((1UL << 21) - 1);
		u64 end = ALIGN_UP(e820[i].addr + e820[i].size, 1UL << 21);

		/* ACPI tables are read through it, too: types 3 and 4. */
		if (e820[i].type == E820_RAM || e820[i].type == 3 || e820[i].type == 4)
			map(DIRECTMAP_VIRT + start, start, end - start, data | PTE_PS);
	}
	/* The BIOS area, where the ACPI root pointer lies. */
	map(DIRECTMAP_VIRT, 0, 1UL << 21, data | PTE_PS);

	map_image(__text_start, __rodata_start, 0);
	map_image(__rodata_start, __data_start, PTE_NX);
	map_image(__data_start, __image_end, PTE_NX | PTE_RW);

	/* Guests read this one, in ring 3. */
	map(M2P_VIRT, virt_to_mfn(m2p) << PAGE_SHIFT, ALIGN_UP(max_mfn * 8, 1UL << 21),
	    PTE_P | PTE_US | PTE_NX | PTE_PS | PTE_G | PTE_A);

	ioremap_l3 = next_table(&idle_l4[L4_SLOT_IOREMAP], 0);

	idle_cr3 = virt_to_mfn(idle_l4) << PAGE_SHIFT;
	write_cr3(idle_cr3);
	heap_ready = true;
}

void l4_fill_hyp_slots(u64 *l4, const struct domain *d)
{
	memcpy(l4 + L4_SLOT_FIRST, idle_l4 + L4_SLOT_FIRST,
	       (L4_SLOT_LAST - L4_SLOT_FIRST + 1) * 8);
	if (d->perdom_l3)
		l4[L4_SLOT_PERDOM] = virt_to_mfn(d->perdom_l3) << PAGE_SHIFT | PTE_P | PTE_RW;
}

volatile void *ioremap(u64 pa, u64 size)
{
	static u64 next = IOREMAP_VIRT;
	u64 off = pa & ~PAGE_MASK, va = next;

	size = ALIGN_UP(size + off, PAGE_SIZE);
	map(va, pa & PAGE_MASK, size,
	    PTE_P | PTE_RW | PTE_NX | PTE_PCD | PTE_PWT | PTE_G | PTE_A | PTE_D);
	next += size;
	return (volatile void *)(va + off);
}
