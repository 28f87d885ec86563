// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unification: files that are equal in several roots become one inode, which the
 * kernel copies for whoever writes it ("immutable, but can be unlinked").  What it
 * saves is disk space and page cache, and what it costs is that copy.
 *
 * Nothing of a root may change while this is done: the contexts are locked and do
 * not run.
 */

#include <dirent.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "copy.h"
#include "tree.h"

#define DEPTH_MAX	400

/* What a guest writes to: sharing it would only delay the copy. */
static const char *const own[] = {
	"boot", "dev", "etc", "home", "media", "mnt", "proc", "root", "run", "srv",
	"sys", "tmp", "var",
};

/* ... except what is below here, which is written by the package manager only. */
static const char *const not_own[] = {
	"var/lib/dpkg/info",
};

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

bool vx_tree_own(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_own); i++)
		if (is_below(path, not_own[i]))
			return false;
	for (i = 0; i < ARRAY_SIZE(own); i++)
		if (is_below(path, own[i]))
			return true;
	return false;
}

struct walk {
	vx_tree_fn fn;
	void *arg;
	dev_t dev;
	const char *text;
	struct vctx_err *err;
};

static int walk_dir(struct walk *w, int fd, const char *path, unsigned int depth)
{
	struct dirent *d;
	DIR *h;
	int r = 0;

	if (depth > DEPTH_MAX) {
		close(fd);
		errno = ELOOP;
		return vx_fail_errno(w->err, VCTX_FAILED, NULL, "%s/%s", w->text,
				     path);
	}
	h = fdopendir(fd);
	if (!h) {
		close(fd);
		return vx_fail_errno(w->err, VCTX_FAILED, NULL, "%s/%s", w->text,
				     path);
	}
	while (!r && (errno = 0, d = readdir(h))) {
		vx_autofree char *sub = NULL;
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		sub = vx_printf("%s%s%s", path, path[0] ? "/" : "", d->d_name);
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			if (errno == ENOENT)
				continue;
			r = vx_fail_errno(w->err, VCTX_FAILED, NULL, "%s/%s",
					  w->text, sub);
			break;
		}
		if (st.st_dev != w->dev)
			continue;
		r = w->fn(w->arg, fd, d->d_name, sub, &st);
		if (!r && S_ISDIR(st.st_mode)) {
			int next = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY |
					  O_NOFOLLOW | O_CLOEXEC);

			if (next >= 0)
				r = walk_dir(w, next, sub, depth + 1);
			else if (errno != ENOENT)
				r = vx_fail_errno(w->err, VCTX_FAILED, NULL,
						  "%s/%s", w->text, sub);
		}
	}
	closedir(h);
	return r;
}

int vx_tree_walk(int root, const char *text, vx_tree_fn fn, void *arg,
		 struct vctx_err *err)
{
	struct walk w = { .fn = fn, .arg = arg, .text = text, .err = err };
	struct stat st;
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	vx_raise_files();
	if (fd < 0 || fstat(fd, &st)) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "%s", text);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	w.dev = st.st_dev;
	r = fn(arg, root, ".", "", &st);
	if (r) {
		close(fd);
		return r;
	}
	return walk_dir(&w, fd, "", 0);
}

/* ------------------------------------------------------------------ */

#define UNIFIED	(IATTR_IUNLINK | IATTR_IMMUTABLE)

int vx_unify_check(int root, const char *text, struct vctx_err *err)
{
	vx_autoclose int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t tag, flags, mask;

	if (fd < 0)
		return vx_fail_errno(err, VCTX_FAILED, NULL, "%s", text);
	if (vctx_sys_fget_iattr(fd, &tag, &flags, &mask)) {
		if (errno == ENOSYS)
			return vx_fail_errno(err, VCTX_HOST,
				"this kernel has no attributes of files (CONFIG_VSERVER_FS); see 'vctx check'",
				"cannot unify files");
		return vctx_sys_error(err, "cannot unify files");
	}
	if ((mask & UNIFIED) != UNIFIED)
		return vx_fail(err, VCTX_HOST,
			       "ext4, xfs and btrfs have them",
			       "the file system of %s has no immutable files", text);
	return 0;
}

