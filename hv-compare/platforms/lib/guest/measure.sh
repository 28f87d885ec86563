#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: measure.sh JOBDIR
# Runs where the measuring happens (in the machine, in a context, in a domain)
# and works through JOBDIR/plan. A program that fails does not stop the others;
# how each ended is in results/status. JOBDIR/stop ends it early.
set -eu

job=$1
out=$job/results
tmp=/bench-tmpfs/.results
tab=$(printf '\t')
mkdir -p "$out" "$tmp"

sha256sum /bench/bin/* >"$out/sha256"
# A tool that is not there is the business of the rows that need it.
for tool in $(cat "$job/image-tools" 2>/dev/null); do
	path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$tool") || continue
	sha256sum "$path"
done >"$out/tools"
: >"$out/status"
env=$(cat "$job/env-program")
"/bench/bin/$env" --env --dir /bench/work --tmpfs /bench-tmpfs/work </dev/null \
	>"$out/env.json" 2>"$out/env.err" || true # judged by who reads env.json
while IFS=$tab read -r exec pad prog rows; do
	[ ! -e "$job/stop" ] || break
	rc=0
	# What it prints stays in memory until it is done: the job may be on a
	# disk here and on a network file system there.
	# shellcheck disable=SC2046,SC2086 # lists of words
	timeout -k 5 "$(cat "$job/program-limit")" "/bench/bin/$prog" \
		--dir /bench/work --tmpfs /bench-tmpfs/work --env-pad "$pad" \
		$(cat "$job/options.$prog") $rows \
		</dev/null >"$tmp/out" 2>"$tmp/err" || rc=$?
	cp "$tmp/err" "$out/$exec.$prog.err"
	cp "$tmp/out" "$out/$exec.$prog.part"
	mv "$out/$exec.$prog.part" "$out/$exec.$prog.jsonl"
	echo "$exec $prog $rc" >>"$out/status"
done <"$job/plan"
