/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a freestanding program misses from libc: memory, strings, formatting.
 *
 * Everything here is pure: no state, no locks, callable from any context. The
 * standard names are kept because the compiler emits calls to them, and
 * because the archives of liblzma, libzstd and zlib ask for them.
 */
#ifndef KEEL_LIB_H
#define KEEL_LIB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/*
 * Formats into buf[size], always terminated if size > 0. Returns the length
 * the whole text would have had (as C99 does), so a result >= size means "cut".
 *
 * Conversions: d i u x X p s c %; lengths l ll z h hh; flags 0, - and # (0x); width and
 * precision as digits or '*'. The precision means "at most" for s, "at least
 * this many digits" for numbers. p prints 0x and 16 digits; a null s prints
 * "(null)". Anything else is copied as it stands and takes no argument.
 */
int keel_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int keel_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Error numbers as the Xen ABI has them; the code beside this header returns
 * them negated. Guarded one by one: hosted tests have <errno.h> as well.
 */
#ifndef ENOEXEC
#define ENOEXEC 8
#endif
#ifndef ENOMEM
#define ENOMEM 12
#endif
#ifndef EINVAL
#define EINVAL 22
#endif
#ifndef ENOSPC
#define ENOSPC 28
#endif
#ifndef EBADMSG
#define EBADMSG 74
#endif
#ifndef EOPNOTSUPP
#define EOPNOTSUPP 95
#endif

#endif
