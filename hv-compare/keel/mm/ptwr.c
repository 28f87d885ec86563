// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:48  Writes to page tables. Guests change L1 entries by plain instructions on
 * pages mapped read-only; the fault is turned into a checked update. Only what
 * kernels use is decoded: moves, exchanges, and/or and bit operations of up to 8
 * bytes within one entry. Anything else is the guest's own page fault.
 */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/trap.h>

u64 *reg_by_number(struct cpu_user_regs *r, unsigned int n);

enum ptw_op { PTW_MOV, PTW_XCHG, PTW_CMPXCHG, PTW_AND, PTW_OR, PTW_BTS, PTW_BTR };

struct ptw {
	enum ptw_op op;
	unsigned int len, width;	/* bytes: of the instruction, of the operand */
	u64 src;
	u64 *reg;			/* register operand, or NULL */
};

/* Bytes taken by modrm, SIB and displacement; 0: a register operand. */
static unsigned int modrm_len(const u8 *p)
{
	unsigned int mod = p[0] >> 6, rm = p[0] & 7, n = 1;

	if (mod == 3)
		return 0;
	if (rm == 4) {
		if (mod == 0 && (p[1] & 7) == 5)
			n += 4;
		n++;
	} else if (mod == 0 && rm == 5) {
		n += 4;
	}
	return n + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static bool decode(struct cpu_user_regs *r, const u8 *b, struct ptw *w)
{
	const u8 *p = b;
	bool two = false;
	unsigned int n, reg, imm = 0;
	u8 rex = 0, op;

	w->width = 4;
	for (;; p++) {
		if (*p == 0x66)
			w->width = 2;
		else if (*p != 0xf0 && *p != 0x3e && *p != 0x2e && *p != 0x26 &&
			 *p != 0x36 && *p != 0x64 && *p != 0x65)
			break;
		if (p - b > 4)
			return false;
	}
	if ((*p & 0xf0) == 0x40) {
		rex = *p++;
		if (rex & 8)
			w->width = 8;
	}
	op = *p++;
	if (op == 0x0f) {
		two = true;
		op = *p++;
	}
	n = modrm_len(p);
	if (!n)
		return false;
	reg = p[0] >> 3 & 7;
	w->reg = reg_by_number(r, reg | (rex & 4) << 1);
	p += n;

	if (!two) {
		switch (op) {
		case 0x88: w->width = 1; /* fall through */
		case 0x89: w->op = PTW_MOV; break;
		case 0x86: w->width = 1; /* fall through */
		case 0x87: w->op = PTW_XCHG; break;
		case 0x20: w->width = 1; /* fall through */
		case 0x21: w->op = PTW_AND; break;
		case 0x08: w->width = 1; /* fall through */
		case 0x09: w->op = PTW_OR; break;
		case 0xc6: w->width = 1; /* fall through */
		case 0xc7:
			if (reg)
				return false;
			w->op = PTW_MOV;
			imm = MIN(w->width, 4U);
			break;
		case 0x80: w->width = 1; /* fall through */
		case 0x81:
		case 0x83:
			if (reg != 4 && reg != 1)
				return false;
			w->op = reg == 4 ? PTW_AND : PTW_OR;
			imm = op == 0x81 ? MIN(w->width, 4U) : 1;
			break;
		default:
			return false;
		}
	} else {
		switch (op) {
		case 0xb0: w->width = 1; /* fall through */
		case 0xb1: w->op = PTW_CMPXCHG; break;
		case 0xab: w->op = PTW_BTS; break;
		case 0xb3: w->op = PTW_BTR; break;
		case 0xba:
			if (reg != 5 && reg != 6)
				return false;
			w->op = reg == 5 ? PTW_BTS : PTW_BTR;
			imm = 1;
			break;
		default:
			return false;
		}
	}
	/* Without REX, registers 4-7 of a byte operand are AH..BH. */
	if (w->width == 1 && !imm && !rex && reg >= 4)
		w->src = *reg_by_number(r, reg & 3) >> 8;
	else if (!imm)
		w->src = *w->reg;
	if (imm) {
		s64 v = 0;

		memcpy(&v, p, imm);
		v = v << (64 - 8 * imm) >> (64 - 8 * imm);
		w->src = v;
		w->reg = NULL;
		p += imm;
	}
	if (w->width == 1 && !rex && reg >= 4 && (w->op == PTW_XCHG))
		return false;
	w->len = p - b;
	return true;
}

static void set_flags(struct cpu_user_regs *r, u64 mask, bool zf, bool cf, bool sf)
{
	r->rflags &= ~mask;
	r->rflags |= ((zf ? EFLAGS_ZF : 0) | (cf ? EFLAGS_CF : 0) | (sf ? 0x80 : 0)) & mask;
}

bool ptwr_fault(struct cpu_user_regs *r, u64 va)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	unsigned int index, shift = (va & 7) * 8, bit = 0;
	u64 e, old, new, mask, field = 0;
	struct page *via, *table;
	struct ptw w;
	u8 insn[16];
	int rc;

	if (!d->privileged && !(d->vm_assist >> VMASST_TYPE_writable_pagetables & 1))
		return false;
	via = find_l1(v, va, &index);
	if (!via)
		return false;
	e = READ_ONCE(((u64 *)page_to_virt(via))[index]);
	if (!(e & PTE_P) || !mfn_is_ram(PTE_MFN(e)))
		return false;
	/* Made writable meanwhile: the access will work now. */
	if (e & PTE_RW) {
		invlpg(va);
		return true;
	}
	table = mfn_to_page(PTE_MFN(e));
	if ((READ_ONCE(table->type) & PT_TYPE) != PT_L1)
		return false;

	memset(insn, 0, sizeof(insn));
	if (copy_from_guest(insn, r->rip, 15) &&
	    copy_from_guest(insn, r->rip, PAGE_SIZE - (r->rip & ~PAGE_MASK)))
		return false;
	if (!decode(r, insn, &w) || (va & 7) + w.width > 8)
		return false;
	mask = w.width == 8 ? ~0UL : ((1UL << 8 * w.width) - 1) << shift;
	if (w.op == PTW_BTS || w.op == PTW_BTR) {
		/* With a register operand the bit number reaches beyond the word. */
		if (w.reg && w.src >= 8 * w.width)
			return false;
		bit = (w.src & (8 * w.width - 1)) + shift;
	}

	if (!get_page(table, d))
		return false;
	spin_lock(&d->pt_lock);
	if ((table->type & (PT_TYPE | PT_VALIDATED)) != (PT_L1 | PT_VALIDATED)) {
		/* No table any more: let the guest run into what it is now. */
		spin_unlock(&d->pt_lock);
		put_page(table);
		return false;
	}
	index = (va & ~PAGE_MASK) >> 3;
	old = READ_ONCE(((u64 *)page_to_virt(table))[index]);
	do {
		field = (old & mask) >> shift;
		switch (w.op) {
		case PTW_MOV:
		case PTW_XCHG:
			new = (old & ~mask) | (w.src << shift & mask);
			break;
		case PTW_CMPXCHG:
			new = old;
			if (field == (r->rax & mask >> shift))
				new = (old & ~mask) | (w.src << shift & mask);
			break;
		case PTW_AND:
			new = old & (w.src << shift | ~mask);
			break;
		case PTW_OR:
			new = old | (w.src << shift & mask);
			break;
		case PTW_BTS:
			new = old | 1UL << bit;
			break;
		default:
			new = old & ~(1UL << bit);
			break;
		}
		rc = new == old ? 0 : cmpxchg_l1(d, table, index, &old, new);
	} while (rc == 1);
	spin_unlock(&d->pt_lock);
	put_page(table);
	if (rc)
		return false;

	switch (w.op) {
	case PTW_XCHG:
		if (w.width == 8)
			*w.reg = old;
		else if (w.width == 4)
			*w.reg = (u32)field;
		else
			memcpy(w.reg, &field, w.width);
		break;
	case PTW_CMPXCHG: {
		bool equal = field == (r->rax & mask >> shift);

		set_flags(r, EFLAGS_ZF, equal, false, false);
		if (!equal) {
			if (w.width == 4)
				r->rax = (u32)field;
			else
				memcpy(&r->rax, &field, w.width);
		}
		break;
	}
	case PTW_AND:
	case PTW_OR: {
		u64 res = (new & mask) >> shift;

		set_flags(r, 0x8c5, !res, false, res >> (8 * w.width - 1) & 1);
		break;
	}
	case PTW_BTS:
	case PTW_BTR:
		set_flags(r, EFLAGS_CF, false, old >> bit & 1, false);
		break;
	default:
		break;
	}
	r->rip += w.len;
	r->rflags &= ~EFLAGS_RF;
	return true;
}
