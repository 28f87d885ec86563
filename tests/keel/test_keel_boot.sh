#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Our own kernel as keel's initial domain, up to a shell script in its initramfs,
# and the machine off again when that says so: without privileges, and as domain 0
# with devices, each on one and two processors.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/keel/boot.sh"

kernel=$OUT/kernel/native.bzImage
[ -f "$kernel" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
needs_busybox
initramfs "$TMP/initrd.gz"

for smp in 1 2; do
	boot_kernel "smp$smp" "$kernel" "$TMP/initrd.gz" $smp 512 dom0_unprivileged
	is "$STATUS" 33 "smp$smp: powers off in the end"
	said "smp$smp" "(keel) self tests passed" "cpus=$smp" children=50 "$ZEROS" \
		"the clock moves" BOOTED
done

# PC hardware: interrupt lines through the I/O APIC, DMA, ACPI's power button.
head -c 9M /dev/urandom >"$TMP/disk"
for smp in 1 2; do
	boot_kernel "devices$smp" "$kernel" "$TMP/initrd.gz" $smp 512 "dom0_mem=384M" \
		-drive "file=$TMP/disk,format=raw,if=virtio,readonly=on" \
		-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=
	is "$STATUS" 33 "devices$smp: powers off in the end"
	said "devices$smp" "cpus=$smp" "$ZEROS" "$(md5sum <"$TMP/disk" | cut -c1-32)" \
		"3 packets received" "the clock moves" BOOTED
done
rm -f "$TMP/disk"
finish
