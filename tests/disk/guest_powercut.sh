#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the machine: the power fails below a file system whose disk context-fair
# schedules. What fsync has promised is there, and the file system is in order: at
# each of many points of a log of all writes (dm-log-writes), and on a disk that
# really forgets what was only in its cache (null_blk).
export OUT=/tmp/out
export DM_DISABLE_UDEV=1	# there is none: dmsetup makes the nodes
. /job/lib.sh

cp /job/vdisk /job/wlog /tmp
null=/sys/kernel/config/nullb
modprobe -a null_blk dm-mod dm-log-writes || {
	not_ok "the drivers are there"
	finish
}
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
rmdir "$null"/* 2>/dev/null
mkdir -p /tmp/fs
for x in 61 62 63; do /tmp/vdisk make $x; done

# device NAME MIB ATTRIBUTE=VALUE...
device() {
	device_name=$1 device_mib=$2
	shift 2
	mkdir "$null/$device_name" || return
	for setting in submit_queues=1 queue_mode=2 size="$device_mib" memory_backed=1 "$@" power=1; do
		echo "${setting#*=}" >"$null/$device_name/${setting%%=*}" || return
	done
}
sectors=$((64 * 2048))
# A cache that has to be flushed, and requests that take 0.3 ms, eight at a time.
data() {
	device data 64 cache_size=32 irqmode=2 completion_nsec=300000 hw_queue_depth=8 &&
		echo context-fair >/sys/block/data/queue/scheduler &&
		echo 128 >/sys/block/data/queue/nr_requests
}
if ! data || ! device log 600 irqmode=0; then
	not_ok "there is a disk with a cache, scheduled by context-fair"
	finish
fi
is "$(cat /sys/block/data/queue/write_cache)" "write back" "the disk has a cache"

make_fs() { # DEVICE [OPTION]
	mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "$1" &&
		mount -o "noinit_itable,${2:-barrier}" "$1" /tmp/fs
}

# A writer of records of 4 KiB, "XID NUMBER", which is told each one that is safe; by
# turns it replaces a second file by a new one with the number in it.
writer() { # XID COMMAND...
	writer_x=$1 writer_n=0
	shift
	while [ ! -e /tmp/stop ]; do
		writer_n=$((writer_n + 1))
		printf '%-4095s\n' "$writer_x $writer_n" |
			/tmp/vdisk run "$writer_x" dd of="/tmp/fs/$writer_x" bs=4k iflag=fullblock \
				oflag=append conv=notrunc,fsync 2>/dev/null || break
		"$@" "$writer_x.$writer_n"
		/tmp/vdisk run "$writer_x" sh -c "echo $writer_n >/tmp/fs/$writer_x.new &&
			sync /tmp/fs/$writer_x.new &&
			mv /tmp/fs/$writer_x.new /tmp/fs/$writer_x.now" 2>/dev/null || break
	done
}
hog() { # writes without fsync, so that there is something to be reordered
	while [ ! -e /tmp/stop ]; do
		/tmp/vdisk run 63 dd if=/dev/urandom of=/tmp/fs/hog bs=64k count=160 2>/dev/null || break
	done
}
load() { # WRITES COMMAND...: until so many are safe, which the command notes in /tmp/safe
	load_n=$1 load_i=0
	shift
	rm -f /tmp/stop
	: >/tmp/safe
	writer 61 "$@" &
	load_1=$!
	writer 62 "$@" &
	load_2=$!
	hog &
	load_3=$!
	while [ "$(wc -l </tmp/safe)" -lt "$load_n" ] && [ $((load_i += 1)) -le 600 ]; do
		sleep 0.2
	done
}
unload() {
	: >/tmp/stop
	wait $load_1
	wait $load_2
	wait $load_3
}
# safe IMAGE XID NUMBER: says what is wrong. The image is changed by its journal. What is
# promised is there as it was written. One more record may have been on its way: whole, or
# zeros, because ext4 may commit the new length before the data (delayed allocation of
# blocks that read as zeros until they are written), but never somebody else's data.
safe() {
	debugfs -R "cat /$2" "$1" >/tmp/got 2>/dev/null
	safe_got=$(stat -c %s /tmp/got) safe_want=$(($3 * 4096))
	awk -v x="$2" -v n="$3" 'BEGIN { for (i = 1; i <= n + 1; i++) printf("%-4095s\n", x " " i) }' \
		>/tmp/want
	safe_same=$(cmp /tmp/got /tmp/want 2>&1 | awk '/ EOF / { exit } { sub(",", "", $5); print $5 - 1 }')
	safe_same=${safe_same:-$safe_got}	# bytes that are as written
	if [ "$safe_same" -lt "$safe_want" ]; then
		if [ "$safe_got" -lt "$safe_want" ]; then
			echo "$2: $((safe_got / 4096)) records of $3 are there"
		else
			echo "$2: record $((safe_same / 4096 + 1)) of $3 is not as written"
		fi
	elif [ "$safe_got" -gt $((safe_want + 4096)) ]; then
		echo "$2: $safe_got bytes are there after record $3"
	elif [ "$safe_same" -lt "$safe_got" ] &&
		[ "$(tail -c +$((safe_want + 1)) /tmp/got | tr -d '\0' | wc -c)" -ne 0 ]; then
		echo "$2: what follows record $3 is neither the next one nor zeros"
	fi
	# It holds a whole number, an old or a new one, once it was there.
	safe_now=$(debugfs -R "cat /$2.now" "$1" 2>/dev/null)
	case $safe_now in
	*[!0-9]*) echo "$2.now holds \"$safe_now\"" ;;
	*) [ "${safe_now:-0}" -ge $(($3 - 1)) ] || echo "$2.now holds \"$safe_now\" after $3" ;;
	esac
}
# sound IMAGE MARKS: says what is wrong. MARKS is a file with lines XID.NUMBER.
sound() {
	e2fsck -E journal_only -y "$1" >results/fsck.log 2>&1
	e2fsck -fn "$1" >>results/fsck.log 2>&1 || {
		echo "the file system is not in order:"
		tail -n 5 results/fsck.log
		return
	}
	for sound_x in 61 62; do
		safe "$1" $sound_x "$(awk -F. -v x=$sound_x '$1 == x && $2 > n { n = $2 }
			END { print n + 0 }' "$2")"
	done
}

# A log of all that is written.
mark() {
	dmsetup message wlog 0 mark "$1"
	echo "$1" >>/tmp/safe
}
dmsetup create wlog --table "0 $sectors log-writes /dev/data /dev/log"
if ! make_fs /dev/mapper/wlog; then
	not_ok "a file system on a log of its writes"
	finish
fi
mark begin
load 24 mark
unload
umount /tmp/fs
sed 's/^/# /' /sys/block/data/queue/iosched/contexts
is "$(awk '$1 > 60 && $1 < 64 && $8 > 0' /sys/block/data/queue/iosched/contexts | wc -l)" 3 \
	"three contexts have written by way of the elevator"
dmsetup remove wlog
/tmp/wlog points /dev/log >results/points || not_ok "the log can be read"
begin=$(awk '$3 == "begin" { print $1 }' results/points)
awk -v b="${begin:-0}" '$1 > b' results/points >results/after
n=$(wc -l <results/after) marks=$(grep -c mark results/after)
echo "# $n points of which $marks are a write that is known to be safe"
truncate -s 64M /tmp/image
at=0 i=0 checked=0
wrong=
step=$((n / 20 + 1))
while read -r point kind what; do
	i=$((i + 1))
	[ $((i % step)) -eq 0 ] || [ $i -eq "$n" ] || continue
	/tmp/wlog replay /dev/log /tmp/image $at $((point + 1)) || wrong="$wrong replay"
	at=$((point + 1))
	cp --sparse=always /tmp/image /tmp/copy
	awk -v p="$point" '$2 == "mark" && $1 <= p { print $3 }' results/points >/tmp/marks
	found=$(sound /tmp/copy /tmp/marks)
	[ -z "$found" ] || wrong="$wrong
after entry $point ($kind $what): $found"
	checked=$((checked + 1))
done <results/after
if [ "$checked" -ge 10 ] && [ "$marks" -ge 10 ]; then
	ok "there is enough to look at ($checked points)"
else
	not_ok "there is enough to look at" "$checked points, $marks marks"
fi
is "$wrong" "" "whenever the power fails, what was safe is there and the file system in order"
rm -f /tmp/image /tmp/copy

# A disk that forgets: what is in the cache at the moment of the cut is gone. The cache of
# null_blk is only for blocks that were never written before, so the disk is a new one each
# time and its journal is not cleared at first.
note() { echo "$1" >>/tmp/safe; }
cut() { # OPTION N: when N more writes than a few are safe; prints what is wrong afterwards
	echo 0 >"$null/data/power"
	if ! rmdir "$null/data" || ! data ||
		! dmsetup create cut --table "0 $sectors linear /dev/data 0" ||
		! make_fs /dev/mapper/cut "$1"; then
		echo "there is no file system to cut off"
		return
	fi
	: >/tmp/marks
	load $((8 + $2)) note
	dmsetup load cut --table "0 $sectors error"
	dmsetup suspend --noflush --nolockfs cut
	cp /tmp/safe /tmp/marks
	dmsetup resume cut
	unload >/dev/null 2>&1
	umount /tmp/fs
	dmsetup remove --retry cut
	echo 0 >"$null/data/power"
	echo 1 >"$null/data/power"
	cut_n=$(wc -l </tmp/marks)
	sound /dev/data /tmp/marks
	[ "$cut_n" -ge 4 ] || echo "only $cut_n writes were safe before the cut"
}
wrong=
for i in 1 2 3; do
	found=$(cut defaults $i 2>>results/cut.log)
	echo "# cut $i: $(wc -l </tmp/marks) writes were safe"
	[ -z "$found" ] || wrong="$wrong
cut $i: $found"
done
is "$wrong" "" "a disk that forgets its cache has what was safe, and the file system is in order"
# Without flushes it has not: the disk does forget, and this would be seen.
found=$(cut nobarrier 0 2>>results/cut.log)
case $found in
*'is not as written'* | *' are there'*) ok "and without flushes something is lost"
	printf '%s\n' "$found" | sed 's/^/# /' ;;
*) not_ok "and without flushes something is lost" "${found:-everything was there}" ;;
esac
for x in 61 62 63; do /tmp/vdisk end $x 2>/dev/null; done
finish
