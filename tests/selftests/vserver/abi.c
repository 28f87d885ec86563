// SPDX-License-Identifier: GPL-2.0
/* The kernel's header against the specification: numbers, layouts, entries. */
#include "vs_test.h"

#include <stddef.h>
#include <linux/vserver.h>

#define SAME(ours, theirs) _Static_assert((ours) == (theirs), #theirs)

SAME(VS_VERSION, VCI_VERSION);
SAME(CMD_get_version, VCMD_get_version);
SAME(CMD_get_vci, VCMD_get_vci);
SAME(CMD_ctx_create_v1, VCMD_ctx_create);
SAME(CMD_ctx_create_in, VCMD_ctx_create_in);
SAME(CMD_ctx_migrate_v0, VCMD_ctx_migrate_v0);
SAME(CMD_ctx_migrate_v1, VCMD_ctx_migrate);
SAME(CMD_task_xid, VCMD_task_xid);
SAME(CMD_vx_info, VCMD_vx_info);
SAME(CMD_ctx_stat, VCMD_ctx_stat);
SAME(CMD_wait_exit, VCMD_wait_exit);
SAME(CMD_ctx_kill, VCMD_ctx_kill);
SAME(CMD_get_cflags, VCMD_get_cflags);
SAME(CMD_set_cflags, VCMD_set_cflags);
SAME(CMD_get_ccaps, VCMD_get_ccaps);
SAME(CMD_set_ccaps, VCMD_set_ccaps);
SAME(CMD_get_bcaps, VCMD_get_bcaps);
SAME(CMD_set_bcaps, VCMD_set_bcaps);
SAME(CMD_get_umask, VCMD_get_umask);
SAME(CMD_set_umask, VCMD_set_umask);
SAME(CMD_get_wmask, VCMD_get_wmask);
SAME(CMD_set_wmask, VCMD_set_wmask);
SAME(CMD_get_badness, VCMD_get_badness);
SAME(CMD_set_badness, VCMD_set_badness);
SAME(CMD_set_vhi_name, VCMD_set_vhi_name);
SAME(CMD_get_vhi_name, VCMD_get_vhi_name);
SAME(CMD_enter_space_v0, VCMD_enter_space_v0);
SAME(CMD_enter_space_v1, VCMD_enter_space_v1);
SAME(CMD_enter_space_v2, VCMD_enter_space);
SAME(CMD_set_space_v0, VCMD_set_space_v0);
SAME(CMD_set_space_v1, VCMD_set_space_v1);
SAME(CMD_set_space_v2, VCMD_set_space);
SAME(CMD_get_space_mask_v0, VCMD_get_space_mask_v0);
SAME(CMD_get_space_mask_v1, VCMD_get_space_mask);
SAME(CMD_get_space_default, VCMD_get_space_default);
SAME(CMD_get_rlimit, VCMD_get_rlimit);
SAME(CMD_set_rlimit, VCMD_set_rlimit);
SAME(CMD_get_rlimit_mask, VCMD_get_rlimit_mask);
SAME(CMD_reset_hits, VCMD_reset_hits);
SAME(CMD_reset_minmax, VCMD_reset_minmax);
SAME(CMD_rlimit_stat, VCMD_rlimit_stat);
SAME(CMD_virt_stat, VCMD_virt_stat);
SAME(CMD_sock_stat, VCMD_sock_stat);
SAME(sizeof(struct abi_sock_stat), sizeof(struct vcmd_sock_stat));
SAME(offsetof(struct abi_sock_stat, total), offsetof(struct vcmd_sock_stat, total));
SAME(SK_UNIX, VXA_SOCK_UNIX);
SAME(SK_OTHER, VXA_SOCK_OTHER);
SAME(SK_FAIL, VXA_SOCK_FAIL);
SAME(CMD_task_tag, VCMD_task_tag);
SAME(CMD_tag_migrate, VCMD_tag_migrate);
SAME(CMD_get_iattr, VCMD_get_iattr);
SAME(CMD_set_iattr, VCMD_set_iattr);
SAME(CMD_fget_iattr, VCMD_fget_iattr);
SAME(CMD_fset_iattr, VCMD_fset_iattr);
SAME(CMD_add_dlimit, VCMD_add_dlimit);
SAME(CMD_rem_dlimit, VCMD_rem_dlimit);
SAME(CMD_set_dlimit, VCMD_set_dlimit);
SAME(CMD_get_dlimit, VCMD_get_dlimit);
SAME(24, sizeof(struct vcmd_iattr));
SAME(8, offsetof(struct vcmd_iattr, tag));
SAME(16, offsetof(struct vcmd_iattr, mask));
SAME(12, sizeof(struct vcmd_fiattr));
SAME(16, sizeof(struct vcmd_dlimit_base));
SAME(8, offsetof(struct vcmd_dlimit_base, flags));
SAME(32, sizeof(struct vcmd_dlimit));
SAME(8, offsetof(struct vcmd_dlimit, space_used));
SAME(20, offsetof(struct vcmd_dlimit, inodes_total));
SAME(28, offsetof(struct vcmd_dlimit, flags));
SAME(CMD_set_mapping, VCMD_set_mapping);
SAME(CMD_unset_mapping, VCMD_unset_mapping);
SAME(24, sizeof(struct vcmd_mapping));
SAME(8, offsetof(struct vcmd_mapping, target));
SAME(16, offsetof(struct vcmd_mapping, flags));
SAME(sizeof(struct abi_rlimit), sizeof(struct vcmd_rlimit));
SAME(offsetof(struct abi_rlimit, maximum), offsetof(struct vcmd_rlimit, maximum));
SAME(sizeof(struct abi_rlimit_mask), sizeof(struct vcmd_rlimit_mask));
SAME(sizeof(struct abi_rlimit_stat), sizeof(struct vcmd_rlimit_stat));
SAME(offsetof(struct abi_rlimit_stat, maximum), offsetof(struct vcmd_rlimit_stat, maximum));
SAME(sizeof(struct abi_virt_stat), sizeof(struct vcmd_virt_stat));
SAME(offsetof(struct abi_virt_stat, load), offsetof(struct vcmd_virt_stat, load));
SAME(RL_RSS, VXR_RSS);
SAME(RL_NPROC, VXR_NPROC);
SAME(RL_MEMLOCK, VXR_MEMLOCK);
SAME(RL_AS, VXR_AS);
SAME(RL_LOCKS, VXR_LOCKS);
SAME(RL_NSOCK, VXR_NSOCK);
SAME(RL_MSGQUEUE, VXR_MSGQUEUE);
SAME(RL_SHMEM, VXR_SHMEM);
SAME(RL_SEMARY, VXR_SEMARY);
SAME(RL_NSEMS, VXR_NSEMS);
SAME(RL_OPENFD, VXR_OPENFD);
SAME(RL_ANON, VXR_ANON);
SAME(RL_MAPPED, VXR_MAPPED);
SAME(RL_INFINITY, VXR_INFINITY);
SAME(RL_KEEP, VXR_KEEP);
SAME(CF_VIRT_MEM, VXF_VIRT_MEM);
SAME(CF_VIRT_UPTIME, VXF_VIRT_UPTIME);
SAME(CF_VIRT_CPU, VXF_VIRT_CPU);
SAME(CF_VIRT_LOAD, VXF_VIRT_LOAD);
SAME(CMD_task_nid, VCMD_task_nid);
SAME(CMD_nx_info, VCMD_nx_info);
SAME(CMD_net_create_v1, VCMD_net_create);
SAME(CMD_net_migrate, VCMD_net_migrate);
SAME(CMD_net_add_v0, VCMD_net_add_v0);
SAME(CMD_net_rem_v0, VCMD_net_rem_v0);
SAME(sizeof(struct abi_addr4_v0), sizeof(struct vcmd_net_addr_v0));
SAME(offsetof(struct abi_addr4_v0, mask), offsetof(struct vcmd_net_addr_v0, mask));
SAME(CMD_net_add_ipv4_v1, VCMD_net_add_ipv4_v1);
SAME(CMD_net_rem_ipv4_v1, VCMD_net_rem_ipv4_v1);
SAME(CMD_net_add_ipv4_v2, VCMD_net_add_ipv4);
SAME(CMD_net_rem_ipv4_v2, VCMD_net_rem_ipv4);
SAME(CMD_net_add_ipv6, VCMD_net_add_ipv6);
SAME(CMD_net_rem_ipv6, VCMD_net_rem_ipv6);
SAME(CMD_get_nflags, VCMD_get_nflags);
SAME(CMD_set_nflags, VCMD_set_nflags);
SAME(CMD_get_ncaps, VCMD_get_ncaps);
SAME(CMD_set_ncaps, VCMD_set_ncaps);
SAME(sizeof(struct abi_nx_info), sizeof(struct vcmd_nx_info));
SAME(sizeof(struct abi_addr4_v1), sizeof(struct vcmd_net_addr_ipv4_v1));
SAME(sizeof(struct abi_addr4_v2), sizeof(struct vcmd_net_addr_ipv4));
SAME(sizeof(struct abi_addr6), sizeof(struct vcmd_net_addr_ipv6));
SAME(offsetof(struct abi_addr6, mask), offsetof(struct vcmd_net_addr_ipv6, mask));
SAME(offsetof(struct abi_addr4_v2, mask), offsetof(struct vcmd_net_addr_ipv4, mask));
SAME(NF_PRIVATE, NXF_INFO_PRIVATE);
SAME(NF_SINGLE_IP, NXF_SINGLE_IP);
SAME(NF_LBACK_REMAP, NXF_LBACK_REMAP);
SAME(NF_LBACK_ALLOW, NXF_LBACK_ALLOW);
SAME(NF_HIDE_NETIF, NXF_HIDE_NETIF);
SAME(NF_HIDE_LBACK, NXF_HIDE_LBACK);
SAME(NF_STATE_SETUP, NXF_STATE_SETUP);
SAME(NF_STATE_ADMIN, NXF_STATE_ADMIN);
SAME(NF_SC_HELPER, NXF_SC_HELPER);
SAME(NF_PERSISTENT, NXF_PERSISTENT);
SAME(NF_DEFAULT, NXF_INIT_SET);
SAME(NC_TUN_CREATE, NXC_TUN_CREATE);
SAME(NC_RAW_ICMP, NXC_RAW_ICMP);
SAME(NC_MULTICAST, NXC_MULTICAST);
SAME(NA_IPV4, NXA_TYPE_IPV4);
SAME(NA_IPV6, NXA_TYPE_IPV6);
SAME(NA_ADDR, NXA_TYPE_ADDR);
SAME(NA_MASK, NXA_TYPE_MASK);
SAME(NA_RANGE, NXA_TYPE_RANGE);
SAME(NA_ANY, NXA_TYPE_ANY);
SAME(NA_BCAST, NXA_MOD_BCAST);
SAME(NA_LBACK, NXA_MOD_LBACK);
SAME(CMD_set_sched_v2, VCMD_set_sched_v2);
SAME(CMD_set_sched_v3, VCMD_set_sched_v3);
SAME(CMD_set_sched_v4, VCMD_set_sched_v4);
SAME(CMD_set_sched_v5, VCMD_set_sched);
SAME(CMD_get_sched, VCMD_get_sched);
SAME(CMD_sched_info, VCMD_sched_info);
SAME(CMD_set_prio_bias, VCMD_set_prio_bias);
SAME(CMD_get_prio_bias, VCMD_get_prio_bias);
SAME(CMD_set_cpu, VCMD_set_cpu);
SAME(CMD_get_cpu, VCMD_get_cpu);

