// SPDX-License-Identifier: GPL-2.0-or-later
#include "many.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fmt_scaled(char *buf, size_t n, double v, const char *const *suffix, double base)
{
	double x = fabs(v);
	int i = 0;

	while (x >= base && suffix[i + 1]) {
		x /= base;
		v /= base;
		i++;
	}
	/* Four significant digits, and never an exponent below 1e9. */
	if (x >= 1e6)
		snprintf(buf, n, "%.3g%s", v, suffix[i]);
	else
		snprintf(buf, n, "%.*f%s", x < 10 ? 3 : x < 100 ? 2 : 1, v, suffix[i]);
}

void fmt_value(char *buf, size_t n, double v, const struct unit *u, bool ascii)
{
	static const char *const times[] = { " ns", " us", " ms", " s", NULL };
	static const char *const times_utf8[] = { " ns", " \302\265s", " ms", " s", NULL };
	static const char *const counts[] = { "", "k", "M", "G", NULL };
	static const char *const per_kb[] = { "/kB", "k/kB", "M/kB", NULL };
	const char *const *suffix = ascii ? times : times_utf8;
	const char *name = u ? u->name : "";
	size_t len;

	if (!strcmp(name, "ns/op")) {
		fmt_scaled(buf, n, v, suffix, 1000);
	} else if (!strcmp(name, "us")) {
		fmt_scaled(buf, n, v, suffix + 1, 1000);
	} else if (!strcmp(name, "instr/op")) {
		fmt_scaled(buf, n, v, counts, 1000);
	} else if (!strcmp(name, "instr/kB")) {
		fmt_scaled(buf, n, v, per_kb, 1000);
	} else {
		fmt_scaled(buf, n, v, counts, 1000);
		len = strlen(buf);
		snprintf(buf + len, n - len, " %s", name);
	}
}

void fmt_ratio(char *buf, size_t n, double v)
{
	if (v >= 1e6)
		snprintf(buf, n, "%.3g", v);
	else
		snprintf(buf, n, "%.*f", v < 10 ? 4 : v < 100 ? 2 : 1, v);
}

void fmt_bound(char *buf, size_t n, double v, int prec)
{
	if (v >= 1e6) {
		snprintf(buf, n, "%.3g", v);
		return;
	}
	if (v >= 10)
		prec = v < 100 ? 1 : 0;
	snprintf(buf, n, "%.*f", prec, v);
}

void fmt_interval(char *buf, size_t n, const struct interval *iv, int prec)
{
	char lo[40], hi[40];

	if (iv->kind == IV_NONE) {
		snprintf(buf, n, "%s", "");
		return;
	}
	fmt_bound(lo, sizeof(lo), iv->lo, prec);
	fmt_bound(hi, sizeof(hi), iv->hi, prec);
	snprintf(buf, n, iv->kind == IV_CI ? "[%s %s]" : "{%s %s}", lo, hi);
}

char verdict_mark(enum verdict v)
{
	return " =+-?"[v];
}

/* Add to a comma separated list in *s. */
static void add(char **s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(char **s, const char *fmt, ...)
{
	char *more, *both;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&more, fmt, ap) < 0)
		more = xstrdup("");
	va_end(ap);
	both = xasprintf("%s%s%s", *s ? *s : "", *s ? ", " : "", more);
	free(more);
	free(*s);
	*s = both;
}

char *tally_words(const struct tally *t)
{
	char *s = NULL;

	for (enum verdict v = V_SAME; v <= V_UNDECIDED; v++)
		if (t->n[v])
			add(&s, "%zu %s", t->n[v], verdict_name(v));
	for (enum status st = ST_OK; st <= ST_MISSING; st++)
		if (t->no_result[st])
			add(&s, "%zu %s", t->no_result[st], st == ST_DNR ? "DNR" : status_name(st));
	return s ? s : xstrdup("nothing to compare");
}

const char *quantity(const struct run *r)
{
	return r->accel == ACCEL_ICOUNT ? "instructions" : "time";
}

