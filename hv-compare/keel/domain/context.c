// SPDX-License-Identifier: GPL-2.0-or-later
/* R:63  Moving a vCPU's state in and out of the processor. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/trap.h>

static void save(struct vcpu *v)
{
	struct cpu_user_regs *r = guest_regs();

	memcpy(&v->regs, r, offsetof(struct cpu_user_regs, es));
	v->regs.ds = read_ds();
	v->regs.es = read_es();
	v->regs.fs = read_fs();
	v->regs.gs = read_gs();
	v->fs_base = rdmsr(MSR_FS_BASE);
	v->gs_base = rdmsr(MSR_GS_BASE);
	v->gs_base_other = rdmsr(MSR_KERNEL_GS_BASE);
	write_cr0(read_cr0() & ~CR0_TS);
	fpu_save(v->fpu, v->xcr0);
}

static void load_segments(struct vcpu *v)
{
	u64 base = window_gdt(v) + 16 * PAGE_SIZE, limit = v->ldt_entries * 8 - 1;
	u64 *desc = this_cpu()->gdt + (KEEL_LDT - GDT_RESERVED_BYTE) / 8;
	struct desc_ptr gdtr = { 16 * PAGE_SIZE - 1, window_gdt(v) };
	u64 bad;

	window_set(v, GDT_RESERVED_PAGE, virt_to_mfn(this_cpu()->gdt));
	asm volatile("lgdt %0" :: "m"(gdtr));
	if (v->ldt_entries) {
		desc[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x82UL << 40 |
			  (limit >> 16 & 15) << 48 | (base >> 24 & 0xff) << 56;
		desc[1] = base >> 32;
		lldt(KEEL_LDT);
	} else {
		lldt(0);
	}
	/* Selectors first: loading one sets the base that the MSR then corrects. */
	bad = load_ds(v->regs.ds) | load_es(v->regs.es) | load_fs(v->regs.fs) |
	      load_gs(v->regs.gs);
	wrmsr(MSR_FS_BASE, v->fs_base);
	wrmsr(MSR_GS_BASE, v->gs_base);
	wrmsr(MSR_KERNEL_GS_BASE, v->gs_base_other);
	/*
	 * The guest took a descriptor away while it was loaded. It finds a null
	 * selector, as after a fault it could not have told from this.
	 */
	(void)bad;
}

/*
 * Nothing of v is in this processor any more, not even its page tables: another one
 * may take it, its domain may go. stays: the domain's tables are in use here still.
 */
static void let_go(struct vcpu *v, bool stays)
{
	struct domain *d = v->domain;

	__atomic_store_n(&v->loaded_on, 0, __ATOMIC_RELEASE);
	if (!stays)
		__atomic_and_fetch(&d->dirty_cpus, ~(1U << this_cpu()->id), __ATOMIC_SEQ_CST);
}

void context_unload(void)
{
	struct cpu *c = this_cpu();
	struct vcpu *v = c->loaded;

	if (!v)
		return;
	save(v);
	c->loaded = NULL;
	cpu_idle_gdt();
	write_guest_cr3(idle_cr3);
	let_go(v, false);
}

void context_switch_to(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	struct vcpu *old = c->loaded;

	if (old == v)
		return;
	if (unlikely(READ_ONCE(v->loaded_on))) {
		/*
		 * The processor it was taken from has not put its state down yet. It
		 * may be waiting for that of the one here: so that first.
		 */
		context_unload();
		old = NULL;
		while (__atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE)) {
			cpu_serve();
			cpu_relax();
		}
	}
	if (old) {
		save(old);
		/* Its descriptor window goes with the address space. */
		cpu_idle_gdt();
	}
	/* Told before its translations are cached: who flushes finds us, or we start clean. */
	__atomic_or_fetch(&v->domain->dirty_cpus, 1U << c->id, __ATOMIC_SEQ_CST);
	__atomic_store_n(&v->loaded_on, c->id + 1, __ATOMIC_SEQ_CST);
	c->loaded = v;
	write_guest_cr3((v->kernel_mode ? v->guest_table : v->guest_table_user) << PAGE_SHIFT);
	if (old)
		let_go(old, old->domain == v->domain);
	load_segments(v);
	memcpy(guest_regs(), &v->regs, offsetof(struct cpu_user_regs, es));
	fpu_restore(v->fpu, v->xcr0);
	if (v->cr0_ts)
		write_cr0(read_cr0() | CR0_TS);
	wrmsr_fixup(MSR_TSC_AUX, v->tsc_aux);
	/* Builders clear the page, guests move the record. */
	time_publish(v);
}

