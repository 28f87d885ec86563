// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTML page: one file, no script, nothing fetched, the same bytes for the
 * same records.  It is written as well-formed XML so that xmllint can check it.
 */
#include "out.h"
#include "many.h"
#include "published.h"
#include "share.h"
#include "style.h"
#include "svg.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "1,234.5": full numbers, so that a column lines up at the decimal point. */
static void full_number(char *buf, size_t n, double v)
{
	char digits[64], *p = digits;
	size_t len, k = 0;

	if (fabs(v) >= 1e15) {
		snprintf(buf, n, "%.4g", v);
		return;
	}
	snprintf(digits, sizeof(digits), "%.1f", v);
	len = strcspn(digits, ".");
	for (; *p && k + 2 < n; p++) {
		size_t at = (size_t)(p - digits);

		if (at && at < len && (len - at) % 3 == 0 && p[-1] != '-')
			buf[k++] = ',';
		buf[k++] = *p;
	}
	buf[k] = '\0';
}

static void banner(const struct analysis *a, FILE *f)
{
	const char *b = run_banner(a->run);

	if (b)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", b);
}

static const char *no_result_word(enum status s)
{
	return s == ST_DNR ? "DNR" : status_name(s);
}

/* ------------------------------------------------------------- first screen */

static void count_strip(const struct tally *t, FILE *f)
{
	static const char *const cls[] = { "none", "same", "slower", "faster", "undecided" };
	size_t all = t->rows, lost;
	char *w;

	if (!all)
		return;
	lost = all - t->compared;
	fputs("<div class=\"strip\" aria-hidden=\"true\">", f);
	for (enum verdict v = V_SAME; v <= V_UNDECIDED; v++)
		if (t->n[v])
			fprintf(f, "<i class=\"v-%s\" style=\"flex:%zu\"></i>", cls[v], t->n[v]);
	if (lost)
		fprintf(f, "<i class=\"v-none\" style=\"flex:%zu\"></i>", lost);
	fputs("</div>\n", f);
	w = tally_words(t);
	fprintf(f, "<p class=\"small\">%zu rows: %s</p>\n", all, w);
	free(w);
}

static void hero(const struct analysis *a, FILE *f)
{
	const struct run *r = a->run;
	char *s, buf[80], iv[100];

	fputs("<section class=\"hero\" aria-label=\"Result\">\n<div class=\"tiles\">\n", f);
	for (int k = 1; k < a->n_shown; k++) {
		int side = a->shown[k];
		const struct tally *t = &a->tally[side][G_ALL];

		fprintf(f, "<div class=\"tile\" style=\"--c:var(--s-%s)\">\n<h3>", side_css(r->side[side]));
		esc(f, r->side[side]);
		fputs(" <span>", f);
		esc(f, r->info[side].label ? r->info[side].label : "");
		fputs("</span></h3>\n", f);
		if (!t->has) {
			enum status most = ST_MISSING;

			for (enum status st = ST_SKIP; st <= ST_MISSING; st++)
				if (t->no_result[st] > t->no_result[most])
					most = st;
			fprintf(f, "<p class=\"big\">%s</p>\n<p>%s</p>\n", t->rows ? no_result_word(most) : "no rows",
				"no row could be compared");
		} else {
			double pct = (t->geomean - 1) * 100;

			if (t->iv.lo <= 1 && t->iv.hi >= 1)
				fputs("<p class=\"big\">\342\211\210 same</p>\n", f);
			else if (t->geomean >= 1.5)
				fprintf(f, "<p class=\"big\">%.2f\303\227</p>\n", t->geomean);
			else
				fprintf(f, "<p class=\"big\">%s%.*f\302\240%%</p>\n", pct < 0 ? "\342\210\222" : "+",
					fabs(pct) < 10 ? 2 : 1, fabs(pct));
			fmt_ratio(buf, sizeof(buf), t->geomean);
			fmt_interval(iv, sizeof(iv), &t->iv, 4);
			fprintf(f, "<p>%s %s &#215; the %s of ", buf, iv, quantity(r));
			esc(f, r->side[a->base]);
			fputs("</p>\n", f);
		}
		if (beside_tally(a, side, G_ALL)) {
			const struct tally *o = beside_tally(a, side, G_ALL);

			if (o->has) {
				fmt_ratio(buf, sizeof(buf), o->geomean);
				fmt_interval(iv, sizeof(iv), &o->iv, 3);
				fprintf(f, "<p class=\"small\">%s: %s %s &#215;</p>\n", beside_words(a->beside), buf, iv);
			} else {
				fprintf(f, "<p class=\"small\">%s: no result</p>\n", beside_words(a->beside));
			}
		}
		count_strip(t, f);
		fputs("</div>\n", f);
	}
	fprintf(f, "<div class=\"tile sure gate-%d\">\n<h3>How sure <span>A/A check</span></h3>\n", a->gate);
	fprintf(f, "<p class=\"big\">%s</p>\n<p>",
		a->gate == GATE_TRUSTED	  ? "Trusted" :
		a->gate == GATE_UNTRUSTED ? "Not trusted" :
					    "Unchecked");
	if (a->control >= 0) {
		esc(f, r->side[a->base]);
		fputs(" against itself: ", f);
	}
	esc(f, a->gate_text);
	fputs("</p>\n<p class=\"small\">", f);
	if (a->max_exec) {
		if (a->min_exec == a->max_exec)
			fprintf(f, "%zu", a->max_exec);
		else
			fprintf(f, "%zu to %zu", a->min_exec, a->max_exec);
		fprintf(f, " execution%s per cell, %zu boot%s; ", a->max_exec == 1 ? "" : "s", a->max_boot,
			a->max_boot == 1 ? "" : "s");
	}
	s = evidence_words(a);
	esc(f, s);
	free(s);
	fputs(".</p>\n</div>\n</div>\n</section>\n", f);
}

