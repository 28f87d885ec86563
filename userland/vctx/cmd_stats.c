// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx stats and vctx top: what the contexts use of CPUs and disks. */

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cli.h"

/* What adds up while a context runs. */
enum total {
	CPU_NS, HOLD_NS, DELAY_NS, RBYTES, WBYTES, RIOS, WIOS, TOTALS
};

struct row {
	struct vctx_info *info;
	struct usage u;
	bool have;		/* the kernel accounts for contexts */
	struct vctx_sched sched;
	/* since the sample before, or since the start */
	uint64_t span_ns, now[TOTALS];
	bool have_disks;	/* the kernel counts disk I/O */
	struct vctx_disk_use *disks;
	size_t n_disks;
	double share;		/* of the machine, by its weight; < 0 unknown */
};

struct sample {
	struct row *rows;
	size_t n;
	uint64_t at_ns;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void sample_free(struct sample *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		vctx_info_free(s->rows[i].info);
		vctx_sys_disks_free(s->rows[i].disks, s->rows[i].n_disks);
	}
	free(s->rows);
	memset(s, 0, sizeof(*s));
}

static bool wanted(const struct cli *c, const struct vctx_info *x)
{
	char id[16];
	size_t i;

	if (x->state == VCTX_STOPPED)
		return false;
	snprintf(id, sizeof(id), "%u", x->id);
	for (i = 0; i < c->n_args; i++)
		if ((x->name && !strcmp(c->args[i], x->name)) ||
		    !strcmp(c->args[i], id))
			return true;
	return !c->n_args;
}

/* The context that x is in, or NULL. */
static const struct vctx_info *parent_of(struct vctx_info **list,
					 const struct vctx_info *x)
{
	size_t i;

	for (i = 0; x->cpu_parent && list[i]; i++)
		if (list[i]->state != VCTX_STOPPED &&
		    list[i]->id == x->cpu_parent)
			return list[i];
	return NULL;
}

/*
 * What its weight comes to beside those of all contexts that run in the same one, or
 * in none, whether or not they use it; of what that one has.  Guarantees and limits
 * are not in it, nor is what the processes of one with contexts in it use.
 */
static double share_of(struct vctx_info **list, const struct vctx_info *x)
{
	double share = 1;

	/* The kernel has no circles, but it is not asked about all at once. */
	for (int depth = 0; x && depth < 16; depth++) {
		uint64_t sum = 0;
		size_t i;

		if (x->paused)
			return 0;
		for (i = 0; list[i]; i++)
			if (list[i]->state != VCTX_STOPPED &&
			    !list[i]->paused && list[i]->have_cpu &&
			    list[i]->cpu_parent == x->cpu_parent)
				sum += list[i]->cpu.weight;
		if (!x->have_cpu || !sum)
			return -1;
		share *= (double)x->cpu.weight / (double)sum;
		x = parent_of(list, x);
	}
	return share;
}

static void shares(struct vctx_info **list, struct sample *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		s->rows[i].share = share_of(list, s->rows[i].info);
}

static uint64_t positive(int64_t v)
{
	return v > 0 ? (uint64_t)v : 0;
}

static void take_disks(struct row *row)
{
	size_t i;

	row->have_disks = !vctx_sys_disks(row->info->id, &row->disks,
					  &row->n_disks);
	for (i = 0; i < row->n_disks; i++) {
		row->now[RBYTES] += row->disks[i].rbytes;
		row->now[WBYTES] += row->disks[i].wbytes;
		row->now[RIOS] += row->disks[i].rios;
		row->now[WIOS] += row->disks[i].wios;
	}
}

