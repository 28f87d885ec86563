// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/virtual and /proc/virtnet, /proc/<pid>/vinfo and ninfo, the VxID and
 * NxID lines of /proc/<pid>/status.
 *
 * The directories of contexts are made when they are looked up, and hold
 * nothing but the kind and the id: an entry of a context that has gone, or that
 * the caller may not see, does not exist.  Host and watch id see all contexts, a
 * context sees itself.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include <linux/vserver_sched.h>
#include "internal.h"
#include "../../kernel/vserver/internal.h"

#ifdef CONFIG_VSERVER_FS
/*
 * Which entries are hidden. Only those with a name that is the same for all: what is
 * of a process is there for who sees the process, and sysctls for who sees theirs.
 */
static DEFINE_SPINLOCK(pde_iattr_lock);	/* changes of the flags below */

u32 vx_proc_iattr_mask(struct inode *inode)
{
	return PDE(inode) ? IATTR_ADMIN | IATTR_WATCH | IATTR_HIDE : 0;
}

u32 vx_proc_iattr(struct inode *inode)
{
	u8 flags;

	if (!PDE(inode))
		return 0;
	flags = READ_ONCE(PDE(inode)->flags);
	return (flags & PROC_ENTRY_vx_hide ? IATTR_HIDE : 0) |
	       (flags & PROC_ENTRY_vx_no_admin ? 0 : IATTR_ADMIN) |
	       (flags & PROC_ENTRY_vx_no_watch ? 0 : IATTR_WATCH);
}

void vx_proc_set_iattr(struct inode *inode, u32 flags, u32 mask)
{
	struct proc_dir_entry *pde = PDE(inode);
	u8 new;

	spin_lock(&pde_iattr_lock);
	flags = (vx_proc_iattr(inode) & ~mask) | (flags & mask);
	new = pde->flags & ~(PROC_ENTRY_vx_hide | PROC_ENTRY_vx_no_admin |
			     PROC_ENTRY_vx_no_watch);
	if (flags & IATTR_HIDE)
		new |= PROC_ENTRY_vx_hide;
	if (!(flags & IATTR_ADMIN))
		new |= PROC_ENTRY_vx_no_admin;
	if (!(flags & IATTR_WATCH))
		new |= PROC_ENTRY_vx_no_watch;
	WRITE_ONCE(pde->flags, new);
	spin_unlock(&pde_iattr_lock);
}
#endif

struct vx_entry {
	const char *name;
	void (*show)(struct seq_file *m, void *context);
};

static void vx_show_info(struct seq_file *m, void *context)
{
	struct vx_info *vxi = context;

	seq_printf(m, "ID:\t%u\n", vxi->vx_id);
	/* tools expect a pointer here; none is given away */
	seq_puts(m, "Info:\t0000000000000000\n");
	seq_printf(m, "Init:\t%d\n", READ_ONCE(vxi->vx_initpid));
	seq_printf(m, "OOM:\t%lld\n", READ_ONCE(vxi->vx_badness));
}

static void vx_show_status(struct seq_file *m, void *context)
{
	struct vx_info *vxi = context;

	/* one reference is this reader's */
	seq_printf(m, "UseCnt:\t%u\n", refcount_read(&vxi->vx_usecnt) - 1);
	seq_printf(m, "Tasks:\t%d\n", atomic_read(&vxi->vx_tasks));
	seq_printf(m, "Flags:\t%016llx\n", READ_ONCE(vxi->vx_flags));
	seq_printf(m, "BCaps:\t%016llx\n", READ_ONCE(vxi->vx_bcaps));
	seq_printf(m, "CCaps:\t%016llx\n", READ_ONCE(vxi->vx_ccaps));
	seq_printf(m, "Umask:\t%016llx\n", READ_ONCE(vxi->vx_umask));
	seq_printf(m, "Wmask:\t%016llx\n", READ_ONCE(vxi->vx_wmask));
	seq_printf(m, "Spaces:\t%08lx %08lx\n",
		   READ_ONCE(vxi->vx_space[0].mask),
		   READ_ONCE(vxi->vx_space[1].mask));
}

