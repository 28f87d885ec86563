// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What vctx knows about contexts, in files.
 *
 *   /etc/vctx/NAME.conf            configuration
 *   /var/lib/vctx/NAME/meta.json   the context was created
 *   /var/lib/vctx/.ids/ID          -> NAME, reserves the id for good
 *   /run/vctx/NAME/{lock,state.json,config}  it is being started or was
 *                                  started, with this configuration
 *   /run/vctx/NAME/stopping        it was told to stop
 *   /run/vctx/NAME/rebooting       it is to be started again when it has ended
 *   /run/vctx/NAME/journal         what has to be undone, see journal.c
 *   /run/vctx/.ids/ID              -> NAME, the id is in use
 *
 * The kernel has the last word: a state file whose context is not in the
 * kernel, or is somebody else's, describes a stopped context.
 */

#include <dirent.h>
#include <jansson.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "internal.h"

#define STATE_SCHEMA	1

struct vctx *vctx_open(const char *prefix, struct vctx_err *err)
{
	struct vctx *v;
	vx_autofree char *p = vx_strdup(prefix);
	size_t n = strlen(p);

	while (n && p[n - 1] == '/')
		p[--n] = '\0';
	if (n && !vx_path_ok(p)) {
		vx_fail(err, VCTX_USAGE, "give an absolute path without \"..\"",
			"bad state root \"%s\"", prefix);
		return NULL;
	}
	v = vx_alloc(sizeof(*v));
	v->etc = vx_printf("%s/etc/vctx", p);
	v->lib = vx_printf("%s/var/lib/vctx", p);
	v->run = vx_printf("%s/run/vctx", p);
	v->log = vx_printf("%s/var/log/vctx", p);
	return v;
}

void vctx_close(struct vctx *v)
{
	if (!v)
		return;
	free(v->etc);
	free(v->lib);
	free(v->run);
	free(v->log);
	free(v);
}

int vctx_name_check(const char *name, struct vctx_err *err)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t n = strlen(name);

	if (n < 1 || n > VCTX_NAME_MAX || !strchr(first, name[0]) ||
	    strspn(name, rest) != n)
		return vx_fail(err, VCTX_USAGE,
			       "1 to 63 of a-z, 0-9, \"_\", \".\" and \"-\", starting with a letter or digit",
			       "bad name \"%s\"", name);
	if (strspn(name, "0123456789") == n)
		return vx_fail(err, VCTX_USAGE,
			       "a name of digits only would look like an id",
			       "bad name \"%s\"", name);
	return 0;
}

char *vctx_config_path(struct vctx *v, const char *name)
{
	return vx_printf("%s/%s.conf", v->etc, name);
}

char *vctx_log_path(struct vctx *v, const char *name)
{
	return vx_printf("%s/%s.log", v->log, name);
}

char *vctx_running_config_path(struct vctx *v, const char *name)
{
	return vx_printf("%s/%s/config", v->run, name);
}

int vx_mkdirs(const char *path, mode_t mode, struct vctx_err *err)
{
	vx_autofree char *p = vx_strdup(path);
	char *s;

	for (s = p + 1; ; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = '\0';
		/* Parents are ordinary directories, only the last is private. */
		if (mkdir(p, c ? 0755 : mode) && errno != EEXIST)
			return vx_fail_errno(err, VCTX_FAILED,
					     geteuid() ? "run as root" : NULL,
					     "cannot make %s", p);
		*s = c;
		if (!c)
			return 0;
	}
}

char *vx_read_file(const char *path, size_t max)
{
	vx_autoclose int fd = -1;
	char *buf;
	size_t have = 0;

	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
			       : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return NULL;
	buf = vx_alloc(max + 1);
	for (;;) {
		ssize_t n = read(fd, buf + have, max + 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		if (n == 0)
			break;
		have += (size_t)n;
		if (have > max) {
			errno = EFBIG;
			goto fail;
		}
	}
	buf[have] = '\0';
	if (strlen(buf) != have) {
		errno = EILSEQ;
		goto fail;
	}
	return vx_realloc(buf, have + 1);
fail:
	free(buf);
	return NULL;
}

int vx_write_atomic(const char *dir, const char *base, const char *text,
		    mode_t mode, struct vctx_err *err)
{
	vx_autofree char *tmp = vx_printf("%s/.%s.XXXXXX", dir, base);
	vx_autofree char *path = vx_printf("%s/%s", dir, base);
	size_t len = strlen(text), done = 0;
	int fd = mkostemp(tmp, O_CLOEXEC);
	int dfd;

	if (fd < 0)
		return vx_fail_errno(err, VCTX_FAILED,
				     geteuid() ? "run as root" : NULL,
				     "cannot write %s", path);
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		done += (size_t)n;
	}
	if (fchmod(fd, mode) || fsync(fd))
		goto fail;
	close(fd);
	fd = -1;
	if (vx_fail_point("rename") || rename(tmp, path))
		goto fail;
	/* The rename must survive a crash too. */
	dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dfd >= 0) {
		fsync(dfd);
		close(dfd);
	}
	return 0;
