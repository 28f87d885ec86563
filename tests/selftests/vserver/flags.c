// SPDX-License-Identifier: GPL-2.0
/* The flag words: how they are stored, and what they do. */
#include "vs_test.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/acct.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>

#define NOBODY	65534
#define ALL_NS	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* ---- storage ---- */

static const struct word {
	const char *name;
	uint32_t get, set;
	uint64_t initial;
} words[] = {
	{ "ccaps", CMD_get_ccaps, CMD_set_ccaps, 0 },
	{ "bcaps", CMD_get_bcaps, CMD_set_bcaps, BC_ALL },
	{ "umask", CMD_get_umask, CMD_set_umask, 0 },
	{ "wmask", CMD_get_wmask, CMD_set_wmask, 0 },
};

TEST(words, "ccaps, bcaps, umask, wmask: new = old outside the mask, value inside; mask reads ~0")
{
	struct guest g = { .setup = true };
	uint64_t v, m, valid, a, b;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	for (int i = 0; i < 4; i++) {
		const struct word *w = &words[i];

		vs_note("%s", w->name);
		OK(get_word(w->get, g.xid, &v, &m));
		EQX(v, w->initial);
		EQX(m, ~0ull);
		/*
		 * umask and wmask name namespaces: use bits that are some. The
		 * other words have to keep whatever they are given.
		 */
		valid = i >= 2 ? SP_NS | SP_UTS | SP_IPC | SP_USER | SP_PID | SP_NET
			       : ~0ull;
		a = 0xa5a5a5a5a5a5a5a5ull & valid;
		b = valid & ~a;
		OK(set_word(w->set, g.xid, a, ~0ull));
		EQX(word_of(w->get, g.xid), a);
		OK(set_word(w->set, g.xid, b, 0));
		EQX(word_of(w->get, g.xid), a);
		OK(set_word(w->set, g.xid, b, b));
		EQX(word_of(w->get, g.xid), valid);
		OK(set_word(w->set, g.xid, 0, a));
		EQX(word_of(w->get, g.xid), b);
		OK(set_word(w->set, g.xid, ~0ull, a & SP_UTS));
		EQX(word_of(w->get, g.xid), b | (a & SP_UTS));
		OK(set_word(w->set, g.xid, 0, ~0ull));
		EQX(word_of(w->get, g.xid), 0);
	}
}

TEST(cflags_merge, "cflags: ordinary bits come and go under the mask")
{
	const uint64_t bits = CF_PRIVATE | CF_HIDE_VINFO | CF_REBOOT_KILL | 0x00020000 | 0x00100000;
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, g.xid, bits, bits));
	EQX(word_of(CMD_get_cflags, g.xid), CF_ONE_TIME | bits);
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_PRIVATE));
	EQX(word_of(CMD_get_cflags, g.xid), CF_ONE_TIME | (bits & ~CF_PRIVATE));
	OK(set_word(CMD_set_cflags, g.xid, 0, 0));
	EQX(word_of(CMD_get_cflags, g.xid), CF_ONE_TIME | (bits & ~CF_PRIVATE));
	/* the words the stock tools send */
	OK(set_word(CMD_set_cflags, g.xid, 0, 0x300000000ull));
	OK(set_word(CMD_set_cflags, g.xid, 0x2020010ull, 0x2020010ull));
	EQX(word_of(CMD_get_cflags, g.xid) & 0x2020010ull, 0x2020010ull);
}

