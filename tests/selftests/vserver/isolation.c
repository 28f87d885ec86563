// SPDX-License-Identifier: GPL-2.0
/*
 * No way from a context to processes outside, nor from the host or another
 * context into it. One test per path; each test first proves that the path
 * works where no context is in the way:
 *
 *   host -> host              works (also on a kernel without contexts)
 *   secure context -> host    refused
 *   context -> other context  refused
 *   context -> itself         works (unless it takes more than "secure" leaves)
 *   host -> context           refused (with ctx_kill and /proc/virtual instead)
 */
#include "vs_test.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

/* What attempts need to know about their target; set before they are forked. */
static struct {
	pid_t pid;
	int pidfd;	/* opened by somebody who may */
	int procfd;	/* /proc/<pid> kept open */
	int statfd;	/* /proc/<pid>/task kept open */
} v;

static char victim_buf[64] = "in the memory of the victim";

static void on_urg(int sig)
{
	(void)sig;
	atomic_fetch_add(&sh->hits[0], 1);
}

static void victim_body(int ready)
{
	signal(SIGURG, on_urg);
	setsid();
	strcpy(victim_buf, "victim");
	atomic_store(&sh->hits[1], ready);
	idle();
}

/*
 * The victim is a program started in its place: a process that has entered a
 * context and not called exec since is out of reach for the other members too.
 */
static void be_victim(int ready)
{
	char fd[12], n[12];

	snprintf(fd, sizeof(fd), "%d", vs_shared_fd);
	snprintf(n, sizeof(n), "%d", ready);
	execl(vs_self, vs_self, "--victim", fd, n, (char *)NULL);
	CHECK(false, "exec of %s: %s", vs_self, strerror(errno));
	_exit(99);
}

int vs_reexec(int argc, char **argv)
{
	/* being executed by the name of /proc/self/exe, see own_exe */
	if (argc >= 2 && !strcmp(argv[1], "--own-exe"))
		return 42;
	if (argc == 2 && !strcmp(argv[1], "--read-exe"))
		return readlink("/proc/self/exe", victim_buf, sizeof(victim_buf)) > 0 ? 43 : errno;
	if (argc != 4 || strcmp(argv[1], "--victim"))
		return -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vs_attach(atoi(argv[2]));
	victim_body(atoi(argv[3]));
	return 0;
}

static void victim_ready(pid_t pid, int n)
{
	char path[64];

	for (int i = 0; i < 5000 && atomic_load(&sh->hits[1]) != n; i++)
		msleep(1);
	NEED(CHECK(atomic_load(&sh->hits[1]) == n, "no victim"));
	v.pid = pid;
	v.pidfd = E(syscall(SYS_pidfd_open, pid, 0));
	NEED_OK(v.pidfd);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	v.procfd = E(open(path, O_RDONLY | O_DIRECTORY));
	NEED_OK(v.procfd);
	v.statfd = E(openat(v.procfd, "task", O_RDONLY | O_DIRECTORY));
	NEED_OK(v.statfd);
}

#define NOT_SAME	1	/* needs a capability that "secure" does not have */

static int run_in(pid_t pid, long (*attempt)(void))
{
	int ret;

	if (pid == 0) {
		ret = attempt();

		sh->val[0] = ret > 0 ? 0 : ret;
		_exit(0);
	}
	reap_ok(pid);
	ret = sh->val[0];
	sh->val[0] = -EIO;	/* for the next one, before it is forked */
	return ret;
}

static pid_t guest(uint64_t bcaps, uint32_t *xid)
{
	struct guest g = { .bcaps = bcaps, .ccaps = CC_SECURE };
	pid_t pid = guest_fork(&g);

	if (xid)
		*xid = g.xid;
	return pid;
}

static void run_path(long (*attempt)(void), int flags, int e1, int e2, int e3)
{
	uint32_t xid;
	long ret;
	pid_t pid;

	sh->val[0] = -EIO;
	pid = host_fork();
	if (pid == 0)
		be_victim(1);
	victim_ready(pid, 1);
	ret = run_in(host_fork(), attempt);
	if (ret == -ENOSYS)
		vs_skip("this kernel is built without that call");
	vs_ok("path", 0, "host to host", ret);
	if (vs_stock)
		return;
	vs_oneof("path", 0, "secure context to host", run_in(guest(BC_SECURE, NULL), attempt), e1, e2, e3);
	/* all capabilities are no way out either */
	vs_oneof("path", 0, "context with all bcaps to host", run_in(guest(BC_ALL, NULL), attempt), e1, e2, e3);

	pid = guest(BC_SECURE, &xid);
	if (pid == 0)
		be_victim(2);
	victim_ready(pid, 2);
	vs_oneof("path", 0, "context to another context", run_in(guest(BC_SECURE, NULL), attempt), e1, e2, e3);
	ret = run_in(guest_join(xid), attempt);
	if (flags & NOT_SAME)
		vs_check(ret <= 0, "path", 0, "context to itself: %ld", ret);
	else
		vs_ok("path", 0, "context to itself", ret);
	vs_oneof("path", 0, "host to context", run_in(host_fork(), attempt), e1, e2, e3);
}

