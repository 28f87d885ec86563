/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random and mutated hypercalls. "seed=" and "calls=" on the command line.
 *
 * Left out is only what a guest may rightly do to itself, because then it would
 * end and show nothing: shut down, take away its own stack, code or page tables,
 * stop its only vcpu; and what domain 0 may do to the machine on real Xen (the
 * I/O APIC, machine check injection, debug keys).
 */
#define __XEN_TOOLS__
#include "rt/rt.h"
#include <xen/domctl.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#define SCRATCH 8
static u8 *scratch[SCRATCH];		/* arguments are here */
static u64 *tables[4];			/* a spare hierarchy, L1 first */
static u8 *victim[8];			/* pages that may be lost */
static u64 victim_l1e[8];		/* looked up before the m2p table is fuzzed, too */
static long zero, negative, positive, calls_done, per_call[64];

/* A frame that is not ours: an update of one of ours could hit our own code. */
static u64 foreign_mfn(void)
{
	u64 *p2m = (u64 *)si->mfn_list;

	for (;;) {
		u64 mfn = rnd() % 0x20000, pfn = M2P[mfn];

		if (pfn >= si->nr_pages || p2m[pfn] != mfn)
			return mfn;
	}
}

static u64 pick_mfn(void)
{
	switch (rnd() % 12) {
	case 0: return foreign_mfn();
	case 1: return 0;
	case 2: return ~0UL;
	case 3: return 1UL << rnd() % 64;
	case 4: return 0xfee00;
	case 5: return si->shared_info >> 12;
	case 6: return (rnd() & 1) ? 0x1f900 : 0x100;
	case 7: return mfn_of(tables[rnd() % 4]);
	default: return mfn_of(victim[rnd() % ARRAY(victim)]);
	}
}

static u64 pick_domain(void)
{
	switch (rnd() % 6) {
	case 0: return rnd() % 16;
	case 1: return 0x7ff0 + rnd() % 8;
	case 2: case 3: return 0;
	default: return DOMID_SELF;
	}
}

static u64 pick_flags(void)
{
	static const u64 f[] = { 0, P, P | RW | US | A | D, P | US, P | RW | US | PSE, P | RW | US | NX,
		P | RW, P | RW | US | G, ~0xfffUL >> 52 };
	u64 v = f[rnd() % ARRAY(f)];

	return rnd() % 8 ? v : v | 1UL << rnd() % 64;
}

static u64 pick_pte(void)
{
	return (pick_mfn() << 12 & ADDR) | pick_flags();
}

static u64 pick_maddr(void)
{
	u64 m;

	switch (rnd() % 6) {
	case 0: m = pick_mfn() << 12 | (rnd() & 0xff8); break;
	case 1: m = rnd(); break;
	case 2: m = victim_l1e[rnd() % ARRAY(victim)]; break;
	default: m = mfn_of(tables[rnd() % 4]) << 12 | (rnd() & 0xff8); break;
	}
	return m | rnd() % 5;
}

static u64 pick_va(void)
{
	switch (rnd() % 10) {
	case 0: return 0;
	case 1: return 0xffff800000000000 + (rnd() & 0xffffff);
	case 2: return 0xffff830000000000 + (rnd() & 0xfffffffff);
	case 3: return 0x8000000000000000 | rnd();
	case 4: return ~(rnd() & 0xffff);
	case 5: return rnd() & 0x7fffffffffff;
	case 6: return (u64)victim[7] + PAGE - rnd() % 64;
	default: return (u64)victim[rnd() % ARRAY(victim)] + rnd() % PAGE;
	}
}

static u64 pick_number(void)
{
	switch (rnd() % 8) {
	case 0: return rnd();
	case 1: return 1UL << rnd() % 64;
	case 2: return ~0UL - rnd() % 16;
	case 3: return 0x7ff0 + rnd() % 5;
	case 4: return (u32)~0U - rnd() % 4;
	default: return rnd() % 20;
	}
}

static u64 pick_any(void)
{
	switch (rnd() % 6) {
	case 0: return pick_va();
	case 1: return pick_maddr();
	case 2: return pick_pte();
	case 3: return pick_mfn();
	default: return pick_number();
	}
}

