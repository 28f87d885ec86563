// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx: the table of verbs, the options, and nothing else. */

#include <getopt.h>
#include <stdarg.h>

#include "cli.h"

const struct verb verbs[] = {
	{ "create", NULL, "life", "NAME [-f FILE | --root DIR] [-s KEY=VALUE]... [--start]",
	  "Make a context: an id, a configuration file and a record.",
	  "  -f FILE         read the configuration from FILE (- for standard input)\n"
	  "  --root DIR      its root directory\n"
	  "  -s KEY=VALUE    set a key of vctx.conf(5), as in context.hostname=web\n"
	  "  --start         start it, too\n"
	  "  --dry-run       print what would be done\n"
	  "Example:\n"
	  "  vctx create web1 --root /srv/web1 -s context.hostname=web1 --start\n",
	  OPT_FILE | OPT_ROOT | OPT_SET | OPT_START | OPT_DRY_RUN | OPT_QUIET,
	  1, 1, false, false, cmd_create },
	{ "start", NULL, "life", "NAME | --all",
	  "Start a context in the background.",
	  "  --all           start every context with autostart = yes\n"
	  "  -e NAME=VALUE   add to the environment of its init\n"
	  "  --dry-run       print the plan\n"
	  "The output of its init goes to /var/log/vctx/NAME.log.\n",
	  OPT_ALL | OPT_DRY_RUN | OPT_QUIET | OPT_ENV, 0, 1, false, false,
	  cmd_start },
	{ "stop", NULL, "life", "NAME [--timeout TIME] [--kill]",
	  "Stop a context: its stop signal, then SIGKILL after the timeout.",
	  "  --timeout TIME  how long to wait before SIGKILL (default 10s)\n"
	  "  --kill          SIGKILL at once\n"
	  "Stopping a stopped context is no error.\n",
	  OPT_TIMEOUT | OPT_KILL | OPT_QUIET | OPT_DRY_RUN, 1, 1, false, false,
	  cmd_stop },
	{ "delete", "rm", "life", "NAME [--force] [--if-exists]",
	  "Delete what create made; the root directory stays.",
	  "  --force         stop it first, without waiting\n"
	  "  --if-exists     no error when there is no such context\n",
	  OPT_FORCE | OPT_IF_EXISTS | OPT_QUIET | OPT_DRY_RUN, 1, 1, false,
	  false, cmd_delete },
	{ "run", NULL, "life", "[--rm] NAME [-f FILE | --root DIR] [-s KEY=VALUE]...\n                -- CMD [ARG]...",
	  "Start a context with CMD as its init, in the foreground.",
	  "  --rm            leave nothing behind afterwards\n"
	  "  -f, --root, -s  as for create; a context that exists uses its own file\n"
	  "  -e NAME=VALUE   add to the environment of CMD\n"
	  "  --dry-run       print the plan\n"
	  "The exit code is that of CMD, 125 to 127 when it could not be run.\n"
	  "Example:\n"
	  "  vctx run --rm try1 --root /srv/web1 -- /bin/sh -c 'hostname; ps ax'\n",
	  OPT_RM | OPT_FILE | OPT_ROOT | OPT_SET | OPT_ENV | OPT_DRY_RUN |
	  OPT_QUIET, 1, 1, true, true, cmd_run },
	{ "wait", NULL, "life", "NAME [--state stopped|running] [--timeout TIME]",
	  "Wait until a context is stopped (or running).",
	  "  --state STATE   what to wait for (default stopped)\n"
	  "  --timeout TIME  give up after this; exit code 124\n",
	  OPT_STATE | OPT_TIMEOUT | OPT_QUIET, 1, 1, false, false, cmd_wait },
	{ "exec", NULL, "use", "NAME [-e NAME=VALUE]... -- CMD [ARG]...",
	  "Run a command in a running context.",
	  "  -e NAME=VALUE   add to its environment\n"
	  "The exit code is that of CMD, 125 to 127 when it could not be run.\n"
	  "Example:\n"
	  "  vctx exec web1 -- ps ax\n",
	  OPT_ENV | OPT_QUIET, 1, 1, true, true, cmd_exec },
	{ "enter", NULL, "use", "NAME",
	  "Open a shell in a running context.", "",
	  OPT_ENV | OPT_QUIET, 1, 1, false, true, cmd_enter },
	{ "kill", NULL, "use", "NAME [SIGNAL] [--all | --pid PID]",
	  "Send a signal (SIGTERM) to the init of a context.",
	  "  --all           to every process of the context\n"
	  "  --pid PID       to one process, by its number on the host\n",
	  OPT_ALL | OPT_PID | OPT_QUIET | OPT_DRY_RUN, 1, 2, false, false,
	  cmd_kill },
	{ "list", "ls", "see", "[--json] [-q] [--no-header]",
	  "List the contexts.",
	  "  --json          one array of objects\n"
	  "  -q              names only\n"
	  "  --no-header     no header line\n",
	  OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 0, false, false, cmd_list },
	{ "status", NULL, "see", "NAME [--json]",
	  "Tell about one context, for people.", "",
	  OPT_JSON | OPT_QUIET, 1, 1, false, false, cmd_status },
	{ "show", NULL, "see", "NAME [--json | --config]",
	  "Tell about one context, for programs.",
	  "  --json          one object, as in list\n"
	  "  --config        its effective configuration, as create -f reads it\n",
	  OPT_JSON | OPT_CONFIG | OPT_QUIET, 1, 1, false, false, cmd_show },
	{ "ps", NULL, "see", "NAME | --all [--json] [-q] [--no-header]",
	  "List the processes of a context, or of all.",
	  "  --all           of every context\n"
	  "  -q              process numbers only\n",
	  OPT_ALL | OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 1, false, false,
	  cmd_ps },
	{ "running", NULL, "see", "NAME",
	  "Exit 0 when a context runs, 1 when not; print nothing.", "",
	  OPT_QUIET, 1, 1, false, false, cmd_running },
	{ "check", NULL, "host", "[--json] [-q]",
	  "Check what the kernel and the host offer.",
	  "One line each: ok or missing, what was found, why it matters.\n"
	  "The exit code is 5 when something necessary is missing.\n",
	  OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 0, false, false, cmd_check },
	{ "version", NULL, "host", "[--json]",
	  "Print the versions of vctx and of the kernel interface.", "",
	  OPT_JSON | OPT_QUIET, 0, 0, false, false, cmd_version },
	{ "help", NULL, "host", "[VERB]", "Explain vctx or one verb.", "",
	  OPT_QUIET, 0, 1, false, false, cmd_help },
	{ 0 },
};

