// SPDX-License-Identifier: GPL-2.0
/*
 * The dispatcher: which check comes first (specification 1.2), what is
 * ignored (ids and padding nobody reads), what is refused and with which
 * error.
 */
#include "vs_test.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#define NOBODY	65534
#define FREE_ID	64999		/* no test creates it */

/* Rights as in the specification's tables. */
enum { R_NONE = 0, R_PID = 2, R_INFO = 3, R_WAIT = 4, R_ADMIN = 5, R_KILL = 6, R_SET = 7 };
enum { A_NONE, A_IN, A_OUT };	/* direction of the argument */

static const struct cmd {
	const char *name;
	uint32_t cmd;
	int perm;
	int arg;
	bool null_ok;		/* NULL data has a meaning of its own */
} cmds[] = {
	{ "get_version", CMD_get_version, R_NONE, A_NONE, true },
	{ "get_vci", CMD_get_vci, R_NONE, A_NONE, true },
	{ "get_space_mask_v0", CMD_get_space_mask_v0, R_NONE, A_OUT, false },
	{ "get_space_mask_v1", CMD_get_space_mask_v1, R_NONE, A_OUT, false },
	{ "get_space_default", CMD_get_space_default, R_NONE, A_OUT, false },
	{ "task_xid", CMD_task_xid, R_PID, A_NONE, true },
	{ "vx_info", CMD_vx_info, R_INFO, A_OUT, false },
	{ "ctx_stat", CMD_ctx_stat, R_INFO, A_OUT, false },
	{ "get_cflags", CMD_get_cflags, R_INFO, A_OUT, false },
	{ "get_ccaps", CMD_get_ccaps, R_INFO, A_OUT, false },
	{ "get_bcaps", CMD_get_bcaps, R_INFO, A_OUT, false },
	{ "get_umask", CMD_get_umask, R_INFO, A_OUT, false },
	{ "get_wmask", CMD_get_wmask, R_INFO, A_OUT, false },
	{ "get_badness", CMD_get_badness, R_INFO, A_OUT, false },
	{ "get_vhi_name", CMD_get_vhi_name, R_INFO, A_IN, false },
	{ "wait_exit", CMD_wait_exit, R_WAIT, A_OUT, false },
	{ "ctx_create", CMD_ctx_create_v1, R_ADMIN, A_IN, true },
	{ "ctx_create_in", CMD_ctx_create_in, R_ADMIN, A_IN, false },
	{ "ctx_migrate_v0", CMD_ctx_migrate_v0, R_ADMIN, A_NONE, true },
	{ "ctx_migrate_v1", CMD_ctx_migrate_v1, R_ADMIN, A_IN, true },
	{ "enter_space_v0", CMD_enter_space_v0, R_ADMIN, A_NONE, true },
	{ "enter_space_v1", CMD_enter_space_v1, R_ADMIN, A_IN, true },
	{ "enter_space_v2", CMD_enter_space_v2, R_ADMIN, A_IN, true },
	{ "ctx_kill", CMD_ctx_kill, R_KILL, A_IN, false },
	{ "set_cflags", CMD_set_cflags, R_SET, A_IN, false },
	{ "set_ccaps", CMD_set_ccaps, R_SET, A_IN, false },
	{ "set_bcaps", CMD_set_bcaps, R_SET, A_IN, false },
	{ "set_umask", CMD_set_umask, R_SET, A_IN, false },
	{ "set_wmask", CMD_set_wmask, R_SET, A_IN, false },
	{ "set_badness", CMD_set_badness, R_SET, A_IN, false },
	{ "set_vhi_name", CMD_set_vhi_name, R_SET, A_IN, false },
	{ "get_sched", CMD_get_sched, R_INFO, A_IN, false },
	{ "sched_info", CMD_sched_info, R_INFO, A_IN, false },
	{ "get_prio_bias", CMD_get_prio_bias, R_INFO, A_IN, false },
	{ "get_cpu", CMD_get_cpu, R_INFO, A_OUT, false },
	{ "set_sched_v2", CMD_set_sched_v2, R_SET, A_IN, false },
	{ "set_sched_v3", CMD_set_sched_v3, R_SET, A_IN, false },
	{ "set_sched_v4", CMD_set_sched_v4, R_SET, A_IN, false },
	{ "set_sched_v5", CMD_set_sched_v5, R_SET, A_IN, false },
	{ "set_prio_bias", CMD_set_prio_bias, R_SET, A_IN, false },
	{ "set_cpu", CMD_set_cpu, R_SET, A_IN, false },
	{ "get_rlimit_mask", CMD_get_rlimit_mask, R_NONE, A_OUT, false },
	{ "get_rlimit", CMD_get_rlimit, R_INFO, A_IN, false },
	{ "rlimit_stat", CMD_rlimit_stat, R_INFO, A_IN, false },
	{ "virt_stat", CMD_virt_stat, R_INFO, A_OUT, false },
	{ "sock_stat", CMD_sock_stat, R_INFO, A_IN, false },
	{ "reset_hits", CMD_reset_hits, R_ADMIN, A_NONE, true },
	{ "reset_minmax", CMD_reset_minmax, R_ADMIN, A_NONE, true },
	{ "set_rlimit", CMD_set_rlimit, R_SET, A_IN, false },
	{ "set_space_v0", CMD_set_space_v0, R_SET, A_NONE, true },
	{ "set_space_v1", CMD_set_space_v1, R_SET, A_IN, true },
	{ "set_space_v2", CMD_set_space_v2, R_SET, A_IN, true },
};
#define NR_CMDS	((int)(sizeof(cmds) / sizeof(cmds[0])))
#define EACH(c)	(const struct cmd *c = cmds; c < cmds + NR_CMDS; c++)