char *machine_line(const struct analysis *a)
{
	const struct run *r = a->run;
	json_t *env = json_object_get(r->env, r->side[a->base]);
	const char *cpu = env_string(r, a->base, "cpu.model"), *kernel, *host;
	json_int_t cores = json_integer_value(json_path(env, "cpu.cores"));
	json_t *mem = json_path(env, "mem.total");
	long kb;
	char *s = NULL, *k;

	if (*cpu)
		add(&s, "%s", cpu);
	if (cores)
		add(&s, "%lld CPU", (long long)cores);
	if (json_is_string(mem) && sscanf(json_string_value(mem), "%ld kB", &kb) == 1)
		add(&s, "%ld MiB", kb / 1024);
	else if (json_is_integer(mem))
		add(&s, "%.0f MiB", (double)json_integer_value(mem) / 1048576);
	kernel = env_string(r, a->base, "kernel.release");
	if (!*kernel)
		kernel = env_string(r, a->base, "kernel.uname");
	if (!*kernel)
		kernel = env_string(r, a->base, "kernel");
	if (*kernel) {
		/* uname -a says "Linux HOST RELEASE ...": only the release is wanted. */
		k = xstrdup(kernel);
		if (!strncmp(k, "Linux ", 6)) {
			char *save = NULL, *word = strtok_r(k, " ", &save);

			word = strtok_r(NULL, " ", &save);
			word = strtok_r(NULL, " ", &save);
			if (word)
				kernel = word;
		}
		add(&s, "Linux %s", kernel);
		free(k);
	}
	if (!s)
		s = xstrdup("machine not recorded");
	add(&s, "accel %s", accel_name(r->accel));
	host = json_string_value(json_path(r->head, "host.cpu"));
	if (host && strcmp(host, cpu))
		add(&s, "%s %s", emulated(r) ? "emulated on" : "host", host);
	add(&s, "%.10s", r->started);
	if (*r->profile)
		add(&s, "%s", r->profile);
	if (a->min_exec == a->max_exec)
		add(&s, "n=%zu", a->max_exec);
	else
		add(&s, "n=%zu to %zu", a->min_exec, a->max_exec);
	return s;
}

char *cost_words(const struct analysis *a, const struct tally *t, bool full)
{
	double ratio = t->geomean, off = t->iv.hi - 1 > 1 - t->iv.lo ? t->iv.hi - 1 : 1 - t->iv.lo;
	bool count = a->run->accel == ACCEL_ICOUNT;
	const char *what = !full ? "" : count ? " instructions" : " time";
	double pct = (ratio - 1) * 100;

	if (ratio >= 1.5)
		return xasprintf("%.2f times as %s%s", ratio, count ? "many" : "much", what);
	if (t->iv.lo <= 1 && t->iv.hi >= 1)
		return xasprintf("%s to within %.2g %%", count ? "as many instructions" : "as much time", off * 100);
	return xasprintf("%.*f %% %s%s", fabs(pct) < 1 ? 2 : 1, fabs(pct),
			 pct > 0 ? "more" : count ? "fewer" : "less", what);
}

char *headline(const struct analysis *a)
{
	const struct run *r = a->run;
	char *s = NULL, *none = NULL, *out;

	for (int k = 1; k < a->n_shown; k++) {
		const struct tally *t = &a->tally[a->shown[k]][G_ALL];
		char *w;

		if (!t->has) {
			add(&none, "%s", r->side[a->shown[k]]);
			continue;
		}
		w = cost_words(a, t, !s);
		add(&s, "%s on %s", w, r->side[a->shown[k]]);
		free(w);
	}
	if (!s) {
		free(none);
		return xstrdup("Nothing could be compared with the baseline.");
	}
	out = xasprintf("Next to %s, an operation needs %s (geometric means).", r->side[a->base], s);
	free(s);
	if (a->claim.has) {
		char lost[24] = "none", *more;

		if (a->claim.n[V_FASTER])
			snprintf(lost, sizeof(lost), "%zu", a->claim.n[V_FASTER]);
		more = xasprintf("%s %s beats %s on %zu of %zu rows and loses on %s.", out,
				       r->side[a->claim_ctx], r->side[a->claim_vmm], a->claim.n[V_SLOWER],
				       a->claim.compared, lost);

		free(out);
		out = more;
	}
	if (none) {
		char *more = xasprintf("%s No result from %s.", out, none);

		free(none);
		free(out);
		out = more;
	}
	return out;
}

