// SPDX-License-Identifier: LGPL-2.1-or-later
/* Using and ending contexts, and looking at their processes. */

#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "internal.h"

/* What it makes is labelled as what its init makes. */
static int enter_tag(const struct vctx_info *info)
{
	uint32_t tag;

	if (!info->pid || vctx_sys_task_tag(info->pid, &tag) ||
	    vctx_sys_tag_migrate(tag))
		return !info->pid || errno == ENOSYS || errno == ESRCH ? 0 : -1;
	return 0;
}

/*
 * The network context that its init is in.  One of another tool may have no
 * init, and then tells by having the same number.
 */
static int enter_net(const struct vctx_info *info)
{
	uint32_t nid = 0;

	if (info->pid && vctx_sys_net_task(info->pid, &nid))
		return errno == ENOSYS ? 0 : -1;
	if (!info->pid && !info->unmanaged)
		nid = info->net_mode == VCTX_NET_SHARED ? info->id : 0;
	return nid ? vctx_sys_net_migrate(nid) : 0;
}

int vx_exec_in(const struct vctx_info *info, char *const *argv,
	       char *const *env, bool terminal, int out, pid_t *pid_out,
	       struct vctx_err *err)
{
	struct vctx_err e = VCTX_ERR_INIT;
	int status[2], null = -1;
	pid_t pid;

	if (info->state != VCTX_RUNNING)
		return vx_fail(err, VCTX_STATE, "start it first",
			       "context is not running");
	/* It would be held before its first instruction, and we with it. */
	if (info->paused)
		return vx_fail(err, VCTX_STATE, "'vctx resume' lets it go on",
			       "context is paused");
	if (pipe2(status, O_CLOEXEC))
		return vx_fail_errno(err, VCTX_OURS, NULL, "cannot fork");
	pid = fork();
	if (pid < 0) {
		vx_fail_errno(err, VCTX_OURS, NULL, "cannot fork");
		close(status[0]);
		close(status[1]);
		return -1;
	}
	if (!pid) {
		/*
		 * Namespaces first: once the process is a member it has lost
		 * the right to change them.
		 */
		close(status[0]);
		if (out >= 0)
			null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		/*
		 * Into its limits before anything is done on its behalf.  Its
		 * control group is not in reach of its namespaces.
		 */
		if (info->cgroup && vx_cgroup_join(info->cgroup, &e)) {
			e.code = VCTX_OURS;
			vx_err_send(status[1], &e);
			_exit(VCTX_OURS);
		}
		/* A context of another tool may have no namespaces of its own. */
		if (vctx_sys_enter_space(info->id, 0, 0) &&
		    !(info->unmanaged && errno == EINVAL)) {
			vctx_sys_error(&e, "cannot enter its namespaces");
		} else if (chdir("/")) {
			vx_fail_errno(&e, VCTX_OURS, NULL,
				      "cannot enter its root");
		} else if (out >= 0 &&
			   (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
			    dup2(out, 2) < 0)) {
			vx_fail_errno(&e, VCTX_OURS, NULL,
				      "cannot set up its console");
		} else if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)) {
			vx_fail_errno(&e, VCTX_OURS, NULL,
				      "cannot close the host's files");
		} else if (vx_session(terminal)) {
			vx_fail_errno(&e, VCTX_OURS, NULL,
				      "cannot make a session");
		} else if (!vx_same(info)) {
			errno = ESRCH;
			vctx_sys_error(&e, "cannot enter the context");
		} else if (enter_tag(info)) {
			vctx_sys_error(&e, "cannot take the label of its files");
		} else if (enter_net(info)) {
			vctx_sys_error(&e, "cannot enter its network context");
		} else if (vctx_sys_migrate(info->id, 0)) {
			vctx_sys_error(&e, "cannot enter the context");
		} else if (vx_keyring_new()) {
			vx_fail_errno(&e, VCTX_OURS, NULL,
				      "cannot make a session keyring");
		} else {
			umask(022);
			vx_signals_default();
			vx_exec(argv, vx_environment(env), &e);
		}
		/* The context ended while we were on the way. */
		if (e.code == VCTX_NOCTX)
			e.code = VCTX_STATE;
		else if (e.code == VCTX_FAILED)
			e.code = VCTX_OURS;
		vx_err_send(status[1], &e);
		_exit(VCTX_OURS);
	}
	close(status[1]);
	if (vx_err_recv(status[0], err)) {
		close(status[0]);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	close(status[0]);
	*pid_out = pid;
	return 0;
}

