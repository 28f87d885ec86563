// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading published.tsv, and finding what of ours belongs beside each figure. */
#include "published.h"
#include "many.h"
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_FIELDS 12

extern const char published_start[], published_end[];

const char *const pub_side[N_PUB_SIDES] = { "context", "lxc", "crun", "keel", "xen" };

/* What "ours" may be; with a dot at the end something follows. */
static const char *const keys[] = {
	"-", "row.", "claim", "same", "many", "most", "loss", "mem", "ping.idle", "ping.busy",
	"kept", "good.", "lines.",
};

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool key_known(const char *ours)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t len = strlen(keys[i]);

		if (len > 1 && keys[i][len - 1] == '.' ? starts(ours, keys[i]) && ours[len] : !strcmp(ours, keys[i]))
			return true;
	}
	return false;
}

static bool claim_known(const char *claim)
{
	return !strcmp(claim, "-") || !strcmp(claim, "A1") || !strcmp(claim, "A2") ||
	       !strcmp(claim, "A3") || !strcmp(claim, "size");
}

/* Is this line usable? If not, what is wrong with it. */
static const char *check(const struct published *p)
{
	if (!claim_known(p->claim))
		return "unknown claim";
	if (!key_known(p->ours))
		return "unknown key of ours";
	if (!strcmp(p->claim, "-") && !starts(p->ours, "row."))
		return "it is in no table and names no row";
	if (!*p->row || !*p->system || !*p->figure || !*p->paper || !*p->section || !*p->year)
		return "an empty column";
	if ((!strcmp(p->figure, "?") || !strcmp(p->base, "?")) && !*p->why)
		return "a figure that is not known, without why";
	if (!strcmp(p->ours, "-") && !*p->why)
		return "nothing of ours, without why";
	return NULL;
}

