/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of the page, and escaping of text put into it. */
#ifndef BH_SVG_H
#define BH_SVG_H

#include "analyse.h"

/* One bar: a ratio, or the word to draw instead of it. */
struct bars_val {
	bool has, open;		/* open: undecided, drawn with a question mark */
	double ratio;
	struct interval iv;
	const char *word;
};

struct bars_cat {
	char label[40], sub[40];
	struct bars_val val[MAX_SIDES];	/* by position among the compared sides */
};

/* Categories that fit one figure with this many bars each. */
size_t svg_bars_max(int series);
/*
 * all[0..n_all) are the categories of all panels of one section: they share an
 * axis.  cat[0..n) is the panel to draw, part of all.
 */
void svg_bars(const struct analysis *a, FILE *f, const char *title, const struct bars_cat *all, size_t n_all,
	      const struct bars_cat *cat, size_t n);
/* Ratio against working set, one panel per number of processes. */
void svg_ctx(const struct analysis *a, FILE *f);
/*
 * Begin a figure 720 wide, with the banner of the run across its top; *top is
 * where there is room below that. It ends with "</svg></div>".
 */
void svg_open(const struct run *r, FILE *f, const char *title, const char *desc, int height, int *top);
/* Hatches h-X; once per page. X is the CSS name of a side, here and below. */
void svg_defs(const struct analysis *a, FILE *f);
/*
 * Style rules of the sides that are shown, also of runs beside the main one, for the page's style sheet: the colour --s-X and
 * the classes s-X (fill) and l-X (stroke).
 */
void svg_colours(const struct analysis *a, FILE *f);
/*
 * CSS name of a side: its name without the suffix, fit for a class name. Valid
 * until four calls later.
 */
const char *side_css(const char *side);

/*
 * Text for an element or an attribute in quotes.  Control characters become
 * '?', and no output ever contains the letters of a web address, so that a
 * search for external requests in the page stays simple.
 */
void esc(FILE *f, const char *s);
/* The same, but keeps line breaks (for pre). */
void esc_lines(FILE *f, const char *s);

#endif
