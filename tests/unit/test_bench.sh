#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# bmicro on the host: built as it is shipped and with sanitizers, every row
# runs, what it prints is what the record format says, operations are counted
# exactly, and a wrong command line is refused.
. "$(dirname -- "$0")/../lib.sh"

MICRO=$TOP/benchmarks/micro
WORK=$TMP/work
mkdir -p "$WORK"

build() { # DESCRIPTION MAKE-ARGUMENT...
	build_desc=$1
	shift
	if make -C "$MICRO" "$@" >"$TMP/make.log" 2>&1; then
		ok "$build_desc"
	else
		not_ok "$build_desc" "$(tail -n 20 "$TMP/make.log")"
		finish
	fi
}

build "builds"
build "builds with AddressSanitizer and UBSan" SAN=1
BMICRO=$OUT/bench/bin/bmicro
SAN=$OUT/bench-san/bin/bmicro

# The sanitizers' start-up wants an address space of its own choosing on some
# kernels; a report of theirs must not look like an ordinary failure.
export ASAN_OPTIONS=exitcode=99:detect_leaks=1 UBSAN_OPTIONS=exitcode=99

# What is shipped: one static file, the same bytes from another place.
if ldd "$BMICRO" >/dev/null 2>&1; then
	not_ok "is static" "$(ldd "$BMICRO")"
else
	ok "is static"
fi
mkdir -p "$TMP/copy"
cp -r "$TOP/benchmarks" "$TMP/copy/"
make -C "$TMP/copy/benchmarks/micro" OUT="$TMP/copy/out" >"$TMP/make.log" 2>&1
if cmp -s "$BMICRO" "$TMP/copy/out/bench/bin/bmicro"; then
	ok "is the same file when built elsewhere"
else
	not_ok "is the same file when built elsewhere" "$(tail -n 5 "$TMP/make.log")"
fi

# Wrong command lines.
hint="try 'bmicro --help'"
refuses 2 "bmicro: no row given; $hint" "refuses no row" "$SAN"
refuses 2 "bmicro: unknown row 'sys.nothing'; $hint" "refuses an unknown row" \
	"$SAN" sys.getppid sys.nothing
refuses 2 "bmicro: unknown option '--frobnicate'; $hint" \
	"refuses an unknown option" "$SAN" --frobnicate all
refuses 2 "bmicro: option '--batches' needs a value; $hint" \
	"refuses an option without its value" "$SAN" --batches
refuses 2 "bmicro: bad value '0' for --batches; $hint" \
	"refuses no batches" "$SAN" --batches 0 all
refuses 2 "bmicro: bad value '-1' for --warmup; $hint" \
	"refuses a negative number" "$SAN" --warmup -1 all
refuses 2 "bmicro: bad value '5ms' for --batch-ns; $hint" \
	"refuses a number with a unit" "$SAN" --batch-ns 5ms all
refuses 2 "bmicro: bad value '99999999999999999999' for --env-pad; $hint" \
	"refuses a number out of range" \
	"$SAN" --env-pad 99999999999999999999 all
refuses 2 "bmicro: work directory '$TMP/none': No such file or directory; $hint" \
	"refuses a work directory that is not there" \
	"$SAN" --dir "$TMP/none" sys.getppid

# The list.
try "$SAN" --list
is "$STATUS" 0 "lists its rows"
list=$STDOUT
rows=$(printf '%s\n' "$list" | wc -l)
is "$(printf '%s\n' "$list" | grep -Ecv '^(sys|sig|proc|ctx|mm|mem|fs|ipc|net|bw|timer)(\.[0-9a-z]+)+ (ns/op|MB/s)$')" 0 \
	"every line of the list is an id and a unit"
is "$(printf '%s\n' "$list" | cut -d' ' -f1 | sort | uniq -d)" "" \
	"no id is listed twice"

# Every row, with sanitizers, twice the fixed counts: two warm-ups, three
# batches. Where the work directory is not ext4 or /dev/shm is no tmpfs, the
# rows of that file system must say so and nothing else may.
run_all() { # PROGRAM OPTION...
	run_program=$1
	shift
	try "$run_program" --dir "$WORK" --batches 3 --warmup 2 "$@" all
	mv "$TMP/.stdout" "$TMP/all.jsonl"
}

