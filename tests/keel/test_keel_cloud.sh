#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernel for virtual machines, unmodified, as a guest on keel: started by xl
# with one and with two vCPUs, from an initramfs; it powers itself off.
. "$(dirname -- "$0")/../lib.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"
busybox=$(command -v busybox) || skip_all "no busybox on this host; make deps"
ldd "$busybox" >/dev/null 2>&1 && skip_all "$busybox is not static; make deps"
kernel=$("$TOP/hv-compare/machine/cloud-kernel" 2>"$TMP/fetch.log") ||
	skip_all "Debian's cloud kernel cannot be had: $(head -n 1 "$TMP/fetch.log")"

root=$TMP/root
mkdir -p "$root/bin" "$root/proc" "$root/dev"
cp "$busybox" "$root/bin/busybox"
cat >"$root/init" <<'END2'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
echo "kernel=$(busybox uname -r)"
echo "cpus=$(busybox grep -c ^processor /proc/cpuinfo)"
i=0
while [ $i -lt 20 ]; do
	busybox true || echo "FORK FAILED"
	i=$((i + 1))
done
busybox dd if=/dev/zero bs=1M count=8 2>/dev/null | busybox md5sum
echo BOOTED
busybox poweroff -f
END2
chmod 755 "$root/init"
job=$(new_job dom0 <<'END2'
set -eu
res=/job/results
/usr/lib/bulkhead/xen-up
kill "$(pidof xenconsoled)"
while pidof xenconsoled >/dev/null; do sleep 0.1; done
bin=$(dirname -- "$(echo /usr/lib/xen-*/bin/xenconsoled)")
"$bin/xenconsoled" --pid-file=/run/xen/xenconsoled.pid --log=guest --log-dir=/tmp
cp /job/vmlinuz /job/initrd /tmp/
for n in 1 2; do
	cat >/tmp/cloud.cfg <<-CFG
		name = "cloud$n"
		memory = 256
		vcpus = $n
		kernel = "/tmp/vmlinuz"
		ramdisk = "/tmp/initrd"
		extra = "console=hvc0 panic=-1 loglevel=5"
		on_crash = "destroy"
		on_reboot = "destroy"
	CFG
	timeout 600 xl create -F /tmp/cloud.cfg >$res/create$n 2>&1
	cp /tmp/guest-cloud$n.log $res/guest$n
done
exit 3
END2
)
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | gzip -1 >"$job/initrd"
cp "$kernel" "$job/vmlinuz"
boot --keel --accel icount --mem 1024 --disk "$OUT/image/root.img,snapshot=on" \
	--timeout 4000 "$job"
is "$STATUS" 3 "the job of domain 0 runs to its end"
for n in 1 2; do
	tr -d '\r' <"$job/results/guest$n" >"$TMP/guest$n.txt"
	for want in "cpus=$n" "96995b58d4cbf6aaa9041b4f00c7f6ae  -" BOOTED; do
		if grep -qxF "$want" "$TMP/guest$n.txt"; then
			ok "$n vCPU: $want"
		else
			not_ok "$n vCPU: $want" "$(tail -n 15 "$TMP/guest$n.txt")"
		fi
	done
	matches "$(grep ^kernel= "$TMP/guest$n.txt")" "*-cloud-amd64" "$n vCPU: it is the cloud kernel"
	is "$(grep -E 'BUG|Oops|WARNING|stall|FORK FAILED' "$TMP/guest$n.txt")" "" \
		"$n vCPU: no complaint"
done
is "$(grep -aE 'PANIC|killed:' "$job/console.log")" "" "no complaint of keel"
finish
