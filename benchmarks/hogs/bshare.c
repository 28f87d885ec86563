// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bshare: runs the cases of the experiment share; see share.h. Every phase of a
 * case is a process of its own, every instance a process that becomes part of
 * it and the computing processes it forks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "../lib/record.h"
#include "../lib/words.h"
#include "share.h"

#define NS_PER_MS 1000000ULL

/* Samples of one phase: two minutes at ten a second, with room to spare. */
#define MAX_SAMPLES 1300
#define MAX_MS 120000U

/* A record has to stay below 4 KB: two numbers of up to 13 digits each, and
 * half of it for what the instance is. */
#define SAMPLES_PER_RECORD 90

/* Until every process of a case exists. Emulated machines are slow. */
#define READY_LIMIT_MS 60000

/* Seconds that a domain is quiet after it has booted. */
#define GUEST_QUIET_S 5

/* One above, so that no thread of the kernel's ordinary ones comes before. */
#define SAMPLER_PRIO 51

struct opts {
	const struct share_means *means;
	unsigned int ms, plain_ms, step_ms;
};

/* An instance that does not compute all the time: a piece of work at each wake-up. */
#define PIECE_NS 1000000ULL
#define MAX_WAKES (MAX_MS / 2)	/* half of the time is the most that is asked for */

/* What the processes of a phase share. */
struct shared {
	volatile uint32_t go[MAX_INST];	/* futex: this instance computes */
	volatile uint32_t stop;
	volatile uint32_t ready;
	volatile pid_t pid[MAX_INST][MAX_THREADS];
	volatile uint32_t failed;
	struct share_err err;
	volatile uint32_t n_wakes;
	volatile uint32_t late_ns[MAX_WAKES];	/* from when it was to run until it did */
};

struct phase {
	const char *id, *name;
	const struct opts *opts;
	const struct share_case *c;
	const struct share_means *means;	/* NULL: no instances */
	struct shared *sh;
	pid_t leader[MAX_INST];
	clockid_t clock[MAX_INST][MAX_THREADS];
	unsigned int made, n_samples;
	uint64_t start[MAX_INST];
	uint64_t t[MAX_SAMPLES];
	uint64_t service[MAX_INST][MAX_SAMPLES];
	uint64_t task0[MAX_INST], task1[MAX_INST];	/* by the clocks of the tasks */
	uint64_t self0, self1;				/* of the sampler */
};

static volatile sig_atomic_t interrupted;
static volatile pid_t phase_pid;

