// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named pipes in a directory that the host shares with all instances: "out", which
 * all write to, and "in.N", which instance N reads. Each end is opened for reading
 * and writing: nobody waits in open(), and nobody sees an end of file between two
 * users.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scale.h"

/* One write of this is one read: it is shorter than PIPE_BUF. */
struct said {
	uint32_t i, value;
	char word, pad[3];
};

static char dir[PATH_MAX - 32];
static unsigned int count;
static int out = -1, in[MAX_INSTANCES], self = -1;
static unsigned int me;

static int make(char *path, size_t room, const char *name, unsigned int i, struct scale_err *err)
{
	int fd;

	if (i < MAX_INSTANCES)
		snprintf(path, room, "%s/%s.%u", dir, name, i);
	else
		snprintf(path, room, "%s/%s", dir, name);
	unlink(path);
	/* Whoever root is in an instance may not be root out here. */
	if (mkfifo(path, 0666) != 0 || chmod(path, 0666) != 0)
		return scale_fail(err, "%.100s: %s", path, strerror(errno));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return scale_fail(err, "%.100s: %s", path, strerror(errno));
	return fd;
}

static void fifo_close(void)
{
	char path[PATH_MAX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (in[i] >= 0)
			close(in[i]);
		snprintf(path, sizeof(path), "%s/in.%u", dir, i);
		unlink(path);
	}
	count = 0;
	if (out >= 0)
		close(out);
	out = -1;
	snprintf(path, sizeof(path), "%s/out", dir);
	unlink(path);
}

static int fifo_open(const char *where, unsigned int n, struct scale_err *err)
{
	char path[PATH_MAX];

	if (!*where || strlen(where) >= sizeof(dir))
		return scale_fail(err, "wire fifo needs a directory");
	strcpy(dir, where);
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return scale_fail(err, "%.100s: %s", dir, strerror(errno));
	out = make(path, sizeof(path), "out", UINT_MAX, err);
	if (out < 0)
		return -1;
	for (count = 0; count < n; count++) {
		in[count] = make(path, sizeof(path), "in", count, err);
		if (in[count] < 0) {
			fifo_close();
			return -1;
		}
	}
	return 0;
}

static int fifo_listen(unsigned int *i, char *says, uint32_t *value, struct scale_err *err)
{
	struct said s;

	ssize_t n;

	do
		n = read(out, &s, sizeof(s));
	while (n < 0 && errno == EINTR && !scale_late);
	if (n != (ssize_t)sizeof(s))
		return scale_fail(err, "read from the instances: %s", strerror(errno));
	if (s.i >= count)
		return scale_fail(err, "instance %u speaks and does not exist", s.i);
	*i = s.i;
	*says = s.word;
	*value = s.value;
	return 0;
}

static int fifo_tell(unsigned int i, char word, struct scale_err *err)
{
	if (write(in[i], &word, 1) != 1)
		return scale_fail(err, "tell instance %u: %s", i, strerror(errno));
	return 0;
}

/* The others are silent meanwhile. */
static int fifo_forget(unsigned int i, struct scale_err *err)
{
	const int fds[] = { in[i], out };
	char buf[512];
	int n;

	for (unsigned int k = 0; k < 2; k++)
		while (ioctl(fds[k], FIONREAD, &n) == 0 && n > 0)
			if (read(fds[k], buf, sizeof(buf)) < 0)
				return scale_fail(err, "read what was left: %s", strerror(errno));
	return 0;
}

static int fifo_join(const char *where, unsigned int i, struct scale_err *err)
{
	char path[PATH_MAX];

	me = i;
	snprintf(path, sizeof(path), "%s/in.%u", where, i);
	self = open(path, O_RDWR | O_CLOEXEC);
	if (self < 0)
		return scale_fail(err, "%.100s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/out", where);
	out = open(path, O_RDWR | O_CLOEXEC);
	if (out < 0)
		return scale_fail(err, "%.100s: %s", path, strerror(errno));
	return 0;
}

static int fifo_say(char word, uint32_t value, struct scale_err *err)
{
	const struct said s = { .i = me, .value = value, .word = word };

	if (write(out, &s, sizeof(s)) != (ssize_t)sizeof(s))
		return scale_fail(err, "write to the host: %s", strerror(errno));
	return 0;
}

static int fifo_hear(char *word, struct scale_err *err)
{
	if (read(self, word, 1) != 1)
		return scale_fail(err, "read from the host: %s", strerror(errno));
	return 0;
}

const struct wire wire_fifo = {
	.name = "fifo",
	.open = fifo_open,
	.listen = fifo_listen,
	.tell = fifo_tell,
	.forget = fifo_forget,
	.close = fifo_close,
	.join = fifo_join,
	.say = fifo_say,
	.hear = fifo_hear,
};
