/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers: allocation that does not fail, text buffers, messages. */
#ifndef BH_UTIL_H
#define BH_UTIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * The report holds nothing that could be saved when memory ends, so these
 * print one line and exit 1.  The caller owns the result.
 */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "bhreport: ..." on stderr. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growing list of owned strings. */
struct strlist {
	char **s;
	size_t n;
};

void strlist_add(struct strlist *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strlist_free(struct strlist *l);

/*
 * sha256 of the first `len` bytes of the file as 64 hex digits and a NUL
 * (len < 0: the whole file).  Returns 0, or -1 with errno set.
 */
int sha256_file(const char *path, long long len, char hex[65]);

#endif