/* A zeroed argument large enough for every command, but for an id where one must be. */
static long try_cmd(const struct cmd *c, uint32_t id)
{
	char arg[128] = "";

	if (c->cmd == CMD_get_rlimit || c->cmd == CMD_rlimit_stat || c->cmd == CMD_set_rlimit)
		arg[0] = RL_NPROC;
	return vs(c->cmd, id, arg);
}

#define EXPECT(c, expr, want) do {						\
	long got_ = (expr);							\
	CHECK(got_ == (want), "%s: is %ld, should be %ld (%s)", (c)->name, got_,\
	      (long)(want), strerrorname_np(-(want)));				\
} while (0)

static void all_refused(int error)
{
	for EACH(c)
		if (c->perm > 1)
			EXPECT(c, try_cmd(c, c->perm == R_PID ? 0 : FREE_ID), -error);
}

static void version_calls_work(void)
{
	uint64_t mask = 0;

	EQ(vs(CMD_get_version, 0, NULL), VS_VERSION);
	CHECK(vs(CMD_get_vci, 0, NULL) > 0, "get_vci: %ld", vs(CMD_get_vci, 0, NULL));
	OK(vs(CMD_get_space_mask_v1, 0, &mask));
	CHECK(mask, "get_space_mask: empty");
	OK(vs(CMD_get_space_default, 0, &mask));
}

TEST(version, "get_version reports 0x00020308 whatever id and data say")
{
	EQ(vs(CMD_get_version, 0, NULL), VS_VERSION);
	EQ(vs(CMD_get_version, 63, NULL), VS_VERSION);
	EQ(vs(CMD_get_version, 0xffffffff, (void *)1), VS_VERSION);
	EQ(vs(CMD_get_version, 40000, (void *)-8), VS_VERSION);
}

TEST(vci, "get_vci: static ids and spaces; never the memcg and sign bits")
{
	long vci = vs(CMD_get_vci, 0, NULL);

	EQ(vs(CMD_get_vci, 12345, (void *)1), vci);
	EQX(vci & (VS_VCI_NO_DYNAMIC | VS_VCI_SPACES), VS_VCI_NO_DYNAMIC | VS_VCI_SPACES);
	EQX(vci & ((1u << 31) | (1u << 12) | (1u << 13)), 0);
	/* what later issues bring must not be promised now */
	EQX(vci, VS_VCI_NO_DYNAMIC | VS_VCI_SPACES | VS_VCI_HARDCPU | VS_VCI_IDLETIME |
	    VS_VCI_NETV2 | VS_VCI_COWBL | VS_VCI_TAG_INTERN | VS_VCI_PPTAG);
}

TEST(unknown, "unknown categories, commands, versions and stray bits: ENOSYS")
{
	static const uint32_t bad[] = {
		0xffffffff, 0x3fffffff, 0x12345678,
		VS_CMD(3, 0, 0), VS_CMD(63, 2, 3), VS_CMD(0, 2, 0), VS_CMD(0, 0, 1),
		CMD_ctx_create_v2, CMD_ctx_migrate_v2,
		VS_CMD(9, 1, 3), VS_CMD(9, 1, 0xfff), VS_CMD(9, 2, 1),
		CMD_vx_info + 1, CMD_ctx_kill + 1, CMD_wait_exit + 1,
		CMD_get_cflags + 1, CMD_set_cflags + 1,
		VS_CMD(52, 0, 0), VS_CMD(52, 99, 0), VS_CMD(10, 1, 3), VS_CMD(10, 3, 3),
		/* bits that the encoding does not use */
		CMD_get_version | 0x40000000, CMD_get_version | 0x1000,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char arg[128] = "";
		long ret = vs(bad[i], 2, arg);

		CHECK(ret == -ENOSYS, "command %#x: %ld", bad[i], ret);
	}
	EQ(task_xid(0), 0);
}