TEST(badness, "badness: signed, kept, and moves /proc/<pid>/oom_score of members only")
{
	static const int64_t values[] = { 500, -500, 1, -1, 0 };
	struct guest g = { .setup = true };
	struct abi_badness b;
	char path[64], mine[64], buf[32];
	long score[3], before;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	for (int i = 0; i < 5; i++) {
		b.bias = values[i];
		OK(vs(CMD_set_badness, g.xid, &b));
		b.bias = 0x5555;
		OK(vs(CMD_get_badness, g.xid, &b));
		EQ(b.bias, values[i]);
	}
	/* own children are visible even inside a context */
	snprintf(path, sizeof(path), "/proc/%d/oom_score", pid);
	snprintf(mine, sizeof(mine), "/proc/self/oom_score");
	NEED_OK(read_file(mine, buf, sizeof(buf)));
	before = atol(buf);
	for (int i = 0; i < 3; i++) {
		b.bias = (i - 1) * 400;
		OK(vs(CMD_set_badness, g.xid, &b));
		NEED_OK(read_file(path, buf, sizeof(buf)));
		score[i] = atol(buf);
	}
	vs_note("oom_score at -400/0/+400: %ld %ld %ld", score[0], score[1], score[2]);
	CHECK(score[0] < score[1] && score[1] < score[2], "the bias does not move oom_score");
	NEED_OK(read_file(mine, buf, sizeof(buf)));
	CHECK(labs(atol(buf) - before) < 50, "the bias moved a process outside: %ld, was %ld",
	      atol(buf), before);
}

TEST(badness_extreme, "extreme badness does not overflow")
{
	static const int64_t values[] = { INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 1000, -1000 };
	struct guest g = { .setup = true };
	struct abi_badness b;
	char path[64], buf[32];
	long score[6];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	snprintf(path, sizeof(path), "/proc/%d/oom_score", pid);
	for (int i = 0; i < 6; i++) {
		long ret;

		b.bias = values[i];
		ret = vs(CMD_set_badness, g.xid, &b);
		CHECK(ret == 0 || ret == -EINVAL, "set_badness(%lld): %ld", (long long)values[i], ret);
		NEED_OK(read_file(path, buf, sizeof(buf)));
		score[i] = atol(buf);
		CHECK(score[i] >= 0, "oom_score %ld", score[i]);
		if (ret == -EINVAL)
			score[i] = -1;
	}
	CHECK(score[0] < 0 || score[1] < 0 || score[0] > score[1],
	      "largest bias gives %ld, smallest %ld", score[0], score[1]);
}

TEST(badness_sum, "badness and oom_score_adj together stay in the range of one")
{
	struct guest g = { .setup = true };
	struct abi_badness b = { .bias = -1000 };
	char path[64], buf[32];
	long low;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		NEED_OK(write_file("/proc/self/oom_score_adj", "-999"));
		step_set(1);
		idle();
	}
	step_wait(1);
	snprintf(path, sizeof(path), "/proc/%d/oom_score", pid);
	OK(vs(CMD_set_badness, g.xid, &b));
	NEED_OK(read_file(path, buf, sizeof(buf)));
	low = atol(buf);
	CHECK(low >= 0 && low <= 2000, "-999 and -1000 make %s", buf);
	b.bias = 1000;
	OK(vs(CMD_set_badness, g.xid, &b));
	NEED_OK(read_file(path, buf, sizeof(buf)));
	CHECK(atol(buf) > low && atol(buf) <= 2000, "-999 and 1000 make %s", buf);
}

/* ---- bcaps ---- */

static int foreign_fd = -1;	/* a file of somebody else, mode 0 */

static void make_foreign(void)
{
	foreign_fd = memfd_create("foreign", MFD_CLOEXEC);
	NEED_OK(E(foreign_fd));
	NEED_OK(E(fchmod(foreign_fd, 0)));
	NEED_OK(E(fchown(foreign_fd, 1000, 1000)));
}

static long do_chown(void)
{
	int fd = memfd_create("f", MFD_CLOEXEC);
	long ret = E(fchown(fd, 1234, 1234));

	close(fd);
	return ret;
}

static long do_dac(void)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", foreign_fd);
	fd = open(path, O_WRONLY);	/* reading would do with dac_read_search */
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long do_fowner(void) { return E(fchmod(foreign_fd, 0)); }
static long do_setuid(void) { return E(setresuid(1000, 1000, 1000)); }
static long do_setgid(void) { return E(setresgid(1000, 1000, 1000)); }
static long do_setpcap(void) { return E(prctl(PR_CAPBSET_DROP, CAP_WAKE_ALARM)); }

