// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Templates: roots that contexts are made from.
 *
 *   /var/lib/vctx/.templates/NAME/root		the tree
 *   /var/lib/vctx/.templates/NAME/guest.conf	keys that a context of it needs
 *   /var/lib/vctx/.templates/NAME/template.json	the record
 *   /var/lib/vctx/.templates/.build.NAME	it is being made, or removed
 *
 * A template is there whole or not at all: it is made in the last of these and moved
 * from there, and moved there to be removed.  Whoever does that has the lock of that
 * directory, and so have the programs that he starts; one that nobody has locked was
 * left by an interrupted command, and is what gc removes.  Whoever makes a context has
 * a shared lock of the template.
 */

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "copy.h"
#include "tree.h"

#define TEMPLATES	".templates"
#define BUILD		".build."

static char *template_path(const struct vctx *v, const char *name)
{
	return vx_printf("%s/" TEMPLATES "/%s", v->lib, name);
}

static char *build_path(const struct vctx *v, const char *name)
{
	return vx_printf("%s/" TEMPLATES "/" BUILD "%s", v->lib, name);
}

/* Of what is in the directory to make or to remove a template in. */
static int empty(int dir)
{
	static const char *const parts[] = { "new", "old" };
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!fstatat(dir, parts[i], &st, AT_SYMLINK_NOFOLLOW) &&
		    vx_remove_tree(dir, parts[i]))
			return -1;
	return 0;
}

/*
 * The directory to make or to remove a template in, empty and locked.  The lock is
 * inherited: while a program that we have started is at work, so are we.
 */
static int build_lock(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *dir = build_path(v, name);
	vx_autofree char *base = vx_printf("%s/" TEMPLATES, v->lib);
	int tries;

	/* Private, as roots are below: see vx_create_with(). */
	if (vx_mkdirs(v->lib, 0700, err) || vx_mkdirs(base, 0700, err))
		return -1;
	for (tries = 0; tries < 100; tries++) {
		struct stat a, b;
		int fd;

		if (mkdir(dir, 0700) && errno != EEXIST)
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot make %s", dir);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot open %s", dir);
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			close(fd);
			return vx_fail(err, VCTX_STATE,
				       "wait for the other command to end",
				       "another vctx is working on it");
		}
		if (!fstat(fd, &a) && !stat(dir, &b) && a.st_ino == b.st_ino &&
		    a.st_dev == b.st_dev) {
			/* What an interrupted command has left. */
			if (!empty(fd))
				return fd;
			vx_fail_errno(err, VCTX_FAILED, NULL, "cannot empty %s", dir);
			close(fd);
			return -1;
		}
		close(fd);
	}
	return vx_fail(err, VCTX_STATE, "try again", "another vctx is working on it");
}

/* Returns -1 when something cannot be removed. */
static int build_unlock(struct vctx *v, const char *name, int lock)
{
	vx_autofree char *dir = build_path(v, name);
	int r = empty(lock) || rmdir(dir) ? -1 : 0;

	close(lock);
	return r;
}

/* ------------------------------------------------------------------ */
/* What is done to a tree, by paths as it sees them itself              */
/* ------------------------------------------------------------------ */

/* The directory that a path is in, whose last part *base is. */
static int up_in_root(int root, const char *path, const char **base)
{
	vx_autofree char *up = vx_strdup(path);
	char *slash = strrchr(up, '/');

	*base = strrchr(path, '/') + 1;
	*slash = '\0';
	return vx_open_in_root(root, up[0] ? up : "/", O_PATH | O_DIRECTORY);
}

static bool has_in_root(int root, const char *path)
{
	vx_autoclose int fd = vx_open_in_root(root, path, O_PATH);

	return fd >= 0;
}

static int make_dirs(int root, const char *path)
{
	vx_autofree char *p = vx_strdup(path);
	char *s;

	for (s = p + 1; ; s++) {
		char c = *s;
		const char *base;
		vx_autoclose int dir = -1;

		if (c && c != '/')
			continue;
		*s = '\0';
		if (!has_in_root(root, p)) {
			dir = up_in_root(root, p, &base);
			if (dir < 0 || mkdirat(dir, base, 0755))
				return -1;
		}
		*s = c;
		if (!c)
			return 0;
	}
}

