#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Many Linux guests of 48 MB at once on keel, each with a disk of its own that it has
# its root on, each computing, with four weights: their CPU time, from keel's own
# accounts, is by weight within 4 %.
#
# KEEL_DOMAINS: how many (default 4; each takes a kernel's boot and half a minute).
# KEEL_MEMORY: MiB for each (default 48).
# KEEL_MEASURE: for how many seconds of the machine (default 2.5 for each domain, so
# that the least of them gets a second, and a turn more or less is 1 %).
# KEEL_ON: xen for Debian's Xen instead, for comparison.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/keel/census.sh"

on=${KEEL_ON:-keel}
case $on in
keel) scheduler=sched-credit
	[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel" ;;
xen) scheduler=sched-credit2
	"$TOP/hv-compare/machine/xen" >/dev/null || skip_all "Debian's Xen cannot be had" ;;
*)
	echo "test_keel_many: KEEL_ON takes keel or xen, not '$on'" >&2
	exit 2 ;;
esac
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"
[ -x "$OUT/bench/bin/bshare" ] || skip_all "no bshare in OUT/bench; make bench"
domains=${KEEL_DOMAINS:-4}
case $domains in
'' | *[!0-9]* | 0 | 1)
	echo "test_keel_many: KEEL_DOMAINS must be a number above 1, not '$domains'" >&2
	exit 2 ;;
esac
memory=${KEEL_MEMORY:-48}
case $memory in
'' | *[!0-9]* | 0)
	echo "test_keel_many: KEEL_MEMORY must be a number above 0, not '$memory'" >&2
	exit 2 ;;
esac
measure=${KEEL_MEASURE:-$((5 * domains / 2))}
case $measure in
'' | *[!0-9]* | 0)
	echo "test_keel_many: KEEL_MEASURE must be a number above 0, not '$measure'" >&2
	exit 2 ;;
esac

job=$(new_job dom0 <<'END2'
set -eu
res=/job/results
/usr/lib/bulkhead/xen-up
cp /job/kernel /run/kernel
# Debian's script for disks looks at the disks of all other domains each time.
cat >/run/block <<'SCRIPT'
#!/bin/sh
[ "$1" = add ] || exit 0
dev=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$dev")" \
	"$XENBUS_PATH/hotplug-status" connected
SCRIPT
chmod 755 /run/block
/job/settled 1
xl debug-keys m
n=$(cat /job/domains) memory=$(cat /job/memory)
i=0
while [ $i -lt "$n" ]; do
	weight=$((128 * (1 + i % 4)))
	# A piece of the disk: it has the same file system n times, one after the other.
	loop=$(losetup -f --show -o $((i * 4194304)) --sizelimit 4194304 /dev/vdb)
	cat >/run/domain.cfg <<-CFG
		name = "many$i"
		kernel = "/run/kernel"
		extra = "root=/dev/xvda ro init=/init panic=-1 quiet -- --guest 1"
		memory = $memory
		maxmem = $memory
		vcpus = 1
		disk = ["script=/run/block,vdev=xvda,format=raw,access=rw,target=$loop"]
		on_poweroff = "destroy"
		on_reboot = "destroy"
		on_crash = "destroy"
	CFG
	free=$(/job/domtimes pages)
	t=$(date +%s%N)
	xl create -pq /run/domain.cfg >>$res/create 2>&1 || { echo "no. $i" >>$res/create; break; }
	t=$((($(date +%s%N) - t) / 1000000))
	echo "$(xl domid many$i) $weight $((free - $(/job/domtimes pages))) $t" >>$res/weights
	i=$((i + 1))
done
echo $i >$res/made
xl list >$res/list
i=0
while [ $i -lt "$(cat $res/made)" ]; do
	xl unpause many$i
	i=$((i + 1))
done
# All are alike until all compute: with their weights the least would boot while the
# others compute already. Who had twice what a boot takes (1.5 s here) has booted, has
# slept for a moment, as bshare does then, and computes.
computing=0
while [ "$computing" -lt "$(cat $res/made)" ]; do
	sleep $((2 + n / 4))
	/job/domtimes >/run/now
	computing=$(awk 'NR > 1 && $2 > 3e9 { n++ } END { print n + 0 }' /run/now)
	# Who has gone will never compute.
	[ "$(wc -l </run/now)" -gt "$(cat $res/made)" ] || { echo "guests have gone" >&2; exit 1; }
done
while read -r id weight _; do
	xl "$(cat /job/scheduler)" -d "$id" -w "$weight"
done <$res/weights
/job/domtimes >$res/start
k=1
while [ $k -le 4 ]; do
	sleep $(($(cat /job/measure) / 4))
	/job/domtimes >$res/end$k
	k=$((k + 1))
done
xl list >>$res/list
i=0
while [ $i -lt "$(cat $res/made)" ]; do
	xl destroy many$i
	i=$((i + 1))
done
losetup -D
xl list | wc -l >$res/left
/job/settled 1
xl debug-keys m
exit 9
END2
)
# What is in the bzImage: unpacking that is a third of what it takes to make a domain.
objcopy -S "$OUT/kernel/native/vmlinux" "$job/kernel" 2>"$TMP/objcopy.log" ||
	cp "$OUT/kernel/native.bzImage" "$job/kernel"
