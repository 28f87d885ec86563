// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx kill: a signal into a context. */

#include <signal.h>

#include "cli.h"

int cmd_kill(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	int sig = SIGTERM;
	pid_t pid = 1;
	char buf[16];
	int r;

	if (c->n_args > 1) {
		sig = vctx_signal_number(c->args[1]);
		if (sig < 0)
			return cli_usage(c, "a name such as SIGTERM, or a number",
					 "unknown signal \"%s\"", c->args[1]);
	}
	if (c->pid) {
		char *end;
		long v = strtol(c->pid, &end, 10);

		if (*end || v < 2 || v > 4194304 || c->all)
			return cli_usage(c, "a process number as 'vctx ps' shows it, without --all",
					 "bad process \"%s\"", c->pid);
		pid = (pid_t)v;
	}
	if (c->all)
		pid = 0;
	info = vctx_find(c->v, name, &err);
	if (!info)
		return cli_fail(c, name, &err);
	if (c->dry_run) {
		printf("send %s to %s\n", vctx_signal_name(sig, buf, sizeof(buf)),
		       pid == 1 ? "its init" : pid ? c->pid : "all its processes");
		vctx_info_free(info);
		return cli_flush();
	}
	r = vctx_kill(info, pid, sig, &err);
	if (r)
		r = cli_fail(c, name, &err);
	vctx_info_free(info);
	return r;
}
