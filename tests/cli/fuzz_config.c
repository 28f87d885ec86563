// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_config SEED COUNT [FILE]...: feed mutated configurations to the parser.
 *
 * Built with sanitizers.  What must hold for every input: no memory error, no
 * undefined behaviour, a failure has a one-line message, and a configuration
 * that was accepted can be written and read again to the same effect.  The
 * inputs are a function of the seed, so a failure can be repeated.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vctx.h"

static uint64_t state;

/* xorshift64*: repeatable, and good enough to throw dice */
static uint32_t roll(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

static const char *const seeds[] = {
	"version = 1\n[context]\nroot = /srv/web1\nhostname = web1\nid = 1234\n"
	"init = /sbin/init -x\nautostart = yes\n[mount]\nbind = /a /b ro\n"
	"bind = /c /d\ntmpfs = /tmp size=64M mode=1777\ncgroups = yes\n[security]\n"
	"capabilities = secure +net_admin -sys_boot\nflags = +virt_uptime\n"
	"context-capabilities = +syslog\nreadonly-root = no\n[exec]\n"
	"stop-signal = SIGRTMIN+3\nstop-timeout = 1500ms\n",
	"# comment\n; another\n[context]\n root = / ; inline\n[mount]\n"
	"bind += /x /y\n[security]\nflags = none !fakeinit\ncapabilities = all\n",
	"[cpu]\nweight = 200\nguarantee = 25%\nmax = 12.345%\nburst = 250ms\n",
	"[disk]\nweight = 200 vdb=400\nreserve = 12.5% vdb=500io\nmax = 20M\n",
	"[context\nroot\n=\n[]\n= x\n[a]b = c\n[context]\nid = auto\nid = 7\n",
	"\xef\xbb\xbfversion = 1\r\n[exec]\r\nstop-timeout=2h\r\n",
};

static const char *const words[] = {
	"[context]", "[mount]", "[security]", "[exec]", "[", "]", "=", "+=",
	"root", "id", "init", "bind", "tmpfs", "capabilities", "flags", "\n",
	"65535", "65536", "18446744073709551616", "/..", "/", "../", "%s%n",
	"size=", "mode=", "-", "!", "all", "none", "SIGKILL", "RTMIN+", ";",
	"#", "\xc3\xa4", "\xff", "\xe2\x82", "\t", "\r", "auto", "stop-timeout",
	"99999999999h", "readonly-root", "version", "cgroups",
	"[disk]", "reserve", "vdb=", "500io",
	"[cpu]", "weight", "%", "0.1%", "100000%", "none", ".",
};

static size_t mutate(char *buf, size_t len, size_t max)
{
	unsigned int n = roll(6) + 1;

	while (n--) {
		size_t at = len ? roll((uint32_t)len + 1) : 0;
		const char *w;
		size_t k;

		switch (roll(6)) {
		case 0:			/* change a byte */
			if (at < len)
				buf[at] = (char)roll(256);
			break;
		case 1:			/* cut something out */
			k = roll(20);
			if (at + k < len) {
				memmove(buf + at, buf + at + k, len - at - k);
				len -= k;
			}
			break;
		case 2:			/* put a word in */
		case 3:
			w = words[roll(sizeof(words) / sizeof(words[0]))];
			k = strlen(w);
			if (len + k < max) {
				memmove(buf + at + k, buf + at, len - at);
				memcpy(buf + at, w, k);
				len += k;
			}
			break;
		case 4:			/* repeat a piece */
			k = roll(60);
			if (at + k <= len && len + k < max) {
				memmove(buf + at + k, buf + at, len - at);
				len += k;
			}
			break;
		case 5:			/* a long line */
			k = 150 + roll(200);
			if (len + k < max) {
				memmove(buf + at + k, buf + at, len - at);
				memset(buf + at, 'a' + (int)roll(26), k);
				len += k;
			}
			break;
		}
	}
	return len;
}

static void die(const char *why, const char *input)
{
	printf("%s; the input was:\n%s\n", why, input);
	exit(1);
}

static void one(const char *input, unsigned long *accepted)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_config *cfg = vctx_config_new();
	struct vctx_config *again;
	char *text, *text2;

	if (vctx_config_parse(cfg, "f", input, &err)) {
		if (err.code != VCTX_USAGE || !err.msg || !err.msg[0] ||
		    strchr(err.msg, '\n') || !err.located)
			die("a refusal without a proper message", input);
		vctx_err_clear(&err);
		vctx_config_free(cfg);
		return;
	}
	if (err.msg)
		die("accepted, yet with a message", input);
	++*accepted;
	text = vctx_config_dump(cfg);
	again = vctx_config_new();
	/* A dumped line can be too long to read; that must be all. */
	if (vctx_config_parse(again, "dump", text, &err)) {
		if (!strstr(err.msg, "line is longer than"))
			die(err.msg, input);
		vctx_err_clear(&err);
	} else {
		text2 = vctx_config_dump(again);
		if (strcmp(text, text2))
			die("written and read again it differs", input);
		free(text2);
	}
	free(text);
	vctx_config_free(again);
	vctx_config_free(cfg);
}

static void one_setting(const char *input)
{
	struct vctx_err err = VCTX_ERR_INIT;
	struct vctx_config *cfg = vctx_config_new();

	if (vctx_config_set(cfg, input, &err) && (!err.msg || !err.msg[0]))
		die("a refused setting without a message", input);
	vctx_err_clear(&err);
	vctx_config_free(cfg);
}

int main(int argc, char **argv)
{
	enum { MAX = 4096 };
	unsigned long count, i, accepted = 0;
	char buf[MAX + 1];

	if (argc < 3)
		return 2;
	state = strtoull(argv[1], NULL, 10) * 2654435761u + 88172645463325252ull;
	count = strtoul(argv[2], NULL, 10);
	for (i = 0; i < count; i++) {
		const char *seed = seeds[roll(sizeof(seeds) / sizeof(seeds[0]))];
		size_t len = strlen(seed), k;

		memcpy(buf, seed, len);
		if (i >= sizeof(seeds) / sizeof(seeds[0]))
			len = mutate(buf, len, MAX);
		for (k = 0; k < len; k++)
			if (!buf[k])
				buf[k] = ' ';
		buf[len] = '\0';
		one(buf, &accepted);
		buf[len < 200 ? len : 200] = '\0';
		one_setting(buf);
	}
	printf("%lu inputs, %lu accepted\n", count, accepted);
	/* If nothing gets through, nothing behind the syntax was tested. */
	return accepted > count / 50 ? 0 : 1;
}