int vctx_exec(const struct vctx_info *info, char *const *argv,
	      char *const *env, bool terminal, pid_t *pid, struct vctx_err *err)
{
	return vx_exec_in(info, argv, env, terminal, -1, pid, err);
}

int vctx_pause(const struct vctx_info *info, bool hold, struct vctx_err *err)
{
	const char *what = hold ? "cannot pause the context"
				: "cannot resume the context";
	struct vctx_sys_cpu cpu;

	if (info->state != VCTX_RUNNING)
		return vx_fail(err, VCTX_STATE, NULL, "context is not running");
	/* Any kernel keeps the flag; only one that schedules acts on it. */
	if (vctx_sys_get_cpu(info->id, &cpu)) {
		if (errno != ENOSYS)
			return vctx_sys_error(err, what);
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not schedule contexts (CONFIG_VSERVER_SCHED); see 'vctx check'",
			"%s", what);
	}
	if (info->paused == hold)
		return vx_fail(err, VCTX_STATE, NULL, hold ?
			       "context is paused already" :
			       "context is not paused");
	if (vctx_sys_set(info->id, VCTX_WORD_CFLAGS,
			 hold ? VXF_SCHED_PAUSE : 0, VXF_SCHED_PAUSE))
		return vctx_sys_error(err, what);
	return 0;
}

int vctx_kill(const struct vctx_info *info, pid_t pid, int sig,
	      struct vctx_err *err)
{
	if (info->state == VCTX_STOPPED || !vx_same(info))
		return vx_fail(err, VCTX_STATE, NULL, "context is not running");
	/* Without an init the signal is for everybody. */
	if (pid == 1 && !info->pid)
		pid = 0;
	if (!vctx_sys_kill(info->id, pid, sig))
		return 0;
	if (errno == ESRCH && pid > 1)
		return vx_fail(err, VCTX_FAILED, "'vctx ps' shows its processes",
			       "no process %d in this context", (int)pid);
	if (errno == ESRCH)
		return vx_fail(err, VCTX_STATE, NULL, "context is not running");
	return vctx_sys_error(err, "cannot send the signal");
}

int vctx_wait_exit(uint32_t id, int64_t timeout_ms, struct vctx_sys_exit *ex,
		   struct vctx_err *err)
{
	struct {
		int errnum;
		struct vctx_sys_exit ex;
	} result = { 0 };
	struct pollfd pfd;
	struct timespec t0, now;
	int p[2], n;
	pid_t pid;

