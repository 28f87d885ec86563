/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvctx: contexts on a Linux-VServer kernel.
 *
 * Rules that hold for every function here:
 *
 *  - A function that can fail takes a struct vctx_err as its last argument
 *    and returns 0 (or a pointer) on success and -1 (or NULL) on failure.  On
 *    failure the error holds a class, an errno value and one sentence without
 *    a final full stop; on success it is not touched.  The caller owns the
 *    error and releases it with vctx_err_clear().  NULL is allowed when the
 *    caller does not want to know.
 *  - The library never prints (a program that it runs may), never exits (except
 *    in processes it forked) and never installs signal handlers.
 *  - Nothing here may be called from a program with more than one thread: the
 *    kernel only lets single-threaded processes change context.
 *  - Memory that is returned belongs to the caller unless said otherwise.
 */
#ifndef VCTX_H
#define VCTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VCTX_NAME_MAX	63	/* longest name of a context, without the NUL */
#define VCTX_ID_FIRST	1000	/* automatic ids start here, see vctx.conf(5) */

/* ------------------------------------------------------------------ */
/* Errors                                                              */
/* ------------------------------------------------------------------ */

/* The class of an error.  The numbers are the command's exit codes. */
enum vctx_code {
	VCTX_OK		= 0,
	VCTX_FAILED	= 1,	/* the system refused */
	VCTX_USAGE	= 2,	/* the request or a configuration is wrong */
	VCTX_NOCTX	= 3,	/* no such context */
	VCTX_STATE	= 4,	/* the context is in the wrong state for this */
	VCTX_HOST	= 5,	/* the host lacks something */
	VCTX_TIMEOUT	= 124,
	VCTX_OURS	= 125,	/* exec: failed before the command was tried */
	VCTX_INVOKE	= 126,	/* exec: the command cannot be invoked */
	VCTX_NOTFOUND	= 127,	/* exec: the command was not found */
};

struct vctx_err {
	int code;	/* enum vctx_code */
	int errnum;	/* errno value, 0 when no system call is to blame */
	bool located;	/* msg starts with its own place, as in FILE:LINE: */
	char *msg;	/* one sentence */
	char *hint;	/* what to do about it, or NULL */
};

#define VCTX_ERR_INIT	{ 0, 0, false, NULL, NULL }

/* Release what an error holds and make it empty.  Keeps errno. */
void vctx_err_clear(struct vctx_err *err);

/* ------------------------------------------------------------------ */
/* The system call, one function per command                           */
/* ------------------------------------------------------------------ */

/*
 * These set errno and return -1 on failure, as system call wrappers do; they
 * take no struct vctx_err.  vctx_sys_error() turns errno into one.  "id" is a
 * context id; VCTX_SELF means the caller's own context.
 */
#define VCTX_SELF	((uint32_t)-2)

struct vctx_sys_info {
	uint32_t id;
	uint32_t init_pid;	/* host number, 0 when there is none */
};

struct vctx_sys_stat {
	uint32_t usecnt;
	uint32_t tasks;		/* threads, plus one when persistent */
};

struct vctx_sys_exit {
	uint32_t reboot_cmd;	/* argument of the guest's reboot(2), or 0 */
	int status;		/* as wait(2) reports it */
};

enum vctx_word {
	VCTX_WORD_CFLAGS,	/* context flags */
	VCTX_WORD_CCAPS,	/* context capabilities */
	VCTX_WORD_BCAPS,	/* Linux capabilities the context may use */
	VCTX_WORD_UMASK,	/* namespaces the context may unshare */
	VCTX_WORD_WMASK,
};

int vctx_sys_version(uint32_t *version);
int vctx_sys_features(uint32_t *vci);
/* Create a context and move the calling process into it. */
int vctx_sys_create(uint32_t id, uint64_t flags);
/*
 * The same for one that is in another context, with all of its CPU time.  ESRCH: there
 * is no such parent; ELOOP: too many in each other; ENOSYS: a kernel that does not
 * schedule contexts.
 */
int vctx_sys_create_in(uint32_t id, uint64_t flags, uint32_t parent);
/* Move the calling process into a context; id 1 is the watch context. */
int vctx_sys_migrate(uint32_t id, uint64_t flags);
/* Context id of a process; 0 means the caller. */
int vctx_sys_task(pid_t pid, uint32_t *id);
int vctx_sys_info(uint32_t id, struct vctx_sys_info *info);
int vctx_sys_stat(uint32_t id, struct vctx_sys_stat *st);
/* pid 0: every process, -1: every one but init, 1: init, n: that process. */
int vctx_sys_kill(uint32_t id, pid_t pid, int sig);
/* Block until the context is gone.  EINTR when a signal arrives. */
int vctx_sys_wait(uint32_t id, struct vctx_sys_exit *ex);
int vctx_sys_get(uint32_t id, enum vctx_word w, uint64_t *value);
int vctx_sys_set(uint32_t id, enum vctx_word w, uint64_t value, uint64_t mask);
/* field: see VHIN_* in <linux/vserver.h>; buf holds at least 65 bytes. */
int vctx_sys_get_name(uint32_t id, int field, char *buf, size_t size);
int vctx_sys_set_name(uint32_t id, int field, const char *name);
/* Record the caller's namespaces of "mask" (CLONE_* bits) in its context. */
int vctx_sys_set_space(uint64_t mask, uint32_t index);
/* Take a context's recorded namespaces; mask 0 means all of them. */
int vctx_sys_enter_space(uint32_t id, uint64_t mask, uint32_t index);
int vctx_sys_space_mask(uint64_t *mask);
int vctx_sys_space_default(uint64_t *mask);

