// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the host has and what it lacks. */

#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "internal.h"

typedef void (*check_fn)(struct vctx_check *c);

/* The running kernel's configuration where distributions put it, or NULL. */
static char *kernel_config(void)
{
	vx_autofree char *path = NULL;
	struct utsname u;

	if (uname(&u))
		return NULL;
	path = vx_printf("/boot/config-%s", u.release);
	return vx_read_file(path, 1U << 20);
}

static void check_call(struct vctx_check *c)
{
	uint32_t v;

	c->ok = !vctx_sys_version(&v);
	if (c->ok)
		snprintf(c->detail, sizeof(c->detail), "version %08x", v);
	else
		snprintf(c->detail, sizeof(c->detail), "%s", strerror(errno));
}

static void check_features(struct vctx_check *c)
{
	uint32_t v;

	if (vctx_sys_features(&v)) {
		snprintf(c->detail, sizeof(c->detail), "%s", strerror(errno));
		return;
	}
	c->ok = (v & VCF_NO_DYNAMIC) && (v & VCF_SPACES);
	snprintf(c->detail, sizeof(c->detail), "features %08x", v);
}

static void check_sched(struct vctx_check *c)
{
	struct vctx_sys_cpu cpu;

	/* The command is looked up before the context: any answer but ENOSYS. */
	c->ok = !vctx_sys_get_cpu(VX_XID_MAX, &cpu) || errno != ENOSYS;
	snprintf(c->detail, sizeof(c->detail), "%s",
		 c->ok ? "shares, guarantees, limits" : strerror(ENOSYS));
}

static void check_disk(struct vctx_check *c)
{
	vx_autofree char *names = vctx_disks_scheduled();
	struct vctx_sys_disk disk;

	if (vctx_sys_get_disk(VX_XID_MAX, 0, &disk) && errno == ENOSYS) {
		snprintf(c->detail, sizeof(c->detail), "%s", strerror(ENOSYS));
		return;
	}
	c->ok = *names;
	snprintf(c->detail, sizeof(c->detail), "%s", *names ? names :
		 "no disk's queue/scheduler is context-fair");
}

static void check_net(struct vctx_check *c)
{
	/* There is no network context 0 to take it from. */
	const struct vctx_net_addr none = { .family = AF_INET6, .prefix = 128 };
	uint32_t nid;

	c->ok = !vctx_sys_net_task(0, &nid);
	if (!c->ok)
		snprintf(c->detail, sizeof(c->detail), "%s", strerror(errno));
	else
		snprintf(c->detail, sizeof(c->detail), "%s",
			 vctx_sys_net_remove(0, &none) && errno == ENOSYS ?
			 "IPv4" : "IPv4 and IPv6");
}

static void check_spaces(struct vctx_check *c)
{
	const uint64_t want = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
			      CLONE_FS;
	uint64_t mask;

	if (vctx_sys_space_mask(&mask)) {
		snprintf(c->detail, sizeof(c->detail), "%s", strerror(errno));
		return;
	}
	c->ok = (mask & want) == want;
	snprintf(c->detail, sizeof(c->detail), "mask %08llx",
		 (unsigned long long)mask);
}

static void check_path(struct vctx_check *c, const char *path)
{
	c->ok = !access(path, F_OK);
	snprintf(c->detail, sizeof(c->detail), "%s%s", path,
		 c->ok ? "" : ": No such file or directory");
}

static void check_virtual(struct vctx_check *c)
{
	check_path(c, "/proc/virtual");
}

static void check_config(struct vctx_check *c)
{
	vx_autofree char *text = kernel_config();
	struct utsname u;

	if (!text) {
		/* Not having the text is no proof of anything. */
		c->ok = !access("/proc/virtual", F_OK);
		snprintf(c->detail, sizeof(c->detail),
			 "no /boot/config-* for this kernel");
		return;
	}
	c->ok = strstr(text, "\nCONFIG_VSERVER=y\n") != NULL;
	if (uname(&u))
		return;
	snprintf(c->detail, sizeof(c->detail), "%.40s: CONFIG_VSERVER %s",
		 u.release, c->ok ? "is set" : "is not set");
}

static void check_mntns(struct vctx_check *c)
{
	check_path(c, "/proc/self/ns/mnt");
}

static void check_utsns(struct vctx_check *c)
{
	check_path(c, "/proc/self/ns/uts");
}

static void check_ipcns(struct vctx_check *c)
{
	check_path(c, "/proc/self/ns/ipc");
}

