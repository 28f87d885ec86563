// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bmacro: what real work costs. An operation is a whole run of a tool that people
 * use (a compiler, an archiver, a compressor, a mail server's file traffic, a shell
 * script), on files that are made before and are the same everywhere. The tools are
 * Debian's; those that are not in every Debian system come with this program, in the
 * directory it is in, or in the tree of packages beside that. Nothing waits for a disk: where instructions are counted, that
 * wait would be a leap of the clock, and it would measure the disk elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

/* Sized so that an operation is 10^7 to 10^8 instructions: enough for tools to do more
 * than start, and a minute for all of it under an emulator. */
#define SOURCES 4
#define FUNCTIONS 150
#define DIRS 8
#define FILES_IN_DIR 16
#define BIG_KB 256
#define MAILS 60
#define TRANSACTIONS 200

static const char script[] =
	"set -e; n=0; while [ $n -lt 4 ]; do n=$((n + 1));"
	" echo \"line $n of a file\" | sed 's/line/row/' | grep -c row >out.$n;"
	" cat out.$n out.1 >all.$n; rm out.$n; echo 1 >out.1; done; rm out.1 all.*";

/* Words that look like text, the same everywhere; compress about as text does. */
static unsigned int word_state;

static void words_put(FILE *f, size_t bytes)
{
	static const char *const list[] = { "kernel", "context", "page", "of", "the", "a", "disk", "share",
					    "weight", "and", "guest", "time", "is", "not", "memory", "\n" };

	while (bytes > 0) {
		const char *w;
		size_t n;

		word_state = word_state * 1103515245 + 12345;
		w = list[word_state >> 28];
		n = strlen(w) + 1;
		if (n > bytes)
			n = bytes;
		fprintf(f, "%.*s ", (int)n - 1, w);
		bytes -= n;
	}
}

static int file_close(struct bench *b, FILE *f, const char *name)
{
	return fclose(f) == 0 ? 0 : bench_fail(b, "write %s: %s", name, strerror(errno));
}

/* ------------------------------------------------------------------- compile */

static int compile_setup(struct bench *b)
{
	char name[16];
	int i, k;
	FILE *f;

	if (bench_tools(b) != 0)
		return -1;
	for (i = 0; i < SOURCES; i++) {
		snprintf(name, sizeof(name), "m%d.c", i);
		f = fopen(name, "we");
		if (!f)
			return bench_fail(b, "%s: %s", name, strerror(errno));
		fputs("struct item { int key, value; struct item *next; };\n", f);
		for (k = 0; k < FUNCTIONS; k++)
			fprintf(f,
				"/* function %d of file %d */\n"
				"int f%d_%d(struct item *list, int n)\n{\n"
				"\tint sum = %d;\n\n"
				"\tfor (int i = 0; i < n && list; i++, list = list->next) {\n"
				"\t\tif (list->key == i * %d || list->value > sum)\n"
				"\t\t\tsum += list->value * (i + %d);\n"
				"\t\telse\n\t\t\tsum ^= list->key << (i & 7);\n\t}\n"
				"\treturn sum%s;\n}\n",
				k, i, i, k, k, k + 1, i, k % 3 ? "" : " / (n + 1)");
		if (file_close(b, f, name) != 0)
			return -1;
	}
	/* A compiler that cannot do it says so before anything counts. */
	return TOOL(b, "tcc", "-c", "m0.c", "-o", "m0.o");
}

static int compile_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);
	char in[16], out[16];
	int i;

	bench_start(b);
	while (n-- > 0)
		for (i = 0; i < SOURCES; i++) {
			snprintf(in, sizeof(in), "m%d.c", i);
			snprintf(out, sizeof(out), "m%d.o", i);
			if (TOOL(b, "tcc", "-c", in, "-o", out) != 0)
				return -1;
		}
	bench_stop(b);
	return 0;
}

/* ---------------------------------------------------------------- tar, untar */

