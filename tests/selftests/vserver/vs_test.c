// SPDX-License-Identifier: GPL-2.0
/* The test frame: see vs_test.h. */
#include "vs_test.h"

#include <dirent.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <regex.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <time.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

#define FIRST_XID	2000	/* away from ids a person would choose by hand */

struct vs_shared *sh;
bool vs_stock;
int vs_shared_fd;
const char *vs_self;

static struct test {
	const char *name, *desc;
	int seconds;
	vs_fn fn;
} tests[VS_MAX_TESTS];
static int nr_tests;

void vs_register(const char *name, const char *desc, int seconds, vs_fn fn)
{
	if (nr_tests == VS_MAX_TESTS)
		abort();
	tests[nr_tests++] = (struct test){ name, desc, seconds, fn };
}

void vs_attach(int fd)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/* ---- checks ---- */

/* One write per line, so that lines of several processes do not mix. */
static void vnote(const char *prefix, const char *fmt, va_list ap)
{
	char line[1200];
	int n = snprintf(line, sizeof(line), "# %s", prefix);

	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		abort();
}

void vs_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vnote("", fmt, ap);
	va_end(ap);
}

bool vs_check(bool ok, const char *file, int line, const char *fmt, ...)
{
	char where[100];
	const char *base = strrchr(file, '/');
	va_list ap;

	if (ok)
		return true;
	atomic_fetch_add(&sh->failures, 1);
	snprintf(where, sizeof(where), "%s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	vnote(where, fmt, ap);
	va_end(ap);
	return false;
}

static const char *num(char *buf, size_t size, long long v)
{
	if (v < 0 && v > -4096 && strerrorname_np(-v))
		snprintf(buf, size, "-%s", strerrorname_np(-v));
	else
		snprintf(buf, size, "%lld", v);
	return buf;
}

bool vs_eq(const char *file, int line, const char *what, long long got, long long want)
{
	char a[32], b[32];

	return vs_check(got == want, file, line, "%s: is %s, should be %s", what,
			num(a, sizeof(a), got), num(b, sizeof(b), want));
}

bool vs_eqx(const char *file, int line, const char *what, uint64_t got, uint64_t want)
{
	return vs_check(got == want, file, line, "%s: is %#llx, should be %#llx", what,
			(unsigned long long)got, (unsigned long long)want);
}

bool vs_ok(const char *file, int line, const char *what, long long got)
{
	char a[32];

	return vs_check(got >= 0, file, line, "%s: failed with %s", what, num(a, sizeof(a), got));
}

bool vs_oneof(const char *file, int line, const char *what, long long got, int e1, int e2, int e3)
{
	char a[32], b[32];
	bool ok = got < 0 && (got == -e1 || got == -e2 || got == -e3);

	return vs_check(ok, file, line, "%s: is %s, should be refused with %s%s", what,
			num(a, sizeof(a), got), num(b, sizeof(b), -e1), e2 ? " or the like" : "");
}

void vs_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sh->skip, sizeof(sh->skip), fmt, ap);
	va_end(ap);
	_exit(0);
}

/* ---- the system call ---- */

long errno_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

long vs(uint32_t cmd, uint32_t id, void *data)
{
	return E(syscall(VS_NR_X86_64, cmd, id, data));
}

uint32_t new_xid(void)
{
	uint32_t xid = FIRST_XID + atomic_fetch_add(&sh->next_xid, 1) % 40000;
	int n = atomic_fetch_add(&sh->nr_xids, 1);

	if (n >= VS_MAX_XIDS)
		abort();
	sh->xids[n] = xid;
	return xid;
}

long ctx_create(uint32_t xid, uint64_t flagword)
{
	struct abi_flagword d = { flagword };

	return vs(CMD_ctx_create_v1, xid, &d);
}

long ctx_migrate(uint32_t xid, uint64_t flagword)
{
	struct abi_flagword d = { flagword };

	return vs(CMD_ctx_migrate_v1, xid, &d);
}

