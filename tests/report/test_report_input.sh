#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check what bhreport makes of odd, broken, empty and huge records:
# every form, with the sanitizers on, and the exact text of each refusal.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

if ! make -s -C "$TOP/hv-compare/compare/report" OUT="$OUT" san >"$TMP/build" 2>&1; then
	not_ok "sanitized bhreport builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
S=$OUT/compare/san/bhreport
cd "$TMP" || exit 1

# every_form FILE DESCRIPTION: all forms work and print real numbers only
every_form() {
	bad=
	for c in table html summary csv markdown; do
		"$S" $c --ascii --boot-resamples 200 "$1" >"$1.$c" 2>"$1.err" || bad="$bad $c: $(cat "$1.err")"
	done
	"$S" diff --boot-resamples 200 "$1" "$1" >"$1.diff" 2>"$1.err" || bad="$bad diff: $(cat "$1.err")"
	is "$bad" "" "$2: every form"
	sound "$1.html" "$2"
	for c in table summary csv markdown diff; do
		if grep -q -i -w -E -e '-?(nan|inf|infinity)' "$1.$c"; then
			not_ok "$2: real numbers in $c" "$(grep -i -w -E 'nan|inf' "$1.$c" | head -n 3)"
		fi
	done
	if command -v jq >/dev/null; then
		is "$(jq -e .t "$1.summary" 2>&1 >/dev/null)" "" "$2: summary.jsonl is JSON"
	fi
}
# refuses FILE TEXT DESCRIPTION: exit 1, that one line, no output
refuses() {
	out=$("$S" table "$1" 2>err)
	is "$?|$out|$(cat err)" "1||bhreport: $2" "$3"
}
says() { # FILE TEXT DESCRIPTION
	if grep -q -F -e "$2" "$1"; then ok "$3"; else not_ok "$3" "no '$2' in $1"; fi
}

# ------------------------------------------------------------------- no data
: >empty
refuses empty "empty: no run record: this is not a run.jsonl" "an empty file is refused"
refuses missing "cannot read missing: No such file or directory" "a missing file is refused"
refuses . "cannot read .: Is a directory" "a directory is refused"
head -c 3000 /dev/zero | tr '\0' '\001' >binary
echo >>binary
out=$("$S" table binary 2>&1)
matches "$?|$out" "1|bhreport: binary:1: not JSON: *" "a binary file is refused"
# bad_run: records on stdin after a good run record, into the file bad.  What
# follows must not be in the pipe: a subshell would lose the count.
bad_run() {
	{ run_record none; cat; } >bad
}

run_record none >only-run
every_form only-run "a run without records"
says only-run.table "No measured sample in these records." "it says so"
run_record none | sed 's|"native-up","context-up"]|&,"benches":["sys.a"]|' >planned
"$S" table --ascii planned >planned.table
says planned.table "native-up, no record: nothing was recorded (1 row: sys.a)" "what was planned and is not there is named"
says only-run.table "the run has no end record" "and that the run did not end"
printf '{"t":"run","v":1,"run":"r","accel":"none","suite":{},"seed":1,"argv":[],"started":"x","plan":{}}\n' >no-sides
refuses no-sides "no-sides: no side is planned or recorded" "a run without sides is refused"

# ---------------------------------------------------------- one sample, no CI
{
	run_record none
	sample sys.a native-up 1 0 0 ns/op 100
	sample sys.a context-up 1 0 0 ns/op 200
	end_record
} >one
every_form one "one sample per side"
says one.table "2.0000 {2.0000 2.0000} ?" "one timed execution decides nothing"
{
	run_record tcg-icount ',"icount_shift":2'
	for i in 0 1 2 3 4; do
		sample sys.a native-up 1 0 $i ns/op 400
		sample sys.a context-up 1 0 $i ns/op 40$i
	done
	end_record
} >counted
every_form counted "one execution, counted"
says counted.table " 100.0 " "shift 2: 400 ns are 100 instructions"
is "$(sed -n 's/.*"side":"context-up".*"ratio":\([0-9.]*\),.*"verdict":"\([a-z]*\)".*/\1 \2/p' counted.summary)" \
	"1.005 same" "a counted execution is judged by the range of its batches"
