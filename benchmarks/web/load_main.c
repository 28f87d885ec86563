// SPDX-License-Identifier: GPL-2.0-or-later
/* webmix-load: sessions, the search for their largest number, and open-loop
 * load, against one server or many. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/record.h"
#include "arrive.h"
#include "cli.h"
#include "client.h"
#include "rules.h"
#include "search.h"

#define NS	     1000000000ULL
#define MAX_PROCS    64U
#define MAX_TARGETS  1024U
#define MAX_SESSIONS 100000U

/* A client busier than this measures itself. */
#define MAX_CPU 0.70

enum mode { M_NONE, M_SESSIONS, M_SEARCH, M_RATE, M_REQUESTS };

struct opts {
	enum mode mode;
	uint64_t sessions, max_sessions, requests, conns;
	double rate;
	bool poisson;
	uint64_t ramp_s, measure_s, procs, seed, confirm, max_probes;
	uint64_t line_bits, floor_bits, bucket_ms, rcvbuf, timeout_ms;
	uint64_t fixed_dirs;
	double if_modified, alpha;
	bool dynamic;
	const char *profile;
	struct cli_addr *targets;
	uint32_t n_targets;
	char **argv;
	int argc;
};

/* What a worker leaves in memory it shares with the parent. */
struct worker {
	struct hist latency, service;
	uint64_t errors[N_CE];
	char error_text[128];
	double user, sys; /* CPU seconds in the interval */
	uint64_t begun, ended; /* when the interval began and ended for it */
	uint64_t unfinished; /* of an open loop, when time was up */
	int error; /* errno of a worker that could not work */
};

struct session {
	struct client_counts counts;
	uint32_t target;
};

struct shared {
	struct worker *workers;
	struct session *sessions;
};

struct outcome {
	struct client_counts sum;
	uint64_t errors[N_CE];
	char error_text[128];
	uint32_t users, ok;
	double rate_min, rate_median; /* bits a second of sessions */
	double cpu, user, sys;
	uint64_t interval_ns, unfinished;
	bool busy; /* the client's CPUs were */
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void help(void)
{
	printf("usage: webmix-load MODE [OPTION]... --target ADDR:PORT...\n"
	       "\n"
	       "Loads web servers that serve a tree of webmix-files, checks every byte that\n"
	       "comes back, and prints JSON lines.\n"
	       "\n"
	       "modes:\n"
	       "  --sessions N        N simultaneous sessions\n"
	       "  --search            the largest number of sessions that are served well\n"
	       "  --rate R            R requests a second whatever the answers do\n"
	       "  --requests N        N requests one after another, as fast as it goes\n"
	       "\n"
	       "options:\n"
	       "  --target ADDR:PORT  a server; up to %u of them\n"
	       "  --profile NAME      classic99-like (default), incore, modern, static\n"
	       "  --zipf A            users among targets by Zipf's law with exponent A\n"
	       "                      (default: evenly)\n"
	       "  --arrivals KIND     of --rate: poisson (default) or constant\n"
	       "  --conns N           connections of --rate (default 256), of --requests\n"
	       "                      (default 1)\n"
	       "  --ramp S            seconds before the measurement (default 20)\n"
	       "  --measure S         seconds of the measurement (default 60)\n"
	       "  --start N           of --search, the first number (default 20)\n"
	       "  --max-sessions N    of --search, the last number (default 1000)\n"
	       "  --confirm N         probes at the result and 5 %% above (default 3)\n"
	       "  --max-probes N      of --search (default 60)\n"
	       "  --fixed-dirs N      use N directories, however many sessions there are\n"
	       "  --if-modified P     share of static requests with If-Modified-Since\n"
	       "  --line-rate B       bits a second a session reads (default 400000)\n"
	       "  --floor-rate B      bits a second a good session gets (default 320000)\n"
	       "  --bucket-ms N       a session's bucket (default 50)\n"
	       "  --rcvbuf N          socket buffer in bytes (default: the kernel's choice)\n"
	       "  --timeout-ms N      without a byte a request has failed (default 10000)\n"
	       "  --procs N           processes (default: one for each CPU)\n"
	       "  --seed N            of all choices (default 1)\n"
	       "\n"
	       "exit status: 0 measured, 1 failed or nothing usable, 2 wrong command line\n",
	       MAX_TARGETS);
}

static bool set_profile(struct opts *o, const char *name)
{
	static const struct {
		const char *name;
		uint64_t fixed_dirs;
		double if_modified;
		bool dynamic;
	} profiles[] = {
		{"classic99-like", 0, 0, true},
		{"incore", 40, 0, true},
		{"modern", 0, 0.3, true},
		{"static", 0, 0, false},
	};
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0) {
			o->profile = profiles[i].name;
			o->dynamic = profiles[i].dynamic;
			o->fixed_dirs = profiles[i].fixed_dirs;
			o->if_modified = profiles[i].if_modified;
			return true;
		}
	return false;
}

static int add_target(void *to, const char *value)
{
	struct opts *o = to;

	if (o->n_targets == MAX_TARGETS)
		return -1;
	return cli_address(value, false, &o->targets[o->n_targets++]) ? 0 : -1;
}