TEST(later, "commands of later issues answer ENOSYS, to root and in a context")
{
	static const uint32_t later[] = {
		VS_CMD(25, 1, 0),						/* oldest net_create */
		VS_CMD(26, 3, 0), VS_CMD(26, 4, 0),				/* no such IPv6 */
		VS_CMD(6, 1, 1), VS_CMD(6, 3, 0),				/* device maps */
		VS_CMD(60, 4, 0), VS_CMD(60, 1, 1), VS_CMD(40, 4, 0),		/* limits */
		VS_CMD(14, 2, 4), VS_CMD(14, 6, 0),				/* scheduler */
	};
	struct guest g = { .setup = true };
	char arg[128] = "";
	pid_t pid;
	unsigned int i;

	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		long ret = vs(later[i], 2, arg);

		CHECK(ret == -ENOSYS, "command %#x: %ld", later[i], ret);
	}
	pid = guest_fork(&g);
	if (pid == 0) {
		for (i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
			long ret = vs(later[i], XID_SELF, arg);

			CHECK(ret == -ENOSYS, "command %#x in a context: %ld", later[i], ret);
		}
		done();
	}
	reap_ok(pid);
}

TEST(user_enosys, "a caller without CAP_SYS_ADMIN: everything but the version calls ENOSYS")
{
	drop_to_user(NOBODY);
	version_calls_work();
	all_refused(ENOSYS);
	for EACH(c)
		if (c->perm > 1)
			EXPECT(c, vs(c->cmd, 0, (void *)1), -ENOSYS);
}

TEST(dropped_admin_enosys, "root that dropped CAP_SYS_ADMIN: ENOSYS")
{
	NEED_OK(cap_drop_effective(CAP_SYS_ADMIN));
	version_calls_work();
	all_refused(ENOSYS);
}

TEST(userns_root, "root of a user namespace gets nothing")
{
	uint32_t xid = new_xid();
	struct guest g = { .xid = xid, .setup = true };
	pid_t pid = guest_fork(&g);
	uint64_t v;

	if (pid == 0)
		idle();
	OK(get_word(CMD_get_cflags, xid, &v, NULL));
	NEED_OK(E(unshare(CLONE_NEWUSER)));
	version_calls_work();
	for EACH(c)
		if (c->perm > 1) {
			long ret = try_cmd(c, c->perm == R_PID ? 0 : xid);

			CHECK(ret == -ENOSYS || ret == -EPERM, "%s: %ld", c->name, ret);
		}
	EQ(ctx_create(new_xid(), CF_ONE_TIME) >= 0, false);
}

TEST(resource_eperm, "set commands and ctx_kill want CAP_SYS_RESOURCE: EPERM before ESRCH")
{
	uint32_t xid = new_xid();
	uint64_t v;

	NEED_OK(cap_drop_effective(CAP_SYS_RESOURCE));
	for EACH(c) {
		if (c->perm == R_KILL || c->perm == R_SET)
			EXPECT(c, try_cmd(c, FREE_ID), -EPERM);
		else if (c->perm == R_INFO || c->perm == R_WAIT)
			EXPECT(c, try_cmd(c, FREE_ID), -ESRCH);
	}
	/* creating and reading need no more than CAP_SYS_ADMIN */
	EQ(ctx_create(xid, CF_ONE_TIME), xid);
	OK(get_word(CMD_get_cflags, XID_SELF, &v, NULL));
	EQX(v, CF_ONE_TIME);
}

