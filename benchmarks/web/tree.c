// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of the workload on a disk; the contract is in tree.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mix.h"
#include "tree.h"

/* Calls @fn for the wanted files of directory @dir until it returns other than
 * 0. */
static int each_file(uint32_t dir, tree_want *want,
		     int (*fn)(int at, const struct mix_file *f), int at,
		     char what[32])
{
	struct mix_file f = {.dir = dir};
	int rc;

	for (f.class = 0; f.class < MIX_CLASSES; f.class ++)
		for (f.number = 1; f.number <= MIX_FILES; f.number++) {
			if (want && !want(&f))
				continue;
			rc = fn(at, &f);
			if (rc != 0) {
				mix_path(&f, what);
				return rc;
			}
		}
	return 0;
}

static int make_file(int at, const struct mix_file *f)
{
	const struct timespec times[2] = {{.tv_sec = MIX_MTIME},
					  {.tv_sec = MIX_MTIME}};
	static uint8_t buf[65536];
	char path[MIX_PATH];
	struct content c;
	int fd, saved;

	mix_path(f, path);
	fd = openat(at, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	content_start(&c, f);
	while (content_left(&c) > 0) {
		size_t n = content_left(&c), done = 0;

		if (n > sizeof(buf))
			n = sizeof(buf);
		content_fill(&c, buf, n);
		while (done < n) {
			ssize_t k = write(fd, buf + done, n - done);

			if (k < 0 && errno == EINTR)
				continue;
			if (k <= 0)
				goto fail;
			done += (size_t)k;
		}
	}
	if (futimens(fd, times) != 0)
		goto fail;
	return close(fd);
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int tree_make(int at, uint32_t dirs, tree_want *want, const volatile int *stop,
	      char what[32])
{
	uint32_t d;

	for (d = 0; d < dirs; d++) {
		snprintf(what, 32, "d%05u", d);
		if (*stop) {
			errno = EINTR;
			return -1;
		}
		if (mkdirat(at, what, 0755) != 0)
			return -1;
		if (each_file(d, want, make_file, at, what) != 0)
			return -1;
	}
	return 0;
}

static int check_file(int at, const struct mix_file *f)
{
	static uint8_t buf[65536];
	char path[MIX_PATH];
	struct content c;
	struct stat st;
	int fd, rc = 1;

	mix_path(f, path);
	fd = openat(at, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	content_start(&c, f);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != (off_t)mix_size(f) || st.st_mtime != MIX_MTIME)
		goto out;
	while (content_left(&c) > 0) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = -1;
		if (n <= 0 || !content_check(&c, buf, (size_t)n))
			goto out;
	}
	rc = 0;
out:
	close(fd);
	return rc;
}

int tree_check(int at, uint32_t dirs, tree_want *want, const volatile int *stop,
	       char what[32])
{
	uint32_t d;
	int rc;

	for (d = 0; d < dirs; d++) {
		if (*stop) {
			errno = EINTR;
			return -1;
		}
		rc = each_file(d, want, check_file, at, what);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int remove_file(int at, const struct mix_file *f)
{
	char path[MIX_PATH];

	mix_path(f, path);
	unlinkat(at, path, 0); /* the last directory has only some of them */
	return 0;
}

void tree_remove(int at, uint32_t dirs)
{
	char what[32];
	uint32_t d;

	for (d = 0; d < dirs; d++) {
		each_file(d, NULL, remove_file, at, what);
		snprintf(what, sizeof(what), "d%05u", d);
		if (unlinkat(at, what, AT_REMOVEDIR) != 0 && errno == ENOENT)
			break;
	}
}
