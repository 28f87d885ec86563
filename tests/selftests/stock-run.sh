# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The job in the machine: runs the programs of stock.list, each alone and for a
# limited time. results/DIR.PROGRAM.out and .rc are what came of it.
set -u

mkdir -p /tmp/stock
cp -r /out/tests/selftests/stock/. /tmp/stock
while read -r dir prog seconds args; do
	case $dir in '#'*) continue ;; esac
	cd "/tmp/stock/$dir" || exit 1
	echo "stock-test: $dir/$prog" >/dev/kmsg
	rc=0
	# shellcheck disable=SC2086 # arguments are words
	timeout -k 2 "$seconds" "./$prog" $args </dev/null >/tmp/out 2>&1 || rc=$?
	cp /tmp/out "/job/results/$dir.$prog.out"
	echo "$rc" >"/job/results/$dir.$prog.rc"
done </job/stock.list
