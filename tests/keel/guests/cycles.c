/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains made, run, and ended again and again; paused or not, asleep or not, from
 * one vCPU to four; many at once. Nothing may be left of them. Options: cycles=, many=.
 */
#include "rt/dom.h"

#define AT_ONCE 8
#define MOST 512

/* All there at the same time, and each gets to run. */
static void many_at_once(struct dom *d, u64 many)
{
	u64 before = free_pages(), idle = many;

	for (u64 i = 0; i < many; i++)
		dom_create(&d[i], 1, DO_SPIN);
	note("%lu at once: %lu frames for each, %u of them its own", many,
	     (before - free_pages()) / many, DOM_FRAMES);
	for (u64 i = 0; i < many; i++)
		dom_unpause(&d[i]);
	/* One after the other, for 10 ms: how long that is depends on the host. */
	for (u64 tries = 0; idle && tries < 600; tries++) {
		nap(100);
		idle = 0;
		for (u64 i = 0; i < many; i++)
			idle += !d[i].control->count[0];
	}
	is((long)idle, 0, "%lu domains at once: each has run", many);
	for (u64 i = 0; i < many; i++)
		dom_destroy(&d[i]);
}

void test_main(void)
{
	static struct dom d[MOST];
	u64 cycles = option("cycles", 100), many = option("many", 256), free, bad = 0, ran = 0;

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

	if (many > MOST)
		bail("many= is at most %u", MOST);
	many_at_once(d, many);
	nap(100);
	is((long)free_pages(), (long)free, "%lu at once: all frames are free", many);
}