/* A structure of random fields, of 4 or 8 bytes; pointers lead into scratch. */
static u64 structure(void)
{
	u8 *p = scratch[rnd() % SCRATCH] + (rnd() % 8 ? 0 : rnd() % PAGE & ~7UL);
	u8 *end = scratch[0] + SCRATCH * PAGE;

	if (rnd() % 16 == 0)
		return pick_va();
	for (int i = 0; i < 24 && p + i * 8 + 8 <= end; i++) {
		u64 v = pick_any();

		if (rnd() % 6 == 0)
			v = (u64)scratch[rnd() % SCRATCH];
		if (rnd() & 1)
			v = (u32)pick_number() | (u64)(u32)pick_number() << 32;
		memcpy(p + i * 8, &v, 8);
	}
	return (u64)p;
}

/* What a call would find there, if that is scratch. */
static u32 word_at(u64 base)
{
	return base >= (u64)scratch[0] && base <= (u64)scratch[0] + SCRATCH * PAGE - 4 ? *(u32 *)base : 0;
}

static void put(u64 base, int off, u64 v, size_t n)
{
	u64 end = (u64)scratch[0] + SCRATCH * PAGE;

	if (base >= (u64)scratch[0] && base < end && (u64)off + n <= end - base)
		memcpy((void *)(base + (u64)off), &v, n);
}

struct call { u64 nr, a[5]; };

