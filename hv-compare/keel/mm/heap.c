// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:41  The frame allocator: first a bump allocator over the memory map, then
 * buddy lists (Knowlton 1965) threaded through struct page. A free block is
 * known by its first frame: free_order[] there; bit map "used" is not needed
 * since a frame's page tells.
 */
#include <keel/console.h>
#include <keel/lib.h>
#include <keel/mm.h>

struct page *frame_table;
u64 max_mfn;
u64 *m2p;

static struct spinlock heap_lock;
static u32 free_list[HEAP_MAX_ORDER + 1];
static u64 free_pages, total_pages;
/* Per frame: order + 1 when it starts a free block, RAM bit. */
static u8 *frame_state;
#define FS_RAM 0x80
#define FS_ORDER 0x1f

/* ---- before the heap ---- */

static struct range { u64 start, end; } reserved[16];
static unsigned int nr_reserved;

void boot_reserve(u64 start, u64 end)
{
	BUG_ON(nr_reserved == ARRAY_SIZE(reserved));
	reserved[nr_reserved++] = (struct range){ start & PAGE_MASK, ALIGN_UP(end, PAGE_SIZE) };
}

/* The end of a reserved range that [start, end) runs into, or 0. */
static u64 hits_reserved(u64 start, u64 end)
{
	for (unsigned int i = 0; i < nr_reserved; i++)
		if (start < reserved[i].end && end > reserved[i].start)
			return reserved[i].end;
	return 0;
}

/*
 * Early tables come from the top of the usable range of memory below 4 GiB (what
 * boot.S maps), from low addresses upwards, stepping over what is reserved.
 */
void *boot_alloc(u64 pages, u64 align_pages)
{
	u64 size = pages << PAGE_SHIFT, align = align_pages << PAGE_SHIFT;

	for (unsigned int i = 0; i < e820_count; i++) {
		u64 start = e820[i].addr, end = e820[i].addr + e820[i].size, hit;

		if (e820[i].type != E820_RAM || start >= 1UL << 32)
			continue;
		end = MIN(end, 1UL << 32);
		start = MAX(start, 1UL << 20);
		for (start = ALIGN_UP(start, align); start + size <= end;
		     start = ALIGN_UP(hit, align)) {
			hit = hits_reserved(start, start + size);
			if (!hit) {
				boot_reserve(start, start + size);
				/* Neighbours become one entry, so the table stays small. */
				if (nr_reserved > 1)
					for (unsigned int j = 0; j < nr_reserved - 1; j++)
						if (reserved[j].end == start) {
							reserved[j].end = start + size;
							nr_reserved--;
							break;
						}
				memset(phys_to_virt(start), 0, size);
				return phys_to_virt(start);
			}
		}
	}
	panic("boot: not enough memory below 4 GiB for a table of %lu KiB", size >> 10);
}

/* ---- the heap ---- */

bool mfn_is_ram(u64 mfn)
{
	return mfn < max_mfn && frame_state[mfn] & FS_RAM;
}

static void list_push(u32 mfn, unsigned int order)
{
	struct page *pg = mfn_to_page(mfn);

	pg->next = free_list[order];
	pg->prev = NO_MFN;
	if (pg->next != NO_MFN)
		mfn_to_page(pg->next)->prev = mfn;
	free_list[order] = mfn;
	frame_state[mfn] = (frame_state[mfn] & ~FS_ORDER) | (order + 1);
}

static void list_del(u32 mfn, unsigned int order)
{
	struct page *pg = mfn_to_page(mfn);

	if (pg->prev == NO_MFN)
		free_list[order] = pg->next;
	else
		mfn_to_page(pg->prev)->next = pg->next;
	if (pg->next != NO_MFN)
		mfn_to_page(pg->next)->prev = pg->prev;
	frame_state[mfn] &= ~FS_ORDER;
}

void heap_free(struct page *pg, unsigned int order)
{
	u64 mfn = page_to_mfn(pg);

	spin_lock(&heap_lock);
	free_pages += 1UL << order;
	while (order < HEAP_MAX_ORDER) {
		u64 buddy = mfn ^ (1UL << order);

		if (buddy >= max_mfn || (frame_state[buddy] & FS_ORDER) != order + 1)
			break;
		list_del(buddy, order);
		mfn &= ~(1UL << order);
		order++;
	}
	list_push(mfn, order);
	spin_unlock(&heap_lock);
}

void heap_free_range(u64 start, u64 end)
{
	while (start < end) {
		unsigned int order = 0;

		while (order < HEAP_MAX_ORDER && !(start & ((2UL << order) - 1)) &&
		       start + (2UL << order) <= end)
			order++;
		heap_free(mfn_to_page(start), order);
		start += 1UL << order;
	}
}

struct page *heap_alloc(unsigned int order)
{
	unsigned int o;
	u32 mfn;

