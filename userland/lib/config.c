// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Configuration files.  The INI syntax is inih's; what is checked here is what
 * the keys mean.  The first error wins and names its file and line.
 */

#include <ctype.h>
#include <glob.h>
#include <ini.h>
#include <limits.h>
#include <signal.h>
#include <strings.h>

#include "internal.h"

/* A configuration is a page of text; a megabyte of it is a mistake. */
#define CONFIG_MAX	(1U << 20)

#define BLANKS		" \t"

enum key_id {
	K_VERSION, K_ROOT, K_HOSTNAME, K_ID, K_TAG, K_INIT, K_AUTOSTART,
	K_CPU_WEIGHT, K_CPU_GUARANTEE, K_CPU_MAX, K_CPU_BURST, K_CPU_PARENT,
	K_DISK_WEIGHT, K_DISK_RESERVE, K_DISK_MAX, K_DISK_SPACE, K_DISK_INODES,
	K_MEMORY_MAX, K_MEMORY_SWAP, K_PROCESSES, K_FILES,
	K_SOCKETS, K_LOCKS, K_ADDRESS_SPACE, K_MESSAGE_QUEUES, K_SHARED_MEMORY,
	K_SEMAPHORE_SETS, K_SEMAPHORES,
	K_NET_MODE, K_NET_BRIDGE, K_NET_ADDRESS, K_NET_GATEWAY, K_NET_WEIGHT, K_NET_RATE_OUT, K_NET_RATE_IN,
	K_NET_CAPABILITIES,
	K_BIND, K_TMPFS, K_CGROUPS, K_DEVICE,
	K_CAPABILITIES, K_CCAPS, K_FLAGS, K_READONLY, K_START, K_STOP_SIGNAL,
	K_STOP_TIMEOUT, K_COUNT
};

/* Where each key was set last: repeated scalars are errors within one file. */
struct priv {
	unsigned int file;		/* counts files, from 1 */
	unsigned int in_file[K_COUNT];
	unsigned int in_line[K_COUNT];
};

/* Why a value is wrong; static text, or printed into buf. */
struct why {
	const char *text;
	char buf[160];
};

typedef int (*parse_fn)(struct vctx_config *cfg, const char *value,
			struct why *why);
typedef void (*reset_fn)(struct vctx_config *cfg);
/* key: its name without the section */
typedef void (*dump_fn)(FILE *f, const char *key,
			const struct vctx_config *cfg);

#define CFLAGS_DEFAULT	(VXF_INFO_INIT | VXF_REBOOT_KILL | VXF_VIRT_MEM | \
			 VXF_VIRT_UPTIME | VXF_VIRT_CPU | VXF_VIRT_LOAD)

/*
 * State bits belong to the life cycle.  A persistent context would outlive
 * stop, and the synchronous helper is a program vctx does not install.
 */
#define CFLAGS_REFUSED	(VXF_ONE_TIME | VXF_PERSISTENT | VXF_SC_HELPER)

static int bad(struct why *why, const char *text)
{
	why->text = text;
	return -1;
}

bool vx_path_ok(const char *path)
{
	const char *p = path;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	while (*p) {
		if (p[0] == '/' && p[1] == '.' && p[2] == '.' &&
		    (p[3] == '/' || p[3] == '\0'))
			return false;
		p++;
	}
	return true;
}

/* A copy without slashes at the end, except for the root itself. */
static char *path_copy(const char *path)
{
	char *s = vx_strdup(path);
	size_t n = strlen(s);

	while (n > 1 && s[n - 1] == '/')
		s[--n] = '\0';
	return s;
}

static int parse_bool(const char *value, bool *out)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(value, yes[i])) {
			*out = true;
			return 0;
		}
		if (!strcasecmp(value, no[i])) {
			*out = false;
			return 0;
		}
	}
	return -1;
}

/* Digits only: no sign, no blanks, no overflow. */
static int parse_u64(const char *s, const char **end, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -1;
	*end = s;
	*out = v;
	return 0;
}

int vctx_parse_time(const char *text, uint64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = {
		{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 },
	};
	const char *end;
	uint64_t v;
	size_t i;

	if (parse_u64(text, &end, &v))
		return -1;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].unit))
			return __builtin_mul_overflow(v, units[i].factor, ms) ||
			       *ms > INT64_MAX ? -1 : 0;
	return -1;
}

int vctx_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *end, *u;
	uint64_t v;

	if (parse_u64(text, &end, &v))
		return -1;
	if (!*end) {
		*bytes = v;
		return 0;
	}
	u = strchr(units, *end);
	if (!u || end[1])
		return -1;
	return __builtin_mul_overflow(v, UINT64_C(1) << (10 * (u - units + 1)),
				      bytes) ? -1 : 0;
}

int vctx_signal_number(const char *text)
{
	const char *name = text;
	const char *end;
	uint64_t v;
	int sig;

	if (!parse_u64(text, &end, &v))
		return !*end && v >= 1 && v < NSIG ? (int)v : -1;
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (sig = 1; sig < NSIG; sig++) {
		const char *abbrev = sigabbrev_np(sig);

		if (abbrev && !strcasecmp(abbrev, name))
			return sig;
	}
	if (!strncasecmp(name, "RTMIN", 5)) {
		if (!name[5])
			return SIGRTMIN;
		if (name[5] == '+' && !parse_u64(name + 6, &end, &v) && !*end &&
		    v <= (uint64_t)(SIGRTMAX - SIGRTMIN))
			return SIGRTMIN + (int)v;
	}
	return -1;
}

const char *vctx_signal_name(int sig, char *buf, size_t size)
{
	const char *abbrev = sigabbrev_np(sig);

	if (abbrev)
		snprintf(buf, size, "SIG%s", abbrev);
	else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(buf, size, sig > SIGRTMIN ? "SIGRTMIN+%d" : "SIGRTMIN",
			 sig - SIGRTMIN);
	else
		snprintf(buf, size, "%d", sig);
	return buf;
}

static int p_version(struct vctx_config *cfg, const char *value,
		     struct why *why)
{
	(void)cfg;
	return strcmp(value, "1") ? bad(why, "this vctx reads version 1") : 0;
}

static int p_root(struct vctx_config *cfg, const char *value, struct why *why)
{
	if (!vx_path_ok(value))
		return bad(why, "give an absolute path without \"..\"");
	free(cfg->root);
	cfg->root = path_copy(value);
	return 0;
}

static int p_hostname(struct vctx_config *cfg, const char *value,
		      struct why *why)
{
	size_t n = strlen(value);

	if (n < 1 || n > 64 || value[0] == '-' || value[0] == '.' ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz"
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != n)
		return bad(why, "1 to 64 letters, digits, dots and hyphens");
	free(cfg->hostname);
	cfg->hostname = vx_strdup(value);
	return 0;
}

static int p_id(struct vctx_config *cfg, const char *value, struct why *why)
{
	const char *end;
	uint64_t v;

	if (!strcmp(value, "auto")) {
		cfg->id = 0;
		return 0;
	}
	if (parse_u64(value, &end, &v) || *end || v < VX_XID_MIN ||
	    v > VX_XID_MAX)
		return bad(why, "a number from 2 to 65535, or auto");
	cfg->id = (uint32_t)v;
	return 0;
}

