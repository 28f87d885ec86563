// SPDX-License-Identifier: GPL-2.0
/*
 * Network contexts and IPv6: the commands with their errors, and what sockets
 * of IPv6 may do, those for both families included. See net.c for IPv4; the
 * rules are the same, and so is how they are tested: each attempt that must fail
 * is shown to work for the host.
 */
#include "vs_net.h"

#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define A1 "fd00:77:1::1"
#define A2 "fd00:77:1::2"
#define B1 "fd00:77:2::1"
#define HOST "fd00:77:9::9"	/* of no context */
#define A4 "10.77.1.1"
#define B4 "10.77.2.1"
#define HOST4 "10.77.9.9"
#define MAPPED "::ffff:"
#define GROUP "ff05::7777"
#define PORT 8080

/* ---- the network ---- */

static struct sockaddr_in6 at(const char *ip, int port)
{
	struct sockaddr_in6 sin = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	NEED(inet_pton(AF_INET6, ip, &sin.sin6_addr) == 1);
	return sin;
}

static struct sockaddr_in at4(const char *ip, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	NEED(inet_pton(AF_INET, ip, &sin.sin_addr) == 1);
	return sin;
}

static long add6(uint32_t nid, int type, const char *ip, unsigned int prefix, const char *mask)
{
	/* what tools leave in the bytes nobody reads */
	struct abi_addr6 a = { .type = type, .flags = 0xabcd, .prefix = prefix };

	NEED(inet_pton(AF_INET6, ip, a.ip) == 1 && inet_pton(AF_INET6, mask, a.mask) == 1);
	return vs(CMD_net_add_ipv6, nid, &a);
}

static long rem6(uint32_t nid, int type, const char *ip, unsigned int prefix, const char *mask)
{
	struct abi_addr6 a = { .type = type, .flags = 0xabcd, .prefix = prefix };

	NEED(inet_pton(AF_INET6, ip, a.ip) == 1 && inet_pton(AF_INET6, mask, a.mask) == 1);
	return vs(CMD_net_rem_ipv6, nid, &a);
}

static long add4(uint32_t nid, const char *ip)
{
	struct abi_addr4_v1 a = { NA_ADDR, 0, at4(ip, 0).sin_addr.s_addr, 0 };

	return vs(CMD_net_add_ipv4_v1, nid, &a);
}

