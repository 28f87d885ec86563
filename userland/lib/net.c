// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The network of a context: [net].
 *
 * Three of the five modes give it a network name space of its own, which ends
 * with its last process and takes the virtual device with it: there is nothing
 * to undo.  "shared-address" gives it a set of addresses of the host's one
 * stack, in a network context with the number of the context.
 *
 * Devices, addresses and routes are made by iproute2's ip, rates by its tc.
 */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "internal.h"

/*
 * What a routed context sends everything to: an address of the host's end of
 * the cable that means the same on each of them (RFC 3927, RFC 4291 2.5.6).
 */
#define GATEWAY4	"169.254.1.1"
#define GATEWAY6	"fe80::1"

static const char *const mode_names[] = {
	[VCTX_NET_HOST] = "host", [VCTX_NET_NONE] = "none",
	[VCTX_NET_BRIDGE] = "bridge", [VCTX_NET_ROUTED] = "routed",
	[VCTX_NET_SHARED] = "shared-address",
};

const char *vctx_net_mode_name(enum vctx_net_mode mode)
{
	return mode_names[mode];
}

int vctx_net_mode_find(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode_names); i++)
		if (!strcmp(text, mode_names[i]))
			return (int)i;
	return -1;
}

static int parse_ip(const char *text, int *family, unsigned char ip[16])
{
	memset(ip, 0, 16);
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, ip) == 1 ? 0 : -1;
}

/* An address that no host can have: none, loopback, a group, broadcast. */
static bool unusable(int family, const unsigned char *ip)
{
	struct in6_addr a6;

	if (family == AF_INET)
		return ip[0] == 0 || ip[0] == 127 || ip[0] >= 224;
	memcpy(&a6, ip, sizeof(a6));
	return IN6_IS_ADDR_UNSPECIFIED(&a6) || IN6_IS_ADDR_LOOPBACK(&a6) ||
	       IN6_IS_ADDR_MULTICAST(&a6) || IN6_IS_ADDR_V4MAPPED(&a6);
}

int vctx_net_addr_parse(const char *text, struct vctx_net_addr *a)
{
	vx_autofree char *ip = vx_strdup(text);
	char *slash = strchr(ip, '/');
	unsigned int all;
	char *end;
	unsigned long n;

	if (slash)
		*slash++ = '\0';
	if (parse_ip(ip, &a->family, a->ip) || unusable(a->family, a->ip))
		return -1;
	all = a->family == AF_INET ? 32 : 128;
	a->prefix = all;
	if (!slash)
		return 0;
	if (strspn(slash, "0123456789") != strlen(slash) || !*slash ||
	    strlen(slash) > 3)
		return -1;
	n = strtoul(slash, &end, 10);
	if (n < 1 || n > all)
		return -1;
	a->prefix = (unsigned int)n;
	return 0;
}

char *vctx_net_addr_text(const struct vctx_net_addr *a)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->ip, ip, sizeof(ip));
	return vx_printf("%s/%u", ip, a->prefix);
}

/* A name a network device can have, and that is safe as a file name. */
bool vx_net_device_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
	       name[0] != '-' && strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789_.-") == n;
}

bool vx_net_own_space(const struct vctx_config *cfg)
{
	return cfg->net_mode == VCTX_NET_NONE ||
	       cfg->net_mode == VCTX_NET_BRIDGE ||
	       cfg->net_mode == VCTX_NET_ROUTED;
}

bool vx_net_has_cable(const struct vctx_config *cfg)
{
	return vx_net_own_space(cfg) && cfg->net_mode != VCTX_NET_NONE;
}

bool vx_net_is_addr(const struct ifaddrs *i, const struct vctx_net_addr *a)
{
	const struct sockaddr *sa = i->ifa_addr;
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	return sa && sa->sa_family == a->family &&
	       (a->family == AF_INET ?
		!memcmp(&in->sin_addr, a->ip, sizeof(in->sin_addr)) :
		!memcmp(&in6->sin6_addr, a->ip, sizeof(in6->sin6_addr)));
}

/* Is the address one of the host's? */
static bool host_has(const struct ifaddrs *list, const struct vctx_net_addr *a)
{
	const struct ifaddrs *i;

	for (i = list; i; i = i->ifa_next)
		if (vx_net_is_addr(i, a))
			return true;
	return false;
}

