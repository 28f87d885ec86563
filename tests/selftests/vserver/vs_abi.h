/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vserver system call as the tests know it.
 *
 * Numbers and layouts are written down here a second time, from the
 * specification and not from the kernel's header: a test that took its
 * constants from the code under test would follow every mistake made there.
 * abi.c holds both against each other.
 */
#ifndef VS_ABI_H
#define VS_ABI_H

#include <stdint.h>

#define VS_NR_X86_64		236
#define VS_NR_I386		273

#define VS_VERSION		0x00020308u
#define VS_VCI_NO_DYNAMIC	(1u << 0)
#define VS_VCI_HARDCPU		(1u << 5)
#define VS_VCI_IDLETIME		(1u << 7)
#define VS_VCI_COWBL		(3u << 8)
#define VS_VCI_SPACES		(1u << 10)
#define VS_VCI_NETV2		(1u << 11)
#define VS_VCI_TAG_INTERN	(4u << 24)
#define VS_VCI_PPTAG		(1u << 28)

#define VS_CMD(cat, cmd, ver)	((uint32_t)(cat) << 24 | (uint32_t)(cmd) << 16 | (ver))

#define CMD_get_version		VS_CMD(0, 0, 0)
#define CMD_get_vci		VS_CMD(0, 1, 0)
#define CMD_ctx_create_v1	VS_CMD(9, 1, 1)
#define CMD_ctx_create_v2	VS_CMD(9, 1, 2)
#define CMD_ctx_migrate_v0	VS_CMD(11, 1, 0)
#define CMD_ctx_migrate_v1	VS_CMD(11, 1, 1)
#define CMD_ctx_migrate_v2	VS_CMD(11, 1, 2)
#define CMD_task_xid		VS_CMD(46, 1, 0)
#define CMD_task_nid		VS_CMD(46, 2, 0)
#define CMD_task_tag		VS_CMD(46, 3, 0)
#define CMD_vx_info		VS_CMD(46, 5, 0)
#define CMD_ctx_stat		VS_CMD(40, 0, 0)
#define CMD_wait_exit		VS_CMD(48, 99, 0)
#define CMD_ctx_kill		VS_CMD(12, 1, 0)
#define CMD_get_cflags		VS_CMD(52, 1, 0)
#define CMD_set_cflags		VS_CMD(52, 2, 0)
#define CMD_get_ccaps		VS_CMD(52, 3, 1)
#define CMD_set_ccaps		VS_CMD(52, 4, 1)
#define CMD_get_bcaps		VS_CMD(52, 9, 0)
#define CMD_set_bcaps		VS_CMD(52, 10, 0)
#define CMD_get_umask		VS_CMD(52, 13, 0)
#define CMD_set_umask		VS_CMD(52, 14, 0)
#define CMD_get_wmask		VS_CMD(52, 15, 0)
#define CMD_set_wmask		VS_CMD(52, 16, 0)
#define CMD_get_badness		VS_CMD(20, 5, 0)
#define CMD_set_badness		VS_CMD(20, 6, 0)
#define CMD_set_vhi_name	VS_CMD(2, 1, 0)
#define CMD_get_vhi_name	VS_CMD(2, 2, 0)
#define CMD_enter_space_v0	VS_CMD(10, 1, 0)
#define CMD_enter_space_v1	VS_CMD(10, 1, 1)
#define CMD_enter_space_v2	VS_CMD(10, 1, 2)
#define CMD_set_space_v0	VS_CMD(10, 3, 0)
#define CMD_set_space_v1	VS_CMD(10, 3, 1)
#define CMD_set_space_v2	VS_CMD(10, 3, 2)
#define CMD_get_space_mask_v0	VS_CMD(10, 4, 0)
#define CMD_get_space_mask_v1	VS_CMD(54, 0, 1)
#define CMD_get_space_default	VS_CMD(54, 1, 0)

#define CMD_nx_info		VS_CMD(46, 6, 0)
#define CMD_net_create_v1	VS_CMD(25, 1, 1)
#define CMD_net_migrate		VS_CMD(27, 1, 0)
#define CMD_net_add_v0		VS_CMD(26, 1, 0)
#define CMD_net_rem_v0		VS_CMD(26, 2, 0)
#define CMD_net_add_ipv4_v1	VS_CMD(26, 1, 1)
#define CMD_net_rem_ipv4_v1	VS_CMD(26, 2, 1)
#define CMD_net_add_ipv4_v2	VS_CMD(26, 1, 2)
#define CMD_net_rem_ipv4_v2	VS_CMD(26, 2, 2)
#define CMD_net_add_ipv6	VS_CMD(26, 3, 1)
#define CMD_net_rem_ipv6	VS_CMD(26, 4, 1)
#define CMD_get_nflags		VS_CMD(52, 5, 0)
#define CMD_set_nflags		VS_CMD(52, 6, 0)
#define CMD_get_ncaps		VS_CMD(52, 7, 0)
#define CMD_set_ncaps		VS_CMD(52, 8, 0)

