// SPDX-License-Identifier: GPL-2.0
/*
 * Network contexts and IPv6: what sockets, flows and listings ask about the
 * addresses of a set. See inet.c for IPv4, and for how sets change.
 *
 * There is but one loopback address, and so nothing that could stand for it: a
 * set has it with NXF_LBACK_ALLOW, or by itself. Who finds ::1 missing falls
 * back on 127.0.0.1, as on a machine without IPv6.
 *
 * A socket of IPv6 may take and send packets of IPv4 too; its addresses are
 * then in the form ::ffff:a.b.c.d, and the questions about IPv4 are for them.
 */
#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <linux/vserver_net.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include "internal.h"

static __be32 nx_unmapped(const struct in6_addr *addr)
{
	return addr->s6_addr32[3];
}

/* Is the address in the set? */
bool nx_member6(const struct nx_info *nxi, const struct in6_addr *addr)
{
	const struct nx_set *set;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v6);
	for (i = 0; set && i < set->n && !found; i++)
		found = !ipv6_masked_addr_cmp(addr, &set->a[i].mask6,
					      &set->a[i].ip6);
	rcu_read_unlock();

	return found || (ipv6_addr_loopback(addr) &&
			 nx_flag(nxi, NXF_LBACK_ALLOW));
}

/* ... or one that packets for the context may be sent to? */
static bool nx_takes6(const struct nx_info *nxi, const struct in6_addr *addr)
{
	if (nx_member6(nxi, addr))
		return true;
	return ipv6_addr_is_multicast(addr) &&
	       (READ_ONCE(nxi->nx_ncaps) & NXC_MULTICAST);
}

/*
 * An address to send from to @dst: one of the same subnet, else the first of
 * the same scope, else the first of a larger one (RFC 6724, section 5, rules 2
 * and 8, as far as a set can tell).
 */
static bool nx_pick6(const struct nx_info *nxi, const struct in6_addr *dst,
		     struct in6_addr *src)
{
	int scope = ipv6_addr_src_scope(dst);
	const struct nx_set *set;
	unsigned int i;
	int best = 0;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v6);
	for (i = 0; set && i < set->n; i++) {
		const struct nx_addr *a = &set->a[i];
		int mine, score = 1;

		if (a->type != (NXA_TYPE_ADDR | NXA_TYPE_IPV6))
			continue;
		mine = ipv6_addr_src_scope(&a->ip6);
		if (mine < scope)
			continue;
		if (a->prefix && ipv6_prefix_equal(&a->ip6, dst, a->prefix))
			score = 3;
		else if (mine == scope)
			score = 2;
		if (score > best) {
			best = score;
			*src = a->ip6;
		}
	}
	rcu_read_unlock();
	return best;
}

/**
 * __nx_bind6 - the address that a socket is to be bound to
 * @sk: socket of a network context
 * @addr: what was asked for; replaced by what that stands for
 *
 * NXF_SINGLE_IP is about one address. A socket for both families has two, and
 * stays without: it takes what is for its set.
 *
 * Return: 0, or -EADDRNOTAVAIL if it is not the context's.
 */
int __nx_bind6(const struct sock *sk, struct in6_addr *addr)
{
	const struct nx_info *nxi = sk->sk_nx;

	if (ipv6_addr_v4mapped(addr)) {
		__be32 v4 = nx_unmapped(addr);
		int err = __nx_bind4(sk, &v4);

		ipv6_addr_set_v4mapped(v4, addr);
		return err;
	}
	if (ipv6_addr_any(addr)) {
		if (nx_flag(nxi, NXF_SINGLE_IP) && ipv6_only_sock(sk) &&
		    !nx_pick6(nxi, &in6addr_any, addr))
			return -EADDRNOTAVAIL;
		return 0;
	}
	return nx_takes6(nxi, addr) ? 0 : -EADDRNOTAVAIL;
}
EXPORT_SYMBOL_GPL(__nx_bind6);

/* May packets be sent there?  Groups need the right to them. */
static bool nx_reaches6(const struct nx_info *nxi, const struct in6_addr *dst)
{
	if (ipv6_addr_loopback(dst))
		return nx_member6(nxi, dst);
	return !ipv6_addr_is_multicast(dst) || nx_takes6(nxi, dst);
}

/* Messages that tell neighbours where an address or the router is. */
static bool nx_neighbours(u8 type)
{
	return type >= NDISC_ROUTER_SOLICITATION && type <= NDISC_REDIRECT;
}

