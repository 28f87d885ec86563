// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Weights of contexts, and rates of those with shared addresses: net.weight,
 * net.rate-*.
 *
 * What they send: the kernel's classifier "cgroup" puts a packet of network
 * context N into the class TREE:N.  Each device with an address of such a context
 * has a tree of classes (HTB), one for each and one for everybody else.  They have
 * no rate in common: where the device backs up they take turns, each with as many
 * bytes as its weight says, and who has a rate sends no faster.
 *
 * Who has a cable has classes in the same trees, at the devices that lead out of
 * the host; its packets are marked where they leave the cable (mark.c).  Its rates
 * are those of the cable's ends (net.c).
 *
 * What shared addresses receive has no socket yet, but an address which is the
 * context's alone: it takes a way round through a device of the context (IFB)
 * that sends no faster than the rate.
 *
 * "/run/vctx/NAME/net" says what there is to remove.  It is written before
 * anything is made, and all of it under one lock: the first context at a device
 * makes what they share and the last one removes it.
 */

#include <dirent.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/route.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "internal.h"

#define RECORD		"net"
/* NX_CLASS_MAJOR of the kernel; ids of contexts begin at 2. */
#define TREE		"7678:"
#define TREE_MAJOR	0x7678
#define OTHERS		1
/* Filters of a device: of IPv4, and one more for IPv6. */
#define PREF		0x7678
/*
 * Bytes of a turn for each unit of weight.  By default that is the largest packet a
 * device cuts up itself; smaller turns than a packet would be rounded up.
 */
#define TURN		656
/*
 * Who has its turn must have that much waiting, or it falls short of its weight: by
 * default fq_codel lets nothing wait for longer than 5 ms, and all turns together
 * take longer where there are many of them or the line is slow.  It drops what waits
 * for half a second, and of a flood what is more than some turns: each packet counts
 * with the memory that it takes, which is up to nine times its room on the line.
 */
#define WAIT		"target 500ms interval 1s"
#define WAIT_TURNS	16
#define WAIT_MIN	(1u << 20)
#define WAIT_MAX	(32u << 20)
/* As tc(8) counts what a frame takes of the line besides what the kernel sees. */
#define LINE		"overhead 24 mpu 84"

/* A device, and which of its filters (-1: none, its class). */
struct use {
	char dev[16];
	int family;
	unsigned int n;
};

struct record {
	uint32_t id;
	struct use *use;
	size_t n;
};

static void add_use(struct record *r, const char *dev, int family, unsigned int n)
{
	size_t len = strcspn(dev, ":");		/* "eth0:1" is a label of eth0 */
	struct use *u;
	size_t i;

	if (len >= sizeof(u->dev))
		return;
	for (i = 0; i < r->n; i++)
		if (strlen(r->use[i].dev) == len &&
		    !strncmp(r->use[i].dev, dev, len) &&
		    r->use[i].family == family && r->use[i].n == n)
			return;
	r->use = vx_realloc(r->use, (r->n + 1) * sizeof(*r->use));
	u = &r->use[r->n++];
	memset(u, 0, sizeof(*u));
	memcpy(u->dev, dev, len);
	u->family = family;
	u->n = n;
}

static char *record_text(const struct record *r)
{
	char *s = vx_printf("%u\n", r->id);
	size_t i;

	for (i = 0; i < r->n; i++) {
		char *more = vx_printf("%s%s %d %u\n", s, r->use[i].dev,
				       r->use[i].family, r->use[i].n);

		free(s);
		s = more;
	}
	return s;
}

/* The record of a context, empty where it has none. */
static void record_read(struct vctx *v, const char *name, struct record *r)
{
	vx_autofree char *path = vx_printf("%s/%s/" RECORD, v->run, name);
	vx_autofree char *text = vx_read_file(path, 1 << 20);
	char *save, *line;

	memset(r, 0, sizeof(*r));
	line = text ? strtok_r(text, "\n", &save) : NULL;
	if (!line || sscanf(line, "%u", &r->id) != 1)
		return;
	while ((line = strtok_r(NULL, "\n", &save))) {
		unsigned int n;
		char dev[16];
		int family;

		if (sscanf(line, "%15s %d %u", dev, &family, &n) == 3)
			add_use(r, dev, family, n);
	}
}

