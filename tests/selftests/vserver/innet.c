// SPDX-License-Identifier: GPL-2.0
/*
 * innet NID ADDRESS... -- COMMAND: a command in a new network context with the
 * addresses. For measuring what a network context costs a program that knows
 * nothing of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vs_abi.h"

int main(int argc, char **argv)
{
	uint32_t nid;
	int i;

	if (argc < 4)
		goto usage;
	nid = (uint32_t)atoi(argv[1]);
	if (syscall(VS_NR_X86_64, CMD_net_create_v1, nid, NULL) < 0) {
		perror("innet: net_create");
		return 1;
	}
	for (i = 2; i < argc && strcmp(argv[i], "--"); i++) {
		struct abi_addr4_v1 a = { .type = NA_ADDR };
		struct abi_addr6 a6 = { .type = NA_ADDR };
		long ret;

		if (inet_pton(AF_INET, argv[i], &a.ip) == 1)
			ret = syscall(VS_NR_X86_64, CMD_net_add_ipv4_v1, nid, &a);
		else if (inet_pton(AF_INET6, argv[i], a6.ip) == 1)
			ret = syscall(VS_NR_X86_64, CMD_net_add_ipv6, nid, &a6);
		else
			goto usage;
		if (ret < 0) {
			fprintf(stderr, "innet: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	if (i + 1 >= argc)
		goto usage;
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
usage:
	fputs("usage: innet NID ADDRESS... -- COMMAND [ARGUMENT]...\n", stderr);
	return 2;
}
