// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to a server byte by byte: what webmix-load never does. Nothing here
 * depends on how fast anything is; reads give up after LIMIT_S seconds, so that
 * a server that hangs fails the test instead of hanging it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <http_parser.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "mix.h"
#include "webtest.h"

#define LIMIT_S 60

static struct cli_addr server;

static int dial(int rcvbuf)
{
	struct timeval limit = {.tv_sec = LIMIT_S};
	int fd = socket(server.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (connect(fd, (struct sockaddr *)&server.sa, server.len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Send all, in pieces of @piece bytes; false when the server has had enough. */
static bool say(int fd, const char *buf, size_t n, size_t piece)
{
	while (n > 0) {
		size_t k = piece < n ? piece : n;
		ssize_t sent = send(fd, buf, k, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		buf += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* What came back on a connection. */
struct answers {
	char text[256]; /* statuses, with a space between; then how it ended */
	size_t first_body; /* bytes of the first body */
	char connection[16]; /* of the first answer */
	bool in_connection;
	bool head; /* the first answer is one to HEAD */
	int n;
	bool in_message;
	size_t total;
};

static int on_begin(http_parser *p)
{
	struct answers *a = p->data;

	a->in_message = true;
	return 0;
}

static int on_headers(http_parser *p)
{
	struct answers *a = p->data;
	size_t n = strlen(a->text);

	snprintf(a->text + n, sizeof(a->text) - n, "%s%u", n ? " " : "",
		 p->status_code);
	return a->head && a->n == 0; /* 1: has no body */
}

static int on_field(http_parser *p, const char *at, size_t n)
{
	struct answers *a = p->data;

	/* our own server's fields come in one piece nearly always, and a piece
	 * that is not recognised only makes the text empty */
	a->in_connection =
		a->n == 0 && n == 10 && strncmp(at, "Connection", 10) == 0;
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct answers *a = p->data;

	if (a->in_connection && n < sizeof(a->connection))
		memcpy(a->connection, at, n);
	a->in_connection = false;
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct answers *a = p->data;

	(void)at;
	if (a->n == 0)
		a->first_body += n;
	return 0;
}

static int on_complete(http_parser *p)
{
	struct answers *a = p->data;

	a->n++;
	a->in_message = false;
	return 0;
}

static const http_parser_settings settings = {
	.on_message_begin = on_begin,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* Read until the server closes. */
static void listen_to(int fd, struct answers *a)
{
	static char buf[65536];
	const char *end = "";
	http_parser p;
	ssize_t n;

	http_parser_init(&p, HTTP_RESPONSE);
	p.data = a;
	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0)
			break;
		a->total += (size_t)n;
		if (http_parser_execute(&p, &settings, buf, (size_t)n) !=
		    (size_t)n) {
			end = " garbage";
			break;
		}
	}
	if (!*end && n < 0)
		end = errno == EAGAIN	    ? " hangs"
		      : errno == ECONNRESET ? " reset"
					    : " error";
	else if (!*end && a->in_message)
		end = " cut";
	n = (ssize_t)strlen(a->text);
	snprintf(a->text + n, sizeof(a->text) - (size_t)n, "%s", end);
}

#define FILE_OK "/d00000/c0_1"
#define H	"Host: x\r\n"
/* Follows what is tested: answered if and only if the connection lives on. */
#define PROBE "GET " FILE_OK " HTTP/1.1\r\n" H "Connection: close\r\n\r\n"

static const struct {
	const char *text, *request, *want;
} cases[] = {
	{"a file", "GET " FILE_OK " HTTP/1.1\r\n" H "\r\n", "200 200"},
	{"a file by HTTP/1.0 ends the connection",
	 "GET " FILE_OK " HTTP/1.0\r\n\r\n", "200"},
	{"HTTP/1.0 with keep-alive goes on",
	 "GET " FILE_OK " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	 "200 200"},
	{"Connection: close ends it",
	 "GET " FILE_OK " HTTP/1.1\r\n" H "Connection: close\r\n\r\n", "200"},
	{"field names are of any case",
	 "GET " FILE_OK " HTTP/1.1\r\nhOsT: x\r\ncOnNeCtIoN: cLoSe\r\n\r\n",
	 "200"},
	{"pipelined requests are answered in order",
	 "GET " FILE_OK " HTTP/1.1\r\n" H "\r\n"
	 "GET /none HTTP/1.1\r\n" H "\r\n"
	 "GET /t" FILE_OK "?f=1 HTTP/1.1\r\n" H "\r\n"
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab"
	 "GET /x" FILE_OK "?f=1 HTTP/1.1\r\n" H "\r\n"
	 "GET /a" FILE_OK " HTTP/1.1\r\n" H "\r\n",
	 "200 404 200 200 200 200 200"},
	{"empty lines before a request are skipped",
	 "\r\n\r\nGET " FILE_OK " HTTP/1.1\r\n" H "\r\n", "200 200"},
	{"no such file", "GET /d00000/c0_0 HTTP/1.1\r\n" H "\r\n", "404 200"},
	{"a directory is no file", "GET /d00000 HTTP/1.1\r\n" H "\r\n",
	 "404 200"},
	{"a file is no directory", "GET " FILE_OK "/x HTTP/1.1\r\n" H "\r\n",
	 "404 200"},
	{"HTTP/1.1 without Host", "GET " FILE_OK " HTTP/1.1\r\n\r\n", "400"},
	{"two Hosts", "GET " FILE_OK " HTTP/1.1\r\n" H H "\r\n", "400"},
	{"HTTP/2.0", "GET " FILE_OK " HTTP/2.0\r\n" H "\r\n", "505"},
	{"HTTP/0.9", "GET " FILE_OK "\r\n\r\n", "505"},
	{"no HTTP at all", "hello world\r\n\r\n", "501"},
	{"not a letter", "\x16\x03\x01\x02\r\n\r\n", "501"},
	{"an unknown method", "FETCH " FILE_OK " HTTP/1.1\r\n" H "\r\n", "501"},
	{"a method that is not for us",
	 "DELETE " FILE_OK " HTTP/1.1\r\n" H "\r\n", "501"},
	{"CONNECT", "CONNECT x:1 HTTP/1.1\r\n" H "\r\n", "501"},
	{"POST to a file",
	 "POST " FILE_OK " HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx",
	 "405 200"},
	{"GET of what takes only POST",
	 "GET /p" FILE_OK " HTTP/1.1\r\n" H "\r\n", "405 200"},
	{"path with ..", "GET /../etc/passwd HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"path with .. inside",
	 "GET /d00000/../d00000/c0_1 HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"path with .. at the end", "GET /d00000/.. HTTP/1.1\r\n" H "\r\n",
	 "400 200"},
	{"path with escaped ..", "GET /%2e%2e/etc/passwd HTTP/1.1\r\n" H "\r\n",
	 "400 200"},
	{"path with escaped slash and ..",
	 "GET /d00000%2f%2E.%2fx HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"path with .. behind a prefix",
	 "GET /t/../../etc/passwd?f=1 HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"path with a NUL", "GET /d00000/c0_1%00.txt HTTP/1.1\r\n" H "\r\n",
	 "400 200"},
	{"path with a broken escape",
	 "GET /d00000/c0_1%2 HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"path with a wrong escape",
	 "GET /d00000/c0_1%zz HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"an absolute path below the tree",
	 "GET //etc/passwd HTTP/1.1\r\n" H "\r\n", "403 200"},
	{"a link out of the tree", "GET /link HTTP/1.1\r\n" H "\r\n",
	 "403 200"},
	{"a link inside of it", "GET /inner HTTP/1.1\r\n" H "\r\n", "403 200"},
	{"an escaped letter", "GET /d00000/c0%5f1 HTTP/1.1\r\n" H "\r\n",
	 "200 200"},
	{"dots in names are not ..", "GET /d00000/..c HTTP/1.1\r\n" H "\r\n",
	 "404 200"},
	{"a FIFO is not opened for ever", "GET /fifo HTTP/1.1\r\n" H "\r\n",
	 "404 200"},
	{"template without a field", "GET /t" FILE_OK " HTTP/1.1\r\n" H "\r\n",
	 "400 200"},
	{"template with a field that is no number",
	 "GET /t" FILE_OK "?f=xyz HTTP/1.1\r\n" H "\r\n", "400 200"},
	{"template with too long a field",
	 "GET /t" FILE_OK "?f=00112233445566778 HTTP/1.1\r\n" H "\r\n",
	 "400 200"},
	{"a program of a file that is not there",
	 "GET /x/none?f=1 HTTP/1.1\r\n" H "\r\n", "404 200"},
	{"an unusable cookie is no cookie",
	 "GET /a" FILE_OK " HTTP/1.1\r\n" H "Cookie: webmix=zz; a\r\n\r\n",
	 "200 200"},
	{"POST",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
	 "200 200"},
	{"POST in chunks",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H
	 "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
	 "200 200"},
	{"POST without a length", "POST /p" FILE_OK " HTTP/1.1\r\n" H "\r\n",
	 "411"},
	{"POST of nothing",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
	 "400 200"},
	{"POST that announces too much",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H "Content-Length: 1025\r\n\r\n",
	 "413"},
	{"POST that announces more than there are numbers",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H
	 "Content-Length: 99999999999999999999\r\n\r\n",
	 "400"},
	{"POST of a negative length",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n",
	 "400"},
	{"two lengths",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H
	 "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	 "400"},
	{"a length and chunks",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H
	 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 "400"},
	{"Expect",
	 "POST /p" FILE_OK " HTTP/1.1\r\n" H
	 "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
	 "417"},
	{"a field without a colon",
	 "GET " FILE_OK " HTTP/1.1\r\n" H "nonsense\r\n\r\n", "400"},
	{"If-Modified-Since the time of the file",
	 "GET " FILE_OK " HTTP/1.1\r\n" H "If-Modified-Since: " MIX_MTIME_HTTP
	 "\r\n\r\n",
	 "304 200"},
	{"If-Modified-Since a second before",
	 "GET " FILE_OK " HTTP/1.1\r\n" H
	 "If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT\r\n\r\n",
	 "200 200"},
	{"If-Modified-Since in the form of RFC 850",
	 "GET " FILE_OK " HTTP/1.1\r\n" H
	 "If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT\r\n\r\n",
	 "304 200"},
	{"If-Modified-Since in the form of asctime()",
	 "GET " FILE_OK " HTTP/1.1\r\n" H
	 "If-Modified-Since: Tue Nov 14 22:13:20 2023\r\n\r\n",
	 "304 200"},
	{"an unreadable If-Modified-Since is none",
	 "GET " FILE_OK " HTTP/1.1\r\n" H
	 "If-Modified-Since: yesterday\r\n\r\n",
	 "200 200"},
	{"an offer to upgrade is answered and ends it",
	 "GET " FILE_OK " HTTP/1.1\r\n" H
	 "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
	 "200"},
};

static void ask(const char *text, const char *request, size_t len,
		const char *probe, size_t piece, const char *want,
		struct answers *a)
{
	bool head = strncmp(request, "HEAD", 4) == 0;
	int fd = dial(0);

	memset(a, 0, sizeof(*a));
	a->head = head;
	if (fd < 0) {
		check(false, text, "connect: %s", strerror(errno));
		return;
	}
	/* A server that has closed already is not wrong: the answers tell. */
	if (say(fd, request, len, piece) && probe)
		say(fd, probe, strlen(probe), SIZE_MAX);
	if (!probe)
		shutdown(fd, SHUT_WR);
	listen_to(fd, a);
	close(fd);
	check(strcmp(a->text, want) == 0, text, "expected '%s', got '%s'", want,
	      a->text);
}

/* A request with something long in it: @n times 'a' between two texts. */
static void ask_long(const char *text, const char *before, size_t n,
		     const char *after, const char *want)
{
	size_t b = strlen(before), e = strlen(after);
	char *request = malloc(b + n + e + 1);
	struct answers a;

	memcpy(request, before, b);
	memset(request + b, 'a', n);
	memcpy(request + b + n, after, e + 1);
	ask(text, request, b + n + e, PROBE, SIZE_MAX, want, &a);
	free(request);
}

int conformance(const char *addr)
{
	static const char get[] = "GET " FILE_OK " HTTP/1.1\r\n" H "\r\n";
	static const char post[] = "POST /p" FILE_OK " HTTP/1.1\r\n" H
				   "Content-Length: 5\r\n\r\nslow!";
	char text[128], *many;
	struct answers a;
	size_t i;
	int fds[300], n = 0, fd;

	if (!cli_address(addr, false, &server))
		return 2;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ask(cases[i].text, cases[i].request, strlen(cases[i].request),
		    PROBE, SIZE_MAX, cases[i].want, &a);

	ask("HEAD is GET without a body",
	    "HEAD " FILE_OK " HTTP/1.1\r\n" H "\r\n",
	    strlen("HEAD " FILE_OK " HTTP/1.1\r\n" H "\r\n"), PROBE, SIZE_MAX,
	    "200 200", &a);
	ask("HEAD of nothing has no body either",
	    "HEAD /none HTTP/1.1\r\n" H "\r\n",
	    strlen("HEAD /none HTTP/1.1\r\n" H "\r\n"), PROBE, SIZE_MAX,
	    "404 200", &a);
	ask("the largest file comes whole", "GET /d00000/c3_9 HTTP/1.0\r\n\r\n",
	    strlen("GET /d00000/c3_9 HTTP/1.0\r\n\r\n"), PROBE, SIZE_MAX, "200",
	    &a);
	check(a.first_body == 921600, "it has 921,600 bytes", "%zu",
	      a.first_body);
	check(strcmp(a.connection, "close") == 0, "it says Connection: close",
	      "'%s'", a.connection);
	ask("a kept HTTP/1.0 connection is confirmed",
	    "GET " FILE_OK " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    strlen("GET " FILE_OK
		   " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
	    PROBE, SIZE_MAX, "200 200", &a);
	check(strcmp(a.connection, "keep-alive") == 0,
	      "it says Connection: keep-alive", "'%s'", a.connection);

	/* Byte by byte, over many segments. */
	ask("a request byte by byte", get, strlen(get), PROBE, 1, "200 200",
	    &a);
	ask("POST byte by byte", post, strlen(post), PROBE, 1, "200 200", &a);
	ask("POST in pieces of three", post, strlen(post), PROBE, 3, "200 200",
	    &a);

	/* Cut off at every byte and half closed: no answer, no harm. */
	for (i = 0; i < strlen(post); i++) {
		int bad;

		fd = dial(0);
		memset(&a, 0, sizeof(a));
		say(fd, post, i, SIZE_MAX);
		shutdown(fd, SHUT_WR);
		listen_to(fd, &a);
		close(fd);
		bad = strcmp(a.text, "") != 0;
		if (bad || i + 1 == strlen(post)) {
			snprintf(text, sizeof(text),
				 "requests cut off anywhere get no answer");
			check(!bad, text, "after %zu bytes: '%s'", i, a.text);
			if (bad)
				break;
		}
	}

	/* Limits, on both sides of them. */
	ask_long("a header of nearly 8 KiB",
		 "GET " FILE_OK " HTTP/1.1\r\n" H "X: ", 8000, "\r\n\r\n",
		 "200 200");
	ask_long("a header beyond 8 KiB",
		 "GET " FILE_OK " HTTP/1.1\r\n" H "X: ", 8300, "\r\n\r\n",
		 "431");
	ask_long("a header without end",
		 "GET " FILE_OK " HTTP/1.1\r\n" H "X: ", 300000, "", "431");
	ask_long("a field name beyond 8 KiB", "GET " FILE_OK " HTTP/1.1\r\n" H,
		 8300, ": x\r\n\r\n", "431");
	ask_long("a URL of nearly 1 KiB", "GET /", 1000,
		 " HTTP/1.1\r\n" H "\r\n", "404 200");
	ask_long("a URL beyond 1 KiB", "GET /", 1030, " HTTP/1.1\r\n" H "\r\n",
		 "414 200");
	ask_long("a URL beyond 8 KiB", "GET /", 8300, " HTTP/1.1\r\n" H "\r\n",
		 "431");
	ask_long("a name longer than a name may be", "GET /", 300,
		 " HTTP/1.1\r\n" H "\r\n", "404 200");
	ask_long("a body of 1 KiB",
		 "POST /p" FILE_OK " HTTP/1.1\r\n" H
		 "Content-Length: 1024\r\n\r\n",
		 1024, "", "200 200");
	ask_long("a body beyond 1 KiB that comes in spite of the answer",
		 "POST /p" FILE_OK " HTTP/1.1\r\n" H
		 "Content-Length: 30000\r\n\r\n",
		 30000, "", "413");
	ask_long("chunks beyond 1 KiB",
		 "POST /p" FILE_OK " HTTP/1.1\r\n" H
		 "Transfer-Encoding: chunked\r\n\r\n401\r\n",
		 1025, "\r\n0\r\n\r\n", "413");
	ask_long("a GET with a body beyond 1 KiB",
		 "GET " FILE_OK " HTTP/1.1\r\n" H
		 "Content-Length: 2000\r\n\r\n",
		 2000, "", "413");
	ask_long("a GET with a small body, which is ignored",
		 "GET " FILE_OK " HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\n",
		 100, "", "200 200");

	/* 100 requests in one go, more than an input buffer. */
	many = malloc(100 * strlen(get) + strlen(PROBE) + 1);
	for (i = 0; i < 100; i++)
		memcpy(many + i * strlen(get), get, strlen(get));
	memcpy(many + 100 * strlen(get), PROBE, strlen(PROBE) + 1);
	fd = dial(0);
	memset(&a, 0, sizeof(a));
	say(fd, many, strlen(many), SIZE_MAX);
	listen_to(fd, &a);
	close(fd);
	free(many);
	check(a.n == 101, "101 pipelined requests get 101 answers", "%d: %s",
	      a.n, a.text);

	/* Connections that say nothing do not keep others waiting. */
	while (n < 300 && (fds[n] = dial(0)) >= 0)
		n++;
	ask("silent connections disturb nobody", get, strlen(get), PROBE,
	    SIZE_MAX, "200 200", &a);
	while (n > 0)
		close(fds[--n]);
	return 0;
}

static void sleep_s(unsigned int s)
{
	struct timespec ts = {.tv_sec = s};

	while (nanosleep(&ts, &ts) != 0)
		;
}

/* A server with short patience (--head-ms, --idle-ms, --write-ms). All waits
 * are for the server to do something, however long it takes to. */
int impatient(const char *addr)
{
	static const char half[] = "GET " FILE_OK " HTTP/1.1\r\nHo";
	static const char get[] = "GET " FILE_OK " HTTP/1.1\r\n" H "\r\n";
	static const char large[] = "GET /d00000/c3_9 HTTP/1.1\r\n" H "\r\n";
	struct answers a = {0};
	unsigned int wait;
	bool cut = false;
	int fd, i;

	if (!cli_address(addr, false, &server))
		return 2;
	fd = dial(0);
	listen_to(fd, &a);
	close(fd);
	check(strcmp(a.text, "") == 0, "a silent connection is closed", "'%s'",
	      a.text);

	memset(&a, 0, sizeof(a));
	fd = dial(0);
	say(fd, half, strlen(half), SIZE_MAX);
	listen_to(fd, &a);
	close(fd);
	check(strcmp(a.text, "408") == 0, "half a request gets 408", "'%s'",
	      a.text);

	memset(&a, 0, sizeof(a));
	fd = dial(0);
	say(fd, get, strlen(get), SIZE_MAX);
	listen_to(fd, &a);
	close(fd);
	check(strcmp(a.text, "200") == 0,
	      "a connection without a next request is closed", "'%s'", a.text);

	/* Not reading: the server gives up, and answers are missing. More of
	 * them than the kernel takes off its hands. */
	for (wait = 1; wait <= 16 && !cut; wait *= 2) {
		memset(&a, 0, sizeof(a));
		fd = dial(0);
		for (i = 0; i < 40; i++)
			say(fd, large, strlen(large), SIZE_MAX);
		sleep_s(wait);
		listen_to(fd, &a);
		close(fd);
		cut = a.total < 40 * 921600;
	}
	check(cut && a.n < 40 && !strstr(a.text, "garbage"),
	      "who does not read loses the connection", "%zu bytes, '%s'",
	      a.total, a.text);
	return 0;
}

/* A server that takes @max connections (--max-conns, one worker). */
int crowded(const char *addr, unsigned int max)
{
	static const char get[] = PROBE;
	struct answers a = {0};
	int fds[64], late;
	unsigned int i;

	if (!cli_address(addr, false, &server) || max > 64)
		return 2;
	for (i = 0; i < max; i++) {
		char c;

		fds[i] = dial(0);
		/* It has been accepted when it has been answered. */
		say(fds[i], "GET /none HTTP/1.1\r\n" H "\r\n",
		    strlen("GET /none HTTP/1.1\r\n" H "\r\n"), SIZE_MAX);
		if (recv(fds[i], &c, 1, 0) != 1)
			break;
	}
	check(i == max, "as many connections as allowed are served", "%u", i);
	late = dial(0);
	say(late, get, strlen(get), SIZE_MAX);
	close(fds[0]);
	listen_to(late, &a);
	close(late);
	check(strcmp(a.text, "200") == 0,
	      "one too many waits until another has gone", "'%s'", a.text);
	for (i = 1; i < max; i++)
		close(fds[i]);
	return 0;
}

/* A server whose helper stays between fork and exec for as long as @gate does
 * not exist (slow_exec.so; it makes @gate.here when it is there), one worker.
 * The helper has copies of all descriptors then, so that a connection that the
 * server closes is still open: no event of it may be followed. */
int lingering(const char *addr, const char *gate)
{
	static const char get[] = "GET " FILE_OK " HTTP/1.1\r\n" H "\r\n";
	static const char help[] = "GET /x" FILE_OK "?f=12ab HTTP/1.1\r\n" H
				   "Connection: close\r\n\r\n";
	struct answers a = {0}, b = {0};
	char here[512];
	int asker, gone[4], fd;
	unsigned int i;
	char c;

	if (!cli_address(addr, false, &server))
		return 2;
	for (i = 0; i < 4; i++) {
		gone[i] = dial(0);
		say(gone[i], get, strlen(get), SIZE_MAX);
		if (recv(gone[i], &c, 1, 0) != 1)
			break;
	}
	check(i == 4, "connections are served", "%u", i);
	asker = dial(0);
	say(asker, help, strlen(help), SIZE_MAX);
	snprintf(here, sizeof(here), "%s.here", gate);
	for (i = 0; access(here, F_OK) != 0 && i < LIMIT_S * 100; i++)
		usleep(10000);
	check(access(here, F_OK) == 0, "a helper is on its way", "%s", here);
	for (i = 0; i < 4; i++)
		close(gone[i]);
	/* After this one's turn the others have had theirs. */
	for (i = 0; i < 3; i++) {
		memset(&a, 0, sizeof(a));
		fd = dial(0);
		say(fd, PROBE, strlen(PROBE), SIZE_MAX);
		listen_to(fd, &a);
		close(fd);
	}
	check(strcmp(a.text, "200") == 0,
	      "who has gone meanwhile is forgotten, others are served", "'%s'",
	      a.text);
	fd = creat(gate, 0600);
	close(fd);
	listen_to(asker, &b);
	close(asker);
	check(strcmp(b.text, "200") == 0, "and the helper's answer comes",
	      "'%s'", b.text);
	return 0;
}

/* Requests that were right once, changed at random places in random ways, sent
 * in random pieces. The seed decides everything. */
int fuzz(const char *addr, uint64_t seed, uint64_t count)
{
	static const char *const seeds[] = {
		"GET " FILE_OK " HTTP/1.1\r\n" H "\r\n",
		"GET /t" FILE_OK "?f=12ab HTTP/1.1\r\n" H
		"Accept: */*\r\nUser-Agent: x\r\n\r\n",
		"GET /a" FILE_OK " HTTP/1.1\r\n" H
		"Cookie: a=b; webmix=0123456789abcdef\r\n\r\n",
		"POST /p" FILE_OK " HTTP/1.1\r\n" H
		"Content-Length: 11\r\n\r\nhello world",
		"POST /p" FILE_OK " HTTP/1.1\r\n" H
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"GET " FILE_OK " HTTP/1.1\r\n" H
		"If-Modified-Since: " MIX_MTIME_HTTP "\r\n\r\n",
		"HEAD " FILE_OK " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET /d00000/%2e%2e/c0_1 HTTP/1.1\r\n" H "\r\n",
	};
	static const char *const words[] = {
		"\r\n",
		"\r\n\r\n",
		": ",
		" ",
		"%",
		"..",
		"/",
		"%00",
		"?f=",
		"HTTP/1.1",
		"Content-Length: 99999\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Host: y\r\n",
		"Connection: close\r\n",
		"Upgrade: x\r\nConnection: upgrade\r\n",
		"Expect: x\r\n",
		"ffffffffffffffff\r\n",
		"\n",
		"\r",
	};
	const size_t n_seeds = sizeof(seeds) / sizeof(seeds[0]);
	const size_t n_words = sizeof(words) / sizeof(words[0]);
	uint64_t i, hangs = 0, garbage = 0, refused = 0, answered = 0;
	struct answers a;
	struct rng r;

	if (!cli_address(addr, false, &server))
		return 2;
	rng_seed(&r, seed);
	for (i = 0; i < count; i++) {
		static char buf[16384];
		size_t len = 0, changes, requests = 1 + rng_below(&r, 3);
		int fd;

		while (requests-- > 0) {
			const char *s = seeds[rng_below(&r, n_seeds)];

			memcpy(buf + len, s, strlen(s));
			len += strlen(s);
		}
		for (changes = rng_below(&r, 6); changes > 0; changes--) {
			size_t at = rng_below(&r, len + 1), n;
			const char *w = words[rng_below(&r, n_words)];

			switch (rng_below(&r, 6)) {
			case 0: /* another byte */
				if (at < len)
					buf[at] = (char)rng_next(&r);
				break;
			case 1: /* one bit */
				if (at < len)
					buf[at] ^=
						(char)(1 << rng_below(&r, 8));
				break;
			case 2: /* some bytes less */
				n = rng_below(&r, 20);
				if (n > len - at)
					n = len - at;
				memmove(buf + at, buf + at + n, len - at - n);
				len -= n;
				break;
			case 3: /* a word more */
				n = strlen(w);
				memmove(buf + at + n, buf + at, len - at);
				memcpy(buf + at, w, n);
				len += n;
				break;
			case 4: /* many bytes more */
				n = rng_below(&r, 2000);
				memmove(buf + at + n, buf + at, len - at);
				memset(buf + at, (int)rng_next(&r), n);
				len += n;
				break;
			default: /* the end is missing */
				if (rng_below(&r, 4) == 0)
					len = at;
			}
		}
		fd = dial(0);
		if (fd < 0) {
			refused++;
			break;
		}
		memset(&a, 0, sizeof(a));
		say(fd, buf, len,
		    rng_below(&r, 3) ? SIZE_MAX : 1 + rng_below(&r, 50));
		shutdown(fd, SHUT_WR);
		/* Whether an answer is one to HEAD only the server knows. */
		if (memmem(buf, len, "HEAD", 4))
			while (recv(fd, buf, sizeof(buf), 0) > 0)
				;
		else
			listen_to(fd, &a);
		close(fd);
		answered += a.n > 0;
		hangs += strstr(a.text, "hangs") != NULL;
		garbage += strstr(a.text, "garbage") != NULL ||
			   strstr(a.text, "cut") != NULL;
	}
	check(i == count && hangs == 0 && garbage == 0 && answered > count / 4,
	      "malformed requests get proper answers or none",
	      "%llu of %llu sent, %llu hang, %llu garbage, %llu answered",
	      (unsigned long long)i, (unsigned long long)count,
	      (unsigned long long)hangs, (unsigned long long)garbage,
	      (unsigned long long)answered);
	ask("the server lives on", PROBE, strlen(PROBE), NULL, SIZE_MAX, "200",
	    &a);
	return 0;
}

/* The lies of liar(), in turn; what webmix-load must call them. */
enum lie {
	TRUTH, /* no error */
	LIE_CHUNKS, /* none either: the same bytes in chunks */
	LIE_STATUS, /* status */
	LIE_LENGTH, /* body: a length that is not the file's */
	LIE_BYTE, /* body */
	LIE_SHORT, /* reset: closed in the middle of the body */
	LIE_SILENT, /* reset: closed without an answer */
	LIE_GARBAGE, /* protocol */
	LIE_MORE, /* protocol: bytes after the answer */
	LIE_RESET, /* reset, by TCP */
	N_LIES,
};

/* Answer the request for @f in the way of @lie; false ends the connection. */
static bool reply(int fd, const struct mix_file *f, bool last, enum lie lie)
{
	const struct linger hard = {.l_onoff = 1, .l_linger = 0};
	static uint8_t body[MIX_MAX_FILE + 16];
	const char *close_text = last ? "Connection: close\r\n" : "";
	uint32_t size = mix_size(f), say_size = size;
	struct content ct;
	char head[256];
	int k;

	content_start(&ct, f);
	content_fill(&ct, body, size);
	switch (lie) {
	case LIE_SILENT:
		return false;
	case LIE_RESET:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		return false;
	case LIE_GARBAGE:
		say(fd, "\x01\x02 nonsense\r\n\r\n", 15, SIZE_MAX);
		return false;
	case LIE_STATUS:
		k = snprintf(head, sizeof(head),
			     "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
		say(fd, head, (size_t)k, SIZE_MAX);
		return false;
	case LIE_CHUNKS:
		k = snprintf(
			head, sizeof(head),
			"HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n",
			close_text, size);
		return say(fd, head, (size_t)k, SIZE_MAX) &&
		       say(fd, (char *)body, size, SIZE_MAX) &&
		       say(fd, "\r\n0\r\n\r\n", 7, SIZE_MAX) && !last;
	case LIE_LENGTH:
		say_size = size + 1;
		break;
	case LIE_BYTE:
		body[size / 3] ^= 1;
		break;
	case LIE_SHORT:
		size /= 2;
		last = true;
		break;
	case LIE_MORE:
		memcpy(body + size, "more", 4);
		size += 4;
		break;
	default:
		break;
	}
	k = snprintf(head, sizeof(head),
		     "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n%s\r\n",
		     say_size, close_text);
	return say(fd, head, (size_t)k, SIZE_MAX) &&
	       say(fd, (char *)body, size, SIZE_MAX) && !last;
}

/*
 * A server that answers static requests rightly, one connection at a time, and
 * with the request that follows the first @after ones begins to misbehave: it
 * stops for @ms once, or, if that is 0, tells every lie in turn. Ends when its
 * input is closed.
 */
int misbehave(uint32_t after, uint32_t ms)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	const struct timespec ts = {.tv_sec = ms / 1000,
				    .tv_nsec = ms % 1000 * 1000000L};
	socklen_t len = sizeof(in);
	uint32_t n = 0;
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (l < 0 || bind(l, (struct sockaddr *)&in, len) != 0 ||
	    listen(l, 1000) != 0 ||
	    getsockname(l, (struct sockaddr *)&in, &len) != 0)
		return 1;
	printf("webtest: listening on 127.0.0.1:%u\n", ntohs(in.sin_port));
	fflush(stdout);
	for (;;) {
		struct pollfd p[2] = {{.fd = 0, .events = POLLIN},
				      {.fd = l, .events = POLLIN}};
		char buf[4096];
		size_t have = 0;
		int fd;

		if (poll(p, 2, -1) < 0 || p[0].revents)
			return 0;
		fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
		for (;;) {
			enum lie lie = TRUTH;
			unsigned int d, c, i;
			struct mix_file f;
			bool last;
			ssize_t k =
				recv(fd, buf + have, sizeof(buf) - 1 - have, 0);

			if (k <= 0)
				break;
			have += (size_t)k;
			buf[have] = '\0';
			if (!strstr(buf, "\r\n\r\n"))
				continue;
			if (sscanf(buf, "GET /d%u/c%u_%u ", &d, &c, &i) != 3)
				break;
			last = strstr(buf, "HTTP/1.0") != NULL ||
			       strstr(buf, "Connection: close") != NULL;
			have = 0;
			f = (struct mix_file){d, (uint8_t)c, (uint8_t)i};
			if (ms && n == after)
				nanosleep(&ts, NULL);
			if (!ms && n >= after)
				lie = (enum lie)((n - after) % N_LIES);
			n++;
			if (!reply(fd, &f, last, lie))
				break;
		}
		close(fd);
	}
}
