#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of contexts, on a kernel that has them. Runs in the machine as the
# job's run.sh, with tests/lib.sh and guest_lib.sh beside it.
. /job/guest_lib.sh

# --- the host ---

try vctx check
is "$STATUS" 0 "check finds everything that is necessary"
case $STDOUT in
*missing*) not_ok "check prints no missing line" "$STDOUT" ;;
*) ok "check prints no missing line" ;;
esac
matches "$(vctx version)" "*kernel interface 0002030?*" "version knows the kernel"
is "$(vctx list --json)" "[]" "no contexts yet"

# --- create ---

try vctx create web1 --root $ROOT -s context.hostname=box \
	-s "context.init=/bin/busybox init" -s exec.stop-timeout=60s
is "$STATUS: $STDOUT$STDERR" "0: " "create"
[ -s /etc/vctx/web1.conf ] && [ -s /var/lib/vctx/web1/meta.json ]
is "$?" 0 "it wrote the configuration and the record"
refuses 4 "vctx: create web1: context exists already
hint: choose another name, or delete it first" "create twice" \
	vctx create web1 --root $ROOT
is "$(vctx list --no-header | tr -s ' ')" "web1 1000 stopped 0 - - 100 100 - -" \
	"list shows it"
is "$(vctx list --json | jq -c '.[] | [.name,.id,.state,.pid,.procs,.cpu_ns,.mem_bytes,.unmanaged]')" \
	'["web1",1000,"stopped",null,0,null,null,false]' "list --json shows it"
vctx running web1
is "$?" 1 "running says no"
refuses 4 "vctx: ps web1: context is not running" "ps of a stopped context" \
	vctx ps web1
refuses 125 "vctx: exec web1: context is not running
hint: start it first" "exec in a stopped context" vctx exec web1 -- /bin/true
try vctx stop web1
is "$STATUS: $STDERR" "0: vctx: stop web1: context is not running" \
	"stop of a stopped context is no error"
vctx show web1 --config >/tmp/shown.conf
try vctx create web2 -f /tmp/shown.conf
is "$STATUS: $STDERR" "0: " "show --config can be fed to create"
vctx delete web2
is "$(ls /etc/vctx)" web1.conf "delete removes what create wrote"

# --- start ---

try vctx start web1
is "$STATUS: $STDOUT$STDERR" "0: " "start"
vctx running web1
is "$?" 0 "running says yes"
refuses 4 "vctx: start web1: context is running already" "start twice" \
	vctx start web1
is "$(vctx list --json | jq -c '.[] | [.name,.id,.state,.unmanaged,(.pid>1),(.cpu_ns>=0),(.mem_bytes>0),(.started|type)]')" \
	'["web1",1000,"running",false,true,true,true,"string"]' \
	"list --json of a running context"
matches "$(vctx list | tail -n 1 | tr -s ' ')" "web1 1000 running *" \
	"the table of a running context"
matches "$(vctx status web1)" "web1: running*id *1000*init *" "status"
is "$(vctx show web1 | sed -n 's/^state=//p')" running "show"
is "$(vctx show 1000 --json | jq -r .name)" web1 "a number instead of a name"
is "$(stat -c %a /run/vctx/web1)" 700 "its run-time directory is private"
is "$(ls /proc/virtual | grep -E '^[0-9]+$')" 1000 "the kernel has context 1000"
is "$(stat -c %a /var/lib/vctx /var/log/vctx | tr '\n' ' ')" "700 700 " \
	"as are the directories of roots and logs"
try vctx delete web1
is "$STATUS" 4 "delete of a running context is refused"
matches "$STDERR" "vctx: delete web1: context is running ([0-9]* process*)
hint: stop it first, or use --force" "and says why"

# --- inside ---

in_web1() {
	vctx exec web1 -- "$@"
}
is "$(in_web1 /bin/hostname)" box "its host name"
is "$(in_web1 $G cat /proc/1/comm)" busybox "its init is process 1"
is "$(in_web1 /bin/sh -c 'readlink /proc/1/exe')" /usr/bin/busybox \
	"process 1 is the init that was configured"