/**
 * __nx_route6 - may the flow go from where it says to where it says?
 * @sk: socket of a network context
 * @fl6: flow; the source may be missing
 * @final: the destination behind a routing header, or NULL
 *
 * A neighbour believes what it is told about any address, whoever tells it:
 * such messages are for the host to send.
 *
 * Return: 0; -EPERM for a source that is not the context's, the loopback
 * address unless it is in the set, groups without the right to them, and
 * messages of neighbour discovery.
 */
int __nx_route6(const struct sock *sk, const struct flowi6 *fl6,
		const struct in6_addr *final)
{
	const struct nx_info *nxi = sk->sk_nx;

	if (!nx_reaches6(nxi, &fl6->daddr) ||
	    (final && !nx_reaches6(nxi, final)))
		return -EPERM;
	if (sk->sk_type == SOCK_RAW && fl6->flowi6_proto == IPPROTO_ICMPV6 &&
	    nx_neighbours(fl6->fl6_icmp_type))
		return -EPERM;
	/* a source of IPv4 is refused by whoever routes this */
	if (ipv6_addr_any(&fl6->saddr) || ipv6_addr_v4mapped(&fl6->saddr))
		return 0;
	return nx_member6(nxi, &fl6->saddr) ? 0 : -EPERM;
}
EXPORT_SYMBOL_GPL(__nx_route6);

/**
 * __nx_choose6 - have the source of a flow be one of the set
 * @sk: socket of a network context
 * @fl6: flow with the source that the routing table prefers
 *
 * Return: 0 if that is in the set, 1 if another was put there, -EADDRNOTAVAIL
 * if there is none to send from.
 */
int __nx_choose6(const struct sock *sk, struct flowi6 *fl6)
{
	const struct nx_info *nxi = sk->sk_nx;

	if (nx_member6(nxi, &fl6->saddr))
		return 0;
	return nx_pick6(nxi, &fl6->daddr, &fl6->saddr) ? 1 : -EADDRNOTAVAIL;
}
EXPORT_SYMBOL_GPL(__nx_choose6);

void __nx_shown6(const struct sock *sk, struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		ipv6_addr_set_v4mapped(__nx_shown4(sk, nx_unmapped(addr)),
				       addr);
}
EXPORT_SYMBOL_GPL(__nx_shown6);

bool __nx_accepts6(const struct sock *sk, const struct in6_addr *addr)
{
	return nx_takes6(sk->sk_nx, addr);
}
EXPORT_SYMBOL_GPL(__nx_accepts6);

bool __nx_source6(const struct sock *sk, const struct in6_addr *addr)
{
	return nx_member6(sk->sk_nx, addr);
}
EXPORT_SYMBOL_GPL(__nx_source6);

/*
 * The header goes out as it is: it is not what was routed. Behind an extension
 * header could be anything, see __nx_check_socket().
 */
bool __nx_header6(const struct sock *sk, const struct ipv6hdr *iph, int len)
{
	const struct nx_info *nxi = sk->sk_nx;
	const u8 *payload = (const u8 *)(iph + 1);

	if (!nx_member6(nxi, &iph->saddr) || !nx_reaches6(nxi, &iph->daddr))
		return false;
	if (ipv6_ext_hdr(iph->nexthdr) || iph->nexthdr == IPPROTO_MH)
		return false;
	return iph->nexthdr != IPPROTO_ICMPV6 ||
	       (len > sizeof(*iph) && !nx_neighbours(*payload));
}
EXPORT_SYMBOL_GPL(__nx_header6);

/* Does the socket take packets of IPv4? */
bool nx_hears4(const struct sock *sk)
{
	if (sk->sk_family != AF_INET6)
		return true;
	return !ipv6_only_sock(sk) && (ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
				       ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr));
}

static bool nx_hears6(const struct sock *sk)
{
	return sk->sk_family == AF_INET6 &&
	       !ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr);
}

static bool nx_overlap6(const struct nx_info *a, const struct nx_info *b)
{
	const struct nx_set *sa, *sb;
	unsigned int i, j;
	bool meet;

	/* the one address that a flag puts into sets */
	meet = nx_member6(a, &in6addr_loopback) &&
	       nx_member6(b, &in6addr_loopback);

	rcu_read_lock();
	sa = rcu_dereference(a->nx_v6);
	sb = rcu_dereference(b->nx_v6);
	for (i = 0; sa && i < sa->n && !meet; i++) {
		const struct nx_addr *x = &sa->a[i];

		for (j = 0; sb && j < sb->n && !meet; j++) {
			const struct nx_addr *y = &sb->a[j];
			struct in6_addr both;
			int k;

			/* they meet if equal where neither leaves it open */
			for (k = 0; k < 4; k++)
				both.s6_addr32[k] = x->mask6.s6_addr32[k] &
						    y->mask6.s6_addr32[k];
			meet = !ipv6_masked_addr_cmp(&x->ip6, &both, &y->ip6);
		}
	}
	rcu_read_unlock();
	return meet;
}

