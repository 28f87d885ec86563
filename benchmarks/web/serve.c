// SPDX-License-Identifier: GPL-2.0-or-later
/* The web server; the contract is in serve.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <http_parser.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#include "mix.h"
#include "serve.h"

#define INPUT 8192U
#define HEAD  512U
/* What may still come on a connection that we have ended before it is cut off:
 * closing earlier would reset it and lose our answer on its way. */
#define DRAIN_BYTES 65536U
#define DRAIN_MS    2000U
/* Largest file that is read into memory for splicing. */
#define MAX_SPLICED MIX_MAX_FILE

enum state {
	ST_READ, /* a request comes in */
	ST_HELPER, /* waiting for the helper's field */
	ST_WRITE, /* an answer goes out */
	ST_DRAIN, /* all said, waiting for the other end to close */
	ST_DEAD, /* closed, freed at the end of the round */
};

/* Connections with a deadline, in the order of deadlines: all that are in one
 * list have the same time allowed, so new ones go to the end. */
enum list { L_HEAD, L_IDLE, L_WRITE, L_DRAIN, N_LISTS };

enum field { F_OTHER, F_HOST, F_COOKIE, F_IMS, F_EXPECT, F_LENGTH, F_CODING };

struct conn;

/* What an epoll event points to. */
struct source {
	enum { S_LISTENER, S_SOCKET, S_HELPER } kind;
	struct conn *c;
};

struct conn {
	struct source sock, pipe;
	int fd, helper;
	enum state state;
	uint32_t events; /* that epoll watches for on @fd */
	struct conn *prev, *next;
	uint64_t deadline;
	int list; /* -1: none */

	http_parser parser;
	char in[INPUT];
	size_t in_len, in_off;

	/* The request. */
	char url[SERVE_MAX_URL + 1];
	size_t url_len;
	char name[24], value[256]; /* the header field that comes in */
	size_t name_len, value_len;
	bool in_value, value_cut;
	uint32_t hosts;
	bool expect, begun, has_length;
	bool long_url, long_body, no_length, head_done;
	time_t since; /* If-Modified-Since, or -1 */
	uint64_t cookie;
	bool has_cookie;
	char body[SERVE_MAX_BODY];
	size_t body_len;
	char field[MIX_FIELD];
	size_t field_len;

	/* The answer. */
	bool close_after, head_only;
	char head[HEAD];
	size_t head_len, head_off;
	char *data; /* body in memory */
	size_t data_len, data_off;
	int file; /* body in a file, or -1 */
	off_t file_off;
	size_t file_left;
	time_t mtime;
	size_t drained;
};

struct server {
	const struct serve_cfg *cfg;
	struct serve_stats *stats;
	int ep, listener;
	struct source listen;
	bool accepting;
	uint32_t n_conns, n_helpers;
	struct {
		struct conn *first, *last;
	} lists[N_LISTS];
	struct conn *dead;
	sigset_t mask; /* that the caller had */
	uint64_t now; /* ms */
	time_t date;
	char date_text[32];
};

/* For the parser's call-backs, which get a connection only. */
static struct server *server;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void list_remove(struct conn *c)
{
	if (c->list < 0)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else
		server->lists[c->list].first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		server->lists[c->list].last = c->prev;
	c->prev = c->next = NULL;
	c->list = -1;
}

static void list_put(struct conn *c, enum list list)
{
	const struct serve_cfg *cfg = server->cfg;
	const uint32_t ms[N_LISTS] = {cfg->head_ms, cfg->idle_ms, cfg->write_ms,
				      DRAIN_MS};

	list_remove(c);
	c->deadline = server->now + ms[list];
	c->list = list;
	c->prev = server->lists[list].last;
	c->next = NULL;
	if (c->prev)
		c->prev->next = c;
	else
		server->lists[list].first = c;
	server->lists[list].last = c;
}

