// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fio: a file that is there is read and written in blocks; an operation is a block. How
 * long it took is what fio says, from a block's issue to its end: fio itself looks every
 * tenth of a second whether its job has ended, which is a wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "tool.h"

#define FILE_KB 16384

int fio_setup(struct bench *b)
{
	static char block[65536];
	int fd, i;

	if (tool_tree(b) != 0)
		return -1;
	/* All of it written: a block that is only reserved costs another way. */
	fd = open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return bench_fail(b, "file: %s", strerror(errno));
	for (i = 0; i < FILE_KB / 64; i++) {
		memset(block, i + 1, sizeof(block));
		if (write(fd, block, sizeof(block)) != sizeof(block))
			return bench_fail(b, "write file: %s", strerror(errno));
	}
	if (fsync(fd) != 0 || close(fd) != 0)
		return bench_fail(b, "write file: %s", strerror(errno));
	return 0;
}

/* What fio says of its job's reads or writes: 0 with the ns of all, or a verdict. */
static int fio_judge(struct bench *b, const char *kind, double *ns)
{
	json_t *root = json_load_file("fio.json", 0, NULL);
	long long error = -1, done = -1, timed = -1;
	double mean = 0;

	if (!root)
		return bench_fail(b, "fio left no JSON");
	if (json_unpack(root, "{s:[{s:I, s:{s:I, s:{s:F, s:I}}}]}", "jobs", "error", &error,
			kind, "total_ios", &done, "lat_ns", "mean", &mean, "N", &timed) != 0)
		error = -1;
	json_decref(root);
	if (error != 0)
		return bench_fail(b, "fio says error %lld", error);
	if (done != (long long)bench_ops(b) || timed != done)
		return bench_fail(b, "fio did %lld and timed %lld of %llu blocks", done, timed,
				  (unsigned long long)bench_ops(b));
	*ns = mean * (double)timed;
	return 0;
}

int fio_batch(struct bench *b)
{
	char rw[40], bs[32], size[40], direct[16];
	const char *name = bench_row(b)->id + strlen("macro.fio.");
	const char *dot = strchrnul(name, '.');
	double ns = 0;

	snprintf(rw, sizeof(rw), "--rw=%.*s", (int)(dot - name), name);
	snprintf(bs, sizeof(bs), "--bs=%ldk", bench_row(b)->a);
	snprintf(size, sizeof(size), "--io_size=%lluk",
		 (unsigned long long)bench_ops(b) * (unsigned long long)bench_row(b)->a);
	snprintf(direct, sizeof(direct), "--direct=%d", *dot != '\0');
	bench_start(b);
	/* Any block as often as chance wants: a map of those that were read is fio's own
	 * work. The cache is as the row left it. */
	if (TOOL(b, "fio", "--name=row", "--filename=file", "--size=16m", size, rw, bs, direct,
		 "--ioengine=psync", "--thread", "--invalidate=0", "--norandommap", "--randrepeat=1",
		 "--clocksource=clock_gettime", "--output-format=json", "--output=fio.json") != 0)
		return -1;
	bench_stop(b);
	if (fio_judge(b, strstr(rw, "write") ? "write" : "read", &ns) != 0)
		return -1;
	bench_told(b, (uint64_t)ns);
	return 0;
}
