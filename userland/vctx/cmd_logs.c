// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx logs: what the init of a context has printed. */

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"

/* Move to the start of the last n lines. */
static int skip_to(int fd, unsigned long n)
{
	off_t at = lseek(fd, 0, SEEK_END);
	char buf[4096];
	/* The newline that ends the file belongs to its last line. */
	bool last = true;

	if (at < 0)
		return -1;
	while (at > 0) {
		size_t k = at > (off_t)sizeof(buf) ? sizeof(buf) : (size_t)at;
		ssize_t got = pread(fd, buf, k, at - (off_t)k);

		if (got != (ssize_t)k)
			return -1;
		while (k-- > 0) {
			at--;
			if (buf[k] != '\n' || last) {
				last = false;
				continue;
			}
			if (!--n)
				return lseek(fd, at + 1, SEEK_SET) < 0 ? -1 : 0;
		}
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

/* What is there; -1 with errno when it cannot be read, or not be written. */
static int copy_rest(int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return -1;
	}
	return fflush(stdout) ? -1 : 0;
}

/* Until the context does not run any more, looking five times a second. */
static int follow(struct cli *c, const char *name, int fd)
{
	const struct timespec step = { 0, 200000000 };
	bool up = true;

	while (up) {
		struct vctx_info *x;
		struct stat st;

		nanosleep(&step, NULL);
		/* Looked at before the file, so that its last words are seen. */
		x = vctx_find(c->v, name, NULL);
		up = x && x->state != VCTX_STOPPED;
		vctx_info_free(x);
		/* Somebody emptied it: begin anew. */
		if (!fstat(fd, &st) && st.st_size < lseek(fd, 0, SEEK_CUR))
			lseek(fd, 0, SEEK_SET);
		if (copy_rest(fd))
			return -1;
	}
	return 0;
}

int cmd_logs(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	unsigned long lines = 0;
	char *path, *end;
	int fd, r = 0;

	if (c->lines) {
		lines = strtoul(c->lines, &end, 10);
		if (*end || c->lines[0] < '0' || c->lines[0] > '9' || !lines)
			return cli_usage(c, "a number of lines, 1 or more",
					 "bad number \"%s\"", c->lines);
	}
	info = vctx_find(c->v, name, &err);
	if (!info)
		return cli_fail(c, name, &err);
	if (info->unmanaged || info->transient) {
		fprintf(stderr, "vctx: logs %s: context has no log\n"
			"hint: only 'vctx start' keeps what a context prints\n",
			name);
		vctx_info_free(info);
		return VCTX_STATE;
	}
	path = vctx_log_path(c->v, info->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		fprintf(stderr, "vctx: logs %s: cannot read %s: %s\n", name,
			path, strerror(errno));
		if (errno == ENOENT)
			fputs("hint: it is made by 'vctx start'\n", stderr);
		r = VCTX_FAILED;
	} else if ((lines && skip_to(fd, lines)) || copy_rest(fd) ||
		   (c->follow && info->state != VCTX_STOPPED &&
		    follow(c, info->name, fd))) {
		fprintf(stderr, "vctx: logs %s: cannot show %s: %s\n", name,
			path, strerror(errno));
		r = VCTX_FAILED;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	vctx_info_free(info);
	return r;
}
