#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver of the comparison, with sides and programs made up here.
. "$(dirname -- "$0")/../lib.sh"

COMPARE=$TOP/hv-compare/compare/compare
real_out=$OUT
OUT=$TMP/out
export OUT
BULKHEAD_PLATFORMS=$TMP/platforms
BULKHEAD_BENCH_BIN=$TMP/bin
BULKHEAD_EXPERIMENTS=$TMP/experiments
export BULKHEAD_PLATFORMS BULKHEAD_BENCH_BIN BULKHEAD_EXPERIMENTS
unset PROFILE ACCEL
mkdir -p "$OUT" "$TMP/platforms" "$TMP/bin" "$TMP/experiments/toy"

command -v jq >/dev/null || skip_all "jq is not installed"

cat >"$TMP/experiments/toy/experiment.conf" <<'END'
programs	prog
boots.quick	1
execs.quick	2
boots.standard	2
execs.standard	2
options.prog	--default
options.prog.tcg-icount	--counted
options.prog.tcg-icount.quick	--counted-quick
program-limit	5
boot-limit	1
guess	1
END

# A program with a value that says nothing, and ways to go wrong.
cat >"$TMP/bin/prog" <<'END'
#!/bin/sh
case $1 in
--list) for i in 1 2 3 4 5 6 7 8; do echo "a.$i ns/op"; done; echo "b.1 MB/s"; exit ;;
esac
for row; do
	case $row in
	a.3) echo '{"t":"verdict","bench":"a.3","status":"skip","why":"not today"}' ;;
	*) [ "$row$DIE" != a.5yes ] || { echo '{"t":"sam'; echo "prog: died" >&2; exit 3; }
		for i in 0 1; do
			echo "{\"t\":\"sample\",\"bench\":\"$row\",\"iter\":$i,\"phase\":\"measure\",\"unit\":\"ns/op\",\"value\":10.5,\"ops\":100,\"ns\":1050,\"minflt\":0,\"majflt\":0,\"ctxsw\":{\"vol\":0,\"invol\":0},\"flags\":[\"pin1\"]}"
		done ;;
	esac
done
END

