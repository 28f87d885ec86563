# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the scripts of this directory: where things are, which Debian
# release we stand on, and how to fail.

MACHINE_DIR=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
TOP=$(CDPATH='' cd -- "$MACHINE_DIR/../.." && pwd)
OUT=${OUT:-$TOP/out}
case $OUT in /*) ;; *) OUT=$PWD/$OUT ;; esac
export OUT

# die MESSAGE [HINT]: one clear line, an optional hint, exit 1.
die() {
	echo "$(basename -- "$0"): $1" >&2
	[ $# -lt 2 ] || echo "hint: $2" >&2
	exit 1
}

# usage_error MESSAGE: wrong command line, nothing was changed.
usage_error() {
	echo "$(basename -- "$0"): $1" >&2
	echo "hint: try '$(basename -- "$0") --help'" >&2
	exit 2
}

# number OPTION VALUE MIN: refuses what is no number from MIN on.
number() {
	case $2 in
	'' | *[!0-9]*) usage_error "$1 needs a number, not '$2'" ;;
	esac
	[ "$2" -ge "$3" ] || usage_error "$1 must be at least $3"
}

say() {
	echo "$(basename -- "$0"): $*" >&2
}

# need COMMAND PACKAGE...: stop early with the package to install.
need() {
	command -v "$1" >/dev/null 2>&1 ||
		die "'$1' is not installed" "run 'make deps' (Debian package: $2)"
}

# The machine's user space comes from the release this host runs, because
# programs built here are dynamically linked against its libraries there.
# A host that is not Debian gets Debian 12.
# Sets: DEBIAN_SUITE, XEN_VERSION (of that release).
debian_release() {
	DEBIAN_SUITE=${DEBIAN_SUITE:-}
	if [ -z "$DEBIAN_SUITE" ] && [ -r /etc/os-release ]; then
		DEBIAN_SUITE=$(. /etc/os-release &&
			[ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
	fi
	case ${DEBIAN_SUITE:=bookworm} in
	bookworm) XEN_VERSION=4.17 ;;
	trixie) XEN_VERSION=4.20 ;;
	*) die "no package list for Debian release \"$DEBIAN_SUITE\"" \
		"set DEBIAN_SUITE=bookworm or trixie" ;;
	esac
	# No mirror given: Debian's own servers, with its security updates.
	DEBIAN_MIRROR=${DEBIAN_MIRROR:-}
}

# digest FILE...: one sha256 over names-independent contents, for stamps.
digest() {
	cat -- "$@" | sha256sum | cut -d' ' -f1
}

# fresh STAMP KEY: true if STAMP says that KEY was built.
fresh() {
	[ -f "$1" ] && [ "$(cat -- "$1")" = "$2" ]
}
