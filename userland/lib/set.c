// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changing a context that exists.
 *
 * The user's file is never written.  What is set goes into a drop-in of our
 * own, which holds the complete value of every key that was ever set, so that
 * lists need no history.  A context that runs has a second copy of its whole
 * configuration in /run, which tells what it was started with.
 */

#include <sys/stat.h>

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

static char *drop_in_text(const char *body)
{
	return vx_printf("# Written by 'vctx set'; it is read after the file itself.\n%s",
			 body);
}

/* The values of the wanted keys, as the file that is read last; none: no file. */
static int write_drop_in(const char *dir, const struct vctx_config *cfg,
			 const bool *want, struct vctx_err *err)
{
	vx_autofree char *body = vx_config_dump_keys(cfg, want);
	vx_autofree char *text = NULL;

	if (readable(body, err))
		return -1;
	text = drop_in_text(body);
	return vx_mkdirs(dir, 0755, err) ||
	       vx_write_atomic(dir, DROP_IN, text, 0644, err) ? -1 : 0;
}

int vx_set_keep(struct vctx *v, const char *name, char *const *assignments,
		struct vctx_err *err)
{
	size_t n = count_keys(), i;
	vx_autofree bool *want = vx_alloc(n * sizeof(*want));
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *dir = drop_in_dir(v, name);
	vx_autofree char *file = vx_printf("%s/" DROP_IN, dir);
	struct vctx_config *cfg = vctx_config_new();
	int r = -1;

	if (vctx_config_read(cfg, conf, err) || apply(cfg, assignments, err) ||
	    keys_in(file, want, n, err))
		goto out;
	for (i = 0; assignments[i]; i++)
		want[vx_config_find_key(assignments[i])] = true;
	r = write_drop_in(dir, cfg, want, err);
out:
	vctx_config_free(cfg);
	return r;
}

static bool of_cgroup(const struct vctx_key *key)
{
	return !strncmp(key->name, "memory.", 7) ||
	       (!strncmp(key->name, "limits.", 7) && !vx_objects_key(key->name));
}

/* What of [net] was in force and what was put there: copies. */
struct net_saved {
	struct vctx_config old, new;
	bool changed;
};

static void save_net(struct vctx_config *to, const struct vctx_config *cfg)
{
	to->net_mode = cfg->net_mode;
	to->net_bridge = cfg->net_bridge ? vx_strdup(cfg->net_bridge) : NULL;
	to->bcaps = cfg->bcaps;
	to->ccaps = cfg->ccaps;
	to->ncaps = cfg->ncaps;
	to->net_weight = cfg->net_weight;
	to->net_rate_out = cfg->net_rate_out;
	to->net_rate_in = cfg->net_rate_in;
	to->n_net_addr = cfg->n_net_addr;
	to->net_addr = vx_alloc((cfg->n_net_addr + 1) * sizeof(*to->net_addr));
	if (cfg->n_net_addr)
		memcpy(to->net_addr, cfg->net_addr,
		       cfg->n_net_addr * sizeof(*to->net_addr));
}

/* What of a running context changes, and what it had before. */
struct live {
	bool cpu, disk, cgroup, objects, quota, devices;
	bool cpu_changed, quota_changed, devices_changed;
	struct vctx_config old_quota;	/* its limits of disk space alone */
	struct vctx_sys_cpu old_cpu;
	struct vx_disk_saved old_disks;
	struct vx_objects_saved old_objects;
	struct vctx_limits old_cgroup;
	struct vctx_config old_devices, new_devices;	/* the maps alone */
	struct net_saved net;
	char *run;		/* where its copy of the configuration is */
	char *old_copy;		/* what that said; NULL: it has not been changed */
};

/* A set of addresses can change while it is used, a device's is its own. */
static bool at_once(const struct vctx_key *key, const struct vctx_info *info)
{
	return key->when == VCTX_AT_ONCE ||
	       (!strcmp(key->name, "net.address") && info->have_net &&
		info->net_mode == VCTX_NET_SHARED);
}

/* What of a running context a change of this key is about. */
static void touches(struct live *live, const struct vctx_key *key)
{
	if (!strncmp(key->name, "cpu.", 4) && key->when == VCTX_AT_ONCE)
		live->cpu = true;
	if (vx_quota_key(key->name))
		live->quota = true;
	else if (!strncmp(key->name, "disk.", 5))
		live->disk = true;
	if (vx_objects_key(key->name))
		live->objects = true;
	if (!strcmp(key->name, "device.map"))
		live->devices = true;
	if (of_cgroup(key))
		live->cgroup = true;
}

