// SPDX-License-Identifier: GPL-2.0-or-later
/* R:47  The hypercalls that change page tables: each argument checked here. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>

/* The domain meant by `id` that the caller may act on; put when done. */
static struct domain *target_domain(u32 id)
{
	struct domain *cur = current_vcpu()->domain, *d;

	if (id == DOMID_IO || id == DOMID_XEN) {
		if (!cur->privileged)
			return NULL;
		return id == DOMID_IO ? &dom_io : &dom_xen;
	}
	d = domain_get(id);
	if (d && d != cur && !cur->privileged) {
		domain_put(d);
		return NULL;
	}
	return d;
}

static void target_put(struct domain *d)
{
	if (d != &dom_io && d != &dom_xen)
		domain_put(d);
}

/* One 8-byte store to a frame of pd: an entry if it is a table. pt_lock held. */
static int update_one(struct domain *pd, struct domain *data, u64 ptr, u64 val)
{
	u64 mfn = ptr >> PAGE_SHIFT;
	unsigned int index = (ptr & ~PAGE_MASK) >> 3;
	struct page *pg;
	int rc;

	if (!mfn_is_ram(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!get_page(pg, pd))
		return -EINVAL;
	if (pg->type & PT_COUNT && PT_LEVEL(pg->type) >= 1 && PT_LEVEL(pg->type) <= 4) {
		rc = pg->type & PT_VALIDATED ?
			modify_entry(pd, pg, index, val, data,
				     (ptr & 7) == MMU_PT_UPDATE_PRESERVE_AD) : -EINVAL;
	} else {
		rc = get_page_type(pg, PT_WRITABLE);
		if (!rc) {
			WRITE_ONCE(((u64 *)page_to_virt(pg))[index], val);
			put_page_type(pg);
		}
	}
	put_page(pg);
	return rc;
}

/*
 * A count with bit 31 set is the rest of a call that was interrupted: what it did
 * before stands in the caller's counter. (A caller that forges this gets a wrong
 * number back.)
 */
#define MMU_UPDATE_PREEMPTED (1U << 31)

static long batch_start(u64 *count, u64 udone, u32 *base)
{
	*base = 0;
	if (*count & MMU_UPDATE_PREEMPTED && udone && copy_from_guest(base, udone, sizeof(*base)))
		return -EFAULT;
	*count &= MMU_UPDATE_PREEMPTED - 1;
	return 0;
}

static long batch_end(u64 udone, u32 done, long rc)
{
	return udone && copy_to_guest(udone, &done, sizeof(done)) ? -EFAULT : rc;
}

/*
 * Before anything else happens to its tables, those that nobody uses are released: the
 * caller relies on that its call did that. 0, or -ERESTART.
 */
static long tables_settled(struct domain *d)
{
	return READ_ONCE(d->to_release) == NO_MFN || release_tables(d) ? 0 : -ERESTART;
}

long do_mmu_update(u64 ureqs, u64 count, u64 udone, u64 foreign, u64 a5)
{
	struct vcpu *v = current_vcpu();
	struct domain *pd = v->domain, *data = pd;
	bool put_pd = false, put_data = false;
	u32 base, done = 0;
	long rc = batch_start(&count, udone, &base);

	if (rc)
		return rc;
	if (foreign >> 16 & 0xffff) {
		pd = target_domain((foreign >> 16 & 0xffff) - 1);
		if (!pd)
			return -ESRCH;
		put_pd = true;
	}
	if ((foreign & 0xffff) != DOMID_SELF) {
		data = target_domain(foreign & 0xffff);
		if (!data) {
			rc = -ESRCH;
			goto out;
		}
		put_data = true;
	}

	for (; !(rc = tables_settled(pd)) && done < count; done++) {
		struct mmu_update req;

		if (done == BATCH) {
			rc = -ERESTART;
			break;
		}
		if (copy_from_guest(&req, ureqs + done * sizeof(req), sizeof(req))) {
			rc = -EFAULT;
			break;
		}
		switch (req.ptr & 7) {
		case MMU_NORMAL_PT_UPDATE:
		case MMU_PT_UPDATE_PRESERVE_AD:
		case MMU_PT_UPDATE_NO_TRANSLATE:
			spin_lock(&pd->pt_lock);
			rc = update_one(pd, data, req.ptr, req.val);
			spin_unlock(&pd->pt_lock);
			break;
		case MMU_MACHPHYS_UPDATE: {
			u64 mfn = req.ptr >> PAGE_SHIFT;

			if (!mfn_is_ram(mfn) || !get_page(mfn_to_page(mfn), data)) {
				rc = -EINVAL;
				break;
			}
			m2p[mfn] = req.val;
			put_page(mfn_to_page(mfn));
			break;
		}
		default:
			rc = -ENOSYS;
		}
		if (rc)
			break;
	}
	if (put_data)
		target_put(data);
out:
	if (put_pd)
		target_put(pd);
	v->again[0] = ureqs + done * sizeof(struct mmu_update);
	v->again[1] = (count - done) | MMU_UPDATE_PREEMPTED;
	return batch_end(udone, base + done, rc);
}

/*
 * The processors that hold those vCPUs of d whose bits are set in guest memory. One
 * that is moving starts with an empty TLB where it comes to.
 */
static int vcpu_mask_to_cpus(struct domain *d, u64 umask, u32 *cpus)
{
	u8 bits[MAX_VCPUS / 8] = { 0 };
	struct vcpu *v;

	if (copy_from_guest(bits, umask, (d->nr_vcpus + 7) / 8))
		return -EFAULT;
	*cpus = 0;
	smp_mb();	/* the entry was changed before this */
	FOR_EACH_VCPU(d, v)
		if (bits[v->id / 8] >> (v->id % 8) & 1)
			*cpus |= 1U << READ_ONCE(v->loaded_on) >> 1;
	*cpus &= READ_ONCE(d->dirty_cpus);
	return 0;
}

/* Drops one translation here; others are cheaper to flush than to tell. */
static void flush_va(u64 va, u32 mask)
{
	u32 self = 1U << this_cpu()->id;

	if (mask & self && guest_range_ok(va, 1))
		invlpg(va);
	if (mask & ~self)
		tlb_flush_mask(mask & ~self);
}

static long update_va_mapping(u64 va, u64 val, u64 flags, struct domain *data)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	unsigned int index;
	struct page *table;
	u32 cpus;
	int rc;

	spin_lock(&d->pt_lock);
	table = find_l1(v, va, &index);
	rc = table && (table->type & (PT_TYPE | PT_VALIDATED)) == (PT_L1 | PT_VALIDATED) ?
		modify_entry(d, table, index, val, data, false) : -EINVAL;
	spin_unlock(&d->pt_lock);
	if (rc)
		return rc;

	if (!(flags & UVMF_FLUSHTYPE_MASK))
		return 0;
	switch (flags & ~UVMF_FLUSHTYPE_MASK) {
	case UVMF_LOCAL:
		cpus = 1U << this_cpu()->id;
		break;
	case UVMF_ALL:
		cpus = d->dirty_cpus;
		break;
	default:
		rc = vcpu_mask_to_cpus(d, flags & ~UVMF_FLUSHTYPE_MASK, &cpus);
		if (rc)
			return rc;
	}
	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_TLB_FLUSH:
		tlb_flush_mask(cpus);
		break;
	case UVMF_INVLPG:
		flush_va(va, cpus);
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

long do_update_va_mapping(u64 va, u64 val, u64 flags, u64 a4, u64 a5)
{
	return update_va_mapping(va, val, flags, current_vcpu()->domain);
}

long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u64 domid, u64 a5)
{
	struct domain *data = target_domain(domid & 0xffff);
	long rc;

	if (!data)
		return -ESRCH;
	rc = update_va_mapping(va, val, flags, data);
	target_put(data);
	return rc;
}

