#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# vctx where no context can be made: the command line, configurations, plans,
# and what it says when the kernel has no contexts.
. "$(dirname -- "$0")/../lib.sh"

V=${VCTX:-$OUT/userland/vctx}
ROOT=$TMP/guest
mkdir -p "$ROOT/proc" "$ROOT/dev"
# Own state root, so that nothing of this host is looked at or touched.
vctx() {
	"$V" --root "$TMP/state" "$@"
}
conf() {
	cat >"$TMP/$1.conf"
}

# --- the command line ---

refuses 2 "vctx: no verb given
hint: see 'vctx help'" "no verb" vctx
refuses 2 'vctx: unknown verb "crate"
hint: did you mean "create"?' "a mistyped verb" vctx crate
refuses 2 "vctx: unknown verb \"frobnicate\"
hint: see 'vctx help'" "an unknown verb" vctx frobnicate
refuses 2 "vctx: list: unknown option \"--jsn\"
hint: see 'vctx help list'" "an unknown option" vctx list --jsn
refuses 2 "vctx: list: unknown option \"-z\"
hint: see 'vctx help list'" "an unknown letter" vctx list -z
refuses 2 "vctx: stop: unknown option \"--json\"
hint: see 'vctx help stop'" "an option of another verb" vctx stop a --json
refuses 2 "vctx: create: option \"-f\" needs a value
hint: see 'vctx help create'" "an option without its value" vctx create a -f
refuses 2 "vctx: create: no name given
hint: see 'vctx help create'" "no name" vctx create
refuses 2 "vctx: list: unexpected \"web1\"
hint: see 'vctx help list'" "one word too many" vctx list web1
refuses 2 'vctx: create Web: bad name "Web"
hint: 1 to 63 of a-z, 0-9, "_", "." and "-", starting with a letter or digit' \
	"a bad name" vctx create Web --root "$ROOT"
refuses 2 'vctx: create ../x: bad name "../x"
hint: 1 to 63 of a-z, 0-9, "_", "." and "-", starting with a letter or digit' \
	"a name that is a path" vctx create ../x --root "$ROOT"
refuses 2 'vctx: create 1234: bad name "1234"
hint: a name of digits only would look like an id' \
	"a name that is a number" vctx create 1234 --root "$ROOT"
refuses 125 'vctx: exec: no command given
hint: put the command after "--"' "exec without a command" vctx exec web1
refuses 125 "vctx: exec: unknown option \"-l\"
hint: see 'vctx help exec'" "exec without --" vctx exec web1 ls -l
refuses 2 'vctx: stop: bad time "5x"
hint: a time such as 10s, 500ms or 2m' "a bad time" vctx stop a --timeout 5x
refuses 2 'vctx: kill: unknown signal "SIGFOO"
hint: a name such as SIGTERM, or a number' "a bad signal" vctx kill a SIGFOO
refuses 2 'vctx: wait: unknown state "asleep"
hint: stopped or running' "a bad state" vctx wait a --state asleep
refuses 2 'vctx: list: bad state root "x"
hint: give an absolute path without ".."' "a bad state root" "$V" --root x list

# What is shipped must be readable; of the network it needs what this host may not have.
try vctx create web1 -f "$TOP/userland/etc/hosted.conf" --root "$ROOT" -s net.mode=none \
	-s net.bridge=none -s net.rate-in=none -s net.rate-out=none --dry-run
is "$STATUS: $STDERR" "0: " "the limits that are shipped can be used"

# --- what is not there ---

for verb in status show stop restart delete start kill wait ps pause resume \
	stats logs; do
	refuses 3 "vctx: $verb nosuch: no such context
hint: 'vctx list' shows the contexts" "$verb of nothing" vctx $verb nosuch
done
refuses 3 "vctx: set nosuch: no such context
hint: 'vctx list' shows the contexts" "set of nothing" \
	vctx set nosuch cpu.weight=1
refuses 125 "vctx: exec nosuch: no such context
hint: 'vctx list' shows the contexts" "exec in nothing" vctx exec nosuch -- ls
refuses 1 "" "running of nothing" vctx running nosuch
try vctx delete --if-exists nosuch
is "$STATUS: $STDOUT$STDERR" "0: " "delete --if-exists of nothing"
mkdir -p "$TMP/state/etc/vctx"
echo "version = 1" >"$TMP/state/etc/vctx/web7.conf"
refuses 3 "vctx: start web7: no such context
hint: $TMP/state/etc/vctx/web7.conf is there; 'vctx create web7' makes the context" \
	"start of a configuration that was not created" vctx start web7

# --- configurations ---

conf key <<END
[context]
root = $ROOT

[cpu]
wieght = 200
END
refuses 2 "vctx: $TMP/key.conf:5: unknown key \"cpu.wieght\"
hint: did you mean \"cpu.weight\"?" "a mistyped key" \
	vctx create web1 -f "$TMP/key.conf"
conf later <<END
[cpu]
cpus = 0-1
END
refuses 2 "vctx: $TMP/later.conf:2: unknown key \"cpu.cpus\"
hint: this version of vctx does not have it yet; leave it out" \
	"a key of a later version" vctx create web1 -f "$TMP/later.conf"
# bad_net TEXT SETTING...: [net] that cannot be
bad_net() {
	bad_net=$1
	shift
	for setting; do
		set -- "$@" -s "$setting"
		shift
	done
	try vctx create web1 --root / "$@"
	is "$STATUS: ${STDERR%%
*}" "2: vctx: $bad_net" "a network that cannot be: $*"
}
bad_net '-s net.mode=cable: bad value "cable" for "net.mode": host, none, bridge, routed or shared-address' \
	net.mode=cable
for a in 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 10.0.0 10.0.0.1/33 10.0.0.1/ \
	10.0.0.1/x ::1 :: ff02::1 ::ffff:10.0.0.1 fe80::1/129 name; do
	bad_net "-s net.address=$a: bad value \"$a\" for \"net.address\": an address of a host such as 10.0.7.11/24" \
		"net.address=$a"
