#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will look at every committed file: licence line, shell syntax, no
# path of one particular machine, nothing built or binary.
. "$(dirname -- "$0")/../lib.sh"

cd "$TOP" || exit 1
git rev-parse --git-dir >/dev/null 2>&1 || skip_all "not a git checkout"
git ls-files | while IFS= read -r file; do
	[ ! -f "$file" ] || echo "$file"
done >"$TMP/files"

# list DESCRIPTION FILE: passes if FILE is empty, else shows it.
list() {
	if [ -s "$2" ]; then
		not_ok "$1" "$(head -n 20 "$2")"
	else
		ok "$1"
	fi
}

# Licence of every file: FILE TAB LICENCE, empty if it has none.
xargs awk '
	function flush() { if (file != "") print file "\t" licence }
	FNR == 1 { flush(); file = FILENAME; licence = "" }
	licence == "" && (FNR <= 12 || FILENAME ~ /\.patch$/) &&
	    match($0, /SPDX-License-Identifier: */) {
		licence = substr($0, RSTART + RLENGTH)
		sub(/ *(\*\/|-->).*/, "", licence)
		sub(/["\r ]*$/, "", licence)
	}
	END { flush() }' <"$TMP/files" >"$TMP/licences"
: >"$TMP/nolicence"
: >"$TMP/wrong"
tab=$(printf '\t')
while IFS=$tab read -r file licence; do
	case $file in
	# The licences themselves, and lists and data with no room for a comment.
	LICENSE | LICENSES/* | *.gitignore | *.json | *.jsonl | *.tsv | *.out) continue ;;
	*/golden/* | */data/* | *.expected | *.golden) continue ;;
	kernel-patches/*/series | kernel-patches/*/base | kernel-patches/*/date)
		continue ;;
	kernel-patches/files/include/uapi/*) want='GPL-2.0 WITH Linux-syscall-note' ;;
	kernel-patches/apply | kernel-patches/export | kernel-patches/refresh)
		want='GPL-2.0-or-later' ;;
	# A patch has the licence of the files it changes, unless it adds some.
	kernel-patches/*.patch) want=GPL-2.0 licence=${licence:-GPL-2.0} ;;
	kernel-patches/* | tests/selftests/*) want=GPL-2.0 ;;
	userland/lib/* | userland/man/libvctx.*) want=LGPL-2.1-or-later ;;
	*) want=GPL-2.0-or-later ;;
	esac
	case $licence in
	'') echo "$file" >>"$TMP/nolicence" ;;
	"$want" | "$want-only") ;;
	*) echo "$file: $licence, not $want" >>"$TMP/wrong" ;;
	esac
done <"$TMP/licences"
list "every file has an SPDX licence line" "$TMP/nolicence"
list "every licence is the one of its room" "$TMP/wrong"

# What git takes for binary has no line that matches as text.
xargs grep -LI '' <"$TMP/files" | while IFS= read -r file; do
	[ ! -s "$file" ] || echo "$file"
done >"$TMP/binary"
list "no binary file is committed" "$TMP/binary"

xargs awk 'FNR == 1 && /^#!\/bin\/sh/ { print FILENAME }' <"$TMP/files" >"$TMP/scripts"
: >"$TMP/syntax"
: >"$TMP/noexec"
while IFS= read -r file; do
	sh -n "$file" 2>>"$TMP/syntax"
	# The harness runs tests with sh, the machine runs jobs with sh; everything else is run by its name.
	case $file in
	tests/*/test_*.sh | tests/*/guest_*.sh) ;;
	*) [ -x "$file" ] || echo "$file" >>"$TMP/noexec" ;;
	esac
done <"$TMP/scripts"
bash -n .ci/run 2>>"$TMP/syntax"
list "shell scripts have no syntax error" "$TMP/syntax"
list "scripts are executable" "$TMP/noexec"

git grep -nIE '/(work|home)/[a-z]+/' -- . \
	':!tests/machine/test_skeleton.sh' >"$TMP/paths"
list "no path of one particular machine" "$TMP/paths"
git ls-files -- out 'out/*' '*.o' '*.a' '*.so' '*.so.*' >"$TMP/built"
list "nothing built is committed" "$TMP/built"

if command -v shellcheck >/dev/null 2>&1; then
	# Warnings and errors; the style hints are a matter of taste. Names in proc
	# are numbers, so that "ls | grep" is fine (SC2010); a list may have one entry (SC2043).
	xargs shellcheck -S warning -e SC2010,SC2043 -s sh -x -P SCRIPTDIR <"$TMP/scripts" \
		>"$TMP/shellcheck" 2>&1
	list "shellcheck finds nothing" "$TMP/shellcheck"
else
	skip "shellcheck finds nothing" "shellcheck is not installed"
fi

try make -s help
is "$STATUS" 0 "make help works"
matches "$STDOUT" "*make compare*make check*" "and names the two commands"
# What a person can read in a week, and who says it is small must stay small.
lines=$(cd "$TOP" && cloc --json --quiet hv-compare/keel | jq .SUM.code)
if [ "$lines" -le 12000 ]; then
	ok "keel has at most 12,000 lines of code ($lines)"
else
	not_ok "keel has at most 12,000 lines of code" "$lines"
fi
finish
