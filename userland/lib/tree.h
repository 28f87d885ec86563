/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in the roots of contexts: attributes, walks, what has one inode. */
#ifndef VCTX_TREE_H
#define VCTX_TREE_H

#include <sys/stat.h>

#include "internal.h"

/*
 * Called for what is in a tree, itself included as "": dir is the directory it is
 * in, name its name there, path that from the root on.  Not 0 ends the walk.
 */
typedef int (*vx_tree_fn)(void *arg, int dir, const char *name,
			  const char *path, const struct stat *st);

/*
 * Everything below an open directory on its file system; links are not followed
 * and the order is that of the directories.  -1 with an error.
 */
int vx_tree_walk(int root, const char *text, vx_tree_fn fn, void *arg,
		 struct vctx_err *err);
/* Is this path (from the root on, no slash before it) one that is soon written? */
bool vx_tree_own(const char *path);

/*
 * May the files of this file system be unified?  VCTX_HOST when the kernel or the
 * file system cannot.
 */
int vx_unify_check(int root, const char *text, struct vctx_err *err);

/*
 * Make the directory "to" a copy of the tree "from": with links to its files, which
 * are unified for that, where vx_tree_own() does not say otherwise, or with "copy"
 * without.  On failure what was made is left to the caller.
 */
int vx_tree_clone(const char *from, const char *to, bool copy,
		  struct vctx_cloned *sum, struct vctx_err *err);

/* As vctx_create(), with cfg->root made from the tree "from". */
int vx_create_cloned(struct vctx *v, const char *from, const char *name,
		     struct vctx_config *cfg, const char *file, bool copy,
		     struct vctx_cloned *sum, struct vctx_err *err);

#endif
