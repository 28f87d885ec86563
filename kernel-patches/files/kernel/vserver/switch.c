// SPDX-License-Identifier: GPL-2.0
/*
 * The vserver system call: one table of commands, one order of checks.
 *
 * The order of the checks is part of the interface, because tools tell an
 * absent interface (ENOSYS) from a refused one (EPERM, EACCES) and from a
 * context that is not there (ESRCH).
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/syscalls.h>
#include <linux/sysctl.h>
#include <linux/uaccess.h>
#include "internal.h"

int vx_report_stat;
int vx_host_sees_all;

/* vx_command.flags */
#define VCC_VXI		0x01	/* the id names a context that must exist */
#define VCC_INFO	0x02	/* for xid 0, the watch id, and the context itself */
#define VCC_ADMIN	0x04	/* for the host only */
#define VCC_ARES	0x0c	/* ... with CAP_SYS_RESOURCE */
#define VCC_RES		0x08
#define VCC_SETUP	0x10	/* also for the context itself in set-up */
#define VCC_IN		0x20	/* argument is read */
#define VCC_OUT		0x40	/* argument is written back */
#define VCC_NULLOK	0x80	/* argument may be absent */
#define VCC_DEAD	0x100	/* works on a context without STATE_ADMIN */
#define VCC_WATCH	0x200	/* id 1 is the watch id, not a context */
#define VCC_ZIDOK	0x400	/* id 0 is the host, not a context */
#define VCC_NXI		0x800	/* the id names a network context */

struct vx_command {
	u32 cmd;
	u16 flags;
	u8 perm;	/* 0 anybody, 1 the interface is visible, 2 root */
	u8 size;	/* of the argument, without trailing padding */
	long (*handler)(struct vx_info *vxi, u32 id, void *arg);
	u16 word;	/* offset in vx_info, for vx_word() instead */
	/* for commands about network contexts, with that or NULL */
	long (*nx_handler)(struct nx_info *nxi, u32 id, void *arg);
};

static long vc_get_version(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_report_version();
}

static long vc_get_vci(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_features();
}

#define VX_GET	(VCC_VXI | VCC_INFO | VCC_OUT)
#define VX_SET	(VCC_VXI | VCC_ARES | VCC_SETUP | VCC_IN)
#define NX_GET	(VCC_NXI | VCC_INFO | VCC_OUT)
#define NX_SET	(VCC_NXI | VCC_ARES | VCC_SETUP | VCC_IN)
#define NX(handler)	.nx_handler = handler
#define VX_WORD(member)	.word = offsetof(struct vx_info, member)

/* Four names of one layout. */
static_assert(sizeof(struct vcmd_ctx_caps) == sizeof(struct vx_word_arg) &&
	      sizeof(struct vcmd_bcaps) == sizeof(struct vx_word_arg) &&
	      sizeof(struct vcmd_umask) == sizeof(struct vx_word_arg) &&
	      sizeof(struct vcmd_wmask) == sizeof(struct vx_word_arg));

