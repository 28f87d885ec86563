// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changing a context that exists.
 *
 * The user's file is never written.  What is set goes into a drop-in of our
 * own, which holds the complete value of every key that was ever set, so that
 * lists need no history.  A context that runs has a second copy of its whole
 * configuration in /run, which tells what it was started with.
 */

#include "internal.h"

#define DROP_IN		"90-set.conf"

static char *drop_in_dir(struct vctx *v, const char *name)
{
	return vx_printf("%s/%s.conf.d", v->etc, name);
}

void vx_set_forget(struct vctx *v, const char *name)
{
	vx_autofree char *dir = drop_in_dir(v, name);
	vx_autofree char *file = vx_printf("%s/" DROP_IN, dir);

	/* The directory goes only when nothing of the user's is in it. */
	if (!unlink(file))
		rmdir(dir);
}

static size_t count_keys(void)
{
	size_t n = 0;

	while (vctx_config_key(n))
		n++;
	return n;
}

/* Mark the keys that the drop-in holds already. */
static int keys_in(const char *file, bool *want, size_t n, struct vctx_err *err)
{
	struct vctx_config *cfg;
	size_t i;
	int r;

	if (access(file, F_OK))
		return 0;
	cfg = vctx_config_new();
	r = vctx_config_read(cfg, file, err);
	for (i = 0; i < n && !r; i++)
		if (vx_config_is_set(cfg, i))
			want[i] = true;
	vctx_config_free(cfg);
	return r;
}

static int apply(struct vctx_config *cfg, char *const *assignments,
		 struct vctx_err *err)
{
	size_t i;

	for (i = 0; assignments[i]; i++)
		if (vctx_config_set(cfg, assignments[i], err))
			return -1;
	return 0;
}

/* What is written must be readable again, before anything is changed. */
static int readable(const char *text, struct vctx_err *err)
{
	struct vctx_config *cfg;
	int r;

	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	cfg = vctx_config_new();
	r = vctx_config_parse(cfg, "(new configuration)", text, err);
	vctx_config_free(cfg);
	return r;
}

static bool of_cgroup(const struct vctx_key *key)
{
	return !strncmp(key->name, "memory.", 7) ||
	       !strncmp(key->name, "limits.", 7);
}

/* What of [net] was in force and what was put there; lists are copies. */
struct net_saved {
	struct vctx_config old, new;
	bool changed;
};

static void save_net(struct vctx_config *to, const struct vctx_config *cfg)
{
	to->net_mode = cfg->net_mode;
	to->net_rate_out = cfg->net_rate_out;
	to->net_rate_in = cfg->net_rate_in;
	to->n_net_addr = cfg->n_net_addr;
	to->net_addr = vx_alloc((cfg->n_net_addr + 1) * sizeof(*to->net_addr));
	if (cfg->n_net_addr)
		memcpy(to->net_addr, cfg->net_addr,
		       cfg->n_net_addr * sizeof(*to->net_addr));
}

/* A set of addresses can change while it is used, a device's is its own. */
static bool at_once(const struct vctx_key *key, const struct vctx_info *info)
{
	return key->when == VCTX_AT_ONCE ||
	       (!strcmp(key->name, "net.address") && info->have_net &&
		info->net_mode == VCTX_NET_SHARED);
}

/* The context as it runs: its share, its stop signal, its copy in /run. */
static int change_running(struct vctx *v, const struct vctx_info *info,
			  char *const *assignments, bool cpu, bool disk,
			  bool limit, bool commit, struct vctx_sys_cpu *old,
			  bool *changed, struct vx_disk_saved *disks,
			  struct net_saved *net, struct vctx_err *err)
{
	struct vctx_config *cfg = vctx_config_new();
	vx_autofree char *dir = NULL;
	vx_autofree char *path = NULL;
	vx_autofree char *text = NULL;
	struct vctx_sys_cpu new;
	struct vctx_sys_disk share;
	struct vx_state *st = NULL;
	bool net_given = false;
	size_t i;
	int r = -1;

