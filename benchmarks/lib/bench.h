/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a benchmark program is made of: a table of rows, and one call that
 * runs the rows a user names and prints one JSON line per batch.
 *
 * Every row runs in a process of its own, forked from a parent whose memory
 * never changes between rows. So a row cannot disturb the next one, the order
 * of rows does not matter, and whatever a row leaves behind (processes, files,
 * descriptors, signal handlers) ends with it: rows need no tear-down.
 */
#ifndef BULKHEAD_BENCH_H
#define BULKHEAD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct bench;

enum bench_row_flags {
	/* Write back the work directory before each batch, untimed, so that
	 * no batch pays for an earlier one. */
	BENCH_SYNC = 1,
	/* Each operation is exactly one minor fault; if the kernel counted
	 * another number in a measured batch, the row is invalid. Batches with
	 * major faults are done again. */
	BENCH_MINFLT = 2,
	/* Works in the directory given by --tmpfs, not by --dir. */
	BENCH_TMPFS = 4,
};

/**
 * struct bench_row - one line of the result table
 * @id:     stable name; its part up to the first dot is the group
 * @unit:   "ns/op" or "MB/s" (10^6 bytes a second)
 * @ops:    operations in a batch when operations are counted (--batch-ns 0),
 *          and the first guess otherwise. Fixed numbers, so that repeated
 *          executions do the very same work.
 * @bytes:  bytes one operation moves, for MB/s
 * @flags:  enum bench_row_flags
 * @a, @b:  parameters of the row, for functions that serve several rows
 * @fs:     name of the file system the work directory must be, or NULL
 * @setup:  untimed, once; may be NULL. Returns 0, or what bench_fail() and
 *          bench_skip() return.
 * @batch:  does exactly bench_ops() operations between bench_start() and
 *          bench_stop(); the pair may be repeated inside a batch. Returns as
 *          @setup does.
 */
struct bench_row {
	const char *id;
	const char *unit;
	uint64_t ops;
	uint64_t bytes;
	unsigned int flags;
	long a, b;
	const char *fs;
	int (*setup)(struct bench *b);
	int (*batch)(struct bench *b);
};

/* What a program tells the library about itself; kept in env records. */
struct bench_program {
	const char *name;
	const char *cc;
	const char *cflags;
	const struct bench_row *rows;
	size_t n_rows;
	/* An option of its own with a value, or NULL: its name, what --help
	 * says of it (a line with both in it), and where the value goes. */
	const char *option, *option_help;
	const char **option_value;
};

/* The row that runs; valid in setup and batch. */
const struct bench_row *bench_row(const struct bench *b);

/* Operations the running batch has to do; a power-of-two multiple of @ops. */
uint64_t bench_ops(const struct bench *b);

/* Begin and end of a timed stretch. Nothing but the operations goes between:
 * no allocation, no output. */
void bench_start(struct bench *b);
void bench_stop(struct bench *b);

/* What counts of the batch are @ns, which the tool that ran between bench_start() and
 * bench_stop() measured itself, without its own start and end. The CPU time in the
 * records stays that of the whole stretch. */
void bench_told(struct bench *b, uint64_t ns);

/* End the row with a verdict. The text is one line without a full stop. All
 * return -1 so that a row can write `return bench_fail(...)`. */
int bench_fail(struct bench *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int bench_skip(struct bench *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int bench_invalid(struct bench *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Fork a process that helps the row (the other end of a pipe, ...): runs
 * @fn, which must not return 0 while the row lives, and dies with the row.
 * Returns 0, or the verdict when fork fails. */
int bench_helper(struct bench *b, void (*fn)(void *arg), void *arg);

/* From now on this process finds tools in the directory of its own program
 * first, then in the system's, and they speak no language. Returns 0, or the
 * verdict. */
int bench_tools(struct bench *b);

/* Zeroed, page-aligned, touched memory of @len bytes that is never given
 * back; NULL after a verdict when there is none. */
void *bench_memory(struct bench *b, size_t len);

/* Keep the compiler from removing the computation of @v. */
static inline void bench_use(uint64_t v)
{
	__asm__ volatile("" : : "r"(v) : "memory");
}

/* Command line, rows, output: the whole of main(). Returns its exit code:
 * 0 all rows ran, 1 some did not, 2 wrong command line. */
int bench_main(int argc, char **argv, const struct bench_program *program);

#endif
