// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx start: a stored context, in the background. */

#include "cli.h"

int cli_start_one(struct cli *c, const char *name)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	struct vctx_config *cfg = NULL;
	struct vctx_plan *plan = NULL;
	struct vctx_plan_opts opts = { .env = c->env };
	char *file = NULL;
	uint32_t id;
	pid_t pid;
	int r = -1;

	info = vctx_find(c->v, name, &err);
	if (!info) {
		char *conf = vctx_config_path(c->v, name);

		if (err.code == VCTX_NOCTX && !access(conf, F_OK)) {
			free(err.hint);
			if (asprintf(&err.hint, "%s is there; 'vctx create %s' makes the context",
				     conf, name) < 0)
				err.hint = NULL;
		}
		free(conf);
		goto out;
	}
	if (info->unmanaged || info->transient || !info->name) {
		fprintf(stderr, "vctx: start %s: context was not made by vctx create\n",
			name);
		r = VCTX_STATE;
		goto out;
	}
	if (info->state != VCTX_STOPPED) {
		fprintf(stderr, "vctx: start %s: context is running already\n",
			name);
		r = VCTX_STATE;
		goto out;
	}
	/* The record names the file; -f and -s are for create. */
	c->file = NULL;
	c->root = NULL;
	c->set = NULL;
	cfg = cli_config(c, info->name, true, &file, &err);
	if (!cfg)
		goto out;
	opts.config = file;
	plan = vctx_plan_new(c->v, info->name, cfg, &opts, &err);
	if (!plan)
		goto out;
	if (c->dry_run)
		r = cli_print_plan(plan);
	else
		r = vctx_plan_run(plan, &pid, &id, &err);
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	vctx_info_free(info);
	free(file);
	return r;
}

static bool waits(struct vctx_config **cfgs, struct vctx_info **list, size_t i)
{
	size_t k;

	for (k = 0; cfgs[i]->cpu_parent && list[k]; k++)
		if (cfgs[k] && k != i && !strcmp(list[k]->name, cfgs[i]->cpu_parent))
			return true;
	return false;
}

/*
 * Those that share CPU time in another one come after it.  In a circle nobody comes
 * first, and each says so.
 */
static int start_all(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info **list = vctx_list(c->v, &err);
	struct vctx_config **cfgs;
	bool more = true, all = false;
	size_t i, n = 0;
	int worst = 0;

	if (!list)
		return cli_fail(c, NULL, &err);
	while (list[n])
		n++;
	cfgs = calloc(n + 1, sizeof(*cfgs));
	if (!cfgs)
		abort();
	for (i = 0; i < n; i++) {
		char *file;

		if (list[i]->unmanaged || list[i]->transient || !list[i]->name ||
		    list[i]->state != VCTX_STOPPED)
			continue;
		cfgs[i] = cli_config(c, list[i]->name, true, &file, &err);
		if (!cfgs[i]) {
			/* One broken file must not keep the others down. */
			worst = cli_fail(c, list[i]->name, &err);
			continue;
		}
		free(file);
		if (!cfgs[i]->autostart) {
			vctx_config_free(cfgs[i]);
			cfgs[i] = NULL;
		}
	}
	while (more || !all) {
		all = !more;
		more = false;
		for (i = 0; i < n; i++) {
			int r;

			if (!cfgs[i] || (!all && waits(cfgs, list, i)))
				continue;
			vctx_config_free(cfgs[i]);
			cfgs[i] = NULL;
			more = true;
			r = cli_start_one(c, list[i]->name);
			if (r)
				worst = r;
		}
	}
	free(cfgs);
	vctx_list_free(list);
	return worst;
}

int cmd_start(struct cli *c)
{
	if (c->all)
		return c->n_args ? cli_usage(c, NULL, "a name and --all") :
		       start_all(c);
	if (!c->n_args)
		return cli_usage(c, NULL, "no name given");
	return cli_start_one(c, c->args[0]);
}
