// SPDX-License-Identifier: GPL-2.0
/*
 * Files of contexts: labels and who they keep out, attributes, barriers, unified
 * files and their copies, limits of disk space, hidden entries of /proc.
 *
 * Each test has a file system of its own (vs_fs.h).
 */
#include "vs_fs.h"

#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <linux/fs.h>

static char buf[8192];

/* Projects are always there; the features are those of ext4. */
static const struct kind xfs = {
	"xfs", "mkfs.xfs", "mkfs.xfs -q -f --unsupported " IMAGE " >&2",
	64, -ENOSPC,
};

/* A test that is made on both. */
#define TEST_KINDS(name, desc)							\
	static void on_##name(void);						\
	TEST(name, desc) { on_##name(); }					\
	TEST(xfs_##name, "on xfs: " desc) { kind = &xfs; on_##name(); }		\
	static void on_##name(void)

#define PLAIN_FS()	make_fs("^has_journal", "")

static long iattr_get(const char *name, uint32_t *tag, uint32_t *flags, uint32_t *mask)
{
	struct abi_iattr ia = { .name = (uintptr_t)name };
	long ret = vs(CMD_get_iattr, 0, &ia);

	if (tag)
		*tag = ia.tag;
	if (flags)
		*flags = ia.flags;
	if (mask)
		*mask = ia.mask;
	return ret;
}

static uint32_t flags_of(const char *name)
{
	uint32_t flags = ~0u;

	OK(iattr_get(name, NULL, &flags, NULL));
	return flags;
}

static uint32_t tag_of(const char *name)
{
	uint32_t tag = ~0u;

	OK(iattr_get(name, &tag, NULL, NULL));
	return tag;
}

/* ---- what is looked at ---- */

static ino_t inode_of(const char *name)
{
	struct stat st;

	if (!OK(E(lstat(name, &st))))
		return 0;
	return st.st_ino;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return OK(E(lstat(name, &st))) ? st.st_mode & 07777 : 0;
}

static long opens(const char *name, int flags)
{
	long fd = E(open(name, flags | O_CLOEXEC, 0644));

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void holds(const char *name, const char *want)
{
	long n = read_file(name, buf, sizeof(buf));

	if (OK(n))
		CHECK(!strcmp(buf, want), "%s holds \"%.40s\", should be \"%.40s\"", name,
		      buf, want);
}

static long make_file(const char *name, const char *text)
{
	long fd = E(open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)), n;

	if (fd < 0)
		return fd;
	n = E(write(fd, text, strlen(text)));
	close(fd);
	return n;
}

/* Nothing that was in the making is left in @dir. */
static void no_remains(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!CHECK(d, "%s cannot be read", dir))
		return;
	while ((e = readdir(d)))
		CHECK(strncmp(e->d_name, ".vserver", 8), "%s/%s was left", dir, e->d_name);
	closedir(d);
}

/* A prisoner with all rights that contexts can have; the frame ends it. */
#define ROOT_GUEST { .bcaps = BC_ALL }

static void take_tag(void)
{
	NEED_OK(vs(CMD_tag_migrate, TAG, NULL));
}

/* ---- labels of processes ---- */

TEST(tag_self, "tag_migrate sets the caller's tag, task_tag shows it, children have it")
{
	pid_t p;

	if (vs_stock)
		vs_skip("needs contexts");
	EQ(vs(CMD_task_tag, 0, NULL), 0);
	OK(vs(CMD_tag_migrate, TAG, NULL));
	EQ(vs(CMD_task_tag, 0, NULL), TAG);
	p = host_fork();
	if (p == 0) {
		EQ(vs(CMD_task_tag, 0, NULL), TAG);
		OK(vs(CMD_tag_migrate, OTHER, NULL));
		step_set(1);
		step_wait(2);
		done();
	}
	step_wait(1);
	EQ(vs(CMD_task_tag, p, NULL), OTHER);
	EQ(vs(CMD_task_tag, 0, NULL), TAG);
	step_set(2);
	reap_ok(p);
	EQ(vs(CMD_task_tag, p, NULL), -ESRCH);
	OK(vs(CMD_tag_migrate, 0, NULL));
	EQ(vs(CMD_task_tag, 0, NULL), 0);
	OK(vs(CMD_tag_migrate, 65535, NULL));
	EQ(vs(CMD_tag_migrate, 65536, NULL), -EINVAL);
	EQ(vs(CMD_task_tag, 0, NULL), 65535);
}

TEST(tag_who, "tags are for root of the host")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	if (vs_stock)
		vs_skip("needs contexts");
	p = host_fork();
	if (p == 0) {
		drop_to_user(1000);
		EQ(vs(CMD_tag_migrate, TAG, NULL), -ENOSYS);
		done();
	}
	reap_ok(p);
	g.bcaps = BC_ALL;
	p = guest_fork(&g);
	if (p == 0) {
		EQ(vs(CMD_tag_migrate, TAG, NULL), -EPERM);
		done();
	}
	reap_ok(p);
}

/* ---- attributes ---- */

TEST(iattr_get, "get_iattr: what there can be, by kind of file; links are not followed")
{
	uint32_t flags, mask, tag;

	PLAIN_FS();
	OK(make_file(FS "/f", "x"));
	OK(E(mkdir(FS "/d", 0755)));
	OK(E(symlink("f", FS "/l")));
	OK(iattr_get(FS "/f", &tag, &flags, &mask));
	EQX(flags, 0);
	EQX(mask, IA_IUNLINK | IA_IMMUTABLE | IA_COW);
	EQ(tag, 0);
	OK(iattr_get(FS "/d", NULL, &flags, &mask));
	EQX(flags, 0);
	EQX(mask, IA_IUNLINK | IA_IMMUTABLE | IA_BARRIER);
	OK(iattr_get(FS "/l", NULL, &flags, &mask));
	EQX(mask, 0);
	EQ(iattr_get(FS "/none", NULL, NULL, NULL), -ESRCH);
	EQ(vs(CMD_get_iattr, 0, NULL), -EFAULT);
	EQ(iattr_get(NULL, NULL, NULL, NULL), -EFAULT);
}

TEST(iattr_set, "set_iattr: each attribute by itself, kept over a mount, refusals")
{
	static const uint32_t own[] = { IA_IUNLINK, IA_COW, IA_IMMUTABLE };
	uint32_t sum = 0;
	size_t i;

	PLAIN_FS();
	OK(make_file(FS "/f", "x"));
	OK(E(mkdir(FS "/d", 0755)));
	for (i = 0; i < 3; i++) {
		OK(iattr_set(FS "/f", own[i], own[i]));
		sum |= own[i];
		EQX(flags_of(FS "/f"), sum);
	}
	OK(iattr_set(FS "/d", IA_BARRIER, IA_BARRIER));
	NEED_OK(E(umount(FS)));
	NEED_OK(mount_image(""));
	EQX(flags_of(FS "/f"), sum);
	EQX(flags_of(FS "/d"), IA_BARRIER);
	for (i = 0; i < 3; i++) {
		OK(iattr_set(FS "/f", 0, own[i]));
		sum &= ~own[i];
		EQX(flags_of(FS "/f"), sum);
	}
	EQ(E(getxattr(FS "/f", "trusted.vserver", buf, sizeof(buf))), -ENODATA);

	EQ(iattr_set(FS "/f", IA_BARRIER, IA_BARRIER), -EINVAL);
	EQ(iattr_set(FS "/d", IA_COW, IA_COW), -EINVAL);
	EQ(iattr_set(FS "/f", IA_HIDE, IA_HIDE), -EINVAL);
	EQ(set_tag(FS "/f", TAG), -EINVAL);
	EQ(iattr_set(FS "/f", 0, 1u << 31), -EINVAL);
	EQ(iattr_set(FS "/none", 0, IA_COW), -ESRCH);
	EQ(vs(CMD_set_iattr, 0, NULL), -EFAULT);
	NEED_OK(E(mount(NULL, FS, NULL, MS_REMOUNT | MS_RDONLY, NULL)));
	EQ(iattr_set(FS "/f", IA_COW, IA_COW), -EROFS);
	EQX(flags_of(FS "/f"), 0);
}

TEST(iattr_who, "set_iattr is for the host, and needs CAP_LINUX_IMMUTABLE")
{
	struct guest g = { .bcaps = BC_ALL };
	struct abi_fiattr fi = { .flags = IA_COW, .mask = IA_COW };
	pid_t p;
	int fd;

	PLAIN_FS();
	OK(make_file(FS "/f", "x"));
	p = host_fork();
	if (p == 0) {
		fd = open(FS "/f", O_RDONLY);
		OK(cap_drop_effective(9));	/* CAP_LINUX_IMMUTABLE */
		EQ(iattr_set(FS "/f", IA_COW, IA_COW), -EPERM);
		EQ(vs(CMD_fset_iattr, fd, &fi), -EPERM);
		done();
	}
	reap_ok(p);
	p = guest_fork(&g);
	if (p == 0) {
		fd = open(FS "/f", O_RDONLY);
		EQ(iattr_set(FS "/f", IA_COW, IA_COW), -EPERM);
		EQ(vs(CMD_fset_iattr, fd, &fi), -EPERM);
		/* nor by the back door */
		EQ(E(setxattr(FS "/f", "trusted.vserver", "\0\0\10\0", 4, 0)), -EPERM);
		done();
	}
	reap_ok(p);
	EQX(flags_of(FS "/f"), 0);
}

