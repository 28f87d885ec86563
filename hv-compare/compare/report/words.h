/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and sentences: everything that terminal, HTML and Markdown say in
 * the same words.
 */
#ifndef BH_WORDS_H
#define BH_WORDS_H

#include "analyse.h"

/*
 * "216.1 ns", "1.93 us" (or the micro sign), "12.35k", "1.204M"; counts carry
 * no unit here because the table header does, except instr/kB ("12.3/kB").
 */
void fmt_value(char *buf, size_t n, double v, const struct unit *u, bool ascii);
/* Four decimals below 10: the limits of issue 2 are at 1.001. */
void fmt_ratio(char *buf, size_t n, double v);
/* A bound with prec decimals, fewer for large values. */
void fmt_bound(char *buf, size_t n, double v, int prec);
/* "[0.999 1.001]", or "{...}" for a range. */
void fmt_interval(char *buf, size_t n, const struct interval *iv, int prec);
/* "14 same, 1 slower, 2 DNR"; owned by the caller. */
char *tally_words(const struct tally *t);
/* '=' '+' '-' '?' and ' '. */
char verdict_mark(enum verdict v);

/* "instr", "ns" and so on: what the numbers of this run count. */
const char *quantity(const struct run *r);

/* CPU, memory, kernel, date, profile, executions: the machine in one line. */
char *machine_line(const struct analysis *a);
/* Who won, in one or two sentences. */
char *headline(const struct analysis *a);
/* "2.3 % more instructions"; the noun only when full. */
char *cost_words(const struct analysis *a, const struct tally *t, bool full);
/* "emulated time", "time", "instructions": what the run beside this one counts. */
const char *beside_words(const struct analysis *b);
/* The tally of the same side and group in the run beside this one, or NULL. */
const struct tally *beside_tally(const struct analysis *a, int side, int group);
/* Is this run evidence, and why (not)? */
char *evidence_words(const struct analysis *a);

struct claim {
	const char *title, *source;
	const char *verdict;	/* one or two words */
	char *measured;		/* or NULL */
	char *text;
};

/* The three claims of the sources, judged with what this run holds. */
void claims_make(const struct analysis *a, struct claim c[3]);
void claims_free(struct claim c[3]);

char *acceptance_words(const struct analysis *a, const struct acceptance *acc);

/*
 * life.context and life.context.spaces against life.unshare on each side that
 * ran both: two ways to make an isolated place on one kernel.
 */
void life_words(const struct analysis *a, struct strlist *out);

/* Rows without a result, grouped: "xen-up, DNR: why (12 rows: a, b, ...)". */
void no_result_words(const struct analysis *a, struct strlist *out);
/* Warnings that follow from the numbers, after those of the records. */
void warning_words(const struct analysis *a, struct strlist *out);

/* Replace control characters (and, for ascii, everything else) by '?'. */
char *clean(const char *s, bool ascii);

#endif