fail:
	vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	unlink(tmp);
	return -1;
}

char *vx_now(void)
{
	struct timespec ts;
	struct tm tm;
	char buf[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return vx_strdup(buf);
}

uint64_t vx_boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t vx_proc_start(pid_t pid)
{
	char path[64];
	vx_autofree char *text = NULL;
	unsigned long long start = 0;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	text = vx_read_file(path, 4096);
	/* The command name may hold anything, so look from its last ")". */
	p = text ? strrchr(text, ')') : NULL;
	if (!p || sscanf(p + 1,
			 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u"
			 " %*u %*d %*d %*d %*d %*d %*d %llu", &start) != 1)
		return 0;
	return start;
}

static char *boot_id(void)
{
	char *id = vx_read_file("/proc/sys/kernel/random/boot_id", 64);

	if (!id)
		return vx_strdup("unknown");
	id[strcspn(id, "\n")] = '\0';
	return id;
}

/* Remove the mark of an id if it is this name's. */
void vx_unmark(const char *base, uint32_t id, const char *name)
{
	vx_autofree char *path = vx_printf("%s/.ids/%u", base, id);
	char target[VCTX_NAME_MAX + 2];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	if (!strcmp(target, name))
		unlink(path);
}

/*
 * A vctx that was killed leaves its id mark, its state and its journal.
 * Whoever takes the lock next for the same name, and finds its directory there,
 * tidies up.
 */
static void drop_marks(struct vctx *v, const char *name)
{
	vx_autofree char *dir = vx_printf("%s/.ids", v->run);
	DIR *h = opendir(dir);
	struct dirent *d;

	while (h && (d = readdir(h))) {
		char *end;
		unsigned long id = strtoul(d->d_name, &end, 10);

		if (end != d->d_name && !*end)
			vx_unmark(v->run, (uint32_t)id, name);
	}
	if (h)
		closedir(h);
}

/* The record says that it runs, and it does not: that is told once. */
void vx_note_end(struct vctx *v, const char *name)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	vx_autofree char *state = vx_printf("%s/state.json", dir);
	vx_autofree char *stopping = vx_printf("%s/stopping", dir);
	struct vx_state *st = vx_state_read(v, name);

	if (st && st->running)
		vx_event(v, access(stopping, F_OK) ? "exited" : "stopped", name,
			 st->id, NULL);
	vx_state_free(st);
	unlink(state);
	unlink(stopping);
}

void vx_note_stop(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/stopping", v->run, name);
	int fd;

	/* Whoever stops it while it restarts means that. */
	vctx_reboot_take(v, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

/*
 * Whoever notices the end of a context first has removed its record, perhaps before the
 * kernel's helper ran; but has told how it ended.
 */
static bool has_just_ended(struct vctx *v, const char *name)
{
	struct vctx_events *e;
	struct vctx_event *ev;
	struct timespec now;
	bool exited = false;

	clock_gettime(CLOCK_REALTIME, &now);
	e = vctx_events_open(v, ((int64_t)now.tv_sec - 60) * 1000, 1000, NULL);
	while (e && vctx_events_next(e, 0, &ev) > 0) {
		if (ev->name && !strcmp(ev->name, name))
			exited = !strcmp(ev->event, "exited");
		vctx_event_free(ev);
	}
	if (e)
		vctx_events_close(e);
	return exited;
}

int vctx_reboot_note(struct vctx *v, const struct vctx_info *info,
		     uint64_t *up_ms, struct vctx_err *err)
{
	vx_autofree char *dir = NULL;
	vx_autofree char *path = NULL;
	vx_autofree char *stopping = NULL;
	struct vx_state *st;
	bool waited, goes;
	int fd;

	*up_ms = 0;
	if (info->unmanaged || info->transient || !info->name)
		return vx_fail(err, VCTX_STATE, NULL,
			       "context was not made by vctx create");
	dir = vx_printf("%s/%s", v->run, info->name);
	stopping = vx_printf("%s/stopping", dir);
	path = vx_printf("%s/rebooting", dir);
	/* By now the kernel has killed it, and it may be gone. */
	st = vx_state_read(v, info->name);
	waited = st && st->owner;
	if (st)
		*up_ms = (vx_boottime_ns() - st->started_ns) / 1000000;
	goes = st ? st->running && st->id == info->id && access(stopping, F_OK)
		  : has_just_ended(v, info->name);
	vx_state_free(st);
	if (waited)
		return vx_fail(err, VCTX_STATE, NULL,
			       "a 'vctx run' waits for its end");
	if (!goes)
		return vx_fail(err, VCTX_STATE, NULL, "context is being stopped");
	if (vx_mkdirs(v->run, 0700, err) || vx_mkdirs(dir, 0700, err))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", path);
	close(fd);
	return 0;
}

bool vctx_reboot_take(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/rebooting", v->run, name);

	return !unlink(path);
}

static int lock_name(struct vctx *v, const char *name, bool tidy,
		     struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	vx_autofree char *path = vx_printf("%s/lock", dir);
	int tries;

	/*
	 * Whoever stops a context removes the directory with the lock in it,
	 * so a lock counts only while its name still leads to the same file.
	 */
	for (tries = 0; tries < 100; tries++) {
		struct stat a, b;
		bool leftover = !access(path, F_OK);
		int fd;

		if (vx_mkdirs(v->run, 0700, err) || vx_mkdirs(dir, 0700, err))
			return -1;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		if (fd < 0) {
			if (errno == ENOENT)
				continue;
			return vx_fail_errno(err, VCTX_FAILED,
					     geteuid() ? "run as root" : NULL,
					     "cannot open %s", path);
		}
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			int saved = errno;

			close(fd);
			errno = saved;
			if (errno == EWOULDBLOCK)
				return vx_fail(err, VCTX_STATE,
					       "wait for the other command to end",
					       "another vctx is working on it");
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot lock %s", path);
		}
		if (!fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
		    a.st_dev == b.st_dev) {
			if (tidy && leftover && !vx_alive(v, name)) {
				vx_journal_undo(v, name, true, NULL);
				drop_marks(v, name);
				vx_note_end(v, name);
			}
			if (tidy)
				vx_rename_finish(v, name, NULL);
			return fd;
		}
		close(fd);
	}
	return vx_fail(err, VCTX_STATE, "try again",
		       "another vctx is working on it");
}

int vx_lock(struct vctx *v, const char *name, struct vctx_err *err)
{
	return lock_name(v, name, true, err);
}

int vx_lock_untidied(struct vctx *v, const char *name, struct vctx_err *err)
{
	return lock_name(v, name, false, err);
}

/* Is the lock of this name held by anybody? */
bool vx_locked(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/lock", v->run, name);
	vx_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

static void set_string(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, value ? json_string(value) : json_null());
}

static char *get_string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? vx_strdup(s) : NULL;
}

