#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Shares of the CPUs, settings of running contexts, pause, restart. Runs in the
# machine as the job's run.sh.
. /job/guest_lib.sh

sched() { # ID KEY: of the kernel
	sed -n "s/^$2:[[:space:]]*//p" "/proc/virtual/$1/sched"
}
share() {
	vctx list --json | jq -c '.[] | select(.name == "'"$1"'") | [.cpu_weight,.cpu_guarantee,.cpu_max,.cpu_burst_ns]'
}
scheduling=$(vctx check --json | jq -r '.[] | select(.name == "cpu-scheduling").ok')
mkdir -p /run/vctx/.ids
before=$(footprint)

# --- what needs no scheduling: settings and restart ---

vctx create c1 --root $ROOT -s "context.init=/bin/busybox init" --start
try vctx set c1 context.hostname=other exec.stop-timeout=1s
is "$STATUS: $STDOUT$STDERR" \
	"0: vctx: set c1: context.hostname takes effect when it is restarted" \
	"set tells what needs a restart"
is "$(vctx exec c1 -- /bin/hostname)" c1 "and it has not happened"
is "$(jq .stop_timeout_ms /run/vctx/c1/state.json)" 1000 \
	"the stop timeout has changed at once"
is "$(vctx show c1 --config | sed -n 's/^hostname = //p')" other \
	"show --config tells what will be"
old=$(vctx show c1 --json | jq .pid)
try vctx restart c1 --kill
is "$STATUS: $STDOUT$STDERR" "0: " "restart"
is "$(vctx exec c1 -- /bin/hostname)" other "what was set is in effect"
[ "$(vctx show c1 --json | jq .pid)" != "$old" ]
is $? 0 "it is a new init"
vctx stop c1 --kill
try vctx restart c1
is "$STATUS: $STDERR" "0: vctx: restart c1: context is not running" \
	"restart of a stopped context starts it"
vctx running c1
is $? 0 "and it runs"
"$V" run --rm t1 --root $ROOT -s context.hostname=tee -- /bin/busybox sleep 1000 &
runpid=$!
until_ok vctx running t1
refuses 4 'vctx: set t1: "context.hostname" cannot be changed while it runs
hint: it has no configuration that another start would read' \
	"set of what a transient context cannot change" \
	vctx set t1 context.hostname=x
refuses 4 "vctx: restart t1: context was not made by vctx create" \
	"restart of a transient context" vctx restart t1
vctx show t1 --config >/tmp/t1.conf
try vctx create t2 -f - </tmp/t1.conf
is "$STATUS: $STDERR$(vctx show t2 --config | sed -n 's/^hostname = //p')" \
	"0: tee" "show --config of a transient context feeds create"
vctx delete t2
try vctx stop t1 --kill
wait $runpid
is "$? $STATUS: $STDERR" "137 0: " "stop and run end the same context in peace"

# --- shares ---

if [ "$scheduling" != true ]; then
	hint="hint: this kernel does not schedule contexts (CONFIG_VSERVER_SCHED); leave out [cpu], see 'vctx check'"
	refuses 5 "vctx: set c1: cannot set its share of the CPUs: Function not implemented
$hint" "set of a share without scheduling" vctx set c1 cpu.weight=200
	is "$(ls /etc/vctx/c1.conf.d)$(grep -c weight /etc/vctx/c1.conf.d/90-set.conf)" \
		90-set.conf0 "it is not kept"
	vctx stop c1 --kill
	try vctx set c1 cpu.weight=200
	is "$STATUS: $STDERR" "0: " "it can be set for later"
	before_start=$(footprint)
	refuses 5 "vctx: start c1: cannot set its share of the CPUs: Function not implemented
$hint" "start with a share without scheduling" vctx start c1
	rm -rf /var/log/vctx
	is "$(footprint)" "$(echo "$before_start" | grep -v /var/log/vctx)" \
		"and nothing runs"
	vctx set c1 cpu.weight=100
	try vctx start c1
	is "$STATUS: $STDERR" "0: " "the default share needs no scheduling"
	refuses 5 "vctx: pause c1: cannot pause the context: Function not implemented
hint: this kernel does not schedule contexts (CONFIG_VSERVER_SCHED); see 'vctx check'" \
		"pause without scheduling" vctx pause c1
	is "$(vctx list --json | jq -c '.[0] | [.state,.cpu_weight]')" '["running",null]' \
		"the share is not known"
	matches "$(vctx stats c1 | tail -n 1 | tr -s ' ')" \
		"c1 1000 running - - [0-9]*.[0-9] - - - [0-9]* *" "stats without scheduling"
	is "$(vctx stats --json | jq -c '.[0] | [.name,.hold_ns,.cpu_weight,(.cpu_ns|type)]')" \
		'["c1",null,null,"number"]' "stats --json without scheduling"
	vctx delete c1 --force
	rm -rf /var/log/vctx
	is "$(footprint)" "$before" "nothing is left"
	skip "shares of the CPUs" "this kernel does not schedule contexts"
	finish
