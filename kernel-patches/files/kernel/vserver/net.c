// SPDX-License-Identifier: GPL-2.0
/*
 * Network contexts: making, finding, entering, leaving, ending.
 *
 * Life is as that of a context, see context.c, with one more kind of user: a
 * socket holds a reference, and with it the set of addresses, for as long as
 * it is there, however long ago the network context has ended.
 *
 * Two static keys: vx_key, for the hooks of tasks, as long as there may be
 * members; nx_key, for the hooks of the network, as long as there may be
 * sockets, that is until the structure goes.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vserver_class.h>
#include <linux/vserver_net.h>
#include <linux/xarray.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <trace/events/vserver.h>
#include "internal.h"

static DEFINE_XARRAY(nx_contexts);
static struct kmem_cache *nx_cachep;
static atomic_t nx_total = ATOMIC_INIT(0);	/* structures */
static atomic_t nx_live = ATOMIC_INIT(0);	/* in the table */

DEFINE_STATIC_KEY_FALSE(nx_key);
EXPORT_SYMBOL_GPL(nx_key);

/*
 * The last reference may go in any context, where code cannot be patched; and
 * for a minute it would not be worth it, see vx_key.
 */
static atomic_t nx_key_unused = ATOMIC_INIT(0);

static void nx_key_drop(struct work_struct *work)
{
	int n = atomic_xchg(&nx_key_unused, 0);

	while (n--)
		static_branch_dec(&nx_key);
}

static DECLARE_DELAYED_WORK(nx_key_work, nx_key_drop);

static void nx_get(struct nx_info *nxi)
{
	refcount_inc(&nxi->nx_usecnt);
}

static void nx_free_rcu(struct rcu_head *head)
{
	struct nx_info *nxi = container_of(head, struct nx_info, nx_rcu);

	trace_network_free(nxi->nx_id);
	kfree(rcu_access_pointer(nxi->nx_v4));
	kfree(rcu_access_pointer(nxi->nx_v6));
	kmem_cache_free(nx_cachep, nxi);
}

/* Drop a reference.  Any context. */
void nx_put(struct nx_info *nxi)
{
	if (!refcount_dec_and_test(&nxi->nx_usecnt))
		return;
	atomic_dec(&nx_total);
	call_rcu(&nxi->nx_rcu, nx_free_rcu);
	atomic_inc(&nx_key_unused);
	schedule_delayed_work(&nx_key_work, 60 * HZ);
}

/**
 * nx_lookup - find a network context
 * @nid: its id; any negative number stands for the caller's own
 *
 * Return: the network context with a reference, or NULL.
 */
struct nx_info *nx_lookup(u32 nid)
{
	struct nx_info *nxi;

	if ((s32)nid < 0) {
		nxi = current->nx_info;
		if (nxi)
			nx_get(nxi);
		return nxi;
	}

	rcu_read_lock();
	nxi = xa_load(&nx_contexts, nid);
	if (nxi && !refcount_inc_not_zero(&nxi->nx_usecnt))
		nxi = NULL;
	rcu_read_unlock();
	return nxi;
}

/* The smallest id of a network context that is at least @nid, or 0. */
u32 nx_next_nid(u32 nid)
{
	unsigned long index = nid;

	return xa_find(&nx_contexts, &index, VX_XID_MAX, XA_PRESENT) ?
	       index : 0;
}

void nx_counts(int *total, int *active)
{
	*total = atomic_read(&nx_total);
	*active = atomic_read(&nx_live);
}

/* The rest of the end: as vx_release(). */
static void nx_release(struct work_struct *work)
{
	struct nx_info *nxi = container_of(work, struct nx_info,
					   nx_release_work);

	if (nx_flag(nxi, NXF_SC_HELPER))
		vx_helper_wait(nxi->nx_id, "netdown");
	nx_put(nxi);
	static_branch_slow_dec_deferred(&vx_key);
}

/* Take a claim; fails once the last one has gone. */
static bool nx_claim(struct nx_info *nxi)
{
	if (!atomic_inc_not_zero(&nxi->nx_tasks))
		return false;
	nx_get(nxi);
	return true;
}