static long do_bind(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(81) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	long ret = E(bind(s, (void *)&a, sizeof(a)));

	close(s);
	return ret;
}

static long do_ifflags(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	long ret;

	NEED_OK(E(ioctl(s, SIOCGIFFLAGS, &r)));
	ret = E(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
	return ret;
}

static long do_raw(void)
{
	long s = E(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));

	return s >= 0 ? close(s) : s;
}

static long do_mlock(void)
{
	struct rlimit none = { 0, 0 };

	NEED_OK(E(setrlimit(RLIMIT_MEMLOCK, &none)));
	return E(mlock(sh, 4096));
}

static long do_module(void)
{
	long ret = E(syscall(SYS_init_module, "x", 1ul, ""));

	return ret == -ENOEXEC ? 0 : ret;	/* allowed, but that is no module */
}

static long do_mmap_zero(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(NULL, 4096);
	return 0;
}

static long do_chroot(void) { return E(chroot("/")); }
static long do_acct(void) { return E(acct(NULL)); }

static long do_hostname(void)
{
	char name[65] = "";

	gethostname(name, sizeof(name) - 1);
	return E(sethostname(name, strlen(name)));
}

static long do_mount(void)
{
	long ret;

	mkdir("/tmp/vs-mnt", 0700);
	ret = E(mount("none", "/tmp/vs-mnt", "tmpfs", 0, NULL));
	if (ret == 0)
		umount2("/tmp/vs-mnt", MNT_DETACH);
	return ret;
}

static long do_nice(void) { return E(setpriority(PRIO_PROCESS, 0, -5)); }

static long do_rlimit(void)
{
	struct rlimit low = { 20, 20 }, high = { 30, 30 };

	NEED_OK(E(setrlimit(RLIMIT_NOFILE, &low)));
	return E(setrlimit(RLIMIT_NOFILE, &high));
}

static long do_settime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return E(clock_settime(CLOCK_REALTIME, &ts));
}

static long do_mknod(void)
{
	long ret = E(mknod("/tmp/vs-node", S_IFCHR | 0600, makedev(1, 3)));

	unlink("/tmp/vs-node");
	return ret;
}

static long do_syslog(void) { long r = E(klogctl(9, NULL, 0)); return r > 0 ? 0 : r; }

static long do_alarm(void)
{
	long fd = E(timerfd_create(CLOCK_BOOTTIME_ALARM, 0));

	return fd >= 0 ? close(fd) : fd;
}