sleep 1000 &
hostpid=$!
is "$(in_web1 /bin/sh -c "ls -d /proc/$hostpid 2>/dev/null; kill -0 $hostpid 2>&1 | grep -o 'No such process'")" \
	"No such process" "a process of the host is not there"
kill $hostpid
is "$(in_web1 /bin/sh -c 'for p in /proc/[0-9]*; do echo $p; done' | wc -l)" \
	"$(($(vctx ps web1 -q | wc -l) + 1))" \
	"it sees its own processes and no more"
try in_web1 $G mknod /dev/sda b 8 0
is "$STATUS" 1 "it cannot make device nodes"
try in_web1 $G mount -t tmpfs none /mnt
is "$STATUS" 1 "it cannot mount"
try in_web1 $G umount /proc/sys
is "$STATUS" 1 "it cannot unmount"
try in_web1 /bin/sh -c 'echo /tmp/x > /proc/sys/kernel/core_pattern'
matches "$STDERR" "*Read-only file system*" "it cannot change sysctls"
try in_web1 /bin/sh -c 'echo b > /proc/sysrq-trigger'
matches "$STDERR" "*Read-only file system*" "it cannot trigger sysrq"
try in_web1 $G date -s 2020.01.01-00:00
matches "$STDERR" "*Operation not permitted*" "it cannot set the clock"
try in_web1 /usr/bin/unshare -m /bin/true
is "$STATUS" 1 "it cannot unshare namespaces"
host_name=$(hostname)
try in_web1 $G hostname other
is "$STATUS: $(in_web1 /bin/hostname) $(hostname)" "0: other $host_name" \
	"it sets its own host name and no other"
is "$(in_web1 $G cat /proc/kcore 2>/dev/null | head -c 1 | wc -c)" 0 \
	"the kernel's memory is hidden"
is "$(in_web1 /bin/sh -c 'for d in 1 2 3; do cd ..; done; ls -d /out /job 2>/dev/null')" \
	"" "the host's tree is not there"

# --- exec ---

in_web1 /bin/true
is "$?" 0 "exec: success"
in_web1 /bin/sh -c 'exit 7'
is "$?" 7 "exec: the command's code"
in_web1 /bin/sh -c 'kill -9 $$'
is "$?" 137 "exec: killed by a signal"
refuses 127 "vctx: exec web1: /bin/nosuch: No such file or directory" \
	"exec: not found" in_web1 /bin/nosuch
# KEYCTL_GET_KEYRING_ID of the session keyring: without one, that of the user
session_key='print syscall(250, 0, -3, 0)'
ours=$(perl -e "$session_key")
theirs=$(in_web1 /usr/bin/perl -e "$session_key")
is "$([ "$ours" -gt 0 ] && [ "$theirs" -gt 0 ] && [ "$ours" -ne "$theirs" ] && echo own)" \
	own "exec: a session keyring of its own ($ours, $theirs)"
ln -s /proc/self/exe $ROOT/srv/own
refuses 126 "vctx: exec web1: /srv/own: Permission denied" \
	"exec: a link that leads to vctx itself" in_web1 /srv/own --version
rm $ROOT/srv/own
in_web1 /bin/sh -c 'printf "a\033b" >/proc/self/comm; sleep 1000 & wait' &
until_ok sh -c "$V ps web1 --json | grep -q '\"a b\"'"
is "$?" 0 "ps: a name with control characters is shown without"
vctx kill web1 SIGKILL --pid "$(vctx ps web1 --json | jq '.[] | select(.comm == "a b") | .pid')"
wait $!
refuses 127 "vctx: exec web1: nosuch: No such file or directory" \
	"exec: not found in PATH" in_web1 nosuch
refuses 126 "vctx: exec web1: /etc/passwd: Permission denied" \
	"exec: not executable" in_web1 /etc/passwd
