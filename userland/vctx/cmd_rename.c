// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx rename: another name for a stopped context. */

#include "cli.h"

int cmd_rename(struct cli *c)
{
	const char *name = c->args[0], *to = c->args[1];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	int r;

	if (!info)
		return cli_fail(c, name, &err);
	if (c->dry_run) {
		r = vctx_name_check(to, &err);
		if (!r)
			printf("rename its record, its configuration and its log from %s to %s\n",
			       info->name ? info->name : name, to);
	} else {
		r = vctx_rename(c->v, info, to, &err);
	}
	vctx_info_free(info);
	return r ? cli_fail(c, name, &err) : cli_flush();
}
