// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Device maps: device.map.  What a context can do with a device of the host, and
 * what it gets in its place.
 *
 * The kernel takes devices by their nodes on the host, so a device is looked up by
 * its name here each time, and two names of one device are the same entry.
 */

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "internal.h"

/* All others of their type. */
static bool is_rest(const struct vctx_device *d)
{
	return d->name[0] != '/';
}

bool vx_device_default(const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_device; i++)
		if (!cfg->device[i].as_ever)
			return false;
	return true;
}

/* Type and number; the number is 0 for all others of the type. */
static int find_device(const struct vctx_device *d, struct stat *st)
{
	if (is_rest(d)) {
		memset(st, 0, sizeof(*st));
		st->st_mode = strcmp(d->name, "block") ? S_IFCHR : S_IFBLK;
		return 0;
	}
	if (stat(d->name, st))
		return -1;
	if ((!S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode)) || !st->st_rdev) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

static bool same_device(const struct stat *a, const struct stat *b)
{
	return ((a->st_mode ^ b->st_mode) & S_IFMT) == 0 &&
	       a->st_rdev == b->st_rdev;
}

static int no_device(const char *path, struct vctx_err *err)
{
	return vx_fail_errno(err, VCTX_USAGE, NULL, "device %s", path);
}

int vx_device_check(const struct vctx_config *cfg, struct vctx_err *err)
{
	struct stat st, other;
	size_t i, j;

	for (i = 0; i < cfg->n_device; i++) {
		const struct vctx_device *d = &cfg->device[i];
		const struct vctx_device to = { .name = d->target };

		/* One that is as ever need not be there. */
		if (d->as_ever)
			continue;
		if (find_device(d, &st))
			return no_device(d->name, err);
		if (d->target && find_device(&to, &other))
			return no_device(d->target, err);
		if (d->target && ((st.st_mode ^ other.st_mode) & S_IFMT))
			return vx_fail(err, VCTX_USAGE, NULL,
				       "%s and %s are devices of two types",
				       d->name, d->target);
		for (j = 0; j < i; j++)
			if (!cfg->device[j].as_ever &&
			    !find_device(&cfg->device[j], &other) &&
			    same_device(&st, &other))
				return vx_fail(err, VCTX_USAGE,
					       "give it once",
					       "%s and %s are the same device",
					       cfg->device[j].name, d->name);
	}
	return 0;
}

bool vx_device_node(const struct vctx_device *d, struct stat *st)
{
	const struct vctx_device to = { .name = d->target };
	struct stat target;

	if (!d->open || strncmp(d->name, "/dev/", 5) || find_device(d, st))
		return false;
	/* A driver of character devices goes by the number of the node. */
	if (d->target && S_ISCHR(st->st_mode)) {
		if (find_device(&to, &target))
			return false;
		st->st_rdev = target.st_rdev;
	}
	return true;
}

static int fail_map(struct vctx_err *err, const char *name)
{
	if (errno == ENOSYS)
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not map devices (CONFIG_VSERVER_FS); leave out [device], see 'vctx check'",
			"cannot set what it can do with %s", name);
	return vx_fail_errno(err, VCTX_FAILED, NULL,
			     "cannot set what it can do with %s", name);
}

/*
 * Set an entry, or take it away.  All others of a type are told from each other by
 * some device of the type; of block devices there may be none on the host.
 */
static int change(struct vctx *v, uint32_t id, const struct vctx_device *d,
		  bool set)
{
	vx_autofree char *some = NULL;
	const char *name = d->name, *target = d->target;
	uint32_t flags = (d->open ? VXDEV_OPEN : 0) |
			 (d->create ? VXDEV_CREATE : 0) |
			 (target ? VXDEV_REMAP : 0);
	int r, saved;

	if (is_rest(d)) {
		name = NULL;
		target = "/dev/null";
	}
	if (!strcmp(d->name, "block")) {
		some = vx_printf("%s/.block.%u", v->run, id);
		if ((unlink(some) && errno != ENOENT) ||
		    mknod(some, S_IFBLK, makedev(7, 0)))
			return -1;
		target = some;
	}
	r = set ? vctx_sys_set_mapping(id, name, target, flags)
		: vctx_sys_unset_mapping(id, name, target);
	saved = errno;
	if (some)
		unlink(some);
	errno = saved;
	return r;
}

/* Is there an entry of the same device? */
static bool has(const struct vctx_config *cfg, const struct stat *st)
{
	struct stat other;
	size_t i;

	for (i = 0; cfg && i < cfg->n_device; i++)
		if (!cfg->device[i].as_ever &&
		    !find_device(&cfg->device[i], &other) &&
		    same_device(st, &other))
			return true;
	return false;
}

/* With err, up to the first error; without, as much of it as can be done. */
static int replace(struct vctx *v, uint32_t id, const struct vctx_config *from,
		   const struct vctx_config *to, struct vctx_err *err)
{
	struct stat st;
	size_t i;

	for (i = 0; to && i < to->n_device; i++)
		if (!to->device[i].as_ever &&
		    change(v, id, &to->device[i], true) && err)
			return fail_map(err, to->device[i].name);
	for (i = 0; from && i < from->n_device; i++) {
		const struct vctx_device *d = &from->device[i];

		/* What is not there any more cannot be named, nor opened. */
		if (d->as_ever || find_device(d, &st) || has(to, &st))
			continue;
		if (change(v, id, d, false) && errno != ESRCH && err)
			return fail_map(err, d->name);
	}
	return 0;
}

int vx_device_apply(struct vctx *v, uint32_t id, const struct vctx_config *old,
		    const struct vctx_config *new, struct vctx_err *err)
{
	if (!replace(v, id, old, new, err))
		return 0;
	replace(v, id, new, old, NULL);
	return -1;
}

void vx_device_copy(struct vctx_config *to, const struct vctx_config *from)
{
	size_t i;

	to->device = vx_alloc((from->n_device + 1) * sizeof(*to->device));
	to->n_device = from->n_device;
	for (i = 0; i < from->n_device; i++) {
		const struct vctx_device *d = &from->device[i];

		to->device[i] = *d;
		to->device[i].name = vx_strdup(d->name);
		to->device[i].target = d->target ? vx_strdup(d->target) : NULL;
	}
}

void vx_device_free(struct vctx_config *cfg)
{
	while (cfg->n_device) {
		cfg->n_device--;
		free(cfg->device[cfg->n_device].name);
		free(cfg->device[cfg->n_device].target);
	}
	free(cfg->device);
	cfg->device = NULL;
}
