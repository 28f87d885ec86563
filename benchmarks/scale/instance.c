// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What runs in an instance: a service at rest that now and then does a little of
 * what services do. Everything it needs is in its own memory, so that an instance
 * without a disk does the same as one with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scale.h"

#define PAGE 4096U
#define PAGES 16U	/* that a child touches */
#define READS 32U
#define TRIPS 16U	/* to the other process of the instance and back */
#define LOOPS 20000U

/* What a unit of work uses, made before the instance says that it is ready. */
static struct {
	int file, peer;
	char *pages, *page;
} kit;

int scale_fail(struct scale_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

/* The second process: sends back what it gets until nobody is there any more. */
static __attribute__((noreturn)) void echo(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1)
		;
	_exit(0);
}

static int kit_make(struct scale_err *err)
{
	int pair[2];
	pid_t pid;

	kit.file = memfd_create("bscale", MFD_CLOEXEC);
	if (kit.file < 0)
		return scale_fail(err, "memfd_create: %s", strerror(errno));
	kit.pages = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (kit.pages == MAP_FAILED)
		return scale_fail(err, "mmap: %s", strerror(errno));
	kit.page = kit.pages + PAGES * PAGE;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return scale_fail(err, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return scale_fail(err, "fork: %s", strerror(errno));
	if (pid == 0) {
		close(pair[0]);
		echo(pair[1]);
	}
	close(pair[1]);
	kit.peer = pair[0];
	return 0;
}

/* One unit: a process comes and goes, a file is written and read, another process
 * answers, and a little is computed. */
static int work(struct scale_err *err)
{
	volatile unsigned int sum = 0;
	unsigned int i;
	int status;
	pid_t pid;
	char c = 'x';

	pid = fork();
	if (pid < 0)
		return scale_fail(err, "fork: %s", strerror(errno));
	if (pid == 0) {
		for (i = 0; i < PAGES; i++)
			kit.pages[i * PAGE]++;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return scale_fail(err, "waitpid: %s", strerror(errno));
	if (status != 0)
		return scale_fail(err, "a child ended with status %d", status);
	for (i = 0; i < READS; i++)
		if (pwrite(kit.file, kit.page, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE ||
		    pread(kit.file, kit.page, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE)
			return scale_fail(err, "a file in memory: %s", strerror(errno));
	for (i = 0; i < TRIPS; i++)
		if (write(kit.peer, &c, 1) != 1 || read(kit.peer, &c, 1) != 1)
			return scale_fail(err, "the other process: %s", strerror(errno));
	for (i = 0; i < LOOPS; i++)
		sum += i;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* UNITS of work; ns of one in *@each. */
static int gauge(uint32_t *each, struct scale_err *err)
{
	uint64_t t = now_ns();
	unsigned int k;

	for (k = 0; k < UNITS; k++)
		if (work(err) != 0)
			return -1;
	*each = (uint32_t)((now_ns() - t) / UNITS);
	return 0;
}

/*
 * PACED units, one due every PACE * @each ns: what a service does that has its share of
 * the machine and some to spare. Nothing is made up for: the time is over when the last
 * unit is due, and *@done is how many were ready until then.
 */
static int pace(uint32_t each, uint32_t *done, struct scale_err *err)
{
	const uint64_t step = (uint64_t)each * PACE, start = now_ns(), end = start + PACED * step;
	uint64_t due = start;

	*done = 0;
	while (*done < PACED) {
		struct timespec ts;

		if (work(err) != 0)
			return -1;
		if (now_ns() > end)
			break;
		++*done;
		due += step;
		ts = (struct timespec){ .tv_sec = (time_t)(due / 1000000000), .tv_nsec = (long)(due % 1000000000) };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
			;
	}
	/* All are measured over the same time. */
	while (now_ns() < end) {
		const struct timespec ts = { .tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000) };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	return 0;
}

/* ------------------------------------------------------------------- nuisance */

#define HOGS 8U
#define HOG_MEMORY (2U << 20)	/* each, so that the smallest domain has room */
#define HOG_FILE (16U << 20)	/* each, together an eighth of the scratch disk */
#define HOG_BLOCK (64U << 10)

/* Writes a block, waits until it is on the disk, forgets it and reads it back, at places
 * all over its file; for ever. */
static __attribute__((noreturn)) void hog_disk(const char *where, unsigned int me, unsigned int k)
{
	static char block[HOG_BLOCK];
	unsigned int n = k * 7919 + 1;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/" DISK_LINK "/hog.%u.%u.0", where, me, k);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	for (;;) {
		off_t at = (off_t)(n % (HOG_FILE / HOG_BLOCK)) * HOG_BLOCK;

		n = n * 1103515245 + 12345;
		if (fd < 0 || pwrite(fd, block, HOG_BLOCK, at) < 0 || fdatasync(fd) != 0 ||
		    posix_fadvise(fd, at, HOG_BLOCK, POSIX_FADV_DONTNEED) != 0 ||
		    pread(fd, block, HOG_BLOCK, at) < 0)
			_exit(1);
	}
}

/* Takes memory until there is none, and whoever is killed for it is replaced. */
static __attribute__((noreturn)) void hog_touch(void)
{
	for (;;) {
		pid_t pid = fork();
		char *p;

		if (pid > 0) {
			waitpid(pid, NULL, 0);
			continue;
		}
		if (pid < 0) {
			usleep(1000);
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			p = mmap(NULL, HOG_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (p == MAP_FAILED)
				_exit(0);
			for (size_t at = 0; at < HOG_MEMORY; at += PAGE)
				p[at] = 1;
		}
	}
}

/* One process of a nuisance, for ever. */
static __attribute__((noreturn)) void hog(char kind, const char *where, unsigned int me, unsigned int k)
{
	volatile unsigned int n = 0;
	char path[128], *p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		switch (kind) {
		case TOLD_HOG_CPU:
		case TOLD_BUSY:
			n++;
			break;
		case TOLD_HOG_DISK:
			hog_disk(where, me, k);
		case TOLD_HOG_TOUCH:
			hog_touch();
		case TOLD_HOG_FORK: {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			if (pid > 0)
				waitpid(pid, NULL, 0);
			break;
		}
		case TOLD_HOG_FILES:
			snprintf(path, sizeof(path), "%s/hog.%u.%u.%u", where, me, k, n++ % 1000);
			close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
			snprintf(path, sizeof(path), "%s/hog.%u.%u.%u", where, me, k, (n + 500) % 1000);
			unlink(path);
			break;
		default:
			p = mmap(NULL, HOG_MEMORY, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			if (p != MAP_FAILED)
				munmap(p, HOG_MEMORY);
		}
}

static void hogs_end(pid_t *pids, char kind, const char *where, unsigned int me)
{
	const unsigned int files = kind == TOLD_HOG_FILES ? 1000 : kind == TOLD_HOG_DISK ? 1 : 0;
	char path[128];
	unsigned int k, n;

	/* An end that was no nuisance before costs nothing. */
	if (!pids[0])
		return;
	for (k = 0; k < HOGS; k++)
		if (pids[k] > 0)
			kill(pids[k], SIGKILL);
	for (k = 0; k < HOGS; k++)
		if (pids[k] > 0)
			waitpid(pids[k], NULL, 0);
	memset(pids, 0, HOGS * sizeof(*pids));
	for (k = 0; k < HOGS; k++)
		for (n = 0; n < files; n++) {
			snprintf(path, sizeof(path), "%s%s/hog.%u.%u.%u", where,
				 kind == TOLD_HOG_DISK ? "/" DISK_LINK : "", me, k, n);
			unlink(path);
		}
}

static int hogs_begin(pid_t *pids, char kind, const char *where, unsigned int me, struct scale_err *err)
{
	const unsigned int n = kind == TOLD_BUSY ? 1 : HOGS;
	unsigned int k;

	for (k = 0; k < n; k++) {
		pids[k] = fork();
		if (pids[k] == 0)
			hog(kind, where, me, k);
		if (pids[k] < 0)
			return scale_fail(err, "fork: %s", strerror(errno));
	}
	return 0;
}

static int serve(const struct wire *wire, const char *where, unsigned int i, struct scale_err *err)
{
	pid_t hogs[HOGS] = { 0 };
	uint32_t each = 0, done;
	char word, kind = 0;

	if (kit_make(err) != 0 || wire->join(where, i, err) != 0 ||
	    wire->say(SAYS_READY, 0, err) != 0)
		return -1;
	for (;;) {
		if (wire->hear(&word, err) != 0)
			return -1;
		done = 0;
		switch (word) {
		case TOLD_END:
			hogs_end(hogs, kind, where, i);
			return wire->say(SAYS_BYE, 0, err);
		case TOLD_WORK:
			if (gauge(&done, err) != 0)
				return -1;
			break;
		case TOLD_GAUGE:
			if (gauge(&each, err) != 0)
				return -1;
			done = each;
			break;
		case TOLD_PACE:
			if (pace(each, &done, err) != 0)
				return -1;
			break;
		case TOLD_STOP:
			hogs_end(hogs, kind, where, i);
			break;
		case TOLD_PING:
			break;
		case TOLD_HOG_CPU:
		case TOLD_HOG_FORK:
		case TOLD_HOG_FILES:
		case TOLD_HOG_MEMORY:
		case TOLD_HOG_DISK:
		case TOLD_HOG_TOUCH:
		case TOLD_BUSY:
			kind = word;
			if (hogs_begin(hogs, word, where, i, err) != 0)
				return -1;
			break;
		default:
			return scale_fail(err, "told '%c', which means nothing", word);
		}
		if (wire->say(SAYS_DONE, done, err) != 0)
			return -1;
	}
}

int instance_main(const struct wire *wire, const char *where, unsigned int i)
{
	struct scale_err err;

	if (serve(wire, where, i, &err) == 0)
		return 0;
	fprintf(stderr, "bscale: instance %u: %s\n", i, err.text);
	return 1;
}

int domain_main(void)
{
	const char *number = getenv("scale");
	struct scale_err err;
	unsigned int i;
	char *end;

	/* Before this there is no terminal to complain to. */
	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0)
		scale_fail(&err, "mount /dev: %s", strerror(errno));
	else if (!number || !*number || (i = (unsigned int)strtoul(number, &end, 10), *end))
		scale_fail(&err, "no scale=NUMBER on the command line of the kernel");
	else
		serve(&wire_xenstore, "", i, &err);	/* files: in its root, "/hog..." */
	i = (unsigned int)open("/dev/console", O_WRONLY | O_CLOEXEC);
	dprintf((int)i, "bscale: %s\n", err.text);
	reboot(RB_POWER_OFF);
	return 1;
}
