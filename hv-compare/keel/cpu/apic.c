// SPDX-License-Identifier: GPL-2.0-or-later
/* R:22  The local APIC (xAPIC): who we are, interrupts to others, one timer. */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/mm.h>
#include <keel/time.h>
#include <keel/trap.h>

#define APIC_ID 0x20
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_ICR_LO 0x300
#define APIC_ICR_HI 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_NOW 0x390
#define APIC_TIMER_DIV 0x3e0
#define LVT_MASKED 0x10000
#define ICR_PENDING 0x1000
#define ICR_INIT 0x4500
#define ICR_STARTUP 0x4600

static volatile u8 *apic;
static u64 timer_khz;		/* counts per ms */

static u32 apic_read(u32 reg) { return *(volatile u32 *)(apic + reg); }
static void apic_write(u32 reg, u32 v) { *(volatile u32 *)(apic + reg) = v; }

/* The old interrupt controllers stay silent for good. */
static void pic_disable(void)
{
	static const u8 init[][2] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0x20 }, { 0xa1, 0x28 },
		{ 0x21, 0x04 }, { 0xa1, 0x02 }, { 0x21, 0x01 }, { 0xa1, 0x01 },
		{ 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(init); i++)
		out8(init[i][0], init[i][1]);
}

void apic_init(void)
{
	if (!apic) {
		apic = ioremap(rdmsr(MSR_APIC_BASE) & 0xffffff000UL, PAGE_SIZE);
		pic_disable();
	}
	apic_write(APIC_SVR, 0x100 | VEC_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_TIMER_DIV, 0x3);	/* by 16 */
	apic_write(APIC_LVT_TIMER, VEC_TIMER);
	apic_write(APIC_TIMER_INIT, 0);
	this_cpu()->apic_id = apic_self();
}

u32 apic_self(void) { return apic_read(APIC_ID) >> 24; }
void apic_eoi(void) { apic_write(APIC_EOI, 0); }

static void icr_write(u32 apic_id, u32 lo)
{
	while (apic_read(APIC_ICR_LO) & ICR_PENDING)
		cpu_relax();
	apic_write(APIC_ICR_HI, apic_id << 24);
	apic_write(APIC_ICR_LO, lo);
}

void apic_send(unsigned int cpu, u8 vector) { icr_write(cpus[cpu].apic_id, vector); }
void apic_send_init(u32 apic_id) { icr_write(apic_id, ICR_INIT); }
void apic_send_startup(u32 apic_id, u8 page) { icr_write(apic_id, ICR_STARTUP | page); }

void apic_calibrate(void)
{
	u64 t0, t1;
	u32 start, end;

	apic_write(APIC_TIMER_INIT, 0xffffffff);
	start = apic_read(APIC_TIMER_NOW);
	t0 = system_time();
	delay_us(20000);
	end = apic_read(APIC_TIMER_NOW);
	t1 = system_time();
	apic_write(APIC_TIMER_INIT, 0);
	timer_khz = (start - end) * NS_PER_MS / (t1 - t0);
	if (!timer_khz)
		panic("apic: the timer does not count");
}

void apic_set_timer(u64 deadline)
{
	struct cpu *c = this_cpu();
	u64 now, ns, count;

	if (c->apic_deadline == deadline)
		return;
	c->apic_deadline = deadline;
	if (!deadline) {
		apic_write(APIC_TIMER_INIT, 0);
		return;
	}
	now = system_time();
	/* At most a second: long waits wake up in between and set it again. */
	ns = deadline > now ? MIN(deadline - now, NS_PER_SEC) : 0;
	count = ns * timer_khz / NS_PER_MS + 1;
	apic_write(APIC_TIMER_INIT, MIN(count, 0xffffffffUL));
}