static void claims(const struct analysis *a, FILE *f)
{
	struct claim c[3];

	claims_make(a, c);
	fputs("<section id=\"claims\">\n<h2>The three claims</h2>\n<div class=\"tiles three\">\n", f);
	for (int i = 0; i < 3; i++) {
		const char *v = c[i].verdict;
		const char *cls = !strcmp(v, "CONFIRMED") || !strcmp(v, "EXCEEDED") ? "yes" :
				  !strcmp(v, "REFUTED")				    ? "no" :
				  !strcmp(v, "UNDECIDED")			    ? "open" :
										      "none";

		fprintf(f, "<div class=\"tile claim %s\">\n<p class=\"verdict\">%s</p>\n<h3>%s</h3>\n", cls, v,
			c[i].title);
		if (c[i].measured) {
			fputs("<p class=\"mid\">", f);
			esc(f, c[i].measured);
			fputs("</p>\n", f);
		}
		fputs("<p class=\"small\">", f);
		esc(f, c[i].text);
		fputs("</p>\n</div>\n", f);
	}
	fputs("</div>\n</section>\n", f);
	claims_free(c);
}

static void notes(const struct analysis *a, FILE *f)
{
	struct strlist warn = { 0 }, none = { 0 };

	fputs("<section id=\"limits\">\n<h2>Limits this kernel must keep</h2>\n", f);
	banner(a, f);
	fputs("<ul class=\"plain\">\n", f);
	for (int i = 0; i < 2; i++) {
		const struct acceptance *acc = &a->acc[i];
		char *w = acceptance_words(a, acc);

		fprintf(f, "<li class=\"acc-%d\"><b>%s</b> against ", (int)acc->state, acc->name);
		esc(f, a->run->side[a->base]);
		fprintf(f, ", at most %.3f in the mean and %.3f in any row: ", acc->max_geomean, acc->max_row);
		esc(f, w);
		fputs("</li>\n", f);
		free(w);
	}
	fputs("</ul>\n</section>\n", f);

	warning_words(a, &warn);
	no_result_words(a, &none);
	fputs("<section id=\"warnings\">\n<h2>Warnings and missing results</h2>\n", f);
	if (!warn.n && !none.n)
		fputs("<p>None.</p>\n", f);
	if (warn.n) {
		fputs("<ul class=\"warn\">\n", f);
		for (size_t i = 0; i < warn.n; i++) {
			fputs("<li>", f);
			esc(f, warn.s[i]);
			fputs("</li>\n", f);
		}
		fputs("</ul>\n", f);
	}
	if (none.n) {
		fputs("<p>No result, and why:</p>\n<ul>\n", f);
		for (size_t i = 0; i < none.n; i++) {
			fputs("<li>", f);
			esc(f, none.s[i]);
			fputs("</li>\n", f);
		}
		fputs("</ul>\n", f);
	}
	fputs("</section>\n", f);
	strlist_free(&warn);
	strlist_free(&none);
}

