// SPDX-License-Identifier: GPL-2.0-or-later
#include "analyse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fixed: the same records must give the same report. */
#define SEED 0x62756c6b68656164u
/* e.5, A/A gate. */
#define GATE_ROWS 0.95
#define GATE_GROUP 0.01
/* With fewer timed executions not even a range says anything. */
#define MIN_EXECS_TIMED 3

static const char *const verdict_names[] = { "", "same", "slower", "faster", "undecided" };

const struct group_info group_info[N_GROUPS + 1] = {
	[G_PROC] = { "processes", "System calls, signals, processes",
		     "What one operation of the kernel costs a single process.", true },
	[G_CTX] = { "ctx", "Context switches",
		    "A token passed around a ring of N processes; each touches S KB of memory in between.",
		    true },
	[G_FILE] = { "file-vm", "Memory mapping, page faults, files",
		     "Mapping and first touch of memory; creating and deleting small files.", true },
	[G_COMM] = { "comm", "Local communication, latency",
		     "Round trips between two processes on the same side.", true },
	[G_BW] = { "bw", "Local communication, bandwidth",
		   "Moving bytes between two processes on the same side.", true },
	[G_LIFE] = { "life", "Start-up and removal",
		     "Make an isolated place, run /bin/true in it, remove it. Not part of the overall mean.", false },
	[G_CONTROL] = { "control", "Memory control rows",
			"User-mode memory work that no side should change; if one does, the set-up is wrong. Not part of the overall mean.",
			false },
	[G_MACRO] = { "macro", "Real work",
		      "Whole runs of tools: compiling, packing and unpacking, compressing, a mail server's files, a shell script; beside the quick profile also blocks of a file by fio, a file server's operations by dbench, a database by pgbench. Not part of the overall mean.",
		      false },
	[G_MACRO_NET] = { "macro-net", "A stream over a network",
			  "A block of 128 KiB from an instance (tx) and to it (rx), by iperf3, with TCP segments for packets of 1500 and 500 bytes, many of which a virtual network may carry in one piece; the other end is in the host or domain 0, with a cable and a bridge between them. All have one CPU in common, so that a number is what the whole machine spends: both ends, the network and the hypervisor. Not part of the overall mean.",
			  false },
	[G_WEB] = { "web", "A web server",
		    "What one request to a web server costs, to ours (webmix-serve) and to nginx, on a machine with one CPU that server and client share: they talk over the loopback, the files are in memory, and the client compares every byte. The client's part is in every number and the same on all sides, so a difference is the systems', but a ratio is closer to 1 than that of the server alone. No network card and no virtual network is in it. Not part of the overall mean.",
		    false },
	[G_WEB_NET] = { "web-net", "A web server over a network",
			"The same requests when the server is in an instance and the client outside of it, in the host or in domain 0, with a cable and a bridge between them: what the whole machine spends on a request, the network of the instance included. On native, too, the server has such a cable. Both have one CPU in common. Not part of the overall mean.",
			false },
	[G_MANY] = { "scale", "Many instances",
		     "What it takes to have N instances at once, with the tools of each side. Not part of the overall mean.",
		     false },
	[G_OTHER] = { "other", "Other rows", "Rows of other experiments. Not part of the overall mean.",
		      false },
	[G_ALL] = { "all", "All operating system rows", "", false },
};

const struct extra_info extra_info[N_EXTRA] = {
	[EXTRA_MACRO] = { "macro", G_MACRO, "real work", NULL },
	[EXTRA_MACRO_NET] = { "macro-net", G_MACRO_NET, "a block of a stream over a network",
			      "One end is in an instance, the other in the host or domain 0; all that the machine does for a block is in every number." },
	[EXTRA_WEB] = { "web", G_WEB, "a web request",
			"Server and client share a CPU and talk over the loopback; what the client does is in every number." },
	[EXTRA_WEB_NET] = { "web-net", G_WEB_NET, "a web request over a network",
			    "The server is in an instance, the client in the host or domain 0, a cable and a bridge between them; all that the machine does for a request is in every number." },
};

