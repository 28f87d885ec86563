# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the sides. A side defines names, check, about, where, seconds and run
# (see README.md) and ends with: side_main "$@"

# A side is a file of platforms/ or of a directory in it.
PLATFORMS=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ -d "$PLATFORMS/lib" ] || PLATFORMS=${PLATFORMS%/*}
TOP=$(CDPATH='' cd -- "$PLATFORMS/../.." && pwd)
OUT=${OUT:-$TOP/out}
case $OUT in /*) ;; *) OUT=$PWD/$OUT ;; esac
export OUT

# The tests put a machine of their own here.
MACHINE_RUN=${MACHINE_RUN:-$TOP/hv-compare/machine/run}

side_die() {
	echo "$(basename -- "$0"): $1" >&2
	exit 2
}

# A side that says nothing about itself comes after the others, under its name.
about() { :; }

# lacks FILE WHAT TARGET: true, with a reason on stdout, if FILE is not there.
lacks() {
	[ ! -e "$1" ] || return 1
	echo "$2 is missing (make $3)"
}

# lacks_package PACKAGE...: true, with a reason on stdout, if one of these Debian
# packages is not in the machine's root disk.
lacks_package() {
	side_list=$OUT/image/packages
	! lacks "$side_list" "the root disk of the machine" image || return 0
	for side_package; do
		grep -qxF -e "$side_package" "$side_list" || {
			echo "the root disk of the machine has no package $side_package (hv-compare/machine/image)"
			return 0
		}
	done
	return 1
}

# machine KERNEL JOBDIR OPTION...: one boot of the machine that all sides share.
machine() {
	side_kernel=$1 side_job=$2
	shift 2
	echo "$side_kernel" >"$side_job/kernel"
	side_rc=0
	"$MACHINE_RUN" --kernel "$side_kernel" --accel "$ACCEL" --smp "$SMP" \
		--mem "$MEM" --timeout "$LIMIT" "$@" "$side_job" || side_rc=$?
	# The machine told why it did not get to the end of the job; why the job
	# itself failed is what it said last.
	case $side_rc in
	0 | 2 | 124 | 125) ;;
	*) [ ! -s "$side_job/results/output.log" ] ||
		echo "in the machine: $(tail -n 1 "$side_job/results/output.log")" >&2 ;;
	esac
	return $side_rc
}

# copy_guest JOBDIR: the scripts that run in the machine.
copy_guest() {
	cp "$PLATFORMS"/lib/guest/* "$1/"
}

# add_option JOBDIR PROGRAM WORDS: more of what the side's programs are told.
add_option() {
	side_file=$1/options.$2
	shift 2
	[ ! -f "$side_file" ] || echo "$(cat "$side_file") $*" >"$side_file.part"
	[ ! -f "$side_file" ] || mv "$side_file.part" "$side_file"
}

side_main() {
	[ $# -ge 1 ] || side_die "what? (names, check, about, where, seconds, run)"
	verb=$1
	shift
	case $verb in
	names) names; return ;;
	check | about | where | seconds) [ $# -eq 1 ] || side_die "usage: $verb NAME" ;;
	run) [ $# -eq 2 ] || side_die "usage: run NAME JOBDIR"
		[ -f "$2/plan" ] || side_die "'$2' has no plan" ;;
	*) side_die "unknown verb '$verb'" ;;
	esac
	names | grep -qxF -e "$1" || side_die "no platform '$1' here"
	"$verb" "$@"
}
