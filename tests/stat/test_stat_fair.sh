#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will test water-filling and the errors of shares against known values,
# with the address and undefined behaviour sanitizers on.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/hv-compare/compare/report" OUT="$OUT" stattest >"$TMP/build" 2>&1; then
	not_ok "fairtest builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
# It prints TAP of its own, plan included.
exec "$OUT/tests/stat/fairtest"
