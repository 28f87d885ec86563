/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of more page tables than the hypervisor checks or releases in one go: it does
 * so in pieces, and the guest sees nothing of that. What a guest breaks off half-way
 * is its own loss, and goes with the domain.
 */
#include "rt/rt.h"

#define N 300
static u64 *l1[N], *l2, *l3, *l4, *other3, *other4;
static u8 *data;
static int broken_off, break_off;

/* Of the tables below l4, those that cannot be made writable. */
static long stuck(void)
{
	long n = 0;

	for (int i = 0; i < N; i++)
		n += make_rw(l1[i]) != 0;
	return n + (make_rw(l2) != 0) + (make_rw(l3) != 0);
}

static void tables_again(void)
{
	for (int i = 0; i < N; i++)
		make_ro(l1[i]);
	make_ro(l2);
	make_ro(l3);
}

/* An event in the middle of the call: it is not made again. */
static int skip_call(struct trap *t)
{
	u64 *rip = trap_rip(t);

	if (t->vector != EVENT)
		return 0;
	vcpu_info()->evtchn_upcall_pending = 0;
	vcpu_info()->evtchn_pending_sel = 0;
	shared->evtchn_pending[0] = 0;
	if (break_off && *(u16 *)*rip == 0x050f && t->rax == 26) {
		*rip += 2;
		t->rax = (u64)-4711;
		broken_off++;
	}
	return 1;
}

/* When the call runs is not known that well: other times until one hits. */
static long pin_broken_off(void)
{
	long r = 0;

	broken_off = 0;
	for (u64 after = 20000; after < 20000000 && !broken_off; after += after / 4) {
		struct vcpu_set_singleshot_timer when = { .timeout_abs_ns = now() + after };

		break_off = 1;
		vcpu_op(VCPUOP_set_singleshot_timer, 0, &when);
		r = mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0);
		break_off = 0;
		if (!broken_off && mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4), 0))
			bail("not pinned: %ld", r);
	}
	return r;
}

static long give_away(void *va)
{
	struct xen_memory_reservation r;
	xen_pfn_t mfn = mfn_of(va);

	memset(&r, 0, sizeof(r));
	r.nr_extents = 1;
	r.domid = DOMID_SELF;
	set_xen_guest_handle(r.extent_start, &mfn);
	return memory_op(XENMEM_decrease_reservation, &r);
}

void test_main(void)
{
	struct multicall_entry m[2];
	struct mmuext_op op;
	long r, port;
	u32 done;

	data = page_alloc();
	for (int i = 0; i < N; i++) {
		l1[i] = page_alloc();
		for (int k = 0; k < 512; k++)
			l1[i][k] = pte_of(data, P | US | A);
		make_ro(l1[i]);
	}
	l2 = page_alloc();
	for (int i = 0; i < N; i++)
		l2[i] = pte_of(l1[i], P | RW | US | A | D);
	make_ro(l2);
	l3 = page_alloc();
	l3[0] = pte_of(l2, P | RW | US | A | D);
	make_ro(l3);
	l4 = page_alloc();
	l4[0] = pte_of(l3, P | RW | US | A | D);
	make_ro(l4);

	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), 0, "a tree of %d tables is pinned", N + 3);
	is(make_rw(l1[0]), -XINVAL, "its first table is one");
	is(make_rw(l1[N - 1]), -XINVAL, "its last, too");
	is(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4), 0), 0, "unpinned");
	is(stuck(), 0, "all of it is memory at once");
	tables_again();

	/* Within one multicall what follows relies on it. */
	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), 0, "pinned again");
	memset(&op, 0, sizeof(op));
	op.cmd = MMUEXT_UNPIN_TABLE;
	op.arg1.mfn = mfn_of(l4);
	memset(m, 0, sizeof(m));
	m[0].op = 26;
	m[0].args[0] = (u64)&op;
	m[0].args[1] = 1;
	m[0].args[2] = (u64)&done;
	m[0].args[3] = DOMID_SELF;
	m[1].op = 14;
	m[1].args[0] = (u64)l1[N - 1];
	m[1].args[1] = pte_of(l1[N - 1], P | RW | US | A | D);
	m[1].args[2] = UVMF_INVLPG | UVMF_ALL;
	done = 77;
	is(HC_2(13, m, 2), 0, "a multicall");
	is((long)m[0].result, 0, "its first call unpins");
	is((long)done, 1, "which was one operation");
	is((long)m[1].result, 0, "its second has the last table as memory");
	is(stuck(), 0, "all of it is");

	/* Wrong in the very last entry. */
	l1[N - 1][511] = pte_of(l1[0], P | RW | US | A);
	tables_again();
	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), -XINVAL, "one wrong entry, at the end");
	is(stuck(), 0, "nothing of it is a table");
	l1[N - 1][511] = 0;
	tables_again();

	/* Below an entry that is set and cleared. */
	other3 = table_alloc();
	other4 = page_alloc();
	other4[0] = pte_of(other3, P | RW | US | A | D);
	make_ro(other4);
	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(other4), 0), 0, "a small tree");
	is(mmu_update(mfn_of(other3) << 12, pte_of(l2, P | RW | US | A | D)), 0,
	   "an entry has the large one below it");
	is(make_rw(l1[N / 2]), -XINVAL, "which is checked");
	is(mmu_update(mfn_of(other3) << 12, 0), 0, "the entry is cleared");
	is(stuck(), 0, "which is memory again");
	tables_again();

	/* Loaded and left. */
	is(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(l4), 0), 0, "loaded without a pin");
	is(make_rw(l1[N - 1]), -XINVAL, "it is checked");
	is(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0, "and left");
	is(stuck(), 0, "memory again");
	tables_again();

	/* Broken off. */
	port = bind_virq(VIRQ_TIMER, 0);
	ok(port > 0, "a timer");
	unmask((u32)port);
	trap_hook = skip_call;
	irq_on();
	r = pin_broken_off();
	is(r, broken_off ? -4711 : 0, "a call that is not made again after an event");
	ok(broken_off || on_xen(), "there was one");
	is(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), 0, "the next one ends it");
	is(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4), 0), 0, "unpinned");
	is(stuck(), 0, "memory again");
	tables_again();
	pin_broken_off();
	is(give_away(l2), 1, "a table that is half checked is given away");
	is(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2), 0), -XINVAL, "and cannot be pinned");
	is(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(l1[3]), 0), 0, "a table is pinned");
	is(give_away(l1[3]), 1, "and given away");
	is_any(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l1[3]), 0), -XINVAL, 0, "its pin went with it");
	is(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(l1[3]), 0), -XINVAL, "it cannot be pinned");
	/* What is left is looked for by who counts pages after this domain's end. */
	irq_off();
	trap_hook = NULL;
}
