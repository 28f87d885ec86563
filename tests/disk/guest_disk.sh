#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034
# In the machine: whose I/O it is, and the context-fair elevator, on null_blk.
# That device serves one request at a time in 2 ms, or keeps data in memory.
export OUT=/tmp/out
. /job/lib.sh

cp /job/dio /job/vdisk /tmp	# starting them must not wait for the host
vdisk=/tmp/vdisk
null=/sys/kernel/config/nullb
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

# device NAME ATTRIBUTE=VALUE...: a null_blk device of that name in /dev.
device() {
	device_name=$1
	mkdir "$null/$1" || return
	shift
	for setting in submit_queues=1 queue_mode=2 "$@" power=1; do
		echo "${setting#*=}" >"$null/$device_name/${setting%%=*}" || return
	done
}
if ! device serial size=256 irqmode=2 completion_nsec=2000000 hw_queue_depth=1 ||
	! device store size=64 memory_backed=1 irqmode=0 hw_queue_depth=32; then
	not_ok "the devices are there"
	finish
fi
serial=/sys/block/serial/queue store=/sys/block/store/queue
serial_dev=$(cat /sys/block/serial/dev) store_dev=$(cat /sys/block/store/dev)

# scheduler QUEUE NAME
scheduler() {
	echo "$2" >"$1/scheduler" && grep -q "\[$2\]" "$1/scheduler"
}
field() { # FILE NAME: the number behind NAME
	tr ' =' '\n' <"$1" | awk -v n="$2" 'f { print; exit } $0 == n { f = 1 }'
}
# share XID WEIGHT [RESERVE [MAX]]: a context, made if it is not there, and its share
# of all disks; rates in 1/1000 of the time.
share() {
	[ -e "/proc/virtual/$1" ] || "$vdisk" make "$1" || return
	"$vdisk" set "$1" 0:0 0xf "$2" 0 "${3:-0}" 0 "${4:-0}"
}
# load SECONDS XID:THREADS...: readers on the serial device, all at once.
load() {
	load_s=$1
	shift
	load_pids=
	for load_c in "$@"; do
		load_x=${load_c%:*}
		/tmp/dio "$load_x" "${load_c#*:}" "$load_s" read /dev/serial 0 256 \
			>"results/load.$load_x" 2>&1 &
		load_pids="$load_pids $!"
	done
	load_bad=0
	for load_p in $load_pids; do
		wait "$load_p" || load_bad=1
	done
	return $load_bad
}
# within VALUE LOW HIGH DESCRIPTION
within() {
	if [ "${1:-0}" -ge "$2" ] && [ "${1:-0}" -le "$3" ]; then
		ok "$4 ($1)"
	else
		not_ok "$4" "expected: $2 to $3
got:      $1"
	fi
}

# Who uses the disk, before anything is scheduled.
scheduler "$serial" none
load 4 11:4 12:4 || not_ok "readers work without an elevator" "$(cat results/load.*)"
for x in 11 12; do
	is "$(field "results/load.$x" rios):$(tail -n 1 "results/load.$x" |
		sed 's/.* rbytes=\([0-9]*\).*/\1/')" \
		"$(field "results/load.$x" ios):$(field "results/load.$x" rbytes)" \
		"context $x: its disk file has exactly what it read"
done
within $((100 * $(field results/load.12 ios) / $(field results/load.11 ios))) 40 220 \
	"without an elevator two equal loads get the same, in percent"

# Shares.
if ! scheduler "$serial" context-fair; then
	not_ok "the elevator can be selected" "$(cat "$serial/scheduler")"
	finish
fi
ok "the elevator can be selected"
echo 64 >"$serial/nr_requests"
echo 1 >"$serial/iosched/depth"
share 21 100
share 22 400
load 8 21:4 22:4 || not_ok "readers work" "$(cat results/load.*)"
cat "$serial/iosched/contexts" >results/context
one=$(field results/load.21 ios) four=$(field results/load.22 ios)
within $((100 * four / one)) 250 600 "weights 1:4 give 1:4, in percent"
is "$(awk '$1 == 22 { print $5 }' results/context)" "$four" \
	"the elevator has sent as many requests as the context has made"