static char *read_text(const char *path)
{
	size_t len = 0, room = 0, n;
	char *text = NULL;
	FILE *f;

	if (!path) {
		len = (size_t)(published_end - published_start);
		text = xcalloc(len + 1, 1);
		memcpy(text, published_start, len);
		return text;
	}
	f = fopen(path, "re");
	if (!f) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	do {
		if (room < len + 65536)
			text = xrealloc(text, room = 2 * room + 65537, 1);
		n = fread(text + len, 1, room - len - 1, f);
		len += n;
	} while (n);
	text[len] = '\0';
	if (ferror(f)) {
		complain("%s: cannot be read", path);
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

struct publist *published_read(const char *path)
{
	const char *name = path ? path : "published.tsv", *wrong;
	struct publist *l;
	char *line, *next;
	unsigned number = 0;
	size_t room = 0;

	l = xcalloc(1, sizeof(*l));
	l->text = read_text(path);
	if (!l->text)
		goto bad;
	for (line = next = l->text; (line = strsep(&next, "\n"));) {
		char *field[N_FIELDS + 1] = { NULL };
		size_t n = 0;

		number++;
		if (!*line || *line == '#')
			continue;
		while (n <= N_FIELDS && (field[n] = strsep(&line, "\t")))
			n++;
		if (n != N_FIELDS) {
			complain("%s:%u: %zu columns instead of %d", name, number, n, N_FIELDS);
			goto bad;
		}
		if (l->n == room)
			l->p = xrealloc(l->p, room = 2 * room + 64, sizeof(*l->p));
		l->p[l->n] = (struct published){
			.claim = field[0], .ours = field[1], .row = field[2], .system = field[3],
			.figure = field[4], .base = field[5], .unit = field[6], .paper = field[7],
			.section = field[8], .year = field[9], .conditions = field[10], .why = field[11],
		};
		wrong = check(&l->p[l->n++]);
		if (wrong) {
			complain("%s:%u: %s", name, number, wrong);
			goto bad;
		}
	}
	return l;
bad:
	published_free(l);
	return NULL;
}

void published_free(struct publist *l)
{
	if (!l)
		return;
	free(l->p);
	free(l->text);
	free(l);
}

/* ---------------------------------------------------------------------- theirs */

/* How many times as much as native Linux; 0 when that cannot be said. More is worse,
 * as in our tables. */
static double their_ratio(const struct published *p)
{
	char *end1, *end2;
	double x = strtod(p->figure, &end1), base = strtod(p->base, &end2);
	const bool rate = strstr(p->unit, "/s") != NULL;

	if (!*p->base || end1 == p->figure || *end1 || end2 == p->base || *end2 || x <= 0 || base <= 0)
		return 0;
	return rate ? base / x : x / base;
}

/* "6.2 MB", "2.5x", "128" */
static char *their_value(const struct published *p)
{
	return xasprintf("%s%s%s", p->figure, !*p->unit || !strcmp(p->unit, "x") ? "" : " ",
			 !strcmp(p->unit, "x") ? " times" : p->unit);
}

char *published_theirs(const struct published *p)
{
	double ratio = their_ratio(p);
	char *value, *out;

	if (!strcmp(p->figure, "?"))
		return xstrdup(p->why);
	value = their_value(p);
	if (ratio)
		out = xasprintf("%.2f times native (%s against %s)", ratio, value, p->base);
	else if (!strcmp(p->base, "?"))
		out = xasprintf("%s, native %s", value, p->why);
	else
		out = xstrdup(value);
	free(value);
	return out;
}

char *published_short(const struct published *p)
{
	double ratio = their_ratio(p);

	if (!strcmp(p->figure, "?"))
		return xasprintf("%s ?", p->system);
	if (ratio)
		return xasprintf("%s %.2f", p->system, ratio);
	return xasprintf("%s %s %s", p->system, p->figure, p->unit);
}

bool published_for(const struct published *p, const char *id)
{
	return starts(p->ours, "row.") && !strcmp(p->ours + 4, id);
}

/* ------------------------------------------------------------------------ ours */

static bool is_stem(const char *side, const char *stem)
{
	size_t len = strlen(stem);

	return !strncmp(side, stem, len) && (!side[len] || side[len] == '-');
}

/* The side in the tables of @a whose name begins so, or -1. */
static int shown_side(const struct analysis *a, const char *stem)
{
	for (int i = 0; i < a->n_shown; i++)
		if (is_stem(a->run->side[a->shown[i]], stem))
			return a->shown[i];
	return -1;
}

static const struct many_side *many_side(const struct analysis *a, const char *stem)
{
	const struct many *m = a->many;

	for (size_t i = 0; m && i < m->n_side; i++)
		if (is_stem(m->run->side[m->s[i].side], stem))
			return &m->s[i];
	return NULL;
}

bool pub_has_side(const struct analysis *a, int k)
{
	const struct isolation iso = isolation_of(a);

	if (shown_side(a, pub_side[k]) >= 0 || many_side(a, pub_side[k]))
		return true;
	for (int i = 0; i < iso.n; i++)
		for (size_t j = 0; j < iso.m[i]->n_side; j++)
			if (many_is_side(iso.m[i], &iso.m[i]->s[j], pub_side[k]))
				return true;
	return false;
}

/* What is lost beside a nuisance of our own: "kept" (the worst of all) or "good.KIND". */
static char *ours_isolation(const struct analysis *a, const char *key, int k, bool *why)
{
	const struct isolation iso = isolation_of(a);
	const struct many_side *s;
	const struct hog_figure *g;
	const char *hog = NULL;
	double kept;
	size_t h;

	if (!iso.n)
		return xstrdup("needs a run of the experiment isolate");
	if (!strcmp(key, "kept")) {
		kept = isolation_kept(&iso, pub_side[k], &hog);
		if (kept < 0)
			return xstrdup("no nuisance has a result");
		*why = false;
		return xasprintf("%.1f %% (%s)", 100 - kept, hog);
	}
	s = isolation_side(&iso, pub_side[k], key + 5, &h);
	if (!s)
		return xstrdup("the side is in no run with this nuisance");
	g = &s->hog[h];
	if (g->dnr) {
		*why = false;
		return xstrdup("DNR");
	}
	if (!g->kept.n)
		return xstrdup(g->why ? g->why : "no result");
	*why = false;
	return xasprintf("%.1f %%", 100 - g->kept.lo);
}

static bool hypervisor(int k)
{
	return !strcmp(pub_side[k], "xen") || !strcmp(pub_side[k], "keel");
}

static char *ours_row(const struct analysis *a, const char *id, int side, bool *why)
{
	char ratio[40];

	for (size_t i = 0; i < a->n_row && side >= 0; i++) {
		const struct cell *c = &a->row[i].cell[side];

		if (strcmp(a->row[i].b->id, id))
			continue;
		if (!c->cmp.has)
			return xstrdup(!usable(c) ? c->why : c->cmp.why_not ? c->cmp.why_not : "no ratio");
		*why = false;
		fmt_ratio(ratio, sizeof(ratio), c->cmp.ratio);
		return xstrdup(ratio);
	}
	/* Those runs have rows and sides of their own. */
	for (int i = 0; i < N_EXTRA; i++)
		if (a->extra[i] && bench_group(id) == extra_info[i].group)
			return ours_row(a->extra[i], id,
					side < 0 ? -1 : run_side(a->extra[i]->run, a->run->side[side]), why);
	return xstrdup(side < 0 ? "the side is not in this run" : "the row is not in this run");
}

static char *ours_many(const struct analysis *a, const char *key, int k, bool *why)
{
	const struct many *m = a->many;
	const struct many_side *s = many_side(a, pub_side[k]);

	if (!strcmp(key, "kept") || starts(key, "good."))
		return ours_isolation(a, key, k, why);
	if (!s)
		return xstrdup(m ? "the side is not in the run of many instances" :
				   "needs a run of the experiment scale");
	if (!strcmp(key, "many")) {
		bool at_least = false;
		double ratio = many_ratio(m, &at_least);

		if (m->context < 0 || s != &m->s[m->context])
			return xstrdup(hypervisor(k) ? "contexts are held against it" : "the claim is about contexts");
		if (!ratio)
			return xstrdup("the hypervisor had room for all that were asked for");
		*why = false;
		return xasprintf("%s%.1f", at_least ? "at least " : "", ratio);
	}
	if (!strcmp(key, "most")) {
		if (!s->most)
			return xstrdup(s->why ? s->why : "none were there");
		*why = false;
		return xasprintf("%s%u", s->all ? "at least " : "", s->most);
	}
	if (!strcmp(key, "mem")) {
		double bytes;
		unsigned n = many_at_most(m, s, MANY_MEM, &bytes);

		if (!n)
			return xstrdup("not measured");
		*why = false;
		return bytes <= 0 ? xasprintf("none (of %u)", n) : xasprintf("%.1f MB (of %u)", bytes / 1e6, n);
	}
	if (!strcmp(key, "loss")) {
		double many, one = s->num[0][MANY_WORK].median;
		unsigned n = many_at_most(m, s, MANY_WORK, &many);

		if (!m->n_size || m->size[0] != 1 || !s->num[0][MANY_WORK].n || n < 2 || one <= 0)
			return xstrdup("needs work of one and of many");
		*why = false;
		return xasprintf("%.1f %% (of %u)", (1 - one / many) * 100, n);
	}
	if (starts(key, "ping.")) {
		static const struct unit time = { "ns/op", LOWER_BETTER }, counted = { "instr/op", LOWER_BETTER };
		double value;
		unsigned n = many_at_most(m, s, !strcmp(key + 5, "idle") ? MANY_IDLE : MANY_BUSY, &value);
		char text[60];

		if (!n)
			return xstrdup("not measured");
		*why = false;
		fmt_value(text, sizeof(text), value, m->run->accel == ACCEL_ICOUNT ? &counted : &time, true);
		return xasprintf("%s%s (of %u)", text, m->run->accel == ACCEL_ICOUNT ? " instructions" : "", n);
	}
	return xstrdup("not measured");
}

static char *ours_lines(const struct analysis *a, const char *part, int k, bool *why)
{
	size_t i;
	json_t *p;

	if (strcmp(pub_side[k], "context"))
		return xstrdup("none of ours: what it needs is in the stock kernel");
	json_array_foreach(a->run->footprint, i, p) {
		json_t *lines = json_object_get(p, "lines"), *changed = json_object_get(p, "changed");

		if (strcmp(json_string_value(json_object_get(p, "part")), part) || !lines || !changed)
			continue;
		*why = false;
		return xasprintf("%lld new, %lld changed", (long long)json_integer_value(lines),
				 (long long)json_integer_value(changed));
	}
	return xstrdup("this run has not counted lines");
}

char *published_ours(const struct analysis *a, const struct published *p, int k, bool *why)
{
	const int side = shown_side(a, pub_side[k]);
	const char *key = p->ours;
	char ratio[40];

	*why = true;
	if (!strcmp(key, "-"))
		return xstrdup(p->why);
	if (starts(key, "row."))
		return ours_row(a, key + 4, side, why);
	if (starts(key, "lines."))
		return ours_lines(a, key + 6, k, why);
	if (!strcmp(key, "claim")) {
		if (strcmp(pub_side[k], "context"))
			return xstrdup(hypervisor(k) ? "contexts are held against it" : "the claim is about contexts");
		if (!a->claim.has)
			return xstrdup("needs a context and a hypervisor in one run");
		*why = false;
		fmt_ratio(ratio, sizeof(ratio), a->claim.geomean);
		return xasprintf("%s (%s/%s)", ratio, a->run->side[a->claim_vmm], a->run->side[a->claim_ctx]);
	}
	if (!strcmp(key, "same")) {
		const struct tally *t = side < 0 ? NULL : &a->tally[side][G_ALL];

		if (!t || !t->compared)
			return xstrdup(t ? "no row could be compared" : "the side is not in this run");
		*why = false;
		return xasprintf("%zu of %zu", t->n[V_SAME], t->compared);
	}
	return ours_many(a, key, k, why);
}
