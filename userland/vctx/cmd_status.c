// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx status, show and running: one context. */

#include "cli.h"

/* Processes of a running context; 0 with u zeroed for a stopped one. */
static int look(const struct vctx_info *x, struct usage *u,
		struct vctx_err *err)
{
	struct vctx_proc *procs;
	size_t n;

	memset(u, 0, sizeof(*u));
	if (x->state == VCTX_STOPPED)
		return 0;
	if (vctx_procs(x->id, &procs, &n, err))
		return -1;
	*u = cli_usage_of(procs, n, x->id);
	vctx_procs_free(procs, n);
	return 0;
}

static void print_words(const char *label, enum vctx_names set, uint64_t bits)
{
	unsigned int bit;

	printf("  %-13s", label);
	for (bit = 0; bit < 64; bit++) {
		const char *name = vctx_bit_name(set, bit);

		if (name && (bits & (UINT64_C(1) << bit)))
			printf("%s ", name);
	}
	putchar('\n');
}

static void print_share(const struct vctx_sys_cpu *cpu)
{
	printf("  %-13sweight %u", "cpu", cpu->weight);
	/* ns per second to per cent of one CPU */
	if (cpu->guarantee)
		printf(", guarantee %.4g%% of one CPU",
		       (double)cpu->guarantee / 1e7);
	if (cpu->max)
		printf(", max %.4g%% of one CPU, burst %.4gms",
		       (double)cpu->max / 1e7, (double)cpu->burst / 1e6);
	putchar('\n');
}

static void print_parent(struct cli *c, uint32_t id)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *parent;
	char text[16];

	snprintf(text, sizeof(text), "%u", id);
	parent = vctx_find(c->v, text, &err);
	printf("  %-13s%s\n", "cpu parent",
	       parent && parent->name ? parent->name : text);
	vctx_info_free(parent);
	vctx_err_clear(&err);
}

static void print_disk_share(const char *label, const struct vctx_sys_disk *d)
{
	printf("%sweight %u", label, d->weight);
	if (d->reserve.value) {
		char *text = vctx_disk_rate_text(&d->reserve);

		printf(", reserve %s", text);
		free(text);
	}
	if (d->max.value) {
		char *text = vctx_disk_rate_text(&d->max);

		printf(", max %s", text);
		free(text);
	}
	putchar('\n');
}

/* The disks that it has used or has a share of its own on. */
static void print_disks(uint32_t id)
{
	struct vctx_disk_use *use;
	size_t n, i;

	if (vctx_sys_disks(id, &use, &n))
		return;
	for (i = 0; i < n; i++) {
		char r[16], w[16];

		printf("  %-13sread %s, written %s; ", use[i].name,
		       cli_size(use[i].rbytes, r, sizeof(r)),
		       cli_size(use[i].wbytes, w, sizeof(w)));
		print_disk_share("", &use[i].share);
	}
	vctx_sys_disks_free(use, n);
}

static void print_net(const struct vctx_info *x)
{
	size_t i;

	printf("  %-13s%s", "network", vctx_net_mode_name(x->net_mode));
	for (i = 0; i < x->n_net_addr; i++) {
		char *text = vctx_net_addr_text(&x->net_addr[i]);

		printf(" %s", text);
		free(text);
	}
	putchar('\n');
}

static void print_limit(const char *what, const struct vctx_limit *l,
			bool bytes)
{
	const uint64_t values[] = { l->max, l->now, l->peak };
	char text[ARRAY_SIZE(values)][24], buf[24];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		if (bytes)
			snprintf(text[i], sizeof(text[i]), "%s",
				 cli_size(values[i], buf, sizeof(buf)));
		else
			snprintf(text[i], sizeof(text[i]), "%llu",
				 (unsigned long long)values[i]);
	printf("  %-13slimit %s, now %s, most %s, reached %llu times\n", what,
	       l->have_max ? text[0] : "none", text[1], text[2],
	       (unsigned long long)l->hits);
}

/* What the kernel counts of it, and control groups if it has limits there. */
static void print_limits(const struct vctx_info *x)
{
	static const struct {
		const char *what;
		bool size;
	} kind[VCTX_OBJECTS] = {
		[VCTX_OBJECT_FILES] = { "files", false },
		[VCTX_OBJECT_SOCKETS] = { "sockets", false },
		[VCTX_OBJECT_LOCKS] = { "locks", false },
		[VCTX_OBJECT_ADDRESS_SPACE] = { "addresses", true },
		[VCTX_OBJECT_MESSAGE_QUEUES] = { "queues", true },
		[VCTX_OBJECT_SHARED_MEMORY] = { "shared", true },
		[VCTX_OBJECT_SEMAPHORE_SETS] = { "sem. sets", false },
		[VCTX_OBJECT_SEMAPHORES] = { "semaphores", false },
	};
	struct vctx_limit objects[VCTX_OBJECTS];
	struct vctx_limits l;
	size_t i;

	if (!vctx_objects(x, objects)) {
		for (i = 0; i < VCTX_OBJECTS; i++)
			print_limit(kind[i].what, &objects[i], kind[i].size);
	}
	if (vctx_limits(x, &l))
		return;
	print_limit("memory limit", &l.memory, true);
	print_limit("swap limit", &l.swap, true);
	print_limit("tasks limit", &l.processes, false);
	if (l.oom_kills)
		printf("  %-13s%llu processes for want of memory\n", "killed",
		       (unsigned long long)l.oom_kills);
}