/* Share of the CPU time. */
struct vctx_sys_cpu {
	uint32_t weight;	/* 1..10000, 100 by default */
	uint64_t guarantee;	/* ns of CPU time per second; 0: none */
	uint64_t max;		/* ns of CPU time per second; 0: no limit */
	uint64_t burst;		/* ns that can be saved up while below max */
};

/*
 * Limits that the kernel keeps, by its numbers (VXR_*) and in its units;
 * VXR_INFINITY for none.  ENOSYS: a kernel that keeps none, EINVAL: not this one.
 */
int vctx_sys_get_rlimit(uint32_t id, uint32_t resource, uint64_t *max);
int vctx_sys_set_rlimit(uint32_t id, uint32_t resource, uint64_t max);
int vctx_sys_rlimit_stat(uint32_t id, uint32_t resource, uint64_t *now,
			 uint64_t *peak, uint64_t *hits);

/*
 * What the context can do with a device, and what it gets in its place: VXDEV_* of
 * <linux/vserver.h>.  Without a device it is for all others of the target's type.
 */
int vctx_sys_set_mapping(uint32_t id, const char *device, const char *target,
			 uint32_t flags);
int vctx_sys_unset_mapping(uint32_t id, const char *device, const char *target);

/* ENOSYS: a kernel that does not schedule contexts. */
int vctx_sys_get_cpu(uint32_t id, struct vctx_sys_cpu *cpu);
/*
 * All four at once, or none.  ENOSPC: more would be guaranteed than can be; EBUSY: less
 * than is guaranteed to the contexts in it.
 */
int vctx_sys_set_cpu(uint32_t id, const struct vctx_sys_cpu *cpu);

/* What /proc/virtual/ID/sched tells; totals since the context was made. */
enum vctx_sched_key {
	VCTX_SCHED_WEIGHT,	/* in force */
	VCTX_SCHED_SHARES,	/* the same in units of cpu.shares */
	VCTX_SCHED_EFF,		/* shares corrected for what is owed */
	VCTX_SCHED_LAG_US,	/* CPU time owed to it; negative: it is ahead */
	VCTX_SCHED_RESERVE,	/* guarantee in force, ns per second */
	VCTX_SCHED_LIMIT,	/* limit in force, ns per second */
	VCTX_SCHED_BURST_US,
	VCTX_SCHED_TOKENS_US,	/* saved up now; negative: debt */
	VCTX_SCHED_HELD,	/* tasks held now */
	VCTX_SCHED_RUNNABLE,	/* tasks that run or could */
	VCTX_SCHED_HOLDS,	/* how often a task was held */
	VCTX_SCHED_HOLD_US,
	VCTX_SCHED_RUN_US,
	VCTX_SCHED_USER_US,
	VCTX_SCHED_SYS_US,
	VCTX_SCHED_DELAY_US,	/* waited for a CPU */
	VCTX_SCHED_PARENT,	/* id of the context that it is in, or 0 */
	VCTX_SCHED_INSIDE,	/* number of contexts in it */
	VCTX_SCHED_COUNT
};

struct vctx_sched {
	uint32_t have;		/* bit of each key that the kernel gave */
	int64_t v[VCTX_SCHED_COUNT];
};

/* ENOENT: no such context, or a kernel that does not schedule contexts. */
int vctx_sys_sched(uint32_t id, struct vctx_sched *sched);

/* Share of the disks. */
enum vctx_disk_unit {
	VCTX_DISK_TIME,		/* 1/1000 of the disk's time */
	VCTX_DISK_BYTES,	/* bytes per second */
	VCTX_DISK_IOS,		/* requests per second */
};

struct vctx_disk_rate {
	enum vctx_disk_unit unit;
	uint64_t value;		/* 0: none */
};

struct vctx_sys_disk {
	uint32_t set;		/* VXDISK_WEIGHT, _RESERVE, _MAX: set for it */
	uint32_t weight;	/* 1..10000, 100 by default */
	struct vctx_disk_rate reserve;
	struct vctx_disk_rate max;
};

/*
 * dev is a whole disk, or 0: all disks.  get reports what is in force, and in
 * set what of it was set for exactly this one.  ENOSYS: a kernel that does not
 * share disks.
 */
