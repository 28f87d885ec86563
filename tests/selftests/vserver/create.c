// SPDX-License-Identifier: GPL-2.0
/* Creating, entering and losing contexts; one-time flags; who is a member. */
#include "vs_test.h"

#include <pthread.h>

#define NOBODY 65534

/* started again by exec_keeps(): report the id through the exit code */
int vs_reexec(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--is-xid"))
		return task_xid(0) == atoi(argv[2]) ? 0 : 1;
	return -1;
}

TEST(create_basic, "ctx_create returns the id and moves the caller in")
{
	uint32_t xid = new_xid();
	struct abi_vx_info info;
	struct abi_ctx_stat st;

	EQ(task_xid(0), 0);
	EQ(vx_info(xid, NULL), -ESRCH);
	EQ(ctx_create(xid, CF_ONE_TIME), xid);
	EQ(task_xid(0), xid);
	EQ(task_xid(getpid()), xid);
	EQX(word_of(CMD_get_cflags, XID_SELF), CF_ONE_TIME);
	EQX(word_of(CMD_get_bcaps, XID_SELF), BC_ALL);
	EQX(word_of(CMD_get_ccaps, XID_SELF), 0);
	EQX(word_of(CMD_get_umask, XID_SELF), 0);
	EQX(word_of(CMD_get_wmask, XID_SELF), 0);
	NEED_OK(vx_info(XID_SELF, &info));
	EQ(info.xid, xid);
	EQ(info.initpid, 0);
	NEED_OK(vs(CMD_ctx_stat, xid, &st));
	EQ(st.tasks, 1);
	CHECK(st.usecnt >= 1, "usecnt %u", st.usecnt);
}

TEST(create_null, "NULL data means SETUP|INIT|ADMIN")
{
	uint32_t xid = new_xid();

	EQ(vs(CMD_ctx_create_v1, xid, NULL), xid);
	EQX(word_of(CMD_get_cflags, XID_SELF), CF_ONE_TIME);
}

TEST(create_flags, "the flag word given is the initial flag word")
{
	uint32_t xid = new_xid();
	uint64_t word = CF_STATE_ADMIN | CF_HIDE_VINFO;
	pid_t pid = host_fork();

	if (pid == 0) {
		EQ(ctx_create(xid, word), xid);
		step_set(1);
		idle();
	}
	step_wait(1);
	EQX(word_of(CMD_get_cflags, xid), word);
	/* never was in set-up, so a second one is told "exists", not "busy" */
	EQ(ctx_create(xid, 0), -EEXIST);
}

TEST(create_range, "ids outside 2..65535: EINVAL, and the caller stays where it is")
{
	static const uint32_t bad[] = { 0, 1, 65536, 65537, 0x10002, 0x7fffffff,
					0x80000000, 0xfffffffd, XID_SELF, XID_NONE };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		long ret = ctx_create(bad[i], CF_ONE_TIME);

		CHECK(ret == -EINVAL, "ctx_create(%#x): %ld", bad[i], ret);
		EQ(task_xid(0), 0);
	}
}

TEST(create_ends, "2 and 65535 are ids like any other")
{
	static const uint32_t good[] = { 2, 65535 };

	for (int i = 0; i < 2; i++) {
		pid_t pid = host_fork();

		if (pid == 0) {
			EQ(ctx_create(good[i], CF_ONE_TIME), good[i]);
			EQ(task_xid(0), good[i]);
			done();
		}
		reap_ok(pid);
		EQ(vx_info(good[i], NULL), -ESRCH);
	}
}

TEST(create_busy, "existing: EBUSY during set-up, EEXIST after it")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		step_wait(1);
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		step_set(2);
		idle();
	}
	EQ(ctx_create(g.xid, CF_ONE_TIME), -EBUSY);
	EQ(task_xid(0), 0);
	step_set(1);
	step_wait(2);
	EQ(ctx_create(g.xid, CF_ONE_TIME), -EEXIST);
	EQ(task_xid(0), 0);
	EQ(ctx_tasks(g.xid), 1);
}