TEST(fiattr, "fget_iattr and fset_iattr: the same by a descriptor")
{
	struct abi_fiattr fi = { .flags = IA_COW, .mask = IA_COW };
	int fd;

	PLAIN_FS();
	OK(make_file(FS "/f", "x"));
	fd = open(FS "/f", O_RDONLY);
	OK(vs(CMD_fset_iattr, fd, &fi));
	EQX(flags_of(FS "/f"), IA_COW);
	memset(&fi, 0, sizeof(fi));
	OK(vs(CMD_fget_iattr, fd, &fi));
	EQX(fi.flags, IA_COW);
	EQX(fi.mask, IA_IUNLINK | IA_IMMUTABLE | IA_COW);
	fi.mask = IA_BARRIER;
	EQ(vs(CMD_fset_iattr, fd, &fi), -EINVAL);
	close(fd);
	EQ(vs(CMD_fget_iattr, fd, &fi), -EBADF);
	EQ(vs(CMD_fset_iattr, fd, &fi), -EBADF);
	EQ(vs(CMD_fget_iattr, -1, &fi), -EBADF);
	fd = open(FS "/f", O_RDONLY);
	EQ(vs(CMD_fget_iattr, fd, NULL), -EFAULT);
	EQ(vs(CMD_fset_iattr, fd, NULL), -EFAULT);
}

TEST(iattr_xattr, "root's own change of the attribute counts; what is not ours does not")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	OK(E(mkdir(FS "/d", 0755)));
	OK(E(setxattr(FS "/d", "trusted.vserver", "some words", 10, 0)));
	EQX(flags_of(FS "/d"), 0);
	OK(E(setxattr(FS "/d", "trusted.vserver", "\0\0\1\0", 4, 0)));
	EQX(flags_of(FS "/d"), IA_BARRIER);
	p = guest_fork(&g);
	if (p == 0) {
		EQ(E(chdir(FS "/d")), -EACCES);
		done();
	}
	reap_ok(p);
	OK(E(removexattr(FS "/d", "trusted.vserver")));
	EQX(flags_of(FS "/d"), 0);
}

/* ---- barrier ---- */

TEST_KINDS(barrier, "a directory with a barrier lets no context in or through, the host as ever")
{
	struct guest g = ROOT_GUEST;
	int i, on;
	pid_t p;

	PLAIN_FS();
	OK(E(mkdir(FS "/b", 0755)));
	OK(E(mkdir(FS "/b/in", 0755)));
	OK(make_file(FS "/b/in/f", "x"));
	p = guest_fork(&g);
	if (p == 0) {
		/* often enough to be asked in each way of walking */
		for (on = 0; on < 3; on++) {
			step_wait(2 * on + 1);
			for (i = 0; i < 100; i++) {
				EQ(opens(FS "/b/in/f", O_RDONLY), on == 1 ? -EACCES : 0);
				EQ(E(access(FS "/b/in", F_OK)), on == 1 ? -EACCES : 0);
				EQ(E(chdir(FS "/b")), on == 1 ? -EACCES : 0);
				EQ(E(chdir("/")), 0);
			}
			EQ(opens(FS "/b/new", O_WRONLY | O_CREAT), on == 1 ? -EACCES : 0);
			step_set(2 * on + 2);
		}
		done();
	}
	for (on = 0; on < 3; on++) {
		OK(iattr_set(FS "/b", on == 1 ? IA_BARRIER : 0, IA_BARRIER));
		OK(opens(FS "/b/in/f", O_RDONLY));
		OK(E(chdir(FS "/b")));
		OK(E(chdir("/")));
		step_set(2 * on + 1);
		step_wait(2 * on + 2);
	}
	reap_ok(p);
}

/* What a process does that has leave to chroot and wants out; 0 when it is. */
static long escape(void)
{
	int i;

	if (mkdir("cage", 0755) && errno != EEXIST)
		return -errno;
	if (chroot("cage"))
		return -errno;
	for (i = 0; i < 20; i++)
		if (chdir(".."))
			return -errno;
	return opens(FS + 1, O_RDONLY | O_DIRECTORY);
}

TEST(barrier_chroot, "the barrier stops the classic escape from a chroot, which works without")
{
	struct guest g = ROOT_GUEST, h = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	OK(E(mkdir(FS "/guests", 0755)));
	OK(E(mkdir(FS "/guests/g", 0755)));
	p = guest_fork(&g);
	if (p == 0) {
		NEED_OK(E(chroot(FS "/guests/g")));
		NEED_OK(E(chdir("/")));
		EQ(escape(), 0);
		done();
	}
	reap_ok(p);
	OK(iattr_set(FS "/guests", IA_BARRIER, IA_BARRIER));
	/* entering is the host's work, before the context */
	p = host_fork();
	if (p == 0) {
		NEED_OK(E(chroot(FS "/guests/g")));
		NEED_OK(E(chdir("/")));
		p = guest_fork(&h);
		if (p == 0) {
			EQ(escape(), -EACCES);
			done();
		}
		reap_ok(p);
		done();
	}
	reap_ok(p);
}

TEST_KINDS(barrier_kept, "a context cannot take a barrier away")
{
	struct guest g = { .bcaps = BC_ALL };
	pid_t p;

	PLAIN_FS();
	OK(E(mkdir(FS "/b", 0755)));
	OK(iattr_set(FS "/b", IA_BARRIER, IA_BARRIER));
	p = guest_fork(&g);
	if (p == 0) {
		int fd = open(FS "/b", O_RDONLY | O_DIRECTORY), flags = FS_IMMUTABLE_FL;

		EQ(iattr_set(FS "/b", 0, IA_BARRIER), -EPERM);
		EQ(E(removexattr(FS "/b", "trusted.vserver")), -EPERM);
		EQ(E(setxattr(FS "/b", "trusted.vserver", "\0\0\0\0", 4, 0)), -EPERM);
		if (CHECK(fd >= 0, "the barrier itself can be listed")) {
			EQ(E(fremovexattr(fd, "trusted.vserver")), -EPERM);
			EQ(E(ioctl(fd, FS_IOC_SETFLAGS, &flags)), -EPERM);
			EQ(E(openat(fd, "in", O_RDONLY)), -EACCES);
			EQ(E(fchdir(fd)), -EACCES);
		}
		done();
	}
	reap_ok(p);
	EQX(flags_of(FS "/b"), IA_BARRIER);
}

/* ---- immutable, but not to unlink ---- */

TEST_KINDS(iunlink, "immutable files that may be unlinked: link, rename, unlink, and no other change")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	OK(make_file(FS "/hard", "x"));
	OK(make_file(FS "/soft", "x"));
	OK(iattr_set(FS "/hard", IA_IMMUTABLE, IA_IMMUTABLE));
	OK(iattr_set(FS "/soft", IA_UNIFIED, IA_UNIFIED));
	p = guest_fork(&g);
	if (p == 0) {
		int fd = open(FS "/soft", O_RDONLY), flags = 0;

		EQ(E(link(FS "/hard", FS "/hard2")), -EPERM);
		EQ(E(rename(FS "/hard", FS "/hard2")), -EPERM);
		EQ(E(unlink(FS "/hard")), -EPERM);
		EQ(opens(FS "/hard", O_WRONLY), -EPERM);

		/* to write to what others have too is what it must not come to */
		EQ(E(ioctl(fd, FS_IOC_SETFLAGS, &flags)), -EPERM);
		EQ(E(fchmod(fd, 0600)), -EPERM);
		EQ(E(fsetxattr(fd, "user.x", "x", 1, 0)), -EPERM);
		OK(E(link(FS "/soft", FS "/soft2")));
		OK(E(rename(FS "/soft", FS "/soft3")));
		OK(E(unlink(FS "/soft3")));
		holds(FS "/soft2", "x");
		EQX(flags_of(FS "/soft2"), IA_UNIFIED);
		OK(E(unlink(FS "/soft2")));
		done();
	}
	reap_ok(p);
	/* what root of the host sets immutable by chattr is as hard as ever */
	OK(iattr_set(FS "/hard", 0, IA_IMMUTABLE));
	OK(E(unlink(FS "/hard")));
}

/* ---- unified files ---- */

#define WORDS	"what all have\n"

/* FS/a/f and FS/b/f are one file, with what a copy must keep. */
static void unify(void)
{
	struct timespec t[2] = { { 1000, 5 }, { 2000, 7 } };

	OK(E(mkdir(FS "/a", 0755)));
	OK(E(mkdir(FS "/b", 0755)));
	OK(make_file(FS "/a/f", WORDS));
	OK(E(setxattr(FS "/a/f", "user.x", "value", 5, 0)));
	OK(E(chown(FS "/a/f", 1000, 1001)));
	OK(E(chmod(FS "/a/f", 04751)));
	OK(E(utimensat(AT_FDCWD, FS "/a/f", t, 0)));
	OK(E(link(FS "/a/f", FS "/b/f")));
	OK(iattr_set(FS "/a/f", IA_UNIFIED, IA_UNIFIED));
}

