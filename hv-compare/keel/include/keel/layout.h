/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:05  Where things are in the 16 top-level slots that every address space
 * gives to the hypervisor (256..271), and the segment selectors.
 *
 *  slot  address             what                              guest may
 *  256   0xffff800000000000  machine-to-physical table         read
 *  257   0xffff808000000000  this domain's GDT and LDT windows -
 *  258   0xffff810000000000  device registers (ioremap)        -
 *  261   0xffff828000000000  keel's image, at its physical address
 *  262+  0xffff830000000000  direct map of all memory          -
 */
#ifndef KEEL_LAYOUT_H
#define KEEL_LAYOUT_H

#define L4_SLOT_FIRST 256
#define L4_SLOT_LAST 271
#define L4_SLOT_M2P 256
#define L4_SLOT_PERDOM 257
#define L4_SLOT_IOREMAP 258
#define L4_SLOT_IMAGE 261
#define L4_SLOT_DIRECTMAP 262

#ifdef __ASSEMBLY__
#define KEEL_UL(x) x
#else
#define KEEL_UL(x) x##UL
#endif

#define HYP_START KEEL_UL(0xffff800000000000)
#define HYP_END KEEL_UL(0xffff880000000000)
#define M2P_VIRT KEEL_UL(0xffff800000000000)
#define PERDOM_VIRT KEEL_UL(0xffff808000000000)
#define IOREMAP_VIRT KEEL_UL(0xffff810000000000)
#define IMAGE_VIRT KEEL_UL(0xffff828000000000)
#define DIRECTMAP_VIRT KEEL_UL(0xffff830000000000)
#define DIRECTMAP_SIZE (KEEL_UL(5) << 40)

/* One vCPU's window: 16 pages of GDT, then 16 of LDT. */
#define PERDOM_VCPU_SIZE 0x20000

/*
 * Selectors in the last pages of every GDT, where guests expect the flat ones.
 * SYSCALL and SYSRET take theirs by offset from MSR_STAR, hence the order.
 */
#define GDT_RESERVED_PAGE 14
#define GDT_RESERVED_BYTE 0xe000
#define KEEL_CS 0xe008
#define KEEL_DS 0xe010
#define GUEST_CS32 0xe023
#define GUEST_DS 0xe02b
#define GUEST_CS64 0xe033
#define KEEL_TSS 0xe038
#define KEEL_LDT 0xe048

#define BOOT_CS64 0x08
#define BOOT_CS32 0x18

#define MAX_CPUS 8
/* The decoders of kernel images ask for 64 KiB; twice that is plenty. */
#define STACK_SIZE 0x20000
/* struct cpu_info at the top of each stack; checked in cpu/cpu.c */
#define CPU_INFO_SIZE 232

#endif