done
bad_net '-s net.address=10.0.0.1/8: bad value "10.0.0.1/8" for "net.address": each address once' \
	net.address=10.0.0.1 net.address=10.0.0.1/8
for b in .. -x a/b 0123456789abcdef; do
	bad_net "-s net.bridge=$b: bad value \"$b\" for \"net.bridge\": name of a network device, or none" \
		"net.bridge=$b"
done
bad_net '-s net.gateway=10.0.0.1/24: bad value "10.0.0.1/24" for "net.gateway": an address such as 10.0.7.1, or none' \
	net.gateway=10.0.0.1/24
bad_net 'create web1: net.bridge has no meaning with net.mode=host' net.bridge=br0
bad_net 'create web1: net.gateway has no meaning with net.mode=routed' \
	net.mode=routed net.address=10.0.0.2 net.gateway=10.0.0.1
bad_net 'create web1: net.address has no meaning with net.mode=none' \
	net.mode=none net.address=10.0.0.2
for b in 0 1bit 7kbit 1001Gbit 5Tbit 5 -5Mbit 10MBit; do
	bad_net "-s net.rate-in=$b: bad value \"$b\" for \"net.rate-in\": 8kbit to 1000Gbit, or none" \
		"net.rate-in=$b"
done
bad_net 'create web1: net.capabilities has no meaning with net.mode=host' net.capabilities=multicast
bad_net '-s net.capabilities=+net_admin: bad value "+net_admin" for "net.capabilities": "net_admin" is not a name vctx knows' \
	net.capabilities=+net_admin
bad_net 'create web1: net.rate-in has no meaning with net.mode=host' net.rate-in=1Mbit
for b in 0 10001 1.5 -1 x; do
	bad_net "-s net.weight=$b: bad value \"$b\" for \"net.weight\": a number from 1 to 10000, or none" \
		"net.weight=$b"
done
bad_net 'create web1: net.weight has no meaning with net.mode=none' \
	net.mode=none net.weight=100
bad_net 'create web1: net.mode=routed needs addresses' net.mode=routed
bad_net 'create web1: net.mode=shared-address needs addresses' net.mode=shared-address
bad_net 'create web1: net.mode=bridge needs the name of a bridge' net.mode=bridge
bad_net 'create web1: there is no bridge "lo"' net.mode=bridge net.bridge=lo
bad_net 'create web1: the host does not have the address 192.0.2.77/24' \
	net.mode=shared-address net.address=192.0.2.77/24
bad_net 'create web1: the host does not have the address 2001:db8::7/128' \
	net.mode=shared-address net.address=2001:db8::7
conf strange <<END
colour = red
END
refuses 2 "vctx: $TMP/strange.conf:1: unknown key \"colour\"" \
	"a key like no other" vctx create web1 -f "$TMP/strange.conf"
conf twice <<END
[context]
id = 7
# comment
id = 8
END
refuses 2 "vctx: $TMP/twice.conf:4: key \"context.id\" was given before, in line 2" \
	"a key given twice" vctx create web1 -f "$TMP/twice.conf"
conf syntax <<END
[context]
root = $ROOT
what is this
END
refuses 2 "vctx: $TMP/syntax.conf:3: cannot make sense of this line
hint: a line is \"[section]\", \"key = value\" or \"# comment\"" \
	"a line that is none" vctx create web1 -f "$TMP/syntax.conf"
printf '[context]\nroot = /\377\n' >"$TMP/utf8.conf"
refuses 2 "vctx: $TMP/utf8.conf:2: not UTF-8 text" "a byte that is no text" \
	vctx create web1 -f "$TMP/utf8.conf"
printf '[context]\0\n' >"$TMP/nul.conf"
refuses 2 "vctx: $TMP/nul.conf:1: not UTF-8 text" "a NUL byte" \
	vctx create web1 -f "$TMP/nul.conf"
refuses 2 "vctx: $TMP/none.conf: No such file or directory" "no file" \
	vctx create web1 -f "$TMP/none.conf"
refuses 2 'vctx: create web1: no root directory given
hint: give --root DIR, or set root in [context]' "no root" vctx create web1
refuses 2 "vctx: create web1: root $TMP/nosuch: No such file or directory
hint: 'vctx-mkroot DIR' makes a root directory" "a root that is not there" \
	vctx create web1 --root "$TMP/nosuch"
refuses 2 "vctx: create web1: root $TMP/key.conf: Not a directory
hint: 'vctx-mkroot DIR' makes a root directory" "a root that is a file" \
	vctx create web1 --root "$TMP/key.conf"
refuses 2 "vctx: create web1: bind source $TMP/nosuch: No such file or directory" \
	"a bind source that is not there" \
	vctx create web1 --root "$ROOT" -s "mount.bind=$TMP/nosuch /x"
refuses 2 "vctx: create web1: the host's own root cannot be made read-only for one context
hint: leave out readonly-root, or use a root of its own" "read-only host root" \
	vctx create web1 --root / -s security.readonly-root=yes

bad_value() {
	refuses 2 "vctx: -s $1=$2: bad value \"$2\" for \"$1\": $3" \
		"bad value $1=$2" vctx create web1 --root "$ROOT" -s "$1=$2"
}
bad_value context.id 1 "a number from 2 to 65535, or auto"
bad_value context.id 65536 "a number from 2 to 65535, or auto"
bad_value context.id -2 "a number from 2 to 65535, or auto"
bad_value context.hostname "a b" "1 to 64 letters, digits, dots and hyphens"
for v in 0 65536 -1 x; do
	bad_value context.tag "$v" "a number from 1 to 65535, auto or none"
done
for v in 1023 4T x 1.5G; do
	bad_value disk.space "$v" "a size from 1K to 3T such as 10G, or none"
