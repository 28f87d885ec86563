/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:20  What each processor has for itself. */
#ifndef KEEL_CPU_H
#define KEEL_CPU_H

#include <keel/layout.h>
#include <keel/lock.h>
#include <keel/types.h>
#include <keel/x86.h>

struct vcpu;
struct timer;

struct tss {
	u32 rsvd0;
	u64 rsp[3];
	u64 rsvd1;
	u64 ist[7];
	u64 rsvd2;
	u16 rsvd3, iomap;
} __attribute__((packed));

struct cpu {
	unsigned int id;
	u32 apic_id;
	bool online;
	/* Whose registers, CR3, segments and FPU are in the processor; NULL: none. */
	struct vcpu *loaded;
	/* Whose turn it is (sched_lock); differs from loaded only while idle. NULL: idle. */
	struct vcpu *current;
	bool need_resched;	/* both: looked at on the way out */
	bool timer_work;
	u32 tables_left;	/* mm/page.c: see TABLE_BATCH */

	/* TLB (mm/tlb.c): flush clock at the last complete flush here. */
	u64 flushed_at;
	u32 flush_asked, flush_done;

	/* sched/: sched_lock */
	u64 charged_at;		/* until when the time of `current` is accounted for */
	u64 turn_since;		/* when `current` got the processor */
	bool yielded;		/* own CPU only */

	/* timers: protected by timer_lock, sorted by deadline */
	struct spinlock timer_lock;
	struct timer *timers;
	struct timer *timer_running;	/* whose fn is being called */
	u64 apic_deadline;
	u64 slice_end;

	u64 idle_ns, idle_since;
	struct tss tss;
	u64 *gdt;		/* page 14 of every GDT used on this CPU */
	struct desc_ptr { u16 limit; u64 base; } __attribute__((packed)) idle_gdtr;
};

/* The top of each stack; entry.S relies on `guest` being first. */
struct cpu_info {
	struct cpu_user_regs guest;
	struct cpu *cpu;
	u64 pad[3];
};
_Static_assert(sizeof(struct cpu_info) == CPU_INFO_SIZE, "CPU_INFO_SIZE");
_Static_assert((CPU_INFO_SIZE - offsetof(struct cpu_user_regs, es)) % 16 == 0,
	       "the processor aligns the stack before it pushes");

extern struct cpu cpus[MAX_CPUS];
extern unsigned int nr_cpus;
extern char cpu_stacks[MAX_CPUS][STACK_SIZE];
extern u64 syscall_scratch[MAX_CPUS][2];

static inline struct cpu_info *cpu_info(void)
{
	u64 sp;

	asm("mov %%rsp,%0" : "=r"(sp));
	return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

static inline struct cpu *this_cpu(void) { return cpu_info()->cpu; }
static inline struct cpu_user_regs *guest_regs(void) { return &cpu_info()->guest; }
static inline struct vcpu *current_vcpu(void) { return this_cpu()->current; }

/* What this machine's processors can do; set by cpu_detect(). */
extern struct cpu_features {
	bool nx, pge, xsave, fsgsbase, gbpages;
	u64 xcr0_mask;		/* what keel lets guests enable */
	u32 xsave_size;
	unsigned int phys_bits;	/* of a physical address */
} cpu_features;

void cpu_detect(void);
/* Descriptor tables, control registers, MSRs of CPU `id`, running on it. */
void cpu_init(unsigned int id);
/* Starts the other processors (at most `limit` in all); they enter the scheduler. */
void smp_boot(unsigned int limit);

/* Loads the GDT with nothing of any guest in it. */
void cpu_idle_gdt(void);

void apic_init(void);
void apic_eoi(void);
void apic_send(unsigned int cpu, u8 vector);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u8 page);
void apic_set_timer(u64 deadline_ns);	/* 0: off */
void apic_calibrate(void);
u32 apic_self(void);

/*
 * The end: powers off, or after a failure restarts; "noreboot" on the command line
 * keeps it standing there to be looked at.
 */
void machine_stop(bool failed) __attribute__((noreturn));
void machine_restart(void) __attribute__((noreturn));
extern bool opt_noreboot;

/* FPU state of a vCPU: area of cpu_features.xsave_size, 64-byte aligned. */
void fpu_init(void *area);
void fpu_save(void *area, u64 xcr0);
void fpu_restore(void *area, u64 xcr0);

#endif
