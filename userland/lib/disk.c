// SPDX-License-Identifier: LGPL-2.1-or-later
/* Shares of the disks: configuration to kernel units, and back by reading. */

#include <glob.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "internal.h"

/* The name of a disk under /dev, or its number when it has none. */
static char *disk_name(dev_t dev)
{
	vx_autofree char *link = vx_printf("/sys/dev/block/%u:%u", major(dev),
					   minor(dev));
	char target[512];
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	char *name, *p;

	if (n <= 0)
		return vx_printf("%u:%u", major(dev), minor(dev));
	target[n] = '\0';
	name = strrchr(target, '/');
	name = vx_strdup(name ? name + 1 : target);
	/* The kernel's stand-in for a slash. */
	for (p = name; *p; p++)
		if (*p == '!')
			*p = '/';
	return name;
}

static int find_disk(const char *name, dev_t *dev, struct vctx_err *err)
{
	vx_autofree char *path = vx_printf("/dev/%s", name);
	vx_autofree char *part = NULL;
	vx_autofree char *queue = NULL;
	struct stat st;

	if (stat(path, &st) || !S_ISBLK(st.st_mode))
		return vx_fail(err, VCTX_USAGE, "'lsblk -d' lists disks",
			       "there is no disk \"%s\"", name);
	part = vx_printf("/sys/dev/block/%u:%u/partition", major(st.st_rdev),
			 minor(st.st_rdev));
	if (!access(part, F_OK))
		return vx_fail(err, VCTX_USAGE, "give the disk it is on",
			       "\"%s\" is a part of a disk", name);
	queue = vx_printf("/sys/dev/block/%u:%u/queue", major(st.st_rdev),
			  minor(st.st_rdev));
	if (access(queue, F_OK))
		return vx_fail(err, VCTX_USAGE, "'lsblk -d' lists disks",
			       "\"%s\" is not a disk", name);
	*dev = st.st_rdev;
	return 0;
}

char *vctx_disk_rate_text(const struct vctx_disk_rate *r)
{
	unsigned long long v = r->value;

	if (!v)
		return vx_strdup("none");
	switch (r->unit) {
	case VCTX_DISK_TIME:
		return v % 10 ? vx_printf("%llu.%llu%%", v / 10, v % 10)
			      : vx_printf("%llu%%", v / 10);
	case VCTX_DISK_IOS:
		return vx_printf("%lluio", v);
	case VCTX_DISK_BYTES:
		break;
	}
	if (!(v % (1u << 30)))
		return vx_printf("%lluG", v >> 30);
	if (!(v % (1u << 20)))
		return vx_printf("%lluM", v >> 20);
	if (!(v % (1u << 10)))
		return vx_printf("%lluK", v >> 10);
	return vx_printf("%llu", v);
}

/* What is set for one disk, where nothing is, what is set for all. */
static void fold(struct vctx_sys_disk *to, const struct vctx_sys_disk *from)
{
	if (from->set & VXDISK_WEIGHT)
		to->weight = from->weight;
	if (from->set & VXDISK_RESERVE)
		to->reserve = from->reserve;
	if (from->set & VXDISK_MAX)
		to->max = from->max;
}

void vx_disk_all(const struct vctx_config *cfg, struct vctx_sys_disk *disk)
{
	size_t i;

	memset(disk, 0, sizeof(*disk));
	disk->weight = VX_DISK_WEIGHT_DEFAULT;
	for (i = 0; i < cfg->n_disk; i++)
		if (!cfg->disk[i].name)
			fold(disk, &cfg->disk[i].share);
}

bool vx_disk_default(const struct vctx_config *cfg)
{
	struct vctx_sys_disk all;
	size_t i;

	for (i = 0; i < cfg->n_disk; i++)
		if (cfg->disk[i].name && cfg->disk[i].share.set)
			return false;
	vx_disk_all(cfg, &all);
	return all.weight == VX_DISK_WEIGHT_DEFAULT && !all.reserve.value &&
	       !all.max.value;
}

