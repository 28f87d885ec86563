// SPDX-License-Identifier: GPL-2.0-or-later
/* What an instance is: a control group, or a context. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/vserver.h>

#include "share.h"

int share_fail(struct share_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int unsupported(struct share_err *err, const char *what)
{
	err->unsupported = true;
	return share_fail(err, "%s", what);
}

/* The whole of a small file of the kernel; 0, or -1 with errno. */
static int slurp(int fd, char *buf, size_t len)
{
	ssize_t n = pread(fd, buf, len - 1, 0);

	if (n < 0)
		return -1;
	buf[n] = '\0';
	return 0;
}

/* The number behind @key at the beginning of a line of @text. */
static bool find_number(const char *text, const char *key, uint64_t *v)
{
	size_t n = strlen(key);
	const char *p;

	for (p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) != 0 || !strchr(" \t:", p[n]))
			continue;
		*v = strtoull(p + n + strspn(p + n, " \t:"), NULL, 10);
		return true;
	}
	return false;
}

/* ------------------------------------------------------ control groups, v2 */

#define CGROUP "/sys/fs/cgroup"

static int stat_fd[MAX_INST];

static int put(struct share_err *err, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int put(struct share_err *err, const char *value, const char *fmt, ...)
{
	char path[200];
	va_list ap;
	int fd, e;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return share_fail(err, "open %s: %s", path, strerror(errno));
	e = write(fd, value, strlen(value)) < 0 ? errno : 0;
	close(fd);
	return e ? share_fail(err, "write \"%s\" to %s: %s", value, path, strerror(e)) : 0;
}

static int cgroup_open(const struct share_case *c, struct share_err *err)
{
	(void)c;
	if (access(CGROUP "/cgroup.controllers", F_OK) != 0)
		return unsupported(err, "no control groups (version 2) at " CGROUP);
	return put(err, "+cpu", CGROUP "/cgroup.subtree_control");
}

static int cgroup_make(unsigned int i, const struct share_inst *inst, struct share_err *err)
{
	char path[100], value[64];

	snprintf(path, sizeof(path), CGROUP "/bshare.%u", i);
	if (mkdir(path, 0755) != 0)
		return share_fail(err, "mkdir %s: %s", path, strerror(errno));
	/* Weight 1 of a case is the default weight, so that no weight of a case
	 * meets the scheduler's limits. */
	snprintf(value, sizeof(value), "%u", inst->weight * 100);
	if (put(err, value, "%s/cpu.weight", path) != 0)
		return -1;
	if (inst->cap > 0) {
		snprintf(value, sizeof(value), "%.0f 100000", inst->cap * 100000);
		if (put(err, value, "%s/cpu.max", path) != 0)
			return -1;
	}
	snprintf(path, sizeof(path), CGROUP "/bshare.%u/cpu.stat", i);
	stat_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
	if (stat_fd[i] < 0)
		return share_fail(err, "open %s: %s", path, strerror(errno));
	return 0;
}

static int cgroup_enter(unsigned int i, const struct share_inst *inst, struct share_err *err)
{
	(void)inst;
	return put(err, "0", CGROUP "/bshare.%u/cgroup.procs", i);
}

static int read_service(int fd, const char *key, const char *what, unsigned int i, uint64_t *ns,
			struct share_err *err)
{
	char buf[4096];
	uint64_t us;

	if (slurp(fd, buf, sizeof(buf)) != 0)
		return share_fail(err, "read %s of instance %u: %s", what, i, strerror(errno));
	if (!find_number(buf, key, &us))
		return share_fail(err, "%s of instance %u has no %s", what, i, key);
	*ns = us * 1000;
	return 0;
}

static int cgroup_service(unsigned int i, uint64_t *ns, struct share_err *err)
{
	return read_service(stat_fd[i], "usage_usec", "cpu.stat", i, ns, err);
}

static int cgroup_remove(unsigned int i, struct share_err *err)
{
	const struct timespec ms10 = { .tv_nsec = 10000000 };
	char path[100];
	int tries;

	snprintf(path, sizeof(path), CGROUP "/bshare.%u", i);
	close(stat_fd[i]);
	/* A process that was waited for may still be on its way out of the
	 * group. */
	for (tries = 0; tries < 1000; tries++) {
		if (rmdir(path) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&ms10, NULL);
	}
	return share_fail(err, "rmdir %s: %s", path, strerror(errno));
}

/* ---------------------------------------------------------------- contexts */

/* Ids that nobody else uses in the machine, never the same twice: what is left
 * of the last case's contexts is not in the way of the next. */
#define FIRST_XID 41000U

static uint32_t base_xid;
static int sched_fd[MAX_INST];

static long vserver(uint32_t cmd, uint32_t id, void *data)
{
	return syscall(SYS_vserver, cmd, id, data);
}

static int context_open(const struct share_case *c, struct share_err *err)
{
	struct vcmd_cpu cpu = { 0 };
	unsigned int i;

	(void)c;
	for (i = 0; i < MAX_INST; i++)
		sched_fd[i] = -1;
	if (vserver(VCMD_get_version, 0, NULL) < 0)
		return unsupported(err, "this kernel has no contexts");
	/* Nobody has this id: a kernel with the command says so. */
	if (vserver(VCMD_get_cpu, FIRST_XID - 1, &cpu) < 0 && errno == ENOSYS)
		return unsupported(err, "the contexts of this kernel have no CPU shares");
	base_xid = FIRST_XID + (uint32_t)getpid() % 1000 * MAX_INST;
	return 0;
}

static int context_enter(unsigned int i, const struct share_inst *inst, struct share_err *err)
{
	struct vcmd_ctx_create create = { .flagword = VXF_INIT_SET };
	struct vcmd_ctx_flags flags = { .mask = VXF_STATE_SETUP | VXF_STATE_INIT };
	struct vcmd_cpu cpu = {
		.mask = VXCPU_WEIGHT,
		.weight = inst->weight * VX_CPU_WEIGHT_DEFAULT,
	};

	if (inst->floor > 0) {
		cpu.mask |= VXCPU_GUARANTEE;
		cpu.guarantee = (uint64_t)(inst->floor * 1e9 + 0.5);
	}
	if (inst->cap > 0) {
		cpu.mask |= VXCPU_MAX;
		cpu.max = (uint64_t)(inst->cap * 1e9 + 0.5);
	}
	if (vserver(VCMD_ctx_create, base_xid + i, &create) < 0)
		return share_fail(err, "ctx_create %u: %s", base_xid + i, strerror(errno));
	if (vserver(VCMD_set_cpu, base_xid + i, &cpu) < 0)
		return share_fail(err, "set_cpu %u: %s", base_xid + i, strerror(errno));
	if (vserver(VCMD_set_cflags, VX_XID_CURRENT, &flags) < 0)
		return share_fail(err, "set_cflags %u: %s", base_xid + i, strerror(errno));
	return 0;
}

static int context_watch(struct share_err *err)
{
	struct vcmd_ctx_migrate m = { 0 };

	if (vserver(VCMD_ctx_migrate, VX_XID_WATCH, &m) < 0)
		return share_fail(err, "enter the watch context: %s", strerror(errno));
	return 0;
}

static int context_service(unsigned int i, uint64_t *ns, struct share_err *err)
{
	char path[64];

	/* Open until the process of the case ends: looking the file up costs
	 * more than reading it, and comes out of what the instances can get. */
	snprintf(path, sizeof(path), "/proc/virtual/%u/sched", base_xid + i);
	if (sched_fd[i] < 0)
		sched_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
	if (sched_fd[i] < 0)
		return share_fail(err, "open %s: %s", path, strerror(errno));
	return read_service(sched_fd[i], "run_us", path, i, ns, err);
}

/* ------------------------------------------------------------------- table */

const char *share_guest_kernel, *share_guest_ramdisk;

static const struct share_means cgroup_and_context[] = {
	{ .name = "cgroup",
	  .open = cgroup_open,
	  .make = cgroup_make,
	  .enter = cgroup_enter,
	  .service = cgroup_service,
	  .remove = cgroup_remove },
	{ .name = "context",
	  .open = context_open,
	  .enter = context_enter,
	  .watch = context_watch,
	  .service = context_service },
};

const struct share_means *share_means_find(const char *name)
{
	const struct share_means *const all[] = { &cgroup_and_context[0], &cgroup_and_context[1],
						  &share_means_xen };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

const char *share_means_names(void)
{
	return "cgroup, context or xen";
}
