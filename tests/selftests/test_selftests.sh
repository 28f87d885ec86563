#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0
# This test will run the context tests on the debug kernel, with the kernel log
# read for each of them, and Linux's own selftests on the native and the patched
# kernel, which must give the same results.
. "$(dirname -- "$0")/../lib.sh"

here=$TOP/tests/selftests
tab=$(printf '\t')

# Order: what everything else relies on first, what disturbs most last.
programs='abi dispatch create kill wait_exit flags vhi spaces procfs isolation net net6
fakeinit reboot limits virt files escape sched schedrace trace stress'

make -s -C "$here/vserver" OUT="$OUT" >"$TMP/build.log" 2>&1 || {
	not_ok "the context tests can be built" "$(tail -n 20 "$TMP/build.log")"
	finish
}
ok "the context tests can be built"
"$here/stock-build" >"$TMP/stock-build.log" 2>&1 || {
	not_ok "the stock selftests can be built" "$(tail -n 20 "$TMP/stock-build.log")"
	finish
}
ok "the stock selftests can be built"

# ---- context tests, debug kernel ----

job=$(new_job vserver <<END
set -u
mkdir /tmp/vs
cp /out/tests/selftests/vserver/* /tmp/vs
leak=/sys/kernel/debug/kmemleak
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
# virt looks at limits of memory
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
for p in $(echo $programs); do
	echo "vserver-test: \$p" >/dev/kmsg
	timeout -k 5 1500 /tmp/vs/\$p </dev/null >/job/results/\$p.ktap 2>&1
	echo \$? >/job/results/\$p.rc
done
echo "vserver-test: end" >/dev/kmsg
# Twice: what was just being moved during the first look is found by the next.
if echo scan >\$leak; then
	sleep 6
	echo scan >\$leak
	cat \$leak >/job/results/kmemleak
fi
END
)

# program_log NAME: the part of the kernel log that belongs to a program. Its
# tests write a line each, so that a complaint stands below the test at fault.
program_log() {
	awk -v name="$1" '
		/vserver-test: / {
			line = $0; sub(/.*vserver-test: /, "", line)
			split(line, word, " ")
			on = word[1] == name
		}
		on' "$job/results/dmesg.txt"
}

# KTAP puts what a test says before its result, TAP after it.
to_tap() {
	awk '
		/^#/ { note = note $0 "\n"; next }
		/^(not )?ok / { print; printf "%s", note; note = ""; next }
		{ print }
		END { printf "%s", note }' "$1"
}

boot --kernel debug --smp 2 --mem 3072 --timeout 4500 \
	--append 'kmemleak=on log_buf_len=4M printk.devkmsg=on' "$job"
is "$STATUS" 0 "the debug kernel runs the context tests to their end"
for p in $programs; do
	if [ -s "$job/results/$p.ktap" ]; then
		to_tap "$job/results/$p.ktap" >"$TMP/$p.tap"
		relay "$TMP/$p.tap" "vserver/$p: "
	else
		not_ok "vserver/$p has results" "$STDERR"
	fi
	program_log "$p" >"$TMP/$p.dmesg"
	if complaint=$(dmesg_clean "$TMP/$p.dmesg"); then
		ok "vserver/$p: no complaint in the kernel log"
	else
		culprit=$(awk '
			/vserver-test: / { test = $0; sub(/.*vserver-test: /, "", test) }
			/WARNING|BUG|KASAN|Oops|suspicious|possible|stall|ODEBUG|refcount_t/ {
				print test; exit
			}' "$TMP/$p.dmesg")
		not_ok "vserver/$p: no complaint in the kernel log" "in $culprit:
$complaint"
	fi
done
if [ ! -f "$job/results/kmemleak" ]; then
	not_ok "kmemleak finds nothing afterwards" "kmemleak was not available"
else
	is "$(head -n 40 "$job/results/kmemleak")" "" "kmemleak finds nothing afterwards"
fi
test_dmesg "$job/results/dmesg.txt" "the debug kernel has no complaint from boot to end"

# ---- stock selftests, native and patched ----

for kernel in native patched; do
	j=$(new_job "stock-$kernel" <"$here/stock-run.sh")
	cp "$here/stock.list" "$j"
	# Both at once: neither uses more than one processor for long.
	(
		rc=0
		"$TOP/hv-compare/machine/run" --accel tcg --kernel "$kernel" --smp 2 \
			--timeout 500 "$j" >"$j.log" 2>&1 || rc=$?
		echo "$rc" >"$j.rc"
	) &
done
wait
for kernel in native patched; do
	is "$(cat "$TMP/stock-$kernel.rc")" 0 "the $kernel kernel runs the stock selftests to their end"
	test_dmesg "$TMP/stock-$kernel/results/dmesg.txt" "the $kernel kernel has no complaint"
done

# results_of KERNEL DIR PROGRAM: exit status and result lines, without those
# that stock.skip names.
results_of() {
	base=$TMP/stock-$1/results/$2.$3
	left_out=$(awk -F "$tab" -v p="$2/$3" '!/^#/ && $1 == p { print $2 }' "$here/stock.skip")
	[ -f "$base.out" ] || return 0
	if [ -n "$left_out" ]; then
		echo "exit status not compared"
		grep -E '^(ok|not ok) ' "$base.out" | grep -v -E "$left_out"
	else
		echo "exit status $(cat "$base.rc")"
		grep -E '^(ok|not ok) ' "$base.out"
	fi
}

while read -r dir prog rest; do
	case $dir in '#'*) continue ;; esac
	whole=$(awk -F "$tab" -v p="$dir/$prog" '!/^#/ && $1 == p && $2 == "." { print $3 }' \
		"$here/stock.skip")
	if [ -n "$whole" ]; then
		skip "stock $dir/$prog: same on native and patched" "$whole"
		continue
	fi
	results_of native "$dir" "$prog" >"$TMP/a"
	results_of patched "$dir" "$prog" >"$TMP/b"
	if [ ! -s "$TMP/stock-native/results/$dir.$prog.rc" ]; then
		not_ok "stock $dir/$prog: same on native and patched" "it did not run"
	elif difference=$(diff "$TMP/a" "$TMP/b"); then
		ok "stock $dir/$prog: same on native and patched ($(grep -c '^ok' "$TMP/a") ok, $(grep -c '^not ok' "$TMP/a") not ok, $(head -n 1 "$TMP/a"))"
	else
		not_ok "stock $dir/$prog: same on native and patched" "$difference"
	fi
done <"$here/stock.list"

finish
