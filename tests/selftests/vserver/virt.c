// SPDX-License-Identifier: GPL-2.0
/* What a context is told of the machine: its own part, by every way to ask. */
#include "vs_test.h"

#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <time.h>

#define VIRT_ALL (CF_VIRT_MEM | CF_VIRT_UPTIME | CF_VIRT_CPU | CF_VIRT_LOAD)

static double uptime_of(void)
{
	char buf[128];

	NEED_OK(read_file("/proc/uptime", buf, sizeof(buf)));
	return strtod(buf, NULL);
}

static long long number(const char *path, const char *label)
{
	static char buf[65536];
	char value[128];

	if (!OK(read_file(path, buf, sizeof(buf))))
		return -1;
	if (!CHECK(line_value(buf, label, value, sizeof(value)), "%s has \"%s\"", path, label))
		return -1;
	return strtoll(value, NULL, 10);
}

static int count_lines(const char *path, const char *start)
{
	static char buf[1 << 18];
	int n = 0;

	if (!OK(read_file(path, buf, sizeof(buf))))
		return -1;
	for (char *p = buf; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		n += !strncmp(p, start, strlen(start));
	return n;
}

/* Field 22 of /proc/self/stat, in ticks. */
static long long start_ticks(void)
{
	char buf[1024], *p;

	NEED_OK(read_file("/proc/self/stat", buf, sizeof(buf)));
	p = strrchr(buf, ')');
	NEED(p);
	for (int i = 0; i < 20; i++) {
		p = strchr(p + 1, ' ');
		NEED(p);
	}
	return strtoll(p, NULL, 10);
}

static int shown_cpus(void)
{
	static char buf[1 << 18];
	int n = 0;

	/* "processor : 0" on x86, with a tab */
	if (!OK(read_file("/proc/cpuinfo", buf, sizeof(buf))))
		return -1;
	for (char *p = buf; (p = strstr(p, "processor\t:")) != NULL; p++)
		n++;
	return n;
}

static int sysfs_cpus(void)
{
	char buf[256], *p = buf;
	int n = 0;

	if (!OK(read_file("/sys/devices/system/cpu/online", buf, sizeof(buf))))
		return -1;
	while (*p) {
		long a = strtol(p, &p, 10), b = a;

		if (*p == '-')
			b = strtol(p + 1, &p, 10);
		n += (int)(b - a + 1);
		if (*p != ',')
			break;
		p++;
	}
	return n;
}

static int affinity(void)
{
	cpu_set_t set;

	if (!OK(E(sched_getaffinity(0, sizeof(set), &set))))
		return -1;
	return CPU_COUNT(&set);
}

TEST(uptime, "VIRT_UPTIME: uptime, time of boot and times of start count from the context's own")
{
	struct guest g = { .flags = CF_VIRT_UPTIME }, plain = { 0 };
	double before = uptime_of();
	long long boot = number("/proc/stat", "btime ");
	pid_t pid;

	if (before < 5) {
		msleep(5000);
		before = uptime_of();
	}
	pid = guest_fork(&g);
	if (pid == 0) {
		struct sysinfo si;
		double up = uptime_of();
		long long own = number("/proc/stat", "btime ");

		CHECK(up < before, "its uptime is %.2f, the machine's was %.2f", up, before);
		EQ(E(sysinfo(&si)), 0);
		CHECK(si.uptime <= (long)uptime_of() + 1, "sysinfo says %ld", si.uptime);
		CHECK(llabs(own - (boot + (long long)before)) <= 60 && own > boot,
		      "booted at %lld, the machine at %lld", own, boot);
		CHECK(start_ticks() <= (long long)((uptime_of() + 1) * sysconf(_SC_CLK_TCK)),
		      "started at %lld ticks", start_ticks());
		/* a child is no older than its parent */
		pid_t kid = fork();

		if (kid == 0) {
			CHECK(start_ticks() >= 0, "a child's start");
			done();
		}
		reap_ok(kid);
		done();
	}
	reap_ok(pid);

	pid = guest_fork(&plain);
	if (pid == 0) {
		CHECK(uptime_of() >= before, "without the flag: the machine's");
		EQ(number("/proc/stat", "btime "), boot);
		done();
	}
	reap_ok(pid);
	CHECK(uptime_of() >= before, "the host's is what it was");
}

TEST_T(load, 120, "VIRT_LOAD: averages and numbers of processes are the context's own")
{
	struct guest g = { .flags = CF_VIRT_LOAD };
	struct abi_virt_stat v;
	pid_t pid = guest_fork(&g);
	char buf[256], path[64];

	if (pid == 0) {
		struct sysinfo si;
		pid_t busy[2];
		double load;
		int running, threads;

		NEED_OK(read_file("/proc/loadavg", buf, sizeof(buf)));
		CHECK(text_matches(buf, "^0\\.00 0\\.00 0\\.00 [0-9]+/1 [0-9]+$"), "at first: %s", buf);
		for (int i = 0; i < 2; i++) {
			busy[i] = fork();
			if (busy[i] == 0)
				for (;;)
					;
		}
		/* the first update may come at once, the next five seconds later */
		for (int i = 0; i < 600; i++) {
			NEED_OK(read_file("/proc/loadavg", buf, sizeof(buf)));
			NEED(sscanf(buf, "%lf %*f %*f %d/%d", &load, &running, &threads) == 3);
			if (load > 0.1)
				break;
			msleep(100);
		}
		EQ(threads, 3);
		CHECK(load > 0.1 && load <= 2.0, "load of two that are busy: %.2f", load);
		CHECK(running >= 2, "running: %d", running);
		EQ(E(sysinfo(&si)), 0);
		EQ(si.procs, 3);
		CHECK(si.loads[0] > 6000, "sysinfo says %lu", si.loads[0]);
		step_set(1);
		step_wait(2);
		for (int i = 0; i < 2; i++) {
			kill(busy[i], SIGKILL);
			reap(busy[i]);
		}
		done();
	}
	for (int i = 0; i < 1000 && atomic_load(&sh->step) < 1; i++)
		msleep(100);
	step_wait(1);
	OK(vs(CMD_virt_stat, g.xid, &v));
	EQ(v.nr_threads, 3);
	CHECK(v.nr_running >= 2, "running: %u", v.nr_running);
	CHECK(v.nr_forks >= 2 && v.nr_forks < 10, "forks: %u", v.nr_forks);
	CHECK(v.load[0] > 200 && v.load[0] <= 2 * 2048, "load: %u", v.load[0]);
	CHECK(v.uptime > 0 && v.offset > 0, "times");
	snprintf(path, sizeof(path), "/proc/virtual/%u/cvirt", g.xid);
	NEED_OK(read_file(path, sh->text, sizeof(sh->text)));
	CHECK(text_matches(sh->text, "^nr_threads:\t3$"), "cvirt:\n%s", sh->text);
	CHECK(text_matches(sh->text, "^loadavg:\t[0-2]\\.[0-9]{2} [0-2]\\.[0-9]{2} [0-2]\\.[0-9]{2}$"),
	      "cvirt:\n%s", sh->text);
	CHECK(text_matches(sh->text, "^load_updates:\t[1-9]"), "cvirt:\n%s", sh->text);
	step_set(2);
	reap_ok(pid);
}

TEST(virt_stat, "virt_stat: who may ask, and what is refused")
{
	struct guest a = SECURE_GUEST, b = { 0 };
	struct abi_virt_stat v;
	uint32_t other;
	pid_t pid;

	REFUSED(vs(CMD_virt_stat, 65533, &v), ESRCH);
	REFUSED(vs(CMD_virt_stat, 0, &v), ESRCH);
	pid = guest_fork(&a);
	if (pid == 0) {
		REFUSED(vs(CMD_virt_stat, XID_SELF, &v), EPERM);
		idle();
	}
	other = a.xid;
	OK(vs(CMD_virt_stat, other, &v));
	EQ(v.nr_threads, 1);
	REFUSED(vs(CMD_virt_stat, other, NULL), EFAULT);
	pid = guest_fork(&b);
	if (pid == 0) {
		OK(vs(CMD_virt_stat, XID_SELF, &v));
		REFUSED(vs(CMD_virt_stat, other, &v), EPERM);
		done();
	}
	reap_ok(pid);
}

static void put_in(const char *group)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	NEED_OK(write_file(path, "0"));
}