is "$(echo hello | in_web1 /bin/cat)" hello "exec: standard input"
is "$(vctx exec web1 -e A=1 -e HOME=/x -- /bin/sh -c 'echo $A $HOME $container')" \
	"1 /x vctx" "exec: the environment"
is "$(SECRET=1 vctx exec web1 -- $G env | grep -c SECRET)" 0 \
	"exec: the caller's environment stays outside"
is "$(in_web1 /bin/sh -c 'ls /proc/self/fd | wc -l' 9</etc/passwd)" 4 \
	"exec: no file of the host is open"
try script -qec "$V exec web1 -- /bin/sh -c 'test -t 0 && echo a terminal; exit 5'" /dev/null
matches "$STATUS: $STDOUT" "5: *a terminal*" \
	"exec: a terminal of its own when there is one"
try script -qec "echo | $V exec web1 -- /bin/sh -c 'echo x >/dev/tty'" /dev/null
matches "$STDOUT" "*No such device or address*" \
	"exec: the caller's terminal is out of reach"
is "$(echo 'echo in $(hostname)' | vctx enter web1 2>/dev/null)" "in other" "enter"
"$V" exec web1 -- /bin/sleep 1000 &
execpid=$!
until_ok sh -c "$V ps web1 | grep -q 'sleep 1000'"
kill -TERM $execpid
wait $execpid
is "$?" 143 "exec passes signals on"

# --- ps and kill ---

is "$(vctx ps web1 --json | jq -c '[.[] | select(.guest_pid == 1) | .comm]')" \
	'["busybox"]' "ps shows which process is the init"
is "$(vctx ps web1 --json | jq '[.[] | select(.id != 1000)] | length')" 0 \
	"ps shows this context only"
matches "$(vctx ps --all)" "*CTX*PID*INSIDE*1000 *busybox*" "ps --all"
"$V" exec web1 -- /bin/sleep 2000 &
execpid=$!
until_ok sh -c "$V ps web1 | grep -q 'sleep 2000'"
victim=$(vctx ps web1 --json | jq '.[] | select(.command == "/bin/sleep 2000").pid')
vctx kill web1 KILL --pid "$victim"
wait $execpid
is "$?" 137 "kill --pid"
refuses 1 "vctx: kill web1: no process $$ in this context
hint: 'vctx ps' shows its processes" "kill does not reach the host" \
	vctx kill web1 KILL --pid $$

# --- wait and stop ---

refuses 124 "vctx: wait web1: the context still runs after the time given" \
	"wait runs out of time" vctx wait web1 --timeout 300ms
"$V" wait web1 &
waitpid=$!
try vctx stop web1
is "$STATUS: $STDOUT$STDERR" "0: " "stop ends it without force"
wait $waitpid
is "$?" 0 "wait ends with it"
vctx running web1
is "$?" 1 "it does not run any more"
is "$(ls /run/vctx)" "" "its run-time record is gone"
is "$(ls /proc/virtual | grep -cE '^[0-9]+$')" 0 "the kernel's context is gone"
vctx delete web1
is "$(vctx list --json)" "[]" "delete"

mkdir -p /tmp/ign
printf 'trap "" TERM INT\necho up\nwhile :; do sleep 1; done\n' >/tmp/ign/ignore
try vctx create stubborn --root $ROOT \
	-s "context.init=/bin/busybox sh /mnt/ignore" -s "mount.bind=/tmp/ign /mnt"
is "$STATUS: $STDERR" "0: " "create with a bind"
vctx start stubborn
until_ok grep -q up /var/log/vctx/stubborn.log
is "$(cat /var/log/vctx/stubborn.log)" up "the output of init is in its log"
"$V" logs stubborn --follow >/tmp/followed &
followpid=$!
until_ok grep -q up /tmp/followed
try vctx stop stubborn --timeout 1s
is "$STATUS: $STDERR" \
	"0: vctx: stop stubborn: it did not end within 1000 ms and was killed" \
	"stop kills one that ignores its signal"
