#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will test that every patch of the series, on top of those before it,
# builds without a warning and boots: what a bisection relies on. It takes most
# of an hour, so it is not part of "make check": make check-series.
. "$(dirname -- "$0")/../lib.sh"

version=6.12
patches=$TOP/kernel-patches
dir=$OUT/series
src=$dir/src
obj=$dir/obj

[ -f "$OUT/kernel/src-$version/Makefile" ] ||
	skip_all "no kernel source in $OUT/kernel; 'make kernel' unpacks it"
. "$TOP/hv-compare/machine/kbuild.sh"

rm -rf "$dir"
mkdir -p "$obj"
# With what is behind a link, should it be one: patching must not reach the original.
cp -aH --reflink=auto "$OUT/kernel/src-$version" "$src"
# Without what no patch touches: half of the machine's drivers.
merge "$OUT/kernel/patched.wanted" "$patches/config/lean.config" >"$dir/wanted"
n=0
for p in $(sed 's/#.*//; /^$/d' "$patches/$version/series"); do
	number=${p%%-*}
	n=$((n + 1))
	if [ "$n" -eq 1 ]; then
		try "$patches/apply" --through "$p" "$src"
	else
		try patch -d "$src" -p1 -F0 --no-backup-if-mismatch -s -f -i "$patches/$version/$p"
	fi
	[ "$STATUS" -eq 0 ] || {
		not_ok "$number applies" "$STDOUT$STDERR"
		break
	}
	# The configuration of the patched kernel, as far as it exists by now.
	if ! kbuild "$src" "$obj" KCONFIG_ALLCONFIG="$dir/wanted" allnoconfig \
		>"$TMP/$number.config.log" 2>&1 ||
		! kbuild "$src" "$obj" bzImage >"$TMP/$number.log" 2>&1; then
		not_ok "$number builds" "$(grep -m 3 -A 3 -E 'error|Error' "$TMP/$number".*log)"
		break
	fi
	is "$(grep -m 5 -A 3 -i 'warning' "$TMP/$number.log")" "" "$number builds without a warning"
	job=$(new_job "$number" <<'END'
uname -r >results/release
END
)
	boot --kernel "$obj/arch/x86/boot/bzImage" --timeout 300 "$job"
	is "$STATUS" 0 "$number boots"
	test_dmesg "$job/results/dmesg.txt" "$number has no complaint in its kernel log"
done
is "$n" "$(grep -c . "$patches/$version/series")" "all patches of the series were tried"
finish
