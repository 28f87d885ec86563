# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced after tests/lib.sh by tests that run experiments on the machine: what they leave
# in OUT goes into a directory of their own; what is built is there. $real_out is the
# other OUT.

real_out=$OUT
OUT=$TMP/out
export OUT
mkdir -p "$OUT"
for d in image bench machine xen keel; do
	[ ! -e "$real_out/$d" ] || ln -s "$real_out/$d" "$OUT/$d"
done
# What the machine reads through its share of OUT: a link out of it leads nowhere.
mkdir "$OUT/kernel"
cp "$real_out"/kernel/*.bzImage "$real_out"/kernel/*.config "$OUT/kernel/"
cp -r "$real_out/userland" "$OUT/"
