/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this directory share and nobody else sees. */
#ifndef _VSERVER_INTERNAL_H
#define _VSERVER_INTERNAL_H

#include <linux/in6.h>
#include <linux/vserver.h>

struct dentry;
struct inode;
struct mnt_idmap;
struct net;
struct net_device;
struct sock;

/*
 * A context as this directory knows it. What is only asked here is apart from what
 * hooks everywhere look at, so that they need not know its layout.
 */
struct vx_private {
	struct vx_info		vxi;
#ifdef CONFIG_VSERVER_LIMIT
	struct vx_families	__percpu *traffic;	/* socket.c */
#endif
#ifdef CONFIG_VSERVER_FS
	struct list_head	devices;		/* device.c */
#endif
};

static inline struct vx_private *vx_private(struct vx_info *vxi)
{
	return container_of(vxi, struct vx_private, vxi);
}

/* context.c: references, claims, look-up, life; work that may take long */
extern struct workqueue_struct *vx_wq;
struct vx_info *vx_lookup(u32 xid);
struct vx_info *vx_peek(u32 xid);
u32 vx_next_xid(u32 xid);
void vx_get(struct vx_info *vxi);
void vx_put(struct vx_info *vxi);
bool vx_claim(struct vx_info *vxi);
void vx_unclaim(struct vx_info *vxi);
void vx_record_init(struct vx_info *vxi);
void vx_record_reaper(struct vx_info *vxi);
void vx_update_fake_init(struct vx_info *vxi);
void vx_counts(int *total, int *active);

/* flags.c: effective capabilities from bcaps, ccaps and state; words */
void vx_update_ecaps(struct vx_info *vxi);

struct vx_word_arg {
	u64 value;
	u64 mask;
};

void vx_word(struct vx_info *vxi, size_t offset, struct vx_word_arg *arg,
	     bool set);

/* space.c */
void vx_drop_spaces(struct vx_info *vxi);
struct nsproxy *vx_recorded_nsproxy(struct vx_info *vxi, unsigned int index,
				    unsigned long need);

/* helper.c */
int vx_helper_wait(u32 id, const char *action);

/* Flags that sched.c acts upon. */
#define VXF_SCHED_FLAGS	(VXF_SCHED_HARD | VXF_SCHED_PRIO | VXF_SCHED_PAUSE)

#ifdef CONFIG_VSERVER_SCHED
/* sched.c */
int vx_init_cpu(struct vx_info *vxi, struct vx_info *parent);
void vx_update_cpu(struct vx_info *vxi, u64 changed);
void vx_end_cpu(struct vx_info *vxi);
void vx_free_cpu(struct vx_info *vxi);
void vx_move_cpu(struct vx_info *vxi);
int vx_prio_bias(struct vx_info *vxi);
unsigned int vx_inside(struct vx_info *vxi);
#else
static inline int vx_init_cpu(struct vx_info *vxi, struct vx_info *parent)
{
	return 0;
}

static inline void vx_update_cpu(struct vx_info *vxi, u64 changed) { }
static inline void vx_end_cpu(struct vx_info *vxi) { }
static inline void vx_free_cpu(struct vx_info *vxi) { }
static inline void vx_move_cpu(struct vx_info *vxi) { }
#endif

/* The context that @vxi shares CPU time in, or NULL; @vxi has a reference. */
static inline struct vx_info *vx_parent(const struct vx_info *vxi)
{
#ifdef CONFIG_VSERVER_SCHED
	return vxi->vx_parent;
#else
	return NULL;
#endif
}

/* disk.c */
#ifdef CONFIG_VSERVER_DISK
void vx_disk_show(struct seq_file *m, struct vx_info *vxi);
void vx_disk_end(u32 xid);
void vx_disk_free(struct vx_info *vxi);
#else
static inline void vx_disk_end(u32 xid) { }
static inline void vx_disk_free(struct vx_info *vxi) { }
#endif

/* Members and their memory, in pages, added up. */
struct vx_census {
	unsigned int threads;
	unsigned int running;
	unsigned int uninterruptible;
	unsigned int onhold;
	unsigned long anon;
	unsigned long file;
	unsigned long shmem;
	unsigned long locked;
};

/* virt.c */
void vx_take_census(struct vx_info *vxi, struct vx_census *c);
void vx_start_loads(void);
void vx_show_virtual(struct seq_file *m, struct vx_info *vxi);

