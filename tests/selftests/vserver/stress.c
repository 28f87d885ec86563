// SPDX-License-Identifier: GPL-2.0
/* Many contexts, races, and memory that runs out. */
#include "vs_fs.h"

#include <dirent.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
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

static const char leak_file[] = "/sys/kernel/debug/kmemleak";
static bool leaks_seen;		/* is there somebody who looks for them? */

/* What was lost before is none of the test's. */
static void leaks_from_here(void)
{
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	leaks_seen = access(leak_file, W_OK) == 0 && write_file(leak_file, "scan") >= 0;
	if (leaks_seen)
		write_file(leak_file, "clear");
}

static void no_leaks(void)
{
	static char leaks[16384];

	if (!leaks_seen) {
		vs_note("kmemleak is off");
		return;
	}
	/* an object counts only when two scans find no pointer to it */
	msleep(5500);
	write_file(leak_file, "scan");
	write_file(leak_file, "scan");
	NEED_OK(read_file(leak_file, leaks, sizeof(leaks)));
	CHECK(!strstr(leaks, "vx_") && !strstr(leaks, "nx_") && !strstr(leaks, "vserver"),
	      "kmemleak:\n%s", leaks);
}

TEST_T(thousand, 240, "1,000 contexts created, listed and destroyed; no slab has grown afterwards")
{
	struct timespec t0, t1;

	leaks_from_here();
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
	no_leaks();
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

/* Makes the n-th allocation of this thread fail. The file is opened ahead: opening allocates. */
static int fail_fd = -1;

static void fail_open(void)
{
	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	NEED(CHECK(fail_fd >= 0, "fail-nth: %s", strerror(errno)));
}

static void fail_nth(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	NEED(EQ(E(pwrite(fail_fd, text, len, 0)), len));
}

static bool was_injected(void)
{
	char text[16] = "";

	NEED_OK(E(pread(fail_fd, text, sizeof(text) - 1, 0)));
	fail_nth(0);
	return atoi(text) == 0;
}

static void need_failslab(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	char path[80];

	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access("/proc/self/fail-nth", W_OK) || access("/sys/kernel/debug/failslab", F_OK))
		vs_skip("needs CONFIG_FAILSLAB and fault injection in debugfs");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", kinds[i]);
		if (i && access(path, F_OK)) {
			vs_note("no %s: objects only, no pages", kinds[i]);
			continue;
		}
		/* sleeping allocations are ours; a stack dump for each would drown the log */
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", kinds[i]);
		NEED_OK(write_file(path, "N"));
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		NEED_OK(write_file(path, "0"));
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/min-order", kinds[i]);
		if (i)
			NEED_OK(write_file(path, "0"));
	}
}

/*
 * The life of a context, in the order in which it happens. Each step returns a
 * value >= 0 or -errno, and can be made again after it failed; undo, which is the
 * host's, makes room for making it again after it worked.
 */

#define NID(xid)	(xid)
#define ADDRESS		0x0a4d0101u	/* 10.77.1.1 */

static const char disk_file[] = FS "/file", unified[] = FS "/unified";

static long op_create(uint32_t xid)
{
	long ret = ctx_create(xid, CF_ONE_TIME | CF_PERSISTENT);

	if (ret < 0)
		EQ(task_xid(0), 0);
	return ret;
}

static long undo_create(uint32_t xid)
{
	return set_word(CMD_set_cflags, xid, 0, CF_PERSISTENT);
}

static long op_name(uint32_t xid)
{
	struct abi_vhi v = { 0, "name", "" };

	return vs(CMD_set_vhi_name, xid, &v);
}

static long op_words(uint32_t xid)
{
	long ret = set_word(CMD_set_bcaps, xid, BC_ALL, ~0ull);

	if (ret >= 0)
		ret = set_word(CMD_set_ccaps, xid, CC_SECURE, ~0ull);
	return ret < 0 ? ret : set_word(CMD_set_cflags, xid, CF_VIRT_MEM | CF_VIRT_UPTIME |
					CF_VIRT_CPU | CF_VIRT_LOAD, CF_VIRT_MEM | CF_VIRT_UPTIME |
					CF_VIRT_CPU | CF_VIRT_LOAD);
}

static long op_limits(uint32_t xid)
{
	static const uint32_t ids[] = { RL_NPROC, RL_AS, RL_LOCKS, RL_NSOCK, RL_OPENFD };
	long ret = 0;

	for (unsigned int i = 0; ret >= 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct abi_rlimit r = {
			.id = ids[i], .minimum = RL_KEEP, .softlimit = 1 << 20, .maximum = 1 << 20,
		};

		ret = vs(CMD_set_rlimit, xid, &r);
	}
	return ret;
}

