#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check what the report makes of a run of real work beside the main one.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

sh "$HERE/gen_run.sh" -b 1 -e 3 -n 3 >"$TMP/run.jsonl"
{
	run_record tcg-icount ',"icount_shift":0' | sed 's/"native-up","context-up"/"native-up","context-up","xen-up"/; s/"run":"r1"/"run":"work-1"/'
	for s in "native-up 1000" "context-up 1010" "xen-up 1500"; do
		# shellcheck disable=SC2086 # words
		set -- $s
		cells macro.compile "$1" ns/op "$2" "$2" "$2"
		cells macro.tar "$1" ns/op "${2}0" "${2}0" "${2}0"
	done
	cells macro.mail native-up ns/op 5 5 5
	echo '{"t":"verdict","bench":"macro.mail","side":"xen-up","status":"skip","why":"no postmark here"}'
	end_record
} >"$TMP/macro.jsonl"
try "$R" table --ascii --width 110 --boot-resamples 200 --macro "$TMP/macro.jsonl" "$TMP/run.jsonl"
is "$STATUS|$STDERR" "0|" "a run of real work beside another"
is "$(echo "$STDOUT" | sed -n '/^Real work/,/^From the run/p' | sed '1d; /^  /d; /^---/d; s/  */ /g; s/{[^}]*} //g')" \
	"macro.compile 1.000k 1.0100 = 1.5000 +
macro.mail 5.000 no record skip
macro.tar 10.00k 1.0100 = 1.5000 +
From the run work-1. Geometric means: context-up 1.0100, xen-up 1.5000" \
	"the terminal has its rows, against its own baseline"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" \
	"*single kernel operations; real work (2 rows) needs 1.485 times as much on the hypervisor.*" \
	"and the claim of efficiency says what real work costs"
"$R" html --boot-resamples 200 --macro "$TMP/macro.jsonl" "$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page with real work"
is "$(grep -c '<h2>Real work' "$TMP/page.html") $(grep -c 'another run, <code>work-1</code>' "$TMP/page.html")" "1 1" \
	"the page has a section, which says where it is from"
is "$(sed -n '/id="g-macro"/,/<\/section>/p' "$TMP/page.html" | grep -c 'title="no postmark here"')" 1 \
	"a row without a result says why"
is "$(sed -n '/id="published"/,/<\/section>/p' "$TMP/page.html" | grep 'compiling (theirs' | grep -o '<td><b>1.[05][0-9]*</b></td>' | tr -d '\n')" \
	"<td><b>1.0100</b></td><td><b>1.5000</b></td>" "and stands beside what was published"
try "$R" table --ascii --boot-resamples 200 "$TMP/run.jsonl"
is "$(echo "$STDOUT" | grep -c '^Real work')$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ' | grep -c 'no application was run')" 01 \
	"without such a run it says that no application was run"
# --- a stream over a network is an experiment of its own
{
	run_record tcg-icount ',"icount_shift":0' | sed 's/"native-up","context-up"/"native-up","context-up","xen-up"/; s/"run":"r1"/"run":"net-1"/'
	for s in "native-up 1000" "context-up 1020" "xen-up 4000"; do
		cells macro.net.tx.1500 "${s% *}" ns/op "${s#* }" "${s#* }" "${s#* }"
	done
	end_record
} >"$TMP/net.jsonl"
try "$R" table --ascii --width 110 --boot-resamples 200 --macro "$TMP/macro.jsonl" \
	--macro-net "$TMP/net.jsonl" "$TMP/run.jsonl"
is "$STATUS|$STDERR" "0|" "a run of streams beside others"
is "$(echo "$STDOUT" | sed -n '/^A stream over a network/,/^From the run/p' | sed '1d; /^  /d; /^---/d; s/  */ /g; s/{[^}]*} //g; /^One end is in/,/every number.$/d')" \
	"macro.net.tx.1500 1.000k 1.0200 = 4.0000 +
From the run net-1. Geometric means: context-up 1.0200, xen-up 4.0000" "the terminal has a table of them"
is "$(echo "$STDOUT" | sed -n '/^Real work/,/^From the run/p' | grep -c '^macro\.net')" 0 "and not in that of real work"
"$R" html --boot-resamples 200 --macro "$TMP/macro.jsonl" --macro-net "$TMP/net.jsonl" "$TMP/run.jsonl" >"$TMP/net.html"
sound "$TMP/net.html" "the page with them"
is "$(grep -c '<section id="g-macro">' "$TMP/net.html") $(grep -c '<section id="g-macro-net">' "$TMP/net.html")" "1 1" \
	"it has a section for each"
try "$R" csv --boot-resamples 200 --macro "$TMP/macro.jsonl" --macro-net "$TMP/net.jsonl" "$TMP/run.jsonl"
is "$STATUS $(echo "$STDOUT" | grep '^"macro.net.tx.1500","xen-up"' | cut -d, -f17-18)" '0 "native-up",4' \
	"the CSV has its cells"
try "$R" markdown --boot-resamples 200 --macro "$TMP/macro.jsonl" --macro-net "$TMP/net.jsonl" "$TMP/run.jsonl"
is "$STATUS $(echo "$STDOUT" | grep -c '^### A stream over a network') $(echo "$STDOUT" | grep -c '^| macro.net.tx.1500 |.*4.0000 .* slower |$')" \
	"0 1 1" "and so has the Markdown"
refuses 1 "bhreport: --macro-net: $TMP/macro.jsonl is no run of the experiment macro-net" \
	"real work is no stream" "$R" html --macro-net "$TMP/macro.jsonl" "$TMP/run.jsonl"
refuses 1 "bhreport: --macro: $TMP/run.jsonl is no run of the experiment macro" "another run is none of real work" \
	"$R" html --macro "$TMP/run.jsonl" "$TMP/run.jsonl"
finish
