/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry, notes, and all ways into the guest kernel: exceptions, events, system
 * calls, the failsafe. Each builds a struct trap (rt.h) and ends in trap_c().
 */
#define VIRT_BASE 0xffffffff80000000

	.macro note type, kind, value
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:
	.ifc \kind, .asciz
	.asciz "\value"
	.else
	\kind \value
	.endif
2:	.balign 4
	.endm

	note 1, .quad, _start
	note 2, .quad, hypercall_page
	note 3, .quad, VIRT_BASE
	note 4, .quad, 0
	note 5, .asciz, "xen-3.0"
	note 6, .asciz, "keel-test"
	note 7, .asciz, "1"
	note 8, .asciz, "generic"
	note 9, .asciz, "yes"
	note 10, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"
	note 17, .long, 0x801

	.text
	.globl _start
_start:
	/* Everything the contract says of the first instruction, for start_info. */
	mov %rsp, boot_rsp(%rip)
	mov %cs, %eax
	mov %rax, boot_cs(%rip)
	mov %ss, %eax
	mov %rax, boot_ss(%rip)
	mov %ds, boot_seg(%rip)
	mov %es, boot_seg+2(%rip)
	mov %fs, boot_seg+4(%rip)
	mov %gs, boot_seg+6(%rip)
	lea stacks+16384(%rip), %rsp
	pushf
	pop boot_flags(%rip)
	cld
	mov %rsi, %rdi
	xor %ebp, %ebp
	call rt_start
	ud2

	/* An application processor: its stack was set by rt. */
	.globl ap_start
ap_start:
	cld
	xor %ebp, %ebp
	call rt_ap_start
	ud2

	.balign 16
trap_common:
	push %rax
	push %rbx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	mov %rsp, %rbx
	sub $80, %rsp
	and $-16, %rsp
	mov %rsp, %rsi
	call trap_c
	/* RSP is the frame of the iret hypercall now. */
	mov (%rbx), %r15
	mov 8(%rbx), %r14
	mov 16(%rbx), %r13
	mov 24(%rbx), %r12
	mov 32(%rbx), %r10
	mov 40(%rbx), %r9
	mov 48(%rbx), %r8
	mov 56(%rbx), %rbp
	mov 64(%rbx), %rdi
	mov 72(%rbx), %rsi
	mov 80(%rbx), %rdx
	mov 88(%rbx), %rbx
	mov $23, %eax
	syscall
	ud2

	.macro entry name, vector
	.globl \name
	.balign 16
\name:	push $\vector
	jmp trap_common
	.endm

	.altmacro
	.macro vector_entry n
	entry trap_\n, \n
	.endm
	.set i, 0
	.rept 32
	vector_entry %i
	.set i, i + 1
	.endr
	entry trap_int80, 0x80
	entry trap_int81, 0x81
	entry trap_int82, 0x82
	entry trap_event, 0x100
	entry trap_syscall, 0x101
	entry trap_failsafe, 0x102
	entry trap_syscall32, 0x103
	entry trap_sysenter, 0x104

	.section .rodata
	.globl trap_entries
	.balign 8
trap_entries:
	.macro vector_quad n
	.quad trap_\n
	.endm
	.set i, 0
	.rept 32
	vector_quad %i
	.set i, i + 1
	.endr
	.text

/*
 * int user_enter(struct user_ctx *ctx (rdi), const u64 *iret_frame (rsi)):
 * leaves for user mode, returns when user_leave() is called with the same ctx.
 */
	.globl user_enter
user_enter:
	mov %rbx, (%rdi)
	mov %rbp, 8(%rdi)
	mov %r12, 16(%rdi)
	mov %r13, 24(%rdi)
	mov %r14, 32(%rdi)
	mov %r15, 40(%rdi)
	mov %rsp, 48(%rdi)
	sub $80, %rsp
	mov %rsp, %rdi
	mov $9, %ecx
	rep movsq
	/* Values that user code may look at. */
	mov $0x1111, %ebx
	mov $0x2222, %ebp
	mov $23, %eax
	syscall
	ud2

	.globl user_leave
user_leave:
	mov (%rdi), %rbx
	mov 8(%rdi), %rbp
	mov 16(%rdi), %r12
	mov 24(%rdi), %r13
	mov 32(%rdi), %r14
	mov 40(%rdi), %r15
	mov 48(%rdi), %rsp
	mov $1, %eax
	ret

/* long hypercall_by_page(nr, a1, a2, a3, a4) */
	.globl hypercall_by_page
hypercall_by_page:
	mov %rdi, %rax
	shl $5, %rax
	add $hypercall_page, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	jmp *%rax

	.section .hcpage, "awx", @progbits
	.globl hypercall_page
	.balign 4096
hypercall_page:
	.fill 4096, 1, 0xcc

	.section .bss
	.globl stacks
	.balign 16384
stacks:	.skip 16384 * 4
	.globl boot_rsp, boot_cs, boot_ss, boot_flags, boot_seg
boot_rsp: .skip 8
boot_cs: .skip 8
boot_ss: .skip 8
boot_flags: .skip 8
boot_seg: .skip 8
	.section .note.GNU-stack, "", @progbits
