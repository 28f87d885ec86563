// SPDX-License-Identifier: GPL-2.0-or-later
#include "svg.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Page units of a figure; CSS scales it to the column. */
#define W 720
#define LEFT 52
#define RIGHT 14
#define FONT 12

/* For sides that name no colour: after Okabe and Ito, on light and on dark ground. */
static const char *const palette[][2] = {
	{ "#0072b2", "#3b9bd9" }, { "#d55e00", "#e8772e" }, { "#009e73", "#009e73" },
	{ "#cc79a7", "#cc79a7" }, { "#e69f00", "#e69f00" }, { "#56b4e9", "#56b4e9" },
	{ "#999999", "#999999" },
};

#define N_PALETTE ((int)(sizeof(palette) / sizeof(*palette)))

const char *side_css(const char *side)
{
	static char ring[4][64];
	static int turn;
	const char *dash = strrchr(side, '-');
	size_t n = dash ? (size_t)(dash - side) : strlen(side);
	char *name = ring[turn++ % 4];

	n = n < sizeof(ring[0]) ? n : sizeof(ring[0]) - 1;
	memcpy(name, side, n);
	name[n] = '\0';
	for (char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *p))
			*p = '_';
	return name;
}

/* A hatch per place among the sides, drawn over the colour: for grey print. */
static const char *const hatches[] = {
	"M0 2h6M0 5h6",
	"M-1 1l2-2M0 6l6-6M5 7l2-2",
	"M-1 5l2 2M0 0l6 6M5-1l2 2",
	"M0 3h6M3 0v6",
	"M-1 5l2 2M0 0l6 6M5-1l2 2M-1 1l2-2M0 6l6-6M5 7l2-2",
	"M2 0v6M5 0v6",
	"M0 3h6",
};

#define N_HATCHES ((int)(sizeof(hatches) / sizeof(*hatches)))

static bool has_colour(const char *const *list, int n, const char *colour)
{
	for (int i = 0; i < n; i++)
		if (list[i] && !strcasecmp(list[i], colour))
			return true;
	return false;
}

/* What every figure of the page may draw: the sides of the main run, baseline first,
 * then those that only runs beside it have. */
struct page_side {
	const char *name;
	const struct side_info *info;
};

static int page_sides(const struct analysis *a, struct page_side out[MAX_SIDES])
{
	int n = 0;

	for (int x = -1; x < N_EXTRA; x++) {
		const struct analysis *from = x < 0 ? a : a->extra[x];

		for (int k = 0; from && k < from->n_shown && n < MAX_SIDES; k++) {
			const char *name = from->run->side[from->shown[k]];
			int i = 0;

			while (i < n && strcmp(side_css(out[i].name), side_css(name)))
				i++;
			if (i == n)
				out[n++] = (struct page_side){ name, &from->run->info[from->shown[k]] };
		}
	}
	return n;
}

void svg_colours(const struct analysis *a, FILE *f)
{
	const char *light[MAX_SIDES] = { 0 }, *dark[MAX_SIDES] = { 0 };
	struct page_side side[MAX_SIDES];
	const int n = page_sides(a, side);

	for (int k = 0; k < n; k++) {
		const struct side_info *info = side[k].info;

		light[k] = *info->colour ? info->colour : NULL;
		dark[k] = *info->dark ? info->dark : light[k];
	}
	if (!light[0]) {
		light[0] = "#000000";
		dark[0] = "#ffffff";
	}
	for (int k = 1; k < n; k++) {
		int p = 0;

		if (light[k])
			continue;
		/* The first that nobody has; when all are taken, in turn. */
		while (p < N_PALETTE && has_colour(light, n, palette[p][0]))
			p++;
		p = p < N_PALETTE ? p : k % N_PALETTE;
		light[k] = palette[p][0];
		dark[k] = palette[p][1];
	}
	fputs(":root{", f);
	for (int k = 0; k < n; k++)
		fprintf(f, "--s-%s:%s;", side_css(side[k].name), light[k]);
	fputs("}\n@media screen and (prefers-color-scheme:dark){:root{", f);
	for (int k = 0; k < n; k++)
		fprintf(f, "--s-%s:%s;", side_css(side[k].name), dark[k]);
	fputs("}}\n", f);
	for (int k = 0; k < n; k++) {
		const char *css = side_css(side[k].name);

		fprintf(f, ".s-%s{fill:var(--s-%s)}.l-%s{stroke:var(--s-%s)}", css, css, css, css);
	}
	fputc('\n', f);
}

