#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The web programs on the loopback: the workload's distributions against their
# exact figures, the server against good, bad and malicious clients, the load
# generator against good, bad and stalled servers. Everything with sanitizers,
# on ports that the kernel chooses, with fixed seeds. No result depends on how
# fast the host is.
. "$(dirname -- "$0")/../lib.sh"

WEB=$TOP/benchmarks/web

build() { # DESCRIPTION DIRECTORY MAKE-ARGUMENT...
	build_desc=$1
	shift
	if make -j "$(nproc)" -C "$@" >"$TMP/make.log" 2>&1; then
		ok "$build_desc"
	else
		not_ok "$build_desc" "$(tail -n 20 "$TMP/make.log")"
		finish
	fi
}

build "builds" "$WEB"
build "builds with AddressSanitizer and UBSan" "$WEB" SAN=1
build "builds its tests" "$TESTS/unit/web"
BIN=$OUT/bench/bin
SAN=$OUT/bench-san/bin
WEBTEST=$OUT/tests/bin/webtest
export ASAN_OPTIONS=exitcode=99:detect_leaks=1 UBSAN_OPTIONS=exitcode=99

# What is shipped: static files, the same bytes from another place.
mkdir -p "$TMP/copy"
cp -r "$TOP/benchmarks" "$TMP/copy/"
make -j "$(nproc)" -C "$TMP/copy/benchmarks/web" OUT="$TMP/copy/out" >"$TMP/make.log" 2>&1 ||
	not_ok "builds elsewhere" "$(tail -n 5 "$TMP/make.log")"
for p in webmix-files webmix-serve webmix-load bweb; do
	if ldd "$BIN/$p" >/dev/null 2>&1; then
		not_ok "$p is static" "$(ldd "$BIN/$p")"
	else
		ok "$p is static"
	fi
	cmp -s "$BIN/$p" "$TMP/copy/out/bench/bin/$p" &&
		ok "$p is the same file when built elsewhere" ||
		not_ok "$p is the same file when built elsewhere"
done
rm -rf "$TMP/copy"

# part DESCRIPTION COMMAND...: a part of webtest, each of its lines a result
part() {
	part_desc=$1
	shift
	try timeout 600 "$@"
	printf '%s\n' "$STDOUT" >"$TMP/part"
	while read -r part_word part_text; do
		case $part_word in
		PASS) ok "$part_desc: $part_text" ;;
		FAIL) not_ok "$part_desc: $part_text" ;;
		*) not_ok "$part_desc: says '$part_word $part_text'" ;;
		esac
	done <"$TMP/part"
	is "$STATUS$STDERR" 0 "$part_desc: nothing went wrong"
}

part "workload" "$WEBTEST" units

# --- the tree ---------------------------------------------------------------

FILES=$SAN/webmix-files
hint="try 'webmix-files --help'"
refuses 2 "webmix-files: no directory given; $hint" "refuses no directory" \
	"$FILES" --dirs 1
refuses 2 "webmix-files: how many directories? --dirs or --sessions; $hint" \
	"refuses no number" "$FILES" "$TMP/tree"
refuses 2 "webmix-files: bad value '0' for --dirs; $hint" \
	"refuses no directories" "$FILES" --dirs 0 "$TMP/tree"
refuses 2 "webmix-files: bad value 'x' for --sessions; $hint" \
	"refuses what is no number" "$FILES" --sessions x "$TMP/tree"
refuses 2 "webmix-files: unknown option '--frob'; $hint" \
	"refuses an unknown option" "$FILES" --frob
refuses 1 "webmix-files: $TMP/tree: No such file or directory" \
	"cannot check what is not there" "$FILES" --check "$TMP/tree"

try "$FILES" --dirs 2 "$TMP/tree"
is "$STATUS $STDOUT$STDERR" "0 2 directories, 10238968 bytes" "makes a tree"
is "$(find "$TMP/tree" -type f | wc -l) $(find "$TMP/tree" -type f -size -103c | wc -l)" \
	"72 2" "with 36 files in a directory, one of them of 102 bytes"
