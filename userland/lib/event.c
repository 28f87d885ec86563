// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What happens to contexts.
 *
 * Commands are the source of most of it: nobody else knows the name of a context
 * that was made, or that one was stopped and not ended by itself.  They add a line
 * to /var/log/vctx/events.jsonl when it has happened, and that file, watched with
 * inotify, is also what a watcher reads, so that there is one order of things and
 * the past can be asked for.  The kernel has no file that tells of contexts as they
 * come and go, and tracepoints cannot be read by two at a time without a program
 * of one's own in the kernel; so the rest is looked for every half second: a
 * context that is gone although nobody stopped it (whoever notices, a watcher or
 * the next command, adds the line), contexts of other tools (/proc/virtual), and
 * the kernel's counters of limits that were in the way and of processes killed for
 * want of memory, which are told to each watcher and are not kept.
 */

#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "internal.h"

#define HISTORY		"events.jsonl"
/* Then it becomes the old one, of which there is one: enough for 20,000 events. */
#define HISTORY_MAX	(1L << 20)

static char *history_path(struct vctx *v, bool old)
{
	return vx_printf("%s/" HISTORY "%s", v->log, old ? ".1" : "");
}

static char *now_text(void)
{
	struct timespec ts;
	struct tm tm;
	char buf[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
	return vx_printf("%s.%03ldZ", buf, ts.tv_nsec / 1000000);
}

/* Open it for adding a line, a new one when it is long; with its lock. */
static int history_open(struct vctx *v)
{
	vx_autofree char *path = history_path(v, false);
	vx_autofree char *old = history_path(v, true);
	int tries;

	for (tries = 0; tries < 10; tries++) {
		struct stat a, b;
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
			      O_NOFOLLOW, 0640);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) || fstat(fd, &a) || stat(path, &b) ||
		    a.st_ino != b.st_ino) {
			close(fd);
			continue;
		}
		if (a.st_size < HISTORY_MAX || rename(path, old))
			return fd;
		close(fd);
	}
	return -1;
}

void vx_event(struct vctx *v, const char *event, const char *name, uint32_t id,
	      const char *what)
{
	vx_autofree char *time = now_text();
	vx_autofree char *text = NULL;
	vx_autofree char *line = NULL;
	int saved = errno, fd;
	json_t *o = json_object();

	json_object_set_new(o, "time", json_string(time));
	json_object_set_new(o, "event", json_string(event));
	json_object_set_new(o, "name", json_string(name));
	json_object_set_new(o, "id", json_integer(id));
	if (what)
		json_object_set_new(o, "what", json_string(what));
	text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	/* What has happened has happened, whether or not it can be told. */
	if (text && !vx_mkdirs(v->log, 0700, NULL)) {
		line = vx_printf("%s\n", text);
		fd = history_open(v);
		if (fd >= 0) {
			ssize_t w = write(fd, line, strlen(line));

			(void)w;
			close(fd);
		}
	}
	errno = saved;
}

void vctx_note_pause(struct vctx *v, const struct vctx_info *info, bool hold)
{
	if (info->name && !info->unmanaged)
		vx_event(v, hold ? "paused" : "resumed", info->name, info->id,
			 NULL);
}

void vctx_event_free(struct vctx_event *e)
{
	if (!e)
		return;
	free(e->time);
	free(e->event);
	free(e->name);
	free(e->what);
	free(e);
}

/* What a watcher has seen of a context that runs. */
struct seen {
	char *name;
	uint32_t id;
	bool unmanaged, here;
	bool have_limits, have_objects;
	struct vctx_limits limits;
	struct vctx_limit objects[VCTX_OBJECTS];
};

struct vctx_events {
	struct vctx *v;
	char *path;
	int inotify, fd;
	ino_t ino;
	char *rest;		/* a line that is not complete yet */
	char *since;		/* as text; texts of times sort as times do */
	struct vctx_event **queue;
	size_t first, n;
	struct seen *seen;
	size_t n_seen;
	bool looked;		/* what is there at the start is no event */
	uint64_t step_ms, next_look;
};

static uint64_t clock_ms(void)
{
	return vx_boottime_ns() / 1000000;
}

static void enqueue(struct vctx_events *e, struct vctx_event *ev)
{
	if (e->first == e->n)
		e->first = e->n = 0;
	e->queue = vx_realloc(e->queue, (e->n + 1) * sizeof(*e->queue));
	e->queue[e->n++] = ev;
}

