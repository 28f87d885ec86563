// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of a benchmark program. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "internal.h"
#include "words.h"

/* Present in the environment once the program has started itself again. */
#define PAD_VAR "BULKHEAD_PAD"

#define MAX_BATCHES 1000U
#define MAX_ENV_PAD 65536U

enum action { RUN, LIST, ENV };

static const char *prog;

static int usage_error(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static int usage_error(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", prog);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; try '%s --help'\n", prog);
	return 2;
}

static void help(const struct bench_program *p)
{
	printf("usage: %s [OPTION]... ROW...\n"
	       "       %s --list | --env [OPTION]...\n"
	       "\n"
	       "Runs the rows and prints one JSON line per batch, or one with a verdict\n"
	       "for a row that could not run. A ROW is an id, a group ('sys.') or 'all'.\n"
	       "\n"
	       "  --dir DIR      work directory (default .)\n"
	       "  --tmpfs DIR    work directory of the tmpfs rows (default /dev/shm)\n"
	       "  --batch-ns N   shortest batch, in ns (default 5000000); 0 does fixed\n"
	       "                 numbers of operations in batches that begin just after\n"
	       "                 a tick: for machines that count instructions\n"
	       "  --ops-scale N  N times the operations (default 1)\n"
	       "  --batches N    measured batches (default 11)\n"
	       "  --warmup N     batches before them (default 2)\n"
	       "  --env-pad N    an environment variable of N bytes (default 0)\n"
	       "%s  --list         print the rows and their units\n"
	       "  --env          print what the results depend on\n"
	       "\n"
	       "exit status: 0 all rows ran, 1 some did not, 2 wrong command line\n",
	       p->name, p->name, p->option ? p->option_help : "");
}

/* Use one CPU only, the first we may use. */
static int pin(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -1;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			break;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0 ? cpu : -1;
}

/*
 * Start the program again with a fixed address space layout and an
 * environment of our own making, so that neither differs between executions
 * unless --env-pad asks for it. Returns only when that failed; the rows can
 * still run and their samples say "aslr".
 */
static void restart(char **argv, uint64_t pad)
{
	const char *self = (const char *)(uintptr_t)getauxval(AT_EXECFN);
	char *var = malloc(sizeof(PAD_VAR) + 1 + pad);
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *envp[] = {path, var, NULL};
	int old = personality(0xffffffff);

	if (!var)
		return;
	memcpy(var, PAD_VAR "=", sizeof(PAD_VAR));
	memset(var + sizeof(PAD_VAR), 'x', pad);
	var[sizeof(PAD_VAR) + pad] = '\0';
	if (old >= 0)
		personality((unsigned long)old | ADDR_NO_RANDOMIZE);
	if (self)
		execve(self, argv, envp);
	free(var);
}

static int parse(int argc, char **argv, const struct bench_program *p,
		 struct bench_opts *opts, enum action *action)
{
	enum {
		DIR_,
		TMPFS,
		BATCH_NS,
		OPS_SCALE,
		BATCHES,
		WARMUP,
		ENV_PAD,
		LIST_,
		ENV_,
		HELP,
		OWN
	};
	const struct option longopts[] = {
		{"dir", required_argument, NULL, DIR_},
		{"tmpfs", required_argument, NULL, TMPFS},
		{"batch-ns", required_argument, NULL, BATCH_NS},
		{"ops-scale", required_argument, NULL, OPS_SCALE},
		{"batches", required_argument, NULL, BATCHES},
		{"warmup", required_argument, NULL, WARMUP},
		{"env-pad", required_argument, NULL, ENV_PAD},
		{"list", no_argument, NULL, LIST_},
		{"env", no_argument, NULL, ENV_},
		{"help", no_argument, NULL, HELP},
		{p->option, required_argument, NULL, OWN},
		{0},
	};
	int c, i = 0;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, &i)) != -1) {
		uint64_t v = 0;
		bool ok = true;

		switch (c) {
		case DIR_:
			opts->dir = optarg;
			break;
		case TMPFS:
			opts->tmpfs = optarg;
			break;
		case BATCH_NS:
			ok = word_number(optarg, 0, 60000000000ULL, &opts->batch_ns);
			break;
		case OPS_SCALE:
			ok = word_number(optarg, 1, 1000000, &opts->ops_scale);
			break;
		case BATCHES:
			ok = word_number(optarg, 1, MAX_BATCHES, &v);
			opts->batches = (unsigned int)v;
			break;
		case WARMUP:
			ok = word_number(optarg, 0, MAX_BATCHES, &v);
			opts->warmup = (unsigned int)v;
			break;
		case ENV_PAD:
			ok = word_number(optarg, 0, MAX_ENV_PAD, &opts->env_pad);
			break;
		case LIST_:
			*action = LIST;
			break;
		case ENV_:
			*action = ENV;
			break;
		case HELP:
			help(p);
			exit(fflush(stdout) == 0 ? 0 : 1);
		case OWN:
			*p->option_value = optarg;
			break;
		case ':':
			return usage_error("option '%s' needs a value",
					   argv[optind - 1]);
		default:
			return usage_error("unknown option '%s'",
					   argv[optind - 1]);
		}
		if (!ok)
			return usage_error("bad value '%s' for --%s", optarg,
					   longopts[i].name);
	}
	return 0;
}