is "$(find "$TMP/tree" -type f -exec stat -c %Y {} + | sort -u)" 1700000000 \
	"all of the same time"
try "$FILES" --check "$TMP/tree"
is "$STATUS $STDOUT$STDERR" "0 2 directories, 10238968 bytes, all right" \
	"finds its own tree right"
try "$BIN/webmix-files" --dirs 2 "$TMP/tree2"
try diff -r "$TMP/tree" "$TMP/tree2"
is "$STATUS$STDOUT" 0 "makes the same tree as the shipped program"
# The content is part of the interface: recorded results depend on it.
is "$(sha256sum <"$TMP/tree/d00001/c3_9" | cut -d' ' -f1)" \
	8a89e5492037818f7ef90ffbdcbdad7ed0266c8e5d9afb56697a891329f788c0 "makes the tree it always made"
refuses 1 "webmix-files: $TMP/tree: exists; remove it, or check it with --check" \
	"does not overwrite a tree" "$FILES" --dirs 1 "$TMP/tree"
printf x | dd of="$TMP/tree2/d00001/c2_5" bs=1 seek=1000 conv=notrunc 2>/dev/null
touch -d @1700000000 "$TMP/tree2/d00001/c2_5"
refuses 1 "webmix-files: $TMP/tree2/d00001/c2_5: not what webmix-files writes; make the tree anew" \
	"finds a wrong byte" "$FILES" --check "$TMP/tree2"
rm -rf "$TMP/tree2"
free=$(df -P -k "$TMP" | awk 'NR == 2 { print $4 }')
if [ "$free" -lt 400000000 ]; then
	try "$FILES" --dirs 100000 "$TMP/huge"
	matches "$STATUS $STDERR" "1 webmix-files: $TMP/huge: needs * MB and has * MB free; ask for fewer directories" \
		"refuses a tree for which there is no room"
else
	skip "refuses a tree for which there is no room" "the disk has room for it"
fi
if [ "$free" -gt 2000000 ]; then
	"$FILES" --dirs 200 "$TMP/stopped" >"$TMP/stopped.out" 2>&1 &
	pid=$!
	# As soon as it has begun.
	while [ ! -e "$TMP/stopped.part$pid" ] && kill -0 $pid 2>/dev/null; do
		sleep 0.05
	done
	kill -s INT $pid 2>/dev/null
	status=0
	wait $pid || status=$?
	is "$status $(cat "$TMP/stopped.out")" "1 webmix-files: $TMP/stopped/$(
		sed -n "s|.*$TMP/stopped/\([^:]*\):.*|\1|p" "$TMP/stopped.out"): Interrupted system call; nothing is left of it" \
		"says that it was interrupted"
else
	skip "says that it was interrupted" "less than 2 GB of disk"
fi
is "$(ls -d "$TMP"/huge* "$TMP"/stopped[./]* "$TMP"/stopped 2>/dev/null)" "" \
	"leaves nothing half-made"

# --- the server ---------------------------------------------------------------

# serve NAME OPTION...: a server; its address is in $ADDR, its pid in $PID
serve() {
	serve_name=$1
	shift
	"$SAN/webmix-serve" --listen 127.0.0.1:0 "$@" >"$TMP/$serve_name.out" \
		2>"$TMP/$serve_name.err" &
	PID=$!
	listening "$serve_name"
}

listening() { # NAME
	while ! grep -q 'listening on' "$TMP/$1.out" && kill -0 $PID 2>/dev/null; do
		sleep 0.05
	done
	ADDR=$(sed -n 's/.*listening on //p' "$TMP/$1.out")
}

# ended NAME PID DESCRIPTION: stop it; it must have nothing to complain about
ended() {
	kill "$2"
	ended_status=0
	wait "$2" || ended_status=$?
	is "$ended_status$(cat "$TMP/$1.err")" 0 "$3"
}

