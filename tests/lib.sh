# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by every test script: results in TAP, jobs in the machine, and what
# a kernel log must not say. Use:
#
#	#!/bin/sh
#	# fast            (second line, only if it belongs into make check-fast)
#	# SPDX-License-Identifier: GPL-2.0-or-later
#	. "$(dirname -- "$0")/../lib.sh"
#	is "$(program --version)" "program 1" "prints its version"
#	finish
set -u

TESTS=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
TOP=$(CDPATH='' cd -- "$TESTS/.." && pwd)
OUT=${OUT:-$TOP/out}
NAME=$(basename -- "$0" .sh)
# A scratch directory of this script, empty at its start and left behind after
# it, so that a failure can be looked at. SCRATCH tells two runs of one script apart.
TMP=$OUT/tests/tmp/$(basename -- "$(dirname -- "$0")")-$NAME${SCRATCH:+.$SCRATCH}
unset SCRATCH
rm -rf -- "$TMP"
mkdir -p "$TMP"
export TOP OUT TMP
unset CDPATH

tap_count=0
tap_failed=0

# ok DESCRIPTION / not_ok DESCRIPTION [DETAIL]: one result.
ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# skip DESCRIPTION REASON: not run, and why.
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: nothing of this script can run here. Does not return.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# finish: the plan, and the script's exit status. Must come last: a script that
# dies before it has no plan and fails.
finish() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# is ACTUAL EXPECTED DESCRIPTION
is() {
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "expected: $2
got:      $1"
	fi
}

# matches TEXT PATTERN DESCRIPTION: PATTERN is one of the shell's (case).
matches() {
	# shellcheck disable=SC2254 # a pattern is what is wanted
	case $1 in
	$2) ok "$3" ;;
	*) not_ok "$3" "expected: $2
got:      $1" ;;
	esac
}

# try COMMAND...: runs it; STATUS, STDOUT and STDERR are what came of it.
# shellcheck disable=SC2034 # for the caller
try() {
	STATUS=0
	"$@" >"$TMP/.stdout" 2>"$TMP/.stderr" || STATUS=$?
	STDOUT=$(cat "$TMP/.stdout")
	STDERR=$(cat "$TMP/.stderr")
}

# refuses STATUS STDERR DESCRIPTION COMMAND...: COMMAND must fail with exactly
# this exit status and exactly this text on stderr, and print nothing else.
refuses() {
	refuses_status=$1 refuses_text=$2 refuses_desc=$3
	shift 3
	try "$@"
	is "$STATUS: $STDOUT$STDERR" "$refuses_status: $refuses_text" "$refuses_desc"
}

# Scripts run side by side, and what they build may be the same.
make() {
	mkdir -p "$OUT/tests"
	flock "$OUT/tests/make.lock" make "$@"
}

# new_job NAME: prints a new empty job directory; run.sh comes on stdin.
new_job() {
	mkdir -p "$TMP/$1/results"
	cat >"$TMP/$1/run.sh"
	echo "$TMP/$1"
}

# boot [OPTION]... JOBDIR: runs a job in the machine, under TCG unless an
# --accel is given: what is tested is what runs everywhere. A job has only results,
# and may begin twice, unless it has a disk or a line of its own. STATUS is the exit
# status, STDERR what the machine said.
boot() {
	case " $* " in
	*' --disk '* | *' --line '*) ;;
	*) set -- --again "$@" ;;
	esac
	try "$TOP/hv-compare/machine/run" --accel tcg "$@"
}

# dmesg_clean FILE: true if the kernel log has no complaint; prints complaints.
dmesg_clean() {
	[ -s "$1" ] || {
		echo "no kernel log in $1"
		return 1
	}
	! grep -E -A 12 -m 5 \
		-e '(WARNING|BUG): ' -e 'kernel BUG at' -e 'Oops' -e 'KASAN' \
		-e 'UBSAN' -e 'general protection fault' -e 'Kernel panic' \
		-e 'possible (circular|recursive) locking' \
		-e 'inconsistent lock state' -e 'suspicious RCU usage' \
		-e 'INFO: task .* blocked' -e 'detected( expedited)? stall' \
		-e 'self-detected stall' -e 'scheduling while atomic' \
		-e 'sleeping function called' -e 'ODEBUG' -e 'refcount_t:' \
		-e 'list_(add|del) corruption' -e 'kmemleak: [1-9]' \
		-e 'unreferenced object' -e 'lock held when returning to user' \
		-e 'BUG kmalloc' -e 'Bad page state' "$1"
}

# test_dmesg FILE [DESCRIPTION]: a result for a clean kernel log.
test_dmesg() {
	if complaint=$(dmesg_clean "$1"); then
		ok "${2:-the kernel log has no complaint}"
	else
		not_ok "${2:-the kernel log has no complaint}" "$complaint"
	fi
}

# relay FILE [PREFIX]: takes over the results of a TAP file that was written in
# the machine. A missing file, or one that ends before its plan, is a failure.
relay() {
	if [ ! -s "$1" ]; then
		not_ok "${2:-}$(basename -- "$1")" "no results in $1"
		return
	fi
	relay_seen=0 relay_plan=
	while IFS= read -r relay_line; do
		case $relay_line in
		'ok '* | 'not ok '*)
			relay_seen=$((relay_seen + 1))
			tap_count=$((tap_count + 1))
			relay_text=${relay_line#not }
			relay_text=${relay_text#ok }
			# The number is ours, everything after it is theirs.
			relay_text=${relay_text#"${relay_text%%[!0-9]*}"}
			relay_text=${relay_text# }
			relay_text=${relay_text#- }
			case $relay_line in
			not*) tap_failed=$((tap_failed + 1))
				echo "not ok $tap_count - ${2:-}$relay_text" ;;
			*) echo "ok $tap_count - ${2:-}$relay_text" ;;
			esac ;;
		'1..'*)
			relay_plan=${relay_line#1..}
			case $relay_plan in
			'0 # '[Ss][Kk][Ii][Pp]*)
				skip "${2:-}$(basename -- "$1")" "${relay_plan#0 # ????}" ;;
			esac
			relay_plan=${relay_plan%% *} ;;
		*) printf '%s\n' "$relay_line" | sed 's/^#* */# /' ;;
		esac
	done <"$1"
	[ "$relay_plan" = "$relay_seen" ] ||
		not_ok "${2:-}$(basename -- "$1") is complete" \
			"planned: ${relay_plan:-nothing}
seen:    $relay_seen"
}
