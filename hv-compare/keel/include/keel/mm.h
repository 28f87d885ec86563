/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:40  Frames, who owns them, and what they are used for. */
#ifndef KEEL_MM_H
#define KEEL_MM_H

#include <keel/layout.h>
#include <keel/lock.h>
#include <keel/types.h>

struct domain;
struct vcpu;

/* ---- page table entries ---- */
#define PTE_P (1UL << 0)
#define PTE_RW (1UL << 1)
#define PTE_US (1UL << 2)
#define PTE_PWT (1UL << 3)
#define PTE_PCD (1UL << 4)
#define PTE_A (1UL << 5)
#define PTE_D (1UL << 6)
#define PTE_PS (1UL << 7)	/* in an L1 entry: PAT */
#define PTE_G (1UL << 8)
#define PTE_NX (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL
#define PTE_FLAGS(e) ((e) & ~PTE_ADDR)
#define PTE_MFN(e) (((e) & PTE_ADDR) >> PAGE_SHIFT)
#define L1_INDEX(va) ((va) >> 12 & 511)
#define L2_INDEX(va) ((va) >> 21 & 511)
#define L3_INDEX(va) ((va) >> 30 & 511)
#define L4_INDEX(va) ((va) >> 39 & 511)

/* ---- one per machine frame ---- */
#define PT_SHIFT 61
#define PT_TYPE (7UL << PT_SHIFT)
#define PT_NONE 0UL
#define PT_L1 (1UL << PT_SHIFT)
#define PT_L2 (2UL << PT_SHIFT)
#define PT_L3 (3UL << PT_SHIFT)
#define PT_L4 (4UL << PT_SHIFT)
#define PT_SEG (5UL << PT_SHIFT)	/* descriptors */
#define PT_WRITABLE (7UL << PT_SHIFT)
#define PT_VALIDATED (1UL << 60)	/* contents checked, refs of entries held */
#define PT_PINNED (1UL << 59)
#define PT_PARTIAL (1UL << 58)	/* a table whose check will go on: see get_page_type() */
#define PT_COUNT 0xffffffffUL
#define PT_LEVEL(t) ((unsigned int)((t) >> PT_SHIFT))	/* 1..4 for tables */

#define PG_ALLOCATED (1U << 31)		/* the owner's own reference */
#define PG_XEN (1U << 30)		/* keel's, shared with the owner: not on its list */
#define PG_COUNT 0x3fffffffU

/*
 * type: use of the frame and how many users, changed by compare-and-swap. A
 * count above 0 fixes the type; only the owner's pt_lock holder turns a frame
 * into a table or back. refs: how many may reach it at all; the one who drops
 * it to 0 frees the frame. owner changes only while refs is 0.
 */
struct page {
	u64 type;
	u32 refs;
	/*
	 * In use by nobody: the flush clock when last a writable or a table ended. A table:
	 * if PT_PARTIAL how many entries are checked; if on domain.to_release the next one.
	 */
	u32 stamp;
	struct domain *owner;	/* NULL: free or keel's */
	/*
	 * Free: the free list. A guest's: its owner's list. Else next is what keel uses it
	 * for (enum frame_use) and prev the domain that it is for.
	 */
	u32 next, prev;
};
_Static_assert(sizeof(struct page) == 32, "struct page");

#define NO_MFN 0xffffffffU
#define INVALID_MFN (~0UL)
#define INVALID_M2P (~0UL)

extern struct page *frame_table;
extern u64 max_mfn;		/* frames below it have a struct page */
extern u64 *m2p;		/* writable view */

static inline struct page *mfn_to_page(u64 mfn) { return frame_table + mfn; }
static inline u64 page_to_mfn(const struct page *p) { return p - frame_table; }
static inline void *mfn_to_virt(u64 mfn) { return (void *)(DIRECTMAP_VIRT + (mfn << PAGE_SHIFT)); }
static inline void *phys_to_virt(u64 pa) { return (void *)(DIRECTMAP_VIRT + pa); }
static inline void *page_to_virt(const struct page *p) { return mfn_to_virt(page_to_mfn(p)); }
static inline u64 virt_to_mfn(const void *v)
{
	u64 va = (u64)v;

	return (va >= DIRECTMAP_VIRT ? va - DIRECTMAP_VIRT : va - IMAGE_VIRT) >> PAGE_SHIFT;
}
static inline struct page *virt_to_page(const void *v) { return mfn_to_page(virt_to_mfn(v)); }