static void free_words(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static char **split_words(const char *value)
{
	char **words = vx_alloc(sizeof(*words));
	vx_autofree char *copy = vx_strdup(value);
	char *save, *w;
	size_t n = 0;

	for (w = strtok_r(copy, BLANKS, &save); w;
	     w = strtok_r(NULL, BLANKS, &save)) {
		words = vx_realloc(words, (n + 2) * sizeof(*words));
		words[n++] = vx_strdup(w);
		words[n] = NULL;
	}
	return words;
}

static int p_init(struct vctx_config *cfg, const char *value, struct why *why)
{
	char **words = split_words(value);

	if (!words[0] || !vx_path_ok(words[0])) {
		free_words(words);
		return bad(why, "an absolute path and its arguments");
	}
	free_words(cfg->init);
	cfg->init = words;
	return 0;
}

static int p_start(struct vctx_config *cfg, const char *value, struct why *why)
{
	char **words = NULL;

	if (strcmp(value, "none")) {
		words = split_words(value);
		if (!words[0] || !vx_path_ok(words[0])) {
			free_words(words);
			return bad(why, "an absolute path and its arguments, or none");
		}
	}
	free_words(cfg->start);
	cfg->start = words;
	return 0;
}

static int p_autostart(struct vctx_config *cfg, const char *value,
		       struct why *why)
{
	return parse_bool(value, &cfg->autostart) ? bad(why, "yes or no") : 0;
}

/*
 * "150%" or "12.5%" to millionths; "none" to 0.  Three decimals at most: what
 * the kernel keeps is finer still, so nothing is rounded.
 */
static int parse_percent(const char *value, uint64_t min, uint64_t max,
			 uint64_t *ppm)
{
	const char *end;
	uint64_t whole, part = 0, unit = 10000;

	if (!strcmp(value, "none")) {
		*ppm = 0;
		return 0;
	}
	if (parse_u64(value, &end, &whole) || whole > max / unit)
		return -1;
	if (*end == '.') {
		if (!isdigit((unsigned char)end[1]))
			return -1;
		for (end++; isdigit((unsigned char)*end); end++) {
			if (unit == 10)
				return -1;
			unit /= 10;
			part += unit * (uint64_t)(*end - '0');
		}
	}
	part += whole * 10000;
	if (strcmp(end, "%") || part < min || part > max)
		return -1;
	*ppm = part;
	return 0;
}

static int p_cpu_weight(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	const char *end;
	uint64_t v;

	if (parse_u64(value, &end, &v) || *end || v < VX_CPU_WEIGHT_MIN ||
	    v > VX_CPU_WEIGHT_MAX)
		return bad(why, "a number from 1 to 10000");
	cfg->cpu_weight = (uint32_t)v;
	return 0;
}

static int p_cpu_guarantee(struct vctx_config *cfg, const char *value,
			   struct why *why)
{
	return parse_percent(value, 1000, 950000, &cfg->cpu_guarantee_ppm) ?
	       bad(why, "a part of the machine from 0.1% to 95%, or none") : 0;
}

static int p_cpu_max(struct vctx_config *cfg, const char *value,
		     struct why *why)
{
	return parse_percent(value, VX_CPU_RATE_MIN / 1000,
			     VX_CPU_RATE_MAX / 1000, &cfg->cpu_max_ppm) ?
	       bad(why, "a percentage of one CPU, from 0.1% (150% is one and a half), or none") : 0;
}

static int p_cpu_burst(struct vctx_config *cfg, const char *value,
		       struct why *why)
{
	uint64_t ms;

	if (vctx_parse_time(value, &ms) || ms < VX_CPU_BURST_MIN / 1000000 ||
	    ms > VX_CPU_BURST_MAX / 1000000)
		return bad(why, "a time from 1ms to 60s");
	cfg->cpu_burst_ms = ms;
	return 0;
}

static int p_cpu_parent(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	bool none = !strcmp(value, "none");

	if (!none && vctx_name_check(value, NULL))
		return bad(why, "the name of a context, or none");
	free(cfg->cpu_parent);
	cfg->cpu_parent = none ? NULL : vx_strdup(value);
	return 0;
}

struct vctx_disk *vx_config_disk(struct vctx_config *cfg, const char *name)
{
	struct vctx_disk *d;
	size_t i;

	for (i = 0; i < cfg->n_disk; i++) {
		d = &cfg->disk[i];
		if (!name ? !d->name : d->name && !strcmp(name, d->name))
			return d;
	}
	cfg->disk = vx_realloc(cfg->disk,
			       (cfg->n_disk + 1) * sizeof(*cfg->disk));
	d = &cfg->disk[cfg->n_disk++];
	memset(d, 0, sizeof(*d));
	d->name = name ? vx_strdup(name) : NULL;
	d->share.weight = VX_DISK_WEIGHT_DEFAULT;
	return d;
}

/* "12.5%" of a disk's time, "20M" bytes or "500io" requests per second. */
static int parse_disk_rate(const char *s, unsigned int time_max,
			   struct vctx_disk_rate *r)
{
	const char *end;
	uint64_t v;

	if (s[0] && s[strlen(s) - 1] == '%') {
		if (parse_percent(s, 1000, time_max * UINT64_C(1000), &v) ||
		    v % 1000)
			return -1;
		*r = (struct vctx_disk_rate){ VCTX_DISK_TIME, v / 1000 };
	} else if (!strcmp(s, "none")) {
		*r = (struct vctx_disk_rate){ VCTX_DISK_TIME, 0 };
	} else if (!parse_u64(s, &end, &v) && !strcmp(end, "io")) {
		if (!v || v > VX_DISK_IOS_MAX)
			return -1;
		*r = (struct vctx_disk_rate){ VCTX_DISK_IOS, v };
	} else {
		if (vctx_parse_size(s, &v) || v < VX_DISK_BYTES_MIN ||
		    v > VX_DISK_BYTES_MAX)
			return -1;
		*r = (struct vctx_disk_rate){ VCTX_DISK_BYTES, v };
	}
	return 0;
}

static int parse_disk_value(const char *s, uint32_t which,
			    struct vctx_sys_disk *share)
{
	const char *end;
	uint64_t v;

	switch (which) {
	case VXDISK_WEIGHT:
		if (parse_u64(s, &end, &v) || *end || v < VX_DISK_WEIGHT_MIN ||
		    v > VX_DISK_WEIGHT_MAX)
			return -1;
		share->weight = (uint32_t)v;
		return 0;
	case VXDISK_RESERVE:
		return parse_disk_rate(s, VX_DISK_TIME_RESERVED,
				       &share->reserve);
	}
	return parse_disk_rate(s, VX_DISK_TIME_MAX, &share->max);
}

/*
 * "100 vdb=400": one value for all disks, and others for some.  The whole value
 * replaces what an earlier file said.
 */
static int parse_disk(struct vctx_config *cfg, const char *value,
		      uint32_t which, const char *text, struct why *why)
{
	char **w = split_words(value);
	int r = -1;
	size_t i;

	for (i = 0; i < cfg->n_disk; i++)
		cfg->disk[i].share.set &= ~which;
	for (i = 0; w[i]; i++) {
		char *eq = strchr(w[i], '=');
		const char *v = eq ? eq + 1 : w[i];
		const char *name = eq ? w[i] : NULL;
		struct vctx_disk *d;

		if (eq)
			*eq = '\0';
		if (name && !strncmp(name, "/dev/", 5))
			name += 5;
		if (name && (!name[0] || name[0] == '/' || strstr(name, "..") ||
			     strlen(name) > 64)) {
			bad(why, "write DISK=VALUE with a name as under /dev");
			goto out;
		}
		d = vx_config_disk(cfg, name);
		if (d->share.set & which) {
			bad(why, name ? "a disk is given twice"
				      : "there are two values for all disks");
			goto out;
		}
		if (parse_disk_value(v, which, &d->share)) {
			bad(why, text);
			goto out;
		}
		d->share.set |= which;
	}
	r = 0;
out:
	free_words(w);
	return r;
}

static int p_disk_weight(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	return parse_disk(cfg, value, VXDISK_WEIGHT,
			  "a number from 1 to 10000, for one disk DISK=NUMBER",
			  why);
}

static int p_disk_reserve(struct vctx_config *cfg, const char *value,
			  struct why *why)
{
	return parse_disk(cfg, value, VXDISK_RESERVE,
			  "0.1% to 80% of a disk's time, 4K or more bytes/s, requests/s as 500io, or none",
			  why);
}

static int p_disk_max(struct vctx_config *cfg, const char *value,
		      struct why *why)
{
	return parse_disk(cfg, value, VXDISK_MAX,
			  "0.1% to 100% of a disk's time, 4K or more bytes/s, requests/s as 500io, or none",
			  why);
}

static int p_readonly(struct vctx_config *cfg, const char *value,
		      struct why *why)
{
	return parse_bool(value, &cfg->readonly_root) ? bad(why, "yes or no")
						      : 0;
}

static int p_cgroups(struct vctx_config *cfg, const char *value, struct why *why)
{
	return parse_bool(value, &cfg->cgroups) ? bad(why, "yes or no") : 0;
}

static int p_bind(struct vctx_config *cfg, const char *value, struct why *why)
{
	char **w = split_words(value);
	struct vctx_bind *b;
	bool ro = false;
	size_t n = 0;

	while (w[n])
		n++;
	if (n == 3 && !strcmp(w[2], "ro"))
		ro = true;
	else if (n == 3 && strcmp(w[2], "rw"))
		n = 0;
	if (n < 2 || n > 3 || !vx_path_ok(w[0]) || !vx_path_ok(w[1]) ||
	    w[1][strspn(w[1], "/")] == '\0') {
		free_words(w);
		return bad(why, "\"SOURCE TARGET [ro]\", both absolute paths, and TARGET not /");
	}
	cfg->bind = vx_realloc(cfg->bind,
			       (cfg->n_bind + 1) * sizeof(*cfg->bind));
	b = &cfg->bind[cfg->n_bind++];
	b->source = path_copy(w[0]);
	b->target = path_copy(w[1]);
	b->ro = ro;
	free_words(w);
	return 0;
}

static int p_tmpfs(struct vctx_config *cfg, const char *value, struct why *why)
{
	char **w = split_words(value);
	struct vctx_tmpfs t = { .mode = 01777 };
	size_t i;

	if (!w[0] || !vx_path_ok(w[0]) || w[0][strspn(w[0], "/")] == '\0')
		goto bad_value;
	for (i = 1; w[i]; i++) {
		char *end;

		if (!strncmp(w[i], "size=", 5)) {
			if (vctx_parse_size(w[i] + 5, &t.size) || !t.size)
				goto bad_value;
		} else if (!strncmp(w[i], "mode=", 5)) {
			unsigned long m = strtoul(w[i] + 5, &end, 8);

			if (!isdigit((unsigned char)w[i][5]) || *end ||
			    m > 07777)
				goto bad_value;
			t.mode = (unsigned int)m;
		} else {
			goto bad_value;
		}
	}
	t.target = path_copy(w[0]);
	cfg->tmpfs = vx_realloc(cfg->tmpfs,
				(cfg->n_tmpfs + 1) * sizeof(*cfg->tmpfs));
	cfg->tmpfs[cfg->n_tmpfs++] = t;
	free_words(w);
	return 0;

bad_value:
	free_words(w);
	return bad(why, "\"TARGET [size=64M] [mode=1777]\", an absolute path and not /");
}

/* What can be done, from the words behind the device and its target. */
static int parse_device_words(struct vctx_device *d, char *const *w)
{
	size_t i;

	if (!w[0])
		return -1;
	if (!strcmp(w[0], "none") || !strcmp(w[0], "default")) {
		d->as_ever = w[0][0] == 'd';
		return w[1] || d->target ? -1 : 0;
	}
	for (i = 0; w[i]; i++) {
		if (!strcmp(w[i], "open"))
			d->open = true;
		else if (!strcmp(w[i], "create"))
			d->create = true;
		else
			return -1;
	}
	return 0;
}

/* A device has one entry: what is said last counts. */
static int p_device(struct vctx_config *cfg, const char *value, struct why *why)
{
	static const char text[] =
		"\"DEVICE [TARGET] open|create|none|default\", DEVICE a path, block or char";
	char **w = split_words(value);
	struct vctx_device d = { 0 };
	bool rest = w[0] && (!strcmp(w[0], "block") || !strcmp(w[0], "char"));
	bool to = w[0] && w[1] && w[1][0] == '/';
	size_t i;

	if (!w[0] || (!rest && !vx_path_ok(w[0])) ||
	    (to && (rest || !vx_path_ok(w[1]))))
		goto bad_value;
	d.target = to ? w[1] : NULL;
	if (parse_device_words(&d, w + (to ? 2 : 1)))
		goto bad_value;
	if (!strcmp(w[0], "char") && !d.open && !d.as_ever) {
		free_words(w);
		return bad(why, "its terminals are among all others of char: they must be open");
	}
	d.name = rest ? vx_strdup(w[0]) : path_copy(w[0]);
	d.target = to ? path_copy(w[1]) : NULL;
	free_words(w);
	for (i = 0; i < cfg->n_device; i++) {
		if (strcmp(cfg->device[i].name, d.name))
			continue;
		free(cfg->device[i].name);
		free(cfg->device[i].target);
		cfg->device[i] = d;
		return 0;
	}
	cfg->device = vx_realloc(cfg->device,
				 (cfg->n_device + 1) * sizeof(*cfg->device));
	cfg->device[cfg->n_device++] = d;
	return 0;

bad_value:
	free_words(w);
	return bad(why, text);
}

/*
 * "secure +net_admin -sys_boot": words that change a set of bits.  A base word
 * replaces the whole set; a sign adds or removes; no sign adds.
 */
static int parse_bits(const char *value, enum vctx_names set, const char *base,
		      uint64_t base_bits, uint64_t all, uint64_t refused,
		      uint64_t *bits, struct why *why)
{
	char **w = split_words(value);
	int r = -1;
	size_t i;

	for (i = 0; w[i]; i++) {
		const char *name = w[i];
		bool clear = name[0] == '-' || name[0] == '!';
		int bit;

		if (clear || name[0] == '+')
			name++;
		if (name == w[i] && !strcmp(name, base)) {
			*bits = base_bits;
			continue;
		}
		if (name == w[i] && !strcmp(name, "none")) {
			*bits = base_bits & ~all;
			continue;
		}
		if (name == w[i] && !strcmp(name, "all")) {
			*bits = base_bits | (all & ~refused);
			continue;
		}
		bit = vctx_bit_find(set, name);
		if (bit < 0) {
			snprintf(why->buf, sizeof(why->buf),
				 "\"%.48s\" is not a name vctx knows", name);
			why->text = why->buf;
			goto out;
		}
		if (refused & (UINT64_C(1) << bit)) {
			snprintf(why->buf, sizeof(why->buf),
				 "\"%.48s\" is not for configurations", name);
			why->text = why->buf;
			goto out;
		}
		if (clear)
			*bits &= ~(UINT64_C(1) << bit);
		else
			*bits |= UINT64_C(1) << bit;
	}
	r = 0;
out:
	free_words(w);
	return r;
}

/* Every bit of a set that has a name. */
static uint64_t named_bits(enum vctx_names set)
{
	uint64_t all = 0;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++)
		if (vctx_bit_name(set, bit))
			all |= UINT64_C(1) << bit;
	return all;
}

