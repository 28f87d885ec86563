// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:32  Privileged instructions. A guest kernel runs in ring 3, so they fault;
 * what it may do is done here, on state that is the guest's own.
 */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/physdev.h>
#include <keel/trap.h>

/* In the order of the instruction encoding. */
u64 *reg_by_number(struct cpu_user_regs *r, unsigned int n)
{
	u64 *const regs[16] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
		&r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15,
	};

	return regs[n & 15];
}

/* ---- port input and output ---- */

static bool io_allowed(struct vcpu *v, u16 port, unsigned int size)
{
	if (v->iopl >= (v->kernel_mode ? 1 : 3))
		return true;
	if (v->kernel_mode || !v->domain->iobitmap)
		return false;
	for (unsigned int i = 0; i < size; i++)
		if (port + i > 0xffff || test_bit(port + i, v->domain->iobitmap))
			return false;
	return true;
}

static u32 port_read(struct vcpu *v, u16 port, unsigned int size)
{
	if (!port_accessible(v->domain, port, size))
		return ~0U;
	switch (size) {
	case 1: return in8(port);
	case 2: return in16(port);
	default: return in32(port);
	}
}

static void port_write(struct vcpu *v, u16 port, unsigned int size, u32 val)
{
	if (!port_accessible(v->domain, port, size))
		return;
	switch (size) {
	case 1: out8(port, val); break;
	case 2: out16(port, val); break;
	default: out32(port, val); break;
	}
}

static void set_low(u64 *reg, unsigned int size, u32 v)
{
	switch (size) {
	case 1: *(u8 *)reg = v; break;
	case 2: *(u16 *)reg = v; break;
	default: *reg = v; break;
	}
}

/* ---- model registers ---- */

static bool msr_read(struct vcpu *v, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		*val = rdmsr(msr);
		return true;
	case MSR_TSC:
		*val = rdtsc();
		return true;
	case MSR_TSC_AUX:
		*val = v->tsc_aux;
		return true;
	case MSR_APIC_BASE:
		*val = 0xfee00800 | (v->id ? 0 : 0x100);
		return true;
	case MSR_PAT:
		*val = PAT_VALUE;
		return true;
	case MSR_EFER:
		*val = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
		return true;
	case 0x8b:		/* microcode revision */
	case 0xc001001f:	/* NB_CFG */
	case 0xc0010015:	/* HWCR */
	case 0xc0010055:	/* interrupt pending message */
	case 0xc0011029:	/* DE_CFG */
	case 0x17a:		/* machine check status: none */
		*val = 0;
		return true;
	case MSR_MISC_ENABLE:
		*val = 1;	/* fast strings; no branch trace, no PEBS to speak of */
		return true;
	default:
		return false;
	}
}

static bool msr_write(struct vcpu *v, u32 msr, u64 val)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		/* TCG does not check what hardware refuses. */
		if (!canonical(val))
			return false;
		wrmsr(msr, val);
		return true;
	case MSR_TSC_AUX:
		if (val >> 32)
			return false;
		v->tsc_aux = val;
		return !wrmsr_fixup(msr, val);
	case MSR_PAT:
		return val == PAT_VALUE;
	case 0x8b:
	case MSR_MISC_ENABLE:
		return true;	/* written without effect by kernels that mean well */
	default:
		return false;
	}
}

/* ---- control registers ---- */

#define CR0_GUEST (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)
/* Bits a guest may flip in its view; only TSD has an effect of its own. */
#define CR4_GUEST_MAY (CR4_TSD | CR4_DE | CR4_OSXSAVE | CR4_FSGSBASE)
#define CR4_GUEST_FIXED (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

static bool cr_read(struct vcpu *v, unsigned int n, u64 *val)
{
	switch (n) {
	case 0:
		*val = CR0_GUEST | v->cr0_ts;
		return true;
	case 2:
		*val = v->vcpu_info->arch.cr2;
		return true;
	case 3:
		*val = v->guest_table << PAGE_SHIFT;
		return true;
	case 4:
		*val = v->cr4 | CR4_GUEST_FIXED;
		return true;
	default:
		return false;
	}
}

