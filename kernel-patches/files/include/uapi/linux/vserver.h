/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The Linux-VServer system call: command numbers and argument layouts.
 *
 * long vserver(__u32 cmd, __u32 id, void *data), system call 236 on x86-64.
 *
 * Userland may truncate the result to int, so no command returns a value
 * with bit 31 set other than a negated errno.  Commands that take no id
 * ignore it.  Padding in structures is never looked at.
 */
#ifndef _UAPI_LINUX_VSERVER_H
#define _UAPI_LINUX_VSERVER_H

#include <linux/types.h>

/* category, command and version of a command word */
#define VC_CMD(cat, cmd, ver) \
	((((cat) & 0x3fU) << 24) | (((cmd) & 0xffU) << 16) | ((ver) & 0xfffU))
#define VC_CATEGORY(c)		(((c) >> 24) & 0x3f)
#define VC_COMMAND(c)		(((c) >> 16) & 0xff)
#define VC_VERSION(c)		((c) & 0xfff)

#define VC_CAT_VERSION		0
#define VC_CAT_VHOST		2
#define VC_CAT_DEVICE		6
#define VC_CAT_VPROC		9
#define VC_CAT_PROCALT		10
#define VC_CAT_PROCMIG		11
#define VC_CAT_PROCTRL		12
#define VC_CAT_SCHED		14
#define VC_CAT_MEMCTRL		20
#define VC_CAT_VNET		25
#define VC_CAT_NETALT		26
#define VC_CAT_NETMIG		27
#define VC_CAT_NETCTRL		28
#define VC_CAT_TAGMIG		35
#define VC_CAT_DLIMIT		36
#define VC_CAT_INODE		38
#define VC_CAT_VSTAT		40
#define VC_CAT_VINFO		46
#define VC_CAT_EVENT		48
#define VC_CAT_FLAGS		52
#define VC_CAT_VSPACE		54
#define VC_CAT_RLIMIT		60

/* What get_version reports, and the optional older interface level. */
#define VCI_VERSION		0x00020308
#define VCI_VERSION_STAT	0x00020305

/* Feature bits of get_vci */
#define VCF_NO_DYNAMIC		0x00000001
#define VCF_PROC_SECURE		0x00000010
#define VCF_SCHED_HARD		0x00000020
#define VCF_IDLELIMIT		0x00000040
#define VCF_IDLETIME		0x00000080
#define VCF_COWBL		0x00000100
#define VCF_FULLCOWBL		0x00000200
#define VCF_SPACES		0x00000400
#define VCF_NETV2		0x00000800
#define VCF_TAG_INTERN		0x04000000	/* of the bits 24-26: tags are project ids */
#define VCF_PPTAG		0x10000000

/* Ids */
#define VX_XID_HOST		0
#define VX_XID_WATCH		1
#define VX_XID_MIN		2
#define VX_XID_MAX		65535
#define VX_XID_CURRENT		((__u32)-2)

#define VCMD_get_version	VC_CMD(VC_CAT_VERSION, 0, 0)
#define VCMD_get_vci		VC_CMD(VC_CAT_VERSION, 1, 0)

/* Contexts: create, enter, look up */
#define VCMD_ctx_create		VC_CMD(VC_CAT_VPROC, 1, 1)
#define VCMD_ctx_migrate_v0	VC_CMD(VC_CAT_PROCMIG, 1, 0)
#define VCMD_ctx_migrate	VC_CMD(VC_CAT_PROCMIG, 1, 1)
#define VCMD_task_xid		VC_CMD(VC_CAT_VINFO, 1, 0)
#define VCMD_vx_info		VC_CMD(VC_CAT_VINFO, 5, 0)
#define VCMD_ctx_stat		VC_CMD(VC_CAT_VSTAT, 0, 0)

struct vcmd_ctx_create {
	__u64 flagword;
};

/*
 * ctx_create for a context in another one, which need not have processes; a command
 * of our own. The two are apart in all but CPU time: that of the new one counts as
 * the parent's too, its weight is against the parent's processes and the other
 * contexts in it, and a limit or a pause of the parent holds its processes. What is
 * guaranteed to the contexts in a parent is a part of what is guaranteed to it.
 * The parent stays what it is until the end, and has not ended before: each context
 * in it counts as one of its tasks (ctx_stat).
 *
 * Errors as with ctx_create, and ESRCH no such parent, EACCES it does not take the
 * host's commands any more, ELOOP more than four contexts in each other, ENOSYS
 * without CONFIG_VSERVER_SCHED.
 */
#define VCMD_ctx_create_in	VC_CMD(VC_CAT_VPROC, 16, 0)

struct vcmd_ctx_create_in {
	__u64 flagword;
	__u32 parent;
	__u32 zero;		/* EINVAL if it is not */
};

struct vcmd_ctx_migrate {
	__u64 flagword;
};

/* flagword of ctx_migrate */
#define VXM_SET_INIT		0x00000001
#define VXM_SET_REAPER		0x00000002

struct vcmd_vx_info {
	__u32 xid;
	__u32 initpid;
};

struct vcmd_ctx_stat {
	__u32 usecnt;
	__u32 tasks;
};

/* Signals and the end of a context */
#define VCMD_ctx_kill		VC_CMD(VC_CAT_PROCTRL, 1, 0)
#define VCMD_wait_exit		VC_CMD(VC_CAT_EVENT, 99, 0)

/* pid: 0 every task, -1 every task but init, 1 the init, n that process */
struct vcmd_ctx_kill {
	__s32 pid;
	__s32 sig;
};

