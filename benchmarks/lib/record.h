/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Result lines of programs that are no tables of rows (see bench.h for those):
 * one JSON object of at most 4 KiB a line, on standard output. */
#ifndef BULKHEAD_BENCH_RECORD_H
#define BULKHEAD_BENCH_RECORD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Buckets in one line: with two numbers of 20 digits each it stays below
 * 4 KiB. */
#define RECORD_BUCKETS 80U

/* Print @obj on a line of its own and drop it; NULL is an error too. Returns
 * 0, or -1 when the line could not be made or written. */
int record_put(json_t *obj);

/*
 * A histogram: @n buckets that are not empty, each its smallest value and its
 * number of values, in ascending order. As many lines as it takes, with
 * "part":[number from 0, how many]. Returns as record_put().
 */
int record_hist(const char *bench, unsigned int inst, const char *unit,
		const uint64_t (*buckets)[2], size_t n);

#endif