# side NAME: a side that works through the plan on the host; BODY on stdin comes
# first and may do otherwise.
side() {
	{
		cat <<-END
			#!/bin/sh
			set -eu
			case \$1 in
			names) echo $1; exit ;;
			where) echo host; exit ;;
			seconds) echo 1; exit ;;
			check) ;;
			run) job=\$3 ;;
			esac
		END
		cat
		cat <<-'END'
			[ "$1" = run ] || exit 0
			res=$job/results
			echo native >"$job/kernel"
			for f in "$BULKHEAD_BENCH_BIN"/*; do
				echo "$(sha256sum <"$f" | cut -d' ' -f1)  /bench/bin/$(basename "$f")"
			done >"$res/sha256"
			echo '{"t":"env","kernel":{"release":"toy"}}' >"$res/env.json"
			while IFS='	' read -r exec pad prog rows; do
				[ ! -e "$job/stop" ] || exit 0
				rc=0
				"$BULKHEAD_BENCH_BIN/$prog" $rows >"$res/$exec.$prog.jsonl" \
					2>"$res/$exec.$prog.err" || rc=$?
				echo "$exec $prog $rc" >>"$res/status"
			done <"$job/plan"
		END
	} >"$TMP/platforms/$1"
	chmod +x "$TMP/platforms/$1"
}
chmod +x "$TMP/bin/prog"
# The first two differ in place only; alpha would come first by name.
side native <<'END'
[ "$1" != about ] || { echo "order 10"; echo "label the toy itself"; echo "colour #000000 #FFFFFF"; }
END
side native2 <<'END'
[ "$1" != about ] || { echo "order 11"; echo "colour #123abc"; }
END
side alpha </dev/null
side lacking <<'END'
[ "$1" != check ] || { echo "no such machine here"; exit 1; }
END
side broken <<'END'
[ "$1" != run ] || { echo "broken: something" ; echo "broken: it did not boot" >&2; exit 125; }
END

run() { try "$COMPARE" run --experiment toy --accel icount --jobs 2 "$@"; }
records() { echo "$OUT/results/$(cat "$OUT/results/last")/run.jsonl"; }
# count FILTER: records of the last run that match
count() { jq -c "select($1)" "$(records)" | wc -l; }

# --- words and refusals
h="
hint: try 'compare --help'"
refuses 2 "compare: unknown command 'fly'$h" "an unknown command" "$COMPARE" fly
refuses 2 "compare: unknown argument 'x'$h" "an unknown argument" "$COMPARE" run x
refuses 2 "compare: --seed needs a value$h" "an option without its value" "$COMPARE" run --seed
refuses 2 "compare: --seed needs a number, not '-1'$h" "a negative seed" "$COMPARE" plan --seed -1
refuses 2 "compare: --execs must be from 1 to 1000, not '0'$h" "no executions" \
	"$COMPARE" plan --execs 0
refuses 2 "compare: --boots must be from 1 to 100, not '99999999999999999999'$h" \
	"a number that no shell can hold" "$COMPARE" plan --boots 99999999999999999999
refuses 2 "compare: unknown profile 'slow' (quick, standard or full)$h" "an unknown profile" \
	"$COMPARE" plan --profile slow
refuses 2 "compare: unknown experiment '../toy'$h" "an experiment outside" \
	"$COMPARE" plan --experiment ../toy
refuses 2 "compare: unknown accelerator 'xen'$h" "an unknown accelerator" \
	"$COMPARE" plan --experiment toy --accel xen
refuses 2 "compare: --accel icount runs on one CPU only$h" "counting on two CPUs" \
	"$COMPARE" plan --experiment toy --accel icount --smp 2
refuses 2 "compare: no side 'nowhere'$h" "an unknown side" \
	"$COMPARE" plan --experiment toy --accel icount --sides native,nowhere
refuses 2 "compare: no row 'c.'$h" "an unknown row" \
	"$COMPARE" plan --experiment toy --accel icount --only a.1,c.
refuses 1 "compare: there is no run yet
hint: try 'compare run'" "a report before any run" env BULKHEAD_REPORT=/bin/true "$COMPARE" report
refuses 1 "compare: no run 'x'
hint: the runs are in $OUT/results" "a report of no run" \
	env BULKHEAD_REPORT=/bin/true "$COMPARE" report x
refuses 1 "compare: the program prog is not built
hint: run 'make bench'" "programs that are not built" \
	env BULKHEAD_BENCH_BIN="$TMP" "$COMPARE" plan --experiment toy --accel icount
is "$(ls "$OUT" | tr '\n' ' ')" "compare " "refusals leave nothing behind"

# --- plan
try "$COMPARE" plan --experiment toy
is "$STATUS" 0 "plan works without a kernel: it counts instructions"
matches "$STDOUT" "experiment toy, profile quick, seed 1, EMULATED, counting instructions*
9 rows (prog), 1 x 2 executions, 2 at a time, 1024 MiB, 1 CPU
  native-up*
  native2-up*
  alpha-up*
  broken-up*
  lacking-up	cannot run: no such machine here
estimate: *
disk: 2048 MiB at the most while it runs, 2 MiB of records stay; [1-9]* MiB are free
the profile quick is a smoke test, not evidence" "plan says what, where and how long"
[ ! -e "$OUT/results" ] && ok "plan starts nothing" || not_ok "plan starts nothing"

# 100 MiB less than two copies of the scratch disk and the records
mkdir "$TMP/full"
printf '#!/bin/sh\necho Filesystem\necho disk 1 1 %d 1%% /\n' $((1950 * 1024)) >"$TMP/full/df"
chmod +x "$TMP/full/df"
refuses 1 "compare: $OUT has 1950 MiB free and the run can need 2050
hint: make room, or run fewer boots at the same time (--jobs 1)" "a run for which there is no room" \
	env PATH="$TMP/full:$PATH" "$COMPARE" run --experiment toy --accel icount
[ ! -e "$OUT/results" ] && ok "starts nothing" || not_ok "starts nothing"

# --- a run
run --sides native,native2-up,lacking,broken --seed 7
run_stderr=$STDERR
seed7=$(records)
is "$STATUS" 0 "a run with sides that cannot run ends well"
r=$(records)
try jq -e . "$r"
is "$STATUS" 0 "every record is JSON"
is "$(head -n 1 "$r" | jq -r .t) $(tail -n 1 "$r" | jq -r .t)" "run end" "run first, end last"
is "$(tail -n 1 "$r" | jq -r .sha256)" "$(head -n -1 "$r" | sha256sum | cut -d' ' -f1)" \
	"the end has the digest of all that came before"
is "$(tail -n 1 "$r" | jq -r .records)" "$(head -n -1 "$r" | wc -l)" "and their number"
is "$(awk 'length > 4096' "$r" | wc -l)" 0 "no record is longer than 4 KB"
lacks_keys() {
	jq -r --arg t "$1" --arg k "$2" 'select(.t == $t) | . as $r |
		$k | split(" ")[] | select($r[.] == null)' "$r" | sort -u
}
is "$(lacks_keys run "v run suite seed argv plan started accel icount_shift")" "" \
	"run records have their keys"
is "$(lacks_keys side "side where order")" "" "side records have their keys"
is "$(sed -n '2,5p' "$r" | jq -c 'select(.t == "side")')" \
	'{"t":"side","side":"native-up","where":"host","order":10,"label":"the toy itself","colour":"#000000","colour_dark":"#ffffff"}
{"t":"side","side":"native2-up","where":"host","order":11,"colour":"#123abc"}
{"t":"side","side":"broken-up","where":"host","order":90}
{"t":"side","side":"lacking-up","where":"host","order":90}' \
	"what the sides say about themselves is in the records, also of those that cannot run"
is "$(lacks_keys sample "bench side inst n_inst boot exec iter phase order unit value ops ns flags accel")" \
	"" "sample records have their keys"
is "$(lacks_keys env "side where kernel boot accel machine build dmesg_marks")" "" \
	"env records have their keys"
is "$(lacks_keys verdict "bench side status why")" "" "verdicts have their keys"
is "$(lacks_keys event "side kind at_ns")" "" "events have their keys"
is "$(head -n 1 "$r" | jq -c '[.seed, .accel, .icount_shift, .plan.sides, .plan.boots, .plan.reps, .plan.options.prog]')" \
	'[7,"tcg-icount",0,["native-up","native2-up","broken-up","lacking-up"],1,2,"--counted-quick"]' \
	"the plan is in the run record"
is "$(count '.t == "sample"')" 64 "two sides, two executions, eight rows, two batches"
is "$(count '.t == "verdict" and .status == "skip" and .why == "not today"')" 4 \
	"a program's own verdicts are kept"
is "$(count '.side == "lacking-up" and .status == "dnr" and .why == "no such machine here"')" 9 \
	"a side that cannot run: every row says why"
is "$(count '.side == "broken-up" and .status == "dnr" and .why == "broken: it did not boot"')" 9 \
	"a side that fails: every row says why"
matches "$run_stderr" "*sides that gave no or not all results:
  lacking-up: no such machine here
  broken-up: broken: it did not boot" "and so does the end of the run"
is "$(count '.t == "event" and .side == "native-up" and (.kind == "start" or .kind == "stop")')" 2 \
	"start and stop of a boot are events"

# --- on a terminal, one line that replaces itself
if command -v script >/dev/null; then
	tty=$(script -qec "$COMPARE run --experiment toy --accel icount --jobs 1 --sides native --only a.1" \
		/dev/null </dev/null 2>&1)
	matches "$tty" "*toy  0/1 boots*under way in native-up  eta*native-up: boot 1 done*" \
		"progress with the time that remains"
else
	skip "progress with the time that remains" "script (bsdutils) is not installed"
fi

# --- progress in other forms
run --sides native,lacking --only a.1 --progress json
is "$(echo "$STDERR" | grep '^{' | jq -r '"\(.t) \(.kind) \(.side) \(.boots_done)/\(.boots)"' | tr '\n' ';')" \
	"progress plan null 0/1;progress missing lacking-up 0/1;progress start native-up 0/1;progress stop native-up 1/1;progress end null 1/1;" \
	"--progress json: a record per step"
is "$(echo "$STDERR" | grep '^{' | jq -c 'select((.eta_s | type) != "number" or .experiment != "toy" or .run == null)')" "" \
	"with the time that remains"
run --sides native --only a.1 --progress none
is "$STATUS|$STDERR" "0|" "--progress none: nothing"
run --sides native --only a.1 --progress plain
matches "$STDERR" "experiment toy*native-up: boot 1 started*native-up: boot 1 done in *, 1 of 1 rows*" \
	"--progress plain: a line per step"
refuses 2 "compare: unknown progress 'loud' (auto, plain, json or none)$h" "another progress" \
	"$COMPARE" plan --experiment toy --progress loud
is "$(jq -r 'select(.t == "event" and .kind == "stop") | (.host_cpu_ns >= 0 and .host_load >= 0)' "$(records)")" true \
	"the end of a boot says what it cost the host"

# --- the estimate: where it comes from, and its arithmetic
# estimate JOBS: $estimate and the costs of a plan of 10 rows x 2, from the files below
estimate() {
	(
		work=$TMP/est experiment=toy profile=quick accel_name=tcg-icount seed=1 boots=${2:-1}
		n_rows=10 execs=2 jobs=$1 DURATIONS=$TMP/est/durations OUT=$TMP/est
		conf() { [ "$1" != guess ] || echo 7; }
		. "$TOP/hv-compare/compare/lib.sh"
		. "$TOP/hv-compare/compare/plan.sh"
		. "$TOP/hv-compare/compare/run.sh"
		conf() { [ "$1" != guess ] || echo 7; }
		calibrate() { echo "$CALIBRATION 500"; }
		tab=$(printf '\t')
		plan_estimate
		echo "$estimate: $(tr '\t\n' ' ;' <"$work/cost")"
	)
}
mkdir -p "$TMP/est/compare"
for s in here scaled table tabled guessed other; do
	printf '%s-up\t%s\tfile\thost\t4\n' $s $s
done >"$TMP/est/sides"
printf 'missing-up\tmissing\tfile\thost\t4\n' >>"$TMP/est/sides"
printf 'missing-up\tno reason\n' >"$TMP/est/missing"
printf '%s\t%s\t%s\n' 'toy quick tcg-icount here-up' '10 2' 99 'toy quick tcg-icount here-up' '10 2' 31 \
	'toy quick tcg-icount here-up' '5 2' 1 'toy quick tcg-icount scaled-up' '5 1' 14 \
	'toy standard tcg-icount scaled-up' '10 2' 280 \
	'toy standard tcg-icount here-up' '20 2' 40 'toy standard tcg-icount other-up' '5 4' 300 >"$TMP/est/compare/seconds"
printf '%s\t%s\t%s\n' '# of a machine' '' '' calibration 500 500 'toy quick tcg-icount here-up' '10 2' 500 \
	'toy quick tcg-icount table-up' '10 2' 40 'toy quick tcg-icount tabled-up' '20 4' 84 >"$TMP/est/durations"
CALIBRATION=750
# scaled: 4 to boot and 10 for 5 rows, 44 with four times as many; of the machine in
# the table 40 and 4 + 80 / 4 = 24; a guess of 4 + 2 * 7 = 18; these three times 1.5.
# other: 15 for a row in standard, of which the two seen in both take 0.1 and 0.2 here.
want="here-up 31 here;scaled-up 44 here-scaled;table-up 60 shipped;tabled-up 36 shipped-scaled;guessed-up 27 guess;other-up 30 here-profile;"
is "$(estimate 1)" "228: $want" "one at a time: the sum of what all take, from the best source for each"
# 60 + 31 + 27, 44 + 36 + 30
is "$(estimate 2)" "118: $want" "two at a time: each starts where one ends first"
is "$(estimate 8)" "60: $want" "all at once: as long as the longest"
is "$(estimate 1 3 | cut -d: -f1)" 684 "three boots take three times as long"
grep -v 'table\|guess' "$TMP/est/sides" >"$TMP/est/sides.new"
mv "$TMP/est/sides.new" "$TMP/est/sides"
CALIBRATION=no-number
is "$(estimate 1)" "105: here-up 31 here;scaled-up 44 here-scaled;other-up 30 here-profile;" "what was measured here needs no calibration"
unset CALIBRATION
words() { # SECONDS ESTIMATE
	( . "$TOP/hv-compare/compare/lib.sh"; . "$TOP/hv-compare/compare/plan.sh"; estimate=$2; beside_estimate "$1" )
}
is "$(words 90 80);$(words 600 800);$(words 7 7);$(words 3 0)" \
	"took 90 s, estimated 80 s (12 % more);took 10 min, estimated 13 min (25 % less);took 7 s, estimated 7 s (0 % more);took 3 s" \
	"the end says how long it took, beside the estimate"
is "$([ "$("$COMPARE" plan --experiment toy --accel icount --sides native | grep -c 'boot(s), as the last time')" = 1 ] && echo yes)" \
	yes "the plan says where the time of a side comes from"
run --sides native --only a.1 --progress plain
matches "$STDERR" "*took *, estimated * (* % *)" "and so does the end of a run"
is "$(tail -n 1 "$(records)" | jq -c '[(.took_s | type), (.estimate_s | type)]')" '["number","number"]' "and the records"
refuses 1 "compare: the table $TMP/none is missing" "without the table of durations" \
	env BULKHEAD_DURATIONS="$TMP/none" "$COMPARE" plan --experiment toy --accel icount
is "$(awk -F '\t' '!/^#/ && $1 != "calibration" && (NF != 3 || $3 !~ /^[0-9]+$/ || split($1, k, " ") != 4 || split($2, n, " ") != 2)' \
	"$TOP/hv-compare/compare/durations.tsv")$(grep -c '^calibration	[1-9][0-9]*	[1-9]' "$TOP/hv-compare/compare/durations.tsv")" 1 \
	"the shipped table is in order"

# --- an experiment with sides, rows and drivers of its own
mkdir -p "$TMP/experiments/own" "$TMP/platforms/special"
grep -v '^options' "$TMP/experiments/toy/experiment.conf" >"$TMP/experiments/own/experiment.conf"
cat >>"$TMP/experiments/own/experiment.conf" <<'END'
platforms	special
only.quick	a.1,a.2
sides.quick	two
beside	yes
icount-shift	3
END
side one </dev/null
side two </dev/null
mv "$TMP/platforms/one" "$TMP/platforms/two" "$TMP/platforms/special/"
before=$(cat "$OUT/results/last")
try "$COMPARE" run --experiment own --smp 1
r=$OUT/results/$(cat "$OUT/results/beside.own-up")/run.jsonl
is "$(head -n 1 "$r" | jq -c '[.plan.sides, .plan.benches, .icount_shift]')" '[["two-up"],["a.1","a.2"],3]' \
	"the experiment says which sides, rows and how it counts"
is "$(cat "$OUT/results/last")" "$before" "a run beside others does not take the place of the last"
try "$COMPARE" plan --experiment own --profile standard --smp 2
matches "$STDOUT" "*EMULATED (TCG)*9 rows*one-smp*two-smp*" "on several CPUs nothing is counted"

# --- tools that go to the sides, and those that are there
mkdir -p "$TMP/experiments/tools"
{
	cat "$TMP/experiments/toy/experiment.conf"
	printf 'tools\ttac\nimage-tools\tsh cat\nbeside\tyes\n'
} >"$TMP/experiments/tools/experiment.conf"
side tooled <<'END'
if [ "$1" = run ]; then
	grep -qx 'sh cat' "$job/image-tools" || exit 9
	printf '11  /bin/sh\n22  /usr/bin/cat\n' >"$job/results/tools"
fi
END
tooled() {
	try "$COMPARE" run --experiment tools --accel icount --sides tooled --only a.1 --progress none
	r=$OUT/results/$(cat "$OUT/results/beside.tools-up")/run.jsonl
}
tooled
is "$STATUS $(head -n 1 "$r" | jq -r .built.tac)" "0 $(sha256sum <"$(command -v tac)" | cut -d' ' -f1)" \
	"a tool of the host is part of what was built"
is "$(jq -c 'select(.t == "env").tools' "$r")" '{"sh":"11","cat":"22"}' "the tools of a side are in its record"
is "$(debugfs -R 'ls -p /bin' "$OUT/compare/scratch.img" 2>/dev/null | cut -d/ -f6 | grep -c '^tac$')" 1 \
	"the tool is on the scratch disk"
side tooled <<'END'
if [ "$1" = run ]; then
	mkdir -p "$job/results"
	echo "0000  /bench/bin/tac" >"$job/results/sha256"
	echo '{"t":"env"}' >"$job/results/env.json"
	for e in 1 2; do "$BULKHEAD_BENCH_BIN/prog" a.1 >"$job/results/$e.prog.jsonl"; echo "$e prog 0"; done >"$job/results/status"
	exit 0
fi
END
tooled
is "$(jq -r 'select(.status == "invalid").why' "$r")" "the program tac on this side is another file than on the host" \
	"another tool than ours is invalid"
sed 's/^tools.*/tools	none-such/' "$TMP/experiments/tools/experiment.conf" >"$TMP/tools.conf"
mv "$TMP/tools.conf" "$TMP/experiments/tools/experiment.conf"
tooled
is "$STATUS $STDERR" "1 compare: 'none-such' is not installed
hint: run 'make deps' (Debian package: none-such)" "a tool that the host lacks"
rm "$TMP/platforms/tooled"