/* Watch for @events on the socket; a failure shows as a silent connection,
 * which its deadline ends. */
static void watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = &c->sock};

	if (c->events == events)
		return;
	epoll_ctl(server->ep, EPOLL_CTL_MOD, c->fd, &ev);
	c->events = events;
}

static void drop_answer(struct conn *c)
{
	free(c->data);
	c->data = NULL;
	if (c->file >= 0)
		close(c->file);
	c->file = -1;
	c->file_left = c->data_len = c->data_off = 0;
}

/* Close @fd and hear no more of it. Closing is not enough: a helper between
 * fork and exec has a copy of it, and for as long as one is open the epoll set
 * reports events, of a connection that is long freed. */
static void unwatch_close(int fd)
{
	epoll_ctl(server->ep, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

static void helper_drop(struct conn *c)
{
	if (c->helper < 0)
		return;
	unwatch_close(c->helper);
	c->helper = -1;
	server->n_helpers--;
}

static void accept_again(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE,
				 .data.ptr = &server->listen};

	if (!server->accepting &&
	    epoll_ctl(server->ep, EPOLL_CTL_ADD, server->listener, &ev) == 0)
		server->accepting = true;
}

static void accept_stop(void)
{
	if (server->accepting &&
	    epoll_ctl(server->ep, EPOLL_CTL_DEL, server->listener, NULL) == 0)
		server->accepting = false;
}

/* Close now; the memory lives on until the events of this round are done. */
static void conn_end(struct conn *c)
{
	if (c->state == ST_DEAD)
		return;
	list_remove(c);
	helper_drop(c);
	drop_answer(c);
	unwatch_close(c->fd);
	c->state = ST_DEAD;
	c->next = server->dead;
	server->dead = c;
	server->n_conns--;
	accept_again();
}

/* Start over for the next request on the connection. */
static void request_reset(struct conn *c)
{
	c->url_len = c->name_len = c->value_len = c->body_len = 0;
	c->in_value = c->value_cut = false;
	c->hosts = 0;
	c->expect = c->begun = c->has_length = false;
	c->long_url = c->long_body = c->no_length = c->head_done = false;
	c->has_cookie = false;
	c->since = -1;
	c->head_len = c->head_off = 0;
	c->close_after = c->head_only = false;
	c->field_len = 0;
}

/* --- what the parser finds --------------------------------------------- */

static enum field field_of(const struct conn *c)
{
	static const struct {
		const char *name;
		enum field field;
	} names[] = {
		{"host", F_HOST},
		{"cookie", F_COOKIE},
		{"if-modified-since", F_IMS},
		{"expect", F_EXPECT},
		{"content-length", F_LENGTH},
		{"transfer-encoding", F_CODING},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == c->name_len &&
		    strncasecmp(names[i].name, c->name, c->name_len) == 0)
			return names[i].field;
	return F_OTHER;
}

/* A date of one of the three forms of RFC 9110, 5.6.7; -1 if it is none. */
static time_t http_date(const char *s)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %T GMT", "%A, %d-%b-%y %T GMT", "%a %b %e %T %Y"};
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(s, forms[i], &tm);

		if (end && *end == '\0')
			return timegm(&tm);
	}
	return -1;
}

/* "a=b; webmix=HEX; c=d" */
static void take_cookie(struct conn *c)
{
	char *save, *p = strtok_r(c->value, "; ", &save);

	for (; p; p = strtok_r(NULL, "; ", &save))
		if (strncmp(p, MIX_COOKIE "=", strlen(MIX_COOKIE "=")) == 0) {
			p += strlen(MIX_COOKIE "=");
			c->has_cookie = unhex(p, strlen(p), &c->cookie);
		}
}

