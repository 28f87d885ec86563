// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of verbs and the table of options.  Parsing, help and completion
 * all read these two and know nothing else about any verb.
 */

#include "cli.h"

const struct verb verbs[] = {
	{ "create", NULL, "life", "NAME [-f FILE] [--root DIR] [--template TEMPLATE [--copy]]\n                [-s KEY=VALUE]... [--start]",
	  "Make a context: an id, a configuration file and a record.",
	  "  -f FILE         read the configuration from FILE (- for standard input)\n"
	  "  --root DIR      its root directory\n"
	  "  --template TEMPLATE\n"
	  "                  make the root, sharing files with a template if possible;\n"
	  "                  by default /var/lib/vctx/NAME/root.  See 'vctx help template'\n"
	  "  --copy          copy every file of the template\n"
	  "  -s KEY=VALUE    set a key of vctx.conf(5), as in context.hostname=web\n"
	  "  --start         start it, too\n"
	  "  --dry-run       print what would be done\n"
	  "Example:\n"
	  "  vctx create web1 --root /srv/web1 -s context.hostname=web1 --start\n"
	  "  vctx create web2 --template debian -s memory.max=512M --start\n",
	  OPT_FILE | OPT_ROOT | OPT_SET | OPT_START | OPT_DRY_RUN | OPT_QUIET |
	  OPT_TEMPLATE | OPT_COPY,
	  1, 1, false, false, cmd_create, { ARG_NEW } },
	{ "clone", NULL, "life", "SOURCE NAME [--root DIR] [-s KEY=VALUE]... [--copy]\n                [--start]",
	  "Make a context like a stopped one, whose files it shares until one is written.",
	  "  --root DIR      its root directory (default /var/lib/vctx/NAME/root)\n"
	  "  -s KEY=VALUE    set a key of vctx.conf(5); addresses are not taken over\n"
	  "  --copy          copy every file\n"
	  "  --start         start it, too\n"
	  "  --dry-run       print what would be done\n"
	  "Files in /etc, /var and others that a guest writes to are copied anyway.\n"
	  "Sharing needs a kernel with attributes of files (CONFIG_VSERVER_FS).\n"
	  "Example:\n"
	  "  vctx clone web1 web2 -s net.address=10.0.7.12/24 --start\n",
	  OPT_ROOT | OPT_SET | OPT_COPY | OPT_START | OPT_DRY_RUN | OPT_QUIET,
	  2, 2, false, false, cmd_clone, { ARG_STOPPED, ARG_NEW } },
	{ "start", NULL, "life", "NAME | --all",
	  "Start a context in the background.",
	  "  --all           start every context with autostart = yes\n"
	  "  -e NAME=VALUE   add to the environment of its init\n"
	  "  --dry-run       print the plan\n"
	  "The output of its init goes to /var/log/vctx/NAME.log.\n",
	  OPT_ALL | OPT_DRY_RUN | OPT_QUIET | OPT_ENV, 0, 1, false, false,
	  cmd_start, { ARG_STOPPED } },
	{ "stop", NULL, "life", "NAME [--timeout TIME] [--kill]",
	  "Stop a context: its stop signal, then SIGKILL after the timeout.",
	  "  --timeout TIME  how long to wait before SIGKILL (default 10s)\n"
	  "  --kill          SIGKILL at once\n"
	  "Stopping a stopped context is no error.\n",
	  OPT_TIMEOUT | OPT_KILL | OPT_QUIET | OPT_DRY_RUN, 1, 1, false, false,
	  cmd_stop, { ARG_RUNNING } },
	{ "restart", NULL, "life", "NAME [--timeout TIME] [--kill]",
	  "Stop a context and start it again.",
	  "  --timeout TIME  how long to wait before SIGKILL (default 10s)\n"
	  "  --kill          SIGKILL at once\n"
	  "  -e NAME=VALUE   add to the environment of its init\n"
	  "  --dry-run       print what would be done\n"
	  "Its configuration is checked before it is stopped; one that is stopped is\n"
	  "only started.\n",
	  OPT_TIMEOUT | OPT_KILL | OPT_QUIET | OPT_DRY_RUN | OPT_ENV, 1, 1,
	  false, false, cmd_restart, { ARG_NAME } },
	{ "delete", "rm", "life", "NAME [--force] [--if-exists]",
	  "Delete what create made; the root directory stays.",
	  "  --force         stop it first, without waiting\n"
	  "  --if-exists     no error when there is no such context\n",
	  OPT_FORCE | OPT_IF_EXISTS | OPT_QUIET | OPT_DRY_RUN, 1, 1, false,
	  false, cmd_delete, { ARG_NAME } },
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
	  OPT_QUIET, 1, 1, true, true, cmd_run, { ARG_STOPPED } },
	{ "wait", NULL, "life", "NAME [--state stopped|running] [--timeout TIME]",
	  "Wait until a context is stopped (or running).",
	  "  --state STATE   what to wait for (default stopped)\n"
	  "  --timeout TIME  give up after this; exit code 124\n",
	  OPT_STATE | OPT_TIMEOUT | OPT_QUIET, 1, 1, false, false,
	  cmd_wait, { ARG_NAME } },
	{ "exec", NULL, "use", "NAME [-e NAME=VALUE]... -- CMD [ARG]...",
	  "Run a command in a running context.",
	  "  -e NAME=VALUE   add to its environment\n"
	  "The exit code is that of CMD, 125 to 127 when it could not be run.\n"
	  "Example:\n"
	  "  vctx exec web1 -- ps ax\n",
	  OPT_ENV | OPT_QUIET, 1, 1, true, true, cmd_exec, { ARG_RUNNING } },
	{ "enter", NULL, "use", "NAME",
	  "Open a shell in a running context.", "",
	  OPT_ENV | OPT_QUIET, 1, 1, false, true, cmd_enter, { ARG_RUNNING } },
	{ "kill", NULL, "use", "NAME [SIGNAL] [--all | --pid PID]",
	  "Send a signal (SIGTERM) to the init of a context.",
	  "  --all           to every process of the context\n"
	  "  --pid PID       to one process, by its number on the host\n",
	  OPT_ALL | OPT_PID | OPT_QUIET | OPT_DRY_RUN, 1, 2, false, false,
	  cmd_kill, { ARG_RUNNING, ARG_SIGNAL } },
	{ "set", NULL, "change", "NAME KEY=VALUE...",
	  "Change keys of a context, at once where that is possible.",
	  "  --dry-run       check, and tell what would need a restart\n"
	  "The keys are those of vctx.conf(5).  cpu.*, disk.*, exec.stop-* and\n"
	  "context.autostart take effect at once; for others it says that a restart\n"
	  "is needed.  The values are kept in /etc/vctx/NAME.conf.d/90-set.conf.\n"
	  "Example:\n"
	  "  vctx set web1 cpu.weight=200 cpu.max=150%\n"
	  "  vctx set web1 \"disk.weight=100 vdb=400\" disk.max=20M\n",
	  OPT_DRY_RUN | OPT_QUIET, 2, SIZE_MAX, false, false, cmd_set,
	  { ARG_NAME, ARG_SETTING } },
	{ "edit", NULL, "change", "NAME",
	  "Change the configuration file of a context with an editor.",
	  "The editor is $VISUAL, $EDITOR or vi.  What it leaves is checked before it\n"
	  "replaces the file; a wrong one is kept, and it says where.  What can change at\n"
	  "once does, as with set; for the rest it says that a restart is needed.  A key\n"
	  "that was changed is no longer kept from set.\n"
	  "Example:\n"
	  "  VISUAL=nano vctx edit web1\n",
	  OPT_QUIET, 1, 1, false, false, cmd_edit, { ARG_NAME } },
	{ "rename", NULL, "change", "NAME NEW",
	  "Give a stopped context another name.",
	  "Its configuration, what set has kept, its log, and a root directory beside its\n"
	  "record follow; its id stays.\n",
	  OPT_DRY_RUN | OPT_QUIET, 2, 2, false, false, cmd_rename,
	  { ARG_STOPPED, ARG_NEW } },
	{ "cp", NULL, "use", "[NAME:]SOURCE [NAME:]TARGET",
	  "Copy a file or a tree into or out of a context, running or not.",
	  "A path of a context is one as it sees it; no link of it leads out.  Into TARGET\n"
	  "when it is a directory, else as TARGET; a file is replaced, a directory never.\n"
	  "Owners, modes and times are kept; set-id bits do not come to the host, nor is\n"
	  "what is mounted in a tree copied.  Sockets, pipes and devices are refused.\n"
	  "Examples:\n"
	  "  vctx cp web1:/var/log/nginx logs-of-web1\n"
	  "  vctx cp index.html web1:/var/www/html\n",
	  OPT_DRY_RUN | OPT_QUIET, 1, 2, false, false, cmd_cp,
	  { ARG_PLACE, ARG_PLACE } },
	{ "logs", NULL, "use", "NAME [--lines N] [--follow]",
	  "Print what the init of a context has printed.",
	  "  --lines N       the last N lines only\n"
	  "  --follow        go on until the context stops\n"
	  "It is kept in /var/log/vctx/NAME.log for contexts that start has started.\n",
	  OPT_LINES | OPT_FOLLOW | OPT_QUIET, 1, 1, false, false, cmd_logs,
	  { ARG_NAME } },
	{ "pause", NULL, "use", "NAME",
	  "Hold all processes of a context until it is resumed.",
	  "They stand still as soon as they are in user mode and keep their memory.\n",
	  OPT_QUIET | OPT_DRY_RUN, 1, 1, false, false, cmd_pause,
	  { ARG_RUNNING } },
	{ "resume", NULL, "use", "NAME",
	  "Let the processes of a paused context go on.", "",
	  OPT_QUIET | OPT_DRY_RUN, 1, 1, false, false, cmd_resume,
	  { ARG_RUNNING } },
	{ "list", "ls", "see", "[--json] [-q] [--no-header]",
	  "List the contexts.",
	  "  --json          one array of objects\n"
	  "  -q              names only\n"
	  "  --no-header     no header line\n",
	  OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 0, false, false,
	  cmd_list, { 0 } },
	{ "status", NULL, "see", "NAME [--json]",
	  "Tell about one context, for people.", "",
	  OPT_JSON | OPT_QUIET, 1, 1, false, false, cmd_status, { ARG_NAME } },
	{ "show", NULL, "see", "NAME [--json | --config]",
	  "Tell about one context, for programs.",
	  "  --json          one object, as in list\n"
	  "  --config        its effective configuration, as create -f reads it\n",
	  OPT_JSON | OPT_CONFIG | OPT_QUIET, 1, 1, false, false, cmd_show, { ARG_NAME } },
	{ "ps", NULL, "see", "NAME | --all [--json] [-q] [--no-header]",
	  "List the processes of a context, or of all.",
	  "  --all           of every context\n"
	  "  -q              process numbers only\n",
	  OPT_ALL | OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 1, false, false,
	  cmd_ps, { ARG_RUNNING } },
	{ "stats", NULL, "see", "[NAME]... [--watch] [--interval TIME] [--count N]\n                  [--json] [--no-header]",
	  "Show what running contexts use of CPUs and disks, and wait for.",
	  "  --watch         again and again, each for the time since the last\n"
	  "  --interval TIME how often (default 2s)\n"
	  "  --count N       end after N times\n"
	  "  --json          an array of objects; with --watch one a line\n"
	  "Without --watch the figures are those since the start of each context.\n"
	  "SHARE% is what its weight comes to of the machine, CPU% is of one CPU, HOLD\n"
	  "time held by its limit, DELAY time spent waiting for a CPU, LAG CPU time it\n"
	  "is owed; the times are sums over its tasks.  READ and WRITTEN are bytes of\n"
	  "all disks; --json has each disk, and the shares in force there.\n",
	  OPT_JSON | OPT_WATCH | OPT_INTERVAL | OPT_COUNT | OPT_NO_HEADER |
	  OPT_QUIET, 0, SIZE_MAX, false, false, cmd_stats,
	  { ARG_RUNNING, ARG_RUNNING } },
	{ "top", NULL, "see", "[--interval TIME] [--count N]",
	  "Show the contexts that use the CPUs most, and go on showing them.",
	  "  --interval TIME how often (default 2s)\n"
	  "  --count N       end after N times\n"
	  "The columns are those of stats.  The key q leaves, any other one refreshes.\n",
	  OPT_INTERVAL | OPT_COUNT | OPT_QUIET, 0, 0, false, false, cmd_top,
	  { 0 } },
	{ "du", NULL, "see", "[NAME]... [--json] [--no-header]",
	  "Tell what the roots of contexts take of the disk.",
	  "OWN is what only this one has, SHARED what others have, too, and PART is OWN\n"
	  "with its part of SHARED: the sum of PART over all is what there is.\n"
	  "INODES are those of OWN and SHARED.  What is mounted in a root is not counted.\n"
	  "Every root is read, and that takes its time.\n",
	  OPT_JSON | OPT_NO_HEADER | OPT_QUIET, 0, SIZE_MAX, false, false, cmd_du,
	  { ARG_NAME, ARG_NAME } },
	{ "events", NULL, "see", "[NAME]... [--since TIME] [--timeout TIME] [--count N]\n                [--interval TIME] [--json]",
	  "Tell what happens to contexts, and go on telling.",
	  "  --since TIME    of the past, too: a time ago (10m) or a date (RFC 3339, UTC)\n"
	  "  --timeout TIME  end when nothing happened for so long; 0: with the past\n"
	  "  --count N       end after N events\n"
	  "  --interval TIME how often to ask the kernel (default 500ms)\n"
	  "  --json          one object a line\n"
	  "Events are created, deleted, renamed, started, stopped, exited (ended by\n"
	  "itself), paused, resumed; and limit and oom, which are told as they happen\n"
	  "and not kept.\n"
	  "Example:\n"
	  "  vctx events web1 --since 24h --timeout 0\n",
	  OPT_SINCE | OPT_TIMEOUT | OPT_COUNT | OPT_INTERVAL | OPT_JSON | OPT_QUIET,
	  0, SIZE_MAX, false, false, cmd_events, { ARG_NAME, ARG_NAME } },
	{ "running", NULL, "see", "NAME",
	  "Exit 0 when a context runs, 1 when not; print nothing.", "",
	  OPT_QUIET, 1, 1, false, false, cmd_running, { ARG_NAME } },
	{ "unify", NULL, "host", "NAME... | --all [--dry-run] [--json]",
	  "Make equal files of stopped contexts one file, until one of them writes it.",
	  "  --all           of all that do not run\n"
	  "  --dry-run       only tell what it would free\n"
	  "Equal in content, owner, mode, time and extended attributes, on the same file\n"
	  "system, and not in /etc, /var and others that a guest writes to.\n"
	  "Needs a kernel with attributes of files (CONFIG_VSERVER_FS).\n"
	  "Example:\n"
	  "  vctx unify web1 web2 web3 --dry-run\n",
	  OPT_ALL | OPT_DRY_RUN | OPT_JSON | OPT_QUIET, 0, SIZE_MAX, false, false,
	  cmd_unify, { ARG_STOPPED, ARG_STOPPED } },
	{ "template", NULL, "host", "build NAME [--suite SUITE] [--include PKG,...]\n                [--mirror URL] | build NAME --tarball FILE\n                | build NAME --directory DIR | list [--json] [-q]\n                [--no-header] | delete NAME",
	  "Make, list and delete what 'vctx create --template' makes contexts from.",
	  "  --suite SUITE   Debian release (default bookworm)\n"
	  "  --include PKG,... packages beside a small system with systemd\n"
	  "  --mirror URL    where the packages are\n"
	  "  --tarball FILE  the tree is in a tar archive\n"
	  "  --directory DIR the tree is a copy of DIR\n"
	  "A template has no machine id, host keys or host name of its own: a context makes\n"
	  "its own at its first start.  guest.conf beside its tree, in\n"
	  "/var/lib/vctx/.templates/NAME, has the keys that its contexts begin with.\n"
	  "Contexts stay as they are when their template is deleted.\n"
	  "Example:\n"
	  "  vctx template build debian --include nginx-light,openssh-server\n",
	  OPT_SOURCE | OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 2, false, false,
	  cmd_template, { ARG_ACTION, ARG_TEMPLATE } },
	{ "check", NULL, "host", "[--json] [-q]",
	  "Check what the kernel and the host offer.",
	  "One line each: ok or missing, what was found, why it matters.\n"
	  "The exit code is 5 when something necessary is missing.\n",
	  OPT_JSON | OPT_QUIET | OPT_NO_HEADER, 0, 0, false, false,
	  cmd_check, { 0 } },
	{ "doctor", NULL, "host", "NAME [--json] [-q]",
	  "Compare what the files say about a context with what the kernel says.",
	  "One line each: ok or problem, and what to do.  The exit code is 1 when there\n"
	  "is a problem.  A name of which only leavings of an interrupted command are\n"
	  "left can be examined, too.\n",
	  OPT_JSON | OPT_QUIET, 1, 1, false, false, cmd_doctor, { ARG_NAME } },
	{ "gc", NULL, "host", "[NAME] [--force] [--dry-run] [--json]",
	  "Remove what interrupted commands have left.",
	  "  --force         end contexts whose 'vctx run' was killed, too\n"
	  "  --dry-run       print what would be done\n"
	  "Prints each thing it does.  What runs or is being worked on is left alone.\n",
	  OPT_FORCE | OPT_DRY_RUN | OPT_JSON | OPT_QUIET, 0, 1, false, false,
	  cmd_gc, { ARG_NAME } },
	{ "version", NULL, "host", "[--json]",
	  "Print the versions of vctx and of the kernel interface.", "",
	  OPT_JSON | OPT_QUIET, 0, 0, false, false, cmd_version,
	  { 0 } },
	{ "help", NULL, "host", "[VERB]", "Explain vctx or one verb.", "",
	  OPT_QUIET, 0, 1, false, false, cmd_help, { ARG_VERB } },
	{ 0 },
};

