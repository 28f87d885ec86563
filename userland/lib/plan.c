// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting a context.
 *
 * The plan is a list of steps made from the configuration; it is what
 * --dry-run prints and what vctx_plan_run() carries out.  The steps of the
 * child happen in namespaces of its own, so everything it mounts disappears
 * with it; what is left for the parent to undo is its own record, the id mark
 * and the mount points that were missing in the root.
 *
 * Parent and child agree in three beats.  The child sets everything up and
 * says "ready"; the parent writes the record of a running context and says
 * "go"; the child becomes the context's init and executes the command.  A
 * parent that dies before "go" takes the child with it, so there is never a
 * running context without a record.
 */

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "internal.h"

#ifndef CLONE_FS
# define CLONE_FS	0x00000200
#endif

/* The namespaces every context has of its own, and its root and directory. */
#define SPACES	((uint64_t)(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_FS))

enum step_kind {
	/* parent */
	S_ID, S_STATE, S_LOG, S_CGROUP, S_FORK,
	/* child */
	S_JOIN, S_UNSHARE, S_NET, S_PRIVATE, S_ROOT, S_SHARE_ROOT, S_PROC, S_PROTECT, S_MASK,
	S_DEV, S_NODE, S_SYS, S_CGROUPS, S_RUN, S_BIND, S_TMPFS, S_ROOT_RO, S_PIVOT, S_HOSTNAME,
	S_TAG, S_CREATE, S_SPACE, S_NAME, S_BCAPS, S_CCAPS, S_READY,
	/* parent, then child */
	S_CPU, S_DISK, S_QUOTA, S_DEVICES, S_RECORD, S_INIT, S_EXEC,
	/* parent */
	S_START,
};

/* Names of steps, for failure injection and its tests. */
static const char *const step_names[] = {
	[S_ID] = "id", [S_STATE] = "state", [S_LOG] = "log", [S_CGROUP] = "cgroup",
	[S_FORK] = "fork", [S_JOIN] = "join",
	[S_UNSHARE] = "unshare", [S_NET] = "net", [S_PRIVATE] = "private",
	[S_ROOT] = "root",
	[S_SHARE_ROOT] = "share-root", [S_PROC] = "proc",
	[S_PROTECT] = "protect", [S_MASK] = "mask", [S_DEV] = "dev",
	[S_NODE] = "node",
	[S_SYS] = "sys", [S_CGROUPS] = "cgroups", [S_RUN] = "run", [S_BIND] = "bind",
	[S_TMPFS] = "tmpfs", [S_ROOT_RO] = "root-ro", [S_PIVOT] = "pivot",
	[S_HOSTNAME] = "hostname", [S_TAG] = "tag", [S_CREATE] = "create",
	[S_SPACE] = "space", [S_NAME] = "name", [S_BCAPS] = "bcaps",
	[S_CCAPS] = "ccaps", [S_READY] = "ready", [S_CPU] = "cpu",
	[S_DISK] = "disk", [S_QUOTA] = "quota", [S_DEVICES] = "devices",
	[S_RECORD] = "record",
	[S_INIT] = "init", [S_EXEC] = "exec", [S_START] = "start",
};

struct step {
	enum step_kind kind;
	const char *path;	/* target inside the root, or other text */
	size_t index;		/* of the bind or tmpfs */
	char *text;
};

struct vctx_plan {
	struct vctx *v;
	char *name;
	const struct vctx_config *cfg;
	struct vctx_plan_opts opts;
	char *const *argv;
	bool share_root;	/* root is "/" */
	char *const *start;	/* exec.start, or NULL */
	char *cgroup;		/* NULL: it needs none */
	struct stat *nodes;	/* of the devices, from before it has a /dev */
	struct step *steps;
	size_t n;
};

/*
 * Parts of /proc that let the superuser change the machine.  Being root inside
 * is enough to write them: most check the file's owner and no capability.
 */
static const char *const proc_readonly[] = {
	"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs",
};

/* Parts that tell about the machine as a whole or about the kernel's memory. */
static const char *const proc_masked[] = {
	"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/acpi", "/proc/scsi",
};

