#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will boot the machine and check what every other test relies on:
# the result channel, exit statuses, limits and refusals of hv-compare/machine/run.
. "$(dirname -- "$0")/../lib.sh"

run=$TOP/hv-compare/machine/run

# Refusals. Nothing is booted, so they come first.
hint="hint: try 'run --help'"
refuses 2 "run: no job given
$hint" "refuses to run without a job" "$run"
refuses 2 "run: unknown option '--fast'
$hint" "refuses an unknown option" "$run" --fast "$TMP"
refuses 2 "run: --mem needs a number, not '2G'
$hint" "refuses a size that is no number" "$run" --mem 2G "$TMP"
refuses 2 "run: --smp must be at least 1
$hint" "refuses zero CPUs" "$run" --smp 0 "$TMP"
refuses 2 "run: --timeout needs a value
$hint" "refuses an option without its value" "$run" --timeout
refuses 2 "run: unknown accelerator 'hvf'
$hint" "refuses an unknown accelerator" "$run" --accel hvf "$TMP"
refuses 2 "run: --accel icount runs on one CPU only
$hint" "refuses to count instructions on two CPUs" \
	"$run" --accel icount=3 --smp 2 "$TMP"
refuses 2 "run: --accel icount takes a shift of 0 to 10
$hint" "refuses a shift out of range" "$run" --accel icount=11 "$TMP"
refuses 2 "run: --dom0-mem and --xen-append need --xen or --keel
$hint" "refuses domain 0 options without Xen" "$run" --dom0-mem 512 "$TMP"
refuses 2 "run: --again with --disk or --line: what the first start has written there stays
$hint" "refuses to begin a job twice on a disk that stays" \
	"$run" --again --disk "$TMP/disk" "$TMP"
refuses 1 "run: no such job directory '$TMP/none'" "refuses a missing job" \
	"$run" "$TMP/none"
mkdir "$TMP/empty"
refuses 1 "run: '$TMP/empty' has no run.sh" "refuses a job without run.sh" \
	"$run" "$TMP/empty"
: >"$TMP/empty/run.sh"
refuses 1 "run: no such kernel '$TMP/vmlinuz'" "refuses a missing kernel" \
	"$run" --kernel "$TMP/vmlinuz" "$TMP/empty"
refuses 1 "run: no such disk '$TMP/disk'" "refuses a missing disk" \
	"$run" --accel tcg --disk "$TMP/disk" "$TMP/empty"
refuses 1 "run: no such socket '$TMP/line'" "refuses a missing line" \
	"$run" --accel tcg --line "$TMP/line" "$TMP/empty"
is "$(ls -A "$TMP/empty/results" 2>/dev/null)" "" "a refusal leaves no results"