/* A bound socket, or -errno; TCP ones listen. "option" of SOL_SOCKET, or 0. */
static int bound_as(int family, int type, const char *ip, int port, int option, int only)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	int fd = socket(family, type, 0), one = 1, err;

	NEED(fd >= 0);
	if (option)
		NEED_OK(E(setsockopt(fd, SOL_SOCKET, option, &one, sizeof(one))));
	if (family == AF_INET6) {
		NEED_OK(E(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only))));
		sin6 = at(ip, port);
		err = E(bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)));
	} else {
		sin = at4(ip, port);
		err = E(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	}
	if (!err && type == SOCK_STREAM)
		err = E(listen(fd, 8));
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static int bound(int type, const char *ip, int port, int option)
{
	return bound_as(AF_INET6, type, ip, port, option, 0);
}

static long closed(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static long try_bind(int type, const char *ip, int port, int option)
{
	return closed(bound(type, ip, port, option));
}

static int connected(int type, const char *ip, int port)
{
	struct sockaddr_in6 sin = at(ip, port);
	int fd = socket(AF_INET6, type, 0), err;

	NEED(fd >= 0);
	err = E(connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static long try_connect(int type, const char *ip, int port)
{
	return closed(connected(type, ip, port));
}

static int connected4(int type, const char *ip, int port)
{
	struct sockaddr_in sin = at4(ip, port);
	int fd = socket(AF_INET, type, 0), err;

	NEED(fd >= 0);
	err = E(connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static bool is_ip(const struct sockaddr_in6 *sin, const char *ip, const char *what)
{
	struct sockaddr_in6 want = at(ip, 0);
	char text[INET6_ADDRSTRLEN];

	return CHECK(!memcmp(&sin->sin6_addr, &want.sin6_addr, 16), "%s is %s, should be %s",
		     what, inet_ntop(AF_INET6, &sin->sin6_addr, text, sizeof(text)), ip);
}

static bool name_is(int fd, bool peer, const char *ip)
{
	struct sockaddr_in6 sin = { };
	socklen_t len = sizeof(sin);

	if (!CHECK(!(peer ? getpeername : getsockname)(fd, (struct sockaddr *)&sin, &len),
		   "no name: %s", strerror(errno)))
		return false;
	return is_ip(&sin, ip, peer ? "peer" : "name");
}

static void network(void)
{
	static const char *const v6[] = { A1, A2, B1, HOST };
	static const char *const v4[] = { A4, B4, HOST4 };
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd, fd6;

	NEED_OK(E(unshare(CLONE_NEWNET)));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
	NEED(fd >= 0 && fd6 >= 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	NEED_OK(E(ioctl(fd, SIOCSIFFLAGS, &ifr)));
	for (unsigned int i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
		struct sockaddr_in sin = at4(v4[i], 0);

		memset(&ifr, 0, sizeof(ifr));
		snprintf(ifr.ifr_name, IFNAMSIZ, "lo:%u", i + 1);
		memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
		NEED_OK(E(ioctl(fd, SIOCSIFADDR, &ifr)));
		sin = at4("255.255.255.255", 0);
		memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
		NEED_OK(E(ioctl(fd, SIOCSIFNETMASK, &ifr)));
	}
	for (unsigned int i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
		struct in6_ifreq r = { .ifr6_prefixlen = 128, .ifr6_ifindex = 1 };

		r.ifr6_addr = at(v6[i], 0).sin6_addr;
		NEED_OK(E(ioctl(fd6, SIOCSIFADDR, &r)));
		/* it is not there at once */
		for (int n = 0; n < 2000 && try_bind(SOCK_DGRAM, v6[i], PORT, 0); n++)
			msleep(2);
		NEED_OK(try_bind(SOCK_DGRAM, v6[i], PORT, 0));
	}
	close(fd);
	close(fd6);
}

/* A process in a network context with up to two addresses of each family. */
static pid_t net_fork(uint32_t nid, uint64_t flags, const char *ip, const char *ip2,
		      const char *v4)
{
	int p[2];
	char c;
	pid_t pid;

	NEED_OK(E(pipe2(p, O_CLOEXEC)));
	pid = host_fork();
	if (!pid) {
		NEED(EQ(net_create(nid, flags), nid));
		if (ip)
			NEED_OK(add6(nid, NA_ADDR, ip, 128, "::"));
		if (ip2)
			NEED_OK(add6(nid, NA_ADDR, ip2, 0, "::"));
		if (v4)
			NEED_OK(add4(nid, v4));
		NEED(write(p[1], "", 1) == 1);
		close(p[1]);
		close(p[0]);
		return 0;
	}
	close(p[1]);
	NEED(read(p[0], &c, 1) == 1);
	close(p[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

/* Is the port in one of the lists of sockets? */
static bool listed(const char *file, int port)
{
	char text[16384], path[64], want[32];

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", file);
	snprintf(want, sizeof(want), ":%04X ", port);
	OK(read_file(path, text, sizeof(text)));
	return strstr(text, want);
}

/* ---- commands ---- */

TEST(addresses, "sets of IPv6 addresses change as asked, or with the right error")
{
	uint32_t nid = new_xid();
	struct abi_addr6 any = { NA_ANY, 0xffff, 0xdeadbeef, { 1, 2, 3 }, { 4, 5, 6 } };
	pid_t pid = net_fork(nid, NF_DEFAULT | NF_SINGLE_IP, NULL, NULL, NULL);
	char text[4096], path[64], ip[64];
	int n;

	if (!pid)
		idle();
	EQ(add6(nid + 1, NA_ADDR, A1, 64, "::"), -ESRCH);
	EQ(rem6(nid + 1, NA_ADDR, A1, 64, "::"), -ESRCH);
	EQ(vs(CMD_net_add_ipv6, nid, (void *)8), -EFAULT);
	EQ(vs(CMD_net_add_ipv6, nid, NULL), -EFAULT);
	EQ(vs(CMD_net_rem_ipv6, nid, NULL), -EFAULT);
	/* taking all from an empty set is no error, whatever else is in there */
	EQ(vs(CMD_net_rem_ipv6, nid, &any), 0);
	EQ(rem6(nid, NA_ADDR, A1, 64, "::"), -ESRCH);
	EQ(add6(nid, 0, A1, 64, "::"), -EINVAL);
	EQ(add6(nid, NA_ANY, A1, 64, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR | NA_IPV4, A1, 64, "::"), -EINVAL);
	EQ(add6(nid, NA_RANGE, A1, 64, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR | NA_BCAST, A1, 64, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR | NA_LBACK, "::1", 128, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR, A1, 129, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR, "::", 64, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR, "ff02::1", 128, "::"), -EINVAL);
	EQ(add6(nid, NA_ADDR, "::ffff:10.1.1.1", 128, "::"), -EINVAL);
	EQ(add6(nid, NA_MASK, A1, 0, "ffff:0:ffff::"), -EINVAL);
	EQ(add6(nid, NA_MASK, A1, 0, "ffff:fff5::"), -EINVAL);

	EQ(add6(nid, NA_ADDR | NA_IPV6, A1, 64, "ffff:ffff:ffff:ffff::"), 0);
	EQ(add6(nid, NA_ADDR, A1, 64, "::"), -EEXIST);
	EQ(add6(nid, NA_ADDR, A1, 128, "::"), -EEXIST);	/* it is the same address */
	CHECK(word_of(CMD_get_nflags, nid) & NF_SINGLE_IP, "SINGLE_IP went early");
	EQ(add6(nid, NA_ADDR, A2, 0, "::"), 0);
	CHECK(!(word_of(CMD_get_nflags, nid) & NF_SINGLE_IP), "two are not single");
	EQ(add6(nid, NA_MASK, B1, 0, "ffff:ffff:ffff::"), 0);
	EQ(add6(nid, NA_MASK, "fd00:77:2::77", 0, "ffff:ffff:ffff::"), -EEXIST);
	snprintf(path, sizeof(path), "/proc/virtnet/%u/info", nid);
	OK(read_file(path, text, sizeof(text)));
	CHECK(strstr(text, "[" A1 "/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/64:0010]"), "%s", text);
	CHECK(strstr(text, "[fd00:77:2::/ffff:ffff:ffff::/0:0020]"), "%s", text);
	EQ(rem6(nid, NA_MASK, B1, 0, "ffff:ffff::"), -ESRCH);
	EQ(rem6(nid, NA_MASK, B1, 0, "ffff:ffff:ffff::"), 0);
	/* "::/0" stands for all, as naddress sends it */
	EQ(add6(nid, NA_ADDR, "::", 0, "::"), 0);
	EQ(add6(nid, NA_MASK, "::", 0, "::"), -EEXIST);
	EQ(rem6(nid, NA_ADDR, "::", 0, "::"), 0);
	EQ(rem6(nid, NA_ADDR, A1, 0, "::"), 0);
	EQ(rem6(nid, NA_ADDR, A1, 0, "::"), -ESRCH);
	/* the other family is another set */
	EQ(add4(nid, A4), 0);
	EQ(vs(CMD_net_rem_ipv6, nid, &any), 0);
	EQ(rem6(nid, NA_ADDR, A2, 0, "::"), -ESRCH);
	EQ(add4(nid, A4), -EEXIST);

	for (n = 0; n < 256; n++) {
		snprintf(ip, sizeof(ip), "fd00:1::%x", n + 1);
		if (add6(nid, NA_ADDR, ip, 128, "::"))
			break;
	}
	EQ(n, 256);
	EQ(add6(nid, NA_ADDR, A1, 128, "::"), -ENOSPC);
	OK(set_word(CMD_set_nflags, nid, 0, NF_STATE_ADMIN));
	EQ(add6(nid, NA_ADDR, A1, 128, "::"), -EACCES);
	EQ(vs(CMD_net_rem_ipv6, nid, &any), -EACCES);
	end(pid);
}

TEST(rights, "a context cannot change its set of IPv6 addresses")
{
	uint32_t nid = new_xid();
	struct guest g = { };
	pid_t pid;

	EQ(net_create(nid, NF_DEFAULT), nid);
	OK(add6(nid, NA_ADDR, A1, 128, "::"));	/* control: the host may */
	pid = guest_fork(&g);
	if (!pid) {
		EQ(add6(nid, NA_ADDR, B1, 128, "::"), -EPERM);
		EQ(add6(XID_SELF, NA_ADDR, B1, 128, "::"), -EPERM);
		EQ(rem6(nid, NA_ADDR, A1, 128, "::"), -EPERM);
		done();
	}
	reap_ok(pid);
}

/* ---- sockets ---- */

TEST(binding, "IPv6 sockets are bound to addresses of the set and to no others")
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	uint32_t nid = new_xid();
	int fd, one = 1;
	pid_t pid;

	network();
	for (int i = 0; i < 2; i++) {	/* control */
		EQ(try_bind(types[i], HOST, PORT, 0), 0);
		EQ(try_bind(types[i], "::1", PORT, 0), 0);
		EQ(try_bind(types[i], MAPPED HOST4, PORT, 0), 0);
	}
	EQ(try_bind(SOCK_DGRAM, GROUP, PORT, 0), 0);
	pid = net_fork(nid, NF_STATE_ADMIN, A1, A2, A4);
	if (!pid) {
		struct sockaddr_in6 sin = at(HOST, PORT);

		for (int i = 0; i < 2; i++) {
			EQ(try_bind(types[i], A1, PORT, 0), 0);
			EQ(try_bind(types[i], A2, PORT, 0), 0);
			EQ(try_bind(types[i], "::", PORT, 0), 0);
			EQ(try_bind(types[i], MAPPED A4, PORT, 0), 0);
			EQ(try_bind(types[i], MAPPED "0.0.0.0", PORT, 0), 0);
			EQ(try_bind(types[i], B1, PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], HOST, PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], "::1", PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], MAPPED HOST4, PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], MAPPED "127.0.0.1", PORT, 0), -EADDRNOTAVAIL);
		}
		EQ(try_bind(SOCK_DGRAM, GROUP, PORT, 0), -EADDRNOTAVAIL);
		OK(set_word(CMD_set_ncaps, nid, NC_MULTICAST, NC_MULTICAST));
		EQ(try_bind(SOCK_DGRAM, GROUP, PORT, 0), 0);

		fd = socket(AF_INET6, SOCK_STREAM, 0);
		OK(E(setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one))));
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
		close(fd);
		fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
		NEED(fd >= 0);
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
		sin = at(A1, 0);
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), 0);
		close(fd);
		/* an address that is taken away, or given */
		OK(rem6(nid, NA_ADDR, A2, 0, "::"));
		EQ(try_bind(SOCK_STREAM, A2, PORT, 0), -EADDRNOTAVAIL);
		OK(add6(nid, NA_MASK, "fd00:77:2::", 0, "ffff:ffff:ffff::"));
		EQ(try_bind(SOCK_STREAM, B1, PORT, 0), 0);
		EQ(try_bind(SOCK_STREAM, HOST, PORT, 0), -EADDRNOTAVAIL);
		OK(add6(nid, NA_ADDR, "::", 0, "::"));
		EQ(try_bind(SOCK_STREAM, HOST, PORT, 0), 0);
		done();
	}
	reap_ok(pid);
}

TEST(single, "with SINGLE_IP the wildcard of one family is the address")
{
	uint32_t nid = new_xid();
	int fd;
	pid_t pid;

	network();
	pid = net_fork(nid, NF_STATE_ADMIN | NF_SINGLE_IP, A1, NULL, A4);
	if (!pid) {
		fd = bound_as(AF_INET6, SOCK_STREAM, "::", PORT, 0, 1);
		NEED(fd >= 0);
		name_is(fd, false, A1);
		close(fd);
		fd = bound(SOCK_STREAM, "::", PORT, 0);	/* for both */
		NEED(fd >= 0);
		name_is(fd, false, "::");
		close(fd);
		OK(rem6(nid, NA_ADDR, A1, 128, "::"));
		EQ(closed(bound_as(AF_INET6, SOCK_STREAM, "::", PORT, 0, 1)), -EADDRNOTAVAIL);
		done();
	}
	reap_ok(pid);
}

static void serve(char letter, const char *ip)
{
	serve_at(letter, bound(SOCK_STREAM, ip, PORT, 0), bound(SOCK_DGRAM, ip, PORT, 0));
}

/* Who is at ip? The letter, or -errno. */
static int ask(int type, const char *ip)
{
	return answer(type, connected(type, ip, PORT));
}

static int ask4(int type, const char *ip)
{
	return answer(type, connected4(type, ip, PORT));
}

TEST_T(wildcard, 60, "two contexts serve one port for both families, each its own")
{
	uint32_t a = new_xid(), b = new_xid();
	pid_t pa, pb;

	network();
	pa = net_fork(a, NF_DEFAULT, A1, A2, A4);
	if (!pa)
		serve('a', "::");
	pb = net_fork(b, NF_DEFAULT, B1, NULL, B4);
	if (!pb)
		serve('b', "::");
	step_wait(2);
	for (int t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
		EQ(ask(t, A1), 'a');
		EQ(ask(t, A2), 'a');
		EQ(ask(t, B1), 'b');
		EQ(ask(t, HOST), -ECONNREFUSED);
		EQ(ask(t, "::1"), -ECONNREFUSED);
		EQ(ask4(t, A4), 'a');
		EQ(ask4(t, B4), 'b');
		EQ(ask4(t, HOST4), -ECONNREFUSED);
		EQ(ask4(t, "127.0.0.1"), -ECONNREFUSED);
		EQ(ask(t, MAPPED A4), 'a');
	}
	/* the host takes what is left, on an address of nobody's */
	EQ(try_bind(SOCK_STREAM, HOST, PORT, 0), 0);
	EQ(try_bind(SOCK_STREAM, A1, PORT, 0), -EADDRINUSE);
	EQ(try_bind(SOCK_STREAM, "::", PORT, 0), -EADDRINUSE);
	EQ(closed(bound_as(AF_INET, SOCK_STREAM, A4, PORT, 0, 0)), -EADDRINUSE);
	EQ(closed(bound_as(AF_INET, SOCK_STREAM, HOST4, PORT, 0, 0)), 0);
	EQ(try_bind(SOCK_DGRAM, B1, PORT, 0), -EADDRINUSE);
	EQ(try_bind(SOCK_DGRAM, HOST, PORT, 0), 0);
	end(pa);
	end(pb);
}

TEST(conflicts, "a port is taken where sets of a common family meet")
{
	uint32_t a = new_xid(), b = new_xid();
	int t, fd[2], host;
	pid_t pid;

	network();
	/* control: the host shares its port among its own */
	fd[0] = bound(SOCK_STREAM, A1, PORT, SO_REUSEPORT);
	EQ(try_bind(SOCK_STREAM, A1, PORT, SO_REUSEPORT), 0);
	close(fd[0]);

	pid = net_fork(a, NF_DEFAULT, A1, A2, A4);
	if (!pid) {
		for (t = 0; t < 2; t++) {
			fd[t] = bound(t ? SOCK_DGRAM : SOCK_STREAM, "::", PORT, SO_REUSEPORT);
			NEED(fd[t] >= 0);
			/* its own may share */
			EQ(try_bind(t ? SOCK_DGRAM : SOCK_STREAM, "::", PORT, SO_REUSEPORT), 0);
		}
		step_set(1);
		idle();
	}
	step_wait(1);
	if (!host_fork()) {
		EQ(net_create(b, NF_DEFAULT), b);
		OK(add6(b, NA_ADDR, B1, 128, "::"));
		OK(add4(b, B4));
		for (t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
			EQ(try_bind(t, "::", PORT, SO_REUSEPORT), 0);
			EQ(try_bind(t, "::", PORT, 0), 0);
			EQ(try_bind(t, B1, PORT, 0), 0);
			OK(add6(b, NA_ADDR, A2, 128, "::"));
			EQ(try_bind(t, "::", PORT, SO_REUSEPORT), -EADDRINUSE);
			EQ(try_bind(t, "::", PORT, 0), -EADDRINUSE);
			EQ(try_bind(t, A2, PORT, SO_REUSEPORT), -EADDRINUSE);
			EQ(try_bind(t, B1, PORT, SO_REUSEPORT), 0);
			/* they do not meet in the other family */
			EQ(closed(bound_as(AF_INET, t, "0.0.0.0", PORT, 0, 0)), 0);
			OK(rem6(b, NA_ADDR, A2, 128, "::"));
			OK(add6(b, NA_MASK, "fd00:77:1::", 0, "ffff:ffff:ffff::"));
			EQ(try_bind(t, "::", PORT, SO_REUSEPORT), -EADDRINUSE);
			OK(rem6(b, NA_MASK, "fd00:77:1::", 0, "ffff:ffff:ffff::"));
			/* and here in that alone */
			OK(add4(b, A4));
			EQ(try_bind(t, "::", PORT, SO_REUSEPORT), -EADDRINUSE);
			EQ(closed(bound_as(AF_INET6, t, "::", PORT, 0, 1)), 0);
			EQ(try_bind(t, MAPPED A4, PORT, 0), -EADDRINUSE);
			EQ(closed(bound_as(AF_INET, t, A4, PORT, 0, 0)), -EADDRINUSE);
			EQ(closed(bound_as(AF_INET, t, B4, PORT, 0, 0)), 0);
			OK(vs(CMD_net_rem_ipv4_v1, b, &(struct abi_addr4_v1){ NA_ANY, 0, 0, 0 }));
			OK(add4(b, B4));
		}
		step_set(2);
		done();
	}
	step_wait(2);
	for (t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
		EQ(try_bind(t, A1, PORT, SO_REUSEPORT), -EADDRINUSE);
		EQ(try_bind(t, "::", PORT, SO_REUSEPORT), -EADDRINUSE);
		EQ(closed(bound_as(AF_INET, t, "0.0.0.0", PORT, SO_REUSEPORT, 0)), -EADDRINUSE);
		host = bound(t, HOST, PORT, SO_REUSEPORT);
		NEED(host >= 0);
		EQ(try_bind(t, HOST, PORT, SO_REUSEPORT), 0);
		close(host);
	}
	end(pid);
}

TEST(source, "what a context sends by IPv6 comes from its set")
{
	uint32_t nid = new_xid();
	struct sockaddr_in6 sin, from = { };
	socklen_t len = sizeof(from);
	int tcp, udp, fd;
	char c;
	pid_t pid;

	network();
	tcp = bound(SOCK_STREAM, HOST, PORT, 0);
	udp = bound(SOCK_DGRAM, HOST, PORT, 0);
	NEED(tcp >= 0 && udp >= 0);
	/* control: on one machine the host's source is the destination itself */
	fd = connected(SOCK_STREAM, HOST, PORT);
	NEED(fd >= 0);
	name_is(fd, false, HOST);
	close(fd);
	close(accept(tcp, NULL, NULL));

	pid = net_fork(nid, NF_STATE_ADMIN, A1, A2, NULL);
	if (!pid) {
		char ctl[CMSG_SPACE(sizeof(struct in6_pktinfo))] = "";
		struct iovec iov = { "y", 1 };
		struct msghdr m = { .msg_name = &sin, .msg_namelen = sizeof(sin),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = ctl, .msg_controllen = sizeof(ctl) };
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		struct in6_pktinfo *pi = (void *)CMSG_DATA(h);

		for (int t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
			fd = connected(t, HOST, PORT);
			NEED(fd >= 0);
			name_is(fd, false, A1);
			name_is(fd, true, HOST);
			close(fd);
		}
		sin = at(HOST, PORT);
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin)), 1);
		/* a source that is asked for */
		h->cmsg_level = IPPROTO_IPV6;
		h->cmsg_type = IPV6_PKTINFO;
		h->cmsg_len = CMSG_LEN(sizeof(*pi));
		pi->ipi6_addr = at(B1, 0).sin6_addr;
		EQ(E(sendmsg(fd, &m, 0)), -EPERM);
		pi->ipi6_addr = at(A2, 0).sin6_addr;
		EQ(E(sendmsg(fd, &m, 0)), 1);
		/* ... by a socket that knows its way already */
		NEED_OK(E(connect(fd, (struct sockaddr *)&sin, sizeof(sin))));
		m.msg_name = NULL;
		m.msg_namelen = 0;
		pi->ipi6_addr = at(B1, 0).sin6_addr;
		EQ(E(sendmsg(fd, &m, 0)), -EPERM);
		close(fd);

		EQ(try_connect(SOCK_STREAM, "::1", PORT), -EPERM);
		EQ(try_connect(SOCK_DGRAM, "::1", PORT), -EPERM);
		EQ(try_connect(SOCK_STREAM, "::", PORT), -EPERM);
		EQ(try_connect(SOCK_DGRAM, GROUP, PORT), -EPERM);
		OK(set_word(CMD_set_ncaps, nid, NC_MULTICAST, NC_MULTICAST));
		CHECK(try_connect(SOCK_DGRAM, GROUP, PORT) != -EPERM, "no group with MULTICAST");

		/* of the subnet, whichever is first; and none of a smaller scope */
		OK(rem6(nid, NA_ADDR, A1, 128, "::"));
		OK(add6(nid, NA_ADDR, B1, 32, "::"));
		fd = connected(SOCK_DGRAM, HOST, PORT);
		NEED(fd >= 0);
		name_is(fd, false, B1);
		close(fd);
		OK(rem6(nid, NA_ADDR, A2, 0, "::"));
		OK(rem6(nid, NA_ADDR, B1, 0, "::"));
		OK(add6(nid, NA_ADDR, "fe80::7", 64, "::"));
		EQ(try_connect(SOCK_DGRAM, HOST, PORT), -EADDRNOTAVAIL);
		OK(rem6(nid, NA_ADDR, "fe80::7", 64, "::"));
		EQ(try_connect(SOCK_STREAM, HOST, PORT), -EADDRNOTAVAIL);
		EQ(try_connect(SOCK_DGRAM, HOST, PORT), -EADDRNOTAVAIL);
		done();
	}
	fd = accept(tcp, NULL, NULL);
	NEED(fd >= 0);
	name_is(fd, true, A1);
	EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
	CHECK(c == 'x', "got %c", c);
	is_ip(&from, A1, "x's source");
	EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
	CHECK(c == 'y', "got %c", c);
	is_ip(&from, A2, "y's source");
	reap_ok(pid);
}