static const struct {
	const char *prefix;
	enum group group;
} prefixes[] = {
	{ "sys.", G_PROC },  { "sig.", G_PROC }, { "proc.", G_PROC }, { "ctx.", G_CTX },
	{ "mm.", G_FILE },   { "fs.", G_FILE },	 { "ipc.", G_COMM },  { "net.", G_COMM },
	{ "bw.", G_BW },     { "life.", G_LIFE }, { "mem.", G_CONTROL },
	{ "macro.net.", G_MACRO_NET }, { "macro.", G_MACRO }, { "web.net.", G_WEB_NET }, { "web.", G_WEB }, { "scale.", G_MANY }, { "isolate.", G_MANY },
};

/*
 * The order of rows within a table is the order of the papers, not that of the
 * (shuffled) records.  Longest match wins; a row not in here follows by name.
 */
static const struct {
	const char *prefix, *label;
} known[] = {
	{ "sys.getppid", "null call" },
	{ "sys.read1", "read 1 byte" },
	{ "sys.write1", "write 1 byte" },
	{ "sys.stat", "stat" },
	{ "sys.fstat", "fstat" },
	{ "sys.openclose", "open and close" },
	{ "sys.select", "select" },
	{ "sys.epoll", "epoll_wait" },
	{ "sig.install", "install signal handler" },
	{ "sig.catch", "catch signal" },
	{ "sig.prot", "protection fault" },
	{ "proc.fork", "fork" },
	{ "proc.vfork", "vfork" },
	{ "proc.execve", "fork and execve" },
	{ "proc.sh", "fork and shell" },
	{ "ctx.", NULL },
	{ "mm.mmap", "mmap" },
	{ "mm.fault.anon", "page fault, anonymous" },
	{ "mm.fault.file", "page fault, file" },
	{ "mm.", NULL },
	{ "fs.create", "create file" },
	{ "fs.delete", "delete file" },
	{ "fs.", NULL },
	{ "ipc.pipe", "pipe" },
	{ "ipc.unix", "unix socket" },
	{ "ipc.", NULL },
	{ "net.udp.send", "UDP packet" },
	{ "net.udp", "UDP" },
	{ "net.tcp", "TCP" },
	{ "net.conn", "TCP connect" },
	{ "net.", NULL },
	{ "bw.pipe", "pipe" },
	{ "bw.unix", "unix socket" },
	{ "bw.tcp", "TCP" },
	{ "bw.", NULL },
	{ "web.webmix", "webmix-serve" },
	{ "web.nginx", "nginx" },
	{ "web.net.webmix", "webmix-serve" },
	{ "web.net.nginx", "nginx" },
};

#define N_KNOWN (sizeof(known) / sizeof(*known))

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

bool usable(const struct cell *c)
{
	return c->h.n_exec > 0;
}

enum group bench_group(const char *id)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(id, prefixes[i].prefix, strlen(prefixes[i].prefix)))
			return prefixes[i].group;
	return G_OTHER;
}

static size_t known_index(const char *id)
{
	size_t best = N_KNOWN, len = 0;

	for (size_t i = 0; i < N_KNOWN; i++) {
		size_t l = strlen(known[i].prefix);

		if (l > len && !strncmp(id, known[i].prefix, l)) {
			best = i;
			len = l;
		}
	}
	return best;
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && !strcmp(s + a - b, end);
}

/* "fs.create.10k.tmpfs" -> "create file, 10k, tmpfs". */
static char *label_of(const char *id)
{
	size_t k = known_index(id), n;
	const char *rest;
	int procs, kb, used = 0;
	char *out;

	if (sscanf(id, "ctx.%d.%d%n", &procs, &kb, &used) == 2 && used) {
		const char *tail = id + used;

		if (!*tail || !strcmp(tail, ".pin1"))
			return xasprintf("%d processes, %d KB", procs, kb);
		return xasprintf("%d processes, %d KB, %s", procs, kb, tail + 1);
	}
	if (k == N_KNOWN || !known[k].label)
		return xstrdup(id);
	rest = id + strlen(known[k].prefix);
	if (*rest && *rest != '.')
		return xstrdup(id);
	out = xstrdup(known[k].label);
	while (*rest == '.') {
		char *longer;

		n = strcspn(++rest, ".");
		longer = xasprintf("%s, %.*s", out, (int)n, rest);
		free(out);
		out = longer;
		rest += n;
	}
	return out;
}

