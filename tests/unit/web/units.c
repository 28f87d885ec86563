// SPDX-License-Identifier: GPL-2.0-or-later
/* Distributions, contents, histogram, pacing, arrivals and the search, without
 * a network and without a clock. All seeds are fixed: what passes once passes
 * always. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrive.h"
#include "hist.h"
#include "mix.h"
#include "pace.h"
#include "rules.h"
#include "search.h"
#include "webtest.h"

#define DRAWS 500000

/* Written down a second time, from the specification. */
static const double class_p[4] = {0.35, 0.50, 0.14, 0.01};
static const int order[9] = {5, 4, 6, 3, 7, 2, 8, 1, 9};

/* Probability of file number @n (1..9) in its class. */
static double file_p(int n)
{
	double sum = 0;
	int i, rank = 0;

	for (i = 0; i < 9; i++) {
		sum += 1.0 / (i + 1);
		if (order[i] == n)
			rank = i + 1;
	}
	return 1.0 / rank / sum;
}

static double chi2(const uint64_t *seen, const double *p, int cells, double n)
{
	double x = 0;
	int i;

	for (i = 0; i < cells; i++)
		x += ((double)seen[i] - n * p[i]) *
		     ((double)seen[i] - n * p[i]) / (n * p[i]);
	return x;
}

static void test_sizes(void)
{
	struct mix_file f = {0};
	uint64_t sum = 0, bad = 0;
	double uniform = 0, zipf = 0;
	char path[MIX_PATH];

	for (f.class = 0; f.class < 4; f.class ++)
		for (f.number = 1; f.number <= 9; f.number++) {
			/* floor(i * 102.4 * 10^c), in whole numbers */
			uint64_t want = f.number * 1024ULL;
			int c;

			for (c = 0; c < f.class; c++)
				want *= 10;
			want /= 10;
			bad += mix_size(&f) != want;
			sum += mix_size(&f);
			uniform += class_p[f.class] / 9 * (double)want;
			zipf += class_p[f.class] * file_p(f.number) *
				(double)want;
		}
	check(bad == 0, "sizes are floor(i * 102.4 * 10^c)", "%d wrong",
	      (int)bad);
	check(sum == 5119484 && MIX_DIR_BYTES == 5119484,
	      "a directory has 5,119,484 bytes", "%llu",
	      (unsigned long long)sum);
	check(lround(uniform) == 15027,
	      "a uniform choice of files would mean 15,027 bytes", "%f",
	      uniform);
	check(lround(zipf) == 14609 &&
		      fabs(zipf - mix_mean(MIX_K_STATIC)) < 1e-6,
	      "the popularity of files means 14,609 bytes", "%f, %f", zipf,
	      mix_mean(MIX_K_STATIC));
	for (f.class = 1, zipf = 0; f.class <= 2; f.class ++)
		for (f.number = 1; f.number <= 9; f.number++)
			zipf += class_p[f.class] / 0.64 * file_p(f.number) *
				mix_size(&f);
	check(fabs(zipf - mix_mean(MIX_K_AD)) < 1e-6,
	      "and of dynamic requests what classes 1 and 2 mean", "%f, %f",
	      zipf, mix_mean(MIX_K_AD));
	check(mix_dirs(1) == 26 && mix_dirs(50) == 58 && mix_dirs(100) == 91 &&
		      mix_dirs(514) == 365 && mix_dirs(662) == 462,
	      "directories are ceil(25 + 0.66 * sessions)", "%u %u %u %u %u",
	      mix_dirs(1), mix_dirs(50), mix_dirs(100), mix_dirs(514),
	      mix_dirs(662));
	f = (struct mix_file){.dir = 99999, .class = 3, .number = 9};
	mix_path(&f, path);
	check(strcmp(path, "d99999/c3_9") == 0, "the longest path fits", "%s",
	      path);
}