/* After a failure: everything as it was. */
static void take_back(struct vctx *v, const struct vctx_info *info,
		      struct live *live)
{
	if (live->cpu_changed)
		vctx_sys_set_cpu(info->id, &live->old_cpu);
	vx_disk_restore(info->id, &live->old_disks);
	vx_objects_restore(info->id, &live->old_objects);
	if (live->cgroup)
		vx_cgroup_restore(info->cgroup, &live->old_cgroup);
	if (live->quota_changed)
		vx_quota_apply(info->id, info->root, &live->old_quota, NULL);
	if (live->devices_changed)
		vx_device_apply(v, info->id, &live->new_devices,
				&live->old_devices, NULL);
	if (live->net.changed)
		vx_net_change(v, info->name, info->id, &live->net.new,
			      &live->net.old, NULL);
	/* The next change starts from what it says. */
	if (live->old_copy)
		vx_write_atomic(live->run, "config", live->old_copy, 0600, NULL);
}

static void live_free(struct live *live)
{
	free(live->old_disks.save);
	vx_device_free(&live->old_devices);
	vx_device_free(&live->new_devices);
	free(live->run);
	free(live->old_copy);
	free(live->net.old.net_addr);
	free(live->net.old.net_bridge);
	free(live->net.new.net_addr);
	free(live->net.new.net_bridge);
}

/*
 * The context as it runs: its share, its stop signal, its copy in /run.  What is
 * new are the assignments, or with NULL the given keys of another configuration.
 */
static int change_running(struct vctx *v, const struct vctx_info *info,
			  char *const *assignments,
			  const struct vctx_config *from, const bool *given,
			  bool commit, struct live *live, struct vctx_err *err)
{
	struct vctx_config *cfg = vctx_config_new();
	vx_autofree char *dir = NULL;
	vx_autofree char *path = NULL;
	vx_autofree char *text = NULL;
	vx_autofree char *old = NULL;
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
		old = vctx_config_dump(cfg);
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
	save_net(&live->net.old, cfg);
	vx_device_copy(&live->old_devices, cfg);
	live->old_quota.tag = cfg->tag;
	live->old_quota.tag_is_id = cfg->tag_is_id;
	live->old_quota.disk_space = cfg->disk_space;
	live->old_quota.disk_inodes = cfg->disk_inodes;
	for (i = 0; !assignments && vctx_config_key(i); i++) {
		const struct vctx_key *key = vctx_config_key(i);

		if (!given[i] || !at_once(key, info) ||
		    (!live->cgroup && of_cgroup(key)))
			continue;
		if (vx_config_take(cfg, from, i, err))
			goto out;
		if (!strncmp(key->name, "net.", 4))
			net_given = true;
	}
	for (i = 0; assignments && assignments[i]; i++) {
		const struct vctx_key *key =
			vctx_config_key(vx_config_find_key(assignments[i]));

		if (key && at_once(key, info) &&
		    (live->cgroup || !of_cgroup(key)) &&
		    vctx_config_set(cfg, assignments[i], err))
			goto out;
		if (key && at_once(key, info) && !strncmp(key->name, "net.", 4))
			net_given = true;
	}
	if (vx_cpu_values(cfg, &new, err) || vx_disk_check(cfg, err) ||
	    vx_quota_check(cfg, err) ||
	    (live->devices && vx_device_check(cfg, err)) ||
	    (net_given && vx_net_check(cfg, err)))
		goto out;
	text = vctx_config_dump(cfg);
	if (readable(text, err))
		goto out;
	if (live->cpu && vctx_sys_get_cpu(info->id, &live->old_cpu)) {
		vx_cpu_error(err, cfg);
		goto out;
	}
	if (live->disk && vctx_sys_get_disk(info->id, 0, &share)) {
		vx_disk_error(err, NULL, &share);
		goto out;
	}
	r = 0;
	if (!commit)
		goto out;
	r = -1;
	if (live->cpu) {
		if (vctx_sys_set_cpu(info->id, &new)) {
			vx_cpu_error(err, cfg);
			goto out;
		}
		live->cpu_changed = true;
	}
	if (live->disk && vx_disk_apply(info->id, cfg, &live->old_disks, err))
		goto out;
	if (live->objects &&
	    vx_objects_apply(info->id, cfg, &live->old_objects, err))
		goto out;
	if (live->cgroup && vx_cgroup_set(info->cgroup, cfg, err))
		goto out;
	if (live->quota && info->root) {
		if (vx_quota_apply(info->id, info->root, cfg, err))
			goto out;
		live->quota_changed = true;
	}
	if (live->devices) {
		vx_device_copy(&live->new_devices, cfg);
		if (vx_device_apply(v, info->id, &live->old_devices, cfg, err))
			goto out;
		live->devices_changed = true;
	}
	if (vx_net_change(v, info->name, info->id, &live->net.old, cfg, err))
		goto out;
	save_net(&live->net.new, cfg);
	live->net.changed = true;
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
	if (!r) {
		live->run = dir;
		live->old_copy = old;
		dir = old = NULL;
	}
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
	vx_autofree char *body = NULL;
	vx_autofree char *wait = NULL;
	struct vctx_sys_cpu values;
	struct live live = { 0 };
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
		touches(&live, key);
	}
	/* Who was started without limits is in no group that could have some. */
	live.cgroup = live.cgroup && !vctx_limits(info, &live.old_cgroup);
	for (i = 0; i < n; i++) {
		const struct vctx_key *key = vctx_config_key(i);

		/* A context that only the kernel has has shares, and no more. */
		if (!given[i] || (at_once(key, info) &&
				  !(up && of_cgroup(key) && !live.cgroup) &&
				  (!info->unmanaged ||
				   !strncmp(key->name, "cpu.", 4) ||
				   (!strncmp(key->name, "disk.", 5) &&
				    !vx_quota_key(key->name)))))
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
		     vx_quota_check(cfg, err) || vx_net_check(cfg, err) ||
		     (live.devices && vx_device_check(cfg, err))))
		goto out;
	if (kept) {
		dir = drop_in_dir(v, info->name);
		file = vx_printf("%s/" DROP_IN, dir);
		if (keys_in(file, want, n, err))
			goto out;
		body = vx_config_dump_keys(cfg, want);
		if (readable(body, err))
			goto out;
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
	if (up && change_running(v, info, assignments, NULL, NULL, commit,
				 &live, err))
		goto undo;
	if (commit && kept) {
		if (vx_fail_point("set")) {
			vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s",
				      file);
			goto undo;
		}
		if (write_drop_in(dir, cfg, want, err))
			goto undo;
	}
	if (later) {
		*later = wait;
		wait = NULL;
	}
	r = 0;
