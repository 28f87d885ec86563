/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines and error lines of the three programs. */
#ifndef BULKHEAD_WEB_CLI_H
#define BULKHEAD_WEB_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Name of the program in its messages; main() sets it. */
extern const char *cli_name;

/* Print "NAME: text; try 'NAME --help'"; returns 2, the exit status. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print "NAME: text"; returns 1, the exit status. */
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A decimal number from @min to @max and nothing else. */
bool cli_number(const char *s, uint64_t min, uint64_t max, uint64_t *v);
/* The same with a fraction. */
bool cli_real(const char *s, double min, double max, double *v);

/* A long option. The last of a table has no name. */
struct cli_option {
	const char *name;
	enum cli_kind {
		CLI_FLAG,	/* no value; @to is a bool */
		CLI_TEXT,	/* @to is a const char *, points into argv */
		CLI_NUMBER,	/* @to is a uint64_t, from @min to @max */
		CLI_REAL,	/* @to is a double, from @low to @high */
		CLI_CALL,	/* call(@to, value) */
		CLI_CALL_FLAG,	/* the same, no value (NULL) */
	} kind;
	void *to;
	uint64_t min, max;
	double low, high;
	/* Returns 0, -1 for a bad value, or an exit status after its message. */
	int (*call)(void *to, const char *value);
};

#define OPT_FLAG(n, p)	      {.name = n, .kind = CLI_FLAG, .to = p}
#define OPT_TEXT(n, p)	      {.name = n, .kind = CLI_TEXT, .to = p}
#define OPT_NUMBER(n, p, a, b) \
	{.name = n, .kind = CLI_NUMBER, .to = p, .min = a, .max = b}
#define OPT_REAL(n, p, a, b) \
	{.name = n, .kind = CLI_REAL, .to = p, .low = a, .high = b}
#define OPT_CALL(n, p, f)      {.name = n, .kind = CLI_CALL, .to = p, .call = f}
#define OPT_CALL_FLAG(n, p, f) {.name = n, .kind = CLI_CALL_FLAG, .to = p, .call = f}

#define CLI_MAX_OPTIONS 40

/*
 * Parse the options; --help calls help() and ends the program. Returns 0 with
 * the first operand in argv[optind], or the exit status after a message.
 */
int cli_options(int argc, char **argv, const struct cli_option *options,
		void (*help)(void));

/* "127.0.0.1:80" or "[::1]:80": numbers only, as names would need libraries
 * that a static program cannot have. */
struct cli_addr {
	struct sockaddr_storage sa;
	socklen_t len;
	char text[64];
};

bool cli_address(const char *s, bool port_zero, struct cli_addr *a);
/* The text of @a made again from the address. */
void cli_address_text(struct cli_addr *a);

#endif