static long do_bpf(void)
{
	union bpf_attr a;
	long fd;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_LPM_TRIE;	/* always wants CAP_BPF */
	a.key_size = 8;
	a.value_size = 8;
	a.max_entries = 1;
	a.map_flags = BPF_F_NO_PREALLOC;
	fd = E(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
	return fd >= 0 ? close(fd) : fd;
}

static long do_perf(void)
{
	struct perf_event_attr a;
	long fd;

	memset(&a, 0, sizeof(a));
	a.type = PERF_TYPE_SOFTWARE;
	a.size = sizeof(a);
	a.config = PERF_COUNT_SW_CPU_CLOCK;
	fd = E(syscall(SYS_perf_event_open, &a, -1, 0, -1, 0));
	return fd >= 0 ? close(fd) : fd;
}

static long do_set_tid(void)
{
	struct { uint64_t flags, pidfd, ctid, ptid, sig, stack, size, tls, set_tid, n; } a;
	int tid = getpid();	/* taken: EEXIST, when one may ask at all */
	long ret;

	memset(&a, 0, sizeof(a));
	a.sig = SIGCHLD;
	a.set_tid = (uintptr_t)&tid;
	a.n = 1;
	ret = E(syscall(SYS_clone3, &a, sizeof(a)));
	return ret == -EEXIST ? 0 : ret;
}

static const struct cap {
	const char *name;
	int cap;
	long (*attempt)(void);
	bool userns;		/* works in a user namespace of one's own */
	bool clamped;		/* never through bcaps */
} caps[] = {
	{ "chown", CAP_CHOWN, do_chown, false, false },
	{ "dac_override (open)", CAP_DAC_OVERRIDE, do_dac, false, false },
	{ "fowner (chmod)", CAP_FOWNER, do_fowner, false, false },
	{ "setuid", CAP_SETUID, do_setuid, false, false },
	{ "setgid", CAP_SETGID, do_setgid, false, false },
	{ "setpcap", CAP_SETPCAP, do_setpcap, true, false },
	{ "net_bind_service", CAP_NET_BIND_SERVICE, do_bind, true, false },
	{ "net_admin (SIOCSIFFLAGS)", CAP_NET_ADMIN, do_ifflags, true, false },
	{ "net_raw", CAP_NET_RAW, do_raw, true, false },
	{ "ipc_lock (mlock)", CAP_IPC_LOCK, do_mlock, false, false },
	{ "sys_module", CAP_SYS_MODULE, do_module, false, false },
	{ "sys_rawio (mapping page 0)", CAP_SYS_RAWIO, do_mmap_zero, false, false },
	{ "sys_chroot", CAP_SYS_CHROOT, do_chroot, true, false },
	{ "sys_pacct", CAP_SYS_PACCT, do_acct, false, false },
	{ "sys_admin (sethostname)", CAP_SYS_ADMIN, do_hostname, true, false },
	{ "sys_admin (mount)", CAP_SYS_ADMIN, do_mount, true, false },
	{ "sys_nice", CAP_SYS_NICE, do_nice, false, false },
	{ "sys_resource (setrlimit)", CAP_SYS_RESOURCE, do_rlimit, false, false },
	{ "sys_time", CAP_SYS_TIME, do_settime, false, false },
	{ "mknod", CAP_MKNOD, do_mknod, false, false },
	{ "syslog", CAP_SYSLOG, do_syslog, false, true },
	{ "wake_alarm", CAP_WAKE_ALARM, do_alarm, false, true },
	{ "bpf", CAP_BPF, do_bpf, false, true },
	{ "perfmon", CAP_PERFMON, do_perf, false, true },
	{ "checkpoint_restore (set_tid)", CAP_CHECKPOINT_RESTORE, do_set_tid, false, true },
};
#define NR_CAPS ((int)(sizeof(caps) / sizeof(caps[0])))

enum { REFUSE, ALLOW };

/* Each attempt in a process of its own: many of them change their process. */
static void attempt_one(const struct cap *c, int want, const char *where)
{
	pid_t pid = fork();
	int code;

	NEED_OK(E(pid));
	if (pid == 0) {
		long ret = c->attempt();
		bool ok = want == ALLOW ? ret == 0 : ret == -EPERM || ret == -EACCES;

		CHECK(ok, "%s %s: %ld (%s), should be %s", c->name, where, ret,
		      ret < 0 ? strerrorname_np(-ret) : "", want == ALLOW ? "allowed" : "refused");
		_exit(0);
	}
	code = reap(pid);
	CHECK(code == 0, "%s %s: ended with %d", c->name, where, code);
}

static uint64_t cap_bit(const struct cap *c)
{
	return 1ull << c->cap;
}

/* CAP_SYS_ADMIN stands in for several newer ones: it must be gone as well. */
static uint64_t all_but(const struct cap *c)
{
	return ~0ull & ~cap_bit(c) & (c->clamped ? ~(1ull << CAP_SYS_ADMIN) : ~0ull);
}

TEST_T(bcaps_effect, 120, "each capability works on the host and in set-up, not when bcaps lack it, again when they have it")
{
	make_foreign();
	for (int i = 0; i < NR_CAPS; i++) {
		const struct cap *c = &caps[i];
		struct guest without = { .bcaps = all_but(c), .setup = true };
		struct guest with = { .bcaps = BC_API | cap_bit(c) };
		pid_t pid;

		atomic_store(&sh->nr_xids, 0);
		attempt_one(c, ALLOW, "on the host");
		pid = guest_fork(&without);
		if (pid == 0) {
			attempt_one(c, ALLOW, "in set-up");
			NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
			attempt_one(c, REFUSE, "without the bit");
			done();
		}
		reap_ok(pid);
		if (c->clamped)
			continue;
		pid = guest_fork(&with);
		if (pid == 0) {
			attempt_one(c, ALLOW, "with the bit");
			done();
		}
		reap_ok(pid);
	}
	attempt_one(&caps[0], ALLOW, "on the host afterwards");
}

TEST_T(bcaps_clamp, 60, "bits 32 to 40 never grant anything, the stored word keeps them")
{
	struct guest g = { .bcaps = ~(1ull << CAP_SYS_ADMIN) };
	struct guest s = SECURE_GUEST;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		for (int i = 0; i < NR_CAPS; i++)
			if (caps[i].clamped)
				attempt_one(&caps[i], REFUSE, "with all bits");
		idle();
	}
	EQX(word_of(CMD_get_bcaps, g.xid), ~(1ull << CAP_SYS_ADMIN));
	pid = guest_fork(&s);
	if (pid == 0) {
		for (int i = 0; i < NR_CAPS; i++)
			if (caps[i].clamped)
				attempt_one(&caps[i], REFUSE, "with the secure word");
		step_set(1);
		idle();
	}
	EQX(word_of(CMD_get_bcaps, s.xid), BC_SECURE);
	step_wait(1);
}