stat_of() { # NAME FILTER: something of the server's last line
	tail -n 1 "$TMP/$1.out" | jq -r "$2"
}

hint="try 'webmix-serve --help'"
refuses 2 "webmix-serve: no directory given; $hint" "refuses no tree" \
	"$SAN/webmix-serve"
refuses 2 "webmix-serve: bad value 'localhost:80' for --listen; $hint" \
	"refuses names for addresses" "$SAN/webmix-serve" --listen localhost:80 .
refuses 2 "webmix-serve: bad value '0' for --workers; $hint" \
	"refuses no workers" "$SAN/webmix-serve" --workers 0 .
refuses 1 "webmix-serve: $TMP/none: No such file or directory; make it with webmix-files" \
	"refuses a tree that is not there" "$SAN/webmix-serve" "$TMP/none"
refuses 1 "webmix-serve: $TMP/none/log: No such file or directory" \
	"refuses a log that cannot be" "$SAN/webmix-serve" --log "$TMP/none/log" "$TMP/tree"

ln -s /etc/passwd "$TMP/tree/link"
ln -s d00000/c0_1 "$TMP/tree/inner"
mkfifo "$TMP/tree/fifo"
serve talk --workers 1 --log "$TMP/talk.log" "$TMP/tree"
refuses 1 "webmix-serve: $ADDR: Address already in use" \
	"refuses an address that is taken" "$SAN/webmix-serve" --listen "$ADDR" "$TMP/tree"
part "server" "$WEBTEST" conformance "$ADDR"
part "server, malformed requests" "$WEBTEST" fuzz "$ADDR" 1 1000
part "server, more of them" "$WEBTEST" fuzz "$ADDR" 2 1000
ended talk "$PID" "the server ends when told to, without a complaint"
is "$(wc -l <"$TMP/talk.log")" "$(stat_of talk .post)" \
	"every POST is one line of the log"
is "$(LC_ALL=C grep -acv '^[ -~]*$' "$TMP/talk.log")" 0 \
	"and the log has only printable characters"
is "$(grep -cx 'slow!' "$TMP/talk.log") $(grep -cx 'abcde' "$TMP/talk.log")" "2 1" \
	"bodies in pieces and in chunks are put together"
serve hasty --workers 1 --head-ms 300 --idle-ms 300 --write-ms 300 "$TMP/tree"
part "server, slow clients" "$WEBTEST" impatient "$ADDR"
ended hasty "$PID" "it ends without a complaint"
serve small --workers 1 --max-conns 4 "$TMP/tree"
part "server, many clients" "$WEBTEST" crowded "$ADDR" 4
ended small "$PID" "it ends without a complaint"
asan=$(${CC:-cc} -print-file-name=libasan.so) # which must come first
LD_PRELOAD="$asan $OUT/tests/bin/slow_exec.so" SLOW_EXEC="$TMP/gate" \
	"$SAN/webmix-serve" --listen 127.0.0.1:0 --workers 1 "$TMP/tree" \
	>"$TMP/linger.out" 2>"$TMP/linger.err" &
PID=$!
listening linger
part "server, a helper between fork and exec" "$WEBTEST" lingering "$ADDR" "$TMP/gate"
ended linger "$PID" "it ends without a complaint"
rm "$TMP/tree/link" "$TMP/tree/inner" "$TMP/tree/fifo"

# --- the load ---------------------------------------------------------------