/* ... and they are still. */
static void still_one(void)
{
	EQ(inode_of(FS "/a/f") == inode_of(FS "/b/f"), true);
	EQX(flags_of(FS "/b/f"), IA_UNIFIED);
	no_remains(FS "/b");
}

/* FS/b/f has become a file of its own, FS/a/f is what it was. */
static void parted(void)
{
	struct stat st;

	holds(FS "/a/f", WORDS);
	EQX(flags_of(FS "/a/f") & ~IA_TAG, IA_UNIFIED);
	EQX(flags_of(FS "/b/f") & ~IA_TAG, 0);
	EQ(inode_of(FS "/a/f") == inode_of(FS "/b/f"), false);
	if (OK(E(stat(FS "/a/f", &st)))) {
		EQ(st.st_nlink, 1);
		EQ(st.st_mtim.tv_sec, 2000);
		EQX(st.st_mode & 07777, 04751);
	}
	if (OK(E(stat(FS "/b/f", &st))))
		EQ(st.st_nlink, 1);
	no_remains(FS "/b");
}

static void open_only(void)
{
	struct stat st;

	OK(opens(FS "/b/f", O_WRONLY));
	parted();
	if (OK(E(stat(FS "/b/f", &st)))) {
		EQ(st.st_uid, 1000);
		EQ(st.st_gid, 1001);
		EQX(st.st_mode & 07777, 04751);
		EQ(st.st_mtim.tv_sec, 2000);
		EQ(st.st_mtim.tv_nsec, 7);
		EQ(st.st_atim.tv_sec, 1000);
	}
	holds(FS "/b/f", WORDS);
	EQ(E(getxattr(FS "/b/f", "user.x", buf, sizeof(buf))), 5);
}

static void open_append(void)
{
	int fd = open(FS "/b/f", O_RDWR | O_APPEND);

	NEED_OK(E(fd));
	EQ(E(write(fd, "more\n", 5)), 5);
	close(fd);
	parted();
	holds(FS "/b/f", WORDS "more\n");
}

static void open_truncate(void)
{
	int fd = open(FS "/b/f", O_WRONLY | O_TRUNC);

	NEED_OK(E(fd));
	EQ(E(write(fd, "new\n", 4)), 4);
	close(fd);
	parted();
	holds(FS "/b/f", "new\n");
}

static void open_create(void)
{
	OK(opens(FS "/b/f", O_RDWR | O_CREAT));
	parted();
	holds(FS "/b/f", WORDS);
}

static void do_truncate(void)
{
	OK(E(truncate(FS "/b/f", 4)));
	parted();
	holds(FS "/b/f", "what");
}

static void do_truncate_all(void)
{
	OK(E(truncate(FS "/b/f", 0)));
	parted();
	holds(FS "/b/f", "");
}

static void do_chmod(void)
{
	OK(E(chmod(FS "/b/f", 0640)));
	parted();
	EQX(mode_of(FS "/b/f"), 0640);
	holds(FS "/b/f", WORDS);
}

static void do_chown(void)
{
	struct stat st;

	OK(E(chown(FS "/b/f", 7, 8)));
	parted();
	if (OK(E(stat(FS "/b/f", &st))))
		EQ(st.st_uid, 7);
	holds(FS "/b/f", WORDS);
}

static void do_utimes(void)
{
	struct timespec t[2] = { { 1, 0 }, { 3, 0 } };
	struct stat st;

	OK(E(utimensat(AT_FDCWD, FS "/b/f", t, 0)));
	parted();
	if (OK(E(stat(FS "/b/f", &st))))
		EQ(st.st_mtim.tv_sec, 3);
}

static void do_touch(void)
{
	OK(E(utimensat(AT_FDCWD, FS "/b/f", NULL, 0)));
	parted();
}

static void do_setxattr(void)
{
	OK(E(setxattr(FS "/b/f", "user.y", "other", 5, 0)));
	parted();
	EQ(E(getxattr(FS "/b/f", "user.x", buf, sizeof(buf))), 5);
	EQ(E(getxattr(FS "/b/f", "user.y", buf, sizeof(buf))), 5);
	EQ(E(getxattr(FS "/a/f", "user.y", buf, sizeof(buf))), -ENODATA);
}

static void do_removexattr(void)
{
	OK(E(removexattr(FS "/b/f", "user.x")));
	parted();
	EQ(E(getxattr(FS "/b/f", "user.x", buf, sizeof(buf))), -ENODATA);
	EQ(E(getxattr(FS "/a/f", "user.x", buf, sizeof(buf))), 5);
}

static void in_guest(vs_fn fn)
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	unify();
	p = guest_fork(&g);
	if (p == 0) {
		OK(opens(FS "/b/f", O_RDONLY));
		still_one();
		fn();
		done();
	}
	reap_ok(p);
}

#define COPIES(name, what)					\
	TEST(cow_##name, what " of a unified file gives the writer a copy")	\
	{ in_guest(name); }

COPIES(open_only, "opening for writing")
COPIES(open_append, "appending")
COPIES(open_truncate, "opening with O_TRUNC")
COPIES(open_create, "opening with O_CREAT")
COPIES(do_truncate, "truncate to some length")
COPIES(do_truncate_all, "truncate to nothing")
COPIES(do_chmod, "chmod")
COPIES(do_chown, "chown")
COPIES(do_utimes, "setting the times")
COPIES(do_touch, "touch")
COPIES(do_setxattr, "setting an attribute")
COPIES(do_removexattr, "removing an attribute")

TEST(cow_user, "who may not write gets no copy, who may does, in a directory of others too")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	unify();
	p = guest_fork(&g);
	if (p == 0) {
		p = fork();
		if (p == 0) {
			drop_to_user(2000);
			EQ(opens(FS "/b/f", O_RDWR), -EACCES);
			EQ(E(truncate(FS "/b/f", 0)), -EACCES);
			REFUSED(E(chmod(FS "/b/f", 0777)), EPERM);
			REFUSED(E(chown(FS "/b/f", 2000, 2000)), EPERM);
			_exit(0);
		}
		reap_ok(p);
		still_one();
		p = fork();
		if (p == 0) {
			drop_to_user(1000);	/* the owner; the directory is root's */
			EQ(E(unlink(FS "/b/f")), -EACCES);
			OK(opens(FS "/b/f", O_RDWR));
			_exit(0);
		}
		reap_ok(p);
		parted();
		done();
	}
	reap_ok(p);
}

