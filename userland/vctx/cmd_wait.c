// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx wait: until a context has a state. */

#include <time.h>

#include "cli.h"

static int wait_running(struct cli *c, const char *name, int64_t timeout_ms,
			struct vctx_err *err)
{
	const struct timespec step = { 0, 50000000 };
	int64_t left = timeout_ms;

	/* Nothing announces a start, so this one looks 20 times a second. */
	for (;;) {
		struct vctx_info *x = vctx_find(c->v, name, err);
		bool up = x && x->state == VCTX_RUNNING;

		vctx_info_free(x);
		if (!x)
			return -1;
		if (up)
			return 0;
		if (timeout_ms >= 0 && left <= 0) {
			vctx_err_clear(err);
			err->code = VCTX_TIMEOUT;
			err->msg = strdup("the context still does not run after the time given");
			return -1;
		}
		nanosleep(&step, NULL);
		left -= 50;
	}
}

int cmd_wait(struct cli *c)
{
	const char *name = c->args[0];
	const char *state = c->state ? c->state : "stopped";
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *x;
	int64_t timeout = -1;
	uint64_t ms;
	int r;

	if (c->timeout) {
		if (vctx_parse_time(c->timeout, &ms))
			return cli_usage(c, "a time such as 10s, 500ms or 2m",
					 "bad time \"%s\"", c->timeout);
		timeout = (int64_t)ms;
	}
	if (strcmp(state, "stopped") && strcmp(state, "running"))
		return cli_usage(c, "stopped or running",
				 "unknown state \"%s\"", state);
	if (!strcmp(state, "running")) {
		r = wait_running(c, name, timeout, &err);
	} else {
		x = vctx_find(c->v, name, &err);
		r = !x ? -1 : x->state == VCTX_STOPPED ? 0 :
		    vctx_wait_exit(x->id, timeout, NULL, &err);
		vctx_info_free(x);
	}
	return r ? cli_fail(c, name, &err) : 0;
}
