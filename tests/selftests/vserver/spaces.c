// SPDX-License-Identifier: GPL-2.0
/* Recording namespaces in a context and entering them again. */
#include "vs_test.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/*
 * Not among them, by decision: CLONE_NEWUSER. A task does not take over a user
 * namespace by being pointed at it, its credentials would have to change.
 */
#define HANDLED (SP_FS | SP_NS | SP_UTS | SP_IPC | SP_PID | SP_NET)

static long set_space(uint32_t xid, uint64_t mask, uint32_t index)
{
	struct abi_space s = { mask, index, 0x5a5a5a5a };

	return vs(CMD_set_space_v2, xid, &s);
}

static long enter_space(uint32_t xid, uint64_t mask, uint32_t index)
{
	struct abi_space s = { mask, index, 0x5a5a5a5a };

	return vs(CMD_enter_space_v2, xid, &s);
}

static int64_t ns_id(const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &st) ? -1 : (int64_t)st.st_ino;
}

static const struct {
	const char *name;
	uint64_t bit;
	const char *changes;	/* whose link changes for the caller itself */
} kinds[] = {
	{ "uts", SP_UTS, "uts" },
	{ "ipc", SP_IPC, "ipc" },
	{ "net", SP_NET, "net" },
	{ "mnt", SP_NS, "mnt" },
	{ "cgroup", SP_CGROUP, "cgroup" },
	{ "pid", SP_PID, "pid_for_children" },
};
#define NR_KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

TEST(masks, "get_space_mask and get_space_default: everything but user namespaces; the default set")
{
	uint64_t m = 0;

	OK(vs(CMD_get_space_mask_v1, 0, &m));
	EQX(m & HANDLED, HANDLED);
	EQX(m & ~(HANDLED | SP_CGROUP | SP_TIME), 0);
	OK(vs(CMD_get_space_mask_v0, 0, &m));
	EQX(m, SP_FS | SP_NS | SP_UTS | SP_IPC);
	OK(vs(CMD_get_space_default, 0, &m));
	EQX(m, SP_DEFAULT);
}

/* A guest that has namespaces of its own, all but user, recorded in a slot. */
static void own_spaces(void)
{
	NEED_OK(E(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWCGROUP |
			  CLONE_NEWPID)));
}

static pid_t recorded(struct guest *g, uint64_t mask, uint32_t index)
{
	pid_t pid;

	g->before = own_spaces;
	pid = guest_fork(g);
	if (pid == 0) {
		/* a pid space counts only once it has an init */
		if (host_fork() == 0)
			idle();
		NEED_OK(set_space(XID_SELF, mask, index));
		for (int i = 0; i < NR_KINDS; i++)
			sh->val[i] = ns_id(kinds[i].changes);
		step_set(1);
		idle();
	}
	step_wait(1);
	return pid;
}

static void expect_entered(uint32_t xid, uint64_t ask, uint64_t got, uint32_t index)
{
	pid_t a = host_fork();

	if (a == 0) {
		int64_t before[NR_KINDS];

		for (int i = 0; i < NR_KINDS; i++)
			before[i] = ns_id(kinds[i].changes);
		OK(enter_space(xid, ask, index));
		for (int i = 0; i < NR_KINDS; i++) {
			int64_t now = ns_id(kinds[i].changes);

			CHECK(now == (kinds[i].bit & got ? sh->val[i] : before[i]),
			      "enter %#llx: %s %s", (unsigned long long)ask, kinds[i].name,
			      kinds[i].bit & got ? "not entered" : "changed");
		}
		/* the spaces only, not the context */
		EQ(task_xid(0), 0);
		done();
	}
	reap_ok(a);
}

TEST(enter_each, "each kind of space, recorded and entered, one by one and all by mask 0")
{
	const uint64_t all = SP_UTS | SP_IPC | SP_NET | SP_NS | SP_CGROUP | SP_PID;
	struct guest g = { .setup = true };

	recorded(&g, all, 0);
	for (int i = 0; i < NR_KINDS; i++)
		expect_entered(g.xid, kinds[i].bit, kinds[i].bit, 0);
	expect_entered(g.xid, SP_UTS | SP_IPC, SP_UTS | SP_IPC, 0);
	expect_entered(g.xid, 0, all, 0);
}