fi

id=$(vctx show c1 --json | jq .id)
is "$(share c1)" "[100,0,0,100000000]" "the default share"
try vctx set c1 cpu.weight=200 cpu.max=50% cpu.burst=200ms
is "$STATUS: $STDOUT$STDERR" "0: " "set of a share"
is "$(share c1)" "[200,0,500000000,200000000]" "list knows it"
is "$(sched "$id" weight) $(sched "$id" limit) $(sched "$id" burst_us)" \
	"200 500000000 200000" "the kernel knows it"
vctx restart c1 --kill
is "$(share c1) $(sched "$id" weight)" "[200,0,500000000,200000000] 200" \
	"it has it after a restart"
matches "$(vctx status c1)" "*cpu *weight 200, max 50% of one CPU, burst 200ms*" \
	"status tells"
try vctx set c1 cpu.weight=1000 cpu.guarantee=60%
is "$STATUS" 2 "a guarantee above the limit is refused"
is "$(share c1) $(sched "$id" weight)" "[200,0,500000000,200000000] 200" \
	"and nothing has changed"
vctx set c1 cpu.max=none cpu.guarantee=60%
is "$(share c1)" "[200,$(($(nproc) * 600000000)),0,200000000]" \
	"the guarantee is of the machine"
vctx create c2 --root $ROOT -s "context.init=/bin/busybox init" --start
refuses 1 "vctx: set c2: cannot guarantee 50% of the CPUs: No space left on device
hint: the guarantees of all contexts together cannot be more than 95% of the CPUs that are online" \
	"more than there is" vctx set c2 cpu.guarantee=50%
is "$(share c2)$(ls /etc/vctx)" "[100,0,0,100000000]c1.conf
c1.conf.d
c2.conf" "and nothing has changed"
vctx set c1 cpu.guarantee=none
VCTX_FAIL_AT='set' "$VT" set c2 cpu.weight=7 2>/dev/null
is "$? $(share c2)" "1 [100,0,0,100000000]" \
	"a set that fails halfway is taken back in the kernel"
rm -rf /var/log/vctx
at_start=$(footprint)
try vctx run --rm f1 --root $ROOT -s cpu.guarantee=95% -- /bin/busybox true
is "$STATUS" 0 "all that can be guaranteed"
vctx set c1 cpu.guarantee=10%
refuses 125 "vctx: run f1: cannot guarantee 95% of the CPUs: No space left on device
hint: the guarantees of all contexts together cannot be more than 95% of the CPUs that are online" \
	"not beside another guarantee" \
	vctx run --rm f1 --root $ROOT -s cpu.guarantee=95% -- /bin/busybox true
is "$(footprint)" "$at_start" "a start that fails at the share leaves nothing"
VCTX_FAIL_AT=cpu "$VT" run --rm f1 --root $ROOT -s cpu.weight=7 -- /bin/true \
	2>/dev/null
is "$?: $(footprint)" "125: $at_start" "neither does one that is made to fail there"
"$V" --root /tmp/other run --rm alien --root $ROOT -- /bin/sleep 1000 &
alienpid=$!
until_ok sh -c "$V list -q | grep -qx alien"
alien=$(vctx list --json | jq '.[] | select(.name == "alien").id')
try vctx set "$alien" cpu.weight=77
is "$STATUS: $STDERR $(sched "$alien" weight)" "0:  77" \
	"set of a context that is not ours"
vctx delete "$alien" --force
wait $alienpid
rm -rf /tmp/other

# --- contexts in a context ---

vctx set c1 cpu.guarantee=none
vctx stop c2 --kill
try vctx set c2 cpu.parent=c1
is "$STATUS: $STDERR" "0: " "a context is to be in another one"
vctx create c3 --root $ROOT -s "context.init=/bin/busybox init" -s cpu.parent=c3
refuses 2 "vctx: start c3: cpu.parent: a context cannot be in itself" "but not in itself" \
	vctx start c3
vctx set c3 cpu.parent=c2
refuses 4 "vctx: start c3: its cpu.parent, c2, does not run
hint: start that one first" "it comes after that one" vctx start c3
vctx set c3 cpu.parent=c4
refuses 3 "vctx: start c3: cpu.parent, c4: no such context
hint: 'vctx list' shows the contexts" "which must be there" vctx start c3
vctx set c3 cpu.parent=c2 context.autostart=yes
vctx set c2 context.autostart=yes
vctx stop c1 --kill
vctx set c1 context.autostart=yes
try vctx start --all
is "$STATUS: $STDERR" "0: " "start --all knows the order"
id=$(vctx show c1 --json | jq .id)
id2=$(vctx show c2 --json | jq .id)
id3=$(vctx show c3 --json | jq .id)
is "$(sched "$id" parent) $(sched "$id2" parent) $(sched "$id3" parent)" "0 $id $id2" \
	"the kernel knows it"
