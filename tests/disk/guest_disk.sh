#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034
# In the machine: whose I/O it is, and the context-fair elevator, on null_blk.
# That device serves one request at a time in 2 ms, or keeps data in memory.
export OUT=/tmp/out
. /job/lib.sh

cp /job/dio /tmp/dio	# starting it must not wait for the host
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

# scheduler QUEUE NAME
scheduler() {
	echo "$2" >"$1/scheduler" && grep -q "\[$2\]" "$1/scheduler"
}
field() { # FILE NAME: the number behind NAME
	tr ' =' '\n' <"$1" | awk -v n="$2" 'f { print; exit } $0 == n { f = 1 }'
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
echo "21 100" >"$serial/iosched/context"
echo "22 400" >"$serial/iosched/context"
load 8 21:4 22:4 || not_ok "readers work" "$(cat results/load.*)"
cat "$serial/iosched/context" >results/context
one=$(field results/load.21 ios) four=$(field results/load.22 ios)
within $((100 * four / one)) 250 600 "weights 1:4 give 1:4, in percent"
is "$(awk '$1 == 22 { print $5 }' results/context)" "$four" \
	"the elevator has sent as many requests as the context has made"
is "$(awk '{ n += $10 + $11 } END { print n }' results/context)" 0 "nothing is left in it"

# A limit, alone on the device: only the timer keeps it going.
echo "23 100 0 200" >"$serial/iosched/context"
load 5 23:4 || not_ok "a reader with a limit works" "$(cat results/load.*)"
us=$(awk '$1 == 23 { print $9 }' "$serial/iosched/context")
within $((us / 5000)) 50 260 "a limit of 200 is kept, in 1/1000 of the device"

# A reservation beside a hundred times the weight.
echo "24 1 300" >"$serial/iosched/context"
echo "25 100" >"$serial/iosched/context"
load 6 24:4 25:8 || not_ok "a reader with a reservation works" "$(cat results/load.*)"
cat "$serial/iosched/context" >results/context
a=$(awk '$1 == 24 { print $9 }' results/context)
b=$(awk '$1 == 25 { print $9 }' results/context)
within $((1000 * a / (a + b))) 250 400 "a reservation of 300 is kept, in 1/1000 of the device"

# One request at a time beside sixteen.
echo "26 100" >"$serial/iosched/context"
echo "27 100" >"$serial/iosched/context"
load 6 26:1 27:16 || not_ok "readers work" "$(cat results/load.*)"
within $((100 * $(field results/load.26 ios) / $(field results/load.27 ios))) 50 110 \
	"one request at a time gets its half beside sixteen, in percent of theirs"

# Refusals leave everything as it was.
before=$(cut -d' ' -f1-4 "$serial/iosched/context" | sort)
for bad in "" "28" "28 0" "28 10001" "28 x" "65536 100" "28 100 0 1001" "28 100 300 200" \
	"28 100 0 0 0"; do
	! { echo "$bad" >"$serial/iosched/context"; } 2>/dev/null ||
		not_ok "refuses '$bad'"
done
! { echo "28 100 501" >"$serial/iosched/context"; } 2>/dev/null ||
	not_ok "refuses more reservations than the device has"
for bad in 0 65537 x; do
	! { echo "$bad" >"$serial/iosched/depth"; } 2>/dev/null || not_ok "refuses a depth of $bad"
done
is "$(cut -d' ' -f1-4 "$serial/iosched/context" | sort)" "$before" \
	"what is refused changes nothing"

# Data, while everything changes: elevators, weights, limits, depth, and contexts
# that end with requests under way and come back under the same id.
# The load is nice, so that the changes come through on a slow machine.
scheduler "$store" context-fair
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
		echo "31 $((i % 7 * 1000 + 1)) $((i % 3 * 100))" >"$store/iosched/context"
		echo "32 $((i % 5 + 1)) 0 $((i % 4 * 250))" >"$store/iosched/context"
		echo $((i % 9 + 1)) >"$store/iosched/depth" ;;
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
