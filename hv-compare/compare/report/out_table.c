// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminal table. */
#include "out.h"
#include "many.h"
#include "published.h"
#include "share.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_COLS 26

/* Columns a string takes: our own text has nothing wider than one per character. */
static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* Left: width < 0.  Never cuts, so a surprise widens a line instead of lying. */
static void pad(FILE *f, const char *s, int width)
{
	int n = columns(s);

	if (width < 0) {
		fputs(s, f);
		for (; n < -width; n++)
			fputc(' ', f);
		return;
	}
	for (int i = n; i < width; i++)
		fputc(' ', f);
	fputs(s, f);
}

static void rule(FILE *f, int width, bool ascii)
{
	for (int i = 0; i < width; i++)
		fputs(ascii ? "-" : "\342\224\200", f);
	fputc('\n', f);
}

void wrap_text(FILE *f, const char *text, int width, int indent, bool ascii)
{
	char *copy = clean(text, ascii), *save = NULL;
	int col = 0;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		int n = columns(w);

		if (col && col + 1 + n > width) {
			fprintf(f, "\n%*s", indent, "");
			col = indent;
		} else if (col) {
			fputc(' ', f);
			col++;
		}
		fputs(w, f);
		col += n;
	}
	fputc('\n', f);
	free(copy);
}

/*
 * A cell of a compared side: "1.0003 [0.999 1.001] =".  prec 0: half the
 * width of the interval instead, "[.0004]"; prec < 0: no interval.
 */
static void cell_text(char *buf, size_t n, const struct cell *c, const struct unit *u, int prec, bool ascii)
{
	char ratio[40], iv[100] = "";
	const char *unstable = c->status != ST_OK ? "!" : "";

	if (!usable(c)) {
		snprintf(buf, n, "%s", c->status == ST_DNR ? "DNR" : status_name(c->status));
		return;
	}
	if (!c->cmp.has) {
		/* No ratio, but the number itself is known. */
		fmt_value(ratio, sizeof(ratio), c->median, u, ascii);
		snprintf(buf, n, "(%s)%s", ratio, unstable);
		return;
	}
	fmt_ratio(ratio, sizeof(ratio), c->cmp.ratio);
	if (prec > 0) {
		fmt_interval(iv, sizeof(iv), &c->cmp.iv, prec);
	} else if (!prec) {
		char half[40];

		fmt_bound(half, sizeof(half), (c->cmp.iv.hi - c->cmp.iv.lo) / 2, 4);
		/* ".0003": a half width needs no zero in front, and the column is narrow. */
		snprintf(iv, sizeof(iv), c->cmp.iv.kind == IV_CI ? "[%s]" : "{%s}", half[0] == '0' ? half + 1 : half);
	}
	snprintf(buf, n, "%s%s%s %c%s", ratio, *iv ? " " : "", iv, verdict_mark(c->cmp.verdict), unstable);
}

/* A cell of the baseline: its value, or the word for why there is none. */
static void base_text(char *buf, size_t n, const struct cell *c, const struct unit *u, bool ascii)
{
	size_t len;

	if (!usable(c)) {
		snprintf(buf, n, "%s", c->status == ST_DNR ? "DNR" : status_name(c->status));
		return;
	}
	fmt_value(buf, n, c->median, u, ascii);
	len = strlen(buf);
	snprintf(buf + len, n - len, "%s", c->status != ST_OK ? "!" : "");
}

static bool in_table(const struct row *row)
{
	return !row->derived;
}

/* Width of each column for one precision; returns the width of the table. */
static int layout(const struct analysis *a, int prec, int *name_w, int *base_w, int *col_w)
{
	bool ascii = a->opt.ascii;
	char buf[200];
	int total;

	*name_w = 12;
	*base_w = columns(a->run->side[a->base]);
	for (int k = 1; k < a->n_shown; k++)
		col_w[k] = columns(a->run->side[a->shown[k]]);
	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i];
		int n;

		if (!in_table(row))
			continue;
		n = columns(row->b->id);
		if (n > *name_w)
			*name_w = n < NAME_MAX_COLS ? n : NAME_MAX_COLS;
		base_text(buf, sizeof(buf), &row->cell[a->base], row->b->unit, ascii);
		n = columns(buf);
		if (n > *base_w)
			*base_w = n;
		for (int k = 1; k < a->n_shown; k++) {
			cell_text(buf, sizeof(buf), &row->cell[a->shown[k]], row->b->unit, prec, ascii);
			n = columns(buf);
			if (n > col_w[k])
				col_w[k] = n;
		}
	}
	total = *name_w + 1 + *base_w;
	for (int k = 1; k < a->n_shown; k++)
		total += 1 + col_w[k];
	return total;
}

