// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx ps: the processes of a context, seen from the watch context. */

#include "cli.h"

static int by_pid(const void *a, const void *b)
{
	const struct vctx_proc *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static json_t *proc_json(const struct vctx_proc *p)
{
	char state[2] = { p->state, '\0' };
	json_t *o = json_object();

	json_object_set_new(o, "id", json_integer(p->id));
	json_object_set_new(o, "pid", json_integer(p->pid));
	json_object_set_new(o, "guest_pid", json_integer(p->guest_pid));
	json_object_set_new(o, "ppid", json_integer(p->ppid));
	json_object_set_new(o, "uid", json_integer(p->uid));
	json_object_set_new(o, "state", json_string(state));
	json_object_set_new(o, "threads", json_integer(p->threads));
	json_object_set_new(o, "cpu_ns", json_integer((json_int_t)p->cpu_ns));
	json_object_set_new(o, "mem_bytes", json_integer((json_int_t)p->rss));
	json_object_set_new(o, "comm", cli_string(p->comm));
	json_object_set_new(o, "command", cli_string(p->cmdline));
	return o;
}

int cmd_ps(struct cli *c)
{
	const char *name = c->all ? NULL : c->args ? c->args[0] : NULL;
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_proc *procs;
	json_t *out = NULL;
	uint32_t id = 0;
	size_t n, i;

	if (c->all && c->n_args)
		return cli_usage(c, NULL, "a name and --all");
	if (!c->all && !c->n_args)
		return cli_usage(c, NULL, "no name given");
	if (!c->all) {
		struct vctx_info *info = vctx_find(c->v, name, &err);

		if (!info)
			return cli_fail(c, name, &err);
		if (info->state == VCTX_STOPPED) {
			vctx_info_free(info);
			fprintf(stderr, "vctx: ps %s: context is not running\n",
				name);
			return VCTX_STATE;
		}
		id = info->id;
		vctx_info_free(info);
	}
	if (vctx_procs(id, &procs, &n, &err))
		return cli_fail(c, name, &err);
	if (n)
		qsort(procs, n, sizeof(*procs), by_pid);
	if (c->json)
		out = json_array();
	else if (!c->quiet && !c->no_header)
		printf("%s%7s %7s %5s S %8s %9s  COMMAND\n",
		       c->all ? "  CTX " : "", "PID", "INSIDE", "UID", "MEM",
		       "CPU");
	for (i = 0; i < n; i++) {
		const struct vctx_proc *p = &procs[i];
		char mem[16];

		if (c->json) {
			json_array_append_new(out, proc_json(p));
			continue;
		}
		if (c->quiet) {
			printf("%d\n", (int)p->pid);
			continue;
		}
		if (c->all)
			printf("%5u ", p->id);
		printf("%7d %7d %5u %c %8s %8.2fs  %s%s%s\n", (int)p->pid,
		       (int)p->guest_pid, p->uid, p->state,
		       cli_size(p->rss, mem, sizeof(mem)),
		       (double)p->cpu_ns / 1e9, p->cmdline ? "" : "[",
		       p->cmdline ? p->cmdline : p->comm,
		       p->cmdline ? "" : "]");
	}
	vctx_procs_free(procs, n);
	return c->json ? cli_json(out) : cli_flush();
}
