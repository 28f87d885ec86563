// SPDX-License-Identifier: GPL-2.0-or-later
/* The workload: files, contents, choices. The contract is in mix.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"

/* Files of a class by popularity: the middle one first, the ends last. */
static const uint8_t file_order[MIX_FILES] = {5, 4, 6, 3, 7, 2, 8, 1, 9};

/* 1/rank for nine ranks as whole numbers: 2520 is the least common multiple
 * of 1 to 9, so the draw is exact. */
static const uint32_t file_weight[MIX_FILES] = {2520, 1260, 840, 630, 504,
						420,  360,  315, 280};
#define FILE_WEIGHTS 7129U

static const uint32_t class_percent[MIX_CLASSES] = {35, 50, 14, 1};

/* Classes of the files that requests other than static ones ask for. */
#define DYNAMIC_FIRST 1
#define DYNAMIC_LAST  2

uint64_t mix64(uint64_t v)
{
	/* Finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
	v += 0x9e3779b97f4a7c15ULL;
	v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ULL;
	v = (v ^ (v >> 27)) * 0x94d049bb133111ebULL;
	return v ^ (v >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	r->s = mix64(seed);
	if (r->s == 0)
		r->s = 1;
}

uint64_t rng_next(struct rng *r)
{
	r->s ^= r->s >> 12;
	r->s ^= r->s << 25;
	r->s ^= r->s >> 27;
	return r->s * 0x2545f4914f6cdd1dULL;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

double rng_unit(struct rng *r)
{
	return (double)((rng_next(r) >> 11) + 1) * 0x1p-53;
}

int zipf_init(struct zipf *z, size_t n, double alpha)
{
	double sum = 0;
	size_t i;

	z->n = n;
	z->cdf = malloc(n * sizeof(*z->cdf));
	if (!z->cdf)
		return -1;
	for (i = 0; i < n; i++) {
		/* Division alone where it will do: the same bits everywhere. */
		if (alpha == 1.0)
			sum += 1.0 / (double)(i + 1);
		else
			sum += pow((double)(i + 1), -alpha);
		z->cdf[i] = sum;
	}
	for (i = 0; i < n; i++)
		z->cdf[i] /= sum;
	z->cdf[n - 1] = 1.0;
	return 0;
}

void zipf_free(struct zipf *z)
{
	free(z->cdf);
	z->cdf = NULL;
	z->n = 0;
}

