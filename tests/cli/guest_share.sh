#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Weights and rates of contexts with shared addresses. Runs in the machine as the
# job's run.sh. What is compared are counters of classes and what they are told to
# do, never how long something takes.
. /job/guest_lib.sh

shared() { # NAME SETTING...
	shared=$1
	shift
	new "$shared" net.mode=shared-address "$@"
}
id() {
	printf '%x' "$(vctx show "$1" --json | jq .id)"
}
# classes DEVICE: what there is, for people.
classes() {
	tc class show dev "$1" | awk '$2 == "htb" { print $3 }' | sort | tr '\n' ' '
}
# sent FIELD CLASS: how many packets or bytes have passed a class of up7.
sent() {
	tc -s class show dev up7 classid "7678:$2" |
		awk -v what="$1" '$1 == "Sent" { print what == "bytes" ? $2 : $4 }'
}
class() { # DEVICE CLASS: its rate and turn
	tc -d class show dev "$1" classid "7678:$2" |
		sed -n 's/.* rate \([^ ]*\) .* quantum \([^ ]*\) .*/\1 \2/p;s/.* quantum \([^ ]*\) rate \([^ ]*\) .*/\2 \1/p'
}
traces() { # whatever we may leave on the host's devices
	tc qdisc show dev up7
	tc filter show dev up7 ingress 2>/dev/null
	ip -o link | awk -F': ' '{ print $2 }' | sort
}
# shellcheck disable=SC2016 # for the shell inside
SEND='for i in $(seq "$0"); do echo 0123456789 >"/dev/udp/10.77.0.100/9"; done'
# shellcheck disable=SC2016
GET='exec 3<>"/dev/tcp/$0/80" && printf "GET /$1 HTTP/1.0\r\n\r\n" >&3 && wc -c <&3'

# The world outside is another name space.
ip netns add outside
ip link add up7 type veth peer name eth0 netns outside
for n in 1 2 3; do
	ip address add 10.77.0.$n/24 dev up7
done
ip address add fd77::1/64 dev up7 nodad
ip link set up7 up
ip -n outside address add 10.77.0.100/24 dev eth0
ip -n outside address add fd77::100/64 dev eth0 nodad
ip -n outside link set eth0 up
ip -n outside link set lo up
mkdir -p /run/vctx/.ids
before=$(traces)
prior=$(footprint)

shared plain net.address=10.77.0.3/24
is "$(traces)" "$before" "a context with neither weight nor rate changes no device"

shared s1 net.address=10.77.0.1/24 net.address=fd77::1/64 net.weight=300
s1=$(id s1)
is "$(classes up7)" "7678:1 7678:$s1 " "a weight: its device has a class for it, and one for the rest"
is "$(class up7 "$s1")" "1Tbit 196800" "of three times the turn"
shared s2 net.address=10.77.0.2/24 net.weight=100 net.rate-out=8Mbit
s2=$(id s2)
is "$(classes up7 | wc -w)" 3 "the next one shares the tree"
is "$(class up7 "$s2")" "8Mbit 65600" "and has a rate"
is "$(vctx show s2 --config | grep -A 3 '^gateway')" "gateway = none
weight = 100
rate-out = 8Mbit
rate-in = none" "show --config tells"

# --- who is charged ---

a=$(sent packets "$s1") b=$(sent packets "$s2")
vctx exec s1 -- /bin/bash -c "$SEND" 50
is "$(($(sent packets "$s1") - a)) $(($(sent packets "$s2") - b))" "50 0" \
	"50 packets of one context pass its class and no other"
a=$(sent packets "$s1") b=$(sent packets "$s2") c=$(sent packets 1)
bash -c "$SEND" 30
is "$(($(sent packets "$s1") - a)) $(($(sent packets "$s2") - b))" "0 0" \
	"what the host sends passes none of theirs"
is "$(($(sent packets 1) - c >= 30))" 1 "but that of the rest"
c=$(sent packets 1)
vctx exec plain -- /bin/bash -c "$SEND" 20
is "$(($(sent packets 1) - c >= 20))" 1 "as does a context without a weight"

# Sockets that the kernel makes for a new connection are the context's too, the answer
# to the first packet included, and so is what leaves with nobody running.
vctx exec s1 -- $G sh -c 'mkdir -p /tmp/www && head -c 200000 /dev/zero >/tmp/www/big'
vctx exec s1 -- $G httpd -p 80 -h /tmp/www
for ip in 10.77.0.1 fd77::1; do
	a=$(sent bytes "$s1") c=$(sent bytes 1)
	got=$(ip netns exec outside bash -c "$GET" $ip big)
	is "$((got > 200000)) $(($(sent bytes "$s1") - a > 200000)) $(($(sent bytes 1) - c < 2000))" \
		"1 1 1" "accepted connections are charged to their context ($ip)"