const char *beside_words(const struct analysis *b)
{
	switch (b->run->accel) {
	case ACCEL_ICOUNT:
		return "instructions";
	case ACCEL_TCG:
		return "emulated time";
	default:
		return "time";
	}
}

const struct tally *beside_tally(const struct analysis *a, int side, int group)
{
	const struct analysis *b = a->beside;
	int other;

	if (!b)
		return NULL;
	other = run_side(b->run, a->run->side[side]);
	/* A side of the other suffix has no tally. */
	if (other < 0 || !b->tally[other][group].rows)
		return NULL;
	return &b->tally[other][group];
}

char *evidence_words(const struct analysis *a)
{
	const struct run *r = a->run;
	char *s = NULL;

	if (r->synthetic)
		add(&s, "made-up data for tests");
	if (!strcmp(r->profile, "quick"))
		add(&s, "profile quick is smoke, not evidence");
	if (a->max_exec && a->min_exec < MIN_EXECS_CI)
		add(&s, "fewer than %d executions, so ranges instead of intervals", MIN_EXECS_CI);
	if (a->max_exec && a->max_boot < 2)
		add(&s, "one boot per side");
	if (r->accel == ACCEL_ICOUNT)
		add(&s, "instructions counted in an emulator, which leaves out cache, TLB and device time");
	else if (r->accel == ACCEL_TCG)
		add(&s, "time of an emulator, which says little about hardware");
	if (!s)
		s = xstrdup("measured on this machine");
	return s;
}

/* Claim A2, from the run of many instances. */
static void claim_many(const struct analysis *a, struct claim *c)
{
	const struct many *m = a->many;
	const char *context, *vmm;
	bool at_least = false;
	char *why = NULL;
	double ratio;

	c->verdict = "NOT MEASURED";
	ratio = m ? many_ratio(m, &at_least) : 0;
	if (!ratio) {
		c->text = xstrdup(!m ? "Needs a run of the experiment scale." :
				  m->context < 0 || m->vmm < 0 ?
				       "Needs contexts and a hypervisor in the experiment scale." :
				       "The hypervisor had room for all domains that were asked for.");
		return;
	}
	context = m->run->side[m->s[m->context].side];
	vmm = m->run->side[m->s[m->vmm].side];
	c->measured = xasprintf("%s%.1f", at_least ? "at least " : "", ratio);
	if (m->run->synthetic)
		add(&why, "the data are made up");
	if (!strcmp(m->run->profile, "quick"))
		add(&why, "the profile is quick");
	if (ratio < 8 && at_least)
		add(&why, "more contexts were not tried");
	c->verdict = why ? "UNDECIDED" : ratio < 8 ? "REFUTED" : "CONFIRMED";
	c->text = xasprintf(
		"%s had %s%u instances at rest and at work on a machine whose memory was used up by %u domains of 48 MiB on %s. This counts what fits; it says nothing about guests that need more memory than they get.%s%s%s",
		context, at_least ? "all " : "", m->s[m->context].most, m->s[m->vmm].most, vmm,
		why ? " Undecided because " : "", why ? why : "", why ? "." : "");
	free(why);
}

