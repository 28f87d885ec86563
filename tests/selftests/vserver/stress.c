// SPDX-License-Identifier: GPL-2.0
/* Many contexts, races, and memory that runs out. */
#include "vs_test.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/prctl.h>
#include <time.h>

#define MANY		1000
#define FIRST		10000		/* ids of the mass tests */
#define LAST		(FIRST + MANY - 1)

static void destroy(uint32_t xid)
{
	set_word(CMD_set_cflags, xid, 0, CF_PERSISTENT);
}

static void create_empty(uint32_t first, int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = host_fork();

		if (pid == 0)
			_exit(ctx_create(first + i, CF_ONE_TIME | CF_PERSISTENT) == first + i ? 0 : 1);
		NEED(CHECK(reap(pid) == 0, "context %u not created", first + i));
	}
}

static int listed(uint32_t first, int n)
{
	DIR *d = opendir("/proc/virtual");
	struct dirent *e;
	int found = 0;

	NEED(CHECK(d, "opendir: %s", strerror(errno)));
	while ((e = readdir(d))) {
		uint32_t xid = atoi(e->d_name);

		found += xid >= first && xid < first + n;
	}
	closedir(d);
	return found;
}

/* ---- slab ---- */

#define MAX_CACHES 400

static struct cache {
	char name[48];
	long objects, size;
} base[MAX_CACHES];
static int nr_base;

/*
 * Give back what is only kept in reserve: page and dentry caches, objects in
 * RCU callbacks, and the freed objects that KASAN holds back (shrinking a
 * cache empties its quarantine).
 */
static void settle(void)
{
	DIR *d;
	struct dirent *e;
	char path[512];

	sync();
	for (int i = 0; i < 2; i++) {
		write_file("/proc/sys/vm/drop_caches", "3");
		msleep(200);
	}
	d = opendir("/sys/kernel/slab");
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", e->d_name);
		write_file(path, "1");
	}
	closedir(d);
}

static int slabs(struct cache *c)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[512];
	int n = 0;

	if (!f)
		vs_skip("no /proc/slabinfo");
	while (n < MAX_CACHES && fgets(line, sizeof(line), f))
		if (sscanf(line, "%47s %ld %*d %ld", c[n].name, &c[n].objects, &c[n].size) == 3 &&
		    line[0] != '#' && strncmp(line, "slabinfo", 8))
			n++;
	fclose(f);
	return n;
}

/*
 * One object per ten contexts that stays would already be a leak of ours;
 * less than that is what the rest of the system keeps for itself (per-CPU
 * reserves, readers of this very file). Our own caches must not grow at all.
 * The checkers of the debug kernel keep books of their own, which are not a leak
 * of what they watch.
 */
static bool checker(const char *name)
{
	return !strcmp(name, "debug_objects_cache") ||
	       !strncmp(name, "kmemleak_", 9);
}

static bool grown(bool report)
{
	static struct cache now[MAX_CACHES];
	int n = slabs(now), bad = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < nr_base; k++) {
			long diff = now[i].objects - base[k].objects;
			bool ours = strstr(now[i].name, "vx_") || strstr(now[i].name, "vserver");

			if (strcmp(now[i].name, base[k].name) || checker(now[i].name) ||
			    diff <= (ours ? 0 : MANY / 10))
				continue;
			bad++;
			if (report)
				CHECK(false, "slab %s grew from %ld to %ld objects", now[i].name,
				      base[k].objects, now[i].objects);
		}
	return bad;
}

