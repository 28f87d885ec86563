// SPDX-License-Identifier: GPL-2.0-or-later
/* How tools are run, and what they said. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* What a tool's process ends with when it is not the tool that ends it. */
#define NO_TOOL 127
#define NO_USER 126

static char tree[PATH_MAX];

static void become(const struct tool_how *how, char *const argv[], pid_t parent)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	int in = open("/dev/null", O_RDONLY);
	int out = open(how->log, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	size_t i;

	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (how->dir && chdir(how->dir) != 0)
		_exit(NO_TOOL);
	if (how->uid != 0 && geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(how->uid) != 0 || setuid(how->uid) != 0))
		_exit(NO_USER);
	/* A shell starts what runs in its background with some ignored, and what ignores
	 * a signal at its start may not be able to change that. We end tools by them. */
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	/* After the change of user, which forgets it. SIGQUIT ends a database with all of
	 * its processes and everything else, too. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() == parent)
		execvp(argv[0], argv);
	_exit(NO_TOOL);
}

pid_t tool_start(struct bench *b, const struct tool_how *how, char *const argv[])
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become(how, argv, parent);
	if (pid < 0)
		return bench_fail(b, "fork: %s", strerror(errno));
	return pid;
}

int tool_wait(struct bench *b, pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return bench_fail(b, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_TOOL)
		return bench_skip(b, "no %s here", name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_USER)
		return bench_skip(b, "root may not become another user here, and %s refuses root", name);
	if (WIFSIGNALED(status))
		return bench_fail(b, "%s was ended by signal %d", name, WTERMSIG(status));
	if (status != 0)
		return bench_fail(b, "%s ended with status %d", name, WEXITSTATUS(status));
	return 0;
}

int tool(struct bench *b, const struct tool_how *how, char *const argv[])
{
	static const struct tool_how plain = { .log = LOG };
	pid_t pid = tool_start(b, how ? how : &plain, argv);

	return pid < 0 ? -1 : tool_wait(b, pid, argv[0]);
}

int tool_tree(struct bench *b)
{
	char self[PATH_MAX], path[2 * PATH_MAX + 64], lib[PATH_MAX + 8];
	ssize_t n;

	if (bench_tools(b) != 0)
		return -1;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return bench_fail(b, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	snprintf(tree, sizeof(tree), "%.*s/tools", PATH_MAX - 16, dirname(dirname(self)));
	if (access(tree, X_OK) != 0)
		return bench_skip(b, "no tree of packages here (hv-compare/machine/tools)");
	snprintf(path, sizeof(path), "%s/bin:%s", tree, getenv("PATH"));
	snprintf(lib, sizeof(lib), "%s/lib", tree);
	if (setenv("PATH", path, 1) != 0 || setenv("LD_LIBRARY_PATH", lib, 1) != 0)
		return bench_fail(b, "setenv: %s", strerror(errno));
	return 0;
}

const char *tool_file(const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	return path;
}

bool log_has(const char *log, const char *word)
{
	bool found = false;
	char line[512];
	FILE *f = fopen(log, "re");

	while (f && fgets(line, sizeof(line), f))
		found |= strstr(line, word) != NULL;
	if (f)
		fclose(f);
	return found;
}
