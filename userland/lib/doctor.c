// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What interrupted commands leave: explained (examine) and put right (gc).
 *
 * A command that is killed can leave, by the order in which commands work:
 * in /run the directory of the name with lock, state and journal, and the mark
 * of its id; in the root directory the mount points that the journal lists; in
 * /var/lib the mark of an id and a directory without a record; in /etc the
 * configuration that create wrote.  A "run" that is killed after "go" leaves
 * its context running.  Nothing is left in the kernel before that: the child
 * does not outlive its parent then.  What a build of a template can leave is
 * in a directory of its own, see template.c.
 */

#include <dirent.h>

#include "internal.h"

struct report {
	struct vctx_finding *v;
	size_t n;
};

static void add(struct report *r, bool problem, bool gc, const char *fix,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void add(struct report *r, bool problem, bool gc, const char *fix,
		const char *fmt, ...)
{
	struct vctx_finding *f;
	va_list ap;

	r->v = vx_realloc(r->v, (r->n + 1) * sizeof(*r->v));
	f = &r->v[r->n++];
	f->problem = problem;
	f->gc = gc;
	f->fix = fix ? vx_strdup(fix) : NULL;
	va_start(ap, fmt);
	if (vasprintf(&f->text, fmt, ap) < 0)
		f->text = NULL;
	va_end(ap);
	if (!f->text)
		f->text = vx_strdup("out of memory");
}

void vctx_findings_free(struct vctx_finding *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(list[i].text);
		free(list[i].fix);
	}
	free(list);
}

/* Id reserved for a name in /var/lib or /run; 0: none. */
static uint32_t id_of(const char *base, const char *name)
{
	vx_autofree char *dir = vx_printf("%s/.ids", base);
	DIR *h = opendir(dir);
	struct dirent *d;
	uint32_t found = 0;

	while (h && !found && (d = readdir(h))) {
		char *end;
		unsigned long id = strtoul(d->d_name, &end, 10);
		vx_autofree char *owner = NULL;

		if (end == d->d_name || *end || id > VX_XID_MAX)
			continue;
		owner = vx_marked(base, (uint32_t)id);
		if (owner && !strcmp(owner, name))
			found = (uint32_t)id;
	}
	if (h)
		closedir(h);
	return found;
}

