#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Labels of the files of contexts, and what contexts can have of a file system. Runs in
# the machine as the job's run.sh; on null_blk with data.
. /job/guest_lib.sh

null=/sys/kernel/config/nullb
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
mkdir "$null/quota" && for setting in size=256 memory_backed=1 power=1; do
	echo "${setting#*=}" >"$null/quota/${setting%%=*}" || break
done
if ! mkfs.ext4 -q -O project,quota -E quotatype=prjquota,nodiscard,lazy_itable_init=0 \
	/dev/quota || ! mkdir -p /tmp/fs || ! mount -o tag,prjquota /dev/quota /tmp/fs; then
	not_ok "a file system with labels" "$(dmesg | tail -n 3)"
	finish
fi
R=/tmp/fs/root
# What a shell needs, and no more: the disk is memory.
mkdir -p $R/bin $R/data $R/proc $R/sys $R/dev $R/run $R/tmp $R/etc
cp -L "$ROOT/bin/busybox" $R/bin/busybox
for lib in $(ldd "$ROOT/bin/busybox" 2>/dev/null | grep -o '/[^ ]*'); do
	mkdir -p "$R${lib%/*}" && cp -L "$ROOT$lib" "$R$lib"
done
for applet in sh sleep dd df cat mkdir touch rm ls; do ln -s busybox $R/bin/$applet; done

vctx create q1 --root $R -s "context.init=/bin/sleep 100000" -s disk.space=16M -s disk.inodes=50
is "$?" 0 "a context with a limit is made"
try vctx start q1
is "$STATUS: $STDERR" "0: " "and starts"
id=$(vctx show q1 --json | jq .id)
inside() { vctx exec q1 -- /bin/sh -c "$*"; }

is "$(inside 'df -k /data' | awk 'END { print $2 }')" 16384 "df in it shows the limit"
inside 'dd if=/dev/zero of=/data/f bs=64k count=512' 2>/tmp/dd.err
matches "$(cat /tmp/dd.err)" "*Disk quota exceeded*" "it cannot write more"
had=$(stat -c %s $R/data/f)
[ "$had" -gt 15000000 ] && [ "$had" -le 16777216 ]
is "$?" 0 "but nearly as much ($had)"
is "$(lsattr -p $R/data/f | awk '{ print $1 }')" "$id" "its files have its label"
is "$(lsattr -dp $R/data | awk '{ print $1 }')" 0 "those of the host have none"
dd if=/dev/zero of=$R/data/host bs=1M count=20 2>/dev/null
is "$?" 0 "the host writes as ever"
rm $R/data/host

try vctx set q1 disk.space=32M
is "$STATUS: $STDERR" "0: " "the limit is raised while it runs"
inside 'dd if=/dev/zero of=/data/g bs=64k count=100' 2>/tmp/dd.err
is "$?" 0 "and at once there is more"
is "$(inside 'df -k /data' | awk 'END { print $2 }')" 32768 "as df says"
inside 'rm /data/f /data/g'
inside 'i=0; while touch /data/n$i; do i=$((i + 1)); [ $i -lt 100 ] || break; done' 2>/tmp/touch.err
matches "$(cat /tmp/touch.err)" "*Disk quota exceeded*" "the number of its files is limited, too"
n=$(ls $R/data | wc -l)
[ "$n" -gt 30 ] && [ "$n" -le 50 ]
is "$?" 0 "to as many as it may have ($n)"
inside 'rm /data/n*'

# another context, on the same file system
mkdir -p /tmp/fs/two && cp -a $R/. /tmp/fs/two
vctx create q2 --root /tmp/fs/two -s "context.init=/bin/sleep 100000" -s "mount.bind=$R/data /data"
vctx start q2
inside 'echo secret >/data/mine; mkdir /data/dir'
try vctx exec q2 -- /bin/cat /data/mine
matches "$STATUS: $STDERR" "1: *Permission denied*" "no other context reads its files"
try vctx exec q2 -- /bin/rm /data/mine
is "$STATUS $(cat $R/data/mine)" "1 secret" "or removes them"
try vctx exec q2 -- /bin/sh -c 'dd if=/dev/zero of=/data/theirs bs=1M count=40 && rm /data/theirs'
is "$STATUS" 0 "and its limit is not the other's"

vctx stop q1 --kill
vctx set q1 disk.space=none disk.inodes=none
vctx start q1
is "$?" 0 "it starts without a limit"
inside 'dd if=/dev/zero of=/data/f bs=1M count=40' 2>/tmp/dd.err
is "$?" 0 "and none is left"

vctx create q3 --root $ROOT -s disk.space=16M
try vctx start q3
matches "$STATUS: $STDERR" "5: vctx: start q3: cannot set disk.space on the file system of $ROOT: *
hint: it must be mounted with tag and prjquota*" "a file system without labels is told"
is "$(vctx list --json | jq -r '.[] | select(.name == "q3").state')" stopped "and nothing is started"
for q in q1 q2; do vctx stop $q --kill; done
for q in q1 q2 q3; do vctx delete $q; done
umount /tmp/fs
is "$?" 0 "the file system is free"
finish