static int check_shared(const struct vctx_config *cfg, struct vctx_err *err)
{
	struct ifaddrs *list;
	size_t i;
	int r = 0;

	if (!cfg->n_net_addr)
		return vx_fail(err, VCTX_USAGE, "give net.address",
			       "net.mode=shared-address needs addresses");
	if (getifaddrs(&list))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot list the host's addresses");
	for (i = 0; i < cfg->n_net_addr && !r; i++) {
		const struct vctx_net_addr *a = &cfg->net_addr[i];
		vx_autofree char *text = vctx_net_addr_text(a);
		vx_autofree char *hint = NULL;

		if (!host_has(list, a)) {
			hint = vx_printf("'ip address add %s dev DEVICE' adds it",
					 text);
			r = vx_fail(err, VCTX_USAGE, hint,
				    "the host does not have the address %s",
				    text);
		}
	}
	freeifaddrs(list);
	return r;
}

int vx_net_check(const struct vctx_config *cfg, struct vctx_err *err)
{
	const char *mode = mode_names[cfg->net_mode];
	vx_autofree char *path = NULL;
	size_t i;

	if (cfg->net_bridge && cfg->net_mode != VCTX_NET_BRIDGE)
		return vx_fail(err, VCTX_USAGE, "set net.mode=bridge, or leave it out",
			       "net.bridge has no meaning with net.mode=%s", mode);
	if (cfg->net_has_gateway && cfg->net_mode != VCTX_NET_BRIDGE)
		return vx_fail(err, VCTX_USAGE, "set net.mode=bridge, or leave it out",
			       "net.gateway has no meaning with net.mode=%s", mode);
	if ((cfg->net_weight || cfg->net_rate_out || cfg->net_rate_in) &&
	    !vx_net_has_cable(cfg) && cfg->net_mode != VCTX_NET_SHARED)
		return vx_fail(err, VCTX_USAGE,
			       "set net.mode to bridge, routed or shared-address, or leave it out",
			       "net.%s has no meaning with net.mode=%s",
			       cfg->net_weight ? "weight" :
			       cfg->net_rate_out ? "rate-out" : "rate-in", mode);
	if (cfg->ncaps && cfg->net_mode != VCTX_NET_SHARED)
		return vx_fail(err, VCTX_USAGE,
			       "set net.mode=shared-address, or leave it out",
			       "net.capabilities has no meaning with net.mode=%s",
			       mode);
	switch (cfg->net_mode) {
	case VCTX_NET_HOST:
	case VCTX_NET_NONE:
		if (cfg->n_net_addr)
			return vx_fail(err, VCTX_USAGE,
				"set net.mode to bridge, routed or shared-address",
				"net.address has no meaning with net.mode=%s",
				mode);
		return 0;
	case VCTX_NET_SHARED:
		return check_shared(cfg, err);
	case VCTX_NET_ROUTED:
		if (!cfg->n_net_addr)
			return vx_fail(err, VCTX_USAGE, "give net.address",
				       "net.mode=routed needs addresses");
		return 0;
	case VCTX_NET_BRIDGE:
		break;
	}
	if (!cfg->net_bridge)
		return vx_fail(err, VCTX_USAGE, "give net.bridge",
			       "net.mode=bridge needs the name of a bridge");
	path = vx_printf("/sys/class/net/%s/bridge", cfg->net_bridge);
	if (access(path, F_OK))
		return vx_fail(err, VCTX_USAGE,
			       "'ip link add NAME type bridge' makes one",
			       "there is no bridge \"%s\"", cfg->net_bridge);
	if (!cfg->net_has_gateway)
		return 0;
	for (i = 0; i < cfg->n_net_addr; i++)
		if (cfg->net_addr[i].family == cfg->net_gateway.family)
			return 0;
	return vx_fail(err, VCTX_USAGE, "give net.address",
		       "net.gateway needs an address of the same family");
}

char *vx_net_text(const struct vctx_config *cfg)
{
	char *s = vx_strdup(mode_names[cfg->net_mode]);
	size_t i;

	for (i = 0; i < cfg->n_net_addr; i++) {
		vx_autofree char *a = vctx_net_addr_text(&cfg->net_addr[i]);
		char *more = vx_printf("%s %s", s, a);

		free(s);
		s = more;
	}
	return s;
}

/* ------------------------------------------------------------------ */
/* In the helper that becomes the context                              */
/* ------------------------------------------------------------------ */

