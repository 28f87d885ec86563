/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rt.h. */
#include "rt.h"

struct start_info *si;
struct shared_info *shared;
static u64 *p2m;
static int tests, fails;

/* ---- results ----------------------------------------------------------- */

/*
 * The console ring, of a domain that is not the initial one. Whoever reads it may be
 * slow or gone, and what the guest does may have spoilt the ring: waiting has an end.
 */
static void ring_print(const char *line, size_t n)
{
	static struct xencons_interface *ring;
	struct evtchn_send send = { .port = si->console.domU.evtchn };

	/* Once: what is fuzzed may be the machine-to-physical table. */
	if (!ring)
		ring = (void *)(VIRT_BASE + (M2P[si->console.domU.mfn] << 12));
	for (int tries = 0; n && tries < 100000; tries++) {
		XENCONS_RING_IDX prod = ring->out_prod;

		while (n && prod - *(volatile XENCONS_RING_IDX *)&ring->out_cons < sizeof(ring->out)) {
			ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *line++;
			n--;
		}
		__asm__ volatile("" ::: "memory");
		ring->out_prod = prod;
		evtchn_op(EVTCHNOP_send, &send);
		if (n)
			sched_op(SCHEDOP_yield, NULL);
	}
}

static void print(const char *line, size_t n)
{
	if (HC_3(18, 0, n, line) < 0 && si->console.domU.mfn)
		ring_print(line, n);
}

static void line(const char *head, const char *fmt, va_list ap, const char *tail)
{
	char text[400];
	int n = keel_snprintf(text, sizeof(text), "%s", head);
	int room = (int)sizeof(text) - n - (int)strlen(tail) - 2;
	int m = keel_vsnprintf(text + n, (size_t)room, fmt, ap);

	n += m < room ? m : room - 1;
	n += keel_snprintf(text + n, sizeof(text) - (size_t)n, "%s\n", tail);
	print(text, (size_t)n);
}

static void result(int good, const char *fmt, va_list ap, const char *tail)
{
	char head[40];

	keel_snprintf(head, sizeof(head), "%sok %d - ", good ? "" : "not ", ++tests);
	if (!good)
		fails++;
	line(head, fmt, ap, tail);
}

#define WITH_ARGS(call) do { va_list ap; va_start(ap, fmt); call; va_end(ap); } while (0)

void ok(int good, const char *fmt, ...)
{
	WITH_ARGS(result(good, fmt, ap, ""));
}

void is(long got, long want, const char *fmt, ...)
{
	WITH_ARGS(result(got == want, fmt, ap, ""));
	if (got != want)
		note("got %ld (%#lx), expected %ld (%#lx)", got, got, want, want);
}

void is_any(long got, long want1, long want2, const char *fmt, ...)
{
	WITH_ARGS(result(got == want1 || got == want2, fmt, ap, ""));
	if (got != want1 && got != want2)
		note("got %ld, expected %ld or %ld", got, want1, want2);
}

void skip(const char *why, const char *fmt, ...)
{
	char tail[200];

	keel_snprintf(tail, sizeof(tail), " # SKIP %s", why);
	WITH_ARGS(result(1, fmt, ap, tail));
}

void note(const char *fmt, ...)
{
	WITH_ARGS(line("# ", fmt, ap, ""));
}

static void end(int reason)
{
	struct sched_shutdown s = { .reason = (unsigned int)reason };

	sched_op(SCHEDOP_shutdown, &s);
	for (;;)
		sched_op(SCHEDOP_yield, NULL);
}

void bail(const char *fmt, ...)
{
	WITH_ARGS(line("Bail out! ", fmt, ap, ""));
	end(SHUTDOWN_reboot);
	__builtin_unreachable();
}

void finish(void)
{
	char text[60];
	int n = keel_snprintf(text, sizeof(text), "1..%d\n%s\n", tests,
			      fails ? "FAIL" : "SUCCESS");

	print(text, (size_t)n);
	/* A reboot, as QEMU's -no-reboot ends on one and Xen halts on poweroff. */
	end(SHUTDOWN_reboot);
	__builtin_unreachable();
}