/* Does another context have a class, or a filter, at the device? */
static bool shared(struct vctx *v, const char *name, const char *dev, bool in)
{
	DIR *h = opendir(v->run);
	bool found = false;
	struct dirent *d;

	while (h && !found && (d = readdir(h))) {
		struct record r;
		size_t i;

		if (d->d_name[0] == '.' || !strcmp(d->d_name, name))
			continue;
		record_read(v, d->d_name, &r);
		for (i = 0; i < r.n; i++)
			if (!strcmp(r.use[i].dev, dev) && !!r.use[i].family == in)
				found = true;
		free(r.use);
	}
	if (h)
		closedir(h);
	return found;
}

static const char *proto(int family)
{
	return family == AF_INET6 ? "ipv6" : "ip";
}

static int pref(int family)
{
	return PREF + (family == AF_INET6);
}

/* Somebody's device may have gone, or a start ended half way: go on. */
static void drop(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/" RECORD, v->run, name);
	vx_autofree char *way = NULL;
	vx_autofree char *end = NULL;
	struct record r;
	size_t i;

	record_read(v, name, &r);
	way = vx_printf("/sys/class/net/vctxin%u", r.id);
	end = vx_printf("vctx%u", r.id);
	if (r.id)
		vx_mark_remove(end);
	for (i = 0; i < r.n; i++) {
		const struct use *u = &r.use[i];

		if (u->family) {
			vx_net_tool(NULL, "tc", -1,
				    "filter del dev %s ingress protocol %s pref %d handle %#x flower",
				    u->dev, proto(u->family), pref(u->family),
				    r.id << 16 | u->n);
			if (!shared(v, name, u->dev, true) &&
			    (i + 1 == r.n || strcmp(r.use[i + 1].dev, u->dev)))
				vx_net_tool(NULL, "tc", -1,
					    "qdisc del dev %s ingress", u->dev);
		} else if (shared(v, name, u->dev, false)) {
			vx_net_tool(NULL, "tc", -1, "class del dev %s classid "
				    TREE "%x", u->dev, r.id);
		} else {
			vx_net_tool(NULL, "tc", -1, "qdisc del dev %s root handle "
				    TREE, u->dev);
		}
	}
	if (r.id && !access(way, F_OK))
		vx_net_tool(NULL, "ip", -1, "link del vctxin%u", r.id);
	free(r.use);
	unlink(path);
}

static int class(const char *dev, uint32_t minor, uint32_t weight, uint64_t rate,
		 struct vctx_err *err)
{
	uint64_t bits = rate ? rate : VX_NET_RATE_MAX;
	/* Who has no rate must never wait for a timer: 1 ms of it. */
	uint64_t burst = rate ? vx_net_burst(rate) : VX_NET_RATE_MAX / 8 / 1000;
	uint64_t memory = (uint64_t)weight * TURN * WAIT_TURNS;

	memory = memory < WAIT_MIN ? WAIT_MIN :
		 memory > WAIT_MAX ? WAIT_MAX : memory;
	return vx_net_tool(err, "tc", -1, "class add dev %s parent " TREE
			   " classid " TREE "%x htb rate %llubit burst %llu cburst %llu quantum %llu",
			   dev, minor, (unsigned long long)bits,
			   (unsigned long long)burst, (unsigned long long)burst,
			   (unsigned long long)weight * TURN) ||
	       vx_net_tool(err, "tc", -1, "qdisc add dev %s parent " TREE
			   "%x fq_codel " WAIT " memory_limit %llu", dev, minor,
			   (unsigned long long)memory) ? -1 : 0;
}

/* What is another's stays: say what is in the way. */
static int occupied(const char *dev, const char *what, struct vctx_err *err)
{
	vx_autofree char *text = vx_printf("%s", err && err->msg ? err->msg : "");
	vx_autofree char *hint = NULL;

	/* The kernel's words for a root, and for the way in, that is there. */
	if (!strstr(text, "NLM_F_REPLACE") && !strstr(text, "Exclusivity"))
		return -1;
	hint = vx_printf("'tc qdisc del dev %s %s' removes it; or leave out net.weight and the rates",
			 dev, what);
	vctx_err_clear(err);
	return vx_fail(err, VCTX_STATE, hint,
		       "%s has a queueing discipline of somebody else's (%s)",
		       dev, what);
}