static const char *suffix_of(const char *side)
{
	const char *dash = strrchr(side, '-');

	return dash ? dash + 1 : "";
}

static size_t stem_len(const char *side)
{
	const char *dash = strrchr(side, '-');

	return dash ? (size_t)(dash - side) : strlen(side);
}

/* native2-up is the A/A side of native-up. */
static bool is_control_of(const char *side, const char *base)
{
	size_t n = stem_len(base);

	return !strncmp(side, base, n) && side[n] == '2' && !strcmp(side + n + 1, base + n);
}

/* The order the sides ask for; those that do not ask follow as they were planned. */
static bool comes_before(const struct run *r, int x, int y)
{
	if (r->info[x].order != r->info[y].order)
		return r->info[x].order < r->info[y].order;
	return x < y;
}

static int find_stem(const struct analysis *a, const char *stem)
{
	for (int i = 0; i < a->n_shown; i++) {
		const char *s = a->run->side[a->shown[i]];

		if (stem_len(s) == strlen(stem) && !strncmp(s, stem, strlen(stem)))
			return a->shown[i];
	}
	return -1;
}

/* Baseline, control, and which sides share the baseline's suffix. */
static int choose_sides(struct analysis *a)
{
	static const char *const first[] = { "native-up", "native-smp", "native" };
	const struct run *r = a->run;
	struct strlist other = { 0 };

	a->base = -1;
	a->control = -1;
	if (a->opt.baseline) {
		a->base = run_side(r, a->opt.baseline);
		if (a->base < 0) {
			char *all = xstrdup("");

			for (int i = 0; i < r->n_sides; i++) {
				char *more = xasprintf("%s %s", all, r->side[i]);

				free(all);
				all = more;
			}
			complain("%s: no side \"%s\"; there are:%s", r->path, a->opt.baseline,
				 *all ? all : " none");
			free(all);
			return -1;
		}
	}
	for (size_t i = 0; a->base < 0 && i < 3; i++)
		a->base = run_side(r, first[i]);
	if (a->base < 0) {
		if (!r->n_sides) {
			complain("%s: no side is planned or recorded", r->path);
			return -1;
		}
		a->base = 0;
	}
	a->suffix = suffix_of(r->side[a->base]);

	for (int i = 0; i < r->n_sides; i++) {
		if (i == a->base)
			continue;
		if (is_control_of(r->side[i], r->side[a->base]))
			a->control = i;
		else if (strcmp(suffix_of(r->side[i]), a->suffix))
			strlist_add(&other, "%s", r->side[i]);
		else
			a->shown[a->n_shown++] = i;
	}
	for (int i = 1; i < a->n_shown; i++)
		for (int j = i; j > 0; j--) {
			int t = a->shown[j];

			if (comes_before(r, a->shown[j - 1], t))
				break;
			a->shown[j] = a->shown[j - 1];
			a->shown[j - 1] = t;
		}
	memmove(a->shown + 1, a->shown, (size_t)a->n_shown * sizeof(*a->shown));
	a->shown[0] = a->base;
	a->n_shown++;
	for (size_t i = 0; i < other.n; i++)
		strlist_add(&a->warn, "side %s is in the records but not in this table (see --baseline)",
			    other.s[i]);
	strlist_free(&other);
	return 0;
}

static void build_hier(struct hier *h, const struct recs *rec)
{
	size_t n_exec = 0, n_boot = 0;

	/* The samples are sorted by boot, exec, inst. */
	for (size_t i = 0; i < rec->n; i++) {
		const struct sample *s = &rec->s[i], *p = i ? s - 1 : NULL;

		n_boot += !p || p->boot != s->boot;
		n_exec += !p || p->boot != s->boot || p->exec != s->exec || p->inst != s->inst;
	}
	h->exec = xcalloc(n_exec, sizeof(*h->exec));
	h->boot = xcalloc(n_boot, sizeof(*h->boot));
	h->n_batch = (uint32_t)rec->n;

	for (size_t i = 0; i < rec->n;) {
		const struct sample *s = &rec->s[i];
		struct hexec *e = &h->exec[h->n_exec++];
		size_t end = i;

		while (end < rec->n && rec->s[end].boot == s->boot && rec->s[end].exec == s->exec &&
		       rec->s[end].inst == s->inst)
			end++;
		*e = (struct hexec){ .boot = s->boot, .exec = s->exec, .inst = s->inst };
		e->n = (uint32_t)(end - i);
		e->batch = xcalloc(e->n, sizeof(*e->batch));
		for (size_t k = i; k < end; k++)
			e->batch[k - i] = rec->s[k].value;
		e->median = median(e->batch, e->n);	/* leaves them sorted */
		if (!h->n_boot || h->boot[h->n_boot - 1].boot != s->boot)
			h->boot[h->n_boot++] = (struct hboot){ .boot = s->boot, .exec = e };
		h->boot[h->n_boot - 1].n++;
		i = end;
	}
}

