// SPDX-License-Identifier: GPL-2.0
/*
 * Network contexts: the commands with their errors, and what sockets may do.
 *
 * Each test has a network name space of its own with the addresses it needs, all
 * on the loopback device, and attempts that must fail are shown to work for the
 * host, on the same addresses, first.
 */
#include "vs_net.h"

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define A1 "10.77.1.1"
#define A2 "10.77.1.2"
#define B1 "10.77.2.1"
#define HOST "10.77.9.9"	/* of no context */
#define PORT 8080

/* ---- the network ---- */

static struct sockaddr_in at(const char *ip, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	NEED(inet_pton(AF_INET, ip, &sin.sin_addr) == 1);
	return sin;
}

static void add_address(int fd, int n, const char *ip)
{
	struct ifreq ifr = { };
	struct sockaddr_in sin = at(ip, 0);

	snprintf(ifr.ifr_name, IFNAMSIZ, "lo:%d", n);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	NEED_OK(E(ioctl(fd, SIOCSIFADDR, &ifr)));
	sin = at("255.255.255.255", 0);
	memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
	NEED_OK(E(ioctl(fd, SIOCSIFNETMASK, &ifr)));
}

static void network(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	NEED_OK(E(unshare(CLONE_NEWNET)));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	NEED(fd >= 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	NEED_OK(E(ioctl(fd, SIOCSIFFLAGS, &ifr)));
	add_address(fd, 1, A1);
	add_address(fd, 2, A2);
	add_address(fd, 3, B1);
	add_address(fd, 4, HOST);
	close(fd);
}

static uint32_t ip4(const char *ip)
{
	return at(ip, 0).sin_addr.s_addr;
}

static long add4(uint32_t nid, int type, const char *ip, const char *mask)
{
	/* what tools leave in the bytes nobody reads */
	struct abi_addr4_v1 a = { type, 0xabcd, ip4(ip), ip4(mask) };

	return vs(CMD_net_add_ipv4_v1, nid, &a);
}

static long rem4(uint32_t nid, int type, const char *ip, const char *mask)
{
	struct abi_addr4_v1 a = { type, 0xabcd, ip4(ip), ip4(mask) };

	return vs(CMD_net_rem_ipv4_v1, nid, &a);
}

static long range4(uint32_t cmd, uint32_t nid, const char *from, const char *to)
{
	struct abi_addr4_v2 a = { NA_RANGE, 0, ip4(from), ip4(to), 0 };

	return vs(cmd, nid, &a);
}

static long task_nid(int pid)
{
	return vs(CMD_task_nid, pid, NULL);
}

/* A process in a network context of its own with up to two addresses. */
static pid_t net_fork(uint32_t nid, uint64_t flags, const char *ip, const char *ip2)
{
	int p[2];
	char c;
	pid_t pid;

	NEED_OK(E(pipe2(p, O_CLOEXEC)));
	pid = host_fork();
	if (!pid) {
		NEED(EQ(net_create(nid, flags), nid));
		if (ip)
			NEED_OK(add4(nid, NA_ADDR, ip, "255.255.255.255"));
		if (ip2)
			NEED_OK(add4(nid, NA_ADDR, ip2, "0.0.0.0"));
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

/* A bound socket, or -errno; TCP ones listen. */
static int bound(int type, const char *ip, int port, int option)
{
	struct sockaddr_in sin = at(ip, port);
	int fd = socket(AF_INET, type, 0), one = 1, err;

	NEED(fd >= 0);
	if (option)
		NEED_OK(E(setsockopt(fd, SOL_SOCKET, option, &one, sizeof(one))));
	err = E(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	if (!err && type == SOCK_STREAM)
		err = E(listen(fd, 8));
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static long try_bind(int type, const char *ip, int port, int option)
{
	int fd = bound(type, ip, port, option);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int connected(int type, const char *ip, int port)
{
	struct sockaddr_in sin = at(ip, port);
	int fd = socket(AF_INET, type, 0), err;

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
	int fd = connected(type, ip, port);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static bool name_is(int fd, bool peer, const char *ip)
{
	struct sockaddr_in sin = { };
	socklen_t len = sizeof(sin);
	char text[INET_ADDRSTRLEN];

	if (!CHECK(!(peer ? getpeername : getsockname)(fd, (struct sockaddr *)&sin, &len),
		   "no name: %s", strerror(errno)))
		return false;
	return CHECK(sin.sin_addr.s_addr == ip4(ip), "%s is %s, should be %s",
		     peer ? "peer" : "name",
		     inet_ntop(AF_INET, &sin.sin_addr, text, sizeof(text)), ip);
}

/* ---- commands ---- */

TEST(create, "net_create returns the id, moves the caller in and has its errors")
{
	uint32_t nid = new_xid();
	struct abi_nx_info info;
	pid_t pid;

	EQ(net_create(0, 0), -EINVAL);
	EQ(net_create(1, 0), -EINVAL);
	EQ(net_create(65536, 0), -EINVAL);
	EQ(net_create(XID_NONE, 0), -EINVAL);
	EQ(net_create(XID_SELF, 0), -EINVAL);
	EQ(vs(CMD_net_create_v1, nid, (void *)8), -EFAULT);
	EQ(vs(CMD_nx_info, nid, &info), -ESRCH);
	EQ(vs(CMD_nx_info, 0, &info), -ESRCH);
	EQ(vs(CMD_nx_info, XID_SELF, &info), -ESRCH);
	EQ(task_nid(0), 0);

	pid = host_fork();
	if (!pid) {
		EQ(vs(CMD_net_create_v1, nid, NULL), nid);
		EQ(task_nid(0), nid);
		EQX(word_of(CMD_get_nflags, XID_SELF), NF_DEFAULT);
		EQX(word_of(CMD_get_ncaps, nid), 0);
		NEED_OK(vs(CMD_nx_info, XID_SELF, &info));
		EQ(info.nid, nid);
		EQ(vs(CMD_nx_info, nid, (void *)8), -EFAULT);
		EQ(net_create(nid, 0), -EEXIST);
		step_set(1);
		step_wait(2);
		done();
	}
	step_wait(1);
	EQ(net_create(nid, 0), -EEXIST);
	EQ(task_nid(0), 0);
	EQ(task_nid(pid), nid);
	NEED_OK(vs(CMD_nx_info, nid, &info));
	step_set(2);
	reap_ok(pid);
	/* its number is free at once, and the task's own gone */
	EQ(vs(CMD_nx_info, nid, &info), -ESRCH);
	EQ(task_nid(pid), -ESRCH);

	pid = net_fork(nid, NF_STATE_ADMIN | NF_STATE_SETUP, NULL, NULL);
	if (!pid)
		idle();
	EQ(net_create(nid, 0), -EBUSY);
	kill(pid, SIGKILL);
	reap(pid);
}

TEST(migrate, "net_migrate enters, private ones are closed, 1 is the watch id")
{
	uint32_t nid = new_xid();
	pid_t pid = net_fork(nid, NF_STATE_ADMIN | NF_PRIVATE | NF_STATE_SETUP, NULL, NULL), p2;

	if (!pid)
		idle();
	EQ(vs(CMD_net_migrate, nid + 1, NULL), -ESRCH);
	EQ(vs(CMD_net_migrate, 0, NULL), -ESRCH);
	p2 = host_fork();
	if (!p2) {
		EQ(vs(CMD_net_migrate, nid, NULL), 0);
		EQ(task_nid(0), nid);
		EQ(vs(CMD_net_migrate, 1, NULL), 1);
		EQ(task_nid(0), 1);
		done();
	}
	reap_ok(p2);
	OK(set_word(CMD_set_nflags, nid, 0, NF_STATE_SETUP));
	EQ(vs(CMD_net_migrate, nid, NULL), -EACCES);
	EQ(task_nid(0), 0);
	/* without STATE_ADMIN the host is refused, for good */
	OK(set_word(CMD_set_nflags, nid, 0, NF_PRIVATE | NF_STATE_ADMIN));
	EQ(vs(CMD_net_migrate, nid, NULL), -EACCES);
	EQ(set_word(CMD_set_nflags, nid, NF_STATE_ADMIN, NF_STATE_ADMIN), -EACCES);
	EQ(add4(nid, NA_ADDR, A1, "0.0.0.0"), -EACCES);
	kill(pid, SIGKILL);
	reap(pid);
}

TEST(words, "nflags and ncaps merge; one-time bits go for good; PERSISTENT is a claim")
{
	uint32_t nid = new_xid();
	uint64_t v, m;
	pid_t pid = net_fork(nid, NF_STATE_ADMIN | NF_STATE_SETUP, NULL, NULL);

	if (!pid)
		idle();
	OK(set_word(CMD_set_nflags, nid, NF_SINGLE_IP | NF_HIDE_NETIF, NF_SINGLE_IP));
	EQX(word_of(CMD_get_nflags, nid), NF_STATE_ADMIN | NF_STATE_SETUP | NF_SINGLE_IP);
	OK(set_word(CMD_set_nflags, nid, 0, NF_STATE_SETUP));
	OK(set_word(CMD_set_nflags, nid, NF_STATE_SETUP, NF_STATE_SETUP));
	NEED_OK(get_word(CMD_get_nflags, nid, &v, &m));
	EQX(v, NF_STATE_ADMIN | NF_SINGLE_IP);
	EQX(m, ~NF_STATE_SETUP);
	OK(set_word(CMD_set_ncaps, nid, NC_RAW_ICMP | 1, ~0ull));
	OK(set_word(CMD_set_ncaps, nid, 0, 1));
	EQX(word_of(CMD_get_ncaps, nid), NC_RAW_ICMP);
	EQ(vs(CMD_set_ncaps, nid, (void *)8), -EFAULT);
	EQ(vs(CMD_set_nflags, nid, (void *)8), -EFAULT);
	EQ(vs(CMD_get_nflags, nid + 1, &v), -ESRCH);
	EQ(set_word(CMD_set_ncaps, nid + 1, 0, 0), -ESRCH);
	EQ(set_word(CMD_set_nflags, nid + 1, 0, 0), -ESRCH);

	OK(set_word(CMD_set_nflags, nid, NF_PERSISTENT, NF_PERSISTENT));
	kill(pid, SIGKILL);
	reap(pid);
	EQX(word_of(CMD_get_ncaps, nid), NC_RAW_ICMP);
	OK(set_word(CMD_set_nflags, nid, 0, NF_PERSISTENT));
	EQ(get_word(CMD_get_ncaps, nid, &v, &m), -ESRCH);
}

TEST(inherit, "children belong to the parent's network context, to the last")
{
	uint32_t nid = new_xid();
	struct abi_nx_info info;
	char text[4096], line[64];
	pid_t pid = net_fork(nid, NF_DEFAULT, A1, NULL), child;

	if (!pid) {
		child = fork();
		if (!child) {
			EQ(task_nid(0), nid);
			step_wait(2);
			done();
		}
		sh->val[0] = child;
		step_set(1);
		done();		/* the child is the last */
	}
	step_wait(1);
	reap_ok(pid);
	EQ(task_nid(sh->val[0]), nid);
	NEED_OK(vs(CMD_nx_info, nid, &info));

	snprintf(text, sizeof(text), "/proc/%d/status", (int)sh->val[0]);
	OK(read_file(text, text, sizeof(text)));
	CHECK(line_value(text, "NxID:\t", line, sizeof(line)) && (uint32_t)atoi(line) == nid,
	      "NxID is not %u", nid);
	snprintf(text, sizeof(text), "/proc/%d/ninfo", (int)sh->val[0]);
	OK(read_file(text, text, sizeof(text)));
	CHECK(line_value(text, "NID:\t", line, sizeof(line)) && (uint32_t)atoi(line) == nid,
	      "NID is not %u", nid);
	CHECK(strstr(text, A1), "no address in: %s", text);
	snprintf(line, sizeof(line), "%u", nid);
	CHECK(dir_has("/proc/virtnet", line), "not in /proc/virtnet");
	snprintf(line, sizeof(line), "/proc/virtnet/%u/status", nid);
	OK(read_file(line, text, sizeof(text)));
	CHECK(strstr(text, "Tasks:\t1\n"), "%s", text);
	snprintf(line, sizeof(line), "/proc/virtnet/%u/info", nid);
	OK(read_file(line, text, sizeof(text)));
	CHECK(strstr(text, "[" A1 "-0.0.0.0/255.255.255.255:0010]"), "%s", text);
	step_set(2);
	for (int i = 0; i < 2000 && vs(CMD_nx_info, nid, &info) == 0; i++)
		msleep(2);
	EQ(vs(CMD_nx_info, nid, &info), -ESRCH);
	EQ(read_file(line, text, sizeof(text)), -ENOENT);
}

TEST(addresses_v0, "the oldest form of address sets: up to four, all of them or none")
{
	uint32_t nid = new_xid();
	struct abi_addr4_v0 a = { NA_IPV4, 3, { ip4(A1), ip4(A2), ip4(B1) }, { 0, 0, 0 } };
	struct abi_addr4_v0 any = { .type = NA_ANY, .count = 77 };
	pid_t pid = net_fork(nid, NF_DEFAULT, NULL, NULL);

	if (!pid)
		idle();
	EQ(vs(CMD_net_add_v0, nid, &a), 3);
	EQ(vs(CMD_net_add_v0, nid, &a), -EEXIST);
	EQ(add4(nid, NA_ADDR, B1, "0.0.0.0"), -EEXIST);
	EQ(vs(CMD_net_rem_v0, nid, &a), 3);
	EQ(vs(CMD_net_rem_v0, nid, &a), -ESRCH);
	/* the third cannot be: the first two are not there either */
	OK(add4(nid, NA_ADDR, B1, "0.0.0.0"));
	EQ(vs(CMD_net_add_v0, nid, &a), -EEXIST);
	EQ(rem4(nid, NA_ADDR, A1, "0.0.0.0"), -ESRCH);
	EQ(rem4(nid, NA_ADDR, A2, "0.0.0.0"), -ESRCH);
	EQ(vs(CMD_net_rem_v0, nid, &any), 0);
	EQ(rem4(nid, NA_ADDR, B1, "0.0.0.0"), -ESRCH);
	a.count = 0;
	EQ(vs(CMD_net_add_v0, nid, &a), -EINVAL);
	EQ(vs(CMD_net_rem_v0, nid, &a), -EINVAL);
	a.count = 5;
	EQ(vs(CMD_net_add_v0, nid, &a), -EINVAL);
	EQ(vs(CMD_net_rem_v0, nid, &a), -EINVAL);
	a.type = NA_IPV4 | NA_BCAST;
	a.count = 2;
	EQ(vs(CMD_net_add_v0, nid, &a), -EINVAL);
	/* nor does the flag of a single address go for a second that did not come */
	OK(add4(nid, NA_ADDR, B1, "0.0.0.0"));
	OK(set_word(CMD_set_nflags, nid, NF_SINGLE_IP, NF_SINGLE_IP));
	a.type = NA_IPV4;
	a.count = 3;
	EQ(vs(CMD_net_add_v0, nid, &a), -EEXIST);
	EQX(word_of(CMD_get_nflags, nid) & NF_SINGLE_IP, NF_SINGLE_IP);
	EQ(vs(CMD_net_rem_v0, nid, &any), 0);
	a.count = 1;
	a.type = NA_IPV6;
	EQ(vs(CMD_net_add_v0, nid, &a), -EINVAL);
	a.type = NA_IPV4;
	EQ(vs(CMD_net_add_v0, nid + 1, &a), -ESRCH);
	EQ(vs(CMD_net_rem_v0, nid + 1, &a), -ESRCH);
	EQ(vs(CMD_net_add_v0, nid, NULL), -EFAULT);
	EQ(vs(CMD_net_rem_v0, nid, NULL), -EFAULT);
}

TEST(addresses, "address sets change as asked, or with the right error")
{
	uint32_t nid = new_xid();
	struct abi_addr4_v1 any = { NA_ANY, 0xffff, 0xdeadbeef, 0x12345678 };
	pid_t pid = net_fork(nid, NF_DEFAULT | NF_SINGLE_IP, NULL, NULL);
	char ip[32];
	int n;

	if (!pid)
		idle();
	EQ(add4(nid + 1, NA_ADDR, A1, "0.0.0.0"), -ESRCH);
	EQ(rem4(nid + 1, NA_ADDR, A1, "0.0.0.0"), -ESRCH);
	EQ(vs(CMD_net_add_ipv4_v1, nid, (void *)8), -EFAULT);
	EQ(vs(CMD_net_rem_ipv4_v1, nid, NULL), -EFAULT);
	EQ(vs(CMD_net_add_ipv4_v2, nid, NULL), -EFAULT);
	EQ(vs(CMD_net_rem_ipv4_v2, nid, NULL), -EFAULT);
	/* taking all from an empty set is no error, whatever else is in there */
	EQ(vs(CMD_net_rem_ipv4_v1, nid, &any), 0);
	EQ(rem4(nid, NA_ADDR, A1, "0.0.0.0"), -ESRCH);
	EQ(add4(nid, 0, A1, "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ANY, A1, "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR | NA_IPV6, A1, "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR, "0.0.0.0", "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR, "224.0.0.1", "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR, "255.255.255.255", "0.0.0.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR, A1, "255.0.255.0"), -EINVAL);
	EQ(add4(nid, NA_RANGE, A1, "255.255.255.0"), -EINVAL);
	EQ(add4(nid, NA_ADDR | NA_LBACK, A1, "0.0.0.0"), -EINVAL);
	EQ(range4(CMD_net_add_ipv4_v2, nid, A2, A1), -EINVAL);

	EQ(add4(nid, NA_ADDR | NA_IPV4, A1, "255.255.255.0"), 0);
	EQ(add4(nid, NA_ADDR, A1, "255.255.255.0"), -EEXIST);
	CHECK(word_of(CMD_get_nflags, nid) & NF_SINGLE_IP, "SINGLE_IP went early");
	EQ(add4(nid, NA_ADDR, A2, "0.0.0.0"), 0);
	CHECK(!(word_of(CMD_get_nflags, nid) & NF_SINGLE_IP), "two are not single");
	EQ(add4(nid, NA_MASK, "0.0.0.0", "0.0.0.0"), 0);
	EQ(rem4(nid, NA_MASK, "10.0.0.0", "255.0.0.0"), -ESRCH);
	EQ(rem4(nid, NA_MASK, "0.0.0.0", "0.0.0.0"), 0);
	EQ(range4(CMD_net_add_ipv4_v2, nid, A1, A2), 0);
	EQ(range4(CMD_net_add_ipv4_v2, nid, A1, A2), -EEXIST);
	EQ(range4(CMD_net_rem_ipv4_v2, nid, A1, B1), -ESRCH);
	EQ(range4(CMD_net_rem_ipv4_v2, nid, A1, A2), 0);
	EQ(add4(nid, NA_ADDR | NA_BCAST, "10.77.1.255", "0.0.0.0"), 0);
	EQ(rem4(nid, NA_ADDR | NA_BCAST, "10.77.2.255", "0.0.0.0"), -ESRCH);
	EQ(rem4(nid, NA_ADDR | NA_BCAST, "10.77.1.255", "0.0.0.0"), 0);
	EQ(add4(nid, NA_ADDR | NA_LBACK, "127.9.9.9", "0.0.0.0"), 0);
	EQ(rem4(nid, NA_ADDR | NA_LBACK, "127.9.9.8", "0.0.0.0"), -ESRCH);
	EQ(rem4(nid, NA_ADDR | NA_LBACK, "127.9.9.9", "0.0.0.0"), 0);
	EQ(rem4(nid, NA_ADDR, A1, "255.255.255.0"), 0);
	EQ(rem4(nid, NA_ADDR, A1, "255.255.255.0"), -ESRCH);
	EQ(vs(CMD_net_rem_ipv4_v1, nid, &any), 0);
	EQ(rem4(nid, NA_ADDR, A2, "0.0.0.0"), -ESRCH);

	for (n = 0; n < 256; n++) {
		snprintf(ip, sizeof(ip), "10.1.1.%d", n);
		if (add4(nid, NA_ADDR, ip, "0.0.0.0"))
			break;
	}
	EQ(n, 256);
	EQ(add4(nid, NA_ADDR, A1, "0.0.0.0"), -ENOSPC);
	kill(pid, SIGKILL);
	reap(pid);
}

TEST(rights, "a context cannot change its network context, nor see another")
{
	uint32_t nid = new_xid(), other = new_xid();
	uint64_t v, m;
	struct guest g = { };
	char path[64];
	pid_t keep = net_fork(other, NF_DEFAULT, B1, NULL), pid;

	if (!keep)
		idle();
	EQ(net_create(nid, NF_DEFAULT), nid);
	/* control: the host may, from inside one as well */
	OK(add4(nid, NA_ADDR, A1, "0.0.0.0"));
	OK(get_word(CMD_get_nflags, other, &v, &m));
	snprintf(path, sizeof(path), "/proc/virtnet/%u", other);
	EQ(E(access(path, F_OK)), 0);
	pid = guest_fork(&g);
	if (!pid) {
		EQ(task_nid(0), nid);
		EQ(vs(CMD_net_migrate, other, NULL), -EPERM);
		EQ(vs(CMD_net_migrate, 1, NULL), -EPERM);
		EQ(net_create(nid + 1, 0), -EPERM);
		EQ(add4(nid, NA_ADDR, B1, "0.0.0.0"), -EPERM);
		EQ(add4(XID_SELF, NA_ADDR, B1, "0.0.0.0"), -EPERM);
		EQ(rem4(nid, NA_ADDR, A1, "0.0.0.0"), -EPERM);
		EQ(set_word(CMD_set_nflags, nid, 0, ~0ull), -EPERM);
		EQ(set_word(CMD_set_ncaps, nid, ~0ull, ~0ull), -EPERM);
		OK(get_word(CMD_get_nflags, nid, &v, &m));
		EQ(get_word(CMD_get_nflags, other, &v, &m), -EPERM);
		EQ(get_word(CMD_get_ncaps, other, &v, &m), -EPERM);
		EQ(E(access(path, F_OK)), -ENOENT);
		snprintf(path, sizeof(path), "/proc/virtnet/%u", nid);
		EQ(E(access(path, F_OK)), 0);
		drop_to_user(1000);
		EQ(vs(CMD_task_nid, 0, NULL), -ENOSYS);
		done();
	}
	reap_ok(pid);
	kill(keep, SIGKILL);
	reap(keep);
}

/* ---- sockets ---- */

TEST(binding, "sockets are bound to addresses of the set and to no others")
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	uint32_t nid = new_xid();
	int fd, one = 1;
	pid_t pid;

	network();
	for (int i = 0; i < 2; i++) {	/* control */
		EQ(try_bind(types[i], HOST, PORT, 0), 0);
		EQ(try_bind(types[i], B1, PORT, 0), 0);
	}
	pid = net_fork(nid, NF_STATE_ADMIN, A1, A2);
	if (!pid) {
		struct sockaddr_in sin = at(HOST, PORT);

		for (int i = 0; i < 2; i++) {
			EQ(try_bind(types[i], A1, PORT, 0), 0);
			EQ(try_bind(types[i], A2, PORT, 0), 0);
			EQ(try_bind(types[i], "0.0.0.0", PORT, 0), 0);
			EQ(try_bind(types[i], B1, PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], HOST, PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], "127.0.0.1", PORT, 0), -EADDRNOTAVAIL);
			EQ(try_bind(types[i], "224.0.0.1", PORT, 0), -EADDRNOTAVAIL);
		}
		fd = socket(AF_INET, SOCK_STREAM, 0);
		OK(E(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one))));
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
		close(fd);
		fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
		NEED(fd >= 0);
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
		sin = at(A1, 0);
		EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), 0);
		close(fd);
		/* an address that is taken away, or given */
		OK(rem4(nid, NA_ADDR, A2, "0.0.0.0"));
		EQ(try_bind(SOCK_STREAM, A2, PORT, 0), -EADDRNOTAVAIL);
		OK(range4(CMD_net_add_ipv4_v2, nid, "10.77.1.2", "10.77.2.9"));
		EQ(try_bind(SOCK_STREAM, A2, PORT, 0), 0);
		EQ(try_bind(SOCK_STREAM, B1, PORT, 0), 0);
		EQ(try_bind(SOCK_STREAM, HOST, PORT, 0), -EADDRNOTAVAIL);
		done();
	}
	reap_ok(pid);
}

