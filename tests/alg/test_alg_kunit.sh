#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel, load the KUnit tests of the algorithms, and
# take over what they put into the kernel log.
. "$(dirname -- "$0")/../lib.sh"

# One for each module: its name, and the suite it runs.
suites="vserver_alg_kunit:vserver-alg vserver_ctxfq_kunit:vserver-ctxfq"

job=$(new_job kunit <<'END'
cat /job/modules | while IFS=: read -r module suite; do
	modprobe "$module" || echo "modprobe $module: exit status $?"
	cat "/sys/kernel/debug/kunit/$suite/results" >"results/$suite.ktap"
done
END
)
echo "$suites" | tr ' ' '\n' >"$job/modules"
boot --kernel patched --timeout 300 "$job"
is "$STATUS: $STDERR" "0: " "the machine ran"
is "$(cat "$job/results/output.log")" "" "every module loads"
for entry in $suites; do
	suite=${entry#*:}
	# Cases are indented by two levels, the suite's own result is not.
	sed -n -e 's/^ *1\.\.\([0-9]*\)$/1..\1/p' \
		-e 's/^    \(    \)*\(ok\|not ok\)/\2/p' -e 's/^ *#/#/p' \
		"$job/results/$suite.ktap" >"$TMP/$suite.tap"
	relay "$TMP/$suite.tap" "$suite: "
done
test_dmesg "$job/results/dmesg.txt"
finish