static long op_cpu(uint32_t xid)
{
	struct abi_cpu c = {
		.mask = CPU_WEIGHT | CPU_GUARANTEE | CPU_MAX | CPU_BURST,
		.weight = 200, .guarantee = 100000000, .max = 1000000000, .burst = 20000000,
	};

	return vs(CMD_set_cpu, xid, &c);
}

static long op_sched(uint32_t xid)
{
	struct abi_sched_v5 s = {
		.mask = SM_FILL_RATE | SM_INTERVAL | SM_TOKENS_MAX, .fill_rate = { 1, SCHED_KEEP },
		.interval = { 1, SCHED_KEEP }, .tokens_max = 100,
	};
	struct abi_prio_bias b = { .cpu_id = 0, .prio_bias = 1 };
	long ret = vs(CMD_set_sched_v5, xid, &s);

	return ret < 0 ? ret : vs(CMD_set_prio_bias, xid, &b);
}

static long op_disk(uint32_t xid)
{
	struct abi_disk d = {
		.mask = DISK_WEIGHT | DISK_MAX, .weight = 300, .max_unit = DISK_IN_IOS,
		.max = 100000,
	};
	struct stat st;
	long ret = vs(CMD_set_disk, xid, &d);

	if (ret < 0)
		return ret;
	ret = E(stat("/dev/vda", &st));
	d.major = st.st_rdev >> 8;
	d.minor = st.st_rdev & 0xff;
	return ret < 0 ? ret : vs(CMD_set_disk, xid, &d);
}

static long op_device(uint32_t xid)
{
	struct abi_mapping m = { .device = (uintptr_t)"/dev/zero", .flags = 0 };

	return vs(CMD_set_mapping, xid, &m);
}

static long undo_device(uint32_t xid)
{
	struct abi_mapping m = { .device = (uintptr_t)"/dev/zero" };

	return vs(CMD_unset_mapping, xid, &m);
}

static long op_space(uint32_t xid)
{
	struct abi_space s = { SP_UTS | SP_IPC | SP_FS, 0, 0 };

	return vs(CMD_set_space_v2, xid, &s);
}

static long op_net(uint32_t xid)
{
	struct abi_flagword d = { NF_DEFAULT | NF_PERSISTENT };
	long ret = vs(CMD_net_create_v1, NID(xid), &d);

	if (ret < 0)
		EQ(vs(CMD_task_nid, 0, NULL), 0);
	return ret;
}

static long undo_net(uint32_t xid)
{
	return set_word(CMD_set_nflags, NID(xid), 0, NF_PERSISTENT);
}

static long op_address(uint32_t xid)
{
	struct abi_addr4_v1 a = { NA_ADDR, 0, htonl(ADDRESS), 0xffffffff };
	struct abi_addr6 a6 = { .type = NA_ADDR, .prefix = 128, .ip = { 0xfd, [15] = 1 } };
	long ret = vs(CMD_net_add_ipv4_v1, NID(xid), &a);

	if (ret < 0)
		return ret;
	/* the second of each family is what is allocated */
	a.ip = htonl(ADDRESS + 1);
	ret = vs(CMD_net_add_ipv4_v1, NID(xid), &a);
	memset(a6.mask, 0xff, sizeof(a6.mask));
	for (int i = 1; ret >= 0 && i <= 2; i++) {
		a6.ip[15] = i;
		ret = vs(CMD_net_add_ipv6, NID(xid), &a6);
	}
	return ret;
}

static long undo_address(uint32_t xid)
{
	struct abi_addr4_v1 any = { .type = NA_ANY };
	struct abi_addr6 any6 = { .type = NA_ANY };
	long ret = vs(CMD_net_rem_ipv4_v1, NID(xid), &any);

	return ret < 0 ? ret : vs(CMD_net_rem_ipv6, NID(xid), &any6);
}

/* An address that is there says so: nobody has to guess whether it was added. */
static long retry_address(uint32_t xid)
{
	undo_address(xid);
	return op_address(xid);
}

static long op_dlimit(uint32_t xid)
{
	(void)xid;
	return dlimit_add(TAG, FS);
}

static long undo_dlimit(uint32_t xid)
{
	(void)xid;
	return dlimit_rem(TAG, FS);
}

static long op_dlimit_set(uint32_t xid)
{
	struct abi_dlimit d;
	long ret = dlimit_set(TAG, FS, 8192, 1000, 5);

	(void)xid;
	return ret < 0 ? ret : dlimit_get(TAG, FS, &d);
}

static long unify(void)
{
	return iattr_set(unified, IA_UNIFIED, IA_UNIFIED);
}