TEST(single, "with SINGLE_IP the wildcard is the address")
{
	uint32_t nid = new_xid();
	int fd;
	pid_t pid;

	network();
	pid = net_fork(nid, NF_STATE_ADMIN | NF_SINGLE_IP, A1, NULL);
	if (!pid) {
		fd = bound(SOCK_STREAM, "0.0.0.0", PORT, 0);
		NEED(fd >= 0);
		name_is(fd, false, A1);
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

TEST_T(wildcard, 60, "two contexts serve the same port on all addresses, each its own")
{
	uint32_t a = new_xid(), b = new_xid();
	pid_t pa, pb;

	network();
	pa = net_fork(a, NF_DEFAULT, A1, A2);
	if (!pa)
		serve('a', "0.0.0.0");
	pb = net_fork(b, NF_DEFAULT, B1, NULL);
	if (!pb)
		serve('b', "0.0.0.0");
	step_wait(2);
	for (int t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
		EQ(ask(t, A1), 'a');
		EQ(ask(t, A2), 'a');
		EQ(ask(t, B1), 'b');
		EQ(ask(t, HOST), -ECONNREFUSED);
		EQ(ask(t, "127.0.0.1"), -ECONNREFUSED);
	}
	/* the host takes what is left, on an address of nobody's */
	EQ(try_bind(SOCK_STREAM, HOST, PORT, 0), 0);
	EQ(try_bind(SOCK_STREAM, A1, PORT, 0), -EADDRINUSE);
	EQ(try_bind(SOCK_STREAM, "0.0.0.0", PORT, 0), -EADDRINUSE);
	EQ(try_bind(SOCK_DGRAM, B1, PORT, 0), -EADDRINUSE);
	EQ(try_bind(SOCK_DGRAM, HOST, PORT, 0), 0);
	kill(pa, SIGKILL);
	kill(pb, SIGKILL);
	reap(pa);
	reap(pb);
}

TEST(conflicts, "a port is taken where sets meet, with SO_REUSEPORT as well")
{
	uint32_t a = new_xid(), b = new_xid();
	int t, fd[2], host;
	pid_t pid;

	network();
	/* control: the host shares its port among its own */
	fd[0] = bound(SOCK_STREAM, A1, PORT, SO_REUSEPORT);
	EQ(try_bind(SOCK_STREAM, A1, PORT, SO_REUSEPORT), 0);
	close(fd[0]);

	pid = net_fork(a, NF_DEFAULT, A1, A2);
	if (!pid) {
		for (t = 0; t < 2; t++) {
			fd[t] = bound(t ? SOCK_DGRAM : SOCK_STREAM, "0.0.0.0", PORT, SO_REUSEPORT);
			NEED(fd[t] >= 0);
			/* its own may share */
			EQ(try_bind(t ? SOCK_DGRAM : SOCK_STREAM, "0.0.0.0", PORT, SO_REUSEPORT), 0);
		}
		step_set(1);
		idle();
	}
	step_wait(1);
	if (!host_fork()) {
		EQ(net_create(b, NF_DEFAULT), b);
		for (t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
			EQ(try_bind(t, "0.0.0.0", PORT, SO_REUSEPORT), 0);
			OK(add4(b, NA_ADDR, B1, "0.0.0.0"));
			EQ(try_bind(t, "0.0.0.0", PORT, 0), 0);
			EQ(try_bind(t, B1, PORT, 0), 0);
			OK(add4(b, NA_ADDR, A2, "0.0.0.0"));
			EQ(try_bind(t, "0.0.0.0", PORT, SO_REUSEPORT), -EADDRINUSE);
			EQ(try_bind(t, "0.0.0.0", PORT, 0), -EADDRINUSE);
			EQ(try_bind(t, A2, PORT, SO_REUSEPORT), -EADDRINUSE);
			EQ(try_bind(t, B1, PORT, SO_REUSEPORT), 0);
			OK(rem4(b, NA_ADDR, A2, "0.0.0.0"));
			OK(rem4(b, NA_ADDR, B1, "0.0.0.0"));
		}
		step_set(2);
		done();
	}
	step_wait(2);
	for (t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
		EQ(try_bind(t, A1, PORT, SO_REUSEPORT), -EADDRINUSE);
		EQ(try_bind(t, "0.0.0.0", PORT, SO_REUSEPORT), -EADDRINUSE);
		host = bound(t, HOST, PORT, SO_REUSEPORT);
		NEED(host >= 0);
		EQ(try_bind(t, HOST, PORT, SO_REUSEPORT), 0);
		close(host);
	}
	kill(pid, SIGKILL);
	reap(pid);
}

TEST(source, "what a context sends comes from its set")
{
	uint32_t nid = new_xid();
	struct sockaddr_in sin, from = { };
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

	pid = net_fork(nid, NF_STATE_ADMIN, A1, A2);
	if (!pid) {
		for (int t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
			fd = connected(t, HOST, PORT);
			NEED(fd >= 0);
			name_is(fd, false, A1);
			name_is(fd, true, HOST);
			close(fd);
		}
		sin = at(HOST, PORT);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin)), 1);
		/* a source that is asked for */
		{
			char ctl[CMSG_SPACE(sizeof(struct in_pktinfo))] = "";
			struct iovec iov = { "y", 1 };
			struct msghdr m = { .msg_name = &sin, .msg_namelen = sizeof(sin),
				.msg_iov = &iov, .msg_iovlen = 1,
				.msg_control = ctl, .msg_controllen = sizeof(ctl) };
			struct cmsghdr *h = CMSG_FIRSTHDR(&m);
			struct in_pktinfo *pi = (void *)CMSG_DATA(h);

			h->cmsg_level = IPPROTO_IP;
			h->cmsg_type = IP_PKTINFO;
			h->cmsg_len = CMSG_LEN(sizeof(*pi));
			pi->ipi_spec_dst.s_addr = ip4(B1);
			EQ(E(sendmsg(fd, &m, 0)), -EPERM);
			pi->ipi_spec_dst.s_addr = ip4(A2);
			EQ(E(sendmsg(fd, &m, 0)), 1);
		}
		close(fd);
		EQ(try_connect(SOCK_STREAM, "127.0.0.1", PORT), -EPERM);
		EQ(try_connect(SOCK_DGRAM, "224.0.0.1", PORT), -EPERM);
		OK(set_word(CMD_set_ncaps, nid, NC_MULTICAST, NC_MULTICAST));
		EQ(try_connect(SOCK_DGRAM, "224.0.0.1", PORT), -ENETUNREACH);
		OK(rem4(nid, NA_ADDR, A1, "255.255.255.255"));
		OK(rem4(nid, NA_ADDR, A2, "0.0.0.0"));
		EQ(try_connect(SOCK_STREAM, HOST, PORT), -EADDRNOTAVAIL);
		EQ(try_connect(SOCK_DGRAM, HOST, PORT), -EADDRNOTAVAIL);
		done();
	}
	fd = accept(tcp, NULL, NULL);
	NEED(fd >= 0);
	name_is(fd, true, A1);
	EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
	CHECK(c == 'x' && from.sin_addr.s_addr == ip4(A1), "%c from %#x", c, from.sin_addr.s_addr);
	EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
	CHECK(c == 'y' && from.sin_addr.s_addr == ip4(A2), "%c from %#x", c, from.sin_addr.s_addr);
	reap_ok(pid);
}

