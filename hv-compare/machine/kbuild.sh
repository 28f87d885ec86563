# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by whatever builds kernels, after OUT is set: the same compiler and
# cache for all, so that what one has built nobody builds again.

# shellcheck disable=SC2034 # the caller puts it into its stamps
compiler=gcc
! command -v ccache >/dev/null 2>&1 || compiler='ccache gcc'

# With paths taken relative to OUT and no time, user or host in the objects, a
# second clone of this repository finds every object in the cache.
# What was included is taken from the compiler's own list instead of a run of the
# preprocessor: a sixth less work for every object that is not in the cache.
export CCACHE_BASEDIR="$OUT" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
export KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=bulkhead KBUILD_BUILD_HOST=bulkhead
unset ARCH CROSS_COMPILE KCONFIG_CONFIG MAKEFLAGS MFLAGS MAKELEVEL O

# kbuild SOURCE OBJECTS ARGUMENT...: make of the kernel. Gives way to others.
kbuild() {
	kbuild_src=$1 kbuild_obj=$2
	shift 2
	nice make -C "$kbuild_src" O="$kbuild_obj" CC="$compiler" HOSTCC="$compiler" \
		-j"${JOBS:-$(nproc)}" "$@"
}

# merge FRAGMENT...: the last word on each symbol, as Kconfig takes it.
merge() { # FRAGMENT...
	cat -- "$@" | awk '
		/^CONFIG_[A-Za-z0-9_]+=/ { s = $0; sub(/=.*/, "", s) }
		/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { s = $2 }
		s != "" { if (!(s in line)) order[++n] = s; line[s] = $0; s = "" }
		END { for (i = 1; i <= n; i++) print line[order[i]] }'
}