/* exit_code is in the form wait(2) reports */
struct vcmd_wait_exit {
	__u32 reboot_cmd;
	__s32 exit_code;
};

/* Flag words; each set is new = (old & ~mask) | (value & mask) */
#define VCMD_get_cflags		VC_CMD(VC_CAT_FLAGS, 1, 0)
#define VCMD_set_cflags		VC_CMD(VC_CAT_FLAGS, 2, 0)
#define VCMD_get_ccaps		VC_CMD(VC_CAT_FLAGS, 3, 1)
#define VCMD_set_ccaps		VC_CMD(VC_CAT_FLAGS, 4, 1)
#define VCMD_get_bcaps		VC_CMD(VC_CAT_FLAGS, 9, 0)
#define VCMD_set_bcaps		VC_CMD(VC_CAT_FLAGS, 10, 0)
#define VCMD_get_umask		VC_CMD(VC_CAT_FLAGS, 13, 0)
#define VCMD_set_umask		VC_CMD(VC_CAT_FLAGS, 14, 0)
#define VCMD_get_wmask		VC_CMD(VC_CAT_FLAGS, 15, 0)
#define VCMD_set_wmask		VC_CMD(VC_CAT_FLAGS, 16, 0)
#define VCMD_get_badness	VC_CMD(VC_CAT_MEMCTRL, 5, 0)
#define VCMD_set_badness	VC_CMD(VC_CAT_MEMCTRL, 6, 0)

struct vcmd_ctx_flags {
	__u64 flagword;
	__u64 mask;
};

struct vcmd_ctx_caps {
	__u64 ccaps;
	__u64 cmask;
};

struct vcmd_bcaps {
	__u64 bcaps;
	__u64 bmask;
};

struct vcmd_umask {
	__u64 umask;
	__u64 mask;
};

struct vcmd_wmask {
	__u64 wmask;
	__u64 mask;
};

/* in units of oom_score_adj */
struct vcmd_badness {
	__s64 bias;
};

/* cflags */
#define VXF_INFO_LOCK		0x00000001ULL
#define VXF_INFO_SCHED		0x00000002ULL
#define VXF_INFO_NPROC		0x00000004ULL
#define VXF_INFO_PRIVATE	0x00000008ULL
#define VXF_INFO_INIT		0x00000010ULL
#define VXF_INFO_HIDE		0x00000020ULL
#define VXF_INFO_ULIMIT		0x00000040ULL
#define VXF_INFO_NSPACE		0x00000080ULL
#define VXF_SCHED_HARD		0x00000100ULL
#define VXF_SCHED_PRIO		0x00000200ULL
#define VXF_SCHED_PAUSE		0x00000400ULL
#define VXF_VIRT_MEM		0x00010000ULL
#define VXF_VIRT_UPTIME		0x00020000ULL
#define VXF_VIRT_CPU		0x00040000ULL
#define VXF_VIRT_LOAD		0x00080000ULL
#define VXF_VIRT_TIME		0x00100000ULL
#define VXF_HIDE_MOUNT		0x01000000ULL
#define VXF_HIDE_NETIF		0x02000000ULL
#define VXF_HIDE_VINFO		0x04000000ULL
#define VXF_STATE_SETUP		0x100000000ULL
#define VXF_STATE_INIT		0x200000000ULL
#define VXF_STATE_ADMIN		0x400000000ULL
#define VXF_SC_HELPER		0x1000000000ULL
#define VXF_REBOOT_KILL		0x2000000000ULL
#define VXF_PERSISTENT		0x4000000000ULL
#define VXF_FORK_RSS		0x1000000000000ULL
#define VXF_PROLIFIC		0x2000000000000ULL
#define VXF_IGNEG_NICE		0x10000000000000ULL
#define VXF_IGNEG_IONICE	0x20000000000000ULL

/* can be cleared once and never set again */
#define VXF_ONE_TIME \
	(VXF_STATE_SETUP | VXF_STATE_INIT | VXF_STATE_ADMIN)
#define VXF_INIT_SET		VXF_ONE_TIME

/* ccaps */
#define VXC_SET_UTSNAME		0x00000001ULL
#define VXC_SET_RLIMIT		0x00000002ULL
#define VXC_FS_SECURITY		0x00000004ULL
#define VXC_FS_TRUSTED		0x00000008ULL
#define VXC_TIOCSTI		0x00000010ULL
#define VXC_RAW_ICMP		0x00000100ULL
#define VXC_SYSLOG		0x00001000ULL
#define VXC_OOM_ADJUST		0x00002000ULL
#define VXC_AUDIT_CONTROL	0x00004000ULL
#define VXC_SECURE_MOUNT	0x00010000ULL
#define VXC_SECURE_REMOUNT	0x00020000ULL
#define VXC_BINARY_MOUNT	0x00040000ULL
#define VXC_DEV_MOUNT		0x00080000ULL
#define VXC_QUOTA_CTL		0x00100000ULL
#define VXC_ADMIN_MAPPER	0x00200000ULL
#define VXC_ADMIN_CLOOP		0x00400000ULL
#define VXC_KTHREAD		0x01000000ULL
#define VXC_NAMESPACE		0x02000000ULL

/* Bit of bcaps that makes the system call itself visible in a context */
#define VXB_CONTEXT		0x8000000000000000ULL

