/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's side of bscale: what its parts share. */
#ifndef BULKHEAD_SCALE_HOST_H
#define BULKHEAD_SCALE_HOST_H

#include <stdbool.h>

#include "scale.h"

enum tool { PREPARE, START_TOOL, STOP_TOOL, HALT, CLEAN, FREE, N_TOOLS };

/* The file of places. */
extern struct place {
	char *tool[N_TOOLS];
	char *where;
	char *disk;	/* a directory that instances can write to; or NULL */
	bool disk_unit;	/* it is what the units of work of the rows isolate are about */
	char *net;	/* the first three numbers of all addresses, "10.77.0."; or NULL */
	unsigned int line;	/* Mbit/s of the line that leads to the instances */
	const struct wire *wire;
} place;

/* Run the tool @t for instance @i; the first word that it prints is the value in
 * *@value, if wanted. Returns 0 where there is no such tool. */
int run_tool(enum tool t, unsigned int i, double *value, struct scale_err *err);
/* Wait until instance @i, or any if that is UINT32_MAX, has said @word. */
int await(unsigned int i, char word, uint32_t *value, struct scale_err *err);
/* What a system keeps for a moment after something has ended, and does later. */
void settle(void);
int put_verdict(const char *row, const char *status, const char *why);
int put_value(const char *row, const char *unit, double value, uint64_t ops, uint64_t ns);

/* isolate.c: the rows "isolate.". */

/* Mark the rows that @word names; false if none. */
bool isolation_select(const char *word);
void isolation_list(void);
/* Measure what was selected, @phases times of PACED units with each nuisance. Where
 * instructions are counted (@counted), a second of the clock is long. Returns 0, 1 when
 * rows have no result, 2 when nothing can be written. */
int isolation_rows(unsigned int phases, bool counted);

/* outside.c: the machines at the other end of the line. */

/* The service that instances ask, and a port that takes what they send and forgets it. */
int outside_begin(const char *net, struct scale_err *err);
void outside_end(void);
/* Fill the line to instance @i with datagrams. */
int flood_begin(const char *net, unsigned int i, unsigned int mbit, struct scale_err *err);
void flood_end(void);

#endif
