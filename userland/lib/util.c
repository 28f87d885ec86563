// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory, errors, words, and what every child of ours does. */

#include <limits.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"

static void out_of_memory(void)
{
	static const char text[] = "libvctx: out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	_exit(VCTX_FAILED);
}

void *vx_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *vx_realloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *vx_strdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		out_of_memory();
	return p;
}

char *vx_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	return s;
}

void vctx_err_clear(struct vctx_err *err)
{
	int saved = errno;

	if (!err)
		return;
	free(err->msg);
	free(err->hint);
	memset(err, 0, sizeof(*err));
	errno = saved;
}

static void fill(struct vctx_err *err, int code, int errnum, const char *hint,
		 const char *fmt, va_list ap)
{
	char *msg;

	if (!err)
		return;
	if (vasprintf(&msg, fmt, ap) < 0)
		out_of_memory();
	vctx_err_clear(err);
	err->code = code;
	err->errnum = errnum;
	if (errnum) {
		err->msg = vx_printf("%s: %s", msg, strerror(errnum));
		free(msg);
	} else {
		err->msg = msg;
	}
	err->hint = hint ? vx_strdup(hint) : NULL;
}

int vx_fail(struct vctx_err *err, int code, const char *hint,
	    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, 0, hint, fmt, ap);
	va_end(ap);
	return -1;
}

int vx_fail_errno(struct vctx_err *err, int code, const char *hint,
		  const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, saved, hint, fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

/* Edit distance with swaps of neighbours, for short words. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 48 };
	size_t d[MAX + 1][MAX + 1];
	size_t n = strlen(a), m = strlen(b), i, j;

	if (n > MAX || m > MAX)
		return SIZE_MAX;
	for (i = 0; i <= n; i++)
		d[i][0] = i;
	for (j = 0; j <= m; j++)
		d[0][j] = j;
	for (i = 1; i <= n; i++) {
		for (j = 1; j <= m; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *vctx_closest(const char *word, const char *const *list, size_t n)
{
	/* Further away than a third of the word is a different word. */
	size_t best = strlen(word) / 3 + 1;
	const char *found = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		size_t d = distance(word, list[i]);

		if (d < best) {
			best = d;
			found = list[i];
		}
	}
	return found;
}

/*
 * One record is at most PIPE_BUF bytes, so it arrives whole or not at all even
 * when the writer is killed.
 */
struct record {
	int code;
	int errnum;
	char msg[1024];
	char hint[512];
};

_Static_assert(sizeof(struct record) <= PIPE_BUF, "must be one atomic write");

void vx_err_send(int fd, const struct vctx_err *err)
{
	struct record r;
	ssize_t n;

	memset(&r, 0, sizeof(r));
	r.code = err->code;
	r.errnum = err->errnum;
	snprintf(r.msg, sizeof(r.msg), "%s", err->msg ? err->msg : "");
	snprintf(r.hint, sizeof(r.hint), "%s", err->hint ? err->hint : "");
	/* If the parent is gone nobody is left to be told. */
	n = write(fd, &r, sizeof(r));
	(void)n;
}

void vx_err_move(struct vctx_err *to, struct vctx_err *from)
{
	if (to) {
		vctx_err_clear(to);
		*to = *from;
		memset(from, 0, sizeof(*from));
	} else {
		vctx_err_clear(from);
	}
}

int vx_err_recv(int fd, struct vctx_err *err)
{
	struct record r;
	size_t have = 0;

	while (have < sizeof(r)) {
		ssize_t n = read(fd, (char *)&r + have, sizeof(r) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (have == 0)
		return 0;
	if (have < sizeof(r)) {
		vx_fail(err, VCTX_FAILED, NULL, "a helper process was cut off");
		return 1;
	}
	r.msg[sizeof(r.msg) - 1] = '\0';
	r.hint[sizeof(r.hint) - 1] = '\0';
	vx_fail(err, r.code, r.hint[0] ? r.hint : NULL, "%s", r.msg);
	if (err)
		err->errnum = r.errnum;
	return 1;
}

char **vx_environment(char *const *more)
{
	static char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/root";
	static char kind[] = "container=vctx";
	static char term_buf[80];
	const char *term = getenv("TERM");
	size_t n = 0, i, k;
	char **env;

	while (more && more[n])
		n++;
	env = vx_alloc((n + 5) * sizeof(*env));
	k = 0;
	env[k++] = path;
	env[k++] = home;
	env[k++] = kind;
	if (term && strlen(term) < 64) {
		snprintf(term_buf, sizeof(term_buf), "TERM=%s", term);
		env[k++] = term_buf;
	}
	for (i = 0; i < n; i++) {
		const char *eq = strchr(more[i], '=');
		size_t len = eq ? (size_t)(eq - more[i]) + 1 : strlen(more[i]);
		size_t j;

		/* The caller's value replaces a default of the same name. */
		for (j = 0; j < k; j++)
			if (!strncmp(env[j], more[i], len))
				break;
		env[j] = more[i];
		if (j == k)
			k++;
	}
	env[k] = NULL;
	return env;
}

void vx_exec(char *const *argv, char **env, struct vctx_err *err)
{
	struct stat st;
	int code;

	/* The path is searched with the context's PATH, not with ours. */
	environ = env;
	execvp(argv[0], argv);
	code = errno == ENOENT || errno == ENOTDIR ? VCTX_NOTFOUND
						   : VCTX_INVOKE;
	if (errno == ENOENT && strchr(argv[0], '/') && !stat(argv[0], &st)) {
		errno = ENOENT;
		vx_fail_errno(err, code,
			      "the file is there: its interpreter or loader (first line, or ELF loader) is not",
			      "%s", argv[0]);
		return;
	}
	vx_fail_errno(err, code, NULL, "%s", argv[0]);
}

int vx_session(bool terminal)
{
	/* A child that was just forked leads no group, so this can only work. */
	if (setsid() < 0)
		return -1;
	return terminal ? ioctl(STDIN_FILENO, TIOCSCTTY, 0) : 0;
}

int vx_keyring_new(void)
{
	/* ENOSYS: there are no keys. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS)
		return -1;
	return 0;
}

void vx_signals_default(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);	/* KILL and STOP refuse, rightly */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

#ifdef VCTX_TEST
int vx_fail_point(const char *step)
{
	const char *at = getenv("VCTX_FAIL_AT");
	size_t len = strlen(step);

	if (!at || strncmp(at, step, len))
		return 0;
	if (!strcmp(at + len, ":kill")) {
		raise(SIGKILL);
		_exit(VCTX_FAILED);
	}
	if (!strcmp(at + len, ":stop"))
		raise(SIGSTOP);
	if (at[len])
		return 0;
	errno = EIO;
	return -1;
}
#endif

const char *vctx_lib_version(void)
{
	return VCTX_VERSION;
}