static void take_line(struct vctx_events *e, const char *line)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *time = json_string_value(json_object_get(o, "time"));
	const char *event = json_string_value(json_object_get(o, "event"));
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *what = json_string_value(json_object_get(o, "what"));

	if (time && event && name && (!e->since || strcmp(time, e->since) >= 0)) {
		struct vctx_event *ev = vx_alloc(sizeof(*ev));

		ev->time = vx_strdup(time);
		ev->event = vx_strdup(event);
		ev->name = vx_strdup(name);
		ev->id = (uint32_t)json_integer_value(json_object_get(o, "id"));
		ev->what = what ? vx_strdup(what) : NULL;
		enqueue(e, ev);
	}
	json_decref(o);
}

/* Every complete line from where the file stands. */
static void take_lines(struct vctx_events *e)
{
	char buf[65537], *line, *end;
	ssize_t n;

	while (e->fd >= 0 && (n = read(e->fd, buf, sizeof(buf) - 1)) > 0) {
		char *all;

		buf[n] = '\0';
		all = vx_printf("%s%s", e->rest ? e->rest : "", buf);
		free(e->rest);
		for (line = all; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			take_line(e, line);
		}
		e->rest = vx_strdup(line);
		free(all);
	}
}

/* A new file begins when the old one was long enough. */
static void follow_file(struct vctx_events *e)
{
	struct stat st;

	take_lines(e);
	if (stat(e->path, &st) || (e->fd >= 0 && st.st_ino == e->ino))
		return;
	/* Its last lines came before it got its other name. */
	take_lines(e);
	if (e->fd >= 0)
		close(e->fd);
	free(e->rest);
	e->rest = NULL;
	e->fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (e->fd >= 0 && !fstat(e->fd, &st))
		e->ino = st.st_ino;
	take_lines(e);
}

