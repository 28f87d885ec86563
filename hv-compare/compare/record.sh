# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The records of a run: JSON lines, only ever appended to, on the disk before
# anything follows from them.

# append: records from stdin
append() {
	cat >>"$run_dir/run.jsonl"
	sync "$run_dir/run.jsonl"
}

# event SIDE KIND [WHAT [NS]]: NS is CPU time of the host
event() {
	jq -cn --arg side "$1" --arg kind "$2" --arg what "${3:-}" \
		--argjson cpu "${4:-null}" --argjson load "$(host_load)" \
		--argjson at "$(($(now_ns) - started_ns))" \
		'{t: "event", side: $side, kind: $kind, at_ns: $at} +
		 if $what == "" then {} else {what: $what} end +
		 if $cpu == null then {} else {host_cpu_ns: $cpu} end +
		 if $load == null then {} else {host_load: $load} end' | append
}

# Who else wants the CPUs of the host; of our own machines, too, at an end.
host_load() {
	cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo null
}

# verdicts SIDE STATUS WHY: one for every row named on stdin
verdicts() {
	jq -cR --arg side "$1" --arg status "$2" --arg why "$3" \
		'{t: "verdict", bench: ., side: $side, status: $status, why: $why}' |
		append
}

# Everything the outcome could depend on that is known before the first boot.
record_run() {
	jq -cn --arg run "$run_id" --arg argv "$argv" --arg started "$started" \
		--arg accel "$accel_name" --argjson shift "${icount_shift:-null}" \
		--argjson seed "$seed" --arg profile "$profile" \
		--arg experiment "$experiment" --argjson boots "$boots" \
		--argjson execs "$execs" --argjson budget "$estimate" \
		--argjson smp "$smp" --argjson mem "$mem" --argjson jobs "$jobs" \
		--arg order "$order_words" \
		--arg version "$(suite_version | grep . || echo unreleased)" --arg git "$(suite_git)" \
		--arg host_kernel "$(uname -srm)" --argjson host_cpus "$(nproc)" \
		--arg host_cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		--arg qemu "$(qemu-system-x86_64 --version 2>/dev/null | head -n 1)" \
		--rawfile sides "$work/sides" --rawfile rows "$work/rows" \
		--rawfile options "$work/options" --argjson built "$(built)" '
	def table: split("\n") | map(select(. != "") | split("\t"));
	{t: "run", v: 1, run: $run, suite: {version: $version, git: $git},
	 seed: $seed, argv: $argv, started: $started, accel: $accel,
	 plan: {profile: $profile, experiment: $experiment,
		sides: ($sides | table | map(.[0])),
		benches: ($rows | table | map(.[1])),
		boots: $boots, reps: $execs, order: $order, budget_s: $budget,
		options: ($options | table | map({(.[0]): .[1]}) | add)},
	 built: $built,
	 machine: {smp: $smp, mem_mib: $mem, jobs: $jobs},
	 host: {kernel: $host_kernel, cpu: $host_cpu, cpus: $host_cpus, qemu: $qemu}} +
	if $shift == null then {} else {icount_shift: $shift} end' | append
}

# What the sides of the plan say about themselves: the report has no list of its
# own. Also of those that cannot run.
record_sides() {
	awk -F '\t' -v OFS='\t' '
	NR == FNR { about[$1] = $2 "\t" $3 "\t" $4 "\t" $5; next }
	{ print $1, $4, about[$1] }' "$work/about" "$work/sides" |
		jq -cR 'split("\t") |
		{t: "side", side: .[0], where: .[1], order: (.[2] | tonumber)} +
		if .[3] == "" then {} else {label: .[3]} end +
		if .[4] == "" then {} else {colour: .[4]} end +
		if .[5] == "" then {} else {colour_dark: .[5]} end' | append
}

suite_version() {
	sed -n 's/^## *\[\{0,1\}\([0-9][^] ]*\).*/\1/p' "$TOP/CHANGES.md" 2>/dev/null |
		head -n 1
}

suite_git() {
	git -C "$TOP" describe --always --dirty --tags 2>/dev/null || echo unknown
}