TEST(enter_old, "enter_space v0 and v1, set_space v0 and v1: slot 0")
{
	struct guest g = { .setup = true };
	struct abi_flagword m = { SP_UTS };
	pid_t a;

	recorded(&g, SP_UTS, 0);
	a = host_fork();
	if (a == 0) {
		EQ(vs(CMD_enter_space_v1, g.xid, &m), 0);
		EQ(ns_id("uts"), sh->val[0]);
		done();
	}
	reap_ok(a);
	a = host_fork();
	if (a == 0) {
		EQ(vs(CMD_enter_space_v0, g.xid, NULL), 0);
		EQ(ns_id("uts"), sh->val[0]);
		done();
	}
	reap_ok(a);
	a = host_fork();
	if (a == 0) {
		NEED_OK(E(unshare(CLONE_NEWIPC)));
		m.flagword = SP_IPC;
		EQ(vs(CMD_set_space_v1, g.xid, &m), 0);
		sh->val[1] = ns_id("ipc");
		done();
	}
	reap_ok(a);
	expect_entered(g.xid, 0, SP_UTS | SP_IPC, 0);
	/* without an argument: the default ones, mounts among them */
	a = host_fork();
	if (a == 0) {
		NEED_OK(E(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)));
		EQ(vs(CMD_set_space_v0, g.xid, NULL), 0);
		sh->val[0] = ns_id("uts");
		sh->val[1] = ns_id("ipc");
		sh->val[2] = ns_id("mnt");
		done();
	}
	reap_ok(a);
	expect_entered(g.xid, SP_UTS | SP_IPC, SP_UTS | SP_IPC, 0);
	a = host_fork();
	if (a == 0) {
		EQ(enter_space(g.xid, SP_NS | SP_FS, 0), 0);
		EQ(ns_id("mnt"), sh->val[2]);
		done();
	}
	reap_ok(a);
}

TEST(errors, "unknown bits, what is not recorded, slots that do not exist: EINVAL, nothing entered")
{
	struct guest g = { .setup = true };
	pid_t a;

	recorded(&g, SP_UTS | SP_IPC, 0);
	a = host_fork();
	if (a == 0) {
		int64_t uts = ns_id("uts");

		EQ(enter_space(g.xid, SP_NET, 0), -EINVAL);
		EQ(enter_space(g.xid, SP_UTS | SP_NET, 0), -EINVAL);
		EQ(enter_space(g.xid, 1, 0), -EINVAL);
		EQ(enter_space(g.xid, ~0ull, 0), -EINVAL);
		EQ(enter_space(g.xid, SP_UTS, 1), -EINVAL);
		EQ(enter_space(g.xid, SP_UTS, 2), -EINVAL);
		EQ(enter_space(g.xid, 0, 2), -EINVAL);
		EQ(enter_space(g.xid, SP_UTS, 0xffffffff), -EINVAL);
		EQ(enter_space(new_xid(), SP_UTS, 0), -ESRCH);
		EQ(ns_id("uts"), uts);
		/* set_space by the host records the caller's */
		EQ(set_space(g.xid, 1, 0), -EINVAL);
		EQ(set_space(g.xid, SP_UTS | CLONE_THREAD, 0), -EINVAL);
		EQ(set_space(g.xid, SP_USER, 0), -EINVAL);
		EQ(set_space(g.xid, 1ull << 40, 0), -EINVAL);
		EQ(set_space(g.xid, SP_UTS, 2), -EINVAL);
		EQ(set_space(g.xid, SP_UTS, 0xffffffff), -EINVAL);
		EQ(set_space(new_xid(), SP_UTS, 0), -ESRCH);
		done();
	}
	reap_ok(a);
	expect_entered(g.xid, 0, SP_UTS | SP_IPC, 0);
}

TEST(two_slots, "the two slots are independent")
{
	struct guest g = { .setup = true };
	char buf[2048];
	pid_t a;

	recorded(&g, SP_UTS, 0);
	a = host_fork();
	if (a == 0) {
		NEED_OK(E(unshare(CLONE_NEWUTS | CLONE_NEWIPC)));
		OK(set_space(g.xid, SP_UTS | SP_IPC, 1));
		sh->val[10] = ns_id("uts");
		sh->val[11] = ns_id("ipc");
		done();
	}
	reap_ok(a);
	CHECK(sh->val[10] != sh->val[0], "no second uts space");
	expect_entered(g.xid, 0, SP_UTS, 0);
	snprintf(buf, sizeof(buf), "/proc/virtual/%u/status", g.xid);
	NEED_OK(read_file(buf, buf, sizeof(buf)));
	CHECK(text_matches(buf, "^Spaces:[ \t]0*4000000 0*c000000$"), "status: %s", buf);
	sh->val[0] = sh->val[10];
	sh->val[1] = sh->val[11];
	expect_entered(g.xid, 0, SP_UTS | SP_IPC, 1);
	expect_entered(g.xid, SP_IPC, SP_IPC, 1);
}

