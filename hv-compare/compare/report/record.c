// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const accel_names[] = { "none", "kvm", "tcg", "tcg-icount" };

/* From ST_MISSING on they are ours: they cannot be recorded. */
static const char *const status_names[] = {
	"ok", "skip", "fail", "dnr", "unstable", "invalid", "no record", "partial",
};

static const struct unit units[] = {
	{ "ns/op", LOWER_BETTER },    { "us", LOWER_BETTER },	     { "ops/s", HIGHER_BETTER },
	{ "MB/s", HIGHER_BETTER },    { "Mb/s", HIGHER_BETTER },     { "sessions", HIGHER_BETTER },
	{ "bytes", LOWER_BETTER },    { "ratio", NO_RATIO },	     { "%", NO_RATIO },
	{ "instances", HIGHER_BETTER }, { "instr/op", LOWER_BETTER }, { "instr/kB", LOWER_BETTER },
};

/*
 * Keys without which a record cannot be used.  Others of the schema are shown
 * when present; the report does not need them.
 */
static const struct {
	const char *t;
	const char *key[14];
} required[] = {
	{ "run", { "v", "run", "suite", "seed", "argv", "plan", "started", "accel" } },
	{ "side", { "side" } },
	{ "env", { "side" } },
	{ "sample",
	  { "bench", "side", "inst", "n_inst", "boot", "exec", "iter", "phase", "order", "unit",
	    "value", "ops", "ns" } },
	{ "verdict", { "bench", "side", "status" } },
	{ "event", { "side", "kind" } },
	{ "series", { "bench", "side" } },
	{ "footprint", { "part" } },
	{ "hist", { "bench", "side" } },
	{ "end", { "rc" } },
};

const char *status_name(enum status s)
{
	return status_names[s];
}

const char *accel_name(enum accel a)
{
	return accel_names[a];
}

bool emulated(const struct run *r)
{
	return r->accel == ACCEL_TCG || r->accel == ACCEL_ICOUNT;
}

const char *run_banner(const struct run *r)
{
	switch (r->accel) {
	case ACCEL_ICOUNT:
		return r->synthetic ? "SYNTHETIC TEST DATA. EMULATED: instruction counts, not time" :
				      "EMULATED: instruction counts, not time";
	case ACCEL_TCG:
		return r->synthetic ? "SYNTHETIC TEST DATA. EMULATED: timing not meaningful" :
				      "EMULATED: timing not meaningful";
	default:
		return r->synthetic ? "SYNTHETIC TEST DATA" : NULL;
	}
}

const char *run_banner_short(const struct run *r)
{
	struct run plain = *r;

	plain.synthetic = false;
	return run_banner(emulated(r) ? &plain : r);
}

static const struct unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

int run_side(const struct run *r, const char *name)
{
	json_t *i = json_object_get(r->side_ix, name);

	return i ? (int)json_integer_value(i) : -1;
}

static int side_intern(struct run *r, const char *name)
{
	int i = run_side(r, name);

	if (i >= 0)
		return i;
	if (r->n_sides == MAX_SIDES)
		return -1;
	i = r->n_sides++;
	r->side[i] = xstrdup(name);
	r->info[i].order = INT_MAX;
	json_object_set_new(r->side_ix, name, json_integer(i));
	return i;
}

static struct bench *bench_intern(struct run *r, const char *id)
{
	json_t *i = json_object_get(r->bench_ix, id);

	if (i)
		return &r->bench[json_integer_value(i)];
	/* Grow by doubling: capacity is the next power of two. */
	if (!(r->n_bench & (r->n_bench - 1)))
		r->bench = xrealloc(r->bench, r->n_bench ? 2 * r->n_bench : 1, sizeof(*r->bench));
	memset(&r->bench[r->n_bench], 0, sizeof(*r->bench));
	r->bench[r->n_bench].id = xstrdup(id);
	json_object_set_new(r->bench_ix, id, json_integer((json_int_t)r->n_bench));
	return &r->bench[r->n_bench++];
}

static struct recs *recs_of(struct bench *b, int side)
{
	if (!b->by_side[side])
		b->by_side[side] = xcalloc(1, sizeof(*b->by_side[side]));
	return b->by_side[side];
}