static int pin(struct domain *d, u64 mfn, u64 type)
{
	struct page *pg;
	int rc;

	if (!mfn_is_ram(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	spin_lock(&d->pt_lock);
	rc = get_page_and_type(pg, d, type);
	/* One that was given up would never be unpinned. */
	if (!rc && (pg->type & PT_PINNED || !(READ_ONCE(pg->refs) & PG_ALLOCATED))) {
		put_page_and_type(pg);
		rc = -EINVAL;
	} else if (!rc) {
		__atomic_or_fetch(&pg->type, PT_PINNED, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&d->pt_lock);
	return rc;
}

static int unpin(struct domain *d, u64 mfn)
{
	struct page *pg;
	int rc = -EINVAL;

	if (!mfn_is_ram(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!get_page(pg, d))
		return -EINVAL;
	spin_lock(&d->pt_lock);
	if (pg->type & PT_PINNED) {
		__atomic_and_fetch(&pg->type, ~PT_PINNED, __ATOMIC_SEQ_CST);
		put_page_and_type(pg);
		rc = 0;
	}
	spin_unlock(&d->pt_lock);
	put_page(pg);
	return rc;
}

/* Replaces the L4 in *slot (the reference moves with it): 0, -EINVAL or -ERESTART. */
static int new_base(struct vcpu *v, u64 *slot, u64 mfn, bool may_be_none)
{
	struct domain *d = v->domain;
	u64 old = *slot;
	int rc = 0;

	if (mfn == old)
		return 0;
	spin_lock(&d->pt_lock);
	if (mfn || !may_be_none)
		rc = mfn_is_ram(mfn) ? get_page_and_type(mfn_to_page(mfn), d, PT_L4) : -EINVAL;
	if (rc) {
		spin_unlock(&d->pt_lock);
		return rc;
	}
	*slot = mfn;
	/* Leave the old tables before the last reference to them may go. */
	if (slot == &v->guest_table)
		write_guest_cr3(mfn << PAGE_SHIFT);
	if (old)
		put_page_and_type(mfn_to_page(old));
	spin_unlock(&d->pt_lock);
	return 0;
}

int guest_new_base(struct vcpu *v, u64 mfn)
{
	if (mfn == v->guest_table)
		tlb_flush_local();
	return new_base(v, &v->guest_table, mfn, false);
}

static int mmuext_one(const struct mmuext_op *op, struct domain *d)
{
	struct vcpu *v = current_vcpu();
	u32 cpus;
	int rc;

	/* What acts on this processor's state makes no sense for another domain. */
	if (op->cmd > MMUEXT_UNPIN_TABLE && d != v->domain)
		return -EPERM;
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pin(d, op->arg1.mfn, (u64)(op->cmd - MMUEXT_PIN_L1_TABLE + 1) << PT_SHIFT);
	case MMUEXT_UNPIN_TABLE:
		return unpin(d, op->arg1.mfn);
	case MMUEXT_NEW_BASEPTR:
		return guest_new_base(v, op->arg1.mfn);
	case MMUEXT_NEW_USER_BASEPTR:
		return new_base(v, &v->guest_table_user, op->arg1.mfn, true);
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		flush_va(op->arg1.linear_addr, 1U << this_cpu()->id);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		rc = vcpu_mask_to_cpus(d, (u64)op->arg2.vcpumask.p, &cpus);
		if (rc)
			return rc;
		if (op->cmd == MMUEXT_TLB_FLUSH_MULTI)
			tlb_flush_mask(cpus);
		else
			flush_va(op->arg1.linear_addr, cpus);
		return 0;
	case MMUEXT_TLB_FLUSH_ALL:
		tlb_flush_mask(d->dirty_cpus);
		return 0;
	case MMUEXT_INVLPG_ALL:
		flush_va(op->arg1.linear_addr, d->dirty_cpus);
		return 0;
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return 0;
	case MMUEXT_SET_LDT:
		return set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
	default:
		return -ENOSYS;
	}
}

long do_mmuext_op(u64 uops, u64 count, u64 udone, u64 foreign, u64 a5)
{
	struct vcpu *v = current_vcpu();
	u32 base, done = 0;
	struct domain *d;
	long rc = batch_start(&count, udone, &base);

	if (rc)
		return rc;
	d = target_domain(foreign & 0xffff);
	if (!d)
		return -ESRCH;
	for (; !(rc = tables_settled(d)) && done < count; done++) {
		struct mmuext_op op;

		if (done == BATCH) {
			rc = -ERESTART;
			break;
		}
		if (copy_from_guest(&op, uops + done * sizeof(op), sizeof(op))) {
			rc = -EFAULT;
			break;
		}
		rc = mmuext_one(&op, d);
		if (rc)
			break;
	}
	target_put(d);
	v->again[0] = uops + done * sizeof(struct mmuext_op);
	v->again[1] = (count - done) | MMU_UPDATE_PREEMPTED;
	return batch_end(udone, base + done, rc);
}
