#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: web_server.sh
# Runs in the instance: servers at 10.77.0.10, as the experiment has them in /job/serve,
# files on its disk. When they serve, or will not, the host is told in one line. It may
# have to wait for its network.
# Not every tool that starts something in an instance gives it one.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
rm -rf /bench/web
mkdir -p /bench/web
sh -c "exec $(cat /job/serve)" 2>/bench/web/err | {
	while read -r word; do
		case $word in
		---*) ;; # iperf3 draws a line first
		"Server listening"*) word=ready; break ;;
		*) break ;;
		esac
	done
	[ -n "$word" ] || word=$(head -n 1 /bench/web/err)
	until echo "${word:-the server said nothing}" | busybox nc 10.77.0.1 7079; do
		sleep 1
	done
	cat >/dev/null
}