wait $followpid
is "$?: $(cat /tmp/followed)" "0: up" "logs --follow ends with it"
vctx start stubborn
try vctx stop stubborn --kill
is "$STATUS: $STDERR" "0: " "stop --kill"
vctx start stubborn
try vctx delete stubborn --force
is "$STATUS: $STDERR" "0: " "delete --force"
is "$(ls /proc/virtual | grep -cE '^[0-9]+$')$(vctx list --json)" "0[]" \
	"and nothing of it is left"

# --- run ---

rm -rf /var/log/vctx
before=$(footprint)
run_rm() {
	vctx run --rm r1 --root $ROOT "$@"
}
run_rm -- /bin/true
is "$?" 0 "run: success"
run_rm -- /bin/sh -c 'exit 9'
is "$?" 9 "run: the command's code"
run_rm -- /bin/sh -c 'kill -9 $$; sleep 1; exit 3'
is "$?" 137 "run: an init that kills itself"
refuses 127 "vctx: run r1: /bin/nosuch: No such file or directory" \
	"run: not found" run_rm -- /bin/nosuch
refuses 126 "vctx: run r1: /etc/passwd: Permission denied" \
	"run: not executable" run_rm -- /etc/passwd
is "$(run_rm -- /bin/sh -c 'echo $$; hostname')" "1
r1" "run: the command is process 1"
run_rm -- /bin/sh -c 'sleep 1000 & exit 4'
is "$?" 4 "run: what the command leaves behind ends with it"
"$V" run --rm r1 --root $ROOT -- /bin/sh -c 'sleep 1000; exit 5' &
runpid=$!
until_ok vctx running r1
refuses 125 "vctx: run r1: context is running already
hint: use 'vctx exec', or another name" "run twice" run_rm -- /bin/true
is "$(vctx list --json | jq -c '.[] | [.name,.transient,.config]')" \
	'["r1",true,null]' "a transient context is listed"
kill -TERM $runpid
wait $runpid
is "$?" 143 "run passes SIGTERM on"
is "$(run_rm -s "mount.bind=/tmp/ign /opt/a ro" -s mount.tmpfs=/opt/b -- /bin/sh -c \
	'ls /opt/a; touch /opt/a/x 2>/dev/null || echo ro; touch /opt/b/x && ls /opt/b')" \
	"ignore
ro
x" "bind, read-only, and tmpfs"
rmdir $ROOT/opt/a $ROOT/opt/b
is "$(run_rm -s security.readonly-root=yes -- /bin/sh -c 'touch /x 2>/dev/null || echo ro')" \
	ro "a read-only root"
is "$(vctx run --rm r1 -s context.root=/ -- /bin/sh -c 'echo $$; ls -d /out; ls -d /proc/[0-9]* | wc -l' | head -n 2)" \
	"1
/out" "the host's root directory"
is "$(run_rm -s security.capabilities=+sys_time -- /bin/sh -c "grep CapEff /proc/self/status" | wc -l)" \
	1 "capabilities can be added"
ln -s /etc $ROOT/srv/link
echo precious >/etc/precious
run_rm -s "mount.bind=/tmp/ign /srv/link/new" -- /bin/true
is "$?$(ls -d /etc/new 2>/dev/null)" 0 \
	"a link in the root does not lead to the host's directories"
rm -rf $ROOT/srv/link $ROOT/etc/new /etc/precious
is "$(footprint)" "$before" "run --rm leaves nothing behind"

vctx run keep --root $ROOT -- /bin/sh -c 'exit 6'
is "$?" 6 "run without --rm"
is "$(vctx list --json | jq -c '.[] | [.name,.state]')" '["keep","stopped"]' \
	"keeps the context"
vctx run keep -- /bin/sh -c 'exit 8'
is "$?" 8 "and runs again in it"
refuses 125 "vctx: run keep: context exists already
hint: leave out --rm to run in it, or use another name" "run --rm spares it" \
	vctx run --rm keep -- /bin/true
vctx delete keep

# --- other people's contexts ---

