#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check what the report makes of the experiment scale: the table, the page
# and the claim that contexts scale further.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

# many PROFILE CONTEXTS DOMAINS: a run of scale in which there were that many of 1, 4
# and 64 contexts and domains; a third side did not run
many() {
	printf '{"t":"run","v":1,"run":"m1","accel":"kvm","suite":{"version":"0"},"seed":1,"argv":["test"],"started":"2026-01-01T00:00:00Z","machine":{"smp":1,"mem_mib":640},"plan":{"profile":"%s","experiment":"scale","sides":["xen-up","context-up","lxc-up"]}}\n' "$1"
	printf '{"t":"side","side":"%s-up","order":%s,"label":"%s"}\n' xen 60 "domains on <Xen>" context 30 contexts lxc 40 LXC
	for side in "context $2 1" "xen $3 50"; do
		# shellcheck disable=SC2086 # three words
		set -- $side
		for n in 1 4 64; do
			if [ $n -le "$2" ]; then
				cells "scale.start.$n" "$1-up" ns/op "${3}000" "${3}200" "${3}100"
				cells "scale.work.$n" "$1-up" ns/op "$((n + $3))00"
				cells "scale.stop.$n" "$1-up" ns/op "${3}500"
				[ $n -eq 1 ] || cells "scale.mem.$n" "$1-up" bytes "${3}000000"
			else
				printf '{"t":"verdict","bench":"scale.work.%s","side":"%s-up","status":"fail","why":"%s of %s were there: no <memory>"}\n' $n "$1" "$2" $n
			fi
		done
		cells scale.most "$1-up" instances "$2"
	done
	printf '{"t":"verdict","bench":"%s","side":"lxc-up","status":"dnr","why":"no package lxc"}\n' '*'
	end_record
}
many standard 64 6 >"$TMP/many.jsonl"
sh "$HERE/gen_run.sh" -b 1 -e 3 -n 3 >"$TMP/run.jsonl"

try "$R" table --ascii --width 110 --many "$TMP/many.jsonl" "$TMP/run.jsonl"
is "$STATUS|$STDERR" "0|" "a run of many instances beside another"
is "$(echo "$STDOUT" | sed -n '/^Many inst/,/^In (/p')" "Many instances
The whole machine has 640 MiB, hypervisor and domain 0 included. An instance is what the side's own tool
  starts; in it a process at rest and its helper, which do a fixed amount of work when all are told to at
  once. A domain has the least memory the stock kernel boots with, 48 MiB, and neither disk nor network. Run
  m1, profile standard.
              at once    memory    start (4)     stop (4)     work (1)     work (4)    work (64)
context-up      >= 64    1.0 MB     1.100 us     1.500 us     200.0 ns     500.0 ns     6.500 us
lxc-up           none         -            -            -            -            -            -
xen-up              6   50.0 MB     50.10 us     50.50 us     5.100 us     5.400 us            -
lxc-up: no package lxc
xen-up: 6 of 64 were there: no <memory>
In ( ) how many instances there are. Memory is for each, with the most there were. Start, stop and a unit of work in time." \
	"every side has a line, in its place, and why it ended"
claim() { # the verdict of the claim, and what was measured
	echo "$STDOUT" | tr '\n' ' ' | sed 's/  */ /g; s/.*ten times as far": \([^.]*\.[0-9]*\)\..*/\1/'
}
is "$(claim)" "CONFIRMED, at least 10.7" "64 contexts where 6 domains fit are ten times as many"
many standard 64 4 >"$TMP/more.jsonl"
try "$R" table --ascii --many "$TMP/more.jsonl" "$TMP/run.jsonl"
is "$(claim)" "CONFIRMED, at least 16.0" "with 4 they are sixteen times"
many standard 12 4 >"$TMP/few.jsonl"
try "$R" table --ascii --many "$TMP/few.jsonl" "$TMP/run.jsonl"
is "$(claim)" "REFUTED, 3.0" "12 contexts and no more are not"
many quick 64 4 >"$TMP/quick.jsonl"
try "$R" table --ascii --many "$TMP/quick.jsonl" "$TMP/run.jsonl"
is "$(claim)" "UNDECIDED, at least 16.0" "the profile quick decides nothing"
many standard 64 64 >"$TMP/room.jsonl"
try "$R" table --ascii --many "$TMP/room.jsonl" "$TMP/run.jsonl"
matches "$STDOUT" '*ten times as far": NOT MEASURED. The hypervisor had room*' "nor does a hypervisor with room for all"
try "$R" table --ascii "$TMP/run.jsonl"
matches "$STDOUT" '*ten times as far": NOT MEASURED. Needs a run*' "without such a run nothing is claimed"

