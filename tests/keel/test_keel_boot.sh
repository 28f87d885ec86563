#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Our own kernel as keel's initial domain, without privileges, up to a shell
# script in its initramfs; and the machine off again when that says so.
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

# run SMP NAME: the console in TMP/NAME.log, QEMU's exit status in STATUS (the
# debug-exit device makes it 33 after a power-off, 35 after anything else).
run() {
	try timeout 900 qemu-system-x86_64 -accel tcg -cpu max,-smap,-smep,-pku \
		-m 512 -smp "$1" -nodefaults -display none -no-reboot \
		-serial "file:$TMP/$2.log" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-kernel "$keel" -append "console=com1 dom0_unprivileged" \
		-initrd "$kernel console=hvc0 earlyprintk=xen panic=-1,$TMP/initrd.gz"
	tr -d '\r' <"$TMP/$2.log" >"$TMP/$2.txt"
}

for smp in 1 2; do
	run $smp smp$smp
	is "$STATUS" 33 "$smp CPU: powers off in the end"
	for want in "(keel) self tests passed" "cpus=$smp" "children=50" \
		"96995b58d4cbf6aaa9041b4f00c7f6ae" "the clock moves" BOOTED; do
		if grep -qxF "$want" "$TMP/smp$smp.txt"; then
			ok "$smp CPU: $want"
		else
			not_ok "$smp CPU: $want" "$(tail -n 15 "$TMP/smp$smp.txt")"
		fi
	done
	is "$(grep -E 'PANIC|killed:|KERNEL COMPLAINS|FORK FAILED' "$TMP/smp$smp.txt")" "" \
		"$smp CPU: no complaint"
done
finish