/* Make a file one that is copied when it is written.  *was: what it had. */
static int protect(int fd, uint32_t *was)
{
	uint32_t tag, mask;

	if (vctx_sys_fget_iattr(fd, &tag, was, &mask))
		return -1;
	if ((*was & UNIFIED) == UNIFIED)
		return 0;
	/* Somebody wants it to stay as it is, for good. */
	if (*was & IATTR_IMMUTABLE) {
		errno = EBUSY;
		return -1;
	}
	return vctx_sys_fset_iattr(fd, UNIFIED, UNIFIED);
}

/* ------------------------------------------------------------------ */
/* unify                                                               */
/* ------------------------------------------------------------------ */

struct file {
	size_t root;
	char *path;
	struct stat st;
	uint64_t hash;
	bool hashed;
};

struct unify {
	int *roots;
	struct file *v;
	size_t n, size, root;
	bool commit;
	struct vctx_unified *sum;
	struct vctx_err *err;
};

static int collect(void *arg, int dir, const char *name, const char *path,
		   const struct stat *st)
{
	struct unify *u = arg;
	struct file *f;

	(void)dir;
	(void)name;
	if (!S_ISREG(st->st_mode) || !st->st_size || vx_tree_own(path))
		return 0;
	u->sum->files++;
	if (u->n == u->size) {
		u->size = u->size ? 2 * u->size : 1024;
		u->v = vx_realloc(u->v, u->size * sizeof(*u->v));
	}
	f = &u->v[u->n++];
	memset(f, 0, sizeof(*f));
	f->root = u->root;
	f->path = vx_strdup(path);
	f->st = *st;
	return 0;
}

#define CMP(a, b)	do { if ((a) != (b)) return (a) < (b) ? -1 : 1; } while (0)

/* What both must have in common, besides what is in them. */
static int same_kind(const struct stat *a, const struct stat *b)
{
	CMP(a->st_size, b->st_size);
	CMP(a->st_dev, b->st_dev);
	CMP(a->st_mode, b->st_mode);
	CMP(a->st_uid, b->st_uid);
	CMP(a->st_gid, b->st_gid);
	CMP(a->st_mtim.tv_sec, b->st_mtim.tv_sec);
	CMP(a->st_mtim.tv_nsec, b->st_mtim.tv_nsec);
	return 0;
}

static int by_kind(const void *x, const void *y)
{
	const struct file *a = x, *b = y;
	int r = same_kind(&a->st, &b->st);

	if (r)
		return r;
	CMP(a->hash, b->hash);
	/* The one that has most names already stays. */
	CMP(b->st.st_nlink, a->st.st_nlink);
	CMP(a->st.st_ino, b->st.st_ino);
	CMP(a->root, b->root);
	return strcmp(a->path, b->path);
}

static int open_file(const struct unify *u, const struct file *f)
{
	struct stat st;
	int fd = vx_open_in_root(u->roots[f->root], f->path,
				 O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != f->st.st_ino ||
			same_kind(&st, &f->st))) {
		close(fd);
		errno = ESTALE;
		return -1;
	}
	return fd;
}

/* FNV-1a: only says what is worth comparing. */
static int hash_file(const struct unify *u, struct file *f)
{
	vx_autoclose int fd = open_file(u, f);
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	unsigned char buf[65536];
	ssize_t n, i;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			h = (h ^ buf[i]) * UINT64_C(0x100000001b3);
	f->hash = h;
	f->hashed = true;
	return n < 0 ? -1 : 0;
}

static int same_data(int a, int b, off_t size)
{
	static char x[65536], y[65536];
	off_t at = 0;

	while (at < size) {
		ssize_t n = pread(a, x, sizeof(x), at);
		ssize_t m = pread(b, y, sizeof(y), at);

		if (n <= 0 || n != m || memcmp(x, y, (size_t)n))
			return 0;
		at += n;
	}
	return 1;
}