static int p_capabilities(struct vctx_config *cfg, const char *value,
			  struct why *why)
{
	return parse_bits(value, VCTX_NAMES_BCAPS, "secure", VCTX_BCAPS_SECURE,
			  named_bits(VCTX_NAMES_BCAPS), 0, &cfg->bcaps, why);
}

static int p_ccaps(struct vctx_config *cfg, const char *value, struct why *why)
{
	return parse_bits(value, VCTX_NAMES_CCAPS, "secure", VCTX_CCAPS_SECURE,
			  named_bits(VCTX_NAMES_CCAPS), 0, &cfg->ccaps, why);
}

static int p_ncaps(struct vctx_config *cfg, const char *value, struct why *why)
{
	return parse_bits(value, VCTX_NAMES_NCAPS, "none", 0,
			  named_bits(VCTX_NAMES_NCAPS), 0, &cfg->ncaps, why);
}

static int p_flags(struct vctx_config *cfg, const char *value, struct why *why)
{
	return parse_bits(value, VCTX_NAMES_CFLAGS, "default", CFLAGS_DEFAULT,
			  named_bits(VCTX_NAMES_CFLAGS), CFLAGS_REFUSED,
			  &cfg->cflags, why);
}

static int p_stop_signal(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	int sig = vctx_signal_number(value);

	if (sig < 0)
		return bad(why, "a signal name such as SIGTERM");
	cfg->stop_signal = sig;
	return 0;
}

static int p_stop_timeout(struct vctx_config *cfg, const char *value,
			  struct why *why)
{
	return vctx_parse_time(value, &cfg->stop_timeout_ms) ?
	       bad(why, "a time such as 10s, 500ms or 2m") : 0;
}

static int p_tag(struct vctx_config *cfg, const char *value, struct why *why)
{
	const char *end;
	uint64_t v = 0;

	if (strcmp(value, "auto") && strcmp(value, "none") &&
	    (parse_u64(value, &end, &v) || *end || !v || v > VX_XID_MAX))
		return bad(why, "a number from 1 to 65535, auto or none");
	cfg->tag_is_id = !strcmp(value, "auto");
	cfg->tag = (uint32_t)v;
	return 0;
}

/* The kernel counts KiB in 32 bits. */
#define SPACE_MAX	(UINT64_C(0xfffffffd) << 10)