#define CMD_set_sched_v2	VS_CMD(14, 1, 2)
#define CMD_set_sched_v3	VS_CMD(14, 1, 3)
#define CMD_set_sched_v4	VS_CMD(14, 1, 4)
#define CMD_set_sched_v5	VS_CMD(14, 1, 5)
#define CMD_get_sched		VS_CMD(14, 2, 5)
#define CMD_sched_info		VS_CMD(14, 3, 0)
#define CMD_set_prio_bias	VS_CMD(14, 4, 0)
#define CMD_get_prio_bias	VS_CMD(14, 5, 0)
#define CMD_get_rlimit		VS_CMD(60, 1, 0)
#define CMD_set_rlimit		VS_CMD(60, 2, 0)
#define CMD_get_rlimit_mask	VS_CMD(60, 3, 0)
#define CMD_reset_hits		VS_CMD(60, 7, 0)
#define CMD_reset_minmax	VS_CMD(60, 9, 0)
#define CMD_rlimit_stat		VS_CMD(40, 1, 0)
#define CMD_virt_stat		VS_CMD(40, 3, 0)
#define CMD_sock_stat		VS_CMD(40, 5, 0)
#define CMD_tag_migrate		VS_CMD(35, 1, 0)
#define CMD_get_iattr		VS_CMD(38, 1, 1)
#define CMD_set_iattr		VS_CMD(38, 2, 1)
#define CMD_fget_iattr		VS_CMD(38, 3, 0)
#define CMD_fset_iattr		VS_CMD(38, 4, 0)
#define CMD_add_dlimit		VS_CMD(36, 1, 0)
#define CMD_rem_dlimit		VS_CMD(36, 2, 0)
#define CMD_set_dlimit		VS_CMD(36, 5, 0)
#define CMD_get_dlimit		VS_CMD(36, 6, 0)
#define CMD_set_mapping		VS_CMD(6, 1, 0)
#define CMD_unset_mapping	VS_CMD(6, 2, 0)
/* ours */
#define CMD_ctx_create_in	VS_CMD(9, 16, 0)
#define CMD_set_cpu		VS_CMD(14, 16, 0)
#define CMD_get_cpu		VS_CMD(14, 17, 0)
#define CMD_set_disk		VS_CMD(14, 18, 0)

#define XID_SELF		0xfffffffeu	/* VC_SAMECTX */
#define XID_NONE		0xffffffffu	/* VC_DYNAMIC_XID, VC_NOCTX */

#define CF_LOCK			0x1ull
#define CF_PRIVATE		0x8ull
#define CF_FAKEINIT		0x10ull
#define CF_SCHED_HARD		0x100ull
#define CF_SCHED_PRIO		0x200ull
#define CF_SCHED_PAUSE		0x400ull
#define CF_VIRT_MEM		0x00010000ull
#define CF_VIRT_UPTIME		0x00020000ull
#define CF_VIRT_CPU		0x00040000ull
#define CF_VIRT_LOAD		0x00080000ull
#define CF_HIDE_VINFO		0x04000000ull
#define CF_STATE_SETUP		(1ull << 32)
#define CF_STATE_INIT		(1ull << 33)
#define CF_STATE_ADMIN		(1ull << 34)
#define CF_ONE_TIME		(CF_STATE_SETUP | CF_STATE_INIT | CF_STATE_ADMIN)
#define CF_SC_HELPER		(1ull << 36)
#define CF_REBOOT_KILL		(1ull << 37)
#define CF_PERSISTENT		(1ull << 38)

#define NF_PRIVATE		0x8ull
#define NF_SINGLE_IP		0x100ull
#define NF_LBACK_REMAP		0x200ull
#define NF_LBACK_ALLOW		0x400ull
#define NF_HIDE_NETIF		0x02000000ull
#define NF_HIDE_LBACK		0x04000000ull
#define NF_STATE_SETUP		(1ull << 32)
#define NF_STATE_ADMIN		(1ull << 34)
#define NF_SC_HELPER		(1ull << 36)
#define NF_PERSISTENT		(1ull << 38)
#define NF_DEFAULT		(NF_STATE_ADMIN | NF_HIDE_NETIF | NF_LBACK_REMAP | NF_HIDE_LBACK)
#define NC_TUN_CREATE		0x1ull
#define NC_RAW_ICMP		0x100ull
#define NC_MULTICAST		0x1000ull
#define NA_IPV4			0x1
#define NA_IPV6			0x2
#define NA_ADDR			0x10
#define NA_MASK			0x20
#define NA_RANGE		0x40
#define NA_ANY			0xff
#define NA_BCAST		0x100
#define NA_LBACK		0x200