static bool is_empty(const char *dir)
{
	DIR *h = opendir(dir);
	struct dirent *d;
	bool empty = h != NULL;

	while (h && (d = readdir(h)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			empty = false;
	if (h)
		closedir(h);
	return empty;
}

/* A context of this name that the kernel has and our files do not; 0: none. */
static uint32_t lost(struct vctx *v, const char *name)
{
	struct vctx_info **list = vctx_list(v, NULL);
	uint32_t id = 0;
	size_t i;

	for (i = 0; list && list[i]; i++)
		if (list[i]->unmanaged && list[i]->name &&
		    !strcmp(list[i]->name, name))
			id = list[i]->id;
	vctx_list_free(list);
	return id;
}

static void examine_files(struct vctx *v, const char *name, struct report *r)
{
	vx_autofree char *conf = vctx_config_path(v, name);
	vx_autofree char *owner = NULL;
	struct vctx_err e = VCTX_ERR_INIT;
	struct vctx_config *cfg = vctx_config_new();
	vx_autofree char *from = vx_rename_from(v, name);
	uint32_t id = vx_meta_id(v, name);

	if (from) {
		vx_autofree char *fix = vx_printf("end its renaming from \"%s\"",
						  from);

		add(r, true, true, fix, "its renaming was interrupted");
		vctx_config_free(cfg);
		return;
	}
	if (vctx_config_read(cfg, conf, &e))
		add(r, true, false, "correct it, or delete the context",
		    "its configuration cannot be used: %s", e.msg);
	else if (!cfg->root || access(cfg->root, X_OK))
		add(r, true, false, "'vctx-mkroot DIR' makes a root directory",
		    "its root %s is not there", cfg->root ? cfg->root : "(none)");
	else
		add(r, false, false, NULL, "its configuration is %s", conf);
	vctx_err_clear(&e);
	vctx_config_free(cfg);
	if (!id)
		return;
	owner = vx_marked(v->lib, id);
	if (!owner)
		add(r, true, true, "reserve it", "its id %u is not reserved", id);
	else if (strcmp(owner, name))
		add(r, true, false, "give one of them another id",
		    "its id %u belongs to \"%s\"", id, owner);
}

/* What was changed in the configuration since the start. */
static void examine_changes(struct vctx *v, const char *name, struct report *r)
{
	vx_autofree char *path = vctx_running_config_path(v, name);
	vx_autofree char *conf = vctx_config_path(v, name);
	struct vctx_config *was = vctx_config_new(), *is = vctx_config_new();
	size_t n = 0, i;

	while (vctx_config_key(n))
		n++;
	if (!vctx_config_read(was, path, NULL) &&
	    !vctx_config_read(is, conf, NULL)) {
		vx_autofree bool *want = vx_alloc(n * sizeof(*want));

		for (i = 0; i < n; i++) {
			vx_autofree char *a = NULL;
			vx_autofree char *b = NULL;

			memset(want, 0, n * sizeof(*want));
			want[i] = true;
			a = vx_config_dump_keys(was, want);
			b = vx_config_dump_keys(is, want);
			if (a && b && strcmp(a, b))
				add(r, false, false, NULL,
				    "%s was changed since it was started",
				    vctx_config_key(i)->name);
		}
	}
	vctx_config_free(was);
	vctx_config_free(is);
}

static void examine_running(struct vctx *v, const struct vctx_info *x,
			    struct report *r)
{
	vx_autofree char *stop = vx_printf("'vctx stop %s'", x->name);
	vx_autofree char *both =
		vx_printf("'vctx stop %s' or 'vctx gc --force %s' ends it",
			  x->name, x->name);

	if (x->pid)
		add(r, false, false, NULL, "it runs as context %u, its init is process %d",
		    x->id, (int)x->pid);
	else
		add(r, true, false, stop,
		    "it runs as context %u, its init has ended and %u tasks are left",
		    x->id, x->tasks);
	if (x->paused)
		add(r, false, false, NULL, "it is paused");
	if (x->orphan)
		add(r, true, false, both,
		    "the 'vctx run' that waited for its end (process %d) is gone",
		    (int)x->owner);
	if (!x->transient)
		examine_changes(v, x->name, r);
}

static void say_finding(void *arg, const char *name, const char *text)
{
	struct report *r = arg;

	(void)name;
	add(r, true, true, text, "an interrupted command left something");
}

/* Leavings of a name that does not run. */
static void examine_stopped(struct vctx *v, const char *name, struct report *r)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	struct vx_say say = { say_finding, r };
	struct vx_state *st;
	size_t undone = 0;
	uint32_t id;

	id = lost(v, name);
	if (id) {
		vx_autofree char *fix = vx_printf("'vctx delete %u --force' ends it",
						  id);

		add(r, true, false, fix,
		    "the kernel has a context %u of this name that is in none of our records",
		    id);
	}
	if (!access(dir, F_OK)) {
		vx_autofree char *fix = vx_printf("remove %s", dir);

		st = vx_state_read(v, name);
		if (st && st->running)
			add(r, true, true, fix,
			    "it has ended, and the record of its start is left");
		else if (st)
			add(r, true, true, fix, "a start was interrupted");
		else
			add(r, true, true, fix, "a command was interrupted");
		vx_state_free(st);
		undone = vx_journal_undo(v, name, false, &say);
	} else {
		id = id_of(v->run, name);
		if (id)
			add(r, true, true, "free it",
			    "the id %u is marked as running", id);
	}
	/* What the journal knows of was told already. */
	if (!vx_exists(v, name) && !undone) {
		vx_autofree char *lib = vx_printf("%s/%s", v->lib, name);

		id = id_of(v->lib, name);
		if (id)
			add(r, true, true, "free it",
			    "the id %u is reserved without a record", id);
		if (is_empty(lib))
			add(r, true, true, "remove it",
			    "%s is empty and belongs to no context", lib);
	}
}

static void examine_template(void *arg, const char *name, bool working,
			     const char *dir)
{
	vx_autofree char *fix = vx_printf("remove %s", dir);

	if (working)
		add(arg, false, false, NULL, "another vctx is working on the template \"%s\"",
		    name);
	else
		add(arg, true, true, fix, "a build or removal of the template \"%s\" was interrupted",
		    name);
}

int vctx_examine(struct vctx *v, const char *name_or_id,
		 struct vctx_finding **list, size_t *n, struct vctx_err *err)
{
	struct vctx_err e = VCTX_ERR_INIT;
	struct vctx_info *x = vctx_find(v, name_or_id, &e);
	struct report r = { 0 };
	const char *name = x ? x->name : name_or_id;

	if (!x && (e.code != VCTX_NOCTX || vctx_name_check(name, NULL))) {
		vx_err_move(err, &e);
		return -1;
	}
	if (x && x->unmanaged) {
		add(&r, false, false, NULL,
		    "the kernel has it as context %u; it was not made by vctx",
		    x->id);
	} else if (vx_locked(v, name)) {
		add(&r, false, false, NULL, "another vctx is working on it");
	} else {
		if (vx_exists(v, name))
			examine_files(v, name, &r);
		if (x && x->state == VCTX_RUNNING)
			examine_running(v, x, &r);
		else
			examine_stopped(v, name, &r);
	}
	if (!x || !x->unmanaged)
		vx_template_gc(v, name, false, examine_template, &r);
	vctx_info_free(x);
	if (!r.n) {
		vx_err_move(err, &e);
		return -1;
	}
	vctx_err_clear(&e);
	*list = r.v;
	*n = r.n;
	return 0;
}

/* ------------------------------------------------------------------ */

struct gc {
	struct vctx *v;
	bool force, commit;
	struct vx_say say;
	long n;
};

static void did(struct gc *g, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void did(struct gc *g, const char *name, const char *fmt, ...)
{
	vx_autofree char *text = NULL;
	va_list ap;

	g->n++;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text && g->say.fn)
		g->say.fn(g->say.arg, name, text);
}

static void gc_lib(struct gc *g, const char *name)
{
	struct vctx *v = g->v;
	vx_autofree char *lib = vx_printf("%s/%s", v->lib, name);
	uint32_t id = vx_meta_id(v, name);
	vx_autofree char *owner = id ? vx_marked(v->lib, id) : NULL;

	if (vx_exists(v, name)) {
		vx_autofree char *from = vx_rename_from(v, name);

		if (from) {
			if (!g->commit || !vx_rename_finish(v, name, NULL))
				did(g, name, "end its renaming from \"%s\"", from);
			return;
		}
		if (id && !owner) {
			if (g->commit)
				vx_mark(v->lib, id, name, NULL);
			did(g, name, "reserve the context id %u", id);
		}
		return;
	}
	id = id_of(v->lib, name);
	if (id) {
		if (g->commit)
			vx_unmark(v->lib, id, name);
		did(g, name, "free the context id %u", id);
	}
	if (is_empty(lib)) {
		if (g->commit)
			rmdir(lib);
		did(g, name, "remove %s, which is empty", lib);
	}
}

/* A name that does not run; the lock is held. */
static void gc_stopped(struct gc *g, const char *name, bool had_dir)
{
	struct vctx *v = g->v;
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	struct vx_state *st = vx_state_read(v, name);
	uint32_t id = id_of(v->run, name);
	size_t undone = 0;

	if (had_dir) {
		undone = vx_journal_undo(v, name, g->commit,
					 g->say.fn ? &g->say : NULL);
		g->n += (long)undone;
		did(g, name, "remove %s: %s", dir, st && st->running ?
		    "the context has ended" : "a command was interrupted");
	} else if (id) {
		did(g, name, "free the context id %u", id);
	}
	vx_state_free(st);
	if (g->commit && had_dir)
		vx_note_end(v, name);
	/* What would be undone is still there, and was told already. */
	if (g->commit || !undone)
		gc_lib(g, name);
	/* The directory is there now in any case, for the lock. */
	if (g->commit || !had_dir)
		vx_state_remove(v, name, g->commit ? id : 0);
}

static int gc_one(struct gc *g, const char *name, struct vctx_err *err)
{
	struct vctx *v = g->v;
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	struct vctx_err e = VCTX_ERR_INIT;
	struct vctx_info *x;
	bool had_dir, killed;
	int lock;

	if (vx_locked(v, name))
		return 0;
	x = vctx_find(v, name, &e);
	vctx_err_clear(&e);
	if (x && x->state == VCTX_RUNNING) {
		int r = 0;

		if (x->orphan && g->force) {
			did(g, name, "end it: the 'vctx run' that waited for it (process %d) is gone",
			    (int)x->owner);
			if (g->commit)
				r = vctx_stop(v, x, x->stop_timeout_ms, &killed,
					      err);
		}
		vctx_info_free(x);
		gc_lib(g, name);
		return r;
	}
	vctx_info_free(x);
	had_dir = !access(dir, F_OK);
	lock = vx_lock_untidied(v, name, &e);
	if (lock < 0) {
		/* Somebody came first: nothing to do; else say why not. */
		if (e.code == VCTX_STATE) {
			vctx_err_clear(&e);
			return 0;
		}
		vx_err_move(err, &e);
		return -1;
	}
	/* Started since we looked: nothing is left over. */
	if (!vx_alive(v, name))
		gc_stopped(g, name, had_dir);
	close(lock);
	return 0;
}

static void gc_template(void *arg, const char *name, bool working, const char *dir)
{
	if (!working)
		did(arg, name, "remove %s: a build or removal of a template was interrupted",
		    dir);
}

struct names {
	char **v;
	size_t n;
};

static void name_add(struct names *l, const char *name)
{
	size_t i;

	if (vctx_name_check(name, NULL))
		return;
	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], name))
			return;
	l->v = vx_realloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = vx_strdup(name);
}

