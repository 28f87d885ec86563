#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will boot the patched kernel once: the least that must work before
# anything else is worth looking at.
. "$(dirname -- "$0")/../lib.sh"

job=$(new_job boot <<'END'
uname -r >results/release
test -r /proc/virtual/info && cat /proc/virtual/info >results/info
/out/userland/vctx version >results/version
exit 3
END
)
boot --kernel patched --timeout 120 "$job"
is "$STATUS" 3 "the patched kernel boots and runs a job"
matches "$(cat "$job/results/release")" "6.12.*-bulkhead" "it is ours"
matches "$(cat "$job/results/info")" "*VCIVersion*" "it knows contexts"
matches "$(cat "$job/results/version")" "vctx *" "vctx runs in the machine"
test_dmesg "$job/results/dmesg.txt"
finish
