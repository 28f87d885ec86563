#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check the command line of bcrowd, and that it makes nothing where there
# are no contexts.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/crowd" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bcrowd builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
B=$OUT/bench/bin/bcrowd
usage="usage: bcrowd N COMMAND...    (N from 1 to 4000)"

refuses 2 "$usage" "nothing" "$B"
refuses 2 "$usage" "no command" "$B" 5
for n in 0 -1 4001 x ''; do
	refuses 2 "$usage" "not a number of contexts: '$n'" "$B" "$n" true
done
if [ -r /proc/self/vinfo ]; then
	try "$B" 3 sh -c 'exit 9'
	is "$STATUS:$STDERR" "9:" "it ends as its command does"
else
	try "$B" 3 sh -c "echo ran >$TMP/ran"
	is "$STATUS:$STDERR:$([ ! -e "$TMP/ran" ] || echo it ran)" "1:bcrowd: context 50000: Function not implemented:" \
		"without contexts it says so, and runs nothing"
fi
finish