/* Do both have the same extended attributes?  Those of one are all in the other. */
static bool same_xattrs(int a, int b)
{
	ssize_t n = flistxattr(a, NULL, 0), m = flistxattr(b, NULL, 0);
	vx_autofree char *names = NULL;
	char *p;

	if (n != m)
		return false;
	if (n <= 0)
		return true;
	names = vx_alloc((size_t)n + 1);
	n = flistxattr(a, names, (size_t)n);
	for (p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		char x[4096], y[4096];
		ssize_t k = fgetxattr(a, p, x, sizeof(x));

		if (k < 0 || fgetxattr(b, p, y, sizeof(y)) != k ||
		    memcmp(x, y, (size_t)k))
			return false;
	}
	return n >= 0;
}

/*
 * Put a link to "fd" into the place of f, at once; the times of its directory stay.
 * 1: it cannot have more links.
 */
static int replace(const struct unify *u, int fd, const struct file *f)
{
	vx_autofree char *up = vx_strdup(f->path);
	char *base = strrchr(up, '/');
	vx_autoclose int dir = -1;
	struct timespec times[2];
	char self[32], tmp[40];
	struct stat st;
	uint64_t random;

	if (base)
		*base++ = '\0';
	dir = vx_open_in_root(u->roots[f->root], base ? up : ".",
			      O_RDONLY | O_DIRECTORY);
	if (dir < 0 || fstat(dir, &st) ||
	    getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	snprintf(tmp, sizeof(tmp), ".vctx-unify.%016llx",
		 (unsigned long long)random);
	if (linkat(AT_FDCWD, self, dir, tmp, AT_SYMLINK_FOLLOW))
		return errno == EMLINK ? 1 : -1;
	if (vx_fail_point("unify") ||
	    renameat(dir, tmp, dir, base ? base : f->path)) {
		int saved = errno;

		unlinkat(dir, tmp, 0);
		errno = saved;
		return -1;
	}
	futimens(dir, times);
	return 0;
}

/* Files of one kind and hash: all become the first, those that are it. */
static int unify_group(struct unify *u, struct file *v, size_t n)
{
	struct file *keep = NULL;
	int fd = -1, r = 0;
	size_t i;

	for (i = 0; i < n && !r; i++) {
		struct file *f = &v[i];
		vx_autoclose int other = -1;
		uint32_t was;

		if (keep && f->st.st_ino == keep->st.st_ino) {
			u->sum->unified++;
			continue;
		}
		other = open_file(u, f);
		if (other < 0 && errno == ESTALE)
			continue;
		if (other < 0) {
			r = -1;
			break;
		}
		if (!keep) {
			keep = f;
			fd = other;
			other = -1;
			continue;
		}
		if (!u->commit) {
			if (!same_data(fd, other, f->st.st_size) ||
			    !same_xattrs(fd, other))
				continue;
		} else {
			/* From here on nobody changes what is compared. */
			if (protect(fd, &was)) {
				r = errno == EBUSY ? 0 : -1;
				break;
			}
			if (!same_data(fd, other, f->st.st_size) ||
			    !same_xattrs(fd, other))
				continue;
			r = replace(u, fd, f);
			if (r > 0) {
				/* It is full: go on with this one. */
				close(fd);
				fd = other;
				other = -1;
				keep = f;
				r = 0;
				continue;
			}
			if (r)
				break;
		}
		u->sum->linked++;
		/* Space comes free with the last name. */
		if (f->st.st_nlink == 1)
			u->sum->bytes += (uint64_t)f->st.st_blocks * 512;
	}
	if (r)
		vx_fail_errno(u->err, VCTX_FAILED, NULL, "cannot unify %s",
			      v[i < n ? i : 0].path);
	if (fd >= 0)
		close(fd);
	return r;
}

static int unify_all(struct unify *u)
{
	size_t i, k;

	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), by_kind);
	/* Only what has a likeness is read. */
	for (i = 0; i < u->n; i = k) {
		bool several = false;
		size_t j;

		for (k = i + 1; k < u->n && !same_kind(&u->v[i].st, &u->v[k].st); k++)
			several |= u->v[k].st.st_ino != u->v[i].st.st_ino;
		for (j = i; several && j < k; j++)
			if (hash_file(u, &u->v[j]) && errno != ESTALE)
				return vx_fail_errno(u->err, VCTX_FAILED, NULL,
						     "cannot read %s",
						     u->v[j].path);
	}
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), by_kind);
	for (i = 0; i < u->n; i = k) {
		for (k = i + 1; k < u->n && !same_kind(&u->v[i].st, &u->v[k].st) &&
		     u->v[k].hash == u->v[i].hash; k++)
			;
		if (k > i + 1 && unify_group(u, &u->v[i], k - i))
			return -1;
	}
	return 0;
}

