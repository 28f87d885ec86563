// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a row: its process, its directory, its batches. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* A row takes a few seconds with 5 ms batches; one that takes this long hangs.
 * Not enforced where instructions are counted: the clock of such a machine
 * jumps ahead while it waits for its disk, so no time is long there. */
#define ROW_LIMIT_S 300

/* Doubling stops here: a row that is still too short has a broken clock. */
#define MAX_OPS (1ULL << 40)

/* Batches of a row that are done again before it is given up. */
#define MAX_REDONE 20

struct bench {
	const struct bench_row *row;
	const struct bench_opts *opts;
	struct bench_result *res;
	uint64_t ops;
	struct bench_sample now; /* the batch that runs */
	struct rusage ru, children;
	uint64_t t0;
};

/* ns of CPU time between two readings. */
static int64_t cpu_ns(const struct timeval *from, const struct timeval *to)
{
	return ((int64_t)to->tv_sec - from->tv_sec) * 1000000000 +
	       ((int64_t)to->tv_usec - from->tv_usec) * 1000;
}

int run_interrupted;

const struct bench_row *bench_row(const struct bench *b)
{
	return b->row;
}

uint64_t bench_ops(const struct bench *b)
{
	return b->ops;
}

void bench_start(struct bench *b)
{
	getrusage(RUSAGE_CHILDREN, &b->children);
	getrusage(RUSAGE_SELF, &b->ru);
	b->t0 = clock_now();
}

void bench_stop(struct bench *b)
{
	uint64_t t1 = clock_now();
	struct rusage ru, children;

	getrusage(RUSAGE_SELF, &ru);
	getrusage(RUSAGE_CHILDREN, &children);
	b->now.ns += t1 - b->t0;
	b->now.minflt += ru.ru_minflt - b->ru.ru_minflt;
	b->now.majflt += ru.ru_majflt - b->ru.ru_majflt;
	b->now.vol += ru.ru_nvcsw - b->ru.ru_nvcsw;
	b->now.invol += ru.ru_nivcsw - b->ru.ru_nivcsw;
	b->now.user += cpu_ns(&b->ru.ru_utime, &ru.ru_utime) +
		       cpu_ns(&b->children.ru_utime, &children.ru_utime);
	b->now.sys += cpu_ns(&b->ru.ru_stime, &ru.ru_stime) +
		      cpu_ns(&b->children.ru_stime, &children.ru_stime);
}

void bench_told(struct bench *b, uint64_t ns)
{
	b->now.ns = ns;
}

static int verdict(struct bench_result *res, enum bench_status status,
		   const char *fmt, va_list ap)
{
	res->status = status;
	vsnprintf(res->why, sizeof(res->why), fmt, ap);
	return -1;
}

int bench_fail(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(b->res, ST_FAIL, fmt, ap);
	va_end(ap);
	return -1;
}

int bench_skip(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(b->res, ST_SKIP, fmt, ap);
	va_end(ap);
	return -1;
}

int bench_invalid(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(b->res, ST_INVALID, fmt, ap);
	va_end(ap);
	return -1;
}

