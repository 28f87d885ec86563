// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:50  Where every frame of memory is. Nothing of it is kept up to date: all frames
 * are looked at, each is free, a guest's, or says what keel uses it for, and what was
 * found is compared with what the heap and the domains count themselves. So a frame
 * that somebody forgot shows, and whose it was. It takes as long as there is memory,
 * a few milliseconds for a gigabyte, in which nobody can take any: for debugging.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>

#define GUEST NR_USES		/* index of a domain's count of frames that are its own */

static const char *const names[NR_USES] = {
	[USE_BOOT] = "boot", [USE_PASSING] = "passing", [USE_TABLES] = "tables",
	[USE_SCRATCH] = "scratch", [USE_DOMAIN] = "domain", [USE_VCPU] = "vcpus",
	[USE_EVENTS] = "events", [USE_GRANTS] = "grants", [USE_MAPPINGS] = "mappings",
	[USE_IOPORTS] = "ioports",
};

/* Valid while the census is taken: domain_list_lock. */
static u64 nr_free, nr_keel[NR_USES], nr_lost, nr_odd;

static void seen(struct page *pg, u64 n, bool free)
{
	struct domain *d = pg->owner;

	if (free) {
		nr_free += n;
		return;
	}
	if (d && !(pg->refs & PG_XEN)) {
		d->census[GUEST]++;
		return;
	}
	if (pg->next >= NR_USES) {
		nr_odd++;
		return;
	}
	if (pg->next < USE_DOMAIN) {
		nr_keel[pg->next]++;
		return;
	}
	for (d = domain_list; d && d->id != pg->prev; d = d->next)
		;
	if (d)
		d->census[pg->next]++;
	else
		nr_lost++;
}

/* " name number" for each of the uses from..to-1. */
static u64 list(char *buf, size_t size, const u64 *n, unsigned int from, unsigned int to)
{
	u64 sum = 0;
	size_t at = 0;

	for (unsigned int i = from; i < to; i++) {
		sum += n[i];
		at += keel_snprintf(buf + at, size - at, " %s %lu", names[i], n[i]);
	}
	return sum;
}

void memory_census(void)
{
	u64 frames, free, sum;
	struct domain *d;
	char buf[256];

	spin_lock(&domain_list_lock);
	for (d = domain_list; d; d = d->next)
		memset(d->census, 0, sizeof(d->census));
	memset(nr_keel, 0, sizeof(nr_keel));
	nr_free = nr_lost = nr_odd = 0;
	frames = heap_walk(seen, &free);
	sum = nr_free + list(buf, sizeof(buf), nr_keel, 0, USE_DOMAIN);
	printk("memory: free %lu%s\n", nr_free, buf);
	for (d = domain_list; d; d = d->next) {
		sum += d->census[GUEST] + list(buf, sizeof(buf), d->census, USE_DOMAIN, NR_USES);
		printk("memory: domain %u%s: guest %lu%s\n", d->id, d->dying ? " (dying)" : "",
		       d->census[GUEST], buf);
		if (d->census[GUEST] != d->tot_pages)
			printk("memory: WRONG: domain %u says that it has %lu\n", d->id, d->tot_pages);
	}
	if (free != nr_free)
		printk("memory: WRONG: the heap says that %lu are free\n", free);
	if (nr_lost || nr_odd)
		printk("memory: WRONG: %lu are for domains that are gone, %lu for nobody knows what\n",
		       nr_lost, nr_odd);
	printk("memory: sum %lu of %lu frames\n", sum, frames);
	spin_unlock(&domain_list_lock);
}
