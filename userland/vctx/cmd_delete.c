// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx delete: the reverse of create. */

#include "cli.h"

int cmd_delete(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	bool killed;
	int r;

	if (!info) {
		if (err.code == VCTX_NOCTX && c->if_exists) {
			vctx_err_clear(&err);
			return 0;
		}
		return cli_fail(c, name, &err);
	}
	if (c->dry_run) {
		if (info->state != VCTX_STOPPED)
			printf("kill its %u processes\n", info->tasks);
		puts("remove its record, its id, and the configuration that create wrote");
		vctx_info_free(info);
		return cli_flush();
	}
	if (info->state != VCTX_STOPPED && c->force) {
		r = vctx_stop(c->v, info, 0, &killed, &err);
		if (r || info->unmanaged || info->transient) {
			/* Nothing of it is in our files. */
			vctx_info_free(info);
			return r ? cli_fail(c, name, &err) : 0;
		}
	} else if (info->unmanaged) {
		fprintf(stderr, "vctx: delete %s: context was not made by vctx\n"
			"hint: --force kills its processes, which ends it\n",
			name);
		vctx_info_free(info);
		return VCTX_STATE;
	}
	r = vctx_delete(c->v, info->name, &err);
	if (r)
		r = cli_fail(c, name, &err);
	vctx_info_free(info);
	return r;
}
