// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: what is told of the life of contexts and network contexts.
 *
 * Each test has a buffer of its own (an instance), so nobody else's reader or
 * settings matter.
 */
#include "vs_test.h"

#include <stdarg.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <linux/reboot.h>

#define TRACEFS	"/tmp/vstrace"
#define OURS	TRACEFS "/instances/vserver"

static char buf[65536];

/* Mounted for the test alone. */
static void start(void)
{
	if (vs_stock)
		vs_skip("needs contexts");
	NEED_OK(E(unshare(CLONE_NEWNS)));
	NEED_OK(E(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)));
	mkdir(TRACEFS, 0700);
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		vs_skip("no tracefs in this kernel");
	if (access(TRACEFS "/events/vserver", F_OK) && access(TRACEFS "/events/sched", F_OK))
		vs_skip("no events in this kernel");
	rmdir(OURS);
	NEED_OK(E(mkdir(OURS, 0700)));
	NEED_OK(write_file(OURS "/events/vserver/enable", "1"));
}

static void end(void)
{
	OK(write_file(OURS "/events/vserver/enable", "0"));
	OK(E(rmdir(OURS)));
	OK(E(umount(TRACEFS)));
}

/*
 * In what has been told so far, the first "EVENT: TEXT" after @from; @text is an
 * extended regular expression to the end of the line.  NULL if there is none.
 */
static const char *told(const char *from, const char *event, const char *text)
{
	char want[300], line[512];

	snprintf(want, sizeof(want), "^[^#].* %s: %s$", event, text);
	while (*from) {
		size_t n = strcspn(from, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, from);
		from += n + (from[n] == '\n');
		if (text_matches(line, want))
			return from;
	}
	return NULL;
}

/* The same, of the moment: the place in buf after it. */
static const char *next(const char *from, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static const char *next(const char *from, const char *event, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	from = told(from, event, text);
	NEED(CHECK(from, "no %s: %s in its place of:\n%s", event, text, buf));
	return from;
}

static const char *all_told(void)
{
	NEED_OK(read_file(OURS "/trace", buf, sizeof(buf)));
	return buf;
}

/* Until @event of @id has been told: what waits for RCU comes later. */
static void wait_for(const char *event, uint32_t id)
{
	char text[40];
	int i;

	snprintf(text, sizeof(text), "id=%u", id);
	for (i = 0; i < 200 && !told(all_told(), event, text); i++)
		msleep(100);
}

TEST(life, "making, entering, ending set-up, a signal, the end of a context, in this order")
{
	struct guest g = { .bcaps = BC_ALL };
	const char *at;
	pid_t p, q;

	start();
	p = guest_fork(&g);
	if (p == 0)
		idle();
	q = guest_join(g.xid);
	if (q == 0)
		done();
	reap_ok(q);
	OK(ctx_kill(g.xid, p, SIGTERM));
	EQ(reap(p), 128 + SIGTERM);
	EQ(ctx_kill(g.xid, 0, SIGTERM), -ESRCH);
	wait_for("context_free", g.xid);

	at = all_told();
	at = next(at, "context_create", "xid=%u parent=0 flags=0x[0-9a-f]+", g.xid);
	at = next(at, "context_migrate", "id=%u from=0", g.xid);
	at = next(at, "context_state", "xid=%u gone=0x[0-9a-f]+ flags=0x[0-9a-f]+", g.xid);
	at = next(at, "context_migrate", "id=%u from=0", g.xid);
	at = next(at, "context_kill", "xid=%u pid=%d sig=15 ret=0", g.xid, p);
	at = next(at, "context_exit", "id=%u", g.xid);
	next(at, "context_free", "id=%u", g.xid);
	/* a context that is not there has nothing to tell */
	CHECK(!told(at, "context_kill", ".*"), "a signal to nobody:\n%s", buf);
	end();
}

TEST(nested, "a context in a context says in which")
{
	struct guest g = { .bcaps = BC_ALL };
	uint32_t xid = new_xid();
	struct abi_create_in in = { .flagword = CF_ONE_TIME };
	const char *at;
	pid_t p, q;

	start();
	p = guest_fork(&g);
	if (p == 0)
		idle();
	q = host_fork();
	if (q == 0) {
		in.parent = g.xid;
		EQ(vs(CMD_ctx_create_in, xid, &in), xid);
		done();
	}
	reap_ok(q);
	at = next(all_told(), "context_create", "xid=%u parent=%u flags=0x[0-9a-f]+", xid,
		  g.xid);
	at = next(at, "context_migrate", "id=%u from=0", xid);
	next(at, "context_exit", "id=%u", xid);
	end();
}

TEST(reboots, "reboot(2) by a member")
{
	struct guest g = { .bcaps = BC_ALL };
	pid_t p;

	start();
	p = guest_fork(&g);
	if (p == 0) {
		OK(E(reboot(LINUX_REBOOT_CMD_RESTART)));
		done();
	}
	reap_ok(p);
	next(all_told(), "context_reboot", "xid=%u cmd=0x1234567", g.xid);
	end();
}

TEST(limits, "a limit that is met: what it would have been, and the limit")
{
	struct guest g = { .bcaps = BC_ALL };
	struct abi_rlimit r = {
		.id = RL_NPROC, .minimum = RL_KEEP, .softlimit = RL_KEEP, .maximum = 1,
	};
	pid_t p, q;

	start();
	p = guest_fork(&g);
	if (p == 0) {
		step_wait(1);
		q = fork();
		if (q == 0)
			_exit(0);
		EQ(E(q), -EAGAIN);
		done();
	}
	NEED_OK(vs(CMD_set_rlimit, g.xid, &r));
	step_set(1);
	reap_ok(p);
	next(all_told(), "context_limit", "xid=%u id=%u value=2 max=1", g.xid, RL_NPROC);
	end();
}

TEST(network, "making, entering and the end of a network context")
{
	uint32_t nid = new_xid();
	struct abi_flagword none = { 0 };
	const char *at;
	pid_t p;

	start();
	p = host_fork();
	if (p == 0) {
		EQ(vs(CMD_net_create_v1, nid, &none), nid);
		done();
	}
	reap_ok(p);
	wait_for("network_free", nid);
	at = all_told();
	at = next(at, "network_create", "nid=%u flags=0x0", nid);
	at = next(at, "network_migrate", "id=%u from=0", nid);
	at = next(at, "network_exit", "id=%u", nid);
	next(at, "network_free", "id=%u", nid);
	end();
}
