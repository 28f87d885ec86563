/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen_version, the hypercall page, unknown numbers, bad pointers. */
#include "rt/rt.h"

/*
 * void hypercall_registers(u64 after[12], const u64 before[12]): xen_version with
 * rdi rsi rdx r10 r8 r9 r12 r13 r14 r15 rbx rbp as given, and as they came back.
 */
void hypercall_registers(u64 *after, const u64 *before);
__asm__(".text\n"
	"hypercall_registers:\n"
	"	push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
	"	mov %rsi, %rax\n"
	"	mov 0(%rax), %rdi; mov 8(%rax), %rsi; mov 16(%rax), %rdx; mov 24(%rax), %r10\n"
	"	mov 32(%rax), %r8; mov 40(%rax), %r9; mov 48(%rax), %r12; mov 56(%rax), %r13\n"
	"	mov 64(%rax), %r14; mov 72(%rax), %r15; mov 80(%rax), %rbx; mov 88(%rax), %rbp\n"
	"	mov $17, %eax; syscall; pop %rax\n"
	"	mov %rdi, 0(%rax); mov %rsi, 8(%rax); mov %rdx, 16(%rax); mov %r10, 24(%rax)\n"
	"	mov %r8, 32(%rax); mov %r9, 40(%rax); mov %r12, 48(%rax); mov %r13, 56(%rax)\n"
	"	mov %r14, 64(%rax); mov %r15, 72(%rax); mov %rbx, 80(%rax); mov %rbp, 88(%rax)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n");

static int text_ok(const char *s, size_t room)
{
	size_t n = 0;

	while (n < room && s[n])
		n++;
	return n < room;
}

void test_main(void)
{
	char extra[XEN_EXTRAVERSION_LEN];
	struct xen_feature_info f = { .submap_idx = 0 };
	struct xen_compile_info ci;
	xen_capabilities_info_t caps;
	xen_platform_parameters_t pp;
	char changeset[64];
	void *bad = (void *)0xffff830000000000, *ro;
	int found = 0, hole;

	is(version_op(XENVER_version, NULL), 0x00040011, "version is 4.17");
	memset(extra, 'x', sizeof(extra));
	is(version_op(XENVER_extraversion, extra), 0, "extra version");
	ok(text_ok(extra, sizeof(extra)), "it is terminated text");
	is(version_op(XENVER_compile_info, &ci), 0, "compile_info");
	ok(text_ok(ci.compiler, sizeof(ci.compiler)) &&
	   text_ok(ci.compile_by, sizeof(ci.compile_by)) &&
	   text_ok(ci.compile_domain, sizeof(ci.compile_domain)) &&
	   text_ok(ci.compile_date, sizeof(ci.compile_date)), "four texts");
	memset(caps, 0, sizeof(caps));
	is(version_op(XENVER_capabilities, caps), 0, "capabilities");
	for (size_t i = 0; i + 14 < sizeof(caps); i++)
		found |= !strncmp(caps + i, "xen-3.0-x86_64", 14);
	ok(found, "they name xen-3.0-x86_64 (\"%.60s\")", caps);
	is(version_op(XENVER_changeset, changeset), 0, "changeset");
	is(version_op(XENVER_platform_parameters, &pp), 0, "platform_parameters");
	is((long)pp.virt_start, (long)0xffff800000000000, "hypervisor's addresses start there");
	is(version_op(XENVER_pagesize, NULL), 4096, "pagesize");

	is(version_op(XENVER_get_features, &f), 0, "get_features");
	note("features %#x", f.submap);
	is(f.submap & 1U << XENFEAT_writable_page_tables, 0, "no writable page tables");
	is(f.submap & 1U << XENFEAT_auto_translated_physmap, 0, "no translated memory");
	ok(f.submap & 1U << XENFEAT_pae_pgdir_above_4gb, "page tables anywhere");
	ok(f.submap & 1U << XENFEAT_mmu_pt_update_preserve_ad, "preserve_ad");
	ok(f.submap & 1U << XENFEAT_gnttab_map_avail_bits, "gnttab_map_avail_bits");
	is(f.submap >> XENFEAT_dom0 & 1, privileged(), "dom0, if it is privileged");
	f.submap_idx = 1;
	is(version_op(XENVER_get_features, &f), -XINVAL, "there is no submap 1");
	f.submap_idx = 0xffffffff;
	is(version_op(XENVER_get_features, &f), -XINVAL, "nor submap 2^32 - 1");
	is(version_op(99, NULL), -XNOSYS, "unknown sub-operation");

	/* Unknown hypercalls, also far outside of any table. */
	is(HC_1(47, 0), -XNOSYS, "hypercall 47");
	is(HC_1(63, 0), -XNOSYS, "hypercall 63");
	is(HC_1(64, 0), -XNOSYS, "hypercall 64");
	is(HC_1(0x7fffffff, 0), -XNOSYS, "hypercall 2^31 - 1");
	is(HC_1(-1, 0), -XNOSYS, "hypercall -1");
	is(HC_1((long)0x8000000000000011, 0), -XNOSYS, "hypercall 2^63 + 17");

	/* Pointers that are not the guest's to write. */
	is(version_op(XENVER_extraversion, bad), -XFAULT, "result into the hypervisor");
	is(version_op(XENVER_extraversion, (void *)M2P), -XFAULT, "result into the m2p table");
	is(version_op(XENVER_extraversion, (void *)0x7ffffffff000), -XFAULT,
	   "result to where nothing is mapped");
	is(version_op(XENVER_extraversion, (void *)0x1234567890abcdef), -XFAULT,
	   "result to an address that is none");
	is(version_op(XENVER_compile_info, (void *)-8L), -XFAULT, "result around the end");
	is(version_op(XENVER_get_features, NULL), -XFAULT, "argument at 0");
	ro = page_alloc();
	make_ro(ro);
	is(version_op(XENVER_extraversion, ro), -XFAULT, "result to a read-only page");
	is(version_op(XENVER_get_features, (void *)si->pt_base), -XFAULT,
	   "result to a page table");
	hole = 0;
	for (int i = 0; i < 4096; i++)
		hole |= ((u8 *)ro)[i];
	is(hole, 0, "nothing was written there");

	/* The hypercall page, which this image asks for by its note. */
	is(hypercall_by_page(17, XENVER_version, 0, 0, 0), 0x00040011, "hypercall page works");
	is(hypercall_by_page(63, 0, 0, 0, 0), -XNOSYS, "its slot 63 too");
	ok(hypercall_page[0] == 0x51 || hypercall_page[0] == 0xf3 || hypercall_page[0] == 0x48,
	   "slot 0 saves rcx first (byte %#x)", hypercall_page[0]);

	/* The registers a hypercall may change are rax, rcx, r11. */
	{
		u64 r[12], want[12];
		int same = 1;

		for (int i = 0; i < 12; i++)
			want[i] = rnd();
		want[0] = XENVER_version;	/* rdi */
		want[1] = 0;			/* rsi */
		hypercall_registers(r, want);
		/* Xen 4.17 itself does not promise the argument registers. */
		for (int i = 6; i < 12; i++)
			same &= r[i] == want[i];
		ok(same, "callee's registers survive a hypercall");
		same = 1;
		for (int i = 0; i < 6; i++)
			same &= r[i] == want[i];
		ok(same, "argument registers survive a hypercall");
	}
}
