/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init of a guest that has hostile neighbours: it computes, and checks what comes
 * out, for ever. What another domain could spoil is looked at in each round: memory,
 * page tables (copies after a fork, pages that should be zero), registers, the clock,
 * a disk. Prints "round N" or "WRONG: what" on the console.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BYTES (4UL << 20)
#define DISK_BYTES (512UL << 10)

static int wrong;

static void bad(const char *what, unsigned long round)
{
	printf("WRONG: %s in round %lu\n", what, round);
	wrong = 1;
}

/* A value for each place and round that only this place has. */
static uint64_t mark(uint64_t place, uint64_t round)
{
	uint64_t x = (place + 1) * 0x9e3779b97f4a7c15UL ^ round * 0xd6e8feb86659fd93UL;

	x ^= x >> 32;
	return x * 0xd6e8feb86659fd93UL;
}

static void fill(uint64_t *p, size_t bytes, uint64_t round)
{
	for (size_t i = 0; i < bytes / 8; i++)
		p[i] = mark(i, round);
}

static int holds(const uint64_t *p, size_t bytes, uint64_t round)
{
	for (size_t i = 0; i < bytes / 8; i++)
		if (p[i] != mark(i, round))
			return 0;
	return 1;
}

static double registers(void)
{
	double x = 1, sum = 0;

	for (int i = 1; i < 200000; i++) {
		x = x * 1.0000001 + 1.0 / i;
		sum += x;
	}
	return sum;
}

/* A child sees what the parent wrote, and what it writes is its own. */
static void copies(uint64_t *p, uint64_t round)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int good = holds(p, BYTES, round);

		fill(p, BYTES, ~round);
		_exit(good && holds(p, BYTES, ~round) ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		bad("memory of a child", round);
	if (!holds(p, BYTES, round))
		bad("memory", round);
}

static void fresh(uint64_t round)
{
	uint64_t *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		bad("no memory", round);
		return;
	}
	for (size_t i = 0; i < BYTES / 8; i++)
		if (p[i]) {
			bad("a fresh page is not zero", round);
			break;
		}
	munmap(p, BYTES);
}

static void disk(int fd, uint64_t *p, uint64_t round)
{
	fill(p, DISK_BYTES, round);
	if (pwrite(fd, p, DISK_BYTES, 0) != (ssize_t)DISK_BYTES || fsync(fd))
		bad("writing to the disk", round);
	memset(p, 0, DISK_BYTES);
	if (pread(fd, p, DISK_BYTES, 0) != (ssize_t)DISK_BYTES || !holds(p, DISK_BYTES, round))
		bad("reading from the disk", round);
}

int main(void)
{
	uint64_t *p, *io;
	struct timespec then = { 0 }, now;
	double first = registers();
	int fd;

	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL))
		return 1;
	fd = open("/dev/hvc0", O_WRONLY);
	if (fd < 0 || dup2(fd, 1) < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	io = mmap(NULL, DISK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open("/dev/xvda", O_RDWR | O_DIRECT);
	if (p == MAP_FAILED || io == MAP_FAILED || fd < 0) {
		printf("WRONG: no memory or no disk\n");
		sleep(1);
		return 1;
	}
	for (uint64_t round = 1; !wrong; round++) {
		fill(p, BYTES, round);
		copies(p, round);
		fresh(round);
		disk(fd, io, round);
		if (registers() != first)
			bad("floating point", round);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec < then.tv_sec || (now.tv_sec == then.tv_sec && now.tv_nsec < then.tv_nsec))
			bad("the clock goes back", round);
		then = now;
		if (!wrong)
			printf("round %lu\n", (unsigned long)round);
	}
	for (;;)
		pause();
}
