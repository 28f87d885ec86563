/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of an rbtree without its balance: a plain binary tree. What is
 * erased or added twice ends in an abort.
 */
#ifndef SHIM_RBTREE_H
#define SHIM_RBTREE_H
#include <linux/list.h>
#include <stdlib.h>

struct rb_node {
	struct rb_node *up, *left, *right;
};

struct rb_root_cached {
	struct rb_node *top;
};

#define RB_ROOT_CACHED ((struct rb_root_cached){ NULL })
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *t)
{
	struct rb_node *n = t->top;

	while (n && n->left)
		n = n->left;
	return n;
}

static inline void rb_add_cached(struct rb_node *n, struct rb_root_cached *t,
				 bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **at = &t->top, *up = NULL;

	while (*at) {
		if (*at == n)
			abort();
		up = *at;
		at = less(n, up) ? &up->left : &up->right;
	}
	n->up = up;
	n->left = n->right = NULL;
	*at = n;
}

static inline void rb_replace(struct rb_root_cached *t, struct rb_node *old,
			      struct rb_node *new)
{
	if (!old->up) {
		if (t->top != old)
			abort();
		t->top = new;
	} else if (old->up->left == old) {
		old->up->left = new;
	} else if (old->up->right == old) {
		old->up->right = new;
	} else {
		abort();
	}
	if (new)
		new->up = old->up;
}

static inline void rb_erase_cached(struct rb_node *n, struct rb_root_cached *t)
{
	struct rb_node *next;

	if (!n->left || !n->right) {
		rb_replace(t, n, n->left ? n->left : n->right);
	} else {
		for (next = n->right; next->left; next = next->left)
			;
		rb_replace(t, next, next->right);
		rb_replace(t, n, next);
		next->left = n->left;
		next->right = n->right;
		next->left->up = next;
		if (next->right)
			next->right->up = next;
	}
	n->up = n->left = n->right = n;		/* not in a tree */
}
#endif