static const struct option_row {
	struct option o;
	unsigned int bit;	/* 0: every verb has it */
} options[] = {
	{ { "json", no_argument, NULL, 'j' }, OPT_JSON },
	{ { "quiet", no_argument, NULL, 'q' }, OPT_QUIET },
	{ { "no-header", no_argument, NULL, 'n' }, OPT_NO_HEADER },
	{ { "dry-run", no_argument, NULL, 'd' }, OPT_DRY_RUN },
	{ { "force", no_argument, NULL, 'F' }, OPT_FORCE },
	{ { "rm", no_argument, NULL, 'R' }, OPT_RM },
	{ { "all", no_argument, NULL, 'a' }, OPT_ALL },
	{ { "if-exists", no_argument, NULL, 'i' }, OPT_IF_EXISTS },
	{ { "start", no_argument, NULL, 'S' }, OPT_START },
	{ { "config", no_argument, NULL, 'c' }, OPT_CONFIG },
	{ { "kill", no_argument, NULL, 'k' }, OPT_KILL },
	{ { "file", required_argument, NULL, 'f' }, OPT_FILE },
	{ { "root", required_argument, NULL, 'r' }, 0 },
	{ { "timeout", required_argument, NULL, 't' }, OPT_TIMEOUT },
	{ { "state", required_argument, NULL, 'w' }, OPT_STATE },
	{ { "pid", required_argument, NULL, 'p' }, OPT_PID },
	{ { "set", required_argument, NULL, 's' }, OPT_SET },
	{ { "env", required_argument, NULL, 'e' }, OPT_ENV },
	{ { "help", no_argument, NULL, 'h' }, 0 },
	{ { "version", no_argument, NULL, 'V' }, 0 },
};

/* Short letters a user may type; the rest are internal. */
static const char shorts[] = "qf:s:e:h";

static char **append(char **list, char *item)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	list = realloc(list, (n + 2) * sizeof(*list));
	if (!list) {
		fputs("vctx: out of memory\n", stderr);
		exit(VCTX_FAILED);
	}
	list[n] = item;
	list[n + 1] = NULL;
	return list;
}