static int take(struct cli *c, struct sample *s, struct vctx_err *err)
{
	struct vctx_info **list = vctx_list(c->v, err);
	struct vctx_proc *procs = NULL;
	size_t n = 0, n_procs = 0, i;
	int r = 0;

	memset(s, 0, sizeof(*s));
	if (!list)
		return -1;
	for (i = 0; list[i]; i++)
		n += wanted(c, list[i]);
	s->rows = calloc(n ? n : 1, sizeof(*s->rows));
	if (!s->rows)
		abort();
	if (n)
		r = vctx_procs(0, &procs, &n_procs, err);
	s->at_ns = now_ns();
	for (i = 0; list[i] && !r; i++) {
		struct row *row = &s->rows[s->n];

		if (!wanted(c, list[i]))
			continue;
		row->info = list[i];
		row->u = cli_usage_of(procs, n_procs, list[i]->id);
		row->have = !vctx_sys_sched(list[i]->id, &row->sched);
		row->now[CPU_NS] = row->u.cpu_ns;
		row->span_ns = cli_uptime_ns(list[i]);
		if (row->have) {
			const int64_t *v = row->sched.v;

			row->now[CPU_NS] = positive(v[VCTX_SCHED_RUN_US]) * 1000;
			row->now[HOLD_NS] = positive(v[VCTX_SCHED_HOLD_US]) * 1000;
			row->now[DELAY_NS] = positive(v[VCTX_SCHED_DELAY_US]) * 1000;
		}
		take_disks(row);
		s->n++;
	}
	if (!r)
		shares(list, s);
	/* The rows own the ones they show. */
	for (i = 0; list[i]; i++)
		if (r || !wanted(c, list[i]))
			vctx_info_free(list[i]);
	free(list);
	vctx_procs_free(procs, n_procs);
	if (r)
		sample_free(s);
	return r;
}

/* Turn totals into what happened since "old"; totals stay in u and sched. */
static void since(struct sample *s, const struct sample *old,
		  const uint64_t *totals)
{
	size_t i, j, k;

	for (i = 0; i < s->n; i++) {
		struct row *row = &s->rows[i];

		for (j = 0; j < old->n; j++)
			if (old->rows[j].info->id == row->info->id &&
			    old->rows[j].info->started_ns ==
			    row->info->started_ns)
				break;
		/* One that started meanwhile has all it used in this span. */
		if (j == old->n) {
			if (!row->span_ns)
				row->span_ns = s->at_ns - old->at_ns;
			continue;
		}
		row->span_ns = s->at_ns - old->at_ns;
		/* Sums over processes can shrink when one ends unreaped. */
		for (k = 0; k < TOTALS; k++) {
			uint64_t before = totals[TOTALS * j + k];

			row->now[k] -= row->now[k] > before ? before
							    : row->now[k];
		}
	}
}

static uint64_t *totals_of(const struct sample *s)
{
	uint64_t *t = calloc(TOTALS * s->n + 1, sizeof(*t));
	size_t i;

	if (!t)
		abort();
	for (i = 0; i < s->n; i++)
		memcpy(t + TOTALS * i, s->rows[i].now, sizeof(s->rows[i].now));
	return t;
}

static json_t *integer(bool known, int64_t v)
{
	return known ? json_integer(v) : json_null();
}

