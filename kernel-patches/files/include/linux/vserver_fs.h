/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts and files: labels, barriers, unified files, limits of disk space.
 *
 * A file's label ("tag") is its project id, so that the file system keeps and
 * counts it.  Which tag new files get is the fs_struct's, as the umask is.
 * The attributes that no file system has (barrier, immutable but unlinkable,
 * copied when written) are in the extended attribute VX_XATTR, read once per
 * inode into S_VX_* flags.
 */
#ifndef _LINUX_VSERVER_FS_H
#define _LINUX_VSERVER_FS_H

#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/projid.h>
#include <linux/quota.h>
#include <linux/string.h>
#include <linux/vserver.h>

#define VX_XATTR	"trusted.vserver"

struct fs_context;
struct fs_parameter;
struct seq_file;

#ifdef CONFIG_VSERVER_FS

/* kernel/vserver/inode.c */
int __vx_inode_permission(struct inode *inode, int mask);
int __vx_path_permission(const struct path *path);
bool vx_may_unlink(struct inode *inode);
int __vx_fileattr_permission(struct inode *inode);
void __vx_xattr_changed(struct inode *inode);
/* From mount options; the caller holds s_umount for writing or has @sb alone. */
void vx_label_super(struct super_block *sb, bool tag, bool check);
/* The mount option tagid=, of all file systems; -ENOPARAM if @param is another. */
int vx_parse_tagid(struct fs_context *fc, struct fs_parameter *param);
/*
 * All files of the superblock that @fc has got, or remounts, get the label that
 * @fc has been told.  s_umount is held for writing.  -EBUSY: others have mounted
 * it with another label.
 */
int vx_label_mount(struct fs_context *fc);
void vx_label_remount(struct fs_context *fc);
void vx_show_tagid(struct seq_file *m, struct super_block *sb);

/* kernel/vserver/cow.c */
int __vx_break_link(struct path *path, bool write, bool truncate);

/* kernel/vserver/dlimit.c */
void __vx_forget_super(struct super_block *sb);
extern int vx_nr_dlimits;

/* The tag that current's new files get; 0 none. */
static inline u32 vx_current_tag(void)
{
	return current->fs ? READ_ONCE(current->fs->vx_tag) : 0;
}

/* The tag of current's files on @sb, 0 if it has none there. */
static inline u32 vx_sb_tag(struct super_block *sb)
{
	return vx_active() && (sb->s_iflags & SB_I_TAGGED) ? vx_current_tag() : 0;
}

static inline kprojid_t vx_tag_project(u32 tag)
{
	return KPROJIDT_INIT(tag);
}

/*
 * May current use @inode as far as its context goes?  @mask as in
 * inode_permission(); 0 asks for the label only.  With MAY_NOT_BLOCK may
 * return -ECHILD.
 */
static inline int vx_inode_permission(struct inode *inode, int mask)
{
	if (!vx_active() || (inode->i_flags & S_VX_PLAIN))
		return 0;
	return __vx_inode_permission(inode, mask);
}

/* The same, of the label only; small, so that what asks is still inlined. */
static inline int vx_path_permission(const struct path *path)
{
	return vx_active() ? __vx_path_permission(path) : 0;
}

/* Of flags of FS_IOC_SETFLAGS, @changed would be others. */
static inline int vx_fileattr_permission(struct inode *inode, u32 changed)
{
	if (!(changed & FS_IMMUTABLE_FL) || !vx_in_context())
		return 0;
	return __vx_fileattr_permission(inode);
}

static inline int vx_xattr_permission(const char *name, int mask)
{
	if ((mask & MAY_WRITE) && vx_in_context() && !strcmp(name, VX_XATTR))
		return -EPERM;
	return 0;
}

/* The attribute @name of @inode has been set or removed. */
static inline void vx_xattr_changed(struct inode *inode, const char *name)
{
	if (!strcmp(name, VX_XATTR))
		__vx_xattr_changed(inode);
}

/*
 * Something was refused with @error: was it because @path is a unified file, one
 * that others share through links?  Then give @path a copy of its own, and
 * return 0: try again.  Else @error.  @write if the contents are to change; all
 * of them if @truncate, then with write access to the mount already.
 */
static inline int vx_break_link(struct path *path, int error, bool write,
				bool truncate)
{
	if (error != -EPERM || !IS_IMMUTABLE(d_inode(path->dentry)))
		return error;
	return __vx_break_link(path, write, truncate);
}

/* Does a limit on quota of @type hold for current, whatever it may do? */
static inline bool vx_keeps_quota(int type)
{
	return type == PRJQUOTA && vx_in_context();
}

static inline void vx_forget_super(struct super_block *sb)
{
	if (READ_ONCE(vx_nr_dlimits))
		__vx_forget_super(sb);
}

#else

static inline u32 vx_sb_tag(struct super_block *sb) { return 0; }
static inline kprojid_t vx_tag_project(u32 tag) { return KPROJIDT_INIT(tag); }

static inline void vx_label_super(struct super_block *sb, bool tag, bool check)
{
}

static inline int vx_parse_tagid(struct fs_context *fc,
				 struct fs_parameter *param)
{
	return -ENOPARAM;
}

static inline int vx_label_mount(struct fs_context *fc) { return 0; }
static inline void vx_label_remount(struct fs_context *fc) { }

static inline void vx_show_tagid(struct seq_file *m, struct super_block *sb)
{
}

static inline int vx_inode_permission(struct inode *inode, int mask)
{
	return 0;
}

static inline int vx_path_permission(const struct path *path) { return 0; }
static inline bool vx_may_unlink(struct inode *inode) { return false; }

static inline int vx_fileattr_permission(struct inode *inode, u32 changed)
{
	return 0;
}

static inline int vx_xattr_permission(const char *name, int mask) { return 0; }
static inline void vx_xattr_changed(struct inode *inode, const char *name) { }

static inline int vx_break_link(struct path *path, int error, bool write,
				bool truncate)
{
	return error;
}

static inline bool vx_keeps_quota(int type) { return false; }
static inline void vx_forget_super(struct super_block *sb) { }

#endif
#endif /* _LINUX_VSERVER_FS_H */
