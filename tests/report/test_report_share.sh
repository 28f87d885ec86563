#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check what the report makes of the experiment share: the numbers,
# the goals, the figure, and what it does not accept.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

sh "$HERE/gen_share.sh" >"$TMP/share.jsonl"
sh "$HERE/gen_share.sh" -a tcg-icount -n 1 >"$TMP/share-up.jsonl"
sh "$HERE/gen_run.sh" -b 1 -e 3 -n 3 >"$TMP/run.jsonl"
is "$(awk 'length > 4095' "$TMP/share.jsonl" | wc -l)" 0 "the records are below 4 KB"

try "$R" table --ascii --width 100 "$TMP/share.jsonl"
is "$STATUS|$STDERR" "0|" "a run of shares alone has a table"
is "$STDOUT" "
CPU shares  (EMULATED: timing not meaningful)
2 CPUs, accel tcg (emulated, running free: shares are from the guest's own accounting, and the
  host's other work shows); load of the host while it ran, our own machine included: up to 0.2. Run
  s2, profile standard.
Error of a share against its entitlement in the worst window, lag, Jain's index, work done:
  smallest..largest of the repeats. ! the median misses its goal.
                        E 1 s         E 10 s             lag            Jain          work  n
weights 1:3, 2 threads each
  cgroup-smp    8.00..10.0 %!  8.00..10.0 %!    480..600 ms! 0.9958..0.9973!        1.000   2
  context-smp         0.00 %         0.00 %          0.0 ms          1.0000             -   2
  xen-smp      DNR: no <hypervisor> here" "with every number and every goal that is missed"

try "$R" summary "$TMP/share.jsonl"
is "$(echo "$STDOUT" | jq -c 'select(.side == "cgroup-smp") | [.t, .by, .repeats, .["e1"].min, .["e1"].max, .lag.max, .misses]')" \
	'["share","cgroup",2,0.08,0.1,600000000,["e1","e10","lag","jain"]]' "the summary has them, too"
is "$(echo "$STDOUT" | jq -c 'select(.side == "xen-smp") | [.status, .why]')" '["dnr","no <hypervisor> here"]' \
	"and why there are none"
jq -c 'if .t == "series" and .phase == "share" then .self_ns = 240000000 else . end' "$TMP/share.jsonl" >"$TMP/self.jsonl"
try "$R" summary "$TMP/self.jsonl"
is "$(echo "$STDOUT" | jq -c 'select(.side == "cgroup-smp") | .wc.median * 1000 | round')" 1010 \
	"what the sampler used is not lost"
sed 's/share\.cpu\.1-3\.t2/share.cpu.wake/g' "$TMP/share.jsonl" |
	jq -c 'if .t == "series" and .inst == 0 then .duty = 0.1 | .p99_ns = 4e6 + 1e6 * .exec + if .side == "context-smp" then 1e6 else 0 end else . end' >"$TMP/wake.jsonl"
try "$R" summary "$TMP/wake.jsonl"
is "$(echo "$STDOUT" | jq -c 'select(.p99) | [.side, .p99.min, .p99.max, .misses]' | tr '\n' ' ')" \
	'["cgroup-smp",5000000,6000000,[]] ["context-smp",6000000,7000000,["p99"]] ' \
	"of one that mostly sleeps the latency is judged, its share is not"
sh "$HERE/gen_share.sh" -d >"$TMP/disk.jsonl"
try "$R" table --ascii --width 120 "$TMP/disk.jsonl"
is "$(echo "$STDOUT" | sed '1,/^  repeats/d; /^ *E 1 s/d; /^4 KiB/,$d')" "weights 1:3, requests at a time 1-32
  cgroup-smp    8.00..10.0 %!  8.00..10.0 %!    240..300 ms  0.9958..0.9973         1.000       500    8.0..10.0 ms!              -               -   2
  context-smp         0.00 %         0.00 %          0.0 ms          1.0000             -       500    8.0..10.0 ms!              -               -   2
  xen-smp      DNR: no <hypervisor> here" "a disk has requests per second and a latency"
is "$(echo "$STDOUT" | sed '1,/^4 KiB/d; s/  *- / /g; s/  */ /g')" " cgroup-smp 300 ms 15.0! 2
 context-smp 100 ms 5.0 2
 xen-smp no record: nothing was recorded" "and calls of fsync their time beside a writer and alone"
jq -c 'if .sync_ns then .sync_ns[3] = 0 else . end' "$TMP/disk.jsonl" >"$TMP/zero.jsonl"
try "$R" summary "$TMP/zero.jsonl"
matches "$STATUS $STDERR" "1 *\"sync_ns\" must hold times*" "an fsync takes some time"
"$R" html --share "$TMP/share.jsonl" --share "$TMP/disk.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with shares of CPUs and of a disk"
is "$(grep -c '<h2>Disk shares' "$TMP/page.html") $(grep -c '<h2>CPU shares' "$TMP/page.html")" "1 1" \
	"and a section for each"
refuses 1 "bhreport: html: a run of the experiment share has a table and a summary only
hint: 'bhreport html --share' shows it beside another run" "it has no page of its own" \
	"$R" html "$TMP/share.jsonl"
refuses 1 "bhreport: --share: $TMP/run.jsonl is no run of the experiment share" \
	"another run is none of shares" "$R" html --share "$TMP/run.jsonl" "$TMP/run.jsonl"

jq -c 'if .t == "series" and .side == "cgroup-smp" then .t_ns[50:] |= map(. + 2e7) else . end' \
	"$TMP/share.jsonl" >"$TMP/late.jsonl"
try "$R" table --ascii --width 100 "$TMP/late.jsonl"
matches "$STDOUT" "*DISTURBED: the host was too*
*cgroup-smp *10.0 %  * 2  disturbed
  context-smp * 2
*" "what a busy host has disturbed is marked and not judged"
{
	cat "$TMP/share.jsonl"
	echo '{"t":"verdict","bench":"share.cpu.1-3.t2","side":"cgroup-smp","status":"invalid","why":"another program"}'
} >"$TMP/invalid.jsonl"
matches "$("$R" table --ascii "$TMP/invalid.jsonl")" "*  cgroup-smp   invalid: another program
*" "what is invalid is not used"
jq -c '.accel |= (if . then "tcg-icount" else . end) | if .t == "run" then .icount_shift = 3 else . end' \
	"$TMP/late.jsonl" >"$TMP/counted.jsonl"
is "$("$R" summary "$TMP/counted.jsonl" | jq -c 'select(.side == "cgroup-smp") | .disturbed')" false \
	"counted instructions are not disturbed"

"$R" html --share "$TMP/share-up.jsonl" --share "$TMP/share.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with two runs of shares"
is "$(grep -c '<h2>CPU shares' "$TMP/page.html")" 2 "one section for each"
is "$(grep -c '<title>Share over time, weights 1:3, 2 threads each, [12] CPU' "$TMP/page.html")" 2 \
	"a figure in each"
is "$(grep -c 'class="emub"' "$TMP/page.html")" "$(grep -c '<svg viewBox' "$TMP/page.html")" \
	"every figure has the banner"
sed -n '/<section id="share-2">/,/<\/section>/p' "$TMP/page.html" >"$TMP/section"
is "$(grep -c 'role="note">SYNTHETIC TEST DATA. EMULATED: timing' "$TMP/section")" 1 "the table of shares has its run's"
is "$(sed -n '/<section id="share-1">/,/<\/section>/p' "$TMP/page.html" |
	grep -c 'role="note">SYNTHETIC TEST DATA. EMULATED: instruction counts')" 1 "of either accelerator"
