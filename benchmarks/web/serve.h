/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small web server: HTTP/1.0 and 1.1 over epoll, one thread a process. It
 * does what the workload needs and refuses everything else; the same code is
 * in webmix-serve and in bweb.
 *
 *   GET  /PATH              a file, by sendfile(); If-Modified-Since
 *   GET  /t/PATH?f=HEX      the file with the field HEX spliced into its middle
 *   GET  /a/PATH            the same with an advertisement chosen by the cookie
 *   POST /p/PATH            the body becomes a line of the log; the file comes back
 *   GET  /x/PATH?f=HEX      the same as /t/, the field computed by a program
 *                           that is started for it (fork, exec)
 *
 * HEAD works wherever GET does.
 */
#ifndef BULKHEAD_WEB_SERVE_H
#define BULKHEAD_WEB_SERVE_H

#include <signal.h>
#include <stdint.h>

#define SERVE_MAX_HEAD	  8192U /* request line and header fields */
#define SERVE_MAX_URL	  1023U
#define SERVE_MAX_BODY	  1024U
#define SERVE_MAX_HELPERS 64U

struct serve_cfg {
	int root; /* descriptor of the tree's directory */
	int log; /* where POST appends, opened O_APPEND; -1: POST is refused */
	const char *self; /* program to start as "SELF --helper HEX" */
	uint32_t max_conns;
	/* Milliseconds that a connection may take: to send a whole request, to
	 * send the next one, and without taking anything of an answer. */
	uint32_t head_ms, idle_ms, write_ms;
};

struct serve_stats {
	uint64_t conns, refused, bytes;
	uint64_t ok, not_modified, bad, failed; /* answers 200, 304, 4xx, 5xx */
	uint64_t post, exec, timeouts;
};

/*
 * Serve connections of the listening socket @listener, which must not block
 * and may be shared with other processes, until *@stop is not 0 (checked after
 * every signal: @stop belongs to a handler without SA_RESTART). SIGCHLD must be
 * ignored, as nobody waits for helpers. Closes all its connections. Returns 0,
 * or -1 with errno when it could not even begin.
 */
int serve_run(const struct serve_cfg *cfg, int listener,
	      const volatile sig_atomic_t *stop, struct serve_stats *stats);

/* What the started program does with its argument: prints the field. Returns
 * an exit status. */
int serve_helper(const char *arg);

#endif