"$R" html --many "$TMP/many.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with many instances"
is "$(sed -n '/id="many"/,/<\/section>/p' "$TMP/page.html" | grep -o '<tr><th scope="row">[a-z-]*<small>[^/]*</small></th><td>[^<]*</td>')" \
	'<tr><th scope="row">context-up<small>contexts</small></th><td>&#8805; 64</td>
<tr><th scope="row">lxc-up<small>LXC</small></th><td>none</td>
<tr><th scope="row">xen-up<small>domains on &lt;Xen&gt;</small></th><td>6</td>' "and who had how many"
refuses 1 "bhreport: --many: $TMP/run.jsonl is no run of the experiment scale" \
	"another run is none of many instances" "$R" html --many "$TMP/run.jsonl" "$TMP/run.jsonl"

# isolate CONTEXT XEN: the same run with what contexts and domains keep, in %
isolate() {
	sed '$d' "$TMP/many.jsonl"
	cells isolate.fork context-up % 100 99
	cells isolate.cpu context-up % "$1"
	cells isolate.cpu xen-up % "$2"
	echo '{"t":"verdict","bench":"isolate.fork","side":"xen-up","status":"fail","why":"it did not end"}'
	tail -n 1 "$TMP/many.jsonl"
}
claim3() {
	echo "$STDOUT" | tr '\n' ' ' | sed 's/  */ /g; s/.*almost as well": \([^.]*\)\..*/\1/'
}
isolate 98 97 >"$TMP/isolate.jsonl"
try "$R" table --ascii --width 110 --many "$TMP/isolate.jsonl" "$TMP/run.jsonl"
is "$(echo "$STDOUT" | sed -n '/^Beside a hostile/,/^xen-up/p' | sed '1,/did not answer/d')" \
	"                    cpu       fork
context-up            2       0..1
lxc-up                -          -
xen-up                3          -" "what instances keep beside a hostile one"
is "$(claim3)" "UNDECIDED, 98 % kept" "which does not decide it, as long as some nuisances are not tried"
isolate 80 97 >"$TMP/lost.jsonl"
try "$R" table --ascii --many "$TMP/lost.jsonl" "$TMP/run.jsonl"
is "$(claim3)" "REFUTED, 80 % kept" "but a loss does"
"$R" html --many "$TMP/isolate.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with a hostile instance"
grep -v scale "$TMP/isolate.jsonl" | sed '1s/"experiment":"[a-z]*"/"experiment":"scale"/' >"$TMP/alone.jsonl"
head -n 1 "$TMP/isolate.jsonl" | cat - "$TMP/alone.jsonl" | awk '!seen[$0]++' >"$TMP/alone2.jsonl"
try "$R" table --ascii --many "$TMP/alone2.jsonl" "$TMP/run.jsonl"
is "$STATUS $(echo "$STDOUT" | grep -c '^Many inst') $(echo "$STDOUT" | grep -c '^Beside a hostile')" "0 0 1" \
	"either half can be there alone"