static int p_disk_space(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (vctx_parse_size(value, &v) || v < 1024 || v > SPACE_MAX))
		return bad(why, "a size from 1K to 3T such as 10G, or none");
	cfg->disk_space = v;
	return 0;
}

static int p_disk_inodes(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	const char *end;
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (parse_u64(value, &end, &v) || *end || !v || v > UINT32_MAX - 2))
		return bad(why, "a number from 1, or none");
	cfg->disk_inodes = v;
	return 0;
}

/* Less than this and not even a shell starts. */
#define MEMORY_MIN	(1U << 20)
#define OBJECT_MIN	(1U << 12)	/* less than a page is room for nothing */

static int p_memory_max(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (vctx_parse_size(value, &v) || v < MEMORY_MIN || v > INT64_MAX))
		return bad(why, "a size from 1M such as 512M, or none");
	cfg->memory_max = v;
	return 0;
}

static int p_memory_swap(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (vctx_parse_size(value, &v) || v > INT64_MAX))
		return bad(why, "a size such as 512M, 0, or none");
	cfg->have_swap = strcmp(value, "none");
	cfg->memory_swap = v;
	return 0;
}

static int parse_count(const char *value, uint64_t max, uint64_t *v)
{
	const char *end;

	*v = 0;
	return strcmp(value, "none") &&
	       (parse_u64(value, &end, v) || *end || *v < 1 || *v > max) ? -1 : 0;
}

static int p_processes(struct vctx_config *cfg, const char *value,
		       struct why *why)
{
	return parse_count(value, 4194304, &cfg->processes) ?
	       bad(why, "a number from 1 to 4194304, or none") : 0;
}

static int p_object(struct vctx_config *cfg, enum vctx_object object,
		    const char *value, struct why *why)
{
	return parse_count(value, 1000000000, &cfg->objects[object]) ?
	       bad(why, "a number from 1 to 1000000000, or none") : 0;
}

static int p_files(struct vctx_config *cfg, const char *value, struct why *why)
{
	return p_object(cfg, VCTX_OBJECT_FILES, value, why);
}

static int p_sockets(struct vctx_config *cfg, const char *value,
		     struct why *why)
{
	return p_object(cfg, VCTX_OBJECT_SOCKETS, value, why);
}

static int p_locks(struct vctx_config *cfg, const char *value, struct why *why)
{
	return p_object(cfg, VCTX_OBJECT_LOCKS, value, why);
}

static int p_space(struct vctx_config *cfg, enum vctx_object object,
		   uint64_t min, const char *value)
{
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (vctx_parse_size(value, &v) || v < min || v > INT64_MAX))
		return -1;
	cfg->objects[object] = v;
	return 0;
}

static int p_address_space(struct vctx_config *cfg, const char *value,
			   struct why *why)
{
	return p_space(cfg, VCTX_OBJECT_ADDRESS_SPACE, MEMORY_MIN, value) ?
	       bad(why, "a size from 1M such as 8G, or none") : 0;
}

static int p_message_queues(struct vctx_config *cfg, const char *value,
			    struct why *why)
{
	return p_space(cfg, VCTX_OBJECT_MESSAGE_QUEUES, OBJECT_MIN, value) ?
	       bad(why, "a size from 4K such as 1M, or none") : 0;
}

static int p_shared_memory(struct vctx_config *cfg, const char *value,
			   struct why *why)
{
	return p_space(cfg, VCTX_OBJECT_SHARED_MEMORY, OBJECT_MIN, value) ?
	       bad(why, "a size from 4K such as 64M, or none") : 0;
}

static int p_semaphore_sets(struct vctx_config *cfg, const char *value,
			    struct why *why)
{
	return p_object(cfg, VCTX_OBJECT_SEMAPHORE_SETS, value, why);
}

static int p_semaphores(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	return p_object(cfg, VCTX_OBJECT_SEMAPHORES, value, why);
}

static int p_net_mode(struct vctx_config *cfg, const char *value,
		      struct why *why)
{
	int mode = vctx_net_mode_find(value);

	if (mode < 0)
		return bad(why, "host, none, bridge, routed or shared-address");
	cfg->net_mode = (enum vctx_net_mode)mode;
	return 0;
}

static int p_net_bridge(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	char *name = NULL;

	if (strcmp(value, "none")) {
		if (!vx_net_device_ok(value))
			return bad(why, "name of a network device, or none");
		name = vx_strdup(value);
	}
	free(cfg->net_bridge);
	cfg->net_bridge = name;
	return 0;
}

static int p_net_address(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	struct vctx_net_addr a;
	size_t i;

	if (vctx_net_addr_parse(value, &a))
		return bad(why, "an address of a host such as 10.0.7.11/24");
	for (i = 0; i < cfg->n_net_addr; i++)
		if (cfg->net_addr[i].family == a.family &&
		    !memcmp(cfg->net_addr[i].ip, a.ip, sizeof(a.ip)))
			return bad(why, "each address once");
	cfg->net_addr = vx_realloc(cfg->net_addr, (cfg->n_net_addr + 1) *
				   sizeof(*cfg->net_addr));
	cfg->net_addr[cfg->n_net_addr++] = a;
	return 0;
}

static int p_net_gateway(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	cfg->net_has_gateway = strcmp(value, "none");
	if (cfg->net_has_gateway &&
	    (strchr(value, '/') || vctx_net_addr_parse(value, &cfg->net_gateway)))
		return bad(why, "an address such as 10.0.7.1, or none");
	return 0;
}

static const struct {
	const char *name;
	uint64_t factor;
} bit_units[] = {
	{ "Gbit", 1000000000 }, { "Mbit", 1000000 }, { "kbit", 1000 },
	{ "bit", 1 },
};

/* "10Mbit": bits per second, in the units of tc(8); "none" is 0. */
static int parse_bitrate(const char *s, uint64_t *bits, struct why *why)
{
	const char *end;
	uint64_t v;
	size_t i;

	if (!strcmp(s, "none")) {
		*bits = 0;
		return 0;
	}
	if (parse_u64(s, &end, &v))
		goto wrong;
	for (i = 0; i < ARRAY_SIZE(bit_units); i++)
		if (!strcmp(end, bit_units[i].name))
			break;
	if (i == ARRAY_SIZE(bit_units) ||
	    __builtin_mul_overflow(v, bit_units[i].factor, &v) ||
	    v < VX_NET_RATE_MIN || v > VX_NET_RATE_MAX)
		goto wrong;
	*bits = v;
	return 0;
wrong:
	return bad(why, "8kbit to 1000Gbit, or none");
}

static int p_net_weight(struct vctx_config *cfg, const char *value,
			struct why *why)
{
	const char *end;
	uint64_t v = 0;

	if (strcmp(value, "none") &&
	    (parse_u64(value, &end, &v) || *end || v < 1 || v > 10000))
		return bad(why, "a number from 1 to 10000, or none");
	cfg->net_weight = (uint32_t)v;
	return 0;
}

static int p_net_rate_out(struct vctx_config *cfg, const char *value,
			  struct why *why)
{
	return parse_bitrate(value, &cfg->net_rate_out, why);
}

static int p_net_rate_in(struct vctx_config *cfg, const char *value,
			 struct why *why)
{
	return parse_bitrate(value, &cfg->net_rate_in, why);
}

static void r_bind(struct vctx_config *cfg)
{
	while (cfg->n_bind) {
		cfg->n_bind--;
		free(cfg->bind[cfg->n_bind].source);
		free(cfg->bind[cfg->n_bind].target);
	}
}

static void r_disk(struct vctx_config *cfg)
{
	while (cfg->n_disk)
		free(cfg->disk[--cfg->n_disk].name);
}

static void r_net_address(struct vctx_config *cfg)
{
	cfg->n_net_addr = 0;
}

static void r_tmpfs(struct vctx_config *cfg)
{
	while (cfg->n_tmpfs)
		free(cfg->tmpfs[--cfg->n_tmpfs].target);
}

static void r_device(struct vctx_config *cfg)
{
	vx_device_free(cfg);
}

static void r_capabilities(struct vctx_config *cfg)
{
	cfg->bcaps = VCTX_BCAPS_SECURE;
}

static void r_ccaps(struct vctx_config *cfg)
{
	cfg->ccaps = VCTX_CCAPS_SECURE;
}

static void r_ncaps(struct vctx_config *cfg)
{
	cfg->ncaps = 0;
}

