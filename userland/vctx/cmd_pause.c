// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx pause and vctx resume: hold all processes of a context. */

#include "cli.h"

static int pause_or_resume(struct cli *c, bool hold)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	int r = -1;

	if (info && c->dry_run) {
		printf("%s its %u tasks\n", hold ? "hold" : "let go",
		       info->tasks);
		r = cli_flush();
	} else if (info) {
		r = vctx_pause(info, hold, &err);
		if (!r)
			vctx_note_pause(c->v, info, hold);
	}
	vctx_info_free(info);
	return r < 0 ? cli_fail(c, name, &err) : r;
}

int cmd_pause(struct cli *c)
{
	return pause_or_resume(c, true);
}

int cmd_resume(struct cli *c)
{
	return pause_or_resume(c, false);
}