/* No error when it is not there. */
static int remove_file(int root, const char *path)
{
	const char *base;
	vx_autoclose int dir = up_in_root(root, path, &base);

	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	return unlinkat(dir, base, 0) && errno != ENOENT ? -1 : 0;
}

/* A new file in the place of what has the name, which may be a link to anywhere. */
static int write_file(int root, const char *path, const char *text)
{
	const char *base;
	vx_autoclose int dir = -1;
	vx_autoclose int fd = -1;
	size_t n = strlen(text);

	if (remove_file(root, path))
		return -1;
	dir = up_in_root(root, path, &base);
	if (dir < 0)
		return -1;
	fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	if (fd < 0 || fchmod(fd, 0644))
		return -1;
	return write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

static int make_link(int root, const char *target, const char *path)
{
	const char *base;
	vx_autoclose int dir = -1;

	if (remove_file(root, path))
		return -1;
	dir = up_in_root(root, path, &base);
	return dir < 0 ? -1 : symlinkat(target, dir, base);
}

/* Host keys of the one who has built it would be those of all. */
static int remove_host_keys(int root)
{
	int fd = vx_open_in_root(root, "/etc/ssh", O_RDONLY | O_DIRECTORY);
	DIR *h = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!h) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : -1;
	}
	while (!r && (d = readdir(h)))
		if (!strncmp(d->d_name, "ssh_host_", 9))
			r = unlinkat(dirfd(h), d->d_name, 0);
	closedir(h);
	return r;
}

/* The host's name servers, unless they are for the host alone. */
static char *resolvers(void)
{
	vx_autofree char *text = vx_read_file("/etc/resolv.conf", 65536);
	char *out = vx_strdup(""), *line, *save = NULL;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *more;

		if (strncmp(line, "nameserver", 10) || strstr(line, " 127.") ||
		    strstr(line, " ::1"))
			continue;
		more = vx_printf("%s%s\n", out, line);
		free(out);
		out = more;
	}
	return out;
}

/*
 * What would be tried in vain: these file systems, modules and disks are the host's,
 * and what is needed of them is there when the context starts.
 */
static const char *const masked[] = {
	"dev-hugepages.mount", "dev-mqueue.mount", "sys-fs-fuse-connections.mount",
	"sys-kernel-config.mount", "sys-kernel-debug.mount",
	"sys-kernel-tracing.mount", "proc-sys-fs-binfmt_misc.automount",
	"systemd-modules-load.service", "modprobe@.service",
	"systemd-remount-fs.service", "e2scrub_reap.service", "e2scrub_all.timer",
	"systemd-udevd.service",
	"systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
};

static const char keys_unit[] =
	"[Unit]\n"
	"Description=Make the host keys of the secure shell\n"
	"ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key\n"
	"Before=ssh.service ssh.socket\n"
	"\n"
	"[Service]\n"
	"Type=oneshot\n"
	"ExecStart=/usr/bin/ssh-keygen -A\n";

static int prepare_systemd(int root)
{
	static const char dir[] = "/etc/systemd/system";
	static const char wants[] = "/etc/systemd/system/ssh.service.wants";
	size_t i;

	if (make_dirs(root, dir))
		return -1;
	for (i = 0; i < ARRAY_SIZE(masked); i++) {
		vx_autofree char *path = vx_printf("%s/%s", dir, masked[i]);

		if (make_link(root, "/dev/null", path))
			return -1;
	}
	if (!has_in_root(root, "/usr/sbin/sshd"))
		return 0;
	return make_dirs(root, wants) ||
	       write_file(root, "/etc/systemd/system/vctx-ssh-keys.service",
			  keys_unit) ||
	       make_link(root, "../vctx-ssh-keys.service",
			 "/etc/systemd/system/ssh.service.wants/vctx-ssh-keys.service") ?
	       -1 : 0;
}