static void escape(FILE *f, const char *s, bool lines)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		case 'h':
		case 'H':
			/* Break "http" wherever it comes from; readers see the same. */
			if (!strncasecmp((const char *)p, "http", 4)) {
				fprintf(f, "%c&#%d;", *p, p[1]);
				p++;
				break;
			}
			fputc(*p, f);
			break;
		case '\n':
		case '\t':
			fputc(lines ? *p : ' ', f);
			break;
		default:
			if (*p < 0x20 || *p == 0x7f) {
				fputc('?', f);
			} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
				fputc('?', f);	/* C1 controls */
				p++;
			} else if (*p == 0xef && p[1] == 0xbf && p[2] >= 0xbe) {
				fputc('?', f);	/* U+FFFE, U+FFFF: not allowed in XML */
				p += 2;
			} else {
				fputc(*p, f);
			}
		}
	}
}

void esc(FILE *f, const char *s)
{
	escape(f, s, false);
}

void esc_lines(FILE *f, const char *s)
{
	escape(f, s, true);
}

void svg_defs(const struct analysis *a, FILE *f)
{
	struct page_side side[MAX_SIDES];
	const int n = page_sides(a, side);

	fputs("<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>", f);
	/* The baseline has none. */
	for (int k = 1; k < n; k++)
		fprintf(f, "<pattern id=\"h-%s\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" d=\"%s\"/></pattern>",
			side_css(side[k].name), hatches[(k - 1) % N_HATCHES]);
	fputs("</defs></svg>\n", f);
}

void svg_open(const struct run *r, FILE *f, const char *title, const char *desc, int height, int *top)
{
	const char *banner = run_banner(r);

	fprintf(f, "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\" font-size=\"%d\">\n<title>", W,
		height, FONT);
	esc(f, title);
	fputs("</title><desc>", f);
	esc(f, desc);
	fputs("</desc>\n", f);
	*top = 0;
	if (banner) {
		fprintf(f, "<rect class=\"emub\" width=\"%d\" height=\"20\"/><text class=\"emut\" x=\"%d\" y=\"14\" text-anchor=\"middle\">%s</text>\n",
			W, W / 2, banner);
		*top = 22;
	}
}

/*
 * Names and swatches, in lines of LEGEND_LINE; returns the height that the lines
 * after the first take.  Without f it only measures.
 */
#define LEGEND_LINE 17

static int legend(const struct analysis *a, FILE *f, int y)
{
	int x = LEFT, first = y;

	for (int k = 1; k < a->n_shown; k++) {
		const char *side = a->run->side[a->shown[k]], *css = side_css(side);
		int width = 19 + 7 * (int)strlen(side);

		if (x > LEFT && x + width > W - RIGHT) {
			x = LEFT;
			y += LEGEND_LINE;
		}
		if (f) {
			fprintf(f, "<rect class=\"s-%s\" x=\"%d\" y=\"%d\" width=\"14\" height=\"12\"/><rect fill=\"url(#h-%s)\" x=\"%d\" y=\"%d\" width=\"14\" height=\"12\"/><text x=\"%d\" y=\"%d\">",
				css, x, y - 10, css, x, y - 10, x + 19, y);
			esc(f, side);
			fputs("</text>\n", f);
		}
		x += width + 22;
	}
	if (x > LEFT && x + 27 + 7 * (int)(strlen(a->run->side[a->base]) + 4) > W - RIGHT) {
		x = LEFT;
		y += LEGEND_LINE;
	}
	if (!f)
		return y - first;
	fprintf(f, "<path class=\"one\" d=\"M%d %dh22\"/><text x=\"%d\" y=\"%d\">", x, y - 4, x + 27, y);
	esc(f, a->run->side[a->base]);
	fputs(" = 1</text>\n", f);
	return y - first;
}

struct axis {
	bool log;
	double lo, hi;		/* of the values; log: both powers of two */
	double y0, y1;		/* pixels of lo and hi */
};

static double place(const struct axis *x, double v)
{
	double t = x->log ? log2(v / x->lo) / log2(x->hi / x->lo) : (v - x->lo) / (x->hi - x->lo);

	/* An interval may leave the axis only by rounding. */
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return x->y0 + t * (x->y1 - x->y0);
}

static double axis_step(double hi)
{
	return hi > 5 ? 2 : hi > 2 ? 1 : 0.5;
}

