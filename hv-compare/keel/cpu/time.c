// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:23  Time: nanoseconds since keel started, from the time-stamp counter, which
 * is the same on all processors; and the timers kept against it.
 */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/time.h>
#include <keel/trap.h>

#define PIT_HZ 1193182UL

static u64 boot_tsc, khz;
static u32 tsc_mul;		/* ns = (tsc << shift) * mul >> 32 */
static s8 tsc_shift;
static u64 wc_sec;		/* wall clock when system_time was 0 */
static u32 wc_nsec;

static inline u64 scale(u64 delta)
{
	delta = tsc_shift < 0 ? delta >> -tsc_shift : delta << tsc_shift;
	return (unsigned __int128)delta * tsc_mul >> 32;
}

u64 system_time(void) { return scale(rdtsc() - boot_tsc); }
u64 tsc_khz(void) { return khz; }

/*
 * A reading of the PIT's channel 2 and of the TSC at the same time: of a few
 * tries the one in which least time passed around it, so that an interruption
 * by the machine's host does not count.
 */
static u16 pit_read(u64 *tsc)
{
	u64 best = ~0UL;
	u16 count = 0;

	for (int i = 0; i < 8; i++) {
		u64 t0 = rdtsc(), t1;
		u16 c;

		out8(0x43, 0x80);		/* latch channel 2 */
		t1 = rdtsc();
		c = in8(0x42);
		c |= in8(0x42) << 8;
		if (t1 - t0 < best) {
			best = t1 - t0;
			*tsc = t0 + (t1 - t0) / 2;
			count = c;
		}
	}
	return count;
}

static u64 tsc_hz_from_pit(void)
{
	u64 t0, t1;
	u16 c0, c1;

	out8(0x61, (in8(0x61) & ~2) | 1);
	out8(0x43, 0xb0);			/* channel 2, both bytes, mode 0 */
	out8(0x42, 0xff);
	out8(0x42, 0xff);
	c0 = pit_read(&t0);
	/* 40 of the 55 ms it takes to run down; it must not wrap. */
	do {
		/* Where instructions are counted for time, ports bring none on. */
		for (unsigned int i = 0; i < 100000; i++)
			barrier();
		c1 = pit_read(&t1);
	} while (c1 < c0 && (u64)(c0 - c1) < PIT_HZ / 25);
	/* Its output rises when it passes 0, from where it counts on from the top. */
	if (in8(0x61) & 0x20 || c1 >= c0)
		return 0;
	return (t1 - t0) * PIT_HZ / (c0 - c1);
}

static u8 cmos(u8 reg)
{
	out8(0x70, reg);
	return in8(0x71);
}