is "$(vctx list --json | jq -c '[.[] | [.name,.cpu_parent]]')" \
	"[[\"c1\",null],[\"c2\",$id],[\"c3\",$id2]]" "list knows it"
matches "$(vctx status c2)" "*cpu parent   c1
*contexts     1
*" "status tells"
is "$(vctx show c2 --config | sed -n 's/^parent = //p')" c1 "it is in the configuration"
vctx set c1 cpu.weight=300
is "$(vctx stats --json | jq -c '[.[] | .cpu_share]')" "[1,1,1]" "all of all of it"
refuses 1 "vctx: set c2: cannot guarantee 10% of the CPUs: No space left on device
hint: the guarantees of all contexts in its cpu.parent together cannot be more than that one's own" \
	"a guarantee in a context without one" vctx set c2 cpu.guarantee=10%
try vctx set c1 cpu.guarantee=20%
try vctx set c2 cpu.guarantee=10%
is "$STATUS: $STDERR" "0: " "and in one that has it"
refuses 4 "vctx: set c1: cannot guarantee less than is guaranteed to the contexts in it: Device or resource busy
hint: lower the guarantees of the contexts in it first" "which keeps it" \
	vctx set c1 cpu.guarantee=5%
refuses 4 "vctx: stop c1: 1 context is in it
hint: stop them first; 'vctx list --json' tells the cpu_parent of each" \
	"stop of a context with one in it" vctx stop c1
vctx running c1
is $? 0 "it still runs"
refuses 4 "vctx: delete c1: 1 context is in it
hint: stop them first; 'vctx list --json' tells the cpu_parent of each" \
	"delete --force of it" vctx delete c1 --force
vctx delete c3 --force
try vctx stop c2 --kill
try vctx restart c1 --kill
is "$STATUS: $STDERR" "0: " "restart when nothing is in it any more"
vctx set c1 cpu.guarantee=none
vctx set c2 cpu.guarantee=none
id=$(vctx show c1 --json | jq .id)

# --- statistics ---

vctx delete c2 --force
vctx set c1 cpu.weight=100 cpu.guarantee=none cpu.max=20% cpu.burst=20ms
"$V" exec c1 -- /bin/sh -c 'while :; do :; done' &
spin=$!
until_ok sh -c "[ \$(sed -n 's/^hold_us:[[:space:]]*//p' /proc/virtual/$id/sched) -gt 0 ]"
is "$(vctx stats --json | jq -c '.[0] | [.name,.cpu_share,(.cpu_ns>0),(.hold_ns>0),(.delay_ns>=0),.cpu_max_in_force,(.holds_total>0)]')" \
	'["c1",1,true,true,true,200000000,true]' "stats --json of a limited context"
matches "$(vctx stats c1 --no-header | tr -s ' ')" \
	"c1 $id running 100 100.0 *.* *ms *ms *ms 2 *" "stats"
is "$(vctx stats c1 --watch --interval 1s --count 2 --json | jq -c '[length, (.[0].span_ns>900000000), (.[0].cpu_ns<.[0].cpu_ns_total)]')" \
	'[1,true,true]
[1,true,true]' "stats --watch shows what happened in between"
matches "$(vctx top --count 2 --interval 500ms)" \
	"1 running, * since their start*c1 *1 running, * the last interval*c1 *" top

# --- pause ---

vctx set c1 cpu.max=none
try vctx pause c1
is "$STATUS: $STDOUT$STDERR" "0: " "pause"
is "$(vctx list --json | jq -r '.[0].state') $(vctx list --no-header | tr -s ' ' | cut -d ' ' -f 3)" \
	"paused paused" "list says so"
vctx running c1
is $? 0 "a paused context runs"
refuses 4 "vctx: pause c1: context is paused already" "pause twice" vctx pause c1
refuses 125 "vctx: exec c1: context is paused
hint: 'vctx resume' lets it go on" "exec in a paused context" \
	vctx exec c1 -- /bin/true
until_ok sh -c "[ \$(sed -n 's/^held:[[:space:]]*//p' /proc/virtual/$id/sched) -gt 0 ]"
sleep 1
first=$(sched "$id" run_us)
sleep 1
is "$(sched "$id" run_us)" "$first" "a paused context uses no CPU time"
try vctx resume c1
is "$STATUS: $STDOUT$STDERR" "0: " "resume"
until_ok sh -c "[ \$(sed -n 's/^run_us:[[:space:]]*//p' /proc/virtual/$id/sched) -gt $first ]"
is $? 0 "and it goes on"
refuses 4 "vctx: resume c1: context is not paused" "resume twice" vctx resume c1
vctx pause c1
try vctx stop c1 --timeout 60s
is "$STATUS: $STDERR" "0: " "stop of a paused context lets it end"
wait $spin
vctx start c1
vctx pause c1
try vctx delete c1 --force
is "$STATUS: $STDERR" "0: " "delete --force of a paused context"
rm -rf /var/log/vctx
is "$(footprint)" "$before" "nothing is left"
finish