/* Drop a claim.  The last one ends the network context.  Process context. */
static void nx_unclaim(struct nx_info *nxi)
{
	if (atomic_dec_and_test(&nxi->nx_tasks)) {
		/* while nobody else can have the number */
		trace_network_exit(nxi->nx_id);
		atomic_dec(&nx_live);
		xa_erase(&nx_contexts, nxi->nx_id);
		/* the table's reference goes to the work item */
		queue_work(vx_wq, &nxi->nx_release_work);
	}
	nx_put(nxi);
}

/*
 * A new network context with one claim for the caller, not in the table yet.
 * The references are those of the table and of the claim.
 */
static struct nx_info *nx_alloc(u32 nid, u64 flags)
{
	struct nx_info *nxi = kmem_cache_zalloc(nx_cachep, GFP_KERNEL_ACCOUNT);

	if (!nxi)
		return NULL;
	nxi->nx_id = nid;
	nxi->nx_flags = flags;
	nxi->nx_net = current->nsproxy->net_ns->net_cookie;
	nxi->nx_lback = htonl(INADDR_LOOPBACK ^ (nid << 8));
	refcount_set(&nxi->nx_usecnt, 2);
	atomic_set(&nxi->nx_tasks, 1);
	spin_lock_init(&nxi->nx_lock);
	INIT_WORK(&nxi->nx_release_work, nx_release);
	atomic_inc(&nx_total);
	return nxi;
}

/* Move the caller, with a claim that has been taken, or out (@nxi NULL). */
static void nx_move_self(struct nx_info *nxi, u32 nid)
{
	struct nx_info *old = current->nx_info;

	trace_network_migrate(nid, current->nid);
	WRITE_ONCE(current->nx_info, nxi);
	WRITE_ONCE(current->nid, nid);
	if (old)
		nx_unclaim(old);
}

long vc_net_create(struct nx_info *none, u32 id, void *arg)
{
	struct vcmd_net_create *vc = arg;
	struct nx_info *nxi;
	bool persistent;
	int ret;

	if ((s32)id < VX_XID_MIN || id > VX_XID_MAX)
		return -EINVAL;
	if (!thread_group_empty(current))
		return -EINVAL;

	nxi = nx_alloc(id, vc ? vc->flagword : NXF_INIT_SET);
	if (!nxi)
		return -ENOMEM;

	/* The flag has its claim before anybody can find, and clear, the flag. */
	persistent = nxi->nx_flags & NXF_PERSISTENT;
	if (persistent)
		nx_claim(nxi);

	/* The hooks are on before anybody can find the network context. */
	static_branch_deferred_inc(&vx_key);
	static_branch_inc(&nx_key);

	ret = xa_insert(&nx_contexts, id, nxi, GFP_KERNEL);
	if (ret) {
		if (ret == -EBUSY) {
			struct nx_info *other = nx_lookup(id);

			ret = -EEXIST;
			if (other) {
				if (nx_flag(other, NXF_STATE_SETUP))
					ret = -EBUSY;
				nx_put(other);
			}
		}
		if (persistent)
			nx_put(nxi);
		nx_put(nxi);
		nx_put(nxi);
		static_branch_slow_dec_deferred(&vx_key);
		return ret;
	}
	trace_network_create(id, nxi->nx_flags);
	atomic_inc(&nx_live);

	if ((nxi->nx_flags & NXF_SC_HELPER) && vx_helper_wait(id, "netup")) {
		/* No helper for the end of what was never started. */
		spin_lock(&nxi->nx_lock);
		ret = (nxi->nx_flags & NXF_PERSISTENT) ? 1 : 0;
		nxi->nx_flags &= ~(NXF_SC_HELPER | NXF_PERSISTENT);
		spin_unlock(&nxi->nx_lock);
		if (ret)
			nx_unclaim(nxi);
		nx_unclaim(nxi);
		return -ENOEXEC;
	}

	nx_move_self(nxi, id);
	return id;
}

