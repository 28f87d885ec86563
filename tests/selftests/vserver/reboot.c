// SPDX-License-Identifier: GPL-2.0
/*
 * reboot(2) inside a context, and the helper program: what it is told, when
 * it runs, and what its failure does. Each test that passes also shows that
 * the host was not rebooted.
 */
#include "vs_test.h"

#include <linux/reboot.h>
#include <sys/mount.h>
#include <time.h>

#define DIR	"/run/vshelper-test"	/* as in vshelper_log.c */
#define KNOB	"/proc/sys/kernel/vshelper"

#define BC_BOOT	BC_SECURE			/* has CAP_SYS_BOOT */
#define BC_NOBOOT (BC_SECURE & ~(1ull << 22))

static char buf[16384];

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	NEED_OK(E(fd));
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Point the kernel at our helper; exit code and run time as given. */
static void helper(int code, int ms)
{
	char path[PATH_MAX], mode[32], *slash;

	snprintf(path, sizeof(path), "%s", vs_self);
	slash = strrchr(path, '/');
	snprintf(slash, sizeof(path) - (slash - path), "/vshelper_log");
	NEED_OK(E(access(path, X_OK)));
	mkdir(DIR, 0755);
	snprintf(mode, sizeof(mode), "%d %d", code, ms);
	put(DIR "/mode", mode);
	put(DIR "/log", "");
	NEED_OK(write_file(KNOB, path));
}

static const char *log_now(void)
{
	OK(read_file(DIR "/log", buf, sizeof(buf)));
	return buf;
}

/* The helper of a reboot runs on its own. */
static const char *log_ended(void)
{
	for (int i = 0; i < 5000; i++) {
		if (strstr(log_now(), "end\n"))
			return buf;
		msleep(2);
	}
	CHECK(false, "the helper did not run: %s", buf);
	return buf;
}

static void expect_log(const char *regex)
{
	CHECK(text_matches(buf, regex), "no line %s in the helper's log:\n%s", regex, buf);
}

static long do_reboot(unsigned int cmd)
{
	return E(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd, "vs-test"));
}

static const struct {
	const char *action;
	unsigned int cmd;
} actions[] = {
	{ "restart", LINUX_REBOOT_CMD_RESTART },
	{ "restart", LINUX_REBOOT_CMD_RESTART2 },
	{ "halt", LINUX_REBOOT_CMD_HALT },
	{ "poweroff", LINUX_REBOOT_CMD_POWER_OFF },
	{ "swsusp", LINUX_REBOOT_CMD_SW_SUSPEND },
};

TEST_T(actions, 60, "each reboot command calls the helper with action, id and environment; wait_exit reports it")
{
	for (int i = 0; i < 5; i++) {
		struct guest g = { .bcaps = BC_BOOT };
		struct abi_wait_exit w;
		char want[64];
		pid_t pid;

		atomic_store(&sh->nr_xids, 0);
		atomic_store(&sh->step, 0);
		helper(0, 0);
		pid = guest_fork(&g);
		if (pid == 0) {
			EQ(do_reboot(actions[i].cmd), 0);
			step_set(1);
			step_wait(2);
			_exit(6);
		}
		step_wait(1);
		log_ended();
		snprintf(want, sizeof(want), "^argc=3 %s %u$", actions[i].action, g.xid);
		expect_log(want);
		expect_log("^HOME=/$");
		expect_log("^TERM=linux$");
		expect_log("^PATH=/sbin:/usr/sbin:/bin:/usr/bin$");
		snprintf(want, sizeof(want), "^VS_CMD=%08x$", actions[i].cmd);
		expect_log(want);
		expect_log("^VS_UID=0$");
		snprintf(want, sizeof(want), "^VS_PID=%d$", pid);
		expect_log(want);
		/* the helper runs on the host */
		expect_log("^uid=0 euid=0 xid=0$");
		/* without REBOOT_KILL nobody is killed */
		EQ(ctx_tasks(g.xid), 1);
		step_set(2);
		EQ(vs(CMD_wait_exit, g.xid, &w), 0);
		EQX(w.reboot_cmd, actions[i].cmd);
		EQ(w.exit_code, 6 << 8);
		EQ(reap(pid), 6);
	}
}

TEST(refused, "reboot without CAP_SYS_BOOT: EPERM, no helper; as a user EPERM; wrong magic EINVAL")
{
	struct guest no = { .bcaps = BC_NOBOOT }, yes = { .bcaps = BC_BOOT };
	struct abi_wait_exit w;
	pid_t pid;

	helper(0, 0);
	pid = guest_fork(&no);
	if (pid == 0) {
		EQ(do_reboot(LINUX_REBOOT_CMD_RESTART), -EPERM);
		EQ(do_reboot(LINUX_REBOOT_CMD_HALT), -EPERM);
		step_set(1);
		step_wait(2);
		done();
	}
	step_wait(1);
	msleep(100);
	EQ(log_now()[0], 0);
	step_set(2);
	EQ(vs(CMD_wait_exit, no.xid, &w) == 0 ? w.reboot_cmd : 0, 0);
	reap_ok(pid);
	pid = guest_fork(&yes);
	if (pid == 0) {
		EQ(E(syscall(SYS_reboot, 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0)), -EINVAL);
		EQ(E(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 1, LINUX_REBOOT_CMD_RESTART, 0)), -EINVAL);
		drop_to_user(65534);
		EQ(do_reboot(LINUX_REBOOT_CMD_RESTART), -EPERM);
		done();
	}
	reap_ok(pid);
	msleep(50);
	EQ(log_now()[0], 0);
}