int vx_state_write(struct vctx *v, const char *name, const struct vx_state *st,
		   struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	vx_autofree char *boot = boot_id();
	vx_autofree char *text = NULL;
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(STATE_SCHEMA));
	set_string(o, "name", name);
	set_string(o, "boot_id", boot);
	json_object_set_new(o, "id", json_integer(st->id));
	json_object_set_new(o, "running", json_boolean(st->running));
	json_object_set_new(o, "transient", json_boolean(st->transient));
	json_object_set_new(o, "pid", json_integer(st->pid));
	json_object_set_new(o, "pid_start",
			    json_integer((json_int_t)st->pid_start));
	json_object_set_new(o, "started_ns",
			    json_integer((json_int_t)st->started_ns));
	json_object_set_new(o, "owner", json_integer(st->owner));
	json_object_set_new(o, "owner_start",
			    json_integer((json_int_t)st->owner_start));
	set_string(o, "started", st->started);
	set_string(o, "config", st->config);
	set_string(o, "root", st->root);
	json_object_set_new(o, "stop_signal", json_integer(st->stop_signal));
	json_object_set_new(o, "stop_timeout_ms",
			    json_integer((json_int_t)st->stop_timeout_ms));
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL,
			       "cannot write down the state of %s", name);
	return vx_write_atomic(dir, "state.json", text, 0600, err);
}

struct vx_state *vx_state_read(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/state.json", v->run, name);
	vx_autofree char *text = vx_read_file(path, 65536);
	vx_autofree char *boot = NULL;
	const char *theirs;
	struct vx_state *st;
	json_t *o;

	if (!text)
		return NULL;
	o = json_loads(text, 0, NULL);
	boot = boot_id();
	theirs = json_string_value(json_object_get(o, "boot_id"));
	if (!o || !theirs || strcmp(theirs, boot) ||
	    json_integer_value(json_object_get(o, "schema")) != STATE_SCHEMA) {
		json_decref(o);
		errno = ENOENT;
		return NULL;
	}
	st = vx_alloc(sizeof(*st));
	st->id = (uint32_t)json_integer_value(json_object_get(o, "id"));
	st->running = json_is_true(json_object_get(o, "running"));
	st->transient = json_is_true(json_object_get(o, "transient"));
	st->pid = (pid_t)json_integer_value(json_object_get(o, "pid"));
	st->pid_start = (uint64_t)json_integer_value(
		json_object_get(o, "pid_start"));
	st->started_ns = (uint64_t)json_integer_value(
		json_object_get(o, "started_ns"));
	st->owner = (pid_t)json_integer_value(json_object_get(o, "owner"));
	st->owner_start = (uint64_t)json_integer_value(
		json_object_get(o, "owner_start"));
	st->started = get_string(o, "started");
	st->config = get_string(o, "config");
	st->root = get_string(o, "root");
	st->stop_signal = (int)json_integer_value(
		json_object_get(o, "stop_signal"));
	st->stop_timeout_ms = (uint64_t)json_integer_value(
		json_object_get(o, "stop_timeout_ms"));
	json_decref(o);
	return st;
}

