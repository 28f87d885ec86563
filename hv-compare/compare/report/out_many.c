// SPDX-License-Identifier: GPL-2.0-or-later
/* The experiment "scale" in every form of the report. */
#include "many.h"
#include "out.h"
#include "svg.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* How the numbers of this run came about, in words. */
static char *origin(const struct many *m)
{
	const struct run *r = m->run;
	json_t *mem = json_path(r->head, "machine.mem_mib");
	char size[96] = "";

	if (json_is_integer(mem))
		snprintf(size, sizeof(size), "The whole machine has %lld MiB, hypervisor and domain 0 included. ",
			 (long long)json_integer_value(mem));
	return xasprintf("%sAn instance is what the side's own tool starts; in it a process at rest and its helper, which do a fixed amount of work when all are told to at once. A domain has the least memory the stock kernel boots with, 48 MiB, and neither disk nor network. %sRun %s%s%s.",
			 size,
			 r->accel == ACCEL_ICOUNT ? "Start and stop include waiting (for a grace period, for a poll), which counts as instructions here. " : "",
			 r->id, *r->profile ? ", profile " : "", r->profile);
}

static const struct unit *unit_of(const struct many *m, enum many_what w)
{
	static const struct unit bytes = { "bytes", LOWER_BETTER }, time = { "ns/op", LOWER_BETTER },
				 counted = { "instr/op", LOWER_BETTER };

	return w == MANY_MEM ? &bytes : m->run->accel == ACCEL_ICOUNT ? &counted : &time;
}

static void number(const struct many *m, enum many_what w, const struct spread *x, char *buf, size_t n,
		   bool ascii)
{
	if (!x->n)
		snprintf(buf, n, "-");
	else if (w == MANY_MEM && x->median <= 0)
		snprintf(buf, n, "none"); /* less than the kernel's own to and fro */
	else if (w == MANY_MEM)
		snprintf(buf, n, x->median >= 99.95e6 ? "%.0f MB" : x->median >= 0.9995e6 ? "%.1f MB" : "%.2f MB",
			 x->median / 1e6);
	else
		fmt_value(buf, n, x->median, unit_of(m, w), ascii);
}

/* The figure of the most instances for which there is one. */
static const struct spread *at_most(const struct many *m, const struct many_side *s, enum many_what w)
{
	for (size_t i = m->n_size; i-- > 0;)
		if (s->num[i][w].n)
			return &s->num[i][w];
	return &s->num[0][w];
}

static void reach(const struct many_side *s, char *buf, size_t n)
{
	if (!s->most)
		snprintf(buf, n, "none");
	else
		snprintf(buf, n, s->all ? ">= %u" : "%u", s->most);
}

/* What was lost, "2 %" or "2..5 %"; DNR where it ran and there was no answer. */
static void lost(const struct spread *x, bool dnr, char *buf, size_t n)
{
	if (dnr)
		snprintf(buf, n, "DNR");
	else if (!x->n)
		snprintf(buf, n, "-");
	else if (x->hi - x->lo < 0.5)
		snprintf(buf, n, "%.0f", 100 - x->median + 0.0);
	else
		snprintf(buf, n, "%.0f..%.0f", 100 - x->hi, 100 - x->lo);
}

/* Until all victims were as before. */
static void back(const struct many *m, const struct hog_figure *g, char *buf, size_t n, bool ascii)
{
	if (g->back_dnr)
		snprintf(buf, n, "DNR");
	else if (!g->back.n)
		snprintf(buf, n, "-");
	else if (g->back.hi <= 0)
		snprintf(buf, n, "at once");
	else
		fmt_value(buf, n, g->back.median, unit_of(m, MANY_START), ascii);
}

/* Has any side figures of the hostile instance itself, or of the time afterwards? */
static bool has_own(const struct many *m)
{
	for (size_t k = 0; k < m->n_side; k++)
		for (size_t h = 0; h < m->n_hog; h++)
			if (m->s[k].hog[h].own.n || m->s[k].hog[h].own_dnr)
				return true;
	return false;
}

/* The promise of the page: 2 % at most with the limits as shipped, or which are more.
 * Owned by the caller; NULL when there are no contexts. */
