#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check the column of published figures: the shipped list, what of ours
# stands beside each of them, and lists that cannot be used.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"
sh "$HERE/gen_run.sh" -b 1 -e 3 -n 3 >"$TMP/run.jsonl"

# line WORD...: a line of such a list
line() {
	first=1
	for word; do
		[ $first -eq 1 ] || printf '\t'
		printf '%s' "$word"
		first=0
	done
	echo
}
page() { # LIST: the page with it is page.html, the table in $STDOUT
	"$R" html --boot-resamples 200 --published "$1" ${2:+--many "$2"} "$TMP/run.jsonl" >"$TMP/page.html"
	try "$R" table --ascii --width 200 --boot-resamples 200 --published "$1" ${2:+--many "$2"} "$TMP/run.jsonl"
}
# in_page ROW: the cells of the line of that row in the tables of published figures
in_page() {
	sed -n '/id="published"/,/<\/section>/p' "$TMP/page.html" | grep -F "<th scope=\"row\">$1<" |
		sed 's|<tr><th.*</th>||; s|</tr>||; s|</td>|;|g; s|<[^>]*>| |g; s|  *| |g; s| *; *|;|g; s|^ ||'
}

# --- the shipped list
list=$TOP/hv-compare/compare/report/published.tsv
"$R" html --boot-resamples 200 "$TMP/run.jsonl" >"$TMP/shipped.html"
"$R" html --boot-resamples 200 --published "$list" "$TMP/run.jsonl" >"$TMP/same.html"
cmp -s "$TMP/shipped.html" "$TMP/same.html" && ok "the list in the program is the file beside it" ||
	not_ok "the list in the program is the file beside it"
sound "$TMP/shipped.html" "the page with the shipped list"
is "$(grep -v '^#' "$list" | awk -F '\t' 'NF != 12 || $8 == "" || $9 == "" || $10 == ""')" "" \
	"every shipped figure has paper, section and year"
n=$(grep -v '^#' "$list" | awk -F '\t' '$1 != "-"' | wc -l)
is "$(sed -n '/id="published"/,/<\/section>/p' "$TMP/shipped.html" | grep -c '^<tr><th scope="row">')" "$n" \
	"all that are no rows' own are in the tables"
is "$(sed -n '/id="published"/,/<\/section>/p' "$TMP/shipped.html" | grep -c '<td[^>]*></td>\|<b></b>')" 0 \
	"no cell is empty"
# A row that was renamed would lose its figures without a word.
for p in "$OUT"/bench/bin/bmicro "$OUT"/bench/bin/bmacro; do
	[ ! -x "$p" ] || "$p" --list
done | cut -d' ' -f1 >"$TMP/ids"
if grep -q '^sys\.' "$TMP/ids"; then
	is "$(grep -v '^#' "$list" | cut -f2 | sed -n 's/^row\.//p' | grep -v '^macro\.' | sort -u |
		grep -vxF -f "$TMP/ids")" "" "every row that is named exists"
else
	skip "every row that is named exists" "bmicro is not built"
fi

# --- what stands beside what
{
	echo "# a remark"
	line A1 claim efficiency COS "1.25 to 2" "" x Paper 1 2001 "" ""
	line A1 row.ctx.2.0 "a switch" Xen 1.97 0.77 us Paper 1 2001 "" ""
	line A1 row.bw.pipe "a pipe" Xen 50 100 MB/s Paper 1 2001 "old <machine>" ""
	line A1 row.none "no such row" Xen 1.5 "" x Paper 1 2001 "" ""
	line A1 row.sys.stat "a stat" Xen 5 "?" us Paper 1 2001 "" "a coffee stain"
	line A2 - "pages shared" ESX 30 "" % Paper 1 2001 "" "nobody shares"
	line A2 most "at once" Denali 10000 "" "" Paper 1 2001 "" ""
	line - row.ctx.2.0 "a switch" UML "?" 0.77 us Other 2 2002 "" "torn off"
} >"$TMP/list.tsv"
page "$TMP/list.tsv"
is "$STATUS|$STDERR" "0|" "a list of one's own is taken"
sound "$TMP/page.html" "the page with it"
is "$(in_page 'a switch')" \
	"2.56 times native (1.97 us against 0.77) Xen Paper, 1, 2001;1.0032;2.5603;" \
	"time: how many times native, and ours for each side"
matches "$(in_page 'a pipe')" "2.00 times native (50 MB/s against 100)*;1.00*;1.3*;" \
	"a rate that is half as much costs twice as much"
matches "$(in_page 'no such row')" "*;the row is not in this run;the row is not in this run;" "a row we do not have"
matches "$(in_page 'a stat')" "5 us, native a coffee stain Xen*" "a baseline that is not known says why"
matches "$(in_page 'pages shared')" "30 %*;nobody shares;" "what nobody measured says why, once for all sides"
matches "$(in_page 'at once')" "10000*;needs a run of the experiment scale;needs*" "and so does what another run has"
is "$(in_page efficiency | sed 's/;\([0-9.]*\) (/;N (/')" \
	"1.25 to 2 times COS Paper, 1, 2001;N (xen-up/context-up);contexts are held against it;" "the claim itself"