/*
 * CPU time.
 *
 * Linux-VServer's commands. A token is one scheduler tick of CPU time
 * (sched_info.token_usec); a context gains fill_rate tokens every interval
 * ticks for each CPU. The values of the CPUs are kept apart for get_sched, and
 * add up to one bucket for the whole context: a single thread may use what the
 * original spread over the CPUs.
 *
 *   VXF_SCHED_HARD		the rate is a limit: out of tokens, processes are
 *				held at their return to user mode until there are
 *				tokens_min again; at most tokens_max are saved up
 *   VXF_SCHED_HARD with	the rate is guaranteed, rate2 is the weight for
 *   VXSM_IDLE_TIME		what is left (1/4 stands for the default weight);
 *				a limit only if rate2 is 0
 *   VXF_SCHED_PRIO		out of tokens, the weight counts a quarter
 *   VXF_SCHED_PAUSE		all are held
 *
 * Out of range values are put right before anything is stored: interval <= 0
 * is HZ, fill_rate < 0 is 0, tokens_max <= 0 is HZ, tokens_min < 0 is HZ / 3
 * and at most tokens_max, prio_bias is between -20 and 19 (19 weighs least).
 * Fields whose bit is not in the mask keep their value. IDLE_TIME is on after
 * a call with the bit, off after one without it that sets a rate or interval.
 *
 * Errors: EINVAL a bucket_id other than 0, or a cpu_id that is not possible
 * (each only with its bit in the mask; get_sched and sched_info always look);
 * ENOSPC more would be guaranteed than can be kept.
 */
#define VCMD_set_sched_v2	VC_CMD(VC_CAT_SCHED, 1, 2)
#define VCMD_set_sched_v3	VC_CMD(VC_CAT_SCHED, 1, 3)
#define VCMD_set_sched_v4	VC_CMD(VC_CAT_SCHED, 1, 4)
#define VCMD_set_sched		VC_CMD(VC_CAT_SCHED, 1, 5)
#define VCMD_get_sched		VC_CMD(VC_CAT_SCHED, 2, 5)
#define VCMD_sched_info		VC_CMD(VC_CAT_SCHED, 3, 0)
#define VCMD_set_prio_bias	VC_CMD(VC_CAT_SCHED, 4, 0)
#define VCMD_get_prio_bias	VC_CMD(VC_CAT_SCHED, 5, 0)

/*
 * No mask: members that are VX_SCHED_KEEP keep their value. The rate, which counts
 * for both, is that of the CPUs of cpu_mask (bit 0 is CPU 0), of all if it is 0;
 * EINVAL if it has none that is possible.
 */
struct vcmd_set_sched_v2 {
	__s32 fill_rate;
	__s32 interval;
	__s32 tokens;
	__s32 tokens_min;
	__s32 tokens_max;
	__u64 cpu_mask;
};

#define VX_SCHED_KEEP		(-2)

/* one rate, which counts for both */
struct vcmd_set_sched_v3 {
	__u32 set_mask;
	__s32 fill_rate;
	__s32 interval;
	__s32 tokens;
	__s32 tokens_min;
	__s32 tokens_max;
	__s32 priority_bias;
};

struct vcmd_set_sched_v4 {
	__u32 set_mask;
	__s32 fill_rate;
	__s32 interval;
	__s32 tokens;
	__s32 tokens_min;
	__s32 tokens_max;
	__s32 prio_bias;
	__s32 cpu_id;
	__s32 bucket_id;
};

struct vcmd_sched_v5 {
	__u32 mask;
	__s32 cpu_id;
	__s32 bucket_id;
	__s32 fill_rate[2];
	__s32 interval[2];
	__s32 tokens;
	__s32 tokens_min;
	__s32 tokens_max;
	__s32 prio_bias;
};

#define VXSM_FILL_RATE		0x0001
#define VXSM_INTERVAL		0x0002
#define VXSM_FILL_RATE2		0x0004
#define VXSM_INTERVAL2		0x0008
#define VXSM_TOKENS		0x0010
#define VXSM_TOKENS_MIN		0x0020
#define VXSM_TOKENS_MAX		0x0040
#define VXSM_PRIO_BIAS		0x0100
#define VXSM_IDLE_TIME		0x0200
#define VXSM_FORCE		0x0400	/* values apply at once anyway */
#define VXSM_CPU_ID		0x1000	/* the rates are those of cpu_id alone */
#define VXSM_BUCKET_ID		0x2000
#define VXSM_MSEC		0x4000	/* intervals are in ms, not in ticks */

/* of one CPU; id 0 stands for everything outside of contexts */
struct vcmd_sched_info {
	__s32 cpu_id;
	__s32 bucket_id;
	__u64 user_msec;
	__u64 sys_msec;
	__u64 hold_msec;
	__u32 token_usec;
	__s32 vavavoom;
};

struct vcmd_prio_bias {
	__s32 cpu_id;
	__s32 prio_bias;
};

/*
 * The same in plain units, and what Linux-VServer cannot express; commands of
 * our own in a slot it never used. Changed are the members whose bit is in the
 * mask; all are checked before any is stored. get_cpu reports all that the
 * kernel knows, and their bits.
 *
 * Under set_sched with VXF_SCHED_HARD the stricter of the two limits, the
 * larger guarantee, and the weight by rate2 apply; see "in force" below.
 *
 * Errors of set_cpu: EINVAL an unknown bit, a value out of range, a guarantee
 * above the limit; ENOSPC the guarantees of all contexts would be more than 95 %
 * of the CPUs that are online, or those of the contexts in one context more than
 * that one's; EBUSY less than is guaranteed to the contexts in it. A kernel without
 * CONFIG_VSERVER_SCHED has none of these commands: ENOSYS.
 */