static int tree_setup(struct bench *b)
{
	char name[48];
	int d, i;
	FILE *f;

	if (bench_tools(b) != 0 || mkdir("tree", 0755) != 0 || mkdir("out", 0755) != 0)
		return bench_fail(b, "mkdir: %s", strerror(errno));
	for (d = 0; d < DIRS; d++) {
		snprintf(name, sizeof(name), "tree/dir%d", d);
		if (mkdir(name, 0755) != 0)
			return bench_fail(b, "%s: %s", name, strerror(errno));
		for (i = 0; i < FILES_IN_DIR; i++) {
			snprintf(name, sizeof(name), "tree/dir%d/file%d", d, i);
			f = fopen(name, "we");
			if (!f)
				return bench_fail(b, "%s: %s", name, strerror(errno));
			words_put(f, 256U << (i % 8));
			if (file_close(b, f, name) != 0)
				return -1;
		}
	}
	return TOOL(b, "tar", "-cf", "tree.tar", "tree");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

static int untar_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	while (n-- > 0) {
		bench_start(b);
		if (TOOL(b, "tar", "-xf", "tree.tar", "-C", "out") != 0)
			return -1;
		bench_stop(b);
		if (nftw("out", remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
			return bench_fail(b, "remove what was unpacked: %s", strerror(errno));
	}
	return 0;
}

static int tar_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	while (n-- > 0) {
		bench_start(b);
		if (TOOL(b, "tar", "-cf", "new.tar", "tree") != 0)
			return -1;
		bench_stop(b);
		if (unlink("new.tar") != 0)
			return bench_fail(b, "new.tar: %s", strerror(errno));
	}
	return 0;
}

/* ---------------------------------------------------------------------- gzip */

static int gzip_setup(struct bench *b)
{
	FILE *f;

	if (bench_tools(b) != 0)
		return -1;
	f = fopen("big", "we");
	if (!f)
		return bench_fail(b, "big: %s", strerror(errno));
	words_put(f, BIG_KB << 10);
	if (file_close(b, f, "big") != 0)
		return -1;
	return TOOL(b, "gzip", "-kfn", "big");
}

static int gzip_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	bench_start(b);
	while (n-- > 0)
		if (TOOL(b, "gzip", "-kfn", "big") != 0)
			return -1;
	bench_stop(b);
	return 0;
}

/* ---------------------------------------------------------------------- mail */

static int mail_setup(struct bench *b)
{
	FILE *f;

	if (bench_tools(b) != 0 || mkdir("spool", 0755) != 0)
		return bench_fail(b, "mkdir spool: %s", strerror(errno));
	f = fopen("mail.conf", "we");
	if (!f)
		return bench_fail(b, "mail.conf: %s", strerror(errno));
	fprintf(f, "set location spool\nset number %d\nset transactions %d\nset size 500 8000\nset seed 42\nrun\nquit\n",
		MAILS, TRANSACTIONS);
	if (file_close(b, f, "mail.conf") != 0)
		return -1;
	return TOOL(b, "postmark", "mail.conf");
}

/* Did it do its transactions, all of them? Its status is 0 whatever happens. */
static bool mail_done(void)
{
	return log_has(LOG, "seconds of transactions") && !log_has(LOG, "Error");
}

static int mail_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	while (n-- > 0) {
		bench_start(b);
		if (TOOL(b, "postmark", "mail.conf") != 0)
			return -1;
		bench_stop(b);
		if (!mail_done())
			return bench_fail(b, "postmark did not do all of its transactions");
	}
	return 0;
}

/* -------------------------------------------------------------------- script */

static int script_setup(struct bench *b)
{
	if (bench_tools(b) != 0)
		return -1;
	return TOOL(b, "sh", "-c", (char *)script);
}

static int script_batch(struct bench *b)
{
	uint64_t n = bench_ops(b);

	bench_start(b);
	while (n-- > 0)
		if (TOOL(b, "sh", "-c", (char *)script) != 0)
			return -1;
	bench_stop(b);
	return 0;
}

#define ROW(name, where, what) \
	{ .id = "macro." name, .unit = "ns/op", .ops = 1, .flags = where, \
	  .setup = what##_setup, .batch = what##_batch }
#define tar_setup tree_setup
#define untar_setup tree_setup

static const struct bench_row rows[] = {
	ROW("compile", BENCH_TMPFS, compile),
	ROW("tar", BENCH_SYNC, tar),
	ROW("untar", BENCH_SYNC, untar),
	ROW("gzip", BENCH_TMPFS, gzip),
	ROW("mail", BENCH_SYNC, mail),
	ROW("script", BENCH_TMPFS, script),
	FIO_ROWS,
	DBENCH_ROWS,
	PG_ROWS,
	IPERF_ROWS,
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bmacro",
		.cc = "gcc " __VERSION__,
		.cflags = BENCH_CFLAGS,
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
		.option = "servers",
		.option_help = "  --servers A    the address of an iperf3 server elsewhere, for macro.net.\n",
		.option_value = &iperf_server,
	};

	return bench_main(argc, argv, &program);
}
