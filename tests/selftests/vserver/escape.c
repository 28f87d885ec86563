// SPDX-License-Identifier: GPL-2.0
/*
 * Attempts to get out of a context, or to get at the machine or at others from in it.
 *
 * Each is made three times: by root of the host, where it must work, or the test would
 * show nothing; by root of a context with the rights that hosting gives ("secure"), in
 * name spaces of its own; and in a second such context beside the one that is attacked.
 * The processes of others are in isolation, what capabilities allow in flags, files in
 * files, addresses in net and net6.
 */
#include "vs_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>

#define DIR_OWN	"/tmp/vsescape"

static char buf[4096];

/* What the host has set up, for attempts to be made on it. */
static struct {
	key_t ipc;
	int32_t key;
	uint16_t port;
} prey;

static long opens(const char *path, int flags)
{
	long fd = E(open(path, flags | O_CLOEXEC));

	return fd < 0 ? fd : close(fd);
}

/* Writes back what is there: nothing changes where it is allowed. */
static long rewrites(const char *path)
{
	long n = read_file(path, buf, sizeof(buf)), ret;
	int fd;

	if (n < 0)
		return n;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = E(write(fd, buf, n));
	close(fd);
	return ret;
}

static void own_spaces(void)
{
	NEED_OK(E(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)));
	NEED_OK(E(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)));
	/* a shell's: that of whoever started the test is not for guests */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static long result_of(pid_t pid, long (*attempt)(void))
{
	long ret;

	if (pid == 0) {
		ret = attempt();
		sh->val[0] = ret > 0 ? 0 : ret;
		_exit(0);
	}
	reap_ok(pid);
	ret = sh->val[0];
	sh->val[0] = 1;		/* for the next: nothing tried */
	return ret;
}

static void run_attempt(long (*attempt)(void), void (*prepare)(void))
{
	struct guest a = { .bcaps = BC_SECURE, .ccaps = CC_SECURE, .before = own_spaces };
	struct guest b = a;
	long ret;

	if (prepare)
		prepare();
	mkdir(DIR_OWN, 0755);
	sh->val[0] = 1;
	ret = result_of(host_fork(), attempt);
	if (ret == -ENOSYS || ret == -EOPNOTSUPP || ret == -ENODEV || ret == -ENXIO)
		vs_skip("not on this kernel: %s", strerror(-ret));
	vs_check(ret == 0, "attempt", 0, "on the host it is to work, not to give %ld", ret);
	if (vs_stock)
		return;
	ret = result_of(guest_fork(&a), attempt);
	vs_check(ret < 0, "attempt", 0, "root of a context can (%ld)", ret);
	if (ret < 0)
		vs_note("refused with %s", strerror(-ret));
	/* what one of them was refused, another is */
	ret = result_of(guest_fork(&b), attempt);
	vs_check(ret < 0, "attempt", 0, "root of a second context can (%ld)", ret);
}

#define ATTEMPT_P(name, desc, prepare)						\
	static long attempt_##name(void);					\
	TEST(name, desc) { run_attempt(attempt_##name, prepare); }		\
	static long attempt_##name(void)
#define ATTEMPT(name, desc) ATTEMPT_P(name, desc, NULL)

/* ---- the kernel's own memory, settings, messages ---- */

ATTEMPT(dev_mem, "a node for the machine's memory")
{
	long ret = E(mknod(DIR_OWN "/mem", S_IFCHR | 0600, makedev(1, 1)));

	if (!ret)
		unlink(DIR_OWN "/mem");
	return ret;
}

ATTEMPT(dev_disk, "a node for the machine's disk")
{
	long ret = E(mknod(DIR_OWN "/disk", S_IFBLK | 0600, makedev(7, 0)));

	if (!ret)
		unlink(DIR_OWN "/disk");
	return ret;
}

static void need_kcore(void)
{
	if (access("/proc/kcore", F_OK))
		vs_skip("no /proc/kcore");
}

ATTEMPT_P(kcore, "/proc/kcore", need_kcore) { return opens("/proc/kcore", O_RDONLY); }

ATTEMPT(iopl, "the machine's ports")
{
	return E(syscall(SYS_ioperm, 0x80, 1, 1));
}

ATTEMPT(sysrq, "the keys for emergencies: /proc/sysrq-trigger")
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = E(write(fd, "h", 1));
	close(fd);
	return ret;
}

ATTEMPT(dmesg, "reading the kernel's log")
{
	return E(klogctl(3, buf, sizeof(buf)));
}

ATTEMPT(dmesg_level, "which messages go to the console") { return E(klogctl(8, NULL, 7)); }
ATTEMPT(dev_kmsg, "/dev/kmsg") { return opens("/dev/kmsg", O_RDONLY); }
ATTEMPT(proc_kmsg, "/proc/kmsg") { return opens("/proc/kmsg", O_RDONLY); }

ATTEMPT(sysctl_kernel, "sysctl kernel.panic") { return rewrites("/proc/sys/kernel/panic"); }
ATTEMPT(sysctl_core, "sysctl kernel.core_pattern: a program that the host runs")
{
	return rewrites("/proc/sys/kernel/core_pattern");
}
ATTEMPT(sysctl_modprobe, "sysctl kernel.modprobe: a program that the host runs")
{
	return rewrites("/proc/sys/kernel/modprobe");
}
ATTEMPT(sysctl_vm, "sysctl vm.overcommit_memory")
{
	return rewrites("/proc/sys/vm/overcommit_memory");
}
ATTEMPT(sysctl_fs, "sysctl fs.file-max") { return rewrites("/proc/sys/fs/file-max"); }
ATTEMPT(sysctl_net, "sysctl net.ipv4.ip_forward")
{
	return rewrites("/proc/sys/net/ipv4/ip_forward");
}
ATTEMPT(sysctl_random, "sysctl kernel.randomize_va_space")
{
	return rewrites("/proc/sys/kernel/randomize_va_space");
}
ATTEMPT(drop_caches, "dropping the machine's caches")
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = E(write(fd, "2", 1));
	close(fd);
	return ret;
}