static const struct {
	const char *name;
	unsigned int major, minor;
} dev_nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct {
	const char *name;
	const char *target;
} dev_links[] = {
	{ "ptmx", "pts/ptmx" }, { "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static void add(struct vctx_plan *p, enum step_kind kind, const char *path,
		size_t index, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void add(struct vctx_plan *p, enum step_kind kind, const char *path,
		size_t index, const char *fmt, ...)
{
	struct step *s;
	va_list ap;

	p->steps = vx_realloc(p->steps, (p->n + 1) * sizeof(*p->steps));
	s = &p->steps[p->n++];
	s->kind = kind;
	s->path = path;
	s->index = index;
	va_start(ap, fmt);
	if (vasprintf(&s->text, fmt, ap) < 0)
		s->text = vx_strdup(step_names[kind]);
	va_end(ap);
}

static int check_plan(struct vctx_plan *p, struct vctx_err *err)
{
	const struct vctx_config *cfg = p->cfg;
	struct stat st;
	struct vctx_sys_cpu cpu;
	size_t i;

	if (!cfg->root)
		return vx_fail(err, VCTX_USAGE,
			       "give --root DIR, or set root in [context]",
			       "no root directory given");
	if (stat(cfg->root, &st) || !S_ISDIR(st.st_mode)) {
		if (!errno || !S_ISDIR(st.st_mode))
			errno = errno ? errno : ENOTDIR;
		return vx_fail_errno(err, VCTX_USAGE,
				     "'vctx-mkroot DIR' makes a root directory",
				     "root %s", cfg->root);
	}
	if (p->share_root && cfg->readonly_root)
		return vx_fail(err, VCTX_USAGE,
			       "leave out readonly-root, or use a root of its own",
			       "the host's own root cannot be made read-only for one context");
	for (i = 0; i < cfg->n_bind; i++)
		if (stat(cfg->bind[i].source, &st))
			return vx_fail_errno(err, VCTX_USAGE, NULL,
					     "bind source %s",
					     cfg->bind[i].source);
	return vx_cpu_values(cfg, &cpu, err) || vx_disk_check(cfg, err) ||
	       vx_quota_check(cfg, err) || vx_device_check(cfg, err) ||
	       vx_net_check(cfg, err) ? -1 : 0;
}

struct vctx_plan *vctx_plan_new(struct vctx *v, const char *name,
				const struct vctx_config *cfg,
				const struct vctx_plan_opts *opts,
				struct vctx_err *err)
{
	struct vctx_plan *p;
	char *const *argv;
	uint32_t id;
	size_t i;

	if (vctx_name_check(name, err))
		return NULL;
	p = vx_alloc(sizeof(*p));
	p->v = v;
	p->name = vx_strdup(name);
	p->cfg = cfg;
	p->opts = *opts;
	p->argv = argv = opts->argv ? opts->argv : cfg->init;
	p->share_root = cfg->root && !strcmp(cfg->root, "/");

	errno = 0;
	if (check_plan(p, err)) {
		vctx_plan_free(p);
		return NULL;
	}

	id = cfg->id ? cfg->id : vx_meta_id(v, name);
	if (id)
		add(p, S_ID, NULL, id, "take context id %u", id);
	else
		add(p, S_ID, NULL, 0, "take a free context id");
	add(p, S_STATE, NULL, 0, "write %s/%s/state.json", v->run, name);
	if (!opts->foreground)
		add(p, S_LOG, NULL, 0, "open %s/%s.log", v->log, name);
	if (vx_cgroup_wanted(cfg)) {
		p->cgroup = vx_cgroup_path(v, name);
		add(p, S_CGROUP, NULL, 0, "make the control group %s",
		    p->cgroup);
		add(p, S_FORK, NULL, 0, "fork a helper");
		add(p, S_JOIN, p->cgroup, 0, "join the control group");
	} else {
		add(p, S_FORK, NULL, 0, "fork a helper");
	}
	add(p, S_UNSHARE, NULL, 0, cfg->cgroups ?
	    "unshare the mount, UTS, IPC and cgroup namespaces" :
	    "unshare the mount, UTS and IPC namespaces");
	if (cfg->net_mode != VCTX_NET_HOST) {
		vx_autofree char *net = vx_net_text(cfg);

		add(p, S_NET, NULL, 0, "make its network: %s", net);
	}
	add(p, S_PRIVATE, NULL, 0, "make all mounts private");
	if (p->share_root)
		add(p, S_SHARE_ROOT, "/", 0, "share the host's root directory");
	else
		add(p, S_ROOT, cfg->root, 0, "bind the root %s", cfg->root);
	add(p, S_PROC, "/proc", 0, "mount proc on /proc");
	for (i = 0; i < ARRAY_SIZE(proc_readonly); i++)
		add(p, S_PROTECT, proc_readonly[i], 0, "make %s read-only",
		    proc_readonly[i]);
	add(p, S_SYS, "/sys", 0, "mount sysfs read-only on /sys");
	if (cfg->cgroups)
		add(p, S_CGROUPS, "/sys/fs/cgroup", 0,
		    "mount its control groups on /sys/fs/cgroup");
	add(p, S_DEV, "/dev", 0,
	    "mount a small /dev with null zero full random urandom tty pts shm");
	p->nodes = vx_alloc((cfg->n_device + 1) * sizeof(*p->nodes));
	for (i = 0; i < cfg->n_device; i++)
		if (vx_device_node(&cfg->device[i], &p->nodes[i]))
			add(p, S_NODE, cfg->device[i].name, i, "make %s",
			    cfg->device[i].name);
	for (i = 0; i < ARRAY_SIZE(proc_masked); i++)
		add(p, S_MASK, proc_masked[i], 0, "hide %s", proc_masked[i]);
	add(p, S_MASK, "/sys/firmware", 0, "hide /sys/firmware");
	if (!p->share_root)
		add(p, S_RUN, "/run", 0, "mount tmpfs on /run");
	for (i = 0; i < cfg->n_tmpfs; i++)
		add(p, S_TMPFS, cfg->tmpfs[i].target, i, "mount tmpfs on %s",
		    cfg->tmpfs[i].target);
	for (i = 0; i < cfg->n_bind; i++)
		add(p, S_BIND, cfg->bind[i].target, i, "bind %s to %s%s",
		    cfg->bind[i].source, cfg->bind[i].target,
		    cfg->bind[i].ro ? " read-only" : "");
	if (cfg->readonly_root)
		add(p, S_ROOT_RO, NULL, 0, "make the root read-only");
	if (!p->share_root)
		add(p, S_PIVOT, NULL, 0, "make the root the root directory");
	add(p, S_HOSTNAME, cfg->hostname ? cfg->hostname : p->name, 0,
	    "set the host name %s", cfg->hostname ? cfg->hostname : p->name);
	if (cfg->tag_is_id || cfg->tag)
		add(p, S_TAG, NULL, 0, "label the files it makes");
	if (cfg->cpu_parent)
		add(p, S_CREATE, NULL, 0, "create the context in %s",
		    cfg->cpu_parent);
	else
		add(p, S_CREATE, NULL, 0, "create the context");
	add(p, S_SPACE, NULL, 0, "record its namespaces");
	add(p, S_NAME, p->name, 0, "name it %s", p->name);
	add(p, S_BCAPS, NULL, 0, "limit Linux capabilities to %#llx",
	    (unsigned long long)cfg->bcaps);
	add(p, S_CCAPS, NULL, 0, "set context capabilities %#llx",
	    (unsigned long long)cfg->ccaps);
	add(p, S_READY, NULL, 0, "report readiness");
	/* The kernel's own values are the defaults; setting them needs nothing. */
	if (!vx_cpu_default(cfg))
		add(p, S_CPU, NULL, 0, "set its share of the CPUs");
	if (!vx_disk_default(cfg))
		add(p, S_DISK, NULL, 0, "set its share of the disks");
	if (!vx_quota_default(cfg))
		add(p, S_QUOTA, NULL, 0, "set its limits of disk space");
	if (!vx_device_default(cfg))
		add(p, S_DEVICES, NULL, 0, "set what it can do with devices");
	add(p, S_RECORD, NULL, 0, "record that it runs");
	add(p, S_INIT, NULL, 0, "end the setup and become its init");
	add(p, S_EXEC, NULL, 0, "execute %s", argv[0]);
	/* Another command in the place of init is in the place of this too. */
	if (cfg->start && !opts->argv) {
		p->start = cfg->start;
		add(p, S_START, NULL, 0, "run %s in it and wait for its end",
		    cfg->start[0]);
	}
	return p;
}

void vctx_plan_free(struct vctx_plan *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->n; i++)
		free(p->steps[i].text);
	free(p->steps);
	free(p->nodes);
	free(p->cgroup);
	free(p->name);
	free(p);
}

const char *vctx_plan_step(const struct vctx_plan *p, size_t i)
{
	return i < p->n ? p->steps[i].text : NULL;
}

/* ------------------------------------------------------------------ */
/* The child                                                           */
/* ------------------------------------------------------------------ */

struct act {
	struct vctx_plan *p;
	int root;		/* O_PATH on the root to be */
	uint64_t root_mount;	/* its mount id */
	int journal;
	uint32_t id;
	uint32_t parent;	/* context that it will be in, or 0 */
	int log;
	int status;		/* pipe: records to the parent */
	int go;			/* pipe: the parent's word */
	struct vctx_err *err;
};

static uint64_t mount_id(int fd)
{
	struct statx sx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) ||
	    !(sx.stx_mask & STATX_MNT_ID))
		return 0;
	return sx.stx_mnt_id;
}