/* limit.c */
#ifdef CONFIG_VSERVER_LIMIT
void vx_init_limits(struct vx_info *vxi);
void vx_uncharge_task(struct vx_info *vxi);
void vx_move_limits(struct vx_info *old, struct vx_info *new);
void vx_show_limits(struct seq_file *m, struct vx_info *vxi);

/* socket.c */
int vx_init_traffic(struct vx_info *vxi);
void vx_free_traffic(struct vx_info *vxi);
void vx_show_traffic(struct seq_file *m, struct vx_info *vxi);
#else
static inline int vx_init_traffic(struct vx_info *vxi) { return 0; }
static inline void vx_free_traffic(struct vx_info *vxi) { }
static inline void vx_init_limits(struct vx_info *vxi) { }
static inline void vx_uncharge_task(struct vx_info *vxi) { }

static inline void vx_move_limits(struct vx_info *old, struct vx_info *new)
{
}
#endif

#ifdef CONFIG_VSERVER_NET
/*
 * Network contexts. nx_lock protects the words, nx_bcast, nx_lback and changes
 * of the sets; it is a leaf. A set, of one family, is read under RCU, and is
 * NULL while empty.
 */
struct nx_addr {
	u16	type;	/* NXA_TYPE_ADDR, _MASK or _RANGE; with _IPV6 if it is */
	u16	prefix;	/* IPv6: length of the subnet's prefix, of an ADDR */
	union {
		struct {
			__be32	ip[2];	/* as given; the second for ranges */
			__be32	mask;
			u32	lo, hi;	/* first and last, host order */
		};
		struct {
			struct in6_addr	ip6;
			struct in6_addr	mask6;	/* all ones for an ADDR */
		};
	};
};

struct nx_set {
	struct rcu_head	rcu;
	unsigned int	n;
	struct nx_addr	a[] __counted_by(n);
};

/**
 * struct nx_info - a network context
 * @nx_id: id, 2..65535, constant
 * @nx_usecnt: references: the table, claims, sockets
 * @nx_tasks: claims: members plus one while NXF_PERSISTENT
 * @nx_flags: nflags
 * @nx_ncaps: ncaps
 * @nx_net: cookie of the network name space it was made in, constant; it means
 *	nothing in others
 * @nx_v4: addresses of IPv4
 * @nx_v6: addresses of IPv6
 * @nx_bcast: broadcast address, or 0
 * @nx_lback: what 127.0.0.1 stands for with NXF_LBACK_REMAP
 * @nx_lock: see above
 */
struct nx_info {
	u32			nx_id;
	refcount_t		nx_usecnt;
	atomic_t		nx_tasks;
	u64			nx_flags;
	u64			nx_ncaps;
	u64			nx_net;
	struct nx_set __rcu	*nx_v4;
	struct nx_set __rcu	*nx_v6;
	__be32			nx_bcast;
	__be32			nx_lback;
	spinlock_t		nx_lock;	/* see above */
	struct work_struct	nx_release_work;
	struct rcu_head		nx_rcu;
};

/* net.c */
struct nx_info *nx_lookup(u32 nid);
void nx_put(struct nx_info *nxi);
u32 nx_next_nid(u32 nid);
void nx_counts(int *total, int *active);
bool nx_applies(const struct nx_info *nxi, const struct net *net);

long vc_net_create(struct nx_info *nxi, u32 id, void *arg);
long vc_net_migrate(struct nx_info *nxi, u32 id, void *arg);
long vc_task_nid(struct nx_info *nxi, u32 id, void *arg);
long vc_nx_info(struct nx_info *nxi, u32 id, void *arg);
long vc_get_nflags(struct nx_info *nxi, u32 id, void *arg);
long vc_set_nflags(struct nx_info *nxi, u32 id, void *arg);
long vc_get_ncaps(struct nx_info *nxi, u32 id, void *arg);
long vc_set_ncaps(struct nx_info *nxi, u32 id, void *arg);

/* inet.c */
long vc_net_add_v0(struct nx_info *nxi, u32 id, void *arg);
long vc_net_rem_v0(struct nx_info *nxi, u32 id, void *arg);
long vc_net_add_ipv4_v1(struct nx_info *nxi, u32 id, void *arg);
long vc_net_add_ipv4(struct nx_info *nxi, u32 id, void *arg);
long vc_net_rem_ipv4_v1(struct nx_info *nxi, u32 id, void *arg);
long vc_net_rem_ipv4(struct nx_info *nxi, u32 id, void *arg);
bool nx_member(const struct nx_info *nxi, __be32 addr);
int nx_add(struct nx_info *nxi, const struct nx_addr *a);
int nx_remove(struct nx_info *nxi, const struct nx_addr *a);