static void r_flags(struct vctx_config *cfg)
{
	cfg->cflags = CFLAGS_DEFAULT;
}

static void dump_bits(FILE *f, const char *key, enum vctx_names set,
		      const char *base, uint64_t base_bits, uint64_t bits)
{
	unsigned int bit;

	fprintf(f, "%s = %s", key, base);
	for (bit = 0; bit < 64; bit++) {
		uint64_t b = UINT64_C(1) << bit;
		const char *name = vctx_bit_name(set, bit);

		if (name && ((bits ^ base_bits) & b))
			fprintf(f, " %c%s", bits & b ? '+' : '-', name);
	}
	fputc('\n', f);
}

static void d_version(FILE *f, const char *key, const struct vctx_config *cfg)
{
	(void)cfg;
	fprintf(f, "%s = 1\n", key);
}

static void d_root(FILE *f, const char *key, const struct vctx_config *cfg)
{
	if (cfg->root)
		fprintf(f, "%s = %s\n", key, cfg->root);
}

static void d_hostname(FILE *f, const char *key, const struct vctx_config *cfg)
{
	if (cfg->hostname)
		fprintf(f, "%s = %s\n", key, cfg->hostname);
}

static void d_id(FILE *f, const char *key, const struct vctx_config *cfg)
{
	if (cfg->id)
		fprintf(f, "%s = %u\n", key, cfg->id);
	else
		fprintf(f, "%s = auto\n", key);
}

static void dump_words(FILE *f, const char *key, char *const *words)
{
	size_t i;

	fprintf(f, "%s =", key);
	for (i = 0; words[i]; i++)
		fprintf(f, " %s", words[i]);
	fputc('\n', f);
}

static void d_init(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_words(f, key, cfg->init);
}

static void d_autostart(FILE *f, const char *key, const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, cfg->autostart ? "yes" : "no");
}

static void d_cpu_weight(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	fprintf(f, "%s = %u\n", key, cfg->cpu_weight);
}

static void dump_percent(FILE *f, const char *key, uint64_t ppm)
{
	char digits[8];
	size_t n;

	if (!ppm) {
		fprintf(f, "%s = none\n", key);
		return;
	}
	/* no more decimals than there are: 150%, 12.5% */
	n = (size_t)snprintf(digits, sizeof(digits), "%04u",
			     (unsigned int)(ppm % 10000));
	while (n && digits[n - 1] == '0')
		digits[--n] = '\0';
	fprintf(f, "%s = %llu%s%s%%\n", key, (unsigned long long)(ppm / 10000),
		n ? "." : "", digits);
}

static void d_cpu_guarantee(FILE *f, const char *key,
			    const struct vctx_config *cfg)
{
	dump_percent(f, key, cfg->cpu_guarantee_ppm);
}

static void d_cpu_max(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_percent(f, key, cfg->cpu_max_ppm);
}

static void d_cpu_burst(FILE *f, const char *key,
			const struct vctx_config *cfg)
{
	fprintf(f, "%s = %llums\n", key, (unsigned long long)cfg->cpu_burst_ms);
}

static void d_cpu_parent(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, cfg->cpu_parent ? cfg->cpu_parent : "none");
}

static void dump_disk_value(FILE *f, const struct vctx_sys_disk *share,
			    uint32_t which)
{
	vx_autofree char *rate = NULL;

	if (which == VXDISK_WEIGHT) {
		fprintf(f, "%u", share->weight);
		return;
	}
	rate = vctx_disk_rate_text(which == VXDISK_MAX ? &share->max
						       : &share->reserve);
	fputs(rate, f);
}

static void dump_disk(FILE *f, const char *key, const struct vctx_config *cfg,
		      uint32_t which)
{
	struct vctx_sys_disk all;
	size_t i;

	vx_disk_all(cfg, &all);
	fprintf(f, "%s = ", key);
	dump_disk_value(f, &all, which);
	for (i = 0; i < cfg->n_disk; i++) {
		if (!cfg->disk[i].name || !(cfg->disk[i].share.set & which))
			continue;
		fprintf(f, " %s=", cfg->disk[i].name);
		dump_disk_value(f, &cfg->disk[i].share, which);
	}
	fputc('\n', f);
}

static void d_disk_weight(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	dump_disk(f, key, cfg, VXDISK_WEIGHT);
}

static void d_disk_reserve(FILE *f, const char *key,
			   const struct vctx_config *cfg)
{
	dump_disk(f, key, cfg, VXDISK_RESERVE);
}

static void d_disk_max(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_disk(f, key, cfg, VXDISK_MAX);
}

static void dump_number(FILE *f, const char *key, bool have, uint64_t v)
{
	if (have)
		fprintf(f, "%s = %llu\n", key, (unsigned long long)v);
	else
		fprintf(f, "%s = none\n", key);
}

static void d_tag(FILE *f, const char *key, const struct vctx_config *cfg)
{
	if (cfg->tag_is_id)
		fprintf(f, "%s = auto\n", key);
	else
		dump_number(f, key, cfg->tag, cfg->tag);
}

static void d_disk_space(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	dump_number(f, key, cfg->disk_space, cfg->disk_space);
}

static void d_disk_inodes(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	dump_number(f, key, cfg->disk_inodes, cfg->disk_inodes);
}

static void d_memory_max(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	dump_number(f, key, cfg->memory_max, cfg->memory_max);
}

static void d_memory_swap(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	dump_number(f, key, cfg->have_swap, cfg->memory_swap);
}

static void d_processes(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_number(f, key, cfg->processes, cfg->processes);
}

/* Of all keys of [limits] that the kernel keeps; @key has no section. */
static void d_object(FILE *f, const char *key, const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < VCTX_OBJECTS; i++)
		if (!strcmp(strchr(vx_object_key(i), '.') + 1, key))
			dump_number(f, key, cfg->objects[i], cfg->objects[i]);
}

static void d_net_mode(FILE *f, const char *key, const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, vctx_net_mode_name(cfg->net_mode));
}

static void d_net_bridge(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, cfg->net_bridge ? cfg->net_bridge : "none");
}

static void d_net_address(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_net_addr; i++) {
		vx_autofree char *text = vctx_net_addr_text(&cfg->net_addr[i]);

		fprintf(f, "%s = %s\n", key, text);
	}
}

static void d_net_gateway(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	vx_autofree char *text = vctx_net_addr_text(&cfg->net_gateway);

	text[strcspn(text, "/")] = '\0';
	fprintf(f, "%s = %s\n", key, cfg->net_has_gateway ? text : "none");
}

static void dump_bitrate(FILE *f, const char *key, uint64_t bits)
{
	size_t i = 0;

	while (bits % bit_units[i].factor)
		i++;
	if (bits)
		fprintf(f, "%s = %llu%s\n", key,
			(unsigned long long)(bits / bit_units[i].factor),
			bit_units[i].name);
	else
		fprintf(f, "%s = none\n", key);
}

static void d_net_weight(FILE *f, const char *key,
			 const struct vctx_config *cfg)
{
	if (cfg->net_weight)
		fprintf(f, "%s = %u\n", key, cfg->net_weight);
	else
		fprintf(f, "%s = none\n", key);
}

static void d_net_rate_out(FILE *f, const char *key,
			   const struct vctx_config *cfg)
{
	dump_bitrate(f, key, cfg->net_rate_out);
}

static void d_net_rate_in(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	dump_bitrate(f, key, cfg->net_rate_in);
}

static void d_bind(FILE *f, const char *key, const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_bind; i++)
		fprintf(f, "%s = %s %s%s\n", key, cfg->bind[i].source,
			cfg->bind[i].target, cfg->bind[i].ro ? " ro" : "");
}

static void d_tmpfs(FILE *f, const char *key, const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_tmpfs; i++) {
		fprintf(f, "%s = %s", key, cfg->tmpfs[i].target);
		if (cfg->tmpfs[i].size)
			fprintf(f, " size=%llu",
				(unsigned long long)cfg->tmpfs[i].size);
		fprintf(f, " mode=%04o\n", cfg->tmpfs[i].mode);
	}
}

static void d_device(FILE *f, const char *key, const struct vctx_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_device; i++) {
		const struct vctx_device *d = &cfg->device[i];

		fprintf(f, "%s = %s", key, d->name);
		if (d->target)
			fprintf(f, " %s", d->target);
		if (d->as_ever)
			fputs(" default", f);
		else if (!d->open && !d->create)
			fputs(" none", f);
		fprintf(f, "%s%s\n", d->open ? " open" : "",
			d->create ? " create" : "");
	}
}