static int result_fail(struct bench_result *res, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int result_fail(struct bench_result *res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(res, ST_FAIL, fmt, ap);
	va_end(ap);
	return -1;
}

int bench_helper(struct bench *b, void (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return bench_fail(b, "fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			fn(arg);
		_exit(1);
	}
	return 0;
}

int bench_tools(struct bench *b)
{
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return bench_fail(b, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s:/usr/sbin:/usr/bin:/sbin:/bin",
		 dirname(self));
	if (setenv("PATH", path, 1) != 0 || setenv("LC_ALL", "C", 1) != 0)
		return bench_fail(b, "setenv: %s", strerror(errno));
	return 0;
}

void *bench_memory(struct bench *b, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		bench_fail(b, "mmap of %zu bytes: %s", len, strerror(errno));
		return NULL;
	}
	memset(p, 0, len); /* private: the pages are there before a batch */
	return p;
}

/* One batch of b->ops operations; fills b->now. */
static int one_batch(struct bench *b)
{
	memset(&b->now, 0, sizeof(b->now));
	b->now.ops = b->ops;
	return b->row->batch(b);
}

/* Batches in a row that must be long enough: the first ones at a size are
 * often slow, and the operations they settle on would be too few later. */
#define CALIBRATED 3

/* Double the operations until batches are long enough. Powers of two, so that
 * repeated executions nearly always agree on the count. */
static int calibrate(struct bench *b)
{
	int good = 0;

	while (good < CALIBRATED) {
		if (one_batch(b) != 0)
			return -1;
		if (b->now.ns >= b->opts->batch_ns) {
			good++;
			continue;
		}
		good = 0;
		if (b->ops >= MAX_OPS)
			return bench_fail(b, "a batch never gets long enough");
		b->ops *= 2;
	}
	return 0;
}

static int prepare_batch(struct bench *b, const struct bench_host *host,
			 int dir)
{
	if ((b->row->flags & BENCH_SYNC) && syncfs(dir) != 0)
		return bench_fail(b, "syncfs: %s", strerror(errno));
	if (b->opts->batch_ns == 0)
		clock_settle(host);
	return 0;
}

static int check_batch(struct bench *b)
{
	if (b->now.ns == 0)
		return bench_invalid(b, "a batch took no time");
	if ((b->row->flags & BENCH_MINFLT) &&
	    b->now.minflt != (int64_t)b->now.ops)
		return bench_invalid(b, "%lld minor faults in %llu operations",
				     (long long)b->now.minflt,
				     (unsigned long long)b->now.ops);
	return 0;
}

/* All of a row, in its own process; the result is in @b->res. */
static void row_process(struct bench *b, const struct bench_host *host)
{
	const unsigned int total = b->opts->warmup + b->opts->batches;
	unsigned int i, redone = 0;
	char type[32];
	int dir;

	b->ops = b->row->ops * b->opts->ops_scale;
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		bench_fail(b, "open work directory: %s", strerror(errno));
		return;
	}
	if (b->row->fs &&
	    strcmp(env_fs_type(".", type, sizeof(type)), b->row->fs) != 0) {
		bench_skip(b, "%s is on %s, not on %s",
			   b->row->flags & BENCH_TMPFS ? b->opts->tmpfs
						       : b->opts->dir,
			   type, b->row->fs);
		return;
	}
	if (b->row->setup && b->row->setup(b) != 0)
		return;
	if (b->opts->batch_ns != 0 && calibrate(b) != 0)
		return;
	for (i = 0; i < total; i++) {
		if (prepare_batch(b, host, dir) != 0 || one_batch(b) != 0)
			return;
		/* Somebody else's memory pressure took pages of ours, which
		 * this batch has brought back: it measured the disk. */
		if ((b->row->flags & BENCH_MINFLT) && b->now.majflt != 0 &&
		    redone++ < MAX_REDONE) {
			i--;
			continue;
		}
		if (i >= b->opts->warmup && check_batch(b) != 0)
			return;
		b->res->samples[i] = b->now;
		b->res->n_samples = i + 1;
	}
	b->res->status = ST_OK;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/*
 * Make the directory of a row in @base and write its path to @path. The name
 * is the first free one of a fixed series: fixed length, and the same in each
 * execution, because file systems choose places by name.
 */
static int make_dir(const char *base, char *path, size_t len)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if ((size_t)snprintf(path, len, "%s/bench.%03d", base, i) >=
		    len) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (mkdir(path, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* Wait for the row's process, for a signal to us, or for the time limit.
 * Needs SIGCHLD and the ending signals blocked. */
static void wait_row(pid_t pid, const struct bench_opts *opts,
		     struct bench_result *res)
{
	const struct timespec limit = {.tv_sec = ROW_LIMIT_S};
	const bool limited = opts->batch_ns != 0;
	sigset_t set;
	int sig, status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	for (;;) {
		sig = limited ? sigtimedwait(&set, NULL, &limit)
			      : sigwaitinfo(&set, NULL);
		if (sig == SIGCHLD) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				break;
			continue;
		}
		if (sig < 0 && errno == EINTR)
			continue;
		if (sig < 0) {
			result_fail(res, "no result after %d s", ROW_LIMIT_S);
		} else {
			run_interrupted = sig;
			result_fail(res, "interrupted by signal %d", sig);
		}
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		return;
	}
	/* What the row's process left running must not disturb the next. */
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		result_fail(res, "killed by signal %d (%s)", WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
}

void run_row(const struct bench_row *row, const struct bench_opts *opts,
	     const struct bench_host *host, struct bench_result *res)
{
	const char *base = row->flags & BENCH_TMPFS ? opts->tmpfs : opts->dir;
	struct bench b = {.row = row, .opts = opts, .res = res};
	char path[PATH_MAX];
	sigset_t none;
	pid_t pid;

	res->n_samples = 0;
	res->why[0] = '\0';
	if (row->flags & BENCH_TMPFS && access(base, F_OK) != 0) {
		res->status = ST_SKIP;
		snprintf(res->why, sizeof(res->why), "no directory %s", base);
		return;
	}
	if (make_dir(base, path, sizeof(path)) != 0) {
		result_fail(res, "make a directory in %s: %s", base,
			    strerror(errno));
		return;
	}
	/* Stands if the process ends without saying anything. */
	result_fail(res, "the row's process ended without a result");
	pid = fork();
	if (pid < 0) {
		result_fail(res, "fork: %s", strerror(errno));
	} else if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (chdir(path) != 0)
			bench_fail(&b, "chdir %s: %s", path, strerror(errno));
		else
			row_process(&b, host);
		_exit(0);
	} else {
		setpgid(pid, pid); /* whoever of the two is first */
		wait_row(pid, opts, res);
	}
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 &&
	    res->status == ST_OK)
		result_fail(res, "remove %s: %s", path, strerror(errno));
}
