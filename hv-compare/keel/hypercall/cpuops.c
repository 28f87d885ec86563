// SPDX-License-Identifier: GPL-2.0-or-later
/* R:92  Hypercalls about the calling vCPU: traps, callbacks, segments, assists. */
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/trap.h>
#include <xen/callback.h>

long do_set_trap_table(u64 utraps, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	if (!utraps) {
		memset(v->traps, 0, sizeof(v->traps));
		return 0;
	}
	/* 256 vectors: a longer list says something twice. */
	for (unsigned int i = 0; i <= 256; i++, utraps += sizeof(struct trap_info)) {
		struct trap_info t;

		if (copy_from_guest(&t, utraps, sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		v->traps[t.vector] = t;
	}
	return -EINVAL;
}

long do_stack_switch(u64 ss, u64 sp, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	v->kernel_ss = ss;
	v->kernel_sp = sp;
	return 0;
}

static struct callback *callback_slot(struct vcpu *v, unsigned int type)
{
	switch (type) {
	case CALLBACKTYPE_event: return &v->event_cb;
	case CALLBACKTYPE_failsafe: return &v->failsafe_cb;
	case CALLBACKTYPE_syscall: return &v->syscall_cb;
	case CALLBACKTYPE_nmi: return &v->nmi_cb;
	case CALLBACKTYPE_syscall32: return &v->syscall32_cb;
	case CALLBACKTYPE_sysenter_deprecated:
	case 5: return &v->sysenter_cb;
	default: return NULL;
	}
}

/*
 * Event, failsafe and syscall entries are meant for the whole domain by kernels
 * that register them once, at boot: vCPUs made later bring theirs along.
 */
long do_callback_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	struct callback_register c;
	struct callback *slot;

	switch (cmd) {
	case CALLBACKOP_register:
		if (copy_from_guest(&c, arg, sizeof(c)))
			return -EFAULT;
		if (!canonical(c.address))
			return -EINVAL;
		break;
	case CALLBACKOP_unregister:
		if (copy_from_guest(&c, arg, sizeof(struct callback_unregister)))
			return -EFAULT;
		c.address = 0;
		c.flags = 0;
		break;
	default:
		return -ENOSYS;
	}
	slot = callback_slot(current_vcpu(), c.type);
	if (!slot)
		return -ENOSYS;
	slot->address = c.address;
	slot->mask_events = c.flags & CALLBACKF_mask_events;
	return 0;
}

long do_set_callbacks(u64 event, u64 failsafe, u64 syscall, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	if (!canonical(event) || !canonical(failsafe) || !canonical(syscall))
		return -EINVAL;
	v->event_cb.address = event;
	v->failsafe_cb.address = failsafe;
	v->syscall_cb.address = syscall;
	return 0;
}

long do_fpu_taskswitch(u64 set, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	v->cr0_ts = set ? CR0_TS : 0;
	write_cr0((read_cr0() & ~CR0_TS) | v->cr0_ts);
	return 0;
}

/* Debug registers are remembered, never armed: see the notes on breakpoints. */
long do_set_debugreg(u64 reg, u64 val, u64 a3, u64 a4, u64 a5)
{
	if (reg > 7)
		return -EINVAL;
	current_vcpu()->dr[reg] = val;
	return 0;
}

long do_get_debugreg(u64 reg, u64 a2, u64 a3, u64 a4, u64 a5)
{
	return reg > 7 ? -EINVAL : (long)current_vcpu()->dr[reg];
}

long do_set_segment_base(u64 which, u64 base, u64 a3, u64 a4, u64 a5)
{
	u16 sel = base;

	switch (which) {
	case SEGBASE_FS:
	case SEGBASE_GS_USER:
	case SEGBASE_GS_KERNEL:
		if (!canonical(base))
			return -EINVAL;
		/* In kernel mode the user's GS base is the one swapped out. */
		wrmsr(which == SEGBASE_FS ? MSR_FS_BASE :
		      which == SEGBASE_GS_USER ? MSR_KERNEL_GS_BASE : MSR_GS_BASE, base);
		return 0;
	case SEGBASE_GS_USER_SEL:
		/* Ring 3's own selector; one that cannot be loaded becomes null. */
		if (sel > 3)
			sel |= 3;
		swapgs();
		load_gs(sel);
		swapgs();
		return 0;
	default:
		return -EINVAL;
	}
}

#define ASSISTS (1UL << VMASST_TYPE_4gb_segments | \
		 1UL << VMASST_TYPE_4gb_segments_notify | \
		 1UL << VMASST_TYPE_writable_pagetables | \
		 1UL << VMASST_TYPE_pae_extended_cr3 | \
		 1UL << VMASST_TYPE_architectural_iopl | \
		 1UL << VMASST_TYPE_runstate_update_flag | \
		 1UL << VMASST_TYPE_m2p_strict)

long do_vm_assist(u64 cmd, u64 type, u64 a3, u64 a4, u64 a5)
{
	struct domain *d = current_vcpu()->domain;

	if (type > 63 || !(ASSISTS >> type & 1))
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_or_fetch(&d->vm_assist, 1UL << type, __ATOMIC_SEQ_CST);
		return 0;
	case VMASST_CMD_disable:
		__atomic_and_fetch(&d->vm_assist, ~(1UL << type), __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -ENOSYS;
	}
}
