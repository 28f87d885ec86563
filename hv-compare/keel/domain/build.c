// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:65  The initial domain: its memory, the kernel in it, first page tables, and
 * what the kernel is told. The layout from VIRT_BASE on, in pages:
 *   kernel | initrd | p2m | start_info | console page | page tables | stack | room
 */
#include <keel/boot.h>
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/elf.h>
#include <keel/event.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/payload.h>
#include <xen/features.h>

#define SLACK (512UL << 10)	/* mapped room the kernel finds after its stack */

struct build {
	struct domain *d;
	struct keel_elf elf;
	struct keel_elf_notes notes;
	u64 base;		/* VIRT_BASE */
	u64 nr_pages;
	u64 *p2m;		/* keel's copy while building */
	/* page numbers from base */
	u64 initrd, initrd_pages, p2m_start, p2m_pages, info, console, pt, pt_pages, stack, end;
};

static void *page_va(const struct build *b, u64 pfn)
{
	return mfn_to_virt(b->p2m[pfn]);
}

/* Copies into the guest's pages, or clears if src is NULL; bounds were checked. */
static void put_bytes(const struct build *b, u64 pa, const void *src, u64 n)
{
	while (n) {
		u64 part = MIN(n, PAGE_SIZE - (pa & ~PAGE_MASK));
		u8 *dst = page_va(b, pa >> PAGE_SHIFT) + (pa & ~PAGE_MASK);

		if (src) {
			memcpy(dst, src, part);
			src += part;
		} else {
			memset(dst, 0, part);
		}
		pa += part;
		n -= part;
	}
}

static void parse_kernel(struct build *b, const void *image, u64 len)
{
	long size = keel_payload_size(image, len);
	const char *format = keel_payload_format(image, len);
	void *elf, *work;
	int rc;

	if (size < 0)
		panic("dom0: module 0 is not a kernel keel knows (error %ld)", -size);
	elf = kalloc(size, USE_SCRATCH, DOMID_XEN);
	work = kalloc(KEEL_PAYLOAD_WORK, USE_SCRATCH, DOMID_XEN);
	if (!elf || !work)
		panic("dom0: no %ld MiB of memory to unpack the kernel in", (size >> 20) + 35);
	rc = keel_payload_unpack(image, len, elf, size, work, KEEL_PAYLOAD_WORK);
	kfree(work, KEEL_PAYLOAD_WORK);
	if (rc)
		panic("dom0: the %s kernel cannot be unpacked (error %d)", format, -rc);
	rc = keel_elf_open(&b->elf, elf, size);
	if (!rc)
		rc = keel_elf_read_notes(&b->elf, &b->notes);
	if (rc)
		panic("dom0: the kernel's ELF image is damaged (error %d)", -rc);
	printk("dom0: %s kernel, %ld KiB, %s %s, physical %lx-%lx\n", format, size >> 10,
	       b->notes.guest_os, b->notes.guest_version, b->elf.paddr_start, b->elf.paddr_end);
	if (strncmp(b->notes.xen_version, "xen-3.0", 7) || !keel_elf_has(&b->notes, KEEL_NOTE_ENTRY))
		panic("dom0: the kernel has no notes for Xen: not a paravirtual guest");
	b->base = b->notes.virt_base;
	if (b->base & ~PAGE_MASK || !canonical(b->base) ||
	    (b->base >= HYP_START && b->base < HYP_END))
		panic("dom0: impossible VIRT_BASE %lx", b->base);
}

/* Tables that map `pages` pages from base: one L4, and as many as are touched. */
static u64 tables_for(u64 base, u64 pages)
{
	u64 last = base + (pages << PAGE_SHIFT) - 1, n = 1;

	for (unsigned int shift = 21; shift <= 39; shift += 9)
		n += (last >> shift) - (base >> shift) + 1;
	return n;
}

