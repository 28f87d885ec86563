// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Copies of files and trees, into and out of contexts.
 *
 * The superuser of a context can make any link and change it at any moment, so
 * nothing below its root is ever opened by a path that the kernel may follow out
 * of it: a path given by the caller is resolved with the root as its root
 * (openat2, RESOLVE_IN_ROOT), everything below that by single names without
 * following links, and data is read from what was looked at before, through
 * /proc/self/fd. Files of /proc and its like are not touched: they act in the name
 * of whoever opens them, and a link would make that us.
 */

#include <dirent.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <linux/fs.h>

#include "copy.h"

/* Each level takes two descriptors. */
#define DEPTH_MAX	400

static int enter_and_open(const struct vctx_info *info)
{
	/* A context of another tool may have no name spaces of its own. */
	if (vctx_sys_enter_space(info->id, 0, 0) &&
	    !(info->unmanaged && errno == EINVAL))
		return -1;
	return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void send_root(int sock, const struct vctx_info *info)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	int errnum = 0;
	struct iovec iov = { &errnum, sizeof(errnum) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = enter_and_open(info);

	if (fd < 0) {
		errnum = errno;
	} else {
		struct cmsghdr *c;

		m.msg_control = u.buf;
		m.msg_controllen = sizeof(u.buf);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	_exit(sendmsg(sock, &m, MSG_NOSIGNAL) < 0);
}

static int receive_root(int sock)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	int errnum = 0, fd = -1;
	struct iovec iov = { &errnum, sizeof(errnum) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = u.buf,
			    .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *c;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(errnum)) {
		errno = ECHILD;
		return -1;
	}
	c = CMSG_FIRSTHDR(&m);
	if (errnum || !c || c->cmsg_type != SCM_RIGHTS) {
		errno = errnum ? errnum : ECHILD;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/*
 * Its mounts are only seen from its own mount name space, and whoever goes there
 * does not come back: a child goes, and hands over the root it finds.
 */
static int root_of_running(const struct vctx_info *info, struct vctx_err *err)
{
	int sv[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
	pid = fork();
	if (!pid) {
		close(sv[0]);
		send_root(sv[1], info);
	}
	close(sv[1]);
	if (pid < 0) {
		close(sv[0]);
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
	}
	fd = receive_root(sv[0]);
	if (fd < 0)
		vctx_sys_error(err, "cannot enter its namespaces");
	close(sv[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0 && !vx_same(info)) {
		close(fd);
		return vx_fail(err, VCTX_STATE, NULL, "context was stopped meanwhile");
	}
	return fd;
}

int vx_root_open(const struct vctx_info *info, struct vctx_err *err)
{
	struct vctx_config *cfg;
	int fd = -1;

	if (info->state == VCTX_RUNNING)
		return root_of_running(info, err);
	if (info->state == VCTX_STARTING)
		return vx_fail(err, VCTX_STATE, "try again", "context is being started");
	cfg = vctx_config_new();
	if (vctx_config_read(cfg, info->config, err))
		goto out;
	if (!cfg->root)
		vx_fail(err, VCTX_USAGE, NULL, "it has no root directory");
	else if ((fd = open(cfg->root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		vx_fail_errno(err, VCTX_FAILED, NULL, "root %s", cfg->root);
out:
	vctx_config_free(cfg);
	return fd;
}

/* ------------------------------------------------------------------ */

static const char *kind_of(mode_t mode)
{
	return S_ISSOCK(mode) ? "a socket" : S_ISFIFO(mode) ? "a named pipe" :
	       S_ISBLK(mode) || S_ISCHR(mode) ? "a device" : "no file";
}

/* Those whose files are not data. */
static bool is_special_fs(int fd)
{
	static const uint32_t magic[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
		SECURITYFS_MAGIC, BPF_FS_MAGIC, DEVPTS_SUPER_MAGIC,
		BINFMTFS_MAGIC, 0x62656570 /* configfs */,
		0xde5e81e4 /* efivarfs */, 0x65735543 /* fusectl */,
	};
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs))
		return true;
	for (i = 0; i < ARRAY_SIZE(magic); i++)
		if ((uint32_t)fs.f_type == magic[i])
			return true;
	return false;
}

/* Open for reading what an O_PATH descriptor leads to. */
static int reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int write_all(int fd, const char *buf, size_t n, off_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, buf, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		buf += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int copy_range(int in, int out, off_t at, off_t end)
{
	vx_autofree char *buf = NULL;

	while (at < end) {
		ssize_t n;

		if (!buf) {
			off_t a = at, b = at;

			n = copy_file_range(in, &a, out, &b,
					    (size_t)(end - at), 0);
			if (n > 0) {
				at += n;
				continue;
			}
			/* Cannot here, or nothing came: then by hand. */
			buf = vx_alloc(1 << 18);
		}
		n = pread(in, buf, end - at < 1 << 18 ? (size_t)(end - at)
						      : 1 << 18, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;	/* it became shorter */
		if (write_all(out, buf, (size_t)n, at))
			return -1;
		at += n;
	}
	return 0;
}

/* Shared blocks where the file system can; holes stay holes. */
static int copy_data(int in, int out, off_t size)
{
	off_t at = 0;

	if (!ioctl(out, FICLONE, in))
		return 0;
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA), end;

		if (data < 0 && errno == ENXIO)
			break;	/* only a hole is left */
		if (data < 0) {
			data = at;
			end = size;
		} else {
			end = lseek(in, data, SEEK_HOLE);
		}
		if (end < 0 || end > size)
			end = size;
		if (data >= size)
			break;
		if (copy_range(in, out, data, end))
			return -1;
		at = end;
	}
	return ftruncate(out, size);
}

/* Access lists, capabilities of files and whatever else there is. */
static int copy_xattrs(int in, int out)
{
	vx_autofree char *names = NULL;
	ssize_t n = flistxattr(in, NULL, 0), k;
	char *p;

	if (n <= 0)
		return n < 0 && errno != ENOTSUP ? -1 : 0;
	names = vx_alloc((size_t)n);
	n = flistxattr(in, names, (size_t)n);
	if (n < 0)
		return -1;
	for (p = names; p < names + n; p += strlen(p) + 1) {
		vx_autofree char *value = NULL;

		k = fgetxattr(in, p, NULL, 0);
		if (k < 0)
			return -1;
		value = vx_alloc((size_t)k + 1);
		k = fgetxattr(in, p, value, (size_t)k);
		/* A file system that has none of this kind cannot keep it. */
		if (k < 0 || (fsetxattr(out, p, value, (size_t)k, 0) &&
			      errno != ENOTSUP))
			return -1;
	}
	return 0;
}

static int finish(struct vx_copy *c, int in, int out, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;

	/* What gives rights in a context must not give them on the host. */
	if (c->plain && !S_ISDIR(st->st_mode))
		mode &= 01777;
	if (fchown(out, st->st_uid, st->st_gid) || fchmod(out, mode) ||
	    (!c->plain && copy_xattrs(in, out)) || futimens(out, times))
		return -1;
	return 0;
}

static int say_errno(struct vx_copy *c, const char *what, const char *path)
{
	return vx_fail_errno(c->err, VCTX_FAILED, NULL, "%s %s", what, path);
}

static int copy_file(struct vx_copy *c, int fd, const struct stat *st, int dir,
		     const char *name, const char *path)
{
	vx_autoclose int in = reopen(fd, O_RDONLY);
	vx_autoclose int out = -1;

	if (in < 0)
		return say_errno(c, "cannot read", path);
	if (c->link && c->link(c, in, st, path)) {
		char self[32];

		if (c->failed)
			return -1;
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		if (!linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW)) {
			c->linked++;
			return 0;
		}
		/* Another file system, or as many names as it can have. */
		if (errno != EXDEV && errno != EMLINK)
			return say_errno(c, "cannot link", path);
	}
	out = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		     O_CLOEXEC, 0600);
	if (out < 0 || copy_data(in, out, st->st_size) ||
	    finish(c, in, out, st))
		return say_errno(c, "cannot copy", path);
	c->copied++;
	return 0;
}

static int copy_link(struct vx_copy *c, int fd, const struct stat *st, int dir,
		     const char *name, const char *path)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (n < 0)
		return say_errno(c, "cannot read", path);
	target[n] = '\0';
	if (symlinkat(target, dir, name) ||
	    fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) ||
	    utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW))
		return say_errno(c, "cannot copy", path);
	return 0;
}

static int copy_special(struct vx_copy *c, const struct stat *st, int dir,
			const char *name, const char *path)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* Sockets belong to who has made them; there is nothing to copy. */
	if (S_ISSOCK(st->st_mode))
		return 0;
	if (mknodat(dir, name, st->st_mode, st->st_rdev) ||
	    fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) ||
	    fchmodat(dir, name, st->st_mode & 07777, 0) ||
	    utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW))
		return say_errno(c, "cannot copy", path);
	return 0;
}

