// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:00  keel starts here. One page to read from top to bottom: what is brought
 * up in which order. Anything that fails before the last line is a panic; after
 * it, nothing a guest does is.
 */
#include <keel/acpi.h>
#include <keel/boot.h>
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/irq.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/time.h>
#include <keel/trap.h>

#define KEEL_VERSION "0.1"

extern char __image_end[];
void heap_fill(void);
void self_test(void);
void keel_start(u32 magic, u64 info);

void keel_start(u32 magic, u64 info)
{
	struct domain *d;

	/* this_cpu() has to work before anything that may take a lock. */
	cpu_info()->cpu = &cpus[0];
	cpus[0].online = true;

	multiboot_parse(magic, info);
	opt_noreboot = option_flag("noreboot");
	printk("keel " KEEL_VERSION ", a hypervisor for paravirtual guests\n");
	cpu_detect();
	cpu_init(0);

	/* Memory: what the loader put there stays, the rest is ours to give. */
	boot_reserve(0x100000, (u64)__image_end - IMAGE_VIRT);
	for (unsigned int i = 0; i < boot_modules; i++)
		boot_reserve(boot_module[i].start, boot_module[i].end);
	heap_init();
	paging_init();
	heap_fill();
	printk("memory: %lu MiB free of %lu MiB\n", heap_free_pages() >> 8, max_mfn >> 8);

	time_init();
	apic_init();
	apic_calibrate();
	acpi_init();
	ioapic_init();
	self_test();
	smp_boot(option_value("maxcpus") ? parse_size(option_value("maxcpus")) : MAX_CPUS);
	sched_init();

	if (!boot_modules)
		panic("boot: no kernel: give one as the first module");
	d = build_initial_domain(phys_to_virt(boot_module[0].start),
				 boot_module[0].end - boot_module[0].start,
				 boot_module[0].args,
				 boot_modules > 1 ? phys_to_virt(boot_module[1].start) : NULL,
				 boot_modules > 1 ? boot_module[1].end - boot_module[1].start : 0);
	for (unsigned int i = 0; i < boot_modules; i++)
		heap_free_range(boot_module[i].start >> PAGE_SHIFT,
				ALIGN_UP(boot_module[i].end, PAGE_SIZE) >> PAGE_SHIFT);
	console_interrupts();
	domain_unpause(d);
	enter_scheduler();
}
