// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's side: starts N instances one after another, lets all of them work at
 * once, and takes them away. The same for every N that rows were asked of, from
 * small to large; a side that cannot hold N is not asked for more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "../lib/record.h"
#include "../lib/words.h"
#include "host.h"

static const unsigned int sizes[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512 };

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))
/* What a few instances take is lost in what the kernel hands out at once. */
#define LEAST_MEMORY 4U
/* What a single instance has nobody to be compared with, or be loaded by. */
#define LEAST_SEVERAL 2U
/* How often an instance is asked for an answer, and the pause before each, in us. */
#define PINGS 12U
#define PING_PAUSE 5000U
/* The start of an instance when nothing of it or its tools is in memory. */
#define COLD "scale.cold"
/* The most instances that ran at once, of the sizes asked for. */
#define MOST "scale.most"

enum what { START, WORK, FAST, MID, SLOW, MEMORY, STOP, REST, IDLE, BUSY, N_WHAT };

static const struct {
	const char *name, *unit, *about;
} what_info[N_WHAT] = {
	[START] = { "start", "ns/op", "an instance is started until it is ready" },
	[WORK] = { "work", "ns/op", "a unit of work, all instances at work at once" },
	[FAST] = { "fast", "ns/op", "the same by its own clock, of the fastest instance" },
	[MID] = { "mid", "ns/op", "the same, of the median instance" },
	[SLOW] = { "slow", "ns/op", "the same, of the slowest instance" },
	[MEMORY] = { "mem", "bytes", "memory that is gone, per instance at rest" },
	[STOP] = { "stop", "ns/op", "an instance is taken away" },
	[REST] = { "rest", "ns/op", "an instance answers, all at rest" },
	[IDLE] = { "idle", "ns/op", "an instance at rest answers, all others compute" },
	[BUSY] = { "busy", "ns/op", "an instance answers that computes like all others but one" },
};

/* The file of places: how the side starts an instance. A line is a key and words
 * with blanks between; "%d" in a word is the number of the instance. */
static const char *const tool_names[N_TOOLS] = {
	[PREPARE] = "prepare", /* before a start, not timed */
	[START_TOOL] = "start",
	[STOP_TOOL] = "stop", /* without: the instance is told to end */
	[HALT] = "halt", /* by force, where there is no such stop */
	[CLEAN] = "clean", /* after a stop, not timed */
	[FREE] = "free", /* prints MiB that are free outside of this system */
};

struct place place;

/* A run of N instances. */
struct many {
	unsigned int n, prepared, started, ready;
	double value[N_WHAT];
	uint64_t ns[N_WHAT], ops[N_WHAT];
	bool ask;		/* for answers, too */
	double answer[N_WHAT][PINGS];	/* ns each, of REST, IDLE and BUSY */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

/* -------------------------------------------------------------------- tools */

/* The line of @text that says most: the first with an error, else the last. Other
 * lines are cut off. */
static const char *complaint(char *text)
{
	char *line = strcasestr(text, "error"), *end;

	if (!line) {
		for (end = text + strlen(text); end > text && end[-1] == '\n';)
			*--end = '\0';
		line = end;
	}
	while (line > text && line[-1] != '\n')
		line--;
	line[strcspn(line, "\n")] = '\0';
	return *line ? line : "it failed";
}

int run_tool(enum tool t, unsigned int i, double *value, struct scale_err *err)
{
	char words[512], number[16], expanded[32][128], *argv[33], *save, *w, text[4096];
	unsigned int n = 0;
	ssize_t len;
	int status, out;
	pid_t pid;

	if (!place.tool[t])
		return 0;
	snprintf(number, sizeof(number), "%u", i);
	snprintf(words, sizeof(words), "%s", place.tool[t]);
	for (w = strtok_r(words, " \t", &save); w && n < 32; w = strtok_r(NULL, " \t", &save)) {
		const char *mark = strstr(w, "%d");

		if (mark)
			snprintf(expanded[n], sizeof(expanded[n]), "%.*s%s%s", (int)(mark - w), w,
				 number, mark + 2);
		else
			snprintf(expanded[n], sizeof(expanded[n]), "%s", w);
		argv[n] = expanded[n];
		n++;
	}
	argv[n] = NULL;
	out = memfd_create("output", MFD_CLOEXEC);
	if (out < 0)
		return scale_fail(err, "memfd_create: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		dup2(null, 0);
		dup2(out, 1);
		dup2(out, 2);
		execvp(argv[0], argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0) {
		close(out);
		return scale_fail(err, "fork: %s", strerror(errno));
	}
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR) {
			close(out);
			return scale_fail(err, "waitpid: %s", strerror(errno));
		}
	len = lseek(out, 0, SEEK_END);
	len = pread(out, text, sizeof(text) - 1, len < (ssize_t)sizeof(text) ? 0 : len - (ssize_t)sizeof(text) + 1);
	close(out);
	text[len > 0 ? len : 0] = '\0';
	if (status != 0) {
		return scale_fail(err, "%s of instance %u: %.120s", tool_names[t], i, complaint(text));
	}
	if (value) {
		*value = strtod(text, &w);
		if (w == text)
			return scale_fail(err, "%s: no number: %.80s", tool_names[t], text);
	}
	return 0;
}

/* ------------------------------------------------------------------- memory */

/*
 * Bytes that are free and kept by CPUs for their next allocations. MemFree and
 * MemAvailable know nothing of them, and they are megabytes after a process that had
 * much memory.
 */
static int memory_kept(double *bytes, struct scale_err *err)
{
	unsigned long pages = 0, n;
	char line[128];
	FILE *f;

	f = fopen("/proc/zoneinfo", "re");
	if (!f)
		return scale_fail(err, "/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lu", &n) == 1)
			pages += n;
	fclose(f);
	*bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
	return 0;
}

