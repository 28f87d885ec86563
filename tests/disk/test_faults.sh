#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel and break a disk under the context-fair
# elevator, see guest_faults.sh.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TESTS/disk" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "the load builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
job=$(new_job faults <"$TESTS/disk/guest_faults.sh")
cp "$TESTS/lib.sh" "$OUT/tests/disk/dio" "$OUT/tests/disk/vdisk" "$job"
boot --kernel "${KERNEL:-patched}" --smp 2 --timeout 900 "$job"
relay "$job/results/output.log"
[ "$STATUS" -le 1 ] || not_ok "the machine ran the test" "status $STATUS: $STDERR"
# The commands that fail are told there.
sed '/scsi_debug\|sd [0-9]\|\[sd[a-z]\]\|dev sd[a-z]/d' "$job/results/dmesg.txt" >"$TMP/dmesg.txt"
test_dmesg "$TMP/dmesg.txt"
finish
