// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R:35  Hardware in a privileged domain's hands: ports, device memory, interrupt
 * lines. A "pirq" of the interface is a line number here.
 */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/irq.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <keel/physdev.h>
#include <keel/trap.h>
#include <xen/physdev.h>

/* Interrupt controllers, the timer keel calibrates by, and keel's serial port. */
static const struct { u16 first, last; } kept_ports[] = {
	{ 0x20, 0x21 }, { 0x40, 0x43 }, { 0x61, 0x61 }, { 0xa0, 0xa1 },
	{ 0x3f8, 0x3ff },
};

bool port_accessible(const struct domain *d, u16 port, unsigned int size)
{
	if (!d->privileged || port + size > 0x10000)
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(kept_ports); i++)
		if (port <= kept_ports[i].last && port + size > kept_ports[i].first)
			return false;
	return true;
}

/*
 * Frames that are not RAM: devices, firmware tables, holes. Interrupt controllers
 * are keel's, and writing 0xfee..... would be sending interrupts.
 */
bool iomem_accessible(const struct domain *d, u64 mfn)
{
	if (!d->privileged || mfn >> (cpu_features.phys_bits - PAGE_SHIFT))
		return false;
	return (mfn < 0xfee00 || mfn > 0xfeeff) && !is_ioapic_frame(mfn);
}

static long map_pirq(u64 arg)
{
	struct physdev_map_pirq m;

	if (copy_from_guest(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.domid != DOMID_SELF && m.domid != current_vcpu()->domain->id)
		return -ESRCH;
	/* Message-signalled interrupts are refused; drivers fall back to lines. */
	if (m.type != MAP_PIRQ_TYPE_GSI)
		return -ENOSYS;
	if (m.index < 0 || !line_exists(m.index) || (m.pirq >= 0 && m.pirq != m.index))
		return -EINVAL;
	m.pirq = m.index;
	return copy_to_guest(arg, &m, sizeof(m));
}

static long set_iobitmap(struct vcpu *v, u64 arg)
{
	struct domain *d = v->domain;
	struct physdev_set_iobitmap b;
	u8 *map, *none = NULL;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	if (b.nr_ports > 65536)
		return -EINVAL;
	if (!READ_ONCE(d->iobitmap)) {
		map = kalloc(8192, USE_IOPORTS, d->id);
		if (!map)
			return -ENOMEM;
		memset(map, 0xff, 8192);
		/* Another vCPU may have been first. */
		if (!__atomic_compare_exchange_n(&d->iobitmap, &none, map, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			kfree(map, 8192);
	}
	map = d->iobitmap;
	memset(map, 0xff, 8192);
	if (copy_from_guest(map, (u64)b.bitmap.p, (b.nr_ports + 7) / 8)) {
		memset(map, 0xff, 8192);
		return -EFAULT;
	}
	return 0;
}

long do_physdev_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;

	if (cmd == PHYSDEVOP_set_iopl) {
		struct physdev_set_iopl p;

		if (copy_from_guest(&p, arg, sizeof(p)))
			return -EFAULT;
		if (p.iopl > 3)
			return -EINVAL;
		v->iopl = p.iopl;
		return 0;
	}
	if (cmd == PHYSDEVOP_set_iobitmap)
		return set_iobitmap(v, arg);
	if (!d->privileged)
		return cmd == PHYSDEVOP_pirq_eoi_gmfn_v2 ? -ENOSYS : -EPERM;
	switch (cmd) {
	case PHYSDEVOP_map_pirq:
		return map_pirq(arg);
	case PHYSDEVOP_unmap_pirq: {
		struct physdev_unmap_pirq u;

		if (copy_from_guest(&u, arg, sizeof(u)))
			return -EFAULT;
		return u.pirq >= 0 && line_exists(u.pirq) ? 0 : -EINVAL;
	}
	case PHYSDEVOP_alloc_irq_vector: {
		struct physdev_irq i;

		if (copy_from_guest(&i, arg, sizeof(i)))
			return -EFAULT;
		if (!line_exists(i.irq))
			return -EINVAL;
		i.vector = VEC_DEVICE_FIRST + i.irq;
		return copy_to_guest(arg, &i, sizeof(i));
	}
	case PHYSDEVOP_setup_gsi: {
		struct physdev_setup_gsi s;

		if (copy_from_guest(&s, arg, sizeof(s)))
			return -EFAULT;
		return s.gsi < 0 ? -EINVAL : line_setup(s.gsi, s.triggering & 1, s.polarity & 1);
	}
	case PHYSDEVOP_irq_status_query: {
		struct physdev_irq_status_query q;

		if (copy_from_guest(&q, arg, sizeof(q)))
			return -EFAULT;
		if (!line_exists(q.irq))
			return -EINVAL;
		q.flags = line_is_level(q.irq) ? XENIRQSTAT_needs_eoi : 0;
		return copy_to_guest(arg, &q, sizeof(q));
	}
	case PHYSDEVOP_eoi: {
		struct physdev_eoi e;

		if (copy_from_guest(&e, arg, sizeof(e)))
			return -EFAULT;
		return line_eoi(d, e.irq);
	}
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_pci_mmcfg_reserved:
		/* Told for information; keel has no use for it. */
		return 0;
	default:
		return -ENOSYS;
	}
}