/* The values a range speaks of: executions, or the batches of the only one. */
static void range_of(const struct hier *h, double *lo, double *hi)
{
	if (h->n_exec == 1) {
		*lo = h->exec[0].batch[0];
		*hi = h->exec[0].batch[h->exec[0].n - 1];
		return;
	}
	*lo = *hi = h->exec[0].median;
	for (uint32_t i = 1; i < h->n_exec; i++) {
		if (h->exec[i].median < *lo)
			*lo = h->exec[i].median;
		if (h->exec[i].median > *hi)
			*hi = h->exec[i].median;
	}
}

static void fill_cell(struct analysis *a, struct cell *c, const struct bench *b, int side, double *draws)
{
	const struct run *r = a->run;
	struct rng rng;
	double *all;

	c->rec = b->by_side[side];
	c->status = c->rec ? c->rec->status : ST_OK;
	c->why = c->rec && c->rec->why ? c->rec->why : "";
	if (c->status == ST_OK && !(c->rec && c->rec->n)) {
		/* Nothing about this row: perhaps about the whole side. */
		if (r->side_status[side] != ST_OK) {
			c->status = r->side_status[side];
			c->why = r->side_why[side];
		} else {
			c->status = ST_MISSING;
			c->why = "nothing was recorded";
		}
	}
	if (!(c->rec && c->rec->n)) {
		if (c->status == ST_UNSTABLE)
			c->status = ST_MISSING;
		return;
	}
	if (c->status == ST_INVALID)
		return;
	/* One execution that died does not undo the others, but it is told. */
	if (c->status != ST_OK && c->status != ST_UNSTABLE)
		c->status = ST_PARTIAL;
	build_hier(&c->h, c->rec);
	c->median = hier_median(&c->h);
	all = xcalloc(c->rec->n, sizeof(*all));
	c->min = c->max = c->rec->s[0].value;
	for (size_t i = 0; i < c->rec->n; i++) {
		all[i] = c->rec->s[i].value;
		c->min = all[i] < c->min ? all[i] : c->min;
		c->max = all[i] > c->max ? all[i] : c->max;
	}
	{
		double m;

		sort_doubles(all, c->rec->n);
		m = quantile_sorted(all, c->rec->n, 0.5);
		c->mad = mad(all, c->rec->n, m);
		c->outliers = count_outliers(all, c->rec->n, m, c->mad);
	}
	free(all);

	if (c->h.n_exec < MIN_EXECS_CI) {
		c->iv.kind = IV_RANGE;
		range_of(&c->h, &c->iv.lo, &c->iv.hi);
	} else {
		rng_seed(&rng, hash_str(hash_str(SEED, b->id), r->side[side]));
		boot_median(&c->h, &rng, draws, a->opt.resamples);
		sort_doubles(draws, a->opt.resamples);
		c->iv.kind = IV_CI;
		c->iv.lo = quantile_sorted(draws, a->opt.resamples, 0.025);
		c->iv.hi = quantile_sorted(draws, a->opt.resamples, 0.975);
	}
	if (!a->min_exec || c->h.n_exec < a->min_exec)
		a->min_exec = c->h.n_exec;
	if (c->h.n_exec > a->max_exec)
		a->max_exec = c->h.n_exec;
	if (c->h.n_boot > a->max_boot)
		a->max_boot = c->h.n_boot;
}