# --- order and seed
r=$seed7
jobs=$(dirname "$r")/jobs
is "$(cat "$jobs/native-up.boot1/plan")" "$(cat "$jobs/native2-up.boot1/plan")" \
	"all sides run the same rows in the same order"
is "$(sort -u "$jobs/native-up.boot1/plan" | cut -f1 | tr '\n' ' ')" "1 2 " "one line per execution"
[ "$(sed -n 1p "$jobs/native-up.boot1/plan" | cut -f4)" != "$(sed -n 2p "$jobs/native-up.boot1/plan" | cut -f4)" ] &&
	ok "executions differ in order" || not_ok "executions differ in order"
is "$(cut -f4 "$jobs/native-up.boot1/plan" | tr ' ' '\n' | sort | uniq -c | awk '{print $1}' | sort -u)" 2 \
	"every row is in every execution once"
is "$(awk -F '\t' '$2 < 0 || $2 > 4095' "$jobs/native-up.boot1/plan")" "" "the padding is 0 to 4095 bytes"
is "$(jq -r 'select(.t == "sample" and .side == "native-up" and .exec == 2 and .iter == 0) | "\(.order) \(.bench)"' "$r" |
	sort -n | cut -d' ' -f2 | tr '\n' ' ')" \
	"$(sed -n 2p "$jobs/native-up.boot1/plan" | cut -f4 | sed 's/a\.3 //; s/ a\.3$//') " \
	"samples say their place in the order"
