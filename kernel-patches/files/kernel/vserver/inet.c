// SPDX-License-Identifier: GPL-2.0
/*
 * Network contexts: sets of addresses, and what sockets, flows and listings ask
 * about those of IPv4, and about both families at once.
 *
 * A set is a small array that is replaced as a whole, so that questions take
 * no lock: some are asked for each packet that no connected socket takes.
 *
 * The loopback address of a context (NXF_LBACK_REMAP) is a member besides the
 * array, and so is 127.0.0.1 with NXF_LBACK_ALLOW.  The former goes first.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/vserver_net.h>
#include <net/ipv6.h>
#include <net/route.h>
#include "internal.h"

static bool nx_remap(const struct nx_info *nxi)
{
	return nx_flag(nxi, NXF_LBACK_REMAP);
}

static __be32 nx_lback(const struct nx_info *nxi)
{
	return READ_ONCE(nxi->nx_lback);
}

/* Is the address in the set? */
bool nx_member(const struct nx_info *nxi, __be32 addr)
{
	u64 flags = READ_ONCE(nxi->nx_flags);
	const struct nx_set *set;
	u32 a = ntohl(addr);
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v4);
	for (i = 0; set && i < set->n && !found; i++)
		found = a >= set->a[i].lo && a <= set->a[i].hi;
	rcu_read_unlock();

	if (found)
		return true;
	if ((flags & NXF_LBACK_REMAP) && addr == nx_lback(nxi))
		return true;
	return (flags & NXF_LBACK_ALLOW) && addr == htonl(INADDR_LOOPBACK);
}

/* ... or one that packets for the context may be sent to? */
static bool nx_takes(const struct nx_info *nxi, __be32 addr)
{
	__be32 bcast;

	if (nx_member(nxi, addr))
		return true;
	if (ipv4_is_multicast(addr))
		return READ_ONCE(nxi->nx_ncaps) & NXC_MULTICAST;
	bcast = READ_ONCE(nxi->nx_bcast);
	return bcast && (addr == bcast || ipv4_is_lbcast(addr));
}

/*
 * An address to send from to @dst: one of the same subnet, or the first.
 * Return: 0 if the set has none.
 */
static __be32 nx_pick(const struct nx_info *nxi, __be32 dst)
{
	const struct nx_set *set;
	__be32 addr = 0;
	unsigned int i;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v4);
	for (i = 0; set && i < set->n; i++) {
		const struct nx_addr *a = &set->a[i];

		if (a->type == NXA_TYPE_MASK)
			continue;
		if (!addr)
			addr = a->ip[0];
		if (a->mask && !((a->ip[0] ^ dst) & a->mask)) {
			addr = a->ip[0];
			break;
		}
	}
	rcu_read_unlock();
	return addr;
}

/* The address of a set that has but one, or 0. */
static __be32 nx_only(const struct nx_info *nxi)
{
	const struct nx_set *set;
	__be32 addr = 0;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v4);
	if (set && set->n == 1 && set->a[0].type == NXA_TYPE_ADDR)
		addr = set->a[0].ip[0];
	rcu_read_unlock();
	return addr;
}

/**
 * __nx_bind4 - the address that a socket is to be bound to
 * @sk: socket of a network context
 * @addr: what was asked for; replaced by what that stands for
 *
 * Return: 0, or -EADDRNOTAVAIL if it is not the context's.
 */
int __nx_bind4(const struct sock *sk, __be32 *addr)
{
	const struct nx_info *nxi = sk->sk_nx;

	if (*addr == htonl(INADDR_ANY)) {
		if (nx_flag(nxi, NXF_SINGLE_IP)) {
			*addr = nx_pick(nxi, 0);
			if (!*addr)
				return -EADDRNOTAVAIL;
		}
		return 0;
	}
	*addr = __nx_dest4(sk, *addr);
	/* 255.255.255.255 is nobody's own */
	if (!ipv4_is_lbcast(*addr) && nx_takes(nxi, *addr))
		return 0;
	return -EADDRNOTAVAIL;
}

/* 127.0.0.1 as a destination. */
__be32 __nx_dest4(const struct sock *sk, __be32 addr)
{
	const struct nx_info *nxi = sk->sk_nx;

	return addr == htonl(INADDR_LOOPBACK) && nx_remap(nxi) ?
	       nx_lback(nxi) : addr;
}