/* Makes one call, false if it may not be made. */
static int make(struct call *c)
{
	/* More often what has the most to go wrong. */
	static const u8 often[] = { 1, 1, 1, 12, 12, 14, 14, 14, 20, 20, 26, 26, 26, 32, 32, 2, 10,
		24, 17, 13, 33 };
	u64 s = structure();

	c->nr = rnd() % 4 ? often[rnd() % sizeof(often)] : rnd() % 56;
	if (rnd() % 64 == 0)
		c->nr = rnd();
	for (int i = 0; i < 5; i++)
		c->a[i] = rnd() % 3 ? pick_any() : s;
	switch (c->nr) {
	case 0: case 2: case 5: case 8: case 9: case 10: case 21: case 25: case 40:
		if (c->nr == 2 && rnd() & 1) {
			for (int i = 0; i < 14; i++)
				put(s, i * 8, pick_mfn(), 8);
			c->a[0] = s;
			c->a[1] = rnd() % 7200;
		}
		break;
	case 1:		/* mmu_update */
		for (int i = 0; i < 6; i++) {
			put(s, i * 16, pick_maddr(), 8);
			put(s, i * 16 + 8, pick_pte(), 8);
		}
		c->a[0] = s;
		c->a[1] = rnd() % 8 ? rnd() % 6 : pick_number();
		if (c->a[1] > 6)	/* what follows in memory would be done, too */
			c->a[0] = pick_va() | 0x8000000000000000;
		c->a[2] = rnd() % 4 ? 0 : structure();
		c->a[3] = rnd() % 4 ? DOMID_SELF : rnd() & 1 ? pick_domain() : pick_number();
		break;
	case 6:		/* sched_op as it was: 1 blocks, 2 shuts down */
		if (c->a[0] == 1 || c->a[0] == 2)
			return 0;
		break;
	case 12:	/* memory_op */
		c->a[0] = rnd() % 8 ? rnd() % 32 : pick_number();
		c->a[1] = s;
		if ((c->a[0] & 63) <= 1 || (c->a[0] & 63) == 6) {
			put(s, 0, (u64)scratch[rnd() % SCRATCH], 8);
			put(s, 8, rnd() % 4 ? rnd() % 4 : pick_number(), 8);
			put(s, 16, rnd() % 4 ? 0 : pick_number(), 4);
			put(s, 24, rnd() % 4 ? DOMID_SELF : rnd() & 1 ? pick_domain() : pick_number(), 2);
		}
		break;
	case 13: {	/* multicall of four such */
		u64 list = (u64)scratch[SCRATCH - 1];
		struct call k[4];
		int n = 0;

		while (n < 4)
			if (make(&k[n]) && k[n].nr != 13)
				n++;
		for (int i = 0; i < 4; i++) {
			put(list, i * 64, k[i].nr, 8);
			for (int j = 0; j < 5; j++)
				put(list, i * 64 + 16 + j * 8, k[i].a[j], 8);
		}
		c->a[0] = rnd() % 8 ? list : pick_va() | 0x8000000000000000;
		c->a[1] = 4;
		break;
	}
	case 14:	/* update_va_mapping: of pages that may be lost */
		c->a[0] = rnd() % 3 ? (u64)victim[rnd() % ARRAY(victim)] : pick_va();
		c->a[1] = pick_pte();
		c->a[2] = rnd() & 1 ? rnd() % 8 : s;
		break;
	case 17:
		c->a[0] = rnd() % 12;
		c->a[1] = s;
		break;
	case 18:	/* console_io: nothing long on the console */
		c->a[0] = rnd() % 4;
		c->a[1] = c->a[0] ? pick_number() : 0;
		c->a[2] = c->a[0] ? pick_va() : s;
		break;
	case 20:	/* grants */
		c->a[0] = rnd() % 14;
		c->a[1] = s;
		c->a[2] = rnd() % 8 ? rnd() % 3 : pick_number();
		for (int i = 0; i < 3 && c->a[0] < 2; i++) {
			put(s, i * 32, rnd() & 1 ? (u64)victim[rnd() % ARRAY(victim)] : pick_maddr(), 8);
			put(s, i * 32 + 8, rnd() % 64, 4);
			put(s, i * 32 + 12, rnd() % 16, 4);
			put(s, i * 32 + 16, pick_domain(), 2);
		}
		if (c->a[2] > 3)
			c->a[1] = pick_va() | 0x8000000000000000;
		break;
	case 23:	/* iret: ends where it should not; has a guest of its own */
		return 0;
	case 24:	/* vcpu_op: not down, not up with garbage, not our vcpu_info */
		c->a[0] = rnd() % 16;
		c->a[1] = rnd() % 4 ? rnd() % 3 : pick_number();
		c->a[2] = s;
		if (c->a[0] == VCPUOP_down || c->a[0] == VCPUOP_up ||
		    (c->a[0] == VCPUOP_register_vcpu_info && c->a[1] == 0) || c->a[0] == 11)
			return 0;
		if (c->a[0] == VCPUOP_register_runstate_memory_area ||
		    c->a[0] == VCPUOP_register_vcpu_time_memory_area)
			put(s, 0, rnd() & 1 ? pick_va() | 0x8000000000000000 : (u64)victim[0], 8);
		break;
	case 26:	/* mmuext: not a new base */
		for (int i = 0; i < 4; i++) {
			u64 cmd = rnd() % 16 ? rnd() % 22 : pick_number();

			if (cmd == MMUEXT_NEW_BASEPTR)
				cmd = MMUEXT_PIN_L4_TABLE;
			put(s, i * 24, cmd, 4);
			put(s, i * 24 + 8, rnd() % 4 ? pick_mfn() : pick_va(), 8);
			put(s, i * 24 + 16, rnd() & 1 ? rnd() % 10000 : pick_va(), 8);
		}
		c->a[0] = s;
		c->a[1] = rnd() % 5;
		c->a[2] = rnd() % 4 ? 0 : structure();
		c->a[3] = rnd() % 4 ? DOMID_SELF : rnd() & 1 ? pick_domain() : pick_number();
		break;
	case 28:
		break;
	case 29:	/* sched_op: yield, and poll with an end */
		c->a[0] = rnd() & 1 ? 0 : 7 + rnd() % 8;
		break;
	case 32:	/* event channels; not reset, and the console is needed for the results */
		c->a[0] = rnd() % 16;
		c->a[1] = s;
		if (c->a[0] == EVTCHNOP_reset || c->a[0] == 14)
			return 0;
		put(s, 0, rnd() % 4 ? rnd() % 64 : pick_number(), 4);
		put(s, 4, rnd() % 4 ? rnd() % 4 : pick_number(), 4);
		if (rnd() & 1)
			put(s, 0, pick_domain(), 2);
		if (c->a[0] == EVTCHNOP_close && !privileged() && word_at(s) == si->console.domU.evtchn)
			return 0;
		break;
	case 33:
		/*
		 * physdev: real Xen trusts domain 0 here, lets it write the I/O APIC,
		 * and 4.17.7 falls over a null pointer when it prepares MSI-X for a
		 * device that is none (operation 30). Only harmless ones there.
		 */
		c->a[0] = rnd() % 34;
		c->a[1] = s;
		if (on_xen() && c->a[0] != 5 && c->a[0] != 6 && c->a[0] != 7 &&
		    c->a[0] != 10 && c->a[0] != 12)
			return 0;
		break;
	case 7: case 35: case 36: {
		/* With a version of the interface that is none, if it would be obeyed. */
		u32 right = c->nr == 7 ? XENPF_INTERFACE_VERSION :
			    c->nr == 35 ? XEN_SYSCTL_INTERFACE_VERSION : XEN_DOMCTL_INTERFACE_VERSION;

		put(s, 0, rnd() % 90, 4);
		put(s, 4, privileged() || rnd() % 4 == 0 ? 0x4711 : right, 4);
		put(s, 8, pick_domain(), 2);
		c->a[0] = s;
		break;
	}
	case 19: case 37: case 48: case 49: case 27:
		if (on_xen())
			return 0;
		break;
	case 34: case 41: case 42: case 39:
		break;
	case 22:	/* as 14, and a domain */
		c->a[0] = rnd() % 3 ? (u64)victim[rnd() % ARRAY(victim)] : pick_va();
		break;
	case 4:		/* handlers: ours, or none that can be */
		c->a[0] = rnd() & 1 ? (u64)trap_event : 0x8000000000000000 | rnd() >> 20;
		c->a[1] = (u64)trap_failsafe;
		c->a[2] = (u64)trap_syscall;
		break;
	case 30:
		c->a[0] = rnd() % 3;
		c->a[1] = s;
		put(s, 0, rnd() % 8 ? rnd() % 8 : pick_number(), 2);
		put(s, 8, rnd() & 1 ? (u64)trap_failsafe : 0x8000000000000000 | rnd() >> 20, 8);
		break;
	}
	return 1;
}