/* inet6.c */
#if IS_ENABLED(CONFIG_IPV6)
bool nx_member6(const struct nx_info *nxi, const struct in6_addr *addr);
bool nx_meet6(const struct sock *a, const struct nx_info *na,
	      const struct sock *b, const struct nx_info *nb);
bool nx_hears4(const struct sock *sk);
bool nx_owns6(const struct nx_info *nxi, const struct sock *sk);
bool nx_dev_has6(const struct nx_info *nxi, const struct net_device *dev);
long vc_net_add_ipv6(struct nx_info *nxi, u32 id, void *arg);
long vc_net_rem_ipv6(struct nx_info *nxi, u32 id, void *arg);
#else
static inline bool nx_meet6(const struct sock *a, const struct nx_info *na,
			    const struct sock *b, const struct nx_info *nb)
{
	return false;
}

static inline bool nx_hears4(const struct sock *sk) { return true; }

static inline bool nx_owns6(const struct nx_info *nxi, const struct sock *sk)
{
	return false;
}

static inline bool nx_dev_has6(const struct nx_info *nxi,
			       const struct net_device *dev)
{
	return false;
}
#endif

static inline bool nx_flag(const struct nx_info *nxi, u64 flag)
{
	return READ_ONCE(nxi->nx_flags) & flag;
}
#else
struct nx_info;
static inline struct nx_info *nx_lookup(u32 nid) { return NULL; }
static inline void nx_put(struct nx_info *nxi) { }
#endif

#ifdef CONFIG_VSERVER_FS
/* inode.c */
int vx_write_iattr_locked(struct mnt_idmap *idmap, struct dentry *dentry, u32 flags,
			  u32 mask);
int vx_write_fileattr_locked(struct mnt_idmap *idmap, struct dentry *dentry,
			     const bool *immutable, const u32 *tag);
u32 vx_inode_tag(struct inode *inode);

/* fs/proc/vserver.c: of entries of /proc; @inode is there */
u32 vx_proc_iattr_mask(struct inode *inode);
u32 vx_proc_iattr(struct inode *inode);
void vx_proc_set_iattr(struct inode *inode, u32 flags, u32 mask);

/* cow.c: what override_creds() gets for as long as the kernel copies a file */
extern const struct cred *vx_kernel_cred;
#define vx_acts_for_kernel()	(current_cred() == vx_kernel_cred)

/* device.c */
void vx_init_devices(struct vx_info *vxi);
void vx_free_devices(struct vx_info *vxi);
#else
#define vx_acts_for_kernel()	false
static inline void vx_init_devices(struct vx_info *vxi) { }
static inline void vx_free_devices(struct vx_info *vxi) { }
#endif

/* signal.c */
void vx_kill_all(struct vx_info *vxi, int sig);

/*
 * Command handlers.  @vxi is the context the id resolved to, with a reference
 * held by the caller, or NULL for commands without one.  @arg is a kernel copy
 * of the argument; handlers of reading commands fill it and the dispatcher
 * copies it back when they return 0 or more.
 */
