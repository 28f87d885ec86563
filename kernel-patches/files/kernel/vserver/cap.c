// SPDX-License-Identifier: GPL-2.0
/*
 * What a member may do: capabilities and name spaces.
 *
 * Credentials are left alone.  The capability check itself masks them with
 * what the context keeps, in every user namespace, so that no way of gaining
 * capabilities inside leads past the mask.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include "internal.h"

#define VX_SPACE_FLAGS	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | \
			 CLONE_NEWTIME | CLONE_NEWUSER)

bool __vx_cap_masked(int cap)
{
	struct vx_info *vxi = current->vx_info;

	if (!vxi || (READ_ONCE(vxi->vx_ecaps) & BIT_ULL(cap)))
		return false;
	/* what the kernel does for a member is not the member's doing */
	return !vx_acts_for_kernel();
}

/* Capability over @ns by credentials alone, before bcaps. */
static bool vx_raw_capable(struct user_namespace *ns, int cap)
{
	return cap_raised(current_cred()->cap_effective, cap) &&
	       in_userns(current_user_ns(), ns);
}

/*
 * May current name its host?  By capability as ever; or, in a context with
 * the context capability, by credentials, but never the machine's own name.
 */
bool vx_uts_capable(void)
{
	struct uts_namespace *uts = current->nsproxy->uts_ns;
	struct vx_info *vxi = current->vx_info;

	if (ns_capable(uts->user_ns, CAP_SYS_ADMIN))
		return true;
	return vx_active() && vxi && uts != &init_uts_ns &&
	       (READ_ONCE(vxi->vx_ccaps) & VXC_SET_UTSNAME) &&
	       vx_raw_capable(uts->user_ns, CAP_SYS_ADMIN);
}

/* May current make the name spaces @flags, to be owned by @ns? */
bool vx_ns_capable_space(struct user_namespace *ns, unsigned long flags)
{
	struct vx_info *vxi = current->vx_info;

	if (ns_capable(ns, CAP_SYS_ADMIN))
		return true;
	flags &= VX_SPACE_FLAGS & ~CLONE_NEWUSER;
	if (!vx_active() || !vxi || (flags & ~READ_ONCE(vxi->vx_umask)))
		return false;
	/* A user namespace that is just being made gives all over itself. */
	return ns->parent == current_user_ns() || vx_raw_capable(ns, CAP_SYS_ADMIN);
}

int __vx_check_spaces(unsigned long flags)
{
	struct vx_info *vxi = current->vx_info;

	flags &= VX_SPACE_FLAGS;
	if (!flags || !vxi || vx_state_flag(vxi, VXF_STATE_SETUP))
		return 0;
	if (flags & READ_ONCE(vxi->vx_wmask))
		pr_warn_ratelimited("vserver: context %u: %s[%d] uses name spaces %08lx\n",
				    vxi->vx_id, current->comm,
				    task_pid_nr(current), flags);
	if (!(flags & ~READ_ONCE(vxi->vx_umask)))
		return 0;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}
