// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of test_web.sh that is not for a shell: see there. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webtest.h"

static int failed;

void check(bool ok, const char *text, const char *fmt, ...)
{
	va_list ap;

	if (ok) {
		printf("PASS %s\n", text);
	} else {
		failed = 1;
		printf("FAIL %s: ", text);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(what, "units") == 0)
		units();
	else if (argc == 3 && strcmp(what, "conformance") == 0)
		conformance(argv[2]);
	else if (argc == 3 && strcmp(what, "impatient") == 0)
		impatient(argv[2]);
	else if (argc == 4 && strcmp(what, "crowded") == 0)
		crowded(argv[2], (unsigned int)atoi(argv[3]));
	else if (argc == 4 && strcmp(what, "lingering") == 0)
		lingering(argv[2], argv[3]);
	else if (argc == 5 && strcmp(what, "fuzz") == 0)
		fuzz(argv[2], strtoull(argv[3], NULL, 10),
		     strtoull(argv[4], NULL, 10));
	else if (argc == 4 && strcmp(what, "misbehave") == 0)
		return misbehave((uint32_t)atoi(argv[2]),
				 (uint32_t)atoi(argv[3]));
	else {
		fprintf(stderr,
			"usage: webtest units | conformance ADDR | impatient ADDR | crowded ADDR MAX | lingering ADDR GATE | fuzz ADDR SEED COUNT | misbehave AFTER MS\n");
		return 2;
	}
	return failed;
}