/* What must not be the same in two systems, and what a context has no use for. */
static int prepare(int root, bool systemd)
{
	vx_autofree char *dns = resolvers();

	if (make_dirs(root, "/etc") || remove_host_keys(root) ||
	    remove_file(root, "/var/lib/dbus/machine-id") ||
	    remove_file(root, "/var/lib/systemd/random-seed") ||
	    /* The name that a context is given when it starts stays then. */
	    remove_file(root, "/etc/hostname") ||
	    write_file(root, "/etc/resolv.conf", dns))
		return -1;
	/* Empty: made at the first start, and that is not a first boot with questions. */
	if (systemd || has_in_root(root, "/etc/machine-id"))
		if (write_file(root, "/etc/machine-id", ""))
			return -1;
	return systemd ? prepare_systemd(root) : 0;
}

static bool is_systemd(int root)
{
	vx_autoclose int init = vx_open_in_root(root, "/sbin/init", O_PATH);
	vx_autoclose int daemon = vx_open_in_root(root, "/lib/systemd/systemd", O_PATH);
	struct stat a, b;

	return init >= 0 && daemon >= 0 && !fstat(init, &a) && !fstat(daemon, &b) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* ------------------------------------------------------------------ */

static const char conf_systemd[] =
	"# What a context of this template needs; 'vctx create --template' begins with it.\n"
	"version = 1\n"
	"[context]\n"
	"init = /sbin/init\n"
	"[mount]\n"
	"cgroups = yes\n"
	"tmpfs = /run/lock size=5M\n"
	"[security]\n"
	"capabilities = secure +setpcap\n"
	"[exec]\n"
	"stop-signal = SIGRTMIN+3\n"
	"stop-timeout = 90s\n";

static const char conf_other[] =
	"# What a context of this template needs; 'vctx create --template' begins with it.\n"
	"version = 1\n"
	"[context]\n"
	"init = /sbin/init\n";

/* Our own programs are beside the one that runs, or where all are. */
static char *program(const char *name)
{
	char self[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		path = vx_printf("%s/%s", self, name);
		if (!access(path, X_OK))
			return path;
		free(path);
	}
	return vx_strdup(name);
}

/* Run it to its end; what it prints is for the user, as messages. */
static int run(char *const *argv, const char *what, const char *hint,
	       struct vctx_err *err)
{
	struct vctx_err e = VCTX_ERR_INIT;
	int status[2], wstatus = 0, r = 0;
	pid_t pid;

	if (pipe2(status, O_CLOEXEC))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
	pid = fork();
	if (pid < 0) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
		close(status[0]);
		close(status[1]);
		return -1;
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		vx_signals_default();
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], argv);
		vx_fail_errno(&e, VCTX_HOST, NULL, "%s", argv[0]);
		vx_err_send(status[1], &e);
		_exit(VCTX_NOTFOUND);
	}
	close(status[1]);
	if (vx_err_recv(status[0], err))
		r = -1;
	close(status[0]);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	if (!r && WIFSIGNALED(wstatus))
		return vx_fail(err, VCTX_FAILED, NULL, "%s was killed by signal %d",
			       argv[0], WTERMSIG(wstatus));
	if (!r && wstatus)
		return vx_fail(err, VCTX_FAILED, hint, "%s", what);
	return r;
}

static int fill_tarball(const char *tarball, const char *root,
			struct vctx_err *err)
{
	char *const argv[] = {
		(char *)"tar", (char *)"-xpf", (char *)tarball, (char *)"-C",
		(char *)root, (char *)"--numeric-owner", (char *)"--xattrs",
		(char *)"--xattrs-include=*", (char *)"--exclude=./dev/*",
		(char *)"--exclude=dev/*", NULL
	};
	vx_autofree char *what = vx_printf("%s cannot be unpacked", tarball);

	if (mkdir(root, 0755))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", root);
	return run(argv, what, "what tar says of it is above", err);
}

