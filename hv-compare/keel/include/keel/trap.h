/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between entry.S and C. */
#ifndef KEEL_TRAP_H
#define KEEL_TRAP_H

#define REGS_CS 136

/* entry_vector of what is not in the IDT */
#define TRAP_SYSCALL 0x100
#define TRAP_SYSCALL32 0x101

/* Interrupt vectors keel uses. */
#define VEC_DEVICE_FIRST 0x30	/* IOAPIC lines */
#define VEC_DEVICE_LAST 0xdf
#define VEC_TIMER 0xf0
#define VEC_RESCHED 0xf1
#define VEC_FLUSH 0xf2
#define VEC_STOP 0xf3
#define VEC_SPURIOUS 0xff

#ifndef __ASSEMBLY__
#include <keel/types.h>

struct vcpu;

/* entry.S */
extern const u64 trap_stubs[256];
extern char syscall_stubs[], syscall32_stubs[], guest_iretq[];
void enter_scheduler(void) __attribute__((noreturn));
u64 copy_fixup(void *dst, const void *src, u64 n);
u64 clear_fixup(void *dst, u64 n);
u64 cmpxchg_fixup(u64 *p, u64 *old, u64 new);
u64 load_ds(u16 sel), load_es(u16 sel), load_fs(u16 sel), load_gs(u16 sel);
u64 wrmsr_fixup(u32 msr, u64 val);
u64 xsetbv_fixup(u32 idx, u64 val);

/* Called from entry.S with interrupts off. */
void trap_from_guest(struct cpu_user_regs *regs);
bool trap_in_keel(struct cpu_user_regs *regs);
void trap_critical(struct cpu_user_regs *regs);
void syscall_from_guest(struct cpu_user_regs *regs);
void guest_exit_work(void);

/*
 * Makes the current vCPU take exception `vec` (with an error code where the
 * processor pushes one) through its trap table. No handler, or a stack that
 * cannot be written, kills the domain.
 */
void inject_trap(unsigned int vec, u32 error);
void inject_page_fault(u64 va, u32 error);

/*
 * Builds the frame of an entry into the guest kernel at `rip` on its stack, and
 * switches to kernel mode. `mask`: block event delivery until the handler
 * allows it. err: pointer to the error code, or NULL.
 */
void bounce(u64 rip, bool mask, const u32 *err);
void inject_failsafe(void);

/* #GP in guest code: true if it was a privileged instruction and is done. */
bool emulate_privileged(struct cpu_user_regs *regs);
bool emulate_forced_cpuid(struct cpu_user_regs *regs);
void guest_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4]);

/* Switches the current vCPU between its kernel's and its user's world. */
void toggle_mode(struct vcpu *v);

void dump_regs(const struct cpu_user_regs *regs);
void dump_guest_stack(const struct cpu_user_regs *regs);

#endif
#endif
