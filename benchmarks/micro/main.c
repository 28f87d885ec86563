// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bmicro: cost per operation of the operating system's basic operations,
 * lmbench-style, after McVoy & Staelin. README.md defines each row.
 */
#include "rows.h"

/*
 * The number of operations makes a batch of about 2.8 million instructions on
 * a native kernel: it then ends before the next tick of a 250 Hz kernel
 * (4 million), with room for rows that cost a quarter more elsewhere. The
 * rows that make processes take more, as each operation is that long.
 */
/* A table is read line by line, not by key. */
/* clang-format off */
#define SYS(name, n, up, fn) \
	{ .id = "sys." name, .unit = "ns/op", .ops = n, .setup = up, .batch = fn }

#define CTX(p, kib, n, m)                                                     \
	{ .id = "ctx." #p "." #kib, .unit = "ns/op", .ops = n, .a = p,        \
	  .b = kib, .setup = ctx_setup, .batch = ctx_batch },                 \
	{ .id = "ctx." #p "." #kib ".overhead", .unit = "ns/op", .ops = m,    \
	  .a = p, .b = kib, .setup = ctx_overhead_setup,                      \
	  .batch = ctx_overhead_batch }

#define MMAP(mib, n)                                                          \
	{ .id = "mm.mmap." #mib, .unit = "ns/op", .ops = n, .a = mib,         \
	  .flags = BENCH_SYNC, .setup = mmap_setup, .batch = mmap_batch }

#define CHASE(name, kib, n)                                                   \
	{ .id = "mem.chase." name, .unit = "ns/op", .ops = n, .a = kib,       \
	  .setup = chase_setup, .batch = chase_batch }

