// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx list: every context of our files and of the kernel. */

#include "cli.h"

/* The first address, and how many more there are. */
static const char *address(const struct vctx_info *x, char *buf, size_t size)
{
	char *first;

	snprintf(buf, size, "-");
	if (!x->n_net_addr)
		return buf;
	first = vctx_net_addr_text(&x->net_addr[0]);
	first[strcspn(first, "/")] = '\0';
	if (x->n_net_addr == 1)
		snprintf(buf, size, "%s", first);
	else
		snprintf(buf, size, "%s+%zu", first, x->n_net_addr - 1);
	free(first);
	return buf;
}

int cmd_list(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info **list = vctx_list(c->v, &err);
	struct vctx_proc *procs = NULL;
	size_t n = 0, i;
	bool looked = false, any = false;
	json_t *out = NULL;
	char addr[64];
	int width = 4, addr_width = 7;

	if (!list)
		return cli_fail(c, NULL, &err);
	for (i = 0; list[i]; i++) {
		if (list[i]->state != VCTX_STOPPED)
			any = true;
		if (list[i]->name && (int)strlen(list[i]->name) > width)
			width = (int)strlen(list[i]->name);
		address(list[i], addr, sizeof(addr));
		if ((int)strlen(addr) > addr_width)
			addr_width = (int)strlen(addr);
	}
	/* Looking at all processes is the expensive part; -q needs none of it. */
	if (any && !c->quiet) {
		if (vctx_procs(0, &procs, &n, &err)) {
			vctx_list_free(list);
			return cli_fail(c, NULL, &err);
		}
		looked = true;
	}
	if (c->json)
		out = json_array();
	else if (!c->quiet && !c->no_header)
		printf("%-*s %5s  %-8s %5s %6s %8s %5s %6s  %-*s  %s\n", width,
		       "NAME", "CTX", "STATE", "PROCS", "CPU%", "MEM", "CPU.W",
		       "DISK.W", addr_width, "ADDRESS", "UPTIME");
	for (i = 0; list[i]; i++) {
		const struct vctx_info *x = list[i];
		struct usage u = cli_usage_of(procs, n, x->id);
		uint64_t up = cli_uptime_ns(x);
		char id[16] = "-", cpu[16] = "-", mem[16] = "-", upt[32] = "-";
		char weight[16] = "-", disk[16] = "-", buf[16];

		if (c->json) {
			json_array_append_new(out, cli_info_json(x,
						looked ? &u : NULL));
			continue;
		}
		if (x->id)
			snprintf(id, sizeof(id), "%u", x->id);
		if (c->quiet) {
			puts(x->name ? x->name : id);
			continue;
		}
		if (x->have_cpu)
			snprintf(weight, sizeof(weight), "%u", x->cpu.weight);
		if (x->have_disk)
			snprintf(disk, sizeof(disk), "%u", x->disk.weight);
		if (x->state != VCTX_STOPPED) {
			snprintf(mem, sizeof(mem), "%s",
				 cli_size(u.rss, buf, sizeof(buf)));
			if (up) {
				snprintf(cpu, sizeof(cpu), "%.1f",
					 100.0 * (double)u.cpu_ns / (double)up);
				cli_duration(up, upt, sizeof(upt));
			}
		}
		printf("%-*s %5s  %-8s %5zu %6s %8s %5s %6s  %-*s  %s\n", width,
		       x->name ? x->name : "-", id, cli_state(x),
		       x->state == VCTX_STOPPED ? 0 : u.procs, cpu, mem, weight,
		       disk, addr_width, address(x, addr, sizeof(addr)), upt);
	}
	vctx_procs_free(procs, n);
	vctx_list_free(list);
	return c->json ? cli_json(out) : cli_flush();
}
