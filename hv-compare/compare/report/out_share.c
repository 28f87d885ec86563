// SPDX-License-Identifier: GPL-2.0-or-later
/* The experiment "share" in every form of the report. */
#include "out.h"
#include "share.h"
#include "svg.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *word(const struct share_cell *c)
{
	return c->status == ST_DNR ? "DNR" : status_name(c->status);
}

/* How the numbers of this run came about, in one sentence. */
static char *origin(const struct share *s)
{
	const struct run *r = s->run;
	const char *how = r->accel == ACCEL_ICOUNT ? "emulated, counting instructions: the host does not matter, and time is a count" :
			  r->accel == ACCEL_TCG	   ? "emulated, running free: shares are from the guest's own accounting, and the host's other work shows" :
			  r->accel == ACCEL_KVM	   ? "on this processor, under KVM" :
						     "on this processor";
	char load[250] = "";
	size_t disturbed = 0, all = 0;

	if (s->max_load >= 0)
		snprintf(load, sizeof(load), "; load of the host while it ran, our own machine included: up to %.1f",
			 s->max_load);
	for (size_t i = 0; i < s->n_case; i++)
		for (size_t k = 0; k < s->c[i].n_cell; k++) {
			all += s->c[i].cell[k].repeats > 0;
			disturbed += share_disturbed(s, &s->c[i].cell[k]);
		}
	if (disturbed)
		snprintf(load + strlen(load), sizeof(load) - strlen(load),
			 ". DISTURBED: the host was too busy for %zu of %zu results, samples came up to %.0f ms late; those are no evidence and not judged",
			 disturbed, all, s->late / 1e6);
	if (s->disk)
		return xasprintf("A disk of 500 requests a second in any order, throttled by QEMU in real time; every request read 4 KiB at a random place; service is requests done, as the instances count them; of files it is what write() has taken, in requests of 32 KiB. Accel %s (%s)%s. Run %s%s%s.",
				 accel_name(r->accel), r->accel == ACCEL_TCG ? "emulated: the disk's time is real, the processor's is not, and the host's other work shows" : how,
				 load, r->id, *r->profile ? ", profile " : "", r->profile);
	return xasprintf("%.0f CPU%s, accel %s (%s)%s. Run %s%s%s.", s->ncpu, s->ncpu > 1 ? "s" : "",
			 accel_name(r->accel), how, load, r->id, *r->profile ? ", profile " : "", r->profile);
}

/* Is there anything in column w? */
static bool used(const struct share *s, int w)
{
	for (size_t i = 0; i < s->n_case; i++)
		for (size_t k = 0; k < s->c[i].n_cell; k++)
			if (s->c[i].cell[k].num[w].n)
				return true;
	return false;
}

/* A side of which nothing was planned or measured in a case needs no line. */
static bool shown(const struct share *s, const struct share_cell *c)
{
	return s->run->n_series || c->status != ST_MISSING;
}

/* ----------------------------------------------------------------- terminal */

void share_table(const struct share *s, FILE *f, int width, bool ascii)
{
	/* "10.1..22.5 %!", "1066..1234 ms!", "0.9961..0.9999!" and the like. */
	static const int column_w[N_SHARE] = { 14, 14, 14, 15, 15, 13, 14, 13, 9, 15, 15, 15 };
	const char *banner = run_banner_short(s->run);
	char *text = origin(s), *line;
	int side_w = 12;

	if (!s->n_case)
		goto out;
	for (int i = 0; i < s->run->n_sides; i++)
		if ((int)strlen(s->run->side[i]) > side_w)
			side_w = (int)strlen(s->run->side[i]);
	fprintf(f, "\n%s shares%s%s%s\n", s->disk ? "Disk" : "CPU", banner ? "  (" : "", banner ? banner : "", banner ? ")" : "");
	wrap_text(f, text, width, 2, ascii);
	wrap_text(f, "Error of a share against its entitlement in the worst window, lag, Jain's index, work done: smallest..largest of the repeats. ! the median misses its goal.",
		  width, 2, ascii);
	fprintf(f, "%-*s", side_w + 2, "");
	for (int w = 0; w < N_SHARE; w++)
		if (used(s, w))
			fprintf(f, " %*s", column_w[w], share_info[w].title);
	fputs("  n\n", f);
	for (size_t i = 0; i < s->n_case; i++) {
		const struct share_case *c = &s->c[i];
		char *label = clean(c->label, ascii);

		fprintf(f, "%s\n", label);
		free(label);
		for (size_t k = 0; k < c->n_cell; k++) {
			const struct share_cell *x = &c->cell[k];

			if (!shown(s, x))
				continue;
			fprintf(f, "  %-*s", side_w, s->run->side[x->side]);
			if (!x->repeats) {
				line = xasprintf("%s: %s", word(x), x->why);
				fputc(' ', f);
				wrap_text(f, line, width - side_w - 3, side_w + 5, ascii);
				free(line);
				continue;
			}
			for (int w = 0; w < N_SHARE; w++) {
				char buf[80];
				size_t len;

				if (!used(s, w))
					continue;
				share_fmt_range(buf, sizeof(buf), (enum share_what)w, &x->num[w]);
				len = strlen(buf);
				snprintf(buf + len, sizeof(buf) - len, "%s", x->goal[w] == GOAL_MISSED ? "!" : " ");
				fprintf(f, " %*s", column_w[w], buf);
			}
			fprintf(f, " %2zu%s%s\n", x->repeats, x->status == ST_PARTIAL ? "  incomplete" : "",
				share_disturbed(s, x) ? "  disturbed" : "");
		}
	}
out:
	free(text);
}

