#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# libvctx and the command line under AddressSanitizer and UBSan.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/userland" OUT="$OUT" asan >"$TMP/build.log" 2>&1; then
	not_ok "the sanitizer builds" "$(tail -n 20 "$TMP/build.log")"
	finish
fi
"$OUT/userland/lib-test" "$TMP/state" >"$TMP/lib.tap" 2>"$TMP/lib.err"
status=$?
relay "$TMP/lib.tap" "lib: "
[ $status -le 1 ] && [ ! -s "$TMP/lib.err" ]
is "$? $(head -n 20 "$TMP/lib.err")" "0 " "lib: the sanitizers are silent"
# The same scripts run by themselves, perhaps now: scratch directories of their own.
SCRATCH=asan VCTX=$OUT/userland/vctx-asan sh "$TESTS/cli/test_cli_host.sh" \
	>"$TMP/cli.tap" 2>"$TMP/cli.err"
relay "$TMP/cli.tap" "sanitized: "
for part in files storage; do
	SCRATCH=asan VCTX=$OUT/userland/vctx-asan sh "$TESTS/cli/test_cli_$part.sh" \
		>"$TMP/$part.tap" 2>"$TMP/$part.err"
	relay "$TMP/$part.tap" "sanitized: $part: "
done
finish
