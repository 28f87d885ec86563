#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A start that fails, or is killed, at every one of its steps. Runs in the
# machine as the job's run.sh.
. /job/guest_lib.sh

fails_at id state journal fork unshare private root proc protect mask dev sys run \
	bind tmpfs root-ro pivot hostname tag create space name bcaps ccaps ready \
	record init exec started rename
killed_at id state journal fork tmpfs pivot create name ready record init exec \
	rename
# fail_run in guest_lib.sh reads it.
FAIL_SET=mount.cgroups=yes
fails_at cgroup join unshare cgroups space exec
killed_at cgroup join cgroups ready exec
# shellcheck disable=SC2034
FAIL_SET="device.map=/dev/zero open"
fails_at node devices
# shellcheck disable=SC2034
FAIL_SET=
for step in id journal mkdir meta rename; do
	VCTX_FAIL_AT=$step "$VT" create f2 --root $ROOT 2>/dev/null
	# shellcheck disable=SC2154 # guest_lib.sh sets it
	is "$?: $(footprint)" "1: $before" \
		"create that fails at $step leaves nothing behind"
done
for step in id journal mkdir meta rename; do
	VCTX_FAIL_AT=$step:kill "$VT" create f2 --root $ROOT 2>/dev/null
	is "$?: $(vctx list --json)" "137: []" \
		"create that is killed at $step makes no context"
	try vctx doctor f2
	matches "$STATUS: $STDOUT" "1: problem *'vctx gc' would: *" \
		"create that is killed at $step: doctor explains"
	try vctx gc
	matches "$STATUS: $STDERR$STDOUT" "0: f2: *" \
		"create that is killed at $step: gc tells what it does"
	is "$(footprint)" "$before" \
		"create that is killed at $step: and nothing is left"
	VCTX_FAIL_AT=$step:kill "$VT" create f2 --root $ROOT 2>/dev/null
	try vctx create f2 --root $ROOT
	is "$STATUS: $STDERR" "0: " \
		"create that is killed at $step can be repeated"
	vctx delete f2
	is "$(footprint)" "$before" "and deleted without a rest"
done
for step in delete deleted; do
	vctx create f2 --root $ROOT
	vctx set f2 cpu.weight=7
	VCTX_FAIL_AT=$step:kill "$VT" delete f2 2>/dev/null
	try vctx doctor f2 -q
	is "$STATUS: $STDOUT$STDERR" "1: " "delete that is killed at $step: doctor knows"
	vctx gc -q
	vctx delete f2 --if-exists
	is "$?: $(footprint)" "0: $before" "delete that is killed at $step can be ended"
done

# Killed after the context runs: it goes on, and that is told.
"$V" run --rm f3 --root $ROOT -s "mount.bind=/tmp/ign /opt/f3" -- /bin/sleep 1000 &
runpid=$!
until_ok vctx running f3
is "$(vctx doctor f3 -q; echo $?)" 0 "a run that is waited for is well"
kill -9 $runpid
wait $runpid
try vctx doctor f3
matches "$STATUS: $STDOUT" "1: ok       it runs as context *
problem  the 'vctx run' that waited for its end (process $runpid) is gone
         hint: 'vctx stop f3' or 'vctx gc --force f3' ends it" \
	"run that is killed: doctor tells that the context runs on"
try vctx gc
is "$STATUS: $STDOUT$(vctx running f3; echo $?)" "0: 0" "gc spares it"
try vctx gc --force
is "$STATUS: $STDOUT$(vctx list --json)" \
	"0: f3: end it: the 'vctx run' that waited for it (process $runpid) is gone[]" \
	"gc --force ends it"
rmdir $ROOT/opt/f3
is "$(footprint)" "$before" "and nothing is left"
VCTX_FAIL_AT=started:kill "$VT" run --rm f1 --root $ROOT \
	-s "mount.bind=/tmp/ign /opt/f1" -- /bin/sleep 1000 2>/dev/null
is "$?: $(vctx doctor f1 -q; echo $?) $(vctx list -q)" "137: 1 f1" \
	"killed before it drops its journal: doctor knows"
is "$(vctx gc --force | cut -d ' ' -f 1-3)" "f1: end it:" \
	"killed before it drops its journal: gc --force ends it"
is "$(footprint)" "$before" "and takes back its mount points"

# A context that ends by itself leaves its record to the next command.
vctx create f4 --root $ROOT -s "context.init=/bin/sleep 1"
vctx start f4
until_ok sh -c "! $V running f4"
try vctx doctor f4
matches "$STATUS: $STDOUT" "1: *problem  it has ended, and the record of its start is left
         'vctx gc' would: remove /run/vctx/f4" "doctor of one that has ended"
is "$(vctx gc)" "f4: remove /run/vctx/f4: the context has ended" "gc of one"
is "$(vctx doctor f4 -q; echo $?)" 0 "and it is well"
vctx delete f4

# exec.start
printf '#!/bin/sh\necho up as $(hostname) $container; exit $1\n' >/tmp/ign/up
chmod 755 /tmp/ign/up
vctx create f5 --root $ROOT -s "context.init=/bin/sleep 1000" \
	-s "mount.bind=/tmp/ign /opt/f5" -s "exec.start=/opt/f5/up 0"
try vctx start f5
is "$STATUS: $STDERR$(vctx running f5; echo $?) $(cat /var/log/vctx/f5.log)" \
	"0: 0 up as f5 vctx" "exec.start runs in the context"
vctx stop f5 --kill
vctx set f5 exec.start="/opt/f5/up 3" exec.stop-timeout=100ms
refuses 1 "vctx: start f5: exec.start: /opt/f5/up exited with status 3
hint: its output is in /var/log/vctx/f5.log; the context was stopped" \
	"exec.start that fails" vctx start f5
is "$(vctx running f5; echo $?) $(ls /run/vctx)" "1 " "nothing runs then"
vctx set f5 exec.start=/nosuch
refuses 1 "vctx: start f5: exec.start: /nosuch: No such file or directory
hint: its output is in /var/log/vctx/f5.log; the context was stopped" \
	"exec.start that is not there" vctx start f5
vctx set f5 exec.start="/bin/sleep 1000"
VCTX_FAIL_AT=start-failed:stop "$VT" start f5 2>/tmp/late &
late=$!
until_ok sh -c "[ \$($V ps f5 -q | wc -l) -eq 2 ]"
vctx stop f5 --kill
until_ok has_stopped $late
vctx set f5 exec.start=/bin/true
vctx start f5
kill -CONT $late
wait $late
is "$?: $(head -n 1 /tmp/late) $(vctx running f5; echo $?)" \
	"1: vctx: start f5: exec.start: /bin/sleep was killed by signal 9 0" \
	"a start that was stopped spares the next run"
vctx stop f5 --kill
vctx run f5 -- /bin/true
is $? 0 "exec.start is not run in the place of another command"
vctx delete f5
rmdir $ROOT/opt/f5 2>/dev/null
rm -rf /var/log/vctx
is "$(footprint)" "$before" "nothing is left of all that"
finish
