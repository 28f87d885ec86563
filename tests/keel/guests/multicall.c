/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicalls: every entry is run, and its result stored. */
#include "rt/rt.h"

void test_main(void)
{
	struct multicall_entry m[8], *big;
	u8 *a = page_alloc(), *b = page_alloc();
	long r, bad = 0;

	memset(m, 0, sizeof(m));
	for (int i = 0; i < 4; i++)
		m[i].result = 0x7777;
	m[0].op = 17;		/* xen_version */
	m[1].op = 63;		/* none */
	m[2].op = 14;		/* update_va_mapping */
	m[2].args[0] = (u64)a;
	m[2].args[1] = pte_of(b, P | RW | US | A | D);
	m[2].args[2] = UVMF_INVLPG;
	m[3].op = 17;
	m[3].args[0] = XENVER_pagesize;
	b[0] = 'b';
	is(HC_2(13, m, 4), 0, "four calls");
	is((long)m[0].result, 0x00040011, "the first's result");
	is((long)m[1].result, -XNOSYS, "an unknown call fails alone");
	is((long)m[2].result, 0, "the third's");
	is(a[0], 'b', "and its effect");
	is((long)m[3].result, 4096, "the fourth's");
	is((long)m[4].result, 0, "no more was written");

	m[0].op = ~0UL;
	m[1].op = 1UL << 40 | 17;
	is(HC_2(13, m, 2), 0, "call numbers out of range");
	is((long)m[0].result, -XNOSYS, "2^64 - 1");
	is_any((long)m[1].result, -XNOSYS, 0x00040011, "2^40 + 17");

	is(HC_2(13, m, 0), 0, "none at all");
	is(HC_2(13, 0xffff830000000000, 1), -XFAULT, "a list in the hypervisor");
	is(HC_2(13, 0x1000, 1), -XFAULT, "a list where nothing is");
	make_ro(a);
	is(HC_2(13, a, 1), -XFAULT, "a list that cannot be written");
	make_rw(a);

	/* Multicall inside multicall. */
	memset(m, 0, sizeof(m));
	m[0].op = 13;
	m[0].args[0] = (u64)&m[2];
	m[0].args[1] = 1;
	m[2].op = 17;
	r = HC_2(13, m, 1);
	note("nested: %ld, inside %ld", r, (long)m[0].result);
	ok(r == -XINVAL || (r == 0 && (long)m[0].result != 0) ||
	   (r == 0 && (long)m[2].result == 0x00040011), "nested: refused or done, and back");

	/* A list across pages, long enough to be interrupted. */
	big = page_alloc();
	for (int i = 1; i < 50; i++)
		if ((u8 *)page_alloc() != (u8 *)big + i * PAGE)
			bail("pages are not neighbours");
	for (int i = 0; i < 3200; i++)
		big[i] = (struct multicall_entry){ .op = 17, .result = 1 };
	is(HC_2(13, big, 3200), 0, "3200 calls");
	for (int i = 0; i < 3200; i++)
		bad += big[i].result != 0x00040011;
	is(bad, 0, "all have their result");

	/* One that ends in the middle of an unmapped page: what was there ran. */
	for (int i = 0; i < 3200; i++)
		big[i].result = 1;
	is(update_va((u8 *)big + PAGE, 0, UVMF_INVLPG), 0, "unmap the second page");
	is(HC_2(13, big, 3200), -XFAULT, "a list with a hole");
	bad = 0;
	for (int i = 0; i < 64; i++)
		bad += big[i].result != 0x00040011 && big[i].result != 1;
	is(bad, 0, "results before the hole are whole");
	/* The last 64 bytes before the hole: one entry is there, not 2^32. */
	big[63].result = 1;
	r = HC_2(13, &big[63], 0xffffffff);
	ok(r == -XFAULT || r == -XINVAL, "2^32 - 1 calls (%ld)", r);
}
