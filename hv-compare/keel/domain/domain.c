// SPDX-License-Identifier: GPL-2.0-or-later
/* R:61  Life of a domain. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/grant.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/trap.h>

struct domain *domain_list;
struct spinlock domain_list_lock;
struct domain dom_io = { .id = DOMID_IO, .refs = 1, .pages = NO_MFN, .orphans = NO_MFN,
	.to_release = NO_MFN };
struct domain dom_xen = { .id = DOMID_XEN, .refs = 1, .pages = NO_MFN, .orphans = NO_MFN,
	.to_release = NO_MFN };

static void singleshot_fired(void *arg)
{
	send_virq(arg, VIRQ_TIMER);
}

static void periodic_fired(void *arg)
{
	struct vcpu *v = arg;

	send_virq(v, VIRQ_TIMER);
	if (v->period_ns)
		timer_set(&v->periodic, v->cpu, system_time() + v->period_ns);
}

static void poll_timed_out(void *arg)
{
	struct vcpu *v = arg;

	vcpu_unpause(v, PAUSE_BLOCKED);
}

struct domain *domain_create(domid_t id, bool privileged)
{
	struct domain *d = kalloc(sizeof(*d), USE_DOMAIN, id), **at;

	if (!d)
		return NULL;
	d->id = id;
	d->privileged = privileged;
	d->refs = 1;
	d->pages = d->orphans = d->to_release = NO_MFN;
	d->controller_paused = true;
	sched_domain_init(d);
	d->max_pages = ~0UL;
	d->shared_info = page_alloc(USE_DOMAIN, id);
	if (!d->shared_info || evtchn_init(d) || gnttab_create(d))
		goto fail;
	share_page_with(virt_to_page(d->shared_info), d);
	/* A guest that never learns of events sees none. */
	memset(d->shared_info->evtchn_mask, 0xff, sizeof(d->shared_info->evtchn_mask));
	wallclock_publish(d->shared_info);

	spin_lock(&domain_list_lock);
	for (at = &domain_list; *at && (*at)->id < id; at = &(*at)->next)
		;
	d->next = *at;
	*at = d;
	spin_unlock(&domain_list_lock);
	return d;
fail:
	if (d->shared_info)
		evtchn_destroy(d);
	page_free(d->shared_info);
	kfree(d, sizeof(*d));
	return NULL;
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
	struct vcpu *v;

	if (id >= MAX_VCPUS || d->vcpu[id])
		return NULL;
	v = kalloc(sizeof(*v), USE_VCPU, d->id);
	if (!v)
		return NULL;
	/* A page, so it is aligned for XSAVE. */
	v->fpu = kalloc(cpu_features.xsave_size, USE_VCPU, d->id);
	if (!v->fpu || window_create(d, id)) {
		kfree(v->fpu, cpu_features.xsave_size);
		kfree(v, sizeof(*v));
		return NULL;
	}
	v->domain = d;
	v->id = id;
	v->pause = PAUSE_DOWN | PAUSE_DOMAIN;
	/* Where it looks for a processor first. */
	v->cpu = (d->id + id) % nr_cpus;
	v->xcr0 = 1;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = system_time();
	v->vcpu_info = &d->shared_info->vcpu_info[id];
	v->vcpu_info->evtchn_upcall_mask = 1;
	v->singleshot = (struct timer){ .fn = singleshot_fired, .arg = v };
	v->poll_timer = (struct timer){ .fn = poll_timed_out, .arg = v };
	v->periodic = (struct timer){ .fn = periodic_fired, .arg = v };
	time_publish(v);
	barrier();
	d->vcpu[id] = v;
	d->nr_vcpus++;
	return v;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	if (id == DOMID_SELF) {
		d = current_vcpu()->domain;
		__atomic_add_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);
		return d;
	}
	spin_lock(&domain_list_lock);
	for (d = domain_list; d; d = d->next)
		if (d->id == id) {
			__atomic_add_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);
			break;
		}
	spin_unlock(&domain_list_lock);
	return d;
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *d;

	spin_lock(&domain_list_lock);
	for (d = domain_list; d && d->id < id; d = d->next)
		;
	if (d)
		__atomic_add_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);
	spin_unlock(&domain_list_lock);
	return d;
}

/* Nobody can reach it any more: not by id, not through a frame or a port. */
static void domain_free(struct domain *d)
{
	struct vcpu *v;

	FOR_EACH_VCPU(d, v) {
		kfree(v->fpu, cpu_features.xsave_size);
		kfree(v, sizeof(*v));
	}
	gnttab_free(d);
	window_destroy(d);
	kfree(d->iobitmap, 8192);
	kfree(d, sizeof(*d));
}