int vctx_sys_get_disk(uint32_t id, dev_t dev, struct vctx_sys_disk *disk);
/*
 * The values in set; for the others, a disk has what all disks have, and all
 * disks have the defaults.  ENOSPC: more would be reserved than can be.
 */
int vctx_sys_set_disk(uint32_t id, dev_t dev, const struct vctx_sys_disk *disk);

/*
 * Attributes of an open file, IATTR_* of <linux/vserver.h>; mask is what it can have.
 * ENOSYS: a kernel without them.
 */
int vctx_sys_fget_iattr(int fd, uint32_t *tag, uint32_t *flags, uint32_t *mask);
/* Those in mask become what they are in flags. */
int vctx_sys_fset_iattr(int fd, uint32_t flags, uint32_t mask);

/* Label of what the caller makes on file systems mounted with "tag"; 0: none. */
int vctx_sys_tag_migrate(uint32_t tag);
/* That of a process, 0: the caller. */
int vctx_sys_task_tag(pid_t pid, uint32_t *tag);

/*
 * Limits of a tag on the file system that path is on: KiB and inodes, VXDL_INFINITY
 * for none.  ESRCH: it has none; EOPNOTSUPP: not on this file system.
 */
int vctx_sys_get_dlimit(uint32_t tag, const char *path, uint32_t *space_kib,
			uint32_t *inodes);
/* Made if it has none. */
int vctx_sys_set_dlimit(uint32_t tag, const char *path, uint32_t space_kib,
			uint32_t inodes);
int vctx_sys_rem_dlimit(uint32_t tag, const char *path);

/* An address of a context: the first 4 or all 16 bytes of ip, network order. */
struct vctx_net_addr {
	int family;		/* AF_INET or AF_INET6 */
	unsigned int prefix;	/* bits of its subnet */
	unsigned char ip[16];
};

/*
 * Network contexts.  create makes one with these nflags and moves the caller
 * in; migrate moves the caller in.  ENOSYS: a kernel without them.
 */
int vctx_sys_net_create(uint32_t nid, uint64_t flags);
int vctx_sys_net_migrate(uint32_t nid);
/*
 * EEXIST: it has it; ESRCH: it has it not.  ENOSYS: a kernel without IPv6 in
 * network contexts.
 */
int vctx_sys_net_add(uint32_t nid, const struct vctx_net_addr *addr);
int vctx_sys_net_remove(uint32_t nid, const struct vctx_net_addr *addr);
int vctx_sys_net_flags(uint32_t nid, uint64_t value, uint64_t mask);
/* All ncaps. */
int vctx_sys_net_caps(uint32_t nid, uint64_t value);
int vctx_sys_net_get_caps(uint32_t nid, uint64_t *value);
/* The network context of a process, 0: none. */
int vctx_sys_net_task(pid_t pid, uint32_t *nid);

/* What /proc/virtual/ID/disk tells; totals since the context was made. */
struct vctx_disk_use {
	dev_t dev;
	char *name;		/* as under /dev */
	uint64_t rbytes, wbytes, dbytes, rios, wios, dios;
	struct vctx_sys_disk share;	/* in force there; without set */
};

/* ENOENT: no such context, or a kernel that does not count disk I/O. */
int vctx_sys_disks(uint32_t id, struct vctx_disk_use **use, size_t *n);
void vctx_sys_disks_free(struct vctx_disk_use *use, size_t n);
/* "12.5%", "20M", "500io" or "none", as configurations have it. */
char *vctx_disk_rate_text(const struct vctx_disk_rate *rate);
/* Names of the disks of this host that contexts share, separated by blanks. */
char *vctx_disks_scheduled(void);

/*
 * Fill err from errno: "WHAT: <errno text>", with the class and the hint that
 * fit (no kernel support, no right, no such context).  Always returns -1.
 */
int vctx_sys_error(struct vctx_err *err, const char *what);

/* ------------------------------------------------------------------ */
/* Names of flags and capabilities                                     */
/* ------------------------------------------------------------------ */

enum vctx_names {
	VCTX_NAMES_CFLAGS,
	VCTX_NAMES_CCAPS,
	VCTX_NAMES_BCAPS,
	VCTX_NAMES_NCAPS,
};

/* The Linux capabilities a context keeps unless its configuration differs. */
#define VCTX_BCAPS_SECURE	UINT64_C(0x80000000b44c04ff)
#define VCTX_CCAPS_SECURE	UINT64_C(0x4101)

/* Name of the single bit, or NULL.  Static storage. */
const char *vctx_bit_name(enum vctx_names set, unsigned int bit);
/* Bit number of a name (without a sign), or -1. */
int vctx_bit_find(enum vctx_names set, const char *name);

/* ------------------------------------------------------------------ */
/* Configuration: see vctx.conf(5)                                     */
/* ------------------------------------------------------------------ */