ATTEMPT(irq, "where interrupts go")
{
	return rewrites("/proc/irq/default_smp_affinity");
}

ATTEMPT(module, "loading a module")
{
	long ret = E(syscall(SYS_init_module, buf, 64, ""));

	return ret == -ENOEXEC ? 0 : ret;	/* allowed, but these bytes are none */
}

ATTEMPT(module_remove, "removing a module")
{
	long ret = E(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK));

	return ret == -ENOENT ? 0 : ret;
}

ATTEMPT(swapon, "swapping to a file")
{
	long ret = E(swapon("/etc/passwd", 0));

	return ret == -EINVAL ? 0 : ret;
}

ATTEMPT(swapoff, "taking the machine's swap")
{
	long ret = E(swapoff("/etc/passwd"));

	return ret == -EINVAL ? 0 : ret;
}

ATTEMPT(settime, "the machine's clock")
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return E(clock_settime(CLOCK_REALTIME, &now));
}

ATTEMPT(adjtime, "the speed of the machine's clock")
{
	struct timex t = { .modes = ADJ_FREQUENCY };

	return E(adjtimex(&t));
}

ATTEMPT(acct, "accounting of all processes") { return E(acct(NULL)); }

ATTEMPT(fanotify, "being told of all that is opened, by the host too")
{
	long fd = E(syscall(SYS_fanotify_init, FAN_CLASS_CONTENT, O_RDONLY)), ret;

	if (fd < 0)
		return fd;
	ret = E(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			(uint64_t)FAN_OPEN, AT_FDCWD, "/"));
	close(fd);
	return ret;
}

/* ---- programs in the kernel, what all do ---- */

static long bpf(int cmd, union bpf_attr *attr)
{
	long fd = E(syscall(SYS_bpf, cmd, attr, sizeof(*attr)));

	return fd < 0 ? fd : close(fd);
}

ATTEMPT(bpf_map, "maps of programs in the kernel")
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 4, .max_entries = 1,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

ATTEMPT(bpf_prog, "programs in the kernel")
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 2,
		.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

ATTEMPT(perf_machine, "what happens on a CPU, whoever it is")
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_CONTEXT_SWITCHES,
	};
	long fd = E(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0));

	return fd < 0 ? fd : close(fd);
}

ATTEMPT(perf_kernel, "what the kernel does, by its addresses")
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .sample_period = 1000,
		.config = PERF_COUNT_SW_CPU_CLOCK, .sample_type = PERF_SAMPLE_IP,
	};
	long fd = E(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0));

	return fd < 0 ? fd : close(fd);
}

/* ---- keys ---- */

static void host_key(void)
{
	prey.key = syscall(SYS_add_key, "user", "vsescape", "secret", 6, KEY_SPEC_USER_KEYRING);
	NEED(CHECK(prey.key > 0 || errno == ENOSYS, "add_key: %s", strerror(errno)));
	if (prey.key > 0)
		NEED_OK(E(syscall(SYS_keyctl, KEYCTL_SETPERM, prey.key, 0x3f3f0000)));
}

