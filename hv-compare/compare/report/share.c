// SPDX-License-Identifier: GPL-2.0-or-later
#include "share.h"

#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct share_info share_info[N_SHARE] = {
	{ "e1", "E 1 s", "largest error of a share in any window of one second" },
	{ "e10", "E 10 s", "the same in any window of ten seconds" },
	{ "e_all", "E in all", "the same over all that was measured, of writers of files" },
	{ "lag", "lag", "largest CPU time that an instance was behind or ahead" },
	{ "jain", "Jain", "Jain's index over 10 s (or all there is), lowest" },
	{ "wc", "work", "CPU time delivered, against the same load without instances" },
	{ "floor", "floor", "least part of the machine in any second, where 25 % are guaranteed" },
	{ "cap", "limit", "CPU time got, against what the limit allows" },
	{ "rate", "IO/s", "requests done in a second, by all instances together" },
	{ "p99", "p99", "latency that 99 % of the requests did not exceed, of an instance with one at a time beside one with many; of CPUs: how long 99 % of the wake-ups waited at most" },
	{ "sync", "fsync", "mean time of a write of 4 KiB and fsync, beside another instance that writes files" },
	{ "sync_x", "fsync, of alone", "the same, against what it takes while nobody else writes" },
};

static const struct series *find(const struct run *r, size_t bench, int side, int boot, int exec, int inst,
				 bool plain)
{
	for (size_t i = 0; i < r->n_series; i++) {
		const struct series *x = &r->series[i];

		if (x->bench == bench && x->side == side && x->boot == boot && x->exec == exec &&
		    x->inst == inst && x->plain == plain)
			return x;
	}
	return NULL;
}

/* The case that begins with series `first`; false when it is not whole. The
 * caller owns c->inst. */
static bool load(const struct run *r, const struct series *first, struct fair_case *c, double *clocks_off)
{
	struct fair_inst *inst = xcalloc((size_t)first->n_inst, sizeof(*inst));

	*c = (struct fair_case){
		.ncpu = first->ncpu,
		.n = (size_t)first->n_inst,
		.inst = inst,
		.n_samples = first->n,
		.t = first->t,
		.self = first->self,
	};
	for (int i = 0; i < first->n_inst; i++) {
		const struct series *x = find(r, first->bench, first->side, first->boot, first->exec, i,
					      first->plain);

		if (!x || x->n != first->n) {
			free(inst);
			c->inst = NULL;
			return false;
		}
		inst[i] = (struct fair_inst){
			.weight = x->weight,
			.demand = x->duty > 0 ? fmin(x->duty, x->ncpu) : fmin(x->threads, x->ncpu),
			.duty = x->duty,
			.floor = x->floor,
			.cap = x->cap,
			.start = x->start,
			.service = x->service,
		};
		if (clocks_off && x->task_ns > 0)
			*clocks_off = fmax(*clocks_off, fabs(x->service[x->n - 1] / x->task_ns - 1));
	}
	return true;
}

/* Those of D1 to D6, for the disk that the experiment has: 500 requests a second,
 * so one alone takes 2 ms. Files are written in large pieces; D4 is for half a minute. */
static double disk_goal_of(enum share_what w, bool capped, bool files)
{
	switch (w) {
	case SH_E1:
		return capped || files ? -1 : 0.05;
	case SH_E10:
		return capped || files ? -1 : 0.02;
	case SH_EALL:
		return 0.10;
	case SH_FLOOR:
		return 0.97 * 0.25;
	case SH_CAP:
		return 0.02;
	case SH_WC:
		return 0.97;
	case SH_P99:
		return 7e6;
	case SH_SYNC_X:
		return 10;
	default:
		return -1;
	}
}

