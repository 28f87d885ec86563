// SPDX-License-Identifier: GPL-2.0-or-later
/* Results as JSON lines: one per batch, or one verdict. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "record.h"

int record_put(json_t *obj)
{
	int rc = -1;

	if (obj &&
	    json_dumpf(obj, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12)) ==
		    0 &&
	    putchar('\n') != EOF)
		rc = 0;
	json_decref(obj);
	return rc;
}

static json_t *flags(const struct bench_opts *opts,
		     const struct bench_host *host)
{
	json_t *list = json_array();

	if (host->cpu >= 0)
		json_array_append_new(list, json_string("pin1"));
	if (opts->batch_ns == 0)
		json_array_append_new(list, json_string("counted"));
	if (host->aslr)
		json_array_append_new(list, json_string("aslr"));
	return list;
}

static double sample_value(const struct bench_row *row,
			   const struct bench_sample *s)
{
	if (row->bytes) /* bytes per ns are GB/s */
		return (double)s->ops * (double)row->bytes * 1000.0 /
		       (double)s->ns;
	return (double)s->ns / (double)s->ops;
}

int record_row(const struct bench_row *row, const struct bench_opts *opts,
	       const struct bench_host *host, const struct bench_result *res)
{
	static const char *const words[] = {[ST_OK] = "ok",
					    [ST_SKIP] = "skip",
					    [ST_FAIL] = "fail",
					    [ST_INVALID] = "invalid"};
	const unsigned int warmup = opts->warmup;
	unsigned int i;

	if (res->status != ST_OK)
		return record_put(json_pack(
			"{s:s,s:s,s:s,s:s}", "t", "verdict", "bench", row->id,
			"status", words[res->status], "why", res->why));
	for (i = 0; i < res->n_samples; i++) {
		const struct bench_sample *s = &res->samples[i];
		bool warm = i < warmup;

		if (record_put(json_pack(
			    "{s:s,s:s,s:i,s:s,s:s,s:f,s:I,s:I,s:{s:I,s:I,s:n},s:I,s:I,s:{s:I,s:I},s:o}",
			    "t", "sample", "bench", row->id, "iter",
			    (int)(warm ? i : i - warmup), "phase",
			    warm ? "warmup" : "measure", "unit", row->unit,
			    "value", sample_value(row, s), "ops",
			    (json_int_t)s->ops, "ns", (json_int_t)s->ns,
			    /* What the host spent cannot be seen from here;
			     * it is in the event at the end of a boot. */
			    "cpu", "user", (json_int_t)s->user, "sys",
			    (json_int_t)s->sys, "host_ns",
			    "minflt", (json_int_t)s->minflt, "majflt",
			    (json_int_t)s->majflt, "ctxsw", "vol",
			    (json_int_t)s->vol, "invol", (json_int_t)s->invol,
			    "flags", flags(opts, host))) != 0)
			return -1;
	}
	return 0;
}

int record_hist(const char *bench, unsigned int inst, const char *unit,
		const uint64_t (*buckets)[2], size_t n)
{
	size_t parts = n ? (n + RECORD_BUCKETS - 1) / RECORD_BUCKETS : 1;
	size_t part, i;

	for (part = 0; part < parts; part++) {
		size_t end = (part + 1) * RECORD_BUCKETS;
		json_t *list = json_array();

		for (i = part * RECORD_BUCKETS; i < n && i < end; i++)
			json_array_append_new(
				list,
				json_pack("[I,I]", (json_int_t)buckets[i][0],
					  (json_int_t)buckets[i][1]));
		if (record_put(json_pack("{s:s,s:s,s:I,s:s,s:[I,I],s:o}", "t",
					 "hist", "bench", bench, "inst",
					 (json_int_t)inst, "unit", unit, "part",
					 (json_int_t)part, (json_int_t)parts,
					 "buckets", list)) != 0)
			return -1;
	}
	return 0;
}