cp "$jobs/native-up.boot1/plan" "$TMP/plan7"
run --sides native --seed 7
cmp -s "$TMP/plan7" "$(dirname "$(records)")/jobs/native-up.boot1/plan" &&
	ok "the same seed gives the same plan" || not_ok "the same seed gives the same plan"
run --sides native --seed 8
cmp -s "$TMP/plan7" "$(dirname "$(records)")/jobs/native-up.boot1/plan" &&
	not_ok "another seed gives another plan" || ok "another seed gives another plan"
run --sides native --profile standard --only b.,a.1
is "$(count '.t == "sample"') $(jq -r 'select(.t == "sample") | "\(.bench)/\(.boot)"' "$(records)" | sort -u | tr '\n' ' ')" \
	"16 a.1/1 a.1/2 b.1/1 b.1/2 " "boots, executions and a selection of rows"

# --- things that go wrong on a side
DIE=yes run --sides native
is "$STATUS" 0 "a program that dies is no end of the run"
DIED=$(count '.t == "verdict" and .status == "fail" and (.why | test("^prog ended with status 3 in execution [12]: prog: died$"))')
[ "$DIED" -ge 2 ] && ok "the rows it owes have failed, and say why" ||
	not_ok "the rows it owes have failed, and say why" "$(cat "$(records)")"
