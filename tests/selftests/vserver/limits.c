// SPDX-License-Identifier: GPL-2.0
/* Limits: counted exactly, refused in time, given back whatever happens. */
#include "vs_test.h"

#include <arpa/inet.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>

#define PAGE	4096L

static const uint32_t ids[] = { RL_NPROC, RL_AS, RL_LOCKS, RL_NSOCK, RL_OPENFD,
				RL_MSGQUEUE, RL_SHMEM, RL_SEMARY, RL_NSEMS };
#define NR_IDS	((int)(sizeof(ids) / sizeof(ids[0])))

static long set_limit(uint32_t xid, uint32_t id, uint64_t soft, uint64_t hard)
{
	struct abi_rlimit r = { .id = id, .minimum = RL_KEEP, .softlimit = soft, .maximum = hard };

	return vs(CMD_set_rlimit, xid, &r);
}

static struct abi_rlimit_stat stat_of(uint32_t xid, uint32_t id)
{
	struct abi_rlimit_stat s = { .id = id };

	if (!OK(vs(CMD_rlimit_stat, xid, &s)))
		memset(&s, 0xff, sizeof(s));
	return s;
}

static long value_of(uint32_t xid, uint32_t id)
{
	return (long)stat_of(xid, id).value;
}

/* In a guest: limits are the host's to set, so children ask their parent. */
#define LIMITED_GUEST { .setup = true, .no_init = true }

TEST(mask, "get_rlimit_mask: exactly the ids that can be set, to anybody, for any id")
{
	const uint32_t want = 1u << RL_NPROC | 1u << RL_AS | 1u << RL_LOCKS | 1u << RL_NSOCK |
			      1u << RL_OPENFD | 1u << RL_MSGQUEUE | 1u << RL_SHMEM |
			      1u << RL_SEMARY | 1u << RL_NSEMS;
	struct abi_rlimit_mask m = { 0, 0, 0 };
	struct guest g = SECURE_GUEST;
	pid_t pid;

	OK(vs(CMD_get_rlimit_mask, 4711, &m));
	EQX(m.softlimit, want);
	EQX(m.maximum, want);
	EQX(m.minimum, 0);
	REFUSED(vs(CMD_get_rlimit_mask, 0, NULL), EFAULT);
	pid = guest_fork(&g);
	if (pid == 0) {
		OK(vs(CMD_get_rlimit_mask, 0, &m));
		done();
	}
	reap_ok(pid);
}

TEST(set_get, "set_rlimit, get_rlimit: infinity, keep, soft within hard; who may, and what is refused")
{
	static const uint32_t bad[] = { 0, 5, 7, 18, 22, 23, 24, 1000, 0xffffffff };
	struct guest g = { .setup = true };
	struct abi_rlimit r;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	for (int i = 0; i < NR_IDS; i++) {
		vs_note("id %u", ids[i]);
		r = (struct abi_rlimit){ .id = ids[i] };
		OK(vs(CMD_get_rlimit, g.xid, &r));
		EQX(r.softlimit, RL_INFINITY);
		EQX(r.maximum, RL_INFINITY);
		OK(set_limit(g.xid, ids[i], 5, 100000));
		OK(vs(CMD_get_rlimit, g.xid, &r));
		EQ(r.softlimit, 5);
		EQ(r.maximum, 100000);
		OK(set_limit(g.xid, ids[i], RL_KEEP, 200000));
		OK(vs(CMD_get_rlimit, g.xid, &r));
		EQ(r.softlimit, 5);
		EQ(r.maximum, 200000);
		OK(set_limit(g.xid, ids[i], RL_INFINITY, RL_KEEP));
		OK(vs(CMD_get_rlimit, g.xid, &r));
		EQ(r.softlimit, 200000);
		EQ(r.maximum, 200000);
		/* the largest there is stands for none */
		OK(set_limit(g.xid, ids[i], RL_INFINITY, 1ull << 63));
		OK(vs(CMD_get_rlimit, g.xid, &r));
		EQX(r.maximum, RL_INFINITY);
		OK(set_limit(g.xid, ids[i], RL_INFINITY, RL_INFINITY));
	}
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = (struct abi_rlimit){ .id = bad[i] };
		REFUSED(vs(CMD_get_rlimit, g.xid, &r), EINVAL);
		REFUSED(set_limit(g.xid, bad[i], 1, 1), EINVAL);
	}
	for (unsigned int i = 0; i < 4; i++) {
		static const uint32_t seen[] = { RL_RSS, RL_ANON, RL_MAPPED, RL_MEMLOCK };

		CHECK(value_of(g.xid, seen[i]) >= 0, "rlimit_stat of %u", seen[i]);
	}
	r = (struct abi_rlimit){ .id = 24 };
	REFUSED(vs(CMD_rlimit_stat, g.xid, &r), EINVAL);
	REFUSED(vs(CMD_set_rlimit, g.xid, NULL), EFAULT);
	REFUSED(vs(CMD_get_rlimit, g.xid, NULL), EFAULT);
	REFUSED(vs(CMD_rlimit_stat, g.xid, NULL), EFAULT);
	r.id = RL_NPROC;
	REFUSED(vs(CMD_get_rlimit, 65533, &r), ESRCH);
	REFUSED(vs(CMD_rlimit_stat, 65533, &r), ESRCH);
	REFUSED(vs(CMD_reset_hits, 65533, NULL), ESRCH);
	REFUSED(vs(CMD_reset_minmax, 65533, NULL), ESRCH);
}

TEST(guest_may_not, "a secure guest neither sets nor resets, and a guest with rights reads its own only")
{
	struct guest a = SECURE_GUEST, b = { .bcaps = BC_ALL };
	struct abi_rlimit r = { .id = RL_NPROC };
	uint32_t other;
	pid_t pa, pb;

	pa = guest_fork(&a);
	if (pa == 0) {
		REFUSED(set_limit(XID_SELF, RL_NPROC, RL_INFINITY, RL_INFINITY), EPERM);
		REFUSED(vs(CMD_reset_hits, XID_SELF, NULL), EPERM);
		idle();
	}
	other = a.xid;
	pb = guest_fork(&b);
	if (pb == 0) {
		REFUSED(set_limit(XID_SELF, RL_NPROC, RL_INFINITY, RL_INFINITY), EPERM);
		REFUSED(vs(CMD_reset_minmax, XID_SELF, NULL), EPERM);
		OK(vs(CMD_get_rlimit, XID_SELF, &r));
		REFUSED(vs(CMD_get_rlimit, other, &r), EPERM);
		REFUSED(vs(CMD_rlimit_stat, other, &r), EPERM);
		done();
	}
	reap_ok(pb);
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

TEST(nproc, "processes: the limit is exact for processes and threads, and what ends gives back")
{
	struct guest g = LIMITED_GUEST;
	struct abi_rlimit_stat s;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		pid_t kids[8];
		pthread_t t;
		int n = 0, err = 0;

		step_wait(1);
		while (n < 8) {
			kids[n] = fork();
			if (kids[n] == 0)
				idle();
			if (kids[n] < 0) {
				err = errno;
				break;
			}
			n++;
		}
		EQ(n, 4);
		EQ(err, EAGAIN);
		EQ(pthread_create(&t, NULL, sleeper, NULL), EAGAIN);
		kill(kids[0], SIGKILL);
		reap(kids[0]);
		EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
		EQ(E(fork()), -EAGAIN);
		step_set(2);
		step_wait(3);
		/* the limit has gone */
		kids[0] = fork();
		if (kids[0] == 0)
			done();
		reap_ok(kids[0]);
		done();
	}
	EQ(value_of(g.xid, RL_NPROC), 1);
	OK(set_limit(g.xid, RL_NPROC, RL_INFINITY, 5));
	step_set(1);
	step_wait(2);
	s = stat_of(g.xid, RL_NPROC);
	EQ(s.value, 5);
	EQ(s.hits, 3);
	EQ(s.maximum, 5);
	OK(set_limit(g.xid, RL_NPROC, RL_INFINITY, RL_INFINITY));
	step_set(3);
	reap_ok(pid);
}