/* Limits of fair-queueing goals C1 to C5; "indivisible": single threads only. */
static double goal_of(enum share_what w, const struct fair_case *c, bool disk, bool files)
{
	bool single = true, capped = false, duty = false;

	for (size_t i = 0; i < c->n; i++) {
		single &= c->inst[i].demand <= 1 && c->ncpu > 1;
		capped |= c->inst[i].cap > 0;
		duty |= c->inst[i].duty > 0;
	}
	if (disk)
		return disk_goal_of(w, capped, files);
	/* Who sleeps most of the time wants to be quick, and no share. */
	if (duty)
		return w == SH_P99 ? 6e6 : w == SH_WC ? 0.99 : -1;
	switch (w) {
	/* A limit has a burst, so its error over a second says nothing. */
	case SH_E1:
		return capped ? -1 : single ? 0.10 : 0.05;
	case SH_E10:
		return capped ? -1 : 0.01;
	case SH_LAG:
		return capped ? -1 : c->ncpu > 1 ? 50e6 : 8e6;
	case SH_JAIN:
		return capped ? -1 : 0.999;
	case SH_WC:
		return 0.99;
	case SH_FLOOR:
		return 0.24;
	case SH_CAP:
		return 0.01;
	default:
		return -1;
	}
}

static bool meets(enum share_what w, double v, double goal)
{
	switch (w) {
	case SH_JAIN:
	case SH_WC:
	case SH_FLOOR:
		return v >= goal;
	case SH_CAP:
		return fabs(v - 1) <= goal;
	default:
		return v <= goal;
	}
}

bool share_disturbed(const struct share *s, const struct share_cell *c)
{
	/* Counted instructions do not pass while the host does other things. */
	return s->run->accel != ACCEL_ICOUNT && c->late > SHARE_LATE;
}

/* The worst p99 of those with one request at a time, if others have more; of CPUs, of
 * those that were asked for one. */
static bool single_p99(const struct run *r, const struct series *first, double *p99)
{
	bool others = false;

	*p99 = 0;
	for (int i = 0; i < first->n_inst; i++) {
		const struct series *x = find(r, first->bench, first->side, first->boot, first->exec, i,
					      first->plain);

		if (x && (x->duty > 0 || (x->io_ns > 0 && x->threads == 1)))
			*p99 = fmax(*p99, x->p99);
		else if (x)
			others = true;
	}
	return others && *p99 > 0;
}

/* The largest error of a share by weight of all that was delivered. */
static double error_in_all(const struct fair_case *c)
{
	double all = 0, weights = 0, worst = 0;

	for (size_t i = 0; i < c->n; i++) {
		all += c->inst[i].service[c->n_samples - 1] - c->inst[i].service[0];
		weights += c->inst[i].weight;
	}
	for (size_t i = 0; i < c->n && all > 0; i++) {
		const double due = all * c->inst[i].weight / weights;

		worst = fmax(worst, fabs(c->inst[i].service[c->n_samples - 1] - c->inst[i].service[0] - due) / due);
	}
	return worst;
}