static char *promise(const struct many *m)
{
	const struct many_side *s = NULL;
	char *over = NULL;
	size_t tried = 0;

	for (size_t k = 0; k < m->n_side; k++)
		if (many_is_side(m, &m->s[k], "context"))
			s = &m->s[k];
	for (size_t h = 0; s && h < m->n_hog; h++) {
		const struct hog_figure *g = &s->hog[h];
		char *more, what[40];

		if (!g->kept.n && !g->dnr)
			continue;
		tried++;
		lost(&g->kept, g->dnr, what, sizeof(what));
		if (!g->dnr && g->kept.lo >= 98)
			continue;
		more = xasprintf("%s%s%s (%s)", over ? over : "", over ? ", " : "", m->hog[h], what);
		free(over);
		over = more;
	}
	if (!tried)
		return NULL;
	if (!over)
		return xasprintf("Contexts: the worst of three loses at most 2 %% under each of the %zu nuisances.", tried);
	{
		char *text = xasprintf("Contexts: the worst of three loses more than 2 %% under %s; at most that under the other %s.",
				       over, tried > 1 ? "nuisances" : "ones");

		free(over);
		return text;
	}
}

#define NUISANCE "Four instances serve at a pace that each can keep: a unit of work now and then, so that three need half of the machine (of the disk, where units read and write one). One of them becomes a nuisance: it computes (cpu), makes and ends processes (fork), makes processes that do the same (bomb), makes and removes small files (files), takes memory and gives it back (memory) or does not (touch), sends as fast as it can (send), has its line filled from outside (receive), writes to a disk and waits for it (disk), reads one with 32 processes (read), makes small files on one and waits for each (storm). Lost, in % of what is done in time without it: by the worst of the other three / by the hostile one itself. DNR: did not answer."

#define SPREAD "A unit of work by each instance's own clock, all at work: fastest, median and slowest of N. Answer: from a word through the wire (a pipe; xenstore for domains) to the answer, all at rest; of an instance at rest while the others compute; of one that computes, too. Cold: started with nothing of it in memory."

/* The sizes and kinds of the table of spread, as columns; how many there are. */
static const enum many_what spread_what[] = { MANY_FAST, MANY_MID, MANY_SLOW, MANY_REST, MANY_IDLE, MANY_BUSY };
static const char *const spread_name[] = { "fastest", "median", "slowest", "rest", "idle", "busy" };

#define N_SPREAD (sizeof(spread_what) / sizeof(*spread_what))

static bool has_spread(const struct many *m)
{
	for (size_t i = 0; i < m->n_size; i++)
		for (size_t k = 0; k < N_SPREAD; k++)
			if (many_any(m, spread_what[k], i))
				return true;
	return false;
}

/* The start from cold, or why there is none. */
static const char *cold(const struct many *m, const struct many_side *s, char *buf, size_t n, bool ascii)
{
	if (!s->cold.n)
		return s->cold_why ? s->cold_why : "-";
	number(m, MANY_START, &s->cold, buf, n, ascii);
	return buf;
}

/* --------------------------------------------------------------- terminal */

static void spread_table(const struct many *m, FILE *f, int side_w, int width, bool ascii)
{
	char buf[80];

	if (!has_spread(m))
		return;
	fputs("\nSpread of many instances, and their answers\n", f);
	wrap_text(f, SPREAD, width, 2, ascii);
	/* One line for each side and size: more columns than that fit nowhere. */
	fprintf(f, "%-*s %5s", side_w, "", "N");
	for (size_t k = 0; k < N_SPREAD; k++)
		fprintf(f, " %10s", spread_name[k]);
	fputc('\n', f);
	for (size_t k = 0; k < m->n_side; k++)
		for (size_t i = 0; i < m->n_size; i++) {
			bool any = false;

			for (size_t j = 0; j < N_SPREAD; j++)
				any |= m->s[k].num[i][spread_what[j]].n > 0;
			if (!any)
				continue;
			fprintf(f, "%-*s %5u", side_w, m->run->side[m->s[k].side], m->size[i]);
			for (size_t j = 0; j < N_SPREAD; j++) {
				number(m, spread_what[j], &m->s[k].num[i][spread_what[j]], buf, sizeof(buf), true);
				fprintf(f, " %10s", buf);
			}
			fputc('\n', f);
		}
	for (size_t k = 0; k < m->n_side; k++)
		if (m->s[k].cold.n)
			fprintf(f, "%s, cold start: %s\n", m->run->side[m->s[k].side],
				cold(m, &m->s[k], buf, sizeof(buf), true));
}