static json_t *disks_json(const struct row *row)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < row->n_disks; i++) {
		const struct vctx_disk_use *d = &row->disks[i];
		json_t *o = json_object();

		json_object_set_new(o, "disk", cli_string(d->name));
		json_object_set_new(o, "read_bytes_total", integer(true, (int64_t)d->rbytes));
		json_object_set_new(o, "written_bytes_total", integer(true, (int64_t)d->wbytes));
		json_object_set_new(o, "discarded_bytes_total", integer(true, (int64_t)d->dbytes));
		json_object_set_new(o, "reads_total", integer(true, (int64_t)d->rios));
		json_object_set_new(o, "writes_total", integer(true, (int64_t)d->wios));
		json_object_set_new(o, "discards_total", integer(true, (int64_t)d->dios));
		json_object_set_new(o, "weight", integer(true, d->share.weight));
		json_object_set_new(o, "reserve", cli_rate(true, &d->share.reserve));
		json_object_set_new(o, "max", cli_rate(true, &d->share.max));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *row_json(const struct row *row)
{
	static const struct {
		enum vctx_sched_key key;
		const char *name;
		int64_t factor;
	} more[] = {
		{ VCTX_SCHED_WEIGHT, "cpu_weight_in_force", 1 },
		{ VCTX_SCHED_RESERVE, "cpu_guarantee_in_force", 1 },
		{ VCTX_SCHED_LIMIT, "cpu_max_in_force", 1 },
		{ VCTX_SCHED_EFF, "cpu_shares_corrected", 1 },
		{ VCTX_SCHED_LAG_US, "lag_ns", 1000 },
		{ VCTX_SCHED_TOKENS_US, "tokens_ns", 1000 },
		{ VCTX_SCHED_HELD, "held", 1 },
		{ VCTX_SCHED_RUNNABLE, "runnable", 1 },
		{ VCTX_SCHED_HOLDS, "holds_total", 1 },
		{ VCTX_SCHED_RUN_US, "cpu_ns_total", 1000 },
		{ VCTX_SCHED_USER_US, "user_ns_total", 1000 },
		{ VCTX_SCHED_SYS_US, "sys_ns_total", 1000 },
		{ VCTX_SCHED_HOLD_US, "hold_ns_total", 1000 },
		{ VCTX_SCHED_DELAY_US, "delay_ns_total", 1000 },
	};
	const struct vctx_info *x = row->info;
	json_t *o = json_object();
	size_t i;

	json_object_set_new(o, "name", cli_string(x->name));
	json_object_set_new(o, "id", json_integer(x->id));
	json_object_set_new(o, "state", json_string(cli_state(x)));
	json_object_set_new(o, "span_ns", integer(row->span_ns != 0,
						  (int64_t)row->span_ns));
	json_object_set_new(o, "cpu_ns", integer(true, (int64_t)row->now[CPU_NS]));
	json_object_set_new(o, "hold_ns", integer(row->have,
						  (int64_t)row->now[HOLD_NS]));
	json_object_set_new(o, "delay_ns", integer(row->have,
						   (int64_t)row->now[DELAY_NS]));
	json_object_set_new(o, "cpu_weight", integer(x->have_cpu,
						     x->cpu.weight));
	json_object_set_new(o, "cpu_share", row->share < 0 ? json_null() :
			    json_real(row->share));
	json_object_set_new(o, "cpu_guarantee", integer(x->have_cpu,
						(int64_t)x->cpu.guarantee));
	json_object_set_new(o, "cpu_max", integer(x->have_cpu,
						  (int64_t)x->cpu.max));
	for (i = 0; i < ARRAY_SIZE(more); i++)
		json_object_set_new(o, more[i].name,
			integer(row->sched.have >> more[i].key & 1,
				row->sched.v[more[i].key] * more[i].factor));
	json_object_set_new(o, "procs", json_integer((json_int_t)row->u.procs));
	json_object_set_new(o, "mem_bytes", json_integer((json_int_t)row->u.rss));
	json_object_set_new(o, "read_bytes", integer(row->have_disks,
						     (int64_t)row->now[RBYTES]));
	json_object_set_new(o, "written_bytes", integer(row->have_disks,
							(int64_t)row->now[WBYTES]));
	json_object_set_new(o, "reads", integer(row->have_disks,
						(int64_t)row->now[RIOS]));
	json_object_set_new(o, "writes", integer(row->have_disks,
						 (int64_t)row->now[WIOS]));
	json_object_set_new(o, "disks", row->have_disks ? disks_json(row)
							: json_null());
	return o;
}

static const char *short_time(bool known, uint64_t ns, char *buf, size_t size)
{
	if (!known)
		return "-";
	if (!ns)
		return "0";
	if (ns < 10000000000u)
		snprintf(buf, size, ns < 100000000u ? "%.1fms" : "%.0fms",
			 (double)ns / 1e6);
	else
		cli_duration(ns, buf, size);
	return buf;
}

static int by_cpu(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double p = x->span_ns ? (double)x->now[CPU_NS] / (double)x->span_ns : 0;
	double q = y->span_ns ? (double)y->now[CPU_NS] / (double)y->span_ns : 0;

	return p != q ? (p < q ? 1 : -1) : x->info->id < y->info->id ? -1 : 1;
}

static const char *percent(bool known, double part, char *buf, size_t size)
{
	if (!known)
		return "-";
	snprintf(buf, size, "%.1f", 100 * part);
	return buf;
}

/* lines: at most so many of them, with the header; 0: all */
static int print_table(const struct cli *c, const struct sample *s,
		       size_t lines)
{
	int width = 4;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->rows[i].info->name &&
		    (int)strlen(s->rows[i].info->name) > width)
			width = (int)strlen(s->rows[i].info->name);
	if (!c->no_header)
		printf("%-*s %5s  %-8s %5s %6s %6s %7s %7s %7s %5s %6s %6s %7s\n",
		       width, "NAME", "CTX", "STATE", "CPU.W", "SHARE%", "CPU%",
		       "HOLD", "DELAY", "LAG", "PROCS", "MEM", "READ",
		       "WRITTEN");
	for (i = 0; i < s->n && (!lines || i + 1 < lines); i++) {
		const struct row *row = &s->rows[i];
		const struct vctx_info *x = row->info;
		bool lag = row->sched.have >> VCTX_SCHED_LAG_US & 1;
		int64_t lag_us = row->sched.v[VCTX_SCHED_LAG_US];
		char weight[16] = "-", share[16], cpu[16], hold[32];
		char delay[32], late[32], mem[16], in[16], out[16];

		if (x->have_cpu)
			snprintf(weight, sizeof(weight), "%u", x->cpu.weight);
		snprintf(late, sizeof(late), lag ? "%.1fms" : "-",
			 (double)lag_us / 1e3);
		printf("%-*s %5u  %-8s %5s %6s %6s %7s %7s %7s %5zu %6s %6s %7s\n",
		       width, x->name ? x->name : "-", x->id, cli_state(x),
		       weight,
		       percent(row->share >= 0, row->share, share,
			       sizeof(share)),
		       percent(row->span_ns != 0, row->span_ns ?
			       (double)row->now[CPU_NS] / (double)row->span_ns : 0,
			       cpu, sizeof(cpu)),
		       short_time(row->have, row->now[HOLD_NS], hold,
				  sizeof(hold)),
		       short_time(row->have, row->now[DELAY_NS], delay,
				  sizeof(delay)),
		       late, row->u.procs,
		       cli_size(row->u.rss, mem, sizeof(mem)),
		       row->have_disks ? cli_size(row->now[RBYTES], in,
						  sizeof(in)) : "-",
		       row->have_disks ? cli_size(row->now[WBYTES], out,
						  sizeof(out)) : "-");
	}
	return cli_flush();
}

