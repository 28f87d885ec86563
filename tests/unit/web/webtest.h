/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WEBTEST_H
#define WEBTEST_H

#include <stdbool.h>
#include <stdint.h>

/* One result, a line "PASS text" or "FAIL text: detail". */
void check(bool ok, const char *text, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int units(void);
int conformance(const char *addr);
int impatient(const char *addr);
int crowded(const char *addr, unsigned int max);
int lingering(const char *addr, const char *gate);
int fuzz(const char *addr, uint64_t seed, uint64_t count);
int misbehave(uint32_t after, uint32_t ms);

#endif
