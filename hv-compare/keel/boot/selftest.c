// SPDX-License-Identifier: GPL-2.0-or-later
/* R:13  Milliseconds of checks at every start: keel stops rather than limp. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/time.h>
#include <keel/trap.h>

void self_test(void);

static void test_heap(void)
{
	u64 before = heap_free_pages();
	struct page *a = heap_alloc(0), *b = heap_alloc(3), *c = heap_alloc(0);

	BUG_ON(!a || !b || !c || a == c || (page_to_mfn(b) & 7));
	BUG_ON(heap_free_pages() != before - 10);
	memset(page_to_virt(b), 0x5a, 8 * PAGE_SIZE);
	heap_free(a, 0);
	heap_free(c, 0);
	heap_free(b, 3);
	BUG_ON(heap_free_pages() != before);
	BUG_ON(heap_alloc(HEAP_MAX_ORDER + 1));
}

/* The rules of types, on frames that belong to nobody in particular. */
static void test_types(void)
{
	static struct domain d = { .refs = 1, .pages = NO_MFN, .orphans = NO_MFN,
				   .to_release = NO_MFN, .max_pages = 16 };
	struct page *pg = domain_alloc_page(&d), *l1 = domain_alloc_page(&d);
	u64 *t = page_to_virt(l1), old;

	BUG_ON(!pg || !l1 || d.tot_pages != 2);
	BUG_ON(get_page(pg, &dom_io));
	/* Writable excludes being a table, and the other way round. */
	BUG_ON(get_page_and_type(pg, &d, PT_WRITABLE));
	BUG_ON(!get_page_and_type(pg, &d, PT_L1));
	put_page_and_type(pg);
	t[0] = page_to_mfn(pg) << PAGE_SHIFT | PTE_P | PTE_RW;
	BUG_ON(get_page_and_type(l1, &d, PT_L1));
	BUG_ON(!(t[0] & PTE_US) || !get_page_and_type(l1, &d, PT_WRITABLE));
	/* The table's entry holds pg writable: it cannot become a table. */
	BUG_ON(!get_page_and_type(pg, &d, PT_L1));
	/* A table must not map itself writable; read-only is fine. */
	BUG_ON(!modify_entry(&d, l1, 1, page_to_mfn(l1) << PAGE_SHIFT | PTE_P | PTE_RW, &d, false));
	BUG_ON(modify_entry(&d, l1, 1, page_to_mfn(l1) << PAGE_SHIFT | PTE_P, &d, false));
	/* Frames that are not RAM, or keel's own. */
	BUG_ON(!modify_entry(&d, l1, 2, max_mfn << PAGE_SHIFT | PTE_P, &d, false));
	BUG_ON(!modify_entry(&d, l1, 2, virt_to_mfn(&d) << PAGE_SHIFT | PTE_P | PTE_RW, &d, false));
	old = t[0];
	BUG_ON(cmpxchg_l1(&d, l1, 0, &old, 0));
	BUG_ON(get_page_and_type(pg, &d, PT_L1));
	put_page_and_type(pg);
	BUG_ON(modify_entry(&d, l1, 1, 0, &d, false));
	put_page_and_type(l1);
	BUG_ON((l1->refs & PG_COUNT) != 1 || (pg->refs & PG_COUNT) != 1);
	get_page_again(pg);
	BUG_ON(!disown_page(&d, pg) || disown_page(&d, pg) || d.tot_pages != 2);
	put_page(pg);
	BUG_ON(!disown_all(&d, 16));
	BUG_ON(d.tot_pages || d.refs != 1);
}

static void test_faults(void)
{
	u8 buf[16];

	/* A fault in a guest copy is an error, not the end. */
	BUG_ON(copy_from_guest(buf, 0x1000, sizeof(buf)) != -EFAULT);
	BUG_ON(copy_from_guest(buf, HYP_START, 1) != -EFAULT);
	BUG_ON(copy_from_guest(buf, HYP_START - 8, 16) != -EFAULT);
	BUG_ON(copy_to_guest(~0UL - 7, buf, 16) != -EFAULT);
	BUG_ON(load_ds(0xfff8) != 1 || load_ds(0));
	BUG_ON(wrmsr_fixup(MSR_FS_BASE, 0) != 0);
}

static void test_time(void)
{
	u64 a = system_time(), b;

	delay_us(100);
	b = system_time();
	BUG_ON(b < a + 100000);
}

void self_test(void)
{
	test_heap();
	test_types();
	test_faults();
	test_time();
	printk("self tests passed\n");
}
