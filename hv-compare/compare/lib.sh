# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh

# die MESSAGE [HINT]: one clear line, an optional hint, exit 1.
die() {
	echo "compare: $1" >&2
	[ $# -lt 2 ] || echo "hint: $2" >&2
	exit 1
}

usage_error() {
	echo "compare: $1" >&2
	echo "hint: try 'compare --help'" >&2
	exit 2
}

# need COMMAND PACKAGE: stop early with the package to install.
need() {
	command -v "$1" >/dev/null 2>&1 ||
		die "'$1' is not installed" "run 'make deps' (Debian package: $2)"
}

# number NAME VALUE MIN MAX
number() {
	case $2 in
	'' | *[!0-9]*) usage_error "$1 needs a number, not '$2'" ;;
	esac
	# More digits than a shell's arithmetic can hold are too many, too.
	[ ${#2} -le 10 ] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] ||
		usage_error "$1 must be from $3 to $4, not '$2'"
}

# A clock in ns, for events.
now_ns() {
	date +%s%N
}

# minutes SECONDS: "4 min" or "50 s"
minutes() {
	if [ "$1" -lt 100 ]; then
		echo "$1 s"
	else
		echo "$((($1 + 30) / 60)) min"
	fi
}

# digest FILE: its sha256
digest() {
	sha256sum <"$1" | cut -d' ' -f1
}
