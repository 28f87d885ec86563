#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What many guests made of one template take of a disk and of the page cache: as plain
# copies, as overlays on the template, and unified (vctx clone). A job of the machine:
#
#   truncate -s 12G out/guests.disk; mkdir job; cp benchmarks/scale/guests.sh job/run.sh
#   hv-compare/machine/run --kernel patched --smp 2 --mem 4096 --disk out/guests.disk job
#
# Each guest is a context that runs and has read all of its programs and libraries once.
# Prints a line of JSON for each kind: guests, bytes of the disk, inodes, bytes of page
# cache (and of dentries and inodes, which are not page cache) per guest, without the
# template's. Space and memory do not depend on how fast the machine is; the time to make
# and start a guest does, and is for comparison within one run only.
set -eu

COPIES=${COPIES:-10}	# plain copies: each takes the whole template
GUESTS=${GUESTS:-200}
V=/out/userland/vctx
TEMPLATE=/srv/guest-root
FS=/tmp/guests
DISK=${DISK:-/dev/vdb}

reads='cat /usr/bin/* /usr/sbin/* /usr/lib/x86_64-linux-gnu/*.so* >/dev/null 2>&1; :'

mke2fs -q -t ext4 -N 1500000 -E nodiscard,lazy_itable_init=1 "$DISK"
mkdir -p $FS && mount "$DISK" $FS
cp -a $TEMPLATE $FS/template
$V create template --root $FS/template -s "context.init=/bin/sleep 100000"

# bytes of the disk, inodes, bytes of page cache, of slabs that hold names and inodes
state() {
	sync
	echo "$(df --output=used -B1 $FS | tail -n 1) $(df --output=iused $FS | tail -n 1)" \
		"$(awk '/^Cached:/ { print $2 * 1024 }' /proc/meminfo)" \
		"$(awk '/^SReclaimable:/ { print $2 * 1024 }' /proc/meminfo)"
}

make_copy() { cp -a $FS/template "$FS/$1" && create "$1" "$FS/$1"; }
make_unified() { $V clone -q template "$1" --root "$FS/$1" >/dev/null; }
make_overlay() {
	mkdir -p "$FS/$1.up" "$FS/$1.work" "$FS/$1"
	mount -t overlay overlay \
		-o "lowerdir=$FS/template,upperdir=$FS/$1.up,workdir=$FS/$1.work" "$FS/$1"
	create "$1" "$FS/$1"
}
create() { $V create "$1" --root "$2" -s "context.init=/bin/sleep 100000"; }
now() { cut -d ' ' -f 1 /proc/uptime; }

# measure KIND NUMBER
measure() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	$V run --rm probe --root $FS/template -- /bin/sh -c "$reads"
	before=$(state) t0=$(now)
	i=0
	while [ $i -lt "$2" ]; do
		"make_$1" "$1$i"
		i=$((i + 1))
	done
	t1=$(now) disk=$(state)
	i=0
	while [ $i -lt "$2" ]; do
		$V start "$1$i"
		i=$((i + 1))
	done
	t2=$(now)
	i=0
	while [ $i -lt "$2" ]; do
		$V exec "$1$i" -- /bin/sh -c "$reads"
		i=$((i + 1))
	done
	echo "$1 $2 $t0 $t1 $t2 $before $disk $(state)" | awk '{
		n = $2
		printf "{\"kind\":\"%s\",\"guests\":%d,\"disk_bytes\":%.0f,\"inodes\":%.1f," \
			"\"cache_bytes\":%.0f,\"names_bytes\":%.0f," \
			"\"make_s\":%.3f,\"start_s\":%.3f}\n",
			$1, n, ($10 - $6) / n, ($11 - $7) / n, ($16 - $8) / n,
			($17 - $9) / n, ($4 - $3) / n, ($5 - $4) / n }' |
		tee -a /job/results/guests.jsonl
	i=0
	while [ $i -lt "$2" ]; do
		$V stop "$1$i" --kill
		$V delete "$1$i"
		case $1 in
		overlay) umount "$FS/$1$i" ;;
		esac
		rm -rf "${FS:?}/$1$i" "$FS/$1$i.up" "$FS/$1$i.work"
		i=$((i + 1))
	done
}

measure copy "$COPIES"
measure overlay "$GUESTS"
measure unified "$GUESTS"
