#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Networks of contexts. Runs in the machine as the job's run.sh.
. /job/guest_lib.sh

links() {
	ip -o link | awk -F': ' '{ print $2 }' | sort | tr '\n' ' '
}
# serve NAME TEXT: a web server on port 80 of whatever NAME has.
serve() {
	vctx exec "$1" -- $G sh -c "mkdir -p /tmp/www && echo $2 >/tmp/www/who"
	vctx exec "$1" -- $G httpd -p 80 -h /tmp/www
}
# fetch ADDRESS [PORT]: the last line that a web server there answers, or what bash
# says. The host's static busybox cannot look up addresses.
GET='exec 3<>"/dev/tcp/$0/$1" && printf "GET /who HTTP/1.0\r\n\r\n" >&3 && tail -n 1 <&3'
fetch() {
	timeout 30 bash -c "$GET" "$1" "${2:-80}" 2>&1
}
fetch_in() { # NAME ADDRESS
	timeout 60 "$V" exec "$1" -- /bin/bash -c "$GET" "$2" 80 2>&1
}

mkdir -p /run/vctx/.ids
ip link add dummy7 type dummy
ip address add 10.77.0.1/24 dev dummy7
ip address add 10.77.0.2/24 dev dummy7
ip address add 10.77.0.3/24 dev dummy7
ip address add fd77::1/64 dev dummy7 nodad
ip address add fd77::2/64 dev dummy7 nodad
ip link set dummy7 up
ip link add br7 type bridge
ip address add 10.78.0.1/24 dev br7
ip address add fd78::1/64 dev br7 nodad
ip link set br7 up
before=$(footprint)$(links)

is "$(vctx check --json | jq -c '.[] | select(.name == "network-contexts" or .name == "ip") | .ok' | tr '\n' ' ')" \
	"true true " "check finds network contexts and ip"

# --- shared-address ---

new s1 net.mode=shared-address net.address=10.77.0.1/24
new s2 net.mode=shared-address net.address=10.77.0.2/24 net.address=10.77.0.3/24
is "$(vctx list --no-header | tr -s ' ' | cut -d ' ' -f 1,9 | tr '\n' ' ')" \
	"s1 10.77.0.1 s2 10.77.0.2+1 " "list has a column of addresses"
is "$(vctx list --json | jq -c '.[] | [.net_mode,.addr]' | tr '\n' ' ')" \
	'["shared-address",["10.77.0.1/24"]] ["shared-address",["10.77.0.2/24","10.77.0.3/24"]] ' \
	"as has list --json"
matches "$(vctx status s2)" "*network *shared-address 10.77.0.2/24 10.77.0.3/24*" "status tells"
is "$(vctx show s2 --config | sed -n '/^\[net\]/,/^\[mount\]/p')" "[net]
mode = shared-address
bridge = none
address = 10.77.0.2/24
address = 10.77.0.3/24
gateway = none
weight = none
rate-out = none
rate-in = none
capabilities = none
[mount]" "show --config tells"
serve s1 one
serve s2 two
is "$(fetch 10.77.0.1) $(fetch 10.77.0.2) $(fetch 10.77.0.3)" "one two two" \
	"two contexts serve port 80, each on its own addresses"
try vctx exec s1 -- $G httpd -f -p 10.77.0.2:8080 -h /tmp
matches "$STATUS: $STDERR" "1: *Cannot assign requested address*" \
	"one cannot take the address of the other"
# The control: the same command of the host, which has both.
mkdir -p /tmp/host
echo host >/tmp/host/who
$G httpd -f -p 10.77.0.2:8080 -h /tmp/host &
control=$!
answers() {
	[ "$(fetch 10.77.0.2 8080)" = host ]
}
until_ok answers
is "$?" 0 "the host can"
kill $control
is "$(vctx exec s1 -- $G ip -o -4 address | awk '{ print $4 }' | tr '\n' ' ')" \
	"10.77.0.1/24 " "one sees its own address and no other"
is "$(fetch_in s1 127.0.0.1)" one \
	"127.0.0.1 is its own"
is "$(fetch_in s1 10.77.0.2)" two \
	"one reaches the other as anybody would"
is "$(vctx exec s1 -- $G ping -c 1 -w 20 10.77.0.2 | grep -c '1 packets received')" 1 \
	"ping works"
