// SPDX-License-Identifier: GPL-2.0-or-later
/* How big the parts are, as the run recorded them. */
#include "out.h"
#include "svg.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *key, *title, *what;
	bool bytes;
} columns[] = {
	{ "text", "code", "and constants", true },
	{ "data", "data", "", true },
	{ "bss", "zeroed", "data at start", true },
	{ "file", "file", "as installed", true },
	{ "lines", "lines", "of ours", false },
	{ "changed", "changed", "lines of others", false },
};

#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

static void number(char *buf, size_t n, const json_t *part, size_t c)
{
	const json_t *v = json_object_get(part, columns[c].key);
	const double x = (double)json_integer_value(v);

	if (!v)
		snprintf(buf, n, "-");
	else if (!columns[c].bytes)
		snprintf(buf, n, "%.0f", x);
	else
		snprintf(buf, n, x >= 999500 ? "%.2f MB" : "%.0f kB", x >= 999500 ? x / 1e6 : x / 1e3);
}

/* What our kernel has more than the stock one, in words; NULL when not known. */
static char *difference(const struct run *r)
{
	json_int_t of[2][3];
	size_t i;
	json_t *part;
	unsigned seen = 0;

	json_array_foreach(r->footprint, i, part) {
		const char *name = json_string_value(json_object_get(part, "part"));
		const int ours = !strcmp(name, "our kernel");

		if ((!ours && strcmp(name, "stock kernel")) || !json_object_get(part, "text"))
			continue;
		for (int k = 0; k < 3; k++)
			of[ours][k] = json_integer_value(json_object_get(part, columns[k].key));
		seen |= 1U << ours;
	}
	if (seen != 3)
		return NULL;
	return xasprintf("Contexts add %lld bytes of code and constants to the kernel of the test machine; its data, which the linker rounds to whole pages, changes by %lld.",
			 (long long)(of[1][0] - of[0][0]),
			 (long long)(of[1][1] + of[1][2] - of[0][1] - of[0][2]));
}

void foot_table(const struct run *r, FILE *f, int width, bool ascii)
{
	char buf[40], *text = difference(r);
	size_t i;
	json_t *part;

	if (!json_array_size(r->footprint))
		return;
	fprintf(f, "\nFootprint\n%-22s", "");
	for (size_t c = 0; c < N_COLUMNS; c++)
		fprintf(f, " %9s", columns[c].title);
	fputc('\n', f);
	json_array_foreach(r->footprint, i, part) {
		char *name = clean(json_string_value(json_object_get(part, "part")), ascii);

		fprintf(f, "%-22s", name);
		free(name);
		for (size_t c = 0; c < N_COLUMNS; c++) {
			number(buf, sizeof(buf), part, c);
			fprintf(f, " %9s", buf);
		}
		fputc('\n', f);
	}
	if (text)
		wrap_text(f, text, width, 2, ascii);
	free(text);
}

void foot_html(const struct run *r, FILE *f)
{
	char buf[40], *text = difference(r);
	size_t i;
	json_t *part;

	if (!json_array_size(r->footprint))
		return;
	fputs("<section id=\"footprint\">\n<h2>Footprint</h2>\n<p>Sizes of what was built and measured; what an instance takes at run time is in the table of many instances. Lines are without blanks and comments (cloc).", f);
	if (text) {
		fputc(' ', f);
		esc(f, text);
	}
	free(text);
	fputs("</p>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">part</th>", f);
	for (size_t c = 0; c < N_COLUMNS; c++)
		fprintf(f, "<th scope=\"col\">%s<small>%s</small></th>", columns[c].title, columns[c].what);
	fputs("</tr></thead>\n<tbody>\n", f);
	json_array_foreach(r->footprint, i, part) {
		fputs("<tr><th scope=\"row\">", f);
		esc(f, json_string_value(json_object_get(part, "part")));
		fputs("</th>", f);
		for (size_t c = 0; c < N_COLUMNS; c++) {
			number(buf, sizeof(buf), part, c);
			fprintf(f, "<td>%s</td>", buf);
		}
		fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", f);
}
