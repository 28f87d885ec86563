// SPDX-License-Identifier: GPL-2.0
/* /proc/virtual and what contexts add to /proc/<pid>. */
#include "vs_test.h"

#include <dirent.h>

#define HEX16	"[0-9a-f]{16}"

static char buf[16384];

static const char *ctx_file(uint32_t xid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/virtual/%u%s%s", xid, *name ? "/" : "", name);
	return path;
}

static const char *pid_file(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

static void expect_line(const char *regex)
{
	CHECK(text_matches(buf, regex), "no line like %s in:\n%s", regex, buf);
}

static void expect_value(const char *label, const char *want)
{
	char got[200] = "(none)";

	line_value(buf, label, got, sizeof(got));
	CHECK(!strcmp(got, want), "%s is \"%s\", should be \"%s\"", label, got, want);
}

TEST(info, "/proc/virtual/info: version, system call, features")
{
	char want[32];

	OK(read_file("/proc/virtual/info", buf, sizeof(buf)));
	expect_line("^VCIVersion:\t0002:0308$");
	expect_line("^VCISyscall:\t236$");
	snprintf(want, sizeof(want), "%08lx", vs(CMD_get_vci, 0, NULL));
	expect_value("VCIKernel:\t", want);
}

static long total(const char *label)
{
	char v[32] = "-1";

	OK(read_file("/proc/virtual/status", buf, sizeof(buf)));
	line_value(buf, label, v, sizeof(v));
	return atol(v);
}

TEST(status, "/proc/virtual/status: the lines, and contexts are counted")
{
	struct guest a = { .setup = true }, b = { .setup = true };
	long t0, a0;
	pid_t p;

	OK(read_file("/proc/virtual/status", buf, sizeof(buf)));
	expect_line("^#CTotal:\t[0-9]+$");
	expect_line("^#CActive:\t[0-9]+$");
	expect_line("^#NSProxy:\t.*$");
	expect_line("^#InitTask:\t.*$");
	t0 = total("#CTotal:\t");
	a0 = total("#CActive:\t");
	p = guest_fork(&a);
	if (p == 0)
		idle();
	p = guest_fork(&b);
	if (p == 0)
		idle();
	EQ(total("#CTotal:\t"), t0 + 2);
	EQ(total("#CActive:\t"), a0 + 2);
	OK(ctx_kill(a.xid, 0, SIGKILL));
	EQ(ctx_gone(a.xid, 5000), true);
	EQ(total("#CActive:\t"), a0 + 1);
}

TEST(ctx_info, "/proc/virtual/<xid>/info: id, init, no kernel address")
{
	struct guest g = { .setup = false };
	struct abi_badness bad = { 123 };
	char want[32];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(vs(CMD_set_badness, g.xid, &bad));
	OK(read_file(ctx_file(g.xid, "info"), buf, sizeof(buf)));
	snprintf(want, sizeof(want), "%u", g.xid);
	expect_value("ID:\t", want);
	expect_line("^Info:\t(0x)?0+$");
	snprintf(want, sizeof(want), "%d", pid);
	expect_value("Init:\t", want);
	expect_value("OOM:\t", "123");
}

TEST(ctx_status, "/proc/virtual/<xid>/status: every line, values as set")
{
	struct guest g = { .bcaps = BC_SECURE, .ccaps = CC_SECURE, .flags = CF_HIDE_VINFO, .no_init = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_umask, g.xid, SP_UTS, ~0ull));
	OK(set_word(CMD_set_wmask, g.xid, SP_IPC, ~0ull));
	OK(read_file(ctx_file(g.xid, "status"), buf, sizeof(buf)));
	expect_line("^UseCnt:\t[0-9]+$");
	expect_value("Tasks:\t", "1");
	expect_value("Flags:\t", "0000000604000000");
	expect_value("BCaps:\t", "ffffffffb44c04ff");
	expect_value("CCaps:\t", "0000000000004101");
	expect_line("^Umask:\t0*4000000$");
	expect_line("^Wmask:\t0*8000000$");
	expect_line("^Spaces:\t[0-9a-f]{8} [0-9a-f]{8}$");
}

TEST(tasks, "the Tasks: line follows the members")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0)
		idle();
	OK(read_file(ctx_file(g.xid, "status"), buf, sizeof(buf)));
	expect_value("Tasks:\t", "1");
	a = guest_join(g.xid);
	if (a == 0)
		idle();
	OK(read_file(ctx_file(g.xid, "status"), buf, sizeof(buf)));
	expect_value("Tasks:\t", "2");
}

