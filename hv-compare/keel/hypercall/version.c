// SPDX-License-Identifier: GPL-2.0-or-later
/* R:93  Who we are, and the machine's console. */
#include <keel/boot.h>
#include <keel/console.h>
#include <keel/domain.h>
#include <keel/hypercall.h>
#include <keel/lib.h>
#include <keel/mm.h>
#include <xen/features.h>
#include <xen/version.h>

/* The interface is that of Xen 4.17; tools choose themselves by this number. */
#define INTERFACE_VERSION 0x00040011

static long put_text(u64 arg, const char *text, size_t size)
{
	char buf[1024] = { 0 };

	memcpy(buf, text, MIN(strlen(text), size - 1));
	return copy_to_guest(arg, buf, size);
}

long do_xen_version(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5)
{
	struct domain *d = current_vcpu()->domain;

	switch (cmd) {
	case XENVER_version:
		return INTERFACE_VERSION;
	case XENVER_extraversion:
		return put_text(arg, ".0-keel", sizeof(xen_extraversion_t));
	case XENVER_compile_info: {
		struct xen_compile_info ci = {
			.compiler = "gcc " __VERSION__, .compile_by = "keel",
			.compile_domain = "", .compile_date = "",
		};

		return copy_to_guest(arg, &ci, sizeof(ci));
	}
	case XENVER_capabilities:
		return put_text(arg, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return put_text(arg, "", sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters: {
		struct xen_platform_parameters p = { .virt_start = HYP_START };

		return copy_to_guest(arg, &p, sizeof(p));
	}
	case XENVER_get_features: {
		struct xen_feature_info fi;

		if (copy_from_guest(&fi, arg, sizeof(fi)))
			return -EFAULT;
		if (fi.submap_idx)
			return -EINVAL;
		fi.submap = 1U << XENFEAT_pae_pgdir_above_4gb |
			    1U << XENFEAT_mmu_pt_update_preserve_ad |
			    1U << XENFEAT_highmem_assist |
			    1U << XENFEAT_gnttab_map_avail_bits;
		if (d->privileged)
			fi.submap |= 1U << XENFEAT_dom0;
		return copy_to_guest(arg, &fi, sizeof(fi));
	}
	case XENVER_pagesize:
		return PAGE_SIZE;
	case XENVER_guest_handle: {
		u8 handle[16] = { 0 };

		return copy_to_guest(arg, handle, sizeof(handle));
	}
	case XENVER_commandline:
		if (!d->privileged)
			return -EPERM;
		return put_text(arg, boot_cmdline, sizeof(xen_commandline_t));
	default:
		return -ENOSYS;
	}
}

long do_console_io(u64 cmd, u64 count, u64 ubuf, u64 a4, u64 a5)
{
	struct domain *d = current_vcpu()->domain;
	char buf[128];
	u64 done = 0;

	/* The serial port belongs to the initial domain, privileged or not. */
	if (d->id)
		return -EPERM;
	if (count > PAGE_SIZE)
		count = PAGE_SIZE;
	switch (cmd) {
	case CONSOLEIO_write:
		while (done < count) {
			u64 n = MIN(count - done, sizeof(buf)), out = 0;

			if (copy_from_guest(buf, ubuf + done, n))
				return -EFAULT;
			for (u64 i = 0; i < n; i++)
				if (buf[i] != '\r')
					buf[out++] = buf[i];
			console_write(buf, out);
			done += n;
		}
		return 0;
	case CONSOLEIO_read:
		while (done < count && console_has_input()) {
			char c = console_getc();

			if (copy_to_guest(ubuf + done, &c, 1))
				return -EFAULT;
			done++;
		}
		return done;
	default:
		return -ENOSYS;
	}
}
