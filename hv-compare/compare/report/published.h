/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures that others have published, and what of ours stands beside them. The
 * table is published.tsv, which explains its columns; a copy is in the program.
 */
#ifndef BH_PUBLISHED_H
#define BH_PUBLISHED_H

#include "analyse.h"

/* One line of the table; all words belong to the list. */
struct published {
	const char *claim, *ours, *row, *system, *figure, *base, *unit;
	const char *paper, *section, *year, *conditions, *why;
};

struct publist {
	struct published *p;
	size_t n;
	char *text;
};

/*
 * Reads a table, or with NULL the one in the program. NULL after a message that
 * names file and line: wrong columns, an unknown claim or key of ours, or a figure
 * that is missing and does not say why.
 */
struct publist *published_read(const char *path);
void published_free(struct publist *l);

/* The sides that stand beside published figures, by the beginning of their names. */
#define N_PUB_SIDES 5
extern const char *const pub_side[N_PUB_SIDES];
/* Did a side of that name measure anything in this run or the one of many instances? */
bool pub_has_side(const struct analysis *a, int k);

/*
 * What we measured on side @k; *@why is false then. Otherwise why there is nothing.
 * Owned by the caller.
 */
char *published_ours(const struct analysis *a, const struct published *p, int k, bool *why);
/* "1.97 us, 2.56 times native", "6.2 MB", or why it is not known. Owned by the caller. */
char *published_theirs(const struct published *p);
/* Short, for the column of a table: "Xen 2.56" or "VMware 0.73 us". */
char *published_short(const struct published *p);
/* Does this figure stand beside the row @id? */
bool published_for(const struct published *p, const char *id);

void published_table(const struct analysis *a, FILE *f, int width, bool ascii);
void published_html(const struct analysis *a, FILE *f);
/* Paper, section, year: where a figure stands. */
void published_source(const struct published *p, FILE *f);

#endif
