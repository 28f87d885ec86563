// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/virtual, /proc/<pid>/vinfo and the VxID line of /proc/<pid>/status.
 *
 * The directories of contexts are made when they are looked up, and hold
 * nothing but the id: an entry of a context that has gone, or that the
 * caller may not see, does not exist.  Host and watch id see all contexts, a
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

struct vx_entry {
	const char *name;
	void (*show)(struct seq_file *m, struct vx_info *vxi);
};

static void vx_show_info(struct seq_file *m, struct vx_info *vxi)
{
	seq_printf(m, "ID:\t%u\n", vxi->vx_id);
	/* tools expect a pointer here; none is given away */
	seq_puts(m, "Info:\t0000000000000000\n");
	seq_printf(m, "Init:\t%d\n", READ_ONCE(vxi->vx_initpid));
	seq_printf(m, "OOM:\t%lld\n", READ_ONCE(vxi->vx_badness));
}

static void vx_show_status(struct seq_file *m, struct vx_info *vxi)
{
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
static void vx_show_sched(struct seq_file *m, struct vx_info *vxi)
{
	struct vx_sched_state st;
	struct vx_sched_times t;
	int bias, cpu;

	vx_sched_read(vxi->vx_sched, &st);
	bias = vx_prio_bias(vxi);
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

static const struct vx_entry vx_entries[] = {
#ifdef CONFIG_VSERVER_DISK
	{ "disk", vx_disk_show },
#endif
	{ "info", vx_show_info },
#ifdef CONFIG_VSERVER_SCHED
	{ "sched", vx_show_sched },
#endif
	{ "status", vx_show_status },
};

static bool vx_dir_visible(u32 xid)
{
	u32 cur = vx_current_xid();

	return cur < VX_XID_MIN || cur == xid;
}

/* The context of a directory if it is there for the caller, with a reference. */
static struct vx_info *vx_dir_context(u32 xid)
{
	return xid >= VX_XID_MIN && vx_dir_visible(xid) ? vx_lookup(xid) : NULL;
}

/* An inode keeps its context's id and, for a file, its row plus one. */
static u32 vx_inode_xid(const struct inode *inode)
{
	return (unsigned long)inode->i_private & 0xffff;
}

static unsigned int vx_inode_entry(const struct inode *inode)
{
	return (unsigned long)inode->i_private >> 16;
}

static unsigned long vx_ino(u32 xid, unsigned int entry)
{
	/* above all that proc numbers itself, below 32 bits */
	return 0x40000000UL + xid * 64UL + entry;
}

static int vx_file_show(struct seq_file *m, void *v)
{
	struct inode *inode = m->private;
	struct vx_info *vxi = vx_dir_context(vx_inode_xid(inode));

	if (!vxi)
		return -ESRCH;
	vx_entries[vx_inode_entry(inode) - 1].show(m, vxi);
	vx_put(vxi);
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
	struct inode *inode;
	struct vx_info *vxi;
	int ret = 0;

	rcu_read_lock();
	inode = d_inode_rcu(dentry);
	if (inode) {
		vxi = vx_dir_context(vx_inode_xid(inode));
		if (vxi) {
			ret = 1;
			vx_put(vxi);
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
static struct dentry *vx_instantiate(struct dentry *dentry, u32 xid,
				     unsigned int entry)
{
	struct inode *inode = new_inode(dentry->d_sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = vx_ino(xid, entry);
	simple_inode_init_ts(inode);
	inode->i_private = (void *)(((unsigned long)entry << 16) | xid);
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
	u32 xid = vx_inode_xid(dir);
	struct vx_info *vxi = vx_dir_context(xid);
	unsigned int i;

	if (!vxi)
		return ERR_PTR(-ENOENT);
	vx_put(vxi);

	for (i = 0; i < ARRAY_SIZE(vx_entries); i++)
		if (!strcmp(dentry->d_name.name, vx_entries[i].name))
			return vx_instantiate(dentry, xid, i + 1);
	return ERR_PTR(-ENOENT);
}

static int vx_dir_readdir(struct file *file, struct dir_context *ctx)
{
	u32 xid = vx_inode_xid(file_inode(file));
	struct vx_info *vxi = vx_dir_context(xid);

	if (!vxi)
		return -ENOENT;
	vx_put(vxi);

	if (!dir_emit_dots(file, ctx))
		return 0;
	while (ctx->pos - 2 < ARRAY_SIZE(vx_entries)) {
		unsigned int i = ctx->pos - 2;

		if (!dir_emit(ctx, vx_entries[i].name,
			      strlen(vx_entries[i].name), vx_ino(xid, i + 1),
			      DT_REG))
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

/* /proc/virtual itself: two plain files and the contexts. */
static struct proc_dir_entry *vx_proc_root;

static struct dentry *vx_root_lookup(struct inode *dir, struct dentry *dentry,
				     unsigned int flags)
{
	unsigned int xid = name_to_int(&dentry->d_name);
	struct vx_info *vxi;

	if (xid == ~0U)
		return proc_lookup(dir, dentry, flags);

	vxi = xid <= VX_XID_MAX ? vx_dir_context(xid) : NULL;
	if (!vxi)
		return ERR_PTR(-ENOENT);
	vx_put(vxi);
	return vx_instantiate(dentry, xid, 0);
}

/* Positions: 0, 1 dots; 2, 3 the plain files; then 4 + xid. */
#define VX_ROOT_FIRST	4

static int vx_root_readdir(struct file *file, struct dir_context *ctx)
{
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
		xid = vx_next_xid(ctx->pos - VX_ROOT_FIRST);
		if (!xid)
			return 0;
		ctx->pos = VX_ROOT_FIRST + xid;
		if (vx_dir_visible(xid)) {
			len = snprintf(name, sizeof(name), "%u", xid);
			if (!dir_emit(ctx, name, len, vx_ino(xid, 0), DT_DIR))
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
}

static int __init proc_vserver_init(void)
{
	vx_proc_root = proc_mkdir("virtual", NULL);
	if (!vx_proc_root)
		return -ENOMEM;
	vx_proc_root->proc_iops = &vx_root_iops;
	vx_proc_root->proc_dir_ops = &vx_root_fops;
	proc_create_single("info", 0444, vx_proc_root, vx_root_info_show);
	proc_create_single("status", 0444, vx_proc_root, vx_root_status_show);
	return 0;
}
fs_initcall(proc_vserver_init);