TEST(enter_full, "who may enter a context enters a full one, and is counted")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g), in;

	if (pid == 0)
		idle();
	OK(set_limit(g.xid, RL_NPROC, RL_INFINITY, 1));
	OK(set_limit(g.xid, RL_OPENFD, RL_INFINITY, 1));
	OK(set_limit(g.xid, RL_AS, RL_INFINITY, 1));
	in = guest_join(g.xid);
	if (in == 0) {
		EQ(E(fork()), -EAGAIN);
		EQ(E(dup(0)), -EMFILE);
		CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED,
		      "a page of address space more");
		step_set(1);
		step_wait(2);
		done();
	}
	step_wait(1);
	EQ(value_of(g.xid, RL_NPROC), 2);
	CHECK(value_of(g.xid, RL_OPENFD) > 1, "its open files count");
	CHECK(value_of(g.xid, RL_AS) > 1, "its address space counts");
	step_set(2);
	reap_ok(in);
	EQ(value_of(g.xid, RL_NPROC), 1);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

TEST(openfd, "open files: every way to a new entry counts and is refused; what replaces does not")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		int fd[8], p[2], n = 0, start;

		start = open_fds();
		sh->val[0] = start;
		step_set(1);
		step_wait(2);		/* limit: start + 4 */
		while (n < 8 && (fd[n] = open("/dev/null", O_RDONLY)) >= 0)
			n++;
		EQ(n, 4);
		EQ(errno, EMFILE);
		EQ(E(dup(fd[0])), -EMFILE);
		EQ(E(fcntl(fd[0], F_DUPFD, 0)), -EMFILE);
		EQ(E(dup2(fd[0], 200)), -EMFILE);
		EQ(E(dup2(fd[0], fd[1])), fd[1]);
		EQ(E(pipe(p)), -EMFILE);
		EQ(E(socket(AF_UNIX, SOCK_STREAM, 0)), -EMFILE);
		close(fd[3]);
		EQ(E(pipe(p)), -EMFILE);	/* needs two, and leaves none */
		fd[3] = open("/dev/null", O_RDONLY);
		CHECK(fd[3] >= 0, "one was given back: %s", strerror(errno));
		EQ(open_fds(), start + 4);
		/* a child has as many again */
		EQ(E(fork()), -EAGAIN);
		step_set(3);
		step_wait(4);		/* limit: three times as many */
		pid_t kid = fork();

		CHECK(kid >= 0, "fork: %s", strerror(errno));
		if (kid == 0) {
			EQ(open_fds(), start + 4);
			step_set(5);
			step_wait(6);
			/* closed by exec */
			for (int i = 0; i < 4; i++)
				fcntl(fd[i], F_SETFD, FD_CLOEXEC);
			execl("/bin/sleep", "sleep", "1000", (char *)NULL);
			_exit(99);
		}
		step_wait(7);
		kill(kid, SIGKILL);
		reap(kid);
		step_set(8);
		step_wait(9);
		EQ(E(syscall(SYS_close_range, fd[0], fd[3], 0)), 0);
		step_set(10);
		step_wait(11);
		done();
	}
	step_wait(1);
	long start = sh->val[0];

	EQ(value_of(g.xid, RL_OPENFD), start);
	OK(set_limit(g.xid, RL_OPENFD, RL_INFINITY, start + 4));
	step_set(2);
	step_wait(3);
	EQ(value_of(g.xid, RL_OPENFD), start + 4);
	EQ(stat_of(g.xid, RL_OPENFD).maximum, start + 4);
	CHECK(stat_of(g.xid, RL_OPENFD).hits >= 8, "refusals are counted");
	OK(set_limit(g.xid, RL_OPENFD, RL_INFINITY, 3 * (start + 4)));
	step_set(4);
	step_wait(5);
	EQ(value_of(g.xid, RL_OPENFD), 2 * (start + 4));
	step_set(6);
	for (int i = 0; i < 200 && value_of(g.xid, RL_OPENFD) != 2 * start + 4; i++)
		msleep(50);
	EQ(value_of(g.xid, RL_OPENFD), 2 * start + 4);
	step_set(7);
	step_wait(8);
	EQ(value_of(g.xid, RL_OPENFD), start + 4);
	step_set(9);
	step_wait(10);
	EQ(value_of(g.xid, RL_OPENFD), start);
	step_set(11);
	reap_ok(pid);
}

/* Pages of address space as the process itself is told. */
static long own_pages(void)
{
	char buf[256];

	if (read_file("/proc/self/statm", buf, sizeof(buf)) <= 0)
		return -1;
	return strtol(buf, NULL, 10);
}