#define PATH_F(name, desc, flags, ...)						\
	static long attempt_##name(void);					\
	TEST(name, desc)							\
	{ run_path(attempt_##name, flags, VS_3(__VA_ARGS__, 0, 0)); }		\
	static long attempt_##name(void)
#define PATH(name, desc, ...) PATH_F(name, desc, 0, __VA_ARGS__)

static const char *proc(const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d%s%s", v.pid, *file ? "/" : "", file);
	return path;
}

static long opens(const char *path)
{
	long fd = E(open(path, O_RDONLY));

	return fd < 0 ? fd : close(fd);
}

/* ---- /proc ---- */

PATH(proc_list, "/proc listing", ENOENT)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", v.pid);
	return dir_has("/proc", name) ? 0 : -ENOENT;
}

PATH(proc_lookup, "/proc/<pid> by name", ENOENT) { return opens(proc("")); }
PATH(proc_stat, "/proc/<pid>/stat", ENOENT) { return opens(proc("stat")); }
PATH(proc_status, "/proc/<pid>/status", ENOENT) { return opens(proc("status")); }
PATH(proc_cmdline, "/proc/<pid>/cmdline", ENOENT) { return opens(proc("cmdline")); }
PATH(proc_mem, "/proc/<pid>/mem", ENOENT) { return opens(proc("mem")); }
PATH(proc_environ, "/proc/<pid>/environ", ENOENT) { return opens(proc("environ")); }
PATH(proc_maps, "/proc/<pid>/maps", ENOENT) { return opens(proc("maps")); }
PATH(proc_root, "/proc/<pid>/root", ENOENT) { return opens(proc("root")); }
PATH(proc_cwd, "/proc/<pid>/cwd", ENOENT) { return opens(proc("cwd")); }
PATH(proc_exe, "/proc/<pid>/exe", ENOENT) { return opens(proc("exe")); }
PATH(proc_fd, "/proc/<pid>/fd", ENOENT) { return opens(proc("fd")); }
PATH(proc_fd_file, "/proc/<pid>/fd/<n>", ENOENT) { return E(access(proc("fd/1"), F_OK)); }
PATH(proc_ns, "/proc/<pid>/ns/uts", ENOENT) { return opens(proc("ns/uts")); }
PATH(proc_task, "/proc/<pid>/task", ENOENT) { return opens(proc("task")); }
PATH(proc_vinfo, "/proc/<pid>/vinfo", ENOENT)
{
	/* this one file is ours: there is no such path on a stock kernel */
	return vs_stock ? 0 : opens(proc("vinfo"));
}

PATH(proc_oom, "/proc/<pid>/oom_score_adj for writing", ENOENT)
{
	long fd = E(open(proc("oom_score_adj"), O_RDWR));

	return fd < 0 ? fd : close(fd);
}

PATH(proc_dir_kept, "a directory /proc/<pid> kept open", ENOENT, ESRCH, EACCES)
{
	long fd = E(openat(v.procfd, "stat", O_RDONLY));

	if (fd >= 0)
		return close(fd);
	return fd;
}

PATH(proc_dir_kept_mem, "mem through a directory /proc/<pid> kept open", ENOENT, ESRCH, EACCES)
{
	long fd = E(openat(v.procfd, "mem", O_RDONLY));

	return fd < 0 ? fd : close(fd);
}

PATH(proc_dir_kept_root, "root through a directory /proc/<pid> kept open", ENOENT, ESRCH, EACCES)
{
	long fd = E(openat(v.procfd, "root/etc", O_RDONLY | O_DIRECTORY));

	return fd < 0 ? fd : close(fd);
}

PATH(proc_dir_kept_list, "listing a directory /proc/<pid> kept open", ENOENT, ESRCH, EACCES)
{
	char buf[1024];

	lseek(v.procfd, 0, SEEK_SET);
	/* a directory that lists nothing gives nothing away */
	long ret = E(syscall(SYS_getdents64, v.procfd, buf, sizeof(buf)));

	return ret == 0 ? -ENOENT : ret;
}

PATH(proc_task_kept, "a directory /proc/<pid>/task kept open", ENOENT, ESRCH, EACCES)
{
	char name[16];
	long fd;

	snprintf(name, sizeof(name), "%d/stat", v.pid);
	fd = E(openat(v.statfd, name, O_RDONLY));
	return fd < 0 ? fd : close(fd);
}

/* ---- signals ---- */

PATH(kill_pid, "kill(pid)", ESRCH) { return E(kill(v.pid, SIGURG)); }
PATH(kill_probe, "kill(pid, 0)", ESRCH) { return E(kill(v.pid, 0)); }
PATH(kill_group, "kill(-pgrp)", ESRCH) { return E(kill(-v.pid, SIGURG)); }
PATH(tgkill, "tgkill", ESRCH) { return E(syscall(SYS_tgkill, v.pid, v.pid, SIGURG)); }
PATH(tkill, "tkill", ESRCH) { return E(syscall(SYS_tkill, v.pid, SIGURG)); }

static siginfo_t queued(void)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = SIGURG;
	si.si_code = SI_QUEUE;
	si.si_pid = getpid();
	return si;
}

PATH(rt_sigqueueinfo, "rt_sigqueueinfo", ESRCH)
{
	siginfo_t si = queued();

	return E(syscall(SYS_rt_sigqueueinfo, v.pid, SIGURG, &si));
}

PATH(rt_tgsigqueueinfo, "rt_tgsigqueueinfo", ESRCH)
{
	siginfo_t si = queued();

	return E(syscall(SYS_rt_tgsigqueueinfo, v.pid, v.pid, SIGURG, &si));
}

PATH(pidfd_open, "pidfd_open", ESRCH)
{
	long fd = E(syscall(SYS_pidfd_open, v.pid, 0));

	return fd < 0 ? fd : close(fd);
}

PATH(pidfd_send_signal, "pidfd_send_signal on an inherited pidfd", ESRCH, EPERM)
{
	return E(syscall(SYS_pidfd_send_signal, v.pidfd, SIGURG, NULL, 0));
}

PATH(pidfd_send_signal_dir, "pidfd_send_signal on /proc/<pid> kept open", ESRCH, EPERM)
{
	return E(syscall(SYS_pidfd_send_signal, v.procfd, SIGURG, NULL, 0));
}