/* Claim A3: what three instances keep beside a hostile fourth. */
static void claim_isolation(const struct analysis *a, struct claim *c)
{
	const struct isolation iso = isolation_of(a);
	const char *hog = NULL, *vmm_hog = NULL, *vmm_name = "Xen";
	double context = isolation_kept(&iso, "context", &hog);
	double vmm = isolation_kept(&iso, "xen", &vmm_hog);
	char *why = NULL, *untried;

	if (vmm < 0) {
		vmm_name = "keel";
		vmm = isolation_kept(&iso, "keel", &vmm_hog);
	}
	c->verdict = "NOT MEASURED";
	if (context < 0 || vmm < 0) {
		c->text = xstrdup("Needs a run of the experiment isolate, of contexts and of a hypervisor.");
		return;
	}
	c->measured = xasprintf("%.0f %% kept", context);
	for (int i = 0; i < iso.n; i++) {
		if (iso.m[i]->run->synthetic && !why)
			add(&why, "the data are made up");
	}
	for (int i = 0; i < iso.n; i++)
		if (!strcmp(iso.m[i]->run->profile, "quick")) {
			add(&why, "the profile is quick");
			break;
		}
	/* The worst of more is worse: both must have been through all of it. */
	untried = isolation_untried(&iso, "context");
	if (untried)
		add(&why, "not tried: %s", untried);
	free(untried);
	untried = isolation_untried(&iso, vmm_name[0] == 'X' ? "xen" : "keel");
	if (untried)
		add(&why, "not tried on %s: %s", vmm_name, untried);
	free(untried);
	/* Already lost is lost, whatever else there is to try. */
	if (context < vmm - 5) {
		free(why);
		why = NULL;
		c->verdict = "REFUTED";
	} else {
		c->verdict = why ? "UNDECIDED" : "CONFIRMED";
	}
	c->text = xasprintf(
		"Beside a hostile fourth, the worst of three contexts kept %.0f %% of its work (nuisance: %s), the worst of three domains on %s %.0f %% (%s).%s%s%s",
		context, hog, vmm_name, vmm, vmm_hog, why ? " Undecided because " : "", why ? why : "", why ? "." : "");
	free(why);
}

/* The same comparison for rows of another run, in words. */
static char *extra_words(const struct analysis *a, int i)
{
	const struct extra_info *x = &extra_info[i];
	const struct analysis *m = a->extra[i];
	int ctx, vmm;

	ctx = run_side(m->run, a->run->side[a->claim_ctx]);
	vmm = run_side(m->run, a->run->side[a->claim_vmm]);
	if (ctx < 0 || vmm < 0 || !m->tally[ctx][x->group].has || !m->tally[vmm][x->group].has)
		return xasprintf("%s has no result on both sides", x->words);
	return xasprintf("%s (%zu row%s) needs %.3f times as much on the hypervisor", x->words,
			 m->tally[vmm][x->group].compared, m->tally[vmm][x->group].compared == 1 ? "" : "s",
			 m->tally[vmm][x->group].geomean / m->tally[ctx][x->group].geomean);
}

void claims_make(const struct analysis *a, struct claim c[3])
{
	const struct run *r = a->run;
	const struct tally *t = &a->claim;
	char ratio[40], iv[90];
	const char *where;
	char *why = NULL, *work = NULL;

	memset(c, 0, 3 * sizeof(*c));
	c[0].title = "A context is 1.25 to 2 times as efficient as a guest on a hypervisor";
	c[0].source = "claim A1";
	c[1].title = "Contexts scale about ten times as far";
	c[1].source = "claim A2";
	c[2].title = "Contexts isolate almost as well";
	c[2].source = "claim A3";
	claim_many(a, &c[1]);
	claim_isolation(a, &c[2]);
	if (a->claim_ctx < 0 || a->claim_vmm < 0) {
		c[0].verdict = "NOT MEASURED";
		c[0].text = xstrdup("Needs a context side and a hypervisor side in the same run.");
		return;
	}
	if (!t->has) {
		c[0].verdict = "NOT MEASURED";
		c[0].text = xasprintf("No row has a result on both %s and %s.", r->side[a->claim_ctx],
				      r->side[a->claim_vmm]);
		return;
	}
	fmt_ratio(ratio, sizeof(ratio), t->geomean);
	fmt_interval(iv, sizeof(iv), &t->iv, 3);
	c[0].measured = xasprintf("%s %s", ratio, iv);
	if (t->iv.hi < 1.25)
		where = "below the claimed range";
	else if (t->iv.lo > 2)
		where = "above the claimed range";
	else if (t->iv.lo >= 1.25 && t->iv.hi <= 2)
		where = "inside the claimed range";
	else
		where = "across an edge of the claimed range";

	if (r->synthetic)
		add(&why, "the data are made up");
	if (emulated(r))
		add(&why, "the machine is emulated");
	if (a->gate != GATE_TRUSTED)
		add(&why, "the A/A check is %s", a->gate == GATE_UNTRUSTED ? "not passed" : "missing");
	if (t->iv.kind != IV_CI)
		add(&why, "there are fewer than %d executions", MIN_EXECS_CI);
	if (why)
		c[0].verdict = "UNDECIDED";
	else if (t->iv.hi < 1.25)
		c[0].verdict = "REFUTED";
	else if (t->iv.lo > 2)
		c[0].verdict = "EXCEEDED";
	else if (t->iv.lo >= 1.25 && t->iv.hi <= 2)
		c[0].verdict = "CONFIRMED";
	else
		c[0].verdict = "UNDECIDED";
	for (int i = 0; i < N_EXTRA; i++) {
		char *w = a->extra[i] ? extra_words(a, i) : NULL;

		if (w)
			add(&work, "%s", w);
		free(w);
	}
	c[0].text = xasprintf(
		"%s/%s, %s: geometric mean of %zu of %zu operating system rows, %s. These rows are single kernel operations; %s.%s%s%s",
		r->side[a->claim_vmm], r->side[a->claim_ctx], quantity(r), t->compared, t->rows, where,
		work ? work : "no application was run",
		why ? " Undecided because " : "", why ? why : "", why ? "." : "");
	free(why);
	free(work);
}

