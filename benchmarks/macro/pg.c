// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PostgreSQL and its pgbench, one client over a socket of the file system; an operation
 * is a transaction, and what is counted is a run of pgbench with all of them, from its
 * start to its end. The data are on tmpfs, where a commit's fsync() does not wait for a
 * disk; otherwise the server is as Debian has it, without the work it does when it has
 * nothing to do: that would come or not come by the clock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* PostgreSQL does not run as root. Debian has this user, "nobody", everywhere. */
#define NOBODY 65534

#define PLACE "pg"
#define SERVER_LOG "server.log"

static const struct tool_how as_nobody = { .log = LOG, .dir = PLACE, .uid = NOBODY };

/* Where the server's socket is. */
static char place[PATH_MAX];
/* Transactions that wrote, of this row; they are in the history table. */
static unsigned long long written;

/* A process of the server that waits for connections. */
static pid_t server_start(struct bench *b)
{
	static const struct tool_how how = { .log = SERVER_LOG, .dir = PLACE, .uid = NOBODY };
	char *const argv[] = {
		"postgres", "-D", "data", "-k", place, "-c", "listen_addresses=",
		"-c", "autovacuum=off", "-c", "bgwriter_lru_maxpages=0", "-c", "checkpoint_timeout=1d",
		"-c", "max_logical_replication_workers=0",
		/* Nothing that outlives it, and no more memory than a small domain has. */
		"-c", "dynamic_shared_memory_type=mmap", "-c", "shared_buffers=24MB",
		"-c", "huge_pages=off", "-c", "max_wal_size=1GB", "-c", "min_wal_size=32MB", NULL };
	int status;
	pid_t pid;

	/* A word of the last one is none of this one. */
	unlink(SERVER_LOG);
	pid = tool_start(b, &how, argv);
	if (pid < 0)
		return -1;
	/* However long it takes: where instructions are counted, no time means anything. */
	while (!log_has(SERVER_LOG, "ready to accept connections")) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return bench_fail(b, "postgres ended before it was ready, with status %#x", status);
		usleep(10000);
	}
	return pid;
}

static int server_stop(struct bench *b, pid_t pid)
{
	kill(pid, SIGINT);
	if (tool_wait(b, pid, "postgres") != 0)
		return -1;
	if (log_has(SERVER_LOG, "ERROR:") || log_has(SERVER_LOG, "PANIC:"))
		return bench_fail(b, "postgres says that something failed");
	return 0;
}

int pg_setup(struct bench *b)
{
	pid_t pid;
	int rc;

	if (tool_tree(b) != 0)
		return -1;
	if (!getcwd(place, sizeof(place) - sizeof(PLACE) - 1))
		return bench_fail(b, "getcwd: %s", strerror(errno));
	strcat(place, "/" PLACE);
	/* The other user goes through here, and makes what is his there. */
	if (chmod(".", 0711) != 0 || mkdir(PLACE, 0777) != 0 || chmod(PLACE, 0777) != 0)
		return bench_fail(b, PLACE ": %s", strerror(errno));
	if (TOOL_AS(b, &as_nobody, "initdb", "-D", "data", "-U", "postgres", "-A", "trust",
		    "--no-locale", "-E", "SQL_ASCII", "--no-sync") != 0)
		return -1;
	pid = server_start(b);
	if (pid < 0)
		return -1;
	rc = TOOL(b, "pgbench", "-h", place, "-U", "postgres", "-q", "-i", "-I", "dtGp", "postgres");
	return server_stop(b, pid) == 0 ? rc : -1;
}

/* A run of pgbench; @script is its name for the kind of transaction. */
static int pgbench(struct bench *b, const char *script, uint64_t n)
{
	char count[32], done[100];

	snprintf(count, sizeof(count), "%llu", (unsigned long long)n);
	if (TOOL(b, "pgbench", "-h", place, "-U", "postgres", "-n", "--random-seed=1", "-b", (char *)script,
		 "-t", count, "postgres") != 0)
		return -1;
	snprintf(done, sizeof(done), "actually processed: %s/%s\n", count, count);
	if (!log_has(LOG, done))
		return bench_fail(b, "pgbench did not do all of its transactions");
	return 0;
}

/* Does the database have what was written? */
static int history(struct bench *b)
{
	char count[32];

	if (TOOL(b, "psql", "-h", place, "-U", "postgres", "-XAtc",
		 "select 'rows ' || count(*) || '.' from pgbench_history", "postgres") != 0)
		return -1;
	snprintf(count, sizeof(count), "rows %llu.\n", written);
	return log_has(LOG, count) ? 0 : bench_fail(b, "the database does not have what was written");
}

int pg_batch(struct bench *b)
{
	const char *script = bench_row(b)->a ? "tpcb-like" : "select-only";
	uint64_t n = bench_ops(b);
	pid_t pid = server_start(b);
	int rc;

	if (pid < 0)
		return -1;
	/* Its buffers are empty at first. */
	rc = pgbench(b, "select-only", 20);
	if (rc == 0) {
		bench_start(b);
		rc = pgbench(b, script, n);
		bench_stop(b);
	}
	if (rc == 0 && bench_row(b)->a) {
		written += n;
		rc = history(b);
	}
	return server_stop(b, pid) == 0 ? rc : -1;
}
