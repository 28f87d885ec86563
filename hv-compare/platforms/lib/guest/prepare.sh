#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: prepare.sh SCRATCHDEV
# Makes the place the programs work in, the same on every side.
set -eu

# What the size of a group of sessions or a random address changes, changes
# from boot to boot; a comparison of kernels is not about either.
echo 0 >/proc/sys/kernel/randomize_va_space
[ ! -e /proc/sys/kernel/sched_autogroup_enabled ] ||
	echo 0 >/proc/sys/kernel/sched_autogroup_enabled

mkdir -p /bench /bench-tmpfs
mount -t ext4 -o noatime "$1" /bench
# A fixed size: the default would follow the memory of the side.
mount -t tmpfs -o size=256m,mode=755 bench /bench-tmpfs
mkdir -p /bench/work /bench-tmpfs/work