TEST(as, "address space: the sum of all members to the page; mmap, brk, mremap, fork are refused")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		char *p, *q;
		void *brk0;

		sh->val[0] = own_pages();
		step_set(1);
		step_wait(2);		/* limit: 100 pages more */
		p = mmap(NULL, 90 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED, "mmap below the limit: %s", strerror(errno));
		q = mmap(NULL, 20 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(q == MAP_FAILED && errno == ENOMEM, "mmap above the limit");
		q = mremap(p, 90 * PAGE, 110 * PAGE, MREMAP_MAYMOVE);
		CHECK(q == MAP_FAILED && errno == ENOMEM, "mremap above the limit");
		brk0 = sbrk(0);
		EQ((long)sbrk(20 * PAGE), -1);
		CHECK(sbrk(0) == brk0, "the break has not moved");
		/* over what is there, or within it, nothing is added */
		q = mmap(p, 30 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		CHECK(q == p, "mmap over a map: %s", strerror(errno));
		EQ(E(mprotect(p + 10 * PAGE, 5 * PAGE, PROT_NONE)), 0);
		EQ(E(fork()), -ENOMEM);
		sh->val[1] = own_pages();
		step_set(3);
		step_wait(4);
		EQ(E(munmap(p + 20 * PAGE, 40 * PAGE)), 0);
		sh->val[2] = own_pages();
		step_set(5);
		step_wait(6);		/* no limit */
		pid_t kid = fork();

		CHECK(kid >= 0, "fork without a limit: %s", strerror(errno));
		if (kid == 0) {
			sh->val[3] = own_pages();
			step_set(7);
			step_wait(8);
			sh->val[4] = 0;
			execl(vs_self, vs_self, "--help", (char *)NULL);
			_exit(99);
		}
		reap(kid);
		step_set(9);
		step_wait(10);
		done();
	}
	step_wait(1);
	EQ(value_of(g.xid, RL_AS), sh->val[0]);
	OK(set_limit(g.xid, RL_AS, RL_INFINITY, sh->val[0] + 100));
	step_set(2);
	step_wait(3);
	EQ(value_of(g.xid, RL_AS), sh->val[1]);
	CHECK(stat_of(g.xid, RL_AS).maximum <= (uint64_t)sh->val[0] + 100, "never above the limit");
	CHECK(stat_of(g.xid, RL_AS).hits >= 4, "refusals are counted");
	step_set(4);
	step_wait(5);
	EQ(value_of(g.xid, RL_AS), sh->val[2]);
	OK(set_limit(g.xid, RL_AS, RL_INFINITY, RL_INFINITY));
	step_set(6);
	step_wait(7);
	EQ(value_of(g.xid, RL_AS), sh->val[2] + sh->val[3]);
	step_set(8);
	step_wait(9);
	EQ(value_of(g.xid, RL_AS), sh->val[2]);
	CHECK(value_of(g.xid, RL_RSS) > 0, "pages in memory are told");
	CHECK(value_of(g.xid, RL_ANON) <= value_of(g.xid, RL_RSS), "some of them anonymous");
	step_set(10);
	reap_ok(pid);
}

static int lock_range(int fd, int type, long start, long len)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start,
			   .l_len = len };

	return fcntl(fd, F_SETLK, &l);
}

TEST(locks, "locks: ranges, splits and whole files count; unlocking, closing and dying give back")
{
	struct guest g = LIMITED_GUEST;
	char path[] = "/tmp/vs-locks-XXXXXX";
	int fd = mkstemp(path), fd2;
	pid_t pid, kid;

	NEED(fd >= 0);
	pid = guest_fork(&g);
	if (pid == 0) {
		int n = 0;

		step_wait(1);		/* limit: 4 */
		while (n < 8 && !lock_range(fd, F_WRLCK, n * 10, 5))
			n++;
		EQ(n, 4);
		EQ(errno, ENOLCK);
		fd2 = open(path, O_RDWR);
		EQ(E(flock(fd2, LOCK_SH)), -ENOLCK);
		EQ(E(lock_range(fd, F_UNLCK, 0, 5)), 0);
		EQ(E(flock(fd2, LOCK_SH)), 0);
		step_set(2);
		step_wait(3);
		close(fd2);
		EQ(E(lock_range(fd, F_UNLCK, 0, 1000)), 0);
		step_set(4);
		step_wait(5);
		/* one becomes two */
		EQ(E(lock_range(fd, F_WRLCK, 0, 100)), 0);
		EQ(E(lock_range(fd, F_UNLCK, 40, 10)), 0);
		step_set(6);
		step_wait(7);
		kid = fork();
		if (kid == 0) {
			lock_range(fd, F_RDLCK, 200, 1);
			done();
		}
		reap_ok(kid);
		step_set(8);
		step_wait(9);
		done();
	}
	OK(set_limit(g.xid, RL_LOCKS, RL_INFINITY, 4));
	step_set(1);
	step_wait(2);
	EQ(value_of(g.xid, RL_LOCKS), 4);
	EQ(stat_of(g.xid, RL_LOCKS).hits, 2);
	step_set(3);
	step_wait(4);
	EQ(value_of(g.xid, RL_LOCKS), 0);
	step_set(5);
	step_wait(6);
	EQ(value_of(g.xid, RL_LOCKS), 2);
	step_set(7);
	step_wait(8);
	EQ(value_of(g.xid, RL_LOCKS), 2);
	step_set(9);
	reap_ok(pid);
	unlink(path);
}

TEST(nsock, "sockets: made, in pairs and accepted ones count; closing gives back")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t len = sizeof(a);
		int s[8], pair[2], n = 0, l, c, d;

		step_wait(1);		/* limit: 4 */
		while (n < 8 && (s[n] = socket(AF_INET, SOCK_STREAM, 0)) >= 0)
			n++;
		EQ(n, 4);
		CHECK(errno == ENOBUFS || errno == ENOMEM, "refused: %s", strerror(errno));
		close(s[3]);
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0, "a pair where one has room");
		step_set(2);
		step_wait(3);		/* limit: 6 */
		l = s[0];
		c = s[1];
		EQ(E(bind(l, (void *)&a, sizeof(a))), 0);
		EQ(E(listen(l, 5)), 0);
		EQ(E(getsockname(l, (void *)&a, &len)), 0);
		EQ(E(connect(c, (void *)&a, sizeof(a))), 0);
		d = accept(l, NULL, NULL);
		CHECK(d >= 0, "accept: %s", strerror(errno));
		step_set(4);
		step_wait(5);
		for (int fd = 3; fd < 256; fd++)
			if (fd != vs_shared_fd)
				close(fd);
		step_set(6);
		step_wait(7);
		done();
	}
	OK(set_limit(g.xid, RL_NSOCK, RL_INFINITY, 4));
	step_set(1);
	step_wait(2);
	/* closed sockets of a protocol may go a little later */
	for (int i = 0; i < 200 && value_of(g.xid, RL_NSOCK) != 3; i++)
		msleep(50);
	EQ(value_of(g.xid, RL_NSOCK), 3);
	CHECK(stat_of(g.xid, RL_NSOCK).hits >= 2, "refusals are counted");
	OK(set_limit(g.xid, RL_NSOCK, RL_INFINITY, 6));
	step_set(3);
	step_wait(4);
	EQ(value_of(g.xid, RL_NSOCK), 4);
	step_set(5);
	step_wait(6);
	for (int i = 0; i < 200 && value_of(g.xid, RL_NSOCK); i++)
		msleep(50);
	EQ(value_of(g.xid, RL_NSOCK), 0);
	step_set(7);
	reap_ok(pid);
}

static void send_fd(int sock, int fd)
{
	char c = 'x', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	OK(E(sendmsg(sock, &m, 0)));
}

