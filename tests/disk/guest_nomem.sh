#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the machine, with a kernel that can refuse memory (failslab): no request is lost
# when there is none for a context's queue or its account, and both come when there is.
export OUT=/tmp/out
. /job/lib.sh

cp /job/dio /job/vdisk /tmp
fail=/sys/kernel/debug/failslab
null=/sys/kernel/config/nullb
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
if [ ! -d $fail ]; then
	skip "memory is refused" "this kernel cannot (CONFIG_FAILSLAB)"
	finish
fi
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
if ! mkdir "$null/poor" || ! for setting in submit_queues=1 queue_mode=2 size=64 memory_backed=1 \
	irqmode=2 completion_nsec=200000 hw_queue_depth=4 power=1; do
	echo "${setting#*=}" >"$null/poor/${setting%%=*}" || break
done || ! echo context-fair >/sys/block/poor/queue/scheduler; then
	not_ok "there is a disk scheduled by context-fair"
	finish
fi
echo 64 >/sys/block/poor/queue/nr_requests
dev=$(cat /sys/block/poor/dev)
queue=/sys/block/poor/queue

# refuse PERCENT TASKS: of allocations that may not sleep, by tasks that ask for it (Y) or
# by all.
refuse() {
	echo 0 >$fail/probability
	echo "$2" >$fail/task-filter
	echo Y >$fail/ignore-gfp-wait
	echo 0 >$fail/verbose
	echo 1 >$fail/interval
	echo 0 >$fail/space
	echo -1 >$fail/times
	echo "$1" >$fail/probability
}
flows() { # XID: its lines in the elevator
	awk -v x="$1" '$1 == x' "$queue/iosched/contexts" | wc -l
}
rm -f /tmp/dio.stop

# All of one context's are refused: its requests go in the queue of what is nobody's.
/tmp/vdisk make 71
refuse 100 Y
sh -c 'echo 1 >/proc/self/make-it-fail && exec /tmp/dio 71 4 3 check /dev/poor 0 16' \
	>results/none 2>&1
is $? 0 "without memory for its queue a context reads what it has written" "$(cat results/none)"
is "$(flows 71)" 0 "and there was none"
refuse 0 N
/tmp/dio 71 4 3 check /dev/poor 16 16 >results/some 2>&1
is $? 0 "with memory it does" "$(cat results/some)"
is "$(flows 71)" 1 "and it has its queue"
matches "$(cat /proc/virtual/71/disk)" "$dev rbytes=*" "and its account"

# A third of everybody's, while contexts come and go and shares change.
dd if=/dev/zero of=/dev/poor bs=1M oflag=direct 2>/dev/null
/tmp/vdisk make 72
refuse 33 N
/tmp/dio 71 4 60 check /dev/poor 0 20 >results/check.71 2>&1 &
p1=$!
/tmp/dio 72 4 60 check /dev/poor 20 20 >results/check.72 2>&1 &
p2=$!
/tmp/dio 0 4 60 check /dev/poor 40 20 >results/check.0 2>&1 &
p3=$!
i=0
while [ $((i += 1)) -le 40 ]; do
	/tmp/dio 73 4 60 die /dev/poor 0 60 >/dev/null 2>&1
	/tmp/vdisk set 71 0:0 1 $((100 + i)) 0 0 0 0 2>/dev/null
	[ $((i % 10)) -ne 0 ] || {
		echo none >"$queue/scheduler"
		echo context-fair >"$queue/scheduler"
	}
done
refuse 0 N
: >/tmp/dio.stop
bad=
wait $p1 || bad="$bad 71"
wait $p2 || bad="$bad 72"
wait $p3 || bad="$bad 0"
is "$bad" "" "with a third refused every block is what was last written" "$(cat results/check.*)"
sed 's/^/# /' results/check.*
is "$(awk '{ n += $10 + $11 } END { print n + 0 }' "$queue/iosched/contexts")" 0 \
	"nothing is left in the elevator"
for x in 71 72; do /tmp/vdisk end $x; done
i=0
while [ -e /proc/virtual/72 ] && [ $((i += 1)) -lt 100 ]; do sleep 0.1; done
is "$(ls -d /proc/virtual/7[12] 2>/dev/null)" "" "and the contexts are gone"
echo 0 >"$null/poor/power"
rmdir "$null/poor"
finish