SAME(CF_PRIVATE, VXF_INFO_PRIVATE);
SAME(CF_FAKEINIT, VXF_INFO_INIT);
SAME(CF_SCHED_HARD, VXF_SCHED_HARD);
SAME(CF_SCHED_PRIO, VXF_SCHED_PRIO);
SAME(CF_SCHED_PAUSE, VXF_SCHED_PAUSE);
SAME(CF_HIDE_VINFO, VXF_HIDE_VINFO);
SAME(CF_ONE_TIME, VXF_ONE_TIME);
SAME(CF_SC_HELPER, VXF_SC_HELPER);
SAME(CF_REBOOT_KILL, VXF_REBOOT_KILL);
SAME(CF_PERSISTENT, VXF_PERSISTENT);
SAME(CC_SET_UTSNAME, VXC_SET_UTSNAME);
SAME(CC_RAW_ICMP, VXC_RAW_ICMP);
SAME(CC_SYSLOG, VXC_SYSLOG);
SAME(CC_AUDIT_CONTROL, VXC_AUDIT_CONTROL);
SAME(BC_API, VXB_CONTEXT);
SAME(MIGRATE_SET_INIT, VXM_SET_INIT);
SAME(MIGRATE_SET_REAPER, VXM_SET_REAPER);

SAME(SM_FILL_RATE, VXSM_FILL_RATE);
SAME(SM_INTERVAL, VXSM_INTERVAL);
SAME(SM_FILL_RATE2, VXSM_FILL_RATE2);
SAME(SM_INTERVAL2, VXSM_INTERVAL2);
SAME(SM_TOKENS, VXSM_TOKENS);
SAME(SM_TOKENS_MIN, VXSM_TOKENS_MIN);
SAME(SM_TOKENS_MAX, VXSM_TOKENS_MAX);
SAME(SM_PRIO_BIAS, VXSM_PRIO_BIAS);
SAME(SM_IDLE_TIME, VXSM_IDLE_TIME);
SAME(SM_FORCE, VXSM_FORCE);
SAME(SM_CPU_ID, VXSM_CPU_ID);
SAME(SM_BUCKET_ID, VXSM_BUCKET_ID);
SAME(SM_MSEC, VXSM_MSEC);
SAME(CPU_WEIGHT, VXCPU_WEIGHT);
SAME(CPU_GUARANTEE, VXCPU_GUARANTEE);
SAME(CPU_MAX, VXCPU_MAX);
SAME(CPU_BURST, VXCPU_BURST);
SAME(CPU_RESUME, VXCPU_RESUME);
SAME(CPU_ALL, VXCPU_ALL);