/* A header field is complete. */
static void field_done(struct conn *c)
{
	enum field f = field_of(c);

	c->value[c->value_len] = '\0';
	if (f == F_HOST)
		c->hosts++;
	else if (f == F_EXPECT)
		c->expect = true;
	else if (f == F_LENGTH || f == F_CODING)
		c->has_length = true;
	else if (f == F_COOKIE && !c->value_cut)
		take_cookie(c);
	else if (f == F_IMS && !c->value_cut)
		c->since = http_date(c->value);
	c->name_len = c->value_len = 0;
	c->in_value = c->value_cut = false;
}

static int on_begin(http_parser *p)
{
	struct conn *c = p->data;

	c->begun = true;
	list_put(c, L_HEAD);
	return 0;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
	struct conn *c = p->data;

	if (n > SERVE_MAX_URL - c->url_len) {
		c->long_url = true;
		return 0;
	}
	memcpy(c->url + c->url_len, at, n);
	c->url_len += n;
	return 0;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
	struct conn *c = p->data;
	size_t room;

	if (c->in_value)
		field_done(c);
	/* A name that does not fit is none of ours: one byte too many is kept,
	 * so that it cannot look like a shorter one. */
	room = sizeof(c->name) - c->name_len;
	if (n > room)
		n = room;
	memcpy(c->name + c->name_len, at, n);
	c->name_len += n;
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct conn *c = p->data;
	size_t room = sizeof(c->value) - 1 - c->value_len;

	c->in_value = true;
	if (n > room) {
		n = room;
		c->value_cut = true;
	}
	memcpy(c->value + c->value_len, at, n);
	c->value_len += n;
	return 0;
}

static int on_headers(http_parser *p)
{
	struct conn *c = p->data;

	if (c->in_value)
		field_done(c);
	c->head_done = true;
	c->no_length = p->method == HTTP_POST && !c->has_length;
	if (!(p->flags & F_CHUNKED) && p->content_length != ULLONG_MAX &&
	    p->content_length > SERVE_MAX_BODY)
		c->long_body = true;
	/* These get their answer at once, whatever else comes. */
	if (c->long_body || c->no_length || c->expect)
		http_parser_pause(p, 1);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct conn *c = p->data;

	if (n > SERVE_MAX_BODY - c->body_len) {
		c->long_body = true;
		http_parser_pause(p, 1);
		return 0;
	}
	memcpy(c->body + c->body_len, at, n);
	c->body_len += n;
	return 0;
}