/* ------------------------------------------------------------------- tables */

static void cell_html(const struct analysis *a, const struct row *row, int side, FILE *f)
{
	const struct cell *c = &row->cell[side];
	char buf[80], iv[100];

	if (!usable(c)) {
		fputs("<td class=\"gone\"><abbr title=\"", f);
		esc(f, c->why);
		fprintf(f, "\">%s</abbr></td>", no_result_word(c->status));
		return;
	}
	fputs("<td>", f);
	full_number(buf, sizeof(buf), c->median);
	if (side != a->base && c->cmp.has) {
		char ratio[40];

		fmt_ratio(ratio, sizeof(ratio), c->cmp.ratio);
		fprintf(f, "<b>%s</b> <em class=\"v-%s\">%s</em>", ratio, verdict_name(c->cmp.verdict),
			verdict_name(c->cmp.verdict));
		fmt_interval(iv, sizeof(iv), &c->cmp.iv, 4);
		fprintf(f, "<small>%s", iv);
		fprintf(f, "</small><small>%s, ", buf);
	} else {
		fprintf(f, "<b>%s</b>", buf);
		full_number(buf, sizeof(buf), c->iv.lo);
		fprintf(f, "<small>%c%s", c->iv.kind == IV_CI ? '[' : '{', buf);
		full_number(buf, sizeof(buf), c->iv.hi);
		fprintf(f, " %s%c, ", buf, c->iv.kind == IV_CI ? ']' : '}');
	}
	fprintf(f, "n=%u", c->h.n_exec);
	if (side != a->base && c->cmp.has && c->cmp.verdict == V_UNDECIDED && c->cmp.need)
		fprintf(f, ", needs &#8776;%u", c->cmp.need);
	fprintf(f, "%s%s</small></td>", c->status != ST_OK ? ", " : "",
		c->status != ST_OK ? status_name(c->status) : "");
}

/* Does anything published stand beside a row of the group? */
static bool group_published(const struct analysis *a, int g)
{
	for (size_t i = 0; a->published && i < a->n_row; i++)
		for (size_t k = 0; (int)a->row[i].group == g && k < a->published->n; k++)
			if (published_for(&a->published->p[k], a->row[i].b->id))
				return true;
	return false;
}

static void cell_published(const struct analysis *a, const struct row *row, FILE *f)
{
	fputs("<td>", f);
	for (size_t k = 0; k < a->published->n; k++) {
		const struct published *p = &a->published->p[k];
		char *text, *tip;

		if (!published_for(p, row->b->id))
			continue;
		text = published_short(p);
		tip = published_theirs(p);
		fputs("<small><abbr title=\"", f);
		esc(f, p->system);
		fputs(": ", f);
		esc(f, tip);
		fputs("; ", f);
		esc(f, p->paper);
		fputs(", ", f);
		esc(f, p->section);
		fputs("\">", f);
		esc(f, text);
		fputs("</abbr></small>", f);
		free(text);
		free(tip);
	}
	fputs("</td>", f);
}

/* Where the column comes from: each paper once. */
static void published_notes(const struct analysis *a, int g, FILE *f)
{
	const struct publist *l = a->published;
	const char *last = NULL;

	fputs("<p class=\"small\">Published: times native Linux in the same paper, or time where native is not known; ? is not legible.", f);
	for (size_t k = 0; k < l->n; k++)
		for (size_t i = 0; i < a->n_row; i++) {
			const struct published *p = &l->p[k];

			if ((int)a->row[i].group != g || !published_for(p, a->row[i].b->id) ||
			    (last && !strcmp(last, p->paper)))
				continue;
			last = p->paper;
			fputc(' ', f);
			published_source(p, f);
			fputs(": ", f);
			esc(f, p->conditions);
			fputc('.', f);
		}
	fputs("</p>\n", f);
}

