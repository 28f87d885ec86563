#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check every form of the report, byte for byte, for a known run, and
# that the same records give the same bytes again.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"
G=$HERE/golden

# The records are made by a generator, not kept; its sum says that they are
# the ones the golden files belong to.
sh "$HERE/gen_run.sh" -b 2 -e 4 -n 3 >"$TMP/run.jsonl"
sh "$HERE/gen_run.sh" -a tcg -p quick -b 1 -e 3 -n 3 -x >"$TMP/quick.jsonl"
sh "$HERE/gen_run.sh" -b 2 -e 4 -n 3 -s 2 -r 20261120T193000Z-test >"$TMP/second.jsonl"
sums=$(cd "$TMP" && sha256sum run.jsonl quick.jsonl second.jsonl)
[ "${BLESS:-}" != 1 ] || echo "$sums" >"$G/records.sha256"
is "$sums" "$(cat "$G/records.sha256")" "the generator makes the golden records"

form() { # GOLDEN ARGUMENT...
	want=$1
	shift
	if ! (cd "$TMP" && "$R" "$@" --boot-resamples 2000) >"$TMP/$want" 2>"$TMP/err"; then
		not_ok "bhreport $*" "$(cat "$TMP/err")"
		return
	fi
	same_file "$TMP/$want" "$G/$want" "bhreport $*"
}
form table.txt table --ascii --width 100 run.jsonl
form table-80.txt table --ascii --width 80 run.jsonl
form table-utf8.txt table --width 100 quick.jsonl
form index.html html run.jsonl
form summary.jsonl summary run.jsonl
form quick.md markdown quick.jsonl
form quick.csv csv quick.jsonl
form diff.txt diff --ascii run.jsonl second.jsonl

"$R" html "$TMP/quick.jsonl" >"$TMP/quick.html"

for f in index.html quick.html; do
	sound "$TMP/$f" "$f"
	if [ "$(wc -c <"$TMP/$f")" -lt 500000 ]; then
		ok "$f: below 500 KB"
	else
		not_ok "$f: below 500 KB" "$(wc -c <"$TMP/$f") bytes"
	fi
done
for f in table.txt summary.jsonl quick.md quick.csv diff.txt; do
	no_nan "$TMP/$f" "$f"
done

# Another name, directory, locale, terminal: the same page.
mkdir "$TMP/other"
cp "$TMP/run.jsonl" "$TMP/other/run.jsonl"
(cd / && LC_ALL=C COLUMNS=40 TZ=Asia/Tokyo "$R" html --boot-resamples 2000 "$TMP/other/run.jsonl") >"$TMP/again.html"
if cmp -s "$TMP/index.html" "$TMP/again.html"; then
	ok "the same records give the same page, wherever they lie"
else
	not_ok "the same records give the same page, wherever they lie"
fi

# every table and every figure of an emulated run says so
for f in index.html quick.html; do
	figures=$(grep -c '<svg viewBox' "$TMP/$f")
	tables=$(grep -c '<summary>Table\|published figures</summary>' "$TMP/$f")
	strips=$(grep -c 'class="emub"' "$TMP/$f")
	notes=$(grep -c '<p class="emu" role="note">.*EMULATED' "$TMP/$f")
	is "$strips" "$figures" "$f: $figures figures, each with the banner"
	# one note more: the limits
	is "$notes" "$((tables + 1))" "$f: $tables tables and the limits, each with the banner"
done
widest=$(sed -n '1,/^Summary/p' "$TMP/table-80.txt" | awk 'length > w { w = length } END { print w }')
if [ "$widest" -le 80 ]; then ok "80 columns are kept"; else not_ok "80 columns are kept" "$widest"; fi
widest=$(sed -n '1,/^Summary/p' "$TMP/table.txt" | awk 'length > w { w = length } END { print w }')
if [ "$widest" -le 100 ]; then ok "100 columns are kept"; else not_ok "100 columns are kept" "$widest"; fi
if grep -q '[^ -~]' "$TMP/table.txt"; then not_ok "--ascii is ASCII"; else ok "--ascii is ASCII"; fi

if command -v tidy >/dev/null; then
	# tidy 5.6 does not know inline SVG nor the empty <i> of a strip
	tidy -q -e "$TMP/index.html" 2>&1 |
		grep -v 'trimming empty\|<svg>\|<text>\|<path>\|<rect>\|<tspan>\|<pattern>\|proprietary' >"$TMP/tidy"
	is "$(cat "$TMP/tidy")" "" "tidy has nothing to say about the page"
else
	skip "tidy has nothing to say about the page" "no tidy"
fi
finish