TEST(listing, "a directory per context, by readdir and by lookup, gone with the context")
{
	struct guest g = { .setup = true };
	char name[40];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	snprintf(name, sizeof(name), "%u", g.xid);
	EQ(dir_has("/proc/virtual", name), true);
	EQ(dir_has("/proc/virtual", "info"), true);
	EQ(dir_has("/proc/virtual", "status"), true);
	EQ(E(access(ctx_file(g.xid, ""), F_OK)), 0);
	EQ(E(access(ctx_file(g.xid + 1, ""), F_OK)), -ENOENT);
	EQ(E(access("/proc/virtual/0", F_OK)), -ENOENT);
	EQ(E(access("/proc/virtual/1", F_OK)), -ENOENT);
	EQ(E(access("/proc/virtual/70000", F_OK)), -ENOENT);
	EQ(E(access("/proc/virtual/4294967295", F_OK)), -ENOENT);
	snprintf(name, sizeof(name), "/proc/virtual/0%u", g.xid);
	EQ(E(access(name, F_OK)), -ENOENT);
	OK(ctx_kill(g.xid, 0, SIGKILL));
	EQ(ctx_gone(g.xid, 5000), true);
	snprintf(name, sizeof(name), "%u", g.xid);
	EQ(dir_has("/proc/virtual", name), false);
	EQ(E(access(ctx_file(g.xid, ""), F_OK)), -ENOENT);
}

TEST(kept_open, "a file kept open beyond the end of its context fails cleanly, not as the next context")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);
	char c[64];
	int fd, dir;

	if (pid == 0)
		idle();
	fd = open(ctx_file(g.xid, "status"), O_RDONLY);
	NEED_OK(E(fd));
	dir = open(ctx_file(g.xid, ""), O_RDONLY | O_DIRECTORY);
	NEED_OK(E(dir));
	OK(ctx_kill(g.xid, 0, SIGKILL));
	reap(pid);
	EQ(ctx_gone(g.xid, 5000), true);
	EQ(E(read(fd, c, sizeof(c))) <= 0, true);
	EQ(E(openat(dir, "status", O_RDONLY)) < 0, true);
}

TEST(read_only, "nothing in /proc/virtual can be written, and nobody else than root needs to read it")
{
	struct guest g = { .setup = true };
	struct stat st;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	NEED_OK(E(stat(ctx_file(g.xid, "status"), &st)));
	EQX(st.st_mode & 0222, 0);
	EQ(E(mkdir(ctx_file(g.xid, "new"), 0700)) < 0, true);
	EQ(E(unlink(ctx_file(g.xid, "status"))) < 0, true);
	EQ(E(rmdir(ctx_file(g.xid, ""))) < 0, true);
}

TEST(guest_view, "a guest sees its own directory and no other, by listing and by lookup")
{
	struct guest other = { .setup = true }, g = SECURE_GUEST;
	char own[16], theirs[16];
	pid_t o = guest_fork(&other), pid;

	if (o == 0)
		idle();
	pid = guest_fork(&g);
	if (pid == 0) {
		snprintf(own, sizeof(own), "%u", g.xid);
		snprintf(theirs, sizeof(theirs), "%u", other.xid);
		EQ(dir_has("/proc/virtual", own), true);
		EQ(dir_has("/proc/virtual", theirs), false);
		EQ(E(access(ctx_file(other.xid, ""), F_OK)), -ENOENT);
		EQ(read_file(ctx_file(other.xid, "status"), buf, sizeof(buf)), -ENOENT);
		OK(read_file(ctx_file(g.xid, "status"), buf, sizeof(buf)));
		expect_value("Tasks:\t", "1");
		done();
	}
	reap_ok(pid);
	/* the watch context sees all */
	pid = host_fork();
	if (pid == 0) {
		snprintf(theirs, sizeof(theirs), "%u", other.xid);
		EQ(ctx_migrate(1, 0), 1);
		EQ(dir_has("/proc/virtual", theirs), true);
		OK(read_file(ctx_file(other.xid, "status"), buf, sizeof(buf)));
		done();
	}
	reap_ok(pid);
}

TEST(guest_view_cached, "what the host has looked up is not open to a guest, nor a directory passed to it")
{
	struct guest other = { .setup = true }, g = SECURE_GUEST;
	pid_t o = guest_fork(&other), pid;
	int dir;

	if (o == 0)
		idle();
	/* fills the dentry cache */
	OK(read_file(ctx_file(other.xid, "status"), buf, sizeof(buf)));
	OK(read_file(ctx_file(other.xid, "info"), buf, sizeof(buf)));
	dir = open(ctx_file(other.xid, ""), O_RDONLY | O_DIRECTORY);
	NEED_OK(E(dir));
	pid = guest_fork(&g);
	if (pid == 0) {
		EQ(read_file(ctx_file(other.xid, "status"), buf, sizeof(buf)), -ENOENT);
		EQ(E(openat(dir, "status", O_RDONLY)) < 0, true);
		done();
	}
	reap_ok(pid);
}