# Spread, answers, the cold start, and nuisances that a side was not exposed to.
{
	sed '$d' "$TMP/isolate.jsonl"
	for s in "context-up 100 10" "xen-up 300 90"; do
		# shellcheck disable=SC2086 # words
		set -- $s
		cells scale.fast.4 "$1" ns/op "$2"
		cells scale.mid.4 "$1" ns/op $(($2 + 50))
		cells scale.slow.4 "$1" ns/op $(($2 + 200))
		cells scale.rest.4 "$1" ns/op "${3}00"
		cells scale.idle.4 "$1" ns/op "${3}00" "${3}20" "${3}90"
		cells scale.busy.4 "$1" ns/op "${3}0000"
	done
	cells scale.cold context-up ns/op 5000000
	echo '{"t":"verdict","bench":"scale.cold","side":"xen-up","status":"skip","why":"the <clock> leaps"}'
	cells isolate.disk context-up % 97
	cells isolate.touch context-up % 99
	echo '{"t":"verdict","bench":"isolate.disk","side":"xen-up","status":"skip","why":"no disk in it"}'
	tail -n 1 "$TMP/isolate.jsonl"
} >"$TMP/spread.jsonl"
try "$R" table --ascii --width 110 --many "$TMP/spread.jsonl" "$TMP/run.jsonl"
is "$(echo "$STDOUT" | sed -n '/^Spread of many/,/cold start/p' | sed '/^  /d; /^Spread/d; /^A unit/d')" \
	"context-up       4   100.0 ns   150.0 ns   300.0 ns   1.000 us   1.020 us   100.0 us
xen-up           4   300.0 ns   350.0 ns   500.0 ns   9.000 us   9.020 us   900.0 us
context-up, cold start: 5.000 ms" "fastest, median and slowest, and how soon an instance answers"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" "*Undecided because not tried: a fork bomb, a storm of small files, a network that is sent to, a network that is received from, a disk that is read, a storm of small files on a disk, not tried on Xen: *" \
	"what was tried is not called untried"
"$R" html --many "$TMP/spread.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with spread"
is "$(sed -n '/id="spread"/,/<\/section>/p' "$TMP/page.html" | grep -o '<tr><th scope="row">.*' |
	sed 's|</td>|;|g; s|<[^>]*>| |g; s|  *| |g; s| *; *|;|g; s|^ ||; s|\xc2\xb5|u|g')" \
	"context-up 5.000 ms;100.0 ns;150.0 ns;300.0 ns;1.000 us;1.020 us {1.000 us 1.090 us} n=3;100.0 us;
lxc-up -;-;-;-;-;-;-;
xen-up the &lt;clock&gt;leaps;300.0 ns;350.0 ns;500.0 ns;9.000 us;9.020 us {9.000 us 9.090 us} n=3;900.0 us;" \
	"and has all of it, or why not"
is "$(sed -n '/id="isolate"/,/<\/section>/p' "$TMP/page.html" | grep -c '<td class="why">no disk in it</td>')" 1 \
	"a nuisance that a side cannot have says why"

# The footprint is in the records of the main run.
{
	sed '$d' "$TMP/run.jsonl"
	echo '{"t":"footprint","part":"stock kernel","file":6571008,"text":16286762,"data":3584436,"bss":1261572}'
	echo '{"t":"footprint","part":"our kernel","file":6607872,"lines":6865,"changed":520,"text":16305999,"data":3584196,"bss":1245188}'
	echo '{"t":"footprint","part":"<keel>","lines":9420}'
	tail -n 1 "$TMP/run.jsonl"
} >"$TMP/foot.jsonl"
try "$R" table --ascii --width 110 "$TMP/foot.jsonl"
is "$(echo "$STDOUT" | sed -n '/^Footprint/,/^Contexts add/p')" "Footprint
                            code      data    zeroed      file     lines   changed
stock kernel            16.29 MB   3.58 MB   1.26 MB   6.57 MB         -         -
our kernel              16.31 MB   3.58 MB   1.25 MB   6.61 MB      6865       520
<keel>                         -         -         -         -      9420         -
Contexts add 19237 bytes of code and constants to the kernel of the test machine; its data, which the linker" \
	"the footprint has a line for every part, and what the patches add"