/* The file system's own name of the root directory, and the directory by it. */
static long do_by_handle(void)
{
	struct { struct file_handle h; char room[MAX_HANDLE_SZ]; } u;
	int root = open("/", O_RDONLY | O_DIRECTORY), mount_id;
	long fd;

	u.h.handle_bytes = MAX_HANDLE_SZ;
	NEED_OK(E(name_to_handle_at(root, "", &u.h, &mount_id, AT_EMPTY_PATH)));
	fd = E(open_by_handle_at(root, &u.h, O_RDONLY | O_DIRECTORY));
	close(root);
	return fd >= 0 ? close(fd) : fd;
}

static long do_kexec(void) { return E(syscall(SYS_kexec_load, 0, 0ul, NULL, 0ul)); }

TEST(by_handle, "no files by handle with dac_read_search alone: they may be the host's")
{
	const uint64_t search = 1ull << CAP_DAC_READ_SEARCH, admin = 1ull << CAP_SYS_ADMIN;
	struct guest secure = SECURE_GUEST;
	struct guest both = { .bcaps = BC_SECURE | search | admin };
	pid_t pid;

	EQ(do_by_handle(), 0);
	pid = guest_fork(&secure);
	if (pid == 0) {
		EQ(do_by_handle(), -EPERM);
		done();
	}
	reap_ok(pid);
	pid = guest_fork(&both);
	if (pid == 0) {
		EQ(do_by_handle(), 0);
		done();
	}
	reap_ok(pid);
}

TEST(kexec, "sys_boot is not for loading a kernel, whatever else a context has")
{
	struct guest secure = SECURE_GUEST, all = { .bcaps = BC_ALL };
	struct guest *guests[] = { &secure, &all };

	if (do_kexec() == -ENOSYS)
		vs_skip("this kernel has no kexec");
	EQ(do_kexec(), 0);
	for (int i = 0; i < 2; i++) {
		pid_t pid = guest_fork(guests[i]);

		if (pid == 0) {
			EQ(do_kexec(), -EPERM);
			done();
		}
		reap_ok(pid);
	}
}

TEST(ccap_syslog, "ccap syslog gives CAP_SYSLOG back, to a process that holds it")
{
	struct guest g = { .bcaps = BC_SECURE, .ccaps = CC_SYSLOG };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(do_syslog(), 0);
		for (int i = 0; i < NR_CAPS; i++)
			if (caps[i].clamped && caps[i].cap != CAP_SYSLOG)
				attempt_one(&caps[i], REFUSE, "with ccap syslog");
		drop_to_user(NOBODY);
		EQ(do_syslog(), -EPERM);
		done();
	}
	reap_ok(pid);
}

