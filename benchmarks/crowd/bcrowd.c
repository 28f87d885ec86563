// SPDX-License-Identifier: GPL-2.0-or-later
/* bcrowd: a number of contexts that sleep while a command runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserver.h>

#include "../lib/words.h"

/* Ids that no other program of the benchmarks uses. */
#define FIRST_XID 50000U
#define MAX_CROWD 4000U

static long vserver(uint32_t cmd, uint32_t id, void *data)
{
	return syscall(SYS_vserver, cmd, id, data);
}

/*
 * The one process of a context. Says that it is there with a byte, or an errno, and
 * sleeps until the other end of @hold is closed: the host cannot send it a signal.
 */
static __attribute__((noreturn)) void member(uint32_t xid, int fd, int hold)
{
	struct vcmd_ctx_create create = { .flagword = VXF_INIT_SET };
	struct vcmd_ctx_flags flags = { .mask = VXF_STATE_SETUP | VXF_STATE_INIT };
	unsigned char e = 0;

	if (vserver(VCMD_ctx_create, xid, &create) < 0 ||
	    vserver(VCMD_set_cflags, VX_XID_CURRENT, &flags) < 0)
		e = (unsigned char)errno;
	if (write(fd, &e, 1) != 1 || e)
		_exit(1);
	close(fd);
	while (read(hold, &e, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int make(unsigned int n, pid_t *pids, const int hold[2])
{
	unsigned int i;
	int p[2];

	if (pipe(p) != 0) {
		fprintf(stderr, "bcrowd: pipe: %s\n", strerror(errno));
		return 1;
	}
	for (i = 0; i < n; i++) {
		unsigned char e;

		pids[i] = fork();
		if (pids[i] == 0) {
			close(hold[1]);
			member(FIRST_XID + i, p[1], hold[0]);
		}
		if (pids[i] < 0) {
			fprintf(stderr, "bcrowd: fork: %s\n", strerror(errno));
			return 1;
		}
		/* one after the other: what they cost is not measured */
		if (read(p[0], &e, 1) != 1 || e) {
			fprintf(stderr, "bcrowd: context %u: %s\n", FIRST_XID + i, strerror(e));
			return 1;
		}
	}
	close(p[0]);
	close(p[1]);
	return 0;
}

int main(int argc, char **argv)
{
	static pid_t pids[MAX_CROWD];
	unsigned int n, i;
	int status = 1 << 8, hold[2];
	pid_t pid;

	if (argc < 3 || !word_unsigned(argv[1], 1, MAX_CROWD, &n)) {
		fprintf(stderr, "usage: bcrowd N COMMAND...    (N from 1 to %u)\n", MAX_CROWD);
		return 2;
	}
	if (pipe(hold) != 0) {
		fprintf(stderr, "bcrowd: pipe: %s\n", strerror(errno));
		return 1;
	}
	if (make(n, pids, hold) == 0) {
		pid = fork();
		if (pid == 0) {
			close(hold[1]);
			execvp(argv[2], argv + 2);
			fprintf(stderr, "bcrowd: %s: %s\n", argv[2], strerror(errno));
			_exit(127);
		}
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(hold[1]);
	for (i = 0; i < n && pids[i] > 0; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