static void group_table(const struct analysis *a, int g, FILE *f)
{
	const bool published = group_published(a, g);

	fprintf(f, "<details><summary>Table: %s</summary>\n", group_info[g].title);
	banner(a, f);
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">row</th>", f);
	/* Beside the row's name: what scrolls away first is not what one looks for. */
	if (published)
		fputs("<th scope=\"col\">published</th>", f);
	for (int k = 0; k < a->n_shown; k++) {
		fputs("<th scope=\"col\">", f);
		esc(f, a->run->side[a->shown[k]]);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i];

		if ((int)row->group != g)
			continue;
		fprintf(f, "<tr%s><th scope=\"row\">", row->derived ? " class=\"derived\"" : "");
		esc(f, row->label);
		fputs("<small>", f);
		esc(f, row->b->id);
		fprintf(f, "%s%s%s</small></th>", row->b->unit ? ", " : "", row->b->unit ? row->b->unit->name : "",
			row->derived ? " (derived, not compared)" : "");
		if (published)
			cell_published(a, row, f);
		for (int k = 0; k < a->n_shown; k++)
			cell_html(a, row, a->shown[k], f);
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n<p class=\"small\">Baseline: median; interval, executions. Others: ratio and verdict; interval; median, executions, and how many would probably decide.</p>\n", f);
	if (published)
		published_notes(a, g, f);
	fputs("</details>\n", f);
}

/* One sentence: what the figure shows. */
static void group_caption(const struct analysis *a, int g, FILE *f)
{
	bool any = false;

	for (int k = 1; k < a->n_shown; k++) {
		int side = a->shown[k];
		const struct tally *t = &a->tally[side][g];
		char ratio[40], *w;

		if (!t->rows)
			continue;
		if (any)
			fputs("; ", f);
		any = true;
		esc(f, a->run->side[side]);
		if (!t->has) {
			w = tally_words(t);
			fprintf(f, ": %s", w);
			free(w);
			continue;
		}
		fmt_ratio(ratio, sizeof(ratio), t->geomean);
		w = tally_words(t);
		fprintf(f, " %s in the mean (%s)", ratio, w);
		free(w);
		fmt_ratio(ratio, sizeof(ratio), t->worst->cell[side].cmp.ratio);
		fputs(", most in ", f);
		esc(f, t->worst->b->id);
		fprintf(f, ", %s", ratio);
	}
	if (any)
		fputs(".", f);
}

static void legend_text(const struct analysis *a, FILE *f)
{
	fprintf(f, "<p class=\"small\">Ratio to %s; more than 1 is %s%s. Bars: median of executions; lines: 95 %% bootstrap interval [ ], or smallest to largest { } with fewer than %d executions. <b>same</b>: the whole interval within 3 %% of 1. <b>slower</b>, <b>faster</b>: the interval excludes 1 and Holm&#8217;s correction over the table agrees. <b>undecided</b>: neither.</p>\n",
		a->run->side[a->base], a->run->accel == ACCEL_ICOUNT ? "costlier" : "slower",
		a->run->accel == ACCEL_ICOUNT ? "" : ", also for bandwidth (turned around)", MIN_EXECS_CI);
}

static void bars_from_row(const struct analysis *a, const struct row *row, struct bars_cat *cat)
{
	const struct cell *base = &row->cell[a->base];

	snprintf(cat->label, sizeof(cat->label), "%s", row->b->id);
	if (usable(base))
		fmt_value(cat->sub, sizeof(cat->sub), base->median, row->b->unit, false);
	else
		snprintf(cat->sub, sizeof(cat->sub), "%s", no_result_word(base->status));
	for (int k = 1; k < a->n_shown; k++) {
		const struct cell *c = &row->cell[a->shown[k]];
		struct bars_val *v = &cat->val[k - 1];

		v->has = c->cmp.has;
		v->ratio = c->cmp.ratio;
		v->iv = c->cmp.iv;
		v->word = !usable(c) ? no_result_word(c->status) : c->cmp.has ? "" : "no ratio";
		v->open = c->cmp.verdict == V_UNDECIDED;
	}
}

