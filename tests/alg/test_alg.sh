#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will test the pure algorithms of the kernel in user space, with the
# address and undefined behaviour sanitizers on, against references in exact
# fractions, and that the table of the KUnit tests is what the references say.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TESTS/alg" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "the algorithms build" "$(tail -n 20 "$TMP/build")"
	finish
fi
ok "the algorithms build"
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=exitcode=99

for program in cpu cpu-noint128; do
	"$OUT/tests/alg/$program" 1 >"$TMP/$program.tap" 2>"$TMP/$program.err"
	relay "$TMP/$program.tap" "$program: "
	is "$(cat "$TMP/$program.err")" "" "$program: no complaint of a sanitizer"
done

"$OUT/tests/alg/cpu" --vectors >"$TMP/vectors.h" 2>"$TMP/vectors.err"
try diff -u "$TOP/kernel-patches/files/kernel/vserver/alg/vectors.h" "$TMP/vectors.h"
is "$(echo "$STDOUT" | head -n 12)" "" "the table of the KUnit test is up to date"
finish
