// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Isolation: four instances serve at a pace that each can keep, one of them becomes a
 * nuisance and stops being one. After Matthews et al., ExpCS 2007 (one of four misbehaves;
 * what it and the others still deliver) and Barham et al., SOSP 2003, 4.3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "../lib/words.h"
#include "host.h"

#define HOSTILE 0U
#define INSTANCES 4U

/* What a nuisance needs. */
enum need { NOTHING, NET, FLOOD, DISK };

static const struct {
	const char *kind, *about;
	char word;
	enum need need;
	bool greedy;	/* takes what everybody needs; these come last */
} hogs[] = {
	{ "cpu", "eight processes only compute", TOLD_HOG_CPU, NOTHING, false },
	{ "fork", "eight processes make processes that end, and wait for them", TOLD_HOG_FORK, NOTHING, false },
	{ "files", "eight processes make and remove small files in memory", TOLD_HOG_FILES, NOTHING, false },
	{ "memory", "eight processes take memory and give it back", TOLD_HOG_MEMORY, NOTHING, false },
	{ "send", "eight processes send datagrams as fast as they can", TOLD_HOG_SEND, NET, false },
	{ "receive", "somebody outside fills the line to one", TOLD_HOG_RECEIVE, FLOOD, false },
	{ "disk", "eight processes write to a disk, wait for it and read it back", TOLD_HOG_DISK, DISK, false },
	{ "read", "32 processes read a disk at random places", TOLD_HOG_READ, DISK, false },
	{ "storm", "eight processes make and remove small files on a disk", TOLD_HOG_STORM, DISK, false },
	/* What was measured before these stands, whatever becomes of the machine. */
	{ "bomb", "a process that makes processes, all of which do the same", TOLD_HOG_BOMB, NOTHING, true },
	{ "touch", "eight processes take all memory they can get", TOLD_HOG_TOUCH, NOTHING, true },
};

#define N_HOGS (sizeof(hogs) / sizeof(hogs[0]))

/* The rows of a kind: of the worst of the three, of the hostile one, and the time until
 * all three are as before. */
enum part { GOOD, BAD, BACK, N_PARTS };

static const struct {
	const char *suffix, *unit, *about;
} parts[N_PARTS] = {
	[GOOD] = { "", "%", "of what they do alone, the worst of three instances gets done in time beside one where" },
	[BAD] = { ".bad", "%", "of what it does alone, the instance itself gets done where" },
	[BACK] = { ".back", "ns/op", "until the last of the three is in time again after one where" },
};

static bool wanted[N_HOGS][N_PARTS];

/* What became of one kind. */
static struct outcome {
	bool there;		/* the numbers below are */
	uint32_t good, bad;	/* units in time */
	bool bad_gone;		/* the hostile instance did not answer */
	uint64_t back;		/* ns */
	bool not_back;		/* not within one stretch of TOLD_RECOVER */
	const char *status;	/* without numbers: skip, fail, dnr */
	char why[200];
} outcome[N_HOGS];

static void row_of(char *id, size_t room, size_t k, enum part p)
{
	snprintf(id, room, "isolate.%s%s", hogs[k].kind, parts[p].suffix);
}

bool isolation_select(const char *word)
{
	bool found = false;
	char id[48];

	for (size_t k = 0; k < N_HOGS; k++)
		for (int p = 0; p < N_PARTS; p++) {
			row_of(id, sizeof(id), k, (enum part)p);
			if (word_selects(word, id))
				wanted[k][p] = found = true;
		}
	return found;
}

void isolation_list(void)
{
	char id[48];

	for (size_t k = 0; k < N_HOGS; k++)
		for (int p = 0; p < N_PARTS; p++) {
			row_of(id, sizeof(id), k, (enum part)p);
			printf("%s %s %s %s\n", id, parts[p].unit, parts[p].about, hogs[k].about);
		}
}

static bool kind_wanted(size_t k)
{
	return wanted[k][GOOD] || wanted[k][BAD] || wanted[k][BACK];
}

/* --------------------------------------------------------------- answers */

static void on_alarm(int sig)
{
	(void)sig;
	scale_late = 1;
}

/* Seconds that an answer may take, of the machine's clock. */
static unsigned int patience;

/*
 * Wait for "done" of the instances whose bits are in *@who; their numbers are in @value.
 * The bits of those that have not answered in time stay in *@who. -1 when the wire broke.
 */
