// SPDX-License-Identifier: GPL-2.0-or-later
/* R:61  Life of a domain. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <keel/trap.h>

struct domain *domain_list;
struct spinlock domain_list_lock;
struct domain dom_io = { .id = DOMID_IO, .refs = 1, .pages = NO_MFN };
struct domain dom_xen = { .id = DOMID_XEN, .refs = 1, .pages = NO_MFN };

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
	struct domain *d = kalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	d->privileged = privileged;
	d->refs = 1;
	d->pages = NO_MFN;
	d->max_pages = ~0UL;
	d->shared_info = page_alloc();
	if (!d->shared_info || evtchn_init(d))
		goto fail;
	share_page_with(virt_to_page(d->shared_info), d);
	/* A guest that never learns of events sees none. */
	memset(d->shared_info->evtchn_mask, 0xff, sizeof(d->shared_info->evtchn_mask));
	wallclock_publish(d->shared_info);

	spin_lock(&domain_list_lock);
	d->next = domain_list;
	domain_list = d;
	spin_unlock(&domain_list_lock);
	return d;
fail:
	page_free(d->shared_info);
	kfree(d, sizeof(*d));
	return NULL;
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
	struct vcpu *v;

	if (id >= MAX_VCPUS || d->vcpu[id])
		return NULL;
	v = kalloc(sizeof(*v));
	if (!v)
		return NULL;
	/* A page, so it is aligned for XSAVE. */
	v->fpu = kalloc(cpu_features.xsave_size);
	if (!v->fpu || window_create(d, id)) {
		kfree(v->fpu, cpu_features.xsave_size);
		kfree(v, sizeof(*v));
		return NULL;
	}
	v->domain = d;
	v->id = id;
	v->pause = PAUSE_DOWN | PAUSE_DOMAIN;
	v->cpu = sched_place();
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

/*
 * The initial domain is never destroyed, it takes the machine with it; so far
 * there are no others, and a count of 0 would be keel's mistake.
 */
void domain_put(struct domain *d)
{
	u32 left = __atomic_sub_fetch(&d->refs, 1, __ATOMIC_SEQ_CST);

	BUG_ON(!left);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	FOR_EACH_VCPU(d, v)
		vcpu_unpause(v, PAUSE_DOMAIN);
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
	if (d->id)
		return;
	/* The machine goes with the initial domain. */
	printk("domain 0 has shut down: %s\n",
	       reason < ARRAY_SIZE(names) ? names[reason] : "unknown reason");
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