static int set_mode(struct opts *o, enum mode mode)
{
	if (o->mode != M_NONE && o->mode != mode)
		return cli_usage("more than one mode given");
	o->mode = mode;
	return 0;
}

static int mode_sessions(void *to, const char *value)
{
	struct opts *o = to;
	int rc = set_mode(o, M_SESSIONS);

	if (rc != 0)
		return rc;
	return cli_number(value, 1, MAX_SESSIONS, &o->sessions) ? 0 : -1;
}

static int mode_search(void *to, const char *value)
{
	(void)value;
	return set_mode(to, M_SEARCH);
}

static int mode_rate(void *to, const char *value)
{
	struct opts *o = to;
	int rc = set_mode(o, M_RATE);

	if (rc != 0)
		return rc;
	return cli_real(value, 0.001, 1e7, &o->rate) ? 0 : -1;
}

static int mode_requests(void *to, const char *value)
{
	struct opts *o = to;
	int rc = set_mode(o, M_REQUESTS);

	if (rc != 0)
		return rc;
	return cli_number(value, 1, 1000000000, &o->requests) ? 0 : -1;
}

static int choose_profile(void *to, const char *value)
{
	return set_profile(to, value) ? 0 : -1;
}

static int set_arrivals(void *to, const char *value)
{
	struct opts *o = to;

	o->poisson = strcmp(value, "poisson") == 0;
	return o->poisson || strcmp(value, "constant") == 0 ? 0 : -1;
}

static int parse(int argc, char **argv, struct opts *o)
{
	uint64_t dirs = 0, start = 0;
	double if_modified = -1;
	const struct cli_option options[] = {
		OPT_CALL("sessions", o, mode_sessions),
		OPT_CALL_FLAG("search", o, mode_search),
		OPT_CALL("rate", o, mode_rate),
		OPT_CALL("requests", o, mode_requests),
		OPT_CALL("target", o, add_target),
		OPT_CALL("profile", o, choose_profile),
		OPT_REAL("zipf", &o->alpha, 0.01, 10),
		OPT_CALL("arrivals", o, set_arrivals),
		OPT_NUMBER("conns", &o->conns, 1, MAX_SESSIONS),
		OPT_NUMBER("ramp", &o->ramp_s, 0, 86400),
		OPT_NUMBER("measure", &o->measure_s, 1, 86400),
		OPT_NUMBER("start", &start, 1, MAX_SESSIONS),
		OPT_NUMBER("max-sessions", &o->max_sessions, 1, MAX_SESSIONS),
		OPT_NUMBER("confirm", &o->confirm, 0, 99),
		OPT_NUMBER("max-probes", &o->max_probes, 1, 10000),
		OPT_NUMBER("fixed-dirs", &dirs, 1, MIX_MAX_DIRS),
		OPT_REAL("if-modified", &if_modified, 0, 1),
		OPT_NUMBER("line-rate", &o->line_bits, 0, 100000000000ULL),
		OPT_NUMBER("floor-rate", &o->floor_bits, 0, 100000000000ULL),
		OPT_NUMBER("bucket-ms", &o->bucket_ms, 1, 60000),
		OPT_NUMBER("rcvbuf", &o->rcvbuf, 2048, 1 << 30),
		OPT_NUMBER("timeout-ms", &o->timeout_ms, 1, 3600000),
		OPT_NUMBER("procs", &o->procs, 1, MAX_PROCS),
		OPT_NUMBER("seed", &o->seed, 0, UINT64_MAX),
		{0},
	};
	int rc;

	set_profile(o, "classic99-like");
	rc = cli_options(argc, argv, options, help);
	if (rc != 0)
		return rc;
	if (optind < argc)
		return cli_usage("unknown argument '%s'", argv[optind]);
	if (o->mode == M_NONE)
		return cli_usage(
			"no mode given (--sessions, --search, --rate, --requests)");
	if (o->n_targets == 0)
		return cli_usage("no --target given");
	/* What the profile says holds unless it was said, in any order. */
	if (if_modified >= 0)
		o->if_modified = if_modified;
	if (dirs)
		o->fixed_dirs = dirs;
	if (o->mode == M_SEARCH) {
		o->sessions = start ? start : 20;
		if (!start && o->sessions > o->max_sessions)
			o->sessions = o->max_sessions;
		if (o->sessions > o->max_sessions)
			return cli_usage(
				"--start is larger than --max-sessions");
		if (o->confirm % 2 == 0 && o->confirm > 0)
			return cli_usage("--confirm must be odd, or 0");
	}
	if (o->conns == 0)
		o->conns = o->mode == M_RATE ? 256 : 1;
	if (o->mode == M_REQUESTS)
		o->procs = 1;
	return 0;
}

/* --- one process ---------------------------------------------------------- */

/* Users of an open loop wait here for requests, and requests for users. */
struct open_target {
	struct user *free;
	uint64_t *due; /* ring */
	size_t head, len, size;
};

struct loop {
	const struct opts *o;
	struct open_target *open;
	uint64_t left; /* of --requests, to be started */
	uint64_t running;
	int error;
};

static void session_idle(struct client *c, struct user *u)
{
	client_request(c, u, c->now);
}

static void requests_idle(struct client *c, struct user *u)
{
	struct loop *l = c->arg;

	l->running--;
	if (l->left == 0)
		return;
	l->left--;
	l->running++;
	client_request(c, u, c->now);
}