#define VCMD_set_cpu		VC_CMD(VC_CAT_SCHED, 16, 0)
#define VCMD_get_cpu		VC_CMD(VC_CAT_SCHED, 17, 0)

struct vcmd_cpu {
	__u32 mask;		/* VXCPU_* */
	__u32 weight;		/* 1 .. 10000 */
	__u64 guarantee;	/* ns of CPU time per second; 0: none */
	__u64 max;		/* ns of CPU time per second; 0: no limit */
	__u64 burst;		/* ns that can be saved up while below max */
	__u64 resume;		/* ns saved up before held tasks go on */
};

#define VXCPU_WEIGHT		0x01
#define VXCPU_GUARANTEE		0x02
#define VXCPU_MAX		0x04
#define VXCPU_BURST		0x08
#define VXCPU_RESUME		0x10
#define VXCPU_ALL		0x1f

#define VX_CPU_WEIGHT_MIN	1
#define VX_CPU_WEIGHT_MAX	10000
#define VX_CPU_WEIGHT_DEFAULT	100
#define VX_CPU_RATE_MIN		1000000ULL		/* 0.1 % of a CPU */
#define VX_CPU_RATE_MAX		1000000000000ULL	/* 1000 CPUs */
#define VX_CPU_BURST_MIN	1000000ULL		/* 1 ms */
#define VX_CPU_BURST_MAX	60000000000ULL		/* 1 min */
#define VX_CPU_BURST_DEFAULT	100000000ULL		/* 100 ms */
#define VX_CPU_RESUME_DEFAULT	5000000ULL		/* 5 ms, at most burst */

/*
 * /proc/virtual/<xid>/sched: lines "key:<TAB>value", integers; programs look
 * for the keys they know and ignore others. Times are totals since the context
 * was made, in microseconds. "In force" is what remains of all settings.
 *
 *   parent	id of the context that it is in (ctx_create_in); 0 none
 *   inside	number of contexts that are in it
 *   PrioBias	as set by set_prio_bias
 *   weight	in force, 1 .. 10000
 *   shares	weight and PrioBias in units of cpu.shares (1024 by default)
 *   eff	shares after correction by the lag controller
 *   lag_us	CPU time owed to the context (negative: ahead)
 *   reserve	guarantee in force, ns per second; 0 none
 *   limit	limit in force, ns per second; 0 none
 *   burst_us	most that is saved up below the limit
 *   tokens_us	saved up now; negative is debt
 *   held	tasks being held now
 *   runnable	tasks that run or could run now
 *   holds	how often a task was held
 *   hold_us	time that tasks were held, added up
 *   run_us	CPU time, exact; user_us + sys_us
 *   user_us	of that in user mode, by sampling
 *   sys_us	of that in the kernel, by sampling
 *   delay_us	time that runnable tasks waited for a CPU, added up
 *
 * run_us, user_us, sys_us, delay_us and runnable include the contexts in it; tasks
 * are held, and counted so, by the context whose limit or pause it is.
 *
 * and a line for each possible CPU that is online or was used:
 *
 *   cpu N:<TAB>user_us sys_us hold_us PrioBias run_us delay_us
 */

/*
 * Share of the disks; commands of our own. They count on every disk whose
 * queue/scheduler is "context-fair", now or later, and nowhere else. Id 0 stands
 * for everything outside of contexts.
 *
 * major:minor is a whole disk, or 0:0 for all disks; what is set for a disk goes
 * before what is set for all. set_disk changes the members whose bit is in the
 * mask. VXDISK_INHERIT takes back the others: for a disk they are again what is
 * set for all disks, for 0:0 again the default (weight 100, no reservation, no
 * limit). get_disk reads major and minor, and reports what is in force there;
 * the mask has the bits of what is set for exactly that disk (or 0:0).
 *
 * A reservation is met before anything is shared by weight, and counts in the
 * share. A limit is kept even when nobody else wants the disk. Both are in one
 * of three units. Time is what the disk spends on the requests: a reader at
 * random places and one of large files with the same share of time get very
 * different numbers of bytes.
 *
 * Errors of set_disk: EINVAL an unknown bit or unit, a value out of range, a
 * reservation above the limit in the same unit, no major with a minor; ENOSPC
 * contexts would have more than 800/1000 of the time of a disk reserved together
 * (reservations in other units are not added up: the kernel does not know what
 * the disk can do). ENOSYS without CONFIG_VSERVER_DISK.
 */
#define VCMD_set_disk		VC_CMD(VC_CAT_SCHED, 18, 0)
#define VCMD_get_disk		VC_CMD(VC_CAT_SCHED, 19, 0)

struct vcmd_disk {
	__u32 mask;		/* VXDISK_* */
	__u32 major;
	__u32 minor;
	__u32 weight;		/* 1 .. 10000 */
	__u32 reserve_unit;	/* VX_DISK_IN_* */
	__u32 max_unit;
	__u64 reserve;		/* 0: none */
	__u64 max;		/* 0: no limit */
};

#define VXDISK_WEIGHT		0x01
#define VXDISK_RESERVE		0x02
#define VXDISK_MAX		0x04
#define VXDISK_VALUES		0x07
#define VXDISK_INHERIT		0x08

