#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check bscale with plain processes as instances: its records, its file of
# places, and what it says and leaves when an instance cannot be had. What it
# measures is tested in the machine.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/scale" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bscale builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
B=$OUT/bench/bin/bscale
W=$TMP/wire
hint="; try 'bscale --help'"

is "$("$B" --list | cut -d' ' -f1 | sort | uniq -d)" "" "no id twice"
is "$("$B" --list | awk '$1 !~ /^(scale|isolate)\./ || ($2 != "ns/op" && $2 != "bytes" && $2 != "instances" && $2 != "%")')" "" \
	"--list has ids and units"
"$B" --help >"$TMP/help"
is "$? $(awk 'length > 80' "$TMP/help")" "0 " "--help fits a terminal"
refuses 2 "bscale: which rows? ''$hint" "no row" "$B"
refuses 2 "bscale: no --places for 'all'$hint" "no places" "$B" all
refuses 2 "bscale: unknown option '--fly'$hint" "an unknown option" "$B" --fly
refuses 2 "bscale: no value for '--places'$hint" "an option without its value" "$B" --places
refuses 2 "bscale: $TMP/none: No such file or directory" "places that are not there" "$B" --places "$TMP/none" all
refuses 2 "bscale: --instance needs a number up to 1023 after '$W'$hint" "an instance without a number" \
	"$B" --instance "$W" 1024
refuses 1 "bscale: instance 3: $W/in.3: No such file or directory" "an instance without a wire" \
	"$B" --instance "$W" 3
places() {
	printf '%s\n' "$@" >"$TMP/places"
}
places "start true" "hop"
refuses 2 "bscale: $TMP/places: what is 'hop '?" "a line without meaning" "$B" --places "$TMP/places" all
places "start true" "wire string $W"
refuses 2 "bscale: $TMP/places: what is 'wire string $W'?" "a wire that does not exist" "$B" --places "$TMP/places" all
places "wire fifo $W"
refuses 2 "bscale: $TMP/places: it needs the lines start and wire" "no way to start" "$B" --places "$TMP/places" all
places "start $B --instance $W %d --detach" "wire fifo $W"
refuses 2 "bscale: no row 'scale.mem.1'$hint" "memory of one instance is no row" \
	"$B" --places "$TMP/places" scale.mem.1

# left DESCRIPTION: no instance and no pipe outlives a run
left() {
	is "$(pgrep -f -- "bscale --instance $W" || true)$(ls "$W")" "" "$1: nothing is left"
}

try "$B" --places "$TMP/places" scale.most scale.stop.2 scale.start.2 scale.work.1 scale.work.4 scale.mem.4
is "$STATUS $STDERR" "0 " "plain processes: it ends well"
is "$(echo "$STDOUT" | jq -r '"\(.t) \(.bench) \(.unit) \(.ops)"')" "sample scale.work.1 ns/op 16
sample scale.start.2 ns/op 2
sample scale.stop.2 ns/op 2
sample scale.work.4 ns/op 64
sample scale.mem.4 bytes 4
sample scale.most instances 1" "every row once, from few to many"
is "$(echo "$STDOUT" | jq -c 'select(.bench == "scale.most").value, select(.unit == "ns/op" and .value <= 0)')" 4 \
	"all four were there, and everything took time"
left "plain processes"

try "$B" --places "$TMP/places" isolate.fork isolate.files
# A busy host is a nuisance too, and then it says so.
is "$(echo "$STDOUT" | jq -r '"\(.bench) \(if .t == "sample" then "\(.unit) \(.value > 0)" elif
	(.why | test("units are in time$")) then "% true" else .why end)"')" "isolate.fork % true
isolate.files % true" "what is left of three instances' work"
left "beside a nuisance"

