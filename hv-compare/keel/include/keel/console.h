/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KEEL_CONSOLE_H
#define KEEL_CONSOLE_H

#include <keel/types.h>

/*
 * Takes "com1" or "com1,BAUD[,...]" from the command line; anything else leaves
 * keel silent. Call once, before the first printk() that should be seen.
 */
void console_init(const char *cmdline);

/* Raw output; any context, serialised by a lock. */
void console_write(const char *s, size_t n);

/* The next character typed, or -1. */
int console_getc(void);
bool console_has_input(void);
/* What is typed interrupts keel from now on, which tells the initial domain. */
void console_interrupts(void);

void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* keel itself is broken: prints and stops the machine. Never for a guest. */
void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define BUG_ON(x) do { if (unlikely(x)) \
	panic("%s:%d: " #x, __FILE__, __LINE__); } while (0)

#endif