static void fill_cell(const struct share *s, const struct bench *b, int side, struct share_cell *cell)
{
	const struct run *r = s->run;
	const size_t ix = (size_t)(b - r->bench);
	const struct recs *rec = b->by_side[side];
	double *v[N_SHARE], *mean1, cap_window = INFINITY;
	size_t n[N_SHARE] = { 0 }, n_mean = 0;
	const char *kind = strrchr(b->id, '.');
	const bool files = kind && !strcmp(kind, ".files");

	cell->side = side;
	cell->by = "";
	mean1 = xcalloc(r->n_series + 1, sizeof(*mean1));
	for (int w = 0; w < N_SHARE; w++)
		v[w] = xcalloc(r->n_series + 1, sizeof(**v));
	for (size_t i = 0; i < r->n_series; i++) {
		const struct series *x = &r->series[i], *p;
		struct fair_case c, plain;
		struct fair_result res, base;
		bool capped = false;
		double p99;

		/* What must not be used is not. */
		if (rec && rec->status == ST_INVALID)
			break;
		/* One look at each repeat: at its first instance. */
		if (x->bench != ix || x->side != side || x->inst || x->plain ||
		    find(r, ix, side, x->boot, x->exec, 0, false) != x)
			continue;
		if (x->n_sync) {
			cell->by = x->by;
			cell->repeats++;
			v[SH_SYNC][n[SH_SYNC]++] = x->sync_ns / (double)x->n_sync;
			p = find(r, ix, side, x->boot, x->exec, 0, true);
			if (p && p->n_sync)
				v[SH_SYNC_X][n[SH_SYNC_X]++] = x->sync_ns / (double)x->n_sync /
							       (p->sync_ns / (double)p->n_sync);
			continue;
		}
		if (!load(r, x, &c, &cell->clocks_off))
			continue;
		if (fair_judge(&c, &res)) {
			free((void *)c.inst);
			continue;
		}
		cell->by = x->by;
		cell->late = fmax(cell->late, res.late);
		cell->repeats++;
		for (size_t k = 0; k < c.n; k++)
			capped |= c.inst[k].cap > 0;
		if (res.e1.windows) {
			v[SH_E1][n[SH_E1]++] = res.e1.max;
			mean1[n_mean++] = res.e1.mean;
		}
		if (res.e10.windows)
			v[SH_E10][n[SH_E10]++] = res.e10.max;
		if (files)
			v[SH_EALL][n[SH_EALL]++] = error_in_all(&c);
		v[SH_LAG][n[SH_LAG]++] = res.lag;
		v[SH_JAIN][n[SH_JAIN]++] = res.jain;
		if (x->io_ns > 0)
			v[SH_RATE][n[SH_RATE]++] = res.rate * 1e9 / x->io_ns;
		if (single_p99(r, x, &p99))
			v[SH_P99][n[SH_P99]++] = p99;
		if (res.floor_got >= 0)
			v[SH_FLOOR][n[SH_FLOOR]++] = res.floor_got;
		if (res.cap_got >= 0) {
			v[SH_CAP][n[SH_CAP]++] = res.cap_got;
			cap_window = fmin(cap_window, res.cap_window);
		}
		p = find(r, ix, side, x->boot, x->exec, 0, true);
		/* What a limit takes away is not lost work. */
		if (p && !capped && load(r, p, &plain, NULL)) {
			if (!fair_judge(&plain, &base) && base.rate > 0)
				v[SH_WC][n[SH_WC]++] = res.rate / base.rate;
			free((void *)plain.inst);
		}
		if (!cell->example.n) {
			cell->example = c;
			cell->example_inst = (struct fair_inst *)c.inst;
		} else {
			free((void *)c.inst);
		}
	}
	cell->mean1 = spread_of(mean1, n_mean);
	for (int w = 0; w < N_SHARE; w++) {
		cell->num[w] = spread_of(v[w], n[w]);
		cell->goal_value[w] = cell->example.n ? goal_of((enum share_what)w, &cell->example, s->disk, files) :
				      n[SH_SYNC_X]    ? disk_goal_of((enum share_what)w, false, false) :
							-1;
		/* The goal of a limit is one for the long run. */
		if (w == SH_CAP && cap_window < FAIR_LONG * 0.99)
			cell->goal_value[w] = -1;
		if (cell->num[w].n && cell->goal_value[w] >= 0 && !share_disturbed(s, cell))
			cell->goal[w] = meets((enum share_what)w, cell->num[w].median, cell->goal_value[w]) ?
						GOAL_MET :
						GOAL_MISSED;
		free(v[w]);
	}
	free(mean1);
	if (cell->repeats) {
		cell->status = rec && rec->status != ST_OK ? ST_PARTIAL : ST_OK;
		cell->why = rec && rec->why ? rec->why : "";
		return;
	}
	cell->status = rec && rec->status != ST_OK   ? rec->status :
		       r->side_status[side] != ST_OK ? r->side_status[side] :
						       ST_MISSING;
	cell->why = rec && rec->why	 ? rec->why :
		    r->side_why[side]	 ? r->side_why[side] :
					   "nothing was recorded";
}

