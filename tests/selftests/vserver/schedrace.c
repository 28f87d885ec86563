// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time: races. What is looked at is that everything ends and that the
 * kernel has nothing to complain about. VS_STRESS_SECONDS makes it longer.
 */
#include "vs_test.h"

#include <ftw.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <time.h>

#define NR_CTX	4
#define BASE	61000			/* ids of the contexts that come and go */
#define CG	"/tmp/vs-cgroup"

static time_t end;

static int seconds(void)
{
	const char *s = getenv("VS_STRESS_SECONDS");

	return s && atoi(s) > 0 ? atoi(s) : 10;
}

static bool going_on(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec < end;
}

static void start_clock(int n)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + n;
}

static void work(int n)
{
	for (volatile int i = 0; i < n * 1000; i++)
		;
}

/* In @parent, if that is there. */
static void stay(uint32_t xid, uint32_t parent)
{
	struct abi_create_in in = { .flagword = CF_ONE_TIME | CF_PERSISTENT, .parent = parent };
	pid_t pid = host_fork();

	if (pid == 0) {
		if (vs(CMD_ctx_create_in, xid, &in) == -ESRCH)
			ctx_create(xid, CF_ONE_TIME | CF_PERSISTENT);
		done();
	}
	reap(pid);
}

static void go(uint32_t xid)
{
	set_word(CMD_set_cflags, xid, 0, CF_PERSISTENT | CF_SCHED_PAUSE);
	ctx_kill(xid, 0, SIGKILL);
}

/* ---- the players; each until the time is up ---- */

/* Into one context after the other, working a little, with children. */
static void wanderer(unsigned int seed)
{
	while (going_on()) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (int i = 0; i < 5; i++) {
				ctx_migrate(BASE + rand_r(&seed) % NR_CTX, 0);
				if (fork() == 0) {
					work(rand_r(&seed) % 200);
					_exit(0);
				}
				work(rand_r(&seed) % 500);
			}
			_exit(0);
		}
		seed++;
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

