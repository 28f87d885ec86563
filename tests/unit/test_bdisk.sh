#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check the command line of bdisk, and what it says where it cannot
# work. What it measures is tested in the machine.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/disk" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bdisk builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
B=$OUT/bench/bin/bdisk
hint="; try 'bdisk --help'"

is "$("$B" --list | awk '$2 != "ratio" || $1 !~ /^share\.disk\./')" "" "--list has ids and units"
is "$("$B" --list | cut -d' ' -f1 | sort | uniq -d)" "" "no id twice"
"$B" --help >"$TMP/help"
is "$? $(awk 'length > 80' "$TMP/help")" "0 " "--help fits a terminal"
refuses 2 "bdisk: which rows? ''$hint" "no row" "$B"
refuses 2 "bdisk: no row 'share.cpu.'$hint" "a group of another program" "$B" share.cpu.
refuses 2 "bdisk: no such means 'jail'$hint" "unknown means" "$B" --by jail all
refuses 2 "bdisk: no such scheduler 'cfq'$hint" "an unknown scheduler" "$B" --scheduler cfq all
refuses 2 "bdisk: unknown option '--fly'$hint" "an unknown option" "$B" --fly
refuses 2 "bdisk: no value for '--ms'$hint" "an option without its value" "$B" --ms
refuses 2 "bdisk: --ms: not a number from 200 to 120000: '10'$hint" "too short a case" "$B" --ms 10 all
refuses 2 "bdisk: --iops: not a number from 1 to 1000000: '0'$hint" "a disk that does nothing" "$B" --iops 0 all
for id in share.disk.1 share.disk.1-1 share.disk.1-1.q share.disk.1-1.q0 share.disk.0-1.q1 \
	share.disk.11-1.q1 share.disk.1-1.q1-2-3 share.disk.1-1.q257 share.disk.1--1.q1 \
	share.disk.1-1.q1x share.disk.1-1.files2 share.disk.files share.disk.1-1-1-1-1.files \
	share.disk.limits share.disk.1-1.t1 share.disk.1-1.qseq share.disk.1-1.q4seq1 \
	share.disk.1-1-1-1-1-1-1-1-1-1.q1; do
	refuses 2 "bdisk: no row '$id'$hint" "no case: $id" "$B" "$id"
done
refuses 1 "bdisk: $TMP/nosuch: No such file or directory" "a disk that is not there" \
	"$B" --device "$TMP/nosuch" all
refuses 1 "bdisk: /dev/null is no disk of 8 MiB or more" "a device that is no disk" \
	"$B" --device /dev/null all
finish
