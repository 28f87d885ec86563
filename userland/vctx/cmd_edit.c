// SPDX-License-Identifier: GPL-2.0-or-later
/* vctx edit: the configuration file of a context, with an editor. */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli.h"

#define TEXT_MAX	(1U << 20)

/* Whole file as text, NULL with errno. */
static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n;

	if (!f)
		return NULL;
	text = calloc(1, TEXT_MAX + 1);
	if (!text)
		abort();
	n = fread(text, 1, TEXT_MAX, f);
	if (ferror(f) || !feof(f) || strlen(text) != n) {
		errno = ferror(f) ? EIO : feof(f) ? EILSEQ : EFBIG;
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static int spill(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t w = write(fd, text, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		text += w;
		n -= (size_t)w;
	}
	return 0;
}

/* An editor may be words, as in "code --wait"; so everybody's shell runs it. */
static int run_editor(const char *name, const char *path)
{
	const char *editor = getenv("VISUAL");
	char *line;
	int status = 0;
	pid_t pid;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (!editor || !*editor)
		editor = "vi";
	if (asprintf(&line, "%s \"$1\"", editor) < 0)
		abort();
	/* ^C is the editor's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execl("/bin/sh", "sh", "-c", line, "vctx-edit", path, NULL);
		_exit(127);
	}
	free(line);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	fprintf(stderr, "vctx: edit %s: the editor %s failed, nothing is changed\n",
		name, editor);
	return VCTX_FAILED;
}

static int apply(struct cli *c, const struct vctx_info *info, const char *text)
{
	struct vctx_err err = VCTX_ERR_INIT;
	char *later = NULL, *key, *save = NULL;

	if (vctx_edit(c->v, info, text, true, &later, &err))
		return cli_fail(c, info->name, &err);
	for (key = later ? strtok_r(later, " ", &save) : NULL; key;
	     key = strtok_r(NULL, " ", &save))
		cli_note(c, info->name, "%s takes effect when it is restarted",
			 key);
	free(later);
	return 0;
}

int cmd_edit(struct cli *c)
{
	const char *name = c->args[0];
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_info *info = vctx_find(c->v, name, &err);
	char tmp[] = "/tmp/vctx-edit.XXXXXX";
	char *conf = NULL, *before = NULL, *after = NULL, *now = NULL;
	int fd, r = VCTX_FAILED;

	if (!info)
		return cli_fail(c, name, &err);
	if (info->unmanaged || info->transient || !info->name) {
		fprintf(stderr, "vctx: edit %s: context has no configuration file\n",
			name);
		vctx_info_free(info);
		return VCTX_STATE;
	}
	conf = vctx_config_path(c->v, info->name);
	before = slurp(conf);
	if (!before) {
		fprintf(stderr, "vctx: edit %s: cannot read %s: %s\n", name,
			conf, strerror(errno));
		goto out;
	}
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0 || spill(fd, before)) {
		fprintf(stderr, "vctx: edit %s: cannot write %s: %s\n", name,
			tmp, strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(tmp);
		}
		goto out;
	}
	close(fd);
	r = run_editor(name, tmp);
	if (r) {
		unlink(tmp);
		goto out;
	}
	r = VCTX_FAILED;
	after = slurp(tmp);
	now = slurp(conf);
	if (!after) {
		fprintf(stderr, "vctx: edit %s: cannot read %s: %s\n", name,
			tmp, strerror(errno));
		goto out;
	}
	if (!strcmp(before, after)) {
		cli_note(c, name, "nothing was changed");
		unlink(tmp);
		r = 0;
	} else if (!now || strcmp(before, now)) {
		fprintf(stderr, "vctx: edit %s: %s was changed meanwhile\n"
			"hint: what you wrote is in %s\n", name, conf, tmp);
		r = VCTX_STATE;
	} else {
		r = apply(c, info, after);
		if (r)
			fprintf(stderr, "hint: nothing is changed; what you wrote is in %s\n",
				tmp);
		else
			unlink(tmp);
	}
out:
	free(conf);
	free(before);
	free(after);
	free(now);
	vctx_info_free(info);
	return r;
}
