#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Print a made-up run.jsonl for tests of the report.  The numbers are invented
# ("synthetic":true in the run record, which the report shows on every page);
# only their shape is like a real run.  The same options always give the same
# bytes: own integer generator, so any awk will do.
#
# usage: gen_run.sh [-a ACCEL] [-b BOOTS] [-e EXECS_PER_BOOT] [-n BATCHES]
#                   [-p PROFILE] [-s SEED] [-x] [-r RUNID] [-m COUNT]
#   -x  the xen side did not start (one verdict for all its rows)
#   -m  COUNT extra rows (bench huge.N) for size tests
set -eu

accel=tcg-icount boots=2 execs=5 batches=3 profile=standard seed=1 noxen=0 many=0
runid=20261120T190000Z-test
while getopts a:b:e:n:p:s:xr:m: o; do
	case $o in
	a) accel=$OPTARG ;;
	b) boots=$OPTARG ;;
	e) execs=$OPTARG ;;
	n) batches=$OPTARG ;;
	p) profile=$OPTARG ;;
	s) seed=$OPTARG ;;
	x) noxen=1 ;;
	r) runid=$OPTARG ;;
	m) many=$OPTARG ;;
	*) echo "usage: gen_run.sh [-a ACCEL] [-b N] [-e N] [-n N] [-p PROFILE] [-s N] [-x] [-r ID] [-m N]" >&2
	   exit 2 ;;
	esac
done

exec awk -v accel="$accel" -v boots="$boots" -v execs="$execs" -v batches="$batches" \
	-v profile="$profile" -v seed="$seed" -v noxen="$noxen" -v runid="$runid" -v many="$many" '
# Park and Miller: products stay below 2^53, so every awk computes the same.
function rnd() { state = (state * 16807) % 2147483647; return state / 2147483647 }
# Roughly normal, mean 0, deviation 1, from sums only.
function noise(  i, s) { s = 0; for (i = 0; i < 12; i++) s += rnd(); return s - 6 }

# bench, unit, native value, factor on patched, context, xen; "-" = cannot run
function row(id, unit, v, p, c, x) {
	nb++; name[nb] = id; un[nb] = unit; val[nb] = v
	f[nb, "patched"] = p; f[nb, "context"] = c; f[nb, "xen"] = x
}

function about(side, where, order, label, colour, dark) {
	printf "{\"t\":\"side\",\"side\":\"%s\",\"where\":\"%s\",\"order\":%d,\"label\":\"%s\",\"colour\":\"%s\"", side, where, order, label, colour
	if (dark != "") printf ",\"colour_dark\":\"%s\"", dark
	print "}"
}

function env(side, where, kernel, patchset) {
	memtotal = side ~ /^xen/ ? 536870912 : 1073741824; clk = side ~ /^xen/ ? "xen" : "tsc"; virt = side ~ /^xen/ ? "xen" : "tcg"
	printf "{\"t\":\"env\",\"side\":\"%s\",\"accel\":\"%s\",\"where\":\"%s\",", side, accel, where
	printf "\"kernel\":{\"uname\":\"Linux bench 6.12.9 #1 PREEMPT x86_64\",\"release\":\"6.12.9%s\",\"config_sha256\":\"%s\",\"cmdline\":\"console=ttyS0 quiet note=<made&up>\"},", kernel, substr("0f3c5a7b9d1e2f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8", 1, 64)
	printf "\"patchset\":%s,", patchset
	printf "\"cpu\":{\"model\":\"Made-up CPU (tests)\",\"microcode\":\"0x1\",\"cores\":1,\"smt\":false,\"governor\":null,\"turbo\":null,\"mitigations\":[\"none\"]},"
	printf "\"mem\":{\"total\":%d,\"thp\":\"never\",\"swap\":0,\"numa\":1},", memtotal
	printf "\"clocksource\":\"%s\",\"virt\":\"%s\",", clk, virt
	printf "\"fs\":{\"type\":\"ext4\",\"dev\":\"vda\",\"extent\":\"same\",\"mount\":\"rw,relatime\"},\"net\":{\"mtu\":1500,\"offloads\":\"none\"},"
	printf "\"binary\":{\"name\":\"bmicro\",\"sha256\":\"aa11bb22cc33dd44ee55ff6600112233445566778899aabbccddeeff00112233\",\"cc\":\"gcc 12.2.0\",\"cflags\":\"-O2 -static\"},"
	printf "\"limits\":{\"cpu.weight\":100},\"env_pad\":0,\"aslr\":2,\"thermals\":null,\"fault_around_bytes\":4096,\"dmesg_marks\":[]}\n"
}

