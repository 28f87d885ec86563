// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An instance is a paravirtual domain of its own whose init only computes. "xl"
 * makes it and takes it away; what happens while time is taken (waking domains,
 * reading how much they got) goes straight to the hypervisor, because starting
 * a program ten times a second would disturb what is measured.
 *
 * Layout of the calls: Xen's public headers, which are only there where its
 * development package is. The layout belongs to one version of Xen; another
 * one answers EACCES.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "share.h"

#if __has_include(<xen/domctl.h>)

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>

/* From the kernel's xen/privcmd.h, which distributions do not install. */
struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

#define DOMAIN_MIB 64
/* Credit2's default, for weight 1 of a case. */
#define DEFAULT_WEIGHT 256

/* A new domain boots and then sleeps: its time stands still. */
#define QUIET_MS 500
#define QUIET_NS 10000000ULL
#define BOOT_LIMIT_MS 300000
#define WAKE_LIMIT_MS 60000
#define WAKE_NS 20000000ULL

static struct xen_domctl *ctl;	/* a page that stays where it is */
static int privcmd = -1;
static unsigned int domid[MAX_INST];
static uint64_t base[MAX_INST];
static bool made[MAX_INST];

static void sleep_ms(unsigned int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static int domctl(uint32_t cmd, unsigned int dom, struct share_err *err)
{
	struct privcmd_hypercall call = { .op = __HYPERVISOR_domctl, .arg = { (uintptr_t)ctl } };

	memset(ctl, 0, sizeof(*ctl));
	ctl->cmd = cmd;
	ctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	ctl->domain = (domid_t)dom;
	if (ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0)
		return share_fail(err, "domctl %u of domain %u: %s", cmd, dom, strerror(errno));
	return 0;
}

/* Total CPU time of a domain. A vCPU that runs is counted up to now. */
static int cpu_time(unsigned int i, uint64_t *ns, struct share_err *err)
{
	if (domctl(XEN_DOMCTL_getdomaininfo, domid[i], err) != 0)
		return -1;
	if (ctl->domain != domid[i] || ctl->u.getdomaininfo.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))
		return share_fail(err, "domain %u has ended", domid[i]);
	*ns = ctl->u.getdomaininfo.cpu_time;
	return 0;
}

/* Run a command of xl; its first line of output in @line, if wanted. */
static int xl(struct share_err *err, char *line, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int xl(struct share_err *err, char *line, size_t len, const char *fmt, ...)
{
	char cmd[300], buf[200] = "", more[200];
	va_list ap;
	FILE *f;
	int n, rc;

	n = snprintf(cmd, sizeof(cmd), "xl ");
	va_start(ap, fmt);
	vsnprintf(cmd + n, sizeof(cmd) - (size_t)n, fmt, ap);
	va_end(ap);
	strncat(cmd, " 2>&1", sizeof(cmd) - strlen(cmd) - 1);
	f = popen(cmd, "re");
	if (!f)
		return share_fail(err, "%s: %s", cmd, strerror(errno));
	if (fgets(buf, sizeof(buf), f))
		while (fgets(more, sizeof(more), f))
			if (!line)
				memcpy(buf, more, sizeof(buf)); /* an error's last line says most */
	rc = pclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	if (rc != 0)
		return share_fail(err, "%.80s: %.100s", cmd, buf);
	if (line)
		snprintf(line, len, "%s", buf);
	return 0;
}

static int xen_open(const struct share_case *c, struct share_err *err)
{
	(void)c;
	if (!share_guest_kernel || !share_guest_ramdisk)
		return share_fail(err, "no kernel and ramdisk for domains (--kernel, --ramdisk)");
	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd < 0) {
		err->unsupported = true;
		return share_fail(err, "this is no domain 0: /dev/xen/privcmd: %s", strerror(errno));
	}
	ctl = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE,
		   -1, 0);
	if (ctl == MAP_FAILED)
		return share_fail(err, "no locked memory: %s", strerror(errno));
	return 0;
}

static int xen_make(unsigned int i, const struct share_inst *inst, struct share_err *err)
{
	const unsigned int ncpu = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t last = 0, now = 0;
	char line[64];
	unsigned int ms;
	FILE *f;

	f = fopen("/run/bshare.cfg", "we");
	if (!f)
		return share_fail(err, "/run/bshare.cfg: %s", strerror(errno));
	fprintf(f,
		"name = \"bshare.%u\"\nkernel = \"%s\"\nramdisk = \"%s\"\n"
		"extra = \"rdinit=/init panic=-1 quiet -- --guest %u\"\n"
		"memory = %d\nmaxmem = %d\nvcpus = %u\ncpu_weight = %u\n",
		i, share_guest_kernel, share_guest_ramdisk, inst->threads, DOMAIN_MIB, DOMAIN_MIB,
		inst->threads < ncpu ? inst->threads : ncpu, inst->weight * DEFAULT_WEIGHT);
	if (inst->cap > 0)
		fprintf(f, "cap = %.0f\n", inst->cap * 100);
	fputs("on_poweroff = \"destroy\"\non_reboot = \"destroy\"\non_crash = \"destroy\"\n", f);
	if (fclose(f) != 0)
		return share_fail(err, "/run/bshare.cfg: %s", strerror(errno));
	if (xl(err, NULL, 0, "create /run/bshare.cfg") != 0)
		return -1;
	made[i] = true;
	if (xl(err, line, sizeof(line), "domid bshare.%u", i) != 0)
		return -1;
	domid[i] = (unsigned int)strtoul(line, NULL, 10);
	for (ms = 0; ms < BOOT_LIMIT_MS; ms += QUIET_MS) {
		if (cpu_time(i, &now, err) != 0)
			return -1;
		if (last && now - last < QUIET_NS)
			return domctl(XEN_DOMCTL_pausedomain, domid[i], err);
		last = now;
		sleep_ms(QUIET_MS);
	}
	return share_fail(err, "domain %u has not booted after %d s", domid[i], BOOT_LIMIT_MS / 1000);
}

static int xen_wake(unsigned int i, struct share_err *err)
{
	return domctl(XEN_DOMCTL_unpausedomain, domid[i], err);
}

/* Every domain that was woken computes; counting begins here. */
static int xen_settle(const struct share_case *c, struct share_err *err)
{
	unsigned int i, ms;
	uint64_t now;

	for (i = 0; i < c->n; i++)
		if (cpu_time(i, &base[i], err) != 0)
			return -1;
	for (i = 0; i < c->n; i++)
		for (ms = 0; !c->inst[i].late; ms += 10) {
			if (cpu_time(i, &now, err) != 0)
				return -1;
			if (now - base[i] >= WAKE_NS)
				break;
			if (ms > WAKE_LIMIT_MS)
				return share_fail(err, "domain %u does not compute", domid[i]);
			sleep_ms(10);
		}
	return 0;
}

static int xen_remove(unsigned int i, struct share_err *err)
{
	if (!made[i])
		return 0;
	made[i] = false;
	return xl(err, NULL, 0, "destroy bshare.%u", i);
}

const struct share_means share_means_xen = {
	.name = "xen",
	.remote = true,
	.open = xen_open,
	.make = xen_make,
	.wake = xen_wake,
	.settle = xen_settle,
	.service = cpu_time,
	.remove = xen_remove,
};

#else

static int xen_open(const struct share_case *c, struct share_err *err)
{
	(void)c;
	err->unsupported = true;
	return share_fail(err, "built without Xen's headers (Debian package libxen-dev)");
}

const struct share_means share_means_xen = { .name = "xen", .remote = true, .open = xen_open };

#endif