static int lock_stopped(struct vctx *v, const struct vctx_info *x,
			struct vctx_err *err)
{
	int lock;

	if (x->unmanaged || x->transient || !x->config)
		return vx_fail(err, VCTX_STATE, NULL,
			       "\"%s\" was not made by vctx create",
			       x->name ? x->name : "?");
	if (x->state != VCTX_STOPPED)
		return vx_fail(err, VCTX_STATE, "stop it first",
			       "\"%s\" is running", x->name);
	lock = vx_lock(v, x->name, err);
	if (lock >= 0 && vx_alive(v, x->name)) {
		close(lock);
		return vx_fail(err, VCTX_STATE, "stop it first",
			       "\"%s\" was started meanwhile", x->name);
	}
	return lock;
}

int vctx_unify(struct vctx *v, struct vctx_info *const *list, bool commit,
	       struct vctx_unified *sum, struct vctx_err *err)
{
	struct unify u = { .commit = commit, .sum = sum, .err = err };
	vx_autofree int *locks = NULL;
	vx_autofree int *roots = NULL;
	size_t n = 0, i;
	int r = 0;

	memset(sum, 0, sizeof(*sum));
	while (list[n])
		n++;
	locks = vx_alloc(n * sizeof(*locks));
	roots = vx_alloc(n * sizeof(*roots));
	for (i = 0; i < n; i++)
		locks[i] = roots[i] = -1;
	u.roots = roots;
	for (i = 0; i < n && !r; i++) {
		locks[i] = lock_stopped(v, list[i], err);
		if (locks[i] >= 0)
			roots[i] = vx_root_open(list[i], err);
		r = locks[i] < 0 || roots[i] < 0 ||
		    (commit && vx_unify_check(roots[i], list[i]->name, err));
	}
	for (u.root = 0; u.root < n && !r; u.root++)
		r = vx_tree_walk(roots[u.root], list[u.root]->name, collect, &u,
				 err);
	if (!r)
		r = unify_all(&u);
	for (i = 0; i < u.n; i++)
		free(u.v[i].path);
	free(u.v);
	for (i = 0; i < n; i++) {
		if (roots[i] >= 0)
			close(roots[i]);
		if (locks[i] >= 0) {
			vx_state_remove(v, list[i]->name, 0);
			close(locks[i]);
		}
	}
	return r ? -1 : 0;
}

/* ------------------------------------------------------------------ */
/* clone                                                               */
/* ------------------------------------------------------------------ */

static bool may_link(struct vx_copy *c, int fd, const struct stat *st,
		     const char *path)
{
	const char *root = c->arg;
	uint32_t was;

	(void)st;
	path += strlen(root);
	if (vx_tree_own(path + strspn(path, "/")))
		return false;
	if (!protect(fd, &was))
		return true;
	if (errno != EBUSY) {
		vx_fail_errno(c->err, VCTX_FAILED, NULL, "cannot protect %s%s",
			      root, path);
		c->failed = true;
	}
	return false;
}

