#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will boot our kernel as domain 0 on Debian's Xen, and from there the
# same kernel and root disk as a PV guest that gets its job from a disk.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/xl.sh"

xl_job <<'END'
cat /sys/hypervisor/type >results/who
exit 23
END

job=$(new_job dom0 <<'END'
set -e
/usr/lib/bulkhead/xen-up >results/xen-up
/usr/lib/bulkhead/xen-up >results/again
cat /proc/xen/capabilities >results/capabilities
xl list >results/list
timeout 150 xl create -F /job/guest.cfg >results/create 2>&1
mount -o ro /dev/vdc /mnt/a
cp -r /mnt/a/results results/guest
exit 5
END
)
xl_config "$job"
boot --xen --disk "$OUT/image/root.img,snapshot=on" --disk "$TMP/guest.img" \
	--timeout 240 "$job"
is "$STATUS" 5 "the job of domain 0 runs to its end"
res=$job/results
is "$(cat "$res/capabilities")" control_d "it is domain 0"
is "$(cat "$res/again")" "" "xen-up does nothing the second time"
matches "$(cat "$res/list")" "*Domain-0 *" "xl lists domain 0"
is "$(cat "$res/guest/.rc")" 23 "a guest runs its job from a disk"
is "$(cat "$res/guest/who")" xen "the guest runs on Xen"
test_dmesg "$res/dmesg.txt" "the log of domain 0 has no complaint"
test_dmesg "$res/guest/dmesg.txt" "the log of the guest has no complaint"

refuses 1 "run: a comma in kernel parameters or kernel path cannot be used with --xen or --keel" \
	"refuses a comma where QEMU splits modules" \
	"$TOP/hv-compare/machine/run" --accel tcg --xen --append a=1,2 "$job"
is "$(cat "$res/guest/.rc")" 23 "a refusal keeps the results of the last run"
finish
