/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Products of two u64, for the algorithms in this directory and for others
 * like them. Only what linux/math64.h has not got.
 *
 * These algorithms know nothing of the kernel. tests/alg compiles the same
 * files in user space, against a few headers that go by the kernel's names.
 */
#ifndef _VSERVER_ALG_WIDE_H
#define _VSERVER_ALG_WIDE_H

#include <linux/math64.h>
#include <linux/types.h>

/* A product of two u64. */
struct vx_u128 {
	u64 hi, lo;
};

/*
 * 128-bit products by hand, because not every architecture's compiler has the
 * type; the tests run both ways.
 */
static inline struct vx_u128 vx_mul(u64 a, u64 b)
{
#if defined(__SIZEOF_INT128__) && !defined(VX_NO_INT128)
	u128 p = (u128)a * b;

	return (struct vx_u128){ .hi = (u64)(p >> 64), .lo = (u64)p };
#else
	u64 al = (u32)a, ah = a >> 32, bl = (u32)b, bh = b >> 32;
	u64 mid = ah * bl + (al * bl >> 32);	/* < 2^64 */
	u64 mid2 = al * bh + (u32)mid;		/* < 2^64 */

	return (struct vx_u128){
		.hi = ah * bh + (mid >> 32) + (mid2 >> 32),
		.lo = a * b,
	};
#endif
}

/* Compares a * b with c * d: negative, 0 or positive. */
static inline int vx_cmp_mul(u64 a, u64 b, u64 c, u64 d)
{
	struct vx_u128 x = vx_mul(a, b), y = vx_mul(c, d);

	if (x.hi != y.hi)
		return x.hi < y.hi ? -1 : 1;
	return x.lo < y.lo ? -1 : x.lo > y.lo;
}

/**
 * vx_mul_div - a * b / c, rounded down, without losing a bit on the way
 * @a: any number
 * @b: any number
 * @c: divisor, 1 .. 2^63
 * @rem: (out) the remainder of the division, less than @c
 *
 * One multiplication and one division while a * b fits in 64 bits, which is
 * the usual case; 64 steps otherwise.  (mul_u64_u64_div_u64() gives no
 * remainder, and is exact on some architectures only.)
 *
 * Return: the quotient, or U64_MAX (and a remainder of 0) if it is larger.
 */
static inline u64 vx_mul_div(u64 a, u64 b, u64 c, u64 *rem)
{
	struct vx_u128 p = vx_mul(a, b);
	u64 q = 0;
	int i;

	if (!p.hi)
		return div64_u64_rem(p.lo, c, rem);
	if (p.hi >= c) {
		*rem = 0;
		return U64_MAX;
	}
	/* Long division; p.hi < c <= 2^63 at each step, so no bit is lost. */
	for (i = 0; i < 64; i++) {
		p.hi = p.hi << 1 | p.lo >> 63;
		p.lo <<= 1;
		q <<= 1;
		if (p.hi >= c) {
			p.hi -= c;
			q |= 1;
		}
	}
	*rem = p.hi;
	return q;
}

#endif /* _VSERVER_ALG_WIDE_H */