long set_word(uint32_t cmd, uint32_t xid, uint64_t value, uint64_t mask)
{
	struct abi_word d = { value, mask };

	return vs(cmd, xid, &d);
}

long get_word(uint32_t cmd, uint32_t xid, uint64_t *value, uint64_t *mask)
{
	struct abi_word d = { 0x5555555555555555ull, 0x5555555555555555ull };
	long ret = vs(cmd, xid, &d);

	if (value)
		*value = d.value;
	if (mask)
		*mask = d.mask;
	return ret;
}

uint64_t word_of(uint32_t cmd, uint32_t xid)
{
	uint64_t v;
	long ret = get_word(cmd, xid, &v, NULL);

	return CHECK(ret == 0, "reading word %#x of context %u: %ld", cmd, xid, ret) ? v : ~0ull;
}

long vx_info(uint32_t xid, struct abi_vx_info *info)
{
	struct abi_vx_info d;

	return vs(CMD_vx_info, xid, info ? info : &d);
}

long ctx_tasks(uint32_t xid)
{
	struct abi_ctx_stat d;
	long ret = vs(CMD_ctx_stat, xid, &d);

	return ret < 0 ? ret : (long)d.tasks;
}

long ctx_kill(uint32_t xid, int pid, int sig)
{
	struct abi_ctx_kill d = { pid, sig };

	return vs(CMD_ctx_kill, xid, &d);
}

long task_xid(int pid)
{
	return vs(CMD_task_xid, pid, NULL);
}

bool ctx_gone(uint32_t xid, int ms)
{
	for (; ms >= 0; ms -= 2) {
		if (vx_info(xid, NULL) == -ESRCH)
			return true;
		msleep(2);
	}
	return false;
}

/* ---- processes ---- */

void msleep(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

void done(void)
{
	_exit(0);
}

void idle(void)
{
	for (;;)
		pause();
}

pid_t host_fork(void)
{
	pid_t pid = fork();

	NEED_OK(E(pid));
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void guest_setup(struct guest *g)
{
	uint64_t end = CF_STATE_SETUP | (g->no_init ? 0 : CF_STATE_INIT);

	NEED(EQ(ctx_create(g->xid, g->create ? g->create : CF_ONE_TIME), g->xid));
	if (g->bcaps)
		NEED_OK(set_word(CMD_set_bcaps, XID_SELF, g->bcaps, ~0ull));
	if (g->ccaps)
		NEED_OK(set_word(CMD_set_ccaps, XID_SELF, g->ccaps, ~0ull));
	if (g->umask)
		NEED_OK(set_word(CMD_set_umask, XID_SELF, g->umask, ~0ull));
	if (g->flags)
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, g->flags, g->flags));
	if (!g->setup)
		NEED_OK(set_word(CMD_set_cflags, XID_SELF, 0, end));
}

static pid_t fork_then(struct guest *g, uint32_t join)
{
	int p[2];
	char c;
	pid_t pid;

	NEED_OK(E(pipe2(p, O_CLOEXEC)));
	pid = host_fork();
	if (pid == 0) {
		close(p[0]);
		if (g && g->before)
			g->before();
		if (g)
			guest_setup(g);
		else
			NEED_OK(ctx_migrate(join, 0));
		NEED(write(p[1], "", 1) == 1);
		close(p[1]);
		return 0;
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1) {
		CHECK(false, "process could not enter its context");
		_exit(99);
	}
	close(p[0]);
	return pid;
}

pid_t guest_fork(struct guest *g)
{
	if (!g->xid)
		g->xid = new_xid();
	return fork_then(g, 0);
}

pid_t guest_join(uint32_t xid)
{
	return fork_then(NULL, xid);
}

