/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R:55  Grants: frames a domain lets another map or copy. */
#ifndef KEEL_GRANT_H
#define KEEL_GRANT_H

#include <keel/types.h>

struct domain;

int gnttab_create(struct domain *d);
/*
 * End of d, in this order: its mappings of others' frames (up to `batch`; true
 * when none is left), the frames of its own table, and at last the rest.
 */
bool gnttab_release(struct domain *d, unsigned int batch);
void gnttab_destroy(struct domain *d);
void gnttab_free(struct domain *d);

#endif