static void check_cgroup(struct vctx_check *c)
{
	vx_autofree char *text =
		vx_read_file("/sys/fs/cgroup/cgroup.controllers", 4096);

	if (!text || !vx_cgroup_host()) {
		check_path(c, "/sys/fs/cgroup/cgroup.controllers");
		return;
	}
	text[strcspn(text, "\n")] = '\0';
	c->ok = strstr(text, "memory") && strstr(text, "pids");
	snprintf(c->detail, sizeof(c->detail), "%s", text);
}

static void check_root(struct vctx_check *c)
{
	c->ok = geteuid() == 0;
	snprintf(c->detail, sizeof(c->detail), "uid %u", geteuid());
}

static void check_tool(struct vctx_check *c, const char *tool)
{
	const char *path = getenv("PATH");
	vx_autofree char *copy = vx_strdup(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	char *save, *dir;

	for (dir = strtok_r(copy, ":", &save); dir && !c->ok;
	     dir = strtok_r(NULL, ":", &save)) {
		vx_autofree char *full = vx_printf("%s/%s", dir, tool);

		if (!access(full, X_OK)) {
			c->ok = true;
			snprintf(c->detail, sizeof(c->detail), "%s", full);
		}
	}
	if (!c->ok)
		snprintf(c->detail, sizeof(c->detail),
			 "%s: not found in PATH", tool);
}

static void check_mmdebstrap(struct vctx_check *c)
{
	check_tool(c, "mmdebstrap");
}

static void check_ip(struct vctx_check *c)
{
	check_tool(c, "ip");
}

static void check_tc(struct vctx_check *c)
{
	check_tool(c, "tc");
}

static void check_mkroot(struct vctx_check *c)
{
	check_tool(c, "vctx-mkroot");
}

/* On a kernel without contexts there is no such setting. */
static void check_helper(struct vctx_check *c)
{
	vx_autofree char *path = vx_read_file("/proc/sys/kernel/vshelper", 4096);

	if (path)
		path[strcspn(path, "\n")] = '\0';
	c->ok = path && !access(path, X_OK);
	snprintf(c->detail, sizeof(c->detail), "%s%s", path ? path :
		 "/proc/sys/kernel/vshelper", c->ok ? "" : ": not there");
}

static const struct {
	const char *name;
	const char *why;
	bool required;
	check_fn fn;
} checks[] = {
	{ "kernel-config", "the kernel must be built with the context patches",
	  true, check_config },
	{ "system-call", "every verb talks to the kernel through it", true,
	  check_call },
	{ "features", "static ids and recorded namespaces are needed to start",
	  true, check_features },
	{ "spaces", "a context's mounts, host name and IPC are its own", true,
	  check_spaces },
	{ "proc-virtual", "list finds contexts of other tools there", true,
	  check_virtual },
	{ "mount-namespace", "a context sees its own file tree", true,
	  check_mntns },
	{ "uts-namespace", "a context has its own host name", true,
	  check_utsns },
	{ "ipc-namespace", "a context has its own System V IPC", true,
	  check_ipcns },
	{ "root", "only the superuser of the host manages contexts", true,
	  check_root },
	{ "cgroup-v2", "[memory] and [limits] need it at /sys/fs/cgroup", false,
	  check_cgroup },
	{ "cpu-scheduling", "[cpu], pause and stats need it (CONFIG_VSERVER_SCHED)",
	  false, check_sched },
	{ "disk-scheduling", "[disk] has an effect on these disks", false,
	  check_disk },
	{ "network-contexts", "net.mode=shared-address needs them (CONFIG_VSERVER_NET)",
	  false, check_net },
	{ "ip", "net.mode=bridge and routed call it", false, check_ip },
	{ "tc", "net.weight and net.rate-* call it", false, check_tc },
	{ "reboot-helper", "starts contexts again that restart themselves (sysctl kernel.vshelper)",
	  false, check_helper },
	{ "vctx-mkroot", "makes root directories", false, check_mkroot },
	{ "mmdebstrap", "vctx-mkroot calls it", false, check_mmdebstrap },
};

struct vctx_check *vctx_check_host(size_t *n)
{
	struct vctx_check *c = vx_alloc(ARRAY_SIZE(checks) * sizeof(*c));
	size_t i;

	*n = ARRAY_SIZE(checks);
	for (i = 0; i < *n; i++) {
		c[i].name = checks[i].name;
		c[i].why = checks[i].why;
		c[i].required = checks[i].required;
		checks[i].fn(&c[i]);
	}
	return c;
}