static void d_capabilities(FILE *f, const char *key,
			   const struct vctx_config *cfg)
{
	dump_bits(f, key, VCTX_NAMES_BCAPS, "secure", VCTX_BCAPS_SECURE,
		  cfg->bcaps);
}

static void d_ccaps(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_bits(f, key, VCTX_NAMES_CCAPS, "secure", VCTX_CCAPS_SECURE,
		  cfg->ccaps);
}

static void d_ncaps(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_bits(f, key, VCTX_NAMES_NCAPS, "none", 0, cfg->ncaps);
}

static void d_flags(FILE *f, const char *key, const struct vctx_config *cfg)
{
	dump_bits(f, key, VCTX_NAMES_CFLAGS, "default", CFLAGS_DEFAULT,
		  cfg->cflags);
}

static void d_readonly(FILE *f, const char *key, const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, cfg->readonly_root ? "yes" : "no");
}

static void d_cgroups(FILE *f, const char *key, const struct vctx_config *cfg)
{
	fprintf(f, "%s = %s\n", key, cfg->cgroups ? "yes" : "no");
}

static void d_start(FILE *f, const char *key, const struct vctx_config *cfg)
{
	if (cfg->start)
		dump_words(f, key, cfg->start);
	else
		fprintf(f, "%s = none\n", key);
}

static void d_stop_signal(FILE *f, const char *key,
			  const struct vctx_config *cfg)
{
	char buf[32];

	fprintf(f, "%s = %s\n", key,
		vctx_signal_name(cfg->stop_signal, buf, sizeof(buf)));
}

static void d_stop_timeout(FILE *f, const char *key,
			   const struct vctx_config *cfg)
{
	fprintf(f, "%s = %llums\n", key,
		(unsigned long long)cfg->stop_timeout_ms);
}

/*
 * A key with a reset function is a list: repeating it appends.  The order is
 * that of the dump; keys of one section stand together.
 */
static const struct key {
	struct vctx_key pub;
	parse_fn parse;
	reset_fn reset;
	dump_fn dump;
} keys[K_COUNT] = {
	[K_VERSION] = {
		{ "version", "1", "version of this format", VCTX_AT_START },
		p_version, NULL, d_version },
	[K_ROOT] = {
		{ "context.root", NULL, "root directory", VCTX_AT_START },
		p_root, NULL, d_root },
	[K_HOSTNAME] = {
		{ "context.hostname", NULL, "host name", VCTX_AT_START },
		p_hostname, NULL, d_hostname },
	[K_ID] = {
		{ "context.id", "auto", "number in the kernel", VCTX_AT_START },
		p_id, NULL, d_id },
	[K_TAG] = {
		{ "context.tag", "auto none", "label of its files", VCTX_AT_START },
		p_tag, NULL, d_tag },
	[K_INIT] = {
		{ "context.init", NULL, "what it runs as process 1",
		  VCTX_AT_START },
		p_init, NULL, d_init },
	[K_AUTOSTART] = {
		{ "context.autostart", "yes no", "whether start --all starts it",
		  VCTX_AT_ONCE },
		p_autostart, NULL, d_autostart },
	[K_CPU_WEIGHT] = {
		{ "cpu.weight", "100", "share of the CPU time", VCTX_AT_ONCE },
		p_cpu_weight, NULL, d_cpu_weight },
	[K_CPU_GUARANTEE] = {
		{ "cpu.guarantee", "none", "CPU time it always gets, of the machine",
		  VCTX_AT_ONCE },
		p_cpu_guarantee, NULL, d_cpu_guarantee },
	[K_CPU_MAX] = {
		{ "cpu.max", "none", "CPU time it never exceeds, of one CPU",
		  VCTX_AT_ONCE },
		p_cpu_max, NULL, d_cpu_max },
	[K_CPU_BURST] = {
		{ "cpu.burst", "100ms", "CPU time it can save up below its limit",
		  VCTX_AT_ONCE },
		p_cpu_burst, NULL, d_cpu_burst },
	[K_CPU_PARENT] = {
		{ "cpu.parent", "none", "context that it shares CPU time in",
		  VCTX_AT_START },
		p_cpu_parent, NULL, d_cpu_parent },
	[K_DISK_WEIGHT] = {
		{ "disk.weight", "100", "share of the disks", VCTX_AT_ONCE },
		p_disk_weight, NULL, d_disk_weight },
	[K_DISK_RESERVE] = {
		{ "disk.reserve", "none", "what it always gets of a disk",
		  VCTX_AT_ONCE },
		p_disk_reserve, NULL, d_disk_reserve },
	[K_DISK_MAX] = {
		{ "disk.max", "none", "what it never exceeds on a disk",
		  VCTX_AT_ONCE },
		p_disk_max, NULL, d_disk_max },
	[K_DISK_SPACE] = {
		{ "disk.space", "none", "disk space it can have", VCTX_AT_ONCE },
		p_disk_space, NULL, d_disk_space },
	[K_DISK_INODES] = {
		{ "disk.inodes", "none", "files it can have", VCTX_AT_ONCE },
		p_disk_inodes, NULL, d_disk_inodes },
	[K_MEMORY_MAX] = {
		{ "memory.max", "none", "memory it can have", VCTX_AT_ONCE },
		p_memory_max, NULL, d_memory_max },
	[K_MEMORY_SWAP] = {
		{ "memory.swap", "none 0", "swap space it can have",
		  VCTX_AT_ONCE },
		p_memory_swap, NULL, d_memory_swap },
	[K_PROCESSES] = {
		{ "limits.processes", "none",
		  "processes and threads it can have", VCTX_AT_ONCE },
		p_processes, NULL, d_processes },
	[K_FILES] = {
		{ "limits.files", "none", "open files of all its processes",
		  VCTX_AT_ONCE },
		p_files, NULL, d_object },
	[K_SOCKETS] = {
		{ "limits.sockets", "none", "sockets it can have",
		  VCTX_AT_ONCE },
		p_sockets, NULL, d_object },
	[K_LOCKS] = {
		{ "limits.locks", "none", "locks on files it can have",
		  VCTX_AT_ONCE },
		p_locks, NULL, d_object },
	[K_ADDRESS_SPACE] = {
		{ "limits.address-space", "none",
		  "address space of all its processes", VCTX_AT_ONCE },
		p_address_space, NULL, d_object },
	[K_MESSAGE_QUEUES] = {
		{ "limits.message-queues", "none",
		  "memory of its message queues", VCTX_AT_ONCE },
		p_message_queues, NULL, d_object },
	[K_SHARED_MEMORY] = {
		{ "limits.shared-memory", "none",
		  "System V shared memory it can have", VCTX_AT_ONCE },
		p_shared_memory, NULL, d_object },
	[K_SEMAPHORE_SETS] = {
		{ "limits.semaphore-sets", "none",
		  "sets of System V semaphores it can have", VCTX_AT_ONCE },
		p_semaphore_sets, NULL, d_object },
	[K_SEMAPHORES] = {
		{ "limits.semaphores", "none",
		  "System V semaphores it can have", VCTX_AT_ONCE },
		p_semaphores, NULL, d_object },
	[K_NET_MODE] = {
		{ "net.mode", "host none bridge routed shared-address",
		  "where its network comes from", VCTX_AT_START },
		p_net_mode, NULL, d_net_mode },
	[K_NET_BRIDGE] = {
		{ "net.bridge", "none", "bridge of the host", VCTX_AT_START },
		p_net_bridge, NULL, d_net_bridge },
	[K_NET_ADDRESS] = {
		{ "net.address", NULL, "an address of its own", VCTX_AT_START },
		p_net_address, r_net_address, d_net_address },
	[K_NET_GATEWAY] = {
		{ "net.gateway", "none", "router of its bridge", VCTX_AT_START },
		p_net_gateway, NULL, d_net_gateway },
	[K_NET_WEIGHT] = {
		{ "net.weight", "none", "share of what its devices send",
		  VCTX_AT_ONCE },
		p_net_weight, NULL, d_net_weight },
	[K_NET_RATE_OUT] = {
		{ "net.rate-out", "none", "bits it can send per second",
		  VCTX_AT_ONCE },
		p_net_rate_out, NULL, d_net_rate_out },
	[K_NET_RATE_IN] = {
		{ "net.rate-in", "none", "bits it can receive per second",
		  VCTX_AT_ONCE },
		p_net_rate_in, NULL, d_net_rate_in },
	[K_NET_CAPABILITIES] = {
		{ "net.capabilities", "none multicast tun_create",
		  "what it may do with shared addresses", VCTX_AT_ONCE },
		p_ncaps, r_ncaps, d_ncaps },
	[K_BIND] = {
		{ "mount.bind", NULL, "a directory of the host", VCTX_AT_START },
		p_bind, r_bind, d_bind },
	[K_TMPFS] = {
		{ "mount.tmpfs", NULL, "a file system in memory", VCTX_AT_START },
		p_tmpfs, r_tmpfs, d_tmpfs },
	[K_CGROUPS] = {
		{ "mount.cgroups", "yes no", "whether it has control groups of its own",
		  VCTX_AT_START },
		p_cgroups, NULL, d_cgroups },
	[K_DEVICE] = {
		{ "device.map", NULL, "what it can do with a device",
		  VCTX_AT_ONCE },
		p_device, r_device, d_device },
	[K_CAPABILITIES] = {
		{ "security.capabilities", "secure all none",
		  "Linux capabilities", VCTX_AT_START },
		p_capabilities, r_capabilities, d_capabilities },
	[K_CCAPS] = {
		{ "security.context-capabilities", "secure all none",
		  "context capabilities", VCTX_AT_START },
		p_ccaps, r_ccaps, d_ccaps },
	[K_FLAGS] = {
		{ "security.flags", "default none", "context flags",
		  VCTX_AT_START },
		p_flags, r_flags, d_flags },
	[K_READONLY] = {
		{ "security.readonly-root", "yes no",
		  "whether the root is read-only", VCTX_AT_START },
		p_readonly, NULL, d_readonly },
	[K_START] = {
		{ "exec.start", "none", "a command in it that ends the start",
		  VCTX_AT_START },
		p_start, NULL, d_start },
	[K_STOP_SIGNAL] = {
		{ "exec.stop-signal", "SIGTERM SIGINT SIGQUIT SIGRTMIN+3",
		  "what stop sends to its init", VCTX_AT_ONCE },
		p_stop_signal, NULL, d_stop_signal },
	[K_STOP_TIMEOUT] = {
		{ "exec.stop-timeout", NULL, "how long stop waits",
		  VCTX_AT_ONCE },
		p_stop_timeout, NULL, d_stop_timeout },
};