int reap(pid_t pid)
{
	int st;
	pid_t r;

	do
		r = waitpid(pid, &st, 0);
	while (r < 0 && errno == EINTR);
	if (!CHECK(r == pid, "waitpid(%d): %s", pid, strerror(errno)))
		return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

void reap_ok(pid_t pid)
{
	int code = reap(pid);

	CHECK(code == 0, "a process of the test ended with %d", code);
}

void step_set(int n)
{
	atomic_store(&sh->step, n);
}

void step_wait(int n)
{
	for (int i = 0; i < 10000; i++) {
		if (atomic_load(&sh->step) >= n)
			return;
		msleep(2);
	}
	CHECK(false, "step %d never came (at %d)", n, atomic_load(&sh->step));
	_exit(98);
}

void drop_to_user(uint32_t uid)
{
	NEED_OK(E(setgroups(0, NULL)));
	NEED_OK(E(setresgid(uid, uid, uid)));
	NEED_OK(E(setresuid(uid, uid, uid)));
}

long cap_drop_effective(int cap)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return -errno;
	d[cap / 32].effective &= ~(1u << cap % 32);
	return E(syscall(SYS_capset, &h, d));
}

/* ---- files ---- */

long read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	buf[0] = 0;
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0) {
			n = -errno;
			close(fd);
			return n;
		}
		if (n == 0)
			break;
		len += n;
	}
	close(fd);
	buf[len] = 0;
	return len;
}

long write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = E(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

bool dir_has(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	if (!CHECK(d, "opendir(%s): %s", dir, strerror(errno)))
		return false;
	while ((e = readdir(d)))
		if (!strcmp(e->d_name, name))
			found = true;
	closedir(d);
	return found;
}

bool line_value(const char *text, const char *label, char *out, size_t size)
{
	size_t len = strlen(label);

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, label, len)) {
			snprintf(out, size, "%.*s", (int)strcspn(p + len, "\n"), p + len);
			return true;
		}
	return false;
}

bool text_matches(const char *text, const char *regex)
{
	regex_t re;
	bool yes;

	if (regcomp(&re, regex, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		abort();
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

/* ---- running ---- */

static void kill_children(void)
{
	char path[64], buf[4096], *p;
	int i, pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	for (i = 0; i < 500; i++) {
		if (read_file(path, buf, sizeof(buf)) > 0)
			for (p = strtok(buf, " "); p; p = strtok(NULL, " "))
				if ((pid = atoi(p)) > 1 && (vs_stock || task_xid(pid) == 0))
					kill(pid, SIGKILL);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		msleep(2);
	}
	CHECK(false, "processes of the test do not go away");
}

/* Whatever the test left: first members, then persistence, then processes. */
static void clean_up(void)
{
	int i, n = atomic_load(&sh->nr_xids);

	if (!vs_stock) {
		for (i = 0; i < n; i++) {
			set_word(CMD_set_cflags, sh->xids[i], 0, CF_SC_HELPER | CF_PERSISTENT);
			/* numbers of network contexts are taken from the same stock */
			set_word(CMD_set_nflags, sh->xids[i], 0, NF_SC_HELPER | NF_PERSISTENT);
			ctx_kill(sh->xids[i], 1, SIGKILL);
			ctx_kill(sh->xids[i], 0, SIGKILL);
		}
	}
	kill_children();
	if (!vs_stock)
		for (i = 0; i < n; i++)
			CHECK(ctx_gone(sh->xids[i], 5000), "context %u is still there after the test",
			      sh->xids[i]);
	atomic_store(&sh->nr_xids, 0);
}

static void kmsg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void kmsg(const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(fd, line, strlen(line)) < 0)
		vs_note("the kernel log cannot be written: %s", strerror(errno));
	close(fd);
}

static int run_one(const struct test *t)
{
	int ms = t->seconds * 1000, st = 0;
	pid_t pid, r = 0;

	atomic_store(&sh->failures, 0);
	atomic_store(&sh->step, 0);
	for (int i = 0; i < 8; i++)
		atomic_store(&sh->hits[i], 0);
	memset((void *)sh->val, 0, sizeof(sh->val));
	sh->text[0] = sh->skip[0] = 0;

	/* so that a complaint in the kernel log has a name above it */
	kmsg("vserver-test: %s %s\n", program_invocation_short_name, t->name);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		t->fn();
		_exit(0);
	}
	/* Other children may arrive here as orphans: wait for this one only. */
	while (ms > 0 && (r = waitpid(pid, &st, WNOHANG)) == 0) {
		msleep(5);
		ms -= 5;
	}
	if (r == 0) {
		kill(pid, SIGKILL);
		CHECK(false, "no end after %d seconds", t->seconds);
	} else if (!WIFEXITED(st) || WEXITSTATUS(st)) {
		CHECK(false, WIFEXITED(st) ? "the test process gave up (%d)" : "the test process died (wait status %#x)",
		      WIFEXITED(st) ? WEXITSTATUS(st) : st);
	}
	clean_up();
	if (atomic_load(&sh->failures))
		return KSFT_FAIL;
	return sh->skip[0] ? KSFT_SKIP : KSFT_PASS;
}

static bool selected(const struct test *t, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strstr(t->name, argv[i]))
			return true;
	return argc == 0;
}

