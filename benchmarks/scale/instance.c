// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What runs in an instance: a service at rest that now and then does a little of
 * what services do. Everything it needs is in its own memory, so that an instance
 * without a disk does the same as one with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
	char net[16];		/* as in KIT_FILE; or empty */
	int client;		/* the connection to it, or -1 */
	int disk;		/* a file on it that is read past the cache, or -1 */
	unsigned int turn, units;
} kit = { .client = -1, .disk = -1 };

volatile sig_atomic_t scale_late;

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
 * answers, and a little is computed; of all but the process, the @part th part. */
static int work(unsigned int part, struct scale_err *err)
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
		for (i = 0; i < PAGES / part; i++)
			kit.pages[i * PAGE]++;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return scale_fail(err, "waitpid: %s", strerror(errno));
	if (status != 0)
		return scale_fail(err, "a child ended with status %d", status);
	for (i = 0; i < READS / part; i++)
		if (pwrite(kit.file, kit.page, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE ||
		    pread(kit.file, kit.page, PAGE, (off_t)i * PAGE) != (ssize_t)PAGE)
			return scale_fail(err, "a file in memory: %s", strerror(errno));
	for (i = 0; i < TRIPS / part; i++)
		if (write(kit.peer, &c, 1) != 1 || read(kit.peer, &c, 1) != 1)
			return scale_fail(err, "the other process: %s", strerror(errno));
	for (i = 0; i < LOOPS / part; i++)
		sum += i;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec ts = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* ---------------------------------------------------- units of the rows isolate */

/* The answer to a request, and the next request; a client that gives up comes again. */
static int serve_one(struct scale_err *err)
{
	const struct timeval limit = { .tv_sec = 2 };
	static char answer[NET_ANSWER];
	char request[NET_REQUEST];
	struct sockaddr_in to;
	size_t n, got;
	ssize_t k;

	if (kit.client < 0) {
		if (scale_address(kit.net, NET_HOST, NET_SERVICE, &to, err) != 0)
			return -1;
		kit.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (kit.client < 0)
			return scale_fail(err, "socket: %s", strerror(errno));
		setsockopt(kit.client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		setsockopt(kit.client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (connect(kit.client, (struct sockaddr *)&to, sizeof(to)) != 0) {
			scale_fail(err, "no way to the host at %s%u: %s", kit.net, NET_HOST, strerror(errno));
			goto close;
		}
	}
	for (n = 0; n < sizeof(answer); n += (size_t)k) {
		k = send(kit.client, answer + n, sizeof(answer) - n, MSG_NOSIGNAL);
		if (k <= 0) {
			scale_fail(err, "send: %s", strerror(errno));
			goto close;
		}
	}
	for (got = 0; got < sizeof(request); got += (size_t)k) {
		k = read(kit.client, request, sizeof(request) - got);
		if (k <= 0) {
			scale_fail(err, "no request: %s", k ? strerror(errno) : "end of file");
			goto close;
		}
	}
	return 0;
close:
	close(kit.client);
	kit.client = -1;
	return -1;
}

int service_file(const char *path, struct scale_err *err)
{
	static char block[1U << 20];
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644), rc = 0;

	for (unsigned int at = 0; fd >= 0 && at < DISK_FILE && rc == 0; at += sizeof(block))
		rc = write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) ? 0 : -1;
	if (fd < 0 || rc != 0 || fsync(fd) != 0)
		rc = scale_fail(err, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A page of a file on the disk, at a place that nobody has asked for; of some it waits
 * until they are written again, as who keeps records does. The blocks are there, so
 * nobody's journal is waited for. */
static int disk_one(struct scale_err *err)
{
	off_t at;

	kit.turn = kit.turn * 1103515245 + 12345;
	at = (off_t)((kit.turn >> 8) % (DISK_FILE / PAGE)) * PAGE;
	if (pread(kit.disk, kit.page, PAGE, at) != (ssize_t)PAGE)
		return scale_fail(err, "read of the disk: %s", strerror(errno));
	if (++kit.units % DISK_WRITES)
		return 0;
	if (pwrite(kit.disk, kit.page, PAGE, at) != (ssize_t)PAGE || fdatasync(kit.disk) != 0)
		return scale_fail(err, "write to the disk: %s", strerror(errno));
	return 0;
}

static int disk_open(const char *where, unsigned int i, struct scale_err *err)
{
	char path[256];

	snprintf(path, sizeof(path), "%.200s/" DISK_LINK "/service.%u", where, i);
	if (!*where && service_file(path, err) != 0)
		return -1;
	kit.disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (kit.disk < 0)
		return scale_fail(err, "%s: %s", path, strerror(errno));
	kit.turn = i * 7919 + 1;
	return 0;
}

/* What is paced. Where it is about a disk, about nothing else: it is slow enough. */
static int unit(struct scale_err *err)
{
	if (kit.disk >= 0)
		return disk_one(err);
	return work(4, err) != 0 || (*kit.net && serve_one(err) != 0) ? -1 : 0;
}

/* See KIT_FILE. */
static int kit_read(const char *where, unsigned int i, struct scale_err *err)
{
	const char *net = getenv("scalenet");
	char path[256], line[64];
	FILE *f;

	if (net)
		snprintf(kit.net, sizeof(kit.net), "%.15s", net);
	if (!*where)
		return getenv("scaledisk") ? disk_open(where, i, err) : 0;
	snprintf(path, sizeof(path), "%s/" KIT_FILE, where);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : scale_fail(err, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "net ", 4) == 0)
			snprintf(kit.net, sizeof(kit.net), "%.15s", line + 4);
		if (strcmp(line, "disk") == 0 && disk_open(where, i, err) != 0) {
			fclose(f);
			return -1;
		}
	}
	fclose(f);
	return 0;
}

/* UNITS of work; ns of one in *@each. */
static int gauge(uint32_t *each, bool paced, struct scale_err *err)
{
	uint64_t t;
	unsigned int k;

	/* A connection is made once; a throttled disk that has rested is fast at first. */
	for (k = 0; paced && k < (kit.disk >= 0 ? DISK_BURST : 1); k++)
		if (unit(err) != 0)
			return -1;
	t = now_ns();
	for (k = 0; k < UNITS; k++)
		if ((paced ? unit(err) : work(1, err)) != 0)
			return -1;
	*each = (uint32_t)((now_ns() - t) / UNITS);
	return 0;
}

/*
 * @n units, one due every PACE * @each ns: what a service does that has its share of
 * the machine and some to spare. Nothing is made up for: the time is over when the last
 * unit is due, and *@done is how many were ready until then. A unit that cannot be done
 * (no process, no memory, no answer) is one that is not ready. *@late_us is when the last
 * one was ready that was not before the next was due, UINT32_MAX if none was after it.
 */
static void pace(uint32_t each, unsigned int n, uint32_t *done, uint32_t *late_us)
{
	const uint64_t step = (uint64_t)each * PACE, start = now_ns(), end = start + n * step;
	uint64_t due = start;
	struct scale_err err;

	*done = *late_us = 0;
	while (*done < n) {
		const bool ready = unit(&err) == 0;
		const uint64_t now = now_ns();

		if (now > end) {
			*late_us = UINT32_MAX;
			break;
		}
		if (ready) {
			++*done;
			due += step;
			if (now > due)
				*late_us = (uint32_t)((now - start) / 1000);
			sleep_until(due);
		} else {
			*late_us = (uint32_t)((now - start) / 1000);
			sleep_until(now + step);
		}
	}
	/* All are measured over the same time. */
	sleep_until(end);
}

static int serve(const struct wire *wire, const char *where, unsigned int i, struct scale_err *err)
{
	uint32_t each = 0, done, late;
	char word;

	/* What a nuisance leaves behind is its to take away. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (kit_make(err) != 0 || kit_read(where, i, err) != 0 || wire->join(where, i, err) != 0 ||
	    wire->say(SAYS_READY, 0, err) != 0)
		return -1;
	for (;;) {
		if (wire->hear(&word, err) != 0)
			return -1;
		done = 0;
		switch (word) {
		case TOLD_END:
			hogs_end(where, i);
			return wire->say(SAYS_BYE, 0, err);
		case TOLD_WORK:
			if (gauge(&done, false, err) != 0)
				return -1;
			break;
		case TOLD_GAUGE:
			if (gauge(&each, true, err) != 0)
				return -1;
			done = each;
			break;
		case TOLD_PACE:
			pace(each, PACED, &done, &late);
			break;
		case TOLD_RECOVER:
			pace(each, RECOVERED, &late, &done);
			break;
		case TOLD_STOP:
			hogs_end(where, i);
			break;
		case TOLD_PING:
			break;
		default:
			if (hogs_begin(word, where, i, kit.net, err) != 0)
				return -1;
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

/* The address of this domain on its only device, which may take a moment to be there. */
static int network(const char *net, const char *number, struct scale_err *err)
{
	struct ifreq r = { .ifr_name = "eth0" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	unsigned int tries = 0;

	if (fd < 0)
		return scale_fail(err, "socket: %s", strerror(errno));
	while (ioctl(fd, SIOCGIFINDEX, &r) != 0 && ++tries < 1000)
		usleep(10000);
	if (scale_address(net, NET_FIRST + (unsigned int)strtoul(number ? number : "0", NULL, 10), 0,
			  (struct sockaddr_in *)&r.ifr_addr, err) != 0) {
		close(fd);
		return -1;
	}
	if (ioctl(fd, SIOCSIFADDR, &r) != 0)
		rc = scale_fail(err, "the address of eth0: %s", strerror(errno));
	((struct sockaddr_in *)&r.ifr_netmask)->sin_addr.s_addr = htonl(0xffffff00);
	if (rc == 0 && ioctl(fd, SIOCSIFNETMASK, &r) != 0)
		rc = scale_fail(err, "the network of eth0: %s", strerror(errno));
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (rc == 0 && ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		rc = scale_fail(err, "eth0 does not come up: %s", strerror(errno));
	close(fd);
	return rc;
}

/* The disk of this domain, an ext4, where hogs and units look for it without a wire's
 * directory: at "/" DISK_LINK. */
static int disk(const char *device, struct scale_err *err)
{
	unsigned int tries = 0;

	if (mkdir("/" DISK_LINK, 0755) != 0)
		return scale_fail(err, "mkdir /" DISK_LINK ": %s", strerror(errno));
	while (access(device, F_OK) != 0 && ++tries < 1000)
		usleep(10000);
	if (mount(device, "/" DISK_LINK, "ext4", MS_NOATIME, NULL) != 0)
		return scale_fail(err, "mount %.60s: %s", device, strerror(errno));
	return 0;
}

int domain_main(void)
{
	const char *number = getenv("scale"), *net = getenv("scalenet"), *dev = getenv("scaledisk");
	struct scale_err err;
	unsigned int i;
	char *end;

	/* Before this there is no terminal to complain to. */
	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0)
		scale_fail(&err, "mount /dev: %s", strerror(errno));
	else if (net && network(net, number, &err) != 0)
		; /* @err says why */
	else if (dev && disk(dev, &err) != 0)
		;
	else if (!number || !*number || (i = (unsigned int)strtoul(number, &end, 10), *end))
		scale_fail(&err, "no scale=NUMBER on the command line of the kernel");
	else
		serve(&wire_xenstore, "", i, &err);	/* files: in its root, "/hog..." */
	i = (unsigned int)open("/dev/console", O_WRONLY | O_CLOEXEC);
	dprintf((int)i, "bscale: %s\n", err.text);
	reboot(RB_POWER_OFF);
	return 1;
}