long vc_ctx_create(struct vx_info *vxi, u32 id, void *arg);
long vc_ctx_migrate(struct vx_info *vxi, u32 id, void *arg);
long vc_task_xid(struct vx_info *vxi, u32 id, void *arg);
long vc_vx_info(struct vx_info *vxi, u32 id, void *arg);
long vc_ctx_stat(struct vx_info *vxi, u32 id, void *arg);
long vc_wait_exit(struct vx_info *vxi, u32 id, void *arg);
long vc_ctx_kill(struct vx_info *vxi, u32 id, void *arg);
long vc_get_cflags(struct vx_info *vxi, u32 id, void *arg);
long vc_set_cflags(struct vx_info *vxi, u32 id, void *arg);
long vc_get_badness(struct vx_info *vxi, u32 id, void *arg);
long vc_set_badness(struct vx_info *vxi, u32 id, void *arg);
long vc_ctx_create_in(struct vx_info *vxi, u32 id, void *arg);
long vc_set_sched_v2(struct vx_info *vxi, u32 id, void *arg);
long vc_set_sched_v3(struct vx_info *vxi, u32 id, void *arg);
long vc_set_sched_v4(struct vx_info *vxi, u32 id, void *arg);
long vc_set_sched(struct vx_info *vxi, u32 id, void *arg);
long vc_get_sched(struct vx_info *vxi, u32 id, void *arg);
long vc_sched_info(struct vx_info *vxi, u32 id, void *arg);
long vc_set_prio_bias(struct vx_info *vxi, u32 id, void *arg);
long vc_get_prio_bias(struct vx_info *vxi, u32 id, void *arg);
long vc_set_cpu(struct vx_info *vxi, u32 id, void *arg);
long vc_get_cpu(struct vx_info *vxi, u32 id, void *arg);
long vc_set_disk(struct vx_info *vxi, u32 id, void *arg);
long vc_get_disk(struct vx_info *vxi, u32 id, void *arg);
long vc_sock_stat(struct vx_info *vxi, u32 id, void *arg);
long vc_get_rlimit_mask(struct vx_info *vxi, u32 id, void *arg);
long vc_get_rlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_set_rlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_rlimit_stat(struct vx_info *vxi, u32 id, void *arg);
long vc_reset_hits(struct vx_info *vxi, u32 id, void *arg);
long vc_reset_minmax(struct vx_info *vxi, u32 id, void *arg);
long vc_tag_migrate(struct vx_info *vxi, u32 id, void *arg);
long vc_task_tag(struct vx_info *vxi, u32 id, void *arg);
long vc_get_iattr(struct vx_info *vxi, u32 id, void *arg);
long vc_set_iattr(struct vx_info *vxi, u32 id, void *arg);
long vc_fget_iattr(struct vx_info *vxi, u32 id, void *arg);
long vc_fset_iattr(struct vx_info *vxi, u32 id, void *arg);
long vc_add_dlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_rem_dlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_set_dlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_get_dlimit(struct vx_info *vxi, u32 id, void *arg);
long vc_set_mapping(struct vx_info *vxi, u32 id, void *arg);
long vc_unset_mapping(struct vx_info *vxi, u32 id, void *arg);
long vc_virt_stat(struct vx_info *vxi, u32 id, void *arg);
long vc_get_vhi_name(struct vx_info *vxi, u32 id, void *arg);
long vc_set_vhi_name(struct vx_info *vxi, u32 id, void *arg);
long vc_enter_space_v0(struct vx_info *vxi, u32 id, void *arg);
long vc_enter_space_v1(struct vx_info *vxi, u32 id, void *arg);
long vc_enter_space(struct vx_info *vxi, u32 id, void *arg);
long vc_set_space_v0(struct vx_info *vxi, u32 id, void *arg);
long vc_set_space_v1(struct vx_info *vxi, u32 id, void *arg);
long vc_set_space(struct vx_info *vxi, u32 id, void *arg);
long vc_get_space_mask_v0(struct vx_info *vxi, u32 id, void *arg);
long vc_get_space_mask(struct vx_info *vxi, u32 id, void *arg);
long vc_get_space_default(struct vx_info *vxi, u32 id, void *arg);

/* One-time state that has not been cleared yet. */
static inline bool vx_state_flag(struct vx_info *vxi, u64 flag)
{
	return READ_ONCE(vxi->vx_flags) & flag;
}

static inline bool vx_member(struct vx_info *vxi)
{
	return current->vx_info == vxi;
}

/* Read by the dispatcher and the proc files; set by sysctl. */
extern int vx_report_stat;
extern int vx_host_sees_all;

/* What get_vci and /proc/virtual/info report. */
static inline u32 vx_features(void)
{
	u32 features = VCF_NO_DYNAMIC | VCF_SPACES;

	if (IS_ENABLED(CONFIG_VSERVER_SCHED))
		features |= VCF_SCHED_HARD;
	if (IS_ENABLED(CONFIG_VSERVER_SCHED_SMP_FAIR))
		features |= VCF_IDLETIME;
	if (IS_ENABLED(CONFIG_VSERVER_NET))
		features |= VCF_NETV2;
	if (IS_ENABLED(CONFIG_VSERVER_FS))
		features |= VCF_COWBL | VCF_FULLCOWBL | VCF_TAG_INTERN |
			    VCF_PPTAG;
	return features;
}

static inline u32 vx_report_version(void)
{
	return READ_ONCE(vx_report_stat) ? VCI_VERSION_STAT : VCI_VERSION;
}

/* proxies recorded in contexts */
extern atomic_t vx_proxies;

#endif /* _VSERVER_INTERNAL_H */
