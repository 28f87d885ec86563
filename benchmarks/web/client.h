/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users of web servers: an event loop that makes connections, sends the
 * workload's requests, reads at the users' line speed and compares every byte
 * of every answer with what it must be. One process, one thread.
 */
#ifndef BULKHEAD_WEB_CLIENT_H
#define BULKHEAD_WEB_CLIENT_H

#include <http_parser.h>
#include <sys/socket.h>

#include "hist.h"
#include "mix.h"
#include "pace.h"

struct client_target {
	struct sockaddr_storage sa;
	socklen_t len;
	char host[64];
	struct mix mix;
};

struct client_cfg {
	const struct client_target *targets;
	uint32_t n_targets;
	uint64_t line_bits; /* a second, of each user; 0: as fast as it goes */
	uint32_t bucket_ms;
	uint32_t rcvbuf; /* SO_RCVBUF; 0: the kernel's choice */
	uint64_t timeout_ns; /* without a byte, a request has failed */
	int kind; /* an enum mix_kind for only that, or -1 */
	/* Not the workload's connections but one without end, or one for each
	 * request. */
	bool keep_always, one_shot;
};

enum client_error {
	CE_CONNECT,
	CE_TIMEOUT,
	CE_RESET, /* closed or reset before the answer was complete */
	CE_STATUS, /* an answer, but not the one */
	CE_PROTOCOL, /* not HTTP */
	CE_BODY, /* not the bytes it must be */
	N_CE
};

extern const char *const client_error_names[N_CE];

struct client_counts {
	uint64_t requests; /* answered or failed */
	uint64_t errors;
	uint64_t bad; /* errors that are wrong bytes */
	uint64_t bytes; /* received, heads and bodies */
	uint64_t not_modified;
};

enum user_state { U_IDLE, U_CONNECT, U_BUSY, U_CLOSING, U_PAUSE };

struct user {
	struct rng rng;
	uint32_t target, index;
	enum user_state state;
	int fd;
	bool keep_alive, readable;
	uint32_t left; /* requests of the connection, with the current one */
	bool has_cookie;
	uint64_t cookie;
	struct pace pace;
	uint64_t due, begun; /* of the request: should have been, was */
	uint64_t deadline, wake;
	uint64_t key; /* in the heap of timers; never later than the two */
	size_t heap_at; /* plus 1; 0: not in it */
	struct user *next_free;

	struct mix_request req;
	struct content body;
	char out[384];
	size_t out_len, out_off;

	http_parser parser;
	bool complete, field_is_cookie;
	int failed; /* enum client_error, or -1 */
	char name[16], value[64];
	size_t name_len, value_len;
	bool in_value, cookie_seen;

	struct client_counts counts; /* while measuring */
};

struct client {
	const struct client_cfg *cfg;
	int ep;
	struct user *users;
	uint32_t n_users;
	struct user **heap;
	size_t heap_len;
	uint64_t now;
	/* What is due in this interval counts, and what is read in it. */
	uint64_t from, to;
	struct hist *latency; /* from when a request was due */
	struct hist *service; /* from when it was begun */
	uint64_t errors[N_CE];
	char error_text[128]; /* the first one */
	/* A user has nothing to do: @failed tells how the request ended. Starts
	 * the next one, or leaves it idle. */
	void (*idle)(struct client *c, struct user *u);
	void *arg;
};

uint64_t client_clock(void);

/*
 * @latency and @service belong to the caller. Users get ids from @first on,
 * which with @seed decide all their choices. Returns 0, or -1 with errno.
 * client_end() closes and frees everything.
 */
int client_init(struct client *c, const struct client_cfg *cfg, uint32_t n,
		uint64_t seed, uint64_t first, struct hist *latency,
		struct hist *service);
void client_end(struct client *c);

/* Let an idle user make a request now that was due at @due. */
void client_request(struct client *c, struct user *u, uint64_t due);
/* Close an idle user's connection. */
void client_hang_up(struct user *u);
/* Call idle() for it at @at. */
void client_pause(struct client *c, struct user *u, uint64_t at);

/* Handle what happens until @until or the first event, whichever is earlier. */
void client_step(struct client *c, uint64_t until);

#endif
