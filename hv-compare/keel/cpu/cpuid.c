// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:33  What a guest's kernel sees of the processor when it asks by the forced
 * form of CPUID. A feature is visible only if keel virtualises it.
 */
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/lib.h>
#include <keel/trap.h>

#define MAX_BASIC 0xdU
#define MAX_EXTENDED 0x80000008U
#define XEN_LEAF 0x40000000U

/* Leaf 1. Not: VME, PSE, PGE, PSE36 (no large or global pages), SEP, MTRR, MCE, MCA. */
#define L1_EDX 0x1fc98375U
/* Not: MONITOR, VMX, SMX, EIST, PCID, x2APIC, TSC deadline, performance counters. */
#define L1_ECX 0x76d83203U
#define L1_ECX_OSXSAVE (1U << 27)
#define L1_ECX_HYPERVISOR (1U << 31)
/* Leaf 7: FSGSBASE BMI1 AVX2 BMI2 ERMS RDSEED ADX CLFLUSHOPT CLWB SHA; VAES VPCLMUL. */
#define L7_EBX 0x218c0329U
#define L7_ECX 0x00000600U
/* Not: PSE, PGE, PSE36, 1 GiB pages; SVM, topology and profiling extensions. */
#define LE1_EDX 0xe9d18b75U
#define LE1_ECX 0x000001e1U

static u32 xsave_size(u64 xcr0)
{
	return xcr0 & 4 ? 832 : 576;
}

static void xen_leaf(struct vcpu *v, u32 leaf, u32 out[4])
{
	memset(out, 0, 16);
	switch (leaf - XEN_LEAF) {
	case 0:
		out[0] = XEN_LEAF + 5;
		memcpy(out + 1, "XenVMMXenVMM", 12);
		break;
	case 1:
		out[0] = 0x00040011;
		break;
	case 2:		/* hypercall pages, and the MSR that fills them */
		out[0] = 1;
		out[1] = 0x40000000;
		break;
	case 3:		/* time-stamp counter: native, no offset */
		out[0] = 0;
		out[2] = tsc_khz();
		break;
	case 4:
		out[0] = 1 << 3;	/* domain id in ecx */
		out[2] = v->domain->id;
		break;
	case 5:
		out[1] = 52;		/* bits of a machine address in a PTE */
		break;
	}
}

void guest_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
	u32 r[4];

	if (leaf >= XEN_LEAF && leaf < XEN_LEAF + 0x100) {
		xen_leaf(v, leaf, out);
		return;
	}
	memset(out, 0, 16);
	if ((leaf > MAX_BASIC && leaf < 0x80000000U) || leaf > MAX_EXTENDED)
		return;
	cpuid(leaf & 0x80000000U, 0, r);
	if (leaf > r[0])
		return;
	cpuid(leaf, sub, out);
	switch (leaf) {
	case 0:
		out[0] = MIN(out[0], MAX_BASIC);
		break;
	case 1:
		out[1] = (out[1] & 0xffff) | v->id << 25 | 1 << 16;
		out[2] = (out[2] & L1_ECX) | L1_ECX_HYPERVISOR;
		/*
		 * CR4.OSXSAVE is keel's and always on: programs see that by the
		 * plain form, and Linux uses XSAVE only if it sees it from the
		 * start. Without, it would leave AVX off in XCR0 while programs
		 * that do not read XCR0 (coreutils) take it for usable.
		 */
		if (cpu_features.xsave)
			out[2] |= L1_ECX_OSXSAVE;
		out[3] &= L1_EDX;
		break;
	case 2:
	case 4:
		break;
	case 7:
		if (sub) {
			memset(out, 0, 16);
			break;
		}
		out[0] = 0;
		out[1] &= L7_EBX;
		out[2] &= L7_ECX;
		out[3] = 0;
		break;
	case 0xd:
		if (!cpu_features.xsave || sub > 2) {
			memset(out, 0, 16);
		} else if (sub == 0) {
			out[0] = cpu_features.xcr0_mask;
			out[1] = xsave_size(v->xcr0);
			out[2] = xsave_size(cpu_features.xcr0_mask);
			out[3] = 0;
		} else if (sub == 1) {
			out[0] &= 5;	/* XSAVEOPT, XGETBV 1 */
			out[1] = out[2] = out[3] = 0;
		}
		break;
	case 0x80000000:
		out[0] = MIN(out[0], MAX_EXTENDED);
		break;
	case 0x80000001:
		out[2] &= LE1_ECX;
		out[3] &= LE1_EDX;
		break;
	case 0x80000002 ... 0x80000006:
		break;
	case 0x80000007:
		out[0] = out[1] = out[2] = 0;
		out[3] &= 1 << 8;
		break;
	case 0x80000008:
		out[1] = out[2] = out[3] = 0;
		break;
	default:
		memset(out, 0, 16);
	}
}
