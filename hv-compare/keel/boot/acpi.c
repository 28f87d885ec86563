// SPDX-License-Identifier: GPL-2.0-or-later
/* R:14  The one ACPI table keel reads, the MADT (ACPI 5.2.12). */
#include <keel/acpi.h>
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/lib.h>
#include <keel/mm.h>

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __attribute__((packed));

struct header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[26];
} __attribute__((packed));
_Static_assert(sizeof(struct header) == 36, "ACPI table header");

unsigned int acpi_nr_cpus, acpi_nr_ioapics, acpi_nr_overrides;
u32 acpi_cpu_apic_id[MAX_CPUS];
struct acpi_ioapic acpi_ioapic[ACPI_MAX_IOAPICS];
struct acpi_override acpi_override[16];

static bool sum_ok(const u8 *p, u32 n)
{
	u8 s = 0;

	while (n--)
		s += *p++;
	return !s;
}

/* The RSDP is on a 16-byte boundary of the BIOS area. */
static const struct rsdp *find_rsdp(void)
{
	for (u64 pa = 0xe0000; pa < 0x100000; pa += 16) {
		const struct rsdp *r = phys_to_virt(pa);

		if (!memcmp(r->signature, "RSD PTR ", 8) && sum_ok((const u8 *)r, 20))
			return r;
	}
	return NULL;
}

/* Firmware tables lie anywhere; first the length, then all of it. */
static const struct header *map_table(u64 pa)
{
	const struct header *h = (const struct header *)ioremap(pa, sizeof(*h));

	if (h->length < sizeof(*h) || h->length > 1 << 20)
		return NULL;
	h = (const struct header *)ioremap(pa, h->length);
	return sum_ok((const u8 *)h, h->length) ? h : NULL;
}

static void parse_madt(const struct header *h)
{
	const u8 *p = (const u8 *)(h + 1) + 8, *end = (const u8 *)h + h->length;

	for (; p + 2 <= end && p[1] >= 2 && p + p[1] <= end; p += p[1]) {
		switch (p[0]) {
		case 0:		/* local APIC: processor id, APIC id, flags */
			if (p[1] >= 8 && p[4] & 1 && acpi_nr_cpus < MAX_CPUS)
				acpi_cpu_apic_id[acpi_nr_cpus++] = p[3];
			break;
		case 1:		/* I/O APIC */
			if (p[1] >= 12 && acpi_nr_ioapics < ACPI_MAX_IOAPICS) {
				struct acpi_ioapic *io = &acpi_ioapic[acpi_nr_ioapics++];
				u32 a;

				memcpy(&a, p + 4, 4);
				io->address = a;
				memcpy(&io->gsi_base, p + 8, 4);
			}
			break;
		case 2:		/* interrupt source override */
			if (p[1] >= 10 && acpi_nr_overrides < ARRAY_SIZE(acpi_override)) {
				struct acpi_override *o = &acpi_override[acpi_nr_overrides++];

				o->source = p[3];
				memcpy(&o->gsi, p + 4, 4);
				memcpy(&o->flags, p + 8, 2);
			}
			break;
		}
	}
}

void acpi_init(void)
{
	const struct rsdp *r = find_rsdp();
	const struct header *root, *t;
	unsigned int width;
	bool xsdt;

	if (!r) {
		printk("acpi: no tables\n");
		return;
	}
	xsdt = r->revision >= 2 && r->xsdt;
	width = xsdt ? 8 : 4;
	root = map_table(xsdt ? r->xsdt : r->rsdt);
	if (!root) {
		printk("acpi: the root table is damaged\n");
		return;
	}
	for (const u8 *p = (const u8 *)(root + 1);
	     p + width <= (const u8 *)root + root->length; p += width) {
		u64 pa = 0;

		memcpy(&pa, p, width);
		t = map_table(pa);
		if (t && !memcmp(t->signature, "APIC", 4))
			parse_madt(t);
	}
}