static int receive_fd(int sock)
{
	char c, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	int fd = -1;

	if (OK(E(recvmsg(sock, &m, 0))) && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* ---- what goes through sockets ---- */

static struct abi_sock_stat traffic_of(uint32_t xid, uint32_t family)
{
	struct abi_sock_stat s = { .field = family };

	OK(vs(CMD_sock_stat, xid, &s));
	return s;
}

/*
 * 11 bytes go out on a socket of IPv6 to an address of IPv4, 13 after it has become
 * one of IPv4, and the receiver gets both.
 */
static void change_family(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int at = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET6, SOCK_DGRAM, 0);
	int form = AF_INET;
	socklen_t len = sizeof(here);
	char buf[64] = { 0 };

	NEED_OK(E(bind(at, (void *)&here, sizeof(here))));
	NEED_OK(E(getsockname(at, (void *)&here, &len)));
	to.sin6_port = here.sin_port;
	to.sin6_addr.s6_addr[10] = 0xff;
	to.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&to.sin6_addr.s6_addr[12], &here.sin_addr, sizeof(here.sin_addr));
	NEED_OK(E(connect(from, (void *)&to, sizeof(to))));
	EQ(send(from, buf, 11, 0), 11);
	EQ(recv(at, buf, sizeof(buf), 0), 11);
	OK(E(setsockopt(from, IPPROTO_IPV6, IPV6_ADDRFORM, &form, sizeof(form))));
	EQ(send(from, buf, 13, 0), 13);
	EQ(recv(at, buf, sizeof(buf), 0), 13);
	close(from);
	close(at);
}

static void passed(uint32_t xid, uint32_t family, int kind, uint32_t count, uint64_t bytes)
{
	struct abi_sock_stat s = traffic_of(xid, family);

	CHECK(s.count[kind] == count && s.total[kind] == bytes,
	      "family %u kind %d: %u/%llu, should be %u/%llu", family, kind, s.count[kind],
	      (unsigned long long)s.total[kind], count, (unsigned long long)bytes);
}

TEST(traffic, "sock_stat: calls and bytes by family, sent, received and failed; whose socket it is")
{
	struct guest g = LIMITED_GUEST;
	char path[64], buf[8192];
	struct abi_sock_stat s = { .field = SK_OTHER + 1 };
	int n;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		struct sockaddr_in to = {
			.sin_family = AF_INET, .sin_port = htons(9),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int pair[2], u = socket(AF_INET, SOCK_DGRAM, 0), full;

		memset(buf, 0, sizeof(buf));
		NEED_OK(E(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)));
		EQ(write(pair[0], buf, 100), 100);
		EQ(send(pair[0], buf, 50, 0), 50);
		EQ(recv(pair[1], buf, 10, MSG_PEEK), 10);
		EQ(read(pair[1], buf, 120), 120);
		EQ(recv(pair[1], buf, 1000, 0), 30);
		EQ(E(recv(pair[1], buf, 1000, 0)), -EAGAIN);
		/* its own loopback has no one at that port, but UDP does not know yet */
		EQ(sendto(u, buf, 77, 0, (void *)&to, sizeof(to)), 77);
		step_set(1);
		step_wait(2);
		for (full = 0; send(pair[0], buf, sizeof(buf), MSG_DONTWAIT) == sizeof(buf); full++)
			;
		sh->val[1] = full;
		step_set(3);
		step_wait(4);
		close(pair[1]);
		EQ(E(send(pair[0], buf, 5, MSG_NOSIGNAL)), -EPIPE);
		change_family();
		step_set(5);
		step_wait(6);
		done();
	}
	step_wait(1);
	passed(g.xid, SK_UNIX, SK_SEND, 2, 150);
	passed(g.xid, SK_UNIX, SK_RECV, 2, 150);
	passed(g.xid, SK_UNIX, SK_FAIL, 0, 0);
	passed(g.xid, SK_INET, SK_SEND, 1, 77);
	passed(g.xid, SK_INET6, SK_SEND, 0, 0);
	snprintf(path, sizeof(path), "/proc/virtual/%u/cacct", g.xid);
	NEED_OK(read_file(path, buf, sizeof(buf)));
	CHECK(text_matches(buf, "^UNIX:\t +2/150 +\t +2/150 +\t +0/0 *$"), "UNIX in\n%s", buf);
	CHECK(text_matches(buf, "^INET:\t +0/0 +\t +1/77 +\t +0/0 *$"), "INET in\n%s", buf);
	CHECK(text_matches(buf, "^OTHER:\t"), "no OTHER in\n%s", buf);
	step_set(2);
	step_wait(3);
	s = traffic_of(g.xid, SK_UNIX);
	n = sh->val[1];
	CHECK(s.count[SK_FAIL] == 1 && s.total[SK_FAIL] > 0 &&
	      s.total[SK_SEND] + s.total[SK_FAIL] == 150 + (n + 1) * sizeof(buf),
	      "%llu bytes were sent and %llu were not, of %d messages",
	      (unsigned long long)s.total[SK_SEND], (unsigned long long)s.total[SK_FAIL], n + 1);
	step_set(4);
	step_wait(5);
	EQ(traffic_of(g.xid, SK_UNIX).count[SK_FAIL], 2);
	passed(g.xid, SK_INET6, SK_SEND, 1, 11);
	passed(g.xid, SK_INET, SK_SEND, 2, 77 + 13);
	passed(g.xid, SK_INET, SK_RECV, 2, 11 + 13);
	passed(g.xid, SK_INET, SK_FAIL, 0, 0);
	s = (struct abi_sock_stat){ .field = SK_OTHER + 1 };
	EQ(vs(CMD_sock_stat, g.xid, &s), -EINVAL);
	EQ(vs(CMD_sock_stat, g.xid, NULL), -EFAULT);
	EQ(vs(CMD_sock_stat, 65533, &s), -ESRCH);
	step_set(6);
	reap_ok(pid);
}

TEST(outlive, "a socket and a lock that outlive their context are nothing to the next with its id")
{
	struct guest g = LIMITED_GUEST, next = LIMITED_GUEST;
	char path[] = "/tmp/vs-outlive-XXXXXX";
	int via[2], file = mkstemp(path), sock, locked;
	pid_t pid;

	NEED(file >= 0);
	NEED_OK(E(socketpair(AF_UNIX, SOCK_STREAM, 0, via)));
	pid = guest_fork(&g);
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		EQ(E(flock(fd, LOCK_EX)), 0);
		send_fd(via[1], socket(AF_INET, SOCK_DGRAM, 0));
		send_fd(via[1], fd);
		step_set(1);
		step_wait(2);
		done();
	}
	sock = receive_fd(via[0]);
	locked = receive_fd(via[0]);
	step_wait(1);
	EQ(value_of(g.xid, RL_NSOCK), 1);
	EQ(value_of(g.xid, RL_LOCKS), 1);
	step_set(2);
	reap_ok(pid);
	CHECK(ctx_gone(g.xid, 5000), "the context has ended");

	next.xid = g.xid;
	pid = guest_fork(&next);
	if (pid == 0)
		idle();
	EQ(value_of(next.xid, RL_NSOCK), 0);
	EQ(value_of(next.xid, RL_LOCKS), 0);
	close(sock);
	close(locked);
	for (int i = 0; i < 4; i++) {
		EQ(value_of(next.xid, RL_NSOCK), 0);
		EQ(value_of(next.xid, RL_LOCKS), 0);
		msleep(50);
	}
	EQ(stat_of(next.xid, RL_NSOCK).maximum, 0);
	EQ(stat_of(next.xid, RL_LOCKS).maximum, 0);
	unlink(path);
}