/* Check the rows named on the command line; 0 or the exit code. */
static int check_rows(int argc, char **argv, const struct bench_program *p)
{
	size_t r;
	int i;

	if (optind >= argc)
		return usage_error("no row given");
	for (i = optind; i < argc; i++) {
		for (r = 0; r < p->n_rows; r++)
			if (word_selects(argv[i], p->rows[r].id))
				break;
		if (r == p->n_rows)
			return usage_error("unknown row '%s'", argv[i]);
	}
	return 0;
}

/*
 * Run the rows the words of @argv select, in the order of the words, and print
 * what they gave. All results are kept in memory shared with the rows until
 * the last row is done: output must not fall into a batch, and the parent's
 * heap must not grow between rows (it is copied by every fork).
 */
static int run_rows(int argc, char **argv, const struct bench_program *p,
		    const struct bench_opts *opts,
		    const struct bench_host *host)
{
	const size_t size =
		sizeof(struct bench_result) +
		(opts->warmup + opts->batches) * sizeof(struct bench_sample);
	size_t n = (size_t)(argc - optind) * p->n_rows, done = 0, k, r;
	const struct bench_row **which = calloc(n, sizeof(*which));
	sigset_t set;
	char *shared;
	int i, rc = 0;

	shared = mmap(NULL, n * size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!which || shared == MAP_FAILED) {
		fprintf(stderr, "%s: no memory for the results\n", prog);
		free(which);
		return 1;
	}
	for (i = optind, k = 0; i < argc; i++)
		for (r = 0; r < p->n_rows; r++)
			if (word_selects(argv[i], p->rows[r].id))
				which[k++] = &p->rows[r];
	n = k;
	memset(shared, 0, n * size);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (done = 0; done < n && !run_interrupted; done++)
		run_row(which[done], opts, host,
			(struct bench_result *)(shared + done * size));
	for (k = 0; k < done; k++) {
		struct bench_result *res =
			(struct bench_result *)(shared + k * size);

		if (res->status != ST_OK)
			rc = 1;
		if (record_row(which[k], opts, host, res) != 0) {
			fprintf(stderr, "%s: cannot write the results\n", prog);
			rc = 1;
			break;
		}
	}
	free(which);
	munmap(shared, n * size);
	return run_interrupted ? 128 + run_interrupted : rc;
}

int bench_main(int argc, char **argv, const struct bench_program *p)
{
	struct bench_opts opts = {.dir = ".",
				  .tmpfs = "/dev/shm",
				  .batch_ns = 5000000,
				  .ops_scale = 1,
				  .batches = 11,
				  .warmup = 2};
	struct bench_host host = {.cpu = -1};
	enum action action = RUN;
	int rc, persona;
	size_t r;

	prog = p->name;
	rc = parse(argc, argv, p, &opts, &action);
	if (rc != 0)
		return rc;
	if (action == LIST) {
		for (r = 0; r < p->n_rows; r++)
			printf("%s %s\n", p->rows[r].id, p->rows[r].unit);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	if (action == RUN) {
		rc = check_rows(argc, argv, p);
		if (rc != 0)
			return rc;
		if (access(opts.dir, W_OK | X_OK) != 0)
			return usage_error("work directory '%s': %s", opts.dir,
					   strerror(errno));
	}
	if (!getenv(PAD_VAR))
		restart(argv, opts.env_pad);
	persona = personality(0xffffffff);
	host.aslr = persona < 0 || !(persona & ADDR_NO_RANDOMIZE);
	if (clock_choose() != 0) {
		fprintf(stderr, "%s: no clock that advances\n", prog);
		return 1;
	}
	host.cpu = pin();
	/* No preemption at wake-ups: who runs next then follows from who
	 * sleeps, not from nanoseconds of virtual run time. */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	/* Huge pages come and go with memory fragmentation, and slack moves
	 * wake-ups about: neither is what rows measure. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	clock_find_tick(&host);
	if (action == ENV)
		rc = env_print(p, &opts, &host) == 0 ? 0 : 1;
	else
		rc = run_rows(argc, argv, p, &opts, &host);
	if (fflush(stdout) != 0)
		rc = rc ? rc : 1;
	return rc;
}