void vx_state_free(struct vx_state *st)
{
	if (!st)
		return;
	free(st->started);
	free(st->config);
	free(st->root);
	free(st);
}

void vx_state_remove(struct vctx *v, const char *name, uint32_t id)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	vx_autofree char *state = vx_printf("%s/state.json", dir);
	vx_autofree char *config = vx_printf("%s/config", dir);
	vx_autofree char *journal = vx_printf("%s/journal", dir);
	vx_autofree char *lock = vx_printf("%s/lock", dir);
	vx_autofree char *stopping = vx_printf("%s/stopping", dir);
	vx_autofree char *rebooting = vx_printf("%s/rebooting", dir);
	struct dirent *d;
	DIR *h;

	/* First: while it is there, the directory tells gc of it. */
	vx_share_remove(v, name);
	vx_cgroup_remove(v, name);
	if (id)
		vx_unmark(v->run, id, name);
	unlink(state);
	unlink(config);
	unlink(journal);
	unlink(stopping);
	unlink(rebooting);
	/* A writer that was killed leaves its temporary file. */
	h = opendir(dir);
	while (h && (d = readdir(h)))
		if (!strncmp(d->d_name, ".state.json.", 12) ||
		    !strncmp(d->d_name, ".config.", 8))
			unlinkat(dirfd(h), d->d_name, 0);
	if (h)
		closedir(h);
	unlink(lock);
	rmdir(dir);
}

/* Name that an id belongs to; NULL when it is nobody's. */
char *vx_marked(const char *base, uint32_t id)
{
	vx_autofree char *path = vx_printf("%s/.ids/%u", base, id);
	char target[VCTX_NAME_MAX + 2];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	return vx_strdup(target);
}

/* 0: the id is now this name's, EEXIST: it is another's, or another errno. */
int vx_mark(const char *base, uint32_t id, const char *name,
		struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/.ids", base);
	vx_autofree char *path = vx_printf("%s/%u", dir, id);
	vx_autofree char *owner = NULL;

	if (!symlink(name, path))
		return 0;
	if (errno == ENOENT) {
		if (vx_mkdirs(dir, 0700, err))
			return -1;
		if (!symlink(name, path))
			return 0;
	}
	if (errno == EEXIST) {
		owner = vx_marked(base, id);
		if (owner && !strcmp(owner, name))
			return 0;
		return EEXIST;
	}
	return vx_fail_errno(err, VCTX_FAILED, geteuid() ? "run as root" : NULL,
			     "cannot write %s", path);
}

static void scan_ids(const char *dir, unsigned char *used)
{
	DIR *h = opendir(dir);
	struct dirent *d;

	while (h && (d = readdir(h))) {
		char *end;
		unsigned long v = strtoul(d->d_name, &end, 10);

		if (end != d->d_name && !*end && v <= VX_XID_MAX)
			used[v] = 1;
	}
	if (h)
		closedir(h);
}

/*
 * Run-time marks outlive a vctx that was killed.  One is stale when nobody
 * holds its name's lock and the kernel has no such context.
 */
static bool drop_stale_mark(struct vctx *v, uint32_t id)
{
	vx_autofree char *owner = vx_marked(v->run, id);
	struct vctx_sys_info info;

	if (!owner || vx_locked(v, owner))
		return false;
	if (!vctx_sys_info(id, &info) || errno != ESRCH)
		return false;
	vx_unmark(v->run, id, owner);
	return true;
}

int vx_id_take(struct vctx *v, const char *name, uint32_t want, uint32_t *id,
	       struct vctx_err *err)
{
	vx_autofree unsigned char *used = NULL;
	vx_autofree char *lib = NULL;
	vx_autofree char *run = NULL;
	struct vctx_sys_info info;
	uint32_t i;
	int r, pass;

	if (vx_fail_point("id"))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot take a context id");
	if (want) {
		vx_autofree char *owner = vx_marked(v->lib, want);

		if (!owner || !strcmp(owner, name)) {
			free(owner);
			owner = NULL;
			drop_stale_mark(v, want);
			r = vx_mark(v->run, want, name, err);
			if (r < 0)
				return -1;
			if (!r) {
				if (!vctx_sys_info(want, &info)) {
					vx_unmark(v->run, want, name);
					return vx_fail(err, VCTX_STATE,
						       "give another id, or end that context first",
						       "context id %u is in use in the kernel",
						       want);
				}
				*id = want;
				return 0;
			}
			owner = vx_marked(v->run, want);
		}
		return vx_fail(err, VCTX_STATE, "give another id, or auto",
			       "context id %u belongs to \"%s\"", want,
			       owner ? owner : "?");
	}