struct vctx_bind {
	char *source;
	char *target;
	bool ro;
};

struct vctx_tmpfs {
	char *target;
	uint64_t size;		/* bytes, 0: the kernel's default */
	unsigned int mode;
};

struct vctx_device {
	char *name;		/* path; "block" and "char": all others of the type */
	char *target;		/* what it stands for; NULL: itself */
	bool open, create;	/* what members can do */
	bool as_ever;		/* ... or whatever they can without an entry */
};

struct vctx_disk {
	char *name;		/* below /dev; NULL: all disks */
	struct vctx_sys_disk share;
};

/* Where the network of a context comes from. */
enum vctx_net_mode {
	VCTX_NET_HOST,		/* the host's, whole */
	VCTX_NET_NONE,		/* one of its own, that leads nowhere */
	VCTX_NET_BRIDGE,	/* ... with a cable to a bridge of the host */
	VCTX_NET_ROUTED,	/* ... with a cable to the host's routing */
	VCTX_NET_SHARED,	/* a set of the host's addresses */
};

const char *vctx_net_mode_name(enum vctx_net_mode mode);
/* -1: there is no such mode. */
int vctx_net_mode_find(const char *text);
/* "10.0.7.11/24"; without a prefix all bits.  -1: no address of a host. */
int vctx_net_addr_parse(const char *text, struct vctx_net_addr *addr);
/* The other way; released with free(). */
char *vctx_net_addr_text(const struct vctx_net_addr *addr);

/* What the kernel limits by itself, without control groups. */
enum vctx_object {
	VCTX_OBJECT_FILES,	/* open files of all processes */
	VCTX_OBJECT_SOCKETS,
	VCTX_OBJECT_LOCKS,	/* on files */
	VCTX_OBJECT_ADDRESS_SPACE,	/* of all processes */
	VCTX_OBJECT_MESSAGE_QUEUES,
	VCTX_OBJECT_SHARED_MEMORY,	/* of System V */
	VCTX_OBJECT_SEMAPHORE_SETS,	/* of System V */
	VCTX_OBJECT_SEMAPHORES,	/* in them */
	VCTX_OBJECTS
};

struct vctx_config {
	char *root;		/* NULL: not set */
	char *hostname;		/* NULL: the context's name */
	uint32_t id;		/* 0: automatic */
	uint32_t tag;		/* label of its files; 0: none */
	bool tag_is_id;		/* ... or its id */
	char **init;		/* NULL-terminated words */
	bool autostart;
	char *cpu_parent;	/* NULL: none */
	uint32_t cpu_weight;
	uint64_t cpu_guarantee_ppm;	/* millionths of the machine; 0: none */
	uint64_t cpu_max_ppm;		/* millionths of one CPU; 0: no limit */
	uint64_t cpu_burst_ms;
	struct vctx_disk *disk;
	size_t n_disk;
	uint64_t disk_space;		/* bytes; 0: no limit */
	uint64_t disk_inodes;		/* 0: no limit */
	enum vctx_net_mode net_mode;
	char *net_bridge;		/* NULL: none */
	struct vctx_net_addr *net_addr;
	size_t n_net_addr;
	bool net_has_gateway;
	struct vctx_net_addr net_gateway;
	uint32_t net_weight;		/* 0: none */
	uint64_t net_rate_out;		/* bits per second; 0: no limit */
	uint64_t net_rate_in;
	uint64_t ncaps;		/* of a network context, without raw_icmp */
	uint64_t memory_max;		/* bytes; 0: no limit */
	bool have_swap;			/* memory_swap, in bytes, is a limit */
	uint64_t memory_swap;
	uint64_t processes;		/* with their threads; 0: no limit */
	uint64_t objects[VCTX_OBJECTS];	/* memory and queues in bytes; 0: no limit */
	struct vctx_bind *bind;
	size_t n_bind;
	struct vctx_tmpfs *tmpfs;
	size_t n_tmpfs;
	struct vctx_device *device;
	size_t n_device;
	bool cgroups;		/* it may make control groups of its own */
	uint64_t bcaps;
	uint64_t ccaps;
	uint64_t cflags;	/* without the one-time state bits */
	bool readonly_root;
	char **start;		/* NULL-terminated words; NULL: nothing */
	int stop_signal;
	uint64_t stop_timeout_ms;
	/* private: what was set where, for the dump and for repeated keys */
	void *priv;
};

/* When a change of a key takes effect in a context that runs. */
enum vctx_when {
	VCTX_AT_START,		/* when it is started again */
	VCTX_AT_ONCE,
};

struct vctx_key {
	const char *name;	/* "section.key" */
	const char *values;	/* words worth offering, by blanks; or NULL */
	const char *what;
	enum vctx_when when;
};

/* The i-th key a configuration can have, NULL after the last. */
const struct vctx_key *vctx_config_key(size_t i);

