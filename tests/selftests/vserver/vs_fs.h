/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file system for a test, with what contexts have there.
 *
 * It is a file in a tmpfs, mounted in a mount namespace that goes with the test.
 */
#ifndef VS_FS_H
#define VS_FS_H

#include "vs_test.h"	/* first: it asks for what system headers have to give */

#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <linux/loop.h>

#define IA_ADMIN	0x00000001u
#define IA_WATCH	0x00000002u
#define IA_HIDE		0x00000004u
#define IA_BARRIER	0x00010000u
#define IA_IUNLINK	0x00020000u
#define IA_IMMUTABLE	0x00040000u
#define IA_COW		0x00080000u
#define IA_TAG		0x01000000u
#define IA_UNIFIED	(IA_IUNLINK | IA_IMMUTABLE)

#define BASE	"/tmp/vsfiles"
#define IMAGE	BASE "/image"
#define FS	BASE "/fs"
#define TAG	100u
#define OTHER	200u

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ret = system(line);
	return WIFEXITED(ret) ? WEXITSTATUS(ret) : 255;
}

static char loop[32];

/* What can be tagged. Sizes are the least that there is room for the tests in. */
static const struct kind {
	const char *name, *tool, *make;
	int mib;
	int full;	/* what is said when a limit is met */
} ext4 = {
	"ext4", "mke2fs", "mke2fs -q -F -t ext4 -I 256 -N 2048 -O %s " IMAGE " >&2",
	24, -EDQUOT,
};

static const struct kind *kind = &ext4;

/*
 * A loop device of an image, which is free again when the last user closes it.
 * Returns a descriptor for reading, since what is open for writing cannot be mounted.
 */
static int loop_open(const char *image)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control, n, rw, ro = -1;

	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	config.fd = open(image, O_RDWR | O_CLOEXEC);
	n = ioctl(control, LOOP_CTL_GET_FREE);
	snprintf(loop, sizeof(loop), "/dev/loop%d", n);
	rw = open(loop, O_RDWR | O_CLOEXEC);
	if (OK(E(rw)) && OK(E(ioctl(rw, LOOP_CONFIGURE, &config))))
		ro = open(loop, O_RDONLY | O_CLOEXEC);
	close(rw);
	close(config.fd);
	close(control);
	return ro;
}

/* Mounts the image. */
static long mount_image(const char *options)
{
	int fd = loop_open(IMAGE);
	long ret = E(mount(loop, FS, kind->name, 0, options));

	close(fd);
	return ret;
}

/* Makes a file system, of ext4 with @features. */
static void make_image(const char *features)
{
	int fd = open(IMAGE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	NEED_OK(E(ftruncate(fd, (off_t)kind->mib << 20)));
	close(fd);
	NEED(EQ(shell(kind->make, features), 0));
}

static void make_base(void)
{
	NEED_OK(E(unshare(CLONE_NEWNS)));
	NEED_OK(E(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)));
	mkdir(BASE, 0755);
	NEED_OK(E(mount("vsfiles", BASE, "tmpfs", 0, "mode=0755")));
	NEED_OK(E(mkdir(FS, 0755)));
}

/* ... and mounts it. */
static void make_fs(const char *features, const char *options)
{
	if (vs_stock)
		vs_skip("needs contexts");
	if (shell("command -v %s >/dev/null 2>&1", kind->tool))
		vs_skip("no %s", kind->tool);
	if (shell("grep -qw %s /proc/filesystems", kind->name))
		vs_skip("no %s in this kernel", kind->name);
	make_base();
	make_image(features);
	NEED_OK(mount_image(options));
	NEED_OK(E(chmod(FS, 0755)));
}

#define TAGGED_FS()	make_fs("project,quota -E quotatype=prjquota", "tag,prjquota")

static long iattr_set(const char *name, uint32_t flags, uint32_t mask)
{
	struct abi_iattr ia = { .name = (uintptr_t)name, .flags = flags, .mask = mask };

	return vs(CMD_set_iattr, 0, &ia);
}

static long set_tag(const char *name, uint32_t tag)
{
	struct abi_iattr ia = {
		.name = (uintptr_t)name, .tag = tag, .flags = IA_TAG, .mask = IA_TAG,
	};

	return vs(CMD_set_iattr, 0, &ia);
}

static long dlimit_add(uint32_t tag, const char *name)
{
	struct abi_dlimit_base b = { .name = (uintptr_t)name };

	return vs(CMD_add_dlimit, tag, &b);
}

static long dlimit_rem(uint32_t tag, const char *name)
{
	struct abi_dlimit_base b = { .name = (uintptr_t)name };

	return vs(CMD_rem_dlimit, tag, &b);
}

#define DL_INFINITY	0xffffffffu
#define DL_KEEP		0xfffffffeu

static long dlimit_set(uint32_t tag, const char *name, uint32_t space, uint32_t inodes,
		       uint32_t reserved)
{
	struct abi_dlimit d = {
		.name = (uintptr_t)name, .space_used = DL_KEEP, .space_total = space,
		.inodes_used = DL_KEEP, .inodes_total = inodes, .reserved = reserved,
	};

	return vs(CMD_set_dlimit, tag, &d);
}

static long dlimit_get(uint32_t tag, const char *name, struct abi_dlimit *d)
{
	memset(d, 0, sizeof(*d));
	d->name = (uintptr_t)name;
	return vs(CMD_get_dlimit, tag, d);
}

#endif
