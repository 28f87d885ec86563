// SPDX-License-Identifier: GPL-2.0
/*
 * The helper program of the reboot tests: appends its arguments and
 * environment to DIR/log, sleeps and ends as DIR/mode says ("CODE MS"). The
 * kernel starts it without any context of the test, so DIR is fixed.
 */
#include <stdio.h>
#include <unistd.h>

#define DIR "/run/vshelper-test"

int main(int argc, char **argv, char **env)
{
	FILE *log = fopen(DIR "/log", "a"), *mode = fopen(DIR "/mode", "r");
	int code = 0, ms = 0;

	if (!log || !mode || fscanf(mode, "%d %d", &code, &ms) != 2)
		return 99;
	fprintf(log, "argc=%d", argc);
	for (int i = 1; i < argc; i++)
		fprintf(log, " %s", argv[i]);
	fprintf(log, "\n");
	for (; *env; env++)
		fprintf(log, "%s\n", *env);
	fprintf(log, "uid=%d euid=%d xid=%ld\n", getuid(), geteuid(),
		syscall(236, 0x2e010000, 0, (void *)0));
	if (fflush(log))
		return 98;
	usleep(ms * 1000);
	fprintf(log, "end\n");
	return fclose(log) ? 98 : code;
}
