/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bscale: what it takes to have N instances at once. An instance is whatever the
 * side's own tools start (a context, a container, a domain); the program in it
 * says when it is ready, does a fixed amount of work when told, and says when it
 * has. How the two sides of that conversation reach each other is a "wire".
 */
#ifndef BULKHEAD_SCALE_H
#define BULKHEAD_SCALE_H

#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_INSTANCES 1024

/* What an instance says. */
#define SAYS_READY 'r'
#define SAYS_DONE 'd'
#define SAYS_BYE 'q'
/* What it is told: units of work as fast as they go; the same, said to be done with
 * ns per unit; a unit every now and then, said to be done with how many there were in
 * time; the same, with the us until the last that was late was ready; answer; compute in
 * one process until told to stop; be a nuisance of one kind until told to stop. */
#define TOLD_WORK 'w'
#define TOLD_GAUGE 'g'
#define TOLD_PACE 'p'
#define TOLD_RECOVER 'v'
#define TOLD_PING 'a'
#define TOLD_BUSY 'b'
#define TOLD_STOP 's'
#define TOLD_END 'q'
#define TOLD_HOG_CPU 'c'
#define TOLD_HOG_FORK 'f'
#define TOLD_HOG_FILES 'n'
#define TOLD_HOG_MEMORY 'm'
#define TOLD_HOG_DISK 'd'
#define TOLD_HOG_TOUCH 't'
#define TOLD_HOG_BOMB 'B'
#define TOLD_HOG_SEND 'o'
#define TOLD_HOG_RECEIVE 'i'
#define TOLD_HOG_READ 'r'
#define TOLD_HOG_STORM 'S'

/* The link in the directory of the wire that leads to a directory on a disk. */
#define DISK_LINK "disk"
/* The file there that says what units of work of the rows isolate have to do with: lines
 * "net PREFIX" and "disk". A domain has scalenet=PREFIX and
 * scaledisk=DEVICE (an ext4 of its own) in its environment. */
#define KIT_FILE "kit"

/* The network: the host is PREFIX1, instance i is PREFIX(10+i). At each unit of work an
 * instance sends an answer and gets the next request. */
#define NET_HOST 1U
#define NET_FIRST 10U
#define NET_SERVICE 7077
#define NET_SINK 7078
#define NET_ANSWER 8192U
#define NET_REQUEST 100
#define NET_DATAGRAM 1400U

struct scale_err;
int scale_address(const char *net, unsigned int host, unsigned int port, struct sockaddr_in *to,
		  struct scale_err *err);

/* What went wrong, one line without a full stop. */
struct scale_err {
	char text[200];
};

/* Set by a signal: nobody waits any longer, listen() fails. */
extern volatile sig_atomic_t scale_late;

int scale_fail(struct scale_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct wire - a way to talk to instances
 * @open:   the host's end, for instances numbered from 0 to @n - 1; @where is the
 *          rest of the line "wire" in the file of places.
 * @listen: waits for one word of any instance; its number is in *@i, the word in
 *          *@says, and a number that goes with it in *@value. It waits until then, or
 *          until scale_late is set by a signal: where instructions are counted, the clock
 *          leaps while the machine waits for its disk.
 * @tell:   one word to instance @i, which has been heard of before.
 * @forget: whatever was said by and to instance @i, which has gone, was not; or NULL.
 * @close:  undo @open.
 * @join:   the instance's end: this is instance @i.
 * @say, @hear: the instance's side of @listen and @tell; @hear waits.
 * All return 0, or -1 after filling @err.
 */
struct wire {
	const char *name;
	int (*open)(const char *where, unsigned int n, struct scale_err *err);
	int (*listen)(unsigned int *i, char *says, uint32_t *value, struct scale_err *err);
	int (*tell)(unsigned int i, char word, struct scale_err *err);
	int (*forget)(unsigned int i, struct scale_err *err);
	void (*close)(void);
	int (*join)(const char *where, unsigned int i, struct scale_err *err);
	int (*say)(char word, uint32_t value, struct scale_err *err);
	int (*hear)(char *word, struct scale_err *err);
};

extern const struct wire wire_fifo, wire_xenstore;

/* instance.c: the life of an instance; returns an exit status. */
int instance_main(const struct wire *wire, const char *where, unsigned int i);
/* The init of a domain whose number is in the environment ("scale=NUMBER"). */
int domain_main(void);

/* Units of work that an instance does when told to. */
#define UNITS 16U
/* Paced work: units that are due one after another, each after PACE times what a unit
 * took when the instance was alone: three need half the machine. RECOVERED are looked at
 * after a nuisance. */
#define PACED 50U
#define PACE 6U
#define RECOVERED 12U
/* Bytes of the file that an instance reads where units are about a disk. */
#define DISK_FILE (16U << 20)
/* Of so many units one writes, too, and waits until the disk has it. */
#define DISK_WRITES 4U
/* Requests that QEMU lets pass at once after a rest are those of a tenth of a second: 50
 * of a disk of 500. */
#define DISK_BURST 64U
/* Make the file @path of DISK_FILE bytes, written, so that its blocks are there. */
int service_file(const char *path, struct scale_err *err);

/* What instances do when they are a nuisance (hog.c): begin @kind, end it. @where is the
 * directory of the wire, @net as in KIT_FILE or empty. */
int hogs_begin(char kind, const char *where, unsigned int me, const char *net, struct scale_err *err);
void hogs_end(const char *where, unsigned int me);

#endif
