// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits of memory and processes: [memory] and [limits].
 *
 * Control groups (version 2) do the counting.  A context that is started with
 * one of these keys gets a group of its own, /sys/fs/cgroup/vctx/NAME, which
 * it is in before it becomes a context and which goes with its run-time
 * directory.  One without them has none, and costs nothing.  CPU and disk are
 * not controlled there: contexts have schedulers of their own for those.
 *
 * A context with mount.cgroups has two groups in that one: "own" is the root of all
 * that it sees and may divide further, "exec" is for what is run in it from outside.
 * A group that is divided can hold no processes, so the latter cannot be in the former,
 * and the limits, being above, cannot be changed from inside.
 */

#include <ftw.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include <linux/magic.h>

#include "internal.h"

#define CGROUPS		"/sys/fs/cgroup"
#define CONTROLLERS	"+memory +pids"
#define OWN		"own"
#define EXEC		"exec"
/* systemd needs one for each service and session, and five deep. */
#define MAX_GROUPS	"2000"
#define MAX_DEPTH	"16"

/* Contexts of another state root have a place of their own. */
static char *base_path(const struct vctx *v)
{
	vx_autofree char *prefix = vx_strdup(v->run);
	char *end = strrchr(prefix, '/');	/* PREFIX/run/vctx */
	char *p;

	if (end)
		*end = '\0';
	end = strrchr(prefix, '/');
	if (end)
		*end = '\0';
	for (p = prefix; *p; p++)
		if (*p == '/')
			*p = '-';
	return vx_printf(CGROUPS "/vctx%s", prefix);
}

char *vx_cgroup_path(const struct vctx *v, const char *name)
{
	vx_autofree char *base = base_path(v);

	return vx_printf("%s/%s", base, name);
}

bool vx_cgroup_wanted(const struct vctx_config *cfg)
{
	return cfg->memory_max || cfg->have_swap || cfg->processes || cfg->cgroups;
}

static int write_file(const char *dir, const char *file, const char *text)
{
	vx_autofree char *path = vx_printf("%s/%s", dir, file);
	vx_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);

	if (fd < 0)
		return -1;
	return write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

static int no_cgroups(struct vctx_err *err)
{
	return vx_fail(err, VCTX_HOST,
		       "mount -t cgroup2 none " CGROUPS "; see 'vctx check'",
		       "limits need control groups of version 2 at " CGROUPS);
}

bool vx_cgroup_host(void)
{
	struct statfs fs;

	return !statfs(CGROUPS, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* "N" or "max" */
static char *number(bool have, uint64_t v)
{
	return have ? vx_printf("%llu", (unsigned long long)v)
		    : vx_strdup("max");
}

static int set_one(const char *dir, const char *file, bool have, uint64_t v,
		   const char *key, struct vctx_err *err)
{
	vx_autofree char *text = number(have, v);

	if (!write_file(dir, file, text))
		return 0;
	/* A machine without swap has no file for it, and nothing to limit. */
	if (errno == ENOENT && !strcmp(file, "memory.swap.max"))
		return 0;
	return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot set %s to %s", key,
			     have ? text : "none");
}

int vx_cgroup_set(const char *dir, const struct vctx_config *cfg,
		  struct vctx_err *err)
{
	return set_one(dir, "memory.max", cfg->memory_max, cfg->memory_max,
		       "memory.max", err) ||
	       set_one(dir, "memory.swap.max", cfg->have_swap,
		       cfg->memory_swap, "memory.swap", err) ||
	       set_one(dir, "pids.max", cfg->processes, cfg->processes,
		       "limits.processes", err) ? -1 : 0;
}

void vx_cgroup_restore(const char *dir, const struct vctx_limits *old)
{
	set_one(dir, "memory.max", old->memory.have_max, old->memory.max, "",
		NULL);
	set_one(dir, "memory.swap.max", old->swap.have_max, old->swap.max, "",
		NULL);
	set_one(dir, "pids.max", old->processes.have_max, old->processes.max,
		"", NULL);
}

int vx_cgroup_make(struct vctx *v, const char *name,
		   const struct vctx_config *cfg, struct vctx_err *err)
{
	vx_autofree char *base = base_path(v);
	vx_autofree char *dir = vx_cgroup_path(v, name);

	if (!vx_cgroup_host())
		return no_cgroups(err);
	/* One that ended by itself has left what it had divided: not to be joined. */
	vx_cgroup_remove(v, name);
	if (write_file(CGROUPS, "cgroup.subtree_control", CONTROLLERS))
		return vx_fail_errno(err, VCTX_HOST,
			"the kernel needs CONFIG_MEMCG and CONFIG_CGROUP_PIDS",
			"cannot have memory and processes counted");
	if ((mkdir(base, 0755) && errno != EEXIST) ||
	    write_file(base, "cgroup.subtree_control", CONTROLLERS) ||
	    (mkdir(dir, 0755) && errno != EEXIST))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot make the control group %s", dir);
	if (cfg->cgroups) {
		vx_autofree char *own = vx_printf("%s/" OWN, dir);
		vx_autofree char *exec = vx_printf("%s/" EXEC, dir);

		/* Each costs the kernel memory, and there is no other limit. */
		if (write_file(dir, "cgroup.max.descendants", MAX_GROUPS) ||
		    write_file(dir, "cgroup.max.depth", MAX_DEPTH) ||
		    write_file(dir, "cgroup.subtree_control", CONTROLLERS) ||
		    (mkdir(own, 0755) && errno != EEXIST) ||
		    (mkdir(exec, 0755) && errno != EEXIST))
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot divide the control group %s",
					     dir);
	}
	return vx_cgroup_set(dir, cfg, err);
}

