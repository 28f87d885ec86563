// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx set: change keys of a context, at once where that is possible. */

#include "cli.h"

/* What start would find wrong with the new values is wrong now already. */
static int plan_ok(struct cli *c, const struct vctx_info *info,
		   struct vctx_err *err)
{
	struct vctx_plan_opts opts = { 0 };
	struct vctx_config *cfg;
	struct vctx_plan *plan;
	char *file = NULL;

	if (info->unmanaged || info->transient)
		return 0;
	cfg = cli_config(c, info->name, true, &file, err);
	if (!cfg)
		return -1;
	plan = vctx_plan_new(c->v, info->name, cfg, &opts, err);
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	free(file);
	return plan ? 0 : -1;
}

/* A share that nothing acts upon is worse than none: say so. */
static void note_disks(struct cli *c, const char *name)
{
	char *names;
	size_t i;

	for (i = 1; i < c->n_args; i++)
		if (!strncmp(c->args[i], "disk.", 5) &&
		    strncmp(c->args[i], "disk.space", 10) &&
		    strncmp(c->args[i], "disk.inodes", 11))
			break;
	if (i == c->n_args)
		return;
	names = vctx_disks_scheduled();
	if (!*names)
		cli_note(c, name, "no disk is shared: write context-fair to /sys/block/DISK/queue/scheduler");
	free(names);
}

int cmd_set(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	char *later = NULL, *key, *save;
	int r;

	info = vctx_find(c->v, name, &err);
	if (!info)
		return cli_fail(c, name, &err);
	c->set = c->args + 1;
	r = vctx_set(c->v, info, c->set, false, &later, &err);
	if (!r)
		r = plan_ok(c, info, &err);
	if (!r && !c->dry_run) {
		free(later);
		r = vctx_set(c->v, info, c->set, true, &later, &err);
	}
	c->set = NULL;
	if (r)
		r = cli_fail(c, name, &err);
	else if (c->dry_run && info->state != VCTX_STOPPED && !later)
		puts("all of it takes effect at once");
	for (key = later ? strtok_r(later, " ", &save) : NULL; key;
	     key = strtok_r(NULL, " ", &save)) {
		if (c->dry_run)
			printf("%s takes effect when it is restarted\n", key);
		else
			cli_note(c, name, "%s takes effect when it is restarted",
				 key);
	}
	if (!r && !c->dry_run && info->state != VCTX_STOPPED)
		note_disks(c, name);
	free(later);
	vctx_info_free(info);
	return r ? r : cli_flush();
}
