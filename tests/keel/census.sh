# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by tests that count pages: what keel says of all memory by "xl debug-keys m",
# in a console's log that domain 0 has no part in.

# census_same CONSOLE WHO: two readings in the log of a console, that of before and that
# of after, and in both every page has its place, and after it is the same as before.
census_same() {
	# Each reading ends with its sum.
	tr -d '\r' <"$1" | grep -ao 'memory: .*' |
		awk -v to="$TMP/census" '/^memory: free / { n++ } n { print >(to n); if (/^memory: sum/) close(to n) }'
	is "$(cat "$TMP"/census? | awk '/^memory: sum/ { print($3 == $5 ? "all" : $0) }')" "all
all" "every page is somebody's or free, before and after"
	is "$(grep -h WRONG "$TMP/census1" "$TMP/census2")" "" "who has how many is what they say themselves"
	# Domain 0 gives pages up and takes them back as its back ends ask for them, and what
	# it has ever had mapped, or open, at once it keeps room for.
	grows='^memory: (free|domain 0:)'
	is "$(grep -vE "$grows" "$TMP/census2")" "$(grep -vE "$grows" "$TMP/census1")" \
		"$2 have the pages that they had, and nobody else has any"
	is "$(census_fixed "$TMP/census2")" "$(census_fixed "$TMP/census1")" "no page is lost"
	for census in 1 2; do
		grep -E "$grows" "$TMP/census$census" | sed 's/^/# /'
	done
}

census_fixed() {
	awk '/^memory: (free|domain 0:)/ {
		for (i = $2 == "free" ? 2 : 4; i < NF; i += 2)
			if ($i ~ /^(free|guest|events|mappings)$/)
				sum += $(i + 1)
			else
				print $i, $(i + 1)
	}
	END { print "free or in the parts of domain 0 that vary", sum }' "$1"
}
