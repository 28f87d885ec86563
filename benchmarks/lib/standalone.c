// SPDX-License-Identifier: GPL-2.0-or-later
/* For programs that are no tables of rows and have a main() of their own. */
#include "internal.h"

int env_standalone(const char *name, const struct bench_opts *opts)
{
	const struct bench_program program = {
		.name = name,
		.cc = "gcc " __VERSION__,
		.cflags = BENCH_CFLAGS,
	};
	struct bench_host host = { .cpu = -1 };

	if (clock_choose() != 0)
		return 1;
	clock_find_tick(&host);
	return env_print(&program, opts, &host) == 0 ? 0 : 1;
}