# Digests of all that is measured, so that two halves of a run are of the same.
built() {
	{
		for p in $programs; do
			echo "$p $(digest "$BIN/$p")"
		done
		for p in $(conf tools); do
			echo "$p $(digest "$(command -v "$p")")"
		done
		for p in $(conf tree); do
			echo "$p.tar $(digest "$OUT/image/$p.tar")"
		done
		for k in native patched; do
			[ ! -f "$OUT/kernel/$k.bzImage" ] ||
				echo "$k.bzImage $(digest "$OUT/kernel/$k.bzImage")"
		done
		[ ! -f "$OUT/userland/vctx" ] || echo "vctx $(digest "$OUT/userland/vctx")"
	} | jq -cRn '[inputs | split(" ") | {(.[0]): .[1]}] | add // {}'
}

# What makes the patched kernel ours, as one number.
patchset() {
	find "$TOP/kernel-patches" -type f | sort | xargs sha256sum |
		sed "s|$TOP/||" | sha256sum | cut -d' ' -f1
}

# warnings FILE: how many the kernel printed
warnings() {
	grep -cE 'WARNING:|BUG:|KASAN:|Oops|general protection|INFO: (rcu|possible|task)|UBSAN:' \
		"$1" 2>/dev/null || true # grep says 1 for none
}