TEST(marks, "reset_hits and reset_minmax; the smallest value since")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g);
	struct abi_rlimit_stat s;

	if (pid == 0) {
		pid_t kid;

		step_wait(1);
		kid = fork();
		if (kid == 0)
			idle();
		EQ(E(fork()), -EAGAIN);
		step_set(2);
		step_wait(3);
		kill(kid, SIGKILL);
		reap(kid);
		step_set(4);
		step_wait(5);
		done();
	}
	OK(set_limit(g.xid, RL_NPROC, RL_INFINITY, 2));
	step_set(1);
	step_wait(2);
	EQ(stat_of(g.xid, RL_NPROC).hits, 1);
	OK(vs(CMD_reset_hits, g.xid, NULL));
	EQ(stat_of(g.xid, RL_NPROC).hits, 0);
	OK(vs(CMD_reset_minmax, g.xid, NULL));
	s = stat_of(g.xid, RL_NPROC);
	EQ(s.minimum, 2);
	EQ(s.maximum, 2);
	step_set(3);
	step_wait(4);
	s = stat_of(g.xid, RL_NPROC);
	EQ(s.value, 1);
	EQ(s.minimum, 1);
	EQ(s.maximum, 2);
	step_set(5);
	reap_ok(pid);
}

TEST(file, "/proc/virtual/<xid>/limit: a line for each, with its numbers")
{
	static const char *const rows[] = { "PROC", "VM", "VML", "RSS", "ANON", "RMAP", "OFD",
					    "LOCKS", "SOCK", "MSGQ", "SHM", "SEMA", "SEMS" };
	struct guest g = LIMITED_GUEST;
	char path[64], buf[4096], re[200];
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(set_limit(g.xid, RL_NPROC, 20, 30));
	snprintf(path, sizeof(path), "/proc/virtual/%u/limit", g.xid);
	NEED_OK(read_file(path, buf, sizeof(buf)));
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(re, sizeof(re),
			 "^%s:\t *[0-9]+\t *[0-9]+/ *[0-9]+\t *-?[0-9]+/ *-?[0-9]+\t *[0-9]+$", rows[i]);
		CHECK(text_matches(buf, re), "row %s in\n%s", rows[i], buf);
	}
	CHECK(text_matches(buf, "^PROC:\t *1\t *[0-9]+/ *[0-9]+\t *20/ *30\t *0$"), "PROC in\n%s", buf);
}

/* ---- objects of System V, queues of POSIX ---- */

/*
 * A name space of its own for the test and its guests, so that nothing is left when
 * the test fails.
 */
static void own_ipc(void)
{
	if (vs_stock)
		vs_skip("needs contexts");
	NEED_OK(E(unshare(CLONE_NEWIPC)));
}

static long settled(uint32_t xid, uint32_t id, long want)
{
	for (int i = 0; i < 200 && value_of(xid, id) != want; i++)
		msleep(50);
	return value_of(xid, id);
}

static long own_limit(uint32_t id, uint64_t hard)
{
	return set_limit(XID_SELF, id, RL_INFINITY, hard);
}

static long own_value(uint32_t id)
{
	return value_of(XID_SELF, id);
}

/* of huge pages of a size that there is nowhere */
#define NO_SIZE	(63 << MAP_HUGE_SHIFT)

static int segment(size_t bytes)
{
	return shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
}

TEST(shmem, "shared memory: pages until removed and detached; the limit is exact, and shmget says ENOSPC")
{
	struct guest g = LIMITED_GUEST;
	struct abi_rlimit_stat s;
	struct shmid_ds ds;
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		int a, b, c;
		void *p;

		OK(own_limit(RL_SHMEM, 8));
		a = segment(4 * PAGE + 1);
		CHECK(a >= 0, "five pages: %s", strerror(errno));
		EQ(own_value(RL_SHMEM), 5);
		EQ(E(segment(4 * PAGE)), -ENOSPC);
		EQ(own_value(RL_SHMEM), 5);
		b = segment(3 * PAGE);
		CHECK(b >= 0, "all that is left: %s", strerror(errno));
		EQ(own_value(RL_SHMEM), 8);
		EQ(E(segment(1)), -ENOSPC);
		/* what is refused for another reason is not counted */
		EQ(E(segment(0)), -EINVAL);
		EQ(E(shmget(IPC_PRIVATE, 1, IPC_CREAT | SHM_HUGETLB | NO_SIZE)), -ENOSPC);
		s = stat_of(XID_SELF, RL_SHMEM);
		EQ(s.value, 8);
		EQ(s.hits, 3);
		EQ(s.maximum, 8);
		EQ(s.minimum, 0);
		OK(E(shmctl(b, IPC_RMID, NULL)));
		EQ(own_value(RL_SHMEM), 5);
		EQ(E(shmget(IPC_PRIVATE, 1, IPC_CREAT | SHM_HUGETLB | NO_SIZE)), -EINVAL);
		EQ(own_value(RL_SHMEM), 5);
		/* removed, but there while it is attached, by a child too */
		p = shmat(a, NULL, 0);
		NEED(p != (void *)-1);
		OK(E(shmctl(a, IPC_RMID, NULL)));
		EQ(own_value(RL_SHMEM), 5);
		c = fork();
		if (c == 0) {
			step_wait(1);
			done();
		}
		OK(E(shmdt(p)));
		EQ(own_value(RL_SHMEM), 5);
		step_set(1);
		reap_ok(c);
		EQ(own_value(RL_SHMEM), 0);
		/* of a limit that has gone below what is there, nothing is left */
		a = segment(5 * PAGE);
		OK(own_limit(RL_SHMEM, 2));
		EQ(E(segment(1)), -ENOSPC);
		OK(E(shmctl(a, IPC_STAT, &ds)));
		OK(E(shmctl(a, IPC_RMID, NULL)));
		CHECK(segment(2 * PAGE) >= 0, "there is room again: %s", strerror(errno));
		EQ(own_value(RL_SHMEM), 2);
		done();
	}
	reap_ok(pid);
}

static int semaphores(int n)
{
	return semget(IPC_PRIVATE, n, IPC_CREAT | 0600);
}