TEST(memory, "VIRT_MEM: memory and swap are what the control groups leave, nested ones too")
{
	const char *top = "/sys/fs/cgroup/vs-virt", *sub = "/sys/fs/cgroup/vs-virt/inner";
	struct guest g = { .flags = CF_VIRT_MEM };
	struct sysinfo si;
	long long whole;
	pid_t pid;

	if (access("/sys/fs/cgroup/cgroup.subtree_control", W_OK))
		vs_skip("no cgroup2 at /sys/fs/cgroup");
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(sub);
	rmdir(top);
	NEED_OK(E(mkdir(top, 0755)));
	if (access("/sys/fs/cgroup/vs-virt/memory.max", W_OK)) {
		rmdir(top);
		vs_skip("no memory controller");
	}
	NEED_OK(write_file("/sys/fs/cgroup/vs-virt/memory.max", "67108864"));
	write_file("/sys/fs/cgroup/vs-virt/memory.swap.max", "0");
	NEED_OK(write_file("/sys/fs/cgroup/vs-virt/cgroup.subtree_control", "+memory"));
	NEED_OK(E(mkdir(sub, 0755)));
	whole = number("/proc/meminfo", "MemTotal:");

	pid = guest_fork(&g);
	if (pid == 0) {
		long long free0, free1, cached;
		char *p;

		EQ(number("/proc/meminfo", "MemTotal:"), whole);	/* no limit yet */
		put_in(sub);
		EQ(number("/proc/meminfo", "MemTotal:"), 65536);
		EQ(E(sysinfo(&si)), 0);
		EQ((long long)si.totalram * si.mem_unit, 67108864);
		EQ(si.totalswap, 0);
		EQ(number("/proc/meminfo", "SwapTotal:"), 0);
		EQ(count_lines("/proc/swaps", ""), 1);
		free0 = number("/proc/meminfo", "MemFree:");
		CHECK(free0 > 0 && free0 <= 65536, "free: %lld kB", free0);
		p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		NEED(p != MAP_FAILED);
		memset(p, 1, 16 << 20);
		free1 = number("/proc/meminfo", "MemFree:");
		CHECK(free0 - free1 >= 15 << 10 && free0 - free1 <= 24 << 10,
		      "16 MiB more used: free %lld -> %lld kB", free0, free1);
		EQ(E(sysinfo(&si)), 0);
		CHECK(si.freeram < 67108864 - (15 << 20), "sysinfo says %lu free", si.freeram);
		cached = number("/proc/meminfo", "MemAvailable:");
		CHECK(cached >= free1 && cached <= 65536, "available: %lld kB", cached);
		CHECK(number("/proc/meminfo", "AnonPages:") >= 15 << 10, "anonymous pages");
		/* the inner limit is the less */
		step_set(1);
		step_wait(2);
		EQ(number("/proc/meminfo", "MemTotal:"), 32768);
		step_set(3);
		step_wait(4);
		/* the outer one is */
		EQ(number("/proc/meminfo", "MemTotal:"), 49152);
		munmap(p, 16 << 20);
		put_in("/sys/fs/cgroup");
		EQ(number("/proc/meminfo", "MemTotal:"), whole);
		done();
	}
	step_wait(1);
	OK(write_file("/sys/fs/cgroup/vs-virt/inner/memory.max", "33554432"));
	EQ(number("/proc/meminfo", "MemTotal:"), whole);	/* the host's */
	step_set(2);
	step_wait(3);
	OK(write_file("/sys/fs/cgroup/vs-virt/inner/memory.max", "max"));
	OK(write_file("/sys/fs/cgroup/vs-virt/memory.max", "50331648"));
	step_set(4);
	reap_ok(pid);
	EQ(E(rmdir(sub)), 0);
	EQ(E(rmdir(top)), 0);
}

