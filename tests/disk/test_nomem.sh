#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the debug kernel and refuse memory to the context-fair elevator, see
# guest_nomem.sh.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/disk/disk.sh"

# shellcheck disable=SC2034 # disk_test uses it
KERNEL=debug
disk_test nomem '' dio vdisk
