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

# stock_run TAG LIST: the programs of LIST on both kernels
stock_run() {
	for kernel in native patched; do
		j=$(new_job "$1-$kernel" <"$here/stock-run.sh")
		cp "$2" "$j/stock.list"
		# Both at once: neither uses more than one processor for long.
		(
			rc=0
			"$TOP/hv-compare/machine/run" --accel tcg --again --kernel "$kernel" \
				--smp 2 --timeout 900 "$j" >"$j.log" 2>&1 || rc=$?
			echo "$rc" >"$j.rc"
		) &
	done
	wait
	for kernel in native patched; do
		is "$(cat "$TMP/$1-$kernel.rc")" 0 "the $kernel kernel runs the stock selftests to their end"
		test_dmesg "$TMP/$1-$kernel/results/dmesg.txt" "the $kernel kernel has no complaint"
	done
}

# results_of TAG KERNEL DIR PROGRAM: exit status and result lines, without those
# that stock.skip names.
results_of() {
	base=$TMP/$1-$2/results/$3.$4
	left_out=$(awk -F "$tab" -v p="$3/$4" '!/^#/ && $1 == p { print $2 }' "$here/stock.skip")
	[ -f "$base.out" ] || return 0
	if [ -n "$left_out" ]; then
		echo "exit status not compared"
		grep -E '^(ok|not ok) ' "$base.out" | grep -v -E "$left_out"
	else
		echo "exit status $(cat "$base.rc")"
		grep -E '^(ok|not ok) ' "$base.out"
	fi
}

# differ TAG LIST: the lines of LIST whose program says something else on the
# two kernels, or nothing on the stock one; what, in $TMP/DIR.PROGRAM.diff
differ() {
	while read -r dir prog rest; do
		results_of "$1" native "$dir" "$prog" >"$TMP/a"
		results_of "$1" patched "$dir" "$prog" >"$TMP/b"
		[ -s "$TMP/$1-native/results/$dir.$prog.rc" ] &&
			diff "$TMP/a" "$TMP/b" >"$TMP/$dir.$prog.diff" ||
			echo "$dir $prog $rest"
	done <"$2"
}

whole() { # DIR PROGRAM: why it is not compared at all
	awk -F "$tab" -v p="$1/$2" '!/^#/ && $1 == p && $2 == "." { print $3 }' "$here/stock.skip"
}

while read -r dir prog rest; do
	case $dir in '#'*) continue ;; esac
	[ -n "$(whole "$dir" "$prog")" ] || echo "$dir $prog $rest"
done <"$here/stock.list" >"$TMP/stock.now"
stock_run stock "$TMP/stock.now"
differ stock "$TMP/stock.now" >"$TMP/stock.differ"
# Some of them give the kernel a few milliseconds, on the stock kernel as well.
# What is due to the patches is there again when it is tried again.
cp "$TMP/stock.differ" "$TMP/stock.left"
for again in 1 2 3; do
	[ -s "$TMP/stock.left" ] || break
	stock_run "stock$again" "$TMP/stock.left"
	differ "stock$again" "$TMP/stock.left" >"$TMP/stock.new"
	mv "$TMP/stock.new" "$TMP/stock.left"
done
while read -r dir prog rest; do
	case $dir in '#'*) continue ;; esac
	desc="stock $dir/$prog: same on native and patched"
	why=$(whole "$dir" "$prog")
	if [ -n "$why" ]; then
		skip "$desc" "$why"
	elif grep -qx "$dir $prog $rest" "$TMP/stock.left"; then
		[ -s "$TMP/stock$again-native/results/$dir.$prog.rc" ] ||
			echo "it did not run" >"$TMP/$dir.$prog.diff"
		not_ok "$desc" "$(cat "$TMP/$dir.$prog.diff")"
	else
		results_of stock patched "$dir" "$prog" >"$TMP/b"
		grep -qx "$dir $prog $rest" "$TMP/stock.differ" &&
			desc="$desc when tried again" ||
			desc="$desc ($(grep -c '^ok' "$TMP/b") ok, $(grep -c '^not ok' "$TMP/b") not ok, $(head -n 1 "$TMP/b"))"
		ok "$desc"
	fi
done <"$here/stock.list"

finish