	lib = vx_printf("%s/.ids", v->lib);
	run = vx_printf("%s/.ids", v->run);
	used = vx_alloc(VX_XID_MAX + 1);
	for (pass = 0; pass < 2; pass++) {
		memset(used, 0, VX_XID_MAX + 1);
		scan_ids(lib, used);
		scan_ids(run, used);
		scan_ids("/proc/virtual", used);
		for (i = VCTX_ID_FIRST; i <= VX_XID_MAX; i++) {
			if (used[i])
				continue;
			r = vx_mark(v->run, i, name, err);
			if (r < 0)
				return -1;
			if (r)
				continue;	/* lost a race for this one */
			*id = i;
			return 0;
		}
		/* Only when all are taken is it worth looking for dead ones. */
		for (i = VCTX_ID_FIRST; i <= VX_XID_MAX; i++)
			if (used[i])
				drop_stale_mark(v, i);
	}
	return vx_fail(err, VCTX_FAILED, "delete contexts that are not needed",
		       "no free context id (limit %u)",
		       VX_XID_MAX - VCTX_ID_FIRST + 1);
}

/* --- created contexts --- */

static json_t *meta_load(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/meta.json", v->lib, name);
	vx_autofree char *text = vx_read_file(path, 65536);

	return text ? json_loads(text, 0, NULL) : NULL;
}

bool vx_exists(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/meta.json", v->lib, name);

	return !access(path, F_OK);
}

uint32_t vx_meta_id(struct vctx *v, const char *name)
{
	json_t *o = meta_load(v, name);
	uint32_t id = (uint32_t)json_integer_value(json_object_get(o, "id"));

	json_decref(o);
	return id;
}

char *vx_meta_name(struct vctx *v, const char *name)
{
	json_t *o = meta_load(v, name);
	char *text = get_string(o, "name");

	json_decref(o);
	return text;
}

int vx_meta_rename(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->lib, name);
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *text = NULL;
	json_t *o = meta_load(v, name);

	set_string(o, "name", name);
	set_string(o, "config", conf);
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL, "cannot write %s/meta.json",
			       dir);
	return vx_write_atomic(dir, "meta.json", text, 0644, err);
}

int vx_mark_move(const char *base, uint32_t id, const char *name,
		 struct vctx_err *err)
{
	vx_autofree char *path = vx_printf("%s/.ids/%u", base, id);
	vx_autofree char *tmp = vx_printf("%s/.ids/.%u", base, id);

	/* Left by one that was killed here. */
	unlink(tmp);
	if (symlink(name, tmp) || rename(tmp, path))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s",
				     path);
	return 0;
}

int vctx_create(struct vctx *v, const char *name, struct vctx_config *cfg,
		const char *file, struct vctx_err *err)
{
	return vx_create_with(v, name, cfg, file, NULL, NULL, err);
}

int vx_create_with(struct vctx *v, const char *name, struct vctx_config *cfg,
		   const char *file, int (*make)(void *arg, int journal,
						 struct vctx_err *err),
		   void *arg, struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->lib, name);
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *conf_base = vx_printf("%s.conf", name);
	vx_autofree char *text = NULL;
	vx_autofree char *meta = NULL;
	vx_autofree char *now = vx_now();
	vx_autoclose int lock = -1;
	vx_autoclose int journal = -1;
	struct vctx_config *again;
	bool wrote_conf = false;
	uint32_t id = 0;
	json_t *o;
	int r;

	if (vctx_name_check(name, err))
		return -1;
	if (vx_exists(v, name))
		return vx_fail(err, VCTX_STATE,
			       "choose another name, or delete it first",
			       "context exists already");

	/* What is written must be readable again, before anything is made. */
	text = vctx_config_dump(cfg);
	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	again = vctx_config_new();
	r = vctx_config_parse(again, "(new configuration)", text, err);
	vctx_config_free(again);
	if (r)
		return -1;

	lock = vx_lock(v, name, err);
	if (lock < 0)
		return -1;
	/* A transient one of this name, whose record it is that we have locked. */
	if (vx_alive(v, name))
		return vx_fail(err, VCTX_STATE,
			       "choose another name, or stop it first",
			       "context is running");
	r = -1;
	if (vx_exists(v, name)) {
		vx_fail(err, VCTX_STATE,
			"choose another name, or delete it first",
			"context exists already");
		goto out;
	}
	if (!(file && !strcmp(file, conf)) && !access(conf, F_OK)) {
		vx_fail(err, VCTX_STATE,
			"use it with -f, or move it out of the way",
			"%s: File exists", conf);
		goto out;
	}
	if (vx_id_take(v, name, cfg->id, &id, err))
		goto out;
	/*
	 * Private, as roots are below it: the superuser of a context can make
	 * files that give whoever executes them the rights of the host's.
	 */
	if (vx_mkdirs(v->lib, 0700, err))
		goto out;
	journal = vx_journal_open(v, name, err);
	if (journal < 0 || vx_journal_add(journal, err, "mark %u", id))
		goto out;
	r = vx_mark(v->lib, id, name, err);
	if (r > 0)
		vx_fail(err, VCTX_STATE, "give another id, or auto",
			"context id %u belongs to another context", id);
	if (r) {
		r = -1;
		goto out;
	}
	r = -1;
	if (access(dir, F_OK) && vx_journal_add(journal, err, "libdir %s", dir))
		goto out;
	if (vx_fail_point("mkdir") || (mkdir(dir, 0755) && errno != EEXIST)) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot make %s", dir);
		goto out;
	}
	if (make && make(arg, journal, err))
		goto out;
	if (!(file && !strcmp(file, conf))) {
		if (vx_journal_add(journal, err, "conf %s", conf) ||
		    vx_mkdirs(v->etc, 0755, err) ||
		    vx_write_atomic(v->etc, conf_base, text, 0644, err))
			goto out;
		wrote_conf = true;
	}
	o = json_object();
	json_object_set_new(o, "schema", json_integer(STATE_SCHEMA));
	set_string(o, "name", name);
	json_object_set_new(o, "id", json_integer(id));
	set_string(o, "created", now);
	set_string(o, "source", file ? file : "command line");
	set_string(o, "config", conf);
	json_object_set_new(o, "wrote_config", json_boolean(wrote_conf));
	meta = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	/* The record is last: with it the context exists, before it does not. */
	if (!meta || vx_fail_point("meta")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s/meta.json",
			      dir);
		goto out;
	}
	r = vx_write_atomic(dir, "meta.json", meta, 0644, err);