static int tree(const char *dev, bool others, struct vctx_err *err)
{
	/* Who came before may have been killed before there was one. */
	if (vx_net_tool(others ? NULL : err, "tc", -1, "qdisc add dev %s root handle "
			TREE " stab linklayer ethernet " LINE
			" htb default %d", dev, OTHERS))
		return others ? 0 : occupied(dev, "root", err);
	return class(dev, OTHERS, VX_NET_WEIGHT_DEFAULT, 0, err) ||
	       vx_net_tool(err, "tc", -1, "filter add dev %s parent " TREE
			   " protocol all pref 1 handle 1: cgroup", dev) ? -1 : 0;
}

static int filter(const struct use *u, const struct vctx_config *cfg,
		  const struct record *r, struct vctx_err *err)
{
	vx_autofree char *ip = vctx_net_addr_text(&cfg->net_addr[u->n]);

	ip[strcspn(ip, "/")] = '\0';
	return vx_net_tool(err, "tc", -1,
			   "filter add dev %s ingress protocol %s pref %d handle %#x flower dst_ip %s action mirred egress redirect dev vctxin%u",
			   u->dev, proto(u->family), pref(u->family),
			   r->id << 16 | u->n, ip, r->id);
}

/*
 * The class of what comes from the cable.  Who may have filters of its own writes
 * marks of its own: those are removed, if it has no weight, where there is anything
 * that could read them.
 */
static int mark(uint32_t id, const struct vctx_config *cfg, struct vctx_err *err)
{
	vx_autofree char *end = vx_printf("vctx%u", id);

	if (cfg->net_weight)
		return vx_mark_write(end, (uint16_t)id, err);
	vx_mark_write(end, OTHERS, NULL);
	return 0;
}

static int put(struct vctx *v, const char *name, struct record *r,
	       const struct vctx_config *cfg, struct vctx_err *err)
{
	vx_autofree char *dev = vx_printf("vctxin%u", r->id);
	bool cable = vx_net_has_cable(cfg);
	const char *last = "";
	size_t i;

	if (cable && mark(r->id, cfg, err))
		return -1;
	if (!cable && cfg->net_rate_in &&
	    (vx_net_tool(err, "ip", -1, "link add %s type ifb", dev) ||
	     vx_net_shape(-1, dev, 0, cfg->net_rate_in, err) ||
	     vx_net_tool(err, "ip", -1, "link set %s up", dev)))
		return -1;
	for (i = 0; i < r->n; i++) {
		const struct use *u = &r->use[i];
		bool others = shared(v, name, u->dev, u->family);

		if (!u->family) {
			if (tree(u->dev, others, err) ||
			    class(u->dev, r->id, cfg->net_weight ?
				  cfg->net_weight : VX_NET_WEIGHT_DEFAULT,
				  cable ? 0 : cfg->net_rate_out, err) ||
			    (cable && vx_mark_read(u->dev, TREE_MAJOR, err)))
				return -1;
			continue;
		}
		if (strcmp(last, u->dev) &&
		    vx_net_tool(others ? NULL : err, "tc", -1,
				"qdisc add dev %s ingress", u->dev) && !others) {
			occupied(u->dev, "ingress", err);
			/* Not ours to remove, and nothing was made from here on. */
			r->n = i;
			return -1;
		}
		last = u->dev;
		if (filter(u, cfg, r, err))
			return -1;
	}
	return 0;
}

/* Is it the host's end of a context's cable? */
static bool is_end(const char *dev)
{
	return !strncmp(dev, "vctx", 4) && dev[4] &&
	       strspn(dev + 4, "0123456789") == strlen(dev + 4);
}

/*
 * What leaves by a bridge leaves by one of its ports, and they are what can be
 * full.  False: there is none, but for contexts.
 */
static bool add_ports(struct record *r, const char *bridge)
{
	vx_autofree char *path = vx_printf("/sys/class/net/%.*s/brif",
					   (int)strcspn(bridge, ":"), bridge);
	DIR *h = opendir(path);
	bool any = false;
	struct dirent *d;

	while (h && (d = readdir(h)))
		if (d->d_name[0] != '.' && !is_end(d->d_name)) {
			add_use(r, d->d_name, 0, 0);
			any = true;
		}
	if (h)
		closedir(h);
	return any;
}

static void add_out(struct record *r, const char *dev)
{
	if (!add_ports(r, dev))
		add_use(r, dev, 0, 0);
}

/*
 * Devices with routes of the host that lead to a router, or to everywhere: lines
 * of /proc/net/route ("DEVICE DEST ROUTER FLAGS . . . MASK ...") and of
 * /proc/net/ipv6_route ("DEST PREFIX . . ROUTER . . . FLAGS DEVICE").
 */
