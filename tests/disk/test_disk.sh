#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and check the disk accounts of contexts and
# the context-fair elevator, see guest_disk.sh.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/disk/disk.sh"

disk_test disk '' dio vdisk