__be32 __nx_shown4(const struct sock *sk, __be32 addr)
{
	const struct nx_info *nxi = sk->sk_nx;

	return addr == nx_lback(nxi) && nx_remap(nxi) &&
	       nx_flag(nxi, NXF_HIDE_LBACK) ? htonl(INADDR_LOOPBACK) : addr;
}
EXPORT_SYMBOL_GPL(__nx_shown4);

bool __nx_accepts4(const struct sock *sk, __be32 addr)
{
	return nx_takes(sk->sk_nx, addr);
}

bool __nx_source4(const struct sock *sk, __be32 addr)
{
	return nx_member(sk->sk_nx, addr);
}

/**
 * __nx_route4 - put the ends of a flow right before it is routed
 * @net: of the socket
 * @sk: socket of a network context
 * @fl4: flow; without a source it gets one, without a destination the
 *	loopback address, as ever
 *
 * Return: 0; -EPERM for a source that is not the context's, loopback addresses
 * of others, groups without the right to them; -EADDRNOTAVAIL if there is
 * nothing to send from; what the routing table says if there is no way.
 */
int __nx_route4(struct net *net, const struct sock *sk, struct flowi4 *fl4)
{
	const struct nx_info *nxi = sk->sk_nx;
	struct flowi4 probe;
	struct rtable *rt;
	__be32 addr;

	if (!fl4->daddr)
		fl4->daddr = nx_remap(nxi) ? nx_lback(nxi) :
			     fl4->saddr ?: nx_pick(nxi, 0);
	fl4->daddr = __nx_dest4(sk, fl4->daddr);

	if (ipv4_is_loopback(fl4->daddr) && !nx_member(nxi, fl4->daddr))
		return -EPERM;
	if (ipv4_is_multicast(fl4->daddr) && !nx_takes(nxi, fl4->daddr))
		return -EPERM;

	if (fl4->saddr)
		return nx_member(nxi, fl4->saddr) ? 0 : -EPERM;

	if (ipv4_is_loopback(fl4->daddr)) {
		fl4->saddr = fl4->daddr;
		return 0;
	}

	addr = nx_only(nxi);
	if (!addr) {
		probe = *fl4;
		rt = __ip_route_output_key(net, &probe);
		if (IS_ERR(rt))
			return PTR_ERR(rt);
		ip_rt_put(rt);
		addr = nx_member(nxi, probe.saddr) ? probe.saddr :
		       nx_pick(nxi, fl4->daddr);
	}
	if (!addr)
		return -EADDRNOTAVAIL;
	fl4->saddr = addr;
	return 0;
}
EXPORT_SYMBOL_GPL(__nx_route4);

/* First and last of member @i, host order; those besides the array come last. */
static bool nx_range(const struct nx_info *nxi, const struct nx_set *set,
		     unsigned int i, u32 *lo, u32 *hi)
{
	unsigned int n = set ? set->n : 0;

	if (i < n) {
		*lo = set->a[i].lo;
		*hi = set->a[i].hi;
		return true;
	}
	if (i == n && nx_remap(nxi)) {
		*lo = ntohl(nx_lback(nxi));
		*hi = *lo;
		return true;
	}
	if (i == n + 1 && nx_flag(nxi, NXF_LBACK_ALLOW)) {
		*lo = INADDR_LOOPBACK;
		*hi = *lo;
		return true;
	}
	return false;
}

static bool nx_overlap(const struct nx_info *a, const struct nx_info *b)
{
	const struct nx_set *sa, *sb;
	unsigned int i, j, na, nb;
	u32 alo, ahi, blo, bhi;
	bool meet = false;

	rcu_read_lock();
	sa = rcu_dereference(a->nx_v4);
	sb = rcu_dereference(b->nx_v4);
	na = (sa ? sa->n : 0) + 2;
	nb = (sb ? sb->n : 0) + 2;
	for (i = 0; i < na && !meet; i++) {
		if (!nx_range(a, sa, i, &alo, &ahi))
			continue;
		for (j = 0; j < nb && !meet; j++)
			meet = nx_range(b, sb, j, &blo, &bhi) &&
			       alo <= bhi && blo <= ahi;
	}
	rcu_read_unlock();
	return meet;
}

static bool nx_meet4(const struct sock *a, const struct nx_info *na,
		     const struct sock *b, const struct nx_info *nb)
{
	if (!nx_hears4(a) || !nx_hears4(b))
		return false;
	if (a->sk_rcv_saddr && b->sk_rcv_saddr)
		return true;
	if (!a->sk_rcv_saddr && !b->sk_rcv_saddr)
		return !na || !nb || nx_overlap(na, nb);
	if (!a->sk_rcv_saddr)
		return !na || nx_takes(na, b->sk_rcv_saddr);
	return !nb || nx_takes(nb, a->sk_rcv_saddr);
}