static void on_signal(int sig)
{
	interrupted = sig;
	if (phase_pid > 0)
		kill(phase_pid, sig);
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void futex(volatile uint32_t *addr, int op, uint32_t val)
{
	syscall(SYS_futex, addr, op, val, NULL, NULL, 0);
}

/* ------------------------------------------------- processes of an instance */

/*
 * Work for 1 ms, sleep until the next period, note how late it is. A period that
 * is over before its work is done is left out, not made up for.
 */
static void work_in_pieces(struct shared *sh, double duty)
{
	const uint64_t period = (uint64_t)(PIECE_NS / duty + 0.5);
	uint64_t next = now_ns(CLOCK_MONOTONIC), now, end;

	while (!sh->stop) {
		struct timespec ts;

		next += period;
		now = now_ns(CLOCK_MONOTONIC);
		if (next < now)
			next += (now - next + period - 1) / period * period;
		ts.tv_sec = (time_t)(next / 1000000000ULL);
		ts.tv_nsec = (long)(next % 1000000000ULL);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
			;
		now = now_ns(CLOCK_MONOTONIC) - next;
		if (sh->n_wakes < MAX_WAKES) {
			sh->late_ns[sh->n_wakes] = now < UINT32_MAX ? (uint32_t)now : UINT32_MAX;
			sh->n_wakes++;
		}
		end = now_ns(CLOCK_THREAD_CPUTIME_ID) + PIECE_NS;
		while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
			;
	}
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The @part quantile of what was noted, in ns; sorts it. Not with none. */
static uint32_t late_quantile(struct shared *sh, double part)
{
	/* whoever writes it has ended */
	uint32_t *v = (uint32_t *)(uintptr_t)sh->late_ns;

	qsort(v, sh->n_wakes, sizeof(*v), compare_u32);
	return v[(size_t)(part * (sh->n_wakes - 1) + 0.5)];
}

/* struct sched_attr, of which older headers of the C library have none. */
struct slice_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Of an ordinary process: since Linux 6.12 the runtime is the slice it asks for. */
static int ask_for_slice(unsigned int ns)
{
	struct slice_attr a = { .size = sizeof(a), .policy = SCHED_OTHER, .runtime = ns };

	return (int)syscall(SYS_sched_setattr, 0, &a, 0);
}

/* Compute until told to stop: no system call, no memory. */
static void spin(struct shared *sh, unsigned int i, unsigned int k, double duty)
{
	unsigned int n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sh->pid[i][k] = getpid();
	__atomic_fetch_add(&sh->ready, 1, __ATOMIC_SEQ_CST);
	while (!sh->go[i])
		futex(&sh->go[i], FUTEX_WAIT, 0);
	if (duty > 0)
		work_in_pieces(sh, duty);
	while (!sh->stop)
		for (n = 0; n < 10000; n++)
			__asm__ volatile("" : : "r"(n) : "memory");
	_exit(0);
}

/* The first process of an instance: everything of it comes from here, and it
 * ends when its children have. */
static void lead(struct phase *p, unsigned int i)
{
	const struct share_inst *inst = &p->c->inst[i];
	struct shared *sh = p->sh;
	struct share_err err = { 0 };
	unsigned int k;

	if (p->means && p->means->enter(i, inst, &err) != 0)
		goto fail;
	/* the children have it from here */
	if (inst->slice_ns && ask_for_slice(inst->slice_ns) != 0) {
		share_fail(&err, "ask for slices of %u ns: %s", inst->slice_ns, strerror(errno));
		goto fail;
	}
	for (k = 0; k < inst->threads; k++) {
		pid_t pid = fork();

		if (pid < 0) {
			share_fail(&err, "fork in instance %u: %s", i, strerror(errno));
			goto fail;
		}
		if (pid == 0)
			spin(sh, i, k, inst->duty);
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	_exit(0);
fail:
	if (!__atomic_exchange_n(&sh->failed, 1, __ATOMIC_SEQ_CST)) {
		sh->err = err;
		__atomic_store_n(&sh->failed, 2, __ATOMIC_SEQ_CST);
	}
	_exit(1);
}

static int start_leaders(struct phase *p, struct share_err *err)
{
	const struct timespec ms1 = { .tv_nsec = 1000000 };
	unsigned int i, want = 0, ms;

	for (i = 0; i < p->c->n; i++) {
		if (p->means && p->means->make) {
			/* Counted first: half of an instance is removed, too. */
			p->made = i + 1;
			if (p->means->make(i, &p->c->inst[i], err) != 0)
				return -1;
		}
		if (p->means && p->means->remote)
			continue;
		p->leader[i] = fork();
		if (p->leader[i] < 0)
			return share_fail(err, "fork: %s", strerror(errno));
		if (p->leader[i] == 0) {
			signal(SIGINT, SIG_DFL);
			signal(SIGTERM, SIG_DFL);
			signal(SIGHUP, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			lead(p, i);
		}
		want += p->c->inst[i].threads;
	}
	for (ms = 0; p->sh->ready < want; ms++) {
		if (p->sh->failed == 2) {
			*err = p->sh->err;
			return -1;
		}
		if (interrupted)
			return share_fail(err, "interrupted by signal %d", (int)interrupted);
		if (ms > READY_LIMIT_MS)
			return share_fail(err, "%u of %u processes are there after %d s",
					  p->sh->ready, want, READY_LIMIT_MS / 1000);
		nanosleep(&ms1, NULL);
	}
	return 0;
}

static void stop_leaders(struct phase *p)
{
	unsigned int i;

	p->sh->stop = 1;
	for (i = 0; i < p->c->n; i++) {
		p->sh->go[i] = 1;
		futex(&p->sh->go[i], FUTEX_WAKE, INT_MAX);
	}
	for (i = 0; i < p->c->n; i++)
		while (p->leader[i] > 0 && waitpid(p->leader[i], NULL, 0) < 0 && errno == EINTR)
			;
}

/* ---------------------------------------------------------------- sampling */

/*
 * One look at all instances. A CPU charges what runs on it at its tick and when
 * it switches; reading the clock of a task makes it charge now, also on
 * another CPU. Without that each number is up to a tick old, several per cent
 * of what a small instance gets in a second.
 */
static int sample(struct phase *p, uint64_t t0, struct share_err *err)
{
	const bool remote = p->means && p->means->remote;
	unsigned int i, k, n = p->n_samples;

	p->t[n] = now_ns(CLOCK_MONOTONIC) - t0;
	for (i = 0; i < p->c->n && !remote; i++) {
		uint64_t sum = 0;

		for (k = 0; k < p->c->inst[i].threads; k++)
			sum += now_ns(p->clock[i][k]);
		if (n == 0)
			p->task0[i] = sum;
		p->task1[i] = sum;
		p->service[i][n] = sum;
	}
	for (i = 0; p->means && i < p->c->n; i++)
		if (p->means->service(i, &p->service[i][n], err) != 0)
			return -1;
	/* The first look is left out, as what it took is no part of what follows. */
	p->self1 = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (n == 0)
		p->self0 = p->self1;
	p->n_samples = n + 1;
	return 0;
}

static int go(struct phase *p, bool late, uint64_t at, struct share_err *err)
{
	unsigned int i;

	for (i = 0; i < p->c->n; i++) {
		if (p->c->inst[i].late != late)
			continue;
		p->start[i] = at;
		p->sh->go[i] = 1;
		if (!p->means || !p->means->remote)
			futex(&p->sh->go[i], FUTEX_WAKE, INT_MAX);
		else if (p->means->wake(i, err) != 0)
			return -1;
	}
	return 0;
}

static int measure(struct phase *p, unsigned int ms, struct share_err *err)
{
	const struct sched_param prio = { .sched_priority = SAMPLER_PRIO };
	/* Those that come late: when the others have settled. */
	const unsigned int late = ms / 4 / p->opts->step_ms;
	const bool remote = p->means && p->means->remote;
	unsigned int i, k, n = ms / p->opts->step_ms;
	uint64_t t0, next;

	if (sched_setscheduler(0, SCHED_FIFO, &prio) != 0)
		return share_fail(err, "become a real-time process: %s", strerror(errno));
	if (p->means && p->means->watch && p->means->watch(err) != 0)
		return -1;
	for (i = 0; i < p->c->n && !remote; i++)
		for (k = 0; k < p->c->inst[i].threads; k++) {
			int e = clock_getcpuclockid(p->sh->pid[i][k], &p->clock[i][k]);

			if (e != 0)
				return share_fail(err, "the CPU clock of a process of instance %u: %s",
						  i, strerror(e));
		}
	/* What is not ours takes a while to wake up: it computes before the
	 * clock starts, what is ours from then on. */
	if (remote)
		/* Also the last one made would compute at once when woken. */
		sleep(GUEST_QUIET_S + 1);
	if (remote && (go(p, false, 0, err) != 0 || p->means->settle(p->c, err) != 0))
		return -1;
	t0 = now_ns(CLOCK_MONOTONIC);
	if (sample(p, t0, err) != 0)
		return -1;
	if (!remote && go(p, false, 0, err) != 0)
		return -1;
	next = t0;
	for (k = 1; k <= n; k++) {
		struct timespec ts;

		next += p->opts->step_ms * NS_PER_MS;
		ts.tv_sec = (time_t)(next / 1000000000ULL);
		ts.tv_nsec = (long)(next % 1000000000ULL);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR &&
		       !interrupted)
			;
		if (interrupted)
			return share_fail(err, "interrupted by signal %d", (int)interrupted);
		if (sample(p, t0, err) != 0)
			return -1;
		/* Without instances nobody is late: the same load all the time. */
		if (k == (p->means ? late : 1) && go(p, true, p->t[k], err) != 0)
			return -1;
	}
	return 0;
}

/* ------------------------------------------------------------------ output */

static int put_verdict(const char *id, const char *status, const char *why)
{
	return record_put(json_pack("{s:s,s:s,s:s,s:s}", "t", "verdict", "bench", id, "status",
				    status, "why", why));
}

static int put_series(const struct phase *p, unsigned int i, unsigned int from)
{
	const struct share_inst *inst = &p->c->inst[i];
	json_t *t = json_array(), *s = json_array(), *o;
	unsigned int k;

	for (k = from; k < p->n_samples && k < from + SAMPLES_PER_RECORD; k++) {
		json_array_append_new(t, json_integer((json_int_t)p->t[k]));
		json_array_append_new(s, json_integer((json_int_t)(p->service[i][k] -
								   p->service[i][0])));
	}
	o = json_pack("{s:s,s:s,s:s,s:i,s:i,s:s,s:i,s:i,s:i,s:I,s:i,s:I,s:o,s:o}", "t", "series",
		      "bench", p->id, "phase", p->name, "inst", (int)i, "n_inst", (int)p->c->n,
		      "by", p->means ? p->means->name : "none", "ncpu",
		      (int)sysconf(_SC_NPROCESSORS_ONLN), "weight", (int)inst->weight, "threads",
		      (int)inst->threads, "start_ns", (json_int_t)p->start[i], "from", (int)from,
		      "task_ns", (json_int_t)(p->task1[i] - p->task0[i]), "t_ns", t,
		      "service_ns", s);
	/* Domains compute elsewhere: what the sampler uses is not taken from them. */
	if (!p->means || !p->means->remote)
		json_object_set_new(o, "self_ns", json_integer((json_int_t)(p->self1 - p->self0)));
	if (inst->floor > 0)
		json_object_set_new(o, "floor", json_real(inst->floor));
	if (inst->cap > 0)
		json_object_set_new(o, "cap", json_real(inst->cap));
	if (inst->duty > 0) {
		json_object_set_new(o, "duty", json_real(inst->duty));
		json_object_set_new(o, "wakes", json_integer(p->sh->n_wakes));
		json_object_set_new(o, "p50_ns", json_integer(late_quantile(p->sh, 0.5)));
		json_object_set_new(o, "p99_ns", json_integer(late_quantile(p->sh, 0.99)));
		json_object_set_new(o, "max_ns", json_integer(late_quantile(p->sh, 1)));
	}
	return record_put(o);
}

/* ------------------------------------------------------------------- phases */

/* One phase, in a process of its own: real-time and in the watch context for
 * the rest of its life. Returns the exit status. */
static int phase_process(struct phase *p, unsigned int ms)
{
	struct share_err err = { 0 }, more = { 0 };
	unsigned int i, k;
	int rc;

	rc = p->means && p->means->open ? p->means->open(p->c, &err) : 0;
	if (rc == 0)
		rc = start_leaders(p, &err);
	if (rc == 0)
		rc = measure(p, ms, &err);
	stop_leaders(p);
	for (i = 0; i < p->c->n && rc == 0; i++)
		if (p->c->inst[i].duty > 0 && !p->sh->n_wakes)
			rc = share_fail(&err, "instance %u never woke up", i);
	for (i = 0; i < p->made; i++)
		if (p->means->remove && p->means->remove(i, &more) != 0 && rc == 0) {
			rc = -1;
			err = more;
		}
	if (rc != 0) {
		put_verdict(p->id, err.unsupported ? "skip" : "fail", err.text);
	} else {
		for (i = 0; i < p->c->n && rc == 0; i++)
			for (k = 0; k < p->n_samples && rc == 0; k += SAMPLES_PER_RECORD)
				rc = put_series(p, i, k);
	}
	if (fflush(stdout) != 0)
		rc = -1;
	return rc == 0 ? 0 : 1;
}

static int run_phase(const char *id, const char *name, const struct opts *o,
		     const struct share_case *c, const struct share_means *means, unsigned int ms)
{
	struct phase *p = calloc(1, sizeof(*p));
	int status;

	if (!p) {
		put_verdict(id, "fail", "out of memory");
		return 1;
	}
	*p = (struct phase){ .id = id, .name = name, .opts = o, .c = c, .means = means };
	p->sh = mmap(NULL, sizeof(*p->sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->sh == MAP_FAILED) {
		free(p);
		put_verdict(id, "fail", "out of memory");
		return 1;
	}
	fflush(stdout);
	phase_pid = fork();
	if (phase_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(phase_process(p, ms));
	}
	status = 1 << 8;
	if (phase_pid < 0)
		put_verdict(id, "fail", "fork failed");
	while (phase_pid > 0 && waitpid(phase_pid, &status, 0) < 0 && errno == EINTR)
		;
	phase_pid = 0;
	if (WIFSIGNALED(status))
		put_verdict(id, "fail", "the process of the case was killed");
	munmap(p->sh, sizeof(*p->sh));
	free(p);
	return status == 0 ? 0 : 1;
}

/* The same load without instances comes first: what the machine can give. */
static int run_case(const char *id, const struct opts *o)
{
	struct share_case c;
	unsigned int i;

	if (share_parse(id, (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), &c) != 0)
		return 2;
	for (i = 0; i < c.n && o->means->remote; i++)
		if (c.inst[i].duty > 0) {
			put_verdict(id, "skip", "what wakes up in a domain is not measured from outside");
			return 0;
		}
	/* Processes of domain 0 would be another load than domains. */
	if (o->plain_ms && !o->means->remote && run_phase(id, "plain", o, &c, NULL, o->plain_ms) != 0)
		return 1;
	return run_phase(id, "share", o, &c, o->means, o->ms);
}

/* ------------------------------------------------------------ command line */

/* All that a domain's init does: be quiet for a moment, so that one can see
 * that it has booted, and compute for ever. */
static __attribute__((noreturn)) void guest(unsigned int threads)
{
	unsigned int k, n;

	sleep(GUEST_QUIET_S);
	for (k = 1; k < threads; k++)
		if (fork() == 0)
			break;
	for (;;)
		for (n = 0; n < 10000; n++)
			__asm__ volatile("" : : "r"(n) : "memory");
}

static void help(void)
{
	printf("usage: bshare [OPTION]... ROW...\n"
	       "       bshare --list | --env [OPTION]...\n"
	       "\n"
	       "Runs instances that only compute and prints, as JSON lines, how much CPU time\n"
	       "each one got. A ROW is an id of --list, a group ('share.') or 'all', or\n"
	       "share.cpu.W-W-...tT[-T...] for weights W and T processes in each instance.\n"
	       "Needs root, and a machine where nothing else computes.\n"
	       "\n"
	       "  --by MEANS     what an instance is: %s (default cgroup)\n"
	       "  --ms N         length of a case in ms, at most %u (default 12000)\n"
	       "  --plain-ms N   the same load without instances before it (default 2000);\n"
	       "                 0 leaves it out\n"
	       "  --step-ms N    time between samples (default 100)\n"
	       "  --kernel FILE, --ramdisk FILE   what a domain boots (--by xen); this\n"
	       "                 program as /init of the ramdisk\n"
	       "  --dir DIR, --tmpfs DIR, --env-pad N   as other programs; not used\n"
	       "  --list         print the rows and their units\n"
	       "  --env          print what the results depend on\n"
	       "\n"
	       "exit status: 0 all rows ran, 1 some did not, 2 wrong command line\n",
	       share_means_names(), MAX_MS);
}

static int usage_error(const char *what, const char *arg)
{
	return standalone_usage("bshare", what, arg);
}

int main(int argc, char **argv)
{
	enum { KERNEL, RAMDISK, GUEST, BY, MS, PLAIN_MS, STEP_MS };
	static const struct option longopts[] = {
		{ "kernel", required_argument, NULL, KERNEL },
		{ "ramdisk", required_argument, NULL, RAMDISK },
		{ "guest", required_argument, NULL, GUEST },
		{ "by", required_argument, NULL, BY },
		{ "ms", required_argument, NULL, MS },
		{ "plain-ms", required_argument, NULL, PLAIN_MS },
		{ "step-ms", required_argument, NULL, STEP_MS },
		STANDALONE_OPTIONS,
		{ 0 },
	};
	const struct sigaction act = { .sa_handler = on_signal };
	struct opts o = {
		.means = share_means_find("cgroup"),
		.ms = 12000,
		.plain_ms = 2000,
		.step_ms = 100,
	};
	struct standalone common = {
		.name = "bshare",
		.help = help,
		.opts = { .dir = ".", .tmpfs = "/dev/shm" },
	};
	unsigned int pad;
	struct share_case c;
	int opt, i, rc = 0;
	size_t k;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		switch (opt) {
		case KERNEL:
			share_guest_kernel = optarg;
			break;
		case RAMDISK:
			share_guest_ramdisk = optarg;
			break;
		case GUEST:
			if (!word_unsigned(optarg, 1, MAX_THREADS, &pad))
				return usage_error("--guest: not a number from 1 to 16:", optarg);
			guest(pad);
		case BY:
			o.means = share_means_find(optarg);
			if (!o.means)
				return usage_error("no such means", optarg);
			break;
		case MS:
			if (!word_unsigned(optarg, 200, MAX_MS, &o.ms))
				return usage_error("--ms: not a number from 200 to 120000:", optarg);
			break;
		case PLAIN_MS:
			if (!word_unsigned(optarg, 0, MAX_MS, &o.plain_ms))
				return usage_error("--plain-ms: not a number up to 120000:", optarg);
			break;
		case STEP_MS:
			if (!word_unsigned(optarg, 100, 10000, &o.step_ms))
				return usage_error("--step-ms: not a number from 100 to 10000:", optarg);
			break;
		default:
			opt = standalone_option(&common, opt, argv);
			if (opt >= 0)
				return opt;
		}
	}
	if (common.list) {
		for (k = 0; k < share_n_rows; k++)
			printf("%s ratio %s\n", share_rows[k].id, share_rows[k].what);
		return fflush(stdout) != 0;
	}
	if (common.env)
		return env_standalone("bshare", &common.opts);
	if (optind == argc)
		return usage_error("which rows?", "");
	/* All words are known before the first case runs. */
	for (i = optind; i < argc; i++) {
		bool found = share_parse(argv[i], 1, &c) == 0;

		for (k = 0; k < share_n_rows; k++)
			found |= word_selects(argv[i], share_rows[k].id);
		if (!found)
			return usage_error("no row", argv[i]);
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	for (i = optind; i < argc; i++) {
		bool group = false;

		for (k = 0; k < share_n_rows; k++) {
			if (!word_selects(argv[i], share_rows[k].id))
				continue;
			group = true;
			if (interrupted)
				return 1;
			rc |= run_case(share_rows[k].id, &o);
		}
		if (!group && !interrupted)
			rc |= run_case(argv[i], &o);
	}
	if (fflush(stdout) != 0)
		rc = 1;
	return rc || interrupted ? 1 : 0;
}