static int on_complete(http_parser *p)
{
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_message_begin = on_begin,
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* --- answers ------------------------------------------------------------ */

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{200, "OK"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{417, "Expectation Failed"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Unknown";
}

static const char *date_now(void)
{
	time_t t = time(NULL);
	struct tm tm;

	if (t != server->date) {
		server->date = t;
		gmtime_r(&t, &tm);
		strftime(server->date_text, sizeof(server->date_text),
			 "%a, %d %b %Y %T GMT", &tm);
	}
	return server->date_text;
}

/* Status line and header fields for a body of @length bytes. */
static void set_head(struct conn *c, int status, size_t length,
		     const char *extra)
{
	const bool old =
		c->parser.http_major < 1 ||
		(c->parser.http_major == 1 && c->parser.http_minor == 0);
	char modified[64] = "";
	struct tm tm;

	if (status == 200 || status == 304) {
		gmtime_r(&c->mtime, &tm);
		strftime(modified, sizeof(modified),
			 "Last-Modified: %a, %d %b %Y %T GMT\r\n", &tm);
	}
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
				       "HTTP/1.1 %d %s\r\n"
				       "Date: %s\r\n"
				       "Server: webmix\r\n"
				       "%s%s%s",
				       status, reason(status), date_now(),
				       modified, extra,
				       c->close_after ? "Connection: close\r\n"
				       : old ? "Connection: keep-alive\r\n"
					     : "");
	if (status == 304) /* has no body, and a length would be of the 200 */
		c->head_len +=
			(size_t)snprintf(c->head + c->head_len,
					 sizeof(c->head) - c->head_len, "\r\n");
	else
		c->head_len += (size_t)snprintf(
			c->head + c->head_len, sizeof(c->head) - c->head_len,
			"Content-Type: application/octet-stream\r\n"
			"Content-Length: %zu\r\n\r\n",
			length);
	c->head_off = 0;
	if (status == 200)
		server->stats->ok++;
	else if (status == 304)
		server->stats->not_modified++;
	else if (status < 500)
		server->stats->bad++;
	else
		server->stats->failed++;
	c->state = ST_WRITE;
	list_put(c, L_WRITE);
}

/* An answer that is not the one asked for. @final: what follows on the
 * connection cannot be understood any more. */
static void answer_error(struct conn *c, int status, bool final)
{
	const char *extra = "";
	char text[64];
	int n;

	drop_answer(c);
	if (final)
		c->close_after = true;
	if (status == 405)
		extra = strncmp(c->url, "/p/", 3) == 0 ? "Allow: POST\r\n"
						       : "Allow: GET, HEAD\r\n";
	n = snprintf(text, sizeof(text), "%d %s\n", status, reason(status));
	if (!c->head_only)
		c->data = strdup(text);
	c->data_len = c->data ? (size_t)n : 0;
	set_head(c, status, (size_t)n, extra);
	if (!c->data && !c->head_only) /* no memory: an answer cut short */
		c->close_after = true;
}

/* Status 0, or the one to answer with. On success @c has the file open, and
 * @st what it is. */
static int open_path(struct conn *c, const char *path, struct stat *st)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		/* Never above the tree, whatever the path or a link in it says. */
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int status = 404;

	c->file = (int)syscall(SYS_openat2, server->cfg->root, path, &how,
			       sizeof(how));
	if (c->file < 0) {
		switch (errno) {
		case EACCES:
		case EPERM:
		case EXDEV: /* it would have left the tree */
		case ELOOP: /* a symbolic link */
			return 403;
		case EMFILE:
		case ENFILE:
		case ENOMEM:
			return 503;
		}
		return 404;
	}
	if (fstat(c->file, st) == 0 && S_ISREG(st->st_mode)) {
		c->mtime = st->st_mtime;
		return 0;
	}
	close(c->file);
	c->file = -1;
	return status;
}

static void answer_static(struct conn *c, const char *path)
{
	struct stat st;
	int status = open_path(c, path, &st);

	if (status != 0) {
		answer_error(c, status, false);
		return;
	}
	if (c->since != -1 && st.st_mtime <= c->since) {
		drop_answer(c);
		set_head(c, 304, 0, "");
		return;
	}
	c->file_off = 0;
	c->file_left = (size_t)st.st_size;
	set_head(c, 200, c->file_left, "");
	if (c->head_only)
		drop_answer(c);
}