const struct option_row options[] = {
	{ { "json", no_argument, NULL, 'j' }, OPT_JSON, ARG_NONE,
	  "print JSON" },
	{ { "quiet", no_argument, NULL, 'q' }, OPT_QUIET, ARG_NONE,
	  "print names only, and no remarks" },
	{ { "no-header", no_argument, NULL, 'n' }, OPT_NO_HEADER, ARG_NONE,
	  "print no header line" },
	{ { "dry-run", no_argument, NULL, 'd' }, OPT_DRY_RUN, ARG_NONE,
	  "print what would be done" },
	{ { "force", no_argument, NULL, 'F' }, OPT_FORCE, ARG_NONE,
	  "even when it runs" },
	{ { "rm", no_argument, NULL, 'R' }, OPT_RM, ARG_NONE,
	  "leave nothing behind" },
	{ { "all", no_argument, NULL, 'a' }, OPT_ALL, ARG_NONE, "all of them" },
	{ { "if-exists", no_argument, NULL, 'i' }, OPT_IF_EXISTS, ARG_NONE,
	  "no error when there is no such context" },
	{ { "start", no_argument, NULL, 'S' }, OPT_START, ARG_NONE,
	  "start it, too" },
	{ { "config", no_argument, NULL, 'c' }, OPT_CONFIG, ARG_NONE,
	  "print its configuration" },
	{ { "kill", no_argument, NULL, 'k' }, OPT_KILL, ARG_NONE,
	  "SIGKILL at once" },
	{ { "file", required_argument, NULL, 'f' }, OPT_FILE, ARG_FILE,
	  "read the configuration from a file" },
	{ { "root", required_argument, NULL, 'r' }, 0, ARG_DIR,
	  "a directory" },
	{ { "timeout", required_argument, NULL, 't' }, OPT_TIMEOUT, ARG_TIME,
	  "how long to wait" },
	{ { "state", required_argument, NULL, 'w' }, OPT_STATE, ARG_STATE,
	  "what to wait for" },
	{ { "pid", required_argument, NULL, 'p' }, OPT_PID, ARG_PID,
	  "one process" },
	{ { "set", required_argument, NULL, 's' }, OPT_SET, ARG_SETTING,
	  "set a key of the configuration" },
	{ { "env", required_argument, NULL, 'e' }, OPT_ENV, ARG_TEXT,
	  "add to the environment" },
	{ { "watch", no_argument, NULL, 'W' }, OPT_WATCH, ARG_NONE,
	  "again and again" },
	{ { "interval", required_argument, NULL, 'I' }, OPT_INTERVAL, ARG_TIME,
	  "how often" },
	{ { "count", required_argument, NULL, 'C' }, OPT_COUNT, ARG_TEXT,
	  "how many times" },
	{ { "follow", no_argument, NULL, 'G' }, OPT_FOLLOW, ARG_NONE,
	  "go on until it stops" },
	{ { "lines", required_argument, NULL, 'L' }, OPT_LINES, ARG_TEXT,
	  "the last lines only" },
	{ { "copy", no_argument, NULL, 'K' }, OPT_COPY, ARG_NONE,
	  "copy every file" },
	{ { "since", required_argument, NULL, 'N' }, OPT_SINCE, ARG_TIME,
	  "from when on" },
	{ { "template", required_argument, NULL, 'M' }, OPT_TEMPLATE, ARG_TEMPLATE,
	  "make the root from a template" },
	{ { "suite", required_argument, NULL, 'u' }, OPT_SOURCE, ARG_TEXT,
	  "a Debian release" },
	{ { "include", required_argument, NULL, 'l' }, OPT_SOURCE, ARG_TEXT,
	  "more packages" },
	{ { "mirror", required_argument, NULL, 'm' }, OPT_SOURCE, ARG_TEXT,
	  "where packages are" },
	{ { "tarball", required_argument, NULL, 'T' }, OPT_SOURCE, ARG_FILE,
	  "a tar archive with the tree" },
	{ { "directory", required_argument, NULL, 'D' }, OPT_SOURCE, ARG_DIR,
	  "a tree to copy" },
	{ { "help", no_argument, NULL, 'h' }, 0, ARG_NONE, "explain the verb" },
	{ { "version", no_argument, NULL, 'V' }, 0, ARG_NONE,
	  "print the version" },
};

const size_t n_options = ARRAY_SIZE(options);