TEST(guest_without_api_bit, "bcaps without bit 63: ENOSYS inside; with it EPERM")
{
	struct guest hidden = { .bcaps = 0xb44c04ffull };
	struct guest shown = SECURE_GUEST;
	struct guest strong = { .bcaps = BC_ALL & ~BC_API };
	pid_t pid;

	pid = guest_fork(&hidden);
	if (pid == 0) {
		version_calls_work();
		all_refused(ENOSYS);
		done();
	}
	reap_ok(pid);
	pid = guest_fork(&shown);
	if (pid == 0) {
		version_calls_work();
		all_refused(EPERM);
		done();
	}
	reap_ok(pid);
	/* the visibility bit counts even when CAP_SYS_ADMIN is there */
	pid = guest_fork(&strong);
	if (pid == 0) {
		version_calls_work();
		all_refused(ENOSYS);
		done();
	}
	reap_ok(pid);
	/* an ordinary user inside finds nothing at all */
	pid = guest_fork(&(struct guest){ .bcaps = BC_ALL });
	if (pid == 0) {
		drop_to_user(NOBODY);
		version_calls_work();
		all_refused(ENOSYS);
		done();
	}
	reap_ok(pid);
}

TEST(guest_admin_eperm, "full root in a finished context: admin commands EPERM, reading itself works")
{
	struct guest other = { .setup = true };
	struct guest g = { .bcaps = BC_ALL };
	pid_t o = guest_fork(&other), pid;

	if (o == 0)
		idle();
	pid = guest_fork(&g);
	if (pid == 0) {
		for EACH(c) {
			if (c->perm >= R_ADMIN) {
				EXPECT(c, try_cmd(c, XID_SELF), -EPERM);
				EXPECT(c, try_cmd(c, g.xid), -EPERM);
				EXPECT(c, try_cmd(c, other.xid), -EPERM);
				EXPECT(c, try_cmd(c, FREE_ID), -EPERM);
			} else if (c->perm == R_INFO) {
				EXPECT(c, try_cmd(c, XID_SELF), 0);
				EXPECT(c, try_cmd(c, XID_NONE), 0);
				EXPECT(c, try_cmd(c, g.xid), 0);
				long ret = try_cmd(c, other.xid);

				CHECK(ret == -EPERM || ret == -ESRCH,
				      "%s of another context: %ld", c->name, ret);
			}
		}
		EQ(task_xid(0), g.xid);
		done();
	}
	reap_ok(pid);
}

TEST(guest_setup, "in set-up the own context may be configured, no other, and not entered")
{
	struct guest other = { .setup = true };
	struct guest g = { .setup = true };
	pid_t o = guest_fork(&other), pid;

	if (o == 0)
		idle();
	pid = guest_fork(&g);
	if (pid == 0) {
		for EACH(c) {
			if (c->perm == R_SET) {
				long ret = try_cmd(c, XID_SELF);

				/* a zeroed space mask or name may be refused, but not for lack of rights */
				CHECK(ret != -EPERM && ret != -ENOSYS && ret != -ESRCH && ret != -EACCES,
				      "%s in set-up: %ld", c->name, ret);
				EXPECT(c, try_cmd(c, other.xid), -EPERM);
				EXPECT(c, try_cmd(c, FREE_ID), -EPERM);
			} else if (c->perm == R_ADMIN || c->perm == R_KILL) {
				EXPECT(c, try_cmd(c, XID_SELF), -EPERM);
				EXPECT(c, try_cmd(c, other.xid), -EPERM);
			}
		}
		OK(set_word(CMD_set_ccaps, XID_SELF, 0x1, 0x1));
		OK(set_word(CMD_set_ccaps, XID_NONE, 0x2, 0x2));
		OK(set_word(CMD_set_ccaps, g.xid, 0x4, 0x4));
		EQX(word_of(CMD_get_ccaps, XID_SELF), 0x7);
		done();
	}
	reap_ok(pid);
}

TEST(esrch, "ids without a context: ESRCH for 0, 1, unused, out of range and -1, -2 on the host")
{
	static const uint32_t ids[] = { 0, 1, FREE_ID, 65535, 65536, 0x7fffffff,
					XID_NONE, XID_SELF, 0x80000000 };

	for EACH(c) {
		if (c->perm != R_INFO && c->perm != R_WAIT && c->perm != R_KILL &&
		    c->perm != R_SET && c->cmd != CMD_enter_space_v1 && c->cmd != CMD_enter_space_v2 &&
		    c->cmd != CMD_ctx_migrate_v1)
			continue;
		for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			if (c->cmd == CMD_ctx_migrate_v1 && ids[i] == 1)
				continue;	/* the watch context: see create */
			if (c->cmd == CMD_sched_info && ids[i] == 0)
				continue;	/* the host: see sched */
			long ret = try_cmd(c, ids[i]);

			CHECK(ret == -ESRCH, "%s of id %#x: %ld", c->name, ids[i], ret);
		}
	}
}