is "$(awk '{ n += $10 + $11 } END { print n }' results/context)" 0 "nothing is left in it"

# A limit, alone on the device: only the timer keeps it going.
share 23 100 0 200
load 5 23:4 || not_ok "a reader with a limit works" "$(cat results/load.*)"
us=$(awk '$1 == 23 { print $9 }' "$serial/iosched/contexts")
within $((us / 5000)) 50 260 "a limit of 200 is kept, in 1/1000 of the device"

# A reservation beside a hundred times the weight.
share 24 1 300
share 25 100
load 6 24:4 25:8 || not_ok "a reader with a reservation works" "$(cat results/load.*)"
cat "$serial/iosched/contexts" >results/context
a=$(awk '$1 == 24 { print $9 }' results/context)
b=$(awk '$1 == 25 { print $9 }' results/context)
within $((1000 * a / (a + b))) 250 400 "a reservation of 300 is kept, in 1/1000 of the device"

# One request at a time beside sixteen.
share 26 100
share 27 100
load 6 26:1 27:16 || not_ok "readers work" "$(cat results/load.*)"
within $((100 * $(field results/load.26 ios) / $(field results/load.27 ios))) 50 110 \
	"one request at a time gets its half beside sixteen, in percent of theirs"

# The same with the depth that is found useful: this device gains nothing from more
# than one request.
echo auto >"$serial/iosched/depth"
load 6 26:1 27:16 || not_ok "readers work" "$(cat results/load.*)"
# In order of arrival it would get 6; on a busy host it is not always there in time,
# and more of the other's go first until the depth is known.
within $((100 * $(field results/load.26 ios) / $(field results/load.27 ios))) 20 110 \
	"and with a depth found by measuring"
depth=$(cat "$serial/iosched/depth")
within "${depth#auto }" 1 3 "which is small for such a device"
echo 1 >"$serial/iosched/depth"
is "$(cat "$serial/iosched/depth")" 1 "and set by hand again"

# The share of one disk, in other units, while it is used; and its way back.
share 28 100
"$vdisk" set 28 "$serial_dev" 4 0 0 0 2 100
load 5 28:4 || not_ok "a reader with a limit in requests works" "$(cat results/load.*)"
within $(($(field results/load.28 ios) / 5)) 60 110 "a limit of 100 requests per second is kept"
matches "$(cat /proc/virtual/28/disk)" "$serial_dev rbytes=* weight=100 reserve=none max=100io" \
	"its disk file says so"
"$vdisk" set 28 "$serial_dev" 4 0 0 0 1 4096
load 30 28:4 &
p=$!
sleep 5
is "$("$vdisk" get 28 "$serial_dev"), $("$vdisk" get 28 0:0), $("$vdisk" get 28 7:1)" \
	"4 100 0 0 1 4096, 7 100 0 0 0 0, 0 100 0 0 0 0" "the kernel reports what was set where"
before=$(awk '$1 == 28 { print $5 }' "$serial/iosched/contexts")
"$vdisk" set 28 "$serial_dev" 8 0 0 0 0 0	# no longer a request a second
sleep 3
: >/tmp/dio.stop
wait $p
rm /tmp/dio.stop
after=$(awk '$1 == 28 { print $5 }' "$serial/iosched/contexts")
within $((after - before)) 100 100000 "a limit that is taken back does so at once"
is "$("$vdisk" get 28 "$serial_dev")" "0 100 0 0 0 0" "the disk is again as all disks"

