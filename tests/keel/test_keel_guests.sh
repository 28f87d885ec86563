#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Tiny paravirtual guests, one per rule of the ABI, each run as the initial
# domain of the hypervisor:
#
#	test_keel_guests.sh [--on keel|xen] [GUEST]...
#
# On keel some of them run once more as an unprivileged domain.
#
# On keel (the default) they test keel. On Debian's Xen they test themselves:
# what they expect must hold there. docs: tests/keel/guests/README.md
. "$(dirname -- "$0")/../lib.sh"

on=keel
if [ "${1:-}" = --on ]; then
	on=${2:-}
	shift
	[ $# -eq 0 ] || shift
fi
case $on in
keel)
	hypervisor=$OUT/keel/keel
	[ -f "$hypervisor" ] || skip_all "keel is not built; run make keel" ;;
xen)
	hypervisor=$("$TOP/hv-compare/machine/xen") || skip_all "Debian's Xen cannot be had" ;;
*)
	echo "test_keel_guests: --on takes keel or xen, not '$on'" >&2
	exit 2 ;;
esac
command -v qemu-system-x86_64 >/dev/null 2>&1 || skip_all "no qemu-system-x86_64"

bin=$TMP/guests
if "$TESTS/keel/guests/build" "$bin" >"$TMP/build.log" 2>&1; then
	ok "guests build without a warning"
else
	not_ok "guests build without a warning" "$(head -n 20 "$TMP/build.log")"
	finish
fi
if [ $# -eq 0 ]; then
	for g in "$TESTS"/keel/guests/*.c; do
		g=${g##*/}
		set -- "$@" "${g%.c}"
	done
fi

# Words of a hypervisor that has gone down itself.
panic='PANIC|Panic on CPU|FATAL TRAP|FATAL PAGE FAULT|Assertion .* failed|BUG at'
# Words of one that has ended the domain.
crashed='Domain 0 \(vcpu#[0-9]+\) crashed|Hardware Dom0 crashed|keel.*(d|domain ?)0.*(crash|kill)|keel.*(crash|kill).*(d|domain ?)0'

# run GUEST [PREFIX HYPERVISOR-WORD GUEST-WORD]
run() {
	guest=$1 label=${2:-}$1
	log=$TMP/$label.log
	# The same processor as in hv-compare/machine/run.
	timeout --foreground -k 5 "${GUEST_TIMEOUT:-300}" qemu-system-x86_64 \
		-accel tcg,thread=multi -cpu max,-smap,-smep,-pku -smp 2 -m 512 \
		-nodefaults -no-user-config -display none -no-reboot -monitor none \
		-serial "file:$log.raw" -kernel "$hypervisor" \
		-append "console=com1 loglvl=warning guest_loglvl=warning dom0_mem=64M,max:64M dom0_max_vcpus=2 ${3:-}" \
		-initrd "$bin/$guest guest ${4:-} ${GUEST_ARGS:-}" </dev/null >"$TMP/$label.qemu" 2>&1
	status=$?
	tr -d '\r' <"$log.raw" >"$log"
	grep -aE '^(ok|not ok|1\.\.|#|Bail out)' "$log" | sed 's/^Bail out!/# &/' >"$TMP/$label.tap"
	if grep -qa '^EXPECT-CRASH' "$log"; then
		# The one result that the guest could not print.
		what=$(sed -n 's/^EXPECT-CRASH //p' "$log")
		if grep -qaE "$crashed" "$log" && ! grep -qa '^Bail out' "$log"; then
			echo "ok - $what: the domain is killed" >>"$TMP/$label.tap"
		else
			echo "not ok - $what: the domain is killed" >>"$TMP/$label.tap"
		fi
	fi
	relay "$TMP/$label.tap" "$label: "
	if grep -qaE "$panic" "$log"; then
		not_ok "$label: the hypervisor stays up" "$(grep -aE -A 3 "$panic" "$log")"
	elif [ $status -eq 124 ] || [ $status -eq 137 ]; then
		not_ok "$label: ends in time" "$(tail -n 3 "$log")"
	elif [ $status -ne 0 ]; then
		not_ok "$label: QEMU" "$(tail -n 3 "$TMP/$label.qemu")"
	fi
}

all=$*
for guest in $all; do
	run "$guest"
done
if [ "$on" = keel ]; then
	for guest in start_info version gpemu frames grant evtchn memory fuzz; do
		case " $all " in
		*" $guest "*) run "$guest" unprivileged- dom0_unprivileged unprivileged=1 ;;
		esac
	done
fi
finish
