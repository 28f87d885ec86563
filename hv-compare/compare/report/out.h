/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of output.  All of them only print; none fails but by writing. */
#ifndef BH_OUT_H
#define BH_OUT_H

#include "analyse.h"

void out_table(const struct analysis *a, FILE *f);
void out_summary(const struct analysis *a, FILE *f);	/* summary.jsonl */
void out_csv(const struct analysis *a, FILE *f);
void out_markdown(const struct analysis *a, FILE *f);
void out_html(const struct analysis *a, FILE *f);
/* The footprint of the run; nothing when none was recorded. */
void foot_table(const struct run *r, FILE *f, int width, bool ascii);
void foot_html(const struct run *r, FILE *f);
/* Text broken at blanks; lines after the first are indented. */
void wrap_text(FILE *f, const char *text, int width, int indent, bool ascii);
/*
 * Two runs side by side, b against a.  0, or -1 after a message when they
 * cannot be compared.
 */
int out_diff(const struct analysis *a, const struct analysis *b, FILE *f);

#endif