TEST(loopback, "127.0.0.1 is the context's own, and looks as ever")
{
	uint32_t a = new_xid(), b = new_xid();
	char lback[32];
	int tcp, fd;
	pid_t pa, pb;

	network();
	/* control: for the host it is one place */
	tcp = bound(SOCK_STREAM, "127.0.0.1", PORT, 0);
	EQ(try_connect(SOCK_STREAM, "127.0.0.1", PORT), 0);
	close(tcp);
	snprintf(lback, sizeof(lback), "127.%u.%u.1", a >> 8, a & 255);

	pa = net_fork(a, NF_DEFAULT, A1, NULL);
	if (!pa) {
		struct sockaddr_in from = { }, self = at("127.0.0.1", PORT);
		socklen_t len = sizeof(from);
		int udp = bound(SOCK_DGRAM, "127.0.0.1", PORT, 0);
		char c;

		tcp = bound(SOCK_STREAM, "127.0.0.1", PORT, 0);
		NEED(tcp >= 0 && udp >= 0);
		name_is(tcp, false, "127.0.0.1");
		fd = connected(SOCK_STREAM, "127.0.0.1", PORT);
		NEED(fd >= 0);
		name_is(fd, false, "127.0.0.1");
		name_is(fd, true, "127.0.0.1");
		close(fd);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		EQ(sendto(fd, "z", 1, 0, (struct sockaddr *)&self, sizeof(self)), 1);
		EQ(recvfrom(udp, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
		CHECK(from.sin_addr.s_addr == ip4("127.0.0.1"), "from %#x", from.sin_addr.s_addr);
		/* the same without a disguise */
		OK(set_word(CMD_set_nflags, a, 0, NF_HIDE_LBACK));
		name_is(tcp, false, lback);
		step_set(1);
		idle();
	}
	step_wait(1);
	EQ(try_connect(SOCK_STREAM, "127.0.0.1", PORT), -ECONNREFUSED);
	EQ(try_connect(SOCK_STREAM, lback, PORT), 0);	/* the host reaches all */
	pb = net_fork(b, NF_DEFAULT, B1, NULL);
	if (!pb) {
		EQ(try_bind(SOCK_STREAM, "127.0.0.1", PORT, 0), 0);
		EQ(try_connect(SOCK_STREAM, "127.0.0.1", PORT), -ECONNREFUSED);
		EQ(try_connect(SOCK_STREAM, lback, PORT), -EPERM);
		EQ(try_connect(SOCK_DGRAM, lback, PORT), -EPERM);
		EQ(try_bind(SOCK_STREAM, lback, PORT, 0), -EADDRNOTAVAIL);
		OK(set_word(CMD_set_nflags, b, NF_LBACK_ALLOW, NF_LBACK_ALLOW | NF_LBACK_REMAP));
		EQ(try_bind(SOCK_STREAM, "127.0.0.1", PORT, 0), 0);
		EQ(try_connect(SOCK_STREAM, lback, PORT), -EPERM);
		done();
	}
	reap_ok(pb);
	kill(pa, SIGKILL);
	reap(pa);
}

TEST(kinds, "members get sockets that know their set, and no others")
{
	static const struct { int family, type, protocol, err; } kinds[] = {
		{ AF_KEY, SOCK_RAW, 2, EAFNOSUPPORT },
		{ AF_INET6, SOCK_STREAM, 0, 0 },
		{ AF_PACKET, SOCK_RAW, 0, EPERM },
		{ AF_PACKET, SOCK_DGRAM, 0, EPERM },
		{ AF_INET, SOCK_PACKET, 0, EPERM },
		{ AF_INET, SOCK_STREAM, 262 /* MPTCP */, EPROTONOSUPPORT },
		{ AF_INET, SOCK_SEQPACKET, 0, EPROTONOSUPPORT },
		{ AF_UNIX, SOCK_STREAM, 0, 0 },
		{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0 },
	};
	uint32_t nid = new_xid();
	int fd;

	network();
	fd = socket(AF_INET6, SOCK_STREAM, 0);	/* control */
	CHECK(fd >= 0, "no IPv6 at all");
	close(fd);
	EQ(net_create(nid, NF_DEFAULT), nid);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fd = E(socket(kinds[i].family, kinds[i].type, kinds[i].protocol));
		CHECK(kinds[i].err ? fd == -kinds[i].err : fd >= 0,
		      "socket(%d, %d, %d): %d, should be %d", kinds[i].family,
		      kinds[i].type, kinds[i].protocol, fd, -kinds[i].err);
		if (fd >= 0)
			close(fd);
	}
	/* in a stack of its own the set means nothing */
	NEED_OK(E(unshare(CLONE_NEWNET)));
	fd = E(socket(AF_INET6, SOCK_STREAM, 0));
	OK(fd);
	close(fd);
	EQ(try_bind(SOCK_STREAM, "0.0.0.0", PORT, 0), 0);
}

TEST(raw, "raw sockets: the right to them, what they receive and send")
{
	uint32_t nid = new_xid(), b = new_xid();
	struct guest g = { .bcaps = BC_SECURE };
	struct { struct iphdr ip; struct icmphdr icmp; } p = { };
	struct sockaddr_in sin;
	struct timeval tv = { .tv_usec = 300000 };
	char buf[256];
	int fd, one = 1;
	pid_t pid, other;

	network();
	sin = at(B1, 0);
	p.ip.version = 4;
	p.ip.ihl = 5;
	p.ip.ttl = 9;
	p.ip.protocol = IPPROTO_ICMP;
	p.ip.daddr = ip4(B1);
	p.ip.saddr = ip4(HOST);
	p.icmp.type = ICMP_TIMESTAMPREPLY;
	/* control: the host sends what it likes, and hears all */
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	NEED(fd >= 0);
	OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	OK(E(setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof(one))));
	EQ(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin)), (long)sizeof(p));
	CHECK(recv(fd, buf, sizeof(buf), 0) > 0, "the host hears nothing");
	close(fd);

	other = net_fork(b, NF_DEFAULT, B1, NULL);
	if (!other)
		idle();
	EQ(net_create(nid, NF_DEFAULT), nid);
	OK(add4(nid, NA_ADDR, A1, "0.0.0.0"));
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	NEED(fd >= 0);
	OK(E(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))));
	OK(E(setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof(one))));
	EQ(E(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin))), -EPERM);
	p.ip.saddr = ip4(A1);
	p.ip.daddr = ip4("127.0.0.1");	/* whatever it is routed by */
	EQ(E(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin))), -EPERM);
	p.ip.daddr = ip4(B1);
	EQ(sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&sin, sizeof(sin)), (long)sizeof(p));
	EQ(E(recv(fd, buf, sizeof(buf), 0)), -EAGAIN);	/* it was for another */
	close(fd);

	pid = guest_fork(&g);
	if (!pid) {
		EQ(E(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), -EPERM);
		step_set(1);
		step_wait(2);
		OK(E(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
		EQ(E(socket(AF_INET, SOCK_RAW, IPPROTO_TCP)), -EPERM);
		drop_to_user(1000);
		EQ(E(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), -EPERM);
		done();
	}
	step_wait(1);
	OK(set_word(CMD_set_ncaps, nid, NC_RAW_ICMP, NC_RAW_ICMP));
	step_set(2);
	reap_ok(pid);
	kill(other, SIGKILL);
	reap(other);
}

static int open_tun(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	NEED_OK(E(fd));
	return fd;
}

/* Attached to the interface, a new one if there is none: @fd, or -errno and closed. */
static int attach(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int err;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	err = E(ioctl(fd, TUNSETIFF, &ifr));
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int tunnel(const char *name)
{
	return attach(open_tun(), name);
}

TEST(tunnels, "tun_create: interfaces of its own, that no other context has, and none stays")
{
	uint32_t nid = new_xid(), b = new_xid();
	struct guest g = { .bcaps = BC_SECURE };
	pid_t pid, other;
	int fd;

	if (access("/dev/net/tun", F_OK))
		vs_skip("no /dev/net/tun");
	network();
	fd = tunnel("vshost");
	NEED_OK(fd);
	OK(E(ioctl(fd, TUNSETOWNER, 0)));
	OK(E(ioctl(fd, TUNSETPERSIST, 1)));
	close(fd);
	fd = tunnel("vshost");
	OK(fd);
	close(fd);

	other = net_fork(b, NF_DEFAULT, B1, NULL);
	if (!other) {
		step_wait(3);
		EQ(tunnel("vsguest"), -EPERM);
		EQ(tunnel("vshost"), -EPERM);
		done();
	}
	EQ(net_create(nid, NF_DEFAULT & ~NF_HIDE_NETIF), nid);
	EQ(tunnel("vshost"), -EPERM);
	pid = guest_fork(&g);
	if (!pid) {
		EQ(tunnel("vsguest"), -EPERM);
		step_set(1);
		step_wait(2);
		fd = tunnel("vsguest");
		NEED_OK(fd);
		EQ(E(ioctl(fd, TUNSETPERSIST, 1)), -EPERM);
		close(fd);
		EQ(if_nametoindex("vsguest"), 0);
		NEED_OK(tunnel("vsguest"));
		/* may be attached to, but has one queue */
		EQ(tunnel("vsguest"), -EBUSY);
		EQ(tunnel("vshost"), -EPERM);
		step_set(3);
		step_wait(4);
		fd = open_tun();
		drop_to_user(1000);
		EQ(attach(fd, "vsuser"), -EPERM);
		done();
	}
	step_wait(1);
	OK(set_word(CMD_set_ncaps, nid, NC_TUN_CREATE, NC_TUN_CREATE));
	step_set(2);
	reap_ok(other);
	CHECK(if_nametoindex("vsguest"), "the interface is not there");
	step_set(4);
	reap_ok(pid);
	EQ(if_nametoindex("vsguest"), 0);
}

/* IPv4 addresses that a netlink socket lists: how many, and whether ip is there. */
static int list_addresses(int fd, const char *ip, bool *there)
{
	struct { struct nlmsghdr h; struct ifaddrmsg m; } req = {
		{ sizeof(req), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ .ifa_family = AF_INET },
	};
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
				if (a->rta_type == IFA_LOCAL &&
				    *(uint32_t *)RTA_DATA(a) == ip4(ip))
					*there = true;
		}
	}
}