static void isolation_table(const struct many *m, FILE *f, int side_w, int width, bool ascii)
{
	const bool own = has_own(m);
	char buf[80], more[80], *text;

	if (!m->n_hog)
		return;
	fprintf(f, "\nBeside a hostile instance%s\n", m->run->accel == ACCEL_TCG ? "  (EMULATED)" : "");
	wrap_text(f, NUISANCE, width, 2, ascii);
	fprintf(f, "%-*s", side_w, "");
	for (size_t h = 0; h < m->n_hog; h++)
		fprintf(f, " %10s", m->hog[h]);
	fputc('\n', f);
	for (size_t k = 0; k < m->n_side; k++) {
		fprintf(f, "%-*s", side_w, m->run->side[m->s[k].side]);
		for (size_t h = 0; h < m->n_hog; h++) {
			const struct hog_figure *g = &m->s[k].hog[h];

			lost(&g->kept, g->dnr, buf, sizeof(buf));
			if (own && strcmp(buf, "-")) {
				lost(&g->own, g->own_dnr, more, sizeof(more));
				snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), " / %.60s", more);
			}
			fprintf(f, " %10s", buf);
		}
		fputc('\n', f);
	}
	for (size_t k = 0; k < m->n_side; k++)
		for (size_t h = 0; h < m->n_hog; h++) {
			const struct hog_figure *g = &m->s[k].hog[h];

			if (!g->back_dnr && (!g->back.n || g->back.hi <= 0))
				continue;
			back(m, g, buf, sizeof(buf), true);
			fprintf(f, "%s, as before after %s: %s\n", m->run->side[m->s[k].side], m->hog[h], buf);
		}
	text = promise(m);
	if (text)
		wrap_text(f, text, width, 2, ascii);
	free(text);
}

void many_table(const struct many *m, FILE *f, int width, bool ascii)
{
	const char *banner = run_banner_short(m->run);
	char *text = origin(m), buf[80], head[40];
	int side_w = 12;

	for (size_t k = 0; k < m->n_side; k++)
		if ((int)strlen(m->run->side[k]) > side_w)
			side_w = (int)strlen(m->run->side[k]);
	if (!m->n_size)
		goto out;
	fprintf(f, "\nMany instances%s%s%s\n", banner ? "  (" : "", banner ? banner : "", banner ? ")" : "");
	wrap_text(f, text, width, 2, ascii);
	fprintf(f, "%-*s %8s %9s", side_w, "", "at once", "memory");
	snprintf(head, sizeof(head), "start (%u)", m->size[m->common]);
	fprintf(f, " %12s", head);
	snprintf(head, sizeof(head), "stop (%u)", m->size[m->common]);
	fprintf(f, " %12s", head);
	for (size_t i = 0; i < m->n_size; i++) {
		snprintf(head, sizeof(head), "work (%u)", m->size[i]);
		fprintf(f, " %12s", head);
	}
	fputc('\n', f);
	for (size_t k = 0; k < m->n_side; k++) {
		const struct many_side *s = &m->s[k];

		reach(s, buf, sizeof(buf));
		fprintf(f, "%-*s %8s", side_w, m->run->side[s->side], buf);
		number(m, MANY_MEM, at_most(m, s, MANY_MEM), buf, sizeof(buf), true);
		fprintf(f, " %9s", buf);
		number(m, MANY_START, &s->num[m->common][MANY_START], buf, sizeof(buf), true);
		fprintf(f, " %12s", buf);
		number(m, MANY_STOP, &s->num[m->common][MANY_STOP], buf, sizeof(buf), true);
		fprintf(f, " %12s", buf);
		for (size_t i = 0; i < m->n_size; i++) {
			number(m, MANY_WORK, &s->num[i][MANY_WORK], buf, sizeof(buf), true);
			fprintf(f, " %12s", buf);
		}
		fputc('\n', f);
	}
	for (size_t k = 0; k < m->n_side; k++)
		if (m->s[k].why) {
			char *line = xasprintf("%s: %s", m->run->side[m->s[k].side], m->s[k].why);

			wrap_text(f, line, width, 2, ascii);
			free(line);
		}
	fprintf(f, "In ( ) how many instances there are. Memory is for each, with the most there were. Start, stop and a unit of work in %s.\n",
		quantity(m->run));
out:
	spread_table(m, f, side_w, width, ascii);
	isolation_table(m, f, side_w, width, ascii);
	free(text);
}