TEST_T(thousand, 240, "1,000 contexts created, listed and destroyed; no slab has grown afterwards")
{
	const char *scan = "/sys/kernel/debug/kmemleak";
	static char leaks[16384];
	struct timespec t0, t1;
	bool kmemleak;

	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	kmemleak = access(scan, W_OK) == 0 && write_file(scan, "scan") >= 0;
	if (kmemleak)
		write_file(scan, "clear");
	/* once before measuring: everything that is allocated on first use */
	create_empty(FIRST, 50);
	EQ(listed(FIRST, 50), 50);
	for (int i = 0; i < 50; i++)
		destroy(FIRST + i);
	settle();
	nr_base = slabs(base);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	create_empty(FIRST, MANY);
	EQ(listed(FIRST, MANY), MANY);
	EQ(ctx_tasks(FIRST + MANY / 2), 1);
	for (int i = 0; i < MANY; i++) {
		NEED(EQ(set_word(CMD_set_cflags, FIRST + i, 0, CF_PERSISTENT), 0));
		NEED(EQ(vx_info(FIRST + i, NULL), -ESRCH));
	}
	EQ(listed(FIRST, MANY), 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	vs_note("1,000 contexts in %ld ms", (long)((t1.tv_sec - t0.tv_sec) * 1000 +
						   (t1.tv_nsec - t0.tv_nsec) / 1000000));
	/* callbacks and quarantine may take a moment longer */
	for (int i = 0; i < 10; i++) {
		settle();
		if (!grown(false))
			break;
		msleep(300);
	}
	grown(true);
	if (!kmemleak) {
		vs_note("kmemleak is off: slabinfo only");
		return;
	}
	/* an object counts only when two scans find no pointer to it */
	msleep(5500);
	write_file(scan, "scan");
	write_file(scan, "scan");
	NEED_OK(read_file(scan, leaks, sizeof(leaks)));
	CHECK(!strstr(leaks, "vx_") && !strstr(leaks, "vserver"), "kmemleak:\n%s", leaks);
}

TEST_T(with_tasks, 120, "100 contexts alive at once, each with spaces, names and processes, killed together")
{
	enum { N = 100 };
	static pid_t pids[N];
	uint32_t first = FIRST;

	for (int i = 0; i < N; i++) {
		struct guest g = { .xid = first + i, .bcaps = BC_SECURE };

		pids[i] = guest_fork(&g);
		if (pids[i] == 0) {
			if (fork() == 0)
				idle();
			idle();
		}
	}
	EQ(listed(first, N), N);
	for (int i = 0; i < N; i++)
		OK(ctx_kill(first + i, 0, SIGKILL));
	for (int i = 0; i < N; i++) {
		EQ(reap(pids[i]), 128 + SIGKILL);
		EQ(ctx_gone(first + i, 10000), true);
	}
}

/* ---- races ---- */

static void storm(void)
{
	/* a family that grows as long as it lives */
	for (int i = 0; i < 40; i++) {
		pid_t p = fork();

		if (p < 0)
			break;
		if (p == 0 && i % 8)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	idle();
}

TEST_T(fork_storm, 180, "fork storm against ctx_kill and migrate: every context ends, nobody is left")
{
	for (int round = 0; round < 15; round++) {
		struct guest g = { .setup = true };
		pid_t pid, joiner;
		int i;

		pid = guest_fork(&g);
		atomic_store(&sh->nr_xids, 0);
		if (pid == 0)
			storm();
		joiner = host_fork();
		if (joiner == 0) {
			for (i = 0; i < 20; i++) {
				pid_t m = fork();

				if (m == 0) {
					long ret = ctx_migrate(g.xid, 0);

					if (ret)
						REFUSED(ret, ESRCH, EFAULT);
					_exit(0);
				}
				waitpid(m, NULL, 0);
			}
			done();
		}
		msleep(round * 4);
		for (i = 0; i < 500 && vx_info(g.xid, NULL) == 0; i++) {
			ctx_kill(g.xid, 0, SIGKILL);
			msleep(1);
		}
		EQ(vx_info(g.xid, NULL), -ESRCH);
		EQ(reap(pid), 128 + SIGKILL);
		reap_ok(joiner);
	}
}

TEST_T(id_race, 120, "four processes create and leave the same ten ids: each time exactly one wins")
{
	pid_t p[4];
	uint32_t ids[10];

	for (int i = 0; i < 10; i++)
		ids[i] = new_xid();
	for (int k = 0; k < 4; k++) {
		p[k] = host_fork();
		if (p[k] == 0) {
			for (int i = 0; i < 100; i++) {
				uint32_t xid = ids[(i + k) % 10];
				pid_t c = fork();

				if (c == 0) {
					long ret = ctx_create(xid, CF_ONE_TIME);

					if (ret == (long)xid) {
						EQ(task_xid(0), xid);
						EQ(ctx_tasks(XID_SELF), 1);
					} else {
						CHECK(ret == -EBUSY || ret == -EEXIST, "create: %ld", ret);
						EQ(task_xid(0), 0);
					}
					_exit(0);
				}
				reap_ok(c);
			}
			done();
		}
	}
	for (int k = 0; k < 4; k++)
		reap_ok(p[k]);
	for (int i = 0; i < 10; i++)
		EQ(vx_info(ids[i], NULL), -ESRCH);
}

TEST_T(flag_race, 60, "flags, spaces and names changed while members come, read and go")
{
	struct guest g = { .setup = true, .flags = CF_PERSISTENT };
	pid_t pid = guest_fork(&g), p[3];

	if (pid == 0)
		idle();
	for (int k = 0; k < 3; k++) {
		p[k] = host_fork();
		if (p[k])
			continue;
		for (int i = 0; i < 100; i++) {
			struct abi_space s = { SP_UTS | SP_IPC, i & 1, 0 };
			struct abi_vhi v = { 0, "name", "" };
			uint64_t w;
			pid_t c;

			switch (k) {
			case 0:
				OK(set_word(CMD_set_ccaps, g.xid, i, ~0ull));
				OK(set_word(CMD_set_cflags, g.xid, i & 1 ? CF_PERSISTENT : 0, CF_PERSISTENT));
				OK(get_word(CMD_get_cflags, g.xid, &w, NULL));
				break;
			case 1:
				NEED_OK(E(unshare(CLONE_NEWUTS)));
				OK(vs(CMD_set_space_v2, g.xid, &s));
				OK(vs(CMD_set_vhi_name, g.xid, &v));
				break;
			case 2:
				c = fork();
				if (c == 0) {
					struct abi_space all = { 0, i & 1, 0 };
					long ret = vs(CMD_enter_space_v2, g.xid, &all);

					CHECK(ret == 0 || ret == -EINVAL, "enter_space: %ld", ret);
					OK(ctx_migrate(g.xid, 0));
					_exit(0);
				}
				reap_ok(c);
			}
		}
		done();
	}
	for (int k = 0; k < 3; k++)
		reap_ok(p[k]);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PERSISTENT));
	EQ(ctx_tasks(g.xid), 1);
}