static void limit_cpus(uint32_t xid, uint64_t ns)
{
	struct abi_cpu c = { .mask = CPU_MAX, .max = ns };

	OK(vs(CMD_set_cpu, xid, &c));
}

TEST(cpus, "VIRT_CPU: as many CPUs as the limit can keep busy, in files and system calls alike")
{
	struct guest g = { .flags = CF_VIRT_CPU };
	int all = sysfs_cpus();
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		cpu_set_t set;

		EQ(shown_cpus(), all);
		EQ(sysfs_cpus(), all);
		EQ(affinity(), all);
		EQ(count_lines("/proc/stat", "cpu"), all + 1);
		step_set(1);
		step_wait(2);		/* 60 % of one CPU */
		EQ(shown_cpus(), 1);
		EQ(sysfs_cpus(), 1);
		EQ(affinity(), 1);
		EQ(count_lines("/proc/stat", "cpu"), 2);
		EQ(sysconf(_SC_NPROCESSORS_ONLN), 1);
		/* who binds itself elsewhere is told where it is */
		for (int cpu = 0; cpu < all; cpu++) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			EQ(E(sched_setaffinity(0, sizeof(set), &set)), 0);
			EQ(E(sched_getaffinity(0, sizeof(set), &set)), cpu >= 0 ? 0 : -1);
			CHECK(CPU_ISSET(cpu, &set) && CPU_COUNT(&set) == 1, "bound to CPU %d", cpu);
		}
		step_set(3);
		step_wait(4);		/* more than there are */
		EQ(shown_cpus(), all);
		EQ(sysfs_cpus(), all);
		done();
	}
	step_wait(1);
	limit_cpus(g.xid, 600000000);
	EQ(shown_cpus(), all);
	EQ(affinity(), all);
	step_set(2);
	step_wait(3);
	limit_cpus(g.xid, 1000000000ull * (uint64_t)all);
	step_set(4);
	reap_ok(pid);
}

