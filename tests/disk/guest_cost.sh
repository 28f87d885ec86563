#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the machine, which counts instructions, with the stock or our kernel: what a direct
# read of 4 KiB takes on null_blk. Lines "NAME INSTRUCTIONS" in results/cost.
export OUT=/tmp/out
. /job/lib.sh

cp /job/dio /tmp
null=/sys/kernel/config/nullb
group=/sys/fs/cgroup
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
# device NAME IRQMODE NS DEPTH
device() {
	mkdir "$null/$1" || return
	for setting in submit_queues=1 queue_mode=2 size=256 irqmode="$2" completion_nsec="$3" \
		hw_queue_depth="$4" power=1; do
		echo "${setting#*=}" >"$null/$1/${setting%%=*}" || return
	done
}
# One that is done at once: a read is all the machine does. The same with a single tag: where
# there are more, the kernel begins to look for a free one at a place that is random for each
# device, and a read takes up to 11 instructions more. One that does eight at a time,
# quicker than they come, so that the CPU never rests. And one that leaves it time.
if ! device now 0 0 64 || ! device one 0 0 1 || ! device soon 2 10000 8 || ! device late 2 400000 8; then
	not_ok "the devices are there"
	finish
fi
ours=
! grep -q context-fair /sys/block/now/queue/scheduler || ours=1
: >results/cost

scheduler() { # DISK NAME: requests of 1000 tasks find room
	echo "$2" >"/sys/block/$1/queue/scheduler" && grep -q "\[$2\]" "/sys/block/$1/queue/scheduler" &&
		{ [ "$2" = none ] || echo 2048 >"/sys/block/$1/queue/nr_requests"; }
}
each() { # NAME XID [DISK]: one at a time
	rm -f /tmp/dio.stop
	/tmp/dio "$2" 1 1 each "/dev/${3:-now}" 0 64 >results/each 2>&1 || not_ok "$1" "$(cat results/each)"
	echo "$1 $(awk '$1 == "least" { print $2 }' results/each)" >>results/cost
}
busy() {
	read -r busy_up _ </proc/uptime
	awk -v up="$busy_up" '$1 == "cpu" { printf "%d\n", up * 100 - $5 - $6 }' /proc/stat
}
done_reads() { awk '{ print $1 }' "/sys/block/$1/stat"; }
# many NAME DISK SECONDS LOAD...: of all loads, words "MEANS:XID or GROUP:NUMBER:MODE:THREADS"
many() {
	many_name=$1 many_d=$2 many_s=$3
	rm -f /tmp/dio.stop
	shift 3
	for many_l; do
		IFS=: read -r many_means many_x many_n many_mode many_t <<-END
			$many_l
		END
		while [ "$many_n" -gt 0 ]; do
			many_n=$((many_n - 1))
			case $many_means in
			context) /tmp/dio $((many_x + many_n)) "$many_t" 600 "$many_mode" "/dev/$many_d" 0 256 ;;
			host) /tmp/dio 0 "$many_t" 600 "$many_mode" "/dev/$many_d" 0 256 ;;
			group) echo 0 >"$group/$many_x/cgroup.procs" &&
				exec /tmp/dio 0 "$many_t" 600 "$many_mode" "/dev/$many_d" 0 256 ;;
			esac >/dev/null 2>results/many &
		done
	done
	# All are there when they have read for a while.
	sleep "${WARM_UP:-0.5}"
	many_b=$(busy) many_r=$(done_reads "$many_d")
	sleep "$many_s"
	many_b=$(($(busy) - many_b)) many_r=$(($(done_reads "$many_d") - many_r))
	: >/tmp/dio.stop
	wait
	[ ! -s results/many ] || not_ok "$many_name" "$(cat results/many)"
	echo "$many_name $((many_b * 10000000 / (many_r + 1))) of $many_r reads" >>results/cost
}

# A read looks whether the node's time of access is older than the others, and compares
# nanoseconds only where the seconds are the same: six instructions more in the boots whose
# first read falls into the second in which the node was made. The bound below is four.
touch -a -d tomorrow /dev/now /dev/one
scheduler one none && each each.none 0 one
mkdir "$group/a" "$group/b" && echo +io >"$group/cgroup.subtree_control"
for s in mq-deadline kyber bfq; do
	scheduler now $s && each each.$s 0
	[ $s = bfq ] || continue
	# One of two groups with weights.
	{ echo 400 >"$group/a/io.bfq.weight" && echo 200 >"$group/b/io.bfq.weight"; } ||
		not_ok "BFQ has groups"
	echo $$ >"$group/a/cgroup.procs" && each each.bfq.group 0
	echo $$ >"$group/cgroup.procs"
done
for s in none mq-deadline kyber bfq; do
	scheduler soon $s || continue
	[ $s != bfq ] || echo 400 >"$group/a/io.bfq.weight"
	many many.$s soon 1 group:a:1:queue:32 group:b:1:queue:32
done
if [ "$ours" ]; then
	scheduler now context-fair && each each.context-fair 0 && each each.context-fair.context 50
	scheduler soon context-fair
	many many.context-fair soon 1 context:51:1:queue:32 context:52:1:queue:32
	echo "# depth: $(cat /sys/block/soon/queue/iosched/depth)"
	# As many tasks, in two contexts or each in one.
	WARM_UP=6
	for s in none context-fair; do
		scheduler late $s
		many thousand.$s.2 late 2 context:101:2:read:500
		many thousand.$s.1000 late 2 context:1001:1000:read:1
	done
fi
sed 's/^/# /' results/cost
ok "all was measured"
finish