static void section_group(const struct analysis *a, int g, FILE *f)
{
	struct bars_cat *cat;
	size_t n = 0, ratios = 0;

	for (size_t i = 0; i < a->n_row; i++)
		n += (int)a->row[i].group == g && !a->row[i].derived;
	if (!n)
		return;
	fprintf(f, "<section id=\"g-%s\">\n<h2>%s</h2>\n<p>%s</p>\n", group_info[g].key, group_info[g].title,
		group_info[g].what);
	cat = xcalloc(n, sizeof(*cat));
	n = 0;
	for (size_t i = 0; i < a->n_row; i++) {
		if ((int)a->row[i].group != g || a->row[i].derived)
			continue;
		bars_from_row(a, &a->row[i], &cat[n]);
		for (int k = 1; k < a->n_shown; k++)
			ratios += a->row[i].cell[a->shown[k]].cmp.has;
		n++;
	}
	if (a->n_shown > 1) {
		/* Even panels: 17 rows are 9 and 8, not 12 and 5. */
		size_t most = svg_bars_max(a->n_shown - 1), panels = (n + most - 1) / most;

		/* A figure for every row of a huge file would help nobody. */
		if (panels <= 8 && ratios) {
			for (size_t p = 0, from = 0; p < panels; p++) {
				size_t count = (n - from + (panels - p) - 1) / (panels - p);
				char *title = panels > 1 ? xasprintf("%s (%zu of %zu)", group_info[g].title,
								     p + 1, panels) :
							   xstrdup(group_info[g].title);

				fputs("<figure>\n", f);
				svg_bars(a, f, title, cat, n, cat + from, count);
				if (p + 1 == panels) {
					fputs("<figcaption>", f);
					group_caption(a, g, f);
					fputs("</figcaption>\n", f);
				}
				fputs("</figure>\n", f);
				from += count;
				free(title);
			}
		} else if (panels > 8) {
			fprintf(f, "<p>%zu rows: too many for a figure; see the table.</p>\n", n);
		}
	}
	free(cat);
	if (g == G_CTX && a->n_shown > 1)
		svg_ctx(a, f);
	if (g == G_LIFE) {
		struct strlist l = { 0 };

		life_words(a, &l);
		for (size_t i = 0; i < l.n; i++) {
			fputs("<p>", f);
			esc(f, l.s[i]);
			fputs("</p>\n", f);
		}
		strlist_free(&l);
	}
	group_table(a, g, f);
	fputs("</section>\n", f);
}

/* Rows of another run of the same sides, with its own baseline and check. */
static void section_extra(const struct analysis *a, int g, FILE *f)
{
	struct strlist none = { 0 };

	section_group(a, g, f);
	fprintf(f, "<p class=\"small\">%s: from another run, <code>", group_info[g].title);
	esc(f, a->run->id);
	fprintf(f, "</code>, %s%s, sha256 of its records <code>%s</code>; its ratios are to its own ",
		*a->run->profile ? "profile " : "", a->run->profile, a->run->sha256);
	esc(f, a->run->side[a->base]);
	fprintf(f, ". A/A check: %s.</p>\n", a->gate == GATE_TRUSTED ? "trusted" : a->gate == GATE_UNTRUSTED ? "not trusted" : "unchecked");
	no_result_words(a, &none);
	if (none.n) {
		fputs("<ul class=\"small\">\n", f);
		for (size_t i = 0; i < none.n; i++) {
			fputs("<li>No result from ", f);
			esc(f, none.s[i]);
			fputs("</li>\n", f);
		}
		fputs("</ul>\n", f);
	}
	strlist_free(&none);
}

static void geomean_table(const struct analysis *a, FILE *f);

static void section_overview(const struct analysis *a, FILE *f)
{
	struct bars_cat cat[N_GROUPS + 1];
	size_t n = 0;

	if (a->n_shown < 2)
		return;
	memset(cat, 0, sizeof(cat));
	for (int g = 0; g <= N_GROUPS; g++) {
		size_t rows = 0;

		/* "Everything" first, then its parts. */
		int gg = g ? g - 1 : G_ALL;

		for (int k = 1; k < a->n_shown; k++) {
			const struct tally *t = &a->tally[a->shown[k]][gg];
			struct bars_val *v = &cat[n].val[k - 1];

			rows = t->rows;
			v->has = t->has;
			v->ratio = t->geomean;
			v->iv = t->iv;
			v->word = "no result";
		}
		if (!rows)
			continue;
		snprintf(cat[n].label, sizeof(cat[n].label), "%s",
			 gg == G_ALL ? "all OS rows" : group_info[gg].key);
		snprintf(cat[n].sub, sizeof(cat[n].sub), "%zu rows", rows);
		n++;
	}
	if (!n)
		return;
	fputs("<section id=\"overview\">\n<h2>Relative cost, by group</h2>\n<figure>\n", f);
	svg_bars(a, f, "Relative cost, geometric mean per group", cat, n, cat, n);
	fputs("<figcaption>Geometric means of the ratios in each group of rows; the first bars are over all operating system rows.</figcaption>\n</figure>\n", f);
	legend_text(a, f);
	geomean_table(a, f);
	fputs("</section>\n", f);
}