PATH(pidfd_getfd, "pidfd_getfd on an inherited pidfd", ESRCH, EPERM)
{
	long fd = E(syscall(SYS_pidfd_getfd, v.pidfd, 1, 0));

	return fd < 0 ? fd : close(fd);
}

PATH_F(pidfd_setns, "setns with an inherited pidfd", NOT_SAME, ESRCH, EPERM)
{
	return E(setns(v.pidfd, CLONE_NEWUTS));
}

PATH(fcntl_setown, "fcntl F_SETOWN pid", ESRCH)
{
	int p[2];

	NEED_OK(E(pipe(p)));
	return E(fcntl(p[0], F_SETOWN, v.pid));
}

PATH(fcntl_setown_group, "fcntl F_SETOWN process group", ESRCH)
{
	int p[2];

	NEED_OK(E(pipe(p)));
	return E(fcntl(p[0], F_SETOWN, -v.pid));
}

/* ---- looking into, changing ---- */

PATH(ptrace_attach, "ptrace attach", ESRCH, EPERM)
{
	long ret = E(ptrace(PTRACE_ATTACH, v.pid, 0, 0));
	int st;

	if (ret)
		return ret;
	waitpid(v.pid, &st, __WALL);
	return E(ptrace(PTRACE_DETACH, v.pid, 0, 0));
}

PATH(ptrace_seize, "ptrace seize", ESRCH, EPERM) { return E(ptrace(PTRACE_SEIZE, v.pid, 0, 0)); }

static long copy_mem(long nr)
{
	char text[8] = "tamper";
	struct iovec l = { text, 7 }, r = { victim_buf, 7 };
	long ret = E(syscall(nr, v.pid, &l, 1ul, &r, 1ul, 0ul));

	if (ret == 7 && nr == SYS_process_vm_readv && strcmp(text, "victim") && strcmp(text, "tamper"))
		return -EILSEQ;
	return ret;
}

PATH(process_vm_readv, "process_vm_readv", ESRCH, EPERM) { return copy_mem(SYS_process_vm_readv); }
PATH(process_vm_writev, "process_vm_writev", ESRCH, EPERM) { return copy_mem(SYS_process_vm_writev); }

PATH_F(process_madvise, "process_madvise on an inherited pidfd", NOT_SAME, ESRCH, EPERM, EACCES)
{
	struct iovec r = { (void *)((uintptr_t)victim_buf & ~4095ul), 4096 };

	return E(syscall(SYS_process_madvise, v.pidfd, &r, 1ul, MADV_COLD, 0));
}

PATH(kcmp, "kcmp", ESRCH, EPERM)
{
	return E(syscall(SYS_kcmp, getpid(), v.pid, KCMP_VM, 0ul, 0ul));
}

PATH(get_robust_list, "get_robust_list", ESRCH, EPERM)
{
	void *head;
	size_t len;

	return E(syscall(SYS_get_robust_list, v.pid, &head, &len));
}

PATH(perf_event_open, "perf_event_open(pid)", ESRCH, EACCES, EPERM)
{
	struct perf_event_attr a;
	long fd;

	memset(&a, 0, sizeof(a));
	a.type = PERF_TYPE_SOFTWARE;
	a.size = sizeof(a);
	a.config = PERF_COUNT_SW_TASK_CLOCK;
	a.exclude_kernel = 1;
	a.exclude_hv = 1;
	fd = E(syscall(SYS_perf_event_open, &a, v.pid, -1, -1, 0));
	return fd < 0 ? fd : close(fd);
}

PATH(capget, "capget(pid)", ESRCH)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, v.pid };
	struct __user_cap_data_struct d[2];

	return E(syscall(SYS_capget, &h, d));
}

PATH(cpu_clock, "the CPU clock of a process", EINVAL, ESRCH)
{
	struct timespec ts;
	long ret = E(syscall(SYS_clock_gettime, (int)(~(unsigned int)v.pid << 3 | 2), &ts));

	return ret;
}

/* ---- priorities, scheduling, limits ---- */

PATH(getpriority, "getpriority PRIO_PROCESS", ESRCH)
{
	return E(syscall(SYS_getpriority, PRIO_PROCESS, v.pid));
}

PATH(getpriority_group, "getpriority PRIO_PGRP", ESRCH)
{
	return E(syscall(SYS_getpriority, PRIO_PGRP, v.pid));
}

PATH(setpriority, "setpriority PRIO_PROCESS", ESRCH) { return E(setpriority(PRIO_PROCESS, v.pid, 0)); }
PATH(setpriority_group, "setpriority PRIO_PGRP", ESRCH) { return E(setpriority(PRIO_PGRP, v.pid, 0)); }

#define IOPRIO_PROCESS	1
#define IOPRIO_PGRP	2
#define IOPRIO_USER	3
#define IOPRIO_BE4	(2 << 13 | 4)

PATH(ioprio_get, "ioprio_get", ESRCH) { return E(syscall(SYS_ioprio_get, IOPRIO_PROCESS, v.pid)); }
PATH(ioprio_set, "ioprio_set", ESRCH)
{
	return E(syscall(SYS_ioprio_set, IOPRIO_PROCESS, v.pid, IOPRIO_BE4));
}

PATH(ioprio_get_group, "ioprio_get of a process group", ESRCH)
{
	return E(syscall(SYS_ioprio_get, IOPRIO_PGRP, v.pid));
}

PATH(ioprio_set_group, "ioprio_set of a process group", ESRCH)
{
	return E(syscall(SYS_ioprio_set, IOPRIO_PGRP, v.pid, IOPRIO_BE4));
}

PATH(sched_getaffinity, "sched_getaffinity", ESRCH)
{
	cpu_set_t set;

	return E(sched_getaffinity(v.pid, sizeof(set), &set));
}

