#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the experiment isolate-disk in contexts and in domains on the machine and
# check that what it records can be true. What one loses beside another is no test, and a
# host too busy for the pace is a reason, not a failure.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/own_out.sh"
BULKHEAD_REPORT=$real_out/compare/bhreport
export BULKHEAD_REPORT

for side in context keel; do
	if [ "$side" = keel ] && [ ! -e "$OUT/keel/keel" ]; then
		skip "domains" "keel is not built (make keel)"
		continue
	fi
	try "$TOP/hv-compare/compare/compare" run --experiment isolate-disk --accel tcg --smp 2 \
		--sides "$side" --only isolate.disk,isolate.disk.bad,isolate.storm
	r=$OUT/results/$(cat "$OUT/results/beside.isolate-disk-smp")/run.jsonl
	is "$(jq -r 'select(.t == "sample" or .t == "verdict") | "\(.bench) \(if .t == "sample"
			then .unit == "%" and .value >= 0 and .value <= 101
			else .why | test("units are in time$") end)"' "$r" | sort | tr '\n' ';')" \
		"isolate.disk true;isolate.disk.bad true;isolate.storm true;" \
		"$side: a part of what it does alone, or why there is none"
	try "$BULKHEAD_REPORT" table --ascii "$r"
	is "$STATUS" 0 "$side: the report takes it"
	for j in "$(dirname "$r")"/jobs/*; do
		test_dmesg "$j/results/dmesg.txt" "$side: the kernel log has no complaint"
	done
done
OUT=$real_out
finish