/* Contexts that are made and end all the time, with tasks and contexts in them. */
static void maker(unsigned int seed)
{
	while (going_on()) {
		uint32_t xid = BASE + rand_r(&seed) % NR_CTX;

		stay(xid, BASE + rand_r(&seed) % (NR_CTX + 1));
		for (int i = 0; i < 3; i++)
			if (fork() == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				ctx_migrate(xid, 0);
				work(rand_r(&seed) % 3000);
				_exit(0);
			}
		msleep(rand_r(&seed) % 30);
		go(xid);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* Settings of whatever is there. */
static void setter(unsigned int seed)
{
	while (going_on()) {
		uint32_t xid = BASE + rand_r(&seed) % NR_CTX;
		struct abi_cpu c = {
			.mask = CPU_ALL, .weight = 1 + rand_r(&seed) % 10000,
			.guarantee = rand_r(&seed) % 3 ? 0 : 1000000,
			.max = rand_r(&seed) % 2 ? 1000000 + rand_r(&seed) % 1000000000 : 0,
			.burst = 1000000 + rand_r(&seed) % 100000000,
			.resume = rand_r(&seed) % 10000000,
		};
		struct abi_sched_v5 s = {
			.mask = 0x77f & rand_r(&seed), .fill_rate = { rand_r(&seed) % 3, rand_r(&seed) % 3 },
			.interval = { rand_r(&seed) % 20, rand_r(&seed) % 20 }, .tokens = rand_r(&seed) % 50,
			.tokens_min = rand_r(&seed) % 20, .tokens_max = rand_r(&seed) % 100,
			.prio_bias = rand_r(&seed) % 60 - 30,
		};
		char path[64], buf[4096];

		vs(CMD_set_cpu, xid, &c);
		vs(CMD_set_sched_v5, xid, &s);
		set_word(CMD_set_cflags, xid, rand_r(&seed),
			 CF_SCHED_HARD | CF_SCHED_PRIO | CF_SCHED_PAUSE);
		snprintf(path, sizeof(path), "/proc/virtual/%u/sched", xid);
		read_file(path, buf, sizeof(buf));
		read_file("/sys/kernel/debug/sched/debug", buf, sizeof(buf));
		msleep(rand_r(&seed) % 5);
	}
}

/* All tasks of the contexts from one cgroup into the other. */
static void mover(unsigned int seed)
{
	char path[64], pid[16];

	while (going_on()) {
		snprintf(path, sizeof(path), CG "/%u/cgroup.procs", rand_r(&seed) % 2);
		for (int i = 0; i < 30; i++) {
			/* any process of this test; most are gone by now */
			snprintf(pid, sizeof(pid), "%d", getpid() - 20 + rand_r(&seed) % 400);
			write_file(path, pid);
		}
		snprintf(path, sizeof(path), CG "/%u/cpu.weight", rand_r(&seed) % 2);
		snprintf(pid, sizeof(pid), "%d", 1 + rand_r(&seed) % 10000);
		write_file(path, pid);
	}
}

/* Cgroups made inside a context, left behind when it ends. */
static void nester(unsigned int seed)
{
	char dir[64], path[80];

	while (going_on()) {
		pid_t pid;

		snprintf(dir, sizeof(dir), CG "/in%u", rand_r(&seed) % 1000);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			ctx_migrate(BASE + rand_r(&seed) % NR_CTX, 0);
			mkdir(dir, 0755);
			snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
			write_file(path, "0");
			work(rand_r(&seed) % 1000);
			_exit(0);
		}
		seed++;
		if (pid > 0)
			waitpid(pid, NULL, 0);
		if (rand_r(&seed) % 2)
			msleep(rand_r(&seed) % 20);
		rmdir(dir);
	}
}

static void switcher(unsigned int seed)
{
	while (going_on()) {
		write_file("/proc/sys/kernel/vserver/sched_controller", rand_r(&seed) % 2 ? "1" : "0");
		write_file("/proc/sys/kernel/vserver/sched_floors", rand_r(&seed) % 2 ? "1" : "0");
		write_file("/proc/sys/kernel/vserver/sched_spread", rand_r(&seed) % 2 ? "1" : "0");
		write_file("/proc/sys/kernel/vserver/sched_slices", rand_r(&seed) % 2 ? "1" : "0");
		write_file("/proc/sys/kernel/vserver/host_weight", rand_r(&seed) % 2 ? "100" : "0");
		write_file("/proc/sys/kernel/sched_autogroup_enabled", rand_r(&seed) % 2 ? "1" : "0");
		msleep(rand_r(&seed) % 50);
	}
}

static void plugger(unsigned int seed)
{
	const char *f = "/sys/devices/system/cpu/cpu1/online";

	while (going_on()) {
		write_file(f, "0");
		msleep(rand_r(&seed) % 200);
		write_file(f, "1");
		msleep(rand_r(&seed) % 200);
	}
	write_file(f, "1");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

TEST_T(races, 1500, "fork, exit, migrate, cgroup attach, settings, ends, hotplug: all at once")
{
	static void (*const players[])(unsigned int) = {
		wanderer, wanderer, maker, maker, setter, mover, nester, switcher, plugger,
	};
	const int nr = sizeof(players) / sizeof(players[0]);
	pid_t pid[16];
	char buf[512], v[32];
	bool cgroup;
	int before;

	/* the test frame keeps one */
	NEED_OK(read_file("/proc/virtual/status", buf, sizeof(buf)));
	NEED(line_value(buf, "#CTotal:\t", v, sizeof(v)));
	before = atoi(v);

	mkdir(CG, 0755);
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	cgroup = mount("none", CG, "cgroup2", 0, NULL) == 0 &&
		 write_file(CG "/cgroup.subtree_control", "+cpu") > 0 &&
		 (mkdir(CG "/0", 0755) == 0 || errno == EEXIST) && (mkdir(CG "/1", 0755) == 0 || errno == EEXIST);
	CHECK(cgroup, "no cgroup2 with the cpu controller: %s", strerror(errno));

	start_clock(seconds());
	for (int i = 0; i < nr; i++) {
		pid[i] = host_fork();
		if (pid[i] == 0) {
			players[i](i * 7919 + 1);
			done();
		}
	}
	while (going_on())
		msleep(100);
	/* nobody comes to an end while its child is held */
	for (int left = nr; left; ) {
		struct abi_cpu none = { .mask = CPU_MAX };

		for (int i = 0; i < NR_CTX; i++) {
			set_word(CMD_set_cflags, BASE + i, 0, CF_SCHED_HARD | CF_SCHED_PAUSE);
			vs(CMD_set_cpu, BASE + i, &none);
		}
		for (int i = 0; i < nr; i++) {
			int st;

			if (pid[i] && waitpid(pid[i], &st, WNOHANG) == pid[i]) {
				CHECK(st == 0, "player %d ended with %#x", i, st);
				pid[i] = 0;
				left--;
			}
		}
		msleep(20);
	}

	write_file("/proc/sys/kernel/vserver/sched_controller", "1");
	write_file("/proc/sys/kernel/vserver/sched_floors", "1");
	write_file("/proc/sys/kernel/vserver/sched_spread", "1");
	write_file("/proc/sys/kernel/vserver/sched_slices", "1");
	write_file("/proc/sys/kernel/vserver/host_weight", "0");
	write_file("/proc/sys/kernel/sched_autogroup_enabled", "1");
	/* one with others in it ends after them */
	for (int i = 0; i < NR_CTX; i++)
		go(BASE + i);
	for (int i = 0; i < NR_CTX; i++) {
		CHECK(ctx_gone(BASE + i, 20000), "context %d does not end", BASE + i);
	}
	nftw(CG, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	umount(CG);
	/* and nothing of them is left */
	for (int i = 0; i < 200; i++) {
		NEED_OK(read_file("/proc/virtual/status", buf, sizeof(buf)));
		NEED(line_value(buf, "#CTotal:\t", v, sizeof(v)));
		if (atoi(v) <= before)
			return;
		msleep(50);
	}
	CHECK(false, "contexts are left:\n%s", buf);
	for (uint32_t xid = 2; xid < 65536; xid++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/virtual/%u/status", xid);
		if (read_file(path, buf, sizeof(buf)) > 0)
			vs_note("%u: %s", xid, buf);
	}
}

/* A cgroup of a context outlives it, and a new context takes its id. */
TEST_T(cgroup_outlives, 60, "a cgroup made in a context stays usable after the context's end")
{
	struct guest g = { .create = CF_ONE_TIME | CF_PERSISTENT };
	pid_t pid;

	mkdir(CG, 0755);
	NEED_OK(E(mount("none", CG, "cgroup2", 0, NULL)));
	NEED(CHECK(write_file(CG "/cgroup.subtree_control", "+cpu") > 0, "no cpu controller"));
	pid = guest_fork(&g);
	if (pid == 0) {
		NEED_OK(E(mkdir(CG "/child", 0755)));
		NEED_OK(write_file(CG "/child/cgroup.procs", "0"));
		NEED_OK(write_file(CG "/child/cpu.weight", "50"));
		done();
	}
	reap_ok(pid);
	go(g.xid);
	EQ(ctx_gone(g.xid, 5000), true);

	pid = host_fork();
	if (pid == 0) {
		NEED_OK(write_file(CG "/child/cgroup.procs", "0"));
		work(3000);
		NEED_OK(E(mkdir(CG "/child/below", 0755)));
		NEED_OK(write_file(CG "/child/cpu.weight", "70"));
		NEED_OK(write_file(CG "/cgroup.procs", "0"));
		NEED_OK(E(rmdir(CG "/child/below")));
		NEED(EQ(ctx_create(g.xid, CF_ONE_TIME), g.xid));
		NEED_OK(write_file(CG "/child/cgroup.procs", "0"));
		work(3000);
		done();
	}
	reap_ok(pid);
	EQ(E(rmdir(CG "/child")), 0);
	umount(CG);
}

/*
 * Nothing of contexts: a CPU that goes offline stops its fair server whether it
 * runs or not, and so does this, without having to be lucky. The kernel log tells.
 */
TEST_T(server_stopped_twice, 60, "a fair server that has stopped can be stopped")
{
	const char *f = "/sys/kernel/debug/sched/fair_server/cpu1/runtime";
	cpu_set_t first, all;
	char was[32];

	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (read_file(f, was, sizeof(was)) <= 0)
		vs_skip("no %s", f);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	NEED_OK(E(sched_getaffinity(0, sizeof(all), &all)));
	NEED_OK(E(sched_setaffinity(0, sizeof(first), &first)));
	for (int i = 0; i < 10; i++) {
		msleep(50);
		/* a CPU with something to run starts it in between */
		NEED_OK(write_file(f, "51000000"));
		NEED_OK(write_file(f, "52000000"));
	}
	was[strcspn(was, "\n")] = '\0';
	NEED_OK(write_file(f, was));
	NEED_OK(E(sched_setaffinity(0, sizeof(all), &all)));
}