static void geomean_table(const struct analysis *a, FILE *f)
{
	fputs("<details><summary>Table: geometric means</summary>\n", f);
	banner(a, f);
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">group</th>", f);
	for (int k = 1; k < a->n_shown; k++) {
		fputs("<th scope=\"col\">", f);
		esc(f, a->run->side[a->shown[k]]);
		fputs("<small>mean, interval, rows</small></th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (int g = 0; g <= N_GROUPS; g++) {
		if (!a->tally[a->base][g].rows)
			continue;
		fprintf(f, "<tr><th scope=\"row\">%s<small>%zu rows%s</small></th>", group_info[g].title,
			a->tally[a->base][g].rows,
			g == G_ALL || group_info[g].counted ? "" : ", not in the overall mean");
		for (int k = 1; k < a->n_shown; k++) {
			const struct tally *t = &a->tally[a->shown[k]][g];
			char ratio[40], iv[100], *w = tally_words(t);

			if (t->has) {
				fmt_ratio(ratio, sizeof(ratio), t->geomean);
				fmt_interval(iv, sizeof(iv), &t->iv, 4);
				fprintf(f, "<td><b>%s</b><small>%s</small><small>%s</small></td>", ratio, iv, w);
			} else {
				fprintf(f, "<td class=\"gone\">none<small>%s</small></td>", w);
			}
			free(w);
		}
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n</details>\n", f);
}

/*
 * The headline of a counted run is instructions; the time of the same rows goes
 * beside it, in tables of its own with a banner of its own.
 */
static void section_beside(const struct analysis *b, FILE *f)
{
	fprintf(f, "<section id=\"beside\">\n<h2>The same rows as %s</h2>\n<p>From another run, <code>", beside_words(b));
	esc(f, b->run->id);
	fprintf(f, "</code>, accel %s, sha256 of its records <code>%s</code>; its numbers are never mixed with those above.</p>\n",
		accel_name(b->run->accel), b->run->sha256);
	geomean_table(b, f);
	for (int g = 0; g < N_GROUPS; g++)
		if (b->tally[b->base][g].rows)
			group_table(b, g, f);
	fputs("</section>\n", f);
}

/* -------------------------------------------------------- how and on what */

/* Is the value at this path the same on all sides that recorded it? */
static const char *rule_equal(const struct analysis *a, const char *path)
{
	json_t *first = NULL;
	int seen = 0;

	for (int k = 0; k < a->n_shown; k++) {
		json_t *v = json_path(json_object_get(a->run->env, a->run->side[a->shown[k]]), path);

		if (!v || json_is_null(v))
			continue;
		if (seen++ && !json_equal(v, first))
			return "broken";
		first = v;
	}
	return seen == a->n_shown ? "held" : seen ? "held where recorded" : "not recorded";
}

static void rule(FILE *f, const char *state, const char *text)
{
	fprintf(f, "<li><em class=\"r-%c\">%s</em> %s</li>\n", state[0], state, text);
}

static bool has_stem(const struct analysis *a, const char *stem)
{
	for (int k = 0; k < a->n_shown; k++) {
		const char *s = a->run->side[a->shown[k]];

		if (!strncmp(s, stem, strlen(stem)))
			return true;
	}
	return false;
}

static void section_method(const struct analysis *a, FILE *f)
{
	const struct run *r = a->run;
	json_t *plan = json_object_get(r->head, "plan");
	char *text;

	fputs("<section id=\"method\">\n<h2>How it was measured</h2>\n", f);
	fprintf(f, "<p>Each number is the median of executions, each of them the median of its measured batches. Intervals: hierarchical percentile bootstrap (boots, executions, batches), %zu resamples, fixed seed; ratios are of medians, resampled in pairs where both sides ran the same blocks. Outliers are counted, never removed. %zu batches count, %zu warm-up batches do not.</p>\n",
		a->opt.resamples, r->n_samples, r->n_warmup);
	if (r->accel == ACCEL_ICOUNT)
		fprintf(f, "<p>The emulator advanced guest time by 2<sup>%d</sup> ns per executed instruction and by nothing else, so guest time is a count of instructions, and that is what is shown: instructions per operation, or per kB for bandwidth. It repeats exactly where clocks do not, and it leaves out everything a real processor adds: caches, TLBs, devices.</p>\n",
			r->shift);
	else if (r->accel == ACCEL_TCG)
		fputs("<p>The machine was emulated in software. Its time is that of the emulator, which is slow in other places than hardware is; do not take it for hardware time.</p>\n", f);

	fputs("<h3>Rules of a fair comparison</h3>\n<ol>\n", f);
	rule(f, rule_equal(a, "binary.sha256"), "The same static benchmark binary on every side (sha256).");
	rule(f, rule_equal(a, "kernel.release"), "The same kernel release on every side.");
	rule(f, rule_equal(a, "machine.mem_mib"),
	     "The machine has the same memory on every side: guest, hypervisor and host share what native has.");
	rule(f, rule_equal(a, "fs.type"), "The same file system type under the work directory.");
	rule(f, has_stem(a, "native") && has_stem(a, "patched") ? "held" : "broken",
	     "Stock and patched kernel are both shown.");
	rule(f, "held", "One and several CPUs are never mixed in a table.");
	rule(f, "not checked", "Host CPU time of the hypervisor counts as its cost.");
	rule(f, "not checked", "The guest clock agrees with the host clock.");
	rule(f, "not recorded", "Tuned and default hypervisor settings are both listed.");
	rule(f, json_object_get(plan, "sides") && json_object_get(plan, "benches") ? "held" : "not recorded",
	     "The plan was written before the run; what it named and the records lack is listed above as missing.");
	fputs("</ol>\n", f);

	fputs("<details><summary>Plan and seed</summary>\n<pre>", f);
	text = json_dumps(plan, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	esc_lines(f, text ? text : "");
	free(text);
	text = json_dumps(json_object_get(r->head, "seed"), JSON_ENCODE_ANY);
	fputs("</pre>\n<p>Seed: ", f);
	esc(f, text ? text : "");
	free(text);
	fputs("</p>\n</details>\n</section>\n", f);
}

/* "cpu.model" -> "x" for every leaf below o, into flat. */
static void flatten(json_t *o, const char *prefix, json_t *flat, int depth)
{
	const char *key;
	json_t *v;

	json_object_foreach(o, key, v) {
		char *path = *prefix ? xasprintf("%s.%s", prefix, key) : xstrdup(key);

		if (json_is_object(v) && depth < 6) {
			flatten(v, path, flat, depth + 1);
		} else {
			char *s = json_is_string(v) ? xstrdup(json_string_value(v)) :
						      json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));

			json_object_set_new(flat, path, json_string(s ? s : ""));
			free(s);
		}
		free(path);
	}
}