is "$(jq -s '[.[] | select(.t == "sample" or .t == "verdict") | .bench] | unique | length' "$(records)")" 9 \
	"no row is missing"
side liar <<'END'
if [ "$1" = run ]; then
	echo "0000  /bench/bin/prog" >"$job/results/sha256"
	echo '{"t":"env"}' >"$job/results/env.json"
	for e in 1 2; do "$BULKHEAD_BENCH_BIN/prog" a.1 >"$job/results/$e.prog.jsonl"; echo "$e prog 0"; done >"$job/results/status"
	exit 0
fi
END
run --sides liar --only a.1
is "$(count '.status == "invalid" and (.why | test("another file"))')" 1 "another program than ours is invalid"
side quiet <<'END'
[ "$1" != run ] || exit 0
END
run --sides quiet
is "$STATUS: $(count '.status == "dnr" and .why == "it left no environment record"')" "1: 9" \
	"a side without results is no success"

# --- a machine that dies on its way up is an accident once
side late <<'END'
[ "$1" != run ] || [ -e "$TMP/late" ] || { : >"$TMP/late"; echo "late: an Oops" >&2; exit 125; }
END
run --sides late
is "$STATUS: $(count '.t == "sample"') $(count '.status == "dnr"')" "0: 32 0" \
	"a machine that did not come up is started once more"
is "$(count '.t == "event" and .kind == "again" and .what == "boot 1: late: an Oops"')" 1 \
	"and the records say so"
matches "$STDERR" "*late-up: boot 1 did not come up, once more: late: an Oops*" "and the user is told"
run --sides broken
is "$STATUS: $(count '.t == "event" and .kind == "again"') $(find "$OUT/results/$(cat "$OUT/results/last")/jobs" -name 'broken*' | wc -l)" \
	"1: 1 2" "one that never comes up is not tried for ever"
rm "$TMP/platforms/late"
matches "$STDERR" "*compare: no side gave any result" "and that is said"
# --- what a side may say about itself
for word in "order first" "order -1" "order 12345678" "colour red" "colour #12345" \
	"colour #123456 #12" "label $(printf '%081d' 0)" "shape round"; do
	side odd <<END
[ "\$1" != about ] || echo "$word"
END
	refuses 1 "compare: $TMP/platforms/odd about odd: cannot use its $word
hint: order NUMBER, label TEXT, colour #rrggbb [#rrggbb when dark]; see hv-compare/platforms/README.md" \
		"a side that says '$(echo "$word" | cut -c1-20)'" "$COMPARE" plan --experiment toy --accel icount
done
side odd <<'END'
[ "$1" != about ] || { echo "order 9"; echo "label a < b & \"c\""; }
END
try "$COMPARE" plan --experiment toy --accel icount
matches "$STDOUT" "*
  odd-up*
  native-up*
  native2-up*
  alpha-up*" "the sides say in which order they come"
run --sides odd --only a.1
is "$(jq -r 'select(.t == "side") | .label' "$(records)")" 'a < b & "c"' "any words will do as a label"
rm "$TMP/platforms/odd"
side warns <<'END'
[ "$1" != run ] || echo "[    1.0] WARNING: CPU: 0 PID: 1 at x.c" >"$job/results/dmesg.txt"
END
run --sides warns --only a.1
is "$(count '.t == "event" and .kind == "dmesg"') $(jq 'select(.t == "env") | .dmesg_marks' "$(records)")" \
	"1 1" "a warning of the kernel is in the records"

# --- Ctrl-C. A script's background jobs ignore SIGINT for good, so SIGTERM
# stands in; both go the same way.
cat >"$TMP/platforms/slow" <<'END'
#!/bin/sh
case $1 in
names) echo slow; exit ;;
where) echo host; exit ;;
seconds) echo 1; exit ;;
check | about) exit 0 ;;
esac
job=$3
echo '{"t":"env"}' >"$job/results/env.json"
"$BULKHEAD_BENCH_BIN/prog" a.1 a.2 >"$job/results/1.prog.jsonl"
echo "1 prog 0" >"$job/results/status"
: >"$job/ready"
n=0
while [ $n -lt 1200 ]; do
	[ ! -e "$job/stop" ] || [ -e "$job/stubborn" ] || [ -n "${STUBBORN:-}" ] || exit 0
	sleep 0.1
	n=$((n + 1))
done
END
chmod +x "$TMP/platforms/slow"
interrupt() { # COUNT
	rm -f "$OUT/results/last"
	"$COMPARE" run --experiment toy --accel icount --jobs 1 --sides slow,alpha \
		--only a.1,a.2 >"$TMP/i.out" 2>"$TMP/i.err" &
	pid=$!
	n=0
	until ls "$OUT/results/$(cat "$OUT/results/last" 2>/dev/null)"/jobs/slow*/ready >/dev/null 2>&1; do
		n=$((n + 1))
		[ $n -lt 600 ] || break
		sleep 0.1
	done
	kill -TERM $pid
	[ "$1" -eq 1 ] || { sleep 1.5; kill -TERM $pid; }
	STATUS=0
	wait $pid || STATUS=$?
}
rm "$TMP/platforms/broken" "$TMP/platforms/lacking"
# "slow" must be the first to start, however slow the host is: as what it took the last
# time, and a guess would be scaled.
printf 'toy quick tcg-icount %s\t2 2\t%s\n' alpha-up 5 slow-up 50 >>"$OUT/compare/seconds"
interrupt 1
is "$STATUS" 130 "one signal: exit 130"
is "$(tail -n 1 "$(records)" | jq -c '[.t, .rc]')" '["end",130]' "the records are complete"
is "$(count '.t == "sample" and .side == "slow-up"')" 4 "what was measured is kept"
is "$(jq -r 'select(.status == "skip") | "\(.side) \(.bench) \(.why)"' "$(records)" | sort | tr '\n' ';')" \
	"alpha-up a.1 interrupted before it ran;alpha-up a.2 interrupted before it ran;" \
	"what was not says so"
