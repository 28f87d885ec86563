// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bdisk: the disk half of the experiment share. A case is a handful of instances
 * with weights, each with so many requests under way all the time: random reads
 * of 4 KiB, past the page cache, one perhaps in order; or writes to a file, through it. What an instance
 * is (a control group, a context) and who schedules the disk are options. Like
 * bshare it samples how much each one got and judges nothing.
 *
 * What an instance got is counted by itself, one for each read that returned:
 * nothing has to be believed about the accounts of a scheduler. Of written files
 * the accounts are recorded too, once all is on the disk, beside what the disk says:
 * the question there is whether they are right.
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

#define MAX_INST 9
#define MAX_DEPTH 256
#define MAX_WRITERS 4
#define BLOCK 4096U

/* Writers: the file that each one goes around in, and how much at a time; and how
 * much of all memory may wait to be written, or thirty seconds would tell nothing
 * of the disk; half of that before flushers begin. */
#define FILE_BYTES (48U << 20)
#define CHUNK 65536U
#define REQUEST_KIB 32U		/* at most, or 500 requests a second were 500 MB */
#define DIRTY_S 2U			/* as the disk writes in so many seconds */
#define MOUNT "/run/bdisk"
/* Before it counts: until what may wait does. */
#define WARM_UP_MS 6000U

/* fsync: so many, by one instance, beside another that does nothing but write. */
#define SYNCS 50U
#define SYNCS_LIMIT_MS 240000U