"$R" html "$TMP/foot.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with a footprint"
is "$(grep -c '<h2>Footprint' "$TMP/page.html") $(grep -c '&lt;keel&gt;</th><td>-</td><td>-</td><td>-</td><td>-</td><td>9420</td>' "$TMP/page.html")" "1 1" \
	"and a section with them"
sed 's/"text":16305999/"text":-1/' "$TMP/foot.jsonl" >"$TMP/bad.jsonl"
try "$R" table "$TMP/bad.jsonl"
matches "$STATUS|$STDERR" "1|*\"text\" of footprint \"our kernel\" is no size*" "a size below nothing is refused"

try "$R" table --ascii "$TMP/many.jsonl"
is "$STATUS $(echo "$STDOUT" | grep -c '^scale.work.64 ')" "0 1" "alone it has the usual table"

# A run of the experiment isolate: what the hostile one itself loses, when all is as
# before, who did not answer; two of them, and all kinds.
{
	head -n 1 "$TMP/many.jsonl" | sed 's/"experiment":"[a-z]*"/"experiment":"isolate"/'
	for kind in cpu bomb files touch send receive; do
		cells isolate.$kind context-up % 100
		cells isolate.$kind xen-up % 96
	done
	cells isolate.cpu.bad context-up % 40
	cells isolate.cpu.back context-up ns/op 0
	cells isolate.send.back context-up ns/op 5000000
	verdict() { echo "{\"t\":\"verdict\",\"bench\":\"$1\",\"side\":\"$2\",\"status\":\"dnr\",\"why\":\"it was made again\"}"; }
	verdict isolate.bomb.bad xen-up
	verdict isolate.touch lxc-up
	tail -n 1 "$TMP/many.jsonl"
} | awk '{ sub(/"run":"m1"/, "\"run\":\"i1\"") } 1' >"$TMP/iso.jsonl"
{
	head -n 1 "$TMP/iso.jsonl"
	cells isolate.disk context-up % 99
	cells isolate.storm context-up % 100
	cells isolate.read context-up % 98
	tail -n 1 "$TMP/iso.jsonl"
} >"$TMP/iso-disk.jsonl"
try "$R" table --ascii --width 110 --isolate "$TMP/iso.jsonl" --isolate "$TMP/iso-disk.jsonl" "$TMP/run.jsonl"
is "$(echo "$STDOUT" | sed -n '/did not answer/,/^lxc-up/p' | sed 1d | head -n 4)" \
	"                    cpu       bomb      files      touch       send    receive
xen-up            4 / -    4 / DNR      4 / -      4 / -      4 / -      4 / -
context-up       0 / 60      0 / -      0 / -      0 / -      0 / -      0 / -
lxc-up                -          -          -    DNR / -          -          -" "lost by the others and by the hostile one"
is "$(echo "$STDOUT" | grep -c '^context-up, as before after send: 5.000 ms$') $(echo "$STDOUT" | grep -c 'as before after')" "1 1" \
	"and how long afterwards, where that is not at once"
is "$(echo "$STDOUT" | grep -c 'loses at most 2 % under each of the [36] nuisances')" 2 "the promise, for each run"
is "$(claim3)" "UNDECIDED, 98 % kept" "the worst of both runs counts"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" "*because not tried on Xen: a disk that is written to, a disk that is read, a storm of*" \
	"and who was not through all of it decides nothing"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" "*three contexts kept 98 % of its work (nuisance: read)*" "and is named"
refuses 1 "bhreport: --isolate: $TMP/run.jsonl is no run of the experiment isolate" \
	"another run is none with a hostile instance" "$R" html --isolate "$TMP/run.jsonl" "$TMP/run.jsonl"
"$R" html --isolate "$TMP/iso.jsonl" --isolate "$TMP/iso-disk.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with two such runs"
is "$(grep -c '<section id="isolate2\{0,1\}">' "$TMP/page.html") $(grep -o '<small>itself DNR</small>' "$TMP/page.html" | wc -l)" "2 1" \
	"each has a section, and no answer is a result"
finish