#define CC_SET_UTSNAME		0x1ull
#define CC_RAW_ICMP		0x100ull
#define CC_SYSLOG		0x1000ull
#define CC_AUDIT_CONTROL	0x4000ull
#define CC_SECURE		(CC_SET_UTSNAME | CC_RAW_ICMP | CC_AUDIT_CONTROL)

/* The word that "vattribute --secure" really sends. */
#define BC_SECURE		0xffffffffb44c04ffull
#define BC_ALL			(~0ull)
/* Bit 63 has no capability behind it: it makes the interface visible. */
#define BC_API			(1ull << 63)

#define MIGRATE_SET_INIT	1ull
#define MIGRATE_SET_REAPER	2ull

#define SP_TIME			0x80ull
#define SP_FS			0x200ull
#define SP_NS			0x20000ull
#define SP_CGROUP		0x02000000ull
#define SP_UTS			0x04000000ull
#define SP_IPC			0x08000000ull
#define SP_USER			0x10000000ull
#define SP_PID			0x20000000ull
#define SP_NET			0x40000000ull
#define SP_DEFAULT		0x0c020200ull

#define SM_FILL_RATE		0x0001
#define SM_INTERVAL		0x0002
#define SM_FILL_RATE2		0x0004
#define SM_INTERVAL2		0x0008
#define SM_TOKENS		0x0010
#define SM_TOKENS_MIN		0x0020
#define SM_TOKENS_MAX		0x0040
#define SM_PRIO_BIAS		0x0100
#define SM_IDLE_TIME		0x0200
#define SM_FORCE		0x0400
#define SM_CPU_ID		0x1000
#define SM_BUCKET_ID		0x2000
#define SM_MSEC			0x4000

#define CPU_WEIGHT		0x01
#define CPU_GUARANTEE		0x02
#define CPU_MAX			0x04
#define CPU_BURST		0x08
#define CPU_RESUME		0x10
#define CPU_ALL			0x1f

#define SCHED_KEEP		(-2)

struct abi_sched_v2 {
	int32_t fill_rate, interval, tokens, tokens_min, tokens_max;
	uint64_t cpu_mask;
};
struct abi_sched_v3 {
	uint32_t set_mask;
	int32_t fill_rate, interval, tokens, tokens_min, tokens_max, prio_bias;
};
struct abi_sched_v4 {
	uint32_t set_mask;
	int32_t fill_rate, interval, tokens, tokens_min, tokens_max, prio_bias;
	int32_t cpu_id, bucket_id;
};
struct abi_sched_v5 {
	uint32_t mask;
	int32_t cpu_id, bucket_id, fill_rate[2], interval[2];
	int32_t tokens, tokens_min, tokens_max, prio_bias;
};
struct abi_sched_info {
	int32_t cpu_id, bucket_id;
	uint64_t user_msec, sys_msec, hold_msec;
	uint32_t token_usec;
	int32_t vavavoom;
};
struct abi_prio_bias { int32_t cpu_id, prio_bias; };
struct abi_cpu {
	uint32_t mask, weight;
	uint64_t guarantee, max, burst, resume;
};

#define DISK_WEIGHT		0x01
#define DISK_RESERVE		0x02
#define DISK_MAX		0x04
#define DISK_IN_IOS		2

struct abi_disk {
	uint32_t mask, major, minor, weight, reserve_unit, max_unit;
	uint64_t reserve, max;
};

#define SK_UNSPEC		0u
#define SK_UNIX			1u
#define SK_INET			2u
#define SK_INET6		3u
#define SK_PACKET		4u
#define SK_OTHER		5u
#define SK_RECV			0
#define SK_SEND			1
#define SK_FAIL			2

#define RL_RSS			5
#define RL_NPROC		6
#define RL_MEMLOCK		8
#define RL_AS			9
#define RL_LOCKS		10
#define RL_MSGQUEUE		12
#define RL_NSOCK		16
#define RL_OPENFD		17
#define RL_ANON			18
#define RL_SHMEM		19
#define RL_SEMARY		20
#define RL_NSEMS		21
#define RL_MAPPED		23
#define RL_INFINITY		(~0ull)
#define RL_KEEP			(~1ull)

