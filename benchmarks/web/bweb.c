// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bweb: what one request to a web server costs when server and client share a
 * machine with one CPU. Rows of the benchmark library, so that it runs wherever
 * bmicro does and on machines that count instructions. The numbers contain the
 * client, which is the same on every side. The servers are our own and, for what
 * any server can serve, the nginx of the system.
 *
 * The rows web.net. ask servers that run elsewhere, in an instance behind a
 * network; there this program starts them, too ("bweb --serve").
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/bench.h"
#include "client.h"
#include "serve.h"
#include "tree.h"

/* Requests and connections of the workload: all kinds, or static ones only. */
#define KIND_MIX	(-1L)
#define KIND_STATIC_MIX (-2L)

/* Directories: 2 of 36 files, of which those are made that are asked for. They
 * stay in the page cache. */
#define DIRS 2U

/* What waits in a listening socket's queue, of both servers. */
#define BACKLOG 64

/* Ports of the servers that clients elsewhere ask. */
#define PORT_WEBMIX 8080
#define PORT_NGINX  8081

enum { F_304 = 1, F_ONE_SHOT = 2, F_NGINX = 4, F_NET = 8 };

/* State of the row's process, which is its own. */
static struct client_target target;
static struct client_cfg cfg;
static struct client client;
static struct hist latency, service;
static uint64_t to_start, to_finish, seed;
static int listener = -1, tree = -1, post_log = -1;
static bool asked_for[DIRS][MIX_CLASSES][MIX_FILES];

/* The address of servers elsewhere, from the command line. */
static const char *servers;

/* This program's path, whatever directory a row works in. */
static char self[PATH_MAX];

static volatile int never;
static volatile sig_atomic_t no_stop;

static void server_process(void *arg)
{
	const struct serve_cfg sc = {
		.root = tree,
		.log = post_log,
		.self = self,
		.max_conns = 100,
		/* A machine that counts instructions leaps ahead while its
		 * disk works: nothing times out. */
		.head_ms = UINT32_MAX,
		.idle_ms = UINT32_MAX,
		.write_ms = UINT32_MAX,
	};
	static struct serve_stats stats;

	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	serve_run(&sc, listener, &no_stop, &stats);
}

static void nginx_process(void *arg)
{
	char dir[PATH_MAX];
	int in = open("/dev/null", O_RDONLY),
	    out = open("nginx.out", O_CREAT | O_WRONLY, 0600);

	(void)arg;
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (getcwd(dir, sizeof(dir)))
		execlp("nginx", "nginx", "-p", dir, "-e", "error.log", "-c",
		       "nginx.conf", (char *)NULL);
	_exit(127);
}

/*
 * One process that does nothing but what the requests need, as ours: no master,
 * no log of requests, connections that last as long as the client wants, and
 * nothing times out (see server_process()). Everything else is nginx's default.
 * What it may have to write is below its own directory.
 */
static int nginx_conf(void)
{
	static const char *const dirs[] = {
		"client_body", "proxy", "fastcgi", "uwsgi", "scgi",
	};
	const struct sockaddr_in *in = (struct sockaddr_in *)&target.sa;
	char address[INET_ADDRSTRLEN] = "";
	FILE *f = fopen("nginx.conf", "we");
	size_t i;

	if (!f)
		return -1;
	inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
	/* Without a right to change users, as in some containers, it must not
	 * want to. */
	if (geteuid() == 0)
		fputs("user root root;\n", f);
	fprintf(f,
		"daemon off;\nmaster_process off;\npid nginx.pid;\n"
		"events { worker_connections 128; }\n"
		"http {\n"
		"\taccess_log off;\n\tsendfile on;\n"
		"\tkeepalive_requests 1000000000;\n"
		"\tkeepalive_timeout %1$s;\n\tclient_header_timeout %1$s;\n"
		"\tclient_body_timeout %1$s;\n\tsend_timeout %1$s;\n",
		"20d");
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		fprintf(f, "\t%s_temp_path temp.%s;\n", dirs[i], dirs[i]);
	fprintf(f, "\tserver { listen %s:%u backlog=%d; root tree; }\n}\n",
		address, ntohs(in->sin_port), BACKLOG);
	return fclose(f);
}

/* What nginx said last, for a verdict. */
static const char *nginx_words(char *line, int size)
{
	static const char *const files[] = {"error.log", "nginx.out"};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "re");
		bool any = false;

		while (f && fgets(line, size, f))
			any = true;
		if (f)
			fclose(f);
		line[strcspn(line, "\n")] = '\0';
		if (any && *line)
			return line;
	}
	return "nothing";
}