PATH(sched_setaffinity, "sched_setaffinity", ESRCH)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return E(sched_setaffinity(v.pid, sizeof(set), &set));
}

PATH(sched_getscheduler, "sched_getscheduler", ESRCH) { return E(sched_getscheduler(v.pid)); }

PATH(sched_setscheduler, "sched_setscheduler", ESRCH)
{
	struct sched_param p = { 0 };

	return E(sched_setscheduler(v.pid, SCHED_OTHER, &p));
}

PATH(sched_getparam, "sched_getparam", ESRCH)
{
	struct sched_param p;

	return E(sched_getparam(v.pid, &p));
}

PATH(sched_setparam, "sched_setparam", ESRCH)
{
	struct sched_param p = { 0 };

	return E(sched_setparam(v.pid, &p));
}

PATH(sched_getattr, "sched_getattr", ESRCH)
{
	char attr[64];

	return E(syscall(SYS_sched_getattr, v.pid, attr, 56, 0));
}

PATH(sched_rr_get_interval, "sched_rr_get_interval", ESRCH)
{
	struct timespec ts;

	return E(sched_rr_get_interval(v.pid, &ts));
}

PATH(prlimit, "prlimit reading", ESRCH)
{
	struct rlimit r;

	return E(prlimit(v.pid, RLIMIT_NOFILE, NULL, &r));
}

PATH(prlimit_set, "prlimit writing", ESRCH)
{
	struct rlimit r = { 64, 64 };

	return E(prlimit(v.pid, RLIMIT_NOFILE, &r, NULL));
}

PATH(getpgid, "getpgid", ESRCH) { return E(getpgid(v.pid)); }
PATH(getsid, "getsid", ESRCH) { return E(getsid(v.pid)); }

PATH(migrate_pages, "migrate_pages", ESRCH, EPERM)
{
	unsigned long node = 1;

	return E(syscall(SYS_migrate_pages, v.pid, 8ul, &node, &node));
}

PATH(move_pages, "move_pages", ESRCH, EPERM)
{
	void *page = victim_buf;
	int status;

	return E(syscall(SYS_move_pages, v.pid, 1ul, &page, NULL, &status, 0));
}

/* ---- several targets at once ---- */

/* A victim of its own user, so that "all of a user" and -1 have a target. */
static pid_t user_victim(uint32_t uid, int slot)
{
	pid_t pid = host_fork();

	if (pid == 0) {
		signal(SIGURG, on_urg);
		drop_to_user(uid);
		atomic_fetch_add(&sh->hits[slot], 1);
		idle();
	}
	return pid;
}

TEST(kill_all, "kill(-1): as root in a context it reaches the context and nothing else")
{
	pid_t pid, inside;
	int before;

	user_victim(1000, 1);
	while (!sh->hits[1])
		msleep(1);
	/* on the host: as that user, so that only the victim is meant */
	pid = host_fork();
	if (pid == 0) {
		signal(SIGURG, SIG_IGN);
		drop_to_user(1000);
		EQ(E(kill(-1, SIGURG)), 0);
		done();
	}
	reap_ok(pid);
	for (int i = 0; i < 1000 && !sh->hits[0]; i++)
		msleep(1);
	EQ(sh->hits[0], 1);
	if (vs_stock)
		return;
	before = sh->hits[0];
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		signal(SIGURG, SIG_IGN);
		/* nobody else there */
		EQ(E(kill(-1, SIGURG)), -ESRCH);
		inside = user_victim(1000, 2);
		while (!sh->hits[2])
			msleep(1);
		EQ(E(kill(-1, SIGURG)), 0);
		for (int i = 0; i < 1000 && sh->hits[0] == before; i++)
			msleep(1);
		EQ(sh->hits[0], before + 1);
		EQ(E(kill(-1, SIGKILL)), 0);
		EQ(reap(inside), 128 + SIGKILL);
		done();
	}
	reap_ok(pid);
	msleep(20);
	EQ(sh->hits[0], before + 1);
}

TEST(kill_all_host, "kill(-1) on the host does not reach into a context")
{
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		user_victim(1001, 1);
		while (!sh->hits[1])
			msleep(1);
		step_set(1);
		idle();
	}
	step_wait(1);
	user_victim(1001, 2);
	while (!sh->hits[2])
		msleep(1);
	pid = host_fork();
	if (pid == 0) {
		signal(SIGURG, SIG_IGN);
		drop_to_user(1001);
		EQ(E(kill(-1, SIGURG)), 0);
		done();
	}
	reap_ok(pid);
	for (int i = 0; i < 1000 && !sh->hits[0]; i++)
		msleep(1);
	msleep(50);
	EQ(sh->hits[0], 1);	/* the one on the host */
}

TEST(kill_own_group, "kill(0) in a process group that spans host and context: members only")
{
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	setsid();
	signal(SIGURG, on_urg);		/* hits[0]: anybody of the group */
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		EQ(getpgid(0) >= 0, true);
		EQ(E(kill(0, SIGURG)), 0);
		msleep(20);
		EQ(sh->hits[0], 1);
		done();
	}
	reap_ok(pid);
	msleep(20);
	EQ(sh->hits[0], 1);
}

