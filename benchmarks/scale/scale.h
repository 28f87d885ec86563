/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bscale: what it takes to have N instances at once. An instance is whatever the
 * side's own tools start (a context, a container, a domain); the program in it
 * says when it is ready, does a fixed amount of work when told, and says when it
 * has. How the two sides of that conversation reach each other is a "wire".
 */
#ifndef BULKHEAD_SCALE_H
#define BULKHEAD_SCALE_H

#include <stddef.h>
#include <stdint.h>

#define MAX_INSTANCES 1024

/* What an instance says. */
#define SAYS_READY 'r'
#define SAYS_DONE 'd'
#define SAYS_BYE 'q'
/* What it is told: units of work as fast as they go; the same, said to be done with
 * ns per unit; a unit every now and then, said to be done with how many there were in
 * time; answer; compute in one process until told to stop; be a nuisance of one kind
 * until told to stop. */
#define TOLD_WORK 'w'
#define TOLD_GAUGE 'g'
#define TOLD_PACE 'p'
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

/* The link in the directory of the wire that leads to a directory on a disk. */
#define DISK_LINK "disk"

/* What went wrong, one line without a full stop. */
struct scale_err {
	char text[200];
};

int scale_fail(struct scale_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct wire - a way to talk to instances
 * @open:   the host's end, for instances numbered from 0 to @n - 1; @where is the
 *          rest of the line "wire" in the file of places.
 * @listen: waits for one word of any instance; its number is in *@i, the word in
 *          *@says, and a number that goes with it in *@value. There is no time limit: where instructions are counted, the
 *          clock leaps while the machine waits for its disk.
 * @tell:   one word to instance @i, which has been heard of before.
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
 * took when the instance was alone. */
#define PACED 50U
#define PACE 5U

#endif