# A QEMU that trips over a breakpoint as often as the file "trips" has lines, in a
# boot that has or has not come as far as the job.
mkdir "$TMP/bin"
cat >"$TMP/bin/qemu-system-x86_64" <<'END'
#!/bin/sh
for a; do
	case $a in file:*console.log) job=${a#file:} job=${job%/console.log} ;; esac
done
echo boot >>"$job/boots"
[ ! -f "$job/late" ] || echo booted >"$job/results/.booted"
if [ "$(wc -l <"$job/boots")" -le "$(wc -l <"$job/trips")" ]; then
	cat "$job/oops" >"$job/console.log"
	exit 0
fi
echo "all is well" | tee "$job/console.log" >"$job/results/dmesg.txt"
echo booted >"$job/results/.booted"
echo 0 >"$job/results/.rc"
END
chmod +x "$TMP/bin/qemu-system-x86_64"
: >"$TMP/vmlinuz"

# trip NAME TRIPS OPTION...: STATUS, BOOTS. The breakpoint is gone, unless the NAME is real.
trip() {
	trip_job=$(new_job "$1" </dev/null)
	trip_byte=66
	[ "$1" != real ] || trip_byte=cc
	cat >"$trip_job/oops" <<-END
		Oops: int3: 0000 [#1] SMP NOPTI
		RIP: 0010:free_unref_folios+0x106/0x5e0
		Code: 00 45 31 d2 $trip_byte <90> 48 8b 4b 08
	END
	rm -f "$trip_job/boots"
	yes trip | head -n "$2" >"$trip_job/trips"
	[ "$1" != late ] || : >"$trip_job/late"
	shift 2
	try env PATH="$TMP/bin:$PATH" "$run" --kernel "$TMP/vmlinuz" "$@" "$trip_job"
	BOOTS=$(wc -l <"$trip_job/boots")
}
trip once 1 --accel tcg --smp 2
is "$STATUS $BOOTS" "0 2" "an emulator's stale breakpoint in a boot: once more"
matches "$STDERR" "*(Oops: int3) before the job began; started once more" "and it says so"
is "$(cat "$trip_job/console.int3.log" "$trip_job/results/dmesg.txt")" "$(cat "$trip_job/oops")
all is well" "the first console is kept, the kernel log is of the second boot"
trip twice 2 --accel tcg --smp 2
is "$STATUS $BOOTS" "125 2" "not a third time"
trip late 1 --accel tcg --smp 2
is "$STATUS $BOOTS" "125 1" "not when the job had begun"
trip late 1 --accel tcg --smp 2 --again
is "$STATUS $BOOTS" "0 2" "but when it may begin again"
matches "$STDERR" "*(Oops: int3) in the job; started once more" "and it says so"
trip real 1 --accel tcg --smp 2 --again
is "$STATUS $BOOTS" "125 1" "nor when the breakpoint is in the kernel's memory"
trip one 1 --accel tcg --smp 1
is "$STATUS $BOOTS" "125 1" "nor with one CPU, where it is the kernel's own"

# One boot that looks at everything a job may count on.
truncate -s 64M "$TMP/extra.img"
job=$(new_job everything <<'END'
echo visible
pwd >results/pwd
id -u >results/uid
cat /sys/class/block/vdb/size >results/vdb
{ echo out >/out/nonsense; } 2>/dev/null && echo writable >results/out
ls /out >results/outlist
nproc >results/nproc
cat /proc/cmdline >results/cmdline
sh -c 'echo $PPID; ls -l /dev/fd/ >/dev/null && echo fd' >results/misc
grep -c cgroup2 /proc/mounts >results/cgroup2
cat /sys/class/net/lo/operstate /sys/class/net/lo/flags >results/lo
modprobe null_blk 2>results/modprobe && test -b /dev/nullb0 && echo yes >results/module
/srv/guest-root/bin/true && echo yes >results/guestroot
uname -r >results/release
touch /only-in-snapshot
exit 42
END
)
before=$(stat -c '%Y %s' "$OUT/image/root.img")
boot --smp 2 --disk "$TMP/extra.img" --append quiet.word=1 --timeout 120 "$job"
is "$STATUS" 42 "the exit status of run.sh is that of run"
is "$STDERR" "" "a good run says nothing"
res=$job/results
is "$(cat "$res/output.log")" "visible" "output.log has what run.sh printed"
is "$(cat "$res/pwd")" "/job" "a job starts in /job"
is "$(cat "$res/uid")" 0 "a job is root"
is "$(cat "$res/nproc")" 2 "--smp gives CPUs"
is "$(cat "$res/vdb")" 131072 "--disk gives vdb"
matches "$(cat "$res/cmdline")" "* quiet.word=1*" "--append reaches the kernel"
is "$(cat "$res/out" 2>/dev/null)" "" "/out cannot be written to"
matches "$(cat "$res/outlist")" "*kernel*" "/out shows the outputs"
matches "$(cat "$res/misc")" "*fd" "/dev/fd works"
is "$(cat "$res/cgroup2")" 1 "cgroup v2 is mounted"
matches "$(cat "$res/lo")" "*0x9" "the loopback interface is up"
is "$(cat "$res/module" 2>/dev/null)" yes "modules load by name"
is "$(cat "$res/guestroot")" yes "the guest root is in the image"
is "$(stat -c '%Y %s' "$OUT/image/root.img")" "$before" \
	"the root disk is not written to"
matches "$(cat "$res/dmesg.txt")" "*Linux version $(cat "$res/release")*" \
	"dmesg.txt is the machine's kernel log"
test_dmesg "$res/dmesg.txt"

# The ways a machine can end badly.
job=$(new_job hang <<'END'
echo started >results/started
sleep 600
END
)
boot --timeout 40 "$job"
is "$STATUS" 124 "a job that hangs is stopped: 124"
is "$STDERR" "run: the job did not finish within 40 s: $job" "and it says so"
is "$(cat "$job/results/started")" started "results before a timeout are kept"

job=$(new_job panic <<'END'
echo started >results/started
echo c >/proc/sysrq-trigger
END
)
begin=$(date +%s)
boot --timeout 120 "$job"
took=$(($(date +%s) - begin))
is "$STATUS" 125 "a machine that panics: 125"
is "$STDERR" "run: the machine stopped before the job was done; see $job/console.log" \
	"and it says where to look"
is "$(cat "$job/results/started")" started "results before a panic are kept"
if [ "$took" -lt 60 ]; then
	ok "a panic ends the run at once"
else
	not_ok "a panic ends the run at once" "took $took s"
fi
matches "$(cat "$job/results/dmesg.txt")" "*sysrq triggered crash*" \
	"dmesg.txt has the panic"
if dmesg_clean "$job/results/dmesg.txt" >/dev/null; then
	not_ok "dmesg_clean sees a panic"
else
	ok "dmesg_clean sees a panic"
fi

head -c 4096 /dev/zero >"$TMP/zero.bzImage"
job=$(new_job nokernel </dev/null)
boot --kernel "$TMP/zero.bzImage" --timeout 20 "$job"
case $STATUS in
124 | 125) ok "what is no kernel does not count as a run" ;;
*) not_ok "what is no kernel does not count as a run" "exit status $STATUS" ;;
esac

finish
