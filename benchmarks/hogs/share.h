/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bshare: how a CPU is shared. A case is a handful of instances with weights,
 * each a set of processes that only compute; what an instance is (a control
 * group, a context) is a "means". The program samples how much CPU time each
 * instance got and judges nothing: entitlement, error and lag are worked out
 * by the report, from the records.
 */
#ifndef BULKHEAD_SHARE_H
#define BULKHEAD_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_INST 16
#define MAX_THREADS 16

/* One instance of a case, as asked for. */
struct share_inst {
	unsigned int weight;
	unsigned int threads;	/* processes that compute */
	double floor;		/* CPUs guaranteed, 0: none */
	double cap;		/* CPUs at most, 0: no limit */
	double duty;		/* CPUs it wants, in pieces of 1 ms; 0: all it can get */
	unsigned int slice_ns;	/* slices that its processes ask for; 0: the kernel's */
	bool late;		/* starts when the others have run a while */
};

struct share_case {
	struct share_inst inst[MAX_INST];
	unsigned int n;
};

/* share_case.c */
struct share_row {
	const char *id;
	const char *what;
};

extern const struct share_row share_rows[];
extern const size_t share_n_rows;

/*
 * Read a case from its id, for a machine of @ncpu CPUs:
 *   share.cpu.W-W-...tT[-T...]   weights; threads, one for all or one each
 *   share.cpu.guarantee          25 % of the machine, beside eight hogs
 *   share.cpu.limit              25 % of one CPU, beside one hog
 *   share.cpu.wake               1 ms of work every 10 ms, beside eight hogs
 *   share.cpu.wake-short         the same, with slices of 0.3 ms
 * Returns 0, or -1 when @id is no such thing.
 */
int share_parse(const char *id, unsigned int ncpu, struct share_case *c);

/* The most that the instances of a case can use together, in CPUs. */
double share_demand(const struct share_case *c, unsigned int ncpu);

/* share_means.c */

/* What went wrong, one line without a full stop. */
struct share_err {
	char text[200];
	bool unsupported;	/* the kernel or the side cannot do this at all */
};

/**
 * struct share_means - a way to make instances
 * @open:    once per case, before anything else; also the place to find out
 *           that this kernel cannot do it.
 * @make:    make instance @i, with nothing in it.
 * @enter:   move the calling process, which has no child yet, into it; what it
 *           forks later is in it, too.
 * @wake:    instead of @enter where instances are not processes of ours: let
 *           instance @i compute, which @make left asleep.
 * @settle:  after the first @wake of all: returns when they compute.
 * @watch:   from now on the calling process looks at all instances (it is the
 *           sampler). Called after every instance was entered.
 * @service: ns of CPU time that instance @i has got since it was made.
 * @remove:  undo @make; no process is in the instance any more.
 * @remote:  instances are not processes of ours: no @enter, but @wake.
 * All return 0, or -1 after filling @err; any but @service may be NULL.
 */
struct share_means {
	const char *name;
	bool remote;
	int (*open)(const struct share_case *c, struct share_err *err);
	int (*make)(unsigned int i, const struct share_inst *inst, struct share_err *err);
	int (*enter)(unsigned int i, const struct share_inst *inst, struct share_err *err);
	int (*wake)(unsigned int i, struct share_err *err);
	int (*settle)(const struct share_case *c, struct share_err *err);
	int (*watch)(struct share_err *err);
	int (*service)(unsigned int i, uint64_t *ns, struct share_err *err);
	int (*remove)(unsigned int i, struct share_err *err);
};

/* share_xen.c */
extern const struct share_means share_means_xen;
/* What domains boot; set from the command line. */
extern const char *share_guest_kernel, *share_guest_ramdisk;

const struct share_means *share_means_find(const char *name);
/* "cgroup, context, ..." for the help text. */
const char *share_means_names(void);

int share_fail(struct share_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