/* Enter a network context. The watch id has none behind it: it sees all. */
long vc_net_migrate(struct nx_info *nxi, u32 id, void *arg)
{
	if (!thread_group_empty(current))
		return -EINVAL;

	if (!nxi) {
		nx_move_self(NULL, VX_XID_WATCH);
		return VX_XID_WATCH;
	}

	if (nx_flag(nxi, NXF_INFO_PRIVATE) && !nx_flag(nxi, NXF_STATE_SETUP))
		return -EACCES;
	if (!nx_claim(nxi))
		return -EFAULT;
	nx_move_self(nxi, nxi->nx_id);
	return 0;
}

/* The id of a task by its number in the initial pid name space; 0 is self. */
long vc_task_nid(struct nx_info *none, u32 id, void *arg)
{
	struct task_struct *p;
	long ret = -ESRCH;

	if (!id)
		return current->nid;

	rcu_read_lock();
	p = pid_task(find_pid_ns(id, &init_pid_ns), PIDTYPE_PID);
	if (p)
		ret = READ_ONCE(p->nid);
	rcu_read_unlock();
	return ret;
}

long vc_nx_info(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_nx_info *vc = arg;

	vc->nid = nxi->nx_id;
	return 0;
}

static u64 nx_merge(u64 old, u64 value, u64 mask)
{
	return (old & ~mask) | (value & mask);
}

long vc_get_nflags(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_flags *vc = arg;

	vc->flagword = READ_ONCE(nxi->nx_flags);
	/* a one-time bit that is gone cannot be set again */
	vc->mask = ~(NXF_ONE_TIME & ~vc->flagword);
	return 0;
}

long vc_set_nflags(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_flags *vc = arg;
	u64 old, mask, changed;

	/* The claim for PERSISTENT comes before the flag, as in flags.c. */
	bool claimed = nx_claim(nxi);

	spin_lock(&nxi->nx_lock);
	old = nxi->nx_flags;
	mask = (vc->mask & ~NXF_ONE_TIME) | (vc->mask & old & NXF_ONE_TIME);
	if (!claimed)
		mask &= ~NXF_PERSISTENT;
	WRITE_ONCE(nxi->nx_flags, nx_merge(old, vc->flagword, mask));
	changed = old ^ nxi->nx_flags;
	spin_unlock(&nxi->nx_lock);

	if (changed & NXF_PERSISTENT) {
		if (old & NXF_PERSISTENT)
			nx_unclaim(nxi);	/* the flag's claim */
		else
			claimed = false;	/* now the flag's */
	}
	if (claimed)
		nx_unclaim(nxi);
	return 0;
}

long vc_get_ncaps(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_caps *vc = arg;

	vc->ncaps = READ_ONCE(nxi->nx_ncaps);
	vc->cmask = ~0ULL;
	return 0;
}

long vc_set_ncaps(struct nx_info *nxi, u32 id, void *arg)
{
	struct vcmd_net_caps *vc = arg;

	spin_lock(&nxi->nx_lock);
	WRITE_ONCE(nxi->nx_ncaps,
		   nx_merge(nxi->nx_ncaps, vc->ncaps, vc->cmask));
	spin_unlock(&nxi->nx_lock);
	return 0;
}

/* dup_task_struct() has copied pointer and number. */
void __nx_fork_task(struct task_struct *p)
{
	atomic_inc(&p->nx_info->nx_tasks);
	nx_get(p->nx_info);
}

/* The number stays: a zombie still has its nid. */
void __nx_exit_task(struct task_struct *p)
{
	struct nx_info *nxi = p->nx_info;

	WRITE_ONCE(p->nx_info, NULL);
	nx_unclaim(nxi);
}

/* Does the set of addresses mean anything in this network name space? */
bool nx_applies(const struct nx_info *nxi, const struct net *net)
{
	return nxi->nx_net == net->net_cookie;
}

