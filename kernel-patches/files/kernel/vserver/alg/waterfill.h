/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VSERVER_ALG_WATERFILL_H
#define _VSERVER_ALG_WATERFILL_H

#include <linux/bits.h>
#include <linux/types.h>

/* Limits of vx_waterfill(): with them no sum and no product overflows. */
#define VX_SHARES_MAX		65536u
#define VX_CAPACITY_MAX		BIT_ULL(40)	/* 18 minutes, in ns */

/**
 * struct vx_share - one taker of a capacity
 * @weight: how much of what is contended, against the others; 0 .. U32_MAX.
 *	    Who has no weight gets its floor, and after everybody with a weight
 *	    has reached its cap, an equal part of what is left.
 * @floor: what it gets in any case, in units of the capacity; more than @cap
 *	   means @cap
 * @cap: what it gets at most; U64_MAX for no cap
 * @out: (out) what it gets
 *
 * A floor or a cap above the capacity counts as the capacity.
 */
struct vx_share {
	u64 weight;
	u64 floor;
	u64 cap;
	u64 out;
};

int vx_waterfill(struct vx_share *s, unsigned int n, u64 capacity);

#endif /* _VSERVER_ALG_WATERFILL_H */