TEST(loopback, "::1 is there if it is allowed; 127.0.0.1 is the context's own by IPv6 too")
{
	uint32_t nid = new_xid();
	char lback[64];
	int tcp, fd;
	pid_t pid;

	network();
	/* control */
	tcp = bound(SOCK_STREAM, "::1", PORT, 0);
	EQ(try_connect(SOCK_STREAM, "::1", PORT), 0);
	snprintf(lback, sizeof(lback), MAPPED "127.%u.%u.1", nid >> 8, nid & 255);

	pid = net_fork(nid, NF_DEFAULT, A1, NULL, A4);
	if (!pid) {
		struct sockaddr_in6 from = { }, self = at(MAPPED "127.0.0.1", PORT);
		socklen_t len = sizeof(from);
		int udp = bound(SOCK_DGRAM, MAPPED "127.0.0.1", PORT, 0), lo;
		char c;

		EQ(try_connect(SOCK_STREAM, "::1", PORT), -EPERM);
		OK(set_word(CMD_set_nflags, nid, NF_LBACK_ALLOW, NF_LBACK_ALLOW));
		EQ(try_connect(SOCK_STREAM, "::1", PORT), 0);
		EQ(try_bind(SOCK_STREAM, "::1", PORT, 0), -EADDRINUSE);
		EQ(try_bind(SOCK_STREAM, "::1", PORT + 1, 0), 0);
		OK(set_word(CMD_set_nflags, nid, 0, NF_LBACK_ALLOW));
		OK(add6(nid, NA_ADDR, "::1", 128, "::"));
		EQ(try_connect(SOCK_STREAM, "::1", PORT), 0);
		OK(rem6(nid, NA_ADDR, "::1", 128, "::"));
		EQ(try_connect(SOCK_STREAM, "::1", PORT), -EPERM);

		lo = bound(SOCK_STREAM, MAPPED "127.0.0.1", PORT, 0);
		NEED(lo >= 0 && udp >= 0);
		name_is(lo, false, MAPPED "127.0.0.1");
		fd = connected(SOCK_STREAM, MAPPED "127.0.0.1", PORT);
		NEED(fd >= 0);
		name_is(fd, false, MAPPED "127.0.0.1");
		name_is(fd, true, MAPPED "127.0.0.1");
		close(fd);
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		EQ(sendto(fd, "z", 1, 0, (struct sockaddr *)&self, sizeof(self)), 1);
		EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
		is_ip(&from, MAPPED "127.0.0.1", "source");
		/* the same without a disguise */
		OK(set_word(CMD_set_nflags, nid, 0, NF_HIDE_LBACK));
		name_is(lo, false, lback);
		done();
	}
	reap_ok(pid);
	close(tcp);
}

