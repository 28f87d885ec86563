/* SPDX-License-Identifier: GPL-2.0-or-later */
#define BIT_ULL(n) (1ULL << (n))