# Whoever changes the elevator waits for all requests, but for nobody's limit: 16 of a
# request a second were 16 s. The same holds for a disk that goes.
share 28 100
"$vdisk" set 28 "$serial_dev" 4 0 0 0 1 4096
load 60 28:16 &
p=$!
sleep 3
before=$(date +%s)
scheduler "$serial" none || not_ok "the elevator can be taken off"
before=$(($(date +%s) - before))
: >/tmp/dio.stop
wait $p || not_ok "a reader survives that its elevator goes" "$(cat results/load.28)"
rm /tmp/dio.stop
within $before 0 8 "requests over their limit do not keep an elevator, in seconds"
scheduler "$serial" context-fair
echo 64 >"$serial/nr_requests"
echo 1 >"$serial/iosched/depth"
"$vdisk" set 28 "$serial_dev" 8 0 0 0 0 0

# A context goes with what was set for it; the next of its id starts anew.
share 29 7 100
"$vdisk" set 29 "$serial_dev" 1 9 0 0 0 0
load 1 29:1
is "$(awk '$1 == 29 { print $2, $3, $4 }' "$serial/iosched/contexts")" "9 10.0% none" \
	"what is set for a disk goes before what is set for all"
"$vdisk" end 29
i=0
while [ -e /proc/virtual/29 ] && [ $((i += 1)) -lt 100 ]; do sleep 0.1; done
is "$(awk '$1 == 29' "$serial/iosched/contexts")" "" "the elevator forgets a context that is gone"
load 1 29:1
is "$(tail -n 1 results/load.29 | sed 's/.* weight/weight/')" "weight=100 reserve=none max=none" \
	"the next context of its id has a share of its own"
is "$(awk '$1 == 29' "$serial/iosched/contexts")" "" "and is forgotten as well"

# What is in no context has a share too.
is "$("$vdisk" set 0 0:0 1 300 0 0 0 0; "$vdisk" get 0 "$serial_dev")" "0 300 0 0 0 0" \
	"the host has a share"
"$vdisk" set 0 0:0 8 0 0 0 0 0

# Refusals leave everything as it was.
refusal() { # ERROR XID MAJOR:MINOR MASK WEIGHT RUNIT R MUNIT M
	refusal_e=$1
	shift
	is "$("$vdisk" set "$@")" "$refusal_e" "set_disk $*: $refusal_e"
}
share 30 50 500
before=$("$vdisk" get 30 0:0; "$vdisk" get 30 "$serial_dev")
refusal ESRCH 3000 0:0 1 100 0 0 0 0
refusal EINVAL 30 0:0 16 100 0 0 0 0
refusal EINVAL 30 0:5 1 100 0 0 0 0
refusal EINVAL 30 4096:0 1 100 0 0 0 0
refusal EINVAL 30 0:0 1 0 0 0 0 0
refusal EINVAL 30 0:0 1 10001 0 0 0 0
refusal EINVAL 30 0:0 2 0 0 801 0 0
refusal EINVAL 30 0:0 4 0 0 0 0 1001
refusal EINVAL 30 0:0 4 0 0 0 3 100
refusal EINVAL 30 0:0 4 0 0 0 1 4095
refusal EINVAL 30 0:0 6 0 0 300 0 200
refusal ENOSPC 28 0:0 2 0 0 301 0 0	# 24 was left with 300, 30 has 500
"$vdisk" end 24
while [ -e /proc/virtual/24 ]; do sleep 0.1; done
"$vdisk" set 28 "$serial_dev" 2 0 0 300 0 0
refusal ENOSPC 30 "$serial_dev" 2 0 0 501 0 0
refusal ENOSPC 30 0:0 2 0 0 501 0 0	# fits on all disks but on that one
for bad in 0 65537 x automatic; do
	! { echo "$bad" >"$serial/iosched/depth"; } 2>/dev/null || not_ok "refuses a depth of $bad"
done
is "$("$vdisk" get 30 0:0; "$vdisk" get 30 "$serial_dev")" "$before" "what is refused changes nothing"
"$vdisk" end 28
"$vdisk" end 30