	if (order > HEAP_MAX_ORDER)
		return NULL;
	spin_lock(&heap_lock);
	for (o = order; o <= HEAP_MAX_ORDER && free_list[o] == NO_MFN; o++)
		;
	if (o > HEAP_MAX_ORDER) {
		spin_unlock(&heap_lock);
		return NULL;
	}
	mfn = free_list[o];
	list_del(mfn, o);
	while (o > order) {
		o--;
		list_push(mfn + (1U << o), o);
	}
	free_pages -= 1UL << order;
	for (u64 i = 0; i < 1UL << order; i++)
		mfn_to_page(mfn + i)->next = USE_PASSING;
	spin_unlock(&heap_lock);
	return mfn_to_page(mfn);
}

u64 heap_walk(void (*seen)(struct page *pg, u64 n, bool free), u64 *counted)
{
	u64 frames = 0, n;

	spin_lock(&heap_lock);
	for (u64 mfn = 0; mfn < max_mfn; mfn += n) {
		unsigned int order = frame_state[mfn] & FS_ORDER;

		n = order ? 1UL << (order - 1) : 1;
		if (!(frame_state[mfn] & FS_RAM))
			continue;
		frames += n;
		seen(mfn_to_page(mfn), n, order);
	}
	*counted = free_pages;
	spin_unlock(&heap_lock);
	return frames;
}

u64 heap_free_pages(void) { return READ_ONCE(free_pages); }
u64 heap_total_pages(void) { return total_pages; }

void *page_alloc(enum frame_use use, u32 of)
{
	return kalloc(PAGE_SIZE, use, of);
}

void page_free(void *va)
{
	if (va)
		heap_free(virt_to_page(va), 0);
}

/* keel allocates few and long-lived objects: whole pages do. */
static unsigned int size_order(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

void *kalloc(size_t size, enum frame_use use, u32 of)
{
	unsigned int order = size_order(size);
	struct page *pg = heap_alloc(order);

	if (!pg)
		return NULL;
	for (u64 i = 0; i < 1UL << order; i++) {
		/* It may have been a guest's, who may still have it in a TLB. */
		tlb_flush_older(pg[i].stamp);
		pg[i].prev = of;
		pg[i].next = use;
	}
	memset(page_to_virt(pg), 0, PAGE_SIZE << order);
	return page_to_virt(pg);
}

void kfree(void *p, size_t size)
{
	if (p)
		heap_free(virt_to_page(p), size_order(size));
}

/* The frame table, then every usable frame that nobody took onto the lists. */
void heap_init(void)
{
	for (unsigned int i = 0; i <= HEAP_MAX_ORDER; i++)
		free_list[i] = NO_MFN;
	for (unsigned int i = 0; i < e820_count; i++)
		if (e820[i].type == E820_RAM)
			max_mfn = MAX(max_mfn, (e820[i].addr + e820[i].size) >> PAGE_SHIFT);
	max_mfn = MIN(max_mfn, DIRECTMAP_SIZE >> PAGE_SHIFT);
	frame_table = boot_alloc(ALIGN_UP(max_mfn * sizeof(struct page), PAGE_SIZE) >> PAGE_SHIFT, 1);
	frame_state = boot_alloc(ALIGN_UP(max_mfn, PAGE_SIZE) >> PAGE_SHIFT, 1);
	/* Whole 2 MiB chunks: guests and tools map it chunk by chunk. */
	m2p = boot_alloc(ALIGN_UP(max_mfn * 8, 1UL << 21) >> PAGE_SHIFT, 512);
	memset(m2p, 0xff, ALIGN_UP(max_mfn * 8, 1UL << 21));
}

/* Second half, once paging_init() took its tables and mapped all memory. */
void heap_fill(void);
void heap_fill(void)
{
	for (unsigned int i = 0; i < e820_count; i++) {
		u64 pa = ALIGN_UP(e820[i].addr, PAGE_SIZE);
		u64 end = (e820[i].addr + e820[i].size) & PAGE_MASK;

		if (e820[i].type != E820_RAM)
			continue;
		/* The first MiB belongs to firmware and start-up code. */
		pa = MAX(pa, 1UL << 20);
		end = MIN(end, max_mfn << PAGE_SHIFT);
		for (u64 p = pa; p < end; p += PAGE_SIZE)
			frame_state[p >> PAGE_SHIFT] |= FS_RAM;
		while (pa < end) {
			u64 stop = end, hit = 0;

			for (unsigned int j = 0; j < nr_reserved; j++) {
				if (reserved[j].start <= pa && reserved[j].end > pa)
					hit = MAX(hit, reserved[j].end);
				else if (reserved[j].start > pa)
					stop = MIN(stop, reserved[j].start);
			}
			if (hit) {
				pa = hit;
				continue;
			}
			heap_free_range(pa >> PAGE_SHIFT, stop >> PAGE_SHIFT);
			pa = stop;
		}
	}
	total_pages = free_pages;
}
