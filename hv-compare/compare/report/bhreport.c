// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bhreport: from the records of a run to something a person can read.
 *
 * A report is a pure function of the records and the options: no clock, no
 * environment, a fixed seed.  Nothing is printed before the input has been
 * read and judged as a whole, so a bad file leaves no half report behind.
 */
#include "many.h"
#include "out.h"
#include "published.h"
#include "share.h"

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXIT_USAGE 2

/* Percentiles at 2.5 % need some hundred draws; 1e6 is minutes, not better. */
#define MIN_RESAMPLES 100
#define MAX_RESAMPLES 1000000
#define MIN_WIDTH 60
#define MAX_WIDTH 400

static const struct command {
	const char *name;
	int files;
	void (*print)(const struct analysis *a, FILE *f);
	const char *help;
} commands[] = {
	{ "table", 1, out_table, "terminal table" },
	{ "html", 1, out_html, "one self-contained HTML page" },
	{ "summary", 1, out_summary, "summary.jsonl: one cell per line" },
	{ "csv", 1, out_csv, "every cell as comma separated values" },
	{ "markdown", 1, out_markdown, "tables to paste into an issue" },
	{ "diff", 2, NULL, "what changed from the first run to the second" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void usage(FILE *f)
{
	fputs("usage: bhreport COMMAND [OPTION]... RUN.jsonl [RUN2.jsonl]\n"
	      "Turn the records of a comparison run into a report on standard output.\n\n"
	      "commands:\n",
	      f);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\noptions:\n"
	      "  --baseline SIDE     compare with SIDE (default native-up, else native-smp)\n"
	      "  --boot-resamples N  bootstrap resamples (default 10000)\n"
	      "  --width COLUMNS     width of the terminal table (default: the terminal, else 100)\n"
	      "  --ascii             plain ASCII\n"
	      "  --beside RUN.jsonl  table, html: show a run with another accel beside it\n"
	      "  --share, --many (scale), --isolate, --macro, --macro-net, --web, --web-net RUN.jsonl\n"
	      "                      table, html (last four: csv, markdown): show that run, too\n"
	      "  --published FILE    table, html: published figures of this file, not our own\n"
	      "  --help              this text\n"
	      "\nexample: bhreport html out/results/RUN/run.jsonl > out/report/index.html\n",
	      f);
}

static int number(const char *opt, const char *arg, long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(arg, &end, 10);
	if (errno || !*arg || *end || *out < min || *out > max) {
		complain("%s: \"%s\" is not a number from %ld to %ld", opt, arg, min, max);
		return -1;
	}
	return 0;
}

static int terminal_width(void)
{
	struct winsize ws;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col >= MIN_WIDTH)
		return ws.ws_col < 120 ? ws.ws_col : 120;
	return 100;
}

static int finish(FILE *f)
{
	if (fflush(f) || ferror(f)) {
		complain("cannot write the report: %s", strerror(errno));
		return 1;
	}
	return 0;
}

/* Is this a run of the experiment share alone?  It has no baseline to analyse. */
static bool share_alone(const struct run *r, const struct share *s)
{
	return s->n_case && s->n_case == r->n_bench;
}

/* Such a run: only its shares. */
static int share_only(const struct command *cmd, const struct share *s, const struct options *opt)
{
	if (cmd->print == out_table)
		share_table(s, stdout, opt->width, opt->ascii);
	else if (cmd->print == out_summary)
		share_summary(s, stdout);
	else {
		complain("%s: a run of the experiment share has a table and a summary only", cmd->name);
		fputs("hint: 'bhreport html --share' shows it beside another run\n", stderr);
		return 1;
	}
	return finish(stdout);
}