LOAD=$SAN/webmix-load
hint="try 'webmix-load --help'"
t="--target 127.0.0.1:1"
# shellcheck disable=SC2086 # $t is two words
{
	refuses 2 "webmix-load: no mode given (--sessions, --search, --rate, --requests); $hint" \
		"refuses no mode" "$LOAD" $t
	refuses 2 "webmix-load: no --target given; $hint" \
		"refuses no target" "$LOAD" --sessions 1
	refuses 2 "webmix-load: more than one mode given; $hint" \
		"refuses two modes" "$LOAD" --sessions 1 --rate 5 $t
	refuses 2 "webmix-load: bad value 'example.org:80' for --target; $hint" \
		"refuses names for targets" "$LOAD" --sessions 1 --target example.org:80
	refuses 2 "webmix-load: bad value '127.0.0.1' for --target; $hint" \
		"refuses a target without a port" "$LOAD" --sessions 1 --target 127.0.0.1
	refuses 2 "webmix-load: bad value 'fast' for --profile; $hint" \
		"refuses an unknown profile" "$LOAD" --sessions 1 --profile fast $t
	refuses 2 "webmix-load: bad value '1.5' for --if-modified; $hint" \
		"refuses a share above 1" "$LOAD" --sessions 1 --if-modified 1.5 $t
	refuses 2 "webmix-load: --confirm must be odd, or 0; $hint" \
		"refuses a vote that can be a draw" "$LOAD" --search --confirm 2 $t
	refuses 2 "webmix-load: 1 users are too few for 2 targets; $hint" \
		"refuses fewer users than targets" "$LOAD" --sessions 1 $t $t
	refuses 1 "webmix-load: 127.0.0.1:1: connect: Connection refused; is webmix-serve running?" \
		"refuses a server that is not there" "$LOAD" --sessions 1 $t
}

# load OPTION...: into $TMP/load.jsonl; what every result must be
load() {
	try timeout 600 "$LOAD" "$@"
	printf '%s\n' "$STDOUT" >"$TMP/load.jsonl"
}

get() { # FILTER: of the first sample
	jq -rs "map(select(.t == \"sample\"))[0] | $1" "$TMP/load.jsonl"
}

serve one --workers 2 --log "$TMP/one.log" "$TMP/tree"
one=$PID one_addr=$ADDR
load --requests 1500 --target "$ADDR" --fixed-dirs 2
is "$STATUS$STDERR $(get '"\(.ops) \(.failed) \(.errors)"')" "0 1500 0 {}" \
	"1500 requests of the mix, every byte right"
bytes=$(get .bytes)
load --requests 1500 --target "$ADDR" --fixed-dirs 2
is "$(get .bytes)" "$bytes" "the same seed asks for the same"
load --requests 1500 --target "$ADDR" --fixed-dirs 2 --seed 2
[ "$(get .bytes)" != "$bytes" ] && ok "another seed for something else" ||
	not_ok "another seed for something else" "$bytes bytes"
load --requests 300 --target "$ADDR" --fixed-dirs 2 --profile static --if-modified 1
is "$(get '"\(.ops) \(.failed) \(.not_modified)"')" "300 0 300" \
	"all requests conditional, all answers 304"
load --requests 300 --conns 7 --target "$ADDR" --profile incore --fixed-dirs 2 --if-modified 0
is "$(get '"\(.ops) \(.failed) \(.not_modified)"')" "300 0 0" \
	"several connections at a time"
refuses 1 "webmix-load: $one_addr: status: answer 404 for directory 26; make the tree with --dirs 27, or use fewer with --fixed-dirs" \
	"a tree that is too small is found before the load" \
	"$LOAD" --sessions 3 --target "$one_addr"

# Sessions: how many are good depends on the host, everything else does not.
load --sessions 6 --ramp 1 --measure 2 --target "$ADDR" --fixed-dirs 2
is "$STDERR $(get '"\(.bench) \(.unit) \(.sessions) \(.failed) \(.value == .sessions_ok) \(.value <= 6) \(.ops > 0) \(.bytes > 0)"')" \
	" web.sessions.6 sessions 6 0 true true true true" "sessions are paced and counted"
# Six lines of 400 kb/s for 2 s, and what their buckets and the ramp hold over.
get '.bytes <= 6 * 50000 * 2 + 6 * 2500' | grep -qx true &&
	ok "no session reads faster than its line" ||
	not_ok "no session reads faster than its line" "$(get .bytes) bytes"
