// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a context can have of the file system that its root is on: its files carry a
 * label, and the file system counts and limits what has that label.  The limit stays
 * on the disk, so it is set anew with every start, and removed when there is none.
 */

#include "internal.h"

bool vx_quota_key(const char *key)
{
	return !strcmp(key, "disk.space") || !strcmp(key, "disk.inodes");
}

uint32_t vx_tag(const struct vctx_config *cfg, uint32_t id)
{
	return cfg->tag_is_id ? id : cfg->tag;
}

bool vx_quota_default(const struct vctx_config *cfg)
{
	return !cfg->disk_space && !cfg->disk_inodes;
}

int vx_quota_check(const struct vctx_config *cfg, struct vctx_err *err)
{
	if (!vx_quota_default(cfg) && !cfg->tag_is_id && !cfg->tag)
		return vx_fail(err, VCTX_USAGE,
			       "a limit is that of a label; give context.tag=auto",
			       "%s has no meaning with context.tag=none",
			       cfg->disk_space ? "disk.space" : "disk.inodes");
	return 0;
}

static uint32_t total(uint64_t v)
{
	/* The two numbers above are for no limit, and for the one it has. */
	return !v ? VXDL_INFINITY : v > UINT32_MAX - 2 ? UINT32_MAX - 2 :
	       (uint32_t)v;
}

int vx_quota_apply(uint32_t id, const char *root, const struct vctx_config *cfg,
		   struct vctx_err *err)
{
	const char *key = cfg->disk_space ? "disk.space" : "disk.inodes";
	uint32_t tag = vx_tag(cfg, id);

	if (vx_quota_default(cfg)) {
		/* One of an earlier start; or none, or nothing that has some. */
		if (tag)
			vctx_sys_rem_dlimit(tag, root);
		return 0;
	}
	if (!vctx_sys_set_dlimit(tag, root, total((cfg->disk_space + 1023) / 1024),
				 total(cfg->disk_inodes)))
		return 0;
	if (errno == ENOSYS)
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel has no limits of disk space (CONFIG_VSERVER_FS); see 'vctx check'",
			"cannot set %s", key);
	if (errno == EOPNOTSUPP)
		return vx_fail_errno(err, VCTX_HOST,
			"it must be mounted with tag and prjquota, as ext4 and xfs can be",
			"cannot set %s on the file system of %s", key, root);
	return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot set %s", key);
}
