#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernels, as shipped, as guests on keel: started by xl with one and with two
# vCPUs and a disk, from an initramfs; they power themselves off.
#
# KEEL_GUEST_KERNELS: which (default "cloud-amd64 6.12-cloud-amd64", Debian's kernels
# for virtual machines; amd64 and 6.12-amd64 are those for any machine, native is ours).
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/keel/boot.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"
needs_busybox

job=$(new_job dom0 <<'END'
set -eu
res=/job/results
/usr/lib/bulkhead/xen-up
/job/log-consoles
for kernel in $(cat /job/kernels); do
	cp /job/$kernel.vmlinuz /tmp/vmlinuz
	cp /job/$kernel.initrd /tmp/initrd
	for n in 1 2; do
		name=$kernel-$n
		cat >/tmp/guest.cfg <<-CFG
			name = "$name"
			memory = 256
			vcpus = $n
			kernel = "/tmp/vmlinuz"
			ramdisk = "/tmp/initrd"
			disk = ["phy:/dev/vdb,xvda,r"]
			extra = "console=hvc0 panic=-1 loglevel=5 expect=disk"
			on_crash = "destroy"
			on_reboot = "destroy"
		CFG
		timeout 900 xl create -F /tmp/guest.cfg >$res/create-$name 2>&1 || true
		cp /tmp/guest-$name.log $res/guest-$name
	done
done
exit 3
END
)
cp "$TESTS/keel/log-consoles" "$job/"
kernels=
for kernel in ${KEEL_GUEST_KERNELS:-cloud-amd64 6.12-cloud-amd64}; do
	if [ "$kernel" = native ]; then
		cp "$OUT/kernel/native.bzImage" "$job/native.vmlinuz"
		initramfs "$job/native.initrd"
	elif dir=$("$TOP/hv-compare/machine/debian-kernel" "$kernel" 2>"$TMP/fetch.log"); then
		cp "$dir/vmlinuz" "$job/$kernel.vmlinuz"
		initramfs "$job/$kernel.initrd" "$dir/lib/modules" xen-blkfront
	else
		skip "$kernel" "cannot be had: $(head -n 1 "$TMP/fetch.log")"
		continue
	fi
	kernels="$kernels $kernel"
done
[ -n "$kernels" ] || finish
echo "$kernels" >"$job/kernels"
head -c 3M /dev/urandom >"$TMP/disk"

boot --keel --accel icount --mem 1024 \
	--disk "$TMP/disk" --timeout 7200 "$job"
is "$STATUS" 3 "the job of domain 0 runs to its end"
for kernel in $kernels; do
	for n in 1 2; do
		name=$kernel-$n
		if [ ! -f "$job/results/guest-$name" ]; then
			not_ok "$name: runs" "$(cat "$job/results/create-$name")"
			continue
		fi
		tr -d '\r' <"$job/results/guest-$name" >"$TMP/$name.txt"
		said "$name" "cpus=$n" children=50 "$ZEROS" "$(md5sum <"$TMP/disk" | cut -c1-32)" BOOTED
		case $kernel in
		native) ;;
		*) matches "$(grep ^kernel= "$TMP/$name.txt")" "*[0-9]-${kernel#6.12-}" \
			"$name: it is Debian's kernel" ;;
		esac
	done
done
is "$(grep -aE 'PANIC|killed:' "$job/console.log")" "" "no complaint of keel"
test_dmesg "$job/results/dmesg.txt" "the log of domain 0 has no complaint"
finish