int vx_net_tool(struct vctx_err *err, const char *name, int ns,
		const char *fmt, ...)
{
	vx_autofree char *line = NULL;
	char *argv[32] = { (char *)name };
	char out[256] = "";
	char *save, *w;
	size_t n = 1, len = 0;
	va_list ap;
	int p[2], status;
	ssize_t r;
	pid_t pid;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (!line || pipe2(p, O_CLOEXEC))
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot run %s", name);
	pid = fork();
	if (pid < 0) {
		close(p[0]);
		close(p[1]);
		return vx_fail_errno(err, VCTX_FAILED, NULL, "cannot fork");
	}
	if (!pid) {
		static char *const env[] = {
			(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL
		};

		for (w = strtok_r(line, " ", &save);
		     w && n + 1 < ARRAY_SIZE(argv);
		     w = strtok_r(NULL, " ", &save))
			argv[n++] = w;
		dup2(p[1], STDOUT_FILENO);
		dup2(p[1], STDERR_FILENO);
		vx_signals_default();
		if (ns >= 0 && setns(ns, CLONE_NEWNET)) {
			dprintf(STDERR_FILENO, "cannot enter the network name space\n");
			_exit(1);
		}
		putenv(env[0]);
		execvpe(argv[0], argv, env);
		dprintf(STDERR_FILENO, "%s\n", strerror(errno));
		_exit(127);
	}
	close(p[1]);
	while ((r = read(p[0], out + len, sizeof(out) - 1 - len)) > 0 ||
	       (r < 0 && errno == EINTR))
		if (r > 0)
			len += (size_t)r;
	/* What does not fit is read too, or ip would wait for it. */
	while (len == sizeof(out) - 1 && read(p[0], argv, sizeof(argv)) > 0)
		;
	close(p[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return vx_fail(err, VCTX_HOST, "install iproute2",
			       "cannot run %s: %s", name, out);
	return vx_fail(err, VCTX_FAILED, NULL, "%s %s: %s", name, line, out);
}

#define ip(err, ns, ...)	vx_net_tool(err, "ip", ns, __VA_ARGS__)

/* What a timer of 100 Hz lets pass at once. */
uint64_t vx_net_burst(uint64_t bits)
{
	return bits / 8 / 100 < 16384 ? 16384 : bits / 8 / 100;
}

/*
 * What waits longer than 50 ms is dropped.  Each packet counts as what it takes of
 * an Ethernet line, or a flood of tiny ones would be cheap.
 */
int vx_net_shape(int ns, const char *dev, uint64_t old, uint64_t bits,
		 struct vctx_err *err)
{
	if (old == bits)
		return 0;
	if (!bits)
		return vx_net_tool(err, "tc", ns, "qdisc del dev %s root", dev);
	return vx_net_tool(err, "tc", ns,
			   "qdisc replace dev %s root tbf rate %llubit burst %llu latency 50ms overhead 24 mpu 84",
			   dev, (unsigned long long)bits,
			   (unsigned long long)vx_net_burst(bits));
}

/* Both ends of the cable send: what one of them does the other receives. */
static int set_rates(uint32_t id, int host, int inside,
		     uint64_t old_out, uint64_t old_in,
		     uint64_t out, uint64_t in, struct vctx_err *err)
{
	vx_autofree char *dev = vx_printf("vctx%u", id);

	if (vx_net_shape(host, dev, old_in, in, err))
		return -1;
	if (!vx_net_shape(inside, "eth0", old_out, out, err))
		return 0;
	vx_net_shape(host, dev, in, old_in, NULL);
	return -1;
}

/*
 * The network name space of a context that runs.  Its processes may be hidden
 * from the host, so it is found by the way through it and back.
 */
static int space_of(uint32_t id, struct vctx_err *err)
{
	vx_autoclose int own = open("/proc/thread-self/ns/net",
				    O_RDONLY | O_CLOEXEC);
	int inside;

	if (own < 0 || vctx_sys_enter_space(id, CLONE_NEWNET, 0))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot enter the context's network");
	inside = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (inside < 0)
		vx_fail_errno(err, VCTX_FAILED, NULL,
			      "cannot open the context's network");
	if (setns(own, CLONE_NEWNET)) {
		if (inside >= 0)
			close(inside);
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot return to the host's network");
	}
	return inside;
}

static int change_rates(uint32_t id, const struct vctx_config *old,
			const struct vctx_config *new, struct vctx_err *err)
{
	vx_autoclose int inside = -1;

	if (old->net_rate_out == new->net_rate_out &&
	    old->net_rate_in == new->net_rate_in)
		return 0;
	inside = space_of(id, err);
	if (inside < 0)
		return -1;
	return set_rates(id, -1, inside, old->net_rate_out, old->net_rate_in,
			 new->net_rate_out, new->net_rate_in, err);
}

/* One word for both: whoever may ping says so among the ccaps. */
static uint64_t all_ncaps(const struct vctx_config *cfg)
{
	return cfg->ncaps | (cfg->ccaps & VXC_RAW_ICMP ? NXC_RAW_ICMP : 0);
}

static bool same_ip(const struct vctx_net_addr *a, const struct vctx_net_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static bool in_list(const struct vctx_config *cfg, const struct vctx_net_addr *a)
{
	size_t i;

	for (i = 0; i < cfg->n_net_addr; i++)
		if (same_ip(&cfg->net_addr[i], a) &&
		    cfg->net_addr[i].prefix == a->prefix)
			return true;
	return false;
}

/*
 * The new ones come before the old ones go, but for an address that has another
 * subnet now: it can be there once only.
 */
static int change_addresses(uint32_t id, const struct vctx_config *old,
			    const struct vctx_config *new, struct vctx_err *err)
{
	size_t i, j;

	for (i = 0; i < new->n_net_addr; i++) {
		const struct vctx_net_addr *a = &new->net_addr[i];
		vx_autofree char *text = vctx_net_addr_text(a);

		if (in_list(old, a))
			continue;
		for (j = 0; j < old->n_net_addr; j++)
			if (same_ip(&old->net_addr[j], a))
				vctx_sys_net_remove(id, &old->net_addr[j]);
		if (vctx_sys_net_add(id, a) && errno != EEXIST)
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot give it the address %s",
					     text);
	}
	for (i = 0; i < old->n_net_addr; i++) {
		const struct vctx_net_addr *a = &old->net_addr[i];
		vx_autofree char *text = vctx_net_addr_text(a);
		bool kept = false;

		for (j = 0; j < new->n_net_addr; j++)
			if (same_ip(&new->net_addr[j], a))
				kept = true;
		if (!kept && vctx_sys_net_remove(id, a) && errno != ESRCH)
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot take the address %s from it",
					     text);
	}
	return 0;
}

static bool same_share(const struct vctx_config *old, const struct vctx_config *new)
{
	size_t i;

	if (old->net_weight != new->net_weight ||
	    old->net_rate_out != new->net_rate_out ||
	    old->net_rate_in != new->net_rate_in ||
	    old->n_net_addr != new->n_net_addr)
		return false;
	for (i = 0; i < old->n_net_addr; i++)
		if (!same_ip(&old->net_addr[i], &new->net_addr[i]))
			return false;
	return true;
}

int vx_net_change(struct vctx *v, const char *name, uint32_t id,
		  const struct vctx_config *old, const struct vctx_config *new,
		  struct vctx_err *err)
{
	if (old->net_mode != VCTX_NET_SHARED) {
		if (change_rates(id, old, new, err))
			return -1;
		if (!name || old->net_weight == new->net_weight ||
		    !vx_share_apply(v, name, id, new, err))
			return 0;
		vx_share_apply(v, name, id, old, NULL);
		change_rates(id, new, old, NULL);
		return -1;
	}
	if (old->ncaps != new->ncaps &&
	    vctx_sys_net_caps(id, all_ncaps(new)))
		return vctx_sys_error(err, "cannot set the capabilities of its network");
	if (change_addresses(id, old, new, err))
		goto back;
	if (!name || same_share(old, new) ||
	    (vx_share_default(old) && vx_share_default(new)) ||
	    !vx_share_apply(v, name, id, new, err))
		return 0;
	vx_share_apply(v, name, id, old, NULL);
back:
	change_addresses(id, new, old, NULL);
	if (old->ncaps != new->ncaps)
		vctx_sys_net_caps(id, all_ncaps(old));
	return -1;
}

/* A new name space has a loopback device, which is down. */
static int loopback_up(struct vctx_err *err)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	vx_autoclose int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &ifr))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot find the loopback device");
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &ifr))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot start the loopback device");
	return 0;
}

