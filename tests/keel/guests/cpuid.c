/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpuid as the hypervisor gives it: by the forced form ud2; "xen"; cpuid. */
#include "rt/rt.h"

struct leaf { u32 a, b, c, d; };

static struct leaf forced(u32 leaf, u32 sub)
{
	struct leaf r;

	__asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "0"(leaf), "2"(sub));
	return r;
}

/* Feature must be hidden: a PV guest could not use it or would be misled. */
static void hidden(u32 reg, int bit, const char *name)
{
	is(reg >> bit & 1, 0, "%s is hidden", name);
}

static void shown(u32 reg, int bit, const char *name)
{
	is(reg >> bit & 1, 1, "%s is there", name);
}

void test_main(void)
{
	struct leaf r = forced(0, 0), x;
	char name[13];
	u32 base = 0x40000000, max;

	ok(r.a >= 1 && r.a < 0x100, "highest leaf %#x", r.a);
	max = r.a;
	memcpy(name, &r.b, 4);
	memcpy(name + 4, &r.d, 4);
	memcpy(name + 8, &r.c, 4);
	name[12] = 0;
	note("vendor \"%s\"", name);

	r = forced(1, 0);
	note("leaf 1: %#x %#x %#x %#x", r.a, r.b, r.c, r.d);
	shown(r.d, 0, "FPU");
	shown(r.d, 5, "MSR");
	shown(r.d, 6, "PAE");
	shown(r.d, 8, "CMPXCHG8B");
	shown(r.d, 15, "CMOV");
	shown(r.d, 24, "FXSR");
	shown(r.d, 25, "SSE");
	shown(r.d, 26, "SSE2");
	hidden(r.d, 1, "VME");
	hidden(r.d, 3, "PSE");
	hidden(r.d, 13, "PGE");
	hidden(r.d, 17, "PSE36");
	hidden(r.d, 11, "SEP");
	shown(r.c, 31, "HYPERVISOR");
	hidden(r.c, 3, "MONITOR");
	hidden(r.c, 5, "VMX");
	hidden(r.c, 17, "PCID");
	hidden(r.c, 21, "X2APIC");
	if (max >= 7) {
		r = forced(7, 0);
		note("leaf 7: %#x %#x %#x %#x", r.a, r.b, r.c, r.d);
		hidden(r.b, 7, "SMEP");
		hidden(r.b, 20, "SMAP");
		hidden(r.b, 10, "INVPCID");
		hidden(r.c, 3, "PKU");
		hidden(r.c, 16, "LA57");
		hidden(r.c, 7, "CET_SS");
		hidden(r.c, 2, "UMIP");
	}
	r = forced(0x80000001, 0);
	note("leaf 80000001: %#x %#x", r.c, r.d);
	shown(r.d, 29, "LM");
	shown(r.d, 11, "SYSCALL");
	shown(r.d, 20, "NX");
	hidden(r.d, 26, "1 GiB pages");
	hidden(r.c, 2, "SVM");
	if (max >= 0xd && forced(1, 0).c >> 26 & 1) {
		r = forced(0xd, 0);
		note("leaf d: %#x %#x %#x %#x", r.a, r.b, r.c, r.d);
		ok((r.a & 3) == 3, "XSAVE has x87 and SSE");
		ok(r.b >= 576 && r.c >= r.b && r.c <= 4096, "its sizes make sense");
	}

	/* The hypervisor's leaves. */
	r = forced(base, 0);
	memcpy(name, &r.b, 4);
	memcpy(name + 4, &r.c, 4);
	memcpy(name + 8, &r.d, 4);
	ok(!strcmp(name, "XenVMMXenVMM"), "signature \"%s\"", name);
	ok(r.a >= base + 2 && r.a < base + 0x100, "highest leaf %#x", r.a);
	r = forced(base + 1, 0);
	is(r.a, 0x00040011, "version");
	r = forced(base + 2, 0);
	ok(r.a >= 1, "pages of hypercalls (%u), MSR %#x", r.a, r.b);

	/* RIP is behind the seven bytes, in the plain form too; junk is #UD. */
	PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2",
	      : "=a"(x.a), "=b"(x.b), "=c"(x.c), "=d"(x.d) : "a"(0), "c"(0) : "memory");
	is(caught.vector, -1, "no exception reaches the guest");
	PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6d, 0x0f, 0xa2", ::: "rax", "rbx", "rcx", "rdx", "memory");
	is(caught.vector, 6, "ud2; \"xem\": #UD");
	is((long)caught.rip, (long)probe_rip, "RIP at the ud2");
	PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x90, 0x90", ::: "rax", "rbx", "rcx", "rdx", "memory");
	is(caught.vector, 6, "ud2; \"xen\"; nop: #UD");
	/* Leaves far out give zeros or the highest leaf's, and no harm. */
	forced(0xffffffff, 0xffffffff);
	forced(0x7fffffff, 0);
	forced(0xd, 0xffffffff);
	forced(4, 0xffffffff);
	forced(0x400000ff, 0);
	ok(1, "leaves far out do no harm");
	{
		/* At the very end of a page, with nothing behind: the prefix is cut. */
		u8 *p = page_alloc(), *q = page_alloc();

		if (q != p + PAGE)
			bail("pages are not neighbours");
		p[4094] = 0x0f;
		p[4095] = 0x0b;
		is(update_va(q, 0, UVMF_INVLPG | UVMF_ALL), 0, "unmap the page behind");
		PROBE("jmp *%0", :: "r"(p + 4094) : "memory");
		/* Xen reports the page fault of its own look at the prefix. */
		is_any(caught.vector, 6, 14, "ud2 at the end of a page: #UD or page fault");
		is((long)caught.rip, (long)(p + 4094), "RIP at the ud2");
	}
}