/* Only what has to do with addresses: a unix socket needs none. */
void __nx_label_sock(struct sock *sk)
{
	struct nx_info *nxi = current->nx_info;

	if (!nxi || !nx_applies(nxi, sock_net(sk)))
		return;
	if (sk->sk_family != AF_INET && sk->sk_family != AF_INET6 &&
	    sk->sk_family != AF_NETLINK)
		return;
	nx_get(nxi);
	sk->sk_nx = nxi;
}

void __nx_clone_sock(struct sock *sk)
{
	nx_get(sk->sk_nx);
}

void __nx_free_sock(struct sock *sk)
{
	nx_put(sk->sk_nx);
}

u32 __nx_class(const struct sock *sk)
{
	BUILD_BUG_ON(VX_XID_MAX > U16_MAX);
	return NX_CLASS_MAJOR << 16 | sk->sk_nx->nx_id;
}
EXPORT_SYMBOL_GPL(__nx_class);

static int nx_icmp(int family)
{
	return family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

/*
 * The kinds of sockets that know about sets of addresses, or have none. All
 * others would be a way around them: sockets that make others in the kernel
 * (MPTCP, SMC), and those that see what is on the wire.
 */
int __nx_check_socket(struct net *net, int family, int type, int protocol)
{
	struct nx_info *nxi = current->nx_info;

	if (!nxi || !nx_applies(nxi, net))
		return 0;

	switch (family) {
	case AF_UNIX:
	case AF_NETLINK:
	case AF_ALG:
		return 0;
	case AF_PACKET:
		return -EPERM;
	case AF_INET:
	case AF_INET6:
		break;
	default:
		return -EAFNOSUPPORT;
	}

	switch (type) {
	case SOCK_STREAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_TCP)
			return 0;
		break;
	case SOCK_DGRAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_UDP ||
		    protocol == IPPROTO_UDPLITE ||
		    protocol == nx_icmp(family))
			return 0;
		break;
	case SOCK_RAW:
		/*
		 * The payload of an extension header is whatever the sender
		 * likes, a message of neighbour discovery as well.
		 */
		if (family == AF_INET6 &&
		    (ipv6_ext_hdr(protocol) || protocol == IPPROTO_MH))
			break;
		return 0;
	}
	return -EPROTONOSUPPORT;
}

/*
 * Does current have @ncap for what needs @cap, although it lacks that?  Only if it
 * lacks it by the bcaps of its context alone.
 */
static bool nx_may_instead(const struct net *net, u64 ncap, int cap)
{
	struct nx_info *nxi = current->nx_info;

	return nxi && (READ_ONCE(nxi->nx_ncaps) & ncap) && nx_applies(nxi, net) &&
	       cap_raised(current_cred()->cap_effective, cap) &&
	       in_userns(current_user_ns(), net->user_ns);
}

static bool nx_may_ping(int family, int protocol)
{
	return nx_active() && protocol == nx_icmp(family) &&
	       nx_may_instead(current->nsproxy->net_ns, NXC_RAW_ICMP, CAP_NET_RAW);
}

bool nx_raw_icmp(int protocol)
{
	return nx_may_ping(AF_INET, protocol);
}

bool nx_raw_icmp6(int protocol)
{
	return nx_may_ping(AF_INET6, protocol);
}
EXPORT_SYMBOL_GPL(nx_raw_icmp6);

bool nx_may_tunnel(const struct net *net)
{
	return nx_active() && nx_may_instead(net, NXC_TUN_CREATE, CAP_NET_ADMIN);
}
EXPORT_SYMBOL_GPL(nx_may_tunnel);

u32 nx_tunnel_nid(const struct net *net)
{
	struct nx_info *nxi = nx_active() ? current->nx_info : NULL;

	return nxi && nx_applies(nxi, net) ? nxi->nx_id : 0;
}
EXPORT_SYMBOL_GPL(nx_tunnel_nid);

static int __init nx_init(void)
{
	nx_cachep = KMEM_CACHE(nx_info, SLAB_PANIC | SLAB_ACCOUNT);
	return 0;
}
core_initcall(nx_init);
