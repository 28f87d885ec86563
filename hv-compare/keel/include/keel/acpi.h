/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware says about processors and interrupt lines. */
#ifndef KEEL_ACPI_H
#define KEEL_ACPI_H

#include <keel/types.h>

#define ACPI_MAX_IOAPICS 4

struct acpi_ioapic { u64 address; u32 gsi_base; };
/* An ISA interrupt that is wired differently: source line -> gsi, MPS flags. */
struct acpi_override { u8 source; u32 gsi; u16 flags; };

extern unsigned int acpi_nr_cpus, acpi_nr_ioapics, acpi_nr_overrides;
extern u32 acpi_cpu_apic_id[];			/* in the order of the table */
extern struct acpi_ioapic acpi_ioapic[ACPI_MAX_IOAPICS];
extern struct acpi_override acpi_override[16];

/* Reads the MADT. Without one: one processor and no interrupt lines. */
void acpi_init(void);

#endif
