/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The iret hypercall with a frame that cannot be read. */
#include "rt/rt.h"

void test_main(void)
{
	u8 *page = page_alloc(), *hole = page_alloc();

	if (hole != page + PAGE || update_va(hole, 0, UVMF_INVLPG))
		bail("pages are not neighbours");
	expect_crash("iret with a frame that ends in nothing");
	__asm__ volatile("mov %0, %%rsp\n\tmov $23, %%eax\n\tsyscall" : : "r"(hole - 64) : "memory");
	die_unkilled();
}