static void lay_out(struct build *b, u64 initrd_len)
{
	u64 pfn = (b->elf.paddr_end - b->notes.paddr_offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 n;

	b->initrd = pfn;
	b->initrd_pages = (initrd_len + PAGE_SIZE - 1) >> PAGE_SHIFT;
	pfn += b->initrd_pages;
	b->p2m_start = pfn;
	b->p2m_pages = (b->nr_pages * 8 + PAGE_SIZE - 1) >> PAGE_SHIFT;
	pfn += b->p2m_pages;
	b->info = pfn++;
	b->console = pfn++;
	b->pt = pfn;
	for (b->pt_pages = 4; ; b->pt_pages = n) {
		b->stack = b->pt + b->pt_pages;
		b->end = ALIGN_UP(((b->stack + 1) << PAGE_SHIFT) + SLACK + b->base, 4UL << 20) - b->base;
		b->end >>= PAGE_SHIFT;
		n = tables_for(b->base, b->end);
		if (n <= b->pt_pages)
			break;
	}
	if (b->end > b->nr_pages)
		panic("dom0: %lu MiB are not enough for kernel and initrd, %lu MiB at least",
		      b->nr_pages >> 8, (b->end >> 8) + 1);
}

/* All its frames, the biggest pieces first, so that most of it is contiguous. */
static void allocate(struct build *b)
{
	unsigned int order = HEAP_MAX_ORDER;
	u64 done = 0;

	while (done < b->nr_pages) {
		struct page *pg;

		while (1UL << order > b->nr_pages - done)
			order--;
		pg = domain_alloc_pages(b->d, order);
		if (!pg) {
			if (!order)
				panic("dom0: memory is short, only %lu MiB", done >> 8);
			order--;
			continue;
		}
		for (u64 i = 0; i < 1UL << order; i++) {
			b->p2m[done] = page_to_mfn(pg) + i;
			m2p[b->p2m[done]] = done;
			done++;
		}
	}
}

/* Page tables are mapped read-only from the first: they are page tables. */
static void make_tables(struct build *b)
{
	u64 flags = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D, next = b->pt + 1;
	u64 *l4 = page_va(b, b->pt);

	for (u64 i = 0; i < b->end; i++) {
		u64 va = b->base + (i << PAGE_SHIFT), *t = l4, e;

		for (unsigned int shift = 39; shift >= 21; shift -= 9) {
			u64 *p = t + (va >> shift & 511);

			if (!(*p & PTE_P))
				*p = b->p2m[next++] << PAGE_SHIFT | flags;
			t = mfn_to_virt(PTE_MFN(*p));
		}
		e = b->p2m[i] << PAGE_SHIFT | flags;
		if (i >= b->pt && i < b->pt + b->pt_pages)
			e &= ~PTE_RW;
		t[L1_INDEX(va)] = e;
	}
	BUG_ON(next > b->pt + b->pt_pages);
}

static void start_info(struct build *b, const char *args, u64 initrd_len)
{
	struct start_info *si = page_va(b, b->info);
	struct domain *d = b->d;

	keel_snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64%s",
		      !strncmp(b->notes.pae_mode, "yes", 3) ? "p" : "");
	si->nr_pages = b->nr_pages;
	si->shared_info = virt_to_mfn(d->shared_info) << PAGE_SHIFT;
	if (d->privileged) {
		si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	} else {
		d->console_mfn = b->p2m[b->console];
		get_page_again(mfn_to_page(d->console_mfn));
		BUG_ON(get_page_type(mfn_to_page(d->console_mfn), PT_WRITABLE));
		consring_create(d);
		si->console.domU.mfn = d->console_mfn;
		si->console.domU.evtchn = d->console_port;
	}
	si->pt_base = b->base + (b->pt << PAGE_SHIFT);
	si->nr_pt_frames = b->pt_pages;
	si->mfn_list = b->base + (b->p2m_start << PAGE_SHIFT);
	if (initrd_len) {
		si->mod_start = b->base + (b->initrd << PAGE_SHIFT);
		si->mod_len = initrd_len;
		if (b->notes.mod_start_pfn) {
			si->mod_start = b->initrd;
			si->flags |= SIF_MOD_START_PFN;
		}
	}
	keel_snprintf((char *)si->cmd_line, sizeof(si->cmd_line), "%s", args);
}