/* *again: not done yet; the guest executes the instruction once more. */
static bool cr_write(struct vcpu *v, unsigned int n, u64 val, bool *again)
{
	switch (n) {
	case 0:
		if ((val ^ CR0_GUEST) & ~CR0_TS)
			return false;
		v->cr0_ts = val & CR0_TS;
		write_cr0((read_cr0() & ~CR0_TS) | v->cr0_ts);
		return true;
	case 2:
		v->vcpu_info->arch.cr2 = val;
		return true;
	case 3: {
		int rc = val & ~PAGE_MASK ? -EINVAL : guest_new_base(v, val >> PAGE_SHIFT);

		*again = rc == -ERESTART;
		return !rc || *again;
	}
	case 4:
		/* What it cannot have stays off; kernels read back what they got. */
		v->cr4 = val & CR4_GUEST_MAY;
		if (!cpu_features.xsave)
			v->cr4 &= ~CR4_OSXSAVE;
		return true;
	default:
		return false;
	}
}

static bool set_xcr0(struct vcpu *v, u32 idx, u64 val)
{
	if (idx || !cpu_features.xsave || !(val & 1) || val & ~cpu_features.xcr0_mask ||
	    ((val & 4) && !(val & 2)))
		return false;
	v->xcr0 = val;
	return !xsetbv_fixup(0, val);
}

/* ---- decoding ---- */

