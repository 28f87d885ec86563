/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SHIM_MATH64_H
#define SHIM_MATH64_H
#include <linux/types.h>

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem)
{
	*rem = a % b;
	return a / b;
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}
#endif