/* Has the device an address that can be used, not one that is still looked into? */
static bool has_address(const char *device)
{
	char text[4096], name[IFNAMSIZ];
	unsigned int flags;

	if (!OK(read_file("/proc/net/if_inet6", text, sizeof(text))))
		return false;
	for (char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (sscanf(line, "%*s %*s %*s %*s %x %15s", &flags, name) == 2 &&
		    !strcmp(name, device) && !(flags & IFA_F_TENTATIVE))
			return true;
	return false;
}

/* A device that has groups, unlike lo; its index. */
static int group_device(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
		struct { struct rtattr a; char name[4]; } name;
		struct { struct rtattr a, kind; char text[8]; } info;
	} req = {
		{ sizeof(req), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0 },
		{ .ifi_family = AF_UNSPEC },
		{ { sizeof(req.name), IFLA_IFNAME }, "d0" },
		{ { sizeof(req.info), IFLA_LINKINFO },
		  { sizeof(struct rtattr) + 6, IFLA_INFO_KIND }, "dummy" },
	};
	struct { struct nlmsghdr h; struct nlmsgerr e; } ack = { };
	int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct ifreq ifr = { .ifr_name = "d0" };

	NEED(send(nl, &req, sizeof(req), 0) == sizeof(req));
	NEED(recv(nl, &ack, sizeof(ack), 0) > 0);
	NEED(EQ(ack.e.error, 0));
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	NEED_OK(E(ioctl(nl, SIOCSIFFLAGS, &ifr)));
	close(nl);
	/* its address comes a little later, and who sends from there needs it */
	for (int i = 0; i < 200 && !has_address("d0"); i++)
		msleep(50);
	NEED(CHECK(has_address("d0"), "d0 got no address of its own"));
	return (int)if_nametoindex("d0");
}