static void vmessage(const struct cli *c, const char *name, const char *fmt,
		     va_list ap)
{
	fputs("vctx: ", stderr);
	if (c && c->verb)
		fputs(c->verb->name, stderr);
	if (c && c->verb && name)
		fprintf(stderr, " %s", name);
	if (c && c->verb)
		fputs(": ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int cli_fail(const struct cli *c, const char *name, struct vctx_err *err)
{
	int code = err->code ? err->code : VCTX_FAILED;

	fputs("vctx: ", stderr);
	if (!err->located && c->verb)
		fprintf(stderr, "%s%s%s: ", c->verb->name, name ? " " : "",
			name ? name : "");
	fprintf(stderr, "%s\n", err->msg ? err->msg : "unknown error");
	if (err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	vctx_err_clear(err);
	if (c->verb && c->verb->exec_codes && code != VCTX_INVOKE &&
	    code != VCTX_NOTFOUND)
		code = VCTX_OURS;
	else if (!(c->verb && c->verb->exec_codes) && code >= VCTX_OURS)
		code = VCTX_FAILED;
	return code;
}

int cli_usage(const struct cli *c, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmessage(c, NULL, fmt, ap);
	va_end(ap);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
	else if (c && c->verb)
		fprintf(stderr, "hint: see 'vctx help %s'\n", c->verb->name);
	else
		fputs("hint: see 'vctx help'\n", stderr);
	return c && c->verb && c->verb->exec_codes ? VCTX_OURS : VCTX_USAGE;
}

void cli_note(const struct cli *c, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vmessage(c, name, fmt, ap);
	va_end(ap);
}

int cli_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	fprintf(stderr, "vctx: cannot write the output: %s\n", strerror(errno));
	return VCTX_FAILED;
}

int cli_json(json_t *value)
{
	if (!value || json_dumpf(value, stdout, JSON_ENSURE_ASCII |
				 JSON_ENCODE_ANY)) {
		fputs("vctx: cannot write JSON\n", stderr);
		json_decref(value);
		return VCTX_FAILED;
	}
	putchar('\n');
	json_decref(value);
	return cli_flush();
}

static const struct verb *find_verb(const char *word)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		if (!strcmp(v->name, word) || (v->alias && !strcmp(v->alias, word)))
			return v;
	return NULL;
}

static int unknown_verb(const struct cli *c, const char *word)
{
	const char *names[ARRAY_SIZE(verbs)];
	char hint[64];
	const char *near;
	size_t n;

	for (n = 0; verbs[n].name; n++)
		names[n] = verbs[n].name;
	near = vctx_closest(word, names, n);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near);
	else
		snprintf(hint, sizeof(hint), "see 'vctx help'");
	return cli_usage(c, hint, "unknown verb \"%s\"", word);
}

static void help_verb(const struct verb *v)
{
	printf("%s\nUsage: vctx %s %s\n", v->summary, v->name, v->usage);
	if (v->alias)
		printf("Alias: vctx %s\n", v->alias);
	fputs(v->help, stdout);
}

static void help_all(void)
{
	static const struct {
		const char *group, *title;
	} groups[] = {
		{ "life", "Life of a context" }, { "use", "Use a context" },
		{ "see", "Look" }, { "host", "The host" },
	};
	const struct verb *v;
	size_t i;

	puts("Manage contexts: isolated Linux systems on one kernel.\n"
	     "Usage: vctx [--root DIR] VERB [OPTION]... [NAME] [-- CMD [ARG]...]");
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		printf("\n%s\n", groups[i].title);
		for (v = verbs; v->name; v++)
			if (!strcmp(v->group, groups[i].group))
				printf("  %-8s %s\n", v->name, v->summary);
	}
	puts("\n--root DIR before the verb is put before every path of vctx's own files.\n"
	     "'vctx help VERB' explains a verb.  Manual: vctx(8), vctx.conf(5).");
}

int cmd_help(struct cli *c)
{
	const struct verb *v;

	if (!c->n_args) {
		help_all();
		return cli_flush();
	}
	v = find_verb(c->args[0]);
	if (!v)
		return unknown_verb(c, c->args[0]);
	help_verb(v);
	return cli_flush();
}