static void test_draws(void)
{
	/* Critical values of chi-square at 0.001. */
	const double df3 = 16.27, df8 = 26.12, df4 = 18.47, df10 = 29.59,
		     df39 = 72.05, df1 = 10.83;
	static const double kinds[5] = {0.70, 0.125, 0.125, 0.0485, 0.0015};
	uint64_t class[4] = {0}, file[9] = {0}, dir[40] = {0}, kind[5] = {0};
	uint64_t dyn_class[4] = {0}, keep[2] = {0}, len[11] = {0},
		 flat[9] = {0};
	double p[40], h = 0, mean = 0, var = 0, x, n_static;
	const double two[2] = {0.70, 0.30};
	struct mix mix, plain;
	struct rng r;
	uint64_t dynamic = 0, conditional = 0;
	int i;

	rng_seed(&r, 1);
	mix_init(&mix, 40, true, 0.25);
	for (i = 0; i < DRAWS; i++) {
		struct mix_request q;

		mix_draw(&mix, &r, &q);
		kind[q.kind]++;
		dir[q.file.dir]++;
		file[q.file.number - 1]++;
		if (q.kind == MIX_K_STATIC) {
			class[q.file.class]++;
			mean += mix_size(&q.file);
			conditional += q.conditional;
		} else {
			dyn_class[q.file.class]++;
			dynamic++;
		}
	}
	n_static = DRAWS - (double)dynamic;
	x = chi2(kind, kinds, 5, DRAWS);
	check(x < df4, "the mix of requests is 70, 12.5, 12.5, 4.85, 0.15 %",
	      "chi-square %f", x);
	x = chi2(class, class_p, 4, n_static);
	check(x < df3, "classes of static requests are 35, 50, 14, 1 %",
	      "chi-square %f", x);
	p[0] = 0.50 / 0.64;
	p[1] = 0.14 / 0.64;
	x = chi2(dyn_class + 1, p, 2, (double)dynamic);
	check(x < df1 && dyn_class[0] == 0 && dyn_class[3] == 0,
	      "dynamic requests are for classes 1 and 2, 50 to 14",
	      "chi-square %f", x);
	for (i = 0; i < 9; i++)
		p[i] = file_p(i + 1);
	x = chi2(file, p, 9, DRAWS);
	check(x < df8, "files of a class go by 1/rank, the middle one first",
	      "chi-square %f", x);
	for (i = 0; i < 9; i++)
		flat[i] = DRAWS / 9;
	x = chi2(flat, p, 9, DRAWS);
	check(x > 100 * df8, "the test would notice a uniform choice",
	      "chi-square %f", x);
	for (i = 0; i < 40; i++)
		h += 1.0 / (i + 1);
	for (i = 0; i < 40; i++)
		p[i] = 1.0 / (i + 1) / h;
	x = chi2(dir, p, 40, DRAWS);
	check(x < df39, "directories go by Zipf's law with exponent 1",
	      "chi-square %f", x);
	for (i = 0; i < 36; i++) {
		struct mix_file f = {.class = (uint8_t)(i / 9),
				     .number = (uint8_t)(i % 9 + 1)};
		double d = mix_size(&f) - mix_mean(MIX_K_STATIC);

		var += class_p[f.class] * file_p(f.number) * d * d;
	}
	mean /= n_static;
	check(fabs(mean - 14609) < 4 * sqrt(var / n_static),
	      "the mean of drawn sizes is 14,609 bytes within 4 sigma",
	      "%f, sigma %f", mean, sqrt(var / n_static));
	p[0] = (double)conditional / n_static;
	check(fabs(p[0] - 0.25) < 4 * sqrt(0.25 * 0.75 / n_static),
	      "the asked share of static requests is conditional", "%f", p[0]);
	mix_free(&mix);

	for (i = 0; i < DRAWS; i++) {
		bool alive;
		uint32_t n;

		mix_draw_connection(&r, &alive, &n);
		keep[!alive]++;
		if (alive)
			len[n - 5]++;
		else if (n != 1)
			keep[0] = 0;
	}
	x = chi2(keep, two, 2, DRAWS);
	check(x < df1, "70 % of connections are kept alive, the others get one",
	      "chi-square %f", x);
	for (i = 0; i < 11; i++)
		p[i] = 1.0 / 11;
	x = chi2(len, p, 11, (double)keep[0]);
	check(x < df10, "kept connections get 5 to 15 requests, uniformly",
	      "chi-square %f", x);

	mix_init(&plain, 40, false, 0);
	for (i = 0, x = 0; i < 10000; i++) {
		struct mix_request q;

		mix_draw(&plain, &r, &q);
		x += q.kind != MIX_K_STATIC || q.conditional;
	}
	check(x == 0, "the static mix has nothing else", "%f", x);
	mix_free(&plain);
}