static int set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct domain *d = v->domain;
	u64 cr3 = c->ctrlreg[3] >> PAGE_SHIFT, ucr3 = c->ctrlreg[1] >> PAGE_SHIFT;
	bool kernel = c->flags & VGCF_in_kernel;
	int rc;

	if (!canonical(c->fs_base) || !canonical(c->gs_base_kernel) ||
	    !canonical(c->gs_base_user) || c->ldt_ents || (!kernel && !ucr3) ||
	    c->gdt_ents > GDT_RESERVED_PAGE * 512)
		return -EINVAL;
	rc = set_gdt_frames(v, (const u64 *)c->gdt_frames, c->gdt_ents);
	if (rc)
		return rc;
	spin_lock(&d->pt_lock);
	rc = mfn_is_ram(cr3) ? get_page_and_type(mfn_to_page(cr3), d, PT_L4) : -EINVAL;
	if (!rc && ucr3) {
		rc = mfn_is_ram(ucr3) ? get_page_and_type(mfn_to_page(ucr3), d, PT_L4) : -EINVAL;
		if (rc)
			put_page_and_type(mfn_to_page(cr3));
	}
	spin_unlock(&d->pt_lock);
	if (rc) {
		set_gdt_frames(v, NULL, 0);
		return rc;
	}
	v->guest_table = cr3;
	v->guest_table_user = ucr3;

	memcpy(&v->regs, &c->user_regs, sizeof(v->regs));
	v->regs.cs |= 3;
	v->regs.ss |= 3;
	v->regs.rflags = (c->user_regs.rflags & EFLAGS_USER) | EFLAGS_IF | EFLAGS_MBS;
	v->regs.entry_vector = 0;
	v->iopl = c->user_regs.rflags >> 12 & 3;
	memcpy(v->traps, c->trap_ctxt, sizeof(v->traps));
	for (unsigned int i = 0; i < 256; i++)
		v->traps[i].vector = i;
	v->kernel_mode = kernel;
	v->kernel_ss = c->kernel_ss;
	v->kernel_sp = c->kernel_sp;
	v->event_cb.address = c->event_callback_eip;
	v->failsafe_cb = (struct callback){ c->failsafe_callback_eip,
					    c->flags & VGCF_failsafe_disables_events };
	v->syscall_cb = (struct callback){ c->syscall_callback_eip,
					   c->flags & VGCF_syscall_disables_events };
	v->fs_base = c->fs_base;
	v->gs_base = kernel ? c->gs_base_kernel : c->gs_base_user;
	v->gs_base_other = kernel ? c->gs_base_user : c->gs_base_kernel;
	v->xcr0 = 1;
	fpu_init(v->fpu);
	if (c->flags & VGCF_i387_valid) {
		/* x87 and SSE; a reserved MXCSR bit would fault when loaded. */
		memcpy(v->fpu, &c->fpu_ctxt, 512);
		((u32 *)v->fpu)[6] &= 0xffff;
		if (cpu_features.xsave)
			*(u64 *)((u8 *)v->fpu + 512) = 3;
	}
	if (v->id == 0)
		d->vm_assist = c->vm_assist;
	v->initialised = true;
	return 0;
}

/*
 * The state a guest or a domain builder asks for a vCPU that never ran. 0, or -EINVAL
 * or -ERESTART with nothing changed that matters: the vCPU stays uninitialised; -EBUSY
 * if somebody else is at it.
 */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int rc;

	if (__atomic_exchange_n(&v->claimed, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	rc = set_context(v, c);
	if (rc)
		__atomic_store_n(&v->claimed, false, __ATOMIC_RELEASE);
	return rc;
}