STUBBORN=1
export STUBBORN
start=$(date +%s)
interrupt 2
is "$STATUS" 130 "two signals: exit 130"
[ $(($(date +%s) - start)) -lt 90 ] && ok "at once" || not_ok "at once"
is "$(count '.t == "sample" and .side == "slow-up"')" 4 "what was measured is kept then, too"
unset STUBBORN

# --- going on with an interrupted run
interrupt 1
matches "$(cat "$TMP/i.err")" "*hint: 'compare run --resume $(cat "$OUT/results/last")' does the rest" \
	"an interrupted run says how to go on"
id=$(cat "$OUT/results/last")
rm "$TMP/platforms/slow"
side slow </dev/null
resume() { try "$COMPARE" run --resume "$@"; }
refuses 2 "compare: --seed cannot be changed by --resume$h" "other options than the run had" \
	"$COMPARE" run --resume "$id" --seed 4
refuses 2 "compare: --resume belongs to 'run'$h" "a plan of the rest" "$COMPARE" plan --resume "$id"
refuses 1 "compare: no run 'x'
hint: the runs are in $OUT/results" "no such run" "$COMPARE" run --resume x
cp "$TMP/bin/prog" "$TMP/prog.kept"
echo '#' >>"$TMP/bin/prog"
resume "$id"
matches "$STATUS $STDERR" "1 *compare: run $id measured other programs or kernels than those built now
hint: *" "a program that was built anew"
cp "$TMP/prog.kept" "$TMP/bin/prog"
resume "$id" --progress plain
is "$STATUS" 0 "the run goes on"
matches "$STDERR" "*going on with run $id: 2 of 2 boots to go*" "and says how much there is to do"
is "$(cat "$OUT/results/last")" "$id" "it is the same run"
is "$(jq -r 'select(.t == "sample") | "\(.side) \(.boot) \(.exec) \(.bench) \(.iter)"' "$(records)" | sort | uniq -c |
	awk '{ print $1, $2 }' | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 8 1 alpha-up; 8 1 slow-up;" \
	"every execution is there, none of them twice"
is "$(cut -f1 "$(dirname "$(records)")/jobs/slow-up.boot1.2/plan")" 2 "only the missing one was run"
is "$(jq -r 'select(.t == "sample" and .side == "slow-up" and .exec == 2) | .order' "$(records)" | sort -un | tr '\n' ' ')" \
	"2 3 " "at its place in the order"
is "$(tail -n 1 "$(records)" | jq -c '[.t, .rc]')" '["end",0]' "the records are complete"
is "$(tail -n 1 "$(records)" | jq -r .sha256)" "$(head -n -1 "$(records)" | sha256sum | cut -d' ' -f1)" \
	"with the digest of all"
if [ -x "$real_out/compare/bhreport" ]; then
	is "$("$real_out/compare/bhreport" summary --baseline alpha-up "$(records)" |
		jq -r 'select(.t == "cell") | "\(.side) \(.bench) \(.status) \(.n_exec)"' | sort | tr '\n' ';')" \
		"alpha-up a.1 ok 2;alpha-up a.2 ok 2;slow-up a.1 ok 2;slow-up a.2 ok 2;" \
		"and the report takes them as whole"
else
	skip "and the report takes them as whole" "bhreport is not built"
fi
try "$COMPARE" run --resume "$id"
is "$STATUS $STDERR" "1 compare: run $id is complete
hint: 'compare report $id' shows it" "a run with nothing left to do"
# As if the power had gone while the last boot was recorded.
jq -c 'select((.side != "alpha-up" or (.t == "sample" and .exec == 1) or .t == "env") and .t != "end")' \
	"$(records)" >"$TMP/half"
printf '{"t":"sam' >>"$TMP/half"
cp "$TMP/half" "$(records)"
resume "$id"
is "$STATUS" 0 "a run that was killed goes on, too"
is "$(count '.t == "sample" and .side == "alpha-up"')" 8 "with what is missing"
is "$(jq -c . "$(records)" | wc -l)" "$(wc -l <"$(records)")" "the half record is gone"

# --- the report takes the last runs of the experiment share with it
cat >"$TMP/report" <<'END'
#!/bin/sh
echo "$*" | sed "s|$OUT/results/||g"
END
chmod +x "$TMP/report"
BULKHEAD_REPORT=$TMP/report
export BULKHEAD_REPORT
mkdir -p "$OUT/results/s1" "$OUT/results/s2"
for s in s1 s2; do
	echo '{"t":"run","plan":{"experiment":"share"}}' >"$OUT/results/$s/run.jsonl"
done
echo s1 >"$OUT/results/beside.share-up"
echo gone >"$OUT/results/beside.share-smp"
try "$COMPARE" report
is "$STATUS $(echo "$STDOUT" | head -n 1)" "0 table --share s1/run.jsonl $(cat "$OUT/results/last")/run.jsonl" \
	"the last runs of shares that are there are shown, too"
is "$(cat "$OUT/report/index.html")" "html --share s1/run.jsonl $(cat "$OUT/results/last")/run.jsonl" "and on the page"
is "$(cat "$OUT/results/s1/summary.jsonl")" "summary s1/run.jsonl" "and have a summary of their own"
try "$COMPARE" report --share s2
is "$STATUS $(echo "$STDOUT" | head -n 1)" "0 table --share s2/run.jsonl $(cat "$OUT/results/last")/run.jsonl" \
	"others can be named"
