// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end of a slow line: line SOCKET BYTES-PER-SECOND.  Whoever connects is
 * read at that rate and no faster, so that the sender's device is full; what comes
 * is thrown away.  Ends when it is killed.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SLICES 100	/* in a second */

static void drain(int fd, size_t rate)
{
	static char buf[65536];
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		size_t left = rate / SLICES;

		while (left) {
			ssize_t n = read(fd, buf, left < sizeof(buf) ?
					 left : sizeof(buf));

			if (n <= 0)
				return;
			left -= (size_t)n;
		}
		/* A slice that came late is not made up for. */
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_nsec += 1000000000 / SLICES;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char *end;
	unsigned long rate;
	int s;

	if (argc != 3)
		errx(2, "usage: line SOCKET BYTES-PER-SECOND");
	rate = strtoul(argv[2], &end, 10);
	if (*end || rate < SLICES || rate > 1000000000)
		errx(2, "bad rate '%s': bytes per second, 100 to 10^9", argv[2]);
	if (strlen(argv[1]) >= sizeof(a.sun_path))
		errx(2, "'%s' is too long for a socket", argv[1]);
	strcpy(a.sun_path, argv[1]);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 1))
		err(1, "%s", argv[1]);
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd < 0)
			err(1, "accept");
		drain(fd, rate);
		close(fd);
	}
}
