#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vctx on a kernel with contexts: their whole life, what a failure leaves behind
# at every step of a start, and a short life with the debugging options on
# (which make each of the hundreds of starts several times slower).
. "$(dirname -- "$0")/../lib.sh"

# in_machine SCRIPT KERNEL
in_machine() {
	job=$(new_job "$1" <"$TESTS/cli/$1.sh")
	cp "$TESTS/lib.sh" "$TESTS/cli/guest_lib.sh" "$job"
	boot --kernel "$2" --smp 2 --timeout 1800 "$job"
	relay "$job/results/output.log"
	[ "$STATUS" -le 1 ] ||
		not_ok "the machine ran $1" "status $STATUS: $STDERR"
	test_dmesg "$job/results/dmesg.txt" "$1: the kernel log has no complaint"
}

in_machine guest_cli patched
in_machine guest_cpu patched
in_machine guest_disk patched
in_machine guest_net patched
in_machine guest_share patched
in_machine guest_limits patched
in_machine guest_files patched
in_machine guest_storage patched
in_machine guest_quota patched
in_machine guest_template patched
in_machine guest_fail patched
in_machine guest_debug debug
finish