/* What keel uses frames for that are neither free nor a guest's to fill. */
enum frame_use {
	USE_BOOT,	/* never the heap's: image, frame table, first page tables */
	USE_PASSING,	/* taken, or given back, this moment */
	USE_TABLES,	/* keel's own page tables made later */
	USE_SCRATCH,	/* for the length of a call */
	/* Those are keel's; these are for a domain. */
	USE_DOMAIN,	/* struct domain, and the page it shares with keel */
	USE_VCPU,	/* its vCPUs, their FPU state, their windows for descriptors */
	USE_EVENTS,	/* its event ports */
	USE_GRANTS,	/* its grant table, and who uses what of it */
	USE_MAPPINGS,	/* handles for grants of others that it maps */
	USE_IOPORTS,	/* which ports it may touch */
	NR_USES
};

/* RAM that keel manages (its own frames too; see page.owner). */
bool mfn_is_ram(u64 mfn);

/* ---- boot/e820.c: the machine's memory map ---- */
#define E820_MAX 64
struct e820_entry { u64 addr, size; u32 type; } __attribute__((packed));
#define E820_RAM 1
extern struct e820_entry e820[E820_MAX];
extern unsigned int e820_count;

/* ---- mm/heap.c: frames ---- */
/* Before heap_init(): zeroed contiguous frames that are never freed; panics. */
void *boot_alloc(u64 pages, u64 align_pages);
void boot_reserve(u64 start, u64 end);		/* bytes; before the first boot_alloc */
void heap_init(void);
/* 2^order frames, contents undefined, refs 0, no owner, USE_PASSING; or NULL. */
struct page *heap_alloc(unsigned int order);
void heap_free(struct page *pg, unsigned int order);
void heap_free_range(u64 start_mfn, u64 end_mfn);
u64 heap_free_pages(void);
u64 heap_total_pages(void);
/*
 * Every frame of RAM once: `free` says whether the n frames from pg on are. heap_lock
 * is held, so nothing is taken or given back meanwhile. Returns how many there are;
 * *counted is what heap_free_pages() says then.
 */
u64 heap_walk(void (*seen)(struct page *pg, u64 n, bool free), u64 *counted);
#define HEAP_MAX_ORDER 18
/*
 * Zeroed memory of keel's own in whole pages, by its direct-map address, for domain
 * `of` (DOMID_XEN: for none); NULL when there is none. Freed with the size it was
 * asked with. What it is for is counted by memory_census().
 */
void *kalloc(size_t size, enum frame_use use, u32 of);
void kfree(void *p, size_t size);
/* One page of it. */
void *page_alloc(enum frame_use use, u32 of);
void page_free(void *va);

/* ---- mm/census.c: where all frames are ---- */
/* Prints it, and what does not add up. */
void memory_census(void);

/* ---- mm/paging.c: keel's own address space ---- */
extern u64 idle_cr3;
void paging_init(void);
/* The 16 slots every L4 gets; l4 is a table of the domain (perdom may be 0). */
void l4_fill_hyp_slots(u64 *l4, const struct domain *d);
/* Maps device registers uncached; never unmapped. */
volatile void *ioremap(u64 pa, u64 size);

/* ---- mm/tlb.c ---- */
/* The clock to stamp a frame with when its last stale-able use ended. */
u32 tlb_stamp(void);
/* Flushes every CPU that did not flush since `stamp` was taken. */
void tlb_flush_older(u32 stamp);
/* Flushes all CPUs in `mask` completely / one address; includes this one. */
void tlb_flush_mask(u32 mask);
void tlb_flush_local(void);
void write_guest_cr3(u64 cr3);