static const struct vx_command vx_commands[] = {
	{ VCMD_get_version, 0, 0, 0, vc_get_version },
	{ VCMD_get_vci, 0, 0, 0, vc_get_vci },
	{ VCMD_get_space_mask_v0, VCC_OUT, 0, 8, vc_get_space_mask_v0 },
	{ VCMD_get_space_mask, VCC_OUT, 0, 8, vc_get_space_mask },
	{ VCMD_get_space_default, VCC_OUT, 0, 8, vc_get_space_default },

	{ VCMD_task_xid, 0, 2, 0, vc_task_xid },
	{ VCMD_virt_stat, VX_GET, 3, 48, vc_virt_stat },

	{ VCMD_vx_info, VX_GET, 3, 8, vc_vx_info },
	{ VCMD_ctx_stat, VX_GET, 3, 8, vc_ctx_stat },
	{ VCMD_get_cflags, VX_GET, 3, 16, vc_get_cflags },
	{ VCMD_get_ccaps, VX_GET, 3, 16, VX_WORD(vx_ccaps) },
	{ VCMD_get_bcaps, VX_GET, 3, 16, VX_WORD(vx_bcaps) },
	{ VCMD_get_umask, VX_GET, 3, 16, VX_WORD(vx_umask) },
	{ VCMD_get_wmask, VX_GET, 3, 16, VX_WORD(vx_wmask) },
	{ VCMD_get_badness, VX_GET, 3, 8, vc_get_badness },
	/* the field is read, and both are written: 4 + 65 bytes */
	{ VCMD_get_vhi_name, VX_GET | VCC_IN, 3, 69, vc_get_vhi_name },

	{ VCMD_wait_exit, VX_GET, 4, 8, vc_wait_exit },

	{ VCMD_ctx_create, VCC_ADMIN | VCC_IN | VCC_NULLOK, 5, 8, vc_ctx_create },
	{ VCMD_ctx_migrate_v0, VCC_VXI | VCC_ADMIN | VCC_WATCH, 5, 0,
	  vc_ctx_migrate },
	{ VCMD_ctx_migrate,
	  VCC_VXI | VCC_ADMIN | VCC_WATCH | VCC_IN | VCC_NULLOK, 5, 8,
	  vc_ctx_migrate },
	{ VCMD_enter_space_v0, VCC_VXI | VCC_ADMIN, 5, 0, vc_enter_space_v0 },
	{ VCMD_enter_space_v1, VCC_VXI | VCC_ADMIN | VCC_IN, 5, 8,
	  vc_enter_space_v1 },
	/* 12: the tail of the structure is padding, and absent on i386 */
	{ VCMD_enter_space, VCC_VXI | VCC_ADMIN | VCC_IN, 5, 12, vc_enter_space },

	{ VCMD_ctx_kill, VCC_VXI | VCC_ARES | VCC_IN | VCC_DEAD, 6, 8,
	  vc_ctx_kill },

	{ VCMD_set_space_v0, VCC_VXI | VCC_ARES | VCC_SETUP, 7, 0,
	  vc_set_space_v0 },
	{ VCMD_set_space_v1, VX_SET, 7, 8, vc_set_space_v1 },
	{ VCMD_set_space, VX_SET, 7, 12, vc_set_space },
	{ VCMD_set_cflags, VX_SET, 7, 16, vc_set_cflags },
	{ VCMD_set_ccaps, VX_SET, 7, 16, VX_WORD(vx_ccaps) },
	{ VCMD_set_bcaps, VX_SET, 7, 16, VX_WORD(vx_bcaps) },
	{ VCMD_set_umask, VX_SET, 7, 16, VX_WORD(vx_umask) },
	{ VCMD_set_wmask, VX_SET, 7, 16, VX_WORD(vx_wmask) },
	{ VCMD_set_badness, VX_SET, 7, 8, vc_set_badness },
	{ VCMD_set_vhi_name, VX_SET, 7, 69, vc_set_vhi_name },

#ifdef CONFIG_VSERVER_LIMIT
	{ VCMD_get_rlimit_mask, VCC_OUT, 0, 12, vc_get_rlimit_mask },
	{ VCMD_get_rlimit, VX_GET | VCC_IN, 3, 32, vc_get_rlimit },
	{ VCMD_sock_stat, VX_GET | VCC_IN, 3, 40, vc_sock_stat },
	{ VCMD_rlimit_stat, VX_GET | VCC_IN, 3, 32, vc_rlimit_stat },
	{ VCMD_set_rlimit, VX_SET, 7, 32, vc_set_rlimit },
	{ VCMD_reset_hits, VCC_VXI | VCC_ADMIN, 2, 0, vc_reset_hits },
	{ VCMD_reset_minmax, VCC_VXI | VCC_ADMIN, 2, 0, vc_reset_minmax },
#endif
#ifdef CONFIG_VSERVER_SCHED
	{ VCMD_ctx_create_in, VCC_ADMIN | VCC_IN, 5, 16, vc_ctx_create_in },
	/* the ids are read, and all is written */
	{ VCMD_get_sched, VX_GET | VCC_IN, 3, 44, vc_get_sched },
	{ VCMD_sched_info, VX_GET | VCC_IN | VCC_ZIDOK, 3, 40, vc_sched_info },
	{ VCMD_get_prio_bias, VX_GET | VCC_IN, 3, 8, vc_get_prio_bias },
	{ VCMD_get_cpu, VX_GET, 3, 40, vc_get_cpu },
	{ VCMD_set_sched_v2, VX_SET, 7, 32, vc_set_sched_v2 },
	{ VCMD_set_sched_v3, VX_SET, 7, 28, vc_set_sched_v3 },
	{ VCMD_set_sched_v4, VX_SET, 7, 36, vc_set_sched_v4 },
	{ VCMD_set_sched, VX_SET, 7, 44, vc_set_sched },
	{ VCMD_set_prio_bias, VX_SET, 7, 8, vc_set_prio_bias },
	{ VCMD_set_cpu, VX_SET, 7, 40, vc_set_cpu },
#endif
#ifdef CONFIG_VSERVER_NET
	{ VCMD_task_nid, 0, 2, 0, NX(vc_task_nid) },
	{ VCMD_nx_info, NX_GET, 3, 4, NX(vc_nx_info) },
	{ VCMD_get_nflags, NX_GET, 3, 16, NX(vc_get_nflags) },
	{ VCMD_get_ncaps, NX_GET, 3, 16, NX(vc_get_ncaps) },
	{ VCMD_net_create, VCC_ADMIN | VCC_IN | VCC_NULLOK, 5, 8,
	  NX(vc_net_create) },
	{ VCMD_net_migrate, VCC_NXI | VCC_ADMIN | VCC_WATCH, 5, 0,
	  NX(vc_net_migrate) },
	{ VCMD_set_nflags, NX_SET, 7, 16, NX(vc_set_nflags) },
	{ VCMD_set_ncaps, NX_SET, 7, 16, NX(vc_set_ncaps) },
	{ VCMD_net_add_v0, NX_SET, 8, 36, NX(vc_net_add_v0) },
	{ VCMD_net_rem_v0, NX_SET, 8, 36, NX(vc_net_rem_v0) },
	{ VCMD_net_add_ipv4_v1, NX_SET, 8, 12, NX(vc_net_add_ipv4_v1) },
	{ VCMD_net_rem_ipv4_v1, NX_SET, 8, 12, NX(vc_net_rem_ipv4_v1) },
	{ VCMD_net_add_ipv4, NX_SET, 8, 16, NX(vc_net_add_ipv4) },
	{ VCMD_net_rem_ipv4, NX_SET, 8, 16, NX(vc_net_rem_ipv4) },
#if IS_ENABLED(CONFIG_IPV6)
	{ VCMD_net_add_ipv6, NX_SET, 8, 40, NX(vc_net_add_ipv6) },
	{ VCMD_net_rem_ipv6, NX_SET, 8, 40, NX(vc_net_rem_ipv6) },
#endif
#endif
#ifdef CONFIG_VSERVER_FS
	{ VCMD_task_tag, 0, 2, 0, vc_task_tag },
	{ VCMD_get_iattr, VCC_IN | VCC_OUT, 2, 20, vc_get_iattr },
	{ VCMD_fget_iattr, VCC_OUT, 2, 12, vc_fget_iattr },
	{ VCMD_get_dlimit, VCC_IN | VCC_OUT, 3, 32, vc_get_dlimit },
	{ VCMD_tag_migrate, VCC_ADMIN, 5, 0, vc_tag_migrate },
	{ VCMD_set_iattr, VCC_ADMIN | VCC_IN, 7, 20, vc_set_iattr },
	{ VCMD_fset_iattr, VCC_ADMIN | VCC_IN, 7, 12, vc_fset_iattr },
	{ VCMD_set_dlimit, VCC_ARES | VCC_IN, 7, 32, vc_set_dlimit },
	{ VCMD_add_dlimit, VCC_ARES | VCC_IN, 8, 12, vc_add_dlimit },
	{ VCMD_rem_dlimit, VCC_ARES | VCC_IN, 8, 12, vc_rem_dlimit },
	{ VCMD_set_mapping, VCC_VXI | VCC_ARES | VCC_ZIDOK | VCC_IN, 8, 20,
	  vc_set_mapping },
	{ VCMD_unset_mapping, VCC_VXI | VCC_ARES | VCC_ZIDOK | VCC_IN, 8, 20,
	  vc_unset_mapping },
#endif
#ifdef CONFIG_VSERVER_DISK
	{ VCMD_get_disk, VX_GET | VCC_IN | VCC_ZIDOK, 3, 40, vc_get_disk },
	{ VCMD_set_disk, VX_SET | VCC_ZIDOK, 7, 40, vc_set_disk },
#endif
};

