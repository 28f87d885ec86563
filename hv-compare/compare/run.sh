# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Boots the sides, some at a time, and turns what they leave into records.

stop=0
on_signal() {
	stop=$((stop + 1))
}

# make_scratch: OUT/compare/scratch.img, the disk every boot gets a copy of:
# ext4 with the programs in bin/ and, if the experiment wants it, a tree of packages in
# tools/: one disk for all of it, which every side has anyway.
make_scratch() {
	scratch=$OUT/compare/scratch.img
	need mke2fs e2fsprogs
	# What goes to the sides; the host may build another one meanwhile.
	for p in $programs; do
		echo "$p $(digest "$BIN/$p")"
	done >"$work/digests"
	for p in $tools; do
		need "$p" "$p"
		echo "$p $(digest "$(command -v "$p")")" >>"$work/digests"
	done
	if [ -n "$tree" ]; then
		[ -f "$OUT/image/$tree.tar" ] ||
			die "the tree of packages '$tree' is not built" "run 'make tools'"
		echo "$tree.tar $(digest "$OUT/image/$tree.tar")" >>"$work/digests"
	fi
	key=$(cut -d' ' -f2 "$work/digests"; digest "$COMPARE_DIR/run.sh")
	if [ -f "$scratch" ] && [ -f "$scratch.key" ] && [ "$(cat "$scratch.key")" = "$key" ]; then
		return
	fi
	rm -f "$scratch.key"
	mkdir -p "$work/scratch/bin"
	for p in $programs; do
		cp "$BIN/$p" "$work/scratch/bin/$p"
	done
	for p in $tools; do
		cp -L "$(command -v "$p")" "$work/scratch/bin/$p"
	done
	chmod 755 "$work/scratch" "$work/scratch/bin" "$work/scratch/bin"/*
	if [ -n "$tree" ]; then
		mkdir "$work/scratch/tools"
		tar -xf "$OUT/image/$tree.tar" -C "$work/scratch/tools" --no-same-owner
	fi
	rm -f "$scratch.part"
	truncate -s "${SCRATCH_MIB}M" "$scratch.part"
	# Everything is written now that a kernel would otherwise write in the
	# background later; fixed identifiers, so that hashes fall the same way.
	E2FSPROGS_FAKE_TIME=1700000000 mke2fs -q -F -t ext4 -m 0 -L bench \
		-U b0000000-0000-4000-8000-000000000003 \
		-E hash_seed=b0000000-0000-4000-8000-000000000004,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 \
		-d "$work/scratch" "$scratch.part"
	mv "$scratch.part" "$scratch"
	echo "$key" >"$scratch.key"
}

# queue: $work/queue, lines SIDE NAME FILE WHERE BOOT COST in the order of starts
queue() {
	b=1
	while [ "$b" -le "$boots" ]; do
		awk -F '\t' -v OFS='\t' -v b="$b" '
			NR == FNR { cost[$1] = $2; next }
			$1 in cost { print $1, $2, $3, $4, b, cost[$1] }' \
			"$work/cost" "$work/sides" >"$work/block"
		if [ "$accel_name" = tcg-icount ]; then
			# The order cannot matter to counted instructions; the
			# longest first leaves no CPU idle at the end.
			sort -t "$tab" -s -k6,6nr "$work/block"
		else
			awk -F '\t' -v seed="$seed" -v b="$b" '
			function rnd(n) { x = (x * 16807) % 2147483647; return int(x / 2147483647 * n) }
			{ line[NR] = $0 }
			END {
				x = (seed * 1000003 + b * 7919 + 1) % 2147483647
				if (x == 0)
					x = 1
				for (i = 0; i < 20; i++)
					rnd(2)
				for (i = NR; i > 1; i--) {
					j = rnd(i) + 1
					t = line[i]; line[i] = line[j]; line[j] = t
				}
				for (i = 1; i <= NR; i++)
					print line[i]
			}' "$work/block"
		fi
		b=$((b + 1))
	done >"$work/queue"
	if [ "$accel_name" = tcg-icount ]; then
		order_words="rows: seeded shuffle per execution, the same on every side; boots: longest first"
	else
		order_words="rows: seeded shuffle per execution, the same on every side; boots: seeded shuffle in blocks of all sides"
	fi
}

# start SIDE NAME FILE WHERE BOOT COST: one boot in the background, in a process
# group of its own: Ctrl-C on the terminal is for us to handle, not for it.
start() {
	item=$1.boot$5
	n=1
	# A resumed run may have been in the middle of this boot.
	while [ -e "$run_dir/jobs/$item" ]; do
		n=$((n + 1))
		item=$1.boot$5.$n
	done
	job=$run_dir/jobs/$item
	mkdir -p "$job/results"
	plan_order "$5" >"$job/order"
	remaining "$1" "$5" <"$job/order" >"$job/plan"
	conf program-limit >"$job/program-limit"
	head -n 1 "$work/rows" | cut -f1 >"$job/env-program"
	conf image-tools >"$job/image-tools"
	conf capabilities >"$job/capabilities"
	conf serve >"$job/serve"
	for p in $programs; do
		conf "options.$p" >"$job/options.$p"
	done
	cp --sparse=always "$scratch" "$work/$item.img"
	event "$1" start "boot $5"
	ACCEL=$accel SMP=$smp MEM=$mem LIMIT=$limit SCRATCH=$work/$item.img \
		setsid sh -c '
		rc=0
		"$1" run "$2" "$3" >"$3/log" 2>&1 || rc=$?
		times >"$3/times"
		echo "$rc" >"$3/rc.part"
		mv "$3/rc.part" "$3/rc"' sh "$3" "$2" "$job" </dev/null &
	echo "$item$tab$!$tab$1$tab$4$tab$5$tab$6$tab$(date +%s)" >>"$work/active"
	say_step start "$1" "$5" "$1: boot $5 started"
}

# finish LINE-OF-ACTIVE RC
finish() {
	IFS=$tab read -r item pid side where boot cost began <<-END
		$1
	END
	job=$run_dir/jobs/$item
	# A machine that did not get to the first execution has measured nothing: it is
	# an accident of the emulator, or happens again. An interrupted run does not wait.
	if [ "$2" -eq 125 ] && [ ! -s "$job/results/status" ] && [ $stop -eq 0 ] &&
		! grep -qxF "$side$tab$boot" "$work/again" 2>/dev/null; then
		printf '%s\t%s\n' "$side" "$boot" >>"$work/again"
		rm -f "$work/$item.img" "$work/$item.img.job"
		why=$(grep -v '^hint:' "$job/log" | tail -n 1)
		event "$side" again "boot $boot: $why"
		say_step again "$side" "$boot" "$side: boot $boot did not come up, once more: $why"
		IFS=$tab read -r side name file where boot cost <<-END
			$(awk -F '\t' -v s="$side" -v b="$boot" '$1 == s && $5 == b' "$work/queue")
		END
		start "$side" "$name" "$file" "$where" "$boot" "$cost"
		return
	fi
	[ ! -f "$job/console.int3.log" ] || event "$side" again "boot $boot: $(grep -m 1 'Oops: int3' "$job/log")"
	host_cpu=$(host_cpu_ns "$job/times")
	merge "$side" "$where" "$boot" "$job" "$2"
	# After the results: an end without them would be the end of a boot that
	# nobody can resume.
	event "$side" stop "boot $boot" "$host_cpu"
	rm -f "$work/$item.img" "$work/$item.img.job"
	n_done=$((n_done + 1))
	# With the records: the next boot starts after them.
	took=$(($(date +%s) - began))
	say_step stop "$side" "$boot" "$side: boot $boot done in $(minutes $took), $merged_rows of $n_rows rows"
	# What a part of a boot took says nothing about the next whole one.
	if [ "$2" -eq 0 ] && [ ! -e "$job/stop" ] && cmp -s "$job/plan" "$job/order"; then
		printf '%s\t%s\t%s\n' "$experiment $profile $accel_name $side" \
			"$n_rows $execs" "$took" >>"$OUT/compare/seconds"
	fi
}

# host_cpu_ns FILE: the CPU time of the host that a boot took, from what "times"
# of its shell says in the second line (0m1.230s 0m0.450s); empty if unknown.
host_cpu_ns() {
	sed -n 2p "$1" 2>/dev/null | awk 'NF == 2 {
		for (i = 1; i <= 2; i++) {
			split($i, a, /[ms]/)
			s += a[1] * 60 + a[2]
		}
		printf "%.0f", s * 1e9
	}'
}

# say_step KIND SIDE BOOT TEXT: what happened, in the form asked for.
say_step() {
	case $progress in
	none) ;;
	json) say_json "$1" "$2" "$3" ;;
	*) [ -z "$tty" ] || printf '\r\033[K' >&2
		echo "$(date -u +%H:%M:%S) $4" >&2 ;;
	esac
}

# Host seconds that remain: $left; $steps executions are done in the boots under
# way, which are $names.
time_left() {
	now=$(date +%s)
	left=0 names='' steps=0
	while IFS=$tab read -r item pid side where boot cost began; do
		r=$((cost - (now - began)))
		[ $r -gt 3 ] || r=3
		left=$((left + r))
		names="$names $side"
		[ ! -f "$run_dir/jobs/$item/results/status" ] ||
			steps=$((steps + $(wc -l <"$run_dir/jobs/$item/results/status")))
	done <"$work/active"
	left=$(((left + $(tail -n "+$((n_started + 1))" "$work/queue" |
		awk -F '\t' '{ s += $6 } END { print s + 0 }')) / jobs))
}

# say_json KIND [SIDE BOOT]
say_json() {
	time_left
	jq -cn --arg kind "$1" --arg side "${2:-}" --argjson boot "${3:-0}" \
		--arg experiment "$experiment" --arg run "$run_id" \
		--argjson ended "$n_done" --argjson all "$n_items" \
		--argjson execs "$steps" --argjson left "$left" \
		'{t: "progress", run: $run, experiment: $experiment, kind: $kind,
		  boots_done: $ended, boots: $all, execs_under_way: $execs,
		  eta_s: $left} +
		 if $side == "" then {} else {side: $side, boot: $boot} end' >&2
}

# One line that replaces itself, on a terminal only.
say_progress() {
	[ -n "$tty" ] && [ "$progress" = auto ] || return 0
	time_left
	printf '\r\033[K%s  %d/%d boots  %d executions under way in%s  eta %s%s' \
		"$experiment" "$n_done" "$n_items" "$steps" "$names" \
		"$(minutes $left)" "$([ $stop -eq 0 ] || echo '  (stopping)')" >&2
}

# Ctrl-C: once, the jobs end after their current execution; twice, now.
obey() {
	if [ $stop -ge 1 ] && [ ! -e "$work/told" ]; then
		: >"$work/told"
		say_step stopping '' 0 "stopping after the executions under way; once more to stop at once"
		while IFS=$tab read -r item rest; do
			: >"$run_dir/jobs/$item/stop"
		done <"$work/active"
	fi
	if [ $stop -ge 2 ] && [ ! -e "$work/killed" ]; then
		: >"$work/killed"
		say_step stopping '' 0 "stopping now"
		while IFS=$tab read -r item pid rest; do
			kill -s TERM -- "-$pid" 2>/dev/null || true # it may just have ended
		done <"$work/active"
	fi
}

new_run() {
	started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	started_ns=$(now_ns)
	run_id=$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
	run_dir=$RESULTS/$run_id
	mkdir -p "$run_dir/jobs"
	if [ "$progress" = json ]; then
		say_json plan
	elif [ "$progress" != none ]; then
		cmd_plan >&2
		echo "records: $run_dir/run.jsonl" >&2
	fi
	record_run
	record_sides
	[ "$(conf footprint)" != yes ] || footprint | append
	while IFS=$tab read -r side why; do
		verdicts "$side" dnr "$why" <"$work/ids"
		say_step missing "$side" 0 "$side: cannot run: $why"
		echo "$side: $why" >>"$work/failed"
	done <"$work/missing"
}

# The run that "compare report" shows. One that belongs beside another does not
# take its place.
remember_run() {
	name=last
	[ "$(conf beside)" != yes ] || name=beside.$experiment-$suffix
	echo "$run_id" >"$RESULTS/$name.part"
	mv "$RESULTS/$name.part" "$RESULTS/$name"
}

cmd_run() {
	began_at=$(date +%s)
	[ "$disk_free" -ge $((disk_work + disk_kept)) ] ||
		die "$OUT has $disk_free MiB free and the run can need $((disk_work + disk_kept))" \
			"make room, or run fewer boots at the same time (--jobs 1)"
	tools=$(conf tools)
	tree=$(conf tree)
	make_scratch
	for p in $programs; do
		printf '%s\t%s\n' "$p" "$(conf "options.$p")"
	done >"$work/options"
	limit=$(($(conf boot-limit) * 60))
	tty=
	[ ! -t 2 ] || tty=1
	n_items=$(wc -l <"$work/queue") n_started=0 n_done=0
	: >"$work/active"
	cut -f2 "$work/rows" >"$work/ids"
	if [ -n "$resume" ]; then
		resume_run
	else
		new_run
	fi
	remember_run
	n_items=$(wc -l <"$work/queue")
	estimate=$(makespan <"$work/queue")
	trap on_signal INT TERM
	while :; do
		n_active=$(wc -l <"$work/active")
		while [ $stop -eq 0 ] && [ "$n_active" -lt "$jobs" ] &&
			[ "$n_started" -lt "$n_items" ]; do
			n_started=$((n_started + 1))
			IFS=$tab read -r side name file where boot cost <<-END
				$(sed -n "${n_started}p" "$work/queue")
			END
			start "$side" "$name" "$file" "$where" "$boot" "$cost"
			n_active=$((n_active + 1))
		done
		[ "$n_active" -gt 0 ] || break
		say_progress
		sleep 1 || true # a signal ends it early
		obey
		cp "$work/active" "$work/check"
		while read -r line; do
			item=${line%%"$tab"*}
			pid=${line#*"$tab"}
			pid=${pid%%"$tab"*}
			rc=
			if [ -f "$run_dir/jobs/$item/rc" ]; then
				rc=$(cat "$run_dir/jobs/$item/rc")
			elif ! kill -0 "$pid" 2>/dev/null; then
				# Gone without a word: killed, by us or others.
				[ -f "$run_dir/jobs/$item/rc" ] || rc=143
			fi
			[ -n "$rc" ] || continue
			awk -F '\t' -v i="$item" '$1 != i' "$work/active" >"$work/active.new"
			mv "$work/active.new" "$work/active"
			finish "$line" "$rc"
		done <"$work/check"
	done
	trap 'exit 130' INT TERM

	# Boots that were never started still are part of the plan.
	tail -n "+$((n_started + 1))" "$work/queue" | cut -f1 | sort -u >"$work/unrun"
	while read -r side; do
		grep -qE "\"t\":\"(sample|series)\".*\"side\":\"$side\"" "$run_dir/run.jsonl" ||
			verdicts "$side" skip "interrupted before it ran" <"$work/ids"
	done <"$work/unrun"
	rc=0
	[ $stop -eq 0 ] || rc=130
	grep -qE '"t":"(sample|series)"' "$run_dir/run.jsonl" || [ $rc -ne 0 ] || rc=1
	took=$(($(date +%s) - began_at))
	record_end $rc
	[ -z "$tty" ] || printf '\r\033[K' >&2
	[ $rc -ne 0 ] || say_step end '' 0 "$(beside_estimate "$took")"
	if [ -s "$work/failed" ]; then
		echo "sides that gave no or not all results:" >&2
		sed 's/^/  /' "$work/failed" >&2
	fi
	[ $rc -ne 1 ] || echo "compare: no side gave any result" >&2
	[ $rc -ne 130 ] || echo "hint: 'compare run --resume $run_id' does the rest" >&2
	exit $rc
}