check_all() { # WHAT
	jq -e . "$TMP/all.jsonl" >/dev/null 2>"$TMP/jq.log" &&
		ok "$1: every line is JSON" ||
		not_ok "$1: every line is JSON" "$(cat "$TMP/jq.log")"
	bad=$(jq -r 'select(.t == "verdict") | select((.status == "skip" and
		(.why | test("is on .*, not on (ext4|tmpfs)|no directory|noexec"))) | not) |
		"\(.bench): \(.status): \(.why)"' "$TMP/all.jsonl")
	is "$bad$STDERR" "" "$1: every row runs"
	skipped=$(jq -s 'map(select(.t == "verdict")) | length' "$TMP/all.jsonl")
	is "$STATUS" "$([ "$skipped" -eq 0 ] && echo 0 || echo 1)" \
		"$1: the exit status says whether all rows ran"
	[ "$skipped" -eq 0 ] ||
		skip "$1: $skipped rows of a file system" "$(jq -r \
			'select(.t == "verdict") | .why' "$TMP/all.jsonl" | sort -u | tr '\n' ';')"
	is "$(jq -rs 'map(.bench) | unique | length' "$TMP/all.jsonl")" "$rows" \
		"$1: every listed row is there"
	is "$(jq -c 'select(.t == "sample") | select((
		(.bench | type) == "string" and
		(.iter | type) == "number" and
		(.phase == "warmup" or .phase == "measure") and
		(.unit == "ns/op" or .unit == "MB/s") and
		(.value | type) == "number" and .value > 0 and
		.ops > 0 and .ns > 0 and .minflt >= 0 and .majflt >= 0 and
		.ctxsw.vol >= 0 and .ctxsw.invol >= 0 and
		.cpu.user >= 0 and .cpu.sys >= 0 and (.cpu | has("host_ns")) and
		(.flags | type) == "array") | not)' "$TMP/all.jsonl")" "" \
		"$1: every sample has all keys with sane values"
	is "$(jq -s 'map(select(.t == "sample") | .cpu.user + .cpu.sys) | add > 0' "$TMP/all.jsonl")" true \
		"$1: CPU time is counted"
	is "$(jq -cs 'map(select(.t == "sample")) | group_by(.bench)[] |
		select([.[] | [.phase, .iter]] != [["warmup", 0], ["warmup", 1],
			["measure", 0], ["measure", 1], ["measure", 2]]) |
		.[0].bench' "$TMP/all.jsonl")" "" \
		"$1: two warm-up and three measured batches of every row, in order"
	is "$(jq -c 'select(.t == "sample") | select(.unit == "ns/op") |
		select((.value * .ops - .ns) | fabs > 1) | .bench' "$TMP/all.jsonl")" "" \
		"$1: value is ns divided by ops"
	is "$(printf '%s\n' "$list")" "$(jq -rs --arg list "$list" '
		(map({key: .bench, value: .unit}) | from_entries) as $unit |
		$list | split("\n")[] | split(" ") |
		"\(.[0]) \($unit[.[0]] // .[1])"' "$TMP/all.jsonl")" \
		"$1: units are the listed ones"
}

run_all "$SAN" --batch-ns 0 --ops-scale 2
check_all sanitized
is "$(jq -cs 'map(select(.t == "sample")) | group_by(.bench)[] |
	select(map(.ops) | unique | length != 1) | .[0].bench' "$TMP/all.jsonl")" \
	"" "every batch of a row does the same number of operations"
jq -r 'select(.t == "sample" and .phase == "measure") | "\(.bench) \(.ops)"' \
	"$TMP/all.jsonl" | sort -u >"$TMP/ops.san"

run_all "$BMICRO" --batch-ns 0
check_all shipped
jq -r 'select(.t == "sample" and .phase == "measure") | "\(.bench) \(.ops * 2)"' \
	"$TMP/all.jsonl" | sort -u >"$TMP/ops"
is "$(cat "$TMP/ops.san")" "$(cat "$TMP/ops")" \
	"--ops-scale multiplies the operations of every row exactly"

# Operations counted from outside: what the kernel saw is what is reported.
if command -v strace >/dev/null 2>&1 &&
	strace -f -o /dev/null true 2>/dev/null; then
	strace -f -qq -e trace=getppid -o "$TMP/trace" "$BMICRO" --dir "$WORK" \
		--batch-ns 0 --warmup 1 --batches 2 sys.getppid >"$TMP/counted.jsonl"
	is "$(grep -c 'getppid()' "$TMP/trace")" \
		"$(jq -s 'map(.ops) | add' "$TMP/counted.jsonl")" \
		"strace counts as many getppid() as are reported"
	strace -f -qq -e trace=execve,execveat -o "$TMP/trace" "$BMICRO" \
		--dir "$WORK" --batch-ns 0 --warmup 0 --batches 2 proc.execve \
		>"$TMP/counted.jsonl"
	is "$(grep -c 'execveat(.* = 0$' "$TMP/trace")" \
		"$(jq -s 'map(.ops) | add' "$TMP/counted.jsonl")" \
		"strace counts as many programs started as are reported"
else
	skip "operations counted from outside" "strace is not installed or not allowed"
fi
is "$(jq -c 'select(.t == "sample" and .phase == "measure") |
	select(.bench | test("^mm.fault")) | select(.minflt != .ops) | .bench' \
	"$TMP/all.jsonl")" "" "page fault rows count the kernel's faults"
