/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a boot module to a guest's ELF image: finds the payload of a Linux
 * bzImage (boot protocol 2.08 or later) and unpacks it.
 *
 * Accepted: an ELF image as it is; a bzImage whose payload is ELF, XZ, ZSTD,
 * gzip or LZ4 (legacy frame, as the kernel build makes it); an ELF image
 * packed by gzip alone (Mini-OS). The image is untrusted: no read outside
 * img[len], no write outside out[outlen] and work[worklen].
 *
 * Decoders are Debian's liblzma, libzstd and zlib, linked statically. That has
 * a price: they were compiled for user space. So in a hypervisor call
 * keel_payload_unpack() only
 *  - in ring 0, with interrupts off and NMIs on a stack of their own (the
 *    archives use the red zone below the stack pointer);
 *  - with CR4.OSFXSR set and no guest's FPU state live (they use SSE);
 *  - with 64 KiB of stack left.
 * It saves and restores FS_BASE, which their stack protector reads through.
 * Not reentrant: at boot, on one CPU.
 */
#ifndef KEEL_PAYLOAD_H
#define KEEL_PAYLOAD_H

#include <keel/lib.h>

/*
 * Enough work memory for every payload the kernel build can make: XZ needs its
 * dictionary (32 MiB at most there) and some tables; the others far less.
 */
#define KEEL_PAYLOAD_WORK (34UL << 20)

/*
 * Bytes keel_payload_unpack() will write, as the image says (for an ELF image
 * its own length), or
 *  -ENOEXEC     neither ELF, bzImage, nor gzip
 *  -EOPNOTSUPP  a bzImage older than 2.08, or a packing not listed above
 *  -EINVAL      damaged: payload outside the image, or a claim of 1 GiB or more
 */
long keel_payload_size(const void *img, size_t len);

/*
 * Unpacks into out, outlen >= keel_payload_size() bytes; work is scratch memory
 * of any alignment, KEEL_PAYLOAD_WORK bytes suffice. Neither may overlap img.
 * 0 if exactly keel_payload_size() bytes came out and the format's own check
 * sum agrees; else an error of keel_payload_size(), or
 *  -ENOSPC   outlen too small
 *  -ENOMEM   worklen too small for this payload
 *  -EBADMSG  the payload is damaged
 * After an error the contents of out are undefined.
 */
int keel_payload_unpack(const void *img, size_t len, void *out, size_t outlen,
			void *work, size_t worklen);

/* "elf", "xz", "zstd", "gzip", "lz4", or NULL; for messages. */
const char *keel_payload_format(const void *img, size_t len);

#endif
