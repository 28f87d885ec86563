/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the workload on a disk. */
#ifndef BULKHEAD_WEB_TREE_H
#define BULKHEAD_WEB_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct mix_file;

/* Is this file one of those that are wanted? */
typedef bool tree_want(const struct mix_file *f);

/*
 * Make @dirs directories with their 36 files each, or those that @want wants
 * if it is not NULL, in the open directory @at. Every file gets the time
 * MIX_MTIME. Ends early, with -1 and errno EINTR, when *@stop is not 0.
 * Returns 0, or -1 with errno and in @what the path it happened at.
 */
int tree_make(int at, uint32_t dirs, tree_want *want, const volatile int *stop,
	      char what[32]);

/* Are they there, byte for byte, with size and time right? 0; 1 and the first
 * wrong path in @what; -1 with errno and @what. */
int tree_check(int at, uint32_t dirs, tree_want *want, const volatile int *stop,
	       char what[32]);

/* Remove what tree_make() may have made; files of others stay. */
void tree_remove(int at, uint32_t dirs);

#endif