BEGIN {
	state = seed * 7919 + 17
	for (i = 0; i < 20; i++) rnd()
	timed = accel != "tcg-icount"
	sd = timed ? 0.012 : 0.00015

	row("sys.getppid", "ns/op", 216.4, 1.0000, 1.0031, 2.31)
	row("sys.read1", "ns/op", 611.2, 1.0004, 1.0021, 1.74)
	row("sys.write1", "ns/op", 588.1, 1.0003, 1.0023, 1.77)
	row("sys.stat", "ns/op", 2204, 1.0002, 1.0088, 1.22)
	row("sys.fstat", "ns/op", 702.7, 1.0001, 1.0024, 1.61)
	row("sys.openclose", "ns/op", 3911, 1.0005, 1.0074, 1.24)
	row("sys.select.tcp.10", "ns/op", 3342, 1.0000, 1.0012, 1.15)
	row("sys.select.tcp.100", "ns/op", 24120, 1.0001, 1.0006, 1.02)
	row("sys.epoll.tcp.100", "ns/op", 1480, 1.0000, 1.0018, 1.31)
	row("sig.install", "ns/op", 498.6, 1.0000, 1.0024, 1.80)
	row("sig.catch", "ns/op", 2410, 1.0011, 1.0093, 1.92)
	row("sig.prot", "ns/op", 2987, 1.0004, 1.0022, 2.05)
	row("proc.fork", "ns/op", 118400, 1.0018, 1.0140, 3.44)
	row("proc.vfork", "ns/op", 61200, 1.0022, 1.0190, 2.71)
	row("proc.execve", "ns/op", 402100, 1.0012, 1.0110, 2.63)
	row("proc.sh", "ns/op", 1204000, 1.0013, 1.0120, 2.58)
	row("proc.fork.64m", "ns/op", 981000, 1.0007, 1.0040, 4.12)
	row("ctx.2.0", "ns/op", 3011, 1.0003, 1.0031, 2.56)
	row("ctx.2.16", "ns/op", 7240, 1.0001, 1.0014, 1.66)
	row("ctx.2.64", "ns/op", 20110, 1.0001, 1.0006, 1.24)
	row("ctx.8.0", "ns/op", 3104, 1.0003, 1.0030, 2.50)
	row("ctx.8.16", "ns/op", 7302, 1.0001, 1.0014, 1.65)
	row("ctx.8.64", "ns/op", 20240, 1.0001, 1.0005, 1.23)
	row("ctx.16.0", "ns/op", 3180, 1.0002, 1.0031, 2.47)
	row("ctx.16.16", "ns/op", 7388, 1.0001, 1.0015, 1.63)
	row("ctx.16.64", "ns/op", 20395, 1.0001, 1.0006, 1.23)
	row("ctx.2.0.overhead", "ns/op", 980, 1.0000, 1.0010, 1.60)
	row("mm.mmap.1m", "ns/op", 9120, 1.0004, 1.0022, 3.91)
	row("mm.mmap.64m", "ns/op", 121400, 1.0001, 1.0011, 4.80)
	row("mm.fault.anon", "ns/op", 1710, 1.0003, 1.0020, 2.91)
	row("mm.fault.file", "ns/op", 1344, 1.0002, 1.0018, 2.40)
	row("fs.create.0k.ext4", "ns/op", 22140, 1.0006, 1.0061, 1.12)
	row("fs.delete.0k.ext4", "ns/op", 14010, 1.0005, 1.0049, 1.10)
	row("fs.create.10k.ext4", "ns/op", 41200, 1.0004, 1.0040, 1.16)
	row("fs.delete.10k.ext4", "ns/op", 21900, 1.0004, 1.0039, 1.13)
	row("fs.create.0k.tmpfs", "ns/op", 8120, 1.0009, 1.0082, 1.19)
	row("fs.delete.0k.tmpfs", "ns/op", 5240, 1.0008, 1.0077, 1.17)
	row("ipc.pipe", "ns/op", 6420, 1.0003, 1.0029, 2.21)
	row("ipc.unix", "ns/op", 9110, 1.0006, 1.0051, 1.88)
	row("net.udp.lo", "ns/op", 14400, 1.0004, 1.0032, 1.61)
	row("net.tcp.lo", "ns/op", 17900, 1.0003, 1.0028, 1.55)
	row("net.conn.lo", "ns/op", 62100, 1.0005, 1.0120, 1.47)
	row("bw.pipe", "MB/s", 2140, 1.0001, 1.0009, 1.31)
	row("bw.unix", "MB/s", 2610, 1.0001, 1.0011, 1.29)
	row("bw.tcp.lo.64k", "MB/s", 1480, 1.0002, 1.0014, 1.37)
	row("life.unshare", "ns/op", 812000, 1.0010, "-", 1.71)
	row("life.context", "ns/op", "-", "-", "-", "-")
	row("mem.triad", "MB/s", 8120, 1.0000, 1.0000, 1.0002)
	row("mem.chase.16k", "ns/op", 4.02, 1.0000, 1.0000, 1.0001)
	for (i = 1; i <= many; i++)
		row("huge." i, "ns/op", 100 + i, 1, 1.01, 2)

	ns = split("native-up native2-up patched-up context-up xen-up", sides, " ")

	printf "{\"t\":\"run\",\"v\":1,\"run\":\"%s\",\"synthetic\":true,\"suite\":{\"version\":\"0\",\"git\":\"synthetic\"},\"accel\":\"%s\",", runid, accel
	if (!timed) printf "\"icount_shift\":0,"
	printf "\"host\":{\"cpu\":\"Made-up host CPU\",\"cpus\":2},\"seed\":%d,\"argv\":[\"tests/report/gen_run.sh\",\"-a\",\"%s\"],\"started\":\"2026-11-20T19:00:00Z\",", seed, accel
	printf "\"plan\":{\"profile\":\"%s\",\"order\":\"shuffled blocks\",\"budget_s\":900,\"reps\":%d,\"sides\":[", profile, boots * execs
	for (s = 1; s <= ns; s++) printf "%s\"%s\"", (s > 1 ? "," : ""), sides[s]
	printf "],\"benches\":["
	for (b = 1; b <= nb; b++) printf "%s\"%s\"", (b > 1 ? "," : ""), name[b]
	print "]}}"

	about("native-up", "host", 10, "stock kernel", "#000000", "#ffffff")
	about("native2-up", "host", 11, "stock kernel", "#000000", "#ffffff")
	about("patched-up", "host", 20, "our kernel, no context in use", "#999999", "")
	about("context-up", "context", 30, "inside a context of our kernel", "#0072b2", "#3b9bd9")
	about("xen-up", "guest", 60, "guest on Xen", "#d55e00", "#e8772e")
	env("native-up", "host", "", "null")
	env("native2-up", "host", "", "null")
	env("patched-up", "host", "-bulkhead", "{\"version\":\"0\",\"sha256\":\"1234\"}")
	env("context-up", "context", "-bulkhead", "{\"version\":\"0\",\"sha256\":\"1234\"}")
	if (!noxen) env("xen-up", "guest", "", "null")
	else print "{\"t\":\"verdict\",\"bench\":\"*\",\"side\":\"xen-up\",\"status\":\"dnr\",\"why\":\"domain did not start within 300 s\"}"

	order = 0
	for (s = 1; s <= ns; s++) {
		stem = sides[s]; sub(/2?-up$/, "", stem)
		for (b = 1; b <= nb; b++) {
			fac = stem == "native" ? 1 : f[b, stem]
			v = val[b]
			if (name[b] == "life.context" && stem == "patched") { fac = 1; v = 604000 }
			if (stem == "xen" && noxen) continue
			if (fac == "-" || v == "-") {
				printf "{\"t\":\"verdict\",\"bench\":\"%s\",\"side\":\"%s\",\"status\":\"skip\",\"why\":\"%s\"}\n", name[b], sides[s], (stem == "context" ? "no context or name space can be made inside a context" : "this kernel has no contexts")
				continue
			}
			if (un[b] == "MB/s") base = v / fac; else base = v * fac
			for (k = 1; k <= boots; k++) {
				bootshift = 1 + noise() * sd / 3
				for (e = 0; e < execs; e++) {
					execshift = 1 + noise() * sd
					order++
					for (i = 0; i < batches; i++) {
						x = base * bootshift * execshift * (1 + noise() * sd / 2)
						printf "{\"t\":\"sample\",\"bench\":\"%s\",\"side\":\"%s\",\"accel\":\"%s\",\"inst\":0,\"n_inst\":1,\"boot\":%d,\"exec\":%d,\"iter\":%d,\"phase\":\"%s\",\"order\":%d,\"unit\":\"%s\",\"value\":%.3f,\"ops\":%d,\"ns\":%d,\"minflt\":0,\"majflt\":0,\"ctxsw\":{\"vol\":0,\"invol\":0},\"flags\":[\"pin1\"]}\n", name[b], sides[s], accel, k, e, i, "measure", order, un[b], x, 4096, 7911014
					}
				}
			}
		}
	}
	print "{\"t\":\"end\",\"run\":\"" runid "\",\"rc\":0,\"finished\":\"2026-11-20T19:14:00Z\",\"records\":0}"
}'
