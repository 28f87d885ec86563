// SPDX-License-Identifier: GPL-2.0-or-later
/* R:44  Guest memory, by the guest's own addresses and under its page tables. */
#include <keel/mm.h>
#include <keel/trap.h>

int copy_from_guest(void *dst, u64 va, u64 n)
{
	if (!guest_range_ok(va, n) || copy_fixup(dst, (const void *)va, n))
		return -EFAULT;
	return 0;
}

/* keel obeys read-only pages (CR0.WP), so this cannot write a page table. */
int copy_to_guest(u64 va, const void *src, u64 n)
{
	if (!guest_range_ok(va, n) || copy_fixup((void *)va, src, n))
		return -EFAULT;
	return 0;
}

int clear_guest(u64 va, u64 n)
{
	if (!guest_range_ok(va, n) || clear_fixup((void *)va, n))
		return -EFAULT;
	return 0;
}