int cmd_status(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *x = vctx_find(c->v, name, &err);
	struct usage u;
	uint64_t w;
	char buf[32];
	int r;

	if (!x)
		return cli_fail(c, name, &err);
	if (look(x, &u, &err)) {
		vctx_info_free(x);
		return cli_fail(c, name, &err);
	}
	if (c->json) {
		r = cli_json(cli_info_json(x, &u));
		vctx_info_free(x);
		return r;
	}
	printf("%s: %s%s%s\n", x->name ? x->name : name, cli_state(x),
	       x->unmanaged ? ", not made by vctx" : "",
	       x->transient ? ", removed when it ends" : "");
	if (x->id)
		printf("  %-13s%u\n", "id", x->id);
	if (x->config)
		printf("  %-13s%s\n", "config", x->config);
	if (x->created)
		printf("  %-13s%s\n", "created", x->created);
	if (x->have_cpu)
		print_share(&x->cpu);
	if (x->cpu_parent)
		print_parent(c, x->cpu_parent);
	if (x->cpu_inside)
		printf("  %-13s%u\n", "contexts", x->cpu_inside);
	if (x->have_disk)
		print_disk_share("  disks        ", &x->disk);
	if (x->have_net)
		print_net(x);
	if (x->state != VCTX_STOPPED) {
		if (x->pid)
			printf("  %-13s%d\n", "init", (int)x->pid);
		else
			printf("  %-13snone\n", "init");
		if (x->root)
			printf("  %-13s%s\n", "root", x->root);
		if (x->started)
			printf("  %-13s%s (%s ago)\n", "started", x->started,
			       cli_duration(cli_uptime_ns(x), buf,
					    sizeof(buf)));
		printf("  %-13s%zu\n", "processes", u.procs);
		printf("  %-13s%s\n", "memory",
		       cli_size(u.rss, buf, sizeof(buf)));
		printf("  %-13s%.2fs\n", "cpu time", (double)u.cpu_ns / 1e9);
		print_limits(x);
		print_disks(x->id);
		if (!vctx_sys_get(x->id, VCTX_WORD_CFLAGS, &w))
			print_words("flags", VCTX_NAMES_CFLAGS, w);
		if (!vctx_sys_get(x->id, VCTX_WORD_BCAPS, &w))
			print_words("capabilities", VCTX_NAMES_BCAPS, w);
		if (!vctx_sys_get(x->id, VCTX_WORD_CCAPS, &w))
			print_words("context caps", VCTX_NAMES_CCAPS, w);
		if (x->have_net && x->net_mode == VCTX_NET_SHARED &&
		    !vctx_sys_net_get_caps(x->id, &w))
			print_words("network caps", VCTX_NAMES_NCAPS, w);
	}
	vctx_info_free(x);
	return cli_flush();
}

static void pair(const char *key, json_t *value)
{
	if (json_is_string(value))
		printf("%s=%s\n", key, json_string_value(value));
	else if (json_is_integer(value))
		printf("%s=%lld\n", key,
		       (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		printf("%s=%s\n", key, json_is_true(value) ? "yes" : "no");
	else
		printf("%s=\n", key);
}

/* Releases x. */
static int show_config(struct cli *c, const char *name, struct vctx_info *x)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_config *cfg = NULL;
	char *file = NULL, *text = NULL;
	int r = 0;

	if (x->transient) {
		/* It has no file of its own, but a copy of what it runs with. */
		cfg = vctx_config_new();
		file = vctx_running_config_path(c->v, x->name);
		r = vctx_config_read(cfg, file, &err);
	} else if (!x->unmanaged) {
		cfg = cli_config(c, x->name, true, &file, &err);
		r = cfg ? 0 : -1;
	} else {
		fprintf(stderr, "vctx: show %s: context has no configuration file\n",
			name);
		vctx_info_free(x);
		return VCTX_STATE;
	}
	if (!r) {
		text = vctx_config_dump(cfg);
		fputs(text ? text : "", stdout);
		r = text ? cli_flush() : VCTX_FAILED;
	} else {
		r = cli_fail(c, name, &err);
	}
	free(text);
	free(file);
	vctx_config_free(cfg);
	vctx_info_free(x);
	return r;
}

int cmd_show(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *x = vctx_find(c->v, name, &err);
	struct usage u;
	json_t *o, *value;
	const char *key;
	int r;

	if (!x)
		return cli_fail(c, name, &err);
	if (c->config)
		return show_config(c, name, x);
	if (look(x, &u, &err)) {
		vctx_info_free(x);
		return cli_fail(c, name, &err);
	}
	o = cli_info_json(x, &u);
	vctx_info_free(x);
	if (c->json)
		return cli_json(o);
	json_object_foreach(o, key, value)
		pair(key, value);
	json_decref(o);
	r = cli_flush();
	return r;
}

int cmd_running(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *x = vctx_find(c->v, c->args[0], &err);
	bool up = x && x->state == VCTX_RUNNING;

	/* "No such context" is an answer here, a bad name is not. */
	if (!x && err.code != VCTX_NOCTX)
		return cli_fail(c, c->args[0], &err);
	vctx_err_clear(&err);
	vctx_info_free(x);
	return up ? 0 : 1;
}