done
for v in 0 4294967294 1K; do
	bad_value disk.inodes "$v" "a number from 1, or none"
done
refuses 2 "vctx: create web1: disk.space has no meaning with context.tag=none
hint: a limit is that of a label; give context.tag=auto" "a limit of nothing" \
	vctx create web1 --root "$ROOT" -s context.tag=none -s disk.space=1G
bad_value context.init sbin/init "an absolute path and its arguments"
bad_value context.root /a/../b "give an absolute path without \"..\""
bad_value context.autostart maybe "yes or no"
bad_value mount.bind "/a" \
	'"SOURCE TARGET [ro]", both absolute paths, and TARGET not /'
bad_value mount.bind "/a /" \
	'"SOURCE TARGET [ro]", both absolute paths, and TARGET not /'
bad_value mount.tmpfs "/t size=0" \
	'"TARGET [size=64M] [mode=1777]", an absolute path and not /'
for value in /dev/null x "/dev/null open none" "block /dev/x open" "/dev/null fly" "a/b open" \
	"/dev/null none open"; do
	bad_value device.map "$value" \
		'"DEVICE [TARGET] open|create|none|default", DEVICE a path, block or char'
done
bad_value device.map "char create" \
	"its terminals are among all others of char: they must be open"
refuses 2 "vctx: create web1: device /dev/nosuch: No such file or directory" \
	"a device that is not there" vctx create web1 --start --dry-run --root "$ROOT" \
	-s "device.map=/dev/nosuch open"
refuses 2 "vctx: create web1: device $ROOT: No such device" "what is no device" \
	vctx create web1 --start --dry-run --root "$ROOT" -s "device.map=$ROOT open"
ln -s /dev/zero "$TMP/zero"
refuses 2 "vctx: create web1: /dev/zero and $TMP/zero are the same device
hint: give it once" "a device by two names" vctx create web1 --start --dry-run \
	--root "$ROOT" -s "device.map=/dev/zero open" -s "device.map=$TMP/zero none"
is "$(vctx create web1 --start --dry-run --root "$ROOT" -s "device.map=/dev//zero open" \
	-s "device.map=/dev/full create" -s "device.map=block none" |
	sed -n 's/^ *[0-9]*  \(make .dev.*\|.*devices\)/\1/p')" "make /dev//zero
set what it can do with devices" "a node for what can be opened"
bad_value security.capabilities "-sys_modul" \
	'"sys_modul" is not a name vctx knows'
bad_value security.flags "+persistent" \
	'"persistent" is not for configurations'
bad_value exec.start sbin/up "an absolute path and its arguments, or none"
bad_value exec.stop-signal SIGFOO "a signal name such as SIGTERM"
bad_value exec.stop-timeout 10x "a time such as 10s, 500ms or 2m"
bad_value cpu.weight 0 "a number from 1 to 10000"
bad_value cpu.weight 10001 "a number from 1 to 10000"
bad_value cpu.weight 1.5 "a number from 1 to 10000"
for value in 0% 95.1% 25 25.% 1.23456% -1% 1e1%; do
	bad_value cpu.guarantee $value \
		"a part of the machine from 0.1% to 95%, or none"
done
for value in 0% 0.09% 100001% 18446744073709551616% max; do
	bad_value cpu.max $value \
		"a percentage of one CPU, from 0.1% (150% is one and a half), or none"
done
bad_value cpu.burst 0 "a time from 1ms to 60s"
bad_value cpu.burst 61s "a time from 1ms to 60s"
for value in Web1 12 a/b -x; do
	bad_value cpu.parent "$value" "the name of a context, or none"
done
for value in 0 10001 1.5 vdb= vdb=0 "100 vdb=x"; do
	bad_value disk.weight "$value" \
		"a number from 1 to 10000, for one disk DISK=NUMBER"
done
for value in 0 0% 81% 0.05% 4095 500i 0io 2000000000io 2T 12.5; do
	bad_value disk.reserve $value \
		"0.1% to 80% of a disk's time, 4K or more bytes/s, requests/s as 500io, or none"
done
for value in 100.1% 1000 -1 max 10m; do
	bad_value disk.max $value \
		"0.1% to 100% of a disk's time, 4K or more bytes/s, requests/s as 500io, or none"
done
bad_value disk.weight "100 200" "there are two values for all disks"
bad_value disk.weight "vdb=1 /dev/vdb=2" "a disk is given twice"
bad_value disk.max ../vdb=1M "write DISK=VALUE with a name as under /dev"
bad_value disk.max =1M "write DISK=VALUE with a name as under /dev"
refuses 2 "vctx: create web1: there is no disk \"nosuch\"
hint: 'lsblk -d' lists disks" "a disk that is not there" vctx create web1 --start \
	--dry-run --root "$ROOT" -s "disk.weight=100 nosuch=200"
refuses 2 "vctx: create web1: disk.reserve, 30%, is more than disk.max, 20%" \
	"a reservation above the limit" vctx create web1 --start --dry-run \
	--root "$ROOT" -s disk.reserve=30% -s disk.max=20%
refuses 2 "vctx: create web1: cpu.guarantee, $(($(nproc) * 50))% of one CPU on this machine of $(nproc), is more than cpu.max
hint: cpu.guarantee is of the whole machine, cpu.max of one CPU" \
	"a guarantee above the limit" vctx create web1 --root "$ROOT" \
	-s cpu.guarantee=50% -s cpu.max=12.5%
bad_value version 2 "this vctx reads version 1"
refuses 2 'vctx: -s nonsense: not a setting
hint: write it as section.key=value' "a setting without =" \
	vctx create web1 --root "$ROOT" -s nonsense
refuses 2 'vctx: -s context.id=: key "context.id" has no value
hint: leave the line out for the default' "a setting without a value" \
	vctx create web1 --root "$ROOT" -s context.id=

