/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware that a privileged domain may reach. */
#ifndef KEEL_PHYSDEV_H
#define KEEL_PHYSDEV_H

#include <keel/types.h>

struct domain;

/* Ports and device memory that keel keeps are nobody's else. */
bool port_accessible(const struct domain *d, u16 port, unsigned int size);
bool iomem_accessible(const struct domain *d, u64 mfn);

#endif
