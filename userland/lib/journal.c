// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The journal of a command that makes things which outlive it.
 *
 * A line is written before the thing is made, so whatever a killed command
 * leaves is known; a line whose thing was never made does no harm.
 *
 *   root PATH	the root directory that the next two are in
 *   dir PATH	a mount point, made because it was missing
 *   file PATH	the same, an empty file
 *   mark ID	the id was reserved
 *   libdir PATH	the directory of the record was made
 *   conf PATH	the configuration was written
 *   tree INODE PATH	a tree was made; INODE 0: the name is ours alone
 *   moving NAME	it is being renamed to NAME
 *
 * "mark", "libdir", "conf" and "tree" are those of create and delete, and stand only as
 * long as the record (meta.json) is not there: it comes last and goes first.
 * So does "moving": the record moves first, the rest follows, see rename.c.  The first
 * three are those of a start; one that succeeds drops its journal.
 */

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "copy.h"
#include "internal.h"

#define JOURNAL_MAX	(1U << 20)

static char *path_of(struct vctx *v, const char *name)
{
	return vx_printf("%s/%s/journal", v->run, name);
}

int vx_open_in_root(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int vx_journal_open(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *path = path_of(v, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC |
		      O_NOFOLLOW, 0600);

	if (fd < 0 || vx_fail_point("journal")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int vx_journal_add(int fd, struct vctx_err *err, const char *fmt, ...)
{
	vx_autofree char *text = NULL;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	n = strlen(text);
	text = vx_realloc(text, n + 2);
	strcpy(text + n, "\n");
	/* One write: a line is there or it is not. */
	if (write(fd, text, n + 1) != (ssize_t)n + 1)
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot write the journal");
	return 0;
}

void vx_journal_drop(struct vctx *v, const char *name)
{
	vx_autofree char *path = path_of(v, name);

	unlink(path);
}

static void tell(const struct vx_say *say, const char *name, const char *fmt,
		 ...) __attribute__((format(printf, 3, 4)));

static void tell(const struct vx_say *say, const char *name, const char *fmt,
		 ...)
{
	vx_autofree char *text = NULL;
	va_list ap;

	if (!say)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		say->fn(say->arg, name, text);
}

/* Take back a mount point, if it is still there and nothing is in it. */
static bool unmake(const char *root_path, const char *path, bool dir,
		   bool commit)
{
	vx_autoclose int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	vx_autofree char *up = vx_strdup(path);
	char *slash = strrchr(up, '/');
	vx_autoclose int parent = -1;
	struct stat st;

	if (root < 0 || !slash)
		return false;
	*slash = '\0';
	parent = vx_open_in_root(root, up[0] ? up : "/", O_PATH | O_DIRECTORY);
	if (parent < 0 || fstatat(parent, slash + 1, &st, AT_SYMLINK_NOFOLLOW) ||
	    (dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode) || st.st_size))
		return false;
	return !commit || !unlinkat(parent, slash + 1, dir ? AT_REMOVEDIR : 0);
}

/* Temporary files of an interrupted write of "base". */
void vx_drop_temporary(const char *dir, const char *base)
{
	vx_autofree char *prefix = vx_printf(".%s.", base);
	size_t n = strlen(prefix);
	DIR *h = opendir(dir);
	struct dirent *d;

	while (h && (d = readdir(h)))
		if (!strncmp(d->d_name, prefix, n) &&
		    strlen(d->d_name) == n + 6)
			unlinkat(dirfd(h), d->d_name, 0);
	if (h)
		closedir(h);
}

/* The record is there already; what is left to do is under its new name. */
static int finish_moving(struct vctx *v, const char *name)
{
	vx_autoclose int lock = vx_lock_untidied(v, name, NULL);
	int r;

	if (lock < 0)
		return -1;
	r = vx_rename_finish(v, name, NULL);
	vx_state_remove(v, name, 0);
	return r;
}

static size_t undo_line(struct vctx *v, const char *name, const char *root,
			const char *line, bool commit, const struct vx_say *say)
{
	const char *what = strchr(line, ' ');
	bool dir = !strncmp(line, "dir ", 4);
	bool created = vx_exists(v, name);
	vx_autofree char *base = NULL;

	if (!what++)
		return 0;
	if (dir || !strncmp(line, "file ", 5)) {
		if (!root || !unmake(root, what, dir, commit))
			return 0;
		tell(say, name, "remove %s%s, a mount point that an interrupted start made",
		     strcmp(root, "/") ? root : "", what);
		return 1;
	}
	if (created)
		return 0;
	if (!strncmp(line, "mark ", 5)) {
		uint32_t id = (uint32_t)strtoul(what, NULL, 10);
		vx_autofree char *owner = vx_marked(v->lib, id);

		if (!owner || strcmp(owner, name))
			return 0;
		if (commit)
			vx_unmark(v->lib, id, name);
		tell(say, name, "free the context id %u", id);
	} else if (!strncmp(line, "libdir ", 7)) {
		if (access(what, F_OK))
			return 0;
		if (commit) {
			vx_drop_temporary(what, "meta.json");
			/* stays when the user keeps things in it */
			if (rmdir(what))
				return 0;
		}
		tell(say, name, "remove %s, which belonged to its record", what);
	} else if (!strncmp(line, "conf ", 5)) {
		base = vx_printf("%s.conf", name);
		if (commit) {
			vx_set_forget(v, name);
			vx_drop_temporary(v->etc, base);
		}
		if (access(what, F_OK) || (commit && unlink(what)))
			return 0;
		tell(say, name, "remove %s, which create had written", what);
	} else if (!strncmp(line, "tree ", 5)) {
		unsigned long long ino = strtoull(what, NULL, 10);
		const char *path = strchr(what, ' ');
		struct stat st;

		if (!path || lstat(++path, &st) || !S_ISDIR(st.st_mode) ||
		    (ino && st.st_ino != ino))
			return 0;
		if (commit && vx_remove_tree(AT_FDCWD, path))
			return 0;
		tell(say, name, "remove %s, a root that was being made", path);
	} else if (!strncmp(line, "moving ", 7)) {
		vx_autofree char *from = vx_rename_from(v, what);

		if (!from || strcmp(from, name))
			return 0;
		if (commit && finish_moving(v, what))
			return 0;
		tell(say, name, "end its renaming to \"%s\"", what);
	} else {
		return 0;
	}
	return 1;
}

size_t vx_journal_undo(struct vctx *v, const char *name, bool commit,
		       const struct vx_say *say)
{
	vx_autofree char *path = path_of(v, name);
	vx_autofree char *text = vx_read_file(path, JOURNAL_MAX);
	vx_autofree char **lines = NULL;
	const char *root = NULL;
	size_t n = 0, undone = 0;
	char *line, *save;

	if (!text)
		return 0;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		lines = vx_realloc(lines, (n + 1) * sizeof(*lines));
		lines[n++] = line;
		if (!strncmp(line, "root ", 5))
			root = line + 5;
	}
	while (n-- > 0)
		undone += undo_line(v, name, root, lines[n], commit, say);
	if (commit)
		unlink(path);
	return undone;
}