out:
	if (r)
		vx_journal_undo(v, name, true, NULL);
	vx_state_remove(v, name, id);
	if (!r)
		vx_event(v, "created", name, id, NULL);
	return r;
}

int vctx_delete(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->lib, name);
	vx_autofree char *meta = vx_printf("%s/meta.json", dir);
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autoclose int journal = -1;
	vx_autoclose int lock = -1;
	struct vctx_info *info;
	bool wrote_conf;
	uint32_t id;
	json_t *o;

	if (vctx_name_check(name, err))
		return -1;
	info = vctx_find(v, name, err);
	if (!info)
		return -1;
	if (info->state != VCTX_STOPPED) {
		vx_fail(err, VCTX_STATE, "stop it first, or use --force",
			"context is running (%u %s)", info->tasks,
			info->tasks == 1 ? "process" : "processes");
		vctx_info_free(info);
		return -1;
	}
	vctx_info_free(info);
	vx_fail_point("delete-found");
	lock = vx_lock(v, name, err);
	if (lock < 0)
		return -1;
	if (vx_alive(v, name))
		return vx_fail(err, VCTX_STATE,
			       "stop it first, or use --force",
			       "context was started meanwhile");
	o = meta_load(v, name);
	id = (uint32_t)json_integer_value(json_object_get(o, "id"));
	wrote_conf = json_is_true(json_object_get(o, "wrote_config"));
	json_decref(o);
	journal = vx_journal_open(v, name, err);
	/* Without its record the context is gone; the journal knows the rest. */
	if (journal < 0 || (id && vx_journal_add(journal, err, "mark %u", id)) ||
	    vx_journal_add(journal, err, "libdir %s", dir) ||
	    (wrote_conf && vx_journal_add(journal, err, "conf %s", conf))) {
		vx_state_remove(v, name, id);
		return -1;
	}
	if (vx_fail_point("delete") || (unlink(meta) && errno != ENOENT)) {
		vx_fail_errno(err, VCTX_FAILED,
			      geteuid() ? "run as root" : NULL,
			      "cannot remove %s", meta);
		vx_state_remove(v, name, id);
		return -1;
	}
	if (vx_fail_point("deleted"))
		return vx_fail_errno(err, VCTX_FAILED,
				     "'vctx gc' removes the rest",
				     "cannot remove %s", conf);
	vx_set_forget(v, name);
	vx_journal_undo(v, name, true, NULL);
	vx_state_remove(v, name, id);
	vx_event(v, "deleted", name, id, NULL);
	return 0;
}

int vctx_forget(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	struct vx_state *st;
	int lock;

	if (access(dir, F_OK))
		return 0;
	vx_fail_point("forget");
	lock = vx_lock(v, name, err);
	if (lock < 0)
		return -1;
	/* Somebody may have started it again by now. */
	if (!vx_alive(v, name)) {
		st = vx_state_read(v, name);
		vx_state_remove(v, name, st ? st->id : 0);
		vx_state_free(st);
	}
	close(lock);
	return 0;
}

/* --- looking --- */

void vctx_info_free(struct vctx_info *info)
{
	if (!info)
		return;
	free(info->name);
	free(info->config);
	free(info->created);
	free(info->started);
	free(info->root);
	free(info->cgroup);
	free(info->net_addr);
	free(info);
}

/*
 * Is the kernel's context "id" the one this state file speaks of?  Its name
 * was given by us; the name is what tells it from a later user of the id.
 */
static bool ours(uint32_t id, const char *name)
{
	char have[VX_VHI_NAME_LEN];

	return !vctx_sys_get_name(id, VHIN_CONTEXT, have, sizeof(have)) &&
	       !strcmp(have, name);
}