#define VX_DISK_IN_TIME		0	/* 1/1000 of the disk's time */
#define VX_DISK_IN_BYTES	1	/* bytes per second */
#define VX_DISK_IN_IOS		2	/* requests per second */

#define VX_DISK_WEIGHT_MIN	1
#define VX_DISK_WEIGHT_MAX	10000
#define VX_DISK_WEIGHT_DEFAULT	100
#define VX_DISK_TIME_MAX	1000
#define VX_DISK_TIME_RESERVED	800
#define VX_DISK_BYTES_MIN	4096
#define VX_DISK_BYTES_MAX	1099511627776ULL	/* 1 TiB */
#define VX_DISK_IOS_MAX		1000000000ULL

/*
 * /proc/virtual/<xid>/disk, with CONFIG_VSERVER_DISK: a line for each disk that
 * the context has used or that something is set for, "major:minor key=value
 * ...", as io.stat of cgroups:
 *
 *   rbytes, wbytes, dbytes	bytes read, written, discarded
 *   rios, wios, dios		how many block I/Os that were
 *   weight, reserve, max	in force there: a number; "12.5%" of the disk's
 *				time, "N" bytes/s, "Nio" requests/s, or "none"
 *
 * Counted when done, and as the device's: on each disk of a stack that has
 * requests (not on device mapper's own). What kernel threads write later, for
 * example what was only dirtied in memory, is not in it.
 */

/*
 * What has gone through the sockets of a context (those made in it, and accepted by
 * them) since it was made, with CONFIG_VSERVER_LIMIT: calls, and bytes of data. A
 * call that sent a part counts as sent and, with the rest, as failed; a call that
 * would have had to wait has failed. Data that was only looked at is not counted.
 *
 * EINVAL no such family. count wraps. /proc/virtual/<xid>/cacct shows all families.
 */
#define VCMD_sock_stat		VC_CMD(VC_CAT_VSTAT, 5, 0)

struct vcmd_sock_stat {
	__u32 field;		/* VXA_SOCK_*: family of addresses, as given */
	__u32 count[3];		/* VXA_SOCK_RECV, _SEND, _FAIL */
	__u64 total[3];
};

#define VXA_SOCK_UNSPEC		0
#define VXA_SOCK_UNIX		1
#define VXA_SOCK_INET		2
#define VXA_SOCK_INET6		3
#define VXA_SOCK_PACKET		4
#define VXA_SOCK_OTHER		5

#define VXA_SOCK_RECV		0
#define VXA_SOCK_SEND		1
#define VXA_SOCK_FAIL		2
#define VXA_SOCK_KINDS		3

/*
 * Network contexts: a set of addresses in the stack of the host, for the sockets
 * that members make. Their ids are numbers of their own.
 *
 * net_create makes one and moves the caller in (all of nflags is the argument, by
 * default NXF_INIT_SET); net_migrate moves the caller into one, or, with id 1, to
 * where all can be seen. Errors as with ctx_create and ctx_migrate. Sockets keep
 * the network context they were made in.
 *
 * The addresses of IPv4 are changed by net_add_ipv4 and net_rem_ipv4. type is one of
 *
 *   ADDR		the address ip; mask tells its subnet and may be 0
 *   MASK		all addresses that are ip under mask
 *   RANGE		the addresses ip .. ip2; not by version 1
 *   ADDR | MOD_BCAST	the broadcast address
 *   ADDR | MOD_LBACK	what 127.0.0.1 stands for, in 127.0.0.0/8
 *   ANY		net_rem_ipv4: all of them; nothing else is looked at
 *
 * and may have the bit IPV4. Adding the second ADDR clears NXF_SINGLE_IP. What
 * is removed must be there with the same type and addresses.
 *
 * Errors: EINVAL another type, a mask with holes, a range that ends before it
 * begins, an address that no host can have; EEXIST it is there; ESRCH it is
 * not; ENOSPC more than NX_ADDRS_MAX.
 *
 * net_add_v0 and net_rem_v0 have up to four addresses and masks. type is IPV4, and
 * may have MOD_BCAST or MOD_LBACK; ADDR is meant. They return how many; when one of
 * them cannot be added, none is. net_rem_v0 with ANY: all of them.
 *
 * Those of IPv6 are changed by net_add_ipv6 and net_rem_ipv6. type is one of
 *
 *   ADDR		the address ip; prefix is the length of its subnet's and may
 *			be 0. Of "::" with prefix 0: all addresses
 *   MASK		all addresses that are ip under mask
 *   ANY		net_rem_ipv6: all of them; nothing else is looked at
 *
 * and may have the bit IPV6. "::1" is one place for the whole machine: it is in
 * the set with NXF_LBACK_ALLOW, or if it was added. Errors as above.
 */