/* What is wrong with a record; the caller adds file and line. */
struct bad {
	char text[200];
};

static int bad(struct bad *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(struct bad *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int get_str(const json_t *o, const char *key, const char **out, struct bad *e)
{
	const json_t *v = json_object_get(o, key);

	*out = json_string_value(v);
	if (!*out || !**out)
		return bad(e, "\"%s\" must be a non-empty string", key);
	return 0;
}

static int get_int(const json_t *o, const char *key, int *out, struct bad *e)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT_MAX)
		return bad(e, "\"%s\" must be an integer from 0 to %d", key, INT_MAX);
	*out = (int)json_integer_value(v);
	return 0;
}

/* A number, or a decimal string for what a double cannot hold exactly. */
static int get_value(const json_t *o, const char *key, double *out, struct bad *e)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_number(v)) {
		*out = json_number_value(v);
	} else if (json_is_string(v)) {
		const char *s = json_string_value(v);
		char *end;

		*out = strtod(s, &end);
		/* strtod() also knows "nan" and "0x": only decimals are ours. */
		if (!*s || *end || strspn(s, "0123456789+-.eE") != strlen(s))
			return bad(e, "\"%s\" is not a decimal number", key);
	} else {
		return bad(e, "\"%s\" must be a number", key);
	}
	if (!isfinite(*out))
		return bad(e, "\"%s\" is not finite", key);
	return 0;
}

static int check_accel(const struct run *r, const json_t *o, struct bad *e)
{
	const char *a = json_string_value(json_object_get(o, "accel"));

	if (a && r->head && strcmp(a, accel_names[r->accel]))
		return bad(e, "accel \"%s\" in a run with accel \"%s\": they cannot share a report", a,
			   accel_names[r->accel]);
	return 0;
}

static int on_run(struct run *r, json_t *o, struct bad *e)
{
	const char *accel;
	json_t *v = json_object_get(o, "v"), *p, *list;
	size_t i;

	if (!json_is_integer(v) || json_integer_value(v) != 1)
		return bad(e, "schema \"v\" is not 1");
	if (r->head)
		return bad(e, "a second run record: one file holds one run");
	if (get_str(o, "run", &r->id, e) || get_str(o, "started", &r->started, e) ||
	    get_str(o, "accel", &accel, e))
		return -1;
	for (i = 0; i < 4 && strcmp(accel_names[i], accel); i++)
		;
	if (i == 4)
		return bad(e, "unknown accel \"%s\"", accel);
	r->accel = (enum accel)i;
	if (r->accel == ACCEL_ICOUNT) {
		if (get_int(o, "icount_shift", &r->shift, e))
			return -1;
		if (r->shift > 10)
			return bad(e, "icount_shift %d: at most 10", r->shift);
	}
	r->head = json_incref(o);
	r->synthetic = json_is_true(json_object_get(o, "synthetic"));

	p = json_object_get(o, "plan");
	r->profile = json_string_value(json_object_get(p, "profile"));
	if (!r->profile)
		r->profile = json_string_value(json_object_get(o, "profile"));
	if (!r->profile)
		r->profile = "";
	/* What was planned is listed even when nothing came of it. */
	list = json_object_get(p, "sides");
	json_array_foreach(list, i, v)
		if (json_is_string(v) && side_intern(r, json_string_value(v)) < 0)
			return bad(e, "more than %d sides", MAX_SIDES);
	list = json_object_get(p, "benches");
	json_array_foreach(list, i, v)
		if (json_is_string(v))
			bench_intern(r, json_string_value(v));
	return 0;
}

/* "#rrggbb" or missing: it becomes part of a style sheet, so nothing else will do. */
static int get_colour(const json_t *o, const char *key, char out[8], struct bad *e)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);

	if (!v)
		return 0;
	if (!s || strlen(s) != 7 || *s != '#' || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
		return bad(e, "\"%s\" must be a colour #rrggbb", key);
	memcpy(out, s, 8);
	return 0;
}