TEST(cpu_times, "VIRT_CPU: /proc/stat has the context's own time, and nothing of interrupts")
{
	struct guest g = { .flags = CF_VIRT_CPU | CF_VIRT_UPTIME };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		static char buf[65536];
		long long user, nice, sys, idle, user2, sum;
		struct timespec t;

		NEED_OK(read_file("/proc/stat", buf, sizeof(buf)));
		NEED(sscanf(buf, "cpu %lld %lld %lld %lld", &user, &nice, &sys, &idle) == 4);
		CHECK(user + sys < 300, "before it did anything: %lld user, %lld system", user, sys);
		do {
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		} while (t.tv_sec < 1);
		NEED_OK(read_file("/proc/stat", buf, sizeof(buf)));
		NEED(sscanf(buf, "cpu %lld %lld %lld %lld", &user2, &nice, &sum, &idle) == 4);
		CHECK(user2 + sum - user - sys >= 90, "a second of work: %lld ticks", user2 + sum - user - sys);
		EQ(number("/proc/stat", "ctxt "), 0);
		EQ(number("/proc/stat", "intr "), 0);
		CHECK(number("/proc/stat", "processes ") < 5, "forks of its own");
		CHECK(number("/proc/stat", "procs_running ") >= 1, "it runs itself");
		done();
	}
	reap_ok(pid);
}

TEST(none, "without the flags nothing is different from the host")
{
	struct guest g = { 0 };
	long long total = number("/proc/meminfo", "MemTotal:");
	int all = sysfs_cpus();
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(number("/proc/meminfo", "MemTotal:"), total);
		EQ(shown_cpus(), all);
		CHECK(number("/proc/stat", "ctxt ") > 0, "switches of the machine");
		done();
	}
	reap_ok(pid);
}

/* A set of capabilities in /proc/PID/status. */
static uint64_t caps_of(const char *pid, const char *label)
{
	char path[40], text[8192], value[128];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (!OK(read_file(path, text, sizeof(text))) ||
	    !CHECK(line_value(text, label, value, sizeof(value)), "%s has %s", path, label))
		return 0;
	return strtoull(value, NULL, 16);
}

TEST(caps, "a member's capabilities are shown without those its context withholds, to members only")
{
	static const char *const sets[] = { "CapPrm:\t", "CapEff:\t", "CapBnd:\t" };
	/* the upper half of the "secure" word is a slip of the tool: see flags.c */
	const uint64_t kept = (BC_SECURE & 0xffffffff) | 1ull << CAP_AUDIT_READ;
	struct guest g = SECURE_GUEST;
	uint64_t host[3];
	char name[20];
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	for (int i = 0; i < 3; i++)
		host[i] = caps_of("self", sets[i]);
	CHECK(host[1] & 1ull << CAP_SYS_MODULE, "root of the host lacks CAP_SYS_MODULE");
	pid = guest_fork(&g);
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			EQX(caps_of("self", sets[i]), host[i] & kept);
		EQ(E(prctl(PR_CAPBSET_READ, CAP_SYS_MODULE)), 0);
		EQ(E(prctl(PR_CAPBSET_READ, CAP_CHOWN)), 1);
		REFUSED(E(prctl(PR_CAPBSET_READ, 63)), EINVAL);
		step_set(1);
		idle();
	}
	step_wait(1);
	snprintf(name, sizeof(name), "%d", pid);
	/* the credentials of whoever does not belong there */
	for (int i = 0; i < 3; i++) {
		EQX(caps_of(name, sets[i]), host[i]);
		EQX(caps_of("self", sets[i]), host[i]);
	}
	EQ(E(prctl(PR_CAPBSET_READ, CAP_SYS_MODULE)), 1);
	EQ(ctx_kill(g.xid, 0, SIGKILL), 0);
	reap(pid);
}