void compare_cells(const struct cell *x, const struct cell *base, const struct unit *u,
		   bool counted, uint64_t seed, size_t resamples, double *draws, struct cmp *out)
{
	bool flip = u && u->dir == HIGHER_BETTER;
	const struct cell *num = flip ? base : x, *den = flip ? x : base;
	uint32_t n;

	*out = (struct cmp){ .p = 1, .p_adj = 1 };
	if (!usable(x)) {
		out->why_not = x->why;
		return;
	}
	if (!usable(base)) {
		out->why_not = "no baseline value";
		return;
	}
	if (!u || u->dir == NO_RATIO) {
		out->why_not = "the unit has no better direction";
		return;
	}
	if (!(num->min > 0) || !(den->min > 0)) {
		out->why_not = "a value is not positive";
		return;
	}
	out->has = true;
	out->ratio = num->median / den->median;
	n = x->h.n_exec < base->h.n_exec ? x->h.n_exec : base->h.n_exec;
	out->paired = hier_paired(&x->h, &base->h);

	if (n < MIN_EXECS_CI && counted && out->paired && n > 1) {
		/*
		 * What an execution counts depends on its order of rows and its
		 * padding, which are the same on both sides by design: the spread
		 * between executions is none of the ratio's.
		 */
		out->iv = (struct interval){ out->ratio, out->ratio, IV_RANGE };
		for (uint32_t i = 0; i < n; i++) {
			double q = num->h.exec[i].median / den->h.exec[i].median;

			out->iv.lo = q < out->iv.lo ? q : out->iv.lo;
			out->iv.hi = q > out->iv.hi ? q : out->iv.hi;
		}
		out->need = MIN_EXECS_CI;
	} else if (n < MIN_EXECS_CI) {
		double nlo, nhi, dlo, dhi;

		range_of(&num->h, &nlo, &nhi);
		range_of(&den->h, &dlo, &dhi);
		out->iv = (struct interval){ nlo / dhi, nhi / dlo, IV_RANGE };
		out->need = MIN_EXECS_CI;
	} else {
		double *d = xcalloc(resamples, sizeof(*d));
		struct rng rng;

		rng_seed(&rng, seed);
		boot_pair(&num->h, &den->h, &rng, draws, d, resamples);
		for (size_t i = 0; i < resamples; i++)
			draws[i] /= d[i];
		memcpy(d, draws, resamples * sizeof(*d));
		out->p = out->p_adj = boot_p(d, resamples);
		sort_doubles(d, resamples);
		out->iv = (struct interval){ quantile_sorted(d, resamples, 0.025),
					     quantile_sorted(d, resamples, 0.975), IV_CI };
		free(d);
	}

	/*
	 * A range is not a test and has no p value to correct, so it has to clear
	 * the whole band of "same" before it may say "differs".
	 */
	if (out->iv.kind == IV_RANGE && !counted && n < MIN_EXECS_TIMED)
		out->verdict = V_UNDECIDED;
	else if (out->iv.lo >= SAME_LO && out->iv.hi <= SAME_HI)
		out->verdict = V_SAME;
	else if (out->iv.lo > (out->iv.kind == IV_CI ? 1 : SAME_HI))
		out->verdict = V_SLOWER;
	else if (out->iv.hi < (out->iv.kind == IV_CI ? 1 : SAME_LO))
		out->verdict = V_FASTER;
	else
		out->verdict = V_UNDECIDED;

	if (out->iv.kind == IV_CI) {
		/*
		 * Either answer decides: an interval narrow enough for "same", or
		 * one that clears 1.  Width goes with 1/sqrt(n).
		 */
		double off = fabs(out->ratio - 1), half = (out->iv.hi - out->iv.lo) / 2;
		double target = SAME_HI - 1 - off > off ? SAME_HI - 1 - off : off;
		double need = ceil(n * (half / target) * (half / target));

		out->need = need > 1e6 ? 1000000 : need <= n ? n + 1 : (unsigned)need;
	}
}

