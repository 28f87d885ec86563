#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vctx on a kernel with contexts: their whole life with the debugging options
# on, and what a failure leaves behind at every step without them, because that
# is a hundred starts and the debugging options make each several times slower.
. "$(dirname -- "$0")/../lib.sh"

# in_machine SCRIPT KERNEL
in_machine() {
	job=$(new_job "$1" <"$TESTS/cli/$1.sh")
	cp "$TESTS/lib.sh" "$TESTS/cli/guest_lib.sh" "$job"
	boot --kernel "$2" --smp 2 --timeout 1200 "$job"
	relay "$job/results/output.log"
	[ "$STATUS" -le 1 ] ||
		not_ok "the machine ran $1" "status $STATUS: $STDERR"
	test_dmesg "$job/results/dmesg.txt" "$1: the kernel log has no complaint"
}

in_machine guest_fail patched
in_machine guest_cli debug
finish