SAME(28, sizeof(struct vcmd_set_sched_v3));
SAME(24, offsetof(struct vcmd_set_sched_v3, priority_bias));
SAME(36, sizeof(struct vcmd_set_sched_v4));
SAME(28, offsetof(struct vcmd_set_sched_v4, cpu_id));
SAME(44, sizeof(struct vcmd_sched_v5));
SAME(12, offsetof(struct vcmd_sched_v5, fill_rate));
SAME(28, offsetof(struct vcmd_sched_v5, tokens));
SAME(40, offsetof(struct vcmd_sched_v5, prio_bias));
SAME(40, sizeof(struct vcmd_sched_info));
SAME(8, offsetof(struct vcmd_sched_info, user_msec));
SAME(32, offsetof(struct vcmd_sched_info, token_usec));
SAME(8, sizeof(struct vcmd_prio_bias));
SAME(40, sizeof(struct vcmd_cpu));
SAME(8, offsetof(struct vcmd_cpu, guarantee));
SAME(32, offsetof(struct vcmd_cpu, resume));

SAME(8, sizeof(struct vcmd_ctx_create));
SAME(16, sizeof(struct vcmd_ctx_create_in));
SAME(8, offsetof(struct vcmd_ctx_create_in, parent));
SAME(32, sizeof(struct vcmd_set_sched_v2));
SAME(24, offsetof(struct vcmd_set_sched_v2, cpu_mask));
SAME(SCHED_KEEP, VX_SCHED_KEEP);
SAME(8, sizeof(struct vcmd_ctx_migrate));
SAME(8, sizeof(struct vcmd_vx_info));
SAME(4, offsetof(struct vcmd_vx_info, initpid));
SAME(8, sizeof(struct vcmd_ctx_stat));
SAME(4, offsetof(struct vcmd_ctx_stat, tasks));
SAME(8, sizeof(struct vcmd_ctx_kill));
SAME(4, offsetof(struct vcmd_ctx_kill, sig));
SAME(8, sizeof(struct vcmd_wait_exit));
SAME(4, offsetof(struct vcmd_wait_exit, exit_code));
SAME(16, sizeof(struct vcmd_ctx_flags));
SAME(8, offsetof(struct vcmd_ctx_flags, mask));
SAME(16, sizeof(struct vcmd_ctx_caps));
SAME(8, offsetof(struct vcmd_ctx_caps, cmask));
SAME(16, sizeof(struct vcmd_bcaps));
SAME(8, offsetof(struct vcmd_bcaps, bmask));
SAME(16, sizeof(struct vcmd_umask));
SAME(16, sizeof(struct vcmd_wmask));
SAME(8, sizeof(struct vcmd_badness));
SAME(8, sizeof(struct vcmd_space_mask_v1));
SAME(16, sizeof(struct vcmd_space_mask));
SAME(8, offsetof(struct vcmd_space_mask, index));
SAME(4, offsetof(struct vcmd_vhi_name, name));
/* 72 with the tail padding that userland sends, 69 bytes of content */
_Static_assert(sizeof(struct vcmd_vhi_name) <= 72, "vhi_name");

TEST(entry_64, "system call 236 answers get_version on x86-64")
{
	EQ(syscall(VS_NR_X86_64, VCMD_get_version, 63, NULL), VS_VERSION);
}

TEST(entry_32, "system call 273 answers get_version on i386")
{
#ifdef __x86_64__
	long ret;

	/* int $0x80 enters through the 32-bit table even from a 64-bit program */
	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(VS_NR_I386), "b"(VCMD_get_version), "c"(63), "d"(0)
		     : "memory", "r8", "r9", "r10", "r11");
	EQ((int)ret, VS_VERSION);
#else
	vs_skip("not on x86-64");
#endif
}

TEST(proc_syscall, "the number in /proc/virtual/info is the one that works")
{
	char buf[512], v[32];

	NEED_OK(read_file("/proc/virtual/info", buf, sizeof(buf)));
	NEED(CHECK(line_value(buf, "VCISyscall:\t", v, sizeof(v)), "no VCISyscall: line"));
	EQ(atoi(v), VS_NR_X86_64);
}