bool emulate_forced_cpuid(struct cpu_user_regs *r)
{
	static const u8 seq[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 insn[7];
	u32 out[4];

	if (copy_from_guest(insn, r->rip, sizeof(insn)) || memcmp(insn, seq, sizeof(seq)))
		return false;
	guest_cpuid(current_vcpu(), r->rax, r->rcx, out);
	r->rax = out[0];
	r->rbx = out[1];
	r->rcx = out[2];
	r->rdx = out[3];
	r->rip += sizeof(insn);
	return true;
}

/* One step of ins/outs; a repeated one comes back until RCX is 0. */
static bool string_io(struct vcpu *v, struct cpu_user_regs *r, bool out, bool rep,
		      unsigned int size, bool *again)
{
	u16 port = r->rdx;
	s64 step = r->rflags & EFLAGS_DF ? -(s64)size : (s64)size;
	u32 val = 0;

	*again = false;
	if (!io_allowed(v, port, size))
		return false;
	if (rep && !r->rcx)
		return true;
	if (out) {
		if (copy_from_guest(&val, r->rsi, size)) {
			inject_page_fault(r->rsi, 0);
			*again = true;
			return true;
		}
		port_write(v, port, size, val);
		r->rsi += step;
	} else {
		val = port_read(v, port, size);
		if (copy_to_guest(r->rdi, &val, size)) {
			inject_page_fault(r->rdi, PFEC_WRITE);
			*again = true;
			return true;
		}
		r->rdi += step;
	}
	if (rep)
		*again = --r->rcx != 0;
	return true;
}

struct fetch {
	u8 bytes[15];
	unsigned int len, pos;
};

/* As many bytes as are readable: an instruction may end at a page's end. */
static void fetch_start(struct fetch *f, u64 rip)
{
	u64 room = PAGE_SIZE - (rip & ~PAGE_MASK);

	f->pos = 0;
	f->len = MIN(sizeof(f->bytes), room);
	if (copy_from_guest(f->bytes, rip, f->len))
		f->len = 0;
	else if (f->len < sizeof(f->bytes) &&
		 !copy_from_guest(f->bytes + f->len, rip + f->len, sizeof(f->bytes) - f->len))
		f->len = sizeof(f->bytes);
}

static int next_byte(struct fetch *f)
{
	return f->pos < f->len ? f->bytes[f->pos++] : -1;
}

static bool emulate_0f(struct vcpu *v, struct cpu_user_regs *r, struct fetch *f, u8 rex,
		       bool *again)
{
	int op = next_byte(f), modrm;
	unsigned int reg, rm;
	u64 val;

	/* Everything here belongs to the guest's kernel. */
	if (!v->kernel_mode)
		return false;
	switch (op) {
	case 0x01:
		if (next_byte(f) != 0xd1)	/* xsetbv */
			return false;
		return set_xcr0(v, r->rcx, (u32)r->rax | r->rdx << 32);
	case 0x06:	/* clts */
		return cr_write(v, 0, CR0_GUEST, again);
	case 0x09:	/* wbinvd: no device of the guest is out of the caches' reach */
		return true;
	case 0x20: case 0x21: case 0x22: case 0x23:
		modrm = next_byte(f);
		if (modrm < 0)
			return false;
		reg = (modrm >> 3 & 7) | (rex & 4) << 1;
		rm = (modrm & 7) | (rex & 1) << 3;
		if (op == 0x20) {
			if (!cr_read(v, reg, &val))
				return false;
			*reg_by_number(r, rm) = val;
			return true;
		}
		if (op == 0x22)
			return cr_write(v, reg, *reg_by_number(r, rm), again);
		if (reg > 7)
			return false;
		/* Debug registers are remembered and have no effect. */
		if (op == 0x21)
			*reg_by_number(r, rm) = v->dr[reg];
		else
			v->dr[reg] = *reg_by_number(r, rm);
		return true;
	case 0x30:
		return msr_write(v, r->rcx, (u32)r->rax | r->rdx << 32);
	case 0x32:
		if (!msr_read(v, r->rcx, &val)) {
			/* Before there is a handler, a #GP could only kill. */
			if (v->traps[EXC_GP].address)
				return false;
			val = 0;
		}
		r->rax = (u32)val;
		r->rdx = val >> 32;
		return true;
	case 0x31: {	/* rdtsc with CR4.TSD */
		u64 t = rdtsc();

		r->rax = (u32)t;
		r->rdx = t >> 32;
		return true;
	}
	default:
		return false;
	}
}

bool emulate_privileged(struct cpu_user_regs *r)
{
	struct vcpu *v = current_vcpu();
	struct fetch f;
	unsigned int size = 4;
	bool rep = false, again = false, done;
	u8 rex = 0;
	int op, imm;

	fetch_start(&f, r->rip);
	for (;;) {
		op = next_byte(&f);
		if (op == 0x66)
			size = 2;
		else if (op == 0xf2 || op == 0xf3)
			rep = true;
		else if (op != 0x67 && op != 0x2e && op != 0x36 && op != 0x3e &&
			 op != 0x26 && op != 0x64 && op != 0x65)
			break;
	}
	if (op >= 0x40 && op <= 0x4f && r->cs != GUEST_CS32) {
		rex = op;
		op = next_byte(&f);
	}
	switch (op) {
	case 0x6c: case 0x6d: case 0x6e: case 0x6f:
		done = string_io(v, r, op & 2, rep, op & 1 ? size : 1, &again);
		if (done && again)
			return true;
		break;
	case 0xe4: case 0xe5: case 0xe6: case 0xe7:
	case 0xec: case 0xed: case 0xee: case 0xef:
		if (!(op & 1))
			size = 1;
		imm = op & 8 ? (u16)r->rdx : next_byte(&f);
		if (imm < 0 || !io_allowed(v, imm, size))
			return false;
		if (op & 2)
			port_write(v, imm, size, r->rax);
		else
			set_low(&r->rax, size, port_read(v, imm, size));
		done = true;
		break;
	case 0xfa:	/* cli, sti: event masking is in memory; these do nothing */
	case 0xfb:
		done = v->kernel_mode || v->iopl >= 3;
		break;
	case 0x0f:
		done = emulate_0f(v, r, &f, rex, &again);
		if (done && again)
			return true;
		break;
	default:
		return false;
	}
	if (done)
		r->rip += f.pos;
	return done;
}
