// SPDX-License-Identifier: GPL-2.0
/*
 * Flag words of a context, and its names.
 *
 * Each set is new = (old & ~mask) | (value & mask), done under vx_lock.
 * Readers of single words take no lock.
 */
#include <linux/capability.h>
#include <linux/nsproxy.h>
#include <linux/rwsem.h>
#include <linux/utsname.h>
#include <trace/events/vserver.h>
#include "internal.h"

/*
 * Capabilities that a stock tool's "secure" word keeps only because a 32-bit
 * shift was sign-extended.  None of them is safe to share: they act on the
 * machine, not on a context.
 */
#define VX_CAPS_CLAMPED	(BIT_ULL(CAP_MAC_OVERRIDE) | BIT_ULL(CAP_MAC_ADMIN) | \
			 BIT_ULL(CAP_SYSLOG) | BIT_ULL(CAP_WAKE_ALARM) | \
			 BIT_ULL(CAP_BLOCK_SUSPEND) | \
			 BIT_ULL(CAP_AUDIT_READ) | BIT_ULL(CAP_PERFMON) | \
			 BIT_ULL(CAP_BPF) | BIT_ULL(CAP_CHECKPOINT_RESTORE))

static u64 vx_merge(u64 old, u64 value, u64 mask)
{
	return (old & ~mask) | (value & mask);
}

void vx_update_ecaps(struct vx_info *vxi)
{
	u64 caps = vxi->vx_bcaps & ~VX_CAPS_CLAMPED;

	if (vxi->vx_ccaps & VXC_SYSLOG)
		caps |= vxi->vx_bcaps & BIT_ULL(CAP_SYSLOG);
	if (vxi->vx_ccaps & VXC_AUDIT_CONTROL)
		caps |= vxi->vx_bcaps & BIT_ULL(CAP_AUDIT_READ);
	if (vxi->vx_flags & VXF_STATE_SETUP)
		caps = ~0ULL;
	WRITE_ONCE(vxi->vx_ecaps, caps);
}

long vc_get_cflags(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_ctx_flags *vc = arg;

	vc->flagword = READ_ONCE(vxi->vx_flags);
	/* a one-time bit that is gone cannot be set again */
	vc->mask = ~(VXF_ONE_TIME & ~vc->flagword);
	return 0;
}

/*
 * Clearing a one-time bit is final.  A member that clears STATE_INIT becomes
 * the init and the reaper.  PERSISTENT is a claim.
 */
long vc_set_cflags(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_ctx_flags *vc = arg;
	u64 old, new, mask, changed;

	/*
	 * The claim for PERSISTENT comes before the flag: two callers cannot
	 * both see it change, and none can see it without its claim.
	 */
	bool claimed = vx_claim(vxi);

	spin_lock(&vxi->vx_lock);
	old = vxi->vx_flags;
	mask = (vc->mask & ~VXF_ONE_TIME) | (vc->mask & old & VXF_ONE_TIME);
	if (!claimed)
		mask &= ~VXF_PERSISTENT;
	new = vx_merge(old, vc->flagword, mask);
	changed = old ^ new;
	WRITE_ONCE(vxi->vx_flags, new);
	vx_update_ecaps(vxi);
	vx_update_fake_init(vxi);
	spin_unlock(&vxi->vx_lock);

	if (changed & VXF_ONE_TIME)
		trace_context_state(vxi->vx_id, changed & VXF_ONE_TIME, new);
	vx_update_cpu(vxi, changed);
	if ((changed & VXF_STATE_INIT) && vx_member(vxi)) {
		vx_record_init(vxi);
		vx_record_reaper(vxi);
	}

	if (changed & VXF_PERSISTENT) {
		if (old & VXF_PERSISTENT)
			vx_unclaim(vxi);	/* the flag's claim */
		else
			claimed = false;	/* now the flag's */
	}
	if (claimed)
		vx_unclaim(vxi);
	return 0;
}

/**
 * vx_word - one of the words that are a value and a mask for userland
 * @vxi: context
 * @offset: of the word in it: vx_bcaps, vx_ccaps, vx_umask or vx_wmask
 * @arg: what every such command has, whatever it calls the members
 * @set: change the bits of the mask; else report all of them
 */
void vx_word(struct vx_info *vxi, size_t offset, struct vx_word_arg *arg,
	     bool set)
{
	u64 *word = (void *)vxi + offset;

	if (!set) {
		arg->value = READ_ONCE(*word);
		arg->mask = ~0ULL;
		return;
	}
	spin_lock(&vxi->vx_lock);
	WRITE_ONCE(*word, vx_merge(*word, arg->value, arg->mask));
	vx_update_ecaps(vxi);
	spin_unlock(&vxi->vx_lock);
}

long vc_get_badness(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_badness *vc = arg;

	vc->bias = READ_ONCE(vxi->vx_badness);
	return 0;
}

long vc_set_badness(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_badness *vc = arg;

	WRITE_ONCE(vxi->vx_badness, vc->bias);
	return 0;
}

/* The member of a UTS name that a field stands for. */
static char *vx_uts_field(struct new_utsname *name, u32 field)
{
	switch (field) {
	case VHIN_SYSNAME:
		return name->sysname;
	case VHIN_NODENAME:
		return name->nodename;
	case VHIN_RELEASE:
		return name->release;
	case VHIN_VERSION:
		return name->version;
	case VHIN_MACHINE:
		return name->machine;
	case VHIN_DOMAINNAME:
		return name->domainname;
	default:
		return NULL;
	}
}

static long vx_vhi_name(struct vx_info *vxi, struct vcmd_vhi_name *vc, bool set)
{
	struct nsproxy *nsproxy;
	char *field;

	BUILD_BUG_ON(sizeof_field(struct new_utsname, nodename) !=
		     VX_VHI_NAME_LEN);

	if (vc->field > VHIN_DOMAINNAME)
		return -EINVAL;
	if (set)
		vc->name[VX_VHI_NAME_LEN - 1] = '\0';

	if (vc->field == VHIN_CONTEXT) {
		spin_lock(&vxi->vx_lock);
		if (set)
			strscpy_pad(vxi->vx_name, vc->name, VX_VHI_NAME_LEN);
		else
			memcpy(vc->name, vxi->vx_name, VX_VHI_NAME_LEN);
		spin_unlock(&vxi->vx_lock);
		return 0;
	}

	nsproxy = vx_recorded_nsproxy(vxi, 0, CLONE_NEWUTS);
	if (!nsproxy)
		return -EINVAL;
	down_write(&uts_sem);
	field = vx_uts_field(&nsproxy->uts_ns->name, vc->field);
	if (set)
		strscpy_pad(field, vc->name, VX_VHI_NAME_LEN);
	else
		memcpy(vc->name, field, VX_VHI_NAME_LEN);
	up_write(&uts_sem);
	put_nsproxy(nsproxy);
	return 0;
}

long vc_get_vhi_name(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_vhi_name(vxi, arg, false);
}

long vc_set_vhi_name(struct vx_info *vxi, u32 id, void *arg)
{
	return vx_vhi_name(vxi, arg, true);
}
