/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:34  Device interrupts: lines of the I/O APICs, numbered as ACPI numbers them
 * (global system interrupts), and the guests' ports they raise.
 */
#ifndef KEEL_IRQ_H
#define KEEL_IRQ_H

#include <keel/types.h>

struct domain;

#define NR_LINES 96

/* Finds the I/O APICs and masks every line. After acpi_init() and apic_init(). */
void ioapic_init(void);
/* Is there such a line? */
bool line_exists(u32 gsi);
/*
 * Trigger and polarity of a line, once: 0, -EINVAL, -EEXIST. ISA interrupts start
 * with what ACPI overrides say.
 */
int line_setup(u32 gsi, bool level, bool active_low);
bool line_is_level(u32 gsi);
/* Raises `port` of d from now on: 0, -EINVAL, -EBUSY when another has the line. */
int line_bind(struct domain *d, u32 gsi, u32 port);
void line_unbind(struct domain *d, u32 gsi);
/* The guest has dealt with it: a level line may interrupt again. */
int line_eoi(struct domain *d, u32 gsi);
/* keel's own use of a line: fn runs on each interrupt, edge triggered. */
void line_take(u32 gsi, void (*fn)(void));
/* The line of an ISA interrupt. */
u32 isa_line(u8 irq);

/* From the interrupt gate, vectors VEC_DEVICE_FIRST and up. */
void device_interrupt(unsigned int vec);
/* Is this frame an I/O APIC's registers? */
bool is_ioapic_frame(u64 mfn);

#endif
