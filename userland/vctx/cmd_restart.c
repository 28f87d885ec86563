// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx restart: stop and start, once it is sure that start can work. */

#include "cli.h"

/* The plan of the start to come, checked; printed with --dry-run. */
static int check_start(struct cli *c, const struct vctx_info *info,
		       struct vctx_err *err)
{
	struct vctx_plan_opts opts = { .env = c->env };
	struct vctx_config *cfg;
	struct vctx_plan *plan = NULL;
	char *file = NULL;
	int r = -1;

	cfg = cli_config(c, info->name, true, &file, err);
	if (cfg)
		plan = vctx_plan_new(c->v, info->name, cfg, &opts, err);
	if (plan)
		r = c->dry_run ? cli_print_plan(plan) : 0;
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	free(file);
	return r;
}

int cmd_restart(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	uint64_t timeout = 0;
	bool killed = false;
	int r = -1;

	if (c->timeout && vctx_parse_time(c->timeout, &timeout))
		return cli_usage(c, "a time such as 10s, 500ms or 2m",
				 "bad time \"%s\"", c->timeout);
	info = vctx_find(c->v, name, &err);
	if (!info)
		return cli_fail(c, name, &err);
	if (info->unmanaged || info->transient) {
		fprintf(stderr, "vctx: restart %s: context was not made by vctx create\n",
			name);
		vctx_info_free(info);
		return VCTX_STATE;
	}
	if (c->dry_run)
		puts(info->state == VCTX_STOPPED ? "it is not running" :
		     "stop it as 'vctx stop' does, then start:");
	if (check_start(c, info, &err))
		goto out;
	r = 0;
	if (c->dry_run)
		goto out;
	if (info->state == VCTX_STOPPED) {
		cli_note(c, name, "context is not running");
	} else {
		if (!c->timeout)
			timeout = info->stop_timeout_ms;
		if (c->kill)
			timeout = 0;
		r = vctx_stop(c->v, info, timeout, &killed, &err);
		if (r)
			goto out;
		if (killed)
			cli_note(c, name, "it did not end within %llu ms and was killed",
				 (unsigned long long)timeout);
	}
	r = cli_start_one(c, info->name);
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	vctx_info_free(info);
	return r;
}
