// SPDX-License-Identifier: LGPL-2.1-or-later
/* The Linux-VServer system call, typed.  No policy here. */

#include <arpa/inet.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "internal.h"

/*
 * C libraries do not know the number.  It has been reserved in every
 * architecture's table since the 2.4 days.
 */
#if defined(__x86_64__)		/* x32 shares it, with its own bit set */
# ifdef __ILP32__
#  define NR_VSERVER	(0x40000000 + 236)
# else
#  define NR_VSERVER	236
# endif
#elif defined(__i386__)
# define NR_VSERVER	273
#elif defined(__arm__)
# define NR_VSERVER	313
#elif defined(__alpha__)
# define NR_VSERVER	428
#elif defined(__powerpc__)
# define NR_VSERVER	257
#elif defined(__s390__)
# define NR_VSERVER	263
#elif defined(__ia64__)
# define NR_VSERVER	1269
#elif defined(__sparc__)
# define NR_VSERVER	267
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
# define NR_VSERVER	(4000 + 277)
#elif defined(__mips__) && _MIPS_SIM == _ABI64
# define NR_VSERVER	(5000 + 236)
#elif defined(__mips__)
# define NR_VSERVER	(6000 + 236)
#elif defined(__hppa__)
# define NR_VSERVER	263
#elif defined(__m68k__)
# define NR_VSERVER	278
#elif defined(__sh__)
# define NR_VSERVER	273
#else
# error "the number of the vserver system call is not known here"
#endif

/* The kernel promises that results fit an int. */
static int vserver(uint32_t cmd, uint32_t id, void *data)
{
	return (int)syscall(NR_VSERVER, cmd, id, data);
}

int vctx_sys_version(uint32_t *version)
{
	int r = vserver(VCMD_get_version, 0, NULL);

	if (r < 0)
		return -1;
	*version = (uint32_t)r;
	return 0;
}

int vctx_sys_features(uint32_t *vci)
{
	int r = vserver(VCMD_get_vci, 0, NULL);

	if (r < 0)
		return -1;
	*vci = (uint32_t)r;
	return 0;
}