TEST(cow_rdonly, "no copy on a mount that is read-only")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	unify();
	OK(E(mount(FS "/b", FS "/b", NULL, MS_BIND, NULL)));
	OK(E(mount(NULL, FS "/b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL)));
	p = guest_fork(&g);
	if (p == 0) {
		EQ(opens(FS "/b/f", O_WRONLY), -EROFS);
		EQ(opens(FS "/b/f", O_WRONLY | O_TRUNC), -EROFS);
		EQ(E(truncate(FS "/b/f", 0)), -EROFS);
		EQ(E(chmod(FS "/b/f", 0600)), -EROFS);
		still_one();
		done();
	}
	reap_ok(p);
}

TEST_KINDS(cow_last, "the last link of a unified file is not copied, only freed")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	unify();
	OK(E(unlink(FS "/a/f")));
	p = guest_fork(&g);
	if (p == 0) {
		ino_t ino = inode_of(FS "/b/f");

		OK(opens(FS "/b/f", O_WRONLY));
		EQ(inode_of(FS "/b/f") == ino, true);
		EQX(flags_of(FS "/b/f"), 0);
		holds(FS "/b/f", WORDS);
		done();
	}
	reap_ok(p);
}

TEST_KINDS(cow_old, "who has the file open goes on reading the old one")
{
	struct guest g = ROOT_GUEST;
	char *map;
	pid_t p;
	int fd;

	PLAIN_FS();
	unify();
	fd = open(FS "/b/f", O_RDONLY);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	NEED(CHECK(map != MAP_FAILED, "mmap"));
	p = guest_fork(&g);
	if (p == 0) {
		OK(make_file(FS "/b/f", "mine"));
		done();
	}
	reap_ok(p);
	holds(FS "/b/f", "mine");
	EQ(pread(fd, buf, sizeof(buf), 0), (int)strlen(WORDS));
	EQ(memcmp(map, WORDS, strlen(WORDS)), 0);
}

TEST_KINDS(cow_holes, "a copy has the holes of the file")
{
	struct guest g = ROOT_GUEST;
	struct stat st;
	pid_t p;
	int fd;

	PLAIN_FS();
	unify();
	OK(iattr_set(FS "/a/f", 0, IA_UNIFIED));
	fd = open(FS "/a/f", O_WRONLY);
	EQ(pwrite(fd, "mid", 3, 4 << 20), 3);
	OK(E(ftruncate(fd, 12 << 20)));
	close(fd);
	OK(iattr_set(FS "/a/f", IA_UNIFIED, IA_UNIFIED));
	p = guest_fork(&g);
	if (p == 0) {
		OK(opens(FS "/b/f", O_WRONLY));
		EQ(shell("cmp " FS "/a/f " FS "/b/f"), 0);
		EQ(inode_of(FS "/a/f") == inode_of(FS "/b/f"), false);
		if (OK(E(stat(FS "/b/f", &st)))) {
			EQ(st.st_size, 12 << 20);
			CHECK(st.st_blocks < 64, "%ld blocks are more than the two parts",
			      (long)st.st_blocks);
		}
		done();
	}
	reap_ok(p);
}

TEST(cow_full, "no room for a copy: ENOSPC, the link stays, nothing is left")
{
	struct guest g = ROOT_GUEST;
	pid_t p;

	PLAIN_FS();
	unify();
	OK(iattr_set(FS "/a/f", 0, IA_UNIFIED));
	NEED(EQ(shell("dd if=/dev/zero of=" FS "/a/f bs=1M count=4 2>/dev/null"), 0));
	OK(iattr_set(FS "/a/f", IA_UNIFIED, IA_UNIFIED));
	shell("dd if=/dev/zero of=" FS "/filler bs=64k 2>/dev/null");
	p = guest_fork(&g);
	if (p == 0) {
		EQ(opens(FS "/b/f", O_WRONLY), -ENOSPC);
		still_one();
		done();
	}
	reap_ok(p);
	OK(E(unlink(FS "/filler")));
	p = host_fork();
	if (p == 0) {
		OK(opens(FS "/b/f", O_WRONLY));
		EQ(shell("cmp " FS "/a/f " FS "/b/f"), 0);
		done();
	}
	reap_ok(p);
}

TEST_T(cow_race, 120, "many that write at once get one copy between them, and leave nothing")
{
	struct guest g = ROOT_GUEST;
	pid_t p, kid[4];
	int i, round, fd;

	PLAIN_FS();
	unify();
	p = guest_fork(&g);
	if (p == 0) {
		for (round = 0; round < 40; round++) {
			for (i = 0; i < 4; i++) {
				kid[i] = fork();
				if (kid[i])
					continue;
				fd = open(FS "/b/f", O_WRONLY | O_APPEND);
				OK(E(fd));
				EQ(write(fd, "x", 1), 1);
				_exit(0);
			}
			for (i = 0; i < 4; i++)
				reap_ok(kid[i]);
			EQX(flags_of(FS "/b/f"), 0);
			no_remains(FS "/b");
			holds(FS "/a/f", WORDS);
			holds(FS "/b/f", WORDS "xxxx");
			OK(E(unlink(FS "/b/f")));
			OK(E(link(FS "/a/f", FS "/b/f")));
		}
		done();
	}
	reap_ok(p);
}

TEST_KINDS(cow_host, "the host's own writes part the files too; chattr +i is left alone")
{
	PLAIN_FS();
	unify();
	OK(make_file(FS "/hard", "x"));
	OK(iattr_set(FS "/hard", IA_IMMUTABLE, IA_IMMUTABLE));
	EQ(opens(FS "/hard", O_WRONLY), -EPERM);
	OK(opens(FS "/b/f", O_WRONLY));
	parted();
	OK(iattr_set(FS "/hard", 0, IA_IMMUTABLE));
}

/* ---- labels of files ---- */

TEST_KINDS(tag_new, "new files have the tag of who makes them; the host's have none")
{
	struct guest g = { .bcaps = BC_ALL, .before = take_tag };
	pid_t p;

	TAGGED_FS();
	OK(make_file(FS "/host", "x"));
	OK(E(mkdir(FS "/d", 0777)));
	p = guest_fork(&g);
	if (p == 0) {
		OK(make_file(FS "/d/f", "x"));
		OK(E(mkdir(FS "/d/d", 0755)));
		OK(E(symlink("f", FS "/d/l")));
		OK(E(mkfifo(FS "/d/p", 0644)));
		done();
	}
	reap_ok(p);
	EQ(tag_of(FS "/host"), 0);
	EQ(tag_of(FS "/d/f"), TAG);
	EQ(tag_of(FS "/d/d"), TAG);
	EQ(tag_of(FS "/d/l"), TAG);
	EQ(tag_of(FS "/d/p"), TAG);
	NEED_OK(E(umount(FS)));
	NEED_OK(mount_image("tag,prjquota"));
	EQ(tag_of(FS "/d/f"), TAG);
}

static void try_files(long want)
{
	struct stat st;

	EQ(opens(FS "/d/f", O_RDONLY), want);
	EQ(opens(FS "/d/f", O_WRONLY), want);
	EQ(opens(FS "/d/d", O_RDONLY | O_DIRECTORY), want);
	EQ(opens(FS "/d/d/in", O_RDONLY), want);
	EQ(E(stat(FS "/d/f", &st)), want);
	EQ(E(access(FS "/d/f", R_OK)), want);
	EQ(E(chmod(FS "/d/f", 0666)), want);
	EQ(E(link(FS "/d/f", FS "/d/f2")), want);
	EQ(E(rename(FS "/d/f", FS "/d/f3")), want);
	if (!want) {
		OK(E(unlink(FS "/d/f2")));
		OK(E(rename(FS "/d/f3", FS "/d/f")));
	} else {
		EQ(E(unlink(FS "/d/f")), want);
	}
}

static void tagged_files(void)
{
	OK(E(mkdir(FS "/d", 0777)));
	OK(make_file(FS "/d/f", "x"));
	OK(E(mkdir(FS "/d/d", 0777)));
	OK(make_file(FS "/d/d/in", "x"));
	OK(set_tag(FS "/d/f", TAG));
	OK(set_tag(FS "/d/d", TAG));
	OK(set_tag(FS "/d/d/in", TAG));
	EQ(tag_of(FS "/d/f"), TAG);
}

static void take_other_tag(void)
{
	NEED_OK(vs(CMD_tag_migrate, OTHER, NULL));
}

TEST_KINDS(tag_check, "a tag keeps a file from contexts with another; not from its own, nor the host")
{
	struct guest own = { .bcaps = BC_ALL, .before = take_tag };
	struct guest other = { .bcaps = BC_ALL, .before = take_other_tag };
	struct guest none = ROOT_GUEST;
	pid_t p;

	TAGGED_FS();
	tagged_files();
	try_files(0);
	p = guest_fork(&other);
	if (p == 0) {
		try_files(-EACCES);
		OK(make_file(FS "/d/mine", "x"));
		done();
	}
	reap_ok(p);
	p = guest_fork(&none);
	if (p == 0) {
		try_files(-EACCES);
		done();
	}
	reap_ok(p);
	p = guest_fork(&own);
	if (p == 0) {
		try_files(0);
		EQ(opens(FS "/d/mine", O_RDONLY), -EACCES);
		done();
	}
	reap_ok(p);
	p = host_fork();
	if (p == 0) {
		EQ(ctx_migrate(1, 0), 1);
		try_files(0);
		done();
	}
	reap_ok(p);
}

TEST_KINDS(tag_options, "notagcheck, notag, remounts; tag needs projects")
{
	struct guest other = { .bcaps = BC_ALL, .before = take_other_tag };
	uint32_t mask;
	pid_t p;

	TAGGED_FS();
	tagged_files();
	NEED_OK(E(umount(FS)));
	NEED_OK(mount_image("tag,notagcheck"));
	p = guest_fork(&other);
	if (p == 0) {
		try_files(0);
		OK(make_file(FS "/d/mine", "x"));
		done();
	}
	reap_ok(p);
	EQ(tag_of(FS "/d/mine"), OTHER);
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, "notag")));
	OK(iattr_get(FS "/d/f", NULL, NULL, &mask));
	EQX(mask & IA_TAG, 0);
	other.xid = 0;
	p = guest_fork(&other);
	if (p == 0) {
		/* what is learnt of files without tags does not outlast that */
		try_files(0);
		done();
	}
	reap_ok(p);
	NEED_OK(E(umount(FS)));
	NEED_OK(mount_image(""));
	other.xid = 0;
	p = guest_fork(&other);
	if (p == 0) {
		try_files(0);
		step_set(1);
		step_wait(2);
		try_files(-EACCES);
		done();
	}
	step_wait(1);
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, "tag")));
	EQ(tag_of(FS "/d/f"), TAG);
	step_set(2);
	reap_ok(p);

	NEED_OK(E(umount(FS)));
	if (kind != &ext4)
		return;
	make_image("^project,^quota");
	EQ(mount_image("tag"), -EINVAL);
	NEED_OK(mount_image(""));
	EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tag")), -EINVAL);
	OK(make_file(FS "/f", "x"));
	EQ(set_tag(FS "/f", TAG), -EINVAL);
}

#define OWN	BASE "/own"

/* Does the line of FS in the list of mounts show tag @tag to the caller? */
static bool shows_tagid(unsigned int tag)
{
	return !shell("grep -q ' " FS " .*[ ,]tagid=%u[ ,]' /proc/mounts", tag);
}

static void try_all(vs_fn before, long want)
{
	struct guest g = { .bcaps = BC_ALL, .before = before };
	pid_t p = guest_fork(&g);

	if (p == 0) {
		EQ(opens(FS, O_RDONLY | O_DIRECTORY), want);
		try_files(want);
		EQ(opens(FS "/d/new", O_RDWR | O_CREAT), want);
		done();
	}
	reap_ok(p);
}

