// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx: what stands before the verb, the verb's options, messages and help. */

#include <stdarg.h>

#include "cli.h"

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

const struct verb *cli_find_verb(const char *word)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		if (!strcmp(v->name, word) || (v->alias && !strcmp(v->alias, word)))
			return v;
	return NULL;
}

static int unknown_verb(const struct cli *c, const char *word)
{
	const char *names[64];
	char hint[64];
	const char *near;
	size_t n;

	for (n = 0; verbs[n].name && n < ARRAY_SIZE(names); n++)
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
		{ "see", "Look" }, { "change", "Change" }, { "host", "The host" },
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
	v = cli_find_verb(c->args[0]);
	if (!v)
		return unknown_verb(c, c->args[0]);
	help_verb(v);
	return cli_flush();
}

/* Options of one verb; permutes like everybody's, up to "--". */
static int parse(struct cli *c, int argc, char **argv)
{
	struct option longs[64];
	size_t i, n = 0;
	int ch, k;

	for (k = 1; k < argc; k++)
		if (!strcmp(argv[k], "--"))
			break;
	if (k < argc) {
		c->command = argv + k + 1;
		argc = k;
	}
	for (i = 0; i < n_options; i++)
		if (!options[i].bit || (c->verb->opts & options[i].bit))
			longs[n++] = options[i].o;
	memset(&longs[n], 0, sizeof(longs[n]));

	opterr = 0;
	optind = 0;
	/* argv[argc] must not be looked at: it may be the "--". */
	while ((ch = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		for (i = 0; i < n_options; i++)
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
		case 'W': c->watch = true; break;
		case 'I': c->interval = optarg; break;
		case 'C': c->count = optarg; break;
		case 'G': c->follow = true; break;
		case 'L': c->lines = optarg; break;
		case 'K': c->copy = true; break;
		case 'N': c->since = optarg; break;
		case 'M': c->template = optarg; break;
		case 'u': c->suite = optarg; break;
		case 'l': c->include = optarg; break;
		case 'm': c->mirror = optarg; break;
		case 'T': c->tarball = optarg; break;
		case 'D': c->directory = optarg; break;
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
		return cli_usage(c, NULL, !c->n_args ? "no name given" :
				 c->verb->arg[1] == ARG_NEW ?
				 "no new name given" : "no setting given");
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
	const char *base;
	int i = 1, r;

	base = strrchr(argv[0], '/');
	if (!strcmp(base ? base + 1 : argv[0], "vshelper"))
		return cmd_helper(argc - 1, argv + 1);
	/* Not a verb: shells call it, and its words may be anything. */
	if (argc > 1 && !strcmp(argv[1], "__complete"))
		return cmd_complete(argc - 2, argv + 2);
	/* What stands before the verb is the same for every verb. */
	while (i < argc && argv[i][0] == '-') {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help_all();
			return cli_flush();
		} else if (!strcmp(argv[i], "--version")) {
			c.verb = cli_find_verb("version");
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
	c.verb = cli_find_verb(argv[i]);
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