/* A configuration with every default.  Released by vctx_config_free(). */
struct vctx_config *vctx_config_new(void);
void vctx_config_free(struct vctx_config *cfg);
/*
 * Read FILE ("-": standard input) and the files of FILE.d/ in name order on
 * top of what cfg holds.  On failure cfg is only good for freeing.
 */
int vctx_config_read(struct vctx_config *cfg, const char *file,
		     struct vctx_err *err);
/* Parse text as a file called "name" would be; for tests and fuzzing. */
int vctx_config_parse(struct vctx_config *cfg, const char *name,
		      const char *text, struct vctx_err *err);
/* One "section.key=value" as given with -s. */
int vctx_config_set(struct vctx_config *cfg, const char *assignment,
		    struct vctx_err *err);
/* Give a key its default again. */
void vctx_config_clear(struct vctx_config *cfg, const char *key);
/* Effective configuration as a file that vctx_config_read() accepts. */
char *vctx_config_dump(const struct vctx_config *cfg);

/* "SIGTERM", "TERM", "15" or "RTMIN+3" to a number; -1 when it is none. */
int vctx_signal_number(const char *text);
/* "SIGTERM" or a number as text, into buf. */
const char *vctx_signal_name(int sig, char *buf, size_t size);
/* "10", "10s", "500ms", "2m", "1h" to milliseconds; -1 when it is none. */
int vctx_parse_time(const char *text, uint64_t *ms);
/* "512", "64K", "512M", "2G" (binary) to bytes; -1 when it is none. */
int vctx_parse_size(const char *text, uint64_t *bytes);

/* ------------------------------------------------------------------ */
/* Contexts as files and kernel objects                                */
/* ------------------------------------------------------------------ */

struct vctx;			/* a state root: /etc, /var/lib, /run below it */

/* prefix: "" or an absolute directory that is put before every path. */
struct vctx *vctx_open(const char *prefix, struct vctx_err *err);
void vctx_close(struct vctx *v);

/* Is this a name a context can have? */
int vctx_name_check(const char *name, struct vctx_err *err);

enum vctx_state {
	VCTX_STOPPED,
	VCTX_STARTING,
	VCTX_RUNNING,
};

struct vctx_info {
	char *name;		/* NULL: a context without a name */
	uint32_t id;		/* 0: none yet */
	enum vctx_state state;
	pid_t pid;		/* init, host number; 0: none */
	char *config;		/* file, or NULL */
	char *created;		/* RFC 3339, or NULL */
	char *started;		/* RFC 3339, or NULL */
	char *root;		/* of a running context, or NULL */
	uint64_t started_ns;	/* CLOCK_BOOTTIME at start, 0: unknown */
	uint32_t tasks;		/* threads, 0 when stopped */
	bool paused;		/* runs, and all its processes are held */
	bool have_cpu;		/* cpu is known: from the kernel when it runs, */
	struct vctx_sys_cpu cpu; /* from its configuration when not */
	uint32_t cpu_parent;	/* of a running one, id of the context it is in; 0: none */
	uint32_t cpu_inside;	/* number of contexts in it */
	bool have_disk;		/* the same for disk, which is of all disks */
	struct vctx_sys_disk disk;
	char *cgroup;		/* directory of its control group, or NULL */
	bool have_net;		/* what it was, or would be, started with */
	enum vctx_net_mode net_mode;
	struct vctx_net_addr *net_addr;
	size_t n_net_addr;
	int stop_signal;
	uint64_t stop_timeout_ms;
	bool unmanaged;		/* in the kernel, not in our files */
	bool transient;		/* made by "run --rm" */
	pid_t owner;		/* the vctx that waits for its end, or 0 */
	bool orphan;		/* that one is gone */
};

void vctx_info_free(struct vctx_info *info);

/*
 * Find a context by name or by decimal id.  A context that exists only in the
 * kernel is found by its id.  Fails with VCTX_NOCTX.
 */
struct vctx_info *vctx_find(struct vctx *v, const char *name_or_id,
			    struct vctx_err *err);
/* Every context of our files and of the kernel, by name; NULL-terminated. */
struct vctx_info **vctx_list(struct vctx *v, struct vctx_err *err);
void vctx_list_free(struct vctx_info **list);

struct vctx_limit {
	bool have_max;
	uint64_t max;
	uint64_t now;
	uint64_t peak;		/* since the start; 0 where the kernel has none */
	uint64_t hits;		/* how often max was in the way */
};

/* memory and swap in bytes; processes with their threads */
struct vctx_limits {
	struct vctx_limit memory, swap, processes;
	uint64_t oom_kills;	/* processes killed for want of memory */
};

/*
 * The same of what the kernel itself counts; address space in bytes. -1 with
 * ENOENT when it does not run, with ENOSYS on a kernel that does not count.
 */
int vctx_objects(const struct vctx_info *info,
		 struct vctx_limit limits[VCTX_OBJECTS]);

