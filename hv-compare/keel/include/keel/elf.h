/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF64 images of paravirtual guests: what to load where, and what the notes
 * of owner "Xen" ask for.
 *
 * The image is untrusted. After keel_elf_open() succeeded, every offset that
 * the other functions use was checked against the image's length, no load
 * segment wraps around or overlaps another, and the image must not change.
 * No function here writes to the image, allocates, or keeps state elsewhere
 * than in the caller's structures.
 */
#ifndef KEEL_ELF_H
#define KEEL_ELF_H

#include <keel/lib.h>

/* More program headers than any kernel has; bounds the overlap check. */
#define KEEL_ELF_MAX_PHDRS 64

struct keel_elf {
	const unsigned char *img;
	size_t len;
	uint64_t entry;		/* e_entry, virtual */
	uint64_t phoff;
	unsigned int phnum;
	uint64_t paddr_start;	/* bounds of all PT_LOAD by physical address, */
	uint64_t paddr_end;	/* in bytes; end is exclusive and > start */
};

/* One PT_LOAD. Bytes [filesz, memsz) are to be zeroed by the loader. */
struct keel_elf_seg {
	const void *data;
	uint64_t paddr, vaddr, filesz, memsz;	/* bytes; memsz > 0 */
	unsigned int flags;			/* 1 execute, 2 write, 4 read */
};

/* Types of Xen's ELF notes (public/elfnote.h has the same numbers). */
enum keel_note {
	KEEL_NOTE_INFO = 0,
	KEEL_NOTE_ENTRY = 1,
	KEEL_NOTE_HYPERCALL_PAGE = 2,
	KEEL_NOTE_VIRT_BASE = 3,
	KEEL_NOTE_PADDR_OFFSET = 4,
	KEEL_NOTE_XEN_VERSION = 5,
	KEEL_NOTE_GUEST_OS = 6,
	KEEL_NOTE_GUEST_VERSION = 7,
	KEEL_NOTE_LOADER = 8,
	KEEL_NOTE_PAE_MODE = 9,
	KEEL_NOTE_FEATURES = 10,
	KEEL_NOTE_BSD_SYMTAB = 11,
	KEEL_NOTE_HV_START_LOW = 12,
	KEEL_NOTE_L1_MFN_VALID = 13,
	KEEL_NOTE_SUSPEND_CANCEL = 14,
	KEEL_NOTE_INIT_P2M = 15,
	KEEL_NOTE_MOD_START_PFN = 16,
	KEEL_NOTE_SUPPORTED_FEATURES = 17,
	KEEL_NOTE_PHYS32_ENTRY = 18,
	KEEL_NOTE_COUNT
};

/*
 * What the notes say. `present` has bit 1 << KEEL_NOTE_x set for each note that
 * was there and well formed; the other fields are 0 or "" when it was not. A
 * later note of a type replaces an earlier one. Texts too long are cut.
 */
struct keel_elf_notes {
	uint32_t present;
	uint64_t entry, hypercall_page, virt_base, paddr_offset;
	uint64_t hv_start_low, l1_mfn_mask, l1_mfn_value;
	uint64_t suspend_cancel, init_p2m, mod_start_pfn;
	uint64_t supported_features, phys32_entry;
	char xen_version[32], guest_os[32], guest_version[32], loader[32];
	char pae_mode[32], features[256];
};

static inline int keel_elf_has(const struct keel_elf_notes *n, enum keel_note t)
{
	return n->present >> t & 1;
}

/*
 * Checks that img[len] is an x86-64 ELF image with at least one load segment,
 * and fills *elf. 0, -ENOEXEC (not such an image), or -EINVAL (damaged: an
 * offset outside, a wrapping or overlapping segment).
 */
int keel_elf_open(struct keel_elf *elf, const void *img, size_t len);

/*
 * The next load segment in file order. *iter starts at 0 and belongs to this
 * function. 1 and *seg filled, or 0 at the end. Empty segments are left out.
 */
int keel_elf_next(const struct keel_elf *elf, unsigned int *iter,
		  struct keel_elf_seg *seg);

/*
 * Reads all PT_NOTE segments. 0 (also without any Xen note: look at present),
 * or -EINVAL when a note does not fit into its segment.
 */
int keel_elf_read_notes(const struct keel_elf *elf, struct keel_elf_notes *notes);

#endif