bool vx_same(const struct vctx_info *info)
{
	return info->unmanaged || !info->name || ours(info->id, info->name);
}

bool vx_same_run(struct vctx *v, const struct vctx_info *info)
{
	struct vx_state *st;
	bool same;

	if (!vx_same(info))
		return false;
	if (info->unmanaged || !info->name || !info->started_ns)
		return true;
	st = vx_state_read(v, info->name);
	same = !st || (st->running && st->started_ns == info->started_ns);
	vx_state_free(st);
	return same;
}

bool vx_alive(struct vctx *v, const char *name)
{
	struct vx_state *st = vx_state_read(v, name);
	struct vctx_sys_info ki;
	bool alive = st && !vctx_sys_info(st->id, &ki) && ours(st->id, name);

	vx_state_free(st);
	return alive;
}

/* What only the kernel can tell of a context that runs. */
static void look_running(struct vctx_info *info)
{
	struct vctx_sys_stat ks;
	struct vctx_sched sched;
	uint64_t flags;

	if (!vctx_sys_stat(info->id, &ks))
		info->tasks = ks.tasks;
	info->have_cpu = !vctx_sys_get_cpu(info->id, &info->cpu);
	if (info->have_cpu && !vctx_sys_sched(info->id, &sched)) {
		info->cpu_parent = (uint32_t)sched.v[VCTX_SCHED_PARENT];
		info->cpu_inside = (uint32_t)sched.v[VCTX_SCHED_INSIDE];
		/* the kernel counts each as a task, so that it cannot end */
		info->tasks -= info->cpu_inside < info->tasks ?
			       info->cpu_inside : info->tasks;
	}
	info->have_disk = !vctx_sys_get_disk(info->id, 0, &info->disk);
	/* A kernel that does not schedule contexts keeps the flag and no more. */
	info->paused = info->have_cpu &&
		       !vctx_sys_get(info->id, VCTX_WORD_CFLAGS, &flags) &&
		       (flags & VXF_SCHED_PAUSE);
}

/* The addresses change owners: cfg is only good for freeing. */
static void take_net(struct vctx_info *info, struct vctx_config *cfg)
{
	info->have_net = true;
	info->net_mode = cfg->net_mode;
	info->net_addr = cfg->net_addr;
	info->n_net_addr = cfg->n_net_addr;
	cfg->net_addr = NULL;
	cfg->n_net_addr = 0;
}

/* The network is what it was started with, whatever its file says now. */
static void look_net(struct vctx *v, struct vctx_info *info)
{
	vx_autofree char *path = vctx_running_config_path(v, info->name);
	struct vctx_config *cfg = vctx_config_new();

	if (!vctx_config_read(cfg, path, NULL))
		take_net(info, cfg);
	vctx_config_free(cfg);
}

/* What a stopped context would have. */
static void look_stopped(struct vctx_info *info)
{
	struct vctx_config *cfg;

	if (!info->config)
		return;
	cfg = vctx_config_new();
	if (!vctx_config_read(cfg, info->config, NULL)) {
		info->have_cpu = !vx_cpu_values(cfg, &info->cpu, NULL);
		info->have_disk = true;
		vx_disk_all(cfg, &info->disk);
		take_net(info, cfg);
	}
	vctx_config_free(cfg);
}

/* What is known of a named context, NULL when there is none. */
static struct vctx_info *look(struct vctx *v, const char *name)
{
	struct vctx_sys_info ki;
	struct vctx_info *info;
	struct vx_state *st = vx_state_read(v, name);
	json_t *meta = meta_load(v, name);
	bool alive = false;

	if (!meta && !st)
		return NULL;
	info = vx_alloc(sizeof(*info));
	info->name = vx_strdup(name);
	info->stop_signal = 15;
	info->stop_timeout_ms = 10000;
	if (meta) {
		info->id = (uint32_t)json_integer_value(
			json_object_get(meta, "id"));
		info->created = get_string(meta, "created");
		info->config = get_string(meta, "config");
	}
	if (st) {
		alive = !vctx_sys_info(st->id, &ki) && ours(st->id, name);
		if (alive) {
			info->id = st->id;
			info->state = st->running ? VCTX_RUNNING
						  : VCTX_STARTING;
			info->pid = (pid_t)ki.init_pid;
			info->transient = st->transient;
			info->owner = st->owner;
			info->orphan = st->owner && st->running &&
				vx_proc_start(st->owner) != st->owner_start;
			info->stop_signal = st->stop_signal;
			info->stop_timeout_ms = st->stop_timeout_ms;
			info->started_ns = st->started_ns;
			info->started = st->started;
			info->root = st->root;
			st->started = NULL;
			st->root = NULL;
			look_running(info);
			look_net(v, info);
			info->cgroup = vx_cgroup_path(v, name);
			if (access(info->cgroup, F_OK)) {
				free(info->cgroup);
				info->cgroup = NULL;
			}
		} else if (!st->running && vx_locked(v, name)) {
			info->id = st->id;
			info->state = VCTX_STARTING;
			info->transient = st->transient;
		}
	}
	vx_state_free(st);
	if (meta && info->state == VCTX_STOPPED)
		look_stopped(info);
	if (!meta && info->state == VCTX_STOPPED) {
		/* the leavings of a transient context that has ended */
		vctx_info_free(info);
		info = NULL;
	}
	json_decref(meta);
	return info;
}

