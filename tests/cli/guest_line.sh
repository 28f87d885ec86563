#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Weights of contexts where the device is full: eth0 leads to somebody who reads slowly.
# Counters of classes are compared with each other, not with a clock. Runs in the machine
# as the job's run.sh.
. /job/guest_lib.sh

# shellcheck disable=SC2016 # for the shell inside
FLOOD='exec 3>"/dev/udp/$0/9"; x=$(printf "%*s" "$1" ""); while :; do printf %s "$x" >&3; done'
flood() { # NAME: packets of 1400 bytes, for ever
	vctx exec "$1" -- /bin/bash -c "$FLOOD" 10.77.0.100 1400 2>/dev/null &
}
id() {
	printf '%x' "$(vctx show "$1" --json | jq .id)"
}
# state CLASS...: how many bytes each has sent, "none" if one has next to nothing waiting.
state() {
	tc -s class show dev eth0 | awk -v list="$*" '
		$1 == "class" { class = substr($3, 6) }
		$1 == "Sent" { sent[class] = $2 }
		$1 == "backlog" { waits[class] = $3 + 0 }
		END {
			n = split(list, class_of, " ")
			for (i = 1; i <= n; i++)
				if (waits[class_of[i]] < 30) { print "none"; exit }
			for (i = 1; i <= n; i++)
				printf "%d ", sent[class_of[i]]
		}'
}
# share CLASS CLASS...: what each sends, in hundredths of what the first does, of the
# next 2 million bytes that go out while each has more than it can send: a share means
# something only then, and a busy host's flood can be a trickle.
share() {
	share_n=0 share_was=none share_got=
	while [ -z "$share_got" ] && [ $share_n -lt 1200 ]; do
		share_now=$(state "$@")
		if [ "$share_now" = none ] || [ "$share_was" = none ]; then
			share_was=$share_now
		else
			share_got=$(echo "$share_was $share_now" | awk '{
				for (i = 1; i <= NF / 2; i++) sum += got[i] = $(i + NF / 2) - $i
				if (sum >= 2000000)
					for (i = 1; i <= NF / 2; i++)
						printf "%d ", got[1] ? got[i] * 100 / got[1] : 0 }')
		fi
		share_n=$((share_n + 1))
		sleep 0.1
	done
	echo "$share_got"
}
near() { # WANTED...: are the shares within a quarter of what they should be?
	near=
	for want; do
		near="$near $want"
	done
	# shellcheck disable=SC2086 # lists
	printf '%s\n' $near $got | awk -v n=$# 'NR <= n { want[NR] = $1; next }
		{ if ($1 < want[NR - n] * 0.75 || $1 > want[NR - n] * 1.25) bad = 1; m++ }
		END { print bad || m != n ? "not near" : "near" }'
}

# Two hundred packets wait in the device itself; a socket may have more than these, or
# none of its would wait in front of it.
echo 4194304 >/proc/sys/net/core/wmem_default
ip address add 10.77.0.1/24 dev eth0
ip link set eth0 up
# Nobody answers there.
ip neighbour add 10.77.0.100 lladdr 02:00:00:00:00:64 dev eth0
ip neighbour add 10.77.0.101 lladdr 02:00:00:00:00:65 dev eth0
ip route add default via 10.77.0.101
echo 1 >/proc/sys/net/ipv4/ip_forward
new s1 net.mode=shared-address net.address=10.77.0.1/24 net.weight=10
new r1 net.mode=routed net.address=10.79.0.2 net.weight=40
new r2 net.mode=routed net.address=10.79.0.3 net.weight=40
s1=$(id s1) r1=$(id r1) r2=$(id r2)

flood r2
flood r1
vctx set r2 net.weight=10
r2=$(id r2)
got=$(share "$r2" "$r1")
is "$(near 100 400)" near "two with a cable, weights 1:4: $got"
vctx set r2 net.weight=40
got=$(share "$r2" "$r1")
is "$(near 100 100)" near "as many bytes with the same weight: $got"
flood s1
got=$(share "$s1" "$r1" "$r2")
is "$(near 100 400 400)" near "beside one with a shared address, 1:4:4: $got"
vctx set s1 net.weight=40
vctx set r1 net.weight=10
got=$(share "$r1" "$s1" "$r2")
is "$(near 100 400 400)" near "live, the other way round: $got"
for name in s1 r1 r2; do
	vctx delete $name --force
done
wait
is "$(tc qdisc show dev eth0 | grep -c htb)" 0 "nothing is left at the device"
finish