TEST(groups, "a context hears groups if it may")
{
	uint32_t nid = new_xid();
	struct timeval tv = { .tv_usec = 300000 };
	struct sockaddr_in6 group;
	struct ipv6_mreq mreq;
	int host, fd, idx;
	char c;

	network();
	idx = group_device();
	mreq.ipv6mr_interface = idx;
	group = at(GROUP, PORT);
	mreq.ipv6mr_multiaddr = group.sin6_addr;
	host = socket(AF_INET6, SOCK_DGRAM, 0);
	NEED(host >= 0);
	NEED_OK(E(setsockopt(host, IPPROTO_IPV6, IPV6_MULTICAST_IF, &idx, sizeof(idx))));
	/* control: the host hears */
	fd = bound(SOCK_DGRAM, "::", PORT, 0);
	NEED_OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	NEED_OK(E(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq, sizeof(mreq))));
	EQ(E(sendto(host, "g", 1, 0, (struct sockaddr *)&group, sizeof(group))), 1);
	EQ(E(recv(fd, &c, 1, 0)), 1);
	close(fd);

	EQ(net_create(nid, NF_STATE_ADMIN), nid);
	OK(add6(nid, NA_ADDR, A1, 128, "::"));
	fd = bound(SOCK_DGRAM, "::", PORT, 0);
	NEED(fd >= 0);
	NEED_OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	NEED_OK(E(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq, sizeof(mreq))));
	EQ(E(sendto(host, "g", 1, 0, (struct sockaddr *)&group, sizeof(group))), 1);
	EQ(E(recv(fd, &c, 1, 0)), -EAGAIN);
	EQ(E(sendto(fd, "g", 1, 0, (struct sockaddr *)&group, sizeof(group))), -EPERM);
	OK(set_word(CMD_set_ncaps, nid, NC_MULTICAST, NC_MULTICAST));
	EQ(E(sendto(host, "g", 1, 0, (struct sockaddr *)&group, sizeof(group))), 1);
	EQ(E(recv(fd, &c, 1, 0)), 1);
	close(fd);
	close(host);
}

