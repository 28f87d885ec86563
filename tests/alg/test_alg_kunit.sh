#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This will boot the patched kernel, load the KUnit tests of the algorithms, and
# take over what they put into the kernel log.
. "$(dirname -- "$0")/../lib.sh"

modules="vserver_alg_kunit vserver_ctxfq_kunit"

job=$(new_job kunit <<'END'
# Without this the tests are there and do not run.
modprobe kunit enable=1
for module in $(cat /job/modules); do
	echo "results of $module follow" >/dev/kmsg
	modprobe "$module" || echo "modprobe $module: exit status $?"
	dmesg --notime | sed "1,/results of $module follow/d" >"results/$module.log"
done
END
)
echo "$modules" >"$job/modules"
boot --kernel patched --timeout 300 "$job"
is "$STATUS: $STDERR" "0: " "the machine ran"
is "$(cat "$job/results/output.log")" "" "every module loads"
for module in $modules; do
	# What a case says is indented, a module's own result is not.
	sed -n -e 's/^ \{4,\}1\.\.\([0-9]*\)$/1..\1/p' \
		-e 's/^ \{4,\}\(ok\|not ok\) /\1 /p' -e 's/^ \{4,\}#/#/p' \
		"$job/results/$module.log" >"$TMP/$module.tap"
	relay "$TMP/$module.tap" "$module: "
done
test_dmesg "$job/results/dmesg.txt"
finish
