#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will test the same as test_alg.sh with more cases: three shares in every
# combination of small numbers, longer lives of buckets, more random numbers.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TESTS/alg" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "the algorithms build" "$(tail -n 20 "$TMP/build")"
	finish
fi
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=exitcode=99
for program in cpu disk; do
	"$OUT/tests/alg/$program" 20 >"$TMP/$program.tap" 2>"$TMP/$program.err"
	relay "$TMP/$program.tap" "$program: "
	is "$(cat "$TMP/$program.err")" "" "$program: no complaint of a sanitizer"
done
finish
