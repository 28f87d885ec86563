// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx create: a configuration, an id and a record. */

#include "cli.h"

/* With a root from a template, and a remark on what it shares with it. */
static int create_from(struct cli *c, const char *name, struct vctx_config *cfg,
		       const char *file, struct vctx_err *err)
{
	struct vctx_cloned sum;
	char *why;

	if (vctx_create_from(c->v, c->template, name, cfg, file, c->copy, &sum, &why,
			     err))
		return -1;
	if (why)
		cli_note(c, name, "every file was copied from the template: %s", why);
	else
		cli_note(c, name, "%llu files are shared with the template, %llu are its own",
			 (unsigned long long)sum.linked,
			 (unsigned long long)sum.copied);
	free(why);
	return 0;
}

int cmd_create(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_plan_opts opts = { 0 };
	struct vctx_config *cfg;
	struct vctx_plan *plan = NULL;
	char *file = NULL, *conf, *from = NULL;
	uint32_t version;
	int r = -1;

	if (vctx_name_check(name, &err))
		return cli_fail(c, name, &err);
	if (c->copy && !c->template)
		return cli_usage(c, NULL, "--copy is for --template");
	conf = vctx_config_path(c->v, name);
	/* A file that waits in its place needs no -f. */
	if (!c->file && !c->root && !c->template && !access(conf, F_OK))
		c->file = conf;
	cfg = cli_config(c, name, false, &file, &err);
	if (!cfg)
		goto out;
	if (c->template) {
		from = vctx_template_root(c->v, c->template);
		/* What it adds to the file must be in the file. */
		if (file && !strcmp(file, conf)) {
			r = cli_usage(c, "move it out of the way, and give it with -f",
				      "--template cannot change %s", conf);
			goto out;
		}
		if (!cfg->root && cli_set_root(c, cfg, name, &err))
			goto out;
	}
	/* Everything that start would find wrong is wrong now already. */
	if (from)
		r = cli_plan_ok(c, name, cfg, from, &err);
	else
		plan = vctx_plan_new(c->v, name, cfg, &opts, &err);
	if (from ? r : !plan)
		goto out;
	r = -1;
	if (c->dry_run) {
		int n = 1;

		if (from)
			printf("%2d  make %s from template %s\n", n++, cfg->root,
			       c->template);
		printf("%2d  write %s\n%2d  write its record, with a context id\n",
		       n, conf, n + 1);
		if (c->start && from) {
			puts("then start it");
		} else if (c->start) {
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
	r = from ? create_from(c, name, cfg, file, &err) :
		   vctx_create(c->v, name, cfg, file, &err);
	c->template = NULL;
	if (!r && c->start)
		r = cli_start_one(c, name);
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	free(file);
	free(conf);
	free(from);
	return r;
}
