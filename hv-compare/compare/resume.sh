# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Going on with a run that was interrupted. What was planned is in its run
# record, what was measured in the records after it; nothing else counts. The
# executions that are missing run in a new boot under the number of the old one.

# resume_options: the options of the plan, from the record of the run $resume.
resume_options() {
	file=$(records "$resume")
	run_dir=$(dirname -- "$file")
	run_id=$(basename -- "$run_dir")
	head=$(head -n 1 "$run_dir/run.jsonl")
	from_run() { printf '%s\n' "$head" | jq -r "$1"; }
	[ "$(from_run '"\(.t) \(.v)"' 2>/dev/null)" = "run 1" ] ||
		die "$run_dir/run.jsonl does not begin with the record of a run"
	profile=$(from_run .plan.profile)
	experiment=$(from_run .plan.experiment)
	sides=$(from_run '.plan.sides | join(",")')
	only=$(from_run '.plan.benches | join(",")')
	boots=$(from_run .plan.boots)
	execs=$(from_run .plan.reps)
	seed=$(from_run .seed)
	accel=$(from_run .accel)
	[ "$accel" != tcg-icount ] || accel=icount=$(from_run .icount_shift)
	smp=$(from_run .machine.smp)
	mem=$(from_run .machine.mem_mib)
	: "${jobs:=$(from_run .machine.jobs)}"
	started=$(from_run .started)
	was_built=$(from_run '.built // {} | tojson')
	started_ns=$(date -u -d "$started" +%s)000000000
}

# ended SIDE BOOT: true if that boot came to an end of its own. What is missing
# from it then has a reason that is in the records.
ended() {
	grep -qxF "$1 boot $2" "$work/stopped" || return 1
	# The last of its attempts is the one with the highest number.
	n=1 last_job=$run_dir/jobs/$1.boot$2
	while [ -e "$run_dir/jobs/$1.boot$2.$((n + 1))" ]; do
		n=$((n + 1))
		last_job=$run_dir/jobs/$1.boot$2.$n
	done
	[ ! -e "$last_job/stop" ]
}

# remaining SIDE BOOT: of the lines of a plan on stdin, those that are not done.
# All of a new run's are to be done.
remaining() {
	if [ -z "$resume" ]; then
		cat
		return
	fi
	jq -r --arg side "$1" --argjson boot "$2" '
		select((.t == "sample" or .t == "series" or .t == "verdict") and
			.side == $side and .boot == $boot and .exec != null) |
		"\(.exec) \(.bench)"' "$run_dir/run.jsonl" | sort -u >"$work/done"
	# By name, not by number: the first file may be empty.
	awk -F '\t' -v done="$work/done" '
	FILENAME == done { have[$0] = 1; next }
	{
		n = split($4, row, " ")
		for (i = 1; i <= n; i++)
			if (!(($1 " " row[i]) in have)) {
				print
				next
			}
	}' "$work/done" -
}

# resume_run: takes what is done off the queue.
resume_run() {
	file=$run_dir/run.jsonl
	[ "$(built | jq -Sc .)" = "$(echo "$was_built" | jq -Sc .)" ] ||
		die "run $run_id measured other programs or kernels than those built now" \
			"start a new run; half of each would be a comparison of nothing"
	# What a killed run wrote last may be half a record.
	if [ -n "$(tail -c 1 "$file")" ]; then
		sed '$d' "$file" >"$file.part"
		mv "$file.part" "$file"
	fi
	jq -r 'select(.t == "event" and .kind == "stop") | "\(.side) \(.what)"' "$file" \
		>"$work/stopped"
	: >"$work/queue.new"
	while IFS=$tab read -r side name sfile where boot cost; do
		plan_order "$boot" | remaining "$side" "$boot" >"$work/todo"
		if [ -s "$work/todo" ] && ! ended "$side" "$boot"; then
			printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$side" "$name" "$sfile" "$where" \
				"$boot" "$cost" >>"$work/queue.new"
		fi
	done <"$work/queue"
	mv "$work/queue.new" "$work/queue"
	[ -s "$work/queue" ] || die "run $run_id is complete" "'compare report $run_id' shows it"
	event '*' resume "$(wc -l <"$work/queue") boots to go"
	say_step resume '' 0 "going on with run $run_id: $(wc -l <"$work/queue") of $n_items boots to go"
}