#ifdef CONFIG_VSERVER_SCHED
static u64 vx_us(u64 ns)
{
	return div_u64(ns, NSEC_PER_USEC);
}

/* The format is described in <linux/vserver.h>. */
static void vx_show_sched(struct seq_file *m, void *context)
{
	struct vx_info *vxi = context;
	struct vx_sched_state st;
	struct vx_sched_times t;
	int bias, cpu;

	vx_sched_read(vxi->vx_sched, &st);
	bias = vx_prio_bias(vxi);
	seq_printf(m, "parent:\t%u\n",
		   vxi->vx_parent ? vxi->vx_parent->vx_id : 0);
	seq_printf(m, "inside:\t%u\n", vx_inside(vxi));
	seq_printf(m, "PrioBias:\t%d\n", bias);
	seq_printf(m, "weight:\t%u\n", st.params.weight);
	seq_printf(m, "shares:\t%lu\n", st.params.shares);
	seq_printf(m, "eff:\t%lu\n", st.eff);
	seq_printf(m, "lag_us:\t%lld\n", div_s64(st.lag, NSEC_PER_USEC));
	seq_printf(m, "reserve:\t%llu\n", st.params.floor);
	seq_printf(m, "limit:\t%llu\n", st.params.limit);
	seq_printf(m, "burst_us:\t%llu\n", vx_us(st.params.burst));
	seq_printf(m, "tokens_us:\t%lld\n", div_s64(st.tokens, NSEC_PER_USEC));
	seq_printf(m, "held:\t%u\n", st.held);
	seq_printf(m, "runnable:\t%u\n", st.runnable);
	seq_printf(m, "holds:\t%llu\n", st.total.holds);
	seq_printf(m, "hold_us:\t%llu\n", vx_us(st.total.hold));
	seq_printf(m, "run_us:\t%llu\n", vx_us(st.total.run));
	seq_printf(m, "user_us:\t%llu\n",
		   vx_us(st.total.run) - vx_us(st.total.sys));
	seq_printf(m, "sys_us:\t%llu\n", vx_us(st.total.sys));
	seq_printf(m, "delay_us:\t%llu\n", vx_us(st.total.delay));

	for_each_possible_cpu(cpu) {
		vx_sched_read_cpu(vxi->vx_sched, cpu, &t);
		if (!cpu_online(cpu) && !t.run && !t.hold)
			continue;
		seq_printf(m, "cpu %d:\t%llu %llu %llu %d %llu %llu\n", cpu,
			   vx_us(t.run) - vx_us(t.sys), vx_us(t.sys),
			   vx_us(t.hold), bias, vx_us(t.run), vx_us(t.delay));
	}
}
#endif

#ifdef CONFIG_VSERVER_DISK
static void vx_show_disk(struct seq_file *m, void *context)
{
	vx_disk_show(m, context);
}
#endif

#ifdef CONFIG_VSERVER_LIMIT
static void vx_entry_limit(struct seq_file *m, void *context)
{
	vx_show_limits(m, context);
}

static void vx_entry_traffic(struct seq_file *m, void *context)
{
	vx_show_traffic(m, context);
}
#endif

static void vx_entry_virtual(struct seq_file *m, void *context)
{
	vx_show_virtual(m, context);
}

static const struct vx_entry vx_entries[] = {
#ifdef CONFIG_VSERVER_LIMIT
	{ "cacct", vx_entry_traffic },
#endif
	{ "cvirt", vx_entry_virtual },
#ifdef CONFIG_VSERVER_DISK
	{ "disk", vx_show_disk },
#endif
	{ "info", vx_show_info },
#ifdef CONFIG_VSERVER_LIMIT
	{ "limit", vx_entry_limit },
#endif
#ifdef CONFIG_VSERVER_SCHED
	{ "sched", vx_show_sched },
#endif
	{ "status", vx_show_status },
};