int vx_tree_clone(const char *from, const char *to, bool copy,
		  struct vctx_cloned *sum, struct vctx_err *err)
{
	vx_autoclose int root = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	vx_autofree char *up = vx_strdup(to);
	char *base = strrchr(up, '/');
	vx_autofree char *arg = vx_strdup(from);
	vx_autoclose int dir = -1;
	struct vx_copy c = { .special = true, .err = err, .arg = arg,
			     .link = copy ? NULL : may_link };
	struct stat st;

	vx_raise_files();
	if (root < 0 || fstat(root, &st))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "root %s", from);
	if (!copy && vx_unify_check(root, from, err))
		return -1;
	*base++ = '\0';
	dir = open(up[0] ? up : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", to);
	c.dev = st.st_dev;
	if (vx_copy_node(&c, root, &st, dir, base, from, 0))
		return -1;
	sum->copied = c.copied;
	sum->linked = c.linked;
	return 0;
}

struct make {
	const char *from, *to;
	bool copy;
	struct vctx_cloned *sum;
};

/* Under a name that only we use first, so that it can be told from others'. */
static int make_root(void *arg, int journal, struct vctx_err *err)
{
	struct make *m = arg;
	vx_autofree char *tmp = NULL;
	vx_autofree char *up = vx_strdup(m->to);
	struct stat st;
	uint64_t random;

	*strrchr(up, '/') = '\0';
	if (vx_mkdirs(up[0] ? up : "/", 0700, err))
		return -1;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot choose a name");
	tmp = vx_printf("%s.%016llx", m->to, (unsigned long long)random);
	if (vx_journal_add(journal, err, "tree 0 %s", tmp) ||
	    vx_tree_clone(m->from, tmp, m->copy, m->sum, err))
		return -1;
	if (vx_fail_point("cloned") || lstat(tmp, &st))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", m->to);
	if (vx_journal_add(journal, err, "tree %llu %s",
			   (unsigned long long)st.st_ino, m->to))
		return -1;
	/* There may be no others in its place, or an empty directory. */
	if (rename(tmp, m->to))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", m->to);
	return vx_fail_point("root") ?
	       vx_fail_errno(err, VCTX_FAILED, NULL, "cannot go on") : 0;
}

int vx_create_cloned(struct vctx *v, const char *from, const char *name,
		     struct vctx_config *cfg, const char *file, bool copy,
		     struct vctx_cloned *sum, struct vctx_err *err)
{
	struct make m = { .from = from, .to = cfg->root, .copy = copy, .sum = sum };

	return vx_create_with(v, name, cfg, file, make_root, &m, err);
}

int vctx_clone(struct vctx *v, const struct vctx_info *from, const char *name,
	       struct vctx_config *cfg, bool copy, struct vctx_cloned *sum,
	       struct vctx_err *err)
{
	struct vctx_config *src = vctx_config_new();
	vx_autoclose int lock = -1;
	struct stat a, b;
	int r = -1;

	memset(sum, 0, sizeof(*sum));
	if (vctx_name_check(name, err))
		goto out;
	if (from->name && !strcmp(from->name, name)) {
		vx_fail(err, VCTX_USAGE, "choose another name", "it has this name");
		goto out;
	}
	lock = lock_stopped(v, from, err);
	if (lock < 0 || vctx_config_read(src, from->config, err))
		goto out;
	if (!src->root || !cfg->root || !strcmp(src->root, "/")) {
		vx_fail(err, VCTX_USAGE, NULL, "it has no root directory of its own");
		goto unlock;
	}
	/* Two contexts with one root would be a surprise. */
	if (!stat(src->root, &a) && !stat(cfg->root, &b) && a.st_ino == b.st_ino &&
	    a.st_dev == b.st_dev) {
		vx_fail(err, VCTX_USAGE, "give --root DIR", "both have the root %s",
			cfg->root);
		goto unlock;
	}
	r = vx_create_cloned(v, src->root, name, cfg, NULL, copy, sum, err);
unlock:
	vx_state_remove(v, from->name, 0);
out:
	vctx_config_free(src);
	return r;
}

/* ------------------------------------------------------------------ */
/* du                                                                  */
/* ------------------------------------------------------------------ */

