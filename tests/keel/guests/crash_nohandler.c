/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An exception for which the guest has no handler. */
#include "rt/rt.h"

void test_main(void)
{
	is(HC_1(0, NULL), 0, "clear the trap table");
	expect_crash("exception without a handler");
	__asm__ volatile("ud2");
	die_unkilled();
}