TEST(kinds, "members get IPv6 sockets that know their set, and no others")
{
	static const struct { int type, protocol, err; } kinds[] = {
		{ SOCK_STREAM, 0, 0 },
		{ SOCK_STREAM, 262 /* MPTCP */, EPROTONOSUPPORT },
		{ SOCK_SEQPACKET, 0, EPROTONOSUPPORT },
		{ SOCK_DGRAM, IPPROTO_UDP, 0 },
		{ SOCK_DGRAM, IPPROTO_ICMP, EPROTONOSUPPORT },
		{ SOCK_RAW, IPPROTO_ICMPV6, 0 },
		{ SOCK_RAW, IPPROTO_UDP, 0 },
		/* behind these could be anything */
		{ SOCK_RAW, IPPROTO_HOPOPTS, EPROTONOSUPPORT },
		{ SOCK_RAW, IPPROTO_ROUTING, EPROTONOSUPPORT },
		{ SOCK_RAW, IPPROTO_FRAGMENT, EPROTONOSUPPORT },
		{ SOCK_RAW, IPPROTO_DSTOPTS, EPROTONOSUPPORT },
		{ SOCK_RAW, IPPROTO_MH, EPROTONOSUPPORT },
	};
	uint32_t nid = new_xid();
	int fd;

	network();
	fd = E(socket(AF_INET6, SOCK_RAW, IPPROTO_DSTOPTS));	/* control */
	OK(fd);
	close(fd);
	EQ(net_create(nid, NF_DEFAULT), nid);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fd = E(socket(AF_INET6, kinds[i].type, kinds[i].protocol));
		CHECK(kinds[i].err ? fd == -kinds[i].err : fd >= 0,
		      "socket(AF_INET6, %d, %d): %d, should be %d", kinds[i].type,
		      kinds[i].protocol, fd, -kinds[i].err);
		if (fd >= 0)
			close(fd);
	}
}

