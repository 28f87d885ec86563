#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages, used as on a rented server: built, installed by apt on a clean
# Debian, booted by its boot loader, a context run, a program built with the library,
# all of it purged again; and a module built with the headers of the kernel.
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

disk=$TOP/hv-compare/machine/debian-disk
try "$disk" now
is "$STATUS" 2 "the disk: an unknown argument is refused"
mkdir "$TMP/empty"
try "$disk" run "$TMP/empty"
is "$STATUS: $STDERR" "1: debian-disk: '$TMP/empty' has no 1.sh" "and a job without a script"

try "$tool" --config machine
[ "$STATUS" -eq 0 ] || {
	not_ok "the packages of the kernel are built" "$STDERR"
	finish
}
ok "the packages of the kernel are built"
image=$(echo "$STDOUT" | grep '/linux-image-')
headers=$(echo "$STDOUT" | grep '/linux-headers-')
release=$(dpkg-deb -f "$image" Package)
release=${release#linux-image-}
matches "$release" "6.12.*-bulkhead" "the release has the build's name"
is "$(dpkg-deb -f "$headers" Package)" "linux-headers-$release" "headers of the same release"
dpkg-deb -x "$headers" "$TMP/headers"
try env OUT="$TMP/out" "$TOP/userland/deb"
[ "$STATUS" -eq 0 ] || {
	not_ok "the packages of the tools are built" "$STDERR"
	finish
}
ok "the packages of the tools are built"

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

job=$TMP/disk
mkdir "$job"
cp "$image" "$headers" "$TMP"/out/deb/vctx_*.deb "$TMP"/out/deb/libvctx0_*.deb \
	"$TMP"/out/deb/libvctx-dev_*.deb "$TMP/module/outside.ko" "$job"
cp "$(command -v busybox)" "$job/busybox"
cat >"$job/running.c" <<'END'
// SPDX-License-Identifier: GPL-2.0-or-later
/* The example of libvctx(3): the names of the contexts that run. */
#include <stdio.h>
#include <vctx.h>

int main(void)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx *v = vctx_open("", &err);
	struct vctx_info **list = vctx_list(v, &err);

	for (size_t i = 0; list && list[i]; i++)
		if (list[i]->state == VCTX_RUNNING && list[i]->name)
			puts(list[i]->name);
	vctx_list_free(list);
	vctx_close(v);
	return !list;
}
END
# files: all but what every start or use of apt writes
cat >"$job/files" <<'END'
find / -xdev \( -path /job -o -path /proc -o -path /sys -o -path /dev -o -path /run \
	-o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache \
	-o -path /var/lib/apt -o -path /var/lib/systemd -o -path '/var/lib/dpkg/*-old' \
	\) -prune -o -print | LC_ALL=C sort
find /var/log/vctx /var/cache/vctx 2>/dev/null
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n'
END
# On Debian's kernel.
cat >"$job/1.sh" <<'END'
set -eu
uname -r >results/debian
sh ./files >results/before
export DEBIAN_FRONTEND=noninteractive
apt-get install -y ./*.deb >results/apt 2>&1
ls /boot >results/boot
cat /boot/grub/grub.cfg >results/grub.cfg
END
# On what the boot loader chose then.
cat >"$job/2.sh" <<'END'
set -u
uname -r >results/release
vctx check >results/check 2>&1
echo "$?" >>results/check
insmod outside.ko >results/insmod 2>&1
echo "$?" >>results/insmod
# A guest that is one program.
mkdir -p /srv/small/bin /srv/small/sbin /srv/small/etc
cp busybox /srv/small/bin/
ln -s busybox /srv/small/bin/sh
ln -s ../bin/busybox /srv/small/sbin/init
{
	vctx template build small --directory /srv/small &&
		vctx create web1 --template small --start &&
		vctx exec web1 -- /bin/busybox echo inside &&
		vctx status web1
} >results/life 2>&1
echo "$?" >>results/life
vctx doctor web1 >results/doctor 2>&1
echo "$?" >>results/doctor
# shellcheck disable=SC2046 # words are what pkg-config prints
{
	tcc -Wall -Werror $(pkg-config --cflags libvctx) -o running running.c \
		$(pkg-config --libs libvctx) && ./running
} >results/program 2>&1
echo "$?" >>results/program
{
	vctx stop web1 --kill && vctx delete web1 && vctx template delete small
} >results/end 2>&1
echo "$?" >>results/end
vctx list -q >results/contexts 2>&1
# The root of a context is its owner's.
rm -r /var/lib/vctx/web1 /srv/small
export DEBIAN_FRONTEND=noninteractive
{
	apt-get purge -y vctx libvctx-dev libvctx0 'linux-image-*-bulkhead' \
		'linux-headers-*-bulkhead' && apt-get autoremove --purge -y
} >results/purge 2>&1
END
# On Debian's kernel again.
cat >"$job/3.sh" <<'END'
set -u
uname -r >results/again
sh ./files >results/after
grep -c bulkhead /boot/grub/grub.cfg >results/entries || [ "$?" -eq 1 ]
END
try "$disk" run "$job"
is "$STATUS" 0 "a clean Debian: the packages are installed, booted and purged"
[ "$STATUS" -eq 0 ] || {
	echo "$STDERR" | sed 's/^/# /'
	tail -n 5 "$job"/results/*.log "$job"/results/apt "$job"/results/purge 2>/dev/null | sed 's/^/# /'
}
# result FILE: of the job
result() {
	cat "$job/results/$1" 2>/dev/null || echo "no $1"
}
for n in 1 2 3; do
	is "$(result $n.state) $(result $n.failed)" "running " "start $n: all services are up"
done
debian=$(result debian)
matches "$debian" "*-cloud-amd64" "the first start is Debian's kernel"
matches "$(result apt)" "*Setting up vctx (*" "apt installs the packages, with what they depend on"
for f in vmlinuz config System.map initrd.img; do
	matches "$(result boot)" "*$f-$release*" "$f is in /boot"
done
matches "$(result grub.cfg)" "*/boot/vmlinuz-$release root=*/boot/initrd.img-$release*" \
	"and in the boot loader's menu"
is "$(result release)" "$release" "the second start is our kernel"
is "$(result check | tail -n 1) $(result check | grep '^missing')" "0 " "it has all that vctx asks for"
is "$(result insmod | tail -n 1)" 0 "the module of outside loads"
matches "$(result 2.dmesg)" "*outside: the loader of this module is in context 0*" \
	"and uses the interface of contexts"
matches "$(result life)" "*inside*running*
0" "a context is made from a template and runs"
is "$(result doctor | tail -n 1) $(result doctor | grep '^problem')" "0 " "the doctor finds nothing"
is "$(result program)" "web1
0" "a program is built with the installed library and sees it"
is "$(result end | tail -n 1) $(result contexts)" "0 " "the context and its template are deleted"
is "$(result again)" "$debian" "after the purge the third start is Debian's kernel"
is "$(result entries)" 0 "the boot loader has no entry of ours"
is "$(diff "$job/results/before" "$job/results/after" 2>&1 | grep '^[<>]' | head -n 20)" "" \
	"and nothing of the packages is left"
test_dmesg "$job/results/2.dmesg"
finish