/* Read @n bytes at @off of the open file; false when they are not there. */
static bool read_all(int fd, char *buf, size_t n, off_t off)
{
	while (n > 0) {
		ssize_t got = pread(fd, buf, n, off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		buf += got;
		off += got;
		n -= (size_t)got;
	}
	return true;
}

/* The file with c->field in its middle. */
static void answer_spliced(struct conn *c, const char *path, const char *extra)
{
	struct stat st;
	int status = open_path(c, path, &st);
	size_t size, at;

	if (status != 0) {
		answer_error(c, status, false);
		return;
	}
	size = (size_t)st.st_size;
	if (size > MAX_SPLICED) {
		answer_error(c, 403, false);
		return;
	}
	at = mix_splice_at((uint32_t)size);
	c->data = malloc(size + MIX_FIELD);
	if (!c->data || !read_all(c->file, c->data, at, 0) ||
	    !read_all(c->file, c->data + at + MIX_FIELD, size - at,
		      (off_t)at)) {
		answer_error(c, 500, false);
		return;
	}
	memcpy(c->data + at, c->field, MIX_FIELD);
	close(c->file);
	c->file = -1;
	c->data_len = size + MIX_FIELD;
	set_head(c, 200, c->data_len, extra);
	if (c->head_only)
		drop_answer(c);
}

static void answer_ad(struct conn *c, const char *path)
{
	static const char set[] = "Set-Cookie: " MIX_COOKIE "=";
	static const char attributes[] = "; Path=/\r\n";
	char extra[sizeof(set) + MIX_FIELD + sizeof(attributes)];
	uint64_t cookie = c->cookie;

	if (!c->has_cookie) /* a visitor we do not know */
		cookie = server->stats->conns ^ ((uint64_t)getpid() << 32);
	cookie = ad_next_cookie(cookie);
	ad_field(cookie, c->field);
	memcpy(extra, set, sizeof(set) - 1);
	hex16(cookie, extra + sizeof(set) - 1);
	memcpy(extra + sizeof(set) - 1 + MIX_FIELD, attributes,
	       sizeof(attributes));
	answer_spliced(c, path, extra);
}

/* One record is one line, written in one piece. */
static void answer_post(struct conn *c, const char *path)
{
	char line[SERVE_MAX_BODY + 1];
	struct stat st;
	size_t i;
	int status;

	if (server->cfg->log < 0) {
		answer_error(c, 403, false);
		return;
	}
	if (c->body_len == 0) {
		answer_error(c, 400, false);
		return;
	}
	status = open_path(c, path, &st);
	if (status != 0) {
		answer_error(c, status, false);
		return;
	}
	for (i = 0; i < c->body_len; i++)
		line[i] = c->body[i] >= ' ' && c->body[i] <= '~' ? c->body[i]
								 : '.';
	line[i++] = '\n';
	if (write(server->cfg->log, line, i) != (ssize_t)i) {
		answer_error(c, 500, false);
		return;
	}
	server->stats->post++;
	c->file_off = 0;
	c->file_left = (size_t)st.st_size;
	set_head(c, 200, c->file_left, "");
}

/* Fork and exec; the answer goes on when the helper has written its field. */
static void start_helper(struct conn *c, const char *arg, size_t arg_len)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &c->pipe};
	char copy[MIX_FIELD + 1];
	char *argv[] = {(char *)(uintptr_t) "webmix-helper",
			(char *)(uintptr_t) "--helper", copy, NULL};
	char *envp[] = {NULL};
	int p[2];
	pid_t pid;

	memcpy(copy, arg, arg_len); /* unhex() has seen to the length */
	copy[arg_len] = '\0';
	if (!server->cfg->self || server->n_helpers >= SERVE_MAX_HELPERS ||
	    pipe2(p, O_CLOEXEC) != 0) {
		answer_error(c, 503, false);
		return;
	}
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &server->mask, NULL);
		if (dup2(p[1], STDOUT_FILENO) == STDOUT_FILENO)
			execve(server->cfg->self, argv, envp);
		_exit(127);
	}
	close(p[1]);
	if (pid < 0 || fcntl(p[0], F_SETFL, O_NONBLOCK) != 0 ||
	    epoll_ctl(server->ep, EPOLL_CTL_ADD, p[0], &ev) != 0) {
		close(p[0]);
		answer_error(c, 503, false);
		return;
	}
	c->helper = p[0];
	server->n_helpers++;
	server->stats->exec++;
	c->field_len = 0;
	c->state = ST_HELPER;
	list_put(c, L_WRITE);
	watch(c, 0);
}

int serve_helper(const char *arg)
{
	char out[MIX_FIELD];
	uint64_t v;

	if (!unhex(arg, strlen(arg), &v))
		return 2;
	hex16(mix64(v), out);
	return write(STDOUT_FILENO, out, sizeof(out)) == sizeof(out) ? 0 : 1;
}

/* Decode %XX in place; false for what must not be in a path: a broken escape, a
 * NUL, a segment "..", or a relative path. */
