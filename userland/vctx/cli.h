/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of vctx share. */
#ifndef CLI_H
#define CLI_H

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vctx.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Everything the command line can say; a verb uses what its row allows. */
struct cli {
	const struct verb *verb;
	struct vctx *v;
	const char *state_root;
	bool json, quiet, no_header, dry_run, help;
	bool force, rm, all, if_exists, start, config, kill, watch, follow, copy;
	const char *file;		/* -f */
	const char *root;		/* --root of create and run */
	const char *timeout;
	const char *state;
	const char *pid;
	const char *interval, *count, *lines, *since;
	const char *template;		/* --template of create */
	/* what a template is made of */
	const char *suite, *include, *mirror, *tarball, *directory;
	char **set;			/* -s, NULL-terminated */
	char **env;			/* -e, NULL-terminated */
	char **args;			/* NAME and so on, NULL-terminated */
	size_t n_args;
	char **command;			/* after "--", NULL when there is none */
};

enum {
	OPT_JSON = 1 << 0, OPT_QUIET = 1 << 1, OPT_NO_HEADER = 1 << 2,
	OPT_DRY_RUN = 1 << 3, OPT_FORCE = 1 << 4, OPT_RM = 1 << 5,
	OPT_ALL = 1 << 6, OPT_IF_EXISTS = 1 << 7, OPT_START = 1 << 8,
	OPT_CONFIG = 1 << 9, OPT_KILL = 1 << 10, OPT_FILE = 1 << 11,
	OPT_ROOT = 1 << 12, OPT_TIMEOUT = 1 << 13, OPT_STATE = 1 << 14,
	OPT_PID = 1 << 15, OPT_SET = 1 << 16, OPT_ENV = 1 << 17,
	OPT_WATCH = 1 << 18, OPT_INTERVAL = 1 << 19, OPT_COUNT = 1 << 20,
	OPT_FOLLOW = 1 << 21, OPT_LINES = 1 << 22,
	OPT_SINCE = 1 << 23, OPT_COPY = 1 << 24, OPT_TEMPLATE = 1 << 25,
	OPT_SOURCE = 1 << 26,	/* of a template, all of them */
};

/* What a word on the command line is; completion offers words by it. */
enum arg {
	ARG_NONE,
	ARG_NEW,		/* a name that has only a configuration file */
	ARG_NAME,		/* any context */
	ARG_STOPPED,
	ARG_RUNNING,
	ARG_SIGNAL,
	ARG_SETTING,		/* section.key=value */
	ARG_VERB,
	ARG_FILE, ARG_DIR,
	ARG_STATE, ARG_TIME, ARG_PID, ARG_TEXT,
	ARG_PLACE,		/* a path, or NAME:PATH */
	ARG_ACTION,		/* of template */
	ARG_TEMPLATE,
};

struct verb {
	const char *name;
	const char *alias;
	const char *group;
	const char *usage;	/* after "vctx NAME " */
	const char *summary;	/* one sentence, the first line of the help */
	const char *help;	/* options and examples */
	unsigned int opts;
	size_t min_args, max_args;
	bool command;		/* takes "-- CMD" */
	bool exec_codes;	/* exit codes 125 to 127 */
	int (*run)(struct cli *c);
	enum arg arg[2];	/* the second is that of all later ones */
};

extern const struct verb verbs[];	/* ends with a name of NULL */

struct option_row {
	struct option o;
	unsigned int bit;	/* 0: every verb has it */
	enum arg value;		/* of its value, if it takes one */
	const char *what;
};

extern const struct option_row options[];
extern const size_t n_options;

/* By name or alias; NULL when there is none. */
const struct verb *cli_find_verb(const char *word);

