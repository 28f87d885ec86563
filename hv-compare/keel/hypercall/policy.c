// SPDX-License-Identifier: GPL-2.0-or-later
/* R:99  The CPUID policy in the form the tools read. */
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/policy.h>
#include <keel/trap.h>

#define MAX_LEAVES 0x78
#define MAX_MSRS 2

/*
 * Every leaf the tools know, in ranges: they read the list into a structure and
 * then write all of that structure back into an array of the same length, so the
 * empty ones count.
 */
#define WHOLE XEN_CPUID_NO_SUBLEAF
static const struct { u32 first, last, sub; } leaves[] = {
	{ 0x0, 0x3, WHOLE }, { 0x4, 0x4, 0 }, { 0x5, 0x6, WHOLE }, { 0x7, 0x7, 0 },
	{ 0x8, 0xa, WHOLE }, { 0xb, 0xb, 0 }, { 0xb, 0xb, 1 }, { 0xc, 0xc, WHOLE },
	{ 0xd, 0xd, 0 }, { 0xd, 0xd, 1 }, { 0xd, 0xd, 2 },
	{ 0x40000000, 0x40000000, WHOLE }, { 0x40000100, 0x40000100, WHOLE },
	{ 0x80000000, 0x80000021, WHOLE },
};

long policy_copy(u32 *nr_leaves, u64 uleaves, u32 *nr_msrs, u64 umsrs)
{
	struct vcpu *v = current_vcpu();

	u32 n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(leaves); i++)
		for (u32 leaf = leaves[i].first; leaf <= leaves[i].last; leaf++, n++) {
			struct xen_cpuid_leaf l = { .leaf = leaf, .subleaf = leaves[i].sub };
			u32 r[4];

			if (!uleaves)
				continue;
			if (n >= *nr_leaves)
				return -ENOSPC;
			/* The hypervisor's own leaves: only how many there are. */
			if (leaf >> 30 == 1)
				memset(r, 0, sizeof(r));
			else
				guest_cpuid(v, leaf, l.subleaf == WHOLE ? 0 : l.subleaf, r);
			l.a = r[0];
			l.b = r[1];
			l.c = r[2];
			l.d = r[3];
			if (copy_to_guest(uleaves + n * sizeof(l), &l, sizeof(l)))
				return -EFAULT;
		}
	/*
	 * Asked for sizes: what the tools themselves may want to write, which is
	 * more than what keel fills in. No model register differs from its default.
	 */
	*nr_leaves = uleaves ? n : MAX_LEAVES;
	*nr_msrs = umsrs ? 0 : MAX_MSRS;
	return 0;
}

void policy_features(u32 w[NR_FEATURE_WORDS])
{
	struct vcpu *v = current_vcpu();
	u32 r[4];

	memset(w, 0, NR_FEATURE_WORDS * 4);
	guest_cpuid(v, 1, 0, r);
	w[0] = r[3];
	w[1] = r[2];
	guest_cpuid(v, 0x80000001, 0, r);
	w[2] = r[3];
	w[3] = r[2];
	guest_cpuid(v, 0xd, 1, r);
	w[4] = r[0];
	guest_cpuid(v, 7, 0, r);
	w[5] = r[1];
	w[6] = r[2];
	guest_cpuid(v, 0x80000007, 0, r);
	w[7] = r[3];
	guest_cpuid(v, 0x80000008, 0, r);
	w[8] = r[1];
}