int vx_disk_check(const struct vctx_config *cfg, struct vctx_err *err)
{
	struct vctx_sys_disk all, one;
	dev_t dev;
	size_t i;

	vx_disk_all(cfg, &all);
	for (i = 0; i < cfg->n_disk; i++) {
		const struct vctx_disk *d = &cfg->disk[i];

		if (!d->share.set)
			continue;
		if (d->name && find_disk(d->name, &dev, err))
			return -1;
		one = all;
		fold(&one, &d->share);
		if (one.max.value && one.reserve.unit == one.max.unit &&
		    one.reserve.value > one.max.value) {
			vx_autofree char *r = vctx_disk_rate_text(&one.reserve);
			vx_autofree char *m = vctx_disk_rate_text(&one.max);

			return vx_fail(err, VCTX_USAGE, NULL,
				       "disk.reserve, %s%s%s, is more than disk.max, %s",
				       r, d->name ? " of " : "",
				       d->name ? d->name : "", m);
		}
	}
	return 0;
}

int vx_disk_error(struct vctx_err *err, const char *disk,
		  const struct vctx_sys_disk *share)
{
	vx_autofree char *rate = NULL;

	switch (errno) {
	case ENOSYS:
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not share disks among contexts (CONFIG_VSERVER_DISK); leave out [disk], see 'vctx check'",
			"cannot set its share of the disks");
	case ENOSPC:
		rate = vctx_disk_rate_text(&share->reserve);
		return vx_fail_errno(err, VCTX_FAILED,
			"the reservations of all contexts together cannot be more than 80% of the time of a disk",
			"cannot reserve %s of %s", rate, disk ? disk : "all disks");
	}
	return vctx_sys_error(err, "cannot set its share of the disks");
}

/* ------------------------------------------------------------------ */
/* A running context                                                   */
/* ------------------------------------------------------------------ */

static uint64_t number(const char *s)
{
	return strtoull(s, NULL, 10);
}

/* The kernel's own way to write a rate, as in struct vcmd_disk's comment. */
static void read_rate(const char *s, struct vctx_disk_rate *r)
{
	char *end;

	memset(r, 0, sizeof(*r));
	if (!strcmp(s, "none"))
		return;
	r->value = strtoull(s, &end, 10);
	if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
		r->value = 10 * r->value + (uint64_t)(end[1] - '0');
		r->unit = VCTX_DISK_TIME;
	} else {
		r->unit = strcmp(end, "io") ? VCTX_DISK_BYTES : VCTX_DISK_IOS;
	}
}

static void read_line(char *line, struct vctx_disk_use *u)
{
	char *word, *save;

	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(word, "rbytes"))
			u->rbytes = number(value);
		else if (!strcmp(word, "wbytes"))
			u->wbytes = number(value);
		else if (!strcmp(word, "dbytes"))
			u->dbytes = number(value);
		else if (!strcmp(word, "rios"))
			u->rios = number(value);
		else if (!strcmp(word, "wios"))
			u->wios = number(value);
		else if (!strcmp(word, "dios"))
			u->dios = number(value);
		else if (!strcmp(word, "weight"))
			u->share.weight = (uint32_t)number(value);
		else if (!strcmp(word, "reserve"))
			read_rate(value, &u->share.reserve);
		else if (!strcmp(word, "max"))
			read_rate(value, &u->share.max);
	}
}

static int by_dev(const void *a, const void *b)
{
	const struct vctx_disk_use *x = a, *y = b;

	return x->dev < y->dev ? -1 : x->dev > y->dev;
}

int vctx_sys_disks(uint32_t id, struct vctx_disk_use **use, size_t *n)
{
	vx_autofree char *path = vx_printf("/proc/virtual/%u/disk", id);
	/* 250 bytes for each of a thousand disks. */
	vx_autofree char *text = vx_read_file(path, 1U << 20);
	char *line, *save;

	*use = NULL;
	*n = 0;
	if (!text)
		return -1;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned int maj, min;
		struct vctx_disk_use *u;

		if (sscanf(line, "%u:%u", &maj, &min) != 2)
			continue;
		*use = vx_realloc(*use, (*n + 1) * sizeof(**use));
		u = &(*use)[(*n)++];
		memset(u, 0, sizeof(*u));
		u->dev = makedev(maj, min);
		u->share.weight = VX_DISK_WEIGHT_DEFAULT;
		u->name = disk_name(u->dev);
		read_line(line, u);
	}
	if (*n)
		qsort(*use, *n, sizeof(**use), by_dev);
	return 0;
}