/* ---- mm/page.c: references ---- */
/* A reference if `d` owns the frame and it is not being freed. */
bool get_page(struct page *pg, const struct domain *d);
void get_page_again(struct page *pg);	/* caller already holds one */
void put_page(struct page *pg);
/*
 * How many tables are checked or released between one look at whoever else wants the
 * processor and the next: half a millisecond's work or so. cpu.tables_left counts.
 */
#define TABLE_BATCH 64
/*
 * A use of the frame as `type`. Tables (PT_L1..4): owner's pt_lock held; the first time
 * the whole table is checked, and the tree below it. 0, -EINVAL (other use, bad
 * contents), -ERESTART: not done yet, the same call again goes on where this one ended.
 * Until then the tables on the way are PT_PARTIAL, which holds the one use and a
 * reference; if the call is not made again they remain so until their owner gives the
 * frame up.
 */
int get_page_type(struct page *pg, u64 type);
/*
 * The last use of a table releases what it names, and the tree below. Tables beyond
 * TABLE_BATCH go to the owner's list (pt_lock held, as for get_page_type()).
 */
void put_page_type(struct page *pg);
/* Works off that list as far as tables_left goes: true when it is empty. No lock held. */
bool release_tables(struct domain *d);
int get_page_and_type(struct page *pg, const struct domain *d, u64 type);
void put_page_and_type(struct page *pg);
/* Gives `d` a fresh zeroed frame with PG_ALLOCATED, or NULL. */
struct page *domain_alloc_page(struct domain *d);
/* 2^order of them, contiguous. */
struct page *domain_alloc_pages(struct domain *d, unsigned int order);
/*
 * The owner gives the frame up: true if it had not before. A pin goes with it. Caller
 * holds a reference, not pt_lock.
 */
bool disown_page(struct domain *d, struct page *pg);
/* Gives up to `batch` frames up, pins included; true when none is left. */
bool disown_all(struct domain *d, unsigned int batch);
/* keel's own page (zeroed) made visible to d: d may map it writable. */
void share_page_with(struct page *pg, struct domain *d);
void unshare_page(struct page *pg);

/* ---- mm/pt.c: entries ---- */
/*
 * Takes the references of the entries from `from` on: 0, -EINVAL (none is held), or
 * -ERESTART (pg->stamp: those of so many entries are).
 */
int validate_table(struct page *pg, unsigned int level, struct domain *d, unsigned int from);
/* Drops those of the first `n` entries. */
void release_table(struct page *pg, unsigned int level, struct domain *d, unsigned int n);
/* True if one more table may be worked on now. */
bool table_budget(void);
/*
 * Replaces one entry of a validated table; d->pt_lock held. data: whose frames
 * the new entry may name. keep_ad: carry over accessed and dirty bits.
 */
int modify_entry(struct domain *d, struct page *table, unsigned int index,
		 u64 new, struct domain *data, bool keep_ad);
/* For L1 compare-and-exchange: 0, 1 (entry was not *old, updated), -EINVAL. */
int cmpxchg_l1(struct domain *d, struct page *table, unsigned int index,
	       u64 *old, u64 new);
/* The L1 table and index that map va in v's kernel tables; NULL if none. */
struct page *find_l1(struct vcpu *v, u64 va, unsigned int *index);
/* Another L4 for the current vCPU's kernel: 0, -EINVAL or -ERESTART. */
int guest_new_base(struct vcpu *v, u64 mfn);
/* Emulates a guest kernel's write to a page table; false: not one. */
bool ptwr_fault(struct cpu_user_regs *regs, u64 va);

/* ---- mm/guest.c: guest memory by guest address ---- */
static inline bool guest_range_ok(u64 va, u64 n)
{
	/* Below the hypervisor's part, or above it; never wrapping. */
	return n <= (1UL << 46) &&
	       ((va < (1UL << 47) && va + n <= (1UL << 47)) ||
		(va >= HYP_END && va + n - 1 >= va) || !n);
}

/*
 * Copies under the current CR3. Any context in a vCPU; 0 or -EFAULT. Guest
 * memory may change at any time: read each thing once.
 */
int copy_from_guest(void *dst, u64 va, u64 n);
int copy_to_guest(u64 va, const void *src, u64 n);
int clear_guest(u64 va, u64 n);

#endif