void expect_crash(const char *what)
{
	char text[120];
	int n = keel_snprintf(text, sizeof(text), "1..%d\nEXPECT-CRASH %s\n", tests + 1, what);

	print(text, (size_t)n);
}

void die_unkilled(void)
{
	bail("still alive");
}

int on_xen(void)
{
	static int known;
	char extra[XEN_EXTRAVERSION_LEN] = "";

	/* keel names itself in the extra version. */
	if (!known) {
		version_op(XENVER_extraversion, extra);
		known = 1;
		for (char *p = extra; *p; p++)
			if (!strncmp(p, "keel", 4))
				known = 2;
	}
	return known == 1;
}

int privileged(void)
{
	return (si->flags & SIF_PRIVILEGED) != 0;
}

domid_t own_domid(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_status s = { .dom = DOMID_SELF };
	struct evtchn_close c;

	/* Nobody says it, but who is at the other end of a channel can be asked. */
	if (evtchn_op(EVTCHNOP_alloc_unbound, &a))
		bail("no port");
	b.remote_port = a.port;
	if (evtchn_op(EVTCHNOP_bind_interdomain, &b))
		bail("no channel to itself");
	s.port = b.local_port;
	if (evtchn_op(EVTCHNOP_status, &s) || s.status != EVTCHNSTAT_interdomain)
		bail("no state of a channel");
	c.port = b.local_port;
	evtchn_op(EVTCHNOP_close, &c);
	c.port = a.port;
	evtchn_op(EVTCHNOP_close, &c);
	return s.u.interdomain.dom;
}