static int await_some(unsigned int *who, uint32_t value[INSTANCES], struct scale_err *err)
{
	const struct itimerval limit = { .it_value = { .tv_sec = patience } }, none = { 0 };
	int rc = 0;

	scale_late = 0;
	setitimer(ITIMER_REAL, &limit, NULL);
	while (*who) {
		unsigned int i;
		uint32_t v;
		char says;

		if (place.wire->listen(&i, &says, &v, err) != 0) {
			rc = scale_late ? 0 : -1;
			break;
		}
		if (i >= INSTANCES || says != SAYS_DONE) {
			rc = scale_fail(err, "instance %u says '%c'", i, says);
			break;
		}
		value[i] = v;
		*who &= ~(1U << i);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	return rc;
}

/* One after another; all must answer. */
static int tell_each(unsigned int who, char word, uint32_t value[INSTANCES], struct scale_err *err)
{
	for (unsigned int i = 0; i < INSTANCES; i++) {
		unsigned int one = 1U << i;

		if (!(who & one))
			continue;
		if (place.wire->tell(i, word, err) != 0 || await_some(&one, value, err) != 0)
			return -1;
		if (one)
			return scale_fail(err, "instance %u does not answer", i);
	}
	return 0;
}

/* All at once; who has not answered stays in *@who. */
static int tell_all(unsigned int *who, char word, uint32_t value[INSTANCES], struct scale_err *err)
{
	for (unsigned int i = 0; i < INSTANCES; i++)
		if ((*who & 1U << i) && place.wire->tell(i, word, err) != 0)
			return -1;
	return await_some(who, value, err);
}

#define ALL ((1U << INSTANCES) - 1)
#define VICTIMS (ALL & ~(1U << HOSTILE))

static uint32_t least(const uint32_t value[INSTANCES])
{
	uint32_t v = UINT32_MAX;

	for (unsigned int i = 0; i < INSTANCES; i++)
		if (i != HOSTILE && value[i] < v)
			v = value[i];
	return v;
}

/* ------------------------------------------------------------- instances */

static int start_one(unsigned int i, struct scale_err *err)
{
	return run_tool(PREPARE, i, NULL, err) != 0 || run_tool(START_TOOL, i, NULL, err) != 0 ||
	       await(i, SAYS_READY, NULL, err) != 0 ? -1 : 0;
}

/* Whoever cannot be talked to is ended by force, and made again. */
static int replace_hostile(struct scale_err *err)
{
	const enum tool t = place.tool[HALT] ? HALT : STOP_TOOL;
	uint32_t value[INSTANCES];

	if (!place.tool[t])
		return scale_fail(err, "the hostile instance does not answer, and there is no tool to end it");
	if (run_tool(t, HOSTILE, NULL, err) != 0 || run_tool(CLEAN, HOSTILE, NULL, err) != 0)
		return -1;
	settle();
	if (place.wire->forget && place.wire->forget(HOSTILE, err) != 0)
		return -1;
	return start_one(HOSTILE, err) != 0 || tell_each(1U << HOSTILE, TOLD_GAUGE, value, err) != 0 ? -1 : 0;
}

static void stop_instances(unsigned int n, bool failed, struct scale_err *err)
{
	struct scale_err more;

	for (unsigned int i = 0; i < n; i++) {
		struct scale_err *e = failed ? &more : err;

		if (place.tool[STOP_TOOL])
			run_tool(STOP_TOOL, i, NULL, e);
		else if (failed && place.tool[HALT])
			run_tool(HALT, i, NULL, e);
		else if (place.wire->tell(i, TOLD_END, e) == 0 && !failed)
			await(i, SAYS_BYE, NULL, e);
		run_tool(CLEAN, i, NULL, e);
	}
}

/* -------------------------------------------------------------- measuring */

/* @phases stretches of all four; units in time, and who did not answer. */
static int pace_phases(unsigned int phases, uint32_t done[INSTANCES], unsigned int *gone, struct scale_err *err)
{
	memset(done, 0, INSTANCES * sizeof(*done));
	*gone = 0;
	for (unsigned int p = 0; p < phases && !*gone; p++) {
		uint32_t value[INSTANCES] = { 0 };

		*gone = ALL;
		if (tell_all(gone, TOLD_PACE, value, err) != 0)
			return -1;
		for (unsigned int i = 0; i < INSTANCES; i++)
			done[i] += value[i];
	}
	return 0;
}

/* The nuisance @k on, and off again. Failure means that nothing can follow. */
static int measure_kind(size_t k, unsigned int phases, struct scale_err *err)
{
	struct outcome *o = &outcome[k];
	uint32_t done[INSTANCES], value[INSTANCES] = { 0 };
	unsigned int gone, late, one = 1U << HOSTILE;

	if (tell_each(one, hogs[k].word, value, err) != 0)
		return -1;
	if (hogs[k].need == FLOOD && flood_begin(place.net, HOSTILE, place.line, err) != 0)
		return -1;
	if (pace_phases(phases, done, &gone, err) != 0)
		return -1;
	flood_end();
	/* Who was late is still at it, and is told after that. */
	late = gone & ~one;
	o->bad_gone = gone & one;
	if (gone & one) {
		if (replace_hostile(err) != 0)
			return -1;
	} else {
		if (tell_all(&one, TOLD_STOP, value, err) != 0)
			return -1;
		if (one && replace_hostile(err) != 0)
			return -1;
	}
	if (late) {
		gone = late;
		if (await_some(&gone, value, err) != 0)
			return -1;
		if (gone)
			return scale_fail(err, "beside '%s' a victim ended or hangs", hogs[k].kind);
		o->status = "dnr";
		snprintf(o->why, sizeof(o->why), "a victim did not answer within %u s", patience);
	}
	gone = VICTIMS;
	if (tell_all(&gone, TOLD_RECOVER, value, err) != 0)
		return -1;
	if (gone)
		return scale_fail(err, "a victim does not answer after '%s'", hogs[k].kind);
	for (unsigned int i = 0; i < INSTANCES; i++) {
		if (i == HOSTILE)
			continue;
		if (value[i] == UINT32_MAX)
			o->not_back = true;
		else if (value[i] * 1000ULL > o->back)
			o->back = value[i] * 1000ULL;
	}
	o->good = least(done);
	o->bad = done[HOSTILE];
	o->there = true;
	return 0;
}

/* Alone: enough must be in time, or nothing that follows means anything. The most that
 * each ever did alone is what it is held against. */
static int measure_alone(unsigned int phases, uint32_t alone[INSTANCES], struct scale_err *err)
{
	uint32_t done[INSTANCES];
	unsigned int gone;

	if (pace_phases(phases, done, &gone, err) != 0)
		return -1;
	if (gone)
		return scale_fail(err, "without a nuisance an instance does not answer");
	if (least(done) < PACED * phases * 9 / 10)
		return scale_fail(err, "without a nuisance only %u of %u units are in time", least(done),
				  PACED * phases);
	for (unsigned int i = 0; i < INSTANCES; i++)
		if (done[i] > alone[i])
			alone[i] = done[i];
	return 0;
}

/* Off, on and off for each nuisance; all numbers of the first kinds stand when they are
 * whole afterwards. *@stand is how many kinds, from the first, have such a result. */
static int measure(unsigned int phases, uint32_t alone[INSTANCES], size_t *stand, struct scale_err *err)
{
	uint32_t value[INSTANCES];
	size_t k;

	if (tell_each(ALL, TOLD_GAUGE, value, err) != 0 || measure_alone(phases, alone, err) != 0)
		return -1;
	for (k = 0; k < N_HOGS; k++) {
		if (hogs[k].greedy && !hogs[k - 1].greedy) {
			if (measure_alone(phases, alone, err) != 0)
				return -1;
			*stand = k;
		}
		if (!kind_wanted(k) || outcome[k].status)
			continue;
		if (measure_kind(k, phases, err) != 0)
			return -1;
		/* Each of the greedy ones may be the last. */
		if (hogs[k].greedy)
			*stand = k + 1;
	}
	if (measure_alone(phases, alone, err) != 0)
		return -1;
	*stand = N_HOGS;
	return 0;
}

/* What the instances are to do besides what they do anyway, for those that can read it. */
static int write_kit(struct scale_err *err)
{
	char path[256], text[64] = "";
	int fd, n;

	if (!*place.where)
		return 0;
	if (place.net)
		snprintf(text, sizeof(text), "net %.15s\n", place.net);
	if (place.disk_unit)
		strcat(text, "disk\n");
	snprintf(path, sizeof(path), "%.200s/" KIT_FILE, place.where);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	n = fd < 0 ? -1 : (int)write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n < 0 ? scale_fail(err, "%s: %s", path, strerror(errno)) : 0;
}

/* What units read and write where they are about a disk. */
static int make_files(struct scale_err *err)
{
	char path[256];

	for (unsigned int i = 0; i < INSTANCES; i++) {
		snprintf(path, sizeof(path), "%.200s/service.%u", place.disk, i);
		if (service_file(path, err) != 0)
			return -1;
	}
	return 0;
}

static void remove_files(void)
{
	char path[256];

	for (unsigned int i = 0; i < INSTANCES; i++) {
		snprintf(path, sizeof(path), "%.200s/service.%u", place.disk, i);
		unlink(path);
	}
}

static int run_isolation(unsigned int phases, uint32_t alone[INSTANCES], size_t *stand, struct scale_err *err)
{
	struct sigaction act = { .sa_handler = on_alarm };
	unsigned int started = 0;
	char path[256];
	int rc = 0;

	sigaction(SIGALRM, &act, NULL);
	if (place.wire->open(place.where, INSTANCES, err) != 0)
		return -1;
	snprintf(path, sizeof(path), "%.200s/" DISK_LINK, place.where);
	/* Domains have disks of their own, and make this themselves. */
	if (place.disk && *place.where) {
		unlink(path);
		if (symlink(place.disk, path) != 0)
			rc = scale_fail(err, "%.100s: %s", path, strerror(errno));
	}
	if (rc == 0)
		rc = write_kit(err);
	if (rc == 0 && place.disk_unit && *place.where)
		rc = make_files(err);
	if (rc == 0 && place.net)
		rc = outside_begin(place.net, err);
	for (; rc == 0 && started < INSTANCES; started++)
		rc = start_one(started, err);
	if (rc == 0) {
		settle();
		rc = measure(phases, alone, stand, err);
	}
	flood_end();
	stop_instances(started, rc != 0, err);
	outside_end();
	place.wire->close();
	if (place.disk && *place.where)
		unlink(path);
	if (place.disk && place.disk_unit && *place.where)
		remove_files();
	snprintf(path, sizeof(path), "%.200s/" KIT_FILE, place.where);
	if (*place.where)
		unlink(path);
	settle();
	return rc;
}

/* ---------------------------------------------------------------- records */

static int put(size_t k, enum part p, const uint32_t alone[INSTANCES])
{
	const struct outcome *o = &outcome[k];
	char id[48], why[64];

	row_of(id, sizeof(id), k, p);
	if (!o->there)
		return put_verdict(id, o->status, o->why);
	switch (p) {
	case GOOD:
		if (o->status)
			return put_verdict(id, o->status, o->why);
		return put_value(id, parts[p].unit, 100.0 * o->good / least(alone), o->good, 0);
	case BAD:
		if (o->bad_gone || !alone[HOSTILE])
			return put_verdict(id, "dnr", "it did not answer and was made again");
		return put_value(id, parts[p].unit, 100.0 * o->bad / alone[HOSTILE], o->bad, 0);
	default:
		snprintf(why, sizeof(why), "not within %u units", RECOVERED);
		if (o->not_back)
			return put_verdict(id, "dnr", why);
		return put_value(id, parts[p].unit, (double)o->back, 1, o->back);
	}
}

int isolation_rows(unsigned int phases, bool counted)
{
	uint32_t alone[INSTANCES] = { 0 };
	struct scale_err err = { "" };
	size_t k, stand = 0;
	bool any = false;
	int rc = 0;

	patience = counted ? 4 : 60;
	for (k = 0; k < N_HOGS; k++) {
		struct outcome *o = &outcome[k];

		if (!kind_wanted(k))
			continue;
		o->status = "skip";
		if (hogs[k].need == DISK && !place.disk)
			snprintf(o->why, sizeof(o->why), "these instances have no disk");
		else if ((hogs[k].need == NET || hogs[k].need == FLOOD) && !place.net)
			snprintf(o->why, sizeof(o->why), "these instances have no network");
		else
			o->status = NULL, any = true;
	}
	if (any)
		rc = run_isolation(phases, alone, &stand, &err);
	for (k = 0; k < N_HOGS; k++) {
		struct outcome *o = &outcome[k];

		if (kind_wanted(k) && k >= stand && (any && (!o->status || o->there))) {
			o->there = false;
			o->status = "fail";
			snprintf(o->why, sizeof(o->why), "%.190s", err.text);
		}
		for (int p = 0; p < N_PARTS; p++)
			if (wanted[k][p] && put(k, (enum part)p, alone) != 0)
				return 2;
	}
	return fflush(stdout) != 0 ? 2 : rc != 0;
}