void apply_holm(struct cmp **c, size_t n)
{
	double *p = xcalloc(n, sizeof(*p)), *adj = xcalloc(n, sizeof(*adj));
	size_t *at = xcalloc(n, sizeof(*at)), k = 0;

	/* A range has no p value: it says what was seen, it is not a test. */
	for (size_t i = 0; i < n; i++)
		if (c[i]->has && c[i]->iv.kind == IV_CI) {
			at[k] = i;
			p[k++] = c[i]->p;
		}
	holm(p, adj, k);
	for (size_t i = 0; i < k; i++) {
		struct cmp *x = c[at[i]];

		x->p_adj = adj[i];
		if ((x->verdict == V_SLOWER || x->verdict == V_FASTER) && x->p_adj > 0.05)
			x->verdict = V_UNDECIDED;
	}
	free(p);
	free(adj);
	free(at);
}

void geomean(struct cmp **c, size_t n, double *sum_log, size_t resamples, struct tally *t)
{
	double sum = 0, lo = 0, hi = 0;
	bool all_ci = true;

	t->compared = 0;
	memset(t->n, 0, sizeof(t->n));
	for (size_t i = 0; i < n; i++) {
		if (!c[i]->has)
			continue;
		t->compared++;
		t->n[c[i]->verdict]++;
		sum += log(c[i]->ratio);
		lo += log(c[i]->iv.lo);
		hi += log(c[i]->iv.hi);
		all_ci &= c[i]->iv.kind == IV_CI;
	}
	t->has = t->compared > 0;
	if (!t->has)
		return;
	t->geomean = exp(sum / (double)t->compared);
	if (all_ci && sum_log) {
		sort_doubles(sum_log, resamples);
		t->iv = (struct interval){
			exp(quantile_sorted(sum_log, resamples, 0.025) / (double)t->compared),
			exp(quantile_sorted(sum_log, resamples, 0.975) / (double)t->compared), IV_CI
		};
	} else {
		/* One row without an interval: the mean has only a range, too. */
		t->iv = (struct interval){ exp(lo / (double)t->compared), exp(hi / (double)t->compared),
					   IV_RANGE };
	}
}

static bool in_group(const struct row *row, int g)
{
	if (row->derived)
		return false;
	return g == G_ALL ? group_info[row->group].counted : (int)row->group == g;
}

/* All rows of one side against another; out[] has one cmp per row. */
static void compare_side(struct analysis *a, int side, int base, struct cmp **out,
			 struct tally *tally /* [N_GROUPS + 1] */)
{
	const struct run *r = a->run;
	size_t b = a->opt.resamples;
	double *draws = xcalloc(b, sizeof(*draws));
	double *sum[N_GROUPS + 1];
	struct cmp **some = xcalloc(a->n_row, sizeof(*some));

	for (int g = 0; g <= N_GROUPS; g++)
		sum[g] = xcalloc(b, sizeof(*sum[g]));
	for (size_t i = 0; i < a->n_row; i++) {
		struct row *row = &a->row[i];
		uint64_t seed = hash_str(hash_str(hash_str(SEED, row->b->id), r->side[side]), r->side[base]);

		compare_cells(&row->cell[side], &row->cell[base], row->b->unit,
			      r->accel == ACCEL_ICOUNT, seed, b, draws, out[i]);
		if (row->derived) {
			/* A correction term, not an operation anyone performs. */
			*out[i] = (struct cmp){ .p = 1, .p_adj = 1, .why_not = "derived row" };
			continue;
		}
		if (!out[i]->has || out[i]->iv.kind != IV_CI)
			continue;
		for (size_t k = 0; k < b; k++) {
			double l = log(draws[k]);

			sum[row->group][k] += l;
			if (group_info[row->group].counted)
				sum[G_ALL][k] += l;
		}
	}
	/* Holm per printed table first: the overall counts use its verdicts. */
	for (int g = 0; g <= N_GROUPS; g++) {
		struct tally *t = &tally[g];
		size_t n = 0;

		memset(t, 0, sizeof(*t));
		for (size_t i = 0; i < a->n_row; i++) {
			const struct cell *c = &a->row[i].cell[side];

			if (!in_group(&a->row[i], g))
				continue;
			t->rows++;
			if (!usable(c))
				t->no_result[c->status]++;
			some[n++] = out[i];
			if (out[i]->has &&
			    (!t->worst || out[i]->ratio > out[t->worst - a->row]->ratio))
				t->worst = &a->row[i];
		}
		if (g != G_ALL)
			apply_holm(some, n);
		geomean(some, n, sum[g], b, t);
	}
	for (int g = 0; g <= N_GROUPS; g++)
		free(sum[g]);
	free(some);
	free(draws);
}

