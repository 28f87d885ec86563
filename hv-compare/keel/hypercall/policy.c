// SPDX-License-Identifier: GPL-2.0-or-later
/* R:99  The CPUID policy in the form the tools read. */
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/policy.h>
#include <keel/trap.h>

#define MAX_LEAVES 0x78
#define MAX_MSRS 2

/* In rising order, as the reader demands; leaves with subleaves one by one. */
static const struct { u32 leaf, sub; } leaves[] = {
	{ 0x0, XEN_CPUID_NO_SUBLEAF }, { 0x1, XEN_CPUID_NO_SUBLEAF },
	{ 0x2, XEN_CPUID_NO_SUBLEAF }, { 0x3, XEN_CPUID_NO_SUBLEAF },
	{ 0x5, XEN_CPUID_NO_SUBLEAF }, { 0x6, XEN_CPUID_NO_SUBLEAF },
	{ 0x7, 0 }, { 0x8, XEN_CPUID_NO_SUBLEAF }, { 0x9, XEN_CPUID_NO_SUBLEAF },
	{ 0xa, XEN_CPUID_NO_SUBLEAF }, { 0xc, XEN_CPUID_NO_SUBLEAF },
	{ 0xd, 0 }, { 0xd, 1 }, { 0xd, 2 },
	{ 0x80000000, XEN_CPUID_NO_SUBLEAF }, { 0x80000001, XEN_CPUID_NO_SUBLEAF },
	{ 0x80000002, XEN_CPUID_NO_SUBLEAF }, { 0x80000003, XEN_CPUID_NO_SUBLEAF },
	{ 0x80000004, XEN_CPUID_NO_SUBLEAF }, { 0x80000005, XEN_CPUID_NO_SUBLEAF },
	{ 0x80000006, XEN_CPUID_NO_SUBLEAF }, { 0x80000007, XEN_CPUID_NO_SUBLEAF },
	{ 0x80000008, XEN_CPUID_NO_SUBLEAF },
};

long policy_copy(u32 *nr_leaves, u64 uleaves, u32 *nr_msrs, u64 umsrs)
{
	struct vcpu *v = current_vcpu();

	if (uleaves) {
		if (*nr_leaves < ARRAY_SIZE(leaves))
			return -ENOSPC;
		for (unsigned int i = 0; i < ARRAY_SIZE(leaves); i++) {
			u32 sub = leaves[i].sub, r[4];
			struct xen_cpuid_leaf l = { .leaf = leaves[i].leaf, .subleaf = sub };

			guest_cpuid(v, l.leaf, sub == XEN_CPUID_NO_SUBLEAF ? 0 : sub, r);
			l.a = r[0];
			l.b = r[1];
			l.c = r[2];
			l.d = r[3];
			if (copy_to_guest(uleaves + i * sizeof(l), &l, sizeof(l)))
				return -EFAULT;
		}
	}
	/*
	 * Asked for sizes: what the tools themselves may want to write, which is
	 * more than what keel fills in. No model register differs from its default.
	 */
	*nr_leaves = uleaves ? ARRAY_SIZE(leaves) : MAX_LEAVES;
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
