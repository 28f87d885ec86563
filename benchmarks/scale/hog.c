// SPDX-License-Identifier: GPL-2.0-or-later
/* What an instance does when it is a nuisance. All processes of one are in a group of
 * their own, so that they end together, however many they have become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scale.h"

#define PAGE 4096U
#define HOGS 8U
#define READERS 32U
#define HOG_MEMORY (2U << 20)	/* each, so that the smallest domain has room */
#define HOG_FILE (16U << 20)	/* each, together an eighth of the scratch disk */
#define HOG_BLOCK (64U << 10)
#define HOG_FILES 1000U

static struct {
	pid_t group;	/* 0: none */
	char kind;
	unsigned int n;
} now;

/* Writes a block, waits until it is on the disk, forgets it and reads it back, at places
 * all over its file. */
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

/* Reads pages of the file that it would serve, past the cache. */
static __attribute__((noreturn)) void hog_read(const char *where, unsigned int me, unsigned int k)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	unsigned int n = k * 7919 + 1;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/" DISK_LINK "/service.%u", where, me);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	for (;;) {
		n = n * 1103515245 + 12345;
		if (fd < 0 || pread(fd, page, PAGE, (off_t)((n >> 8) % (DISK_FILE / PAGE)) * PAGE) < 0)
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
		for (;;) {
			p = mmap(NULL, HOG_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (p == MAP_FAILED)
				_exit(0);
			for (size_t at = 0; at < HOG_MEMORY; at += PAGE)
				p[at] = 1;
		}
	}
}

/* Every process makes processes, and none of them ends. */
static __attribute__((noreturn)) void hog_bomb(void)
{
	for (;;)
		if (fork() < 0)
			usleep(1000);
}

static __attribute__((noreturn)) void hog_send(const char *net)
{
	static const char datagram[NET_DATAGRAM];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to;
	struct scale_err err;

	if (fd < 0 || scale_address(net, NET_HOST, NET_SINK, &to, &err) != 0)
		_exit(1);
	for (;;)
		if (sendto(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno == EBADF)
			_exit(1);
}

/* One for each CPU would do; the others find the port taken and rest. */
static __attribute__((noreturn)) void hog_receive(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(NET_SINK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static char buf[2048];

	/* In the host's own network its sink has the port: what comes in is lost there. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		for (;;)
			pause();
	for (;;)
		if (read(fd, buf, sizeof(buf)) < 0 && errno == EBADF)
			_exit(1);
}

static __attribute__((noreturn)) void hog_fork(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static __attribute__((noreturn)) void hog_files(const char *where, unsigned int me, unsigned int k)
{
	char path[128];
	unsigned int n;

	for (n = 0;; n++) {
		snprintf(path, sizeof(path), "%s/hog.%u.%u.%u", where, me, k, n % HOG_FILES);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		snprintf(path, sizeof(path), "%s/hog.%u.%u.%u", where, me, k, (n + HOG_FILES / 2) % HOG_FILES);
		unlink(path);
	}
}

static __attribute__((noreturn)) void hog_memory(void)
{
	for (;;) {
		void *p = mmap(NULL, HOG_MEMORY, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p != MAP_FAILED)
			munmap(p, HOG_MEMORY);
	}
}

/* Small files, each on the disk before the next is made: every one wants the journal. */
static __attribute__((noreturn)) void hog_storm(const char *where, unsigned int me, unsigned int k)
{
	static char page[PAGE];
	char path[128];
	unsigned int n;
	int fd;

	for (n = 0;; n++) {
		snprintf(path, sizeof(path), "%s/" DISK_LINK "/hog.%u.%u.%u", where, me, k, n % HOG_FILES);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, page, PAGE) < 0 || fsync(fd) != 0)
			_exit(1);
		close(fd);
		snprintf(path, sizeof(path), "%s/" DISK_LINK "/hog.%u.%u.%u", where, me, k,
			 (n + HOG_FILES / 2) % HOG_FILES);
		unlink(path);
	}
}

/* One process of a nuisance, for ever. */
static __attribute__((noreturn)) void hog(char kind, const char *where, unsigned int me, unsigned int k, const char *net)
{
	volatile unsigned int n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	switch (kind) {
	case TOLD_HOG_FORK:
		hog_fork();
	case TOLD_HOG_FILES:
		hog_files(where, me, k);
	case TOLD_HOG_MEMORY:
		hog_memory();
	case TOLD_HOG_DISK:
		hog_disk(where, me, k);
	case TOLD_HOG_READ:
		hog_read(where, me, k);
	case TOLD_HOG_STORM:
		hog_storm(where, me, k);
	case TOLD_HOG_TOUCH:
		hog_touch();
	case TOLD_HOG_BOMB:
		hog_bomb();
	case TOLD_HOG_SEND:
		hog_send(net);
	case TOLD_HOG_RECEIVE:
		hog_receive();
	default:
		for (;;)
			n++;
	}
}

/* How many processes a nuisance begins with; 0: there is no such. */
static unsigned int processes(char kind)
{
	switch (kind) {
	case TOLD_BUSY:
	case TOLD_HOG_BOMB:
		return 1;
	case TOLD_HOG_READ:
		return READERS;
	case TOLD_HOG_CPU:
	case TOLD_HOG_FORK:
	case TOLD_HOG_FILES:
	case TOLD_HOG_MEMORY:
	case TOLD_HOG_DISK:
	case TOLD_HOG_STORM:
	case TOLD_HOG_TOUCH:
	case TOLD_HOG_SEND:
	case TOLD_HOG_RECEIVE:
		return HOGS;
	default:
		return 0;
	}
}

int hogs_begin(char kind, const char *where, unsigned int me, const char *net, struct scale_err *err)
{
	const unsigned int n = processes(kind);

	if (!n)
		return scale_fail(err, "told '%c', which means nothing", kind);
	now.kind = kind;
	now.group = 0;
	for (now.n = 0; now.n < n; now.n++) {
		pid_t pid = fork();

		/* Both do it, so that it is done whoever is first. */
		if (pid >= 0)
			setpgid(pid, now.group);
		if (pid == 0)
			hog(kind, where, me, now.n, net);
		if (pid < 0)
			return scale_fail(err, "fork: %s", strerror(errno));
		if (!now.group)
			now.group = pid;
	}
	return 0;
}

void hogs_end(const char *where, unsigned int me)
{
	const bool on_disk = now.kind == TOLD_HOG_DISK || now.kind == TOLD_HOG_STORM;
	const unsigned int files = now.kind == TOLD_HOG_FILES || now.kind == TOLD_HOG_STORM ? HOG_FILES :
				   now.kind == TOLD_HOG_DISK ? 1 : 0;
	char path[128];
	unsigned int k, n;

	/* An end that was no nuisance before costs nothing. */
	if (!now.group)
		return;
	kill(-now.group, SIGKILL);
	while (waitpid(-now.group, NULL, 0) > 0 || errno == EINTR)
		;
	now.group = 0;
	for (k = 0; k < now.n; k++)
		for (n = 0; n < files; n++) {
			snprintf(path, sizeof(path), "%s%s/hog.%u.%u.%u", where,
				 on_disk ? "/" DISK_LINK : "", me, k, n);
			unlink(path);
		}
}