static int on_side(struct run *r, json_t *o, struct bad *e)
{
	struct side_info *info, got = { .order = INT_MAX };
	const char *name, *label = NULL;
	int side;

	if (get_str(o, "side", &name, e) ||
	    (json_object_get(o, "order") && get_int(o, "order", &got.order, e)) ||
	    (json_object_get(o, "label") && get_str(o, "label", &label, e)) ||
	    get_colour(o, "colour", got.colour, e) || get_colour(o, "colour_dark", got.dark, e))
		return -1;
	side = side_intern(r, name);
	if (side < 0)
		return bad(e, "more than %d sides", MAX_SIDES);
	info = &r->info[side];
	free(info->label);
	*info = got;
	info->label = label ? xstrdup(label) : NULL;
	return 0;
}

static int on_sample(struct run *r, json_t *o, struct bad *e)
{
	const char *id, *side_name, *phase, *unit_name;
	const struct unit *u;
	struct sample s;
	struct bench *b;
	struct recs *c;
	int side;

	if (check_accel(r, o, e) || get_str(o, "bench", &id, e) || get_str(o, "side", &side_name, e) ||
	    get_str(o, "phase", &phase, e) || get_str(o, "unit", &unit_name, e) ||
	    get_int(o, "boot", &s.boot, e) || get_int(o, "exec", &s.exec, e) ||
	    get_int(o, "iter", &s.iter, e) || get_int(o, "inst", &s.inst, e) ||
	    get_value(o, "value", &s.value, e))
		return -1;
	u = unit_find(unit_name);
	if (!u)
		return bad(e, "unit \"%s\" is not in the closed list", unit_name);
	side = side_intern(r, side_name);
	if (side < 0)
		return bad(e, "more than %d sides", MAX_SIDES);
	b = bench_intern(r, id);
	if (!b->unit)
		b->unit = u;
	else if (b->unit != u)
		return bad(e, "unit \"%s\" after \"%s\" in bench \"%s\"", unit_name, b->unit->name, id);
	c = recs_of(b, side);
	if (!strcmp(phase, "warmup")) {
		c->n_warmup++;
		r->n_warmup++;
		return 0;
	}
	if (strcmp(phase, "measure"))
		return bad(e, "unknown phase \"%s\"", phase);
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 16;
		c->s = xrealloc(c->s, c->cap, sizeof(*c->s));
	}
	c->s[c->n++] = s;
	r->n_samples++;
	if (s.inst > r->max_inst)
		r->max_inst = s.inst;
	return 0;
}

/* An optional number that is not negative; 0 when it is not there. */
static int get_part(const json_t *o, const char *key, double *out, struct bad *e)
{
	*out = 0;
	if (!json_object_get(o, key))
		return 0;
	if (get_value(o, key, out, e))
		return -1;
	return *out >= 0 ? 0 : bad(e, "\"%s\" is negative", key);
}

/*
 * A hypervisor adds to the account of a domain what its running CPU has used by
 * the clock of the CPU that asks, and such clocks differ: seen with Xen in an
 * emulated machine on a busy host, 17 ms. More than a step of a series is a mistake.
 */
#define SERVICE_BACK 100e6

/*
 * A series of calls of fsync, by one instance alone ("plain" here) or beside another.
 */
static int on_syncs(struct run *r, json_t *o, struct bad *e)
{
	const json_t *ns = json_object_get(o, "sync_ns");
	const char *id, *side_name, *phase, *by;
	struct series s = { .n_inst = 1, .ncpu = 1, .weight = 1, .threads = 1, .io_ns = 1 };

	if (check_accel(r, o, e) || get_str(o, "bench", &id, e) || get_str(o, "side", &side_name, e) ||
	    get_str(o, "phase", &phase, e) || get_str(o, "by", &by, e) || get_int(o, "boot", &s.boot, e) ||
	    get_int(o, "exec", &s.exec, e))
		return -1;
	s.n_sync = json_array_size(ns);
	if (!s.n_sync)
		return bad(e, "\"sync_ns\" must be an array that is not empty");
	for (size_t i = 0; i < s.n_sync; i++) {
		const json_t *a = json_array_get(ns, i);

		if (!json_is_integer(a) || json_integer_value(a) <= 0)
			return bad(e, "\"sync_ns\" must hold times");
		s.sync_ns += json_number_value(a);
	}
	s.side = side_intern(r, side_name);
	if (s.side < 0)
		return bad(e, "more than %d sides", MAX_SIDES);
	s.bench = (size_t)(bench_intern(r, id) - r->bench);
	s.plain = !strcmp(phase, "alone");
	snprintf(s.by, sizeof(s.by), "%s", by);
	if (!(r->n_series & (r->n_series - 1)))
		r->series = xrealloc(r->series, r->n_series ? 2 * r->n_series : 1, sizeof(*r->series));
	r->series[r->n_series++] = s;
	return 0;
}