/*
 * A virtual cable from eth0 of this name space to "vctxID" of the host.  The
 * name space of an earlier run may still be on its way out, with a device of
 * the same name.
 */
static int cable(uint32_t id, int host, const char *bridge,
		 struct vctx_err *err)
{
	vx_autofree char *old = vx_printf("/sys/class/net/vctx%u", id);

	if (!access(old, F_OK) && ip(NULL, host, "link del vctx%u", id) &&
	    !access(old, F_OK))
		return vx_fail(err, VCTX_FAILED, NULL,
			       "cannot remove the old device vctx%u", id);
	/* Made by the host's side: the peer goes to this process's space. */
	if (ip(err, host, "link add vctx%u type veth peer name eth0 netns %d",
	       id, (int)getpid()))
		return -1;
	if (bridge && ip(err, host, "link set vctx%u master %s", id, bridge))
		return -1;
	return ip(err, host, "link set vctx%u up", id) ||
	       ip(err, -1, "link set eth0 up") ? -1 : 0;
}

static int set_addresses(const struct vctx_config *cfg, struct vctx_err *err)
{
	size_t i;

	for (i = 0; i < cfg->n_net_addr; i++) {
		const struct vctx_net_addr *a = &cfg->net_addr[i];
		vx_autofree char *text = vctx_net_addr_text(a);

		/* Duplicate detection would make it unusable for seconds. */
		if (ip(err, -1, "address add %s dev eth0%s", text,
		       a->family == AF_INET6 ? " nodad" : ""))
			return -1;
	}
	return 0;
}

