// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Another name for a context that does not run.
 *
 * What has the name is many things: the record's directory, the configuration and
 * its drop-ins, the log, the mark of the id. The record moves first, by one
 * rename(2). Before that nothing has happened; after it the context has its new
 * name, and the record, which still holds the old one, tells that the rest has to
 * follow. That survives a reboot, which the journals in /run do not; the journal
 * of the old name leads whoever uses that one next to the new one.
 *
 * A context that runs keeps its name: its control group has it, and those of the
 * unified hierarchy cannot be renamed.
 */

#include <sys/stat.h>

#include "internal.h"

char *vx_rename_from(struct vctx *v, const char *name)
{
	char *from = vx_meta_name(v, name);

	if (from && (!strcmp(from, name) || vctx_name_check(from, NULL))) {
		free(from);
		from = NULL;
	}
	return from;
}

/* Move what is there; what is not there needs not to be moved. */
static int follow(const char *from, const char *to, struct vctx_err *err)
{
	if (vx_fail_point("follow") ||
	    (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) &&
	     errno != ENOENT))
		return vx_fail_errno(err, VCTX_FAILED, "'vctx gc' ends what was begun",
				     "cannot rename %s to %s", from, to);
	return 0;
}

/* A root that is beside the record has moved with it. */
static int follow_root(struct vctx *v, const char *old, const char *name,
		       struct vctx_err *err)
{
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *was = vx_printf("%s/%s/", v->lib, old);
	vx_autofree char *key = NULL;
	struct vctx_config *cfg;
	size_t n = strlen(was);
	int r = 0;

	if (access(conf, F_OK))
		return 0;
	cfg = vctx_config_new();
	/* A configuration that cannot be read is not made worse by its name. */
	if (!vctx_config_read(cfg, conf, NULL) && cfg->root &&
	    !strncmp(cfg->root, was, n)) {
		char *set[2] = { NULL, NULL };

		key = vx_printf("context.root=%s/%s/%s", v->lib, name,
				cfg->root + n);
		set[0] = key;
		r = vx_set_keep(v, name, set, err);
	}
	vctx_config_free(cfg);
	return r;
}

int vx_rename_finish(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *old = vx_rename_from(v, name);
	vx_autofree char *from = NULL;
	vx_autofree char *to = NULL;
	vx_autofree char *from_d = NULL;
	vx_autofree char *to_d = NULL;
	vx_autofree char *from_log = NULL;
	vx_autofree char *to_log = NULL;
	vx_autofree char *lib = NULL;
	uint32_t id;

	if (!old)
		return 0;
	/* Those files are somebody else's now. */
	if (vx_exists(v, old))
		return vx_fail(err, VCTX_STATE, "give that one another name first",
			       "its renaming cannot end: there is a context \"%s\" again",
			       old);
	from = vctx_config_path(v, old);
	to = vctx_config_path(v, name);
	from_d = vx_printf("%s.d", from);
	to_d = vx_printf("%s.d", to);
	from_log = vctx_log_path(v, old);
	to_log = vctx_log_path(v, name);
	lib = vx_printf("%s/%s", v->lib, name);
	vx_drop_temporary(to_d, "90-set.conf");
	vx_drop_temporary(lib, "meta.json");
	if (follow(from, to, err) || follow(from_d, to_d, err) ||
	    follow(from_log, to_log, err) || follow_root(v, old, name, err))
		return -1;
	id = vx_meta_id(v, name);
	if (id && vx_mark_move(v->lib, id, name, err))
		return -1;
	if (vx_fail_point("renamed"))
		return vx_fail_errno(err, VCTX_FAILED,
				     "'vctx gc' ends what was begun",
				     "cannot write its record");
	return vx_meta_rename(v, name, err);
}