/*
 * A piece of a series: samples "from" onwards of what one instance got. A
 * series without "service_ns" is of another kind and not looked at, but for those of
 * fsync.
 */
static int on_series(struct run *r, json_t *o, struct bad *e)
{
	const json_t *t = json_object_get(o, "t_ns"), *service = json_object_get(o, "service_ns");
	const char *id, *side_name, *phase, *by;
	struct series s = { 0 }, *into = NULL;
	int from, ncpu, weight, threads;
	size_t n;

	if (!service && json_object_get(o, "sync_ns"))
		return on_syncs(r, o, e);
	if (!service) {
		r->n_unknown++;
		return 0;
	}
	if (check_accel(r, o, e) || get_str(o, "bench", &id, e) || get_str(o, "side", &side_name, e) ||
	    get_str(o, "phase", &phase, e) || get_str(o, "by", &by, e) || get_int(o, "boot", &s.boot, e) ||
	    get_int(o, "exec", &s.exec, e) || get_int(o, "inst", &s.inst, e) ||
	    get_int(o, "n_inst", &s.n_inst, e) || get_int(o, "from", &from, e) ||
	    get_int(o, "ncpu", &ncpu, e) || get_int(o, "weight", &weight, e) ||
	    get_int(o, "threads", &threads, e) || get_part(o, "floor", &s.floor, e) ||
	    get_part(o, "cap", &s.cap, e) || get_part(o, "start_ns", &s.start, e) ||
	    get_part(o, "task_ns", &s.task_ns, e) || get_part(o, "io_ns", &s.io_ns, e) ||
	    get_part(o, "self_ns", &s.self, e) || get_part(o, "duty", &s.duty, e) ||
	    get_part(o, "p99_ns", &s.p99, e))
		return -1;
	n = json_array_size(t);
	if (!n || n != json_array_size(service))
		return bad(e, "\"t_ns\" and \"service_ns\" must be arrays of the same length");
	if (!ncpu || !weight || !threads || s.inst >= s.n_inst || s.n_inst > MAX_INST)
		return bad(e, "a series of no instance, CPU, weight or thread");
	s.side = side_intern(r, side_name);
	if (s.side < 0)
		return bad(e, "more than %d sides", MAX_SIDES);
	{
		const struct bench *b = bench_intern(r, id); /* may move them all */

		s.bench = (size_t)(b - r->bench);
	}
	s.plain = !strcmp(phase, "plain");
	s.ncpu = ncpu, s.weight = weight, s.threads = threads;
	snprintf(s.by, sizeof(s.by), "%s", by);
	/* Pieces follow each other closely: the search is short. */
	for (size_t i = r->n_series; from && i-- && !into;) {
		struct series *x = &r->series[i];

		if (x->bench == s.bench && x->side == s.side && x->boot == s.boot && x->exec == s.exec &&
		    x->inst == s.inst && x->plain == s.plain && x->n == (size_t)from)
			into = x;
	}
	if (from && !into)
		return bad(e, "samples from %d of a series without those before", from);
	if (!into) {
		if (!(r->n_series & (r->n_series - 1)))
			r->series = xrealloc(r->series, r->n_series ? 2 * r->n_series : 1, sizeof(*r->series));
		into = &r->series[r->n_series++];
		*into = s;
	}
	if (into->n + n > into->room) {
		into->room = into->n + n > 2 * into->room ? into->n + n : 2 * into->room;
		into->t = xrealloc(into->t, into->room, sizeof(*into->t));
		into->service = xrealloc(into->service, into->room, sizeof(*into->service));
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *a = json_array_get(t, i), *b = json_array_get(service, i);
		size_t k = into->n;

		if (!json_is_integer(a) || !json_is_integer(b))
			return bad(e, "\"t_ns\" and \"service_ns\" must hold integers");
		into->t[k] = json_number_value(a);
		into->service[k] = json_number_value(b);
		if (k && into->t[k] <= into->t[k - 1])
			return bad(e, "\"t_ns\" goes back at sample %zu", k);
		if (k && into->service[k] < into->service[k - 1] - SERVICE_BACK)
			return bad(e, "\"service_ns\" goes back at sample %zu", k);
		into->n++;
	}
	return 0;
}