TEST(raw, "raw IPv6 sockets: the right to them, what they receive and send")
{
	uint32_t nid = new_xid(), b = new_xid();
	struct guest g = { .bcaps = BC_SECURE };
	struct { struct ip6_hdr ip; struct icmp6_hdr icmp; } p = { };
	struct icmp6_hdr nd = { .icmp6_type = ND_NEIGHBOR_ADVERT };
	struct sockaddr_in6 sin;
	struct timeval tv = { .tv_usec = 300000 };
	char buf[256];
	int fd, hear;
	pid_t pid, other;

	network();
	sin = at(B1, 0);
	p.ip.ip6_vfc = 6 << 4;
	p.ip.ip6_hlim = 255;
	p.ip.ip6_nxt = 253;		/* for experiments */
	p.ip.ip6_plen = htons(sizeof(p.icmp));
	p.ip.ip6_dst = sin.sin6_addr;
	p.ip.ip6_src = at(HOST, 0).sin6_addr;
	/* control: the host sends what it likes, and hears all */
	hear = socket(AF_INET6, SOCK_RAW, 253);
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	NEED(fd >= 0 && hear >= 0);
	NEED_OK(E(setsockopt(hear, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	EQ(E(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin))), (long)sizeof(p));
	CHECK(recv(hear, buf, sizeof(buf), 0) > 0, "the host hears nothing");
	close(fd);
	close(hear);
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	EQ(E(sendto(fd, &nd, sizeof(nd), 0, (struct sockaddr *)&sin, sizeof(sin))), (long)sizeof(nd));
	close(fd);

	other = net_fork(b, NF_DEFAULT, B1, NULL, NULL);
	if (!other)
		idle();
	EQ(net_create(nid, NF_DEFAULT), nid);
	OK(add6(nid, NA_ADDR, A1, 128, "::"));
	hear = socket(AF_INET6, SOCK_RAW, 253);
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	NEED(fd >= 0 && hear >= 0);
	NEED_OK(E(setsockopt(hear, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
#define SEND() E(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin)))
	EQ(SEND(), -EPERM);
	p.ip.ip6_src = at(A1, 0).sin6_addr;
	p.ip.ip6_dst = at("::1", 0).sin6_addr;	/* whatever it is routed by */
	EQ(SEND(), -EPERM);
	p.ip.ip6_dst = at("ff02::1", 0).sin6_addr;
	EQ(SEND(), -EPERM);
	p.ip.ip6_dst = at(B1, 0).sin6_addr;
	p.ip.ip6_nxt = IPPROTO_DSTOPTS;
	EQ(SEND(), -EPERM);
	p.ip.ip6_nxt = IPPROTO_ICMPV6;
	p.icmp.icmp6_type = ND_NEIGHBOR_ADVERT;
	EQ(SEND(), -EPERM);
	p.ip.ip6_nxt = 253;
	EQ(SEND(), (long)sizeof(p));
	EQ(E(recv(hear, buf, sizeof(buf), 0)), -EAGAIN);	/* it was for another */
	p.ip.ip6_dst = at(A1, 0).sin6_addr;
	EQ(SEND(), (long)sizeof(p));
	CHECK(recv(hear, buf, sizeof(buf), 0) > 0, "it does not hear what is for it");
	close(fd);
	close(hear);

	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	NEED(fd >= 0);
	for (int t = ND_ROUTER_SOLICIT; t <= ND_REDIRECT; t++) {
		nd.icmp6_type = t;
		EQ(E(sendto(fd, &nd, sizeof(nd), 0, (struct sockaddr *)&sin, sizeof(sin))), -EPERM);
	}
	nd.icmp6_type = ICMP6_ECHO_REQUEST;
	EQ(E(sendto(fd, &nd, sizeof(nd), 0, (struct sockaddr *)&sin, sizeof(sin))),
	   (long)sizeof(nd));
	NEED_OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	do {	/* the answer, not an earlier one */
		long n = E(recv(fd, buf, sizeof(buf), 0));

		CHECK(n > 0, "no answer: %ld", n);
		NEED(n > 0);
	} while (buf[0] != (char)ICMP6_ECHO_REPLY);
	close(fd);

	pid = guest_fork(&g);
	if (!pid) {
		EQ(E(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)), -EPERM);
		step_set(1);
		step_wait(2);
		OK(E(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)));
		EQ(E(socket(AF_INET6, SOCK_RAW, IPPROTO_TCP)), -EPERM);
		EQ(E(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMP)), -EPERM);
		EQ(E(socket(AF_INET, SOCK_RAW, IPPROTO_ICMPV6)), -EPERM);
		drop_to_user(1000);
		EQ(E(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)), -EPERM);
		done();
	}
	step_wait(1);
	OK(set_word(CMD_set_ncaps, nid, NC_RAW_ICMP, NC_RAW_ICMP));
	step_set(2);
	reap_ok(pid);
	end(other);
}

TEST(ping, "sockets that ping by IPv6 do so from the set and hear what is for it")
{
	uint32_t nid = new_xid();
	struct icmp6_hdr echo = { .icmp6_type = ICMP6_ECHO_REQUEST };
	struct timeval tv = { .tv_sec = 10 };
	struct sockaddr_in6 sin, from = { };
	socklen_t len = sizeof(from);
	char buf[256];
	int fd, host;

	network();
	NEED_OK(write_file("/proc/sys/net/ipv4/ping_group_range", "0 0"));
	host = E(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));	/* control */
	NEED(host >= 0);
	sin = at(HOST, 0x1234);
	EQ(E(bind(host, (struct sockaddr *)&sin, sizeof(sin))), 0);
	CHECK(listed("icmp6", 0x1234), "the host does not list its socket");

	EQ(net_create(nid, NF_DEFAULT), nid);
	OK(add6(nid, NA_ADDR, A1, 128, "::"));
	CHECK(!listed("icmp6", 0x1234), "the host's socket is listed");
	fd = E(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));
	NEED(fd >= 0);
	sin = at(HOST, 0x1235);
	EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
	sin = at("::", 0x1235);
	EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), 0);
	CHECK(listed("icmp6", 0x1235), "its socket is not listed");
	sin = at(HOST, 0);
	NEED_OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	EQ(E(sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&sin, sizeof(sin))),
	   (long)sizeof(echo));
	CHECK(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) > 0, "no answer");
	is_ip(&from, HOST, "who answers");
	close(fd);
	close(host);
}

