#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This will check bmacro: its rows, what they leave, and what it says of tools that
# are not there or fail. What the rows cost is no test.
. "$(dirname -- "$0")/../lib.sh"

if ! make -s -C "$TOP/benchmarks/macro" OUT="$OUT" >"$TMP/build" 2>&1; then
	not_ok "bmacro builds" "$(tail -n 20 "$TMP/build")"
	finish
fi
mkdir -p "$TMP/bin" "$TMP/dir" "$TMP/mem"
# It looks for tools beside itself first.
cp "$OUT/bench/bin/bmacro" "$TMP/bin/bmacro"
B="$TMP/bin/bmacro --dir $TMP/dir --tmpfs $TMP/mem --batch-ns 0 --batches 1 --warmup 0"

is "$("$TMP/bin/bmacro" --list | awk '$1 !~ /^macro\./ || $2 != "ns/op"')" "" "--list has ids and units"
for t in tcc:compile tar:tar tar:untar gzip:gzip postmark:mail sh:script; do
	row=macro.${t#*:} t=${t%%:*}
	if ! command -v "$t" >/dev/null; then
		skip "$row" "no $t"
		continue
	fi
	# shellcheck disable=SC2086 # words
	try $B $row
	is "$STATUS $(echo "$STDOUT" | jq -r '"\(.t) \(.bench) \(.ops) \(.value > 0) \(.why // "")"')" \
		"0 sample $row 1 true " "$row: a run of $t is an operation"
done
is "$(ls "$TMP/dir" "$TMP/mem" | grep -v ':$' | grep .)" "" "rows leave nothing behind"

fake() { # TOOL: with the lines on stdin
	{ echo '#!/bin/sh'; cat; } >"$TMP/bin/$1"
	chmod +x "$TMP/bin/$1"
}
verdict() { # ROW
	# shellcheck disable=SC2086 # words
	try $B "$1"
	echo "$STATUS $(echo "$STDOUT" | jq -r '"\(.t) \(.status) \(.why)"')"
}
fake gzip <<-'END'
	exit 127
END
is "$(verdict macro.gzip)" "1 verdict skip no gzip here" "a tool that is not there is a skip"
fake tar <<-'END'
	exit 3
END
is "$(verdict macro.untar)" "1 verdict fail tar ended with status 3" "a tool that fails is a failure"
fake tcc <<-'END'
	kill -KILL $$
END
is "$(verdict macro.compile)" "1 verdict fail tcc was ended by signal 9" "and so is one that is killed"
fake postmark <<-'END'
	echo "Error: cannot open 'spool/1' for writing" >&2
	echo "	1 seconds of transactions (200 per second)"
END
is "$(verdict macro.mail)" "1 verdict fail postmark did not do all of its transactions" \
	"postmark is not taken at its status"
fake postmark <<-'END'
	exit 0
END
is "$(verdict macro.mail)" "1 verdict fail postmark did not do all of its transactions" "nor at its silence"

# --- tools from the tree of packages, which are others' and big: first what is made of
# what they leave
is "$(verdict macro.fio.randread)" "1 verdict skip no tree of packages here (hv-compare/machine/tools)" \
	"without the tree of packages its rows are skipped"
# The database runs as another user, who has to get through here.
chmod 755 "$TMP"
mkdir -p "$TMP/tools/bin" "$TMP/tools/lib" "$TMP/tools/share/dbench"
tree() { # TOOL: with the lines on stdin
	{ echo '#!/bin/sh'; cat; } >"$TMP/tools/bin/$1"
	chmod +x "$TMP/tools/bin/$1"
}
sample() { # ROW: what it is about and its value
	# shellcheck disable=SC2086 # words
	try $B "$1"
	echo "$STATUS $(echo "$STDOUT" | jq -r '"\(.t) \(.ops) \(.value) \(.why)"')"
}
fio_says() { # ERROR IOS MEAN N
	tree fio <<-END
		echo '{"jobs":[{"error":$1,"read":{"total_ios":$2,"lat_ns":{"mean":$3,"N":$4}},"write":{"total_ios":0,"lat_ns":{"mean":0,"N":0}}}]}' >fio.json
	END
}
fio_says 0 8192 5000.5 8192
is "$(sample macro.fio.randread)" "0 sample 8192 5000.5 null" "fio's own time of a block is what counts"
is "$(verdict macro.fio.randwrite)" "1 verdict fail fio did 0 and timed 0 of 8192 blocks" "of the kind that was asked for"
fio_says 0 8191 5000.5 8191
is "$(verdict macro.fio.randread)" "1 verdict fail fio did 8191 and timed 8191 of 8192 blocks" "and of all of them"
fio_says 5 8192 5000.5 8192
is "$(verdict macro.fio.randread)" "1 verdict fail fio says error 5" "its error is one"
tree fio <<-'END'
	echo all is well
END
is "$(verdict macro.fio.randread)" "1 verdict fail fio left no JSON" "and so is its silence"
tree fio <<-'END'
	echo "$*" >>"$0.asked"
	exit 3
END
is "$(verdict macro.fio.randwrite.direct) $(grep -c -e '--rw=randwrite .*--direct=1' "$TMP/tools/bin/fio.asked")" \
	"1 verdict fail fio ended with status 3 1" "direct means past the cache"

seq 3000 | sed 's/.*/Mkdir "\\clients\\&" NT_STATUS_OK/; s/^.*[05]" /Flush 1 /' >"$TMP/tools/share/dbench/client.txt"
tree dbench <<-'END'
	cp load "$0.load"
	mkdir place/begin
	sleep 0.1
	mkdir -p place/clients/client0
	sleep 1000 &
	echo $! >"$0.sleeper"
	mkdir place/end
	wait
END
is "$(sample macro.dbench | awk '{ print $1, $2, $3, ($4 >= 1e8), $5 }')" "0 sample 1 1 null" \
	"dbench counts from the first mark of its list to the last"
is "$(kill -0 "$(cat "$TMP/tools/bin/dbench.sleeper")" 2>/dev/null && echo "something of it runs on. ")$(sed -n '1p;$p' "$TMP/tools/bin/dbench.load"; grep -c '^Mkdir' "$TMP/tools/bin/dbench.load"; grep -c Flush "$TMP/tools/bin/dbench.load")" \
	'Mkdir "\begin" NT_STATUS_OK
Sleep 2000000000 NT_STATUS_OK
2402
0' "which is as many operations as it should be, none that waits for the disk"
tree dbench <<-'END'
	mkdir place/begin
	echo "[12] write failed on handle 9 (No space left on device)"
	mkdir -p place/clients/client0 place/end
	sleep 1000
END
is "$(verdict macro.dbench)" "1 verdict fail dbench says that an operation failed" "an operation that failed is a failure"
tree dbench <<-'END'
	mkdir place/begin
	exit 0
END
is "$(verdict macro.dbench)" "1 verdict fail dbench ended before the end of its list" "and so is an early end"
echo >"$TMP/tools/share/dbench/client.txt"
is "$(verdict macro.dbench)" "1 verdict fail dbench's list has 1 operations and not 3000" "and another list"

tree initdb <<-'END'
	[ "$(id -u)" -ne 0 ] || exit 1
	mkdir data
END
tree postgres <<-'END'
	[ "$(id -u)" -ne 0 ] || exit 1
	trap 'kill $!; exit 0' INT
	echo "LOG:  database system is ready to accept connections"
	sleep 1000 &
	wait
END
tree pgbench <<-'END'
	n=0 last=
	for word; do
		[ "$last" != -t ] || n=$word
		last=$word
	done
	echo "number of transactions actually processed: $n/$n"
END
tree psql <<-'END'
	echo "rows 100."
END
is "$(sample macro.pgbench.select | awk '{ print $1, $2, $3, ($4 > 0), $5 }')" "0 sample 400 1 null" \
	"a run of pgbench is so many transactions"
is "$(trap '' HUP INT QUIT; sample macro.pgbench.select | cut -d' ' -f1,2,3)" "0 sample 400" \
	"which ends its server also in a shell's background, where signals are ignored"
is "$(sample macro.pgbench.tpcb | awk '{ print $1, $2, $3, ($4 > 0), $5 }')" "0 sample 100 1 null" "some write"
tree psql <<-'END'
	echo "rows 99."
END
is "$(verdict macro.pgbench.tpcb)" "1 verdict fail the database does not have what was written" \
	"and the database is asked for it"
tree pgbench <<-'END'
	echo "number of transactions actually processed: 1/400"
END
is "$(verdict macro.pgbench.select)" "1 verdict fail pgbench did not do all of its transactions" "fewer are a failure"
tree postgres <<-'END'
	exit 4
END
is "$(verdict macro.pgbench.select)" "1 verdict fail postgres ended before it was ready, with status 0x400" \
	"a server that does not come up is one"

is "$(verdict macro.net.tx.500)" "1 verdict skip no --servers ADDRESS was given" "a stream needs a server"
B="$B --servers 10.77.0.10"
tree iperf3 <<-'END'
	echo "$*" >>"$0.asked"
	echo '{"end":{"sum_received":{"bytes":8388608,"seconds":0.5}}}'
END
is "$(sample macro.net.tx.500)" "0 sample 128 7812500 null" "iperf3's own time, for the bytes that arrived"
is "$(sample macro.net.rx.1500 >/dev/null; sed 's/^.*-M/-M/' "$TMP/tools/bin/iperf3.asked")" \
	"-M 460 -k 128 -R
-M 1460 -k 128" "tx asks the server to send, and the MTU sets the segments"
tree iperf3 <<-'END'
	echo '{"end":{"sum_received":{"bytes":1000,"seconds":0.5}}}'
END
is "$(verdict macro.net.rx.500)" "1 verdict fail iperf3 received 1000 of 16777216 bytes" "less than half did not arrive"
tree iperf3 <<-'END'
	echo '{"error":"unable to connect"}'
	exit 1
END
is "$(verdict macro.net.rx.500)" "1 verdict fail iperf3: unable to connect" "its error is the reason"
is "$(ls "$TMP/dir" "$TMP/mem" | grep -v ':$' | grep .)" "" "nothing of all this is left"

# --- then the tools themselves, if they are here
if [ -f "$OUT/image/tools.tar" ]; then
	rm -rf "$TMP/tools"
	mkdir "$TMP/tools"
	tar -xf "$OUT/image/tools.tar" -C "$TMP/tools" --no-same-owner
	for t in "fio.randread 8192" "fio.write 512" "dbench 1" "pgbench.tpcb 100"; do
		is "$(sample "macro.${t% *}" | awk '{ print $1, $2, $3, ($4 > 0), $5 }')" "0 sample ${t#* } 1 null" \
			"macro.${t% *} with the tool itself"
	done
	is "$(ls "$TMP/dir" "$TMP/mem" | grep -v ':$' | grep .)" "" "which leaves nothing"
else
	skip "rows with the tools themselves" "no tree of packages (make tools)"
fi
finish
