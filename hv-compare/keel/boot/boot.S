/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:10  From the multiboot loader to C: 32-bit protected mode without paging in,
 * long mode at keel_start(magic, info) out. The page tables made here are left
 * again by paging_init(): 0-4 GiB at 0 and at the direct map, 1 GiB of keel's
 * image at KEEL_VIRT, all in 2 MiB pages.
 */
#include <keel/layout.h>
#include <keel/x86.h>

#define MB_MAGIC 0x1badb002
#define MB_FLAGS 3		/* modules page aligned, memory map wanted */

	.section .boot.header, "awx"
	.align 4
	.long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

	.section .boot.text, "awx"
	.code32
	.globl boot_start
boot_start:
	cli
	cld
	mov $boot_stack_top, %esp
	mov %eax, %ebp
	mov %ebx, %esi

	/* L2 tables: 4 x 512 entries of 2 MiB, P RW PS */
	mov $boot_l2, %edi
	xor %ecx, %ecx
1:	mov %ecx, %eax
	shl $21, %eax
	or $0x83, %eax
	mov %eax, (%edi,%ecx,8)
	movl $0, 4(%edi,%ecx,8)
	inc %ecx
	cmp $2048, %ecx
	jne 1b

	mov $boot_l2 + 3, %eax
	mov %eax, boot_l3
	add $0x1000, %eax
	mov %eax, boot_l3 + 8
	add $0x1000, %eax
	mov %eax, boot_l3 + 16
	add $0x1000, %eax
	mov %eax, boot_l3 + 24
	movl $boot_l3 + 3, boot_l4
	movl $boot_l3 + 3, boot_l4 + 8 * L4_SLOT_DIRECTMAP
	movl $boot_l3 + 3, boot_l4 + 8 * L4_SLOT_IMAGE

	call boot_long_mode
	ljmp $BOOT_CS64, $boot64

/* Turns on PAE, long mode, NX, WP and paging with boot_l4; used by every CPU. */
	.globl boot_long_mode
boot_long_mode:
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $boot_l4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $(EFER_LME | EFER_SCE | EFER_NX), %eax
	wrmsr
	mov $(CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG | CR0_MP), %eax
	mov %eax, %cr0
	lgdt boot_gdtr
	ret

	.code64
boot64:
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	movabs $cpu_stacks + STACK_SIZE - CPU_INFO_SIZE, %rsp
	and $-16, %rsp
	mov %ebp, %edi
	mov %esi, %esi
	xor %ebp, %ebp
	movabs $keel_start, %rax
	call *%rax
	ud2

	.section .boot.data, "aw"
	.align 8
	.globl boot_gdtr, boot_gdt, boot_stack_top
	.fill 64, 1, 0
boot_stack_top:
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 64-bit code, ring 0 */
	.quad 0x00cf93000000ffff	/* data */
	.quad 0x00cf9b000000ffff	/* 32-bit code, for the other CPUs */
boot_gdtr:
	.word . - boot_gdt - 1
	.quad boot_gdt

	.align 4096
	.globl boot_l4
boot_l4: .fill 4096, 1, 0
boot_l3: .fill 4096, 1, 0
boot_l2: .fill 4 * 4096, 1, 0
	.section .note.GNU-stack, "", @progbits
