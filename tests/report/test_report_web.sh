#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check what the report makes of runs of the experiments web and web-net beside
# the main one and one of real work: in the terminal, on the page, as CSV and as Markdown.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

sh "$HERE/gen_run.sh" -b 1 -e 3 -n 3 >"$TMP/run.jsonl"
side_run() { # RUN ROW OTHER WHY: three sides, two rows, the second not on xen
	run_record tcg-icount ',"icount_shift":0' |
		sed "s/\"native-up\",\"context-up\"/\"native-up\",\"context-up\",\"xen-up\"/; s/\"run\":\"r1\"/\"run\":\"$1\"/"
	for s in "native-up 1000" "context-up 1010" "xen-up 1500"; do
		cells "$2" "${s% *}" ns/op "${s#* }" "${s#* }" "${s#* }"
	done
	cells "$3" native-up ns/op 500 500 500
	cells "$3" context-up ns/op 510 510 510
	echo "{\"t\":\"verdict\",\"bench\":\"$3\",\"side\":\"xen-up\",\"status\":\"skip\",\"why\":\"$4\"}"
	end_record
}
side_run web-1 web.one web.two "no nginx here" >"$TMP/web.jsonl"
side_run net-1 web.net.one web.net.two "nobody serves" >"$TMP/net.jsonl"
side_run work-1 macro.tar macro.mail "no postmark here" >"$TMP/macro.jsonl"

try "$R" table --ascii --width 110 --boot-resamples 200 --macro "$TMP/macro.jsonl" \
	--web "$TMP/web.jsonl" "$TMP/run.jsonl"
is "$STATUS|$STDERR" "0|" "a run of the web rows beside others"
is "$(echo "$STDOUT" | sed -n '/^A web server/,/^Summary/p' | sed '1d; /^  /d; /^---/d; /^$/d; /^Summary/d; s/  */ /g; s/{[^}]*} //g')" \
	"web.one 1.000k 1.0100 = 1.5000 +
web.two 500.0 1.0200 = skip
Server and client share a CPU and talk over the loopback; what the client does is in every number.
From the run web-1. Geometric means: context-up 1.0150, xen-up 1.5000
No result in that run
- xen-up, skip: no nginx here (1 row: web.two)" \
	"the terminal has its rows, what they contain, and why one is missing"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" \
	"*; real work (1 row) needs 1.478 times as much on the hypervisor, a web request (1 row) needs 1.478 times as much on the hypervisor.*" \
	"and the claim of efficiency says what both cost"

"$R" html --boot-resamples 200 --macro "$TMP/macro.jsonl" --web "$TMP/web.jsonl" \
	"$TMP/run.jsonl" >"$TMP/page.html"
sound "$TMP/page.html" "the page"
web() { # what the page has from the web rows up to the next section
	sed -n '/id="g-web"/,/<section id="[^g]/p' "$TMP/page.html"
}
is "$(web | grep -c '<svg viewBox') $(web | grep -c '<summary>Table: A web server') $(web | grep -c 'server: from another run, <code>web-1</code>')" \
	"1 1 1" "it has a figure, a table, and where they are from"
is "$(web | grep -c 'title="no nginx here"') $(web | grep -c '<li>No result from xen-up, skip: no nginx here (1 row: web.two)</li>')" \
	"1 1" "a cell without a result says why, and so does a line below"
matches "$(web | tr '\n' ' ')" "*server and client share*no virtual network is in it*" \
	"and it says what is not measured"

try "$R" csv --boot-resamples 200 --macro "$TMP/macro.jsonl" --web "$TMP/web.jsonl" "$TMP/run.jsonl"
is "$STATUS $(echo "$STDOUT" | head -n 1 | tr ',' '\n' | wc -l) $(echo "$STDOUT" | grep -c '^"macro\.') $(
	echo "$STDOUT" | grep -c '^"web\.') $(echo "$STDOUT" | grep -c '^bench,')" \
	"0 23 6 6 1" "the CSV has the cells of all three runs, and one head"