static int fill_packages(const struct vctx_template_source *src, const char *root,
			 struct vctx_err *err)
{
	vx_autofree char *mkroot = program("vctx-mkroot");
	const char *argv[16] = { mkroot, "--init", "systemd" };
	size_t n = 3;

	if (src->suite) {
		argv[n++] = "--suite";
		argv[n++] = src->suite;
	}
	if (src->include) {
		argv[n++] = "--include";
		argv[n++] = src->include;
	}
	if (src->mirror) {
		argv[n++] = "--mirror";
		argv[n++] = src->mirror;
	}
	argv[n++] = "--";
	argv[n++] = root;
	return run((char *const *)argv, "its packages cannot be installed",
		   "what vctx-mkroot says of it is above", err);
}

static char *source_text(const struct vctx_template_source *src)
{
	const char *path = src->tarball ? src->tarball : src->directory;
	vx_autofree char *full = path ? realpath(path, NULL) : NULL;

	if (path)
		return vx_printf("%s %s", src->tarball ? "tarball" : "directory",
				 full ? full : path);
	return vx_printf("packages of %s%s%s", src->suite ? src->suite : "bookworm",
			 src->include ? " with " : "",
			 src->include ? src->include : "");
}

/* The template, whole, in the directory "new". */
static int make_template(const char *name, const struct vctx_template_source *src,
			 const char *new, struct vctx_err *err)
{
	vx_autofree char *path = vx_printf("%s/root", new);
	vx_autofree char *source = source_text(src);
	vx_autofree char *now = vx_now();
	vx_autofree char *meta = NULL;
	vx_autoclose int root = -1;
	struct vctx_cloned sum;
	bool systemd;
	json_t *o;
	int r;

	if (mkdir(new, 0700))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", new);
	if (src->tarball)
		r = fill_tarball(src->tarball, path, err);
	else if (src->directory)
		r = vx_tree_clone(src->directory, path, true, &sum, err);
	else
		r = fill_packages(src, path, err);
	if (r)
		return -1;
	root = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0 || vx_fail_point("template-filled"))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", path);
	if (!has_in_root(root, "/sbin/init"))
		return vx_fail(err, VCTX_USAGE,
			       "give the root of a whole system, with an init in it",
			       "there is no /sbin/init in it");
	systemd = is_systemd(root);
	if (prepare(root, systemd))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot prepare %s", path);
	if (vx_write_atomic(new, "guest.conf", systemd ? conf_systemd : conf_other,
			    0644, err))
		return -1;
	o = json_pack("{s:i, s:s, s:s, s:s, s:s}", "schema", 1, "name", name,
		      "created", now, "source", source, "init",
		      systemd ? "systemd" : "other");
	meta = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	json_decref(o);
	if (!meta)
		return vx_fail(err, VCTX_FAILED, "its source must be text in UTF-8",
			       "cannot write down where it is from");
	if (vx_write_atomic(new, "template.json", meta, 0644, err))
		return -1;
	/* What is moved into place must be on the disk, also after a crash. */
	vx_autoclose int top = open(new, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || syncfs(top) || vx_fail_point("template-made"))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", new);
	return 0;
}

static int check_source(const struct vctx_template_source *src,
			struct vctx_err *err)
{
	struct stat st;

	if (src->tarball && src->directory)
		return vx_fail(err, VCTX_USAGE, "give one of them",
			       "a tarball and a directory");
	if ((src->tarball || src->directory) &&
	    (src->suite || src->include || src->mirror))
		return vx_fail(err, VCTX_USAGE,
			       "leave out --suite, --include and --mirror",
			       "packages are not put into a tree that is there already");
	if (src->tarball && (stat(src->tarball, &st) || access(src->tarball, R_OK)))
		return vx_fail_errno(err, VCTX_USAGE, NULL, "%s", src->tarball);
	if (src->tarball && !S_ISREG(st.st_mode))
		return vx_fail(err, VCTX_USAGE, "--directory takes directories",
			       "%s: Not a file", src->tarball);
	if (src->directory && stat(src->directory, &st))
		return vx_fail_errno(err, VCTX_USAGE, NULL, "%s", src->directory);
	if (src->directory && !S_ISDIR(st.st_mode))
		return vx_fail(err, VCTX_USAGE, "--tarball takes files",
			       "%s: Not a directory", src->directory);
	return 0;
}