/* ---- failing allocations ---- */

/* Make the n-th allocation of this thread fail. False: there were fewer. */
static bool fail_nth(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return write_file("/proc/thread-self/fail-nth", text) > 0;
}

static bool was_injected(void)
{
	char text[16] = "1";

	read_file("/proc/thread-self/fail-nth", text, sizeof(text));
	write_file("/proc/thread-self/fail-nth", "0");
	return atoi(text) == 0;
}

static void need_failslab(void)
{
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access("/proc/self/fail-nth", W_OK) || access("/sys/kernel/debug/failslab", F_OK))
		vs_skip("needs CONFIG_FAILSLAB and fault injection in debugfs");
	/* sleeping allocations are ours; a stack dump for each would drown the log */
	NEED_OK(write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	NEED_OK(write_file("/sys/kernel/debug/failslab/verbose", "0"));
}

static long op_create(uint32_t xid) { return ctx_create(xid, CF_ONE_TIME); }
static long op_space(uint32_t xid)
{
	struct abi_space s = { SP_UTS | SP_IPC | SP_FS, 0, 0 };

	return vs(CMD_set_space_v2, xid, &s);
}
static long op_enter(uint32_t xid)
{
	struct abi_space s = { SP_UTS | SP_IPC | SP_FS, 0, 0 };

	return vs(CMD_enter_space_v2, xid, &s);
}
static long op_migrate(uint32_t xid) { return ctx_migrate(xid, 0); }
static long op_name(uint32_t xid)
{
	struct abi_vhi v = { 0, "name", "" };

	return vs(CMD_set_vhi_name, xid, &v);
}
static long op_fork(uint32_t xid)
{
	pid_t p;

	(void)xid;
	p = fork();
	if (p == 0)
		_exit(0);
	if (p > 0)
		waitpid(p, NULL, 0);
	return p > 0 ? 0 : -errno;
}