/* Linear from 0 while everything is below 8, else powers of two around 1. */
static void choose_axis(struct axis *x, double lo, double hi)
{
	x->log = hi > 8;
	if (!x->log) {
		double step = axis_step(hi);

		x->lo = 0;
		x->hi = step * ceil(hi / step - 1e-9);
		if (x->hi < 1.5)
			x->hi = 1.5;
		return;
	}
	x->lo = 0.5;
	x->hi = 2;
	/* Bounded: a ratio of 2^40 would mean a broken record, not a slow side. */
	while (x->lo > lo && x->lo > 0x1p-40)
		x->lo /= 2;
	while (x->hi < hi && x->hi < 0x1p40)
		x->hi *= 2;
}

static void draw_axis(const struct axis *x, FILE *f, int from, int to, const char *label)
{
	double step = axis_step(x->hi), v;
	int every = 1;

	if (x->log) {
		/* At most about eight labels. */
		while (log2(x->hi / x->lo) / every > 8)
			every++;
	}
	for (v = x->lo; v <= x->hi * 1.0001; v = x->log ? v * exp2(every) : v + step) {
		double y = place(x, v);

		fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
			from, y, to, from - 6, y + 4, v);
	}
	if (label)
		fprintf(f, "<text class=\"tick\" transform=\"translate(13 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
			(x->y0 + x->y1) / 2, label);
	fprintf(f, "<path class=\"one\" d=\"M%d %.1fH%d\"/>\n", from, place(x, 1), to);
}

size_t svg_bars_max(int series)
{
	/* A bar needs 14 units for the number on it, a category 12 of air. */
	int n = (W - LEFT - RIGHT) / (series * 15 + 12);

	return n < 1 ? 1 : (size_t)n;
}

void svg_bars(const struct analysis *a, FILE *f, const char *title, const struct bars_cat *all, size_t n_all,
	      const struct bars_cat *cat, size_t n)
{
	const int head = 48, plot = 196;
	int series = a->n_shown - 1, top, height, foot;
	size_t longest = 0;
	double lo = 1, hi = 1, slot, bar;
	struct axis ax;
	char desc[200];

	for (size_t i = 0; i < n_all; i++) {
		longest = strlen(all[i].label) > longest ? strlen(all[i].label) : longest;
		for (int k = 0; k < series; k++) {
			const struct bars_val *v = &all[i].val[k];

			if (!v->has)
				continue;
			lo = v->iv.lo < lo ? v->iv.lo : lo;
			hi = v->iv.hi > hi ? v->iv.hi : hi;
		}
	}
	/* Labels hang at 55 degrees: 6.8 units a character, times sin(55). */
	foot = 32 + (int)(longest * 5.0);
	choose_axis(&ax, lo, hi);
	snprintf(desc, sizeof(desc), "Bars relative to %.60s, %s scale; the numbers are in the table below.",
		 a->run->side[a->base], ax.log ? "logarithmic" : "linear");
	height = (run_banner(a->run) ? 22 : 0) + 20 + legend(a, NULL, 0) + head + plot + foot;
	svg_open(a->run, f, title, desc, height, &top);
	top += 16;
	top += legend(a, f, top);
	top += 4 + head;
	ax.y1 = top;
	ax.y0 = top + plot;
	draw_axis(&ax, f, LEFT, W - RIGHT, ax.log ? "ratio, log scale, bars start at 1" : "ratio, from 0");

	slot = (double)(W - LEFT - RIGHT) / (double)n;
	bar = (slot - 12) / series;
	bar = bar > 34 ? 34 : bar;
	for (size_t i = 0; i < n; i++) {
		double mid = LEFT + slot * ((double)i + 0.5), x = mid - bar * series / 2;
		double one = place(&ax, ax.log ? 1 : 0);

		for (int k = 0; k < series; k++, x += bar) {
			const struct bars_val *v = &cat[i].val[k];
			const char *css = side_css(a->run->side[a->shown[k + 1]]);
			double y, up, down, cx = x + bar / 2, text_y;
			char num[40];

			if (!v->has) {
				double y1 = place(&ax, 1);

				/* A cross on the 1.0 line and the word: never an empty place. */
				fprintf(f, "<path class=\"cross\" d=\"M%.1f %.1fl8 8m0-8l-8 8\"/><text class=\"num\" transform=\"translate(%.1f %.1f) rotate(-90)\">%s</text>\n",
					cx - 4, y1 - 4, cx + 4, y1 - 8, v->word);
				continue;
			}
			y = place(&ax, v->ratio);
			fprintf(f, "<rect class=\"s-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", css,
				x + 0.5, y < one ? y : one, bar - 1, fabs(one - y));
			fprintf(f, "<rect fill=\"url(#h-%s)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
				css, x + 0.5, y < one ? y : one, bar - 1, fabs(one - y));
			up = place(&ax, v->iv.hi);
			down = place(&ax, v->iv.lo);
			fprintf(f, "<path class=\"err\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh6M%.1f %.1fh6\"/>", cx, up, down,
				cx - 3, up, cx - 3, down);
			text_y = (up < y ? up : y) - 5;
			if (text_y > place(&ax, 1) - 5)
				text_y = place(&ax, 1) - 5;
			snprintf(num, sizeof(num), v->ratio < 10 ? "%.3f" : v->ratio < 1e4 ? "%.1f" : "%.3g", v->ratio);
			fprintf(f, "<text class=\"num\" transform=\"translate(%.1f %.1f) rotate(-90)\">%s%s</text>\n",
				cx + 4, text_y, num, v->open ? " ?" : "");
		}
		fprintf(f, "<text transform=\"translate(%.1f %.1f) rotate(-55)\" text-anchor=\"end\"><tspan>", mid - 2,
			ax.y0 + 14);
		esc(f, cat[i].label);
		fputs("</tspan><tspan class=\"tick\" x=\"0\" dy=\"13\">", f);
		esc(f, cat[i].sub);
		fputs("</tspan></text>\n", f);
	}
	fputs("</svg></div>\n", f);
}