TEST(lists, "sockets, addresses and devices of others are not listed")
{
	uint32_t nid = new_xid();
	char text[8192], port[32];
	struct ifconf ifc;
	struct ifreq ifr[16];
	bool there;
	int nl, host, fd;

	network();
	host = bound(SOCK_STREAM, HOST, PORT, 0);
	NEED(host >= 0);
	snprintf(port, sizeof(port), ":%04X ", PORT);
	/* control */
	OK(read_file("/proc/thread-self/net/tcp", text, sizeof(text)));
	CHECK(strstr(text, port), "the host does not list its socket: %s", text);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	EQ(list_addresses(nl, HOST, &there), 5);
	CHECK(there, "the host's address is not listed");
	close(nl);

	EQ(net_create(nid, NF_STATE_ADMIN | NF_HIDE_NETIF), nid);
	OK(read_file("/proc/thread-self/net/dev", text, sizeof(text)));
	CHECK(!strstr(text, "lo:"), "a device is listed: %s", text);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	EQ(list_addresses(nl, HOST, &there), 0);
	EQ(if_nametoindex("lo"), 0);

	OK(add4(nid, NA_ADDR, A1, "0.0.0.0"));
	OK(read_file("/proc/thread-self/net/dev", text, sizeof(text)));
	CHECK(strstr(text, "lo:"), "its device is not listed: %s", text);
	CHECK(if_nametoindex("lo"), "its device is not there");
	EQ(list_addresses(nl, A1, &there), 1);
	CHECK(there, "its address is not listed");
	close(nl);
	OK(read_file("/proc/thread-self/net/tcp", text, sizeof(text)));
	CHECK(!strstr(text, port), "the host's socket is listed: %s", text);
	fd = bound(SOCK_STREAM, "0.0.0.0", PORT + 1, 0);
	NEED(fd >= 0);
	snprintf(port, sizeof(port), ":%04X ", PORT + 1);
	OK(read_file("/proc/thread-self/net/tcp", text, sizeof(text)));
	CHECK(strstr(text, port), "its socket is not listed: %s", text);
	ifc.ifc_len = sizeof(ifr);
	ifc.ifc_req = ifr;
	OK(E(ioctl(fd, SIOCGIFCONF, &ifc)));
	EQ(ifc.ifc_len, (int)sizeof(ifr[0]));
	CHECK(((struct sockaddr_in *)&ifr[0].ifr_addr)->sin_addr.s_addr == ip4(A1),
	      "SIOCGIFCONF lists another address");
	close(fd);
	close(host);
}

