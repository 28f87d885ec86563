// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What runs in an instance: a service at rest that now and then does a little of
 * what services do. Everything it needs is in its own memory, so that an instance
 * without a disk does the same as one with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static int serve(const struct wire *wire, const char *where, unsigned int i, struct scale_err *err)
{
	char word;
	unsigned int k;

	if (kit_make(err) != 0 || wire->join(where, i, err) != 0 ||
	    wire->say(SAYS_READY, err) != 0)
		return -1;
	for (;;) {
		if (wire->hear(&word, err) != 0)
			return -1;
		if (word == TOLD_END)
			return wire->say(SAYS_BYE, err);
		if (word != TOLD_WORK)
			return scale_fail(err, "told '%c', which means nothing", word);
		for (k = 0; k < UNITS; k++)
			if (work(err) != 0)
				return -1;
		if (wire->say(SAYS_DONE, err) != 0)
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
		serve(&wire_xenstore, "", i, &err);
	i = (unsigned int)open("/dev/console", O_WRONLY | O_CLOEXEC);
	dprintf((int)i, "bscale: %s\n", err.text);
	reboot(RB_POWER_OFF);
	return 1;
}