#define FILES(what, name, size, on, fl, n)                                    \
	{ .id = "fs." #what "." name "." on, .unit = "ns/op", .ops = n,       \
	  .a = size, .flags = BENCH_SYNC | (fl), .fs = on,                    \
	  .batch = what##_batch }

#define PINGPONG(name, n, up, fn) \
	{ .id = name, .unit = "ns/op", .ops = n, .setup = up, .batch = fn }

#define BANDWIDTH(name, n, up, fn)                                            \
	{ .id = name, .unit = "MB/s", .ops = n, .bytes = BW_BLOCK,            \
	  .setup = up, .batch = fn }

static const struct bench_row rows[] = {
	SYS("getppid", 12800, NULL, getppid_batch),
	SYS("read1", 6400, read1_setup, read1_batch),
	SYS("write1", 7200, write1_setup, write1_batch),
	SYS("stat", 1024, file_setup, stat_batch),
	SYS("fstat", 3200, file_setup, fstat_batch),
	SYS("openclose", 700, file_setup, openclose_batch),
	{ .id = "sys.select.tcp.10", .unit = "ns/op", .ops = 800, .a = 10,
	  .setup = select_setup, .batch = select_batch },
	{ .id = "sys.select.tcp.100", .unit = "ns/op", .ops = 130, .a = 100,
	  .setup = select_setup, .batch = select_batch },
	{ .id = "sys.epoll.tcp.10", .unit = "ns/op", .ops = 800, .a = 10,
	  .setup = epoll_setup, .batch = epoll_batch },
	{ .id = "sys.epoll.tcp.100", .unit = "ns/op", .ops = 130, .a = 100,
	  .setup = epoll_setup, .batch = epoll_batch },

	{ .id = "sig.install", .unit = "ns/op", .ops = 5000,
	  .batch = install_batch },
	{ .id = "sig.catch", .unit = "ns/op", .ops = 900, .setup = catch_setup,
	  .batch = catch_batch },
	{ .id = "sig.prot", .unit = "ns/op", .ops = 800, .setup = prot_setup,
	  .batch = prot_batch },

	{ .id = "proc.fork", .unit = "ns/op", .ops = 64, .setup = fork_setup,
	  .batch = fork_batch },
	{ .id = "proc.fork.64m", .unit = "ns/op", .ops = 2, .a = 64,
	  .setup = fork_setup, .batch = fork_batch },
	{ .id = "proc.vfork", .unit = "ns/op", .ops = 256, .batch = vfork_batch },
	{ .id = "proc.execve", .unit = "ns/op", .ops = 32, .flags = BENCH_SYNC,
	  .setup = execve_setup, .batch = execve_batch },
	{ .id = "proc.sh", .unit = "ns/op", .ops = 12, .flags = BENCH_SYNC,
	  .setup = sh_setup, .batch = sh_batch },

	CTX(2, 0, 600, 1500),
	CTX(2, 16, 360, 500),
	CTX(2, 64, 160, 160),
	CTX(8, 0, 400, 1500),
	CTX(8, 16, 288, 500),
	CTX(8, 64, 144, 160),
	CTX(16, 0, 400, 1500),
	CTX(16, 16, 288, 500),
	CTX(16, 64, 144, 160),

	MMAP(1, 160),
	MMAP(4, 80),
	MMAP(16, 24),
	MMAP(64, 6),
	{ .id = "mm.fault.anon", .unit = "ns/op", .ops = 1024,
	  .flags = BENCH_MINFLT, .batch = fault_anon_batch },
	{ .id = "mm.fault.file", .unit = "ns/op", .ops = 512,
	  .flags = BENCH_MINFLT | BENCH_SYNC, .setup = fault_file_setup,
	  .batch = fault_file_batch },

	{ .id = "mem.empty", .unit = "ns/op", .ops = 900000,
	  .batch = empty_batch },
	/* Read two arrays, write one: 24 bytes for each of 4096 elements. */
	{ .id = "mem.triad", .unit = "MB/s", .ops = 128, .bytes = 4096 * 24,
	  .setup = triad_setup, .batch = triad_batch },
	CHASE("16k", 16, 900000),
	CHASE("1m", 1024, 900000),
	CHASE("16m", 16384, 900000),

	FILES(create, "0k", 0, "ext4", 0, 256),
	FILES(delete, "0k", 0, "ext4", 0, 256),
	FILES(create, "10k", 10240, "ext4", 0, 256),
	FILES(delete, "10k", 10240, "ext4", 0, 256),
	FILES(create, "0k", 0, "tmpfs", BENCH_TMPFS, 768),
	FILES(delete, "0k", 0, "tmpfs", BENCH_TMPFS, 512),
	FILES(create, "10k", 10240, "tmpfs", BENCH_TMPFS, 512),
	FILES(delete, "10k", 10240, "tmpfs", BENCH_TMPFS, 768),

	PINGPONG("ipc.pipe", 256, pipe_setup, pingpong_batch),
	PINGPONG("ipc.unix", 800, unix_setup, pingpong_batch),
	PINGPONG("ipc.futex", 640, futex_setup, futex_batch),
	PINGPONG("ipc.eventfd", 256, eventfd_setup, eventfd_batch),
	PINGPONG("net.tcp.lo", 100, tcp_setup, pingpong_batch),
	PINGPONG("net.udp.lo", 128, udp_setup, pingpong_batch),
	{ .id = "net.conn.lo", .unit = "ns/op", .ops = 240, .setup = conn_setup,
	  .batch = conn_batch },

	BANDWIDTH("bw.pipe", 16, bw_pipe_setup, bw_batch),
	BANDWIDTH("bw.unix", 48, bw_unix_setup, bw_batch),
	BANDWIDTH("bw.tcp.lo", 64, bw_tcp_setup, bw_batch),
	BANDWIDTH("bw.reread", 64, reread_setup, reread_batch),

	{ .id = "timer.sleep", .unit = "ns/op", .ops = 64, .batch = sleep_batch },
};
/* clang-format on */

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bmicro",
		.cc = "gcc " __VERSION__,
		.cflags = BENCH_CFLAGS,
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	};

	return bench_main(argc, argv, &program);
}
