#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will run the harness on scripts that pass, fail, skip, lie and die,
# and check that it counts each for what it is.
. "$(dirname -- "$0")/../lib.sh"

tree=$TMP/tree
mkdir -p "$tree/tests/a" "$tree/out"
cp "$TESTS/run" "$TESTS/lib.sh" "$tree/tests/"

# script NAME: a test script of the tree, its text on stdin.
script() {
	{
		# shellcheck disable=SC2016 # for the script to expand
		printf '%s\n' '#!/bin/sh' "# ${2:-slow}" '. "$(dirname -- "$0")/../lib.sh"'
		cat
	} >"$tree/tests/a/test_$1.sh"
}

# harness ARGUMENT...: runs it on the tree; LAST is its last line.
harness() {
	try env OUT="$tree/out" "$tree/tests/run" "$@"
	LAST=$(printf '%s\n' "$STDOUT" | tail -n 1)
}

harness
is "$STATUS $LAST" "1 0 passed, 0 failed, 0 skipped" "no test at all is a failure"

script pass fast <<'END'
ok one
is 2 2 two
skip three "no moon"
finish
END
harness
is "$STATUS $LAST" "0 2 passed, 0 failed, 1 skipped" "passes and skips are counted"
matches "$STDOUT" "*skipped:*tests/a/test_pass.sh: three (no moon)*" \
	"a skip is listed with its reason"

script fail <<'END'
is 1 2 wrong
finish
END
harness
is "$STATUS $LAST" "1 2 passed, 1 failed, 1 skipped" "a failure fails the run"
matches "$STDOUT" "*test_fail.sh: wrong*expected: 2*got:      1*" \
	"a failure is shown with its detail"
matches "$STDOUT" "*failed:*test_fail.sh: wrong*expected: 2*got:      1*2 passed, 1 failed*" \
	"and again at the end"
harness --fast
is "$STATUS $LAST" "0 2 passed, 0 failed, 1 skipped" "--fast takes what is marked"
harness --only fail
is "$STATUS $LAST" "1 0 passed, 1 failed, 0 skipped" "--only takes what matches"
rm "$tree/tests/a/test_fail.sh"

script die <<'END'
ok one
exit 0
END
harness --only die
is "$LAST" "1 passed, 1 failed, 0 skipped" "a script without a plan fails"
script die <<'END'
echo "1..2"
ok one
END
harness --only die
is "$LAST" "1 passed, 1 failed, 0 skipped" "a plan that is not kept fails"
script die <<'END'
ok one
echo "1..1"
exit 3
END
harness --only die
is "$LAST" "1 passed, 1 failed, 0 skipped" "an exit status without a reason fails"
script die <<'END'
skip_all "wrong weather"
END
harness --only die
is "$STATUS $LAST" "1 0 passed, 0 failed, 1 skipped" "a run that only skips fails"
matches "$STDOUT" "*test_die.sh: all (wrong weather)*" "with the reason"
rm "$tree/tests/a/test_die.sh"

# Each waits for the other, so neither ends unless both run at once.
for me in left right; do
	other=$([ $me = left ] && echo right || echo left)
	script $me <<END
: >"$tree/$me"
n=0
until [ -e "$tree/$other" ] || [ \$n -ge 600 ]; do
	sleep 0.1
	n=\$((n + 1))
done
[ \$n -lt 600 ] && ok "met the other" || not_ok "met the other"
finish
END
done
harness --jobs 2
is "$STATUS $LAST" "0 4 passed, 0 failed, 1 skipped" "--jobs 2 runs two at a time"
refuses 2 "tests/run: --jobs needs a number from 1 on, not '0'" "--jobs 0" \
	"$tree/tests/run" --jobs 0

printf '%s\n' 'TAP version 13' '1..3' 'ok 1 fine' '# a note' 'not ok 2 - broken' \
	'ok 3 - later # SKIP tired' >"$tree/guest.tap"
script die <<END
ok first
relay "$tree/guest.tap" "guest: "
finish
END
harness --only die
is "$LAST" "2 passed, 1 failed, 1 skipped" "results of the machine are taken over"
matches "$STDOUT" "*test_die.sh: guest: later (tired)*guest: broken*" \
	"with their names and reasons"
script die <<END
head -n 4 "$tree/guest.tap" >"$tree/short.tap"
relay "$tree/short.tap"
relay "$tree/missing.tap"
finish
END
harness --only die
is "$LAST" "1 passed, 2 failed, 0 skipped" "short and missing results fail"

for text in 'WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2' \
	'BUG: KASAN: slab-out-of-bounds in f' 'WARNING: possible circular locking dependency detected' \
	'WARNING: suspicious RCU usage' 'INFO: task sh:1 blocked for more than 120 seconds.'; do
	echo "[    1.0] $text" >"$TMP/dmesg"
	if dmesg_clean "$TMP/dmesg" >/dev/null; then
		not_ok "seen in a kernel log: $text"
	else
		ok "seen in a kernel log: $text"
	fi
done
echo '[    1.0] all is well' >"$TMP/dmesg"
test_dmesg "$TMP/dmesg" "a quiet kernel log is clean"
: >"$TMP/dmesg"
if dmesg_clean "$TMP/dmesg" >/dev/null; then
	not_ok "an empty kernel log is not clean"
else
	ok "an empty kernel log is not clean"
fi

mkfifo "$tree/go"
script die <<END
: >"$tree/held"
read -r word <"$tree/go"
is "\$word" on "the first one was not disturbed"
finish
END
env OUT="$tree/out" "$tree/tests/run" --only die >"$tree/first" &
first=$!
until [ -e "$tree/held" ] || ! kill -0 "$first" 2>/dev/null; do
	sleep 0.1
done
refuses 2 "tests/run: another tests/run works in $tree/out; wait for it, or set OUT" \
	"a second one in the same tree" env OUT="$tree/out" "$tree/tests/run" --only pass
echo on >"$tree/go"
wait "$first"
is "$? $(tail -n 1 "$tree/first")" "0 1 passed, 0 failed, 0 skipped" "and the first is not disturbed"
refuses 2 "tests/run: unknown argument '--quick'" "refuses an unknown option" \
	"$tree/tests/run" --quick
finish