/* ------------------------------------------------------------------- HTML */

static void cell(FILE *f, const char *text, const struct spread *x, const struct many *m, enum many_what w)
{
	char lo[80], hi[80];
	const struct spread a = { 1, x->lo, 0, 0 }, b = { 1, x->hi, 0, 0 };

	fprintf(f, "<td%s>%s", x->n ? "" : " class=\"gone\"", text);
	if (x->n > 1) {
		number(m, w, &a, lo, sizeof(lo), false);
		number(m, w, &b, hi, sizeof(hi), false);
		fprintf(f, "<small>{%s %s} n=%zu</small>", lo, hi, x->n);
	}
	fputs("</td>", f);
}

static void spread_html(const struct many *m, FILE *f)
{
	const char *banner = run_banner(m->run);
	char buf[80];

	if (!has_spread(m))
		return;
	fputs("<section id=\"spread\">\n<h2>Spread of many instances, and their answers</h2>\n<p>" SPREAD "</p>\n", f);
	if (banner)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", banner);
	fprintf(f, "<div class=\"scroll\"><table>\n<caption>All in %s; less is better.</caption>\n<thead><tr><th scope=\"col\">side</th><th scope=\"col\">cold start</th>",
		quantity(m->run));
	for (size_t i = 0; i < m->n_size; i++)
		for (size_t k = 0; k < N_SPREAD; k++)
			if (many_any(m, spread_what[k], i))
				fprintf(f, "<th scope=\"col\">%s<small>%sof %u</small></th>", spread_name[k],
					k < 3 ? "" : "answer, ", m->size[i]);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t k = 0; k < m->n_side; k++) {
		const struct many_side *s = &m->s[k];

		fputs("<tr><th scope=\"row\">", f);
		esc(f, m->run->side[s->side]);
		fputs(s->cold.n ? "</th><td>" : "</th><td class=\"why\">", f);
		esc(f, cold(m, s, buf, sizeof(buf), false));
		fputs("</td>", f);
		for (size_t i = 0; i < m->n_size; i++)
			for (size_t j = 0; j < N_SPREAD; j++) {
				const struct spread *x = &s->num[i][spread_what[j]];

				if (!many_any(m, spread_what[j], i))
					continue;
				number(m, spread_what[j], x, buf, sizeof(buf), false);
				cell(f, buf, x, m, spread_what[j]);
			}
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", f);
}