/*
 * One context is there all the time, so that the kernel does not switch its
 * hooks on and off with every test: QEMU without KVM (at least up to 7.2) may run
 * a stale breakpoint when code is patched under another CPU ("Oops: int3").
 */
#define KEEPER_XID	1999

static void keeper(bool on)
{
	pid_t pid;

	if (vs_stock)
		return;
	if (!on) {
		set_word(CMD_set_cflags, KEEPER_XID, 0, CF_PERSISTENT);
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(ctx_create(KEEPER_XID, CF_ONE_TIME | CF_PERSISTENT) != KEEPER_XID);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/*
 * A test program may be started again by a test (exec) or by the kernel (as
 * the helper): it then takes over here, before anything is printed.
 */
__attribute__((weak)) int vs_reexec(int argc, char **argv);

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "stock", no_argument, NULL, 's' },
		{ }
	};
	int c, i, n, nr = 0, counts[5] = { 0 };
	bool list = false;
	static char self[PATH_MAX];

	if (vs_reexec) {
		c = vs_reexec(argc, argv);
		if (c >= 0)
			return c;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	vs_self = self;
	while ((c = getopt_long(argc, argv, "ls", opts, NULL)) != -1) {
		switch (c) {
		case 'l':
			list = true;
			break;
		case 's':
			vs_stock = true;
			break;
		default:
			fprintf(stderr, "usage: %s [--list] [--stock] [NAME-PART]...\n", argv[0]);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	for (i = 0; i < nr_tests; i++)
		nr += selected(&tests[i], argc, argv);
	if (list) {
		for (i = 0; i < nr_tests; i++)
			if (selected(&tests[i], argc, argv))
				printf("%s - %s\n", tests[i].name, tests[i].desc);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
	if (!vs_stock && vs(CMD_get_version, 0, NULL) == -ENOSYS) {
		puts("1..0 # SKIP this kernel has no contexts");
		return KSFT_SKIP;
	}
	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return KSFT_SKIP;
	}
	/* a file, so that a program started by a test can map it again */
	vs_shared_fd = memfd_create("vs_shared", 0);
	if (vs_shared_fd < 0 || ftruncate(vs_shared_fd, sizeof(*sh))) {
		printf("Bail out! %s\n", strerror(errno));
		return KSFT_FAIL;
	}
	vs_attach(vs_shared_fd);
	if (sh == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1)) {
		printf("Bail out! %s\n", strerror(errno));
		return KSFT_FAIL;
	}
	keeper(true);
	printf("1..%d\n", nr);
	for (i = n = 0; i < nr_tests; i++) {
		if (!selected(&tests[i], argc, argv))
			continue;
		c = run_one(&tests[i]);
		counts[c]++;
		printf("%sok %d %s - %s%s%s\n", c == KSFT_FAIL ? "not " : "", ++n, tests[i].name,
		       tests[i].desc, c == KSFT_SKIP ? " # SKIP " : "", c == KSFT_SKIP ? sh->skip : "");
	}
	keeper(false);
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n",
	       counts[KSFT_PASS], counts[KSFT_FAIL], counts[KSFT_SKIP]);
	return counts[KSFT_FAIL] ? KSFT_FAIL : KSFT_PASS;
}
