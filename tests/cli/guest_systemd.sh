#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that can be sold: Debian with systemd, made from a template, with a web
# server, a data base and sshd. Runs in the machine as the job's run.sh, with a disk that
# has the template.
. /job/guest_lib.sh

ADDRESS=10.0.9.2
# What a slow machine under load may need for a boot of a guest.
BOOT_S=150

mkdir -p /var/lib/vctx
mount -t ext4 -o tag,prjquota /dev/vdb /var/lib/vctx || mount -t ext4 /dev/vdb /var/lib/vctx
echo /out/userland/vshelper >/proc/sys/kernel/vshelper
is "$(vctx check --json | jq -r '.[] | select(.name == "reboot-helper") | .ok')" true \
	"check finds the program for restarts"
is "$(vctx template list -q)" debian "the template"

# in_guest COMMAND: one for a shell in it
in_guest() {
	vctx exec web1 -- /bin/sh -c "$1"
}
state_of() {
	vctx exec web1 -- systemctl is-system-running 2>/dev/null
}
# Waits for the end of a boot; what is wrong with it is told.
booted() {
	booted_end=$(($(cut -d. -f1 /proc/uptime) + BOOT_S))
	while :; do
		booted_state=$(state_of)
		case $booted_state in running | degraded | maintenance) break ;; esac
		[ "$(cut -d. -f1 /proc/uptime)" -lt $booted_end ] || break
		sleep 1
	done
	[ "$booted_state" = running ] || {
		vctx exec web1 -- systemctl --no-pager --failed
		vctx exec web1 -- systemctl --no-pager list-jobs
		vctx exec web1 -- journalctl --no-pager -n 80
		vctx logs web1
	} 2>&1 | sed 's/^/# /'
	is "$booted_state" running "$1"
}
client() {
	vctx run client -- "$@"
}
ssh_to_guest() {
	client /usr/bin/ssh -i /root/.ssh/id_ed25519 -o BatchMode=yes \
		-o ConnectTimeout=60 -o StrictHostKeyChecking="$1" "root@$ADDRESS" "$2"
}

# --- from a template ---

try vctx create web1 --template debian -s memory.max=512M -s memory.swap=0 -s cpu.max=100% \
	-s limits.processes=400 -s net.mode=routed -s net.address=$ADDRESS/32
matches "$STATUS: $STDERR" "0: vctx: create web1: [1-9]* files are shared with the template, [1-9]* are its own" \
	"create --template shares files"
try vctx create client --template debian
matches "$STATUS: $STDERR" "0: *are shared*" "a second one"
is "$(vctx du --json | jq -c '[.[] | .shared_bytes > 50000000]')" "[true,true]" \
	"most of both is on the disk once"
is "$(vctx show web1 --config | grep -E '^(cgroups|stop-signal|stop-timeout|init)')" \
	"init = /sbin/init
cgroups = yes
stop-signal = SIGRTMIN+3
stop-timeout = 90000ms" "what it needs is in its configuration"

# --- boot ---

vctx start web1
is "$?" 0 "it starts"
booted "systemd gets to the end of its boot, and nothing has failed"
id=$(vctx show web1 --json | jq .id)
init=$(vctx show web1 --json | jq .pid)
matches "$(curl -s -m 60 http://$ADDRESS/)" "*Welcome to nginx*" "nginx answers"
sql() {
	vctx exec web1 -- su postgres -c "psql -qAt -c \"$1\""
}
is "$(sql 'create table t (n int); insert into t select generate_series(1, 1000)' 2>&1)" "" \
	"PostgreSQL takes rows"
is "$(sql 'select count(*), sum(n) from t' 2>&1)" "1000|500500" "and has them"

client /usr/bin/ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
is "$?" 0 "a key for the client"
vctx cp client:/root/.ssh/id_ed25519.pub /tmp/key.pub
in_guest 'mkdir -p -m 700 /root/.ssh'
vctx cp /tmp/key.pub web1:/root/.ssh/authorized_keys
# shellcheck disable=SC2016 # for the shell in the guest
is "$(ssh_to_guest accept-new 'echo $(hostname) $(id -u)' 2>/dev/null)" "web1 0" "ssh lets the key in"
is "$(ssh_to_guest yes 'tty >/dev/null || echo none' 2>/dev/null)" none "and its host key stays the same"
is "$(find /var/lib/vctx/.templates/debian/root/etc/ssh -name 'ssh_host_*')" "" \
	"the template has no host keys"
machine=$(in_guest 'cat /etc/machine-id')
is "${#machine} $(stat -c %s /var/lib/vctx/.templates/debian/root/etc/machine-id)" "32 0" \
	"it has a machine id of its own"

# --- what it is told of the machine ---

