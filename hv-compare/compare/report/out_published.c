// SPDX-License-Identifier: GPL-2.0-or-later
/* Published figures beside ours, one table for each claim. */
#include "out.h"
#include "published.h"
#include "svg.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *claim, *title;
} tables[] = {
	{ "A1", "Efficiency" },
	{ "A2", "Many instances" },
	{ "A3", "Isolation" },
	{ "size", "Size" },
};

#define N_TABLES (sizeof(tables) / sizeof(*tables))

/* What makes one column of two different things. */
static const char *caveat(const struct analysis *a)
{
	return a->run->accel == ACCEL_ICOUNT ?
		       "Theirs are times on hardware of their day, ours are counted instructions: look at which is more and by what factor, not at the figures." :
	       emulated(a->run) ?
		       "Theirs are times on hardware of their day, ours those of an emulator: look at which is more, not at the figures." :
		       "Theirs are of hardware and kernels of their day.";
}

void published_table(const struct analysis *a, FILE *f, int width, bool ascii)
{
	size_t without = 0;
	bool any = false;

	for (size_t i = 0; a->published && i < a->published->n; i++) {
		const struct published *p = &a->published->p[i];
		char *line, *theirs, *ours = NULL;

		if (!strcmp(p->claim, "-"))
			continue;
		for (int k = 0; k < N_PUB_SIDES; k++) {
			bool why;
			char *s, *more;

			if (!pub_has_side(a, k))
				continue;
			s = published_ours(a, p, k, &why);
			if (!why) {
				more = xasprintf("%s%s%s %s", ours ? ours : "", ours ? ", " : "", pub_side[k], s);
				free(ours);
				ours = more;
			}
			free(s);
		}
		if (!ours) {
			without++;
			continue;
		}
		if (!any) {
			fputs("\nPublished figures beside ours\n", f);
			wrap_text(f, caveat(a), width, 0, ascii);
			any = true;
		}
		theirs = published_theirs(p);
		line = xasprintf("- %s: %s %s (%s); ours: %s", p->row, p->system, theirs, p->year, ours);
		wrap_text(f, line, width, 2, ascii);
		free(line);
		free(theirs);
		free(ours);
	}
	if (any && without)
		fprintf(f, "%zu more have nothing of ours beside them; the page says why.\n", without);
}

static void side_cells(const struct analysis *a, const struct published *p, int n_side, FILE *f)
{
	bool why;
	char *s;

	/* One reason for all. */
	if (!strcmp(p->ours, "-")) {
		fprintf(f, "<td class=\"why\" colspan=\"%d\">", n_side ? n_side : 1);
		esc(f, p->why);
		fputs("</td>", f);
		return;
	}
	for (int k = 0; k < N_PUB_SIDES; k++) {
		if (!pub_has_side(a, k))
			continue;
		s = published_ours(a, p, k, &why);
		fputs(why ? "<td class=\"why\">" : "<td><b>", f);
		esc(f, s);
		fputs(why ? "</td>" : "</b></td>", f);
		free(s);
	}
	if (!n_side)
		fputs("<td class=\"why\">no such side in this run</td>", f);
}

void published_source(const struct published *p, FILE *f)
{
	esc(f, p->paper);
	fputs(", ", f);
	esc(f, p->section);
	fputs(", ", f);
	esc(f, p->year);
}

static void one_table(const struct analysis *a, size_t t, int n_side, FILE *f)
{
	const char *banner = run_banner(a->run);
	size_t n = 0;
	char *s;

	for (size_t i = 0; i < a->published->n; i++)
		n += !strcmp(a->published->p[i].claim, tables[t].claim);
	if (!n)
		return;
	fprintf(f, "<details><summary>%s: %zu published figures</summary>\n", tables[t].title, n);
	if (banner)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", banner);
	fputs("<div class=\"scroll\"><table class=\"pub\">\n<thead><tr><th scope=\"col\">what</th><th scope=\"col\">published</th>", f);
	for (int k = 0; k < N_PUB_SIDES; k++)
		if (pub_has_side(a, k))
			fprintf(f, "<th scope=\"col\"><small>ours</small>%s</th>", pub_side[k]);
	if (!n_side)
		fputs("<th scope=\"col\">ours</th>", f);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t i = 0; i < a->published->n; i++) {
		const struct published *p = &a->published->p[i];

		if (strcmp(p->claim, tables[t].claim))
			continue;
		fputs("<tr><th scope=\"row\">", f);
		esc(f, p->row);
		if (*p->conditions) {
			fputs("<small>theirs: ", f);
			esc(f, p->conditions);
			fputs("</small>", f);
		}
		fputs("</th><td><b>", f);
		s = published_theirs(p);
		esc(f, s);
		free(s);
		fputs("</b><small>", f);
		esc(f, p->system);
		fputs("</small><small>", f);
		published_source(p, f);
		fputs("</small></td>", f);
		side_cells(a, p, n_side, f);
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n</details>\n", f);
}

void published_html(const struct analysis *a, FILE *f)
{
	int n_side = 0;

	if (!a->published || !a->published->n)
		return;
	for (int k = 0; k < N_PUB_SIDES; k++)
		n_side += pub_has_side(a, k);
	fprintf(f, "<section id=\"published\">\n<h2>Published figures beside ours</h2>\n<p>What the papers say about each claim. %s Figures for single operations are in the column &#8220;published&#8221; of the tables below.</p>\n",
		caveat(a));
	for (size_t t = 0; t < N_TABLES; t++)
		one_table(a, t, n_side, f);
	fputs("</section>\n", f);
}
