# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh

# records RUN: the records of a run given by id, directory or file
records() {
	for f in "$1" "$1/run.jsonl" "$RESULTS/$1/run.jsonl"; do
		if [ -f "$f" ]; then
			echo "$f"
			return
		fi
	done
	die "no run '$1'" "the runs are in $RESULTS"
}

last_run() {
	[ -f "$RESULTS/last" ] || die "there is no run yet" "try 'compare run'"
	cat "$RESULTS/last"
}

need_report() {
	[ -x "$REPORT" ] || die "bhreport is not built" "run 'make programs'"
}

# One file at a time appears whole or not at all.
generate() { # FILE COMMAND...
	target=$1
	shift
	"$@" >"$target.part" || {
		rm -f "$target.part"
		die "$(basename "$REPORT") could not write $target"
	}
	mv "$target.part" "$target"
}

# The last runs of the experiment share, by number of CPUs, and of its disk half.
last_shares() {
	for f in "$RESULTS"/beside.share-up "$RESULTS"/beside.share-smp \
		"$RESULTS"/beside.share-disk-up "$RESULTS"/beside.share-disk-smp; do
		[ -f "$f" ] || continue
		[ ! -f "$RESULTS/$(cat "$f")/run.jsonl" ] || echo "$RESULTS/$(cat "$f")/run.jsonl"
	done
}

# last_beside EXPERIMENT: its last run, on one CPU if there is one.
last_beside() {
	for f in "$RESULTS/beside.$1-up" "$RESULTS/beside.$1-smp"; do
		[ -f "$f" ] && [ -f "$RESULTS/$(cat "$f")/run.jsonl" ] || continue
		echo "$RESULTS/$(cat "$f")/run.jsonl"
		return
	done
}

cmd_report() {
	html=$OUT/report/index.html run='' beside='' shares='' many='' isolates='' macro='' macro_net='' web='' web_net=''
	while [ $# -gt 0 ]; do
		case $1 in
		--help) usage; exit 0 ;;
		--html) [ $# -ge 2 ] || usage_error "--html needs a file"
			html=$2; shift ;;
		--beside) [ $# -ge 2 ] || usage_error "--beside needs a run"
			beside=$2; shift ;;
		--share) [ $# -ge 2 ] || usage_error "--share needs a run"
			shares="$shares $(records "$2")"; shift ;;
		--macro) [ $# -ge 2 ] || usage_error "--macro needs a run"
			macro=$(records "$2"); shift ;;
		--macro-net) [ $# -ge 2 ] || usage_error "--macro-net needs a run"
			macro_net=$(records "$2"); shift ;;
		--web) [ $# -ge 2 ] || usage_error "--web needs a run"
			web=$(records "$2"); shift ;;
		--web-net) [ $# -ge 2 ] || usage_error "--web-net needs a run"
			web_net=$(records "$2"); shift ;;
		--many) [ $# -ge 2 ] || usage_error "--many needs a run"
			many=$(records "$2"); shift ;;
		--isolate) [ $# -ge 2 ] || usage_error "--isolate needs a run"
			isolates="$isolates $(records "$2")"; shift ;;
		-*) usage_error "unknown option '$1'" ;;
		*) [ -z "$run" ] || usage_error "more than one run: '$1'"
			run=$1 ;;
		esac
		shift
	done
	need_report
	[ -n "$run" ] || run=$(last_run)
	file=$(records "$run")
	generate "$(dirname -- "$file")/summary.jsonl" "$REPORT" summary "$file"
	# A run that belongs beside others has no page of its own.
	case $(head -n 1 "$file" | jq -r '.plan.experiment // ""') in
	share | share-disk | scale | isolate | isolate-disk | macro | macro-net | web | web-net)
		"$REPORT" table "$file"
		echo
		echo "records $file"
		return ;;
	esac
	set --
	[ -z "$beside" ] || set -- --beside "$(records "$beside")"
	[ -n "$shares" ] || shares=$(last_shares)
	for s in $shares; do
		set -- "$@" --share "$s"
		generate "$(dirname -- "$s")/summary.jsonl" "$REPORT" summary "$s"
	done
	[ -n "$many" ] || many=$(last_beside scale)
	[ -z "$many" ] || {
		set -- "$@" --many "$many"
		generate "$(dirname -- "$many")/summary.jsonl" "$REPORT" summary "$many"
	}
	[ -n "$isolates" ] || isolates="$(last_beside isolate) $(last_beside isolate-disk)"
	for s in $isolates; do
		set -- "$@" --isolate "$s"
		generate "$(dirname -- "$s")/summary.jsonl" "$REPORT" summary "$s"
	done
	for experiment in macro macro-net web web-net; do
		case $experiment in
		macro) file_beside=$macro ;;
		macro-net) file_beside=$macro_net ;;
		web) file_beside=$web ;;
		web-net) file_beside=$web_net ;;
		esac
		[ -n "$file_beside" ] || file_beside=$(last_beside "$experiment")
		[ -n "$file_beside" ] || continue
		set -- "$@" "--$experiment" "$file_beside"
		generate "$(dirname -- "$file_beside")/summary.jsonl" "$REPORT" summary "$file_beside"
	done
	mkdir -p "$(dirname -- "$html")"
	generate "$html" "$REPORT" html "$@" "$file"
	"$REPORT" table "$@" "$file"
	echo
	echo "records $file"
	echo "page    $html"
}

cmd_diff() {
	[ $# -eq 2 ] || usage_error "diff needs two runs"
	need_report
	a=$(records "$1")
	b=$(records "$2")
	"$REPORT" diff "$a" "$b"
}
