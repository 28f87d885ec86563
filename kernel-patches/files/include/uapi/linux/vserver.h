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

#endif /* _UAPI_LINUX_VSERVER_H */
