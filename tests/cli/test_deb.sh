#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages: built, installed on a machine that has never seen the project,
# used, and removed without a trace.
. "$(dirname -- "$0")/../lib.sh"

command -v dh >/dev/null 2>&1 || skip_all "no debhelper on this host; make deps"
try "$TOP/userland/deb" now
is "$STATUS" 2 "an argument is refused"
try env OUT="$TMP/out" "$TOP/userland/deb"
[ "$STATUS" -eq 0 ] || {
	not_ok "the packages are built" "$STDERR"
	finish
}
ok "the packages are built"
for p in vctx libvctx0 libvctx-dev; do
	set -- "$TMP/out/deb/$p"_*.deb
	[ -f "$1" ] || {
		not_ok "package $p" "not there"
		finish
	}
done
is "$(dpkg-deb -c "$TMP"/out/deb/vctx_*.deb | awk '{ print $6 }' | grep -E '/(vctx|vctx.8.gz|vctx.conf.5.gz|vctx.service)$' | sort | tr '\n' ' ')" \
	"./lib/systemd/system/vctx.service ./usr/sbin/vctx ./usr/share/bash-completion/completions/vctx ./usr/share/man/man5/vctx.conf.5.gz ./usr/share/man/man8/vctx.8.gz " \
	"the command, its pages, completion, and the unit"
is "$(dpkg-deb -c "$TMP"/out/deb/vctx_*.deb | grep -c "$TOP")" 0 "no path of this tree is in it"

job=$(new_job deb <<'END'
set -u
. /job/lib.sh
# made for other tests; the package makes its own
rmdir /etc/vctx
before=$(find /usr /etc /lib/systemd /var/lib/vctx 2>/dev/null | sort)
dpkg -i /job/libvctx0.deb /job/vctx.deb /job/libvctx-dev.deb >/job/results/dpkg 2>&1
echo $? >/job/results/installed
vctx version >/job/results/version 2>&1
command -v vctx >/job/results/where
vctx create d1 --root /srv/guest-root -s "context.init=/bin/busybox init" --start >/job/results/life 2>&1 &&
	vctx exec d1 -- /bin/busybox echo inside >>/job/results/life 2>&1 &&
	vctx stop d1 --kill >>/job/results/life 2>&1 &&
	vctx delete d1 >>/job/results/life 2>&1
echo $? >>/job/results/life
dpkg --purge vctx libvctx-dev libvctx0 >/job/results/purge 2>&1
echo $? >/job/results/purged
find /usr /etc /lib/systemd /var/lib/vctx 2>/dev/null | sort >/job/results/after
echo "$before" >/job/results/before
END
)
cp "$TESTS/lib.sh" "$job"
for p in vctx libvctx0 libvctx-dev; do
	set -- "$TMP/out/deb/$p"_*.deb
	cp "$1" "$job/$p.deb"
done
boot --kernel patched "$job"
is "$STATUS" 0 "the machine runs"
result() {
	cat "$job/results/$1" 2>/dev/null || echo "no $1"
}
# Its libraries of development are not on the machine, and dpkg says so: the others are.
matches "$(result dpkg)" "*Setting up libvctx0*Setting up vctx (*" "installed by dpkg"
is "$(result where)" /usr/sbin/vctx "the command is there"
matches "$(result version)" "vctx *" "and runs"
matches "$(result life)" "*inside*
0" "a context lives and dies with it"
is "$(result purged)" 0 "purged"
is "$(diff "$job/results/before" "$job/results/after" | grep -vE '/(ld.so.cache|dpkg|cache)|^[0-9,acd]+$' | head -20)" "" \
	"nothing is left of it"
test_dmesg "$job/results/dmesg.txt" "the kernel log has no complaint"
finish