TEST(priority_user, "getpriority and setpriority PRIO_USER count the own context only")
{
	const int uid = 1002;
	pid_t pid, o = user_victim(uid, 1);

	while (!sh->hits[1])
		msleep(1);
	pid = host_fork();
	if (pid == 0) {
		EQ(E(syscall(SYS_getpriority, PRIO_USER, uid)), 20);
		EQ(E(setpriority(PRIO_USER, uid, 3)), 0);
		EQ(E(syscall(SYS_getpriority, PRIO_PROCESS, o)), 17);
		done();
	}
	reap_ok(pid);
	if (vs_stock)
		return;
	pid = guest(BC_ALL, NULL);
	if (pid == 0) {
		pid_t in;

		EQ(E(syscall(SYS_getpriority, PRIO_USER, uid)), -ESRCH);
		EQ(E(setpriority(PRIO_USER, uid, 5)), -ESRCH);
		in = user_victim(uid, 2);
		while (!sh->hits[2])
			msleep(1);
		EQ(E(syscall(SYS_getpriority, PRIO_USER, uid)), 20);
		EQ(E(setpriority(PRIO_USER, uid, 7)), 0);
		EQ(E(syscall(SYS_getpriority, PRIO_PROCESS, in)), 13);
		done();
	}
	reap_ok(pid);
	EQ(E(syscall(SYS_getpriority, PRIO_PROCESS, o)), 17);
}

TEST(ioprio_user, "ioprio_get and ioprio_set of a user count the own context only")
{
	const int uid = 1003;
	pid_t pid, o = user_victim(uid, 1);

	while (!sh->hits[1])
		msleep(1);
	pid = host_fork();
	if (pid == 0) {
		OK(E(syscall(SYS_ioprio_get, IOPRIO_USER, uid)));
		EQ(E(syscall(SYS_ioprio_set, IOPRIO_USER, uid, IOPRIO_BE4)), 0);
		EQ(E(syscall(SYS_ioprio_get, IOPRIO_PROCESS, o)), IOPRIO_BE4);
		done();
	}
	reap_ok(pid);
	if (vs_stock)
		return;
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		long set = E(syscall(SYS_ioprio_set, IOPRIO_USER, uid, IOPRIO_BE4 + 1));

		EQ(E(syscall(SYS_ioprio_get, IOPRIO_USER, uid)), -ESRCH);
		EQ(set, -ESRCH);
		done();
	}
	reap_ok(pid);
	EQ(E(syscall(SYS_ioprio_get, IOPRIO_PROCESS, o)), IOPRIO_BE4);
}

/* ---- waiting ---- */

TEST(wait_foreign, "waiting for somebody else's child: ECHILD by pid, group and pidfd; for the own one it works")
{
	pid_t pid = host_fork();
	siginfo_t si;
	int st;

	if (pid == 0)
		be_victim(1);
	victim_ready(pid, 1);
	pid = host_fork();
	if (pid == 0) {
		pid_t c = fork();

		if (c == 0)
			_exit(3);
		EQ(E(waitpid(c, &st, 0)), c);
		EQ(E(waitpid(v.pid, &st, WNOHANG)), -ECHILD);
		EQ(E(waitid(3, v.pidfd, &si, WEXITED | WNOHANG)), -ECHILD);
		done();
	}
	reap_ok(pid);
	if (vs_stock)
		return;
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		pid_t c = fork();

		if (c == 0)
			_exit(3);
		EQ(E(waitpid(c, &st, 0)), c);
		EQ(E(waitpid(v.pid, &st, WNOHANG)), -ECHILD);
		EQ(E(waitpid(-v.pid, &st, WNOHANG)), -ECHILD);
		EQ(E(waitid(3, v.pidfd, &si, WEXITED | WNOHANG)), -ECHILD);
		done();
	}
	/* a parent on the host waits for its child in a context as ever */
	reap_ok(pid);
}

TEST(host_parent, "a parent on the host sees and reaps its child in a context, but cannot kill(2) it")
{
	char name[16];
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	pid = guest(BC_SECURE, NULL);
	if (pid == 0)
		idle();
	v.pid = pid;
	EQ(E(access(proc("stat"), R_OK)), 0);
	snprintf(name, sizeof(name), "%d", pid);
	EQ(dir_has("/proc", name), true);
	EQ(E(kill(pid, SIGKILL)), -ESRCH);
	OK(ctx_kill(task_xid(pid), 0, SIGKILL));
	EQ(reap(pid), 128 + SIGKILL);
}

TEST(host_sees_all, "sysctl host_sees_all: off by default; on, the host sees guests")
{
	static const char *knob = "/proc/sys/kernel/vserver/host_sees_all";
	char old[16], name[16];
	pid_t pid, a;

	if (vs_stock)
		vs_skip("needs contexts");
	NEED_OK(read_file(knob, old, sizeof(old)));
	EQ(atoi(old), 0);
	pid = guest(BC_SECURE, NULL);
	if (pid == 0)
		idle();
	v.pid = pid;
	snprintf(name, sizeof(name), "%d", pid);
	for (int on = 1; on >= 0; on--) {
		NEED_OK(write_file(knob, on ? "1" : "0"));
		a = host_fork();
		if (a == 0) {
			EQ(dir_has("/proc", name), on);
			EQ(E(access(proc("stat"), R_OK)), on ? 0 : -ENOENT);
			done();
		}
		reap_ok(a);
		/* guests do not profit */
		a = guest(BC_SECURE, NULL);
		if (a == 0) {
			EQ(dir_has("/proc", name), false);
			EQ(write_file(knob, "1") < 0, true);
			done();
		}
		reap_ok(a);
	}
}

/* ---- what a guest does see ---- */

TEST(proc_own, "a guest lists its own processes, and these only")
{
	pid_t pid, own[3];

	if (vs_stock)
		vs_skip("needs contexts");
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		DIR *d;
		struct dirent *e;
		int n = 0;

		for (int i = 0; i < 3; i++) {
			own[i] = host_fork();
			if (own[i] == 0)
				idle();
		}
		d = opendir("/proc");
		while ((e = readdir(d))) {
			int p = atoi(e->d_name);

			if (!p)
				continue;
			if (p == getpid() || p == own[0] || p == own[1] || p == own[2])
				n++;
			else
				CHECK(p == 1, "sees process %d", p);
		}
		closedir(d);
		EQ(n, 4);
		done();
	}
	reap_ok(pid);
}

