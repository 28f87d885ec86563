/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared between the files of this program: tools are run and judged. */
#ifndef BULKHEAD_MACRO_TOOL_H
#define BULKHEAD_MACRO_TOOL_H

#include <sys/types.h>

#include "../lib/bench.h"

/* What a tool says, on both channels. */
#define LOG "log"

/**
 * struct tool_how - how a tool is started, beside its arguments
 * @log: file that gets what it says
 * @dir: directory it starts in, or NULL
 * @uid: user and group it becomes, if that is not 0 and we are root
 */
struct tool_how {
	const char *log;
	const char *dir;
	uid_t uid;
};

/* Start a tool; its process, or -1 after a verdict. The process ends with ours. */
pid_t tool_start(struct bench *b, const struct tool_how *how, char *const argv[]);

/* Wait for a tool's end: 0, or -1 after the verdict that its status deserves. */
int tool_wait(struct bench *b, pid_t pid, const char *name);

/* Both; how NULL is: with LOG, here, as we are. */
int tool(struct bench *b, const struct tool_how *how, char *const argv[]);

#define TOOL_AS(b, how, ...) tool(b, how, (char *[]){ __VA_ARGS__, NULL })
#define TOOL(b, ...) TOOL_AS(b, NULL, __VA_ARGS__)

/* As bench_tools(), and tools and their libraries come from the tree of packages
 * first, which is "tools" beside the program's directory. No tree: a skip. */
int tool_tree(struct bench *b);

/* Absolute path of @name in that tree, in a buffer that the next call uses again. */
const char *tool_file(const char *name);

/* Has a line of what a tool said @word in it? */
bool log_has(const char *log, const char *word);

#define FIO_ROWS \
	FIO_ROW("randread", 4, 8192), FIO_ROW("randwrite", 4, 8192), \
	FIO_ROW("read", 64, 512), FIO_ROW("write", 64, 512), \
	FIO_ROW("randread.direct", 4, 2048), FIO_ROW("randwrite.direct", 4, 2048)
#define FIO_ROW(name, kb, n) \
	{ .id = "macro.fio." name, .unit = "ns/op", .ops = n, .flags = BENCH_SYNC, .a = kb, \
	  .setup = fio_setup, .batch = fio_batch }
int fio_setup(struct bench *b);
int fio_batch(struct bench *b);

#define DBENCH_ROWS \
	{ .id = "macro.dbench", .unit = "ns/op", .ops = 1, .flags = BENCH_SYNC, \
	  .setup = dbench_setup, .batch = dbench_batch }
int dbench_setup(struct bench *b);
int dbench_batch(struct bench *b);

#define PG_ROWS PG_ROW("select", 0, 400), PG_ROW("tpcb", 1, 100)
#define PG_ROW(name, writes, n) \
	{ .id = "macro.pgbench." name, .unit = "ns/op", .ops = n, .flags = BENCH_TMPFS, .a = writes, \
	  .setup = pg_setup, .batch = pg_batch }
int pg_setup(struct bench *b);
int pg_batch(struct bench *b);

#define IPERF_ROWS \
	IPERF_ROW("tx.1500", 1500, 1), IPERF_ROW("rx.1500", 1500, 0), \
	IPERF_ROW("tx.500", 500, 1), IPERF_ROW("rx.500", 500, 0)
#define IPERF_ROW(name, mtu, sends) \
	{ .id = "macro.net." name, .unit = "ns/op", .ops = 128, .a = mtu, .b = sends, \
	  .setup = iperf_setup, .batch = iperf_batch }
int iperf_setup(struct bench *b);
int iperf_batch(struct bench *b);
/* Address of the server, from the command line, or NULL. */
extern const char *iperf_server;

#endif