u64 option(const char *key, u64 dflt)
{
	const char *p = (const char *)si->cmd_line;
	size_t n = strlen(key);
	u64 v = 0;

	for (; *p; p++)
		if (!strncmp(p, key, n) && p[n] == '=')
			break;
	if (!*p)
		return dflt;
	for (p += n + 1; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (u64)(*p - '0');
	return v;
}

static u64 rnd_state;

u64 rnd(void)
{
	if (!rnd_state)
		rnd_state = option("seed", 1) * 0x9e3779b97f4a7c15UL | 1;
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return rnd_state * 0x2545f4914f6cdd1dUL;
}

/* ---- pages ------------------------------------------------------------- */

#define POOL 700
static u8 pool[POOL][PAGE] __attribute__((aligned(4096)));
static u8 shared_window[PAGE] __attribute__((aligned(4096)));
static int pool_next;
static void *pool_free;

u64 mfn_of(const void *va)
{
	return p2m[pfn_of(va)];
}

void *page_alloc(void)
{
	void *p = pool_free;

	if (p) {
		pool_free = *(void **)p;
	} else {
		if (pool_next == POOL)
			bail("the guest's own page pool is used up");
		p = pool[pool_next++];
	}
	memset(p, 0, PAGE);
	return p;
}

void page_free(void *va)
{
	*(void **)va = pool_free;
	pool_free = va;
}

/*
 * Tables of the initial region are inside it: their virtual address comes from
 * the machine-to-physical table, as for every guest kernel.
 */
static volatile u64 *table_va(u64 entry)
{
	return (volatile u64 *)(VIRT_BASE + (M2P[(entry & ADDR) >> 12] << 12));
}

static u64 l4_mfn;		/* of the kernel's L4 in use */

volatile u64 *table_of(u64 va, int level)
{
	volatile u64 *t = (volatile u64 *)(VIRT_BASE + (M2P[l4_mfn] << 12));

	for (int l = 4; l > level; l--) {
		u64 e = t[va >> (12 + 9 * (l - 1)) & 511];

		if (!(e & P))
			return NULL;
		t = table_va(e);
	}
	return t;
}

u64 l1e_maddr_of(u64 va)
{
	volatile u64 *t = table_of(va, 1);

	if (!t)
		bail("%#lx has no page table", va);
	return (mfn_of((void *)t) << 12) + (va >> 12 & 511) * 8;
}

u64 l1e_maddr(const void *va)
{
	return l1e_maddr_of((u64)va);
}

u64 l1e_read(const void *va)
{
	volatile u64 *t = table_of((u64)va, 1);

	return t ? t[(u64)va >> 12 & 511] : 0;
}

long update_va(const void *va, u64 pte, u64 flags)
{
	return HC_3(14, va, pte, flags);
}

long mmu_update_dom(u64 ptr, u64 val, u64 domid)
{
	struct mmu_update u = { ptr, val };
	u32 done = 0;

	return HC_4(1, &u, 1, &done, domid);
}

long mmu_update(u64 ptr, u64 val)
{
	return mmu_update_dom(ptr, val, DOMID_SELF);
}

long set_l1(u64 va, u64 pte)
{
	return mmu_update(l1e_maddr_of(va), pte);
}

long mmuext(int cmd, u64 arg1, u64 arg2)
{
	struct mmuext_op op;
	u32 done = 0;

	memset(&op, 0, sizeof(op));
	op.cmd = (unsigned int)cmd;
	op.arg1.mfn = arg1;
	memcpy(&op.arg2, &arg2, sizeof(arg2));
	return HC_4(26, &op, 1, &done, DOMID_SELF);
}

long make_ro(void *va)
{
	return update_va(va, pte_of(va, P | US | A), UVMF_INVLPG | UVMF_ALL);
}

long make_rw(void *va)
{
	return update_va(va, pte_of(va, P | RW | US | A | D), UVMF_INVLPG | UVMF_ALL);
}

void *table_alloc(void)
{
	void *p = page_alloc();
	long r = make_ro(p);

	if (r)
		bail("cannot make a page read-only: %ld", r);
	return p;
}

static u64 *user_l4, *user_l3;
static u64 *user_l2;

u64 user_l4_mfn(void)
{
	return mfn_of(user_l4);
}

/* All user mappings lie in the first GiB: one L3 and one L2, shared by both L4s. */
void map_user(u64 va, u64 pte)
{
	long r = 0;

	if (va >> 30)
		bail("map_user: %#lx is not in the first GiB", va);
	if (!user_l4) {
		user_l2 = table_alloc();
		user_l3 = page_alloc();
		user_l3[0] = pte_of(user_l2, P | RW | US | A | D);
		r |= make_ro(user_l3);
		user_l4 = page_alloc();
		user_l4[0] = pte_of(user_l3, P | RW | US | A | D);
		r |= make_ro(user_l4);
		r |= mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(user_l4), 0);
		r |= mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_l4), 0);
		r |= mmu_update(l4_mfn << 12, user_l4[0]);
		if (r)
			bail("user page tables: %ld", r);
	}
	if (!(user_l2[va >> 21 & 511] & P)) {
		void *l1 = table_alloc();

		r = mmu_update((mfn_of(user_l2) << 12) + (va >> 21 & 511) * 8,
			       pte_of(l1, P | RW | US | A | D));
		if (r)
			bail("user L2 entry: %ld", r);
	}
	r = set_l1(va, pte);
	if (r)
		bail("user L1 entry for %#lx: %ld", va, r);
}

/* ---- traps ------------------------------------------------------------- */

volatile struct caught caught;
volatile u64 resume_rip, probe_rip;
int (*trap_hook)(struct trap *t);
static struct user_ctx user_ctx;
static volatile int in_user;
int user_enter(struct user_ctx *ctx, const u64 *frame);
void user_leave(struct user_ctx *ctx) __attribute__((noreturn));
void trap_c(struct trap *t, u64 *iret);