static int join(const char *dir, struct vctx_err *err)
{
	if (write_file(dir, "cgroup.procs", "0"))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot join the control group %s", dir);
	return 0;
}

int vx_cgroup_join(const char *dir, struct vctx_err *err)
{
	vx_autofree char *exec = vx_printf("%s/" EXEC, dir);

	return join(access(exec, F_OK) ? dir : exec, err);
}

int vx_cgroup_join_own(const char *dir, struct vctx_err *err)
{
	vx_autofree char *own = vx_printf("%s/" OWN, dir);

	return join(own, err);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP ? rmdir(path) : 0;
}

void vx_cgroup_remove(struct vctx *v, const char *name)
{
	vx_autofree char *dir = vx_cgroup_path(v, name);
	vx_autofree char *base = base_path(v);
	const struct timespec ts = { 0, 1000000 };
	int i;

	if (access(dir, F_OK))
		return;
	/* A process leaves its group a little after it has left the context. */
	for (i = 0; i < 2000; i++) {
		if (!nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) ||
		    errno != EBUSY)
			break;
		nanosleep(&ts, NULL);
	}
	/* Stays while others are in it. */
	rmdir(base);
}

static bool read_number(const char *dir, const char *file, const char *key,
			uint64_t *v)
{
	vx_autofree char *path = vx_printf("%s/%s", dir, file);
	vx_autofree char *text = vx_read_file(path, 4096);
	const char *p = text;
	unsigned long long n;

	if (!text)
		return false;
	if (key) {
		size_t len = strlen(key);

		while (p && (strncmp(p, key, len) || p[len] != ' ')) {
			p = strchr(p, '\n');
			if (p)
				p++;
		}
		if (!p)
			return false;
		p += len + 1;
	}
	if (sscanf(p, "%llu", &n) != 1)
		return false;
	*v = n;
	return true;
}

int vctx_limits(const struct vctx_info *info, struct vctx_limits *l)
{
	const char *dir = info->cgroup;

	memset(l, 0, sizeof(*l));
	if (!dir || access(dir, F_OK)) {
		errno = ENOENT;
		return -1;
	}
	l->memory.have_max = read_number(dir, "memory.max", NULL,
					 &l->memory.max);
	read_number(dir, "memory.current", NULL, &l->memory.now);
	read_number(dir, "memory.peak", NULL, &l->memory.peak);
	read_number(dir, "memory.events", "max", &l->memory.hits);
	read_number(dir, "memory.events", "oom_kill", &l->oom_kills);
	l->swap.have_max = read_number(dir, "memory.swap.max", NULL,
				       &l->swap.max);
	read_number(dir, "memory.swap.current", NULL, &l->swap.now);
	read_number(dir, "memory.swap.peak", NULL, &l->swap.peak);
	read_number(dir, "memory.swap.events", "max", &l->swap.hits);
	l->processes.have_max = read_number(dir, "pids.max", NULL,
					    &l->processes.max);
	read_number(dir, "pids.current", NULL, &l->processes.now);
	read_number(dir, "pids.peak", NULL, &l->processes.peak);
	read_number(dir, "pids.events", "max", &l->processes.hits);
	return 0;
}