TEST(semaphores, "sets and semaphores have limits of their own, both exact, and semget says ENOSPC")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		struct sembuf up = { .sem_num = 3, .sem_op = 1, .sem_flg = SEM_UNDO };
		int a, b;

		OK(own_limit(RL_SEMARY, 2));
		OK(own_limit(RL_NSEMS, 10));
		a = semaphores(6);
		CHECK(a >= 0, "six: %s", strerror(errno));
		EQ(own_value(RL_SEMARY), 1);
		EQ(own_value(RL_NSEMS), 6);
		EQ(E(semaphores(5)), -ENOSPC);	/* eleven */
		EQ(own_value(RL_SEMARY), 1);
		EQ(own_value(RL_NSEMS), 6);
		EQ(stat_of(XID_SELF, RL_SEMARY).hits, 0);
		EQ(stat_of(XID_SELF, RL_NSEMS).hits, 1);
		b = semaphores(3);
		CHECK(b >= 0, "three more: %s", strerror(errno));
		EQ(E(semaphores(1)), -ENOSPC);	/* a third set */
		EQ(own_value(RL_SEMARY), 2);
		EQ(own_value(RL_NSEMS), 9);
		EQ(stat_of(XID_SELF, RL_SEMARY).hits, 1);
		EQ(stat_of(XID_SELF, RL_NSEMS).hits, 1);
		EQ(E(semaphores(0)), -EINVAL);
		EQ(own_value(RL_SEMARY), 2);
		/* use does not count */
		OK(E(semop(a, &up, 1)));
		EQ(own_value(RL_NSEMS), 9);
		OK(E(semctl(a, 0, IPC_RMID)));
		EQ(own_value(RL_SEMARY), 1);
		EQ(own_value(RL_NSEMS), 3);
		OK(E(semctl(b, 0, IPC_RMID)));
		EQ(own_value(RL_SEMARY), 0);
		EQ(own_value(RL_NSEMS), 0);
		EQ(stat_of(XID_SELF, RL_SEMARY).maximum, 2);
		EQ(stat_of(XID_SELF, RL_NSEMS).maximum, 9);
		done();
	}
	reap_ok(pid);
}

struct message {
	long type;
	char text[8192];
};

static struct message message;

static int send_message(int queue, size_t bytes)
{
	message.type = 1;
	return msgsnd(queue, &message, bytes, IPC_NOWAIT);
}

static int queue_new(void)
{
	return msgget(IPC_PRIVATE, IPC_CREAT | 0600);
}

TEST(msg, "messages: the bytes they take, until received or removed; msgsnd says ENOMEM, msgget ENOSPC")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		long empty, one, head;
		int a, b;
		pid_t kid;

		a = queue_new();
		NEED(a >= 0);
		empty = own_value(RL_MSGQUEUE);
		CHECK(empty > 0, "a queue takes something");
		OK(E(send_message(a, 0)));
		head = own_value(RL_MSGQUEUE) - empty;
		CHECK(head > 0, "a message without text takes something");
		OK(E(msgrcv(a, &message, sizeof(message.text), 0, IPC_NOWAIT)));
		EQ(own_value(RL_MSGQUEUE), empty);
		one = head + 5000;
		OK(own_limit(RL_MSGQUEUE, (uint64_t)(empty + 2 * one)));
		OK(E(send_message(a, 5000)));
		EQ(own_value(RL_MSGQUEUE), empty + one);
		OK(E(send_message(a, 4999)));
		EQ(own_value(RL_MSGQUEUE), empty + 2 * one - 1);
		EQ(E(send_message(a, 100)), -ENOMEM);
		EQ(E(send_message(a, 0)), -ENOMEM);
		EQ(E(queue_new()), -ENOSPC);
		EQ(stat_of(XID_SELF, RL_MSGQUEUE).hits, 3);
		EQ(own_value(RL_MSGQUEUE), empty + 2 * one - 1);
		EQ(msgrcv(a, &message, sizeof(message.text), 0, IPC_NOWAIT), 5000);
		EQ(own_value(RL_MSGQUEUE), empty + one - 1);
		/* cut off, it has gone all the same; copied, it has not */
		EQ(E(msgrcv(a, &message, 10, 0, IPC_NOWAIT)), -E2BIG);
		EQ(own_value(RL_MSGQUEUE), empty + one - 1);
		EQ(msgrcv(a, &message, sizeof(message.text), 0, IPC_NOWAIT | MSG_COPY), 4999);
		EQ(own_value(RL_MSGQUEUE), empty + one - 1);
		EQ(msgrcv(a, &message, 10, 0, IPC_NOWAIT | MSG_NOERROR), 10);
		EQ(own_value(RL_MSGQUEUE), empty);
		/* what is waited for never is in the queue, and so not refused */
		OK(own_limit(RL_MSGQUEUE, (uint64_t)empty));
		kid = fork();
		if (kid == 0) {
			EQ(msgrcv(a, &message, sizeof(message.text), 0, 0), 77);
			done();
		}
		for (int i = 0; i < 200 && E(send_message(a, 77)) == -ENOMEM; i++)
			msleep(20);
		reap_ok(kid);
		EQ(own_value(RL_MSGQUEUE), empty);
		/* with all that is in it */
		OK(own_limit(RL_MSGQUEUE, RL_INFINITY));
		b = queue_new();
		EQ(own_value(RL_MSGQUEUE), 2 * empty);
		for (int i = 0; i < 3; i++)
			OK(E(send_message(b, 1000)));
		EQ(own_value(RL_MSGQUEUE), 2 * empty + 3 * (head + 1000));
		OK(E(msgctl(b, IPC_RMID, NULL)));
		EQ(own_value(RL_MSGQUEUE), empty);
		OK(E(msgctl(a, IPC_RMID, NULL)));
		EQ(own_value(RL_MSGQUEUE), 0);
		done();
	}
	reap_ok(pid);
}

TEST(mqueue, "queues of POSIX: what they can hold at most, until unlinked and closed; mq_open says EMFILE")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 1000 };
		struct mq_attr huge = { .mq_maxmsg = 4, .mq_msgsize = 1 << 30 };
		struct rlimit own = { 0, 0 };
		mqd_t a, b, again;
		long one;

		a = mq_open("/vs-a", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		NEED_OK(E(a));
		one = own_value(RL_MSGQUEUE);
		CHECK(one >= 4000 && one < 8000, "%ld bytes for 4 of 1000", one);
		OK(own_limit(RL_MSGQUEUE, (uint64_t)(2 * one - 1)));
		EQ(E(mq_open("/vs-b", O_RDWR | O_CREAT | O_EXCL, 0600, &attr)), -EMFILE);
		EQ(E(mq_open("/vs-b", O_RDWR | O_CREAT | O_EXCL, 0600, &huge)), -EINVAL);
		EQ(E(mq_open("/vs-b", O_RDWR)), -ENOENT);
		EQ(stat_of(XID_SELF, RL_MSGQUEUE).hits, 1);
		EQ(own_value(RL_MSGQUEUE), one);
		/* the same queue is no other one, and what is put in does not count */
		again = mq_open("/vs-a", O_RDWR);
		OK(E(again));
		OK(E(mq_send(again, message.text, 1000, 1)));
		EQ(own_value(RL_MSGQUEUE), one);
		OK(own_limit(RL_MSGQUEUE, (uint64_t)(2 * one)));
		b = mq_open("/vs-b", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		OK(E(b));
		EQ(own_value(RL_MSGQUEUE), 2 * one);
		EQ(E(queue_new()), -ENOSPC);	/* the same limit */
		/* refused by the limit of the user, it has not been counted either */
		OK(E(mq_unlink("/vs-b")));
		EQ(own_value(RL_MSGQUEUE), 2 * one);
		OK(E(mq_close(b)));
		EQ(own_value(RL_MSGQUEUE), one);
		OK(E(setrlimit(RLIMIT_MSGQUEUE, &own)));
		EQ(E(mq_open("/vs-b", O_RDWR | O_CREAT | O_EXCL, 0600, &attr)), -EMFILE);
		EQ(own_value(RL_MSGQUEUE), one);
		OK(E(mq_unlink("/vs-a")));
		OK(E(mq_close(a)));
		EQ(own_value(RL_MSGQUEUE), one);
		OK(E(mq_close(again)));
		EQ(own_value(RL_MSGQUEUE), 0);
		done();
	}
	reap_ok(pid);
}