is "$(sed -n 's/.*"side":"native-up".*"unit":"\([^"]*\)".*"median":\([0-9.]*\),.*/\1 \2/p' counted.summary)" \
	"instr/op 100.0" "its unit is instructions, 2^-shift of a nanosecond"
says counted.html "EMULATED: instruction counts, not time" "and the page says so"

# ------------------------------------------------------------------- all DNR
{
	run_record kvm
	for s in native-up context-up; do
		echo '{"t":"verdict","bench":"sys.a","side":"'$s'","status":"dnr","why":"no answer in 120 s"}'
	done
	echo '{"t":"verdict","bench":"*","side":"xen-up","status":"skip","why":"no hypervisor"}'
	end_record
} >dnr
every_form dnr "all DNR"
says dnr.table "native-up, DNR: no answer in 120 s (1 row: sys.a)" "the reason is printed"
says dnr.table "xen-up, skip: no hypervisor (1 row: sys.a)" "a verdict for * speaks for the whole side"
says dnr.html ">DNR<" "DNR is a cell with text"

# ------------------------------------------------- classes, units, directions
six() { # BENCH UNIT NATIVE CONTEXT: six executions, +-0.1 % noise
	for s in native-up context-up; do
		[ $s = native-up ] && v=$3 || v=$4
		# shellcheck disable=SC2046
		cells "$1" $s "$2" $(awk -v v="$v" 'BEGIN { for (i = -3; i <= 3; i++) if (i) printf "%.6f ", v * (1 + i / 3000) }')
	done
}
{
	run_record none
	six sys.same ns/op 100 101
	six sys.slower ns/op 100 120
	six sys.faster us 100 80
	six bw.slower MB/s 120 100
	six bw.faster ops/s 80 100
	six other.none % 5 6
	# as different as their noise is wide: the interval holds 1
	cells sys.unsure native-up ns/op 90 95 100 105 110 115
	cells sys.unsure context-up ns/op 92 99 104 101 118 121
	# zero and negative values are numbers, but have no ratio
	cells sys.zero native-up ns/op 0 0 0 0 0 0
	cells sys.zero context-up ns/op 1 1 1 1 1 1
	cells ctx.2.0.overhead native-up ns/op -5 -4 -5 -5 -5 -5
	cells ctx.2.0.overhead context-up ns/op 5 4 5 5 5 5
	# 2^53 and more as decimal strings
	cells sys.big native-up ns/op '"90071992547409930"' '"90071992547409930"'
	cells sys.big context-up ns/op 90071992547409930 90071992547409930
	# warm-up does not count, wild as it may be
	six sys.warm ns/op 100 100
	sample sys.warm context-up 1 0 9 ns/op 99999 warmup
	# a row with invalid samples, one with a lost execution
	six sys.invalid ns/op 100 100
	echo '{"t":"verdict","bench":"sys.invalid","side":"context-up","status":"invalid","why":"clock off by 2 %"}'
	six sys.partial ns/op 100 100
	echo '{"t":"verdict","bench":"sys.partial","side":"context-up","status":"fail","why":"died in execution 7"}'
	echo '{"t":"future","x":1}'
	echo '{"t":"event","side":"context-up","kind":"oom","at_ns":5,"extra":{"a":[1]}}'
	sample sys.same native-up 1 0 0 ns/op 12345
	end_record
} >classes
every_form classes "classes"
# 200 resamples are too few for Holm over a dozen rows, which it says
says classes.table "too few resamples" "too few resamples are noticed"
"$S" summary classes >classes.summary
verdict() {
	sed -n "/\"bench\":\"$1\",\"side\":\"context-up\"/s/.*\"ratio\":\([0-9.]*\),.*\"verdict\":\"\([a-z]*\)\".*/\1 \2/p" classes.summary
}
is "$(verdict sys.same)" "1.01 same" "1.01 is the same"
is "$(verdict sys.slower)" "1.2 slower" "1.20 is slower"
is "$(verdict sys.faster)" "0.8 faster" "0.80 is faster"
is "$(verdict bw.slower)" "1.2 slower" "a rate of 100 against 120 is slower: ratios are turned round"
is "$(verdict bw.faster)" "0.8 faster" "a rate of 100 against 80 is faster"
matches "$(verdict sys.unsure)" "1.0* undecided" "an interval around 1 is undecided"
is "$(verdict sys.warm)" "1.0 same" "warm-up batches do not count"
is "$(verdict sys.partial)" "1.0 same" "a lost execution does not undo the others"
is "$(verdict sys.big)" "1.0 undecided" "values beyond 2^53 may be strings"
is "$(verdict sys.zero)$(verdict sys.invalid)$(verdict ctx.2.0.overhead)$(verdict other.none)" "" \
	"no ratio with zero, invalid, derived and undirected rows"
says classes.summary '"no_ratio":"a value is not positive"' "and the reason is kept"
says classes.table "context-up, invalid: clock off by 2 % (1 row: sys.invalid)" "invalid rows are named"
says classes.table "context-up, partial: died in execution 7 (1 row: sys.partial)" "partial rows are named"
says classes.table "1 records of unknown type ignored" "unknown records are counted"
says classes.table "1 samples were recorded twice" "a sample recorded twice counts once"
says classes.table "event: oom on context-up, 1 times" "events that matter are told"

# Holm: one row at p about 0.02 passes alone, not among eleven others
holm_rows() { # N: that row and N that are equal
	run_record none
	cells sys.edge native-up ns/op 96 99 101 103 105 107 109 112
	# not in the order of the baseline, so that pairing finds no common noise
	cells sys.edge context-up ns/op 113.5 106 121 108 111.5 104 118 115.5
	n=0
	while [ $n -lt "$1" ]; do
		cells sys.r$n native-up ns/op 100 90 110 95 105 100 97 103
		cells sys.r$n context-up ns/op 105 91 108 94 107 99 98 101
		n=$((n + 1))
	done
	end_record
}
edge() {
	"$S" summary edge | sed -n '/sys.edge","side":"context/s/.*"verdict":"\([a-z]*\)".*/\1/p'
}
holm_rows 0 >edge
alone=$(edge)
holm_rows 30 >edge
is "$alone, $(edge)" "slower, undecided" "Holm: what differs alone need not differ among many"

# A/A gate and acceptance
{
	run_record tcg-icount ',"icount_shift":0'
	for s in native-up native2-up patched-up context-up; do
		case $s in
		native*) a=1000 b=1000 ;;
		patched*) a=1000 b=1006 ;;
		*) a=1001 b=1002 ;;
		esac
		cells sys.a $s ns/op $a $a $a
		cells sys.b $s ns/op $b $b $b
	done
	end_record
} >gate
every_form gate "gate"
says gate.table "passed, trusted: 2 of 2 rows same or undecided; 2 of 2" "equal controls are trusted"
says gate.summary '"side":"patched","state":"not met"' "one row above 1.005: the limit is not kept"
says gate.summary '"over":["sys.b"]' "and the row is named"
says gate.summary '"side":"context","state":"met"' "context within its limit"
sed '/"native2-up"/s/"value":1000/"value":1100/' gate >gate-off
every_form gate-off "failed gate"
says gate-off.table "FAILED, untrusted" "controls that differ: untrusted"
says gate-off.html ">Not trusted<" "and the page says so"