/**
 * __nx_meet - could a packet be for both sockets?
 * @a: full socket
 * @b: any socket of the same port
 *
 * Only what follows from sets is answered with no: who is not bound to an
 * address takes what is for its set, and on the host for all. Two addresses
 * are for the caller to compare. A socket of IPv6 may be for both families.
 */
bool __nx_meet(const struct sock *a, const struct sock *b)
{
	const struct nx_info *na = a->sk_nx;
	const struct nx_info *nb = sk_fullsock(b) ? b->sk_nx : NULL;

	return na == nb || nx_meet4(a, na, b, nb) || nx_meet6(a, na, b, nb);
}

/* Whose view it is: NULL for the host, which sees all. */
static const struct nx_info *nx_viewer(const struct sock *reader,
				       const struct net *net)
{
	const struct nx_info *nxi = reader && reader->sk_nx ? reader->sk_nx :
				    current->nx_info;

	return nxi && nx_applies(nxi, net) ? nxi : NULL;
}

/* Those that are no full sockets have an address, and no label. */
bool __nx_sees_sock(const struct sock *sk, const struct sock *reader)
{
	const struct nx_info *nxi = nx_viewer(reader, sock_net(sk));

	if (!nxi)
		return true;
	if (sk_fullsock(sk))
		return sk->sk_nx == nxi;
	if (sk->sk_family == AF_INET)
		return nx_member(nxi, sk->sk_rcv_saddr);
	return nx_owns6(nxi, sk);
}
EXPORT_SYMBOL_GPL(__nx_sees_sock);

bool __nx_sees4(const struct sock *reader, const struct net *net, __be32 addr)
{
	const struct nx_info *nxi = nx_viewer(reader, net);

	return !nxi || nx_member(nxi, addr);
}

#if IS_ENABLED(CONFIG_IPV6)
bool __nx_sees6(const struct sock *reader, const struct net *net,
		const struct in6_addr *addr)
{
	const struct nx_info *nxi = nx_viewer(reader, net);

	return !nxi || nx_member6(nxi, addr);
}
EXPORT_SYMBOL_GPL(__nx_sees6);
#endif

/* The device of loopback addresses has them all without listing them. */
bool __nx_sees_dev(const struct sock *reader, const struct net_device *dev)
{
	const struct nx_info *nxi = nx_viewer(reader, dev_net(dev));
	const struct in_device *in_dev;
	const struct in_ifaddr *ifa;
	bool seen = false;

	if (!nxi || !nx_flag(nxi, NXF_HIDE_NETIF))
		return true;
	if ((dev->flags & IFF_LOOPBACK) &&
	    nx_flag(nxi, NXF_LBACK_REMAP | NXF_LBACK_ALLOW))
		return true;

	rcu_read_lock();
	in_dev = __in_dev_get_rcu(dev);
	if (in_dev) {
		in_dev_for_each_ifa_rcu(ifa, in_dev) {
			seen = nx_member(nxi, ifa->ifa_local);
			if (seen)
				break;
		}
	}
	rcu_read_unlock();
	return seen || nx_dev_has6(nxi, dev);
}
EXPORT_SYMBOL_GPL(__nx_sees_dev);

bool __nx_sees_name(struct net *net, const char *name)
{
	const struct net_device *dev;
	bool seen;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, name);
	seen = !dev || __nx_sees_dev(NULL, dev);
	rcu_read_unlock();
	return seen;
}

/* ---- changes ---- */

