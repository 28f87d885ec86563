// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a log of dm-log-writes.
 *
 *	wlog points LOG			a line for each entry after which the power may fail
 *					with something known to be on the disk: "INDEX flush",
 *					"INDEX fua", "INDEX mark TEXT"
 *	wlog replay LOG IMAGE FROM TO	writes what the entries FROM to before TO have
 *					written to a file, and discards as zeroes
 *
 * Format: Documentation/admin-guide/device-mapper/log-writes.rst and the comments in
 * drivers/md/dm-log-writes.c: a sector with the head, then each entry as a sector of
 * its own, with its data behind it. All numbers are little endian.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x6a736677736872ULL
enum { FLUSH = 1, FUA = 2, DISCARD = 4, MARK = 8 };

struct head {
	uint64_t magic, version, entries;
	uint32_t sector;
};

struct entry {
	uint64_t at, sectors, flags, length;
};

static void die(const char *what)
{
	fprintf(stderr, "wlog: %s: %s\n", what, errno ? strerror(errno) : "not what was expected");
	exit(1);
}

static void get(int fd, void *to, size_t n, off_t at)
{
	errno = 0;
	if (pread(fd, to, n, at) != (ssize_t)n)
		die("log");
}

int main(int argc, char **argv)
{
	const int replay = argc == 6 && !strcmp(argv[1], "replay");
	uint64_t i, from = 0, to = UINT64_MAX, size;
	int log, image = -1;
	off_t pos;
	struct head h;

	if (!replay && !(argc == 3 && !strcmp(argv[1], "points"))) {
		fprintf(stderr, "usage: wlog points LOG | wlog replay LOG IMAGE FROM TO\n");
		return 2;
	}
	log = open(argv[2], O_RDONLY);
	if (log < 0)
		die(argv[2]);
	if (replay) {
		image = open(argv[3], O_WRONLY);
		if (image < 0)
			die(argv[3]);
		from = strtoull(argv[4], NULL, 10);
		to = strtoull(argv[5], NULL, 10);
	}
	get(log, &h, sizeof(h), 0);
	size = le32toh(h.sector);
	if (le64toh(h.magic) != MAGIC || le64toh(h.version) != 1 || size < 512 || size > 65536)
		die(argv[2]);
	pos = (off_t)size;
	for (i = 0; i < le64toh(h.entries) && i < to; i++) {
		struct entry e;
		uint64_t flags, bytes;
		char *data;

		get(log, &e, sizeof(e), pos);
		flags = le64toh(e.flags);
		bytes = le64toh(e.sectors) * size;
		if (!replay && flags & MARK)
			printf("%" PRIu64 " mark ", i);
		if (!replay && flags & MARK) {
			uint64_t n = le64toh(e.length);

			data = calloc(1, n + 1);
			if (!data || n > size - sizeof(e))
				die("mark");
			get(log, data, n, pos + (off_t)sizeof(e));
			printf("%s\n", data);
			free(data);
		} else if (!replay && flags & (FLUSH | FUA)) {
			printf("%" PRIu64 " %s\n", i, flags & FUA ? "fua" : "flush");
		}
		pos += (off_t)size;
		if (flags & MARK || !bytes)
			continue;
		if (replay && i >= from) {
			data = calloc(1, bytes);
			if (!data)
				die("memory");
			if (!(flags & DISCARD))
				get(log, data, bytes, pos);
			errno = 0;
			if (pwrite(image, data, bytes, (off_t)(le64toh(e.at) * size)) != (ssize_t)bytes)
				die(argv[3]);
			free(data);
		}
		if (!(flags & DISCARD))
			pos += (off_t)bytes;
	}
	return fflush(stdout) != 0 || (replay && close(image) != 0);
}
