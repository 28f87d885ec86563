// SPDX-License-Identifier: GPL-2.0-or-later
/* For programs that are no tables of rows and have a main() of their own. */
#include <getopt.h>
#include <stdio.h>

#include "internal.h"
#include "words.h"

int standalone_usage(const char *name, const char *what, const char *arg)
{
	fprintf(stderr, "%s: %s '%s'; try '%s --help'\n", name, what, arg, name);
	return 2;
}

int standalone_option(struct standalone *s, int opt, char **argv)
{
	unsigned int pad;

	switch (opt) {
	case STANDALONE_DIR:
		s->opts.dir = optarg;
		break;
	case STANDALONE_TMPFS:
		s->opts.tmpfs = optarg;
		break;
	case STANDALONE_ENV_PAD:
		if (!word_unsigned(optarg, 0, 65536, &pad))
			return standalone_usage(s->name, "--env-pad: not a number up to 65536:",
						optarg);
		s->opts.env_pad = pad;
		break;
	case STANDALONE_LIST:
		s->list = true;
		break;
	case STANDALONE_ENV:
		s->env = true;
		break;
	case STANDALONE_HELP:
		s->help();
		return fflush(stdout) != 0;
	case ':':
		return standalone_usage(s->name, "no value for", argv[optind - 1]);
	default:
		return standalone_usage(s->name, "unknown option", argv[optind - 1]);
	}
	return -1;
}

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
