/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The class of what a network context sends.
 *
 * A packet leads to its socket and the socket to its network context, so the
 * stock classifier "cgroup" can tell contexts apart with nothing stored in a
 * packet: the class of a context is NX_CLASS_MAJOR:nid. That comes before the
 * class of a control group (net_cls), which follows whoever holds the socket,
 * as the label does not.
 *
 * The number is known to user space, which gives a tree of classes this handle.
 */
#ifndef _LINUX_VSERVER_CLASS_H
#define _LINUX_VSERVER_CLASS_H

#include <linux/vserver_net.h>
#include <net/inet_sock.h>

#define NX_CLASS_MAJOR	0x7678

#ifdef CONFIG_VSERVER_NET

/* kernel/vserver/net.c */
u32 __nx_class(const struct sock *sk);

/* The class of the packet's network context, 0: it is of none. */
static inline u32 nx_class(const struct sk_buff *skb)
{
	const struct sock *sk;

	if (!nx_active())
		return 0;
	/* An answer to a new connection is the listener's. */
	sk = skb_to_full_sk(skb);
	return sk && sk_fullsock(sk) && sk->sk_nx ? __nx_class(sk) : 0;
}

#else

static inline u32 nx_class(const struct sk_buff *skb)
{
	return 0;
}

#endif /* CONFIG_VSERVER_NET */
#endif /* _LINUX_VSERVER_CLASS_H */
