/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network contexts: a set of addresses in the shared stack of the host.
 *
 * A network context (struct nx_info, id "nid") is what the network sees of an
 * isolated system: which addresses it may use, and which sockets it may see.
 * There is no second stack and nothing on the way of a packet: a socket keeps
 * the network context of the task that made it (sock->sk_nx), and the few
 * places where an address is chosen, compared with a wildcard or listed ask
 * whether it is in the set.
 *
 * sock->sk_nx is set when the socket is made and never changes. It holds a
 * reference, so the set can be read for as long as the socket is there, under
 * rcu_read_lock(). Sockets of the kernel and of another network name space
 * than the context's have none. Request and time-wait sockets are no full
 * sockets: what they may be told apart by is their local address.
 *
 * Every hook is behind nx_active(), a static key that is on as long as there
 * is a network context, or a socket that was made in one.
 */
#ifndef _LINUX_VSERVER_NET_H
#define _LINUX_VSERVER_NET_H

#include <linux/types.h>

struct flowi4;
struct flowi6;
struct in6_addr;
struct ipv6hdr;
struct net;
struct net_device;
struct nx_info;
struct sock;
struct task_struct;

#ifdef CONFIG_VSERVER_NET

#include <linux/jump_label.h>
#include <net/sock.h>

DECLARE_STATIC_KEY_FALSE(nx_key);

/* Is there any network context at all?  A nop while there is none. */
#define nx_active()	static_branch_unlikely(&nx_key)

/* kernel/vserver/net.c */
void __nx_label_sock(struct sock *sk);
void __nx_clone_sock(struct sock *sk);
void __nx_free_sock(struct sock *sk);
int __nx_check_socket(struct net *net, int family, int type, int protocol);
/* May current make interfaces of the driver tun in @net, without CAP_NET_ADMIN? */
bool nx_may_tunnel(const struct net *net);
/* Whose they are: the network context of current, or 0, the host's. */
u32 nx_tunnel_nid(const struct net *net);
void __nx_fork_task(struct task_struct *p);
void __nx_exit_task(struct task_struct *p);

/* kernel/vserver/inet.c */
int __nx_bind4(const struct sock *sk, __be32 *addr);
int __nx_route4(struct net *net, const struct sock *sk, struct flowi4 *fl4);
__be32 __nx_dest4(const struct sock *sk, __be32 addr);
__be32 __nx_shown4(const struct sock *sk, __be32 addr);
bool __nx_accepts4(const struct sock *sk, __be32 addr);
bool __nx_source4(const struct sock *sk, __be32 addr);
bool __nx_meet(const struct sock *a, const struct sock *b);
bool __nx_sees_sock(const struct sock *sk, const struct sock *reader);
bool __nx_sees4(const struct sock *reader, const struct net *net, __be32 addr);
bool __nx_sees6(const struct sock *reader, const struct net *net,
		const struct in6_addr *addr);
bool __nx_sees_dev(const struct sock *reader, const struct net_device *dev);
bool __nx_sees_name(struct net *net, const char *name);
bool nx_raw_icmp(int protocol);
bool nx_raw_icmp6(int protocol);

/* kernel/vserver/inet6.c */
int __nx_bind6(const struct sock *sk, struct in6_addr *addr);
int __nx_route6(const struct sock *sk, const struct flowi6 *fl6,
		const struct in6_addr *final);
int __nx_choose6(const struct sock *sk, struct flowi6 *fl6);
void __nx_shown6(const struct sock *sk, struct in6_addr *addr);
bool __nx_accepts6(const struct sock *sk, const struct in6_addr *addr);
bool __nx_source6(const struct sock *sk, const struct in6_addr *addr);
bool __nx_header6(const struct sock *sk, const struct ipv6hdr *iph, int len);

/* A new socket belongs to the network context of whoever makes it. */
static inline void nx_label_sock(struct sock *sk)
{
	if (nx_active())
		__nx_label_sock(sk);
}

static inline void nx_clone_sock(struct sock *sk)
{
	if (nx_active() && sk->sk_nx)
		__nx_clone_sock(sk);
}

static inline void nx_free_sock(struct sock *sk)
{
	if (nx_active() && sk->sk_nx)
		__nx_free_sock(sk);
}

