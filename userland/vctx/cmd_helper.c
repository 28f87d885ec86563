// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vshelper ACTION ID: what the kernel runs on the host (sysctl kernel.vshelper) when a
 * context has called reboot(2).  The kernel ends the context itself, after the start
 * of this program and perhaps before its end; one that restarts is started here again.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"

/* A guest that restarts all the time must not keep the host busy with it. */
#define REBOOT_MS	10000
/* Its processes have been killed; they end as soon as they get a CPU. */
#define END_MS		120000

/* The kernel gives us no files at all. */
static void standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd >= 3)
		close(fd);
}

static void messages_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static int again(struct cli *c, const struct vctx_info *info, uint64_t up)
{
	struct vctx_err err = VCTX_ERR_INIT;
	char *log = vctx_log_path(c->v, info->name);

	messages_to(log);
	free(log);
	if (vctx_wait_exit(info->id, END_MS, NULL, &err)) {
		vctx_reboot_take(c->v, info->name);
		return cli_fail(c, info->name, &err);
	}
	if (up < REBOOT_MS) {
		const struct timespec ts = {
			(time_t)(REBOOT_MS - up) / 1000,
			(long)((REBOOT_MS - up) % 1000) * 1000000
		};

		nanosleep(&ts, NULL);
	}
	/* It may have been stopped, deleted or started meanwhile. */
	return vctx_reboot_take(c->v, info->name) ? cli_start_one(c, info->name) : 0;
}

int cmd_helper(int n, char **words)
{
	struct cli c = { .verb = cli_find_verb("start") };
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info;
	uint64_t up;
	int r = 0;

	standard_files();
	if (n != 2) {
		fputs("vshelper: this program is for the kernel: vshelper ACTION ID\n",
		      stderr);
		return VCTX_USAGE;
	}
	if (strcmp(words[0], "restart"))
		return 0;
	umask(022);
	c.v = vctx_open("", &err);
	info = c.v ? vctx_find(c.v, words[1], &err) : NULL;
	if (!info || vctx_reboot_note(c.v, info, &up, &err)) {
		r = cli_fail(&c, words[1], &err);
		goto out;
	}
	/* The context is not gone before the kernel's helper has ended. */
	switch (fork()) {
	case -1:
		vctx_reboot_take(c.v, info->name);
		r = VCTX_FAILED;
		break;
	case 0:
		setsid();
		r = again(&c, info, up);
		break;
	}
out:
	vctx_info_free(info);
	vctx_close(c.v);
	return r;
}
