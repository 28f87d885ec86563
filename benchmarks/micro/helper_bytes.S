/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The linked helper as data of bmicro; HELPER_FILE comes from the Makefile. */
	.section .rodata
	.globl	helper_start, helper_end
	.balign	16
helper_start:
	.incbin	HELPER_FILE
helper_end:
	.section .note.GNU-stack, "", @progbits
