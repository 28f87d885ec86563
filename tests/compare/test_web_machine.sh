#!/bin/sh
# long
# SPDX-License-Identifier: GPL-2.0-or-later
# This will run the experiments web and web-net on the machine, counting instructions:
# both servers serve on every side, in the system and in an instance behind a network, and
# nginx is the same everywhere. What that costs is no test.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/own_out.sh"

tree=$TMP/tree
mkdir -p "$tree/hv-compare"
# The sides are a copy, so that one can be added.
ln -s "$TOP/hv-compare/machine" "$tree/hv-compare/machine"
ln -s "$TOP/userland" "$tree/userland"
cp -r "$TOP/hv-compare/platforms" "$tree/hv-compare/platforms"
BULKHEAD_PLATFORMS=$tree/hv-compare/platforms
export BULKHEAD_PLATFORMS

# run EXPERIMENT SIDES ROWS: all have results, no kernel log a complaint; the records
# are $r
run() {
	try "$TOP/hv-compare/compare/compare" run --experiment "$1" --accel icount --smp 1 \
		--execs 1 --sides "$2" --only "$3"
	is "$STATUS" 0 "$1: the run ends well"
	[ "$STATUS" -eq 0 ] || printf '%s\n' "$STDERR" | sed 's/^/# /'
	r=$OUT/results/$(cat "$OUT/results/beside.$1-up")/run.jsonl
	for side in $(echo "$2" | tr , ' '); do
		is "$(jq -r --arg side "$side-up" 'select(.t == "verdict" and .side == $side) | "\(.bench): \(.why)"' "$r")" "" \
			"$1, $side: every row has a result"
		is "$(jq -r --arg side "$side-up" 'select(.t == "sample" and .side == $side) | "\(.bench) \(.unit) \(.value > 0)"' "$r" | sort -u)" \
			"$(echo "$3" | tr , '\n' | sed 's/$/ ns\/op true/' | sort)" "$1, $side: and a number in it"
		for log in "$(dirname "$r")/jobs/$side-up.boot1/results"/dmesg*.txt; do
			test_dmesg "$log" "$1, $side: $(basename "$log") has no complaint"
		done
	done
}
run web native,context,lxc,crun web.webmix.static,web.nginx.static.304
is "$(jq -r 'select(.t == "env") | .tools.nginx // "none"' "$r" | sort -u | grep -c '^[0-9a-f]\{64\}$') $(
	jq -r 'select(.t == "env") | .tools.nginx // "none"' "$r" | sort -u | wc -l)" "1 1" \
	"nginx is the same file on all sides"
# The same requests of the same files: isolation adds to it, it does not change it.
is "$(jq -rs '[.[] | select(.t == "sample" and .phase == "measure")] | group_by(.bench)[] |
	(map(select(.side == "native-up").value) | min) as $n |
	.[] | select(.value < 0.9 * $n or .value > 2 * $n) | "\(.bench) \(.side) \(.value / $n)"' "$r")" "" \
	"a request is the same work everywhere"

# A way to make instances that makes none says so, and does not wait for ever.
cat >"$BULKHEAD_PLATFORMS/web-net/none" <<'END'
#!/bin/sh
set -eu
. "$(dirname -- "$0")/../lib/side.sh"
names() { echo none; }
check() { :; }
where() { echo host; }
seconds() { echo 1; }
run() {
	copy_guest "$2"
	add_option "$2" bweb --servers 10.77.0.10
	cat >"$2/run.sh" <<-'EOF'
		set -eu
		sh /job/prepare.sh /dev/vdb
		sh /job/bridge.sh
		sh /job/web_client.sh sh -c 'echo no room for it; exit 3'
	EOF
	machine native "$2" --disk "$SCRATCH"
}
side_main "$@"
END
chmod +x "$BULKHEAD_PLATFORMS/web-net/none"
net=web.net.webmix.static,web.net.nginx.static.conn
try "$TOP/hv-compare/compare/compare" run --experiment web-net --accel icount --smp 1 \
	--execs 1 --sides none --only "$net"
r=$OUT/results/$(cat "$OUT/results/beside.web-net-up")/run.jsonl
is "$STATUS $(jq -r 'select(.t == "verdict") | "\(.status) \(.why)"' "$r" | sort -u)" \
	"1 dnr in the machine: no server: the instance was not made: no room for it" \
	"an instance that is not made is reported with what its tool said"

run web-net native,patched,context,context-shared,lxc,crun,keel,xen "$net"
is "$(jq -r 'select(.t == "env" and (.side | test("^(keel|xen)"))) | .machine.split_mib | .domain > .domain0' "$r" | sort -u)" \
	true "most of the memory is the domain's"
finish
