// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:45  References to frames. The whole safety of direct paging is here: a frame
 * has one type at a time, and tables are not writable.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>

static bool cas64(u64 *p, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* ---- existence ---- */

bool get_page(struct page *pg, const struct domain *d)
{
	u32 x = READ_ONCE(pg->refs);

	do {
		/* Being freed, or about to overflow: then it is not there. */
		if (!(x & PG_COUNT) || (x & PG_COUNT) == PG_COUNT - 1)
			return false;
	} while (!__atomic_compare_exchange_n(&pg->refs, &x, x + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	if (likely(READ_ONCE(pg->owner) == d))
		return true;
	put_page(pg);
	return false;
}

void get_page_again(struct page *pg)
{
	__atomic_add_fetch(&pg->refs, 1, __ATOMIC_SEQ_CST);
}

/* page_lock held; *head is one of the owner's two lists. */
static void list_add(u32 *head, struct page *pg)
{
	u32 mfn = page_to_mfn(pg);

	pg->prev = NO_MFN;
	pg->next = *head;
	if (pg->next != NO_MFN)
		mfn_to_page(pg->next)->prev = mfn;
	*head = mfn;
}

static void list_remove(u32 *head, struct page *pg)
{
	if (pg->prev == NO_MFN)
		*head = pg->next;
	else
		mfn_to_page(pg->prev)->next = pg->next;
	if (pg->next != NO_MFN)
		mfn_to_page(pg->next)->prev = pg->prev;
}

void put_page(struct page *pg)
{
	u32 x = __atomic_sub_fetch(&pg->refs, 1, __ATOMIC_SEQ_CST);
	struct domain *d;

	if (likely(x & PG_COUNT))
		return;
	d = pg->owner;
	BUG_ON(pg->type & PT_COUNT || x & PG_ALLOCATED);
	if (!(x & PG_XEN)) {
		spin_lock(&d->page_lock);
		list_remove(&d->orphans, pg);
		d->tot_pages--;
		spin_unlock(&d->page_lock);
		m2p[page_to_mfn(pg)] = INVALID_M2P;
	}
	pg->next = USE_PASSING;
	pg->owner = NULL;
	pg->refs = 0;
	pg->type = PT_NONE;
	pg->stamp = tlb_stamp();
	heap_free(pg, 0);
	domain_put(d);
}

/*
 * A table that is in nobody's use: its entries' references go, and then it is a frame
 * like others. pt_lock held; drops the reference that it kept of itself.
 */
static void end_table(struct page *pg, unsigned int entries)
{
	u64 x = READ_ONCE(pg->type);

	release_table(pg, PT_LEVEL(x), pg->owner, entries);
	pg->stamp = tlb_stamp();
	__atomic_store_n(&pg->type, x & PT_TYPE, __ATOMIC_SEQ_CST);
	put_page(pg);
}

bool release_tables(struct domain *d)
{
	bool empty;

	spin_lock(&d->pt_lock);
	while (d->to_release != NO_MFN && table_budget()) {
		struct page *pg = mfn_to_page(d->to_release);

		d->to_release = pg->stamp;
		end_table(pg, 512);
	}
	empty = d->to_release == NO_MFN;
	spin_unlock(&d->pt_lock);
	return empty;
}

bool disown_page(struct domain *d, struct page *pg)
{
	u32 x = READ_ONCE(pg->refs);

	do {
		if (!(x & PG_ALLOCATED))
			return false;
	} while (!__atomic_compare_exchange_n(&pg->refs, &x, x & ~PG_ALLOCATED, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	/* What makes it a table without any use ends. (It comes after the above: see pin().) */
	spin_lock(&d->pt_lock);
	if (pg->type & PT_PINNED) {
		__atomic_and_fetch(&pg->type, ~PT_PINNED, __ATOMIC_SEQ_CST);
		put_page_and_type(pg);
	} else if (pg->type & PT_PARTIAL) {
		end_table(pg, pg->stamp);
	}
	spin_unlock(&d->pt_lock);
	spin_lock(&d->page_lock);
	list_remove(&d->pages, pg);
	list_add(&d->orphans, pg);
	spin_unlock(&d->page_lock);
	put_page(pg);
	return true;
}

bool disown_all(struct domain *d, unsigned int batch)
{
	while (batch--) {
		u32 mfn = READ_ONCE(d->pages);
		struct page *pg;

		if (mfn == NO_MFN)
			return true;
		pg = mfn_to_page(mfn);
		get_page_again(pg);
		disown_page(d, pg);
		put_page(pg);
	}
	return false;
}

struct page *domain_alloc_pages(struct domain *d, unsigned int order)
{
	struct page *pg;
	u64 n = 1UL << order;
	u32 newest = 0;

	if (d->tot_pages + n > d->max_pages || d->dying)
		return NULL;
	pg = heap_alloc(order);
	if (!pg)
		return NULL;
	for (u64 i = 0; i < n; i++)
		newest = pg[i].stamp ? pg[i].stamp : newest;
	/* The frames' last owner must not see what the next one writes. */
	for (u64 i = 0; i < n; i++)
		if (pg[i].stamp && pg[i].stamp != newest)
			tlb_flush_older(pg[i].stamp);
	tlb_flush_older(newest);
	memset(page_to_virt(pg), 0, n << PAGE_SHIFT);
	for (u64 i = 0; i < n; i++) {
		pg[i].type = PT_NONE;
		pg[i].stamp = 0;
		pg[i].owner = d;
		__atomic_add_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);
		spin_lock(&d->page_lock);
		list_add(&d->pages, &pg[i]);
		d->tot_pages++;
		spin_unlock(&d->page_lock);
		__atomic_store_n(&pg[i].refs, PG_ALLOCATED | 1, __ATOMIC_SEQ_CST);
	}
	return pg;
}

struct page *domain_alloc_page(struct domain *d)
{
	return domain_alloc_pages(d, 0);
}

void share_page_with(struct page *pg, struct domain *d)
{
	__atomic_add_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);
	pg->owner = d;
	pg->type = PT_WRITABLE | PT_VALIDATED | 1;	/* keel writes it, always */
	__atomic_store_n(&pg->refs, PG_XEN | 1, __ATOMIC_SEQ_CST);
}

/* keel's own use ends; the frame goes when the last mapping of it does. */
void unshare_page(struct page *pg)
{
	put_page_and_type(pg);
}

/* ---- use ---- */

static int validate_segments(struct page *pg)
{
	u64 *desc = page_to_virt(pg);

	for (unsigned int i = 0; i < 512; i++)
		if (!descriptor_ok(&desc[i]))
			return -EINVAL;
	return 0;
}

int get_page_type(struct page *pg, u64 type)
{
	u64 x = READ_ONCE(pg->type), new;
	unsigned int from = 0;
	int rc;

	for (;;) {
		if (x & PT_PARTIAL && (x & PT_TYPE) == type) {
			/* Its use becomes ours; we have a reference already. */
			__atomic_and_fetch(&pg->type, ~PT_PARTIAL, __ATOMIC_SEQ_CST);
			put_page(pg);
			from = pg->stamp;
			break;
		}
		if (x & PT_COUNT) {
			/* An unvalidated table here is one that contains itself. */
			if ((x & PT_TYPE) != type || !(x & PT_VALIDATED) ||
			    (x & PT_COUNT) == PT_COUNT)
				return -EINVAL;
			if (cas64(&pg->type, &x, x + 1))
				return 0;
			continue;
		}
		if ((x & PT_TYPE) != type && (x & PT_TYPE) != PT_NONE)
			tlb_flush_older(pg->stamp);
		new = type | 1;
		if (type == PT_WRITABLE)
			new |= PT_VALIDATED;
		if (cas64(&pg->type, &x, new))
			break;
	}
	if (type == PT_WRITABLE)
		return 0;
	rc = type == PT_SEG ? validate_segments(pg) :
			      validate_table(pg, PT_LEVEL(type), pg->owner, from);
	if (rc == -ERESTART && pg->refs & PG_ALLOCATED) {
		get_page_again(pg);
		__atomic_or_fetch(&pg->type, PT_PARTIAL, __ATOMIC_SEQ_CST);
		return rc;
	}
	/* Nobody would ever end that of a frame that was given up. */
	if (rc == -ERESTART) {
		release_table(pg, PT_LEVEL(type), pg->owner, pg->stamp);
		rc = -EINVAL;
	}
	if (rc)
		__atomic_store_n(&pg->type, PT_NONE, __ATOMIC_SEQ_CST);
	else
		__atomic_or_fetch(&pg->type, PT_VALIDATED, __ATOMIC_SEQ_CST);
	return rc;
}

void put_page_type(struct page *pg)
{
	u64 x = READ_ONCE(pg->type);

	for (;;) {
		BUG_ON(!(x & PT_COUNT));
		if ((x & PT_COUNT) > 1) {
			if (cas64(&pg->type, &x, x - 1))
				return;
			continue;
		}
		if (x & PT_VALIDATED && PT_LEVEL(x) >= 1 && PT_LEVEL(x) <= 4) {
			if (!cas64(&pg->type, &x, x & ~PT_VALIDATED))
				continue;
			x &= ~PT_VALIDATED;
			if (!table_budget()) {
				get_page_again(pg);
				pg->stamp = pg->owner->to_release;
				pg->owner->to_release = page_to_mfn(pg);
				return;
			}
			release_table(pg, PT_LEVEL(x), pg->owner, 512);
		}
		pg->stamp = tlb_stamp();
		if (cas64(&pg->type, &x, x & PT_TYPE))
			return;
	}
}

int get_page_and_type(struct page *pg, const struct domain *d, u64 type)
{
	int rc;

	if (!get_page(pg, d))
		return -EINVAL;
	rc = get_page_type(pg, type);
	if (rc)
		put_page(pg);
	return rc;
}

void put_page_and_type(struct page *pg)
{
	put_page_type(pg);
	put_page(pg);
}
