// SPDX-License-Identifier: GPL-2.0-or-later
/* webmix-files: build the tree of files that is served, or check one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli.h"
#include "mix.h"
#include "tree.h"

/* 36 files and their last blocks, on file systems with blocks of up to 4 KiB. */
#define DIR_ON_DISK (MIX_DIR_BYTES + 36 * 4096 + 8192)

static volatile int stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void help(void)
{
	printf("usage: webmix-files --dirs N DIR\n"
	       "       webmix-files --sessions N DIR\n"
	       "       webmix-files --check [--dirs N | --sessions N] DIR\n"
	       "\n"
	       "Makes the new directory DIR with N directories of 36 files, %llu bytes\n"
	       "each directory; the same bytes, names and times everywhere.\n"
	       "\n"
	       "  --dirs N      this many directories (1 to %u)\n"
	       "  --sessions N  as many as go with N simultaneous sessions:\n"
	       "                25 + 0.66 N, rounded up\n"
	       "  --check       compare DIR with what it should be, byte for byte;\n"
	       "                without a number, all directories it has\n"
	       "\n"
	       "exit status: 0 done, 1 failed or not equal, 2 wrong command line\n",
	       MIX_DIR_BYTES, MIX_MAX_DIRS);
}

static int check(const char *dir, uint32_t dirs)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	char what[32];
	struct stat st;

	if (at < 0)
		return cli_error("%s: %s", dir, strerror(errno));
	if (dirs == 0) {
		for (;; dirs++) {
			snprintf(what, sizeof(what), "d%05u", dirs);
			if (dirs == MIX_MAX_DIRS ||
			    fstatat(at, what, &st, AT_SYMLINK_NOFOLLOW) != 0)
				break;
		}
		if (dirs == 0)
			return cli_error(
				"%s: has no directory d00000; is it a tree of webmix-files?",
				dir);
	}
	rc = tree_check(at, dirs, NULL, &stop, what);
	close(at);
	if (rc > 0)
		return cli_error(
			"%s/%s: not what webmix-files writes; make the tree anew",
			dir, what);
	if (rc < 0)
		return cli_error("%s/%s: %s", dir, what, strerror(errno));
	printf("%u directories, %llu bytes, all right\n", dirs,
	       dirs * MIX_DIR_BYTES);
	return 0;
}

/* Made under another name and renamed at the end: DIR is there completely or
 * not at all. */
static int make(const char *dir, uint32_t dirs)
{
	char part[PATH_MAX], what[32];
	struct statvfs fs;
	struct stat st;
	size_t n = strlen(dir);
	int at, rc;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (n + 16 > sizeof(part))
		return cli_error("%s: %s", dir, strerror(ENAMETOOLONG));
	if (lstat(dir, &st) == 0)
		return cli_error(
			"%s: exists; remove it, or check it with --check", dir);
	snprintf(part, sizeof(part), "%.*s.part%d", (int)n, dir, getpid());
	if (mkdir(part, 0755) != 0)
		return cli_error("%s: %s", part, strerror(errno));
	at = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0) {
		rc = errno;
		rmdir(part);
		return cli_error("%s: %s", part, strerror(rc));
	}
	if (fstatvfs(at, &fs) == 0 &&
	    fs.f_bavail * fs.f_frsize < dirs * DIR_ON_DISK) {
		close(at);
		rmdir(part);
		return cli_error(
			"%s: needs %llu MB and has %llu MB free; ask for fewer directories",
			dir, dirs * DIR_ON_DISK / 1000000,
			(unsigned long long)fs.f_bavail * fs.f_frsize /
				1000000);
	}
	rc = tree_make(at, dirs, NULL, &stop, what) == 0 ? 0 : errno;
	if (rc == 0 && syncfs(at) != 0) {
		rc = errno;
		what[0] = '\0';
	}
	if (rc == 0 && rename(part, dir) != 0) {
		rc = errno;
		what[0] = '\0';
	}
	if (rc != 0) {
		tree_remove(at, dirs);
		rmdir(part);
		close(at);
		return cli_error("%s/%s: %s; nothing is left of it", dir, what,
				 strerror(rc));
	}
	close(at);
	printf("%u directories, %llu bytes\n", dirs, dirs * MIX_DIR_BYTES);
	return 0;
}

static int set_sessions(void *to, const char *value)
{
	uint64_t n;

	if (!cli_number(value, 1, 100000, &n))
		return -1;
	*(uint64_t *)to = mix_dirs((uint32_t)n);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	uint64_t dirs = 0;
	bool checking = false;
	const struct cli_option options[] = {
		OPT_NUMBER("dirs", &dirs, 1, MIX_MAX_DIRS),
		OPT_CALL("sessions", &dirs, set_sessions),
		OPT_FLAG("check", &checking),
		{0},
	};
	int rc;

	cli_name = "webmix-files";
	rc = cli_options(argc, argv, options, help);
	if (rc != 0)
		return rc;
	if (optind + 1 != argc)
		return cli_usage(optind == argc
					 ? "no directory given"
					 : "more than one directory given");
	if (dirs == 0 && !checking)
		return cli_usage("how many directories? --dirs or --sessions");
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (checking)
		rc = check(argv[optind], (uint32_t)dirs);
	else
		rc = make(argv[optind], (uint32_t)dirs);
	if (fflush(stdout) != 0)
		rc = cli_error("standard output: %s", strerror(errno));
	return rc;
}
