#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check the page in a browser, where there is one: it is drawn, in
# both widths, and nothing of it is wider than a phone but what scrolls.
. "$(dirname -- "$0")/../lib.sh"
. "$TESTS/report/report_lib.sh"

browser=
for b in chromium chromium-browser; do
	[ -n "$browser" ] || ! command -v "$b" >/dev/null || browser=$b
done
[ -n "$browser" ] || skip_all "no chromium"
sh "$HERE/gen_run.sh" -b 2 -e 3 -n 3 >"$TMP/run.jsonl"
"$R" html --boot-resamples 500 "$TMP/run.jsonl" >"$TMP/index.html"

look() { # WIDTH OUTPUT ARGUMENT...: run the browser on a file
	win=$1 o=$2
	shift 2
	timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
		--user-data-dir="$TMP/profile" --window-size="$win,900" "$@" >"$TMP/$o" 2>"$TMP/browser.log"
}
# A script in a frame around the page asks it for its own width: the page
# itself has none.
for w in 400 1200; do
	cat >"$TMP/frame-$w.html" <<END
<!DOCTYPE html><title>x</title><iframe id="f" src="index.html" style="width:${w}px;height:900px;border:0"></iframe>
<script>
onload = function () {
	var d = document.getElementById("f").contentDocument;
	document.title = "width " + d.documentElement.scrollWidth + " figures " + d.querySelectorAll("svg[viewBox]").length +
		" height " + (d.querySelector(".hero").getBoundingClientRect().bottom | 0);
};
</script>
END
	if ! look $((w + 60)) "dom-$w" --allow-file-access-from-files --dump-dom "file://$TMP/frame-$w.html"; then
		not_ok "$w px: the browser runs" "$(tail -n 3 "$TMP/browser.log")"
		continue
	fi
	title=$(sed -n 's/.*<title>\(width [^<]*\)<.*/\1/p' "$TMP/dom-$w")
	# shellcheck disable=SC2086 # words
	set -- ${title:-width none figures none height none}
	is "$2" "$w" "$w px: the page is as wide as the window"
	is "$4" "$(grep -c '<svg viewBox' "$TMP/index.html")" "$w px: every figure is there"
	[ "$w" -lt 1200 ] || if [ "$6" != none ] && [ "$6" -le 900 ]; then
		ok "$w px: who won and how sure are on the first screen"
	else
		not_ok "$w px: who won and how sure are on the first screen" "$6"
	fi
	look "$w" shot.log --screenshot="$TMP/page-$w.png" "file://$TMP/index.html"
	if [ -s "$TMP/page-$w.png" ]; then ok "$w px: it is drawn"; else not_ok "$w px: it is drawn"; fi
done
finish
