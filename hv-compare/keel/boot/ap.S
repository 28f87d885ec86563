/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:15  How the other processors start: in real mode at AP_START, where
 * smp_boot() copied the first lines of this, and then the way of the first one.
 * One at a time: ap_stack says which.
 */
#include <keel/layout.h>
#include <keel/x86.h>

	.section .boot.text, "awx"
	.code16
ap_trampoline:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl 1f - ap_trampoline
	mov %cr0, %eax
	or $CR0_PE, %eax
	mov %eax, %cr0
	ljmpl $BOOT_CS32, $ap32
	.align 4
1:	.word 31
	.long boot_gdt
ap_trampoline_end:

	.code32
ap32:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $boot_stack_top, %esp
	call boot_long_mode
	ljmp $BOOT_CS64, $ap64

	.code64
ap64:
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	movabs $ap_stack, %rax
	mov (%rax), %rsp
	xor %ebp, %ebp
	movabs $ap_main, %rax
	call *%rax
	ud2
	/* Out of reach of relative addresses from C. */
	.section .rodata
	.align 8
	.globl ap_trampoline_range
ap_trampoline_range:
	.quad ap_trampoline, ap_trampoline_end

	.section .note.GNU-stack, "", @progbits
