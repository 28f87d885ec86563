/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying trees: what "cp" and "clone" share. */
#ifndef VCTX_COPY_H
#define VCTX_COPY_H

#include <sys/stat.h>

#include "internal.h"

struct vx_copy {
	bool plain;		/* neither set-id bits nor extended attributes */
	bool special;		/* devices and pipes, too; sockets are left out */
	/*
	 * May this file, open for reading, be linked and not copied?  Sets failed,
	 * and an error, when that cannot be told.
	 */
	bool (*link)(struct vx_copy *c, int fd, const struct stat *st,
		     const char *path);
	void *arg;
	bool failed;
	dev_t dev;		/* of the tree; what is mounted in it is not copied */
	dev_t made_dev;		/* the directory that was made for it */
	ino_t made_ino;
	uint64_t copied, linked;	/* regular files */
	struct vctx_err *err;
};

/*
 * Copy what fd (O_PATH) is, as "name" of the directory dir, which must not have
 * it yet.  dir -1: only look whether it can be copied.  path is for messages.
 */
int vx_copy_node(struct vx_copy *c, int fd, const struct stat *st, int dir,
		 const char *name, const char *path, unsigned int depth);
/* Remove a file or tree; no link is followed.  0, or -1 when some of it is left. */
int vx_remove_tree(int dir, const char *name);
/* As many open files as we may have. */
void vx_raise_files(void);

#endif