TEST(host_init, "the host's init cannot be signalled, traced or read from a context")
{
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	pid = guest(BC_ALL, NULL);
	if (pid == 0) {
		EQ(E(kill(1, 0)) < 0, true);
		EQ(E(kill(1, SIGURG)) < 0, true);
		EQ(E(ptrace(PTRACE_SEIZE, 1, 0, 0)) < 0, true);
		EQ(opens("/proc/1/mem") < 0, true);
		EQ(opens("/proc/1/environ") < 0, true);
		EQ(opens("/proc/1/root") < 0, true);
		EQ(opens("/proc/1/cwd") < 0, true);
		EQ(opens("/proc/1/ns/mnt") < 0, true);
		EQ(E(syscall(SYS_pidfd_open, 1, 0)) < 0 ||
		   E(syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, 1, 0), 0, NULL, 0)) < 0, true);
		EQ(E(kill(2, 0)), -ESRCH);	/* kernel threads */
		EQ(E(access("/proc/2", F_OK)), -ENOENT);
		done();
	}
	reap_ok(pid);
}

TEST(entered_late, "a process that enters loses sight of the host at once, also in its open /proc directories")
{
	struct guest g = SECURE_GUEST;
	pid_t o, pid;
	char name[16];

	if (vs_stock)
		vs_skip("needs contexts");
	o = host_fork();
	if (o == 0)
		idle();
	pid = guest_fork(&g);
	if (pid == 0)
		idle();
	pid = host_fork();
	if (pid == 0) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		snprintf(name, sizeof(name), "%d", o);
		v.pid = o;
		EQ(opens(proc("stat")), 0);		/* in the cache now */
		NEED_OK(ctx_migrate(g.xid, 0));
		EQ(opens(proc("stat")), -ENOENT);
		EQ(E(kill(o, 0)), -ESRCH);
		while ((e = readdir(d)))
			CHECK(strcmp(e->d_name, name), "an open listing shows %s", name);
		done();
	}
	reap_ok(pid);
}

/* ---- abstract unix sockets ---- */

static char sock_name[32];

static socklen_t abstract(struct sockaddr_un *a)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path + 1, sock_name, strlen(sock_name));
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(sock_name);
}

static long bound(int type)
{
	struct sockaddr_un a;
	socklen_t len = abstract(&a);
	int s = socket(AF_UNIX, type, 0);
	long ret = E(bind(s, (void *)&a, len));

	if (ret) {
		close(s);
		return ret;
	}
	if (type != SOCK_DGRAM)
		listen(s, 5);
	return s;
}

static long reaches(int type)
{
	struct sockaddr_un a;
	socklen_t len = abstract(&a);
	int s = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
	long ret = E(connect(s, (void *)&a, len));

	close(s);
	return ret;
}

static long sends(void)
{
	struct sockaddr_un a;
	socklen_t len = abstract(&a);
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	long ret = E(sendto(s, "x", 1, MSG_DONTWAIT, (void *)&a, len));

	close(s);
	return ret < 0 ? ret : 0;
}

static void unix_test(int type)
{
	uint32_t xid;
	pid_t pid, a;
	long s;

	snprintf(sock_name, sizeof(sock_name), "vs-test-%d-%d", getpid(), type);
	s = bound(type);
	NEED_OK(s);
	EQ(bound(type), -EADDRINUSE);
	EQ(reaches(type), 0);
	if (type == SOCK_DGRAM)
		EQ(sends(), 0);
	if (vs_stock)
		return;
	/* a guest neither reaches the host's socket nor finds the name taken */
	pid = guest(BC_SECURE, &xid);
	if (pid == 0) {
		close(s);	/* that was inherited and is not the question */
		EQ(reaches(type), -ECONNREFUSED);
		if (type == SOCK_DGRAM)
			EQ(sends(), -ECONNREFUSED);
		OK(bound(type));
		EQ(bound(type), -EADDRINUSE);
		EQ(reaches(type), 0);
		step_set(1);
		idle();
	}
	step_wait(1);
	/* a second process of the same context reaches it, another context not */
	a = guest_join(xid);
	if (a == 0) {
		close(s);
		EQ(reaches(type), 0);
		done();
	}
	reap_ok(a);
	a = guest(BC_SECURE, NULL);
	if (a == 0) {
		close(s);
		EQ(reaches(type), -ECONNREFUSED);
		if (type == SOCK_DGRAM)
			EQ(sends(), -ECONNREFUSED);
		done();
	}
	reap_ok(a);
	/* without its own, the host does not reach the guest's */
	close(s);
	EQ(reaches(type), -ECONNREFUSED);
	if (type == SOCK_DGRAM)
		EQ(sends(), -ECONNREFUSED);
	s = bound(type);
	OK(s);
	EQ(reaches(type), 0);
}

/* Does unix_diag tell of this abstract name (1), or not (0)? */
static long diag_lists(const char *name)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} q = {
		.h = { sizeof(q), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0 },
		.r = { .sdiag_family = AF_UNIX, .udiag_states = -1, .udiag_show = UDIAG_SHOW_NAME },
	};
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	static char buf[32768] __attribute__((aligned(8)));
	bool end = false, found = false;

	NEED_OK(E(s));
	NEED_OK(E(send(s, &q, sizeof(q), 0)));
	while (!end) {
		ssize_t n = recv(s, buf, sizeof(buf), 0);

		NEED_OK(E(n));
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			NEED(h->nlmsg_type != NLMSG_ERROR);
			end |= h->nlmsg_type == NLMSG_DONE;
			found |= h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
				 memmem(h, h->nlmsg_len, name, strlen(name));
		}
	}
	close(s);
	return found;
}

