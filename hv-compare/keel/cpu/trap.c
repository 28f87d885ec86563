// SPDX-License-Identifier: GPL-2.0-or-later
/* R:31  What interrupts a guest or keel, and how a guest's kernel hears of it. */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/hypercall.h>
#include <keel/irq.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/trap.h>

extern const struct { u64 at, to; } __extable_start[], __extable_end[];

void dump_regs(const struct cpu_user_regs *r)
{
	printk("rip %04x:%016lx rsp %04x:%016lx flags %08lx vec %u err %x\n",
	       r->cs, r->rip, r->ss, r->rsp, r->rflags, r->entry_vector, r->error_code);
	printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
	printk("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
	printk("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
	printk("r13 %016lx r14 %016lx r15 %016lx cr2 %016lx cr3 %016lx\n",
	       r->r13, r->r14, r->r15, read_cr2(), read_cr3());
}

/* The top of a guest's stack, as far as it can be read. */
void dump_guest_stack(const struct cpu_user_regs *r)
{
	for (u64 sp = r->rsp & ~7UL, i = 0; i < 12; i++) {
		u64 w[4];

		if (copy_from_guest(w, sp + i * 32, sizeof(w)))
			return;
		printk("stack %016lx %016lx %016lx %016lx\n", w[0], w[1], w[2], w[3]);
	}
}

/* ---- into the guest ---- */

void toggle_mode(struct vcpu *v)
{
	v->kernel_mode = !v->kernel_mode;
	swapgs();
	write_guest_cr3((v->kernel_mode ? v->guest_table : v->guest_table_user) << PAGE_SHIFT);
}

void bounce(u64 rip, bool mask, const u32 *err)
{
	struct cpu_user_regs *r = guest_regs();
	struct vcpu *v = current_vcpu();
	u64 frame[8], sp, cs = r->cs;
	unsigned int n = 0;
	u8 was_masked = v->vcpu_info->evtchn_upcall_mask;

	if (v->kernel_mode) {
		sp = r->rsp;
		cs &= ~3UL;
	} else {
		toggle_mode(v);
		if (unlikely(v->runstate_stale))
			runstate_publish(v);
		sp = v->kernel_sp;
	}
	sp &= ~15UL;

	frame[n++] = r->rcx;
	frame[n++] = r->r11;
	if (err)
		frame[n++] = *err;
	frame[n++] = r->rip;
	frame[n++] = cs | (u64)was_masked << 32;
	frame[n++] = (r->rflags & ~(EFLAGS_IF | EFLAGS_IOPL)) | (was_masked ? 0 : EFLAGS_IF) |
		     (v->domain->vm_assist >> VMASST_TYPE_architectural_iopl & 1 ?
		      (u64)v->iopl << 12 : 0);
	frame[n++] = r->rsp;
	frame[n++] = r->ss;
	sp -= n * 8;
	if (!rip || copy_to_guest(sp, frame, n * 8)) {
		if (!rip)
			domain_crash(v->domain, "no handler for vector %u", r->entry_vector);
		else
			domain_crash(v->domain, "kernel stack %lx cannot be written", sp);
		return;
	}
	if (mask)
		v->vcpu_info->evtchn_upcall_mask = 1;
	r->rip = rip;
	r->rsp = sp;
	r->cs = GUEST_CS64;
	r->ss = GUEST_DS;
	r->rflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_VM);
	r->rflags |= EFLAGS_IF;
}

static bool has_error_code(unsigned int vec)
{
	return vec == EXC_DF || (vec >= EXC_TS && vec <= EXC_PF) || vec == EXC_AC;
}

void inject_trap(unsigned int vec, u32 error)
{
	struct vcpu *v = current_vcpu();
	const struct trap_info *t = &v->traps[vec];

	guest_regs()->entry_vector = vec;
	bounce(t->address, t->flags & 4, has_error_code(vec) ? &error : NULL);
}

void inject_page_fault(u64 va, u32 error)
{
	struct vcpu *v = current_vcpu();

	v->vcpu_info->arch.cr2 = va;
	error &= ~PFEC_USER;
	if (!v->kernel_mode)
		error |= PFEC_USER;
	if (!v->traps[EXC_PF].address) {
		domain_crash(v->domain, "page fault at %lx (error %x) and no handler", va, error);
		return;
	}
	inject_trap(EXC_PF, error);
}

/* iretq or a selector load failed: the guest's frame has the selectors, too. */
void inject_failsafe(void)
{
	struct vcpu *v = current_vcpu();
	struct cpu_user_regs *r = guest_regs();
	u64 sels[4] = { read_ds(), read_es(), read_fs(), read_gs() };
	u64 regs2[2] = { r->rcx, r->r11 };

	r->entry_vector = EXC_GP;
	if (!v->failsafe_cb.address) {
		domain_crash(v->domain, "bad state %x:%lx to return to, no failsafe callback",
			     r->cs, r->rip);
		return;
	}
	bounce(v->failsafe_cb.address, v->failsafe_cb.mask_events, NULL);
	if (v->domain->is_shut_down)
		return;
	/* RCX and R11 move down, DS ES FS GS go between them and RIP. */
	r->rsp -= 32;
	if (copy_to_guest(r->rsp, regs2, 16) || copy_to_guest(r->rsp + 16, sels, 32)) {
		domain_crash(v->domain, "kernel stack cannot be written");
		return;
	}
	load_ds(0);
	load_es(0);
	load_fs(0);
}

/* `int n`: n's gate decides; QEMU's error code for it cannot be trusted. */
static bool software_int(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	u8 insn[2];

	if (copy_from_guest(insn, r->rip, 2) || insn[0] != 0xcd)
		return false;
	if ((v->traps[insn[1]].flags & 3) < (v->kernel_mode ? 1 : 3)) {
		inject_trap(EXC_GP, insn[1] * 8 + 2);
		return true;
	}
	r->rip += 2;
	r->entry_vector = insn[1];
	bounce(v->traps[insn[1]].address, v->traps[insn[1]].flags & 4, NULL);
	return true;
}

static void page_fault(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	u64 va = read_cr2();

	if (v->kernel_mode && (r->error_code & (PFEC_PRESENT | PFEC_WRITE | PFEC_RSVD)) ==
	    (PFEC_PRESENT | PFEC_WRITE) && guest_range_ok(va, 8) && ptwr_fault(r, va))
		return;
	inject_page_fault(va, r->error_code);
}

static void general_protection(struct cpu_user_regs *r)
{
	if (r->error_code & 2) {
		if (software_int(r))
			return;
	} else if (!r->error_code && emulate_privileged(r)) {
		return;
	}
	inject_trap(EXC_GP, r->error_code);
}

static void interrupt(unsigned int vec)
{
	struct cpu *c = this_cpu();

	switch (vec) {
	case VEC_TIMER:
		c->apic_deadline = 0;
		c->timer_work = true;
		break;
	case VEC_RESCHED:	/* the flags are set by who sent it */
		break;
	case VEC_FLUSH:
		cpu_serve();
		break;
	case VEC_STOP:
		for (;;)
			asm volatile("cli; hlt");
	case VEC_SPURIOUS:
		return;
	default:
		device_interrupt(vec);
		return;
	}
	apic_eoi();
}

void trap_from_guest(struct cpu_user_regs *r)
{
	unsigned int vec = r->entry_vector;
	struct vcpu *v = current_vcpu();

	switch (vec) {
	case EXC_PF:
		page_fault(r);
		break;
	case EXC_GP:
		general_protection(r);
		break;
	case EXC_UD:
		if (!emulate_forced_cpuid(r))
			inject_trap(EXC_UD, 0);
		break;
	case EXC_NM:
		v->cr0_ts = 0;
		write_cr0(read_cr0() & ~CR0_TS);
		inject_trap(EXC_NM, 0);
		break;
	case EXC_BP:
	case EXC_OF:
		/* These are "int n", too: the gate's level counts. */
		if ((v->traps[vec].flags & 3) < (v->kernel_mode ? 1 : 3))
			inject_trap(EXC_GP, vec * 8 + 2);
		else
			inject_trap(vec, 0);
		break;
	case 0x80:
		if ((v->traps[0x80].flags & 3) < (v->kernel_mode ? 1 : 3)) {
			r->rip -= 2;
			inject_trap(EXC_GP, 0x80 * 8 + 2);
		} else {
			inject_trap(0x80, 0);
		}
		break;
	default:
		if (vec < 32)
			inject_trap(vec, r->error_code);
		else
			interrupt(vec);
	}
}

void syscall_from_guest(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	const struct callback *cb = r->entry_vector == TRAP_SYSCALL ? &v->syscall_cb : &v->syscall32_cb;

	if (likely(v->kernel_mode) && r->entry_vector == TRAP_SYSCALL) {
		hypercall(r);
		return;
	}
	if (!cb->address) {
		r->rip -= 2;
		inject_trap(EXC_UD, 0);
		return;
	}
	bounce(cb->address, cb->mask_events, NULL);
	r->rflags &= ~EFLAGS_DF;
}

/* ---- in keel ---- */

bool trap_in_keel(struct cpu_user_regs *r)
{
	u64 cr2 = read_cr2();

	if (r->entry_vector >= 32) {
		interrupt(r->entry_vector);
		return false;
	}
	if (r->rip == (u64)guest_iretq) {
		struct cpu_user_regs *g = guest_regs();

		/* Its general registers were live; the rest is still up there. */
		memcpy(g, r, offsetof(struct cpu_user_regs, error_code));
		inject_failsafe();
		return true;
	}
	for (unsigned int i = 0; &__extable_start[i] < __extable_end; i++)
		if (__extable_start[i].at == r->rip) {
			r->rip = __extable_start[i].to;
			return false;
		}
	dump_regs(r);
	for (u64 *bp = (u64 *)r->rbp, n = 0; n < 12 && bp > (u64 *)&cpu_stacks &&
	     bp < (u64 *)(&cpu_stacks + 1); bp = (u64 *)bp[0], n++)
		printk("  called from %lx\n", bp[1]);
	panic("exception %u at %lx (cr2 %lx) on CPU %u", r->entry_vector, r->rip, cr2,
	      this_cpu()->id);
}

void trap_critical(struct cpu_user_regs *r)
{
	if (r->entry_vector == EXC_NMI)
		return;		/* nobody here sends them; the watchdog key may */
	dump_regs(r);
	panic("exception %u", r->entry_vector);
}

/* ---- out of keel ---- */

void guest_exit_work(void)
{
	struct cpu *c = this_cpu();

	for (;;) {
		struct vcpu *v;
		struct vcpu_info *vi;

		if (unlikely(c->timer_work))
			timers_run();
		v = c->current;
		if (unlikely(c->need_resched || !v)) {
			schedule();
			continue;
		}
		if (unlikely(READ_ONCE(v->domain->to_release) != NO_MFN)) {
			/* Others have their turn between the batches, if it is theirs. */
			c->tables_left = TABLE_BATCH;
			release_tables(v->domain);
			c->timer_work = true;
			continue;
		}
		vi = v->vcpu_info;
		if (unlikely(event_deliverable(vi)) && v->event_cb.address) {
			bounce(v->event_cb.address, true, NULL);
			continue;
		}
		c->tables_left = TABLE_BATCH;
		return;
	}
}
