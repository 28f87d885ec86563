// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx run: a command as the init of a context, in the foreground. */

#include "cli.h"

int cmd_run(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = NULL;
	struct vctx_config *cfg = NULL;
	struct vctx_plan *plan = NULL;
	struct vctx_plan_opts opts = {
		.argv = c->command, .env = c->env, .foreground = true,
		.transient = c->rm,
	};
	bool stored, created = false, killed;
	char *file = NULL;
	struct cli_pty pty;
	uint32_t id, version;
	pid_t pid;
	int r = -1;

	if (vctx_name_check(name, &err))
		return cli_fail(c, name, &err);
	info = vctx_find(c->v, name, &err);
	if (!info && err.code != VCTX_NOCTX)
		goto out;
	vctx_err_clear(&err);
	stored = info != NULL;
	if (info && info->state != VCTX_STOPPED) {
		fprintf(stderr, "vctx: run %s: context is running already\n"
			"hint: use 'vctx exec', or another name\n", name);
		r = VCTX_OURS;
		goto out;
	}
	if (stored && c->rm) {
		fprintf(stderr, "vctx: run %s: context exists already\n"
			"hint: leave out --rm to run in it, or use another name\n",
			name);
		r = VCTX_OURS;
		goto out;
	}
	if (stored && c->file) {
		r = cli_usage(c, "change its own file, or use another name",
			      "-f is only for a context that does not exist");
		goto out;
	}
	cfg = cli_config(c, name, stored, &file, &err);
	if (!cfg)
		goto out;
	opts.config = file;
	plan = vctx_plan_new(c->v, name, cfg, &opts, &err);
	if (!plan)
		goto out;
	if (c->dry_run) {
		r = cli_print_plan(plan);
		goto out;
	}
	if (!stored && !c->rm) {
		if (vctx_sys_version(&version)) {
			vctx_sys_error(&err, "cannot make a context");
			goto out;
		}
		if (vctx_create(c->v, name, cfg, file, &err))
			goto out;
		created = true;
	}
	r = cli_pty_open(c, &pty);
	if (r)
		goto out;
	cli_block_signals();
	/* Again: it knows about the terminal now, and about a new id. */
	opts.terminal = pty.active;
	vctx_plan_free(plan);
	plan = vctx_plan_new(c->v, name, cfg, &opts, &err);
	r = plan ? vctx_plan_run(plan, &pid, &id, &err) : -1;
	cli_pty_parent(&pty, !r);
	if (r)
		goto out;
	created = false;	/* it has been used, so it stays */
	r = cli_wait_child(&pty, pid, id, 1);
	vctx_info_free(info);
	/* The command was its init; what it left behind ends with it. */
	info = vctx_find(c->v, name, &err);
	if (!info) {
		vctx_err_clear(&err);
		/* Whoever has the lock has ended it, and forgets it. */
		if (vctx_forget(c->v, name, &err) && err.code != VCTX_STATE)
			r = cli_fail(c, name, &err);
		vctx_err_clear(&err);
	} else if (vctx_stop(c->v, info, 0, &killed, &err)) {
		r = cli_fail(c, name, &err);
	}
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	if (created && vctx_delete(c->v, name, &err))
		cli_fail(c, name, &err);
	vctx_plan_free(plan);
	vctx_config_free(cfg);
	vctx_info_free(info);
	free(file);
	return r;
}
