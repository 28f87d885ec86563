#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Shares of the disks. Runs in the machine as the job's run.sh.
. /job/guest_lib.sh

null=/sys/kernel/config/nullb
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
for d in da db; do
	if ! { mkdir "$null/$d" && echo 64 >"$null/$d/size" &&
		echo 2 >"$null/$d/queue_mode" && echo 1 >"$null/$d/power"; }; then
		not_ok "$d can be made"
	fi
done
until_ok test -b /dev/da -a -b /dev/db
da=$(cat /sys/block/da/dev) db=$(cat /sys/block/db/dev)
share() { # NAME
	vctx list --json | jq -c '.[] | select(.name == "'"$1"'") | [.disk_weight,.disk_reserve,.disk_max]'
}
shares() { # ID: of the kernel, for da and db
	sed -n "s/^$da .* weight/da weight/p; s/^$db .* weight/db weight/p" \
		"/proc/virtual/$1/disk" | sort | tr '\n' ';'
}
mkdir -p /run/vctx/.ids
before=$(footprint)
vctx create d1 --root $ROOT -s "context.init=/bin/busybox init" --start
id=$(vctx show d1 --json | jq .id)
is "$(share d1) $(shares "$id")" '[100,"none","none"] ' "the default share"

# A share that nothing acts upon.
for s in /sys/block/*/queue/scheduler; do
	! grep -q context-fair "$s" || echo none >"$s"
done
is "$(vctx check --json | jq -c '.[] | select(.name == "disk-scheduling") | [.ok,.found]')" \
	'[false,"no disk'"'"'s queue/scheduler is context-fair"]' "check tells that no disk is shared"
try vctx set d1 disk.weight=200
is "$STATUS: $STDOUT$STDERR" \
	"0: vctx: set d1: no disk is shared: write context-fair to /sys/block/DISK/queue/scheduler" \
	"set tells as well"
for d in da db; do
	echo context-fair >"/sys/block/$d/queue/scheduler"
done
is "$(vctx check --json | jq -c '.[] | select(.name == "disk-scheduling") | [.ok,.found]')" \
	'[true,"da db"]' "check names the disks that are shared"

# One value for all, others for some.
try vctx set d1 "disk.weight=200 db=400" disk.reserve=10% "disk.max=none /dev/da=20M"
is "$STATUS: $STDOUT$STDERR" "0: " "set of a share"
is "$(share d1)" '[200,"10%","none"]' "list knows it"
is "$(shares "$id")" \
	"da weight=200 reserve=10.0% max=20971520;db weight=400 reserve=10.0% max=none;" \
	"the kernel knows it"
is "$(vctx list --no-header | awk '{ print $8 }')" 200 "list has a column"
matches "$(vctx status d1)" "*disks *weight 200, reserve 10%*
*da *read 0, written 0; weight 200, reserve 10%, max 20M
*db *weight 400, reserve 10%*" "status tells"
is "$(vctx show d1 --config | sed -n '/^\[disk\]/,/^\[/p' | sed '$d')" "[disk]
weight = 200 db=400
reserve = 10%
max = none da=20M
space = none
inodes = none" "show --config tells"
is "$(vctx stats --json | jq -c '.[0].disks | sort_by(.disk) | map([.disk,.weight,.reserve,.max]) | .[0:2]')" \
	'[["da",200,"10%","20M"],["db",400,"10%","none"]]' "stats tells"
vctx restart d1 --kill
id=$(vctx show d1 --json | jq .id)
is "$(shares "$id")" \
	"da weight=200 reserve=10.0% max=20971520;db weight=400 reserve=10.0% max=none;" \
	"it has it after a restart"
vctx set d1 disk.weight=300 disk.max=500io
is "$(share d1) $(shares "$id")" '[300,"10%","500io"] ' \
	"what is no longer said of a disk is no longer so"

# Refusals.
vctx create d2 --root $ROOT -s "context.init=/bin/busybox init" --start
hint="hint: the reservations of all contexts together cannot be more than 80% of the time of a disk"
refuses 1 "vctx: set d2: cannot reserve 71% of all disks: No space left on device
$hint" "more than there is" vctx set d2 disk.reserve=71% disk.weight=7
is "$(share d2)" '[100,"none","none"]' "and nothing has changed"
refuses 1 "vctx: set d2: cannot reserve 71% of db: No space left on device
$hint" "more than there is on one disk" vctx set d2 disk.weight=7 "disk.reserve=5% db=71%"
is "$(share d2)$(ls /etc/vctx)" '[100,"none","none"]'"d1.conf
d1.conf.d
d2.conf" "and nothing has changed"
refuses 2 "vctx: set d2: there is no disk \"dz\"
hint: 'lsblk -d' lists disks" "a disk that is not there" vctx set d2 disk.weight=dz=7
refuses 2 "vctx: set d2: there is no disk \"null\"
hint: 'lsblk -d' lists disks" "a device that is no disk" vctx set d2 disk.max=null=1M
refuses 2 "vctx: set d2: disk.reserve, 20% of da, is more than disk.max, 10%" \
	"a reservation above the limit" vctx set d2 disk.max=10% disk.reserve=da=20%
VCTX_FAIL_AT='set' "$VT" set d2 "disk.weight=7 db=9" 2>/dev/null
is "$? $(share d2) $(shares "$(vctx show d2 --json | jq .id)")" '1 [100,"none","none"] ' \
	"a set that fails halfway is taken back in the kernel"
at_start=$(footprint)
refuses 125 "vctx: run f1: cannot reserve 80% of all disks: No space left on device
$hint" "a start that cannot have its share" \
	vctx run --rm f1 --root $ROOT -s disk.reserve=80% -- /bin/busybox true
VCTX_FAIL_AT=disk "$VT" run --rm f1 --root $ROOT -s disk.weight=7 -- /bin/true 2>/dev/null
is "$?: $(footprint)" "125: $at_start" "a start that fails at the share leaves nothing"

# A context that is not ours.
"$V" --root /tmp/other run --rm alien --root $ROOT -s disk.max=db=5M -- /bin/sleep 1000 &
alienpid=$!
until_ok sh -c "$V list -q | grep -qx alien"
alien=$(vctx list --json | jq '.[] | select(.name == "alien").id')
until_ok grep -q . "/proc/virtual/$alien/disk"
try vctx set "$alien" disk.weight=77
is "$STATUS: $STDERR $(shares "$alien")" "0:  db weight=77 reserve=none max=5242880;" \
	"set of a context that is not ours keeps what it has"
vctx delete "$alien" --force
wait $alienpid
rm -rf /tmp/other

# Use.
sync
echo 3 >/proc/sys/vm/drop_caches
vctx exec d1 -- /bin/busybox cat /bin/busybox >/dev/null
root=$(vctx stats d1 --json | jq '.[0] | [(.read_bytes > 100000), (.reads > 0), ([.disks[].read_bytes_total] | add == 0)]' | tr -d ' \n')
is "$root" "[true,true,false]" "stats counts what it reads"
matches "$(vctx stats d1)" "NAME *READ WRITTEN
d1 *" "stats has columns for it"
vctx delete d1 --force
vctx delete d2 --force

# --- what can be done with devices ---
mkdir "$null/dc" && echo 1 >"$null/dc/size" && echo 1 >"$null/dc/power"
until_ok test -b /dev/dc
# A node that somebody has forgotten in its root.
mknod $ROOT/opt/da b "${da%:*}" "${da#*:}"
new v1 "device.map=/dev/dc open" "device.map=block none" security.capabilities=+mknod
inside() {
	vctx exec v1 -- /bin/sh -c "$*" 2>&1
}
# size FILE: what can be read of it, in MiB, or why not
size() {
	inside "dd if=$1 of=/dev/null bs=1M 2>&1 | sed -n 's/+0 records in//p; s/.*: //p'"
}
is "$(inside 'echo /dev/d?')" /dev/dc "it gets a node of what it can open, and of nothing else"
is "$(inside "stat -c '%t:%T %a %u %g' /dev/dc")" "$(stat -c '%t:%T %a %u %g' /dev/dc)" "one as the host has"
is "$(size /dev/dc) $(size /opt/da)" "1 Permission denied" "it can open no other disk"
matches "$(inside 'mknod /dev/b b 7 0')" "*: Operation not permitted" "nor make a node of one"
is "$(inside 'mknod /dev/c c 1 5 && head -c 3 /dev/c | wc -c; rm /dev/c')" 3 "but of other devices, as ever"
is "$(vctx show v1 --config | sed -n '/^\[device\]/,/^\[/p' | sed '$d')" "[device]
map = /dev/dc open
map = block none" "show tells the map"
try vctx set v1 "device.map=/dev/da open"
is "$STATUS: $STDOUT$STDERR$(size /opt/da)" "0: 64" "set opens another at once"
try vctx set v1 "device.map=/dev/dc /dev/db open" "device.map=/dev/da none"
is "$STATUS: $STDOUT$STDERR$(size /dev/dc) $(size /opt/da)" "0: 64 Permission denied" \
	"another is in the place of the first, and the second is shut again"
VCTX_FAIL_AT="set" "$VT" set v1 "device.map=/dev/da open" "device.map=/dev/dc open" 2>/dev/null
is "$? $(size /dev/dc) $(size /opt/da)" "1 64 Permission denied" "a set that fails changes nothing"
try vctx set v1 "device.map=/dev/nosuch open"
is "$STATUS: $STDERR" "2: vctx: set v1: device /dev/nosuch: No such file or directory" \
	"a device that is not there is told"
vctx set v1 "device.map=block default" "device.map=/dev/dc default"
is "$(size /dev/dc) $(size /opt/da)" "1 Permission denied" "an entry is taken back"
vctx restart v1 --kill
is "$(size /opt/da) $(inside 'echo /dev/d?')" "Permission denied /dev/d?" "after a restart it is the same map"
vctx set v1 "device.map=/dev/da default"
is "$(size /opt/da)" 64 "without a map all is as ever"
vctx delete v1 --force
rm $ROOT/opt/da
rmdir "$null/dc"

for d in da db; do
	is "$(awk '$1 >= 1000' "/sys/block/$d/queue/iosched/contexts")" "" "$d has forgotten them"
done
# Logs outlive their contexts.
rm -rf /var/log/vctx
is "$(footprint)" "$before" "nothing is left"
finish
