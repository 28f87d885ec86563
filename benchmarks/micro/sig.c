// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals: installing a handler, catching one, a protection fault. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "rows.h"

static volatile uint64_t caught;

static void count(int sig)
{
	(void)sig;
	caught = caught + 1;
}

int install_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;
	struct sigaction sa = {.sa_handler = count};

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += sigaction(SIGUSR1, &sa, NULL) != 0;
	bench_stop(b);
	return bad ? bench_fail(b, "sigaction failed") : 0;
}

int catch_setup(struct bench *b)
{
	struct sigaction sa = {.sa_handler = count};

	if (sigaction(SIGUSR1, &sa, NULL) != 0)
		return bench_fail(b, "sigaction: %s", strerror(errno));
	return 0;
}

int catch_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;
	pid_t self = getpid();

	caught = 0;
	bench_start(b);
	for (i = 0; i < n; i++)
		kill(self, SIGUSR1);
	bench_stop(b);
	if (caught != n)
		return bench_fail(b, "caught %llu signals of %llu",
				  (unsigned long long)caught,
				  (unsigned long long)n);
	return 0;
}

static char *page;

/* Where to go on after the forbidden write; set by the write itself. */
static uintptr_t after_write;

/* Count the fault and step over the write that caused it. */
static void step_over(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	if (si->si_addr != page)
		_exit(1);
	caught = caught + 1;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)after_write;
}

int prot_setup(struct bench *b)
{
	struct sigaction sa = {.sa_sigaction = step_over,
			       .sa_flags = SA_SIGINFO};
	int fd = open("f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		return bench_fail(b, "make a file: %s", strerror(errno));
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return bench_fail(b, "mmap: %s", strerror(errno));
	bench_use((uint64_t) * (volatile char *)page);
	if (sigaction(SIGSEGV, &sa, NULL) != 0)
		return bench_fail(b, "sigaction: %s", strerror(errno));
	return 0;
}

int prot_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i;

	caught = 0;
	bench_start(b);
	for (i = 0; i < n; i++)
		__asm__ volatile("lea 1f(%%rip), %%rax\n\t"
				 "mov %%rax, %0\n\t"
				 "movb $0, (%1)\n"
				 "1:"
				 : "=m"(after_write)
				 : "r"(page)
				 : "rax", "memory");
	bench_stop(b);
	if (caught != n)
		return bench_fail(b, "caught %llu faults of %llu",
				  (unsigned long long)caught,
				  (unsigned long long)n);
	return 0;
}