/* What was left undone is done after this. */
static void on_resume(struct run *r)
{
	for (size_t i = 0; i < r->n_bench; i++)
		for (int s = 0; s < r->n_sides; s++) {
			struct recs *c = r->bench[i].by_side[s];

			if (!c || c->status != ST_SKIP || strncmp(c->why, "interrupted", 11))
				continue;
			c->status = ST_OK;
			free(c->why);
			c->why = NULL;
		}
}

/* Sizes are whole numbers that are not below nothing; one line for a part. */
static int on_footprint(struct run *r, json_t *o, struct bad *e)
{
	static const char *const keys[] = { "text", "data", "bss", "file", "lines", "changed" };
	const char *part;

	if (get_str(o, "part", &part, e))
		return -1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const json_t *v = json_object_get(o, keys[i]);

		if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
			return bad(e, "\"%s\" of footprint \"%s\" is no size", keys[i], part);
	}
	json_array_append(r->footprint, o);
	return 0;
}

static int on_verdict(struct run *r, json_t *o, struct bad *e)
{
	const char *id, *side_name, *status, *why;
	enum status st;
	struct recs *c;
	int side;

	if (get_str(o, "bench", &id, e) || get_str(o, "side", &side_name, e) ||
	    get_str(o, "status", &status, e))
		return -1;
	for (st = ST_OK; st < ST_MISSING && strcmp(status_names[st], status); st++)
		;
	if (st == ST_MISSING)
		return bad(e, "unknown status \"%s\"", status);
	why = json_string_value(json_object_get(o, "why"));
	if (st != ST_OK && (!why || !*why))
		return bad(e, "status \"%s\" without \"why\"", status);
	side = side_intern(r, side_name);
	if (side < 0)
		return bad(e, "more than %d sides", MAX_SIDES);
	if (!strcmp(id, "*")) {
		free(r->side_why[side]);
		r->side_why[side] = why ? xstrdup(why) : NULL;
		r->side_status[side] = st;
		return 0;
	}
	c = recs_of(bench_intern(r, id), side);
	/*
	 * The worst word wins: a later "ok" of another execution does not undo
	 * an earlier "invalid".
	 */
	if (st == ST_OK || (c->status != ST_OK && c->status != ST_UNSTABLE && st == ST_UNSTABLE))
		return 0;
	c->status = st;
	free(c->why);
	c->why = xstrdup(why);
	return 0;
}

static int on_record(struct run *r, json_t *o, json_t *events, struct bad *e)
{
	const char *t = json_string_value(json_object_get(o, "t")), *side, *kind;
	size_t i;

	if (!t)
		return bad(e, "no record type \"t\"");
	for (i = 0; i < sizeof(required) / sizeof(*required) && strcmp(required[i].t, t); i++)
		;
	if (i == sizeof(required) / sizeof(*required)) {
		r->n_unknown++;
		return 0;
	}
	for (const char *const *k = required[i].key; *k; k++)
		if (!json_object_get(o, *k))
			return bad(e, "%s record without required key \"%s\"", t, *k);

	if (!strcmp(t, "sample"))
		return on_sample(r, o, e);
	if (!strcmp(t, "run"))
		return on_run(r, o, e);
	if (!strcmp(t, "verdict"))
		return on_verdict(r, o, e);
	if (!strcmp(t, "side"))
		return on_side(r, o, e);
	if (!strcmp(t, "footprint"))
		return on_footprint(r, o, e);
	if (!strcmp(t, "series"))
		return on_series(r, o, e);
	if (!strcmp(t, "env")) {
		if (check_accel(r, o, e) || get_str(o, "side", &side, e))
			return -1;
		if (side_intern(r, side) < 0)
			return bad(e, "more than %d sides", MAX_SIDES);
		/* One machine state per side is shown: that of its first boot. */
		if (!json_object_get(r->env, side))
			json_object_set(r->env, side, o);
	} else if (!strcmp(t, "event")) {
		if (get_str(o, "side", &side, e) || get_str(o, "kind", &kind, e))
			return -1;
		if (json_is_number(json_object_get(o, "host_load")) &&
		    json_number_value(json_object_get(o, "host_load")) > r->max_load)
			r->max_load = json_number_value(json_object_get(o, "host_load"));
		if (!strcmp(kind, "resume"))
			on_resume(r);
		if (!strcmp(kind, "oom") || !strcmp(kind, "timeout") ||
		    !strcmp(kind, "dmesg") || !strcmp(kind, "again")) {
			char *key = xasprintf("%s on %s", kind, side);
			json_int_t n = json_integer_value(json_object_get(events, key));

			json_object_set_new(events, key, json_integer(n + 1));
			free(key);
		}
	} else if (!strcmp(t, "end")) {
		json_decref(r->end);
		r->end = json_incref(o);
	}
	return 0;
}