TEST(unknown_cmd, "a reboot command that does not exist: EINVAL, and no effect on the host's ctrl-alt-del")
{
	struct guest g = { .bcaps = BC_BOOT };
	char before[16], after[16];
	pid_t pid;

	helper(0, 0);
	NEED_OK(read_file("/proc/sys/kernel/ctrl-alt-del", before, sizeof(before)));
	pid = guest_fork(&g);
	if (pid == 0) {
		EQ(do_reboot(0x1234), -EINVAL);
		do_reboot(LINUX_REBOOT_CMD_CAD_ON);
		do_reboot(LINUX_REBOOT_CMD_CAD_OFF);
		done();
	}
	reap_ok(pid);
	NEED_OK(read_file("/proc/sys/kernel/ctrl-alt-del", after, sizeof(after)));
	CHECK(!strcmp(before, after), "ctrl-alt-del was %s, is %s", before, after);
}

TEST(once, "a second reboot while the helper runs: EAGAIN; afterwards again")
{
	struct guest g = { .bcaps = BC_BOOT };
	pid_t pid;

	helper(0, 1500);
	pid = guest_fork(&g);
	if (pid == 0) {
		EQ(do_reboot(LINUX_REBOOT_CMD_HALT), 0);
		EQ(do_reboot(LINUX_REBOOT_CMD_HALT), -EAGAIN);
		EQ(do_reboot(LINUX_REBOOT_CMD_RESTART), -EAGAIN);
		step_set(1);
		step_wait(2);
		for (int i = 0; i < 1000; i++) {
			if (do_reboot(LINUX_REBOOT_CMD_RESTART) == 0)
				done();
			msleep(2);
		}
		CHECK(false, "no second reboot possible");
		done();
	}
	step_wait(1);
	log_ended();
	step_set(2);
	reap_ok(pid);
}

TEST(reboot_kill, "REBOOT_KILL: the whole context goes, init included")
{
	struct guest g = { .bcaps = BC_BOOT, .flags = CF_REBOOT_KILL };
	struct abi_wait_exit w;
	pid_t pid, bystander;

	bystander = host_fork();
	if (bystander == 0)
		idle();
	helper(0, 0);
	pid = guest_fork(&g);
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				idle();
		pid = fork();
		if (pid == 0) {
			msleep(300);	/* the waiter must be there first */
			do_reboot(LINUX_REBOOT_CMD_POWER_OFF);
			idle();
		}
		idle();
	}
	EQ(vs(CMD_wait_exit, g.xid, &w), 0);
	EQX(w.reboot_cmd, LINUX_REBOOT_CMD_POWER_OFF);
	EQ(reap(pid), 128 + SIGKILL);
	EQ(vx_info(g.xid, NULL), -ESRCH);
	EQ(E(kill(bystander, 0)), 0);
	log_ended();
}

/* ---- SC_HELPER ---- */

TEST(startup, "SC_HELPER: the helper has run with \"startup\" when ctx_create returns")
{
	uint32_t xid = new_xid();
	char want[64];
	pid_t pid;

	helper(0, 300);
	pid = host_fork();
	if (pid == 0) {
		EQ(ctx_create(xid, CF_ONE_TIME | CF_SC_HELPER), xid);
		EQ(task_xid(0), xid);
		log_now();
		snprintf(want, sizeof(want), "^argc=3 startup %u$", xid);
		expect_log(want);
		expect_log("^end$");
		OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_SC_HELPER));
		done();
	}
	reap_ok(pid);
	/* the flag was taken away: nothing at the end */
	EQ(ctx_gone(xid, 1000), true);
	CHECK(!strstr(log_now(), "shutdown"), "shutdown was called without SC_HELPER:\n%s", buf);
}

TEST(startup_fails, "a startup helper that fails or cannot be run: ENOEXEC, and no context")
{
	static const char *bad[] = { "/nonexistent/helper", "/proc/meminfo", "/" };
	uint32_t xid = new_xid();

	helper(1, 0);
	EQ(ctx_create(xid, CF_ONE_TIME | CF_SC_HELPER), -ENOEXEC);
	EQ(task_xid(0), 0);
	EQ(ctx_gone(xid, 1000), true);
	for (int i = 0; i < 3; i++) {
		NEED_OK(write_file(KNOB, bad[i]));
		EQ(ctx_create(xid, CF_ONE_TIME | CF_SC_HELPER), -ENOEXEC);
		EQ(task_xid(0), 0);
		EQ(ctx_gone(xid, 1000), true);
	}
	/* nobody is asked without the flag, and the id is usable */
	EQ(ctx_create(xid, CF_ONE_TIME), xid);
}

