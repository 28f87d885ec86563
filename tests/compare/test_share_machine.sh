#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the experiment share on the machine, counting instructions, and
# check that what it records can be true. How fair the kernel is is no test.
. "$(dirname -- "$0")/../lib.sh"

real_out=$OUT
OUT=$TMP/out
export OUT
mkdir -p "$OUT"
for d in kernel image bench machine xen userland; do
	[ ! -e "$real_out/$d" ] || ln -s "$real_out/$d" "$OUT/$d"
done
BULKHEAD_REPORT=$real_out/compare/bhreport
export BULKHEAD_REPORT

# check SIDE: the records of a run of the two cases below
check() {
	r=$OUT/results/$(cat "$OUT/results/beside.share-up")/run.jsonl
	is "$(jq -c 'select(.t == "verdict")' "$r")" "" "$1: every case has results"
	is "$(jq -r 'select(.t == "series" and .from == 0) | "\(.bench) \(.phase) \(.inst)/\(.n_inst) w\(.weight) t\(.threads) \(.floor // 0) \(.cap // 0)"' "$r" |
		grep -v plain | sort | tr '\n' ';')" \
		"share.cpu.1-10.t2 share 0/2 w1 t2 0 0;share.cpu.1-10.t2 share 1/2 w10 t2 0 0;share.cpu.limit share 0/2 w1 t2 0 0.25;share.cpu.limit share 1/2 w1 t1 0 0;$(seq -f 'share.cpu.wake share %g/9 w1 t1 0 0;' 0 8 | tr -d '\n')" \
		"$1: instances as asked for"
	is "$(jq -r 'select(.t == "series") | select(.t_ns != (.t_ns | sort) or .service_ns != (.service_ns | sort) or
		.service_ns[0] != 0 or .task_ns <= 0)' "$r")" "" "$1: time goes forward, and every instance computes"
	# No more than one CPU can give; the sampler takes a little.
	is "$(jq -rs 'map(select(.t == "series")) | group_by([.bench, .phase])[] |
		(map(.service_ns[-1]) | add) as $all | (.[0].t_ns[-1] - .[0].t_ns[0]) as $time |
		select($all > 1.001 * $time or $all < 0.95 * $time) | "\(.[0].bench) \($all) of \($time)"' "$r")" "" \
		"$1: all together get what one CPU has"
	is "$(jq -rs 'map(select(.t == "series")) | .[] | select((.service_ns[-1] / .task_ns - 1) | fabs > 0.001) | .bench' "$r")" \
		"" "$1: the accounts of the instances are those of their tasks"
	is "$(jq -rs 'map(select(.t == "series" and .phase == "share" and .bench == "share.cpu.1-10.t2")) |
		(.[1].service_ns[-1] / .[0].service_ns[-1]) | . > 7 and . < 14' "$r")" true "$1: ten times the weight is felt"
	is "$(jq -rs 'map(select(.t == "series" and .phase == "share" and .bench == "share.cpu.limit")) |
		(.[0].service_ns[-1] / .[0].t_ns[-1]) | . > 0.15 and . < 0.40' "$r")" true "$1: so is the limit"
	# A wake-up is late by the time to get there at least; the light one does not work more than it is to.
	is "$(jq -rs 'map(select(.bench == "share.cpu.wake" and .phase == "share" and .from == 0)) |
		map(select(.duty)) | "\(length) \(.[0].inst) \(.[0].duty)", (.[0] |
		.wakes > 10 and .p50_ns > 0 and .p99_ns >= .p50_ns and .max_ns >= .p99_ns,
		.service_ns[-1] / .t_ns[-1] < 0.13)' "$r" | tr '\n' ' ')" "1 8 0.1 true true " "$1: one wakes, works and sleeps"
	try "$BULKHEAD_REPORT" summary "$r"
	is "$STATUS $(echo "$STDOUT" | jq -r 'select(.status == "ok") | .bench' | wc -l)" "0 3" "$1: the report takes all"
	for j in "$(dirname "$r")"/jobs/*; do
		test_dmesg "$j/results/dmesg.txt" "$1: the kernel log has no complaint"
	done
}

run() { # SIDE
	try "$TOP/hv-compare/compare/compare" run --experiment share --accel icount --smp 1 \
		--sides "$1" --only share.cpu.1-10.t2,share.cpu.limit,share.cpu.wake
	is "$STATUS" 0 "$1: the run ends well"
	[ "$STATUS" -eq 0 ] || printf '%s\n' "$STDERR" | sed 's/^/# /'
}
run cgroup
check cgroup
if grep -q '^CONFIG_VSERVER_SCHED=y' "$OUT/kernel/patched.config" 2>/dev/null; then
	run context
	check context
else
	skip "context: shares of contexts" "the patched kernel is built without CONFIG_VSERVER_SCHED"
fi
OUT=$real_out
finish