size_t zipf_draw(const struct zipf *z, struct rng *r)
{
	double u = rng_unit(r);
	size_t lo = 0, hi = z->n - 1;

	/* The first rank whose cumulative probability reaches u. */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (z->cdf[mid] < u)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t mix_size(const struct mix_file *f)
{
	static const uint32_t unit[MIX_CLASSES] = {1024, 10240, 102400,
						   1024000};

	return f->number * unit[f->class] / 10; /* rounds down */
}

void mix_path(const struct mix_file *f, char path[MIX_PATH])
{
	snprintf(path, MIX_PATH, "d%05u/c%u_%u", f->dir % MIX_MAX_DIRS,
		 f->class % 10U, f->number % 10U);
}

uint32_t mix_dirs(uint32_t sessions)
{
	/* ceil(25 + 0.66 * sessions) without rounding errors */
	return 25 + (uint32_t)(((uint64_t)sessions * 66 + 99) / 100);
}

static uint64_t content_step(uint64_t s)
{
	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

void content_start(struct content *c, const struct mix_file *f)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a, 64 bits */
	char path[MIX_PATH];
	const char *p;

	memset(c, 0, sizeof(*c));
	mix_path(f, path);
	for (p = path; *p; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3ULL;
	c->state = content_step(h ? h : 1);
	c->size = mix_size(f);
}

void content_splice(struct content *c, const char field[MIX_FIELD])
{
	memcpy(c->field, field, MIX_FIELD);
	c->field_len = MIX_FIELD;
}

uint32_t content_left(const struct content *c)
{
	return c->size - c->pos + c->field_len - c->field_pos;
}

/* How many of the next @n bytes come from the file in one piece; 0 when the
 * field is next. */
static size_t content_run(const struct content *c, size_t n)
{
	uint32_t end = c->size;

	if (c->field_pos < c->field_len) {
		end = mix_splice_at(c->size);
		if (c->pos == end)
			return 0;
	}
	return n < end - c->pos ? n : end - c->pos;
}

/* The next bytes of the word that @pos is in: at most 8 and at most @n. */
static size_t content_bytes(struct content *c, uint8_t word[8], size_t n)
{
	uint32_t at = c->pos & 7;
	uint64_t v = c->state >> (8 * at);
	size_t k = 8 - at < n ? 8 - at : n;

	memcpy(word, &v, sizeof(v)); /* x86 is little-endian */
	c->pos += (uint32_t)k;
	if (at + k == 8)
		c->state = content_step(c->state);
	return k;
}

void content_fill(struct content *c, uint8_t *buf, size_t n)
{
	while (n > 0) {
		size_t run = content_run(c, n);

		n -= run;
		while (run > 0) {
			uint8_t word[8];
			size_t k = content_bytes(c, word, run);

			memcpy(buf, word, k);
			buf += k;
			run -= k;
		}
		while (n > 0 && c->field_pos < c->field_len &&
		       c->pos == mix_splice_at(c->size)) {
			*buf++ = (uint8_t)c->field[c->field_pos++];
			n--;
		}
	}
}

bool content_check(struct content *c, const uint8_t *buf, size_t n)
{
	uint64_t bad = 0;

	if (n > content_left(c))
		return false;
	while (n > 0) {
		size_t run = content_run(c, n);

		n -= run;
		while (run > 0) {
			if ((c->pos & 7) == 0 && run >= 8) {
				uint64_t v;

				memcpy(&v, buf, sizeof(v));
				bad |= v ^ c->state;
				c->state = content_step(c->state);
				c->pos += 8;
				buf += 8;
				run -= 8;
			} else {
				uint8_t word[8];
				size_t k = content_bytes(c, word, run);

				bad |= memcmp(buf, word, k) != 0;
				buf += k;
				run -= k;
			}
		}
		while (n > 0 && c->field_pos < c->field_len &&
		       c->pos == mix_splice_at(c->size)) {
			bad |= *buf++ != (uint8_t)c->field[c->field_pos++];
			n--;
		}
	}
	return bad == 0;
}

int mix_init(struct mix *m, uint32_t dirs, bool dynamic, double if_modified)
{
	m->base_dir = 0;
	m->dynamic = dynamic ? MIX_DYNAMIC : 0;
	m->if_modified = if_modified;
	return zipf_init(&m->dirs, dirs, 1.0);
}

void mix_free(struct mix *m)
{
	zipf_free(&m->dirs);
}

static uint8_t draw_file(struct rng *r)
{
	uint32_t u = (uint32_t)rng_below(r, FILE_WEIGHTS);
	int i = 0;

	while (u >= file_weight[i])
		u -= file_weight[i++];
	return file_order[i];
}

/* A class in proportion to its share, from @first to @last. */
static uint8_t draw_class(struct rng *r, uint8_t first, uint8_t last)
{
	uint32_t sum = 0, u;
	uint8_t i;

	for (i = first; i <= last; i++)
		sum += class_percent[i];
	u = (uint32_t)rng_below(r, sum);
	for (i = first; u >= class_percent[i]; i++)
		u -= class_percent[i];
	return i;
}

void mix_draw_kind(const struct mix *m, struct rng *r, enum mix_kind kind,
		   struct mix_request *req)
{
	req->kind = kind;
	req->conditional = false;
	req->file.dir = m->base_dir + (uint32_t)zipf_draw(&m->dirs, r);
	if (kind == MIX_K_STATIC) {
		req->file.class = draw_class(r, 0, MIX_CLASSES - 1);
		req->conditional =
			m->if_modified > 0 && rng_unit(r) <= m->if_modified;
	} else {
		req->file.class = draw_class(r, DYNAMIC_FIRST, DYNAMIC_LAST);
	}
	req->file.number = draw_file(r);
}

void mix_draw(const struct mix *m, struct rng *r, struct mix_request *req)
{
	uint32_t u = (uint32_t)rng_below(r, 10000);
	enum mix_kind kind = MIX_K_STATIC;

	if (u < m->dynamic) {
		if (u < MIX_TEMPLATE)
			kind = MIX_K_TEMPLATE;
		else if (u < MIX_TEMPLATE + MIX_AD)
			kind = MIX_K_AD;
		else if (u < MIX_TEMPLATE + MIX_AD + MIX_POST)
			kind = MIX_K_POST;
		else
			kind = MIX_K_EXEC;
	}
	mix_draw_kind(m, r, kind, req);
}

void mix_draw_connection(struct rng *r, bool *keep_alive, uint32_t *requests)
{
	*keep_alive = rng_below(r, 100) < MIX_KEEP_ALIVE;
	*requests = 1;
	if (*keep_alive)
		*requests = MIX_MIN_REQUESTS +
			    (uint32_t)rng_below(
				    r, MIX_MAX_REQUESTS - MIX_MIN_REQUESTS + 1);
}

double mix_mean(enum mix_kind kind)
{
	const uint8_t first = kind == MIX_K_STATIC ? 0 : DYNAMIC_FIRST;
	const uint8_t last =
		kind == MIX_K_STATIC ? MIX_CLASSES - 1 : DYNAMIC_LAST;
	struct mix_file f = {0};
	double mean = 0, sum = 0;
	int i;

	for (f.class = first; f.class <= last; f.class ++) {
		sum += class_percent[f.class];
		for (i = 0; i < MIX_FILES; i++) {
			f.number = file_order[i];
			mean += (double)class_percent[f.class] *
				file_weight[i] / FILE_WEIGHTS * mix_size(&f);
		}
	}
	return mean / sum;
}

/* Cumulative weights 100000 / (i + 1); made once, 512 bytes. */
static const uint32_t *ad_table(void)
{
	static uint32_t table[MIX_ADS];
	uint32_t i, sum = 0;

	if (table[0] == 0)
		for (i = 0; i < MIX_ADS; i++)
			table[i] = sum += 100000 / (i + 1);
	return table;
}

uint32_t ad_lookup(uint64_t cookie)
{
	const uint32_t *table = ad_table();
	uint32_t u = (uint32_t)(mix64(cookie) % table[MIX_ADS - 1]);
	uint32_t i = 0;

	while (table[i] <= u) /* the last one is above every u */
		i++;
	return i;
}

uint64_t ad_next_cookie(uint64_t cookie)
{
	uint64_t next = mix64(cookie);

	return next ? next : 1;
}

void ad_field(uint64_t cookie, char field[MIX_FIELD])
{
	hex16((uint64_t)ad_lookup(cookie) << 56 |
		      (cookie & 0xffffffffffffffULL),
	      field);
}

void hex16(uint64_t v, char out[MIX_FIELD])
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = MIX_FIELD - 1; i >= 0; i--) {
		out[i] = digits[v & 15];
		v >>= 4;
	}
}

bool unhex(const char *s, size_t n, uint64_t *v)
{
	size_t i;

	*v = 0;
	if (n < 1 || n > 16)
		return false;
	for (i = 0; i < n; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			*v = *v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*v = *v << 4 | (uint64_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*v = *v << 4 | (uint64_t)(c - 'A' + 10);
		else
			return false;
	}
	return true;
}
