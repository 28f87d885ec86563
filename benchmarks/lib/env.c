// SPDX-License-Identifier: GPL-2.0-or-later
/* What the results depend on, as far as a program can see it: env records. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* Only the types that matter here, for machines without /proc. */
static const char *type_by_magic(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return "unknown";
	switch ((unsigned long)fs.f_type) {
	case 0xef53: /* ext2 and ext3 too, but today's driver is ext4's */
		return "ext4";
	case 0x01021994:
		return "tmpfs";
	case 0x58465342:
		return "xfs";
	case 0x9123683e:
		return "btrfs";
	case 0x794c7630:
		return "overlay";
	}
	return "unknown";
}

/*
 * Look up the mount that @path is on: the last one with the same device, as a
 * later mount covers an earlier one. Fills @ent (strings in @buf) and the
 * number of all mounts; returns false when there is no table or no match.
 */
static bool find_mount(const char *path, struct mntent *found, char *buf,
		       size_t len, int *n_mounts)
{
	struct mntent ent;
	struct stat st, mst;
	bool ok = false;
	char line[4096];
	FILE *f;

	*n_mounts = 0;
	if (stat(path, &st) != 0)
		return false;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return false;
	while (getmntent_r(f, &ent, line, sizeof(line))) {
		(*n_mounts)++;
		if (stat(ent.mnt_dir, &mst) != 0 || mst.st_dev != st.st_dev)
			continue;
		/* All strings of an entry are in its line, one after another. */
		if (sizeof(line) > len)
			continue;
		memcpy(buf, line, sizeof(line));
		*found = ent;
		found->mnt_fsname = buf + (ent.mnt_fsname - line);
		found->mnt_dir = buf + (ent.mnt_dir - line);
		found->mnt_type = buf + (ent.mnt_type - line);
		found->mnt_opts = buf + (ent.mnt_opts - line);
		ok = true;
	}
	endmntent(f);
	return ok;
}

/* The type of the file system @path is on, in @buf; returns @buf. */
const char *env_fs_type(const char *path, char *buf, size_t len)
{
	struct mntent ent;
	char strings[4096];
	int n;

	if (find_mount(path, &ent, strings, sizeof(strings), &n))
		snprintf(buf, len, "%s", ent.mnt_type);
	else
		snprintf(buf, len, "%s", type_by_magic(path));
	return buf;
}

/* First line of @path without its newline; NULL when there is none. */
static char *read_line(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "re");
	char *ok;

	if (!f)
		return NULL;
	ok = fgets(buf, (int)len, f);
	fclose(f);
	if (!ok)
		return NULL;
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* Bytes that one read fault on a cached file maps. The kernel tells only in
 * debugfs; its built-in value is 64 KiB. @known says which of the two it is. */
uint64_t env_fault_around(bool *known)
{
	char buf[32], *end;
	unsigned long v;

	*known = false;
	if (!read_line("/sys/kernel/debug/fault_around_bytes", buf,
		       sizeof(buf)))
		return 65536;
	v = strtoul(buf, &end, 10);
	if (end == buf || v == 0)
		return 65536;
	*known = true;
	return v;
}

/* Value of the line "@key : value" in a file like /proc/cpuinfo. */
static json_t *proc_field(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	size_t n = strlen(key);
	json_t *v = NULL;
	char line[512];

	if (!f)
		return json_null();
	while (!v && fgets(line, sizeof(line), f)) {
		char *p = line + n;

		if (strncmp(line, key, n) != 0)
			continue;
		p += strspn(p, " \t");
		if (*p++ != ':')
			continue;
		p += strspn(p, " \t");
		p[strcspn(p, "\n")] = '\0';
		v = json_string(p);
	}
	fclose(f);
	return v ? v : json_null();
}

static json_t *file_value(const char *path)
{
	char buf[512];
	json_t *v = read_line(path, buf, sizeof(buf)) ? json_string(buf) : NULL;

	return v ? v : json_null();
}

/*
 * The checksum of a file by sha256sum(1), or null: a minimal root may not
 * have it, and hashing is not worth code of our own. The file is opened here
 * and handed over as standard input, as /proc/self would be another one there.
 */
static json_t *sha256(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), p[2];
	json_t *v = NULL;
	char sum[65] = "";
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (fd < 0 || pipe2(p, O_CLOEXEC) != 0) {
		if (fd >= 0)
			close(fd);
		return json_null();
	}
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (dup2(fd, 0) == 0 && dup2(p[1], 1) == 1) {
			if (null >= 0)
				dup2(null, 2);
			execlp("sha256sum", "sha256sum", (char *)NULL);
		}
		_exit(127);
	}
	close(fd);
	close(p[1]);
	while (n < 64 && (got = read(p[0], sum + n, 64 - n)) > 0)
		n += (size_t)got;
	close(p[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (strspn(sum, "0123456789abcdef") == 64)
		v = json_stringn(sum, n);
	return v ? v : json_null();
}

static json_t *fs_info(const char *path)
{
	struct mntent ent;
	char strings[4096];
	int n;

	if (access(path, F_OK) != 0)
		return json_null();
	if (!find_mount(path, &ent, strings, sizeof(strings), &n))
		return json_pack("{s:s,s:s}", "path", path, "type",
				 type_by_magic(path));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "path", path, "type",
			 ent.mnt_type, "dev", ent.mnt_fsname, "mountpoint",
			 ent.mnt_dir, "opts", ent.mnt_opts, "mounts", n);
}