# baseline
is "$("$S" table --baseline nosuch one 2>&1)" \
	'bhreport: one: no side "nosuch"; there are: native-up context-up' "an unknown baseline is refused"
says one.csv '"sys.a","context-up",none,ns/op,ok,1,1,1,200,200,200,range' "CSV keeps every number"
"$S" summary --baseline context-up one | grep -q '"side":"native-up".*"baseline":"context-up","ratio":0.5' &&
	ok "--baseline turns the ratio round" || not_ok "--baseline turns the ratio round"

# ------------------------------------------------------------ hostile strings
{
	run_record none
	printf '{"t":"env","side":"native-up","cpu":{"model":"<script>alert(1)</script> http://x/ \\u001b[31m &amp; \\"q\\" \\u009b1m"},"kernel":"Linux h 6.12 #1"}\n'
	printf '{"t":"verdict","bench":"sys.<b>|x","side":"context-up","status":"skip","why":"see HTTPS://x \\u0007 %%s%%n"}\n'
	sample 'sys.<b>|x' native-up 1 0 0 ns/op 5
	end_record
} >hostile
every_form hostile "hostile strings"
if grep -q "$(printf '[\001-\010\013-\037]')" hostile.table hostile.html hostile.markdown; then
	not_ok "no control characters reach the output"