/* Others name it in their configurations; that cannot be changed for them. */
static int unnamed(struct vctx *v, const char *name, struct vctx_err *err)
{
	struct vctx_info **list = vctx_list(v, err);
	int r = list ? 0 : -1;
	size_t i;

	for (i = 0; !r && list[i]; i++) {
		struct vctx_config *cfg;

		if (!list[i]->config)
			continue;
		cfg = vctx_config_new();
		if (!vctx_config_read(cfg, list[i]->config, NULL) &&
		    cfg->cpu_parent && !strcmp(cfg->cpu_parent, name))
			r = vx_fail(err, VCTX_STATE,
				    "give that one another cpu.parent first",
				    "it is the cpu.parent of \"%s\"",
				    list[i]->name);
		vctx_config_free(cfg);
	}
	vctx_list_free(list);
	return r;
}

/* Nothing of the new name may be there. */
static int is_free(struct vctx *v, const char *name, struct vctx_err *err)
{
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *conf_d = vx_printf("%s.d", conf);
	vx_autofree char *log = vctx_log_path(v, name);
	const char *const paths[] = { conf, conf_d, log };
	size_t i;

	if (vx_exists(v, name))
		return vx_fail(err, VCTX_STATE, "choose another name",
			       "there is a context \"%s\" already", name);
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (!access(paths[i], F_OK))
			return vx_fail(err, VCTX_STATE, "move it out of the way",
				       "%s: File exists", paths[i]);
	return 0;
}

static int move(struct vctx *v, const char *old, const char *name,
		struct vctx_err *err)
{
	vx_autofree char *from = vx_printf("%s/%s", v->lib, old);
	vx_autofree char *to = vx_printf("%s/%s", v->lib, name);
	vx_autoclose int journal = -1;

	if (!vx_exists(v, old))
		return vx_fail(err, VCTX_NOCTX, "'vctx list' shows the contexts",
			       "no such context");
	if (vx_alive(v, old) || vx_alive(v, name))
		return vx_fail(err, VCTX_STATE, "stop it first",
			       "context \"%s\" was started meanwhile",
			       vx_alive(v, old) ? old : name);
	if (is_free(v, name, err))
		return -1;
	journal = vx_journal_open(v, old, err);
	if (journal < 0 || vx_journal_add(journal, err, "moving %s", name))
		return -1;
	/* An empty directory of the new name is nothing worth keeping. */
	if (vx_fail_point("move") || rename(from, to))
		return vx_fail_errno(err, VCTX_FAILED,
				     geteuid() ? "run as root" : NULL,
				     "cannot rename %s to %s", from, to);
	if (vx_fail_point("moved"))
		return vx_fail_errno(err, VCTX_FAILED,
				     "'vctx gc' ends what was begun",
				     "cannot rename its files");
	return vx_rename_finish(v, name, err);
}

int vctx_rename(struct vctx *v, const struct vctx_info *info, const char *name,
		struct vctx_err *err)
{
	vx_autoclose int lock = -1;
	vx_autoclose int lock_new = -1;
	int r;

	if (vctx_name_check(name, err))
		return -1;
	if (info->unmanaged || info->transient || !info->name)
		return vx_fail(err, VCTX_STATE, NULL,
			       "context was not made by vctx create");
	if (!strcmp(info->name, name))
		return vx_fail(err, VCTX_USAGE, NULL, "it has this name already");
	if (info->state != VCTX_STOPPED)
		return vx_fail(err, VCTX_STATE,
			       "stop it first: its control group cannot get another name",
			       "context is running (%u %s)", info->tasks,
			       info->tasks == 1 ? "process" : "processes");
	if (unnamed(v, info->name, err))
		return -1;
	lock = vx_lock(v, info->name, err);
	if (lock < 0)
		return -1;
	lock_new = vx_lock(v, name, err);
	if (lock_new < 0) {
		vx_state_remove(v, info->name, 0);
		return -1;
	}
	r = move(v, info->name, name, err);
	if (!r)
		vx_event(v, "renamed", name, info->id, info->name);
	/* Whoever was started meanwhile keeps its own. */
	if (!vx_alive(v, name))
		vx_state_remove(v, name, 0);
	/* Not ended: its journal leads to the new name. */
	if (!vx_alive(v, info->name) && (!r || vx_exists(v, info->name)))
		vx_state_remove(v, info->name, 0);
	return r;
}
