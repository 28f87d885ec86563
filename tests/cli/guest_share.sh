#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Weights of contexts, and rates of those with shared addresses. Runs in the machine as
# the job's run.sh. What is compared are counters of classes and what they are told to
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
hint: set net.mode to bridge, routed or shared-address, or leave it out" \
	"a weight needs a network" \
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

# --- contexts with a cable ---

# up7 leads to the router; up8 is the bridge br8's way out; nothing is at br9 but
# contexts, which the host routes.
ip link add up8 type veth peer name eth8 netns outside
ip link add br8 type bridge
ip link set up8 master br8 up
ip link set br8 up
ip -n outside address add 10.78.0.100/24 dev eth8
ip -n outside address add fd78::100/64 dev eth8 nodad
ip -n outside link set eth8 up
ip address add 10.78.0.1/24 dev br8
# The way out by IPv6 is another.
ip link add up9 type dummy
ip address add fd81::1/64 dev up9 nodad
ip link set up9 up
ip -6 route add default via fd81::100
ip link add br9 type bridge
ip address add 10.80.0.1/24 dev br9
ip link set br9 up
ip route add default via 10.77.0.100
ip -n outside route add 10.79.0.0/24 via 10.77.0.1
ip -n outside -6 route add fd79::/64 via fd77::1
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
nft add table ip nat7
nft 'add chain ip nat7 post { type nat hook postrouting priority 100; }'
nft add rule ip nat7 post oifname up7 ip saddr 10.80.0.0/24 masquerade
cables() {
	traces
	tc qdisc show dev up8
	tc qdisc show dev up9
}
is_before() {
	[ "$(cables)" = "$before" ]
}
before=$(cables)

# on DEVICE CLASS COMMAND...: how many packets more have passed the class.
on() {
	on_dev=$1 on_class=$2
	shift 2
	on_was=$(packets "$on_dev" "$on_class")
	"$@" >/dev/null
	echo $(($(packets "$on_dev" "$on_class") - on_was))
}
packets() {
	tc -s class show dev "$1" classid "7678:$2" | awk '$1 == "Sent" { print $4 }'
}
# shellcheck disable=SC2016 # for the shell inside
SEND_TO='for i in $(seq "$1"); do echo 0123456789 >"/dev/udp/$0/9"; done'
emit() { # NAME ADDRESS N
	vctx exec "$1" -- /bin/bash -c "$SEND_TO" "$2" "$3"
}
turn() {
	class "$1" "$2" | cut -d ' ' -f 2
}

shared s1 net.address=10.77.0.1/24 net.weight=300
new b1 net.mode=bridge net.bridge=br8 net.address=10.78.0.2/24 \
	net.address=fd78::2/64 net.weight=200
new r1 net.mode=routed net.address=10.79.0.2 net.address=fd79::2 net.weight=150
new b2 net.mode=bridge net.bridge=br9 net.address=10.80.0.2/24 net.gateway=10.80.0.1 \
	net.weight=50
s1=$(id s1) b1=$(id b1) r1=$(id r1) b2=$(id b2)
is "$(classes up7)" "$(printf '7678:%s\n' 1 "$s1" "$b1" "$r1" "$b2" | sort | tr '\n' ' ')" \
	"cables: the device of the router has a class for each, with and without a cable"
is "$(turn up7 "$s1") $(turn up7 "$r1") $(turn up7 "$b2")" "196800 98400 32800" \
	"cables: their weights are in the classes"
is "$(classes up8): $(turn up8 "$b1")" "$(printf '7678:%s\n' 1 "$b1" | sort | tr '\n' ' '): 131200" \
	"cables: the other port of its bridge has one too"
is "$(classes up9)" "$(printf '7678:%s\n' 1 "$b1" "$r1" "$b2" | sort | tr '\n' ' ')" \
	"cables: as has the device of IPv6's router"
