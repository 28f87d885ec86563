#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# keel's freestanding library, on the host, under sanitizers.
. "$(dirname -- "$0")/../lib.sh"

for f in /usr/include/lzma.h /usr/include/zstd.h /usr/include/zlib.h; do
	[ -f "$f" ] || skip_all "$f is missing; make deps installs it"
done
for c in xz zstd gzip; do
	command -v "$c" >/dev/null 2>&1 || skip_all "no $c on this host"
done

lib=$TOP/hv-compare/keel
bin=$TMP/keellibtest
# The names of libc get a prefix in lib.c alone, so that they can be compared
# with libc's own.
prefix=
for f in memcpy memmove memset memcmp strlen strcmp strncmp strchr; do
	prefix="$prefix -D$f=kt_$f"
done
flags="-std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined
	-fno-sanitize-recover=all -DKEEL_HOSTED -I$lib/include"
build() {
	# shellcheck disable=SC2086 # lists of words
	{
		gcc $flags $prefix -ffreestanding -c "$lib/lib/lib.c" -o "$TMP/lib.o" &&
		gcc $flags -c "$lib/lib/elf.c" -o "$TMP/elf.o" &&
		gcc $flags -c "$lib/lib/payload.c" -o "$TMP/payload.o" &&
		gcc $flags -include errno.h -include string.h "$TESTS/keel/keellibtest.c" \
			"$TMP/lib.o" "$TMP/elf.o" "$TMP/payload.o" -o "$bin" \
			-Wl,-Bstatic -llzma -lzstd -lz -Wl,-Bdynamic
	} >"$TMP/build.log" 2>&1
}
if build; then
	ok "compiles without a warning"
else
	not_ok "compiles without a warning" "$(head -n 20 "$TMP/build.log")"
	finish
fi

"$bin" unit >"$TMP/unit.tap" 2>"$TMP/unit.err" || sed 's/^/# /' "$TMP/unit.err"
relay "$TMP/unit.tap"

# As a hypervisor has it: no libc, the kernel's code model, nothing undefined.
cat >"$TMP/start.c" <<'END'
#include <keel/elf.h>
#include <keel/payload.h>
int _start(const void *img, size_t len, void *out, size_t n, void *work, size_t m);
int _start(const void *img, size_t len, void *out, size_t n, void *work, size_t m)
{
	struct keel_elf elf;
	struct keel_elf_notes notes;
	char text[8];

	return keel_payload_unpack(img, len, out, n, work, m) +
	       keel_elf_open(&elf, out, n) + keel_elf_read_notes(&elf, &notes) +
	       keel_snprintf(text, sizeof(text), "%d", 1);
}
END
# The kernel's model is for the last 2 GiB of addresses, PIE code for any.
for how in '-mcmodel=kernel -fno-pic 0xffffffff80200000' '-fpie 0xffff830000200000'; do
	# shellcheck disable=SC2086 # lists of words
	if gcc -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-stack-protector \
		-mno-red-zone -mno-sse ${how% *} -static -nostdlib -no-pie \
		"-Wl,-Ttext-segment=${how##* }" -Wl,--build-id=none \
		-I"$lib/include" "$TMP/start.c" "$lib/lib/lib.c" "$lib/lib/elf.c" \
		"$lib/lib/payload.c" -Wl,--start-group -llzma -lzstd -lz \
		-Wl,--end-group -o "$TMP/free" >"$TMP/free.log" 2>&1; then
		is "$(nm -u "$TMP/free" | grep -v ' w ')" "" \
			"links freestanding (${how% *}), nothing undefined"
	else
		not_ok "links freestanding (${how% *})" "$(head -n 5 "$TMP/free.log")"
	fi
done

# Payloads as the kernel build makes them, of a program (x86 code, so that the
# BCJ filter has something to do) longer than one 8 MiB block of LZ4.
data=$TMP/data
find /usr/lib/gcc /usr/bin \( -name cc1 -o -name qemu-system-x86_64 -o -name perl \
	-o -name 'python3.*' \) -exec cat {} + 2>/dev/null | head -c 9000001 >"$data"
