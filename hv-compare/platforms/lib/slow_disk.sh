# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the sides of share-disk.

# slow_disk JOBDIR: sets SLOW to a disk of 256 MB, as machine/run takes one, that
# does 500 requests a second. Nothing is in it and nothing is written, so reads
# cost the host nothing.
slow_disk() {
	truncate -s 256M "$1/slow.img"
	SLOW=$1/slow.img,throttling.iops-total=500
}
