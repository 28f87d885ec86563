// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:43  Which CPU may still hold which translation.
 *
 * A clock ticks at every complete flush anywhere. A frame is stamped with it
 * when a use ends that a TLB could remember (writable, or a table); before the
 * frame gets a use that such a memory would endanger, every CPU whose last flush
 * is not younger than the stamp is flushed. Mostly there is none.
 */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/mm.h>
#include <keel/trap.h>

/* 64 bits here and per CPU, the low 32 in struct page; 0 there: never used. */
static u64 flush_clock = 1;

u32 tlb_stamp(void)
{
	u64 now = READ_ONCE(flush_clock);

	if (unlikely(!(u32)now))
		now = __atomic_add_fetch(&flush_clock, 1, __ATOMIC_SEQ_CST);
	return (u32)now;
}

/* Called before the translations are dropped: what is cached later is younger. */
static void tick(void)
{
	this_cpu()->flushed_at = __atomic_add_fetch(&flush_clock, 1, __ATOMIC_SEQ_CST);
}

void tlb_flush_local(void)
{
	u64 cr3 = read_cr3();

	tick();
	write_cr3(cr3);
}

void write_guest_cr3(u64 cr3)
{
	tick();
	write_cr3(cr3);
}

/*
 * Requests are numbered: the answer to one is a flush that began after it was
 * made, whoever else asked meanwhile. A CPU that waits serves as well.
 */
void cpu_serve(void)
{
	struct cpu *c = this_cpu();
	u32 asked = __atomic_load_n(&c->flush_asked, __ATOMIC_SEQ_CST);

	if (asked != c->flush_done) {
		tlb_flush_local();
		__atomic_store_n(&c->flush_done, asked, __ATOMIC_SEQ_CST);
	}
}

void tlb_flush_mask(u32 mask)
{
	struct cpu *self = this_cpu();
	u32 ticket[MAX_CPUS];

	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (!(mask >> i & 1) || &cpus[i] == self || !cpus[i].online)
			continue;
		ticket[i] = __atomic_add_fetch(&cpus[i].flush_asked, 1, __ATOMIC_SEQ_CST);
		apic_send(i, VEC_FLUSH);
	}
	if (mask >> self->id & 1)
		tlb_flush_local();
	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (!(mask >> i & 1) || &cpus[i] == self || !cpus[i].online)
			continue;
		while ((s32)(__atomic_load_n(&cpus[i].flush_done, __ATOMIC_SEQ_CST) - ticket[i]) < 0) {
			cpu_serve();
			cpu_relax();
		}
	}
}

void tlb_flush_older(u32 stamp)
{
	u64 now = READ_ONCE(flush_clock), then;
	u32 mask = 0;

	if (!stamp)
		return;
	/*
	 * The latest time with these low bits. The true one may be 2^32 flushes
	 * earlier; then we flush without need, never too little.
	 */
	then = (now & ~0xffffffffUL) | stamp;
	if (then > now)
		then -= 1UL << 32;
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (cpus[i].online && cpus[i].flushed_at <= then)
			mask |= 1U << i;
	if (mask)
		tlb_flush_mask(mask);
}
