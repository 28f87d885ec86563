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
refuses 1 "bhreport: --macro: $TMP/run.jsonl is no run of the experiment macro" "another run is none of real work" \
	"$R" html --macro "$TMP/run.jsonl" "$TMP/run.jsonl"
finish
