// SPDX-License-Identifier: GPL-2.0-or-later
/* For LD_PRELOAD: execve() that makes the file $SLOW_EXEC.here and then waits
 * for $SLOW_EXEC, so that what happens between fork and exec can be tested. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int execve(const char *path, char *const argv[], char *const envp[])
{
	const char *gate = getenv("SLOW_EXEC");
	char here[512];

	if (gate) {
		snprintf(here, sizeof(here), "%s.here", gate);
		close(open(here, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		/* Ends by itself if nobody ever opens. */
		for (int i = 0; access(gate, F_OK) != 0 && i < 12000; i++)
			usleep(10000);
	}
	return (int)syscall(SYS_execve, path, argv, envp);
}
