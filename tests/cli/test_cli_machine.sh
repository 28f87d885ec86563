#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vctx on a kernel with contexts and the debugging options: the whole life of
# contexts, and what failures leave behind. The work is in guest_cli.sh.
. "$(dirname -- "$0")/../lib.sh"

job=$(new_job boot <"$TESTS/cli/guest_cli.sh")
cp "$TESTS/lib.sh" "$job/lib.sh"
boot --kernel debug --smp 2 --timeout 900 "$job"
relay "$job/results/output.log"
[ "$STATUS" -le 1 ] || not_ok "the machine ran the job" "status $STATUS: $STDERR"
test_dmesg "$job/results/dmesg.txt"
finish