void domain_put(struct domain *d)
{
	u32 x = READ_ONCE(d->refs);
	struct domain **at;

	BUG_ON(!x);
	while (x > 1)
		if (__atomic_compare_exchange_n(&d->refs, &x, x - 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
	/* The last one, perhaps: nobody may find it in the list meanwhile. */
	spin_lock(&domain_list_lock);
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_SEQ_CST)) {
		spin_unlock(&domain_list_lock);
		return;
	}
	for (at = &domain_list; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	spin_unlock(&domain_list_lock);
	domain_free(d);
	tell_controller();
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	d->controller_paused = false;
	if (d->is_shut_down || d->dying)
		return;
	/* Whoever built it may have cleared the page after we filled it in. */
	wallclock_publish(d->shared_info);
	FOR_EACH_VCPU(d, v)
		vcpu_unpause(v, PAUSE_DOMAIN);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	d->controller_paused = true;
	FOR_EACH_VCPU(d, v)
		vcpu_pause(v, PAUSE_DOMAIN);
	FOR_EACH_VCPU(d, v)
		vcpu_wait_stopped(v);
}

/* What a vCPU holds of its domain's frames. */
static void vcpu_release(struct vcpu *v)
{
	struct domain *d = v->domain;

	v->period_ns = 0;
	timer_stop_sync(&v->singleshot);
	timer_stop_sync(&v->periodic);
	timer_stop_sync(&v->poll_timer);
	window_release(v);
	if (v->vcpu_info_page) {
		spin_lock(&d->event_lock);
		v->vcpu_info = &d->shared_info->vcpu_info[v->id];
		spin_unlock(&d->event_lock);
		put_page_and_type(v->vcpu_info_page);
		v->vcpu_info_page = NULL;
	}
	spin_lock(&d->pt_lock);
	if (v->guest_table)
		put_page_and_type(mfn_to_page(v->guest_table));
	if (v->guest_table_user)
		put_page_and_type(mfn_to_page(v->guest_table_user));
	v->guest_table = v->guest_table_user = 0;
	spin_unlock(&d->pt_lock);
}

#define DESTROY_BATCH 2048

int domain_destroy(struct domain *d)
{
	struct vcpu *v;

	if (!d->id || d == current_vcpu()->domain)
		return -EINVAL;
	if (!d->dying) {
		d->dying = true;
		domain_pause(d);
		/* Processors may still have one of its vCPUs loaded, idling. */
		for (unsigned int i = 0; i < nr_cpus; i++)
			if (d->dirty_cpus >> i & 1)
				sched_poke(i);
		while (READ_ONCE(d->dirty_cpus)) {
			cpu_serve();
			cpu_relax();
		}
		sched_domain_destroy(d);
		evtchn_destroy(d);
		FOR_EACH_VCPU(d, v)
			vcpu_release(v);
	}
	if (!gnttab_release(d, DESTROY_BATCH) || !disown_all(d, DESTROY_BATCH) ||
	    !release_tables(d))
		return -ERESTART;
	if (!d->released) {
		d->released = true;
		gnttab_destroy(d);
		unshare_page(virt_to_page(d->shared_info));
		d->shared_info = NULL;
		domain_put(d);		/* the one it was created with */
		/*
		 * xenstored and xenconsoled let go of the pages of it that they have mapped
		 * when they hear of its death. Has nobody any, the caller's reference is
		 * the last, and the tools hear once, when that is put.
		 */
		if (READ_ONCE(d->refs) > 1)
			tell_controller();
	}
	return 0;
}

/* The tools learn of a death or a shutdown by this. */
void tell_controller(void)
{
	struct domain *d = domain_get(0);

	if (d) {
		send_global_virq(d, VIRQ_DOM_EXC);
		domain_put(d);
	}
}

static void shut_down(struct domain *d, unsigned int reason, bool quiet)
{
	static const char *const names[] = {
		"power off", "reboot", "suspend", "crash", "watchdog", "soft reset",
	};
	struct vcpu *v;

	if (__atomic_exchange_n(&d->is_shut_down, true, __ATOMIC_SEQ_CST))
		return;
	d->shutdown_code = reason;
	/* A kernel that gave up by itself: where was it? */
	if (reason == SHUTDOWN_crash && !quiet && current_vcpu() && current_vcpu()->domain == d) {
		dump_regs(guest_regs());
		dump_guest_stack(guest_regs());
	}
	FOR_EACH_VCPU(d, v)
		vcpu_pause(v, PAUSE_DOMAIN);
	printk("domain %u has shut down: %s\n", d->id,
	       reason < ARRAY_SIZE(names) ? names[reason] : "unknown reason");
	if (d->id) {
		tell_controller();
		return;
	}
	/* The machine goes with the initial domain. */
	if (reason == SHUTDOWN_reboot)
		machine_restart();
	machine_stop(reason != SHUTDOWN_poweroff);
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
	shut_down(d, reason, false);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (d->is_shut_down)
		return;
	va_start(ap, fmt);
	keel_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printk("domain %u killed: %s\n", d->id, text);
	if (current_vcpu() && current_vcpu()->domain == d) {
		dump_regs(guest_regs());
		dump_guest_stack(guest_regs());
	}
	shut_down(d, SHUTDOWN_crash, true);
}
