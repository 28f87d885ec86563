// SPDX-License-Identifier: GPL-2.0-or-later
/* webmix-serve: the web server as a program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "serve.h"

#define MAX_WORKERS 64U

struct opts {
	struct cli_addr addr;
	const char *root, *log;
	uint64_t workers, max_conns, head_ms, idle_ms, write_ms;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void help(void)
{
	printf("usage: webmix-serve [OPTION]... DIR\n"
	       "\n"
	       "Serves the tree DIR that webmix-files has made until it gets SIGTERM or\n"
	       "SIGINT. Prints the address when it can be asked, and one JSON line with\n"
	       "what it did at its end.\n"
	       "\n"
	       "  --listen ADDR:PORT  where (default 127.0.0.1:8080; port 0: any free one)\n"
	       "  --log FILE          POST appends to FILE (default: POST is refused)\n"
	       "  --workers N         processes (default: one for each CPU)\n"
	       "  --max-conns N       connections of a worker at a time (default 20000)\n"
	       "  --head-ms N         a request must have come after N ms (default 10000)\n"
	       "  --idle-ms N         a connection without one ends (default 15000)\n"
	       "  --write-ms N        an answer must make progress (default 30000)\n"
	       "\n"
	       "exit status: 0 ended by a signal, 1 failed, 2 wrong command line\n");
}

static int set_address(void *to, const char *value)
{
	return cli_address(value, true, to) ? 0 : -1;
}

static int parse(int argc, char **argv, struct opts *o)
{
	const struct cli_option options[] = {
		OPT_CALL("listen", &o->addr, set_address),
		OPT_TEXT("log", &o->log),
		OPT_NUMBER("workers", &o->workers, 1, MAX_WORKERS),
		OPT_NUMBER("max-conns", &o->max_conns, 1, 1000000),
		OPT_NUMBER("head-ms", &o->head_ms, 1, 3600000),
		OPT_NUMBER("idle-ms", &o->idle_ms, 1, 3600000),
		OPT_NUMBER("write-ms", &o->write_ms, 1, 3600000),
		{0},
	};
	int rc = cli_options(argc, argv, options, help);

	if (rc != 0)
		return rc;
	if (optind + 1 != argc)
		return cli_usage(optind == argc
					 ? "no directory given"
					 : "more than one directory given");
	o->root = argv[optind];
	return 0;
}

static int listen_on(struct cli_addr *a)
{
	int fd, on = 1;

	fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a->sa, a->len) != 0 ||
	    listen(fd, 4096) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a->sa, &a->len) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	cli_address_text(a);
	return fd;
}

static void all_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l); /* fewer will do, only slower */
	}
}

static void add(struct serve_stats *sum, const struct serve_stats *s)
{
	sum->conns += s->conns;
	sum->refused += s->refused;
	sum->bytes += s->bytes;
	sum->ok += s->ok;
	sum->not_modified += s->not_modified;
	sum->bad += s->bad;
	sum->failed += s->failed;
	sum->post += s->post;
	sum->exec += s->exec;
	sum->timeouts += s->timeouts;
}

static int print_stats(const struct serve_stats *s, unsigned int workers)
{
	struct serve_stats sum = {0};
	struct rusage self, kids;
	unsigned int i;

	for (i = 0; i < workers; i++)
		add(&sum, &s[i]);
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &kids);
	printf("{\"t\":\"event\",\"kind\":\"stop\",\"what\":\"webmix-serve\","
	       "\"conns\":%llu,\"refused\":%llu,\"bytes\":%llu,\"ok\":%llu,"
	       "\"not_modified\":%llu,\"bad\":%llu,\"failed\":%llu,"
	       "\"post\":%llu,\"exec\":%llu,\"timeouts\":%llu,"
	       "\"cpu\":{\"user\":%.6f,\"sys\":%.6f}}\n",
	       (unsigned long long)sum.conns, (unsigned long long)sum.refused,
	       (unsigned long long)sum.bytes, (unsigned long long)sum.ok,
	       (unsigned long long)sum.not_modified,
	       (unsigned long long)sum.bad, (unsigned long long)sum.failed,
	       (unsigned long long)sum.post, (unsigned long long)sum.exec,
	       (unsigned long long)sum.timeouts,
	       (double)(self.ru_utime.tv_sec + kids.ru_utime.tv_sec) +
		       (double)(self.ru_utime.tv_usec + kids.ru_utime.tv_usec) /
			       1e6,
	       (double)(self.ru_stime.tv_sec + kids.ru_stime.tv_sec) +
		       (double)(self.ru_stime.tv_usec + kids.ru_stime.tv_usec) /
			       1e6);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* Fork the workers and wait for the signal or the first one that ends. */
