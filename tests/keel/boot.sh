# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced after lib.sh by tests that boot a kernel on keel with nothing but an
# initramfs of busybox: it looks at what it finds, and powers off.

# What md5sum says of 8 MiB of zeros.
# shellcheck disable=SC2034 # for the caller
ZEROS=96995b58d4cbf6aaa9041b4f00c7f6ae

# needs_busybox: skips the script where there is no static one.
needs_busybox() {
	busybox=$(command -v busybox) || skip_all "no busybox on this host; make deps"
	ldd "$busybox" >/dev/null 2>&1 && skip_all "$busybox is not static; make deps"
}

# initramfs FILE [MODULES-DIR MODULE...]: writes one. The modules, of a kernel as
# Debian packs it, are loaded in this order; those that it has not are built in.
initramfs() {
	initramfs_file=$1
	root=$TMP/root
	rm -rf -- "$root"
	mkdir -p "$root/bin" "$root/proc" "$root/dev" "$root/modules"
	cp "$busybox" "$root/bin/busybox"
	if [ $# -gt 1 ]; then
		initramfs_from=$2
		shift 2
		for module; do
			found=$(find "$initramfs_from" -name "$module.ko" -o -name "$module.ko.xz")
			[ -n "$found" ] || continue
			echo "$module" >>"$root/modules/order"
			case $found in
			*.xz) xz -dc "$found" >"$root/modules/$module.ko" ;;
			*) cp "$found" "$root/modules/" ;;
			esac
		done
	fi
	cat >"$root/init" <<'END'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
for m in $(busybox cat /modules/order 2>/dev/null); do
	busybox insmod /modules/$m.ko || echo "NO MODULE $m"
done
echo "kernel=$(busybox uname -r)"
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
# A disk may take a moment to appear.
i=0
while busybox grep -q "expect=disk" /proc/cmdline && [ ! -b /dev/vda ] && [ ! -b /dev/xvda ] && [ $i -lt 60 ]; do
	busybox sleep 1
	i=$((i + 1))
done
for disk in vda xvda; do
	[ -b /dev/$disk ] || continue
	busybox dd if=/dev/$disk bs=64k 2>/dev/null | busybox md5sum | busybox cut -c1-32
done
if busybox ip link set eth0 up 2>/dev/null; then
	busybox ip addr add 10.0.2.15/24 dev eth0
	busybox ping -c 3 -W 60 10.0.2.2 | busybox grep -o '3 packets received'
fi
t=$(busybox cut -d. -f1 /proc/uptime)
busybox sleep 1
[ "$(busybox cut -d. -f1 /proc/uptime)" -gt "$t" ] && echo "the clock moves"
busybox dmesg | busybox grep -E "WARNING:|BUG:|Oops|detected stall|self-detected|Call Trace" && echo "KERNEL COMPLAINS"
echo BOOTED
busybox poweroff -f
END
	chmod 755 "$root/init"
	(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | gzip -1 >"$initramfs_file"
}

# boot_kernel NAME KERNEL INITRAMFS SMP MIB KEEL-OPTIONS [QEMU-OPTION]...: boots it as
# the initial domain; the console in TMP/NAME.txt, QEMU's exit status in STATUS (the
# debug-exit device makes it 33 after a power-off, 35 after anything else).
boot_kernel() {
	boot_name=$1 boot_kernel=$2 boot_initrd=$3 boot_smp=$4 boot_mib=$5 boot_options=$6
	shift 6
	try timeout "${BOOT_TIMEOUT:-900}" qemu-system-x86_64 -accel tcg -cpu max,-smap,-smep,-pku \
		-m "$boot_mib" -smp "$boot_smp" "$@" -nodefaults -display none -no-reboot \
		-serial "file:$TMP/$boot_name.log" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-kernel "$OUT/keel/keel" -append "console=com1 $boot_options" \
		-initrd "$boot_kernel console=hvc0 earlyprintk=xen panic=-1 no_timer_check,$boot_initrd"
	tr -d '\r' <"$TMP/$boot_name.log" >"$TMP/$boot_name.txt"
}

# said NAME TEXT...: each a line of that console; and no complaint there.
said() {
	said_name=$1
	shift
	for want; do
		if grep -qxF -e "$want" "$TMP/$said_name.txt"; then
			ok "$said_name: $want"
		else
			not_ok "$said_name: $want" "$(tail -n 15 "$TMP/$said_name.txt")"
		fi
	done
	is "$(grep -E 'PANIC|killed:|KERNEL COMPLAINS|FORK FAILED|NO MODULE' "$TMP/$said_name.txt")" "" \
		"$said_name: no complaint"
}
