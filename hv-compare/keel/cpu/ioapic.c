// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:34  The I/O APICs (82093AA). A level line is masked when it fires and opened
 * again when the guest says it is done: as long as the device pulls it, it fires
 * again then. All lines go to processor 0.
 */
#include <keel/acpi.h>
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/irq.h>
#include <keel/mm.h>
#include <keel/trap.h>

#define REG_VERSION 1
#define REG_RTE(n) (0x10 + 2 * (n))
#define RTE_MASKED (1U << 16)
#define RTE_LEVEL (1U << 15)
#define RTE_LOW (1U << 13)

struct line {
	volatile u32 *regs;	/* its I/O APIC; NULL: no such line */
	u8 pin;
	bool set_up, level, low, in_service;
	struct domain *domain;	/* whom it interrupts; no reference: unbound first */
	u32 port;
	void (*fn)(void);
};

/* Protects all lines and the registers' index/data pairs; taken after event_lock. */
static struct spinlock ioapic_lock;
static struct line lines[NR_LINES];

static u32 reg_read(volatile u32 *io, u32 reg)
{
	io[0] = reg;
	return io[4];
}

static void reg_write(volatile u32 *io, u32 reg, u32 v)
{
	io[0] = reg;
	io[4] = v;
}

static void program(u32 gsi, bool masked)
{
	struct line *l = &lines[gsi];

	reg_write(l->regs, REG_RTE(l->pin) + 1, cpus[0].apic_id << 24);
	reg_write(l->regs, REG_RTE(l->pin), (VEC_DEVICE_FIRST + gsi) |
		  (l->level ? RTE_LEVEL : 0) | (l->low ? RTE_LOW : 0) |
		  (masked ? RTE_MASKED : 0));
}

void ioapic_init(void)
{
	for (unsigned int i = 0; i < acpi_nr_ioapics; i++) {
		volatile u32 *regs = ioremap(acpi_ioapic[i].address, PAGE_SIZE);
		u32 n = (reg_read(regs, REG_VERSION) >> 16 & 0xff) + 1;

		for (u32 pin = 0; pin < n; pin++) {
			u32 gsi = acpi_ioapic[i].gsi_base + pin;

			if (gsi >= NR_LINES)
				break;
			lines[gsi].regs = regs;
			lines[gsi].pin = pin;
			program(gsi, true);
		}
	}
	/* MPS flags: polarity in bits 0-1 (3 low), trigger in 2-3 (3 level). */
	for (unsigned int i = 0; i < acpi_nr_overrides; i++) {
		struct acpi_override *o = &acpi_override[i];

		if (!line_exists(o->gsi))
			continue;
		lines[o->gsi].low = (o->flags & 3) == 3;
		lines[o->gsi].level = (o->flags >> 2 & 3) == 3;
	}
}

bool line_exists(u32 gsi) { return gsi < NR_LINES && lines[gsi].regs; }
bool line_is_level(u32 gsi) { return line_exists(gsi) && lines[gsi].level; }

u32 isa_line(u8 irq)
{
	for (unsigned int i = 0; i < acpi_nr_overrides; i++)
		if (acpi_override[i].source == irq)
			return acpi_override[i].gsi;
	return irq;
}

bool is_ioapic_frame(u64 mfn)
{
	for (unsigned int i = 0; i < acpi_nr_ioapics; i++)
		if (acpi_ioapic[i].address >> PAGE_SHIFT == mfn)
			return true;
	return false;
}

int line_setup(u32 gsi, bool level, bool low)
{
	struct line *l = &lines[gsi];
	int rc = 0;

	if (!line_exists(gsi))
		return -EINVAL;
	spin_lock(&ioapic_lock);
	if (l->set_up || l->fn) {
		rc = -EEXIST;
	} else {
		l->set_up = true;
		l->level = level;
		l->low = low;
		program(gsi, !l->domain);
	}
	spin_unlock(&ioapic_lock);
	return rc;
}

int line_bind(struct domain *d, u32 gsi, u32 port)
{
	struct line *l = &lines[gsi];
	int rc = 0;

	if (!line_exists(gsi))
		return -EINVAL;
	spin_lock(&ioapic_lock);
	if (l->domain || l->fn) {
		rc = -EBUSY;
	} else {
		l->domain = d;
		l->port = port;
		l->in_service = false;
		program(gsi, false);
	}
	spin_unlock(&ioapic_lock);
	return rc;
}

void line_unbind(struct domain *d, u32 gsi)
{
	if (!line_exists(gsi))
		return;
	spin_lock(&ioapic_lock);
	if (lines[gsi].domain == d) {
		program(gsi, true);
		lines[gsi].domain = NULL;
		lines[gsi].in_service = false;
	}
	spin_unlock(&ioapic_lock);
}

int line_eoi(struct domain *d, u32 gsi)
{
	struct line *l = &lines[gsi];
	int rc = -EINVAL;

	if (!line_exists(gsi))
		return rc;
	spin_lock(&ioapic_lock);
	if (l->domain == d) {
		if (l->in_service) {
			l->in_service = false;
			program(gsi, false);
		}
		rc = 0;
	}
	spin_unlock(&ioapic_lock);
	return rc;
}

void line_take(u32 gsi, void (*fn)(void))
{
	if (!line_exists(gsi))
		return;
	spin_lock(&ioapic_lock);
	lines[gsi].fn = fn;
	program(gsi, false);
	spin_unlock(&ioapic_lock);
}

void device_interrupt(unsigned int vec)
{
	u32 gsi = vec - VEC_DEVICE_FIRST, port = 0;
	struct domain *d = NULL;
	void (*fn)(void) = NULL;

	spin_lock(&ioapic_lock);
	if (line_exists(gsi)) {
		struct line *l = &lines[gsi];

		d = l->domain;
		port = l->port;
		fn = l->fn;
		if (l->level && d) {
			l->in_service = true;
			program(gsi, true);
		}
	}
	spin_unlock(&ioapic_lock);
	apic_eoi();
	if (fn)
		fn();
	if (d)
		evtchn_raise(d, port);
}