"$V" --root /tmp/other run --rm alien --root $ROOT -- /bin/sleep 1000 &
alienpid=$!
until_ok sh -c "[ \"\$($V list -q)\" = alien ]"
is "$(vctx list --json | jq -c '.[] | [.name,.state,.unmanaged]')" \
	'["alien","running",true]' "a context that is not ours is unmanaged"
alien=$(vctx list --json | jq '.[0].id')
is "$(vctx exec "$alien" -- /bin/hostname)" alien "exec by number in it"
refuses 4 "vctx: delete $alien: context was not made by vctx
hint: --force kills its processes, which ends it" "delete spares it" \
	vctx delete "$alien"
vctx delete "$alien" --force
wait $alienpid
is "$?" 137 "delete --force does not"
rm -rf /tmp/other

# --- not root, not the host ---

refuses 1 "vctx: list: cannot read /run/vctx: Permission denied
hint: run as root" "list as an ordinary user" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$V" list
try vctx run --rm r1 -s context.root=/ -- "$V" run --rm x \
	--root $ROOT -- /bin/true
is "$STATUS" 125 "no contexts from inside a context"
matches "$STDERR" "vctx: run x: *Operation not permitted*" "and why"

# --- several at a time ---

mkdir -p /run/vctx/.ids
before=$(footprint)

vctx create one --root $ROOT -s "context.init=/bin/sleep 1000"
for i in 1 2 3 4; do
	{ vctx start one 2>/dev/null; echo $? >>/tmp/codes; } &
done
wait
is "$(sort /tmp/codes | uniq -c | tr -s ' ')" " 1 0
 3 4" "of four starts at once one wins"
# A command that has looked, and acts after somebody else has acted.
vctx stop one --kill
VCTX_FAIL_AT=delete-found:stop "$VT" delete one 2>/tmp/late &
late=$!
until_ok has_stopped $late
vctx start one
kill -CONT $late
wait $late
is "$?: $(cat /tmp/late)$(vctx list --json | jq -c 'map([.name,.state,.unmanaged])')" \
	'4: vctx: delete one: context was started meanwhile
hint: stop it first, or use --force[["one","running",false]]' \
	"delete does not take a context that was started meanwhile"
VCTX_FAIL_AT=forget:stop "$VT" stop one --kill &
late=$!
until_ok has_stopped $late
vctx start one
kill -CONT $late
wait $late
is "$?: $(vctx list --json | jq -c 'map([.name,.state,.unmanaged])')" \
	'0: [["one","running",false]]' \
	"stop does not forget a context that was started meanwhile"
"$V" run --rm r2 --root $ROOT -- /bin/sleep 1000 &
runpid=$!
until_ok vctx running r2
refuses 4 "vctx: create r2: context is running
hint: choose another name, or stop it first" \
	"create with the name of a running 'run --rm'" \
	vctx create r2 --root $ROOT
is "$(vctx list --json | jq -c 'map([.name,.state,.unmanaged])')" \
	'[["one","running",false],["r2","running",false]]' "which stays known"
vctx stop r2 --kill
wait $runpid
sed -i 's/"boot_id": "[^"]*"/"boot_id": "another"/' /run/vctx/one/state.json
is "$(vctx list --json | jq -c 'map([.name,.state,.unmanaged])')" \
	'[["one","stopped",false],["one","running",true]]' \
	"a record of another boot does not count"
vctx delete 1000 --force
vctx delete one

n=10
i=0
while [ $i -lt $n ]; do
	vctx create many$i --root $ROOT -s "context.init=/bin/sleep 1000" \
		-s context.autostart=yes || break
	i=$((i + 1))
done
try vctx start --all
is "$STATUS" 0 "start --all"
is "$(vctx list --json | jq '[.[] | select(.state == "running")] | length')" $n \
	"$n contexts run"
is "$(vctx list --json | jq '[.[].id] | unique | length')" $n \
	"each has an id of its own"
while [ $i -gt 0 ]; do
	i=$((i - 1))
	vctx delete many$i --force || break
done
rm -rf /var/log/vctx
is "$(footprint)" "$before" "and none is left"
finish