static void whole_label(const char *type, const char *source, const char *options)
{
	char text[64];
	uint32_t mask;

	snprintf(text, sizeof(text), "%s%stagid=%u", options, *options ? "," : "", TAG);
	NEED_OK(E(mount(source, FS, type, 0, text)));
	OK(E(chmod(FS, 0755)));
	OK(E(mkdir(FS "/d", 0777)));
	OK(E(chmod(FS "/d", 0777)));
	OK(make_file(FS "/d/f", "x"));
	OK(E(mkdir(FS "/d/d", 0777)));
	OK(make_file(FS "/d/d/in", "x"));
	EQ(tag_of(FS), TAG);
	EQ(tag_of(FS "/d/f"), TAG);
	CHECK(shows_tagid(TAG), "the list of mounts does not show it");
	EQ(set_tag(FS "/d/f", OTHER), -EINVAL);
	try_files(0);
	try_all(NULL, -EACCES);
	try_all(take_other_tag, -EACCES);
	try_all(take_tag, 0);

	/* remounts: nothing said, another, none, and back */
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, NULL)));
	EQ(tag_of(FS "/d/f"), TAG);
	snprintf(text, sizeof(text), "tagid=%u", OTHER);
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, text)));
	EQ(tag_of(FS "/d/f"), OTHER);
	try_all(take_tag, -EACCES);
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid=0")));
	OK(iattr_get(FS "/d/f", NULL, NULL, &mask));
	EQX(mask & IA_TAG, 0);
	CHECK(!shows_tagid(OTHER), "the list of mounts still shows it");
	try_all(take_tag, 0);
	OK(E(mount(NULL, FS, NULL, MS_REMOUNT, text)));
	/* what is learnt of files without labels does not outlast that */
	try_all(take_tag, -EACCES);
	EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid=65536")), -EINVAL);
	EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid=-1")), -EINVAL);
	EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid=x")), -EINVAL);
	EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid")), -EINVAL);
	EQ(tag_of(FS "/d/f"), OTHER);
}

TEST(tagid, "tagid=: all files of a file system have one label, tmpfs too")
{
	if (vs_stock)
		vs_skip("needs contexts");
	make_base();
	whole_label("tmpfs", "none", "mode=755");
}

TEST(tagid_disk, "tagid= on a disk that has no labels; not another one at a second mount")
{
	char text[64];
	int fd;

	make_fs("^project,^quota", "");
	NEED_OK(E(umount(FS)));
	fd = loop_open(IMAGE);
	whole_label("ext4", loop, "");
	NEED_OK(E(mkdir(OWN, 0755)));
	snprintf(text, sizeof(text), "tagid=%u", OTHER);
	OK(E(mount(loop, OWN, "ext4", 0, text)));
	OK(E(umount(OWN)));
	OK(E(mount(loop, OWN, "ext4", 0, NULL)));
	EQ(tag_of(OWN "/d/f"), OTHER);
	OK(E(umount(OWN)));
	snprintf(text, sizeof(text), "tagid=%u", TAG);
	EQ(E(mount(loop, OWN, "ext4", 0, text)), -EBUSY);
	EQ(tag_of(FS "/d/f"), OTHER);
	NEED_OK(E(umount(FS)));
	/* it is not on the disk */
	OK(E(mount(loop, FS, "ext4", 0, NULL)));
	EQX(flags_of(FS "/d/f") & IA_TAG, 0);
	close(fd);
}

TEST(tagid_who, "tagid= is for the host, and contexts do not see it")
{
	struct guest g = { .bcaps = BC_ALL, .ccaps = ~0ull, .before = take_tag };
	pid_t p;

	if (vs_stock)
		vs_skip("needs contexts");
	make_base();
	NEED_OK(E(mkdir(OWN, 0755)));
	NEED_OK(E(mount("none", FS, "tmpfs", 0, "tagid=100")));
	CHECK(shows_tagid(TAG), "the list of mounts does not show it");
	p = guest_fork(&g);
	if (p == 0) {
		CHECK(!shows_tagid(TAG), "the list of mounts shows it");
		OK(E(mount("none", OWN, "tmpfs", 0, NULL)));
		OK(E(umount(OWN)));
		EQ(E(mount("none", OWN, "tmpfs", 0, "tagid=100")), -EPERM);
		EQ(E(mount(NULL, FS, NULL, MS_REMOUNT, "tagid=0")), -EPERM);
		done();
	}
	reap_ok(p);
	/* nor for who rules a namespace of users only */
	p = host_fork();
	if (p == 0) {
		OK(E(unshare(CLONE_NEWUSER | CLONE_NEWNS)));
		OK(E(mount("none", OWN, "tmpfs", 0, NULL)));
		OK(E(umount(OWN)));
		EQ(E(mount("none", OWN, "tmpfs", 0, "tagid=100")), -EPERM);
		done();
	}
	reap_ok(p);
	EQ(tag_of(FS), TAG);
}

TEST_KINDS(tag_set, "the host changes tags; a context does not, by no way")
{
	struct guest g = { .bcaps = BC_ALL, .before = take_tag };
	struct fsxattr fx;
	pid_t p;
	int fd;

	TAGGED_FS();
	tagged_files();
	EQ(set_tag(FS "/d/f", 65536), -EINVAL);
	OK(set_tag(FS "/d/f", 65535));
	EQ(tag_of(FS "/d/f"), 65535);
	OK(set_tag(FS "/d/f", TAG));
	p = guest_fork(&g);
	if (p == 0) {
		fd = open(FS "/d/f", O_RDONLY);
		NEED_OK(E(fd));
		NEED_OK(E(ioctl(fd, FS_IOC_FSGETXATTR, &fx)));
		EQ(fx.fsx_projid, TAG);
		fx.fsx_projid = OTHER;
		EQ(E(ioctl(fd, FS_IOC_FSSETXATTR, &fx)), -EINVAL);
		EQ(set_tag(FS "/d/f", 0), -EPERM);
		EQ(vs(CMD_tag_migrate, OTHER, NULL), -EPERM);
		done();
	}
	reap_ok(p);
	EQ(tag_of(FS "/d/f"), TAG);
}

TEST_KINDS(tag_cow, "the copy of a unified file has the writer's tag")
{
	struct guest g = { .bcaps = BC_ALL, .before = take_tag };
	pid_t p;

	TAGGED_FS();
	unify();
	p = guest_fork(&g);
	if (p == 0) {
		OK(opens(FS "/b/f", O_WRONLY));
		done();
	}
	reap_ok(p);
	parted();
	EQ(tag_of(FS "/a/f"), 0);
	EQ(tag_of(FS "/b/f"), TAG);
}

/* ---- limits of disk space ---- */

TEST_KINDS(dlimit_commands, "add, set, get, remove; each refusal")
{
	struct abi_dlimit d;
	struct abi_dlimit_base flags = { .name = (uintptr_t)FS, .flags = 1 };

	TAGGED_FS();
	EQ(dlimit_get(TAG, FS, &d), -ESRCH);
	EQ(dlimit_set(TAG, FS, 1, 1, 0), -ESRCH);
	EQ(dlimit_rem(TAG, FS), -ESRCH);
	OK(dlimit_add(TAG, FS));
	EQ(dlimit_add(TAG, FS), -EEXIST);
	OK(make_file(FS "/f", "x"));
	EQ(dlimit_add(TAG, FS "/f"), -EEXIST);	/* any path of the file system */
	OK(dlimit_get(TAG, FS, &d));
	EQX(d.space_total, DL_INFINITY);
	EQX(d.inodes_total, DL_INFINITY);
	EQ(d.space_used, 0);
	EQ(d.inodes_used, 0);
	EQ(d.reserved, 0);
	OK(dlimit_set(TAG, FS, 4096, 50, 5));
	OK(dlimit_set(TAG, FS, DL_KEEP, 60, DL_KEEP));
	OK(dlimit_get(TAG, FS, &d));
	EQ(d.space_total, 4096);
	EQ(d.inodes_total, 60);
	EQ(d.reserved, 5);
	OK(set_tag(FS "/f", TAG));
	OK(dlimit_get(TAG, FS, &d));
	EQ(d.inodes_used, 1);
	EQ(d.space_used > 0, true);

	EQ(dlimit_set(TAG, FS, 1, 1, 101), -EINVAL);
	d = (struct abi_dlimit){ .name = (uintptr_t)FS, .space_used = 10, .space_total = 5,
		.inodes_used = 0, .inodes_total = DL_KEEP };
	EQ(vs(CMD_set_dlimit, TAG, &d), -EINVAL);
	EQ(dlimit_add(0, FS), -EINVAL);
	EQ(dlimit_add(65536, FS), -EINVAL);
	EQ(vs(CMD_add_dlimit, OTHER, &flags), -EINVAL);
	EQ(dlimit_add(TAG, FS "/none"), -ESRCH);
	EQ(dlimit_add(TAG, BASE), -EOPNOTSUPP);	/* a tmpfs */
	EQ(dlimit_add(TAG, NULL), -EFAULT);
	EQ(vs(CMD_add_dlimit, TAG, NULL), -EFAULT);
	EQ(vs(CMD_rem_dlimit, TAG, NULL), -EFAULT);
	EQ(vs(CMD_set_dlimit, TAG, NULL), -EFAULT);
	EQ(vs(CMD_get_dlimit, TAG, NULL), -EFAULT);
	OK(dlimit_rem(TAG, FS));
	EQ(dlimit_get(TAG, FS, &d), -ESRCH);
}