# Metadata does not wait: with a weight of 10 beside 10000 each other request of the host
# does for 2 seconds. Readahead is not marked as metadata, so there is to be none.
if device fs size=64 memory_backed=1 irqmode=2 completion_nsec=2000000 hw_queue_depth=1 &&
	mkfs.ext4 -q -O ^has_journal /dev/fs && mkdir -p /tmp/fs && mount /dev/fs /tmp/fs; then
	i=0
	while [ $((i += 1)) -le 40 ]; do mkdir "/tmp/fs/$i" && : >"/tmp/fs/$i/file"; done
	umount /tmp/fs
	mount -o ro,inode_readahead_blks=0 /dev/fs /tmp/fs
	scheduler /sys/block/fs/queue context-fair
	echo 64 >/sys/block/fs/queue/nr_requests
	share 34 10000
	"$vdisk" set 0 0:0 1 10 0 0 0 0
	/tmp/dio 34 16 600 read /dev/fs 0 48 >results/load.34 2>&1 &
	p=$!
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	i=0 n=0
	while [ $((i += 1)) -le 40 ]; do [ ! -f "/tmp/fs/$i/file" ] || n=$((n + 1)); done
	is $n 40 "files are found beside a thousand times the weight"
	: >/tmp/dio.stop
	wait $p || not_ok "the reader beside it works" "$(cat results/load.34)"
	rm /tmp/dio.stop
	within "$(awk '$1 == 0 { print $12 }' /sys/block/fs/queue/iosched/contexts)" 30 100000 \
		"what that took went out of turn"
	is "$(awk '$1 == 34 { print $12 }' /sys/block/fs/queue/iosched/contexts)" 0 "and nothing else"
	umount /tmp/fs
	"$vdisk" set 0 0:0 8 0 0 0 0 0
	"$vdisk" end 34
else
	not_ok "a file system on a slow device"
fi

# Data, while everything changes: elevators, weights, limits, depth, and contexts
# that end with requests under way and come back under the same id.
# The load is nice, so that the changes come through on a slow machine.
scheduler "$store" context-fair
share 31 100
share 32 100
nice -n 19 /tmp/dio 31 2 600 check /dev/store 0 20 >results/check.31 2>&1 &
p1=$!
nice -n 19 /tmp/dio 32 2 600 check /dev/store 20 20 >results/check.32 2>&1 &
p2=$!
nice -n 19 /tmp/dio 0 2 600 check /dev/store 40 8 >results/check.0 2>&1 &
p3=$!
i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	case $((i % 12)) in
	0) scheduler "$store" none ;;
	1 | 8) scheduler "$store" context-fair ;;
	7) scheduler "$store" mq-deadline ;;
	*)
		share 31 $((i % 7 * 1000 + 1)) $((i % 3 * 100))
		share 32 $((i % 5 + 1)) 0 $((i % 4 * 250))
		"$vdisk" set 31 "$store_dev" 12 0 0 0 1 $((i % 2 * 20000000))
		echo $((i % 9 + 1)) >"$store/iosched/depth"
		[ $((i % 4)) -ne 3 ] || echo auto >"$store/iosched/depth" ;;
	esac || {
		not_ok "change $i can be made" "$(cat "$store/scheduler")"
		break
	}
	/tmp/dio 33 4 600 die /dev/store 0 48 >/dev/null 2>&1
done 2>results/changes
: >/tmp/dio.stop
bad=
wait $p1 || bad="$bad 31"
wait $p2 || bad="$bad 32"
wait $p3 || bad="$bad 0"
is "$bad" "" "every block is what was last written, through $i changes"
cat results/check.* | sed 's/^/# /'
scheduler "$store" context-fair
dd if=/dev/store of=/dev/null bs=1M iflag=direct 2>/dev/null && ok "large requests work"
finish
