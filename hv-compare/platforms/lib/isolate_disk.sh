# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the sides of isolate-disk.

# MiB of each instance, if all have a partition.
PART_MIB=320

# le32 NUMBER: four bytes, the lowest first, for printf
le32() {
	printf '\\%03o\\%03o\\%03o\\%03o' "$(($1 % 256))" "$(($1 / 256 % 256))" \
		"$(($1 / 65536 % 256))" "$(($1 / 16777216))"
}

# file_system FILE OFFSET-MIB MIB: an ext4 there, with nothing left for a kernel to write
# in the background later.
file_system() {
	mke2fs -q -F -t ext4 -b 4096 -m 0 \
		-E "offset=$(($2 * 1048576)),lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0" \
		"$1" "$3M" >&2
}

# shared_disk JOBDIR HOW: sets SHARED to a disk, as machine/run takes it, that does 500
# requests a second (see slow_disk.sh): with HOW "whole" one ext4, with "parts" four
# partitions with one each.
shared_disk() {
	command -v mke2fs >/dev/null || side_die "mke2fs is missing (apt-get install e2fsprogs)"
	side_img=$1/shared.img
	rm -f "$side_img"
	truncate -s "$((4 * PART_MIB + 1))M" "$side_img"
	case $2 in
	whole) file_system "$side_img" 0 $((4 * PART_MIB)) ;;
	parts)
		{
			head -c 446 /dev/zero
			for side_n in 0 1 2 3; do
				# Not bootable, no cylinders, Linux; from where, how much.
				printf '\000\000\000\000\203\000\000\000'
				# shellcheck disable=SC2059 # these are bytes
				printf "$(le32 $((2048 + side_n * PART_MIB * 2048)))$(le32 $((PART_MIB * 2048)))"
			done
			printf '\125\252'
		} | dd of="$side_img" conv=notrunc status=none
		for side_n in 0 1 2 3; do
			file_system "$side_img" $((1 + side_n * PART_MIB)) "$PART_MIB"
		done ;;
	esac
	# shellcheck disable=SC2034 # the sides use it
	SHARED=$side_img,throttling.iops-total=500,throttling.iops-size=32768
}
