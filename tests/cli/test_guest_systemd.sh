#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian guest with systemd in a context: nginx, PostgreSQL and sshd, a reboot from
# inside, a clean stop. Its packages are fetched once and kept below out/image.
. "$(dirname -- "$0")/../lib.sh"
. "$TOP/hv-compare/machine/lib.sh"

V=$OUT/userland/vctx
tar=$OUT/image/systemd-root.tar
[ "$(id -u)" = 0 ] || skip_all "the files of a template belong to many users"
debian_release
packages=nginx-light,postgresql,openssh-server,openssh-client
key="$DEBIAN_SUITE $DEBIAN_MIRROR $packages $(digest "$TOP/userland/vctx-mkroot")"
mkdir -p "$OUT/image"
(
	flock 9
	if [ ! -f "$tar" ] || ! fresh "$OUT/image/.systemd-root.stamp" "$key"; then
		rm -f "$OUT/image/.systemd-root.stamp" "$tar"
		"$TOP/userland/vctx-mkroot" --init systemd --suite "$DEBIAN_SUITE" \
			${DEBIAN_MIRROR:+--mirror "$DEBIAN_MIRROR"} --include "$packages" "$tar" &&
			echo "$key" >"$OUT/image/.systemd-root.stamp"
	fi
) 9>"$OUT/image/.systemd-root.lock" >"$TMP/packages.log" 2>&1
fresh "$OUT/image/.systemd-root.stamp" "$key"
is "$?" 0 "the packages are there" || cat "$TMP/packages.log"

try "$V" --root "$TMP/state" template build debian --tarball "$tar"
is "$STATUS: $STDERR" "0: " "the template is built"
truncate -s 2G "$TMP/disk.img"
try mke2fs -q -F -t ext4 -m 0 -O quota,project -E quotatype=prjquota \
	-d "$TMP/state/var/lib/vctx" "$TMP/disk.img"
is "$STATUS: $STDERR" "0: " "it is put on a disk"
rm -rf "$TMP/state"

job=$(new_job guest_systemd <"$TESTS/cli/guest_systemd.sh")
cp "$TESTS/lib.sh" "$TESTS/cli/guest_lib.sh" "$job"
boot --kernel patched --smp 2 --timeout 900 --disk "$TMP/disk.img,snapshot=on" "$job"
relay "$job/results/output.log"
[ "$STATUS" -le 1 ] || not_ok "the machine ran it" "status $STATUS: $STDERR"
test_dmesg "$job/results/dmesg.txt"
rm -f "$TMP/disk.img"
finish