matches "$(echo "$STDOUT" | grep '^"web.two","xen-up"')" '*,skip,*,"no nginx here"' "each with its reason"
is "$(echo "$STDOUT" | grep '^"web.one","xen-up"' | cut -d, -f17-18)" '"native-up",1.5' \
	"and with its own baseline"
try "$R" markdown --boot-resamples 200 --macro "$TMP/macro.jsonl" --web "$TMP/web.jsonl" "$TMP/run.jsonl"
is "$STATUS $(echo "$STDOUT" | grep -c '^### A web server') $(echo "$STDOUT" | grep -c '^### Real work') $(
	echo "$STDOUT" | grep -c '^From the run `web-1`') $(echo "$STDOUT" | grep -c '^| web.one |.*1.5000 .* slower |$') $(
	echo "$STDOUT" | grep -c '^- xen-up, skip: no nginx here')" \
	"0 1 1 1 1 1" "the Markdown has its table and its reasons"

# --- the same over a network

try "$R" table --ascii --width 110 --boot-resamples 200 --web "$TMP/web.jsonl" \
	--web-net "$TMP/net.jsonl" "$TMP/run.jsonl"
is "$(echo "$STDOUT" | sed -n '/^A web server over a network/,/^Summary/p' | sed '1d; /^  /d; /^---/d; /^$/d; /^Summary/d; s/  */ /g; s/{[^}]*} //g' | sed '/^The server is in/,/every number.$/d')" \
	"web.net.one 1.000k 1.0100 = 1.5000 +
web.net.two 500.0 1.0200 = skip
From the run net-1. Geometric means: context-up 1.0150, xen-up 1.5000
No result in that run
- xen-up, skip: nobody serves (1 row: web.net.two)" "the rows over a network have a table of their own"
is "$(echo "$STDOUT" | sed -n '/^A web server  /,/^From/p' | grep -c '^web\.net')" 0 "and are not in that of the others"
matches "$(echo "$STDOUT" | tr '\n' ' ' | tr -s ' ')" \
	"*a web request (1 row) needs 1.478 times as much on the hypervisor, a web request over a network (1 row) needs 1.478 times*" \
	"nor in their mean"
"$R" html --boot-resamples 200 --web "$TMP/web.jsonl" --web-net "$TMP/net.jsonl" \
	"$TMP/run.jsonl" >"$TMP/net.html"
sound "$TMP/net.html" "the page with both"
is "$(grep -c '<section id="g-web">' "$TMP/net.html") $(grep -c '<section id="g-web-net">' "$TMP/net.html") $(
	grep -c 'network: from another run, <code>net-1</code>' "$TMP/net.html")" "1 1 1" "it has a section for each"

# A side that the main run has not: figures draw it, so the page must know how.
sed 's/xen-up/context-shared-up/g' "$TMP/net.jsonl" >"$TMP/other.jsonl"
"$R" html --boot-resamples 200 --web-net "$TMP/other.jsonl" "$TMP/run.jsonl" >"$TMP/other.html"
is "$(grep -o -e '--s-context-shared:#[0-9a-f]*;' "$TMP/other.html" | wc -l) $(
	grep -o '<pattern id="h-context-shared"' "$TMP/other.html" | wc -l) $(grep -c 's-context-shared{fill' "$TMP/other.html")" \
	"2 1 1" "a side of its own has a colour, light and dark, and a hatch"
is "$(grep -o -e '--s-context-shared:#[0-9a-f]*;' "$TMP/net.html" | wc -l)" 0 "and only where it is"

for c in table summary csv markdown html; do
	try "$R" "$c" --boot-resamples 200 "$TMP/web.jsonl"
	is "$STATUS|$STDERR" "0|" "$c: a run of the web rows alone"
done
refuses 1 "bhreport: --web: $TMP/macro.jsonl is no run of the experiment web" "another run has no web rows" \
	"$R" table --web "$TMP/macro.jsonl" "$TMP/run.jsonl"
refuses 1 "bhreport: --web-net: $TMP/web.jsonl is no run of the experiment web-net" \
	"rows without a network are none of the experiment web-net" \
	"$R" table --web-net "$TMP/web.jsonl" "$TMP/run.jsonl"
refuses 2 "bhreport: --web needs a value" "an option without its run" "$R" table --web
finish