/* -1, ENOENT: it was started without limits, and nothing is counted. */
int vctx_limits(const struct vctx_info *info, struct vctx_limits *limits);

/*
 * Make a context: give it an id, write its configuration (unless "file"
 * already is /etc/vctx/NAME.conf) and its record.  Fails with VCTX_STATE when
 * it exists.
 */
int vctx_create(struct vctx *v, const char *name, struct vctx_config *cfg,
		const char *file, struct vctx_err *err);
/*
 * Remove what vctx_create() made.  Fails with VCTX_STATE while it runs.
 */
int vctx_delete(struct vctx *v, const char *name, struct vctx_err *err);
/*
 * Give a context that does not run another name, and its root, if that is beside
 * its record.  Killed in between it has the new name, and the next command for it,
 * or vctx_gc(), ends the rest.
 */
int vctx_rename(struct vctx *v, const struct vctx_info *info, const char *name,
		struct vctx_err *err);
/* Path of a context's configuration file, whether it is there or not. */
char *vctx_config_path(struct vctx *v, const char *name);
/* Path of what its init has printed, whether it is there or not. */
char *vctx_log_path(struct vctx *v, const char *name);
/* Path of the configuration it was started with, and has now. */
char *vctx_running_config_path(struct vctx *v, const char *name);

/* ------------------------------------------------------------------ */
/* Starting                                                            */
/* ------------------------------------------------------------------ */

struct vctx_plan;

/*
 * A process in a context always gets a session of its own.  If it kept the
 * caller's, it could open the caller's terminal as /dev/tty and type on it.
 * "terminal" makes stdin the controlling terminal of the new session; it must
 * be one that nobody else uses, such as a fresh pseudo-terminal.
 */
struct vctx_plan_opts {
	char *const *argv;	/* run this as init; NULL: the configured init */
	char *const *env;	/* more environment, NAME=VALUE; or NULL */
	bool foreground;	/* keep stdin, stdout and stderr */
	bool terminal;		/* stdin is a terminal made for it, see below */
	bool transient;		/* no record outside /run */
	const char *config;	/* where cfg came from, for the record; or NULL */
};

/*
 * Work out every step of starting a context and check what can be checked
 * without changing anything.  cfg must live as long as the plan.
 */
struct vctx_plan *vctx_plan_new(struct vctx *v, const char *name,
				const struct vctx_config *cfg,
				const struct vctx_plan_opts *opts,
				struct vctx_err *err);
void vctx_plan_free(struct vctx_plan *plan);
/* Step number i as a sentence, NULL after the last.  Belongs to the plan. */
const char *vctx_plan_step(const struct vctx_plan *plan, size_t i);
/*
 * Do it.  On success the context's init runs and *pid is its number; it is a
 * child of the caller.  On failure nothing is left behind.
 */
int vctx_plan_run(struct vctx_plan *plan, pid_t *pid, uint32_t *id,
		  struct vctx_err *err);
/*
 * Remove the run-time record of a context that has ended.  Not an error when
 * there is none.
 */
int vctx_forget(struct vctx *v, const char *name, struct vctx_err *err);

/* ------------------------------------------------------------------ */
/* What interrupted commands leave                                     */
/* ------------------------------------------------------------------ */

struct vctx_finding {
	bool problem;		/* false: as it should be */
	bool gc;		/* vctx_gc() puts it right */
	char *text;		/* a sentence */
	char *fix;		/* what to do, or what vctx_gc() would; or NULL */
};

/*
 * Compare what the files say about a context with what the kernel says.  A
 * name of which only the leavings of an interrupted command are left is
 * examined too; VCTX_NOCTX when there is nothing of it at all.
 */
int vctx_examine(struct vctx *v, const char *name_or_id,
		 struct vctx_finding **list, size_t *n, struct vctx_err *err);
void vctx_findings_free(struct vctx_finding *list, size_t n);

/*
 * Put right what can be: remove what commands that were killed have left and
 * records of contexts that have ended.  name NULL: of all.  A context that runs
 * although the "run" that waited for its end is gone is ended with "force".
 * "say" (may be NULL) is told of every single thing; without "commit" nothing
 * is done.  Names another command works on are left alone.  Returns how many
 * things there were, or -1.
 */
long vctx_gc(struct vctx *v, const char *name, bool force, bool commit,
	     void (*say)(void *arg, const char *name, const char *text),
	     void *arg, struct vctx_err *err);

/* ------------------------------------------------------------------ */
/* Using and ending                                                    */
/* ------------------------------------------------------------------ */

/*
 * Run argv in a running context.  *pid is a child of the caller; its exit
 * status is the command's.  Errors of class VCTX_INVOKE and VCTX_NOTFOUND
 * are those of the command itself.
 */
int vctx_exec(const struct vctx_info *info, char *const *argv,
	      char *const *env, bool terminal, pid_t *pid,
	      struct vctx_err *err);

