// SPDX-License-Identifier: GPL-2.0
/* The flag that shows a context's init as process 1. */
#include "vs_test.h"

#include <dirent.h>
#include <sys/prctl.h>

#define FAKE { .bcaps = BC_SECURE, .ccaps = CC_SECURE, .flags = CF_FAKEINIT }

static char buf[8192];

static void on_usr(int sig, siginfo_t *si, void *u)
{
	(void)sig;
	(void)u;
	atomic_fetch_add(&sh->hits[0], 1);
	sh->val[5] = si->si_pid;
}

/* Run something as init of such a context. */
static void in_guest(vs_fn fn)
{
	struct guest g = FAKE;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		fn();
		done();
	}
	reap_ok(pid);
}

static void pids(void)
{
	pid_t c;

	EQ(getpid(), 1);
	EQ(syscall(SYS_gettid), 1);
	EQ(getppid(), 0);
	c = fork();
	if (c == 0) {
		EQ(getppid(), 1);
		CHECK(getpid() > 1, "child has pid %d", getpid());
		done();
	}
	CHECK(c > 1, "fork returned %d", c);
	reap_ok(c);
}
TEST(getpid, "init is 1, its parent 0, the parent of its children 1") { in_guest(pids); }

static void orphans(void)
{
	int st;
	pid_t c = fork();

	if (c == 0) {
		if (fork() == 0) {
			while (getppid() != 1 && sh->hits[1] < 2000) {
				atomic_fetch_add(&sh->hits[1], 1);
				msleep(1);
			}
			EQ(getppid(), 1);
			_exit(42);
		}
		_exit(0);
	}
	reap_ok(c);
	CHECK(waitpid(-1, &st, 0) > 0, "no orphan came: %s", strerror(errno));
	EQ(WEXITSTATUS(st), 42);
}
TEST(orphans, "orphans come to init: getppid() is 1, and init reaps them") { in_guest(orphans); }

static void kill_one(void)
{
	struct sigaction sa = { .sa_sigaction = on_usr, .sa_flags = SA_SIGINFO };
	pid_t c;

	sigaction(SIGUSR1, &sa, NULL);
	c = fork();
	if (c == 0) {
		EQ(E(kill(1, 0)), 0);
		EQ(E(kill(1, SIGUSR1)), 0);
		EQ(E(syscall(SYS_tgkill, 1, 1, SIGUSR1)), 0);
		EQ(E(syscall(SYS_pidfd_open, 1, 0)) >= 0, true);
		EQ(E(getpgid(1)) >= 0, true);
		EQ(E(sched_getscheduler(1)), SCHED_OTHER);
		done();
	}
	reap_ok(c);
	for (int i = 0; i < 1000 && sh->hits[0] < 1; i++)
		msleep(1);
	CHECK(sh->hits[0] >= 1, "no signal came");
	EQ(sh->val[5], c);
	/* init to itself */
	sh->hits[0] = 0;
	EQ(E(kill(getpid(), SIGUSR1)), 0);
	EQ(E(raise(SIGUSR1)), 0);
	EQ(sh->hits[0], 2);
}
TEST(kill_one, "kill(1) from inside reaches the context's init, as do the other calls with pid 1")
{
	in_guest(kill_one);
}

static void hidden_number(void)
{
	char path[64];
	pid_t real;

	step_set(1);
	step_wait(2);
	real = sh->val[0];
	CHECK(real > 1, "real number is %d", real);
	EQ(E(kill(real, 0)), -ESRCH);
	EQ(E(kill(real, SIGUSR1)), -ESRCH);
	EQ(E(getpgid(real)), -ESRCH);
	EQ(E(sched_getscheduler(real)), -ESRCH);
	EQ(E(syscall(SYS_pidfd_open, real, 0)), -ESRCH);
	snprintf(path, sizeof(path), "/proc/%d", real);
	EQ(E(access(path, F_OK)), -ENOENT);
	snprintf(path, sizeof(path), "%d", real);
	EQ(dir_has("/proc", path), false);
	step_set(3);
}

TEST(hidden_number, "the real number of init is unknown inside")
{
	struct guest g = FAKE;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		hidden_number();
		done();
	}
	step_wait(1);
	sh->val[0] = pid;
	step_set(2);
	step_wait(3);
	reap_ok(pid);
}

