# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# How big the parts are: bytes that stay in memory, lines that somebody reads.

# count_lines PATH...: counts the lines of code, without blanks and comments, of every
# file below PATH, once for all parts: starting cloc takes longer than counting. A file
# that is there twice counts twice, as it would for who reads the part it is in.
count_lines() {
	echo null >"$work/lines"
	! command -v cloc >/dev/null 2>&1 ||
		(cd "$TOP" && cloc --json --quiet --by-file --skip-uniqueness "$@") >"$work/lines"
}

# lines PATH...: lines of code below these, or null when nothing counts them
lines() {
	jq -n --slurpfile files "$work/lines" --args '
		if $files[0] == null then null else
		[$files[0] | to_entries[] | select(.key as $f |
			any($ARGS.positional[]; . as $dir |
				($f | ltrimstr("./") | startswith($dir + "/")))) |
			.value.code] | add // 0 end' "$@"
}

# sizes FILE: {text, data, bss} of an ELF file, or {}
sizes() {
	[ -f "$1" ] || {
		echo '{}'
		return
	}
	size "$1" | awk 'NR == 2 { printf "{\"text\":%d,\"data\":%d,\"bss\":%d}\n", $1, $2, $3 }'
}

# file_size FILE: bytes, or null
file_size() {
	if [ -f "$1" ]; then stat -c %s "$1"; else echo null; fi
}

# part NAME ELF FILE LINES [CHANGED]: one record. ELF is what runs, FILE what is
# installed; LINES of code, CHANGED ones in files of others.
part() {
	jq -cn --arg part "$1" --argjson elf "$(sizes "$2")" --argjson file "$(file_size "$3")" \
		--argjson lines "$4" --argjson changed "${5:-null}" \
		'{t: "footprint", part: $part, file: $file, lines: $lines, changed: $changed} + $elf |
		 del(.. | nulls)'
}

# The footprint of what is built now, as records.
footprint() {
	# Lines that the patches add to and take from files of the kernel.
	count_lines kernel-patches/files userland hv-compare benchmarks tests
	changed=$(cat "$TOP"/kernel-patches/6.12/*.patch | grep '^[+-]' | grep -vcE '^(\+\+\+|---)')
	part "stock kernel" "$OUT/kernel/native/vmlinux" "$OUT/kernel/native.bzImage" null
	part "our kernel" "$OUT/kernel/patched/vmlinux" "$OUT/kernel/patched.bzImage" \
		"$(lines kernel-patches/files)" "$changed"
	part "vctx and libvctx" "$OUT/userland/vctx" "$OUT/userland/vctx" "$(lines userland)"
	part "keel" "$OUT/keel/keel.elf" "$OUT/keel/keel" "$(lines hv-compare/keel)"
	xen=
	for f in "$OUT"/xen/xen-*; do
		[ ! -f "$f" ] || xen=$f
	done
	part "Xen" "$xen" "$xen" null
	part "benchmarks" "" "" "$(lines benchmarks)"
	part "comparison and report" "" "" "$(lines hv-compare/compare hv-compare/machine hv-compare/platforms)"
	part "tests" "" "" "$(lines tests)"
}
