#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and let the power fail below a file system, see
# guest_powercut.sh.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/disk/disk.sh"

disk_test powercut '' vdisk wlog
