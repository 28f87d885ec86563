// SPDX-License-Identifier: GPL-2.0-or-later
/* R:94  Hypercalls about running: vCPUs up and down, timers, blocking, polling. */
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/sched.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

static long initialise(struct vcpu *v, u64 arg)
{
	struct vcpu_guest_context *c;
	long rc;

	if (v->initialised)
		return -EEXIST;
	c = kalloc(sizeof(*c), USE_SCRATCH, DOMID_XEN);
	if (!c)
		return -ENOMEM;
	rc = copy_from_guest(c, arg, sizeof(*c));
	if (!rc)
		rc = vcpu_set_context(v, c);
	kfree(c, sizeof(*c));
	return rc;
}

/* The shortest period: 1 ms, or a guest could keep its processor in timers. */
#define MIN_PERIOD NS_PER_MS

long do_vcpu_op(u64 cmd, u64 id, u64 arg, u64 a4, u64 a5)
{
	struct vcpu *cur = current_vcpu(), *v;

	v = id < MAX_VCPUS ? cur->domain->vcpu[id] : NULL;
	if (!v)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:
		return initialise(v, arg);
	case VCPUOP_up:
		if (!v->initialised)
			return -EINVAL;
		vcpu_unpause(v, PAUSE_DOWN);
		return 0;
	case VCPUOP_down: {
		struct vcpu *w;
		bool other = false;

		/* The last one cannot leave: nobody could bring it back. */
		FOR_EACH_VCPU(v->domain, w)
			if (w != v && !(READ_ONCE(w->pause) & PAUSE_DOWN))
				other = true;
		if (!other) {
			domain_shutdown(v->domain, SHUTDOWN_poweroff);
			return 0;
		}
		vcpu_pause(v, PAUSE_DOWN);
		return 0;
	}
	case VCPUOP_is_up:
		return !(READ_ONCE(v->pause) & PAUSE_DOWN);
	case VCPUOP_get_runstate_info: {
		struct vcpu_runstate_info info = v->runstate;

		info.time[info.state] += system_time() - info.state_entry_time;
		return copy_to_guest(arg, &info, sizeof(info));
	}
	case VCPUOP_register_runstate_memory_area: {
		struct vcpu_register_runstate_memory_area a;

		if (copy_from_guest(&a, arg, sizeof(a)))
			return -EFAULT;
		if (!guest_range_ok(a.addr.p, sizeof(struct vcpu_runstate_info)))
			return -EINVAL;
		v->runstate_va = a.addr.p;
		if (v == cur)
			runstate_publish(v);
		return 0;
	}
	case VCPUOP_set_periodic_timer: {
		struct vcpu_set_periodic_timer t;

		if (copy_from_guest(&t, arg, sizeof(t)))
			return -EFAULT;
		if (t.period_ns < MIN_PERIOD || t.period_ns > 3600 * NS_PER_SEC)
			return -EINVAL;
		v->period_ns = t.period_ns;
		timer_set(&v->periodic, v->cpu, system_time() + t.period_ns);
		return 0;
	}
	case VCPUOP_stop_periodic_timer:
		v->period_ns = 0;
		timer_stop(&v->periodic);
		return 0;
	case VCPUOP_set_singleshot_timer: {
		struct vcpu_set_singleshot_timer t;

		if (v != cur)
			return -EINVAL;
		if (copy_from_guest(&t, arg, sizeof(t)))
			return -EFAULT;
		if (t.flags & VCPU_SSHOTTMR_future && t.timeout_abs_ns < system_time())
			return -ETIME;
		timer_set(&v->singleshot, v->cpu, t.timeout_abs_ns);
		return 0;
	}
	case VCPUOP_stop_singleshot_timer:
		if (v != cur)
			return -EINVAL;
		timer_stop(&v->singleshot);
		return 0;
	case VCPUOP_register_vcpu_info: {
		struct vcpu_register_vcpu_info r;

		if (copy_from_guest(&r, arg, sizeof(r)))
			return -EFAULT;
		return vcpu_info_register(v, r.mfn, r.offset);
	}
	default:
		return -ENOSYS;
	}
}

long do_set_timer_op(u64 timeout, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	if (timeout)
		timer_set(&v->singleshot, v->cpu, timeout);
	else
		timer_stop(&v->singleshot);
	return 0;
}

/* Sleeps until an event can be delivered; returns at once if one can. */
static long block(struct vcpu *v)
{
	v->vcpu_info->evtchn_upcall_mask = 0;
	vcpu_pause(v, PAUSE_BLOCKED);
	/* Blocked first, then looked: a sender does it the other way round. */
	smp_mb();
	if (event_deliverable(v->vcpu_info))
		vcpu_unpause(v, PAUSE_BLOCKED);
	return 0;
}

#define MAX_POLL 128

static long poll(struct vcpu *v, u64 arg)
{
	struct domain *d = v->domain;
	u32 ports[MAX_POLL];
	struct sched_poll p;

	if (copy_from_guest(&p, arg, sizeof(p)))
		return -EFAULT;
	if (p.nr_ports > MAX_POLL)
		return -EINVAL;
	if (copy_from_guest(ports, (u64)p.ports.p, p.nr_ports * sizeof(u32)))
		return -EFAULT;
	for (unsigned int i = 0; i < p.nr_ports; i++)
		if (ports[i] >= EVTCHN_2L_NR_CHANNELS)
			return -EINVAL;

	v->polling = p.nr_ports == 1 ? ports[0] + 1 : 1;
	__atomic_or_fetch(&d->poll_mask, 1U << v->id, __ATOMIC_SEQ_CST);
	vcpu_pause(v, PAUSE_BLOCKED);
	smp_mb();
	for (unsigned int i = 0; i < p.nr_ports; i++)
		if (test_bit(ports[i], d->shared_info->evtchn_pending)) {
			v->polling = 0;
			__atomic_and_fetch(&d->poll_mask, ~(1U << v->id), __ATOMIC_SEQ_CST);
			vcpu_unpause(v, PAUSE_BLOCKED);
			return 0;
		}
	if (event_deliverable(v->vcpu_info))
		vcpu_unpause(v, PAUSE_BLOCKED);
	else if (p.timeout)
		timer_set(&v->poll_timer, v->cpu, p.timeout);
	return 0;
}

long do_sched_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();
	struct sched_shutdown sd;

	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		return block(v);
	case SCHEDOP_poll:
		return poll(v, arg);
	case SCHEDOP_shutdown:
		if (copy_from_guest(&sd, arg, sizeof(sd)))
			return -EFAULT;
		if (sd.reason > SHUTDOWN_MAX)
			return -EINVAL;
		domain_shutdown(v->domain, sd.reason);
		return 0;
	case SCHEDOP_shutdown_code:
		if (copy_from_guest(&sd, arg, sizeof(sd)))
			return -EFAULT;
		v->domain->shutdown_code = sd.reason;
		return 0;
	default:
		return -ENOSYS;
	}
}
