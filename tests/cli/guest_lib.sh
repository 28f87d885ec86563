# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by guest_cli.sh and guest_fail.sh, in the machine.
export OUT=/tmp/out
. /job/lib.sh

V=/out/userland/vctx
VT=/out/userland/vctx-test
ROOT=/srv/guest-root
G=/bin/busybox

vctx() {
	"$V" "$@"
}
# A context that runs, with settings.
new() { # NAME SETTING...
	new=$1
	shift
	for s; do
		set -- "$@" -s "$s"
		shift
	done
	vctx create "$new" --root $ROOT -s "context.init=/bin/busybox init" \
		-s mount.tmpfs=/tmp "$@" --start
}
# What a command must not change: contexts, mounts, files, helpers of ours.
footprint() {
	ls /proc/virtual 2>/dev/null | grep -E '^[0-9]+$'
	cat /proc/self/mountinfo
	find /etc/vctx /var/lib/vctx /run/vctx /var/log/vctx \
		-mindepth 1 ! -name .ids ! -name events.jsonl 2>/dev/null | sort
	find /sys/fs/cgroup/vctx -type d 2>/dev/null
	echo "$ROOT"/* "$ROOT"/opt/*
	pgrep -x -l 'vctx|vctx-test' || :
}
# Has this process stopped at VCTX_FAIL_AT=STEP:stop?
has_stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}
# Waits up to a minute for a command to succeed: hosts can be busy.
until_ok() {
	until_n=0
	until "$@" >/dev/null 2>&1; do
		until_n=$((until_n + 1))
		[ $until_n -lt 600 ] || return 1
		sleep 0.1
	done
}

fail_run() {
	VCTX_FAIL_AT=$1 "$VT" run --rm f1 --root $ROOT \
		-s "mount.bind=/tmp/ign /opt/a/b" -s mount.tmpfs=/opt/c \
		-s security.readonly-root=yes ${FAIL_SET:+-s "$FAIL_SET"} -- /bin/true
}

# fails_at STEP...: nothing may be left when a start fails at any of the steps.
fails_at() {
	mkdir -p /run/vctx/.ids /tmp/ign
	before=$(footprint)
	for step; do
		try fail_run "$step"
		matches "$STATUS: $STDERR" "125: vctx: run f1: *Input/output error" \
			"a failure at $step is reported"
		is "$(footprint)" "$before" "a failure at $step leaves nothing behind"
	done
}

# keep_made STEP: from "go" on the context counts as started, and its mount
# points stay.
keep_made() {
	case $1 in
	init | exec | started) rmdir $ROOT/opt/a/b $ROOT/opt/a $ROOT/opt/c ;;
	esac
}

# killed_at STEP...: the helper, or vctx itself, is killed. Files of a killed
# vctx may stay until the next command for that name or gc; contexts, mounts and
# processes may not, and doctor tells what stays.
killed_at() {
	mkdir -p /run/vctx/.ids /tmp/ign
	before=$(footprint)
	for step; do
		fail_run "$step:kill" >/dev/null 2>&1
		until_ok sh -c "! pgrep -x vctx-test"
		is "$(ls /proc/virtual | grep -cE '^[0-9]+$')$(vctx list --json)" "0[]" \
			"killed at $step: no context is left"
		run_f1=$(vctx run --rm f1 --root $ROOT -- /bin/echo fine 2>&1)
		is "$run_f1" fine "killed at $step: the name can be used again"
		keep_made "$step"
		is "$(footprint)" "$before" "killed at $step: and then nothing is left"
		fail_run "$step:kill" >/dev/null 2>&1
		until_ok sh -c "! pgrep -x vctx-test"
		keep_made "$step"
		if [ "$(footprint)" != "$before" ]; then
			try vctx doctor f1
			matches "$STATUS: $STDOUT" "1: *problem *'vctx gc' would: remove /run/vctx/f1*" \
				"killed at $step: doctor explains what is left"
		fi
		try vctx gc
		is "$STATUS: $STDERR$(footprint)" "0: $before" \
			"killed at $step: gc removes all of it"
	done
}