void vctx_sys_disks_free(struct vctx_disk_use *use, size_t n)
{
	while (n)
		free(use[--n].name);
	free(use);
}

void vx_disk_from_kernel(uint32_t id, struct vctx_config *cfg)
{
	struct vctx_disk_use *use;
	struct vctx_sys_disk share;
	size_t n, i;

	if (!vctx_sys_get_disk(id, 0, &share) && share.set)
		vx_config_disk(cfg, NULL)->share = share;
	if (vctx_sys_disks(id, &use, &n))
		return;
	for (i = 0; i < n; i++)
		if (!vctx_sys_get_disk(id, use[i].dev, &share) && share.set)
			vx_config_disk(cfg, use[i].name)->share = share;
	vctx_sys_disks_free(use, n);
}

/* Remember what a disk has, and give it something else. */
static int change(uint32_t id, dev_t dev, const char *name,
		  const struct vctx_sys_disk *share, struct vx_disk_saved *saved,
		  struct vctx_err *err)
{
	struct vx_disk_save *s;

	saved->save = vx_realloc(saved->save,
				 (saved->n + 1) * sizeof(*saved->save));
	s = &saved->save[saved->n];
	s->dev = dev;
	if (vctx_sys_get_disk(id, dev, &s->share))
		return vx_disk_error(err, name, share);
	saved->n++;
	if (vctx_sys_set_disk(id, dev, share))
		return vx_disk_error(err, name, share);
	return 0;
}

void vx_disk_restore(uint32_t id, struct vx_disk_saved *saved)
{
	size_t i = saved->n;

	while (i) {
		i--;
		vctx_sys_set_disk(id, saved->save[i].dev, &saved->save[i].share);
	}
}

int vx_disk_apply(uint32_t id, const struct vctx_config *cfg,
		  struct vx_disk_saved *saved, struct vctx_err *err)
{
	struct vctx_sys_disk all, none = { .weight = VX_DISK_WEIGHT_DEFAULT };
	struct vctx_disk_use *use = NULL;
	size_t n = 0, first = saved->n, i, j;
	int r = -1;

	vx_disk_all(cfg, &all);
	all.set = VXDISK_VALUES;
	if (change(id, 0, NULL, &all, saved, err))
		goto out;
	for (i = 0; i < cfg->n_disk; i++) {
		const struct vctx_disk *d = &cfg->disk[i];
		dev_t dev;

		if (!d->name || !d->share.set)
			continue;
		if (find_disk(d->name, &dev, err) ||
		    change(id, dev, d->name, &d->share, saved, err))
			goto out;
	}
	/* What was set for other disks before is so no longer. */
	if (vctx_sys_disks(id, &use, &n))
		n = 0;
	for (i = 0; i < n; i++) {
		for (j = first; j < saved->n; j++)
			if (saved->save[j].dev == use[i].dev)
				break;
		if (j == saved->n &&
		    change(id, use[i].dev, use[i].name, &none, saved, err))
			goto out;
	}
	r = 0;
out:
	if (r)
		vx_disk_restore(id, saved);
	vctx_sys_disks_free(use, n);
	return r;
}

char *vctx_disks_scheduled(void)
{
	char *names = vx_strdup("");
	glob_t g;
	size_t i;

	if (glob("/sys/block/*/queue/scheduler", 0, NULL, &g))
		return names;
	for (i = 0; i < g.gl_pathc; i++) {
		vx_autofree char *text = vx_read_file(g.gl_pathv[i], 4096);
		const char *name = g.gl_pathv[i] + strlen("/sys/block/");
		char *more;

		if (!text || !strstr(text, "[context-fair]"))
			continue;
		more = vx_printf("%s%s%.*s", names, *names ? " " : "",
				 (int)strcspn(name, "/"), name);
		free(names);
		names = more;
	}
	globfree(&g);
	return names;
}