/*
 * Guest time under -icount counts instructions: 1 ns = 2^-shift instructions.
 * Show what was counted.  A rate becomes its cost, so that it stays a count.
 */
static void convert_icount(struct run *r)
{
	double per_ns = ldexp(1, -r->shift);

	for (size_t i = 0; i < r->n_bench; i++) {
		struct bench *b = &r->bench[i];
		const char *from, *to = "instr/op";
		double mul = 0, inverse = 0;

		if (!b->unit)
			continue;
		from = b->unit->name;
		if (!strcmp(from, "ns/op"))
			mul = per_ns;
		else if (!strcmp(from, "us"))
			mul = 1e3 * per_ns;
		else if (!strcmp(from, "ops/s"))
			inverse = 1e9 * per_ns;
		else if (!strcmp(from, "MB/s"))		/* 1 MB/s is 1 kB per 1e6 ns */
			inverse = 1e6 * per_ns, to = "instr/kB";
		else if (!strcmp(from, "Mb/s"))
			inverse = 8e6 * per_ns, to = "instr/kB";
		else
			continue;
		b->unit = unit_find(to);
		for (int s = 0; s < r->n_sides; s++) {
			struct recs *c = b->by_side[s];

			for (size_t k = 0; c && k < c->n; k++) {
				if (!inverse) {
					c->s[k].value *= mul;
				} else if (c->s[k].value > 0) {
					c->s[k].value = inverse / c->s[k].value;
				} else {
					/* Nothing moved: there is no cost per byte. */
					c->status = ST_INVALID;
					free(c->why);
					c->why = xstrdup("a rate of zero was recorded");
					break;
				}
			}
		}
	}
}

static int cmp_sample(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

#define BY(field)                            \
	if (x->field != y->field)            \
		return x->field < y->field ? -1 : 1
	BY(boot);
	BY(exec);
	BY(inst);
	BY(iter);
	BY(value);
#undef BY
	return 0;
}

/* Order the samples of each cell; a key recorded twice counts once. */
static void settle(struct run *r)
{
	for (size_t i = 0; i < r->n_bench; i++)
		for (int s = 0; s < r->n_sides; s++) {
			struct recs *c = r->bench[i].by_side[s];
			size_t keep = 0;

			if (!c || !c->n)
				continue;
			qsort(c->s, c->n, sizeof(*c->s), cmp_sample);
			for (size_t k = 0; k < c->n; k++) {
				struct sample *x = &c->s[k], *y = keep ? &c->s[keep - 1] : NULL;

				if (y && x->boot == y->boot && x->exec == y->exec &&
				    x->inst == y->inst && x->iter == y->iter)
					r->n_duplicates++;
				else
					c->s[keep++] = *x;
			}
			c->n = keep;
		}
}

