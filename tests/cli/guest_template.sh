#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Contexts from templates, and guests that restart themselves. Runs in the machine as the
# job's run.sh.
. /job/guest_lib.sh

T=/var/lib/vctx/.templates
vctx template build small --directory $ROOT
is "$? $(vctx template list -q)" "0 small" "a template"
before=$(footprint)

# --- create ---

try vctx create web1 --template small -s context.hostname=one
matches "$STATUS: $STDERR" "0: vctx: create web1: *" "create --template"
case $STDERR in
*shared*) shared=1
	is "$(stat -c %i $T/small/root/bin/busybox /var/lib/vctx/web1/root/bin/busybox | sort -u | wc -l)" \
		1 "a program is one with that of the template"
	matches "$STDERR" "*[1-9] files are shared with the template, *" "and it says how many are" ;;
*copied*) shared='' ;;
esac
is "$(vctx run web1 -- /bin/busybox hostname)" one "it runs"
# A file system that cannot share, as the job's 9p: everything is copied, and that is told.
mkdir -p /tmp/tiny/bin /tmp/tiny/sbin /job/else
cp "$(command -v busybox)" /tmp/tiny/bin/
ln -s ../bin/busybox /tmp/tiny/sbin/init
"$V" --root /job/else template build tiny --directory /tmp/tiny
try "$V" --root /job/else create web1 --template tiny
matches "$STATUS: $STDERR" "0: vctx: create web1: every file was copied from the template: *" \
	"a copy where files cannot be shared"
is "$("$V" --root /job/else run web1 -- /bin/busybox echo runs)" runs "it runs, too"
"$V" --root /job/else delete web1
rm -rf /job/else /tmp/tiny
try vctx create web2 --template small --copy --root /srv/web2
is "$STATUS: $(stat -c %h /srv/web2/bin/busybox) $STDERR" \
	"0: 1 vctx: create web2: 0 files are shared with the template, $(find $T/small/root -type f | wc -l) are its own" "--copy"
try vctx create web3 --template small --root /srv/web2
matches "$STATUS: $STDERR" "1: *cannot make /srv/web2: Directory not empty" "a root that is there"
try vctx create web1 --template small
matches "$STATUS: $STDERR" "4: *context exists already*" "a context that is there"
vctx delete web1
vctx delete web2
rm -rf /srv/web2 /var/lib/vctx/web1
is "$(footprint)" "$before" "nothing is left of them"
for step in cloned root meta; do
	VCTX_FAIL_AT=$step:kill "$VT" create web1 --template small 2>/dev/null
	is $? 137 "killed at $step"
	try vctx doctor web1
	matches "$STATUS: $STDOUT" "1: *'vctx gc' would: remove /var/lib/vctx/web1/root*" \
		"killed at $step: doctor explains"
	vctx gc -q
	is "$(footprint)" "$before" "killed at $step: gc removes it"
done
VCTX_FAIL_AT=cloned:stop "$VT" create web1 --template small 2>/dev/null &
pid=$!
until_ok has_stopped $pid
try vctx template delete small
is "$STATUS: $STDERR" '4: vctx: template: a context is being made from template "small"
hint: wait for the other command to end' "a template in use cannot be deleted"
kill -CONT $pid
wait $pid
is $? 0 "and its context is made"

# --- reboot(2) inside ---

echo /out/userland/vshelper >/proc/sys/kernel/vshelper
vctx start web1
id=$(vctx show web1 --json | jq .id)
pid_of() {
	vctx show web1 --json | jq .pid
}
began_again() {
	[ "$(pid_of)" != "$first" ] && vctx running web1
}
is_stopped() {
	! vctx running web1
}
first=$(pid_of)
at=$(cut -d. -f1 /proc/uptime)
vctx exec web1 -- /bin/busybox reboot -f
until_ok is_stopped
is "$?" 0 "a guest that reboots ends"
until_ok began_again
is "$? $(vctx show web1 --json | jq .id)" "0 $id" "and begins again with the same id"
[ $(($(cut -d. -f1 /proc/uptime) - at)) -ge 9 ]
is "$?" 0 "not sooner than ten seconds after its start"
is "$(ls /run/vctx/web1/rebooting 2>&1 | grep -c '^/run')" 0 "the mark of that is gone"
vctx exec web1 -- /bin/busybox reboot -f
until_ok is_stopped
try vctx stop web1
sleep 14
is "$(vctx running web1; echo $?) $(ls -d /run/vctx/web1 2>/dev/null)" "1 " \
	"one that is stopped before it is back stays stopped"
vctx start web1
vctx exec web1 -- /bin/busybox poweroff -f
until_ok is_stopped
sleep 2
is "$(vctx running web1; echo $?)" 1 "one that switches itself off is off"
vctx start web1
first=$(pid_of)
mkdir -p /etc/vctx/web1.conf.d
printf '[context]\nroot = /nosuch\n' >/etc/vctx/web1.conf.d/99-broken.conf
vctx exec web1 -- /bin/busybox reboot -f
sleep 14
matches "$(vctx running web1; echo $?) $(vctx logs web1 | tail -n 2)" \
	"1 *vctx: start web1: root /nosuch: No such file or directory*" "a start that fails is told in the log"
rm -r /etc/vctx/web1.conf.d
vctx run web1 -- /bin/busybox reboot -f
sleep 2
is "$(vctx running web1; echo $?)" 1 "the end of a run is its end"

vctx delete web1
rm -rf /var/lib/vctx/web1
vctx template delete small
is "$?$(ls -A $T)" 0 "all is gone"
[ -n "$shared" ] || skip "shared files" "this kernel or file system has none"
finish