static int exists_already(struct vctx_err *err)
{
	return vx_fail(err, VCTX_STATE, "choose another name, or delete it first",
		       "template exists already");
}

int vctx_template_build(struct vctx *v, const char *name,
			const struct vctx_template_source *src,
			struct vctx_err *err)
{
	vx_autofree char *dir = template_path(v, name);
	vx_autofree char *build = build_path(v, name);
	vx_autofree char *new = vx_printf("%s/new", build);
	int lock, r;

	if (vctx_name_check(name, err) || check_source(src, err))
		return -1;
	if (geteuid())
		return vx_fail(err, VCTX_FAILED, "run as root",
			       "the files of a template belong to many users");
	lock = build_lock(v, name, err);
	if (lock < 0)
		return -1;
	r = !access(dir, F_OK) ? exists_already(err) :
	    make_template(name, src, new, err);
	if (!r && rename(new, dir))
		r = vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", dir);
	build_unlock(v, name, lock);
	return r;
}

static int no_template(struct vctx_err *err, const char *name)
{
	return vx_fail(err, VCTX_NOCTX, "'vctx template list' shows the templates",
		       "there is no template \"%s\"", name);
}

/* Its directory with a lock, shared or (LOCK_EX) not. */
static int template_lock(struct vctx *v, const char *name, int how,
			 struct vctx_err *err)
{
	vx_autofree char *dir = template_path(v, name);
	struct stat a, b;
	int fd;

	if (vctx_name_check(name, err))
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return no_template(err, name);
	if (fd < 0)
		return vx_fail_errno(err, VCTX_FAILED, geteuid() ? "run as root" : NULL,
				     "cannot open %s", dir);
	if (flock(fd, how | LOCK_NB)) {
		close(fd);
		return vx_fail(err, VCTX_STATE, "wait for the other command to end",
			       how == LOCK_EX ?
			       "a context is being made from template \"%s\"" :
			       "template \"%s\" is being deleted", name);
	}
	if (fstat(fd, &a) || stat(dir, &b) || a.st_ino != b.st_ino ||
	    a.st_dev != b.st_dev) {
		close(fd);
		return no_template(err, name);
	}
	return fd;
}

int vctx_template_delete(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *dir = template_path(v, name);
	vx_autofree char *build = build_path(v, name);
	vx_autofree char *old = vx_printf("%s/old", build);
	vx_autoclose int lock = template_lock(v, name, LOCK_EX, err);
	int own;

	if (lock < 0)
		return -1;
	own = build_lock(v, name, err);
	if (own < 0)
		return -1;
	if (rename(dir, old)) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot remove %s", dir);
		build_unlock(v, name, own);
		return -1;
	}
	if (vx_fail_point("template-deleted") || build_unlock(v, name, own))
		return vx_fail_errno(err, VCTX_FAILED,
				     "'vctx gc' removes the rest",
				     "cannot remove all of %s", old);
	return 0;
}

/* ------------------------------------------------------------------ */

static struct vctx_template *look(struct vctx *v, const char *name)
{
	vx_autofree char *dir = template_path(v, name);
	vx_autofree char *path = vx_printf("%s/template.json", dir);
	vx_autofree char *text = vx_read_file(path, 65536);
	json_t *o = text ? json_loads(text, 0, NULL) : NULL;
	const char *created = json_string_value(json_object_get(o, "created"));
	const char *source = json_string_value(json_object_get(o, "source"));
	const char *init = json_string_value(json_object_get(o, "init"));
	struct vctx_template *t = vx_alloc(sizeof(*t));

	t->name = vx_strdup(name);
	t->created = vx_strdup(created ? created : "?");
	t->source = vx_strdup(source ? source : "?");
	t->init = vx_strdup(init ? init : "?");
	t->root = vx_printf("%s/root", dir);
	json_decref(o);
	return t;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct vctx_template *const *)a)->name,
		      (*(struct vctx_template *const *)b)->name);
}