TEST(closed_eacces, "STATE_ADMIN cleared: admin commands EACCES, reading goes on")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, g.xid, 0, CF_STATE_ADMIN));
	for EACH(c) {
		if (c->cmd == CMD_ctx_create_v1)
			EXPECT(c, try_cmd(c, g.xid), -EBUSY);
		else if (c->cmd == CMD_ctx_create_in)
			/* the host is nobody's parent */
			EXPECT(c, try_cmd(c, g.xid), -ESRCH);
		else if (c->perm == R_ADMIN || c->perm == R_SET)
			EXPECT(c, try_cmd(c, g.xid), -EACCES);
		else if (c->perm == R_INFO)
			EXPECT(c, try_cmd(c, g.xid), 0);
	}
	/* not undone by anybody */
	EQ(set_word(CMD_set_cflags, g.xid, CF_STATE_ADMIN, CF_STATE_ADMIN), -EACCES);
	EQX(word_of(CMD_get_cflags, g.xid), CF_STATE_SETUP | CF_STATE_INIT);
	OK(ctx_kill(g.xid, 0, SIGKILL));
	EQ(reap(pid), 128 + SIGKILL);
}

TEST(efault, "bad pointers: EFAULT, and nothing has happened")
{
	static void *const bad[] = { (void *)1, (void *)0xffffffff81000000ull, (void *)-8 };
	struct guest g = { .setup = true };
	uint32_t unborn = new_xid();
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t before, after;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	before = word_of(CMD_get_cflags, g.xid);
	for EACH(c) {
		uint32_t id = c->cmd == CMD_ctx_create_v1 ? unborn : g.xid;

		if (c->arg == A_NONE || c->perm == R_WAIT)
			continue;
		for (int i = 0; i < 3; i++)
			EXPECT(c, vs(c->cmd, id, bad[i]), -EFAULT);
		if (!c->null_ok)
			EXPECT(c, vs(c->cmd, id, NULL), -EFAULT);
		if (c->arg == A_OUT)
			EXPECT(c, vs(c->cmd, id, ro), -EFAULT);
	}
	after = word_of(CMD_get_cflags, g.xid);
	EQX(after, before);
	EQ(vx_info(unborn, NULL), -ESRCH);
	EQ(task_xid(0), 0);
	EQ(ctx_tasks(g.xid), 1);
}

TEST(page_edge, "arguments that end exactly at the end of a mapping are read and written")
{
	struct guest g = { .setup = true };
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = map + 4096;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	NEED_OK(E(munmap(end, 4096)));
	OK(vs(CMD_vx_info, g.xid, end - 8));
	EQ(*(uint32_t *)(end - 8), g.xid);
	EQ(vs(CMD_vx_info, g.xid, end - 4), -EFAULT);
	OK(vs(CMD_get_cflags, g.xid, end - 16));
	EQ(vs(CMD_get_cflags, g.xid, end - 8), -EFAULT);
	memset(end - 16, 0, 16);
	OK(vs(CMD_set_cflags, g.xid, end - 16));
	EQ(vs(CMD_set_cflags, g.xid, end - 8), -EFAULT);
	OK(vs(CMD_get_badness, g.xid, end - 8));
	OK(vs(CMD_set_badness, g.xid, end - 8));
}

TEST(garbage_padding, "padding and unused bytes are not looked at")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		struct abi_space s = { SP_UTS, 0, 0xdeadbeef };
		struct abi_vhi v;

		OK(vs(CMD_set_space_v2, XID_SELF, &s));
		memset(&v, 0xa5, sizeof(v));
		v.field = 0;
		strcpy(v.name, "name");
		OK(vs(CMD_set_vhi_name, XID_SELF, &v));
		memset(&v, 0xa5, sizeof(v));
		v.field = 0;
		OK(vs(CMD_get_vhi_name, XID_SELF, &v));
		CHECK(!strcmp(v.name, "name"), "name came back as \"%.65s\"", v.name);
		done();
	}
	reap_ok(pid);
}

TEST(junk_id, "commands without an id take any")
{
	static const uint32_t ids[] = { 0, 1, 63, FREE_ID, 65536, XID_NONE, XID_SELF };
	uint64_t m, first = 0;

	for (int i = 0; i < 7; i++) {
		OK(vs(CMD_get_space_mask_v0, ids[i], &m));
		OK(vs(CMD_get_space_default, ids[i], &m));
		OK(vs(CMD_get_space_mask_v1, ids[i], &m));
		if (i == 0)
			first = m;
		EQX(m, first);
	}
}
