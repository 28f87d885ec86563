/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory, strings, formatting. See keel/lib.h.
 *
 * The bulk functions are string instructions: they cannot be compiled into a
 * call of themselves (which a C loop can), and an emulator counts one
 * instruction for every eight bytes.
 */
#include <keel/lib.h>

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;
	size_t words = n / 8, bytes = n % 8;

	__asm__ volatile("rep movsq\n\t"
			 "mov %3, %2\n\t"
			 "rep movsb"
			 : "+&D"(d), "+&S"(src), "+&c"(words)
			 : "r"(bytes)
			 : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	/* Forward is right unless dst lies inside [src, src + n). */
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);

	unsigned char *d = dst;
	const unsigned char *s = src;

	while (n & 7) {
		n--;
		d[n] = s[n];
	}
	if (n) {
		void *dq = d + n - 8;
		const void *sq = s + n - 8;
		size_t words = n / 8;

		__asm__ volatile("std\n\t"
				 "rep movsq\n\t"
				 "cld"
				 : "+D"(dq), "+S"(sq), "+c"(words)
				 :
				 : "memory", "cc");
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;
	uint64_t pattern = (unsigned char)c * 0x0101010101010101ULL;
	size_t words = n / 8, bytes = n % 8;

	__asm__ volatile("rep stosq\n\t"
			 "mov %3, %1\n\t"
			 "rep stosb"
			 : "+&D"(d), "+&c"(words)
			 : "a"(pattern), "r"(bytes)
			 : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		/* Without this GCC sees what it is, and calls strlen for it. */
		__asm__ volatile("" : "+r"(n));
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* The text so far: at counts what was asked for, not only what fitted. */
struct sink {
	char *buf;
	size_t size, at;
};

static void put(struct sink *s, char c)
{
	if (s->at + 1 < s->size)
		s->buf[s->at] = c;
	s->at++;
}

static void fill(struct sink *s, char c, long n)
{
	for (; n > 0; n--)
		put(s, c);
}

/* One conversion, as parsed from the format. */
struct spec {
	long width, precision;	/* precision -1: none given */
	int zero, left, alternate;
};

static void put_text(struct sink *s, const struct spec *sp, const char *text)
{
	long n = 0;

	if (!text)
		text = "(null)";
	/* A string with a precision need not be terminated. */
	while ((sp->precision < 0 || n < sp->precision) && text[n])
		n++;
	if (!sp->left)
		fill(s, ' ', sp->width - n);
	for (long i = 0; i < n; i++)
		put(s, text[i]);
	if (sp->left)
		fill(s, ' ', sp->width - n);
}

static void put_number(struct sink *s, const struct spec *sp, uint64_t value,
		       unsigned int base, const char *prefix, int upper)
{
	char digits[24];
	long n = 0, p = (long)strlen(prefix), zeros = 0;

	while (value) {
		unsigned int d = value % base;

		digits[n++] = (char)(d < 10 ? '0' + d : (upper ? 'A' : 'a') + d - 10);
		value /= base;
	}
	if (!n && sp->precision)
		digits[n++] = '0';
	if (sp->precision > n)
		zeros = sp->precision - n;
	else if (sp->precision < 0 && sp->zero && !sp->left && sp->width > n + p)
		zeros = sp->width - n - p;
	if (!sp->left)
		fill(s, ' ', sp->width - n - p - zeros);
	while (*prefix)
		put(s, *prefix++);
	fill(s, '0', zeros);
	for (long i = n; i > 0; i--)
		put(s, digits[i - 1]);
	if (sp->left)
		fill(s, ' ', sp->width - n - p - zeros);
}

/* Digits at *fmt; more than a buffer can ever need counts as 4095. */
static long number(const char **fmt)
{
	long n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		if (n < 4095)
			n = n * 10 + (**fmt - '0');
	return n < 4095 ? n : 4095;
}

static long clamp(long n)
{
	return n < -4095 ? -4095 : n > 4095 ? 4095 : n;
}

static int64_t next_signed(va_list *ap, int length)
{
	switch (length) {
	case -2: return (signed char)va_arg(*ap, int);
	case -1: return (short)va_arg(*ap, int);
	case 0: return va_arg(*ap, int);
	default: return va_arg(*ap, long);
	}
}

static uint64_t next_unsigned(va_list *ap, int length)
{
	switch (length) {
	case -2: return (unsigned char)va_arg(*ap, unsigned int);
	case -1: return (unsigned short)va_arg(*ap, unsigned int);
	case 0: return va_arg(*ap, unsigned int);
	default: return va_arg(*ap, unsigned long);
	}
}

int keel_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct sink s = { buf, size, 0 };
	va_list ap;

	/* A va_list parameter has a type of its own; a copy can be passed on. */
	va_copy(ap, args);
	while (*fmt) {
		const char *start = fmt;
		struct spec sp = { 0, -1, 0, 0, 0 };
		int length = 0;

		if (*fmt != '%') {
			put(&s, *fmt++);
			continue;
		}
		for (fmt++; *fmt == '0' || *fmt == '-' || *fmt == '#'; fmt++) {
			if (*fmt == '0')
				sp.zero = 1;
			else if (*fmt == '-')
				sp.left = 1;
			else
				sp.alternate = 1;
		}
		if (*fmt == '*') {
			fmt++;
			sp.width = clamp(va_arg(ap, int));
			if (sp.width < 0) {
				sp.left = 1;
				sp.width = -sp.width;
			}
		} else {
			sp.width = number(&fmt);
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				fmt++;
				sp.precision = clamp(va_arg(ap, int));
			} else {
				sp.precision = number(&fmt);
			}
		}
		for (;; fmt++) {
			if (*fmt == 'l' || *fmt == 'z')
				length++;
			else if (*fmt == 'h')
				length--;
			else
				break;
		}
		if (length < -2)
			length = -2;
		switch (*fmt) {
		case 'd':
		case 'i': {
			int64_t v = next_signed(&ap, length);

			put_number(&s, &sp, v < 0 ? -(uint64_t)v : (uint64_t)v,
				   10, v < 0 ? "-" : "", 0);
			break;
		}
		case 'u':
			put_number(&s, &sp, next_unsigned(&ap, length), 10, "", 0);
			break;
		case 'x':
		case 'X': {
			uint64_t v = next_unsigned(&ap, length);
			const char *prefix = *fmt == 'x' ? "0x" : "0X";

			put_number(&s, &sp, v, 16, sp.alternate && v ? prefix : "",
				   *fmt == 'X');
			break;
		}
		case 'p':
			sp.precision = 16;
			put_number(&s, &sp, (uintptr_t)va_arg(ap, void *), 16,
				   "0x", 0);
			break;
		case 's':
			put_text(&s, &sp, va_arg(ap, const char *));
			break;
		case 'c': {
			char one[2] = { (char)va_arg(ap, int), 0 };

			if (!one[0]) {
				put(&s, 0);
				break;
			}
			sp.precision = -1;
			put_text(&s, &sp, one);
			break;
		}
		case '%':
			put(&s, '%');
			break;
		default:
			/* Unknown: shown, so that the mistake is seen. */
			while (start < fmt)
				put(&s, *start++);
			continue;
		}
		fmt++;
	}
	va_end(ap);
	if (size)
		buf[s.at < size ? s.at : size - 1] = 0;
	return (int)s.at;
}

int keel_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = keel_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