struct vctx_template **vctx_template_list(struct vctx *v, struct vctx_err *err)
{
	vx_autofree char *base = vx_printf("%s/" TEMPLATES, v->lib);
	struct vctx_template **list = vx_alloc(sizeof(*list));
	DIR *h = opendir(base);
	struct dirent *d;
	size_t n = 0;

	list[0] = NULL;
	if (!h && errno != ENOENT) {
		free(list);
		vx_fail_errno(err, VCTX_FAILED, geteuid() ? "run as root" : NULL,
			      "cannot read %s", base);
		return NULL;
	}
	while (h && (d = readdir(h))) {
		if (vctx_name_check(d->d_name, NULL))
			continue;
		list = vx_realloc(list, (n + 2) * sizeof(*list));
		list[n++] = look(v, d->d_name);
		list[n] = NULL;
	}
	if (h)
		closedir(h);
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	return list;
}

void vctx_template_list_free(struct vctx_template **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++) {
		free(list[i]->name);
		free(list[i]->created);
		free(list[i]->source);
		free(list[i]->init);
		free(list[i]->root);
		free(list[i]);
	}
	free(list);
}

char *vctx_template_root(struct vctx *v, const char *name)
{
	return vx_printf("%s/" TEMPLATES "/%s/root", v->lib, name);
}

int vctx_template_config(struct vctx *v, const char *name, struct vctx_config *cfg,
			 struct vctx_err *err)
{
	vx_autofree char *dir = template_path(v, name);
	vx_autofree char *conf = vx_printf("%s/guest.conf", dir);

	if (vctx_name_check(name, err))
		return -1;
	if (access(dir, F_OK))
		return no_template(err, name);
	return vx_config_read_file(cfg, conf, err);
}

/* May the files of the template be shared?  Why not, in *why. */
static bool can_share(const char *root, char **why)
{
	vx_autoclose int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct vctx_err e = VCTX_ERR_INIT;

	if (fd < 0 || !vx_unify_check(fd, root, &e))
		return true;
	*why = e.msg;
	e.msg = NULL;
	vctx_err_clear(&e);
	return false;
}

int vctx_create_from(struct vctx *v, const char *template_name, const char *name,
		     struct vctx_config *cfg, const char *file, bool copy,
		     struct vctx_cloned *sum, char **why, struct vctx_err *err)
{
	vx_autofree char *from = vctx_template_root(v, template_name);
	vx_autoclose int lock = template_lock(v, template_name, LOCK_SH, err);

	memset(sum, 0, sizeof(*sum));
	*why = NULL;
	if (lock < 0)
		return -1;
	if (!copy && !can_share(from, why))
		copy = true;
	if (vx_create_cloned(v, from, name, cfg, file, copy, sum, err)) {
		free(*why);
		*why = NULL;
		return -1;
	}
	return 0;
}

/* ------------------------------------------------------------------ */

int vx_template_gc(struct vctx *v, const char *name, bool commit,
		   void (*found)(void *arg, const char *name, bool working,
				 const char *dir), void *arg)
{
	vx_autofree char *base = vx_printf("%s/" TEMPLATES, v->lib);
	DIR *h = opendir(base);
	struct dirent *d;
	int r = 0;

	while (h && (d = readdir(h))) {
		const char *of = d->d_name + strlen(BUILD);
		vx_autofree char *dir = NULL;
		bool working;
		int fd;

		if (strncmp(d->d_name, BUILD, strlen(BUILD)) ||
		    vctx_name_check(of, NULL) || (name && strcmp(name, of)))
			continue;
		dir = build_path(v, of);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		working = flock(fd, LOCK_EX | LOCK_NB);
		if (commit && !working) {
			if (build_unlock(v, of, fd))
				r = -1;
			else
				found(arg, of, working, dir);
			continue;
		}
		found(arg, of, working, dir);
		close(fd);
	}
	if (h)
		closedir(h);
	return r;
}