is "$(ls -d /sys/class/net/br8/brif/*)" "/sys/class/net/br8/brif/up8
/sys/class/net/br8/brif/vctx$((0x$b1))" "cables: it is a port as before"
is "$(tc qdisc show dev br9 | grep -c htb)" 0 "cables: what stays on the host has no tree"

# The first packet waits for an answer of the neighbour's, and may be held with others.
for dest in b1:10.78.0.100 b1:fd78::100 r1:10.77.0.100 r1:fd77::100 b2:10.77.0.100; do
	emit "${dest%%:*}" "${dest#*:}" 1
done
at_most() { # A B: is B between A and A plus a few of neighbour discovery?
	[ "$2" -ge "$1" ] && [ "$2" -lt $(($1 + 10)) ] && echo "as many" || echo "$2"
}
for dest in up8:$b1:b1:10.78.0.100 up8:$b1:b1:fd78::100 up7:$r1:r1:10.77.0.100 \
	up7:$r1:r1:fd77::100 up7:$b2:b2:10.77.0.100; do
	IFS=: read -r dev class name ip <<-END
		$dest
	END
	is "$(at_most 40 "$(on "$dev" "$class" emit "$name" "$ip" 40)")" "as many" \
		"cables: 40 packets of $name to $ip pass its class at $dev"
	is "$(at_most 0 "$(on "$dev" 1 emit "$name" "$ip" 40)")" "as many" \
		"cables: and not that of the rest"
done
is "$(at_most 40 "$(on up7 "$s1" emit s1 10.77.0.100 40)")" "as many" \
	"cables: the one without has its own as ever"
is "$(on up7 "$s1" emit r1 10.77.0.100 40)" 0 "cables: which takes nothing of theirs"
host_sends() {
	bash -c "$SEND" 40
}
is "$(on up7 "$r1" host_sends) $(on up7 "$b2" host_sends)" "0 0" "cables: nor is the host's theirs"
is "$(($(on up7 1 host_sends) >= 40))" 1 "cables: but of the rest"

# An address of a bridge leaves by its port.
shared s3 net.address=10.78.0.1/24 net.weight=70
s3=$(id s3)
is "$(turn up8 "$s3") $(tc qdisc show dev br8 | grep -c htb)" "45920 0" \
	"a shared address of a bridge: the bridge's port has the class"
emit s3 10.78.0.100 1
is "$(on up8 "$s3" emit s3 10.78.0.100 40) $(on up8 "$b1" emit s3 10.78.0.100 40)" "40 0" \
	"and its packets, beside those of contexts at the bridge"
vctx delete s3 --force

# Large answers of servers, cut up on the way.
for name in b1 r1; do
	vctx exec $name -- $G sh -c 'mkdir -p /tmp/www && head -c 200000 /dev/zero >/tmp/www/big'
	vctx exec $name -- $G httpd -p 80 -h /tmp/www
done
bytes() {
	tc -s class show dev "$1" classid "7678:$2" | awk '$1 == "Sent" { print $2 }'
}
for dest in up8:$b1:10.78.0.2 up8:$b1:fd78::2 up7:$r1:10.79.0.2 up7:$r1:fd79::2; do
	IFS=: read -r dev class ip <<-END
		$dest
	END
	a=$(bytes "$dev" "$class") c=$(bytes "$dev" 1)
	got=$(ip netns exec outside bash -c "$GET" "$ip" big)
	is "$((got > 200000)) $(($(bytes "$dev" "$class") - a > 200000)) $(($(bytes "$dev" 1) - c < 5000))" \
		"1 1 1" "cables: what a server answers is charged to its context ($ip)"
done