is "$(in_guest 'grep MemTotal /proc/meminfo' | tr -s ' ')" "MemTotal: 524288 kB" "its memory"
is "$(in_guest 'grep SwapTotal /proc/meminfo' | tr -s ' ')" "SwapTotal: 0 kB" "its swap"
is "$(in_guest nproc) $(nproc)" "1 2" "its CPUs"
up=$(in_guest 'cut -d. -f1 /proc/uptime')
real=$(($(vctx show web1 --json | jq .uptime_ns) / 1000000000))
[ "$up" -le "$real" ] && [ "$up" -ge $((real - 5)) ]
is "$?" 0 "its uptime ($up of $real s)"
[ "$up" -lt "$(cut -d. -f1 /proc/uptime)" ]
is "$?" 0 "is not the machine's"
# Two spinners on the host: they are in its load, while that of the guest falls after
# its boot.
loads() {
	awk '{ printf "%d", $1 * 100 }' /proc/loadavg
	in_guest 'cat /proc/loadavg' | awk '{ printf " %d\n", $1 * 100 }'
}
# shellcheck disable=SC2046 # two numbers
set -- $(loads)
timeout 14 busybox yes >/dev/null &
timeout 14 busybox yes >/dev/null &
wait
# shellcheck disable=SC2046
set -- "$@" $(loads)
[ "$4" -le "$2" ] && [ $(($3 - $1)) -ge $(($4 - $2 + 20)) ]
is "$?" 0 "its load is its own (machine $1 to $3, guest $2 to $4, in hundredths)"
is "$(in_guest 'cat /sys/fs/cgroup/memory.max' 2>&1)" max "its limits are above what it sees"
in_guest 'echo 1 >/sys/fs/cgroup/pids.max' 2>/dev/null
is "$? $(cd /sys/fs/cgroup/vctx/web1 && cat memory.max pids.max cgroup.max.descendants)" \
	"1 536870912
400
2000" "and cannot be changed from inside"
matches "$(in_guest 'systemctl show -P MemoryCurrent nginx')" "[1-9]*" \
	"it has accounts of its own services"

# --- reboot ---

in_guest 'systemctl reboot' >/dev/null 2>&1
restarted() {
	[ "$(vctx show web1 --json | jq .pid)" != "$init" ] && vctx running web1
}
until_ok restarted
is "$?" 0 "it comes again after its reboot"
booted "and boots to the end"
is "$(vctx show web1 --json | jq .id)" "$id" "with the same id"
[ "$(in_guest 'cut -d. -f1 /proc/uptime')" -le $((BOOT_S + 10)) ]
is "$?" 0 "its uptime began anew"
is "$(in_guest 'cat /etc/machine-id')" "$machine" "it is the same machine"
matches "$(curl -s -m 60 http://$ADDRESS/)" "*Welcome to nginx*" "nginx answers"
is "$(sql 'select count(*), sum(n) from t' 2>&1)" "1000|500500" "PostgreSQL has the rows"
is "$(ssh_to_guest yes hostname 2>/dev/null)" web1 "ssh has the same host key"
is "$(vctx events web1 --since 1h --timeout 0 --json | jq -r .event | tr '\n' ' ')" \
	"created started exited started " "the events"

# --- stop ---

# The host sees all processes of the machine now.
echo 1 >/proc/sys/kernel/vserver/host_sees_all
services() {
	ps -eo comm= | grep -E '^(systemd|nginx|postgres|sshd)' | sort -u | tr '\n' ' '
}
matches "$(services)" "nginx postgres sshd *systemd-*" "the host sees its processes"
before=$(cut -d. -f1 /proc/uptime)
try vctx stop web1
took=$(($(cut -d. -f1 /proc/uptime) - before))
is "$STATUS: $STDERR" "0: " "it stops by itself ($took s)"
is "$(find /proc/virtual -maxdepth 1 -name '[0-9]*' | wc -l) $(vctx show web1 --json | jq -r .state)" "0 stopped" \
	"nothing of it is in the kernel"
is "$(services)" "" "and no process"
is "$(ls -d /sys/fs/cgroup/vctx/web1 /sys/class/net/vctx* 2>/dev/null)" "" \
	"no control group, no device"
matches "$(tail -n 1 /var/lib/vctx/web1/root/var/log/postgresql/*.log)" \
	"*database system is shut down" "PostgreSQL had its time"

# --- the end ---

try vctx template delete debian
is "$STATUS: $STDERR$(vctx template list)" "0: " "the template can go"
is "$(client /bin/cat /etc/debian_version | grep -c .)" 1 "guests of it stay"
for n in web1 client; do
	vctx delete $n
	rm -rf "/var/lib/vctx/$n"
done
is "$(find /var/lib/vctx -mindepth 1 ! -name lost+found ! -name .ids ! -name .templates)" "" "and then they are gone"
umount /var/lib/vctx
is "$?" 0 "nothing holds the disk"
finish
