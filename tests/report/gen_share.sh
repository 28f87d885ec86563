#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Print a made-up run of the experiment share: the sides cgroup and context share
# CPUs 1:3 between two instances of two threads, two repeats; a third side did
# not run. cgroup is wrong by 8 % and by 10 %, context by nothing.
# With -d the same of a disk, where the first has one request at a time; and calls of
# fsync of 20 ms alone, and beside another 300 ms in cgroup and 100 ms in context.
# usage: gen_share.sh [-a ACCEL] [-n CPUS] [-d]
set -eu
accel=tcg ncpu=2 disk=
while getopts a:n:d o; do
	case $o in
	a) accel=$OPTARG ;;
	n) ncpu=$OPTARG ;;
	d) disk=1 ncpu=1 ;;
	*) echo "usage: gen_share.sh [-a ACCEL] [-n CPUS] [-d]" >&2; exit 2 ;;
	esac
done
exec awk -v accel="$accel" -v ncpu="$ncpu" -v disk="$disk" '
function bench() { return disk ? "share.disk.1-3.q1-32" : "share.cpu.1-3.t2" }
function record(side, exec, phase, by, inst, weight, rate,   from, k, t, s, sep) {
	for (from = 0; from <= 120; from += 90) {
		t = s = sep = ""
		for (k = from; k <= 120 && k < from + 90; k++) {
			t = t sep sprintf("%.0f", k * 1e8)
			s = s sep sprintf("%.0f", k * 1e8 * rate)
			sep = ","
		}
		printf "{\"t\":\"series\",\"bench\":\"%s\",\"side\":\"%s\",\"boot\":1,\"exec\":%d,\"accel\":\"%s\",\"phase\":\"%s\",\"by\":\"%s\",\"inst\":%d,\"n_inst\":2,\"ncpu\":%d,\"weight\":%d,\"threads\":%d,%s\"start_ns\":0,\"task_ns\":%.0f,\"from\":%d,\"t_ns\":[%s],\"service_ns\":[%s]}\n", bench(), side, exec, accel, phase, by, inst, ncpu, weight, disk ? (inst ? 32 : 1) : 2, disk ? "\"io_ns\":2000000,\"p99_ns\":" 6e6 + exec * 2e6 "," : "", disk ? 0 : 12e9 * rate, from, t, s
	}
}
function syncs(side, exec, phase, by, ms,   k, list) {
	for (k = 0; k < 50; k++)
		list = list (k ? "," : "") sprintf("%.0f", (ms + (k % 2 ? 1 : -1)) * 1e6)
	printf "{\"t\":\"series\",\"bench\":\"share.disk.fsync\",\"side\":\"%s\",\"boot\":1,\"exec\":%d,\"accel\":\"%s\",\"phase\":\"%s\",\"by\":\"%s\",\"inst\":0,\"n_inst\":%d,\"scheduler\":\"x\",\"sync_ns\":[%s]}\n", side, exec, accel, phase, by, phase == "share" ? 2 : 1, list
}
BEGIN {
	printf "{\"t\":\"run\",\"v\":1,\"run\":\"s%d\",\"synthetic\":true,\"suite\":{\"version\":\"0\"},\"accel\":\"%s\",", ncpu, accel
	if (accel == "tcg-icount")
		printf "\"icount_shift\":3,"
	print "\"seed\":1,\"argv\":\"test\",\"started\":\"2026-01-01T00:00:00Z\",\"plan\":{\"profile\":\"standard\",\"experiment\":\"share\",\"sides\":[\"cgroup-smp\",\"context-smp\",\"xen-smp\"],\"benches\":[\"" bench() "\"" (disk ? ",\"share.disk.fsync\"" : "") "]}}"
	print "{\"t\":\"event\",\"side\":\"cgroup-smp\",\"kind\":\"start\",\"at_ns\":1,\"host_load\":0.25}"
	for (e = 1; e <= 2; e++) {
		share = 0.25 * (e == 1 ? 1.08 : 1.1)
		for (i = 0; i < 2; i++)
			record("cgroup-smp", e, "plain", "none", i, i ? 3 : 1, ncpu / 2)
		record("cgroup-smp", e, "share", "cgroup", 0, 1, ncpu * share)
		record("cgroup-smp", e, "share", "cgroup", 1, 3, ncpu * (1 - share))
		for (i = 0; i < 2; i++)
			record("context-smp", e, "share", "context", i, i ? 3 : 1, ncpu * (i ? 0.75 : 0.25))
		if (disk) {
			syncs("cgroup-smp", e, "alone", "cgroup", 20)
			syncs("cgroup-smp", e, "share", "cgroup", 300)
			syncs("context-smp", e, "alone", "context", 20)
			syncs("context-smp", e, "share", "context", 100)
		}
	}
	print "{\"t\":\"verdict\",\"bench\":\"" bench() "\",\"side\":\"xen-smp\",\"status\":\"dnr\",\"why\":\"no <hypervisor> here\"}"
	printf "{\"t\":\"end\",\"run\":\"s%d\",\"rc\":0}\n", ncpu
}'