# --- plans; these need no kernel support ---

try vctx run --rm b1 --dry-run --root "$ROOT" -s "mount.bind=$TMP /mnt ro" \
	-s mount.tmpfs=/tmp -s context.id=77 -s context.hostname=box \
	-s security.capabilities=+net_admin -- /bin/true
is "$STATUS" 0 "a plan is printed"
is "$STDOUT" " 1  take context id 77
 2  write $TMP/state/run/vctx/b1/state.json
 3  fork a helper
 4  unshare the mount, UTS and IPC namespaces
 5  make all mounts private
 6  bind the root $ROOT
 7  mount proc on /proc
 8  make /proc/sys read-only
 9  make /proc/sysrq-trigger read-only
10  make /proc/irq read-only
11  make /proc/bus read-only
12  make /proc/fs read-only
13  mount sysfs read-only on /sys
14  mount a small /dev with null zero full random urandom tty pts shm
15  hide /proc/kcore
16  hide /proc/keys
17  hide /proc/timer_list
18  hide /proc/latency_stats
19  hide /proc/sched_debug
20  hide /proc/acpi
21  hide /proc/scsi
22  hide /sys/firmware
23  mount tmpfs on /run
24  mount tmpfs on /tmp
25  bind $TMP to /mnt read-only
26  make the root the root directory
27  set the host name box
28  label the files it makes
29  create the context
30  record its namespaces
31  name it b1
32  limit Linux capabilities to 0x80000000b44c14ff
33  set context capabilities 0x4101
34  report readiness
35  record that it runs
36  end the setup and become its init
37  execute /bin/true" "the plan is the expected one"
try vctx run --rm b1 --dry-run --root / -- /bin/true
matches "$STDOUT" "*share the host's root directory*" "root / is shared"
case $STDOUT in
*"make the root the root directory"*) not_ok "root / is not pivoted to" ;;
*) ok "root / is not pivoted to" ;;
esac
mkdir -p "$TMP/key2.conf.d"
printf '[context]\nroot = %s\nid = 5\n[mount]\nbind = /a /a\n' "$ROOT" \
	>"$TMP/key2.conf"
printf '[context]\nid = 6\n' >"$TMP/key2.conf.d/10.conf"
printf '[mount]\nbind += %s /b\n' "$TMP" >"$TMP/key2.conf.d/20.conf"
refuses 2 "vctx: create web1: bind source /a: No such file or directory" \
	"+= in a drop-in adds to a list" \
	vctx create web1 -f "$TMP/key2.conf" --dry-run
printf '[mount]\nbind = %s /b\n' "$TMP" >"$TMP/key2.conf.d/20.conf"
try vctx create web1 --start -f "$TMP/key2.conf" --dry-run
matches "$STDOUT" "*take context id 6*bind $TMP to /b*" \
	"= in a drop-in replaces a value and a list"
printf '[context]\nid += 6\n' >"$TMP/key2.conf.d/30.conf"
refuses 2 "vctx: $TMP/key2.conf.d/30.conf:2: key \"context.id\" has one value, \"+=\" cannot add to it
hint: use \"=\"" "+= for a key with one value" \
	vctx create web1 -f "$TMP/key2.conf" --dry-run

case $STDOUT in
*CPUs*) not_ok "the default share needs no step" ;;
*) ok "the default share needs no step" ;;
esac
try vctx run --rm b1 --dry-run --root "$ROOT" -s cpu.weight=200 -- /bin/true
matches "$STDOUT" "*report readiness*set its share of the CPUs*record that it runs*" \
	"another one is set before the context runs"
try vctx run --rm b1 --dry-run --root "$ROOT" -s cpu.parent=c1 -- /bin/true
matches "$STDOUT" "*create the context in c1*" "a context in another one"
try vctx run --rm b1 --dry-run --root "$ROOT" -s cpu.parent=none -- /bin/true
matches "$STDOUT" "*create the context
*" "and in none"
try vctx run --rm b1 --dry-run --root "$ROOT" -s disk.max=20M -- /bin/true
matches "$STDOUT" "*report readiness*set its share of the disks*record that it runs*" \
	"and so is that of the disks"

try vctx create web1 --start --dry-run --root "$ROOT" -s "exec.start=/sbin/up now"
matches "$STDOUT" "*execute /sbin/init
* run /sbin/up in it and wait for its end" "exec.start is the last step"
try vctx run --rm web1 --dry-run --root "$ROOT" -s exec.start=/sbin/up -- /bin/true
matches "$STDOUT" "*execute /bin/true" "another init takes its place too"

# --- set; a record is all that makes a stopped context ---

make_stopped() {
	mkdir -p "$TMP/state/var/lib/vctx/$1" "$TMP/state/etc/vctx"
	cat >"$TMP/state/etc/vctx/$1.conf"
	printf '{"schema": 1, "name": "%s", "id": %s, "created": "2026-01-01T00:00:00Z", "source": "test", "config": "%s", "wrote_config": true}\n' \
		"$1" "$2" "$TMP/state/etc/vctx/$1.conf" \
		>"$TMP/state/var/lib/vctx/$1/meta.json"
}
make_stopped set1 1001 <<END
version = 1
[context]
root = $ROOT
[cpu]
weight = 150
[mount]
bind = $TMP /mnt
END
rm "$TMP/state/etc/vctx/web7.conf"
kept=$TMP/state/etc/vctx/set1.conf.d/90-set.conf
cp "$TMP/state/etc/vctx/set1.conf" "$TMP/set1.before"
is "$(vctx list --json | jq -c '.[0] | [.name,.state,.cpu_weight,.cpu_guarantee,.cpu_max,.cpu_burst_ns]')" \
	'["set1","stopped",150,0,0,100000000]' \
	"the share of a stopped context is that of its configuration"
is "$(vctx list --no-header | tr -s ' ')" "set1 1001 stopped 0 - - 150 100 - -" \
	"list shows its weight"
