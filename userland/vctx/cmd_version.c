// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx version: of the program, its JSON, and the kernel interface. */

#include "cli.h"

int cmd_version(struct cli *c)
{
	uint32_t version, features;
	bool have = !vctx_sys_version(&version) && !vctx_sys_features(&features);
	char buf[16];
	json_t *o;

	if (!c->json) {
		printf("vctx %s\n", vctx_lib_version());
		if (have)
			printf("kernel interface %08x, features %08x\n",
			       version, features);
		else
			puts("kernel interface none");
		return cli_flush();
	}
	o = json_object();
	json_object_set_new(o, "schema", json_integer(1));
	json_object_set_new(o, "vctx", json_string(vctx_lib_version()));
	snprintf(buf, sizeof(buf), "%08x", have ? version : 0);
	json_object_set_new(o, "kernel_interface", cli_string(have ? buf : NULL));
	snprintf(buf, sizeof(buf), "%08x", have ? features : 0);
	json_object_set_new(o, "kernel_features", cli_string(have ? buf : NULL));
	return cli_json(o);
}
