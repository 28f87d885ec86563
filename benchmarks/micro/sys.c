// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls that do next to nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

/* Four levels below the work directory, on every side. The path is relative,
 * so that the depth of the work directory itself does not count. */
#define FILE_PATH "a/b/c/f"

#define MAX_SOCKETS 100

static int fd = -1;

int getppid_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;

	bench_start(b);
	for (i = 0; i < n; i++)
		bench_use((uint64_t)syscall(SYS_getppid));
	bench_stop(b);
	return 0;
}

static int open_device(struct bench *b, const char *path, int mode)
{
	fd = open(path, mode | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return bench_skip(b, "no %s", path);
	if (fd < 0)
		return bench_fail(b, "open %s: %s", path, strerror(errno));
	return 0;
}

int read1_setup(struct bench *b)
{
	return open_device(b, "/dev/zero", O_RDONLY);
}

int read1_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char c;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += read(fd, &c, 1) != 1;
	bench_stop(b);
	return bad ? bench_fail(b, "read of /dev/zero failed") : 0;
}

int write1_setup(struct bench *b)
{
	return open_device(b, "/dev/null", O_WRONLY);
}

int write1_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char c = 0;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += write(fd, &c, 1) != 1;
	bench_stop(b);
	return bad ? bench_fail(b, "write to /dev/null failed") : 0;
}

int file_setup(struct bench *b)
{
	if (mkdir("a", 0700) != 0 || mkdir("a/b", 0700) != 0 ||
	    mkdir("a/b/c", 0700) != 0)
		return bench_fail(b, "mkdir: %s", strerror(errno));
	fd = open(FILE_PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return bench_fail(b, "open %s: %s", FILE_PATH, strerror(errno));
	return 0;
}

int stat_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	struct stat st;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += stat(FILE_PATH, &st) != 0;
	bench_stop(b);
	return bad ? bench_fail(b, "stat failed") : 0;
}

int fstat_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	struct stat st;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += fstat(fd, &st) != 0;
	bench_stop(b);
	return bad ? bench_fail(b, "fstat failed") : 0;
}

int openclose_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		int f = open(FILE_PATH, O_RDONLY);

		bad += f < 0;
		bad += close(f) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "open or close failed") : 0;
}

/* Connected TCP sockets, of which one end each is watched for writing: all
 * are always ready, so that the kernel looks at and reports every one. */
static int socks[MAX_SOCKETS];

static int open_sockets(struct bench *b)
{
	int n = (int)bench_row(b)->a, i, fds[2];

	for (i = 0; i < n; i++) {
		if (tcp_pair(b, fds) != 0)
			return -1;
		socks[i] = fds[0];
		if (fds[0] >= FD_SETSIZE)
			return bench_fail(b, "too many open files for select");
	}
	return 0;
}

static fd_set select_set;
static int select_nfds;

int select_setup(struct bench *b)
{
	int i;

	if (open_sockets(b) != 0)
		return -1;
	FD_ZERO(&select_set);
	for (i = 0; i < (int)bench_row(b)->a; i++) {
		FD_SET(socks[i], &select_set);
		if (socks[i] >= select_nfds)
			select_nfds = socks[i] + 1;
	}
	return 0;
}

int select_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	int want = (int)bench_row(b)->a;

	bench_start(b);
	for (i = 0; i < n; i++) {
		struct timeval tv = {0, 0};
		fd_set set = select_set;

		bad += select(select_nfds, NULL, &set, NULL, &tv) != want;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "select did not report %d sockets", want)
		   : 0;
}

int epoll_setup(struct bench *b)
{
	int i;

	if (open_sockets(b) != 0)
		return -1;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return bench_fail(b, "epoll_create1: %s", strerror(errno));
	for (i = 0; i < (int)bench_row(b)->a; i++) {
		struct epoll_event ev = {.events = EPOLLOUT};

		ev.data.fd = socks[i];
		if (epoll_ctl(fd, EPOLL_CTL_ADD, socks[i], &ev) != 0)
			return bench_fail(b, "epoll_ctl: %s", strerror(errno));
	}
	return 0;
}

int epoll_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	int want = (int)bench_row(b)->a;
	struct epoll_event ev[MAX_SOCKETS];

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += epoll_wait(fd, ev, want, 0) != want;
	bench_stop(b);
	return bad ? bench_fail(b, "epoll did not report %d sockets", want) : 0;
}