static int gateway(const struct vctx_config *cfg, struct vctx_err *err)
{
	char text[INET6_ADDRSTRLEN];

	if (!cfg->net_has_gateway)
		return 0;
	inet_ntop(cfg->net_gateway.family, cfg->net_gateway.ip, text,
		  sizeof(text));
	return ip(err, -1, "route add default via %s dev eth0", text);
}

static int routes(const struct vctx_config *cfg, uint32_t id, int host,
		  struct vctx_err *err)
{
	bool v4 = false, v6 = false;
	size_t i;

	for (i = 0; i < cfg->n_net_addr; i++) {
		const struct vctx_net_addr *a = &cfg->net_addr[i];
		char text[INET6_ADDRSTRLEN];

		inet_ntop(a->family, a->ip, text, sizeof(text));
		if (a->family == AF_INET)
			v4 = true;
		else
			v6 = true;
		if (ip(err, host, "route add %s dev vctx%u", text, id))
			return -1;
	}
	if (v4 && (ip(err, host, "address add " GATEWAY4 "/32 dev vctx%u scope link",
		      id) ||
		   ip(err, -1, "route add " GATEWAY4 " dev eth0 scope link") ||
		   ip(err, -1, "route add default via " GATEWAY4 " dev eth0")))
		return -1;
	if (v6 && (ip(err, host, "address add " GATEWAY6 "/64 dev vctx%u nodad",
		      id) ||
		   ip(err, -1, "route add default via " GATEWAY6 " dev eth0")))
		return -1;
	return 0;
}

int vx_net_unshare(const struct vctx_config *cfg, uint32_t id,
		   struct vctx_err *err)
{
	vx_autoclose int host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (host < 0 || unshare(CLONE_NEWNET))
		return vx_fail_errno(err, VCTX_FAILED, NULL,
				     "cannot make a network of its own");
	if (loopback_up(err))
		return -1;
	if (cfg->net_mode == VCTX_NET_NONE)
		return 0;
	if (cable(id, host, cfg->net_bridge, err) || set_addresses(cfg, err) ||
	    set_rates(id, host, -1, 0, 0, cfg->net_rate_out, cfg->net_rate_in,
		      err))
		return -1;
	return cfg->net_mode == VCTX_NET_BRIDGE ?
	       gateway(cfg, err) : routes(cfg, id, host, err);
}

int vx_net_enter(const struct vctx_config *cfg, uint32_t id,
		 struct vctx_err *err)
{
	size_t i;

	if (vctx_sys_net_create(id, NXF_INIT_SET | NXF_STATE_SETUP)) {
		if (errno == ENOSYS)
			return vx_fail_errno(err, VCTX_HOST,
				"this kernel was built without network contexts (CONFIG_VSERVER_NET); see 'vctx check'",
				"cannot make a network context");
		return vctx_sys_error(err, "cannot make a network context");
	}
	for (i = 0; i < cfg->n_net_addr; i++) {
		const struct vctx_net_addr *a = &cfg->net_addr[i];
		vx_autofree char *text = vctx_net_addr_text(a);

		if (vctx_sys_net_add(id, a))
			return vx_fail_errno(err, VCTX_FAILED, NULL,
					     "cannot give it the address %s",
					     text);
	}
	if (vctx_sys_net_caps(id, all_ncaps(cfg)) ||
	    vctx_sys_net_flags(id, 0, NXF_STATE_SETUP))
		return vctx_sys_error(err, "cannot set up the network context");
	return 0;
}
