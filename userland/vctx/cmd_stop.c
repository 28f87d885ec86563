// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx stop: end a context, politely first. */

#include "cli.h"

int cmd_stop(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	uint64_t timeout;
	char sig[16];
	bool killed = false;
	int r;

	if (c->timeout && vctx_parse_time(c->timeout, &timeout))
		return cli_usage(c, "a time such as 10s, 500ms or 2m",
				 "bad time \"%s\"", c->timeout);
	info = vctx_find(c->v, name, &err);
	if (!info)
		return cli_fail(c, name, &err);
	if (!c->timeout)
		timeout = info->stop_timeout_ms;
	if (c->kill)
		timeout = 0;
	if (c->dry_run) {
		if (info->state == VCTX_STOPPED) {
			puts(" 1  nothing: it is not running");
		} else if (timeout) {
			printf(" 1  send %s to its init\n"
			       " 2  wait up to %llu ms\n"
			       " 3  send SIGKILL to what is left\n",
			       vctx_signal_name(info->stop_signal, sig,
						sizeof(sig)),
			       (unsigned long long)timeout);
		} else {
			puts(" 1  send SIGKILL to all its processes");
		}
		vctx_info_free(info);
		return cli_flush();
	}
	if (info->state == VCTX_STOPPED)
		cli_note(c, name, "context is not running");
	r = vctx_stop(c->v, info, timeout, &killed, &err);
	if (r)
		r = cli_fail(c, name, &err);
	else if (killed)
		cli_note(c, name, "it did not end within %llu ms and was killed",
			 (unsigned long long)timeout);
	vctx_info_free(info);
	return r;
}