/* What each CPU has counted and not told yet becomes part of the numbers. */
static void settle_counts(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* not root: a little less exact */
	if (write(fd, "1", 1) != 1)
		perror("bscale: /proc/sys/vm/stat_refresh");
	close(fd);
}

/* Bytes that could be given to somebody, here and outside. */
static int memory_free(double *bytes, struct scale_err *err)
{
	double mib = 0, kib = -1, kept = 0;
	char line[128];
	FILE *f;

	settle_counts();
	f = fopen("/proc/meminfo", "re");
	if (!f)
		return scale_fail(err, "/proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lf kB", &kib) == 1)
			break;
	fclose(f);
	if (kib < 0)
		return scale_fail(err, "/proc/meminfo has no MemAvailable");
	if (memory_kept(&kept, err) != 0 ||
	    run_tool(FREE, 0, place.tool[FREE] ? &mib : NULL, err) != 0)
		return -1;
	*bytes = kib * 1024 + kept + mib * 1048576;
	return 0;
}

/* ---------------------------------------------------------------- instances */

int await(unsigned int i, char word, uint32_t *value, struct scale_err *err)
{
	unsigned int who;
	uint32_t number;
	char says;

	if (place.wire->listen(&who, &says, value ? value : &number, err) != 0)
		return -1;
	if (says != word || (i < MAX_INSTANCES && who != i))
		return scale_fail(err, "instance %u says '%c' instead of '%c'", who, says, word);
	return 0;
}