int cmd_check(struct cli *c);
/* The words after "vctx __complete". */
int cmd_complete(int n, char **words);
int cmd_clone(struct cli *c);
int cmd_cp(struct cli *c);
int cmd_create(struct cli *c);
int cmd_delete(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_du(struct cli *c);
int cmd_edit(struct cli *c);
int cmd_enter(struct cli *c);
int cmd_events(struct cli *c);
int cmd_exec(struct cli *c);
int cmd_gc(struct cli *c);
int cmd_help(struct cli *c);
/* The words after "vshelper". */
int cmd_helper(int n, char **words);
int cmd_kill(struct cli *c);
int cmd_list(struct cli *c);
int cmd_logs(struct cli *c);
int cmd_pause(struct cli *c);
int cmd_ps(struct cli *c);
int cmd_rename(struct cli *c);
int cmd_restart(struct cli *c);
int cmd_resume(struct cli *c);
int cmd_run(struct cli *c);
int cmd_running(struct cli *c);
int cmd_set(struct cli *c);
int cmd_show(struct cli *c);
int cmd_start(struct cli *c);
int cmd_stats(struct cli *c);
int cmd_status(struct cli *c);
int cmd_stop(struct cli *c);
int cmd_template(struct cli *c);
int cmd_top(struct cli *c);
int cmd_unify(struct cli *c);
int cmd_version(struct cli *c);
int cmd_wait(struct cli *c);

/* Print an error about "name" (may be NULL), release it, give the exit code. */
int cli_fail(const struct cli *c, const char *name, struct vctx_err *err);
/* Same for an error of the command line itself. */
int cli_usage(const struct cli *c, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A remark that is no error; silent with -q. */
void cli_note(const struct cli *c, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Print one JSON value, release it; the exit code. */
int cli_json(json_t *value);
/* Flush stdout; a full disk must not look like success. */
int cli_flush(void);

/* "61.2M", "2d3h", and the JSON of "null when unknown". */
const char *cli_size(uint64_t bytes, char *buf, size_t size);
const char *cli_duration(uint64_t ns, char *buf, size_t size);
json_t *cli_string(const char *s);
/* "running", "paused", "starting" or "stopped". */
const char *cli_state(const struct vctx_info *x);
uint64_t cli_uptime_ns(const struct vctx_info *info);

/* What the processes of a context add up to. */
struct usage {
	size_t procs;
	uint64_t cpu_ns;
	uint64_t rss;
};

struct usage cli_usage_of(const struct vctx_proc *procs, size_t n, uint32_t id);
/* The object of "list --json" for one context; u may be NULL. */
/* "20M", or null when it is not known. */
json_t *cli_rate(bool known, const struct vctx_disk_rate *r);
/* Names of what the kernel counts, by enum vctx_object. */
extern const char *const cli_objects[VCTX_OBJECTS];
json_t *cli_info_json(const struct vctx_info *info, const struct usage *u);

/*
 * Configuration of a context: -f or its file (when "stored"), then --root, then
 * -s.  *file is where it came from, or NULL; released by the caller.
 */
struct vctx_config *cli_config(struct cli *c, const char *name, bool stored,
			       char **file, struct vctx_err *err);
/* context.root becomes --root or /var/lib/vctx/NAME/root. */
int cli_set_root(struct cli *c, struct vctx_config *cfg, const char *name,
		 struct vctx_err *err);
/*
 * Could a context be started that has this configuration?  Its root is not there yet:
 * the one that it is made from is looked at.
 */
int cli_plan_ok(struct cli *c, const char *name, const struct vctx_config *cfg,
		const char *root, struct vctx_err *err);
/* Print the steps of a plan. */
int cli_print_plan(const struct vctx_plan *plan);
/*
 * A pseudo-terminal between ours and the one in the context, when stdin and
 * stdout are terminals: what runs inside must not get hold of ours.
 * cli_pty_open() puts it in the place of stdin, stdout and stderr until
 * cli_pty_parent() is called after the fork.
 */
struct cli_pty {
	bool active;
	int master;
	int saved[3];
	struct termios termios;
};

int cli_pty_open(struct cli *c, struct cli_pty *pty);
/* started: the child runs; false puts everything back. */
void cli_pty_parent(struct cli_pty *pty, bool started);
/*
 * Wait for a child in context "id" and pass signals on to "target" (1: init).
 * Returns the exit code to use.
 */
int cli_wait_child(struct cli_pty *pty, pid_t pid, uint32_t id, pid_t target);
/* Signals meant for the child must not end us first: call before forking. */
void cli_block_signals(void);

/* Start a stored context; shared by start and create --start. */
int cli_start_one(struct cli *c, const char *name);

#endif /* CLI_H */
