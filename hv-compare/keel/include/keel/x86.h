/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor defines, one instruction per function. */
#ifndef KEEL_X86_H
#define KEEL_X86_H

#define CR0_PE (1UL << 0)
#define CR0_MP (1UL << 1)
#define CR0_TS (1UL << 3)
#define CR0_ET (1UL << 4)
#define CR0_NE (1UL << 5)
#define CR0_WP (1UL << 16)
#define CR0_AM (1UL << 18)
#define CR0_PG (1UL << 31)
#define CR4_TSD (1UL << 2)
#define CR4_DE (1UL << 3)
#define CR4_PAE (1UL << 5)
#define CR4_MCE (1UL << 6)
#define CR4_PGE (1UL << 7)
#define CR4_OSFXSR (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_FSGSBASE (1UL << 16)
#define CR4_OSXSAVE (1UL << 18)

#define EFLAGS_CF (1UL << 0)
#define EFLAGS_MBS (1UL << 1)
#define EFLAGS_ZF (1UL << 6)
#define EFLAGS_TF (1UL << 8)
#define EFLAGS_IF (1UL << 9)
#define EFLAGS_DF (1UL << 10)
#define EFLAGS_IOPL (3UL << 12)
#define EFLAGS_NT (1UL << 14)
#define EFLAGS_RF (1UL << 16)
#define EFLAGS_VM (1UL << 17)
#define EFLAGS_AC (1UL << 18)
#define EFLAGS_ID (1UL << 21)
/* What ring 3 may set by itself. */
#define EFLAGS_USER (0x0dd5UL | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID)

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_MISC_ENABLE 0x1a0
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_FMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103
#define MSR_SYSENTER_CS 0x174
#define EFER_SCE (1UL << 0)
#define EFER_LME (1UL << 8)
#define EFER_LMA (1UL << 10)
#define EFER_NX (1UL << 11)

/* The layout Linux and Xen guests expect: WB WT UC- UC WC WP UC UC. */
#define PAT_VALUE 0x0000050100070406UL

#define EXC_DE 0
#define EXC_DB 1
#define EXC_NMI 2
#define EXC_BP 3
#define EXC_OF 4
#define EXC_UD 6
#define EXC_NM 7
#define EXC_DF 8
#define EXC_TS 10
#define EXC_NP 11
#define EXC_SS 12
#define EXC_GP 13
#define EXC_PF 14
#define EXC_AC 17
#define EXC_MC 18

#define PFEC_PRESENT 1
#define PFEC_WRITE 2
#define PFEC_USER 4
#define PFEC_RSVD 8
#define PFEC_INSN 16

#ifndef __ASSEMBLY__
#include <keel/types.h>

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" :: "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

#define DEFINE_CR(n) \
static inline u64 read_cr##n(void) \
{ u64 v; asm volatile("mov %%cr" #n ",%0" : "=r"(v) :: "memory"); return v; } \
static inline void write_cr##n(u64 v) \
{ asm volatile("mov %0,%%cr" #n :: "r"(v) : "memory"); }
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

#define DEFINE_PORT(n, t) \
static inline u##n in##n(u16 port) \
{ u##n v; asm volatile("in" #t " %1,%0" : "=a"(v) : "Nd"(port)); return v; } \
static inline void out##n(u16 port, u##n v) \
{ asm volatile("out" #t " %0,%1" :: "a"(v), "Nd"(port)); }
DEFINE_PORT(8, b)
DEFINE_PORT(16, w)
DEFINE_PORT(32, l)

#define DEFINE_SEL(s) \
static inline u16 read_##s(void) \
{ u16 v; asm volatile("mov %%" #s ",%0" : "=r"(v)); return v; }
DEFINE_SEL(ds)
DEFINE_SEL(es)
DEFINE_SEL(fs)
DEFINE_SEL(gs)

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo | (u64)hi << 32;
}

static inline void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "a"(leaf), "c"(sub));
}

static inline void invlpg(u64 va) { asm volatile("invlpg (%0)" :: "r"(va) : "memory"); }
static inline void swapgs(void) { asm volatile("swapgs" ::: "memory"); }
static inline void cli(void) { asm volatile("cli" ::: "memory"); }
static inline void cpu_relax(void) { asm volatile("pause" ::: "memory"); }
static inline void lldt(u16 sel) { asm volatile("lldt %0" :: "r"(sel)); }

static inline void xsetbv(u32 idx, u64 v)
{
	asm volatile("xsetbv" :: "c"(idx), "a"((u32)v), "d"((u32)(v >> 32)));
}

static inline bool canonical(u64 va)
{
	return (s64)(va << 16) >> 16 == (s64)va;
}

/* Bit operations on memory that guests or other CPUs write as well. */
static inline bool test_and_set_bit(unsigned int n, volatile void *p)
{
	bool old;

	asm volatile("lock; btsl %2,%1" : "=@ccc"(old), "+m"(*(volatile u32 *)p)
		     : "Ir"(n) : "memory");
	return old;
}

static inline bool test_and_clear_bit(unsigned int n, volatile void *p)
{
	bool old;

	asm volatile("lock; btrl %2,%1" : "=@ccc"(old), "+m"(*(volatile u32 *)p)
		     : "Ir"(n) : "memory");
	return old;
}

static inline bool test_bit(unsigned int n, const volatile void *p)
{
	return ((const volatile u32 *)p)[n / 32] >> (n % 32) & 1;
}

#endif
#endif