#ifdef CONFIG_VSERVER_NET
/* The addresses of a network context; @v4, @v6 and @end are around a number. */
static void nx_show_sets(struct seq_file *m, struct nx_info *nxi,
			 const char *v4, const char *v6, const char *end)
{
	const struct nx_set *set;
	unsigned int i;

	rcu_read_lock();
	set = rcu_dereference(nxi->nx_v4);
	for (i = 0; set && i < set->n; i++)
		seq_printf(m, "%s%u%s:\t[%pI4-%pI4/%pI4:%04x]\n", v4, i, end,
			   &set->a[i].ip[0], &set->a[i].ip[1],
			   &set->a[i].mask, set->a[i].type);
	set = rcu_dereference(nxi->nx_v6);
	for (i = 0; set && i < set->n; i++)
		seq_printf(m, "%s%u%s:\t[%pI6c/%pI6c/%u:%04x]\n", v6, i, end,
			   &set->a[i].ip6, &set->a[i].mask6, set->a[i].prefix,
			   set->a[i].type & ~NXA_TYPE_IPV6);
	rcu_read_unlock();
}

static void nx_show_info(struct seq_file *m, void *context)
{
	struct nx_info *nxi = context;
	__be32 bcast = READ_ONCE(nxi->nx_bcast);
	__be32 lback = READ_ONCE(nxi->nx_lback);

	seq_printf(m, "ID:\t%u\n", nxi->nx_id);
	seq_puts(m, "Info:\t0000000000000000\n");
	seq_printf(m, "Bcast:\t%pI4\n", &bcast);
	seq_printf(m, "Lback:\t%pI4\n", &lback);
	nx_show_sets(m, nxi, "", "", "");
}

static void nx_show_status(struct seq_file *m, void *context)
{
	struct nx_info *nxi = context;

	/* one reference is this reader's */
	seq_printf(m, "UseCnt:\t%u\n", refcount_read(&nxi->nx_usecnt) - 1);
	seq_printf(m, "Tasks:\t%d\n", atomic_read(&nxi->nx_tasks));
	seq_printf(m, "Flags:\t%016llx\n", READ_ONCE(nxi->nx_flags));
	seq_printf(m, "NCaps:\t%016llx\n", READ_ONCE(nxi->nx_ncaps));
}

static const struct vx_entry nx_entries[] = {
	{ "info", nx_show_info },
	{ "status", nx_show_status },
};
#endif

/* The two kinds of contexts, each with a directory in /proc. */
struct vx_kind {
	const char *dir;
	const struct vx_entry *entries;
	unsigned int nr_entries;
	void *(*find)(u32 id);		/* with a reference, or NULL */
	void (*put)(void *context);
	u32 (*next)(u32 id);		/* the smallest id from there, or 0 */
	u32 (*own)(void);		/* current's id */
};

static void *vx_kind_find(u32 id)
{
	return vx_lookup(id);
}

static void vx_kind_put(void *context)
{
	vx_put(context);
}

#ifdef CONFIG_VSERVER_NET
static void *nx_kind_find(u32 id)
{
	return nx_lookup(id);
}

static void nx_kind_put(void *context)
{
	nx_put(context);
}

/* The host, by its xid, sees all, whatever network context it works in. */
static u32 nx_kind_own(void)
{
	return vx_current_xid() < VX_XID_MIN ? 0 : current->nid;
}
#endif

static const struct vx_kind vx_kinds[] = {
	{ "virtual", vx_entries, ARRAY_SIZE(vx_entries), vx_kind_find,
	  vx_kind_put, vx_next_xid, vx_current_xid },
#ifdef CONFIG_VSERVER_NET
	{ "virtnet", nx_entries, ARRAY_SIZE(nx_entries), nx_kind_find,
	  nx_kind_put, nx_next_nid, nx_kind_own },
#endif
};

/* Host and watch id see all; a context without a network context none. */
static bool vx_dir_visible(const struct vx_kind *kind, u32 id)
{
	return vx_current_xid() < VX_XID_MIN || kind->own() == id;
}