TEST(outlives, "a socket keeps its set after the network context has ended")
{
	uint32_t nid = new_xid();
	struct abi_nx_info info;
	struct msghdr m = { };
	char ctl[CMSG_SPACE(sizeof(int))] = "", c = 'f';
	struct iovec iov = { &c, 1 };
	struct sockaddr_in sin;
	int sv[2], fd;
	pid_t pid;

	network();
	NEED_OK(E(socketpair(AF_UNIX, SOCK_STREAM, 0, sv)));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = ctl;
	m.msg_controllen = sizeof(ctl);
	pid = net_fork(nid, NF_STATE_ADMIN, A1, NULL);
	if (!pid) {
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);

		fd = socket(AF_INET, SOCK_STREAM, 0);
		NEED(fd >= 0);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
		EQ(sendmsg(sv[1], &m, 0), 1);
		done();
	}
	NEED(recvmsg(sv[0], &m, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	reap_ok(pid);
	EQ(vs(CMD_nx_info, nid, &info), -ESRCH);
	sin = at(HOST, PORT);
	EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), -EADDRNOTAVAIL);
	sin = at(A1, PORT);
	EQ(E(bind(fd, (struct sockaddr *)&sin, sizeof(sin))), 0);
	close(fd);
}

TEST_T(churn, 60, "many short network contexts, with sockets, at once")
{
	uint32_t ids[8];
	pid_t pids[8];

	network();
	for (int i = 0; i < 8; i++)
		ids[i] = new_xid();
	for (int i = 0; i < 8; i++) {
		pids[i] = host_fork();
		if (pids[i])
			continue;
		for (int n = 0; n < 40; n++) {
			pid_t p = host_fork();

			if (p) {
				NEED(reap(p) == 0);
				continue;
			}
			NEED(EQ(net_create(ids[i], NF_DEFAULT), ids[i]));
			NEED_OK(add4(ids[i], NA_ADDR, i & 1 ? A1 : B1, "0.0.0.0"));
			NEED(bound(SOCK_STREAM, "127.0.0.1", PORT, 0) >= 0);
			NEED(connected(SOCK_STREAM, "127.0.0.1", PORT) >= 0);
			NEED(connected(SOCK_DGRAM, HOST, PORT) >= 0);
			if (n & 1)
				NEED_OK(rem4(ids[i], NA_ADDR, i & 1 ? A1 : B1, "0.0.0.0"));
			done();
		}
		done();
	}
	for (int i = 0; i < 8; i++)
		reap_ok(pids[i]);
}
