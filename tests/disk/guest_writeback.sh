#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the machine: what contexts write to files is brought to disk in their name, and
# what a journal waits for does not wait. On null_blk with data, 1 ms a request.
export OUT=/tmp/out
. /job/lib.sh

cp /job/vdisk /tmp
vdisk=/tmp/vdisk
null=/sys/kernel/config/nullb
knob=/sys/module/vserver/parameters/writeback
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
if ! mkdir "$null/files" || ! {
	for setting in submit_queues=1 queue_mode=2 size=192 memory_backed=1 irqmode=2 \
		completion_nsec=1000000 hw_queue_depth=1 power=1; do
		echo "${setting#*=}" >"$null/files/${setting%%=*}" || break
	done
	mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 /dev/files
} || ! mkdir -p /tmp/fs || ! mount -o nodioread_nolock /dev/files /tmp/fs; then
	not_ok "a file system on a slow device"
	finish
fi
queue=/sys/block/files/queue dev=$(cat /sys/block/files/dev)
if ! echo context-fair >"$queue/scheduler"; then
	not_ok "the elevator can be selected"
	finish
fi
echo 64 >"$queue/nr_requests"

charged() { # XID: bytes it has written to the disk
	charged_n=$(sed -n "s/^$dev .*wbytes=\([0-9]*\).*/\1/p" "/proc/virtual/$1/disk")
	echo "${charged_n:-0}"
}
flow() { # XID FIELD: of the line of the elevator
	awk -v x="$1" -v f="$2" '$1 == x { print $f }' "$queue/iosched/contexts"
}
in_context() { # XID COMMAND...
	"$vdisk" run "$@"
}
gone() { # XID
	gone_i=0
	while [ -e "/proc/virtual/$1" ] && [ $((gone_i += 1)) -lt 100 ]; do sleep 0.1; done
	[ ! -e "/proc/virtual/$1" ]
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
mib=1048576

# Two contexts and the host write, the flushers bring it to the disk.
"$vdisk" make 51
"$vdisk" make 52
in_context 51 dd if=/dev/urandom of=/tmp/fs/a bs=64k count=128 2>/dev/null
in_context 52 dd if=/dev/urandom of=/tmp/fs/b bs=64k count=64 2>/dev/null
dd if=/dev/urandom of=/tmp/fs/c bs=64k count=32 2>/dev/null
sum=$(cat /tmp/fs/a /tmp/fs/b /tmp/fs/c | md5sum)
sync
within "$(charged 51)" $((8 * mib)) $((9 * mib)) "who writes 8 MiB is charged for it"
within "$(charged 52)" $((4 * mib)) $((5 * mib)) "and who writes 4, for 4"
is "$(flow 51 8),$(flow 52 8)" "$(charged 51),$(charged 52)" \
	"the elevator has sent it in their names"
within "$(flow 0 8)" $((2 * mib)) $((6 * mib)) "the host's is the host's"
echo 3 >/proc/sys/vm/drop_caches
is "$(cat /tmp/fs/a /tmp/fs/b /tmp/fs/c | md5sum)" "$sum" "and it is what was written"

# A file goes to who writes to it, whoever did before.
before=$(charged 51)
in_context 52 dd if=/dev/urandom of=/tmp/fs/a bs=64k count=128 conv=notrunc 2>/dev/null
sync
within "$(charged 52)" $((12 * mib)) $((13 * mib)) "who writes to another's file is charged"
within $(($(charged 51) - before)) 0 $((mib / 8)) "and not the other"
before=$(charged 52)
dd if=/dev/urandom of=/tmp/fs/b bs=64k count=64 conv=notrunc 2>/dev/null
sync
within $(($(charged 52) - before)) 0 $((mib / 8)) "nor is a context for what the host writes"

# Mapped pages, direct I/O beside them, and fsync by somebody else.
before=$(charged 51) other=$(charged 52)
in_context 51 dd if=/dev/urandom of=/tmp/fs/d bs=64k count=32 2>/dev/null
in_context 52 dd if=/dev/null of=/tmp/fs/d bs=1 count=0 conv=notrunc,fsync 2>/dev/null
sync
within $(($(charged 51) - before)) $((2 * mib)) $((2 * mib + mib / 2)) \
	"who made pages dirty is charged when another syncs them"
within $(($(charged 52) - other)) 0 $((mib / 4)) "who syncs is not"

# A context ends with dirty pages; the next one of its id does not pay for them.
echo 100 >/proc/sys/vm/dirty_background_ratio
"$vdisk" end 51
"$vdisk" end 52
gone 51 || not_ok "a context ends"
gone 52 || not_ok "a context ends"
i=0
while [ $((i += 1)) -le 10 ]; do
	"$vdisk" make 53
	in_context 53 dd if=/dev/urandom of=/tmp/fs/e bs=64k count=$((16 + i)) conv=notrunc \
		2>/dev/null
	"$vdisk" end 53
	gone 53 || break
	"$vdisk" make 53
	[ $((i % 3)) -ne 0 ] || sync
	"$vdisk" end 53
	gone 53 || break
done
is $i 11 "contexts of one id come and go with dirty pages"
sum=$(md5sum </tmp/fs/e)
"$vdisk" make 53
sync
within "$(charged 53)" 0 $((mib / 8)) "the next of its id is charged for nothing"
echo 3 >/proc/sys/vm/drop_caches
is "$(md5sum </tmp/fs/e)" "$sum" "nothing of it is lost"
echo 10 >/proc/sys/vm/dirty_background_ratio

# All of it can be turned off.
echo N >"$knob"
before=$(charged 53)
in_context 53 dd if=/dev/urandom of=/tmp/fs/f bs=64k count=64 2>/dev/null
sync
within $(($(charged 53) - before)) 0 $((mib / 8)) "without it writeback is nobody's"
echo Y >"$knob"
before=$(charged 53)
in_context 53 dd if=/dev/urandom of=/tmp/fs/f bs=64k count=64 conv=notrunc 2>/dev/null
sync
within $(($(charged 53) - before)) $((4 * mib)) $((5 * mib)) "and with it again not"

# Two writers get the disk by weight, also one that does more requests at a time than
# each may have waiting: else the elevator has nothing to choose from.
if mkdir "$null/wide" && {
	for setting in submit_queues=1 queue_mode=2 size=192 memory_backed=1 irqmode=2 \
		completion_nsec=40000000 hw_queue_depth=16 power=1; do
		echo "${setting#*=}" >"$null/wide/${setting%%=*}" || break
	done
	mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 /dev/wide
} && mkdir -p /tmp/wide && mount /dev/wide /tmp/wide; then
	wide=/sys/block/wide/queue
	echo context-fair >$wide/scheduler
	echo 128 >$wide/nr_requests
	echo 16 >$wide/max_sectors_kb
	echo 12582912 >/proc/sys/vm/dirty_bytes
	echo 6291456 >/proc/sys/vm/dirty_background_bytes
	"$vdisk" make 55
	"$vdisk" make 56
	"$vdisk" set 56 0:0 1 400 0 0 0 0
	rm -f /tmp/stop
	for x in 55 56; do
		in_context $x sh -c "while [ ! -e /tmp/stop ]; do
			dd if=/dev/zero of=/tmp/wide/$x bs=64k count=512 conv=notrunc 2>/dev/null; done" &
	done
	written() { # XID
		awk -v x="$1" '$1 == x { print $8 }' $wide/iosched/contexts
	}
	sleep 8
	a=$(written 55) b=$(written 56)
	sleep 15
	a=$(($(written 55) - ${a:-0})) b=$(($(written 56) - ${b:-0}))
	echo "# at a depth of $(cat $wide/iosched/depth): $a and $b bytes"
	within $((100 * b / (a + 1))) 250 640 "writers of 1:4 get the disk as 1:4, in percent"
	: >/tmp/stop
	wait
	umount /tmp/wide
	"$vdisk" end 55
	"$vdisk" end 56
	echo 0 >"$null/wide/power"
	rmdir "$null/wide"
	echo 20 >/proc/sys/vm/dirty_ratio
	echo 10 >/proc/sys/vm/dirty_background_ratio
	rm /tmp/stop
else
	not_ok "there is a file system on a device that does much at a time"
fi

# A journal waits for the files of a context that gets next to nothing: that goes out of
# turn. With dioread_nolock, the default, ext4 has no such data. Without it the sync below takes two hundred times as long.
"$vdisk" make 54
"$vdisk" set 54 0:0 1 1 0 0 0 0
"$vdisk" set 53 0:0 1 10000 0 0 0 0
# The writer has to wait for the disk, so that its data is on the way all the time.
echo 16 >"$queue/max_sectors_kb"
echo 4194304 >/proc/sys/vm/dirty_bytes
echo 1048576 >/proc/sys/vm/dirty_background_bytes
in_context 54 sh -c 'while [ ! -e /tmp/stop ]; do
	dd if=/dev/zero of=/tmp/fs/hog bs=64k count=400 2>/dev/null; done' &
p=$!
i=0
while [ $((i += 1)) -le 10 ]; do
	in_context 53 dd if=/dev/zero of=/tmp/fs/log bs=4k count=1 oflag=append conv=notrunc,fsync \
		2>/dev/null || break
	sleep 0.2
done
echo 20 >/proc/sys/vm/dirty_ratio
echo 10 >/proc/sys/vm/dirty_background_ratio
is $i 11 "a file is synced beside a writer of a ten thousandth of the weight"
within "$(flow 54 12)" 1 1000000 "what the commits waited for went out of turn"
: >/tmp/stop
wait $p
for value in 1000001 -1 x; do
	! { echo "$value" >"$queue/iosched/behind_us"; } 2>/dev/null ||
		not_ok "refuses behind_us of $value"
done
! { echo 7 >"$queue/iosched/anticipation"; } 2>/dev/null || not_ok "refuses anticipation of 7"
echo 0 >"$queue/iosched/behind_us"
echo 0 >"$queue/iosched/anticipation"
is "$(cat "$queue/iosched/behind_us" "$queue/iosched/anticipation")" "0
0" "parts of the elevator can be turned off"

# Elevators change while flushers are at work.
rm /tmp/stop
in_context 53 sh -c 'while [ ! -e /tmp/stop ]; do
	dd if=/dev/urandom of=/tmp/fs/g bs=64k count=100 conv=notrunc 2>/dev/null; done' &
p=$!
i=0
while [ $((i += 1)) -le 20 ]; do
	start=$(date +%s%3N)
	echo none >"$queue/scheduler" || break
	took=$(($(date +%s%3N) - start))
	[ "$took" -le "${most:-0}" ] || most=$took
	echo context-fair >"$queue/scheduler" || break
done
echo "# a switch under load took at most $most ms"
is $i 21 "the elevator changes under flushers"
: >/tmp/stop
wait $p
sum=$(md5sum </tmp/fs/g)
umount /tmp/fs || not_ok "the file system is not busy"
fsck.ext4 -fn /dev/files >results/fsck 2>&1
is $? 0 "and is in order" "$(cat results/fsck)"
mount /dev/files /tmp/fs
is "$(md5sum </tmp/fs/g)" "$sum" "and holds what was written"
"$vdisk" end 53
"$vdisk" end 54
umount /tmp/fs
finish