/*
 * A user namespace and others that belong to it, all at once. Where bcaps
 * lack CAP_SYS_ADMIN the maps cannot be written: then ids are not mapped, which
 * takes nothing from the capabilities.
 */
static void own_namespaces(uint64_t flags)
{
	NEED_OK(E(unshare(flags)));
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
}

TEST_T(bcaps_userns, 60, "bcaps hold in user namespaces: full capabilities there are worth no more")
{
	pid_t pid;

	mkdir("/tmp/vs-mnt", 0700);
	pid = host_fork();
	if (pid == 0) {
		own_namespaces(ALL_NS);
		for (int i = 0; i < NR_CAPS; i++)
			if (caps[i].userns)
				attempt_one(&caps[i], ALLOW, "in a user namespace of the host");
		done();
	}
	reap_ok(pid);
	for (int i = 0; i < NR_CAPS; i++) {
		const struct cap *c = &caps[i];
		struct guest g = { .bcaps = all_but(c), .umask = ALL_NS };
		struct guest w = { .bcaps = BC_ALL, .umask = ALL_NS };

		if (!c->userns)
			continue;
		atomic_store(&sh->nr_xids, 0);
		pid = guest_fork(&g);
		if (pid == 0) {
			own_namespaces(ALL_NS);
			attempt_one(c, REFUSE, "in a user namespace of a context");
			done();
		}
		reap_ok(pid);
		pid = guest_fork(&w);
		if (pid == 0) {
			own_namespaces(ALL_NS);
			attempt_one(c, ALLOW, "in a user namespace of a context with all bcaps");
			done();
		}
		reap_ok(pid);
	}
}

TEST(bcaps_later, "bcaps taken away from a running context act at once, given back as well")
{
	struct guest g = { .bcaps = BC_ALL };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(do_mknod(), 0);
		step_set(1);
		step_wait(2);
		EQ(do_mknod(), -EPERM);
		step_set(3);
		step_wait(4);
		EQ(do_mknod(), 0);
		step_set(5);
		done();
	}
	step_wait(1);
	OK(set_word(CMD_set_bcaps, g.xid, 0, 1ull << CAP_MKNOD));
	step_set(2);
	step_wait(3);
	OK(set_word(CMD_set_bcaps, g.xid, ~0ull, 1ull << CAP_MKNOD));
	step_set(4);
	reap_ok(pid);
}

TEST(bcaps_no_grant, "bcaps only mask: an ordinary user inside has nothing")
{
	struct guest g = { .bcaps = BC_ALL };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		make_foreign();
		drop_to_user(NOBODY);
		for (int i = 0; i < NR_CAPS; i++)
			attempt_one(&caps[i], REFUSE, "as nobody");
		done();
	}
	reap_ok(pid);
}

/* ---- ccap set_utsname ---- */

static void private_uts(void)
{
	NEED_OK(E(unshare(CLONE_NEWUTS)));
}

TEST(ccap_utsname, "ccap set_utsname: host and domain name without CAP_SYS_ADMIN, for root only")
{
	struct guest no = { .bcaps = BC_SECURE, .before = private_uts };
	struct guest yes = { .bcaps = BC_SECURE, .ccaps = CC_SET_UTSNAME, .before = private_uts };
	char before[65], name[65];
	pid_t pid;

	gethostname(before, sizeof(before));
	pid = guest_fork(&no);
	if (pid == 0) {
		EQ(E(sethostname("guest", 5)), -EPERM);
		EQ(E(setdomainname("guest", 5)), -EPERM);
		done();
	}
	reap_ok(pid);
	pid = guest_fork(&yes);
	if (pid == 0) {
		EQ(E(sethostname("guest", 5)), 0);
		EQ(E(setdomainname("guest", 5)), 0);
		gethostname(name, sizeof(name));
		CHECK(!strcmp(name, "guest"), "name is %s", name);
		drop_to_user(NOBODY);
		EQ(E(sethostname("other", 5)), -EPERM);
		done();
	}
	reap_ok(pid);
	gethostname(name, sizeof(name));
	CHECK(!strcmp(name, before), "the host is now called %s", name);
}

