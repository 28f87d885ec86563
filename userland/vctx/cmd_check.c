// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx check: what the host offers, a line each. */

#include "cli.h"

int cmd_check(struct cli *c)
{
	size_t n, i;
	struct vctx_check *checks = vctx_check_host(&n);
	bool good = true;
	int r;

	for (i = 0; i < n; i++)
		if (checks[i].required && !checks[i].ok)
			good = false;
	if (c->json) {
		json_t *list = json_array();

		for (i = 0; i < n; i++) {
			json_t *o = json_object();

			json_object_set_new(o, "name",
					    cli_string(checks[i].name));
			json_object_set_new(o, "ok", json_boolean(checks[i].ok));
			json_object_set_new(o, "required",
					    json_boolean(checks[i].required));
			json_object_set_new(o, "found",
					    cli_string(checks[i].detail));
			json_object_set_new(o, "why", cli_string(checks[i].why));
			json_array_append_new(list, o);
		}
		r = cli_json(list);
	} else {
		for (i = 0; i < n && !c->quiet; i++)
			printf("%-8s %-16s %s (%s)\n",
			       checks[i].ok ? "ok" :
			       checks[i].required ? "missing" : "optional",
			       checks[i].name, checks[i].detail, checks[i].why);
		r = cli_flush();
	}
	free(checks);
	return r ? r : good ? 0 : VCTX_HOST;
}
