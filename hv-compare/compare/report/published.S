/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of published figures as data; PUBLISHED_FILE comes from the Makefile. */
	.section .rodata
	.globl	published_start, published_end
published_start:
	.incbin	PUBLISHED_FILE
published_end:
	.section .note.GNU-stack, "", @progbits
