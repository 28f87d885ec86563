// SPDX-License-Identifier: GPL-2.0
/* ctx_kill: whom it reaches, whom it spares, and when it is refused. */
#include "vs_test.h"

/*
 * A context with init and two more processes. Each counts the signals it gets
 * in hits[]: 0 init, 1 and 2 the others; last signal in val[].
 */
static int me;

static void count(int sig)
{
	atomic_fetch_add(&sh->hits[me], 1);
	sh->val[me] = sig;
}

static void catch_all(int slot)
{
	struct sigaction sa = { .sa_handler = count };

	me = slot;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sh->val[8 + slot] = getpid();
}

/* A closed context cannot be killed from outside: its members end by themselves. */
static void live(void)
{
	while (atomic_load(&sh->step) < 5)
		msleep(5);
	_exit(0);
}

static pid_t family(struct guest *g)
{
	pid_t pid = guest_fork(g);

	if (pid)
		return step_wait(1), pid;
	for (int i = 1; i <= 2; i++)
		if (host_fork() == 0) {
			catch_all(i);
			atomic_fetch_add(&sh->hits[7], 1);
			live();
		}
	catch_all(0);
	while (atomic_load(&sh->hits[7]) < 2)
		msleep(1);
	step_set(1);
	live();
	return 0;
}

/* Wait for the sum, then make sure that nothing more arrives. */
static void expect_hits(int a, int b, int c)
{
	for (int i = 0; i < 1000; i++) {
		if (sh->hits[0] + sh->hits[1] + sh->hits[2] >= a + b + c)
			break;
		msleep(2);
	}
	msleep(20);
	EQ(sh->hits[0], a);
	EQ(sh->hits[1], b);
	EQ(sh->hits[2], c);
	sh->hits[0] = sh->hits[1] = sh->hits[2] = 0;
}

TEST(targets, "pid 0 reaches all, -1 all but init, 1 init, n that process")
{
	struct guest g = { .setup = false };
	pid_t pid = family(&g);

	EQ(ctx_kill(g.xid, 0, SIGUSR1), 0);
	expect_hits(1, 1, 1);
	EQ(ctx_kill(g.xid, -1, SIGUSR1), 0);
	expect_hits(0, 1, 1);
	EQ(ctx_kill(g.xid, 1, SIGUSR1), 0);
	expect_hits(1, 0, 0);
	EQ(ctx_kill(g.xid, sh->val[9], SIGUSR1), 0);
	expect_hits(0, 1, 0);
	EQ(ctx_kill(g.xid, sh->val[10], SIGTERM), 0);
	expect_hits(0, 0, 1);
	EQ(sh->val[2], SIGTERM);
	EQ(ctx_kill(g.xid, pid, SIGUSR1), 0);
	expect_hits(1, 0, 0);
	/* signal 0 asks only */
	EQ(ctx_kill(g.xid, 0, 0), 0);
	EQ(ctx_kill(g.xid, 1, 0), 0);
	expect_hits(0, 0, 0);
}

TEST(no_match, "nothing matched: ESRCH; impossible signal: EINVAL")
{
	struct guest g = { .setup = false }, other = { .setup = true };
	pid_t o = guest_fork(&other);

	if (o == 0)
		idle();
	family(&g);
	EQ(ctx_kill(g.xid, o, SIGKILL), -ESRCH);		/* lives elsewhere */
	EQ(ctx_kill(g.xid, getpid(), SIGKILL), -ESRCH);		/* lives on the host */
	EQ(ctx_kill(g.xid, 4999999, SIGKILL), -ESRCH);
	EQ(ctx_kill(g.xid, -2, SIGKILL) < 0, true);
	EQ(ctx_kill(other.xid, 1, SIGKILL), -ESRCH);		/* no init */
	EQ(ctx_kill(g.xid, 0, 65), -EINVAL);
	EQ(ctx_kill(g.xid, 0, -1), -EINVAL);
	EQ(ctx_kill(g.xid, 1, 1000), -EINVAL);
	expect_hits(0, 0, 0);
	EQ(ctx_tasks(g.xid), 3);
	EQ(ctx_tasks(other.xid), 1);
}

