/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runtime of the tiny PV guests that test a hypervisor's side of the Xen ABI.
 *
 * A guest is one C file with test_main(). It runs as the initial domain, on
 * Xen (which validates the test) and on keel (which is tested), prints TAP and
 * ends. Nothing here uses what it tests more than it must: start of day needs
 * only the hypercalls set_trap_table, set_callbacks and console_io.
 */
#ifndef RT_H
#define RT_H

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <keel/lib.h>
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/io/console.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;

#define VIRT_BASE 0xffffffff80000000UL
#define PAGE 4096UL
#define M2P ((const volatile u64 *)0xffff800000000000UL)
#define barrier() __asm__ volatile("" : : : "memory")

/* Errors a hypercall can return; negated there. */
enum {
	XPERM = 1, XNOENT = 2, XSRCH = 3, XNXIO = 6, XNOEXEC = 8, XAGAIN = 11, XNOMEM = 12,
	XACCES = 13, XFAULT = 14, XBUSY = 16, XEXIST = 17, XINVAL = 22, XNOSPC = 28,
	XNOSYS = 38, XTIME = 62, XOPNOTSUPP = 95,
};

/* ---- results ----------------------------------------------------------- */

void test_main(void);

/* One TAP line. Whole lines only, one console_io call each. */
void ok(int good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As ok(got == want), with the two numbers shown when they differ. */
void is(long got, long want, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* ok(got is want1 or want2): where the ABI leaves a choice. */
void is_any(long got, long want1, long want2, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void skip(const char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints why and crashes the domain: the runner sees a test without a plan. */
void bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Prints the plan and ends the domain. Called when test_main() returns. */
void finish(void) __attribute__((noreturn));
/*
 * The last thing before the hypervisor must kill this domain: prints the plan
 * with one more result, which the runner decides by the hypervisor's words.
 */
void expect_crash(const char *what);
void die_unkilled(void) __attribute__((noreturn));

/* True on real Xen: for what differs there, always with a reason. */
int on_xen(void);
/* What start_info says: keel can start the initial domain as any other. */
int privileged(void);
/* This domain's number: 0 for the initial one. */
domid_t own_domid(void);
/* Number after "key=" on the command line, or dflt. */
u64 option(const char *key, u64 dflt);

/* xorshift64*, seeded with "seed=". */
u64 rnd(void);

/* ---- hypercalls -------------------------------------------------------- */

static inline long hcall(long nr, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	register u64 r10 __asm__("r10") = a4;
	register u64 r8 __asm__("r8") = a5;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
			 : "0"(nr)
			 : "rcx", "r11", "memory");
	return ret;
}

#define HC_1(nr, a) hcall(nr, (u64)(a), 0, 0, 0, 0)
#define HC_2(nr, a, b) hcall(nr, (u64)(a), (u64)(b), 0, 0, 0)
#define HC_3(nr, a, b, c) hcall(nr, (u64)(a), (u64)(b), (u64)(c), 0, 0)
#define HC_4(nr, a, b, c, d) hcall(nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0)

long hypercall_by_page(long nr, u64 a1, u64 a2, u64 a3, u64 a4);
extern u8 hypercall_page[];

static inline long evtchn_op(int cmd, void *arg) { return HC_2(32, cmd, arg); }
static inline long memory_op(u64 cmd, void *arg) { return HC_2(12, cmd, arg); }
static inline long sched_op(int cmd, void *arg) { return HC_2(29, cmd, arg); }
static inline long vcpu_op(int cmd, int vcpu, void *arg) { return HC_3(24, cmd, vcpu, arg); }
static inline long version_op(int cmd, void *arg) { return HC_2(17, cmd, arg); }

/* ---- this machine ------------------------------------------------------ */

extern struct start_info *si;
extern struct shared_info *shared;	/* mapped */
extern u64 boot_rsp, boot_cs, boot_ss, boot_flags;
extern u16 boot_seg[4];
extern u8 stacks[4][16384], _image[], _end[];

int this_vcpu(void);
static inline struct vcpu_info *vcpu_info(void)
{
	return &shared->vcpu_info[this_vcpu()];
}

/* ---- pages ------------------------------------------------------------- */

enum {
	P = 1, RW = 2, US = 4, PWT = 8, PCD = 16, A = 32, D = 64, PSE = 128, G = 256,
};
#define NX (1UL << 63)
#define ADDR 0x000ffffffffff000UL

static inline u64 pfn_of(const void *va) { return ((u64)va - VIRT_BASE) >> 12; }
u64 mfn_of(const void *va);	/* of the initial region only */
static inline u64 pte_of(const void *va, u64 flags) { return mfn_of(va) << 12 | flags; }

/* A zeroed page of the initial region, mapped writable. Never runs out quietly. */
void *page_alloc(void);
void page_free(void *va);
/* Its L1 entry: machine address, and the value now. */
u64 l1e_maddr(const void *va);
u64 l1e_read(const void *va);
/* A virtual pointer to the table of `level` that maps va (read-only mapped). */
volatile u64 *table_of(u64 va, int level);

long update_va(const void *va, u64 pte, u64 flags);
/* One mmu_update entry; returns its error. ptr includes the command bits. */
long mmu_update(u64 ptr, u64 val);
long mmu_update_dom(u64 ptr, u64 val, u64 domid);
long mmuext(int cmd, u64 arg1, u64 arg2);
/* Changes the mapping of a page of the initial region to ro or rw. */
long make_ro(void *va);
long make_rw(void *va);
/* make_ro or bail */
void *table_alloc(void);

/*
 * Maps pages at user virtual addresses (below 512 GiB) of the kernel's L4 and
 * of the user L4, which are made at the first call. Bails out on any error.
 */
void map_user(u64 va, u64 pte);
u64 user_l4_mfn(void);
long set_l1(u64 va, u64 pte);		/* entry must have a table */
u64 l1e_maddr_of(u64 va);

/* ---- traps ------------------------------------------------------------- */

/* As pushed by start.S; then the bounce frame. */
struct trap {
	u64 r15, r14, r13, r12, r10, r9, r8, rbp, rdi, rsi, rdx, rbx, rax;
	u64 vector;
	u64 frame[];		/* rcx, r11, [error], rip, cs, flags, rsp, ss */
};

enum { EVENT = 0x100, SYSCALL = 0x101, FAILSAFE = 0x102, SYSCALL32 = 0x103, SYSENTER = 0x104 };

/* What the last caught trap looked like. */
struct caught {
	long vector;		/* -1: none */
	u64 error, rip, cs, flags, rsp, ss, rcx, r11, cr2, rax;
	u64 frame_at;		/* RSP the handler was entered with */
	u8 mask;		/* upcall mask inside the handler */
	u16 ds, es, fs, gs;	/* failsafe only */
	u64 entry_flags, entry_cs;	/* in the handler */
};
extern volatile struct caught caught;
extern volatile u64 resume_rip, probe_rip;

/*
 * Runs one instruction and tells which exception it raised (-1: none). After
 * the instruction and in its place the guest goes on. See struct caught.
 */
#define PROBE(insn, ...) ({ \
	caught.vector = -1; \
	__asm__ volatile("movq $10f, probe_rip(%%rip)\n\t" \
			 "movq $11f, resume_rip(%%rip)\n" \
			 "10:\t" insn "\n" \
			 "11:\tmovq $0, resume_rip(%%rip)" __VA_ARGS__); \
	caught.vector; })

/* Called first at every trap; true means "handled, go back to frame as it is". */
extern int (*trap_hook)(struct trap *t);
/* Accessors to the bounce frame that know about error codes. */
u64 *trap_rip(struct trap *t);	/* then [1] cs, [2] flags, [3] rsp, [4] ss */

/* The trap table with our entries; flags as in struct trap_info. */
void set_traps(void);
long set_trap(int vector, int flags, u64 address);
extern const u64 trap_entries[32];
void trap_int80(void);
void trap_int81(void);
void trap_int82(void);
void trap_event(void);
void trap_syscall(void);
void trap_failsafe(void);
void trap_syscall32(void);
void trap_sysenter(void);

/*
 * Runs user code until it traps (any exception or system call); the trap is in
 * caught. rflags as given to iret; IF (0x200) means events are delivered.
 */
struct user_ctx { u64 r[8]; };
void run_user(u64 rip, u64 rsp, u64 rflags);
extern u64 user_r11_rcx_flags;	/* "flags" word of the iret frame */

/* ---- events, time ------------------------------------------------------ */

extern volatile u32 evt_count[4096];	/* deliveries by port */
extern volatile u32 upcalls[4];		/* by vcpu */
/* Called with the port in the upcall, before it counts. */
extern void (*evt_hook)(u32 port);
/* Where a delivery interrupted: evt_regs.rip etc. */
static inline void irq_off(void) { vcpu_info()->evtchn_upcall_mask = 1; barrier(); }
void irq_on(void);
/* Port, or a negative error. */
long bind_ipi(int vcpu);
long bind_virq(int virq, int vcpu);
static inline void unmask(u32 port)
{
	__sync_fetch_and_and(&shared->evtchn_mask[port / 64], ~(1UL << port % 64));
}
static inline void mask(u32 port)
{
	__sync_fetch_and_or(&shared->evtchn_mask[port / 64], 1UL << port % 64);
}
static inline int pending(u32 port)
{
	return shared->evtchn_pending[port / 64] >> port % 64 & 1;
}
long evt_send(u32 port);
long evt_close(u32 port);
/* System time in ns by a vcpu's record. Inline: code that is copied into another
 * domain (dom.c) has nothing to call there. */
static inline __attribute__((always_inline)) u64 time_of(volatile struct vcpu_time_info *t)
{
	u32 version, lo, hi;
	u64 delta, ns;

	do {
		version = t->version;
		barrier();
		__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi));
		delta = ((u64)hi << 32 | lo) - t->tsc_timestamp;
		if (t->tsc_shift >= 0)
			delta <<= t->tsc_shift;
		else
			delta >>= -t->tsc_shift;
		ns = t->system_time + (u64)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
		barrier();
	} while ((version & 1) || version != t->version);
	return ns;
}
u64 now(void);			/* system time in ns, of this vcpu */
/* Blocks until *count >= want or `ms` have passed (a generous limit). */
int wait_for(volatile u32 *count, u32 want, u32 ms);

/* Starts vcpu n at fn(n), which must not return (vcpu_op down). */
long start_vcpu(int n, void (*fn)(int));

#define ARRAY(x) (sizeof(x) / sizeof((x)[0]))

#endif