/* ------------------------------------------------------------------ summary */

static json_t *num_json(const struct spread *x)
{
	if (!x->n)
		return json_null();
	return json_pack("{s:I,s:f,s:f,s:f}", "n", (json_int_t)x->n, "median", x->median, "min", x->lo,
			 "max", x->hi);
}

void share_summary(const struct share *s, FILE *f)
{
	for (size_t i = 0; i < s->n_case; i++)
		for (size_t k = 0; k < s->c[i].n_cell; k++) {
			const struct share_cell *c = &s->c[i].cell[k];
			json_t *o = json_object(), *missed = json_array();

			if (!shown(s, c)) {
				json_decref(o);
				json_decref(missed);
				continue;
			}
			json_object_set_new(o, "t", json_string("share"));
			json_object_set_new(o, "run", json_string(s->run->id));
			json_object_set_new(o, "bench", json_string(s->c[i].b->id));
			json_object_set_new(o, "side", json_string(s->run->side[c->side]));
			json_object_set_new(o, "accel", json_string(accel_name(s->run->accel)));
			json_object_set_new(o, "status", json_string(c->status == ST_MISSING ? "missing" :
										     status_name(c->status)));
			if (*c->why)
				json_object_set_new(o, "why", json_string(c->why));
			if (c->repeats) {
				json_object_set_new(o, "by", json_string(c->by));
				json_object_set_new(o, "repeats", json_integer((json_int_t)c->repeats));
				json_object_set_new(o, "e1_mean", num_json(&c->mean1));
				json_object_set_new(o, "clocks_off", json_real(c->clocks_off));
				json_object_set_new(o, "late_ns", json_real(c->late));
				json_object_set_new(o, "disturbed", json_boolean(share_disturbed(s, c)));
			}
			for (int w = 0; w < N_SHARE; w++) {
				if (c->num[w].n)
					json_object_set_new(o, share_info[w].key, num_json(&c->num[w]));
				if (c->goal[w] == GOAL_MISSED)
					json_array_append_new(missed, json_string(share_info[w].key));
			}
			if (c->repeats)
				json_object_set_new(o, "misses", missed);
			else
				json_decref(missed);
			json_dumpf(o, f, JSON_COMPACT | JSON_REAL_PRECISION(9));
			fputc('\n', f);
			json_decref(o);
		}
}

/* --------------------------------------------------------------------- page */

/* The cases a reader should see first; the others are a click away. */
static bool first_figure(const char *id)
{
	return !strcmp(id, "share.disk.1-4.q32") || !strcmp(id, "share.disk.1-1.q1-128") ||
	       !strcmp(id, "share.cpu.1-1-1.t1") || !strcmp(id, "share.cpu.1-2-4-8.t2") ||
	       !strcmp(id, "share.cpu.guarantee");
}

static void note(const struct share *s, FILE *f)
{
	const char *b = run_banner(s->run);

	if (b)
		fprintf(f, "<p class=\"emu\" role=\"note\">%s</p>\n", b);
}