# Whoever may have filters could mark its packets as another's.
new n1 net.mode=routed net.address=10.79.0.3 security.capabilities=+net_admin
n1=$(vctx show n1 --json | jq .id)
echo 1 >/proc/sys/kernel/vserver/host_sees_all
inside() {
	nsenter -t "$(vctx show n1 --json | jq .pid)" -n "$@"
}
inside tc qdisc add dev eth0 clsact
inside tc filter add dev eth0 egress protocol all flower classid "7678:$r1"
echo 0 >/proc/sys/kernel/vserver/host_sees_all
is "$(on up7 "$r1" emit n1 10.77.0.100 40)" 0 "cables: a mark from inside is no mark"
# The control: without what removes it, it is.
tc filter del dev "vctx$n1" ingress
is "$(on up7 "$r1" emit n1 10.77.0.100 40)" 40 "cables: (and would be one)"
vctx delete n1 --force

# While they run.
vctx set r1 net.weight=400
vctx set b1 net.weight=10
is "$(turn up7 "$r1") $(turn up8 "$b1") $(turn up7 "$b1")" "262400 6560 6560" \
	"cables: set: another weight"
is "$(on up7 "$r1" emit r1 10.77.0.100 40) $(on up8 "$b1" emit b1 10.78.0.100 40)" "40 40" \
	"cables: set: with the packets in its class"
try env VCTX_FAIL_AT=set "$VT" set r1 net.weight=7 net.rate-out=1Mbit
is "$STATUS: $(turn up7 "$r1")" "1: 262400" "cables: set: one that fails changes nothing"
is "$(vctx show r1 --config | grep '^weight = 400')" "weight = 400" "cables: set: nor what is told"
vctx set r1 net.rate-out=20Mbit
is "$(class up7 "$r1")" "1Tbit 262400" "cables: set: a rate is the cable's, not the class's"
vctx set r1 net.weight=none
is "$(classes up7 | tr ' ' '\n' | grep -c "^7678:$r1$") $(tc filter show dev "vctx$((0x$r1))" ingress | wc -l)" \
	"0 0" "cables: set: none, and its class goes"
is "$(($(on up7 1 emit r1 10.77.0.100 40) >= 40))" 1 "cables: set: what it sends is of the rest"
vctx set r1 net.weight=60
vctx restart r1 --kill
r1=$(id r1)
is "$(turn up7 "$r1") $(on up7 "$r1" emit r1 10.77.0.100 40)" "39360 40" \
	"cables: a restart has it again"

vctx delete b1 --force
is "$(tc qdisc show dev up8 | grep -c htb) $(classes up7 | wc -w)" "0 4" \
	"cables: one goes, with its tree where it is the last"
vctx delete s1 --force
is "$(on up7 "$b2" emit b2 10.77.0.100 40)" 40 "cables: the others stay"
vctx stop r1 --kill
vctx stop b2 --kill
until_ok is_before
is "$(cables)" "$before" "cables: with the last one goes all"
vctx delete r1
vctx delete b2

fails_bridged() {
	VCTX_FAIL_AT=$1 "$VT" run --rm f1 --root $ROOT -s net.mode=bridge -s net.bridge=br8 \
		-s net.address=10.78.0.3/24 -s net.weight=5 -- /bin/true
}
for step in share record started; do
	try fails_bridged $step
	until_ok is_before
	is "$STATUS: $(cables)" "125: $before" "cables: a failure at $step leaves nothing"
	fails_bridged $step:kill >/dev/null 2>&1
	until_ok sh -c "! pgrep -x vctx-test"
	[ $step = share ] ||
		matches "$(vctx doctor f1)" "*problem *'vctx gc' would: remove /run/vctx/f1*" \
			"cables: killed at $step: doctor explains"
	vctx gc >/dev/null
	until_ok is_before
	is "$(cables)" "$before" "cables: killed at $step: gc removes all of it"
done
tc qdisc add dev up8 root handle 5: pfifo
refuses 125 "vctx: run f1: up8 has a queueing discipline of somebody else's (root)
hint: 'tc qdisc del dev up8 root' removes it; or leave out net.weight and the rates" \
	"cables: what the administrator has put there stays" fails_bridged none
tc qdisc del dev up8 root
until_ok is_before
is "$(cables)" "$before" "cables: nothing is left"
rm -rf /var/log/vctx
is "$(footprint)" "$prior" "nor elsewhere"
finish
