// SPDX-License-Identifier: GPL-2.0-or-later
/* R:95  platform_op: what a privileged domain knows better about the machine. */
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/mm.h>
#include <xen/platform.h>

long do_platform_op(u64 arg, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct xen_platform_op op;
	struct domain *d;

	if (!current_vcpu()->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XENPF_settime64:
		if (op.u.settime64.mbz || op.u.settime64.nsecs >= NS_PER_SEC)
			return -EINVAL;
		wallclock_set(op.u.settime64.secs, op.u.settime64.nsecs,
			      op.u.settime64.system_time);
		break;
	case XENPF_settime32:
		if (op.u.settime32.nsecs >= NS_PER_SEC)
			return -EINVAL;
		wallclock_set(op.u.settime32.secs, op.u.settime32.nsecs,
			      op.u.settime32.system_time);
		break;
	default:
		return -ENOSYS;
	}
	spin_lock(&domain_list_lock);
	for (d = domain_list; d; d = d->next)
		if (!d->dying)
			wallclock_publish(d->shared_info);
	spin_unlock(&domain_list_lock);
	return 0;
}
