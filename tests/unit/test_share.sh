#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check the command line of bshare, and what it says where it cannot
# work. What it measures is tested in the machine.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/hogs" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bshare builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
B=$OUT/bench/bin/bshare
hint="; try 'bshare --help'"

is "$("$B" --list | awk '$2 != "ratio" || $1 !~ /^share\.cpu\./')" "" "--list has ids and units"
is "$("$B" --list | cut -d' ' -f1 | sort | uniq -d)" "" "no id twice"
"$B" --help >"$TMP/help"
is "$? $(awk 'length > 80' "$TMP/help")" "0 " "--help fits a terminal"
refuses 2 "bshare: which rows? ''$hint" "no row" "$B"
refuses 2 "bshare: no row 'sys.'$hint" "a group of another program" "$B" sys.
refuses 2 "bshare: no such means 'jail'$hint" "unknown means" "$B" --by jail all
refuses 2 "bshare: unknown option '--fly'$hint" "an unknown option" "$B" --fly
refuses 2 "bshare: no value for '--ms'$hint" "an option without its value" "$B" --ms
refuses 2 "bshare: --ms: not a number from 200 to 120000: '10'$hint" "too short a case" "$B" --ms 10 all
for id in share.cpu. share.cpu.1 share.cpu.1-1 share.cpu.1-1.t share.cpu.1-1.t0 share.cpu.0-1.t1 \
	share.cpu.1-1.t1-2-3 share.cpu.1-1.t17 share.cpu.1--1.t1 share.cpu.1-1.t1x share.cpu.10001-1.t1 \
	share.cpu.1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1.t1; do
	try "$B" --plain-ms 0 --by context "$id"
	# The first is a group, and as such all rows.
	[ "$id" = share.cpu. ] || is "$STATUS:$STDERR" "2:bshare: no row '$id'$hint" "no case: $id"
done
if [ -r /proc/self/vinfo ]; then
	skip "without contexts it says so" "this kernel has contexts"
else
	try "$B" --plain-ms 0 --by context share.cpu.1-3.t2-1
	is "$STATUS $(echo "$STDOUT" | jq -c '[.t, .bench, .status, .why]')" \
		'1 ["verdict","share.cpu.1-3.t2-1","skip","this kernel has no contexts"]' "without contexts it says so"
fi
finish
