#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and check who is charged for buffered writes, and
# that journals do not wait for those of others, see guest_writeback.sh.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/disk/disk.sh"

disk_test writeback '' vdisk