	if (!info->unmanaged) {
		dir = vx_printf("%s/%s", v->run, info->name);
		path = vctx_running_config_path(v, info->name);
	}
	if (path && !access(path, F_OK)) {
		if (vctx_config_read(cfg, path, err))
			goto out;
	} else {
		/* Somebody else's context: the kernel knows what it has. */
		vx_disk_from_kernel(info->id, cfg);
		if (info->have_cpu) {
			cfg->cpu_weight = info->cpu.weight;
			cfg->cpu_max_ppm = info->cpu.max / 1000;
			cfg->cpu_guarantee_ppm = info->cpu.guarantee / 1000 /
				(uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
			cfg->cpu_burst_ms = info->cpu.burst / 1000000;
		}
	}
	save_net(&net->old, cfg);
	for (i = 0; assignments[i]; i++) {
		const struct vctx_key *key =
			vctx_config_key(vx_config_find_key(assignments[i]));

		if (key && at_once(key, info) &&
		    (limit || !of_cgroup(key)) &&
		    vctx_config_set(cfg, assignments[i], err))
			goto out;
		if (key && at_once(key, info) && !strncmp(key->name, "net.", 4))
			net_given = true;
	}
	if (vx_cpu_values(cfg, &new, err) || vx_disk_check(cfg, err) ||
	    (net_given && vx_net_check(cfg, err)))
		goto out;
	text = vctx_config_dump(cfg);
	if (readable(text, err))
		goto out;
	if (cpu && vctx_sys_get_cpu(info->id, old)) {
		vx_cpu_error(err, cfg);
		goto out;
	}
	if (disk && vctx_sys_get_disk(info->id, 0, &share)) {
		vx_disk_error(err, NULL, &share);
		goto out;
	}
	r = 0;
	if (!commit)
		goto out;
	r = -1;
	if (cpu) {
		if (vctx_sys_set_cpu(info->id, &new)) {
			vx_cpu_error(err, cfg);
			goto out;
		}
		*changed = true;
	}
	if (disk && vx_disk_apply(info->id, cfg, disks, err))
		goto out;
	if (limit && vx_cgroup_set(info->cgroup, cfg, err))
		goto out;
	if (vx_net_change(info->id, &net->old, cfg, err))
		goto out;
	save_net(&net->new, cfg);
	net->changed = true;
	if (!dir) {
		r = 0;
		goto out;
	}
	st = vx_state_read(v, info->name);
	if (st && (st->stop_signal != cfg->stop_signal ||
		   st->stop_timeout_ms != cfg->stop_timeout_ms)) {
		st->stop_signal = cfg->stop_signal;
		st->stop_timeout_ms = cfg->stop_timeout_ms;
		if (vx_state_write(v, info->name, st, err))
			goto out;
	}
	r = vx_write_atomic(dir, "config", text, 0600, err);
out:
	vx_state_free(st);
	vctx_config_free(cfg);
	return r;
}

int vctx_set(struct vctx *v, const struct vctx_info *info,
	     char *const *assignments, bool commit, char **later,
	     struct vctx_err *err)
{
	bool kept = !info->unmanaged && !info->transient;
	bool up = info->state == VCTX_RUNNING;
	size_t n = count_keys(), i;
	vx_autofree bool *want = vx_alloc(n * sizeof(*want));
	vx_autofree bool *given = vx_alloc(n * sizeof(*given));
	struct vctx_config *cfg = vctx_config_new();
	vx_autofree char *dir = NULL;
	vx_autofree char *file = NULL;
	vx_autofree char *text = NULL;
	vx_autofree char *body = NULL;
	vx_autofree char *wait = NULL;
	struct vctx_sys_cpu old, values;
	struct vx_disk_saved disks = { 0 };
	struct net_saved net = { 0 };
	bool cpu = false, disk = false, limit = false, changed = false;
	struct vctx_limits limits;
	int lock = -1, r = -1;