	if (ex)
		memset(ex, 0, sizeof(*ex));
	/*
	 * The call blocks without a timeout; a child makes it, so that the
	 * caller needs neither a timer signal nor a thread.
	 */
	if (pipe2(p, O_CLOEXEC))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
	pid = fork();
	if (pid < 0) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
		close(p[0]);
		close(p[1]);
		return -1;
	}
	if (!pid) {
		ssize_t w;
		int r;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		vx_signals_default();
		do
			r = vctx_sys_wait(id, &result.ex);
		while (r && errno == EINTR);
		result.errnum = r ? errno : 0;
		w = write(p[1], &result, sizeof(result));
		_exit(w == sizeof(result) ? 0 : 1);
	}
	close(p[1]);
	pfd.fd = p[0];
	pfd.events = POLLIN;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (;;) {
		int64_t left = timeout_ms;

		if (timeout_ms >= 0) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			left -= (now.tv_sec - t0.tv_sec) * 1000 +
				(now.tv_nsec - t0.tv_nsec) / 1000000;
			if (left < 0)
				left = 0;
			if (left > 3600000)
				left = 3600000;	/* poll() takes an int */
		}
		n = poll(&pfd, 1, timeout_ms < 0 ? -1 : (int)left);
		if (n > 0 || (n < 0 && errno != EINTR))
			break;
		if (n == 0 && left < 3600000)
			break;
	}
	if (n <= 0)
		kill(pid, SIGKILL);
	else if (read(p[0], &result, sizeof(result)) != sizeof(result))
		result.errnum = ECHILD;
	close(p[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return vx_fail(err, VCTX_TIMEOUT, NULL,
			       "the context still runs after the time given");
	if (result.errnum && result.errnum != ESRCH) {
		errno = result.errnum;
		return vctx_sys_error(err, "cannot wait for the context");
	}
	if (ex)
		*ex = result.ex;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/*
 * Wait until the context is gone (0) or only its init is (1, when asked for)
 * or the time is over (-1).  Polling, because a context's processes are
 * invisible to pidfd_open() here and wait_exit does not tell about init.
 */
static int wait_gone(struct vctx *v, const struct vctx_info *info,
		     uint64_t timeout_ms, bool init_only)
{
	pid_t init = info->pid;
	uint64_t end = now_ms() + timeout_ms;
	struct vctx_sys_info ki;
	long step = 100000;	/* ns; what is gone soon is not waited for long */

	for (;;) {
		struct timespec ts = { 0, step };

		if (vctx_sys_info(info->id, &ki) || !vx_same_run(v, info))
			return 0;
		if (init_only && init && (pid_t)ki.init_pid != init)
			return 1;
		if (now_ms() >= end)
			return -1;
		nanosleep(&ts, NULL);
		if (step < 20000000)
			step *= 2;
	}
}

int vctx_stop(struct vctx *v, const struct vctx_info *info,
	      uint64_t timeout_ms, bool *killed, struct vctx_err *err)
{
	/* SIGKILL needs no permission of its target, only a free CPU. */
	const uint64_t kill_ms = 30000;
	struct vctx_err e = VCTX_ERR_INIT;
	uint64_t t0 = now_ms(), spent;

	*killed = false;
	if (info->state == VCTX_STOPPED || !vx_same_run(v, info))
		goto forget;
	if (info->cpu_inside)
		return vx_fail(err, VCTX_STATE,
			       "stop them first; 'vctx list --json' tells the cpu_parent of each",
			       "%u context%s in it", info->cpu_inside,
			       info->cpu_inside > 1 ? "s are" : " is");
	if (!info->unmanaged && info->name)
		vx_note_stop(v, info->name);
	if (timeout_ms) {
		if (vctx_sys_kill(info->id, info->pid ? 1 : 0,
				  info->stop_signal)) {
			if (errno != ESRCH)
				return vctx_sys_error(err,
						      "cannot stop the context");
		}
		/* A held init cannot end; with the signal sent it is let go. */
		if (info->paused)
			vctx_sys_set(info->id, VCTX_WORD_CFLAGS, 0,
				     VXF_SCHED_PAUSE);
		switch (wait_gone(v, info, timeout_ms, true)) {
		case 0:
			goto forget;
		case 1:
			/* Init left others behind; they get their chance. */
			vctx_sys_kill(info->id, 0, SIGTERM);
			spent = now_ms() - t0;
			if (spent < timeout_ms &&
			    !wait_gone(v, info, timeout_ms - spent, false))
				goto forget;
		}
		*killed = true;
	}
	if (!vx_same_run(v, info))
		goto forget;
	if (vctx_sys_kill(info->id, 0, SIGKILL) && errno != ESRCH)
		return vctx_sys_error(err, "cannot kill the context");
	if (wait_gone(v, info, kill_ms, false))
		return vx_fail(err, VCTX_FAILED,
			       "a process may be stuck in the kernel; see 'vctx ps'",
			       "the context is still there after SIGKILL");
forget:
	if (info->unmanaged || !info->name ||
	    !vctx_forget(v, info->name, &e))
		return 0;
	/* A "run" that waited for this end works on it: it forgets it. */
	if (e.code == VCTX_STATE) {
		vctx_err_clear(&e);
		return 0;
	}
	vx_err_move(err, &e);
	return -1;
}

/* ------------------------------------------------------------------ */

/* A process as the helper sends it. */
struct row {
	struct vctx_proc p;
	char comm[64];
	char cmdline[1024];
	bool has_cmdline;
};

/* What a process calls itself must not reach a terminal as a command to it. */
static void printable(char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isprint((unsigned char)s[i]) && !(s[i] & 0x80))
			s[i] = ' ';
}

static bool read_row(pid_t pid, uint32_t want, struct row *row)
{
	char path[64];
	vx_autofree char *stat_text = NULL;
	unsigned long long ut, st, cut, cst;
	long rss, threads;
	long hz = sysconf(_SC_CLK_TCK);
	struct vctx_sys_info ki;
	struct stat sb;
	char *open_paren, *close_paren;
	char state;
	int ppid, fd;
	ssize_t n = 0;
	uint32_t id;

	if (vctx_sys_task(pid, &id) || !id || (want && id != want) || id == 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat_text = vx_read_file(path, 4096);
	if (!stat_text)
		return false;
	open_paren = strchr(stat_text, '(');
	close_paren = strrchr(stat_text, ')');
	if (!open_paren || !close_paren ||
	    sscanf(close_paren + 1,
		   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu"
		   " %llu %*d %*d %ld %*d %*u %*u %ld", &state, &ppid, &ut, &st,
		   &cut, &cst, &threads, &rss) != 8)
		return false;
	memset(row, 0, sizeof(*row));
	*close_paren = '\0';
	snprintf(row->comm, sizeof(row->comm), "%s", open_paren + 1);
	printable(row->comm, strlen(row->comm));
	row->p.pid = pid;
	row->p.guest_pid = pid;
	if (!vctx_sys_info(id, &ki) && (pid_t)ki.init_pid == pid)
		row->p.guest_pid = 1;
	row->p.ppid = ppid;
	row->p.id = id;
	row->p.state = state;
	row->p.threads = (uint32_t)threads;
	row->p.cpu_ns = (ut + st + cut + cst) * (1000000000ull / (unsigned long)hz);
	row->p.rss = (uint64_t)(rss > 0 ? rss : 0) *
		     (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (!stat(path, &sb))
		row->p.uid = sb.st_uid;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, row->cmdline, sizeof(row->cmdline) - 1);
		close(fd);
	}
	while (n > 0 && !row->cmdline[n - 1])
		n--;
	printable(row->cmdline, n > 0 ? (size_t)n : 0);
	row->cmdline[n > 0 ? n : 0] = '\0';
	row->has_cmdline = n > 0;
	return true;
}

static void send_rows(int fd, uint32_t want)
{
	DIR *h = opendir("/proc");
	struct dirent *d;
	struct row row;

	while (h && (d = readdir(h))) {
		const char *p = (const char *)&row;
		size_t left = sizeof(row);

		if (!isdigit((unsigned char)d->d_name[0]) ||
		    !read_row(atoi(d->d_name), want, &row))
			continue;
		while (left) {
			ssize_t n = write(fd, p, left);

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				_exit(1);
			p += n;
			left -= (size_t)n;
		}
	}
	if (h)
		closedir(h);
}

int vctx_procs(uint32_t id, struct vctx_proc **procs, size_t *n,
	       struct vctx_err *err)
{
	struct vctx_err e = VCTX_ERR_INIT;
	int data[2] = { -1, -1 }, status[2] = { -1, -1 };
	struct row row;
	int wstatus = 0, r = 0;
	pid_t pid;

	*procs = NULL;
	*n = 0;
	if (pipe2(data, O_CLOEXEC) || pipe2(status, O_CLOEXEC) ||
	    (pid = fork()) < 0) {
		vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
		close(data[0]);
		close(data[1]);
		close(status[0]);
		close(status[1]);
		return -1;
	}
	if (!pid) {
		vx_signals_default();
		close(data[0]);
		close(status[0]);
		/* From context 1 one sees everybody and can harm nobody. */
		if (vctx_sys_migrate(1, 0)) {
			vctx_sys_error(&e, "cannot look at the processes");
			vx_err_send(status[1], &e);
			_exit(1);
		}
		send_rows(data[1], id);
		_exit(0);
	}
	close(data[1]);
	close(status[1]);
	for (;;) {
		size_t have = 0;
		struct vctx_proc *p;

		while (have < sizeof(row)) {
			ssize_t k = read(data[0], (char *)&row + have,
					 sizeof(row) - have);

			if (k < 0 && errno == EINTR)
				continue;
			if (k <= 0)
				break;
			have += (size_t)k;
		}
		if (have < sizeof(row))
			break;
		*procs = vx_realloc(*procs, (*n + 1) * sizeof(**procs));
		p = &(*procs)[(*n)++];
		*p = row.p;
		p->comm = vx_strdup(row.comm);
		p->cmdline = row.has_cmdline ? vx_strdup(row.cmdline) : NULL;
	}
	if (vx_err_recv(status[0], err))
		r = -1;
	close(data[0]);
	close(status[0]);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	if (!r && wstatus)
		r = vx_fail(err, VCTX_FAILED, NULL,
			    "the helper that looks at processes was killed");
	if (r) {
		vctx_procs_free(*procs, *n);
		*procs = NULL;
		*n = 0;
	}
	return r;
}

void vctx_procs_free(struct vctx_proc *procs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(procs[i].comm);
		free(procs[i].cmdline);
	}
	free(procs);
}
