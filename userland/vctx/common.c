// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces that several verbs share. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
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

const char *cli_state(const struct vctx_info *x)
{
	static const char *const words[] = {
		[VCTX_STOPPED] = "stopped", [VCTX_STARTING] = "starting",
		[VCTX_RUNNING] = "running",
	};

	return x->paused ? "paused" : words[x->state];
}

static json_t *number(bool known, uint64_t v)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

json_t *cli_rate(bool known, const struct vctx_disk_rate *r)
{
	char *text = known ? vctx_disk_rate_text(r) : NULL;
	json_t *j = cli_string(text);

	free(text);
	return j;
}

const char *const cli_objects[VCTX_OBJECTS] = {
	[VCTX_OBJECT_FILES] = "files",
	[VCTX_OBJECT_SOCKETS] = "sockets",
	[VCTX_OBJECT_LOCKS] = "locks",
	[VCTX_OBJECT_ADDRESS_SPACE] = "address_space",
	[VCTX_OBJECT_MESSAGE_QUEUES] = "message_queues",
	[VCTX_OBJECT_SHARED_MEMORY] = "shared_memory",
	[VCTX_OBJECT_SEMAPHORE_SETS] = "semaphore_sets",
	[VCTX_OBJECT_SEMAPHORES] = "semaphores",
};

static void add_limit(json_t *o, const char *name, bool known,
		      const struct vctx_limit *l)
{
	static const char *const parts[] = { "max", "now", "peak", "hits" };
	const uint64_t values[] = { l->max, l->now, l->peak, l->hits };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_%s", name, parts[i]);
		json_object_set_new(o, key, number(known && (i || l->have_max),
						   values[i]));
	}
}

json_t *cli_info_json(const struct vctx_info *info, const struct usage *u)
{
	json_t *o = json_object();
	json_t *addresses = json_array();
	struct vctx_limits limits;
	struct vctx_limit objects[VCTX_OBJECTS];
	bool limited = !vctx_limits(info, &limits);
	bool counted = !vctx_objects(info, objects);
	bool up = info->state != VCTX_STOPPED;
	size_t i;

	for (i = 0; i < info->n_net_addr; i++) {
		char *text = vctx_net_addr_text(&info->net_addr[i]);

		json_array_append_new(addresses, cli_string(text));
		free(text);
	}
	json_object_set_new(o, "name", cli_string(info->name));
	json_object_set_new(o, "id", number(info->id != 0, info->id));
	json_object_set_new(o, "state", json_string(cli_state(info)));
	json_object_set_new(o, "pid", number(info->pid != 0,
					     (uint64_t)info->pid));
	json_object_set_new(o, "procs", number(u || !up, u ? u->procs : 0));
	json_object_set_new(o, "tasks", number(true, info->tasks));
	json_object_set_new(o, "cpu_ns", number(u && up, u ? u->cpu_ns : 0));
	json_object_set_new(o, "mem_bytes", number(u && up, u ? u->rss : 0));
	json_object_set_new(o, "cpu_weight",
			    number(info->have_cpu, info->cpu.weight));
	json_object_set_new(o, "cpu_guarantee",
			    number(info->have_cpu, info->cpu.guarantee));
	json_object_set_new(o, "cpu_max",
			    number(info->have_cpu, info->cpu.max));
	json_object_set_new(o, "cpu_burst_ns",
			    number(info->have_cpu, info->cpu.burst));
	json_object_set_new(o, "cpu_parent",
			    number(info->cpu_parent != 0, info->cpu_parent));
	json_object_set_new(o, "disk_weight",
			    number(info->have_disk, info->disk.weight));
	json_object_set_new(o, "disk_reserve", cli_rate(info->have_disk,
							&info->disk.reserve));
	json_object_set_new(o, "disk_max", cli_rate(info->have_disk,
						    &info->disk.max));
	add_limit(o, "memory", limited, &limits.memory);
	add_limit(o, "swap", limited, &limits.swap);
	add_limit(o, "processes", limited, &limits.processes);
	for (i = 0; i < VCTX_OBJECTS; i++)
		add_limit(o, cli_objects[i], counted, &objects[i]);
	json_object_set_new(o, "oom_kills", number(limited, limits.oom_kills));
	json_object_set_new(o, "net_mode", info->have_net ?
			    json_string(vctx_net_mode_name(info->net_mode)) :
			    json_null());
	json_object_set_new(o, "addr", addresses);
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
	if (c->template)
		r = vctx_template_config(c->v, c->template, cfg, err);
	if (stored)
		*file = vctx_config_path(c->v, name);
	else if (c->file)
		*file = strdup(c->file);
	if (!r && *file)
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

int cli_set_root(struct cli *c, struct vctx_config *cfg, const char *name,
		 struct vctx_err *err)
{
	char *text;
	int r;

	if (c->root)
		r = asprintf(&text, "context.root=%s", c->root);
	else
		r = asprintf(&text, "context.root=%s/var/lib/vctx/%s/root",
			     c->state_root, name);
	if (r < 0)
		abort();
	r = vctx_config_set(cfg, text, err);
	free(text);
	return r;
}

int cli_plan_ok(struct cli *c, const char *name, const struct vctx_config *cfg,
		const char *root, struct vctx_err *err)
{
	struct vctx_plan_opts opts = { 0 };
	struct vctx_config *copy = vctx_config_new();
	char *text = vctx_config_dump(cfg), *set = NULL;
	struct vctx_plan *plan = NULL;

	if (text && asprintf(&set, "context.root=%s", root) > 0 &&
	    !vctx_config_parse(copy, "(new configuration)", text, err) &&
	    !vctx_config_set(copy, set, err))
		plan = vctx_plan_new(c->v, name, copy, &opts, err);
	vctx_plan_free(plan);
	vctx_config_free(copy);
	free(text);
	free(set);
	return plan ? 0 : -1;
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
	sigaddset(set, SIGWINCH);
}

void cli_block_signals(void)
{
	sigset_t set;

	/* A SIGCHLD that is ignored (nohup and friends) would never arrive. */
	signal(SIGCHLD, SIG_DFL);
	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int cli_pty_open(struct cli *c, struct cli_pty *pty)
{
	struct winsize ws;
	int slave, i;

	memset(pty, 0, sizeof(*pty));
	pty->master = -1;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return 0;
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->master < 0 || grantpt(pty->master) || unlockpt(pty->master) ||
	    tcgetattr(STDIN_FILENO, &pty->termios) ||
	    (slave = open(ptsname(pty->master),
			  O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "vctx: %s: cannot make a terminal: %s\n",
			c->verb->name, strerror(errno));
		return VCTX_OURS;
	}
	tcsetattr(slave, TCSANOW, &pty->termios);
	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &ws))
		ioctl(slave, TIOCSWINSZ, &ws);
	for (i = 0; i < 3; i++) {
		pty->saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		/* An stderr that was sent elsewhere stays there. */
		if (i < 2 || isatty(i))
			dup2(slave, i);
	}
	close(slave);
	pty->active = true;
	return 0;
}