undo:
	if (r)
		take_back(v, info, &live);
	if (lock >= 0) {
		if (!vx_alive(v, info->name))
			vx_state_remove(v, info->name, 0);
		close(lock);
	}
out:
	live_free(&live);
	vctx_config_free(cfg);
	return r;
}

static int rewrite(const char *drop_in, const char *body, struct vctx_err *err)
{
	vx_autofree char *dir = vx_strdup(drop_in);
	vx_autofree char *text = drop_in_text(body);

	*strrchr(dir, '/') = '\0';
	return vx_write_atomic(dir, DROP_IN, text, 0644, err);
}

/* Text of the drop-in without the keys that the file says anew. */
static char *without(const char *drop_in, const bool *changed, size_t n,
		     struct vctx_err *err)
{
	struct vctx_config *cfg = vctx_config_new();
	vx_autofree bool *keep = vx_alloc(n * sizeof(*keep));
	char *text = NULL;
	size_t i;

	if (access(drop_in, F_OK)) {
		text = vx_strdup("");
	} else if (!vctx_config_read(cfg, drop_in, err)) {
		for (i = 0; i < n; i++)
			keep[i] = vx_config_is_set(cfg, i) && !changed[i];
		text = vx_config_dump_keys(cfg, keep);
		if (!text)
			vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	}
	vctx_config_free(cfg);
	return text;
}

/* Mark the keys whose values differ. */
static void compare(const struct vctx_config *a, const struct vctx_config *b,
		    bool *differ, size_t n)
{
	vx_autofree bool *one = vx_alloc(n * sizeof(*one));
	size_t i;

	for (i = 0; i < n; i++) {
		vx_autofree char *x = NULL;
		vx_autofree char *y = NULL;

		one[i] = true;
		x = vx_config_dump_keys(a, one);
		y = vx_config_dump_keys(b, one);
		differ[i] = !x || !y || strcmp(x, y);
		one[i] = false;
	}
}

struct edit {
	struct vctx_config *old_file, *new_file;	/* the file alone */
	struct vctx_config *old, *new;			/* with its drop-ins */
	char *drop_in;			/* path of ours */
	char *drop_in_text;		/* what stays of it */
	bool *differ;			/* keys that are new in effect */
};