cp "$TESTS/keel/settled" "$job/"
echo "$scheduler" >"$job/scheduler"
echo "$domains" >"$job/domains"
echo "$memory" >"$job/memory"
echo "$measure" >"$job/measure"
if ! gcc -O1 -Wall -Wextra -Werror -o "$job/domtimes" "$TESTS/keel/domtimes.c" >"$TMP/build.log" 2>&1; then
	not_ok "domtimes builds" "$(head -n 10 "$TMP/build.log")"
	finish
fi
# It is quiet for five seconds, then computes for ever.
mkdir -p "$TMP/guest/dev"
cp "$OUT/bench/bin/bshare" "$TMP/guest/init"
truncate -s 4M "$TMP/guest.img"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -O ^has_journal -d "$TMP/guest" "$TMP/guest.img"
i=0
while [ $i -lt "$domains" ]; do
	cat "$TMP/guest.img"
	i=$((i + 1))
done >"$TMP/disks"
# 8 ns an instruction: a second is many of them, and time must pass in the guests.
# Domain 0 has 1 MiB more for each: what its back ends and xenstored keep.
boot --$on --accel icount=3 --mem $((512 + (memory + 8) * domains)) --dom0-mem $((384 + domains)) \
	--disk "$TMP/disks" --timeout $((2000 + 300 * domains)) "$job"
rm -f "$TMP/disks"
is "$STATUS" 9 "the job of domain 0 runs to its end"
res=$job/results
is "$(cat "$res/made")" "$domains" "$domains domains of $memory MB are there at once"
for k in 1 2 3 4; do
	awk -v k=$k 'FILENAME ~ /weights$/ { w[$1] = $2; next } FILENAME ~ /start$/ { s[$1] = $2; next }
	$1 in w { got[$1] = $2 - s[$1]; sum += got[$1]; weights += w[$1] }
	END {
		for (d in got) {
			fair = sum * w[d] / weights; e = got[d] / fair - 1
			if (k == 4)
				printf "# domain %d: weight %d got %.1f ms, by weight %.1f ms (%+.2f %%)\n",
					d, w[d], got[d] / 1e6, fair / 1e6, e * 100
			off = got[d] - fair; off = off < 0 ? -off : off; far = off > far ? off : far
			e = e < 0 ? -e : e; worst = e > worst ? e : worst
		}
		printf "# after %d of 4: worst %.2f %%, %.1f ms\n", k, worst * 100, far / 1e6
		if (k == 4)
			print (sum && worst <= 0.04) ? "within" : "outside"
	}' "$res/weights" "$res/start" "$res/end$k"
done >"$TMP/shares"
grep '^#' "$TMP/shares"
awk -v m="$memory" '{ p += $3; ms += $4 }
	END { if (NR) printf "# each took %d KiB beside its %d MiB, and %d ms to make\n", (p / NR - m * 256) * 4, m, ms / NR }' "$res/weights"
is "$(grep -v '^#' "$TMP/shares")" within "weights are obeyed within 4 %"
is "$(cat "$res/left")" 2 "only domain 0 is left"
[ "$on" = xen ] || census_same "$job/console.log" keel
is "$(grep -aE 'PANIC|killed:' "$job/console.log")" "" "no complaint of keel"
test_dmesg "$res/dmesg.txt" "the log of domain 0 has no complaint"
finish
