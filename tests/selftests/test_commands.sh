#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0
# Every command that the kernel has is called by a test, and the table of both in the
# documentation is the one of today's sources.
. "$(dirname -- "$0")/../lib.sh"

table=$TOP/tests/selftests/command-table
try "$table" --frob
is "$STATUS: $STDERR" "2: command-table: no argument is known, but --help, not '--frob'" \
	"an argument is refused"
"$table" >"$TMP/commands.md" 2>"$TMP/err" || not_ok "the table is made" "$(cat "$TMP/err")"
is "$(diff "$TOP/docs/commands.md" "$TMP/commands.md")" "" \
	"docs/commands.md is today's (tests/selftests/command-table >docs/commands.md)"
# Those of disks are tested with a disk (tests/disk), not here.
is "$(awk -F ' *[|] *' '$5 == "yes" && $7 == "" && $3 !~ /_disk`$/ { print $3 }' "$TMP/commands.md")" "" \
	"no command without a test"
# The sources say what the table must find.
is "$(grep -c '| yes |' "$TMP/commands.md")" \
	"$(grep -o '{ VCMD_[a-z0-9_]*' "$TOP/kernel-patches/files/kernel/vserver/switch.c" | sort -u | wc -l)" \
	"every command of the kernel is in it"
finish