TEST(create_inside, "no context from within a context, not even in set-up")
{
	struct guest g = { .setup = true };
	uint32_t other = new_xid();
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(ctx_create(other, CF_ONE_TIME), -EPERM);
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		EQ(ctx_create(other, CF_ONE_TIME), -EPERM);
		EQ(task_xid(0), g.xid);
		done();
	}
	reap_ok(pid);
	EQ(vx_info(other, NULL), -ESRCH);
}

TEST(migrate, "ctx_migrate moves the caller in and returns 0; v0 the same")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	for (int v = 0; v < 3; v++) {
		a = host_fork();
		if (a == 0) {
			if (v == 0)
				EQ(ctx_migrate(g.xid, 0), 0);
			else
				EQ(vs(v == 1 ? CMD_ctx_migrate_v0 : CMD_ctx_migrate_v1, g.xid, NULL), 0);
			EQ(task_xid(0), g.xid);
			EQ(ctx_tasks(XID_SELF), 2);
			done();
		}
		reap_ok(a);
		EQ(ctx_tasks(g.xid), 1);
	}
}

TEST(migrate_refused, "migrate: ESRCH without a context; EPERM from inside, even to itself")
{
	struct guest g = { .setup = true };
	pid_t pid;

	EQ(ctx_migrate(new_xid(), 0), -ESRCH);
	EQ(ctx_migrate(0, 0), -ESRCH);
	EQ(ctx_migrate(65536, 0), -ESRCH);
	EQ(ctx_migrate(XID_NONE, 0), -ESRCH);
	EQ(ctx_migrate(XID_SELF, 0), -ESRCH);
	pid = guest_fork(&g);
	if (pid == 0) {
		EQ(ctx_migrate(g.xid, 0), -EPERM);
		EQ(ctx_migrate(XID_SELF, 0), -EPERM);
		EQ(ctx_migrate(0, 0), -EPERM);
		EQ(ctx_migrate(1, 0) < 0, true);
		EQ(task_xid(0), g.xid);
		done();
	}
	reap_ok(pid);
}

TEST(migrate_set_init, "SET_INIT makes the caller init of the context")
{
	struct guest g = { .setup = true };
	struct abi_vx_info info;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	a = host_fork();
	if (a == 0) {
		EQ(ctx_migrate(g.xid, MIGRATE_SET_INIT | MIGRATE_SET_REAPER), 0);
		step_set(1);
		idle();
	}
	step_wait(1);
	NEED_OK(vx_info(g.xid, &info));
	EQ(info.initpid, a);
	OK(ctx_kill(g.xid, 1, SIGTERM));
	EQ(reap(a), 128 + SIGTERM);
	NEED_OK(vx_info(g.xid, &info));
	EQ(info.initpid, 0);
}

TEST(migrate_set_reaper, "SET_REAPER makes the caller the parent of orphans")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	a = host_fork();
	if (a == 0) {
		int st;
		pid_t m;

		EQ(ctx_migrate(g.xid, MIGRATE_SET_REAPER), 0);
		m = host_fork();
		if (m == 0) {
			if (fork() == 0) {
				msleep(50);
				_exit(7);
			}
			_exit(3);
		}
		EQ(reap(m), 3);
		EQ(wait(&st) > 0, true);	/* the orphan */
		EQ(WEXITSTATUS(st), 7);
		done();
	}
	reap_ok(a);
}