static void table_html(const struct share *s, FILE *f)
{
	if (s->disk)
		fputs("<details open=\"open\"><summary>Table: shares of a disk</summary>\n", f);
	else
		fprintf(f, "<details open=\"open\"><summary>Table: shares on %.0f CPU%s</summary>\n", s->ncpu,
			s->ncpu > 1 ? "s" : "");
	note(s, f);
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">case, side</th>", f);
	for (int w = 0; w < N_SHARE; w++)
		if (used(s, w))
			fprintf(f, "<th scope=\"col\"><abbr title=\"%s\">%s</abbr></th>", share_info[w].what,
				share_info[w].title);
	fputs("<th scope=\"col\">n</th></tr></thead>\n<tbody>\n", f);
	for (size_t i = 0; i < s->n_case; i++) {
		const struct share_case *c = &s->c[i];
		int cols = 1;

		for (int w = 0; w < N_SHARE; w++)
			cols += used(s, w);
		fputs("<tr><th scope=\"row\">", f);
		esc(f, c->label);
		fputs("<small>", f);
		esc(f, c->b->id);
		fprintf(f, "</small></th><td colspan=\"%d\"></td></tr>\n", cols);
		for (size_t k = 0; k < c->n_cell; k++) {
			const struct share_cell *x = &c->cell[k];

			if (!shown(s, x))
				continue;
			fputs("<tr><th scope=\"row\">&#160;&#160;", f);
			esc(f, s->run->side[x->side]);
			if (s->run->info[x->side].label) {
				fputs("<small>&#160;&#160;", f);
				esc(f, s->run->info[x->side].label);
				fputs("</small>", f);
			}
			fputs("</th>", f);
			if (!x->repeats) {
				fprintf(f, "<td class=\"gone\" colspan=\"%d\">%s<small>", cols, word(x));
				esc(f, x->why);
				fputs("</small></td></tr>\n", f);
				continue;
			}
			for (int w = 0; w < N_SHARE; w++) {
				const struct spread *v = &x->num[w];
				char buf[40];

				if (!used(s, w))
					continue;
				if (!v->n) {
					fputs("<td>&#8211;</td>", f);
					continue;
				}
				share_fmt(buf, sizeof(buf), (enum share_what)w, v->median);
				fprintf(f, "<td><b>%s</b>", buf);
				if (x->goal[w] != GOAL_NONE)
					fprintf(f, " <em class=\"v-%s\">%s</em>",
						x->goal[w] == GOAL_MET ? "faster" : "slower",
						x->goal[w] == GOAL_MET ? "met" : "missed");
				if (v->n > 1) {
					share_fmt(buf, sizeof(buf), (enum share_what)w, v->lo);
					fprintf(f, "<small>{%s", buf);
					share_fmt(buf, sizeof(buf), (enum share_what)w, v->hi);
					fprintf(f, " %s}</small>", buf);
				}
				fputs("</td>", f);
			}
			fprintf(f, "<td>%zu%s", x->repeats,
				x->status == ST_PARTIAL ? "<small>incomplete</small>" : "");
			if (share_disturbed(s, x))
				fprintf(f, "<small>disturbed by %.0f ms</small>", x->late / 1e6);
			fputs("</td></tr>\n", f);
		}
	}
	fputs("</tbody>\n</table></div>\n<p class=\"small\">Median of n repeats, {smallest largest}. Goals, ours and the same for every side: ", f);
	if (s->disk)
		fputs("error at most 5 % in any second and 2 % in ten; work at least 0.97; p99 at most 7 ms; 97 % of a reservation in every second; a limit kept within 2 %; of files 10 % in all (half a minute); fsync beside a writer at most ten times as long as alone.</p>\n</details>\n", f);
	else
		fputs("error at most 5 % in any second (10 % for sets of single threads on several CPUs) and 1 % in ten; "
	      "lag at most 50 ms on several CPUs and 8 ms on one; Jain&#8217;s index at least 0.999; work at least 0.99; "
	      "24 % or more of the machine in every second where 25 % are guaranteed; a limit kept within 1 %.</p>\n</details>\n",
	      f);
}

void share_html(const struct share *s, FILE *f)
{
	char *text;

	if (!s->n_case)
		return;
	if (s->disk)
		fputs("<section id=\"share-disk\">\n<h2>Disk shares</h2>\n", f);
	else
		fprintf(f, "<section id=\"share-%.0f\">\n<h2>CPU shares, %.0f CPU%s</h2>\n", s->ncpu,
			s->ncpu, s->ncpu > 1 ? "s" : "");
	text = origin(s);
	if (s->disk)
		fputs("<p>Instances that always have the same number of requests waiting, with weights; what each one got, against its part by weight of what the disk delivered. ", f);
	else
		fputs("<p>Instances that only compute, with weights; what each one got, against what weighted max-min fairness (water-filling, with guarantees as floors and limits as caps) gives it of the time that was delivered. ", f);
	esc(f, text);
	fputs("</p>\n", f);
	free(text);
	for (int pass = 0; pass < 2; pass++) {
		bool any = false;

		for (size_t i = 0; i < s->n_case; i++) {
			bool drawable = false;

			if (first_figure(s->c[i].b->id) == pass)
				continue;
			for (size_t k = 0; k < s->c[i].n_cell; k++)
				drawable |= s->c[i].cell[k].example.n > 0;
			if (!drawable)
				continue;
			if (pass && !any)
				fputs("<details><summary>Shares over time, the other cases</summary>\n", f);
			any = true;
			svg_share(s, &s->c[i], f);
		}
		if (pass && any)
			fputs("</details>\n", f);
	}
	table_html(s, f);
	fprintf(f, "<p class=\"small\">Records: sha256 <code>%s</code>, %zu series.</p>\n</section>\n",
		s->run->sha256, s->run->n_series);
}
