// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bdisk: the disk half of the experiment share. A case is a handful of instances
 * with weights, each with so many requests under way all the time: random reads
 * of 4 KiB, past the page cache. What an instance is (a control group, a context)
 * and who schedules the disk are options. Like bshare it samples how much each
 * one got and judges nothing.
 *
 * What an instance got is counted by itself, one for each read that returned:
 * nothing has to be believed about the accounts of a scheduler.
 *
 * Every phase of a case is a process of its own, every instance a process that
 * becomes part of it and then starts a thread for each request. fio could make
 * the load; Debian's brings a hundred megabytes of libraries (rados, gluster,
 * verbs, python) into the machine, and samples of all instances at one moment it
 * has not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vserver.h>

#include "../lib/internal.h"
#include "../lib/record.h"
#include "../lib/words.h"

#define PREFIX "share.disk."
#define CGROUP "/sys/fs/cgroup"

#define MAX_INST 8
#define MAX_DEPTH 256
#define BLOCK 4096U

#define NS_PER_MS 1000000ULL
#define MAX_MS 120000U
#define MAX_SAMPLES 1300

/* A record has to stay below 4 KB. */
#define SAMPLES_PER_RECORD 85

/* Until every thread of a case exists. Emulated machines are slow. */
#define READY_LIMIT_MS 60000

/* One above the kernel's own threads of that kind, see bshare.c. */
#define SAMPLER_PRIO 51

/* Ids of contexts that nobody else uses in the machine. */
#define FIRST_XID 43000U

/* Latencies: 32 buckets for each doubling, so 3 % wide. */
#define LAT_SUB 5
#define LAT_BUCKETS (64U << LAT_SUB)

struct row {
	const char *id, *what;
};