/* Could a packet of IPv6 be for both sockets?  See __nx_meet(). */
bool nx_meet6(const struct sock *a, const struct nx_info *na,
	      const struct sock *b, const struct nx_info *nb)
{
	bool any_a, any_b;

	if (!nx_hears6(a) || !nx_hears6(b))
		return false;
	any_a = ipv6_addr_any(&a->sk_v6_rcv_saddr);
	any_b = ipv6_addr_any(&b->sk_v6_rcv_saddr);
	if (!any_a && !any_b)
		return true;
	if (any_a && any_b)
		return !na || !nb || nx_overlap6(na, nb);
	if (any_a)
		return !na || nx_takes6(na, &b->sk_v6_rcv_saddr);
	return !nb || nx_takes6(nb, &a->sk_v6_rcv_saddr);
}

/* Is what is no full socket at an address of the set? */
bool nx_owns6(const struct nx_info *nxi, const struct sock *sk)
{
	if (sk->sk_family != AF_INET6)
		return false;
	if (ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr))
		return nx_member(nxi, nx_unmapped(&sk->sk_v6_rcv_saddr));
	return nx_member6(nxi, &sk->sk_v6_rcv_saddr);
}

bool nx_dev_has6(const struct nx_info *nxi, const struct net_device *dev)
{
	const struct inet6_dev *idev;
	const struct inet6_ifaddr *ifa;
	bool seen = false;

	rcu_read_lock();
	idev = __in6_dev_get(dev);
	if (idev) {
		list_for_each_entry_rcu(ifa, &idev->addr_list, if_list) {
			seen = nx_member6(nxi, &ifa->addr);
			if (seen)
				break;
		}
	}
	rcu_read_unlock();
	return seen;
}

/* ---- changes ---- */

/* All ones, then all zeros? */
static bool nx_is_prefix(const struct in6_addr *mask)
{
	bool rest = false;
	int i;

	for (i = 0; i < 4; i++) {
		u32 m = ntohl(mask->s6_addr32[i]);

		if ((rest && m) || (~m & (~m + 1)))
			return false;
		rest = rest || m != ~0U;
	}
	return true;
}

/* Unpack and check an address: -EINVAL, or 0 with all of @a set. */
static int nx_parse6(struct nx_addr *a, const struct vcmd_net_addr_ipv6 *vc)
{
	int i;

	a->type = vc->type | NXA_TYPE_IPV6;
	memcpy(&a->ip6, vc->ip, sizeof(a->ip6));

	switch (a->type & ~NXA_TYPE_IPV6) {
	case NXA_TYPE_ADDR:
		if (vc->prefix > 128)
			return -EINVAL;
		if (ipv6_addr_any(&a->ip6) && !vc->prefix) {
			a->type = NXA_TYPE_MASK | NXA_TYPE_IPV6;
			return 0;
		}
		if (ipv6_addr_any(&a->ip6) || ipv6_addr_is_multicast(&a->ip6) ||
		    ipv6_addr_v4mapped(&a->ip6))
			return -EINVAL;
		a->prefix = vc->prefix;
		memset(&a->mask6, 0xff, sizeof(a->mask6));
		return 0;
	case NXA_TYPE_MASK:
		memcpy(&a->mask6, vc->mask, sizeof(a->mask6));
		if (!nx_is_prefix(&a->mask6))
			return -EINVAL;
		for (i = 0; i < 4; i++)
			a->ip6.s6_addr32[i] &= a->mask6.s6_addr32[i];
		return 0;
	default:
		return -EINVAL;
	}
}

long vc_net_add_ipv6(struct nx_info *nxi, u32 id, void *arg)
{
	struct nx_addr a = { };
	int ret = nx_parse6(&a, arg);

	return ret ?: nx_add(nxi, &a);
}

long vc_net_rem_ipv6(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_addr_ipv6 *vc = arg;
	struct nx_addr a = { };
	struct nx_set *old;
	int ret;

	if (vc->type == NXA_TYPE_ANY) {
		spin_lock(&nxi->nx_lock);
		old = rcu_replace_pointer(nxi->nx_v6, NULL,
					  lockdep_is_held(&nxi->nx_lock));
		spin_unlock(&nxi->nx_lock);
		if (old)
			kfree_rcu(old, rcu);
		return 0;
	}

	ret = nx_parse6(&a, vc);
	return ret ?: nx_remove(nxi, &a);
}
