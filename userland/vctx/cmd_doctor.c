// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx doctor and vctx gc: what interrupted commands leave. */

#include "cli.h"

int cmd_doctor(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_finding *list;
	json_t *out = json_array();
	bool good = true;
	size_t n, i;
	int r;

	if (vctx_examine(c->v, name, &list, &n, &err)) {
		json_decref(out);
		return cli_fail(c, name, &err);
	}
	for (i = 0; i < n; i++) {
		const struct vctx_finding *f = &list[i];
		json_t *o;

		if (f->problem)
			good = false;
		if (!c->json) {
			if (c->quiet)
				continue;
			printf("%-8s %s\n", f->problem ? "problem" : "ok",
			       f->text);
			if (f->fix)
				printf("%-8s %s%s\n", "",
				       f->gc ? "'vctx gc' would: " : "hint: ",
				       f->fix);
			continue;
		}
		o = json_object();
		json_object_set_new(o, "ok", json_boolean(!f->problem));
		json_object_set_new(o, "gc", json_boolean(f->gc));
		json_object_set_new(o, "text", cli_string(f->text));
		json_object_set_new(o, "fix", cli_string(f->fix));
		json_array_append_new(out, o);
	}
	vctx_findings_free(list, n);
	if (c->json) {
		r = cli_json(out);
	} else {
		json_decref(out);
		r = cli_flush();
	}
	return r ? r : good ? 0 : VCTX_FAILED;
}

struct told {
	const struct cli *c;
	json_t *out;
};

static void tell(void *arg, const char *name, const char *text)
{
	struct told *t = arg;
	json_t *o;

	if (!t->out) {
		if (!t->c->quiet)
			printf("%s: %s\n", name, text);
		return;
	}
	o = json_object();
	json_object_set_new(o, "name", cli_string(name));
	json_object_set_new(o, "done", json_boolean(!t->c->dry_run));
	json_object_set_new(o, "text", cli_string(text));
	json_array_append_new(t->out, o);
}

int cmd_gc(struct cli *c)
{
	const char *name = c->n_args ? c->args[0] : NULL;
	struct vctx_err err = VCTX_ERR_INIT;
	struct told told = { c, c->json ? json_array() : NULL };
	long n;

	if (name && vctx_name_check(name, &err))
		return cli_fail(c, name, &err);
	n = vctx_gc(c->v, name, c->force, !c->dry_run, tell, &told, &err);
	if (n < 0) {
		json_decref(told.out);
		return cli_fail(c, name, &err);
	}
	return told.out ? cli_json(told.out) : cli_flush();
}
