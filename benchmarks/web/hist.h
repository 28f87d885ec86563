/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A histogram of latencies with three significant digits over the whole
 * range, after the idea of HdrHistogram (Tene): buckets of equal relative
 * width, so that recording is a shift and an addition. Debian 12 has no C
 * library for it.
 *
 * Values are nanoseconds. Up to 2047 they are exact; above, a bucket is at
 * most 1/1024 of its values wide.
 */
#ifndef BULKHEAD_WEB_HIST_H
#define BULKHEAD_WEB_HIST_H

#include <stddef.h>
#include <stdint.h>

#define HIST_MAX_BITS 42 /* 73 minutes; longer ones count as that long */
#define HIST_HALF     1024U
#define HIST_BUCKETS  (HIST_HALF * (HIST_MAX_BITS - 11 + 2))

struct hist {
	uint64_t n, max, min;
	double sum;
	uint64_t count[HIST_BUCKETS];
};

void hist_clear(struct hist *h);
void hist_add(struct hist *h, uint64_t ns);
/* Adds what is in @from to @to. */
void hist_merge(struct hist *to, const struct hist *from);
/* The smallest value of a bucket, and the largest. */
uint64_t hist_low(size_t bucket);
uint64_t hist_high(size_t bucket);
size_t hist_bucket(uint64_t ns);
/* The value that a share @q (0 < q <= 1) of all values does not exceed, as the
 * largest value of its bucket but never more than the largest value seen; 0
 * without values. */
uint64_t hist_quantile(const struct hist *h, double q);
/* How many values lie in buckets that begin above @ns. */
uint64_t hist_above(const struct hist *h, uint64_t ns);

#endif
