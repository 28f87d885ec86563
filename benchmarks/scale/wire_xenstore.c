// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xenstore, which every domain has and no network is needed for. An instance
 * writes data/scale in its own directory and watches data/go; the host watches
 * all of /local/domain and so learns which domain an instance is. The messages are
 * those of xen/io/xs_wire.h, written to and read from the kernel's device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scale.h"

#define DEVICE "/dev/xen/xenbus"
#define ALL "/local/domain"
#define TOKEN "bscale"

/* The types of messages that are used here. */
enum { XS_READ = 2, XS_WATCH = 4, XS_WRITE = 11, XS_WATCH_EVENT = 15, XS_ERROR = 16 };

#define PAYLOAD 4096U

struct message {
	uint32_t type, req, tx, len;
	char data[PAYLOAD + 1];
};

static int bus = -1;
static unsigned int count, me, serial;
static int domain[MAX_INSTANCES];
/* What the last words were: a watch may tell the same thing twice. */
static unsigned int heard[MAX_INSTANCES], told[MAX_INSTANCES];

/* Watch events that came while an answer was waited for: paths, oldest first. */
#define MAX_QUEUE 4096U
static char *queue[MAX_QUEUE];
static unsigned int head, tail;

static int read_all(void *buf, size_t n, struct scale_err *err)
{
	const size_t whole = n;
	char *p = buf;

	while (n > 0) {
		ssize_t k = read(bus, p, n);

		/* Between two messages only: the rest of one is there. */
		if (k < 0 && errno == EINTR && !(scale_late && n == whole))
			continue;
		if (k <= 0)
			return scale_fail(err, "read from xenstore: %s", k ? strerror(errno) : "end of file");
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* The next message, events included. */
static int receive(struct message *m, struct scale_err *err)
{
	if (read_all(m, 16, err) != 0)
		return -1;
	if (m->len > PAYLOAD)
		return scale_fail(err, "a message of %u bytes from xenstore", m->len);
	if (read_all(m->data, m->len, err) != 0)
		return -1;
	m->data[m->len] = '\0';
	return 0;
}

static int keep_event(const struct message *m, struct scale_err *err)
{
	char *path = strdup(m->data);

	if (!path || (tail + 1) % MAX_QUEUE == head) {
		free(path);
		return scale_fail(err, "too many events from xenstore");
	}
	queue[tail] = path;
	tail = (tail + 1) % MAX_QUEUE;
	return 0;
}

/* Send @n bytes and wait for the answer, which is in @m. An answer that is an
 * error is 1 here, its name in @m. */
static int ask(uint32_t type, const void *data, size_t n, struct message *m, struct scale_err *err)
{
	struct {
		uint32_t type, req, tx, len;
		char data[512];
	} out = { .type = type, .req = ++serial, .len = (uint32_t)n };

	if (n > sizeof(out.data))
		return scale_fail(err, "a message of %zu bytes to xenstore", n);
	memcpy(out.data, data, n);
	/* The device wants header and payload of one message, in any pieces. */
	if (write(bus, &out, 16 + n) != (ssize_t)(16 + n))
		return scale_fail(err, "write to xenstore: %s", strerror(errno));
	for (;;) {
		if (receive(m, err) != 0)
			return -1;
		if (m->type == XS_WATCH_EVENT) {
			if (keep_event(m, err) != 0)
				return -1;
			continue;
		}
		return m->type == XS_ERROR;
	}
}

static int store(const char *path, const char *value, struct scale_err *err)
{
	struct message m;
	char buf[256];
	int n, rc;

	n = snprintf(buf, sizeof(buf), "%s%c%s", path, '\0', value);
	rc = ask(XS_WRITE, buf, (size_t)n, &m, err);
	if (rc > 0)
		return scale_fail(err, "xenstore: write %s: %.40s", path, m.data);
	return rc;
}

static int watch(const char *path, struct scale_err *err)
{
	struct message m;
	char buf[256];
	int n, rc;

	n = snprintf(buf, sizeof(buf), "%s%c" TOKEN, path, '\0');
	rc = ask(XS_WATCH, buf, (size_t)n + 1, &m, err);
	if (rc > 0)
		return scale_fail(err, "xenstore: watch %s: %.40s", path, m.data);
	return rc;
}

/* The path of the next event; the caller frees it. */
static int next_event(char **path, struct scale_err *err)
{
	struct message m;

	while (head == tail) {
		if (receive(&m, err) != 0)
			return -1;
		if (m.type == XS_WATCH_EVENT && keep_event(&m, err) != 0)
			return -1;
	}
	*path = queue[head];
	head = (head + 1) % MAX_QUEUE;
	return 0;
}

/* The value at @path into @m; 1 if there is none. */
static int fetch(const char *path, struct message *m, struct scale_err *err)
{
	return ask(XS_READ, path, strlen(path) + 1, m, err);
}

static int bus_open(struct scale_err *err)
{
	bus = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (bus < 0)
		return scale_fail(err, DEVICE ": %s", strerror(errno));
	return 0;
}

static void xs_close(void)
{
	/* The kernel takes the watch away with the descriptor. */
	if (bus >= 0)
		close(bus);
	bus = -1;
	while (head != tail) {
		free(queue[head]);
		head = (head + 1) % MAX_QUEUE;
	}
}

static int xs_open(const char *where, unsigned int n, struct scale_err *err)
{
	unsigned int i;

	(void)where;
	if (bus_open(err) != 0)
		return -1;
	count = n;
	for (i = 0; i < n; i++) {
		domain[i] = -1;
		heard[i] = told[i] = 0;
	}
	if (watch(ALL, err) != 0) {
		xs_close();
		return -1;
	}
	return 0;
}

static int xs_listen(unsigned int *i, char *says, uint32_t *value, struct scale_err *err)
{
	struct message m;
	unsigned int dom, inst, seq;
	int used;
	char *path;

	for (;;) {
		if (next_event(&path, err) != 0)
			return -1;
		used = 0;
		if (sscanf(path, ALL "/%u/data/scale%n", &dom, &used) != 1 || !used || path[used]) {
			free(path);
			continue;
		}
		used = fetch(path, &m, err);
		free(path);
		if (used < 0)
			return -1;
		if (used > 0) /* its domain has gone */
			continue;
		if (sscanf(m.data, "%c %u %u %u", says, &inst, &seq, value) != 4 || inst >= count)
			return scale_fail(err, "domain %u says '%.40s'", dom, m.data);
		if (domain[inst] == (int)dom && heard[inst] == seq)
			continue;
		domain[inst] = (int)dom;
		heard[inst] = seq;
		*i = inst;
		return 0;
	}
}

static int xs_tell(unsigned int i, char word, struct scale_err *err)
{
	char path[64], value[32];

	snprintf(path, sizeof(path), ALL "/%d/data/go", domain[i]);
	snprintf(value, sizeof(value), "%c %u", word, ++told[i]);
	return store(path, value, err);
}

static int xs_join(const char *where, unsigned int i, struct scale_err *err)
{
	(void)where;
	me = i;
	if (bus_open(err) != 0)
		return -1;
	return watch("data/go", err);
}

static int xs_say(char word, uint32_t value, struct scale_err *err)
{
	char text[48];

	snprintf(text, sizeof(text), "%c %u %u %u", word, me, ++told[0], value);
	return store("data/scale", text, err);
}

static int xs_hear(char *word, struct scale_err *err)
{
	struct message m;
	unsigned int seq;
	char *path;
	int rc;

	for (;;) {
		if (next_event(&path, err) != 0)
			return -1;
		free(path);
		rc = fetch("data/go", &m, err);
		if (rc < 0)
			return -1;
		if (rc > 0) /* a watch fires once to begin with */
			continue;
		if (sscanf(m.data, "%c %u", word, &seq) != 2)
			return scale_fail(err, "the host says '%.40s'", m.data);
		if (seq == heard[0])
			continue;
		heard[0] = seq;
		return 0;
	}
}

const struct wire wire_xenstore = {
	.name = "xenstore",
	.open = xs_open,
	.listen = xs_listen,
	.tell = xs_tell,
	.close = xs_close,
	.join = xs_join,
	.say = xs_say,
	.hear = xs_hear,
};