# Those of the experiments whose rows are like the main run's, each by its own option.
for e in macro macro-net web web-net; do
	mkdir -p "$OUT/results/$e"
	echo "{\"t\":\"run\",\"plan\":{\"experiment\":\"$e\"}}" >"$OUT/results/$e/run.jsonl"
	echo "$e" >"$OUT/results/beside.$e-up"
done
try "$COMPARE" report --share s2 --web s1
is "$STATUS $(echo "$STDOUT" | head -n 1)" \
	"0 table --share s2/run.jsonl --macro macro/run.jsonl --macro-net macro-net/run.jsonl --web s1/run.jsonl --web-net web-net/run.jsonl $(cat "$OUT/results/last")/run.jsonl" \
	"so are those of real work and of web servers"
is "$(cat "$OUT/results/web-net/summary.jsonl")" "summary web-net/run.jsonl" "which have a summary, too"
try "$COMPARE" report web-net
is "$STATUS $(echo "$STDOUT" | head -n 1)" "0 table web-net/run.jsonl" "and a table alone"
rm "$OUT"/results/beside.macro-up "$OUT"/results/beside.macro-net-up "$OUT"/results/beside.web-up "$OUT"/results/beside.web-net-up
rm -r "$OUT/report"
try "$COMPARE" report s2
is "$STATUS $(echo "$STDOUT" | head -n 1) $(ls "$OUT/report" 2>&1 | grep -c index)" "0 table s2/run.jsonl 0" \
	"a run of shares alone has a table and no page"
unset BULKHEAD_REPORT

# --- the sides themselves, on a machine that only writes down how it is called
unset BULKHEAD_PLATFORMS
mkdir -p "$OUT/kernel" "$OUT/userland" "$OUT/image" "$TMP/job"
is "$("$TOP/hv-compare/platforms/native" names | tr '\n' ' ')" "native native2 " "native comes twice"
for s in native patched context lxc crun; do
	try "$TOP/hv-compare/platforms/$s" check "$s"
	matches "$STATUS $STDOUT" "1 the *kernel is missing (make kernel)" "$s says what it lacks"
done
: >"$OUT/kernel/patched.bzImage"
try "$TOP/hv-compare/platforms/context" check context
is "$STATUS $STDOUT" "1 the tool vctx is missing (make userland)" "context needs vctx, too"
: >"$OUT/kernel/native.bzImage"
for s in lxc crun; do
	try "$TOP/hv-compare/platforms/$s" check "$s"
	is "$STATUS $STDOUT" "1 the root disk of the machine is missing (make image)" "$s needs a root disk"
	printf 'jq\nlxcfs\n' >"$OUT/image/packages"
	try "$TOP/hv-compare/platforms/$s" check "$s"
	is "$STATUS $STDOUT" \
		"1 the root disk of the machine has no package $s (hv-compare/machine/image)" \
		"$s says which package it lacks"
	printf 'jq\ncrun\nlxc\n' >"$OUT/image/packages"
	try "$TOP/hv-compare/platforms/$s" check "$s"
	is "$STATUS $STDOUT" "0 " "$s can run with its package"
	rm "$OUT/image/packages"
done
# Every side of ours has a place of its own, and words and a colour.
for f in "$TOP"/hv-compare/platforms/*; do
	[ -x "$f" ] && [ -f "$f" ] || continue
	for s in $("$f" names); do
		is "$("$f" about "$s" | cut -d' ' -f1 | tr '\n' ' ')" "order label colour " "$s: about"
		"$f" about "$s" >>"$TMP/abouts"
	done
done
for k in order colour; do
	is "$(grep "^$k" "$TMP/abouts" | sort | uniq -d | grep -v '^colour #000000')" "" \
		"no $k twice but the control's"
done
refuses 2 "native: no platform 'other' here" "a name of another side" \
	"$TOP/hv-compare/platforms/native" check other
cat >"$TMP/machine" <<'END'
#!/bin/sh
for j; do :; done
echo "$*" >"$j/args"
exit 7
END
chmod +x "$TMP/machine"
MACHINE_RUN=$TMP/machine
export MACHINE_RUN
is "$("$TOP/hv-compare/platforms/share/context" names | tr '\n' ' ')" "context context-noctl context-nospread context-noslices context-nofloors " \
	"contexts come with parts switched off"
mkdir -p "$TMP/share"
for s in cgroup:native: context:patched: context-noctl:patched:sched_controller context-nospread:patched:sched_spread context-noslices:patched:sched_slices context-nofloors:patched:sched_floors; do
	name=${s%%:*}
	printf '1\t0\tbshare\tshare.cpu.1-1.t1\n' >"$TMP/share/plan"
	echo "--ms 500" >"$TMP/share/options.bshare"
	rm -rf "$TMP/share/results"
	mkdir "$TMP/share/results"
	ACCEL=tcg SMP=2 MEM=1024 LIMIT=60 SCRATCH=/x.img \
		try "$TOP/hv-compare/platforms/share/${name%%-*}" run "$name" "$TMP/share"
	s=${s#*:}
	is "$STATUS $(cat "$TMP/share/args") | $(cat "$TMP/share/options.bshare") | $(sed 's|.*/||' "$TMP/share/sysctl" 2>/dev/null)" \
		"7 --kernel ${s%%:*} --accel tcg --smp 2 --mem 1024 --timeout 60 --disk /x.img $TMP/share | --ms 500 --by ${name%%-*} | ${s#*:}" \
		"$name boots the shared machine and says what an instance is"
