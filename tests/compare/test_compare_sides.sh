#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will run a small program on every side there is, through the side's own
# driver, in the machine; and on one side more, which is added by copying the
# example file. The program tells what it sees of the place it runs in.
. "$(dirname -- "$0")/../lib.sh"

# Records of a test are no results, and the sides are a copy, so that one can be
# added. What was built is there by links: hard ones where the machine looks, too.
real_out=$OUT
tree=$TMP/tree
OUT=$TMP/out
export OUT
mkdir -p "$OUT" "$tree/hv-compare" "$TMP/bin" "$TMP/experiments/toy"
for d in image keel machine xen; do
	[ ! -e "$real_out/$d" ] || ln -s "$real_out/$d" "$OUT/$d"
done
mkdir "$OUT/kernel" "$OUT/userland"
for f in kernel/native.bzImage kernel/native-modules kernel/patched.bzImage \
	kernel/patched-modules userland/vctx; do
	[ ! -e "$real_out/$f" ] || cp -al "$real_out/$f" "$OUT/$f"
done
ln -s "$TOP/hv-compare/machine" "$tree/hv-compare/machine"
cp -r "$TOP/hv-compare/platforms" "$tree/hv-compare/platforms"
# This is all it takes to have one side more.
cp "$TOP/docs/examples/bwrap" "$tree/hv-compare/platforms/"
BULKHEAD_PLATFORMS=$tree/hv-compare/platforms
BULKHEAD_BENCH_BIN=$TMP/bin
BULKHEAD_EXPERIMENTS=$TMP/experiments
export BULKHEAD_PLATFORMS BULKHEAD_BENCH_BIN BULKHEAD_EXPERIMENTS

cat >"$TMP/experiments/toy/experiment.conf" <<'END'
programs	prog
boots.quick	1
execs.quick	2
options.prog	--toy
program-limit	1000000
boot-limit	30
guess	1
END
cat >"$TMP/bin/prog" <<'END'
#!/bin/sh
set -eu
case $1 in
--list) echo "toy.one ns/op"; exit ;;
--env)
	# LXC leaves it to the container to mount it. A cgroup below the machine's
	# root has files that the root has not.
	[ -e /sys/fs/cgroup/cgroup.procs ] ||
		mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || true
	status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
	printf '{"t":"env","kernel":{"release":"%s"},"see":{' "$(uname -r)"
	for ns in pid mnt uts ipc net cgroup user; do
		printf '"%s":"%s",' "$ns" "$(readlink /proc/self/ns/$ns)"
	done
	printf '"caps":"%s","filter":"%s","privs":"%s","host":"%s",' \
		"$(status CapBnd)" "$(status Seccomp)" "$(status NoNewPrivs)" "$(hostname)"
	printf '"init":"%s","root":"%s","cgroup_path":"%s",' \
		"$(tr '\0' ' ' </proc/1/cmdline)" "$(stat -c %i /)" "$(cat /proc/self/cgroup)"
	printf '"cgroup_files":"%s",' "$(cd /sys/fs/cgroup 2>/dev/null &&
		echo cpu.wei[g]ht io.ma[x] memory.ma[x] pids.ma[x])"
	set -- /proc/[0-9]*
	printf '"lo":"%s","procs":%d}}\n' \
		"$(ip -o link show lo | grep -o 'LOOPBACK[^>]*')" "$#"
	exit ;;
esac
echo works >"$2/file"
[ "$(cat "$2/file")" = works ]
for i in 0 1; do
	echo "{\"t\":\"sample\",\"bench\":\"toy.one\",\"iter\":$i,\"phase\":\"measure\",\"unit\":\"ns/op\",\"value\":10.5,\"ops\":100,\"ns\":1050,\"minflt\":0,\"majflt\":0,\"ctxsw\":{\"vol\":0,\"invol\":0},\"flags\":[]}"
done
END
chmod +x "$TMP/bin/prog"

# Counted instructions: xl gives a script ten seconds, and a busy host would use
# them up.
try "$TOP/hv-compare/compare/compare" run --experiment toy --accel icount --jobs 2
is "$STATUS" 0 "a run of all sides ends well"
printf '%s\n' "$STDERR" | sed 's/^/# /'
r=$OUT/results/$(cat "$OUT/results/last")/run.jsonl
jobs=$(dirname "$r")/jobs
is "$(head -n 1 "$r" | jq -r '.plan.sides | join(" ")')" \
	"native-up native2-up patched-up context-up lxc-up crun-up bwrap-up keel-up xen-up" \
	"every side is in the plan, the new one where it wants to be"
is "$(jq -r 'select(.t == "side" and .side == "bwrap-up") | "\(.where) \(.colour) \(.label)"' "$r")" \
	"container #cc79a7 inside a bubblewrap sandbox, stock kernel" "with the words of its file"

