/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind the table of rows in main.c. */
#ifndef BMICRO_ROWS_H
#define BMICRO_ROWS_H

#include "../lib/bench.h"

/* control.c */
int empty_batch(struct bench *b);
int triad_setup(struct bench *b);
int triad_batch(struct bench *b);
int chase_setup(struct bench *b); /* a: KiB */
int chase_batch(struct bench *b);

/* sys.c */
int getppid_batch(struct bench *b);
int read1_setup(struct bench *b);
int read1_batch(struct bench *b);
int write1_setup(struct bench *b);
int write1_batch(struct bench *b);
int file_setup(struct bench *b);
int stat_batch(struct bench *b);
int fstat_batch(struct bench *b);
int openclose_batch(struct bench *b);
int select_setup(struct bench *b); /* a: number of sockets */
int select_batch(struct bench *b);
int epoll_setup(struct bench *b); /* a: number of sockets */
int epoll_batch(struct bench *b);

/* sig.c */
int install_batch(struct bench *b);
int catch_setup(struct bench *b);
int catch_batch(struct bench *b);
int prot_setup(struct bench *b);
int prot_batch(struct bench *b);

/* proc.c */
int fork_setup(struct bench *b); /* a: MiB of touched memory */
int fork_batch(struct bench *b);
int vfork_batch(struct bench *b);
int execve_setup(struct bench *b);
int execve_batch(struct bench *b);
int sh_setup(struct bench *b);
int sh_batch(struct bench *b);

/* ctx.c; a: processes, b: KiB each */
int ctx_setup(struct bench *b);
int ctx_batch(struct bench *b);
int ctx_overhead_setup(struct bench *b);
int ctx_overhead_batch(struct bench *b);

/* mm.c */
int mmap_setup(struct bench *b); /* a: MiB */
int mmap_batch(struct bench *b);
int fault_anon_batch(struct bench *b);
int fault_file_setup(struct bench *b);
int fault_file_batch(struct bench *b);

/* fs.c */
int create_batch(struct bench *b); /* a: bytes */
int delete_batch(struct bench *b);
int reread_setup(struct bench *b);
int reread_batch(struct bench *b);

/* ipc.c */
int pipe_setup(struct bench *b);
int unix_setup(struct bench *b);
int eventfd_setup(struct bench *b);
int pingpong_batch(struct bench *b);
int eventfd_batch(struct bench *b);
int futex_setup(struct bench *b);
int futex_batch(struct bench *b);
int bw_pipe_setup(struct bench *b);
int bw_unix_setup(struct bench *b);
int bw_batch(struct bench *b);
int sleep_batch(struct bench *b);

/* net.c */
int tcp_setup(struct bench *b);
int udp_setup(struct bench *b);
int udp_send_setup(struct bench *b);
int udp_send_batch(struct bench *b);
int bw_tcp_setup(struct bench *b);
int conn_setup(struct bench *b);
int conn_batch(struct bench *b);

/*
 * Between ipc.c and net.c: a pair of connected descriptors whose other end
 * belongs to a helper. echo_start() makes the helper send back each byte,
 * sink_start() makes it swallow blocks and report.
 */
#define BW_BLOCK 65536
int echo_start(struct bench *b, int mine_in, int mine_out, int theirs_in,
	       int theirs_out);
int sink_start(struct bench *b, int mine, int theirs);

/* net.c: a connected pair of TCP sockets over the loopback address. */
int tcp_pair(struct bench *b, int fds[2]);

#endif
