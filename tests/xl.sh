# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced after lib.sh by tests whose domain 0 starts a guest with xl.

# xl_job: commands on stdin become the job of the guest, on a disk that the
# guest and, afterwards, domain 0 can mount: $TMP/guest.img.
xl_job() {
	mkdir "$TMP/guest"
	cat >"$TMP/guest/run.sh"
	truncate -s 32M "$TMP/guest.img"
	PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -d "$TMP/guest" "$TMP/guest.img"
}

# xl_config JOB: the guest's configuration, for domain 0 in /job/guest.cfg.
# It has the same kernel and root disk, of which domain 0 has a copy that is
# thrown away as its second disk, and the job's disk as its third.
xl_config() {
	cat >"$1/guest.cfg" <<'END'
name = "guest"
memory = 256
vcpus = 1
kernel = "/out/kernel/native.bzImage"
extra = "root=/dev/xvda rw console=hvc0 panic=-1 loglevel=5 bulkhead.job=/dev/xvdb bulkhead.out=none"
disk = ["phy:/dev/vdb,xvda,w", "phy:/dev/vdc,xvdb,w"]
on_crash = "destroy"
on_reboot = "destroy"
END
}