/* Processor mitigations, "name: state" each, in the directory's order. */
static json_t *mitigations(void)
{
	static const char *const names[] = {
		"gather_data_sampling",
		"itlb_multihit",
		"l1tf",
		"mds",
		"meltdown",
		"mmio_stale_data",
		"reg_file_data_sampling",
		"retbleed",
		"spec_rstack_overflow",
		"spec_store_bypass",
		"spectre_v1",
		"spectre_v2",
		"srbds",
		"tsx_async_abort",
	};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128], state[256];

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/vulnerabilities/%s",
			 names[i]);
		if (read_line(path, state, sizeof(state)))
			json_array_append_new(
				list, json_sprintf("%s: %s", names[i], state));
	}
	return list;
}

/*
 * What keeps the program in its place, and what of it costs instructions: a
 * filter of system calls above all. A null limit is one that cannot be seen from
 * here: there is no cgroup file system, or the controller is not on.
 */
static json_t *confinement(void)
{
	static const char status[] = "/proc/self/status";

	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "seccomp",
			 proc_field(status, "Seccomp"), "no_new_privs",
			 proc_field(status, "NoNewPrivs"), "cap_eff",
			 proc_field(status, "CapEff"), "cap_bnd",
			 proc_field(status, "CapBnd"), "cgroup",
			 file_value("/proc/self/cgroup"));
}

static json_t *limits(void)
{
	static const char *const names[] = { "cpu.weight", "cpu.max",
					     "memory.max", "pids.max" };
	json_t *o = json_object();
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", names[i]);
		json_object_set_new(o, names[i], file_value(path));
	}
	return o;
}

/* Print the env record; 0, or -1 when it could not be written. */
int env_print(const struct bench_program *program,
	      const struct bench_opts *opts, const struct bench_host *host)
{
	struct utsname u;
	char shell[PATH_MAX];
	bool known;
	uint64_t around = env_fault_around(&known);
	json_t *env;
	int rc = -1;

	if (uname(&u) != 0)
		return -1;
	env = json_pack(
		"{s:s,s:{s:s,s:s,s:s,s:o},s:{s:o,s:i,s:i,s:o},s:{s:o,s:o},s:o,s:s,s:I,s:I}",
		"t", "env", "kernel", "release", u.release, "version",
		u.version, "machine", u.machine, "cmdline",
		file_value("/proc/cmdline"), "cpu", "model",
		proc_field("/proc/cpuinfo", "model name"), "cores",
		(int)sysconf(_SC_NPROCESSORS_ONLN), "pinned", host->cpu,
		"mitigations", mitigations(), "mem", "total",
		proc_field("/proc/meminfo", "MemTotal"), "thp",
		file_value("/sys/kernel/mm/transparent_hugepage/enabled"),
		"clocksource",
		file_value(
			"/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		"clock", clock_name(), "clock_res_ns",
		(json_int_t)clock_res_ns(), "tick_ns",
		(json_int_t)host->tick_ns);
	if (!env)
		return -1;
	json_object_set_new(env, "fs", fs_info(opts->dir));
	json_object_set_new(env, "tmpfs", fs_info(opts->tmpfs));
	json_object_set_new(env, "binary",
			    json_pack("{s:s,s:o,s:s,s:s}", "name",
				      program->name, "sha256",
				      sha256("/proc/self/exe"), "cc",
				      program->cc, "cflags", program->cflags));
	if (realpath("/bin/sh", shell))
		json_object_set_new(env, "shell",
				    json_pack("{s:s,s:o}", "path", shell,
					      "sha256", sha256("/bin/sh")));
	else
		json_object_set_new(env, "shell", json_null());
	json_object_set_new(env, "confinement", confinement());
	json_object_set_new(env, "limits", limits());
	json_object_set_new(env, "sched",
			    json_string(sched_getscheduler(0) == SCHED_BATCH
						? "batch"
						: "other"));
	json_object_set_new(env, "aslr", json_boolean(host->aslr));
	json_object_set_new(env, "env_pad",
			    json_integer((json_int_t)opts->env_pad));
	json_object_set_new(env, "fault_around_bytes",
			    json_integer((json_int_t)around));
	json_object_set_new(env, "fault_around_known", json_boolean(known));
	if (json_dumpf(env, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF)
		rc = 0;
	json_decref(env);
	return rc;
}