static void print_group(const struct analysis *a, enum group g, FILE *f, int prec, int name_w, int base_w,
			const int *col_w, int total)
{
	const char *banner = run_banner_short(a->run);
	bool ascii = a->opt.ascii, first = true;
	char buf[200];

	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i];
		char *id;

		if (row->group != g || !in_table(row))
			continue;
		if (first) {
			fprintf(f, "\n%s%s%s%s\n", group_info[g].title, banner ? "  (" : "",
				banner ? banner : "", banner ? ")" : "");
			pad(f, "", -name_w);
			fputs(" ", f);
			pad(f, a->run->side[a->base], base_w);
			for (int k = 1; k < a->n_shown; k++) {
				fputs(" ", f);
				pad(f, a->run->side[a->shown[k]], col_w[k]);
			}
			fputc('\n', f);
			rule(f, total, ascii);
			first = false;
		}
		id = clean(row->b->id, ascii);
		pad(f, id, -name_w);
		free(id);
		fputs(" ", f);
		base_text(buf, sizeof(buf), &row->cell[a->base], row->b->unit, ascii);
		pad(f, buf, base_w);
		for (int k = 1; k < a->n_shown; k++) {
			fputs(" ", f);
			cell_text(buf, sizeof(buf), &row->cell[a->shown[k]], row->b->unit, prec, ascii);
			pad(f, buf, col_w[k]);
		}
		fputc('\n', f);
	}
}

static void print_list(FILE *f, const char *title, const struct strlist *l, int width, bool ascii)
{
	if (!l->n)
		return;
	fprintf(f, "\n%s\n", title);
	for (size_t i = 0; i < l->n; i++) {
		char *line = xasprintf("- %s", l->s[i]);

		wrap_text(f, line, width, 2, ascii);
		free(line);
	}
}

/* Rows of another run of the same sides: as wide as they need, up to @width. */
static void print_extra(const struct analysis *a, const struct extra_info *x, FILE *f, int width)
{
	int name_w, base_w, col_w[MAX_SIDES] = { 0 }, total = 0, prec = -1;
	static const int forms[] = { 4, 3, 0, -1 };
	struct strlist l = { 0 };

	if (!a)
		return;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		prec = forms[i];
		total = layout(a, prec, &name_w, &base_w, col_w);
		if (total <= width)
			break;
	}
	print_group(a, x->group, f, prec, name_w, base_w, col_w, total);
	if (x->note)
		wrap_text(f, x->note, width, 0, a->opt.ascii);
	fprintf(f, "From the run %s. Geometric means:", a->run->id);
	for (int k = 1; k < a->n_shown; k++) {
		const struct tally *t = &a->tally[a->shown[k]][x->group];
		char ratio[40] = "none";

		if (t->has)
			fmt_ratio(ratio, sizeof(ratio), t->geomean);
		fprintf(f, "%s %s %s", k > 1 ? "," : "", a->run->side[a->shown[k]], ratio);
	}
	fputc('\n', f);
	no_result_words(a, &l);
	print_list(f, "No result in that run", &l, width, a->opt.ascii);
	strlist_free(&l);
}

static void print_summary(const struct analysis *a, FILE *f)
{
	fprintf(f, "\nSummary: geometric mean of the ratios to %s, and how many rows\n", a->run->side[a->base]);
	for (int k = 1; k < a->n_shown; k++) {
		const char *name = a->run->side[a->shown[k]];

		for (int g = 0; g <= N_GROUPS; g++) {
			const struct tally *t = &a->tally[a->shown[k]][g];
			char ratio[40] = "-", iv[100] = "", *w;

			if (!t->rows)
				continue;
			if (t->has) {
				fmt_ratio(ratio, sizeof(ratio), t->geomean);
				fmt_interval(iv, sizeof(iv), &t->iv, 4);
			}
			w = tally_words(t);
			fprintf(f, "%-12s %-10s %8s %-18s %s\n", name, group_info[g].key, ratio, iv, w);
			free(w);
			name = "";
		}
	}
}

static void print_beside(const struct analysis *a, FILE *f)
{
	if (!a->beside)
		return;
	fprintf(f, "\nBeside it, %s (run %s, accel %s): geometric mean of all OS rows\n", beside_words(a->beside),
		a->beside->run->id, accel_name(a->beside->run->accel));
	for (int k = 1; k < a->n_shown; k++) {
		const struct tally *t = beside_tally(a, a->shown[k], G_ALL);
		char ratio[40] = "-", iv[100] = "", *w;

		if (!t)
			continue;
		if (t->has) {
			fmt_ratio(ratio, sizeof(ratio), t->geomean);
			fmt_interval(iv, sizeof(iv), &t->iv, 4);
		}
		w = tally_words(t);
		fprintf(f, "%-12s %-10s %8s %-18s %s\n", a->run->side[a->shown[k]], "all", ratio, iv, w);
		free(w);
	}
}