static int start_all(struct many *m, struct scale_err *err)
{
	unsigned int i;
	uint64_t t;

	for (i = 0; i < m->n; i++) {
		if (interrupted)
			return scale_fail(err, "interrupted by signal %d", (int)interrupted);
		if (run_tool(PREPARE, i, NULL, err) != 0)
			return -1;
		m->prepared = i + 1;
		t = clock_now();
		if (run_tool(START_TOOL, i, NULL, err) != 0)
			return -1;
		m->started = i + 1;
		if (await(i, SAYS_READY, NULL, err) != 0)
			return -1;
		m->ns[START] += clock_now() - t;
		m->ready = i + 1;
	}
	m->ops[START] = m->n;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int work_all(struct many *m, struct scale_err *err)
{
	static uint32_t each[MAX_INSTANCES];
	uint64_t t = clock_now();
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (place.wire->tell(i, TOLD_WORK, err) != 0)
			return -1;
	for (i = 0; i < m->n; i++)
		if (await(UINT32_MAX, SAYS_DONE, &each[i], err) != 0)
			return -1;
	m->ns[WORK] = clock_now() - t;
	m->ops[WORK] = (uint64_t)m->n * UNITS;
	qsort(each, m->n, sizeof(each[0]), by_number);
	m->value[FAST] = each[0];
	m->value[MID] = (each[(m->n - 1) / 2] + (double)each[m->n / 2]) / 2;
	m->value[SLOW] = each[m->n - 1];
	m->ops[FAST] = m->ops[MID] = m->ops[SLOW] = UNITS;
	return 0;
}

/* How long instance @i takes to answer, PINGS times. */
static int ask(unsigned int i, double *ns, struct scale_err *err)
{
	unsigned int k;
	uint64_t t;

	for (k = 0; k < PINGS; k++) {
		usleep(PING_PAUSE);
		t = clock_now();
		if (place.wire->tell(i, TOLD_PING, err) != 0 || await(i, SAYS_DONE, NULL, err) != 0)
			return -1;
		ns[k] = (double)(clock_now() - t);
	}
	return 0;
}

/* Tell all but the first, and wait until all have heard it. */
static int tell_others(const struct many *m, char word, struct scale_err *err)
{
	unsigned int i;

	for (i = 1; i < m->n; i++)
		if (place.wire->tell(i, word, err) != 0 || await(i, SAYS_DONE, NULL, err) != 0)
			return -1;
	return 0;
}

/* Answers: all at rest; the first while the others compute; the last, which does. */
static int ask_all(struct many *m, struct scale_err *err)
{
	if (m->n < LEAST_SEVERAL)
		return 0;
	if (ask(0, m->answer[REST], err) != 0 || tell_others(m, TOLD_BUSY, err) != 0 ||
	    ask(0, m->answer[IDLE], err) != 0 || ask(m->n - 1, m->answer[BUSY], err) != 0)
		return -1;
	return tell_others(m, TOLD_STOP, err);
}

/* Takes away what there is, even after a failure; the first failure is in @err. */
static int stop_all(struct many *m, bool failed, struct scale_err *err)
{
	struct scale_err more;
	unsigned int i;
	uint64_t t;
	int rc = 0;

	for (i = 0; i < m->started; i++) {
		struct scale_err *e = rc || failed ? &more : err;

		t = clock_now();
		if (place.tool[STOP_TOOL])
			rc |= run_tool(STOP_TOOL, i, NULL, e);
		else if (place.wire->tell(i, TOLD_END, e) != 0 || (!failed && await(i, SAYS_BYE, NULL, e) != 0))
			rc = -1;
		m->ns[STOP] += clock_now() - t;
	}
	m->ops[STOP] = m->started;
	for (i = 0; i < m->prepared; i++)
		rc |= run_tool(CLEAN, i, NULL, rc || failed ? &more : err);
	return rc ? -1 : 0;
}

void settle(void)
{
	usleep(300000);
}

static int run_many(struct many *m, struct scale_err *err)
{
	double before = 0, after = 0;
	int rc;

	if (place.wire->open(place.where, m->n, err) != 0)
		return -1;
	rc = memory_free(&before, err);
	if (rc == 0)
		rc = start_all(m, err);
	if (rc == 0) {
		settle();
		rc = memory_free(&after, err);
	}
	if (rc == 0)
		rc = work_all(m, err);
	if (rc == 0 && m->ask)
		rc = ask_all(m, err);
	if (stop_all(m, rc != 0, err) != 0)
		rc = -1;
	place.wire->close();
	settle();
	if (rc != 0)
		return -1;
	m->value[START] = (double)m->ns[START] / m->n;
	m->value[STOP] = (double)m->ns[STOP] / m->n;
	m->value[WORK] = (double)m->ns[WORK] / (double)m->ops[WORK];
	m->value[MEMORY] = (before - after) / m->n;
	m->ops[MEMORY] = m->n;
	return 0;
}

/* The first start of all, with nothing in memory that could be read again. */
static int run_cold(struct many *m, struct scale_err *err)
{
	int fd, n;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : (int)write(fd, "3", 1);
	if (n != 1)
		scale_fail(err, "/proc/sys/vm/drop_caches: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return n != 1 ? -1 : run_many(m, err);
}

/* ------------------------------------------------------------------ records */

int put_verdict(const char *row, const char *status, const char *why)
{
	return record_put(json_pack("{s:s,s:s,s:s,s:s}", "t", "verdict", "bench", row, "status",
				    status, "why", why));
}

static int put_nth(const char *row, unsigned int iter, const char *unit, double value, uint64_t ops, uint64_t ns)
{
	return record_put(json_pack(
		"{s:s,s:s,s:i,s:s,s:s,s:f,s:I,s:I,s:{s:n,s:n,s:n},s:n,s:n,s:n,s:[s]}", "t", "sample",
		"bench", row, "iter", (int)iter, "phase", "measure", "unit", unit, "value", value, "ops",
		(json_int_t)ops, "ns", (json_int_t)ns, "cpu", "user", "sys", "host_ns", "minflt",
		"majflt", "ctxsw", "flags", "counted"));
}

int put_value(const char *row, const char *unit, double value, uint64_t ops, uint64_t ns)
{
	return put_nth(row, 0, unit, value, ops, ns);
}

static int put_sample(const char *row, enum what w, const struct many *m)
{
	unsigned int k;

	for (k = 0; k < PINGS && w >= REST; k++)
		if (put_nth(row, k, what_info[w].unit, m->answer[w][k], 1, (uint64_t)m->answer[w][k]) != 0)
			return -1;
	if (w >= REST)
		return 0;
	return put_value(row, what_info[w].unit, m->value[w], m->ops[w], m->ns[w]);
}

/* Is there such a row? */
static bool row_exists(enum what w, unsigned int n)
{
	return n >= (w == MEMORY ? LEAST_MEMORY : w == START || w == WORK || w == STOP ? 1 : LEAST_SEVERAL);
}

static int put_most(unsigned int most, const char *why)
{
	if (!most)
		return put_verdict(MOST, "fail", why);
	return put_value(MOST, "instances", most, 1, 0);
}

static void row_id(char *id, size_t room, enum what w, unsigned int n)
{
	snprintf(id, room, "scale.%s.%u", what_info[w].name, n);
}

/* How far it went, over all sizes. */
struct reach {
	unsigned int most;	/* instances that ran at once */
	unsigned int limit;	/* the size that could not be had, or 0 */
	char why[256];		/* it could not */
};

/* All rows of one size. Returns 0, 1 when they have no result, 2 when nothing can
 * be written. */
static int size_rows(unsigned int n, const bool wanted[N_WHAT], struct reach *reach)
{
	struct many m = { .n = n, .ask = wanted[REST] || wanted[IDLE] || wanted[BUSY] };
	struct scale_err err = { "" };
	unsigned int w;
	char id[48], why[256];
	int rc = 0;

	if (reach->limit)
		snprintf(why, sizeof(why), "%u could not be had, and this is more", reach->limit);
	else
		rc = run_many(&m, &err);
	if (rc != 0) {
		reach->limit = n;
		snprintf(why, sizeof(why), "%u of %u were there: %.150s", m.ready, n, err.text);
		memcpy(reach->why, why, sizeof(why));
	}
	if (m.ready > reach->most)
		reach->most = m.ready;
	for (w = 0; w < N_WHAT; w++) {
		if (!wanted[w])
			continue;
		row_id(id, sizeof(id), (enum what)w, n);
		if ((reach->limit ? put_verdict(id, rc ? "fail" : "skip", why) :
				    put_sample(id, (enum what)w, &m)) != 0)
			return 2;
	}
	return fflush(stdout) != 0 ? 2 : reach->limit != 0;
}

/* ------------------------------------------------------------- command line */

static void help(void)
{
	fputs("usage: bscale --places FILE ROW...\n"
	      "       bscale --list | --env [OPTION]...\n"
	      "       bscale --instance DIR NUMBER [--detach]\n"
	      "\n"
	      "Starts many instances, lets them work, takes them away, and prints what each\n"
	      "costs as JSON lines. A ROW is an id of --list, a group ('scale.start.') or\n"
	      "'all'. Needs what the tools in FILE need.\n"
	      "\n"
	      "  --places FILE  how an instance is made; lines of a key and words, '%d' is its\n"
	      "                 number: start, stop, halt, prepare, clean, free (a command\n"
	      "                 each), wire (fifo DIR, or xenstore), disk (a directory on a\n"
	      "                 disk), unit disk (work reads it), net (10.0.0. MBIT: addresses,\n"
	      "                 and the line that leads to instances)\n"
	      "  --phases N     isolate: stretches of 50 units with each nuisance (1)\n"
	      "  --counted      the clock counts instructions: no cold start, which waits\n"
	      "                 for a disk\n"
	      "  --instance DIR NUMBER   what runs in an instance; as init of a domain it is\n"
	      "                 called with scale=NUMBER in the environment\n"
	      "  --detach       the same in the background\n"
	      "  --dir DIR, --tmpfs DIR, --env-pad N   as other programs; not used\n"
	      "  --list         print the rows and their units\n"
	      "  --env          print what the results depend on\n"
	      "\n"
	      "exit status: 0 all rows ran, 1 some did not, 2 wrong command line\n",
	      stdout);
}

static int usage_error(const char *what, const char *arg)
{
	return standalone_usage("bscale", what, arg);
}

static int read_places(const char *file)
{
	const struct wire *const wires[] = { &wire_fifo, &wire_xenstore };
	char line[512], prefix[16], *rest;
	unsigned int t;
	int used = 0;
	FILE *f;

	f = fopen(file, "re");
	if (!f) {
		fprintf(stderr, "bscale: %s: %s\n", file, strerror(errno));
		return 2;
	}
	while (fgets(line, sizeof(line), f)) {
		bool known = false;

		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		rest = line + strcspn(line, " \t");
		if (*rest)
			*rest++ = '\0';
		rest += strspn(rest, " \t");
		for (t = 0; t < N_TOOLS; t++)
			if (strcmp(line, tool_names[t]) == 0 && *rest) {
				place.tool[t] = strdup(rest);
				known = place.tool[t];
			}
		if (strcmp(line, "disk") == 0 && *rest)
			known = (place.disk = strdup(rest)) != NULL;
		if (strcmp(line, "unit") == 0 && strcmp(rest, "disk") == 0)
			known = place.disk_unit = true;
		if (strcmp(line, "net") == 0 && sscanf(rest, "%15[0-9.] %u%n", prefix, &place.line, &used) == 2 &&
		    !rest[used] && place.line > 0 && place.line <= 100000)
			known = (place.net = strdup(prefix)) != NULL;
		for (t = 0; t < 2 && strcmp(line, "wire") == 0; t++) {
			size_t n = strlen(wires[t]->name);

			if (strncmp(rest, wires[t]->name, n) != 0 || (rest[n] && rest[n] != ' '))
				continue;
			place.wire = wires[t];
			place.where = strdup(rest + n + strspn(rest + n, " "));
			known = place.where;
		}
		if (!known) {
			fprintf(stderr, "bscale: %s: what is '%s %s'?\n", file, line, rest);
			fclose(f);
			return 2;
		}
	}
	fclose(f);
	if (!place.wire || !place.tool[START_TOOL]) {
		fprintf(stderr, "bscale: %s: it needs the lines start and wire\n", file);
		return 2;
	}
	return 0;
}

static int detached_instance(const char *dir, unsigned int i)
{
	pid_t pid = fork();

	if (pid < 0) {
		fprintf(stderr, "bscale: fork: %s\n", strerror(errno));
		return 1;
	}
	if (pid > 0)
		return 0;
	setsid();
	return instance_main(&wire_fifo, dir, i);
}

static int run_rows(char **words, int n_words, bool counted, unsigned int phases)
{
	bool wanted[N_SIZES][N_WHAT] = { { false } };
	struct reach reach = { 0 };
	struct many first = { .n = 1 };
	bool most = false, cold = false, isolate = false, many = false;
	unsigned int k, w;
	struct scale_err err = { "" };
	int i, rc = 0;
	char id[48];

	for (i = 0; i < n_words; i++) {
		bool found = word_selects(words[i], MOST);

		most |= found;
		if (word_selects(words[i], COLD))
			cold = many = found = true;
		many |= found;
		if (isolation_select(words[i]))
			isolate = found = true;
		for (k = 0; k < N_SIZES; k++)
			for (w = 0; w < N_WHAT; w++) {
				row_id(id, sizeof(id), (enum what)w, sizes[k]);
				if (row_exists((enum what)w, sizes[k]) && word_selects(words[i], id))
					wanted[k][w] = many = found = true;
			}
		if (!found)
			return usage_error("no row", words[i]);
	}
	if (clock_choose() != 0)
		return 1;
	/* One that does not count: the tools and what they read are in memory then.
	 * What it has to complain about, the first that counts has, too. */
	if (many && (!cold || counted))
		run_many(&first, &err);
	if (cold && counted)
		rc |= put_verdict(COLD, "skip", "this clock leaps while the machine waits for its disk") != 0;
	else if (cold && run_cold(&first, &err) != 0)
		rc |= put_verdict(COLD, "fail", err.text) != 0 ? 2 : 1;
	else if (cold)
		rc |= put_value(COLD, what_info[START].unit, first.value[START], 1, first.ns[START]) != 0;
	if (isolate)
		rc |= isolation_rows(phases, counted);
	for (k = 0; k < N_SIZES && !interrupted && rc != 2; k++) {
		bool any = false;

		for (w = 0; w < N_WHAT; w++)
			any |= wanted[k][w];
		if (any)
			rc |= size_rows(sizes[k], wanted[k], &reach);
	}
	if (most && put_most(reach.most, reach.why[0] ? reach.why : "no size was asked for") != 0)
		rc = 1;
	if (fflush(stdout) != 0)
		rc = 1;
	return rc || interrupted ? 1 : 0;
}

int main(int argc, char **argv)
{
	enum { PLACES, INSTANCE, DETACH, PHASES, COUNTED };
	static const struct option longopts[] = {
		{ "places", required_argument, NULL, PLACES },
		{ "instance", required_argument, NULL, INSTANCE },
		{ "detach", no_argument, NULL, DETACH },
		{ "phases", required_argument, NULL, PHASES },
		{ "counted", no_argument, NULL, COUNTED },
		STANDALONE_OPTIONS,
		{ 0 },
	};
	const struct sigaction act = { .sa_handler = on_signal };
	struct standalone common = {
		.name = "bscale",
		.help = help,
		.opts = { .dir = ".", .tmpfs = "/dev/shm" },
	};
	const char *places = NULL, *instance = NULL;
	bool detach = false, counted = false;
	unsigned int number, k, w, phases = 1;
	char id[48];
	int opt;

	if (getpid() == 1 && getenv("scale"))
		return domain_main();
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		switch (opt) {
		case PLACES:
			places = optarg;
			break;
		case INSTANCE:
			instance = optarg;
			break;
		case DETACH:
			detach = true;
			break;
		case PHASES:
			if (!word_unsigned(optarg, 1, 1000, &phases))
				return usage_error("--phases: not a number up to 1000:", optarg);
			break;
		case COUNTED:
			counted = true;
			break;
		default:
			opt = standalone_option(&common, opt, argv);
			if (opt >= 0)
				return opt;
		}
	}
	if (instance) {
		if (optind + 1 != argc || !word_unsigned(argv[optind], 0, MAX_INSTANCES - 1, &number))
			return usage_error("--instance needs a number up to 1023 after", instance);
		return detach ? detached_instance(instance, number) :
				instance_main(&wire_fifo, instance, number);
	}
	if (common.list) {
		isolation_list();
		puts(COLD " ns/op an instance is started until it is ready, nothing of it in memory");
		puts(MOST " instances the most that were there at once, of the sizes asked for");
		for (k = 0; k < N_SIZES; k++)
			for (w = 0; w < N_WHAT; w++) {
				if (!row_exists((enum what)w, sizes[k]))
					continue;
				row_id(id, sizeof(id), (enum what)w, sizes[k]);
				printf("%s %s %s, %u of them\n", id, what_info[w].unit, what_info[w].about,
				       sizes[k]);
			}
		return fflush(stdout) != 0;
	}
	if (common.env)
		return env_standalone("bscale", &common.opts);
	if (optind == argc)
		return usage_error("which rows?", "");
	if (!places)
		return usage_error("no --places for", argv[optind]);
	if (read_places(places) != 0)
		return 2;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	return run_rows(argv + optind, argc - optind, counted, phases);
}