/* One of each; the numbers into sh->val[0..2]. */
static void make_objects(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 100 };
	mqd_t q = mq_open("/vs-objects", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);

	NEED_OK(E(q));
	mq_close(q);
	sh->val[0] = segment(3 * PAGE);
	sh->val[1] = semaphores(4);
	sh->val[2] = queue_new();
	NEED(sh->val[0] >= 0 && sh->val[1] >= 0 && sh->val[2] >= 0);
	OK(E(send_message((int)sh->val[2], 500)));
}

static void remove_objects(void)
{
	OK(E(shmctl((int)sh->val[0], IPC_RMID, NULL)));
	OK(E(semctl((int)sh->val[1], 0, IPC_RMID)));
	OK(E(msgctl((int)sh->val[2], IPC_RMID, NULL)));
	OK(E(mq_unlink("/vs-objects")));
}

static void objects_of(uint32_t xid, bool there)
{
	EQ(value_of(xid, RL_SHMEM), there ? 3 : 0);
	EQ(value_of(xid, RL_SEMARY), there);
	EQ(value_of(xid, RL_NSEMS), there ? 4 : 0);
	if (there)
		CHECK(value_of(xid, RL_MSGQUEUE) > 700, "queues count");
	else
		EQ(value_of(xid, RL_MSGQUEUE), 0);
}

TEST(objects_stay, "objects are their maker's context's when he has gone, and whoever removes them")
{
	struct guest a = LIMITED_GUEST, b = LIMITED_GUEST;
	long queues;
	pid_t pa, pb;

	own_ipc();
	pa = guest_fork(&a);
	if (pa == 0) {
		pid_t maker = fork();

		if (maker == 0) {
			make_objects();
			done();
		}
		reap_ok(maker);
		step_set(1);
		idle();
	}
	step_wait(1);
	objects_of(a.xid, true);
	/* another context in the same name space puts something in, and takes it all */
	queues = value_of(a.xid, RL_MSGQUEUE);
	pb = guest_fork(&b);
	if (pb == 0) {
		OK(own_limit(RL_MSGQUEUE, 0));
		OK(own_limit(RL_SHMEM, 0));
		OK(E(send_message((int)sh->val[2], 600)));
		EQ(E(queue_new()), -ENOSPC);
		EQ(E(segment(1)), -ENOSPC);
		step_set(2);
		step_wait(3);
		EQ(msgrcv((int)sh->val[2], &message, sizeof(message.text), 0, IPC_NOWAIT), 500);
		remove_objects();
		step_set(4);
		step_wait(5);
		done();
	}
	step_wait(2);
	CHECK(value_of(a.xid, RL_MSGQUEUE) > queues + 600, "what the other has put in is a's");
	objects_of(b.xid, false);
	step_set(3);
	step_wait(4);
	objects_of(a.xid, false);
	objects_of(b.xid, false);
	step_set(5);
	reap_ok(pb);

	/* and the host */
	pb = guest_join(a.xid);
	if (pb == 0) {
		make_objects();
		done();
	}
	reap_ok(pb);
	objects_of(a.xid, true);
	remove_objects();
	objects_of(a.xid, false);
}

/* Structures of contexts, when those of earlier tests have gone. */
static long contexts_total(void)
{
	char text[1024], n[32];
	long last = -1, now = -1;

	for (int i = 0; i < 40; i++) {
		if (read_file("/proc/virtual/status", text, sizeof(text)) > 0 &&
		    line_value(text, "#CTotal:", n, sizeof(n)))
			now = strtol(n, NULL, 10);
		if (now == last)
			break;
		last = now;
		msleep(200);
	}
	return now;
}

TEST(objects_outlive, "objects that outlive their context keep no id, and are nothing to the next with it")
{
	struct guest g = LIMITED_GUEST, next = LIMITED_GUEST;
	long before;
	pid_t pid;

	own_ipc();
	before = contexts_total();
	CHECK(before >= 0, "a count of contexts");
	pid = guest_fork(&g);
	if (pid == 0) {
		make_objects();
		step_set(1);
		step_wait(2);
		done();
	}
	step_wait(1);
	objects_of(g.xid, true);
	step_set(2);
	reap_ok(pid);
	CHECK(ctx_gone(g.xid, 5000), "the context has ended");

	next.xid = g.xid;
	pid = guest_fork(&next);
	if (pid == 0)
		idle();
	objects_of(next.xid, false);
	EQ(contexts_total(), before + 2);	/* the structure of the first is kept */
	remove_objects();
	objects_of(next.xid, false);
	EQ(stat_of(next.xid, RL_SHMEM).maximum, 0);
	EQ(stat_of(next.xid, RL_MSGQUEUE).maximum, 0);
	EQ(contexts_total(), before + 1);
}

TEST(objects_space, "objects that go with their name space are given back")
{
	struct guest g = { .setup = true, .no_init = true, .umask = SP_IPC };
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		pid_t kid = fork();

		if (kid == 0) {
			NEED_OK(E(unshare(CLONE_NEWIPC)));
			make_objects();
			objects_of(XID_SELF, true);
			done();
		}
		reap_ok(kid);
		step_set(1);
		idle();
	}
	step_wait(1);
	/* that is left to a work item */
	EQ(settled(g.xid, RL_SHMEM, 0), 0);
	EQ(settled(g.xid, RL_MSGQUEUE, 0), 0);
	objects_of(g.xid, false);
}

/* Makes, fills, uses and removes, at the edge of the limits; others' objects too. */
static void ipc_churn(unsigned int seed)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 200 };
	char name[32];
	int id[4];

	snprintf(name, sizeof(name), "/vs-churn-%u", seed % 3);
	for (int round = 0; round < 300; round++) {
		seed = seed * 1103515245u + 12345u;
		id[0] = segment((seed >> 16) % 6 * PAGE + 1);
		id[1] = semaphores((int)(seed >> 18) % 7 + 1);
		id[2] = queue_new();
		/* one that all have */
		id[3] = msgget(4711, IPC_CREAT | 0600);
		for (int i = 0; i < 4; i++) {
			send_message(id[2], (seed >> 20) % 300);
			send_message(id[3], (seed >> 12) % 300);
		}
		msgrcv(id[3], &message, sizeof(message.text), 0, IPC_NOWAIT);
		msgrcv(id[2], &message, sizeof(message.text), 0, IPC_NOWAIT);
		mq_close(mq_open(name, O_RDWR | O_CREAT, 0600, &attr));
		if (seed & 0x10000)
			mq_unlink(name);
		if (seed & 0x20000)
			msgctl(id[3], IPC_RMID, NULL);
		if (id[0] >= 0) {
			void *p = shmat(id[0], NULL, 0);

			shmctl(id[0], IPC_RMID, NULL);
			if (p != (void *)-1)
				shmdt(p);
		}
		if (id[1] >= 0)
			semctl(id[1], 0, IPC_RMID);
		if (id[2] >= 0)
			msgctl(id[2], IPC_RMID, NULL);
	}
	_exit(0);
}