TEST(vinfo, "/proc/<pid>/vinfo of host and guest")
{
	struct guest g = { .bcaps = BC_SECURE, .ccaps = CC_SECURE };
	char want[32];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(read_file("/proc/self/vinfo", buf, sizeof(buf)));
	expect_value("XID:\t", "0");
	OK(read_file(pid_file(pid, "vinfo"), buf, sizeof(buf)));
	snprintf(want, sizeof(want), "%u", g.xid);
	expect_value("XID:\t", want);
	expect_value("BCaps:\t", "ffffffffb44c04ff");
	expect_value("CCaps:\t", "0000000000004101");
	expect_value("CFlags:\t", "0000000400000000");
	snprintf(want, sizeof(want), "%d", pid);
	expect_value("CIPid:\t", want);
}

TEST(vxid, "VxID: in /proc/<pid>/status of host, guest and kernel thread")
{
	struct guest g = { .setup = true };
	char want[16];
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		OK(read_file("/proc/self/status", buf, sizeof(buf)));
		snprintf(want, sizeof(want), "%u", g.xid);
		expect_value("VxID:\t", want);
		step_set(1);
		idle();
	}
	step_wait(1);
	OK(read_file("/proc/self/status", buf, sizeof(buf)));
	expect_value("VxID:\t", "0");
	OK(read_file("/proc/2/status", buf, sizeof(buf)));
	expect_value("VxID:\t", "0");
	OK(read_file(pid_file(pid, "status"), buf, sizeof(buf)));
	snprintf(want, sizeof(want), "%u", g.xid);
	expect_value("VxID:\t", want);
}

TEST(hide_vinfo, "hide_vinfo: a guest does not find out where it is")
{
	struct guest hidden = { .flags = CF_HIDE_VINFO }, open = { .setup = false };
	char v[64];
	pid_t pid = guest_fork(&hidden);

	if (pid == 0) {
		OK(read_file("/proc/self/status", buf, sizeof(buf)));
		EQ(line_value(buf, "VxID:", v, sizeof(v)), false);
		EQ(line_value(buf, "NxID:", v, sizeof(v)), false);
		/* the rest of the file is there */
		EQ(line_value(buf, "Pid:", v, sizeof(v)), true);
		done();
	}
	reap_ok(pid);
	pid = guest_fork(&open);
	if (pid == 0) {
		OK(read_file("/proc/self/status", buf, sizeof(buf)));
		EQ(line_value(buf, "VxID:", v, sizeof(v)), true);
		done();
	}
	reap_ok(pid);
}

/* Listing while contexts come and go: the constant ones exactly once each. */
TEST_T(churn, 60, "listing while contexts come and go: no constant one missed, none twice")
{
	struct guest fixed[5] = { 0 };
	uint32_t churn[8];
	pid_t p;
	int i, round;

	for (i = 0; i < 8; i++)
		churn[i] = new_xid();
	for (i = 0; i < 5; i++) {
		fixed[i].setup = true;
		p = guest_fork(&fixed[i]);
		if (p == 0)
			idle();
	}
	p = host_fork();
	if (p == 0) {
		for (i = 0; !atomic_load(&sh->hits[0]); i++) {
			pid_t c = fork();

			if (c == 0) {
				ctx_create(churn[i % 8], CF_ONE_TIME);
				_exit(0);
			}
			waitpid(c, NULL, 0);
			atomic_fetch_add(&sh->hits[1], 1);
		}
		done();
	}
	for (round = 0; round < 300 || (sh->hits[1] < 30 && round < 5000); round++) {
		int seen[5] = { 0 };
		DIR *d = opendir("/proc/virtual");
		struct dirent *e;

		NEED(CHECK(d, "opendir: %s", strerror(errno)));
		while ((e = readdir(d)))
			for (i = 0; i < 5; i++)
				if ((uint32_t)atoi(e->d_name) == fixed[i].xid)
					seen[i]++;
		closedir(d);
		for (i = 0; i < 5; i++)
			NEED(EQ(seen[i], 1));
		for (i = 0; i < 8; i++) {
			long n = read_file(ctx_file(churn[i], "status"), buf, sizeof(buf));

			CHECK(n >= 0 || n == -ENOENT || n == -ESRCH, "status of a dying context: %ld", n);
			if (n > 0)
				CHECK(text_matches(buf, "^Tasks:\t[0-9]+$"), "status: %s", buf);
		}
	}
	atomic_store(&sh->hits[0], 1);
	reap_ok(p);
	vs_note("%ld contexts came and went during %d listings", (long)sh->hits[1], round);
	CHECK(sh->hits[1] >= 30, "only %ld contexts came and went", (long)sh->hits[1]);
}
