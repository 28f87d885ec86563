// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bmicro: cost per operation of the operating system's basic operations,
 * lmbench-style, after McVoy & Staelin. README.md defines each row.
 */
#include "rows.h"

/*
 * The number of operations makes a batch of 2 to 3.5 million instructions on a
 * native kernel: it then ends before the next tick of a 250 Hz kernel
 * (4 million), and before the kernel gets to work it has put off, which would
 * fall into one batch and not into the next. proc.fork.64m is the exception,
 * as one operation is longer than that.
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

	{ .id = "proc.fork", .unit = "ns/op", .ops = 16, .setup = fork_setup,
	  .batch = fork_batch },
	{ .id = "proc.fork.64m", .unit = "ns/op", .ops = 2, .a = 64,
	  .setup = fork_setup, .batch = fork_batch },
	{ .id = "proc.vfork", .unit = "ns/op", .ops = 72, .batch = vfork_batch },
	{ .id = "proc.execve", .unit = "ns/op", .ops = 11, .flags = BENCH_SYNC,
	  .setup = execve_setup, .batch = execve_batch },
	{ .id = "proc.sh", .unit = "ns/op", .ops = 2, .flags = BENCH_SYNC,
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

	MMAP(1, 84),
	MMAP(4, 28),
	MMAP(16, 8),
	MMAP(64, 2),
	{ .id = "mm.fault.anon", .unit = "ns/op", .ops = 512,
	  .flags = BENCH_MINFLT, .batch = fault_anon_batch },
	{ .id = "mm.fault.file", .unit = "ns/op", .ops = 440,
	  .flags = BENCH_MINFLT | BENCH_SYNC, .setup = fault_file_setup,
	  .batch = fault_file_batch },

	{ .id = "mem.empty", .unit = "ns/op", .ops = 900000,
	  .batch = empty_batch },
	/* Read two arrays, write one: 24 bytes for each of 4096 elements. */
	{ .id = "mem.triad", .unit = "MB/s", .ops = 112, .bytes = 4096 * 24,
	  .setup = triad_setup, .batch = triad_batch },
	CHASE("16k", 16, 800000),
	CHASE("1m", 1024, 800000),
	CHASE("16m", 16384, 800000),

	FILES(create, "0k", 0, "ext4", 0, 64),
	FILES(delete, "0k", 0, "ext4", 0, 64),
	FILES(create, "10k", 10240, "ext4", 0, 42),
	FILES(delete, "10k", 10240, "ext4", 0, 56),
	FILES(create, "0k", 0, "tmpfs", BENCH_TMPFS, 440),
	FILES(delete, "0k", 0, "tmpfs", BENCH_TMPFS, 512),
	FILES(create, "10k", 10240, "tmpfs", BENCH_TMPFS, 120),
	FILES(delete, "10k", 10240, "tmpfs", BENCH_TMPFS, 250),

	PINGPONG("ipc.pipe", 290, pipe_setup, pingpong_batch),
	PINGPONG("ipc.unix", 240, unix_setup, pingpong_batch),
	PINGPONG("ipc.futex", 290, futex_setup, futex_batch),
	PINGPONG("ipc.eventfd", 350, eventfd_setup, eventfd_batch),
	PINGPONG("net.tcp.lo", 128, tcp_setup, pingpong_batch),
	PINGPONG("net.udp.lo", 160, udp_setup, pingpong_batch),
	{ .id = "net.udp.send", .unit = "ns/op", .ops = 500,
	  .setup = udp_send_setup, .batch = udp_send_batch },
	{ .id = "net.conn.lo", .unit = "ns/op", .ops = 76, .setup = conn_setup,
	  .batch = conn_batch },

	BANDWIDTH("bw.pipe", 20, bw_pipe_setup, bw_batch),
	BANDWIDTH("bw.unix", 22, bw_unix_setup, bw_batch),
	BANDWIDTH("bw.tcp.lo", 21, bw_tcp_setup, bw_batch),
	BANDWIDTH("bw.reread", 46, reread_setup, reread_batch),

	{ .id = "timer.sleep", .unit = "ns/op", .ops = 56, .batch = sleep_batch },
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