TEST(watch, "id 1: no object, only for root of the host")
{
	struct guest g = { .setup = true };
	char buf[32];
	pid_t pid, a;

	EQ(vx_info(1, NULL), -ESRCH);
	pid = guest_fork(&g);
	if (pid == 0)
		idle();
	snprintf(buf, sizeof(buf), "%d", pid);
	a = host_fork();
	if (a == 0) {
		EQ(ctx_migrate(1, 0), 1);
		EQ(task_xid(0), 1);
		EQ(vx_info(1, NULL), -ESRCH);
		/* sees everybody */
		EQ(task_xid(pid), g.xid);
		EQ(dir_has("/proc", buf), true);
		EQ(dir_has("/proc", "1"), true);
		snprintf(buf, sizeof(buf), "/proc/%d/stat", pid);
		EQ(E(access(buf, R_OK)), 0);
		/* reads, but does not administrate and does not signal */
		OK(ctx_tasks(g.xid));
		EQX(word_of(CMD_get_cflags, g.xid), CF_ONE_TIME);
		EQ(set_word(CMD_set_cflags, g.xid, 0, 0), -EPERM);
		EQ(ctx_kill(g.xid, 0, SIGTERM), -EPERM);
		EQ(E(kill(pid, SIGTERM)) < 0, true);
		EQ(E(kill(1, 0)) < 0, true);
		EQ(ctx_create(new_xid(), CF_ONE_TIME), -EPERM);
		EQ(ctx_migrate(g.xid, 0), -EPERM);
		/* children are watchers too */
		pid_t b = host_fork();

		if (b == 0) {
			EQ(task_xid(0), 1);
			done();
		}
		reap_ok(b);
		done();
	}
	reap_ok(a);
	/* the host goes on seeing its child that watched, and the guest lives */
	EQ(ctx_tasks(g.xid), 1);
	a = host_fork();
	if (a == 0) {
		drop_to_user(NOBODY);
		EQ(ctx_migrate(1, 0), -ENOSYS);
		done();
	}
	reap_ok(a);
}

TEST(watch_v0, "migrate to id 1 works with the older call too")
{
	EQ(vs(CMD_ctx_migrate_v0, 1, NULL), 1);
	EQ(task_xid(0), 1);
}

TEST(private, "PRIVATE closes the context after set-up: EACCES")
{
	struct guest g = { .flags = CF_PRIVATE, .setup = true };
	struct abi_space all = { 0, 0, 0 };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	a = host_fork();
	if (a == 0) {
		EQ(ctx_migrate(g.xid, 0), 0);
		done();
	}
	reap_ok(a);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_SETUP));
	EQ(ctx_migrate(g.xid, 0), -EACCES);
	EQ(vs(CMD_enter_space_v2, g.xid, &all), -EACCES);
	EQ(task_xid(0), 0);
	/* it is a flag like others: taken away, the door opens */
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PRIVATE));
	EQ(ctx_migrate(g.xid, 0), 0);
}

static void *thread_body(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

TEST(threads, "a process with threads can neither create nor migrate: EINVAL")
{
	struct guest g = { .setup = true };
	uint32_t unborn = new_xid();
	pid_t pid = guest_fork(&g);
	pthread_t t;

	if (pid == 0)
		idle();
	NEED(EQ(pthread_create(&t, NULL, thread_body, NULL), 0));
	EQ(ctx_create(unborn, CF_ONE_TIME), -EINVAL);
	EQ(ctx_migrate(g.xid, 0), -EINVAL);
	EQ(ctx_migrate(1, 0), -EINVAL);
	EQ(task_xid(0), 0);
	EQ(vx_info(unborn, NULL), -ESRCH);
	pthread_cancel(t);
	pthread_join(t, NULL);
	/* joined is a little before exited */
	for (int i = 0; i < 1000 && ctx_create(unborn, CF_ONE_TIME) == -EINVAL; i++)
		msleep(2);
	EQ(task_xid(0), unborn);
}

TEST(thread_member, "a new thread is a task of the context, and goes when it ends")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);
	pthread_t t;

	if (pid == 0) {
		EQ(ctx_tasks(XID_SELF), 1);
		NEED(EQ(pthread_create(&t, NULL, thread_body, NULL), 0));
		EQ(ctx_tasks(XID_SELF), 2);
		pthread_cancel(t);
		pthread_join(t, NULL);
		/* joined is a little before exited */
		for (int i = 0; i < 1000 && ctx_tasks(XID_SELF) != 1; i++)
			msleep(2);
		EQ(ctx_tasks(XID_SELF), 1);
		done();
	}
	reap_ok(pid);
}