/* Unpack and check an address: -EINVAL, or 0 with all of @a set. */
static int nx_parse(struct nx_addr *a, u16 type, __be32 ip, __be32 ip2,
		    __be32 mask)
{
	u32 first = ntohl(ip), m = ntohl(mask);

	a->type = type & ~NXA_TYPE_IPV4;
	a->ip[0] = ip;
	a->ip[1] = ip2;
	a->mask = mask;

	if (~m & (~m + 1))
		return -EINVAL;

	switch (a->type) {
	case NXA_TYPE_ADDR | NXA_MOD_LBACK:
		if (!ipv4_is_loopback(ip))
			return -EINVAL;
		fallthrough;
	case NXA_TYPE_ADDR:
		if (ipv4_is_zeronet(ip) || ipv4_is_multicast(ip) ||
		    ipv4_is_lbcast(ip))
			return -EINVAL;
		a->lo = first;
		a->hi = first;
		return 0;
	case NXA_TYPE_ADDR | NXA_MOD_BCAST:
		return ip && !ipv4_is_multicast(ip) ? 0 : -EINVAL;
	case NXA_TYPE_MASK:
		a->ip[0] &= mask;
		a->lo = first & m;
		a->hi = first | ~m;
		return 0;
	case NXA_TYPE_RANGE:
		a->lo = first;
		a->hi = ntohl(ip2);
		return ip && a->lo <= a->hi ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static bool nx_equal(const struct nx_addr *a, const struct nx_addr *b)
{
	if (a->type != b->type)
		return false;
	if (a->type & NXA_TYPE_IPV6)
		return ipv6_addr_equal(&a->ip6, &b->ip6) &&
		       ipv6_addr_equal(&a->mask6, &b->mask6);
	return a->lo == b->lo && a->hi == b->hi;
}

static int nx_find(const struct nx_set *set, const struct nx_addr *a)
{
	unsigned int i;

	for (i = 0; set && i < set->n; i++)
		if (nx_equal(&set->a[i], a))
			return i;
	return -1;
}

/* The set that an address belongs to. */
static struct nx_set __rcu **nx_set_of(struct nx_info *nxi,
				       const struct nx_addr *a)
{
	return a->type & NXA_TYPE_IPV6 ? &nxi->nx_v6 : &nxi->nx_v4;
}

/*
 * A copy of the set with room for one more in the end, or with one less.
 * Memory comes first, because the lock does not allow to wait for it.
 */
int nx_add(struct nx_info *nxi, const struct nx_addr *a)
{
	struct nx_set __rcu **where = nx_set_of(nxi, a);
	struct nx_set *old, *new;
	unsigned int n, room;

again:
	rcu_read_lock();
	old = rcu_dereference(*where);
	room = (old ? old->n : 0) + 1;
	rcu_read_unlock();
	if (room > NX_ADDRS_MAX)
		return -ENOSPC;
	new = kzalloc(struct_size(new, a, room), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->n = room;

	spin_lock(&nxi->nx_lock);
	old = rcu_dereference_protected(*where,
					lockdep_is_held(&nxi->nx_lock));
	if (nx_find(old, a) >= 0) {
		spin_unlock(&nxi->nx_lock);
		kfree(new);
		return -EEXIST;
	}
	n = old ? old->n : 0;
	if (n + 1 != room) {
		/* somebody else was quicker */
		spin_unlock(&nxi->nx_lock);
		kfree(new);
		goto again;
	}
	if (n)
		memcpy(new->a, old->a, n * sizeof(*a));
	new->a[n] = *a;
	rcu_assign_pointer(*where, new);
	if (n)
		WRITE_ONCE(nxi->nx_flags, nxi->nx_flags & ~NXF_SINGLE_IP);
	spin_unlock(&nxi->nx_lock);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/* In place would be seen half done: a set that shrinks is a new one as well. */
int nx_remove(struct nx_info *nxi, const struct nx_addr *a)
{
	struct nx_set __rcu **where = nx_set_of(nxi, a);
	struct nx_set *old, *new = NULL;
	unsigned int room;
	int i;

again:
	rcu_read_lock();
	old = rcu_dereference(*where);
	room = old ? old->n - 1 : 0;
	rcu_read_unlock();
	if (room) {
		new = kzalloc(struct_size(new, a, room), GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		new->n = room;
	}

	spin_lock(&nxi->nx_lock);
	old = rcu_dereference_protected(*where,
					lockdep_is_held(&nxi->nx_lock));
	i = nx_find(old, a);
	if (i < 0 || old->n - 1 != room) {
		spin_unlock(&nxi->nx_lock);
		kfree(new);
		new = NULL;
		if (i < 0)
			return -ESRCH;
		goto again;
	}
	if (room) {
		memcpy(new->a, old->a, i * sizeof(*a));
		memcpy(new->a + i, old->a + i + 1, (room - i) * sizeof(*a));
	}
	rcu_assign_pointer(*where, new);
	spin_unlock(&nxi->nx_lock);
	kfree_rcu(old, rcu);
	return 0;
}

/* The two addresses that are no members of the array: put, or take back. */
static int nx_special(struct nx_info *nxi, const struct nx_addr *a, bool add)
{
	__be32 none = 0, *where = &nxi->nx_bcast;
	int ret = 0;

	if (a->type & NXA_MOD_LBACK) {
		where = &nxi->nx_lback;
		none = htonl(INADDR_LOOPBACK ^ (nxi->nx_id << 8));
	}

	spin_lock(&nxi->nx_lock);
	if (add)
		WRITE_ONCE(*where, a->ip[0]);
	else if (*where == a->ip[0])
		WRITE_ONCE(*where, none);
	else
		ret = -ESRCH;
	spin_unlock(&nxi->nx_lock);
	return ret;
}

static void nx_clear(struct nx_info *nxi)
{
	struct nx_set *old;

	spin_lock(&nxi->nx_lock);
	old = rcu_replace_pointer(nxi->nx_v4, NULL,
				  lockdep_is_held(&nxi->nx_lock));
	WRITE_ONCE(nxi->nx_bcast, 0);
	WRITE_ONCE(nxi->nx_lback, htonl(INADDR_LOOPBACK ^ (nxi->nx_id << 8)));
	spin_unlock(&nxi->nx_lock);
	if (old)
		kfree_rcu(old, rcu);
}

static long nx_change(struct nx_info *nxi, bool add, u16 type, __be32 ip,
		      __be32 ip2, __be32 mask)
{
	struct nx_addr a = { };
	int ret;

	if (!add && type == NXA_TYPE_ANY) {
		nx_clear(nxi);
		return 0;
	}
	ret = nx_parse(&a, type, ip, ip2, mask);
	if (ret)
		return ret;
	if (a.type & (NXA_MOD_BCAST | NXA_MOD_LBACK))
		return nx_special(nxi, &a, add);
	return add ? nx_add(nxi, &a) : nx_remove(nxi, &a);
}

/* The oldest form has up to four addresses, of a kind that there is one of only one. */
static bool nx_valid_v0(const struct vcmd_net_addr_v0 *vc)
{
	unsigned int most = vc->type & NXA_MOD_MASK ? 1 : ARRAY_SIZE(vc->ip);

	return (vc->type & ~NXA_MOD_MASK) == NXA_TYPE_IPV4 && vc->count &&
	       vc->count <= most;
}

static long nx_change_v0(struct nx_info *nxi, bool add,
			 const struct vcmd_net_addr_v0 *vc, int i)
{
	return nx_change(nxi, add, vc->type | NXA_TYPE_ADDR, vc->ip[i], 0,
			 vc->mask[i]);
}

/*
 * All of them or none: what was added before one that cannot be is taken back, and
 * with it what adding a second address has done.
 */
long vc_net_add_v0(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_v0 *vc = arg;
	bool single = nx_flag(nxi, NXF_SINGLE_IP);
	int i, ret;

	if (!nx_valid_v0(vc))
		return -EINVAL;
	for (i = 0; i < vc->count; i++) {
		ret = nx_change_v0(nxi, true, vc, i);
		if (ret)
			goto undo;
	}
	return vc->count;
undo:
	while (i--)
		nx_change_v0(nxi, false, vc, i);
	if (single) {
		spin_lock(&nxi->nx_lock);
		WRITE_ONCE(nxi->nx_flags, nxi->nx_flags | NXF_SINGLE_IP);
		spin_unlock(&nxi->nx_lock);
	}
	return ret;
}

/* Ends at the first that is not there. */
long vc_net_rem_v0(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_v0 *vc = arg;
	int i, ret;

	if (vc->type == NXA_TYPE_ANY)
		return nx_change(nxi, false, NXA_TYPE_ANY, 0, 0, 0);
	if (!nx_valid_v0(vc))
		return -EINVAL;
	for (i = 0; i < vc->count; i++) {
		ret = nx_change_v0(nxi, false, vc, i);
		if (ret)
			return ret;
	}
	return vc->count;
}

long vc_net_add_ipv4_v1(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_ipv4_v1 *vc = arg;

	if (vc->type & NXA_TYPE_RANGE)
		return -EINVAL;
	return nx_change(nxi, true, vc->type, vc->ip, 0, vc->mask);
}

long vc_net_add_ipv4(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_ipv4 *vc = arg;

	return nx_change(nxi, true, vc->type, vc->ip, vc->ip2, vc->mask);
}

long vc_net_rem_ipv4_v1(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_ipv4_v1 *vc = arg;

	if (vc->type != NXA_TYPE_ANY && (vc->type & NXA_TYPE_RANGE))
		return -EINVAL;
	return nx_change(nxi, false, vc->type, vc->ip, 0, vc->mask);
}

long vc_net_rem_ipv4(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_ipv4 *vc = arg;

	return nx_change(nxi, false, vc->type, vc->ip, vc->ip2, vc->mask);
}