/* ---- umask: which namespaces a context may make ---- */

static const struct space {
	const char *name;
	uint64_t bit;
	const char *file;
} spaces[] = {
	{ "uts", CLONE_NEWUTS, "/proc/self/ns/uts" },
	{ "ipc", CLONE_NEWIPC, "/proc/self/ns/ipc" },
	{ "net", CLONE_NEWNET, "/proc/self/ns/net" },
	{ "mnt", CLONE_NEWNS, "/proc/self/ns/mnt" },
	{ "pid", CLONE_NEWPID, "/proc/self/ns/pid" },
	{ "cgroup", CLONE_NEWCGROUP, "/proc/self/ns/cgroup" },
	{ "time", CLONE_NEWTIME, "/proc/self/ns/time" },
	{ "user", CLONE_NEWUSER, "/proc/self/ns/user" },
};
#define NR_SPACES ((int)(sizeof(spaces) / sizeof(spaces[0])))

static long in_child(long (*fn)(const struct space *), const struct space *s)
{
	pid_t pid = fork();
	int code;

	NEED_OK(E(pid));
	if (pid == 0)
		_exit(-fn(s));
	code = reap(pid);
	return -code;
}

static long do_unshare(const struct space *s) { return E(unshare(s->bit)); }

static long do_clone3(const struct space *s)
{
	struct { uint64_t flags, pidfd, ctid, ptid, sig, stack, size, tls, set_tid, n; } a;
	long ret;

	memset(&a, 0, sizeof(a));
	a.flags = s->bit;
	a.sig = SIGCHLD;
	ret = E(syscall(SYS_clone3, &a, sizeof(a)));
	if (ret == 0)
		_exit(0);
	if (ret > 0)
		waitpid(ret, NULL, 0);
	return ret > 0 ? 0 : ret;
}

static long do_clone(const struct space *s)
{
	long ret = E(syscall(SYS_clone, (s->bit & ~0xffull) | SIGCHLD, 0, 0, 0, 0));

	if (ret == 0)
		_exit(0);
	if (ret > 0)
		waitpid(ret, NULL, 0);
	return ret > 0 ? 0 : ret;
}

static int ns_fd[NR_SPACES];	/* foreign namespaces, opened before */

static long do_setns(const struct space *s) { return E(setns(ns_fd[s - spaces], s->bit)); }

/* Namespaces of another process to walk into. */
static void open_foreign_ns(void)
{
	pid_t pid = host_fork();
	char path[64];

	if (pid == 0) {
		NEED_OK(E(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWCGROUP |
				  CLONE_NEWUSER)));
		step_set(1);
		idle();
	}
	step_wait(1);
	for (int i = 0; i < NR_SPACES; i++) {
		const char *base = strrchr(spaces[i].file, '/') + 1;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, base);
		ns_fd[i] = open(path, O_RDONLY);
		NEED_OK(E(ns_fd[i]));
	}
}

