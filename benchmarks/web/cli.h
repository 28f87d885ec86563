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