#define VCMD_task_nid		VC_CMD(VC_CAT_VINFO, 2, 0)
#define VCMD_nx_info		VC_CMD(VC_CAT_VINFO, 6, 0)
#define VCMD_net_create		VC_CMD(VC_CAT_VNET, 1, 1)
#define VCMD_net_migrate	VC_CMD(VC_CAT_NETMIG, 1, 0)
#define VCMD_net_add_v0		VC_CMD(VC_CAT_NETALT, 1, 0)
#define VCMD_net_rem_v0		VC_CMD(VC_CAT_NETALT, 2, 0)
#define VCMD_net_add_ipv4_v1	VC_CMD(VC_CAT_NETALT, 1, 1)
#define VCMD_net_rem_ipv4_v1	VC_CMD(VC_CAT_NETALT, 2, 1)
#define VCMD_net_add_ipv4	VC_CMD(VC_CAT_NETALT, 1, 2)
#define VCMD_net_rem_ipv4	VC_CMD(VC_CAT_NETALT, 2, 2)
#define VCMD_net_add_ipv6	VC_CMD(VC_CAT_NETALT, 3, 1)
#define VCMD_net_rem_ipv6	VC_CMD(VC_CAT_NETALT, 4, 1)
#define VCMD_get_nflags		VC_CMD(VC_CAT_FLAGS, 5, 0)
#define VCMD_set_nflags		VC_CMD(VC_CAT_FLAGS, 6, 0)
#define VCMD_get_ncaps		VC_CMD(VC_CAT_FLAGS, 7, 0)
#define VCMD_set_ncaps		VC_CMD(VC_CAT_FLAGS, 8, 0)

struct vcmd_nx_info {
	__u32 nid;
};

struct vcmd_net_create {
	__u64 flagword;
};

/* addresses in network order */
struct vcmd_net_addr_v0 {
	__u16 type;
	__u16 count;
	__be32 ip[4];
	__be32 mask[4];
};

struct vcmd_net_addr_ipv4_v1 {
	__u16 type;
	__u16 flags;
	__be32 ip;
	__be32 mask;
};

struct vcmd_net_addr_ipv4 {
	__u16 type;
	__u16 flags;
	__be32 ip;
	__be32 ip2;
	__be32 mask;
};

struct vcmd_net_addr_ipv6 {
	__u16 type;
	__u16 flags;
	__u32 prefix;
	__u8 ip[16];
	__u8 mask[16];
};

struct vcmd_net_flags {
	__u64 flagword;
	__u64 mask;
};

struct vcmd_net_caps {
	__u64 ncaps;
	__u64 cmask;
};

#define NXA_TYPE_IPV4		0x0001
#define NXA_TYPE_IPV6		0x0002
#define NXA_TYPE_ADDR		0x0010
#define NXA_TYPE_MASK		0x0020
#define NXA_TYPE_RANGE		0x0040
#define NXA_TYPE_ANY		0x00ff
#define NXA_MOD_BCAST		0x0100
#define NXA_MOD_LBACK		0x0200
#define NXA_MOD_MASK		(NXA_MOD_BCAST | NXA_MOD_LBACK)

#define NX_ADDRS_MAX		256

/*
 * nflags
 *
 *   INFO_PRIVATE	closed for net_migrate after set-up
 *   SINGLE_IP		bound to no address is bound to the only one
 *   LBACK_REMAP	127.0.0.1 stands for an address of the context's own
 *   LBACK_ALLOW	127.0.0.1 is in the set, and the host's
 *   HIDE_NETIF		no devices but those with an address of the set
 *   HIDE_LBACK		what 127.0.0.1 stands for is shown as 127.0.0.1
 */
#define NXF_INFO_LOCK		0x00000001ULL
#define NXF_INFO_PRIVATE	0x00000008ULL
#define NXF_SINGLE_IP		0x00000100ULL
#define NXF_LBACK_REMAP		0x00000200ULL
#define NXF_LBACK_ALLOW		0x00000400ULL
#define NXF_HIDE_NETIF		0x02000000ULL
#define NXF_HIDE_LBACK		0x04000000ULL
#define NXF_STATE_SETUP		0x100000000ULL
#define NXF_STATE_ADMIN		0x400000000ULL
#define NXF_SC_HELPER		0x1000000000ULL
#define NXF_PERSISTENT		0x4000000000ULL

#define NXF_ONE_TIME		(NXF_STATE_SETUP | NXF_STATE_ADMIN)
#define NXF_INIT_SET		(NXF_STATE_ADMIN | NXF_HIDE_NETIF | \
				 NXF_LBACK_REMAP | NXF_HIDE_LBACK)

/*
 * ncaps: RAW_ICMP raw sockets for ICMP of both families, to who has CAP_NET_RAW
 * but for bcaps;
 * MULTICAST to send to and receive from groups; TUN_CREATE interfaces of the driver
 * tun, which go with their last descriptor, to who has CAP_NET_ADMIN but for bcaps.
 */
#define NXC_TUN_CREATE		0x00000001ULL
#define NXC_RAW_ICMP		0x00000100ULL
#define NXC_MULTICAST		0x00001000ULL

/*
 * Limits. id is one of VXR_*; get_rlimit_mask tells, as bits, which can be set.
 * What would exceed maximum is refused where it is made, and counted as a hit:
 *
 *   NPROC	processes and threads			fork, clone: EAGAIN
 *   AS		pages of address space			mmap, brk, fork: ENOMEM
 *   LOCKS	locks on files				fcntl, flock: ENOLCK
 *   NSOCK	sockets					ENOBUFS or ENOMEM
 *   OPENFD	open files of all processes		EMFILE; fork: EAGAIN
 *   MSGQUEUE	bytes of message queues			msgget: ENOSPC, msgsnd: ENOMEM,
 *							mq_open: EMFILE
 *   SHMEM	pages of System V shared memory		shmget: ENOSPC
 *   SEMARY	sets of System V semaphores		semget: ENOSPC
 *   NSEMS	semaphores in them			semget: ENOSPC
 *
 * Objects of System V and queues are the context's that made them until they are
 * gone, whoever uses or removes them.
 *
 * softlimit is kept and shown, and does nothing. minimum is not kept. Values are
 * VXR_INFINITY for none, VXR_KEEP for what it was.
 *
 * rlimit_stat knows these, with what was refused and the smallest and largest
 * value since the context was made or reset_minmax; and, by looking at all
 * members, pages of RSS, ANON, MAPPED (of files) and MEMLOCK, without the rest.
 * Memory is limited by control groups (memory.max), not here.
 *
 * NOFILE (7) is not here: it is RLIMIT_NOFILE, of each process, by setrlimit(2). Nor
 * is DENTRY (22): directory entries are a cache, and part of what memory.max bounds.
 *
 * Who enters a context is never refused. Errors: EINVAL another id.
 */