/* Options of one verb; permutes like everybody's, up to "--". */
static int parse(struct cli *c, int argc, char **argv)
{
	struct option longs[ARRAY_SIZE(options) + 1];
	size_t i, n = 0;
	int ch, k;

	for (k = 1; k < argc; k++)
		if (!strcmp(argv[k], "--"))
			break;
	if (k < argc) {
		c->command = argv + k + 1;
		argc = k;
	}
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!options[i].bit || (c->verb->opts & options[i].bit))
			longs[n++] = options[i].o;
	memset(&longs[n], 0, sizeof(longs[n]));

	opterr = 0;
	optind = 0;
	/* argv[argc] must not be looked at: it may be the "--". */
	while ((ch = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		for (i = 0; i < ARRAY_SIZE(options); i++)
			if (ch == options[i].o.val && options[i].bit &&
			    !(c->verb->opts & options[i].bit))
				return cli_usage(c, NULL,
						 "unknown option \"%s\"", word);
		switch (ch) {
		case 'j': c->json = true; break;
		case 'q': c->quiet = true; break;
		case 'n': c->no_header = true; break;
		case 'd': c->dry_run = true; break;
		case 'F': c->force = true; break;
		case 'R': c->rm = true; break;
		case 'a': c->all = true; break;
		case 'i': c->if_exists = true; break;
		case 'S': c->start = true; break;
		case 'c': c->config = true; break;
		case 'k': c->kill = true; break;
		case 'f': c->file = optarg; break;
		case 't': c->timeout = optarg; break;
		case 'w': c->state = optarg; break;
		case 'p': c->pid = optarg; break;
		case 's': c->set = append(c->set, optarg); break;
		case 'e': c->env = append(c->env, optarg); break;
		case 'h': c->help = true; break;
		case 'V': return cli_usage(c, "see 'vctx version'",
					   "unknown option \"--version\"");
		case 'r':
			/* create and run have a root of their own to name */
			if (c->verb->opts & OPT_ROOT)
				c->root = optarg;
			else
				c->state_root = optarg;
			break;
		default:
			/* "--root" or "-f" at the end, without a value */
			for (i = 0; i < n; i++)
				if (longs[i].has_arg &&
				    (optopt == longs[i].val))
					return cli_usage(c, NULL,
						"option \"%s\" needs a value",
						word);
			return cli_usage(c, NULL, "unknown option \"%s\"",
					 word);
		}
	}
	for (k = optind; k < argc; k++) {
		c->args = append(c->args, argv[k]);
		c->n_args++;
	}
	return 0;
}

static int run_verb(struct cli *c)
{
	struct vctx_err err = VCTX_ERR_INIT;
	int r;

	if (c->help) {
		help_verb(c->verb);
		return cli_flush();
	}
	if (c->command && !c->verb->command)
		return cli_usage(c, NULL, "it takes no command after \"--\"");
	if (c->verb->command && (!c->command || !c->command[0]))
		return cli_usage(c, "put the command after \"--\"",
				 "no command given");
	if (c->n_args < c->verb->min_args)
		return cli_usage(c, NULL, "no name given");
	if (c->n_args > c->verb->max_args)
		return cli_usage(c, c->verb->command ?
				 "put the command after \"--\"" : NULL,
				 "unexpected \"%s\"", c->args[c->verb->max_args]);
	c->v = vctx_open(c->state_root, &err);
	if (!c->v)
		return cli_fail(c, NULL, &err);
	r = c->verb->run(c);
	vctx_close(c->v);
	return r;
}

int main(int argc, char **argv)
{
	struct cli c = { .state_root = "" };
	int i = 1, r;

	/* What stands before the verb is the same for every verb. */
	while (i < argc && argv[i][0] == '-') {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help_all();
			return cli_flush();
		} else if (!strcmp(argv[i], "--version")) {
			c.verb = find_verb("version");
			return cmd_version(&c);
		} else if (!strcmp(argv[i], "--json")) {
			c.json = true;
		} else if (!strcmp(argv[i], "-q") ||
			   !strcmp(argv[i], "--quiet")) {
			c.quiet = true;
		} else if (!strcmp(argv[i], "--no-header")) {
			c.no_header = true;
		} else if (!strcmp(argv[i], "--dry-run")) {
			c.dry_run = true;
		} else if (!strncmp(argv[i], "--root=", 7)) {
			c.state_root = argv[i] + 7;
		} else if (!strcmp(argv[i], "--root")) {
			if (!argv[++i])
				return cli_usage(NULL, NULL,
					"option \"--root\" needs a value");
			c.state_root = argv[i];
		} else {
			return cli_usage(NULL, NULL, "unknown option \"%s\"",
					 argv[i]);
		}
		i++;
	}
	if (i >= argc)
		return cli_usage(NULL, NULL, "no verb given");
	c.verb = find_verb(argv[i]);
	if (!c.verb)
		return unknown_verb(NULL, argv[i]);
	if ((c.json && !(c.verb->opts & OPT_JSON)) ||
	    (c.dry_run && !(c.verb->opts & OPT_DRY_RUN)))
		return cli_usage(&c, NULL, "unknown option \"%s\"",
				 c.json && !(c.verb->opts & OPT_JSON) ?
				 "--json" : "--dry-run");
	r = parse(&c, argc - i, argv + i);
	if (!r)
		r = run_verb(&c);
	free(c.args);
	free(c.set);
	free(c.env);
	return r;
}
