// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What would be other machines: a client whose request is answered by an instance, and
 * somebody who fills the line to one. They run in the host, before everybody else there
 * (SCHED_FIFO), as other machines would not wait for a CPU of this one either.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define MAX_CLIENTS 16

static pid_t service, flood;

int scale_address(const char *net, unsigned int host, unsigned int port, struct sockaddr_in *to, struct scale_err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15s%u", net, host);
	memset(to, 0, sizeof(*to));
	to->sin_family = AF_INET;
	to->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &to->sin_addr) != 1)
		return scale_fail(err, "'%s' is no address", text);
	return 0;
}

static void stand_aside_for_nobody(void)
{
	const struct sched_param p = { .sched_priority = 10 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_FIFO, &p) != 0)
		perror("bscale: SCHED_FIFO");
}

/* Reads NET_ANSWER bytes from each connection, again and again, and sends the next
 * NET_REQUEST: a client that asks for the next page when it has the last. */
static __attribute__((noreturn)) void serve(int listener)
{
	struct pollfd p[1 + MAX_CLIENTS] = { { .fd = listener, .events = POLLIN } };
	static char buf[NET_ANSWER];
	size_t got[1 + MAX_CLIENTS] = { 0 };
	nfds_t n = 1;

	stand_aside_for_nobody();
	for (;;) {
		if (poll(p, n, -1) < 0)
			continue;
		for (nfds_t k = n - 1; k >= 1; k--) {
			ssize_t len;

			if (!p[k].revents)
				continue;
			len = read(p[k].fd, buf, NET_ANSWER - got[k]);
			if (len > 0) {
				got[k] += (size_t)len;
				if (got[k] < NET_ANSWER)
					continue;
				got[k] = 0;
				if (write(p[k].fd, buf, NET_REQUEST) == NET_REQUEST)
					continue;
			} else if (len < 0 && errno == EINTR) {
				continue;
			}
			close(p[k].fd);
			n--;
			p[k] = p[n];
			got[k] = got[n];
		}
		if (p[0].revents) {
			int on = 1, fd = accept(listener, NULL, NULL);

			if (fd >= 0 && n > MAX_CLIENTS) {
				close(fd);
			} else if (fd >= 0) {
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
				p[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
				got[n++] = 0;
			}
		}
	}
}

int outside_begin(const char *net, struct scale_err *err)
{
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at;
	int rc = -1;

	if (tcp < 0 || udp < 0) {
		scale_fail(err, "socket: %s", strerror(errno));
		goto out;
	}
	setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (scale_address(net, NET_HOST, NET_SERVICE, &at, err) != 0)
		goto out;
	if (bind(tcp, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(tcp, MAX_CLIENTS) != 0) {
		scale_fail(err, "%s%u: %s", net, NET_HOST, strerror(errno));
		goto out;
	}
	at.sin_port = htons(NET_SINK);
	if (bind(udp, (struct sockaddr *)&at, sizeof(at)) != 0) {
		scale_fail(err, "%s%u: %s", net, NET_HOST, strerror(errno));
		goto out;
	}
	service = fork();
	if (service == 0)
		serve(tcp);
	rc = service < 0 ? scale_fail(err, "fork: %s", strerror(errno)) : 0;
out:
	if (tcp >= 0)
		close(tcp);
	if (udp >= 0)
		close(udp);
	return rc;
}

static void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

void outside_end(void)
{
	end(&service);
}

/* The bytes of the line's rate, one burst in a millisecond: what is late is not made up. */
static __attribute__((noreturn)) void fill(const struct sockaddr_in *to, unsigned int mbit)
{
	static const char frame[NET_DATAGRAM];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timespec next;
	unsigned int due = 0;

	stand_aside_for_nobody();
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		struct timespec now;

		/* 28 bytes of heads, and 18 of the frame. */
		for (due += mbit * 125; due >= NET_DATAGRAM + 46; due -= NET_DATAGRAM + 46)
			if (sendto(fd, frame, sizeof(frame), 0, (const struct sockaddr *)to, sizeof(*to)) < 0 &&
			    errno == EBADF)
				_exit(1);
		clock_gettime(CLOCK_MONOTONIC, &now);
		do {
			next.tv_nsec += 1000000;
			if (next.tv_nsec >= 1000000000) {
				next.tv_nsec -= 1000000000;
				next.tv_sec++;
			}
		} while (next.tv_sec < now.tv_sec || (next.tv_sec == now.tv_sec && next.tv_nsec < now.tv_nsec));
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
			;
	}
}

int flood_begin(const char *net, unsigned int i, unsigned int mbit, struct scale_err *err)
{
	struct sockaddr_in to;

	if (scale_address(net, NET_FIRST + i, NET_SINK, &to, err) != 0)
		return -1;
	flood = fork();
	if (flood == 0)
		fill(&to, mbit);
	return flood < 0 ? scale_fail(err, "fork: %s", strerror(errno)) : 0;
}

void flood_end(void)
{
	end(&flood);
}