/* May current make such a socket? */
static inline int nx_check_socket(struct net *net, int family, int type,
				  int protocol)
{
	return nx_active() ? __nx_check_socket(net, family, type, protocol) : 0;
}

/* Is this the socket of a network context?  Full sockets only. */
static inline bool nx_labelled(const struct sock *sk)
{
	return nx_active() && sk->sk_nx;
}

/* May the socket be bound to the address?  Changes it where that is the rule. */
static inline int nx_bind4(const struct sock *sk, __be32 *addr)
{
	return nx_labelled(sk) ? __nx_bind4(sk, addr) : 0;
}

/* Put source and destination of a flow of the socket right, or refuse it. */
static inline int nx_route4(struct net *net, const struct sock *sk,
			    struct flowi4 *fl4)
{
	return nx_active() && sk && sk_fullsock(sk) && sk->sk_nx ?
	       __nx_route4(net, sk, fl4) : 0;
}

/* The destination that an address stands for, when the socket sends there. */
static inline __be32 nx_dest4(const struct sock *sk, __be32 addr)
{
	return nx_labelled(sk) ? __nx_dest4(sk, addr) : addr;
}

/* The address that the owner of the socket is shown for one of its own. */
static inline __be32 nx_shown4(const struct sock *sk, __be32 addr)
{
	return nx_labelled(sk) ? __nx_shown4(sk, addr) : addr;
}

/* Does a socket without an address of its own take packets for @addr? */
static inline bool nx_accepts4(const struct sock *sk, __be32 addr)
{
	return !nx_labelled(sk) || __nx_accepts4(sk, addr);
}

/* May the socket send packets from @addr? */
static inline bool nx_source4(const struct sock *sk, __be32 addr)
{
	return !nx_labelled(sk) || __nx_source4(sk, addr);
}

/* The same for IPv6, and for addresses of IPv4 in the form of IPv6. */
static inline int nx_bind6(const struct sock *sk, struct in6_addr *addr)
{
	return nx_labelled(sk) ? __nx_bind6(sk, addr) : 0;
}

/* May the flow of the socket go there, from where it says if it does? */
static inline int nx_route6(const struct sock *sk, const struct flowi6 *fl6,
			    const struct in6_addr *final)
{
	return nx_active() && sk && sk_fullsock(sk) && sk->sk_nx ?
	       __nx_route6(sk, fl6, final) : 0;
}

/*
 * The routing table chose the source of a flow: put one of the set in its place
 * if it is none.  1 if that was done.
 */
static inline int nx_choose6(const struct sock *sk, struct flowi6 *fl6)
{
	return nx_active() && sk && sk_fullsock(sk) && sk->sk_nx ?
	       __nx_choose6(sk, fl6) : 0;
}

static inline void nx_shown6(const struct sock *sk, struct in6_addr *addr)
{
	if (nx_labelled(sk))
		__nx_shown6(sk, addr);
}

static inline bool nx_accepts6(const struct sock *sk,
			       const struct in6_addr *addr)
{
	return !nx_labelled(sk) || __nx_accepts6(sk, addr);
}

static inline bool nx_source6(const struct sock *sk,
			      const struct in6_addr *addr)
{
	return !nx_labelled(sk) || __nx_source6(sk, addr);
}

/* May the socket send a packet of @len bytes with this header of its own? */
static inline bool nx_header6(const struct sock *sk, const struct ipv6hdr *iph,
			      int len)
{
	return !nx_labelled(sk) || __nx_header6(sk, iph, len);
}

/*
 * Could a packet be for both sockets, as far as their sets go?  The second
 * need not be a full socket.
 */
static inline bool nx_meet(const struct sock *a, const struct sock *b)
{
	return !nx_active() || __nx_meet(a, b);
}

/* May the two share a port by SO_REUSEPORT? */
static inline bool nx_same(const struct sock *a, const struct sock *b)
{
	return !nx_active() || !sk_fullsock(b) || a->sk_nx == b->sk_nx;
}

/*
 * What may be listed to whoever reads: current, and the socket that the answer
 * goes to, if it is one of a network context.
 */
