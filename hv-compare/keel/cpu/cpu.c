// SPDX-License-Identifier: GPL-2.0-or-later
/* R:21  One processor: descriptor tables, control registers, model registers. */
#include <keel/boot.h>
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/trap.h>

struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus = 1;
struct cpu_features cpu_features;
bool opt_noreboot;

char cpu_stacks[MAX_CPUS][STACK_SIZE]
	__attribute__((aligned(STACK_SIZE), section(".bss.stacks,\"aw\",@nobits#")));
u64 syscall_scratch[MAX_CPUS][2];

static u64 gdt_page[MAX_CPUS][512]
	__attribute__((aligned(4096), section(".bss.page,\"aw\",@nobits#")));

struct idt_gate {
	u16 off_lo, sel;
	u8 ist, attr;
	u16 off_mid;
	u32 off_hi, rsvd;
};
static struct idt_gate idt[256]
	__attribute__((aligned(4096), section(".bss.page,\"aw\",@nobits#")));

/* Stacks for what may come at any instruction, at the low end of the CPU's own. */
#define IST_SIZE 0x1000
enum { IST_NMI = 1, IST_DF, IST_MC };

void cpu_detect(void)
{
	u32 r[4], max, extmax;

	cpuid(0, 0, r);
	max = r[0];
	cpuid(0x80000000, 0, r);
	extmax = r[0];
	cpuid(1, 0, r);
	cpu_features.pge = r[3] >> 13 & 1;
	cpu_features.xsave = r[2] >> 26 & 1;
	if (max >= 7) {
		cpuid(7, 0, r);
		cpu_features.fsgsbase = r[1] & 1;
	}
	if (extmax >= 0x80000001) {
		cpuid(0x80000001, 0, r);
		cpu_features.nx = r[3] >> 20 & 1;
		cpu_features.gbpages = r[3] >> 26 & 1;
	}
	cpu_features.phys_bits = 36;
	if (extmax >= 0x80000008) {
		cpuid(0x80000008, 0, r);
		cpu_features.phys_bits = r[0] & 0xff;
	}
	if (!cpu_features.nx)
		panic("cpu: no-execute is required");
	cpu_features.xsave_size = 512;
	if (cpu_features.xsave) {
		cpuid(13, 0, r);
		/* x87, SSE, AVX; wider state only once it is sized and tested. */
		cpu_features.xcr0_mask = r[0] & 7;
		cpu_features.xsave_size = cpu_features.xcr0_mask & 4 ? 832 : 576;
	}
}

static void idt_set(unsigned int vec, unsigned int dpl, unsigned int ist)
{
	u64 a = trap_stubs[vec];

	idt[vec] = (struct idt_gate){
		.off_lo = a, .off_mid = a >> 16, .off_hi = a >> 32,
		.sel = KEEL_CS, .ist = ist, .attr = 0x8e | dpl << 5,
	};
}

static void idt_build(void)
{
	for (unsigned int i = 0; i < 256; i++)
		idt_set(i, 0, 0);
	idt_set(EXC_NMI, 0, IST_NMI);
	idt_set(EXC_DF, 0, IST_DF);
	idt_set(EXC_MC, 0, IST_MC);
	/* int3 and into come from any ring by themselves. */
	idt_set(EXC_BP, 3, 0);
	idt_set(EXC_OF, 3, 0);
	idt_set(0x80, 3, 0);
}

void cpu_idle_gdt(void)
{
	asm volatile("lgdt %0" :: "m"(this_cpu()->idle_gdtr));
	lldt(0);
}

static void gdt_build(struct cpu *c)
{
	u64 *g = c->gdt, tss = (u64)&c->tss;

	g[1] = 0x00af9b000000ffff;	/* KEEL_CS */
	g[2] = 0x00cf93000000ffff;	/* KEEL_DS */
	g[4] = 0x00cffb000000ffff;	/* GUEST_CS32 */
	g[5] = 0x00cff3000000ffff;	/* GUEST_DS */
	g[6] = 0x00affb000000ffff;	/* GUEST_CS64 */
	g[7] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 | 0x89UL << 40 |
	       (tss >> 24 & 0xff) << 56;
	g[8] = tss >> 32;
	/*
	 * Without a guest, the table seems to start 14 pages lower, so that the
	 * selectors are the same ones. What lies below is never referenced.
	 */
	c->idle_gdtr.limit = GDT_RESERVED_BYTE + 4095;
	c->idle_gdtr.base = (u64)g - GDT_RESERVED_BYTE;
}

