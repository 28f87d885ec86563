#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: web_client.sh COMMAND...
# Runs in the host or in domain 0: COMMAND makes the instance and starts web_server.sh in
# it; when that serves, it is asked, as /job/plan says. The bridge must be there. No
# limit here means anything where instructions are counted; the boot has one outside.
set -eu
busybox nc -l -p 7079 >/run/web-said &
nc=$!
{
	"$@" >/run/web-log 2>&1 || echo "the instance was not made" |
		busybox nc 127.0.0.1 7079
} &
wait $nc
word=$(head -n 1 /run/web-said)
if [ "$word" != ready ]; then
	cat /run/web-log
	echo "no server: $word: $(grep -m 1 error /run/web-log || tail -n 1 /run/web-log)"
	exit 1
fi
sh /job/measure.sh /job