static void isolation_html(const struct many *m, FILE *f, int nth)
{
	const char *banner = run_banner(m->run);
	char buf[80], *text;

	if (!m->n_hog)
		return;
	fputs("<section id=\"isolate", f);
	if (nth > 1)
		fprintf(f, "%d", nth);
	fputs("\">\n<h2>Beside a hostile instance</h2>\n<p>" NUISANCE "</p>\n", f);
	text = promise(m);
	if (text) {
		fputs("<p><b>", f);
		esc(f, text);
		fputs("</b></p>\n", f);
	}
	free(text);
	if (banner)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", banner);
	fprintf(f, "<div class=\"scroll\"><table>\n<caption>Percent lost: the worst of three others, below it the hostile instance itself and how long the others needed to be as before. Less is better. Run %s%s%s.</caption>\n<thead><tr><th scope=\"col\">side</th>",
		m->run->id, *m->run->profile ? ", profile " : "", m->run->profile);
	for (size_t h = 0; h < m->n_hog; h++) {
		fputs("<th scope=\"col\">", f);
		esc(f, m->hog[h]);
		fputs("<small>% lost</small></th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t k = 0; k < m->n_side; k++) {
		const struct side_info *info = &m->run->info[m->s[k].side];

		fputs("<tr><th scope=\"row\">", f);
		esc(f, m->run->side[m->s[k].side]);
		if (info->label) {
			fputs("<small>", f);
			esc(f, info->label);
			fputs("</small>", f);
		}
		fputs("</th>", f);
		for (size_t h = 0; h < m->n_hog; h++) {
			const struct hog_figure *g = &m->s[k].hog[h];

			lost(&g->kept, g->dnr, buf, sizeof(buf));
			if (!g->kept.n && !g->dnr && g->why) {
				fputs("<td class=\"why\">", f);
				esc(f, g->why);
				fputs("</td>", f);
				continue;
			}
			fprintf(f, "<td%s>%s", g->kept.n || g->dnr ? "" : " class=\"gone\"", buf);
			if (g->own.n || g->own_dnr) {
				lost(&g->own, g->own_dnr, buf, sizeof(buf));
				fprintf(f, "<small>itself %s</small>", buf);
			}
			if (g->back.n || g->back_dnr) {
				back(m, g, buf, sizeof(buf), false);
				fprintf(f, "<small>%s%s</small>", strcmp(buf, "at once") ? "after " : "", buf);
			}
			fputs("</td>", f);
		}
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", f);
}

static void many_section(const struct many *m, FILE *f)
{
	const char *banner = run_banner(m->run);
	char *text, buf[80];

	if (!m->n_size)
		return;
	fputs("<section id=\"many\">\n<h2>Many instances</h2>\n<p>", f);
	text = origin(m);
	esc(f, text);
	free(text);
	fputs("</p>\n", f);
	if (banner)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", banner);
	fprintf(f, "<div class=\"scroll\"><table>\n<caption>How many there were at once, and what each takes: memory in bytes, the rest in %s. Less is better in all columns but the first.</caption>\n<thead><tr><th scope=\"col\">side</th><th scope=\"col\">at once</th><th scope=\"col\">memory each<small>with the most</small></th><th scope=\"col\">start<small>of %u</small></th><th scope=\"col\">stop<small>of %u</small></th>",
		quantity(m->run), m->size[m->common], m->size[m->common]);
	for (size_t i = 0; i < m->n_size; i++)
		fprintf(f, "<th scope=\"col\">unit of work<small>%u at once</small></th>", m->size[i]);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t k = 0; k < m->n_side; k++) {
		const struct many_side *s = &m->s[k];
		const struct spread *x;

		fputs("<tr><th scope=\"row\">", f);
		esc(f, m->run->side[s->side]);
		if (m->run->info[s->side].label) {
			fputs("<small>", f);
			esc(f, m->run->info[s->side].label);
			fputs("</small>", f);
		}
		reach(s, buf, sizeof(buf));
		fprintf(f, "</th><td>%s%s</td>", s->all ? "&#8805; " : "", s->all ? buf + 3 : buf);
		x = at_most(m, s, MANY_MEM);
		number(m, MANY_MEM, x, buf, sizeof(buf), false);
		cell(f, buf, x, m, MANY_MEM);
		for (int w = 0; w < 2; w++) {
			enum many_what what = w ? MANY_STOP : MANY_START;

			x = &s->num[m->common][what];
			number(m, what, x, buf, sizeof(buf), false);
			cell(f, buf, x, m, what);
		}
		for (size_t i = 0; i < m->n_size; i++) {
			x = &s->num[i][MANY_WORK];
			number(m, MANY_WORK, x, buf, sizeof(buf), false);
			cell(f, buf, x, m, MANY_WORK);
		}
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n", f);
	for (size_t k = 0; k < m->n_side; k++)
		if (m->s[k].why) {
			fputs("<p class=\"small\">", f);
			esc(f, m->run->side[m->s[k].side]);
			fputs(": ", f);
			esc(f, m->s[k].why);
			fputs("</p>\n", f);
		}
	fputs("</section>\n", f);
}

void many_html(const struct many *m, FILE *f, int nth)
{
	if (!nth) {
		many_section(m, f);
		spread_html(m, f);
	}
	isolation_html(m, f, nth);
}
