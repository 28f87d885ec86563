// SPDX-License-Identifier: GPL-2.0-or-later
/* Users of web servers; the contract is in client.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* After an error a user waits, as people do; a server that refuses everything
 * would otherwise keep the client busy with nothing. */
#define PAUSE_NS 100000000ULL

/* Out of tokens, wait until this much may be read: a segment, not a byte. */
#define QUANTUM 1460U

const char *const client_error_names[N_CE] = {
	"connect", "timeout", "reset", "status", "protocol", "body",
};

uint64_t client_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* --- timers: a binary heap ----------------------------------------------- */

static void heap_put(struct client *c, size_t at, struct user *u)
{
	c->heap[at] = u;
	u->heap_at = at + 1;
}

static void heap_up(struct client *c, size_t at)
{
	struct user *u = c->heap[at];

	while (at > 0 && c->heap[(at - 1) / 2]->key > u->key) {
		heap_put(c, at, c->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(c, at, u);
}

static void heap_down(struct client *c, size_t at)
{
	struct user *u = c->heap[at];

	for (;;) {
		size_t kid = 2 * at + 1;

		if (kid + 1 < c->heap_len &&
		    c->heap[kid + 1]->key < c->heap[kid]->key)
			kid++;
		if (kid >= c->heap_len || c->heap[kid]->key >= u->key)
			break;
		heap_put(c, at, c->heap[kid]);
		at = kid;
	}
	heap_put(c, at, u);
}

static uint64_t user_time(const struct user *u)
{
	return u->deadline < u->wake ? u->deadline : u->wake;
}

/* After deadline or wake have changed. A key that has become too early stays:
 * deadlines move on with every byte, and one look too many is cheaper. */
static void timer_update(struct client *c, struct user *u)
{
	uint64_t t = user_time(u);

	if (u->heap_at == 0) {
		if (t == UINT64_MAX)
			return;
		u->key = t;
		heap_put(c, c->heap_len++, u);
		heap_up(c, c->heap_len - 1);
	} else if (t < u->key) {
		u->key = t;
		heap_up(c, u->heap_at - 1);
	}
}

/* Take the first of the heap out or put it where it belongs. */
static void timer_settle(struct client *c, struct user *u)
{
	size_t at = u->heap_at - 1;

	u->key = user_time(u);
	if (u->key != UINT64_MAX) {
		heap_down(c, at);
		return;
	}
	u->heap_at = 0;
	c->heap_len--;
	if (at < c->heap_len) {
		heap_put(c, at, c->heap[c->heap_len]);
		heap_up(c, at);
		heap_down(c, c->heap[at]->heap_at - 1);
	}
}

/* --- a request's end ------------------------------------------------------ */

static bool counts(const struct client *c, const struct user *u)
{
	return u->due >= c->from && u->due < c->to;
}

static void user_close(struct user *u)
{
	if (u->fd >= 0)
		close(u->fd); /* and so out of the epoll set */
	u->fd = -1;
	u->left = 0;
	u->readable = false;
}

void client_hang_up(struct user *u)
{
	user_close(u);
}

static void user_idle(struct client *c, struct user *u)
{
	u->state = U_IDLE;
	u->deadline = u->wake = UINT64_MAX;
	c->idle(c, u);
}

void client_pause(struct client *c, struct user *u, uint64_t at)
{
	u->state = U_PAUSE;
	u->deadline = UINT64_MAX;
	u->wake = at;
	timer_update(c, u);
}

static void user_fail(struct client *c, struct user *u, enum client_error why,
		      const char *text)
{
	if (counts(c, u)) {
		u->counts.requests++;
		u->counts.errors++;
		u->counts.bad += why == CE_BODY;
		c->errors[why]++;
	}
	if (!c->error_text[0])
		snprintf(c->error_text, sizeof(c->error_text), "%s: %.60s",
			 client_error_names[why], text);
	u->failed = why;
	user_close(u);
	client_pause(c, u, c->now + PAUSE_NS);
}

/* The answer is complete and right. */
static void user_success(struct client *c, struct user *u)
{
	if (counts(c, u)) {
		u->counts.requests++;
		u->counts.not_modified += u->parser.status_code == 304;
		hist_add(c->latency, c->now - u->due);
		hist_add(c->service, c->now - u->begun);
	}
	u->left--;
	if (!http_should_keep_alive(&u->parser)) {
		/* Wait for the server's close: who closes first has to keep
		 * the connection in TIME_WAIT. */
		u->state = U_CLOSING;
		u->left = 0;
		u->deadline = c->now + c->cfg->timeout_ns;
		u->wake = UINT64_MAX;
		timer_update(c, u);
		return;
	}
	if (u->left == 0)
		user_close(u);
	user_idle(c, u);
}

/* --- what the parser finds ------------------------------------------------ */

static void header_done(struct user *u)
{
	static const char name[] = "set-cookie", key[] = MIX_COOKIE "=";
	uint64_t v;

	if (u->name_len == sizeof(name) - 1 &&
	    strncasecmp(u->name, name, u->name_len) == 0 &&
	    u->value_len >= sizeof(key) - 1 + MIX_FIELD &&
	    memcmp(u->value, key, sizeof(key) - 1) == 0 &&
	    unhex(u->value + sizeof(key) - 1, MIX_FIELD, &v) &&
	    u->req.kind == MIX_K_AD) {
		/* With a cookie of ours, the next one is known. */
		u->cookie_seen =
			!u->has_cookie || v == ad_next_cookie(u->cookie);
		u->has_cookie = true;
		u->cookie = v;
	}
	u->name_len = u->value_len = 0;
	u->in_value = false;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
	struct user *u = p->data;

	if (u->in_value)
		header_done(u);
	if (n > sizeof(u->name) - u->name_len)
		n = sizeof(u->name) - u->name_len;
	memcpy(u->name + u->name_len, at, n);
	u->name_len += n;
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct user *u = p->data;

	u->in_value = true;
	if (n > sizeof(u->value) - u->value_len)
		n = sizeof(u->value) - u->value_len;
	memcpy(u->value + u->value_len, at, n);
	u->value_len += n;
	return 0;
}

static int on_headers(http_parser *p)
{
	struct user *u = p->data;
	char field[MIX_FIELD];

	if (u->in_value)
		header_done(u);
	if (p->status_code == 304 && u->req.conditional)
		return 0;
	if (p->status_code != 200) {
		u->failed = CE_STATUS;
		return 0;
	}
	if (u->req.kind == MIX_K_AD) {
		if (!u->cookie_seen) {
			u->failed = CE_BODY;
			return 0;
		}
		ad_field(u->cookie, field);
		content_splice(&u->body, field);
	}
	if (!(p->flags & F_CHUNKED) && p->content_length != UINT64_MAX &&
	    p->content_length != content_left(&u->body))
		u->failed = CE_BODY;
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct user *u = p->data;

	if (u->failed < 0 && !content_check(&u->body, (const uint8_t *)at, n))
		u->failed = CE_BODY;
	return 0;
}

static int on_complete(http_parser *p)
{
	struct user *u = p->data;

	if (u->failed < 0 && p->status_code == 200 &&
	    content_left(&u->body) != 0)
		u->failed = CE_BODY;
	u->complete = true;
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* --- a request's life ----------------------------------------------------- */

static int put(struct user *u, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int put(struct user *u, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(u->out + u->out_len, sizeof(u->out) - u->out_len, fmt,
		      ap);
	va_end(ap);
	u->out_len += (size_t)n; /* 384 bytes hold the longest request */
	return n;
}

/* Choose the request, write it down, and know the answer. */
static void prepare(struct client *c, struct user *u)
{
	const struct client_target *t = &c->cfg->targets[u->target];
	char path[MIX_PATH], field[MIX_FIELD];
	uint64_t v;

	if (c->cfg->kind >= 0)
		mix_draw_kind(&t->mix, &u->rng, (enum mix_kind)c->cfg->kind,
			      &u->req);
	else
		mix_draw(&t->mix, &u->rng, &u->req);
	mix_path(&u->req.file, path);
	content_start(&u->body, &u->req.file);
	u->out_len = u->out_off = 0;
	switch (u->req.kind) {
	case MIX_K_STATIC:
		put(u, "GET /%s", path);
		break;
	case MIX_K_AD: /* the field follows from the cookie that comes back */
		put(u, "GET /a/%s", path);
		break;
	case MIX_K_POST:
		put(u, "POST /p/%s", path);
		break;
	case MIX_K_TEMPLATE:
	case MIX_K_EXEC:
		v = rng_next(&u->rng);
		hex16(u->req.kind == MIX_K_EXEC ? mix64(v) : v, field);
		content_splice(&u->body, field);
		hex16(v, field);
		put(u, "GET /%c/%s?f=%.*s",
		    u->req.kind == MIX_K_EXEC ? 'x' : 't', path, MIX_FIELD,
		    field);
		break;
	}
	put(u, " HTTP/1.%d\r\nHost: %s\r\n", u->keep_alive ? 1 : 0, t->host);
	if (u->req.conditional)
		put(u, "If-Modified-Since: %s\r\n", MIX_MTIME_HTTP);
	if (u->req.kind == MIX_K_AD && u->has_cookie) {
		hex16(u->cookie, field);
		put(u, "Cookie: " MIX_COOKIE "=%.*s\r\n", MIX_FIELD, field);
	}
	if (u->keep_alive && u->left == 1)
		put(u, "Connection: close\r\n");
	if (u->req.kind == MIX_K_POST)
		put(u, "Content-Length: 40\r\n\r\nuser=%016llx&n=%016llx",
		    (unsigned long long)u->index,
		    (unsigned long long)rng_next(&u->rng));
	else
		put(u, "\r\n");
	http_parser_init(&u->parser, HTTP_RESPONSE);
	u->parser.data = u;
	u->complete = u->in_value = u->cookie_seen = false;
	u->name_len = u->value_len = 0;
	u->failed = -1;
}

static void user_send(struct client *c, struct user *u)
{
	while (u->out_off < u->out_len) {
		ssize_t n = send(u->fd, u->out + u->out_off,
				 u->out_len - u->out_off, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			user_fail(c, u, CE_RESET, strerror(errno));
			return;
		}
		u->out_off += (size_t)n;
	}
}

static void user_connect(struct client *c, struct user *u)
{
	const struct client_target *t = &c->cfg->targets[u->target];
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = u,
	};
	int on = 1, buf = (int)c->cfg->rcvbuf;

	u->fd = socket(t->sa.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0) {
		user_fail(c, u, CE_CONNECT, strerror(errno));
		return;
	}
	setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (buf)
		setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	if (epoll_ctl(c->ep, EPOLL_CTL_ADD, u->fd, &ev) != 0 ||
	    (connect(u->fd, (const struct sockaddr *)&t->sa, t->len) != 0 &&
	     errno != EINPROGRESS)) {
		user_fail(c, u, CE_CONNECT, strerror(errno));
		return;
	}
	u->state = U_CONNECT; /* writable when connected, at once or later */
}

void client_request(struct client *c, struct user *u, uint64_t due)
{
	u->due = due;
	u->begun = c->now;
	u->deadline = c->now + c->cfg->timeout_ns;
	u->wake = UINT64_MAX;
	timer_update(c, u);
	if (u->fd < 0) {
		if (c->cfg->keep_always) {
			u->keep_alive = true;
			u->left = UINT32_MAX;
		} else if (c->cfg->one_shot) {
			u->keep_alive = false;
			u->left = 1;
		} else {
			mix_draw_connection(&u->rng, &u->keep_alive, &u->left);
		}
		prepare(c, u);
		user_connect(c, u);
	} else {
		prepare(c, u);
		u->state = U_BUSY;
		user_send(c, u);
	}
}

/* The connection has ended. */
static void user_eof(struct client *c, struct user *u)
{
	switch (u->state) {
	case U_IDLE: /* the server was tired of waiting, as it may */
	case U_PAUSE:
		user_close(u);
		return;
	case U_CLOSING:
		user_close(u);
		user_idle(c, u);
		return;
	default:
		/* An answer without a length ends like this. */
		http_parser_execute(&u->parser, &settings, NULL, 0);
		if (u->complete && u->failed < 0) {
			user_success(c, u);
			user_close(u);
			if (u->state == U_CLOSING)
				user_idle(c, u);
		} else {
			user_fail(c, u, CE_RESET, "closed by the server");
		}
	}
}

static void user_take(struct client *c, struct user *u, const char *buf,
		      size_t n)
{
	static const char *const text[N_CE] = {
		[CE_STATUS] = "unexpected status",
		[CE_BODY] = "wrong bytes",
	};
	size_t used;
	char status[40];

	if (u->state != U_BUSY) {
		user_fail(c, u, CE_PROTOCOL, "bytes that nobody asked for");
		return;
	}
	u->deadline = c->now + c->cfg->timeout_ns;
	used = http_parser_execute(&u->parser, &settings, buf, n);
	if (u->failed == CE_STATUS) {
		snprintf(status, sizeof(status), "answer %u",
			 u->parser.status_code);
		user_fail(c, u, CE_STATUS, status);
	} else if (u->failed >= 0) {
		user_fail(c, u, (enum client_error)u->failed, text[u->failed]);
	} else if (u->complete && used == n) {
		http_parser_pause(&u->parser, 0);
		user_success(c, u);
	} else if (u->complete) {
		user_fail(c, u, CE_PROTOCOL, "bytes after the answer");
	} else if (HTTP_PARSER_ERRNO(&u->parser) != HPE_OK) {
		user_fail(c, u, CE_PROTOCOL,
			  http_errno_name(HTTP_PARSER_ERRNO(&u->parser)));
	}
}

/* Read what there is and what the user's line speed allows. */
static void user_read(struct client *c, struct user *u)
{
	static char buf[65536];

	while (u->readable && u->fd >= 0) {
		uint64_t may = sizeof(buf);
		ssize_t n;

		if (u->state == U_BUSY) {
			may = pace_may(&u->pace, c->now);
			if (may == 0) {
				u->wake = c->now + pace_wait(&u->pace, QUANTUM);
				timer_update(c, u);
				return;
			}
			u->wake = UINT64_MAX;
		}
		if (may > sizeof(buf))
			may = sizeof(buf);
		n = recv(u->fd, buf, (size_t)may, 0);
		c->now = client_clock(); /* a fast server answers meanwhile */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			u->readable = false;
			return;
		}
		if (n < 0) {
			if (u->state == U_IDLE || u->state == U_PAUSE)
				user_close(u);
			else
				user_fail(c, u, CE_RESET, strerror(errno));
			return;
		}
		if (n == 0) {
			user_eof(c, u);
			return;
		}
		pace_took(&u->pace, u->state == U_BUSY ? (uint64_t)n : 0);
		if (c->now >= c->from && c->now < c->to)
			u->counts.bytes += (uint64_t)n;
		user_take(c, u, buf, (size_t)n);
	}
}

static void user_event(struct client *c, struct user *u, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (u->fd < 0)
		return;
	if (u->state == U_CONNECT &&
	    events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		if (getsockopt(u->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
			error = errno;
		if (error) {
			user_fail(c, u, CE_CONNECT, strerror(error));
			return;
		}
		u->state = U_BUSY;
		user_send(c, u);
	} else if (u->state == U_BUSY && events & EPOLLOUT) {
		user_send(c, u);
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
		u->readable = true;
		user_read(c, u);
	}
}

static void user_timer(struct client *c, struct user *u)
{
	if (u->wake <= c->now && u->state == U_PAUSE) {
		user_idle(c, u);
	} else if (u->deadline <= c->now) {
		if (u->state == U_CLOSING) { /* answered, only not closed */
			user_close(u);
			user_idle(c, u);
		} else {
			user_fail(c, u, CE_TIMEOUT,
				  u->state == U_CONNECT ? "no connection"
							: "no answer");
		}
	} else if (u->wake <= c->now) {
		u->wake = UINT64_MAX;
		user_read(c, u);
	}
}

void client_step(struct client *c, uint64_t until)
{
	struct epoll_event events[64];
	struct timespec ts = {0};
	uint64_t next = until;
	int i, n;

	if (c->heap_len > 0 && c->heap[0]->key < next)
		next = c->heap[0]->key;
	c->now = client_clock();
	if (next > c->now) {
		ts.tv_sec = (time_t)((next - c->now) / 1000000000ULL);
		ts.tv_nsec = (long)((next - c->now) % 1000000000ULL);
	}
	n = epoll_pwait2(c->ep, events, 64, &ts, NULL);
	for (i = 0; i < n; i++) {
		c->now = client_clock();
		user_event(c, events[i].data.ptr, events[i].events);
	}
	c->now = client_clock();
	while (c->heap_len > 0 && c->heap[0]->key <= c->now) {
		struct user *u = c->heap[0];

		user_timer(c, u);
		/* It may have moved by what it did. */
		timer_settle(c, u);
	}
}

int client_init(struct client *c, const struct client_cfg *cfg, uint32_t n,
		uint64_t seed, uint64_t first, struct hist *latency,
		struct hist *service)
{
	uint32_t i;

	memset(c, 0, sizeof(*c));
	c->cfg = cfg;
	c->latency = latency;
	c->service = service;
	c->n_users = n;
	c->to = UINT64_MAX;
	c->now = client_clock();
	c->ep = epoll_create1(EPOLL_CLOEXEC);
	if (c->ep < 0)
		return -1;
	c->users = calloc(n, sizeof(*c->users));
	c->heap = calloc(n, sizeof(struct user *));
	if (!c->users || !c->heap) {
		client_end(c);
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < n; i++) {
		struct user *u = &c->users[i];

		rng_seed(&u->rng, seed ^ mix64(first + i));
		u->index = (uint32_t)(first + i);
		u->fd = -1;
		u->deadline = u->wake = UINT64_MAX;
		pace_init(&u->pace, cfg->line_bits, cfg->bucket_ms, c->now);
	}
	return 0;
}

void client_end(struct client *c)
{
	uint32_t i;

	if (c->users)
		for (i = 0; i < c->n_users; i++)
			user_close(&c->users[i]);
	free(c->users);
	free(c->heap);
	c->users = NULL;
	c->heap = NULL;
	if (c->ep >= 0)
		close(c->ep);
	c->ep = -1;
}
