#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check that the report takes place, words and colour of a side from the
# records and knows no list of sides of its own.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

# about SIDE [MORE]
about() {
	printf '{"t":"side","side":"%s"%s}\n' "$1" "${2:-}"
}
# made SIDE...: records of a run of native-up and these
made() {
	printf '{"t":"run","v":1,"run":"r1","accel":"tcg-icount","icount_shift":0,"suite":{"version":"0"},"seed":1,"argv":["test"],"started":"2026-01-01T00:00:00Z","plan":{"sides":["native-up"'
	printf ',"%s"' "$@"
	echo ']}}'
	for m; do
		cells sys.getppid "$m" ns/op 210 210 210
	done
	cells sys.getppid native-up ns/op 200 200 200
}

{
	made zebra-up lxc-up hut-up aero-up
	about native-up ',"order":10,"label":"what we compare with","colour":"#010203","colour_dark":"#fefdfc"'
	about zebra-up ',"order":20,"label":"a <b> & \"c\"","colour":"#0072b2"'
	about lxc-up ',"order":40,"colour":"#009e73","colour_dark":"#11ae83"'
	about aero-up ',"order":30'
	end_record
} >"$TMP/run.jsonl"
try "$R" table --ascii "$TMP/run.jsonl"
is "$(printf '%s\n' "$STDOUT" | awk '$1 == "native-up" { print; exit }' | tr -s ' ')" \
	" native-up zebra-up aero-up lxc-up hut-up" \
	"sides come in the order they ask for, then as planned"
"$R" html "$TMP/run.jsonl" >"$TMP/index.html"
sound "$TMP/index.html" "a page of sides nobody knows"
is "$(grep -c '>a &lt;b&gt; &amp; &quot;c&quot;<' "$TMP/index.html")" 1 "their words are shown, as text"
is "$(grep -o '^:root{--s-native[^}]*' "$TMP/index.html")" \
	":root{--s-native:#010203;--s-zebra:#0072b2;--s-aero:#d55e00;--s-lxc:#009e73;--s-hut:#cc79a7;" \
	"their colours; a side without one gets one that is free"
is "$(grep -o '{:root{--s-native[^}]*' "$TMP/index.html")" \
	"{:root{--s-native:#fefdfc;--s-zebra:#0072b2;--s-aero:#e8772e;--s-lxc:#11ae83;--s-hut:#cc79a7;" \
	"and those on dark ground"

# More sides than a line of the legend, than colours and than hatches.
set --
n=1
while [ $n -le 20 ]; do
	set -- "$@" "number$n-up"
	n=$((n + 1))
done
{
	made "$@"
	end_record
} >"$TMP/many.jsonl"
"$R" html "$TMP/many.jsonl" >"$TMP/many.html"
sound "$TMP/many.html" "a page of twenty sides"
is "$(sed -n '/^:root{--s-native/p' "$TMP/many.html" | tr ';' '\n' | grep -c '#[0-9a-f]\{6\}$')" 21 \
	"every one of twenty has a colour"
# Swatches are the rectangles of 14 by 12; the figure is 720 wide.
is "$(grep -o '<rect class="s-[a-z0-9]*" x="[0-9]*" y="[0-9]*" width="14" height="12"/>' "$TMP/many.html" |
	sed 's/.* x="\([0-9]*\)" y="\([0-9]*\)".*/\1 \2/' | awk '$1 > 640' | wc -l)" 0 \
	"the legend keeps within the figure"
is "$(grep -o '<rect class="s-[a-z0-9]*" x="[0-9]*" y="[0-9]*" width="14" height="12"/>' "$TMP/many.html" |
	sed 's/.* x="\([0-9]*\)" y="\([0-9]*\)".*/\1 \2/' | sort -u | wc -l)" 20 \
	"and no two swatches lie on each other"

# What becomes part of a style sheet must be a colour.
for c in '"red"' '"#12345"' '"#12345g"' '"#123456;}"' 7; do
	{
		made zebra-up
		about zebra-up ",\"colour\":$c"
	} >"$TMP/bad.jsonl"
	refuses 1 "bhreport: $TMP/bad.jsonl:8: \"colour\" must be a colour #rrggbb" "no colour: $c" \
		"$R" table "$TMP/bad.jsonl"
done
{
	made zebra-up
	about zebra-up ',"order":-1'
} >"$TMP/bad.jsonl"
try "$R" table "$TMP/bad.jsonl"
matches "$STATUS $STDERR" "1 *bad.jsonl:8: \"order\" must be an integer*" "no place: -1"
finish
