// SPDX-License-Identifier: GPL-2.0-or-later
/* Files: creating, deleting, reading again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"

/* Files that exist at the same time. Few, so that all their names fit into
 * one block of a directory and the cost of a file does not depend on it. */
#define FILES	 128U
#define NAME_LEN 16

static char names[FILES][NAME_LEN];
static char data[10240];

static int write_files(struct bench *b, unsigned int n, bool timed)
{
	const size_t size = (size_t)bench_row(b)->a;
	unsigned int i, bad = 0;

	if (names[0][0] == '\0') {
		for (i = 0; i < FILES; i++)
			snprintf(names[i], NAME_LEN, "d/f%06u", i);
		memset(data, 'b', sizeof(data));
		if (mkdir("d", 0700) != 0)
			return bench_fail(b, "mkdir: %s", strerror(errno));
	}
	if (timed)
		bench_start(b);
	for (i = 0; i < n; i++) {
		int fd = open(names[i], O_WRONLY | O_CREAT | O_EXCL, 0600);

		bad += fd < 0;
		if (size)
			bad += write(fd, data, size) != (ssize_t)size;
		bad += close(fd) != 0;
	}
	if (timed)
		bench_stop(b);
	return bad ? bench_fail(b, "could not create files: %s",
				strerror(errno))
		   : 0;
}

static int delete_files(struct bench *b, unsigned int n, bool timed)
{
	unsigned int i, bad = 0;

	if (timed)
		bench_start(b);
	for (i = 0; i < n; i++)
		bad += unlink(names[i]) != 0;
	if (timed)
		bench_stop(b);
	return bad ? bench_fail(b, "could not delete files: %s",
				strerror(errno))
		   : 0;
}

static int create_delete(struct bench *b, bool time_create)
{
	uint64_t left = bench_ops(b);

	while (left) {
		unsigned int n = left < FILES ? (unsigned int)left : FILES;

		if (write_files(b, n, time_create) != 0 ||
		    delete_files(b, n, !time_create) != 0)
			return -1;
		left -= n;
	}
	return 0;
}

int create_batch(struct bench *b)
{
	return create_delete(b, true);
}

int delete_batch(struct bench *b)
{
	return create_delete(b, false);
}

#define REREAD_SIZE  (4L << 20)
#define REREAD_BLOCK 65536

static int reread_fd = -1;
static char *block;

int reread_setup(struct bench *b)
{
	long at;

	block = bench_memory(b, REREAD_BLOCK);
	if (!block)
		return -1;
	reread_fd = open("f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (reread_fd < 0 || ftruncate(reread_fd, REREAD_SIZE) != 0)
		return bench_fail(b, "make a file: %s", strerror(errno));
	/* A hole: clean pages, no write-back. Read a few times, as pages change
	 * lists of the cache on their first reads, which later ones do not. */
	for (at = 0; at < 4 * REREAD_SIZE; at += REREAD_BLOCK)
		if (pread(reread_fd, block, REREAD_BLOCK, at % REREAD_SIZE) !=
		    REREAD_BLOCK)
			return bench_fail(b, "read: %s", strerror(errno));
	return 0;
}

int reread_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	off_t at = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		bad += pread(reread_fd, block, REREAD_BLOCK, at) !=
		       REREAD_BLOCK;
		at = (at + REREAD_BLOCK) % REREAD_SIZE;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "read failed") : 0;
}