TEST_KINDS(dlimit_mount, "a limit goes with the mount")
{
	struct abi_dlimit d;

	TAGGED_FS();
	OK(dlimit_add(TAG, FS));
	OK(dlimit_set(TAG, FS, 1024, 10, 0));
	NEED_OK(E(umount(FS)));
	NEED_OK(mount_image("tag,prjquota"));
	EQ(dlimit_get(TAG, FS, &d), -ESRCH);
	/* what quota had kept on the disk is the new one's start no more */
	OK(dlimit_add(TAG, FS));
	OK(dlimit_get(TAG, FS, &d));
	EQX(d.space_total, DL_INFINITY);
}

TEST_KINDS(dlimit_holds, "a context meets its limit whatever it may do, and others do not")
{
	struct guest own = { .bcaps = BC_ALL, .before = take_tag };
	struct guest other = { .bcaps = BC_ALL, .before = take_other_tag };
	struct abi_dlimit d;
	char name[64];
	pid_t p;
	int i, fd;

	TAGGED_FS();
	OK(E(mkdir(FS "/d", 0777)));
	OK(dlimit_add(TAG, FS));
	OK(dlimit_set(TAG, FS, 2048, 20, 0));
	p = guest_fork(&own);
	if (p == 0) {
		long sum = 0, n;

		fd = open(FS "/d/f", O_WRONLY | O_CREAT, 0644);
		while ((n = E(write(fd, buf, 4096))) > 0 && sum < 16 << 20)
			sum += n;
		EQ(n, kind->full);
		CHECK(sum > 1 << 20 && sum <= 2 << 20, "%ld bytes were written", sum);
		close(fd);
		OK(E(unlink(FS "/d/f")));
		for (i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), FS "/d/%d", i);
			n = opens(name, O_WRONLY | O_CREAT);
			if (n)
				break;
		}
		EQ(n, kind->full);
		EQ(i, 20);
		done();
	}
	reap_ok(p);
	OK(dlimit_get(TAG, FS, &d));
	EQ(d.inodes_used, 20);
	p = guest_fork(&other);
	if (p == 0) {
		EQ(shell("dd if=/dev/zero of=" FS "/d/o bs=64k count=80 2>/dev/null"), 0);
		done();
	}
	reap_ok(p);
}

TEST_KINDS(dlimit_df, "df shows a context what its tag can have")
{
	struct guest own = { .bcaps = BC_ALL, .before = take_tag };
	struct statfs host, sfs;
	pid_t p;

	TAGGED_FS();
	OK(E(mkdir(FS "/d", 0777)));
	OK(E(statfs(FS, &host)));
	OK(dlimit_add(TAG, FS));
	OK(dlimit_set(TAG, FS, 4096, 40, 25));
	p = guest_fork(&own);
	if (p == 0) {
		OK(make_file(FS "/d/f", "x"));
		OK(E(statfs(FS "/d", &sfs)));
		EQ((long)(sfs.f_blocks * sfs.f_bsize), 3072 * 1024);
		EQ((long)sfs.f_files, 30);
		EQ((long)sfs.f_ffree, 29);
		CHECK(sfs.f_bfree < sfs.f_blocks && sfs.f_bfree + 8 > sfs.f_blocks,
		      "%ld of %ld blocks are free", (long)sfs.f_bfree, (long)sfs.f_blocks);
		done();
	}
	reap_ok(p);
	OK(E(statfs(FS, &sfs)));
	EQ((long)sfs.f_blocks, (long)host.f_blocks);
}

TEST_KINDS(dlimit_who, "limits are for the host: the commands, and quotactl")
{
	struct guest g = { .bcaps = BC_ALL, .before = take_tag };
	struct if_dqblk dq = { .dqb_valid = QIF_BLIMITS, .dqb_bhardlimit = 1 << 20 };
	pid_t p;

	TAGGED_FS();
	OK(dlimit_add(TAG, FS));
	p = guest_fork(&g);
	if (p == 0) {
		struct abi_dlimit d;

		EQ(dlimit_add(OTHER, FS), -EPERM);
		EQ(dlimit_set(TAG, FS, DL_INFINITY, DL_INFINITY, 0), -EPERM);
		EQ(dlimit_rem(TAG, FS), -EPERM);
		OK(dlimit_get(TAG, FS, &d));
		EQ(E(quotactl(QCMD(Q_SETQUOTA, 2), loop, TAG, (caddr_t)&dq)), -EPERM);
		EQ(E(quotactl(QCMD(Q_QUOTAOFF, 2), loop, 0, NULL)), -EPERM);
		done();
	}
	reap_ok(p);
	OK(E(quotactl(QCMD(Q_SETQUOTA, 2), loop, TAG, (caddr_t)&dq)));
}

/* ---- /proc ---- */

static bool proc_lists(const char *name)
{
	return dir_has("/proc", name);
}

TEST(proc_hide, "entries of /proc are hidden from contexts, from the host, and shown again")
{
	struct guest g = ROOT_GUEST;
	uint32_t flags, mask;
	struct abi_fiattr fi;
	pid_t p;
	int fd;

	if (vs_stock)
		vs_skip("needs contexts");
	OK(iattr_get("/proc/crypto", NULL, &flags, &mask));
	EQX(mask, IA_ADMIN | IA_WATCH | IA_HIDE);
	EQX(flags, IA_ADMIN | IA_WATCH);
	EQ(iattr_set("/proc/crypto", IA_BARRIER, IA_BARRIER), -EINVAL);
	EQ(iattr_get("/proc/nothing", NULL, NULL, NULL), -ESRCH);
	p = guest_fork(&g);
	if (p == 0) {
		OK(opens("/proc/crypto", O_RDONLY));
		step_set(1);
		step_wait(2);
		EQ(opens("/proc/crypto", O_RDONLY), -ENOENT);
		EQ(proc_lists("crypto"), false);
		EQ(proc_lists("stat"), true);
		step_set(3);
		step_wait(4);
		OK(opens("/proc/crypto", O_RDONLY));
		done();
	}
	step_wait(1);
	OK(iattr_set("/proc/crypto", IA_HIDE, IA_HIDE));
	OK(opens("/proc/crypto", O_RDONLY));
	EQ(proc_lists("crypto"), true);
	step_set(2);
	step_wait(3);
	p = host_fork();
	if (p == 0) {
		EQ(ctx_migrate(1, 0), 1);
		OK(opens("/proc/crypto", O_RDONLY));
		done();
	}
	reap_ok(p);
	/* from all; an open file is the way back */
	fd = open("/proc/crypto", O_RDONLY);
	NEED_OK(E(fd));
	OK(iattr_set("/proc/crypto", 0, IA_ADMIN | IA_WATCH));
	EQ(opens("/proc/crypto", O_RDONLY), -ENOENT);
	EQ(proc_lists("crypto"), false);
	fi = (struct abi_fiattr){ .flags = IA_ADMIN | IA_WATCH,
				  .mask = IA_ADMIN | IA_WATCH | IA_HIDE };
	OK(vs(CMD_fset_iattr, fd, &fi));
	OK(opens("/proc/crypto", O_RDONLY));
	step_set(4);
	EQX(flags_of("/proc/crypto"), IA_ADMIN | IA_WATCH);
	while (wait(NULL) > 0)
		;
}

TEST(proc_process, "what is of a process has no such attributes")
{
	uint32_t flags, mask;

	if (vs_stock)
		vs_skip("needs contexts");
	OK(iattr_get("/proc/self/status", NULL, &flags, &mask));
	EQX(mask, 0);
	EQX(flags, 0);
	EQ(iattr_set("/proc/self/status", IA_HIDE, IA_HIDE), -EINVAL);
}

/* ---- device maps ---- */

#define VD_CREATE	0x01u
#define VD_OPEN		0x02u
#define VD_REMAP	0x10u
#define VD_ALL		(VD_CREATE | VD_OPEN | VD_REMAP)

#define NODE		BASE "/node"

/* Two block devices; what is in one of them is not in the other. */
static char dev_a[32], dev_b[32];
static int held_a = -1, held_b = -1;

static int make_device(const char *image, char fill, int kib, char *name)
{
	int fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), held;

	NEED_OK(E(fd));
	memset(buf, fill, sizeof(buf));
	for (int i = 0; i < kib / 8; i++)
		EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	close(fd);
	held = loop_open(image);
	NEED(held >= 0);
	strcpy(name, loop);
	return held;
}

static void make_devices(void)
{
	if (vs_stock)
		vs_skip("needs contexts");
	make_base();
	held_a = make_device(BASE "/a", 'a', 64, dev_a);
	held_b = make_device(BASE "/b", 'b', 128, dev_b);
}

/* A context that stays; members have all capabilities. */
static uint32_t map_guest(void)
{
	struct guest g = { .setup = true, .no_init = true };

	if (guest_fork(&g) == 0)
		idle();
	return g.xid;
}