const struct vctx_key *vctx_config_key(size_t i)
{
	return i < K_COUNT ? &keys[i].pub : NULL;
}

/* Number of a key, K_COUNT when there is none of this name. */
static size_t find_key(const char *full)
{
	size_t i;

	for (i = 0; i < K_COUNT; i++)
		if (!strcmp(full, keys[i].pub.name))
			break;
	return i;
}

/*
 * Keys of the design that this version does not have.  They are errors like
 * any unknown key, but a typing mistake in one is still recognised.
 */
static const char *const later_keys[] = {
	"cpu.cpus",
	"disk.read-max", "disk.write-max",
};

static int unknown_key(const char *where, const char *full,
		       struct vctx_err *err)
{
	const char *words[K_COUNT + ARRAY_SIZE(later_keys)];
	vx_autofree char *hint = NULL;
	const char *near;
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(later_keys); i++) {
		if (!strcmp(full, later_keys[i]))
			hint = vx_strdup("this version of vctx does not have it yet; leave it out");
		words[n++] = later_keys[i];
	}
	for (i = 0; i < K_COUNT; i++)
		words[n++] = keys[i].pub.name;
	near = vctx_closest(full, words, n);
	if (!hint && near)
		hint = vx_printf("did you mean \"%s\"?", near);
	return vx_fail(err, VCTX_USAGE, hint, "%s: unknown key \"%s\"", where,
		       full);
}

/* where: "FILE:LINE" or "-s TEXT", for messages. */
static int set_key(struct vctx_config *cfg, const char *where, const char *full,
		   const char *value, bool append, bool override,
		   unsigned int line, struct vctx_err *err)
{
	struct priv *priv = cfg->priv;
	struct why why = { 0 };
	size_t i = find_key(full);
	int r = -1;

	if (i == K_COUNT) {
		unknown_key(where, full, err);
		goto out;
	}
	if (append && !keys[i].reset) {
		vx_fail(err, VCTX_USAGE, "use \"=\"",
			"%s: key \"%s\" has one value, \"+=\" cannot add to it",
			where, full);
		goto out;
	}
	if (!keys[i].reset && !override && priv->in_file[i] == priv->file) {
		vx_fail(err, VCTX_USAGE, NULL,
			"%s: key \"%s\" was given before, in line %u",
			where, full, priv->in_line[i]);
		goto out;
	}
	/* "=" in a later file starts a list anew, once per file. */
	if (keys[i].reset && !append && !override &&
	    priv->in_file[i] != priv->file)
		keys[i].reset(cfg);
	if (!value[0]) {
		vx_fail(err, VCTX_USAGE, "leave the line out for the default",
			"%s: key \"%s\" has no value", where, full);
		goto out;
	}
	if (keys[i].parse(cfg, value, &why)) {
		vx_fail(err, VCTX_USAGE, NULL,
			"%s: bad value \"%s\" for \"%s\": %s", where, value,
			full, why.text);
		goto out;
	}
	priv->in_file[i] = priv->file;
	priv->in_line[i] = line;
	r = 0;
out:
	if (r && err)
		err->located = true;
	return r;
}

/* What the reader and the handler of one parse share. */
struct parse {
	struct vctx_config *cfg;
	const char *name;
	const char *next;	/* text not yet read */
	unsigned int line;
	bool failed;
	struct vctx_err *err;
};

static int parse_fail(struct parse *p, const char *hint, const char *what)
{
	if (!p->failed) {
		p->failed = true;
		vx_fail(p->err, VCTX_USAGE, hint, "%s:%u: %s", p->name,
			p->line, what);
		if (p->err)
			p->err->located = true;
	}
	return 0;
}

/* fgets() for inih, from memory, that counts lines. */
static char *read_line(char *buf, int size, void *arg)
{
	struct parse *p = arg;
	size_t n, take;

	if (!*p->next || p->failed)
		return NULL;
	p->line++;
	/* inih would take a line that starts with a blank for a continuation. */
	p->next += strspn(p->next, BLANKS);
	n = strcspn(p->next, "\n");
	take = n + (p->next[n] == '\n');
	if (take >= (size_t)size) {
		char text[64];

		snprintf(text, sizeof(text), "line is longer than %d characters",
			 size - 2);
		parse_fail(p, NULL, text);
		return NULL;
	}
	memcpy(buf, p->next, take);
	buf[take] = '\0';
	p->next += take;
	return buf;
}

static int handle_key(void *arg, const char *section, const char *name,
		      const char *value)
{
	struct parse *p = arg;
	vx_autofree char *full = NULL;
	vx_autofree char *where = NULL;
	bool append = false;
	size_t n;

	if (p->failed)
		return 0;
	full = section[0] ? vx_printf("%s.%s", section, name)
			  : vx_strdup(name);
	n = strlen(full);
	if (n && full[n - 1] == '+') {
		append = true;
		do
			full[--n] = '\0';
		while (n && isblank((unsigned char)full[n - 1]));
	}
	where = vx_printf("%s:%u", p->name, p->line);
	if (set_key(p->cfg, where, full, value, append, false, p->line,
		    p->err)) {
		p->failed = true;
		return 0;
	}
	return 1;
}

/* 0 for valid UTF-8 without control characters, else the line at fault. */
static unsigned int bad_text(const char *s)
{
	unsigned int line = 1;
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		unsigned int more, i;

		if (*p == '\n')
			line++;
		if (*p < 0x80) {
			if ((*p < 0x20 && *p != '\n' && *p != '\t' &&
			     *p != '\r') || *p == 0x7f)
				return line;
			p++;
			continue;
		}
		if (*p >= 0xc2 && *p <= 0xdf)
			more = 1;
		else if ((*p & 0xf0) == 0xe0)
			more = 2;
		else if (*p >= 0xf0 && *p <= 0xf4)
			more = 3;
		else
			return line;
		for (i = 1; i <= more; i++)
			if ((p[i] & 0xc0) != 0x80)
				return line;
		p += more + 1;
	}
	return 0;
}