struct vctx_events *vctx_events_open(struct vctx *v, int64_t since,
				     uint64_t step_ms, struct vctx_err *err)
{
	struct vctx_events *e = vx_alloc(sizeof(*e));
	struct stat st;

	e->v = v;
	e->fd = -1;
	e->step_ms = step_ms;
	e->path = history_path(v, false);
	e->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (vx_mkdirs(v->log, 0700, err))
		goto fail;
	if (e->inotify < 0 ||
	    inotify_add_watch(e->inotify, v->log, IN_MODIFY | IN_CREATE) < 0) {
		vx_fail_errno(err, VCTX_FAILED, geteuid() ? "run as root" : NULL,
			      "cannot watch %s", v->log);
		goto fail;
	}
	if (since >= 0) {
		vx_autofree char *old = history_path(v, true);
		time_t t = (time_t)(since / 1000);
		struct tm tm;
		char buf[32];

		gmtime_r(&t, &tm);
		strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
		e->since = vx_printf("%s.%03dZ", buf, (int)(since % 1000));
		e->fd = open(old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (e->fd >= 0 && !fstat(e->fd, &st))
			e->ino = st.st_ino;
	} else {
		e->fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (e->fd >= 0 && !fstat(e->fd, &st)) {
			e->ino = st.st_ino;
			lseek(e->fd, 0, SEEK_END);
		}
	}
	follow_file(e);
	return e;
fail:
	vctx_events_close(e);
	return NULL;
}

static void seen_free(struct seen *s)
{
	free(s->name);
}

void vctx_events_close(struct vctx_events *e)
{
	size_t i;

	if (!e)
		return;
	while (e->first < e->n)
		vctx_event_free(e->queue[e->first++]);
	for (i = 0; i < e->n_seen; i++)
		seen_free(&e->seen[i]);
	if (e->inotify >= 0)
		close(e->inotify);
	if (e->fd >= 0)
		close(e->fd);
	free(e->queue);
	free(e->seen);
	free(e->path);
	free(e->rest);
	free(e->since);
	free(e);
}

static void tell(struct vctx_events *e, const struct seen *s, const char *event,
		 const char *what, uint64_t count)
{
	struct vctx_event *ev = vx_alloc(sizeof(*ev));

	ev->time = now_text();
	ev->event = vx_strdup(event);
	ev->name = s->name ? vx_strdup(s->name) : NULL;
	ev->id = s->id;
	ev->unmanaged = s->unmanaged;
	ev->what = what ? vx_strdup(what) : NULL;
	ev->count = count;
	enqueue(e, ev);
}

static void more_hits(struct vctx_events *e, const struct seen *s,
		      const char *what, uint64_t old, uint64_t new)
{
	if (new > old)
		tell(e, s, "limit", what, new - old);
}

/* Counters only grow; one that does not is of a new run. */
static void look_limits(struct vctx_events *e, struct seen *s,
			const struct vctx_info *x)
{
	struct vctx_limit now[VCTX_OBJECTS] = { 0 };
	struct vctx_limits l = { 0 };
	bool have = !vctx_limits(x, &l), have_objects = !vctx_objects(x, now);
	size_t i;

	if (have && s->have_limits) {
		if (l.oom_kills > s->limits.oom_kills)
			tell(e, s, "oom", NULL, l.oom_kills - s->limits.oom_kills);
		more_hits(e, s, "memory.max", s->limits.memory.hits, l.memory.hits);
		more_hits(e, s, "memory.swap", s->limits.swap.hits, l.swap.hits);
		more_hits(e, s, "limits.processes", s->limits.processes.hits,
			  l.processes.hits);
	}
	for (i = 0; have_objects && s->have_objects && i < VCTX_OBJECTS; i++)
		more_hits(e, s, vx_object_key(i), s->objects[i].hits,
			  now[i].hits);
	s->have_limits = have;
	s->have_objects = have_objects;
	s->limits = l;
	memcpy(s->objects, now, sizeof(now));
}

static struct seen *find_seen(struct vctx_events *e, const struct vctx_info *x)
{
	size_t i;

	for (i = 0; i < e->n_seen; i++)
		if (e->seen[i].id == x->id && e->seen[i].unmanaged == x->unmanaged)
			return &e->seen[i];
	return NULL;
}

/* The kernel's side. */
static void look(struct vctx_events *e)
{
	struct vctx_info **list = vctx_list(e->v, NULL);
	size_t i, k = 0;

	for (i = 0; i < e->n_seen; i++)
		e->seen[i].here = false;
	for (i = 0; list && list[i]; i++) {
		const struct vctx_info *x = list[i];
		struct seen *s;

		if (x->state != VCTX_RUNNING) {
			/* Ended by itself: its record is dropped, and that told. */
			if (x->state == VCTX_STOPPED && x->name)
				vctx_forget(e->v, x->name, NULL);
			continue;
		}
		s = find_seen(e, x);
		if (!s) {
			e->seen = vx_realloc(e->seen, (e->n_seen + 1) *
					     sizeof(*e->seen));
			s = &e->seen[e->n_seen++];
			memset(s, 0, sizeof(*s));
			s->id = x->id;
			s->unmanaged = x->unmanaged;
			s->name = x->name ? vx_strdup(x->name) : NULL;
			/* Of ours their start was told. */
			if (e->looked && s->unmanaged)
				tell(e, s, "started", NULL, 0);
			/* Before it was here it had no hits. */
			s->have_limits = s->have_objects = e->looked;
		}
		s->here = true;
		look_limits(e, s, x);
	}
	for (i = 0; list && i < e->n_seen; i++) {
		struct seen *s = &e->seen[i];

		if (s->here) {
			e->seen[k++] = *s;
			continue;
		}
		if (s->unmanaged)
			tell(e, s, "exited", NULL, 0);
		else if (s->name)
			vctx_forget(e->v, s->name, NULL);
		seen_free(s);
	}
	if (list)
		e->n_seen = k;
	e->looked = true;
	vctx_list_free(list);
}

int vctx_events_next(struct vctx_events *e, int64_t timeout_ms,
		     struct vctx_event **ev)
{
	uint64_t end = clock_ms() + (timeout_ms > 0 ? (uint64_t)timeout_ms : 0);

	for (;;) {
		struct pollfd p = { .fd = e->inotify, .events = POLLIN };
		uint64_t now = clock_ms(), wait;
		char buf[4096];

		if (e->first < e->n) {
			*ev = e->queue[e->first++];
			return 1;
		}
		if (now >= e->next_look) {
			look(e);
			e->next_look = clock_ms() + e->step_ms;
			follow_file(e);
			if (e->first < e->n)
				continue;
			now = clock_ms();
		}
		if (timeout_ms >= 0 && now >= end)
			return 0;
		wait = e->next_look > now ? e->next_look - now : 0;
		if (timeout_ms >= 0 && end - now < wait)
			wait = end - now;
		if (poll(&p, 1, (int)wait) > 0)
			while (read(e->inotify, buf, sizeof(buf)) > 0)
				;
		follow_file(e);
	}
}
