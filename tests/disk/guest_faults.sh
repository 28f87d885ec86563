#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the machine: the context-fair elevator on a disk that drops, refuses and fails
# commands and disappears (scsi_debug), while contexts die and shares change.
export OUT=/tmp/out
. /job/lib.sh

cp /job/dio /job/vdisk /tmp
vdisk=/tmp/vdisk
# Each command takes half a millisecond, so that some are waiting all the time.
modprobe scsi_debug dev_size_mb=64 statistics=1 max_queue=8 ndelay=500000 || {
	not_ok "there is a disk to break"
	finish
}
knobs=/sys/bus/pseudo/drivers/scsi_debug
i=0
disk=
while [ -z "$disk" ] && [ $((i += 1)) -lt 100 ]; do
	for d in /sys/block/sd*; do
		[ ! -e "/dev/${d##*/}" ] || disk=${d##*/}
	done
	[ -n "$disk" ] || sleep 0.1
done
queue=/sys/block/$disk/queue
if ! echo context-fair >"$queue/scheduler"; then
	not_ok "the elevator can be selected" "$(cat "$queue/scheduler")"
	finish
fi
# A dropped command costs this many seconds, not thirty.
echo 1 >"/sys/block/$disk/device/timeout"

share() { # XID WEIGHT
	[ -e "/proc/virtual/$1" ] || "$vdisk" make "$1" || return
	"$vdisk" set "$1" 0:0 0xf "$2" 0 0 0 0
}
start() { # contexts that write, and read back what they have written
	rm -f /tmp/dio.stop
	dd if=/dev/zero of="/dev/$disk" bs=1M count=48 oflag=direct 2>/dev/null ||
		not_ok "the disk can be cleared"
	share 41 100
	share 42 100
	nice -n 19 /tmp/dio 41 4 600 check "/dev/$disk" 0 20 >results/check.41 2>&1 &
	p1=$!
	nice -n 19 /tmp/dio 42 4 600 check "/dev/$disk" 20 20 >results/check.42 2>&1 &
	p2=$!
	nice -n 19 /tmp/dio 0 4 600 check "/dev/$disk" 40 8 >results/check.0 2>&1 &
	p3=$!
	"$vdisk" flip 41 0:0 >results/flips &
	p4=$!
}
stop() { # DESCRIPTION
	: >/tmp/dio.stop
	stop_bad=
	wait $p1 || stop_bad="$stop_bad 41"
	wait $p2 || stop_bad="$stop_bad 42"
	wait $p3 || stop_bad="$stop_bad 0"
	wait $p4 || stop_bad="$stop_bad flips"
	echo "# $(cat results/flips) changes of a weight"
	is "$stop_bad" "" "$1: every block is what was last written"
	is "$(awk '{ n += $10 + $11 } END { print n + 0 }' "$queue/iosched/contexts")" 0 \
		"$1: nothing is left in the elevator"
	cat results/check.* | sed 's/^/# /'
}
# fault OPTIONS EVERY SECONDS DESCRIPTION: every so many commands meet it.
fault() {
	start
	echo "$1" >"$knobs/opts"
	echo "$2" >"$knobs/every_nth"
	fault_end=$(($(date +%s) + $3)) fault_n=0
	while [ "$(date +%s)" -lt "$fault_end" ]; do
		fault_n=$((fault_n + 1))
		/tmp/dio 43 4 600 die "/dev/$disk" 0 48 >/dev/null 2>&1
	done
	echo 0 >"$knobs/every_nth"
	echo 0 >"$knobs/opts"
	echo "# $fault_n deaths of a context, always the same id"
	stop "$4"
}
fault 0x8000 20 6 "the driver has no room for a command (requeued)"
fault 0x10 50 6 "commands fail on their way (sent again)"
fault 0x10000 50 6 "commands are aborted"
fault 4 400 12 "commands are dropped (time out)"
errors=$(cat "/sys/block/$disk/device/ioerr_cnt") lost=$(cat "/sys/block/$disk/device/iotmo_cnt")
if [ $((errors)) -gt 0 ] && [ $((lost)) -gt 0 ]; then
	ok "and all that has happened ($((errors)) errors, $((lost)) timeouts)"
else
	not_ok "and all that has happened" "errors $errors, timeouts $lost"
fi

# The disk goes with requests waiting. What was under way fails; nobody hangs.
rm -f /tmp/dio.stop
share 44 100
/tmp/dio 44 16 600 read "/dev/$disk" 0 48 >results/gone.44 2>&1 &
p1=$!
/tmp/dio 0 16 600 read "/dev/$disk" 0 48 >results/gone.0 2>&1 &
p2=$!
sleep 2
echo 1 >"/sys/block/$disk/device/delete"
: >/tmp/dio.stop
wait $p1
wait $p2
ok "readers end when the disk is gone"
is "$(ls -d "/sys/block/$disk" 2>/dev/null)" "" "and the disk is"
for x in 41 42 44; do "$vdisk" end $x; done
i=0
while [ -e /proc/virtual/44 ] && [ $((i += 1)) -lt 100 ]; do sleep 0.1; done
is "$(ls -d /proc/virtual/44 2>/dev/null)" "" "and so are the contexts"
rmmod scsi_debug
is $? 0 "nothing holds the driver any more"
finish