int vctx_sys_create(uint32_t id, uint64_t flags)
{
	struct vcmd_ctx_create a = { .flagword = flags };

	return vserver(VCMD_ctx_create, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_create_in(uint32_t id, uint64_t flags, uint32_t parent)
{
	struct vcmd_ctx_create_in a = { .flagword = flags, .parent = parent };

	return vserver(VCMD_ctx_create_in, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_migrate(uint32_t id, uint64_t flags)
{
	struct vcmd_ctx_migrate a = { .flagword = flags };

	return vserver(VCMD_ctx_migrate, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_task(pid_t pid, uint32_t *id)
{
	int r = vserver(VCMD_task_xid, (uint32_t)pid, NULL);

	if (r < 0)
		return -1;
	*id = (uint32_t)r;
	return 0;
}

int vctx_sys_info(uint32_t id, struct vctx_sys_info *info)
{
	struct vcmd_vx_info a = { 0 };

	if (vserver(VCMD_vx_info, id, &a) < 0)
		return -1;
	info->id = a.xid;
	info->init_pid = a.initpid;
	return 0;
}

int vctx_sys_stat(uint32_t id, struct vctx_sys_stat *st)
{
	struct vcmd_ctx_stat a = { 0 };

	if (vserver(VCMD_ctx_stat, id, &a) < 0)
		return -1;
	st->usecnt = a.usecnt;
	st->tasks = a.tasks;
	return 0;
}

int vctx_sys_kill(uint32_t id, pid_t pid, int sig)
{
	struct vcmd_ctx_kill a = { .pid = pid, .sig = sig };

	return vserver(VCMD_ctx_kill, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_wait(uint32_t id, struct vctx_sys_exit *ex)
{
	struct vcmd_wait_exit a = { 0 };

	if (vserver(VCMD_wait_exit, id, &a) < 0)
		return -1;
	ex->reboot_cmd = a.reboot_cmd;
	ex->status = a.exit_code;
	return 0;
}

/*
 * All five words travel as two u64: value, then mask.  One table instead of
 * ten functions; the asserts hold the layouts to that.
 */
static const struct {
	uint32_t get;
	uint32_t set;
} word_cmd[] = {
	[VCTX_WORD_CFLAGS] = { VCMD_get_cflags, VCMD_set_cflags },
	[VCTX_WORD_CCAPS]  = { VCMD_get_ccaps, VCMD_set_ccaps },
	[VCTX_WORD_BCAPS]  = { VCMD_get_bcaps, VCMD_set_bcaps },
	[VCTX_WORD_UMASK]  = { VCMD_get_umask, VCMD_set_umask },
	[VCTX_WORD_WMASK]  = { VCMD_get_wmask, VCMD_set_wmask },
};

#define SAME_LAYOUT(type, value, msk)				\
	_Static_assert(sizeof(type) == 16 &&			\
		       offsetof(type, value) == 0 &&		\
		       offsetof(type, msk) == 8, #type)
SAME_LAYOUT(struct vcmd_ctx_flags, flagword, mask);
SAME_LAYOUT(struct vcmd_ctx_caps, ccaps, cmask);
SAME_LAYOUT(struct vcmd_bcaps, bcaps, bmask);
SAME_LAYOUT(struct vcmd_umask, umask, mask);
SAME_LAYOUT(struct vcmd_wmask, wmask, mask);
_Static_assert(sizeof(struct vcmd_vhi_name) == 72, "vhi_name");
_Static_assert(sizeof(struct vcmd_space_mask) == 16, "space_mask");

int vctx_sys_get(uint32_t id, enum vctx_word w, uint64_t *value)
{
	struct vcmd_ctx_flags a = { 0 };

	if (vserver(word_cmd[w].get, id, &a) < 0)
		return -1;
	*value = a.flagword;
	return 0;
}

int vctx_sys_set(uint32_t id, enum vctx_word w, uint64_t value, uint64_t mask)
{
	struct vcmd_ctx_flags a = { .flagword = value, .mask = mask };

	return vserver(word_cmd[w].set, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_get_name(uint32_t id, int field, char *buf, size_t size)
{
	struct vcmd_vhi_name a = { .field = (uint32_t)field };

	if (vserver(VCMD_get_vhi_name, id, &a) < 0)
		return -1;
	a.name[sizeof(a.name) - 1] = '\0';
	snprintf(buf, size, "%s", a.name);
	return 0;
}

int vctx_sys_set_name(uint32_t id, int field, const char *name)
{
	struct vcmd_vhi_name a = { .field = (uint32_t)field };

	if (strlen(name) >= sizeof(a.name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.name, name);
	return vserver(VCMD_set_vhi_name, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_set_space(uint64_t mask, uint32_t index)
{
	struct vcmd_space_mask a = { .mask = mask, .index = index };

	return vserver(VCMD_set_space, VCTX_SELF, &a) < 0 ? -1 : 0;
}

int vctx_sys_enter_space(uint32_t id, uint64_t mask, uint32_t index)
{
	struct vcmd_space_mask a = { .mask = mask, .index = index };

	return vserver(VCMD_enter_space, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_space_mask(uint64_t *mask)
{
	struct vcmd_space_mask_v1 a = { 0 };

	if (vserver(VCMD_get_space_mask, 0, &a) < 0)
		return -1;
	*mask = a.mask;
	return 0;
}

int vctx_sys_space_default(uint64_t *mask)
{
	struct vcmd_space_mask_v1 a = { 0 };

	if (vserver(VCMD_get_space_default, 0, &a) < 0)
		return -1;
	*mask = a.mask;
	return 0;
}

_Static_assert(sizeof(struct vcmd_cpu) == 40, "cpu");

int vctx_sys_get_cpu(uint32_t id, struct vctx_sys_cpu *cpu)
{
	struct vcmd_cpu a = { 0 };

	if (vserver(VCMD_get_cpu, id, &a) < 0)
		return -1;
	cpu->weight = a.weight;
	cpu->guarantee = a.guarantee;
	cpu->max = a.max;
	cpu->burst = a.burst;
	return 0;
}

int vctx_sys_set_cpu(uint32_t id, const struct vctx_sys_cpu *cpu)
{
	struct vcmd_cpu a = {
		.mask = VXCPU_WEIGHT | VXCPU_GUARANTEE | VXCPU_MAX | VXCPU_BURST,
		.weight = cpu->weight, .guarantee = cpu->guarantee,
		.max = cpu->max, .burst = cpu->burst,
	};

	return vserver(VCMD_set_cpu, id, &a) < 0 ? -1 : 0;
}

_Static_assert(sizeof(struct vcmd_rlimit) == 32, "rlimit");

int vctx_sys_get_rlimit(uint32_t id, uint32_t resource, uint64_t *max)
{
	struct vcmd_rlimit a = { .id = resource };

	if (vserver(VCMD_get_rlimit, id, &a) < 0)
		return -1;
	*max = a.maximum;
	return 0;
}

int vctx_sys_set_rlimit(uint32_t id, uint32_t resource, uint64_t max)
{
	struct vcmd_rlimit a = {
		.id = resource, .minimum = VXR_KEEP, .softlimit = max,
		.maximum = max,
	};

	return vserver(VCMD_set_rlimit, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_rlimit_stat(uint32_t id, uint32_t resource, uint64_t *now,
			 uint64_t *peak, uint64_t *hits)
{
	struct vcmd_rlimit_stat a = { .id = resource };

	if (vserver(VCMD_rlimit_stat, id, &a) < 0)
		return -1;
	*now = a.value;
	*peak = a.maximum;
	*hits = a.hits;
	return 0;
}

_Static_assert(sizeof(struct vcmd_mapping) == 24, "mapping");

static int mapping(uint32_t cmd, uint32_t id, const char *device,
		   const char *target, uint32_t flags)
{
	struct vcmd_mapping a = {
		.device = (uintptr_t)device, .target = (uintptr_t)target,
		.flags = flags,
	};

	return vserver(cmd, id, &a) < 0 ? -1 : 0;
}

int vctx_sys_set_mapping(uint32_t id, const char *device, const char *target,
			 uint32_t flags)
{
	return mapping(VCMD_set_mapping, id, device, target, flags);
}

int vctx_sys_unset_mapping(uint32_t id, const char *device, const char *target)
{
	return mapping(VCMD_unset_mapping, id, device, target, 0);
}

_Static_assert(sizeof(struct vcmd_disk) == 40, "disk");
_Static_assert((int)VCTX_DISK_TIME == VX_DISK_IN_TIME &&
	       (int)VCTX_DISK_BYTES == VX_DISK_IN_BYTES &&
	       (int)VCTX_DISK_IOS == VX_DISK_IN_IOS, "units");

int vctx_sys_get_disk(uint32_t id, dev_t dev, struct vctx_sys_disk *disk)
{
	struct vcmd_disk a = { .major = major(dev), .minor = minor(dev) };

	if (vserver(VCMD_get_disk, id, &a) < 0)
		return -1;
	disk->set = a.mask & VXDISK_VALUES;
	disk->weight = a.weight;
	disk->reserve.unit = (enum vctx_disk_unit)a.reserve_unit;
	disk->reserve.value = a.reserve;
	disk->max.unit = (enum vctx_disk_unit)a.max_unit;
	disk->max.value = a.max;
	return 0;
}

int vctx_sys_set_disk(uint32_t id, dev_t dev, const struct vctx_sys_disk *disk)
{
	struct vcmd_disk a = {
		.mask = disk->set | VXDISK_INHERIT,
		.major = major(dev), .minor = minor(dev),
		.weight = disk->weight,
		.reserve_unit = disk->reserve.unit,
		.reserve = disk->reserve.value,
		.max_unit = disk->max.unit, .max = disk->max.value,
	};

	return vserver(VCMD_set_disk, id, &a) < 0 ? -1 : 0;
}

_Static_assert(sizeof(struct vcmd_net_addr_ipv4) == 16, "net_addr_ipv4");
_Static_assert(sizeof(struct vcmd_net_addr_ipv6) == 40, "net_addr_ipv6");

int vctx_sys_net_create(uint32_t nid, uint64_t flags)
{
	struct vcmd_net_create a = { .flagword = flags };

	return vserver(VCMD_net_create, nid, &a) < 0 ? -1 : 0;
}

int vctx_sys_net_migrate(uint32_t nid)
{
	return vserver(VCMD_net_migrate, nid, NULL) < 0 ? -1 : 0;
}

static int net_change(uint32_t cmd4, uint32_t cmd6, uint32_t nid,
		      const struct vctx_net_addr *addr)
{
	struct vcmd_net_addr_ipv4 a = { .type = NXA_TYPE_ADDR };
	struct vcmd_net_addr_ipv6 a6 = { .type = NXA_TYPE_ADDR };

	if (addr->family == AF_INET) {
		a.mask = htonl(addr->prefix ? ~0u << (32 - addr->prefix) : 0);
		memcpy(&a.ip, addr->ip, sizeof(a.ip));
		return vserver(cmd4, nid, &a) < 0 ? -1 : 0;
	}
	a6.prefix = addr->prefix;
	memcpy(a6.ip, addr->ip, sizeof(a6.ip));
	return vserver(cmd6, nid, &a6) < 0 ? -1 : 0;
}

int vctx_sys_net_add(uint32_t nid, const struct vctx_net_addr *addr)
{
	return net_change(VCMD_net_add_ipv4, VCMD_net_add_ipv6, nid, addr);
}

int vctx_sys_net_remove(uint32_t nid, const struct vctx_net_addr *addr)
{
	return net_change(VCMD_net_rem_ipv4, VCMD_net_rem_ipv6, nid, addr);
}

int vctx_sys_net_flags(uint32_t nid, uint64_t value, uint64_t mask)
{
	struct vcmd_net_flags a = { .flagword = value, .mask = mask };

	return vserver(VCMD_set_nflags, nid, &a) < 0 ? -1 : 0;
}

int vctx_sys_net_caps(uint32_t nid, uint64_t value)
{
	struct vcmd_net_caps a = { .ncaps = value, .cmask = ~0ull };

	return vserver(VCMD_set_ncaps, nid, &a) < 0 ? -1 : 0;
}

int vctx_sys_net_get_caps(uint32_t nid, uint64_t *value)
{
	struct vcmd_net_caps a = { 0 };

	if (vserver(VCMD_get_ncaps, nid, &a) < 0)
		return -1;
	*value = a.ncaps;
	return 0;
}

int vctx_sys_net_task(pid_t pid, uint32_t *nid)
{
	int r = vserver(VCMD_task_nid, (uint32_t)pid, NULL);

	if (r < 0)
		return -1;
	*nid = (uint32_t)r;
	return 0;
}

int vctx_sys_error(struct vctx_err *err, const char *what)
{
	int code = VCTX_FAILED;
	const char *hint = NULL;

	switch (errno) {
	case ENOSYS:
		code = VCTX_HOST;
		hint = "this kernel was built without the context patches (CONFIG_VSERVER); see 'vctx check'";
		break;
	case EPERM:
		if (geteuid() != 0)
			hint = "run as root";
		else
			hint = "contexts are managed from the host, not from inside a context";
		break;
	case ESRCH:
		code = VCTX_NOCTX;
		break;
	}
	return vx_fail_errno(err, code, hint, "%s", what);
}

int vctx_sys_fget_iattr(int fd, uint32_t *tag, uint32_t *flags, uint32_t *mask)
{
	struct vcmd_fiattr a = { 0 };

	if (vserver(VCMD_fget_iattr, (uint32_t)fd, &a) < 0)
		return -1;
	*tag = a.tag;
	*flags = a.flags;
	*mask = a.mask;
	return 0;
}

int vctx_sys_fset_iattr(int fd, uint32_t flags, uint32_t mask)
{
	struct vcmd_fiattr a = { .flags = flags, .mask = mask };

	return vserver(VCMD_fset_iattr, (uint32_t)fd, &a) < 0 ? -1 : 0;
}

int vctx_sys_tag_migrate(uint32_t tag)
{
	return vserver(VCMD_tag_migrate, tag, NULL) < 0 ? -1 : 0;
}

int vctx_sys_task_tag(pid_t pid, uint32_t *tag)
{
	int r = vserver(VCMD_task_tag, (uint32_t)pid, NULL);

	if (r < 0)
		return -1;
	*tag = (uint32_t)r;
	return 0;
}

int vctx_sys_get_dlimit(uint32_t tag, const char *path, uint32_t *space_kib,
			uint32_t *inodes)
{
	struct vcmd_dlimit a = { .name = (uintptr_t)path };

	if (vserver(VCMD_get_dlimit, tag, &a) < 0)
		return -1;
	*space_kib = a.space_total;
	*inodes = a.inodes_total;
	return 0;
}

int vctx_sys_set_dlimit(uint32_t tag, const char *path, uint32_t space_kib,
			uint32_t inodes)
{
	struct vcmd_dlimit_base base = { .name = (uintptr_t)path };
	struct vcmd_dlimit a = {
		.name = (uintptr_t)path, .space_total = space_kib,
		.inodes_total = inodes, .space_used = VXDL_KEEP,
		.inodes_used = VXDL_KEEP,
	};

	if (vserver(VCMD_add_dlimit, tag, &base) < 0 && errno != EEXIST)
		return -1;
	return vserver(VCMD_set_dlimit, tag, &a) < 0 ? -1 : 0;
}

int vctx_sys_rem_dlimit(uint32_t tag, const char *path)
{
	struct vcmd_dlimit_base base = { .name = (uintptr_t)path };

	return vserver(VCMD_rem_dlimit, tag, &base) < 0 ? -1 : 0;
}
