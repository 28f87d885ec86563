/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains made by a tiny guest that runs as the initial domain: what the tools do,
 * in as few hypercalls as there are. Such a domain has no kernel; its vCPUs run
 * dom_payload() from the first to the last instruction.
 */
#ifndef DOM_H
#define DOM_H

#define __XEN_TOOLS__
#include "rt.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

enum { DO_SPIN, DO_YIELD, DO_HYPERCALL, DO_NAP, DO_BLOCK };

#define DOM_MAX_VCPUS 4
#define DOM_FRAMES (6 + DOM_MAX_VCPUS)	/* memory of one */

/* A page that the domain and its maker share. */
struct dom_control {
	u64 what;		/* DO_* */
	u64 run_ns, nap_ns;	/* DO_NAP: how long it computes, how long it sleeps */
	u64 count[DOM_MAX_VCPUS];
};

struct dom {
	domid_t id;
	volatile struct dom_control *control;	/* mapped; our reference keeps a frame */
	u64 control_l1e;			/* what was mapped there before */
};

/* All bail out when a hypercall fails that must not. */
void dom_create(struct dom *d, unsigned int vcpus, u64 what);
void dom_destroy(struct dom *d);
long domctl(struct dom *d, u32 cmd, struct xen_domctl *op);
void dom_unpause(struct dom *d);
void dom_pause(struct dom *d);
long dom_share(struct dom *d, u32 weight, u32 cap);
u64 dom_cpu_time(struct dom *d);
/* Frames nobody has, by the hypervisor's own count. */
u64 free_pages(void);
u32 physical_cpus(void);
/* Sleeps. */
void nap(u64 ms);

#endif