is "$(jq -s 'map(select(.t == "hist")) | (map(.part[0]) == [range(length)]) and
	all(.part[1] == 0 or .part[1] > .part[0]) and
	(map(.buckets[]) | (map(.[0]) | . == (sort | unique)))' "$TMP/load.jsonl")" true \
	"the histogram is complete and in order"
is "$(jq -s '(map(select(.t == "hist").buckets[][1]) | add) ==
	(map(select(.t == "sample"))[0].latency.n)' "$TMP/load.jsonl")" true \
	"and adds up to the number of requests"
is "$(awk 'length > 4096' "$TMP/load.jsonl" | wc -l)" 0 "no record is longer than 4 KiB"
is "$(get '.params | "\(.mode) \(.profile) \(.users) \(.line_bits) \(.floor_bits) \(.bucket_ms) \(.fixed_dirs) \(.seed)"')" \
	"sessions classic99-like 6 400000 320000 50 2 1" "the result has the parameters in it"

# An open loop: all that is due is asked, whatever the server's pace.
for kind in poisson constant; do
	load --rate 100 --arrivals $kind --conns 20 --procs 2 --ramp 0 --measure 2 --timeout-ms 60000 \
		--target "$ADDR" --fixed-dirs 2
	is "$STATUS$STDERR $(get '"\(.failed) \(.unfinished) \(.latency.n == .ops) \(.ops > 120 and .ops < 290)"')" \
		"0 0 0 true true" "an open loop with $kind arrivals"
done
# Each process is due every 20 ms from 20 or 30 ms on, before 2 s.
is "$(get .ops)" 198 "constant arrivals are all there"

# The search, against demands that any host or none can meet.
load --search --start 1 --max-sessions 3 --ramp 0 --measure 1 --confirm 0 \
	--floor-rate 0 --target "$ADDR" --fixed-dirs 2
is "$STATUS$STDERR $(jq -r 'select(.t == "verdict") | "\(.bench) \(.status)"' "$TMP/load.jsonl") $(
	jq -r 'select(.bench == "web.sstar" and .t == "sample") | "\(.value) \(.search) \(.params.start)-\(.params.max_sessions)"' "$TMP/load.jsonl") $(
	jq -r 'select(.bench == "web.sstar.probe") | .sessions' "$TMP/load.jsonl" | tr '\n' ' ')" \
	"1 web.sstar invalid 3 at-max 1-3 1 2 3 " "a search that ends at its last number says so"
load --search --start 3 --max-sessions 3 --ramp 0 --measure 1 \
	--floor-rate 100000000 --target "$ADDR" --fixed-dirs 2
is "$STATUS$STDERR $(jq -r 'select(.t == "verdict") | "\(.status): \(.why)"' "$TMP/load.jsonl")" \
	"1 fail: not even one session is served well" "a search that finds nobody served says so"

# Two servers, one with a wrong byte in each file.
cp -rp "$TMP/tree" "$TMP/tree2"
serve two --workers 1 --log "$TMP/two.log" "$TMP/tree2"
two=$PID two_addr=$ADDR
load --requests 400 --conns 4 --zipf 1 --target "$one_addr" --target "$two_addr" --fixed-dirs 2
is "$STATUS$STDERR $(jq -s 'map(select(.bench == "web.requests.4.each")) |
	"\(map(.inst)) \(map(.ops) | add) \(map(.failed) | add) \(all(.ops > 0))"' "$TMP/load.jsonl")" \
	'0 "[0,1] 400 0 true"' "two targets, each with a record of its own"
for f in "$TMP"/tree2/d*/c[0-3]_*; do
	printf '\377\377' | dd of="$f" bs=1 seek=57 conv=notrunc 2>/dev/null
	touch -d @1700000000 "$f"
done
refuses 1 "webmix-load: $two_addr: serves something else than a tree of webmix-files" \
	"a wrong tree is found before the load" \
	"$LOAD" --requests 10 --target "$two_addr" --fixed-dirs 2
