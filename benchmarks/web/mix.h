/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workload: which files there are, what is in them, who asks for what.
 * Server, client, tree builder and tests share this one definition, so that the
 * client can check every byte it gets without talking to anybody.
 *
 * The file-size mix follows published descriptions of the 1999-era web-server
 * workload (36 files a directory in four classes, popularity of files and
 * directories falling as 1/rank); everything else is our own choice. See
 * README.md for what must not be concluded from that.
 */
#ifndef BULKHEAD_WEB_MIX_H
#define BULKHEAD_WEB_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIX_CLASSES   4
#define MIX_FILES     9 /* of a class, numbered from 1 */
#define MIX_DIR_BYTES 5119484ULL /* of all 36 files */
#define MIX_MAX_DIRS  100000U
#define MIX_MAX_FILE  921600U

/* Every file of a tree has this time of last change: trees are equal
 * everywhere, and the client knows what to put into If-Modified-Since. */
#define MIX_MTIME      1700000000
#define MIX_MTIME_HTTP "Tue, 14 Nov 2023 22:13:20 GMT"

/* Of 10000 requests; ours, round numbers. */
#define MIX_TEMPLATE 1250
#define MIX_AD	     1250
#define MIX_POST     485
#define MIX_EXEC     15
#define MIX_DYNAMIC  (MIX_TEMPLATE + MIX_AD + MIX_POST + MIX_EXEC)

/* Of 100 connections; the others are HTTP/1.0 with one request. */
#define MIX_KEEP_ALIVE	 70
#define MIX_MIN_REQUESTS 5
#define MIX_MAX_REQUESTS 15

/* Characters of a spliced field, in hexadecimal. */
#define MIX_FIELD  16
#define MIX_COOKIE "webmix"

/* xorshift64* (Marsaglia 2003; Vigna 2016 for the multiplier): random numbers
 * of the client. The state is never 0. */
struct rng {
	uint64_t s;
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in 0..n-1, n > 0; biased by less than n / 2^64. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Uniform in (0, 1]. */
double rng_unit(struct rng *r);

/* A bijection that looks random: from one number another, for cookies. */
uint64_t mix64(uint64_t v);

/* Zipf's law: rank i of 0..n-1 with probability proportional to
 * 1 / (i+1)^alpha. */
struct zipf {
	size_t n;
	double *cdf;
};

/* 0, or -1 without memory. zipf_free() gives back what it took. */
int zipf_init(struct zipf *z, size_t n, double alpha);
void zipf_free(struct zipf *z);
size_t zipf_draw(const struct zipf *z, struct rng *r);

struct mix_file {
	uint32_t dir;
	uint8_t class; /* 0..3 */
	uint8_t number; /* 1..9 */
};

/* Longest path, "d99999/c3_9", with its end. */
#define MIX_PATH 16

uint32_t mix_size(const struct mix_file *f);
void mix_path(const struct mix_file *f, char path[MIX_PATH]);
/* Directories that go with @sessions simultaneous sessions. */
uint32_t mix_dirs(uint32_t sessions);

/*
 * The bytes of a file: Marsaglia's xorshift64 (13, 7, 17), seeded by the path,
 * eight little-endian bytes a step. A field of MIX_FIELD characters can be
 * spliced in after half of the file, as the dynamic requests do.
 */
struct content {
	uint64_t state; /* of the word that @pos is in */
	uint32_t size; /* of the file */
	uint32_t pos; /* in the file */
	uint8_t field_pos, field_len; /* characters done, and in all */
	char field[MIX_FIELD];
};

void content_start(struct content *c, const struct mix_file *f);
void content_splice(struct content *c, const char field[MIX_FIELD]);
/* Bytes still to come. */
uint32_t content_left(const struct content *c);
/* Write the next @n bytes, n <= content_left(). */
void content_fill(struct content *c, uint8_t *buf, size_t n);
/* Are these the next @n bytes? False too when there are not that many. */
bool content_check(struct content *c, const uint8_t *buf, size_t n);

/* Where the field goes in a file of @size bytes. */
static inline uint32_t mix_splice_at(uint32_t size)
{
	return size / 2;
}

enum mix_kind {
	MIX_K_STATIC,
	MIX_K_TEMPLATE,
	MIX_K_AD,
	MIX_K_POST,
	MIX_K_EXEC
};
#define MIX_KINDS 5

struct mix_request {
	enum mix_kind kind;
	bool conditional; /* static only: with If-Modified-Since */
	struct mix_file file;
};

/* What a client draws requests from. */
struct mix {
	struct zipf dirs;
	uint32_t base_dir; /* number of the most popular directory */
	uint32_t
		dynamic; /* of 10000; MIX_DYNAMIC, or 0 for a static-only mix */
	double if_modified; /* of static requests, with If-Modified-Since */
};

int mix_init(struct mix *m, uint32_t dirs, bool dynamic, double if_modified);
void mix_free(struct mix *m);
void mix_draw(const struct mix *m, struct rng *r, struct mix_request *req);
/* The same, of this kind. */
void mix_draw_kind(const struct mix *m, struct rng *r, enum mix_kind kind,
		   struct mix_request *req);
/* Keep-alive or not, and how many requests a new connection is for. */
void mix_draw_connection(struct rng *r, bool *keep_alive, uint32_t *requests);
/* Mean file size of requests of a kind, exactly; of static ones 14609 bytes. */
double mix_mean(enum mix_kind kind);

/* The advertisement for a visitor: a weighted choice from a table of 128
 * entries (512 bytes), the cookie being what decides. */
#define MIX_ADS 128
uint32_t ad_lookup(uint64_t cookie);
/* The cookie that follows @cookie, never 0. */
uint64_t ad_next_cookie(uint64_t cookie);
/* The field that goes into the page: number of the ad, and the cookie. */
void ad_field(uint64_t cookie, char field[MIX_FIELD]);

/* 16 lower-case hexadecimal digits, no end. */
void hex16(uint64_t v, char out[MIX_FIELD]);
/* From 1 to 16 hexadecimal digits, all of @s; false if it is anything else. */
bool unhex(const char *s, size_t n, uint64_t *v);

#endif