TEST(empty, "a persistent context without processes: ESRCH for every target")
{
	struct guest g = { .flags = CF_PERSISTENT, .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		done();
	reap_ok(pid);
	EQ(ctx_kill(g.xid, 0, SIGTERM), -ESRCH);
	EQ(ctx_kill(g.xid, -1, SIGTERM), -ESRCH);
	EQ(ctx_kill(g.xid, 1, SIGTERM), -ESRCH);
	EQ(ctx_kill(g.xid, pid, SIGTERM), -ESRCH);
}

TEST(alone, "-1 with only init there: ESRCH, init unharmed")
{
	struct guest g = { .setup = false };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	EQ(ctx_kill(g.xid, -1, SIGKILL), -ESRCH);
	EQ(ctx_tasks(g.xid), 1);
	EQ(ctx_kill(g.xid, 1, SIGKILL), 0);
	EQ(reap(pid), 128 + SIGKILL);
	EQ(vx_info(g.xid, NULL), -ESRCH);
}

TEST(kill_all, "SIGKILL to pid 0 ends the context, init included, and nobody outside")
{
	struct guest g = { .setup = false };
	pid_t bystander = host_fork(), pid;

	if (bystander == 0)
		idle();
	pid = family(&g);
	EQ(ctx_kill(g.xid, 0, SIGKILL), 0);
	EQ(reap(pid), 128 + SIGKILL);
	EQ(ctx_gone(g.xid, 5000), true);
	EQ(E(kill(bystander, 0)), 0);
}

TEST(thread_once, "a process with threads gets the signal once")
{
	struct guest g = { .setup = false };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		static char stack[2][65536];

		catch_all(0);
		for (int i = 0; i < 2; i++)
			NEED_OK(E(clone((int (*)(void *))idle, stack[i] + sizeof(stack[i]),
					CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES,
					NULL)));
		step_set(1);
		idle();
	}
	step_wait(1);
	EQ(ctx_tasks(g.xid), 3);
	EQ(ctx_kill(g.xid, 0, SIGUSR1), 0);
	expect_hits(1, 0, 0);
}

TEST(dead_leader, "a process whose first thread has ended is reached: by all targets, and by its number")
{
	struct guest g = { .setup = false };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		static char stack[65536];

		if (host_fork() == 0) {
			catch_all(1);
			NEED_OK(E(clone((int (*)(void *))idle, stack + sizeof(stack),
					CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES,
					NULL)));
			step_set(1);
			syscall(SYS_exit, 0);
		}
		catch_all(0);
		idle();
	}
	step_wait(1);
	for (int i = 0; i < 5000 && ctx_tasks(g.xid) != 2; i++)
		msleep(2);
	NEED(EQ(ctx_tasks(g.xid), 2));
	EQ(ctx_kill(g.xid, sh->val[9], SIGUSR1), 0);
	expect_hits(0, 1, 0);
	EQ(ctx_kill(g.xid, 0, SIGUSR1), 0);
	expect_hits(1, 1, 0);
	EQ(ctx_kill(g.xid, -1, SIGKILL), 0);
	for (int i = 0; i < 5000 && ctx_tasks(g.xid) != 1; i++)
		msleep(2);
	EQ(ctx_tasks(g.xid), 1);
}

TEST(closed, "STATE_ADMIN cleared: only init can be asked, and only with SIGINT")
{
	struct guest g = { .setup = false };
	pid_t pid = family(&g);

	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_ADMIN));
	EQ(ctx_kill(g.xid, 0, SIGUSR1), -EACCES);
	EQ(ctx_kill(g.xid, -1, SIGKILL), -EACCES);
	EQ(ctx_kill(g.xid, sh->val[9], SIGKILL), -EACCES);
	EQ(ctx_kill(g.xid, pid, SIGUSR1), -EACCES);
	expect_hits(0, 0, 0);
	EQ(ctx_tasks(g.xid), 3);
	EQ(ctx_kill(g.xid, 1, SIGUSR1), 0);
	expect_hits(1, 0, 0);
	EQ(sh->val[0], SIGINT);
	EQ(ctx_kill(g.xid, 1, SIGKILL), 0);
	expect_hits(1, 0, 0);
	EQ(sh->val[0], SIGINT);
	step_set(5);
	EQ(ctx_gone(g.xid, 5000), true);
}

TEST(closed_last, "STATE_ADMIN cleared, init alone: it gets the signal asked for")
{
	struct guest g = { .setup = false };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_ADMIN));
	EQ(ctx_kill(g.xid, 1, SIGKILL), 0);
	EQ(reap(pid), 128 + SIGKILL);
}

TEST(closed_no_init, "STATE_ADMIN cleared, no init: all can be killed, one cannot")
{
	struct guest g = { .no_init = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_ADMIN | CF_STATE_INIT));
	EQ(ctx_kill(g.xid, pid, SIGKILL), -EACCES);
	EQ(ctx_kill(g.xid, 0, SIGKILL), 0);
	EQ(reap(pid), 128 + SIGKILL);
}

TEST(from_inside, "ctx_kill is for the host: EPERM inside, also in set-up")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(ctx_kill(XID_SELF, 0, SIGKILL), -EPERM);
		EQ(ctx_kill(g.xid, 1, SIGKILL), -EPERM);
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		EQ(ctx_kill(XID_SELF, 0, SIGKILL), -EPERM);
		done();
	}
	reap_ok(pid);
}