#define VCMD_get_rlimit		VC_CMD(VC_CAT_RLIMIT, 1, 0)
#define VCMD_set_rlimit		VC_CMD(VC_CAT_RLIMIT, 2, 0)
#define VCMD_get_rlimit_mask	VC_CMD(VC_CAT_RLIMIT, 3, 0)
#define VCMD_reset_hits		VC_CMD(VC_CAT_RLIMIT, 7, 0)
#define VCMD_reset_minmax	VC_CMD(VC_CAT_RLIMIT, 9, 0)
#define VCMD_rlimit_stat	VC_CMD(VC_CAT_VSTAT, 1, 0)

#define VXR_RSS			5
#define VXR_NPROC		6
#define VXR_MEMLOCK		8
#define VXR_AS			9
#define VXR_LOCKS		10
#define VXR_MSGQUEUE		12
#define VXR_NSOCK		16
#define VXR_OPENFD		17
#define VXR_ANON		18
#define VXR_SHMEM		19
#define VXR_SEMARY		20
#define VXR_NSEMS		21
#define VXR_MAPPED		23

#define VXR_INFINITY		(~0ULL)
#define VXR_KEEP		(~1ULL)

struct vcmd_rlimit {
	__u32 id;
	__u64 minimum;
	__u64 softlimit;
	__u64 maximum;
};

struct vcmd_rlimit_mask {
	__u32 minimum;
	__u32 softlimit;
	__u32 maximum;
};

struct vcmd_rlimit_stat {
	__u32 id;
	__u32 hits;
	__u64 value;
	__u64 minimum;
	__u64 maximum;
};

/*
 * What a context is told of the machine follows its flags:
 *
 *   VIRT_UPTIME	uptime, time of boot and times of start count from its own
 *   VIRT_LOAD		load averages and numbers of processes are its own
 *   VIRT_MEM		memory and swap are what its control groups leave it
 *   VIRT_CPU		CPUs are as many as its cpuset and its limit let it use,
 *			and their times are its own
 *
 * in /proc/{uptime,stat,loadavg,meminfo,swaps,cpuinfo}, /proc/<pid>/stat,
 * /sys/devices/system/cpu/online, sysinfo(2) and sched_getaffinity(2). The
 * clocks are the machine's. virt_stat tells the same to who looks from outside;
 * times are in ns, offset is the time of boot at which the context was made, the
 * averages are in 1/2048.
 */
#define VCMD_virt_stat		VC_CMD(VC_CAT_VSTAT, 3, 0)

struct vcmd_virt_stat {
	__u64 offset;
	__u64 uptime;
	__u32 nr_threads;
	__u32 nr_running;
	__u32 nr_uninterruptible;
	__u32 nr_onhold;
	__u32 nr_forks;
	__u32 load[3];
};

/* Host names */
#define VCMD_set_vhi_name	VC_CMD(VC_CAT_VHOST, 1, 0)
#define VCMD_get_vhi_name	VC_CMD(VC_CAT_VHOST, 2, 0)

#define VX_VHI_NAME_LEN		65

enum vx_vhi_name_field {
	VHIN_CONTEXT = 0,
	VHIN_SYSNAME,
	VHIN_NODENAME,
	VHIN_RELEASE,
	VHIN_VERSION,
	VHIN_MACHINE,
	VHIN_DOMAINNAME,
};

struct vcmd_vhi_name {
	__u32 field;
	char name[VX_VHI_NAME_LEN];
};

/* Spaces */
#define VCMD_enter_space_v0	VC_CMD(VC_CAT_PROCALT, 1, 0)
#define VCMD_enter_space_v1	VC_CMD(VC_CAT_PROCALT, 1, 1)
#define VCMD_enter_space	VC_CMD(VC_CAT_PROCALT, 1, 2)
#define VCMD_set_space_v0	VC_CMD(VC_CAT_PROCALT, 3, 0)
#define VCMD_set_space_v1	VC_CMD(VC_CAT_PROCALT, 3, 1)
#define VCMD_set_space		VC_CMD(VC_CAT_PROCALT, 3, 2)
#define VCMD_get_space_mask_v0	VC_CMD(VC_CAT_PROCALT, 4, 0)
#define VCMD_get_space_mask	VC_CMD(VC_CAT_VSPACE, 0, 1)
#define VCMD_get_space_default	VC_CMD(VC_CAT_VSPACE, 1, 0)

#define VX_SPACES		2

struct vcmd_space_mask_v1 {
	__u64 mask;
};

struct vcmd_space_mask {
	__u64 mask;
	__u32 index;
};

/*
 * Files: labels ("tags"), attributes, limits of disk space. A kernel without
 * CONFIG_VSERVER_FS has none of these commands: ENOSYS.
 *
 * A file's tag is its project id. File systems mounted with "tag" (ext4 with the
 * project feature) give new files the tag of who makes them, and keep a file with
 * a tag from contexts whose processes have another; "notagcheck": do not. What has
 * tag 0 is for all. tag_migrate sets the caller's own, which is inherited like the
 * umask; the id of task_tag is a process, 0 the caller.
 *
 * Errors: EINVAL a tag above 65535; ESRCH no such process.
 */