static int print_sample(const struct cli *c, const struct sample *s)
{
	json_t *out;
	size_t i;

	if (!c->json)
		return print_table(c, s, 0);
	out = json_array();
	for (i = 0; i < s->n; i++)
		json_array_append_new(out, row_json(&s->rows[i]));
	return cli_json(out);
}

/* Names on the command line must be those of running contexts. */
static int check_names(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	size_t i;

	for (i = 0; i < c->n_args; i++) {
		struct vctx_info *x = vctx_find(c->v, c->args[i], &err);

		if (!x)
			return cli_fail(c, c->args[i], &err);
		if (x->state == VCTX_STOPPED) {
			fprintf(stderr, "vctx: %s %s: context is not running\n",
				c->verb->name, c->args[i]);
			vctx_info_free(x);
			return VCTX_STATE;
		}
		vctx_info_free(x);
	}
	return 0;
}

/* --interval and --count, both with a default. */
static int rhythm(struct cli *c, uint64_t *ms, unsigned long *count)
{
	char *end;

	*ms = 2000;
	*count = 0;
	if (c->interval && (vctx_parse_time(c->interval, ms) || *ms < 100 ||
			    *ms > 86400000))
		return cli_usage(c, "a time from 100ms to 24h",
				 "bad interval \"%s\"", c->interval);
	if (c->count) {
		*count = strtoul(c->count, &end, 10);
		if (*end || c->count[0] < '0' || c->count[0] > '9' || !*count)
			return cli_usage(c, "a number of times, 1 or more",
					 "bad count \"%s\"", c->count);
	}
	return 0;
}