static void add_routes(struct record *r)
{
	vx_autofree char *v4 = vx_read_file("/proc/net/route", 1 << 24);
	vx_autofree char *v6 = vx_read_file("/proc/net/ipv6_route", 1 << 24);
	char dev[16], *save, *line;
	unsigned int flags, mask;

	for (line = v4 ? strtok_r(v4, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%15s %*x %*x %x %*d %*d %*d %x", dev, &flags,
			   &mask) == 3 && flags & RTF_UP &&
		    (flags & RTF_GATEWAY || !mask) && !is_end(dev))
			add_out(r, dev);
	for (line = v6 ? strtok_r(v6, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%*s %x %*s %*s %*s %*s %*s %*s %x %15s", &mask,
			   &flags, dev) == 3 && flags & RTF_UP &&
		    !(flags & RTF_REJECT) && (flags & RTF_GATEWAY || !mask) &&
		    strcmp(dev, "lo") && !is_end(dev))
			add_out(r, dev);
}

/*
 * The devices that have the addresses, or that lead to others than the host: what
 * stays on it needs no share.
 */
static int find(struct record *r, const struct vctx_config *cfg,
		struct vctx_err *err)
{
	struct ifaddrs *list, *i;
	size_t n;
	int in;

	if (vx_net_has_cable(cfg)) {
		if (!cfg->net_weight)
			return 0;
		if (cfg->net_bridge)
			add_ports(r, cfg->net_bridge);
		add_routes(r);
		return 0;
	}
	if (getifaddrs(&list))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot list the host's addresses");
	/* Filters of one device stand together: drop() and put() count on it. */
	for (in = 0; in < 2; in++)
		for (i = list; i; i = i->ifa_next)
			for (n = 0; n < cfg->n_net_addr; n++) {
				if (!vx_net_is_addr(i, &cfg->net_addr[n]) ||
				    !strcmp(i->ifa_name, "lo"))
					continue;
				if (!in && (cfg->net_weight || cfg->net_rate_out))
					add_out(r, i->ifa_name);
				if (in && cfg->net_rate_in)
					add_use(r, i->ifa_name,
						cfg->net_addr[n].family,
						(unsigned int)n);
			}
	freeifaddrs(list);
	return 0;
}

static int by_device(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (!x->family != !y->family)
		return x->family ? 1 : -1;
	return strcmp(x->dev, y->dev);
}

static int lock_all(struct vctx *v, struct vctx_err *err)
{
	int fd = open(v->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	if (fd >= 0)
		close(fd);
	vx_fail_errno(err, VCTX_FAILED, NULL, "cannot lock %s", v->run);
	return -1;
}

bool vx_share_default(const struct vctx_config *cfg)
{
	if (vx_net_has_cable(cfg))
		return !cfg->net_weight &&
		       !(cfg->bcaps & (1ull << CAP_NET_ADMIN));
	return cfg->net_mode != VCTX_NET_SHARED ||
	       (!cfg->net_weight && !cfg->net_rate_out && !cfg->net_rate_in);
}

int vx_share_apply(struct vctx *v, const char *name, uint32_t id,
		   const struct vctx_config *cfg, struct vctx_err *err)
{
	vx_autofree char *dir = vx_printf("%s/%s", v->run, name);
	struct record r = { .id = id };
	vx_autofree char *text = NULL;
	vx_autoclose int lock = lock_all(v, err);
	int ret = -1;
	size_t n;

	if (lock < 0)
		return -1;
	drop(v, name);
	if (vx_share_default(cfg))
		return 0;
	if (find(&r, cfg, err))
		goto out;
	if (r.n)
		qsort(r.use, r.n, sizeof(*r.use), by_device);
	text = record_text(&r);
	if (vx_write_atomic(dir, RECORD, text, 0600, err))
		goto out;
	n = r.n;
	ret = put(v, name, &r, cfg, err);
	if (ret && r.n < n) {
		free(text);
		text = record_text(&r);
		vx_write_atomic(dir, RECORD, text, 0600, NULL);
	}
	if (ret)
		drop(v, name);
out:
	free(r.use);
	return ret;
}

void vx_share_remove(struct vctx *v, const char *name)
{
	vx_autofree char *path = vx_printf("%s/%s/" RECORD, v->run, name);
	vx_autoclose int lock = -1;

	if (access(path, F_OK))
		return;
	lock = lock_all(v, NULL);
	drop(v, name);
}
