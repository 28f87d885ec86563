# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the sides of share-disk.

# slow_disk JOBDIR: sets SLOW and FILES to disks, as machine/run takes them, that do
# 500 requests a second. Nothing is in SLOW and nothing is written, so reads cost the
# host nothing; FILES is for file systems. QEMU joins neighbouring writes that come together
# and counts them as one, so what is larger than 32 KiB there counts as several.
slow_disk() {
	truncate -s 256M "$1/slow.img"
	truncate -s 512M "$1/files.img"
	SLOW=$1/slow.img,throttling.iops-total=500
	# shellcheck disable=SC2034 # the sides use it
	FILES=$1/files.img,throttling.iops-total=500,throttling.iops-size=32768
}
