#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Our kernel as domain 0 on keel in the test machine, and Debian's own xl, which
# starts the same kernel and root disk as a guest that gets its job from a disk.
#
# KEEL_XL_CYCLES: how often a guest is created and destroyed after that (default 2:
# each takes a minute or more here; 100 say that nothing is left of them).
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/xl.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"

cycles=${KEEL_XL_CYCLES:-2}
case $cycles in
'' | *[!0-9]* | 0)
	echo "test_keel_xl: KEEL_XL_CYCLES must be a number above 0, not '$cycles'" >&2
	exit 2 ;;
esac
xl_job <<'END'
cat /sys/hypervisor/type >results/who
i=0
while [ $i -lt 50 ]; do /bin/true; i=$((i + 1)); done
dd if=/dev/zero bs=1M count=20 2>/dev/null | md5sum | cut -c1-32 >results/sum
exit 23
END

job=$(new_job dom0 <<'END'
set -e
/usr/lib/bulkhead/xen-up >results/xen-up
cat /proc/xen/capabilities >results/capabilities
xl list >results/list
xl info >results/info
timeout 300 xl create -F /job/guest.cfg >results/create 2>&1
mount -o ro /dev/vdc /mnt/a
cp -r /mnt/a/results results/guest
umount /mnt/a
# Life and death without a guest kernel's help: paused, seen, unpaused, killed. Once
# before pages are counted: domain 0 gives up some for the grants it maps.
sed -e 's/^memory = .*/memory = 64/' -e 's/^disk = .*/disk = ["phy:\/dev\/vdc,xvda,w"]/' \
	/job/guest.cfg >/tmp/small.cfg
i=-1
while [ $i -lt "$(cat /job/cycles)" ]; do
	if [ $i -eq 0 ]; then
		sleep 5
		/job/domtimes pages >results/free.before
		xl list 0 | awk 'NR == 2 { print $3 }' >results/dom0.before
	fi
	xl create -p /tmp/small.cfg >>results/create 2>&1
	xl list guest | awk 'NR == 2 { print $5 }' >>results/paused
	xl unpause guest
	xl destroy guest
	i=$((i + 1))
done
xl list | wc -l >results/left
sleep 5
/job/domtimes pages >results/free.after
xl list 0 | awk 'NR == 2 { print $3 }' >results/dom0.after
exit 5
END
)
xl_config "$job"
echo "$cycles" >"$job/cycles"
if ! gcc -O1 -Wall -Wextra -Werror -o "$job/domtimes" "$TESTS/keel/domtimes.c" >"$TMP/build.log" 2>&1; then
	not_ok "domtimes builds" "$(head -n 10 "$TMP/build.log")"
	finish
fi
# Instructions are counted for time, so that a busy host does not run the scripts of
# xl into their time limits.
boot --keel --accel icount --disk "$OUT/image/root.img,snapshot=on" --disk "$TMP/guest.img" \
	--timeout $((3000 + 300 * cycles)) "$job"
is "$STATUS" 5 "the job of domain 0 runs to its end"
res=$job/results
is "$(cat "$res/capabilities")" control_d "it is domain 0"
matches "$(cat "$res/list")" "*Domain-0 *" "xl lists domain 0"
matches "$(cat "$res/info")" "*xen_caps *: xen-3.0-x86_64*" "xl info"
is "$(cat "$res/guest/.rc")" 23 "a guest runs its job from a disk"
is "$(cat "$res/guest/who")" xen "the guest runs on the interface"
is "$(cat "$res/guest/sum")" 8f4e33f3dc3e414ff94e5fb6905cba8c "and computes"
is "$(sort -u "$res/paused")" "--p---" "created paused $((cycles + 1)) times"
is "$(wc -l <"$res/paused")" "$((cycles + 1))" "each time seen"
is "$(cat "$res/left")" 2 "only domain 0 is left"
is "$(cat "$res/free.after")" "$(cat "$res/free.before")" "after $cycles guests as many pages are free as before"
is "$(cat "$res/dom0.after")" "$(cat "$res/dom0.before")" "and domain 0 has as much memory"
is "$(grep -aE 'PANIC|killed:' "$job/console.log")" "" "no complaint of keel"
test_dmesg "$res/dmesg.txt" "the log of domain 0 has no complaint"
test_dmesg "$res/guest/dmesg.txt" "the log of the guest has no complaint"
finish