static int has_error(u64 vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

u64 *trap_rip(struct trap *t)
{
	if (t->vector == FAILSAFE)
		return t->frame + 6;
	return t->frame + (has_error(t->vector) ? 3 : 2);
}

static void upcall(void);

static void record(struct trap *t)
{
	u64 *f = trap_rip(t);

	caught.vector = (long)t->vector;
	caught.error = has_error(t->vector) ? t->frame[2] : 0;
	caught.rcx = t->frame[0];
	caught.r11 = t->frame[1];
	caught.rip = f[0];
	caught.cs = f[1];
	caught.flags = f[2];
	caught.rsp = f[3];
	caught.ss = f[4];
	caught.rax = t->rax;
	caught.cr2 = vcpu_info()->arch.cr2;
	caught.frame_at = (u64)t->frame;
	caught.mask = vcpu_info()->evtchn_upcall_mask;
	if (t->vector == FAILSAFE) {
		caught.ds = (u16)t->frame[2];
		caught.es = (u16)t->frame[3];
		caught.fs = (u16)t->frame[4];
		caught.gs = (u16)t->frame[5];
	}
}

void trap_c(struct trap *t, u64 *iret)
{
	u64 *f = trap_rip(t), flags, cs;

	__asm__ volatile("pushf\n\tpop %0\n\tmov %%cs, %1" : "=r"(flags), "=r"(cs));
	if (t->vector == EVENT && !(trap_hook && trap_hook(t))) {
		upcall();
	} else if (t->vector != EVENT && trap_hook && trap_hook(t)) {
		;
	} else if (t->vector == EVENT) {
		;
	} else if (in_user && ((f[1] & 3) == 3 || t->vector == SYSCALL ||
			       t->vector == SYSENTER || t->vector == SYSCALL32)) {
		record(t);
		caught.entry_flags = flags;
		caught.entry_cs = cs & 0xffff;
		in_user = 0;
		vcpu_info()->evtchn_upcall_mask = 0;
		user_leave(&user_ctx);
	} else if (resume_rip) {
		record(t);
		caught.entry_flags = flags;
		caught.entry_cs = cs & 0xffff;
		f[0] = resume_rip;
		resume_rip = 0;
	} else {
		u64 vector = t->vector, e = t->frame[2], cr2 = vcpu_info()->arch.cr2;

		bail("unexpected trap %#lx (error %#lx, cr2 %#lx) at rip %#lx cs %#lx flags %#lx rsp %#lx, frame at %#lx",
		     vector, has_error(vector) ? e : 0, cr2, f[0], f[1], f[2], f[3],
		     (u64)t->frame);
	}
	iret[0] = t->rax;
	iret[1] = t->frame[1];
	iret[2] = t->frame[0];
	iret[3] = 0;
	iret[4] = f[0];
	iret[5] = f[1];
	iret[6] = f[2];
	iret[7] = f[3];
	iret[8] = f[4];
}

long set_trap(int vector, int flags, u64 address)
{
	struct trap_info t[2];

	memset(t, 0, sizeof(t));
	t[0].vector = (u8)vector;
	t[0].flags = (u8)flags;
	t[0].cs = FLAT_KERNEL_CS;
	t[0].address = address;
	return HC_1(0, t);
}

void set_traps(void)
{
	for (int i = 0; i < 32; i++) {
		/* As Linux has it: #BP and #OF may be raised by user code. */
		int dpl = i == 3 || i == 4 ? 3 : 0;
		long r = set_trap(i, dpl, trap_entries[i]);

		if (r)
			bail("set_trap_table: vector %d: %ld", i, r);
	}
}

u64 user_r11_rcx_flags;

void run_user(u64 rip, u64 rsp, u64 rflags)
{
	/* RAX R11 RCX flags RIP CS RFLAGS RSP SS */
	u64 frame[9] = { 0x3333, 0x4444, 0x5555, user_r11_rcx_flags, rip, FLAT_USER_CS,
			 rflags, rsp, FLAT_USER_SS };

	caught.vector = -1;
	/* The top of this vcpu's stack array is ours: the rest is in use. */
	static u8 kstack[8192] __attribute__((aligned(16)));
	long r = HC_2(3, FLAT_KERNEL_DS, kstack + sizeof(kstack));

	if (r)
		bail("stack_switch: %ld", r);
	in_user = 1;
	user_enter(&user_ctx, frame);
}

/* ---- events, time ------------------------------------------------------ */

volatile u32 evt_count[4096];
volatile u32 upcalls[4];
void (*evt_hook)(u32 port);

int this_vcpu(void)
{
	u64 sp, off;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	off = sp - (u64)stacks;
	/* The stack of run_user() traps belongs to vcpu 0. */
	return off < sizeof(stacks) ? (int)(off / 16384) : 0;
}

static void upcall(void)
{
	struct vcpu_info *v = vcpu_info();

	upcalls[this_vcpu()]++;
	do {
		u64 sel;

		v->evtchn_upcall_pending = 0;
		sel = __sync_lock_test_and_set(&v->evtchn_pending_sel, 0);
		while (sel) {
			int w = __builtin_ctzl(sel);
			u64 bits = shared->evtchn_pending[w] & ~shared->evtchn_mask[w];

			sel &= sel - 1;
			while (bits) {
				u32 port = (u32)w * 64 + (u32)__builtin_ctzl(bits);

				bits &= bits - 1;
				__sync_fetch_and_and(&shared->evtchn_pending[w],
						     ~(1UL << port % 64));
				if (evt_hook)
					evt_hook(port);
				__sync_fetch_and_add(&evt_count[port], 1);
			}
		}
	} while (v->evtchn_upcall_pending);
}

void irq_on(void)
{
	struct vcpu_info *v = vcpu_info();

	barrier();
	v->evtchn_upcall_mask = 0;
	barrier();
	if (v->evtchn_upcall_pending)
		version_op(XENVER_version, NULL);	/* delivers on return */
}

long bind_ipi(int vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = (u32)vcpu };
	long r = evtchn_op(EVTCHNOP_bind_ipi, &b);

	return r ? r : (long)b.port;
}

