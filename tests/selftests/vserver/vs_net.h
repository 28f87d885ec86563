/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of network contexts share, whatever family their addresses have. */
#ifndef VS_NET_H
#define VS_NET_H

#include "vs_test.h"	/* first: it asks for what system headers have to give */

#include <sys/socket.h>

static long net_create(uint32_t nid, uint64_t flags)
{
	struct abi_flagword d = { flags };

	return vs(CMD_net_create_v1, nid, &d);
}

/* Answers each connection and datagram with a letter; from any family. */
static void serve_at(char letter, int tcp, int udp)
{
	struct sockaddr_storage from;
	socklen_t len;
	char buf[8];
	int c;

	CHECK(tcp >= 0 && udp >= 0, "%c cannot take its port: %d %d", letter, tcp, udp);
	NEED(tcp >= 0 && udp >= 0);
	atomic_fetch_add(&sh->step, 1);
	if (!host_fork()) {
		while ((c = accept(tcp, NULL, NULL)) >= 0) {
			if (write(c, &letter, 1) != 1)
				_exit(1);
			close(c);
		}
		_exit(1);
	}
	for (;;) {
		len = sizeof(from);
		if (recvfrom(udp, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) < 0)
			_exit(1);
		sendto(udp, &letter, 1, 0, (struct sockaddr *)&from, len);
	}
}

/* Who is at the other end of a connected socket, which is closed? The letter, or -errno. */
static int answer(int type, int fd)
{
	struct timeval tv = { .tv_sec = 10 };
	char c = 0;
	int ret;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	ret = type == SOCK_DGRAM ? E(send(fd, "?", 1, 0)) : 1;
	if (ret == 1)
		ret = E(recv(fd, &c, 1, 0));
	close(fd);
	return ret < 0 ? ret : c;
}

#endif