# Rights of its network. (Tunnels themselves: the selftests.)
group() {
	vctx exec s1 -- $G ping -c 1 -w 1 224.0.0.1 2>&1 | grep -c 'Operation not permitted'
}
caps() {
	vctx status s1 | sed -n 's/^ *network caps *//p'
}
is "$(group)" 1 "no group without multicast"
vctx set s1 net.capabilities=multicast
is "$(group)" 0 "with multicast there are groups, at once"
try vctx set s1 net.capabilities=tun_create net.address=10.77.0.9/24
matches "$STATUS: $STDERR" "2: *the host does not have the address 10.77.0.9/24*" \
	"a change that fails"
is "$(group) $(vctx show s1 --config | grep -A9 '^\[net\]' | grep ^capabilities)" \
	"0 capabilities = none +multicast" "leaves what was"
try env VCTX_FAIL_AT=set "$VT" set s1 net.capabilities=none
matches "$STATUS: $STDERR" "1: *Input/output error" "a failure after the change is told"
is "$(group) $(caps)" "0 multicast " \
	"and everything is as before"
vctx set s1 "net.capabilities=none +tun_create"
is "$(caps)" "tun_create " "another right"
vctx set s1 net.capabilities=none
is "$(group)" 1 "without it again, none"
vctx restart s1 --kill
serve s1 again
is "$(fetch 10.77.0.1)" again "the network is there after a restart"
vctx delete s1 --force
vctx delete s2 --force
is "$(ls /proc/virtnet | grep -cE '^[0-9]+$')" 0 "the network contexts have gone"

# IPv6, with one server for both families.
new s1 net.mode=shared-address net.address=fd77::1/64 net.address=10.77.0.1/24
new s2 net.mode=shared-address net.address=fd77::2/64
serve s1 one
serve s2 two
is "$(fetch fd77::1) $(fetch fd77::2) $(fetch 10.77.0.1)" "one two one" \
	"IPv6: two contexts serve port 80, each on its own addresses, by both families"
try vctx exec s1 -- $G httpd -f -p "[fd77::2]:8080" -h /tmp
matches "$STATUS: $STDERR" "1: *Cannot assign requested address*" \
	"IPv6: one cannot take the address of the other"
is "$(vctx exec s2 -- $G ip -o address | awk '{ print $4 }' | tr '\n' ' ')" \
	"fd77::2/64 " "IPv6: one sees its own address and no other"
is "$(fetch_in s1 fd77::2)" two "IPv6: one reaches the other as anybody would"
matches "$(fetch_in s1 ::1)" "*Operation not permitted*" "IPv6: ::1 is not there"
is "$(vctx exec s1 -- $G ping -6 -c 1 -w 20 fd77::2 | grep -c '1 packets received')" 1 \
	"IPv6: ping works"
# While it runs.
addresses() {
	vctx exec s1 -- $G ip -o address | awk '{ print $4 }' | sort | tr '\n' ' '
}
try vctx set s1 net.address=10.77.0.3/24
is "$STATUS: $STDERR$(addresses)" "0: 10.77.0.1/24 10.77.0.3/24 fd77::1/64 " \
	"set: a context has another address at once"
is "$(vctx list --json | jq -c '.[] | select(.name == "s1") | .addr')" \
	'["fd77::1/64","10.77.0.1/24","10.77.0.3/24"]' "set: which is told"
is "$(fetch 10.77.0.3)" one "set: a server on all addresses has the new one"
try env VCTX_FAIL_AT=set "$VT" set s1 net.address=10.77.0.2/24
is "$STATUS: $(addresses)" "1: 10.77.0.1/24 10.77.0.3/24 fd77::1/64 " \
	"set: one that fails takes its address back"
refuses 2 "vctx: set s1: the host does not have the address 192.0.2.1/32
hint: 'ip address add 192.0.2.1/32 dev DEVICE' adds it" \
	"set: an address that the host has not" vctx set s1 net.address=192.0.2.1
vctx delete s1 --force
vctx delete s2 --force

# --- none ---

new n1 net.mode=none
is "$(vctx exec n1 -- $G ip -o link | awk -F': ' '{ print $2 }')" lo "none: it has lo alone"
serve n1 self
is "$(fetch_in n1 127.0.0.1)" self "none: which is up"
matches "$(fetch_in n1 10.77.0.1)" "*Network is unreachable*" "none: and leads nowhere"
vctx delete n1 --force

# --- bridge ---

new b1 net.mode=bridge net.bridge=br7 net.address=10.78.0.2/24 \
	net.address=fd78::2/64 net.gateway=10.78.0.1
id=$(vctx show b1 --json | jq .id)
is "$(cat "/sys/class/net/vctx$id/master/ifindex")" "$(cat /sys/class/net/br7/ifindex)" \
	"bridge: its cable is in the bridge"
serve b1 bridged
is "$(fetch 10.78.0.2) $(fetch fd78::2)" "bridged bridged" \
	"bridge: the host reaches it, by IPv4 and IPv6"