/* The context of a directory if it is there for the caller, with a reference. */
static void *vx_dir_context(const struct vx_kind *kind, u32 id)
{
	return id >= VX_XID_MIN && vx_dir_visible(kind, id) ?
	       kind->find(id) : NULL;
}

/* An inode keeps its context's kind and id and, for a file, its row plus one. */
static const struct vx_kind *vx_inode_kind(const struct inode *inode)
{
	return &vx_kinds[(unsigned long)inode->i_private >> 24];
}

static u32 vx_inode_xid(const struct inode *inode)
{
	return (unsigned long)inode->i_private & 0xffff;
}

static unsigned int vx_inode_entry(const struct inode *inode)
{
	return ((unsigned long)inode->i_private >> 16) & 0xff;
}

static unsigned long vx_ino(const struct vx_kind *kind, u32 xid,
			    unsigned int entry)
{
	/* above all that proc numbers itself, below 32 bits */
	return 0x40000000UL + ((kind - vx_kinds) * 65536UL + xid) * 64UL +
	       entry;
}

static int vx_file_show(struct seq_file *m, void *v)
{
	struct inode *inode = m->private;
	const struct vx_kind *kind = vx_inode_kind(inode);
	void *context = vx_dir_context(kind, vx_inode_xid(inode));

	if (!context)
		return -ESRCH;
	kind->entries[vx_inode_entry(inode) - 1].show(m, context);
	kind->put(context);
	return 0;
}

static int vx_file_open(struct inode *inode, struct file *file)
{
	return single_open(file, vx_file_show, inode);
}

