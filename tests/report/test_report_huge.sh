#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check that half a million samples become a report.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

sh "$HERE/gen_run.sh" -a kvm -b 4 -e 20 -n 26 >"$TMP/huge.jsonl"
n=$(grep -c '"t":"sample"' "$TMP/huge.jsonl")
if [ "$n" -ge 475000 ]; then ok "$n samples"; else not_ok "half a million samples" "$n"; fi
for c in table html summary; do
	if "$R" $c --boot-resamples 400 "$TMP/huge.jsonl" >"$TMP/$c" 2>"$TMP/err"; then
		ok "$c of them"
	else
		not_ok "$c of them" "$(cat "$TMP/err")"
	fi
	no_nan "$TMP/$c" "$c"
done
sound "$TMP/html" "the page"
size=$(wc -c <"$TMP/html")
if [ "$size" -lt 500000 ]; then ok "the page is below 500 KB"; else not_ok "the page is below 500 KB" "$size"; fi
is "$(sed -n '/"bench":"proc.fork","side":"xen-up"/s/.*"n_exec":\([0-9]*\),"n_boot":\([0-9]*\),"n_batch":\([0-9]*\),.*/\1 \2 \3/p' "$TMP/summary")" \
	"80 4 2080" "all samples of a cell are in it"

# More rows than any figure can hold: the tables take them, the page says so.
sh "$HERE/gen_run.sh" -b 1 -e 6 -n 1 -m 300 >"$TMP/rows.jsonl"
"$R" html --boot-resamples 400 "$TMP/rows.jsonl" >"$TMP/rows.html"
sound "$TMP/rows.html" "300 more rows"
if grep -q 'too many for a figure' "$TMP/rows.html"; then ok "too many rows for a figure: told"; else not_ok "too many rows for a figure: told"; fi
rm -f "$TMP/huge.jsonl"
finish