static int fail(struct act *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct act *a, const char *fmt, ...)
{
	int saved = errno;
	const char *hint = NULL;
	vx_autofree char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	if (saved == EPERM && geteuid())
		hint = "run as root";
	errno = saved;
	return vx_fail_errno(a->err, VCTX_FAILED, hint, "%s",
			     what ? what : "out of memory");
}

/*
 * A file descriptor on a mount point, which is made when it is missing; a
 * directory with its parents, or an empty file.
 */
static int mount_point(struct act *a, const char *path, bool dir)
{
	char buf[PATH_MAX];
	char *s;
	int fd;

	fd = vx_open_in_root(a->root, path, O_PATH);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	snprintf(buf, sizeof(buf), "%s", path);
	for (s = buf + 1; ; s++) {
		char c = *s;
		vx_autoclose int parent = -1;
		const char *base;
		char *slash;
		int r;

		if (c && c != '/')
			continue;
		*s = '\0';
		fd = vx_open_in_root(a->root, buf, O_PATH);
		if (fd < 0) {
			if (errno != ENOENT)
				return -1;
			slash = strrchr(buf, '/');
			base = slash + 1;
			*slash = '\0';
			parent = vx_open_in_root(a->root, buf[0] ? buf : "/",
					      O_PATH | O_DIRECTORY);
			*slash = '/';
			if (parent < 0)
				return -1;
			/* Only the root's own mount outlives the namespace. */
			if (mount_id(parent) == a->root_mount &&
			    vx_journal_add(a->journal, NULL, "%s %s",
					   c || dir ? "dir" : "file", buf))
				return -1;
			if (c || dir)
				r = mkdirat(parent, base, 0755);
			else
				r = mknodat(parent, base, S_IFREG | 0644, 0);
			if (r)
				return -1;
			fd = vx_open_in_root(a->root, buf, O_PATH);
			if (fd < 0)
				return -1;
		}
		*s = c;
		if (!c)
			return fd;
		close(fd);
	}
}