static const struct file_operations vx_file_fops = {
	.open		= vx_file_open,
	.read_iter	= seq_read_iter,
	.splice_read	= copy_splice_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Good only as long as the context is there for whoever asks. */
static int vx_revalidate(struct dentry *dentry, unsigned int flags)
{
	const struct vx_kind *kind;
	struct inode *inode;
	void *context;
	int ret = 0;

	rcu_read_lock();
	inode = d_inode_rcu(dentry);
	if (inode) {
		kind = vx_inode_kind(inode);
		context = vx_dir_context(kind, vx_inode_xid(inode));
		if (context) {
			ret = 1;
			kind->put(context);
		}
	}
	rcu_read_unlock();
	return ret;
}

static const struct dentry_operations vx_dentry_ops = {
	.d_revalidate	= vx_revalidate,
	.d_delete	= always_delete_dentry,
};

/* Nothing here can be changed, by anybody. */
static int vx_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		      struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations vx_file_iops = {
	.setattr	= vx_setattr,
};

static const struct inode_operations vx_dir_iops;
static const struct file_operations vx_dir_fops;

/* Attach an inode for a context's directory (@entry 0) or file. */
static struct dentry *vx_instantiate(struct dentry *dentry,
				     const struct vx_kind *kind, u32 xid,
				     unsigned int entry)
{
	struct inode *inode = new_inode(dentry->d_sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = vx_ino(kind, xid, entry);
	simple_inode_init_ts(inode);
	inode->i_private = (void *)(((unsigned long)(kind - vx_kinds) << 24) |
				    ((unsigned long)entry << 16) | xid);
	if (entry) {
		inode->i_mode = S_IFREG | 0444;
		inode->i_op = &vx_file_iops;
		inode->i_fop = &vx_file_fops;
	} else {
		inode->i_mode = S_IFDIR | 0555;
		inode->i_op = &vx_dir_iops;
		inode->i_fop = &vx_dir_fops;
		set_nlink(inode, 2);
	}
	d_set_d_op(dentry, &vx_dentry_ops);
	return d_splice_alias(inode, dentry);
}

static struct dentry *vx_dir_lookup(struct inode *dir, struct dentry *dentry,
				    unsigned int flags)
{
	const struct vx_kind *kind = vx_inode_kind(dir);
	u32 xid = vx_inode_xid(dir);
	void *context = vx_dir_context(kind, xid);
	unsigned int i;

	if (!context)
		return ERR_PTR(-ENOENT);
	kind->put(context);

	for (i = 0; i < kind->nr_entries; i++)
		if (!strcmp(dentry->d_name.name, kind->entries[i].name))
			return vx_instantiate(dentry, kind, xid, i + 1);
	return ERR_PTR(-ENOENT);
}

static int vx_dir_readdir(struct file *file, struct dir_context *ctx)
{
	const struct vx_kind *kind = vx_inode_kind(file_inode(file));
	u32 xid = vx_inode_xid(file_inode(file));
	void *context = vx_dir_context(kind, xid);

	if (!context)
		return -ENOENT;
	kind->put(context);

	if (!dir_emit_dots(file, ctx))
		return 0;
	while (ctx->pos - 2 < kind->nr_entries) {
		unsigned int i = ctx->pos - 2;
		const char *name = kind->entries[i].name;

		if (!dir_emit(ctx, name, strlen(name),
			      vx_ino(kind, xid, i + 1), DT_REG))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static const struct inode_operations vx_dir_iops = {
	.lookup		= vx_dir_lookup,
	.setattr	= vx_setattr,
};

static const struct file_operations vx_dir_fops = {
	.read		= generic_read_dir,
	.iterate_shared	= vx_dir_readdir,
	.llseek		= generic_file_llseek,
};

/* /proc/virtual and virtnet themselves: two plain files and the contexts. */
static struct dentry *vx_root_lookup(struct inode *dir, struct dentry *dentry,
				     unsigned int flags)
{
	const struct vx_kind *kind = pde_data(dir);
	unsigned int xid = name_to_int(&dentry->d_name);
	void *context;

	if (xid == ~0U)
		return proc_lookup(dir, dentry, flags);

	context = xid <= VX_XID_MAX ? vx_dir_context(kind, xid) : NULL;
	if (!context)
		return ERR_PTR(-ENOENT);
	kind->put(context);
	return vx_instantiate(dentry, kind, xid, 0);
}

/* Positions: 0, 1 dots; 2, 3 the plain files; then 4 + xid. */
#define VX_ROOT_FIRST	4

static int vx_root_readdir(struct file *file, struct dir_context *ctx)
{
	const struct vx_kind *kind = pde_data(file_inode(file));
	u32 xid;

	if (ctx->pos < VX_ROOT_FIRST) {
		int ret = proc_readdir(file, ctx);

		if (ret < 0 || ctx->pos < VX_ROOT_FIRST)
			return ret;
	}

	for (;;) {
		char name[8];
		int len;

		if (ctx->pos - VX_ROOT_FIRST > VX_XID_MAX)
			return 0;
		xid = kind->next(ctx->pos - VX_ROOT_FIRST);
		if (!xid)
			return 0;
		ctx->pos = VX_ROOT_FIRST + xid;
		if (vx_dir_visible(kind, xid)) {
			len = snprintf(name, sizeof(name), "%u", xid);
			if (!dir_emit(ctx, name, len, vx_ino(kind, xid, 0),
				      DT_DIR))
				return 0;
		}
		ctx->pos++;
		cond_resched();
	}
}

static const struct inode_operations vx_root_iops = {
	.lookup		= vx_root_lookup,
	.setattr	= vx_setattr,
};

static const struct file_operations vx_root_fops = {
	.read		= generic_read_dir,
	.iterate_shared	= vx_root_readdir,
	.llseek		= generic_file_llseek,
};

static int vx_root_info_show(struct seq_file *m, void *v)
{
	seq_printf(m, "VCIVersion:\t%04x:%04x\n",
		   vx_report_version() >> 16, vx_report_version() & 0xffff);
	seq_printf(m, "VCISyscall:\t%d\n", 236);
	seq_printf(m, "VCIKernel:\t%08x\n", vx_features());
	return 0;
}

static int vx_root_status_show(struct seq_file *m, void *v)
{
	int total, active;

	vx_counts(&total, &active);
	seq_printf(m, "#CTotal:\t%d\n", total);
	seq_printf(m, "#CActive:\t%d\n", active);
	seq_printf(m, "#NSProxy:\t%d\n", atomic_read(&vx_proxies));
	seq_printf(m, "#InitTask:\t%u\n", refcount_read(&init_task.usage));
	return 0;
}

#ifdef CONFIG_VSERVER_NET
static int nx_root_status_show(struct seq_file *m, void *v)
{
	int total, active;

	nx_counts(&total, &active);
	seq_printf(m, "#NTotal:\t%d\n", total);
	seq_printf(m, "#NActive:\t%d\n", active);
	return 0;
}

int proc_pid_nx_info(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *p)
{
	struct vx_info *own = current->vx_info;
	struct nx_info *nxi;
	__be32 addr;

	seq_printf(m, "NID:\t%u\n", READ_ONCE(p->nid));
	if (own && vx_state_flag(own, VXF_HIDE_VINFO))
		return 0;
	rcu_read_lock();
	nxi = READ_ONCE(p->nx_info);
	if (nxi) {
		seq_printf(m, "NCaps:\t%016llx\n", READ_ONCE(nxi->nx_ncaps));
		seq_printf(m, "NFlags:\t%016llx\n", READ_ONCE(nxi->nx_flags));
		addr = READ_ONCE(nxi->nx_bcast);
		seq_printf(m, "V4Root[bcast]:\t%pI4\n", &addr);
		addr = READ_ONCE(nxi->nx_lback);
		seq_printf(m, "V4Root[lback]:\t%pI4\n", &addr);
		nx_show_sets(m, nxi, "V4Root[", "V6Root[", "]");
	}
	rcu_read_unlock();
	return 0;
}
#endif

int proc_pid_vx_info(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *p)
{
	struct vx_info *vxi;

	seq_printf(m, "XID:\t%u\n", READ_ONCE(p->xid));
	rcu_read_lock();
	vxi = READ_ONCE(p->vx_info);
	if (vxi && !(vx_state_flag(vxi, VXF_HIDE_VINFO) && vx_member(vxi))) {
		seq_printf(m, "BCaps:\t%016llx\n", READ_ONCE(vxi->vx_bcaps));
		seq_printf(m, "CCaps:\t%016llx\n", READ_ONCE(vxi->vx_ccaps));
		seq_printf(m, "CFlags:\t%016llx\n", READ_ONCE(vxi->vx_flags));
		seq_printf(m, "CIPid:\t%d\n", READ_ONCE(vxi->vx_initpid));
	}
	rcu_read_unlock();
	return 0;
}

/* A context with hide_vinfo does not learn that it is one. */
void proc_vserver_status(struct seq_file *m, struct task_struct *p)
{
	struct vx_info *own = current->vx_info;

	if (own && vx_state_flag(own, VXF_HIDE_VINFO))
		return;
	seq_put_decimal_ull(m, "VxID:\t", READ_ONCE(p->xid));
	seq_putc(m, '\n');
#ifdef CONFIG_VSERVER_NET
	seq_put_decimal_ull(m, "NxID:\t", READ_ONCE(p->nid));
	seq_putc(m, '\n');
#endif
}

static struct proc_dir_entry *__init vx_proc_mkdir(const struct vx_kind *kind)
{
	struct proc_dir_entry *root = proc_mkdir_data(kind->dir, 0, NULL,
						      (void *)kind);

	if (root) {
		root->proc_iops = &vx_root_iops;
		root->proc_dir_ops = &vx_root_fops;
		proc_create_single("info", 0444, root, vx_root_info_show);
	}
	return root;
}

static int __init proc_vserver_init(void)
{
	struct proc_dir_entry *root = vx_proc_mkdir(&vx_kinds[0]);

	if (!root)
		return -ENOMEM;
	proc_create_single("status", 0444, root, vx_root_status_show);
#ifdef CONFIG_VSERVER_NET
	root = vx_proc_mkdir(&vx_kinds[1]);
	if (!root)
		return -ENOMEM;
	proc_create_single("status", 0444, root, nx_root_status_show);
#endif
	return 0;
}
fs_initcall(proc_vserver_init);