static const struct vx_command *vx_find_command(u32 cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vx_commands); i++)
		if (vx_commands[i].cmd == cmd)
			return &vx_commands[i];
	return NULL;
}

/*
 * Is the interface there for the caller?  Userland's view of the original is
 * a capability number 63 that root has unless bcaps take it away.
 */
static bool vx_interface_visible(void)
{
	struct vx_info *vxi = current->vx_info;

	if (!cap_raised(current_cred()->cap_effective, CAP_SYS_ADMIN))
		return false;
	return !vxi || vx_state_flag(vxi, VXF_STATE_SETUP) ||
	       (READ_ONCE(vxi->vx_bcaps) & VXB_CONTEXT);
}

/* Is @id the network context that current is in? */
static bool vx_own_nid(u32 id)
{
#ifdef CONFIG_VSERVER_NET
	return current->nx_info && ((s32)id < 0 || id == current->nid);
#else
	return false;
#endif
}

/* Does @id, of a command about one kind or the other, name current's own? */
static bool vx_own_id(const struct vx_command *c, u32 id)
{
	if (c->flags & VCC_NXI)
		return vx_own_nid(id);
	return (s32)id < 0 || id == current->vx_info->vx_id;
}

/* Rules for who may call: returns 0 or a negative errno. */
static int vx_check_caller(const struct vx_command *c, u32 id)
{
	struct vx_info *own = current->vx_info;

	if (c->perm == 0)
		return 0;
	if (!vx_interface_visible())
		return -ENOSYS;
	if (c->perm > 1 && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((c->flags & VCC_RES) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if ((c->flags & VCC_WATCH) && id == VX_XID_WATCH)
		return vx_current_xid() ? -EPERM : 0;
	if ((c->flags & VCC_ADMIN) && vx_current_xid()) {
		if (!(c->flags & VCC_SETUP) || !own)
			return -EPERM;
		if (!vx_own_id(c, id))
			return -EPERM;
		if (!vx_state_flag(own, VXF_STATE_SETUP))
			return -EPERM;
	}
	if ((c->flags & VCC_INFO) && own && !vx_own_id(c, id))
		return -EPERM;
	return 0;
}

/* Does the network context still take the host's commands? */
static bool vx_nx_open(struct nx_info *nxi)
{
#ifdef CONFIG_VSERVER_NET
	return nx_flag(nxi, NXF_STATE_ADMIN);
#else
	return false;
#endif
}

/*
 * vserver - the Linux-VServer interface to contexts
 * @cmd: category, command and version, see <linux/vserver.h>
 * @id: context id, or what else the command is about
 * @data: argument of the command
 */
SYSCALL_DEFINE3(vserver, u32, cmd, u32, id, void __user *, data)
{
	const struct vx_command *c = vx_find_command(cmd);
	struct vx_info *vxi = NULL;
	struct nx_info *nxi = NULL;
	char buf[80] __aligned(8) = { };
	void *arg = buf;
	long ret;

	BUILD_BUG_ON(sizeof(struct vcmd_vhi_name) > sizeof(buf));

	if (!c)
		return -ENOSYS;
	ret = vx_check_caller(c, id);
	if (ret)
		return ret;

	if ((c->flags & VCC_VXI) &&
	    !((c->flags & VCC_WATCH) && id == VX_XID_WATCH) &&
	    !((c->flags & VCC_ZIDOK) && id == VX_XID_HOST)) {
		vxi = vx_lookup(id);
		if (!vxi)
			return -ESRCH;
		if ((c->flags & VCC_ADMIN) && !(c->flags & VCC_DEAD) &&
		    !vx_state_flag(vxi, VXF_STATE_ADMIN)) {
			ret = -EACCES;
			goto out;
		}
	}

	if ((c->flags & VCC_NXI) &&
	    !((c->flags & VCC_WATCH) && id == VX_XID_WATCH)) {
		nxi = nx_lookup(id);
		if (!nxi)
			return -ESRCH;
		if ((c->flags & VCC_ADMIN) && !vx_nx_open(nxi)) {
			ret = -EACCES;
			goto out;
		}
	}

	if (c->flags & VCC_IN) {
		if (!data && (c->flags & VCC_NULLOK)) {
			arg = NULL;
		} else if (copy_from_user(buf, data, c->size)) {
			ret = -EFAULT;
			goto out;
		}
	} else if (!c->size) {
		arg = NULL;
	}

	if (c->word) {
		vx_word(vxi, c->word, arg, c->flags & VCC_IN);
		ret = 0;
	} else if (c->nx_handler) {
		ret = c->nx_handler(nxi, id, arg);
	} else {
		ret = c->handler(vxi, id, arg);
	}

	if (ret >= 0 && (c->flags & VCC_OUT) &&
	    copy_to_user(data, buf, c->size))
		ret = -EFAULT;
out:
	if (vxi)
		vx_put(vxi);
	if (nxi)
		nx_put(nxi);
	return ret;
}

static struct ctl_table vx_table[] = {
	{
		/* 1: report the version whose tools read /proc/virtual */
		.procname	= "report_stat_version",
		.data		= &vx_report_stat,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		/* 1: xid 0 sees the processes of contexts too */
		.procname	= "host_sees_all",
		.data		= &vx_host_sees_all,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
};

static int __init vx_switch_init(void)
{
	register_sysctl_init("kernel/vserver", vx_table);
	return 0;
}
late_initcall(vx_switch_init);
