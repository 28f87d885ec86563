// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of the bits, as users of util-vserver know them. */

#include <strings.h>
#include <sys/capability.h>

#include "internal.h"

struct name {
	uint64_t bit;
	const char *name;
};

static const struct name cflags[] = {
	{ VXF_INFO_LOCK, "lock" },
	{ VXF_INFO_SCHED, "sched" },
	{ VXF_INFO_NPROC, "nproc" },
	{ VXF_INFO_PRIVATE, "private" },
	{ VXF_INFO_INIT, "fakeinit" },
	{ VXF_INFO_HIDE, "hideinfo" },
	{ VXF_INFO_ULIMIT, "ulimit" },
	{ VXF_INFO_NSPACE, "namespace" },
	{ VXF_SCHED_HARD, "sched_hard" },
	{ VXF_SCHED_PRIO, "sched_prio" },
	{ VXF_SCHED_PAUSE, "sched_pause" },
	{ VXF_VIRT_MEM, "virt_mem" },
	{ VXF_VIRT_UPTIME, "virt_uptime" },
	{ VXF_VIRT_CPU, "virt_cpu" },
	{ VXF_VIRT_LOAD, "virt_load" },
	{ VXF_VIRT_TIME, "virt_time" },
	{ VXF_HIDE_MOUNT, "hide_mount" },
	{ VXF_HIDE_NETIF, "hide_netif" },
	{ VXF_HIDE_VINFO, "hide_vinfo" },
	{ VXF_STATE_SETUP, "state_setup" },
	{ VXF_STATE_INIT, "state_init" },
	{ VXF_STATE_ADMIN, "state_admin" },
	{ VXF_SC_HELPER, "sc_helper" },
	{ VXF_REBOOT_KILL, "reboot_kill" },
	{ VXF_PERSISTENT, "persistent" },
	{ VXF_FORK_RSS, "fork_rss" },
	{ VXF_PROLIFIC, "prolific" },
	{ VXF_IGNEG_NICE, "igneg_nice" },
	{ VXF_IGNEG_IONICE, "igneg_ionice" },
};

static const struct name ccaps[] = {
	{ VXC_SET_UTSNAME, "set_utsname" },
	{ VXC_SET_RLIMIT, "set_rlimit" },
	{ VXC_FS_SECURITY, "fs_security" },
	{ VXC_FS_TRUSTED, "fs_trusted" },
	{ VXC_TIOCSTI, "tiocsti" },
	{ VXC_RAW_ICMP, "raw_icmp" },
	{ VXC_SYSLOG, "syslog" },
	{ VXC_OOM_ADJUST, "oom_adjust" },
	{ VXC_AUDIT_CONTROL, "audit_control" },
	{ VXC_SECURE_MOUNT, "secure_mount" },
	{ VXC_SECURE_REMOUNT, "secure_remount" },
	{ VXC_BINARY_MOUNT, "binary_mount" },
	{ VXC_DEV_MOUNT, "dev_mount" },
	{ VXC_QUOTA_CTL, "quota_ctl" },
	{ VXC_ADMIN_MAPPER, "admin_mapper" },
	{ VXC_ADMIN_CLOOP, "admin_cloop" },
	{ VXC_KTHREAD, "kthread" },
	{ VXC_NAMESPACE, "namespace" },
};

/* raw_icmp is among the ccaps: one word for both. */
static const struct name ncaps[] = {
	{ NXC_TUN_CREATE, "tun_create" },
	{ NXC_MULTICAST, "multicast" },
};

static const struct {
	const struct name *names;
	size_t n;
} sets[] = {
	[VCTX_NAMES_CFLAGS] = { cflags, ARRAY_SIZE(cflags) },
	[VCTX_NAMES_CCAPS]  = { ccaps, ARRAY_SIZE(ccaps) },
	[VCTX_NAMES_NCAPS]  = { ncaps, ARRAY_SIZE(ncaps) },
};

const char *vctx_bit_name(enum vctx_names set, unsigned int bit)
{
	static char buf[48];
	size_t i;

	if (set == VCTX_NAMES_BCAPS) {
		char *name;

		/* Beyond the last one libcap makes names up; we do not. */
		if (bit > CAP_LAST_CAP)
			return NULL;
		name = cap_to_name((cap_value_t)bit);
		if (!name)
			return NULL;
		snprintf(buf, sizeof(buf), "%s",
			 !strncmp(name, "cap_", 4) ? name + 4 : name);
		cap_free(name);
		return buf;
	}
	for (i = 0; i < sets[set].n; i++)
		if (sets[set].names[i].bit == UINT64_C(1) << bit)
			return sets[set].names[i].name;
	return NULL;
}

int vctx_bit_find(enum vctx_names set, const char *name)
{
	size_t i;

	if (set == VCTX_NAMES_BCAPS) {
		char full[64];
		cap_value_t v;

		if (!strncasecmp(name, "cap_", 4))
			name += 4;
		/* cap_from_name() also takes numbers, users should not. */
		if (name[0] >= '0' && name[0] <= '9')
			return -1;
		if ((size_t)snprintf(full, sizeof(full), "cap_%s", name) >=
		    sizeof(full) || cap_from_name(full, &v))
			return -1;
		return v;
	}
	for (i = 0; i < sets[set].n; i++)
		if (!strcasecmp(sets[set].names[i].name, name))
			return __builtin_ctzll(sets[set].names[i].bit);
	return -1;
}