/*
 * Start nginx where @target says and wait until it listens; no limit here, see
 * server_process(). Returns 0, or 1 and @why when there is none, or -1 and @why.
 */
static int nginx_start(char *why, size_t size, int (*fork_it)(void *arg),
		       void *arg)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	char line[160] = "";
	int fd, status, rc;

	if (nginx_conf() != 0) {
		snprintf(why, size, "nginx.conf: %s", strerror(errno));
		return -1;
	}
	if (fork_it(arg) != 0) {
		snprintf(why, size, "fork: %s", strerror(errno));
		return -1;
	}
	for (;;) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
				snprintf(why, size, "no nginx here");
				return 1;
			}
			snprintf(why, size, "nginx ended at once, it said: %s",
				 nginx_words(line, sizeof(line)));
			return -1;
		}
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		rc = fd < 0 ? -1
			    : connect(fd, (struct sockaddr *)&target.sa,
				      target.len);
		if (fd >= 0)
			close(fd);
		if (rc == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
}

static void idle(struct client *c, struct user *u)
{
	to_finish--;
	if (to_start == 0)
		return;
	to_start--;
	client_request(c, u, c->now);
}

static void requests(uint64_t n)
{
	to_finish = n;
	to_start = n - 1;
	client.now = client_clock();
	client_request(&client, &client.users[0], client.now);
	while (to_finish > 0)
		client_step(&client, UINT64_MAX);
}

/*
 * Would the requests of a batch that begins with @first stand for all? Their
 * mean size within 1 % of the exact one, and for the mix of all kinds also 14
 * static, 2 template, 3 advertisement and 1 POST of 20, which is as near as 20
 * get (a helper, one of 667, would be a third of the batch). The draws are those
 * that the client will make; the files are in asked_for.
 */
static bool representative(uint64_t first, const struct bench_row *row)
{
	static const uint32_t want[MIX_KINDS] = {14, 2, 3, 1, 0};
	uint32_t kinds[MIX_KINDS] = {0}, left = 0, i;
	double sum = 0, mean;
	struct mix_request req;
	struct rng r;
	bool alive;

	memset(asked_for, 0, sizeof(asked_for));
	rng_seed(&r, first);
	for (i = 0; i < row->ops; i++) {
		if (row->a < 0) {
			if (left == 0)
				mix_draw_connection(&r, &alive, &left);
			left--;
			mix_draw(&target.mix, &r, &req);
		} else {
			mix_draw_kind(&target.mix, &r, (enum mix_kind)row->a,
				      &req);
		}
		if (req.kind != MIX_K_STATIC && req.kind != MIX_K_AD)
			rng_next(&r); /* the field, or the record */
		kinds[req.kind]++;
		asked_for[req.file.dir][req.file.class][req.file.number - 1] =
			true;
		sum += mix_size(&req.file);
	}
	if (row->a == KIND_MIX) {
		if (memcmp(kinds, want, sizeof(want)) != 0)
			return false;
		mean = 0.7 * mix_mean(MIX_K_STATIC) + 0.3 * mix_mean(MIX_K_AD);
	} else if (row->a == KIND_STATIC_MIX) {
		mean = mix_mean(MIX_K_STATIC);
	} else {
		mean = mix_mean((enum mix_kind)row->a);
	}
	mean *= (double)row->ops;
	return sum > 0.99 * mean && sum < 1.01 * mean;
}

static bool is_asked_for(const struct mix_file *f)
{
	return asked_for[f->dir][f->class][f->number - 1];
}

/* A socket that listens at @target, whose port may be 0. */
static int make_listener(void)
{
	target.len = sizeof(struct sockaddr_in);
	listener =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return listener < 0 ||
			       bind(listener, (struct sockaddr *)&target.sa,
				    target.len) != 0 ||
			       listen(listener, BACKLOG) != 0 ||
			       getsockname(listener,
					   (struct sockaddr *)&target.sa,
					   &target.len) != 0
		       ? -1
		       : 0;
}

static void set_target(in_addr_t address, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&target.sa;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = address;
	in->sin_port = htons(port);
	target.len = sizeof(*in);
	strcpy(target.host, "localhost");
}