# merge SIDE WHERE BOOT JOBDIR RC: what a boot left behind becomes records. Every
# row of the plan ends up with samples or with a verdict that says why not.
merge() {
	side=$1 where=$2 boot=$3 job=$4 rc=$5
	res=$job/results
	why=
	if [ "$rc" -ne 0 ]; then
		why=$(grep -v '^hint:' "$job/log" | tail -n 1)
		[ -n "$why" ] || why="the side ended with status $rc"
		[ "$rc" -ne 124 ] || event "$side" timeout "$why"
	fi
	touch "$res/status" "$res/sha256"

	if [ -s "$res/env.json" ]; then
		merge_env || why=${why:-"its environment record cannot be read"}
	else
		why=${why:-"it left no environment record"}
	fi
	n=$(warnings "$res/dmesg.txt")
	[ "${n:-0}" -eq 0 ] || event "$side" dmesg "$n warnings of the kernel in boot $boot"

	# The very same program everywhere, or the numbers mean nothing.
	bad=
	for p in $programs $(conf tools); do
		grep -q "^$p$tab" "$work/rows" || [ ! -x "$BIN/$p" ] || continue
		have=$(awk -v f="/bench/bin/$p" '$2 == f { print $1 }' "$res/sha256")
		[ -z "$have" ] || [ "$have" = "$(awk -v p="$p" '$1 == p { print $2 }' "$work/digests")" ] ||
			bad="the program $p on this side is another file than on the host"
	done

	order=0
	# What an interrupted boot of the same number has measured is there.
	jq -r --arg side "$side" --argjson boot "$boot" '
		select((.t == "sample" or .t == "series") and .side == $side and
			.boot == $boot) | .bench' "$run_dir/run.jsonl" | sort -u >"$work/seen"
	while IFS=$tab read -r exec pad p rows; do
		f=$res/$exec.$p.jsonl
		count=$(echo "$rows" | wc -w)
		if [ -f "$f" ]; then
			jq -cR --arg side "$side" --argjson boot "$boot" \
				--argjson exec "$exec" --argjson base "$order" \
				--argjson pad "$pad" --arg accel "$accel_name" \
				--arg rows "$rows" '
			($rows | split(" ") | to_entries |
			 map({(.value): .key}) | add) as $place |
			fromjson? | select(type == "object" and ($place[.bench // ""] != null)) |
			if .t == "sample" then
				. + {side: $side, inst: 0, n_inst: 1, boot: $boot,
				     exec: $exec, order: ($base + $place[.bench]),
				     env_pad: $pad, accel: $accel}
			elif .t == "series" then
				. + {side: $side, boot: $boot, exec: $exec,
				     order: ($base + $place[.bench]), accel: $accel}
			elif .t == "verdict" then
				. + {side: $side, boot: $boot, exec: $exec}
			else empty end' "$f" >"$work/records"
			append <"$work/records"
			jq -r .bench "$work/records" | sort -u >"$work/have"
			# A program that died owes us the rest of its rows.
			echo "$rows" | tr ' ' '\n' | sort | comm -23 - "$work/have" >"$work/lost"
			if [ -s "$work/lost" ]; then
				prc=$(awk -v e="$exec" -v p="$p" '$1 == e && $2 == p { print $3 }' "$res/status")
				[ "$prc" != 124 ] || event "$side" timeout "$p in execution $exec"
				verdicts "$side" fail "$p ended with status ${prc:-unknown} in execution $exec: $(
					head -n 1 "$res/$exec.$p.err" 2>/dev/null)" <"$work/lost"
			fi
			cat "$work/have" "$work/lost" >>"$work/seen"
		fi
		order=$((order + count))
	done <"$job/order"

	cut -f2 "$work/rows" | sort >"$work/ids"
	if [ -n "$bad" ]; then
		verdicts "$side" invalid "$bad" <"$work/ids"
	fi
	sort -u "$work/seen" | comm -23 "$work/ids" - >"$work/lost"
	if [ -s "$work/lost" ]; then
		if [ -e "$job/stop" ]; then
			verdicts "$side" skip "interrupted before it ran" <"$work/lost"
		else
			verdicts "$side" dnr "${why:-it left no results}" <"$work/lost"
		fi
	elif [ -n "$why" ] && [ ! -e "$job/stop" ]; then
		event "$side" fail "$why"
	fi
	merged_rows=$(($(wc -l <"$work/ids") - $(wc -l <"$work/lost")))
	[ -z "$why" ] || [ -e "$job/stop" ] || echo "$side: $why" >>"$work/failed"
}

merge_env() {
	kernel=$(cat "$job/kernel" 2>/dev/null || echo unknown)
	image=null config=null patches=null
	[ ! -f "$OUT/kernel/$kernel.bzImage" ] ||
		image="\"$(digest "$OUT/kernel/$kernel.bzImage")\""
	[ ! -f "$OUT/kernel/$kernel.config" ] ||
		config="\"$(digest "$OUT/kernel/$kernel.config")\""
	[ "$kernel" = native ] || [ "$kernel" = unknown ] ||
		patches="{\"sha256\":\"$(patchset)\"}"
	# Tools of the side's own root directory: the same, or the page says where not.
	tools=null
	[ ! -s "$res/tools" ] || tools=$(jq -cRn '[inputs | split(" +"; null) |
		{(.[1] | sub(".*/"; "")): .[0]}] | add' <"$res/tools")
	echo null >"$work/memory"
	[ ! -s "$res/memory.json" ] || cp "$res/memory.json" "$work/memory"
	jq -c --arg side "$side" --arg where "$where" --argjson boot "$boot" \
		--arg accel "$accel_name" --argjson shift "${icount_shift:-null}" \
		--argjson smp "$smp" --argjson mem "$mem" --arg kernel "$kernel" \
		--argjson image "$image" --argjson config "$config" \
		--argjson patches "$patches" --argjson tools "$tools" --slurpfile memory "$work/memory" \
		--argjson warnings "$(warnings "$res/dmesg.txt" | grep . || echo 0)" '
	. + {t: "env", side: $side, where: $where, boot: $boot, accel: $accel,
	     patchset: $patches, dmesg_marks: $warnings,
	     build: {flavour: $kernel, sha256: $image, config_sha256: $config},
	     machine: ({smp: $smp, mem_mib: $mem} +
		if $memory[0] == null then {} else {split_mib: $memory[0]} end)} +
	if $tools == null then {} else {tools: $tools} end +
	if $shift == null then {} else {icount_shift: $shift} end' \
		"$res/env.json" >"$work/env" 2>/dev/null && [ -s "$work/env" ] || return 1
	append <"$work/env"
}

# record_end RC
record_end() {
	jq -cn --arg run "$run_id" --argjson rc "$1" \
		--arg finished "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--argjson records "$(wc -l <"$run_dir/run.jsonl")" \
		--arg sha "$(digest "$run_dir/run.jsonl")" \
		--argjson took "$took" --argjson estimate "$estimate" \
		'{t: "end", run: $run, rc: $rc, finished: $finished,
		  records: $records,
		  took_s: $took, estimate_s: $estimate, sha256: $sha}' | append
}