TEST(one_time, "one-time flags: cleared once, never set again, also not under other bits")
{
	static const uint64_t bits[] = { CF_STATE_SETUP, CF_STATE_INIT, CF_STATE_ADMIN };
	struct guest g = { .setup = true };
	uint64_t v, m;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	/* setting what is set changes nothing */
	OK(set_word(CMD_set_cflags, g.xid, CF_ONE_TIME, CF_ONE_TIME));
	EQX(word_of(CMD_get_cflags, g.xid), CF_ONE_TIME);
	for (int i = 0; i < 2; i++) {
		OK(set_word(CMD_set_cflags, g.xid, 0, bits[i]));
		OK(get_word(CMD_get_cflags, g.xid, &v, &m));
		EQX(v & bits[i], 0);
		/* the mask tells which can still be changed */
		EQX(m & bits[i], 0);
		EQX(m | CF_ONE_TIME, ~0ull);
		OK(set_word(CMD_set_cflags, g.xid, bits[i], bits[i]));
		OK(set_word(CMD_set_cflags, g.xid, ~0ull & ~(CF_PERSISTENT | CF_SC_HELPER), CF_ONE_TIME));
		EQX(word_of(CMD_get_cflags, g.xid) & bits[i], 0);
	}
	EQX(m, ~(CF_STATE_SETUP | CF_STATE_INIT));
	/* ordinary bits merge under the mask only */
	OK(set_word(CMD_set_cflags, g.xid, CF_HIDE_VINFO | CF_PRIVATE, CF_HIDE_VINFO));
	EQX(word_of(CMD_get_cflags, g.xid), CF_STATE_ADMIN | CF_HIDE_VINFO);
	OK(set_word(CMD_set_cflags, g.xid, CF_PRIVATE, CF_PRIVATE | CF_HIDE_VINFO));
	EQX(word_of(CMD_get_cflags, g.xid), CF_STATE_ADMIN | CF_PRIVATE);
}

TEST(init_from_inside, "clearing STATE_INIT from inside: init and reaper, once")
{
	struct guest g = { .setup = true };
	struct abi_vx_info info;
	pid_t pid = guest_fork(&g), b;

	if (pid == 0) {
		int st;

		OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_INIT));
		NEED_OK(vx_info(XID_SELF, &info));
		EQ(info.initpid, getpid());
		/* orphans come here */
		b = fork();
		if (b == 0) {
			if (fork() == 0) {
				msleep(50);
				_exit(7);
			}
			_exit(3);
		}
		EQ(reap(b), 3);
		EQ(wait(&st) > 0, true);
		EQ(WEXITSTATUS(st), 7);
		/* somebody else clears it again: nothing happens */
		b = fork();
		if (b == 0) {
			OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_INIT));
			done();
		}
		reap_ok(b);
		NEED_OK(vx_info(XID_SELF, &info));
		EQ(info.initpid, getpid());
		step_set(1);
		idle();
	}
	step_wait(1);
	NEED_OK(vx_info(g.xid, &info));
	EQ(info.initpid, pid);
}

TEST(init_from_outside, "clearing STATE_INIT from outside records no init")
{
	struct guest g = { .setup = true };
	struct abi_vx_info info;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_INIT | CF_STATE_SETUP));
	NEED_OK(vx_info(g.xid, &info));
	EQ(info.initpid, 0);
}

TEST(setup_ends_inside, "set-up ended from inside: the same command is refused from then on")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		OK(set_word(CMD_set_cflags, XID_SELF, CF_HIDE_VINFO, CF_HIDE_VINFO | CF_STATE_SETUP));
		EQ(set_word(CMD_set_cflags, XID_SELF, 0, CF_HIDE_VINFO), -EPERM);
		EQX(word_of(CMD_get_cflags, XID_SELF), CF_HIDE_VINFO | CF_STATE_ADMIN | CF_STATE_INIT);
		done();
	}
	reap_ok(pid);
}