is "$(jq -c 'select(.t == "sample" and .phase == "measure") |
	select(.bench == "proc.vfork") | select(.ctxsw.vol < .ops) | .bench' \
	"$TMP/all.jsonl")" "" "each vfork waits for its child"

# Sanity of results: what cannot be otherwise on any machine.
median() { # ROW
	jq -s --arg row "$1" 'map(select(.bench == $row and .phase == "measure")
		| .value) | sort | .[length / 2 | floor]' "$TMP/all.jsonl"
}
less() { # SMALLER LARGER
	is "$(jq -n "$(median "$1") < $(median "$2")")" true "$1 is cheaper than $2"
}
less mem.empty sys.getppid
less sys.getppid sys.stat
less sys.select.tcp.10 sys.select.tcp.100
less sys.epoll.tcp.10 sys.epoll.tcp.100
less sys.getppid sig.catch
less proc.fork proc.fork.64m
less proc.fork proc.sh
less mm.mmap.1 mm.mmap.64
less ctx.2.0.overhead ctx.2.0
less ctx.2.0.overhead ctx.2.64.overhead
is "$(jq -n "$(median timer.sleep) >= 50000")" true "no sleep is too short"

# Batches that are long enough, where time counts: calibration doubles.
try "$BMICRO" --dir "$WORK" --batch-ns 2000000 --batches 5 sys.getppid sig.catch
is "$(printf '%s\n' "$STDOUT" | jq -s 'map(.ops) | unique | map(select(
	(. / 12800 | log2 | . == floor) or (. / 900 | log2 | . == floor) | not)) |
	length')" 0 "calibrated operations are a power of two times the fixed ones"
is "$(printf '%s\n' "$STDOUT" | jq -s 'map(.ns) | sort | .[length / 2 | floor] > 1000000')" \
	true "calibrated batches are about as long as asked for"

# A row that cannot run says so and the others go on.
try "$SAN" --dir "$WORK" --tmpfs "$TMP/none" --batch-ns 0 --batches 1 --warmup 0 \
	fs.create.0k.tmpfs sys.getppid
is "$STATUS: $(printf '%s\n' "$STDOUT" | jq -r '"\(.t) \(.bench) \(.status) \(.why)"' |
	tr '\n' ';')" \
	"1: verdict fs.create.0k.tmpfs skip no directory $TMP/none;sample sys.getppid null null;" \
	"a row that cannot run gives a verdict, the next one runs, exit 1"

# Selection by group, in the order asked for.
try "$SAN" --dir "$WORK" --batch-ns 0 --batches 1 --warmup 0 sig. sys.getppid
is "$(printf '%s\n' "$STDOUT" | jq -r .bench | tr '\n' ' ')" \
	"sig.install sig.catch sig.prot sys.getppid " "a group selects its rows"

# The environment.
try "$BMICRO" --dir "$WORK" --env-pad 100 --env
is "$STATUS $(printf '%s\n' "$STDOUT" | wc -l)" "0 1" "--env prints one line"
is "$(printf '%s\n' "$STDOUT" | jq -r '.binary.sha256')" \
	"$(sha256sum <"$BMICRO" | cut -d' ' -f1)" "--env tells the program's checksum"
is "$(printf '%s\n' "$STDOUT" | jq -r '[.t, .env_pad, (.fs.path | length > 0),
	(.clock | startswith("CLOCK_MONOTONIC")), (.tick_ns > 0)] | @csv')" \
	'"env",100,true,true,true' "--env has what a record needs"
is "$(printf '%s\n' "$STDOUT" | jq -r '.confinement | "\(.seccomp) \(.no_new_privs) \(.cap_bnd) \(.cgroup)"')" \
	"$(sed -n 's/^\(Seccomp\|NoNewPrivs\|CapBnd\):[[:space:]]*/\1 /p' /proc/self/status |
		awk '{ v[$1] = $2 } END { print v["Seccomp"], v["NoNewPrivs"], v["CapBnd"] }') $(head -n 1 /proc/self/cgroup)" \
	"and what confines the program"
is "$(printf '%s\n' "$STDOUT" | jq -r '.limits | keys | join(" ")')" \
	"cpu.max cpu.weight memory.max pids.max" "and the limits it can see"

# Nothing stays behind: no directory, no process, even when interrupted.
"$BMICRO" --dir "$WORK" --batch-ns 1000000000 ctx.8.0 >/dev/null 2>&1 &
victim=$!
sleep 1
kill -TERM "$victim"
wait "$victim"
is "$?" 143 "ends by a signal it is sent"
is "$(ls -A "$WORK")" "" "leaves the work directory empty"
is "$(ps -eo args= | grep -F "$BMICRO --dir $WORK" | grep -vc grep)" 0 \
	"leaves no process"

finish