is "$(vctx exec b1 -- $G ip route | grep -c '^default via 10.78.0.1 dev eth0')" 1 \
	"bridge: it has its gateway"
is "$(vctx exec b1 -- $G sh -c 'ls /sys/class/net' | tr '\n' ' ')" "eth0 lo " \
	"bridge: its sysfs shows its own devices"
try vctx exec b1 -- $G ip address add 10.78.0.9/24 dev eth0
is "$STATUS" 2 "bridge: it cannot give itself an address"
vctx restart b1 --kill
serve b1 again
is "$(fetch 10.78.0.2)" again "bridge: a restart at once has the same device"
# What the host's end and the context's own may send: OUT IN.
rates() {
	echo 1 >/proc/sys/kernel/vserver/host_sees_all
	id=$(vctx show b1 --json | jq .id)
	for end in "nsenter -t $(vctx show b1 --json | jq .pid) -n tc qdisc show dev eth0" \
		"tc qdisc show dev vctx$id"; do
		rate=$($end | sed -n 's/^qdisc tbf.* rate \([^ ]*\) .*/\1/p')
		echo "${rate:-none}"
	done | tr '\n' ' '
	echo 0 >/proc/sys/kernel/vserver/host_sees_all
}
is "$(rates)" "none none " "bridge: no rate is limited"
vctx set b1 net.rate-out=8Mbit
vctx set b1 net.rate-in=1500kbit
is "$(rates)" "8Mbit 1500Kbit " "bridge: rates are limited while it runs"
is "$(fetch 10.78.0.2)" again "bridge: and what is slower arrives"
try env VCTX_FAIL_AT=set "$VT" set b1 net.rate-out=none net.rate-in=1Gbit
is "$STATUS: $(rates)" "1: 8Mbit 1500Kbit " "bridge: a set that fails changes no rate"
vctx set b1 net.rate-in=none
vctx restart b1 --kill
is "$(rates)" "8Mbit none " "bridge: they are there after a restart"
refuses 2 "vctx: set b1: net.rate-out has no meaning with net.mode=none
hint: set net.mode to bridge, routed or shared-address, or leave it out" \
	"bridge: a rate needs a network" vctx set b1 net.mode=none net.bridge=none net.gateway=none
vctx delete b1 --force

# --- routed ---

new r1 net.mode=routed net.address=10.79.0.2 net.address=fd79::2
serve r1 routed
is "$(fetch 10.79.0.2) $(fetch fd79::2)" "routed routed" \
	"routed: the host reaches it, by IPv4 and IPv6"
is "$(vctx exec r1 -- $G ping -c 1 -w 20 10.78.0.1 2>&1 | grep -c 'ping')" 1 \
	"routed: no raw sockets without the right"
$G httpd -f -p 10.78.0.1:80 -h /tmp/host &
control=$!
reaches() {
	[ "$(fetch_in r1 10.78.0.1)" = host ]
}
until_ok reaches
is "$?" 0 "routed: it reaches the host by its gateway"
kill $control
vctx delete r1 --force

# --- what fails ---

# Logs outlive their contexts.
rm -rf /var/log/vctx

in_space() {
	VCTX_FAIL_AT=$1 "$VT" run --rm f1 --root $ROOT -s net.mode=bridge \
		-s net.bridge=br7 -s net.address=10.78.0.3/24 -- /bin/true
}
in_set() {
	VCTX_FAIL_AT=$1 "$VT" run --rm f1 --root $ROOT -s net.mode=shared-address \
		-s net.address=10.77.0.1 -- /bin/true
}
gone() {
	[ "$(footprint)$(links)" = "$before" ] && [ "$(ls /proc/virtnet | grep -cE '^[0-9]+$')" = 0 ]
}
for how in in_space in_set; do
	for step in net private create ready init; do
		try $how $step
		matches "$STATUS: $STDERR" "125: vctx: run f1: *Input/output error" \
			"$how: a failure at $step is reported"
		until_ok gone
		is "$(footprint)$(links)" "$before" "$how: a failure at $step leaves nothing behind"
	done
done
refuses 125 "vctx: run f1: ip route add default via 10.99.0.1 dev eth0: Error: Nexthop has invalid gateway." \
	"what ip says is told" \
	vctx run --rm f1 --root $ROOT -s net.mode=bridge -s net.bridge=br7 \
	-s net.address=10.78.0.4/24 -s net.gateway=10.99.0.1 -- /bin/true
until_ok gone
is "$(footprint)$(links)" "$before" "nothing is left"
finish
