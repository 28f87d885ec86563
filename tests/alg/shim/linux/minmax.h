/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SHIM_MINMAX_H
#define SHIM_MINMAX_H
#define min(a, b) ({ typeof(a) a_n = (a); typeof(b) b_n = (b); a_n < b_n ? a_n : b_n; })
#define max(a, b) ({ typeof(a) a_x = (a); typeof(b) b_x = (b); a_x > b_x ? a_x : b_x; })
#define clamp(v, lo, hi) min(max(v, lo), hi)
#endif
