#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the disk half of the experiment share on the machine and check that
# what it records can be true. How fair a scheduler is is no test.
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

# check SIDE SCHEDULER
check() {
	r=$OUT/results/$(cat "$OUT/results/beside.share-disk-smp")/run.jsonl
	is "$(jq -c 'select(.t == "verdict")' "$r")" "" "$1: the case has results"
	is "$(jq -r 'select(.t == "series" and .from == 0) | "\(.bench) \(.phase) \(.inst)/\(.n_inst) w\(.weight) t\(.threads) \(.scheduler)"' "$r" |
		sort | tr '\n' ';')" \
		"share.disk.1-4.q32 share 0/2 w1 t32 $2;share.disk.1-4.q32 share 1/2 w4 t32 $2;" \
		"$1: instances as asked for"
	is "$(jq -r 'select(.t == "series") | select(.t_ns != (.t_ns | sort) or .service_ns != (.service_ns | sort) or
		.service_ns[0] != 0 or .p99_ns < .p50_ns or .p50_ns <= 0)' "$r")" "" \
		"$1: time goes forward, and requests take some"
	# A busy host can make it less, nothing can make it more for long.
	is "$(jq -rs 'map(select(.t == "series")) | (map(.ios) | add) as $all |
		select($all > 1.2 * 500 * .[0].t_ns[-1] / 1e9 + 100 or $all < 100) |
		"\($all) requests in \(.[0].t_ns[-1]) ns"' "$r")" "" "$1: the disk does what it can, and no more"
	is "$(jq -rs 'map(select(.t == "series")) | .[] | select(.service_ns[-1] != .ios * .io_ns) | .inst' "$r")" "" \
		"$1: service is requests done"
	try "$BULKHEAD_REPORT" summary "$r"
	is "$STATUS $(echo "$STDOUT" | jq -r 'select(.status == "ok") | .bench')" "0 share.disk.1-4.q32" \
		"$1: the report takes it"
	for j in "$(dirname "$r")"/jobs/*; do
		test_dmesg "$j/results/dmesg.txt" "$1: the kernel log has no complaint"
	done
}

run() { # SIDE
	try "$TOP/hv-compare/compare/compare" run --experiment share-disk --accel tcg --smp 2 \
		--sides "$1" --only share.disk.1-4.q32
	is "$STATUS" 0 "$1: the run ends well"
	[ "$STATUS" -eq 0 ] || printf '%s\n' "$STDERR" | sed 's/^/# /'
}
run bfq
check bfq bfq
run iocost
check iocost io.cost
if grep -q '^CONFIG_MQ_IOSCHED_CONTEXT_FAIR=y' "$OUT/kernel/patched.config" 2>/dev/null; then
	run context-fair
	check context-fair context-fair
	is "$(jq -rs 'map(select(.t == "series")) | (.[1].ios / .[0].ios) | . > 2 and . < 8' "$r")" true \
		"context-fair: four times the weight is felt"
else
	skip "context-fair" "the patched kernel is built without CONFIG_MQ_IOSCHED_CONTEXT_FAIR"
fi
OUT=$real_out
finish