static int run(const struct opts *o, const struct serve_cfg *cfg, int listener)
{
	struct serve_stats *stats;
	pid_t pids[MAX_WORKERS], parent = getpid();
	sigset_t set, old;
	unsigned int i, n = 0;
	int rc = 0, sig, status;

	stats = mmap(NULL, MAX_WORKERS * sizeof(*stats), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stats == MAP_FAILED)
		return cli_error("memory for statistics: %s", strerror(errno));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (n < o->workers && rc == 0) {
		pids[n] = fork();
		if (pids[n] < 0) {
			rc = cli_error("fork: %s", strerror(errno));
		} else if (pids[n] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (getppid() != parent)
				_exit(1);
			signal(SIGCHLD,
			       SIG_IGN); /* helpers end by themselves */
			sigprocmask(SIG_SETMASK, &old, NULL);
			if (serve_run(cfg, listener, &stop, &stats[n]) != 0)
				_exit(cli_error("epoll: %s", strerror(errno)));
			_exit(0);
		} else {
			n++;
		}
	}
	if (rc == 0) {
		printf("webmix-serve: listening on %s\n", o->addr.text);
		if (fflush(stdout) != 0)
			rc = cli_error("standard output: %s", strerror(errno));
	}
	sig = 0;
	if (rc == 0)
		sigwait(&set, &sig);
	if (sig == SIGCHLD)
		rc = cli_error("a worker ended by itself");
	for (i = 0; i < n; i++)
		kill(pids[i], SIGTERM);
	for (i = 0; i < n; i++)
		if (waitpid(pids[i], &status, 0) == pids[i] && status != 0)
			rc = 1;
	if (print_stats(stats, n) != 0)
		rc = 1;
	return rc;
}

int main(int argc, char **argv)
{
	struct opts o = {
		.max_conns = 20000,
		.head_ms = 10000,
		.idle_ms = 15000,
		.write_ms = 30000,
	};
	struct sigaction sa = {.sa_handler = on_signal};
	struct serve_cfg cfg = {.log = -1};
	cpu_set_t cpus;
	int rc, listener;

	cli_name = "webmix-serve";
	if (argc == 3 && strcmp(argv[1], "--helper") == 0)
		return serve_helper(argv[2]);
	cli_address("127.0.0.1:8080", true, &o.addr);
	rc = parse(argc, argv, &o);
	if (rc != 0)
		return rc;
	if (o.workers == 0)
		o.workers = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
				    ? (uint64_t)CPU_COUNT(&cpus)
				    : 1;
	if (o.workers > MAX_WORKERS)
		o.workers = MAX_WORKERS;
	cfg.root = open(o.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cfg.root < 0)
		return cli_error("%s: %s; make it with webmix-files", o.root,
				 strerror(errno));
	if (o.log) {
		cfg.log = open(o.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			       0644);
		if (cfg.log < 0)
			return cli_error("%s: %s", o.log, strerror(errno));
	}
	cfg.self = (const char *)(uintptr_t)getauxval(AT_EXECFN);
	cfg.max_conns = (uint32_t)o.max_conns;
	cfg.head_ms = (uint32_t)o.head_ms;
	cfg.idle_ms = (uint32_t)o.idle_ms;
	cfg.write_ms = (uint32_t)o.write_ms;
	all_descriptors();
	listener = listen_on(&o.addr);
	if (listener < 0)
		return cli_error("%s: %s", o.addr.text, strerror(errno));
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	return run(&o, &cfg, listener);
}
