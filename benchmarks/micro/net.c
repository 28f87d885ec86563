// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP and UDP over the loopback address. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rows.h"

/* A socket bound to a free port of 127.0.0.1; its address is put in @sin.
 * Negative, with a verdict, when it cannot be had. */
static int bound_socket(struct bench *b, int type, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (s < 0 && errno == EAFNOSUPPORT)
		return bench_skip(b, "no IPv4");
	if (s < 0)
		return bench_fail(b, "socket: %s", strerror(errno));
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(s, (struct sockaddr *)sin, len) != 0) {
		if (errno == EADDRNOTAVAIL)
			return bench_skip(b, "no loopback address 127.0.0.1");
		return bench_fail(b, "bind: %s", strerror(errno));
	}
	if (getsockname(s, (struct sockaddr *)sin, &len) != 0)
		return bench_fail(b, "getsockname: %s", strerror(errno));
	return s;
}

/*
 * Fixed socket buffers for bw.tcp.lo: otherwise the kernel makes them larger
 * while data flows, and each batch meets another size. The default maximum of
 * net.core.[rw]mem_max allows this much.
 */
#define BW_SOCKBUF 212992

static int fixed_buffers;

static int set_buffers(struct bench *b, int s)
{
	const int size = BW_SOCKBUF;

	if (!fixed_buffers)
		return 0;
	if (setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) != 0 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) != 0)
		return bench_fail(b, "SO_SNDBUF, SO_RCVBUF: %s",
				  strerror(errno));
	return 0;
}

static int listener = -1;
static struct sockaddr_in address;

static int listen_once(struct bench *b)
{
	if (listener >= 0)
		return 0;
	listener = bound_socket(b, SOCK_STREAM, &address);
	if (listener < 0 || set_buffers(b, listener) != 0)
		return -1; /* an accepted socket has the listener's buffers */
	if (listen(listener, 128) != 0)
		return bench_fail(b, "listen: %s", strerror(errno));
	return 0;
}

static int connect_failed(struct bench *b)
{
	if (errno == ENETUNREACH)
		return bench_skip(b, "the loopback device is down");
	return bench_fail(b, "connect: %s", strerror(errno));
}

int tcp_pair(struct bench *b, int fds[2])
{
	int one = 1;

	if (listen_once(b) != 0)
		return -1;
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fds[0] < 0)
		return bench_fail(b, "socket: %s", strerror(errno));
	if (set_buffers(b, fds[0]) != 0)
		return -1;
	if (connect(fds[0], (struct sockaddr *)&address, sizeof(address)) != 0)
		return connect_failed(b);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[1] < 0)
		return bench_fail(b, "accept: %s", strerror(errno));
	if (setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) !=
		    0 ||
	    setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) !=
		    0)
		return bench_fail(b, "TCP_NODELAY: %s", strerror(errno));
	return 0;
}

int tcp_setup(struct bench *b)
{
	int fds[2];

	if (tcp_pair(b, fds) != 0)
		return -1;
	return echo_start(b, fds[0], fds[0], fds[1], fds[1]);
}

int bw_tcp_setup(struct bench *b)
{
	int fds[2];

	fixed_buffers = 1;
	if (tcp_pair(b, fds) != 0)
		return -1;
	return sink_start(b, fds[0], fds[1]);
}

int udp_setup(struct bench *b)
{
	struct sockaddr_in here, there;
	int s = bound_socket(b, SOCK_DGRAM, &here), t;

	if (s < 0)
		return -1;
	t = bound_socket(b, SOCK_DGRAM, &there);
	if (t < 0)
		return -1;
	if (connect(s, (struct sockaddr *)&there, sizeof(there)) != 0 ||
	    connect(t, (struct sockaddr *)&here, sizeof(here)) != 0)
		return connect_failed(b);
	return echo_start(b, s, s, t, t);
}

int conn_setup(struct bench *b)
{
	return listen_once(b);
}

/*
 * One operation: connect, accept, close both. The client resets the
 * connection instead of closing it in order, because a connection closed in
 * order stays behind for a minute and makes each following one dearer.
 */
int conn_batch(struct bench *b)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++) {
		int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), s;

		if (c < 0 || connect(c, (struct sockaddr *)&address,
				     sizeof(address)) != 0) {
			bad++;
			break;
		}
		s = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		bad += s < 0;
		bad += setsockopt(c, SOL_SOCKET, SO_LINGER, &reset,
				  sizeof(reset)) != 0;
		bad += close(c) != 0;
		bad += close(s) != 0;
	}
	bench_stop(b);
	return bad ? connect_failed(b) : 0;
}

/*
 * One packet, out and in again, by one process: the receiver's queue is full, so
 * that each is dropped at its end and nobody is woken.
 */
static int sender = -1;

int udp_send_setup(struct bench *b)
{
	const int least = 1; /* the kernel makes it the least there is */
	struct sockaddr_in here;
	int t = bound_socket(b, SOCK_DGRAM, &here), i;

	if (t < 0)
		return -1;
	if (setsockopt(t, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) != 0)
		return bench_fail(b, "SO_RCVBUF: %s", strerror(errno));
	sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sender < 0)
		return bench_fail(b, "socket: %s", strerror(errno));
	if (connect(sender, (struct sockaddr *)&here, sizeof(here)) != 0)
		return connect_failed(b);
	for (i = 0; i < 64; i++)
		if (send(sender, "", 1, 0) != 1)
			return bench_fail(b, "send: %s", strerror(errno));
	return 0;
}

int udp_send_batch(struct bench *b)
{
	uint64_t n = bench_ops(b), i, bad = 0;

	bench_start(b);
	for (i = 0; i < n; i++)
		bad += send(sender, "", 1, 0) != 1;
	bench_stop(b);
	return bad ? bench_fail(b, "send failed") : 0;
}