static void proc_view(void)
{
	char v[64], link[64] = "";
	long n;

	EQ(dir_has("/proc", "1"), true);
	NEED_OK(read_file("/proc/1/status", buf, sizeof(buf)));
	CHECK(line_value(buf, "Pid:\t", v, sizeof(v)) && atoi(v) == 1, "Pid: %s", v);
	CHECK(line_value(buf, "Tgid:\t", v, sizeof(v)) && atoi(v) == 1, "Tgid: %s", v);
	CHECK(line_value(buf, "PPid:\t", v, sizeof(v)) && atoi(v) == 0, "PPid: %s", v);
	CHECK(line_value(buf, "Name:\t", v, sizeof(v)) && !strcmp(v, "fakeinit"), "Name: %s", v);
	NEED_OK(read_file("/proc/1/stat", buf, sizeof(buf)));
	CHECK(!strncmp(buf, "1 (fakeinit) ", 13), "stat: %s", buf);
	CHECK(text_matches(buf, "^1 \\(fakeinit\\) [A-Z] 0 "), "parent in stat: %s", buf);
	n = readlink("/proc/self", link, sizeof(link) - 1);
	CHECK(n == 1 && link[0] == '1', "/proc/self -> %s", link);
	OK(read_file("/proc/self/status", buf, sizeof(buf)));
	EQ(dir_has("/proc/1/task", "1"), true);
	OK(read_file("/proc/1/task/1/stat", buf, sizeof(buf)));
	OK(E(access("/proc/1/root/", F_OK)));
	pid_t c = fork();

	if (c == 0) {
		OK(read_file("/proc/1/stat", buf, sizeof(buf)));
		CHECK(!strncmp(buf, "1 (fakeinit) ", 13), "stat: %s", buf);
		OK(read_file("/proc/self/status", buf, sizeof(buf)));
		CHECK(line_value(buf, "PPid:\t", v, sizeof(v)) && atoi(v) == 1, "PPid: %s", v);
		done();
	}
	reap_ok(c);
}
TEST(proc, "/proc/1 is the context's init: listing, status, stat, task; /proc/self of init is 1")
{
	in_guest(proc_view);
}

static void listing(void)
{
	DIR *d;
	struct dirent *e;
	int n = 0, ones = 0;

	for (int i = 0; i < 3; i++)
		if (host_fork() == 0)
			idle();
	d = opendir("/proc");
	while ((e = readdir(d)))
		if (atoi(e->d_name)) {
			n++;
			ones += !strcmp(e->d_name, "1");
		}
	closedir(d);
	EQ(n, 4);
	EQ(ones, 1);
}
TEST(listing, "/proc lists init once, as 1, and every other member once") { in_guest(listing); }

TEST(outside, "the host goes on using the real number")
{
	struct guest g = FAKE;
	struct abi_vx_info info;
	char path[64], v[32];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	NEED_OK(vx_info(g.xid, &info));
	EQ(info.initpid, pid);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	NEED_OK(read_file(path, buf, sizeof(buf)));
	CHECK(line_value(buf, "Pid:\t", v, sizeof(v)) && atoi(v) == pid, "Pid: %s", v);
	CHECK(line_value(buf, "PPid:\t", v, sizeof(v)) && atoi(v) == getpid(), "PPid: %s", v);
	EQ(task_xid(pid), g.xid);
	EQ(ctx_kill(g.xid, pid, SIGKILL), 0);
	EQ(reap(pid), 128 + SIGKILL);
}

TEST(two, "two contexts have a process 1 each")
{
	struct guest a = FAKE, b = FAKE;
	pid_t pa = guest_fork(&a), pb;

	if (pa == 0) {
		step_wait(1);
		EQ(getpid(), 1);
		EQ(E(kill(1, 0)), 0);
		step_set(2);
		step_wait(4);
		done();
	}
	pb = guest_fork(&b);
	if (pb == 0) {
		EQ(getpid(), 1);
		step_wait(3);
		/* one kills its own 1 */
		kill(1, SIGKILL);
		idle();
	}
	step_set(1);
	step_wait(2);
	step_set(3);
	EQ(reap(pb), 128 + SIGKILL);
	EQ(ctx_tasks(a.xid), 1);
	step_set(4);
	reap_ok(pa);
}

TEST(without, "without the flag init keeps its number inside")
{
	struct guest g = { .bcaps = BC_SECURE };
	pid_t pid = guest_fork(&g), real;

	if (pid == 0) {
		real = getpid();
		CHECK(real > 1, "pid %d", real);
		EQ(E(kill(real, 0)), 0);
		pid = fork();
		if (pid == 0) {
			EQ(getppid(), real);
			done();
		}
		reap_ok(pid);
		done();
	}
	reap_ok(pid);
}

static void waits(void)
{
	int st;
	pid_t c = fork();

	/* what the parent is told and what the child believes are the same number */
	if (c == 0) {
		sh->val[0] = getpid();
		_exit(9);
	}
	EQ(waitpid(c, &st, 0), c);
	EQ(sh->val[0], c);
	EQ(E(waitpid(1, &st, WNOHANG)), -ECHILD);
	/* groups and sessions */
	OK(E(setsid()) >= 0 || errno == EPERM ? 0 : -errno);
	c = fork();
	if (c == 0) {
		EQ(E(setpgid(0, 0)), 0);
		EQ(getpgid(0), getpid());
		EQ(E(kill(-getpid(), 0)), 0);
		done();
	}
	reap_ok(c);
}
TEST(wait, "fork, wait, groups of children under init") { in_guest(waits); }