/* ctx.N.S, also with a variant after it, but not its .overhead. */
static bool ctx_parse(const struct row *row, int *procs, int *kb)
{
	int used = 0;

	return row->group == G_CTX && !row->derived &&
	       sscanf(row->b->id, "ctx.%d.%d%n", procs, kb, &used) == 2 &&
	       (!row->b->id[used] || !strcmp(row->b->id + used, ".pin1"));
}

static void marker(FILE *f, int k, const char *css, double x, double y)
{
	switch (k % 3) {
	case 0:
		fprintf(f, "<rect class=\"s-%s\" x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\"/>", css, x - 3.5, y - 3.5);
		break;
	case 1:
		fprintf(f, "<circle class=\"s-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", css, x, y);
		break;
	default:
		fprintf(f, "<path class=\"s-%s\" d=\"M%.1f %.1fl4.5 8h-9z\"/>", css, x, y - 5);
	}
}

void svg_ctx(const struct analysis *a, FILE *f)
{
	static const char *const dash[] = { "5 3", "", "8 3 2 3", "2 3" };
	const int plot = 190, right = 96;
	int ns[16], n_ns = 0, max_kb = 0, top, height;
	double lo = 1, hi = 1, width;
	struct axis ax;
	bool any = false;

	for (size_t i = 0; i < a->n_row; i++) {
		int n, kb, k;

		if (!ctx_parse(&a->row[i], &n, &kb))
			continue;
		for (k = 0; k < n_ns && ns[k] != n; k++)
			;
		if (k == n_ns && n_ns < 6)
			ns[n_ns++] = n;
		max_kb = kb > max_kb ? kb : max_kb;
		for (k = 1; k < a->n_shown; k++) {
			const struct cmp *c = &a->row[i].cell[a->shown[k]].cmp;

			if (!c->has)
				continue;
			any = true;
			lo = c->iv.lo < lo ? c->iv.lo : lo;
			hi = c->iv.hi > hi ? c->iv.hi : hi;
		}
	}
	if (!any || !max_kb)
		return;
	choose_axis(&ax, lo, hi);
	height = (run_banner(a->run) ? 22 : 0) + 46 + legend(a, NULL, 0) + plot + 44;
	fputs("<figure>\n", f);
	svg_open(a->run, f, "Context switch: ratio against working set",
		 "One panel per number of processes; x is the memory each process touches between two switches.",
		 height, &top);
	top += 16;
	top += legend(a, f, top);
	top += 30;
	ax.y1 = top;
	ax.y0 = top + plot;
	width = (double)(W - LEFT - right) / n_ns;
	for (int p = 0; p < n_ns; p++) {
		double x0 = LEFT + width * p, inner = width - 30;

		fprintf(f, "<text class=\"panel\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d processes</text>\n",
			x0 + inner / 2, top - 10, ns[p]);
		if (p == 0) {
			draw_axis(&ax, f, (int)x0, (int)(x0 + inner), ax.log ? "ratio, log scale" : "ratio, from 0");
		} else {
			for (double v = ax.lo; v <= ax.hi * 1.0001; v = ax.log ? 2 * v : v + axis_step(ax.hi))
				fprintf(f, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>\n", x0, place(&ax, v), inner);
			fprintf(f, "<path class=\"one\" d=\"M%.1f %.1fh%.1f\"/>\n", x0, place(&ax, 1), inner);
		}
		for (int k = 1; k < a->n_shown; k++) {
			const char *css = side_css(a->run->side[a->shown[k]]);
			bool first = true;

			/* Rows are in order of N, then S: the line needs no sorting. */
			fprintf(f, "<path class=\"line l-%s\" stroke-dasharray=\"%s\" d=\"", css, dash[(k - 1) % 4]);
			for (int pass = 0; pass < 2; pass++) {
				for (size_t i = 0; i < a->n_row; i++) {
					const struct cmp *c = &a->row[i].cell[a->shown[k]].cmp;
					int n, kb;
					double x, y;

					if (!ctx_parse(&a->row[i], &n, &kb) || n != ns[p])
						continue;
					x = x0 + 8 + (inner - 16) * kb / max_kb;
					if (!c->has) {
						if (pass && !usable(&a->row[i].cell[a->shown[k]]))
							fprintf(f, "<path class=\"cross\" d=\"M%.1f %.1fl8 8m0-8l-8 8\"/>",
								x - 4, place(&ax, 1) - 4 - 12 * k);
						first = true;
						continue;
					}
					y = place(&ax, c->ratio);
					if (!pass) {
						fprintf(f, "%c%.1f %.1f", first ? 'M' : 'L', x, y);
						first = false;
					} else {
						fprintf(f, "<path class=\"err\" d=\"M%.1f %.1fV%.1f\"/>", x,
							place(&ax, c->iv.hi), place(&ax, c->iv.lo));
						marker(f, k - 1, css, x, y);
					}
				}
				fputs(pass ? "\n" : "\"/>\n", f);
			}
		}
		/* x ticks: the sizes that were run. */
		for (size_t i = 0; i < a->n_row; i++) {
			int n, kb;

			if (!ctx_parse(&a->row[i], &n, &kb) || n != ns[p])
				continue;
			fprintf(f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n",
				x0 + 8 + (inner - 16) * kb / max_kb, ax.y0 + 17, kb);
		}
		fprintf(f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">KB touched</text>\n",
			x0 + inner / 2, ax.y0 + 34);
	}

	/* Names at the line ends of the last panel, pushed apart when they meet. */
	double at[MAX_SIDES];
	int order[MAX_SIDES], n_at = 0;

	for (int k = 1; k < a->n_shown; k++) {
		const struct cmp *last = NULL;

		for (size_t i = 0; i < a->n_row; i++) {
			int n, kb;

			if (ctx_parse(&a->row[i], &n, &kb) && n == ns[n_ns - 1] &&
			    a->row[i].cell[a->shown[k]].cmp.has)
				last = &a->row[i].cell[a->shown[k]].cmp;
		}
		if (!last)
			continue;
		at[n_at] = place(&ax, last->ratio) + 4;
		order[n_at++] = k;
	}
	/* Lowest on the page first, then each next one at least a line higher. */
	for (int i = 1; i < n_at; i++)
		for (int j = i; j > 0 && at[j] > at[j - 1]; j--) {
			double t = at[j];
			int o = order[j];

			at[j] = at[j - 1];
			at[j - 1] = t;
			order[j] = order[j - 1];
			order[j - 1] = o;
		}
	for (int i = 0; i < n_at; i++) {
		if (i && at[i] > at[i - 1] - 14)
			at[i] = at[i - 1] - 14;
		fprintf(f, "<text x=\"%.1f\" y=\"%.1f\">", LEFT + width * n_ns - 30 + 4, at[i]);
		esc(f, a->run->side[a->shown[order[i]]]);
		fputs("</text>\n", f);
	}
	fputs("</svg></div>\n<figcaption>The same switch, with more memory touched between two of them: a fixed cost per switch weighs less the more work is done in between, so no single point stands for the rest.</figcaption>\n</figure>\n",
	      f);
}
