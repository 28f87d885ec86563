# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced after tests/lib.sh by tests of what vctx does to files, where no context can
# be made: a directory of state of their own, and records in it as create leaves them.

V=${VCTX:-$OUT/userland/vctx}
# shellcheck disable=SC2034 # for the caller
VT=$OUT/userland/vctx-test
S=$TMP/state
LIB=$S/var/lib/vctx
ETC=$S/etc/vctx
[ "$(id -u)" = 0 ] || skip_all "files of contexts belong to root"

vctx() {
	"$V" --root "$S" "$@"
}

# record NAME ID: a context with an empty root beside its record, and a log
record() {
	mkdir -p "$LIB/.ids" "$LIB/$1/root/proc" "$LIB/$1/root/dev" "$ETC" "$S/var/log/vctx"
	cat >"$LIB/$1/meta.json" <<END
{"schema": 1, "name": "$1", "id": $2, "created": "2026-01-01T00:00:00Z",
 "source": "test", "config": "$ETC/$1.conf", "wrote_config": true}
END
	printf 'version = 1\n[context]\nroot = %s\nid = %s\n' "$LIB/$1/root" "$2" \
		>"$ETC/$1.conf"
	ln -sfn "$1" "$LIB/.ids/$2"
	echo "words of $1" >"$S/var/log/vctx/$1.log"
}