see() { # SIDE KEY
	jq -r --arg s "$1-up" --arg k "$2" 'select(.t == "env" and .side == $s) | .see[$k]' "$r"
}
for s in native native2 patched context lxc crun bwrap keel xen; do
	why=$(jq -r --arg s "$s-up" 'select(.t == "verdict" and .side == $s) | .why' "$r")
	is "$(jq -r --arg s "$s-up" 'select(.t == "sample" and .side == $s) | .exec' "$r" | tr '\n' ' ')$why" \
		"1 1 2 2 " "$s: the program ran twice"
	is "$(awk '$2 == "/bench/bin/prog" { print $1 }' "$jobs/$s-up.boot1/results/sha256")" \
		"$(sha256sum <"$TMP/bin/prog" | cut -d' ' -f1)" "$s: the very same file"
	for log in "$jobs/$s-up.boot1/results"/dmesg*.txt; do
		test_dmesg "$log" "$s: $(basename "$log") has no complaint"
	done
	case $(see "$s" lo) in
	*UP*) ok "$s: the loopback device is up" ;;
	*) not_ok "$s: the loopback device is up" "$(see "$s" lo)" ;;
	esac
done
for s in lxc crun bwrap; do
	is "$(see $s kernel)$(jq -r --arg s "$s-up" 'select(.t == "env" and .side == $s) | .build.flavour' "$r")" \
		nullnative "$s: the stock kernel"
	for ns in pid mnt uts ipc net cgroup; do
		[ -n "$(see $s $ns)" ] && [ "$(see $s $ns)" != "$(see native $ns)" ] &&
			ok "$s: a name space of its own: $ns" ||
			not_ok "$s: a name space of its own: $ns" "$(see $s $ns), as on native"
	done
	is "$(see $s host)" bench "$s: a host name of its own"
	[ "$(see $s root)" = "$(see context root)" ] && ok "$s: the root of the context" ||
		not_ok "$s: the root of the context" "inode $(see $s root), not $(see context root)"
	[ "$(see $s procs)" -lt 10 ] && ok "$s: sees its own processes only" ||
		not_ok "$s: sees its own processes only" "$(see $s procs)"
done
for s in lxc crun; do
	[ "$(see $s caps)" != "$(see native caps)" ] && ok "$s: fewer capabilities than root" ||
		not_ok "$s: fewer capabilities than root" "$(see $s caps)"
done
# In a name space of users of its own root has them all, over nothing.
[ "$(see bwrap user)" != "$(see native user)" ] && ok "bwrap: users of its own" ||
	not_ok "bwrap: users of its own" "$(see bwrap user)"
is "$(see native filter) $(see lxc filter) $(see crun filter) $(see crun privs)" "0 2 0 1" \
	"LXC filters system calls, crun lets nobody gain privileges"
for s in lxc crun; do
	is "$(see $s cgroup_path)" 0::/ "$s: its cgroup is the root of what it sees"
	is "$(see $s cgroup_files)" "cpu.weight io.max memory.max pids.max" \
		"$s: a cgroup of its own, with controllers"
done

if [ -x "$real_out/compare/bhreport" ]; then
	try "$real_out/compare/bhreport" table --ascii "$r"
	is "$(printf '%s\n' "$STDOUT" | awk '$1 == "native-up" { print; exit }' | tr -s ' ')" \
		" native-up patched-up context-up lxc-up crun-up bwrap-up keel-up xen-up" \
		"the report has a column for each, the new one too"
	"$real_out/compare/bhreport" html "$r" >"$TMP/index.html"
	is "$(grep -c '>inside a bubblewrap sandbox, stock kernel<' "$TMP/index.html")" 1 \
		"and its words"
else
	skip "the report has a column for each" "bhreport is not built"
	skip "and its words" "bhreport is not built"
fi

# --- a driver whose tool fails says so, in its words
cat >"$tree/hv-compare/platforms/fails" <<'END'
#!/bin/sh
set -eu
. "$(dirname -- "$0")/lib/side.sh"
names() { echo fails; }
check() { :; }
where() { echo container; }
seconds() { echo 1; }
run() {
	copy_guest "$2"
	printf 'crun run nothing\n' >"$2/run.sh"
	machine native "$2" --disk "$SCRATCH"
}
side_main "$@"
END
chmod +x "$tree/hv-compare/platforms/fails"
try "$TOP/hv-compare/compare/compare" run --experiment toy --accel icount --sides fails
r=$OUT/results/$(cat "$OUT/results/last")/run.jsonl
matches "$STATUS $(jq -r 'select(.t == "verdict") | .why' "$r")" "1 in the machine: *config.json*" \
	"a container that does not start is reported with what its tool said"
OUT=$real_out
finish
