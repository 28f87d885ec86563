// SPDX-License-Identifier: GPL-2.0
/* Host names of a context. */
#include "vs_test.h"

#include <sys/utsname.h>

enum { CONTEXT, SYSNAME, NODENAME, RELEASE, VERSION, MACHINE, DOMAINNAME, NR_FIELDS };

static long set_name(uint32_t xid, uint32_t field, const char *name)
{
	struct abi_vhi v;

	memset(&v, 0xa5, sizeof(v));
	v.field = field;
	snprintf(v.name, sizeof(v.name), "%s", name);
	return vs(CMD_set_vhi_name, xid, &v);
}

static long get_name(uint32_t xid, uint32_t field, char *name)
{
	struct abi_vhi v;
	long ret;

	memset(&v, 0xa5, sizeof(v));
	v.field = field;
	ret = vs(CMD_get_vhi_name, xid, &v);
	if (ret == 0)
		snprintf(name, 66, "%.65s", v.name);
	return ret;
}

static void expect_name(uint32_t xid, uint32_t field, const char *want)
{
	char got[66] = "";

	OK(get_name(xid, field, got));
	CHECK(!strcmp(got, want), "name %u is \"%s\", should be \"%s\"", field, got, want);
}

static void private_uts(void)
{
	NEED_OK(E(unshare(CLONE_NEWUTS)));
}

TEST(context_name, "the context's own name: empty first, kept, up to 64 characters")
{
	struct guest g = { .setup = true };
	char longest[65];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	expect_name(g.xid, CONTEXT, "");
	OK(set_name(g.xid, CONTEXT, "/etc/vservers/one"));
	expect_name(g.xid, CONTEXT, "/etc/vservers/one");
	OK(set_name(g.xid, CONTEXT, "b"));
	expect_name(g.xid, CONTEXT, "b");
	memset(longest, 'x', 64);
	longest[64] = 0;
	OK(set_name(g.xid, CONTEXT, longest));
	expect_name(g.xid, CONTEXT, longest);
	OK(set_name(g.xid, CONTEXT, ""));
	expect_name(g.xid, CONTEXT, "");
}

TEST(unterminated, "a name without an end is cut, not read beyond the field")
{
	struct guest g = { .setup = true };
	struct abi_vhi v;
	char got[66];
	pid_t pid = guest_fork(&g);
	long ret;

	if (pid == 0)
		idle();
	v.field = CONTEXT;
	memset(v.name, 'y', sizeof(v.name));
	memset(v.pad, 'z', sizeof(v.pad));
	ret = vs(CMD_set_vhi_name, g.xid, &v);
	CHECK(ret == 0 || ret == -EINVAL || ret == -ENAMETOOLONG, "set: %ld", ret);
	OK(get_name(g.xid, CONTEXT, got));
	CHECK(strspn(got, "y") == strlen(got) && strlen(got) <= 65, "name is \"%s\"", got);
}

TEST(bad_field, "fields that do not exist: EINVAL for both commands")
{
	static const uint32_t bad[] = { NR_FIELDS, 8, 64, 0xffffffff };
	struct guest g = { .setup = true };
	char name[66];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	for (int i = 0; i < 4; i++) {
		EQ(set_name(g.xid, bad[i], "x"), -EINVAL);
		EQ(get_name(g.xid, bad[i], name), -EINVAL);
	}
}

TEST(no_space, "names 1 to 6 without recorded spaces: EINVAL")
{
	struct guest g = { .setup = true };
	char name[66];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	for (uint32_t f = SYSNAME; f < NR_FIELDS; f++) {
		EQ(set_name(g.xid, f, "x"), -EINVAL);
		EQ(get_name(g.xid, f, name), -EINVAL);
	}
}

TEST(uts_names, "names 1 to 6 are those of the recorded uts space, and of uname there only")
{
	struct guest g = { .setup = true, .before = private_uts };
	struct utsname host, u;
	char domain[65] = "";
	pid_t pid;

	uname(&host);
	pid = guest_fork(&g);
	if (pid == 0) {
		struct abi_space s = { SP_UTS, 0, 0 };

		NEED_OK(vs(CMD_set_space_v2, XID_SELF, &s));
		expect_name(XID_SELF, NODENAME, host.nodename);
		expect_name(XID_SELF, RELEASE, host.release);
		expect_name(XID_SELF, MACHINE, host.machine);
		step_set(1);
		step_wait(2);
		uname(&u);
		CHECK(!strcmp(u.sysname, "name1"), "sysname %s", u.sysname);
		CHECK(!strcmp(u.nodename, "name2"), "nodename %s", u.nodename);
		CHECK(!strcmp(u.release, "name3"), "release %s", u.release);
		CHECK(!strcmp(u.version, "name4"), "version %s", u.version);
		CHECK(!strcmp(u.machine, "name5"), "machine %s", u.machine);
		getdomainname(domain, sizeof(domain));
		CHECK(!strcmp(domain, "name6"), "domainname %s", domain);
		/* and the other way round */
		NEED_OK(E(sethostname("inside", 6)));
		step_set(3);
		idle();
	}
	step_wait(1);
	for (uint32_t f = SYSNAME; f < NR_FIELDS; f++) {
		char name[8] = "name?";

		name[4] = '0' + f;
		OK(set_name(g.xid, f, name));
		expect_name(g.xid, f, name);
	}
	step_set(2);
	step_wait(3);
	expect_name(g.xid, NODENAME, "inside");
	uname(&u);
	CHECK(!memcmp(&u, &host, sizeof(u)), "the names of the host have changed");
}

TEST(inside, "in set-up the context names itself; afterwards reads only")
{
	struct guest g = { .setup = true };
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		OK(set_name(XID_SELF, CONTEXT, "me"));
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, CF_STATE_SETUP));
		EQ(set_name(XID_SELF, CONTEXT, "you"), -EPERM);
		expect_name(XID_SELF, CONTEXT, "me");
		done();
	}
	reap_ok(pid);
}

TEST(separate, "two contexts have two names; a new one under an old id starts empty")
{
	struct guest a = { .setup = true }, b = { .setup = true };
	pid_t pa = guest_fork(&a), pb;

	if (pa == 0)
		idle();
	pb = guest_fork(&b);
	if (pb == 0)
		idle();
	OK(set_name(a.xid, CONTEXT, "a"));
	OK(set_name(b.xid, CONTEXT, "b"));
	expect_name(a.xid, CONTEXT, "a");
	expect_name(b.xid, CONTEXT, "b");
	OK(ctx_kill(a.xid, 0, SIGKILL));
	reap(pa);
	EQ(set_name(a.xid, CONTEXT, "a"), -ESRCH);
	pa = guest_fork(&a);
	if (pa == 0)
		idle();
	expect_name(a.xid, CONTEXT, "");
}