int main(int argc, char **argv)
{
	enum { BASELINE = 256, RESAMPLES, WIDTH, ASCII, BESIDE, SHARE, MANY, ISOLATE, PUBLISHED, HELP, EXTRA };
	static const struct option longopts[] = {
		{ "baseline", required_argument, NULL, BASELINE },
		{ "boot-resamples", required_argument, NULL, RESAMPLES },
		{ "width", required_argument, NULL, WIDTH },
		{ "ascii", no_argument, NULL, ASCII },
		{ "beside", required_argument, NULL, BESIDE },
		{ "share", required_argument, NULL, SHARE },
		{ "many", required_argument, NULL, MANY },
		{ "isolate", required_argument, NULL, ISOLATE },
		{ "macro", required_argument, NULL, EXTRA + EXTRA_MACRO },
		{ "macro-net", required_argument, NULL, EXTRA + EXTRA_MACRO_NET },
		{ "web", required_argument, NULL, EXTRA + EXTRA_WEB },
		{ "web-net", required_argument, NULL, EXTRA + EXTRA_WEB_NET },
		{ "published", required_argument, NULL, PUBLISHED },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	struct options opt = { .resamples = 10000 };
	const struct command *cmd = NULL;
	struct analysis *a[3 + N_EXTRA] = { NULL };
	struct run *r[3 + N_EXTRA] = { NULL }, *sr[MAX_SHARE] = { NULL };
	struct share *s[MAX_SHARE] = { NULL };
	const char *share_file[MAX_SHARE], *many_file = NULL, *published_file = NULL;
	const char *extra_file[N_EXTRA] = { NULL };
	const char *isolate_file[2];
	struct run *mr = NULL, *ir[2] = { NULL };
	struct many *many = NULL, *isolate[2] = { NULL };
	struct publist *published = NULL;
	int c, n_share = 0, n_isolate = 0, ret = 1;
	long n;

	/* Only to learn whether the terminal shows UTF-8; numbers stay plain. */
	setlocale(LC_CTYPE, "");
	opt.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		switch (c) {
		case BASELINE:
			opt.baseline = optarg;
			break;
		case RESAMPLES:
			if (number("--boot-resamples", optarg, MIN_RESAMPLES, MAX_RESAMPLES, &n))
				return EXIT_USAGE;
			opt.resamples = (size_t)n;
			break;
		case WIDTH:
			if (number("--width", optarg, MIN_WIDTH, MAX_WIDTH, &n))
				return EXIT_USAGE;
			opt.width = (int)n;
			break;
		case ASCII:
			opt.ascii = true;
			break;
		case BESIDE:
			opt.beside = optarg;
			break;
		case SHARE:
			if (n_share == MAX_SHARE) {
				complain("--share: at most %d", MAX_SHARE);
				return EXIT_USAGE;
			}
			share_file[n_share++] = optarg;
			break;
		case MANY:
			many_file = optarg;
			break;
		case ISOLATE:
			if (n_isolate == 2) {
				complain("--isolate: at most 2");
				return EXIT_USAGE;
			}
			isolate_file[n_isolate++] = optarg;
			break;
		case EXTRA + EXTRA_MACRO:
		case EXTRA + EXTRA_MACRO_NET:
		case EXTRA + EXTRA_WEB:
		case EXTRA + EXTRA_WEB_NET:
			extra_file[c - EXTRA] = optarg;
			break;
		case PUBLISHED:
			published_file = optarg;
			break;
		case HELP:
			usage(stdout);
			return finish(stdout);
		case ':':
			complain("%s needs a value", argv[optind - 1]);
			return EXIT_USAGE;
		default:
			complain("unknown option \"%s\"", argv[optind - 1]);
			fputs("hint: see 'bhreport --help'\n", stderr);
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, argv[0]))
			cmd = &commands[i];
	if (!cmd) {
		complain("unknown command \"%s\"", argv[0]);
		fputs("hint: see 'bhreport --help'\n", stderr);
		return EXIT_USAGE;
	}
	if (argc - 1 != cmd->files) {
		complain("%s needs %d %s, not %d", cmd->name, cmd->files, cmd->files == 1 ? "file" : "files",
			 argc - 1);
		return EXIT_USAGE;
	}
	if (!opt.width)
		opt.width = terminal_width();

	for (int i = 0; i < cmd->files; i++) {
		struct share *own;
		bool alone;

		r[i] = run_read(argv[1 + i]);
		if (!r[i])
			goto out;
		own = share_make(r[i]);
		alone = share_alone(r[i], own);
		if (alone)
			ret = share_only(cmd, own, &opt);
		share_free(own);
		if (alone)
			goto out;
		a[i] = analyse(r[i], &opt);
		if (!a[i])
			goto out;
	}
	if (opt.beside) {
		r[2] = run_read(opt.beside);
		if (!r[2])
			goto out;
		if (r[2]->accel == r[0]->accel) {
			complain("--beside: %s has accel %s, too: it shows another way of counting", opt.beside,
				 accel_name(r[2]->accel));
			goto out;
		}
		a[2] = analyse(r[2], &opt);
		if (!a[2])
			goto out;
		a[0]->beside = a[2];
	}
	for (int i = 0; i < n_share; i++) {
		sr[i] = run_read(share_file[i]);
		if (!sr[i])
			goto out;
		s[i] = share_make(sr[i]);
		if (!s[i]->n_case) {
			complain("--share: %s is no run of the experiment share", share_file[i]);
			goto out;
		}
		a[0]->share[i] = s[i];
		a[0]->n_share = i + 1;
	}
	if (many_file) {
		mr = run_read(many_file);
		if (!mr)
			goto out;
		many = many_make(mr);
		if (!many->n_size && !many->n_hog) {
			complain("--many: %s is no run of the experiment scale", many_file);
			goto out;
		}
		a[0]->many = many;
	}
	for (int i = 0; i < n_isolate; i++) {
		ir[i] = run_read(isolate_file[i]);
		if (!ir[i])
			goto out;
		isolate[i] = many_make(ir[i]);
		if (!isolate[i]->n_hog) {
			complain("--isolate: %s is no run of the experiment isolate", isolate_file[i]);
			goto out;
		}
		a[0]->isolate[i] = isolate[i];
		a[0]->n_isolate = i + 1;
	}
	for (int i = 0; i < N_EXTRA; i++) {
		const char *file = extra_file[i], *name = extra_info[i].name;
		struct analysis *x;

		if (!file)
			continue;
		r[3 + i] = run_read(file);
		if (!r[3 + i])
			goto out;
		x = a[3 + i] = analyse(r[3 + i], &opt);
		if (!x)
			goto out;
		if (!x->tally[x->base][extra_info[i].group].rows) {
			complain("--%s: %s is no run of the experiment %s", name, file, name);
			goto out;
		}
		a[0]->extra[i] = x;
	}
	published = published_read(published_file);
	if (!published)
		goto out;
	a[0]->published = published;
	for (int i = 0; i < N_EXTRA; i++)
		if (a[3 + i])
			a[3 + i]->published = published;
	if (cmd->print) {
		cmd->print(a[0], stdout);
		ret = finish(stdout);
	} else if (!out_diff(a[0], a[1], stdout)) {
		ret = finish(stdout);
	}
out:
	for (int i = 0; i < 3 + N_EXTRA; i++) {
		analysis_free(a[i]);
		run_free(r[i]);
	}
	for (int i = 0; i < n_share; i++) {
		share_free(s[i]);
		run_free(sr[i]);
	}
	published_free(published);
	many_free(many);
	run_free(mr);
	for (int i = 0; i < 2; i++) {
		many_free(isolate[i]);
		run_free(ir[i]);
	}
	return ret;
}