static void test_ads(void)
{
	uint64_t seen[MIX_ADS] = {0}, cookie = 1, moved = 0;
	double p[MIX_ADS], sum = 0, x;
	int i;

	for (i = 0; i < MIX_ADS; i++)
		sum += 100000 / (i + 1);
	for (i = 0; i < MIX_ADS; i++)
		p[i] = (100000 / (i + 1)) / sum;
	for (i = 0; i < DRAWS; i++) {
		uint64_t next = ad_next_cookie(cookie);

		moved += next != cookie && next != 0;
		cookie = next;
		seen[ad_lookup(cookie)]++;
	}
	x = chi2(seen, p, MIX_ADS, DRAWS);
	check(x < 181.99, "advertisements come by their weights",
	      "chi-square %f", x); /* 127 degrees of freedom */
	check(moved == DRAWS, "every cookie is followed by another", "%llu",
	      (unsigned long long)moved);
}

/* The bytes of a file, made the slow way from the words of the specification. */
static uint8_t *slow_content(const struct mix_file *f, const char *field,
			     size_t *len)
{
	size_t size = mix_size(f), i, out = 0;
	uint8_t *buf = malloc(size + 16);
	uint64_t h = 0xcbf29ce484222325ULL, s;
	char path[MIX_PATH];

	mix_path(f, path);
	for (i = 0; path[i]; i++) {
		h ^= (uint8_t)path[i];
		h *= 0x100000001b3ULL;
	}
	s = h;
	for (i = 0; i <= size; i++) {
		if (field && i == size / 2) {
			memcpy(buf + out, field, 16);
			out += 16;
		}
		if (i == size)
			break;
		if (i % 8 == 0) {
			s ^= s << 13;
			s ^= s >> 7;
			s ^= s << 17;
		}
		buf[out++] = (uint8_t)(s >> (8 * (i % 8)));
	}
	*len = out;
	return buf;
}