static unsigned int bcd(u8 v, bool binary)
{
	return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* Seconds since 1970 from the battery clock. */
static u64 rtc_read(void)
{
	static const u16 before_month[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	unsigned int s, mi, h, d, mo, y;
	bool bin;
	u64 days;

	do {
		while (cmos(0x0a) & 0x80)
			cpu_relax();
		s = cmos(0); mi = cmos(2); h = cmos(4);
		d = cmos(7); mo = cmos(8); y = cmos(9);
	} while (s != cmos(0));
	bin = cmos(0x0b) & 4;
	s = bcd(s, bin); mi = bcd(mi, bin); h = bcd(h, bin);
	d = bcd(d, bin); mo = bcd(mo, bin); y = 2000 + bcd(y, bin);
	if (mo < 1 || mo > 12)
		return 0;
	days = (y - 1970) * 365 + (y - 1969) / 4 + before_month[mo - 1] + d - 1;
	if (mo > 2 && y % 4 == 0)
		days++;
	return ((days * 24 + h) * 60 + mi) * 60 + s;
}

void time_init(void)
{
	u64 hz, v;

	/* An interruption of more than 15 ms makes the counter wrap: again. */
	do
		hz = tsc_hz_from_pit();
	while (!hz);
	khz = hz / 1000;
	if (!khz)
		panic("time: the time-stamp counter does not count");
	/* mul / 2^32 = 1e9 / hz, with mul in [2^31, 2^32). */
	v = hz;
	while (v <= NS_PER_SEC) {
		v <<= 1;
		tsc_shift++;
	}
	while (v > 2 * NS_PER_SEC) {
		v >>= 1;
		tsc_shift--;
	}
	tsc_mul = ((unsigned __int128)NS_PER_SEC << 32) / v;
	boot_tsc = rdtsc();
	wc_sec = rtc_read();
	printk("time: TSC %lu.%03lu MHz\n", khz / 1000, khz % 1000);
}

void delay_us(u64 us)
{
	u64 end = system_time() + us * 1000;

	while (system_time() < end)
		barrier();
}

void time_publish(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->vcpu_info->time;
	u32 version = (t->version + 1) | 1;

	WRITE_ONCE(t->version, version);
	barrier();
	t->tsc_timestamp = boot_tsc;
	t->system_time = 0;
	t->tsc_to_system_mul = tsc_mul;
	t->tsc_shift = tsc_shift;
	t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
	barrier();
	WRITE_ONCE(t->version, version + 1);
}

void wallclock_publish(struct shared_info *si)
{
	u32 version = (si->wc_version + 1) | 1;

	WRITE_ONCE(si->wc_version, version);
	barrier();
	si->wc_sec = wc_sec;
	si->wc_sec_hi = wc_sec >> 32;
	si->wc_nsec = wc_nsec;
	barrier();
	WRITE_ONCE(si->wc_version, version + 1);
}

void wallclock_set(u64 sec, u32 nsec, u64 at)
{
	u64 ns = nsec + NS_PER_SEC - at % NS_PER_SEC;

	wc_sec = sec - at / NS_PER_SEC - 1 + ns / NS_PER_SEC;
	wc_nsec = ns % NS_PER_SEC;
}

/* ---- timers ---- */

/* timer.lock held, so that t->cpu stays. */
static void stop_locked(struct timer *t)
{
	struct cpu *c = &cpus[t->cpu];

	spin_lock(&c->timer_lock);
	if (t->active) {
		for (struct timer **p = &c->timers; *p; p = &(*p)->next)
			if (*p == t) {
				*p = t->next;
				break;
			}
		t->active = false;
	}
	spin_unlock(&c->timer_lock);
}

void timer_stop(struct timer *t)
{
	spin_lock(&t->lock);
	stop_locked(t);
	spin_unlock(&t->lock);
}

void timer_stop_sync(struct timer *t)
{
	bool busy;

	do {
		timer_stop(t);
		busy = false;
		for (unsigned int i = 0; i < nr_cpus; i++)
			while (__atomic_load_n(&cpus[i].timer_running, __ATOMIC_SEQ_CST) == t) {
				busy = true;
				cpu_serve();
				cpu_relax();
			}
	} while (busy);
}

void timer_set(struct timer *t, unsigned int cpu, u64 deadline)
{
	struct cpu *c = &cpus[cpu];
	struct timer **p;
	bool first;

	spin_lock(&t->lock);
	stop_locked(t);
	spin_lock(&c->timer_lock);
	t->cpu = cpu;
	t->deadline = deadline;
	for (p = &c->timers; *p && (*p)->deadline <= deadline; p = &(*p)->next)
		;
	first = p == &c->timers;
	t->next = *p;
	*p = t;
	t->active = true;
	spin_unlock(&c->timer_lock);
	spin_unlock(&t->lock);
	if (first) {
		WRITE_ONCE(c->timer_work, true);
		if (c != this_cpu())
			apic_send(cpu, VEC_RESCHED);
	}
}

void timers_run(void)
{
	struct cpu *c = this_cpu();
	u64 next = 0;

	WRITE_ONCE(c->timer_work, false);
	for (;;) {
		struct timer *t;

		spin_lock(&c->timer_lock);
		t = c->timers;
		if (!t || t->deadline > system_time()) {
			next = t ? t->deadline : 0;
			spin_unlock(&c->timer_lock);
			break;
		}
		c->timers = t->next;
		t->active = false;
		__atomic_store_n(&c->timer_running, t, __ATOMIC_SEQ_CST);
		spin_unlock(&c->timer_lock);
		t->fn(t->arg);
		__atomic_store_n(&c->timer_running, NULL, __ATOMIC_RELEASE);
	}
	if (c->slice_end && c->slice_end <= system_time()) {
		c->slice_end = 0;
		c->need_resched = true;
	}
	if (c->slice_end && (!next || c->slice_end < next))
		next = c->slice_end;
	apic_set_timer(next);
}
