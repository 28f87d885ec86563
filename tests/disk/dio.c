// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct I/O of a context: so many threads, each with one request at a time.
 *
 *	dio XID THREADS SECONDS read|check|die|queue|each DEVICE FROM MIB
 *
 * Makes context XID, or enters it (0: stays where it is), and works in MIB megabytes of
 * DEVICE from FROM megabytes on. read: random reads of 4 KiB. check: random writes, at
 * once or block by block, and reads of up to 32 KiB; every block read must be the one
 * last written, or all zero if there was none, and so must all blocks at the end. die:
 * read, and after 0.1 s be killed. queue: one thread, with THREADS reads under way. each:
 * one thread, one read at a time; prints also "least N", the mean of the quickest of many
 * series, in ns, which on a machine that counts instructions is how many a read takes. The
 * host cannot signal a context's processes, so a file ends it early: /tmp/dio.stop.
 *
 * Prints "ios N rbytes N wbytes N errors N", then the context's own disk file.
 * Exit status 1 if a block was wrong or an I/O failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include <linux/vserver.h>

#define BLOCK	4096
#define STOP	"/tmp/dio.stop"
#define MOST	8		/* blocks of a request */
#define SERIES	50		/* reads: most series have no tick of the clock in them */

static const char *device;
static bool check;
static unsigned int depth;	/* of queue */
static uint64_t least;
static volatile bool stop;

struct worker {
	pthread_t thread;
	uint64_t first, blocks, seed;
	uint64_t ios, rbytes, wbytes, errors;
	uint32_t *written;	/* of each block: how often, 0 never */
};

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* What a block contains. */
static void fill(uint64_t *p, uint64_t block, uint32_t times)
{
	for (unsigned int i = 0; i < BLOCK / 8; i++)
		p[i] = times ? (block * 0x9e3779b97f4a7c15ULL) ^ ((uint64_t)times << 32) ^ i : 0;
}

static void complain(struct worker *w, const char *what, uint64_t block)
{
	if (w->errors++ < 3)
		fprintf(stderr, "dio: block %llu: %s\n", (unsigned long long)block, what);
}

static void do_read(struct worker *w, int fd, char *buf, uint64_t at, unsigned int n)
{
	char want[BLOCK];
	ssize_t got = pread(fd, buf, n * BLOCK, (w->first + at) * BLOCK);

	w->ios++;
	if (got != (ssize_t)(n * BLOCK)) {
		complain(w, got < 0 ? strerror(errno) : "short read", w->first + at);
		return;
	}
	w->rbytes += got;
	for (unsigned int i = 0; check && i < n; i++) {
		fill((uint64_t *)want, w->first + at + i, w->written[at + i]);
		if (memcmp(want, buf + i * BLOCK, BLOCK))
			complain(w, "not what was written", w->first + at + i);
	}
}

static void do_write(struct worker *w, int fd, char *buf, uint64_t at, unsigned int n)
{
	ssize_t got;

	for (unsigned int i = 0; i < n; i++)
		fill((uint64_t *)(buf + i * BLOCK), w->first + at + i,
		     ++w->written[at + i]);
	got = pwrite(fd, buf, n * BLOCK, (w->first + at) * BLOCK);
	w->ios++;
	if (got != (ssize_t)(n * BLOCK))
		complain(w, got < 0 ? strerror(errno) : "short write", w->first + at);
	else
		w->wbytes += got;
}

/*
 * The same by one request for each block, sent together and not in order, so that
 * the scheduler finds out by itself that they belong together: a request that comes
 * joins one that waits, and that another.
 */
