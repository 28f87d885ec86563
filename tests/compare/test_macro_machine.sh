#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the rows of real work that need the tree of packages on the machine,
# counting instructions: in a context and in an OCI container, and a stream into a context.
. "$(dirname -- "$0")/../lib.sh"

[ -f "$OUT/image/tools.tar" ] || skip_all "no tree of packages (make tools)"

. "$(dirname -- "$0")/own_out.sh"

# The experiments as they are, with one batch of each row: numbers are no test.
BULKHEAD_EXPERIMENTS=$TMP/experiments
export BULKHEAD_EXPERIMENTS
mkdir -p "$BULKHEAD_EXPERIMENTS/macro" "$BULKHEAD_EXPERIMENTS/macro-net"
for e in macro macro-net; do
	sed 's/--batches 5 --warmup 1/--batches 1 --warmup 0/' \
		"$TOP/benchmarks/experiments/$e/experiment.conf" >"$BULKHEAD_EXPERIMENTS/$e/experiment.conf"
done

run() { # EXPERIMENT SIDES ROWS EXPECTED
	try "$TOP/hv-compare/compare/compare" run --profile standard --experiment "$1" --accel icount \
		--smp 1 --boots 1 --execs 1 --sides "$2" --only "$3"
	is "$STATUS" 0 "$1: a run ends well"
	[ "$STATUS" -eq 0 ] || printf '%s\n' "$STDERR" | sed 's/^/# /'
	r=$OUT/results/$(cat "$OUT/results/beside.$1-up")/run.jsonl
	is "$(jq -r 'select(.t == "verdict") | "\(.side) \(.bench) \(.status) \(.why)"' "$r")" "" "$1: every row has results"
	is "$(jq -r 'select(.t == "sample" and .phase == "measure") | "\(.side) \(.bench)"' "$r" | sort -u | wc -l)" \
		"$4" "$1: on all sides"
	is "$(jq -r 'select(.t == "run") | .built["tools.tar"]' "$r")" \
		"$(sha256sum <"$real_out/image/tools.tar" | cut -d' ' -f1)" "$1: and it is known which tools"
	for j in "$(dirname "$r")"/jobs/*; do
		test_dmesg "$j/results/dmesg.txt" "$(basename "$j"): the kernel log has no complaint"
	done
}
run macro context,crun macro.fio.randread,macro.dbench,macro.pgbench.tpcb 6
run macro-net context macro.net.tx.1500,macro.net.rx.500 2
finish
