/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware that a privileged domain may reach. */
#ifndef KEEL_PHYSDEV_H
#define KEEL_PHYSDEV_H

#include <keel/types.h>

struct domain;

/* Ports and device memory that keel keeps are nobody's else. */
bool port_accessible(const struct domain *d, u16 port, unsigned int size);
bool iomem_accessible(const struct domain *d, u64 mfn);

/* Interrupt line `pirq` raises `port` of d from now on: 0, -EINVAL, -EBUSY. */
int pirq_bind(struct domain *d, u32 pirq, u32 port);
void pirq_unbind(struct domain *d, u32 pirq);

#endif
