#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and check who is charged for buffered writes, and
# that journals do not wait for those of others, see guest_writeback.sh.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TESTS/disk" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "the load builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
job=$(new_job writeback <"$TESTS/disk/guest_writeback.sh")
cp "$TESTS/lib.sh" "$OUT/tests/disk/vdisk" "$job"
boot --kernel "${KERNEL:-patched}" --smp 2 --timeout 900 "$job"
relay "$job/results/output.log"
[ "$STATUS" -le 1 ] || not_ok "the machine ran the test" "status $STATUS: $STDERR"
test_dmesg "$job/results/dmesg.txt"
finish
