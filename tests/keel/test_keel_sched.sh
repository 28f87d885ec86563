#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Weights and caps on one processor with instructions counted for time: there nothing
# but the scheduler has a say, and a cap is also what a domain gets at least. (The
# same guest on two processors is among test_keel_guests.sh's.)
. "$(dirname -- "$0")/../lib.sh"

[ -f "$OUT/keel/keel" ] || skip_all "no keel in OUT/keel; make keel"
command -v qemu-system-x86_64 >/dev/null 2>&1 || skip_all "no qemu-system-x86_64"
if sh "$TESTS/keel/guests/build" "$TMP/guests" shares >"$TMP/build.log" 2>&1; then
	ok "the guest builds"
else
	not_ok "the guest builds" "$(head -n 20 "$TMP/build.log")"
	finish
fi
# 64 ns an instruction: a turn of 10 ms is 150,000 of them.
timeout --foreground -k 5 "${GUEST_TIMEOUT:-1200}" qemu-system-x86_64 \
	-accel tcg,thread=single -icount shift=6,sleep=off -cpu max,-smap,-smep,-pku \
	-smp 1 -m 512 -nodefaults -no-user-config -display none -no-reboot -monitor none \
	-serial "file:$TMP/log" -kernel "$OUT/keel/keel" \
	-append "console=com1 dom0_mem=64M dom0_max_vcpus=1" \
	-initrd "$TMP/guests/shares guest exact=1 seconds=${SECONDS_EACH:-10}" </dev/null >"$TMP/qemu" 2>&1
is "$?" 0 "it ends in time"
tr -d '\r' <"$TMP/log" | grep -aE '^(ok|not ok|1\.\.|#|Bail out)' |
	sed 's/^Bail out!/# &/' >"$TMP/tap"
relay "$TMP/tap"
is "$(grep -aE 'PANIC|killed:' "$TMP/log")" "" "no complaint of keel"
finish