static void do_scattered(struct worker *w, aio_context_t ctx, int fd, char *buf, uint64_t at,
			 unsigned int n)
{
	struct iocb cb[MOST], *list[MOST];
	struct io_event done[MOST];

	for (unsigned int i = 0; i < n; i++) {
		/* even ones upwards, then the odd ones downwards: 0 2 4 5 3 1 */
		unsigned int b = 2 * i < n ? 2 * i : 2 * (n - i) - 1;

		fill((uint64_t *)(buf + b * BLOCK), w->first + at + b, ++w->written[at + b]);
		cb[i] = (struct iocb){
			.aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd,
			.aio_buf = (uintptr_t)(buf + b * BLOCK), .aio_nbytes = BLOCK,
			.aio_offset = (w->first + at + b) * BLOCK,
		};
		list[i] = &cb[i];
	}
	w->ios += n;
	for (unsigned int sent = 0, got; sent < n; sent += got) {
		long r = syscall(SYS_io_submit, ctx, n - sent, list + sent);

		got = r > 0 ? r : 0;
		if (!got || syscall(SYS_io_getevents, ctx, got, got, done, NULL) != (long)got) {
			complain(w, strerror(errno), w->first + at);
			return;
		}
		for (unsigned int i = 0; i < got; i++) {
			if (done[i].res != BLOCK)
				complain(w, done[i].res < 0 ? strerror(-done[i].res) : "short write",
					 w->first + at);
			else
				w->wbytes += BLOCK;
		}
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int fd = open(device, (check ? O_RDWR : O_RDONLY) | O_DIRECT);
	aio_context_t ctx = 0;
	char *buf;

	if (fd < 0 || posix_memalign((void **)&buf, BLOCK, MOST * BLOCK) ||
	    syscall(SYS_io_setup, MOST, &ctx)) {
		perror(device);
		exit(2);
	}
	while (!stop) {
		unsigned int n = check ? 1 + rnd(&w->seed) % MOST : 1;
		uint64_t at = rnd(&w->seed) % (w->blocks - n + 1);

		if (check && rnd(&w->seed) % 2)
			do_write(w, fd, buf, at, n);
		else if (check && n > 2 && rnd(&w->seed) % 2)
			do_scattered(w, ctx, fd, buf, at, n);
		else
			do_read(w, fd, buf, at, n);
	}
	for (uint64_t at = 0; check && at + MOST <= w->blocks; at += MOST)
		do_read(w, fd, buf, at, MOST);
	syscall(SYS_io_destroy, ctx);
	close(fd);
	free(buf);
	return NULL;
}

/* A read of a random block, number k of those under way. */
static struct iocb queued_read(struct worker *w, int fd, char *buf, unsigned int k)
{
	return (struct iocb){
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd, .aio_data = k,
		.aio_buf = (uintptr_t)(buf + k * BLOCK), .aio_nbytes = BLOCK,
		.aio_offset = (w->first + rnd(&w->seed) % w->blocks) * BLOCK,
	};
}

static void *queue(void *arg)
{
	struct worker *w = arg;
	int fd = open(device, O_RDONLY | O_DIRECT);
	struct iocb *cb = calloc(depth, sizeof(*cb)), **list = calloc(depth, sizeof(*list));
	struct io_event *done = calloc(depth, sizeof(*done));
	long under_way = 0, n = depth, got;
	aio_context_t ctx = 0;
	char *buf;

	if (fd < 0 || !cb || !list || !done || posix_memalign((void **)&buf, BLOCK, depth * BLOCK) ||
	    syscall(SYS_io_setup, depth, &ctx)) {
		perror(device);
		exit(2);
	}
	for (long k = 0; k < n; k++) {
		cb[k] = queued_read(w, fd, buf, k);
		list[k] = &cb[k];
	}
	while (n || under_way) {
		if (n && syscall(SYS_io_submit, ctx, n, list) != n) {
			perror("io_submit");
			exit(2);
		}
		under_way += n;
		got = syscall(SYS_io_getevents, ctx, 1L, (long)depth, done, NULL);
		if (got < 1) {
			perror("io_getevents");
			exit(2);
		}
		under_way -= got;
		n = 0;
		for (long k = 0; k < got; k++) {
			struct iocb *next = &cb[done[k].data];

			if (done[k].res != BLOCK)
				complain(w, "failed", next->aio_offset / BLOCK);
			w->ios++;
			w->rbytes += BLOCK;
			if (stop)
				continue;
			*next = queued_read(w, fd, buf, done[k].data);
			list[n++] = next;
		}
	}
	return NULL;
}

static void *each(void *arg)
{
	struct worker *w = arg;
	int fd = open(device, O_RDONLY | O_DIRECT);
	struct timespec a, b;
	char *buf;

	if (fd < 0 || posix_memalign((void **)&buf, BLOCK, BLOCK)) {
		perror(device);
		exit(2);
	}
	while (!stop) {
		uint64_t ns;

		clock_gettime(CLOCK_MONOTONIC, &a);
		for (unsigned int i = 0; i < SERIES; i++)
			do_read(w, fd, buf, (i * 7) % w->blocks, 1);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns = (b.tv_sec - a.tv_sec) * 1000000000ULL + b.tv_nsec - a.tv_nsec;
		if (!least || ns < least)
			least = ns;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct vcmd_ctx_create create = { .flagword = VXF_STATE_ADMIN };
	struct vcmd_ctx_migrate enter = { .flagword = 0 };
	uint64_t ios = 0, rbytes = 0, wbytes = 0, errors = 0, from, mib;
	unsigned int xid, threads, seconds;
	void *(*what)(void *) = work;
	struct worker *w;
	char path[64], line[512];
	FILE *f;

	if (argc != 8) {
		fprintf(stderr, "usage: dio XID THREADS SECONDS read|check|die|queue|each DEVICE FROM MIB\n");
		return 2;
	}
	xid = atoi(argv[1]);
	threads = atoi(argv[2]);
	seconds = atoi(argv[3]);
	check = !strcmp(argv[4], "check");
	if (!strcmp(argv[4], "queue") || !strcmp(argv[4], "each")) {
		what = argv[4][0] == 'q' ? queue : each;
		depth = threads;
		threads = 1;
	}
	device = argv[5];
	from = strtoull(argv[6], NULL, 10) << 20;
	mib = strtoull(argv[7], NULL, 10) << 20;

	/* 236 is the number of the vserver system call on x86-64. */
	if (xid && syscall(236, VCMD_ctx_create, xid, &create) < 0 &&
	    (errno != EEXIST || syscall(236, VCMD_ctx_migrate, xid, &enter) < 0)) {
		perror("dio: cannot make the context");
		return 2;
	}
	w = calloc(threads, sizeof(*w));
	for (unsigned int i = 0; i < threads; i++) {
		w[i].blocks = mib / BLOCK / threads;
		w[i].first = from / BLOCK + i * w[i].blocks;
		w[i].seed = (xid + 1) * 1000003ULL + i;
		w[i].written = calloc(w[i].blocks, sizeof(*w[i].written));
		if (pthread_create(&w[i].thread, NULL, what, &w[i]))
			return 2;
	}
	if (!strcmp(argv[4], "die")) {
		usleep(100000);
		kill(getpid(), SIGKILL);
	}
	while (seconds-- && access(STOP, F_OK))
		sleep(1);
	stop = true;
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		ios += w[i].ios;
		rbytes += w[i].rbytes;
		wbytes += w[i].wbytes;
		errors += w[i].errors;
	}
	printf("ios %llu rbytes %llu wbytes %llu errors %llu\n",
	       (unsigned long long)ios, (unsigned long long)rbytes,
	       (unsigned long long)wbytes, (unsigned long long)errors);
	if (least)
		printf("least %llu.%02llu\n", (unsigned long long)(least / SERIES),
		       (unsigned long long)(least % SERIES * 100 / SERIES));
	snprintf(path, sizeof(path), "/proc/virtual/%u/disk", xid);
	f = xid ? fopen(path, "r") : NULL;
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stdout);
	return errors != 0;
}