/* Ask for one socket by its inode: 0, or the error it answers. */
static long diag_one(uint32_t inode)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} q = {
		.h = { sizeof(q), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0 },
		.r = { .sdiag_family = AF_UNIX, .udiag_states = -1, .udiag_ino = inode,
		       .udiag_show = UDIAG_SHOW_NAME, .udiag_cookie = { -1, -1 } },
	};
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	static char buf[4096] __attribute__((aligned(8)));
	struct nlmsghdr *h = (void *)buf;

	NEED_OK(E(s));
	NEED_OK(E(send(s, &q, sizeof(q), 0)));
	NEED_OK(E(recv(s, buf, sizeof(buf), 0)));
	close(s);
	return h->nlmsg_type == NLMSG_ERROR ? ((struct nlmsgerr *)NLMSG_DATA(h))->error : 0;
}

TEST(unix_diag, "unix_diag: a context's own sockets only, in the list and by number")
{
	struct stat st;
	pid_t pid;
	int s;

	snprintf(sock_name, sizeof(sock_name), "vs-diag-%d", getpid());
	s = bound(SOCK_STREAM);
	NEED_OK(s);
	NEED_OK(E(fstat(s, &st)));
	EQ(diag_lists(sock_name), 1);
	EQ(diag_one(st.st_ino), 0);
	if (vs_stock)
		return;
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		EQ(diag_lists(sock_name), 0);
		EQ(diag_one(st.st_ino), -ENOENT);
		s = bound(SOCK_STREAM);
		NEED_OK(s);
		NEED_OK(E(fstat(s, &st)));
		EQ(diag_lists(sock_name), 1);
		EQ(diag_one(st.st_ino), 0);
		done();
	}
	reap_ok(pid);
}

TEST(unix_stream, "abstract unix stream sockets: connect and bind, both directions") { unix_test(SOCK_STREAM); }
TEST(unix_seqpacket, "abstract unix seqpacket sockets: connect and bind, both directions") { unix_test(SOCK_SEQPACKET); }
TEST(unix_dgram, "abstract unix datagram sockets: connect, sendto and bind, both directions") { unix_test(SOCK_DGRAM); }

/* ---- tracing that began on the host ---- */

TEST(traced_entry, "a process that is traced when it enters a context stays with its tracer")
{
	pid_t middle, pid;
	int st;

	if (vs_stock)
		vs_skip("needs contexts");
	/* a grandchild: the tracer does not see it for being its parent */
	middle = host_fork();
	if (middle == 0) {
		pid = host_fork();
		if (pid == 0) {
			sh->val[1] = getpid();
			step_set(1);
			step_wait(2);
			NEED_OK(ctx_create(new_xid(), CF_ONE_TIME));
			raise(SIGUSR1);
			done();
		}
		reap_ok(pid);
		done();
	}
	step_wait(1);
	pid = sh->val[1];
	NEED_OK(E(ptrace(PTRACE_SEIZE, pid, 0, 0)));
	step_set(2);
	EQ(waitpid(pid, &st, __WALL), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGUSR1, "status %x, not stopped by SIGUSR1", st);
	EQ(E(ptrace(PTRACE_CONT, pid, 0, 0)), 0);
	EQ(waitpid(pid, &st, __WALL), pid);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0, "status %x", st);
	reap_ok(middle);
}

/* ---- io_uring ---- */

static long ring_new(void)
{
	struct io_uring_params p;

	memset(&p, 0, sizeof(p));
	return E(syscall(SYS_io_uring_setup, 4, &p));
}

static long ring_enter(int fd) { return E(syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL, 0)); }

static long ring_register(int fd)
{
	struct { struct io_uring_probe p; struct io_uring_probe_op op[8]; } probe;

	memset(&probe, 0, sizeof(probe));
	return E(syscall(SYS_io_uring_register, fd, IORING_REGISTER_PROBE, &probe, 8));
}

static long ring_mmap(int fd)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, 4096);
	return 0;
}

/* Ask the kernel to pass a ring: 6.7 and later refuse that for everybody. */
static long send_fd(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return E(sendmsg(sock, &m, MSG_DONTWAIT));
}

static int receive_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &m, MSG_DONTWAIT) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* Newer than the headers of the oldest release this builds on. */
#define RING_OP_MSG_RING	40
#define RING_CLONE_BUFFERS	30
struct ring_clone { uint32_t src_fd, flags, pad[6]; };

/* A message to the ring @to, sent by a new ring of the caller. */
static long ring_message(int to)
{
	struct io_uring_params p;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	size_t size;
	char *ring;
	long ret;
	int fd;

	memset(&p, 0, sizeof(p));
	fd = syscall(SYS_io_uring_setup, 1, &p);
	if (fd < 0)
		return -errno;
	NEED(p.features & IORING_FEAT_SINGLE_MMAP);
	size = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
	if (size < p.cq_off.cqes + p.cq_entries * sizeof(*cqe))
		size = p.cq_off.cqes + p.cq_entries * sizeof(*cqe);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   IORING_OFF_SQES);
	NEED(ring != MAP_FAILED && sqe != MAP_FAILED);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = RING_OP_MSG_RING;
	sqe->fd = to;
	sqe->off = 42;
	*(uint32_t *)(ring + p.sq_off.array) = 0;
	*(uint32_t *)(ring + p.sq_off.tail) = 1;
	ret = E(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	if (ret == 1) {
		cqe = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
		ret = cqe->res;
	}
	munmap(sqe, p.sq_entries * sizeof(*sqe));
	munmap(ring, size);
	close(fd);
	return ret;
}