is "$(grep -c 'old &lt;machine&gt;' "$TMP/page.html")" 2 "words are words: in the table and below the rows"
ctx=$(sed -n '/id="g-ctx"/,/<\/section>/p' "$TMP/page.html")
is "$(echo "$ctx" | grep -c '<th scope="col">published</th>') $(echo "$ctx" | grep -o '<abbr title="Xen[^>]*>[^<]*</abbr></small><small><abbr title="UML[^>]*>[^<]*<')" \
	'1 <abbr title="Xen: 2.56 times native (1.97 us against 0.77); Paper, 1">Xen 2.56</abbr></small><small><abbr title="UML: torn off; Other, 2">UML ?<' \
	"the table of the row has a column with them"
is "$(sed -n '/id="g-comm"/,/<\/section>/p' "$TMP/page.html" | grep -c 'col">published')" 0 "a table without any has none"
matches "$STDOUT" "*Published figures beside ours
Theirs are times*
- efficiency: COS 1.25 to 2 times (2001); ours: context *
- a switch: Xen 2.56 times native (1.97 us against 0.77) (2001); ours: context 1.0032, xen 2.5603
*
3 more have nothing of ours beside them; the page says why.
*" "the terminal has those with ours beside them, and counts the rest"

# --- with a run of many instances
{
	run_record kvm | sed 's/"native-up","context-up"/"context-up","xen-up"/'
	for s in "context-up 40 1 100" "xen-up 4 50 97"; do
		# shellcheck disable=SC2086 # words
		set -- $s
		cells scale.work.1 "$1" ns/op 900
		cells scale.work.4 "$1" ns/op 1000
		cells scale.mem.4 "$1" bytes "${3}500000"
		cells scale.most "$1" instances "$2"
		cells isolate.cpu "$1" % "$4"
		[ "$1" != context-up ] || cells scale.work.64 "$1" ns/op 1800
	done
	echo '{"t":"verdict","bench":"isolate.disk","side":"xen-up","status":"skip","why":"no disk in it"}'
	cells isolate.disk context-up % 90
	end_record
} >"$TMP/many.jsonl"
{
	line A2 many "more contexts" COS "about 10" "" x P 1 2001 "" ""
	line A2 most "at once" Xen 128 "" "" P 1 2001 "" ""
	line A2 mem "memory" Xen 6.2 "" MB P 1 2001 "" ""
	line A2 loss "lost" Xen 7.5 "" % P 1 2001 "" ""
	line A3 kept "the worst" Xen 4 "" % P 1 2001 "" ""
	line A3 good.disk "disk" Xen 1.67 "" % P 1 2001 "" ""
} >"$TMP/list.tsv"
page "$TMP/list.tsv" "$TMP/many.jsonl"
ours() { in_page "$1" | cut -d';' -f2-; }
is "$(ours 'more contexts')" "at least 16.0;contexts are held against it;" "how many more contexts"
is "$(ours 'at once')" "at least 64;4;" "how many at once"
is "$(ours 'memory')" "1.5 MB (of 4);50.5 MB (of 4);" "memory of each"
is "$(ours 'lost')" "50.0 % (of 64);10.0 % (of 4);" "what is lost with many"
is "$(ours 'the worst')" "10.0 % (disk);3.0 % (cpu);" "what the worst victim loses"
is "$(ours 'disk')" "10.0 %;no disk in it;" "and beside one nuisance, or why not"

# --- lists that cannot be used
bad() { # DESCRIPTION MESSAGE LINE...
	what=$1 want=$2
	shift 2
	printf '# x\n' >"$TMP/bad.tsv"
	line "$@" >>"$TMP/bad.tsv"
	refuses 1 "bhreport: $TMP/bad.tsv:2: $want" "$what" "$R" html --published "$TMP/bad.tsv" "$TMP/run.jsonl"
}
bad "too few columns" "11 columns instead of 12" A1 most a b 1 "" "" P 1 2001 x
bad "too many columns" "13 columns instead of 12" A1 most a b 1 "" "" P 1 2001 x y z
bad "a claim that is none" "unknown claim" A9 most a b 1 "" "" P 1 2001 x ""
bad "a key that is none" "unknown key of ours" A1 row. a b 1 "" "" P 1 2001 x ""
bad "a figure in no table" "it is in no table and names no row" - most a b 1 "" "" P 1 2001 x ""
bad "no year" "an empty column" A1 most a b 1 "" "" P 1 "" x ""
bad "an unknown figure without why" "a figure that is not known, without why" A1 most a b "?" "" "" P 1 2001 x ""
bad "nothing of ours without why" "nothing of ours, without why" A1 - a b 1 "" "" P 1 2001 x ""
refuses 1 "bhreport: $TMP/none: No such file or directory" "a list that is not there" \
	"$R" html --published "$TMP/none" "$TMP/run.jsonl"
: >"$TMP/empty.tsv"
page "$TMP/empty.tsv"
is "$STATUS $(grep -c 'id="published"' "$TMP/page.html")$(echo "$STDOUT" | grep -c '^Published')" "0 00" \
	"an empty list leaves nothing on the page"
finish
