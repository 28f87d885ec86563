#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vctx on a kernel with contexts: their whole life, what a failure leaves behind
# at every step of a start, and a short life with the debugging options on
# (which make each of the hundreds of starts several times slower).
. "$(dirname -- "$0")/../lib.sh"

# in_machine SCRIPT KERNEL [OPTION]...
in_machine() {
	script=$1 kernel=$2
	shift 2
	job=$(new_job "$script" <"$TESTS/cli/$script.sh")
	cp "$TESTS/lib.sh" "$TESTS/cli/guest_lib.sh" "$job"
	boot --kernel "$kernel" --smp 2 --timeout 1800 "$@" "$job"
	relay "$job/results/output.log"
	[ "$STATUS" -le 1 ] ||
		not_ok "the machine ran $script" "status $STATUS: $STDERR"
	test_dmesg "$job/results/dmesg.txt" "$script: the kernel log has no complaint"
}

# A network device whose line takes 4 Mbit/s. The names of sockets must be short.
at_a_line() { # SCRIPT KERNEL
	if ! gcc -O2 -Wall -Wextra -Werror -o "$TMP/line" "$TESTS/cli/line.c" 2>"$TMP/line.log"; then
		not_ok "line.c builds" "$(cat "$TMP/line.log")"
		return
	fi
	line_dir=$(mktemp -d)
	"$TMP/line" "$line_dir/s" 500000 &
	line=$!
	line_n=0
	until [ -S "$line_dir/s" ] || [ $line_n -ge 100 ]; do
		line_n=$((line_n + 1))
		sleep 0.1
	done
	in_machine "$1" "$2" --line "$line_dir/s"
	kill $line
	rm -rf "$line_dir"
}

in_machine guest_cli patched
in_machine guest_cpu patched
in_machine guest_disk patched
in_machine guest_net patched
in_machine guest_share patched
at_a_line guest_line patched
in_machine guest_limits patched
in_machine guest_files patched
in_machine guest_storage patched
in_machine guest_quota patched
in_machine guest_template patched
in_machine guest_fail patched
in_machine guest_debug debug
finish
