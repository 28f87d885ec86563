#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will feed published measurements (Felter et al., see published.tsv) to
# bhreport and compare with what their authors and plain arithmetic say.
. "$(dirname -- "$0")/../lib.sh"

here=$TESTS/stat
R=$OUT/compare/bhreport
if ! make -s -C "$TOP/hv-compare/compare/report" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bhreport builds" "$(tail -n 20 "$TMP/build")"
	finish
fi

# mean and deviation of the fixture are those of the specification's table, so
# the values were typed off right
moments() { # BENCH SIDE
	awk -F '\t' -v b="$1" -v s="$2" '$1 == b && $2 == s {
		n = split($3, v, " ")
		for (i = 1; i <= n; i++) m += v[i] / n
		for (i = 1; i <= n; i++) q += (v[i] - m) ^ 2 / (n - 1)
		printf "%d %.4g %.1g\n", n, m, sqrt(q) }' "$here/published.tsv"
}
is "$(moments triad native)" "10 25.15 0.01" "fixture: triad native is 25.150 +- 0.011"
is "$(moments triad docker)" "10 25.14 0.009" "fixture: triad docker is 25.143 +- 0.009"
is "$(moments triad kvm)" "10 24.87 0.03" "fixture: triad kvm is 24.868 +- 0.032"
is "$(moments gups native)" "10 0.01261 0.0003" "fixture: RandomAccess native is 0.01261 +- 0.0003"
is "$(moments gups docker)" "10 0.0124 0.0004" "fixture: RandomAccess docker is 0.01240 +- 0.0004"
is "$(moments gups kvm)" "10 0.01248 0.0003" "fixture: RandomAccess kvm is 0.01248 +- 0.0003"

# GB/s become MB/s, GUP/s become ops/s; one boot, ten executions of one batch
{
	echo '{"t":"run","v":1,"run":"felter","accel":"none","suite":{},"seed":0,"argv":["fixture"],"started":"2014-07-12T15:40:00Z","plan":{}}'
	awk -F '\t' '!/^#/ {
		n = split($3, v, " ")
		unit = $1 == "triad" ? "MB/s" : "ops/s"
		mul = $1 == "triad" ? 1000 : 1e9
		for (i = 1; i <= n; i++)
			printf "{\"t\":\"sample\",\"bench\":\"mem.%s\",\"side\":\"%s\",\"inst\":0,\"n_inst\":1,\"boot\":1,\"exec\":%d,\"iter\":0,\"phase\":\"measure\",\"order\":%d,\"unit\":\"%s\",\"value\":%.3f,\"ops\":1,\"ns\":1}\n", $1, $2, i, i, unit, v[i] * mul
	}' "$here/published.tsv"
	echo '{"t":"end","run":"felter","rc":0}'
} >"$TMP/run.jsonl"
"$R" summary "$TMP/run.jsonl" >"$TMP/summary.jsonl" 2>"$TMP/err" ||
	not_ok "bhreport reads the fixture" "$(cat "$TMP/err")"

# field BENCH SIDE KEY: a number or word of a cell
field() {
	sed -n "/\"t\":\"cell\",\"bench\":\"mem.$1\",\"side\":\"$2\"/s/.*\"$3\":\"\{0,1\}\([^],\"}]*\).*/\1/p" \
		"$TMP/summary.jsonl"
}
# bound BENCH SIDE KEY N: lower (1) or upper (2) end
bound() {
	sed -n "/\"t\":\"cell\",\"bench\":\"mem.$1\",\"side\":\"$2\"/s/.*\"$3\":\[\([^]]*\)\].*/\1/p" \
		"$TMP/summary.jsonl" | cut -d, -f"$4"
}
holds() { # EXPRESSION DESCRIPTION
	if awk "BEGIN { exit !($1) }"; then ok "$2"; else not_ok "$2" "$1"; fi
}

is "$(field triad native median)" "25150.45" "median of triad native, by hand 25150.45"
is "$(field triad docker median)" "25142.5" "median of triad docker, by hand 25142.5"
is "$(field triad kvm median)" "24878.85" "median of triad kvm, by hand 24878.85"
is "$(field gups native median)" "12581883.0" "median of RandomAccess native, by hand"
holds "$(field triad docker ratio) > 1.0003 && $(field triad docker ratio) < 1.0004" \
	"docker/native is 25150.45/25142.5: a slower rate is a ratio above 1"
holds "$(field triad kvm ratio) > 1.0108 && $(field triad kvm ratio) < 1.0110" \
	"kvm/native is 25150.45/24878.85"
is "$(field triad docker verdict)" same "docker is the same on triad"
is "$(field triad kvm verdict)" same "kvm is within 3 % on triad, so the same by our rule"
holds "$(bound triad kvm ratio_ci95 1) > 1.009 && $(bound triad kvm ratio_ci95 2) < 1.014" \
	"and its interval is 1.011 within a few thousandths"
holds "$(bound triad native ci95 1) >= 25134.8 && $(bound triad native ci95 2) <= 25168.4" \
	"the interval lies inside the data"
holds "$(bound triad native ci95 1) < 25150.45 && $(bound triad native ci95 2) > 25150.45" \
	"and around the median"
# +-3 % noise with ten executions: no honest verdict but undecided or same
matches "$(field gups docker verdict)" "undecided" "RandomAccess docker: 2.8 % noise leaves it undecided"
holds "$(field gups docker need_exec) > 10" "and more executions are asked for"
holds "$(bound gups docker ratio_ci95 1) < 1 && $(bound gups docker ratio_ci95 2) > 1" \
	"its interval holds 1"
is "$(field triad native n_exec)" 10 "ten executions"
finish
