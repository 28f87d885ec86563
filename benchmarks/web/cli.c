// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines and error lines; the contract is in cli.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const char *cli_name = "webmix";

_Static_assert(CLI_MAX_OPTIONS < ':', "numbers of options, and getopt's answers");

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", cli_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; try '%s --help'\n", cli_name);
	return 2;
}

int cli_error(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", cli_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

bool cli_number(const char *s, uint64_t min, uint64_t max, uint64_t *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0' && *v >= min && *v <= max;
}

bool cli_real(const char *s, double min, double max, double *v)
{
	char *end;

	if ((*s < '0' || *s > '9') && *s != '.')
		return false;
	*v = strtod(s, &end);
	return *end == '\0' && *v >= min && *v <= max;
}

static int set(const struct cli_option *o, const char *value)
{
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)o->to = true;
		return 0;
	case CLI_TEXT:
		*(const char **)o->to = value;
		return 0;
	case CLI_NUMBER:
		return cli_number(value, o->min, o->max, o->to) ? 0 : -1;
	case CLI_REAL:
		return cli_real(value, o->low, o->high, o->to) ? 0 : -1;
	default:
		return o->call(o->to, value);
	}
}

int cli_options(int argc, char **argv, const struct cli_option *options,
		void (*help)(void))
{
	struct option longopts[CLI_MAX_OPTIONS + 2];
	int c, i, n, rc;

	memset(longopts, 0, sizeof(longopts));
	for (n = 0; n < CLI_MAX_OPTIONS && options[n].name; n++) {
		bool flag = options[n].kind == CLI_FLAG ||
			    options[n].kind == CLI_CALL_FLAG;

		longopts[n].name = options[n].name;
		longopts[n].has_arg = flag ? no_argument : required_argument;
		longopts[n].val = n;
	}
	longopts[n].name = "help";
	longopts[n].val = n;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, &i)) != -1) {
		/* What getopt says itself is a character, above any number. */
		if (c == ':')
			return cli_usage("option '%s' needs a value",
					 argv[optind - 1]);
		if (c == '?')
			return cli_usage("unknown option '%s'",
					 argv[optind - 1]);
		if (c == n) {
			help();
			exit(fflush(stdout) == 0 ? 0 : 1);
		}
		rc = set(&options[c], optarg);
		if (rc < 0)
			return cli_usage("bad value '%s' for --%s", optarg,
					 options[c].name);
		if (rc > 0)
			return rc;
	}
	return 0;
}

bool cli_address(const char *s, bool port_zero, struct cli_addr *a)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa;
	const char *colon = strrchr(s, ':');
	char host[48];
	uint64_t port;
	size_t n;

	memset(a, 0, sizeof(*a));
	if (!colon || !cli_number(colon + 1, port_zero ? 0 : 1, 65535, &port))
		return false;
	n = (size_t)(colon - s);
	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		n -= 2;
		if (n >= sizeof(host))
			return false;
		memcpy(host, s + 1, n);
		host[n] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		a->len = sizeof(*in6);
		if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
			return false;
	} else {
		if (n >= sizeof(host))
			return false;
		memcpy(host, s, n);
		host[n] = '\0';
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
		a->len = sizeof(*in4);
		if (inet_pton(AF_INET, host, &in4->sin_addr) != 1)
			return false;
	}
	cli_address_text(a);
	return true;
}

void cli_address_text(struct cli_addr *a)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(a->text, sizeof(a->text), "[%s]:%u", host,
			 ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
		snprintf(a->text, sizeof(a->text), "%s:%u", host,
			 ntohs(in4->sin_port));
	}
}