int cmd_stats(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct sample old, new;
	unsigned long count, n;
	uint64_t ms, *totals;
	int r;

	if (!c->watch && (c->interval || c->count))
		return cli_usage(c, "add --watch", "--interval and --count are for --watch");
	r = rhythm(c, &ms, &count);
	if (!r)
		r = check_names(c);
	if (r)
		return r;
	if (take(c, &old, &err))
		return cli_fail(c, NULL, &err);
	if (!c->watch) {
		r = print_sample(c, &old);
		sample_free(&old);
		return r;
	}
	totals = totals_of(&old);
	for (n = 0; !r && (!count || n < count); n++) {
		struct timespec ts = { (time_t)(ms / 1000),
				       (long)(ms % 1000 * 1000000) };
		uint64_t *next;

		nanosleep(&ts, NULL);
		if (take(c, &new, &err)) {
			r = cli_fail(c, NULL, &err);
			break;
		}
		next = totals_of(&new);
		since(&new, &old, totals);
		if (n && !c->json)
			putchar('\n');
		r = print_sample(c, &new);
		sample_free(&old);
		free(totals);
		old = new;
		totals = next;
		/* All that were asked for have ended. */
		if (c->n_args && !old.n)
			break;
	}
	free(totals);
	sample_free(&old);
	return r;
}

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
	ended = sig;
}

/* Wait for the time, a key, or a signal; true when it is time to leave. */
static bool pause_top(bool tty, uint64_t ms)
{
	struct pollfd p = { .fd = tty ? STDIN_FILENO : -1, .events = POLLIN };
	uint64_t end = now_ns() + ms * 1000000;
	char key;

	for (;;) {
		uint64_t now = now_ns();

		if (ended)
			return true;
		if (now >= end)
			return false;
		if (poll(&p, 1, (int)((end - now + 999999) / 1000000)) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1)
			p.fd = -1;
		else if (key == 'q' || key == 'Q')
			return true;
		else
			return false;
	}
}

int cmd_top(struct cli *c)
{
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct sigaction sa = { .sa_handler = on_signal };
	struct vctx_err err = VCTX_ERR_INIT;
	struct termios saved, raw;
	struct sample old, new;
	unsigned long count, n;
	uint64_t ms, *totals;
	int r;

	r = rhythm(c, &ms, &count);
	if (r)
		return r;
	if (take(c, &old, &err))
		return cli_fail(c, NULL, &err);
	totals = totals_of(&old);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (tty && !tcgetattr(STDIN_FILENO, &saved)) {
		raw = saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
		fputs("\033[?1049h\033[?25l", stdout);
	} else {
		tty = false;
	}
	/* The first screen is the average since the start, as stats shows. */
	for (n = 0; !r; n++) {
		struct sample *s = n ? &new : &old;
		struct winsize ws = { 0 };
		size_t lines = 0;

		if (tty) {
			if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row > 2)
				lines = ws.ws_row - 1u;
			printf("\033[H\033[J");
		}
		printf("%zu running, %ld CPUs, %s%s\n", s->n,
		       sysconf(_SC_NPROCESSORS_ONLN),
		       n ? "the last interval" : "since their start",
		       tty ? "; q leaves" : "");
		if (n) {
			uint64_t *next = totals_of(&new);

			since(&new, &old, totals);
			sample_free(&old);
			free(totals);
			totals = next;
			old = new;
			s = &old;
		}
		/* Sorted is a copy: the totals are in the order of the rows. */
		{
			struct sample view = *s;

			view.rows = malloc((s->n + 1) * sizeof(*view.rows));
			if (!view.rows)
				abort();
			memcpy(view.rows, s->rows, s->n * sizeof(*view.rows));
			if (view.n)
				qsort(view.rows, view.n, sizeof(*view.rows),
				      by_cpu);
			r = print_table(c, &view, lines);
			free(view.rows);
		}
		if (r || (count && n + 1 >= count) || pause_top(tty, ms))
			break;
		if (take(c, &new, &err)) {
			r = -1;
			break;
		}
	}
	if (tty) {
		fputs("\033[?25h\033[?1049l", stdout);
		fflush(stdout);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	}
	if (r < 0)
		r = cli_fail(c, NULL, &err);
	free(totals);
	sample_free(&old);
	/* Leaving by Ctrl-C is the ordinary way to leave. */
	return r;
}