/* Is there somebody at the other end of the network? */
static int find_server(struct bench *b)
{
	const uint16_t port =
		bench_row(b)->b & F_NGINX ? PORT_NGINX : PORT_WEBMIX;
	struct in_addr a;
	int fd, rc;

	if (!servers)
		return bench_skip(b, "no --servers ADDRESS was given");
	if (inet_pton(AF_INET, servers, &a) != 1)
		return bench_fail(b, "--servers '%s' is no IPv4 address",
				  servers);
	set_target(a.s_addr, port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return bench_fail(b, "socket: %s", strerror(errno));
	rc = connect(fd, (struct sockaddr *)&target.sa, target.len);
	if (rc != 0)
		bench_skip(b, "nobody serves at %s:%u: %s", servers, port,
			   strerror(errno));
	close(fd);
	return rc;
}

static int fork_row(void *arg)
{
	return bench_helper(arg, nginx_process, NULL);
}

static int start_server(struct bench *b)
{
	char why[200];

	set_target(htonl(INADDR_LOOPBACK), 0);
	if (make_listener() != 0) {
		if (errno == EADDRNOTAVAIL)
			return bench_skip(b, "no loopback");
		return bench_fail(b, "listen: %s", strerror(errno));
	}
	if (!(bench_row(b)->b & F_NGINX))
		return bench_helper(b, server_process, NULL);
	/* nginx makes its own, with the number that was free. */
	close(listener);
	if (bench_tools(b) != 0)
		return -1;
	switch (nginx_start(why, sizeof(why), fork_row, b)) {
	case 0:
		return 0;
	case 1:
		return bench_skip(b, "%s", why);
	default:
		return bench_fail(b, "%s", why);
	}
}

static int make_tree(struct bench *b)
{
	char what[32];

	if (mkdir("tree", 0700) != 0)
		return bench_fail(b, "mkdir tree: %s", strerror(errno));
	tree = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	post_log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (tree < 0 || post_log < 0)
		return bench_fail(b, "open: %s", strerror(errno));
	if (tree_make(tree, DIRS, is_asked_for, &never, what) != 0)
		return bench_fail(b, "tree/%s: %s", what, strerror(errno));
	if (syncfs(tree) != 0)
		return bench_fail(b, "syncfs: %s", strerror(errno));
	return 0;
}

static void begin_list(const struct bench *b)
{
	if (bench_row(b)->a < 0)
		client_hang_up(&client.users[0]);
}

static int setup(struct bench *b)
{
	const struct bench_row *row = bench_row(b);
	char what[32];

	if (mix_init(&target.mix, DIRS, row->a != KIND_STATIC_MIX,
		     row->b & F_304 ? 1.0 : 0.0) != 0)
		return bench_fail(b, "no memory");
	for (seed = 1; !representative(seed, row); seed++)
		if (seed == 10000000)
			return bench_fail(b, "no representative requests");
	if (row->b & F_NET) {
		if (find_server(b) != 0)
			return -1;
	} else if (make_tree(b) != 0 || start_server(b) != 0) {
		return -1;
	}
	cfg = (struct client_cfg){
		.targets = &target,
		.n_targets = 1,
		.timeout_ns = UINT64_MAX / 4,
		.kind = row->a < 0 ? -1 : (int)row->a,
		.keep_always = row->a >= 0 && !(row->b & F_ONE_SHOT),
		.one_shot = row->b & F_ONE_SHOT,
	};
	if (client_init(&client, &cfg, 1, 1, 0, &latency, &service) != 0)
		return bench_fail(b, "epoll: %s", strerror(errno));
	client.idle = idle;
	/* Everything has been read and every path has been gone once. */
	if (!(row->b & F_NET) &&
	    tree_check(tree, DIRS, is_asked_for, &never, what) != 0)
		return bench_fail(b, "tree/%s: is not what was written", what);
	rng_seed(&client.users[0].rng, seed);
	requests(row->ops);
	begin_list(b);
	if (client.error_text[0])
		return bench_fail(b, "%s", client.error_text);
	return 0;
}

static int batch(struct bench *b)
{
	uint64_t n = bench_ops(b), list = bench_row(b)->ops, i;

	/* The same requests again and again. Those of a mix begin with a new
	 * connection, the others have one for good or one each. */
	bench_start(b);
	for (i = 0; i < n; i += list) {
		if (i > 0)
			begin_list(b);
		rng_seed(&client.users[0].rng, seed);
		requests(list);
	}
	bench_stop(b);
	begin_list(b);
	if (client.error_text[0])
		return bench_fail(b, "%s", client.error_text);
	return 0;
}

#define ROW(id_, ops_, kind_, flags_, sync_)                                   \
	{                                                                      \
		.id = id_, .unit = "ns/op", .ops = ops_, .flags = sync_,       \
		.a = kind_, .b = flags_, .setup = setup, .batch = batch,       \
	}

/* What any server can serve, of either. */
#define STATIC_ROWS(server_, flags_)                                           \
	ROW("web." server_ ".static", 20, MIX_K_STATIC, flags_, 0),            \
		ROW("web." server_ ".static.304", 48, MIX_K_STATIC,            \
		    F_304 | (flags_), 0),                                      \
		ROW("web." server_ ".static.conn", 10, MIX_K_STATIC,           \
		    F_ONE_SHOT | (flags_), 0),                                 \
		ROW("web." server_ ".static.mix", 20, KIND_STATIC_MIX, flags_, \
		    0)

static const struct bench_row rows[] = {
	STATIC_ROWS("webmix", 0),
	STATIC_ROWS("nginx", F_NGINX),
	STATIC_ROWS("net.webmix", F_NET),
	STATIC_ROWS("net.nginx", F_NET | F_NGINX),
	ROW("web.webmix.template", 24, MIX_K_TEMPLATE, 0, 0),
	ROW("web.webmix.ad", 20, MIX_K_AD, 0, 0),
	ROW("web.webmix.post", 24, MIX_K_POST, 0, BENCH_SYNC),
	ROW("web.webmix.exec", 4, MIX_K_EXEC, 0, 0),
	ROW("web.webmix.mix", 20, KIND_MIX, 0, BENCH_SYNC),
};

static int fork_server(void *arg)
{
	void (*fn)(void *) = *(void (**)(void *))arg;
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid < 0 ? -1 : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		fn(NULL);
	_exit(1);
}

static int serve_failed(const char *what)
{
	fprintf(stderr, "bweb: %s: %s\n", what, strerror(errno));
	return 1;
}

/*
 * Both servers at @address, with files in @dir, for clients elsewhere; says
 * "ready" and goes on until it is ended or one of them ends.
 */
static int serve(const char *dir, const char *address)
{
	void (*webmix)(void *) = server_process,
			    (*nginx)(void *) = nginx_process;
	char what[40] = "tree/", why[200];
	struct in_addr a;

	if (inet_pton(AF_INET, address, &a) != 1) {
		fprintf(stderr,
			"bweb: '%s' is no IPv4 address; try 'bweb --serve DIR 10.0.0.2'\n",
			address);
		return 2;
	}
	/* As the clients, see bench_main(). */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	if (chdir(dir) != 0)
		return serve_failed(dir);
	if (mkdir("tree", 0755) != 0)
		return serve_failed("tree");
	tree = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0 || tree_make(tree, DIRS, NULL, &never, what + 5) != 0)
		return serve_failed(what);
	if (syncfs(tree) != 0)
		return serve_failed("tree");
	set_target(a.s_addr, PORT_WEBMIX);
	if (make_listener() != 0 || fork_server(&webmix) != 0)
		return serve_failed(address);
	close(listener);
	set_target(a.s_addr, PORT_NGINX);
	/* Its rows find out that it is not there. */
	if (nginx_start(why, sizeof(why), fork_server, &nginx) != 0)
		fprintf(stderr, "bweb: %s\n", why);
	puts("ready");
	if (fflush(stdout) != 0)
		return serve_failed("standard output");
	while (wait(NULL) < 0 && errno == EINTR)
		;
	fprintf(stderr, "bweb: a server has ended\n");
	return 1;
}

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bweb",
		.cc = "gcc " __VERSION__,
		.cflags = BENCH_CFLAGS,
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
		.option = "servers",
		.option_help =
			"  --servers A    the address of 'bweb --serve DIR A' elsewhere, for web.net.\n",
		.option_value = &servers,
	};

	/* What the server starts for web.exec is this program again. */
	if (argc == 3 && strcmp(argv[1], "--helper") == 0)
		return serve_helper(argv[2]);
	if (argc == 4 && strcmp(argv[1], "--serve") == 0)
		return serve(argv[2], argv[3]);
	if (!realpath((const char *)(uintptr_t)getauxval(AT_EXECFN), self))
		self[0] = '\0'; /* web.exec will fail and say so */
	return bench_main(argc, argv, &program);
}