static bool clean_path(char *path)
{
	char *in = path, *out = path;

	if (*in != '/')
		return false;
	while (*in) {
		uint64_t v = (uint8_t)*in++;

		if (v == '%') {
			if (!unhex(in, strnlen(in, 2), &v) ||
			    strnlen(in, 2) != 2)
				return false;
			in += 2;
		}
		if (v == '\0')
			return false;
		*out++ = (char)v;
	}
	*out = '\0';
	for (in = path; in; in = strchr(in + 1, '/'))
		if (strncmp(in, "/..", 3) == 0 && (in[3] == '/' || !in[3]))
			return false;
	return true;
}

/* Answer the request that has come in completely. */
static void answer(struct conn *c)
{
	char *query, *path;
	uint64_t v;
	char prog = '\0';

	c->close_after =
		!http_should_keep_alive(&c->parser) || c->parser.upgrade;
	c->head_only = c->parser.method == HTTP_HEAD;
	c->url[c->url_len] = '\0';
	if (c->long_url)
		return answer_error(c, 414, false);
	if (c->parser.http_major != 1 || c->parser.http_minor > 1)
		return answer_error(c, 505, true);
	if (c->hosts > 1 || (c->hosts == 0 && c->parser.http_minor == 1))
		return answer_error(c, 400, true);
	if (c->parser.method != HTTP_GET && c->parser.method != HTTP_HEAD &&
	    c->parser.method != HTTP_POST)
		return answer_error(c, 501, true);
	query = strchr(c->url, '?');
	if (query)
		*query++ = '\0';
	if (!clean_path(c->url))
		return answer_error(c, 400, false);
	path = c->url + 1;
	if (path[0] && path[1] == '/' && strchr("taxp", path[0])) {
		prog = path[0];
		path += 2;
	}
	if ((c->parser.method == HTTP_POST) != (prog == 'p'))
		return answer_error(c, 405, false);
	if (prog == 'p')
		return answer_post(c, path);
	if (prog == '\0')
		return answer_static(c, path);
	if (prog == 'a')
		return answer_ad(c, path);
	if (!query || strncmp(query, "f=", 2) != 0 ||
	    !unhex(query + 2, strlen(query + 2), &v))
		return answer_error(c, 400, false);
	if (prog == 'x')
		return start_helper(c, query + 2, strlen(query + 2));
	hex16(v, c->field);
	answer_spliced(c, path, "");
}

/* --- input and output ---------------------------------------------------- */

/* Send what there is; true when all of it has gone, or the connection has. */
static bool flush_answer(struct conn *c)
{
	while (c->head_off < c->head_len || c->data_off < c->data_len) {
		struct iovec iov[2] = {
			{c->head + c->head_off, c->head_len - c->head_off},
			{c->data + c->data_off, c->data_len - c->data_off},
		};
		struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
		size_t head;
		ssize_t n;

		if (!c->data)
			msg.msg_iovlen = 1;
		n = sendmsg(c->fd, &msg,
			    MSG_NOSIGNAL | (c->file_left ? MSG_MORE : 0));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			conn_end(c);
			return true;
		}
		server->stats->bytes += (uint64_t)n;
		head = (size_t)n < iov[0].iov_len ? (size_t)n : iov[0].iov_len;
		c->head_off += head;
		c->data_off += (size_t)n - head;
		list_put(c, L_WRITE);
	}
	while (c->file_left > 0) {
		ssize_t n =
			sendfile(c->fd, c->file, &c->file_off, c->file_left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <=
		    0) { /* 0: the file got shorter; nothing can be right */
			conn_end(c);
			return true;
		}
		server->stats->bytes += (uint64_t)n;
		c->file_left -= (size_t)n;
		list_put(c, L_WRITE);
	}
	return true;
}

