/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:90  Hypercalls: the table and who implements what. */
#ifndef KEEL_HYPERCALL_H
#define KEEL_HYPERCALL_H

#include <keel/types.h>

/*
 * Every handler runs in the calling vCPU's context with its kernel's page
 * tables loaded, no lock held, and gets the guest's registers as they are:
 * all of it is untrusted. It returns what the guest gets in RAX.
 */
/*
 * keel is not interrupted while it works, so a handler with much to do stops after
 * BATCH items: it puts the arguments of a call for the rest into v->again[] (they
 * are there as they came) and returns -ERESTART. The guest's instruction is then
 * executed again with them, after everything that waits. All progress is in the
 * guest's registers, for the guest may move the caller to another vCPU.
 */
#define BATCH 2048

typedef long hypercall_fn(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

hypercall_fn do_set_trap_table, do_mmu_update, do_set_gdt, do_stack_switch,
	do_set_callbacks, do_fpu_taskswitch, do_set_debugreg, do_get_debugreg,
	do_update_descriptor, do_memory_op, do_multicall, do_update_va_mapping,
	do_set_timer_op, do_xen_version, do_console_io, do_vm_assist, do_vcpu_op,
	do_set_segment_base, do_mmuext_op, do_sched_op, do_callback_op,
	do_update_va_mapping_otherdomain, do_event_channel_op, do_physdev_op, do_platform_op,
	do_domctl, do_sysctl, do_grant_table_op;

/* iret replaces all registers and so is no ordinary handler. */
void do_iret(struct cpu_user_regs *regs);

void hypercall(struct cpu_user_regs *regs);
/* Writes the code guests may call into a page of theirs. */
void hypercall_page_fill(void *page);

#endif