int vctx_config_parse(struct vctx_config *cfg, const char *name,
		      const char *text, struct vctx_err *err)
{
	struct priv *priv = cfg->priv;
	struct parse p = {
		.cfg = cfg, .name = name, .next = text, .err = err,
	};
	unsigned int line = bad_text(text);
	int r;

	if (line) {
		p.line = line;
		parse_fail(&p, NULL, "not UTF-8 text");
		return -1;
	}
	priv->file++;
	r = ini_parse_stream(read_line, &p, handle_key, &p);
	if (p.failed)
		return -1;
	if (r == -2)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	if (r != 0) {
		p.line = (unsigned int)r;
		parse_fail(&p, "a line is \"[section]\", \"key = value\" or \"# comment\"",
			   "cannot make sense of this line");
		return -1;
	}
	return 0;
}

static char *dump(const struct vctx_config *cfg, const bool *want);

static int read_one(struct vctx_config *cfg, const char *file,
		    struct vctx_err *err)
{
	const char *name = strcmp(file, "-") ? file : "(standard input)";
	vx_autofree char *text = NULL;
	int r;

	text = vx_read_file(file, CONFIG_MAX);
	if (!text) {
		if (errno == EILSEQ)
			r = vx_fail(err, VCTX_USAGE, NULL,
				    "%s:1: not UTF-8 text", name);
		else
			r = vx_fail_errno(err, VCTX_USAGE, NULL, "%s", name);
		if (err)
			err->located = true;
		return r;
	}
	return vctx_config_parse(cfg, name, text, err);
}

int vx_config_read_file(struct vctx_config *cfg, const char *file,
			struct vctx_err *err)
{
	return read_one(cfg, file, err);
}

int vx_config_read_as(struct vctx_config *cfg, const char *file,
		      const char *text, const char *drop_in,
		      const char *drop_in_text, struct vctx_err *err)
{
	vx_autofree char *pattern = NULL;
	glob_t g;
	size_t i;
	int r = 0;

	if (text ? vctx_config_parse(cfg, file, text, err)
		 : read_one(cfg, file, err))
		return -1;
	if (!strcmp(file, "-") || strpbrk(file, "*?[\\"))
		return 0;
	pattern = vx_printf("%s.d/*.conf", file);
	if (glob(pattern, 0, NULL, &g))
		return 0;
	for (i = 0; i < g.gl_pathc && !r; i++) {
		const char *base = strrchr(g.gl_pathv[i], '/') + 1;

		if (drop_in && !strcmp(base, drop_in))
			r = vctx_config_parse(cfg, g.gl_pathv[i], drop_in_text,
					      err);
		else
			r = read_one(cfg, g.gl_pathv[i], err);
	}
	globfree(&g);
	return r;
}

int vctx_config_read(struct vctx_config *cfg, const char *file,
		     struct vctx_err *err)
{
	return vx_config_read_as(cfg, file, NULL, NULL, NULL, err);
}

void vctx_config_clear(struct vctx_config *cfg, const char *name)
{
	struct vctx_config *fresh = vctx_config_new();
	size_t i = find_key(name);

	/* Keys without a line of their own when they have no value. */
	if (i == K_HOSTNAME) {
		free(cfg->hostname);
		cfg->hostname = NULL;
	} else if (i == K_ROOT) {
		free(cfg->root);
		cfg->root = NULL;
	} else if (i < K_COUNT) {
		vx_config_take(cfg, fresh, i, NULL);
	}
	vctx_config_free(fresh);
}

static void clear_disk(struct vctx_config *cfg, uint32_t which)
{
	size_t i;

	for (i = 0; i < cfg->n_disk; i++)
		cfg->disk[i].share.set &= ~which;
}

int vx_config_take(struct vctx_config *cfg, const struct vctx_config *from,
		   size_t key, struct vctx_err *err)
{
	bool want[K_COUNT] = { false };
	vx_autofree char *text = NULL;

	want[key] = true;
	text = dump(from, want);
	if (!text)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	/* An empty list has no line, and values of disks add up. */
	if (keys[key].reset)
		keys[key].reset(cfg);
	else if (key == K_DISK_WEIGHT)
		clear_disk(cfg, VXDISK_WEIGHT);
	else if (key == K_DISK_RESERVE)
		clear_disk(cfg, VXDISK_RESERVE);
	else if (key == K_DISK_MAX)
		clear_disk(cfg, VXDISK_MAX);
	return vctx_config_parse(cfg, "(new configuration)", text, err);
}

int vctx_config_set(struct vctx_config *cfg, const char *assignment,
		    struct vctx_err *err)
{
	const char *eq = strchr(assignment, '=');
	vx_autofree char *where = vx_printf("-s %s", assignment);
	vx_autofree char *full = NULL;
	size_t n;

	if (!eq || eq == assignment || bad_text(assignment) ||
	    strchr(assignment, '\n')) {
		vx_fail(err, VCTX_USAGE, "write it as section.key=value",
			"%s: not a setting", where);
		if (err)
			err->located = true;
		return -1;
	}
	full = strndup(assignment, (size_t)(eq - assignment));
	if (!full)
		return vx_fail(err, VCTX_FAILED, NULL, "out of memory");
	n = strlen(full);
	while (n && isblank((unsigned char)full[n - 1]))
		full[--n] = '\0';
	for (eq++; isblank((unsigned char)*eq); eq++)
		;
	return set_key(cfg, where, full, eq, false, true, 0, err);
}

struct vctx_config *vctx_config_new(void)
{
	struct vctx_config *cfg = vx_alloc(sizeof(*cfg));

	cfg->priv = vx_alloc(sizeof(struct priv));
	cfg->init = split_words("/sbin/init");
	cfg->bcaps = VCTX_BCAPS_SECURE;
	cfg->ccaps = VCTX_CCAPS_SECURE;
	cfg->cflags = CFLAGS_DEFAULT;
	cfg->tag_is_id = true;
	cfg->cpu_weight = VX_CPU_WEIGHT_DEFAULT;
	cfg->cpu_burst_ms = VX_CPU_BURST_DEFAULT / 1000000;
	cfg->stop_signal = SIGTERM;
	cfg->stop_timeout_ms = 10000;
	return cfg;
}

void vctx_config_free(struct vctx_config *cfg)
{
	if (!cfg)
		return;
	r_bind(cfg);
	r_tmpfs(cfg);
	r_disk(cfg);
	r_device(cfg);
	free(cfg->disk);
	free(cfg->net_bridge);
	free(cfg->net_addr);
	free(cfg->bind);
	free(cfg->tmpfs);
	free_words(cfg->init);
	free_words(cfg->start);
	free(cfg->root);
	free(cfg->hostname);
	free(cfg->cpu_parent);
	free(cfg->priv);
	free(cfg);
}

/*
 * Write the keys that are wanted (NULL: all of them), each with the header of
 * its section when that changes.
 */
static char *dump(const struct vctx_config *cfg, const bool *want)
{
	const char *section = "";
	size_t n_section = 0;
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (i = 0; i < K_COUNT; i++) {
		const char *full = keys[i].pub.name;
		const char *dot = strchr(full, '.');
		size_t n = dot ? (size_t)(dot - full) : 0;
		vx_autofree char *body = NULL;
		size_t len;
		FILE *one;

		if (want && !want[i])
			continue;
		one = open_memstream(&body, &len);
		if (!one)
			break;
		keys[i].dump(one, dot ? dot + 1 : full, cfg);
		if (fclose(one) || !len)
			continue;
		if (n != n_section || strncmp(full, section, n)) {
			fprintf(f, "[%.*s]\n", (int)n, full);
			section = full;
			n_section = n;
		}
		fputs(body, f);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

char *vctx_config_dump(const struct vctx_config *cfg)
{
	return dump(cfg, NULL);
}

char *vx_config_dump_keys(const struct vctx_config *cfg, const bool *want)
{
	return dump(cfg, want);
}

bool vx_config_is_set(const struct vctx_config *cfg, size_t key)
{
	const struct priv *priv = cfg->priv;

	return key < K_COUNT && priv->in_file[key] != 0;
}

size_t vx_config_find_key(const char *assignment)
{
	vx_autofree char *full = NULL;
	size_t n = strcspn(assignment, "=");

	while (n && isblank((unsigned char)assignment[n - 1]))
		n--;
	full = strndup(assignment, n);
	return full ? find_key(full) : K_COUNT;
}