/*
 * Change keys of a context, "section.key=value" each.  What the kernel can
 * change at once it does; for a created context the values are kept in
 * NAME.conf.d/90-set.conf, which the next start reads.  All or nothing.
 *
 * *later (may be NULL) receives the names of the keys, by blanks, that take
 * effect when the context is started again, or NULL; the caller frees it.
 * Without "commit" everything is checked and nothing changed.
 */
int vctx_set(struct vctx *v, const struct vctx_info *info,
	     char *const *assignments, bool commit, char **later,
	     struct vctx_err *err);

/*
 * The same with a new text of its configuration file, which replaces the old one
 * when it is right.  A key whose value is another one in the new text is no longer
 * kept from vctx_set().
 */
int vctx_edit(struct vctx *v, const struct vctx_info *info, const char *text,
	      bool commit, char **later, struct vctx_err *err);

/*
 * Copy a file or tree; from and to are contexts, or NULL for the host. Paths of a
 * context are resolved in its root, as it sees it with its mounts, and no link
 * leads out of it. Into a directory when there is one at to_path, else as to_path;
 * a file there is replaced at once. Owners, modes and times are kept; onto the
 * host come neither set-id bits nor extended attributes. What is mounted in a tree is
 * not copied. Sockets, pipes and devices: VCTX_USAGE, and nothing is copied.
 */
int vctx_copy(const struct vctx_info *from, const char *from_path,
	      const struct vctx_info *to, const char *to_path,
	      struct vctx_err *err);

/*
 * Hold all processes of a running context at their return to user mode, or let
 * them go on.  VCTX_STATE when that is so already, VCTX_HOST when the kernel
 * does not schedule contexts.
 */
int vctx_pause(const struct vctx_info *info, bool hold, struct vctx_err *err);

/* Send a signal to init (pid 1), to all (0) or to one process. */
int vctx_kill(const struct vctx_info *info, pid_t pid, int sig,
	      struct vctx_err *err);
/*
 * Wait until the context is gone.  timeout_ms < 0 waits for ever; VCTX_TIMEOUT
 * when it runs out.  A context that is gone already is success with a zeroed
 * *ex; ex may be NULL.
 */
int vctx_wait_exit(uint32_t id, int64_t timeout_ms, struct vctx_sys_exit *ex,
		   struct vctx_err *err);
/*
 * End a context: its stop signal to init, wait, then SIGKILL to everything.
 * timeout_ms 0 kills at once.  *killed tells whether force was needed.
 */
int vctx_stop(struct vctx *v, const struct vctx_info *info,
	      uint64_t timeout_ms, bool *killed, struct vctx_err *err);

struct vctx_proc {
	pid_t pid;		/* host number */
	pid_t guest_pid;	/* number inside: 1 for init, else the same */
	pid_t ppid;
	uint32_t id;		/* context */
	uid_t uid;
	char state;		/* letter of /proc/PID/stat */
	uint64_t cpu_ns;	/* own time and that of reaped children */
	uint64_t rss;		/* bytes */
	uint32_t threads;
	char *comm;
	char *cmdline;		/* words joined by blanks; NULL: kernel thread */
};

/*
 * Processes of one context, or of every context but the host (id 0).  A child
 * looks from the watch context, the caller stays where it is.
 */
int vctx_procs(uint32_t id, struct vctx_proc **procs, size_t *n,
	       struct vctx_err *err);
void vctx_procs_free(struct vctx_proc *procs, size_t n);

/* ------------------------------------------------------------------ */
/* Files that contexts share                                           */
/* ------------------------------------------------------------------ */

struct vctx_unified {
	uint64_t files;		/* looked at */
	uint64_t unified;	/* were one file already */
	uint64_t linked;	/* became one */
	uint64_t bytes;		/* what that freed */
};

/*
 * Make files that are equal in content, owner, mode, times and extended attributes one
 * file, among the roots of these contexts, none of which may run.  The kernel copies
 * it for whoever writes to it.  Not in directories that a guest writes to, such as /etc,
 * and not across file systems.  Without "commit" only tell what would be.  VCTX_HOST:
 * a kernel or a file system that cannot.  Killed at any moment, every file is whole.
 */
int vctx_unify(struct vctx *v, struct vctx_info *const *list, bool commit,
	       struct vctx_unified *sum, struct vctx_err *err);

struct vctx_cloned {
	uint64_t linked, copied;	/* files */
};

/*
 * Make a context with this configuration, whose root is made as a clone of that of
 * another one, which must not run: files are unified with it as vctx_unify() does,
 * or with "copy" all copied.
 */
int vctx_clone(struct vctx *v, const struct vctx_info *from, const char *name,
	       struct vctx_config *cfg, bool copy, struct vctx_cloned *sum,
	       struct vctx_err *err);