static long map(uint32_t xid, const char *device, const char *target, uint32_t flags)
{
	struct abi_mapping m = { (uintptr_t)device, (uintptr_t)target, flags };

	return vs(CMD_set_mapping, xid, &m);
}

static long unmap(uint32_t xid, const char *device, const char *target)
{
	struct abi_mapping m = { (uintptr_t)device, (uintptr_t)target, 0 };

	return vs(CMD_unset_mapping, xid, &m);
}

/* What a member of @xid gets of @fn; the host itself does with 0. */
static long as(uint32_t xid, long (*fn)(const char *path), const char *path)
{
	pid_t pid = xid ? guest_join(xid) : host_fork();

	if (pid == 0) {
		sh->val[31] = fn(path);
		done();
	}
	reap_ok(pid);
	return sh->val[31];
}

/* The first byte of a device, or why it cannot be opened. */
static long first(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return -errno;
	EQ(read(fd, &c, 1), 1);
	close(fd);
	return c;
}

static long can_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long can_mount(const char *path)
{
	long ret = E(mount(path, FS, "ext4", MS_RDONLY, NULL));

	if (!ret)
		OK(E(umount(FS)));
	return ret;
}

static dev_t number(const char *path)
{
	struct stat st = { 0 };

	OK(E(lstat(path, &st)));
	return st.st_rdev;
}

/* Makes a node as @path is one; its number, or a negative errno. */
static long make_node(const char *path)
{
	struct stat st;
	long ret;

	NEED_OK(E(stat(path, &st)));
	ret = E(mknod(NODE, st.st_mode, st.st_rdev));
	if (!ret) {
		ret = (long)number(NODE);
		unlink(NODE);
	}
	return ret;
}

TEST(map_commands, "set_mapping, unset_mapping: devices by path, what is refused, and who may")
{
	struct abi_mapping m = { 8, 0, VD_OPEN };
	struct guest g = { .bcaps = BC_ALL }, closed = { .setup = true };
	uint32_t xid;
	pid_t pid;

	make_devices();
	xid = map_guest();
	OK(map(xid, dev_a, NULL, 0));
	OK(map(xid, dev_a, NULL, VD_OPEN | VD_CREATE));
	OK(map(xid, dev_a, dev_b, VD_ALL));
	OK(map(xid, dev_a, dev_b, VD_OPEN));
	OK(map(xid, NULL, dev_b, 0));
	OK(map(xid, NULL, "/dev/null", VD_OPEN));
	OK(map(xid, "/dev/null", "/dev/zero", VD_ALL));
	REFUSED(map(xid, dev_a, NULL, 0x4), EINVAL);
	REFUSED(map(xid, dev_a, NULL, 0x80000000u), EINVAL);
	REFUSED(map(xid, dev_a, NULL, VD_REMAP | VD_OPEN), EINVAL);
	REFUSED(map(xid, NULL, NULL, VD_OPEN), EINVAL);
	REFUSED(map(xid, dev_a, "/dev/null", VD_OPEN), EINVAL);
	REFUSED(map(xid, "/dev/null", dev_a, VD_ALL), EINVAL);
	REFUSED(map(xid, BASE "/a", NULL, VD_OPEN), EINVAL);
	REFUSED(map(xid, BASE, NULL, VD_OPEN), EINVAL);
	REFUSED(map(xid, dev_a, BASE, VD_ALL), EINVAL);
	REFUSED(map(xid, BASE "/none", NULL, VD_OPEN), ENOENT);
	REFUSED(map(xid, dev_a, BASE "/a/none", VD_ALL), ENOTDIR);
	REFUSED(vs(CMD_set_mapping, xid, NULL), EFAULT);
	REFUSED(vs(CMD_set_mapping, xid, &m), EFAULT);
	REFUSED(vs(CMD_unset_mapping, xid, NULL), EFAULT);
	REFUSED(vs(CMD_unset_mapping, xid, &m), EFAULT);
	REFUSED(map(65533, dev_a, NULL, 0), ESRCH);
	REFUSED(unmap(65533, dev_a, NULL), ESRCH);
	REFUSED(map(XID_SELF, dev_a, NULL, 0), ESRCH);
	REFUSED(unmap(xid, NULL, NULL), EINVAL);
	REFUSED(unmap(xid, BASE, NULL), EINVAL);
	REFUSED(unmap(xid, BASE "/none", NULL), ENOENT);
	REFUSED(unmap(xid, dev_b, NULL), ESRCH);
	OK(E(symlink(dev_a, NODE)));
	OK(unmap(xid, NODE, NULL));
	REFUSED(unmap(xid, dev_a, NULL), ESRCH);
	OK(unmap(xid, NULL, dev_a));
	REFUSED(unmap(xid, NULL, dev_b), ESRCH);
	OK(unmap(xid, NULL, "/dev/null"));
	OK(unmap(xid, "/dev/null", NULL));
	OK(map(0, dev_a, NULL, VD_OPEN));
	OK(unmap(0, dev_a, NULL));
	REFUSED(unmap(0, dev_a, NULL), ESRCH);

	/* not of a context that is closed to the host, nor from inside of one */
	pid = guest_fork(&closed);
	if (pid == 0)
		idle();
	OK(set_word(CMD_set_cflags, closed.xid, 0, CF_STATE_ADMIN));
	REFUSED(map(closed.xid, dev_a, NULL, VD_OPEN), EACCES);
	REFUSED(unmap(closed.xid, dev_a, NULL), EACCES);
	pid = guest_fork(&g);
	if (pid == 0) {
		REFUSED(map(XID_SELF, dev_a, NULL, VD_OPEN), EPERM);
		REFUSED(map(0, dev_a, NULL, VD_OPEN), EPERM);
		REFUSED(unmap(XID_SELF, dev_a, NULL), EPERM);
		done();
	}
	reap_ok(pid);
	pid = guest_join(xid);
	if (pid == 0) {
		/* in set-up neither */
		REFUSED(map(XID_SELF, dev_a, NULL, VD_OPEN), EPERM);
		done();
	}
	reap_ok(pid);
	pid = host_fork();
	if (pid == 0) {
		OK(cap_drop_effective(24));	/* CAP_SYS_RESOURCE */
		REFUSED(map(xid, dev_a, NULL, VD_OPEN), EPERM);
		done();
	}
	reap_ok(pid);
}

TEST(map_open, "a device is opened and mounted with OPEN only, by the map's context; what is open stays")
{
	uint32_t xid, other;
	pid_t pid;

	make_devices();
	xid = map_guest();
	other = map_guest();
	EQ(as(xid, first, dev_a), 'a');
	pid = guest_join(xid);
	if (pid == 0) {
		int fd = open(dev_a, O_RDONLY), path;
		char c = 0;

		OK(E(fd));
		step_set(1);
		step_wait(2);
		EQ(pread(fd, &c, 1, 0), 1);
		EQ(c, 'a');
		/* once more, by its descriptor */
		snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
		EQ(E(open(buf, O_RDONLY)), -EACCES);
		path = open(dev_a, O_PATH);
		OK(E(path));
		snprintf(buf, sizeof(buf), "/proc/self/fd/%d", path);
		EQ(E(open(buf, O_RDONLY)), -EACCES);
		done();
	}
	step_wait(1);
	OK(map(xid, dev_a, NULL, 0));
	step_set(2);
	reap_ok(pid);
	EQ(as(xid, first, dev_a), -EACCES);
	EQ(as(xid, can_open, dev_a), -EACCES);
	EQ(as(xid, can_mount, dev_a), -EACCES);
	EQ(as(xid, first, dev_b), 'b');
	EQ(as(xid, can_open, "/dev/null"), 0);
	EQ(as(other, first, dev_a), 'a');
	EQ(as(0, first, dev_a), 'a');
	OK(map(xid, dev_a, NULL, VD_CREATE));
	EQ(as(xid, first, dev_a), -EACCES);
	OK(map(xid, dev_a, NULL, VD_OPEN));
	EQ(as(xid, first, dev_a), 'a');
	OK(map(xid, dev_a, NULL, 0));
	EQ(as(xid, first, dev_a), -EACCES);
	OK(unmap(xid, dev_a, NULL));
	EQ(as(xid, first, dev_a), 'a');

	/* all but those that are named, of one type */
	OK(map(xid, NULL, dev_b, 0));
	OK(map(xid, dev_b, NULL, VD_OPEN));
	EQ(as(xid, first, dev_a), -EACCES);
	EQ(as(xid, first, dev_b), 'b');
	EQ(as(xid, first, "/dev/zero"), 0);
	OK(map(xid, NULL, "/dev/zero", 0));
	OK(map(xid, "/dev/null", NULL, VD_OPEN));
	EQ(as(xid, first, "/dev/zero"), -EACCES);
	EQ(as(xid, can_open, "/dev/null"), 0);
	OK(unmap(xid, NULL, dev_b));
	EQ(as(xid, first, dev_a), 'a');
	EQ(as(xid, first, "/dev/zero"), -EACCES);
}

