/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libvctx share.  Names start with vx_: not exported. */
#ifndef VCTX_INTERNAL_H
#define VCTX_INTERNAL_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserver.h>

#include "vctx.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Released at the end of the block, on every way out of it. */
#define vx_autofree	__attribute__((__cleanup__(vx_cleanup_free)))
#define vx_autoclose	__attribute__((__cleanup__(vx_cleanup_close)))

static inline void vx_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void vx_cleanup_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

/*
 * Memory: a short-lived tool cannot do anything useful without it, so running
 * out ends the program with a message that needs no memory.
 */
void *vx_alloc(size_t n);
void *vx_realloc(void *p, size_t n);
char *vx_strdup(const char *s);
char *vx_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* All return -1, so that "return vx_fail(...)" reads well. */
int vx_fail(struct vctx_err *err, int code, const char *hint,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Appends ": <text of errno>". */
int vx_fail_errno(struct vctx_err *err, int code, const char *hint,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

struct vctx {
	char *etc;	/* PREFIX/etc/vctx */
	char *lib;	/* PREFIX/var/lib/vctx */
	char *run;	/* PREFIX/run/vctx */
	char *log;	/* PREFIX/var/log/vctx */
};

/* What /run/vctx/NAME/state.json holds. */
struct vx_state {
	uint32_t id;
	pid_t pid;
	uint64_t pid_start;	/* clock ticks after boot, tells reused pids */
	uint64_t started_ns;
	pid_t owner;		/* a vctx that waits for its end, or 0 */
	uint64_t owner_start;
	bool running;		/* false: being started */
	bool transient;
	char *started;
	char *config;
	char *root;
	int stop_signal;
	uint64_t stop_timeout_ms;
};

/* state.c */
int vx_mkdirs(const char *path, mode_t mode, struct vctx_err *err);
char *vx_read_file(const char *path, size_t max);
int vx_write_atomic(const char *dir, const char *base, const char *text,
		    mode_t mode, struct vctx_err *err);
/*
 * Take the lock of a context, making its run-time directory.  Returns a file
 * descriptor that holds it; VCTX_STATE when somebody else has it.
 */
int vx_lock(struct vctx *v, const char *name, struct vctx_err *err);
/* The same, leaving what an interrupted command left to the caller. */
int vx_lock_untidied(struct vctx *v, const char *name, struct vctx_err *err);
bool vx_locked(struct vctx *v, const char *name);
/* Id marks below v->lib or v->run: whose it is (NULL: nobody's), set, remove. */
char *vx_marked(const char *base, uint32_t id);
int vx_mark(const char *base, uint32_t id, const char *name,
	    struct vctx_err *err);
void vx_unmark(const char *base, uint32_t id, const char *name);
int vx_state_write(struct vctx *v, const char *name, const struct vx_state *st,
		   struct vctx_err *err);
/* NULL with errno ENOENT when there is none of this boot. */
struct vx_state *vx_state_read(struct vctx *v, const char *name);
void vx_state_free(struct vx_state *st);
/* Remove /run/vctx/NAME and its id mark.  The lock must be held. */
void vx_state_remove(struct vctx *v, const char *name, uint32_t id);
/* Choose an id: the wanted one or (0) a free one; mark it as ours in /run. */
int vx_id_take(struct vctx *v, const char *name, uint32_t want, uint32_t *id,
	       struct vctx_err *err);
/*
 * As vctx_create(), with something to make first: "make" can add to the journal
 * what has to be undone.
 */
int vx_create_with(struct vctx *v, const char *name, struct vctx_config *cfg,
		   const char *file, int (*make)(void *arg, int journal,
						 struct vctx_err *err),
		   void *arg, struct vctx_err *err);
/* Id a created context has, 0 when it has none. */
uint32_t vx_meta_id(struct vctx *v, const char *name);
bool vx_exists(struct vctx *v, const char *name);
/* Name that is in its record: another one while it is being renamed; or NULL. */
char *vx_meta_name(struct vctx *v, const char *name);
/* Put the name that its record is found by into it, and what follows from that. */
int vx_meta_rename(struct vctx *v, const char *name, struct vctx_err *err);
/* Give an id that is reserved to another name, at once. */
int vx_mark_move(const char *base, uint32_t id, const char *name,
		 struct vctx_err *err);
/* Does the kernel have the context this name was last started as? */
bool vx_alive(struct vctx *v, const char *name);
/*
 * Does the id still belong to the context that was looked up?  Ids are used
 * again, those of transient contexts at once.
 */
bool vx_same(const struct vctx_info *info);
/* ... and is it still the same run of it? */
bool vx_same_run(struct vctx *v, const struct vctx_info *info);
/* A context that runs is told to stop; its end is no surprise then. */
void vx_note_stop(struct vctx *v, const char *name);
/* Tell of the end of one that does not run any more, and forget that it ran. */
void vx_note_end(struct vctx *v, const char *name);
/* event.c: tell those who watch; what may be NULL. Keeps errno. */
void vx_event(struct vctx *v, const char *event, const char *name, uint32_t id,
	      const char *what);
char *vx_now(void);
uint64_t vx_boottime_ns(void);
/* Start time of a process in clock ticks, 0 when it is not there. */
uint64_t vx_proc_start(pid_t pid);

/* config.c: as vctx_config_dump(), only the keys (by number) with want[key]. */
char *vx_config_dump_keys(const struct vctx_config *cfg, const bool *want);
/* Was the key given anywhere, or has it its default? */
bool vx_config_is_set(const struct vctx_config *cfg, size_t key);
/* Number of the key that "section.key=value" sets; vctx_config_key() of it is
 * NULL when there is none. */
size_t vx_config_find_key(const char *assignment);
/* The file alone, without its drop-ins. */
int vx_config_read_file(struct vctx_config *cfg, const char *file,
			struct vctx_err *err);
/*
 * As vctx_config_read(), had the file this text (NULL: its own) and its drop-in of
 * this name (NULL: none) that one.
 */
int vx_config_read_as(struct vctx_config *cfg, const char *file,
		      const char *text, const char *drop_in,
		      const char *drop_in_text, struct vctx_err *err);
/* Give cfg the value that a key has in "from". */
int vx_config_take(struct vctx_config *cfg, const struct vctx_config *from,
		   size_t key, struct vctx_err *err);
/* journal.c: what has to be undone when we are interrupted. */
int vx_journal_open(struct vctx *v, const char *name, struct vctx_err *err);
int vx_journal_add(int fd, struct vctx_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Temporary files of an interrupted write of "base". */
void vx_drop_temporary(const char *dir, const char *base);
/* Told of each thing: name of the context, a sentence. */
struct vx_say {
	void (*fn)(void *arg, const char *name, const char *text);
	void *arg;
};
/*
 * Undo what the journal holds, the last first; the lock must be held and the
 * context must not run.  Returns how many things there were; without "commit"
 * that is all it does.
 */
size_t vx_journal_undo(struct vctx *v, const char *name, bool commit,
		       const struct vx_say *say);
/* The journal of a start that succeeded. */
void vx_journal_drop(struct vctx *v, const char *name);
/* Open a path below a directory so that no link leads out of it. */
int vx_open_in_root(int root, const char *path, uint64_t flags);

/*
 * template.c: tell of each template that is being made or removed ("working") or was
 * left so by an interrupted command; commit: remove the latter first.  name: of one
 * template, or NULL.  -1: something could not be removed.
 */
int vx_template_gc(struct vctx *v, const char *name, bool commit,
		   void (*found)(void *arg, const char *name, bool working,
				 const char *dir), void *arg);

/* set.c: remove what vctx_set() keeps of a context. */
void vx_set_forget(struct vctx *v, const char *name);
/*
 * Keep "section.key=value" each where vctx_set() does; the lock must be held and
 * the context must not run.
 */
int vx_set_keep(struct vctx *v, const char *name, char *const *assignments,
		struct vctx_err *err);

/*
 * rename.c: end the renaming of the context that has this name now, if one was
 * interrupted.  The lock of the name must be held.
 */
int vx_rename_finish(struct vctx *v, const char *name, struct vctx_err *err);
/* The name it had, if that was interrupted; else NULL. */
char *vx_rename_from(struct vctx *v, const char *name);

/*
 * copy.c: the root directory of a context as it sees it (one that runs, with its
 * mounts), O_PATH.
 */
int vx_root_open(const struct vctx_info *info, struct vctx_err *err);
/* disk.c: what [disk] means on this machine, and a running context. */
struct vx_disk_saved {
	struct vx_disk_save {
		dev_t dev;
		struct vctx_sys_disk share;
	} *save;
	size_t n;
};

bool vx_disk_default(const struct vctx_config *cfg);
/* The share of all disks; nothing in set. */
void vx_disk_all(const struct vctx_config *cfg, struct vctx_sys_disk *disk);
/* Are the disks there, and is it consistent? */
int vx_disk_check(const struct vctx_config *cfg, struct vctx_err *err);
/* Error of set_disk and get_disk, by errno.  Always -1. */
int vx_disk_error(struct vctx_err *err, const char *disk,
		  const struct vctx_sys_disk *share);
/* Add what a context has that runs. */
void vx_disk_from_kernel(uint32_t id, struct vctx_config *cfg);
/*
 * Give a context that runs exactly the shares of cfg.  What it had is put into
 * saved, whose memory is the caller's; on failure it is as it was.
 */
int vx_disk_apply(uint32_t id, const struct vctx_config *cfg,
		  struct vx_disk_saved *saved, struct vctx_err *err);
void vx_disk_restore(uint32_t id, struct vx_disk_saved *saved);

/* config.c: the entry of a disk (NULL: all disks), made if there is none. */
struct vctx_disk *vx_config_disk(struct vctx_config *cfg, const char *name);

/* cpu.c: what [cpu] means on this machine. */
int vx_cpu_values(const struct vctx_config *cfg, struct vctx_sys_cpu *cpu,
		  struct vctx_err *err);
bool vx_cpu_default(const struct vctx_config *cfg);
/* Id of the context that "name" is to be in, 0 for none; it must run. */
int vx_cpu_parent(struct vctx *v, const char *name, const struct vctx_config *cfg,
		  uint32_t *id, struct vctx_err *err);
/* Why vctx_sys_create_in() failed, from errno. */
int vx_cpu_parent_error(struct vctx_err *err, const struct vctx_config *cfg);
/* Error of set_cpu and get_cpu, by errno.  Always -1. */
int vx_cpu_error(struct vctx_err *err, const struct vctx_config *cfg);

/* limit.c: limits that the kernel keeps. Is it a key of one? */
struct vx_objects_saved {
	uint64_t max[VCTX_OBJECTS];
	size_t n;
};

/* Its key, "limits.files" and so on; never freed. */
const char *vx_object_key(enum vctx_object object);
bool vx_objects_key(const char *key);
bool vx_objects_default(const struct vctx_config *cfg);
/* As vx_disk_apply(). */
int vx_objects_apply(uint32_t id, const struct vctx_config *cfg,
		     struct vx_objects_saved *saved, struct vctx_err *err);
void vx_objects_restore(uint32_t id, const struct vx_objects_saved *saved);

/* quota.c: disk.space and disk.inodes.  Is it one of them? */
bool vx_quota_key(const char *key);
bool vx_quota_default(const struct vctx_config *cfg);
int vx_quota_check(const struct vctx_config *cfg, struct vctx_err *err);
/* Label of the files that a context with this id makes, 0: none. */
uint32_t vx_tag(const struct vctx_config *cfg, uint32_t id);
/* Set, or remove, the limits on the file system of its root. */
int vx_quota_apply(uint32_t id, const char *root, const struct vctx_config *cfg,
		   struct vctx_err *err);

/* device.c: device.map.  Does it say anything? */
bool vx_device_default(const struct vctx_config *cfg);
/* Are the devices there, each but once? */
int vx_device_check(const struct vctx_config *cfg, struct vctx_err *err);
/* The node that the context finds in its /dev; false if it gets none. */
bool vx_device_node(const struct vctx_device *d, struct stat *st);
/*
 * A context that runs: have the map of "new" instead of that of "old" (NULL: none).
 * Nothing is changed on failure; without err as much as can be done is done.
 */
int vx_device_apply(struct vctx *v, uint32_t id, const struct vctx_config *old,
		    const struct vctx_config *new, struct vctx_err *err);
/* The map alone, of configurations that are made of nothing else. */
void vx_device_copy(struct vctx_config *to, const struct vctx_config *from);
void vx_device_free(struct vctx_config *cfg);

/* cgroup.c: does [memory] or [limits] say anything? */
bool vx_cgroup_wanted(const struct vctx_config *cfg);
/* Are there control groups where they should be? */
bool vx_cgroup_host(void);
char *vx_cgroup_path(const struct vctx *v, const char *name);
/* Make the group with the limits of cfg.  Whoever fails removes it. */
int vx_cgroup_make(struct vctx *v, const char *name,
		   const struct vctx_config *cfg, struct vctx_err *err);
/* dir: the group.  The caller joins it, where guests in it are not in the way. */
int vx_cgroup_join(const char *dir, struct vctx_err *err);
/* ... or the part of it that is the context's own, with cfg->cgroups. */
int vx_cgroup_join_own(const char *dir, struct vctx_err *err);
/* The limits are set anew. */
int vx_cgroup_set(const char *dir, const struct vctx_config *cfg,
		  struct vctx_err *err);
/* As they were when vctx_limits() filled "old". */
void vx_cgroup_restore(const char *dir, const struct vctx_limits *old);
/* The context must have ended. */
void vx_cgroup_remove(struct vctx *v, const char *name);
/* net.c: is this a name of a network device? */
bool vx_net_device_ok(const char *name);
/* Does the context get a network name space of its own? */
bool vx_net_own_space(const struct vctx_config *cfg);
/* ... with a cable to the host? */
bool vx_net_has_cable(const struct vctx_config *cfg);
/* Is [net] consistent, and is there on the host what it needs? */
int vx_net_check(const struct vctx_config *cfg, struct vctx_err *err);
/* Mode and addresses for people; released with free(). */
char *vx_net_text(const struct vctx_config *cfg);
/*
 * The caller moves into a network name space of its own with what [net] says,
 * or into a new network context.  The host's ip and /sys must be in reach.
 */
int vx_net_unshare(const struct vctx_config *cfg, uint32_t id,
		   struct vctx_err *err);
/* What a rate can be: a full packet takes a second and a half at the least. */
#define VX_NET_RATE_MIN	UINT64_C(8000)
#define VX_NET_RATE_MAX	UINT64_C(1000000000000)
/*
 * A running context: have the rates and, with shared addresses, the addresses of
 * "new" instead of those of "old".  Nothing is changed on failure.
 */
int vx_net_change(struct vctx *v, const char *name, uint32_t id,
		  const struct vctx_config *old, const struct vctx_config *new,
		  struct vctx_err *err);
/*
 * Run a program of iproute2 with the words of one line, in the network name space
 * "ns" (-1: the caller's).  Its first line of complaint becomes the message.
 */
int vx_net_tool(struct vctx_err *err, const char *name, int ns,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Let a device send so many bits per second, 0: what it can. */
int vx_net_shape(int ns, const char *dev, uint64_t old, uint64_t bits,
		 struct vctx_err *err);
uint64_t vx_net_burst(uint64_t bits);
struct ifaddrs;
bool vx_net_is_addr(const struct ifaddrs *i, const struct vctx_net_addr *a);

/*
 * mark.c: mark what the device receives, and let the tree of classes with the major
 * number "tree" at the device find the class of that number.  Both may be there.
 */
int vx_mark_write(const char *dev, uint16_t mark, struct vctx_err *err);
void vx_mark_remove(const char *dev);
int vx_mark_read(const char *dev, uint16_t tree, struct vctx_err *err);

/* share.c: does it need nothing of the host's devices? */
bool vx_share_default(const struct vctx_config *cfg);
/* Have what "cfg" says instead of what there is; on failure there is nothing. */
int vx_share_apply(struct vctx *v, const char *name, uint32_t id,
		   const struct vctx_config *cfg, struct vctx_err *err);
void vx_share_remove(struct vctx *v, const char *name);
#define VX_NET_WEIGHT_DEFAULT	100
int vx_net_enter(const struct vctx_config *cfg, uint32_t id,
		 struct vctx_err *err);

/* config.c: is a path one we can mount on (absolute, no "..")? */
bool vx_path_ok(const char *path);

/*
 * use.c: vctx_exec(); with out >= 0 stdout and stderr go there, and stdin comes
 * from nowhere.
 */
int vx_exec_in(const struct vctx_info *info, char *const *argv,
	       char *const *env, bool terminal, int out, pid_t *pid,
	       struct vctx_err *err);

/* Errors between a child and its parent: one record on a pipe. */
void vx_err_send(int fd, const struct vctx_err *err);
/* Hand an error over; "from" is empty afterwards, "to" may be NULL. */
void vx_err_move(struct vctx_err *to, struct vctx_err *from);
/* 1: an error was received into err, 0: the pipe was closed in silence. */
int vx_err_recv(int fd, struct vctx_err *err);
/* Default environment plus "more"; NULL-terminated, release with free(). */
char **vx_environment(char *const *more);
/* execvpe() whose failure has the class and wording the command promises. */
void vx_exec(char *const *argv, char **env, struct vctx_err *err);
/*
 * Start a session, so that the caller's terminal is out of reach; "terminal" makes
 * stdin its controlling terminal.  0, or -1 with errno.
 */
int vx_session(bool terminal);
/* A child must not inherit our signal set-up. */
void vx_signals_default(void);

/*
 * A session keyring of its own for the caller, which is in its context by now: that of
 * whoever ran vctx is not for the context, and one made outside belongs to the host.
 * 0, or -1 with errno.
 */
int vx_keyring_new(void);

/*
 * Failure injection, in test builds only: VCTX_FAIL_AT=STEP makes that step
 * fail with EIO, VCTX_FAIL_AT=STEP:kill ends the process there, and
 * VCTX_FAIL_AT=STEP:stop makes it wait there for SIGCONT.
 */
#ifdef VCTX_TEST
int vx_fail_point(const char *step);
#else
static inline int vx_fail_point(const char *step)
{
	(void)step;
	return 0;
}
#endif

#endif /* VCTX_INTERNAL_H */