/* Tables whose contents the fuzzing may have changed are made again. */
static void renew(void)
{
	for (u32 i = 0; i < ARRAY(victim); i++) {
		u8 *v = victim[i];

		if (mmu_update(victim_l1e[i], pte_of(v, P | RW | US | A | D)))
			mmu_update(victim_l1e[i], 0);
	}
	mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0);
	HC_3(4, trap_event, trap_failsafe, trap_syscall);
	set_traps();
	HC_1(5, 0);
}

static int healthy(void)
{
	u64 probe = rnd();
	static volatile u64 word;

	word = probe;
	return version_op(XENVER_version, NULL) == 0x00040011 &&
	       PROBE("ud2", ::: "memory") == 6 && word == probe &&
	       M2P[mfn_of(scratch[0])] == pfn_of(scratch[0]);
}

static int quiet(struct trap *t)
{
	/* Events are dropped: their ports come and go. Selectors may have gone, too. */
	if (t->vector == EVENT) {
		vcpu_info()->evtchn_upcall_pending = 0;
		vcpu_info()->evtchn_pending_sel = 0;
		return 1;
	}
	return t->vector == FAILSAFE;
}

void test_main(void)
{
	u64 calls = option("calls", 20000), sick = 0, refused = 0;

	for (int i = 0; i < SCRATCH; i++)
		scratch[i] = page_alloc();
	for (u32 i = 0; i < ARRAY(victim); i++) {
		victim[i] = page_alloc();
		victim_l1e[i] = l1e_maddr(victim[i]);
	}
	tables[0] = table_alloc();
	for (int i = 1; i < 4; i++) {
		tables[i] = page_alloc();
		tables[i][0] = pte_of(tables[i - 1], P | RW | US | A | D);
		make_ro(tables[i]);
	}
	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(tables[3]), 0), 0, "a spare table hierarchy");
	trap_hook = quiet;
	for (u64 n = 0; n < calls; n++) {
		struct call c;
		long r;

		if (!make(&c)) {
			refused++;
			continue;
		}
		r = hcall((long)c.nr, c.a[0], c.a[1], c.a[2], c.a[3], c.a[4]);
		calls_done++;
		if (r == 0)
			zero++;
		else if (r < 0)
			negative++;
		else
			positive++;
		if (c.nr < 64 && r >= 0)
			per_call[c.nr]++;
		if (c.nr == 0 || c.nr == 4 || c.nr == 13 || c.nr == 30)
			renew();
		if (n % 64 == 63) {
			renew();
			if (!healthy() && sick++ == 0)
				note("first sick after call %lu: %lu(%#lx, %#lx, %#lx, %#lx) = %ld", n,
				     c.nr, c.a[0], c.a[1], c.a[2], c.a[3], r);
		}
	}
	trap_hook = NULL;
	renew();
	note("%ld calls (seed %lu): %ld gave 0, %ld an error, %ld more; %lu left out",
	     calls_done, option("seed", 1), zero, negative, positive, refused);
	for (int i = 0; i < 56; i += 8)
		note("successes of %d..: %ld %ld %ld %ld %ld %ld %ld %ld", i, per_call[i], per_call[i + 1],
		     per_call[i + 2], per_call[i + 3], per_call[i + 4], per_call[i + 5],
		     per_call[i + 6], per_call[i + 7]);
	is((long)sick, 0, "the guest stays healthy through %ld calls", calls_done);
	ok(zero > calls_done / 50, "a part of the calls succeeds: they reach deep");
	ok(negative > calls_done / 4, "most are refused");
	ok(healthy(), "exceptions, memory and calls work at the end");
}
