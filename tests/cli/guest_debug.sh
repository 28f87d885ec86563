#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One life of a context and the failures that involve the kernel, for a kernel
# with the debugging options on. Runs in the machine as the job's run.sh.
. /job/guest_lib.sh

try vctx create web1 --root $ROOT -s exec.stop-timeout=60s --start
is "$STATUS: $STDERR" "0: " "create and start"
vctx exec web1 -- /bin/sh -c 'ps ax >/dev/null; exit 7'
is "$?" 7 "exec"
is "$(vctx ps web1 --json | jq '[.[].guest_pid] | min')" 1 "ps"
try vctx stop web1
is "$STATUS: $STDERR" "0: " "stop"
try vctx delete web1
is "$STATUS: $STDERR$(vctx list --json)" "0: []" "delete"
rm -rf /var/log/vctx
# Every step is in guest_fail.sh.
fails_at create space ready exec
killed_at create record
finish
