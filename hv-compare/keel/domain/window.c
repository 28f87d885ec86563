// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:62  Segment descriptors. The processor reads a guest's GDT and LDT through
 * windows in slot 257, a fixed place per vCPU: pages 0-13 the guest's frames,
 * page 14 the processor's own (it changes with the CPU), pages 16-31 the LDT.
 * What is not there is a page of zeros, so that a bad selector faults as on
 * bare hardware.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>

#define DESC_P (1UL << 47)
#define DESC_S (1UL << 44)
#define DESC_DPL (3UL << 45)

static u8 zero_page[PAGE_SIZE]
	__attribute__((aligned(4096), section(".bss.page,\"aw\",@nobits#")));

static u64 *window_pte(const struct vcpu *v, unsigned int page)
{
	return v->domain->perdom_l1[v->id / 16] + (v->id % 16) * 32 + page;
}

/* Local TLB only: the window of a vCPU is used on the CPU it runs on. */
void window_set(struct vcpu *v, unsigned int page, u64 mfn)
{
	u64 va = window_gdt(v) + page * PAGE_SIZE;

	if (!mfn)
		mfn = virt_to_mfn(zero_page);
	*window_pte(v, page) = mfn << PAGE_SHIFT | PTE_P | PTE_RW | PTE_NX | PTE_A | PTE_D;
	invlpg(va);
}

u64 window_gdt(const struct vcpu *v)
{
	return PERDOM_VIRT + v->id * PERDOM_VCPU_SIZE;
}

int window_create(struct domain *d, unsigned int id)
{
	u64 *l2;

	/* One that could not be made whole is made whole by the next try. */
	if (!d->perdom_l3) {
		d->perdom_l3 = page_alloc(USE_VCPU, d->id);
		if (!d->perdom_l3)
			return -ENOMEM;
	}
	if (!d->perdom_l3[0]) {
		l2 = page_alloc(USE_VCPU, d->id);
		if (!l2)
			return -ENOMEM;
		d->perdom_l3[0] = virt_to_mfn(l2) << PAGE_SHIFT | PTE_P | PTE_RW | PTE_A;
	}
	l2 = mfn_to_virt(PTE_MFN(d->perdom_l3[0]));
	if (!d->perdom_l1[id / 16]) {
		d->perdom_l1[id / 16] = page_alloc(USE_VCPU, d->id);
		if (!d->perdom_l1[id / 16])
			return -ENOMEM;
		l2[id / 16] = virt_to_mfn(d->perdom_l1[id / 16]) << PAGE_SHIFT |
			      PTE_P | PTE_RW | PTE_A;
	}
	for (unsigned int i = 0; i < 32; i++)
		d->perdom_l1[id / 16][(id % 16) * 32 + i] = virt_to_mfn(zero_page) << PAGE_SHIFT |
			PTE_P | PTE_RW | PTE_NX | PTE_A | PTE_D;
	return 0;
}

/*
 * A descriptor a guest may have: absent, or code or data, which is moved to ring
 * 3. Gates, task segments and tables are keel's alone.
 */
bool descriptor_ok(u64 *desc)
{
	u64 e = *desc;

	if (!(e & DESC_P))
		return true;
	if (!(e & DESC_S))
		return false;
	/* A conforming code segment could be entered from anywhere: still ring 3. */
	if ((e & DESC_DPL) != DESC_DPL)
		*desc = e | DESC_DPL;
	return true;
}

static void drop_frames(u64 *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (frames[i]) {
			put_page_and_type(mfn_to_page(frames[i]));
			frames[i] = 0;
		}
}

