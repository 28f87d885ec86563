// SPDX-License-Identifier: GPL-2.0
/* wait_exit: it sleeps until the context is gone and says how it ended. */
#include "vs_test.h"

#include <time.h>

#define POISON 0x5a5a5a5a

static long wait_exit(uint32_t xid, struct abi_wait_exit *w)
{
	memset(w, 0x5a, sizeof(*w));
	return vs(CMD_wait_exit, xid, w);
}

static void on_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&sh->hits[0], 1);
}

TEST(nobody, "no such context: ESRCH at once")
{
	struct abi_wait_exit w;

	EQ(wait_exit(new_xid(), &w), -ESRCH);
	EQ(wait_exit(0, &w), -ESRCH);
	EQ(wait_exit(1, &w), -ESRCH);
}

TEST(blocks, "it sleeps as long as there is a task, and returns when the last has gone")
{
	struct guest g = { .setup = false };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		step_wait(2);
		_exit(7);
	}
	a = host_fork();
	if (a == 0) {
		step_set(1);
		EQ(wait_exit(g.xid, &w), 0);
		EQ(atomic_load(&sh->step), 2);
		EQ(w.exit_code, 7 << 8);
		EQ(w.reboot_cmd, 0);
		EQ(vx_info(g.xid, NULL), -ESRCH);
		atomic_store(&sh->hits[1], 1);
		done();
	}
	step_wait(1);
	msleep(100);
	EQ(sh->hits[1], 0);
	step_set(2);
	reap_ok(a);
	EQ(reap(pid), 7);
}

TEST(init_code, "the exit code is that of init, even when others end later")
{
	struct guest g = { .setup = false };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		if (fork() == 0) {
			step_wait(1);
			msleep(20);
			_exit(9);
		}
		step_set(1);
		_exit(5);
	}
	EQ(wait_exit(g.xid, &w), 0);
	EQ(w.exit_code, 5 << 8);
	reap(pid);
}

TEST(last_code, "without init it is that of the last task")
{
	struct guest g = { .no_init = true };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		if (fork() == 0) {
			/* until the other one has left, however long that takes */
			while (ctx_tasks(XID_SELF) > 1)
				msleep(2);
			msleep(20);
			_exit(9);
		}
		_exit(5);
	}
	EQ(wait_exit(g.xid, &w), 0);
	EQ(w.exit_code, 9 << 8);
	reap(pid);
}

TEST(killed_code, "killed by a signal: the code says so")
{
	struct guest g = { .setup = false };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(ctx_kill(g.xid, 1, SIGTERM));
	EQ(wait_exit(g.xid, &w) == 0 ? w.exit_code & 0x7f : SIGTERM, SIGTERM);
	EQ(reap(pid), 128 + SIGTERM);
}

TEST(persistent, "a persistent context keeps the waiter until the flag goes")
{
	struct guest g = { .flags = CF_PERSISTENT };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		_exit(4);
	EQ(reap(pid), 4);
	a = host_fork();
	if (a == 0) {
		step_set(1);
		EQ(wait_exit(g.xid, &w), 0);
		EQ(w.exit_code, 4 << 8);
		atomic_store(&sh->hits[1], 1);
		done();
	}
	step_wait(1);
	msleep(100);
	EQ(sh->hits[1], 0);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PERSISTENT));
	reap_ok(a);
}

TEST(several, "all waiters of a context are woken")
{
	struct guest g = { .setup = false };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g), a[5];

	if (pid == 0) {
		step_wait(1);
		_exit(3);
	}
	for (int i = 0; i < 5; i++) {
		a[i] = host_fork();
		if (a[i] == 0) {
			atomic_fetch_add(&sh->hits[0], 1);
			EQ(wait_exit(g.xid, &w), 0);
			EQ(w.exit_code, 3 << 8);
			done();
		}
	}
	while (sh->hits[0] < 5)
		msleep(2);
	msleep(100);
	step_set(1);
	for (int i = 0; i < 5; i++)
		reap_ok(a[i]);
	reap(pid);
}

static void interrupted(int flags)
{
	struct guest g = { .setup = false };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		step_wait(2);
		_exit(3);
	}
	a = host_fork();
	if (a == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		step_set(1);
		if (flags & SA_RESTART) {
			EQ(wait_exit(g.xid, &w), 0);
			EQ(w.exit_code, 3 << 8);
		} else {
			EQ(wait_exit(g.xid, &w), -EINTR);
			EQ(w.reboot_cmd, POISON);
			OK(vx_info(g.xid, NULL));
		}
		EQ(sh->hits[0], 1);
		done();
	}
	step_wait(1);
	msleep(100);
	EQ(E(kill(a, SIGUSR1)), 0);
	if (flags & SA_RESTART) {
		while (!sh->hits[0])
			msleep(2);
		msleep(50);
		step_set(2);
		reap_ok(a);
	} else {
		reap_ok(a);
		step_set(2);
	}
	reap(pid);
}

TEST(eintr, "a signal handler interrupts it: EINTR, context untouched")
{
	interrupted(0);
}

TEST(restart, "with SA_RESTART it goes on waiting")
{
	interrupted(SA_RESTART);
}

TEST(killed_waiter, "a waiter can be killed")
{
	struct guest g = { .setup = false };
	struct abi_wait_exit w;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	a = host_fork();
	if (a == 0) {
		step_set(1);
		wait_exit(g.xid, &w);
		done();
	}
	step_wait(1);
	msleep(50);
	EQ(E(kill(a, SIGKILL)), 0);
	EQ(reap(a), 128 + SIGKILL);
	EQ(ctx_tasks(g.xid), 1);
}

TEST(bad_pointer, "EFAULT after the wait when the answer cannot be written")
{
	struct guest g = { .setup = false };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		msleep(50);
		_exit(3);
	}
	EQ(vs(CMD_wait_exit, g.xid, (void *)8), -EFAULT);
	reap(pid);
}

/*
 * 200 contexts that end around the moment somebody starts to wait. A waiter
 * that comes too late gets ESRCH; one that found the context must wake up.
 */
TEST_T(no_missed_wakeup, 90, "200 contexts ending while the waiter goes to sleep: none is missed")
{
	int waited = 0, late = 0, ticks = 0;
	/* how long the context lives, us: follows the machine's speed, so that
	 * the end meets the waiter going to sleep about every other time */
	int life = 100;

	for (int i = 0; i < 200; i++) {
		struct guest g = { .setup = true };
		struct abi_wait_exit w;
		pid_t pid, a;
		int st;

		pid = guest_fork(&g);
		atomic_store(&sh->nr_xids, 0);
		if (pid == 0) {
			usleep(life);
			_exit(1);
		}
		a = host_fork();
		if (a == 0) {
			long ret = wait_exit(g.xid, &w);

			if (ret == 0)
				EQ(w.exit_code, 1 << 8);
			else
				EQ(ret, -ESRCH);
			_exit(ret == 0 ? 10 : 11);
		}
		for (ticks = 0; waitpid(a, &st, WNOHANG) == 0 && ticks < 5000; ticks++)
			msleep(1);
		if (!CHECK(ticks < 5000, "round %d: the waiter sleeps on", i)) {
			kill(a, SIGKILL);
			reap(a);
		} else if (WEXITSTATUS(st) == 10) {
			waited++;
			life = life * 3 / 4;
		} else {
			late++;
			life = life * 5 / 4 + 100;
		}
		EQ(reap(pid), 1);
		EQ(vx_info(g.xid, NULL), -ESRCH);
	}
	vs_note("%d waited, %d came too late", waited, late);
	CHECK(waited > 20, "only %d of 200 waited: the race was not tried", waited);
}
