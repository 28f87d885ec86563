// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:46  Page table entries: what a guest may write into them, and the references
 * each holds. An L1 entry holds one to its frame (and one to its being writable);
 * an entry of a higher level one to a table of the level below.
 *
 * Locking: the domain's pt_lock, except for find_l1().
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/physdev.h>

/* Guest frames may be named in L1 entries of anyone who may map them. */
static int get_l1(struct domain *d, struct domain *data, u64 e)
{
	u64 mfn = PTE_MFN(e);
	struct page *pg;

	if (!mfn_is_ram(mfn)) {
		/* Device memory: no references, nobody else uses it. */
		if (!d->privileged || (data != d && data != &dom_io) ||
		    !iomem_accessible(d, mfn))
			return -EINVAL;
		return 0;
	}
	pg = mfn_to_page(mfn);
	if (!get_page(pg, data))
		return -EINVAL;
	if (e & PTE_RW && get_page_type(pg, PT_WRITABLE)) {
		put_page(pg);
		return -EINVAL;
	}
	return 0;
}

static void put_l1(u64 e)
{
	u64 mfn = PTE_MFN(e);

	if (!mfn_is_ram(mfn))
		return;
	if (e & PTE_RW)
		put_page_type(mfn_to_page(mfn));
	put_page(mfn_to_page(mfn));
}

/* Takes what a present or absent new entry needs, and makes it fit for ring 3. */
static int get_entry(struct domain *d, struct domain *data, unsigned int level, u64 *e)
{
	u64 mfn = PTE_MFN(*e);

	if (!(*e & PTE_P))
		return 0;
	*e = (*e | PTE_US) & ~PTE_G;
	if (level == 1)
		return get_l1(d, data, *e);
	if (*e & PTE_PS || !mfn_is_ram(mfn))
		return -EINVAL;
	/* -ERESTART, too. */
	return get_page_and_type(mfn_to_page(mfn), d, (u64)(level - 1) << PT_SHIFT);
}

static void put_entry(unsigned int level, u64 e)
{
	if (!(e & PTE_P))
		return;
	if (level == 1)
		put_l1(e);
	else
		put_page_and_type(mfn_to_page(PTE_MFN(e)));
}

static bool hyp_slot(unsigned int level, unsigned int i)
{
	return level == 4 && i >= L4_SLOT_FIRST && i <= L4_SLOT_LAST;
}

bool table_budget(void)
{
	struct cpu *c = this_cpu();

	if (!c->tables_left)
		return false;
	c->tables_left--;
	/* Other processors do not wait for the end of a batch. */
	cpu_serve();
	return true;
}

int validate_table(struct page *pg, unsigned int level, struct domain *d, unsigned int from)
{
	u64 *t = page_to_virt(pg);
	unsigned int i = from;
	int rc = -ERESTART;

	if (!table_budget())
		goto later;
	for (; i < 512; i++) {
		u64 e = t[i];

		if (!(e & PTE_P) || hyp_slot(level, i))
			continue;
		rc = get_entry(d, d, level, &e);
		if (rc == -ERESTART)
			goto later;
		if (rc) {
			release_table(pg, level, d, i);
			return -EINVAL;
		}
		t[i] = e;
	}
	if (level == 4)
		l4_fill_hyp_slots(t, d);
	return 0;
later:
	pg->stamp = i;
	return rc;
}

void release_table(struct page *pg, unsigned int level, struct domain *d, unsigned int n)
{
	u64 *t = page_to_virt(pg);

	for (unsigned int i = 0; i < n; i++)
		if (!hyp_slot(level, i))
			put_entry(level, t[i]);
	/* A guest that gets the frame back finds none of keel's addresses in it. */
	if (level == 4)
		memset(t + L4_SLOT_FIRST, 0, (L4_SLOT_LAST - L4_SLOT_FIRST + 1) * 8);
}

/* Same frame, same right to write: the references are there already. */
static bool same_refs(u64 a, u64 b)
{
	return a & b & PTE_P && !((a ^ b) & (PTE_ADDR | PTE_RW));
}

int modify_entry(struct domain *d, struct page *table, unsigned int index,
		 u64 new, struct domain *data, bool keep_ad)
{
	unsigned int level = PT_LEVEL(table->type);
	u64 *p = (u64 *)page_to_virt(table) + index, old = READ_ONCE(*p), set;
	bool same = level == 1 && data == d && same_refs(old, new);
	int rc;

	if (hyp_slot(level, index))
		return -EINVAL;
	if (same)
		new = (new | PTE_US) & ~PTE_G;
	else if ((rc = get_entry(d, data, level, &new)))
		return rc;
	/* Only the processor changes the entry under our lock: A and D bits. */
	do {
		set = new;
		if (keep_ad)
			set |= old & (PTE_A | PTE_D);
	} while (!__atomic_compare_exchange_n(p, &old, set, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	if (!same)
		put_entry(level, old);
	return 0;
}

int cmpxchg_l1(struct domain *d, struct page *table, unsigned int index, u64 *old, u64 new)
{
	u64 *p = (u64 *)page_to_virt(table) + index, expect = *old;
	bool same = same_refs(expect, new);

	if (READ_ONCE(*p) != expect) {
		*old = READ_ONCE(*p);
		return 1;
	}
	if (same)
		new = (new | PTE_US) & ~PTE_G;
	else if (get_entry(d, d, 1, &new))
		return -EINVAL;
	if (!__atomic_compare_exchange_n(p, &expect, new, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (!same)
			put_entry(1, new);
		*old = expect;
		return 1;
	}
	if (!same)
		put_entry(1, *old);
	return 0;
}

/*
 * Walks without a lock: what it returns is good for a look, and for a change
 * only after the lock was taken and the table's type checked again.
 */
struct page *find_l1(struct vcpu *v, u64 va, unsigned int *index)
{
	u64 mfn = v->guest_table, e;

	if (!canonical(va) || (va >= HYP_START && va < HYP_END))
		return NULL;
	e = READ_ONCE(((u64 *)mfn_to_virt(mfn))[L4_INDEX(va)]);
	if (!(e & PTE_P) || !mfn_is_ram(PTE_MFN(e)))
		return NULL;
	e = READ_ONCE(((u64 *)mfn_to_virt(PTE_MFN(e)))[L3_INDEX(va)]);
	if (!(e & PTE_P) || !mfn_is_ram(PTE_MFN(e)))
		return NULL;
	e = READ_ONCE(((u64 *)mfn_to_virt(PTE_MFN(e)))[L2_INDEX(va)]);
	if (!(e & PTE_P) || !mfn_is_ram(PTE_MFN(e)))
		return NULL;
	*index = L1_INDEX(va);
	return mfn_to_page(PTE_MFN(e));
}
