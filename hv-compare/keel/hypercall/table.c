// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:91  From a guest kernel's SYSCALL to the handler. A number that is not here
 * gets -ENOSYS, which every kernel we know takes for an old hypervisor.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/trap.h>

static hypercall_fn *const table[] = {
	[__HYPERVISOR_set_trap_table] = do_set_trap_table,
	[__HYPERVISOR_mmu_update] = do_mmu_update,
	[__HYPERVISOR_set_gdt] = do_set_gdt,
	[__HYPERVISOR_stack_switch] = do_stack_switch,
	[__HYPERVISOR_set_callbacks] = do_set_callbacks,
	[__HYPERVISOR_fpu_taskswitch] = do_fpu_taskswitch,
	[__HYPERVISOR_set_debugreg] = do_set_debugreg,
	[__HYPERVISOR_get_debugreg] = do_get_debugreg,
	[__HYPERVISOR_update_descriptor] = do_update_descriptor,
	[__HYPERVISOR_memory_op] = do_memory_op,
	[__HYPERVISOR_multicall] = do_multicall,
	[__HYPERVISOR_update_va_mapping] = do_update_va_mapping,
	[__HYPERVISOR_update_va_mapping_otherdomain] = do_update_va_mapping_otherdomain,
	[__HYPERVISOR_set_timer_op] = do_set_timer_op,
	[__HYPERVISOR_xen_version] = do_xen_version,
	[__HYPERVISOR_console_io] = do_console_io,
	[__HYPERVISOR_vm_assist] = do_vm_assist,
	[__HYPERVISOR_vcpu_op] = do_vcpu_op,
	[__HYPERVISOR_set_segment_base] = do_set_segment_base,
	[__HYPERVISOR_mmuext_op] = do_mmuext_op,
	[__HYPERVISOR_sched_op] = do_sched_op,
	[__HYPERVISOR_callback_op] = do_callback_op,
	[__HYPERVISOR_event_channel_op] = do_event_channel_op,
	[__HYPERVISOR_physdev_op] = do_physdev_op,
	[__HYPERVISOR_platform_op] = do_platform_op,
	[__HYPERVISOR_grant_table_op] = do_grant_table_op,
	[__HYPERVISOR_sysctl] = do_sysctl,
	[__HYPERVISOR_domctl] = do_domctl,
};

static long call(u64 nr, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	if (nr >= ARRAY_SIZE(table) || !table[nr])
		return -ENOSYS;
	v->again[0] = a1;
	v->again[1] = a2;
	v->again[2] = a3;
	v->again[3] = a4;
	v->again[4] = a5;
	return table[nr](a1, a2, a3, a4, a5);
}

void hypercall(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	long rc;

	this_cpu()->tables_left = TABLE_BATCH;
	if (r->rax == __HYPERVISOR_iret) {
		do_iret(r);
		return;
	}
	rc = call(r->rax, r->rdi, r->rsi, r->rdx, r->r10, r->r8);
	if (unlikely(rc == -ERESTART)) {
		r->rdi = v->again[0];
		r->rsi = v->again[1];
		r->rdx = v->again[2];
		r->r10 = v->again[3];
		r->r8 = v->again[4];
		r->rip -= 2;		/* back to the SYSCALL */
		return;
	}
	r->rax = rc;
}

long do_multicall(u64 ulist, u64 count, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();
	u64 i;

	count = (u32)count;
	for (i = 0; i < count; i++) {
		u64 at = ulist + i * sizeof(struct multicall_entry);
		struct multicall_entry e;
		long rc = -ERESTART;

		if (copy_from_guest(&e, at, sizeof(e)))
			return -EFAULT;
		/* Not itself: the stack is one; iret is not in the table. */
		if (i < BATCH)
			rc = e.op == __HYPERVISOR_multicall ? -EINVAL :
			     call(e.op, e.args[0], e.args[1], e.args[2], e.args[3], e.args[4]);
		if (rc == -ERESTART) {
			if (i < BATCH && copy_to_guest(at + offsetof(struct multicall_entry, args),
						       v->again, sizeof(v->again)))
				return -EFAULT;
			v->again[0] = at;
			v->again[1] = count - i;
			return rc;
		}
		if (copy_to_guest(at + offsetof(struct multicall_entry, result), &rc, sizeof(rc)))
			return -EFAULT;
		if (v->domain->is_shut_down)
			break;
	}
	return 0;
}

/* ---- iret: back to where a bounce came from, or to a new user context ---- */

void do_iret(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	struct iret_context c;

	if (copy_from_guest(&c, r->rsp, sizeof(c))) {
		domain_crash(v->domain, "iret: no frame at %lx", r->rsp);
		return;
	}
	if ((c.cs & 3) == 3) {
		if (!v->guest_table_user) {
			domain_crash(v->domain, "iret: to user mode without user page tables");
			return;
		}
		toggle_mode(v);
	}
	if (v->domain->vm_assist >> VMASST_TYPE_architectural_iopl & 1)
		v->iopl = c.rflags >> 12 & 3;
	r->rip = c.rip;
	r->cs = c.cs | 3;
	r->rflags = (c.rflags & EFLAGS_USER) | EFLAGS_IF | EFLAGS_MBS;
	r->rsp = c.rsp;
	r->ss = c.ss | 3;
	if (!(c.flags & VGCF_in_syscall)) {
		r->r11 = c.r11;
		r->rcx = c.rcx;
	}
	r->rax = c.rax;
	v->vcpu_info->evtchn_upcall_mask = !(c.rflags & EFLAGS_IF);
}

/* ---- the page of call stubs: 32 bytes each, slot n calls hypercall n ---- */

void hypercall_page_fill(void *page)
{
	u8 *p = page;

	memset(p, 0xcc, PAGE_SIZE);
	for (unsigned int n = 0; n < PAGE_SIZE / 32; n++, p += 32) {
		static const u8 normal[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0,
					     0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
		/* push rcx, r11, rax; the flags word is the caller's */
		static const u8 iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05 };

		if (n == __HYPERVISOR_iret) {
			memcpy(p, iret, sizeof(iret));
			p[5] = n;
		} else {
			memcpy(p, normal, sizeof(normal));
			p[4] = n;
		}
	}
}