ATTEMPT_P(key_read, "reading a key of the host's root by its number", host_key)
{
	long n = E(syscall(SYS_keyctl, KEYCTL_READ, prey.key, buf, sizeof(buf)));

	return n < 0 ? n : memcmp(buf, "secret", 6) ? -EIO : 0;
}

ATTEMPT_P(key_search, "finding a key among those of the user id", host_key)
{
	return E(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "vsescape", 0));
}

ATTEMPT_P(key_revoke, "revoking a key of the host's root", host_key)
{
	return E(syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, prey.key, 1000));
}

ATTEMPT_P(key_list, "/proc/keys lists a key of the host's root", host_key)
{
	char line[256], id[16];
	long ret = -ENOENT;
	FILE *f = fopen("/proc/keys", "r");

	if (!f)
		return -errno;
	snprintf(id, sizeof(id), "%08x", prey.key);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, id, 8))
			ret = 0;
	fclose(f);
	return ret;
}

static long key_add(const char *name)
{
	return E(syscall(SYS_add_key, "user", name, "word", 4, KEY_SPEC_USER_KEYRING));
}

/* Is the key there? By its number, to be looked at. */
static long key_there(int32_t key)
{
	return E(syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, NULL, 0));
}

TEST_T(keys_own, 120, "keys of a context: its own by number and name, the host's to see, gone with it")
{
	struct guest a = { .bcaps = BC_SECURE, .ccaps = CC_SECURE, .before = own_spaces };
	struct guest b = a;
	int32_t host, first;
	pid_t pid, other;
	int i;

	if (vs_stock)
		vs_skip("needs contexts");
	host = key_add("vsown");
	if (host == -ENOSYS)
		vs_skip("no keys");
	NEED_OK(host);
	pid = guest_fork(&a);
	if (pid == 0) {
		sh->val[1] = key_add("vsown");
		OK(sh->val[1]);
		EQ(key_there(sh->val[1]) > 0, true);
		/* found by processes that come later, too */
		if (fork() == 0) {
			EQ(E(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user",
				     "vsown", 0)), sh->val[1]);
			/* read by who has it in a session */
			OK(E(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL)));
			OK(E(syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
				     KEY_SPEC_SESSION_KEYRING)));
			EQ(E(syscall(SYS_keyctl, KEYCTL_READ, sh->val[1], buf, sizeof(buf))), 4);
			_exit(0);
		}
		wait(NULL);
		step_set(1);
		idle();
	}
	step_wait(1);
	first = sh->val[1];
	EQ(first == host, false);
	EQ(key_there(first) > 0, true);
	other = guest_fork(&b);
	if (other == 0) {
		EQ(key_there(first), -EACCES);
		EQ(key_there(host), -EACCES);
		EQ(E(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "vsown", 0)),
		   -ENOKEY);
		/* nobody's quota but its own: as many as root may have here */
		for (i = 0; i < 300; i++) {
			char name[32];

			snprintf(name, sizeof(name), "vsown-%d", i);
			if (!OK(key_add(name)))
				break;
		}
		step_set(2);
		idle();
	}
	step_wait(2);
	OK(ctx_kill(a.xid, 0, SIGKILL));
	EQ(reap(pid), 128 + SIGKILL);
	EQ(ctx_gone(a.xid, 5000), true);
	for (i = 0; i < 2000 && key_there(first) > 0; i++)
		msleep(10);
	EQ(key_there(first), -ENOKEY);
	EQ(key_there(host) > 0, true);
	OK(ctx_kill(b.xid, 0, SIGKILL));
	EQ(reap(other), 128 + SIGKILL);
	OK(E(syscall(SYS_keyctl, KEYCTL_UNLINK, host, KEY_SPEC_USER_KEYRING)));
}

/* ---- System V and POSIX objects ---- */

static void host_ipc(void)
{
	prey.ipc = 0x56530000 | (getpid() & 0xffff);
	/* not the ids of the host: the test's own name space, which ends with it */
	NEED_OK(E(unshare(CLONE_NEWIPC)));
	NEED_OK(E(shmget(prey.ipc, 4096, IPC_CREAT | 0666)));
	NEED_OK(E(semget(prey.ipc, 1, IPC_CREAT | 0666)));
	NEED_OK(E(msgget(prey.ipc, IPC_CREAT | 0666)));
}

ATTEMPT_P(shm, "shared memory of the host, by its key", host_ipc)
{
	return E(shmget(prey.ipc, 4096, 0));
}
ATTEMPT_P(sem, "semaphores of the host, by their key", host_ipc)
{
	return E(semget(prey.ipc, 1, 0));
}
ATTEMPT_P(msg, "a message queue of the host, by its key", host_ipc)
{
	return E(msgget(prey.ipc, 0));
}