/* All sent that ever will be. */
static void conn_finish(struct conn *c)
{
	/* The other end may still be sending, whatever it was told, and input
	 * that arrives unread turns our close into a reset that overtakes the
	 * answer: half a close, and the rest when the other end has closed too
	 * (RFC 9112, 9.6). */
	shutdown(c->fd, SHUT_WR);
	c->state = ST_DRAIN;
	c->drained = 0;
	list_put(c, L_DRAIN);
	watch(c, EPOLLIN);
}

/* An answer is out: next request or end. */
static void answer_done(struct conn *c)
{
	drop_answer(c);
	if (c->close_after) {
		conn_finish(c);
		return;
	}
	request_reset(c);
	c->state = ST_READ;
	list_put(c, L_IDLE);
}

static int parse_status(const http_parser *p)
{
	switch (HTTP_PARSER_ERRNO(p)) {
	case HPE_HEADER_OVERFLOW:
		return 431;
	case HPE_INVALID_METHOD:
		return 501;
	default:
		return 400;
	}
}

/* Parse, answer and send for as long as there is input and nothing blocks. */
static void conn_work(struct conn *c)
{
	while (c->state == ST_READ || c->state == ST_WRITE) {
		enum http_errno err;

		if (c->state == ST_WRITE) {
			if (!flush_answer(c)) {
				watch(c, EPOLLOUT);
				return;
			}
			if (c->state == ST_WRITE)
				answer_done(c);
			continue;
		}
		if (c->in_off == c->in_len) {
			c->in_off = c->in_len = 0;
			watch(c, EPOLLIN);
			return;
		}
		c->in_off += http_parser_execute(&c->parser, &settings,
						 c->in + c->in_off,
						 c->in_len - c->in_off);
		err = HTTP_PARSER_ERRNO(&c->parser);
		if (err == HPE_PAUSED) {
			http_parser_pause(&c->parser, 0);
			if (c->long_body)
				answer_error(c, 413, true);
			else if (c->no_length)
				answer_error(c, 411, true);
			else if (c->expect)
				answer_error(c, 417, true);
			else
				answer(c);
		} else if (err != HPE_OK) {
			answer_error(c, parse_status(&c->parser), true);
		} else if (c->parser.upgrade) {
			/* Bytes of a protocol that we do not speak. */
			answer_error(c, 501, true);
		}
	}
}

static void conn_readable(struct conn *c)
{
	ssize_t n;

	if (c->state == ST_DRAIN) {
		n = recv(c->fd, c->in, sizeof(c->in), 0);
		if (n > 0)
			c->drained += (size_t)n;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
		    c->drained > DRAIN_BYTES)
			conn_end(c);
		return;
	}
	if (c->state != ST_READ)
		return;
	/* The buffer is empty: conn_work() leaves none when it waits to read. */
	n = recv(c->fd, c->in, sizeof(c->in), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_end(c);
		return;
	}
	c->in_off = 0;
	c->in_len = (size_t)n;
	conn_work(c);
}