struct abi_rlimit {
	uint32_t id;
	uint64_t minimum, softlimit, maximum;
};
struct abi_rlimit_mask { uint32_t minimum, softlimit, maximum; };
struct abi_rlimit_stat {
	uint32_t id, hits;
	uint64_t value, minimum, maximum;
};
struct abi_virt_stat {
	uint64_t offset, uptime;
	uint32_t nr_threads, nr_running, nr_uninterruptible, nr_onhold, nr_forks;
	uint32_t load[3];
};

struct abi_vx_info { uint32_t xid, initpid; };
struct abi_ctx_stat { uint32_t usecnt, tasks; };
struct abi_wait_exit { uint32_t reboot_cmd; int32_t exit_code; };
struct abi_ctx_kill { int32_t pid, sig; };
struct abi_flagword { uint64_t flagword; };
struct abi_create_in { uint64_t flagword; uint32_t parent, zero; };
struct abi_word { uint64_t value, mask; };	/* cflags ccaps bcaps umask wmask */
struct abi_badness { int64_t bias; };
struct abi_space { uint64_t mask; uint32_t index, pad; };
struct abi_nx_info { uint32_t nid; };
/* addresses and masks in network order */
struct abi_addr4_v0 { uint16_t type, count; uint32_t ip[4], mask[4]; };
struct abi_sock_stat { uint32_t field, count[3]; uint64_t total[3]; };
struct abi_addr4_v1 { uint16_t type, flags; uint32_t ip, mask; };
struct abi_addr4_v2 { uint16_t type, flags; uint32_t ip, ip2, mask; };
struct abi_addr6 { uint16_t type, flags; uint32_t prefix; uint8_t ip[16], mask[16]; };
struct abi_iattr { uint64_t name; uint32_t tag, flags, mask; };
struct abi_fiattr { uint32_t tag, flags, mask; };
struct abi_dlimit_base { uint64_t name; uint32_t flags; };
struct abi_dlimit {
	uint64_t name;
	uint32_t space_used, space_total, inodes_used, inodes_total, reserved, flags;
};
struct abi_mapping { uint64_t device, target; uint32_t flags; };
struct abi_vhi { uint32_t field; char name[65]; char pad[3]; };

_Static_assert(sizeof(struct abi_vx_info) == 8, "vx_info");
_Static_assert(sizeof(struct abi_word) == 16, "flag words");
_Static_assert(sizeof(struct abi_space) == 16, "space_mask_v2");
_Static_assert(sizeof(struct abi_create_in) == 16, "ctx_create_in");
_Static_assert(sizeof(struct abi_sched_v2) == 32, "sched_v2");
_Static_assert(sizeof(struct abi_sched_v3) == 28, "sched_v3");
_Static_assert(sizeof(struct abi_sched_v4) == 36, "sched_v4");
_Static_assert(sizeof(struct abi_sched_v5) == 44, "sched_v5");
_Static_assert(sizeof(struct abi_sched_info) == 40, "sched_info");
_Static_assert(sizeof(struct abi_cpu) == 40, "cpu");
_Static_assert(sizeof(struct abi_disk) == 40, "disk");
_Static_assert(sizeof(struct abi_rlimit) == 32, "rlimit");
_Static_assert(sizeof(struct abi_rlimit_mask) == 12, "rlimit_mask");
_Static_assert(sizeof(struct abi_rlimit_stat) == 32, "rlimit_stat");
_Static_assert(sizeof(struct abi_virt_stat) == 48, "virt_stat");
_Static_assert(sizeof(struct abi_sock_stat) == 40, "sock_stat");
_Static_assert(sizeof(struct abi_addr4_v0) == 36, "net_addr");
_Static_assert(sizeof(struct abi_addr4_v1) == 12, "net_addr_ipv4_v1");
_Static_assert(sizeof(struct abi_addr4_v2) == 16, "net_addr_ipv4_v2");
_Static_assert(sizeof(struct abi_addr6) == 40, "net_addr_ipv6_v1");
_Static_assert(sizeof(struct abi_iattr) == 24, "iattr_v1");
_Static_assert(sizeof(struct abi_fiattr) == 12, "fiattr");
_Static_assert(sizeof(struct abi_dlimit_base) == 16, "dlimit_base");
_Static_assert(sizeof(struct abi_dlimit) == 32, "dlimit");
_Static_assert(sizeof(struct abi_mapping) == 24, "mapping");
_Static_assert(sizeof(struct abi_vhi) == 72, "vhi_name");

#endif
