/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains made, run, and ended again and again; paused or not, asleep or not, from
 * one vCPU to four. Nothing may be left of them. Option: cycles=.
 */
#include "rt/dom.h"

#define AT_ONCE 8

void test_main(void)
{
	static struct dom d[AT_ONCE];
	u64 cycles = option("cycles", 100), free, bad = 0, ran = 0;

	if (!privileged()) {
		skip("not privileged", "domains made by a guest");
		return;
	}
	dom_create(&d[0], DOM_MAX_VCPUS, DO_SPIN);
	dom_destroy(&d[0]);
	nap(100);
	free = free_pages();
	for (u64 i = 0; i < cycles; i++) {
		dom_create(&d[0], 1 + (unsigned int)(rnd() % DOM_MAX_VCPUS), rnd() % (DO_BLOCK + 1));
		d[0].control->run_ns = 100000;
		d[0].control->nap_ns = rnd() % 300000;
		if (rnd() % 8)
			dom_unpause(&d[0]);
		if (rnd() % 4 == 0)
			dom_share(&d[0], 0, 1 + (u32)(rnd() % 50));
		if (rnd() % 2)
			nap(rnd() % 3);
		if (rnd() % 4 == 0)
			dom_pause(&d[0]);
		ran += d[0].control->count[0] != 0;
		dom_destroy(&d[0]);
		if (free_pages() != free && !bad++)
			note("cycle %lu: %lu frames free, %lu before", i, free_pages(), free);
	}
	/* A frame may come back a moment later, when the other processor let go. */
	nap(100);
	is((long)free_pages(), (long)free, "%lu times made and ended: all frames are free", cycles);
	ok(ran > cycles / 8, "%lu of them ran", ran);
	if (bad)
		note("%lu times frames came back late", bad);

	for (u64 i = 0; i < cycles / AT_ONCE; i++) {
		for (int k = 0; k < AT_ONCE; k++) {
			dom_create(&d[k], 1 + (unsigned int)(rnd() % 2), rnd() % (DO_BLOCK + 1));
			dom_unpause(&d[k]);
		}
		for (int k = 0; k < AT_ONCE; k++)
			dom_destroy(&d[(k * 3 + 1) % AT_ONCE]);
	}
	nap(100);
	is((long)free_pages(), (long)free, "eight at once, %lu times: all frames are free",
	   cycles / AT_ONCE);
}
