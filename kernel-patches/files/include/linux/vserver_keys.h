/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys and contexts.
 *
 * Root of a context has the host's user id, and with that would have root's keys,
 * and those of root of all other contexts. So a key is labelled with the context
 * that it was made in, is there for no other, and counts for a quota of its own. The
 * keyrings of users hang below the context and go with it.
 *
 * What the kernel does under credentials of its own, as when it asks for an address
 * on behalf of a file system, is nobody's doing in particular, whatever process it
 * happens to run in. Keys outside of quotas are made by the kernel, too.
 */
#ifndef _LINUX_VSERVER_KEYS_H
#define _LINUX_VSERVER_KEYS_H

#include <linux/cred.h>
#include <linux/key.h>
#include <linux/user_namespace.h>
#include <linux/vserver.h>

#ifdef CONFIG_VSERVER

/* Whose keys current makes and uses; 0 the host's, for whom all are there. */
static inline u32 vx_key_caller(void)
{
	if (!vx_active() || rcu_access_pointer(current->cred) !=
			    rcu_access_pointer(current->real_cred))
		return VX_XID_HOST;
	return vx_current_xid();
}

static inline u32 vx_key_xid(const struct key *key)
{
	return key->vx_xid;
}

static inline void vx_label_key(struct key *key)
{
	key->vx_xid = vx_key_caller();
}

static inline bool vx_key_visible(const struct key *key)
{
	u32 xid = vx_key_caller();

	return !xid || key->vx_xid == xid ||
	       !test_bit(KEY_FLAG_IN_QUOTA, &key->flags);
}

/* Where the keyrings of users are found. */
static inline struct key **vx_user_register(struct user_namespace *user_ns)
{
	if (vx_key_caller() && current->vx_info && user_ns == &init_user_ns)
		return &current->vx_info->vx_user_register;
	return &user_ns->user_keyring_register;
}

#else

static inline u32 vx_key_caller(void) { return 0; }
static inline u32 vx_key_xid(const struct key *key) { return 0; }
static inline void vx_label_key(struct key *key) { }
static inline bool vx_key_visible(const struct key *key) { return true; }

static inline struct key **vx_user_register(struct user_namespace *user_ns)
{
	return &user_ns->user_keyring_register;
}

#endif
#endif /* _LINUX_VSERVER_KEYS_H */
