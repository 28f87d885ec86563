// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx clone: a context like another one. */

#include "cli.h"

/* What cannot be the same for two contexts. */
static void make_new(struct vctx_config *cfg, const char *name)
{
	if (cfg->hostname && !strcmp(cfg->hostname, name))
		vctx_config_clear(cfg, "context.hostname");
	vctx_config_clear(cfg, "context.id");
	vctx_config_clear(cfg, "net.address");
}

int cmd_clone(struct cli *c)
{
	const char *name = c->args[0], *to = c->args[1];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	struct vctx_config *cfg = vctx_config_new();
	struct vctx_cloned sum;
	char *from = NULL;
	size_t i;
	int r = -1;

	if (!info)
		goto out;
	if (info->unmanaged || info->transient || !info->config) {
		fprintf(stderr, "vctx: clone %s: context was not made by vctx create\n",
			name);
		r = VCTX_STATE;
		goto out;
	}
	if (vctx_name_check(to, &err) || vctx_config_read(cfg, info->config, &err))
		goto out;
	from = cfg->root ? strdup(cfg->root) : NULL;
	if (!from) {
		fprintf(stderr, "vctx: clone %s: it has no root directory\n", name);
		r = VCTX_USAGE;
		goto out;
	}
	make_new(cfg, info->name);
	if (cli_set_root(c, cfg, to, &err))
		goto out;
	for (i = 0; c->set && c->set[i]; i++)
		if (vctx_config_set(cfg, c->set[i], &err))
			goto out;
	if (cli_plan_ok(c, to, cfg, from, &err))
		goto out;
	if (c->dry_run) {
		printf("make %s from %s, %s\ncreate %s with the configuration of %s\n",
		       cfg->root, from, c->copy ? "a copy of every file" :
		       "with links to its files", to, info->name);
		r = cli_flush();
		goto out;
	}
	r = vctx_clone(c->v, info, to, cfg, c->copy, &sum, &err);
	if (!r) {
		cli_note(c, to, "%llu files are shared with %s, %llu are its own",
			 (unsigned long long)sum.linked, info->name,
			 (unsigned long long)sum.copied);
		if (c->start)
			r = cli_start_one(c, to);
	}
out:
	if (r < 0)
		r = cli_fail(c, name, &err);
	vctx_info_free(info);
	vctx_config_free(cfg);
	free(from);
	return r;
}