else
	ok "no control characters reach the output"
fi

# ------------------------------------------------------------------ cut short
{
	run_record none
	cells sys.a native-up ns/op 1 2 3
	printf '{"t":"sample","bench":"sys.a","si'
} >./cut
every_form cut "truncated last line"
says cut.table "line 5, the last one, is truncated and was dropped" "it is dropped with a warning"
is "$(grep -c '"side":"native-up".*"n_exec":3' cut.summary)" 1 "and what came before it counts"
{
	run_record none
	sample sys.a native-up 1 0 0 ns/op 7
} | tr -d '\n' | sed 's/}{/}\n{/' >nonl
every_form nonl "last line without newline, but whole"
is "$(grep -c '"side":"native-up".*"median":7.0' nonl.summary)" 1 "it counts"
{
	run_record none
	cells sys.a native-up ns/op 1 2 3
	end_record
} >tampered.src
sum=$(head -n 4 tampered.src | sha256sum | cut -d' ' -f1)
{ head -n 4 tampered.src; echo '{"t":"end","run":"r1","rc":0,"sha256":"'"$sum"'"}'; } >honest
{ sed 's/"value":2/"value":9/' honest; } >tampered
every_form honest "records with their sum"
every_form tampered "changed records"
grep -q "changed after the run" honest.table && not_ok "unchanged records: no warning" || ok "unchanged records: no warning"
says tampered.table "the records were changed after the run" "changed records: a warning"

# --------------------------------------------------------------------- refuse
for key in v run suite seed argv plan started accel; do
	run_record none | sed "s/\"$key\":/\"x\":/" >bad
	refuses bad "bad:1: run record without required key \"$key\"" "run without \"$key\""
done
for key in bench side inst n_inst boot exec iter phase order unit value ops ns; do
	sample sys.a native-up 1 0 0 ns/op 5 | sed "s/\"$key\":/\"x\":/" | bad_run