static int copy_dir(struct vx_copy *c, int fd, const struct stat *st, int dir,
		    const char *name, const char *path, unsigned int depth)
{
	vx_autoclose int out = -1;
	int in = reopen(fd, O_RDONLY | O_DIRECTORY);
	struct dirent *d;
	struct stat mine;
	DIR *h;
	int r = 0;

	if (in < 0)
		return say_errno(c, "cannot read", path);
	if (dir >= 0) {
		if (mkdirat(dir, name, 0700) ||
		    (out = openat(dir, name, O_RDONLY | O_DIRECTORY |
				  O_NOFOLLOW | O_CLOEXEC)) < 0 ||
		    fstat(out, &mine)) {
			close(in);
			return say_errno(c, "cannot copy", path);
		}
		if (!depth) {
			c->made_dev = mine.st_dev;
			c->made_ino = mine.st_ino;
		}
	}
	h = fdopendir(in);
	if (!h) {
		close(in);
		return say_errno(c, "cannot read", path);
	}
	/* What is mounted there is not part of the tree. */
	while (st->st_dev == c->dev && !r && (errno = 0, d = readdir(h))) {
		vx_autofree char *sub = NULL;
		vx_autoclose int sfd = -1;
		struct stat ss;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		sub = vx_printf("%s%s%s", path,
				path[strlen(path) - 1] == '/' ? "" : "/",
				d->d_name);
		sfd = openat(in, d->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (sfd < 0 || fstat(sfd, &ss)) {
			if (errno != ENOENT)	/* removed meanwhile */
				r = say_errno(c, "cannot read", sub);
			continue;
		}
		r = vx_copy_node(c, sfd, &ss, out, d->d_name, sub, depth + 1);
		errno = 0;
	}
	if (!r && errno)
		r = say_errno(c, "cannot read", path);
	if (!r && out >= 0 && finish(c, in, out, st))
		r = say_errno(c, "cannot copy", path);
	closedir(h);
	return r;
}

int vx_copy_node(struct vx_copy *c, int fd, const struct stat *st, int dir,
		 const char *name, const char *path, unsigned int depth)
{
	if (depth > DEPTH_MAX) {
		errno = ELOOP;
		return say_errno(c, "cannot copy", path);
	}
	if (S_ISDIR(st->st_mode)) {
		if (st->st_ino == c->made_ino && st->st_dev == c->made_dev)
			return vx_fail(c->err, VCTX_USAGE, NULL,
				       "the copy would be inside of what is copied");
		return copy_dir(c, fd, st, dir, name, path, depth);
	}
	if (S_ISREG(st->st_mode) && !is_special_fs(fd))
		return dir < 0 ? 0 : copy_file(c, fd, st, dir, name, path);
	if (S_ISLNK(st->st_mode))
		return dir < 0 ? 0 : copy_link(c, fd, st, dir, name, path);
	if (c->special && !S_ISREG(st->st_mode))
		return dir < 0 ? 0 : copy_special(c, st, dir, name, path);
	return vx_fail(c->err, VCTX_USAGE,
		       "only directories, regular files and symbolic links are copied",
		       "%s is %s", path, S_ISREG(st->st_mode) ?
		       "a file of the kernel" : kind_of(st->st_mode));
}

int vx_remove_tree(int dir, const char *name)
{
	int fd, r = 0;
	struct dirent *d;
	DIR *h;

	if (!unlinkat(dir, name, 0))
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	h = fd < 0 ? NULL : fdopendir(fd);
	if (!h) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((d = readdir(h)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
		    vx_remove_tree(fd, d->d_name))
			r = -1;
	closedir(h);
	return r || unlinkat(dir, name, AT_REMOVEDIR) ? -1 : 0;
}

void vx_raise_files(void)
{
	struct rlimit l;

	if (!getrlimit(RLIMIT_NOFILE, &l) && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* ------------------------------------------------------------------ */

struct place {
	const struct vctx_info *info;	/* NULL: the host */
	const char *path;
	int root;
};

/* A path of this place; a link at its end is followed, and stays in the root. */
static int place_open(const struct place *p, const char *path, uint64_t flags)
{
	if (!p->info)
		return open(path, (int)flags | O_CLOEXEC);
	return vx_open_in_root(p->root, path, flags);
}

/* Last name of a path, without slashes after it; NULL: it has none. */
static char *last_name(const char *path)
{
	size_t n = strlen(path), k;

	while (n && path[n - 1] == '/')
		n--;
	for (k = n; k && path[k - 1] != '/'; k--)
		;
	if (n == k || (n - k == 1 && path[k] == '.') ||
	    (n - k == 2 && !strncmp(path + k, "..", 2)))
		return NULL;
	return vx_printf("%.*s", (int)(n - k), path + k);
}

static char *text_of(const struct place *p, const char *path)
{
	return p->info ? vx_printf("%s:%s", p->info->name ? p->info->name : "?",
				   path) : vx_strdup(path);
}

/* Directory to copy into, and the name there. */
static int find_target(const struct place *to, const char *from_path,
		       char **name, struct vctx_err *err)
{
	vx_autofree char *text = text_of(to, to->path);
	vx_autofree char *up = NULL;
	char *slash;
	int fd;

	fd = place_open(to, to->path, O_PATH | O_DIRECTORY);
	if (fd >= 0) {
		*name = last_name(from_path);
		if (*name)
			return fd;
		close(fd);
		return vx_fail(err, VCTX_USAGE, "end the target with the name it is to have",
			       "%s has no name of its own", from_path);
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s",
				     text);
	*name = last_name(to->path);
	if (!*name || to->path[strlen(to->path) - 1] == '/') {
		free(*name);
		*name = NULL;
		errno = ENOENT;
		return vx_fail_errno(err, VCTX_FAILED, NULL, "%s", text);
	}
	up = vx_strdup(to->path);
	slash = strrchr(up, '/');
	if (slash)
		slash[slash == up] = '\0';
	fd = place_open(to, slash ? up : ".", O_PATH | O_DIRECTORY);
	if (fd < 0)
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", text);
	return fd;
}

static int put(struct vx_copy *c, int fd, const struct stat *st, int dir,
	       const char *name, const char *path, const char *target)
{
	char tmp[40];
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = vx_boottime_ns();
	snprintf(tmp, sizeof(tmp), ".vctx-cp.%016llx", (unsigned long long)random);
	/* Complete or not at all: under another name first. */
	if (vx_copy_node(c, fd, st, dir, tmp, path, 0)) {
		vx_remove_tree(dir, tmp);
		return -1;
	}
	if (vx_fail_point("put") ||
	    (S_ISDIR(st->st_mode) ?
	     renameat2(dir, tmp, dir, name, RENAME_NOREPLACE) :
	     renameat(dir, tmp, dir, name))) {
		int saved = errno;

		vx_remove_tree(dir, tmp);
		errno = saved;
		return vx_fail_errno(c->err, VCTX_FAILED,
				     errno == EEXIST || errno == EISDIR ?
				     "a directory is not replaced; give another name" :
				     NULL, "cannot write %s", target);
	}
	return 0;
}

int vctx_copy(const struct vctx_info *from, const char *from_path,
	      const struct vctx_info *to, const char *to_path,
	      struct vctx_err *err)
{
	struct place src = { from, from_path, -1 }, dst = { to, to_path, -1 };
	struct vx_copy c = { .plain = !to && from, .err = err };
	vx_autofree char *path = text_of(&src, from_path);
	vx_autofree char *dst_text = text_of(&dst, to_path);
	vx_autofree char *name = NULL;
	struct stat st;
	int fd = -1, dir = -1, r = -1;

	if (!from_path[0] || !to_path[0])
		return vx_fail(err, VCTX_USAGE, NULL, "an empty path");
	vx_raise_files();
	if (from && (src.root = vx_root_open(from, err)) < 0)
		goto out;
	if (to && (dst.root = vx_root_open(to, err)) < 0)
		goto out;
	fd = place_open(&src, from_path, O_PATH);
	if (fd < 0 || fstat(fd, &st)) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "%s", path);
		goto out;
	}
	c.dev = st.st_dev;
	if (S_ISDIR(st.st_mode) && is_special_fs(fd)) {
		vx_fail(err, VCTX_USAGE, NULL, "%s belongs to the kernel", path);
		goto out;
	}
	dir = find_target(&dst, from_path, &name, err);
	if (dir < 0)
		goto out;
	if (is_special_fs(dir)) {
		vx_fail(err, VCTX_USAGE, NULL, "%s belongs to the kernel",
			dst_text);
		goto out;
	}
	/* Everything that will be refused is, before anything is made. */
	if (vx_copy_node(&c, fd, &st, -1, NULL, path, 0))
		goto out;
	r = put(&c, fd, &st, dir, name, path, dst_text);
out:
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	if (src.root >= 0)
		close(src.root);
	if (dst.root >= 0)
		close(dst.root);
	return r;
}
