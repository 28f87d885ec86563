#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Our own kernel as keel's initial domain, up to a shell script in its initramfs,
# and the machine off again when that says so: without privileges on one and two
# processors, and with them and with devices.
. "$(dirname -- "$0")/../lib.sh"

kernel=$OUT/kernel/native.bzImage
keel=$OUT/keel/keel
[ -f "$kernel" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$keel" ] || skip_all "no keel in OUT/keel; make keel"
busybox=$(command -v busybox) || skip_all "no busybox on this host; make deps"
ldd "$busybox" >/dev/null 2>&1 && skip_all "$busybox is not static; make deps"

root=$TMP/root
mkdir -p "$root/bin" "$root/proc" "$root/dev"
cp "$busybox" "$root/bin/busybox"
cat >"$root/init" <<'END'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
# The boot console of the kernel may still be writing.
echo "cpus=$(busybox grep -c ^processor /proc/cpuinfo)"
i=0
while [ $i -lt 50 ]; do
	busybox true || echo "FORK FAILED"
	i=$((i + 1))
done
echo "children=$i"
# Page tables that come and go: memory written, shared after a fork, freed.
busybox dd if=/dev/zero of=/tmpfile bs=1M count=8 2>/dev/null
(busybox md5sum /tmpfile) | busybox cut -c1-32
busybox rm /tmpfile
if [ -b /dev/vda ]; then
	busybox dd if=/dev/vda bs=64k 2>/dev/null | busybox md5sum | busybox cut -c1-32
	busybox ip link set eth0 up
	busybox ip addr add 10.0.2.15/24 dev eth0
	busybox ping -c 3 -W 60 10.0.2.2 | busybox grep -o '3 packets received'
fi
t=$(busybox cut -d. -f1 /proc/uptime)
busybox sleep 1
[ "$(busybox cut -d. -f1 /proc/uptime)" -gt "$t" ] && echo "the clock moves"
busybox dmesg >/dev/hvc0.not 2>/dev/null
busybox dmesg | busybox grep -E "WARNING:|BUG:|Oops|detected stall|self-detected|Call Trace" && echo "KERNEL COMPLAINS"
echo BOOTED
busybox poweroff -f
END
sed -i '/hvc0.not/d' "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | gzip -1 >"$TMP/initrd.gz"

# run SMP NAME KEEL-OPTIONS [QEMU-OPTION]...: the console in TMP/NAME.log, QEMU's exit status in STATUS (the
# debug-exit device makes it 33 after a power-off, 35 after anything else).
run() {
	smp=$1 name=$2 options=$3
	shift 3
	try timeout 900 qemu-system-x86_64 -accel tcg -cpu max,-smap,-smep,-pku \
		-m 512 -smp "$smp" "$@" -nodefaults -display none -no-reboot \
		-serial "file:$TMP/$name.log" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-kernel "$keel" -append "console=com1 $options" \
		-initrd "$kernel console=hvc0 earlyprintk=xen panic=-1,$TMP/initrd.gz"
	tr -d '\r' <"$TMP/$name.log" >"$TMP/$name.txt"
}

# said NAME TEXT...: each a line of that console; and no complaint there.
said() {
	name=$1
	shift
	is "$STATUS" 33 "$name: powers off in the end"
	for want; do
		if grep -qxF "$want" "$TMP/$name.txt"; then
			ok "$name: $want"
		else
			not_ok "$name: $want" "$(tail -n 15 "$TMP/$name.txt")"
		fi
	done
	is "$(grep -E 'PANIC|killed:|KERNEL COMPLAINS|FORK FAILED' "$TMP/$name.txt")" "" \
		"$name: no complaint"
}

zeros=96995b58d4cbf6aaa9041b4f00c7f6ae
for smp in 1 2; do
	run $smp smp$smp dom0_unprivileged
	said smp$smp "(keel) self tests passed" "cpus=$smp" children=50 $zeros \
		"the clock moves" BOOTED
done

# PC hardware: interrupt lines through the I/O APIC, DMA, ACPI's power button.
head -c 9M /dev/urandom >"$TMP/disk"
run 2 devices "dom0_mem=384M" -drive "file=$TMP/disk,format=raw,if=virtio,readonly=on" \
	-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=
said devices "cpus=2" $zeros "$(md5sum <"$TMP/disk" | cut -c1-32)" "3 packets received" \
	"the clock moves" BOOTED
rm -f "$TMP/disk"
finish