/* Attach a detached mount at a path inside the root.  Consumes mnt. */
static int attach(struct act *a, int mnt, const char *path, bool dir)
{
	vx_autoclose int fd = mnt;
	vx_autoclose int target = -1;

	if (fd < 0)
		return fail(a, "cannot mount %s", path);
	target = mount_point(a, path, dir);
	if (target < 0)
		return fail(a, "cannot make the mount point %s", path);
	if (move_mount(fd, "", target, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return fail(a, "cannot mount %s", path);
	return 0;
}

/* A new file system, not attached anywhere.  opts: key, value, ..., NULL. */
static int new_fs(const char *type, const char *const *opts, unsigned int attr)
{
	vx_autoclose int fs = fsopen(type, FSOPEN_CLOEXEC);
	size_t i;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", type, 0))
		return -1;
	for (i = 0; opts && opts[i]; i += 2)
		if (fsconfig(fs, FSCONFIG_SET_STRING, opts[i], opts[i + 1], 0))
			return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, attr);
}

/* A copy of what is mounted at path, not attached, perhaps read-only. */
static int copy_tree(int dirfd, const char *path, unsigned int flags, bool ro)
{
	struct mount_attr attr = { .attr_set = ro ? MOUNT_ATTR_RDONLY : 0 };
	int fd = open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			   flags);

	if (fd >= 0 && ro &&
	    mount_setattr(fd, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), &attr,
			  sizeof(attr))) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int do_root(struct act *a, const char *path)
{
	int fd = copy_tree(AT_FDCWD, path, AT_RECURSIVE, false);

	if (fd < 0 || move_mount(fd, "", AT_FDCWD, path,
				 MOVE_MOUNT_F_EMPTY_PATH)) {
		fail(a, "cannot bind the root %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	a->root = fd;
	a->root_mount = mount_id(fd);
	return 0;
}

static int do_protect(struct act *a, const char *path)
{
	vx_autoclose int at = vx_open_in_root(a->root, path, O_PATH);
	vx_autoclose int mnt = -1;

	if (at < 0)
		return errno == ENOENT ? 0 : fail(a, "cannot open %s", path);
	mnt = copy_tree(at, "", AT_EMPTY_PATH, true);
	if (mnt < 0 ||
	    move_mount(mnt, "", at, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return fail(a, "cannot make %s read-only", path);
	return 0;
}

static int do_mask(struct act *a, const char *path)
{
	static const char *const opts[] = { "size", "0", "mode", "555", NULL };
	vx_autoclose int at = vx_open_in_root(a->root, path, O_PATH);
	vx_autoclose int null = -1;
	vx_autoclose int mnt = -1;
	struct stat st;

	if (at < 0)
		return errno == ENOENT ? 0 : fail(a, "cannot open %s", path);
	if (fstat(at, &st))
		return fail(a, "cannot hide %s", path);
	if (S_ISDIR(st.st_mode)) {
		mnt = new_fs("tmpfs", opts, MOUNT_ATTR_RDONLY |
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			     MOUNT_ATTR_NOEXEC);
	} else {
		null = vx_open_in_root(a->root, "/dev/null", O_PATH);
		if (null >= 0)
			mnt = copy_tree(null, "", AT_EMPTY_PATH, false);
	}
	if (mnt < 0 ||
	    move_mount(mnt, "", at, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return fail(a, "cannot hide %s", path);
	return 0;
}

static int do_dev(struct act *a)
{
	static const char *const dev_opts[] = {
		"size", "1m", "mode", "755", NULL
	};
	/* 5 is the group tty of every distribution */
	static const char *const pts_opts[] = {
		"ptmxmode", "0666", "mode", "0620", "gid", "5", NULL
	};
	static const char *const shm_opts[] = { "mode", "1777", NULL };
	vx_autoclose int dev = -1;
	mode_t old;
	size_t i;
	int r = 0;

	if (attach(a, new_fs("tmpfs", dev_opts,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
		   "/dev", true))
		return -1;
	dev = vx_open_in_root(a->root, "/dev", O_RDONLY | O_DIRECTORY);
	if (dev < 0)
		return fail(a, "cannot open /dev");
	old = umask(0);
	for (i = 0; i < ARRAY_SIZE(dev_nodes) && !r; i++) {
		r = mknodat(dev, dev_nodes[i].name, S_IFCHR | 0666,
			    makedev(dev_nodes[i].major, dev_nodes[i].minor));
		if (r)
			fail(a, "cannot make /dev/%s", dev_nodes[i].name);
	}
	umask(old);
	for (i = 0; i < ARRAY_SIZE(dev_links) && !r; i++) {
		r = symlinkat(dev_links[i].target, dev, dev_links[i].name);
		if (r)
			fail(a, "cannot make /dev/%s", dev_links[i].name);
	}
	if (r)
		return -1;
	if (attach(a, new_fs("devpts", pts_opts,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
		   "/dev/pts", true))
		return -1;
	return attach(a, new_fs("tmpfs", shm_opts,
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
		      "/dev/shm", true);
}

/* In our own /dev, where nobody else is yet; it may be there already. */
static int do_node(struct act *a, const char *path, const struct stat *st)
{
	const char *below = path + strlen("/dev/");
	vx_autofree char *name = vx_strdup(below + strspn(below, "/"));
	vx_autoclose int dev = vx_open_in_root(a->root, "/dev",
					       O_RDONLY | O_DIRECTORY);
	char *slash = name;

	if (dev < 0)
		return fail(a, "cannot open /dev");
	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (mkdirat(dev, name, 0755) && errno != EEXIST)
			return fail(a, "cannot make /dev/%s", name);
		*slash++ = '/';
	}
	if ((unlinkat(dev, name, 0) && errno != ENOENT) ||
	    mknodat(dev, name, st->st_mode, st->st_rdev) ||
	    fchownat(dev, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) ||
	    fchmodat(dev, name, st->st_mode & 07777, 0))
		return fail(a, "cannot make %s", path);
	return 0;
}

static int do_bind(struct act *a, const struct vctx_bind *b)
{
	struct stat st;

	if (stat(b->source, &st))
		return fail(a, "bind source %s", b->source);
	return attach(a, copy_tree(AT_FDCWD, b->source, AT_RECURSIVE, b->ro),
		      b->target, S_ISDIR(st.st_mode));
}

static int do_tmpfs(struct act *a, const struct vctx_tmpfs *t)
{
	char size[32], mode[16];
	const char *opts[] = { "mode", mode, NULL, NULL, NULL };

	snprintf(mode, sizeof(mode), "%o", t->mode);
	if (t->size) {
		snprintf(size, sizeof(size), "%llu",
			 (unsigned long long)t->size);
		opts[2] = "size";
		opts[3] = size;
	}
	return attach(a, new_fs("tmpfs", opts,
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
		      t->target, true);
}

static int do_root_ro(struct act *a)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(a->root, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return fail(a, "cannot make the root read-only");
	return 0;
}

/*
 * The old root ends up on top of the new one and is detached: nothing of the
 * host's tree stays reachable, whatever chroot(2) is tried inside.
 */
static int do_pivot(struct act *a)
{
	if (fchdir(a->root) || syscall(SYS_pivot_root, ".", ".")) {
		if (errno == EINVAL)
			return vx_fail_errno(a->err, VCTX_FAILED,
				"the host runs from an initial RAM file system, which cannot be pivoted away from",
				"cannot change to the root %s",
				a->p->cfg->root);
		return fail(a, "cannot change to the root %s",
			    a->p->cfg->root);
	}
	if (umount2(".", MNT_DETACH) || chdir("/"))
		return fail(a, "cannot leave the host's root");
	return 0;
}

static int do_ready(struct act *a)
{
	struct vctx_err ready = VCTX_ERR_INIT;
	char word;
	ssize_t n;

	vx_err_send(a->status, &ready);
	do
		n = read(a->go, &word, 1);
	while (n < 0 && errno == EINTR);
	/* Without "go" there is no parent, or one that gave up. */
	if (n != 1)
		_exit(VCTX_FAILED);
	return 0;
}

static int do_init(struct act *a)
{
	int null;

	if (vx_session(a->p->opts.terminal))
		return fail(a, "cannot make a session");
	if (!a->p->opts.foreground) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0 || dup2(null, 0) < 0 || dup2(a->log, 1) < 0 ||
		    dup2(a->log, 2) < 0)
			return fail(a, "cannot set up its console");
	}
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return fail(a, "cannot close the host's files");
	if (vx_keyring_new())
		return fail(a, "cannot make a session keyring");
	vx_signals_default();
	if (vctx_sys_set(VCTX_SELF, VCTX_WORD_CFLAGS, 0,
			 VXF_STATE_SETUP | VXF_STATE_INIT))
		return fail(a, "cannot become the context's init");
	return 0;
}

static int do_step(struct act *a, const struct step *s)
{
	const struct vctx_config *cfg = a->p->cfg;
	char **env;

	if (vx_fail_point(step_names[s->kind]))
		return fail(a, "cannot %s", s->text);

	switch (s->kind) {
	case S_JOIN:
		return cfg->cgroups ? vx_cgroup_join_own(s->path, a->err)
				    : vx_cgroup_join(s->path, a->err);
	case S_UNSHARE:
		if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
			    (cfg->cgroups ? CLONE_NEWCGROUP : 0)))
			return fail(a, "cannot unshare namespaces");
		return 0;
	case S_NET:
		return vx_net_own_space(cfg) ? vx_net_unshare(cfg, a->id, a->err)
					     : vx_net_enter(cfg, a->id, a->err);
	case S_PRIVATE:
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			return fail(a, "cannot make mounts private");
		return 0;
	case S_ROOT:
		return do_root(a, s->path);
	case S_SHARE_ROOT:
		a->root = open("/", O_PATH | O_CLOEXEC);
		a->root_mount = mount_id(a->root);
		return a->root < 0 ? fail(a, "cannot open /") : 0;
	case S_PROC:
		return attach(a, new_fs("proc", NULL, MOUNT_ATTR_NOSUID |
					MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
			      s->path, true);
	case S_SYS:
		return attach(a, new_fs("sysfs", NULL, MOUNT_ATTR_RDONLY |
					MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					MOUNT_ATTR_NOEXEC),
			      s->path, true);
	case S_CGROUPS:
		return attach(a, new_fs("cgroup2", NULL, MOUNT_ATTR_NOSUID |
					MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
			      s->path, true);
	case S_PROTECT:
		return do_protect(a, s->path);
	case S_MASK:
		return do_mask(a, s->path);
	case S_DEV:
		return do_dev(a);
	case S_NODE:
		return do_node(a, s->path, &a->p->nodes[s->index]);
	case S_RUN: {
		static const char *const opts[] = { "mode", "755", NULL };

		return attach(a, new_fs("tmpfs", opts, MOUNT_ATTR_NOSUID |
					MOUNT_ATTR_NODEV), s->path, true);
	}
	case S_BIND:
		return do_bind(a, &cfg->bind[s->index]);
	case S_TMPFS:
		return do_tmpfs(a, &cfg->tmpfs[s->index]);
	case S_ROOT_RO:
		return do_root_ro(a);
	case S_PIVOT:
		return do_pivot(a);
	case S_HOSTNAME:
		if (sethostname(s->path, strlen(s->path)))
			return fail(a, "cannot set the host name");
		return 0;
	case S_TAG:
		/* A kernel without labels labels nothing, and was not asked to. */
		if (vctx_sys_tag_migrate(vx_tag(cfg, a->id)) &&
		    (errno != ENOSYS || !cfg->tag_is_id))
			return errno == ENOSYS ? vx_fail_errno(a->err, VCTX_HOST,
				"this kernel has no labels of files (CONFIG_VSERVER_FS); see 'vctx check'",
				"cannot set context.tag") :
				fail(a, "cannot set context.tag");
		return 0;
	case S_CREATE:
		if (a->parent) {
			if (vctx_sys_create_in(a->id,
					       cfg->cflags | VXF_ONE_TIME,
					       a->parent))
				return vx_cpu_parent_error(a->err, cfg);
			return 0;
		}
		if (vctx_sys_create(a->id, cfg->cflags | VXF_ONE_TIME))
			return vctx_sys_error(a->err, "cannot make a context");
		return 0;
	case S_SPACE:
		if (vctx_sys_set_space(SPACES |
				       (vx_net_own_space(cfg) ? CLONE_NEWNET : 0) |
				       (cfg->cgroups ? CLONE_NEWCGROUP : 0), 0))
			return vctx_sys_error(a->err,
					      "cannot record the namespaces");
		return 0;
	case S_NAME:
		if (vctx_sys_set_name(VCTX_SELF, VHIN_CONTEXT, s->path))
			return vctx_sys_error(a->err,
					      "cannot name the context");
		return 0;
	case S_BCAPS:
		if (vctx_sys_set(VCTX_SELF, VCTX_WORD_BCAPS, cfg->bcaps, ~0ull))
			return vctx_sys_error(a->err,
					      "cannot limit capabilities");
		return 0;
	case S_CCAPS:
		if (vctx_sys_set(VCTX_SELF, VCTX_WORD_CCAPS, cfg->ccaps, ~0ull))
			return vctx_sys_error(a->err,
					      "cannot set context capabilities");
		return 0;
	case S_READY:
		return do_ready(a);
	case S_INIT:
		return do_init(a);
	case S_EXEC:
		env = vx_environment(a->p->opts.env);
		vx_exec(a->p->argv, env, a->err);
		return -1;
	default:
		return 0;	/* the parent's */
	}
}

static void __attribute__((noreturn)) child(struct act *a)
{
	size_t i;

	umask(022);
	for (i = 0; i < a->p->n; i++) {
		if (a->p->steps[i].kind <= S_FORK ||
		    a->p->steps[i].kind == S_CPU ||
		    a->p->steps[i].kind == S_DISK ||
		    a->p->steps[i].kind == S_QUOTA ||
		    a->p->steps[i].kind == S_DEVICES ||
		    a->p->steps[i].kind == S_RECORD)
			continue;
		if (do_step(a, &a->p->steps[i])) {
			vx_err_send(a->status, a->err);
			_exit(VCTX_FAILED);
		}
	}
	_exit(VCTX_FAILED);
}

/* ------------------------------------------------------------------ */
/* The parent                                                          */
/* ------------------------------------------------------------------ */

static int open_log(struct vctx_plan *p, struct vctx_err *err)
{
	vx_autofree char *path = vx_printf("%s/%s.log", p->v->log, p->name);
	int fd;

	if (vx_fail_point("log"))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot open %s",
				     path);
	/* Private: the context has the file open, and can change its mode. */
	if (vx_mkdirs(p->v->log, 0700, err))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		  0640);
	if (fd < 0)
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot open %s",
				     path);
	return fd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/*
 * exec.start, in the context as 'vctx exec' would, with the output to the log.
 * The context runs and is recorded: the lock is released, so that it can be
 * stopped while this takes its time.  A failure stops the context, and whoever
 * takes its lock for that undoes the journal.
 */
static int run_start(struct vctx_plan *p, struct act *a, int *lock,
		     struct vctx_err *err)
{
	vx_autofree char *hint =
		vx_printf("its output is in %s/%s.log; the context was stopped",
			  p->v->log, p->name);
	struct vctx_err e = VCTX_ERR_INIT;
	struct vctx_info *info;
	bool killed;
	int status;
	pid_t pid;

	close_fd(lock);
	info = vctx_find(p->v, p->name, err);
	if (!info)
		return -1;
	if (vx_fail_point("start")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot run exec.start");
	} else if (vx_exec_in(info, p->start, p->opts.env, false, a->log, &pid,
			      &e)) {
		vx_fail(err, VCTX_FAILED, hint, "exec.start: %s", e.msg);
		vctx_err_clear(&e);
	} else {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status) && !WEXITSTATUS(status)) {
			vctx_info_free(info);
			return 0;
		}
		if (WIFSIGNALED(status))
			vx_fail(err, VCTX_FAILED, hint,
				"exec.start: %s was killed by signal %d",
				p->start[0], WTERMSIG(status));
		else
			vx_fail(err, VCTX_FAILED, hint,
				"exec.start: %s exited with status %d",
				p->start[0], WEXITSTATUS(status));
	}
	vx_fail_point("start-failed");
	vctx_stop(p->v, info, info->stop_timeout_ms, &killed, NULL);
	vctx_info_free(info);
	return -1;
}

int vctx_plan_run(struct vctx_plan *p, pid_t *pid_out, uint32_t *id_out,
		  struct vctx_err *err)
{
	struct vx_state st = {
		.transient = p->opts.transient,
		.config = (char *)p->opts.config,
		.root = p->cfg->root,
		.stop_signal = p->cfg->stop_signal,
		.stop_timeout_ms = p->cfg->stop_timeout_ms,
	};
	struct vctx_err child_err = VCTX_ERR_INIT, got = VCTX_ERR_INIT;
	struct act a = { .p = p, .root = -1, .log = -1, .journal = -1,
			 .err = &child_err };
	vx_autofree char *started = vx_now();
	vx_autofree char *config = NULL;
	vx_autofree char *run = NULL;
	int status[2] = { -1, -1 }, go[2] = { -1, -1 };
	struct vx_disk_saved disk = { 0 };
	struct vx_objects_saved objects = { .n = 0 };
	struct vctx_sys_cpu cpu;
	int lock = -1, r = -1;
	uint32_t version;
	pid_t pid = -1;

	/* The one thing to know before anything is touched. */
	if (vctx_sys_version(&version))
		return vctx_sys_error(err, "cannot make a context");

	lock = vx_lock(p->v, p->name, err);
	if (lock < 0)
		goto out;
	if (vx_alive(p->v, p->name)) {
		vx_fail(err, VCTX_STATE, NULL, "context is running already");
		close_fd(&lock);
		goto out;
	}
	if (vx_cpu_parent(p->v, p->name, p->cfg, &a.parent, err))
		goto out;
	if (vx_id_take(p->v, p->name, (uint32_t)p->steps[0].index, &a.id, err))
		goto out;
	st.id = a.id;
	st.started = started;
	if (p->opts.foreground) {
		st.owner = getpid();
		st.owner_start = vx_proc_start(st.owner);
	}
	if (vx_fail_point("state")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write the state");
		goto out;
	}
	if (vx_state_write(p->v, p->name, &st, err))
		goto out;
	run = vx_printf("%s/%s", p->v->run, p->name);
	config = vctx_config_dump(p->cfg);
	if (!config || vx_write_atomic(run, "config", config, 0600, err)) {
		if (!config)
			vx_fail(err, VCTX_FAILED, NULL, "out of memory");
		goto out;
	}
	a.journal = vx_journal_open(p->v, p->name, err);
	if (a.journal < 0 ||
	    vx_journal_add(a.journal, err, "root %s", p->cfg->root))
		goto out;
	if (!p->opts.foreground) {
		a.log = open_log(p, err);
		if (a.log < 0)
			goto out;
	}
	if (p->cgroup) {
		if (vx_fail_point("cgroup")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot make its control group");
			goto out;
		}
		if (vx_cgroup_make(p->v, p->name, p->cfg, err))
			goto out;
	}
	if (vx_fail_point("fork") || pipe2(status, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) || (pid = fork()) < 0) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
		goto out;
	}
	if (!pid) {
		/*
		 * The lock stays open until the command is executed: while this
		 * process works on the root, nobody may undo its journal.
		 */
		close(status[0]);
		close(go[1]);
		a.status = status[1];
		a.go = go[0];
		child(&a);
	}
	close_fd(&status[1]);
	close_fd(&go[0]);

	if (!vx_err_recv(status[0], &got)) {
		vx_fail(err, VCTX_FAILED, NULL,
			"the helper was killed during the setup");
		goto undo;
	}
	if (got.code != VCTX_OK) {
		vx_err_move(err, &got);
		goto undo;
	}
	vctx_err_clear(&got);

	/* From here: the context may not change its own share. */
	if (!vx_cpu_default(p->cfg)) {
		if (vx_fail_point("cpu")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot set its share of the CPUs");
			goto undo;
		}
		if (vx_cpu_values(p->cfg, &cpu, err))
			goto undo;
		if (vctx_sys_set_cpu(a.id, &cpu)) {
			vx_cpu_error(err, p->cfg);
			goto undo;
		}
	}

	if (!vx_disk_default(p->cfg)) {
		if (vx_fail_point("disk")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot set its share of the disks");
			goto undo;
		}
		if (vx_disk_apply(a.id, p->cfg, &disk, err))
			goto undo;
	}

	if (!vx_objects_default(p->cfg)) {
		if (vx_fail_point("limits")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot set its limits");
			goto undo;
		}
		if (vx_objects_apply(a.id, p->cfg, &objects, err))
			goto undo;
	}

	/* Also removes what an earlier start had set. */
	if (!vx_quota_default(p->cfg) && vx_fail_point("quota")) {
		vx_fail_errno(err, VCTX_FAILED, NULL,
			      "cannot set its limits of disk space");
		goto undo;
	}
	if (vx_quota_apply(a.id, p->cfg->root, p->cfg, err))
		goto undo;

	if (!vx_device_default(p->cfg)) {
		if (vx_fail_point("devices")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot set what it can do with devices");
			goto undo;
		}
		if (vx_device_apply(p->v, a.id, NULL, p->cfg, err))
			goto undo;
	}

	if (!vx_share_default(p->cfg)) {
		if (vx_fail_point("share")) {
			vx_fail_errno(err, VCTX_FAILED, NULL,
				      "cannot set its share of the network");
			goto undo;
		}
		if (vx_share_apply(p->v, p->name, a.id, p->cfg, err))
			goto undo;
	}

	st.running = true;
	st.pid = pid;
	st.pid_start = vx_proc_start(pid);
	st.started_ns = vx_boottime_ns();
	if (vx_fail_point("record")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write the state");
		goto undo;
	}
	if (vx_state_write(p->v, p->name, &st, err))
		goto undo;
	if (send(go[1], "g", 1, MSG_NOSIGNAL) != 1) {
		vx_fail(err, VCTX_FAILED, NULL,
			"the helper was killed during the setup");
		goto undo;
	}
	/* Silence now means that the command is being executed. */
	if (vx_err_recv(status[0], err))
		goto undo;
	if (vx_fail_point("started")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot go on");
		vctx_sys_kill(a.id, 0, SIGKILL);
		goto undo;
	}
	*pid_out = pid;
	*id_out = a.id;
	vx_event(p->v, "started", p->name, a.id, NULL);
	r = p->start ? run_start(p, &a, &lock, err) : 0;
	/* What was made in the root stays with the context. */
	if (!r)
		vx_journal_drop(p->v, p->name);
	goto out;

undo:
	close_fd(&go[1]);	/* a child that waits for "go" ends */
	reap(pid);
	vx_journal_undo(p->v, p->name, true, NULL);
out:
	free(disk.save);
	close_fd(&status[0]);
	close_fd(&status[1]);
	close_fd(&go[0]);
	close_fd(&go[1]);
	close_fd(&a.log);
	close_fd(&a.journal);
	if (lock >= 0) {
		if (r)
			vx_state_remove(p->v, p->name, a.id);
		close(lock);
	}
	return r;
}