static long open_remapped(const char *path)
{
	int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	uint64_t size = 0;
	struct stat st;
	char c = 'B';

	NEED_OK(E(fd));
	OK(E(ioctl(fd, BLKGETSIZE64, &size)));
	EQ(size, 128 << 10);
	/* the node is what it was */
	OK(E(fstat(fd, &st)));
	EQX(st.st_rdev, number(path));
	EQ(pread(fd, buf, 1, 100000), 1);
	EQ(buf[0], 'b');
	EQ(pwrite(fd, &c, 1, 0), 1);
	OK(E(fsync(fd)));
	close(fd);
	return 0;
}

TEST(map_remap, "REMAP: a block device is another one when it is opened, whole and for writing")
{
	uint32_t xid;

	make_devices();
	xid = map_guest();
	OK(map(xid, dev_a, dev_b, VD_REMAP));
	EQ(as(xid, first, dev_a), -EACCES);
	OK(map(xid, dev_a, dev_b, VD_OPEN | VD_REMAP));
	EQ(as(xid, first, dev_a), 'b');
	EQ(as(0, first, dev_a), 'a');
	EQ(as(xid, open_remapped, dev_a), 0);
	EQ(as(0, first, dev_b), 'B');
	EQ(as(0, first, dev_a), 'a');
	EQ(as(xid, first, dev_b), 'B');
	/* not on from there */
	OK(map(xid, dev_b, dev_a, VD_OPEN | VD_REMAP));
	EQ(as(xid, first, dev_a), 'B');
	EQ(as(xid, first, dev_b), 'a');
	/* all others */
	OK(unmap(xid, dev_a, NULL));
	OK(unmap(xid, dev_b, NULL));
	OK(map(xid, NULL, dev_b, VD_OPEN | VD_REMAP));
	EQ(as(xid, first, dev_a), 'B');
	EQ(as(xid, first, dev_b), 'B');
	OK(unmap(xid, NULL, dev_b));
	EQ(as(xid, first, dev_a), 'a');
	/* without the flag a target is none */
	OK(map(xid, dev_a, dev_b, VD_OPEN));
	EQ(as(xid, first, dev_a), 'a');
	/* where there is no target there is no device */
	OK(E(mknod(NODE, S_IFBLK | 0600, makedev(240, 77))));
	OK(map(xid, dev_a, NODE, VD_OPEN | VD_REMAP));
	EQ(as(xid, first, dev_a), -ENXIO);
}

TEST(map_mount, "what a remapped block device is mounted of is the other one")
{
	uint32_t xid;
	int held;

	if (vs_stock)
		vs_skip("needs contexts");
	if (shell("command -v mke2fs >/dev/null 2>&1"))
		vs_skip("no mke2fs");
	make_base();
	held_a = make_device(BASE "/a", 'a', 64, dev_a);
	make_image("none");
	held = loop_open(IMAGE);
	NEED(held >= 0);
	strcpy(dev_b, loop);
	xid = map_guest();
	CHECK(as(xid, can_mount, dev_a) < 0, "there is no file system on it");
	EQ(as(xid, can_mount, dev_b), 0);
	OK(map(xid, dev_a, dev_b, VD_OPEN | VD_REMAP));
	OK(map(xid, dev_b, NULL, 0));
	EQ(as(xid, can_mount, dev_a), 0);
	EQ(as(xid, can_mount, dev_b), -EACCES);
	EQ(as(0, can_mount, dev_b), 0);
	close(held);
}

static long make_others(const char *path)
{
	(void)path;
	OK(E(mkfifo(NODE, 0600)));
	unlink(NODE);
	OK(E(mknod(NODE, S_IFSOCK | 0600, 0)));
	unlink(NODE);
	OK(E(mknod(NODE, S_IFREG | 0600, 0)));
	unlink(NODE);
	/* how overlayfs says that there is nothing */
	OK(E(mknod(NODE, S_IFCHR | 0600, 0)));
	unlink(NODE);
	return 0;
}

static long open_made(const char *path)
{
	struct stat st;
	long ret;

	NEED_OK(E(stat(path, &st)));
	NEED_OK(E(mknod(NODE, st.st_mode, st.st_rdev)));
	ret = can_open(NODE);
	unlink(NODE);
	return ret;
}

TEST(map_create, "nodes are made with CREATE only; a character device with REMAP is one of the other")
{
	uint32_t xid;

	make_devices();
	xid = map_guest();
	EQX(as(xid, make_node, dev_a), number(dev_a));
	OK(map(xid, dev_a, NULL, VD_OPEN));
	EQ(as(xid, make_node, dev_a), -EPERM);
	EQX(as(xid, make_node, dev_b), number(dev_b));
	EQX(as(0, make_node, dev_a), number(dev_a));
	OK(map(xid, dev_a, NULL, VD_CREATE));
	EQX(as(xid, make_node, dev_a), number(dev_a));
	EQ(as(xid, open_made, dev_a), -EACCES);
	OK(map(xid, dev_a, dev_b, VD_ALL));
	EQX(as(xid, make_node, dev_a), number(dev_a));
	EQ(as(xid, open_made, dev_a), 0);

	OK(map(xid, NULL, "/dev/null", 0));
	EQ(as(xid, make_node, "/dev/zero"), -EPERM);
	EQ(as(xid, make_others, NULL), 0);
	OK(map(xid, "/dev/zero", "/dev/full", VD_CREATE | VD_REMAP));
	EQX(as(xid, make_node, "/dev/zero"), number("/dev/full"));
	EQX(as(0, make_node, "/dev/zero"), number("/dev/zero"));
	/* whether it can be opened is said for the other */
	EQ(as(xid, open_made, "/dev/zero"), -EACCES);
	OK(map(xid, "/dev/full", NULL, VD_OPEN));
	EQ(as(xid, open_made, "/dev/zero"), 0);
	EQ(as(xid, can_open, "/dev/zero"), -EACCES);
}

TEST(map_default, "the map of id 0 is for contexts that say nothing themselves, and not for the host")
{
	uint32_t xid, other;

	make_devices();
	xid = map_guest();
	other = map_guest();
	OK(map(0, dev_a, NULL, 0));
	EQ(as(xid, first, dev_a), -EACCES);
	EQ(as(other, first, dev_a), -EACCES);
	EQ(as(0, first, dev_a), 'a');
	EQ(as(xid, first, dev_b), 'b');
	OK(map(xid, dev_a, NULL, VD_OPEN));
	EQ(as(xid, first, dev_a), 'a');
	EQ(as(other, first, dev_a), -EACCES);
	OK(unmap(xid, dev_a, NULL));
	/* of all others, too, the context's own comes first */
	OK(map(xid, NULL, dev_a, VD_OPEN));
	EQ(as(xid, first, dev_a), 'a');
	OK(map(0, dev_a, dev_b, VD_OPEN | VD_REMAP));
	EQ(as(xid, first, dev_a), 'a');
	EQ(as(other, first, dev_a), 'b');
	EQ(as(0, first, dev_a), 'a');
	OK(unmap(0, dev_a, NULL));
	EQ(as(other, first, dev_a), 'a');
}

TEST(map_end, "a map goes with its context: the next of the id has none")
{
	struct guest g = { .setup = true, .no_init = true };
	pid_t pid;

	make_devices();
	pid = guest_fork(&g);
	if (pid == 0)
		idle();
	OK(map(g.xid, dev_a, NULL, 0));
	OK(map(g.xid, NULL, dev_a, 0));
	OK(map(g.xid, NULL, "/dev/null", 0));
	EQ(as(g.xid, first, dev_b), -EACCES);
	OK(ctx_kill(g.xid, 0, SIGKILL));
	reap(pid);
	CHECK(ctx_gone(g.xid, 5000), "the context has ended");
	if (guest_fork(&g) == 0)
		idle();
	EQ(as(g.xid, first, dev_a), 'a');
	EQ(as(g.xid, can_open, "/dev/null"), 0);
}

TEST_T(map_race, 120, "maps that change while devices are opened and contexts end")
{
	struct guest g = { .setup = true, .no_init = true };
	pid_t pid, setter, opener;

	make_devices();
	g.xid = new_xid();
	for (int round = 0; round < 10; round++) {
		pid = guest_fork(&g);
		if (pid == 0)
			idle();
		setter = host_fork();
		if (setter == 0) {
			for (int i = 0; ; i++) {
				long ret = i % 3 ? map(g.xid, dev_a, dev_b, i % 2 ? VD_ALL : 0)
						 : unmap(g.xid, dev_a, NULL);

				map(0, NULL, dev_a, VD_OPEN);
				unmap(0, NULL, dev_a);
				/* until the context has gone */
				if (ret == -ESRCH && ctx_tasks(g.xid) < 0)
					done();
			}
		}
		opener = guest_join(g.xid);
		if (opener == 0) {
			for (int i = 0; i < 300; i++) {
				int fd = open(dev_a, O_RDONLY);
				char c = 0;

				if (fd < 0) {
					EQ(errno, EACCES);
					continue;
				}
				EQ(read(fd, &c, 1), 1);
				CHECK(c == 'a' || c == 'b', "read '%c'", c);
				close(fd);
			}
			done();
		}
		reap_ok(opener);
		OK(ctx_kill(g.xid, 0, SIGKILL));
		reap(pid);
		reap_ok(setter);
	}
}