static void judge_gate(struct analysis *a)
{
	size_t rows = 0, fine = 0;
	struct strlist off = { 0 };
	char *text;

	if (a->control < 0) {
		a->gate = GATE_UNCHECKED;
		a->gate_text = xstrdup("no A/A control side was run");
		return;
	}
	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i];
		const struct cmp *c = &row->cell[a->control].cmp;

		if (!c->has)
			continue;
		rows++;
		if (c->verdict == V_SAME || c->verdict == V_UNDECIDED)
			fine++;
		else
			strlist_add(&off, "%s %.4f", row->b->id, c->ratio);
		a->control_close += fabs(c->ratio - 1) <= 0.001;
	}
	a->control_rows = rows;
	if (!rows) {
		a->gate = GATE_UNCHECKED;
		a->gate_text = xstrdup("the A/A control side has no result");
		strlist_free(&off);
		return;
	}
	a->gate = (double)fine >= GATE_ROWS * (double)rows ? GATE_TRUSTED : GATE_UNTRUSTED;
	text = xasprintf("%zu of %zu rows same or undecided", fine, rows);
	for (int g = 0; g < N_GROUPS; g++) {
		const struct tally *t = &a->tally[a->control][g];

		if (t->has && fabs(t->geomean - 1) > GATE_GROUP) {
			char *more = xasprintf("%s; group %s is at %.4f", text, group_info[g].key, t->geomean);

			a->gate = GATE_UNTRUSTED;
			free(text);
			text = more;
		}
	}
	for (size_t i = 0; i < off.n && i < 5; i++) {
		char *more = xasprintf("%s%s %s", text, i ? "," : "; differs:", off.s[i]);

		free(text);
		text = more;
	}
	a->gate_text = text;
	strlist_free(&off);
}

static void judge_acceptance(struct analysis *a, struct acceptance *acc, const char *name, double max_geomean,
			     double max_row)
{
	const struct tally *t;

	*acc = (struct acceptance){ .name = name, .max_geomean = max_geomean, .max_row = max_row };
	acc->side = find_stem(a, name);
	acc->over = xcalloc(a->n_row, sizeof(*acc->over));
	acc->state = ACC_NOT_EVALUATED;
	if (acc->side < 0) {
		acc->why = "this side is not in the run";
		return;
	}
	t = &a->tally[acc->side][G_ALL];
	for (size_t i = 0; i < a->n_row; i++) {
		const struct row *row = &a->row[i];

		if (!in_group(row, G_ALL))
			continue;
		if (usable(&row->cell[a->base]) && !usable(&row->cell[acc->side]))
			acc->n_missing++;
		if (row->cell[acc->side].cmp.has && row->cell[acc->side].cmp.ratio > max_row)
			acc->over[acc->n_over++] = row;
	}
	if (a->run->accel != ACCEL_ICOUNT)
		acc->why = "the limits are for instruction counts (accel tcg-icount)";
	else if (!t->has)
		acc->why = "no row could be compared";
	else
		acc->state = t->geomean <= max_geomean && !acc->n_over && !acc->n_missing ? ACC_MET :
											       ACC_NOT_MET;
}

static void judge_claim(struct analysis *a)
{
	struct tally *all;
	struct cmp *store, **out;

	a->claim_ctx = find_stem(a, "context");
	a->claim_vmm = find_stem(a, "xen");
	if (a->claim_vmm < 0)
		a->claim_vmm = find_stem(a, "keel");
	if (a->claim_ctx < 0 || a->claim_vmm < 0)
		return;
	all = xcalloc(N_GROUPS + 1, sizeof(*all));
	store = xcalloc(a->n_row, sizeof(*store));
	out = xcalloc(a->n_row, sizeof(*out));
	for (size_t i = 0; i < a->n_row; i++)
		out[i] = &store[i];
	compare_side(a, a->claim_vmm, a->claim_ctx, out, all);
	a->claim = all[G_ALL];
	free(all);
	free(store);
	free(out);
}