static void helper_readable(struct conn *c)
{
	char path[SERVE_MAX_URL + 1];
	ssize_t n;

	if (c->state != ST_HELPER)
		return;
	n = read(c->helper, c->field + c->field_len, MIX_FIELD - c->field_len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->field_len += (size_t)n;
	if (n > 0 && c->field_len < MIX_FIELD)
		return;
	helper_drop(c);
	if (c->field_len < MIX_FIELD) {
		answer_error(c, 500, false);
	} else {
		/* clean_path() has been over it; the prefix is "/x/" */
		snprintf(path, sizeof(path), "%s", c->url + 3);
		answer_spliced(c, path, "");
	}
	conn_work(c);
}

static void accept_one(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *c;
	int fd, on = 1;

	fd = accept4(server->listener, NULL, NULL,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		/* Out of descriptors: accepting again when one is free beats
		 * turning round in the loop. */
		if ((errno == EMFILE || errno == ENFILE) && server->n_conns > 0)
			accept_stop();
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		server->stats->refused++;
		return;
	}
	c->fd = fd;
	c->file = c->helper = -1;
	c->list = -1;
	c->sock.kind = S_SOCKET;
	c->pipe.kind = S_HELPER;
	c->sock.c = c->pipe.c = c;
	ev.data.ptr = &c->sock;
	if (epoll_ctl(server->ep, EPOLL_CTL_ADD, fd, &ev) != 0) {
		close(fd);
		free(c);
		server->stats->refused++;
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->events = EPOLLIN;
	http_parser_init(&c->parser, HTTP_REQUEST);
	c->parser.data = c;
	request_reset(c);
	list_put(c, L_HEAD);
	server->stats->conns++;
	if (++server->n_conns >= server->cfg->max_conns)
		accept_stop(); /* the others wait in the listener's queue */
}

/* End what is past its deadline; returns milliseconds until the next one, or
 * -1 when there is none. */
static int expire(void)
{
	uint64_t next = UINT64_MAX;
	int i;

	for (i = 0; i < N_LISTS; i++) {
		struct conn *c;

		while ((c = server->lists[i].first) &&
		       c->deadline <= server->now) {
			server->stats->timeouts += i == L_HEAD || i == L_WRITE;
			if (i == L_HEAD && c->begun) {
				answer_error(c, 408, true);
				conn_work(c);
			} else {
				conn_end(c);
			}
		}
		if (c && c->deadline < next)
			next = c->deadline;
	}
	if (next == UINT64_MAX)
		return -1;
	return next - server->now > 60000 ? 60000 : (int)(next - server->now);
}

static void handle(const struct epoll_event *ev)
{
	struct source *s = ev->data.ptr;
	struct conn *c = s->c;

	if (s->kind == S_LISTENER) {
		accept_one();
		return;
	}
	if (c->state == ST_DEAD)
		return;
	if (s->kind == S_HELPER) {
		helper_readable(c);
		return;
	}
	if (c->state == ST_HELPER) {
		/* Reported although nobody asked: the other end is gone. */
		if (ev->events & (EPOLLERR | EPOLLHUP))
			conn_end(c);
	} else if (c->state == ST_WRITE) {
		conn_work(c);
	} else {
		conn_readable(c);
	}
}

int serve_run(const struct serve_cfg *cfg, int listener,
	      const volatile sig_atomic_t *stop, struct serve_stats *stats)
{
	struct server s = {
		.cfg = cfg,
		.stats = stats,
		.listener = listener,
		.listen = {.kind = S_LISTENER},
	};
	struct epoll_event events[64];
	struct conn *c, *next;
	sigset_t block;
	int i, n, wait;

	http_parser_set_max_header_size(SERVE_MAX_HEAD);
	s.ep = epoll_create1(EPOLL_CLOEXEC);
	if (s.ep < 0)
		return -1;
	server = &s;
	s.now = now_ms();
	accept_again();
	if (!s.accepting) {
		n = errno;
		close(s.ep);
		errno = n;
		return -1;
	}
	/* Open to signals only while waiting: one that comes between the look
	 * at @stop and the wait must not be missed. */
	sigfillset(&block);
	sigprocmask(SIG_BLOCK, &block, &s.mask);
	while (!*stop) {
		wait = expire();
		n = epoll_pwait(s.ep, events, 64, wait, &s.mask);
		s.now = now_ms();
		for (i = 0; i < n; i++)
			handle(&events[i]);
		while ((c = s.dead)) {
			s.dead = c->next;
			free(c);
		}
	}
	for (i = 0; i < N_LISTS; i++)
		for (c = s.lists[i].first; c; c = next) {
			next = c->next;
			conn_end(c);
		}
	while ((c = s.dead)) {
		s.dead = c->next;
		free(c);
	}
	close(s.ep);
	server = NULL;
	sigprocmask(SIG_SETMASK, &s.mask, NULL);
	return 0;
}