/* Names of directories, and of whom the ids belong to. */
static void names_below(struct names *l, const char *base)
{
	vx_autofree char *ids = vx_printf("%s/.ids", base);
	struct dirent *d;
	DIR *h;

	h = opendir(base);
	while (h && (d = readdir(h)))
		name_add(l, d->d_name);
	if (h)
		closedir(h);
	h = opendir(ids);
	while (h && (d = readdir(h))) {
		char *end;
		unsigned long id = strtoul(d->d_name, &end, 10);
		vx_autofree char *owner = NULL;

		if (end == d->d_name || *end || id > VX_XID_MAX)
			continue;
		owner = vx_marked(base, (uint32_t)id);
		if (owner)
			name_add(l, owner);
	}
	if (h)
		closedir(h);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

long vctx_gc(struct vctx *v, const char *name, bool force, bool commit,
	     void (*say)(void *arg, const char *name, const char *text),
	     void *arg, struct vctx_err *err)
{
	struct gc g = { .v = v, .force = force, .commit = commit,
			.say = { say, arg } };
	struct names l = { 0 };
	size_t i;
	int r = 0;

	if (access(v->run, R_OK | X_OK) && errno != ENOENT)
		return vx_fail_errno(err, VCTX_FAILED,
				     geteuid() ? "run as root" : NULL,
				     "cannot read %s", v->run);
	names_below(&l, v->lib);
	names_below(&l, v->run);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	for (i = 0; i < l.n; i++) {
		if (!r && (!name || !strcmp(name, l.v[i])))
			r = gc_one(&g, l.v[i], err);
		free(l.v[i]);
	}
	free(l.v);
	if (!r && vx_template_gc(v, name, commit, gc_template, &g))
		r = vx_fail_errno(err, VCTX_FAILED, NULL,
				  "cannot remove what is left of a template");
	return r ? -1 : g.n;
}