static void section_env(const struct analysis *a, FILE *f)
{
	json_t *flat[MAX_SIDES], *keys = json_object(), *v;
	const char *key;
	int with_env = 0;
	size_t differing = 0;

	for (int k = 0; k < a->n_shown; k++) {
		json_t *env = json_object_get(a->run->env, a->run->side[a->shown[k]]);

		flat[k] = json_object();
		flatten(env, "", flat[k], 0);
		json_object_del(flat[k], "t");
		json_object_del(flat[k], "side");
		with_env += env != NULL;
		json_object_foreach(flat[k], key, v)
			json_object_set_new(keys, key, json_null());
	}
	fputs("<section id=\"environment\">\n<h2>Environment</h2>\n", f);
	if (!with_env) {
		fputs("<p>No environment was recorded.</p>\n</section>\n", f);
		goto out;
	}
	/* Two passes: first what differs, which is what a reader must know. */
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 0)
			fputs("<h3>What differs between the sides</h3>\n<div class=\"scroll\"><table class=\"env\">\n<thead><tr><th scope=\"col\">key</th>", f);
		else
			fputs("<details><summary>What is the same on every side</summary>\n<div class=\"scroll\"><table class=\"env\">\n<thead><tr><th scope=\"col\">key</th>", f);
		for (int k = 0; k < a->n_shown && !pass; k++) {
			fputs("<th scope=\"col\">", f);
			esc(f, a->run->side[a->shown[k]]);
			fputs("</th>", f);
		}
		if (pass)
			fputs("<th scope=\"col\">value</th>", f);
		fputs("</tr></thead>\n<tbody>\n", f);
		json_object_foreach(keys, key, v) {
			const char *first = NULL;
			bool same = true;

			for (int k = 0; k < a->n_shown; k++) {
				const char *s = json_string_value(json_object_get(flat[k], key));

				s = s ? s : "not recorded";
				if (!first)
					first = s;
				same &= !strcmp(s, first);
			}
			if (same != pass)
				continue;
			differing += !same;
			fputs("<tr><th scope=\"row\">", f);
			esc(f, key);
			fputs("</th>", f);
			for (int k = 0; k < (pass ? 1 : a->n_shown); k++) {
				const char *s = json_string_value(json_object_get(flat[k], key));

				fputs("<td>", f);
				esc(f, s ? s : "not recorded");
				fputs("</td>", f);
			}
			fputs("</tr>\n", f);
		}
		if (!pass && !differing)
			fprintf(f, "<tr><td colspan=\"%d\">nothing</td></tr>\n", a->n_shown + 1);
		fputs(pass ? "</tbody></table></div>\n</details>\n" : "</tbody></table></div>\n", f);
	}
	fputs("</section>\n", f);