static void open_idle(struct client *c, struct user *u)
{
	struct loop *l = c->arg;
	struct open_target *t = &l->open[u->target];

	if (t->len > 0) {
		uint64_t due = t->due[t->head];

		t->head = (t->head + 1) % t->size;
		t->len--;
		client_request(c, u, due);
		return;
	}
	u->next_free = t->free;
	t->free = u;
}

/* A request is due: a free user makes it, or it waits for one. */
static void open_arrival(struct client *c, uint32_t target, uint64_t due)
{
	struct loop *l = c->arg;
	struct open_target *t = &l->open[target];
	struct user *u = t->free;
	uint64_t *bigger;
	size_t i;

	if (u) {
		t->free = u->next_free;
		client_request(c, u, due);
		return;
	}
	if (t->len == t->size) {
		bigger = malloc((t->size ? 2 * t->size : 1024) *
				sizeof(*bigger));
		if (!bigger) {
			l->error = ENOMEM;
			return;
		}
		for (i = 0; i < t->len; i++)
			bigger[i] = t->due[(t->head + i) % t->size];
		free(t->due);
		t->due = bigger;
		t->head = 0;
		t->size = t->size ? 2 * t->size : 1024;
	}
	t->due[(t->head + t->len++) % t->size] = due;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* Arrivals from the beginning of the ramp to the end of the measurement. */
struct source {
	struct arrive arrive;
	struct rng rng;
	struct zipf zipf;
	uint64_t next;
	uint32_t turn;
};

static uint32_t pick_target(const struct opts *o, struct source *s)
{
	if (o->alpha > 0)
		return (uint32_t)zipf_draw(&s->zipf, &s->rng);
	s->turn = (s->turn + 1) % o->n_targets;
	return s->turn;
}

/* Make the requests that are due before @before. */
static void issue_due(struct client *c, struct source *s, uint64_t before)
{
	struct loop *l = c->arg;

	while (s->next < before) {
		open_arrival(c, pick_target(l->o, s), s->next);
		s->next = arrive_next(&s->arrive);
	}
}

/* Run the client until @until; arrivals, if any, happen meanwhile. */
static void run_until(struct client *c, struct source *s, uint64_t until)
{
	struct loop *l = c->arg;
	uint64_t next;

	while (client_clock() < until && !stop && !l->error) {
		if (s)
			issue_due(c, s,
				  c->now + 1 < c->to ? c->now + 1 : c->to);
		/* Not longer than a second: a signal may come just before. */
		next = client_clock() + NS;
		if (until < next)
			next = until;
		if (s && s->next < next)
			next = s->next;
		client_step(c, next);
	}
}

/* Requests that nobody has answered have waited this long at least; leaving
 * them out would hide just the worst. */
static void count_unfinished(struct client *c, struct worker *w)
{
	struct loop *l = c->arg;
	uint32_t i, t;
	size_t k;

	for (i = 0; i < c->n_users; i++) {
		const struct user *u = &c->users[i];

		if ((u->state != U_BUSY && u->state != U_CONNECT) ||
		    u->due < c->from || u->due >= c->to)
			continue;
		hist_add(c->latency, c->now - u->due);
		w->unfinished++;
	}
	for (t = 0; t < l->o->n_targets; t++)
		for (k = 0; k < l->open[t].len; k++) {
			const struct open_target *ot = &l->open[t];
			uint64_t due = ot->due[(ot->head + k) % ot->size];

			if (due < c->from || due >= c->to)
				continue;
			hist_add(c->latency, c->now - due);
			w->unfinished++;
		}
}

static int worker_open(struct client *c, struct source *s, uint32_t index,
		       uint32_t procs, uint64_t start)
{
	struct loop *l = c->arg;
	const struct opts *o = l->o;
	uint32_t i;

	l->open = calloc(o->n_targets, sizeof(*l->open));
	if (!l->open ||
	    (o->alpha > 0 && zipf_init(&s->zipf, o->n_targets, o->alpha) != 0))
		return -1;
	rng_seed(&s->rng, o->seed ^ mix64(0x7a697066ULL + index));
	/* Independent Poisson streams add up to one; constant ones interleave. */
	arrive_init(&s->arrive, o->rate / procs, o->poisson,
		    o->seed ^ mix64(0x6f70656eULL + index),
		    o->poisson ? start
			       : start + (uint64_t)(index * 1e9 / o->rate));
	s->next = arrive_next(&s->arrive);
	for (i = 0; i < c->n_users; i++)
		open_idle(c, &c->users[i]);
	return 0;
}

/* A worker's life; returns errno or 0. */
static int worker_run(const struct opts *o, const struct client_cfg *cfg,
		      uint32_t index, uint32_t procs, uint32_t first,
		      uint32_t n, uint32_t users, uint64_t start,
		      struct shared *sh)
{
	struct worker *w = &sh->workers[index];
	struct source source = {0}, *src = NULL;
	struct loop l = {.o = o};
	struct client c;
	struct rusage r0, r1;
	uint32_t i;

	hist_clear(&w->latency);
	hist_clear(&w->service);
	if (client_init(&c, cfg, n, o->seed, first, &w->latency, &w->service) !=
	    0)
		return errno;
	c.arg = &l;
	c.from = start + o->ramp_s * NS;
	c.to = c.from + o->measure_s * NS;
	for (i = 0; i < n; i++)
		c.users[i].target = sh->sessions[first + i].target;
	if (o->mode == M_RATE) {
		c.idle = open_idle;
		src = &source;
		if (worker_open(&c, src, index, procs, start) != 0)
			return ENOMEM;
	} else if (o->mode == M_REQUESTS) {
		c.idle = requests_idle;
		c.from = 0;
		c.to = UINT64_MAX;
		l.left = o->requests;
	} else {
		c.idle = session_idle;
		/* One after another over the ramp, or over a second. */
		for (i = 0; i < n; i++)
			client_pause(&c, &c.users[i],
				     start + (o->ramp_s ? o->ramp_s : 1) * NS /
						     users * (first + i));
	}
	if (o->mode == M_REQUESTS) {
		w->begun = client_clock();
		getrusage(RUSAGE_SELF, &r0);
		c.now = w->begun;
		for (i = 0; i < n && l.left > 0; i++) {
			l.left--;
			l.running++;
			client_request(&c, &c.users[i], c.now);
		}
		while (l.running > 0 && !stop)
			client_step(&c, client_clock() + NS);
	} else {
		run_until(&c, src, c.from);
		w->begun = client_clock();
		getrusage(RUSAGE_SELF, &r0);
		run_until(&c, src, c.to);
		/* Due before the end and not seen in time: asked for late, not
		 * left out. */
		if (src)
			issue_due(&c, src, c.to);
	}
	getrusage(RUSAGE_SELF, &r1);
	w->ended = client_clock();
	if (o->mode == M_RATE) {
		/* What is under way gets the time that a request may take. */
		uint64_t end = w->ended + cfg->timeout_ns;

		while (!stop && client_clock() < end) {
			bool waiting = false;

			for (i = 0; i < o->n_targets; i++)
				waiting = waiting || l.open[i].len > 0;
			for (i = 0; i < n && !waiting; i++)
				waiting = c.users[i].state == U_BUSY ||
					  c.users[i].state == U_CONNECT;
			if (!waiting)
				break;
			client_step(&c, client_clock() + NS / 10);
		}
		count_unfinished(&c, w);
	}
	w->user = seconds(r1.ru_utime) - seconds(r0.ru_utime);
	w->sys = seconds(r1.ru_stime) - seconds(r0.ru_stime);
	memcpy(w->errors, c.errors, sizeof(w->errors));
	memcpy(w->error_text, c.error_text, sizeof(w->error_text));
	for (i = 0; i < n; i++)
		sh->sessions[first + i].counts = c.users[i].counts;
	client_end(&c);
	return stop ? EINTR : l.error;
}

/* --- all processes -------------------------------------------------------- */

static void *share(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int sum_up(const struct opts *o, const struct shared *sh, uint32_t users,
		  uint32_t procs, struct outcome *out)
{
	double *rates = malloc(users * sizeof(*rates)), s, cpus = 0;
	uint32_t i, e;

	if (!rates)
		return -1;
	memset(out, 0, sizeof(*out));
	out->users = users;
	out->interval_ns = sh->workers[0].ended - sh->workers[0].begun;
	if (o->mode != M_REQUESTS)
		out->interval_ns = o->measure_s * NS;
	s = (double)out->interval_ns / 1e9;
	for (i = 0; i < procs; i++) {
		const struct worker *w = &sh->workers[i];

		for (e = 0; e < N_CE; e++)
			out->errors[e] += w->errors[e];
		if (!out->error_text[0])
			memcpy(out->error_text, w->error_text,
			       sizeof(out->error_text));
		out->user += w->user;
		out->sys += w->sys;
		out->unfinished += w->unfinished;
		if ((w->user + w->sys) / s > cpus)
			cpus = (w->user + w->sys) / s;
		if (i > 0) {
			hist_merge(&sh->workers[0].latency, &w->latency);
			hist_merge(&sh->workers[0].service, &w->service);
		}
	}
	out->cpu = cpus; /* the busiest */
	out->busy = o->mode != M_REQUESTS && cpus > MAX_CPU;
	for (i = 0; i < users; i++) {
		const struct client_counts *k = &sh->sessions[i].counts;

		out->sum.requests += k->requests;
		out->sum.errors += k->errors;
		out->sum.bad += k->bad;
		out->sum.bytes += k->bytes;
		out->sum.not_modified += k->not_modified;
		rates[i] = (double)k->bytes * 8 / s;
		out->ok += rule_session(k, s, o->floor_bits);
	}
	qsort(rates, users, sizeof(*rates), by_value);
	out->rate_min = rates[0];
	out->rate_median = rates[users / 2];
	free(rates);
	return 0;
}

/* Directories of a target that @users users in all use. */
static uint32_t dirs_of(const struct opts *o, uint32_t users)
{
	return o->fixed_dirs ? (uint32_t)o->fixed_dirs : mix_dirs(users);
}

/* One measurement with @users users. @sh has room for them; 0, 1 after an error
 * line, or 130 when interrupted. */
static int measure(const struct opts *o, uint32_t users, struct shared *sh,
		   struct outcome *out)
{
	struct client_target *targets = calloc(o->n_targets, sizeof(*targets));
	uint32_t *count = calloc(o->n_targets, sizeof(*count));
	uint32_t procs = (uint32_t)(o->procs < users ? o->procs : users);
	struct client_cfg cfg = {
		.targets = targets,
		.n_targets = o->n_targets,
		/* Only sessions have a line. */
		.line_bits = o->mode == M_SESSIONS || o->mode == M_SEARCH
				     ? o->line_bits
				     : 0,
		.bucket_ms = (uint32_t)o->bucket_ms,
		.rcvbuf = (uint32_t)o->rcvbuf,
		.timeout_ns = o->timeout_ms * 1000000,
		.kind = -1,
	};
	pid_t pids[MAX_PROCS], parent = getpid();
	uint64_t start;
	uint32_t i, k, t;
	int rc = 0, status;

	if (!targets || !count) {
		free(targets);
		free(count);
		return cli_error("no memory");
	}
	arrive_split(users, o->n_targets, o->mode == M_RATE ? 0 : o->alpha,
		     count);
	for (t = 0; t < o->n_targets; t++) {
		targets[t].sa = o->targets[t].sa;
		targets[t].len = o->targets[t].len;
		memcpy(targets[t].host, o->targets[t].text,
		       sizeof(targets[t].host));
		if (mix_init(&targets[t].mix,
			     dirs_of(o, count[t] ? count[t] : 1), o->dynamic,
			     o->if_modified) != 0)
			return cli_error("no memory");
	}
	/* Dealt out in turn, so that every process has users of every target. */
	memset(sh->sessions, 0, users * sizeof(*sh->sessions));
	for (i = 0, k = 0; i < users; i++) {
		uint32_t p = i % procs, at = i / procs;
		uint32_t first = p * (users / procs) +
				 (p < users % procs ? p : users % procs);

		while (count[k] == 0)
			k = (k + 1) % o->n_targets;
		count[k]--;
		sh->sessions[first + at].target = k;
		k = (k + 1) % o->n_targets;
	}
	start = client_clock() + NS / 10; /* time to fork */
	fflush(stdout);
	for (i = 0; i < procs; i++) {
		uint32_t first = i * (users / procs) +
				 (i < users % procs ? i : users % procs);
		uint32_t n = users / procs + (i < users % procs);

		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			sh->workers[i].error = worker_run(
				o, &cfg, i, procs, first, n, users, start, sh);
			_exit(0);
		}
		if (pids[i] < 0) {
			rc = cli_error("fork: %s", strerror(errno));
			stop = SIGTERM;
			break;
		}
	}
	procs = i;
	for (i = 0; i < procs; i++) {
		while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
			for (k = 0; k < procs && stop; k++)
				kill(pids[k], SIGTERM);
		if (rc == 0 && !stop && (status != 0 || sh->workers[i].error))
			rc = cli_error("a process of the client ended: %s",
				       status ? "killed"
					      : strerror(sh->workers[i].error));
	}
	if (rc == 0 && stop)
		rc = 130;
	if (rc == 0 && sum_up(o, sh, users, procs, out) != 0)
		rc = cli_error("no memory");
	for (t = 0; t < o->n_targets; t++)
		mix_free(&targets[t].mix);
	free(targets);
	free(count);
	return rc;
}

/* --- records -------------------------------------------------------------- */

/* Every parameter, so that a result can be repeated from its record. */
static json_t *params(const struct opts *o, uint32_t users)
{
	static const char *const modes[] = {"", "sessions", "search", "rate",
					    "requests"};
	json_t *targets = json_array(), *p;
	uint32_t t;

	/* A record is one line of at most 4 KiB. */
	for (t = 0; t < o->n_targets && t < 64; t++)
		json_array_append_new(targets, json_string(o->targets[t].text));
	p = json_pack(
		"{s:s,s:s,s:i,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:b,s:f,s:i,s:o}",
		"mode", modes[o->mode], "profile", o->profile, "users",
		(int)users, "zipf", o->alpha, "ramp_s", (json_int_t)o->ramp_s,
		"measure_s", (json_int_t)o->measure_s, "procs",
		(json_int_t)o->procs, "seed", (json_int_t)o->seed, "line_bits",
		(json_int_t)o->line_bits, "floor_bits",
		(json_int_t)o->floor_bits, "bucket_ms",
		(json_int_t)o->bucket_ms, "rcvbuf", (json_int_t)o->rcvbuf,
		"fixed_dirs", (int)o->fixed_dirs, "dynamic", o->dynamic,
		"if_modified", o->if_modified, "timeout_ms", (int)o->timeout_ms,
		"targets", targets);
	if (p && o->n_targets > 64)
		json_object_set_new(p, "n_targets", json_integer(o->n_targets));
	if (p && o->mode == M_SEARCH) {
		json_object_set_new(p, "start",
				    json_integer((json_int_t)o->sessions));
		json_object_set_new(p, "max_sessions",
				    json_integer((json_int_t)o->max_sessions));
		json_object_set_new(p, "confirm",
				    json_integer((json_int_t)o->confirm));
		json_object_set_new(p, "max_probes",
				    json_integer((json_int_t)o->max_probes));
	}
	if (p && o->mode == M_REQUESTS)
		json_object_set_new(p, "requests",
				    json_integer((json_int_t)o->requests));
	if (p && o->mode == M_RATE) {
		json_object_set_new(p, "rate", json_real(o->rate));
		json_object_set_new(
			p, "arrivals",
			json_string(o->poisson ? "poisson" : "constant"));
	}
	return p;
}

static json_t *errors(const struct outcome *out)
{
	json_t *e = json_object();
	int i;

	for (i = 0; i < N_CE; i++)
		if (out->errors[i])
			json_object_set_new(
				e, client_error_names[i],
				json_integer((json_int_t)out->errors[i]));
	if (out->error_text[0])
		json_object_set_new(e, "first", json_string(out->error_text));
	return e;
}

/* A sample with everything that an outcome has. */
static json_t *sample(const struct opts *o, const char *bench, uint32_t iter,
		      const char *unit, double value, const struct outcome *out)
{
	json_t *s = json_pack(
		"{s:s,s:s,s:i,s:i,s:i,s:s,s:s,s:f,s:I,s:I,s:{s:f,s:f},s:[],s:I,s:I,s:I,s:o,s:f}",
		"t", "sample", "bench", bench, "inst", 0, "n_inst",
		(int)o->n_targets, "iter", (int)iter, "phase", "measure",
		"unit", unit, "value", value, "ops",
		(json_int_t)out->sum.requests, "ns",
		(json_int_t)out->interval_ns, "cpu", "user", out->user, "sys",
		out->sys, "flags", "bytes", (json_int_t)out->sum.bytes,
		"failed", (json_int_t)out->sum.errors, "not_modified",
		(json_int_t)out->sum.not_modified, "errors", errors(out),
		"client_cpu", out->cpu);

	if (s && out->busy)
		json_array_append_new(json_object_get(s, "flags"),
				      json_string("client-busy"));
	return s;
}

static void add_sessions(json_t *s, const struct outcome *out)
{
	if (!s)
		return;
	json_object_set_new(s, "sessions", json_integer(out->users));
	json_object_set_new(s, "sessions_ok", json_integer(out->ok));
	json_object_set_new(s, "rate_min", json_real(out->rate_min));
	json_object_set_new(s, "rate_median", json_real(out->rate_median));
}

static void add_latency(json_t *s, const char *name, const struct hist *h)
{
	if (!s || h->n == 0)
		return;
	json_object_set_new(
		s, name,
		json_pack("{s:I,s:I,s:f,s:I,s:I,s:I,s:I,s:I}", "n",
			  (json_int_t)h->n, "min", (json_int_t)h->min, "mean",
			  h->sum / (double)h->n, "p50",
			  (json_int_t)hist_quantile(h, 0.5), "p90",
			  (json_int_t)hist_quantile(h, 0.9), "p99",
			  (json_int_t)hist_quantile(h, 0.99), "p999",
			  (json_int_t)hist_quantile(h, 0.999), "max",
			  (json_int_t)h->max));
}

static int put_hist(const char *bench, const struct hist *h)
{
	uint64_t(*b)[2] = malloc(HIST_BUCKETS * sizeof(*b));
	size_t i, n = 0;
	int rc;

	if (!b)
		return -1;
	for (i = 0; i < HIST_BUCKETS; i++)
		if (h->count[i]) {
			b[n][0] = hist_low(i);
			b[n++][1] = h->count[i];
		}
	rc = record_hist(bench, 0, "ns", (const uint64_t(*)[2])b, n);
	free(b);
	return rc;
}

static int put_verdict(const char *bench, const char *status, const char *why)
{
	return record_put(json_pack("{s:s,s:s,s:s,s:s}", "t", "verdict",
				    "bench", bench, "status", status, "why",
				    why));
}

/* What each target got, when there are several. */
static int put_targets(const struct opts *o, const struct shared *sh,
		       const char *bench, const struct outcome *out)
{
	struct client_counts *sum = calloc(o->n_targets, sizeof(*sum));
	uint32_t i, t;
	int rc = 0;

	if (!sum)
		return -1;
	for (i = 0; i < out->users; i++) {
		const struct session *s = &sh->sessions[i];

		sum[s->target].requests += s->counts.requests;
		sum[s->target].errors += s->counts.errors;
		sum[s->target].bytes += s->counts.bytes;
	}
	for (t = 0; t < o->n_targets && rc == 0 && o->n_targets > 1; t++)
		rc = record_put(json_pack(
			"{s:s,s:s,s:i,s:i,s:i,s:s,s:s,s:f,s:I,s:I,s:[],s:I,s:I}",
			"t", "sample", "bench", bench, "inst", (int)t, "n_inst",
			(int)o->n_targets, "iter", 0, "phase", "measure",
			"unit", "ops/s", "value",
			(double)sum[t].requests * 1e9 /
				(double)out->interval_ns,
			"ops", (json_int_t)sum[t].requests, "ns",
			(json_int_t)out->interval_ns, "flags", "bytes",
			(json_int_t)sum[t].bytes, "failed",
			(json_int_t)sum[t].errors));
	free(sum);
	return rc;
}

/* --- modes ---------------------------------------------------------------- */

static bool nothing(const char *bench, const struct outcome *out)
{
	char why[192];

	if (out->sum.requests > out->sum.errors)
		return false;
	snprintf(why, sizeof(why), "no request was answered (%s)",
		 out->error_text[0] ? out->error_text : "no error either");
	put_verdict(bench, "fail", why);
	return true;
}

static const char client_busy[] =
	"the client used more than 70 % of a CPU: give it more CPUs (--procs) or another machine";

static int run_fixed(const struct opts *o, struct shared *sh)
{
	const uint32_t users =
		(uint32_t)(o->mode == M_SESSIONS ? o->sessions : o->conns);
	struct worker *w = &sh->workers[0];
	char bench[64], each[64];
	const char *unit = "ops/s";
	struct outcome out;
	double value;
	json_t *s;
	int rc;

	rc = measure(o, users, sh, &out);
	if (rc != 0)
		return rc;
	value = (double)(out.sum.requests - out.sum.errors) * 1e9 /
		(double)out.interval_ns;
	if (o->mode == M_SESSIONS) {
		snprintf(bench, sizeof(bench), "web.sessions.%u", users);
		unit = "sessions";
		value = out.ok;
	} else if (o->mode == M_RATE) {
		snprintf(bench, sizeof(bench), "web.rate.%.15g", o->rate);
	} else {
		snprintf(bench, sizeof(bench), "web.requests.%u", users);
		unit = "ns/op";
		value = (double)out.interval_ns /
			(double)(out.sum.requests ? out.sum.requests : 1);
	}
	if (nothing(bench, &out))
		return 1;
	s = sample(o, bench, 0, unit, value, &out);
	if (s && o->mode == M_SESSIONS)
		add_sessions(s, &out);
	if (s && o->mode == M_RATE)
		json_object_set_new(s, "unfinished",
				    json_integer((json_int_t)out.unfinished));
	add_latency(s, "latency", &w->latency);
	add_latency(s, "service", &w->service);
	if (s)
		json_object_set_new(s, "params", params(o, users));
	if (record_put(s) != 0 || put_hist(bench, &w->latency) != 0)
		return cli_error("standard output: %s", strerror(errno));
	snprintf(each, sizeof(each), "%.48s.each", bench);
	if (put_targets(o, sh, each, &out) != 0)
		return cli_error("standard output: %s", strerror(errno));
	if (out.busy) {
		put_verdict(bench, "invalid", client_busy);
		return 1;
	}
	return 0;
}

struct probing {
	const struct opts *o;
	struct shared *sh;
	uint32_t n;
	bool busy;
	struct outcome last;
	char error_text[128]; /* of the first bad probe that has one */
};

static int probe(void *arg, uint32_t sessions, enum search_why why, bool *good)
{
	static const char *const whys[] = {"bracket", "bisect", "confirm",
					   "over"};
	struct probing *p = arg;
	json_t *s;
	int rc;

	rc = measure(p->o, sessions, p->sh, &p->last);
	if (rc != 0)
		return rc;
	*good = rule_sessions(p->last.users, p->last.ok);
	if (!*good && !p->error_text[0])
		memcpy(p->error_text, p->last.error_text,
		       sizeof(p->error_text));
	p->busy = p->busy || p->last.busy;
	s = sample(p->o, "web.sstar.probe", p->n++, "sessions", p->last.ok,
		   &p->last);
	add_sessions(s, &p->last);
	add_latency(s, "latency", &p->sh->workers[0].latency);
	if (s) {
		json_object_set_new(s, "why", json_string(whys[why]));
		json_object_set_new(s, "good", json_boolean(*good));
	}
	if (record_put(s) != 0 || fflush(stdout) != 0)
		return cli_error("standard output: %s", strerror(errno));
	/* A client at its limit says nothing about the server. */
	return p->last.busy ? -1 : 0;
}

static int run_search(const struct opts *o, struct shared *sh)
{
	static const char *const words[] = {
		[SEARCH_OK] = "ok",
		[SEARCH_AT_MAX] = "at-max",
		[SEARCH_NONE] = "none",
		[SEARCH_UNSTABLE] = "unstable",
	};
	const struct search_cfg cfg = {
		.start = (uint32_t)o->sessions,
		.max = (uint32_t)o->max_sessions,
		.confirm = (uint32_t)o->confirm,
		.probes = (uint32_t)o->max_probes,
	};
	struct probing p = {.o = o, .sh = sh};
	struct search_result r;
	char why[256] = "";
	json_t *s;
	int rc;

	rc = search_run(&cfg, probe, &p, &r);
	if (p.busy) {
		put_verdict("web.sstar", "invalid", client_busy);
		return 1;
	}
	if (rc != 0)
		return rc;
	if (r.status == SEARCH_NONE) {
		snprintf(why, sizeof(why),
			 "not even one session is served well%s%s",
			 p.error_text[0] ? ": " : "", p.error_text);
		put_verdict("web.sstar", "fail", why);
		return 1;
	}
	s = json_pack(
		"{s:s,s:s,s:i,s:i,s:i,s:s,s:s,s:i,s:i,s:I,s:[],s:s,s:i,s:i,s:o}",
		"t", "sample", "bench", "web.sstar", "inst", 0, "n_inst",
		(int)o->n_targets, "iter", 0, "phase", "measure", "unit",
		"sessions", "value", (int)r.sessions, "ops", (int)r.probes,
		"ns", (json_int_t)(o->measure_s * NS), "flags", "search",
		words[r.status], "confirmed", (int)r.good, "over", (int)r.over,
		"params", params(o, r.sessions));
	if (record_put(s) != 0)
		return cli_error("standard output: %s", strerror(errno));
	if (r.status == SEARCH_UNSTABLE) {
		put_verdict("web.sstar", "unstable",
			    "probes at the same number of sessions disagree");
		return 1;
	}
	if (r.status == SEARCH_AT_MAX)
		put_verdict(
			"web.sstar", "invalid",
			"the server serves --max-sessions well: give a larger number and a larger tree");
	return r.status == SEARCH_AT_MAX;
}

/* --- before the load ------------------------------------------------------ */

static void check_idle(struct client *c, struct user *u)
{
	*(bool *)c->arg = true;
	(void)u;
}

/*
 * Ask every target for a file of the last directory that will be used: a tree
 * that is too small, or no server at all, is found now and said in one line.
 */
static int check_targets(const struct opts *o, uint32_t users)
{
	uint32_t *count = calloc(o->n_targets, sizeof(*count)), t;
	int rc = 0;

	if (!count)
		return cli_error("no memory");
	arrive_split(users, o->n_targets, o->mode == M_RATE ? 0 : o->alpha,
		     count);
	for (t = 0; t < o->n_targets && rc == 0; t++) {
		uint32_t dirs = dirs_of(o, count[t] ? count[t] : 1);
		/* Only the last one: rank dirs - 1 with certainty. */
		double cdf = 1.0;
		struct client_target target = {
			.sa = o->targets[t].sa,
			.len = o->targets[t].len,
			.mix = {.dirs = {.n = 1, .cdf = &cdf},
				.base_dir = dirs - 1},
		};
		struct client_cfg cfg = {
			.targets = &target,
			.n_targets = 1,
			.timeout_ns = o->timeout_ms * 1000000,
			.kind = MIX_K_STATIC,
		};
		static struct hist ignored;
		struct client c;
		bool done = false;

		memcpy(target.host, o->targets[t].text, sizeof(target.host));
		if (client_init(&c, &cfg, 1, o->seed, 0, &ignored, &ignored) !=
		    0) {
			rc = cli_error("%s", strerror(errno));
			break;
		}
		c.idle = check_idle;
		c.arg = &done;
		client_request(&c, &c.users[0], c.now);
		while (!done && !stop)
			client_step(&c, client_clock() + NS);
		if (c.errors[CE_STATUS])
			rc = cli_error(
				"%s: %s for directory %u; make the tree with --dirs %u, or use fewer with --fixed-dirs",
				target.host, c.error_text, dirs - 1, dirs);
		else if (c.errors[CE_BODY])
			rc = cli_error(
				"%s: serves something else than a tree of webmix-files",
				target.host);
		else if (c.users[0].failed >= 0)
			rc = cli_error("%s: %s; is webmix-serve running?",
				       target.host, c.error_text);
		client_end(&c);
	}
	free(count);
	return rc == 0 && stop ? 130 : rc;
}

static void all_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int main(int argc, char **argv)
{
	struct opts o = {
		.max_sessions = 1000,
		.poisson = true,
		.ramp_s = 20,
		.measure_s = 60,
		.seed = 1,
		.confirm = 3,
		.max_probes = 60,
		.line_bits = 400000,
		.floor_bits = 320000,
		.bucket_ms = 50,
		.timeout_ms = 10000,
	};
	struct sigaction sa = {.sa_handler = on_signal};
	struct shared sh;
	cpu_set_t cpus;
	uint32_t users;
	int rc;

	cli_name = "webmix-load";
	o.targets = calloc(MAX_TARGETS, sizeof(*o.targets));
	if (!o.targets)
		return cli_error("no memory");
	rc = parse(argc, argv, &o);
	if (rc != 0)
		goto out;
	if (o.procs == 0)
		o.procs = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
				  ? (uint64_t)CPU_COUNT(&cpus)
				  : 1;
	if (o.procs > MAX_PROCS)
		o.procs = MAX_PROCS;
	users = (uint32_t)(o.mode == M_SEARCH	  ? o.max_sessions
			   : o.mode == M_SESSIONS ? o.sessions
						  : o.conns);
	if (o.mode != M_SEARCH && users < o.n_targets) {
		rc = cli_usage("%u users are too few for %u targets", users,
			       o.n_targets);
		goto out;
	}
	all_descriptors();
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	sh.workers = share(o.procs * sizeof(*sh.workers));
	sh.sessions = share(users * sizeof(*sh.sessions));
	if (!sh.workers || !sh.sessions) {
		rc = cli_error("no memory for %u users", users);
		goto out;
	}
	rc = check_targets(&o, users);
	if (rc == 0)
		rc = o.mode == M_SEARCH ? run_search(&o, &sh)
					: run_fixed(&o, &sh);
	if (fflush(stdout) != 0 && rc == 0)
		rc = cli_error("standard output: %s", strerror(errno));
	munmap(sh.workers, o.procs * sizeof(*sh.workers));
	munmap(sh.sessions, users * sizeof(*sh.sessions));
out:
	free(o.targets);
	return rc;
}
