// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of libvctx that need no context; prints TAP. */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "internal.h"

static int count, failed;

static void check(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void check(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failed += !good;
}

static void times_and_sizes(void)
{
	static const struct {
		const char *text;
		long long ms;		/* -1: refused */
	} times[] = {
		{ "0", 0 }, { "10", 10000 }, { "10s", 10000 }, { "500ms", 500 },
		{ "2m", 120000 }, { "1h", 3600000 }, { "", -1 }, { "s", -1 },
		{ "-1", -1 }, { "+1", -1 }, { " 1", -1 }, { "1 s", -1 },
		{ "1.5s", -1 }, { "1M", -1 }, { "1d", -1 }, { "0x10", -1 },
		{ "18446744073709551615", -1 }, { "18446744073709551616", -1 },
		{ "9223372036854775807ms", 9223372036854775807 },
		{ "9223372036854775808ms", -1 },
	};
	static const struct {
		const char *text;
		long long bytes;
	} sizes[] = {
		{ "0", 0 }, { "512", 512 }, { "64K", 65536 },
		{ "512M", 536870912 }, { "2G", 2147483648 },
		{ "1T", 1099511627776 }, { "1m", -1 }, { "1k", -1 },
		{ "1KB", -1 }, { "1KK", -1 }, { "K", -1 }, { "", -1 },
		{ "-1", -1 }, { "17179869184G", -1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t v = 0;
		int r = vctx_parse_time(times[i].text, &v);

		check(times[i].ms < 0 ? r != 0 :
		      !r && v == (uint64_t)times[i].ms, "time \"%s\"",
		      times[i].text);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t v = 0;
		int r = vctx_parse_size(sizes[i].text, &v);

		check(sizes[i].bytes < 0 ? r != 0 :
		      !r && v == (uint64_t)sizes[i].bytes, "size \"%s\"",
		      sizes[i].text);
	}
}

static void signals(void)
{
	static const struct {
		const char *text;
		int sig;
	} cases[] = {
		{ "SIGTERM", SIGTERM }, { "TERM", SIGTERM }, { "term", SIGTERM },
		{ "9", 9 }, { "0", -1 }, { "65", -1 }, { "SIG", -1 },
		{ "", -1 }, { "SIGNOTHING", -1 }, { "15x", -1 },
	};
	char buf[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check(vctx_signal_number(cases[i].text) == cases[i].sig,
		      "signal \"%s\"", cases[i].text);
	check(vctx_signal_number("RTMIN+3") == SIGRTMIN + 3, "signal RTMIN+3");
	check(vctx_signal_number("SIGRTMIN+99") < 0, "signal SIGRTMIN+99");
	check(!strcmp(vctx_signal_name(SIGKILL, buf, sizeof(buf)), "SIGKILL"),
	      "name of signal 9");
	for (i = 1; i < 65; i++)
		if (vctx_signal_number(vctx_signal_name((int)i, buf,
							sizeof(buf))) != (int)i)
			break;
	check(i == 65, "every signal has a name that leads back to it");
}

static void bits(void)
{
	unsigned int bit, named = 0, back = 0;
	int set;

	for (set = VCTX_NAMES_CFLAGS; set <= VCTX_NAMES_BCAPS; set++) {
		for (bit = 0; bit < 64; bit++) {
			const char *name = vctx_bit_name(set, bit);

			if (!name)
				continue;
			named++;
			back += vctx_bit_find(set, name) == (int)bit;
		}
	}
	check(named > 80 && named == back,
	      "every bit's name leads back to it (%u)", named);
	check(vctx_bit_find(VCTX_NAMES_BCAPS, "CAP_SYS_ADMIN") == 21,
	      "capability with its prefix");
	check(vctx_bit_find(VCTX_NAMES_BCAPS, "21") == -1,
	      "a number is no name of a capability");
	check(vctx_bit_find(VCTX_NAMES_CFLAGS, "fakeinit") == 4, "fakeinit");
	/* the words that util-vserver's --secure sends, see the ABI reference */
	check((VCTX_BCAPS_SECURE & 0xffffffff) == 0xb44c04ff,
	      "the secure capabilities");
	check(!(VCTX_BCAPS_SECURE & 0x7fffffff00000000),
	      "without any that came after them");
}

static void names(void)
{
	char longest[VCTX_NAME_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[VCTX_NAME_MAX] = '\0';
	check(!vctx_name_check(longest, NULL), "a name of 63 characters");
	longest[VCTX_NAME_MAX] = 'a';
	longest[VCTX_NAME_MAX + 1] = '\0';
	check(vctx_name_check(longest, NULL), "no name of 64");
	check(!vctx_name_check("a.b-c_1", NULL), "a name with punctuation");
	check(!vctx_name_check("1a", NULL), "a name that starts with a digit");
	check(vctx_name_check("", NULL), "no empty name");
	check(vctx_name_check(".ids", NULL), "no name that starts with a dot");
	check(vctx_name_check("a/b", NULL), "no name with a slash");
	check(vctx_name_check("a\n", NULL), "no name with a newline");
	check(vctx_name_check("10", NULL), "no name of digits");
}

static void paths(void)
{
	check(vx_path_ok("/"), "path /");
	check(vx_path_ok("/a..b/..c/d.."), "path with dots in names");
	check(!vx_path_ok("a"), "no relative path");
	check(!vx_path_ok(""), "no empty path");
	check(!vx_path_ok("/a/.."), "no path that ends in ..");
	check(!vx_path_ok("/../a"), "no path that starts with ..");
}

static void closest(void)
{
	static const char *const list[] = { "create", "start", "stop", "list" };
	const char *w;

	w = vctx_closest("crate", list, ARRAY_SIZE(list));
	check(w && !strcmp(w, "create"), "crate is create");
	w = vctx_closest("satrt", list, ARRAY_SIZE(list));
	check(w && !strcmp(w, "start"), "swapped letters are one mistake");
	check(!vctx_closest("frob", list, ARRAY_SIZE(list)), "frob is nothing");
	check(!vctx_closest("", list, ARRAY_SIZE(list)), "nothing is nothing");
}

static void errors(void)
{
	struct vctx_err err = VCTX_ERR_INIT;
	int p[2];
	pid_t pid;

	errno = ENOSYS;
	check(vctx_sys_error(&err, "x") == -1 && err.code == VCTX_HOST &&
	      err.errnum == ENOSYS && strstr(err.hint, "CONFIG_VSERVER"),
	      "ENOSYS is the host's fault, with a hint");
	errno = ESRCH;
	vctx_sys_error(&err, "x");
	check(err.code == VCTX_NOCTX && !err.hint, "ESRCH is no such context");
	check(vctx_sys_error(NULL, "x") == -1, "an error nobody wants to know");

	if (pipe(p))
		exit(2);
	pid = fork();
	if (!pid) {
		struct vctx_err e = VCTX_ERR_INIT;

		errno = EACCES;
		vx_fail_errno(&e, VCTX_INVOKE, "do that", "cannot %d", 7);
		vx_err_send(p[1], &e);
		_exit(0);
	}
	close(p[1]);
	check(vx_err_recv(p[0], &err) == 1 && err.code == VCTX_INVOKE &&
	      err.errnum == EACCES &&
	      !strcmp(err.msg, "cannot 7: Permission denied") &&
	      !strcmp(err.hint, "do that"), "an error crosses a pipe");
	check(vx_err_recv(p[0], &err) == 0, "silence is no error");
	close(p[0]);
	waitpid(pid, NULL, 0);
	vctx_err_clear(&err);
	check(!err.msg && !err.code, "clearing");
}

static void environment(void)
{
	static char a[] = "A=1", home[] = "HOME=/x";
	char *more[] = { a, home, NULL };
	char **env = vx_environment(more);
	int seen_a = 0, seen_home = 0, i;

	for (i = 0; env[i]; i++) {
		seen_a += !strcmp(env[i], "A=1");
		seen_home += !strncmp(env[i], "HOME=", 5);
		if (!strncmp(env[i], "HOME=", 5))
			check(!strcmp(env[i], "HOME=/x"),
			      "a default can be replaced");
	}
	check(seen_a == 1 && seen_home == 1, "each variable once");
	free(env);
}

static void state_files(const char *prefix)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx *v = vctx_open(prefix, &err);
	struct vx_state st = {
		.id = 1234, .pid = 99, .pid_start = 5, .running = true,
		.started = (char *)"2026-01-01T00:00:00Z",
		.root = (char *)"/r\xc3\xa4", .stop_signal = 3,
		.stop_timeout_ms = 7,
	};
	struct vx_state *back;
	int a, b;

	a = vx_lock(v, "x", &err);
	check(a >= 0, "a lock");
	b = vx_lock(v, "x", &err);
	check(b < 0 && err.code == VCTX_STATE, "is held once");
	vctx_err_clear(&err);
	check(!vx_state_write(v, "x", &st, &err), "a state is written");
	back = vx_state_read(v, "x");
	check(back && back->id == 1234 && back->pid == 99 && back->running &&
	      !back->transient && !strcmp(back->root, st.root) &&
	      back->stop_signal == 3 && back->stop_timeout_ms == 7 &&
	      !back->config, "and read again");
	vx_state_free(back);
	check(!vx_state_read(v, "y"), "no state of another name");
	vx_state_remove(v, "x", 0);
	close(a);
	check(!vx_state_read(v, "x"), "a removed state is gone");
	a = vx_lock(v, "x", &err);
	check(a >= 0, "the lock can be taken again");
	vx_state_remove(v, "x", 0);
	close(a);
	check(vx_proc_start(getpid()) > 0, "own start time");
	check(vx_proc_start(4194304) == 0, "start time of nobody");
	vctx_close(v);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	times_and_sizes();
	signals();
	bits();
	names();
	paths();
	closest();
	errors();
	environment();
	state_files(argv[1]);
	printf("1..%d\n", count);
	return failed ? 1 : 0;
}