size=$(wc -c <"$data")
is "$size" 9000001 "there are 9 MB of programs to pack"
head -c 20000 "$data" >"$TMP/little"

pack() { # FORMAT <plain >packed
	case $1 in
	xz) xz --check=crc32 --x86 --lzma2=preset=1,dict=32MiB ;;
	zstd) zstd -q -3 --no-content-size --check ;;
	zstd-long) zstd -q -3 --long=27 --check ;;
	gzip) gzip -n -1 ;;
	lz4) lz4 -q -l -1 ;;
	elf) cat ;;
	esac
}

for format in xz zstd zstd-long gzip lz4; do
	if [ $format = lz4 ] && ! command -v lz4 >/dev/null 2>&1; then
		skip "$format: unpacks" "no lz4 on this host"
		continue
	fi
	pack $format <"$data" >"$TMP/packed.$format"
	"$bin" wrap "$TMP/packed.$format" "$size" "$TMP/bz.$format"
	try "$bin" unpack "$TMP/bz.$format" "$TMP/unpacked"
	is "$STATUS $STDOUT$STDERR" "0 ${format%-long} $size" "$format: unpacks"
	if cmp -s "$data" "$TMP/unpacked"; then
		ok "$format: the same bytes"
	else
		not_ok "$format: the same bytes"
	fi
	# One byte more or less than there is must not pass.
	for wrong in $((size + 1)) $((size - 1)); do
		"$bin" wrap "$TMP/packed.$format" $wrong "$TMP/wrong"
		try "$bin" unpack "$TMP/wrong" "$TMP/unpacked"
		is "$STATUS $STDOUT" "1 error -74" "$format: $wrong bytes are not $size"
	done
	rm -f "$TMP/unpacked"
	pack $format <"$TMP/little" >"$TMP/packed.little"
	"$bin" wrap "$TMP/packed.little" 20000 "$TMP/little.$format"
	try "$bin" fuzz "$TMP/little.$format" 2000
	echo "# $STDOUT"
	is "$STATUS$STDERR" "0" "$format: 2000 damaged images do no harm"
done

pack gzip <"$data" >"$TMP/plain.gz"
try "$bin" unpack "$TMP/plain.gz" "$TMP/unpacked"
is "$STATUS $STDOUT" "0 gzip $size" "gzip alone unpacks"
xz --check=crc64 -1 <"$TMP/little" >"$TMP/packed.crc64"
"$bin" wrap "$TMP/packed.crc64" 20000 "$TMP/bz.crc64"
try "$bin" unpack "$TMP/bz.crc64" "$TMP/unpacked"
is "$STATUS $STDOUT" "1 error -95" "XZ with CRC64 is refused (needs a constructor)"
bzip2 -1 <"$TMP/little" >"$TMP/packed.bz2" 2>/dev/null || head -c 100 "$data" >"$TMP/packed.bz2"
"$bin" wrap "$TMP/packed.bz2" 20000 "$TMP/bz.bz2"
try "$bin" unpack "$TMP/bz.bz2" "$TMP/unpacked"
is "$STATUS $STDOUT" "1 error -95" "an unknown packing is refused"

# The debug kernel is not one for Xen.
for kernel in "$OUT"/kernel/native.bzImage "$OUT"/kernel/patched.bzImage; do
	if [ ! -f "$kernel" ]; then
		skip "our own kernel unpacks" "no kernel in OUT/kernel; make kernel"
		continue
	fi
	try "$bin" kernel "$kernel"
	echo "# $STDOUT"
	is "$STATUS$STDERR" 0 "$(basename -- "$kernel") unpacks and has Xen notes"
done
rm -f "$TMP"/packed.* "$TMP"/bz.* "$TMP"/data "$TMP"/wrong "$TMP"/unpacked
finish
