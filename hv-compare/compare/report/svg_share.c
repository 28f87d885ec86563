// SPDX-License-Identifier: GPL-2.0-or-later
/* The figure of the experiment "share": who had how much, and when. */
#include "share.h"
#include "svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define W 720
#define LEFT 52
#define COLUMNS 3
#define GAP 42
#define PLOT 130
#define BIN 500e6	/* ns a point stands for */
#define LABEL_GAP 11

/* Points of the figure: sample indexes BIN apart. Returns how many. */
static size_t bins(const struct fair_case *c, size_t *at)
{
	size_t n = 0;

	at[n++] = 0;
	for (size_t k = 1; k < c->n_samples; k++)
		if (c->t[k] - c->t[at[n - 1]] >= BIN - 1e6 * 50)
			at[n++] = k;
	return n;
}

/* The same weight and entitlement as an earlier one: one label will do. */
static bool alike(const struct fair_case *c, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		const struct fair_inst *a = &c->inst[k], *b = &c->inst[i];

		if (a->weight == b->weight && a->floor == b->floor && a->cap == b->cap &&
		    a->demand == b->demand)
			return true;
	}
	return false;
}

/* The largest share of any half second in this panel. */
static double largest(const struct fair_case *c)
{
	size_t *at = xcalloc(c->n_samples + 1, sizeof(*at)), n = bins(c, at);
	double most = 0, got, want;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k + 1 < n; k++) {
			fair_share(c, at[k], at[k + 1], i, &got, &want);
			most = fmax(most, fmax(got, want));
		}
	free(at);
	return most;
}

/* The name of an instance at the end of its line, if there is room. */
static void line_label(const struct fair_inst *x, double at, double y, double *used, size_t *n_used, FILE *f)
{
	for (size_t k = 0; k < *n_used; k++)
		if (fabs(used[k] - y) < LABEL_GAP)
			return;
	used[(*n_used)++] = y;
	fprintf(f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">", at, y + 4);
	if (x->floor > 0)
		fputs("floor", f);
	else if (x->cap > 0)
		fputs("limit", f);
	else
		fprintf(f, "w %g", x->weight);
	fputs("</text>\n", f);
}

static void panel(const struct share *s, const struct share_cell *cell, double x0, double width, double y0,
		  double top, bool axis, FILE *f)
{
	const struct fair_case *c = &cell->example;
	size_t *at = xcalloc(c->n_samples + 1, sizeof(*at)), n = bins(c, at);
	double len = c->t[c->n_samples - 1], *end = xcalloc(2 * c->n, sizeof(*end)), *used = end + c->n;
	size_t n_used = 0;
	char jain[32];

	share_fmt(jain, sizeof(jain), SH_JAIN, cell->num[SH_JAIN].median);
	fprintf(f, "<text class=\"panel\" x=\"%.1f\" y=\"%.1f\">", x0, y0 - PLOT - 8);
	esc(f, s->run->side[cell->side]);
	fprintf(f, "<tspan class=\"tick\" font-weight=\"400\" dx=\"8\">Jain %s</tspan></text>\n", jain);
	for (int v = 0; v <= 4; v++) {
		double y = y0 - PLOT * v / 4.0;

		fprintf(f, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>\n", x0, y, width);
		if (axis)
			fprintf(f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g %%</text>\n",
				x0 - 6, y + 4, 25 * top * v);
	}
	for (size_t i = 0; i < c->n; i++) {
		double got = 0, want = 0;

		/* Entitlement: one dashed line for instances that have the same. */
		for (int pass = alike(c, i) ? 1 : 0; pass < 2; pass++) {
			bool open = false;

			for (size_t k = 0; k + 1 < n; k++) {
				double y;

				if (c->inst[i].start > c->t[at[k]])
					continue;
				fair_share(c, at[k], at[k + 1], i, &got, &want);
				y = y0 - PLOT * (pass ? got : want) / top;
				if (!open)
					/* One colour: the panel says which side it is. */
					fprintf(f, "<path %s d=\"M", pass ? "class=\"line\" style=\"stroke:var(--focus)\"" :
									     "class=\"err\" stroke-dasharray=\"4 3\"");
				else
					fputc('L', f);
				fprintf(f, "%.1f %.1f", x0 + width * (c->t[at[k]] + c->t[at[k + 1]]) / 2 / len, y);
				open = true;
				end[i] = y;
			}
			if (open)
				fputs("\"/>\n", f);
		}
	}
	/* What is special is named first; of what is alike, one. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < c->n; i++) {
			bool special = c->inst[i].floor > 0 || c->inst[i].cap > 0;

			if (special != pass && end[i] > 0 && !alike(c, i))
				line_label(&c->inst[i], x0 + width + 3, end[i], used, &n_used, f);
		}
	fprintf(f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">0</text><text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.0f s</text>\n",
		x0, y0 + 16, x0 + width, y0 + 16, len / 1e9);
	free(end);
	free(at);
}

void svg_share(const struct share *s, const struct share_case *c, FILE *f)
{
	int n = 0, columns, rows, top, height, k = 0;
	double width, most = 0;
	char *title;

	for (size_t i = 0; i < c->n_cell; i++) {
		n += c->cell[i].example.n > 0;
		if (c->cell[i].example.n)
			most = fmax(most, largest(&c->cell[i].example));
	}
	if (!n)
		return;
	columns = n < COLUMNS ? n : COLUMNS;
	width = (double)(W - LEFT) / columns - GAP;
	/* The axis begins at 0 and ends at 25, 50 or 100 %, the same in all panels. */
	most = most <= 0.25 ? 0.25 : most <= 0.5 ? 0.5 : 1;
	rows = (n + columns - 1) / columns;
	height = (run_banner(s->run) ? 22 : 0) + 30 + rows * (PLOT + 58);
	if (s->disk)
		title = xasprintf("Share of the disk over time, %s", c->label);
	else
		title = xasprintf("Share over time, %s, %.0f CPU%s", c->label, s->ncpu,
				  s->ncpu > 1 ? "s" : "");
	fputs("<figure>\n", f);
	svg_open(s->run, f, title,
		 s->disk ? "One panel per side. Solid: the part of the requests done that each instance had in each half second. Dashed: what it was entitled to." :
			   "One panel per side. Solid: the part of the delivered CPU time that each instance had in each half second. Dashed: what it was entitled to.",
		 height, &top);
	fprintf(f, "<text class=\"panel\" x=\"%d\" y=\"%d\">", LEFT, top + 18);
	esc(f, title);
	fputs("</text>\n", f);
	for (size_t i = 0; i < c->n_cell; i++) {
		if (!c->cell[i].example.n)
			continue;
		panel(s, &c->cell[i], LEFT + (k % columns) * (width + GAP), width,
		      top + 30 + (k / columns) * (PLOT + 58) + 22 + PLOT, most, k % columns == 0, f);
		k++;
	}
	fputs("</svg></div>\n<figcaption>", f);
	esc(f, c->label);
	fprintf(f, ": the part of the %s that each instance had, half second by half second (solid), and what it was entitled to (dashed); first repeat.</figcaption>\n</figure>\n",
		s->disk ? "requests done" : "delivered CPU time");
	free(title);
}
