/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the algorithm tests share: results in TAP, and random numbers that are
 * the same everywhere.
 */
#ifndef TESTS_ALG_TAP_H
#define TESTS_ALG_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;
/* Failures of the result in progress: the first few are shown, all count. */
static unsigned long tap_bad;

__attribute__((format(printf, 1, 2), unused))
static void complain(const char *fmt, ...)
{
	va_list ap;

	if (tap_bad++ >= 5)
		return;
	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* Ends a result: it passed if nobody complained and it did something. */
static void result(const char *what, unsigned long checks)
{
	if (!checks)
		complain("nothing was checked");
	printf("%sok %d - %s (%lu checks)\n", tap_bad ? "not " : "", ++tap_count,
	       what, checks);
	fflush(stdout);
	tap_failed += tap_bad != 0;
	tap_bad = 0;
}

static int finish(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t rnd_state;

static uint64_t rnd(void)
{
	uint64_t z = (rnd_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 .. n-1 */
static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* 0 .. max, every order of magnitude as likely as any other, ends more so. */
static uint64_t magnitude(uint64_t max)
{
	uint64_t v;

	switch (below(10)) {
	case 0: return 0;
	case 1: return max;
	case 2: return max ? 1 : 0;
	}
	v = rnd() >> below(64);
	return max == UINT64_MAX ? v : v % (max + 1);
}

#endif