/* Explain the parentheses when there are any. */
static void print_absolute_note(const struct analysis *a, FILE *f)
{
	for (size_t i = 0; i < a->n_row; i++)
		for (int k = 1; k < a->n_shown; k++) {
			const struct cell *c = &a->row[i].cell[a->shown[k]];

			if (in_table(&a->row[i]) && usable(c) && !c->cmp.has) {
				fputs("Numbers in ( ) are absolute: there is nothing to compare them with.\n", f);
				return;
			}
		}
}

void out_table(const struct analysis *a, FILE *f)
{
	const struct run *r = a->run;
	const char *banner = run_banner(r);
	int name_w, base_w, col_w[MAX_SIDES] = { 0 }, total = 0, prec = -1, width = a->opt.width;
	static const int forms[] = { 4, 3, 0, -1 };
	bool ascii = a->opt.ascii;
	struct strlist l = { 0 };
	struct claim claims[3];
	char *s;

	/* The widest form that fits; the interval gives way first, never the ratio. */
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		prec = forms[i];
		total = layout(a, prec, &name_w, &base_w, col_w);
		if (total <= width)
			break;
	}
	fprintf(f, "Bulkhead comparison, run %s\n", r->id);
	s = machine_line(a);
	wrap_text(f, s, width, 0, ascii);
	free(s);
	if (banner)
		fprintf(f, "*** %s ***\n", banner);
	s = xasprintf("Baseline: %s, %s per operation. Ratios: more than 1 is %s. Median of executions%s, in { } the range when fewer than %d executions.",
		      r->side[a->base], quantity(r),
		      r->accel == ACCEL_ICOUNT ? "costlier" : "slower, also for bandwidth",
		      prec > 0 ? ", [95 % interval]" : !prec ? ", [half the 95 % interval]" : "", MIN_EXECS_CI);
	wrap_text(f, s, width, 0, ascii);
	free(s);

	if (!r->n_samples) {
		fputs("\nNo measured sample in these records.\n", f);
	}
	for (int g = 0; g < N_GROUPS; g++)
		print_group(a, g, f, prec, name_w, base_w, col_w, total);
	fputs("\n= same (within 3 %)  + slower  - faster  ? undecided  ! incomplete  DNR none\n", f);
	print_absolute_note(a, f);
	life_words(a, &l);
	for (size_t i = 0; i < l.n; i++)
		wrap_text(f, l.s[i], width, 2, ascii);
	strlist_free(&l);

	for (int i = 0; i < N_EXTRA; i++)
		print_extra(a->extra[i], &extra_info[i], f, width);
	print_summary(a, f);
	print_beside(a, f);
	for (int i = 0; i < a->n_share; i++)
		share_table(a->share[i], f, width, ascii);
	if (a->many)
		many_table(a->many, f, width, ascii);
	for (int i = 0; i < a->n_isolate; i++)
		many_table(a->isolate[i], f, width, ascii);
	foot_table(r, f, width, ascii);

	s = xasprintf("A/A check (%s against itself): %s: %s; %zu of %zu rows within 0.1 %%",
		      r->side[a->base],
		      a->gate == GATE_TRUSTED	? "passed, trusted" :
		      a->gate == GATE_UNTRUSTED ? "FAILED, untrusted" :
						  "NOT DONE",
		      a->gate_text, a->control_close, a->control_rows);
	fputc('\n', f);
	wrap_text(f, s, width, 2, ascii);
	free(s);
	for (int i = 0; i < 2; i++) {
		char *w = acceptance_words(a, &a->acc[i]);

		s = xasprintf("Acceptance, %s against %s: %s", a->acc[i].name, r->side[a->base], w);
		wrap_text(f, s, width, 2, ascii);
		free(s);
		free(w);
	}

	fputc('\n', f);
	claims_make(a, claims);
	for (int i = 0; i < 3; i++) {
		s = xasprintf("%s \"%s\": %s%s%s. %s", "Claim", claims[i].title,
			      claims[i].verdict, claims[i].measured ? ", " : "",
			      claims[i].measured ? claims[i].measured : "", claims[i].text);
		wrap_text(f, s, width, 2, ascii);
		free(s);
	}
	claims_free(claims);
	published_table(a, f, width, ascii);

	no_result_words(a, &l);
	print_list(f, "No result", &l, width, ascii);
	strlist_free(&l);
	warning_words(a, &l);
	print_list(f, "Warnings", &l, width, ascii);
	strlist_free(&l);

	fputc('\n', f);
	s = headline(a);
	wrap_text(f, s, width, 0, ascii);
	free(s);
	s = evidence_words(a);
	{
		char *t = xasprintf("How sure: %s.", s);

		wrap_text(f, t, width, 0, ascii);
		free(t);
	}
	free(s);
}
