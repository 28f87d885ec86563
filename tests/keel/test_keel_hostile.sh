#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that checks all it computes, and beside it, as guests too, the fuzzing guest
# with one seed after the other and the hostile ones by turns, on two processors. keel
# stays up, the neighbour is right to the end, no page is lost: before and after keel
# counts what it and every domain has ("xl debug-keys m").
#
# KEEL_FUZZ_SECONDS: for how long (default 60; 1800 is what a release should have seen).
# KEEL_FUZZ_SEED: the first seed (default 1).
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/keel/census.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"
seconds=${KEEL_FUZZ_SECONDS:-60} seed=${KEEL_FUZZ_SEED:-1}
case $seconds$seed in
'' | *[!0-9]*)
	echo "test_keel_hostile: KEEL_FUZZ_SECONDS and KEEL_FUZZ_SEED must be numbers, not '$seconds' and '$seed'" >&2
	exit 2 ;;
esac

job=$(new_job dom0 <<'END'
set -eu
res=/job/results
/usr/lib/bulkhead/xen-up
/job/log-consoles
# The tools come first: so more guests are seen in the time.
xl sched-credit -d 0 -w 2048
cp /out/kernel/native.bzImage /tmp/bzImage
cp /job/neighbour.cpio /tmp/
# Debian's script for disks may take longer on a busy host than xl waits for it.
cat >/tmp/block <<'SCRIPT'
#!/bin/sh
[ "$1" = add ] || exit 0
dev=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$dev")" \
	"$XENBUS_PATH/hotplug-status" connected
SCRIPT
chmod 755 /tmp/block
cat >/tmp/neighbour.cfg <<CFG
name = "neighbour"
kernel = "/tmp/bzImage"
ramdisk = "/tmp/neighbour.cpio"
extra = "rdinit=/init console=hvc0 panic=-1 loglevel=5"
memory = 64
vcpus = 2
disk = ["script=/tmp/block,vdev=xvda,format=raw,access=rw,target=/dev/vdb"]
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
CFG
xl create -q /tmp/neighbour.cfg
rounds() { grep -c '^round ' /tmp/guest-neighbour.log || true; }
until [ "$(rounds)" -ge 3 ]; do sleep 1; done

# start NAME GUEST ARGUMENTS
start() {
	cat >/tmp/$1.cfg <<-CFG
		name = "$1"
		kernel = "/job/guests/$2"
		extra = "guest $3"
		memory = 64
		vcpus = 2
		on_poweroff = "destroy"
		on_reboot = "destroy"
		on_crash = "destroy"
	CFG
	: >/tmp/guest-$1.log
	xl create -q /tmp/$1.cfg >>$res/create 2>&1 || echo "$2 not created" >>$res/create
}
# ended NAME: it has come to its end; then its results are kept.
ended() {
	! xl domid "$1" >/dev/null 2>&1 || return 1
	grep -aE '^(ok|not ok|1\.\.|#|Bail out|EXPECT|SUCCESS|FAIL)' /tmp/guest-$1.log | tr -d '\r' |
		sed "s/^/$2: /" >>$res/said
}
# The first one makes domain 0 and keel take pages for their own.
start one version ""
until ended one version; do sleep 1; done
: >$res/said
census() {
	/job/settled 2
	xl debug-keys m
}
census
rounds >$res/rounds.before

read -r seconds seed </job/length
end=$(($(cut -d. -f1 /proc/uptime) + seconds))
set -- $(cat /job/guests/list)
fuzzed=0 hosted=0
start fuzz fuzz "seed=$seed calls=100000"
while :; do
	hostile=$1
	shift
	set -- "$@" "$hostile"
	start hostile "$hostile" "seed=$seed"
	waited=0
	until ended hostile "$hostile"; do
		sleep 1
		waited=$((waited + 1))
		# Some never end by themselves, and are not expected to.
		if [ $waited -gt 120 ]; then
			echo "$hostile: not ok - still there after 120 s" >>$res/said
			xl destroy hostile
		fi
	done
	hosted=$((hosted + 1))
	if ended fuzz "fuzz $seed"; then
		fuzzed=$((fuzzed + 1))
		seed=$((seed + 1))
		[ "$(cut -d. -f1 /proc/uptime)" -lt $end ] || break
		start fuzz fuzz "seed=$seed calls=100000"
	fi
done
echo $fuzzed >$res/fuzzed
echo $hosted >$res/hosted
now=$(rounds)
until [ "$(rounds)" -ge $((now + 3)) ]; do sleep 1; done
rounds >$res/rounds.after
cp /tmp/guest-neighbour.log $res/neighbour
census
xl list | wc -l >$res/left
exit 13
END
)
cp "$TESTS/keel/log-consoles" "$TESTS/keel/settled" "$job/"
mkdir "$job/guests" "$TMP/neighbour"
if ! {
	gcc -O1 -Wall -Wextra -Werror -o "$job/domtimes" "$TESTS/keel/domtimes.c" &&
	gcc -O2 -Wall -Wextra -Werror -static -o "$TMP/neighbour/init" "$TESTS/keel/neighbour.c" &&
	"$TESTS/keel/guests/build" "$job/guests"
} >"$TMP/build.log" 2>&1; then
	not_ok "the guests build" "$(head -n 10 "$TMP/build.log")"
	finish