/* `entries` descriptors in frames[]; replaces what was there. 0 or -EINVAL. */
int set_gdt_frames(struct vcpu *v, const u64 *frames, unsigned int entries)
{
	unsigned int n = (entries + 511) / 512, i;
	struct domain *d = v->domain;

	if (entries > GDT_RESERVED_PAGE * 512)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!mfn_is_ram(frames[i]) ||
		    get_page_and_type(mfn_to_page(frames[i]), d, PT_SEG))
			break;
	if (i < n) {
		while (i--)
			put_page_and_type(mfn_to_page(frames[i]));
		return -EINVAL;
	}
	for (i = 0; i < GDT_RESERVED_PAGE; i++)
		window_set(v, i, i < n ? frames[i] : 0);
	drop_frames(v->gdt_frames, GDT_RESERVED_PAGE);
	for (i = 0; i < n; i++)
		v->gdt_frames[i] = frames[i];
	v->gdt_entries = entries;
	return 0;
}

/* The LDT at guest address va, whose pages must be mapped now. */
int set_ldt(struct vcpu *v, u64 va, unsigned int entries)
{
	unsigned int n = (entries + 511) / 512, i, index;
	struct domain *d = v->domain;
	u64 frames[16] = { 0 }, e;
	struct page *table;

	if (entries > 8192 || va & ~PAGE_MASK)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		table = find_l1(v, va + i * PAGE_SIZE, &index);
		e = table ? READ_ONCE(((u64 *)page_to_virt(table))[index]) : 0;
		if (!(e & PTE_P) || !mfn_is_ram(PTE_MFN(e)) ||
		    get_page_and_type(mfn_to_page(PTE_MFN(e)), d, PT_SEG)) {
			drop_frames(frames, i);
			return -EINVAL;
		}
		frames[i] = PTE_MFN(e);
	}
	lldt(0);
	for (i = 0; i < 16; i++)
		window_set(v, 16 + i, frames[i]);
	drop_frames(v->ldt_frames, 16);
	memcpy(v->ldt_frames, frames, sizeof(frames));
	v->ldt_va = va;
	v->ldt_entries = entries;
	if (v == this_cpu()->loaded) {
		/* The descriptor is in the CPU's page of the GDT. */
		u64 base = window_gdt(v) + 16 * PAGE_SIZE, limit = entries * 8 - 1;
		u64 *desc = this_cpu()->gdt + (KEEL_LDT - GDT_RESERVED_BYTE) / 8;

		if (entries) {
			desc[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x82UL << 40 |
				  (limit >> 16 & 15) << 48 | (base >> 24 & 0xff) << 56;
			desc[1] = base >> 32;
			lldt(KEEL_LDT);
		}
	}
	return 0;
}

void window_release(struct vcpu *v)
{
	drop_frames(v->gdt_frames, GDT_RESERVED_PAGE);
	drop_frames(v->ldt_frames, 16);
}

void window_destroy(struct domain *d)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(d->perdom_l1); i++)
		page_free(d->perdom_l1[i]);
	if (d->perdom_l3 && d->perdom_l3[0])
		page_free(mfn_to_virt(PTE_MFN(d->perdom_l3[0])));
	page_free(d->perdom_l3);
}

long do_set_gdt(u64 uframes, u64 entries, u64 a3, u64 a4, u64 a5)
{
	u64 frames[GDT_RESERVED_PAGE];

	if (entries > GDT_RESERVED_PAGE * 512)
		return -EINVAL;
	if (copy_from_guest(frames, uframes, (entries + 511) / 512 * 8))
		return -EFAULT;
	return set_gdt_frames(current_vcpu(), frames, entries);
}

long do_update_descriptor(u64 maddr, u64 desc, u64 a3, u64 a4, u64 a5)
{
	struct domain *d = current_vcpu()->domain;
	u64 mfn = maddr >> PAGE_SHIFT;
	struct page *pg;
	long rc = -EINVAL;

	if (maddr & 7 || !mfn_is_ram(mfn) || !descriptor_ok(&desc))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!get_page(pg, d))
		return -EINVAL;
	/* Descriptors in use, or a page that may become a table of them later. */
	if (!get_page_type(pg, (pg->type & PT_TYPE) == PT_SEG ? PT_SEG : PT_WRITABLE)) {
		WRITE_ONCE(*(u64 *)(page_to_virt(pg) + (maddr & ~PAGE_MASK)), desc);
		put_page_type(pg);
		rc = 0;
	}
	put_page(pg);
	return rc;
}