refuses bad "bad:2: sample record without required key \"$key\"" "sample without \"$key\""
done
s() { sample sys.a native-up 1 0 0 ns/op 5; }
echo '{"a":1}' | bad_run
refuses bad 'bad:2: no record type "t"' "record without type"
echo '[1]' | bad_run
refuses bad 'bad:2: not a JSON object' "a line that is no object"
{ echo '{"t":'; s; } | bad_run
refuses bad "bad:2: not JSON: unexpected token near end of file" "a broken line in the middle"
s | sed 's/"value":5/"value":"five"/' | bad_run
refuses bad 'bad:2: "value" is not a decimal number' "a value in words"
s | sed 's/"value":5/"value":"nan"/' | bad_run
refuses bad 'bad:2: "value" is not a decimal number' "a value of nan"
s | sed 's/"value":5/"value":"1e999"/' | bad_run
refuses bad 'bad:2: "value" is not finite' "a value too large"
s | sed 's/"value":5/"value":null/' | bad_run
refuses bad 'bad:2: "value" must be a number' "a value of null"
s | sed 's/"exec":0/"exec":-1/' | bad_run
refuses bad 'bad:2: "exec" must be an integer from 0 to 2147483647' "a negative execution"
s | sed 's/"exec":0/"exec":1.5/' | bad_run
refuses bad 'bad:2: "exec" must be an integer from 0 to 2147483647' "half an execution"
s | sed 's/measure/measured/' | bad_run
refuses bad 'bad:2: unknown phase "measured"' "an unknown phase"
s | sed 's,ns/op,ns per op,' | bad_run
refuses bad 'bad:2: unit "ns per op" is not in the closed list' "an unknown unit"
{ s; s | sed 's,ns/op,us,; s/"exec":0/"exec":1/'; } | bad_run
refuses bad 'bad:3: unit "us" after "ns/op" in bench "sys.a"' "two units in one bench"
s | sed 's/"t":"sample"/&,"accel":"kvm"/' | bad_run
refuses bad 'bad:2: accel "kvm" in a run with accel "none": they cannot share a report' "mixed accelerators"
run_record none | bad_run
refuses bad 'bad:2: a second run record: one file holds one run' "two runs in one file"
echo '{"t":"verdict","bench":"a","side":"s","status":"lost","why":"x"}' | bad_run
refuses bad 'bad:2: unknown status "lost"' "an unknown status"
echo '{"t":"verdict","bench":"a","side":"s","status":"skip"}' | bad_run
refuses bad 'bad:2: status "skip" without "why"' "a skip without reason"
run_record none | sed 's/"v":1/"v":2/' >bad
refuses bad 'bad:1: schema "v" is not 1' "another schema"
run_record tcg-icount >bad
refuses bad 'bad:1: "icount_shift" must be an integer from 0 to 2147483647' "counted without shift"
run_record fast >bad
refuses bad 'bad:1: unknown accel "fast"' "an unknown accelerator"

# --------------------------------------------------------------- a run beside it
sed 's/"accel":"tcg-icount","icount_shift":0/"accel":"tcg"/; s/"accel":"tcg-icount"/"accel":"tcg"/; s/"run":"r1"/"run":"r2"/; s/,"icount_shift":0//; s/1006/1500/' gate >timed
"$S" html --beside timed gate >beside.html 2>err
is "$?|$(cat err)" "0|" "a timed run beside a counted one"
sound beside.html "beside"
says beside.html "emulated time: 1.2247" "its mean stands in the tile"
says beside.html "EMULATED: timing not meaningful" "its tables have their own banner"
"$S" table --ascii --beside timed gate >beside.table
says beside.table "Beside it, emulated time (run r2, accel tcg)" "and in the terminal"
is "$("$S" table --beside gate gate 2>&1)" \
	"bhreport: --beside: gate has accel tcg-icount, too: it shows another way of counting" "not two of a kind"

# ---------------------------------------------------------------------- usage
is "$("$S" 2>&1 >/dev/null | head -n 1)|$("$S" table 2>&1)" \
	"usage: bhreport COMMAND [OPTION]... RUN.jsonl [RUN2.jsonl]|bhreport: table needs 1 file, not 0" "usage"
"$S" frobnicate one >out 2>err
is "$?|$(head -n 1 err)|$(cat out)" '2|bhreport: unknown command "frobnicate"|' "an unknown command"
"$S" table --wide one >out 2>err
is "$?|$(head -n 1 err)|$(cat out)" '2|bhreport: unknown option "--wide"|' "an unknown option"
"$S" table --width ten one >out 2>err
is "$?|$(cat err)|$(cat out)" '2|bhreport: --width: "ten" is not a number from 60 to 400|' "a width in words"
"$S" table --boot-resamples 5 one >out 2>err
is "$?|$(cat err)" '2|bhreport: --boot-resamples: "5" is not a number from 100 to 1000000' "too few resamples"
"$S" diff one counted >out 2>err
is "$?|$(cat err)|$(cat out)" \
	'1|bhreport: cannot compare: one has accel none, counted has accel tcg-icount|' "diff of time and counts is refused"
"$S" table one >/dev/full 2>err
is "$?|$(cat err)" "1|bhreport: cannot write the report: No space left on device" "a full disk is noticed"
"$S" --help >out 2>&1
is "$?|$(wc -l <out | tr -d ' ')" "0|23" "--help fits a screen"
finish
