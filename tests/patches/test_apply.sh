#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will test that the patches go onto a kernel tree completely or not at
# all, that the tool refuses what it does not know, and that what it puts there
# keeps the kernel's own style.
. "$(dirname -- "$0")/../lib.sh"

apply=$TOP/kernel-patches/apply
src=$OUT/kernel/src-6.12
[ -f "$src/Makefile" ] || skip_all "no kernel source in $src; 'make kernel' unpacks it"
# The parts of a tree that matter here: what patches touch, and what tells it
# from something else. A whole tree would be copied for nothing.
tree() { # DIR
	rm -rf "$1"
	mkdir -p "$1/kernel"
	cp "$src/Makefile" "$1/Makefile"
	sed -n 's,^+++ b/\([^[:space:]]*\).*,\1,p' "$TOP"/kernel-patches/6.12/*.patch |
		sort -u | (cd "$src" && tar cf - -T -) | (cd "$1" && tar xf -)
}
sum() { (cd "$1" && find . -type f -not -path './.git/*' -exec sha256sum {} + | sort | sha256sum); }
patches=$(grep -c . "$TOP/kernel-patches/6.12/series")
full=6.12.$(sed -n 's/^SUBLEVEL = *//p' "$src/Makefile")

tree "$TMP/a"
before=$(sum "$TMP/a")
try "$apply" --check "$TMP/a"
is "$STATUS:$STDOUT" "0:apply: $patches patches fit kernel $full" "--check says that the series fits"
is "$(sum "$TMP/a")" "$before" "--check changes nothing"
try "$apply" "$TMP/a"
is "$STATUS:$STDOUT:$STDERR" "0:apply: $patches patches applied to kernel $full in $TMP/a:" "applies without fuzz, offsets or complaints"
is "$(cd "$TMP/a" && find . -name '*.orig' -o -name '*.rej')" "" "leaves no .orig and no .rej behind"
is "$(cd "$TOP/kernel-patches/files" && find . -type f ! -exec cmp -s {} "$TMP/a/{}" \; -print | head -n 3)" "" "brings every new file"
refuses 1 "apply: '$TMP/a' has the context patches already (kernel/vserver exists)
hint: unpack the source again to start over" "refuses a patched tree" "$apply" "$TMP/a"

refuses 2 "apply: no tree given
hint: apply /path/to/linux-source-6.12" "refuses to guess the tree" "$apply"
refuses 2 "apply: '$TMP' is not an unpacked kernel source" "refuses what is not a kernel" "$apply" "$TMP"
refuses 2 "apply: unknown option '--force'" "refuses an unknown option" "$apply" --force "$TMP/a"
refuses 2 "apply: no patch '999' in $TOP/kernel-patches/6.12/series" "refuses an unknown patch" "$apply" --through 999 "$src"

tree "$TMP/b"
sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 99/' "$TMP/b/Makefile"
try "$apply" "$TMP/b"
is "$STATUS:$(echo "$STDERR" | head -n 1)" "2:apply: no patches for kernel 6.99.${full##*.} in '$TMP/b'" "refuses an unknown version"

tree "$TMP/c"
sed -i 's/^void free_nsproxy/void other_free_nsproxy/; s/create_new_namespaces/other_namespaces/g' "$TMP/c/kernel/nsproxy.c"
before=$(sum "$TMP/c")
try "$apply" "$TMP/c"
is "$STATUS" 1 "a patch that does not fit fails"
is "$(sum "$TMP/c")" "$before" "... and nothing was changed"
matches "$STDERR" "*-vserver-*.patch does not fit*" "... and is named"

tree "$TMP/d"
git -C "$TMP/d" init -q
git -C "$TMP/d" add -A -f
git -C "$TMP/d" -c user.name=t -c user.email=t@t.example commit -qm base
echo >>"$TMP/d/kernel/fork.c"
refuses 1 "apply: '$TMP/d' has changes that are not committed
hint: commit or stash them first" "refuses a dirty git tree" "$apply" "$TMP/d"
git -C "$TMP/d" checkout -q kernel/fork.c
try "$TOP/kernel-patches/export" "$TMP/series"
is "$STATUS" 0 "exports one series"
try git -C "$TMP/d" -c user.name=t -c user.email=t@t.example am -q "$TMP"/series/6.12/*.patch
is "$STATUS:$STDERR" "0:" "... that git am takes"
is "$(sum "$TMP/d")" "$(sum "$TMP/a")" "... and that gives the same tree as apply"

tree "$TMP/e"
try "$apply" --through 010 "$TMP/e"
is "$STATUS:$STDOUT" "0:apply: 1 patches applied to kernel $full in $TMP/e" "--through stops where it is told"

# ENOSYS is the documented answer for commands that do not exist and for callers
# that must not know they do; the tools depend on it.
if command -v perl >/dev/null 2>&1; then
	style() { perl "$src/scripts/checkpatch.pl" --strict --no-summary --ignore "ENOSYS,FILE_PATH_CHANGES$more" "$@" 2>&1 | grep -v '^$'; }
	# style_of FILE: descriptions of tracepoints have the kernel's own form for them
	style_of() {
		case $1 in
		*/include/trace/events/*) more=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT ;;
		*) more= ;;
		esac
		style --no-tree -f "$1"
	}
	more=
	is "$(cd "$src" && find "$TOP/kernel-patches/files" -name '*.[ch]' | sort | while read -r f; do style_of "$f"; done | grep -A 4 -E '^(ERROR|WARNING|CHECK)')" "" "checkpatch --strict has nothing to say on the new files"
	is "$(cd "$src" && for p in "$TOP"/kernel-patches/6.12/*.patch; do style "$p"; done | grep -A 4 -E '^(ERROR|WARNING|CHECK)')" "" "checkpatch --strict has nothing to say on the patches"
else
	skip "checkpatch" "no perl on this machine"
fi
finish
