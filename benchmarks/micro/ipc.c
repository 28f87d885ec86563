// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes on one CPU that talk to each other; and one that sleeps. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"

/* The other process's ends, and ours. */
struct ends {
	int in, out;
};

static struct ends mine;

static void echo_run(void *arg)
{
	struct ends *e = arg;
	char c;

	while (read(e->in, &c, 1) == 1 && write(e->out, &c, 1) == 1)
		;
}

int echo_start(struct bench *b, int mine_in, int mine_out, int theirs_in,
	       int theirs_out)
{
	struct ends theirs = {theirs_in, theirs_out};

	mine.in = mine_in;
	mine.out = mine_out;
	return bench_helper(b, echo_run, &theirs);
}

int pipe_setup(struct bench *b)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		return bench_fail(b, "pipe: %s", strerror(errno));
	return echo_start(b, from[0], to[1], to[0], from[1]);
}

int unix_setup(struct bench *b)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) != 0)
		return bench_fail(b, "socketpair: %s", strerror(errno));
	return echo_start(b, s[0], s[0], s[1], s[1]);
}

int pingpong_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char c = 'b';

	/* One untimed: the other one waits in read() afterwards. */
	if (write(mine.out, &c, 1) != 1 || read(mine.in, &c, 1) != 1)
		return bench_fail(b, "the other process is gone");
	bench_start(b);
	for (i = 0; i < n; i++) {
		bad += write(mine.out, &c, 1) != 1;
		bad += read(mine.in, &c, 1) != 1;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "the other process is gone") : 0;
}

static void eventfd_run(void *arg)
{
	struct ends *e = arg;
	uint64_t v;

	while (read(e->in, &v, sizeof(v)) == sizeof(v) &&
	       write(e->out, &v, sizeof(v)) == sizeof(v))
		;
}

int eventfd_setup(struct bench *b)
{
	struct ends theirs;

	mine.in = eventfd(0, EFD_CLOEXEC);
	mine.out = eventfd(0, EFD_CLOEXEC);
	if (mine.in < 0 || mine.out < 0)
		return bench_fail(b, "eventfd: %s", strerror(errno));
	theirs.in = mine.out;
	theirs.out = mine.in;
	return bench_helper(b, eventfd_run, &theirs);
}

int eventfd_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0, v = 1;

	if (write(mine.out, &v, sizeof(v)) != sizeof(v) ||
	    read(mine.in, &v, sizeof(v)) != sizeof(v))
		return bench_fail(b, "the other process is gone");
	bench_start(b);
	for (i = 0; i < n; i++) {
		bad += write(mine.out, &v, sizeof(v)) != sizeof(v);
		bad += read(mine.in, &v, sizeof(v)) != sizeof(v);
	}
	bench_stop(b);
	return bad ? bench_fail(b, "the other process is gone") : 0;
}

/* Whose turn it is: 0 ours, 1 the helper's. */
static uint32_t *turn;

static long futex(uint32_t *word, int op, uint32_t val)
{
	return syscall(SYS_futex, word, op, val, NULL, NULL, 0);
}

static void pass_turn(uint32_t to)
{
	__atomic_store_n(turn, to, __ATOMIC_SEQ_CST);
	futex(turn, FUTEX_WAKE, 1);
}

static void wait_turn(uint32_t me)
{
	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) != me)
		futex(turn, FUTEX_WAIT, 1 - me);
}

static void futex_run(void *arg)
{
	(void)arg;
	for (;;) {
		wait_turn(1);
		pass_turn(0);
	}
}

int futex_setup(struct bench *b)
{
	turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turn == MAP_FAILED)
		return bench_fail(b, "mmap: %s", strerror(errno));
	*turn = 0;
	return bench_helper(b, futex_run, NULL);
}

int futex_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;

	pass_turn(1);
	wait_turn(0);
	bench_start(b);
	for (i = 0; i < n; i++) {
		pass_turn(1);
		wait_turn(0);
	}
	bench_stop(b);
	return 0;
}

/*
 * Bandwidth: the helper is told how many blocks will come, says that it is
 * ready, swallows them and says that it has them all.
 */
static int control[2]; /* a pair of unix sockets: ours, the helper's */
static int data_fd;
static char *block;

static int swallow(int fd, uint64_t bytes)
{
	while (bytes) {
		size_t want = bytes < BW_BLOCK ? (size_t)bytes : BW_BLOCK;
		ssize_t got = read(fd, block, want);

		if (got <= 0)
			return -1;
		bytes -= (uint64_t)got;
	}
	return 0;
}

static void sink_run(void *arg)
{
	const int *fd = arg;
	uint64_t blocks;

	while (read(control[1], &blocks, sizeof(blocks)) == sizeof(blocks)) {
		if (write(control[1], "r", 1) != 1 ||
		    swallow(*fd, blocks * BW_BLOCK) != 0 ||
		    write(control[1], "d", 1) != 1)
			break;
	}
}

int sink_start(struct bench *b, int mine_fd, int theirs)
{
	int s;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
		return bench_fail(b, "socketpair: %s", strerror(errno));
	data_fd = mine_fd;
	block = bench_memory(b, BW_BLOCK);
	if (!block)
		return -1;
	s = bench_helper(b, sink_run, &theirs);
	/* Touched once more: the fork made our pages copy-on-write. */
	memset(block, 'b', BW_BLOCK);
	return s;
}

int bw_pipe_setup(struct bench *b)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) != 0)
		return bench_fail(b, "pipe: %s", strerror(errno));
	return sink_start(b, p[1], p[0]);
}

int bw_unix_setup(struct bench *b)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) != 0)
		return bench_fail(b, "socketpair: %s", strerror(errno));
	return sink_start(b, s[0], s[1]);
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t put = write(fd, p, len);

		if (put <= 0)
			return -1;
		p += put;
		len -= (size_t)put;
	}
	return 0;
}

int bw_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char c;

	if (write(control[0], &n, sizeof(n)) != sizeof(n) ||
	    read(control[0], &c, 1) != 1 || c != 'r')
		return bench_fail(b, "the other process is gone");
	bench_start(b);
	for (i = 0; i < n && !bad; i++)
		bad += write_all(data_fd, block, BW_BLOCK) != 0;
	bad += read(control[0], &c, 1) != 1;
	bench_stop(b);
	return bad || c != 'd' ? bench_fail(b, "the transfer failed") : 0;
}

/* Long enough for the CPU to go idle, short enough for the wake-up to show.
 * The value is the whole sleep, this request included. */
#define SLEEP_NS 50000L

int sleep_batch(struct bench *b)
{
	const struct timespec ts = {0, SLEEP_NS};
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) != 0;
	bench_stop(b);
	return bad ? bench_fail(b, "clock_nanosleep failed") : 0;
}