#define VCMD_tag_migrate	VC_CMD(VC_CAT_TAGMIG, 1, 0)
#define VCMD_task_tag		VC_CMD(VC_CAT_VINFO, 3, 0)

/*
 * Attributes of a file. A symbolic link is not followed. get: flags are what is set,
 * mask what there can be; tag is the label if TAG is among the flags. set: those in
 * the mask become what they are in flags. The id of the commands with f is a file
 * descriptor, others have none.
 *
 *   ADMIN, WATCH	an entry of /proc that is hidden is seen by xid 0, by xid 1
 *   HIDE		it is hidden from all others
 *   BARRIER		of directories: no context can enter, or pass through
 *   IUNLINK		immutable, but it may be linked, unlinked and renamed
 *   IMMUTABLE		of the file system itself, as by FS_IOC_SETFLAGS
 *   COW		of regular files: kept for tools; IUNLINK with IMMUTABLE is
 *			what makes a file that is copied when it is written
 *
 * Errors: ESRCH no such file; EBADF; EPERM without CAP_LINUX_IMMUTABLE, or set in a
 * context; EINVAL an attribute that the file cannot have; what the file system says.
 */
#define VCMD_get_iattr		VC_CMD(VC_CAT_INODE, 1, 1)
#define VCMD_set_iattr		VC_CMD(VC_CAT_INODE, 2, 1)
#define VCMD_fget_iattr		VC_CMD(VC_CAT_INODE, 3, 0)
#define VCMD_fset_iattr		VC_CMD(VC_CAT_INODE, 4, 0)

struct vcmd_iattr {
	__u64 name;		/* pointer */
	__u32 tag;
	__u32 flags;
	__u32 mask;
};

struct vcmd_fiattr {
	__u32 tag;
	__u32 flags;
	__u32 mask;
};

#define IATTR_ADMIN		0x00000001
#define IATTR_WATCH		0x00000002
#define IATTR_HIDE		0x00000004
#define IATTR_BARRIER		0x00010000
#define IATTR_IUNLINK		0x00020000
#define IATTR_IMMUTABLE		0x00040000
#define IATTR_COW		0x00080000
#define IATTR_TAG		0x01000000

/*
 * Limits of disk space. The id is a tag, name any path on the file system, which
 * must limit projects (ext4 and xfs: prjquota). Space is in KiB; reserved is the
 * percentage of the totals that the tag cannot use. What is used is counted by the
 * file system: on set it is compared with the totals and then ignored.
 *
 * Errors: EINVAL tag 0 or above 65535, flags, more than 100 percent, more used than
 * there is; ESRCH no such path or limit; EEXIST; EOPNOTSUPP the file system does not
 * limit projects.
 */
#define VCMD_add_dlimit		VC_CMD(VC_CAT_DLIMIT, 1, 0)
#define VCMD_rem_dlimit		VC_CMD(VC_CAT_DLIMIT, 2, 0)
#define VCMD_set_dlimit		VC_CMD(VC_CAT_DLIMIT, 5, 0)
#define VCMD_get_dlimit		VC_CMD(VC_CAT_DLIMIT, 6, 0)

struct vcmd_dlimit_base {
	__u64 name;		/* pointer */
	__u32 flags;		/* 0 */
};

struct vcmd_dlimit {
	__u64 name;		/* pointer */
	__u32 space_used;
	__u32 space_total;
	__u32 inodes_used;
	__u32 inodes_total;
	__u32 reserved;
	__u32 flags;		/* 0 */
};

#define VXDL_INFINITY		0xffffffffU
#define VXDL_KEEP		0xfffffffeU

/*
 * Device maps: what members of a context can do with a device, and what they get
 * instead. device and target are paths of nodes; a symbolic link is followed. Without
 * device it is for all others of the type, which is then the target's. The id may be
 * 0: the map for all contexts where they have nothing about a device themselves. A
 * device that no map has anything about is as without maps. Processes of the host
 * have no map.
 *
 *   OPEN	it can be opened, and mounted; else EACCES
 *   CREATE	a node of it can be made, with CAP_MKNOD; else EPERM
 *   REMAP	it stands for the target: a block device when it is opened, a
 *		character device when its node is made, which becomes one of the
 *		target; what there is about the target counts when that is opened
 *
 * set replaces what there was. unset looks at the device, and without one at the
 * type of the target. What is open stays so.
 *
 * Errors: EINVAL an unknown flag, REMAP without a target, neither device nor target,
 * not a device, two of different types; ESRCH unset what is not there; EFAULT and
 * what looking up a path gives.
 */
#define VCMD_set_mapping	VC_CMD(VC_CAT_DEVICE, 1, 0)
#define VCMD_unset_mapping	VC_CMD(VC_CAT_DEVICE, 2, 0)

struct vcmd_mapping {
	__u64 device;		/* pointer */
	__u64 target;		/* pointer */
	__u32 flags;		/* VXDEV_* */
};

#define VXDEV_CREATE		0x00000001
#define VXDEV_OPEN		0x00000002
#define VXDEV_REMAP		0x00000010
#define VXDEV_ALL		0x00000013

#endif /* _UAPI_LINUX_VSERVER_H */
