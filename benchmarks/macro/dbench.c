// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dbench: one client replays the first part of its list of file operations, once; that
 * is an operation. dbench itself knows only how long to run, so the list has marks: a
 * directory made at the beginning and one at the end, for which we wait, then a sleep
 * in which dbench is ended. What the list says of flushing is left out: that waits for
 * the disk.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* Of 458344 lines. These write 20 MB in 75 files, and rename and delete some. */
#define LINES 3000

#define PLACE "place"

int dbench_setup(struct bench *b)
{
	char line[1024];
	FILE *from, *to;
	int n = 0;

	if (tool_tree(b) != 0)
		return -1;
	from = fopen(tool_file("share/dbench/client.txt"), "re");
	to = fopen("load", "we");
	if (!from || !to)
		return bench_fail(b, "dbench's list of operations: %s", strerror(errno));
	/* The sleep, however short, lets us see the mark before the first operation. */
	fputs("Mkdir \"\\begin\" NT_STATUS_OK\nSleep 1 NT_STATUS_OK\n", to);
	while (n < LINES && fgets(line, sizeof(line), from)) {
		n++;
		if (strncmp(line, "Flush ", 6) != 0)
			fputs(line, to);
	}
	fputs("Mkdir \"\\end\" NT_STATUS_OK\nSleep 2000000000 NT_STATUS_OK\n", to);
	fclose(from);
	if (fclose(to) != 0)
		return bench_fail(b, "write load: %s", strerror(errno));
	if (n < LINES)
		return bench_fail(b, "dbench's list has %d operations and not %d", n, LINES);
	/* Its client is a child of its own; whoever is left over becomes ours. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return 0;
}

/* Wait until @name is made in PLACE, which @in watches, or dbench has ended. */
static int wait_mark(struct bench *b, int in, int pidfd, const char *name)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd fds[] = { { .fd = in, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return bench_fail(b, "poll: %s", strerror(errno));
		if (fds[0].revents & POLLIN) {
			ssize_t n = read(in, buf, sizeof(buf)), at = 0;

			while (at < n) {
				const struct inotify_event *event = (const void *)(buf + at);

				if (event->len && strcmp(event->name, name) == 0)
					return 0;
				at += (ssize_t)(sizeof(*event) + event->len);
			}
		} else if (fds[1].revents & POLLIN) {
			return 1;
		}
	}
}

/* End dbench and its client, who sleeps; both are in our group, as we are. */
static void end_all(void)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	signal(SIGTERM, SIG_DFL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int replay(struct bench *b)
{
	static const struct tool_how how = { .log = LOG };
	char *const argv[] = { "dbench", "-t", "1000000", "-c", "load", "-D", PLACE, "1", NULL };
	int in, pidfd, rc;
	pid_t pid;

	if (mkdir(PLACE, 0755) != 0)
		return bench_fail(b, PLACE ": %s", strerror(errno));
	in = inotify_init1(IN_CLOEXEC);
	if (in < 0 || inotify_add_watch(in, PLACE, IN_CREATE) < 0)
		return bench_fail(b, "inotify: %s", strerror(errno));
	pid = tool_start(b, &how, argv);
	if (pid < 0)
		return -1;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		bench_fail(b, "pidfd_open: %s", strerror(errno));
		end_all();
		return -1;
	}
	rc = wait_mark(b, in, pidfd, "begin");
	if (rc == 0) {
		bench_start(b);
		rc = wait_mark(b, in, pidfd, "end");
		bench_stop(b);
	}
	if (rc > 0 && tool_wait(b, pid, "dbench") == 0)
		bench_fail(b, "dbench ended before the end of its list");
	end_all();
	close(in);
	close(pidfd);
	if (rc != 0)
		return -1;
	/* "[NUMBER OF LINE] what failed"; not what it says of a semaphore, whose number may
	 * be 0, which it takes for none. */
	if (log_has(LOG, "] ") || log_has(LOG, "ERROR"))
		return bench_fail(b, "dbench says that an operation failed");
	if (access(PLACE "/clients/client0", F_OK) != 0)
		return bench_fail(b, "dbench left no files");
	if (nftw(PLACE, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return bench_fail(b, "remove what dbench left: %s", strerror(errno));
	return 0;
}

int dbench_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	while (n-- > 0)
		if (replay(b) != 0)
			return -1;
	return 0;
}
