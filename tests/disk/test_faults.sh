#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and break a disk under the context-fair
# elevator, see guest_faults.sh.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/disk/disk.sh"

# The commands that fail are told there.
disk_test faults 'scsi_debug\|sd [0-9]\|\[sd[a-z]\]\|dev sd[a-z]' dio vdisk
