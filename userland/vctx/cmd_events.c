// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx events: what happens to contexts. */

#include <time.h>

#include "cli.h"

/* "10m" ago, or a date of RFC 3339 in UTC; milliseconds since 1970, -1: neither. */
static int64_t parse_since(const char *text)
{
	struct timespec now;
	uint64_t ago;
	struct tm tm = { 0 };
	const char *end;
	int64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (!vctx_parse_time(text, &ago))
		return (int64_t)ago > ms ? 0 : ms - (int64_t)ago;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end)
		return -1;
	ms = (int64_t)timegm(&tm) * 1000;
	if (*end == '.') {
		int64_t unit = 100;

		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			ms += unit * (*end - '0');
	}
	return strcmp(end, "Z") || ms < 0 ? -1 : ms;
}

static bool wanted(struct cli *c, const struct vctx_event *e)
{
	char id[16];
	size_t i;

	snprintf(id, sizeof(id), "%u", e->id);
	for (i = 0; i < c->n_args; i++)
		if ((e->name && !strcmp(c->args[i], e->name)) ||
		    !strcmp(c->args[i], id) ||
		    (e->what && !strcmp(e->event, "renamed") &&
		     !strcmp(c->args[i], e->what)))
			return true;
	return !c->n_args;
}

static int print(struct cli *c, const struct vctx_event *e)
{
	if (c->json) {
		json_t *o = json_object();

		json_object_set_new(o, "time", cli_string(e->time));
		json_object_set_new(o, "event", cli_string(e->event));
		json_object_set_new(o, "name", cli_string(e->name));
		json_object_set_new(o, "id", e->id ? json_integer(e->id) :
				    json_null());
		json_object_set_new(o, "what", cli_string(e->what));
		json_object_set_new(o, "count", e->count ?
				    json_integer((json_int_t)e->count) :
				    json_null());
		json_object_set_new(o, "unmanaged", json_boolean(e->unmanaged));
		return cli_json(o);
	}
	printf("%s %s", e->time, e->name ? e->name : "-");
	if (e->id)
		printf(" (%u)", e->id);
	printf(" %s", e->event);
	if (e->what)
		printf(" %s%s", strcmp(e->event, "renamed") ? "" : "from ",
		       e->what);
	if (e->count)
		printf(", %llu times", (unsigned long long)e->count);
	putchar('\n');
	return cli_flush();
}

int cmd_events(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_events *events;
	struct vctx_event *e;
	uint64_t step = 500, timeout = 0;
	unsigned long left = 0;
	int64_t since = -1;
	char *end;
	int r = 0;

	if (c->interval && (vctx_parse_time(c->interval, &step) || step < 10 ||
			    step > 3600000))
		return cli_usage(c, "a time from 10ms to 1h", "bad time \"%s\"",
				 c->interval);
	if (c->timeout && vctx_parse_time(c->timeout, &timeout))
		return cli_usage(c, "a time such as 10s, 500ms or 2m",
				 "bad time \"%s\"", c->timeout);
	if (c->since && (since = parse_since(c->since)) < 0)
		return cli_usage(c, "a time ago such as 10m, or a date such as 2026-11-27T13:00:00Z",
				 "bad time \"%s\"", c->since);
	if (c->count) {
		left = strtoul(c->count, &end, 10);
		if (*end || c->count[0] < '0' || c->count[0] > '9' || !left)
			return cli_usage(c, "a number of events, 1 or more",
					 "bad number \"%s\"", c->count);
	}
	events = vctx_events_open(c->v, since, step, &err);
	if (!events)
		return cli_fail(c, NULL, &err);
	while (!r && vctx_events_next(events, c->timeout ? (int64_t)timeout : -1,
				      &e) > 0) {
		if (wanted(c, e)) {
			r = print(c, e);
			if (left && !--left) {
				vctx_event_free(e);
				break;
			}
		}
		vctx_event_free(e);
	}
	vctx_events_close(events);
	return r;
}