/* The buffers of the ring @from, copied into a new ring of the caller. */
static long ring_clone(int from)
{
	struct ring_clone arg = { .src_fd = from };
	long ret, fd = ring_new();

	if (fd < 0)
		return fd;
	ret = E(syscall(SYS_io_uring_register, (int)fd, RING_CLONE_BUFFERS, &arg, 1));
	close(fd);
	return ret;
}

static void ring_works(int fd)
{
	EQ(ring_enter(fd), 0);
	EQ(ring_register(fd), 0);
	EQ(ring_mmap(fd), 0);
	EQ(ring_message(fd), 0);
	/* found out after the check of contexts: no buffers, or another's memory */
	REFUSED(ring_clone(fd), ENXIO, EINVAL);
}

static void ring_refused(int fd)
{
	EQ(ring_enter(fd), -EACCES);
	EQ(ring_register(fd), -EACCES);
	EQ(ring_message(fd), -EACCES);
	EQ(ring_clone(fd), -EACCES);
	/* mainline turns every refusal on this way into ENOMEM */
	REFUSED(ring_mmap(fd), EACCES, ENOMEM);
}

TEST(io_uring_passed, "an io_uring ring of the host, passed to a context: useless there")
{
	int s[2], ring, other;
	pid_t pid;

	NEED_OK(E(socketpair(AF_UNIX, SOCK_STREAM, 0, s)));
	ring = ring_new();
	if (ring == -ENOSYS)
		vs_skip("this kernel has no io_uring");
	NEED_OK(ring);
	ring_works(ring);
	/* inherited on the host: works */
	pid = host_fork();
	if (pid == 0) {
		ring_works(ring);
		done();
	}
	reap_ok(pid);
	if (vs_stock)
		return;
	other = send_fd(s[0], ring);
	vs_note("SCM_RIGHTS: %s", other < 0 ? "refused by the kernel for every ring" : "passed");
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		ring_refused(ring);
		if (other >= 0) {
			other = receive_fd(s[1]);
			if (other >= 0)
				ring_refused(other);
		}
		ring_works(ring_new());
		done();
	}
	reap_ok(pid);
	ring_works(ring);
}

TEST(io_uring_shared, "a ring of a context in a shared descriptor table: useless on the host and in a third context")
{
	pid_t pid;

	if (vs_stock)
		vs_skip("needs contexts");
	sh->val[1] = -1;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	NEED_OK(E(pid));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		NEED_OK(ctx_create(new_xid(), CF_ONE_TIME));
		sh->val[1] = ring_new();
		ring_works(sh->val[1]);
		step_set(1);
		idle();
	}
	step_wait(1);
	NEED_OK(sh->val[1]);
	ring_refused(sh->val[1]);
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		ring_refused(sh->val[1]);
		done();
	}
	reap_ok(pid);
}

TEST(io_uring_migrate, "a ring of its own, made before entering, is refused afterwards")
{
	int ring;

	if (vs_stock)
		vs_skip("needs contexts");
	ring = ring_new();
	if (ring == -ENOSYS)
		vs_skip("this kernel has no io_uring");
	ring_works(ring);
	NEED_OK(ctx_create(new_xid(), CF_ONE_TIME));
	ring_refused(ring);
	ring_works(ring_new());
}

/* ---- the program of who enters ---- */

/* Exit code of the program, or the errno with which it was refused. */
static int outcome(const char *path, const char *arg)
{
	pid_t pid = host_fork();

	if (pid == 0) {
		execl(path, path, arg, (char *)NULL);
		_exit(errno);
	}
	return reap(pid);
}

/*
 * What a tool executes after entering is the guest's to choose: a link to, or a
 * script for, the tool itself would run it with the guest's loader and give the
 * guest a file of the host to write to.
 */
TEST(own_exe, "who has entered cannot be made to execute its own program, which is the host's")
{
	static const char script[] = "/tmp/vs-own-script", link[] = "/tmp/vs-own-link";
	static const char text[] = "#!/proc/self/exe --own-exe\n";
	char buf[64];
	pid_t pid;
	int fd;

	unlink(script);
	unlink(link);
	fd = open(script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	NEED_OK(E(fd));
	NEED(write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	NEED_OK(E(symlink("/proc/self/exe", link)));
	EQ(outcome(script, NULL), 42);
	EQ(outcome(link, "--own-exe"), 42);
	if (!vs_stock) {
		pid = guest(BC_SECURE, NULL);
		if (pid == 0) {
			EQ(E(readlink("/proc/self/exe", buf, sizeof(buf))), -EACCES);
			EQ(E(open("/proc/self/exe", O_RDONLY)), -EACCES);
			EQ(E(open("/proc/thread-self/exe", O_PATH)), -EACCES);
			EQ(outcome(script, NULL), EACCES);
			EQ(outcome(link, "--own-exe"), EACCES);
			/* a program that was executed inside is one of the guest */
			EQ(outcome(vs_self, "--read-exe"), 43);
			done();
		}
		reap_ok(pid);
	}
	unlink(script);
	unlink(link);
}

/* ---- the way out by new namespaces ---- */

TEST(unshare, "a secure guest makes no namespaces; on the host it can")
{
	pid_t pid = host_fork();

	if (pid == 0) {
		EQ(E(unshare(CLONE_NEWUSER)), 0);
		EQ(E(unshare(CLONE_NEWPID)), 0);
		done();
	}
	reap_ok(pid);
	if (vs_stock)
		return;
	pid = guest(BC_SECURE, NULL);
	if (pid == 0) {
		EQ(E(unshare(CLONE_NEWUSER)), -EPERM);
		EQ(E(unshare(CLONE_NEWPID)), -EPERM);
		EQ(E(unshare(CLONE_NEWNS)), -EPERM);
		EQ(E(unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS)), -EPERM);
		done();
	}
	reap_ok(pid);
}