TEST(persistent, "PERSISTENT holds the context: a claim of its own, also taken twice")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	EQ(ctx_tasks(g.xid), 1);
	OK(set_word(CMD_set_cflags, g.xid, CF_PERSISTENT, CF_PERSISTENT));
	EQ(ctx_tasks(g.xid), 2);
	OK(set_word(CMD_set_cflags, g.xid, CF_PERSISTENT, CF_PERSISTENT));
	EQ(ctx_tasks(g.xid), 2);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PERSISTENT));
	EQ(ctx_tasks(g.xid), 1);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PERSISTENT));
	EQ(ctx_tasks(g.xid), 1);
	OK(set_word(CMD_set_cflags, g.xid, CF_PERSISTENT, CF_PERSISTENT));
	OK(ctx_kill(g.xid, 0, SIGKILL));
	EQ(reap(pid), 128 + SIGKILL);
	EQ(ctx_tasks(g.xid), 1);
	OK(vx_info(g.xid, NULL));
	EQ(ctx_create(g.xid, 0), -EBUSY);	/* still in set-up */
	/* it can be entered again */
	a = host_fork();
	if (a == 0) {
		EQ(ctx_migrate(g.xid, 0), 0);
		EQ(ctx_tasks(XID_SELF), 2);
		done();
	}
	reap_ok(a);
	OK(vx_info(g.xid, NULL));
	/* dropping the last claim destroys it at once */
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PERSISTENT));
	EQ(vx_info(g.xid, NULL), -ESRCH);
}

TEST(persistent_create, "PERSISTENT in the creating flag word counts as well")
{
	uint32_t xid = new_xid();
	pid_t pid = host_fork();

	if (pid == 0) {
		EQ(ctx_create(xid, CF_ONE_TIME | CF_PERSISTENT), xid);
		EQ(ctx_tasks(XID_SELF), 2);
		done();
	}
	reap_ok(pid);
	EQ(ctx_tasks(xid), 1);
	OK(set_word(CMD_set_cflags, xid, 0, CF_PERSISTENT));
	EQ(vx_info(xid, NULL), -ESRCH);
}

TEST(reuse, "the id is free before the parent can reap; 100 times the same one")
{
	uint32_t xid = new_xid();

	for (int i = 0; i < 100; i++) {
		pid_t pid = host_fork();
		siginfo_t si;

		if (pid == 0)
			_exit(ctx_create(xid, CF_ONE_TIME) == (long)xid ? 0 : 1);
		/* the zombie is visible, its context must not be */
		NEED_OK(E(waitid(P_PID, pid, &si, WEXITED | WNOWAIT)));
		EQ(vx_info(xid, NULL), -ESRCH);
		EQ(task_xid(pid), xid);
		reap_ok(pid);
		EQ(task_xid(pid), -ESRCH);
	}
}

TEST(task_xid, "task_xid: self, others, zombies, nobody")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		a = host_fork();
		if (a == 0) {
			sh->val[0] = getpid();
			step_set(1);
			idle();
		}
		step_wait(2);
		_exit(0);
	}
	step_wait(1);
	EQ(task_xid(0), 0);
	EQ(task_xid(getpid()), 0);
	EQ(task_xid(1), 0);
	EQ(task_xid(2), 0);	/* a kernel thread */
	EQ(task_xid(pid), g.xid);
	EQ(task_xid(sh->val[0]), g.xid);
	EQ(task_xid(4999999), -ESRCH);
	EQ(task_xid(-1), -ESRCH);
	EQ(task_xid(-5), -ESRCH);
	step_set(2);
	msleep(1);
	for (int i = 0; i < 500; i++) {
		siginfo_t si;

		if (waitid(P_PID, pid, &si, WEXITED | WNOWAIT | WNOHANG) == 0 && si.si_pid == pid)
			break;
		msleep(2);
	}
	EQ(task_xid(pid), g.xid);
	reap(pid);
	EQ(task_xid(pid), -ESRCH);
}

