// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits that the kernel keeps for contexts: the keys of [limits] that are not
 * counted by control groups.  Every context has the counters, so these can be
 * set live whatever it was started with.
 */

#include "internal.h"

/* By enum vctx_object: the kernel's id, our key, and bytes in its unit. */
static const struct object {
	uint32_t id;
	const char *key;
	uint64_t unit;
} objects[VCTX_OBJECTS] = {
	[VCTX_OBJECT_FILES] = { VXR_OPENFD, "limits.files", 1 },
	[VCTX_OBJECT_SOCKETS] = { VXR_NSOCK, "limits.sockets", 1 },
	[VCTX_OBJECT_LOCKS] = { VXR_LOCKS, "limits.locks", 1 },
	[VCTX_OBJECT_ADDRESS_SPACE] = { VXR_AS, "limits.address-space", 4096 },
	[VCTX_OBJECT_MESSAGE_QUEUES] = { VXR_MSGQUEUE, "limits.message-queues", 1 },
	[VCTX_OBJECT_SHARED_MEMORY] = { VXR_SHMEM, "limits.shared-memory", 4096 },
	[VCTX_OBJECT_SEMAPHORE_SETS] = { VXR_SEMARY, "limits.semaphore-sets", 1 },
	[VCTX_OBJECT_SEMAPHORES] = { VXR_NSEMS, "limits.semaphores", 1 },
};

const char *vx_object_key(enum vctx_object object)
{
	return objects[object].key;
}

bool vx_objects_key(const char *key)
{
	size_t i;

	for (i = 0; i < VCTX_OBJECTS; i++)
		if (!strcmp(objects[i].key, key))
			return true;
	return false;
}

bool vx_objects_default(const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < VCTX_OBJECTS; i++)
		if (cfg->objects[i])
			return false;
	return true;
}

static int fail(struct vctx_err *err, const char *key)
{
	if (errno == ENOSYS || errno == EINVAL)
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not limit contexts (CONFIG_VSERVER_LIMIT); see 'vctx check'",
			"cannot set %s", key);
	return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot set %s", key);
}

void vx_objects_restore(uint32_t id, const struct vx_objects_saved *saved)
{
	size_t i;

	for (i = 0; i < saved->n; i++)
		vctx_sys_set_rlimit(id, objects[i].id, saved->max[i]);
}

int vx_objects_apply(uint32_t id, const struct vctx_config *cfg,
		     struct vx_objects_saved *saved, struct vctx_err *err)
{
	size_t i;

	saved->n = 0;
	for (i = 0; i < VCTX_OBJECTS; i++) {
		const struct object *o = &objects[i];
		uint64_t max = cfg->objects[i] ?
			       (cfg->objects[i] + o->unit - 1) / o->unit :
			       VXR_INFINITY;

		if (vctx_sys_get_rlimit(id, o->id, &saved->max[i]) ||
		    vctx_sys_set_rlimit(id, o->id, max)) {
			fail(err, o->key);
			vx_objects_restore(id, saved);
			saved->n = 0;
			return -1;
		}
		saved->n++;
	}
	return 0;
}

int vctx_objects(const struct vctx_info *info,
		 struct vctx_limit limits[VCTX_OBJECTS])
{
	size_t i;

	memset(limits, 0, VCTX_OBJECTS * sizeof(*limits));
	if (!info->id) {
		errno = ENOENT;
		return -1;
	}
	for (i = 0; i < VCTX_OBJECTS; i++) {
		const struct object *o = &objects[i];
		struct vctx_limit *l = &limits[i];
		uint64_t max;

		if (vctx_sys_get_rlimit(info->id, o->id, &max) ||
		    vctx_sys_rlimit_stat(info->id, o->id, &l->now, &l->peak,
					 &l->hits))
			return -1;
		l->have_max = max != VXR_INFINITY;
		l->max = l->have_max ? max * o->unit : 0;
		l->now *= o->unit;
		l->peak *= o->unit;
	}
	return 0;
}
