// SPDX-License-Identifier: GPL-2.0-or-later
#include "util.h"

#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(void)
{
	fputs("bhreport: out of memory\n", stderr);
	exit(1);
}

void *xcalloc(size_t n, size_t size)
{
	/* calloc(0) may return NULL, which is not a failure. */
	void *p = calloc(n ? n : 1, size);

	if (!p)
		no_memory();
	return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		no_memory();
	return p;
}

char *xstrdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		no_memory();
	return p;
}

static char *xvasprintf(const char *fmt, va_list ap)
{
	char *p;

	if (vasprintf(&p, fmt, ap) < 0)
		no_memory();
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = xvasprintf(fmt, ap);
	va_end(ap);
	return p;
}

void complain(const char *fmt, ...)
{
	va_list ap;

	fputs("bhreport: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void strlist_add(struct strlist *l, const char *fmt, ...)
{
	va_list ap;

	l->s = xrealloc(l->s, l->n + 1, sizeof(*l->s));
	va_start(ap, fmt);
	l->s[l->n++] = xvasprintf(fmt, ap);
	va_end(ap);
}

void strlist_free(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->s[i]);
	free(l->s);
	memset(l, 0, sizeof(*l));
}

int sha256_file(const char *path, long long len, char hex[65])
{
	unsigned char buf[65536];
	FILE *f = fopen(path, "rbe");
	SHA2_CTX ctx;
	int err = 0;

	if (!f)
		return -1;
	SHA256Init(&ctx);
	while (len) {
		size_t want = len < 0 || len > (long long)sizeof(buf) ? sizeof(buf) : (size_t)len;
		size_t got = fread(buf, 1, want, f);

		if (!got)
			break;
		SHA256Update(&ctx, buf, got);
		if (len > 0)
			len -= (long long)got;
	}
	if (ferror(f))
		err = errno;
	SHA256End(&ctx, hex);
	fclose(f);
	errno = err;
	return err ? -1 : 0;
}