is "$(grep -c 'stroke-dasharray="4 3" d="M' "$TMP/section")" 4 "the entitlement is dashed, per weight and side"
is "$(grep -o 'Jain [0-9.]*' "$TMP/section" | sort -u | tr '\n' ';')" "Jain 0.9965;Jain 1.0000;" \
	"Jain's index is in the figure"
matches "$(cat "$TMP/section")" "*DNR<small>no &lt;hypervisor&gt; here*" "a side without results says why"
"$R" table --ascii --share "$TMP/share.jsonl" "$TMP/run.jsonl" >"$TMP/table"
is "$(grep -c '^  cgroup-smp .*8.00..10.0 %!' "$TMP/table")" 1 "the terminal table has a section"

# --- what an interrupted run left undone and a resumed one has done
{
	run_record tcg
	echo '{"t":"verdict","bench":"sys.a","side":"native-up","status":"skip","why":"interrupted before it ran"}'
	echo '{"t":"verdict","bench":"sys.b","side":"native-up","status":"skip","why":"not here"}'
	echo '{"t":"event","side":"*","kind":"resume","at_ns":5}'
	cells sys.a native-up ns/op 10 10 10
	end_record
} >"$TMP/resumed.jsonl"
is "$("$R" summary "$TMP/resumed.jsonl" | jq -r 'select(.t == "cell" and .side == "native-up") | "\(.bench) \(.status)"' | tr '\n' ' ')" \
	"sys.a ok sys.b skip " "a resumed run makes up for what was interrupted"

# --- input that is wrong
wrong() { # JQ-EDIT TEXT DESCRIPTION
	jq -c "if .t == \"series\" then $1 else . end" "$TMP/share.jsonl" >"$TMP/wrong.jsonl"
	try "$R" table "$TMP/wrong.jsonl"
	is "$STATUS|$STDERR" "1|bhreport: $TMP/wrong.jsonl:3: $2" "$3"
}
wrong '.t_ns = [1]' '"t_ns" and "service_ns" must be arrays of the same length' "arrays that do not match"
wrong '.t_ns[5] = 1' '"t_ns" goes back at sample 5' "time that goes back"
wrong '.service_ns[9] = 1' '"service_ns" goes back at sample 9' "an account that goes back"
wrong '.service_ns[5] = "x"' '"t_ns" and "service_ns" must hold integers' "a word among the numbers"
wrong '.inst = 7' 'a series of no instance, CPU, weight or thread' "an instance that there is not"
wrong '.from = 90' 'samples from 90 of a series without those before' "a piece without its beginning"
wrong 'del(.weight)' '"weight" must be an integer from 0 to 2147483647' "no weight"
wrong '.floor = -1' '"floor" is negative' "a negative floor"
jq -c 'select(.t != "series" or .inst == 0)' "$TMP/share.jsonl" >"$TMP/half.jsonl"
try "$R" table --ascii "$TMP/half.jsonl"
matches "$STATUS|$STDOUT" "0|*cgroup-smp*no record: nothing was recorded*" "a case with an instance missing is no result"
finish
