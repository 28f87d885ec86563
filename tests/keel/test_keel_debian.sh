#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernels, as shipped, as domain 0 on keel: unpacked by keel, with the
# machine's virtio disk and network, on one and on two processors, and off again.
#
# KEEL_KERNELS: which (default "amd64 6.12-amd64"; hv-compare/machine/debian-kernel
# fetches them, 70 and 107 MB).
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/keel/boot.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
needs_busybox
head -c 9M /dev/urandom >"$TMP/disk"
for name in ${KEEL_KERNELS:-amd64 6.12-amd64}; do
	if ! dir=$("$TOP/hv-compare/machine/debian-kernel" "$name" 2>"$TMP/fetch.log"); then
		skip "$name" "cannot be had: $(head -n 1 "$TMP/fetch.log")"
		continue
	fi
	initramfs "$TMP/$name.gz" "$dir/lib/modules" virtio_ring virtio virtio_pci_modern_dev \
		virtio_pci_legacy_dev virtio_pci virtio_blk failover net_failover virtio_net
	for smp in 1 2; do
		this=$name-$smp
		BOOT_TIMEOUT=2400 boot_kernel "$this" "$dir/vmlinuz" "$TMP/$name.gz" $smp 1024 \
			"dom0_mem=768M" \
			-drive "file=$TMP/disk,format=raw,if=virtio,readonly=on" \
			-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=
		is "$STATUS" 33 "$this: powers off in the end"
		said "$this" "cpus=$smp" "$ZEROS" "$(md5sum <"$TMP/disk" | cut -c1-32)" \
			"3 packets received" "the clock moves" BOOTED
		is "$(grep ^kernel= "$TMP/$this.txt")" \
			"kernel=$(basename -- "$dir"/lib/modules/*)" "$this: it is Debian's kernel"
	done
done
rm -f "$TMP/disk"
finish