static long make_unified(void)
{
	int fd = open(unified, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	NEED_OK(E(fchmod(fd, 0666)));
	EQ(E(write(fd, "text", 4)), 4);
	close(fd);
	/* the last link is not copied */
	unlink(FS "/neighbour");
	NEED_OK(E(link(unified, FS "/neighbour")));
	return unify();
}

static long op_iattr(uint32_t xid)
{
	long ret = set_tag(disk_file, TAG);

	(void)xid;
	return ret < 0 ? ret : unify();
}

static long op_ask(uint32_t xid)
{
	static const char *const names[] = { "status", "sched", "limit", "cvirt", "cacct", "disk" };
	struct abi_virt_stat v;
	char path[80], text[4096];
	long ret = vs(CMD_virt_stat, xid, &v);

	for (unsigned int i = 0; ret >= 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/virtual/%u/%s", xid, names[i]);
		ret = read_file(path, text, sizeof(text));
	}
	return ret;
}

static long op_tag(uint32_t xid)
{
	(void)xid;
	return vs(CMD_tag_migrate, TAG, NULL);
}

static long op_net_migrate(uint32_t xid)
{
	return vs(CMD_net_migrate, NID(xid), NULL);
}

static long op_enter(uint32_t xid)
{
	struct abi_space s = { SP_UTS | SP_IPC | SP_FS, 0, 0 };

	return vs(CMD_enter_space_v2, xid, &s);
}

static long op_migrate(uint32_t xid)
{
	return ctx_migrate(xid, 0);
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

/* What is made is removed: it would be there for the next attempt. */
static long op_ipc(uint32_t xid)
{
	int shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), sem, msg;
	long ret;

	(void)xid;
	if (shm < 0)
		return -errno;
	sem = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
	ret = errno_of(sem);
	if (sem >= 0) {
		msg = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		ret = errno_of(msg);
		if (msg >= 0) {
			struct { long type; char text[8]; } m = { 1, "text" };

			ret = E(msgsnd(msg, &m, sizeof(m.text), IPC_NOWAIT));
			OK(E(msgctl(msg, IPC_RMID, NULL)));
		}
		OK(E(semctl(sem, 0, IPC_RMID)));
	}
	OK(E(shmctl(shm, IPC_RMID, NULL)));
	return ret;
}

/* Leaves what is open to the end of the process. */
static long op_sockets(uint32_t xid)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(to);
	long ret = 0;
	int fd;

	(void)xid;
	for (int i = 0; ret >= 0 && i < 3; i++) {
		ret = E(socket(families[i], SOCK_STREAM | SOCK_CLOEXEC, 0));
		if (ret >= 0 && families[i] != AF_UNIX)
			ret = E(listen(ret, 4));
	}
	if (ret < 0)
		return ret;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = E(bind(fd, (struct sockaddr *)&to, sizeof(to)));
	if (ret >= 0)
		ret = E(getsockname(fd, (struct sockaddr *)&to, &len));
	return ret < 0 ? ret : E(sendto(fd, "?", 1, MSG_DONTWAIT, (struct sockaddr *)&to, len));
}

static long op_files(uint32_t xid)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(disk_file, O_RDWR | O_CLOEXEC);
	long ret;

	(void)xid;
	if (fd < 0)
		return -errno;
	ret = E(fcntl(fd, F_SETLK, &lock));
	if (ret >= 0)
		ret = E(dup(fd));
	close(fd);
	return ret;
}

static long op_proc(uint32_t xid)
{
	static const char *const names[] = {
		"uptime", "loadavg", "meminfo", "stat", "cpuinfo", "self/status", "net/tcp",
		"net/unix", "mounts",
	};
	char path[40], text[8192];
	long ret = 0;

	(void)xid;
	for (unsigned int i = 0; ret >= 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s", names[i]);
		ret = read_file(path, text, sizeof(text));
	}
	return ret;
}

static long op_break_link(uint32_t xid)
{
	int fd = open(unified, O_WRONLY | O_CLOEXEC);

	(void)xid;
	return fd < 0 ? -errno : 0;
}

static long undo_break_link(uint32_t xid)
{
	(void)xid;
	NEED_OK(E(unlink(unified)));
	return make_unified();
}