struct vctx_du {
	bool known;		/* false: no root of its own */
	uint64_t own_bytes, own_inodes;		/* what it alone has */
	uint64_t shared_bytes, shared_inodes;	/* what others of the list have, too */
	/* Its part: the sums over all of the list are what there is. */
	uint64_t part_bytes, first_inodes;
	dev_t dev;		/* of its root */
	ino_t ino;
};

/* What the roots of these contexts take; use has an entry for each. */
int vctx_du(struct vctx_info *const *list, struct vctx_du *use,
	    struct vctx_err *err);

/* ------------------------------------------------------------------ */
/* Events                                                              */
/* ------------------------------------------------------------------ */

struct vctx_event {
	char *time;		/* RFC 3339 in UTC, with milliseconds */
	/* created, deleted, renamed, started, stopped, exited, paused, resumed,
	 * limit, oom */
	char *event;
	char *name;		/* NULL: a context without a name */
	uint32_t id;
	char *what;		/* renamed: the old name, limit: its key; or NULL */
	uint64_t count;		/* limit, oom: how often; else 0 */
	bool unmanaged;
};

struct vctx_events;

/*
 * Watch all contexts.  since: milliseconds since 1970 of the first event of the
 * past to tell, or -1: only of what happens from now on.  What only the kernel knows
 * is looked for every step_ms.  Whoever watches records that a context has ended by
 * itself, as the next command for it would.
 */
struct vctx_events *vctx_events_open(struct vctx *v, int64_t since,
				     uint64_t step_ms, struct vctx_err *err);
/*
 * 1: *ev is the next event, released with vctx_event_free(); 0: there was none in
 * timeout_ms (-1: for ever).
 */
int vctx_events_next(struct vctx_events *e, int64_t timeout_ms,
		     struct vctx_event **ev);
void vctx_events_close(struct vctx_events *e);
void vctx_event_free(struct vctx_event *e);
/* Told of a pause or its end; vctx_pause() has no state root to tell it in. */
void vctx_note_pause(struct vctx *v, const struct vctx_info *info, bool hold);

/* ------------------------------------------------------------------ */
/* Templates: roots that contexts are made from                        */
/* ------------------------------------------------------------------ */

/* What a template is made of: a tar archive, a tree, or (neither) packages. */
struct vctx_template_source {
	const char *tarball;
	const char *directory;
	/* of vctx-mkroot; each NULL: its default */
	const char *suite, *include, *mirror;
};

struct vctx_template {
	char *name;
	char *created;		/* RFC 3339 */
	char *source;		/* for people */
	char *init;		/* systemd or other */
	char *root;
};

/* Programs that are run for it print their messages to stderr. */
int vctx_template_build(struct vctx *v, const char *name,
			const struct vctx_template_source *src,
			struct vctx_err *err);
int vctx_template_delete(struct vctx *v, const char *name, struct vctx_err *err);
/* NULL-terminated. */
struct vctx_template **vctx_template_list(struct vctx *v, struct vctx_err *err);
void vctx_template_list_free(struct vctx_template **list);
/* Its tree, there or not; released with free(). */
char *vctx_template_root(struct vctx *v, const char *name);
/* Read what contexts of it need. */
int vctx_template_config(struct vctx *v, const char *name, struct vctx_config *cfg,
			 struct vctx_err *err);
/*
 * As vctx_create(), and make cfg->root from the template: with links to its files as
 * vctx_clone() does, or copies where they cannot be shared; *why tells why not
 * (released with free()), and is NULL when they are, or with "copy".
 */
int vctx_create_from(struct vctx *v, const char *template_name, const char *name,
		     struct vctx_config *cfg, const char *file, bool copy,
		     struct vctx_cloned *sum, char **why, struct vctx_err *err);

/* ------------------------------------------------------------------ */
/* A guest that restarts itself                                        */
/* ------------------------------------------------------------------ */

/*
 * For the program that the kernel calls when a context has called reboot(2): note that
 * it is to be started again when it has ended.  VCTX_STATE when it is not, being
 * stopped, or run by somebody who waits for its end.  *up_ms: how long it ran, 0 when
 * that is not known.
 */
int vctx_reboot_note(struct vctx *v, const struct vctx_info *info,
		     uint64_t *up_ms, struct vctx_err *err);
/* It has ended: is that still so?  Once. */
bool vctx_reboot_take(struct vctx *v, const char *name);

/* ------------------------------------------------------------------ */
/* The host                                                            */
/* ------------------------------------------------------------------ */

struct vctx_check {
	const char *name;
	const char *why;	/* what does not work without it */
	bool required;
	bool ok;
	char detail[96];	/* what was found */
};

/* Look at the kernel and the tools.  *n entries, released with free(). */
struct vctx_check *vctx_check_host(size_t *n);

const char *vctx_lib_version(void);

/* The word of a list that "word" was probably meant to be; NULL: none. */
const char *vctx_closest(const char *word, const char *const *list, size_t n);

#ifdef __cplusplus
}
#endif
#endif /* VCTX_H */
