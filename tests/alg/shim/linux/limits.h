/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SHIM_LIMITS_H
#define SHIM_LIMITS_H
#include_next <linux/limits.h>
#define U16_MAX ((u16)~0U)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)
#define UINT_MAX	(~0U)
#define S64_MAX ((s64)(U64_MAX >> 1))
#define S64_MIN (-S64_MAX - 1)
#endif
