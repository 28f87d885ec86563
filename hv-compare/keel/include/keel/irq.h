/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device interrupts. */
#ifndef KEEL_IRQ_H
#define KEEL_IRQ_H

/* From the interrupt gate, vectors VEC_DEVICE_FIRST and up. */
void device_interrupt(unsigned int vec);

#endif
