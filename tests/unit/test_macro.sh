#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check bmacro: its rows, what they leave, and what it says of tools that
# are not there or fail. What the rows cost is no test.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/macro" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bmacro builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
mkdir -p "$TMP/bin" "$TMP/dir" "$TMP/mem"
# It looks for tools beside itself first.
cp "$OUT/bench/bin/bmacro" "$TMP/bin/bmacro"
B="$TMP/bin/bmacro --dir $TMP/dir --tmpfs $TMP/mem --batch-ns 0 --batches 1 --warmup 0"

is "$("$TMP/bin/bmacro" --list | awk '$1 !~ /^macro\./ || $2 != "ns/op"')" "" "--list has ids and units"
for t in tcc:compile tar:tar tar:untar gzip:gzip postmark:mail sh:script; do
	row=macro.${t#*:} t=${t%%:*}
	if ! command -v "$t" >/dev/null; then
		skip "$row" "no $t"
		continue
	fi
	# shellcheck disable=SC2086 # words
	try $B $row
	is "$STATUS $(echo "$STDOUT" | jq -r '"\(.t) \(.bench) \(.ops) \(.value > 0) \(.why // "")"')" \
		"0 sample $row 1 true " "$row: a run of $t is an operation"
done
is "$(ls "$TMP/dir" "$TMP/mem" | grep -v ':$' | grep .)" "" "rows leave nothing behind"

fake() { # TOOL: with the lines on stdin
	{ echo '#!/bin/sh'; cat; } >"$TMP/bin/$1"
	chmod +x "$TMP/bin/$1"
}
verdict() { # ROW
	# shellcheck disable=SC2086 # words
	try $B "$1"
	echo "$STATUS $(echo "$STDOUT" | jq -r '"\(.t) \(.status) \(.why)"')"
}
fake gzip <<-'END'
	exit 127
END
is "$(verdict macro.gzip)" "1 verdict skip no gzip here" "a tool that is not there is a skip"
fake tar <<-'END'
	exit 3
END
is "$(verdict macro.untar)" "1 verdict fail tar ended with status 3" "a tool that fails is a failure"
fake tcc <<-'END'
	kill -KILL $$
END
is "$(verdict macro.compile)" "1 verdict fail tcc was ended by signal 9" "and so is one that is killed"
fake postmark <<-'END'
	echo "Error: cannot open 'spool/1' for writing" >&2
	echo "	1 seconds of transactions (200 per second)"
END
is "$(verdict macro.mail)" "1 verdict fail postmark did not do all of its transactions" \
	"postmark is not taken at its status"
fake postmark <<-'END'
	exit 0
END
is "$(verdict macro.mail)" "1 verdict fail postmark did not do all of its transactions" "nor at its silence"
finish
