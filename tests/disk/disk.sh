# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the tests of disks, behind ../lib.sh.

# disk_test NAME FILTER PROGRAM...: boots the patched kernel, or $KERNEL, for
# guest_NAME.sh with these programs and takes over its results; the kernel log, without
# the lines that match FILTER (a basic regular expression, or '' for none), has to be
# clean.
disk_test() {
	disk_name=$1 disk_filter=$2
	shift 2
	if ! make -s -C "$TESTS/disk" OUT="$OUT" >"$TMP/build" 2>&1; then
		not_ok "the load builds" "$(tail -n 20 "$TMP/build")"
		finish
	fi
	job=$(new_job "$disk_name" <"$TESTS/disk/guest_$disk_name.sh")
	cp "$TESTS/lib.sh" "$job"
	for disk_program; do cp "$OUT/tests/disk/$disk_program" "$job"; done
	boot --kernel "${KERNEL:-patched}" --smp 2 --timeout 900 "$job"
	relay "$job/results/output.log"
	[ "$STATUS" -le 1 ] || not_ok "the machine ran the test" "status $STATUS: $STDERR"
	sed "${disk_filter:+/$disk_filter/d}" "$job/results/dmesg.txt" >"$TMP/dmesg.txt"
	test_dmesg "$TMP/dmesg.txt"
	finish
}