static const struct row rows[] = {
	{ PREFIX "1-1.q32", "two equal, 32 requests each" },
	{ PREFIX "1-4.q32", "1:4, 32 requests each" },
	{ PREFIX "1-2-4.q16", "1:2:4, 16 requests each" },
	{ PREFIX "1-1.q1-128", "two equal, one request at a time beside 128" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct dcase {
	unsigned int n, weight[MAX_INST], depth[MAX_INST];
};

/* What the processes of a phase share. */
struct shared {
	volatile uint32_t go, stop, ready, failed;
	volatile uint64_t ios[MAX_INST];
	volatile uint32_t lat[MAX_INST][LAT_BUCKETS];
	char why[200];
};

struct opts {
	bool contexts, cost;
	const char *scheduler, *device;
	unsigned int ms, plain_ms, step_ms, iops;
	char disk[32];			/* below /sys/block */
	unsigned int major, minor;
	uint64_t size;
	struct bench_opts bench;	/* for the env record */
};

struct phase {
	const char *id, *name;
	const struct opts *o;
	const struct dcase *c;
	bool grouped;			/* with instances */
	struct shared *sh;
	pid_t leader[MAX_INST];
	unsigned int made, n_samples;
	uint64_t t[MAX_SAMPLES], ios[MAX_INST][MAX_SAMPLES];
};

static volatile sig_atomic_t interrupted;
static volatile pid_t phase_pid;

static void on_signal(int sig)
{
	interrupted = sig;
	if (phase_pid > 0)
		kill(phase_pid, sig);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void futex(volatile uint32_t *addr, int op, uint32_t val)
{
	syscall(SYS_futex, addr, op, val, NULL, NULL, 0);
}

/* The first failure of a phase is the one that is told. Always -1. */
static int fail(struct phase *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct phase *p, const char *fmt, ...)
{
	va_list ap;

	if (__atomic_exchange_n(&p->sh->failed, 1, __ATOMIC_SEQ_CST))
		return -1;
	va_start(ap, fmt);
	vsnprintf(p->sh->why, sizeof(p->sh->why), fmt, ap);
	va_end(ap);
	__atomic_store_n(&p->sh->failed, 2, __ATOMIC_SEQ_CST);
	return -1;
}

static int put(struct phase *p, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int put(struct phase *p, const char *value, const char *fmt, ...)
{
	char path[200];
	va_list ap;
	int fd, e;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(p, "open %s: %s", path, strerror(errno));
	e = write(fd, value, strlen(value)) < 0 ? errno : 0;
	close(fd);
	return e ? fail(p, "write \"%s\" to %s: %s", value, path, strerror(e)) : 0;
}

/* ------------------------------------------------------------------ instances */

static long vserver(uint32_t cmd, uint32_t id, void *data)
{
	return syscall(SYS_vserver, cmd, id, data);
}

static uint32_t xid_of(unsigned int i)
{
	/* Not the same in the next phase: what is left of this one's contexts
	 * is not in its way. */
	return FIRST_XID + (uint32_t)getppid() % 2000 * MAX_INST + i;
}

static int enter_context(struct phase *p, unsigned int i)
{
	struct vcmd_ctx_create create = { .flagword = VXF_INIT_SET };
	struct vcmd_ctx_flags flags = { .mask = VXF_STATE_SETUP | VXF_STATE_INIT };
	struct vcmd_disk disk = {
		.mask = VXDISK_WEIGHT,
		.weight = p->c->weight[i] * VX_DISK_WEIGHT_DEFAULT,
	};
	uint32_t xid = xid_of(i);

	if (vserver(VCMD_ctx_create, xid, &create) < 0)
		return fail(p, "ctx_create %u: %s", xid, strerror(errno));
	if (vserver(VCMD_set_disk, xid, &disk) < 0)
		return fail(p, "set_disk %u: %s", xid, strerror(errno));
	if (vserver(VCMD_set_cflags, VX_XID_CURRENT, &flags) < 0)
		return fail(p, "set_cflags %u: %s", xid, strerror(errno));
	return 0;
}

/* A control group with the weight that its scheduler understands, if any does.
 * Weight 1 of a case is the default weight. */
static int make_cgroup(struct phase *p, unsigned int i)
{
	char path[100], value[32];

	snprintf(path, sizeof(path), CGROUP "/bdisk.%u", i);
	if (mkdir(path, 0755) != 0)
		return fail(p, "mkdir %s: %s", path, strerror(errno));
	snprintf(value, sizeof(value), "%u", p->c->weight[i] * 100);
	if (p->o->cost)
		return put(p, value, "%s/io.weight", path);
	if (strcmp(p->o->scheduler, "bfq") == 0)
		return put(p, value, "%s/io.bfq.weight", path);
	return 0;
}

static int remove_cgroup(struct phase *p, unsigned int i)
{
	const struct timespec ms10 = { .tv_nsec = 10000000 };
	char path[100];
	int tries;

	snprintf(path, sizeof(path), CGROUP "/bdisk.%u", i);
	/* A process that was waited for may still be on its way out. */
	for (tries = 0; tries < 1000; tries++) {
		if (rmdir(path) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&ms10, NULL);
	}
	return fail(p, "rmdir %s: %s", path, strerror(errno));
}

/*
 * io.cost is told exactly what the disk can do: so many requests a second,
 * wherever they are, and as many bytes as one likes; and to keep to it.
 */
static int set_cost(struct phase *p, bool on)
{
	const struct opts *o = p->o;
	char value[200];

	if (on) {
		snprintf(value, sizeof(value),
			 "%u:%u ctrl=user model=linear rbps=4000000000 rseqiops=%u rrandiops=%u wbps=4000000000 wseqiops=%u wrandiops=%u",
			 o->major, o->minor, o->iops, o->iops, o->iops, o->iops);
		if (put(p, value, CGROUP "/io.cost.model") != 0)
			return -1;
	}
	snprintf(value, sizeof(value), "%u:%u enable=%d ctrl=user min=100.00 max=100.00", o->major,
		 o->minor, on);
	return put(p, value, CGROUP "/io.cost.qos");
}

/* ------------------------------------------------------------------ the load */

struct worker {
	struct phase *p;
	unsigned int i;
	int fd;
	uint64_t seed;
	void *buf;
};

static unsigned int lat_bucket(uint64_t ns)
{
	unsigned int top;

	if (ns < 1U << LAT_SUB)
		return (unsigned int)ns;
	top = 63 - (unsigned int)__builtin_clzll(ns);
	return ((top - LAT_SUB + 1) << LAT_SUB) + ((ns >> (top - LAT_SUB)) & ((1U << LAT_SUB) - 1));
}

/* The smallest value of a bucket. */
static uint64_t lat_value(unsigned int b)
{
	unsigned int top = b >> LAT_SUB;

	if (!top)
		return b;
	return (uint64_t)((1U << LAT_SUB) + (b & ((1U << LAT_SUB) - 1))) << (top - 1);
}

static void *read_all(void *arg)
{
	struct worker *w = arg;
	struct shared *sh = w->p->sh;
	const uint64_t blocks = w->p->o->size / BLOCK / w->p->c->n;
	uint64_t x = w->seed;

	__atomic_fetch_add(&sh->ready, 1, __ATOMIC_SEQ_CST);
	while (!sh->go)
		futex(&sh->go, FUTEX_WAIT, 0);
	while (!sh->stop) {
		uint64_t t = now_ns(), at;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at = w->i * blocks + x % blocks;
		if (pread(w->fd, w->buf, BLOCK, (off_t)(at * BLOCK)) != (ssize_t)BLOCK) {
			fail(w->p, "read of instance %u: %s", w->i, strerror(errno));
			break;
		}
		t = now_ns() - t;
		__atomic_fetch_add(&sh->ios[w->i], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&sh->lat[w->i][lat_bucket(t)], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void lead(struct phase *p, unsigned int i)
{
	static struct worker w[MAX_DEPTH];
	static pthread_t thread[MAX_DEPTH];
	unsigned int depth = p->c->depth[i], k;
	pthread_attr_t attr;
	char *buf;
	int fd;

	if (p->grouped && p->o->contexts && enter_context(p, i) != 0)
		_exit(1);
	if (p->grouped && !p->o->contexts && put(p, "0", CGROUP "/bdisk.%u/cgroup.procs", i) != 0)
		_exit(1);
	fd = open(p->o->device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		fail(p, "open %s: %s", p->o->device, strerror(errno));
		_exit(1);
	}
	buf = mmap(NULL, (size_t)depth * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED) {
		fail(p, "no memory for instance %u", i);
		_exit(1);
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (k = 0; k < depth; k++) {
		int e;

		w[k] = (struct worker){ .p = p, .i = i, .fd = fd, .buf = buf + (size_t)k * BLOCK,
					.seed = 88172645463325252ULL + i * 1000003ULL + k };
		e = pthread_create(&thread[k], &attr, read_all, &w[k]);
		if (e != 0) {
			fail(p, "thread %u of instance %u: %s", k, i, strerror(e));
			_exit(1);
		}
	}
	for (k = 0; k < depth; k++)
		pthread_join(thread[k], NULL);
	_exit(0);
}

/* ---------------------------------------------------------------- one phase */

static int start_leaders(struct phase *p)
{
	const struct timespec ms1 = { .tv_nsec = 1000000 };
	unsigned int i, want = 0, ms;

	for (i = 0; i < p->c->n; i++) {
		if (p->grouped && !p->o->contexts) {
			p->made = i + 1;
			if (make_cgroup(p, i) != 0)
				return -1;
		}
		p->leader[i] = fork();
		if (p->leader[i] < 0)
			return fail(p, "fork: %s", strerror(errno));
		if (p->leader[i] == 0) {
			signal(SIGINT, SIG_DFL);
			signal(SIGTERM, SIG_DFL);
			signal(SIGHUP, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			lead(p, i);
		}
		want += p->c->depth[i];
	}
	for (ms = 0; p->sh->ready < want; ms++) {
		if (p->sh->failed)
			return -1;
		if (interrupted)
			return fail(p, "interrupted by signal %d", (int)interrupted);
		if (ms > READY_LIMIT_MS)
			return fail(p, "%u of %u threads are there after %d s", p->sh->ready, want,
				    READY_LIMIT_MS / 1000);
		nanosleep(&ms1, NULL);
	}
	return 0;
}

static void sample(struct phase *p, uint64_t t0)
{
	unsigned int i, n = p->n_samples++;

	p->t[n] = now_ns() - t0;
	for (i = 0; i < p->c->n; i++)
		p->ios[i][n] = p->sh->ios[i];
}

static int measure(struct phase *p, unsigned int ms)
{
	const struct sched_param prio = { .sched_priority = SAMPLER_PRIO };
	unsigned int k, n = ms / p->o->step_ms;
	uint64_t t0, next;

	if (sched_setscheduler(0, SCHED_FIFO, &prio) != 0)
		return fail(p, "become a real-time process: %s", strerror(errno));
	t0 = now_ns();
	sample(p, t0);
	p->sh->go = 1;
	futex(&p->sh->go, FUTEX_WAKE, INT_MAX);
	next = t0;
	for (k = 1; k <= n; k++) {
		struct timespec ts;

		next += p->o->step_ms * NS_PER_MS;
		ts.tv_sec = (time_t)(next / 1000000000ULL);
		ts.tv_nsec = (long)(next % 1000000000ULL);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR &&
		       !interrupted)
			;
		if (interrupted)
			return fail(p, "interrupted by signal %d", (int)interrupted);
		if (p->sh->failed)
			return -1;
		sample(p, t0);
	}
	return 0;
}

static void stop_leaders(struct phase *p)
{
	unsigned int i;

	p->sh->stop = 1;
	p->sh->go = 1;
	futex(&p->sh->go, FUTEX_WAKE, INT_MAX);
	for (i = 0; i < p->c->n; i++)
		while (p->leader[i] > 0 && waitpid(p->leader[i], NULL, 0) < 0 && errno == EINTR)
			;
}

static int put_verdict(const char *id, const char *status, const char *why)
{
	return record_put(json_pack("{s:s,s:s,s:s,s:s}", "t", "verdict", "bench", id, "status",
				    status, "why", why));
}

/* The latency that @part of an instance's requests did not exceed. */
static uint64_t latency(const struct phase *p, unsigned int i, double part)
{
	uint64_t all = 0, sum = 0;
	unsigned int b;

	for (b = 0; b < LAT_BUCKETS; b++)
		all += p->sh->lat[i][b];
	for (b = 0; b < LAT_BUCKETS; b++) {
		sum += p->sh->lat[i][b];
		if (sum && (double)sum >= part * (double)all)
			return lat_value(b);
	}
	return 0;
}

/* Service is the time of a disk that does --iops requests a second. */
static int put_series(const struct phase *p, unsigned int i, unsigned int from)
{
	const uint64_t io_ns = 1000000000ULL / p->o->iops;
	json_t *t = json_array(), *s = json_array();
	unsigned int k;

	for (k = from; k < p->n_samples && k < from + SAMPLES_PER_RECORD; k++) {
		json_array_append_new(t, json_integer((json_int_t)p->t[k]));
		json_array_append_new(s, json_integer((json_int_t)((p->ios[i][k] - p->ios[i][0]) * io_ns)));
	}
	return record_put(json_pack(
		"{s:s,s:s,s:s,s:i,s:i,s:s,s:s,s:i,s:i,s:i,s:i,s:I,s:I,s:I,s:I,s:I,s:i,s:o,s:o}", "t",
		"series", "bench", p->id, "phase", p->name, "inst", (int)i, "n_inst", (int)p->c->n,
		"by", !p->grouped ? "none" : p->o->contexts ? "context" : "cgroup", "scheduler",
		p->o->cost ? "io.cost" : p->o->scheduler, "ncpu", 1, "weight", (int)p->c->weight[i],
		"threads", (int)p->c->depth[i], "start_ns", 0, "task_ns", (json_int_t)0, "io_ns",
		(json_int_t)io_ns, "ios", (json_int_t)(p->ios[i][p->n_samples - 1] - p->ios[i][0]),
		"p50_ns", (json_int_t)latency(p, i, 0.5), "p99_ns", (json_int_t)latency(p, i, 0.99),
		"from", (int)from, "t_ns", t, "service_ns", s));
}

/* In a process of its own, which is real-time for the rest of its life. */
static int phase_process(struct phase *p, unsigned int ms)
{
	unsigned int i, k;
	int rc = 0;

	if (put(p, p->o->scheduler, "/sys/block/%s/queue/scheduler", p->o->disk) != 0)
		rc = -1;
	if (rc == 0 && !p->o->contexts)
		rc = put(p, "+io", CGROUP "/cgroup.subtree_control");
	if (rc == 0 && p->o->cost)
		rc = set_cost(p, true);
	if (rc == 0)
		rc = start_leaders(p);
	if (rc == 0)
		rc = measure(p, ms);
	stop_leaders(p);
	for (i = 0; i < p->made; i++)
		if (remove_cgroup(p, i) != 0)
			rc = -1;
	if (p->o->cost && set_cost(p, false) != 0)
		rc = -1;
	if (rc != 0) {
		while (p->sh->failed == 1)
			sched_yield();
		put_verdict(p->id, "fail", p->sh->why);
	}
	for (i = 0; i < p->c->n && rc == 0; i++)
		for (k = 0; k < p->n_samples && rc == 0; k += SAMPLES_PER_RECORD)
			rc = put_series(p, i, k);
	if (fflush(stdout) != 0)
		rc = -1;
	return rc == 0 ? 0 : 1;
}

static int run_phase(const char *id, const char *name, const struct opts *o, const struct dcase *c,
		     bool grouped, unsigned int ms)
{
	struct phase *p = calloc(1, sizeof(*p));
	int status = 1 << 8;

	if (!p) {
		put_verdict(id, "fail", "out of memory");
		return 1;
	}
	*p = (struct phase){ .id = id, .name = name, .o = o, .c = c, .grouped = grouped };
	p->sh = mmap(NULL, sizeof(*p->sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->sh == MAP_FAILED) {
		free(p);
		put_verdict(id, "fail", "out of memory");
		return 1;
	}
	fflush(stdout);
	phase_pid = fork();
	if (phase_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(phase_process(p, ms));
	}
	if (phase_pid < 0)
		put_verdict(id, "fail", "fork failed");
	while (phase_pid > 0 && waitpid(phase_pid, &status, 0) < 0 && errno == EINTR)
		;
	phase_pid = 0;
	if (WIFSIGNALED(status))
		put_verdict(id, "fail", "the process of the case was killed");
	munmap(p->sh, sizeof(*p->sh));
	free(p);
	return status == 0 ? 0 : 1;
}

/* ------------------------------------------------------------------ the cases */

/* share.disk.W-W-...qD[-D...]; 0, or -1 when it is no such thing. */
static int parse(const char *id, struct dcase *c)
{
	unsigned int n, i;

	memset(c, 0, sizeof(*c));
	if (strncmp(id, PREFIX, sizeof(PREFIX) - 1) != 0)
		return -1;
	id += sizeof(PREFIX) - 1;
	/* The weight of a control group ends at 1000 (BFQ), the default is 100. */
	c->n = word_list(&id, 10, MAX_INST, c->weight);
	if (!c->n || strncmp(id, ".q", 2) != 0)
		return -1;
	id += 2;
	n = word_list(&id, MAX_DEPTH, MAX_INST, c->depth);
	if (*id != '\0' || (n != 1 && n != c->n))
		return -1;
	for (i = 1; n == 1 && i < c->n; i++)
		c->depth[i] = c->depth[0];
	return 0;
}

/* The same load without instances comes first: what the disk gives then. */
static int run_case(const char *id, const struct opts *o)
{
	struct dcase c;

	if (parse(id, &c) != 0)
		return 2;
	if (o->plain_ms && run_phase(id, "plain", o, &c, false, o->plain_ms) != 0)
		return 1;
	return run_phase(id, "share", o, &c, true, o->ms);
}

/* ------------------------------------------------------------ command line */

static void help(void)
{
	printf("usage: bdisk [OPTION]... ROW...\n"
	       "       bdisk --list | --env [OPTION]...\n"
	       "\n"
	       "Runs instances that read a disk at random places and prints, as JSON lines, how\n"
	       "much of it each one got. A ROW is an id of --list, a group ('share.') or 'all',\n"
	       "or share.disk.W-W-...qD[-D...] for weights W (1 to 10) and D requests at a time\n"
	       "in each instance. Needs root, and a disk that nobody else uses.\n"
	       "\n"
	       "  --device DEV      the disk (default /dev/vdc); it is only read\n"
	       "  --iops N          requests that it does in a second (default 500)\n"
	       "  --scheduler NAME  none, mq-deadline, kyber, bfq, context-fair, or iocost for\n"
	       "                    none with io.cost (default none)\n"
	       "  --by MEANS        what an instance is: cgroup or context (default cgroup)\n"
	       "  --ms N            length of a case in ms, at most %u (default 12000)\n"
	       "  --plain-ms N      the same load without instances before it (default 2000);\n"
	       "                    0 leaves it out\n"
	       "  --step-ms N       time between samples (default 100)\n"
	       "  --dir DIR, --tmpfs DIR, --env-pad N   as other programs; not used\n"
	       "  --list            print the rows and their units\n"
	       "  --env             print what the results depend on\n"
	       "\n"
	       "exit status: 0 all rows ran, 1 some did not, 2 wrong command line\n",
	       MAX_MS);
}

static int usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "bdisk: %s '%s'; try 'bdisk --help'\n", what, arg);
	return 2;
}

/* What has to be known of the disk, and whether there is one. */
static int look_at_disk(struct opts *o)
{
	const char *name = strrchr(o->device, '/');
	struct stat st;
	int fd;

	fd = open(o->device, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		fprintf(stderr, "bdisk: %s: %s\n", o->device, strerror(errno));
		return -1;
	}
	if (!S_ISBLK(st.st_mode) || ioctl(fd, BLKGETSIZE64, &o->size) != 0 ||
	    o->size < (uint64_t)MAX_INST * MAX_DEPTH * BLOCK) {
		fprintf(stderr, "bdisk: %s is no disk of 8 MiB or more\n", o->device);
		close(fd);
		return -1;
	}
	close(fd);
	o->major = major(st.st_rdev);
	o->minor = minor(st.st_rdev);
	snprintf(o->disk, sizeof(o->disk), "%s", name ? name + 1 : o->device);
	return 0;
}

int main(int argc, char **argv)
{
	enum { DEVICE, IOPS, SCHEDULER, BY, MS, PLAIN_MS, STEP_MS, DIR_, TMPFS, ENV_PAD, LIST, ENV, HELP };
	static const struct option longopts[] = {
		{ "device", required_argument, NULL, DEVICE },
		{ "iops", required_argument, NULL, IOPS },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "by", required_argument, NULL, BY },
		{ "ms", required_argument, NULL, MS },
		{ "plain-ms", required_argument, NULL, PLAIN_MS },
		{ "step-ms", required_argument, NULL, STEP_MS },
		{ "dir", required_argument, NULL, DIR_ },
		{ "tmpfs", required_argument, NULL, TMPFS },
		{ "env-pad", required_argument, NULL, ENV_PAD },
		{ "list", no_argument, NULL, LIST },
		{ "env", no_argument, NULL, ENV },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	static const char *const schedulers[] = {
		"none", "mq-deadline", "kyber", "bfq", "context-fair", "iocost",
	};
	const struct sigaction act = { .sa_handler = on_signal };
	struct opts o = {
		.scheduler = "none",
		.device = "/dev/vdc",
		.iops = 500,
		.ms = 12000,
		.plain_ms = 2000,
		.step_ms = 100,
		.bench = { .dir = ".", .tmpfs = "/dev/shm" },
	};
	bool env = false, list = false;
	struct dcase c;
	unsigned int pad;
	int opt, i, rc = 0;
	size_t k;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		switch (opt) {
		case DEVICE:
			o.device = optarg;
			break;
		case IOPS:
			if (!word_unsigned(optarg, 1, 1000000, &o.iops))
				return usage_error("--iops: not a number from 1 to 1000000:", optarg);
			break;
		case SCHEDULER:
			for (k = 0; k < sizeof(schedulers) / sizeof(schedulers[0]); k++)
				if (strcmp(optarg, schedulers[k]) == 0)
					break;
			if (k == sizeof(schedulers) / sizeof(schedulers[0]))
				return usage_error("no such scheduler", optarg);
			o.cost = strcmp(optarg, "iocost") == 0;
			o.scheduler = o.cost ? "none" : optarg;
			break;
		case BY:
			if (strcmp(optarg, "cgroup") != 0 && strcmp(optarg, "context") != 0)
				return usage_error("no such means", optarg);
			o.contexts = strcmp(optarg, "context") == 0;
			break;
		case MS:
			if (!word_unsigned(optarg, 200, MAX_MS, &o.ms))
				return usage_error("--ms: not a number from 200 to 120000:", optarg);
			break;
		case PLAIN_MS:
			if (!word_unsigned(optarg, 0, MAX_MS, &o.plain_ms))
				return usage_error("--plain-ms: not a number up to 120000:", optarg);
			break;
		case STEP_MS:
			if (!word_unsigned(optarg, 100, 10000, &o.step_ms))
				return usage_error("--step-ms: not a number from 100 to 10000:", optarg);
			break;
		case DIR_:
			o.bench.dir = optarg;
			break;
		case TMPFS:
			o.bench.tmpfs = optarg;
			break;
		case ENV_PAD:
			if (!word_unsigned(optarg, 0, 65536, &pad))
				return usage_error("--env-pad: not a number up to 65536:", optarg);
			o.bench.env_pad = pad;
			break;
		case LIST:
			list = true;
			break;
		case ENV:
			env = true;
			break;
		case HELP:
			help();
			return fflush(stdout) != 0;
		case ':':
			return usage_error("no value for", argv[optind - 1]);
		default:
			return usage_error("unknown option", argv[optind - 1]);
		}
	}
	if (list) {
		for (k = 0; k < N_ROWS; k++)
			printf("%s ratio %s\n", rows[k].id, rows[k].what);
		return fflush(stdout) != 0;
	}
	if (env)
		return env_standalone("bdisk", &o.bench);
	if (optind == argc)
		return usage_error("which rows?", "");
	/* All words are known before the first case runs. */
	for (i = optind; i < argc; i++) {
		bool found = parse(argv[i], &c) == 0;

		for (k = 0; k < N_ROWS; k++)
			found |= word_selects(argv[i], rows[k].id);
		if (!found)
			return usage_error("no row", argv[i]);
	}
	if (look_at_disk(&o) != 0)
		return 1;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	for (i = optind; i < argc; i++) {
		bool group = false;

		for (k = 0; k < N_ROWS; k++) {
			if (!word_selects(argv[i], rows[k].id))
				continue;
			group = true;
			if (interrupted)
				return 1;
			rc |= run_case(rows[k].id, &o);
		}
		if (!group && !interrupted)
			rc |= run_case(argv[i], &o);
	}
	if (fflush(stdout) != 0)
		rc = 1;
	return rc || interrupted ? 1 : 0;
}
