/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An exception whose frame would be written into a live page table. */
#include "rt/rt.h"

void test_main(void)
{
	is(PROBE("ud2", ::: "memory"), 6, "exceptions work with a good stack");
	expect_crash("exception with a stack in a page table");
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(si->pt_base + 2048) : "memory");
	die_unkilled();
}