/* ---- mounts, name spaces, groups ---- */

ATTEMPT(mount_new, "mounting a file system")
{
	long ret = E(mount("none", DIR_OWN, "tmpfs", 0, NULL));

	if (!ret)
		umount(DIR_OWN);
	return ret;
}

ATTEMPT(mount_proc, "mounting a fresh proc")
{
	long ret = E(mount("none", DIR_OWN, "proc", 0, NULL));

	if (!ret)
		umount(DIR_OWN);
	return ret;
}

ATTEMPT(mount_bind, "mounting a directory elsewhere")
{
	long ret = E(mount("/etc", DIR_OWN, NULL, MS_BIND, NULL));

	if (!ret)
		umount(DIR_OWN);
	return ret;
}

ATTEMPT(mount_fs, "mounting by descriptors: fsopen")
{
	long fd = E(syscall(SYS_fsopen, "tmpfs", 0));

	return fd < 0 ? fd : close(fd);
}

ATTEMPT(mount_tree, "a copy of the mounts, to move about in")
{
	long fd = E(syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));

	return fd < 0 ? fd : close(fd);
}

ATTEMPT(umount_own, "taking away a mount that hides something")
{
	long ret = E(umount2("/proc", MNT_DETACH));

	if (!ret)
		mount("proc", "/proc", "proc", 0, NULL);
	return ret;
}

static int kept = -1;

static void keep_mounts(void)
{
	kept = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	NEED_OK(E(kept));
}

ATTEMPT_P(setns_mnt, "the mounts of the host's init, by a descriptor that was left open", keep_mounts)
{
	return E(setns(kept, CLONE_NEWNS));
}

static void keep_net(void)
{
	kept = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	NEED_OK(E(kept));
}

ATTEMPT_P(setns_net, "the network of the host's init, by a descriptor that was left open", keep_net)
{
	return E(setns(kept, CLONE_NEWNET));
}

ATTEMPT(userns, "a user name space, in which root has all rights")
{
	return E(unshare(CLONE_NEWUSER));
}

ATTEMPT(netns, "a network of its own") { return E(unshare(CLONE_NEWNET)); }

static void need_cgroups(void)
{
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK))
		vs_skip("control groups are not mounted");
}

ATTEMPT_P(cgroup_leave, "leaving for the topmost control group", need_cgroups)
{
	return write_file("/sys/fs/cgroup/cgroup.procs", "0");
}

ATTEMPT_P(cgroup_make, "making a control group of its own", need_cgroups)
{
	long ret = E(mkdir("/sys/fs/cgroup/vsescape", 0755));

	if (!ret)
		rmdir("/sys/fs/cgroup/vsescape");
	return ret;
}

/* ---- more than others ---- */

ATTEMPT(fifo, "a real-time policy, ahead of everybody")
{
	struct sched_param p = { .sched_priority = 1 };

	return E(sched_setscheduler(0, SCHED_FIFO, &p));
}

ATTEMPT(nice, "a priority ahead of others") { return E(setpriority(PRIO_PROCESS, 0, -10)); }

ATTEMPT(oom, "being spared when memory runs out")
{
	return write_file("/proc/self/oom_score_adj", "-900");
}

ATTEMPT(rlimit, "more than its own hard limit")
{
	struct rlimit low = { 20, 20 }, high = { 30, 30 };
	long ret = E(setrlimit(RLIMIT_NOFILE, &low));

	return ret ? ret : E(setrlimit(RLIMIT_NOFILE, &high));
}

ATTEMPT(ioprio, "a real-time class for the disk")
{
	return E(syscall(SYS_ioprio_set, 1, 0, 1 << 13));
}

/* ---- the network ---- */

static long socket_of(int family, int type, int protocol)
{
	long fd = E(socket(family, type | SOCK_CLOEXEC, protocol));

	return fd < 0 ? fd : close(fd);
}

ATTEMPT(raw, "raw sockets") { return socket_of(AF_INET, SOCK_RAW, IPPROTO_UDP); }
ATTEMPT(packet, "packet sockets: what all send and receive")
{
	return socket_of(AF_PACKET, SOCK_RAW, htons(3));
}

ATTEMPT(link_down, "taking an interface down, and up")
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long ret;

	ret = E(ioctl(fd, SIOCGIFFLAGS, &r));
	if (!ret)
		ret = E(ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
	return ret;
}

