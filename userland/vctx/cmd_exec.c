// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx exec and vctx enter: a command in a running context. */

#include "cli.h"

static int run_in(struct cli *c, char *const *argv)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	struct cli_pty pty;
	uint32_t id;
	pid_t pid;
	int r;

	if (!info)
		return cli_fail(c, name, &err);
	r = cli_pty_open(c, &pty);
	if (r) {
		vctx_info_free(info);
		return r;
	}
	cli_block_signals();
	r = vctx_exec(info, argv, c->env, pty.active, &pid, &err);
	cli_pty_parent(&pty, !r);
	id = info->id;
	vctx_info_free(info);
	if (r)
		return cli_fail(c, name, &err);
	return cli_wait_child(&pty, pid, id, pid);
}

int cmd_exec(struct cli *c)
{
	return run_in(c, c->command);
}

int cmd_enter(struct cli *c)
{
	static char sh[] = "/bin/sh", opt[] = "-c";
	/* The best shell the context has; only it knows. */
	static char line[] =
		"cd; [ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh -l";
	char *const argv[] = { sh, opt, line, NULL };

	return run_in(c, argv);
}
