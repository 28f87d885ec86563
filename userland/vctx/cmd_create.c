// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx create: a configuration, an id and a record. */

#include "cli.h"

int cmd_create(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_plan_opts opts = { 0 };
	struct vctx_config *cfg;
	struct vctx_plan *plan = NULL;
	char *file = NULL, *conf;
	uint32_t version;
	int r = -1;

	if (vctx_name_check(name, &err))
		return cli_fail(c, name, &err);
	conf = vctx_config_path(c->v, name);
	/* A file that waits in its place needs no -f. */
	if (!c->file && !c->root && !access(conf, F_OK))
		c->file = conf;
	cfg = cli_config(c, name, false, &file, &err);
	if (!cfg)
		goto out;
	/* Everything that start would find wrong is wrong now already. */
	plan = vctx_plan_new(c->v, name, cfg, &opts, &err);
	if (!plan)
		goto out;
	if (c->dry_run) {
		printf(" 1  write %s\n 2  write its record, with a context id\n",
		       conf);
		if (c->start) {
			puts("then start:");
			cli_print_plan(plan);
		}
		r = cli_flush();
		goto out;
	}
	if (vctx_sys_version(&version)) {
		vctx_sys_error(&err, "cannot make a context");
		goto out;
	}
	/* -s on top of the file in its place: the file is the user's. */
	if (file && !strcmp(file, conf) && c->set) {
		r = cli_usage(c, "put the settings into the file",
			      "-s cannot change %s", conf);
		goto out;
	}
	r = vctx_create(c->v, name, cfg, file, &err);
	if (!r && c->start)
		r = cli_start_one(c, name);
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	free(file);
	free(conf);
	return r;
}