/* Words for "1-2-4-8.t2". */
static char *label_of(const char *id)
{
	const char *name = strrchr(id, '.'), *threads;
	const bool disk = !strncmp(id, "share.disk.", 11);
	char *weights, *text;

	if (disk)
		id += 11;
	if (!strncmp(id, "share.cpu.", 10))
		id += 10;
	if (disk && !strcmp(id, "guarantee"))
		return xstrdup("25 % of the disk reserved, beside eight hogs of the same weight");
	if (disk && !strcmp(id, "limit"))
		return xstrdup("limited to 25 % of the disk, beside a hog");
	if (disk && !strcmp(id, "fsync"))
		return xstrdup("4 KiB and fsync, 50 times, beside one that writes files");
	if (!strcmp(id, "guarantee"))
		return xstrdup("25 % of the machine guaranteed, beside eight hogs of the same weight");
	if (!strcmp(id, "limit"))
		return xstrdup("limited to 25 % of a CPU, beside a hog");
	if (!strcmp(id, "wake"))
		return xstrdup("1 ms of work every 10 ms, beside eight hogs of the same weight");
	if (!name || (strncmp(name, disk ? ".q" : ".t", 2) && (!disk || strcmp(name, ".files"))))
		return xstrdup(id);
	threads = name + 2;
	weights = xstrdup(id);
	weights[name - id] = '\0';
	for (char *p = weights; *p; p++)
		*p = *p == '-' ? ':' : *p;
	if (!strcmp(name, ".files"))
		text = xasprintf("weights %s, writing files through the page cache", weights);
	else if (disk)
		text = xasprintf(strchr(threads, '-') ? "weights %s, requests at a time %s" :
							"weights %s, requests at a time %s each", weights, threads);
	else if (!strchr(threads, '-'))
		text = xasprintf("weights %s, %s thread%s each", weights, threads,
				 strcmp(threads, "1") ? "s" : "");
	else
		text = xasprintf("weights %s, threads %s", weights, threads);
	free(weights);
	return text;
}

static bool is_share(const struct run *r, size_t bench)
{
	return !strncmp(r->bench[bench].id, "share.cpu.", 10) ||
	       !strncmp(r->bench[bench].id, "share.disk.", 11);
}

struct share *share_make(const struct run *r)
{
	struct share *s = xcalloc(1, sizeof(*s));
	int order[MAX_SIDES];

	s->run = r;
	s->max_load = r->max_load;
	for (size_t i = 0; i < r->n_series; i++) {
		s->ncpu = r->series[i].ncpu;
		s->disk = r->series[i].io_ns > 0;
	}
	run_order(r, order);
	s->c = xcalloc(r->n_bench + 1, sizeof(*s->c));
	for (size_t i = 0; i < r->n_bench; i++) {
		struct share_case *c = &s->c[s->n_case];

		if (!is_share(r, i))
			continue;
		s->n_case++;
		c->b = &r->bench[i];
		c->label = label_of(c->b->id);
		c->n_cell = (size_t)r->n_sides;
		c->cell = xcalloc(c->n_cell + 1, sizeof(*c->cell));
		for (int k = 0; k < r->n_sides; k++)
			fill_cell(s, c->b, order[k], &c->cell[k]);
		for (int k = 0; k < r->n_sides; k++)
			s->late = fmax(s->late, c->cell[k].late);
	}
	return s;
}


void share_free(struct share *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_case; i++) {
		for (size_t k = 0; k < s->c[i].n_cell; k++)
			free(s->c[i].cell[k].example_inst);
		free(s->c[i].cell);
		free(s->c[i].label);
	}
	free(s->c);
	free(s);
}

void share_fmt(char *buf, size_t n, enum share_what w, double v)
{
	switch (w) {
	case SH_RATE:
		snprintf(buf, n, "%.0f", v);
		break;
	case SH_SYNC_X:
		snprintf(buf, n, "%.1f", v);
		break;
	case SH_LAG:
	case SH_P99:
	case SH_SYNC:
		snprintf(buf, n, v >= 99.95e6 ? "%.0f ms" : "%.1f ms", v / 1e6);
		break;
	case SH_JAIN:
		/* Never round up to the 1 that nobody reached. */
		snprintf(buf, n, "%.4f", floor(v * 1e4) / 1e4);
		break;
	case SH_WC:
	case SH_CAP:
		snprintf(buf, n, "%.3f", v);
		break;
	default:
		snprintf(buf, n, v >= 0.0995 ? "%.1f %%" : "%.2f %%", v * 100);
	}
}

void share_fmt_range(char *buf, size_t n, enum share_what w, const struct spread *x)
{
	char lo[32], hi[32], *unit;

	if (!x->n) {
		snprintf(buf, n, "-");
		return;
	}
	share_fmt(lo, sizeof(lo), w, x->lo);
	share_fmt(hi, sizeof(hi), w, x->hi);
	if (!strcmp(lo, hi)) {
		snprintf(buf, n, "%s", lo);
		return;
	}
	unit = strchr(lo, ' ');
	if (unit)
		*unit = '\0';
	snprintf(buf, n, "%s..%s", lo, hi);
}