# A network, of the loopback; the parts of a kind; a bomb that ends.
try "$B" --places "$TMP/places" isolate.send isolate.receive
is "$(echo "$STDOUT" | jq -r '"\(.bench) \(.status) \(.why)"')" "isolate.send skip these instances have no network
isolate.receive skip these instances have no network" "without a network nobody is a nuisance to it"
echo "halt pkill -KILL -f -- instance.$W.%d.--detach" >>"$TMP/places"
if echo "net 127.0.0. 10" >>"$TMP/places" && [ "$(id -u)" -eq 0 ]; then
	try "$B" --places "$TMP/places" --phases 2 isolate.send isolate.send.bad isolate.send.back isolate.receive
	is "$(echo "$STDOUT" | jq -r '"\(.bench) \(if .t == "sample" or .status == "dnr" or (.why | test("units are in time$|does not answer|did not answer"))
		then .unit // "why" else .why end)"' | sed 's/ why$/ %/; s/back %/back ns\/op/')" "isolate.send %
isolate.send.bad %
isolate.send.back ns/op
isolate.receive %" "beside one that sends, and one that is sent to"
	left "a network"
else
	skip "beside one that sends, and one that is sent to" "real-time priority needs root"
fi
places "start $B --instance $W %d --detach" "wire fifo $W"

# Spread and answers; the cold start drops what the host has in memory, so not here.
try "$B" --places "$TMP/places" --counted scale.cold scale.fast.3 2>&1
is "$STATUS" 2 "three is no size"
try "$B" --places "$TMP/places" --counted scale.cold scale.fast.4 scale.mid.4 scale.slow.4 \
	scale.rest.2 scale.idle.2 scale.busy.2
is "$STATUS $STDERR" "0 " "spread and answers: it ends well"
is "$(echo "$STDOUT" | jq -r '"\(.bench) \(.why // .unit)"' | uniq -c | sed 's/^ *//')" \
	"1 scale.cold this clock leaps while the machine waits for its disk
12 scale.rest.2 ns/op
12 scale.idle.2 ns/op
12 scale.busy.2 ns/op
1 scale.fast.4 ns/op
1 scale.mid.4 ns/op
1 scale.slow.4 ns/op" "each answer is a sample, a cold start is not counted"
is "$(echo "$STDOUT" | jq -s '[.[] | select(.bench | test("fast|mid|slow"))] | sort_by(.bench | {f: 1, m: 2, s: 3}[.[6:7]]) |
	map(.value) | . == sort and .[0] > 0')" true "the slowest is not faster than the median, nor that than the fastest"
is "$("$B" --list | awk '$1 ~ /^scale.(fast|mid|slow|rest|idle|busy).1$/')" "" "one instance has no spread"
left "spread and answers"

# A disk: not without one, and nothing is left on it.
try "$B" --places "$TMP/places" isolate.disk
is "$STATUS $(echo "$STDOUT" | jq -r '"\(.status) \(.why)"')" "0 skip these instances have no disk" \
	"without a disk nobody is a nuisance to it"
mkdir "$TMP/disk"
echo "disk $TMP/disk" >>"$TMP/places"
try "$B" --places "$TMP/places" isolate.disk
is "$(echo "$STDOUT" | jq -r '"\(.bench) \(if .t == "sample" then "\(.unit) \(.value > 0)" elif
	(.why | test("units are in time$")) then "% true" else .why end)"')" "isolate.disk % true" "beside one that writes to a disk"
is "$(ls "$TMP/disk")" "" "and the disk is empty afterwards"
left "a disk"
places "start $B --instance $W %d --detach" "wire fifo $W"

# The tools: %d is the number, prepare and clean are called for each, free is read.
cat >"$TMP/tool" <<-'END'
	#!/bin/sh
	echo "$*" >>"$(dirname "$0")/calls"
	case $1 in
	free) echo 17 MiB ;;
	start) [ "$2" -lt "$(cat "$(dirname "$0")/room")" ] || { echo "first line"; echo "no room for $2" >&2; exit 3; }
		[ "$2" -ne 6 ] || { echo "hm"; echo "tool: Error: six" >&2; echo "sorry"; exit 1; }
		shift 2
		exec "$@" ;;
	stop) pkill -f -- "--instance $3 $2 " ;;
	esac
END
chmod 755 "$TMP/tool"
echo 9 >"$TMP/room"
: >"$TMP/calls"
places "# a remark" "" "prepare $TMP/tool prepare %d" "start $TMP/tool start %d $B --instance $W %d --detach" \
	"stop $TMP/tool stop %d $W" "clean $TMP/tool clean %d" "free $TMP/tool free" "wire fifo $W"
try "$B" --places "$TMP/places" scale.work.2
is "$STATUS $STDERR" "0 " "with tools: it ends well"
is "$(cut -d' ' -f1,2 "$TMP/calls" | tail -n +7 | tr '\n' ';')" \
	"free;prepare 0;start 0;prepare 1;start 1;free;stop 0;stop 1;clean 0;clean 1;" "each is called in its turn"
left "with tools"

echo 3 >"$TMP/room"
try "$B" --places "$TMP/places" scale.most scale.work.2 scale.work.8 scale.start.8 scale.work.16
is "$STATUS" 1 "no room: it says that something failed"
is "$(echo "$STDOUT" | jq -r '[.t, .bench, .status // .value, .why // ""] | join("|")' | sed 's/|[0-9.]*|$/|N|/')" \
	"sample|scale.work.2|N|
verdict|scale.start.8|fail|3 of 8 were there: start of instance 3: no room for 3
verdict|scale.work.8|fail|3 of 8 were there: start of instance 3: no room for 3
verdict|scale.work.16|skip|8 could not be had, and this is more
sample|scale.most|N|" "what was there has results, what was not has the tool's last word"
is "$(echo "$STDOUT" | jq 'select(.bench == "scale.most").value')" 3 "and three is the most"
left "no room"

echo 9 >"$TMP/room"
try "$B" --places "$TMP/places" scale.work.8
is "$STATUS $(echo "$STDOUT" | jq -r .why)" "1 6 of 8 were there: start of instance 6: tool: Error: six" \
	"of several lines the one with the error counts"
left "an error"

places "start /none/such %d" "wire fifo $W"
try "$B" --places "$TMP/places" scale.most scale.work.1
is "$STATUS $(echo "$STDOUT" | jq -r .why | sort -u)" \
	"1 0 of 1 were there: start of instance 0: /none/such: No such file or directory" "a tool that is not there"
left "a tool that is not there"
places "start true" "wire xenstore"
if [ -e /dev/xen/xenbus ]; then
	skip "no xenstore here" "this is a domain"
else
	try "$B" --places "$TMP/places" scale.work.1
	is "$STATUS $(echo "$STDOUT" | jq -r .why)" \
		"1 0 of 1 were there: /dev/xen/xenbus: No such file or directory" "no xenstore here"
fi
finish
