// SPDX-License-Identifier: GPL-2.0-or-later
/* From the rows "scale." of a run to what stands beside each other. */
#include "analyse.h"
#include "many.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

static const char *const what_name[N_MANY] = { "start", "work", "mem", "stop", "fast", "mid", "slow",
					       "rest", "idle", "busy" };

/* Is this "scale.WHAT.N"? */
static bool parse(const char *id, enum many_what *w, unsigned *n)
{
	char name[16], end;

	if (sscanf(id, "scale.%15[a-z].%u%c", name, n, &end) != 2 || !*n)
		return false;
	for (int i = 0; i < N_MANY; i++)
		if (!strcmp(name, what_name[i])) {
			*w = (enum many_what)i;
			return true;
		}
	return false;
}

static int by_number(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static struct spread num_of(const struct recs *rec)
{
	struct spread out = { 0 };
	double *v;

	if (!rec || !rec->n || rec->status == ST_INVALID)
		return out;
	v = xcalloc(rec->n, sizeof(*v));
	for (size_t i = 0; i < rec->n; i++)
		v[i] = rec->s[i].value;
	out = spread_of(v, rec->n);
	free(v);
	return out;
}

static size_t size_index(const struct many *m, unsigned n)
{
	size_t i = 0;

	while (m->size[i] != n)
		i++;
	return i;
}

static void find_sizes(struct many *m)
{
	const struct run *r = m->run;
	enum many_what w;
	unsigned n;
	size_t k = 0;

	m->size = xcalloc(r->n_bench + 1, sizeof(*m->size));
	for (size_t i = 0; i < r->n_bench; i++)
		if (parse(r->bench[i].id, &w, &n))
			m->size[k++] = n;
	qsort(m->size, k, sizeof(*m->size), by_number);
	for (size_t i = 0; i < k; i++)
		if (!i || m->size[i] != m->size[m->n_size - 1])
			m->size[m->n_size++] = m->size[i];
}

/* Kinds of nuisance in the order of the tables; what is not here comes after these. */
static const char *const kind_order[] = { "cpu", "fork", "bomb", "files", "memory", "touch", "send", "receive", "disk", "read", "storm" };

#define N_KINDS (sizeof(kind_order) / sizeof(*kind_order))

static size_t kind_rank(const char *kind)
{
	size_t i = 0;

	while (i < N_KINDS && strcmp(kind_order[i], kind))
		i++;
	return i;
}

/* "isolate.KIND", "isolate.KIND.bad" or "isolate.KIND.back": KIND is in @kind, what follows
 * it in *@part. */
static bool parse_hog(const char *id, char *kind, size_t room, const char **part)
{
	size_t n;

	if (strncmp(id, "isolate.", 8))
		return false;
	id += 8;
	n = strcspn(id, ".");
	if (!n || n >= room)
		return false;
	memcpy(kind, id, n);
	kind[n] = '\0';
	*part = id + n;
	return !**part || !strcmp(*part, ".bad") || !strcmp(*part, ".back");
}

static size_t hog_index(const struct many *m, const char *kind)
{
	size_t h = 0;

	while (h < m->n_hog && strcmp(m->hog[h], kind))
		h++;
	return h;
}

static void find_hogs(struct many *m)
{
	const struct run *r = m->run;
	const char *part;
	char kind[32];

	for (size_t i = 0; i < r->n_bench && m->n_hog < MAX_HOGS; i++) {
		size_t k = m->n_hog;

		if (!parse_hog(r->bench[i].id, kind, sizeof(kind), &part) || hog_index(m, kind) < m->n_hog)
			continue;
		/* The records come in a drawn order. */
		for (; k > 0 && (kind_rank(m->hog[k - 1]) > kind_rank(kind) ||
				 (kind_rank(m->hog[k - 1]) == kind_rank(kind) && strcmp(m->hog[k - 1], kind) > 0)); k--)
			m->hog[k] = m->hog[k - 1];
		m->hog[k] = xstrdup(kind);
		m->n_hog++;
	}
}

static void fill_hog(const struct many *m, struct many_side *s, const char *id, const struct recs *rec)
{
	const char *part, *why = rec ? rec->why : NULL;
	const bool dnr = rec && !rec->n && rec->status == ST_DNR;
	struct hog_figure *g;
	char kind[32];
	size_t h;

	if (!parse_hog(id, kind, sizeof(kind), &part))
		return;
	h = hog_index(m, kind);
	if (h == m->n_hog)
		return;
	g = &s->hog[h];
	if (!*part) {
		g->kept = num_of(rec);
		g->why = why;
		g->dnr = dnr;
		if (why && rec->status == ST_FAIL && !s->why)
			s->why = why;
	} else if (!strcmp(part, ".bad")) {
		g->own = num_of(rec);
		g->own_why = why;
		g->own_dnr = dnr;
	} else {
		g->back = num_of(rec);
		g->back_why = why;
		g->back_dnr = dnr;
	}
}

static void fill_side(struct many *m, struct many_side *s)
{
	const struct run *r = m->run;
	enum many_what w;
	unsigned n;

	s->num = xcalloc(m->n_size + 1, sizeof(*s->num));
	s->why = r->side_why[s->side];
	for (size_t i = 0; i < r->n_bench; i++) {
		const struct recs *rec = r->bench[i].by_side[s->side];
		struct spread x;

		if (!strcmp(r->bench[i].id, "scale.most")) {
			x = num_of(rec);
			/* The least of several executions: all of them had that many. */
			s->most = (unsigned)x.lo;
			continue;
		}
		if (!strcmp(r->bench[i].id, "scale.cold")) {
			s->cold = num_of(rec);
			s->cold_why = rec ? rec->why : NULL;
			continue;
		}
		if (!strncmp(r->bench[i].id, "isolate.", 8)) {
			fill_hog(m, s, r->bench[i].id, rec);
			continue;
		}
		if (!parse(r->bench[i].id, &w, &n))
			continue;
		s->num[size_index(m, n)][w] = num_of(rec);
		if (rec && rec->why && rec->status == ST_FAIL)
			s->why = rec->why;
	}
	/* A run without the row: what did its work was there. */
	for (size_t k = 0; k < m->n_size; k++)
		if (s->num[k][MANY_WORK].n && s->most < m->size[k])
			s->most = m->size[k];
	s->all = m->n_size && s->most >= m->size[m->n_size - 1];
}

static int side_named(const struct many *m, const char *stem)
{
	size_t len = strlen(stem);

	for (size_t k = 0; k < m->n_side; k++) {
		const char *name = m->run->side[m->s[k].side];

		if ((m->s[k].most || m->s[k].hog[0].kept.n) && !strncmp(name, stem, len) && (!name[len] || name[len] == '-'))
			return (int)k;
	}
	return -1;
}

struct many *many_make(const struct run *r)
{
	struct many *m = xcalloc(1, sizeof(*m));
	int order[MAX_SIDES];

	m->run = r;
	m->context = m->vmm = -1;
	find_sizes(m);
	find_hogs(m);
	if (!m->n_size && !m->n_hog)
		return m;
	run_order(r, order);
	m->n_side = (size_t)r->n_sides;
	m->s = xcalloc(m->n_side + 1, sizeof(*m->s));
	for (size_t k = 0; k < m->n_side; k++) {
		m->s[k].side = order[k];
		fill_side(m, &m->s[k]);
	}
	m->context = side_named(m, "context");
	m->vmm = side_named(m, "xen");
	if (m->vmm < 0)
		m->vmm = side_named(m, "keel");
	for (size_t i = 0; i < m->n_size; i++) {
		bool common = true;

		for (size_t k = 0; k < m->n_side; k++)
			common &= !m->s[k].most || m->s[k].num[i][MANY_WORK].n;
		if (common)
			m->common = i;
	}
	return m;
}

void many_free(struct many *m)
{
	if (!m)
		return;
	for (size_t k = 0; k < m->n_side; k++)
		free(m->s[k].num);
	for (size_t h = 0; h < m->n_hog; h++)
		free(m->hog[h]);
	free(m->s);
	free(m->size);
	free(m);
}

double many_ratio(const struct many *m, bool *at_least)
{
	if (m->context < 0 || m->vmm < 0 || m->s[m->vmm].all || !m->s[m->vmm].most)
		return 0;
	*at_least = m->s[m->context].all;
	return (double)m->s[m->context].most / m->s[m->vmm].most;
}

unsigned many_at_most(const struct many *m, const struct many_side *s, enum many_what w, double *median)
{
	for (size_t i = m->n_size; i-- > 0;)
		if (s->num[i][w].n) {
			*median = s->num[i][w].median;
			return m->size[i];
		}
	return 0;
}

bool many_any(const struct many *m, enum many_what w, size_t i)
{
	for (size_t k = 0; k < m->n_side; k++)
		if (m->s[k].num[i][w].n)
			return true;
	return false;
}

bool many_is_side(const struct many *m, const struct many_side *s, const char *stem)
{
	const char *name = m->run->side[s->side];
	size_t len = strlen(stem);

	return !strncmp(name, stem, len) && (!name[len] || !strcmp(name + len, "-up") || !strcmp(name + len, "-smp"));
}

struct isolation isolation_of(const struct analysis *a)
{
	struct isolation iso = { 0 };

	for (int i = 0; i < a->n_isolate; i++)
		iso.m[iso.n++] = a->isolate[i];
	if (a->many && a->many->n_hog)
		iso.m[iso.n++] = a->many;
	return iso;
}

const struct many_side *isolation_side(const struct isolation *iso, const char *stem, const char *kind, size_t *h)
{
	for (int i = 0; i < iso->n; i++) {
		const struct many *m = iso->m[i];

		*h = hog_index(m, kind);
		for (size_t k = 0; *h < m->n_hog && k < m->n_side; k++)
			if (many_is_side(m, &m->s[k], stem))
				return &m->s[k];
	}
	return NULL;
}

double isolation_kept(const struct isolation *iso, const char *stem, const char **hog)
{
	double least = -1;

	for (int i = 0; i < iso->n; i++)
		for (size_t k = 0; k < iso->m[i]->n_side; k++)
			for (size_t h = 0; h < iso->m[i]->n_hog; h++) {
				const struct many_side *s = &iso->m[i]->s[k];
				const struct hog_figure *g = &s->hog[h];
				const double kept = g->dnr ? 0 : g->kept.lo;

				if (!many_is_side(iso->m[i], s, stem) || (!g->kept.n && !g->dnr) ||
				    (least >= 0 && kept >= least))
					continue;
				least = kept;
				*hog = iso->m[i]->hog[h];
			}
	return least;
}

char *isolation_untried(const struct isolation *iso, const char *side)
{
	static const struct {
		const char *hog, *words;
	} kinds[] = {
		{ "cpu", "computing" },
		{ "bomb", "a fork bomb" },
		{ "files", "a storm of small files" },
		{ "touch", "memory that runs out" },
		{ "send", "a network that is sent to" },
		{ "receive", "a network that is received from" },
		{ "disk", "a disk that is written to" },
		{ "read", "a disk that is read" },
		{ "storm", "a storm of small files on a disk" },
	};
	char *s = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t h;
		const struct many_side *s_of = isolation_side(iso, side, kinds[i].hog, &h);
		char *more;

		if (s_of && (s_of->hog[h].kept.n || s_of->hog[h].dnr))
			continue;
		more = xasprintf("%s%s%s", s ? s : "", s ? ", " : "", kinds[i].words);
		free(s);
		s = more;
	}
	return s;
}