static inline bool nx_sees_sock(const struct sock *sk,
				const struct sock *reader)
{
	return !nx_active() || __nx_sees_sock(sk, reader);
}

static inline bool nx_sees4(const struct sock *reader, const struct net *net,
			    __be32 addr)
{
	return !nx_active() || __nx_sees4(reader, net, addr);
}

static inline bool nx_sees6(const struct sock *reader, const struct net *net,
			    const struct in6_addr *addr)
{
	return !nx_active() || __nx_sees6(reader, net, addr);
}

static inline bool nx_sees_dev(const struct sock *reader,
			       const struct net_device *dev)
{
	return !nx_active() || __nx_sees_dev(reader, dev);
}

/* ... by a name, as ioctls have it; a device that is not there is not hidden. */
static inline bool nx_sees_name(struct net *net, const char *name)
{
	return !nx_active() || __nx_sees_name(net, name);
}

static inline void nx_fork_task(struct task_struct *p)
{
	if (p->nx_info)
		__nx_fork_task(p);
}

static inline void nx_exit_task(struct task_struct *p)
{
	if (p->nx_info)
		__nx_exit_task(p);
}

#else /* !CONFIG_VSERVER_NET */

#define nx_active()	false

static inline void nx_label_sock(struct sock *sk) { }
static inline void nx_clone_sock(struct sock *sk) { }
static inline void nx_free_sock(struct sock *sk) { }

static inline int nx_check_socket(struct net *net, int family, int type,
				  int protocol)
{
	return 0;
}

static inline bool nx_may_tunnel(const struct net *net) { return false; }
static inline u32 nx_tunnel_nid(const struct net *net) { return 0; }
static inline bool nx_labelled(const struct sock *sk) { return false; }
static inline int nx_bind4(const struct sock *sk, __be32 *addr) { return 0; }

static inline int nx_route4(struct net *net, const struct sock *sk,
			    struct flowi4 *fl4)
{
	return 0;
}

static inline __be32 nx_dest4(const struct sock *sk, __be32 addr)
{
	return addr;
}

static inline __be32 nx_shown4(const struct sock *sk, __be32 addr)
{
	return addr;
}

static inline bool nx_accepts4(const struct sock *sk, __be32 addr)
{
	return true;
}

static inline bool nx_source4(const struct sock *sk, __be32 addr)
{
	return true;
}

static inline int nx_bind6(const struct sock *sk, struct in6_addr *addr)
{
	return 0;
}

static inline int nx_route6(const struct sock *sk, const struct flowi6 *fl6,
			    const struct in6_addr *final)
{
	return 0;
}

static inline int nx_choose6(const struct sock *sk, struct flowi6 *fl6)
{
	return 0;
}

static inline void nx_shown6(const struct sock *sk, struct in6_addr *addr) { }

static inline bool nx_accepts6(const struct sock *sk,
			       const struct in6_addr *addr)
{
	return true;
}

static inline bool nx_source6(const struct sock *sk,
			      const struct in6_addr *addr)
{
	return true;
}

static inline bool nx_header6(const struct sock *sk, const struct ipv6hdr *iph,
			      int len)
{
	return true;
}

static inline bool nx_meet(const struct sock *a, const struct sock *b)
{
	return true;
}

static inline bool nx_same(const struct sock *a, const struct sock *b)
{
	return true;
}

static inline bool nx_sees_sock(const struct sock *sk,
				const struct sock *reader)
{
	return true;
}

static inline bool nx_sees4(const struct sock *reader, const struct net *net,
			    __be32 addr)
{
	return true;
}

static inline bool nx_sees6(const struct sock *reader, const struct net *net,
			    const struct in6_addr *addr)
{
	return true;
}

static inline bool nx_sees_dev(const struct sock *reader,
			       const struct net_device *dev)
{
	return true;
}

static inline bool nx_sees_name(struct net *net, const char *name)
{
	return true;
}

static inline bool nx_raw_icmp(int protocol) { return false; }
static inline bool nx_raw_icmp6(int protocol) { return false; }
static inline void nx_fork_task(struct task_struct *p) { }
static inline void nx_exit_task(struct task_struct *p) { }

#endif /* CONFIG_VSERVER_NET */
#endif /* _LINUX_VSERVER_NET_H */
