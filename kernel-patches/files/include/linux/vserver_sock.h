/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts and what goes through their sockets, counted at the socket's own
 * interface: by calls, and in bytes of data without any headers.
 */
#ifndef _LINUX_VSERVER_SOCK_H
#define _LINUX_VSERVER_SOCK_H

#include <linux/percpu.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/vserver.h>
#include <net/sock.h>

#ifdef CONFIG_VSERVER_LIMIT

/* Of one family of addresses and on one CPU: calls and their bytes. */
struct vx_traffic {
	struct {
		u64	count;
		u64	bytes;
	} kind[VXA_SOCK_KINDS];
};

/* kernel/vserver/socket.c */
DECLARE_PER_CPU(struct vx_traffic, vx_no_traffic);
void __vx_account_fail(const struct sock *sk, const struct msghdr *msg, int ret);
void __vx_sock_family(struct sock *sk);

/* The counter of a socket that is in the place of one of vx_no_traffic. */
#define vx_counter(counter, at) \
	(*(u64 __percpu *)((__force unsigned long)&(counter) + (at)))

/*
 * Once a packet: in place, with nothing to look up and one way for nearly all. A
 * socket that is in no context counts, too, for nobody, because that costs less
 * than to ask. @sk is there: the protocol has just used it.
 */
static __always_inline void vx_account(const struct sock *sk,
				       unsigned int kind, s64 bytes)
{
	unsigned long at = READ_ONCE(sk->sk_vx_traffic);

	this_cpu_add(vx_counter(vx_no_traffic.kind[kind].bytes, at), bytes);
	this_cpu_inc(vx_counter(vx_no_traffic.kind[kind].count, at));
}

/* Sending @msg on @sk has ended with @ret, bytes or an error; the rest is in @msg. */
static __always_inline void vx_account_send(const struct sock *sk,
					    const struct msghdr *msg, int ret)
{
	if (!vx_active())
		return;
	if (likely(ret >= 0 && !iov_iter_count(&msg->msg_iter)))
		vx_account(sk, VXA_SOCK_SEND, ret);
	else
		__vx_account_fail(sk, msg, ret);
}

/*
 * Receiving from @sk with @flags has ended with @ret, bytes or an error. Data that
 * was only looked at is still to be received.
 */
static __always_inline void vx_account_recv(const struct sock *sk, int flags,
					    int ret)
{
	if (vx_active() && likely(ret >= 0 && !(flags & MSG_PEEK)))
		vx_account(sk, VXA_SOCK_RECV, ret);
}

/* The socket has become one of another family. */
static inline void vx_sock_family(struct sock *sk)
{
	if (vx_active())
		__vx_sock_family(sk);
}

#else

static inline void vx_account_send(const struct sock *sk,
				   const struct msghdr *msg, int ret)
{
}

static inline void vx_account_recv(const struct sock *sk, int flags, int ret)
{
}

static inline void vx_sock_family(struct sock *sk) { }

#endif
#endif /* _LINUX_VSERVER_SOCK_H */
