#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# keel's scheduling arithmetic on the host, under sanitizers, beside exact fractions.
. "$(dirname -- "$0")/../lib.sh"

[ -f /usr/include/gmpxx.h ] || skip_all "no gmpxx.h; make deps installs it"
keel=$TOP/hv-compare/keel
if gcc -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I"$keel/include" "$TESTS/keel/bvttest.c" \
	"$keel/sched/bvt.c" -lgmp -o "$TMP/bvttest" >"$TMP/build.log" 2>&1; then
	ok "compiles without a warning"
else
	not_ok "compiles without a warning" "$(head -n 20 "$TMP/build.log")"
	finish
fi
"$TMP/bvttest" "${BVT_SEED:-1}" >"$TMP/bvt.tap" 2>"$TMP/bvt.err"
relay "$TMP/bvt.tap"
is "$(cat "$TMP/bvt.err")" "" "no complaint of a sanitizer"
finish