	if (later)
		*later = NULL;
	if (info->state == VCTX_STARTING) {
		vx_fail(err, VCTX_STATE, "try again", "context is being started");
		goto out;
	}
	/* A typing mistake is found before anything is looked at. */
	if (apply(cfg, assignments, err))
		goto out;
	vctx_config_free(cfg);
	cfg = vctx_config_new();
	if (kept && vctx_config_read(cfg, info->config, err))
		goto out;
	if (apply(cfg, assignments, err))
		goto out;
	for (i = 0; assignments[i]; i++) {
		size_t k = vx_config_find_key(assignments[i]);
		const struct vctx_key *key = vctx_config_key(k);

		given[k] = want[k] = true;
		if (!strncmp(key->name, "cpu.", 4))
			cpu = true;
		if (!strncmp(key->name, "disk.", 5))
			disk = true;
		if (of_cgroup(key))
			limit = true;
	}
	/* Who was started without limits is in no group that could have some. */
	limit = limit && !vctx_limits(info, &limits);
	for (i = 0; i < n; i++) {
		const struct vctx_key *key = vctx_config_key(i);

		/* A context that only the kernel has has shares, and no more. */
		if (!given[i] || (at_once(key, info) &&
				  !(up && of_cgroup(key) && !limit) &&
				  (!info->unmanaged ||
				   !strncmp(key->name, "cpu.", 4) ||
				   !strncmp(key->name, "disk.", 5))))
			continue;
		if (!kept) {
			vx_fail(err, VCTX_STATE,
				"it has no configuration that another start would read",
				"\"%s\" cannot be changed while it runs",
				key->name);
			goto out;
		}
		if (up) {
			char *more = vx_printf("%s%s%s", wait ? wait : "",
					       wait ? " " : "", key->name);

			free(wait);
			wait = more;
		}
	}
	if (kept && (vx_cpu_values(cfg, &values, err) || vx_disk_check(cfg, err) ||
		     vx_net_check(cfg, err)))
		goto out;
	if (kept) {
		dir = drop_in_dir(v, info->name);
		file = vx_printf("%s/" DROP_IN, dir);
		if (keys_in(file, want, n, err))
			goto out;
		body = vx_config_dump_keys(cfg, want);
		if (readable(body, err))
			goto out;
		text = vx_printf("# Written by 'vctx set'; it is read after the file itself.\n%s",
				 body);
	}
	if (commit && !info->unmanaged) {
		lock = vx_lock(v, info->name, err);
		if (lock < 0)
			goto out;
		if (up != vx_alive(v, info->name)) {
			vx_fail(err, VCTX_STATE, "try again",
				"context was %s meanwhile",
				up ? "stopped" : "started");
			goto undo;
		}
	}
	if (up && change_running(v, info, assignments, cpu, disk, limit, commit,
				 &old, &changed, &disks, &net, err))
		goto undo;
	if (commit && kept) {
		if (vx_fail_point("set")) {
			vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s",
				      file);
			goto undo;
		}
		if (vx_mkdirs(dir, 0755, err) ||
		    vx_write_atomic(dir, DROP_IN, text, 0644, err))
			goto undo;
	}
	if (later) {
		*later = wait;
		wait = NULL;
	}
	r = 0;
undo:
	if (r && changed)
		vctx_sys_set_cpu(info->id, &old);
	if (r)
		vx_disk_restore(info->id, &disks);
	if (r && limit)
		vx_cgroup_restore(info->cgroup, &limits);
	if (r && net.changed)
		vx_net_change(info->id, &net.new, &net.old, NULL);
	if (lock >= 0) {
		if (!vx_alive(v, info->name))
			vx_state_remove(v, info->name, 0);
		close(lock);
	}
out:
	free(disks.save);
	free(net.old.net_addr);
	free(net.new.net_addr);
	vctx_config_free(cfg);
	return r;
}
