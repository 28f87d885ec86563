/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints "domain nanoseconds" for every domain, the CPU time it had, from the
 * hypervisor itself ("xl list" has tenths of seconds); "domtimes pages" prints the
 * number of pages that nobody has ("xl info" has mebibytes), "domtimes all" of those
 * and of all domains': what is missing is keel's own. Runs in domain 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static int pages(int fd, struct xen_sysctl *ctl)
{
	struct privcmd_hypercall call = {
		.op = __HYPERVISOR_sysctl, .arg = { (uintptr_t)ctl },
	};

	ctl->cmd = XEN_SYSCTL_physinfo;
	ctl->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
		perror("domtimes");
		return 1;
	}
	printf("%" PRIu64 "\n", (uint64_t)ctl->u.physinfo.free_pages);
	return 0;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "all");
	uint64_t sum = 0;
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	struct xen_domctl *ctl = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

	if (fd < 0 || ctl == MAP_FAILED) {
		perror("domtimes");
		return 1;
	}
	if (argc > 1 && !strcmp(argv[1], "pages"))
		return pages(fd, (struct xen_sysctl *)ctl);
	for (domid_t next = 0;; next = ctl->domain + 1) {
		struct privcmd_hypercall call = {
			.op = __HYPERVISOR_domctl, .arg = { (uintptr_t)ctl },
		};

		memset(ctl, 0, sizeof(*ctl));
		ctl->cmd = XEN_DOMCTL_getdomaininfo;
		ctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
		ctl->domain = next;
		if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
			if (errno == ESRCH) {	/* none with this id or above */
				if (all)
					printf("%" PRIu64 " ", sum);
				return all ? pages(fd, (struct xen_sysctl *)memset(ctl, 0, sizeof(*ctl))) : 0;
			}
			perror("domtimes");
			return 1;
		}
		sum += ctl->u.getdomaininfo.tot_pages;
		if (!all)
			printf("%u %" PRIu64 "\n", (unsigned int)ctl->domain,
			       ctl->u.getdomaininfo.cpu_time);
	}
}
