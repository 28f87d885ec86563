// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces that several verbs share. */

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "cli.h"

const char *cli_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "KMGTP";
	double v = (double)bytes / 1024;
	size_t i = 0;

	if (!bytes)
		return "0";
	while (v >= 1000 && units[i + 1]) {
		v /= 1024;
		i++;
	}
	snprintf(buf, size, v < 100 ? "%.1f%c" : "%.0f%c", v, units[i]);
	return buf;
}

const char *cli_duration(uint64_t ns, char *buf, size_t size)
{
	unsigned long long s = ns / 1000000000u;

	if (s >= 86400)
		snprintf(buf, size, "%llud%lluh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(buf, size, "%lluh%llum", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(buf, size, "%llum%llus", s / 60, s % 60);
	else
		snprintf(buf, size, "%llus", s);
	return buf;
}

json_t *cli_string(const char *s)
{
	json_t *j;

	if (!s)
		return json_null();
	j = json_string(s);
	/* A process may give itself a name that is no text. */
	return j ? j : json_string("?");
}

uint64_t cli_uptime_ns(const struct vctx_info *info)
{
	struct timespec ts;
	uint64_t now;

	if (!info->started_ns || clock_gettime(CLOCK_BOOTTIME, &ts))
		return 0;
	now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return now > info->started_ns ? now - info->started_ns : 0;
}

struct usage cli_usage_of(const struct vctx_proc *procs, size_t n, uint32_t id)
{
	struct usage u = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		if (procs[i].id != id)
			continue;
		u.procs++;
		u.cpu_ns += procs[i].cpu_ns;
		u.rss += procs[i].rss;
	}
	return u;
}

static const char *state_word(enum vctx_state s)
{
	static const char *const words[] = {
		[VCTX_STOPPED] = "stopped", [VCTX_STARTING] = "starting",
		[VCTX_RUNNING] = "running",
	};

	return words[s];
}

static json_t *number(bool known, uint64_t v)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

json_t *cli_info_json(const struct vctx_info *info, const struct usage *u)
{
	json_t *o = json_object();
	bool up = info->state != VCTX_STOPPED;

	json_object_set_new(o, "name", cli_string(info->name));
	json_object_set_new(o, "id", number(info->id != 0, info->id));
	json_object_set_new(o, "state", json_string(state_word(info->state)));
	json_object_set_new(o, "pid", number(info->pid != 0,
					     (uint64_t)info->pid));
	json_object_set_new(o, "procs", number(u || !up, u ? u->procs : 0));
	json_object_set_new(o, "tasks", number(true, info->tasks));
	json_object_set_new(o, "cpu_ns", number(u && up, u ? u->cpu_ns : 0));
	json_object_set_new(o, "mem_bytes", number(u && up, u ? u->rss : 0));
	/* Known to the design, not to this version: null, as promised. */
	json_object_set_new(o, "cpu_weight", json_null());
	json_object_set_new(o, "disk_weight", json_null());
	json_object_set_new(o, "addr", json_array());
	json_object_set_new(o, "started", cli_string(info->started));
	json_object_set_new(o, "uptime_ns", number(info->started_ns != 0,
						   cli_uptime_ns(info)));
	json_object_set_new(o, "root", cli_string(info->root));
	json_object_set_new(o, "created", cli_string(info->created));
	json_object_set_new(o, "config", cli_string(info->config));
	json_object_set_new(o, "transient", json_boolean(info->transient));
	json_object_set_new(o, "unmanaged", json_boolean(info->unmanaged));
	return o;
}

struct vctx_config *cli_config(struct cli *c, const char *name, bool stored,
			       char **file, struct vctx_err *err)
{
	struct vctx_config *cfg = vctx_config_new();
	size_t i;
	int r = 0;

	*file = NULL;
	if (stored)
		*file = vctx_config_path(c->v, name);
	else if (c->file)
		*file = strdup(c->file);
	if (*file)
		r = vctx_config_read(cfg, *file, err);
	if (!r && c->root) {
		char *text = NULL;

		if (asprintf(&text, "context.root=%s", c->root) < 0)
			abort();
		r = vctx_config_set(cfg, text, err);
		free(text);
	}
	for (i = 0; !r && c->set && c->set[i]; i++)
		r = vctx_config_set(cfg, c->set[i], err);
	if (r) {
		vctx_config_free(cfg);
		free(*file);
		*file = NULL;
		return NULL;
	}
	return cfg;
}

int cli_print_plan(const struct vctx_plan *plan)
{
	const char *text;
	size_t i;

	for (i = 0; (text = vctx_plan_step(plan, i)); i++)
		printf("%2zu  %s\n", i + 1, text);
	return cli_flush();
}

static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
};

static void signal_set(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	for (i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(set, forwarded[i]);
	sigaddset(set, SIGCHLD);
}

void cli_block_signals(void)
{
	sigset_t set;

	/* A SIGCHLD that is ignored (nohup and friends) would never arrive. */
	signal(SIGCHLD, SIG_DFL);
	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int cli_wait_child(pid_t pid, uint32_t id, pid_t target)
{
	sigset_t set;
	int status;

	signal_set(&set);
	for (;;) {
		siginfo_t si;
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			break;
		if (r < 0 && errno != EINTR)
			return VCTX_OURS;
		if (sigwaitinfo(&set, &si) < 0)
			continue;
		/*
		 * The terminal sends its signals to the whole foreground group,
		 * the child included; passing those on would double them.
		 */
		if (si.si_signo != SIGCHLD && si.si_code != SI_KERNEL)
			vctx_sys_kill(id, target, si.si_signo);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
