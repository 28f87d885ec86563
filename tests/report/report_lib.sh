# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the report tests after lib.sh: builds bhreport and makes small
# record files.
HERE=$TESTS/report
R=$OUT/compare/bhreport
if ! make -s -C "$TOP/hv-compare/compare/report" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bhreport builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
# The report must not depend on where it runs.
LC_ALL=C.UTF-8
export LC_ALL

# run_record ACCEL [MORE]: the first line of a run of native-up and context-up
run_record() {
	printf '{"t":"run","v":1,"run":"r1","accel":"%s","suite":{"version":"0"},"seed":1,"argv":["test"],"started":"2026-01-01T00:00:00Z","plan":{"sides":["native-up","context-up"]}%s}\n' \
		"$1" "${2:-}"
}
# sample BENCH SIDE BOOT EXEC ITER UNIT VALUE [PHASE]
sample() {
	printf '{"t":"sample","bench":"%s","side":"%s","inst":0,"n_inst":1,"boot":%s,"exec":%s,"iter":%s,"phase":"%s","order":0,"unit":"%s","value":%s,"ops":1,"ns":1}\n' \
		"$1" "$2" "$3" "$4" "$5" "${8:-measure}" "$6" "$7"
}
# cells BENCH SIDE UNIT VALUE...: one execution of one batch per value
cells() {
	cb=$1 cs=$2 cu=$3 cn=0
	shift 3
	for cv; do
		sample "$cb" "$cs" 1 $cn 0 "$cu" "$cv"
		cn=$((cn + 1))
	done
}
end_record() {
	echo '{"t":"end","run":"r1","rc":0}'
}

# sound FILE DESCRIPTION: a page that is well formed, asks for nothing, and has
# no number that is none
sound() {
	if ! command -v xmllint >/dev/null; then
		skip "$2: well formed" "no xmllint"
	elif xmllint --noout --nonet "$1" 2>"$TMP/xmllint"; then
		ok "$2: well formed"
	else
		not_ok "$2: well formed" "$(head -n 5 "$TMP/xmllint")"
	fi
	if found=$(grep -n -i -o -E '.{0,20}(http|<script|javascript:|@import|src=|<link|<object|<iframe).{0,20}' "$1"); then
		not_ok "$2: asks for nothing" "$found"
	else
		ok "$2: asks for nothing"
	fi
	no_nan "$1" "$2"
}
no_nan() {
	if found=$(grep -n -i -o -E '.{0,20}([^a-z]|^)-?(nan|inf|infinity)([^a-z]|$).{0,20}' "$1"); then
		not_ok "$2: only real numbers" "$found"
	else
		ok "$2: only real numbers"
	fi
}
# same_file GOT WANT DESCRIPTION; BLESS=1 replaces what was wanted
same_file() {
	[ "${BLESS:-}" != 1 ] || cp -- "$1" "$2"
	if cmp -s -- "$1" "$2"; then
		ok "$3"
	else
		not_ok "$3" "$(diff -u -- "$2" "$1" | head -n 40)
to accept it: BLESS=1 sh tests/report/$NAME.sh"
	fi
}
