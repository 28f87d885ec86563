// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx template: what "create --template" makes contexts from. */

#include "cli.h"

static int build(struct cli *c, const char *name)
{
	const struct vctx_template_source src = {
		.tarball = c->tarball, .directory = c->directory,
		.suite = c->suite, .include = c->include, .mirror = c->mirror,
	};
	struct vctx_err err = VCTX_ERR_INIT;

	if (vctx_template_build(c->v, name, &src, &err))
		return cli_fail(c, name, &err);
	return 0;
}

static int delete(struct cli *c, const char *name)
{
	struct vctx_err err = VCTX_ERR_INIT;

	if (vctx_template_delete(c->v, name, &err))
		return cli_fail(c, NULL, &err);
	return 0;
}

static int list(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_template **t = vctx_template_list(c->v, &err);
	json_t *out = json_array();
	size_t i;

	if (!t) {
		json_decref(out);
		return cli_fail(c, NULL, &err);
	}
	if (!c->json && !c->quiet && !c->no_header && t[0])
		printf("%-16s %-8s %-20s  %s\n", "NAME", "INIT", "CREATED", "SOURCE");
	for (i = 0; t[i]; i++) {
		json_t *o;

		if (!c->json) {
			if (c->quiet)
				puts(t[i]->name);
			else
				printf("%-16s %-8s %-20s  %s\n", t[i]->name,
				       t[i]->init, t[i]->created, t[i]->source);
			continue;
		}
		o = json_object();
		json_object_set_new(o, "name", cli_string(t[i]->name));
		json_object_set_new(o, "init", cli_string(t[i]->init));
		json_object_set_new(o, "created", cli_string(t[i]->created));
		json_object_set_new(o, "source", cli_string(t[i]->source));
		json_object_set_new(o, "root", cli_string(t[i]->root));
		json_array_append_new(out, o);
	}
	vctx_template_list_free(t);
	if (c->json)
		return cli_json(out);
	json_decref(out);
	return cli_flush();
}

int cmd_template(struct cli *c)
{
	const char *action = c->n_args ? c->args[0] : "";
	bool builds = !strcmp(action, "build");

	if (!builds && (c->suite || c->include || c->mirror || c->tarball ||
			c->directory))
		return cli_usage(c, NULL, "only build makes one of something");
	if (!strcmp(action, "list")) {
		if (c->n_args > 1)
			return cli_usage(c, NULL, "unexpected \"%s\"", c->args[1]);
		return list(c);
	}
	if (!builds && strcmp(action, "delete"))
		return cli_usage(c, "build, list or delete", c->n_args ?
				 "unknown action \"%s\"" : "no action given%s", action);
	if (c->json || c->no_header)
		return cli_usage(c, NULL, "only list prints something");
	if (c->n_args < 2)
		return cli_usage(c, NULL, "no name given");
	return builds ? build(c, c->args[1]) : delete(c, c->args[1]);
}