long bind_virq(int virq, int vcpu)
{
	struct evtchn_bind_virq b = { .virq = (u32)virq, .vcpu = (u32)vcpu };
	long r = evtchn_op(EVTCHNOP_bind_virq, &b);

	return r ? r : (long)b.port;
}

long evt_send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return evtchn_op(EVTCHNOP_send, &s);
}

long evt_close(u32 port)
{
	struct evtchn_close c = { .port = port };

	return evtchn_op(EVTCHNOP_close, &c);
}

u64 now(void)
{
	return time_of(&vcpu_info()->time);
}

int wait_for(volatile u32 *count, u32 want, u32 ms)
{
	u64 end_at = now() + ms * 1000000UL;

	while (*count < want) {
		if (now() > end_at)
			return 0;
		sched_op(SCHEDOP_yield, NULL);
	}
	return 1;
}

/* ---- vcpus ------------------------------------------------------------- */

static void (*ap_fn[4])(int);
void ap_start(void);
void rt_ap_start(void);

void rt_ap_start(void)
{
	int n = this_vcpu();

	ap_fn[n](n);
	bail("vcpu %d came back", n);
}

long start_vcpu(int n, void (*fn)(int))
{
	static struct vcpu_guest_context c;
	long r;

	ap_fn[n] = fn;
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel;
	c.user_regs.rip = (u64)ap_start;
	c.user_regs.rsp = (u64)stacks[n + 1];
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = 0x200;
	for (int i = 0; i < 32; i++) {
		c.trap_ctxt[i].vector = (u8)i;
		c.trap_ctxt[i].cs = FLAT_KERNEL_CS;
		c.trap_ctxt[i].address = trap_entries[i];
	}
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = (u64)stacks[n + 1];
	c.ctrlreg[3] = l4_mfn << 12;
	c.event_callback_eip = (u64)trap_event;
	c.failsafe_callback_eip = (u64)trap_failsafe;
	c.syscall_callback_eip = (u64)trap_syscall;
	r = vcpu_op(VCPUOP_initialise, n, &c);
	return r ? r : vcpu_op(VCPUOP_up, n, NULL);
}

/* ---- start ------------------------------------------------------------- */

void rt_start(struct start_info *info);

void rt_start(struct start_info *info)
{
	long r;

	si = info;
	p2m = (u64 *)si->mfn_list;
	l4_mfn = mfn_of((void *)si->pt_base);
	r = update_va(shared_window, si->shared_info | P | RW | US | A | D, UVMF_INVLPG);
	if (r) {
		static const char text[] = "Bail out! cannot map shared_info\n";

		print(text, sizeof(text) - 1);
		end(SHUTDOWN_reboot);
	}
	shared = (struct shared_info *)shared_window;
	set_traps();
	r = HC_3(4, trap_event, trap_failsafe, trap_syscall);
	if (r)
		bail("set_callbacks: %ld", r);
	test_main();
	finish();
}