TEST(shutdown, "SC_HELPER: \"shutdown\" at the end, and wait_exit waits for it")
{
	struct guest g = { .flags = CF_SC_HELPER };
	struct abi_wait_exit w;
	char want[64];
	pid_t pid;

	helper(0, 500);
	pid = guest_fork(&g);
	if (pid == 0) {
		step_wait(1);
		_exit(3);
	}
	EQ(log_now()[0], 0);	/* set after creation: no startup */
	step_set(1);
	EQ(vs(CMD_wait_exit, g.xid, &w), 0);
	EQ(w.exit_code, 3 << 8);
	log_now();
	snprintf(want, sizeof(want), "^argc=3 shutdown %u$", g.xid);
	expect_log(want);
	expect_log("^end$");
	EQ(reap(pid), 3);
}

TEST(shutdown_fails, "a shutdown helper that cannot be run does not keep the context")
{
	struct guest g = { .flags = CF_SC_HELPER };
	struct abi_wait_exit w;
	pid_t pid;

	NEED_OK(write_file(KNOB, "/nonexistent/helper"));
	pid = guest_fork(&g);
	if (pid == 0) {
		msleep(100);
		_exit(3);
	}
	EQ(vs(CMD_wait_exit, g.xid, &w), 0);
	EQ(w.exit_code, 3 << 8);
	EQ(vx_info(g.xid, NULL), -ESRCH);
	reap(pid);
}

TEST(reboot_helper_missing, "a reboot whose helper cannot be run is still recorded")
{
	struct guest g = { .bcaps = BC_BOOT, .flags = CF_REBOOT_KILL };
	struct abi_wait_exit w;
	pid_t pid;

	NEED_OK(write_file(KNOB, "/nonexistent/helper"));
	pid = guest_fork(&g);
	if (pid == 0) {
		msleep(300);	/* the waiter must be there first */
		do_reboot(LINUX_REBOOT_CMD_HALT);
		idle();
	}
	EQ(vs(CMD_wait_exit, g.xid, &w), 0);
	EQX(w.reboot_cmd, LINUX_REBOOT_CMD_HALT);
	reap(pid);
}

TEST(own_pid_space, "an ordinary user's own pid namespace: reboot ends that, the context goes on")
{
	struct guest g = { .bcaps = BC_BOOT, .flags = CF_REBOOT_KILL, .umask = SP_USER | SP_PID };
	struct abi_wait_exit w;
	pid_t pid;

	helper(0, 0);
	pid = guest_fork(&g);
	if (pid == 0) {
		pid_t maker = host_fork();

		if (maker == 0) {
			pid_t init;

			drop_to_user(65534);
			EQ(do_reboot(LINUX_REBOOT_CMD_RESTART), -EPERM);
			NEED_OK(E(unshare(CLONE_NEWUSER | CLONE_NEWPID)));
			init = fork();
			if (init == 0) {
				EQ(do_reboot(LINUX_REBOOT_CMD_SW_SUSPEND), -EINVAL);
				do_reboot(LINUX_REBOOT_CMD_RESTART);
				CHECK(false, "reboot returned");
				done();
			}
			EQ(reap(init), 128 + SIGHUP);
			done();
		}
		reap_ok(maker);
		step_set(1);
		step_wait(2);
		_exit(3);
	}
	step_wait(1);
	EQ(ctx_tasks(g.xid), 1);
	step_set(2);
	EQ(vs(CMD_wait_exit, g.xid, &w), 0);
	EQX(w.reboot_cmd, 0);
	EQ(reap(pid), 3);
	EQ(strlen(log_now()), 0);
}

TEST(knob, "kernel.vshelper: readable and writable on the host, up to 255 characters, not from a context")
{
	struct guest g = SECURE_GUEST;
	char path[256], got[300];
	pid_t pid;

	memset(path, 'x', 255);
	path[0] = '/';
	path[255] = 0;
	OK(write_file(KNOB, path));
	OK(read_file(KNOB, got, sizeof(got)));
	got[strcspn(got, "\n")] = 0;
	EQ(strlen(got) >= 254, true);
	CHECK(!strncmp(got, path, strlen(got)), "read back \"%s\"", got);
	OK(write_file(KNOB, "/sbin/vshelper"));
	pid = guest_fork(&g);
	if (pid == 0) {
		EQ(write_file(KNOB, "/tmp/evil") < 0, true);
		done();
	}
	reap_ok(pid);
	OK(read_file(KNOB, got, sizeof(got)));
	got[strcspn(got, "\n")] = 0;
	CHECK(!strcmp(got, "/sbin/vshelper"), "read back \"%s\"", got);
}
