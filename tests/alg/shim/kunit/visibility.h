/* SPDX-License-Identifier: GPL-2.0-or-later */
#define EXPORT_SYMBOL_IF_KUNIT(name) struct shim_not_exported
