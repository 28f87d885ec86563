// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx cp: files into and out of contexts. */

#include "cli.h"

/*
 * "NAME:PATH" is of a context; a path of the host that looks like that is written
 * with "./" before it.  -1: no such context, the error is told.
 */
static int side(struct cli *c, char *word, struct vctx_info **info,
		const char **path)
{
	struct vctx_err err = VCTX_ERR_INIT;
	char *colon = strchr(word, ':');

	*info = NULL;
	*path = word;
	if (!colon || memchr(word, '/', (size_t)(colon - word)))
		return 0;
	*colon = '\0';
	*path = colon + 1;
	*info = vctx_find(c->v, word, &err);
	return *info ? 0 : cli_fail(c, word, &err);
}

int cmd_cp(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *from = NULL, *to = NULL;
	const char *src, *dst;
	int r;

	if (c->n_args < 2)
		return cli_usage(c, NULL, "no target given");
	r = side(c, c->args[0], &from, &src);
	if (!r)
		r = side(c, c->args[1], &to, &dst);
	if (!r && !from && !to)
		r = cli_usage(c, "write NAME:PATH for a path in a context",
			      "neither path is in a context");
	else if (!r && c->dry_run)
		printf("copy %s%s to %s%s\n", from ? "its " : "", src,
		       to ? "its " : "", dst);
	else if (!r && vctx_copy(from, src, to, dst, &err))
		r = cli_fail(c, c->args[from ? 0 : 1], &err);
	vctx_info_free(from);
	vctx_info_free(to);
	return r ? r : cli_flush();
}