# Wrong in the middle only: what is asked for before the load is right.
rm -rf "$TMP/tree2/d00000"
cp -rp "$TMP/tree/d00000" "$TMP/tree2/d00000"
cp -p "$TMP"/tree/d00001/* "$TMP/tree2/d00001/"
for f in "$TMP"/tree2/d00000/c*; do
	printf '\377\377' | dd of="$f" bs=1 seek=57 conv=notrunc 2>/dev/null
done
load --requests 60 --target "$two_addr" --fixed-dirs 2
is "$(get '"\(.ops) \(.failed > 20 and .failed < 60) \(.errors | keys)"')" \
	'60 true ["body","first"]' "wrong bytes are errors, right ones are not"
load --sessions 2 --ramp 0 --measure 1 --floor-rate 0 --target "$two_addr" --fixed-dirs 2
is "$(get '"\(.sessions_ok < 2) \(.errors.body > 0)"')" "true true" \
	"and make a session bad"
ended two "$two" "the second server ends without a complaint"
ended one "$one" "the first server ends without a complaint"
is "$(wc -l <"$TMP/one.log")" "$(stat_of one .post)" \
	"POSTs of two workers are all in the log"
is "$(grep -vcE '^user=[0-9a-f]{16}&n=[0-9a-f]{16}$' "$TMP/one.log")" 0 \
	"and none is torn"
is "$(stat_of one '"\(.bad) \(.failed) \(.timeouts) \(.exec > 0)"')" "1 0 0 true" \
	"the server's own count knows of one wrong request, for a directory too many"

# A server that stops for a second in the middle of 3 s at 100 requests a second.
# Counted from when they were due, the requests of that second are slow; counted
# from when they could be sent, one would be. A slow host makes more slow.
mkfifo "$TMP/hold"
"$WEBTEST" misbehave 60 1000 <"$TMP/hold" >"$TMP/stall.out" 2>"$TMP/stall.err" &
PID=$!
exec 9>"$TMP/hold"
listening stall
load --rate 100 --arrivals constant --conns 1 --procs 1 --ramp 0 --measure 3 \
	--profile static --timeout-ms 60000 --target "$ADDR" --fixed-dirs 2
slow() { # HISTOGRAM-OR-NOT: requests that waited longer than 100 ms
	jq -s 'map(select(.t == "hist").buckets[] | select(.[0] > 100000000)[1]) | add // 0' \
		"$TMP/load.jsonl"
}
n=$(slow)
[ "$n" -ge 80 ] && ok "a stall counts for all who were due in it" ||
	not_ok "a stall counts for all who were due in it" "$n waited longer than 0.1 s"
is "$(get '"\(.failed) \(.unfinished) \(.latency.max >= 900000000) \(.latency.p50 >= .service.p50) \(.latency.mean > .service.mean)"')" \
	"0 0 true true true" "and for as long as they waited"
exec 9>&-
ended_status=0
wait $PID || ended_status=$?
is "$ended_status$(cat "$TMP/stall.err")" 0 "the stalling server ends by itself"

# A server that answers in all the wrong ways, in turn: each is called by its name,
# and none for which it is not to blame (the right answer, and the same in chunks).
"$WEBTEST" misbehave 1 0 <"$TMP/hold" >"$TMP/liar.out" 2>"$TMP/liar.err" &
PID=$!
exec 9>"$TMP/hold"
listening liar
load --requests 50 --profile static --target "$ADDR" --fixed-dirs 2
is "$STATUS$STDERR $(get '"\(.ops) \(.failed) \(.errors | del(.first))"')" \
	'0 50 40 {"reset":15,"status":5,"protocol":10,"body":10}' \
	"wrong answers are told apart"
exec 9>&-
ended_status=0
wait $PID || ended_status=$?
is "$ended_status$(cat "$TMP/liar.err")" 0 "the lying server ends by itself"

# A client that is told to stop leaves nobody behind and no half record.
serve three --workers 1 "$TMP/tree"
"$LOAD" --sessions 2 --ramp 0 --measure 1000 --target "$ADDR" --fixed-dirs 2 \
	>"$TMP/int.out" 2>"$TMP/int.err" &
pid=$!
# More than once, as it may not be listening yet.
while kill -s INT $pid 2>/dev/null; do
	sleep 0.5
done
status=0
wait $pid || status=$?
is "$status $(cat "$TMP/int.out" "$TMP/int.err")" "130 " "an interrupted client says nothing"
load --requests 500 --profile classic99-like --target "$ADDR" --fixed-dirs 2
is "$STATUS $(get '"\(.errors.status > 0) \(.errors.first)"')" "0 true status: answer 403" \
	"without a log, POST is refused and counted as an error"
ended three "$PID" "it ends without a complaint"

# --- the rows -----------------------------------------------------------------

try "$TOP/hv-compare/compare/compare" plan --experiment web --accel icount --profile standard
matches "$STATUS $STDOUT" "0 *13 rows (bweb)*" "the experiment web has them in its plan"
# It looks for nginx beside itself first.
mkdir -p "$TMP/work" "$TMP/bin"
cp "$SAN/bweb" "$TMP/bin/bweb"
B=$TMP/bin/bweb
try "$B" --list
ours=$(printf '%s\n' "$STDOUT" | cut -d' ' -f1 | grep '^web\.webmix\.' | sort | tr '\n' ' ')
is "$ours" "web.webmix.ad web.webmix.exec web.webmix.mix web.webmix.post web.webmix.static web.webmix.static.304 web.webmix.static.conn web.webmix.static.mix web.webmix.template " \
	"bweb has its rows"
static=$(printf '%s\n' "$STDOUT" | sed -n 's/^web\.webmix\.\(static.*\)/\1/p' | sort)
for s in nginx net.webmix net.nginx; do
	is "$(printf '%s\n' "$STDOUT" | sed -n "s/^web\.$s\.//p" | sort)" "$static" \
		"and the static ones for $s, too"
done
rows_run() { # ROWS NS: which of them have two results, and how many lines there are
	# shellcheck disable=SC2086 # words
	try timeout 600 "$B" --dir "$TMP/work" --batch-ns "$2" --batches 2 --warmup 1 $1
	echo "$STATUS$STDERR $(printf '%s\n' "$STDOUT" | jq -rs 'map(select(.t == "sample" and .value > 0)) |
		map(.bench) | sort | group_by(.) | map("\(.[0])") | join(" ")') $(
		printf '%s\n' "$STDOUT" | jq -rs 'length')"
}
for n in 0 1000000; do
	is "$(rows_run web.webmix. $n)" "0 ${ours}27" "bweb runs all rows, batches of $n ns"
done
is "$(ls "$TMP/work")" "" "and leaves nothing behind"
try sh -c 'cd "$1" && ./bweb --dir "$2" --batch-ns 0 --batches 1 --warmup 0 web.webmix.exec' \
	sh "$SAN" "$TMP/work"
is "$STATUS $(printf '%s\n' "$STDOUT" | jq -r .t)" "0 sample" \
	"it finds itself when started by a relative path"

# Servers elsewhere: what it starts there itself, at an address of its own.
hint="try 'bweb --serve DIR 10.0.0.2'"
refuses 2 "bweb: '10.0.0' is no IPv4 address; $hint" "refuses to serve nowhere" "$B" --serve "$TMP" 10.0.0
refuses 1 "bweb: $TMP/nowhere: No such file or directory" "refuses to serve from nowhere" \
	"$B" --serve "$TMP/nowhere" 127.0.0.77
refuses 2 "bweb: option '--servers' needs a value; try 'bweb --help'" "refuses no address" "$B" --servers
try "$B" --dir "$TMP/work" --batch-ns 0 web.net.webmix.static
is "$STATUS $(printf '%s\n' "$STDOUT" | jq -r '"\(.status) \(.why)"')" \
	"1 skip no --servers ADDRESS was given" "without an address the rows over a network say so"
try "$B" --dir "$TMP/work" --servers here --batch-ns 0 web.net.webmix.static
is "$STATUS $(printf '%s\n' "$STDOUT" | jq -r '"\(.status) \(.why)"')" \
	"1 fail --servers 'here' is no IPv4 address" "with a wrong one, too"
mkdir "$TMP/serve"
"$B" --serve "$TMP/serve" 127.0.0.77 >"$TMP/serve.out" 2>"$TMP/serve.err" &
PID=$!
while ! grep -q ready "$TMP/serve.out" && kill -0 $PID 2>/dev/null; do
	sleep 0.05
done
try timeout 60 "$B" --dir "$TMP/work" --batch-ns 0 --batches 2 --warmup 1 --servers 127.0.0.77 web.net.webmix.
is "$STATUS$STDERR $(printf '%s\n' "$STDOUT" | jq -rs 'map(select(.t == "sample" and .value > 0)) | length')" "0 12" \
	"servers elsewhere answer, every byte right"
is "$(find "$TMP/serve/tree" -type f | wc -l)" 72 "they have all files"
refuses 1 "bweb: tree: File exists" "it does not serve from a directory twice" "$B" --serve "$TMP/serve" 127.0.0.78
kill $PID
wait $PID 2>/dev/null
# Its server ends with it, as a row's does; the kernel needs a moment for that.
n=0
while "$B" --dir "$TMP/work" --batch-ns 0 --batches 1 --servers 127.0.0.77 web.net.webmix.static >"$TMP/after" &&
	[ $n -lt 100 ]; do
	n=$((n + 1))
	sleep 0.1
done
is "$(jq -r '"\(.status) \(.why)"' "$TMP/after")" "skip nobody serves at 127.0.0.77:8080: Connection refused" \
	"where nobody serves the rows say so"

fake() { # with the lines on stdin
	{ echo '#!/bin/sh'; cat; } >"$TMP/bin/nginx"
	chmod +x "$TMP/bin/nginx"
}
verdict() { # of a row of nginx
	try timeout 60 "$B" --dir "$TMP/work" --batch-ns 0 --batches 1 --warmup 0 web.nginx.static
	echo "$STATUS $(printf '%s\n' "$STDOUT" | jq -r '"\(.t) \(.status) \(.why)"')"
}
if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]; then
	is "$(rows_run web.nginx. 0)" \
		"0 web.nginx.static web.nginx.static.304 web.nginx.static.conn web.nginx.static.mix 12" \
		"nginx serves the same, every byte right"
	is "$(ls "$TMP/work")" "" "and leaves nothing behind"
else
	is "$(verdict)" "1 verdict skip no nginx here" "without nginx its rows say so"
	skip "nginx serves the same, every byte right" "no nginx here; the machine has one"
fi
fake <<-'END'
	echo "nginx: [emerg] something is wrong" >&2
	exit 1
END
is "$(verdict)" "1 verdict fail nginx ended at once, it said: nginx: [emerg] something is wrong" \
	"an nginx that does not start is a failure, in its words"
# A server of the wrong bytes in nginx's place: it finds port and files where nginx does.
cat >"$TMP/bin/nginx" <<-END
	#!/bin/sh
	port=\$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\) .*/\1/p' nginx.conf)
	for f in tree/*/c*; do
		printf x | dd of="\$f" bs=1 conv=notrunc 2>/dev/null
	done
	exec "$BIN/webmix-serve" --listen "127.0.0.1:\$port" tree
END
matches "$(verdict)" "1 verdict fail tree/d0000[01]/c?_?: is not what was written" \
	"files that a server changed are found"
cat >"$TMP/bin/nginx" <<-END
	#!/bin/sh
	port=\$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\) .*/\1/p' nginx.conf)
	mkdir empty
	exec "$BIN/webmix-serve" --listen "127.0.0.1:\$port" empty
END
is "$(verdict)" "1 verdict fail status: answer 404" "and wrong answers are no results"
is "$(ls "$TMP/work")" "" "nothing of them is left behind"
finish