static void test_content(void)
{
	static const char field[] = "0123456789abcdef";
	struct rng r;
	int round, fill = 0, good = 0, flips = 0, extra = 0, rounds = 0;

	rng_seed(&r, 3);
	for (round = 0; round < 72; round++) {
		struct mix_file f = {
			.dir = (uint32_t)rng_below(&r, 1000),
			.class = (uint8_t)(round / 2 % 36 / 9),
			.number = (uint8_t)(round / 2 % 9 + 1),
		};
		const char *with = round % 2 ? field : NULL;
		size_t len, at, n;
		uint8_t *want = slow_content(&f, with, &len);
		uint8_t *got = malloc(len + 1);
		struct content c;

		rounds++;
		content_start(&c, &f);
		if (with)
			content_splice(&c, with);
		for (at = 0; at < len; at += n) {
			n = 1 + rng_below(&r, round % 3 ? 5000 : 13);
			if (n > len - at)
				n = len - at;
			content_fill(&c, got + at, n);
		}
		fill += memcmp(want, got, len) == 0 && content_left(&c) == 0;

		content_start(&c, &f);
		if (with)
			content_splice(&c, with);
		for (at = 0; at < len; at += n) {
			n = 1 + rng_below(&r, round % 3 ? 5000 : 13);
			if (n > len - at)
				n = len - at;
			if (!content_check(&c, want + at, n))
				break;
		}
		good += at == len && content_left(&c) == 0;
		extra += !content_check(&c, want, 1);

		want[rng_below(&r, len)] ^= (uint8_t)(1 << rng_below(&r, 8));
		content_start(&c, &f);
		if (with)
			content_splice(&c, with);
		for (at = 0; at < len; at += n) {
			n = 1 + rng_below(&r, 4000);
			if (n > len - at)
				n = len - at;
			if (!content_check(&c, want + at, n))
				break;
		}
		flips += at < len;
		free(want);
		free(got);
	}
	check(fill == rounds, "files are filled as specified, in any pieces",
	      "%d of %d", fill, rounds);
	check(good == rounds, "right bytes are accepted, in any pieces",
	      "%d of %d", good, rounds);
	check(flips == rounds, "one wrong bit anywhere is found", "%d of %d",
	      flips, rounds);
	check(extra == rounds, "a byte too many is found", "%d of %d", extra,
	      rounds);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_hist(void)
{
	static struct hist h, a, b;
	static uint64_t v[20000];
	const double q[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0};
	struct rng r;
	size_t i, bad = 0, off = 0;

	for (i = 0; i + 1 < HIST_BUCKETS; i++) {
		bad += hist_high(i) + 1 != hist_low(i + 1);
		bad += hist_bucket(hist_low(i)) != i;
		bad += hist_bucket(hist_high(i)) != i;
		/* three digits: no wider than 0.1 % of its values */
		bad += (hist_high(i) - hist_low(i)) * 1000 > hist_low(i);
	}
	check(bad == 0 && hist_bucket(UINT64_MAX) < HIST_BUCKETS,
	      "buckets are gapless and at most 0.1 % wide", "%zu wrong", bad);
	rng_seed(&r, 4);
	hist_clear(&h);
	hist_clear(&a);
	hist_clear(&b);
	for (i = 0; i < 20000; i++) {
		/* from 1 ns to some minutes, all magnitudes alike */
		v[i] = (uint64_t)exp(rng_unit(&r) * 26);
		hist_add(&h, v[i]);
		hist_add(i % 3 ? &a : &b, v[i]);
	}
	qsort(v, 20000, sizeof(v[0]), by_value);
	for (i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
		uint64_t want = v[(size_t)ceil(q[i] * 20000) - 1];
		uint64_t got = hist_quantile(&h, q[i]);

		off += got < want || got - want > want / 1000;
	}
	check(off == 0, "quantiles are right to three digits", "%zu off", off);
	hist_merge(&a, &b);
	check(memcmp(a.count, h.count, sizeof(h.count)) == 0 && a.n == h.n &&
		      a.min == h.min && a.max == h.max && h.max == v[19999],
	      "histograms add up", "n %llu", (unsigned long long)a.n);
	hist_clear(&a);
	check(hist_quantile(&a, 0.5) == 0, "an empty one has no quantile", "?");
}

static void test_pace(void)
{
	struct pace p;
	struct rng r;
	uint64_t now = 12345, got = 0, end, most = 0, w, may;
	int i, bad = 0;

	rng_seed(&r, 5);
	pace_init(&p, 400000, 50, now);
	check(pace_may(&p, now) == 2500, "the bucket holds 50 ms of the line",
	      "%llu", (unsigned long long)pace_may(&p, now));
	end = now + 100 * PACE_NS;
	while (now < end) {
		may = pace_may(&p, now);
		w = may ? 1 + rng_below(&r, may) : 0;
		pace_took(&p, w);
		got += w;
		now += rng_below(&r, 20000000);
		if (may > most)
			most = may;
	}
	/* 100 s at 50,000 bytes a second, and the bucket it began with */
	check(got <= 5000000 + 2500 + 1000 && most <= 2500,
	      "nobody reads faster than the line", "%llu bytes, %llu at once",
	      (unsigned long long)got, (unsigned long long)most);
	pace_init(&p, 400000, 50, now);
	for (got = 0, i = 0; i < 100000; i++) {
		may = pace_may(&p, now);
		if (may == 0) {
			w = pace_wait(&p, 1460);
			now += w;
			may = pace_may(&p, now);
			bad += may < 1460 || may > 1461;
		}
		pace_took(&p, may);
		got += may;
	}
	now -= end; /* about */
	check(bad == 0, "waiting for a segment is waiting just long enough",
	      "%d waits", bad);
	pace_init(&p, 400000, 50, 0);
	pace_took(&p, pace_may(&p, 0));
	check(pace_may(&p, UINT64_MAX / 2) == 2500,
	      "a long wait fills the bucket and no more", "?");
	pace_init(&p, 0, 50, 0);
	check(pace_may(&p, 0) == UINT64_MAX && pace_wait(&p, 10) == 0,
	      "without a line speed there is no limit", "?");
}

static void test_arrivals(void)
{
	uint64_t bins[20] = {0}, t, last = 0, n = 100000, i, bad = 0;
	uint32_t c[4], even[4], one[3];
	struct arrive a;
	double p[20], x, sum = 0;

	arrive_init(&a, 300, false, 1, 7);
	for (i = 1; i <= 3000; i++)
		bad += arrive_next(&a) != 7 + (uint64_t)((double)i * 1e9 / 300);
	check(bad == 0, "constant arrivals do not drift", "%llu",
	      (unsigned long long)bad);
	arrive_init(&a, 1000, true, 1, 0);
	for (i = 0; i < n; i++) {
		double gap, u;

		t = arrive_next(&a);
		gap = (double)(t - last) / 1e6; /* in mean gaps */
		last = t;
		sum += gap;
		u = 1 - exp(-gap);
		bins[u >= 1 ? 19 : (int)(u * 20)]++;
	}
	for (i = 0; i < 20; i++)
		p[i] = 0.05;
	x = chi2(bins, p, 20, (double)n);
	check(x < 43.82, "gaps of Poisson arrivals are exponential",
	      "chi-square %f", x); /* 19 degrees of freedom */
	check(fabs(sum / (double)n - 1) < 4 / sqrt((double)n),
	      "Poisson arrivals come at the asked rate", "%f", sum / (double)n);
	arrive_split(10, 4, 0, even);
	arrive_split(100, 4, 1, c);
	arrive_split(2, 3, 0, one);
	check(even[0] + even[1] + even[2] + even[3] == 10 && even[0] <= 3 &&
		      even[3] >= 2 && one[0] + one[1] + one[2] == 2,
	      "users are shared out evenly", "%u %u %u %u", even[0], even[1],
	      even[2], even[3]);
	check(c[0] == 48 && c[1] == 24 && c[2] == 16 && c[3] == 12,
	      "users are shared out by Zipf's law", "%u %u %u %u", c[0], c[1],
	      c[2], c[3]);
}

/* One request every ms for 10 s at a server that takes 0.1 ms each, but nothing
 * from second 5 to 6. Who counts from sending sees one slow request of 10,000;
 * who counts from when requests were due sees the second everybody lost. */
static void test_omission(void)
{
	static struct hist due, sent;
	const uint64_t from = 5000000000ULL, to = 6000000000ULL;
	struct arrive a;
	uint64_t free_at = 0, i, q;

	hist_clear(&due);
	hist_clear(&sent);
	arrive_init(&a, 1000, false, 1, 0);
	for (i = 0; i < 10000; i++) {
		uint64_t t = arrive_next(&a), begin, end;

		begin = t > free_at ? t : free_at;
		end = begin + 100000;
		if (end > from && begin < to)
			end = to + 100000;
		free_at = end;
		hist_add(&due, end - t);
		hist_add(&sent, end - begin);
	}
	/* The k-th request of the stalled second waits for the rest of it and for
	 * k others of 0.1 ms: 1 s - 0.9 ms * k. The 99th percentile of 10,000 is
	 * at k = 100, the 95th at k = 500. */
	q = hist_quantile(&due, 0.99);
	check(q > 905000000 && q < 915000000,
	      "corrected: the 99th percentile of a stalled server is 0.91 s",
	      "%llu", (unsigned long long)q);
	q = hist_quantile(&due, 0.95);
	check(q > 545000000 && q < 555000000,
	      "corrected: its 95th percentile is 0.55 s", "%llu",
	      (unsigned long long)q);
	check(hist_quantile(&sent, 0.99) < 200000 &&
		      hist_above(&sent, 100000000) == 1,
	      "uncorrected, one request would have been slow", "%llu",
	      (unsigned long long)hist_above(&sent, 100000000));
	check(hist_above(&due, 100000000) > 950,
	      "corrected, all of that second are", "%llu",
	      (unsigned long long)hist_above(&due, 100000000));
}

/* A server for the search: good up to @capacity, and as unsteady as told. */
struct fake {
	uint32_t capacity;
	double noise; /* width of the zone where it is good or bad by chance */
	uint32_t lie_at; /* this probe is answered wrong, 0: none */
	uint32_t n, seen, largest;
	int fail_at;
	struct rng rng;
};

static int fake_probe(void *arg, uint32_t s, enum search_why why, bool *good)
{
	struct fake *f = arg;
	double edge = f->capacity;

	(void)why;
	f->n++;
	if (s > f->largest)
		f->largest = s;
	if (f->fail_at && (int)f->n == f->fail_at)
		return -7;
	if (f->noise > 0)
		edge *= 1 + f->noise * (rng_unit(&f->rng) - 0.5);
	*good = s <= edge;
	if (f->n == f->lie_at)
		*good = !*good;
	return 0;
}

static void test_search(void)
{
	struct search_cfg cfg = {
		.start = 20, .max = 10000, .confirm = 3, .probes = 60};
	struct search_result res;
	uint32_t c, bad = 0, most = 0, lie, wrong;
	struct fake f;

	for (c = 1; c < 5000; c += c < 100 ? 1 : c / 17) {
		f = (struct fake){.capacity = c};
		search_run(&cfg, fake_probe, &f, &res);
		/* never above, and less than 2 % below, or one session */
		if (res.status != SEARCH_OK || res.sessions > c ||
		    (c - res.sessions) * 50 > c || res.good != 3 ||
		    res.over != 0)
			bad++;
		if (res.probes > most)
			most = res.probes;
	}
	check(bad == 0 && most <= 30,
	      "the search finds any capacity to 2 % in at most 30 probes",
	      "%u wrong, %u probes", bad, most);

	for (c = 0, bad = 0, wrong = 0; c < 200; c++) {
		f = (struct fake){.capacity = 300, .noise = 0.04};
		rng_seed(&f.rng, c);
		search_run(&cfg, fake_probe, &f, &res);
		if (res.status == SEARCH_UNSTABLE)
			wrong++;
		else if (res.sessions < 282 || res.sessions > 318)
			bad++;
	}
	check(bad == 0 && wrong <= 2,
	      "an unsteady server (4 %) is measured to 6 %",
	      "%u wrong, %u unstable, of 200", bad, wrong);

	for (lie = 1, bad = 0; lie <= 20; lie++) {
		f = (struct fake){.capacity = 300, .lie_at = lie};
		search_run(&cfg, fake_probe, &f, &res);
		if (res.status != SEARCH_OK || res.sessions > 300 ||
		    res.sessions < 280)
			bad++;
	}
	check(bad == 0, "one wrong probe does not lead the search astray",
	      "%u of 20", bad);

	f = (struct fake){.capacity = 0};
	search_run(&cfg, fake_probe, &f, &res);
	check(res.status == SEARCH_NONE && res.sessions == 0,
	      "a server that serves nobody is found out", "%d, %u", res.status,
	      res.sessions);
	f = (struct fake){.capacity = 1000000};
	search_run(&cfg, fake_probe, &f, &res);
	check(res.status == SEARCH_AT_MAX && res.sessions == 10000 &&
		      f.largest == 10000,
	      "a server beyond the last number is told apart", "%d, %u",
	      res.status, res.sessions);
	cfg.probes = 5;
	f = (struct fake){.capacity = 3000};
	search_run(&cfg, fake_probe, &f, &res);
	check(res.status == SEARCH_UNSTABLE && f.n == 5,
	      "the search ends when its probes are used up", "%d, %u",
	      res.status, f.n);
	cfg.probes = 60;
	f = (struct fake){.capacity = 3000, .fail_at = 4};
	check(search_run(&cfg, fake_probe, &f, &res) == -7 && f.n == 4,
	      "a probe that cannot measure ends the search", "%u", f.n);
}

static void test_rules(void)
{
	struct client_counts k = {.requests = 100, .bytes = 40000};

	/* 40,000 bytes are 320,000 bits, in one second */
	check(rule_session(&k, 1, 320000) && !rule_session(&k, 1.01, 320000),
	      "a good session gets 320,000 bits a second", "?");
	k.errors = 1;
	check(!rule_session(&k, 1, 320000), "1 % errors are too many", "?");
	k.requests = 101;
	check(rule_session(&k, 1, 320000), "less than 1 % are not", "?");
	k.errors = 0;
	k.bad = 1;
	check(!rule_session(&k, 1, 320000), "one wrong body is too many", "?");
	check(rule_sessions(100, 99) && !rule_sessions(100, 98) &&
		      rule_sessions(20, 20) && !rule_sessions(20, 19) &&
		      !rule_sessions(1, 0),
	      "99 % of the sessions must be good", "?");
}

int units(void)
{
	test_sizes();
	test_draws();
	test_ads();
	test_content();
	test_hist();
	test_pace();
	test_arrivals();
	test_omission();
	test_search();
	test_rules();
	return 0;
}