static const struct step {
	const char *name;
	long (*op)(uint32_t xid);
	long (*undo)(uint32_t xid);
	long (*retry)(uint32_t xid);	/* instead of op; none: op */
	bool inside;			/* made by a member */
	int also[3];			/* what the kernel of old says for ENOMEM here */
} life[] = {
	{ "create", op_create, undo_create, NULL, false, { 0 } },
	{ "name", op_name, NULL, NULL, false, { 0 } },
	{ "words", op_words, NULL, NULL, false, { 0 } },
	{ "limits", op_limits, NULL, NULL, false, { 0 } },
	{ "cpu", op_cpu, NULL, NULL, false, { 0 } },
	{ "sched", op_sched, NULL, NULL, false, { 0 } },
	{ "disk", op_disk, NULL, NULL, false, { 0 } },
	{ "devices", op_device, undo_device, NULL, false, { 0 } },
	{ "spaces", op_space, NULL, NULL, false, { 0 } },
	{ "net", op_net, undo_net, NULL, false, { 0 } },
	{ "addresses", op_address, undo_address, retry_address, false, { 0 } },
	{ "dlimit", op_dlimit, undo_dlimit, NULL, false, { 0 } },
	{ "dlimit values", op_dlimit_set, NULL, NULL, false, { 0 } },
	{ "attributes", op_iattr, NULL, NULL, false, { 0 } },
	{ "questions", op_ask, NULL, NULL, false, { 0 } },
	{ "tag_migrate", op_tag, NULL, NULL, false, { 0 } },
	{ "net_migrate", op_net_migrate, NULL, NULL, false, { 0 } },
	{ "enter_space", op_enter, NULL, NULL, false, { 0 } },
	{ "ctx_migrate", op_migrate, NULL, NULL, false, { 0 } },
	{ "fork", op_fork, NULL, NULL, true, { 0 } },
	{ "sockets", op_sockets, NULL, NULL, true, { ENOBUFS, ENFILE, EADDRINUSE } },
	{ "System V objects", op_ipc, NULL, NULL, true, { ENOSPC } },
	{ "files", op_files, NULL, NULL, true, { ENOLCK } },
	{ "proc", op_proc, NULL, NULL, true, { ENOENT } },
	{ "unified file", op_break_link, undo_break_link, NULL, true, { 0 } },
};

static bool refusal(const struct step *s, long ret)
{
	for (int i = 0; i < 3; i++)
		if (s->also[i] && ret == -s->also[i])
			return true;
	return ret == -ENOMEM || ret == -EAGAIN;
}

static void in_step(const struct step *s, uint32_t xid, int n)
{
	long ret;
	bool hit;

	fail_open();
	if (s->inside) {
		NEED_OK(op_net_migrate(xid));
		NEED_OK(op_enter(xid));
		/* the tag goes with what enter_space replaces */
		NEED_OK(op_tag(xid));
		NEED_OK(op_migrate(xid));
	}
	fail_nth(n);
	ret = s->op(xid);
	hit = was_injected();
	if (ret < 0) {
		CHECK(hit && refusal(s, ret), "%s, allocation %d%s: %ld", s->name, n,
		      hit ? "" : " not failed", ret);
		ret = s->retry ? s->retry(xid) : s->op(xid);
		CHECK(ret >= 0, "%s after allocation %d had failed: %ld", s->name, n, ret);
	}
	_exit(hit ? 11 : 10);
}

/*
 * Fails the first allocation, then the second and so on until the step succeeds
 * without a failure. Returns how many it took.
 */
static int each_allocation(const struct step *s, uint32_t xid)
{
	int n;

	for (n = 1; n < 400; n++) {
		pid_t pid = host_fork();
		int code;

		if (pid == 0)
			in_step(s, xid, n);
		code = reap(pid);
		if (code == 10)
			return n - 1;
		if (!CHECK(code == 11, "%s: attempt %d ended with %d", s->name, n, code))
			return n;
		if (s->undo)
			OK(s->undo(xid));
		if (s->undo == undo_create)
			EQ(ctx_gone(xid, 2000), true);
	}
	CHECK(false, "%s: no end of failing allocations", s->name);
	return n;
}

static void loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	NEED_OK(E(unshare(CLONE_NEWNET)));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	NEED(fd >= 0);
	NEED_OK(E(ioctl(fd, SIOCSIFFLAGS, &ifr)));
	close(fd);
}

TEST_T(oom_life, 500, "each allocation in the life of a context fails once: refused, and then it works")
{
	enum { STEPS = sizeof(life) / sizeof(life[0]) };
	struct abi_nx_info nx;
	uint32_t xid = new_xid();
	int total = 0;

	need_failslab();
	leaks_from_here();
	TAGGED_FS();
	loopback();
	close(open(disk_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	NEED_OK(E(chmod(disk_file, 0666)));
	NEED_OK(make_unified());
	for (int i = 0; i < STEPS; i++) {
		int n = each_allocation(&life[i], xid);

		vs_note("%s: %d allocations", life[i].name, n);
		total += n;
		if (!i)
			CHECK(n > 0, "creating a context without an allocation?");
	}
	vs_note("%d allocations", total);
	EQ(ctx_tasks(xid), 1);
	OK(undo_dlimit(xid));
	OK(undo_net(xid));
	OK(undo_create(xid));
	EQ(ctx_gone(xid, 5000), true);
	EQ(vs(CMD_nx_info, NID(xid), &nx), -ESRCH);
	EQ(E(umount(FS)), 0);
	no_leaks();
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

			fail_open();
			fail_nth(n);
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
