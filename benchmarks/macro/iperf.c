// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iperf3: a stream to and from a server in an instance, over the network the instance
 * has; an operation is a block of 128 KiB. The time is iperf3's own, of the transfer
 * alone. With one CPU for all, which is never idle meanwhile, that is what the whole
 * machine spends: host or domain 0, hypervisor and instance.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tool.h"

#define BLOCK 131072

const char *iperf_server;

int iperf_setup(struct bench *b)
{
	if (!iperf_server)
		return bench_skip(b, "no --servers ADDRESS was given");
	return tool_tree(b);
}

int iperf_batch(struct bench *b)
{
	/* Of packets of 1500 and 500 bytes; headers of IP and TCP are 40. Both ends agree on
	 * the smaller one, so that it is the same in both directions. */
	char *mss = bench_row(b)->a == 500 ? "460" : "1460";
	const double all = (double)bench_ops(b) * BLOCK;
	char blocks[32];
	json_t *root;
	double bytes = 0, seconds = 0;
	int rc;

	snprintf(blocks, sizeof(blocks), "%llu", (unsigned long long)bench_ops(b));
	bench_start(b);
	/* The instance sends when the row is "tx", and the client asks it to. */
	rc = bench_row(b)->b ?
		TOOL(b, "iperf3", "-c", (char *)iperf_server, "-4", "-J", "-l", "131072", "-M", mss, "-k", blocks, "-R") :
		TOOL(b, "iperf3", "-c", (char *)iperf_server, "-4", "-J", "-l", "131072", "-M", mss, "-k", blocks);
	bench_stop(b);
	root = json_load_file(LOG, 0, NULL);
	if (rc != 0) {
		const char *why = root ? json_string_value(json_object_get(root, "error")) : NULL;

		if (why)
			bench_fail(b, "iperf3: %s", why);
		json_decref(root);
		return -1;
	}
	rc = json_unpack(root, "{s:{s:{s:F, s:F}}}", "end", "sum_received", "bytes", &bytes, "seconds", &seconds);
	json_decref(root);
	if (rc != 0 || seconds <= 0)
		return bench_fail(b, "iperf3 left no result");
	/* What is still in a buffer when the sender says that it has done is not counted;
	 * a block more than it was told may be sent. */
	if (bytes < all / 2 || bytes > all + BLOCK)
		return bench_fail(b, "iperf3 received %.0f of %.0f bytes", bytes, all);
	bench_told(b, (uint64_t)(seconds * 1e9 * (all / bytes)));
	return 0;
}
