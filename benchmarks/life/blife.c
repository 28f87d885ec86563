// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blife: what it costs to have a program run somewhere of its own. Every
 * operation makes the place, runs /bin/true in it and waits until it has
 * ended, with which the place is gone. What the kernel puts off (it frees
 * network namespaces in a worker) is counted as far as it happens before the
 * batch ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserver.h>

#include "../lib/bench.h"

#define PROGRAM "/bin/true"

/* Ids that nobody else uses in the machine, taken in turn: what is left of the
 * last context (references that end later) is not in the way of the next. */
#define FIRST_XID 40000U
#define N_XID 1000U

#define ALL_SPACES                                                        \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)
#define SOME_SPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

enum place { PLAIN, UNSHARE, CONTEXT, CONTEXT_SPACES };

/* How far the child got; shared with it, as it has no other way to say. */
struct report {
	const char *step;
	int error;
};

static volatile struct report *report;
static unsigned int turn;

static long vserver(uint32_t cmd, uint32_t id, void *data)
{
	return syscall(SYS_vserver, cmd, id, data);
}

static void child_fail(const char *step)
{
	report->error = errno;
	report->step = step;
	_exit(126);
}

/* Become the init of a new context, as a tool would: create, record spaces,
 * end the set-up. */
static void enter_context(uint32_t xid, bool spaces)
{
	struct vcmd_ctx_create create = { .flagword = VXF_INIT_SET };
	struct vcmd_ctx_flags flags = { .mask = VXF_STATE_SETUP | VXF_STATE_INIT };

	if (spaces && unshare(SOME_SPACES) != 0)
		child_fail("unshare");
	if (vserver(VCMD_ctx_create, xid, &create) < 0)
		child_fail("ctx_create");
	if (spaces) {
		struct vcmd_space_mask mask = { .mask = SOME_SPACES };

		if (vserver(VCMD_set_space, VX_XID_CURRENT, &mask) < 0)
			child_fail("set_space");
	}
	if (vserver(VCMD_set_cflags, VX_XID_CURRENT, &flags) < 0)
		child_fail("set_cflags");
}

static void child(enum place place, uint32_t xid)
{
	char *const argv[] = { (char[]){ PROGRAM }, NULL };
	char *const env[] = { NULL };

	if (place == CONTEXT || place == CONTEXT_SPACES)
		enter_context(xid, place == CONTEXT_SPACES);
	execve(PROGRAM, argv, env);
	child_fail("exec of " PROGRAM);
}

/* One operation; true when the program ran and ended well. */
static bool once(enum place place)
{
	uint32_t xid = FIRST_XID + turn++ % N_XID;
	int status;
	pid_t pid;

	/* Not glibc's fork() for one and clone() for the other: the same path
	 * into the kernel for all rows. */
	pid = (pid_t)syscall(SYS_clone,
			     (place == UNSHARE ? ALL_SPACES : 0) | SIGCHLD,
			     NULL, NULL, NULL, NULL);
	if (pid == 0)
		child(place, xid);
	if (pid < 0) {
		report->error = errno;
		report->step = "clone";
		return false;
	}
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return false;
	return status == 0;
}

static int life_setup(struct bench *b)
{
	enum place place = (enum place)bench_row(b)->a;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		return bench_fail(b, "mmap: %s", strerror(errno));
	if ((place == CONTEXT || place == CONTEXT_SPACES) &&
	    vserver(VCMD_get_version, 0, NULL) < 0)
		return bench_skip(b, "no contexts can be made here: get_version: %s",
				  strerror(errno));
	if (once(place))
		return 0;
	/* Places that a kernel or a context does not let us make are no error
	 * of the comparison. */
	if (report->step && (report->error == EPERM || report->error == ENOSYS ||
			     report->error == EINVAL))
		return bench_skip(b, "not possible here: %s: %s", report->step,
				  strerror(report->error));
	if (report->step)
		return bench_fail(b, "%s: %s", report->step,
				  strerror(report->error));
	return bench_fail(b, "%s failed", PROGRAM);
}

static int life_batch(struct bench *b)
{
	enum place place = (enum place)bench_row(b)->a;
	uint64_t n = bench_ops(b), i, bad = 0;

	/* Workers finish what the last batch left behind, untimed. */
	usleep(100000);
	bench_start(b);
	for (i = 0; i < n; i++)
		bad += !once(place);
	bench_stop(b);
	if (!bad)
		return 0;
	return bench_fail(b, "%s: %s", report->step ? report->step : PROGRAM,
			  report->step ? strerror(report->error) : "failed");
}

#define LIFE(name, place, n)                                      \
	{ .id = "life." name, .unit = "ns/op", .ops = n, .a = place, \
	  .setup = life_setup, .batch = life_batch }

static const struct bench_row rows[] = {
	LIFE("forkexec", PLAIN, 32),
	/* What a worker happens to do before the end of a batch moves a batch by
	 * about 1 %; twice the operations halve that, and were a third of the
	 * time of the whole program. */
	LIFE("unshare", UNSHARE, 32),
	LIFE("context", CONTEXT, 32),
	LIFE("context.spaces", CONTEXT_SPACES, 32),
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "blife",
		.cc = "gcc " __VERSION__,
		.cflags = BENCH_CFLAGS,
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	};

	return bench_main(argc, argv, &program);
}