static void collect_warnings(struct run *r, json_t *events, long long end_at)
{
	const char *key, *sum;
	json_t *v;

	if (!r->end) {
		strlist_add(&r->warn, "the run has no end record: it was stopped early or is still going");
	} else {
		json_int_t rc = json_integer_value(json_object_get(r->end, "rc"));
		char hex[65];

		if (rc)
			strlist_add(&r->warn, "the run ended with code %lld", (long long)rc);
		sum = json_string_value(json_object_get(r->end, "sha256"));
		if (sum && !sha256_file(r->path, end_at, hex) && strcmp(sum, hex))
			strlist_add(&r->warn, "the records were changed after the run: their sha256 is not the one in the end record");
	}
	json_object_foreach(events, key, v)
		strlist_add(&r->warn, "event: %s, %lld times", key, (long long)json_integer_value(v));
	if (r->n_unknown)
		strlist_add(&r->warn, "%zu records of unknown type ignored", r->n_unknown);
	if (r->n_duplicates)
		strlist_add(&r->warn, "%zu samples were recorded twice; one of each counts", r->n_duplicates);
}

struct run *run_read(const char *path)
{
	struct run *r = xcalloc(1, sizeof(*r));
	json_t *events = json_object();
	long long at = 0, end_at = 0;
	char *line = NULL;
	size_t cap = 0;
	FILE *f = NULL;
	struct bad e;
	ssize_t len;

	r->path = xstrdup(path);
	r->max_load = -1;
	r->bench_ix = json_object();
	r->side_ix = json_object();
	r->footprint = json_array();
	r->env = json_object();

	f = fopen(path, "re");
	if (!f || sha256_file(path, -1, r->sha256)) {
		complain("cannot read %s: %s", path, strerror(errno));
		goto fail;
	}
	while ((len = getline(&line, &cap, f)) > 0) {
		bool whole = line[len - 1] == '\n';
		json_error_t je;
		json_t *o, *had = r->end;
		int rc;

		r->n_lines++;
		if (whole)
			len--;
		/* Blank lines mean nothing. */
		if (strspn(line, " \t\r") == (size_t)len) {
			at += len + whole;
			continue;
		}
		o = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, &je);
		if (!o) {
			if (!whole) {
				strlist_add(&r->warn, "line %zu, the last one, is truncated and was dropped",
					    r->n_lines);
				break;
			}
			complain("%s:%zu: not JSON: %s", path, r->n_lines, je.text);
			goto fail;
		}
		rc = json_is_object(o) ? on_record(r, o, events, &e) : bad(&e, "not a JSON object");
		if (r->end != had)
			end_at = at;
		json_decref(o);
		if (rc) {
			complain("%s:%zu: %s", path, r->n_lines, e.text);
			goto fail;
		}
		at += len + whole;
	}
	if (ferror(f)) {
		complain("cannot read %s: %s", path, strerror(errno));
		goto fail;
	}
	if (!r->head) {
		complain("%s: no run record: this is not a run.jsonl", path);
		goto fail;
	}
	settle(r);
	if (r->accel == ACCEL_ICOUNT)
		convert_icount(r);
	collect_warnings(r, events, end_at);
	free(line);
	fclose(f);
	json_decref(events);
	return r;

fail:
	free(line);
	if (f)
		fclose(f);
	json_decref(events);
	run_free(r);
	return NULL;
}

void run_free(struct run *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_bench; i++) {
		for (int s = 0; s < r->n_sides; s++)
			if (r->bench[i].by_side[s]) {
				free(r->bench[i].by_side[s]->s);
				free(r->bench[i].by_side[s]->why);
				free(r->bench[i].by_side[s]);
			}
		free(r->bench[i].id);
	}
	for (size_t i = 0; i < r->n_series; i++) {
		free(r->series[i].t);
		free(r->series[i].service);
	}
	free(r->series);
	for (int s = 0; s < r->n_sides; s++) {
		free(r->side[s]);
		free(r->info[s].label);
		free(r->side_why[s]);
	}
	free(r->bench);
	json_decref(r->bench_ix);
	json_decref(r->side_ix);
	json_decref(r->footprint);
	json_decref(r->env);
	json_decref(r->end);
	json_decref(r->head);
	strlist_free(&r->warn);
	free(r->path);
	free(r);
}

void run_order(const struct run *r, int order[MAX_SIDES])
{
	for (int i = 0; i < r->n_sides; i++) {
		int j = i;

		for (; j > 0 && r->info[order[j - 1]].order > r->info[i].order; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
}