#define NS_PER_MS 1000000ULL
#define MAX_MS 120000U
#define MAX_SAMPLES 3010

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
	{ PREFIX "1-1.q32seq", "two equal, 32 requests each, the last in order and 32 KiB each" },
	{ PREFIX "guarantee", "a quarter reserved, beside eight hogs of the same weight" },
	{ PREFIX "limit", "limited to a quarter, beside a hog" },
	{ PREFIX "1-4.files", "1:4, each writes a file, through the page cache" },
	{ PREFIX "fsync", "4 KiB and fsync, 50 times, alone and beside one that writes files" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

enum kind { READS, FILES, FSYNC };

struct dcase {
	enum kind kind;
	unsigned int n, weight[MAX_INST], depth[MAX_INST];
	bool seq;			/* the last one reads in order */
	double floor, cap;		/* of the first one, parts of the disk; or 0 */
};

/* What the processes of a phase share. */
struct shared {
	volatile uint32_t go, stop, ready, failed;
	volatile uint32_t sync_go, stopped, leave;
	volatile uint64_t sync_ns[SYNCS];
	volatile uint32_t n_sync;
	volatile uint64_t ios[MAX_INST];
	volatile uint64_t seq;		/* requests that were sent in order */
	volatile uint32_t lat[MAX_INST][LAT_BUCKETS];
	char why[200];
};

struct opts {
	bool contexts, cost;
	const char *scheduler, *device, *read_device, *file_device;
	unsigned int ms, plain_ms, step_ms, iops;
	char disk[32];			/* below /sys/block */
	unsigned int major, minor;
	uint64_t size;
};

struct phase {
	const char *id, *name;
	const struct opts *o;
	const struct dcase *c;
	bool grouped;			/* with instances */
	struct shared *sh;
	pid_t leader[MAX_INST];
	unsigned int made, n_samples;
	bool mounted;
	char dirty[2][32];		/* what vm.dirty_bytes and the other were */
	uint64_t charged[MAX_INST], written;	/* by the accounts, and to the disk */
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
	if (i == 0 && p->c->floor > 0) {
		disk.mask |= VXDISK_RESERVE;
		disk.reserve_unit = VX_DISK_IN_IOS;
		disk.reserve = (uint64_t)(p->c->floor * p->o->iops);
	}
	if (i == 0 && p->c->cap > 0) {
		disk.mask |= VXDISK_MAX;
		disk.max_unit = VX_DISK_IN_IOS;
		disk.max = (uint64_t)(p->c->cap * p->o->iops);
	}
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
	/* They have limits, but nothing like a reservation. */
	if (i == 0 && p->c->cap > 0) {
		char max[64];

		snprintf(max, sizeof(max), "%u:%u riops=%u wiops=%u", p->o->major, p->o->minor,
			 (unsigned int)(p->c->cap * p->o->iops), (unsigned int)(p->c->cap * p->o->iops));
		if (put(p, max, "%s/io.max", path) != 0)
			return -1;
	}
	if (p->c->kind != READS && put(p, "+io +memory", CGROUP "/cgroup.subtree_control") != 0)
		return -1;
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

/* Of instance @i's reads. Who reads in order does so in larger pieces. */
static size_t request_bytes(const struct dcase *c, unsigned int i)
{
	return c->seq && i == c->n - 1 ? REQUEST_KIB * 1024U : BLOCK;
}

static void *read_all(void *arg)
{
	struct worker *w = arg;
	struct shared *sh = w->p->sh;
	const uint64_t blocks = w->p->o->size / BLOCK / w->p->c->n;
	const size_t bytes = request_bytes(w->p->c, w->i);
	uint64_t x = w->seed;

	__atomic_fetch_add(&sh->ready, 1, __ATOMIC_SEQ_CST);
	while (!sh->go)
		futex(&sh->go, FUTEX_WAIT, 0);
	while (!sh->stop) {
		uint64_t t = now_ns(), at;

		if (bytes > BLOCK) {
			at = __atomic_fetch_add(&sh->seq, 1, __ATOMIC_RELAXED) * (bytes / BLOCK);
			at %= blocks - blocks % (bytes / BLOCK);
		} else {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			at = x % blocks;
		}
		at += w->i * blocks;
		if (pread(w->fd, w->buf, bytes, (off_t)(at * BLOCK)) != (ssize_t)bytes) {
			fail(w->p, "read of instance %u: %s", w->i, strerror(errno));
			break;
		}
		t = now_ns() - t;
		__atomic_fetch_add(&sh->ios[w->i], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&sh->lat[w->i][lat_bucket(t)], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void wait_for(volatile uint32_t *word)
{
	while (!*word)
		futex(word, FUTEX_WAIT, 0);
}

/* Around in a file, or in FSYNC one file after the other: each new one has blocks
 * to be allocated, so that the file system's transactions have to do with it. */
static int write_files(struct phase *p, unsigned int i, char *buf)
{
	struct shared *sh = p->sh;
	char path[64];
	unsigned int n;

	for (n = 0; !sh->stop; n += p->c->kind == FSYNC) {
		uint64_t at;
		int fd;

		snprintf(path, sizeof(path), MOUNT "/%u.%u", i, n % 2);
		if (p->c->kind == FSYNC && unlink(path) != 0 && errno != ENOENT)
			return fail(p, "unlink %s: %s", path, strerror(errno));
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return fail(p, "open %s: %s", path, strerror(errno));
		for (at = 0; at < FILE_BYTES && !sh->stop; at += CHUNK) {
			uint64_t t = now_ns();

			if (pwrite(fd, buf, CHUNK, (off_t)at) != (ssize_t)CHUNK) {
				close(fd);
				return fail(p, "write of instance %u: %s", i, strerror(errno));
			}
			t = now_ns() - t;
			__atomic_fetch_add(&sh->ios[i], CHUNK / BLOCK, __ATOMIC_RELAXED);
			__atomic_fetch_add(&sh->lat[i][lat_bucket(t)], 1, __ATOMIC_RELAXED);
		}
		close(fd);
	}
	return 0;
}

static int sync_often(struct phase *p, unsigned int i, const char *buf)
{
	int fd = open(MOUNT "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	unsigned int k;

	if (fd < 0)
		return fail(p, "open " MOUNT "/log: %s", strerror(errno));
	wait_for(&p->sh->sync_go);
	for (k = 0; k < SYNCS && !p->sh->stop; k++) {
		uint64_t t = now_ns();

		if (write(fd, buf, BLOCK) != (ssize_t)BLOCK || fsync(fd) != 0) {
			close(fd);
			return fail(p, "write and fsync of instance %u: %s", i, strerror(errno));
		}
		p->sh->sync_ns[k] = now_ns() - t;
		p->sh->n_sync = k + 1;
	}
	close(fd);
	return 0;
}

/* Stays until the accounts are read: they go with a context. */
static void lead_files(struct phase *p, unsigned int i)
{
	char *buf = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (buf == MAP_FAILED) {
		fail(p, "no memory for instance %u", i);
		_exit(1);
	}
	memset(buf, (int)i + 1, CHUNK);
	__atomic_fetch_add(&p->sh->ready, 1, __ATOMIC_SEQ_CST);
	wait_for(&p->sh->go);
	if (p->c->kind == FSYNC && i == 0)
		rc = sync_often(p, i, buf);
	else
		rc = write_files(p, i, buf);
	__atomic_fetch_add(&p->sh->stopped, 1, __ATOMIC_SEQ_CST);
	wait_for(&p->sh->leave);
	_exit(rc ? 1 : 0);
}

static void lead(struct phase *p, unsigned int i)
{
	static struct worker w[MAX_DEPTH];
	static pthread_t thread[MAX_DEPTH];
	unsigned int depth = p->c->depth[i], k;
	const size_t bytes = request_bytes(p->c, i);
	pthread_attr_t attr;
	char *buf;
	int fd;

	if (p->grouped && p->o->contexts && enter_context(p, i) != 0)
		_exit(1);
	if (p->grouped && !p->o->contexts && put(p, "0", CGROUP "/bdisk.%u/cgroup.procs", i) != 0)
		_exit(1);
	if (p->c->kind != READS)
		lead_files(p, i);
	fd = open(p->o->device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		fail(p, "open %s: %s", p->o->device, strerror(errno));
		_exit(1);
	}
	buf = mmap(NULL, depth * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED) {
		fail(p, "no memory for instance %u", i);
		_exit(1);
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (k = 0; k < depth; k++) {
		int e;

		w[k] = (struct worker){ .p = p, .i = i, .fd = fd, .buf = buf + k * bytes,
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

/* --------------------------------------------------------- file systems, accounts */

static int set_dirty(struct phase *p, unsigned int k, const char *name, const char *value)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, p->dirty[k], sizeof(p->dirty[k]) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return fail(p, "read %s: %s", path, strerror(errno));
	return put(p, value, "%s", path);
}

/* A new ext4, the same for everybody, mounted. */
static int make_files(struct phase *p)
{
	const uint64_t dirty = (uint64_t)DIRTY_S * p->o->iops * REQUEST_KIB * 1024;
	pid_t pid = fork();
	char value[32];
	int status;

	if (pid == 0) {
		execlp("mkfs.ext4", "mkfs.ext4", "-q", "-F", "-E",
		       "nodiscard,lazy_itable_init=0,lazy_journal_init=0", p->o->device, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return fail(p, "mkfs.ext4 of %s failed", p->o->device);
	if (mkdir(MOUNT, 0700) != 0 && errno != EEXIST)
		return fail(p, "mkdir " MOUNT ": %s", strerror(errno));
	/* Its inode tables are read now and not while something is measured. */
	if (mount(p->o->device, MOUNT, "ext4", 0, "") != 0)
		return fail(p, "mount %s: %s", p->o->device, strerror(errno));
	p->mounted = true;
	/* The other is 0 when this one is set, so the one read last goes back last. */
	snprintf(value, sizeof(value), "%llu", (unsigned long long)dirty);
	if (set_dirty(p, 0, "dirty_bytes", value) != 0)
		return -1;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)dirty / 2);
	return set_dirty(p, 1, "dirty_background_bytes", value);
}

static int remove_files(struct phase *p)
{
	int rc = 0;

	if (p->mounted && umount2(MOUNT, 0) != 0)
		rc = fail(p, "umount " MOUNT ": %s", strerror(errno));
	/* 0 bytes: again a part of memory. */
	if (p->dirty[0][0] && put(p, p->dirty[0][0] == '0' ? "20" : p->dirty[0], "/proc/sys/vm/%s",
				  p->dirty[0][0] == '0' ? "dirty_ratio" : "dirty_bytes") != 0)
		rc = -1;
	if (p->dirty[1][0] && put(p, p->dirty[1][0] == '0' ? "10" : p->dirty[1], "/proc/sys/vm/%s",
				  p->dirty[1][0] == '0' ? "dirty_background_ratio" :
							  "dirty_background_bytes") != 0)
		rc = -1;
	return rc;
}

/* The number behind "wbytes=" in the line of the disk; 0 without one: nothing written. */
static int read_account(struct phase *p, const char *path, uint64_t *bytes)
{
	char line[512], dev[32];
	size_t n = (size_t)snprintf(dev, sizeof(dev), "%u:%u ", p->o->major, p->o->minor);
	FILE *f = fopen(path, "re");

	*bytes = 0;
	if (!f)
		return fail(p, "open %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		const char *w = strstr(line, "wbytes=");

		if (strncmp(line, dev, n) == 0 && w)
			*bytes = strtoull(w + 7, NULL, 10);
	}
	fclose(f);
	return 0;
}

static int read_written(struct phase *p, uint64_t *bytes)
{
	unsigned long long v[7];
	char path[64];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", p->o->disk);
	f = fopen(path, "re");
	if (!f)
		return fail(p, "open %s: %s", path, strerror(errno));
	n = fscanf(f, "%llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		   &v[6]);
	fclose(f);
	if (n != 7)
		return fail(p, "no statistics in %s", path);
	*bytes = v[6] * 512;
	return 0;
}

/* All that the instances have written is brought to the disk; who was charged? */
static int read_accounts(struct phase *p, uint64_t before)
{
	char path[100];
	unsigned int i;
	int fd;

	while (p->sh->stopped < p->c->n && !p->sh->failed && !interrupted)
		usleep(1000);
	fd = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0)
		return fail(p, "sync " MOUNT ": %s", strerror(errno));
	close(fd);
	for (i = 0; i < p->c->n && p->grouped; i++) {
		if (p->o->contexts)
			snprintf(path, sizeof(path), "/proc/virtual/%u/disk",
				 FIRST_XID + (uint32_t)getpid() % 2000 * MAX_INST + i);
		else
			snprintf(path, sizeof(path), CGROUP "/bdisk.%u/io.stat", i);
		if (read_account(p, path, &p->charged[i]) != 0)
			return -1;
	}
	if (read_written(p, &p->written) != 0)
		return -1;
	p->written -= before;
	return 0;
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

static void nap(unsigned int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Until all of them are done, or it takes too long: then there are fewer. */
static int measure_sync(struct phase *p)
{
	unsigned int ms;

	p->sh->sync_go = 1;
	futex(&p->sh->sync_go, FUTEX_WAKE, INT_MAX);
	for (ms = 0; ms < SYNCS_LIMIT_MS && p->sh->n_sync < SYNCS; ms += 10) {
		if (interrupted)
			return fail(p, "interrupted by signal %d", (int)interrupted);
		if (p->sh->failed)
			return -1;
		nap(10);
	}
	return 0;
}

static int measure(struct phase *p, unsigned int ms)
{
	const struct sched_param prio = { .sched_priority = SAMPLER_PRIO };
	unsigned int k, n = ms / p->o->step_ms;
	uint64_t t0, next;

	if (sched_setscheduler(0, SCHED_FIFO, &prio) != 0)
		return fail(p, "become a real-time process: %s", strerror(errno));
	p->sh->go = 1;
	futex(&p->sh->go, FUTEX_WAKE, INT_MAX);
	if (p->c->kind != READS && p->c->n > 1)
		nap(WARM_UP_MS);
	if (p->c->kind == FSYNC)
		return measure_sync(p);
	t0 = now_ns();
	sample(p, t0);
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

static void stop_load(struct phase *p)
{
	p->sh->stop = 1;
	p->sh->go = 1;
	futex(&p->sh->go, FUTEX_WAKE, INT_MAX);
	p->sh->sync_go = 1;
	futex(&p->sh->sync_go, FUTEX_WAKE, INT_MAX);
}

static void stop_leaders(struct phase *p)
{
	unsigned int i;

	stop_load(p);
	p->sh->leave = 1;
	futex(&p->sh->leave, FUTEX_WAKE, INT_MAX);
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

/* Service is the time of a disk that does --iops requests a second; of files, requests
 * of REQUEST_KIB. */
static int put_series(const struct phase *p, unsigned int i, unsigned int from)
{
	const uint64_t io_ns = p->c->kind == READS ? 1000000000ULL / p->o->iops :
						     1000000000ULL * BLOCK / (REQUEST_KIB * 1024ULL * p->o->iops);
	json_t *t = json_array(), *s = json_array();
	unsigned int k;

	for (k = from; k < p->n_samples && k < from + SAMPLES_PER_RECORD; k++) {
		json_array_append_new(t, json_integer((json_int_t)p->t[k]));
		json_array_append_new(s, json_integer((json_int_t)((p->ios[i][k] - p->ios[i][0]) * io_ns)));
	}
	return record_put(json_pack(
		"{s:s,s:s,s:s,s:i,s:i,s:s,s:s,s:i,s:i,s:i,s:f,s:f,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:o,s:o}",
		"t", "series", "bench", p->id, "phase", p->name, "inst", (int)i, "n_inst", (int)p->c->n,
		"by", !p->grouped ? "none" : p->o->contexts ? "context" : "cgroup", "scheduler",
		p->o->cost ? "io.cost" : p->o->scheduler, "ncpu", 1, "weight", (int)p->c->weight[i],
		"threads", (int)p->c->depth[i], "floor", i == 0 && p->grouped ? p->c->floor : 0,
		"cap", i == 0 && p->grouped ? p->c->cap : 0, "start_ns", 0, "task_ns", (json_int_t)0, "io_ns",
		(json_int_t)io_ns, "ios", (json_int_t)(p->ios[i][p->n_samples - 1] - p->ios[i][0]),
		"p50_ns", (json_int_t)latency(p, i, 0.5), "p99_ns", (json_int_t)latency(p, i, 0.99),
		"charged", (json_int_t)p->charged[i], "written", (json_int_t)p->written,
		"from", (int)from, "t_ns", t, "service_ns", s));
}

/* A series without service: how long each one took, in ns. */
static int put_syncs(const struct phase *p)
{
	json_t *ns = json_array();
	unsigned int k;

	for (k = 0; k < p->sh->n_sync; k++)
		json_array_append_new(ns, json_integer((json_int_t)p->sh->sync_ns[k]));
	return record_put(json_pack("{s:s,s:s,s:s,s:i,s:i,s:s,s:s,s:I,s:I,s:I,s:o}", "t", "series",
				    "bench", p->id, "phase", p->name, "inst", 0, "n_inst",
				    (int)p->c->n, "by", p->o->contexts ? "context" : "cgroup",
				    "scheduler", p->o->cost ? "io.cost" : p->o->scheduler, "charged",
				    (json_int_t)p->charged[0], "written", (json_int_t)p->written,
				    "ios", (json_int_t)(p->c->n > 1 ? p->sh->ios[1] : 0), "sync_ns", ns));
}

/* In a process of its own, which is real-time for the rest of its life. */
static int phase_process(struct phase *p, unsigned int ms)
{
	const bool files = p->c->kind != READS;
	unsigned int i, k;
	uint64_t before = 0;
	int rc = 0;

	/* What is read in order must not become fewer requests than were counted. */
	if (files || p->c->seq) {
		char kib[16];

		snprintf(kib, sizeof(kib), "%u", REQUEST_KIB);
		rc = put(p, kib, "/sys/block/%s/queue/max_sectors_kb", p->o->disk);
	}
	if (rc == 0 && files)
		rc = make_files(p);
	if (rc == 0 && put(p, p->o->scheduler, "/sys/block/%s/queue/scheduler", p->o->disk) != 0)
		rc = -1;
	if (rc == 0 && !p->o->contexts)
		rc = put(p, "+io", CGROUP "/cgroup.subtree_control");
	if (rc == 0 && p->o->cost)
		rc = set_cost(p, true);
	if (rc == 0)
		rc = start_leaders(p);
	if (rc == 0 && files)
		rc = read_written(p, &before);
	if (rc == 0)
		rc = measure(p, ms);
	stop_load(p);
	if (rc == 0 && files)
		rc = read_accounts(p, before);
	stop_leaders(p);
	for (i = 0; i < p->made; i++)
		if (remove_cgroup(p, i) != 0)
			rc = -1;
	if (p->o->cost && set_cost(p, false) != 0)
		rc = -1;
	if (files && remove_files(p) != 0)
		rc = -1;
	if (rc != 0) {
		while (p->sh->failed == 1)
			sched_yield();
		put_verdict(p->id, "fail", p->sh->why);
	}
	if (rc == 0 && p->c->kind == FSYNC)
		rc = put_syncs(p);
	for (i = 0; i < p->c->n && rc == 0 && p->c->kind != FSYNC; i++)
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

/* share.disk.W-W-...qD[-D...][seq], .files, or share.disk.fsync; 0, or -1 when it is no
 * such thing. */
static int parse(const char *id, struct dcase *c)
{
	unsigned int n, i;

	memset(c, 0, sizeof(*c));
	if (strncmp(id, PREFIX, sizeof(PREFIX) - 1) != 0)
		return -1;
	id += sizeof(PREFIX) - 1;
	if (strcmp(id, "fsync") == 0) {
		*c = (struct dcase){ .kind = FSYNC, .n = 2, .weight = { 1, 1 }, .depth = { 1, 1 } };
		return 0;
	}
	if (strcmp(id, "guarantee") == 0 || strcmp(id, "limit") == 0) {
		c->n = id[0] == 'g' ? 9 : 2;
		*(id[0] == 'g' ? &c->floor : &c->cap) = 0.25;
		for (i = 0; i < c->n; i++)
			c->weight[i] = 1, c->depth[i] = 4;
		return 0;
	}
	/* The weight of a control group ends at 1000 (BFQ), the default is 100. */
	c->n = word_list(&id, 10, MAX_INST, c->weight);
	if (c->n && c->n <= MAX_WRITERS && strcmp(id, ".files") == 0) {
		c->kind = FILES;
		for (i = 0; i < c->n; i++)
			c->depth[i] = 1;
		return 0;
	}
	if (!c->n || strncmp(id, ".q", 2) != 0)
		return -1;
	id += 2;
	n = word_list(&id, MAX_DEPTH, MAX_INST, c->depth);
	if (strcmp(id, "seq") == 0) {
		c->seq = true;
		id += 3;
	}
	if (*id != '\0' || (n != 1 && n != c->n))
		return -1;
	for (i = 1; n == 1 && i < c->n; i++)
		c->depth[i] = c->depth[0];
	return 0;
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

/* The same load without instances comes first: what the disk gives then. */
static int run_case(const char *id, struct opts *o)
{
	struct dcase c, alone;

	if (parse(id, &c) != 0)
		return 2;
	o->device = c.kind == READS ? o->read_device : o->file_device;
	if (look_at_disk(o) != 0)
		return 1;
	if (c.kind == FSYNC) {
		alone = c;
		alone.n = 1;
		return run_phase(id, "alone", o, &alone, true, 0) ||
		       run_phase(id, "share", o, &c, true, 0);
	}
	if (o->plain_ms && run_phase(id, "plain", o, &c, false, o->plain_ms) != 0)
		return 1;
	return run_phase(id, "share", o, &c, true, c.kind == FILES ? o->ms * 5 / 2 : o->ms);
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
	       "in each instance, with 'seq' behind it if the last one is to read in order and\n"
	       "32 KiB at a time; share.disk.W-W-...files for writers of files; share.disk.fsync\n"
	       "for 50 times 4 KiB and fsync, alone and beside a writer of files. Needs root,\n"
	       "and disks that nobody else uses.\n"
	       "\n"
	       "  --device DEV      the disk (default /dev/vdc); it is only read\n"
	       "  --iops N          requests that each does in a second (default 500)\n"
	       "  --file-device DEV  the disk for files (default /dev/vdd), of 256 MB or more;\n"
	       "                    WHAT IS ON IT IS LOST\n"
	       "  --scheduler NAME  none, mq-deadline, kyber, bfq, context-fair, or iocost for\n"
	       "                    none with io.cost (default none)\n"
	       "  --by MEANS        what an instance is: cgroup or context (default cgroup)\n"
	       "  --ms N            length of a case in ms, at most %u (default 12000);\n"
	       "                    files are written for two and a half times that\n"
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
	return standalone_usage("bdisk", what, arg);
}

int main(int argc, char **argv)
{
	enum { DEVICE, IOPS, FILE_DEVICE, SCHEDULER, BY, MS, PLAIN_MS, STEP_MS };
	static const struct option longopts[] = {
		{ "device", required_argument, NULL, DEVICE },
		{ "iops", required_argument, NULL, IOPS },
		{ "file-device", required_argument, NULL, FILE_DEVICE },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "by", required_argument, NULL, BY },
		{ "ms", required_argument, NULL, MS },
		{ "plain-ms", required_argument, NULL, PLAIN_MS },
		{ "step-ms", required_argument, NULL, STEP_MS },
		STANDALONE_OPTIONS,
		{ 0 },
	};
	static const char *const schedulers[] = {
		"none", "mq-deadline", "kyber", "bfq", "context-fair", "iocost",
	};
	const struct sigaction act = { .sa_handler = on_signal };
	struct opts o = {
		.scheduler = "none",
		.read_device = "/dev/vdc",
		.file_device = "/dev/vdd",
		.iops = 500,
		.ms = 12000,
		.plain_ms = 2000,
		.step_ms = 100,
	};
	struct standalone common = {
		.name = "bdisk",
		.help = help,
		.opts = { .dir = ".", .tmpfs = "/dev/shm" },
	};
	bool needs[2] = { false, false };
	struct dcase c;
	int opt, i, rc = 0;
	size_t k;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		switch (opt) {
		case DEVICE:
			o.read_device = optarg;
			break;
		case FILE_DEVICE:
			o.file_device = optarg;
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
		default:
			opt = standalone_option(&common, opt, argv);
			if (opt >= 0)
				return opt;
		}
	}
	if (common.list) {
		for (k = 0; k < N_ROWS; k++)
			printf("%s ratio %s\n", rows[k].id, rows[k].what);
		return fflush(stdout) != 0;
	}
	if (common.env)
		return env_standalone("bdisk", &common.opts);
	if (optind == argc)
		return usage_error("which rows?", "");
	/* All words are known before the first case runs. */
	for (i = optind; i < argc; i++) {
		bool found = parse(argv[i], &c) == 0;

		if (found)
			needs[c.kind != READS] = true;
		for (k = 0; k < N_ROWS; k++) {
			if (!word_selects(argv[i], rows[k].id))
				continue;
			found = true;
			if (parse(rows[k].id, &c) == 0)
				needs[c.kind != READS] = true;
		}
		if (!found)
			return usage_error("no row", argv[i]);
	}
	for (k = 0; k < 2; k++) {
		o.device = k ? o.file_device : o.read_device;
		if (needs[k] && look_at_disk(&o) != 0)
			return 1;
	}
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
