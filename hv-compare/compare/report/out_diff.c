// SPDX-License-Identifier: GPL-2.0-or-later
/* Two runs: has anything changed, and do they agree? */
#include "out.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 0x646966662d72756eu

static const struct row *find_row(const struct analysis *a, const char *id)
{
	for (size_t i = 0; i < a->n_row; i++)
		if (!strcmp(a->row[i].b->id, id))
			return &a->row[i];
	return NULL;
}

static const char *cell_value(char *buf, size_t n, const struct cell *c, const struct unit *u, bool ascii)
{
	if (usable(c))
		fmt_value(buf, n, c->median, u, ascii);
	else
		snprintf(buf, n, "%s", c->status == ST_DNR ? "DNR" : status_name(c->status));
	return buf;
}

static void diff_side(const struct analysis *a, const struct analysis *b, int sa, int sb, FILE *f, size_t *close,
		      size_t *all)
{
	const char *side = a->run->side[sa], *banner = run_banner(a->run);
	size_t n = 0, resamples = a->opt.resamples, close_here = 0;
	struct cmp *store = xcalloc(a->n_row, sizeof(*store)), **ptr = xcalloc(a->n_row, sizeof(*ptr));
	const struct row **ra = xcalloc(a->n_row, sizeof(*ra)), **rb = xcalloc(a->n_row, sizeof(*rb));
	double *draws = xcalloc(resamples, sizeof(*draws));
	struct tally t = { 0 };
	char x[60], y[60], ratio[40], iv[100], *w;

	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i], *other = find_row(b, row->b->id);

		if (!other || row->derived || row->b->unit != other->b->unit)
			continue;
		ra[n] = row;
		rb[n] = other;
		compare_cells(&other->cell[sb], &row->cell[sa], row->b->unit,
			      a->run->accel == ACCEL_ICOUNT,
			      hash_str(hash_str(SEED, row->b->id), side), resamples, draws, &store[n]);
		ptr[n] = &store[n];
		n++;
	}
	apply_holm(ptr, n);
	geomean(ptr, n, NULL, resamples, &t);
	fprintf(f, "\n%s%s%s%s\n", side, banner ? "  (" : "", banner ? banner : "", banner ? ")" : "");
	for (size_t i = 0; i < n; i++) {
		const struct cell *ca = &ra[i]->cell[sa], *cb = &rb[i]->cell[sb];
		bool lost = usable(ca) != usable(cb);

		if (store[i].has && fabs(store[i].ratio - 1) <= 0.001)
			close_here++;
		if (!lost && (!store[i].has || store[i].verdict == V_SAME))
			continue;
		cell_value(x, sizeof(x), ca, ra[i]->b->unit, a->opt.ascii);
		cell_value(y, sizeof(y), cb, rb[i]->b->unit, a->opt.ascii);
		if (store[i].has) {
			fmt_ratio(ratio, sizeof(ratio), store[i].ratio);
			fmt_interval(iv, sizeof(iv), &store[i].iv, 4);
			fprintf(f, "  %-22s %12s -> %-12s %8s %-18s %c %s\n", ra[i]->b->id, x, y, ratio, iv,
				verdict_mark(store[i].verdict), verdict_name(store[i].verdict));
		} else {
			fprintf(f, "  %-22s %12s -> %-12s\n", ra[i]->b->id, x, y);
		}
	}
	w = tally_words(&t);
	if (t.has) {
		fmt_ratio(ratio, sizeof(ratio), t.geomean);
		fprintf(f, "  %zu rows: %s; geometric mean %s; within 0.1 %%: %zu of %zu\n", n, w, ratio,
			close_here, t.compared);
	} else {
		fprintf(f, "  no row has a result in both runs\n");
	}
	*close += close_here;
	*all += t.compared;
	free(w);
	free(store);
	free(ptr);
	free(ra);
	free(rb);
	free(draws);
}

int out_diff(const struct analysis *a, const struct analysis *b, FILE *f)
{
	size_t close = 0, all = 0, sides = 0;

	if (a->run->accel != b->run->accel) {
		complain("cannot compare: %s has accel %s, %s has accel %s", a->run->path,
			 accel_name(a->run->accel), b->run->path, accel_name(b->run->accel));
		return -1;
	}
	fprintf(f, "Difference of two runs: %s (A) -> %s (B)\n", a->run->id, b->run->id);
	fputs("Ratio B/A; more than 1: B is slower. Rows that are the same are not listed.\n", f);
	if (run_banner(a->run))
		fprintf(f, "*** %s ***\n", run_banner(a->run));
	for (int k = 0; k <= a->n_shown; k++) {
		int sa = k < a->n_shown ? a->shown[k] : a->control, sb;

		if (sa < 0)
			continue;
		sb = run_side(b->run, a->run->side[sa]);
		if (sb < 0) {
			fprintf(f, "\n%s\n  only in A\n", a->run->side[sa]);
			continue;
		}
		sides++;
		diff_side(a, b, sa, sb, f, &close, &all);
	}
	for (int i = 0; i < b->run->n_sides; i++)
		if (run_side(a->run, b->run->side[i]) < 0)
			fprintf(f, "\n%s\n  only in B\n", b->run->side[i]);
	if (!sides) {
		complain("cannot compare: the two runs have no side in common");
		return -1;
	}
	if (all)
		fprintf(f, "\nAll sides: medians within 0.1 %% on %zu of %zu rows (%.1f %%)\n", close, all,
			100.0 * (double)close / (double)all);
	return 0;
}
