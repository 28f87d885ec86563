#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What Debian's xl does to a guest that runs, on keel: network, share, console, memory
# taken and given back, reboot, shutdown.
. "$(dirname -- "$0")/../lib.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
[ -f "$OUT/kernel/native.bzImage" ] || skip_all "no kernel in OUT/kernel; make kernel"
[ -f "$OUT/image/root.img" ] || skip_all "no root disk; make image"

mkdir "$TMP/guest"
cat >"$TMP/guest/run.sh" <<'END2'
# What the guest's kernel runs when the tools ask for a shutdown: without it, it does
# nothing. (For a reboot it has a way of its own.)
printf '#!/bin/sh\nexec busybox poweroff -f\n' >/sbin/poweroff
chmod 755 /sbin/poweroff
ip addr add 10.9.0.2/24 dev eth0
ip link set eth0 up
# Never ends by itself.
i=0
while :; do
	i=$((i + 1))
	echo "still here $i" >/dev/hvc0
	sleep 1
done
END2
truncate -s 16M "$TMP/guest.img"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -d "$TMP/guest" "$TMP/guest.img"

job=$(new_job dom0 <<'END2'
set -eu
res=/job/results
/usr/lib/bulkhead/xen-up
/job/log-consoles
ip link add xenbr0 type bridge
ip addr add 10.9.0.1/24 dev xenbr0
ip link set xenbr0 up
cat >/tmp/guest.cfg <<CFG
name = "live"
memory = 192
maxmem = 192
vcpus = 1
kernel = "/out/kernel/native.bzImage"
extra = "root=/dev/xvda rw console=hvc0 panic=-1 loglevel=5 net.ifnames=0 bulkhead.job=/dev/xvdb bulkhead.out=none"
disk = ["phy:/dev/vdb,xvda,w", "phy:/dev/vdc,xvdb,w"]
vif = ["bridge=xenbr0"]
cpu_weight = 300
on_poweroff = "destroy"
on_crash = "destroy"
on_reboot = "restart"
CFG

# until SECONDS COMMAND...: true as soon as COMMAND is.
until_true() {
	limit=$1
	shift
	while [ "$limit" -gt 0 ]; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 2
		limit=$((limit - 2))
	done
	return 1
}
# MiB, to the next one.
mem_is() { xl list live | awk -v want="$1" 'NR == 2 { d = $3 - want; exit !(d * d <= 1) }'; }
gone() { ! xl list live; }
other_id() { id=$(xl domid live) && [ "$id" != "$first" ]; }

xl create /tmp/guest.cfg >$res/create 2>&1
first=$(xl domid live)
until_true 300 ping -c 1 -W 2 10.9.0.2 && echo yes >$res/ping
ping -q -c 20 -i 0.2 -s 1400 10.9.0.2 | grep -o '[0-9]* received' >$res/ping20

xl sched-credit -d live | awk 'NR == 2 { print $3, $4 }' >$res/share
xl sched-credit -d live -w 512 -c 75
xl sched-credit -d live | awk 'NR == 2 { print $3, $4 }' >>$res/share
xl sched-credit -s | grep -o 'tslice=[0-9]*ms' >>$res/share
xl sched-credit -d live -c 100000 2>/dev/null || echo refused >>$res/share
xl sched-credit -d live -c 0

# It ends with its input.
sleep 8 | timeout 20 xl console live >$res/console 2>&1 || true

# Paused it says nothing; unpaused it goes on where it was.
said() { grep -c '^still here' /tmp/guest-live.log; }
xl pause live
sleep 2
before=$(said)
sleep 5
xl list live | awk 'NR == 2 { print $5 }' >$res/pause
[ "$(said)" -ne "$before" ] || echo silent >>$res/pause
xl unpause live
more() { [ "$(said)" -gt "$before" ]; }
until_true 60 more && echo goes on >>$res/pause

xl mem-set live 128m
until_true 120 mem_is 128 && echo down >$res/mem
xl mem-set live 192m
until_true 120 mem_is 192 && echo up >>$res/mem
xl vcpu-list live >$res/vcpus
ping -q -c 3 10.9.0.2 | grep -o '[0-9]* received' >>$res/mem

xl reboot live
until_true 200 other_id && echo yes >$res/reboot
until_true 300 ping -c 1 -W 2 10.9.0.2 && echo yes >>$res/reboot
xl list >$res/list

timeout 400 xl shutdown -w live >$res/shutdown 2>&1 || true
until_true 60 gone && echo yes >$res/gone
cp /tmp/guest-live.log $res/guest.log
xl list | wc -l >$res/left
exit 7
END2
)
cp "$TESTS/keel/log-consoles" "$job/"
# Instructions are counted for time, so that a busy host does not run the scripts of
# xl into their time limits.
boot --keel --accel icount --disk "$OUT/image/root.img,snapshot=on" --disk "$TMP/guest.img" \
	--timeout 1800 "$job"
is "$STATUS" 7 "the job of domain 0 runs to its end"
res=$job/results
is "$(cat "$res/ping")" yes "the guest's network comes up, through a bridge"
is "$(cat "$res/ping20")" "20 received" "20 large packets go there and back"
is "$(cat "$res/share")" "300 0
512 75
tslice=10ms
refused" "weight and cap: from the configuration, set and shown"
matches "$(cat "$res/console")" "*still here *" "xl console shows what it says"
is "$(cat "$res/pause")" "--p---
silent
goes on" "paused, listed so and silent; unpaused it goes on"
is "$(cat "$res/mem")" "down
up
3 received" "memory is taken from it and given back, and it lives"
is "$(cat "$res/reboot")" "yes
yes" "reboots as another domain, its network comes up again"
is "$(cat "$res/gone")" yes "shuts down"
is "$(cat "$res/left")" 2 "only domain 0 is left"
matches "$(cat "$res/guest.log")" "*still here 1*" "xenconsoled logs its console"
is "$(grep -E 'BUG|Oops|WARNING|stall' "$res/guest.log")" "" "the guest has no complaint"
is "$(grep -aE 'PANIC|killed:' "$job/console.log")" "" "no complaint of keel"
test_dmesg "$res/dmesg.txt" "the log of domain 0 has no complaint"
finish