/* "64k" and "1m" in KB; -1 when it is no size. */
static double size_of(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s)
		return -1;
	if (!strcmp(end, "m"))
		return v * 1024;
	return !*end || !strcmp(end, "k") ? v : -1;
}

static int cmp_row(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	size_t i, j;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->derived != b->derived)
		return a->derived ? 1 : -1;
	i = known_index(a->b->id);
	j = known_index(b->b->id);
	if (i != j)
		return i < j ? -1 : 1;
	/* mem.chase.16k comes before mem.chase.1m. */
	const char *p = strrchr(a->b->id, '.'), *q = strrchr(b->b->id, '.');

	if (p && q && p - a->b->id == q - b->b->id && !strncmp(a->b->id, b->b->id, (size_t)(p - a->b->id)) &&
	    size_of(p + 1) >= 0 && size_of(q + 1) >= 0 && size_of(p + 1) != size_of(q + 1))
		return size_of(p + 1) < size_of(q + 1) ? -1 : 1;
	return strverscmp(a->b->id, b->b->id);
}

struct analysis *analyse(const struct run *r, const struct options *opt)
{
	struct analysis *a = xcalloc(1, sizeof(*a));
	double *draws;
	struct cmp **out;

	a->run = r;
	a->opt = *opt;
	a->claim_ctx = a->claim_vmm = -1;
	for (size_t i = 0; i < r->warn.n; i++)
		strlist_add(&a->warn, "%s", r->warn.s[i]);
	if (choose_sides(a)) {
		analysis_free(a);
		return NULL;
	}

	a->n_row = r->n_bench;
	a->row = xcalloc(a->n_row, sizeof(*a->row));
	draws = xcalloc(opt->resamples, sizeof(*draws));
	for (size_t i = 0; i < a->n_row; i++) {
		struct row *row = &a->row[i];

		row->b = &r->bench[i];
		row->group = bench_group(row->b->id);
		row->derived = ends_with(row->b->id, ".overhead");
		row->label = label_of(row->b->id);
		row->cell = xcalloc((size_t)r->n_sides, sizeof(*row->cell));
		for (int k = 0; k < a->n_shown; k++)
			fill_cell(a, &row->cell[a->shown[k]], row->b, a->shown[k], draws);
		if (a->control >= 0)
			fill_cell(a, &row->cell[a->control], row->b, a->control, draws);
	}
	free(draws);
	qsort(a->row, a->n_row, sizeof(*a->row), cmp_row);

	out = xcalloc(a->n_row, sizeof(*out));
	for (int k = 0; k <= a->n_shown; k++) {
		int side = k < a->n_shown ? a->shown[k] : a->control;

		if (side < 0 || side == a->base)
			continue;
		for (size_t i = 0; i < a->n_row; i++)
			out[i] = &a->row[i].cell[side].cmp;
		compare_side(a, side, a->base, out, a->tally[side]);
	}
	free(out);
	for (int g = 0; g <= N_GROUPS; g++)
		for (size_t i = 0; i < a->n_row; i++)
			if (in_group(&a->row[i], g)) {
				a->tally[a->base][g].rows++;
				if (!usable(&a->row[i].cell[a->base]))
					a->tally[a->base][g].no_result[a->row[i].cell[a->base].status]++;
			}

	judge_gate(a);
	judge_acceptance(a, &a->acc[0], "patched", 1.001, 1.005);
	judge_acceptance(a, &a->acc[1], "context", 1.01, 1.05);
	judge_claim(a);
	return a;
}

void analysis_free(struct analysis *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_row; i++) {
		for (int s = 0; s < a->run->n_sides; s++)
			hier_free(&a->row[i].cell[s].h);
		free(a->row[i].cell);
		free(a->row[i].label);
	}
	free(a->row);
	free(a->gate_text);
	for (int i = 0; i < 2; i++)
		free(a->acc[i].over);
	strlist_free(&a->warn);
	free(a);
}

json_t *json_path(json_t *o, const char *path)
{
	char key[64];

	while (o && *path) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		o = json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

const char *env_string(const struct run *r, int side, const char *path)
{
	const char *s = json_string_value(json_path(json_object_get(r->env, r->side[side]), path));

	return s ? s : "";
}
