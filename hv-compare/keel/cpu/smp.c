// SPDX-License-Identifier: GPL-2.0-or-later
/* R:24  The other processors. */
#include <keel/acpi.h>
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/time.h>
#include <keel/trap.h>

#define AP_START 0x8000		/* a page below 1 MiB that nobody else uses */

extern const u64 ap_trampoline_range[2];	/* physical */
u64 ap_stack;
void ap_main(void);

/* First C on a new processor, on its own stack, still with boot.S's tables. */
void ap_main(void)
{
	unsigned int id = nr_cpus - 1;

	cpu_info()->cpu = &cpus[id];
	write_cr3(idle_cr3);
	cpu_init(id);
	apic_init();
	/* Nothing of any guest can be in this TLB yet. */
	tlb_flush_local();
	__atomic_store_n(&cpus[id].online, true, __ATOMIC_SEQ_CST);
	enter_scheduler();
}

static bool start(unsigned int id, u32 apic_id)
{
	u64 deadline;

	ap_stack = ((u64)cpu_stacks[id] + STACK_SIZE - CPU_INFO_SIZE) & ~15UL;
	nr_cpus = id + 1;
	apic_send_init(apic_id);
	delay_us(10000);
	for (int i = 0; i < 2 && !READ_ONCE(cpus[id].online); i++) {
		apic_send_startup(apic_id, AP_START >> PAGE_SHIFT);
		deadline = system_time() + (i ? 5 * NS_PER_SEC : 50 * NS_PER_MS);
		while (!READ_ONCE(cpus[id].online) && system_time() < deadline)
			cpu_relax();
	}
	if (cpus[id].online)
		return true;
	nr_cpus = id;
	return false;
}

void smp_boot(unsigned int limit)
{
	/* The trampoline's section is linked where it is loaded. */
	memcpy(phys_to_virt(AP_START), phys_to_virt(ap_trampoline_range[0]),
	       ap_trampoline_range[1] - ap_trampoline_range[0]);
	for (unsigned int i = 0; i < acpi_nr_cpus && nr_cpus < MIN(limit, (unsigned int)MAX_CPUS); i++) {
		if (acpi_cpu_apic_id[i] == cpus[0].apic_id)
			continue;
		if (!start(nr_cpus, acpi_cpu_apic_id[i]))
			printk("cpu: the one with APIC id %u does not start\n",
			       acpi_cpu_apic_id[i]);
	}
	printk("cpu: %u running\n", nr_cpus);
}