out:
	for (int k = 0; k < a->n_shown; k++)
		json_decref(flat[k]);
	json_decref(keys);
}

static void section_raw(const struct analysis *a, FILE *f)
{
	const struct run *r = a->run;
	const char *slash = strrchr(r->path, '/');
	json_t *argv = json_object_get(r->head, "argv"), *v;
	size_t i;

	fputs("<section id=\"raw\">\n<h2>Raw records, and how to repeat this</h2>\n<dl>\n<dt>run</dt><dd><code>", f);
	esc(f, r->id);
	fputs("</code>, started ", f);
	esc(f, r->started);
	fputs("</dd>\n<dt>file</dt><dd><code>", f);
	esc(f, slash ? slash + 1 : r->path);
	fprintf(f, "</code>, %zu lines</dd>\n<dt>sha256</dt><dd><code>%s</code></dd>\n<dt>command</dt><dd><code>",
		r->n_lines, r->sha256);
	if (json_is_array(argv)) {
		json_array_foreach(argv, i, v) {
			if (i)
				fputc(' ', f);
			esc(f, json_is_string(v) ? json_string_value(v) : "?");
		}
	} else if (json_is_string(argv)) {
		esc(f, json_string_value(argv));
	} else {
		fputs("not recorded", f);
	}
	fputs("</code></dd>\n<dt>suite</dt><dd>", f);
	for (int k = 0; k < 2; k++) {
		const char *s = json_string_value(json_path(r->head, k ? "suite.git" : "suite.version"));

		if (s) {
			fputs(k ? " " : "", f);
			esc(f, s);
		}
	}
	fputs("</dd>\n</dl>\n</section>\n", f);
}

void out_html(const struct analysis *a, FILE *f)
{
	const struct run *r = a->run;
	const char *b = run_banner(r);
	char *s;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>Bulkhead comparison, ",
	      f);
	esc(f, r->id);
	fputs("</title>\n<style>\n", f);
	fputs(style_css, f);
	svg_colours(a, f);
	fputs("</style>\n</head>\n<body>\n", f);
	svg_defs(a, f);
	if (b)
		fprintf(f, "<p class=\"emu top\" role=\"note\">%s</p>\n", b);
	fputs("<main>\n<header>\n<p class=\"kicker\">Bulkhead comparison</p>\n<h1>", f);
	s = headline(a);
	esc(f, s);
	free(s);
	fputs("</h1>\n<p class=\"machine\">", f);
	s = machine_line(a);
	esc(f, s);
	free(s);
	fputs("</p>\n</header>\n", f);
	hero(a, f);
	claims(a, f);
	notes(a, f);
	published_html(a, f);
	section_overview(a, f);
	for (int g = 0; g < N_GROUPS; g++)
		section_group(a, g, f);
	for (int i = 0; i < N_EXTRA; i++)
		if (a->extra[i])
			section_extra(a->extra[i], extra_info[i].group, f);
	for (int i = 0; i < a->n_share; i++)
		share_html(a->share[i], f);
	if (a->many)
		many_html(a->many, f, 0);
	for (int i = 0; i < a->n_isolate; i++)
		many_html(a->isolate[i], f, i + 1);
	foot_html(r, f);
	if (a->beside)
		section_beside(a->beside, f);
	section_method(a, f);
	section_env(a, f);
	section_raw(a, f);
	fputs("</main>\n</body>\n</html>\n", f);
}
