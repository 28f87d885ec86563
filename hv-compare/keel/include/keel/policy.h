/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tools want to know of the processor that guests see. */
#ifndef KEEL_POLICY_H
#define KEEL_POLICY_H

#include <keel/types.h>

struct domain;
struct xen_domctl_getdomaininfo;

/*
 * Writes the CPUID leaves and MSRs guests see into guest arrays; a null array only
 * asks for the count. 0, -ENOSPC when an array is too small, -EFAULT.
 */
long policy_copy(u32 *nr_leaves, u64 uleaves, u32 *nr_msrs, u64 umsrs);
/* The same as words of feature bits, in the order of cpufeatureset.h. */
#define NR_FEATURE_WORDS 16
void policy_features(u32 words[NR_FEATURE_WORDS]);

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