TEST_T(objects_churn, 300, "many make and remove objects at the edge of the limits: nothing is lost or left over")
{
	static const uint32_t of[] = { RL_MSGQUEUE, RL_SHMEM, RL_SEMARY, RL_NSEMS };
	static const uint64_t limit[] = { 6000, 12, 4, 15 };
	struct guest g = LIMITED_GUEST;
	pid_t pid;

	own_ipc();
	pid = guest_fork(&g);
	if (pid == 0) {
		pid_t kids[6];

		step_wait(1);
		for (int i = 0; i < 6; i++) {
			kids[i] = fork();
			if (kids[i] == 0)
				ipc_churn((unsigned int)i + 1);
		}
		for (int i = 0; i < 6; i++)
			reap_ok(kids[i]);
		msgctl(msgget(4711, 0), IPC_RMID, NULL);
		mq_unlink("/vs-churn-0");
		mq_unlink("/vs-churn-1");
		mq_unlink("/vs-churn-2");
		sh->val[0] = 1;
		step_set(2);
		step_wait(3);
		done();
	}
	for (int i = 0; i < 4; i++)
		OK(set_limit(g.xid, of[i], RL_INFINITY, limit[i]));
	step_set(1);
	for (int i = 0; i < 2000 && atomic_load(&sh->step) < 2; i++)
		msleep(100);
	step_wait(2);
	for (int i = 0; i < 4; i++) {
		struct abi_rlimit_stat s = stat_of(g.xid, of[i]);

		vs_note("id %u: most %llu, %u hits", of[i], (unsigned long long)s.maximum, s.hits);
		EQ(s.value, 0);
		EQ(s.minimum, 0);
		CHECK(s.maximum > 0 && s.maximum <= limit[i], "id %u above its limit", of[i]);
		CHECK(s.hits > 0, "the limit of id %u was met", of[i]);
	}
	step_set(3);
	reap_ok(pid);
}

TEST(nofile, "NOFILE and DENTRY are no limits of contexts: refused, and RLIMIT_NOFILE is each process's own")
{
	struct guest g = LIMITED_GUEST;
	struct abi_rlimit_mask m;
	struct abi_rlimit r = { .id = 7 };
	struct rlimit before, after;
	pid_t pid = guest_fork(&g);

	if (pid == 0)
		idle();
	OK(vs(CMD_get_rlimit_mask, g.xid, &m));
	EQX((m.minimum | m.softlimit | m.maximum) & (1u << 7 | 1u << 22), 0);
	OK(E(prlimit(pid, RLIMIT_NOFILE, NULL, &before)));
	REFUSED(set_limit(g.xid, 7, 5, 5), EINVAL);
	REFUSED(set_limit(g.xid, 22, 5, 5), EINVAL);
	REFUSED(vs(CMD_get_rlimit, g.xid, &r), EINVAL);
	REFUSED(vs(CMD_rlimit_stat, g.xid, &r), EINVAL);
	r.id = 22;
	REFUSED(vs(CMD_rlimit_stat, g.xid, &r), EINVAL);
	OK(E(prlimit(pid, RLIMIT_NOFILE, NULL, &after)));
	CHECK(before.rlim_cur == after.rlim_cur && before.rlim_max == after.rlim_max,
	      "the limits of its processes have not changed");
}

/* Everything at once, at the edge of each limit. */
static void churn(unsigned int seed)
{
	for (int round = 0; round < 60; round++) {
		int fds[24], n = 0;
		void *p;
		pid_t kid;

		seed = seed * 1103515245u + 12345u;
		while (n < 24 && (fds[n] = (n + (int)(seed >> 16)) % 3
					? open("/dev/zero", O_RDONLY)
					: socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0)
			n++;
		p = mmap(NULL, ((seed >> 8) % 200 + 1) * (size_t)PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		kid = fork();
		if (kid == 0) {
			int fd = open("/tmp", O_RDONLY);

			flock(fd, LOCK_SH | LOCK_NB);
			_exit(0);
		}
		if (p != MAP_FAILED)
			munmap(p, PAGE);
		for (int i = 0; i < n; i++)
			close(fds[i]);
		if (kid > 0)
			waitpid(kid, NULL, 0);
	}
	_exit(0);
}

TEST_T(churn, 300, "many at the edge of all limits at once: nothing is lost and nothing left over")
{
	struct guest g = LIMITED_GUEST;
	pid_t pid = guest_fork(&g);

	if (pid == 0) {
		pid_t kids[6];

		step_wait(1);
		for (int i = 0; i < 6; i++) {
			kids[i] = fork();
			if (kids[i] == 0)
				churn((unsigned int)i + 1);
		}
		for (int i = 0; i < 6; i++)
			if (kids[i] > 0)
				waitpid(kids[i], NULL, 0);
		sh->val[0] = own_pages();
		sh->val[1] = open_fds();
		step_set(2);
		step_wait(3);
		done();
	}
	OK(set_limit(g.xid, RL_NPROC, RL_INFINITY, 10));
	OK(set_limit(g.xid, RL_OPENFD, RL_INFINITY, 120));
	OK(set_limit(g.xid, RL_NSOCK, RL_INFINITY, 20));
	OK(set_limit(g.xid, RL_LOCKS, RL_INFINITY, 2));
	OK(set_limit(g.xid, RL_AS, RL_INFINITY, 10 * value_of(g.xid, RL_AS)));
	step_set(1);
	for (int i = 0; i < 2000 && atomic_load(&sh->step) < 2; i++)
		msleep(100);
	step_wait(2);
	for (int i = 0; i < 200 && value_of(g.xid, RL_NSOCK); i++)
		msleep(50);
	EQ(value_of(g.xid, RL_NPROC), 1);
	EQ(value_of(g.xid, RL_OPENFD), sh->val[1]);
	EQ(value_of(g.xid, RL_NSOCK), 0);
	EQ(value_of(g.xid, RL_LOCKS), 0);
	EQ(value_of(g.xid, RL_AS), sh->val[0]);
	for (int i = 0; i < NR_IDS; i++) {
		struct abi_rlimit r = { .id = ids[i] };

		OK(vs(CMD_get_rlimit, g.xid, &r));
		/* locks are asked for before they are counted */
		if (ids[i] != RL_LOCKS)
			CHECK(stat_of(g.xid, ids[i]).maximum <= r.maximum, "id %u above its limit", ids[i]);
	}
	step_set(3);
	reap_ok(pid);
}
