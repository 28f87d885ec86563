#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the experiment scale on the machine, counting instructions: every way
# to make instances makes two, which say that they are ready, work, and are taken away.
# What that costs is no test.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/own_out.sh"
BULKHEAD_REPORT=$real_out/compare/bhreport
export BULKHEAD_REPORT
rows=scale.most,scale.start.2,scale.work.2,scale.stop.2

# run SIDES ROWS: all of them have results, and nothing is in a kernel log; the records
# are $r
run() {
	try "$TOP/hv-compare/compare/compare" run --experiment scale --accel icount --smp 1 \
		--sides "$1" --only "$2"
	is "$STATUS" 0 "$1: the run ends well"
	[ "$STATUS" -eq 0 ] || printf '%s\n' "$STDERR" | sed 's/^/# /'
	r=$OUT/results/$(cat "$OUT/results/beside.scale-up")/run.jsonl
	for side in $(echo "$1" | tr , ' '); do
		is "$(jq -r --arg side "$side-up" 'select(.t == "verdict" and .side == $side) | "\(.bench): \(.why)"' "$r")" "" \
			"$side: every row has a result"
		is "$(jq -r --arg side "$side-up" 'select(.t == "sample" and .side == $side) | "\(.bench) \(.unit) \(.value > 0)"' "$r" | sort -u)" \
			"$(echo "$2" | tr , '\n' | sed 's/$/ ns\/op true/; s/most ns.op/most instances/; s/^\(isolate.*\) ns.op/\1 %/' | sort)" \
			"$side: and a number in it"
		is "$(jq -r --arg side "$side-up" 'select(.bench == "scale.most" and .side == $side and .t == "sample").value' "$r")" 2 \
			"$side: both instances were there at once"
		test_dmesg "$(dirname "$r")/jobs/$side-up.boot1/results/dmesg.txt" "$side: the kernel log has no complaint"
	done
}
# Making a domain takes long: as few as will do.
run keel,xen "$rows"
spread=scale.fast.2,scale.mid.2,scale.slow.2,scale.rest.2,scale.idle.2,scale.busy.2
run native,patched,context,lxc,crun "$rows,$spread,isolate.cpu,isolate.disk"
# The same work on the same kernel: an instance adds to it, it does not change it.
is "$(jq -rs '[.[] | select(.t == "sample" and .bench == "scale.work.2")] | (.[] | select(.side == "native-up").value) as $n |
	.[] | select(.value < 0.98 * $n or .value > 10 * $n) | "\(.side) \(.value / $n)"' "$r")" "" \
	"a unit of work is the same work everywhere"
# The slowest is the slowest. Of answers nothing is certain: who computes, too, may be
# awake already, which is less work than to be woken from the idle task.
is "$(jq -rs '[.[] | select(.t == "sample")] | group_by(.side)[] | . as $s |
	def of($row): [$s[] | select(.bench == $row).value] | add / length;
	select(of("scale.fast.2") > of("scale.mid.2") or of("scale.mid.2") > of("scale.slow.2") or
		([of("scale.rest.2", "scale.idle.2", "scale.busy.2")] | min) <= 0) | .[0].side' "$r")" "" "spread and answers are in order"
# Plain processes are not protected from each other, which shows that the nuisance is
# one; who has contexts keeps most of what is his.
is "$(jq -rs '[.[] | select(.t == "sample" and .bench == "isolate.cpu") | {(.side): .value}] | add |
	.["native-up"] < 80 and .["context-up"] > 80' "$r")" true "a nuisance is felt by processes, not by contexts"
OUT=$real_out
finish