void claims_free(struct claim c[3])
{
	for (int i = 0; i < 3; i++) {
		free(c[i].measured);
		free(c[i].text);
	}
}

char *acceptance_words(const struct analysis *a, const struct acceptance *acc)
{
	const struct tally *t;
	char *s, *over = NULL;

	if (acc->state == ACC_NOT_EVALUATED)
		return xasprintf("not evaluated: %s", acc->why);
	t = &a->tally[acc->side][G_ALL];
	for (size_t i = 0; i < acc->n_over; i++) {
		const struct cmp *c = &acc->over[i]->cell[acc->side].cmp;
		char iv[100];

		fmt_interval(iv, sizeof(iv), &c->iv, 4);
		add(&over, "%s %.4f %s", acc->over[i]->b->id, c->ratio, iv);
	}
	s = xasprintf("%s: geometric mean %.4f (limit %.3f), %zu of %zu rows above %.3f%s%s",
		      acc->state == ACC_MET ? "met" : "NOT MET", t->geomean, acc->max_geomean, acc->n_over,
		      t->compared, acc->max_row, over ? ": " : "", over ? over : "");
	free(over);
	if (acc->n_missing) {
		char *more = xasprintf("%s; %zu rows without result", s, acc->n_missing);

		free(s);
		s = more;
	}
	return s;
}

static const struct row *row_by_id(const struct analysis *a, const char *id)
{
	for (size_t i = 0; i < a->n_row; i++)
		if (!strcmp(a->row[i].b->id, id))
			return &a->row[i];
	return NULL;
}

void life_words(const struct analysis *a, struct strlist *out)
{
	static const struct {
		const char *id, *what;
	} ways[] = {
		{ "life.context", "a context" },
		{ "life.context.spaces", "a context with all name spaces" },
	};
	const struct row *base = row_by_id(a, "life.unshare");
	double *draws;

	if (!base)
		return;
	draws = xcalloc(a->opt.resamples, sizeof(*draws));
	for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
		const struct row *row = row_by_id(a, ways[w].id);

		for (int k = 0; row && k < a->n_shown; k++) {
			const struct cell *x = &row->cell[a->shown[k]], *y = &base->cell[a->shown[k]];
			char ratio[40], iv[100], vx[60], vy[60];
			struct cmp c;

			compare_cells(x, y, row->b->unit, a->run->accel == ACCEL_ICOUNT,
				      hash_str(hash_str(0x6c696665, row->b->id), a->run->side[a->shown[k]]),
				      a->opt.resamples, draws, &c);
			if (!c.has || row->b->unit != base->b->unit)
				continue;
			fmt_ratio(ratio, sizeof(ratio), c.ratio);
			fmt_interval(iv, sizeof(iv), &c.iv, 4);
			fmt_value(vx, sizeof(vx), x->median, row->b->unit, a->opt.ascii);
			fmt_value(vy, sizeof(vy), y->median, row->b->unit, a->opt.ascii);
			strlist_add(out, "On %s, making %s, running /bin/true in it and removing it costs %s times as much as unshare with all name spaces: %s (%s against %s).",
				    a->run->side[a->shown[k]], ways[w].what, ratio, iv, vx, vy);
		}
	}
	free(draws);
}