void cpu_init(unsigned int id)
{
	struct cpu *c = &cpus[id];
	struct cpu_info *ci = (struct cpu_info *)(cpu_stacks[id] + STACK_SIZE) - 1;
	struct desc_ptr idtr = { sizeof(idt) - 1, (u64)idt };
	u64 cr4;

	ci->cpu = c;
	c->id = id;
	c->tables_left = ~0U;	/* until there is a guest */
	c->gdt = gdt_page[id];
	c->tss.rsp[0] = (u64)&ci->guest.es;
	c->tss.iomap = sizeof(struct tss);
	c->tss.ist[IST_NMI - 1] = (u64)cpu_stacks[id] + 1 * IST_SIZE;
	c->tss.ist[IST_DF - 1] = (u64)cpu_stacks[id] + 2 * IST_SIZE;
	c->tss.ist[IST_MC - 1] = (u64)cpu_stacks[id] + 3 * IST_SIZE;
	gdt_build(c);
	if (id == 0)
		idt_build();

	cpu_idle_gdt();
	asm volatile("pushq %0; lea 1f(%%rip),%%rax; push %%rax; lretq; 1:"
		     :: "i"(KEEL_CS) : "rax", "memory");
	load_ds(0);
	load_es(0);
	load_fs(0);
	load_gs(0);
	asm volatile("mov %0,%%ss" :: "r"(0));
	asm volatile("ltr %0" :: "r"((u16)KEEL_TSS));
	asm volatile("lidt %0" :: "m"(idtr));

	cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (cpu_features.pge)
		cr4 |= CR4_PGE;
	if (cpu_features.xsave)
		cr4 |= CR4_OSXSAVE;
	if (cpu_features.fsgsbase)
		cr4 |= CR4_FSGSBASE;
	write_cr4(cr4);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	if (cpu_features.xsave)
		xsetbv(0, 1);

	wrmsr(MSR_PAT, PAT_VALUE);
	wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
	syscall_scratch[id][1] = c->tss.rsp[0];
	wrmsr(MSR_STAR, (u64)(KEEL_CS) << 32 | (u64)GUEST_CS32 << 48);
	wrmsr(MSR_LSTAR, (u64)syscall_stubs + 32 * id);
	wrmsr(MSR_CSTAR, (u64)syscall32_stubs + 32 * id);
	wrmsr(MSR_FMASK, EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT |
			 EFLAGS_RF | EFLAGS_AC);
	/* SYSENTER is not offered: a null selector makes it #GP. */
	wrmsr(MSR_SYSENTER_CS, 0);
}

void fpu_init(void *area)
{
	u8 *a = area;

	memset(area, 0, cpu_features.xsave_size);
	*(u16 *)a = 0x37f;			/* x87 control word */
	*(u32 *)(a + 24) = 0x1f80;		/* MXCSR */
}

/*
 * x87, SSE and AVX are switched whole whatever the guest enabled in XCR0: what a
 * guest turned off keeps its values.
 */
void fpu_save(void *area, u64 xcr0)
{
	if (cpu_features.xsave) {
		xsetbv(0, cpu_features.xcr0_mask);
		asm volatile("xsave64 (%0)" :: "r"(area), "a"(-1), "d"(-1) : "memory");
	} else {
		asm volatile("fxsave64 (%0)" :: "r"(area) : "memory");
	}
}

void fpu_restore(void *area, u64 xcr0)
{
	if (cpu_features.xsave) {
		xsetbv(0, cpu_features.xcr0_mask);
		asm volatile("xrstor64 (%0)" :: "r"(area), "a"(-1), "d"(-1) : "memory");
		xsetbv(0, xcr0);
	} else {
		asm volatile("fxrstor64 (%0)" :: "r"(area) : "memory");
	}
}

/* QEMU's isa-debug-exit, where the test scripts put it; nothing is there else. */
#define DEBUG_EXIT_PORT 0xf4

static void reset(void)
{
	for (int i = 0; i < 100 && in8(0x64) & 2; i++)
		cpu_relax();
	out8(0x64, 0xfe);
	/* A triple fault resets what has no keyboard controller. */
	struct desc_ptr none = { 0, 0 };
	asm volatile("lidt %0; int3" :: "m"(none));
}

void machine_restart(void)
{
	cli();
	if (!opt_noreboot)
		reset();
	machine_stop(false);
}

void machine_stop(bool failed)
{
	cli();
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (cpus[i].online && &cpus[i] != this_cpu())
			apic_send(i, VEC_STOP);
	out8(DEBUG_EXIT_PORT, failed ? 0x11 : 0x10);
	if (failed && !opt_noreboot)
		reset();
	/* PIIX4 and ICH9 power off in QEMU as firmware sets them up. */
	if (!failed) {
		out16(0x604, 0x2000);
		out16(0xb004, 0x2000);
	}
	for (;;)
		asm volatile("hlt");
}