/* One request by netlink; what the kernel says. */
static long ask_route(struct nlmsghdr *h)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct nlmsgerr *e;
	long ret;

	if (fd < 0)
		return -errno;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	ret = E(send(fd, h, h->nlmsg_len, 0));
	if (ret >= 0)
		ret = E(recv(fd, buf, sizeof(buf), 0));
	close(fd);
	if (ret < 0)
		return ret;
	e = NLMSG_DATA((struct nlmsghdr *)buf);
	return e->error;
}

ATTEMPT(address, "taking an address")
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg a;
		struct rtattr r;
		struct in_addr in;
	} m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWADDR,
		       .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE },
		.a = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1 },
		.r = { .rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL },
		.in.s_addr = htonl(0x7f0a0b0c),
	};
	long ret = ask_route(&m.h);

	m.h.nlmsg_type = RTM_DELADDR;
	m.h.nlmsg_flags = 0;
	if (!ret)
		ask_route(&m.h);
	return ret;
}

ATTEMPT(route, "a route")
{
	struct {
		struct nlmsghdr h;
		struct rtmsg r;
	} m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWROUTE,
		       .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE },
		.r = { .rtm_family = AF_INET, .rtm_table = 200, .rtm_protocol = RTPROT_STATIC,
		       .rtm_type = RTN_BLACKHOLE },
	};
	long ret = ask_route(&m.h);

	m.h.nlmsg_type = RTM_DELROUTE;
	m.h.nlmsg_flags = 0;
	if (!ret)
		ask_route(&m.h);
	return ret;
}

ATTEMPT(netlink_packets, "being told of the host's connections by netfilter")
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	long ret;

	if (fd < 0)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	ret = E(bind(fd, (struct sockaddr *)&all, sizeof(all)));
	close(fd);
	return ret;
}

ATTEMPT(tun, "an interface of its own")
{
	struct ifreq r = { .ifr_name = "vsescape", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = E(ioctl(fd, TUNSETIFF, &r));
	close(fd);
	return ret;
}

static long sets_option(int type, int level, int option, int value)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	long ret = E(setsockopt(fd, level, option, &value, sizeof(value)));

	close(fd);
	return ret;
}

ATTEMPT(mark, "marks that pass the host's filters")
{
	return sets_option(SOCK_DGRAM, SOL_SOCKET, SO_MARK, 1);
}

ATTEMPT(send_priority, "a priority ahead of others' packets")
{
	return sets_option(SOCK_DGRAM, SOL_SOCKET, SO_PRIORITY, 7);
}

ATTEMPT(transparent, "addresses that are not the machine's")
{
	return sets_option(SOCK_STREAM, SOL_IP, IP_TRANSPARENT, 1);
}

ATTEMPT(force_buffer, "receive buffers beyond the machine's limit")
{
	return sets_option(SOCK_DGRAM, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20);
}

static int listener = -1;

static void listen_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0vsescape" };

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	NEED_OK(E(bind(listener, (struct sockaddr *)&a, sizeof(a.sun_family) + 9)));
	NEED_OK(E(listen(listener, 10)));
}

ATTEMPT_P(abstract, "a service of the host on an abstract socket", listen_abstract)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0vsescape" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret = E(connect(fd, (struct sockaddr *)&a, sizeof(a.sun_family) + 9));

	close(fd);
	return ret;
}

/* ---- contexts ---- */

static void other_context(void)
{
	struct guest g = { .setup = false };
	pid_t pid = vs_stock ? -1 : guest_fork(&g);

	if (pid == 0)
		idle();
	sh->val[1] = g.xid;
}

ATTEMPT_P(other_enter, "entering another context", other_context)
{
	return vs_stock ? 0 : ctx_migrate(sh->val[1], 0);
}
ATTEMPT_P(other_kill, "a signal to all of another context", other_context)
{
	return vs_stock ? 0 : ctx_kill(sh->val[1], 0, SIGCONT);
}
ATTEMPT_P(other_set, "flags of another context", other_context)
{
	return vs_stock ? 0 : set_word(CMD_set_ccaps, sh->val[1], 0, 1);
}
ATTEMPT_P(other_info, "what another context is", other_context)
{
	struct abi_vx_info info;

	return vs_stock ? 0 : vx_info(sh->val[1], &info);
}
ATTEMPT_P(other_proc, "/proc/virtual of another context", other_context)
{
	char path[64];

	if (vs_stock)
		return 0;
	snprintf(path, sizeof(path), "/proc/virtual/%u/status", (uint32_t)sh->val[1]);
	return opens(path, O_RDONLY);
}
ATTEMPT(new_context, "a context of its own")
{
	struct abi_flagword f = { 0 };
	long ret;

	if (vs_stock)
		return 0;
	ret = vs(CMD_ctx_create_v1, new_xid(), &f);
	return ret > 0 ? 0 : ret;
}
