// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx du and vctx unify: what the roots of contexts take, and how to take less. */

#include "cli.h"

static bool named(struct cli *c, const struct vctx_info *x)
{
	char id[16];
	size_t i;

	snprintf(id, sizeof(id), "%u", x->id);
	for (i = 0; i < c->n_args; i++)
		if ((x->name && !strcmp(c->args[i], x->name)) ||
		    !strcmp(c->args[i], id))
			return true;
	return !c->n_args;
}

static json_t *bytes(bool known, uint64_t v)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

static json_t *du_json(const struct vctx_info *x, const struct vctx_du *u)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", cli_string(x->name));
	json_object_set_new(o, "id", x->id ? json_integer(x->id) : json_null());
	json_object_set_new(o, "own_bytes", bytes(u->known, u->own_bytes));
	json_object_set_new(o, "shared_bytes", bytes(u->known, u->shared_bytes));
	json_object_set_new(o, "part_bytes", bytes(u->known, u->part_bytes));
	json_object_set_new(o, "own_inodes", bytes(u->known, u->own_inodes));
	json_object_set_new(o, "shared_inodes", bytes(u->known, u->shared_inodes));
	json_object_set_new(o, "part_inodes", bytes(u->known, u->first_inodes));
	return o;
}

static void du_line(const struct vctx_info *x, const struct vctx_du *u)
{
	char a[16], b[16], p[16];

	if (!u->known) {
		printf("%-12s %10s %10s %10s %9s\n", x->name ? x->name : "-", "-",
		       "-", "-", "-");
		return;
	}
	printf("%-12s %10s %10s %10s %9llu\n", x->name,
	       cli_size(u->own_bytes, a, sizeof(a)),
	       cli_size(u->shared_bytes, b, sizeof(b)),
	       cli_size(u->part_bytes, p, sizeof(p)),
	       (unsigned long long)(u->own_inodes + u->shared_inodes));
}

int cmd_du(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info **list;
	struct vctx_du *use = NULL;
	json_t *all = NULL;
	size_t i, n = 0;
	int r = 0;

	for (i = 0; i < c->n_args; i++) {
		struct vctx_info *x = vctx_find(c->v, c->args[i], &err);

		if (!x)
			return cli_fail(c, c->args[i], &err);
		vctx_info_free(x);
	}
	/* Who shares with one that is asked for can be any other. */
	list = vctx_list(c->v, &err);
	if (!list)
		return cli_fail(c, NULL, &err);
	while (list[n])
		n++;
	use = calloc(n + 1, sizeof(*use));
	if (!use)
		abort();
	if (vctx_du(list, use, &err)) {
		r = cli_fail(c, NULL, &err);
		goto out;
	}
	if (c->json)
		all = json_array();
	else if (!c->no_header)
		printf("%-12s %10s %10s %10s %9s\n", "NAME", "OWN", "SHARED",
		       "PART", "INODES");
	for (i = 0; i < n; i++) {
		if (!named(c, list[i]))
			continue;
		if (c->json)
			json_array_append_new(all, du_json(list[i], &use[i]));
		else
			du_line(list[i], &use[i]);
	}
	r = c->json ? cli_json(all) : cli_flush();
out:
	free(use);
	vctx_list_free(list);
	return r;
}

static int unify(struct cli *c, struct vctx_info **list)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_unified sum;
	char buf[16];
	json_t *o;

	if (vctx_unify(c->v, list, !c->dry_run, &sum, &err))
		return cli_fail(c, NULL, &err);
	if (!c->json) {
		printf("%llu files looked at, %llu were shared already, %llu %s, %s %s\n",
		       (unsigned long long)sum.files,
		       (unsigned long long)sum.unified,
		       (unsigned long long)sum.linked,
		       c->dry_run ? "would be" : "are shared now",
		       cli_size(sum.bytes, buf, sizeof(buf)),
		       c->dry_run ? "would be freed" : "are freed");
		return cli_flush();
	}
	o = json_object();
	json_object_set_new(o, "files", json_integer((json_int_t)sum.files));
	json_object_set_new(o, "unified", json_integer((json_int_t)sum.unified));
	json_object_set_new(o, "linked", json_integer((json_int_t)sum.linked));
	json_object_set_new(o, "bytes", json_integer((json_int_t)sum.bytes));
	return cli_json(o);
}

int cmd_unify(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info **list = NULL;
	size_t i, k, n = 0;
	int r = 0;

	if (c->all && c->n_args)
		return cli_usage(c, NULL, "a name and --all");
	if (!c->all && !c->n_args)
		return cli_usage(c, NULL, "no name given");
	if (c->all) {
		list = vctx_list(c->v, &err);
		if (!list)
			return cli_fail(c, NULL, &err);
		for (i = 0; list[i]; i++) {
			if (list[i]->unmanaged || list[i]->transient ||
			    list[i]->state != VCTX_STOPPED)
				vctx_info_free(list[i]);
			else
				list[n++] = list[i];
		}
		list[n] = NULL;
	} else {
		list = calloc(c->n_args + 1, sizeof(*list));
		if (!list)
			abort();
	}
	for (i = 0; !c->all && !r && i < c->n_args; i++) {
		struct vctx_info *x = vctx_find(c->v, c->args[i], &err);

		if (!x)
			r = cli_fail(c, c->args[i], &err);
		/* The same one by its number, too. */
		for (k = 0; x && k < n; k++)
			if (list[k]->id == x->id)
				break;
		if (x && k < n)
			vctx_info_free(x);
		else if (x)
			list[n++] = x;
	}
	if (!r)
		r = unify(c, list);
	vctx_list_free(list);
	return r;
}