/* An inode with more than one name, and which of the contexts have it. */
struct inode {
	dev_t dev;
	ino_t ino;
	uint64_t bytes;
	size_t root;
};

struct du {
	struct inode *v;
	size_t n, size, root;
	struct vctx_du *use;
};

static int count(void *arg, int dir, const char *name, const char *path,
		 const struct stat *st)
{
	struct du *d = arg;
	uint64_t bytes = (uint64_t)st->st_blocks * 512;
	struct inode *i;

	(void)dir;
	(void)name;
	(void)path;
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2) {
		d->use[d->root].own_bytes += bytes;
		d->use[d->root].own_inodes++;
		return 0;
	}
	if (d->n == d->size) {
		d->size = d->size ? 2 * d->size : 1024;
		d->v = vx_realloc(d->v, d->size * sizeof(*d->v));
	}
	i = &d->v[d->n++];
	i->dev = st->st_dev;
	i->ino = st->st_ino;
	i->bytes = bytes;
	i->root = d->root;
	return 0;
}

static int by_inode(const void *x, const void *y)
{
	const struct inode *a = x, *b = y;

	CMP(a->dev, b->dev);
	CMP(a->ino, b->ino);
	CMP(a->root, b->root);
	return 0;
}

/*
 * What several share is divided among them, the rest of the division to the first:
 * so the parts of all add up to what is on the disk.
 */
static void divide(struct du *d)
{
	size_t i, k, j;

	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), by_inode);
	for (i = 0; i < d->n; i = k) {
		size_t roots = 1, at = 0;

		for (k = i + 1; k < d->n && d->v[k].dev == d->v[i].dev &&
		     d->v[k].ino == d->v[i].ino; k++)
			roots += d->v[k].root != d->v[k - 1].root;
		for (j = i; j < k; j++) {
			struct vctx_du *u = &d->use[d->v[j].root];
			uint64_t bytes = d->v[j].bytes;

			/* A second name in the same root. */
			if (j > i && d->v[j].root == d->v[j - 1].root)
				continue;
			if (roots == 1) {
				u->own_bytes += bytes;
				u->own_inodes++;
				continue;
			}
			u->shared_bytes += bytes;
			u->shared_inodes++;
			u->part_bytes += bytes / roots +
					 (at ? 0 : bytes % roots);
			u->first_inodes += !at;
			at++;
		}
	}
}

int vctx_du(struct vctx_info *const *list, struct vctx_du *use,
	    struct vctx_err *err)
{
	struct du d = { .use = use };
	struct stat st;
	size_t i, k;
	int r = 0;

	for (i = 0; list[i] && !r; i++) {
		struct vctx_config *cfg = vctx_config_new();
		vx_autoclose int root = -1;

		memset(&use[i], 0, sizeof(use[i]));
		d.root = i;
		/* As the host has it, whatever is mounted there. */
		if (list[i]->unmanaged || list[i]->transient || !list[i]->config ||
		    vctx_config_read(cfg, list[i]->config, NULL) || !cfg->root ||
		    !strcmp(cfg->root, "/") ||
		    (root = open(cfg->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
			vctx_config_free(cfg);
			continue;
		}
		/* One root of two contexts is counted once, for the first. */
		for (k = 0; k < i && !fstat(root, &st); k++)
			if (use[k].known && use[k].dev == st.st_dev &&
			    use[k].ino == st.st_ino)
				break;
		if (k < i || fstat(root, &st)) {
			vctx_config_free(cfg);
			continue;
		}
		use[i].dev = st.st_dev;
		use[i].ino = st.st_ino;
		use[i].known = true;
		r = vx_tree_walk(root, cfg->root, count, &d, err);
		vctx_config_free(cfg);
	}
	if (!r)
		divide(&d);
	for (i = 0; list[i] && !r; i++)
		use[i].part_bytes += use[i].own_bytes;
	for (i = 0; list[i] && !r; i++)
		use[i].first_inodes += use[i].own_inodes;
	free(d.v);
	return r;
}
