/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VSERVER_ALG_BUCKET_H
#define _VSERVER_ALG_BUCKET_H

#include <linux/types.h>

/**
 * struct vx_bucket - a token bucket that loses nothing
 * @rate_num: it fills by @rate_num / @rate_den ns of service for each ns of
 * @rate_den: time; both up to U32_MAX, @rate_den at least 1
 * @max: it holds this many ns at most; 1 .. S64_MAX
 * @min: once empty, it is of no use before it holds this many; 1 .. @max
 * @level: what it holds, in ns, rounded down; negative is a debt
 * @last: the time up to which it has been filled, in ns
 * @rem: what was rounded off @level, in 1/@rate_den ns; less than @rate_den
 * @hold: it became empty and has not come back to @min yet
 *
 * A rate of 0 never fills.  A machine's whole rate is its number of CPUs, so
 * rates above 1 are fine.  The caller's lock protects all of it.
 */
struct vx_bucket {
	u64 rate_num;
	u64 rate_den;
	u64 max;
	u64 min;
	s64 level;
	u64 last;
	u64 rem;
	bool hold;
};

int vx_bucket_init(struct vx_bucket *b, u64 rate_num, u64 rate_den,
		   u64 min, u64 max, s64 level, u64 now);
int vx_bucket_set(struct vx_bucket *b, u64 rate_num, u64 rate_den,
		  u64 min, u64 max, u64 now);
bool vx_bucket_refill(struct vx_bucket *b, u64 now);
bool vx_bucket_charge(struct vx_bucket *b, u64 ns);
u64 vx_bucket_wait(const struct vx_bucket *b, u64 now);

#endif /* _VSERVER_ALG_BUCKET_H */