/*
 * Fail the first allocation, then the second and so on until the operation
 * succeeds without a failure. Returns how many it took.
 */
static int each_allocation(long (*op)(uint32_t), uint32_t xid, bool create)
{
	int n;

	for (n = 1; n < 200; n++) {
		pid_t pid = host_fork();
		int code;

		if (pid == 0) {
			long ret;
			bool hit;

			NEED(CHECK(fail_nth(n), "fail-nth cannot be set"));
			ret = op(xid);
			hit = was_injected();
			if (ret < 0 && hit) {
				CHECK(ret == -ENOMEM || ret == -EAGAIN, "allocation %d: %ld", n, ret);
				if (create)
					EQ(task_xid(0), 0);
				_exit(11);
			}
			CHECK(ret >= 0, "allocation %d not hit, but %ld", n, ret);
			_exit(hit ? 12 : 10);
		}
		code = reap(pid);
		if (create)
			EQ(ctx_gone(xid, 2000), true);
		if (code == 10)
			return n - 1;
		if (!CHECK(code == 11 || code == 12, "attempt %d ended with %d", n, code))
			return n;
	}
	CHECK(false, "no end of failing allocations");
	return n;
}

TEST_T(oom_create, 120, "each allocation of ctx_create fails once: ENOMEM, no context, and then it works")
{
	uint32_t xid = new_xid();
	int n;

	need_failslab();
	n = each_allocation(op_create, xid, true);
	vs_note("%d allocations", n);
	CHECK(n > 0, "creating a context without an allocation?");
}

TEST_T(oom_others, 180, "each allocation of the other commands and of fork in a context fails once")
{
	static const struct { const char *name; long (*op)(uint32_t); } ops[] = {
		{ "set_space", op_space }, { "enter_space", op_enter }, { "migrate", op_migrate },
		{ "set_vhi_name", op_name },
	};
	struct guest g = { .setup = true };
	pid_t pid;

	need_failslab();
	pid = guest_fork(&g);
	if (pid == 0)
		idle();
	NEED_OK(op_space(g.xid));
	for (int i = 0; i < 4; i++)
		vs_note("%s: %d allocations", ops[i].name, each_allocation(ops[i].op, g.xid, false));
	EQ(ctx_tasks(g.xid), 1);
	pid = guest_join(g.xid);
	if (pid == 0) {
		vs_note("fork: %d allocations", each_allocation(op_fork, 0, false));
		EQ(ctx_tasks(XID_SELF), 2);
		done();
	}
	reap_ok(pid);
	EQ(ctx_tasks(g.xid), 1);
}

TEST_T(oom_helper, 120, "each allocation of ctx_create with a helper fails once: the helper or ENOMEM")
{
	uint32_t xid = new_xid();

	need_failslab();
	NEED_OK(write_file("/proc/sys/kernel/vshelper", "/bin/true"));
	for (int n = 1; n < 60; n++) {
		pid_t pid = host_fork();
		int code;

		if (pid == 0) {
			long ret;
			bool hit;

			NEED(fail_nth(n));
			ret = ctx_create(xid, CF_ONE_TIME | CF_SC_HELPER);
			hit = was_injected();
			CHECK(ret == (long)xid || (hit && (ret == -ENOMEM || ret == -ENOEXEC)),
			      "allocation %d: %ld", n, ret);
			if (ret < 0)
				EQ(task_xid(0), 0);
			else
				set_word(CMD_set_cflags, XID_SELF, 0, CF_SC_HELPER);
			_exit(hit ? 11 : 10);
		}
		code = reap(pid);
		EQ(ctx_gone(xid, 2000), true);
		if (code == 10)
			return;
		NEED(EQ(code, 11));
	}
	CHECK(false, "no end of failing allocations");
}