TEST(adds_up, "recording more spaces keeps those recorded before")
{
	struct guest g = { .setup = true };
	pid_t a;

	recorded(&g, SP_UTS, 0);
	a = host_fork();
	if (a == 0) {
		NEED_OK(E(unshare(CLONE_NEWUTS | CLONE_NEWIPC)));
		OK(set_space(g.xid, SP_IPC, 0));
		sh->val[1] = ns_id("ipc");
		done();
	}
	reap_ok(a);
	expect_entered(g.xid, 0, SP_UTS | SP_IPC, 0);
	/* and recording one again replaces it */
	a = host_fork();
	if (a == 0) {
		NEED_OK(E(unshare(CLONE_NEWUTS)));
		OK(set_space(g.xid, SP_UTS, 0));
		sh->val[0] = ns_id("uts");
		done();
	}
	reap_ok(a);
	expect_entered(g.xid, 0, SP_UTS | SP_IPC, 0);
}

TEST(fs, "FS: root, directory and umask as they were when recorded")
{
	struct guest g = { .setup = true };
	char cwd[PATH_MAX];
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		NEED_OK(E(chdir("/proc")));
		umask(027);
		NEED_OK(set_space(XID_SELF, SP_FS, 0));
		/* a private copy: what happens now is not recorded */
		NEED_OK(E(chdir("/")));
		umask(0);
		step_set(1);
		idle();
	}
	step_wait(1);
	for (int i = 0; i < 2; i++) {
		a = host_fork();
		if (a == 0) {
			NEED_OK(E(chdir("/dev")));
			umask(077);
			OK(enter_space(g.xid, SP_FS, 0));
			CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/proc"), "directory is %s", cwd);
			EQ(umask(0), 027);
			/* nor does the visitor change it for the next one */
			NEED_OK(E(chdir("/")));
			done();
		}
		reap_ok(a);
	}
}

TEST(fs_chroot, "FS: a recorded root directory is entered")
{
	struct guest g = { .setup = true };
	struct stat st;
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		NEED_OK(E(chroot("/proc")));
		NEED_OK(E(chdir("/")));
		NEED_OK(set_space(XID_SELF, SP_FS, 0));
		step_set(1);
		idle();
	}
	step_wait(1);
	a = host_fork();
	if (a == 0) {
		OK(enter_space(g.xid, SP_FS, 0));
		EQ(E(stat("/meminfo", &st)), 0);
		EQ(E(stat("/proc", &st)), -ENOENT);
		done();
	}
	reap_ok(a);
}

TEST(pid_space, "PID: children of the visitor are in the recorded space")
{
	struct guest g = { .setup = true };
	pid_t pid, a;

	g.before = NULL;
	pid = guest_fork(&g);
	if (pid == 0) {
		NEED_OK(E(unshare(CLONE_NEWPID)));
		if (fork() == 0) {
			EQ(getpid(), 1);
			NEED_OK(set_space(XID_SELF, SP_PID, 0));
			step_set(1);
			idle();
		}
		idle();
	}
	step_wait(1);
	a = host_fork();
	if (a == 0) {
		OK(enter_space(g.xid, SP_PID, 0));
		a = fork();
		if (a == 0)
			_exit(getpid());
		EQ(reap(a), 2);
		done();
	}
	reap_ok(a);
}

TEST(rights, "PRIVATE: EACCES; from inside, also in set-up: EPERM")
{
	struct guest g = { .flags = CF_PRIVATE, .setup = true };
	pid_t pid = guest_fork(&g), a;

	if (pid == 0) {
		NEED_OK(set_space(XID_SELF, SP_UTS, 0));
		EQ(enter_space(XID_SELF, SP_UTS, 0), -EPERM);
		EQ(enter_space(g.xid, 0, 1), -EPERM);
		EQ(vs(CMD_enter_space_v0, XID_SELF, NULL), -EPERM);
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		EQ(set_space(XID_SELF, SP_IPC, 0), -EPERM);
		EQ(enter_space(XID_SELF, SP_UTS, 0), -EPERM);
		step_set(1);
		idle();
	}
	step_wait(1);
	a = host_fork();
	if (a == 0) {
		EQ(enter_space(g.xid, SP_UTS, 0), -EACCES);
		EQ(enter_space(g.xid, 0, 0), -EACCES);
		OK(set_word(CMD_set_cflags, g.xid, 0, CF_PRIVATE));
		OK(enter_space(g.xid, SP_UTS, 0));
		done();
	}
	reap_ok(a);
}

TEST(outlives, "recorded spaces live as long as the context, not only as long as their makers")
{
	struct guest g = { .flags = CF_PERSISTENT, .setup = true };
	pid_t pid, a;

	g.before = own_spaces;
	pid = guest_fork(&g);
	if (pid == 0) {
		NEED_OK(set_space(XID_SELF, SP_UTS, 0));
		NEED_OK(E(sethostname("kept", 4)));
		done();
	}
	reap_ok(pid);
	a = host_fork();
	if (a == 0) {
		char name[65];

		OK(enter_space(g.xid, SP_UTS, 0));
		gethostname(name, sizeof(name));
		CHECK(!strcmp(name, "kept"), "name is %s", name);
		done();
	}
	reap_ok(a);
}
