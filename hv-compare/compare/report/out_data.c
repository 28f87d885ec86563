// SPDX-License-Identifier: GPL-2.0-or-later
/* Forms for machines and for issues: summary.jsonl, CSV, Markdown. */
#include "out.h"
#include "share.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JSON has no NaN or infinity; neither may be printed as one. */
static json_t *num(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *pair(const struct interval *iv)
{
	if (iv->kind == IV_NONE)
		return json_null();
	return json_pack("[o, o]", num(iv->lo), num(iv->hi));
}

static void put(json_t *o, FILE *f)
{
	/* Nine digits: more than any measurement, and free of 0.30000000000000004. */
	json_dumpf(o, f, JSON_COMPACT | JSON_REAL_PRECISION(9));
	fputc('\n', f);
	json_decref(o);
}

static void put_cell(const struct analysis *a, const struct row *row, int side, FILE *f)
{
	const struct cell *c = &row->cell[side];
	const struct cmp *m = &c->cmp;
	json_t *o = json_object();

	json_object_set_new(o, "t", json_string("cell"));
	json_object_set_new(o, "bench", json_string(row->b->id));
	json_object_set_new(o, "side", json_string(a->run->side[side]));
	json_object_set_new(o, "accel", json_string(accel_name(a->run->accel)));
	json_object_set_new(o, "status", json_string(usable(c) && c->status == ST_OK ? "ok" :
						     c->status == ST_MISSING ? "missing" :
									       status_name(c->status)));
	if (*c->why)
		json_object_set_new(o, "why", json_string(c->why));
	if (row->b->unit)
		json_object_set_new(o, "unit", json_string(row->b->unit->name));
	if (usable(c)) {
		json_object_set_new(o, "n_exec", json_integer(c->h.n_exec));
		json_object_set_new(o, "n_boot", json_integer(c->h.n_boot));
		json_object_set_new(o, "n_batch", json_integer(c->h.n_batch));
		json_object_set_new(o, "median", num(c->median));
		json_object_set_new(o, c->iv.kind == IV_CI ? "ci95" : "range", pair(&c->iv));
		json_object_set_new(o, "mad", num(c->mad));
		json_object_set_new(o, "min", num(c->min));
		json_object_set_new(o, "max", num(c->max));
		json_object_set_new(o, "outliers", json_integer((json_int_t)c->outliers));
	}
	if (side != a->base) {
		json_object_set_new(o, "baseline", json_string(a->run->side[a->base]));
		if (m->has) {
			json_object_set_new(o, "ratio", num(m->ratio));
			json_object_set_new(o, m->iv.kind == IV_CI ? "ratio_ci95" : "ratio_range", pair(&m->iv));
			json_object_set_new(o, "paired", json_boolean(m->paired));
			if (m->iv.kind == IV_CI)
				json_object_set_new(o, "p_holm", num(m->p_adj));
			json_object_set_new(o, "verdict", json_string(verdict_name(m->verdict)));
			if (m->verdict == V_UNDECIDED)
				json_object_set_new(o, "need_exec", json_integer(m->need));
		} else if (m->why_not) {
			json_object_set_new(o, "no_ratio", json_string(m->why_not));
		}
	}
	put(o, f);
}

static void put_group(const struct analysis *a, int side, int g, FILE *f)
{
	const struct tally *t = &a->tally[side][g];
	json_t *o = json_object();

	json_object_set_new(o, "t", json_string("group"));
	json_object_set_new(o, "group", json_string(group_info[g].key));
	json_object_set_new(o, "side", json_string(a->run->side[side]));
	json_object_set_new(o, "baseline", json_string(a->run->side[a->base]));
	json_object_set_new(o, "rows", json_integer((json_int_t)t->rows));
	for (enum verdict v = V_SAME; v <= V_UNDECIDED; v++)
		json_object_set_new(o, verdict_name(v), json_integer((json_int_t)t->n[v]));
	json_object_set_new(o, "no_ratio", json_integer((json_int_t)(t->rows - t->compared)));
	if (t->has) {
		json_object_set_new(o, "geomean", num(t->geomean));
		json_object_set_new(o, t->iv.kind == IV_CI ? "ci95" : "range", pair(&t->iv));
	}
	put(o, f);
}

void out_summary(const struct analysis *a, FILE *f)
{
	static const char *const gates[] = { "trusted", "untrusted", "unchecked" };
	static const char *const states[] = { "met", "not met", "not evaluated" };
	json_t *o;

	for (size_t i = 0; i < a->n_row; i++) {
		for (int k = 0; k < a->n_shown; k++)
			put_cell(a, &a->row[i], a->shown[k], f);
		if (a->control >= 0)
			put_cell(a, &a->row[i], a->control, f);
	}
	for (int k = 1; k <= a->n_shown; k++) {
		int side = k < a->n_shown ? a->shown[k] : a->control;

		for (int g = 0; side >= 0 && g <= N_GROUPS; g++)
			if (a->tally[side][g].rows)
				put_group(a, side, g, f);
	}
	o = json_object();
	json_object_set_new(o, "t", json_string("gate"));
	json_object_set_new(o, "state", json_string(gates[a->gate]));
	json_object_set_new(o, "why", json_string(a->gate_text));
	json_object_set_new(o, "rows", json_integer((json_int_t)a->control_rows));
	json_object_set_new(o, "within_0.1_percent", json_integer((json_int_t)a->control_close));
	put(o, f);
	for (int i = 0; i < 2; i++) {
		const struct acceptance *acc = &a->acc[i];
		json_t *over = json_array();

		for (size_t k = 0; k < acc->n_over; k++)
			json_array_append_new(over, json_string(acc->over[k]->b->id));
		o = json_object();
		json_object_set_new(o, "t", json_string("acceptance"));
		json_object_set_new(o, "side", json_string(acc->name));
		json_object_set_new(o, "state", json_string(states[acc->state]));
		if (acc->why)
			json_object_set_new(o, "why", json_string(acc->why));
		json_object_set_new(o, "max_geomean", num(acc->max_geomean));
		json_object_set_new(o, "max_row", num(acc->max_row));
		json_object_set_new(o, "over", over);
		put(o, f);
	}
}

static void csv_str(const char *s, FILE *f)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

static void csv_num(double v, FILE *f)
{
	if (isfinite(v))
		fprintf(f, "%.9g", v);
}

static void csv_rows(const struct analysis *a, FILE *f)
{
	for (size_t i = 0; i < a->n_row; i++)
		for (int k = 0; k <= a->n_shown; k++) {
			int side = k < a->n_shown ? a->shown[k] : a->control;
			const struct row *row = &a->row[i];
			const struct cell *c;

			if (side < 0)
				continue;
			c = &row->cell[side];
			csv_str(row->b->id, f);
			fputc(',', f);
			csv_str(a->run->side[side], f);
			fprintf(f, ",%s,%s,%s", accel_name(a->run->accel), row->b->unit ? row->b->unit->name : "",
				c->status == ST_MISSING ? "missing" : status_name(c->status));
			if (usable(c)) {
				fprintf(f, ",%u,%u,%u,", c->h.n_exec, c->h.n_boot, c->h.n_batch);
				csv_num(c->median, f);
				fputc(',', f);
				csv_num(c->iv.lo, f);
				fputc(',', f);
				csv_num(c->iv.hi, f);
				fprintf(f, ",%s,", c->iv.kind == IV_CI ? "ci95" : "range");
				csv_num(c->mad, f);
				fputc(',', f);
				csv_num(c->min, f);
				fputc(',', f);
				csv_num(c->max, f);
				fprintf(f, ",%zu,", c->outliers);
			} else {
				fputs(",,,,,,,,,,,,", f);
			}
			csv_str(side == a->base ? "" : a->run->side[a->base], f);
			if (c->cmp.has) {
				fputc(',', f);
				csv_num(c->cmp.ratio, f);
				fputc(',', f);
				csv_num(c->cmp.iv.lo, f);
				fputc(',', f);
				csv_num(c->cmp.iv.hi, f);
				fprintf(f, ",%s,%s,", c->cmp.iv.kind == IV_CI ? "ci95" : "range",
					verdict_name(c->cmp.verdict));
			} else {
				fputs(",,,,,,", f);
			}
			csv_str(*c->why ? c->why : c->cmp.why_not ? c->cmp.why_not : "", f);
			fputc('\n', f);
		}
}

void out_csv(const struct analysis *a, FILE *f)
{
	fputs("bench,side,accel,unit,status,n_exec,n_boot,n_batch,median,lo,hi,interval,mad,min,max,outliers,baseline,ratio,ratio_lo,ratio_hi,ratio_interval,verdict,why\n",
	      f);
	csv_rows(a, f);
	for (int i = 0; i < N_EXTRA; i++)
		if (a->extra[i])
			csv_rows(a->extra[i], f);
}

/* Text in a Markdown table cell: no bar, no line break, no tag, no emphasis. */
static void md(const char *s, FILE *f)
{
	char *c = clean(s, false);

	for (char *p = c; *p; p++) {
		if (strchr("|\\`*_<>[]", *p))
			fputc('\\', f);
		fputc(*p, f);
	}
	free(c);
}

static void md_tables(const struct analysis *a, FILE *f)
{
	const char *banner = run_banner(a->run);
	char buf[200], iv[100];

	for (int g = 0; g < N_GROUPS; g++) {
		bool first = true;

		for (size_t i = 0; i < a->n_row; i++) {
			const struct row *row = &a->row[i];

			if (row->group != (enum group)g || row->derived)
				continue;
			if (first) {
				fprintf(f, "\n### %s\n", group_info[g].title);
				if (banner)
					fprintf(f, "_%s_\n", banner);
				fputs("\n| row |", f);
				for (int k = 0; k < a->n_shown; k++) {
					fputc(' ', f);
					md(a->run->side[a->shown[k]], f);
					fputs(" |", f);
				}
				fputs("\n|---|", f);
				for (int k = 0; k < a->n_shown; k++)
					fputs("--:|", f);
				fputc('\n', f);
				first = false;
			}
			fputs("| ", f);
			md(row->b->id, f);
			fputs(" |", f);
			for (int k = 0; k < a->n_shown; k++) {
				const struct cell *c = &row->cell[a->shown[k]];

				fputc(' ', f);
				if (!usable(c)) {
					fputs(c->status == ST_DNR ? "DNR" : status_name(c->status), f);
				} else if (k && c->cmp.has) {
					fmt_ratio(buf, sizeof(buf), c->cmp.ratio);
					fmt_interval(iv, sizeof(iv), &c->cmp.iv, 3);
					fprintf(f, "%s %s %s", buf, iv, verdict_name(c->cmp.verdict));
				} else {
					fmt_value(buf, sizeof(buf), c->median, row->b->unit, true);
					fputs(buf, f);
				}
				fputs(" |", f);
			}
			fputc('\n', f);
		}
	}
}

void out_markdown(const struct analysis *a, FILE *f)
{
	struct strlist l = { 0 };
	char *s = headline(a);

	fputs("**", f);
	md(s, f);
	fputs("**\n\n", f);
	free(s);
	s = machine_line(a);
	fprintf(f, "Run `%s`: ", a->run->id);
	md(s, f);
	free(s);
	s = evidence_words(a);
	fputs("  \nHow sure: ", f);
	md(s, f);
	fputs(".\n", f);
	free(s);
	md_tables(a, f);
	for (int i = 0; i < N_EXTRA; i++) {
		if (!a->extra[i])
			continue;
		md_tables(a->extra[i], f);
		fprintf(f, "\nFrom the run `%s`.\n", a->extra[i]->run->id);
		no_result_words(a->extra[i], &l);
	}
	fputc('\n', f);
	for (int i = 0; i < 2; i++) {
		s = acceptance_words(a, &a->acc[i]);
		fprintf(f, "- acceptance, %s: ", a->acc[i].name);
		md(s, f);
		fputc('\n', f);
		free(s);
	}
	no_result_words(a, &l);
	warning_words(a, &l);
	for (size_t i = 0; i < l.n; i++) {
		fputs("- ", f);
		md(l.s[i], f);
		fputc('\n', f);
	}
	strlist_free(&l);
}