void no_result_words(const struct analysis *a, struct strlist *out)
{
	for (int k = 0; k <= a->n_shown; k++) {
		int side = k < a->n_shown ? a->shown[k] : a->control;
		bool *done;

		if (side < 0)
			continue;
		done = xcalloc(a->n_row, sizeof(*done));
		for (size_t i = 0; i < a->n_row; i++) {
			const struct cell *c = &a->row[i].cell[side];
			size_t n = 0;
			char *names = NULL;

			if (done[i] || (usable(c) && c->status == ST_OK))
				continue;
			for (size_t j = i; j < a->n_row; j++) {
				const struct cell *d = &a->row[j].cell[side];

				if (d->status != c->status || strcmp(d->why, c->why))
					continue;
				done[j] = true;
				/* A screen line of names is enough; the CSV has them all. */
				if (++n <= 4)
					add(&names, "%s", a->row[j].b->id);
			}
			if (n > 4)
				add(&names, "...");
			strlist_add(out, "%s, %s: %s (%zu %s: %s)", a->run->side[side],
				    c->status == ST_DNR ? "DNR" : status_name(c->status), c->why, n,
				    n == 1 ? "row" : "rows", names);
			free(names);
		}
		free(done);
	}
}

void warning_words(const struct analysis *a, struct strlist *out)
{
	size_t outliers = 0, cells = 0;

	if (a->run->synthetic)
		strlist_add(out, "these are made-up data for tests; they say nothing about any machine");
	if (!strcmp(a->run->profile, "quick"))
		strlist_add(out, "profile quick: smoke, not evidence");
	for (size_t i = 0; i < a->warn.n; i++)
		strlist_add(out, "%s", a->warn.s[i]);
	/* The smallest p value is 2/(resamples+1); Holm multiplies it by the rows. */
	for (int g = 0; g < N_GROUPS; g++)
		if (a->max_exec >= MIN_EXECS_CI &&
		    2.0 * (double)a->tally[a->base][g].rows > 0.05 * (double)(a->opt.resamples + 1)) {
			strlist_add(out, "too few resamples (%zu) for Holm over %zu rows: differences stay undecided",
				    a->opt.resamples, a->tally[a->base][g].rows);
			break;
		}
	if (a->gate != GATE_TRUSTED)
		strlist_add(out, "A/A check %s: %s", a->gate == GATE_UNTRUSTED ? "FAILED, this run is not trusted" :
										    "not done",
			    a->gate_text);
	for (size_t i = 0; i < a->n_row; i++)
		for (int k = 0; k < a->n_shown; k++) {
			const struct cell *c = &a->row[i].cell[a->shown[k]];

			if (usable(c)) {
				outliers += c->outliers;
				cells += c->outliers > 0;
			}
		}
	if (outliers)
		strlist_add(out, "%zu outliers in %zu cells (beyond 14.826 MAD; shown in the CSV, none removed)",
			    outliers, cells);
	for (int k = 1; k < a->n_shown; k++) {
		const char *h = env_string(a->run, a->shown[k], "binary.sha256");
		const char *b = env_string(a->run, a->base, "binary.sha256");

		if (*h && *b && strcmp(h, b))
			strlist_add(out, "%s ran another benchmark binary than %s", a->run->side[a->shown[k]],
				    a->run->side[a->base]);
	}
}

char *clean(const char *s, bool ascii)
{
	char *out = xstrdup(s);

	for (unsigned char *p = (unsigned char *)out; *p; p++) {
		if (*p < 0x20 || *p == 0x7f || (ascii && *p >= 0x80))
			*p = '?';
		/* U+0080 to U+009F are control characters, too: C2 80 to C2 9F. */
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
	return out;
}