/* IPv6 addresses that a netlink socket lists: how many, and whether ip is there. */
static int list_addresses(int fd, const char *ip, bool *there)
{
	struct { struct nlmsghdr h; struct ifaddrmsg m; } req = {
		{ sizeof(req), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ .ifa_family = AF_INET6 },
	};
	struct sockaddr_in6 want = at(ip, 0);
	char buf[8192];
	int n = 0;

	*there = false;
	NEED(send(fd, &req, sizeof(req), 0) == sizeof(req));
	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);

		NEED(len > 0);
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			struct ifaddrmsg *m = NLMSG_DATA(h);
			int rest = IFA_PAYLOAD(h);

			if (h->nlmsg_type != RTM_NEWADDR)
				return n;
			n++;
			for (struct rtattr *a = IFA_RTA(m); RTA_OK(a, rest); a = RTA_NEXT(a, rest))
				if (a->rta_type == IFA_ADDRESS &&
				    !memcmp(RTA_DATA(a), &want.sin6_addr, 16))
					*there = true;
		}
	}
}

TEST(lists, "IPv6 sockets, addresses and devices of others are not listed")
{
	uint32_t nid = new_xid();
	char text[8192];
	bool there;
	int nl, tcp, udp, raw, fd, ufd, rfd;

	network();
	tcp = bound(SOCK_STREAM, HOST, PORT, 0);
	udp = bound(SOCK_DGRAM, HOST, PORT, 0);
	raw = socket(AF_INET6, SOCK_RAW, 253);
	NEED(tcp >= 0 && udp >= 0 && raw >= 0);
	/* control */
	CHECK(listed("tcp6", PORT), "the host does not list its socket");
	CHECK(listed("udp6", PORT), "the host does not list its socket");
	CHECK(listed("raw6", 253), "the host does not list its socket");
	OK(read_file("/proc/thread-self/net/if_inet6", text, sizeof(text)));
	CHECK(strstr(text, "fd000077000900000000000000000009"), "no address of the host: %s", text);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	EQ(list_addresses(nl, HOST, &there), 5);
	CHECK(there, "the host's address is not listed");
	close(nl);

	EQ(net_create(nid, NF_STATE_ADMIN | NF_HIDE_NETIF), nid);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	EQ(list_addresses(nl, HOST, &there), 0);
	EQ(if_nametoindex("lo"), 0);
	OK(add6(nid, NA_ADDR, A1, 128, "::"));
	CHECK(if_nametoindex("lo"), "its device is not there");
	OK(read_file("/proc/thread-self/net/dev", text, sizeof(text)));
	CHECK(strstr(text, "lo:"), "its device is not listed: %s", text);
	EQ(list_addresses(nl, A1, &there), 1);
	CHECK(there, "its address is not listed");
	close(nl);
	OK(read_file("/proc/thread-self/net/if_inet6", text, sizeof(text)));
	CHECK(!strncmp(text, "fd000077000100000000000000000001 ", 33) &&
	      strchr(text, '\n') == text + strlen(text) - 1, "not its one address: %s", text);
	CHECK(!listed("tcp6", PORT), "the host's socket is listed");
	CHECK(!listed("udp6", PORT), "the host's socket is listed");
	CHECK(!listed("raw6", 253), "the host's socket is listed");
	fd = bound(SOCK_STREAM, "::", PORT + 1, 0);
	ufd = bound(SOCK_DGRAM, "::", PORT + 1, 0);
	rfd = socket(AF_INET6, SOCK_RAW, 254);
	NEED(fd >= 0 && ufd >= 0 && rfd >= 0);
	CHECK(listed("tcp6", PORT + 1), "its socket is not listed");
	CHECK(listed("udp6", PORT + 1), "its socket is not listed");
	CHECK(listed("raw6", 254), "its socket is not listed");
}

TEST_T(churn, 120, "sets of IPv6 change while sockets ask them")
{
	uint32_t ids[4], nid = new_xid();
	pid_t pids[4], pid;

	network();
	for (int i = 0; i < 4; i++)
		ids[i] = new_xid();
	pid = net_fork(nid, NF_DEFAULT, A1, NULL, A4);
	if (!pid) {	/* its set changes all the time, and it asks */
		if (!host_fork()) {
			EQ(vs(CMD_net_migrate, nid, NULL), 0);
			for (;;) {
				closed(bound(SOCK_STREAM, "::", PORT, SO_REUSEPORT));
				try_connect(SOCK_DGRAM, HOST, PORT);
				ask(SOCK_DGRAM, A2);
			}
		}
		for (;;) {
			add6(nid, NA_ADDR, A2, 128, "::");
			add6(nid, NA_ADDR, B1, 64, "::");
			rem6(nid, NA_ADDR, B1, 64, "::");
			rem6(nid, NA_ADDR, A2, 128, "::");
		}
	}
	for (int i = 0; i < 4; i++) {
		pids[i] = host_fork();
		if (pids[i])
			continue;
		for (int n = 0; n < 30; n++) {
			pid_t p = host_fork();

			if (p) {
				NEED(reap(p) == 0);
				continue;
			}
			NEED(EQ(net_create(ids[i], NF_DEFAULT), ids[i]));
			NEED_OK(add6(ids[i], NA_ADDR, i & 1 ? HOST : B1, 128, "::"));
			NEED(bound(SOCK_STREAM, "::", PORT + 1 + i, 0) >= 0);
			NEED(connected(SOCK_STREAM, i & 1 ? HOST : B1, PORT + 1 + i) >= 0);
			NEED(connected(SOCK_DGRAM, HOST, PORT) >= 0);
			if (n & 1)
				NEED_OK(rem6(ids[i], NA_ADDR, i & 1 ? HOST : B1, 128, "::"));
			done();
		}
		done();
	}
	for (int i = 0; i < 4; i++)
		reap_ok(pids[i]);
	end(pid);
}
