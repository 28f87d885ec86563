// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands for the disk share of a context, as they are.
 *
 *	vdisk make XID			a context without processes
 *	vdisk end XID			it goes
 *	vdisk run XID COMMAND...	in the context, made if it is not there
 *	vdisk set XID MAJOR:MINOR MASK WEIGHT RESERVE-UNIT RESERVE MAX-UNIT MAX
 *	vdisk get XID MAJOR:MINOR	prints the same from MASK on
 *	vdisk flip XID MAJOR:MINOR	another weight every 10 ms, until killed or
 *					/tmp/dio.stop is there; prints how often
 *
 * Exit status 1, and the name of the error alone, if the kernel refuses.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/vserver.h>

static long vserver(uint32_t cmd, uint32_t id, void *arg)
{
	/* 236 is the number of the vserver system call on x86-64. */
	return syscall(236, cmd, id, arg);
}

static int result(long ret)
{
	if (ret >= 0)
		return 0;
	printf("%s\n", strerrorname_np(errno));
	return 1;
}

static int make(uint32_t xid)
{
	struct vcmd_ctx_create c = {
		.flagword = VXF_PERSISTENT | VXF_STATE_ADMIN,
	};
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(result(vserver(VCMD_ctx_create, xid, &c)));
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static int flip(uint32_t xid, struct vcmd_disk *d)
{
	unsigned int n = 0;

	d->mask = VXDISK_WEIGHT;
	while (access("/tmp/dio.stop", F_OK)) {
		d->weight = n++ % 10 * 1000 + 1;
		if (result(vserver(VCMD_set_disk, xid, d)))
			return 1;
		usleep(10000);
	}
	printf("%u\n", n);
	return 0;
}

static int run(uint32_t xid, char **argv)
{
	struct vcmd_ctx_create c = { .flagword = VXF_STATE_ADMIN };
	struct vcmd_ctx_migrate m = { .flagword = 0 };

	if (vserver(VCMD_ctx_create, xid, &c) < 0 &&
	    (errno != EEXIST || vserver(VCMD_ctx_migrate, xid, &m) < 0))
		return result(-1);
	execvp(argv[0], argv);
	fprintf(stderr, "vdisk: %s: %s\n", argv[0], strerror(errno));
	return 127;
}

static int usage(void)
{
	fprintf(stderr, "usage: vdisk run XID COMMAND... or vdisk make|end|get|flip|set XID [MAJOR:MINOR [MASK WEIGHT RESERVE-UNIT RESERVE MAX-UNIT MAX]]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct vcmd_ctx_flags persistent = { .mask = VXF_PERSISTENT };
	struct vcmd_disk d = { 0 };
	uint32_t xid;

	if (argc < 3)
		return usage();
	xid = strtoul(argv[2], NULL, 0);
	if (argc > 3 && !strcmp(argv[1], "run"))
		return run(xid, argv + 3);
	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(xid);
	if (argc == 3 && !strcmp(argv[1], "end"))
		return result(vserver(VCMD_set_cflags, xid, &persistent));
	if (argc < 4 || sscanf(argv[3], "%u:%u", &d.major, &d.minor) != 2)
		return usage();
	if (argc == 4 && !strcmp(argv[1], "get")) {
		if (result(vserver(VCMD_get_disk, xid, &d)))
			return 1;
		printf("%u %u %u %llu %u %llu\n", d.mask, d.weight, d.reserve_unit,
		       (unsigned long long)d.reserve, d.max_unit,
		       (unsigned long long)d.max);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "flip"))
		return flip(xid, &d);
	if (argc != 10 || strcmp(argv[1], "set"))
		return usage();
	d.mask = strtoul(argv[4], NULL, 0);
	d.weight = strtoul(argv[5], NULL, 0);
	d.reserve_unit = strtoul(argv[6], NULL, 0);
	d.reserve = strtoull(argv[7], NULL, 0);
	d.max_unit = strtoul(argv[8], NULL, 0);
	d.max = strtoull(argv[9], NULL, 0);
	return result(vserver(VCMD_set_disk, xid, &d));
}
