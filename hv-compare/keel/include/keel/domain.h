/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:60  Domains and their virtual processors. */
#ifndef KEEL_DOMAIN_H
#define KEEL_DOMAIN_H

#include <keel/bvt.h>
#include <keel/cpu.h>
#include <keel/layout.h>
#include <keel/lock.h>
#include <keel/mm.h>
#include <keel/time.h>
#include <keel/types.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

struct page;
struct evtchn;

#define MAX_VCPUS XEN_LEGACY_MAX_VCPUS

/* Why a vCPU may not run; runnable when all are clear. */
#define PAUSE_DOWN 1		/* not brought up, or taken down */
#define PAUSE_BLOCKED 2		/* waits for an event */
#define PAUSE_DOMAIN 4		/* its domain is paused, shut down or dying */

struct callback {
	u64 address;
	bool mask_events;
};

struct vcpu {
	struct domain *domain;
	unsigned int id;

	/* ---- scheduling: sched_lock ---- */
	unsigned int cpu;		/* processor it runs on, or ran on last */
	u32 pause;			/* PAUSE_* */
	bool running, queued;
	struct vcpu *run_next;
	struct vcpu_runstate_info runstate;
	u64 runstate_va;		/* guest address of its copy, or 0 */
	/*
	 * 1 + the CPU that has its registers; 0: they are in here. Set by the CPU that
	 * loads them, cleared by the same one when it holds nothing of it any more.
	 */
	u32 loaded_on;
	bool runstate_stale;		/* to be copied on the next kernel entry */

	/* ---- the guest's view of the processor; own context only ---- */
	struct cpu_user_regs regs;	/* while not loaded */
	bool initialised;
	bool claimed;		/* by who gives it its first state, for good once it has it */
	bool kernel_mode;
	u64 guest_table, guest_table_user;	/* frames of the L4s; user: 0 none */
	u64 kernel_sp, kernel_ss;
	struct trap_info traps[256];
	struct callback event_cb, failsafe_cb, syscall_cb, syscall32_cb,
			sysenter_cb, nmi_cb;
	u64 fs_base, gs_base, gs_base_other;	/* MSRs while not loaded */
	u64 cr0_ts, cr2, cr4, xcr0, dr[8];
	unsigned int iopl;
	u64 tsc_aux;
	u64 gdt_frames[GDT_RESERVED_PAGE];
	unsigned int gdt_entries;
	u64 ldt_va;
	unsigned int ldt_entries;
	u64 ldt_frames[16];
	void *fpu;
	u64 again[5];		/* arguments of the call to be made again: hypercall.h */

	/* ---- events ---- */
	struct vcpu_info *vcpu_info;	/* in shared_info, or in guest memory */
	struct page *vcpu_info_page;	/* reference of the latter */
	u32 virq_port[NR_VIRQS];
	u32 polling;			/* 0 no, 1 any of several, else port + 1 */
	struct timer singleshot, poll_timer, periodic;
	u64 period_ns;
};

struct domain {
	domid_t id;
	bool privileged;
	struct domain *next;		/* domain_list_lock */
	u32 refs;

	unsigned int nr_vcpus;
	struct vcpu *vcpu[MAX_VCPUS];

	/* ---- memory ---- */
	struct spinlock page_lock;
	u32 pages;			/* frames it was given: first of the list, NO_MFN */
	u32 orphans;			/* given up or dying, but somebody still maps them */
	u32 to_release;			/* tables nobody uses, linked by page.stamp; pt_lock */
	u64 tot_pages, max_pages;
	u64 census[NR_USES + 1];	/* memory_census() alone; domain_list_lock */
	struct spinlock pt_lock;
	struct shared_info *shared_info;
	u64 *perdom_l3;			/* GDT/LDT windows */
	u64 *perdom_l1[MAX_VCPUS / 16];	/* 16 vCPUs of 32 pages each per L1 */
	u32 dirty_cpus;			/* CPUs that may have its translations */

	/* ---- scheduling: sched_lock ---- */
	struct bvt bvt;
	struct vcpu *runq_head, *runq_tail;	/* vCPUs that wait, longest first */
	struct timer cap_timer;			/* ends a hold */

	/* ---- events ---- */
	struct spinlock event_lock;
	struct evtchn *evtchn[EVTCHN_2L_NR_CHANNELS / 64];	/* buckets of 64 */
	u32 poll_mask;			/* vCPUs that poll; atomic */

	u64 vm_assist;
	u8 *iobitmap;
	bool is_shut_down, dying, released;
	bool controller_paused;		/* by the tools; true until first unpaused */
	xen_domain_handle_t handle;
	unsigned int wanted_vcpus;	/* how many it may get */
	struct gnttab *gnttab;
	unsigned int shutdown_code;
	struct cons *cons;		/* console ring served by keel, or NULL */
	u64 console_mfn;
	u32 console_port;
};

#define FOR_EACH_VCPU(d, v) \
	for (unsigned int i__ = 0; i__ < MAX_VCPUS; i__++) \
		if (((v) = (d)->vcpu[i__]) != NULL)

extern struct domain *domain_list;
extern struct spinlock domain_list_lock;
/* Owner of what is neither a guest's nor free: device memory, keel's frames. */
extern struct domain dom_io, dom_xen;

/* The order they were made in, by id; NULL: none with this id or above. */
struct domain *domain_get_next(domid_t id);
/*
 * Ends a domain and frees what nobody else holds: 0, or -ERESTART when there is
 * more to do. Called by another domain's vCPU.
 */
int domain_destroy(struct domain *d);
/* A new domain without memory or vCPUs, paused; NULL when memory is short. */
struct domain *domain_create(domid_t id, bool privileged);
/* vCPU `id` of d on a processor, down; NULL when memory is short or it exists. */
struct vcpu *vcpu_create(struct domain *d, unsigned int id);
/* A reference by id, DOMID_SELF included; put with domain_put(). */
struct domain *domain_get(domid_t id);
void domain_put(struct domain *d);
void domain_unpause(struct domain *d);
/* Stops all its vCPUs and waits for them; not of the current domain. */
void domain_pause(struct domain *d);
void tell_controller(void);
/* The domain stops running for `reason` (SHUTDOWN_*). */
void domain_shutdown(struct domain *d, unsigned int reason);
/* A guest broke a rule that has no error return: one line, then shutdown. */
void domain_crash(struct domain *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* domain/build.c: the initial domain from the boot modules; panics if it cannot. */
struct domain *build_initial_domain(const void *image, u64 len, const char *args,
				    const void *initrd, u64 initrd_len);

/* domain/window.c: the GDT and LDT of a vCPU, mapped where lgdt finds them. */
int window_create(struct domain *d, unsigned int vcpu);
void window_destroy(struct domain *d);
void window_release(struct vcpu *v);		/* drops its descriptor frames */
u64 window_gdt(const struct vcpu *v);
void window_set(struct vcpu *v, unsigned int page, u64 mfn);	/* 0: the zero page */
int set_gdt_frames(struct vcpu *v, const u64 *frames, unsigned int entries);
int set_ldt(struct vcpu *v, u64 va, unsigned int entries);
bool descriptor_ok(u64 *desc);

/* Loads v's registers into this processor, saving whoever was there. */
void context_switch_to(struct vcpu *v);
/* Writes the loaded vCPU back; this processor holds nobody afterwards. */
void context_unload(void);
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);

#endif