void cli_pty_parent(struct cli_pty *pty, bool started)
{
	struct termios raw;
	int i;

	if (!pty->active)
		return;
	for (i = 0; i < 3; i++) {
		dup2(pty->saved[i], i);
		close(pty->saved[i]);
	}
	if (!started) {
		close(pty->master);
		pty->active = false;
		return;
	}
	raw = pty->termios;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

/* Copy once; false when there is nothing more to come. */
static bool copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf)), done = 0;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	while (done < n) {
		ssize_t w = write(to, buf + done, (size_t)(n - done));

		if (w < 0 && errno != EINTR)
			return false;
		if (w > 0)
			done += w;
	}
	return n > 0;
}

/* What the child wrote before it ended is still in the terminal. */
static void pty_close(struct cli_pty *pty)
{
	struct pollfd p = { .fd = pty->master, .events = POLLIN };

	if (!pty->active)
		return;
	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) &&
	       copy(pty->master, STDOUT_FILENO))
		;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &pty->termios);
	close(pty->master);
	pty->active = false;
}

static void got_signal(int sfd, struct cli_pty *pty, uint32_t id, pid_t target)
{
	struct signalfd_siginfo si;
	struct winsize ws;

	if (read(sfd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		return;
	if (si.ssi_signo == SIGWINCH) {
		if (pty->active && !ioctl(STDIN_FILENO, TIOCGWINSZ, &ws))
			ioctl(pty->master, TIOCSWINSZ, &ws);
		return;
	}
	/* A target that is gone meanwhile shows as the end of the child. */
	vctx_sys_kill(id, target, (int)si.ssi_signo);
}

int cli_wait_child(struct cli_pty *pty, pid_t pid, uint32_t id, pid_t target)
{
	struct pollfd p[3] = {
		{ .events = POLLIN },
		{ .fd = pty->active ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = pty->active ? pty->master : -1, .events = POLLIN },
	};
	sigset_t set;
	int status;

	signal_set(&set);
	p[0].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			break;
		if ((r < 0 && errno != EINTR) || p[0].fd < 0) {
			pty_close(pty);
			return VCTX_OURS;
		}
		if (poll(p, 3, -1) < 0)
			continue;
		if (p[0].revents)
			got_signal(p[0].fd, pty, id, target);
		if (p[1].revents && !copy(STDIN_FILENO, pty->master))
			p[1].fd = -1;
		if (p[2].revents && !copy(pty->master, STDOUT_FILENO))
			p[2].fd = -1;
	}
	close(p[0].fd);
	pty_close(pty);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
