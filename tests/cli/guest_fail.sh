#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A start that fails, or is killed, at every one of its steps. Runs in the
# machine as the job's run.sh.
. /job/guest_lib.sh

fails_at id state fork unshare private root proc protect mask dev sys run \
	bind tmpfs root-ro pivot hostname create space name bcaps ccaps ready \
	record init exec rename
killed_at state fork pivot create name ready record init exec
for step in id mkdir meta rename; do
	VCTX_FAIL_AT=$step "$VT" create f2 --root $ROOT 2>/dev/null
	# shellcheck disable=SC2154 # guest_lib.sh sets it
	is "$?: $(footprint)" "1: $before" \
		"create that fails at $step leaves nothing behind"
done
finish