done

# A frame counts with what it takes of the line: 84 bytes at the least.
a=$(sent bytes "$s1")
vctx exec s1 -- /bin/bash -c "$SEND" 10
is "$(($(sent bytes "$s1") - a))" 840 "tiny packets cost what they take of the line"

# --- nobody leaves a class ---

a=$(sent packets "$s2")
try vctx exec s2 -- $G sh -c 'tc qdisc del dev up7 root || ip link del up7'
is "$((STATUS != 0)) $(classes up7 | wc -w)" "1 3" "a context cannot change the tree"

# --- what they receive ---

vctx set s1 net.rate-in=16Mbit
dev=vctxin$((0x$s1))
is "$(tc qdisc show dev "$dev" | sed -n 's/^qdisc tbf.* rate \([^ ]*\) .*/\1/p')" 16Mbit \
	"set: a rate of what it receives, at once"
in_packets() {
	tc -s -j qdisc show dev "$dev" | jq '.[0].packets'
}
to() { # ADDRESS N
	ip netns exec outside bash -c "for i in \$(seq $2); do echo x >/dev/udp/$1/9; done"
}
a=$(in_packets)
to 10.77.0.1 40
to fd77::1 40
b=$(in_packets)
to 10.77.0.2 40
is "$((b - a >= 80)) $(($(in_packets) - b < 10))" "1 1" \
	"what is for its addresses takes the way round, what is for others does not"
is "$(($(ip netns exec outside bash -c "$GET" 10.77.0.1 big) > 200000))" 1 "and arrives"
vctx set s1 net.rate-in=none
is "$(ip link show "$dev" 2>&1 | grep -c 'does not exist')" 1 "set: no rate, no way round"

# --- while they run ---

vctx set s1 net.weight=50 net.rate-out=1500kbit
is "$(class up7 "$s1")" "1500Kbit 32800" "set: another weight and a rate"
try env VCTX_FAIL_AT=set "$VT" set s1 net.weight=7 net.rate-out=none net.rate-in=1Mbit
is "$STATUS: $(class up7 "$s1")" "1: 1500Kbit 32800" "set: one that fails changes nothing"
vctx set s1 net.weight=none net.rate-out=none
is "$(classes up7)" "7678:1 7678:$s2 " "set: its class goes"
vctx set s1 net.weight=9
vctx restart s1 --kill
is "$(class up7 "$(id s1)")" "1Tbit 5904" "a restart has it again"
refuses 2 "vctx: create x1: net.weight has no meaning with net.mode=none
hint: set net.mode=shared-address, or leave it out" "a weight needs shared addresses" \
	vctx create x1 --root $ROOT -s net.mode=none -s net.weight=5

vctx delete s1 --force
is "$(classes up7 | wc -w)" 2 "one goes, the other stays"
vctx stop s2 --kill
is "$(traces)" "$before" "with the last one goes all"
vctx delete s2

# --- what fails ---

fails() {
	VCTX_FAIL_AT=$1 "$VT" run --rm f1 --root $ROOT -s net.mode=shared-address \
		-s net.address=10.77.0.1 -s net.weight=5 -s net.rate-in=1Mbit -- /bin/true
}
for step in share record started; do
	try fails $step
	is "$STATUS" 125 "a failure at $step is reported"
	is "$(traces)" "$before" "a failure at $step leaves nothing on the devices"
	fails $step:kill >/dev/null 2>&1
	until_ok sh -c "! pgrep -x vctx-test"
	vctx gc >/dev/null
	is "$(traces)" "$before" "killed at $step: gc removes all of it"
done
tc qdisc add dev up7 root handle 5: pfifo
refuses 125 "vctx: run f1: up7 has a queueing discipline of somebody else's (root)
hint: 'tc qdisc del dev up7 root' removes it; or leave out net.weight and the rates" \
	"what the administrator has put there stays" fails none
is "$(tc qdisc show dev up7 | grep -c '^qdisc pfifo 5:')" 1 "as it is"
tc qdisc del dev up7 root
tc qdisc add dev up7 ingress
refuses 125 "vctx: run f1: up7 has a queueing discipline of somebody else's (ingress)
hint: 'tc qdisc del dev up7 ingress' removes it; or leave out net.weight and the rates" \
	"nor is that of what comes in touched" fails none
is "$(tc qdisc show dev up7 | grep -c '^qdisc ingress')" 1 "which stays too"
tc qdisc del dev up7 ingress
mv "$(command -v tc)" /tmp/tc.away
refuses 125 "vctx: run f1: cannot run tc: No such file or directory
hint: install iproute2" "no tc" fails none
mv /tmp/tc.away /sbin/tc
is "$(traces)" "$before" "nothing is left"
vctx delete plain --force
rm -rf /var/log/vctx
is "$(footprint)" "$prior" "nor elsewhere"
finish