TEST(fork_inherits, "fork, vfork and clone3 children are members; counts follow")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), c[3];

	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			c[i] = host_fork();
			if (c[i] == 0)
				idle();
			EQ(task_xid(c[i]), g.xid);
			EQ(ctx_tasks(XID_SELF), i + 2);
		}
		for (int i = 0; i < 3; i++) {
			kill(c[i], SIGKILL);
			reap(c[i]);
			EQ(ctx_tasks(XID_SELF), 3 - i);
		}
		c[0] = vfork();
		if (c[0] == 0)
			_exit(task_xid(0) == g.xid ? 0 : 1);
		reap_ok(c[0]);
		EQ(ctx_tasks(XID_SELF), 1);
		done();
	}
	reap_ok(pid);
}

TEST(fork_fails, "a fork that fails leaves no claim behind")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		struct { uint64_t flags, pidfd, ctid, ptid, sig, stack, size, tls, set_tid, n; } a;

		for (int i = 0; i < 20; i++) {
			int tid = getpid();	/* exists already */

			memset(&a, 0, sizeof(a));
			a.sig = SIGCHLD;
			a.set_tid = (uintptr_t)&tid;
			a.n = 1;
			EQ(E(syscall(SYS_clone3, &a, sizeof(a))), -EEXIST);
		}
		EQ(ctx_tasks(XID_SELF), 1);
		done();
	}
	reap_ok(pid);
	EQ(vx_info(g.xid, NULL), -ESRCH);
}

TEST(exec_keeps, "exec keeps the context")
{
	uint32_t xid = new_xid();
	char id[16];

	snprintf(id, sizeof(id), "%u", xid);
	EQ(ctx_create(xid, CF_ONE_TIME), xid);
	execl(vs_self, vs_self, "--is-xid", id, (char *)NULL);
	CHECK(false, "exec of %s: %s", vs_self, strerror(errno));
}

TEST(many_members, "ctx_stat counts 30 members up and down")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		for (int i = 0; i < 29; i++) {
			pid_t c = host_fork();

			if (c == 0)
				idle();
		}
		EQ(ctx_tasks(XID_SELF), 30);
		step_set(1);
		idle();
	}
	step_wait(1);
	EQ(ctx_tasks(g.xid), 30);
	OK(ctx_kill(g.xid, 0, SIGKILL));
	EQ(ctx_gone(g.xid, 10000), true);
}

/*
 * A context that shuts down while somebody enters: the one who comes too late
 * gets EFAULT or ESRCH, never a dead context and never a crash.
 */
TEST_T(migrate_race, 60, "entering a context that is just ending: in, EFAULT or ESRCH")
{
	int in = 0, late = 0;

	for (int i = 0; i < 150; i++) {
		uint32_t xid = new_xid();
		struct guest g = { .xid = xid, .setup = true };
		pid_t pid, a;

		atomic_store(&sh->nr_xids, 0);	/* each is gone when its round ends */
		pid = guest_fork(&g);
		if (pid == 0) {
			usleep(i * 20);
			_exit(0);
		}
		a = host_fork();
		if (a == 0) {
			long ret;

			usleep(1000);
			ret = ctx_migrate(xid, 0);
			if (ret == 0) {
				CHECK(task_xid(0) == xid && ctx_tasks(XID_SELF) >= 1,
				      "entered a dead context");
				_exit(10);
			}
			REFUSED(ret, ESRCH, EFAULT);
			_exit(11);
		}
		reap(a) == 10 ? in++ : late++;
		reap(pid);
		EQ(ctx_gone(xid, 1000), true);
	}
	vs_note("%d came in, %d came too late", in, late);
}
