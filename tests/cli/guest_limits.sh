#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits of memory and processes. Runs in the machine as the job's run.sh.
. /job/guest_lib.sh

groups() {
	ls -d /sys/fs/cgroup/vctx* /sys/fs/cgroup/vctx*/*/ 2>/dev/null
}
value() { # NAME KEY
	vctx show "$1" --json | jq -c ".$2"
}
# eat NAME MEGABYTES: a process that has so much memory at once
eat() {
	vctx exec "$1" -- /bin/bash -o pipefail -c "head -c ${2}M /dev/zero | tail -c ${2}M | wc -c"
}
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/vctx/.ids
before=$(footprint)$(groups)

is "$(vctx check --json | jq '.[] | select(.name == "cgroup-v2").ok')" true \
	"check finds control groups"
vctx create l0 --root $ROOT -s "context.init=/bin/busybox init" --start
is "$(value l0 memory_now) $(groups)" "null " "who has no limit has no control group"
try vctx set l0 memory.max=64M
is "$STATUS: $STDOUT$STDERR" "0: vctx: set l0: memory.max takes effect when it is restarted" \
	"and gets one when it is started again"
vctx restart l0 --kill
is "$(value l0 memory_max)" 67108864 "then it has it"
vctx delete l0 --force

vctx create l1 --root $ROOT -s "context.init=/bin/busybox init" \
	-s memory.max=48M -s memory.swap=0 -s limits.processes=20 --start
is "$(groups | tr '\n' ' ')" "/sys/fs/cgroup/vctx /sys/fs/cgroup/vctx/l1/ " \
	"who has limits has a control group"
is "$(vctx show l1 --json | jq -c '[.memory_max,.swap_max,.processes_max,.memory_hits,.oom_kills]')" \
	"[50331648,0,20,0,0]" "show tells"
is "$(vctx show l1 --config | sed -n '/^\[memory\]/,/^\[net\]/p')" "[memory]
max = 50331648
swap = 0
[limits]
processes = 20
files = none
sockets = none
locks = none
address-space = none
message-queues = none
shared-memory = none
semaphore-sets = none
semaphores = none
[net]" "show --config tells"
is "$(cat /sys/fs/cgroup/vctx/l1/cgroup.procs)" "$(value l1 pid)" "its init is in it"
is "$(eat l1 4)" 4194304 "what fits is had"
try eat l1 100
is "$([ "$STATUS" -ne 0 ] && echo no)$(value l1 oom_kills)$(value l1 '"memory_hits" > 0')" "no1true" \
	"what does not fit is killed, and counted"
is "$(value l1 'memory_peak <= 50331648 and .memory_peak > 33554432')" true \
	"it never had more than its limit"
is "$(eat l1 4)" 4194304 "the context itself lives on"
matches "$(vctx status l1)" "*memory limit *limit 48.0M, now *, most *, reached [1-9]* times
*swap limit *limit 0, *
*tasks limit *limit 20, now *
*killed *1 processes for want of memory*" "status tells"
# The control: the same with more.
try vctx set l1 memory.max=400M
is "$STATUS: $STDOUT$STDERR $(cat /sys/fs/cgroup/vctx/l1/memory.max)" "0:  419430400" \
	"set takes effect at once"
is "$(eat l1 100)" 104857600 "with more it fits"
try vctx exec l1 -- /bin/bash -c 'for i in $(seq 40); do sleep 100 & done; wait'
matches "$STATUS: $STDERR" "[1-9]*: *fork*" "more processes than the limit are not made"
is "$(value l1 'processes_hits > 0')$(value l1 'processes_peak <= 20')" truetrue "and counted"
vctx kill l1 KILL --all
until_ok sh -c "! $V running l1"
vctx start l1
vctx set l1 limits.processes=none
is "$(cat /sys/fs/cgroup/vctx/l1/pids.max) $(value l1 processes_max)" "max null" \
	"a limit can be taken away"
VCTX_FAIL_AT='set' "$VT" set l1 memory.max=5M limits.processes=5 2>/dev/null
is "$? $(cat /sys/fs/cgroup/vctx/l1/memory.max /sys/fs/cgroup/vctx/l1/pids.max | tr '\n' ' ')" \
	"1 419430400 max " "a set that fails halfway is taken back"
for bad in memory.max=5 memory.max=x memory.max=-1 memory.swap=x limits.processes=0 \
	limits.processes=1.5 limits.processes=4194305; do
	try vctx set l1 "$bad"
	matches "$STATUS: $STDERR" "2: *bad value*" "$bad is refused"
done

# What the kernel counts by itself, of a context without any control group.
vctx create k1 --root $ROOT -s "context.init=/bin/busybox init" -s limits.files=40 \
	-s limits.address-space=64M --start
is "$(vctx show k1 --json | jq -c '[.files_max,.sockets_max,.locks_max,.address_space_max]')" \
	"[40,null,null,67108864]" "limits of the kernel are there at the start"
is "$(ls /sys/fs/cgroup/vctx/k1 2>&1 | grep -c 'No such')" 1 "and need no control group"
is "$(value k1 'files_now >= 3 and .files_peak <= 40 and .address_space_now > 0')" true \
	"what there is is counted"
try vctx exec k1 -- /bin/bash -c 'for i in $(seq 100 150); do eval "exec $i</dev/null" || exit 7; done'
matches "$STATUS: $STDERR" "[1-9]*: *Too many open files*" "more files are not opened"
is "$(value k1 'files_hits > 0 and .files_peak <= 40')" true "and counted"
try eat k1 100
is "$([ "$STATUS" -ne 0 ] && echo no)$(value k1 'address_space_hits > 0')" notrue \
	"more address space is not given"
vctx set k1 limits.address-space=none limits.files=200 limits.sockets=0 2>/dev/null
is "$?" 2 "no socket at all is no limit"
vctx set k1 limits.address-space=none limits.files=200
is "$(vctx exec k1 -- /bin/bash -c 'for i in $(seq 100 150); do eval "exec $i</dev/null" || exit 7; done; echo fits')" \
	fits "live: with more it fits"
is "$(eat k1 100)" 104857600 "and with no limit"
VCTX_FAIL_AT='set' "$VT" set k1 limits.files=7 limits.locks=3 2>/dev/null
is "$? $(vctx show k1 --json | jq -c '[.files_max,.locks_max]')" "1 [200,null]" \
	"a set of these that fails halfway is taken back"
matches "$(vctx status k1)" "*files *limit 200, now *, most *, reached [1-9]* times
*sockets *limit none, *
*locks *limit none, *
*addresses *limit none, now *
*queues *limit none, *
*shared *limit none, *
*sem. sets *limit none, *
*semaphores *limit none, *" "status tells"
for bad in message-queues=4095 shared-memory=0 semaphore-sets=0 semaphores=x; do
	try vctx set k1 "limits.$bad"
	matches "$STATUS: $STDERR" "2: *bad value*" "limits.$bad is refused"
done
vctx set k1 limits.shared-memory=1M limits.semaphores=9 limits.semaphore-sets=2 limits.message-queues=64K
is "$(vctx show k1 --json | jq -c '[.message_queues_max,.shared_memory_max,.semaphore_sets_max,.semaphores_max]')" \
	"[65536,1048576,2,9]" "objects of System V have limits, live"
is "$(vctx exec k1 -- /usr/bin/ipcmk -M 1000000 | grep -c id:)$(value k1 shared_memory_now)" 11003520 \
	"what fits is made and counted, in pages"
try vctx exec k1 -- /usr/bin/ipcmk -M 50000
matches "$STATUS: $STDERR" "1: *No space left on device*" "what does not fit is refused"
try vctx exec k1 -- /usr/bin/ipcmk -S 10
matches "$STATUS: $STDERR" "1: *No space left on device*" "semaphores too"
is "$(vctx show k1 --json | jq -c '[.shared_memory_hits,.semaphores_hits,.semaphore_sets_now,.message_queues_now]')" \
	"[1,1,0,0]" "and counted"
vctx restart k1 --kill
is "$(value k1 files_max)" 200 "kept over a restart"
vctx delete k1 --force

# What it is told of the machine is its own part.
vctx create v1 --root $ROOT -s "context.init=/bin/busybox init" -s memory.max=64M \
	-s memory.swap=0 -s cpu.max=60% --start
is "$(vctx exec v1 -- $G awk '/^MemTotal/ { print $2 }' /proc/meminfo)" 65536 "memory"
is "$(vctx exec v1 -- $G sh -c 'grep -c ^processor /proc/cpuinfo; nproc' | tr '\n' ' ')" "1 1 " \
	"processors"
is "$(vctx exec v1 -- $G awk '{ print ($1 < 60) }' /proc/uptime)" 1 "uptime"
matches "$(vctx exec v1 -- $G cat /proc/loadavg)" "0.?? 0.?? 0.?? */[1-4] *" "load"
vctx set v1 memory.max=96M cpu.max=none
is "$(vctx exec v1 -- $G awk '/^MemTotal/ { print $2 }' /proc/meminfo) $(vctx exec v1 -- $G nproc)" \
	"98304 $(nproc)" "changes are seen at once"
vctx delete v1 --force
vctx create v2 --root $ROOT -s "context.init=/bin/busybox init" -s "security.flags=none +fakeinit +reboot_kill" \
	-s memory.max=64M --start
is "$(vctx exec v2 -- $G grep MemTotal /proc/meminfo)" "$(grep MemTotal /proc/meminfo)" \
	"without the flags it is told of the machine"
vctx delete v2 --force

"$V" --root /tmp/other run --rm l1 --root $ROOT -s limits.processes=9 -- /bin/sleep 1000 &
other=$!
until_ok test -d /sys/fs/cgroup/vctx-tmp-other/l1
is "$(cat /sys/fs/cgroup/vctx-tmp-other/l1/pids.max)$(cat /sys/fs/cgroup/vctx/l1/pids.max)" 9max \
	"another state root has groups of its own"
"$V" --root /tmp/other stop l1 --kill
wait $other
rm -rf /tmp/other
vctx delete l1 --force
rm -rf /var/log/vctx
is "$(footprint)$(groups)" "$before" "nothing is left"

for step in cgroup fork join net create ready limits record init; do
	VCTX_FAIL_AT=$step "$VT" run --rm f1 --root $ROOT -s memory.max=50M -s limits.files=99 \
		-s net.mode=none -- /bin/true 2>/dev/null
	is "$? $(footprint)$(groups)" "125 $before" "a failure at $step leaves nothing behind"
	VCTX_FAIL_AT=$step:kill "$VT" run --rm f1 --root $ROOT -s memory.max=50M -s limits.files=99 \
		-s net.mode=none -- /bin/true >/dev/null 2>&1
	until_ok sh -c "! pgrep -x vctx-test"
	try vctx gc
	is "$STATUS: $(footprint)$(groups)" "0: $before" "killed at $step: gc removes all of it"
done
finish