refuses 2 "vctx: -s cpu.wieght=1: unknown key \"cpu.wieght\"
hint: did you mean \"cpu.weight\"?" "set of a mistyped key" \
	vctx set set1 cpu.max=10% cpu.wieght=1
refuses 2 "vctx: set set1: root $TMP/nosuch: No such file or directory
hint: 'vctx-mkroot DIR' makes a root directory" "set of what cannot start" \
	vctx set set1 cpu.weight=7 context.root="$TMP/nosuch"
refuses 2 "vctx: set: no setting given
hint: see 'vctx help set'" "set of nothing" vctx set set1
is "$(ls "$TMP/state/etc/vctx")" "set1.conf" "a refused set changes nothing"
try vctx set set1 cpu.weight=300 cpu.max=12.5% --dry-run
is "$STATUS: $STDERR$(ls "$TMP/state/etc/vctx")" "0: set1.conf" \
	"set --dry-run changes nothing"
try vctx set set1 cpu.weight=300 cpu.max=12.5% mount.tmpfs=/tmp
is "$STATUS: $STDOUT$STDERR" "0: " "set of a stopped context"
try vctx set set1 cpu.guarantee=1.5% "mount.bind=$ROOT /opt ro" exec.stop-signal=INT
is "$STATUS: $STDOUT$STDERR" "0: " "set once more"
is "$(cat "$kept")" "# Written by 'vctx set'; it is read after the file itself.
[cpu]
weight = 300
guarantee = 1.5%
max = 12.5%
[mount]
bind = $TMP /mnt
bind = $ROOT /opt ro
tmpfs = /tmp mode=1777
[exec]
stop-signal = SIGINT" "what was set is kept, lists complete"
is "$(cat "$TMP/state/etc/vctx/set1.conf")" "$(cat "$TMP/set1.before")" \
	"the user's file is not written"
vctx show set1 --config >"$TMP/shown.conf"
try vctx create set2 -f "$TMP/shown.conf" --start --dry-run
matches "$STATUS: $STDOUT" "0: *bind $TMP to /mnt*bind $ROOT to /opt read-only*share of the CPUs*" \
	"show --config tells what was set, as create -f reads it"
try vctx create set2 -f - --dry-run <"$TMP/shown.conf"
is "$STATUS: $STDERR" "0: " "create -f - reads it too"
try vctx set set1 cpu.max=none
is "$STATUS: $(vctx show set1 | grep '^cpu_max')" "0: cpu_max=0" \
	"a limit can be taken away"
try vctx set set1 "disk.weight=250" disk.reserve=12.5% disk.max=1500K
is "$STATUS: $(vctx show set1 | grep '^disk_' | tr '\n' ' ')$(sed -n '/^\[disk\]/,/^max/p' "$kept" | tr '\n' ' ')" \
	"0: disk_weight=250 disk_reserve=12.5% disk_max=1500K [disk] weight = 250 reserve = 12.5% max = 1500K " \
	"a share of the disks is kept"
vctx show set1 --config >"$TMP/shown.conf"
vctx create set3 -f "$TMP/shown.conf" --dry-run
is "$?" 0 "and show --config can be read"
VCTX_FAIL_AT="set" "${V%/*}/vctx-test" --root "$TMP/state" set set1 cpu.weight=1 \
	2>"$TMP/set.err"
is "$?: $(vctx show set1 | grep '^cpu_weight')" "1: cpu_weight=300" \
	"a set that fails changes nothing"
refuses 1 "vctx: logs set1: cannot read $TMP/state/var/log/vctx/set1.log: No such file or directory
hint: it is made by 'vctx start'" "logs of what was never started" vctx logs set1
mkdir -p "$TMP/state/var/log/vctx"
seq 5000 >"$TMP/state/var/log/vctx/set1.log"
is "$(vctx logs set1 | cksum)" "$(seq 5000 | cksum)" "logs"
is "$(vctx logs set1 --lines 3 --follow)" "4998
4999
5000" "logs --lines; --follow ends with a context that does not run"
is "$(vctx logs set1 --lines 4000 | cksum)" "$(seq 1001 5000 | cksum)" \
	"logs --lines over several blocks"
is "$(vctx logs set1 --lines 9999 | cksum)" "$(seq 5000 | cksum)" \
	"logs --lines of more than there are"
printf 'a\n\nno newline' >"$TMP/state/var/log/vctx/set1.log"
is "$(vctx logs set1 --lines 2)" "
no newline" "logs --lines of a file without its last newline"
: >"$TMP/state/var/log/vctx/set1.log"
is "$(vctx logs set1 --lines 2; echo $?)" 0 "logs of an empty file"
refuses 2 'vctx: logs: bad number "-1"
hint: a number of lines, 1 or more' "a bad number of lines" \
	vctx logs set1 --lines=-1
rm -r "$TMP/state/var/log"
refuses 4 "vctx: stats set1: context is not running" "stats of a stopped context" \
	vctx stats set1
refuses 4 "vctx: pause set1: context is not running" "pause of a stopped context" \
	vctx pause set1
is "$(vctx restart set1 --dry-run | sed -n '1p;2p')" "it is not running
 1  take context id 1001" "restart --dry-run"
echo "rubbish" >>"$TMP/state/etc/vctx/set1.conf"
try vctx restart set1
is "$STATUS" 2 "restart checks the configuration first"
is "$(vctx list --json | jq -c '.[0].cpu_weight')" null \
	"what cannot be read is not known"
cp "$TMP/set1.before" "$TMP/state/etc/vctx/set1.conf"
try vctx delete set1
is "$STATUS: $STDERR$(find "$TMP/state" -type f ! -name events.jsonl)" "0: " \
	"delete removes what set has written"
rm -rf "$TMP/state"

# --- what interrupted commands leave ---