TEST_T(umask_refuses, 60, "namespaces not in umask: unshare, clone, clone3 and setns EPERM; on the host they work")
{
	struct guest g = SECURE_GUEST, full = { .bcaps = BC_ALL };
	pid_t pid;

	open_foreign_ns();
	for (int i = 0; i < NR_SPACES; i++) {
		const struct space *s = &spaces[i];

		CHECK(in_child(do_unshare, s) == 0, "unshare %s on the host", s->name);
		if (s->bit != CLONE_NEWTIME) {	/* not for clone(2): part of the signal byte */
			CHECK(in_child(do_clone, s) == 0, "clone %s on the host", s->name);
		}
		if (s->bit == CLONE_NEWTIME)	/* clone3 alone cannot do it before unshare */
			continue;
		CHECK(in_child(do_clone3, s) == 0, "clone3 %s on the host", s->name);
		CHECK(in_child(do_setns, s) == 0, "setns %s on the host", s->name);
	}
	pid = guest_fork(&g);
	if (pid == 0) {
		for (int i = 0; i < NR_SPACES; i++) {
			const struct space *s = &spaces[i];
			long ret = in_child(do_unshare, s);

			CHECK(ret == -EPERM, "unshare %s: %ld", s->name, ret);
			ret = in_child(do_setns, s);
			CHECK(ret == -EPERM, "setns %s: %ld", s->name, ret);
			if (s->bit == CLONE_NEWTIME)
				continue;
			ret = in_child(do_clone3, s);
			CHECK(ret == -EPERM, "clone3 %s: %ld", s->name, ret);
			ret = in_child(do_clone, s);
			CHECK(ret == -EPERM, "clone %s: %ld", s->name, ret);
		}
		/* what needs no namespace goes on */
		EQ(E(unshare(CLONE_FILES)), 0);
		EQ(E(unshare(CLONE_FS)), 0);
		done();
	}
	reap_ok(pid);
	/* CAP_SYS_ADMIN that survives bcaps opens everything */
	pid = guest_fork(&full);
	if (pid == 0) {
		for (int i = 0; i < NR_SPACES; i++) {
			long ret = in_child(do_unshare, &spaces[i]);

			CHECK(ret == 0, "unshare %s with CAP_SYS_ADMIN: %ld", spaces[i].name, ret);
		}
		done();
	}
	reap_ok(pid);
}

TEST_T(umask_allows, 60, "namespaces in umask can be made by root of the context; the others still not")
{
	pid_t pid;

	for (int i = 0; i < NR_SPACES; i++) {
		struct guest g = { .bcaps = BC_SECURE, .umask = spaces[i].bit };

		atomic_store(&sh->nr_xids, 0);
		pid = guest_fork(&g);
		if (pid == 0) {
			for (int k = 0; k < NR_SPACES; k++) {
				long ret = in_child(do_unshare, &spaces[k]);

				CHECK(ret == (k == i ? 0 : -EPERM), "umask %s, unshare %s: %ld",
				      spaces[i].name, spaces[k].name, ret);
			}
			if (spaces[i].bit != CLONE_NEWTIME) {
				long ret = in_child(do_clone3, &spaces[i]);

				CHECK(ret == 0, "umask %s, clone3: %ld", spaces[i].name, ret);
			}
			/* together with a forbidden one: refused as a whole */
			EQ(E(unshare(spaces[i].bit | spaces[(i + 1) % NR_SPACES].bit)), -EPERM);
			done();
		}
		reap_ok(pid);
	}
}

TEST(umask_user, "umask gives an ordinary user nothing but what a user always could")
{
	struct guest g = { .bcaps = BC_SECURE, .umask = CLONE_NEWUTS | CLONE_NEWUSER };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		drop_to_user(NOBODY);
		EQ(E(unshare(CLONE_NEWUTS)), -EPERM);
		EQ(E(unshare(CLONE_NEWNET)), -EPERM);
		EQ(E(unshare(CLONE_NEWUSER)), 0);
		EQ(E(unshare(CLONE_NEWNET)), -EPERM);
		done();
	}
	reap_ok(pid);
}

TEST(umask_setup, "umask does not bind a context in set-up")
{
	struct guest g = { .bcaps = BC_SECURE, .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		EQ(E(unshare(CLONE_NEWUTS)), 0);
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		EQ(E(unshare(CLONE_NEWUTS)), -EPERM);
		done();
	}
	reap_ok(pid);
}

TEST(userns_escape, "umask with a user namespace only: no other namespace and no rights through it")
{
	struct guest g = { .bcaps = BC_SECURE, .before = NULL };
	pid_t pid;

	g.umask = CLONE_NEWUSER;
	pid = guest_fork(&g);
	if (pid == 0) {
		own_namespaces(CLONE_NEWUSER);
		EQ(E(unshare(CLONE_NEWUTS)), -EPERM);
		EQ(E(unshare(CLONE_NEWNS)), -EPERM);
		EQ(do_hostname(), -EPERM);
		EQ(do_mount() < 0, true);
		done();
	}
	reap_ok(pid);
}
