/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small test frame for contexts.
 *
 * Each TEST() runs in a process of its own, because entering a context cannot
 * be undone. All processes of a test share one page (struct vs_shared): a
 * check that fails in any of them fails the test, wherever the process is.
 * After each test the frame destroys what the test left behind, and a context
 * that survives that is a failure too.
 *
 * Conventions: system call wrappers return a value >= 0 or -errno. Checks go
 * on after a failure, NEED() does not.
 */
#ifndef VS_TEST_H
#define VS_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vs_abi.h"

#define VS_MAX_TESTS	128
#define VS_MAX_XIDS	64

struct vs_shared {
	atomic_int failures;
	atomic_int step;		/* see step_set(), step_wait() */
	atomic_int hits[8];		/* for signal handlers */
	atomic_uint next_xid;
	atomic_int nr_xids;
	uint32_t xids[VS_MAX_XIDS];	/* to be destroyed after the test */
	volatile int64_t val[32];	/* free use by the test */
	char text[1024];		/* free use by the test */
	char skip[200];
};

extern struct vs_shared *sh;
/* Only what a kernel without contexts can do (option --stock). */
extern bool vs_stock;
extern const char *vs_self;		/* absolute path of the running program */
extern int vs_shared_fd;		/* the shared page, open across exec */
void vs_attach(int fd);			/* map it, in a program started by a test */

typedef void (*vs_fn)(void);
void vs_register(const char *name, const char *desc, int seconds, vs_fn fn);

#define TEST_T(name, seconds, desc)						\
	static void test_##name(void);						\
	__attribute__((constructor)) static void register_##name(void)		\
	{ vs_register(#name, desc, seconds, test_##name); }			\
	static void test_##name(void)
#define TEST(name, desc) TEST_T(name, 30, desc)

/* ---- checks ---- */
void vs_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool vs_check(bool ok, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool vs_eq(const char *file, int line, const char *what, long long got, long long want);
bool vs_eqx(const char *file, int line, const char *what, uint64_t got, uint64_t want);
bool vs_ok(const char *file, int line, const char *what, long long got);
bool vs_oneof(const char *file, int line, const char *what, long long got, int e1, int e2, int e3);
void vs_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define CHECK(cond, ...)	vs_check((cond), __FILE__, __LINE__, __VA_ARGS__)
#define EQ(expr, want)		vs_eq(__FILE__, __LINE__, #expr, (expr), (want))
#define EQX(expr, want)		vs_eqx(__FILE__, __LINE__, #expr, (expr), (want))
#define OK(expr)		vs_ok(__FILE__, __LINE__, #expr, (expr))
/* refused with one of these errors; 0 for "none" */
#define REFUSED(expr, ...)	vs_oneof(__FILE__, __LINE__, #expr, (expr), VS_3(__VA_ARGS__, 0, 0))
#define VS_3(a, b, c, ...)	a, b, c
#define NEED(cond)		do { if (!(cond)) _exit(99); } while (0)
#define NEED_OK(expr)		NEED(OK(expr))

/* ---- the system call ---- */
long vs(uint32_t cmd, uint32_t id, void *data);
long errno_of(long ret);	/* -1/errno -> -errno */
#define E(call)			errno_of((long)(call))

uint32_t new_xid(void);		/* unused id, destroyed by the frame at the end of the test */
long ctx_create(uint32_t xid, uint64_t flagword);
long ctx_migrate(uint32_t xid, uint64_t flagword);
long set_word(uint32_t cmd, uint32_t xid, uint64_t value, uint64_t mask);
long get_word(uint32_t cmd, uint32_t xid, uint64_t *value, uint64_t *mask);
uint64_t word_of(uint32_t cmd, uint32_t xid);	/* value, or ~0 and a failed check */
long vx_info(uint32_t xid, struct abi_vx_info *info);
long ctx_tasks(uint32_t xid);	/* tasks of ctx_stat, or -errno */
long ctx_kill(uint32_t xid, int pid, int sig);
long task_xid(int pid);
bool ctx_gone(uint32_t xid, int ms);	/* wait until the id no longer answers */

/* ---- processes ---- */
struct guest {
	uint32_t xid;		/* 0: take a new one */
	uint64_t create;	/* flag word at creation; 0: SETUP|INIT|ADMIN */
	uint64_t flags;		/* cflags to add during set-up */
	uint64_t bcaps;		/* 0: leave all */
	uint64_t ccaps;
	uint64_t umask;
	bool setup;		/* stay in set-up */
	bool no_init;		/* end set-up without becoming init */
	vs_fn before;		/* run in the child before the context is created */
};

/*
 * fork() into a new context. In the parent: pid of the child, which has
 * finished its set-up. In the child: 0. Ends the test when set-up fails.
 * The child dies with its parent.
 */
pid_t guest_fork(struct guest *g);
/* The usual prisoner: root with the "secure" words, set-up ended, init. */
#define SECURE_GUEST { .bcaps = BC_SECURE, .ccaps = CC_SECURE }
pid_t guest_join(uint32_t xid);		/* fork() and migrate into an existing context */
pid_t host_fork(void);			/* fork(), child dies with its parent */
int reap(pid_t pid);			/* exit code, or 128 + signal */
void reap_ok(pid_t pid);		/* ... which must be 0 */
void done(void) __attribute__((noreturn));
void idle(void) __attribute__((noreturn));	/* sleep until killed */
void msleep(int ms);

/* Processes of a test wait for each other by a common step counter. */
void step_set(int n);
void step_wait(int n);			/* until step >= n; gives up after 20 s and ends the process */

void drop_to_user(uint32_t uid);	/* become an ordinary user, no capabilities */
long cap_drop_effective(int cap);

/* ---- files ---- */
long read_file(const char *path, char *buf, size_t size);	/* NUL terminated; length or -errno */
long write_file(const char *path, const char *text);
bool dir_has(const char *dir, const char *name);	/* by readdir, not by lookup */
/* The text after "label" at the start of a line, without the newline. */
bool line_value(const char *text, const char *label, char *out, size_t size);
bool text_matches(const char *text, const char *regex);	/* extended, multi-line */

#endif
