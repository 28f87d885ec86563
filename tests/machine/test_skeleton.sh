#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will look at every committed file: licence line, shell syntax, no
# path of one particular machine, nothing built or binary.
. "$(dirname -- "$0")/../lib.sh"

cd "$TOP" || exit 1
command -v git >/dev/null 2>&1 && git rev-parse --git-dir >/dev/null 2>&1 ||
	skip_all "not a git checkout"
git ls-files >"$TMP/files"

# list DESCRIPTION FILE: passes if FILE is empty, else shows it.
list() {
	if [ -s "$2" ]; then
		not_ok "$1" "$(head -n 20 "$2")"
	else
		ok "$1"
	fi
}

: >"$TMP/nolicence"
: >"$TMP/wrong"
: >"$TMP/binary"
: >"$TMP/syntax"
: >"$TMP/shellcheck"
while IFS= read -r file; do
	[ -f "$file" ] || continue
	case $file in
	# The licences themselves, and lists and data with no room for a comment.
	LICENSE | LICENSES/* | kernel-patches/*/series | kernel-patches/*/base | \
		kernel-patches/*/date | *.json | *.jsonl | *.expected | *.golden) ;;
	*.gitignore | *.out | tests/report/golden/* | tests/report/data/* | \
		tests/stat/data/*) ;;
	*)
		licence=$(head -n 12 "$file" | sed -n 's/.*SPDX-License-Identifier: *//p' |
			head -n 1 | sed 's/ *\(\*\/\|-->\).*//')
		case $file in
		*.patch) [ -n "$licence" ] || licence=$(sed -n \
			's/^+.*SPDX-License-Identifier: *//p' "$file" | head -n 1)
			# A patch to existing files has the kernel's licence.
			[ -n "$licence" ] || licence=GPL-2.0 ;;
		esac
		[ -n "$licence" ] || echo "$file" >>"$TMP/nolicence"
		case $file in
		kernel-patches/files/include/uapi/*)
			want='GPL-2.0 WITH Linux-syscall-note' ;;
		kernel-patches/apply | kernel-patches/export | kernel-patches/refresh)
			want='GPL-2.0-or-later' ;;
		kernel-patches/* | tests/selftests/*) want='GPL-2.0' ;;
		userland/lib/* | userland/man/libvctx.*) want='LGPL-2.1-or-later' ;;
		*) want='GPL-2.0-or-later' ;;
		esac
		case $licence in
		"$want" | '') ;;
		# Kernel files may say it in either of the two ways.
		'GPL-2.0-only') [ "$want" = GPL-2.0 ] || echo "$file: $licence" >>"$TMP/wrong" ;;
		*) echo "$file: $licence, not $want" >>"$TMP/wrong" ;;
		esac ;;
	esac
	# A NUL byte within the first part of a file makes it binary.
	[ "$(head -c 8000 "$file" | tr -d '\000' | wc -c)" = \
		"$(head -c 8000 "$file" | wc -c)" ] || echo "$file" >>"$TMP/binary"
	case $(head -n 1 "$file") in
	'#!/bin/sh'*) sh -n "$file" 2>>"$TMP/syntax"
		! command -v dash >/dev/null || dash -n "$file" 2>>"$TMP/syntax"
		echo "$file" >>"$TMP/scripts" ;;
	'#!/bin/bash'*) bash -n "$file" 2>>"$TMP/syntax" ;;
	esac
done <"$TMP/files"
list "every file has an SPDX licence line" "$TMP/nolicence"
list "every licence is the one of its room" "$TMP/wrong"
list "no binary file is committed" "$TMP/binary"
list "shell scripts have no syntax error" "$TMP/syntax"

git grep -nIE '/(work|home|root)/[a-z]+/' -- . \
	':!tests/machine/test_skeleton.sh' >"$TMP/paths"
list "no path of one particular machine" "$TMP/paths"
git ls-files -- out 'out/*' '*.o' '*.a' '*.so' '*.so.*' >"$TMP/built"
list "nothing built is committed" "$TMP/built"
: >"$TMP/noexec"
while IFS= read -r file; do
	# What other files source starts with #! in no case of ours.
	[ -x "$file" ] || case $file in
	tests/*/test_*.sh) ;; # the harness runs them with sh
	*) echo "$file" >>"$TMP/noexec" ;;
	esac
done <"$TMP/scripts"
list "scripts are executable" "$TMP/noexec"

if command -v shellcheck >/dev/null 2>&1; then
	# Warnings and errors; the style hints are a matter of taste.
	xargs shellcheck -S warning -s sh -x -P SCRIPTDIR <"$TMP/scripts" \
		>"$TMP/shellcheck" 2>&1
	list "shellcheck finds nothing" "$TMP/shellcheck"
else
	skip "shellcheck finds nothing" "shellcheck is not installed"
fi

try make -s help
is "$STATUS" 0 "make help works"
matches "$STDOUT" "*make compare*make check*" "and names the two commands"
finish
