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

for program in cpu cpu-noint128 disk; do
	"$OUT/tests/alg/$program" 1 >"$TMP/$program.tap" 2>"$TMP/$program.err"
	relay "$TMP/$program.tap" "$program: "
	is "$(cat "$TMP/$program.err")" "" "$program: no complaint of a sanitizer"
done

# table PROGRAM FILE: the program prints it, the file is what the kernel has.
table() {
	"$OUT/tests/alg/$1" --vectors >"$TMP/$1.h" 2>&1
	try diff -u "$TOP/kernel-patches/files/$2" "$TMP/$1.h"
	is "$(echo "$STDOUT$STDERR" | head -n 12)" "" "$1: the table of the KUnit test is up to date"
}
table cpu kernel/vserver/alg/vectors.h
table disk block/ctxfq_vectors.h
finish
