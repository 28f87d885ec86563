/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page table base that has nothing of the running kernel. */
#include "rt/rt.h"

void test_main(void)
{
	u64 *l4 = table_alloc();

	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), 0, "an empty L4 is a good one");
	expect_crash("running on an empty page table");
	mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4), 0);
	die_unkilled();
}