fi
rm -f "$job"/guests/*.o
hostile="stale frames grant held exhaust pagetypes bigtree ptwr mmuupdate evtchn iretfuzz races
	multicall gpemu crash_base crash_hvstack crash_iret crash_nohandler crash_stack crash_tablestack"
(cd "$TMP/neighbour" && echo init | cpio -o -H newc --quiet) >"$job/neighbour.cpio"
# Those that have something to do to somebody else, or that are to be killed.
echo "$hostile" >"$job/guests/list"
echo "$seconds $seed" >"$job/length"
head -c 2M /dev/zero >"$TMP/disk"

boot --keel --smp 2 --mem 1024 --dom0-mem 384 --disk "$TMP/disk" \
	--timeout $((1800 + 4 * seconds)) "$job"
res=$job/results
is "$STATUS" 13 "the job of domain 0 runs to its end"
if [ "$STATUS" -ne 13 ]; then
	not_ok "there is something to look at" "$(tail -n 5 "$res/output.log")"
	finish
fi
is "$(grep -aE 'PANIC|BUG' "$job/console.log")" "" "keel stays up, and finds nothing wrong with itself"
echo "# $(cat "$res/fuzzed") runs of the fuzzing guest, $(cat "$res/hosted") of a hostile one, beside $(($(cat "$res/rounds.after") - $(cat "$res/rounds.before"))) rounds of the neighbour"
sed -n 's/^fuzz [0-9]*: # \([0-9]* calls\).*: \([0-9]*\) gave 0, \([0-9]*\) an error.*/\1 \2 \3/p' "$res/said" |
	awk '{ c += $1; z += $3; e += $4 } END { printf "# %d calls fuzzed, %d gave 0, %d an error\n", c, z, e }'
is "$(grep -a 'WRONG' "$res/neighbour")" "" "the neighbour finds nothing wrong"
is "$(grep -aE 'BUG|Oops|WARNING|stall' "$res/neighbour")" "" "nor does its kernel"
[ "$(cat "$res/fuzzed")" -ge 1 ] && [ "$(cat "$res/hosted")" -ge 1 ]
is "$?" 0 "both kinds of guests have run"
is "$(cat "$res/create" 2>/dev/null)" "" "all of them could be made"
is "$(grep -E ': (not ok|Bail out|FAIL)' "$res/said" | sort | uniq -c | head -n 40)" "" "they see what they should"
[ "$(grep -c EXPECT-CRASH "$res/said")" -le "$(grep -ac 'killed:' "$job/console.log")" ]
is "$?" 0 "those that are to be killed are, each with a reason"
is "$(cat "$res/left")" 3 "domain 0 and the neighbour are left"

census_same "$job/console.log" "keel and the neighbour"
test_dmesg "$res/dmesg.txt" "the log of domain 0 has no complaint"
finish
