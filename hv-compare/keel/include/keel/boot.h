/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader handed over. */
#ifndef KEEL_BOOT_H
#define KEEL_BOOT_H

#include <keel/types.h>

#define MULTIBOOT_LOADED 0x2badb002

struct multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr,
	    syms[4], mmap_length, mmap_addr;
};

struct boot_module {
	u64 start, end;		/* physical */
	const char *args;	/* without the file name; in boot_strings */
};

#define BOOT_MODULES 2		/* kernel, initrd */
extern struct boot_module boot_module[BOOT_MODULES];
extern unsigned int boot_modules;
extern const char *boot_cmdline;

/* Copies everything out of the loader's memory; panics if it makes no sense. */
void multiboot_parse(u32 magic, u64 info);

/* The value of "name=" on keel's command line up to a blank, or NULL. */
const char *option_value(const char *name);
bool option_flag(const char *name);
/* "512M", "1G", "65536K", plain bytes; stops at what is not a number. */
u64 parse_size(const char *s);

#endif
