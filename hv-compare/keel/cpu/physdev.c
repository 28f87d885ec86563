// SPDX-License-Identifier: GPL-2.0-or-later
/* R:35  Hardware in guests' hands: ports, device memory, interrupt lines. */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/irq.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/physdev.h>
#include <xen/physdev.h>

/* Interrupt controllers, the timer keel calibrates by, and keel's serial port. */
static const struct { u16 first, last; } kept_ports[] = {
	{ 0x20, 0x21 }, { 0x40, 0x43 }, { 0x61, 0x61 }, { 0xa0, 0xa1 },
	{ 0x3f8, 0x3ff },
};

bool port_accessible(const struct domain *d, u16 port, unsigned int size)
{
	if (!d->privileged)
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(kept_ports); i++)
		if (port <= kept_ports[i].last && port + size > kept_ports[i].first)
			return false;
	return true;
}

bool iomem_accessible(const struct domain *d, u64 mfn)
{
	/* The local APIC is keel's. */
	return d->privileged && mfn != 0xfee00 && mfn < 1UL << 40;
}

int pirq_bind(struct domain *d, u32 pirq, u32 port)
{
	return -EINVAL;
}

void pirq_unbind(struct domain *d, u32 pirq)
{
}

void device_interrupt(unsigned int vec)
{
	printk("interrupt %#x from nowhere\n", vec);
	apic_eoi();
}

long do_physdev_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();

	switch (cmd) {
	case PHYSDEVOP_set_iopl: {
		struct physdev_set_iopl p;

		if (copy_from_guest(&p, arg, sizeof(p)))
			return -EFAULT;
		if (p.iopl > 3)
			return -EINVAL;
		v->iopl = p.iopl;
		return 0;
	}
	default:
		return -ENOSYS;
	}
}