struct domain *build_initial_domain(const void *image, u64 len, const char *args,
				    const void *initrd, u64 initrd_len)
{
	struct build b = { 0 };
	const char *opt = option_value("dom0_mem"), *vcpus = option_value("dom0_max_vcpus");
	bool priv = !option_flag("dom0_unprivileged");
	struct keel_elf_seg seg;
	unsigned int it = 0, nr;
	u64 reserve, hcall;
	struct vcpu *v;

	parse_kernel(&b, image, len);
	if (priv && b.notes.supported_features &&
	    !(b.notes.supported_features >> XENFEAT_dom0 & 1))
		panic("dom0: this kernel cannot be a privileged domain");
	b.d = domain_create(0, priv);
	if (!b.d)
		panic("dom0: no memory for the domain");
	nr = vcpus ? parse_size(vcpus) : nr_cpus;
	for (unsigned int i = 0; i < MIN(MAX(nr, 1U), (unsigned int)MAX_VCPUS); i++)
		if (!vcpu_create(b.d, i))
			panic("dom0: no memory for vCPU %u", i);

	/* A sixteenth stays, and 16 MiB at least, for keel and what it lends. */
	reserve = MAX(heap_free_pages() / 16, 4096UL);
	b.nr_pages = opt ? parse_size(opt) >> PAGE_SHIFT : heap_free_pages() - reserve;
	if (b.nr_pages > heap_free_pages() - MIN(reserve, heap_free_pages()) + reserve / 2)
		panic("dom0: dom0_mem is more than the %lu MiB there are", heap_free_pages() >> 8);
	lay_out(&b, initrd_len);
	b.p2m = kalloc(b.nr_pages * 8, USE_SCRATCH, DOMID_XEN);
	if (!b.p2m)
		panic("dom0: no memory for a table of %lu pages", b.nr_pages);
	allocate(&b);
	b.d->max_pages = b.nr_pages;
	b.d->controller_paused = false;

	while (keel_elf_next(&b.elf, &it, &seg)) {
		u64 pa = seg.paddr - b.notes.paddr_offset;

		put_bytes(&b, pa, seg.data, seg.filesz);
		put_bytes(&b, pa + seg.filesz, NULL, seg.memsz - seg.filesz);
	}
	if (initrd_len)
		put_bytes(&b, b.initrd << PAGE_SHIFT, initrd, initrd_len);
	put_bytes(&b, b.p2m_start << PAGE_SHIFT, b.p2m, b.nr_pages * 8);
	hcall = b.notes.hypercall_page - b.base;
	if (keel_elf_has(&b.notes, KEEL_NOTE_HYPERCALL_PAGE)) {
		if (hcall & ~PAGE_MASK || hcall >> PAGE_SHIFT >= b.end)
			panic("dom0: the hypercall page is outside the kernel");
		hypercall_page_fill(page_va(&b, hcall >> PAGE_SHIFT));
	}
	start_info(&b, args, initrd_len);
	make_tables(&b);

	v = b.d->vcpu[0];
	v->guest_table = b.p2m[b.pt];
	spin_lock(&b.d->pt_lock);
	/* Once for being in use, once for being pinned. */
	if (get_page_and_type(mfn_to_page(v->guest_table), b.d, PT_L4) ||
	    get_page_and_type(mfn_to_page(v->guest_table), b.d, PT_L4))
		panic("dom0: its first page tables are not valid");
	__atomic_or_fetch(&mfn_to_page(v->guest_table)->type, PT_PINNED, __ATOMIC_SEQ_CST);
	spin_unlock(&b.d->pt_lock);

	v->kernel_mode = true;
	v->initialised = true;
	v->regs.rip = b.notes.entry;
	v->regs.rsp = b.base + ((b.stack + 1) << PAGE_SHIFT);
	v->regs.rsi = b.base + (b.info << PAGE_SHIFT);
	v->regs.rflags = EFLAGS_IF | EFLAGS_MBS;
	v->regs.cs = GUEST_CS64;
	v->regs.ss = GUEST_DS;
	fpu_init(v->fpu);
	v->pause &= ~PAUSE_DOWN;

	printk("dom0: %lu MiB, %u vCPUs, mapped %lx-%lx, entry %lx%s\n", b.nr_pages >> 8,
	       b.d->nr_vcpus, b.base, b.base + (b.end << PAGE_SHIFT), b.notes.entry,
	       priv ? "" : ", unprivileged");
	kfree(b.p2m, b.nr_pages * 8);
	kfree((void *)b.elf.img, b.elf.len);
	return b.d;
}