/* A context that only the kernel knows. */
static struct vctx_info *look_kernel(uint32_t id)
{
	char name[VX_VHI_NAME_LEN];
	struct vctx_sys_info ki;
	struct vctx_info *info;

	if (vctx_sys_info(id, &ki))
		return NULL;
	info = vx_alloc(sizeof(*info));
	info->id = id;
	info->state = VCTX_RUNNING;
	info->pid = (pid_t)ki.init_pid;
	info->unmanaged = true;
	info->stop_signal = 15;
	info->stop_timeout_ms = 10000;
	if (!vctx_sys_get_name(id, VHIN_CONTEXT, name, sizeof(name)) && name[0])
		info->name = vx_strdup(name);
	look_running(info);
	return info;
}

/* An unreadable directory must not look like an empty one. */
static int readable(struct vctx *v, struct vctx_err *err)
{
	if (access(v->run, R_OK | X_OK) && errno != ENOENT)
		return vx_fail_errno(err, VCTX_FAILED,
				     geteuid() ? "run as root" : NULL,
				     "cannot read %s", v->run);
	return 0;
}

struct vctx_info *vctx_find(struct vctx *v, const char *name_or_id,
			    struct vctx_err *err)
{
	struct vctx_info *info = NULL;

	if (readable(v, err))
		return NULL;
	if (name_or_id[0] &&
	    strspn(name_or_id, "0123456789") == strlen(name_or_id)) {
		unsigned long id = strtoul(name_or_id, NULL, 10);
		vx_autofree char *name = NULL;

		if (id >= VX_XID_MIN && id <= VX_XID_MAX) {
			name = vx_marked(v->run, (uint32_t)id);
			if (!name)
				name = vx_marked(v->lib, (uint32_t)id);
			if (name)
				info = look(v, name);
			/* A number means the running context that has it, if any. */
			if (!info || info->id != id ||
			    info->state == VCTX_STOPPED) {
				struct vctx_info *k = look_kernel((uint32_t)id);

				if (k || (info && info->id != id)) {
					vctx_info_free(info);
					info = k;
				}
			}
		}
	} else {
		if (vctx_name_check(name_or_id, err))
			return NULL;
		info = look(v, name_or_id);
	}
	if (!info)
		vx_fail(err, VCTX_NOCTX, "'vctx list' shows the contexts",
			"no such context");
	return info;
}

struct list {
	struct vctx_info **v;
	size_t n;
	unsigned char *have;	/* by id: running contexts we know */
};

static void list_add(struct list *l, struct vctx_info *info)
{
	if (!info)
		return;
	l->v = vx_realloc(l->v, (l->n + 2) * sizeof(*l->v));
	l->v[l->n++] = info;
	l->v[l->n] = NULL;
	if (info->state != VCTX_STOPPED && info->id <= VX_XID_MAX)
		l->have[info->id] = 1;
}

static void list_dir(struct list *l, struct vctx *v, const char *dir,
		     bool created)
{
	DIR *h = opendir(dir);
	struct dirent *d;

	while (h && (d = readdir(h))) {
		if (d->d_name[0] == '.' || vctx_name_check(d->d_name, NULL))
			continue;
		/* created ones were found in the first pass */
		if (!created && vx_exists(v, d->d_name))
			continue;
		list_add(l, look(v, d->d_name));
	}
	if (h)
		closedir(h);
}

static int by_name(const void *a, const void *b)
{
	const struct vctx_info *x = *(struct vctx_info *const *)a;
	const struct vctx_info *y = *(struct vctx_info *const *)b;

	if (!x->name || !y->name) {
		if (x->name || y->name)
			return x->name ? -1 : 1;
	} else {
		int r = strcmp(x->name, y->name);

		if (r)
			return r;
	}
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->unmanaged - y->unmanaged;
}

struct vctx_info **vctx_list(struct vctx *v, struct vctx_err *err)
{
	vx_autofree unsigned char *have = vx_alloc(VX_XID_MAX + 1);
	vx_autofree unsigned char *kernel = vx_alloc(VX_XID_MAX + 1);
	struct list l = { .have = have };
	uint32_t id;

	if (readable(v, err))
		return NULL;
	l.v = vx_alloc(sizeof(*l.v));
	list_dir(&l, v, v->lib, true);
	list_dir(&l, v, v->run, false);
	scan_ids("/proc/virtual", kernel);
	for (id = VX_XID_MIN; id <= VX_XID_MAX; id++)
		if (kernel[id] && !have[id])
			list_add(&l, look_kernel(id));
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	return l.v;
}

void vctx_list_free(struct vctx_info **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		vctx_info_free(list[i]);
	free(list);
}