static void edit_free(struct edit *e)
{
	vctx_config_free(e->old_file);
	vctx_config_free(e->new_file);
	vctx_config_free(e->old);
	vctx_config_free(e->new);
	free(e->drop_in);
	free(e->drop_in_text);
	free(e->differ);
}

static int edit_read(struct edit *e, const char *conf, const char *text,
		     size_t n, struct vctx_err *err)
{
	vx_autofree bool *changed = vx_alloc(n * sizeof(*changed));

	/* One that was wrong before is no reason not to put it right. */
	if (vx_config_read_file(e->old_file, conf, NULL)) {
		vctx_config_free(e->old_file);
		e->old_file = vctx_config_new();
	}
	if (vctx_config_parse(e->new_file, conf, text, err))
		return -1;
	compare(e->old_file, e->new_file, changed, n);
	e->drop_in_text = without(e->drop_in, changed, n, err);
	if (!e->drop_in_text ||
	    vx_config_read_as(e->new, conf, text, DROP_IN, e->drop_in_text, err))
		return -1;
	if (vctx_config_read(e->old, conf, NULL)) {
		vctx_config_free(e->old);
		e->old = vctx_config_new();
	}
	compare(e->old, e->new, e->differ, n);
	return 0;
}

int vctx_edit(struct vctx *v, const struct vctx_info *info, const char *text,
	      bool commit, char **later, struct vctx_err *err)
{
	size_t n = count_keys(), i;
	struct edit e = {
		.old_file = vctx_config_new(), .new_file = vctx_config_new(),
		.old = vctx_config_new(), .new = vctx_config_new(),
		.differ = vx_alloc(n * sizeof(bool)),
	};
	bool up = info->state == VCTX_RUNNING;
	struct vctx_plan_opts opts = { 0 };
	vx_autofree char *conf = NULL;
	vx_autofree char *real = NULL;
	vx_autofree char *wait = NULL;
	struct vctx_plan *plan;
	struct live live = { 0 };
	struct stat st;
	int lock = -1, r = -1;
	char *base;

	if (later)
		*later = NULL;
	if (info->unmanaged || info->transient || !info->config) {
		vx_fail(err, VCTX_STATE, NULL, "context has no configuration file");
		goto out;
	}
	if (info->state == VCTX_STARTING) {
		vx_fail(err, VCTX_STATE, "try again", "context is being started");
		goto out;
	}
	conf = vctx_config_path(v, info->name);
	real = realpath(conf, NULL);
	if (!real || stat(real, &st)) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "%s", conf);
		goto out;
	}
	e.drop_in = vx_printf("%s.d/" DROP_IN, conf);
	if (edit_read(&e, conf, text, n, err))
		goto out;
	/* What start would find wrong is wrong now already. */
	plan = vctx_plan_new(v, info->name, e.new, &opts, err);
	if (!plan)
		goto out;
	vctx_plan_free(plan);
	for (i = 0; i < n; i++)
		if (e.differ[i])
			touches(&live, vctx_config_key(i));
	live.cgroup = live.cgroup && up && !vctx_limits(info, &live.old_cgroup);
	for (i = 0; up && i < n; i++) {
		const struct vctx_key *key = vctx_config_key(i);
		char *more;

		if (!e.differ[i] ||
		    (at_once(key, info) && !(of_cgroup(key) && !live.cgroup)))
			continue;
		more = vx_printf("%s%s%s", wait ? wait : "", wait ? " " : "",
				 key->name);
		free(wait);
		wait = more;
	}
	if (commit) {
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
	if (up && change_running(v, info, NULL, e.new, e.differ, commit, &live,
				 err))
		goto undo;
	if (!commit) {
		r = 0;
		goto done;
	}
	base = strrchr(real, '/');
	*base++ = '\0';
	if (vx_fail_point("edit")) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot write %s", conf);
		goto undo;
	}
	if (vx_write_atomic(real[0] ? real : "/", base, text,
			    st.st_mode & 07777, err))
		goto undo;
	r = 0;
	/* Killed here, the older value of "set" stays in force, and is shown. */
	if (!e.drop_in_text[0])
		vx_set_forget(v, info->name);
	else
		r = rewrite(e.drop_in, e.drop_in_text, err);
done:
	if (later) {
		*later = wait;
		wait = NULL;
	}
undo:
	if (r)
		take_back(v, info, &live);
	if (lock >= 0) {
		if (!vx_alive(v, info->name))
			vx_state_remove(v, info->name, 0);
		close(lock);
	}
out:
	live_free(&live);
	edit_free(&e);
	return r;
}
