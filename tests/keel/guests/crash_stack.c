/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An exception whose frame has no place to go: the stack is not mapped. */
#include "rt/rt.h"

void test_main(void)
{
	u8 *page = page_alloc();

	is(PROBE("ud2", ::: "memory"), 6, "exceptions work with a good stack");
	is(update_va(page, 0, UVMF_INVLPG), 0, "a page that is not mapped");
	expect_crash("exception with an unmapped stack");
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(page + 2048) : "memory");
	die_unkilled();
}
