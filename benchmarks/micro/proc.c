// SPDX-License-Identifier: GPL-2.0-or-later
/* Making processes and loading programs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

/* The program that the exec rows start (helper.S), as bytes of ours: it goes
 * into the work directory, so no path outside has to exist. */
extern const char helper_start[], helper_end[];

#define HELPER "./helper"

static int helper_fd = -1;
static char *const no_env[] = {NULL};

/* Wait for @pid; 0 when it ended with exit code 0. */
static int reap(pid_t pid)
{
	int status;

	if (pid < 0)
		return 1;
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return 1;
	return status;
}

int fork_setup(struct bench *b)
{
	size_t mib = (size_t)bench_row(b)->a;

	if (mib && !bench_memory(b, mib << 20))
		return -1;
	return 0;
}

int fork_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		bad += reap(pid) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "fork or wait failed") : 0;
}

int vfork_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		bad += reap(pid) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "vfork or wait failed") : 0;
}

int execve_setup(struct bench *b)
{
	size_t len = (size_t)(helper_end - helper_start);
	int fd = open(HELPER, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, helper_start, len) != (ssize_t)len ||
	    close(fd) != 0)
		return bench_fail(b, "make %s: %s", HELPER, strerror(errno));
	helper_fd = open(HELPER, O_RDONLY | O_CLOEXEC);
	if (helper_fd < 0)
		return bench_fail(b, "open %s: %s", HELPER, strerror(errno));
	if (access(HELPER, X_OK) != 0)
		return bench_skip(b, "the work directory is mounted noexec");
	return 0;
}

int execve_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char name[] = HELPER;
	char *const argv[] = {name, NULL};

	bench_start(b);
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execveat(helper_fd, "", argv, no_env, AT_EMPTY_PATH);
			_exit(127);
		}
		bad += reap(pid) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "the helper did not run") : 0;
}

/* Read all of a file, so that all of it is in the page cache. */
static void read_whole(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/*
 * Bring the shell and its libraries into the page cache completely. A fault
 * maps the cached pages around it, so otherwise the number of faults would
 * depend on what was read ahead since the machine started. A shell that waits
 * for its first command tells by its maps which files it needs. Best effort:
 * without /proc the row still runs.
 */
static int warm_shell(struct bench *b)
{
	char path[64], line[PATH_MAX + 128];
	int p[2];
	pid_t pid;
	FILE *f;

	if (pipe2(p, O_CLOEXEC) != 0)
		return bench_fail(b, "pipe: %s", strerror(errno));
	pid = vfork(); /* returns when the shell has been loaded */
	if (pid == 0) {
		char name[] = "sh";
		char *const argv[] = {name, NULL};

		dup2(p[0], 0);
		execve("/bin/sh", argv, no_env);
		_exit(127);
	}
	if (pid < 0)
		return bench_fail(b, "vfork: %s", strerror(errno));
	usleep(10000); /* the loader maps the libraries */
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *name = strchr(line, '/');

		if (!name)
			continue;
		name[strcspn(name, "\n")] = '\0';
		read_whole(name);
	}
	if (f)
		fclose(f);
	close(p[0]);
	close(p[1]); /* end of input: the shell ends */
	return reap(pid) == 0 ? 0 : bench_fail(b, "/bin/sh did not run");
}

int sh_setup(struct bench *b)
{
	if (access("/bin/sh", X_OK) != 0)
		return bench_skip(b, "no /bin/sh");
	if (warm_shell(b) != 0)
		return -1;
	return execve_setup(b);
}

int sh_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	char sh[] = "sh", c[] = "-c", cmd[] = HELPER;
	char *const argv[] = {sh, c, cmd, NULL};

	bench_start(b);
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execve("/bin/sh", argv, no_env);
			_exit(127);
		}
		bad += reap(pid) != 0;
	}
	bench_stop(b);
	return bad ? bench_fail(b, "the shell or the helper did not run") : 0;
}