done
is "$("$TOP/hv-compare/platforms/share/xen" names | tr '\n' ' ')" "xen keel " "domains are of Xen or of keel"
for s in xen keel; do
	ACCEL=tcg SMP=2 MEM=1024 LIMIT=60 SCRATCH=/x.img \
		try "$TOP/hv-compare/platforms/share/xen" run $s "$TMP/share"
	is "$STATUS $(cat "$TMP/share/args")" \
		"7 --kernel native --accel tcg --smp 2 --mem 1024 --timeout 60 --$s --dom0-mem 320 --disk /x.img $TMP/share" \
		"share: domains on $s"
done
for s in native:native: context:patched: "context-crowd:patched:/out/bench/bin/bcrowd 1000"; do
	name=${s%%:*}
	rm -f "$TMP/share/before"
	ACCEL=tcg SMP=1 MEM=1024 LIMIT=60 SCRATCH=/x.img \
		try "$TOP/hv-compare/platforms/crowd/context" run "$name" "$TMP/share"
	s=${s#*:}
	is "$STATUS $(cat "$TMP/share/args") | $(cat "$TMP/share/before")" \
		"7 --kernel ${s%%:*} --accel tcg --smp 1 --mem 1024 --timeout 60 --disk /x.img $TMP/share | ${s#*:}" \
		"crowd: $name"
done
echo 5 >"$TMP/job/program-limit"
echo prog >"$TMP/job/env-program"
: >"$TMP/job/options.prog"
: >"$TMP/job/image-tools"
printf '1\t0\tprog\ta.1\n' >"$TMP/job/plan"
for s in native:native native2:native patched:patched context:patched lxc:native crun:native; do
	f=$TOP/hv-compare/platforms/${s%%:*}
	[ -e "$f" ] || f=${f%2}
	ACCEL=icount=0 SMP=1 MEM=1024 LIMIT=60 SCRATCH=/x.img try "$f" run "${s%%:*}" "$TMP/job"
	is "$STATUS $(cat "$TMP/job/args")" \
		"7 --kernel ${s#*:} --accel icount=0 --smp 1 --mem 1024 --timeout 60 --disk /x.img $TMP/job" \
		"${s%%:*} boots the shared machine and passes on its status"
done
mkdir -p "$TMP/job/results"
cat >"$TMP/machine" <<'END'
#!/bin/sh
for j; do :; done
printf 'first\nlxc-execute: no space left\n' >"$j/results/output.log"
exit "${RC:-7}"
END
for rc in 7 125; do
	RC=$rc ACCEL=icount=0 SMP=1 MEM=1024 LIMIT=60 SCRATCH=/x.img \
		try "$TOP/hv-compare/platforms/lxc" run lxc "$TMP/job"
	is "$STATUS $STDERR" "$rc $([ $rc -ne 7 ] || echo "in the machine: lxc-execute: no space left")" \
		"a job that fails says what it said last, a machine that fails speaks for itself ($rc)"
done
cat >"$TMP/machine" <<'END'
#!/bin/sh
for j; do :; done
echo "$*" >"$j/args"
exit 7
END
rm "$TMP/job/results/output.log"
for s in xen keel; do
	ACCEL=icount=0 SMP=1 MEM=1024 LIMIT=60 SCRATCH=$TMP/x.img \
		try "$TOP/hv-compare/platforms/xen" run "$s" "$TMP/job"
	is "$STATUS $(cat "$TMP/job/args")" \
		"7 --kernel native --accel icount=0 --smp 1 --mem 1024 --timeout 60 --$s --dom0-mem 256 --disk $OUT/image/root.img,snapshot=on --disk $TMP/x.img --disk $TMP/x.img.job $TMP/job" \
		"$s boots the same machine with the hypervisor, the root disk again, scratch and job"
done
[ ! -e "$TMP/x.img.job" ] && ok "and leaves no disk behind" || not_ok "and leaves no disk behind"

# --- programs that change the machine for the others come after them
mkdir -p "$TMP/order"
echo 'last late' >"$TMP/order/experiment.conf"
printf '%s\n' 'late	l.1	ns/op' 'prog	a.1	ns/op' 'prog	a.2	ns/op' >"$TMP/order/rows"
order=$(
	experiment_dir=$TMP/order work=$TMP/order accel_name=tcg profile=quick seed=7 execs=3
	. "$TOP/hv-compare/compare/plan.sh"
	plan_order 1
)
is "$(echo "$order" | cut -f1,3 | tr '\t\n' ': ')" "1:prog 2:prog 3:prog 1:late 2:late 3:late " \
	"a program that the experiment calls last runs when all executions of the others are done"

# --- the footprint counts all lines in one go
mkdir -p "$TMP/foot/bin" "$TMP/foot/work"
cat >"$TMP/foot/bin/cloc" <<'END'
#!/bin/sh
echo "$*" >>"$CALLS"
echo '{"header":{"n_files":3},"userland/lib/a.c":{"code":7},"./userland/b.sh":{"code":30},"hv-compare/keel/k.c":{"code":100},"hv-compare/keels/k.c":{"code":5},"SUM":{"code":142}}'
END
chmod +x "$TMP/foot/bin/cloc"
foot() { # PATH
	(
		PATH=$1 CALLS=$TMP/foot/calls OUT=$TMP/foot work=$TMP/foot/work
		export CALLS
		. "$TOP/hv-compare/compare/footprint.sh"
		footprint
	)
}
foot "$TMP/foot/bin:$PATH" >"$TMP/foot/records"
is "$(jq -r '"\(.part) \(.lines)"' "$TMP/foot/records" | tr '\n' ';')" \
	"stock kernel null;our kernel 0;vctx and libvctx 37;keel 100;Xen null;benchmarks 0;comparison and report 0;tests 0;" \
	"lines are those of the files below a part's directories"
is "$(wc -l <"$TMP/foot/calls")" 1 "and cloc is called once"
mkdir "$TMP/foot/less"
for p in jq awk size stat cat grep sh; do
	ln -s "$(command -v $p)" "$TMP/foot/less/$p"
done
is "$(foot "$TMP/foot/less" | jq -r '.lines // "none"' | sort -u)" none "without cloc there are no lines, and all else"

OUT=$real_out
finish
