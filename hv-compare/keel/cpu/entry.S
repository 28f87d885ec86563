/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R:30  Every way into keel and the one way out.
 *
 * keel runs with interrupts off, on one stack per CPU, at whose top lies struct
 * cpu_info: first the guest's registers, as the processor and SAVE_REGS push
 * them. So whoever came from ring 3 finds them at the same place, and leaving
 * for another guest means copying other registers there (sched/).
 * GS is never keel's: both its bases belong to the running guest.
 */
#include <keel/layout.h>
#include <keel/trap.h>

	.text

.macro SAVE_REGS
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
.endm

.macro RESTORE_REGS
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	add $8, %rsp		/* error code and vector */
.endm

/* One stub per vector; trap_stubs[] has their addresses for the IDT. */
	.pushsection .rodata
	.align 8
	.globl trap_stubs
trap_stubs:
	.popsection
	.set vec, 0
.rept 256
	.pushsection .rodata
	.quad 1f
	.popsection
	.align 16
1:
	.if !(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30)
	push $0
	.endif
	movl $vec, 4(%rsp)
	.if vec == 2 || vec == 8 || vec == 18
	jmp trap_on_own_stack
	.else
	jmp trap_common
	.endif
	.set vec, vec + 1
.endr

trap_common:
	cld
	SAVE_REGS
	mov %rsp, %rdi
	testb $3, REGS_CS(%rsp)
	jz 1f
	call trap_from_guest
	jmp exit_to_guest
1:	call trap_in_keel
	test %al, %al
	jnz 2f
	RESTORE_REGS
	iretq
2:	/* The guest's state could not be loaded; it has been told. */
	or $(STACK_SIZE - 1), %rsp
	sub $(CPU_INFO_SIZE - 1), %rsp

/* The way out: rsp is at the guest's registers. Does not return. */
	.globl exit_to_guest
exit_to_guest:
	call guest_exit_work
	RESTORE_REGS
	.globl guest_iretq
guest_iretq:
	iretq

/* From C, anywhere: forget this stack and run whatever is to run. */
	.globl enter_scheduler
enter_scheduler:
	or $(STACK_SIZE - 1), %rsp
	sub $(CPU_INFO_SIZE - 1), %rsp
	jmp exit_to_guest

/* NMI, double fault, machine check: could come at any instruction. */
trap_on_own_stack:
	cld
	SAVE_REGS
	mov %rsp, %rdi
	call trap_critical
	RESTORE_REGS
	iretq

/*
 * SYSCALL leaves the guest's stack pointer in place and gives us no register,
 * so each CPU has a stub of its own that knows where its stack is.
 */
.macro SYSCALL_STUBS name cs trap
	.align 32
	.globl \name
\name:
	.set i, 0
	.rept MAX_CPUS
	.align 32
	mov %rsp, syscall_scratch + 16 * i(%rip)
	mov syscall_scratch + 16 * i + 8(%rip), %rsp
	pushq $GUEST_DS
	pushq syscall_scratch + 16 * i(%rip)
	jmp 1f
	.set i, i + 1
	.endr
1:	push %r11
	pushq $\cs
	push %rcx
	pushq $0
	movl $\trap, 4(%rsp)
	SAVE_REGS
	mov %rsp, %rdi
	call syscall_from_guest
	jmp exit_to_guest
.endm
SYSCALL_STUBS syscall_stubs GUEST_CS64 TRAP_SYSCALL
SYSCALL_STUBS syscall32_stubs GUEST_CS32 TRAP_SYSCALL32

/* u64 copy_fixup(void *dst, const void *src, u64 n): bytes not copied. */
	.globl copy_fixup
copy_fixup:
	mov %rdx, %rcx
	shr $3, %rcx
	and $7, %edx
1:	rep movsq
	mov %edx, %ecx
2:	rep movsb
	xor %eax, %eax
	ret
3:	lea (%rdx,%rcx,8), %rax
	ret
4:	mov %rcx, %rax
	ret
	.pushsection .extable, "a"
	.quad 1b, 3b, 2b, 4b
	.popsection

/* u64 clear_fixup(void *dst, u64 n): bytes not cleared. */
	.globl clear_fixup
clear_fixup:
	mov %rsi, %rcx
	xor %eax, %eax
1:	rep stosb
2:	mov %rcx, %rax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection

/*
 * u64 cmpxchg_fixup(u64 *p, u64 *old, u64 new): 0 exchanged, 1 *old updated
 * instead, 2 fault.
 */
	.globl cmpxchg_fixup
cmpxchg_fixup:
	mov (%rsi), %rax
1:	lock cmpxchg %rdx, (%rdi)
	jne 2f
	xor %eax, %eax
	ret
2:	mov %rax, (%rsi)
	mov $1, %eax
	ret
3:	mov $2, %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 3b
	.popsection

/* Selector loads that a guest's tables may make fail: 0, or 1 and null loaded. */
.macro LOAD_SEL name seg
	.globl \name
\name:
	xor %eax, %eax
1:	mov %edi, %\seg
	ret
2:	mov %eax, %\seg
	inc %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection
.endm
LOAD_SEL load_ds ds
LOAD_SEL load_es es
LOAD_SEL load_fs fs
LOAD_SEL load_gs gs

/* u64 wrmsr_fixup(u32 msr, u64 val), u64 xsetbv_fixup(u32 idx, u64 val): 1 on #GP */
	.globl wrmsr_fixup
wrmsr_fixup:
	mov %edi, %ecx
	mov %esi, %eax
	mov %rsi, %rdx
	shr $32, %rdx
1:	wrmsr
	xor %eax, %eax
	ret
2:	mov $1, %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection

	.globl xsetbv_fixup
xsetbv_fixup:
	mov %edi, %ecx
	mov %esi, %eax
	mov %rsi, %rdx
	shr $32, %rdx
1:	xsetbv
	xor %eax, %eax
	ret
2:	mov $1, %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection

	.section .note.GNU-stack, "", @progbits
