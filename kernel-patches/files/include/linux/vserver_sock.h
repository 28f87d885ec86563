/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts and what goes through their sockets, counted at the socket's own
 * interface: by calls, and in bytes of data without any headers.
 */
#ifndef _LINUX_VSERVER_SOCK_H
#define _LINUX_VSERVER_SOCK_H

#include <linux/socket.h>
#include <linux/vserver.h>

struct sock;

#ifdef CONFIG_VSERVER_LIMIT

/* kernel/vserver/socket.c */
void __vx_account_send(const struct sock *sk, const struct msghdr *msg, int ret);
void __vx_account_recv(const struct sock *sk, int flags, int ret);

/* Sending @msg on @sk has ended with @ret, bytes or an error; the rest is in @msg. */
static inline void vx_account_send(const struct sock *sk,
				   const struct msghdr *msg, int ret)
{
	if (vx_active())
		__vx_account_send(sk, msg, ret);
}

/* Receiving from @sk with @flags has ended with @ret, bytes or an error. */
static inline void vx_account_recv(const struct sock *sk, int flags, int ret)
{
	if (vx_active())
		__vx_account_recv(sk, flags, ret);
}

#else

static inline void vx_account_send(const struct sock *sk,
				   const struct msghdr *msg, int ret)
{
}

static inline void vx_account_recv(const struct sock *sk, int flags, int ret)
{
}

#endif
#endif /* _LINUX_VSERVER_SOCK_H */