VT=${V%/*}/vctx-test
killed() { # STEP ARGUMENT...: vctx, killed at a step
	killed_at=$1
	shift
	VCTX_FAIL_AT=$killed_at:kill "$VT" --root "$TMP/state" "$@" 2>/dev/null
}
refuses 3 "vctx: doctor nosuch: no such context
hint: 'vctx list' shows the contexts" "doctor of nothing" vctx doctor nosuch
try vctx gc
is "$STATUS: $STDOUT$STDERR" "0: " "gc of nothing"
refuses 2 'vctx: gc A: bad name "A"
hint: 1 to 63 of a-z, 0-9, "_", "." and "-", starting with a letter or digit' \
	"gc of a bad name" vctx gc A

make_stopped gc1 1001 <<END
[context]
root = $ROOT
END
mkdir -p "$TMP/state/var/lib/vctx/.ids"
ln -s gc1 "$TMP/state/var/lib/vctx/.ids/1001"
try vctx doctor gc1
is "$STATUS: $STDOUT" "0: ok       its configuration is $TMP/state/etc/vctx/gc1.conf" \
	"doctor of a context that is well"
vctx set gc1 cpu.weight=7
killed delete delete gc1
is "$?: $(vctx list -q)" "137: gc1" "delete killed before it began"
try vctx doctor gc1
is "$STATUS: $STDOUT" "1: ok       its configuration is $TMP/state/etc/vctx/gc1.conf
problem  a command was interrupted
         'vctx gc' would: remove $TMP/state/run/vctx/gc1" "doctor explains"
try vctx gc
is "$STATUS: $STDOUT" \
	"0: gc1: remove $TMP/state/run/vctx/gc1: a command was interrupted" \
	"gc removes what was left"
is "$(vctx doctor gc1 -q; echo $?) $(vctx show gc1 | grep '^cpu_weight')" \
	"0 cpu_weight=7" "and the context is well"
killed deleted delete gc1
is "$?: $(vctx list -q)" "137: " "delete killed halfway: the context is gone"
plan="gc1: remove $TMP/state/etc/vctx/gc1.conf, which create had written
gc1: remove $TMP/state/var/lib/vctx/gc1, which belonged to its record
gc1: free the context id 1001
gc1: remove $TMP/state/run/vctx/gc1: a command was interrupted"
try vctx doctor gc1 --json
is "$STATUS $(printf %s "$STDOUT" | jq -c 'map([.ok,.gc]) | unique')" \
	'1 [[false,true]]' "doctor explains a name that is gone"
leavings=$(find "$TMP/state" | sort)
try vctx gc --dry-run
is "$STATUS: $STDOUT" "0: $plan" "gc --dry-run tells"
is "$(find "$TMP/state" | sort)" "$leavings" "and changes nothing"
try vctx gc gc1 --json
is "$(printf %s "$STDOUT" | jq -r '.[] | select(.done) | .name + ": " + .text')" \
	"$plan" "gc --json tells the same"
is "$(find "$TMP/state" -type f; find "$TMP/state" -type l)" "" "and does it"

# A start that was killed while it made mount points, by its journal.
mkdir -p "$TMP/state/run/vctx/gc2" "$ROOT/made/deep" "$ROOT/full" "$TMP/outside/x"
: >"$ROOT/made/file"
: >"$ROOT/full/of"
echo text >"$ROOT/written"
ln -sfn "$TMP/outside" "$ROOT/link"
: >"$TMP/state/run/vctx/gc2/lock"
printf '%s\n' "root $ROOT" "dir /made" "dir /made/deep" "file /made/file" \
	"dir /full" "file /written" "dir /never" "dir /link/x" \
	"nonsense" >"$TMP/state/run/vctx/gc2/journal"
exec 9>>"$TMP/state/run/vctx/gc2/lock"
flock 9
try vctx gc
is "$STATUS: $STDOUT" "0: " "gc leaves alone what is being worked on"
is "$(vctx doctor gc2)" "ok       another vctx is working on it" "doctor says so"
exec 9>&-
try vctx gc
is "$STATUS: $STDOUT" "0: gc2: remove $ROOT/made/file, a mount point that an interrupted start made
gc2: remove $ROOT/made/deep, a mount point that an interrupted start made
gc2: remove $ROOT/made, a mount point that an interrupted start made
gc2: remove $TMP/state/run/vctx/gc2: a command was interrupted" \
	"gc takes back mount points, and nothing that is in use"
is "$(cd "$ROOT" && echo *) $(echo "$TMP"/outside/*)" \
	"dev full link proc written $TMP/outside/x" "not what is behind a link, either"
rm -r "$ROOT/full" "$ROOT/link" "$ROOT/written"

# Ids without a context, and a context without its id.
ln -s ghost "$TMP/state/var/lib/vctx/.ids/1005"
mkdir -p "$TMP/state/run/vctx/.ids"
ln -s ghost "$TMP/state/run/vctx/.ids/1006"
make_stopped gc3 1007 <<END
[context]
root = $TMP/nosuch
END
try vctx doctor gc3
is "$STATUS: $STDOUT" "1: problem  its root $TMP/nosuch is not there
         hint: 'vctx-mkroot DIR' makes a root directory
problem  its id 1007 is not reserved
         'vctx gc' would: reserve it" "doctor of a context that lacks things"
try vctx gc
is "$STATUS: $STDOUT" "0: gc3: reserve the context id 1007
ghost: free the context id 1006
ghost: free the context id 1005" "gc puts ids right"
is "$(vctx gc; readlink "$TMP/state/var/lib/vctx/.ids/1007")" gc3 \
	"and has nothing left to do"
vctx delete gc3
rm -rf "$TMP/state"

# --- JSON and tables ---

refuses 2 "vctx: stats: --interval and --count are for --watch
hint: add --watch" "stats --count alone" vctx stats --count 2
refuses 2 "vctx: stats: bad interval \"1x\"
hint: a time from 100ms to 24h" "a bad interval" \
	vctx stats --watch --interval 1x
refuses 2 "vctx: top: bad count \"0\"
hint: a number of times, 1 or more" "a bad count" vctx top --count 0
is "$(vctx stats)" "NAME   CTX  STATE    CPU.W SHARE%   CPU%    HOLD   DELAY     LAG PROCS    MEM   READ WRITTEN" \
	"stats of nothing"
is "$(vctx stats --json --watch --interval 100ms --count 2)" "[]
[]" "stats --watch --json prints an array a line"
matches "$(vctx top --count 2 --interval 100ms)" \
	"0 running, * since their start
NAME*
0 running, * the last interval
NAME*" "top without a terminal"
if command -v script >/dev/null 2>&1; then
	printf q | script -qec "'$V' --root '$TMP/state' top --interval 1h" \
		/dev/null >"$TMP/top.out" 2>&1
	status=$?
	case $(cat "$TMP/top.out") in
	*"0 running, "*"; q leaves"*"[?1049l"*) ok "top leaves the screen when q is typed" ;;
	*) not_ok "top leaves the screen when q is typed" "$(cat -v "$TMP/top.out")" ;;
	esac
	is $status 0 "and that is no error"
else
	skip "top on a terminal" "script is not installed"
fi

is "$(vctx list --json)" "[]" "an empty list as JSON"
is "$(vctx list)" "NAME   CTX  STATE    PROCS   CPU%      MEM CPU.W DISK.W  ADDRESS  UPTIME" \
	"an empty list as a table"
is "$(vctx list --no-header)" "" "an empty list without its header"
is "$(vctx --json list)" "[]" "an option before the verb"
is "$(vctx ls --json)" "[]" "an alias"
for call in 'list --json' 'check --json' 'version --json'; do
	# shellcheck disable=SC2086 # words
	try vctx $call
	if printf '%s' "$STDOUT" | jq -e . >/dev/null 2>&1; then
		ok "$call is JSON"
	else
		not_ok "$call is JSON" "$STDOUT"
	fi
done
is "$(vctx version --json | jq -c '[.schema, (.vctx | type)]')" \
	'[1,"string"]' "the schema number is in version --json"
is "$(vctx check --json | jq -r '.[] | select(.name == "uts-namespace").ok')" \
	true "check knows what every kernel here has"
for verb in $(vctx help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	try vctx help "$verb"
	first=$STDOUT
	try vctx "$verb" --help
	is "$STATUS: $STDOUT" "0: $first" "$verb --help is help $verb"
	is "$(printf '%s\n' "$first" | awk 'length > 80')" "" \
		"the help of $verb fits 80 columns"
done
if [ -e /dev/full ]; then
	"$V" help >/dev/full 2>"$TMP/full.err"
	is "$?: $(cat "$TMP/full.err")" \
		"1: vctx: cannot write the output: No space left on device" \
		"a full disk is no success"
fi

# --- without contexts in the kernel ---

if [ -e /proc/virtual ]; then
	skip "the hint of a stock kernel" "this kernel has contexts"
else
	hint="hint: this kernel was built without the context patches (CONFIG_VSERVER); see 'vctx check'"
	refuses 5 "vctx: create web1: cannot make a context: Function not implemented
$hint" "create on a stock kernel" vctx create web1 --root "$ROOT"
	refuses 125 "vctx: run web1: cannot make a context: Function not implemented
$hint" "run --rm on a stock kernel" \
		vctx run --rm web1 --root "$ROOT" -- /bin/true
	refuses 125 "vctx: run web1: cannot make a context: Function not implemented
$hint" "run on a stock kernel" vctx run web1 --root "$ROOT" -- /bin/true
	refuses 5 "vctx: ps: cannot look at the processes: Function not implemented
$hint" "ps on a stock kernel" vctx ps --all
	try vctx check
	is "$STATUS" 5 "check fails on a stock kernel"
	matches "$STDOUT" "*missing  system-call*Function not implemented*" \
		"check tells what is missing"
	try vctx version
	matches "$STDOUT" "*kernel interface none" "version tells so too"
fi
rm -rf "$TMP/state/etc"
is "$(find "$TMP/state" -mindepth 1 2>/dev/null)" "" \
	"nothing was left in the state root"

# --- the guest root maker's command line ---

MK=$OUT/userland/vctx-mkroot
refuses 2 "vctx-mkroot: no target given
hint: see 'vctx-mkroot --help'" "vctx-mkroot without a target" "$MK"
refuses 2 "vctx-mkroot: unknown option \"--frob\"
hint: see 'vctx-mkroot --help'" "vctx-mkroot with an unknown option" \
	"$MK" --frob x
refuses 1 "vctx-mkroot: $TMP: Directory not empty
hint: give a new or empty directory" "vctx-mkroot spares what is there" \
	"$MK" "$TMP"
try "$MK" --dry-run --include jq "$TMP/newroot"
matches "$STDOUT" "mmdebstrap *--include=busybox,procps,jq* bookworm $TMP/newroot" \
	"vctx-mkroot --dry-run prints its command, without an archive: security updates, too"
try "$MK" --dry-run --mirror http://example.org/debian "$TMP/newroot"
matches "$STDOUT" "mmdebstrap * bookworm $TMP/newroot http://example.org/debian" "and with one"
is "$(ls -d "$TMP"/newroot* 2>/dev/null)" "" "and does nothing"

# --- configurations of util-vserver ---

CONVERT=$OUT/userland/vctx-convert
refuses 2 "vctx-convert: no directory given
hint: see 'vctx-convert --help'" "vctx-convert without a directory" "$CONVERT"
refuses 2 "vctx-convert: there is no directory $TMP/nothing
hint: the guests of util-vserver are directories in /etc/vservers" \
	"vctx-convert of nothing" "$CONVERT" "$TMP/nothing"
old=$TMP/vservers/web1
mkdir -p "$old/uts" "$old/apps/init" "$old/interfaces/0" "$old/interfaces/1" \
	"$old/interfaces/2" "$TMP/oldroot"
echo 40 >"$old/context"
ln -s "$TMP/oldroot" "$old/vdir"
printf '# who\n\n  web.example.org \n' >"$old/uts/nodename"
echo default >"$old/apps/init/mark"
printf '/sbin/init\n3\n' >"$old/apps/init/cmd.start"
cat >"$old/fstab" <<END
none /proc proc defaults 0 0
none /tmp tmpfs size=16m,mode=1777 0 0
$TMP /srv/www none bind,ro 0 0
END
printf 'CAP_NET_RAW\n~SYS_PTRACE # none\n' >"$old/bcapabilities"
echo syslog >"$old/ccapabilities"
printf 'hide_mount\n!fakeinit\n' >"$old/flags"
try "$CONVERT" "$old"
is "$STATUS: $STDERR" "0: " "all of a guest of util-vserver is converted"
is "$STDOUT" "# From $old, by vctx-convert
version = 1

[context]
root = $TMP/oldroot
hostname = web.example.org
id = 40
init = /sbin/init 3
autostart = yes

[mount]
tmpfs = /tmp size=16M mode=1777
bind = $TMP /srv/www ro

[security]
capabilities = secure +net_raw -sys_ptrace
context-capabilities = secure +syslog
flags = default +hide_mount -fakeinit" "as the keys that mean the same"
"$CONVERT" "$old" >"$TMP/converted.conf"
try vctx create conv1 -f "$TMP/converted.conf" --dry-run
is "$STATUS: $STDERR" "0: " "vctx reads it"
mkdir "$old/rlimits"
echo 131072 >"$old/rlimits/rss.hard"
echo 300 >"$old/rlimits/nproc"
echo 5 >"$old/rlimits/locks"
echo 2048 >"$old/rlimits/as.hard"
echo 9 >"$old/rlimits/dentry"
echo 100 >"$old/rlimits/shmem.hard"
echo 65536 >"$old/rlimits/msgqueue"
echo 7 >"$old/rlimits/semary"
echo 70 >"$old/rlimits/nsems"
mkdir -p "$old/dlimits/root" "$old/dlimits/data"
echo "$TMP/oldroot" >"$old/dlimits/root/directory"
echo 2097152 >"$old/dlimits/root/space_total"
echo 50000 >"$old/dlimits/root/inodes_total"
echo 5 >"$old/dlimits/root/reserved"
echo "$TMP" >"$old/dlimits/data/directory"
printf 'MULTICAST\nraw_icmp\n' >"$old/ncapabilities"
rm "$old/apps/init/cmd.start"
echo 24 >"$old/interfaces/prefix"
echo 10.0.7.11 >"$old/interfaces/0/ip"
echo eth0 >"$old/interfaces/0/dev"
echo 10.0.8.1 >"$old/interfaces/1/ip"
echo 255.255.240.0 >"$old/interfaces/1/mask"
echo fd00::1 >"$old/interfaces/2/ip"
echo "/dev/sdb1 /data ext4 defaults 0 0" >>"$old/fstab"
try "$CONVERT" --root "$TMP/oldroot" "$old"
is "$STATUS: $STDERR" "3: vctx-convert: $old/apps/init/style: not converted: \"sysv\" is not known; init is /sbin/init
vctx-convert: $old/rlimits/dentry: not converted: vctx has no such limit yet
vctx-convert: $old/dlimits/data: not converted: disk.space is for the root directory, and this is $TMP
vctx-convert: $old/dlimits/root/reserved: not converted: all of disk.space is the guest's
vctx-convert: $old/interfaces/0/dev: not converted: the host must have the address: ip address add 10.0.7.11/24 dev eth0
vctx-convert: $old/fstab: not converted: /data: a ext4 on /dev/sdb1; mount it on the host and bind it" \
	"what has no place is told"
matches "$STDOUT" "*root = $TMP/oldroot
*
\[memory\]
max = 524288K

\[limits\]
processes = 300
locks = 5
address-space = 8192K
message-queues = 65536
shared-memory = 400K
semaphore-sets = 7
semaphores = 70

\[disk\]
space = 2097152K
inodes = 50000

\[net\]
mode = shared-address
address = 10.0.7.11/24
address = 10.0.8.1/20
address = fd00::1/64
capabilities = none +multicast

\[mount\]
tmpfs = /tmp size=16M mode=1777
bind = $TMP /srv/www ro
*" "and all the rest is there"

# --- the library and the parser ---

is "$(nm -D --defined-only "$OUT/userland/libvctx.so.0" |
	awk '$2 == "T" && $3 !~ /^vctx_/ { print $3 }')" "" \
	"the library exports vctx_ names only"
is "$(nm -D --undefined-only "$OUT/userland/libvctx.so.0" |
	awk '{ sub(/@.*/, "", $2); print $2 }' |
	grep -xE 'printf|puts|putchar|perror|vprintf' || :)" "" \
	"the library does not print"
if make -s -C "$TOP/userland" OUT="$OUT" fuzz >"$TMP/fuzz.log" 2>&1 &&
	"$OUT/userland/fuzz-config" 1 30000 >>"$TMP/fuzz.log" 2>&1; then
	ok "30000 mutated configurations ($(tail -n 1 "$TMP/fuzz.log"))"
else
	not_ok "30000 mutated configurations" "$(tail -n 20 "$TMP/fuzz.log")"
fi
if command -v mandoc >/dev/null 2>&1; then
	try mandoc -T lint -W warning "$TOP"/userland/man/*
	is "$STATUS: $STDOUT$STDERR" "0: " "the manual pages are well formed"
else
	skip "the manual pages are well formed" "mandoc is not installed"
fi

finish
