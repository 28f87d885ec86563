#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel as Debian packages: built, installed on a machine that runs the stock
# kernel, booted from what was installed, and a module built with the headers.
. "$(dirname -- "$0")/../lib.sh"

command -v dh >/dev/null 2>&1 || skip_all "no debhelper on this host; make deps"
tool=$TOP/hv-compare/machine/kernel-deb
try "$tool" now
is "$STATUS" 2 "an unknown argument is refused"
try "$tool" --config /nowhere
is "$STATUS" 2 "a configuration that is not there is refused"
try "$tool" --name 'a b'
is "$STATUS" 2 "and a name that no package can have"
# What contexts cannot be without.
sed 's/^CONFIG_UTS_NS=y$/# CONFIG_UTS_NS is not set/' \
	"$TOP/kernel-patches/config/machine.config" >"$TMP/no-names"
try "$tool" --config "$TMP/no-names"
is "$STATUS" 1 "a configuration that the patches cannot have is refused"
matches "$STDERR" "*Kconfig drops*CONFIG_VSERVER*" "with what is missing"
rm -rf "$OUT/kernel/deb-$(printf '%s' "$TMP/no-names" | tr -c 'a-zA-Z0-9.-' _)"

try "$tool" --config machine
[ "$STATUS" -eq 0 ] || {
	not_ok "the packages are built" "$STDERR"
	finish
}
ok "the packages are built"
image=$(echo "$STDOUT" | grep '/linux-image-')
headers=$(echo "$STDOUT" | grep '/linux-headers-')
release=$(dpkg-deb -f "$image" Package)
release=${release#linux-image-}
matches "$release" "6.12.*-bulkhead" "the release has the build's name"
is "$(dpkg-deb -f "$headers" Package)" "linux-headers-$release" "headers of the same release"
dpkg-deb -x "$headers" "$TMP/headers"

mkdir "$TMP/module"
cat >"$TMP/module/Makefile" <<'END'
obj-m := outside.o
END
cat >"$TMP/module/outside.c" <<'END'
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/vserver.h>

static int __init outside_init(void)
{
	pr_info("outside: the loader of this module is in context %u\n",
		vx_current_xid());
	return 0;
}
module_init(outside_init);
MODULE_DESCRIPTION("built with the packaged headers only");
MODULE_LICENSE("GPL");
END
try make -C "$TMP/headers/usr/src/linux-headers-$release" M="$TMP/module" modules
is "$STATUS" 0 "a module is built with the headers"
[ "$STATUS" -eq 0 ] || echo "$STDERR" | head -n 5 | sed 's/^/# /'

job=$(new_job install <<'END'
set -u
# The machine's link to the modules of the kernel that runs, which has this name, too.
rm "/lib/modules/$(uname -r)"
dpkg -i image.deb headers.deb >results/dpkg 2>&1
echo $? >results/installed
cp /boot/vmlinuz-*-bulkhead results/vmlinuz
ls /boot >results/boot
END
)
cp "$image" "$job/image.deb"
cp "$headers" "$job/headers.deb"
boot --kernel native "$job"
is "$STATUS" 0 "the machine runs"
is "$(cat "$job/results/installed")" 0 "both install"
for f in vmlinuz config System.map; do
	matches "$(cat "$job/results/boot")" "*$f-$release*" "$f is in /boot"
done

second=$(new_job booted <<'END'
set -u
uname -r >results/release
# The disk of the machine is new at every start.
rm "/lib/modules/$(uname -r)"
dpkg -i image.deb >results/dpkg 2>&1
insmod outside.ko >results/insmod 2>&1
echo $? >>results/insmod
/out/userland/vctx run --rm d1 --root /srv/guest-root -- /bin/busybox echo inside >results/run 2>&1
dpkg -P "linux-image-$(uname -r)" >results/purge 2>&1
echo $? >>results/purge
find / -xdev -name "*$(uname -r)*" >results/left
END
)
cp "$job/image.deb" "$TMP/module/outside.ko" "$second"
boot --kernel "$job/results/vmlinuz" "$second"
is "$STATUS" 0 "the installed kernel boots"
is "$(cat "$second/results/release")" "$release" "and it is this one"
is "$(tail -n 1 "$second/results/insmod")" 0 "the module of outside loads"
matches "$(cat "$second/results/dmesg.txt")" "*outside: the loader of this module is in context 0*" \
	"and uses the interface of contexts"
matches "$(cat "$second/results/run")" "*inside" "a context runs on it"
is "$(tail -n 1 "$second/results/purge")" 0 "the package is purged"
is "$(cat "$second/results/left")" "" "and nothing of it is left"
test_dmesg "$second/results/dmesg.txt"
finish
